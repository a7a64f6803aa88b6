#include "ledger/rows.h"

#include <string.h>

static const struct db_sql state_get = {
	"SELECT size, frontier, note FROM ledger_state WHERE one = 1",
};
static const struct db_sql state_put = {
	"INSERT INTO ledger_state(one, size, frontier, note)"
	" VALUES(1, ?1, ?2, ?3)"
	" ON CONFLICT(one) DO UPDATE SET size = excluded.size,"
	" frontier = excluded.frontier, note = excluded.note",
};
static const struct db_sql entry_end = {
	"SELECT max(idx) FROM ledger_entry",
};
static const struct db_sql entry_add = {
	"INSERT INTO ledger_entry(idx, object, leaf, body)"
	" VALUES(?1, ?2, ?3, ?4)",
};
static const struct db_sql entry_each = {
	"SELECT idx, object, leaf, body FROM ledger_entry"
	" WHERE idx >= ?1 AND idx < ?2 ORDER BY idx",
};
static const struct db_sql entry_leaves = {
	"SELECT idx, object, leaf FROM ledger_entry"
	" WHERE idx >= ?1 AND idx < ?2 ORDER BY idx",
};
static const struct db_sql entry_about = {
	"SELECT idx FROM ledger_entry"
	" WHERE object = ?1 AND idx >= ?2 AND idx < ?3"
	" ORDER BY idx LIMIT ?4",
};

/* The nodes of the bits set in size, lowest first, one after the other. */
static enum sp_code
frontier_from(
    struct db_stmt *st, struct ledger_frontier *out, struct sp_err *err)
{
	struct ledger_frontier f = { .size = 0 };
	int64_t size = db_col_i64(st, 0);
	size_t len = 0, at = 0;
	const uint8_t *b = db_col_blob(st, 1, &len);

	if (size < 0)
		return sp_fail(
		    err, SP_E_CORRUPT, "ledger state: the size is negative");
	f.size = (uint64_t)size;
	if (len != (size_t)__builtin_popcountll(f.size) * LEDGER_HASH_LEN)
		return sp_fail(err, SP_E_CORRUPT,
		    "ledger state: %zu bytes are no frontier of size %ju", len,
		    (uintmax_t)f.size);
	for (unsigned level = 0; level < 64; level++) {
		if ((f.size >> level & 1) == 0)
			continue;
		memcpy(f.node[level].b, b + at, LEDGER_HASH_LEN);
		at += LEDGER_HASH_LEN;
	}
	*out = f;
	return SP_OK;
}

enum sp_code
ledger_rows_state(struct db *db, bool *found, struct ledger_frontier *frontier,
    struct sp_buf *note, struct sp_err *err)
{
	DB_STMT st = db_use(db, &state_get);
	bool any = false;

	SP_TRY(db_row(st, &any, err));
	if (any) {
		sp_buf_text(note, db_col_text(st, 2));
		SP_TRY(sp_buf_check(note, "checkpoint", err));
		SP_TRY(frontier_from(st, frontier, err));
	}
	*found = any;
	return SP_OK;
}

enum sp_code
ledger_rows_put_state(struct db *db, const struct ledger_frontier *frontier,
    const struct sp_buf *note, struct sp_err *err)
{
	struct ledger_hash set[64];
	size_t n = 0;
	DB_STMT st = db_use(db, &state_put);

	for (unsigned level = 0; level < 64; level++)
		if ((frontier->size >> level & 1) != 0)
			set[n++] = frontier->node[level];
	db_bind_u64(st, 1, frontier->size);
	db_bind_blob(st, 2, set, n * LEDGER_HASH_LEN);
	db_bind_textn(st, 3, sp_buf_str(note), note->len);
	return db_run(st, NULL, err);
}

enum sp_code
ledger_rows_end(struct db *db, uint64_t *end, struct sp_err *err)
{
	DB_STMT st = db_use(db, &entry_end);
	bool found = false;
	int64_t last;

	SP_TRY(db_row(st, &found, err));
	if (!found || db_col_null(st, 0)) {
		*end = 0;
		return SP_OK;
	}
	last = db_col_i64(st, 0);
	if (last < 0 || last == INT64_MAX)
		return sp_fail(err, SP_E_CORRUPT,
		    "ledger: an entry has the index %jd", (intmax_t)last);
	*end = (uint64_t)last + 1;
	return SP_OK;
}

enum sp_code
ledger_rows_add(struct db *db, const struct ledger_row *row, struct sp_err *err)
{
	DB_STMT st = db_use(db, &entry_add);

	db_bind_u64(st, 1, row->index);
	db_bind_blob(st, 2, row->object.b, SP_ID_LEN);
	db_bind_blob(st, 3, row->leaf.b, LEDGER_HASH_LEN);
	db_bind_blob(st, 4, row->body, row->len);
	return db_run(st, NULL, err);
}

/* The next row, which must be that of row->index. */
static enum sp_code
take_row(struct db_stmt *st, struct ledger_row *row, struct sp_err *err)
{
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	if (!found || db_col_i64(st, 0) != (int64_t)row->index)
		return sp_fail(err, SP_E_CORRUPT,
		    "ledger: entry %ju is missing", (uintmax_t)row->index);
	SP_TRY(db_col_bytes(st, 1, row->object.b, SP_ID_LEN, err));
	return db_col_bytes(st, 2, row->leaf.b, LEDGER_HASH_LEN, err);
}

static enum sp_code
visit_rows(struct db_stmt *st, uint64_t from, uint64_t to, bool bodies,
    const struct ledger_visitor *v, struct sp_err *err)
{
	db_bind_u64(st, 1, from);
	db_bind_u64(st, 2, to);
	for (uint64_t next = from; next < to; next++) {
		struct ledger_row row = { .index = next };

		SP_TRY(take_row(st, &row, err));
		if (bodies)
			row.body = db_col_blob(st, 3, &row.len);
		SP_TRY(v->visit(v->arg, &row, err));
	}
	return SP_OK;
}

enum sp_code
ledger_rows_each(struct db *db, uint64_t from, uint64_t to,
    const struct ledger_visitor *v, struct sp_err *err)
{
	DB_STMT st = db_use(db, &entry_each);

	return visit_rows(st, from, to, true, v, err);
}

enum sp_code
ledger_rows_leaves(struct db *db, uint64_t from, uint64_t to,
    const struct ledger_visitor *v, struct sp_err *err)
{
	DB_STMT st = db_use(db, &entry_leaves);

	return visit_rows(st, from, to, false, v, err);
}

enum sp_code
ledger_rows_about(struct db *db, const struct ledger_about *q, uint64_t *index,
    size_t *got, struct sp_err *err)
{
	DB_STMT st = db_use(db, &entry_about);
	size_t n = 0;

	db_bind_blob(st, 1, q->object->b, SP_ID_LEN);
	db_bind_u64(st, 2, q->from <= INT64_MAX ? q->from : INT64_MAX);
	db_bind_u64(st, 3, q->to);
	db_bind_u64(st, 4, q->n);
	for (; n < q->n; n++) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		index[n] = (uint64_t)db_col_i64(st, 0);
	}
	*got = n;
	return SP_OK;
}
