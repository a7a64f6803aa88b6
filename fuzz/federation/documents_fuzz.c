#include "crypto/provider.h"
#include "federation/discovery.h"
#include "federation/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What a provider publishes and answers: the input is a discovery document, a
 * set of keys, a token endpoint's answer and what an administrator would
 * configure.  Whatever is taken out of them keeps to its rules.
 */
static void
as_discovery(const struct sp_buf *json)
{
	struct federation_provider p = {
		.issuer = "https://id.example.gov",
		.algorithms = FEDERATION_DEFAULT_ALGORITHMS,
		.auth = FEDERATION_AUTH_NONE,
	};
	struct federation_metadata m;
	struct federation_url u;

	if (federation_discovery_read(&p, false, json, &m, NULL) != SP_OK)
		return;
	SP_REQUIRE(federation_text_url(m.token, false, &u) &&
	    strcmp(u.host, "id.example.gov") == 0);
	SP_REQUIRE(federation_text_url(m.jwks, false, &u) &&
	    strcmp(u.host, "id.example.gov") == 0);
	SP_REQUIRE(federation_text_url(m.authorization, false, &u) &&
	    strcmp(u.host, "id.example.gov") == 0);
}

static void
as_keys(const struct sp_buf *json)
{
	FEDERATION_AUTO_KEYS k = NULL;

	if (federation_keys_parse(&k, json->at, json->len, NULL) == SP_OK)
		SP_REQUIRE(federation_keys_count(k) > 0 &&
		    federation_keys_count(k) <= FEDERATION_KEYS_MAX);
}

static void
as_answer(const struct sp_buf *json)
{
	SP_AUTO_BUF token = sp_buf_secret((size_t)64 << 10);

	if (federation_exchange_answer(200, json, &token, NULL) == SP_OK)
		SP_REQUIRE(token.len > 0);
}

static void
as_configuration(const struct sp_buf *json)
{
	static const struct federation_doc doc = { "x", "x", 65536 };
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	FEDERATION_AUTO_JSON j = NULL;
	SP_AUTO_BUF secret = sp_buf_secret(FEDERATION_SECRET_MAX);

	if (federation_text_object(&doc, json->at, json->len, &j, NULL) !=
		SP_OK ||
	    federation_provider_read(j, false, &p, &secret, NULL) != SP_OK)
		return;
	SP_REQUIRE(strncmp(p.issuer, "https://", 8) == 0 && p.algorithms != 0 &&
	    strcmp(p.provision, "administrator") != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SP_AUTO_BUF json = sp_buf_new((size_t)1 << 20);
	static bool open;

	if (!open)
		SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	open = true;
	sp_buf_add(&json, data, size);
	if (!sp_buf_ok(&json))
		return 0;
	as_discovery(&json);
	as_keys(&json);
	as_answer(&json);
	as_configuration(&json);
	return 0;
}
