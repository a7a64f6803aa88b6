#ifndef GRANTS_REQUEST_H
#define GRANTS_REQUEST_H

#include "base/json.h"
#include "evidence/item.h"
#include "machine/range.h"

/*
 * A request of the provider's staff to look at an agency's evidence: what it
 * asks for, and its life.  Plain values and pure functions; any thread.
 *
 *  an ordinary request (asked; docs/lockbox.md has what triggers each)
 *
 *   INITIALIZING --ask--> PENDING --approve--> APPROVING --approve, last--.
 *     |  |                 | | |  '--approve, the only one needed--.      |
 *     |  |                 | | '--deny, drop--> DENIED <--deny,-.  |      |
 *     |  '--late--> EXPIRED <'late              ^         drop  |  |      |
 *     '-----drop, deny--------------------------'               |  v      v
 *                                       APPROVING --late--> EXPIRED   APPROVED
 *   APPROVED --revoke--> REVOKED,  --complete, its time is over--> COMPLETED
 *
 *  breaking glass: no answer is waited for
 *
 *   INITIALIZING --break--> APPROVED --revoke--> REVOKED
 *     |  '--late--> EXPIRED    '------complete, end--> COMPLETED
 *     '--drop--> DENIED
 *
 * What has ended never changes.  While the house that did not end it has not
 * been told, the API says Denying, Revoking, Completing: what is ended is in
 * effect already.
 */
#define GRANTS_REQUEST_WHY_MIN 10 /* bytes */
#define GRANTS_REQUEST_WHY_MAX 2000
#define GRANTS_REQUEST_TICKET  100
#define GRANTS_REQUEST_REASON  2000
#define GRANTS_REQUEST_ITEMS   100
#define GRANTS_REQUEST_TEXT    16384 /* as JSON */

/* States that are stored; the names are the API's, in lower case in rows.  In
 * order: of two houses' states the later one is the truth. */
#define GRANTS_REQUEST_STATES(X)                                               \
	X(GRANTS_INITIALIZING, "Initializing")                                 \
	X(GRANTS_PENDING, "Pending")                                           \
	X(GRANTS_APPROVING, "Approving")                                       \
	X(GRANTS_APPROVED, "Approved")                                         \
	X(GRANTS_DENIED, "Denied")                                             \
	X(GRANTS_EXPIRED, "Expired")                                           \
	X(GRANTS_WITHDRAWN, "Revoked")                                         \
	X(GRANTS_COMPLETED, "Completed")

enum grants_request_state {
#define X(id, name) id,
	GRANTS_REQUEST_STATES(X)
#undef X
	    GRANTS_REQUEST_STATE_COUNT
};
const char *grants_request_state_name(enum grants_request_state s);
bool grants_request_state_parse(
    const char *s, enum grants_request_state *out) SP_MUST_USE;
/* What the API says: "Denying", "Revoking", "Completing" while `half`. */
const char *grants_request_state_shown(enum grants_request_state s, bool half);
bool grants_request_over(enum grants_request_state s);

#define GRANTS_REQUEST_EVENTS(X)                                               \
	X(GRANTS_ASK, "ask")           /* provider-security approved it */     \
	X(GRANTS_BREAK, "break")       /* provider-security confirmed it */    \
	X(GRANTS_DROP, "drop")         /* the provider takes it back */        \
	X(GRANTS_APPROVE, "approve")   /* the agency; more are needed */       \
	X(GRANTS_LAST, "approve-last") /* the agency; enough approved */       \
	X(GRANTS_DENY, "deny")         /* the agency */                        \
	X(GRANTS_LATE, "late")         /* nobody answered in time */           \
	X(GRANTS_REVOKE, "revoke")     /* either */                            \
	X(GRANTS_COMPLETE, "complete") /* the requester gives it back */       \
	X(GRANTS_END, "end")           /* its time is over */

enum grants_request_event {
#define X(id, name) id,
	GRANTS_REQUEST_EVENTS(X)
#undef X
	    GRANTS_REQUEST_EVENT_COUNT
};
const char *grants_request_event_name(enum grants_request_event e);

/* *io becomes what it is after the event.  SP_E_CONFLICT, reason
 * "lockbox.state": it cannot happen now; *io is as it was. */
enum sp_code grants_request_happen(enum grants_request_state *io, bool glass,
    enum grants_request_event e, struct sp_err *err) SP_MUST_USE;
/* Which of two houses' states is the truth. */
enum grants_request_state grants_request_later(
    enum grants_request_state here, enum grants_request_state told);

/* What is asked; it never changes. */
struct grants_request {
	struct sp_id id;
	struct sp_id agency; /* whose evidence */
	struct sp_id house;  /* the provider's */
	struct sp_id requester;
	char name[201]; /* of the requester, for those who approve */
	bool glass;
	sp_time created;
	int64_t minutes;
	char why[GRANTS_REQUEST_WHY_MAX + 1];
	char ticket[GRANTS_REQUEST_TICKET + 1];
	/* Exactly one of: items, or a category (what is in it when access
	 * begins). */
	size_t n;
	struct sp_id item[GRANTS_REQUEST_ITEMS];
	char category[EVIDENCE_CATEGORY_MAX + 1];
	struct machine_ranges from;
};

/* What somebody may send: {"agency":SLUG,"category":… or "evidence":[…],
 * "from":[RANGE,…],"glass":…,"minutes":…,"ticket":…,"why":…}; `from`, `glass`
 * and `minutes` may be missing (then n, false, 0).  Fills of *out only what is
 * said, and the slug.  SP_E_INVALID, reason "lockbox.<member>". */
struct json_t;
enum sp_code grants_request_read(const struct json_t *in,
    char slug[static SP_SLUG_MAX + 1], struct grants_request *out,
    struct sp_err *err) SP_MUST_USE;

/* The whole as canonical JSON, whose SHA-256 stands in both ledgers:
 * {"agency":…,"category":…|null,"created_at":…,"evidence":[…]|null,"from":[…],
 * "glass":…,"house":…,"id":…,"minutes":…,"requester":{"id":…,"name":…},
 * "ticket":…,"why":…} */
void grants_request_put(
    struct sp_json *j, const char *name, const struct grants_request *r);
/* Back from it; SP_E_CORRUPT. */
enum sp_code grants_request_from(const char *text, struct grants_request *out,
    struct sp_err *err) SP_MUST_USE;

/* Is this item, which is of this category and was received then, asked for?
 * `began`: when access began. */
bool grants_request_covers(const struct grants_request *r,
    const struct sp_id *item, const char *category, sp_time received,
    sp_time began) SP_MUST_USE;

/* 1 to `max` bytes (at least `min`) of UTF-8 that can be seen; line feeds and
 * tabs may be in it.  SP_E_INVALID with this reason. */
enum sp_code grants_request_text_check(const char *reason, const char *s,
    size_t min, size_t max, struct sp_err *err) SP_MUST_USE;

#endif
