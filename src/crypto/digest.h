#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/err.h"

/* Hashes (FIPS 180-4).  SHA-1 is here for tus's checksum extension only. */
#define CRYPTO_DIGESTS(X)                                                      \
	X(CRYPTO_SHA1, "sha1", 20)                                             \
	X(CRYPTO_SHA256, "sha256", 32)                                         \
	X(CRYPTO_SHA512, "sha512", 64)

enum crypto_digest_kind {
#define X(id, name, len) id,
	CRYPTO_DIGESTS(X)
#undef X
	    CRYPTO_DIGEST_COUNT
};

#define CRYPTO_DIGEST_MAX 64
#define CRYPTO_SHA256_LEN 32

const char *crypto_digest_name(enum crypto_digest_kind kind);
size_t crypto_digest_len(enum crypto_digest_kind kind);
bool crypto_digest_parse(
    const char *s, size_t len, enum crypto_digest_kind *out) SP_MUST_USE;

/* A running hash.  One thread at a time.  NULL from _new and _copy: no memory.
 */
struct crypto_digest;
struct crypto_digest *crypto_digest_new(
    enum crypto_digest_kind kind) SP_MUST_USE;
struct crypto_digest *crypto_digest_copy(
    const struct crypto_digest *d) SP_MUST_USE;
void crypto_digest_add(struct crypto_digest *d, const void *bytes, size_t len);
/* Writes crypto_digest_len() bytes; the hash may go on afterwards. */
void crypto_digest_get(const struct crypto_digest *d, uint8_t *out);
void crypto_digest_free(struct crypto_digest *d);

static inline void
crypto_digest_freep(struct crypto_digest **d)
{
	crypto_digest_free(*d);
}
#define CRYPTO_AUTO_DIGEST                                                     \
	SP_CLEANUP(crypto_digest_freep) struct crypto_digest *

/* One-shot SHA-256, quick enough for every node of a tree: a context a thread
 * is used again.  (OpenSSL 3.0 still takes and gives back some 100 bytes each
 * time; should it get none, the process ends, here and in _get.) */
void crypto_sha256(
    const void *bytes, size_t len, uint8_t out[static CRYPTO_SHA256_LEN]);
/* SHA-256 of the pieces in turn. */
struct crypto_piece {
	const void *at;
	size_t len;
};
void crypto_sha256_of(const struct crypto_piece *piece, size_t n,
    uint8_t out[static CRYPTO_SHA256_LEN]);

#endif
