#ifndef GRANTS_SHARE_H
#define GRANTS_SHARE_H

#include "grants/group.h"
#include "grants/terms.h"

/*
 * Shares: what one house lets another see (terms.h has their life and what
 * they say; docs/sharing.md the whole).  The row in the owner's house is the
 * truth and is asked at each use (visit.h).  The others have what they were
 * told, through twins, so that each act stands in both ledgers.
 *
 *   the owner's house            the house it is with      who shared it on
 *   share, share_item            share_known (to)          share_known (by)
 *   share_party: who is to be
 *   told, and was told what
 *
 * One share is with one agency, with each member of a group, or with one
 * outside person of the owner's own house.  A share that is made from another
 * is the owner's, too, so that nothing that a house was given goes further
 * unseen.
 *
 * Each act is durable in the owner's house (a decline: in the decliner's) when
 * it returns; who could not be told is told later (grants_share_go_on), and
 * what rests on a share that is over ends with it.
 *
 * Any thread, never inside an act.
 */
#define GRANTS_SHARES    100000 /* of one house that are active */
#define GRANTS_SHARES_TO 10000  /* of them with one agency or group */
/* What another house made from this one's: its own, not of the 100,000. */
#define GRANTS_SHARES_ON 10000

/* Share, as `h->who` of this house.  SP_E_INVALID "share.to", "share.until",
 * "share.evidence"; those of grants_terms_within for one that is made from
 * another, SP_E_NOTFOUND when that is not known here, SP_E_CONFLICT
 * "share.over"; SP_E_LIMIT "share.many", "share.pace" (twin.h).  The caller has
 * asked the gate (GATE_SHARE_GRANT here, or
 * GATE_RESHARE in the owner's room as a guest).  *id is the share's, also when
 * the Idempotency-Key made it before. */
struct grants_share_new {
	struct grants_wish *wish;
	const struct gate_once *once; /* or NULL */
	/* For one that is made from another: whoever came in by that
	 * (visit.h), in the owner's room. */
	struct evidence_room *owner;
	const struct gate_caller *guest;
};
enum sp_code grants_share_add(const struct grants_house *h,
    const struct grants_share_new *n, struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;

/* By the owner, or the house that shared it on.  What is under way by it, or
 * by what was made from it, ends now.  SP_E_NOTFOUND; SP_E_CONFLICT
 * "share.over". */
enum sp_code grants_share_revoke(const struct grants_house *h,
    const struct sp_id *id, struct sp_err *err) SP_MUST_USE;
/* By the house it is with; for a group's, this member's part. */
enum sp_code grants_share_decline(const struct grants_house *h,
    const struct sp_id *id, struct sp_err *err) SP_MUST_USE;

/* What this house gave (or shared on), or was given; newest first.  `person`
 * not NULL: only what is with this person of the house. */
struct grants_share_list {
	bool received;
	const struct sp_id *person;
	const char *cursor; /* or NULL */
	size_t n;           /* a page */
};
enum sp_code grants_share_list_json(const struct grants_house *h,
    const struct grants_share_list *q, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
/* One: {"access":…,"category":…|null,"direction":"given"|"received"|"passed",
 * "evidence":[…]|null,"granted_at":…,"id":…,"items":n|null,"owner":SLUG,
 * "parent":…|null,"parties":[{"agency":SLUG,"state":…}…],"reason":…,
 * "reshare":…,"sharer":SLUG,"state":…,"terms_sha256":…,
 * "to":{"id":…,"kind":…,"name":…|null},"until":…} */
enum sp_code grants_share_json(const struct grants_house *h,
    const struct sp_id *id, const struct sp_id *person, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
/* Of a share or a group, what a stranger checks: {"id":…,"own":[{"body":the
 * exact entry as text,"index":…,"proof":tlog-proof}…],"terms":the canonical
 * text|null,"twins":[…as grants_twin_json]}; own and twins go together. */
enum sp_code grants_share_proof_json(const struct grants_house *h,
    const struct sp_id *id, struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

/* End what is over, tell who was not told. */
void grants_share_go_on(struct evidence_site *site, struct evidence_room *room);
extern const struct grants_twin_kind grants_share_kind;

#endif
