#ifndef CMD_DOCTOR_VOUCH_H
#define CMD_DOCTOR_VOUCH_H

#include "cmd/doctor_report.h"
#include "people/agency.h"
#include "vouch/roster.h"

/*
 * What `doctor` says of those who vouch for an agency's log: how far behind
 * each is, why, and whether one has seen another history of it.  Nothing where
 * the roster is empty.
 */
/* Of the messenger that asks them, on a kernel with Landlock or without. */
void cmd_doctor_vouch_messenger(
    struct doctor_report *r, const struct vouch_roster *roster, bool landlock);
void cmd_doctor_vouch_look(struct doctor_report *r, const char *dir,
    const struct people_agency *a, const struct vouch_roster *roster);

#endif
