#include "grants/group_parts.h"
#include "people/person.h"

/* Who is in a group: taken in, out, and by which persons of a member's. */

static bool
in_now(const struct grants_group *g, const struct sp_id *agency)
{
	const struct grants_member *m = grants_group_member(g, agency);

	return !g->ended && m != NULL && m->in;
}

/* In a member's own copy: also when the lead has not heard that it left. */
static bool
in_own(const struct grants_group *g, const struct sp_id *agency)
{
	return in_now(g, agency) &&
	    grants_group_member(g, agency)->since > g->left;
}

/* --- the lead's changes --- */

static enum sp_code
change_add(
    struct grants_group *g, const struct sp_id *agency, struct sp_err *err)
{
	struct grants_member *m = grants_group_member_mut(g, agency);

	if (m != NULL && m->in)
		return sp_fail_as(err, SP_E_CONFLICT, "group.member",
		    "the agency is in the group");
	if (m == NULL && g->n == GRANTS_GROUP_MEMBERS)
		return sp_fail_as(err, SP_E_LIMIT, "group.member",
		    "a group has at most %d members", GRANTS_GROUP_MEMBERS);
	if (m == NULL)
		m = &g->member[g->n++];
	*m = (struct grants_member){
		.agency = *agency,
		.in = true,
		.since = sp_now(),
	};
	return SP_OK;
}

static enum sp_code
change_remove(
    struct grants_group *g, const struct sp_id *agency, struct sp_err *err)
{
	struct grants_member *m = grants_group_member_mut(g, agency);

	if (sp_id_equal(&g->lead, agency))
		return sp_fail_as(err, SP_E_CONFLICT, "group.lead",
		    "the lead does not leave: it ends the group");
	if (m == NULL || !m->in)
		return sp_fail_as(err, SP_E_CONFLICT, "group.member",
		    "the agency is not in the group");
	m->in = false;
	m->since = sp_now();
	/* It is told, even when it never was. */
	m->told = m->told == 0 ? 1 : m->told;
	return SP_OK;
}

static enum sp_code
change(const struct grants_house *h, struct grants_group_telling *t,
    struct sp_err *err)
{
	if (sp_id_equal(&t->agency, grants_twin_house(h->room)))
		return sp_fail_as(err, SP_E_CONFLICT, "group.lead",
		    "the lead is in its group, and ends it");
	SP_TRY(grants_group_tell(h, t, err));
	grants_group_go_on(h->site, h->room);
	return SP_OK;
}

enum sp_code
grants_group_add(const struct grants_house *h, const struct sp_id *group,
    const struct sp_id *agency, struct sp_err *err)
{
	GRANTS_AUTO_TELLING t = { .group = group, .agency = *agency };

	t.change = change_add;
	return change(h, &t, err);
}

enum sp_code
grants_group_remove(const struct grants_house *h, const struct sp_id *group,
    const struct sp_id *agency, struct sp_err *err)
{
	GRANTS_AUTO_TELLING t = { .group = group, .agency = *agency };
	struct grants_group before;

	t.change = change_remove;
	SP_TRY(grants_group_of(h, group, &before, err));
	SP_TRY(change(h, &t, err));
	grants_group_cut(h, &before);
	return SP_OK;
}

/* --- a member leaves --- */

static enum sp_code
leave_here(struct ledger_tx *tx, struct grants_twin_act *io, struct sp_err *err)
{
	struct grants_group_telling *t = io->arg;
	struct db *db = ledger_tx_db(tx);
	struct grants_group g;

	SP_TRY(grants_group_load(db, t->group, &g, err));
	if (!in_own(&g, &t->agency))
		return sp_fail_as(err, SP_E_CONFLICT, "group.member",
		    "the agency is not in the group");
	SP_TRY(grants_group_row_left(db, &g.id, sp_now(), err));
	grants_group_detail(&g, &t->agency, &t->detail);
	SP_TRY(sp_buf_check(&t->detail, "detail", err));
	io->detail = sp_buf_str(&t->detail);
	return SP_OK;
}

enum sp_code
grants_group_leave(
    const struct grants_house *h, const struct sp_id *group, struct sp_err *err)
{
	GRANTS_AUTO_TELLING t = {
		.group = group,
		.agency = *grants_twin_house(h->room),
		.detail = sp_buf_new(512),
	};
	struct grants_twin_act a = {
		.first = h->room,
		.who = h->who,
		.kind = &grants_group_kind,
		.act = "group.left",
		.object_kind = "group",
		.object = *group,
		.here = leave_here,
		.arg = &t,
	};
	struct grants_group g;

	SP_TRY(grants_group_of(h, group, &g, err));
	if (sp_id_equal(&g.lead, grants_twin_house(h->room)))
		return sp_fail_as(err, SP_E_CONFLICT, "group.lead",
		    "the lead does not leave: it ends the group");
	SP_TRY(evidence_site_room_of(h->site, &g.lead, &a.second, err));
	SP_TRY(grants_twin_run(&a, NULL, err));
	grants_group_cut(h, &g);
	grants_group_go_on(h->site, a.second);
	return SP_OK;
}

/* --- the named persons --- */

struct naming {
	const struct grants_house *h;
	const struct sp_id *group, *person;
	size_t n;
};

static enum sp_code
name_one(struct db *db, const struct naming *a, size_t i, struct sp_err *err)
{
	struct people_person p;
	enum sp_code code = people_person_by_id(db, &a->person[i], &p, err);

	if (code == SP_E_NOTFOUND)
		return sp_fail_as(err, SP_E_INVALID, "group.person",
		    "persons: number %zu is no person of the agency", i + 1);
	SP_TRY(code);
	code = grants_group_row_person(db, a->group, &a->person[i], err);
	if (code == SP_E_CONFLICT)
		return sp_fail_as(err, SP_E_INVALID, "group.person",
		    "persons: number %zu comes twice", i + 1);
	return code;
}

static enum sp_code
name_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct naming *a = arg;
	struct db *db = ledger_tx_db(tx);
	SP_AUTO_BUF detail = sp_buf_new(16384);
	struct sp_json j = sp_json_to(&detail);
	struct ledger_entry e =
	    gate_entry(a->h->who, "group.persons", "group", a->group);
	struct grants_group g;

	SP_TRY(grants_group_load(db, a->group, &g, err));
	SP_TRY(grants_group_row_nobody(db, a->group, err));
	for (size_t i = 0; i < a->n; i++)
		SP_TRY(name_one(db, a, i, err));
	sp_json_object(&j, NULL);
	SP_TRY(grants_group_row_persons_json(&j, "persons", db, a->group, err));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "persons", err));
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

enum sp_code
grants_group_persons(const struct grants_house *h, const struct sp_id *group,
    const struct sp_id *person, size_t n, struct sp_err *err)
{
	struct naming a = { h, group, person, n };
	struct grants_group g;

	if (n > GRANTS_GROUP_PERSONS)
		return sp_fail_as(err, SP_E_INVALID, "group.person",
		    "persons: at most %d", GRANTS_GROUP_PERSONS);
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(h->room), name_run, &a, err));
	SP_TRY(grants_group_of(h, group, &g, err));
	grants_group_cut(h, &g);
	return SP_OK;
}

/* --- who is in --- */

/* By the lead's rows, which are the truth. */
static enum sp_code
by_lead(const struct grants_group_ask *a, const struct sp_id *lead, bool *has,
    struct sp_err *err)
{
	const struct grants_house h = { .site = a->site };
	struct grants_house there = h;
	struct grants_group g;
	enum sp_code code;

	SP_TRY(evidence_site_room_of(a->site, lead, &there.room, err));
	code = grants_group_of(&there, &a->group, &g, err);
	if (code == SP_E_NOTFOUND) {
		*has = false;
		return SP_OK;
	}
	SP_TRY(code);
	*has = in_now(&g, &a->agency);
	return SP_OK;
}

/* By its own: it may have left, or named others. */
static enum sp_code
by_own(const struct grants_group_ask *a, bool *has, struct sp_err *err)
{
	struct evidence_room *room;
	struct grants_group g;
	bool any = false, named = false;
	enum sp_code code;

	*has = false;
	SP_TRY(evidence_site_room_of(a->site, &a->agency, &room, err));
	DB_LENT(reader, evidence_room_readers(room));
	code = grants_group_load(reader.db, &a->group, &g, err);
	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	if (a->person != NULL)
		SP_TRY(grants_group_row_named(
		    reader.db, &a->group, a->person, &any, &named, err));
	*has = in_own(&g, &a->agency) && (!any || named);
	return SP_OK;
}

enum sp_code
grants_group_has(
    const struct grants_group_ask *a, bool *has, struct sp_err *err)
{
	const struct grants_house h = { .site = a->site, .room = a->room };
	struct grants_group g;
	bool in = false;
	enum sp_code code = grants_group_of(&h, &a->group, &g, err);

	if (code == SP_E_NOTFOUND) {
		*has = false;
		return SP_OK;
	}
	SP_TRY(code);
	SP_TRY(by_lead(a, &g.lead, &in, err));
	if (in)
		SP_TRY(by_own(a, &in, err));
	*has = in;
	return SP_OK;
}
