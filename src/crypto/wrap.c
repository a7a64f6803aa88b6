#include "crypto/wrap.h"

#include "crypto/openssl.h"

#include <openssl/err.h>

static enum sp_code
start(EVP_CIPHER_CTX *ctx, struct crypto_secret *kek, int encrypt,
    struct sp_err *err)
{
	if (crypto_secret_len(kek) != CRYPTO_WRAP_KEY)
		return sp_fail(err, SP_E_INVALID, "a wrapping key is %d bytes",
		    CRYPTO_WRAP_KEY);
	if (ctx == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory to wrap a key");
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_CipherInit_ex2(ctx,
		crypto_openssl_cipher(CRYPTO_FETCH_AES_256_KWP),
		crypto_secret_bytes(kek), NULL, encrypt, NULL) != 1)
		return crypto_openssl_fail(err, "start AES key wrap");
	return SP_OK;
}

enum sp_code
crypto_wrap(struct crypto_secret *kek, struct crypto_secret *secret,
    uint8_t *out, struct sp_err *err)
{
	SP_CLEANUP(EVP_CIPHER_CTX_freep)
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t wrapped[CRYPTO_WRAP_LEN(CRYPTO_WRAP_MAX)];
	size_t len = crypto_secret_len(secret);
	int got = 0;

	if (len < 1 || len > CRYPTO_WRAP_MAX)
		return sp_fail(err, SP_E_INVALID,
		    "a wrapped secret has 1 to %d bytes", CRYPTO_WRAP_MAX);
	SP_TRY(start(ctx, kek, 1, err));
	if (EVP_EncryptUpdate(
		ctx, wrapped, &got, crypto_secret_bytes(secret), (int)len) != 1)
		return crypto_openssl_fail(err, "wrap a key");
	SP_REQUIRE((size_t)got == CRYPTO_WRAP_LEN(len));
	memcpy(out, wrapped, (size_t)got);
	return SP_OK;
}

enum sp_code
crypto_unwrap(struct crypto_secret *kek, const uint8_t *wrapped, size_t len,
    struct crypto_secret **out, struct sp_err *err)
{
	SP_CLEANUP(EVP_CIPHER_CTX_freep)
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	CRYPTO_AUTO_SECRET room = NULL;
	CRYPTO_AUTO_SECRET secret = NULL;
	int got = 0;

	SP_TRY(start(ctx, kek, 0, err));
	if (len < 16 || len % 8 != 0 || len > CRYPTO_WRAP_LEN(CRYPTO_WRAP_MAX))
		return sp_fail(
		    err, SP_E_CORRUPT, "%zu bytes are no wrapped key", len);
	room = crypto_secret_new(len);
	if (room == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a key");
	if (EVP_DecryptUpdate(
		ctx, crypto_secret_bytes(room), &got, wrapped, (int)len) != 1 ||
	    got < 1) {
		ERR_clear_error();
		return sp_fail(err, SP_E_CORRUPT,
		    "a wrapped key fails its integrity check");
	}
	secret = crypto_secret_from(crypto_secret_bytes(room), (size_t)got);
	if (secret == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a key");
	*out = SP_STEAL(secret);
	return SP_OK;
}
