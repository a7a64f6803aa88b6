#ifndef DOCK_PROOF_H
#define DOCK_PROOF_H

#include "client/receipt.h"
#include "dock/place.h"

#include <pthread.h>

/*
 * Proof that the site holds an item, good enough to erase the original by.
 * All of this is checked, in this order; a site that fails any of it is told
 * as lying or broken, and nothing is erased:
 *
 *   the item          the site says of it: sealed, not corrupt, these bytes
 *   the log's key     the one given, or remembered, or the first ever told;
 *                     and its name ends as this agency's log must
 *   the receipt       a tlog-proof: signature, inclusion; of this item, with
 *                     this SHA-256 and this size
 *   the log           the receipt's checkpoint continues, by proof, the
 *                     newest one ever seen here
 *
 * Then the receipt and the entry that it proves are kept beside the journal,
 * durably, as <evidence>.tlog-proof and <evidence>.json, so that what was
 * erased can be proven without any site.
 *
 * Any thread: proofs are made one at a time.
 */
struct dock_proofs {
	pthread_mutex_t lock;
	const struct settings *settings;
	const char *agency;
	const struct ledger_vkey *given; /* the log's key, or NULL */
	struct log_memory memory;
	int folder; /* where receipts are kept */
};

/* Reason of what is not proven: nothing may be erased. */
extern const char dock_proof_refused[];

/* `folder` is made when missing. */
enum sp_code dock_proofs_open(struct dock_proofs *out,
    const struct settings *settings, const char *agency,
    const struct ledger_vkey *given, const char *folder,
    struct sp_err *err) SP_MUST_USE;
void dock_proofs_close(struct dock_proofs *p);

struct dock_proof {
	uint64_t entry;
	uint64_t log_size;
};

/* SP_E_NOTFOUND: the site has no such item.  Reason dock_proof_refused: what
 * it shows proves nothing, or something else.  Others: it could not be
 * asked, or the receipt not be kept (SP_E_FULL); to be tried again. */
enum sp_code dock_proofs_take(struct dock_proofs *p, struct site_client *c,
    const char *evidence, const char *sha256, uint64_t size,
    struct dock_proof *out, struct sp_err *err) SP_MUST_USE;

#endif
