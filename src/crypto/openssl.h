#ifndef CRYPTO_OPENSSL_H
#define CRYPTO_OPENSSL_H

#include "base/err.h"
#include "crypto/digest.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>

/* What provider.c opened, for this room only; borrowed, for any thread. */

#define CRYPTO_FETCHES(X)                                                      \
	X(CRYPTO_FETCH_SHA1, MD, "SHA1")                                       \
	X(CRYPTO_FETCH_SHA256, MD, "SHA256")                                   \
	X(CRYPTO_FETCH_SHA512, MD, "SHA512")                                   \
	X(CRYPTO_FETCH_AES_128_GCM, CIPHER, "AES-128-GCM")                     \
	X(CRYPTO_FETCH_AES_256_GCM, CIPHER, "AES-256-GCM")                     \
	X(CRYPTO_FETCH_AES_256_KWP, CIPHER, "AES-256-WRAP-PAD")                \
	X(CRYPTO_FETCH_HMAC, MAC, "HMAC")                                      \
	X(CRYPTO_FETCH_HKDF, KDF, "HKDF")                                      \
	X(CRYPTO_FETCH_PBKDF2, KDF, "PBKDF2")                                  \
	X(CRYPTO_FETCH_ED25519, SIGNATURE, "ED25519")                          \
	X(CRYPTO_FETCH_ECDSA, SIGNATURE, "ECDSA")

enum crypto_fetch {
#define X(id, kind, name) id,
	CRYPTO_FETCHES(X)
#undef X
	    CRYPTO_FETCH_COUNT
};

OSSL_LIB_CTX *crypto_openssl_context(void);
const char *crypto_openssl_query(void);
const EVP_MD *crypto_openssl_md(enum crypto_digest_kind kind);
/* `which` must be a cipher (a KDF, a MAC) of the table. */
const EVP_CIPHER *crypto_openssl_cipher(enum crypto_fetch which);
EVP_KDF *crypto_openssl_kdf(enum crypto_fetch which);
EVP_MAC *crypto_openssl_mac(enum crypto_fetch which);

/* SP_E_INTERNAL (SP_E_NOMEM when that is why) with what OpenSSL says; its
 * queue of errors is emptied. */
enum sp_code crypto_openssl_record(struct sp_err *err, const char *what);

static inline enum sp_code
crypto_openssl_fail(struct sp_err *err, const char *what)
{
	enum sp_code code = crypto_openssl_record(err, what);

	SP_REQUIRE(code != SP_OK);
	return code;
}

/* SP_CLEANUP functions for its objects. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type takes none */
#define CRYPTO_OPENSSL_CLEANUP(type, fn)                                       \
	static inline void fn##p(type **p)                                     \
	{                                                                      \
		fn(*p);                                                        \
	}                                                                      \
	_Static_assert(true, "a semicolon follows")
/* NOLINTEND(bugprone-macro-parentheses) */

CRYPTO_OPENSSL_CLEANUP(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);
CRYPTO_OPENSSL_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free);
CRYPTO_OPENSSL_CLEANUP(EVP_KDF_CTX, EVP_KDF_CTX_free);
CRYPTO_OPENSSL_CLEANUP(EVP_MAC_CTX, EVP_MAC_CTX_free);
CRYPTO_OPENSSL_CLEANUP(EVP_PKEY, EVP_PKEY_free);

#endif
