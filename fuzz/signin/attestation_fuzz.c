#include "base/encode.h"
#include "crypto/provider.h"
#include "signin/passkey_parts.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SITE "a.example"

static const char *const origin[] = { "https://a.example" };
static const uint8_t challenge[16];

/* Whatever is taken is a key that can be used, of a site that is ours: the
 * site's hash is put right, so that what comes after it is reached. */
static void
attest(struct sp_buf *object)
{
	static const char client[] =
	    "{\"type\":\"webauthn.create\",\"origin\":\"https://a.example\","
	    "\"challenge\":\"AAAAAAAAAAAAAAAAAAAAAA\"}";
	const struct signin_passkey_ask ask = { SITE, origin, 1, challenge,
		sizeof(challenge), false };
	struct signin_passkey_reply r = { .client = sp_buf_new(1024),
		.id = sp_buf_new(2048) };
	struct signin_attestation att;
	struct signin_authenticator a;
	struct signin_passkey_key key;

	r.attestation = *object;
	if (!signin_attestation_parse(
		(struct crypto_piece){ object->at, object->len }, &att) ||
	    !signin_authenticator_parse(att.authenticator, &a))
		return;
	crypto_sha256(SITE, strlen(SITE),
	    object->at + (a.site - (const uint8_t *)object->at));
	sp_buf_add(&r.client, client, strlen(client));
	if (a.id.len > 0)
		sp_buf_add(&r.id, a.id.at, a.id.len);
	if (signin_passkey_attested(&ask, &r, &key, NULL) == SP_OK) {
		SP_REQUIRE(key.id_len >= SIGNIN_PASSKEY_ID_LEAST);
		SP_REQUIRE(key.key_len == 32 || key.key_len == 64 ||
		    key.key_len == SIGNIN_PASSKEY_KEY_MAX);
	}
	sp_buf_free(&r.client);
	sp_buf_free(&r.id);
}

/* Nothing is signed by this key. */
static void
assertion(const struct sp_buf *object)
{
	static const char client[] =
	    "{\"type\":\"webauthn.get\",\"origin\":\"https://a.example\","
	    "\"challenge\":\"AAAAAAAAAAAAAAAAAAAAAA\"}";
	const struct signin_passkey_ask ask = { SITE, origin, 1, challenge,
		sizeof(challenge), false };
	struct signin_passkey_reply r = { .client = sp_buf_new(1024),
		.authenticator = sp_buf_new(1 << 20),
		.signature = sp_buf_new(1024) };
	struct signin_passkey_key key = { .alg = SIGNIN_EDDSA, .key_len = 32 };
	struct signin_passkey_proof proof;
	uint8_t site[CRYPTO_SHA256_LEN];

	memset(key.key, 0x58, 32);
	crypto_sha256(SITE, strlen(SITE), site);
	sp_buf_add(&r.client, client, strlen(client));
	sp_buf_add(&r.authenticator, site, sizeof(site));
	sp_buf_add(&r.authenticator, object->at, object->len);
	sp_buf_add(
	    &r.signature, object->at, object->len < 64 ? object->len : 64);
	SP_REQUIRE(
	    signin_passkey_asserted(&ask, &r, &key, &proof, NULL) != SP_OK);
	sp_buf_free(&r.client);
	sp_buf_free(&r.authenticator);
	sp_buf_free(&r.signature);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sp_buf object = sp_buf_new(1 << 20);
	static bool open;

	if (!open)
		SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	open = true;
	if (len == 0)
		return 0;
	sp_buf_add(&object, data, len);
	if (sp_buf_ok(&object)) {
		attest(&object);
		assertion(&object);
	}
	sp_buf_free(&object);
	return 0;
}
