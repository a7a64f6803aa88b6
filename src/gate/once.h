#ifndef GATE_ONCE_H
#define GATE_ONCE_H

#include "gate/token.h"

/*
 * Idempotency-Key: a request that makes something may carry a key of the
 * client's choice; the same request with the same key makes nothing more, it
 * is told what the first one made.  The row is written in the transaction of
 * the making, so that neither is there without the other.
 *
 * A key belongs to the token that sent it and is kept for a day.  Stored are
 * digests only: of token and key, and of the request.
 */
#define GATE_ONCE_KEY_MAX 255

extern const char gate_once_schema[]; /* among the agency's migrations */

struct gate_once {
	uint8_t key[CRYPTO_SHA256_LEN];
	uint8_t request[CRYPTO_SHA256_LEN];
};

/* From the header's value (1 to GATE_ONCE_KEY_MAX visible ASCII characters)
 * and everything that makes the request what it is. */
enum sp_code gate_once_of(const struct gate_caller *who, const char *key,
    const struct crypto_piece *request, size_t pieces, struct gate_once *out,
    struct sp_err *err) SP_MUST_USE;

/* Was the key taken before, and what did it make?  For whoever judges limits
 * first: what was made is told also when no more may be.  SP_E_CONFLICT, reason
 * "once.differs", as below; *known and *id are set only on SP_OK. */
enum sp_code gate_once_known(struct ledger_tx *tx, const struct gate_once *o,
    struct sp_id *id, bool *known, struct sp_err *err) SP_MUST_USE;

/* Inside the act that makes `*id`: either the key is taken by it, or *before
 * and *id is what the key's first request made (make nothing then).
 * SP_E_CONFLICT, reason "once.differs": that one was another request. */
enum sp_code gate_once_take(struct ledger_tx *tx, const struct gate_once *o,
    struct sp_id *id, bool *before, struct sp_err *err) SP_MUST_USE;

#endif
