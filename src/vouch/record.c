#include "vouch/record.h"

#include "base/json.h"

#include <jansson.h>
#include <string.h>

#define LINES_MOST (LEDGER_NOTE_SIGS - 1) /* beside the log's own */

static const struct db_sql cosignature_put = {
	"INSERT INTO cosignature(witness, size, root, note, line, time,"
	" received) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
	" ON CONFLICT(witness) DO UPDATE SET size = excluded.size,"
	" root = excluded.root, note = excluded.note, line = excluded.line,"
	" time = excluded.time, received = excluded.received"
	" WHERE excluded.size >= size",
};
static const struct db_sql cosignature_lines = {
	"SELECT line FROM cosignature WHERE size = ?1 AND root = ?2"
	" ORDER BY received DESC, witness LIMIT ?3",
};
static const struct db_sql cosignature_newest = {
	"SELECT note, size, root FROM cosignature ORDER BY size DESC LIMIT 1",
};
static const struct db_sql cosignature_of = {
	"SELECT size, received FROM cosignature WHERE witness = ?1",
};
static const struct db_sql timestamp_add = {
	"INSERT INTO timestamp(authority, size, note, token, time, received)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
};
static const struct db_sql timestamp_by_number = {
	"SELECT number, size, time, received, authority, note, token"
	" FROM timestamp WHERE number = ?1",
};
static const struct db_sql timestamp_newest = {
	"SELECT number, size, time, received, authority, note, token"
	" FROM timestamp ORDER BY number DESC LIMIT 1",
};
static const struct db_sql timestamp_page = {
	"SELECT number, size, time, authority, note FROM timestamp"
	" WHERE number < ?1 ORDER BY number DESC LIMIT ?2",
};
static const struct db_sql timestamp_of = {
	"SELECT size, received FROM timestamp WHERE authority = ?1"
	" ORDER BY number DESC LIMIT 1",
};
static const struct db_sql problem_put = {
	"INSERT INTO vouching(voucher, problem, contradicts, since)"
	" VALUES(?1, ?2, ?3, ?4)"
	/* A contradiction stands until the voucher vouches again. */
	" ON CONFLICT(voucher) DO UPDATE SET problem ="
	" CASE WHEN contradicts > excluded.contradicts THEN problem"
	" ELSE excluded.problem END,"
	" contradicts = max(contradicts, excluded.contradicts)",
};
static const struct db_sql problem_none = {
	"DELETE FROM vouching WHERE voucher = ?1",
};
static const struct db_sql problem_of = {
	"SELECT problem, contradicts, since FROM vouching WHERE voucher = ?1",
};
static const struct db_sql entry_body = {
	"SELECT body FROM ledger_entry WHERE idx = ?1",
};

/* ---- The log's own checkpoint ---- */

struct vouch_checkpoint
vouch_checkpoint_new(void)
{
	return (struct vouch_checkpoint){
		.note = sp_buf_new(LEDGER_NOTE_MAX),
	};
}

void
vouch_checkpoint_free(struct vouch_checkpoint *c)
{
	sp_buf_free(&c->note);
}

/* The log's signature is the note's first; the lines of others are below. */
static void
cut_others(struct sp_buf *note, size_t text)
{
	const char *own = sp_buf_str(note) + text + 1;
	const char *end = strchr(own, '\n');

	SP_REQUIRE(end != NULL);
	sp_buf_cut(note, (size_t)(end + 1 - sp_buf_str(note)));
}

enum sp_code
vouch_checkpoint_take(
    struct vouch_checkpoint *out, struct ledger_log *log, struct sp_err *err)
{
	const struct ledger_vkey *key = ledger_log_vkey(log);

	sp_buf_clear(&out->note);
	ledger_log_checkpoint(log, &out->note);
	SP_TRY(sp_buf_check(&out->note, "checkpoint", err));
	SP_TRY(ledger_note_check(
	    key, sp_buf_str(&out->note), out->note.len, &out->text, err));
	cut_others(&out->note, out->text);
	return ledger_checkpoint_parse(
	    sp_buf_str(&out->note), out->text, &out->is, err);
}

/* ---- Writing ---- */

struct cosigned {
	const struct vouch_voucher *witness;
	const struct vouch_checkpoint *c;
	const char *line;
	sp_time time;
};

static enum sp_code
run_cosigned(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct cosigned *q = arg;
	const struct vouch_checkpoint *c = q->c;
	DB_STMT st = db_use(ledger_tx_db(tx), &cosignature_put);

	db_bind_text(st, 1, sp_buf_str(&q->witness->trust));
	db_bind_u64(st, 2, c->is.size);
	db_bind_blob(st, 3, c->is.root.b, LEDGER_HASH_LEN);
	db_bind_textn(st, 4, sp_buf_str(&c->note), c->note.len);
	db_bind_text(st, 5, q->line);
	db_bind_i64(st, 6, q->time);
	db_bind_i64(st, 7, sp_now());
	return db_run(st, NULL, err);
}

enum sp_code
vouch_record_cosigned(struct evidence_room *r,
    const struct vouch_voucher *witness, const struct vouch_checkpoint *c,
    const char *line, sp_time time, struct sp_err *err)
{
	struct cosigned q = { witness, c, line, time };

	return ledger_writer_run(
	    evidence_room_writer(r), run_cosigned, &q, err);
}

struct stamped {
	const struct vouch_voucher *authority;
	const struct vouch_checkpoint *c;
	const struct sp_buf *token;
	sp_time time;
};

static enum sp_code
run_stamped(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct stamped *q = arg;
	DB_STMT st = db_use(ledger_tx_db(tx), &timestamp_add);

	db_bind_text(st, 1, q->authority->name);
	db_bind_u64(st, 2, q->c->is.size);
	db_bind_textn(st, 3, sp_buf_str(&q->c->note), q->c->note.len);
	db_bind_blob(st, 4, q->token->at, q->token->len);
	db_bind_i64(st, 5, q->time);
	db_bind_i64(st, 6, sp_now());
	return db_run(st, NULL, err);
}

enum sp_code
vouch_record_stamped(struct evidence_room *r,
    const struct vouch_voucher *authority, const struct vouch_checkpoint *c,
    const struct sp_buf *token, sp_time time, struct sp_err *err)
{
	struct stamped q = { authority, c, token, time };

	return ledger_writer_run(evidence_room_writer(r), run_stamped, &q, err);
}

struct problem {
	const struct sp_id *voucher;
	const char *text;
	bool contradicts;
};

static enum sp_code
run_problem(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct problem *q = arg;
	DB_STMT st = db_use(
	    ledger_tx_db(tx), q->text == NULL ? &problem_none : &problem_put);

	db_bind_blob(st, 1, q->voucher->b, SP_ID_LEN);
	if (q->text != NULL) {
		db_bind_text(st, 2, q->text);
		db_bind_i64(st, 3, q->contradicts);
		db_bind_i64(st, 4, sp_now());
	}
	return db_run(st, NULL, err);
}

enum sp_code
vouch_record_problem(struct evidence_room *r, const struct sp_id *voucher,
    const char *problem, bool contradicts, struct sp_err *err)
{
	struct problem q = { voucher, problem, contradicts };

	return ledger_writer_run(evidence_room_writer(r), run_problem, &q, err);
}

/* ---- Reading ---- */

enum sp_code
vouch_record_lines(struct db *db, const struct ledger_checkpoint *c,
    struct sp_buf *lines, struct sp_err *err)
{
	DB_STMT st = db_use(db, &cosignature_lines);
	bool found = false;

	db_bind_u64(st, 1, c->size);
	db_bind_blob(st, 2, c->root.b, LEDGER_HASH_LEN);
	db_bind_u64(st, 3, LINES_MOST);
	for (;;) {
		SP_TRY(db_row(st, &found, err));
		if (!found)
			return sp_buf_check(lines, "cosignatures", err);
		sp_buf_text(lines, db_col_text(st, 0));
	}
}

enum sp_code
vouch_record_newest(struct db *db, struct sp_buf *note, struct sp_err *err)
{
	DB_STMT st = db_use(db, &cosignature_newest);
	struct ledger_checkpoint c = { .size = 0 };
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(
		    err, SP_E_NOTFOUND, "no witness has cosigned this log");
	sp_buf_text(note, db_col_text(st, 0));
	c.size = (uint64_t)db_col_i64(st, 1);
	SP_TRY(db_col_bytes(st, 2, c.root.b, LEDGER_HASH_LEN, err));
	return vouch_record_lines(db, &c, note, err);
}

struct vouch_stamp
vouch_stamp_new(void)
{
	return (struct vouch_stamp){
		.note = sp_buf_new(LEDGER_NOTE_MAX),
		.token = sp_buf_new(CRYPTO_TIMESTAMP_MAX),
	};
}

void
vouch_stamp_free(struct vouch_stamp *s)
{
	sp_buf_free(&s->note);
	sp_buf_free(&s->token);
}

static enum sp_code
take_stamp(struct db_stmt *st, struct vouch_stamp *s, struct sp_err *err)
{
	const void *token;
	size_t len = 0;

	s->number = (uint64_t)db_col_i64(st, 0);
	s->size = (uint64_t)db_col_i64(st, 1);
	s->time = db_col_i64(st, 2);
	s->received = db_col_i64(st, 3);
	(void)snprintf(
	    s->authority, sizeof(s->authority), "%s", db_col_text(st, 4));
	sp_buf_text(&s->note, db_col_text(st, 5));
	token = db_col_blob(st, 6, &len);
	sp_buf_add(&s->token, token, len);
	SP_TRY(sp_buf_check(&s->note, "checkpoint", err));
	return sp_buf_check(&s->token, "timestamp", err);
}

enum sp_code
vouch_record_stamp(
    struct db *db, uint64_t number, struct vouch_stamp *out, struct sp_err *err)
{
	DB_STMT st =
	    db_use(db, number == 0 ? &timestamp_newest : &timestamp_by_number);
	bool found = false;

	if (number != 0)
		db_bind_u64(st, 1, number);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(
		    err, SP_E_NOTFOUND, "there is no such timestamp");
	return take_stamp(st, out, err);
}

static void
add_stamp(struct sp_json *j, struct db_stmt *st)
{
	char when[SP_TIME_TEXT];

	sp_time_text(db_col_i64(st, 2), when);
	sp_json_object(j, NULL);
	sp_json_str(j, "authority", db_col_text(st, 3));
	sp_json_str(j, "note", db_col_text(st, 4));
	sp_json_int(j, "number", db_col_i64(st, 0));
	sp_json_int(j, "size", db_col_i64(st, 1));
	sp_json_str(j, "time", when);
	sp_json_end(j);
}

/* "next" sorts before "timestamps": the rows are written apart first. */
enum sp_code
vouch_record_stamps_json(
    struct db *db, uint64_t before, struct sp_buf *json, struct sp_err *err)
{
	DB_STMT st = db_use(db, &timestamp_page);
	SP_AUTO_BUF rows = sp_buf_new(json->max);
	struct sp_json j = sp_json_to(&rows);
	struct sp_json all = sp_json_to(json);
	int64_t last = 0;
	size_t n = 0;
	bool found = false;

	db_bind_u64(st, 1, before == 0 ? INT64_MAX : before);
	db_bind_u64(st, 2, VOUCH_STAMPS_PAGE);
	sp_json_array(&j, NULL);
	for (;; n++) {
		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		last = db_col_i64(st, 0);
		add_stamp(&j, st);
	}
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&rows, "timestamps", err));
	sp_json_object(&all, NULL);
	if (n == VOUCH_STAMPS_PAGE && last > 1)
		sp_json_int(&all, "next", last);
	else
		sp_json_null(&all, "next");
	sp_json_raw(&all, "timestamps", sp_buf_str(&rows));
	sp_json_end(&all);
	return sp_buf_check(json, "timestamps", err);
}

/* ---- Standing ---- */

/* When entry `index` was written; untouched when that cannot be told. */
static enum sp_code
entry_time(struct db *db, uint64_t index, sp_time *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &entry_body);
	bool found = false;
	const void *body;
	size_t len = 0;
	json_t *j;
	const char *at;

	db_bind_u64(st, 1, index);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return SP_OK;
	body = db_col_blob(st, 0, &len);
	j = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	at = json_string_value(json_object_get(j, "at"));
	if (at != NULL)
		SP_IGNORE(sp_time_parse(at, strlen(at), out)); /* untouched */
	json_decref(j);
	return SP_OK;
}

static enum sp_code
last_word(struct db *db, const struct vouch_voucher *v,
    struct vouch_standing *s, struct sp_err *err)
{
	bool witness = v->kind == VOUCH_WITNESS;
	DB_STMT st = db_use(db, witness ? &cosignature_of : &timestamp_of);
	bool found = false;

	db_bind_text(st, 1, witness ? sp_buf_str(&v->trust) : v->name);
	SP_TRY(db_row(st, &found, err));
	if (found) {
		s->size = (uint64_t)db_col_i64(st, 0);
		s->at = db_col_i64(st, 1);
	}
	return SP_OK;
}

static enum sp_code
last_problem(struct db *db, const struct vouch_voucher *v,
    struct vouch_standing *s, struct sp_err *err)
{
	DB_STMT st = db_use(db, &problem_of);

	db_bind_blob(st, 1, v->id.b, SP_ID_LEN);
	SP_TRY(db_row(st, &s->failing, err));
	if (!s->failing)
		return SP_OK;
	(void)snprintf(
	    s->problem, sizeof(s->problem), "%s", db_col_text(st, 0));
	s->contradicts = db_col_i64(st, 1) != 0;
	s->since = db_col_i64(st, 2);
	return SP_OK;
}

enum sp_code
vouch_record_standing(struct db *db, uint64_t size,
    const struct vouch_voucher *v, struct vouch_standing *out,
    struct sp_err *err)
{
	struct vouch_standing s = { .size = 0 };
	sp_time now = sp_now();
	sp_time oldest = now;

	SP_TRY(last_word(db, v, &s, err));
	SP_TRY(last_problem(db, v, &s, err));
	if (s.size < size) {
		s.behind = size - s.size;
		SP_TRY(entry_time(db, s.size, &oldest, err));
		s.waits = oldest < now ? now - oldest : 0;
	}
	*out = s;
	return SP_OK;
}
