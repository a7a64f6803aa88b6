#ifndef LEDGER_BATCH_H
#define LEDGER_BATCH_H

#include "ledger/log.h"

/*
 * Appending to a log, one transaction at a time:
 *
 *   begin --> ( mark --> append... --> keep | undo )... --> commit | abandon
 *
 * What is in memory (the frontier, the hashes made) goes back with what is in
 * the database.  The one thread that writes the log owns the batch; `db` and
 * `log` are borrowed and outlive it.
 */
struct ledger_batch;

#define LEDGER_BATCH_HASHES (UINT64_C(1) << 21) /* made in one transaction */

enum sp_code ledger_batch_open(struct ledger_batch **out, struct db *db,
    struct ledger_log *log, struct sp_err *err) SP_MUST_USE;
void ledger_batch_close(struct ledger_batch *b); /* NULL is a no-op */

enum sp_code ledger_batch_begin(
    struct ledger_batch *b, struct sp_err *err) SP_MUST_USE;
enum sp_code ledger_batch_mark(
    struct ledger_batch *b, struct sp_err *err) SP_MUST_USE;
enum sp_code ledger_batch_keep(
    struct ledger_batch *b, struct sp_err *err) SP_MUST_USE;
void ledger_batch_undo(struct ledger_batch *b);
enum sp_code ledger_batch_append(struct ledger_batch *b,
    const struct ledger_entry *entry, uint64_t *index,
    struct sp_err *err) SP_MUST_USE;
/* Sign a checkpoint if there are new entries.  On failure the transaction is
 * still to be abandoned. */
enum sp_code ledger_batch_seal(
    struct ledger_batch *b, struct sp_err *err) SP_MUST_USE;
/* On success what was sealed is durable and published; on failure all of it
 * is undone. */
enum sp_code ledger_batch_commit(
    struct ledger_batch *b, struct sp_err *err) SP_MUST_USE;
void ledger_batch_abandon(struct ledger_batch *b);

struct db *ledger_batch_db(struct ledger_batch *b);
/* Entries in the log, with those appended since begin; and those alone. */
uint64_t ledger_batch_size(const struct ledger_batch *b);
uint64_t ledger_batch_new(const struct ledger_batch *b);

#endif
