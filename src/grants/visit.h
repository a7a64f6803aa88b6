#ifndef GRANTS_VISIT_H
#define GRANTS_VISIT_H

#include "grants/share.h"

/*
 * A visit: somebody of one house, who comes to another's evidence by a share,
 * for one request.  What it takes, in this order (docs/sharing.md):
 *
 *   known at home: the house, or the person, was told of the share
 *     -> the home's gate: a person of a role that may, cleared by the home's
 *        rules, in the same geography (GATE_SHARE_USE; a denial stands there)
 *     -> the owner's rows, now: the share and all it was made from are active,
 *        not over by the clock, with this house or person still
 *     -> the item is covered by each of them
 *     -> a guest caller; the owner's gate decides the act itself, with the
 *        clearance that is the worse of the home's and the owner's
 *
 * Nothing is kept: each request is a visit.  Any thread, never inside an act.
 */
struct grants_visit {
	struct evidence_site *site;
	struct evidence_room *home;    /* of who asks */
	const struct gate_caller *who; /* as known there */
	struct sp_id share;
	enum gate_act act;
	struct sp_id evidence; /* zero: none in particular */
};

struct grants_guest {
	struct evidence_room *room; /* the owner's */
	struct gate_caller who;     /* there */
};

/* SP_E_NOTFOUND: no share of that id is with this house or person, or it does
 * not cover the item, or there is none; they look alike.  SP_E_DENIED: what a
 * gate says; "other-agency" when the share is over.  *out is set only when the
 * guest may ask the owner's gate. */
enum sp_code grants_visit_enter(const struct grants_visit *v,
    struct grants_guest *out, struct sp_err *err) SP_MUST_USE;
/* Does the share, with all it was made from, cover this item as well?  For a
 * visit that was entered without one. */
enum sp_code grants_visit_covers(const struct grants_guest *g,
    const struct sp_id *evidence, struct sp_err *err) SP_MUST_USE;

/* The same visit as it would be decided now, without being made: nobody is let
 * in and nothing is recorded.  What is found is the path of
 * grants_visit_enter, in its order: `home` decides (GATE_SHARE_USE), then
 * the owner's gate with facts of `guest.who`, whose relation is GATE_OTHER of a
 * share that is over. */
struct grants_visit_seen {
	struct gate_facts home; /* limits borrowed from v->who */
	struct grants_guest guest;
	/* By the owner's rules, where that is another house. */
	bool judged;
	struct people_verdict there;
	/* The item is covered; of a share that is over, by its id: what came
	 * into a category is nothing to be told afterwards. */
	bool covered;
};
/* SP_E_NOTFOUND as grants_visit_enter, but for an item that is not covered. */
enum sp_code grants_visit_look(const struct grants_visit *v,
    struct grants_visit_seen *out, struct sp_err *err) SP_MUST_USE;
/* Ids of the shares by which a person of this house may come to an item, newest
 * first, those before *before (NULL: from the newest): each that names the item
 * or a category, ended or not.  At most n. */
struct grants_visit_ways {
	struct sp_id person, evidence;
	const struct sp_id *before;
	size_t n;
};
enum sp_code grants_visit_ways(struct evidence_room *home,
    const struct grants_visit_ways *q, struct sp_id *id, size_t *got,
    struct sp_err *err) SP_MUST_USE;

/* A page of what is shared (evidence_item_list), of which `q` says cursor and
 * n.  This asks the owner's gate (GATE_LIST). */
enum sp_code grants_visit_list(const struct grants_guest *g,
    const struct evidence_list *q, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;

/* Something was opened: the entry "share.used" of the home (`n` items).  Where
 * home and owner are one house nothing more is to be said. */
enum sp_code grants_visit_used(const struct grants_visit *v,
    const struct grants_guest *g, const struct sp_id *evidence, size_t n,
    struct sp_err *err) SP_MUST_USE;

/* Is a person cleared to use shares of this owner, now: at home, and by the
 * owner's rules?  SP_E_UNKNOWN, reason "person.inactive". */
enum sp_code grants_visit_clearance(struct evidence_room *home,
    const struct evidence_room *owner, const struct sp_id *person,
    enum gate_clearance *out, struct sp_err *err) SP_MUST_USE;

#endif
