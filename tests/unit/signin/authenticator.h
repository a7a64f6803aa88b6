#ifndef AUTHENTICATOR_H
#define AUTHENTICATOR_H

#include "base/encode.h"
#include "crypto/digest.h"
#include "signin/passkey.h"
#include "tap.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

/*
 * An authenticator in the test's hands, written from the specification
 * (WebAuthn 6.1, 6.5; RFC 8949) with OpenSSL's keys: it lies about whatever it
 * is told to lie about.
 */
struct authenticator {
	enum signin_passkey_alg alg;
	EVP_PKEY *key;
	uint8_t id[32];
	uint32_t counter;
	/* What it says. */
	uint8_t flags; /* AT and ED are put by what is said */
	const char *site;
	const char *origin;
	const char *type;     /* NULL: as it is asked */
	const char *more;     /* further members: ",\"crossOrigin\":true" */
	int alg_said;         /* in the COSE key; 0: the true one */
	struct sp_buf handle; /* may be empty */
};

static inline EVP_PKEY *
authenticator_key(enum signin_passkey_alg alg)
{
	EVP_PKEY *key = NULL;

	switch (alg) {
	case SIGNIN_ES256: key = EVP_EC_gen("P-256"); break;
	case SIGNIN_EDDSA:
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	case SIGNIN_RS256:
		key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
		break;
	case SIGNIN_PASSKEY_ALG_COUNT: break;
	}
	CHECK(key != NULL);
	return key;
}

static inline struct authenticator
authenticator_new(enum signin_passkey_alg alg)
{
	struct authenticator a = {
		.alg = alg,
		.key = authenticator_key(alg),
		.counter = 1,
		.flags = 0x05,
		.site = "evidence.example.gov",
		.origin = "https://evidence.example.gov",
	};
	static uint8_t n;

	memset(a.id, 0xA0 + n, sizeof(a.id));
	a.id[0] = ++n;
	a.handle = sp_buf_new(64);
	return a;
}

static inline void
authenticator_free(struct authenticator *a)
{
	EVP_PKEY_free(a->key);
	sp_buf_free(&a->handle);
}

/* --- CBOR --- */

static inline void
cbor_head(struct sp_buf *b, unsigned major, size_t n)
{
	if (n < 24) {
		sp_buf_u8(b, (uint8_t)(major << 5 | n));
	} else if (n < 256) {
		sp_buf_u8(b, (uint8_t)(major << 5 | 24));
		sp_buf_u8(b, (uint8_t)n);
	} else {
		sp_buf_u8(b, (uint8_t)(major << 5 | 25));
		sp_buf_u16be(b, (uint16_t)n);
	}
}

static inline void
cbor_int(struct sp_buf *b, int v)
{
	if (v >= 0)
		cbor_head(b, 0, (size_t)v);
	else
		cbor_head(b, 1, (size_t)(-1 - v));
}

static inline void
cbor_bytes(struct sp_buf *b, const void *at, size_t n)
{
	cbor_head(b, 2, n);
	sp_buf_add(b, at, n);
}

static inline void
cbor_text(struct sp_buf *b, const char *s)
{
	cbor_head(b, 3, strlen(s));
	sp_buf_text(b, s);
}

/* --- keys --- */

static inline void
cose_bn(struct sp_buf *b, int label, EVP_PKEY *key, const char *name, int len)
{
	BIGNUM *bn = NULL;
	uint8_t at[256];

	CHECK(EVP_PKEY_get_bn_param(key, name, &bn) == 1);
	CHECK(BN_bn2binpad(bn, at, len) == len);
	BN_free(bn);
	cbor_int(b, label);
	cbor_bytes(b, at, (size_t)len);
}

static inline void
authenticator_cose(const struct authenticator *a, struct sp_buf *b)
{
	static const int number[] = { -7, -8, -257 }, kty[] = { 2, 1, 3 },
			 members[] = { 5, 4, 4 };
	uint8_t x[32];
	size_t n = sizeof(x);

	cbor_head(b, 5, (size_t)members[a->alg]);
	cbor_int(b, 1);
	cbor_int(b, kty[a->alg]);
	cbor_int(b, 3);
	cbor_int(b, a->alg_said != 0 ? a->alg_said : number[a->alg]);
	switch (a->alg) {
	case SIGNIN_ES256:
		cbor_int(b, -1);
		cbor_int(b, 1);
		cose_bn(b, -2, a->key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
		cose_bn(b, -3, a->key, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
		break;
	case SIGNIN_EDDSA:
		cbor_int(b, -1);
		cbor_int(b, 6);
		CHECK(EVP_PKEY_get_raw_public_key(a->key, x, &n) == 1);
		cbor_int(b, -2);
		cbor_bytes(b, x, n);
		break;
	case SIGNIN_RS256:
		cose_bn(b, -1, a->key, OSSL_PKEY_PARAM_RSA_N, 256);
		cose_bn(b, -2, a->key, OSSL_PKEY_PARAM_RSA_E, 3);
		break;
	case SIGNIN_PASSKEY_ALG_COUNT: break;
	}
}

static inline void
authenticator_sign(const struct authenticator *a, const struct sp_buf *data,
    const struct sp_buf *client, struct sp_buf *out)
{
	SP_AUTO_BUF said = sp_buf_new(SIZE_MAX / 2);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t hash[CRYPTO_SHA256_LEN], sig[512];
	size_t n = sizeof(sig);

	crypto_sha256(client->at, client->len, hash);
	sp_buf_add(&said, data->at, data->len);
	sp_buf_add(&said, hash, sizeof(hash));
	CHECK(EVP_DigestSignInit(ctx, NULL,
		  a->alg == SIGNIN_EDDSA ? NULL : EVP_sha256(), NULL,
		  a->key) == 1);
	CHECK(EVP_DigestSign(ctx, sig, &n, said.at, said.len) == 1);
	EVP_MD_CTX_free(ctx);
	sp_buf_clear(out);
	sp_buf_add(out, sig, n);
}

/* --- what it says --- */

static inline void
authenticator_client(const struct authenticator *a, const char *type,
    const uint8_t *challenge, size_t len, struct sp_buf *out)
{
	char text[256];

	sp_base64url(challenge, len, text);
	sp_buf_fmt(out,
	    "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"%s}",
	    a->type != NULL ? a->type : type, text, a->origin,
	    a->more != NULL ? a->more : ",\"crossOrigin\":false");
}

static inline void
authenticator_data(
    const struct authenticator *a, bool registration, struct sp_buf *out)
{
	uint8_t site[CRYPTO_SHA256_LEN];

	crypto_sha256(a->site, strlen(a->site), site);
	sp_buf_add(out, site, sizeof(site));
	sp_buf_u8(out, (uint8_t)(a->flags | (registration ? 0x40U : 0U)));
	sp_buf_u32be(out, a->counter);
	if (!registration)
		return;
	for (int i = 0; i < 16; i++)
		sp_buf_u8(out, 0);
	sp_buf_u16be(out, sizeof(a->id));
	sp_buf_add(out, a->id, sizeof(a->id));
	authenticator_cose(a, out);
}

static inline struct signin_passkey_reply
authenticator_reply(const struct authenticator *a)
{
	struct signin_passkey_reply r = {
		.id = sp_buf_new(2048),
		.client = sp_buf_new(1 << 16),
		.attestation = sp_buf_new(1 << 20),
		.authenticator = sp_buf_new(1 << 16),
		.signature = sp_buf_new(1024),
		.handle = sp_buf_new(64),
	};

	sp_buf_add(&r.id, a->id, sizeof(a->id));
	sp_buf_add(&r.handle, a->handle.at, a->handle.len);
	return r;
}

/* {"fmt":…,"attStmt":…,"authData":…}; packed: signed by the key itself. */
static inline void
authenticator_attest(const struct sp_buf *data, const struct sp_buf *signature,
    int alg, struct sp_buf *out)
{
	sp_buf_clear(out);
	cbor_head(out, 5, 3);
	cbor_text(out, "fmt");
	cbor_text(out, signature != NULL ? "packed" : "none");
	cbor_text(out, "attStmt");
	cbor_head(out, 5, signature != NULL ? 2 : 0);
	if (signature != NULL) {
		cbor_text(out, "alg");
		cbor_int(out, alg);
		cbor_text(out, "sig");
		cbor_bytes(out, signature->at, signature->len);
	}
	cbor_text(out, "authData");
	cbor_bytes(out, data->at, data->len);
}

static inline struct signin_passkey_reply
authenticator_create(const struct authenticator *a, const uint8_t *challenge,
    size_t len, bool packed)
{
	static const int number[] = { -7, -8, -257 };
	struct signin_passkey_reply r = authenticator_reply(a);
	SP_AUTO_BUF data = sp_buf_new(4096);

	authenticator_client(a, "webauthn.create", challenge, len, &r.client);
	authenticator_data(a, true, &data);
	if (packed)
		authenticator_sign(a, &data, &r.client, &r.signature);
	authenticator_attest(&data, packed ? &r.signature : NULL,
	    number[a->alg], &r.attestation);
	sp_buf_clear(&r.signature);
	return r;
}

static inline struct signin_passkey_reply
authenticator_get(
    const struct authenticator *a, const uint8_t *challenge, size_t len)
{
	struct signin_passkey_reply r = authenticator_reply(a);

	authenticator_client(a, "webauthn.get", challenge, len, &r.client);
	authenticator_data(a, false, &r.authenticator);
	authenticator_sign(a, &r.authenticator, &r.client, &r.signature);
	return r;
}

/* The reply as the browser sends it. */
static inline void
authenticator_json(
    const struct signin_passkey_reply *r, bool registration, struct sp_buf *out)
{
	static char text[1 << 17];

	sp_base64url(r->id.at, r->id.len, text);
	sp_buf_fmt(out,
	    "{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"public-key\","
	    "\"authenticatorAttachment\":\"platform\","
	    "\"clientExtensionResults\":{},\"response\":{",
	    text, text);
	sp_base64url(r->client.at, r->client.len, text);
	sp_buf_fmt(out, "\"clientDataJSON\":\"%s\"", text);
	if (registration) {
		sp_base64url(r->attestation.at, r->attestation.len, text);
		sp_buf_fmt(out, ",\"attestationObject\":\"%s\"", text);
	} else {
		sp_base64url(r->authenticator.at, r->authenticator.len, text);
		sp_buf_fmt(out, ",\"authenticatorData\":\"%s\"", text);
		sp_base64url(r->signature.at, r->signature.len, text);
		sp_buf_fmt(out, ",\"signature\":\"%s\"", text);
		sp_base64url(r->handle.at, r->handle.len, text);
		if (r->handle.len > 0)
			sp_buf_fmt(out, ",\"userHandle\":\"%s\"", text);
	}
	sp_buf_text(out, "}}");
	CHECK(sp_buf_ok(out));
}

#endif
