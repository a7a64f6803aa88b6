#include "federation_fixture.h"

#include "crypto/provider.h"

static struct idp idp;

static enum sp_code
parse(const char *text, struct federation_keys **out, struct sp_err *err)
{
	return federation_keys_parse(out, text, strlen(text), err);
}

/* With these members in the first key (the RSA one); how many are left of it
 * and an EC key, or 0 when the set is refused. */
static size_t
left_with(const char *more)
{
	cjose_jwk_t *const two[] = { idp.rsa, idp.ec };
	char *text = idp_jwks(two, 2, more);
	FEDERATION_AUTO_KEYS k = NULL;
	struct sp_err err;
	enum sp_code code = parse(text, &k, &err);

	free(text);
	if (code == SP_OK)
		return federation_keys_count(k);
	CHECK(k == NULL && code == SP_E_INVALID &&
	    strcmp(err.reason, "keys.malformed") == 0);
	return 0;
}

static void
which_are_taken(void)
{
	static const struct {
		const char *more;
		size_t left;
	} rows[] = {
		{ "{}", 2 },
		{ "{\"use\":\"sig\"}", 2 },
		{ "{\"use\":\"enc\"}", 1 },
		{ "{\"use\":7}", 1 },
		{ "{\"key_ops\":[\"verify\"]}", 2 },
		{ "{\"key_ops\":[\"sign\",\"verify\"]}", 2 },
		{ "{\"key_ops\":[\"encrypt\"]}", 1 },
		{ "{\"key_ops\":[]}", 1 },
		{ "{\"key_ops\":\"verify\"}", 1 },
		{ "{\"alg\":\"RS256\"}", 2 },
		{ "{\"alg\":7}", 1 },
		{ "{\"kid\":null}", 1 },
		{ "{\"kid\":\"\"}", 1 },
		{ "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}", 1 },
		{ "{\"kty\":\"OKP\"}", 1 },
		{ "{\"kty\":null}", 1 },
		{ "{\"e\":\"Aw\"}", 1 },       /* 3 */
		{ "{\"e\":\"AQAA\"}", 1 },     /* even */
		{ "{\"e\":\"AQABAQAB\"}", 1 }, /* too long */
		{ "{\"e\":null}", 1 },
		{ "{\"n\":\"AQAB\"}", 1 }, /* of 17 bits */
		{ "{\"n\":\"not base64url!\"}", 1 },
		{ "{\"x5c\":[\"MIIB\"]}", 2 }, /* not looked at */
		/* a set that publishes a private key, or names two alike */
		{ "{\"d\":\"AQAB\"}", 0 },
		{ "{\"kid\":\"ec-1\"}", 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		if (left_with(rows[i].more) != rows[i].left)
			tap_fail(__FILE__, __LINE__, rows[i].more, "");
}

static void
what_is_no_set(void)
{
	static const char *const rows[] = { "", "[]", "{}", "{\"keys\":{}}",
		"{\"keys\":[]}", "{\"keys\":[7]}", "{\"keys\":[],\"keys\":[]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"kty\":\"EC\"}]}",
		"{\"keys\":[]} x", "nonsense" };
	struct sp_err err;
	char *big = calloc(1, FEDERATION_KEYS_JSON + 2);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		FEDERATION_AUTO_KEYS k = NULL;

		CHECK_CODE(parse(rows[i], &k, &err), SP_E_INVALID, &err);
		CHECK(k == NULL);
	}
	memset(big, ' ', FEDERATION_KEYS_JSON + 1);
	FEDERATION_AUTO_KEYS k = NULL;
	CHECK_CODE(parse(big, &k, &err), SP_E_INVALID, &err);
	free(big);
}

static void
truncated(void)
{
	cjose_jwk_t *const two[] = { idp.rsa, idp.ec };
	char *text = idp_jwks(two, 2, NULL);
	struct sp_err err;

	for (size_t n = strlen(text); n-- > 0;) {
		FEDERATION_AUTO_KEYS k = NULL;

		CHECK_CODE(federation_keys_parse(&k, text, n, &err),
		    SP_E_INVALID, &err);
	}
	free(text);
}

static void
too_many(void)
{
	SP_AUTO_BUF out = sp_buf_new((size_t)60 << 10);
	char *one = cjose_jwk_to_json(idp.ec, false, NULL);
	json_t *jwk = json_loads(one, 0, NULL);
	struct sp_err err;

	sp_buf_text(&out, "{\"keys\":[");
	for (int i = 0; i <= FEDERATION_KEYS_MAX; i++) {
		char kid[12];
		char *text;

		(void)snprintf(kid, sizeof(kid), "k%d", i);
		(void)json_object_set_new(jwk, "kid", json_string(kid));
		text = json_dumps(jwk, 0);
		sp_buf_fmt(&out, "%s%s", i == 0 ? "" : ",", text);
		free(text);
		if (i == FEDERATION_KEYS_MAX - 1) {
			FEDERATION_AUTO_KEYS k = NULL;

			sp_buf_text(&out, "]}");
			CHECK_OK(parse(sp_buf_str(&out), &k, &err), &err);
			CHECK(federation_keys_count(k) == FEDERATION_KEYS_MAX);
			sp_buf_cut(&out, out.len - 2);
		}
	}
	sp_buf_text(&out, "]}");
	FEDERATION_AUTO_KEYS none = NULL;
	CHECK_CODE(parse(sp_buf_str(&out), &none, &err), SP_E_INVALID, &err);
	json_decref(jwk);
	free(one);
}

/* A key for one algorithm checks no other's signatures. */
static void
bound_to_an_algorithm(void)
{
	cjose_jwk_t *const one[] = { idp.rsa };
	char *text = idp_jwks(one, 1, "{\"alg\":\"PS256\"}");
	const char *alg[] = { "RS256", "PS256" };
	FEDERATION_AUTO_KEYS k = NULL;
	struct sp_err err;

	CHECK_OK(parse(text, &k, &err), &err);
	for (size_t i = 0; i < 2; i++) {
		char header[60];
		char *jws;
		struct federation_signed s = { .kid = "rsa-1",
			.signature = 256 };

		(void)snprintf(header, sizeof(header),
		    "{\"alg\":\"%s\",\"kid\":\"rsa-1\"}", alg[i]);
		jws = idp_sign(idp.rsa, header, "{}");
		CHECK(federation_algorithm_parse(alg[i], &s.algorithm));
		s.compact = jws;
		s.len = strlen(jws);
		CHECK_CODE(federation_keys_check(k, &s, &err),
		    i == 0 ? SP_E_UNKNOWN : SP_OK, &err);
		/* of another length than the key's: not looked at */
		s.signature = 255;
		CHECK_CODE(
		    federation_keys_check(k, &s, &err), SP_E_UNKNOWN, &err);
		free(jws);
	}
	free(text);
}

static void
no_symmetric_algorithm_has_a_name(void)
{
	static const char *const none[] = { "none", "HS256", "HS384", "HS512",
		"RSA-OAEP", "dir", "", "ES256K", "EdDSA" };
	enum federation_algorithm a;

	for (size_t i = 0; i < SP_COUNTOF(none); i++)
		CHECK(!federation_algorithm_parse(none[i], &a));
	for (size_t i = 0; i < FEDERATION_ALGORITHM_COUNT; i++)
		CHECK(
		    federation_algorithm_parse(
			federation_algorithm_name((enum federation_algorithm)i),
			&a) &&
		    a == (enum federation_algorithm)i);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "which are taken", which_are_taken },
		{ "what is no set", what_is_no_set },
		{ "truncated", truncated },
		{ "too many", too_many },
		{ "bound to an algorithm", bound_to_an_algorithm },
		{ "no symmetric algorithm has a name",
		    no_symmetric_algorithm_has_a_name },
	};
	int code;

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	idp_open(&idp);
	code = tap_run(cases, SP_COUNTOF(cases));
	idp_close(&idp);
	return code;
}
