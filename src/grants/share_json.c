#include "grants/share.h"

#include "grants/share_row.h"
#include "people/person.h"

#include <jansson.h>
#include <string.h>

#define TWINS 256 /* of one share or group, told at once: the latest */

static const struct db_sql given = {
	"SELECT id FROM (SELECT id FROM share UNION ALL"
	" SELECT id FROM share_known WHERE side = 'by')"
	" WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
};
static const struct db_sql received = {
	"SELECT id FROM share_known WHERE side = 'to' AND id < ?1"
	" ORDER BY id DESC LIMIT ?2",
};
static const struct db_sql of_person = {
	"SELECT id FROM share WHERE to_id = ?3 AND to_kind = 'person'"
	" AND id < ?1 ORDER BY id DESC LIMIT ?2",
};
static const struct db_sql parties = {
	"SELECT agency, declined, told, side FROM share_party"
	" WHERE share = ?1 ORDER BY agency",
};
static const struct db_sql twin_entries = {
	"SELECT entry FROM (SELECT id, entry FROM twin WHERE object = ?1"
	" ORDER BY id DESC LIMIT ?2) ORDER BY id",
};

/* --- one share --- */

struct shown {
	const struct grants_house *h;
	struct db *db;
	struct grants_terms terms;
	struct sp_buf text;
	bool own;   /* this house's evidence */
	bool by;    /* this house shared it on */
	bool whole; /* with all ids */
	enum grants_state state;
};

static void
shown_done(struct shown *s)
{
	grants_terms_done(&s->terms);
	sp_buf_free(&s->text);
}
#define AUTO_SHOWN SP_CLEANUP(shown_done) struct shown

static enum sp_code
shown_state(struct shown *s, const struct sp_id *id, struct sp_err *err)
{
	struct grants_share_row r;
	struct grants_known k;
	enum sp_code code = grants_share_row_load(s->db, id, &r, err);

	s->own = code == SP_OK;
	if (s->own) {
		s->state = r.state;
	} else {
		if (code != SP_E_NOTFOUND)
			return code;
		SP_TRY(grants_share_row_known(s->db, id, &k, err));
		s->by = k.by;
		s->state = k.declined && k.state == GRANTS_ACTIVE
		    ? GRANTS_DECLINED
		    : k.state;
	}
	return SP_OK;
}

static enum sp_code
shown_load(struct shown *s, const struct sp_id *id, struct sp_err *err)
{
	json_auto_t *in = NULL;

	s->text = sp_buf_new(GRANTS_TERMS_MAX);
	SP_TRY(shown_state(s, id, err));
	SP_TRY(grants_share_row_terms(s->db, id, &s->text, err));
	in = json_loads(sp_buf_str(&s->text), 0, NULL);
	if (in == NULL)
		return sp_fail(err, SP_E_CORRUPT, "terms are not JSON");
	SP_TRY(grants_terms_read(in, &s->terms, err));
	if (s->state == GRANTS_ACTIVE && gate_token_expired(s->terms.until))
		s->state = GRANTS_ENDED;
	return SP_OK;
}

static void
put_what(struct sp_json *j, const struct shown *s)
{
	const struct grants_terms *t = &s->terms;

	if (t->category[0] != '\0' || !s->whole) {
		sp_json_null(j, "evidence");
		return;
	}
	sp_json_array(j, "evidence");
	for (size_t i = 0; i < t->n; i++)
		sp_json_id(j, NULL, &t->item[i]);
	sp_json_end(j);
}

static enum sp_code
put_parties(struct sp_json *j, const struct shown *s, struct sp_err *err)
{
	DB_STMT st = db_use(s->db, &parties);
	bool found = s->own;
	struct sp_id agency;

	db_bind_blob(st, 1, s->terms.id.b, SP_ID_LEN);
	sp_json_array(j, "parties");
	while (found) {
		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(db_col_bytes(st, 0, agency.b, SP_ID_LEN, err));
		sp_json_object(j, NULL);
		grants_twin_put_agency(j, "agency", s->h->site, &agency);
		sp_json_str(j, "side", db_col_text(st, 3));
		if (db_col_null(st, 2))
			sp_json_null(j, "state");
		else
			sp_json_str(j, "state", db_col_text(st, 2));
		sp_json_end(j);
	}
	sp_json_end(j);
	return SP_OK;
}

static void
put_to_name(struct sp_json *j, const struct shown *s)
{
	const struct grants_terms *t = &s->terms;
	struct people_person p;
	struct grants_group g;

	if (t->to == GRANTS_TO_AGENCY)
		grants_twin_put_agency(j, "name", s->h->site, &t->to_id);
	else if (t->to == GRANTS_TO_GROUP &&
	    grants_group_load(s->db, &t->to_id, &g, NULL) == SP_OK)
		sp_json_str(j, "name", g.name);
	else if (t->to == GRANTS_TO_PERSON &&
	    people_person_by_id(s->db, &t->to_id, &p, NULL) == SP_OK)
		sp_json_str(j, "name", p.name);
	else
		sp_json_null(j, "name");
}

static void
put_sum(struct sp_json *j, const struct shown *s)
{
	const struct crypto_piece piece = { s->text.at, s->text.len };
	uint8_t sum[CRYPTO_SHA256_LEN];

	crypto_sha256_of(&piece, 1, sum);
	sp_json_hex(j, "terms_sha256", sum, sizeof(sum));
}

static enum sp_code
put_share(struct sp_json *j, const struct shown *s, struct sp_err *err)
{
	const struct grants_terms *t = &s->terms;
	bool category = t->category[0] != '\0';

	sp_json_object(j, NULL);
	sp_json_str(j, "access", t->download ? "download" : "view");
	if (category)
		sp_json_str(j, "category", t->category);
	else
		sp_json_null(j, "category");
	sp_json_str(j, "direction",
	    s->own      ? "given"
		: s->by ? "passed"
			: "received");
	put_what(j, s);
	sp_json_time(j, "granted_at", t->granted);
	sp_json_id(j, "id", &t->id);
	if (category)
		sp_json_null(j, "items");
	else
		sp_json_int(j, "items", (int64_t)t->n);
	grants_twin_put_agency(j, "owner", s->h->site, &t->owner);
	sp_json_id_or_null(j, "parent", &t->parent);
	SP_TRY(put_parties(j, s, err));
	sp_json_str(j, "reason", t->reason);
	sp_json_bool(j, "reshare", t->reshare);
	grants_twin_put_agency(j, "sharer", s->h->site, &t->sharer);
	sp_json_str(j, "state", grants_terms_state_name(s->state));
	put_sum(j, s);
	sp_json_object(j, "to");
	sp_json_id_or_null(j, "id", &t->to_id);
	sp_json_str(j, "kind", grants_terms_to_name(t->to));
	put_to_name(j, s);
	sp_json_end(j);
	sp_json_time(j, "until", t->until);
	sp_json_end(j);
	return SP_OK;
}

static enum sp_code
no_share(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_NOTFOUND, "share.unknown", "there is no such share");
}

enum sp_code
grants_share_json(const struct grants_house *h, const struct sp_id *id,
    const struct sp_id *person, struct sp_buf *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(h->room));
	AUTO_SHOWN s = { .h = h, .db = reader.db, .whole = true };
	struct sp_json j = sp_json_to(out);

	SP_TRY(shown_load(&s, id, err));
	if (person != NULL &&
	    (!s.own || s.terms.to != GRANTS_TO_PERSON ||
		!sp_id_equal(&s.terms.to_id, person)))
		return no_share(err);
	SP_TRY(put_share(&j, &s, err));
	return sp_buf_check(out, "share", err);
}

/* --- lists --- */

static enum sp_code
put_listed(struct sp_json *j, const struct grants_house *h, struct db *db,
    const struct sp_id *id, struct sp_err *err)
{
	AUTO_SHOWN s = { .h = h, .db = db };

	SP_TRY(shown_load(&s, id, err));
	return put_share(j, &s, err);
}

struct page {
	const struct grants_house *h;
	struct db *db;
	struct db_stmt *st;
	size_t n;
	struct sp_id last;
	bool more;
};

static enum sp_code
put_page(struct sp_json *j, struct page *p, struct sp_err *err)
{
	struct sp_id id;
	bool found = false;

	for (size_t i = 0;; i++) {
		SP_TRY(db_row(p->st, &found, err));
		p->more = found && i == p->n;
		if (!found || p->more)
			return SP_OK;
		SP_TRY(db_col_bytes(p->st, 0, id.b, SP_ID_LEN, err));
		SP_TRY(put_listed(j, p->h, p->db, &id, err));
		p->last = id;
	}
}

enum sp_code
grants_share_list_json(const struct grants_house *h,
    const struct grants_share_list *q, struct sp_buf *out, struct sp_err *err)
{
	const struct db_sql *sql = q->person != NULL ? &of_person
	    : q->received                            ? &received
						     : &given;
	DB_LENT(reader, evidence_room_readers(h->room));
	DB_STMT st = db_use(reader.db, sql);
	struct sp_json j = sp_json_to(out);
	struct page page = { .h = h, .db = reader.db, .st = st, .n = q->n };
	struct sp_id before;

	memset(before.b, 0xff, SP_ID_LEN);
	if (q->cursor != NULL &&
	    !sp_id_parse(q->cursor, strlen(q->cursor), &before))
		return sp_fail_as(err, SP_E_INVALID, "query",
		    "cursor is not one that a page before gave");
	db_bind_blob(st, 1, before.b, SP_ID_LEN);
	db_bind_u64(st, 2, q->n + 1);
	if (q->person != NULL)
		db_bind_blob(st, 3, q->person->b, SP_ID_LEN);
	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	SP_TRY(put_page(&j, &page, err));
	sp_json_end(&j);
	if (page.more)
		sp_json_id(&j, "next", &page.last);
	else
		sp_json_null(&j, "next");
	sp_json_end(&j);
	return sp_buf_check(out, "shares", err);
}

/* --- what a stranger checks --- */

static enum sp_code
put_own(struct sp_json *j, struct evidence_room *room, struct db *db,
    uint64_t index, struct sp_err *err)
{
	struct ledger_log *log = evidence_room_log(room);
	SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
	SP_AUTO_BUF proof = sp_buf_new((size_t)1 << 16);

	SP_TRY(ledger_log_entry(log, db, index, &entry, err));
	SP_TRY(ledger_log_proof(log, index, &proof, err));
	sp_json_object(j, NULL);
	sp_json_str(j, "body", sp_buf_str(&entry));
	sp_json_int(j, "index", (int64_t)index);
	sp_json_str(j, "proof", sp_buf_str(&proof));
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
grants_share_proof_json(const struct grants_house *h, const struct sp_id *id,
    struct sp_buf *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(h->room));
	DB_STMT st = db_use(reader.db, &twin_entries);
	SP_AUTO_BUF terms = sp_buf_new(GRANTS_TERMS_MAX);
	struct sp_json j = sp_json_to(out);
	enum sp_code code;
	bool found = false;

	code = grants_share_row_terms(reader.db, id, &terms, err);
	if (code != SP_OK && code != SP_E_NOTFOUND)
		return code;
	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_u64(st, 2, TWINS);
	sp_json_object(&j, NULL);
	sp_json_id(&j, "id", id);
	sp_json_array(&j, "own");
	for (;;) {
		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(put_own(
		    &j, h->room, reader.db, (uint64_t)db_col_i64(st, 0), err));
	}
	sp_json_end(&j);
	if (code == SP_OK)
		sp_json_str(&j, "terms", sp_buf_str(&terms));
	else
		sp_json_null(&j, "terms");
	SP_TRY(grants_twin_json(&j, "twins", reader.db, id, TWINS, err));
	sp_json_end(&j);
	return sp_buf_check(out, "proof", err);
}
