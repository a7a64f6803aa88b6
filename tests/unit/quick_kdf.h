#ifndef SP_QUICK_KDF_H
#define SP_QUICK_KDF_H

#include "crypto/kdf.h"

/* For tests that start many keepers: linked with
 * -Wl,--wrap=crypto_kdf_passphrase, keys are derived a thousand times quicker.
 * Include it in the test's one source. */
enum sp_code __real_crypto_kdf_passphrase(struct crypto_secret *passphrase,
    const uint8_t *salt, size_t salt_len, uint32_t iterations,
    struct crypto_secret **out, struct sp_err *err);
enum sp_code __wrap_crypto_kdf_passphrase(struct crypto_secret *passphrase,
    const uint8_t *salt, size_t salt_len, uint32_t iterations,
    struct crypto_secret **out, struct sp_err *err);

enum sp_code
__wrap_crypto_kdf_passphrase(struct crypto_secret *passphrase,
    const uint8_t *salt, size_t salt_len, uint32_t iterations,
    struct crypto_secret **out, struct sp_err *err)
{
	return __real_crypto_kdf_passphrase(
	    passphrase, salt, salt_len, iterations / 1000 + 1, out, err);
}

#endif
