#include "db/pool.h"

#include "db/db.h"

#include <pthread.h>
#include <stdlib.h>

/* The pool of read-only handles: a stack under a lock. */

struct db_pool {
	pthread_mutex_t lock;
	pthread_cond_t given;
	size_t n, free;
	struct db *handle[]; /* the first `free` are free */
};

enum sp_code
db_pool_open(
    struct db_pool **out, const char *path, size_t n, struct sp_err *err)
{
	struct db_pool *pool;

	SP_REQUIRE(n > 0);
	pool = calloc(1, sizeof(*pool) + n * sizeof(struct db *));
	if (pool == NULL)
		return sp_fail(err, SP_E_NOMEM, "pool of %zu handles", n);
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->given, NULL);
	pool->n = n;
	for (; pool->free < n; pool->free++) {
		enum sp_code code =
		    db_open(&pool->handle[pool->free], path, DB_READ, err);

		if (code != SP_OK) {
			pool->n = pool->free;
			db_pool_close(pool);
			return code;
		}
	}
	*out = pool;
	return SP_OK;
}

void
db_pool_close(struct db_pool *pool)
{
	if (pool == NULL)
		return;
	SP_REQUIRE(pool->free == pool->n); /* all are back */
	for (size_t i = 0; i < pool->n; i++)
		db_close(pool->handle[i]);
	(void)pthread_cond_destroy(&pool->given);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

struct db *
db_pool_take(struct db_pool *pool)
{
	struct db *db;

	(void)pthread_mutex_lock(&pool->lock);
	while (pool->free == 0)
		(void)pthread_cond_wait(&pool->given, &pool->lock);
	db = pool->handle[--pool->free];
	(void)pthread_mutex_unlock(&pool->lock);
	return db;
}

void
db_pool_give(struct db_pool *pool, struct db *db)
{
	(void)pthread_mutex_lock(&pool->lock);
	SP_REQUIRE(pool->free < pool->n);
	pool->handle[pool->free++] = db;
	(void)pthread_cond_signal(&pool->given);
	(void)pthread_mutex_unlock(&pool->lock);
}

void
db_lent_done(struct db_lent *lent)
{
	db_pool_give(lent->pool, lent->db);
}
