#include "db/db.h"

#include "scratch.h"
#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static char path[96];

static const char *const migrations[] = {
	"CREATE TABLE t(a INTEGER, b INTEGER) STRICT",
};
static const struct db_sql put = { "INSERT INTO t(a, b) VALUES(?1, ?1)" };
static const struct db_sql sums = {
	"SELECT count(*), coalesce(sum(a), 0), coalesce(sum(b), 0) FROM t",
};

enum { HANDLES = 3, READERS = 8, WRITES = 100 };

static struct db_pool *pool;
static _Atomic int lent;
static _Atomic bool over;

/* No more handles out than there are, and each sees whole transactions. */
static void *
reader(void *arg)
{
	int64_t last = 0;

	(void)arg;
	while (!atomic_load(&over)) {
		DB_LENT(r, pool);
		struct sp_err err;
		bool found = false;

		CHECK(atomic_fetch_add(&lent, 1) < HANDLES);
		DB_STMT st = db_use(r.db, &sums);
		CHECK_OK(db_row(st, &found, &err), &err);
		CHECK(found && db_col_i64(st, 0) % 2 == 0);
		CHECK(db_col_i64(st, 1) == db_col_i64(st, 2));
		CHECK(db_col_i64(st, 0) >= last);
		last = db_col_i64(st, 0);
		atomic_fetch_sub(&lent, 1);
	}
	return NULL;
}

static void
many_readers_few_handles(void)
{
	pthread_t thread[READERS];
	DB_AUTO db = NULL;
	struct sp_err err;

	CHECK_OK(db_open(&db, path, DB_CREATE, &err), &err);
	CHECK_OK(db_migrate(db, migrations, 1, &err), &err);
	CHECK_OK(db_pool_open(&pool, path, HANDLES, &err), &err);
	for (int i = 0; i < READERS; i++)
		CHECK(pthread_create(&thread[i], NULL, reader, NULL) == 0);
	for (int i = 0; i < WRITES; i++) {
		CHECK_OK(db_begin(db, &err), &err);
		DB_STMT st = db_use(db, &put);
		db_bind_i64(st, 1, i);
		CHECK_OK(db_run(st, NULL, &err), &err);
		CHECK_OK(db_run(st, NULL, &err), &err);
		CHECK_OK(db_commit(db, &err), &err);
	}
	atomic_store(&over, true);
	for (int i = 0; i < READERS; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	db_pool_close(pool);
}

static void
a_pool_of_nothing(void)
{
	struct db_pool *none = (struct db_pool *)0x1;
	struct sp_err err;

	CHECK_CODE(db_pool_open(&none, "/nonexistent/x", 4, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(none == (struct db_pool *)0x1);
	db_pool_close(NULL);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "many readers, few handles", many_readers_few_handles },
		{ "a pool of nothing", a_pool_of_nothing },
	};

	(void)snprintf(path, sizeof(path), "%s/pool.db", scratch_make());
	return tap_run(cases, SP_COUNTOF(cases));
}
