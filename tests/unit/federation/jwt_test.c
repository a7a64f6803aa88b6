#include "federation_fixture.h"

#include "crypto/provider.h"

#define RS256 "{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}"

static struct idp idp;
static struct federation_keys *keys;
static const struct federation_expect expected = {
	.issuer = IDP_ISSUER,
	.client = IDP_CLIENT,
	.nonce = IDP_NONCE,
	.algorithms = FEDERATION_DEFAULT_ALGORITHMS,
	.now = IDP_NOW,
	.since = IDP_NOW - 30 * SP_SECOND,
	.max_age = 43200 * SP_SECOND,
};

/* Verify; "" when it is good, else the reason. */
static const char *
judged(const char *token, const struct federation_expect *want)
{
	FEDERATION_AUTO_CLAIMS c = { .all = NULL };
	struct sp_err err = { .code = SP_OK };
	enum sp_code code =
	    federation_jwt_verify(token, strlen(token), keys, want, &c, &err);

	if (code == SP_OK) {
		CHECK(strcmp(c.subject, "f3a7") == 0 && c.all != NULL);
		return "";
	}
	CHECK(c.all == NULL && err.code == code && err.reason != NULL);
	CHECK((code == SP_E_INVALID) ==
	    (strcmp(err.reason, "jwt.malformed") == 0));
	CHECK((code == SP_E_NOTFOUND) == (strcmp(err.reason, "jwt.kid") == 0));
	return err.reason;
}

static void
check(const char *token, const struct federation_expect *want,
    const char *reason, const char *what)
{
	const char *got = judged(token, want);

	if (strcmp(got, reason) != 0)
		tap_fail(__FILE__, __LINE__, what, got);
}

static void
good_ones(void)
{
	const struct {
		cjose_jwk_t *key;
		const char *header;
	} rows[] = {
		{ idp.rsa, RS256 },
		{ idp.rsa, "{\"alg\":\"PS256\",\"kid\":\"rsa-1\"}" },
		{ idp.other,
		    "{\"alg\":\"RS256\",\"kid\":\"rsa-2\",\"typ\":\"jwt\"}" },
		{ idp.ec, "{\"alg\":\"ES256\",\"kid\":\"ec-1\"}" },
		/* certificates' digests say nothing that is believed */
		{ idp.ec,
		    "{\"alg\":\"ES256\",\"kid\":\"ec-1\",\"x5t\":\"abc\"}" },
	};
	char *claims = idp_claims(NULL);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char *token = idp_sign(rows[i].key, rows[i].header, claims);

		check(token, &expected, "", rows[i].header);
		free(token);
	}
	free(claims);
}

/* Algorithms are the provider's configured list, whatever its keys could. */
static void
allowed_algorithms(void)
{
	const struct {
		cjose_jwk_t *key;
		const char *header;
		unsigned allowed;
		const char *reason;
	} rows[] = {
		{ idp.rsa, RS256, FEDERATION_HAS(FEDERATION_ES256),
		    "jwt.algorithm" },
		{ idp.rsa, RS256, FEDERATION_HAS(FEDERATION_PS256),
		    "jwt.algorithm" },
		{ idp.rsa, RS256, 0, "jwt.algorithm" },
		{ idp.ec384, "{\"alg\":\"ES384\",\"kid\":\"ec-2\"}",
		    FEDERATION_DEFAULT_ALGORITHMS, "jwt.algorithm" },
		{ idp.ec384, "{\"alg\":\"ES384\",\"kid\":\"ec-2\"}",
		    FEDERATION_HAS(FEDERATION_ES384), "" },
		{ idp.rsa, "{\"alg\":\"RS512\",\"kid\":\"rsa-1\"}",
		    FEDERATION_HAS(FEDERATION_RS512), "" },
		{ idp.rsa, "{\"alg\":\"PS384\",\"kid\":\"rsa-1\"}",
		    FEDERATION_HAS(FEDERATION_PS384), "" },
	};
	char *claims = idp_claims(NULL);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct federation_expect want = expected;
		char *token = idp_sign(rows[i].key, rows[i].header, claims);

		want.algorithms = rows[i].allowed;
		check(token, &want, rows[i].reason, rows[i].header);
		free(token);
	}
	free(claims);
}

/* HS256 by the text of the public key, in the forms an attacker would try. */
static void
signed_with_the_public_key(void)
{
	static const char header[] = "{\"alg\":\"HS256\",\"kid\":\"rsa-1\"}";
	char *claims = idp_claims(NULL);
	char *json = cjose_jwk_to_json(idp.rsa, false, NULL);
	json_t *jwk = json_loads(json, 0, NULL);
	const char *n = json_string_value(json_object_get(jwk, "n"));
	const char *secret[] = { json, n, "" };

	for (size_t i = 0; i < SP_COUNTOF(secret); i++) {
		cjose_jwk_t *oct =
		    cjose_jwk_create_oct_spec((const uint8_t *)secret[i],
			strlen(secret[i]) > 0 ? strlen(secret[i]) : 1, NULL);
		char *token = idp_sign(oct, header, claims);

		check(token, &expected, "jwt.algorithm", "HS256");
		free(token);
		(void)cjose_jwk_release(oct);
	}
	json_decref(jwk);
	free(json);
	free(claims);
}

static void
not_signed(void)
{
	static const char *const header[] = { "{\"alg\":\"none\"}",
		"{\"alg\":\"none\",\"kid\":\"rsa-1\"}",
		"{\"alg\":\"None\",\"kid\":\"rsa-1\"}",
		"{\"alg\":\"\",\"kid\":\"rsa-1\"}", "{\"kid\":\"rsa-1\"}",
		"{\"alg\":null,\"kid\":\"rsa-1\"}",
		"{\"alg\":[\"RS256\"],\"kid\":\"rsa-1\"}",
		"{\"alg\":\"rs256\",\"kid\":\"rsa-1\"}",
		"{\"alg\":\"RS256 \",\"kid\":\"rsa-1\"}",
		"{\"alg\":\"dir\",\"kid\":\"rsa-1\"}" };
	char *claims = idp_claims(NULL);

	for (size_t i = 0; i < SP_COUNTOF(header); i++) {
		char *bare = idp_join(header[i], claims, "");
		char *with = idp_join(header[i], claims, "signature");

		check(bare, &expected, "jwt.malformed", header[i]);
		check(with, &expected, "jwt.algorithm", header[i]);
		free(bare);
		free(with);
	}
	free(claims);
}

/* A key of the right provider and the wrong kind, name or neighbour. */
static void
other_keys(void)
{
	const struct {
		cjose_jwk_t *key;
		const char *alg, *kid; /* that it claims */
		const char *reason;
	} rows[] = {
		{ idp.rsa, "RS256", "rsa-2", "jwt.signature" },
		{ idp.rsa, "RS256", "ec-1", "jwt.key" },
		{ idp.ec, "ES256", "rsa-1", "jwt.key" },
		{ idp.ec, "ES256", "ec-2", "jwt.key" },
		{ idp.rsa, "RS256", "nobody's", "jwt.kid" },
		{ idp.rsa, "RS256", "RSA-1", "jwt.kid" },
	};
	char *claims = idp_claims(NULL);
	char header[100];

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char *token;

		(void)snprintf(header, sizeof(header),
		    "{\"alg\":\"%s\",\"kid\":\"%s\"}", rows[i].alg,
		    rows[i].kid);
		token = idp_sign(rows[i].key, header, claims);
		check(token, &expected, rows[i].reason, header);
		free(token);
	}
	free(claims);
}

static void
headers_that_are_refused(void)
{
	static const struct {
		const char *more, *reason;
	} rows[] = {
		{ "\"jwk\":{\"kty\":\"RSA\"}", "jwt.header" },
		{ "\"jku\":\"https://id.example.gov/keys\"", "jwt.header" },
		{ "\"x5u\":\"https://id.example.gov/cert\"", "jwt.header" },
		{ "\"x5c\":[\"MIIB\"]", "jwt.header" },
		{ "\"crit\":[\"exp\"]", "jwt.header" },
		{ "\"b64\":false", "jwt.header" },
		{ "\"enc\":\"A128GCM\"", "jwt.header" },
		{ "\"zip\":\"DEF\"", "jwt.header" },
		{ "\"typ\":\"at+jwt\"", "jwt.header" },
		{ "\"typ\":\"logout+jwt\"", "jwt.header" },
		{ "\"typ\":7", "jwt.header" },
	};
	char *claims = idp_claims(NULL);
	char header[200];
	char *token;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		(void)snprintf(header, sizeof(header),
		    "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",%s}", rows[i].more);
		token = idp_sign(idp.rsa, header, claims);
		check(token, &expected, rows[i].reason, header);
		free(token);
	}
	token = idp_sign(idp.rsa, "{\"alg\":\"RS256\"}", claims);
	check(token, &expected, "jwt.header", "no kid");
	free(token);
	free(claims);
}

#define AT(seconds) (IDP_NOW / SP_SECOND + (seconds))

static void
claims_that_are_refused(void)
{
	static const struct {
		const char *changes, *reason;
	} rows[] = {
		{ "{\"iss\":\"https://id.example.gov/realm/\"}", "jwt.issuer" },
		{ "{\"iss\":\"https://ID.example.gov/realm\"}", "jwt.issuer" },
		{ "{\"iss\":null}", "jwt.issuer" },
		{ "{\"iss\":[\"https://id.example.gov/realm\"]}",
		    "jwt.issuer" },
		{ "{\"aud\":\"sallyport2\"}", "jwt.audience" },
		{ "{\"aud\":null}", "jwt.audience" },
		{ "{\"aud\":[]}", "jwt.audience" },
		{ "{\"aud\":[\"other\"]}", "jwt.audience" },
		{ "{\"aud\":[7,\"sallyport\"]}", "jwt.audience" },
		{ "{\"aud\":{\"sallyport\":1}}", "jwt.audience" },
		{ "{\"aud\":[\"sallyport\"]}", "" },
		{ "{\"aud\":[\"sallyport\",\"other\"]}", "jwt.azp" },
		{ "{\"aud\":[\"sallyport\",\"other\"],\"azp\":\"other\"}",
		    "jwt.azp" },
		{ "{\"aud\":[\"other\",\"sallyport\"],\"azp\":\"sallyport\"}",
		    "" },
		{ "{\"azp\":\"other\"}", "jwt.azp" },
		{ "{\"azp\":7}", "jwt.azp" },
		{ "{\"azp\":\"sallyport\"}", "" },
		{ "{\"nonce\":null}", "jwt.nonce" },
		{ "{\"nonce\":\"\"}", "jwt.nonce" },
		{ "{\"nonce\":\"another\"}", "jwt.nonce" },
		{ "{\"exp\":null}", "jwt.expired" },
		{ "{\"exp\":\"1790000300\"}", "jwt.expired" },
		{ "{\"exp\":1790000300.5}", "jwt.expired" },
		{ "{\"exp\":-1}", "jwt.expired" },
		{ "{\"exp\":9223372036854775807}", "jwt.expired" },
		{ "{\"iat\":null}", "jwt.issued" },
		{ "{\"iat\":true}", "jwt.issued" },
		{ "{\"nbf\":\"soon\"}", "jwt.early" },
		{ "{\"auth_time\":null}", "jwt.proved" },
		{ "{\"sub\":null}", "jwt.subject" },
		{ "{\"sub\":\"\"}", "jwt.subject" },
		{ "{\"sub\":7}", "jwt.subject" },
		{ "{\"sub\":\"a\\nb\"}", "jwt.subject" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char *claims = idp_claims(rows[i].changes);
		char *token = idp_sign(idp.rsa, RS256, claims);

		check(token, &expected, rows[i].reason, rows[i].changes);
		free(token);
		free(claims);
	}
}

/* To the second, on both sides of each edge. */
static void
check_after(int64_t at, const char *reason)
{
	struct federation_expect anew = expected;
	char changes[60];
	char *claims, *token;

	anew.max_age = 0;
	anew.after = IDP_NOW;
	(void)snprintf(changes, sizeof(changes), "{\"auth_time\":%jd}",
	    (intmax_t)(IDP_NOW / SP_SECOND + at));
	claims = idp_claims(changes);
	token = idp_sign(idp.rsa, RS256, claims);
	check(token, &anew, reason, changes);
	free(token);
	free(claims);
	/* it is said, whatever the provider is configured for */
	claims = idp_claims("{\"auth_time\":null}");
	token = idp_sign(idp.rsa, RS256, claims);
	check(token, &anew, "jwt.proved", "no auth_time");
	free(token);
	free(claims);
}

static void
clocks(void)
{
	static const struct {
		const char *claim;
		int64_t at;
		const char *reason;
	} rows[] = {
		{ "exp", AT(-59), "" },
		{ "exp", AT(-60), "jwt.expired" },
		{ "exp", AT(-61), "jwt.expired" },
		{ "nbf", AT(60), "" },
		{ "nbf", AT(61), "jwt.early" },
		{ "iat", AT(60), "" },
		{ "iat", AT(61), "jwt.issued" },
		/* asked for 30 s ago */
		{ "iat", AT(-90), "" },
		{ "iat", AT(-91), "jwt.issued" },
		{ "auth_time", AT(60), "" },
		{ "auth_time", AT(61), "jwt.proved" },
		{ "auth_time", AT(-43260), "" },
		{ "auth_time", AT(-43261), "jwt.proved" },
	};
	struct federation_expect any = expected;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char changes[60];
		char *claims, *token;

		(void)snprintf(changes, sizeof(changes), "{\"%s\":%jd}",
		    rows[i].claim, (intmax_t)rows[i].at);
		claims = idp_claims(changes);
		token = idp_sign(idp.rsa, RS256, claims);
		check(token, &expected, rows[i].reason, changes);
		free(token);
		free(claims);
	}
	/* where a new proof is asked for, it is one from after that */
	check_after(-60, "");
	check_after(-61, "jwt.proved");
	/* where no age is asked for, none need be told */
	any.max_age = 0;
	char *claims = idp_claims("{\"auth_time\":null}");
	char *token = idp_sign(idp.rsa, RS256, claims);
	check(token, &any, "", "no auth_time");
	free(token);
	free(claims);
}

/* Two readers of one member: here nobody reads either. */
static void
members_twice(void)
{
	static const char good[] =
	    "\"iss\":\"" IDP_ISSUER "\",\"sub\":\"f3a7\",\"aud\":\"" IDP_CLIENT
	    "\",\"nonce\":\"" IDP_NONCE "\"";
	char *token, claims[400];

	token =
	    idp_join("{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"rsa-1\"}",
		"{}", "x");
	check(token, &expected, "jwt.malformed", "alg twice");
	free(token);
	(void)snprintf(claims, sizeof(claims), "{%s,\"sub\":\"0001\"}", good);
	token = idp_sign(idp.rsa, RS256, claims);
	check(token, &expected, "jwt.malformed", "sub twice");
	free(token);
	(void)snprintf(
	    claims, sizeof(claims), "{%s,\"x\":{\"a\":1,\"a\":2}}", good);
	token = idp_sign(idp.rsa, RS256, claims);
	check(token, &expected, "jwt.malformed", "twice within");
	free(token);
}

/* Every truncation, every byte changed, and more behind it. */
static void
broken_ones(void)
{
	char *claims = idp_claims(NULL);
	char *good =
	    idp_sign(idp.ec, "{\"alg\":\"ES256\",\"kid\":\"ec-1\"}", claims);
	size_t len = strlen(good);
	char *bad = calloc(1, len + 8);

	check(good, &expected, "", "whole");
	for (size_t n = 0; n < len; n++) {
		memcpy(bad, good, len);
		bad[n] = '\0';
		CHECK(judged(bad, &expected)[0] != '\0');
		memcpy(bad, good, len + 1);
		bad[n] = bad[n] == 'A' ? 'B' : 'A';
		CHECK(judged(bad, &expected)[0] != '\0');
	}
	for (const char *more = "A.= \n"; *more != '\0'; more++) {
		(void)snprintf(bad, len + 8, "%s%c", good, *more);
		CHECK(judged(bad, &expected)[0] != '\0');
	}
	(void)snprintf(bad, len + 8, "%s.AA", good);
	check(bad, &expected, "jwt.malformed", "four parts");
	free(bad);
	free(good);
	free(claims);
}

static void
too_long(void)
{
	char *big = calloc(1, FEDERATION_JWT_MAX + 2);

	memset(big, 'A', FEDERATION_JWT_MAX + 1);
	big[10] = big[20] = '.';
	check(big, &expected, "jwt.malformed", "too long");
	free(big);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "good ones", good_ones },
		{ "allowed algorithms", allowed_algorithms },
		{ "signed with the public key", signed_with_the_public_key },
		{ "not signed", not_signed },
		{ "other keys", other_keys },
		{ "headers that are refused", headers_that_are_refused },
		{ "claims that are refused", claims_that_are_refused },
		{ "clocks", clocks },
		{ "members twice", members_twice },
		{ "broken ones", broken_ones },
		{ "too long", too_long },
	};
	int code;

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	idp_open(&idp);
	keys = idp_keys(&idp);
	code = tap_run(cases, SP_COUNTOF(cases));
	federation_keys_unref(keys);
	idp_close(&idp);
	return code;
}
