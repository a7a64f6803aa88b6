#ifndef CMD_DOCTOR_SITE_H
#define CMD_DOCTOR_SITE_H

#include "cmd/doctor_report.h"

/*
 * What `doctor` looks at that is no agency's: who may read the keys, how long
 * certificates last, the disk, this machine's limits, versions.  Nothing is
 * changed; the one thing written is a file without a name, to see whether the
 * disk takes direct writes.
 */
void cmd_doctor_site_look(struct doctor_report *r, const char *dir);

/* Not readable by anyone but its owner?  For files of keys. */
void cmd_doctor_site_private(
    struct doctor_report *r, const char *dir, const char *name);
/* How long a certificate lasts; `now` for tests. */
void cmd_doctor_site_cert(
    struct doctor_report *r, const char *name, const char *pem, int64_t now);

/* Is a program of ours there that `serve` starts (cmd/helper.h)?  `without`
 * says what is not done when it is not. */
void cmd_doctor_site_helper(
    struct doctor_report *r, const char *name, const char *without);

/* What this machine gives, against what `serve` with its default limits may
 * want; UINT64_MAX: not known. */
struct doctor_machine {
	uint64_t files;   /* open at once */
	uint64_t locked;  /* bytes of memory */
	uint64_t threads; /* of all processes */
	uint64_t maps;    /* pieces of memory of one process */
};
void cmd_doctor_site_limits(
    struct doctor_report *r, const struct doctor_machine *m);

#endif
