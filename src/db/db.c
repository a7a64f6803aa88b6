#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BUSY_MS = 10000,   /* patience with another process's transaction */
	TIDY_PAGES = 1000, /* pages in the write-ahead log worth moving */
	SLOTS_LEAST = 64,
};

/* What every handle is, before anything runs on it.  The program moves the
 * write-ahead log itself (db_tidy): the engine's own way ignores a failed
 * fsync of the database file.  After a burst the log is cut to 64 MiB.
 * With recursive triggers, REPLACE fires those on DELETE. */
static const char settings[] = "PRAGMA synchronous = FULL;"
			       "PRAGMA foreign_keys = ON;"
			       "PRAGMA recursive_triggers = ON;"
			       "PRAGMA trusted_schema = OFF;"
			       "PRAGMA cell_size_check = ON;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA journal_size_limit = 67108864;"
			       "PRAGMA wal_autocheckpoint = 0;";

/* A prepared statement.  `failed` is the first failure since it was borrowed;
 * later steps repeat it. */
struct db_stmt {
	struct db *db;
	const struct db_sql *sql;
	sqlite3_stmt *handle;
	struct db_stmt *next; /* another of the same text, while nested */
	int failed;
	bool borrowed;
	bool done; /* the last row has been given */
};

struct db {
	sqlite3 *handle;
	struct db_stmt **slot; /* open addressing by the address of the text */
	size_t slots, used;    /* slots is a power of two, half of it free */
	bool in_tx;            /* the program's view; the engine's may differ */
	enum sp_code undone;   /* why the engine undid the transaction, or OK */
	bool stopped;          /* an fsync failed */
	int wal_pages;
	struct db_stmt nomem; /* lent when there is no memory for another */
};

static const struct db_sql tx_begin = { "BEGIN IMMEDIATE" };
static const struct db_sql tx_commit = { "COMMIT" };
static const struct db_sql tx_rollback = { "ROLLBACK" };
static const struct db_sql mark_set = { "SAVEPOINT mark" };
static const struct db_sql mark_undo = { "ROLLBACK TO mark" };
static const struct db_sql mark_release = { "RELEASE mark" };

static enum sp_code
code_of_io(struct db *db, int rc)
{
	switch (rc) {
	case SQLITE_IOERR_FSYNC:
	case SQLITE_IOERR_DIR_FSYNC: return SP_E_STOPPED;
	case SQLITE_IOERR_NOMEM: return SP_E_NOMEM;
	case SQLITE_IOERR_CORRUPTFS:
	case SQLITE_IOERR_DATA: return SP_E_CORRUPT;
	default: break;
	}
	return sqlite3_system_errno(db->handle) == EDQUOT ? SP_E_FULL
							  : SP_E_INTERNAL;
}

static enum sp_code
code_of(struct db *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return SP_E_UNAVAIL;
	case SQLITE_CONSTRAINT: return SP_E_CONFLICT;
	case SQLITE_FULL: return SP_E_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return SP_E_CORRUPT;
	case SQLITE_NOMEM: return SP_E_NOMEM;
	case SQLITE_IOERR: return code_of_io(db, rc);
	default: return SP_E_INTERNAL;
	}
}

/* Report a result of the engine's.  A transaction that the engine has undone
 * on its own is remembered, so that nothing runs outside of one unseen. */
static enum sp_code
fail(struct db *db, int rc, const char *what, struct sp_err *err)
{
	enum sp_code code = code_of(db, rc);
	bool last = sqlite3_extended_errcode(db->handle) == rc;

	if (code == SP_E_STOPPED)
		db->stopped = true;
	if (db->in_tx && db->undone == SP_OK &&
	    sqlite3_get_autocommit(db->handle))
		db->undone = code;
	return sp_fail(err, code, "%s: %s (%d)", what,
	    last ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc), rc);
}

static int
wal_grown(void *arg, sqlite3 *handle, const char *name, int pages)
{
	struct db *db = arg;

	(void)handle;
	(void)name;
	db->wal_pages = pages;
	return SQLITE_OK;
}

/* The file is made here, for the engine would let others read it.  Only a new
 * one is opened and closed: closing drops whatever locks this process holds
 * on the file elsewhere. */
static enum sp_code
make_file(const char *path, struct sp_err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)close(fd); /* nothing was written to it */
	else if (errno != EEXIST)
		return sp_fail_os(err, "make %s", path);
	return SP_OK;
}

static enum sp_code
run_text(struct db *db, const char *text, const char *what, struct sp_err *err)
{
	int rc = sqlite3_exec(db->handle, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? SP_OK : fail(db, rc, what, err);
}

/* Undoing must not need memory that is not there. */
static enum sp_code
prepare_undoing(struct db *db, struct sp_err *err)
{
	static const struct db_sql *const sql[] = {
		&tx_rollback,
		&mark_undo,
		&mark_release,
	};

	for (size_t i = 0; i < SP_COUNTOF(sql); i++) {
		DB_STMT st = db_use(db, sql[i]);

		if (st->failed != SQLITE_OK)
			return fail(db, st->failed, "open", err);
	}
	return SP_OK;
}

static enum sp_code
set_up(struct db *db, enum db_mode mode, struct sp_err *err)
{
	static const struct db_sql wal = { "PRAGMA journal_mode = WAL" };
	bool found = false;

	(void)sqlite3_busy_timeout(db->handle, BUSY_MS);
	(void)sqlite3_db_config(
	    db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	SP_TRY(run_text(db, settings, "open", err));
	/* After the settings: wal_autocheckpoint sets a hook of its own. */
	(void)sqlite3_wal_hook(db->handle, wal_grown, db);
	SP_TRY(prepare_undoing(db, err));
	if (mode != DB_READ) {
		/* It answers with the mode it is in afterwards. */
		DB_STMT st = db_use(db, &wal);

		SP_TRY(db_row(st, &found, err));
		if (!found || strcmp(db_col_text(st, 0), "wal") != 0)
			return sp_fail(err, SP_E_INTERNAL,
			    "no write-ahead log on this file system");
	}
	/* Read the header now, so that a damaged file shows here. */
	return run_text(db, "SELECT count(*) FROM sqlite_schema", "open", err);
}

enum sp_code
db_open(
    struct db **out, const char *path, enum db_mode mode, struct sp_err *err)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
	    (mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
	DB_AUTO db = NULL;
	int rc;

	if (mode == DB_CREATE)
		SP_TRY(make_file(path, err));
	if (access(path, F_OK) != 0)
		return sp_fail_os(err, "open %s", path);
	db = calloc(1, sizeof(*db));
	if (db == NULL)
		return sp_fail(err, SP_E_NOMEM, "open %s", path);
	db->nomem = (struct db_stmt){ .db = db, .done = true };
	rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
	if (rc != SQLITE_OK)
		return fail(db, rc, path, err);
	SP_TRY(set_up(db, mode, err));
	*out = SP_STEAL(db);
	return SP_OK;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	for (size_t i = 0; i < db->slots; i++) {
		struct db_stmt *st = db->slot[i];

		while (st != NULL) {
			struct db_stmt *next = st->next;

			SP_REQUIRE(!st->borrowed);
			(void)sqlite3_finalize(st->handle);
			free(st);
			st = next;
		}
	}
	free(db->slot);
	SP_REQUIRE(sqlite3_close(db->handle) == SQLITE_OK);
	free(db);
}

const char *
db_path(const struct db *db)
{
	return sqlite3_db_filename(db->handle, "main");
}

/*
 * Transactions.  The engine answers some errors (disk full, no memory, I/O) by
 * undoing the whole transaction; statements after that would each be one of
 * their own.  `in_tx` and `undone` keep them from running.
 */
static enum sp_code
still_on(struct db *db, struct sp_err *err)
{
	if (!db->in_tx || !sqlite3_get_autocommit(db->handle))
		return SP_OK;
	if (db->undone == SP_OK)
		db->undone = SP_E_INTERNAL;
	return sp_fail(
	    err, db->undone, "an earlier error has undone the transaction");
}

static enum sp_code
simple(struct db *db, const struct db_sql *sql, struct sp_err *err)
{
	DB_STMT st = db_use(db, sql);

	return db_run(st, NULL, err);
}

/* PASSIVE waits for nobody; what readers still need stays for the next time.
 * Failing is not the caller's failure, but a failed fsync ends writing. */
static void
move_log(struct db *db)
{
	int rc = sqlite3_wal_checkpoint_v2(
	    db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	if (rc == SQLITE_OK)
		db->wal_pages = 0;
	else
		(void)fail(db, rc, "checkpoint", NULL);
}

void
db_tidy(struct db *db)
{
	SP_REQUIRE(!db->in_tx);
	if (db->wal_pages >= TIDY_PAGES && !db->stopped)
		move_log(db);
}

enum sp_code
db_begin(struct db *db, struct sp_err *err)
{

	SP_REQUIRE(!db->in_tx);
	db_tidy(db);
	if (db->stopped)
		return sp_fail(err, SP_E_STOPPED,
		    "%s: an fsync failed; nothing is written any more",
		    db_path(db));
	SP_TRY(simple(db, &tx_begin, err));
	db->in_tx = true;
	db->undone = SP_OK;
	return SP_OK;
}

enum sp_code
db_commit(struct db *db, struct sp_err *err)
{
	enum sp_code code;

	SP_REQUIRE(db->in_tx);
	code = simple(db, &tx_commit, err);
	if (code != SP_OK)
		db_rollback(db);
	db->in_tx = false;
	return code;
}

enum sp_code
db_flush(struct db *db, struct sp_err *err)
{
	int rc = sqlite3_db_cacheflush(db->handle);

	return rc == SQLITE_OK ? SP_OK : fail(db, rc, "flush", err);
}

void
db_rollback(struct db *db)
{

	if (!db->in_tx)
		return;
	db->in_tx = false;
	if (sqlite3_get_autocommit(db->handle))
		return;
	/* Undoing in the write-ahead log forgets pages and cannot fail in a way
	 * that leaves them: the engine gives up the transaction regardless. */
	(void)simple(db, &tx_rollback, NULL);
	SP_REQUIRE(sqlite3_get_autocommit(db->handle));
}

enum sp_code
db_mark(struct db *db, struct sp_err *err)
{

	SP_REQUIRE(db->in_tx);
	return simple(db, &mark_set, err);
}

enum sp_code
db_mark_keep(struct db *db, struct sp_err *err)
{
	SP_REQUIRE(db->in_tx);
	return simple(db, &mark_release, err);
}

void
db_mark_undo(struct db *db)
{
	struct sp_err err;
	enum sp_code code;

	SP_REQUIRE(db->in_tx);
	if (sqlite3_get_autocommit(db->handle))
		return; /* more than the mark is undone; the commit says so */
	code = simple(db, &mark_undo, &err);
	if (code == SP_OK)
		code = simple(db, &mark_release, &err);
	if (code == SP_OK)
		return;
	/* Half an act must not be committed with the rest. */
	db_rollback(db);
	db->in_tx = true;
	db->undone = code;
}

/* Statements. */

static size_t
slot_of(const struct db *db, const struct db_sql *sql)
{
	uint64_t h = (uint64_t)(uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(h >> 32) & (db->slots - 1);

	while (db->slot[at] != NULL && db->slot[at]->sql != sql)
		at = (at + 1) & (db->slots - 1);
	return at;
}

static bool
make_room(struct db *db)
{
	struct db_stmt **old = db->slot;
	size_t old_slots = db->slots;
	size_t slots = old_slots == 0 ? SLOTS_LEAST : 2 * old_slots;
	struct db_stmt **slot;

	if (db->used < old_slots / 2)
		return true;
	slot = calloc(slots, sizeof(struct db_stmt *));
	if (slot == NULL)
		return false;
	db->slot = slot;
	db->slots = slots;
	for (size_t i = 0; i < old_slots; i++)
		if (old[i] != NULL)
			slot[slot_of(db, old[i]->sql)] = old[i];
	free(old);
	return true;
}

/* A free statement of this text, made when there is none; NULL: no memory. */
static struct db_stmt *
find(struct db *db, const struct db_sql *sql)
{
	struct db_stmt **at;
	bool first;

	if (!make_room(db))
		return NULL;
	at = &db->slot[slot_of(db, sql)];
	first = *at == NULL;
	while (*at != NULL && (*at)->borrowed)
		at = &(*at)->next;
	if (*at != NULL)
		return *at;
	*at = calloc(1, sizeof(**at));
	if (*at == NULL)
		return NULL;
	**at = (struct db_stmt){ .db = db, .sql = sql };
	if (first)
		db->used++;
	return *at;
}

struct db_stmt *
db_use(struct db *db, const struct db_sql *sql)
{
	struct db_stmt *st = find(db, sql);

	if (st == NULL) {
		db->nomem.failed = SQLITE_NOMEM;
		return &db->nomem;
	}
	st->borrowed = true;
	st->done = false;
	st->failed = SQLITE_OK;
	if (st->handle == NULL)
		st->failed = sqlite3_prepare_v3(db->handle, sql->sqlite, -1,
		    SQLITE_PREPARE_PERSISTENT, &st->handle, NULL);
	return st;
}

void
db_give_back(struct db_stmt **st)
{
	struct db_stmt *given = *st;

	if (given->handle != NULL) {
		/* reset repeats the last step's error, reported there. */
		(void)sqlite3_reset(given->handle);
		(void)sqlite3_clear_bindings(given->handle);
	}
	given->borrowed = false;
	*st = NULL;
}

static void
bound(struct db_stmt *st, int rc)
{
	if (rc != SQLITE_OK && st->failed == SQLITE_OK)
		st->failed = rc;
}

void
db_bind_i64(struct db_stmt *st, int at, int64_t v)
{
	bound(st, sqlite3_bind_int64(st->handle, at, v));
}

void
db_bind_u64(struct db_stmt *st, int at, uint64_t v)
{
	SP_REQUIRE(v <= INT64_MAX);
	db_bind_i64(st, at, (int64_t)v);
}

void
db_bind_text(struct db_stmt *st, int at, const char *s)
{
	db_bind_textn(st, at, s, s == NULL ? 0 : strlen(s));
}

void
db_bind_textn(struct db_stmt *st, int at, const char *s, size_t len)
{
	bound(st,
	    sqlite3_bind_text64(
		st->handle, at, s, len, SQLITE_STATIC, SQLITE_UTF8));
}

void
db_bind_blob(struct db_stmt *st, int at, const void *b, size_t len)
{
	bound(st, sqlite3_bind_blob64(st->handle, at, b, len, SQLITE_STATIC));
}

void
db_bind_null(struct db_stmt *st, int at)
{
	bound(st, sqlite3_bind_null(st->handle, at));
}

static enum sp_code
stmt_fail(struct db_stmt *st, int rc, struct sp_err *err)
{
	if (st->failed == SQLITE_OK)
		st->failed = rc;
	return fail(st->db, rc, "database", err);
}

enum sp_code
db_row(struct db_stmt *st, bool *found, struct sp_err *err)
{
	int rc;

	if (st->failed != SQLITE_OK)
		return stmt_fail(st, st->failed, err);
	SP_TRY(still_on(st->db, err));
	if (st->done) {
		*found = false;
		return SP_OK;
	}
	rc = sqlite3_step(st->handle);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return stmt_fail(st, rc, err);
	st->done = rc == SQLITE_DONE;
	*found = rc == SQLITE_ROW;
	return SP_OK;
}

enum sp_code
db_run(struct db_stmt *st, uint64_t *changed, struct sp_err *err)
{
	sqlite3 *handle = st->db->handle;
	sqlite3_int64 before = sqlite3_total_changes64(handle);
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	if (found)
		return sp_fail(err, SP_E_INTERNAL,
		    "database: rows from a statement that has none");
	if (changed != NULL)
		*changed = sqlite3_total_changes64(handle) == before
		    ? 0
		    : (uint64_t)sqlite3_changes64(handle);
	(void)sqlite3_reset(st->handle); /* its step was good */
	st->done = false;
	return SP_OK;
}

bool
db_col_null(struct db_stmt *st, int at)
{
	return sqlite3_column_type(st->handle, at) == SQLITE_NULL;
}

int64_t
db_col_i64(struct db_stmt *st, int at)
{
	return sqlite3_column_int64(st->handle, at);
}

const char *
db_col_text(struct db_stmt *st, int at)
{
	const unsigned char *s = sqlite3_column_text(st->handle, at);

	return s == NULL ? "" : (const char *)s;
}

const void *
db_col_blob(struct db_stmt *st, int at, size_t *len)
{
	const void *b = sqlite3_column_blob(st->handle, at);

	*len = (size_t)sqlite3_column_bytes(st->handle, at);
	return b;
}

enum sp_code
db_col_bytes(
    struct db_stmt *st, int at, void *out, size_t len, struct sp_err *err)
{
	size_t got = 0;
	const void *b = db_col_blob(st, at, &got);

	if (got != len)
		return sp_fail(err, SP_E_CORRUPT,
		    "database: column %d has %zu bytes, not %zu", at, got, len);
	if (len != 0)
		memcpy(out, b, len);
	return SP_OK;
}

/* Migrations. */

static enum sp_code
version(struct db *db, uint64_t *out, struct sp_err *err)
{
	static const struct db_sql get = { "PRAGMA user_version" };
	DB_STMT st = db_use(db, &get);
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	if (!found || db_col_i64(st, 0) < 0)
		return sp_fail(
		    err, SP_E_CORRUPT, "%s: no version", db_path(db));
	*out = (uint64_t)db_col_i64(st, 0);
	return SP_OK;
}

/* Run one script and count it, if nobody else has meanwhile. */
static enum sp_code
migrate_one(
    struct db *db, const char *script, uint64_t number, struct sp_err *err)
{
	char count[48];
	char what[48];
	uint64_t done = 0;

	SP_TRY(version(db, &done, err));
	if (done >= number)
		return SP_OK;
	(void)snprintf(count, sizeof(count), "PRAGMA user_version = %ju",
	    (uintmax_t)number);
	(void)snprintf(what, sizeof(what), "migration %ju", (uintmax_t)number);
	SP_TRY(run_text(db, script, what, err));
	SP_TRY(still_on(db, err));
	return run_text(db, count, what, err);
}

enum sp_code
db_migrate(
    struct db *db, const char *const *script, size_t n, struct sp_err *err)
{
	uint64_t done = 0;

	SP_TRY(version(db, &done, err));
	if (done > n)
		return sp_fail(err, SP_E_UNAVAIL,
		    "%s is of a newer program (version %ju, this one knows "
		    "%zu)",
		    db_path(db), (uintmax_t)done, n);
	for (; done < n; done++) {
		enum sp_code code;

		SP_TRY(db_begin(db, err));
		code = migrate_one(db, script[done], done + 1, err);
		if (code != SP_OK) {
			db_rollback(db);
			return code;
		}
		SP_TRY(db_commit(db, err));
	}
	return SP_OK;
}

enum sp_code
db_check(struct db *db, struct sp_err *err)
{
	static const struct db_sql integrity = { "PRAGMA integrity_check(1)" };
	static const struct db_sql foreign = { "PRAGMA foreign_key_check" };
	DB_STMT st = db_use(db, &integrity);
	DB_STMT keys = db_use(db, &foreign);
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	if (!found || strcmp(db_col_text(st, 0), "ok") != 0)
		return sp_fail(err, SP_E_CORRUPT, "%s: %s", db_path(db),
		    found ? db_col_text(st, 0) : "no answer");
	SP_TRY(db_row(keys, &found, err));
	if (found)
		return sp_fail(err, SP_E_CORRUPT,
		    "%s: a row of %s refers to none of %s", db_path(db),
		    db_col_text(keys, 0), db_col_text(keys, 2));
	return SP_OK;
}
