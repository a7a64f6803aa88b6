#ifndef CRYPTO_KDF_H
#define CRYPTO_KDF_H

#include "crypto/secret.h"

/* A 32-byte key from a passphrase: PBKDF2-HMAC-SHA256 (SP 800-132). */
#define CRYPTO_KDF_ITERATIONS 600000
enum sp_code crypto_kdf_passphrase(struct crypto_secret *passphrase,
    const uint8_t *salt, size_t salt_len, uint32_t iterations,
    struct crypto_secret **out, struct sp_err *err) SP_MUST_USE;

#endif
