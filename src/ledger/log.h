#ifndef LEDGER_LOG_H
#define LEDGER_LOG_H

#include "base/buf.h"
#include "db/db.h"
#include "ledger/entry.h"
#include "ledger/merkle.h"
#include "ledger/note.h"

/*
 * One agency's log.  The truth is in the agency's database: tables
 * ledger_entry (index, body, leaf hash, object) and ledger_state (frontier,
 * signed checkpoint), written in one transaction with the act.  The file
 * DIR/hashes (all stored hashes, see merkle.h) is derived; it is checked when
 * the log opens and made again from the database when it is missing, short or
 * wrong.  Tiles and bundles are read out of these two.
 *
 * Threads: appending is the writer's alone (writer.h); everything else may be
 * called from any thread, with a database handle of the caller's own.
 */
struct ledger_log;

/* Signs the text of a checkpoint: appends signature lines to `note`, which
 * holds the text and the blank line already. */
struct ledger_signer {
	enum sp_code (*sign)(void *self, const char *text, size_t len,
	    struct sp_buf *note, struct sp_err *err);
	void *self;
};

/* The tables (rows.h), to be run among the agency database's migrations. */
extern const char ledger_log_schema[];

/* `db` is borrowed for the call.  A log without entries gets none here: its
 * checkpoint of size 0 is signed at once.  SP_E_CORRUPT when the database
 * contradicts its own checkpoint. */
enum sp_code ledger_log_open(struct ledger_log **out, struct db *db,
    const char *dir, const struct ledger_vkey *vkey,
    const struct ledger_signer *signer, struct sp_err *err) SP_MUST_USE;
void ledger_log_close(struct ledger_log *log);

const struct ledger_vkey *ledger_log_vkey(const struct ledger_log *log);
uint64_t ledger_log_size(struct ledger_log *log);
/* The current signed checkpoint, with the lines of others that were set. */
void ledger_log_checkpoint(struct ledger_log *log, struct sp_buf *out);
/* Signature lines of others (cosign.h) for the checkpoint of this size and
 * root: while it is the current one they go with it wherever it is given out,
 * in proofs as well.  They take the place of those set before; nothing of it
 * is stored.  SP_E_CONFLICT: it is not the current one; SP_E_INVALID: with
 * them it would be no proper checkpoint of this log. */
enum sp_code ledger_log_vouched(struct ledger_log *log,
    const struct ledger_checkpoint *c, const struct sp_buf *lines,
    struct sp_err *err) SP_MUST_USE;
/* The tlog-proof of an entry under the current checkpoint, checked before it
 * is returned.  SP_E_NOTFOUND past the end. */
enum sp_code ledger_log_proof(struct ledger_log *log, uint64_t index,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;
enum sp_code ledger_log_consistency(struct ledger_log *log, uint64_t old,
    uint64_t size, struct ledger_path *out, struct sp_err *err) SP_MUST_USE;
/* tlog-tiles: width 1..256 hashes of tile `index` at tile level `level`;
 * SP_E_NOTFOUND where the published tree does not fill it. */
enum sp_code ledger_log_tile(struct ledger_log *log, unsigned level,
    uint64_t index, unsigned width, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code ledger_log_bundle(struct ledger_log *log, struct db *db,
    uint64_t index, unsigned width, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
/* The exact bytes of one entry. */
enum sp_code ledger_log_entry(struct ledger_log *log, struct db *db,
    uint64_t index, struct sp_buf *out, struct sp_err *err) SP_MUST_USE;
/* Entries about one object, oldest first: at most `n` indices from `from` on.*/
enum sp_code ledger_log_about(struct ledger_log *log, struct db *db,
    const struct sp_id *object, uint64_t from, uint64_t *index, size_t n,
    size_t *got, struct sp_err *err) SP_MUST_USE;
/* For the batch (batch.h) alone.  Sign a checkpoint of this tree and check
 * the signature; SP_E_UNAVAIL when the signer gives a wrong one. */
enum sp_code ledger_log_sign(struct ledger_log *log,
    const struct ledger_frontier *tree, struct sp_buf *note,
    struct sp_err *err) SP_MUST_USE;
/* The tree and its note are committed: extend the hashes file by what
 * appending made and let everybody see the checkpoint.  `db` has the rows. */
void ledger_log_publish(struct ledger_log *log, struct db *db,
    const struct ledger_frontier *tree, const struct sp_buf *note,
    const struct sp_buf *made);

/* Recompute everything from the bodies up: leaf hashes, root, checkpoint
 * signature, the hashes file.  SP_E_CORRUPT names the first lie's place. */
enum sp_code ledger_log_audit(
    struct ledger_log *log, struct db *db, struct sp_err *err) SP_MUST_USE;

#endif
