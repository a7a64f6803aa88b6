#ifndef CRYPTO_STREAM_PARAMS_H
#define CRYPTO_STREAM_PARAMS_H

#include "crypto/digest.h"
#include "crypto/stream.h"

/*
 * The family of formats that stream.h's is one of (Tink's AES-GCM-HKDF
 * streaming), for this room and its tests: the published vectors are of other
 * segment sizes, and must be read by the same code.
 */
struct crypto_stream_params {
	enum crypto_digest_kind hash; /* HKDF's */
	size_t derived;   /* 16 or 32: bytes of K, and of the salt */
	uint64_t segment; /* bytes of a full segment, the tag included */
};

/* AES256_GCM_HKDF_1MB: what stream.h's functions use. */
extern const struct crypto_stream_params crypto_stream_1mb;

#define CRYPTO_STREAM_PREFIX 7

static inline uint64_t
crypto_stream_params_header(const struct crypto_stream_params *p)
{
	return 1 + p->derived + CRYPTO_STREAM_PREFIX;
}

/* As crypto_stream_open(), or with `header` NULL as crypto_stream_seal_new().
 * `header` has the length that the parameters give. */
enum sp_code crypto_stream_start_with(const struct crypto_stream_params *p,
    struct crypto_stream **out, struct crypto_secret *key,
    struct crypto_piece ad, const uint8_t *header,
    struct sp_err *err) SP_MUST_USE;

uint64_t crypto_stream_room_with(
    const struct crypto_stream_params *p, uint32_t index);

#endif
