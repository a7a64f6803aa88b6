#ifndef VAULT_AHEAD_H
#define VAULT_AHEAD_H

#include "vault/object.h"

/*
 * One segment read and opened ahead of its turn by a worker of the pool, while
 * the reader's thread sends the one before.
 *
 *   QUEUED --worker--> RUNNING --> DONE --take, drop--> (gone)
 *      | take, drop: nobody has begun
 *      v
 *   DROPPED --worker--> (gone)
 *
 * Nobody waits for a worker: what none has begun is the reader's own work
 * again.  So few of the workers read ahead (vault_pool_ahead) that a slow disk
 * does not keep the others from sealing.
 *
 * One thread per reading ahead, beside the worker.
 */
struct vault_ahead;

/*
 * Into `buf` (VAULT_SEGMENT bytes, aligned), which is the caller's again only
 * after take or drop; file and stream must live until then.  NULL: nobody
 * to do it or no memory, and nothing has begun.
 */
struct vault_ahead *vault_ahead_start(struct vault_pool *p,
    struct vault_file *f, const struct crypto_stream *stream,
    const struct vault_segment *seg, uint8_t *buf) SP_MUST_USE;
/* Ends it, waiting for a worker that is at it.  False: none was, and `buf` is
 * as it was.  True: *code is vault_object_load's, with what it gives. */
bool vault_ahead_take(struct vault_ahead *a, enum sp_code *code,
    struct vault_plain *out, struct sp_err *err) SP_MUST_USE;
/* The same when its segment is not wanted; `buf` may hold plaintext. */
void vault_ahead_drop(struct vault_ahead *a); /* NULL is a no-op */

#endif
