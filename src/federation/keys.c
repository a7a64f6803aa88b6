#include "federation/keys.h"

#include "base/encode.h"
#include "federation/text.h"

#include <cjose/cjose.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MODULUS_MIN  256 /* bytes: 2048 bits */
#define MODULUS_MAX  1024
#define EXPONENT_MIN 65537
#define COORDINATE   66
#define MEMBER_MAX   1400 /* base64url of MODULUS_MAX */
#define RSA          "RSA"

static const struct {
	const char *name, *key;
	size_t signature;
} algorithms[] = {
#define X(id, name, key, len) [id] = { name, key, len },
	FEDERATION_ALGORITHMS(X)
#undef X
};

/* A key as its JSON again, with what is needed and nothing else: libcjose
 * makes one of its own of it for each check, so that no thread shares one. */
struct key {
	char kid[FEDERATION_KID_MAX + 1];
	char kind[6]; /* "RSA", "P-256" */
	char only[8]; /* the one algorithm it is for, or "" */
	char *json;
	size_t modulus; /* bytes */
};

struct federation_keys {
	atomic_uint refs;
	size_t n;
	struct key at[FEDERATION_KEYS_MAX];
};

const char *
federation_algorithm_name(enum federation_algorithm a)
{
	SP_REQUIRE((size_t)a < SP_COUNTOF(algorithms));
	return algorithms[a].name;
}

bool
federation_algorithm_parse(const char *s, enum federation_algorithm *out)
{
	for (size_t i = 0; i < SP_COUNTOF(algorithms); i++)
		if (strcmp(algorithms[i].name, s) == 0) {
			*out = (enum federation_algorithm)i;
			return true;
		}
	return false;
}

/* ---- Reading a set ---- */

static enum sp_code
malformed(struct sp_err *err, const char *why)
{
	return sp_fail_as(err, SP_E_INVALID, "keys.malformed",
	    "the provider's keys: %s", why);
}

/* Bytes of a base64url member without leading zeroes; 0: it is none. */
static size_t
member_bytes(
    const json_t *jwk, const char *name, uint8_t out[static MODULUS_MAX])
{
	const char *text = federation_text_member(jwk, name, MEMBER_MAX);
	uint8_t raw[MODULUS_MAX + 2];
	size_t len = sizeof(raw), zeroes = 0;

	if (text == NULL || !sp_base64url_parse(text, strlen(text), raw, &len))
		return 0;
	while (zeroes < len && raw[zeroes] == 0)
		zeroes++;
	if (len - zeroes > MODULUS_MAX)
		return 0;
	memcpy(out, raw + zeroes, len - zeroes);
	return len - zeroes;
}

static bool
rsa_ok(const json_t *jwk, struct key *k)
{
	uint8_t bytes[MODULUS_MAX];
	uint64_t e = 0;
	size_t len = member_bytes(jwk, "n", bytes);

	if (len < MODULUS_MIN || len > MODULUS_MAX ||
	    (bytes[len - 1] & 1) == 0 || (len == MODULUS_MIN && bytes[0] < 128))
		return false;
	k->modulus = len;
	len = member_bytes(jwk, "e", bytes);
	if (len < 3 || len > 4 || (bytes[len - 1] & 1) == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		e = e << 8 | bytes[i];
	return e >= EXPONENT_MIN;
}

static bool
is_curve(const char *kind)
{
	for (size_t i = 0; i < SP_COUNTOF(algorithms); i++)
		if (strcmp(algorithms[i].key, kind) == 0)
			return strcmp(kind, RSA) != 0;
	return false;
}

/* What it says of its use must leave checking of signatures. */
static bool
is_for_checking(const json_t *jwk)
{
	const json_t *use = json_object_get(jwk, "use");
	const json_t *ops = json_object_get(jwk, "key_ops");

	if (use != NULL &&
	    (!json_is_string(use) ||
		strcmp(json_string_value(use), "sig") != 0))
		return false;
	if (ops == NULL)
		return true;
	for (size_t i = 0; i < json_array_size(ops); i++) {
		const json_t *op = json_array_get(ops, i);

		if (json_is_string(op) &&
		    strcmp(json_string_value(op), "verify") == 0)
			return true;
	}
	return false;
}

/* The part of it that counts, as JSON. */
static char *
bare(const json_t *jwk, const struct key *k)
{
	FEDERATION_AUTO_JSON out = NULL;

	if (strcmp(k->kind, RSA) == 0)
		out = json_pack("{s:s, s:O, s:O}", "kty", RSA, "n",
		    json_object_get(jwk, "n"), "e", json_object_get(jwk, "e"));
	else
		out = json_pack("{s:s, s:s, s:O?, s:O?}", "kty", "EC", "crv",
		    k->kind, "x", json_object_get(jwk, "x"), "y",
		    json_object_get(jwk, "y"));
	return out == NULL ? NULL : json_dumps(out, JSON_COMPACT);
}

/* Fill *k in: false when it is a key to be passed over. */
static bool
key_take(const json_t *jwk, struct key *k)
{
	const char *kty = federation_text_member(jwk, "kty", 8);
	const char *kid =
	    federation_text_member(jwk, "kid", FEDERATION_KID_MAX);
	const char *crv = federation_text_member(jwk, "crv", 5);
	const char *alg =
	    federation_text_member(jwk, "alg", sizeof(k->only) - 1);
	cjose_jwk_t *made;

	if (kty == NULL || kid == NULL || !is_for_checking(jwk) ||
	    (alg == NULL && json_object_get(jwk, "alg") != NULL))
		return false;
	(void)snprintf(k->kid, sizeof(k->kid), "%s", kid);
	(void)snprintf(k->only, sizeof(k->only), "%s", alg == NULL ? "" : alg);
	if (strcmp(kty, RSA) == 0) {
		(void)snprintf(k->kind, sizeof(k->kind), RSA);
		if (!rsa_ok(jwk, k))
			return false;
	} else if (strcmp(kty, "EC") == 0 && crv != NULL && is_curve(crv)) {
		(void)snprintf(k->kind, sizeof(k->kind), "%s", crv);
	} else {
		return false;
	}
	k->json = bare(jwk, k);
	made = k->json == NULL
	    ? NULL
	    : cjose_jwk_import(k->json, strlen(k->json), NULL);
	if (made == NULL) {
		free(k->json);
		k->json = NULL;
		return false;
	}
	(void)cjose_jwk_release(made);
	return true;
}

static const struct key *
find(const struct federation_keys *k, const char *kid)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->at[i].kid, kid) == 0)
			return &k->at[i];
	return NULL;
}

static enum sp_code
add(struct federation_keys *k, const json_t *jwk, struct sp_err *err)
{
	struct key one = { .json = NULL };

	if (!json_is_object(jwk))
		return malformed(err, "one is no object");
	if (json_object_get(jwk, "d") != NULL)
		return malformed(err, "a private key lies among them");
	if (!key_take(jwk, &one))
		return SP_OK;
	if (find(k, one.kid) != NULL || k->n == FEDERATION_KEYS_MAX) {
		free(one.json);
		return malformed(
		    err, "two have one kid, or there are too many");
	}
	k->at[k->n++] = one;
	return SP_OK;
}

enum sp_code
federation_keys_parse(struct federation_keys **out, const void *json,
    size_t len, struct sp_err *err)
{
	static const struct federation_doc doc = { "the provider's key set",
		"keys.malformed", FEDERATION_KEYS_JSON };
	FEDERATION_AUTO_KEYS k = calloc(1, sizeof(*k));
	FEDERATION_AUTO_JSON set = NULL;
	const json_t *keys;

	if (k == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for keys");
	atomic_init(&k->refs, 1);
	SP_TRY(federation_text_object(&doc, json, len, &set, err));
	keys = json_object_get(set, "keys");
	if (!json_is_array(keys))
		return malformed(err, "there is no member \"keys\"");
	for (size_t i = 0; i < json_array_size(keys); i++)
		SP_TRY(add(k, json_array_get(keys, i), err));
	if (k->n == 0)
		return malformed(err, "none can check a signature");
	*out = SP_STEAL(k);
	return SP_OK;
}

struct federation_keys *
federation_keys_ref(struct federation_keys *k)
{
	atomic_fetch_add(&k->refs, 1);
	return k;
}

void
federation_keys_unref(struct federation_keys *k)
{
	if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	for (size_t i = 0; i < k->n; i++)
		free(k->at[i].json);
	free(k);
}

size_t
federation_keys_count(const struct federation_keys *k)
{
	return k->n;
}

/* ---- Checking ---- */

static bool
fits(const struct key *k, const struct federation_signed *s)
{
	const char *name = algorithms[s->algorithm].name;

	return strcmp(algorithms[s->algorithm].key, k->kind) == 0 &&
	    (k->only[0] == '\0' || strcmp(k->only, name) == 0);
}

static bool
signed_by(const struct key *k, const struct federation_signed *s)
{
	size_t want = strcmp(k->kind, RSA) == 0
	    ? k->modulus
	    : algorithms[s->algorithm].signature;
	cjose_jwk_t *jwk;
	cjose_jws_t *jws;
	bool ok = false;

	if (s->signature != want)
		return false;
	jwk = cjose_jwk_import(k->json, strlen(k->json), NULL);
	jws = cjose_jws_import(s->compact, s->len, NULL);
	if (jwk != NULL && jws != NULL)
		ok = cjose_jws_verify(jws, jwk, NULL);
	cjose_jws_release(jws);
	(void)cjose_jwk_release(jwk);
	return ok;
}

enum sp_code
federation_keys_check(const struct federation_keys *k,
    const struct federation_signed *s, struct sp_err *err)
{
	const struct key *key = find(k, s->kid);

	if (key == NULL)
		return sp_fail_as(err, SP_E_NOTFOUND, "jwt.kid",
		    "the provider has no key of this name");
	if (!fits(key, s))
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.key",
		    "the key is not one for %s", algorithms[s->algorithm].name);
	if (!signed_by(key, s))
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.signature",
		    "the signature does not verify");
	return SP_OK;
}
