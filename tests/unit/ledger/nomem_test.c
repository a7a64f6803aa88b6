#include "base/nth_alloc.h"
#include "fixture.h"
#include "ledger/audit.h"

#include <sqlite3.h>

/*
 * The log while memory runs out: each allocation fails in turn, of ours, then
 * of SQLite's.  Whatever is called says so or succeeds; what was committed is
 * whole, what was not has left nothing.
 */
char *__wrap_strdup(const char *s);

char *
__wrap_strdup(const char *s)
{
	size_t len = strlen(s) + 1;
	char *copy = __wrap_malloc(len);

	return copy == NULL ? NULL : memcpy(copy, s, len);
}

/* SQLite's allocations, counted apart. */
static sqlite3_mem_methods real;
static unsigned engine_left; /* this one fails, and none when 0 */
static bool engine_hit;

static bool
engine_fails(void)
{
	if (engine_left == 0 || --engine_left != 0)
		return false;
	engine_hit = true;
	return true;
}

static void *
engine_malloc(int n)
{
	return engine_fails() ? NULL : real.xMalloc(n);
}

static void *
engine_realloc(void *p, int n)
{
	return engine_fails() ? NULL : real.xRealloc(p, n);
}

static void
engine_install(void)
{
	sqlite3_mem_methods mine;

	CHECK(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) == SQLITE_OK);
	mine = real;
	mine.xMalloc = engine_malloc;
	mine.xRealloc = engine_realloc;
	CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) == SQLITE_OK);
}

static void
fail_nth(bool engine, unsigned n)
{
	nth_alloc_hit = engine_hit = false;
	nth_alloc_left = engine ? 0 : n;
	engine_left = engine ? n : 0;
}

/* Stop failing; did anything? */
static bool
failed(void)
{
	nth_alloc_left = 0;
	engine_left = 0;
	return nth_alloc_hit || engine_hit;
}

static struct fixture fixture;

/* Open all there is, append two entries, prove one. */
static enum sp_code
open_log(struct db **db, struct ledger_log **log, struct ledger_batch **b,
    struct sp_err *err)
{
	static const char *const schema[] = { ledger_log_schema };

	SP_TRY(db_open(db, fixture.db_path, DB_CREATE, err));
	SP_TRY(db_migrate(*db, schema, 1, err));
	SP_TRY(fixture_try_log(&fixture, *db, log, err));
	return ledger_batch_open(b, *db, *log, err);
}

static enum sp_code
append_two(struct ledger_batch *b, struct sp_err *err)
{
	struct ledger_entry e = fixture_entry(ledger_batch_size(b));

	SP_TRY(ledger_batch_begin(b, err));
	for (int i = 0; i < 2; i++) {
		enum sp_code code;

		SP_TRY(ledger_batch_mark(b, err));
		code = ledger_batch_append(b, &e, NULL, err);
		if (code != SP_OK) {
			ledger_batch_undo(b);
			return code;
		}
		SP_TRY(ledger_batch_keep(b, err));
	}
	SP_TRY(ledger_batch_seal(b, err));
	return ledger_batch_commit(b, err);
}

static enum sp_code
read_back(struct ledger_log *log, struct db *db, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(1 << 20);
	uint64_t last = ledger_log_size(log) - 1;
	struct ledger_path path;

	SP_TRY(ledger_log_proof(log, last, &out, err));
	SP_TRY(ledger_log_entry(log, db, last, &out, err));
	SP_TRY(ledger_log_consistency(log, 1, last + 1, &path, err));
	SP_TRY(ledger_log_tile(log, 0, 0, 2, &out, err));
	SP_TRY(ledger_log_bundle(log, db, 0, 2, &out, err));
	return ledger_log_audit(log, db, err);
}

static bool
expected(enum sp_code code, const struct sp_err *err)
{
	if (code == SP_OK || code == SP_E_NOMEM)
		return true;
	printf("# %s: %s\n", sp_code_name(code), err->text);
	return false;
}

/* One life of a log, in which the nth allocation fails; true when all of it
 * went without that. */
static bool
one_life(bool engine, unsigned n)
{
	struct ledger_batch *b = NULL;
	struct ledger_log *log = NULL;
	struct db *db = NULL;
	struct sp_err err;
	enum sp_code code;
	bool hit;

	fail_nth(engine, n);
	code = open_log(&db, &log, &b, &err);
	CHECK(expected(code, &err));
	if (code == SP_OK) {
		uint64_t before = ledger_log_size(log);

		code = append_two(b, &err);
		CHECK(expected(code, &err));
		if (code != SP_OK)
			ledger_batch_abandon(b);
		CHECK(ledger_log_size(log) == before + (code == SP_OK ? 2 : 0));
		if (ledger_log_size(log) != 0) {
			code = read_back(log, db, &err);
			CHECK(expected(code, &err));
		}
	}
	hit = failed();
	ledger_batch_close(b);
	ledger_log_close(log);
	db_close(db);
	return !hit;
}

static void
each_fails_in_turn(bool engine, const char *name)
{
	unsigned n = 1;

	fixture_setup(&fixture, name);
	for (;; n++) {
		if (one_life(engine, n))
			break;
		if (n % 16 != 0)
			continue;
		/* Between them, a life in which nothing fails. */
		CHECK(one_life(false, 0));
	}
	CHECK(n > 20);
	printf("# %u allocations\n", n - 1);
	CHECK(one_life(false, 0));
	fixture_done(&fixture);
}

static void
ours_fail_in_turn(void)
{
	each_fails_in_turn(false, "ours");
}

static void
the_engines_fail_in_turn(void)
{
	each_fails_in_turn(true, "engine");
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "ours fail in turn", ours_fail_in_turn },
		{ "the engine's fail in turn", the_engines_fail_in_turn },
	};
	struct sp_err err;

	engine_install();
	CHECK_OK(crypto_provider_open("", &err), &err);
	(void)scratch_make();
	return tap_run(cases, SP_COUNTOF(cases));
}
