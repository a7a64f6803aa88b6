#include "gate/once.h"
#include "grants/group_row.h"
#include "people/person.h"

#include <jansson.h>
#include <string.h>

#define TELL_AT_ONCE 64

const struct grants_member *
grants_group_member(const struct grants_group *g, const struct sp_id *agency)
{
	for (size_t i = 0; i < g->n; i++)
		if (sp_id_equal(&g->member[i].agency, agency))
			return &g->member[i];
	return NULL;
}

static struct grants_member *
member_of(struct grants_group *g, const struct sp_id *agency)
{
	for (size_t i = 0; i < g->n; i++)
		if (sp_id_equal(&g->member[i].agency, agency))
			return &g->member[i];
	return NULL;
}

static const struct sp_id *
own(const struct grants_house *h)
{
	return &evidence_room_agency(h->room)->id;
}

static struct gate_caller
site_of(const struct evidence_room *room)
{
	return (struct gate_caller){
		.agency = evidence_room_agency(room)->id,
		.source = "share",
	};
}

/* What entries say: {"agency":whose membership,"lead":…,"version":…}. */
static void
put_detail(
    const struct grants_group *g, const struct sp_id *about, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);
	char text[SP_ID_TEXT];

	sp_buf_clear(out);
	sp_json_object(&j, NULL);
	sp_id_text(about, text);
	sp_json_str(&j, "agency", text);
	sp_id_text(&g->lead, text);
	sp_json_str(&j, "lead", text);
	sp_json_int(&j, "version", (int64_t)g->version);
	sp_json_end(&j);
}

static enum sp_code
must_lead(const struct grants_group *g, const struct sp_id *agency,
    struct sp_err *err)
{
	if (!sp_id_equal(&g->lead, agency))
		return sp_fail_as(err, SP_E_DENIED, "group.lead",
		    "the agency that leads the group does this");
	if (g->ended)
		return sp_fail_as(
		    err, SP_E_CONFLICT, "group.ended", "the group has ended");
	return SP_OK;
}

/* --- forming --- */

static bool
name_ok(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return false;
	return len > 0 && len <= GRANTS_GROUP_NAME;
}

static enum sp_code
first_members(struct grants_group *g, const struct grants_group_new *n,
    struct sp_err *err)
{
	g->member[g->n++] = (struct grants_member){
		.agency = g->lead,
		.in = true,
		.since = g->formed,
	};
	for (size_t i = 0; i < n->n; i++) {
		if (g->n == GRANTS_GROUP_MEMBERS)
			return sp_fail_as(err, SP_E_INVALID, "group.member",
			    "members: at most %d with the lead",
			    GRANTS_GROUP_MEMBERS);
		if (grants_group_member(g, &n->member[i]) != NULL)
			return sp_fail_as(err, SP_E_INVALID, "group.member",
			    "members: an agency comes twice, or is the lead");
		g->member[g->n++] = (struct grants_member){
			.agency = n->member[i],
			.in = true,
			.since = g->formed,
		};
	}
	return SP_OK;
}

/* Each member but this house is told of it (twin.h). */
static enum sp_code
members_pace(struct db *db, const struct grants_group *g, struct sp_err *err)
{
	struct grants_twin_pair p = { .own = g->lead, .by = g->lead };

	for (size_t i = 0; i < g->n; i++) {
		p.to = g->member[i].agency;
		if (g->member[i].in && !sp_id_equal(&p.to, &g->lead))
			SP_TRY(grants_twin_pace(db, &p, sp_now(), err));
	}
	return SP_OK;
}

struct forming {
	const struct grants_house *h;
	const struct grants_group_new *new;
	struct grants_group *g;
	struct sp_id before; /* what the Idempotency-Key made */
	bool known;
};

static enum sp_code
entry_of(struct ledger_tx *tx, const struct grants_house *h, const char *act,
    const struct grants_group *g, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(512);
	struct ledger_entry e = gate_entry(h->who, act, "group", &g->id);

	put_detail(g, own(h), &detail);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

static enum sp_code
form_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct forming *f = arg;
	struct db *db = ledger_tx_db(tx);
	uint64_t n = 0;

	f->before = f->g->id;
	if (f->new->once != NULL)
		SP_TRY(gate_once_take(
		    tx, f->new->once, &f->before, &f->known, err));
	if (f->known)
		return SP_OK;
	SP_TRY(grants_group_row_count(db, own(f->h), &n, err));
	if (n >= GRANTS_GROUPS)
		return sp_fail_as(err, SP_E_LIMIT, "group.many",
		    "an agency leads at most %d groups", GRANTS_GROUPS);
	SP_TRY(members_pace(db, f->g, err));
	SP_TRY(grants_group_row_put(db, f->g, err));
	return entry_of(tx, f->h, "group.formed", f->g, err);
}

enum sp_code
grants_group_form(const struct grants_house *h,
    const struct grants_group_new *n, struct sp_id *id, struct sp_err *err)
{
	struct grants_group g = {
		.id = sp_id_new(),
		.lead = *own(h),
		.version = 1,
		.formed = sp_now(),
	};
	struct forming f = { .h = h, .new = n, .g = &g };

	if (!name_ok(n->name))
		return sp_fail_as(err, SP_E_INVALID, "group.name",
		    "name: 1 to %d bytes without control characters",
		    GRANTS_GROUP_NAME);
	memcpy(g.name, n->name, strlen(n->name) + 1);
	SP_TRY(first_members(&g, n, err));
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(h->room), form_run, &f, err));
	*id = f.before;
	if (!f.known)
		grants_group_go_on(h->site, h->room);
	return SP_OK;
}

/* --- telling, and changes that one member hears of first --- */

/* A twin of the lead's with one member. */
struct telling {
	const struct sp_id *group;
	struct sp_id agency; /* the member */
	/* NULL: only tell what it was not told. */
	enum sp_code (*change)(struct grants_group *g,
	    const struct sp_id *agency, struct sp_err *err);
	struct sp_buf detail, body;
};

static void
telling_done(struct telling *t)
{
	sp_buf_free(&t->detail);
	sp_buf_free(&t->body);
}
#define AUTO_TELLING SP_CLEANUP(telling_done) struct telling

static const char *
act_for(const struct grants_group *g, const struct grants_member *m)
{
	if (!m->in)
		return "group.left";
	if (g->ended)
		return "group.ended";
	return m->told == 0 ? "group.joined" : "group.changed";
}

/* What the telling begins with, where it changes anything: the lead's act. */
static enum sp_code
change_here(struct db *db, const struct telling *t, const struct sp_id *lead,
    struct grants_group *io, struct sp_err *err)
{
	if (t->change == NULL)
		return SP_OK;
	SP_TRY(must_lead(io, lead, err));
	SP_TRY(t->change(io, &t->agency, err));
	/* Taking out waits for nothing. */
	if (grants_group_member(io, &t->agency)->in)
		SP_TRY(members_pace(db, io, err));
	io->version++;
	return grants_group_row_put(db, io, err);
}

static bool
knows(const struct grants_group *g, const struct grants_member *m)
{
	return m->in ? m->told >= g->version : m->told == 0;
}

/* What the entries say, and what the member is told. */
static enum sp_code
put_telling(const struct grants_group *g, struct telling *t, struct sp_err *err)
{
	put_detail(g, &t->agency, &t->detail);
	SP_TRY(sp_buf_check(&t->detail, "detail", err));
	sp_buf_clear(&t->body);
	grants_group_row_tell(g, &t->body);
	return sp_buf_check(&t->body, "group", err);
}

static enum sp_code
tell_here(struct ledger_tx *tx, struct grants_twin_act *io, struct sp_err *err)
{
	struct telling *t = io->arg;
	struct db *db = ledger_tx_db(tx);
	struct grants_group g;
	const struct grants_member *m;

	SP_TRY(grants_group_load(db, t->group, &g, err));
	SP_TRY(
	    change_here(db, t, &evidence_room_agency(io->first)->id, &g, err));
	m = grants_group_member(&g, &t->agency);
	if (m == NULL || knows(&g, m))
		return sp_fail(err, SP_E_CONFLICT, "told already");
	io->act = act_for(&g, m);
	SP_TRY(grants_group_row_told(
	    db, &g.id, &t->agency, m->in ? g.version : 0, err));
	SP_TRY(put_telling(&g, t, err));
	io->detail = sp_buf_str(&t->detail);
	io->body = sp_buf_str(&t->body);
	return SP_OK;
}

static enum sp_code
tell(const struct grants_house *h, struct telling *t, struct sp_err *err)
{
	struct grants_twin_act a = {
		.first = h->room,
		.who = h->who,
		.kind = &grants_group_kind,
		.act = "group.changed",
		.object_kind = "group",
		.object = *t->group,
		.here = tell_here,
		.arg = t,
	};

	t->detail = sp_buf_new(512);
	t->body = sp_buf_new(GRANTS_TWIN_BODY);
	SP_TRY(evidence_site_room_of(h->site, &t->agency, &a.second, err));
	return grants_twin_run(&a, NULL, err);
}

static enum sp_code
next_untold(struct evidence_room *room, struct sp_id *group,
    struct sp_id *agency, bool *found, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	return grants_group_row_untold(reader.db,
	    &evidence_room_agency(room)->id, group, agency, found, err);
}

void
grants_group_go_on(struct evidence_site *site, struct evidence_room *room)
{
	struct gate_caller who = site_of(room);
	const struct grants_house h = { site, room, &who };

	for (int i = 0; i < TELL_AT_ONCE; i++) {
		struct sp_id group = { .b = { 0 } };
		AUTO_TELLING t = { .group = &group };
		bool found = false;

		/* What fails is due again at the next call. */
		if (next_untold(room, &group, &t.agency, &found, NULL) !=
			SP_OK ||
		    !found || tell(&h, &t, NULL) != SP_OK)
			return;
	}
}

/* --- what ends with a membership --- */

/* Everything that is under way by shares of this group, or by what was made
 * from them, ends: those who are still in it begin again. */
static void
cut_group(const struct grants_house *h, const struct grants_group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct evidence_room *room;

		if (evidence_site_room_of(
			h->site, &g->member[i].agency, &room, NULL) == SP_OK)
			evidence_room_cut(room, &g->id);
	}
}

static enum sp_code
load(const struct grants_house *h, const struct sp_id *id,
    struct grants_group *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(h->room));

	return grants_group_load(reader.db, id, out, err);
}

/* --- the lead's changes --- */

static enum sp_code
change_add(
    struct grants_group *g, const struct sp_id *agency, struct sp_err *err)
{
	struct grants_member *m = member_of(g, agency);

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
	struct grants_member *m = member_of(g, agency);

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
change(const struct grants_house *h, struct telling *t, struct sp_err *err)
{
	if (sp_id_equal(&t->agency, own(h)))
		return sp_fail_as(err, SP_E_CONFLICT, "group.lead",
		    "the lead is in its group, and ends it");
	SP_TRY(tell(h, t, err));
	grants_group_go_on(h->site, h->room);
	return SP_OK;
}

enum sp_code
grants_group_add(const struct grants_house *h, const struct sp_id *group,
    const struct sp_id *agency, struct sp_err *err)
{
	AUTO_TELLING t = { .group = group, .agency = *agency };

	t.change = change_add;
	return change(h, &t, err);
}

enum sp_code
grants_group_remove(const struct grants_house *h, const struct sp_id *group,
    const struct sp_id *agency, struct sp_err *err)
{
	AUTO_TELLING t = { .group = group, .agency = *agency };
	struct grants_group before;

	t.change = change_remove;
	SP_TRY(load(h, group, &before, err));
	SP_TRY(change(h, &t, err));
	cut_group(h, &before);
	return SP_OK;
}

struct ending {
	const struct grants_house *h;
	const struct sp_id *group;
	struct grants_group g;
};

static enum sp_code
end_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct ending *e = arg;
	struct db *db = ledger_tx_db(tx);

	SP_TRY(grants_group_load(db, e->group, &e->g, err));
	SP_TRY(must_lead(&e->g, own(e->h), err));
	e->g.ended = true;
	e->g.version++;
	SP_TRY(grants_group_row_put(db, &e->g, err));
	return entry_of(tx, e->h, "group.ended", &e->g, err);
}

enum sp_code
grants_group_end(
    const struct grants_house *h, const struct sp_id *group, struct sp_err *err)
{
	struct ending e = { .h = h, .group = group };

	SP_TRY(
	    ledger_writer_run(evidence_room_writer(h->room), end_run, &e, err));
	cut_group(h, &e.g);
	grants_group_go_on(h->site, h->room);
	return SP_OK;
}

/* --- a member leaves --- */

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

static enum sp_code
leave_here(struct ledger_tx *tx, struct grants_twin_act *io, struct sp_err *err)
{
	struct telling *t = io->arg;
	struct db *db = ledger_tx_db(tx);
	struct grants_group g;

	SP_TRY(grants_group_load(db, t->group, &g, err));
	if (!in_own(&g, &t->agency))
		return sp_fail_as(err, SP_E_CONFLICT, "group.member",
		    "the agency is not in the group");
	SP_TRY(grants_group_row_left(db, &g.id, sp_now(), err));
	put_detail(&g, &t->agency, &t->detail);
	SP_TRY(sp_buf_check(&t->detail, "detail", err));
	io->detail = sp_buf_str(&t->detail);
	return SP_OK;
}

enum sp_code
grants_group_leave(
    const struct grants_house *h, const struct sp_id *group, struct sp_err *err)
{
	AUTO_TELLING t = {
		.group = group,
		.agency = *own(h),
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

	SP_TRY(load(h, group, &g, err));
	if (sp_id_equal(&g.lead, own(h)))
		return sp_fail_as(err, SP_E_CONFLICT, "group.lead",
		    "the lead does not leave: it ends the group");
	SP_TRY(evidence_site_room_of(h->site, &g.lead, &a.second, err));
	SP_TRY(grants_twin_run(&a, NULL, err));
	cut_group(h, &g);
	grants_group_go_on(h->site, a.second);
	return SP_OK;
}

/* The lead hears that a member left, whatever became of it meanwhile. */
static enum sp_code
apply_left(struct db *db, const struct grants_twin_told *told,
    struct grants_group *g, struct sp_err *err)
{
	struct grants_member *m = member_of(g, &told->first);

	if (m == NULL || !m->in || m->since > told->at)
		return SP_OK;
	m->in = false;
	m->since = sp_now();
	g->version++;
	SP_TRY(grants_group_row_put(db, g, err));
	/* It knows. */
	return grants_group_row_told(db, &g->id, &told->first, 0, err);
}

static enum sp_code
apply_told(struct db *db, const struct grants_twin_told *told,
    const struct grants_group *mine, struct sp_err *err)
{
	struct grants_group g;

	SP_TRY(grants_group_row_told_read(told->body, &g, err));
	if (!sp_id_equal(&g.id, &told->object) ||
	    !sp_id_equal(&g.lead, &told->first))
		return sp_fail_as(err, SP_E_INVALID, "group.told",
		    "a group is told of by the agency that leads it");
	if (mine != NULL &&
	    (!sp_id_equal(&mine->lead, &g.lead) || mine->version >= g.version))
		return SP_OK; /* older than what is known */
	return grants_group_row_put(db, &g, err);
}

static enum sp_code
apply(struct ledger_tx *tx, const struct grants_twin_told *told,
    struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);
	struct grants_group mine;
	enum sp_code code = grants_group_load(db, &told->object, &mine, err);

	if (code == SP_E_NOTFOUND)
		return apply_told(db, told, NULL, err);
	SP_TRY(code);
	if (sp_id_equal(&mine.lead, &told->second))
		return apply_left(db, told, &mine, err);
	return apply_told(db, told, &mine, err);
}

const struct grants_twin_kind grants_group_kind = {
	.name = "group",
	.apply = apply,
};

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
	SP_TRY(load(h, group, &g, err));
	cut_group(h, &g);
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
	code = load(&there, &a->group, &g, err);
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
	enum sp_code code = load(&h, &a->group, &g, err);

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

/* --- as the API tells it --- */

/* The short name; an agency that is gone keeps its id. */
static void
put_agency(struct sp_json *j, const char *name, struct evidence_site *site,
    const struct sp_id *id)
{
	struct evidence_room *room;
	char text[SP_ID_TEXT];

	if (evidence_site_room_of(site, id, &room, NULL) == SP_OK) {
		sp_json_str(j, name, evidence_room_agency(room)->slug);
		return;
	}
	sp_id_text(id, text);
	sp_json_str(j, name, text);
}

static enum sp_code
put_group(struct sp_json *j, const struct grants_house *h, struct db *db,
    const struct sp_id *id, struct sp_err *err)
{
	struct grants_group g;
	char text[SP_ID_TEXT];

	SP_TRY(grants_group_load(db, id, &g, err));
	sp_json_object(j, NULL);
	sp_json_bool(j, "ended", g.ended);
	sp_json_time(j, "formed_at", g.formed);
	sp_id_text(&g.id, text);
	sp_json_str(j, "id", text);
	put_agency(j, "lead", h->site, &g.lead);
	sp_json_array(j, "members");
	for (size_t i = 0; i < g.n; i++) {
		const struct grants_member *m = &g.member[i];
		bool mine = sp_id_equal(&m->agency, own(h));

		sp_json_object(j, NULL);
		put_agency(j, "agency", h->site, &m->agency);
		sp_json_bool(j, "in", m->in && (!mine || m->since > g.left));
		sp_json_time(j, "since", m->since);
		sp_json_end(j);
	}
	sp_json_end(j);
	sp_json_str(j, "name", g.name);
	SP_TRY(grants_group_row_persons_json(j, "persons", db, id, err));
	sp_json_int(j, "version", (int64_t)g.version);
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
grants_group_json(const struct grants_house *h, const struct sp_id *id,
    struct sp_buf *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(h->room));
	struct sp_json j = sp_json_to(out);

	SP_TRY(put_group(&j, h, reader.db, id, err));
	return sp_buf_check(out, "group", err);
}

enum sp_code
grants_group_list_json(const struct grants_house *h, const struct sp_id *after,
    uint64_t most, struct sp_buf *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(h->room));
	struct sp_json j = sp_json_to(out);
	struct sp_id last = *after, id = last;
	char next[SP_ID_TEXT];
	bool found = false;

	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	SP_TRY(grants_group_row_next(reader.db, &last, &id, &found, err));
	for (; found && most > 0; most--) {
		SP_TRY(put_group(&j, h, reader.db, &id, err));
		last = id;
		SP_TRY(
		    grants_group_row_next(reader.db, &last, &id, &found, err));
	}
	sp_json_end(&j);
	sp_id_text(&last, next);
	if (found)
		sp_json_str(&j, "next", next);
	else
		sp_json_null(&j, "next");
	sp_json_end(&j);
	return sp_buf_check(out, "groups", err);
}
