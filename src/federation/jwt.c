#include "federation/jwt.h"

#include "base/encode.h"
#include "crypto/secret.h"
#include "federation/text.h"

#include <string.h>
#include <strings.h>

#define PARTS 3

void
federation_claims_done(struct federation_claims *c)
{
	json_decref(c->all);
	c->all = NULL;
}

/* ---- Taking it apart ---- */

struct parts {
	struct sp_buf bytes[PARTS]; /* header, claims, signature */
};

static void
parts_done(struct parts *p)
{
	for (size_t i = 0; i < PARTS; i++)
		sp_buf_free(&p->bytes[i]);
}
#define AUTO_PARTS SP_CLEANUP(parts_done) struct parts

static enum sp_code
malformed(struct sp_err *err, const char *why)
{
	return sp_fail_as(
	    err, SP_E_INVALID, "jwt.malformed", "the ID token %s", why);
}

static bool
decode(const char *at, size_t len, struct sp_buf *out)
{
	size_t n = len;

	*out = sp_buf_secret(FEDERATION_JWT_MAX);
	if (len == 0 || sp_buf_extend(out, len) == NULL ||
	    !sp_base64url_parse(at, len, out->at, &n))
		return false;
	sp_buf_cut(out, n);
	return n > 0;
}

static enum sp_code
split(const char *text, size_t len, struct parts *p, struct sp_err *err)
{
	const char *end = text + len;

	if (len > FEDERATION_JWT_MAX)
		return malformed(err, "is too long");
	for (size_t i = 0; i < PARTS; i++) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		const char *stop = i + 1 < PARTS ? dot : end;

		if (stop == NULL || (i + 1 == PARTS && dot != NULL) ||
		    !decode(text, (size_t)(stop - text), &p->bytes[i]))
			return malformed(
			    err, "is not three parts of base64url");
		text = stop + (i + 1 < PARTS ? 1 : 0);
	}
	return SP_OK;
}

static enum sp_code
object(const struct sp_buf *part, const char *what, json_t **out,
    struct sp_err *err)
{
	const struct federation_doc doc = { what, "jwt.malformed",
		FEDERATION_JWT_MAX };

	return federation_text_object(&doc, part->at, part->len, out, err);
}

/* ---- The header ---- */

static enum sp_code
read_header(const json_t *header, const struct federation_expect *want,
    struct federation_signed *s, struct sp_err *err)
{
	static const char *const refused[] = { "jwk", "jku", "x5u", "x5c",
		"crit", "b64", "enc", "zip" };
	const char *alg = federation_text_member(header, "alg", 16);
	const json_t *typ = json_object_get(header, "typ");

	for (size_t i = 0; i < SP_COUNTOF(refused); i++)
		if (json_object_get(header, refused[i]) != NULL)
			return sp_fail_as(err, SP_E_UNKNOWN, "jwt.header",
			    "the ID token's header has \"%s\", which is not "
			    "accepted",
			    refused[i]);
	if (typ != NULL &&
	    (!json_is_string(typ) ||
		strcasecmp(json_string_value(typ), "JWT") != 0))
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.header",
		    "it is a token of another type");
	if (alg == NULL || !federation_algorithm_parse(alg, &s->algorithm) ||
	    (want->algorithms & FEDERATION_HAS(s->algorithm)) == 0)
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.algorithm",
		    "the ID token is not signed by an algorithm that is "
		    "allowed for this provider");
	s->kid = federation_text_member(header, "kid", FEDERATION_KID_MAX);
	if (s->kid == NULL)
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.header",
		    "the ID token does not name its key");
	return SP_OK;
}

/* ---- The claims ---- */

static bool
text_is(const json_t *claims, const char *name, const char *want)
{
	const json_t *m = json_object_get(claims, name);

	return json_is_string(m) && json_string_length(m) == strlen(want) &&
	    crypto_bytes_equal(json_string_value(m), want, strlen(want));
}

/* aud is a text or an array of texts; *others: it holds another than us. */
static bool
audience_has(const json_t *claims, const char *client, bool *others)
{
	const json_t *aud = json_object_get(claims, "aud");
	bool found = false;

	*others = false;
	if (json_is_string(aud))
		return text_is(claims, "aud", client);
	for (size_t i = 0; i < json_array_size(aud); i++) {
		const json_t *one = json_array_get(aud, i);

		if (!json_is_string(one))
			return false;
		if (strcmp(json_string_value(one), client) == 0)
			found = true;
		else
			*others = true;
	}
	return found;
}

static enum sp_code
check_parties(const json_t *claims, const struct federation_expect *want,
    struct sp_err *err)
{
	bool others = false;
	bool azp = json_object_get(claims, "azp") != NULL;

	if (!text_is(claims, "iss", want->issuer))
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.issuer",
		    "the ID token is another issuer's");
	if (!audience_has(claims, want->client, &others))
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.audience",
		    "the ID token is not for this client");
	if ((others || azp) && !text_is(claims, "azp", want->client))
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.azp",
		    "the ID token was issued to another client");
	if (!text_is(claims, "nonce", want->nonce))
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.nonce",
		    "the ID token was not made for this sign-in");
	return SP_OK;
}

/* Whole seconds since 1970, up to the year 9999. */
static bool
seconds(const json_t *claims, const char *name, sp_time *out)
{
	const json_t *m = json_object_get(claims, name);
	json_int_t v = json_integer_value(m);

	if (!json_is_integer(m) || v < 0 || v > SP_TIME_MAX / SP_SECOND)
		return false;
	*out = v * SP_SECOND;
	return true;
}

static enum sp_code
check_times(const json_t *claims, const struct federation_expect *want,
    struct federation_claims *c, struct sp_err *err)
{
	sp_time nbf = 0;

	if (!seconds(claims, "exp", &c->expires) ||
	    want->now >= c->expires + FEDERATION_SKEW)
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.expired",
		    "the ID token has expired: do the clocks differ?");
	if (json_object_get(claims, "nbf") != NULL &&
	    (!seconds(claims, "nbf", &nbf) ||
		nbf > want->now + FEDERATION_SKEW))
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.early",
		    "the ID token is not valid yet: do the clocks differ?");
	if (!seconds(claims, "iat", &c->issued) ||
	    c->issued > want->now + FEDERATION_SKEW ||
	    c->issued < want->since - FEDERATION_SKEW)
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.issued",
		    "the ID token was not issued during this sign-in: do the "
		    "clocks differ?");
	return SP_OK;
}

static enum sp_code
check_proved(const json_t *claims, const struct federation_expect *want,
    struct federation_claims *c, struct sp_err *err)
{
	bool said = json_object_get(claims, "auth_time") != NULL;

	if (!said && want->max_age == 0 && want->after == 0)
		return SP_OK;
	if (!seconds(claims, "auth_time", &c->proved) ||
	    c->proved > want->now + FEDERATION_SKEW ||
	    c->proved + FEDERATION_SKEW < want->after ||
	    (want->max_age > 0 &&
		c->proved + want->max_age + FEDERATION_SKEW < want->now))
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.proved",
		    "the provider does not say that you signed in there "
		    "lately: sign out there, and in again");
	return SP_OK;
}

static enum sp_code
check_claims(json_t *claims, const struct federation_expect *want,
    struct federation_claims *c, struct sp_err *err)
{
	const char *sub =
	    federation_text_member(claims, "sub", FEDERATION_SUBJECT_MAX);

	SP_TRY(check_parties(claims, want, err));
	SP_TRY(check_times(claims, want, c, err));
	SP_TRY(check_proved(claims, want, c, err));
	if (sub == NULL)
		return sp_fail_as(err, SP_E_UNKNOWN, "jwt.subject",
		    "the ID token does not say who");
	memcpy(c->subject, sub, strlen(sub) + 1);
	return SP_OK;
}

enum sp_code
federation_jwt_verify(const char *text, size_t len,
    const struct federation_keys *keys, const struct federation_expect *want,
    struct federation_claims *out, struct sp_err *err)
{
	AUTO_PARTS p = { .bytes[0].secret = true };
	FEDERATION_AUTO_JSON header = NULL;
	FEDERATION_AUTO_JSON claims = NULL;
	struct federation_claims c = { .all = NULL };
	struct federation_signed s = { .compact = text, .len = len };

	SP_TRY(split(text, len, &p, err));
	SP_TRY(object(&p.bytes[0], "the ID token's header", &header, err));
	SP_TRY(object(&p.bytes[1], "the ID token's body", &claims, err));
	SP_TRY(read_header(header, want, &s, err));
	s.signature = p.bytes[2].len;
	SP_TRY(federation_keys_check(keys, &s, err));
	SP_TRY(check_claims(claims, want, &c, err));
	c.all = SP_STEAL(claims);
	*out = c;
	return SP_OK;
}
