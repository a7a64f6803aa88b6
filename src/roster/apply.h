#ifndef ROSTER_APPLY_H
#define ROSTER_APPLY_H

#include "crypto/secret.h"
#include "people/person.h"
#include "roster/report.h"

/*
 * What a report says, done.  Applying computes the report again, in the
 * transaction that makes the changes, and goes on only when the hash is the
 * same: what happens is what was looked at.  All of it happens or nothing.  A
 * file that has something to seal needs the agency's DEK.
 */

/* A ledger_act; `arg` is a struct roster_apply.  SP_E_CONFLICT, reason
 * "roster.changed": the report is another one now; "roster.conflict": it may
 * not be applied.  SP_E_INVALID, reason "roster.key": sealed columns and no
 * DEK.  Entry "roster.applied" on the agency (sha256 of the file, counts), and
 * the entries of all that it does. */
struct roster_apply {
	struct people_by by;
	const struct people_rules *rules;
	sp_time now;
	struct crypto_piece csv;
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct crypto_secret *dek; /* or NULL */
	struct roster_counts done; /* out */
};
enum sp_code roster_apply(
    struct ledger_tx *tx, void *arg, struct sp_err *err) SP_MUST_USE;

#endif
