#ifndef DB_POOL_H
#define DB_POOL_H

#include "base/err.h"

/* A pool of read-only handles on one database, for many threads. */
struct db;
struct db_pool;

enum sp_code db_pool_open(struct db_pool **out, const char *path, size_t n,
    struct sp_err *err) SP_MUST_USE;
/* All handles must be back.  NULL is a no-op. */
void db_pool_close(struct db_pool *pool);
/* Waits for a free handle. */
struct db *db_pool_take(struct db_pool *pool);
void db_pool_give(struct db_pool *pool, struct db *db);

struct db_lent {
	struct db_pool *pool;
	struct db *db;
};
void db_lent_done(struct db_lent *lent);
/* DB_LENT(r, pool); use r.db; given back at the end of the scope. */
#define DB_LENT(name, from)                                                    \
	SP_CLEANUP(db_lent_done)                                               \
	struct db_lent name = { (from), db_pool_take(from) }

#endif
