#include "gate/token.h"
#include "grants/guest.h"
#include "grants/lockbox_parts.h"

#include <jansson.h>
#include <string.h>

#define COLUMNS                                                                \
	"asked, state, due, security, quorum, approvals, started, until,"      \
	" ended, ended_by, reason, reviewed, reviewer, finding, note"

static const struct db_sql lockbox_load = {
	"SELECT " COLUMNS " FROM lockbox WHERE id = ?1",
};
static const struct db_sql lockbox_insert = {
	"INSERT INTO lockbox(" COLUMNS ", id) VALUES(?1, ?2, ?3, ?4, ?5, ?6,"
	" ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
};
static const struct db_sql lockbox_update = {
	"UPDATE lockbox SET asked = ?1, state = ?2, due = ?3, security = ?4,"
	" quorum = ?5, approvals = ?6, started = ?7, until = ?8, ended = ?9,"
	" ended_by = ?10, reason = ?11, reviewed = ?12, reviewer = ?13,"
	" finding = ?14, note = ?15 WHERE id = ?16",
};
static const struct db_sql lockbox_open = {
	"SELECT count(*) FROM lockbox WHERE state IN"
	" ('Initializing', 'Pending', 'Approving', 'Approved')",
};
static const struct db_sql lockbox_ids = {
	"SELECT id FROM lockbox WHERE (?1 IS NULL OR id < ?1)"
	" AND (?2 IS NULL OR state = ?2) ORDER BY id DESC LIMIT ?3",
};
static const struct db_sql lockbox_ways = {
	"SELECT id FROM lockbox WHERE (?1 IS NULL OR id < ?1)"
	" AND asked ->> '$.requester.id' = ?2 ORDER BY id DESC LIMIT ?3",
};
static const struct db_sql lockbox_due = {
	"SELECT id FROM lockbox WHERE id > ?2 AND ((state IN"
	" ('Initializing', 'Pending', 'Approving') AND due <= ?1)"
	" OR (state = 'Approved' AND until <= ?1)) ORDER BY id LIMIT 1",
};
static const struct db_sql approval_insert = {
	"INSERT INTO lockbox_approval(request, person, at) VALUES(?1, ?2, ?3)",
};
static const struct db_sql approval_each = {
	"SELECT person, at FROM lockbox_approval WHERE request = ?1"
	" ORDER BY at, person",
};
static const struct db_sql touch_last = {
	"SELECT max(CASE WHEN evidence = ?2 THEN last END), count(*) > 0"
	" FROM lockbox_touch WHERE request = ?1 AND token = ?3",
};
static const struct db_sql touch_put = {
	"INSERT INTO lockbox_touch(request, evidence, token, person, first,"
	" last, times) VALUES(?1, ?2, ?3, ?4, ?5, ?5, 1)"
	" ON CONFLICT(request, evidence, token) DO UPDATE"
	" SET last = excluded.last, times = times + 1",
};
static const struct db_sql touch_each = {
	"SELECT evidence, min(first), max(last), sum(times)"
	" FROM lockbox_touch WHERE request = ?1 GROUP BY evidence"
	" ORDER BY min(first), evidence LIMIT 1000",
};

void
grants_lockbox_row_init(struct grants_lockbox_row *r)
{
	memset(r, 0, sizeof(*r));
	r->text = sp_buf_new(GRANTS_REQUEST_TEXT);
}

void
grants_lockbox_row_done(struct grants_lockbox_row *r)
{
	sp_buf_free(&r->text);
}

/* --- a row --- */

static enum sp_code
damaged(struct sp_err *err)
{
	return sp_fail(
	    err, SP_E_CORRUPT, "a lockbox request in the database is damaged");
}

static enum sp_code
text(struct db_stmt *st, int at, char *out, size_t room, struct sp_err *err)
{
	const char *s = db_col_text(st, at);
	size_t len = strlen(s);

	if (len >= room)
		return damaged(err);
	memcpy(out, s, len + 1);
	return SP_OK;
}

/* NULL: nobody. */
static enum sp_code
person(struct db_stmt *st, int at, struct sp_id *out, struct sp_err *err)
{
	static const struct sp_id nobody;

	*out = nobody;
	return db_col_null(st, at)
	    ? SP_OK
	    : db_col_bytes(st, at, out->b, SP_ID_LEN, err);
}

static void
bind_person(struct db_stmt *st, int at, const struct sp_id *id)
{
	if (sp_id_is_zero(id))
		db_bind_null(st, at);
	else
		db_bind_blob(st, at, id->b, SP_ID_LEN);
}

static enum sp_code
read_asked(struct db_stmt *st, struct grants_lockbox_row *r, struct sp_err *err)
{
	sp_buf_clear(&r->text);
	sp_buf_text(&r->text, db_col_text(st, 0));
	SP_TRY(sp_buf_check(&r->text, "lockbox request", err));
	return grants_request_from(sp_buf_str(&r->text), &r->asked, err);
}

static enum sp_code
read_end(struct db_stmt *st, struct grants_lockbox_row *r, struct sp_err *err)
{
	r->ended = db_col_i64(st, 8);
	SP_TRY(text(st, 9, r->ended_by, sizeof(r->ended_by), err));
	return text(st, 10, r->reason, sizeof(r->reason), err);
}

static enum sp_code
read_review(
    struct db_stmt *st, struct grants_lockbox_row *r, struct sp_err *err)
{
	r->reviewed = db_col_i64(st, 11);
	SP_TRY(person(st, 12, &r->reviewer, err));
	SP_TRY(text(st, 13, r->finding, sizeof(r->finding), err));
	return text(st, 14, r->note, sizeof(r->note), err);
}

static enum sp_code
from_row(struct db_stmt *st, struct grants_lockbox_row *r, struct sp_err *err)
{
	SP_TRY(read_asked(st, r, err));
	if (!grants_request_state_parse(db_col_text(st, 1), &r->state))
		return damaged(err);
	r->due = db_col_i64(st, 2);
	SP_TRY(person(st, 3, &r->security, err));
	r->quorum = db_col_i64(st, 4);
	r->approvals = db_col_i64(st, 5);
	r->started = db_col_i64(st, 6);
	r->until = db_col_i64(st, 7);
	SP_TRY(read_end(st, r, err));
	return read_review(st, r, err);
}

enum sp_code
grants_lockbox_row_load(struct db *db, const struct sp_id *id,
    struct grants_lockbox_row *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &lockbox_load);
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "lockbox.unknown",
		    "there is no such lockbox request");
	return from_row(st, out, err);
}

static enum sp_code
put(struct db *db, const struct db_sql *sql, const struct grants_lockbox_row *r,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, sql);

	db_bind_text(st, 1, sp_buf_str(&r->text));
	db_bind_text(st, 2, grants_request_state_name(r->state));
	db_bind_i64(st, 3, r->due);
	bind_person(st, 4, &r->security);
	db_bind_i64(st, 5, r->quorum);
	db_bind_i64(st, 6, r->approvals);
	db_bind_i64(st, 7, r->started);
	db_bind_i64(st, 8, r->until);
	db_bind_i64(st, 9, r->ended);
	db_bind_text(st, 10, r->ended_by);
	db_bind_text(st, 11, r->reason);
	db_bind_i64(st, 12, r->reviewed);
	bind_person(st, 13, &r->reviewer);
	db_bind_text(st, 14, r->finding);
	db_bind_text(st, 15, r->note);
	db_bind_blob(st, 16, r->asked.id.b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

enum sp_code
grants_lockbox_row_add(
    struct db *db, const struct grants_lockbox_row *r, struct sp_err *err)
{
	return put(db, &lockbox_insert, r, err);
}

enum sp_code
grants_lockbox_row_save(
    struct db *db, const struct grants_lockbox_row *r, struct sp_err *err)
{
	return put(db, &lockbox_update, r, err);
}

enum sp_code
grants_lockbox_row_open(struct db *db, int64_t *n, struct sp_err *err)
{
	DB_STMT st = db_use(db, &lockbox_open);
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	*n = db_col_i64(st, 0);
	return SP_OK;
}

static enum sp_code
each_id(struct db_stmt *st, size_t n, struct sp_id *id, size_t *got,
    struct sp_err *err)
{
	size_t at = 0;

	for (; at < n; at++) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(db_col_bytes(st, 0, id[at].b, SP_ID_LEN, err));
	}
	*got = at;
	return SP_OK;
}

static void
bind_before(struct db_stmt *st, const struct sp_id *before)
{
	db_bind_blob(st, 1, before == NULL ? NULL : before->b,
	    before == NULL ? 0 : SP_ID_LEN);
}

enum sp_code
grants_lockbox_row_ids(struct db *db, const struct grants_lockbox_list *q,
    struct sp_id *id, size_t *got, struct sp_err *err)
{
	DB_STMT st = db_use(db, &lockbox_ids);

	bind_before(st, q->before);
	db_bind_text(st, 2, q->state);
	db_bind_u64(st, 3, q->n);
	return each_id(st, q->n, id, got, err);
}

enum sp_code
grants_lockbox_row_ways(struct db *db, const struct grants_guest_ways *q,
    struct sp_id *id, size_t *got, struct sp_err *err)
{
	DB_STMT st = db_use(db, &lockbox_ways);
	char person[SP_ID_TEXT];

	sp_id_text(&q->person, person);
	bind_before(st, q->before);
	db_bind_text(st, 2, person);
	db_bind_u64(st, 3, q->n);
	return each_id(st, q->n, id, got, err);
}

enum sp_code
grants_lockbox_row_due(struct db *db, sp_time now, const struct sp_id *after,
    struct sp_id *id, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &lockbox_due);

	db_bind_i64(st, 1, now);
	db_bind_blob(st, 2, after->b, SP_ID_LEN);
	SP_TRY(db_row(st, found, err));
	return *found ? db_col_bytes(st, 0, id->b, SP_ID_LEN, err) : SP_OK;
}

bool
grants_lockbox_row_in_time(const struct grants_lockbox_row *r)
{
	return !gate_token_expired(r->until) && sp_now() >= r->started;
}

/* --- approvals --- */

enum sp_code
grants_lockbox_row_approve(struct db *db, const struct sp_id *id,
    const struct sp_id *person, sp_time now, struct sp_err *err)
{
	DB_STMT st = db_use(db, &approval_insert);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_blob(st, 2, person->b, SP_ID_LEN);
	db_bind_i64(st, 3, now);
	return db_run(st, NULL, err);
}

enum sp_code
grants_lockbox_row_approvers(struct db *db, const struct sp_id *id,
    enum sp_code (*visit)(
	void *arg, const struct sp_id *person, sp_time at, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	DB_STMT st = db_use(db, &approval_each);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	for (;;) {
		struct sp_id who;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(db_col_bytes(st, 0, who.b, SP_ID_LEN, err));
		SP_TRY(visit(arg, &who, db_col_i64(st, 1), err));
	}
}

/* --- what was touched --- */

enum sp_code
grants_lockbox_row_touched(struct db *db, const struct grants_lockbox_touch *t,
    sp_time *last, bool *begun, struct sp_err *err)
{
	DB_STMT st = db_use(db, &touch_last);
	bool found = false;

	db_bind_blob(st, 1, t->request.b, SP_ID_LEN);
	db_bind_blob(st, 2, t->evidence.b, SP_ID_LEN);
	db_bind_blob(st, 3, t->token.b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	*last = db_col_null(st, 0) ? 0 : db_col_i64(st, 0);
	*begun = db_col_i64(st, 1) != 0;
	return SP_OK;
}

enum sp_code
grants_lockbox_row_touch(
    struct db *db, const struct grants_lockbox_touch *t, struct sp_err *err)
{
	DB_STMT st = db_use(db, &touch_put);

	db_bind_blob(st, 1, t->request.b, SP_ID_LEN);
	db_bind_blob(st, 2, t->evidence.b, SP_ID_LEN);
	db_bind_blob(st, 3, t->token.b, SP_ID_LEN);
	db_bind_blob(st, 4, t->person.b, SP_ID_LEN);
	db_bind_i64(st, 5, t->last);
	return db_run(st, NULL, err);
}

enum sp_code
grants_lockbox_row_touches(struct sp_json *j, const char *name, struct db *db,
    const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(db, &touch_each);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	sp_json_array(j, name);
	for (;;) {
		struct sp_id item;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(db_col_bytes(st, 0, item.b, SP_ID_LEN, err));
		sp_json_object(j, NULL);
		sp_json_id(j, "evidence", &item);
		sp_json_time(j, "first_at", db_col_i64(st, 1));
		sp_json_time(j, "last_at", db_col_i64(st, 2));
		sp_json_int(j, "times", db_col_i64(st, 3));
		sp_json_end(j);
	}
	sp_json_end(j);
	return SP_OK;
}

/* --- what the other house is told --- */

void
grants_lockbox_row_sha256(
    const struct grants_lockbox_row *r, uint8_t out[static CRYPTO_SHA256_LEN])
{
	const struct crypto_piece piece = { r->text.at, r->text.len };

	crypto_sha256_of(&piece, 1, out);
}

static void
put_person(struct sp_json *j, const char *name, const struct sp_id *id)
{
	if (!sp_id_is_zero(id))
		sp_json_id(j, name, id);
}

void
grants_lockbox_row_tell(const struct grants_lockbox_row *r, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	sp_json_int(&j, "approvals", r->approvals);
	sp_json_str(&j, "asked", sp_buf_str(&r->text));
	sp_json_int(&j, "due", r->due);
	sp_json_int(&j, "ended", r->ended);
	sp_json_str(&j, "ended_by", r->ended_by);
	sp_json_str(&j, "finding", r->finding);
	sp_json_str(&j, "note", r->note);
	sp_json_int(&j, "quorum", r->quorum);
	sp_json_str(&j, "reason", r->reason);
	sp_json_int(&j, "reviewed", r->reviewed);
	put_person(&j, "reviewer", &r->reviewer);
	put_person(&j, "security", &r->security);
	sp_json_int(&j, "started", r->started);
	sp_json_str(&j, "state", grants_request_state_name(r->state));
	sp_json_int(&j, "until", r->until);
	sp_json_end(&j);
}

static bool
get_text(const json_t *in, const char *name, char *out, size_t room)
{
	const char *s = json_string_value(json_object_get(in, name));

	if (s == NULL || strlen(s) >= room)
		return false;
	memcpy(out, s, strlen(s) + 1);
	return true;
}

static int64_t
get_int(const json_t *in, const char *name)
{
	return json_integer_value(json_object_get(in, name));
}

static bool
get_person(const json_t *in, const char *name, struct sp_id *out)
{
	const json_t *v = json_object_get(in, name);

	return v == NULL ||
	    (json_is_string(v) &&
		sp_id_parse(json_string_value(v), json_string_length(v), out));
}

static bool
get_row(const json_t *in, struct grants_lockbox_row *r)
{
	char state[16];

	r->due = get_int(in, "due");
	r->quorum = get_int(in, "quorum");
	r->approvals = get_int(in, "approvals");
	r->started = get_int(in, "started");
	r->until = get_int(in, "until");
	r->ended = get_int(in, "ended");
	r->reviewed = get_int(in, "reviewed");
	return get_text(in, "ended_by", r->ended_by, sizeof(r->ended_by)) &&
	    get_text(in, "reason", r->reason, sizeof(r->reason)) &&
	    get_text(in, "finding", r->finding, sizeof(r->finding)) &&
	    get_text(in, "note", r->note, sizeof(r->note)) &&
	    get_person(in, "security", &r->security) &&
	    get_person(in, "reviewer", &r->reviewer) &&
	    get_text(in, "state", state, sizeof(state)) &&
	    grants_request_state_parse(state, &r->state);
}

/* The other house dropped what this one had approved at the same moment: here
 * access had begun, and this ends it as revoking would. */
static void
merge_crossed(
    struct grants_lockbox_row *io, const struct grants_lockbox_row *told)
{
	io->state = GRANTS_WITHDRAWN;
	io->ended = told->ended > io->started ? told->ended : io->started;
	memcpy(io->ended_by, told->ended_by, sizeof(io->ended_by));
	memcpy(io->reason, told->reason, sizeof(io->reason));
}

/* What is later wins; a review comes to what has ended as well. */
static void
merge(struct grants_lockbox_row *io, const struct grants_lockbox_row *told)
{
	enum grants_request_state was = io->state;

	if (told->reviewed != 0 && io->reviewed == 0) {
		io->reviewed = told->reviewed;
		io->reviewer = told->reviewer;
		memcpy(io->finding, told->finding, sizeof(io->finding));
		memcpy(io->note, told->note, sizeof(io->note));
	}
	if (told->approvals > io->approvals)
		io->approvals = told->approvals;
	io->state = grants_request_later(was, told->state);
	if (io->state == was)
		return;
	if (was == GRANTS_APPROVED && io->state <= GRANTS_EXPIRED) {
		merge_crossed(io, told);
		return;
	}
	io->due = told->due;
	io->security = told->security;
	io->quorum = told->quorum;
	io->started = told->started;
	io->until = told->until;
	io->ended = told->ended;
	memcpy(io->ended_by, told->ended_by, sizeof(io->ended_by));
	memcpy(io->reason, told->reason, sizeof(io->reason));
}

enum sp_code
grants_lockbox_row_told(const char *body, bool known,
    struct grants_lockbox_row *io, struct sp_err *err)
{
	json_auto_t *in = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
	const char *asked = json_string_value(json_object_get(in, "asked"));
	GRANTS_AUTO_LOCKBOX r;

	grants_lockbox_row_init(&r);
	if (asked == NULL || !get_row(in, &r))
		return damaged(err);
	SP_TRY(grants_request_from(asked, &r.asked, err));
	if (known && strcmp(asked, sp_buf_str(&io->text)) != 0)
		return damaged(err);
	if (known) {
		merge(io, &r);
		return SP_OK;
	}
	sp_buf_text(&r.text, asked);
	SP_TRY(sp_buf_check(&r.text, "lockbox request", err));
	sp_buf_free(&io->text);
	*io = r;
	r.text = sp_buf_new(0);
	return SP_OK;
}

enum sp_code
grants_lockbox_row_of(struct evidence_room *room, const struct sp_id *id,
    struct grants_lockbox_row *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	return grants_lockbox_row_load(reader.db, id, out, err);
}
