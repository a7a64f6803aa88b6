#ifndef CRYPTO_WRAP_H
#define CRYPTO_WRAP_H

#include "crypto/secret.h"

/* AES-256 key wrap with padding (RFC 5649, NIST SP 800-38F KWP). */
#define CRYPTO_WRAP_KEY 32
/* Bytes that a wrapped secret of n bytes takes: 32 -> 40. */
#define CRYPTO_WRAP_LEN(n) (((n) + 7) / 8 * 8 + 8)
#define CRYPTO_WRAP_MAX    1024 /* largest secret wrapped */

/* out holds CRYPTO_WRAP_LEN(len of secret) bytes. */
enum sp_code crypto_wrap(struct crypto_secret *kek,
    struct crypto_secret *secret, uint8_t *out, struct sp_err *err) SP_MUST_USE;
/* SP_E_CORRUPT when the integrity check fails (wrong key, changed bytes). */
enum sp_code crypto_unwrap(struct crypto_secret *kek, const uint8_t *wrapped,
    size_t len, struct crypto_secret **out, struct sp_err *err) SP_MUST_USE;

#endif
