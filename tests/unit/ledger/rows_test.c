#include "ledger/rows.h"

#include "db/scratch.h"
#include "oracle.h"
#include "tap.h"

static const char *const schema[] = { LEDGER_ROWS_SCHEMA };

static struct db *
fresh(const char *name)
{
	struct db *db = NULL;
	struct sp_err err;
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/%s.db", scratch_path, name);
	CHECK_OK(db_open(&db, path, DB_CREATE, &err), &err);
	CHECK_OK(db_migrate(db, schema, 1, &err), &err);
	return db;
}

static struct ledger_row
row_of(uint64_t index)
{
	static char body[16][8];
	struct ledger_row row = { .index = index };

	(void)snprintf(
	    body[index % 16], sizeof(body[0]), "b%u", (unsigned)(index % 1000));
	row.object.b[0] = (uint8_t)(index % 3);
	row.leaf.b[5] = (uint8_t)index;
	row.body = body[index % 16];
	row.len = strlen(body[index % 16]);
	return row;
}

static void
fill(struct db *db, uint64_t n)
{
	struct sp_err err;

	CHECK_OK(db_begin(db, &err), &err);
	for (uint64_t i = 0; i < n; i++) {
		struct ledger_row row = row_of(i);

		CHECK_OK(ledger_rows_add(db, &row, &err), &err);
	}
	CHECK_OK(db_commit(db, &err), &err);
}

static void
state_round_trips(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 5, 255, 256, 0x123456789a,
		INT64_MAX };
	DB_AUTO db = fresh("state");
	struct ledger_frontier got = { .size = 42 };
	SP_AUTO_BUF note = sp_buf_new(1000);
	struct sp_err err;
	bool found = true;

	CHECK_OK(ledger_rows_state(db, &found, &got, &note, &err), &err);
	CHECK(!found && got.size == 42 && note.len == 0);
	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		struct ledger_frontier f = { .size = sizes[i] };
		SP_AUTO_BUF text = sp_buf_new(1000);

		for (unsigned l = 0; l < 64; l++)
			if ((f.size >> l & 1) != 0)
				memset(f.node[l].b, (int)(l + 1), 32);
		sp_buf_fmt(&text, "note %zu\n", i);
		CHECK_OK(ledger_rows_put_state(db, &f, &text, &err), &err);
		sp_buf_clear(&note);
		CHECK_OK(
		    ledger_rows_state(db, &found, &got, &note, &err), &err);
		CHECK(found && memcmp(&got, &f, sizeof(f)) == 0);
		CHECK(strcmp(sp_buf_str(&note), sp_buf_str(&text)) == 0);
	}
}

static void
damaged_states_are_refused(void)
{
	static const struct db_sql damage[] = {
		{ "INSERT INTO ledger_state VALUES(1, -1, x'', '')" },
		{ "INSERT INTO ledger_state VALUES(1, 1, x'', '')" },
		{ "INSERT INTO ledger_state VALUES(1, 0, x'00', '')" },
		{ "INSERT INTO ledger_state VALUES(1, 3, zeroblob(63), '')" },
		{ "INSERT INTO ledger_state VALUES(1, 3, zeroblob(65), '')" },
	};
	static const struct db_sql clear = { "DELETE FROM ledger_state" };
	static const struct db_sql second = {
		"INSERT INTO ledger_state VALUES(2, 0, x'', '')",
	};
	DB_AUTO db = fresh("damaged");
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(damage); i++) {
		struct ledger_frontier got = { .size = 42 };
		SP_AUTO_BUF note = sp_buf_new(1000);
		bool found = false;
		DB_STMT wipe = db_use(db, &clear);
		DB_STMT st = db_use(db, &damage[i]);

		CHECK_OK(db_run(wipe, NULL, &err), &err);
		CHECK_OK(db_run(st, NULL, &err), &err);
		CHECK_CODE(ledger_rows_state(db, &found, &got, &note, &err),
		    SP_E_CORRUPT, &err);
		CHECK(!found && got.size == 42);
	}
	DB_STMT two = db_use(db, &second);
	CHECK_CODE(db_run(two, NULL, &err), SP_E_CONFLICT, &err);
}

struct seen {
	uint64_t next, n;
	bool bodies;
	uint64_t stop_at;
};

static enum sp_code
see(void *arg, const struct ledger_row *row, struct sp_err *err)
{
	struct ledger_row want = row_of(row->index);
	struct seen *s = arg;

	CHECK(row->index == s->next++);
	if (row->index == s->stop_at)
		return sp_fail(err, SP_E_LIMIT, "enough");
	s->n++;
	CHECK(sp_id_equal(&row->object, &want.object));
	CHECK(oracle_same(&row->leaf, &want.leaf));
	CHECK((row->body != NULL) == s->bodies);
	CHECK(!s->bodies ||
	    (row->len == want.len && !memcmp(row->body, want.body, want.len)));
	return SP_OK;
}

static void
entries_in_order(void)
{
	static const struct db_sql hole = {
		"DROP TRIGGER ledger_entry_stays",
	};
	static const struct db_sql gone = {
		"DELETE FROM ledger_entry WHERE idx = 40",
	};
	DB_AUTO db = fresh("order");
	struct sp_err err;
	uint64_t end = 42;

	CHECK_OK(ledger_rows_end(db, &end, &err), &err);
	CHECK(end == 0);
	fill(db, 100);
	CHECK_OK(ledger_rows_end(db, &end, &err), &err);
	CHECK(end == 100);
	for (uint64_t from = 0; from < 100; from += 9) {
		struct seen s = { from, 0, true, UINT64_MAX };
		struct ledger_visitor v = { see, &s };

		CHECK_OK(ledger_rows_each(db, from, 100, &v, &err), &err);
		CHECK(s.n == 100 - from);
		s = (struct seen){ from, 0, false, UINT64_MAX };
		CHECK_OK(ledger_rows_leaves(db, from, from, &v, &err), &err);
		CHECK_OK(ledger_rows_leaves(db, from, 100, &v, &err), &err);
		CHECK(s.n == 100 - from);
		s = (struct seen){ from, 0, true, 99 };
		CHECK_CODE(ledger_rows_each(db, from, 101, &v, &err),
		    SP_E_LIMIT, &err);
		s = (struct seen){ from, 0, true, UINT64_MAX };
		CHECK_CODE(ledger_rows_each(db, from, 101, &v, &err),
		    SP_E_CORRUPT, &err);
	}
	DB_STMT st = db_use(db, &hole);
	CHECK_OK(db_run(st, NULL, &err), &err);
	DB_STMT del = db_use(db, &gone);
	CHECK_OK(db_run(del, NULL, &err), &err);
	struct seen s = { 0, 0, false, UINT64_MAX };
	struct ledger_visitor v = { see, &s };
	CHECK_CODE(
	    ledger_rows_leaves(db, 0, 100, &v, &err), SP_E_CORRUPT, &err);
	CHECK(s.n == 40 && strstr(err.text, "entry 40 ") != NULL);
}

/* Nothing that an act might run changes what is there. */
static void
the_ledger_only_grows(void)
{
	static const struct db_sql attack[] = {
		{ "DELETE FROM ledger_entry" },
		{ "DELETE FROM ledger_entry WHERE idx = 9" },
		{ "UPDATE ledger_entry SET body = x'00' WHERE idx = 3" },
		{ "UPDATE ledger_entry SET idx = idx + 100" },
		{ "UPDATE OR REPLACE ledger_entry SET leaf = x'00'" },
		{ "INSERT INTO ledger_entry VALUES(3, x'', x'', x'')" },
		{ "INSERT OR REPLACE INTO ledger_entry"
		  " VALUES(3, x'', x'', x'')" },
		{ "INSERT INTO ledger_entry VALUES(3, x'', x'', x'')"
		  " ON CONFLICT(idx) DO UPDATE SET body = excluded.body" },
	};
	DB_AUTO db = fresh("attack");
	struct seen s = { 0, 0, true, UINT64_MAX };
	struct ledger_visitor v = { see, &s };
	struct sp_err err;

	fill(db, 10);
	for (size_t i = 0; i < SP_COUNTOF(attack); i++) {
		DB_STMT st = db_use(db, &attack[i]);

		CHECK_CODE(db_run(st, NULL, &err), SP_E_CONFLICT, &err);
	}
	CHECK_OK(ledger_rows_each(db, 0, 10, &v, &err), &err);
	CHECK(s.n == 10);
}

static void
entries_about_an_object(void)
{
	DB_AUTO db = fresh("about");
	uint64_t index[50];
	struct sp_err err;

	fill(db, 100);
	for (uint64_t object = 0; object < 4; object++) {
		struct sp_id id = { { (uint8_t)object } };

		for (uint64_t from = 0; from < 100; from += 7) {
			struct ledger_about q = { &id, from, 90, 20 };
			uint64_t want = from;
			size_t got = 99;

			CHECK_OK(
			    ledger_rows_about(db, &q, index, &got, &err), &err);
			for (size_t i = 0; i < got; i++, want++) {
				while (want % 3 != object)
					want++;
				CHECK(index[i] == want && want < 90);
			}
			while (want % 3 != object && want < 90)
				want++;
			CHECK(got == 20 || want >= 90);
			CHECK(object < 3 || got == 0);
		}
	}
	struct sp_id id = { { 0 } };
	struct ledger_about far = { &id, UINT64_MAX, 90, 20 };
	size_t got = 99;
	CHECK_OK(ledger_rows_about(db, &far, index, &got, &err), &err);
	CHECK(got == 0);
}

/* Looking up one object's entries reads an index, however long the log is. */
static void
lookups_use_the_index(void)
{
	static const struct db_sql plan = {
		"EXPLAIN QUERY PLAN SELECT idx FROM ledger_entry"
		" WHERE object = ?1 AND idx >= ?2 AND idx < ?3"
		" ORDER BY idx LIMIT ?4",
	};
	DB_AUTO db = fresh("plan");
	DB_STMT st = db_use(db, &plan);
	struct sp_err err;
	bool found = false;

	CHECK_OK(db_row(st, &found, &err), &err);
	CHECK(found);
	CHECK(strstr(db_col_text(st, 3),
		  "USING COVERING INDEX ledger_entry_object "
		  "(object=? AND rowid>? AND rowid<?)") != NULL);
	CHECK_OK(db_row(st, &found, &err), &err);
	CHECK(!found); /* no sorting behind it */
}

static void
broken_columns_are_found(void)
{
	static const struct db_sql bad[] = {
		{ "INSERT INTO ledger_entry VALUES(0, x'00', zeroblob(32),"
		  " x'')" },
		{ "INSERT INTO ledger_entry VALUES(0, zeroblob(16),"
		  " zeroblob(31), x'')" },
	};

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		DB_AUTO db = fresh(i == 0 ? "object" : "leaf");
		struct seen s = { 0, 0, true, UINT64_MAX };
		struct ledger_visitor v = { see, &s };
		DB_STMT st = db_use(db, &bad[i]);
		struct sp_err err;

		CHECK_OK(db_run(st, NULL, &err), &err);
		CHECK_CODE(
		    ledger_rows_each(db, 0, 1, &v, &err), SP_E_CORRUPT, &err);
		CHECK(s.n == 0);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "state round trips", state_round_trips },
		{ "damaged states are refused", damaged_states_are_refused },
		{ "entries in order", entries_in_order },
		{ "the ledger only grows", the_ledger_only_grows },
		{ "entries about an object", entries_about_an_object },
		{ "lookups use the index", lookups_use_the_index },
		{ "broken columns are found", broken_columns_are_found },
	};

	(void)scratch_make();
	return tap_run(cases, SP_COUNTOF(cases));
}
