#include "crypto/sign.h"

#include "crypto/openssl.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static enum sp_code
load_seed(struct crypto_secret *seed, EVP_PKEY **out, struct sp_err *err)
{
	EVP_PKEY *key;

	if (crypto_secret_len(seed) != CRYPTO_SIGN_SEED)
		return sp_fail(err, SP_E_INVALID, "a signing seed is %d bytes",
		    CRYPTO_SIGN_SEED);
	key = EVP_PKEY_new_raw_private_key_ex(crypto_openssl_context(),
	    "ED25519", crypto_openssl_query(), crypto_secret_bytes(seed),
	    CRYPTO_SIGN_SEED);
	if (key == NULL)
		return crypto_openssl_fail(err, "load a signing key");
	*out = key;
	return SP_OK;
}

enum sp_code
crypto_sign_public(struct crypto_secret *seed,
    uint8_t out[static CRYPTO_SIGN_PUBLIC], struct sp_err *err)
{
	SP_CLEANUP(EVP_PKEY_freep) EVP_PKEY *key = NULL;
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	size_t len = sizeof(pub);

	SP_TRY(load_seed(seed, &key, err));
	if (EVP_PKEY_get_raw_public_key(key, pub, &len) != 1 ||
	    len != sizeof(pub))
		return crypto_openssl_fail(err, "derive a public key");
	memcpy(out, pub, sizeof(pub));
	return SP_OK;
}

struct crypto_signer {
	EVP_PKEY *key;
	EVP_MD_CTX *ctx;
};

enum sp_code
crypto_signer_new(
    struct crypto_signer **out, struct crypto_secret *seed, struct sp_err *err)
{
	CRYPTO_AUTO_SIGNER s = calloc(1, sizeof(*s));

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory to sign");
	s->ctx = EVP_MD_CTX_new();
	if (s->ctx == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory to sign");
	SP_TRY(load_seed(seed, &s->key, err));
	*out = SP_STEAL(s);
	return SP_OK;
}

enum sp_code
crypto_signer_sign(struct crypto_signer *s, const void *message, size_t len,
    uint8_t out[static CRYPTO_SIGN_LEN], struct sp_err *err)
{
	uint8_t sig[CRYPTO_SIGN_LEN];
	size_t got = sizeof(sig);

	if (EVP_MD_CTX_reset(s->ctx) != 1 ||
	    EVP_DigestSignInit_ex(s->ctx, NULL, NULL, crypto_openssl_context(),
		crypto_openssl_query(), s->key, NULL) != 1 ||
	    EVP_DigestSign(s->ctx, sig, &got, message, len) != 1 ||
	    got != sizeof(sig))
		return crypto_openssl_fail(err, "sign");
	memcpy(out, sig, sizeof(sig));
	return SP_OK;
}

void
crypto_signer_free(struct crypto_signer *s)
{
	if (s == NULL)
		return;
	EVP_MD_CTX_free(s->ctx);
	EVP_PKEY_free(s->key);
	free(s);
}

enum sp_code
crypto_sign(struct crypto_secret *seed, const void *message, size_t len,
    uint8_t out[static CRYPTO_SIGN_LEN], struct sp_err *err)
{
	CRYPTO_AUTO_SIGNER s = NULL;

	SP_TRY(crypto_signer_new(&s, seed, err));
	return crypto_signer_sign(s, message, len, out, err);
}

bool
crypto_sign_check(const uint8_t pub[static CRYPTO_SIGN_PUBLIC],
    const void *message, size_t len, const uint8_t sig[static CRYPTO_SIGN_LEN])
{
	SP_CLEANUP(EVP_PKEY_freep)
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(crypto_openssl_context(),
	    "ED25519", crypto_openssl_query(), pub, CRYPTO_SIGN_PUBLIC);
	SP_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = key != NULL && ctx != NULL &&
	    EVP_DigestVerifyInit_ex(ctx, NULL, NULL, crypto_openssl_context(),
		crypto_openssl_query(), key, NULL) == 1 &&
	    EVP_DigestVerify(ctx, sig, CRYPTO_SIGN_LEN, message, len) == 1;
	ERR_clear_error();
	return ok;
}
