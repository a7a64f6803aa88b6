#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "crypto/secret.h"

/* Ed25519 (RFC 8032), pure. */
#define CRYPTO_SIGN_SEED   32
#define CRYPTO_SIGN_PUBLIC 32
#define CRYPTO_SIGN_LEN    64

/* The public key of a 32-byte private seed. */
enum sp_code crypto_sign_public(struct crypto_secret *seed,
    uint8_t out[static CRYPTO_SIGN_PUBLIC], struct sp_err *err) SP_MUST_USE;
enum sp_code crypto_sign(struct crypto_secret *seed, const void *message,
    size_t len, uint8_t out[static CRYPTO_SIGN_LEN],
    struct sp_err *err) SP_MUST_USE;
/* The same for whoever signs often: the seed is loaded once (loading takes
 * longer than signing).  One thread at a time. */
struct crypto_signer;
enum sp_code crypto_signer_new(struct crypto_signer **out,
    struct crypto_secret *seed, struct sp_err *err) SP_MUST_USE;
enum sp_code crypto_signer_sign(struct crypto_signer *s, const void *message,
    size_t len, uint8_t out[static CRYPTO_SIGN_LEN],
    struct sp_err *err) SP_MUST_USE;
void crypto_signer_free(struct crypto_signer *s); /* NULL is a no-op */

static inline void
crypto_signer_freep(struct crypto_signer **s)
{
	crypto_signer_free(*s);
}
#define CRYPTO_AUTO_SIGNER                                                     \
	SP_CLEANUP(crypto_signer_freep) struct crypto_signer *

bool crypto_sign_check(const uint8_t pub[static CRYPTO_SIGN_PUBLIC],
    const void *message, size_t len,
    const uint8_t sig[static CRYPTO_SIGN_LEN]) SP_MUST_USE;

#endif
