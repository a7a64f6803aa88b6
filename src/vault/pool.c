#include "vault/pool.h"

#include "vault/store.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define SPARES_KEPT 32
/* Locked memory that is for others: keys, readers' buffers. */
#define PLENTY       ((size_t)64 << 20)
#define WORKER_STACK ((size_t)256 << 10)
/* The region's alignment: a huge page is two buffers. */
#define HUGE ((size_t)2 << 20)
/* Of four workers, one at most reads ahead. */
#define WORKERS_AHEAD 4
#define WORKERS_MAX   1024
#define AHEADS_MAX    (WORKERS_MAX / WORKERS_AHEAD + 1)

struct vault_lane {
	struct vault_pool *pool;
	struct vault_job *first;
	struct vault_job *last;
	struct vault_lane *next; /* among those ready */
	bool busy;               /* ready, or one of its jobs runs */
	pthread_cond_t idle;
};

struct vault_pool {
	/* Buffers: a stack of the free ones' numbers. */
	pthread_mutex_t lock;
	pthread_cond_t given;
	pthread_cond_t landed;
	size_t flying;
	uint8_t *region;
	size_t mapped;
	bool lock_memory;
	uint32_t *free;
	bool *lent;
	size_t left; /* entries of `free` */
	uint8_t *spare[SPARES_KEPT];
	size_t spares;
	struct vault_pool_stats stats;

	/* Workers: a queue of the lanes that have a job and run none. */
	pthread_mutex_t work;
	pthread_cond_t ready;
	struct vault_lane *first;
	struct vault_lane *last;
	bool stopping;
	struct vault_lane *ahead[AHEADS_MAX];
	size_t aheads;
	size_t started;
	pthread_t worker[];
};

/* Keys have the first claim on memory that may be locked: the pool asks only
 * where there is plenty. */
static bool
may_lock(size_t len)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return false;
	return limit.rlim_cur == RLIM_INFINITY ||
	    limit.rlim_cur / 2 >= PLENTY + len;
}

/* Memory for plaintext: page-aligned, not in core dumps, not in children, and
 * if it may be locked not on the swap device. */
static uint8_t *
map_private(size_t len, bool lock)
{
	uint8_t *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	if (madvise(at, len, MADV_DONTDUMP) != 0 ||
	    madvise(at, len, MADV_DONTFORK) != 0) {
		(void)munmap(at, len);
		return NULL;
	}
	if (lock)
		(void)mlock2(at, len, MLOCK_ONFAULT);
	return at;
}

/* ---- Buffers ---- */

static uint8_t *
buffer_at(const struct vault_pool *p, size_t i)
{
	return p->region + -(uintptr_t)p->region % HUGE + i * VAULT_SEGMENT;
}

uint8_t *
vault_pool_take(struct vault_pool *p)
{
	size_t i;

	(void)pthread_mutex_lock(&p->lock);
	if (p->left == 0)
		p->stats.waits++;
	while (p->left == 0)
		(void)pthread_cond_wait(&p->given, &p->lock);
	i = p->free[--p->left];
	p->lent[i] = true;
	if (++p->stats.lent > p->stats.most_lent)
		p->stats.most_lent = p->stats.lent;
	(void)pthread_mutex_unlock(&p->lock);
	return buffer_at(p, i);
}

void
vault_pool_give(struct vault_pool *p, uint8_t *buf, size_t dirty)
{
	size_t i = (size_t)(buf - buffer_at(p, 0)) / VAULT_SEGMENT;

	SP_REQUIRE(i < p->stats.buffers && buf == buffer_at(p, i));
	SP_REQUIRE(dirty <= VAULT_SEGMENT);
	explicit_bzero(buf, dirty);
	(void)pthread_mutex_lock(&p->lock);
	SP_REQUIRE(p->lent[i]);
	p->lent[i] = false;
	p->free[p->left++] = (uint32_t)i;
	p->stats.lent--;
	(void)pthread_cond_signal(&p->given);
	(void)pthread_mutex_unlock(&p->lock);
}

void
vault_pool_fly(struct vault_pool *p)
{
	(void)pthread_mutex_lock(&p->lock);
	while (p->flying == VAULT_POOL_FLYING)
		(void)pthread_cond_wait(&p->landed, &p->lock);
	p->flying++;
	(void)pthread_mutex_unlock(&p->lock);
}

void
vault_pool_land(struct vault_pool *p)
{
	(void)pthread_mutex_lock(&p->lock);
	SP_REQUIRE(p->flying > 0);
	p->flying--;
	(void)pthread_cond_signal(&p->landed);
	(void)pthread_mutex_unlock(&p->lock);
}

uint8_t *
vault_pool_spare(struct vault_pool *p)
{
	uint8_t *buf = NULL;

	(void)pthread_mutex_lock(&p->lock);
	if (p->spares > 0)
		buf = p->spare[--p->spares];
	p->stats.spare_lent++;
	(void)pthread_mutex_unlock(&p->lock);
	if (buf == NULL)
		buf = map_private(VAULT_SEGMENT, p->lock_memory);
	if (buf == NULL) {
		(void)pthread_mutex_lock(&p->lock);
		p->stats.spare_lent--;
		(void)pthread_mutex_unlock(&p->lock);
	}
	return buf;
}

void
vault_pool_spare_give(struct vault_pool *p, uint8_t *buf, size_t dirty)
{
	if (buf == NULL)
		return;
	SP_REQUIRE(dirty <= VAULT_SEGMENT);
	explicit_bzero(buf, dirty);
	(void)pthread_mutex_lock(&p->lock);
	SP_REQUIRE(p->stats.spare_lent > 0);
	p->stats.spare_lent--;
	if (p->spares < SPARES_KEPT) {
		p->spare[p->spares++] = buf;
		buf = NULL;
	}
	(void)pthread_mutex_unlock(&p->lock);
	if (buf != NULL)
		(void)munmap(buf, VAULT_SEGMENT);
}

void
vault_pool_stats(struct vault_pool *p, struct vault_pool_stats *out)
{
	(void)pthread_mutex_lock(&p->lock);
	*out = p->stats;
	(void)pthread_mutex_unlock(&p->lock);
}

/*
 * ---- Lanes ----
 *
 * A job that puts the next stage of its work into an idle lane has that lane
 * run by its own worker, right after it: the segment is still in that core's
 * cache, and nobody has to be woken.  Whatever else was waiting behind the job
 * goes to another worker meanwhile.
 */
static _Thread_local struct vault_pool *my_pool; /* set while a job runs */
static _Thread_local struct vault_lane *my_next;

static void
make_ready(struct vault_pool *p, struct vault_lane *lane)
{
	lane->next = NULL;
	if (p->first == NULL)
		p->first = lane;
	else
		p->last->next = lane;
	p->last = lane;
}

/* Run a lane's first job.  Called with `work` held, and holding it again on
 * return; gives the lane that this worker is to run next, or NULL. */
static struct vault_lane *
run_one(struct vault_pool *p, struct vault_lane *lane)
{
	struct vault_job *job = lane->first;

	lane->first = job->next;
	(void)pthread_mutex_unlock(&p->work);
	my_pool = p;
	job->run(job);
	my_pool = NULL;
	(void)pthread_mutex_lock(&p->work);
	if (lane->first == NULL) {
		lane->busy = false;
		(void)pthread_cond_broadcast(&lane->idle);
	} else {
		make_ready(p, lane);
		if (my_next != NULL)
			(void)pthread_cond_signal(&p->ready);
	}
	return SP_STEAL(my_next);
}

static void *
work(void *arg)
{
	struct vault_pool *p = arg;
	struct vault_lane *lane = NULL;

	(void)pthread_mutex_lock(&p->work);
	for (;;) {
		if (lane == NULL && p->first != NULL) {
			lane = p->first;
			p->first = lane->next;
		}
		if (lane != NULL)
			lane = run_one(p, lane);
		else if (p->stopping)
			break;
		else
			(void)pthread_cond_wait(&p->ready, &p->work);
	}
	(void)pthread_mutex_unlock(&p->work);
	return NULL;
}

enum sp_code
vault_lane_new(
    struct vault_lane **out, struct vault_pool *p, struct sp_err *err)
{
	struct vault_lane *lane = calloc(1, sizeof(*lane));

	if (lane == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a lane");
	lane->pool = p;
	SP_REQUIRE(pthread_cond_init(&lane->idle, NULL) == 0);
	*out = lane;
	return SP_OK;
}

void
vault_lane_put(struct vault_lane *lane, struct vault_job *job)
{
	struct vault_pool *p = lane->pool;

	job->next = NULL;
	(void)pthread_mutex_lock(&p->work);
	if (lane->first == NULL)
		lane->first = job;
	else
		lane->last->next = job;
	lane->last = job;
	if (!lane->busy) {
		lane->busy = true;
		if (my_pool == p && my_next == NULL) {
			my_next = lane;
		} else {
			make_ready(p, lane);
			(void)pthread_cond_signal(&p->ready);
		}
	}
	(void)pthread_mutex_unlock(&p->work);
}

void
vault_lane_wait(struct vault_lane *lane)
{
	struct vault_pool *p = lane->pool;

	(void)pthread_mutex_lock(&p->work);
	while (lane->busy)
		(void)pthread_cond_wait(&lane->idle, &p->work);
	(void)pthread_mutex_unlock(&p->work);
}

void
vault_lane_free(struct vault_lane *lane)
{
	if (lane == NULL)
		return;
	vault_lane_wait(lane);
	(void)pthread_cond_destroy(&lane->idle);
	free(lane);
}

struct vault_lane *
vault_pool_ahead(struct vault_pool *p)
{
	struct vault_lane *idle = NULL;

	(void)pthread_mutex_lock(&p->work);
	for (size_t i = 0; i < p->aheads && idle == NULL; i++)
		if (!p->ahead[i]->busy)
			idle = p->ahead[i];
	(void)pthread_mutex_unlock(&p->work);
	return idle;
}

/* ---- The pool ---- */

static bool
make_buffers(struct vault_pool *p, size_t buffers)
{
	size_t len;

	if (buffers > UINT32_MAX ||
	    __builtin_mul_overflow(buffers, VAULT_SEGMENT, &len) ||
	    __builtin_add_overflow(len, HUGE, &p->mapped))
		return false;
	p->lock_memory = may_lock(p->mapped);
	p->region = map_private(p->mapped, p->lock_memory);
	p->free = calloc(buffers, sizeof(*p->free));
	p->lent = calloc(buffers, sizeof(*p->lent));
	if (p->region == NULL || p->free == NULL || p->lent == NULL)
		return false;
	/* Fewer faults at the first touch and fewer pages to pin in a write;
	 * without huge pages it is only slower. */
	(void)madvise(p->region, p->mapped, MADV_HUGEPAGE);
	for (size_t i = 0; i < buffers; i++)
		p->free[i] = (uint32_t)(buffers - 1 - i);
	p->left = buffers;
	p->stats.buffers = buffers;
	return true;
}

/* Signals are for the threads that ask for them. */
static bool
start_workers(struct vault_pool *p, size_t workers)
{
	pthread_attr_t attr;
	sigset_t all, before;

	SP_REQUIRE(pthread_attr_init(&attr) == 0);
	SP_REQUIRE(pthread_attr_setstacksize(&attr, WORKER_STACK) == 0);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (p->started < workers &&
	    pthread_create(&p->worker[p->started], &attr, work, p) == 0) {
		(void)pthread_setname_np(p->worker[p->started], "vault");
		p->started++;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	return p->started == workers;
}

static bool
make_aheads(struct vault_pool *p, size_t workers)
{
	size_t n = workers / WORKERS_AHEAD + 1;
	struct sp_err err;

	while (p->aheads < n &&
	    vault_lane_new(&p->ahead[p->aheads], p, &err) == SP_OK)
		p->aheads++;
	return p->aheads == n;
}

enum sp_code
vault_pool_new(
    struct vault_pool **out, size_t buffers, size_t workers, struct sp_err *err)
{
	struct vault_pool *p;

	SP_REQUIRE(buffers > 0 && workers > 0 && workers <= WORKERS_MAX);
	p = calloc(1, sizeof(*p) + workers * sizeof(p->worker[0]));
	if (p == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the pool");
	SP_REQUIRE(pthread_mutex_init(&p->lock, NULL) == 0);
	SP_REQUIRE(pthread_cond_init(&p->given, NULL) == 0);
	SP_REQUIRE(pthread_cond_init(&p->landed, NULL) == 0);
	SP_REQUIRE(pthread_mutex_init(&p->work, NULL) == 0);
	SP_REQUIRE(pthread_cond_init(&p->ready, NULL) == 0);
	if (!make_buffers(p, buffers) || !make_aheads(p, workers) ||
	    !start_workers(p, workers)) {
		vault_pool_free(p);
		return sp_fail(err, SP_E_NOMEM,
		    "no memory for %zu segment buffers and %zu workers",
		    buffers, workers);
	}
	*out = p;
	return SP_OK;
}

void
vault_pool_free(struct vault_pool *p)
{
	if (p == NULL)
		return;
	while (p->aheads > 0)
		vault_lane_free(p->ahead[--p->aheads]);
	(void)pthread_mutex_lock(&p->work);
	p->stopping = true;
	(void)pthread_cond_broadcast(&p->ready);
	(void)pthread_mutex_unlock(&p->work);
	for (size_t i = 0; i < p->started; i++)
		SP_REQUIRE(pthread_join(p->worker[i], NULL) == 0);
	SP_REQUIRE(p->stats.lent == 0 && p->stats.spare_lent == 0);
	SP_REQUIRE(p->flying == 0);
	while (p->spares > 0)
		(void)munmap(p->spare[--p->spares], VAULT_SEGMENT);
	if (p->region != NULL)
		(void)munmap(p->region, p->mapped);
	free(p->free);
	free(p->lent);
	(void)pthread_cond_destroy(&p->ready);
	(void)pthread_mutex_destroy(&p->work);
	(void)pthread_cond_destroy(&p->landed);
	(void)pthread_cond_destroy(&p->given);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}
