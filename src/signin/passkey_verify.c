#include "signin/passkey_parts.h"

#include "base/encode.h"
#include "crypto/secret.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <jansson.h>
#include <string.h>

#define CHALLENGE_MAX 128

static const struct {
	const char *name;
	int number;
} algs[] = {
#define X(id, name, number) [id] = { (name), (number) },
	SIGNIN_PASSKEY_ALGS(X)
#undef X
};

const char *
signin_passkey_alg_name(enum signin_passkey_alg alg)
{
	SP_REQUIRE(alg < SIGNIN_PASSKEY_ALG_COUNT);
	return algs[alg].name;
}

bool
signin_passkey_alg_find(int64_t number, enum signin_passkey_alg *out)
{
	for (size_t i = 0; i < SP_COUNTOF(algs); i++)
		if (algs[i].number == number) {
			*out = (enum signin_passkey_alg)i;
			return true;
		}
	return false;
}

static enum sp_code
malformed(struct sp_err *err, const char *what)
{
	return sp_fail_as(err, SP_E_INVALID, "passkey.malformed",
	    "%s is not what WebAuthn says it is", what);
}

/* --- what the browser says --- */

static void
json_freep(json_t **j)
{
	json_decref(*j);
}

static const char *
member(const json_t *root, const char *name)
{
	return json_string_value(json_object_get(root, name));
}

static bool
is_challenge(const struct signin_passkey_ask *ask, const char *said)
{
	uint8_t got[CHALLENGE_MAX];
	size_t len = sizeof(got);

	SP_REQUIRE(ask->challenge_len >= 8 && ask->challenge_len <= len);
	return sp_base64url_parse(said, strlen(said), got, &len) &&
	    len == ask->challenge_len &&
	    crypto_bytes_equal(got, ask->challenge, len);
}

static bool
is_origin(const struct signin_passkey_ask *ask, const char *said)
{
	for (size_t i = 0; i < ask->origins; i++)
		if (strcmp(said, ask->origin[i]) == 0)
			return true;
	return false;
}

/* WebAuthn 5.8.1.  Members that nobody knows are passed over, as it asks; one
 * that comes twice is not. */
static enum sp_code
check_client(const struct signin_passkey_ask *ask, const struct sp_buf *client,
    const char *type, struct sp_err *err)
{
	SP_CLEANUP(json_freep)
	json_t *root = json_loadb((const char *)client->at, client->len,
	    JSON_REJECT_DUPLICATES, NULL);
	const char *is = member(root, "type");
	const char *challenge = member(root, "challenge");
	const char *origin = member(root, "origin");
	const json_t *cross = json_object_get(root, "crossOrigin");

	if (is == NULL || challenge == NULL || origin == NULL ||
	    (cross != NULL && !json_is_boolean(cross)))
		return malformed(err, "what the browser says of itself");
	if (strcmp(is, type) != 0)
		return sp_fail_as(err, SP_E_DENIED, "passkey.type",
		    "the browser answered something else than was asked: "
		    "begin again");
	if (!is_challenge(ask, challenge))
		return sp_fail_as(err, SP_E_DENIED, "passkey.challenge",
		    "the passkey answered an earlier question: begin again");
	if (!is_origin(ask, origin))
		return sp_fail_as(err, SP_E_DENIED, "passkey.origin",
		    "the passkey was used on a page that is not this site's: "
		    "look at the address in your browser");
	if (json_is_true(cross) || json_object_get(root, "topOrigin") != NULL)
		return sp_fail_as(err, SP_E_DENIED, "passkey.origin",
		    "the passkey was used inside another site's page: open "
		    "this site by its own address");
	return SP_OK;
}

/* --- what the authenticator says --- */

static enum sp_code
check_authenticator(const struct signin_passkey_ask *ask,
    const struct signin_authenticator *a, struct sp_err *err)
{
	uint8_t site[CRYPTO_SHA256_LEN];

	crypto_sha256(ask->site, strlen(ask->site), site);
	if (memcmp(site, a->site, sizeof(site)) != 0)
		return sp_fail_as(err, SP_E_DENIED, "passkey.site",
		    "the passkey answered for another site");
	if ((a->flags & SIGNIN_FLAG_UP) == 0)
		return sp_fail_as(err, SP_E_DENIED, "passkey.presence",
		    "nobody touched the passkey: try again");
	if (ask->verified && (a->flags & SIGNIN_FLAG_UV) == 0)
		return sp_fail_as(err, SP_E_DENIED, "passkey.verification",
		    "the passkey did not ask for its PIN, fingerprint or "
		    "face: sign in with your password, then the passkey");
	/* Not backed up what cannot be (6.1.3). */
	if ((a->flags & (SIGNIN_FLAG_BE | SIGNIN_FLAG_BS)) == SIGNIN_FLAG_BS)
		return malformed(err, "the authenticator's data");
	return SP_OK;
}

/* --- libfido2's objects --- */

static void
cred_freep(fido_cred_t **c)
{
	fido_cred_free(c);
}

static void
assert_freep(fido_assert_t **a)
{
	fido_assert_free(a);
}

static enum sp_code
no_memory(struct sp_err *err)
{
	return sp_fail(err, SP_E_NOMEM, "no memory for a passkey");
}

/* One of libfido2's three kinds of key. */
struct public
{
	es256_pk_t *es256;
	eddsa_pk_t *eddsa;
	rs256_pk_t *rs256;
	const void *any;
};

static void
public_done(struct public *p)
{
	es256_pk_free(&p->es256);
	eddsa_pk_free(&p->eddsa);
	rs256_pk_free(&p->rs256);
}

/* False: no key (a point that is not on the curve), or no memory. */
static bool
public_load(struct public *p, const struct signin_passkey_key *k)
{
	switch (k->alg) {
	case SIGNIN_ES256:
		p->any = p->es256 = es256_pk_new();
		return p->any != NULL &&
		    es256_pk_from_ptr(p->es256, k->key, k->key_len) == FIDO_OK;
	case SIGNIN_EDDSA:
		p->any = p->eddsa = eddsa_pk_new();
		return p->any != NULL &&
		    eddsa_pk_from_ptr(p->eddsa, k->key, k->key_len) == FIDO_OK;
	case SIGNIN_RS256:
		p->any = p->rs256 = rs256_pk_new();
		return p->any != NULL &&
		    rs256_pk_from_ptr(p->rs256, k->key, k->key_len) == FIDO_OK;
	case SIGNIN_PASSKEY_ALG_COUNT: break;
	}
	return false;
}

/* --- registration --- */

/* The same bytes, read by libfido2: two readers must see one key. */
static enum sp_code
second_reading(fido_cred_t *c, const struct signin_passkey_ask *ask,
    const struct signin_passkey_reply *r, struct crypto_piece authenticator,
    const struct signin_passkey_key *k, struct sp_err *err)
{
	uint8_t hash[CRYPTO_SHA256_LEN];

	crypto_sha256(r->client.at, r->client.len, hash);
	if (fido_cred_set_type(c, algs[k->alg].number) != FIDO_OK ||
	    fido_cred_set_rp(c, ask->site, NULL) != FIDO_OK ||
	    fido_cred_set_clientdata_hash(c, hash, sizeof(hash)) != FIDO_OK ||
	    fido_cred_set_authdata_raw(
		c, authenticator.at, authenticator.len) != FIDO_OK)
		return malformed(err, "the authenticator's data");
	if (fido_cred_id_len(c) != k->id_len ||
	    memcmp(fido_cred_id_ptr(c), k->id, k->id_len) != 0 ||
	    fido_cred_pubkey_len(c) < k->key_len ||
	    memcmp(fido_cred_pubkey_ptr(c), k->key, k->key_len) != 0 ||
	    fido_cred_sigcount(c) != k->counter)
		return malformed(err, "the passkey's public key");
	return SP_OK;
}

static bool
is_format(const struct signin_attestation *a, const char *name)
{
	return a->format.len == strlen(name) &&
	    memcmp(a->format.at, name, a->format.len) == 0;
}

static enum sp_code
not_taken(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_DENIED, "passkey.attestation",
	    "the passkey's attestation is of a kind that is not taken here: "
	    "none, or packed by the key itself");
}

static enum sp_code
check_statement(fido_cred_t *c, const struct signin_attestation *a,
    const struct signin_passkey_key *k, struct sp_err *err)
{
	struct crypto_piece signature;
	int64_t alg;

	if (is_format(a, "none")) {
		if (a->statement.len != 1) /* an empty map */
			return malformed(err, "the attestation");
		return SP_OK;
	}
	if (!is_format(a, "packed") ||
	    !signin_statement_parse(a->statement, &alg, &signature))
		return not_taken(err);
	if (alg != algs[k->alg].number)
		return sp_fail_as(err, SP_E_DENIED, "passkey.algorithm",
		    "the attestation is of another algorithm than its key");
	if (fido_cred_set_fmt(c, "packed") != FIDO_OK ||
	    fido_cred_set_sig(c, signature.at, signature.len) != FIDO_OK)
		return malformed(err, "the attestation");
	if (fido_cred_verify_self(c) != FIDO_OK)
		return sp_fail_as(err, SP_E_DENIED, "passkey.signature",
		    "the attestation's signature is not the key's");
	return SP_OK;
}

static enum sp_code
new_key(const struct signin_authenticator *a, struct signin_passkey_key *k,
    struct sp_err *err)
{
	SP_CLEANUP(public_done) struct public p = { NULL, NULL, NULL, NULL };
	bool known = false;

	if (!signin_cose_parse(a->key, k, &known))
		return malformed(err, "the passkey's public key");
	if (!known || !public_load(&p, k))
		return sp_fail_as(err, SP_E_DENIED, "passkey.algorithm",
		    "the passkey's key is none of ES256, EdDSA (Ed25519) and "
		    "RS256 (2048 bits): use another passkey");
	memcpy(k->id, a->id.at, a->id.len);
	k->id_len = a->id.len;
	memcpy(k->maker, a->maker, sizeof(k->maker));
	k->counter = a->counter;
	k->verified = (a->flags & SIGNIN_FLAG_UV) != 0;
	k->synced = (a->flags & SIGNIN_FLAG_BE) != 0;
	return SP_OK;
}

enum sp_code
signin_passkey_attested(const struct signin_passkey_ask *ask,
    const struct signin_passkey_reply *r, struct signin_passkey_key *out,
    struct sp_err *err)
{
	SP_CLEANUP(cred_freep) fido_cred_t *c = NULL;
	struct signin_passkey_key k = { .id_len = 0 };
	struct signin_attestation att;
	struct signin_authenticator a;

	SP_TRY(check_client(ask, &r->client, "webauthn.create", err));
	if (!signin_attestation_parse(
		(struct crypto_piece){ r->attestation.at, r->attestation.len },
		&att) ||
	    !signin_authenticator_parse(att.authenticator, &a) ||
	    a.maker == NULL || a.id.len < SIGNIN_PASSKEY_ID_LEAST ||
	    a.id.len > SIGNIN_PASSKEY_ID_MAX)
		return malformed(err, "the attestation object");
	if (a.id.len != r->id.len || memcmp(a.id.at, r->id.at, a.id.len) != 0)
		return malformed(err, "the credential's id");
	SP_TRY(check_authenticator(ask, &a, err));
	SP_TRY(new_key(&a, &k, err));
	fido_init(0);
	c = fido_cred_new();
	if (c == NULL)
		return no_memory(err);
	SP_TRY(second_reading(c, ask, r, att.authenticator, &k, err));
	SP_TRY(check_statement(c, &att, &k, err));
	*out = k;
	return SP_OK;
}

/* --- assertion --- */

static enum sp_code
check_signature(const struct signin_passkey_ask *ask,
    const struct signin_passkey_reply *r, const struct signin_passkey_key *key,
    struct sp_err *err)
{
	SP_CLEANUP(public_done) struct public p = { NULL, NULL, NULL, NULL };
	SP_CLEANUP(assert_freep) fido_assert_t *f = NULL;
	uint8_t hash[CRYPTO_SHA256_LEN];

	fido_init(0);
	f = fido_assert_new();
	if (f == NULL || fido_assert_set_count(f, 1) != FIDO_OK)
		return no_memory(err);
	if (!public_load(&p, key))
		return sp_fail(
		    err, SP_E_CORRUPT, "a passkey's stored key is no key");
	crypto_sha256(r->client.at, r->client.len, hash);
	if (fido_assert_set_rp(f, ask->site) != FIDO_OK ||
	    fido_assert_set_clientdata_hash(f, hash, sizeof(hash)) != FIDO_OK ||
	    fido_assert_set_up(f, FIDO_OPT_TRUE) != FIDO_OK ||
	    fido_assert_set_uv(
		f, ask->verified ? FIDO_OPT_TRUE : FIDO_OPT_OMIT) != FIDO_OK)
		return no_memory(err);
	if (fido_assert_set_authdata_raw(
		f, 0, r->authenticator.at, r->authenticator.len) != FIDO_OK ||
	    fido_assert_set_sig(f, 0, r->signature.at, r->signature.len) !=
		FIDO_OK)
		return malformed(err, "the passkey's answer");
	if (fido_assert_verify(f, 0, algs[key->alg].number, p.any) != FIDO_OK)
		return sp_fail_as(err, SP_E_DENIED, "passkey.signature",
		    "the signature is not this passkey's: try again, or use "
		    "another way to sign in");
	return SP_OK;
}

enum sp_code
signin_passkey_asserted(const struct signin_passkey_ask *ask,
    const struct signin_passkey_reply *r, const struct signin_passkey_key *key,
    struct signin_passkey_proof *out, struct sp_err *err)
{
	struct signin_authenticator a;

	SP_TRY(check_client(ask, &r->client, "webauthn.get", err));
	if (!signin_authenticator_parse(
		(struct crypto_piece){
		    r->authenticator.at, r->authenticator.len },
		&a) ||
	    a.maker != NULL)
		return malformed(err, "the authenticator's data");
	SP_TRY(check_authenticator(ask, &a, err));
	SP_TRY(check_signature(ask, r, key, err));
	*out = (struct signin_passkey_proof){
		.counter = a.counter,
		.verified = (a.flags & SIGNIN_FLAG_UV) != 0,
	};
	return SP_OK;
}

enum sp_code
signin_passkey_challenge(const struct signin_passkey_reply *r,
    uint8_t out[static SIGNIN_CHALLENGE], struct sp_err *err)
{
	SP_CLEANUP(json_freep)
	json_t *root = json_loadb((const char *)r->client.at, r->client.len,
	    JSON_REJECT_DUPLICATES, NULL);
	const char *said = member(root, "challenge");
	uint8_t got[SIGNIN_CHALLENGE];
	size_t len = sizeof(got);

	if (said == NULL)
		return malformed(err, "what the browser says of itself");
	if (!sp_base64url_parse(said, strlen(said), got, &len) ||
	    len != sizeof(got))
		return sp_fail_as(err, SP_E_DENIED, "passkey.challenge",
		    "the passkey answered something that was never asked: "
		    "begin again");
	memcpy(out, got, sizeof(got));
	return SP_OK;
}
