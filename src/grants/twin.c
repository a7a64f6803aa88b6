#include "grants/twin_parts.h"

#include <jansson.h>
#include <string.h>

#define SETTLE_AT_ONCE 32 /* in one tick */

const struct sp_id *
grants_twin_house(const struct evidence_room *room)
{
	return &evidence_room_agency(room)->id;
}

struct gate_caller
grants_twin_itself(const struct evidence_room *room)
{
	return (struct gate_caller){
		.agency = *grants_twin_house(room),
		.source = "share",
	};
}

void
grants_twin_put_agency(struct sp_json *j, const char *name,
    struct evidence_site *site, const struct sp_id *id)
{
	struct evidence_room *room;

	if (evidence_site_room_of(site, id, &room, NULL) == SP_OK)
		sp_json_str(j, name, evidence_room_agency(room)->slug);
	else
		sp_json_id_or_null(j, name, id);
}

/* --- entries --- */

/* What an entry says of its twin; without an entry of the other's: leaf NULL.
 */
struct said {
	const struct people_agency *other;
	const struct sp_id *id;
	uint64_t index;
	const struct ledger_hash *leaf;
};

static void
put_said(struct sp_json *j, const struct said *s)
{
	sp_json_object(j, "twin");
	sp_json_id(j, "agency", &s->other->id);
	sp_json_id(j, "id", s->id);
	if (s->leaf != NULL) {
		sp_json_int(j, "index", (int64_t)s->index);
		sp_json_hex(j, "leaf", s->leaf->b, LEDGER_HASH_LEN);
	}
	sp_json_str(j, "log", s->other->vkey.name);
	sp_json_end(j);
}

/* The object `detail` (NULL: {}) with the member "twin", canonical again:
 * members are sorted, and what entries hold is ASCII. */
static enum sp_code
detail_with(const char *detail, const struct said *s, struct sp_buf *out,
    struct sp_err *err)
{
	SP_AUTO_BUF twin = sp_buf_new(GRANTS_TWIN_DETAIL);
	struct sp_json j = sp_json_to(&twin);
	json_t *all = json_loads(detail == NULL ? "{}" : detail, 0, NULL);
	json_t *mine;
	char *text = NULL;

	sp_json_object(&j, NULL);
	put_said(&j, s);
	sp_json_end(&j);
	mine = json_loads(sp_buf_str(&twin), 0, NULL);
	if (all != NULL && mine != NULL && json_object_update(all, mine) == 0)
		text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(all);
	json_decref(mine);
	if (text == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a twin");
	sp_buf_clear(out);
	sp_buf_text(out, text);
	free(text);
	return sp_buf_check(out, "detail", err);
}

/* Kinds of actors are static where entries are written. */
static enum sp_code
append(struct ledger_tx *tx, const struct grants_twin_row *r,
    const struct people_agency *house, struct ledger_entry *e,
    struct sp_err *err)
{
	e->act = r->act;
	e->actor_kind = r->actor_kind;
	e->actor = r->actor;
	e->agency = house->id;
	e->object_kind = r->object_kind;
	e->object = r->object;
	e->outcome = LEDGER_DONE;
	e->detail = sp_buf_str(&r->detail);
	return ledger_tx_append(tx, e, NULL, err);
}

/* --- the first house does it --- */

struct begin {
	const struct grants_twin_act *act;
	struct sp_id id;
	uint64_t entry;
};

static void
word(char *out, size_t room, const char *s)
{
	int n = snprintf(out, room, "%s", s);

	SP_REQUIRE(n > 0 && (size_t)n < room);
}

static enum sp_code
row_of(const struct begin *b, const struct grants_twin_act *a,
    struct grants_twin_row *r, struct sp_err *err)
{
	const struct people_agency *other = evidence_room_agency(a->second);
	const struct said said = { .other = other, .id = &b->id };
	const char *kind;

	r->id = b->id;
	r->other = other->id;
	r->object = a->object;
	r->actor = gate_caller_actor(a->who, &kind);
	r->at = sp_now();
	word(r->kind, sizeof(r->kind), a->kind->name);
	word(r->actor_kind, sizeof(r->actor_kind), kind);
	word(r->act, sizeof(r->act), a->act);
	word(r->object_kind, sizeof(r->object_kind), a->object_kind);
	sp_buf_text(&r->body, a->body == NULL ? "{}" : a->body);
	SP_TRY(sp_buf_check(&r->body, "what the other house is told", err));
	return detail_with(a->detail, &said, &r->detail, err);
}

static enum sp_code
begin_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct begin *b = arg;
	struct grants_twin_act a = *b->act;
	GRANTS_AUTO_TWIN r;
	struct ledger_entry e = { .source = a.who->source };

	grants_twin_row_init(&r);
	if (a.here != NULL)
		SP_TRY(a.here(tx, &a, err));
	SP_TRY(row_of(b, &a, &r, err));
	e.at = r.at;
	e.address = a.who->address[0] == '\0' ? NULL : a.who->address;
	r.entry = ledger_tx_size(tx);
	b->entry = r.entry;
	SP_TRY(append(tx, &r, evidence_room_agency(a.first), &e, err));
	return grants_twin_row_first(ledger_tx_db(tx), &r, err);
}

/* --- an entry that is in a log, with its proof --- */

struct proven {
	struct sp_buf entry, proof;
	struct grants_twin_other is;
};

static void
proven_done(struct proven *p)
{
	sp_buf_free(&p->entry);
	sp_buf_free(&p->proof);
}
#define AUTO_PROVEN SP_CLEANUP(proven_done) struct proven

/* Whoever is given it does not take the other house's word: it is checked
 * against that house's key as the site's book has it. */
static enum sp_code
prove(struct evidence_room *r, uint64_t index, struct proven *out,
    struct sp_err *err)
{
	struct ledger_log *log = evidence_room_log(r);
	DB_LENT(reader, evidence_room_readers(r));

	out->entry = sp_buf_new(LEDGER_ENTRY_MAX);
	out->proof = sp_buf_new((size_t)1 << 16);
	SP_TRY(ledger_log_entry(log, reader.db, index, &out->entry, err));
	SP_TRY(ledger_log_proof(log, index, &out->proof, err));
	SP_TRY(ledger_proof_check(&evidence_room_agency(r)->vkey,
	    sp_buf_str(&out->proof), out->proof.len, out->entry.at,
	    out->entry.len, NULL, NULL, err));
	out->is = (struct grants_twin_other){
		.index = index,
		.entry = out->entry.at,
		.len = out->entry.len,
		.proof = sp_buf_str(&out->proof),
	};
	ledger_merkle_leaf(out->entry.at, out->entry.len, &out->is.leaf);
	return SP_OK;
}

/* --- the second house is told --- */

struct finish {
	struct evidence_room *first, *second;
	const struct grants_twin_kind *kind;
	/* What the steps hand on, from one to the next. */
	const struct grants_twin_row *row; /* the first's */
	const struct grants_twin_other *other;
	uint64_t entry; /* where the second has it */
};

static enum sp_code
told_apply(struct ledger_tx *tx, const struct finish *f, struct sp_err *err)
{
	const struct grants_twin_row *r = f->row;
	const struct grants_twin_told told = {
		.id = r->id,
		.first = evidence_room_agency(f->first)->id,
		.second = evidence_room_agency(f->second)->id,
		.object = r->object,
		.at = r->at,
		.act = r->act,
		.body = sp_buf_str(&r->body),
	};

	return f->kind->apply(tx, &told, err);
}

static enum sp_code
told_insert(struct ledger_tx *tx, struct finish *f, struct sp_err *err)
{
	const struct people_agency *first = evidence_room_agency(f->first);
	const struct said said = {
		.other = first,
		.id = &f->row->id,
		.index = f->other->index,
		.leaf = &f->other->leaf,
	};
	struct ledger_entry e = { .at = sp_now(), .source = "twin" };
	struct grants_twin_row r = *f->row;
	SP_AUTO_BUF detail = sp_buf_new(GRANTS_TWIN_DETAIL);

	SP_TRY(detail_with(sp_buf_str(&f->row->detail), &said, &detail, err));
	/* Everything else is the first's; nothing here owns it. */
	r.detail = detail;
	r.other = first->id;
	r.entry = ledger_tx_size(tx);
	f->entry = r.entry;
	SP_TRY(append(tx, &r, evidence_room_agency(f->second), &e, err));
	return grants_twin_row_second(ledger_tx_db(tx), &r, f->other, err);
}

static enum sp_code
told_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct finish *f = arg;
	GRANTS_AUTO_TWIN before;
	enum sp_code code;

	grants_twin_row_init(&before);
	code =
	    grants_twin_row_load(ledger_tx_db(tx), &f->row->id, &before, NULL);
	if (code == SP_OK)
		f->entry = before.entry; /* told before, by one who died */
	if (code != SP_E_NOTFOUND)
		return code == SP_OK
		    ? SP_OK
		    : sp_fail(err, code, "a twin cannot be read");
	SP_TRY(told_apply(tx, f, err));
	return told_insert(tx, f, err);
}

/* --- the first is told where the second has it --- */

static enum sp_code
joined_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct finish *f = arg;
	const struct people_agency *house = evidence_room_agency(f->first);
	const struct said said = {
		.other = evidence_room_agency(f->second),
		.id = &f->row->id,
		.index = f->other->index,
		.leaf = &f->other->leaf,
	};
	struct ledger_entry e = {
		.act = "twin.joined",
		.actor_kind = "site",
		.actor = house->id,
		.agency = house->id,
		.at = sp_now(),
		.object_kind = f->row->object_kind,
		.object = f->row->object,
		.outcome = LEDGER_DONE,
		.source = "twin",
	};
	SP_AUTO_BUF act = sp_buf_new(128),
		    detail = sp_buf_new(GRANTS_TWIN_DETAIL);
	bool changed = false;

	SP_TRY(grants_twin_row_join(
	    ledger_tx_db(tx), &f->row->id, f->other, &changed, err));
	if (!changed)
		return SP_OK;
	sp_buf_fmt(&act, "{\"act\":\"%s\"}", f->row->act);
	SP_TRY(detail_with(sp_buf_str(&act), &said, &detail, err));
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

static enum sp_code
load(struct evidence_room *room, const struct sp_id *id,
    struct grants_twin_row *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	return grants_twin_row_load(reader.db, id, out, err);
}

/* Everything but the beginning; each step knows when it was done already. */
static enum sp_code
finish(const struct finish *what, const struct sp_id *id, struct sp_err *err)
{
	struct finish f = *what;
	GRANTS_AUTO_TWIN row;
	AUTO_PROVEN one = { .is = { .index = 0 } };
	AUTO_PROVEN two = { .is = { .index = 0 } };

	grants_twin_row_init(&row);
	SP_TRY(load(f.first, id, &row, err));
	if (row.whole)
		return SP_OK;
	f.row = &row;
	SP_TRY(prove(f.first, row.entry, &one, err));
	f.other = &one.is;
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(f.second), told_run, &f, err));
	SP_TRY(prove(f.second, f.entry, &two, err));
	f.other = &two.is;
	return ledger_writer_run(
	    evidence_room_writer(f.first), joined_run, &f, err);
}

struct failed {
	const struct sp_id *id;
	const char *problem;
};

static enum sp_code
failed_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct failed *f = arg;

	return grants_twin_row_failed(
	    ledger_tx_db(tx), f->id, sp_now(), f->problem, err);
}

/* Finish, or note why not. */
static enum sp_code
try_finish(const struct finish *f, const struct sp_id *id, struct sp_err *err)
{
	struct sp_err why = { .code = SP_OK };
	enum sp_code code = finish(f, id, &why);
	struct failed note = { .id = id, .problem = why.text };

	if (code == SP_OK)
		return SP_OK;
	/* Where it cannot be noted it is due at once. */
	SP_IGNORE(ledger_writer_run(
	    evidence_room_writer(f->first), failed_run, &note, NULL));
	return sp_fail(err, code, "%s", why.text);
}

enum sp_code
grants_twin_run(const struct grants_twin_act *a, struct grants_twin_done *out,
    struct sp_err *err)
{
	struct begin b = { .act = a, .id = sp_id_new() };
	const struct finish f = {
		.first = a->first,
		.second = a->second,
		.kind = a->kind,
	};
	struct grants_twin_done done;

	SP_REQUIRE(a->first != a->second);
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(a->first), begin_run, &b, err));
	done = (struct grants_twin_done){
		.id = b.id,
		.entry = b.entry,
		.whole = try_finish(&f, &b.id, NULL) == SP_OK,
	};
	if (out != NULL)
		*out = done;
	return SP_OK;
}

/* --- going on --- */

static enum sp_code
settle_one(struct evidence_site *site, struct evidence_room *first,
    const struct grants_twin_kind *kind, const struct sp_id *id,
    struct sp_err *err)
{
	struct finish f = { .first = first, .kind = kind };
	GRANTS_AUTO_TWIN row;

	grants_twin_row_init(&row);
	SP_TRY(load(first, id, &row, err));
	SP_TRY(evidence_site_room_of(site, &row.other, &f.second, err));
	return try_finish(&f, id, err);
}

static enum sp_code
next_due(struct evidence_room *room, const struct grants_twin_due *q,
    struct sp_id *io, bool *found, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	return grants_twin_row_due(reader.db, q, io, found, err);
}

/* Each of one kind that is due once, oldest first; the first failure, when all
 * have been tried. */
static enum sp_code
settle_kind(struct evidence_site *site, struct evidence_room *first,
    const struct grants_twin_kind *kind, sp_time now, struct sp_err *err)
{
	const struct grants_twin_due q = { kind->name, now };
	struct sp_id at = { .b = { 0 } };
	enum sp_code bad = SP_OK;

	for (size_t i = 0; i < SETTLE_AT_ONCE; i++) {
		enum sp_code code;
		bool found = false;

		SP_TRY(next_due(first, &q, &at, &found, err));
		if (!found)
			break;
		code = settle_one(
		    site, first, kind, &at, bad == SP_OK ? err : NULL);
		bad = bad == SP_OK ? code : bad;
	}
	return bad;
}

static enum sp_code
settle(struct evidence_site *site, struct evidence_room *first,
    const struct grants_twin_kinds *kinds, sp_time now, struct sp_err *err)
{
	enum sp_code bad = SP_OK;

	for (size_t i = 0; i < kinds->n; i++) {
		enum sp_code code = settle_kind(site, first, kinds->kind[i],
		    now, bad == SP_OK ? err : NULL);

		bad = bad == SP_OK ? code : bad;
	}
	return bad;
}

void
grants_twin_settle(struct evidence_site *site, struct evidence_room *first,
    const struct grants_twin_kinds *kinds)
{
	/* Each failure is noted in its row. */
	SP_IGNORE(settle(site, first, kinds, sp_now(), NULL));
}

enum sp_code
grants_twin_settle_now(struct evidence_site *site, struct evidence_room *first,
    const struct grants_twin_kinds *kinds, struct sp_err *err)
{
	return settle(site, first, kinds, SP_TIME_MAX, err);
}
