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
enum sp_code grants_lockbox_row_of(struct evidence_room *room,
    const struct sp_id *id, struct grants_lockbox_row *out,
    struct sp_err *err) SP_MUST_USE;
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

/*
 * For lockbox*.c only: one step of a request, which is what every act but
 * requesting is.
 *
 *   lockbox.c        whom the gate lets; what either house does, and the agency
 *   lockbox_home.c   what only the provider's house does
 *   lockbox_glass.c  breaking glass
 *   lockbox_step.c   a step: rows, entries, the other house told
 *   lockbox_tick.c   what happens by itself
 *   lockbox_row.c    rows
 *   lockbox_json.c   as the API tells it
 */
struct grants_lockbox_step {
	const struct grants_lockbox_act *a;
	struct sp_id id;
	enum grants_request_event wish;   /* what is to happen */
	enum grants_request_event event;  /* and what did */
	const char *reason;               /* or NULL */
	const char *finding;              /* of a review */
	const char *by;                   /* "agency", "provider", "time" */
	const struct people_rules *rules; /* the agency's */
	sp_time now;
	struct evidence_room *first; /* in whose transaction it happens */
	/* What entries say, and what the other house is told. */
	struct sp_buf detail, body;
	struct sp_id told; /* zero: nobody; else the other house */
	bool own, ended;
	struct grants_lockbox_row row; /* as it is afterwards */
};
/* Borrows all that it is given. */
void grants_lockbox_step_init(struct grants_lockbox_step *s,
    const struct grants_lockbox_act *a, const struct sp_id *id,
    enum grants_request_event event);
void grants_lockbox_step_done(struct grants_lockbox_step *s);
#define GRANTS_AUTO_STEP                                                       \
	SP_CLEANUP(grants_lockbox_step_done) struct grants_lockbox_step

/* The agency whose request it is, its rules, and who is to be told. */
enum sp_code grants_lockbox_step_place(struct grants_lockbox_step *s,
    const struct grants_lockbox_row *r, struct evidence_room **agency,
    struct sp_err *err) SP_MUST_USE;
/* In the first house and, where it knows of the request, the other's. */
enum sp_code grants_lockbox_step_run(
    struct grants_lockbox_step *s, struct sp_err *err) SP_MUST_USE;
/* An answer that comes too late, though the tick has not said so yet. */
bool grants_lockbox_late(const struct grants_lockbox_step *s);
/* The same as a failure: SP_E_CONFLICT, reason "lockbox.state". */
enum sp_code grants_lockbox_over(const struct grants_lockbox_row *r,
    enum grants_request_event event, struct sp_err *err) SP_MUST_USE;
/* Approvals so far, and how whoever approves now stands to those who did. */
struct grants_lockbox_count {
	const struct people_rules *rules;
	const struct sp_id *person; /* who approves now */
	sp_time now;
	int64_t n; /* that count */
	bool same; /* this human did already */
	bool tied; /* one behind whose account they are, or who is behind it */
};
enum sp_code grants_lockbox_count(struct db *db, const struct sp_id *id,
    struct grants_lockbox_count *io, struct sp_err *err) SP_MUST_USE;
/* At home: glass is being broken, so that the agency may have it already. */
bool grants_lockbox_confirmed(const struct grants_lockbox_row *r);
/* Of an entry of the provider's alone: {"agency":…,"sha256":…}. */
enum sp_code grants_lockbox_detail(const struct grants_lockbox_row *r,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

/* Who acts at home acts for the provider. */
bool grants_lockbox_at_home(const struct grants_lockbox_act *a);
enum sp_code grants_lockbox_not_here(struct sp_err *err);
enum sp_code grants_lockbox_person(struct evidence_room *room,
    const struct sp_id *id, struct people_person *out,
    struct sp_err *err) SP_MUST_USE;
/* The gate of the house that acts, with the duty found out.  `id` may be NULL.
 */
enum sp_code grants_lockbox_admit(const struct grants_lockbox_act *a,
    enum gate_act act, const struct sp_id *id, enum gate_duty duty,
    struct sp_err *err) SP_MUST_USE;
/* Somebody who is not cleared need not be asked for. */
enum sp_code grants_lockbox_cleared(const struct grants_lockbox_act *a,
    struct evidence_room *agency, const struct sp_id *person,
    struct sp_err *err) SP_MUST_USE;
/* Fills the step's row and place, after the gate has let whoever takes it. */
enum sp_code grants_lockbox_enter(const struct grants_lockbox_act *a,
    struct grants_lockbox_step *s, enum gate_act act,
    struct evidence_room **agency, struct sp_err *err) SP_MUST_USE;
/* And does it. */
enum sp_code grants_lockbox_take(const struct grants_lockbox_act *a,
    struct grants_lockbox_step *s, enum gate_act act,
    struct sp_err *err) SP_MUST_USE;

#endif
