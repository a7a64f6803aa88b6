#ifndef SIGNIN_SESSION_ROWS_H
#define SIGNIN_SESSION_ROWS_H

#include "signin/session.h"

/* For the sources behind session.h only: a session as its row has it. */

struct signin_row {
	struct signin_session s; /* stage: as written down */
	bool change;
};

#define SIGNIN_COLUMNS                                                         \
	"id, person, stage, change, factor, method, created, proved, used,"    \
	" address, agent, ended, epoch"

enum sp_code signin_row_read(
    struct db_stmt *st, struct signin_row *out, struct sp_err *err) SP_MUST_USE;
/* Its stage by the rules, now: open ones lock and end, others end.  Pure. */
enum signin_stage signin_row_stage(const struct signin_session *s,
    const struct people_rules *rules, sp_time now);
/* When it will end if nothing is done. */
sp_time signin_row_expires(
    const struct signin_session *s, const struct people_rules *rules);
/* Did the account change since, or is it not active? */
bool signin_row_void(const struct signin_session *s,
    const struct people_person *p, const struct people_rules *rules,
    sp_time now);
/* By its text, live: as signin_session_find. */
enum sp_code signin_row_find(const struct signin_shown *shown, sp_time now,
    struct signin_row *out, struct sp_err *err) SP_MUST_USE;

#endif
