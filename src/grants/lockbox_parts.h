#ifndef GRANTS_LOCKBOX_PARTS_H
#define GRANTS_LOCKBOX_PARTS_H

#include "grants/lockbox.h"

/*
 * For lockbox*.c and guest.c only: the rows of a request (tables lockbox,
 * lockbox_approval, lockbox_touch; evidence/room_schema.c).
 */
struct grants_lockbox_row {
	struct grants_request asked;
	struct sp_buf text; /* `asked`, exactly as the ledgers have its hash */
	enum grants_request_state state;
	sp_time due;           /* to be answered by then */
	struct sp_id security; /* who approved at home; zero: nobody yet */
	int64_t quorum, approvals;
	sp_time started, until; /* of access; 0 */
	sp_time ended;
	char ended_by[9]; /* "agency", "provider", "time"; "" */
	char reason[GRANTS_REQUEST_REASON + 1];
	sp_time reviewed;
	struct sp_id reviewer;
	char finding[12];
	char note[GRANTS_REQUEST_REASON + 1];
};
void grants_lockbox_row_init(struct grants_lockbox_row *r);
void grants_lockbox_row_done(struct grants_lockbox_row *r);
#define GRANTS_AUTO_LOCKBOX                                                    \
	SP_CLEANUP(grants_lockbox_row_done) struct grants_lockbox_row

/* SP_E_NOTFOUND, reason "lockbox.unknown". */
enum sp_code grants_lockbox_row_load(struct db *db, const struct sp_id *id,
    struct grants_lockbox_row *out, struct sp_err *err) SP_MUST_USE;
enum sp_code grants_lockbox_row_add(struct db *db,
    const struct grants_lockbox_row *r, struct sp_err *err) SP_MUST_USE;
/* Everything but what was asked. */
enum sp_code grants_lockbox_row_save(struct db *db,
    const struct grants_lockbox_row *r, struct sp_err *err) SP_MUST_USE;
enum sp_code grants_lockbox_row_open(
    struct db *db, int64_t *n, struct sp_err *err) SP_MUST_USE;
/* Ids newest first, before `before` (NULL: from the newest); `state` NULL: any.
 * At most n. */
enum sp_code grants_lockbox_row_ids(struct db *db,
    const struct grants_lockbox_list *q, struct sp_id *id, size_t *got,
    struct sp_err *err) SP_MUST_USE;
/* What somebody requested, newest first (guest.h). */
struct grants_guest_ways;
enum sp_code grants_lockbox_row_ways(struct db *db,
    const struct grants_guest_ways *q, struct sp_id *id, size_t *got,
    struct sp_err *err) SP_MUST_USE;
/* The first whose time is over by `now` (or whose answer is late), after
 * `after`. */
enum sp_code grants_lockbox_row_due(struct db *db, sp_time now,
    const struct sp_id *after, struct sp_id *id, bool *found,
    struct sp_err *err) SP_MUST_USE;

/* Approvals, in the agency's house. */
enum sp_code grants_lockbox_row_approve(struct db *db, const struct sp_id *id,
    const struct sp_id *person, sp_time now, struct sp_err *err) SP_MUST_USE;
/* Each, oldest first. */
enum sp_code grants_lockbox_row_approvers(struct db *db, const struct sp_id *id,
    enum sp_code (*visit)(
	void *arg, const struct sp_id *person, sp_time at, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;

/* What was touched, in both houses. */
struct grants_lockbox_touch {
	struct sp_id request, evidence, token, person;
	sp_time first, last;
	int64_t times;
};
/* *last: 0 when this credential never did; *begun: it touched anything. */
enum sp_code grants_lockbox_row_touched(struct db *db,
    const struct grants_lockbox_touch *t, sp_time *last, bool *begun,
    struct sp_err *err) SP_MUST_USE;
enum sp_code grants_lockbox_row_touch(struct db *db,
    const struct grants_lockbox_touch *t, struct sp_err *err) SP_MUST_USE;
/* By item, summed over credentials. */
enum sp_code grants_lockbox_row_touches(struct sp_json *j, const char *name,
    struct db *db, const struct sp_id *id, struct sp_err *err) SP_MUST_USE;

/* "sha256" of what was asked, "lockbox" and more, for entries. */
void grants_lockbox_row_sha256(
    const struct grants_lockbox_row *r, uint8_t out[static CRYPTO_SHA256_LEN]);
/* The whole row as it is told to the other house, and back over *io: what is
 * later wins (request.h). */
void grants_lockbox_row_tell(
    const struct grants_lockbox_row *r, struct sp_buf *out);
enum sp_code grants_lockbox_row_told(const char *body, bool known,
    struct grants_lockbox_row *io, struct sp_err *err) SP_MUST_USE;

/* Is the time judged over, by the latest that this process has seen?  And has
 * it not begun yet, by a clock that was set back? */
bool grants_lockbox_row_in_time(const struct grants_lockbox_row *r);

#endif
