#ifndef CRYPTO_KDF_H
#define CRYPTO_KDF_H

#include "crypto/digest.h"
#include "crypto/secret.h"

/* A 32-byte key from a passphrase: PBKDF2-HMAC-SHA256 (SP 800-132).  The
 * salt is at least 16 random bytes; the iterations may come from a file and
 * are refused (SP_E_INVALID) at 0 and over the maximum. */
#define CRYPTO_KDF_ITERATIONS     600000
#define CRYPTO_KDF_ITERATIONS_MAX 100000000
enum sp_code crypto_kdf_passphrase(struct crypto_secret *passphrase,
    const uint8_t *salt, size_t salt_len, uint32_t iterations,
    struct crypto_secret **out, struct sp_err *err) SP_MUST_USE;

/* HKDF (RFC 5869), extract and expand: fills all of `out`. */
enum sp_code crypto_kdf_hkdf(enum crypto_digest_kind hash,
    struct crypto_secret *ikm, struct crypto_piece salt,
    struct crypto_piece info, struct crypto_secret *out,
    struct sp_err *err) SP_MUST_USE;

/* HMAC (FIPS 198-1): writes crypto_digest_len(hash) bytes to `out`. */
enum sp_code crypto_hmac(enum crypto_digest_kind hash,
    struct crypto_secret *key, struct crypto_piece message, uint8_t *out,
    struct sp_err *err) SP_MUST_USE;

#endif
