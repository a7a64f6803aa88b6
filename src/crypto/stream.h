#ifndef CRYPTO_STREAM_H
#define CRYPTO_STREAM_H

#include "base/buf.h"
#include "crypto/secret.h"

/*
 * The sealed stream: Tink's AES256_GCM_HKDF_1MB streaming AEAD, byte for byte
 * (docs/sealed-object.md).
 *
 *   header  = 0x28 || salt[32] || prefix[7]
 *   K       = HKDF-SHA256(ikm = key, salt, info = associated data, 32)
 *   nonce_i = prefix || u32be(i) || (last ? 1 : 0)
 *   file    = header || segment 0 || segment 1 || ...
 *
 * A segment is ciphertext then a 16-byte tag; header and segment 0 together,
 * and every later segment but the last, are exactly 1 MiB, so that segment i
 * starts at i MiB of the file.
 *
 * Sealing and opening a segment touch nothing in the struct: several threads
 * may work on different segments of one stream.  The caller owes the format
 * one thing: never to seal two plaintexts as the same segment of one stream.
 */
#define CRYPTO_STREAM_KEY     32
#define CRYPTO_STREAM_HEADER  40
#define CRYPTO_STREAM_TAG     16
#define CRYPTO_STREAM_SEGMENT (UINT64_C(1) << 20)
/* Plaintext of segment 0, and of each later segment, when full. */
#define CRYPTO_STREAM_FIRST (CRYPTO_STREAM_SEGMENT - 40 - 16)
#define CRYPTO_STREAM_REST  (CRYPTO_STREAM_SEGMENT - 16)

/* The longest plaintext, by the 32-bit segment number; the functions on the
 * shape of a stream abort on a larger one, so check what comes from outside. */
#define CRYPTO_STREAM_MAX                                                      \
	(CRYPTO_STREAM_FIRST + (UINT64_C(0xFFFFFFFE) * CRYPTO_STREAM_REST))
#define CRYPTO_STREAM_AD_MAX 512

struct crypto_stream;

/* A new stream with fresh salt and prefix.  `key` is 32 bytes, borrowed for
 * the call; `ad` is the associated data. */
enum sp_code crypto_stream_seal_new(struct crypto_stream **out,
    struct crypto_secret *key, const char *ad, struct sp_err *err) SP_MUST_USE;
/* An existing one from its header; SP_E_CORRUPT when that is no header. */
enum sp_code crypto_stream_open(struct crypto_stream **out,
    struct crypto_secret *key, const char *ad,
    const uint8_t header[static CRYPTO_STREAM_HEADER],
    struct sp_err *err) SP_MUST_USE;
void crypto_stream_free(struct crypto_stream *s);

static inline void
crypto_stream_freep(struct crypto_stream **s)
{
	crypto_stream_free(*s);
}
#define CRYPTO_AUTO_STREAM                                                     \
	SP_CLEANUP(crypto_stream_freep) struct crypto_stream *

void crypto_stream_header(
    const struct crypto_stream *s, uint8_t out[static CRYPTO_STREAM_HEADER]);

/* Seal segment `index`: writes len + 16 bytes to `out` (not the header),
 * which may be `plain` itself.  SP_E_INVALID when `len` is not what the
 * format has in that place: full, or if last 1 byte to full (segment 0 may be
 * empty). */
enum sp_code crypto_stream_seal(const struct crypto_stream *s, uint32_t index,
    bool last, const void *plain, size_t len, uint8_t *out,
    struct sp_err *err) SP_MUST_USE;
/* Open one: `len` bytes of ciphertext and tag give len - 16 of plaintext.
 * `out` may be `sealed` itself.  SP_E_CORRUPT when the length cannot be (`out`
 * untouched) or the tag does not fit (`out` wiped). */
enum sp_code crypto_stream_unseal(const struct crypto_stream *s, uint32_t index,
    bool last, const uint8_t *sealed, size_t len, void *out,
    struct sp_err *err) SP_MUST_USE;

/* Shape of a stream: plaintext bytes held by one full segment, the segment
 * that holds a plaintext offset (and where in it), the sealed size of a
 * plaintext, and its number of segments (at least 1). */
uint64_t crypto_stream_room(uint32_t index);
void crypto_stream_locate(uint64_t offset, uint32_t *index, uint64_t *within);
uint64_t crypto_stream_start(uint32_t index); /* first plaintext offset */
uint64_t crypto_stream_sealed_size(uint64_t plain);
uint32_t crypto_stream_segments(uint64_t plain);

/* A small message as one whole stream (header and last segment 0), at most
 * CRYPTO_STREAM_FIRST bytes: appended to / opened into a buffer. */
enum sp_code crypto_stream_seal_whole(struct crypto_secret *key, const char *ad,
    const void *plain, size_t len, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code crypto_stream_open_whole(struct crypto_secret *key, const char *ad,
    const void *sealed, size_t len, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;

#endif
