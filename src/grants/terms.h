#ifndef GRANTS_TERMS_H
#define GRANTS_TERMS_H

#include "base/json.h"
#include "evidence/item.h"

/*
 * The terms of a share: what one house lets another (a group, an outside
 * person of its own) see of its evidence, how, and until when
 * (docs/sharing.md). Plain values and pure functions; any thread.
 *
 * A share's life, in the house whose evidence it is (the owner):
 *
 *                 revoke (the owner, or who shared it on)
 *              .----------------------------------------> REVOKED
 *   add --> ACTIVE --decline (the one it is with)-------> DECLINED
 *              '----its time is over, its group ended---> ENDED
 *
 * What is over never comes back.  Time is asked at each use: ENDED is only how
 * it is written down later.
 */
#define GRANTS_ITEMS     1000  /* of one share */
#define GRANTS_REASON    500   /* bytes */
#define GRANTS_CHAIN     8     /* a share and those that it was made from */
#define GRANTS_TERMS_MAX 49152 /* bytes as JSON */

#define GRANTS_STATES(X)                                                       \
	X(GRANTS_ACTIVE, "active")                                             \
	X(GRANTS_REVOKED, "revoked")                                           \
	X(GRANTS_DECLINED, "declined")                                         \
	X(GRANTS_ENDED, "ended")

enum grants_state {
#define X(id, name) id,
	GRANTS_STATES(X)
#undef X
	    GRANTS_STATE_COUNT
};

/* With whom. */
#define GRANTS_TOS(X)                                                          \
	X(GRANTS_TO_AGENCY, "agency")                                          \
	X(GRANTS_TO_GROUP, "group")                                            \
	X(GRANTS_TO_PERSON, "person")

enum grants_to {
#define X(id, name) id,
	GRANTS_TOS(X)
#undef X
	    GRANTS_TO_COUNT
};

const char *grants_terms_state_name(enum grants_state s);
bool grants_terms_state_parse(
    const char *s, enum grants_state *out) SP_MUST_USE;
const char *grants_terms_to_name(enum grants_to to);
bool grants_terms_to_parse(const char *s, enum grants_to *out) SP_MUST_USE;
/* May a share that is `from` become `to`? */
bool grants_terms_may(enum grants_state from, enum grants_state to) SP_MUST_USE;

struct grants_terms {
	struct sp_id id;
	struct sp_id owner;  /* agency whose evidence it is */
	struct sp_id sharer; /* agency that shares: the owner, or shares on */
	struct sp_id parent; /* share that it was made from; zero: none */
	enum grants_to to;
	struct sp_id to_id;
	bool download, reshare;
	sp_time granted, until;
	/* Exactly one of: a category, all of it now and later; items, in order
	 * of id, none twice. */
	char category[EVIDENCE_CATEGORY_MAX + 1];
	size_t n;
	struct sp_id *item; /* owned: grants_terms_done */
	char reason[GRANTS_REASON + 1];
};
void grants_terms_done(struct grants_terms *t);
#define GRANTS_AUTO_TERMS SP_CLEANUP(grants_terms_done) struct grants_terms

/* Put items in order; SP_E_INVALID, reason "share.evidence": one comes twice,
 * or there are none or too many. */
enum sp_code grants_terms_sort(
    struct grants_terms *t, struct sp_err *err) SP_MUST_USE;
/* The item, which is of this category, is among them. */
bool grants_terms_covers(const struct grants_terms *t, const struct sp_id *item,
    const char *category) SP_MUST_USE;

/*
 * The lattice.  A share that is made from another never gives more: it ends no
 * later, does not let download what may only be viewed, may be shared on only
 * if that one may, and covers nothing that it does not.  SP_E_DENIED, reasons
 * "share.reshare" (it may not be shared on at all), "share.until",
 * "share.download", "share.evidence".  Items of a share of a category are
 * looked at when they are used, like everything else, along the whole chain.
 */
enum sp_code grants_terms_within(const struct grants_terms *child,
    const struct grants_terms *parent, struct sp_err *err) SP_MUST_USE;

/* Canonical JSON, whose SHA-256 stands in the entries: {"category":…|null,
 * "download":…,"evidence":[…]|null,"granted_at":…,"id":…,"owner":…,
 * "parent":…|null,"reason":…,"reshare":…,"sharer":…,"to":{"id":…,"kind":…},
 * "until":…} */
void grants_terms_put(
    struct sp_json *j, const char *name, const struct grants_terms *t);
/* Back from it.  SP_E_INVALID: it is not these. */
struct json_t;
enum sp_code grants_terms_read(const struct json_t *in,
    struct grants_terms *out, struct sp_err *err) SP_MUST_USE;

/* What somebody may wish, as POST shares has it:
 * {"access":"view"|"download","category":… or "evidence":[…],
 *  "days":… or "until":… or neither,"parent":…,"reason":…,"reshare":…,
 *  "to":{"agency":SLUG} or {"group":ID} or {"person":ID}}; needed are what,
 * to and reason.  SP_E_INVALID, reason "share.<member>". */
struct grants_wish {
	struct grants_terms terms;    /* id, owner, sharer, granted: not yet */
	char agency[SP_SLUG_MAX + 1]; /* with GRANTS_TO_AGENCY */
	bool timed;                   /* it says until when */
};
void grants_terms_wish_done(struct grants_wish *w);
#define GRANTS_AUTO_WISH SP_CLEANUP(grants_terms_wish_done) struct grants_wish
enum sp_code grants_terms_wish(const struct json_t *in, sp_time now,
    struct grants_wish *out, struct sp_err *err) SP_MUST_USE;

#endif
