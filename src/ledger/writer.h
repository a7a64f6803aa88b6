#ifndef LEDGER_WRITER_H
#define LEDGER_WRITER_H

#include "ledger/log.h"

/*
 * The agency's one writer: a thread that runs queued acts in one transaction
 * a batch, appends their entries, has one checkpoint signed for the batch,
 * commits (one fsync) and then answers all of them (DESIGN 5).
 *
 *   act queued --> run under a mark --> batch checkpoint signed --> commit
 *                   | fails: undone,      | keeper away: all         |
 *                   v the others go on    v undone, UNAVAIL          v answered
 *
 * Every act of a batch is answered after its commit, the failed ones too, for
 * what they saw may have been undone with it: then all get the batch's error.
 * An error that costs the transaction (no space, no memory) is the batch's.
 *
 * When a commit fails to reach the disk the writer stops for good: every act
 * from then on is SP_E_STOPPED, reading goes on (DESIGN 2.9).
 */
struct ledger_writer;
struct ledger_tx;

#define LEDGER_WRITER_ACTS 1024 /* most in one batch */
#define LEDGER_WRITER_ENTRIES                                                  \
	16384 /* a batch with more takes no further act                        \
	       */

/* `db` (writable, owned from now on, even when this fails) and `log`
 * (borrowed). */
enum sp_code ledger_writer_open(struct ledger_writer **out, struct db *db,
    struct ledger_log *log, struct sp_err *err) SP_MUST_USE;
/* Runs what is queued, then stops.  NULL is a no-op. */
void ledger_writer_close(struct ledger_writer *w);

/* An act changes rows through ledger_tx_db() and appends entries.  It may be
 * run a second time when its batch is undone (idempotent outside the db).
 * What it learns goes to `arg`. */
typedef enum sp_code (*ledger_act)(
    struct ledger_tx *tx, void *arg, struct sp_err *err);

/* Queue an act and wait: SP_OK means durable and covered by a published
 * checkpoint.  Any thread but the writer's own: an act queues no act. */
enum sp_code ledger_writer_run(struct ledger_writer *w, ledger_act act,
    void *arg, struct sp_err *err) SP_MUST_USE;

struct db *ledger_tx_db(struct ledger_tx *tx);
/* Entries in the log with those this batch has appended so far. */
uint64_t ledger_tx_size(struct ledger_tx *tx);
/* *index may be NULL. */
enum sp_code ledger_tx_append(struct ledger_tx *tx,
    const struct ledger_entry *entry, uint64_t *index,
    struct sp_err *err) SP_MUST_USE;

/* What goes on under this id (a person, a credential) has no ground any more:
 * told once the act is durable (ledger_writer_ends), and never when it is
 * undone.  For whoever changes the row that takes it away, so that no caller
 * has to remember. */
enum sp_code ledger_tx_ends(struct ledger_tx *tx, const struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;
/* Whom to tell, on the thread that asked for the act, before its
 * ledger_writer_run returns: it may run acts of its own.  Set once, before the
 * first act. */
void ledger_writer_ends(struct ledger_writer *w,
    void (*ended)(void *arg, const struct sp_id *id), void *arg);

/* Stop writing because a file outside the database failed to reach the disk. */
void ledger_writer_stop(struct ledger_writer *w, const char *why);
bool ledger_writer_stopped(struct ledger_writer *w);

struct ledger_writer_stats {
	uint64_t acts;    /* answered */
	uint64_t failed;  /* of them, other than SP_OK */
	uint64_t batches; /* committed */
	uint64_t entries; /* in them */
	uint64_t waiting; /* queued now, not yet in a batch */
};
void ledger_writer_stats(
    struct ledger_writer *w, struct ledger_writer_stats *out);

#endif
