#ifndef EVIDENCE_ROOM_PART_H
#define EVIDENCE_ROOM_PART_H

#include "evidence/room.h"

#include <stdatomic.h>

/*
 * For room*.c only:
 *
 *   room.c          the handle: opened, closed, asked for its parts; counts
 *   room_schema.c   the tables of an agency's database
 *   room_rules.c    which rules are in force
 *   room_signin.c   the key of people's credentials
 *   room_know.c     who shows this
 *   room_cut.c      what is revoked, and what ends with it
 *   room_tick.c     what happens by itself
 *   room_review.c   those who were cleared when they began, looked at again
 */

/* Bring the database up to date. */
enum sp_code evidence_room_migrate(
    struct db *db, struct sp_err *err) SP_MUST_USE;

/* The rules that are in force, and those that were before: whoever borrowed
 * them may still read. */
struct evidence_past_rules;
struct evidence_rulebook {
	char *policy; /* the folder of rules, or NULL */
	_Atomic(struct people_rules *) now;
	struct evidence_past_rules *past;
};
/* A rule that cannot be read denies all: the room does not open.  A book that
 * is all zeros, or did not open, may be closed. */
enum sp_code evidence_room_rules_open(struct evidence_rulebook *b,
    const struct people_agency *agency, const char *policy,
    struct sp_err *err) SP_MUST_USE;
enum sp_code evidence_room_rules_reload(struct evidence_rulebook *b,
    const struct people_agency *agency, bool *changed,
    struct sp_err *err) SP_MUST_USE;
void evidence_room_rules_close(struct evidence_rulebook *b);

/* For the tick: the last of what it does.  Some people at once, from *after
 * on. */
void evidence_room_review(struct evidence_room *r, struct sp_id *after);
struct sp_id *evidence_room_reviewed(struct evidence_room *r);

#endif
