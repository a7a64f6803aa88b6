#include "grants/group_parts.h"

/* What the lead does, told to one member after the other; and what whoever is
 * told does with it. */
#define TELL_AT_ONCE 64

void
grants_group_telling_done(struct grants_group_telling *t)
{
	sp_buf_free(&t->detail);
	sp_buf_free(&t->body);
}

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
change_here(struct db *db, const struct grants_group_telling *t,
    const struct sp_id *lead, struct grants_group *io, struct sp_err *err)
{
	if (t->change == NULL)
		return SP_OK;
	SP_TRY(grants_group_must_lead(io, lead, err));
	SP_TRY(t->change(io, &t->agency, err));
	/* Taking out waits for nothing. */
	if (grants_group_member(io, &t->agency)->in)
		SP_TRY(grants_group_pace(db, io, err));
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
put_telling(const struct grants_group *g, struct grants_group_telling *t,
    struct sp_err *err)
{
	grants_group_detail(g, &t->agency, &t->detail);
	SP_TRY(sp_buf_check(&t->detail, "detail", err));
	sp_buf_clear(&t->body);
	grants_group_row_tell(g, &t->body);
	return sp_buf_check(&t->body, "group", err);
}

static enum sp_code
tell_here(struct ledger_tx *tx, struct grants_twin_act *io, struct sp_err *err)
{
	struct grants_group_telling *t = io->arg;
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

enum sp_code
grants_group_tell(const struct grants_house *h, struct grants_group_telling *t,
    struct sp_err *err)
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
	struct gate_caller who = grants_twin_itself(room);
	const struct grants_house h = { site, room, &who };

	for (int i = 0; i < TELL_AT_ONCE; i++) {
		struct sp_id group = { .b = { 0 } };
		GRANTS_AUTO_TELLING t = { .group = &group };
		bool found = false;

		/* What fails is due again at the next call. */
		if (next_untold(room, &group, &t.agency, &found, NULL) !=
			SP_OK ||
		    !found || grants_group_tell(&h, &t, NULL) != SP_OK)
			return;
	}
}

/* --- being told --- */

/* The lead hears that a member left, whatever became of it meanwhile. */
static enum sp_code
apply_left(struct db *db, const struct grants_twin_told *told,
    struct grants_group *g, struct sp_err *err)
{
	struct grants_member *m = grants_group_member_mut(g, &told->first);

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
