#ifndef FEDERATION_FIXTURE_H
#define FEDERATION_FIXTURE_H

#include "base/clock.h"
#include "base/encode.h"
#include "federation/jwt.h"
#include "federation/text.h"
#include "tap.h"

#include <cjose/cjose.h>
#include <string.h>

/*
 * A provider of the test's own: keys of every kind, and whatever tokens it may
 * be made to issue.
 */
#define IDP_ISSUER "https://id.example.gov/realm"
#define IDP_CLIENT "sallyport"
#define IDP_NONCE  "bm9uY2Ugb2YgdGhpcyBzaWduLWluLCAzMiBieXRlcy4"
#define IDP_NOW    (INT64_C(1790000000) * SP_SECOND)

struct idp {
	cjose_jwk_t *rsa, *other, *ec, *ec384;
};

static inline cjose_jwk_t *
idp_key(cjose_jwk_t *k, const char *kid)
{
	CHECK(k != NULL);
	CHECK(cjose_jwk_set_kid(k, kid, strlen(kid), NULL));
	return k;
}

static inline void
idp_open(struct idp *i)
{
	static const uint8_t e[] = { 1, 0, 1 };

	i->rsa = idp_key(
	    cjose_jwk_create_RSA_random(2048, e, sizeof(e), NULL), "rsa-1");
	i->other = idp_key(
	    cjose_jwk_create_RSA_random(2048, e, sizeof(e), NULL), "rsa-2");
	i->ec = idp_key(
	    cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL), "ec-1");
	i->ec384 = idp_key(
	    cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_384, NULL), "ec-2");
}

static inline void
idp_close(struct idp *i)
{
	(void)cjose_jwk_release(i->rsa);
	(void)cjose_jwk_release(i->other);
	(void)cjose_jwk_release(i->ec);
	(void)cjose_jwk_release(i->ec384);
}

/* A JWK Set of these public keys; with `more` (JSON members of the first). */
static inline char *
idp_jwks(cjose_jwk_t *const *keys, size_t n, const char *more)
{
	json_t *list = json_array();
	json_t *set;
	char *text;

	for (size_t i = 0; i < n; i++) {
		char *one = cjose_jwk_to_json(keys[i], false, NULL);
		json_t *jwk = json_loads(one, 0, NULL);

		CHECK(jwk != NULL);
		if (i == 0 && more != NULL) {
			json_t *extra = json_loads(more, 0, NULL);

			CHECK(json_object_update(jwk, extra) == 0);
			json_decref(extra);
		}
		CHECK(json_array_append_new(list, jwk) == 0);
		free(one);
	}
	set = json_pack("{s:o}", "keys", list);
	text = json_dumps(set, 0);
	json_decref(set);
	return text;
}

static inline struct federation_keys *
idp_keys(const struct idp *i)
{
	cjose_jwk_t *const all[] = { i->rsa, i->other, i->ec, i->ec384 };
	char *text = idp_jwks(all, 4, NULL);
	struct federation_keys *k = NULL;
	struct sp_err err;

	CHECK_OK(federation_keys_parse(&k, text, strlen(text), &err), &err);
	free(text);
	return k;
}

/* The claims of a good token, as text, with members replaced or (null) taken
 * away by those of `changes`. */
static inline char *
idp_claims(const char *changes)
{
	json_t *c = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "iss",
	    IDP_ISSUER, "sub", "f3a7", "aud", IDP_CLIENT, "nonce", IDP_NONCE,
	    "iat", (json_int_t)(IDP_NOW / SP_SECOND), "exp",
	    (json_int_t)(IDP_NOW / SP_SECOND + 300), "auth_time",
	    (json_int_t)(IDP_NOW / SP_SECOND - 10));
	json_t *by = changes == NULL ? NULL : json_loads(changes, 0, NULL);
	const char *key;
	json_t *value;
	char *text;

	CHECK(c != NULL && (changes == NULL || by != NULL));
	json_object_foreach(by, key, value)
	{
		if (json_is_null(value))
			(void)json_object_del(c, key);
		else
			CHECK(json_object_set(c, key, value) == 0);
	}
	text = json_dumps(c, JSON_COMPACT);
	json_decref(c);
	json_decref(by);
	return text;
}

/* Signed by this key with a header of these members. */
static inline char *
idp_sign(cjose_jwk_t *key, const char *header, const char *claims)
{
	json_t *h = json_loads(header, 0, NULL);
	const char *out = NULL;
	cjose_jws_t *jws;
	cjose_err why;
	char *text;

	CHECK(h != NULL);
	jws = cjose_jws_sign(
	    key, h, (const uint8_t *)claims, strlen(claims), &why);
	CHECK(jws != NULL && cjose_jws_export(jws, &out, NULL));
	text = strdup(out);
	cjose_jws_release(jws);
	json_decref(h);
	return text;
}

/* Parts as they are, encoded and joined; no `signature`: an empty one. */
static inline char *
idp_join(const char *header, const char *claims, const char *signature)
{
	SP_AUTO_BUF out = sp_buf_new((size_t)64 << 10);
	const char *part[] = { header, claims, signature };

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(part[i]);
		char *text = calloc(1, SP_BASE64_LEN(len) + 1);

		sp_base64url(part[i], len, text);
		sp_buf_fmt(&out, "%s%s", i == 0 ? "" : ".", text);
		free(text);
	}
	return strdup(sp_buf_str(&out));
}

#endif
