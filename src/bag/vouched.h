#ifndef BAG_VOUCHED_H
#define BAG_VOUCHED_H

#include "bag/content.h"
#include "bag/proof.h"
#include "base/clock.h"
#include "ledger/cosign.h"

/*
 * What others have said of the log, carried in the bag (docs/bag.md): the
 * newest checkpoint that witnesses cosigned, and the newest that a time
 * authority stamped.  Both are older than the bag's own checkpoint, which its
 * export made; a consistency path leads from each to that one:
 *
 *   log/cosigned     note --consistency--> log/checkpoint
 *   log/timestamped  note --consistency--> log/checkpoint
 *   log/timestamp.tsr     over the bytes of log/timestamped
 *
 * A consistency file is text, each line with LF:
 *
 *   sallyport/consistency/v1
 *   <old size> <new size>
 *   <base64 of a hash of RFC 6962 2.1.2> ...
 */

/* For making a bag; empty: there is none.  Owned. */
struct bag_vouched {
	struct sp_buf cosigned;    /* a note */
	struct sp_buf timestamped; /* a note */
	struct sp_buf timestamp;   /* RFC 3161 TimeStampResp over that, DER */
};
struct bag_vouched bag_vouched_new(void);
void bag_vouched_free(struct bag_vouched *v);
#define BAG_AUTO_VOUCHED SP_CLEANUP(bag_vouched_free) struct bag_vouched

/* Into the bag whose proofs `p` makes. */
enum sp_code bag_vouched_put(struct bag_proof *p, const struct bag_vouched *v,
    struct bag_write *w, struct sp_err *err) SP_MUST_USE;

/* Whose word is insisted on.  All borrowed. */
struct bag_vouched_wish {
	const struct ledger_cosigner *witness; /* each has to be there */
	size_t witnesses;
	const char *authority; /* PEM of the CA of the stamp; NULL: unasked */
};

/* What was found. */
struct bag_vouched_report {
	uint64_t cosigned_size; /* 0: nothing is carried */
	uint64_t cosigned_by;   /* how many of those insisted on */
	uint64_t cosignatures;  /* lines of others than the log */
	uint64_t cosigned_time; /* the latest of those insisted on; seconds */
	uint64_t timestamped_size;
	sp_time timestamped_at; /* 0: not checked against an authority */
};

/* Check what the bag carries against its key and checkpoint; `place` gets the
 * place of the lie, which what is insisted on and missing is, too. */
struct bag_vouched_ground {
	const struct bag_content *bag;
	const struct ledger_vkey *key;
	const struct ledger_checkpoint *checkpoint;
	struct bag_place *place;
};
enum sp_code bag_vouched_check(const struct bag_vouched_ground *g,
    const struct bag_vouched_wish *wish, struct bag_vouched_report *out,
    struct sp_err *err) SP_MUST_USE;

#endif
