#include "grants/twin_parts.h"

#include <string.h>

/* How long to wait after a failure: doubled each time, up to the most.  The
 * other house is never far: what fails is the keeper or the disk. */
#define WAIT_FIRST SP_SECOND
#define WAIT_MOST  (15 * SP_SECOND)

static const struct db_sql twin_load = {
	"SELECT other, object, actor, kind, actor_kind, act, object_kind, at,"
	" entry, state = 'whole', detail, body FROM twin WHERE id = ?1",
};
static const struct db_sql twin_insert = {
	"INSERT INTO twin(id, other, object, actor, kind, actor_kind, act,"
	" object_kind, at, entry, detail, body, side, state, other_index,"
	" other_leaf, other_entry, proof, tries, due)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
	" ?15, ?16, ?17, ?18, 0, 0)",
};
static const struct db_sql twin_join = {
	"UPDATE twin SET state = 'whole', other_index = ?2, other_leaf = ?3,"
	" other_entry = ?4, proof = ?5, problem = NULL"
	" WHERE id = ?1 AND state = 'half'",
};
static const struct db_sql twin_failed = {
	"UPDATE twin SET tries = tries + 1, problem = ?3,"
	" due = ?2 + min(?4 << min(tries, 10), ?5)"
	" WHERE id = ?1 AND state = 'half'",
};
/* Also one that would wait for longer than any does: it was noted by a clock
 * that has been set back since. */
static const struct db_sql twin_due = {
	"SELECT id FROM twin WHERE state = 'half' AND (due <= ?1 OR due > ?4)"
	" AND id > ?2 AND kind = ?3 ORDER BY id LIMIT 1",
};
static const struct db_sql twin_half = {
	"SELECT 1 FROM twin WHERE object = ?1 AND state = 'half' LIMIT 1",
};
static const struct db_sql twin_of = {
	"SELECT id, other, act, entry, side, state, other_index, other_leaf,"
	" other_entry, proof, other_log FROM"
	" (SELECT *, detail ->> '$.twin.log' AS other_log FROM twin"
	"  WHERE object = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id",
};

/* The time of the ?5-th latest of a pair: they are at their pace until that is
 * out of the window. */
static const struct db_sql twin_pace = {
	"SELECT t.at FROM twin t LEFT JOIN share s ON s.id = t.object"
	" WHERE " GRANTS_TWIN_OPENS " AND t.at > ?4 AND t.other = ?3"
	" AND coalesce(s.sharer, ?1) = ?2"
	" ORDER BY t.at DESC LIMIT 1 OFFSET ?5 - 1",
};

void
grants_twin_row_init(struct grants_twin_row *r)
{
	*r = (struct grants_twin_row){
		.detail = sp_buf_new(GRANTS_TWIN_DETAIL),
		.body = sp_buf_new(GRANTS_TWIN_BODY),
	};
}

void
grants_twin_row_done(struct grants_twin_row *r)
{
	sp_buf_free(&r->detail);
	sp_buf_free(&r->body);
}

static enum sp_code
word(struct db_stmt *st, int at, char *out, size_t room, struct sp_err *err)
{
	const char *s = db_col_text(st, at);
	size_t len = strlen(s);

	if (len >= room)
		return sp_fail(
		    err, SP_E_CORRUPT, "twin: column %d is too long", at);
	memcpy(out, s, len + 1);
	return SP_OK;
}

static enum sp_code
read_ids(struct db_stmt *st, struct grants_twin_row *r, struct sp_err *err)
{
	SP_TRY(db_col_bytes(st, 0, r->other.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 1, r->object.b, SP_ID_LEN, err));
	return db_col_bytes(st, 2, r->actor.b, SP_ID_LEN, err);
}

static enum sp_code
read_words(struct db_stmt *st, struct grants_twin_row *r, struct sp_err *err)
{
	SP_TRY(word(st, 3, r->kind, sizeof(r->kind), err));
	SP_TRY(word(st, 4, r->actor_kind, sizeof(r->actor_kind), err));
	SP_TRY(word(st, 5, r->act, sizeof(r->act), err));
	return word(st, 6, r->object_kind, sizeof(r->object_kind), err);
}

static enum sp_code
read_texts(struct db_stmt *st, struct grants_twin_row *r, struct sp_err *err)
{
	sp_buf_clear(&r->detail);
	sp_buf_clear(&r->body);
	sp_buf_text(&r->detail, db_col_text(st, 10));
	sp_buf_text(&r->body, db_col_text(st, 11));
	SP_TRY(sp_buf_check(&r->detail, "twin", err));
	return sp_buf_check(&r->body, "twin", err);
}

enum sp_code
grants_twin_row_load(struct db *db, const struct sp_id *id,
    struct grants_twin_row *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &twin_load);
	struct grants_twin_row *r = out;
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(err, SP_E_NOTFOUND, "there is no such twin");
	r->id = *id;
	SP_TRY(read_ids(st, r, err));
	SP_TRY(read_words(st, r, err));
	r->at = db_col_i64(st, 7);
	r->entry = (uint64_t)db_col_i64(st, 8);
	r->whole = db_col_i64(st, 9) != 0;
	return read_texts(st, r, err);
}

/* Columns 1 to 14. */
static void
bind(struct db_stmt *st, const struct grants_twin_row *r, bool first)
{
	db_bind_blob(st, 1, r->id.b, SP_ID_LEN);
	db_bind_blob(st, 2, r->other.b, SP_ID_LEN);
	db_bind_blob(st, 3, r->object.b, SP_ID_LEN);
	db_bind_blob(st, 4, r->actor.b, SP_ID_LEN);
	db_bind_text(st, 5, r->kind);
	db_bind_text(st, 6, r->actor_kind);
	db_bind_text(st, 7, r->act);
	db_bind_text(st, 8, r->object_kind);
	db_bind_i64(st, 9, r->at);
	db_bind_u64(st, 10, r->entry);
	db_bind_text(st, 11, sp_buf_str(&r->detail));
	db_bind_text(st, 12, sp_buf_str(&r->body));
	db_bind_text(st, 13, first ? "first" : "second");
	db_bind_text(st, 14, first ? "half" : "whole");
}

enum sp_code
grants_twin_row_first(
    struct db *db, const struct grants_twin_row *r, struct sp_err *err)
{
	DB_STMT st = db_use(db, &twin_insert);

	bind(st, r, true);
	for (int at = 15; at <= 18; at++)
		db_bind_null(st, at);
	return db_run(st, NULL, err);
}

/* Four columns from `at` on. */
static void
bind_other(struct db_stmt *st, int at, const struct grants_twin_other *o)
{
	db_bind_u64(st, at, o->index);
	db_bind_blob(st, at + 1, o->leaf.b, LEDGER_HASH_LEN);
	db_bind_textn(st, at + 2, o->entry, o->len);
	db_bind_text(st, at + 3, o->proof);
}

enum sp_code
grants_twin_row_second(struct db *db, const struct grants_twin_row *r,
    const struct grants_twin_other *o, struct sp_err *err)
{
	DB_STMT st = db_use(db, &twin_insert);

	bind(st, r, false);
	bind_other(st, 15, o);
	return db_run(st, NULL, err);
}

enum sp_code
grants_twin_row_join(struct db *db, const struct sp_id *id,
    const struct grants_twin_other *o, bool *changed, struct sp_err *err)
{
	DB_STMT st = db_use(db, &twin_join);
	uint64_t n = 0;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	bind_other(st, 2, o);
	SP_TRY(db_run(st, &n, err));
	*changed = n > 0;
	return SP_OK;
}

enum sp_code
grants_twin_row_failed(struct db *db, const struct sp_id *id, sp_time now,
    const char *problem, struct sp_err *err)
{
	DB_STMT st = db_use(db, &twin_failed);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, now);
	db_bind_text(st, 3, problem);
	db_bind_i64(st, 4, WAIT_FIRST);
	db_bind_i64(st, 5, WAIT_MOST);
	return db_run(st, NULL, err);
}

enum sp_code
grants_twin_row_due(struct db *db, const struct grants_twin_due *q,
    struct sp_id *io, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &twin_due);
	struct sp_id after = *io;

	db_bind_i64(st, 1, q->now);
	db_bind_blob(st, 2, after.b, SP_ID_LEN);
	db_bind_text(st, 3, q->kind);
	db_bind_i64(st, 4, q->now + WAIT_MOST);
	SP_TRY(db_row(st, found, err));
	return *found ? db_col_bytes(st, 0, io->b, SP_ID_LEN, err) : SP_OK;
}

/* --- the pace --- */

#define HOUR (3600 * SP_SECOND)
#define DAY  (24 * HOUR)

/* *at is 0 while there are fewer. */
static enum sp_code
pace_in(struct db *db, const struct grants_twin_pair *p, sp_time after,
    int64_t most, sp_time *at, struct sp_err *err)
{
	DB_STMT st = db_use(db, &twin_pace);
	bool found = false;

	db_bind_blob(st, 1, p->own.b, SP_ID_LEN);
	db_bind_blob(st, 2, p->by.b, SP_ID_LEN);
	db_bind_blob(st, 3, p->to.b, SP_ID_LEN);
	db_bind_i64(st, 4, after);
	db_bind_i64(st, 5, most);
	SP_TRY(db_row(st, &found, err));
	*at = found ? db_col_i64(st, 0) : 0;
	return SP_OK;
}

enum sp_code
grants_twin_pace(struct db *db, const struct grants_twin_pair *p, sp_time now,
    struct sp_err *err)
{
	static const struct {
		sp_time window;
		int most;
		const char *name;
	} rows[] = {
		{ DAY, GRANTS_TWIN_DAY, "day" },
		{ HOUR, GRANTS_TWIN_HOUR, "hour" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char again[SP_TIME_TEXT];
		sp_time at = 0;

		SP_TRY(pace_in(
		    db, p, now - rows[i].window, rows[i].most, &at, err));
		if (at == 0)
			continue;
		sp_time_text(at + rows[i].window, again);
		return sp_fail_as(err, SP_E_LIMIT, "share.pace",
		    "that agency was told of %d new shares and groups within "
		    "this %s, which is the most: go on at %s; one share may "
		    "be of 1,000 items, or of a category",
		    rows[i].most, rows[i].name, again);
	}
	return SP_OK;
}

void
grants_twin_bind(struct db_stmt *st, const struct sp_id *own, sp_time now)
{
	db_bind_blob(st, 8, own->b, SP_ID_LEN);
	db_bind_i64(st, 9, now - HOUR);
	db_bind_i64(st, 10, now - DAY);
}

enum sp_code
grants_twin_half(
    struct db *db, const struct sp_id *object, bool *half, struct sp_err *err)
{
	DB_STMT st = db_use(db, &twin_half);

	db_bind_blob(st, 1, object->b, SP_ID_LEN);
	return db_row(st, half, err);
}

static enum sp_code
put_id(struct sp_json *j, const char *name, struct db_stmt *st, int at,
    struct sp_err *err)
{
	struct sp_id id;

	SP_TRY(db_col_bytes(st, at, id.b, SP_ID_LEN, err));
	sp_json_id(j, name, &id);
	return SP_OK;
}

static enum sp_code
put_row(struct sp_json *j, struct db_stmt *st, struct sp_err *err)
{
	bool whole = strcmp(db_col_text(st, 5), "whole") == 0;
	struct ledger_hash leaf;

	sp_json_object(j, NULL);
	sp_json_str(j, "act", db_col_text(st, 2));
	sp_json_int(j, "entry", db_col_i64(st, 3));
	SP_TRY(put_id(j, "id", st, 0, err));
	sp_json_object(j, "other");
	SP_TRY(put_id(j, "agency", st, 1, err));
	if (whole) {
		SP_TRY(db_col_bytes(st, 7, leaf.b, LEDGER_HASH_LEN, err));
		sp_json_str(j, "body", db_col_text(st, 8));
		sp_json_int(j, "index", db_col_i64(st, 6));
		sp_json_hex(j, "leaf", leaf.b, LEDGER_HASH_LEN);
	}
	sp_json_str(j, "log", db_col_text(st, 10));
	if (whole)
		sp_json_str(j, "proof", db_col_text(st, 9));
	sp_json_end(j);
	sp_json_str(j, "side", db_col_text(st, 4));
	sp_json_str(j, "state", db_col_text(st, 5));
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
grants_twin_json(struct sp_json *j, const char *name, struct db *db,
    const struct sp_id *object, size_t n, struct sp_err *err)
{
	DB_STMT st = db_use(db, &twin_of);
	bool found = false;

	db_bind_blob(st, 1, object->b, SP_ID_LEN);
	db_bind_u64(st, 2, n);
	sp_json_array(j, name);
	for (;;) {
		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(put_row(j, st, err));
	}
	sp_json_end(j);
	return SP_OK;
}
