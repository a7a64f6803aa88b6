#ifndef CMD_DOCTOR_REPORT_H
#define CMD_DOCTOR_REPORT_H

#include "base/buf.h"

#include <jansson.h>

/*
 * What `doctor` found, in the order it was found.  Each finding says what is
 * so and, unless it is good, what to do.
 */
#define DOCTOR_LEVELS(X)                                                       \
	X(DOCTOR_GOOD, "good")                                                 \
	X(DOCTOR_NOTE, "note")   /* not wrong, and worth knowing */            \
	X(DOCTOR_WRONG, "wrong") /* exit 1 */

enum doctor_level {
#define X(id, name) id,
	DOCTOR_LEVELS(X)
#undef X
	    DOCTOR_LEVEL_COUNT
};

/* Of one kind in one place, no more than this are told one by one. */
#define DOCTOR_SAME_MAX 20

struct doctor_report {
	json_t *findings; /* [{"level","area","text","advice"}] */
	uint64_t count[DOCTOR_LEVEL_COUNT];
	/* the last finding's advice, and how many had the same in a row */
	const char *same;
	uint64_t same_n;
};

struct doctor_report cmd_doctor_report_new(void);
void cmd_doctor_report_free(struct doctor_report *r);
/* `area` ("keys", "log") and `advice` (NULL when good) are static texts. */
void cmd_doctor_report_add(struct doctor_report *r, enum doctor_level level,
    const char *area, const char *advice, const char *fmt, ...) SP_PRINTF(5, 6);
/* A check that failed: `err` is what it says. */
void cmd_doctor_report_err(struct doctor_report *r, const char *area,
    const char *advice, const char *what, const struct sp_err *err);

/* All of it on stdout. */
enum sp_code cmd_doctor_report_print(
    const struct doctor_report *r, bool json, struct sp_err *err) SP_MUST_USE;

#endif
