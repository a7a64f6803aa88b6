#include "crypto/provider.h"
#include "federation/jwt.h"

#include <cjose/cjose.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The input is an ID token as it came; and the claims of one that a key of the
 * provider's signed, so that what lies behind the signature is reached.
 * Whatever is accepted says what was asked for.
 */
#define ISSUER "https://id.example.gov"
#define NOW    (INT64_C(1790000000) * SP_SECOND)

static cjose_jwk_t *key;
static struct federation_keys *keys;

static void
set_up(void)
{
	SP_AUTO_BUF set = sp_buf_new(2000);
	char *json;

	SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	key = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
	SP_REQUIRE(key != NULL && cjose_jwk_set_kid(key, "k", 1, NULL));
	json = cjose_jwk_to_json(key, false, NULL);
	sp_buf_fmt(&set, "{\"keys\":[%s]}", json);
	free(json);
	SP_REQUIRE(
	    federation_keys_parse(&keys, set.at, set.len, NULL) == SP_OK);
}

static bool
verify(const char *text, size_t len)
{
	const struct federation_expect want = { .issuer = ISSUER,
		.client = "sallyport",
		.nonce = "nonce",
		.algorithms = FEDERATION_DEFAULT_ALGORITHMS,
		.now = NOW,
		.since = NOW };
	FEDERATION_AUTO_CLAIMS c = { .all = NULL };
	struct sp_err err = { .code = SP_OK };

	if (federation_jwt_verify(text, len, keys, &want, &c, &err) != SP_OK) {
		SP_REQUIRE(err.reason != NULL && c.all == NULL);
		return false;
	}
	SP_REQUIRE(c.subject[0] != '\0' && c.expires + FEDERATION_SKEW > NOW &&
	    c.issued <= NOW + FEDERATION_SKEW &&
	    c.issued >= NOW - FEDERATION_SKEW &&
	    strcmp(json_string_value(json_object_get(c.all, "iss")), ISSUER) ==
		0);
	return true;
}

static void
signed_claims(const uint8_t *data, size_t size)
{
	json_t *header = json_pack("{s:s,s:s}", "alg", "ES256", "kid", "k");
	cjose_jws_t *jws = cjose_jws_sign(key, header, data, size, NULL);
	const char *text = NULL;

	if (jws != NULL && cjose_jws_export(jws, &text, NULL))
		(void)verify(text, strlen(text));
	cjose_jws_release(jws);
	json_decref(header);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (keys == NULL)
		set_up();
	/* Nobody but the key makes one that verifies. */
	SP_REQUIRE(!verify((const char *)data, size));
	if (size > 0 && size < 8192)
		signed_claims(data, size);
	return 0;
}
