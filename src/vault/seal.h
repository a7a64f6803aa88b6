#ifndef VAULT_SEAL_H
#define VAULT_SEAL_H

#include "crypto/digest.h"
#include "vault/object.h"

/*
 * Sealing one object as its bytes arrive: hash, encrypt, write.
 *
 *   vault_seal_write --> segment buffer --> hash lane --> cipher lane
 *     (copies, waits                        (SHA-256)     (AES-GCM, in place)
 *      for buffers)     back to the pool <-- write lane <-----'
 *
 * A segment goes to the lanes when the first byte after it arrives, so that
 * the last one, full or not, is always known as the last when it is sealed.
 * Bytes not given to the lanes are the *tail* (a whole segment when the offset
 * lies between two); between requests it is kept sealed under a key of its own
 * (vault/object.h) by whoever keeps the upload's record.
 *
 * Two plaintexts are never sealed under one (key, nonce): a seal is resumed
 * only at an offset that the record says was the last, after which no segment
 * was sealed.  Where that is not certain (the process died), the record's
 * keeper starts a new object under a new key and appends the old one's bytes
 * (vault_read_open_staged, vault_read_into).
 *
 * One thread at a time per seal.  After the first failure every call returns
 * that failure; vault_seal_salvage and vault_seal_free are all that is left.
 */
struct vault_seal;

/* At most this many segments of one seal are in the lanes: one fast sender
 * does not take the whole pool. */
#define VAULT_SEAL_FLYING 8

/* A new staged object; SP_E_CONFLICT when it exists. */
enum sp_code vault_seal_new(struct vault_seal **out,
    const struct vault_object *o, struct sp_err *err) SP_MUST_USE;

/*
 * Go on at `offset`.  `tail` and `hash` are what vault_seal_rest gave there
 * (no tail: where vault_seal_salvage stopped, or at 0).  `hash` may be NULL:
 * then all stored segments are opened and hashed again; otherwise only the
 * first is, which proves key and header.  `tail` and `hash` stay the caller's.
 *
 * SP_E_CORRUPT: the stored bytes or the tail are not what they were.
 * SP_E_CONFLICT, reason "seal.rekey": the staged file goes on beyond `offset`,
 * so a segment was sealed that would now be sealed again: the object goes on
 * only under a new key.
 */
struct vault_seal_state {
	uint64_t offset;
	const void *tail;
	size_t tail_len;
	const struct crypto_digest *hash;
};
enum sp_code vault_seal_resume(struct vault_seal **out,
    const struct vault_object *o, const struct vault_seal_state *state,
    struct sp_err *err) SP_MUST_USE;

/* Takes the bytes in (a copy) and waits only for buffers. */
enum sp_code vault_seal_write(struct vault_seal *s, const void *bytes,
    size_t len, struct sp_err *err) SP_MUST_USE;
/* Plaintext bytes taken in so far. */
uint64_t vault_seal_offset(const struct vault_seal *s);

/* Rest: everything but the tail is on the disk; the tail is appended to
 * `tail` sealed (at most VAULT_TAIL_MAX bytes; none when there are no bytes
 * for it), the hash of what is not in the tail goes to *hash (a copy, the
 * caller's, only good for resuming).  May be called repeatedly, and the seal
 * goes on: every tail has a key of its own. */
enum sp_code vault_seal_rest(struct vault_seal *s, struct sp_buf *tail,
    struct crypto_digest **hash, struct sp_err *err) SP_MUST_USE;

/*
 * After a call has failed with SP_E_FULL: space is claimed before a segment is
 * sealed, so nothing beyond some segment boundary has been.  That offset, with
 * all before it on the disk, goes to *offset: the seal may be resumed there
 * (no tail, no hash) once there is space.  When it is less than the last
 * rest's offset, nothing was sealed since that rest, which still holds.
 *
 * After any other failure a segment may be sealed and torn: SP_E_CONFLICT,
 * reason "seal.rekey", and the object goes on only under a new key.
 */
enum sp_code vault_seal_salvage(
    struct vault_seal *s, uint64_t *offset, struct sp_err *err) SP_MUST_USE;

/*
 * Seal the last segment, sync, move to kept.  sha256 is the plaintext's.
 * `declared`, when not NULL, is compared before the move: SP_E_MISMATCH,
 * reason "seal.sha256", and the staged object is removed; sha256 is then what
 * came all the same.
 *
 * SP_E_CONFLICT, reason "seal.rekey": resumed where vault_seal_salvage stopped
 * and not a byte came, though more had before: that segment was sealed as one
 * with others after it.
 */
enum sp_code vault_seal_finish(struct vault_seal *s, const uint8_t *declared,
    uint8_t sha256[static CRYPTO_SHA256_LEN], struct sp_err *err) SP_MUST_USE;

/* Lets go of buffers and keys; the staged file stays. */
void vault_seal_free(struct vault_seal *s);

static inline void
vault_seal_freep(struct vault_seal **s)
{
	vault_seal_free(*s);
}
#define VAULT_AUTO_SEAL SP_CLEANUP(vault_seal_freep) struct vault_seal *

#endif
