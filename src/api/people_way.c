#include "api/people_part.h"
#include "evidence/item.h"
#include "grants/guest.h"
#include "grants/visit.h"

/*
 * Two gates decide on a guest: to come at all (by a share the home's gate,
 * under a lockbox grant the agency's), then the act itself.  Both sets of facts
 * are the visit's own (grants/visit.h, grants/guest.h).
 */
#define AT_ONCE 32 /* ids */

/* How far it got: coming, then the act; each is one step after another. */
static unsigned
reach(const struct gate_verdict *v, bool coming)
{
	return (coming ? 0 : GATE_STEP_COUNT + 1) + (unsigned)v->step;
}

static void
suppose(const struct api_people_way *w, struct gate_facts *io)
{
	io->duty = w->like->duty;
	io->class = w->like->class;
	io->hold = w->like->hold;
	io->retention = w->like->retention;
}

/* One way: what decides on coming, as whom, into which house. */
struct way {
	const struct gate_facts *come;
	const struct gate_caller *guest;
	const struct evidence_room *room;
	const struct people_verdict *verdict; /* NULL: none of its own */
};

/* The facts that decide by this way, and that it was looked at. */
static void
weigh(struct api_people_way *w, const struct way *by, const struct sp_id *id)
{
	const struct gate_caller *guest = by->guest;
	struct gate_facts f = *by->come;
	struct gate_verdict v, best = { .permit = false };
	bool coming = true;

	suppose(w, &f);
	v = gate_decide(&f);
	if (v.permit) {
		coming = false;
		f = gate_caller_facts(guest, w->act);
		suppose(w, &f);
		f.place = w->like->place;
		f.limits = &w->who->is.limits;
		v = gate_decide(&f);
	}
	if (w->kind != NULL)
		best = gate_decide(&w->facts);
	if (w->kind != NULL && reach(&v, coming) <= reach(&best, w->coming))
		return;
	w->kind = guest->via.kind;
	w->id = *id;
	w->coming = coming;
	w->facts = f;
	w->room = by->room;
	w->judged = by->verdict != NULL;
	if (w->judged)
		w->verdict = *by->verdict;
}

static enum sp_code
by_share(struct api_people_way *w, const struct sp_id *id, struct sp_err *err)
{
	const struct grants_visit v = {
		.site = w->q->house->site,
		.home = w->q->room,
		.who = w->who,
		.share = *id,
		.act = w->act,
		.evidence = w->evidence,
	};
	struct grants_visit_seen seen;
	enum sp_code code = grants_visit_look(&v, &seen, err);

	if (code == SP_OK && seen.covered)
		weigh(w,
		    &(struct way){ &seen.home, &seen.guest.who, seen.guest.room,
			seen.judged ? &seen.there : NULL },
		    id);
	return code == SP_E_NOTFOUND ? SP_OK : code;
}

static enum sp_code
by_lockbox(struct api_people_way *w, const struct sp_id *id, struct sp_err *err)
{
	const struct grants_guest_ask a = {
		.site = w->q->house->site,
		.home = w->q->room,
		.who = w->who,
		.request = *id,
		.evidence = w->evidence,
	};
	struct grants_guest_seen seen;
	enum sp_code code = grants_guest_look(&a, &seen, err);

	if (code == SP_OK && seen.covered)
		weigh(w,
		    &(struct way){
			&seen.use, &seen.who, seen.room, &seen.verdict },
		    id);
	return code == SP_E_NOTFOUND ? SP_OK : code;
}

static enum sp_code
shares(struct api_people_way *w, struct sp_err *err)
{
	struct grants_visit_ways q = {
		.person = w->who->person, .evidence = w->evidence, .n = AT_ONCE
	};
	struct sp_id id[AT_ONCE], last;
	size_t got = 0;

	do {
		SP_TRY(grants_visit_ways(w->q->room, &q, id, &got, err));
		for (size_t i = 0; i < got; i++)
			SP_TRY(by_share(w, &id[i], err));
		if (got > 0)
			last = id[got - 1];
		q.before = &last;
	} while (got == AT_ONCE);
	return SP_OK;
}

static enum sp_code
requests(struct api_people_way *w, struct sp_err *err)
{
	struct grants_guest_ways q = { .person = w->who->person, .n = AT_ONCE };
	struct sp_id id[AT_ONCE], last;
	size_t got = 0;

	do {
		SP_TRY(grants_guest_ways(w->q->room, &q, id, &got, err));
		for (size_t i = 0; i < got; i++)
			SP_TRY(by_lockbox(w, &id[i], err));
		if (got > 0)
			last = id[got - 1];
		q.before = &last;
	} while (got == AT_ONCE);
	return SP_OK;
}

enum sp_code
api_people_way(struct api_people_way *w, struct sp_err *err)
{
	w->kind = NULL;
	if (sp_id_is_zero(&w->who->person))
		return SP_OK;
	SP_TRY(shares(w, err));
	return evidence_room_agency(w->q->room)->provider ? requests(w, err)
							  : SP_OK;
}
