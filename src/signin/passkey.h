#ifndef SIGNIN_PASSKEY_H
#define SIGNIN_PASSKEY_H

#include "base/buf.h"
#include "signin/ceremony.h"

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
 *
 *   passkey.c           rows, options for a browser
 *   passkey_reply.c     what a browser sent, as JSON
 *   passkey_cbor.c      the bytes of an authenticator, read
 *   passkey_verify.c    checked
 *   passkey_ceremony.c  enrolling, and signing in by one
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
/* The counter is for the caller to compare (signin_passkey_used). */
enum sp_code signin_passkey_asserted(const struct signin_passkey_ask *ask,
    const struct signin_passkey_reply *r, const struct signin_passkey_key *key,
    struct signin_passkey_proof *out, struct sp_err *err) SP_MUST_USE;

/* The challenge that the browser says it answers; what it is good for is
 * signin_challenge_take's to say. */
enum sp_code signin_passkey_challenge(const struct signin_passkey_reply *r,
    uint8_t out[static SIGNIN_CHALLENGE], struct sp_err *err) SP_MUST_USE;

/*
 * Kept: a factor (factor.h) of the kind "passkey" and, by the same id, its
 * public key.  A counter that does not grow says that there are two of what
 * should be one (WebAuthn 6.1.1): the passkey is disabled for good, entry
 * "credential.suspected" (counter: what was told; kept: what was known;
 * person).
 */
extern const char signin_passkey_schema[]; /* among the agency's migrations */

struct signin_passkey {
	struct sp_id id, person;
	sp_time disabled; /* 0: not */
	struct signin_passkey_key key;
};
struct signin_passkey_new {
	struct sp_id person;
	const char *label; /* as signin_factor_add */
	const struct signin_passkey_key *key;
};
/* Entry "credential.enrolled".  SP_E_CONFLICT, reason "passkey.known": somebody
 * in this agency has it already. */
enum sp_code signin_passkey_add(const struct people_act *a,
    const struct signin_passkey_new *n, struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;
/* By the credential's own id.  SP_E_DENIED, reason "passkey.unknown". */
enum sp_code signin_passkey_find(struct db *db, const void *id, size_t len,
    struct signin_passkey *out, struct sp_err *err) SP_MUST_USE;
/* It was shown, and the signature is good.  *suspected: it is disabled from now
 * on, and did not count.  SP_E_DENIED, reason "passkey.unknown" (removed since)
 * or "passkey.disabled". */
enum sp_code signin_passkey_used(const struct people_act *a,
    const struct sp_id *id, const struct signin_passkey_proof *proof,
    bool *suspected, struct sp_err *err) SP_MUST_USE;
/* The random name by which an authenticator knows a person: made when there is
 * none.  The other way: SP_E_DENIED, reason "passkey.unknown". */
enum sp_code signin_passkey_handle(const struct people_act *a,
    const struct sp_id *person, uint8_t out[static SIGNIN_PASSKEY_HANDLE],
    struct sp_err *err) SP_MUST_USE;
enum sp_code signin_passkey_owner(struct db *db, const void *handle, size_t len,
    struct sp_id *person, struct sp_err *err) SP_MUST_USE;
/* Members of an array, oldest first: {"algorithm":…,"disabled_at":…,"id":…,
 * "synced":…,"verified":…}. */
enum sp_code signin_passkey_list(struct db *db, const struct sp_id *person,
    struct sp_json *j, struct sp_err *err) SP_MUST_USE;

/*
 * The ceremonies, from question to effect.  Each waits for the agency's writer:
 * never inside an act.
 */
struct signin_passkey_site {
	const char *id;   /* relying party */
	const char *name; /* shown by browsers */
	const char *const *origin;
	size_t origins;
};
struct signin_passkey_desk {
	struct ledger_writer *writer;
	struct db *db; /* a reader of the caller's */
	const struct people_rules *rules;
	struct signin_passkey_site site;
	struct sp_id agency;
	struct signin_from from;
};

/* What the browser is to be asked, as JSON: {"publicKey":{…}}, options as
 * parseCreationOptionsFromJSON and parseRequestOptionsFromJSON take them.
 *
 * A new passkey for the person of a session in which the first one is to be
 * enrolled, or an open one proved within the rules' session.privileged.
 * SP_E_CONFLICT, reason "session.stage"; SP_E_DENIED, "factor". */
enum sp_code signin_passkey_offer(const struct signin_passkey_desk *d,
    const char *text, struct sp_buf *json, struct sp_err *err) SP_MUST_USE;
/* And what it answered: enrolled.  The session is raised where it waited for
 * it, and recovery codes are made; else its text goes on, out->text is "" and
 * so is each of *codes. */
struct signin_passkey_enrol {
	const char *text;
	const char *label; /* NULL: none */
	const struct signin_passkey_reply *reply;
};
enum sp_code signin_passkey_enrol(const struct signin_passkey_desk *d,
    const struct signin_passkey_enrol *e, struct signin_codes *codes,
    struct signin_step *out, struct sp_err *err) SP_MUST_USE;

/* A passkey of the session's person, or with `text` NULL one of anybody's, who
 * says by it who they are; then {"for":id,…} besides: to be told with the
 * answer.  After a password it is the second factor; where there was none, and
 * to renew a session, the user must be verified by it, and then it counts for
 * two factors. */
enum sp_code signin_passkey_question(const struct signin_passkey_desk *d,
    const char *text, struct sp_buf *json, struct sp_err *err) SP_MUST_USE;
/* `text` NULL: `asked` is what "for" said.  A failure counts against the
 * account or address (throttle.h).  SP_E_DENIED, reasons as above, and
 * "passkey.owner": another person's; "passkey.suspected". */
struct signin_passkey_answer {
	const char *text;
	struct sp_id asked;
	const struct signin_passkey_reply *reply;
};
enum sp_code signin_passkey_answer(const struct signin_passkey_desk *d,
    const struct signin_passkey_answer *n, struct signin_step *out,
    struct sp_err *err) SP_MUST_USE;

#endif
