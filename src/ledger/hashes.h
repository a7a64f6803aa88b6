#ifndef LEDGER_HASHES_H
#define LEDGER_HASHES_H

#include "db/db.h"
#include "ledger/merkle.h"

/*
 * The file DIR/hashes: stored hashes (merkle.h), 32 bytes each, one after the
 * other and nothing else.  It is derived from the database: never fsynced,
 * believed only as far as it is checked, and right to overwrite with what the
 * database says.  What cannot be written for want of space is kept in memory
 * behind it and written when there is space again.
 *
 * Threads: any; one at a time appends (writes at the end).
 */
#define LEDGER_HASHES_KEPT (UINT64_C(1) << 20) /* most kept in memory */

struct ledger_hashes;

/* `end` is how many of the file's hashes are wanted; it may have fewer. */
enum sp_code ledger_hashes_open(struct ledger_hashes **out, const char *dir,
    uint64_t end, struct sp_err *err) SP_MUST_USE;
void ledger_hashes_close(struct ledger_hashes *h); /* NULL is a no-op */

/* How many there are, in the file and in memory. */
uint64_t ledger_hashes_end(struct ledger_hashes *h);
/* `n` of them from `at` on; SP_E_CORRUPT where there are none. */
enum sp_code ledger_hashes_read(struct ledger_hashes *h, uint64_t at,
    struct ledger_hash *out, size_t n, struct sp_err *err) SP_MUST_USE;
/* Write over what is there and append what is not.  SP_E_CONFLICT: `at` is
 * past the end; SP_E_FULL: nothing more can be kept. */
enum sp_code ledger_hashes_put(struct ledger_hashes *h, uint64_t at,
    const struct ledger_hash *hash, size_t n, struct sp_err *err) SP_MUST_USE;

/* For proofs. */
struct ledger_nodes ledger_hashes_nodes(struct ledger_hashes *h);

/* Are all hashes of this tree there, and is their root its root?  (That says
 * nothing of those inside: a proof made from them is checked.) */
bool ledger_hashes_match(
    struct ledger_hashes *h, const struct ledger_frontier *tree) SP_MUST_USE;
/* Make the file right from the leaf hashes in the database: what is missing at
 * the end, or, when that does not do or `whole` asks for it, all of it.
 * Nothing is written before the database has proved to hold this very tree:
 * SP_E_CORRUPT when it does not. */
enum sp_code ledger_hashes_mend(struct ledger_hashes *h, struct db *db,
    const struct ledger_frontier *tree, bool whole,
    struct sp_err *err) SP_MUST_USE;

#endif
