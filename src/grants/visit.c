#include "grants/visit.h"

#include "grants/share_row.h"
#include "people/person.h"

#include <string.h>

static enum sp_code
no_share(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_NOTFOUND, "share.unknown", "there is no such share");
}

static enum sp_code
no_item(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_NOTFOUND, "evidence.unknown",
	    "there is no such evidence");
}

/* --- at home --- */

/* What the home knows: its own share with this person, or what it was told. */
static enum sp_code
known_at_home(
    const struct grants_visit *v, struct grants_known *out, struct sp_err *err)
{
	struct grants_share_row r;
	enum sp_code code;
	DB_LENT(reader, evidence_room_readers(v->home));

	code = grants_share_row_load(reader.db, &v->share, &r, err);
	if (code == SP_E_NOTFOUND) {
		SP_TRY(grants_share_row_known(reader.db, &v->share, out, err));
		/* Outside persons have what is shared with themselves. */
		return out->by ||
			gate_role_row(v->who->role)->realm == GATE_REALM_OUTSIDE
		    ? no_share(err)
		    : SP_OK;
	}
	SP_TRY(code);
	if (r.to != GRANTS_TO_PERSON || sp_id_is_zero(&v->who->person) ||
	    !sp_id_equal(&r.to_id, &v->who->person))
		return no_share(err);
	*out = (struct grants_known){
		.id = v->share,
		.owner = *grants_twin_house(v->home),
		.download = r.download,
		.to = r.to,
		.to_id = r.to_id,
	};
	return SP_OK;
}

static struct gate_facts
home_facts(const struct grants_visit *v, const struct grants_known *k,
    const struct evidence_room *owner)
{
	struct gate_facts f = gate_caller_facts(v->who, GATE_SHARE_USE);

	f.relation = k->download ? GATE_SHARED_DOWNLOAD : GATE_SHARED_VIEW;
	if (strcmp(evidence_room_agency(owner)->geography,
		evidence_room_agency(v->home)->geography) != 0)
		f.place = GATE_PLACE_OUTSIDE;
	return f;
}

static enum sp_code
home_gate(const struct grants_visit *v, const struct grants_known *k,
    const struct evidence_room *owner, struct sp_err *err)
{
	struct gate_facts f = home_facts(v, k, owner);
	struct gate_request rq = {
		.who = v->who,
		.act = GATE_SHARE_USE,
		.on = { .kind = "share", .id = v->share },
		.facts = &f,
	};
	GATE_AUTO_PASS pass = NULL;

	return gate_admit_with(evidence_room_gate(v->home), &rq, &pass, err);
}

/* The person's records, which are the home's, judged by the owner's rules: a
 * check in the owner's state, training as the owner asks for it.  Agreements
 * are the home's own. */
static enum sp_code
verdict_there(struct evidence_room *home, const struct evidence_room *owner,
    const struct sp_id *person, struct people_verdict *out, struct sp_err *err)
{
	const struct people_rules *there = evidence_room_rules(owner);
	struct people_person p;
	struct people_records r;
	DB_LENT(reader, evidence_room_readers(home));

	SP_TRY(people_person_by_id(reader.db, person, &p, err));
	SP_TRY(people_clearance_gather(
	    reader.db, &p, evidence_room_rules(home), &r, err));
	*out = people_clearance_of(&r, there, people_day_of(there, sp_now()));
	return SP_OK;
}

static enum sp_code
clearance_there(struct evidence_room *home, const struct evidence_room *owner,
    const struct sp_id *person, enum gate_clearance *out, struct sp_err *err)
{
	struct people_verdict v;

	SP_TRY(verdict_there(home, owner, person, &v, err));
	SP_REQUIRE(gate_clearance_parse(people_code_name(v.code), out));
	return SP_OK;
}

enum sp_code
grants_visit_clearance(struct evidence_room *home,
    const struct evidence_room *owner, const struct sp_id *person,
    enum gate_clearance *out, struct sp_err *err)
{
	struct gate_caller who = { .agency = *grants_twin_house(home) };

	{
		DB_LENT(reader, evidence_room_readers(home));

		SP_TRY(gate_caller_person(
		    reader.db, evidence_room_rules(home), person, &who, err));
	}
	if (owner == home || who.is.clearance != GATE_CLEARANCE_OK) {
		*out = who.is.clearance;
		return SP_OK;
	}
	return clearance_there(home, owner, person, out, err);
}

/* --- in the owner's house --- */

/* A share and those it was made from, the root last. */
struct chain {
	struct grants_share_row row[GRANTS_CHAIN];
	size_t n;
	bool over;      /* one of them is */
	bool uncovered; /* by one of them */
	bool category;  /* one of them is of a category */
};

/* To whom a link must be: who asks for the first, and for each other whoever
 * made the one before it. */
static const struct sp_id *
user_of(const struct chain *c, size_t i, const struct sp_id *house)
{
	return i == 0 ? house : &c->row[i - 1].sharer;
}

static enum sp_code
look_at(struct db *db, struct chain *c, const struct sp_id *house,
    const struct sp_id *evidence, struct sp_err *err)
{
	const struct grants_share_row *r = &c->row[c->n];
	struct grants_party p = { .declined = false };
	bool found = false, covers = true;

	if (r->state != GRANTS_ACTIVE || gate_token_expired(r->until))
		c->over = true;
	/* What was made from it rests on its being shared on. */
	if (c->n > 0 && !r->reshare)
		c->over = true;
	if (r->to != GRANTS_TO_PERSON) {
		SP_TRY(grants_share_row_party(
		    db, &r->id, user_of(c, c->n, house), &p, &found, err));
		if (!found || p.by || p.declined)
			c->over = true;
	}
	if (!sp_id_is_zero(evidence))
		SP_TRY(grants_share_row_covers(db, r, evidence, &covers, err));
	c->uncovered = c->uncovered || !covers;
	c->category = c->category || r->category[0] != '\0';
	c->n++;
	return SP_OK;
}

static enum sp_code
chain_load(struct evidence_room *owner, const struct sp_id *share,
    const struct sp_id *house, const struct sp_id *evidence, struct chain *c,
    struct sp_err *err)
{
	struct sp_id at = *share;
	DB_LENT(reader, evidence_room_readers(owner));

	do {
		if (c->n == GRANTS_CHAIN)
			return sp_fail(
			    err, SP_E_CORRUPT, "a share without a root");
		SP_TRY(
		    grants_share_row_load(reader.db, &at, &c->row[c->n], err));
		at = c->row[c->n].parent;
		SP_TRY(look_at(reader.db, c, house, evidence, err));
	} while (!sp_id_is_zero(&at));
	return SP_OK;
}

/* Both whose evidence it is (or who shared it on) and who uses it are in the
 * group now; of the one who asks, also this very person. */
static enum sp_code
in_group(const struct grants_visit *v, struct evidence_room *owner,
    struct chain *c, size_t i, struct sp_err *err)
{
	const struct grants_share_row *r = &c->row[i];
	struct grants_group_ask a = {
		.site = v->site,
		.room = owner,
		.group = r->to_id,
		.agency = *user_of(c, i, grants_twin_house(v->home)),
		.person = i == 0 ? &v->who->person : NULL,
	};
	bool in = false;

	SP_TRY(evidence_site_room_of(v->site, &r->sharer, &a.room, err));
	SP_TRY(grants_group_has(&a, &in, err));
	if (in) {
		a.agency = r->sharer;
		a.person = NULL;
		SP_TRY(grants_group_has(&a, &in, err));
	}
	if (!in)
		c->over = true;
	return SP_OK;
}

static enum sp_code
chain_check(const struct grants_visit *v, struct evidence_room *owner,
    struct chain *c, struct sp_err *err)
{
	SP_TRY(chain_load(owner, &v->share, grants_twin_house(v->home),
	    &v->evidence, c, err));
	for (size_t i = 0; i < c->n && !c->over; i++)
		if (c->row[i].to == GRANTS_TO_GROUP)
			SP_TRY(in_group(v, owner, c, i, err));
	return SP_OK;
}

static enum gate_relation
relation_of(const struct chain *c)
{
	if (c->over)
		return GATE_OTHER;
	for (size_t i = 0; i < c->n; i++)
		if (!c->row[i].download)
			return GATE_SHARED_VIEW;
	return GATE_SHARED_DOWNLOAD;
}

/* What the share rests on: revoking any of the chain, or leaving one of its
 * groups, ends what goes on under all that was made from it. */
_Static_assert(GATE_VIA_ABOVE == GRANTS_CHAIN - 1 + GRANTS_CHAIN,
    "each share above, and a group for each of the chain");

static void
rest_on(const struct chain *c, struct sp_id above[static GATE_VIA_ABOVE])
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (i > 0)
			above[n++] = c->row[i].id;
		if (c->row[i].to == GRANTS_TO_GROUP)
			above[n++] = c->row[i].to_id;
	}
}

/* The share is over: the owner's gate says no, and writes it down. */
static enum sp_code
refuse(const struct grants_visit *v, const struct grants_guest *g,
    struct sp_err *err)
{
	const struct gate_object on = { .kind = "share", .id = v->share };
	GATE_AUTO_PASS pass = NULL;

	SP_TRY(gate_admit(
	    evidence_room_gate(g->room), &g->who, v->act, &on, &pass, err));
	return no_share(err); /* never: GATE_OTHER is no way to anything */
}

/* Who would be in the owner's house, by the rows of both as they are now. */
static enum sp_code
judge(const struct grants_visit *v, const struct grants_known *k,
    struct chain *c, struct grants_guest *g, struct sp_err *err)
{
	enum gate_clearance there = v->who->is.clearance;

	SP_TRY(chain_check(v, g->room, c, err));
	c->over = c->over || k->declined;
	if (g->room != v->home)
		SP_TRY(clearance_there(
		    v->home, g->room, &v->who->person, &there, err));
	g->who = *v->who;
	g->who.agency = k->owner;
	if (g->who.is.clearance == GATE_CLEARANCE_OK)
		g->who.is.clearance = there;
	g->who.via = (struct gate_via){
		.relation = relation_of(c),
		.kind = "share",
		.id = v->share,
		.house = *grants_twin_house(v->home),
	};
	rest_on(c, g->who.via.above);
	return SP_OK;
}

static enum sp_code
enter(const struct grants_visit *v, const struct grants_known *k,
    struct grants_guest *g, struct sp_err *err)
{
	struct chain c = { .n = 0 };

	SP_TRY(evidence_site_room_of(v->site, &k->owner, &g->room, err));
	SP_TRY(home_gate(v, k, g->room, err));
	SP_TRY(judge(v, k, &c, g, err));
	if (c.over)
		return refuse(v, g, err);
	return c.uncovered ? no_item(err) : SP_OK;
}

enum sp_code
grants_visit_enter(
    const struct grants_visit *v, struct grants_guest *out, struct sp_err *err)
{
	struct grants_known k;
	struct grants_guest g = { .room = NULL };

	SP_REQUIRE(sp_id_equal(&v->who->agency, grants_twin_house(v->home)));
	SP_TRY(known_at_home(v, &k, err));
	SP_TRY(enter(v, &k, &g, err));
	*out = g;
	return SP_OK;
}

enum sp_code
grants_visit_look(const struct grants_visit *v, struct grants_visit_seen *out,
    struct sp_err *err)
{
	struct grants_visit_seen seen = { .covered = false };
	struct chain c = { .n = 0 };
	struct grants_known k;

	SP_REQUIRE(sp_id_equal(&v->who->agency, grants_twin_house(v->home)));
	SP_TRY(known_at_home(v, &k, err));
	SP_TRY(evidence_site_room_of(v->site, &k.owner, &seen.guest.room, err));
	seen.home = home_facts(v, &k, seen.guest.room);
	SP_TRY(judge(v, &k, &c, &seen.guest, err));
	seen.judged = seen.guest.room != v->home;
	if (seen.judged)
		SP_TRY(verdict_there(v->home, seen.guest.room, &v->who->person,
		    &seen.there, err));
	seen.covered = !c.uncovered && !(c.over && c.category);
	*out = seen;
	return SP_OK;
}

enum sp_code
grants_visit_ways(struct evidence_room *home, const struct grants_visit_ways *q,
    struct sp_id *id, size_t *got, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(home));

	return grants_share_row_ways(reader.db, q, id, got, err);
}

enum sp_code
grants_visit_covers(const struct grants_guest *g, const struct sp_id *evidence,
    struct sp_err *err)
{
	struct chain c = { .n = 0 };

	SP_TRY(chain_load(
	    g->room, &g->who.via.id, &g->who.via.house, evidence, &c, err));
	return c.over || c.uncovered ? no_item(err) : SP_OK;
}

enum sp_code
grants_visit_list(const struct grants_guest *g, const struct evidence_list *q,
    struct sp_buf *out, struct sp_err *err)
{
	const struct gate_object all = { .kind = "evidence" };
	struct evidence_list list = { .cursor = q->cursor, .n = q->n };
	struct grants_share_row r;
	GATE_AUTO_PASS pass = NULL;

	SP_TRY(gate_admit(
	    evidence_room_gate(g->room), &g->who, GATE_LIST, &all, &pass, err));
	{
		DB_LENT(reader, evidence_room_readers(g->room));

		SP_TRY(
		    grants_share_row_load(reader.db, &g->who.via.id, &r, err));
	}
	if (r.category[0] != '\0')
		list.category = r.category;
	else
		list.share = &r.id;
	return evidence_item_list(g->room, pass, &list, out, err);
}

/* --- what is said of it at home --- */

struct using
{
	const struct grants_visit *v;
	const struct grants_guest *g;
	const struct sp_id *evidence;
	size_t n;
};

static enum sp_code
used_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct using *u = arg;
	SP_AUTO_BUF detail = sp_buf_new(LEDGER_ENTRY_MAX);
	struct sp_json j = sp_json_to(&detail);
	struct ledger_entry e =
	    gate_entry(u->v->who, "share.used", "share", &u->v->share);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "act", gate_act_name(u->v->act));
	sp_json_array(&j, "evidence");
	for (size_t i = 0; i < u->n; i++)
		sp_json_id(&j, NULL, &u->evidence[i]);
	sp_json_end(&j);
	sp_json_id(&j, "owner", grants_twin_house(u->g->room));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

enum sp_code
grants_visit_used(const struct grants_visit *v, const struct grants_guest *g,
    const struct sp_id *evidence, size_t n, struct sp_err *err)
{
	struct using u = { v, g, evidence, n };

	if (g->room == v->home)
		return SP_OK;
	return ledger_writer_run(
	    evidence_room_writer(v->home), used_run, &u, err);
}
