#ifndef DB_DB_H
#define DB_DB_H

#include "base/err.h"
#include "db/pool.h"

/*
 * Statements and transactions on one database.  A statement is a static
 * `struct db_sql`; the handle prepares it the first time it is used and keeps
 * it.  Everything above this room speaks through here, so that another engine
 * can stand behind the same calls.
 *
 *	static const struct db_sql leaf_by_index = {
 *		"SELECT hash FROM leaf WHERE idx = ?1",
 *	};
 *	DB_STMT st = db_use(db, &leaf_by_index);
 *	db_bind_u64(st, 1, index);
 *	SP_TRY(db_row(st, &found, err));
 *
 * Threads: one thread at a time per handle.  A borrowed statement is reset
 * and unbound when its scope ends (DB_STMT).  Binding errors (no memory, too
 * large) stick to the statement and come out of the next db_row/db_run.
 */
struct db;
struct db_stmt;

struct db_sql {
	const char *sqlite; /* one text for each engine where they differ */
};

enum db_mode {
	DB_CREATE, /* read and write, made when missing; WAL, FULL */
	DB_WRITE,  /* read and write, must exist */
	DB_READ,   /* read only, must exist */
};

enum sp_code db_open(struct db **out, const char *path, enum db_mode mode,
    struct sp_err *err) SP_MUST_USE;
void db_close(struct db *db); /* NULL is a no-op */

static inline void
db_closep(struct db **db)
{
	db_close(*db);
}
#define DB_AUTO SP_CLEANUP(db_closep) struct db *

/* The file behind the handle. */
const char *db_path(const struct db *db);

/* Errors: constraint SP_E_CONFLICT, busy SP_E_UNAVAIL, no space SP_E_FULL,
 * a failed fsync SP_E_STOPPED, damaged file SP_E_CORRUPT, a missing file
 * SP_E_NOTFOUND, no memory SP_E_NOMEM, else INTERNAL.  After a failed fsync
 * the handle begins no transaction any more: SP_E_STOPPED. */

/* IMMEDIATE: takes the write lock now. */
enum sp_code db_begin(struct db *db, struct sp_err *err) SP_MUST_USE;
/* SP_OK: on disk.  On failure the transaction is undone.  An error such as a
 * full disk may undo it earlier; then every call up to the commit, and the
 * commit, fail with that error's code. */
enum sp_code db_commit(struct db *db, struct sp_err *err) SP_MUST_USE;
void db_rollback(struct db *db); /* no-op outside a transaction */
/* Write to the disk's cache what the transaction has changed so far: a full
 * disk is found out here, before something is done that the commit's failing
 * could not undo. */
enum sp_code db_flush(struct db *db, struct sp_err *err) SP_MUST_USE;
/* Move what the write-ahead log holds into the database file, once there is
 * enough of it.  db_begin does the same; calling this when nobody waits keeps
 * it out of the next transaction's time.  Outside transactions. */
void db_tidy(struct db *db);
/* A mark inside a transaction to go back to; marks do not nest. */
enum sp_code db_mark(struct db *db, struct sp_err *err) SP_MUST_USE;
enum sp_code db_mark_keep(struct db *db, struct sp_err *err) SP_MUST_USE;
void db_mark_undo(struct db *db);

/* A statement that is borrowed already is lent a second time, apart. */
struct db_stmt *db_use(struct db *db, const struct db_sql *sql);
void db_give_back(struct db_stmt **st);
#define DB_STMT SP_CLEANUP(db_give_back) struct db_stmt *

/* Parameters count from 1.  Text and blobs are borrowed until the statement
 * is given back.  A NULL text or blob binds NULL. */
void db_bind_i64(struct db_stmt *st, int at, int64_t v);
void db_bind_u64(struct db_stmt *st, int at, uint64_t v); /* <= INT64_MAX */
void db_bind_text(struct db_stmt *st, int at, const char *s);
void db_bind_textn(struct db_stmt *st, int at, const char *s, size_t len);
void db_bind_blob(struct db_stmt *st, int at, const void *b, size_t len);
void db_bind_null(struct db_stmt *st, int at);

/* Step to the next row; *found says whether there is one (and goes on saying
 * no after the last). */
enum sp_code db_row(
    struct db_stmt *st, bool *found, struct sp_err *err) SP_MUST_USE;
/* Run to the end; rows are an error. *changed (may be NULL): rows touched.
 * The statement may be bound and run again; bindings stay. */
enum sp_code db_run(
    struct db_stmt *st, uint64_t *changed, struct sp_err *err) SP_MUST_USE;

/* Columns count from 0; pointers live until the next step. */
bool db_col_null(struct db_stmt *st, int at);
int64_t db_col_i64(struct db_stmt *st, int at);
const char *db_col_text(struct db_stmt *st, int at); /* never NULL */
const void *db_col_blob(struct db_stmt *st, int at, size_t *len);
/* Copies exactly len bytes; SP_E_CORRUPT when the column has another size. */
enum sp_code db_col_bytes(struct db_stmt *st, int at, void *out, size_t len,
    struct sp_err *err) SP_MUST_USE;

/* Forward-only migrations, each in a transaction of its own; the number of
 * those done is kept in the database.  A database that has seen more than n
 * is of a newer program: SP_E_UNAVAIL. */
enum sp_code db_migrate(struct db *db, const char *const *script, size_t n,
    struct sp_err *err) SP_MUST_USE;

/* The engine's own consistency check; SP_E_CORRUPT with its first finding. */
enum sp_code db_check(struct db *db, struct sp_err *err) SP_MUST_USE;

#endif
