#ifndef VAULT_SEAL_H
#define VAULT_SEAL_H

#include "base/buf.h"
#include "base/id.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "vault/pool.h"
#include "vault/store.h"

/*
 * Sealing one object as its bytes arrive: hash, encrypt, write.
 *
 *   vault_seal_write --> buffer of one segment --> hash lane   (SHA-256)
 *                                             \--> write lane  (AES-GCM, write)
 *
 * A segment goes to the lanes when the first byte after it arrives, so that
 * the last one, full or not, is always known as the last when it is sealed.
 * Bytes that do not fill a segment are the *tail*; between requests it is
 * kept sealed under a key of its own (a stream of its own under the object's
 * DEK, with other associated data) by whoever keeps the upload's record.
 *
 * Two plaintexts are never sealed under one (key, nonce): a seal is resumed
 * only at an offset that the record says was the last, after which no segment
 * was sealed.  Where that is not certain (the process died), the record's
 * keeper starts a new object under a new key and appends the old one's bytes.
 *
 * Associated data: "sallyport/object/1\n<agency>\n<object>\n" and, for tails,
 * "sallyport/tail/1\n<agency>\n<object>\n".
 *
 * One thread at a time per seal.  After the first failure every call returns
 * that failure; vault_seal_free is all that is left.
 */
struct vault_seal;

struct vault_object {
	struct vault_store *store; /* borrowed, as is pool */
	struct vault_pool *pool;
	struct crypto_secret *key; /* 32 bytes, borrowed for the call */
	struct sp_id agency;
	struct sp_id id;
};

enum sp_code vault_seal_new(struct vault_seal **out,
    const struct vault_object *o, struct sp_err *err) SP_MUST_USE;

/* Go on at `offset`.  `tail` is what vault_seal_tail gave there; `hash` is
 * vault_seal_hash's from there, or NULL: then the stored bytes are read and
 * hashed again.  Bytes of the staged file beyond the full segments are cut
 * off.  SP_E_CORRUPT when the stored bytes are not what they were. */
struct vault_seal_state {
	uint64_t offset;
	const void *tail;
	size_t tail_len;
	const struct crypto_digest *hash;
};
enum sp_code vault_seal_resume(struct vault_seal **out,
    const struct vault_object *o, const struct vault_seal_state *state,
    struct sp_err *err) SP_MUST_USE;

enum sp_code vault_seal_write(struct vault_seal *s, const void *bytes,
    size_t len, struct sp_err *err) SP_MUST_USE;
/* Plaintext bytes taken in so far. */
uint64_t vault_seal_offset(const struct vault_seal *s);

/* Rest: everything but the tail is on the disk; the tail is appended to
 * `tail` sealed (nothing when the offset is 0 of an empty object), the hash
 * so far goes to *hash (a copy, the caller's).  May be called repeatedly:
 * every tail has a key of its own. */
enum sp_code vault_seal_rest(struct vault_seal *s, struct sp_buf *tail,
    struct crypto_digest **hash, struct sp_err *err) SP_MUST_USE;

/*
 * After a call has failed with SP_E_FULL: space is claimed before a segment is
 * sealed, so nothing beyond some segment boundary has been.  That offset, with
 * all before it on the disk, goes to *offset: the seal may be resumed there
 * (no tail, no hash) once there is space.  After any other failure a segment
 * may be sealed and torn: SP_E_CONFLICT, and the object goes on only under a
 * new key.
 */
enum sp_code vault_seal_salvage(struct vault_seal *s, uint64_t *offset,
    struct sp_err *err) SP_MUST_USE;

/* Seal the last segment, sync, move to kept.  sha256 is the plaintext's.
 * `declared`, when not NULL, is compared before the move: SP_E_MISMATCH and
 * the staged object is removed. */
enum sp_code vault_seal_finish(struct vault_seal *s,
    const uint8_t *declared, uint8_t sha256[static CRYPTO_SHA256_LEN],
    struct sp_err *err) SP_MUST_USE;

/* Lets go of buffers and keys; the staged file stays. */
void vault_seal_free(struct vault_seal *s);

static inline void
vault_seal_freep(struct vault_seal **s)
{
	vault_seal_free(*s);
}
#define VAULT_AUTO_SEAL SP_CLEANUP(vault_seal_freep) struct vault_seal *

#endif
