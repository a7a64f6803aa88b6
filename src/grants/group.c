#include "gate/once.h"
#include "grants/group_parts.h"

#include <string.h>

const struct grants_member *
grants_group_member(const struct grants_group *g, const struct sp_id *agency)
{
	for (size_t i = 0; i < g->n; i++)
		if (sp_id_equal(&g->member[i].agency, agency))
			return &g->member[i];
	return NULL;
}

struct grants_member *
grants_group_member_mut(struct grants_group *g, const struct sp_id *agency)
{
	for (size_t i = 0; i < g->n; i++)
		if (sp_id_equal(&g->member[i].agency, agency))
			return &g->member[i];
	return NULL;
}

void
grants_group_detail(
    const struct grants_group *g, const struct sp_id *about, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);

	sp_buf_clear(out);
	sp_json_object(&j, NULL);
	sp_json_id(&j, "agency", about);
	sp_json_id(&j, "lead", &g->lead);
	sp_json_int(&j, "version", (int64_t)g->version);
	sp_json_end(&j);
}

enum sp_code
grants_group_must_lead(const struct grants_group *g, const struct sp_id *agency,
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

void
grants_group_cut(const struct grants_house *h, const struct grants_group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct evidence_room *room;

		if (evidence_site_room_of(
			h->site, &g->member[i].agency, &room, NULL) == SP_OK)
			evidence_room_cut(room, &g->id);
	}
}

enum sp_code
grants_group_of(const struct grants_house *h, const struct sp_id *id,
    struct grants_group *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(h->room));

	return grants_group_load(reader.db, id, out, err);
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

enum sp_code
grants_group_pace(
    struct db *db, const struct grants_group *g, struct sp_err *err)
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
grants_group_entry(struct ledger_tx *tx, const struct grants_house *h,
    const char *act, const struct grants_group *g, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(512);
	struct ledger_entry e = gate_entry(h->who, act, "group", &g->id);

	grants_group_detail(g, grants_twin_house(h->room), &detail);
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
	SP_TRY(
	    grants_group_row_count(db, grants_twin_house(f->h->room), &n, err));
	if (n >= GRANTS_GROUPS)
		return sp_fail_as(err, SP_E_LIMIT, "group.many",
		    "an agency leads at most %d groups", GRANTS_GROUPS);
	SP_TRY(grants_group_pace(db, f->g, err));
	SP_TRY(grants_group_row_put(db, f->g, err));
	return grants_group_entry(tx, f->h, "group.formed", f->g, err);
}

enum sp_code
grants_group_form(const struct grants_house *h,
    const struct grants_group_new *n, struct sp_id *id, struct sp_err *err)
{
	struct grants_group g = {
		.id = sp_id_new(),
		.lead = *grants_twin_house(h->room),
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

/* --- ending --- */

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
	SP_TRY(
	    grants_group_must_lead(&e->g, grants_twin_house(e->h->room), err));
	e->g.ended = true;
	e->g.version++;
	SP_TRY(grants_group_row_put(db, &e->g, err));
	return grants_group_entry(tx, e->h, "group.ended", &e->g, err);
}

enum sp_code
grants_group_end(
    const struct grants_house *h, const struct sp_id *group, struct sp_err *err)
{
	struct ending e = { .h = h, .group = group };

	SP_TRY(
	    ledger_writer_run(evidence_room_writer(h->room), end_run, &e, err));
	grants_group_cut(h, &e.g);
	grants_group_go_on(h->site, h->room);
	return SP_OK;
}
