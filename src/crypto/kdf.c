#include "crypto/kdf.h"

#include "crypto/openssl.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#define KEY_LEN 32

/* OSSL_PARAM's pointer is not const, though nothing is written through these;
 * copied in as bytes, it needs no cast that would hide a real mistake. */
static OSSL_PARAM
bytes_param(const char *name, const void *at, size_t len)
{
	OSSL_PARAM p = OSSL_PARAM_construct_octet_string(name, NULL, len);

	memcpy(&p.data, &at, sizeof(at));
	return p;
}

static OSSL_PARAM
text_param(const char *name, const char *s)
{
	OSSL_PARAM p = OSSL_PARAM_construct_utf8_string(name, NULL, 0);

	memcpy(&p.data, &s, sizeof(s));
	p.data_size = strlen(s);
	return p;
}

enum sp_code
crypto_kdf_passphrase(struct crypto_secret *passphrase, const uint8_t *salt,
    size_t salt_len, uint32_t iterations, struct crypto_secret **out,
    struct sp_err *err)
{
	SP_CLEANUP(EVP_KDF_CTX_freep)
	EVP_KDF_CTX *ctx =
	    EVP_KDF_CTX_new(crypto_openssl_kdf(CRYPTO_FETCH_PBKDF2));
	CRYPTO_AUTO_SECRET key = crypto_secret_new(KEY_LEN);
	uint64_t rounds = iterations;
	OSSL_PARAM params[] = {
		bytes_param(OSSL_KDF_PARAM_PASSWORD,
		    crypto_secret_bytes(passphrase),
		    crypto_secret_len(passphrase)),
		bytes_param(OSSL_KDF_PARAM_SALT, salt, salt_len),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &rounds),
		text_param(OSSL_KDF_PARAM_DIGEST, "SHA256"),
		text_param(OSSL_KDF_PARAM_PROPERTIES, crypto_openssl_query()),
		OSSL_PARAM_construct_end(),
	};

	if (iterations == 0 || iterations > CRYPTO_KDF_ITERATIONS_MAX)
		return sp_fail(err, SP_E_INVALID,
		    "%" PRIu32 " iterations is not within 1 to %d", iterations,
		    CRYPTO_KDF_ITERATIONS_MAX);
	if (ctx == NULL || key == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory to derive a key");
	if (EVP_KDF_derive(ctx, crypto_secret_bytes(key), KEY_LEN, params) != 1)
		return crypto_openssl_fail(err, "derive a key");
	*out = SP_STEAL(key);
	return SP_OK;
}

enum sp_code
crypto_kdf_hkdf(enum crypto_digest_kind hash, struct crypto_secret *ikm,
    struct crypto_piece salt, struct crypto_piece info,
    struct crypto_secret *out, struct sp_err *err)
{
	SP_CLEANUP(EVP_KDF_CTX_freep)
	EVP_KDF_CTX *ctx =
	    EVP_KDF_CTX_new(crypto_openssl_kdf(CRYPTO_FETCH_HKDF));
	OSSL_PARAM params[] = {
		text_param(OSSL_KDF_PARAM_DIGEST,
		    EVP_MD_get0_name(crypto_openssl_md(hash))),
		text_param(OSSL_KDF_PARAM_PROPERTIES, crypto_openssl_query()),
		bytes_param(OSSL_KDF_PARAM_KEY, crypto_secret_bytes(ikm),
		    crypto_secret_len(ikm)),
		bytes_param(OSSL_KDF_PARAM_SALT, salt.at, salt.len),
		bytes_param(OSSL_KDF_PARAM_INFO, info.at, info.len),
		OSSL_PARAM_construct_end(),
	};

	if (ctx == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory to derive a key");
	if (EVP_KDF_derive(ctx, crypto_secret_bytes(out),
		crypto_secret_len(out), params) != 1)
		return crypto_openssl_fail(err, "derive a key");
	return SP_OK;
}

enum sp_code
crypto_hmac(enum crypto_digest_kind hash, struct crypto_secret *key,
    struct crypto_piece message, uint8_t *out, struct sp_err *err)
{
	SP_CLEANUP(EVP_MAC_CTX_freep)
	EVP_MAC_CTX *ctx =
	    EVP_MAC_CTX_new(crypto_openssl_mac(CRYPTO_FETCH_HMAC));
	uint8_t made[CRYPTO_DIGEST_MAX];
	size_t len = 0;
	OSSL_PARAM params[] = {
		text_param(OSSL_MAC_PARAM_DIGEST,
		    EVP_MD_get0_name(crypto_openssl_md(hash))),
		text_param(OSSL_MAC_PARAM_PROPERTIES, crypto_openssl_query()),
		OSSL_PARAM_construct_end(),
	};

	if (ctx == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a MAC");
	if (EVP_MAC_init(ctx, crypto_secret_bytes(key), crypto_secret_len(key),
		params) != 1 ||
	    EVP_MAC_update(ctx, message.at, message.len) != 1 ||
	    EVP_MAC_final(ctx, made, &len, sizeof(made)) != 1)
		return crypto_openssl_fail(err, "make a MAC");
	SP_REQUIRE(len == crypto_digest_len(hash));
	memcpy(out, made, len);
	return SP_OK;
}
