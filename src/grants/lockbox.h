#ifndef GRANTS_LOCKBOX_H
#define GRANTS_LOCKBOX_H

#include "gate/once.h"
#include "grants/request.h"
#include "grants/twin.h"

/*
 * The lockbox: how the provider's staff come to an agency's evidence, and the
 * only way (docs/lockbox.md; request.h has the states).
 *
 *   provider's house (home)              agency's house
 *   operator           request
 *   provider-security  ask ----twin----> row, event
 *                          <---twin----- approve, deny, revoke
 *   either, drop, revoke,  ----twin----> in effect in each house at once
 *   requester          complete
 *   both, break glass      <---twin----- the agency's ledger has it first
 *                          <---twin----- review
 *
 * Each house has a row.  Access takes both, so that either can end it alone
 * (guest.h); what one does is told to the other by a twin.  Time is asked at
 * each use; the tick only writes down what it made of a request.
 *
 * Every act asks the gate of the house it is done in, with the duty (who
 * decides is not who asked, by whatever account) found out here.  Any thread,
 * never inside an act.
 */
struct grants_lockbox_act {
	struct evidence_site *site;
	struct evidence_room *room;    /* of whoever acts */
	const struct gate_caller *who; /* as known there */
};

#define GRANTS_LOCKBOX_OPEN 1000 /* requests of one provider not ended */

/* Home only.  `r` as grants_request_read left it: `minutes` 0 is what the
 * agency's policy has, an empty `from` is the caller's own address.  The
 * requester must be cleared for the agency: SP_E_DENIED with the code of what
 * is missing.  SP_E_NOTFOUND "lockbox.agency"; SP_E_INVALID "lockbox.minutes":
 * longer than the policy has; SP_E_DENIED "lockbox" with `glass`: the agency
 * forbids it; SP_E_LIMIT. */
enum sp_code grants_lockbox_request(const struct grants_lockbox_act *a,
    const char *slug, const struct grants_request *r,
    const struct gate_once *once, struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;

/* What may be done to a request.  Each fails with SP_E_NOTFOUND (no such
 * request in this house), SP_E_DENIED (the gate's code), SP_E_CONFLICT
 * "lockbox.state", "lockbox.approved" (this human did already). */

/* Home: provider-security approves, the agency is asked. */
enum sp_code grants_lockbox_ask(const struct grants_lockbox_act *a,
    const struct sp_id *id, struct sp_err *err) SP_MUST_USE;
/* Home: provider-security breaks glass with the requester: the agency's ledger
 * has it before anything is open, and the agency is told at once. */
enum sp_code grants_lockbox_break(const struct grants_lockbox_act *a,
    const struct sp_id *id, struct sp_err *err) SP_MUST_USE;
/* Agency.  Enough approvals by the policy's quorum begin access.  An approver
 * who may not approve any more when the last one does counts no more. */
enum sp_code grants_lockbox_approve(const struct grants_lockbox_act *a,
    const struct sp_id *id, struct sp_err *err) SP_MUST_USE;
/* Agency: denied.  Home: taken back before it was in force.  `reason` may be
 * NULL, here and below. */
enum sp_code grants_lockbox_deny(const struct grants_lockbox_act *a,
    const struct sp_id *id, const char *reason, struct sp_err *err) SP_MUST_USE;
/* Either: what is under way under it ends now. */
enum sp_code grants_lockbox_revoke(const struct grants_lockbox_act *a,
    const struct sp_id *id, const char *reason, struct sp_err *err) SP_MUST_USE;
/* Home: the requester needs it no longer. */
enum sp_code grants_lockbox_complete(const struct grants_lockbox_act *a,
    const struct sp_id *id, struct sp_err *err) SP_MUST_USE;
/* Agency: what it finds of broken glass, once.  SP_E_INVALID "lockbox.finding":
 * neither "justified" nor "unjustified". */
enum sp_code grants_lockbox_review(const struct grants_lockbox_act *a,
    const struct sp_id *id, const char *finding, const char *note,
    struct sp_err *err) SP_MUST_USE;

/* What stands between a request and whoever would do this with it, as the act
 * itself finds it out, without doing it.  SP_E_NOTFOUND: none of that id in
 * this house. */
struct grants_lockbox_seen {
	enum gate_duty duty; /* asked by themselves, or by another */
	bool approved;       /* they are an earlier approver, or tied to one */
	char state[400];     /* why nobody can do it now, in words; "" */
};
enum sp_code grants_lockbox_look(const struct grants_lockbox_act *a,
    enum gate_act act, const struct sp_id *id, struct grants_lockbox_seen *out,
    struct sp_err *err) SP_MUST_USE;

/* A page, newest first: {"items":[…],"next":id|null}; `state` NULL: any. */
struct grants_lockbox_list {
	const char *state; /* as the API names it */
	const struct sp_id *before;
	size_t n;
};
enum sp_code grants_lockbox_list_json(struct evidence_site *site,
    struct evidence_room *room, const struct grants_lockbox_list *q,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;
/* One, with what was touched and its twins. */
enum sp_code grants_lockbox_json(struct evidence_site *site,
    struct evidence_room *room, const struct sp_id *id, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;

/* End what is late or over, tell the other house what it was not told.  Every
 * few seconds, for each house. */
void grants_lockbox_tick(
    struct evidence_site *site, struct evidence_room *room);
extern const struct grants_twin_kind grants_lockbox_kind;

#endif
