#ifndef VAULT_POOL_H
#define VAULT_POOL_H

#include "base/err.h"

/*
 * The bounded pool of segment buffers (1 MiB, aligned, touched only when
 * used, the last given back is the first lent) and the workers that hash and
 * seal beside the threads that receive.  One a process; any thread.
 *
 * Buffers are wiped when they are given back: they held plaintext.
 */
struct vault_pool;

/* At most `buffers` are lent at once; `workers` threads. */
enum sp_code vault_pool_new(struct vault_pool **out, size_t buffers,
    size_t workers, struct sp_err *err) SP_MUST_USE;
void vault_pool_free(struct vault_pool *p); /* all are back by then */

/* Waits while all are lent: this is the back-pressure. */
uint8_t *vault_pool_take(struct vault_pool *p);
void vault_pool_give(struct vault_pool *p, uint8_t *buf);

struct vault_pool_stats {
	size_t lent, most_lent, buffers;
	uint64_t waits;
};
void vault_pool_stats(struct vault_pool *p, struct vault_pool_stats *out);

/*
 * A lane runs its jobs one after the other, in the order they were put in, on
 * whichever worker is free; different lanes run beside each other.  A job is
 * embedded in the caller's struct and is the caller's again when run has been
 * called.
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

#endif
