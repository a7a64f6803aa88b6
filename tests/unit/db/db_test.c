#include "db/db.h"

#include "fault_vfs.h"
#include "scratch.h"
#include "tap.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *dir;
static char path[96];

static const char first[] =
    "CREATE TABLE parent(id INTEGER PRIMARY KEY) STRICT";
static const char second[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, raw BLOB,"
    " parent INTEGER REFERENCES parent(id)) STRICT;"
    "CREATE INDEX t_raw ON t(raw)";

static const char *const migrations[] = { first, second };

static const struct db_sql put = {
	"INSERT INTO t(id, name, raw) VALUES(?1, ?2, ?3)",
};
static const struct db_sql get = {
	"SELECT id, name, raw FROM t WHERE id = ?1",
};
static const struct db_sql all = { "SELECT id FROM t ORDER BY id" };
static const struct db_sql count = { "SELECT count(*) FROM t" };
static const struct db_sql rename_all = { "UPDATE t SET name = NULL" };
static const struct db_sql big = {
	"INSERT INTO t(raw) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
	" SELECT i + 1 FROM n WHERE i < ?1) SELECT randomblob(3000) FROM n",
};

/* A database of its own for each case, named after it. */
static struct db *
fresh(const char *name)
{
	struct db *db = NULL;
	struct sp_err err;

	(void)snprintf(path, sizeof(path), "%s/%s.db", dir, name);
	CHECK_OK(db_open(&db, path, DB_CREATE, &err), &err);
	CHECK_OK(db_migrate(db, migrations, 2, &err), &err);
	return db;
}

static enum sp_code
insert(struct db *db, int64_t id, const char *name, struct sp_err *err)
{
	DB_STMT st = db_use(db, &put);

	db_bind_i64(st, 1, id);
	db_bind_text(st, 2, name);
	db_bind_blob(st, 3, "\0\1\2", 3);
	return db_run(st, NULL, err);
}

static int64_t
rows(struct db *db)
{
	DB_STMT st = db_use(db, &count);
	struct sp_err err;
	bool found = false;

	CHECK_OK(db_row(st, &found, &err), &err);
	CHECK(found);
	return db_col_i64(st, 0);
}

static int64_t
pragma(struct db *db, const struct db_sql *sql)
{
	DB_STMT st = db_use(db, sql);
	struct sp_err err;
	bool found = false;

	CHECK_OK(db_row(st, &found, &err), &err);
	CHECK(found);
	return db_col_i64(st, 0);
}

static void
settings_hold(void)
{
	static const struct db_sql sync = { "PRAGMA synchronous" };
	static const struct db_sql keys = { "PRAGMA foreign_keys" };
	static const struct db_sql trust = { "PRAGMA trusted_schema" };
	static const struct db_sql mode = { "PRAGMA journal_mode" };
	static const enum db_mode modes[] = { DB_CREATE, DB_WRITE, DB_READ };
	struct stat st;

	db_close(fresh("settings"));
	for (size_t i = 0; i < SP_COUNTOF(modes); i++) {
		DB_AUTO db = NULL;
		struct sp_err err;
		bool found = false;

		CHECK_OK(db_open(&db, path, modes[i], &err), &err);
		CHECK(pragma(db, &sync) == 2); /* FULL */
		CHECK(pragma(db, &keys) == 1);
		CHECK(pragma(db, &trust) == 0);
		DB_STMT q = db_use(db, &mode);
		CHECK_OK(db_row(q, &found, &err), &err);
		CHECK(found && strcmp(db_col_text(q, 0), "wal") == 0);
		CHECK(strcmp(db_path(db), path) == 0);
	}
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
}

static void
values_round_trip(void)
{
	DB_AUTO db = fresh("values");
	static const int64_t ids[] = { INT64_MIN, -1, 0, 1, INT64_MAX };
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(ids); i++) {
		char name[32];
		uint8_t raw[3] = { 9, 9, 9 };
		size_t len = 0;
		bool found = false;

		(void)snprintf(name, sizeof(name), "n%zu", i);
		CHECK_OK(insert(db, ids[i], name, &err), &err);
		DB_STMT st = db_use(db, &get);
		db_bind_i64(st, 1, ids[i]);
		CHECK_OK(db_row(st, &found, &err), &err);
		CHECK(found && db_col_i64(st, 0) == ids[i]);
		CHECK(strcmp(db_col_text(st, 1), name) == 0);
		CHECK(memcmp(db_col_blob(st, 2, &len), "\0\1\2", 3) == 0);
		CHECK(len == 3 && !db_col_null(st, 2));
		CHECK_CODE(
		    db_col_bytes(st, 2, raw, 2, &err), SP_E_CORRUPT, &err);
		CHECK(raw[0] == 9); /* untouched on failure */
		CHECK_OK(db_col_bytes(st, 2, raw, 3, &err), &err);
		CHECK(raw[0] == 0 && raw[2] == 2);
		CHECK_OK(db_row(st, &found, &err), &err);
		CHECK(!found);
		CHECK_OK(db_row(st, &found, &err), &err);
		CHECK(!found); /* and not from the start again */
	}
}

static void
nulls_and_pieces(void)
{
	DB_AUTO db = fresh("nulls");
	struct sp_err err;
	bool found = false;
	size_t len = 9;
	{
		DB_STMT st = db_use(db, &put);

		db_bind_u64(st, 1, 5);
		db_bind_textn(st, 2, "abcdef", 3);
		db_bind_blob(st, 3, NULL, 0);
		CHECK_OK(db_run(st, NULL, &err), &err);
		db_bind_u64(st, 1, 6); /* and again, without giving it back */
		db_bind_text(st, 2, NULL);
		db_bind_null(st, 3);
		CHECK_OK(db_run(st, NULL, &err), &err);
	}
	{
		DB_STMT st = db_use(db, &get);

		db_bind_u64(st, 1, 5);
		CHECK_OK(db_row(st, &found, &err), &err);
		CHECK(found && strcmp(db_col_text(st, 1), "abc") == 0);
		CHECK(db_col_null(st, 2));
		(void)db_col_blob(st, 2, &len);
		CHECK(len == 0);
	}
	{
		DB_STMT st = db_use(db, &get);

		db_bind_u64(st, 1, 6);
		CHECK_OK(db_row(st, &found, &err), &err);
		CHECK(found && db_col_null(st, 1));
		CHECK(strcmp(db_col_text(st, 1), "") == 0);
	}
	{
		/* Bindings of the last borrower are gone. */
		DB_STMT st = db_use(db, &get);

		CHECK_OK(db_row(st, &found, &err), &err);
		CHECK(!found);
	}
}

static void
changes_are_counted(void)
{
	DB_AUTO db = fresh("changes");
	static const struct db_sql create = {
		"CREATE TEMP TABLE IF NOT EXISTS x(a)",
	};
	struct sp_err err;
	uint64_t changed = 42;

	CHECK_OK(insert(db, 1, "a", &err), &err);
	CHECK_OK(insert(db, 2, "b", &err), &err);
	DB_STMT st = db_use(db, &rename_all);
	CHECK_OK(db_run(st, &changed, &err), &err);
	CHECK(changed == 2);
	DB_STMT ddl = db_use(db, &create);
	CHECK_OK(db_run(ddl, &changed, &err), &err);
	CHECK(changed == 0); /* not the update's again */
	DB_STMT rows_out = db_use(db, &all);
	CHECK_CODE(db_run(rows_out, NULL, &err), SP_E_INTERNAL, &err);
}

static void
errors_have_their_codes(void)
{
	DB_AUTO db = fresh("errors");
	static const struct db_sql nonsense = { "SELECT FROM nowhere" };
	static const struct db_sql orphan = {
		"INSERT INTO t(id, parent) VALUES(1, 99)",
	};
	struct sp_err err;
	bool found = true;

	CHECK_OK(insert(db, 1, "a", &err), &err);
	CHECK_CODE(insert(db, 1, "b", &err), SP_E_CONFLICT, &err);
	CHECK_CODE(insert(db, 2, "a", &err), SP_E_CONFLICT, &err);
	DB_STMT bad = db_use(db, &nonsense);
	CHECK_CODE(db_row(bad, &found, &err), SP_E_INTERNAL, &err);
	CHECK(found); /* untouched on failure */
	DB_STMT lonely = db_use(db, &orphan);
	CHECK_CODE(db_run(lonely, NULL, &err), SP_E_CONFLICT, &err);
	DB_STMT over = db_use(db, &get);
	db_bind_i64(over, 9, 1); /* there is no parameter 9 */
	CHECK_CODE(db_row(over, &found, &err), SP_E_INTERNAL, &err);
	CHECK_CODE(db_row(over, &found, &err), SP_E_INTERNAL, &err);
}

static void
opening_what_is_not_there(void)
{
	struct db *db = (struct db *)0x1;
	struct sp_err err;
	char other[96];
	int fd;

	CHECK_CODE(db_open(&db, "/nonexistent/x", DB_CREATE, &err),
	    SP_E_NOTFOUND, &err);
	(void)snprintf(other, sizeof(other), "%s/missing.db", dir);
	CHECK_CODE(db_open(&db, other, DB_WRITE, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(db_open(&db, other, DB_READ, &err), SP_E_NOTFOUND, &err);
	CHECK(access(other, F_OK) != 0);
	fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	for (int i = 0; i < 512; i++)
		CHECK(write(fd, "not a database! ", 16) == 16);
	CHECK(close(fd) == 0);
	CHECK_CODE(db_open(&db, other, DB_WRITE, &err), SP_E_CORRUPT, &err);
	CHECK(db == (struct db *)0x1);
}

static void
read_only_is_read_only(void)
{
	struct db *w = fresh("readonly");
	DB_AUTO r = NULL;
	struct sp_err err;

	CHECK_OK(insert(w, 1, "a", &err), &err);
	CHECK_OK(db_open(&r, path, DB_READ, &err), &err);
	CHECK(rows(r) == 1);
	CHECK(insert(r, 2, "b", &err) != SP_OK);
	CHECK(rows(r) == 1);
	CHECK_OK(insert(w, 2, "b", &err), &err);
	CHECK(rows(r) == 2); /* no snapshot is kept between statements */
	db_close(w);
}

static void
transactions_and_marks(void)
{
	DB_AUTO db = fresh("tx");
	struct sp_err err;

	db_rollback(db); /* outside: nothing */
	CHECK_OK(db_begin(db, &err), &err);
	CHECK_OK(insert(db, 1, "a", &err), &err);
	db_rollback(db);
	CHECK(rows(db) == 0);
	CHECK_OK(db_begin(db, &err), &err);
	for (int64_t i = 0; i < 10; i++) {
		CHECK_OK(db_mark(db, &err), &err);
		CHECK_OK(insert(db, 2 * i, NULL, &err), &err);
		CHECK_OK(insert(db, 2 * i + 1, NULL, &err), &err);
		if (i % 3 == 0)
			db_mark_undo(db);
		else
			CHECK_OK(db_mark_keep(db, &err), &err);
	}
	CHECK_OK(db_commit(db, &err), &err);
	CHECK(rows(db) == 12);
	CHECK_OK(db_check(db, &err), &err);
}

/* Another process: begins while this one is in a transaction, and answers
 * what it then sees; dies in the middle of a second one. */
static void
other_process(int in, int out)
{
	struct db *db = NULL;
	struct sp_err err;
	char byte = 0;

	CHECK(read(in, &byte, 1) == 1);
	CHECK_OK(db_open(&db, path, DB_WRITE, &err), &err);
	CHECK(write(out, "o", 1) == 1);
	CHECK_OK(db_begin(db, &err), &err);
	CHECK(rows(db) == 1);
	CHECK_OK(insert(db, 2, "b", &err), &err);
	CHECK_OK(db_commit(db, &err), &err);
	CHECK_OK(db_begin(db, &err), &err);
	CHECK_OK(insert(db, 3, "c", &err), &err);
	_exit(7);
}

static void
begin_takes_the_lock_and_death_gives_it_back(void)
{
	int to[2], from[2], status = 0;
	struct sp_err err;
	char byte = 0;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/lock.db", dir);
	CHECK(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
	(void)fflush(stdout);
	pid = fork(); /* before the file is open here: locks are a process's */
	CHECK(pid >= 0);
	if (pid == 0)
		other_process(to[0], from[1]);
	DB_AUTO db = fresh("lock");
	CHECK_OK(db_begin(db, &err), &err);
	CHECK_OK(insert(db, 1, "a", &err), &err);
	CHECK(write(to[1], "g", 1) == 1 && read(from[0], &byte, 1) == 1);
	CHECK_OK(db_commit(db, &err), &err);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	CHECK_OK(db_begin(db, &err), &err);
	CHECK(rows(db) == 2);
	CHECK_OK(db_commit(db, &err), &err);
	for (int i = 0; i < 2; i++)
		CHECK(close(to[i]) == 0 && close(from[i]) == 0);
}

static void
statements_nest_and_are_kept(void)
{
	DB_AUTO db = fresh("nest");
	static struct db_sql many[300];
	struct sp_err err;
	bool found = false;

	for (int i = 0; i < 20; i++)
		CHECK_OK(insert(db, i, NULL, &err), &err);
	DB_STMT outer = db_use(db, &all);
	for (int64_t i = 0; i < 20; i++) {
		CHECK_OK(db_row(outer, &found, &err), &err);
		CHECK(found && db_col_i64(outer, 0) == i);
		DB_STMT inner = db_use(db, &all);
		CHECK(inner != outer);
		CHECK_OK(db_row(inner, &found, &err), &err);
		CHECK(found && db_col_i64(inner, 0) == 0);
		DB_STMT third = db_use(db, &all);
		CHECK_OK(db_row(third, &found, &err), &err);
		CHECK(found && db_col_i64(third, 0) == 0);
	}
	/* The same statement comes back, however many others there are. */
	for (int round = 0; round < 2; round++) {
		static struct db_stmt *seen[SP_COUNTOF(many)];

		for (size_t i = 0; i < SP_COUNTOF(many); i++) {
			many[i].sqlite = "SELECT count(*) FROM t";
			DB_STMT st = db_use(db, &many[i]);
			CHECK_OK(db_row(st, &found, &err), &err);
			CHECK(found && db_col_i64(st, 0) == 20);
			CHECK(round == 0 || st == seen[i]);
			seen[i] = st;
		}
	}
}

static const char broken_third[] = "CREATE TABLE u(a) STRICT"; /* no type */

static void
migrations_go_forward_only(void)
{
	static const char *const more[] = {
		first,
		second,
		broken_third,
		"INSERT INTO t(id) VALUES(7); SELECT nonsense",
		"CREATE TABLE v(a INTEGER) STRICT",
	};
	static const char *const good[] = {
		first,
		second,
		"CREATE TABLE u(a INTEGER) STRICT",
	};
	static const struct db_sql seven = { "SELECT 1 FROM t WHERE id = 7" };
	DB_AUTO db = fresh("migrate");
	struct sp_err err;
	bool found = true;

	CHECK_OK(db_migrate(db, migrations, 2, &err), &err); /* again: no-op */
	/* STRICT wants types: the third fails, the first two stay. */
	CHECK(db_migrate(db, more, 5, &err) != SP_OK);
	CHECK_OK(db_migrate(db, good, 3, &err), &err);
	/* The fourth fails at its end: all of it is undone. */
	CHECK(db_migrate(db, more, 5, &err) != SP_OK);
	CHECK(strstr(err.text, "migration 4") != NULL);
	DB_STMT st = db_use(db, &seven);
	CHECK_OK(db_row(st, &found, &err), &err);
	CHECK(!found);
	CHECK_OK(db_migrate(db, good, 3, &err), &err);
	CHECK_CODE(db_migrate(db, migrations, 2, &err), SP_E_UNAVAIL, &err);
}

static void
full_disk_undoes_and_goes_on(void)
{
	DB_AUTO db = fresh("full");
	struct sp_err err;

	/* At the commit. */
	CHECK_OK(db_begin(db, &err), &err);
	CHECK_OK(insert(db, 1, "a", &err), &err);
	atomic_store(&fault.write, SQLITE_FULL);
	CHECK_CODE(db_commit(db, &err), SP_E_FULL, &err);
	CHECK(rows(db) == 0);
	/* In the middle, when the cache spills: the engine undoes everything,
	 * and what follows must not run on its own. */
	CHECK_OK(db_begin(db, &err), &err);
	{
		DB_STMT st = db_use(db, &big);

		db_bind_i64(st, 1, 3000); /* 9 MB: more than the cache */
		CHECK_CODE(db_run(st, NULL, &err), SP_E_FULL, &err);
	}
	fault_none(); /* space returns, this transaction does not */
	CHECK_CODE(insert(db, 2, "b", &err), SP_E_FULL, &err);
	CHECK_CODE(db_mark(db, &err), SP_E_FULL, &err);
	CHECK_CODE(db_commit(db, &err), SP_E_FULL, &err);
	CHECK(rows(db) == 0);
	CHECK_OK(db_begin(db, &err), &err);
	CHECK_OK(insert(db, 3, "c", &err), &err);
	CHECK_OK(db_commit(db, &err), &err);
	CHECK(rows(db) == 1);
	CHECK_OK(db_check(db, &err), &err);
}

/* What a full disk refuses is refused before the commit, which could be too
 * late for what has been done meanwhile. */
static void
a_flush_finds_the_full_disk(void)
{
	DB_AUTO db = fresh("flush");
	struct sp_err err;

	CHECK_OK(db_flush(db, &err), &err); /* nothing to do */
	CHECK_OK(db_begin(db, &err), &err);
	CHECK_OK(insert(db, 1, "a", &err), &err);
	CHECK_OK(db_flush(db, &err), &err);
	CHECK_OK(insert(db, 2, "b", &err), &err);
	atomic_store(&fault.write, SQLITE_FULL);
	CHECK_CODE(db_flush(db, &err), SP_E_FULL, &err);
	fault_none();
	db_rollback(db);
	CHECK(rows(db) == 0);
	CHECK_OK(db_begin(db, &err), &err);
	CHECK_OK(insert(db, 3, "c", &err), &err);
	CHECK_OK(db_flush(db, &err), &err);
	CHECK_OK(db_commit(db, &err), &err);
	CHECK(rows(db) == 1);
	CHECK_OK(db_check(db, &err), &err);
}

static void
failed_fsync_stops(void)
{
	DB_AUTO db = fresh("fsync");
	struct sp_err err;

	CHECK_OK(insert(db, 1, "a", &err), &err);
	CHECK_OK(db_begin(db, &err), &err);
	CHECK_OK(insert(db, 2, "b", &err), &err);
	atomic_store(&fault.sync, SQLITE_IOERR_FSYNC);
	CHECK_CODE(db_commit(db, &err), SP_E_STOPPED, &err);
	fault_none();
	CHECK_CODE(db_begin(db, &err), SP_E_STOPPED, &err);
	CHECK(rows(db) == 1); /* reading goes on */
}

/* The engine's own checkpoint would forget that the database file's fsync
 * failed. */
static void
failed_fsync_while_tidying_stops(void)
{
	DB_AUTO db = fresh("tidy");
	struct sp_err err;
	struct stat st;
	off_t before;

	CHECK(stat(path, &st) == 0);
	before = st.st_size;
	CHECK_OK(db_begin(db, &err), &err);
	{
		DB_STMT many = db_use(db, &big);

		db_bind_i64(many, 1, 2000);
		CHECK_OK(db_run(many, NULL, &err), &err);
	}
	CHECK_OK(db_commit(db, &err), &err);
	CHECK(stat(path, &st) == 0 && st.st_size == before);
	atomic_store(&fault.sync, SQLITE_IOERR_FSYNC);
	db_tidy(db);
	fault_none();
	CHECK_CODE(db_begin(db, &err), SP_E_STOPPED, &err);
	CHECK(rows(db) == 2000);
}

static void
tidying_keeps_the_log_short(void)
{
	DB_AUTO db = fresh("wal");
	struct sp_err err;
	char wal[112];
	struct stat st;

	for (int i = 0; i < 40; i++) {
		CHECK_OK(db_begin(db, &err), &err);
		DB_STMT many = db_use(db, &big);
		db_bind_i64(many, 1, 200);
		CHECK_OK(db_run(many, NULL, &err), &err);
		CHECK_OK(db_commit(db, &err), &err);
	}
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	CHECK(stat(path, &st) == 0 && st.st_size > 20 << 20);
	CHECK(stat(wal, &st) == 0 && st.st_size < 8 << 20);
	CHECK(rows(db) == 8000);
}

static void
one_commit_one_fsync(void)
{
	DB_AUTO db = fresh("syncs");
	struct sp_err err;
	long before;

	CHECK_OK(insert(db, 1, NULL, &err), &err); /* the log's header */
	before = atomic_load(&fault.syncs);
	for (int i = 2; i < 12; i++) {
		CHECK_OK(db_begin(db, &err), &err);
		CHECK_OK(insert(db, i, NULL, &err), &err);
		CHECK_OK(db_commit(db, &err), &err);
	}
	CHECK(atomic_load(&fault.syncs) - before == 10);
}

static void
damage_is_found(void)
{
	static const struct db_sql by_name = { "SELECT count(*) FROM t" };
	struct db *db = fresh("damage");
	struct sp_err err;
	uint8_t noise[2048];
	int fd;

	for (int i = 0; i < 2000; i++)
		CHECK_OK(insert(db, i, NULL, &err), &err);
	CHECK_OK(db_check(db, &err), &err);
	db_close(db); /* and all of the log is in the file */
	memset(noise, 0xa5, sizeof(noise));
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	for (off_t at = 20480; at < 49152; at += 4096)
		CHECK(pwrite(fd, noise, sizeof(noise), at) ==
		    (ssize_t)sizeof(noise));
	CHECK(close(fd) == 0);
	CHECK_OK(db_open(&db, path, DB_WRITE, &err), &err);
	CHECK_CODE(db_check(db, &err), SP_E_CORRUPT, &err);
	{
		DB_STMT st = db_use(db, &by_name);
		bool found = false;

		CHECK_CODE(db_row(st, &found, &err), SP_E_CORRUPT, &err);
	}
	db_close(db);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "settings hold in every mode", settings_hold },
		{ "values round trip", values_round_trip },
		{ "nulls, pieces, bindings that end", nulls_and_pieces },
		{ "changes are counted", changes_are_counted },
		{ "errors have their codes", errors_have_their_codes },
		{ "opening what is not there", opening_what_is_not_there },
		{ "read only is read only", read_only_is_read_only },
		{ "transactions and marks", transactions_and_marks },
		{ "begin takes the lock and death gives it back",
		    begin_takes_the_lock_and_death_gives_it_back },
		{ "statements nest and are kept",
		    statements_nest_and_are_kept },
		{ "migrations go forward only", migrations_go_forward_only },
		{ "a full disk undoes and goes on",
		    full_disk_undoes_and_goes_on },
		{ "a flush finds the full disk", a_flush_finds_the_full_disk },
		{ "a failed fsync stops", failed_fsync_stops },
		{ "a failed fsync while tidying stops",
		    failed_fsync_while_tidying_stops },
		{ "tidying keeps the log short", tidying_keeps_the_log_short },
		{ "one commit, one fsync", one_commit_one_fsync },
		{ "damage is found", damage_is_found },
	};

	dir = scratch_make();
	fault_vfs_install();
	return tap_run(cases, SP_COUNTOF(cases));
}
