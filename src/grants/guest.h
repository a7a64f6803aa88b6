#ifndef GRANTS_GUEST_H
#define GRANTS_GUEST_H

#include "grants/lockbox.h"

/*
 * The provider's staff come to an item of an agency under a lockbox grant, for
 * one request of theirs.  Everything is asked anew each time (docs/lockbox.md):
 *
 *   the request is the caller's own, in force in both houses' rows, in time
 *     -> from an address that it names, for an item that it names
 *     -> the person is active, an operator, and cleared by the agency's rules
 *     -> the agency's gate: GATE_LOCKBOX_USE, entry "lockbox.used" about the
 *        item in the agency's ledger, then one in the provider's
 *     -> a guest caller, whose every act the agency's gate decides and records
 *
 * The entries are durable before anything is shown, once for each item and
 * credential in GRANTS_GUEST_SPAN.  What fails of the first two is denied as
 * "lockbox" by the agency's gate, which records it.  Any thread, never inside
 * an act.
 */
#define GRANTS_GUEST_SPAN (600 * SP_SECOND)

struct grants_guest_ask {
	struct evidence_site *site;
	struct evidence_room *home;    /* the provider's */
	const struct gate_caller *who; /* as known there */
	struct sp_id request;
	struct sp_id evidence;
};
/* *room is the agency's; *out may ask its gate.  SP_E_NOTFOUND: no request of
 * that id here. */
enum sp_code grants_guest_of_lockbox(const struct grants_guest_ask *a,
    struct evidence_room **room, struct gate_caller *out,
    struct sp_err *err) SP_MUST_USE;

/* The same visit as it would be decided now, without being made: nothing is
 * recorded.  `use` decides (GATE_LOCKBOX_USE, to begin), then the agency's gate
 * with facts of `who`; both are GATE_OTHER of a request that opens nothing. */
struct grants_guest_seen {
	struct gate_facts use; /* limits borrowed from a->who */
	struct gate_caller who;
	/* Of what is covered: by the agency's rules and records, so that a
	 * request that opens nothing yet says what else it will take. */
	struct people_verdict verdict;
	struct evidence_room *room; /* the agency's */
	/* The request is the caller's own and covers the item; one that opens
	 * nothing, by the item's id: what is in a category is told by a grant
	 * only. */
	bool covered;
};
/* A caller without an address is taken to come from where the request says.
 * SP_E_NOTFOUND as grants_guest_of_lockbox. */
enum sp_code grants_guest_look(const struct grants_guest_ask *a,
    struct grants_guest_seen *out, struct sp_err *err) SP_MUST_USE;
/* Ids of what a person of this house requested, newest first, those before
 * *before (NULL: from the newest).  At most n. */
struct grants_guest_ways {
	struct sp_id person;
	const struct sp_id *before;
	size_t n;
};
enum sp_code grants_guest_ways(struct evidence_room *home,
    const struct grants_guest_ways *q, struct sp_id *id, size_t *got,
    struct sp_err *err) SP_MUST_USE;

/* Is somebody of the provider's house cleared for this agency, now?  Out of the
 * house's records of the person (screening in the agency's state, training,
 * their signature of the Security Addendum: they are a contractor's people
 * there) and of the agency's records (its agreement with the CSA, the company's
 * signature of the Addendum, the company being the provider's name), by the
 * agency's rules.  SP_E_UNKNOWN, reason "person.inactive". */
enum sp_code grants_guest_clearance(struct evidence_room *home,
    struct evidence_room *agency, const struct sp_id *person,
    enum gate_clearance *out, struct sp_err *err) SP_MUST_USE;

#endif
