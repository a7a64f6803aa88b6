#ifndef CMD_DOCTOR_AGENCY_H
#define CMD_DOCTOR_AGENCY_H

#include "cmd/doctor_report.h"
#include "people/agency.h"

/*
 * What `doctor` looks at of one agency, without its keys and without a word
 * to the server: the database's own check; the log, recomputed from the
 * entries up to the signed checkpoint; that every item's object lies in its
 * place with exactly the size that its plaintext gives, and that nothing else
 * lies there.  Whether an object's bytes are the sealed ones only a reader
 * with the keys can say.
 */
void cmd_doctor_agency_look(
    struct doctor_report *r, const char *dir, const struct people_agency *a);

#endif
