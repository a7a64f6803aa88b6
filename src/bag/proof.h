#ifndef BAG_PROOF_H
#define BAG_PROOF_H

#include "ledger/log.h"

/*
 * Proofs of many entries under one checkpoint, while the log goes on: made
 * from the log's tiles, which never change once they are published.  One
 * thread.
 */
#define BAG_PROOF_LEVELS 8 /* tiles of 2^8 hashes each: 2^64 entries */

struct bag_proof {
	struct ledger_log *log; /* borrowed */
	struct sp_buf note;     /* the signed checkpoint */
	struct ledger_checkpoint checkpoint;
	struct {
		bool there;
		uint64_t index;
		struct sp_buf hashes;
	} tile[BAG_PROOF_LEVELS]; /* the last one read of each level */
};

/* Takes the log's current checkpoint; checks its signature. */
enum sp_code bag_proof_open(struct bag_proof *out, struct ledger_log *log,
    struct sp_err *err) SP_MUST_USE;
void bag_proof_done(struct bag_proof *p);

/* The tlog-proof of entry `index` under that checkpoint. */
enum sp_code bag_proof_of(struct bag_proof *p, uint64_t index,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

/* The path from an earlier state of the log, of `old` entries, to that
 * checkpoint.  SP_E_NOTFOUND: it is no earlier one. */
enum sp_code bag_proof_since(struct bag_proof *p, uint64_t old,
    struct ledger_path *out, struct sp_err *err) SP_MUST_USE;

#endif
