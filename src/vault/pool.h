#ifndef VAULT_POOL_H
#define VAULT_POOL_H

#include "base/err.h"

/*
 * The bounded pool of segment buffers (1 MiB, aligned, touched only when
 * used, the last given back is the first lent) and the workers that hash and
 * seal beside the threads that receive.  One a process; any thread.
 *
 * Whoever gives a buffer back says how much of it held plaintext, which is
 * wiped: what was sealed in place holds none.  The memory is in no core dump,
 * in no child process, and not swapped where RLIMIT_MEMLOCK is well over twice
 * the pool.
 */
struct vault_pool;

/*
 * At most `buffers` are lent at once; `workers` threads: one more than there
 * are cores, since one of them waits for the disk.  As many buffers
 * as there may be receiving threads (and some for what is in the lanes) means
 * that nobody waits for another's slow sender.
 */
enum sp_code vault_pool_new(struct vault_pool **out, size_t buffers,
    size_t workers, struct sp_err *err) SP_MUST_USE;
void vault_pool_free(struct vault_pool *p); /* all are back by then */

/* Waits while all are lent: this is the back-pressure.  A thread that waits
 * here must hold no other buffer of the pool, or nobody might ever give. */
uint8_t *vault_pool_take(struct vault_pool *p);
/* `dirty`: how many bytes from its start may hold plaintext. */
void vault_pool_give(struct vault_pool *p, uint8_t *buf, size_t dirty);

/*
 * Whoever has segments sealed by the workers asks for each of them first, and
 * waits while VAULT_POOL_FLYING are under way: however many senders fill a
 * segment at once, no more buffers than that are lent beside one for each.
 * Here a thread may hold buffers: what flies lands without it.
 */
#define VAULT_POOL_FLYING 64
void vault_pool_fly(struct vault_pool *p);
void vault_pool_land(struct vault_pool *p);

/* Buffers for readers and for resumed tails, which never wait and are not
 * counted: such a buffer may be held while others are taken.  A few are kept
 * for the next.  NULL: no memory. */
uint8_t *vault_pool_spare(struct vault_pool *p) SP_MUST_USE;
void vault_pool_spare_give(struct vault_pool *p, uint8_t *buf, size_t dirty);

struct vault_pool_stats {
	size_t lent, most_lent, buffers, spare_lent;
	uint64_t waits;
};
void vault_pool_stats(struct vault_pool *p, struct vault_pool_stats *out);

/*
 * A lane runs its jobs one after the other, in the order they were put in, on
 * whichever worker is free; different lanes run beside each other.  A job is
 * embedded in the caller's struct and is the caller's again as soon as run
 * has been called, which may put it into another lane.
 */
struct vault_lane;
struct vault_job {
	void (*run)(struct vault_job *job);
	struct vault_job *next;
};
enum sp_code vault_lane_new(struct vault_lane **out, struct vault_pool *p,
    struct sp_err *err) SP_MUST_USE;
void vault_lane_put(struct vault_lane *lane, struct vault_job *job);
void vault_lane_wait(struct vault_lane *lane); /* until it is empty and idle */
void vault_lane_free(struct vault_lane *lane); /* waits first; NULL no-op */

/* An idle one of the lanes in which segments are read ahead (vault/ahead.h), or
 * NULL: there is one for every four workers, so that the disk keeps few of them
 * waiting, and where there are more readers than that the cores are busy
 * without. */
struct vault_lane *vault_pool_ahead(struct vault_pool *p);

#endif
