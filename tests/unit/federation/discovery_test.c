#include "federation/discovery.h"

#include "federation_room.h"

#define GOOD                                                                   \
	"{\"issuer\":\"https://id.example.gov/realm\","                        \
	"\"authorization_endpoint\":\"https://id.example.gov/auth?x=y\","      \
	"\"token_endpoint\":\"https://id.example.gov/token\","                 \
	"\"jwks_uri\":\"https://id.example.gov/keys\"}"

/* The good document with these members changed (null: taken away). */
static char *
changed(const char *changes)
{
	FEDERATION_AUTO_JSON j = json_loads(GOOD, 0, NULL);
	FEDERATION_AUTO_JSON by = json_loads(changes, 0, NULL);
	const char *key;
	json_t *value;

	CHECK(j != NULL && by != NULL);
	json_object_foreach(by, key, value)
	{
		if (json_is_null(value))
			(void)json_object_del(j, key);
		else
			CHECK(json_object_set(j, key, value) == 0);
	}
	return json_dumps(j, 0);
}

/* Provider with these changes, and a document: "" or the reason. */
static const char *
judged(const char *provider, bool local, const char *doc, size_t len)
{
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	SP_AUTO_BUF secret = sp_buf_secret(FEDERATION_SECRET_MAX);
	SP_AUTO_BUF json = sp_buf_new(len + 1);
	struct federation_metadata m = { .token = "untouched" };
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(room_provider(provider, &p, &secret, &err), &err);
	sp_buf_add(&json, doc, len);
	if (federation_discovery_read(&p, local, &json, &m, &err) == SP_OK) {
		CHECK(m.authorization[0] == 'h' && m.jwks[0] == 'h');
		return m.says_issuer ? "says" : "";
	}
	CHECK(err.code == SP_E_INVALID && strcmp(m.token, "untouched") == 0);
	return err.reason;
}

static void
documents(void)
{
	static const struct {
		const char *provider, *changes, *reason;
	} rows[] = {
		{ NULL, "{}", "" },
		{ NULL,
		    "{\"authorization_response_iss_parameter_supported\":true}",
		    "says" },
		{ NULL, "{\"issuer\":\"https://id.example.gov/realm/\"}",
		    "discovery.issuer" },
		{ NULL, "{\"issuer\":\"https://evil.example/realm\"}",
		    "discovery.issuer" },
		{ NULL, "{\"issuer\":null}", "discovery.issuer" },
		{ NULL, "{\"issuer\":[\"https://id.example.gov/realm\"]}",
		    "discovery.issuer" },
		{ NULL, "{\"token_endpoint\":null}", "discovery.endpoint" },
		{ NULL, "{\"jwks_uri\":null}", "discovery.endpoint" },
		{ NULL, "{\"authorization_endpoint\":\"\"}",
		    "discovery.endpoint" },
		{ NULL, "{\"token_endpoint\":\"http://id.example.gov/token\"}",
		    "discovery.endpoint" },
		{ NULL, "{\"token_endpoint\":\"http://127.0.0.1/token\"}",
		    "discovery.endpoint" },
		{ NULL, "{\"token_endpoint\":\"https://evil.example/token\"}",
		    "discovery.endpoint" },
		{ NULL, "{\"jwks_uri\":\"https://id.example.gov:8443/keys\"}",
		    "discovery.endpoint" },
		{ NULL,
		    "{\"jwks_uri\":\"https://id.example.gov.evil.example/\"}",
		    "discovery.endpoint" },
		{ NULL,
		    "{\"jwks_uri\":\"https://id.example.gov@evil.example/\"}",
		    "discovery.endpoint" },
		{ NULL, "{\"authorization_endpoint\":\"javascript:x\"}",
		    "discovery.endpoint" },
		{ "{\"hosts\":\"keys.example.net:8443 x.example\"}",
		    "{\"jwks_uri\":\"https://keys.example.net:8443/k\"}", "" },
		{ "{\"hosts\":\"keys.example.net\"}",
		    "{\"jwks_uri\":\"https://keys.example.net:8443/k\"}",
		    "discovery.endpoint" },
		{ NULL, "{\"response_types_supported\":[\"id_token\"]}",
		    "discovery.flow" },
		{ NULL, "{\"response_types_supported\":[\"code\"]}", "" },
		{ NULL, "{\"code_challenge_methods_supported\":[\"plain\"]}",
		    "discovery.flow" },
		{ NULL,
		    "{\"code_challenge_methods_supported\":[\"plain\","
		    "\"S256\"]}",
		    "" },
		{ NULL,
		    "{\"id_token_signing_alg_values_supported\":[\"HS256\","
		    "\"none\"]}",
		    "discovery.algorithms" },
		{ NULL,
		    "{\"id_token_signing_alg_values_supported\":[\"ES256\"]}",
		    "" },
		{ "{\"algorithms\":[\"PS256\"]}",
		    "{\"id_token_signing_alg_values_supported\":[\"ES256\"]}",
		    "discovery.algorithms" },
		{ NULL,
		    "{\"token_endpoint_auth_methods_supported\":"
		    "[\"client_secret_basic\"]}",
		    "discovery.auth" },
		{ NULL,
		    "{\"token_endpoint_auth_methods_supported\":[\"none\"]}",
		    "" },
		{ NULL, "{\"response_types_supported\":\"code\"}",
		    "discovery.flow" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char *doc = changed(rows[i].changes);
		const char *got =
		    judged(rows[i].provider, false, doc, strlen(doc));

		if (strcmp(got, rows[i].reason) != 0)
			tap_fail(__FILE__, __LINE__, rows[i].changes, got);
		free(doc);
	}
}

static void
malformed_ones(void)
{
	static const char *const rows[] = { "", "null", "[" GOOD "]", GOOD GOOD,
		"{\"issuer\":\"a\",\"issuer\":\"b\"}", "<html>" };
	char *big = calloc(1, FEDERATION_DISCOVERY_MAX + 1);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK(strcmp(judged(NULL, false, rows[i], strlen(rows[i])),
			  "discovery.malformed") == 0);
	for (size_t n = strlen(GOOD); n-- > 0;)
		CHECK(strcmp(judged(NULL, false, GOOD, n),
			  "discovery.malformed") == 0);
	memset(big, ' ', FEDERATION_DISCOVERY_MAX + 1);
	memcpy(big, GOOD, strlen(GOOD));
	CHECK(strcmp(judged(NULL, false, big, FEDERATION_DISCOVERY_MAX + 1),
		  "discovery.malformed") == 0);
	CHECK(strcmp(judged(NULL, false, big, FEDERATION_DISCOVERY_MAX), "") ==
	    0);
	free(big);
}

static void
where_it_is(void)
{
	static const char *const rows[][2] = {
		{ "https://id.example.gov",
		    "https://id.example.gov/.well-known/openid-configuration" },
		{ "https://id.example.gov/",
		    "https://id.example.gov/.well-known/openid-configuration" },
		{ "https://id.example.gov/a/b",
		    "https://id.example.gov/a/b/.well-known/"
		    "openid-configuration" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF url = sp_buf_new(200);

		federation_discovery_url(rows[i][0], &url);
		CHECK(strcmp(sp_buf_str(&url), rows[i][1]) == 0);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "documents", documents },
		{ "malformed ones", malformed_ones },
		{ "where it is", where_it_is },
	};

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	return tap_run(cases, SP_COUNTOF(cases));
}
