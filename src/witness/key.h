#ifndef WITNESS_KEY_H
#define WITNESS_KEY_H

#include "ledger/cosign.h"

/*
 * The key that a witness cosigns with, in the file `key` of its folder, for
 * nobody else to read (0600):
 *
 *	PRIVATE+KEY+name+hex8(id)+base64(0x04 || seed)\n
 *
 * as Go's note package writes signers, with the id of the verifier key.  One
 * thread at a time.
 */
#define WITNESS_KEY_FILE "key"
struct witness_key;

/* A new key of that name.  SP_E_CONFLICT when the folder has one. */
enum sp_code witness_key_make(
    int dir, const char *name, struct sp_err *err) SP_MUST_USE;
/* SP_E_NOTFOUND: there is none; SP_E_CORRUPT: what is there is none;
 * SP_E_DENIED: others may read it. */
enum sp_code witness_key_open(
    struct witness_key **out, int dir, struct sp_err *err) SP_MUST_USE;
const struct ledger_cosigner *witness_key_public(const struct witness_key *k);
enum sp_code witness_key_sign(struct witness_key *k, uint64_t time,
    const char *text, size_t len, struct ledger_cosignature *out,
    struct sp_err *err) SP_MUST_USE;
void witness_key_free(struct witness_key *k); /* NULL is a no-op */

static inline void
witness_key_freep(struct witness_key **k)
{
	witness_key_free(*k);
}
#define WITNESS_AUTO_KEY SP_CLEANUP(witness_key_freep) struct witness_key *

#endif
