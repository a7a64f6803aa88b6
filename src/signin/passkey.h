#ifndef SIGNIN_PASSKEY_H
#define SIGNIN_PASSKEY_H

#include "base/buf.h"
#include "base/id.h"
#include "base/json.h"
#include "db/db.h"
#include "people/person.h"

/*
 * Passkeys: WebAuthn (W3C, level 3) credentials of persons, docs/signin.md.
 * Signatures are libfido2's to check; what is signed, and for whom, is checked
 * here: type, challenge, origin, relying party, flags, counter.
 *
 *   registration: {"type":"webauthn.create",…} and an attestation object; of
 *     attestations only "none" and "packed" by the key itself are taken, for
 *     nobody is asked for the maker of their key;
 *   assertion: {"type":"webauthn.get",…}, authenticator data, signature.
 *
 * Algorithms: ES256, EdDSA (Ed25519) and RS256 with 2048 bits.
 *
 * Every byte comes from outside.  CBOR (RFC 8949) is walked by a reader of our
 * own before libfido2 sees it: definite lengths, four levels, nothing left
 * over.  Failures are SP_E_INVALID, reason "passkey.malformed", for what is no
 * such thing, and SP_E_DENIED for what is one and does not count, with a reason
 * that says why: passkey.type, .challenge, .origin, .site, .presence,
 * .verification, .algorithm, .attestation, .signature.
 */
#define SIGNIN_PASSKEY_ID_LEAST  ((size_t)16)
#define SIGNIN_PASSKEY_ID_MAX    ((size_t)1023)
#define SIGNIN_PASSKEY_KEY_MAX   ((size_t)259) /* RSA: modulus and exponent */
#define SIGNIN_PASSKEY_HANDLE    ((size_t)32)
#define SIGNIN_PASSKEY_REPLY_MAX ((size_t)64 * 1024) /* of JSON */

/* id, name, number (IANA, COSE algorithms). */
#define SIGNIN_PASSKEY_ALGS(X)                                                 \
	X(SIGNIN_ES256, "ES256", -7)                                           \
	X(SIGNIN_EDDSA, "EdDSA", -8)                                           \
	X(SIGNIN_RS256, "RS256", -257)

enum signin_passkey_alg {
#define X(id, name, number) id,
	SIGNIN_PASSKEY_ALGS(X)
#undef X
	    SIGNIN_PASSKEY_ALG_COUNT
};
const char *signin_passkey_alg_name(enum signin_passkey_alg alg);
/* By its number. */
bool signin_passkey_alg_find(
    int64_t number, enum signin_passkey_alg *out) SP_MUST_USE;

/* What was asked of the browser. */
struct signin_passkey_ask {
	const char *site;          /* relying party: a host name */
	const char *const *origin; /* "https://host" or "https://host:port" */
	size_t origins;
	const uint8_t *challenge;
	size_t challenge_len;
	bool verified; /* the user must have been verified (PIN, biometric) */
};

/* What the browser answered: JSON as PublicKeyCredential's toJSON gives it
 * (WebAuthn 5.1), decoded.  Registration has an attestation; an assertion has
 * the others. */
struct signin_passkey_reply {
	struct sp_buf id;     /* of the credential */
	struct sp_buf client; /* clientDataJSON */
	struct sp_buf attestation;
	struct sp_buf authenticator, signature;
	struct sp_buf handle; /* whose it is; may be empty */
};
/* SP_E_INVALID, reason "passkey.malformed".  The first takes the JSON's text,
 * the other a member of a greater body. */
enum sp_code signin_passkey_reply_parse(const void *json, size_t len,
    bool registration, struct signin_passkey_reply *out,
    struct sp_err *err) SP_MUST_USE;
struct json_t;
enum sp_code signin_passkey_reply_json(struct json_t *in, bool registration,
    struct signin_passkey_reply *out, struct sp_err *err) SP_MUST_USE;
void signin_passkey_reply_done(struct signin_passkey_reply *r);
#define SIGNIN_AUTO_REPLY                                                      \
	SP_CLEANUP(signin_passkey_reply_done) struct signin_passkey_reply

/* A public key and what is known of where it is kept. */
struct signin_passkey_key {
	uint8_t id[SIGNIN_PASSKEY_ID_MAX];
	size_t id_len;
	enum signin_passkey_alg alg;
	uint8_t key[SIGNIN_PASSKEY_KEY_MAX]; /* x and y; x; modulus, exponent */
	size_t key_len;
	uint8_t maker[16]; /* AAGUID; zero for most */
	uint32_t counter;
	bool verified; /* by PIN or biometric when it was made */
	bool synced;   /* may be on several devices (backup eligible) */
};
enum sp_code signin_passkey_attested(const struct signin_passkey_ask *ask,
    const struct signin_passkey_reply *r, struct signin_passkey_key *out,
    struct sp_err *err) SP_MUST_USE;

struct signin_passkey_proof {
	uint32_t counter;
	bool verified;
};
/* The key's counter is for the caller to compare (signin_passkey_used). */
enum sp_code signin_passkey_asserted(const struct signin_passkey_ask *ask,
    const struct signin_passkey_reply *r, const struct signin_passkey_key *key,
    struct signin_passkey_proof *out, struct sp_err *err) SP_MUST_USE;

#endif
