#include "crypto/provider.h"

#include "crypto/openssl.h"

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>

static struct {
	OSSL_LIB_CTX *context;
	char *query;
	void *fetched[CRYPTO_FETCH_COUNT];
} provider;

enum kind { KIND_MD, KIND_CIPHER, KIND_MAC, KIND_KDF, KIND_SIGNATURE };

static const struct {
	enum kind kind;
	const char *name;
} rows[] = {
#define X(id, what, text) [id] = { KIND_##what, text },
	CRYPTO_FETCHES(X)
#undef X
};

static void *
fetch(
    enum kind kind, OSSL_LIB_CTX *context, const char *name, const char *query)
{
	switch (kind) {
	case KIND_MD: return EVP_MD_fetch(context, name, query);
	case KIND_CIPHER: return EVP_CIPHER_fetch(context, name, query);
	case KIND_MAC: return EVP_MAC_fetch(context, name, query);
	case KIND_KDF: return EVP_KDF_fetch(context, name, query);
	case KIND_SIGNATURE: return EVP_SIGNATURE_fetch(context, name, query);
	}
	return NULL;
}

static void
release(enum kind kind, void *object)
{
	switch (kind) {
	case KIND_MD: EVP_MD_free(object); break;
	case KIND_CIPHER: EVP_CIPHER_free(object); break;
	case KIND_MAC: EVP_MAC_free(object); break;
	case KIND_KDF: EVP_KDF_free(object); break;
	case KIND_SIGNATURE: EVP_SIGNATURE_free(object); break;
	}
}

static void
close_provider(void)
{
	for (size_t i = 0; i < CRYPTO_FETCH_COUNT; i++)
		release(rows[i].kind, provider.fetched[i]);
	free(provider.query);
	OSSL_LIB_CTX_free(provider.context);
	memset(&provider, 0, sizeof(provider));
}

/* A query asks for a provider that the machine's OpenSSL configuration names
 * and activates.  Without one we depend on no configuration at all. */
static enum sp_code
load_configuration(OSSL_LIB_CTX *context, struct sp_err *err)
{
	char *file = CONF_get1_default_config_file();
	int ok = file != NULL && OSSL_LIB_CTX_load_config(context, file);

	OPENSSL_free(file);
	ERR_clear_error();
	if (!ok)
		return sp_fail(err, SP_E_UNAVAIL,
		    "OpenSSL's configuration cannot be loaded");
	return SP_OK;
}

/* The query holds for what OpenSSL fetches by itself too: the hash in an
 * HMAC, the random generator, the readers of PEM. */
static enum sp_code
apply_query(OSSL_LIB_CTX *context, const char *query, struct sp_err *err)
{
	if (query[0] == '\0')
		return SP_OK;
	SP_TRY(load_configuration(context, err));
	if (EVP_set_default_properties(context, query) == 1 &&
	    RAND_set_DRBG_type(context, NULL, query, NULL, NULL) == 1)
		return SP_OK;
	ERR_clear_error();
	return sp_fail(err, SP_E_UNAVAIL,
	    "OpenSSL does not take the properties '%s'", query);
}

static enum sp_code
open_provider(const char *query, struct sp_err *err)
{
	provider.context = OSSL_LIB_CTX_new();
	provider.query = strdup(query);
	if (provider.context == NULL || provider.query == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for OpenSSL");
	SP_TRY(apply_query(provider.context, query, err));
	for (size_t i = 0; i < CRYPTO_FETCH_COUNT; i++) {
		provider.fetched[i] =
		    fetch(rows[i].kind, provider.context, rows[i].name, query);
		if (provider.fetched[i] != NULL)
			continue;
		ERR_clear_error();
		return sp_fail(err, SP_E_UNAVAIL,
		    "no %s in OpenSSL with properties '%s'", rows[i].name,
		    query);
	}
	return SP_OK;
}

enum sp_code
crypto_provider_open(const char *property_query, struct sp_err *err)
{
	enum sp_code code;

	SP_REQUIRE(provider.context == NULL);
	code = open_provider(property_query, err);
	if (code != SP_OK)
		close_provider();
	return code;
}

OSSL_LIB_CTX *
crypto_openssl_context(void)
{
	SP_REQUIRE(provider.context != NULL);
	return provider.context;
}

const char *
crypto_openssl_query(void)
{
	SP_REQUIRE(provider.query != NULL);
	return provider.query;
}

const EVP_MD *
crypto_openssl_md(enum crypto_digest_kind kind)
{
	static const enum crypto_fetch which[] = {
		[CRYPTO_SHA1] = CRYPTO_FETCH_SHA1,
		[CRYPTO_SHA256] = CRYPTO_FETCH_SHA256,
		[CRYPTO_SHA512] = CRYPTO_FETCH_SHA512,
	};

	SP_REQUIRE((size_t)kind < SP_COUNTOF(which));
	SP_REQUIRE(provider.fetched[which[kind]] != NULL);
	return provider.fetched[which[kind]];
}

const EVP_CIPHER *
crypto_openssl_cipher(enum crypto_fetch which)
{
	SP_REQUIRE(rows[which].kind == KIND_CIPHER);
	SP_REQUIRE(provider.fetched[which] != NULL);
	return provider.fetched[which];
}

EVP_KDF *
crypto_openssl_kdf(enum crypto_fetch which)
{
	SP_REQUIRE(rows[which].kind == KIND_KDF);
	SP_REQUIRE(provider.fetched[which] != NULL);
	return provider.fetched[which];
}

EVP_MAC *
crypto_openssl_mac(enum crypto_fetch which)
{
	SP_REQUIRE(rows[which].kind == KIND_MAC);
	SP_REQUIRE(provider.fetched[which] != NULL);
	return provider.fetched[which];
}

enum sp_code
crypto_openssl_record(struct sp_err *err, const char *what)
{
	unsigned long first = ERR_get_error();
	const char *reason = ERR_reason_error_string(first);
	bool nomem = ERR_GET_REASON(first) == ERR_R_MALLOC_FAILURE;

	ERR_clear_error();
	return sp_fail(err, nomem ? SP_E_NOMEM : SP_E_INTERNAL,
	    "OpenSSL could not %s: %s", what,
	    reason == NULL ? "no reason given" : reason);
}

const char *
crypto_provider_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
