#include "signin/passkey_parts.h"

#include "base/encode.h"

#include <string.h>

/* Of arrays and maps inside each other (CTAP 2.1, 8: at most four). */
#define DEPTH 4

#define MAKER 16

enum major {
	CBOR_UINT,
	CBOR_NEGATIVE,
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_TAG,
	CBOR_SIMPLE,
};

struct item {
	enum major major;
	uint64_t value;    /* number, length, or how many follow */
	const uint8_t *at; /* of bytes and text */
};

/* --- CBOR --- */

/* RFC 8949, 3: a first byte, then its argument.  28 to 31 are reserved, or a
 * length that is not told, which CTAP2 forbids. */
static bool
next(struct sp_in *in, struct item *out)
{
	uint8_t first = sp_in_u8(in);
	struct item it = {
		.major = (enum major)(first >> 5),
		.value = first & 31U,
	};

	switch (it.value) {
	case 24: it.value = sp_in_u8(in); break;
	case 25: it.value = sp_in_u16be(in); break;
	case 26: it.value = sp_in_u32be(in); break;
	case 27: it.value = sp_in_u64be(in); break;
	default: in->bad = in->bad || it.value > 27; break;
	}
	if (in->bad || it.major == CBOR_TAG)
		return false;
	if (it.major == CBOR_BYTES || it.major == CBOR_TEXT) {
		if (it.value > in->left)
			return false;
		it.at = sp_in_bytes(in, (size_t)it.value);
	}
	if (it.major == CBOR_TEXT && !sp_utf8_ok(it.at, (size_t)it.value))
		return false;
	*out = it;
	return true;
}

/* How many items a container holds; each takes a byte at least, so that a
 * number out of nowhere costs nothing. */
static bool
inside(const struct sp_in *in, const struct item *it, uint64_t *n)
{
	*n = 0;
	if (it->major != CBOR_ARRAY && it->major != CBOR_MAP)
		return true;
	if (it->value > in->left)
		return false;
	*n = it->major == CBOR_MAP ? 2 * it->value : it->value;
	return true;
}

/* One whole item, whatever it is. */
static bool
skip(struct sp_in *in, struct crypto_piece *out)
{
	const uint8_t *from = in->at;
	uint64_t open[DEPTH]; /* still to come on each level */
	size_t n = 0;

	do {
		struct item it;
		uint64_t more;

		if (!next(in, &it) || !inside(in, &it, &more))
			return false;
		if (more > 0) {
			if (n == DEPTH)
				return false;
			open[n++] = more;
			continue;
		}
		while (n > 0 && --open[n - 1] == 0)
			n--;
	} while (n > 0);
	*out = (struct crypto_piece){ from, (size_t)(in->at - from) };
	return true;
}

static bool
map_of(struct sp_in *in, uint64_t *n)
{
	struct item it;

	if (!next(in, &it) || it.major != CBOR_MAP || it.value > in->left)
		return false;
	*n = it.value;
	return true;
}

static bool
is_text(const struct item *it, const char *s)
{
	return it->major == CBOR_TEXT && it->value == strlen(s) &&
	    memcmp(it->at, s, (size_t)it->value) == 0;
}

static bool
take(struct sp_in *in, enum major major, struct crypto_piece *out)
{
	struct item it;

	if (out->at != NULL || !next(in, &it) || it.major != major)
		return false;
	*out = (struct crypto_piece){ it.at, (size_t)it.value };
	return true;
}

static bool
number(struct sp_in *in, int64_t *out)
{
	struct item it;

	if (!next(in, &it) || it.value > INT64_MAX ||
	    (it.major != CBOR_UINT && it.major != CBOR_NEGATIVE))
		return false;
	*out =
	    it.major == CBOR_UINT ? (int64_t)it.value : -1 - (int64_t)it.value;
	return true;
}

/* --- attestation object --- */

bool
signin_attestation_parse(
    struct crypto_piece from, struct signin_attestation *out)
{
	struct sp_in in = sp_in_from(from.at, from.len);
	struct signin_attestation a = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	uint64_t n;

	if (!map_of(&in, &n) || n != 3)
		return false;
	while (n-- > 0) {
		struct item key;
		bool ok = false;

		if (!next(&in, &key))
			return false;
		if (is_text(&key, "fmt"))
			ok = take(&in, CBOR_TEXT, &a.format);
		else if (is_text(&key, "authData"))
			ok = take(&in, CBOR_BYTES, &a.authenticator);
		else if (is_text(&key, "attStmt"))
			ok = a.statement.at == NULL && in.left > 0 &&
			    *in.at >> 5 == CBOR_MAP && skip(&in, &a.statement);
		if (!ok)
			return false;
	}
	if (!sp_in_done(&in))
		return false;
	*out = a;
	return true;
}

bool
signin_statement_parse(
    struct crypto_piece from, int64_t *alg, struct crypto_piece *signature)
{
	struct sp_in in = sp_in_from(from.at, from.len);
	struct crypto_piece sig = { NULL, 0 };
	bool has_alg = false;
	int64_t a = 0;
	uint64_t n;

	if (!map_of(&in, &n) || n != 2)
		return false;
	while (n-- > 0) {
		struct item key;
		bool ok = false;

		if (!next(&in, &key))
			return false;
		if (is_text(&key, "sig"))
			ok = take(&in, CBOR_BYTES, &sig);
		else if (is_text(&key, "alg"))
			ok = !has_alg && (has_alg = number(&in, &a));
		if (!ok)
			return false;
	}
	if (!sp_in_done(&in))
		return false;
	*alg = a;
	*signature = sig;
	return true;
}

/* --- authenticator data --- */

bool
signin_authenticator_parse(
    struct crypto_piece from, struct signin_authenticator *out)
{
	struct sp_in in = sp_in_from(from.at, from.len);
	struct signin_authenticator a = { .site = NULL };

	a.site = sp_in_bytes(&in, CRYPTO_SHA256_LEN);
	a.flags = sp_in_u8(&in);
	a.counter = sp_in_u32be(&in);
	if (in.bad)
		return false;
	if ((a.flags & SIGNIN_FLAG_AT) != 0) {
		a.maker = sp_in_bytes(&in, MAKER);
		a.id.len = sp_in_u16be(&in);
		a.id.at = sp_in_bytes(&in, a.id.len);
		if (in.bad || in.left == 0 || *in.at >> 5 != CBOR_MAP ||
		    !skip(&in, &a.key))
			return false;
	}
	if ((a.flags & SIGNIN_FLAG_ED) != 0 &&
	    (in.left == 0 || *in.at >> 5 != CBOR_MAP ||
		!skip(&in, &a.extensions)))
		return false;
	if (!sp_in_done(&in))
		return false;
	*out = a;
	return true;
}

/* --- keys --- */

/* Labels: 1 kty, 3 alg, -1 crv (of RSA: n), -2 x (of RSA: e), -3 y. */
struct cose {
	int64_t kty, alg, curve;
	bool has_kty, has_alg, has_curve;
	struct crypto_piece n, x, y;
};

static bool
cose_number(struct sp_in *in, bool *has, int64_t *out)
{
	if (*has || !number(in, out))
		return false;
	*has = true;
	return true;
}

static bool
cose_member(struct sp_in *in, struct cose *c)
{
	int64_t label;

	if (!number(in, &label))
		return false;
	switch (label) {
	case 1: return cose_number(in, &c->has_kty, &c->kty);
	case 3: return cose_number(in, &c->has_alg, &c->alg);
	case -1:
		if (in->left > 0 && *in->at >> 5 == CBOR_BYTES)
			return !c->has_curve && take(in, CBOR_BYTES, &c->n);
		return c->n.at == NULL &&
		    cose_number(in, &c->has_curve, &c->curve);
	case -2: return take(in, CBOR_BYTES, &c->x);
	case -3: return take(in, CBOR_BYTES, &c->y);
	default: return false;
	}
}

/* What each algorithm's key consists of. */
static const struct {
	int64_t kty, curve; /* curve 0: RSA, which has none */
	size_t first, x, y; /* bytes; first: of the modulus */
} shapes[SIGNIN_PASSKEY_ALG_COUNT] = {
	[SIGNIN_ES256] = { .kty = 2, .curve = 1, .x = 32, .y = 32 },
	[SIGNIN_EDDSA] = { .kty = 1, .curve = 6, .x = 32 },
	[SIGNIN_RS256] = { .kty = 3, .first = 256, .x = 3 },
};

/* RSA of 2048 bits with 65537 for its exponent: what authenticators make.
 * Another exponent is either slow or no signature at all. */
static bool
rsa_ok(const struct cose *c)
{
	const uint8_t *n = c->n.at, *e = c->x.at;

	if (n == NULL || e == NULL)
		return false;
	return (n[0] & 0x80U) != 0 && (n[255] & 1U) != 0 && e[0] == 1 &&
	    e[1] == 0 && e[2] == 1;
}

static bool
cose_fits(const struct cose *c, enum signin_passkey_alg alg)
{
	if (c->kty != shapes[alg].kty || c->n.len != shapes[alg].first ||
	    c->x.len != shapes[alg].x || c->y.len != shapes[alg].y)
		return false;
	if (shapes[alg].curve == 0)
		return !c->has_curve && rsa_ok(c);
	return c->has_curve && c->curve == shapes[alg].curve;
}

static void
cose_put(struct signin_passkey_key *out, const struct crypto_piece *p)
{
	if (p->len == 0)
		return;
	memcpy(out->key + out->key_len, p->at, p->len);
	out->key_len += p->len;
}

bool
signin_cose_parse(
    struct crypto_piece from, struct signin_passkey_key *out, bool *known)
{
	struct sp_in in = sp_in_from(from.at, from.len);
	struct cose c = { .has_kty = false };
	enum signin_passkey_alg alg;
	uint64_t n;

	if (!map_of(&in, &n))
		return false;
	while (n-- > 0)
		if (!cose_member(&in, &c))
			return false;
	if (!sp_in_done(&in) || !c.has_kty || !c.has_alg)
		return false;
	*known = signin_passkey_alg_find(c.alg, &alg) && cose_fits(&c, alg);
	if (!*known)
		return true;
	out->alg = alg;
	out->key_len = 0;
	cose_put(out, &c.n);
	cose_put(out, &c.x);
	cose_put(out, &c.y);
	return true;
}
