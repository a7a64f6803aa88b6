/* What authenticators and browsers say, true and false. */
#include "authenticator.h"
#include "crypto/provider.h"
#include "crypto/secret.h"
#include "signin/passkey_parts.h"

static const char *const origins[] = { "https://evidence.example.gov",
	"https://evidence.example.gov:8443" };
static uint8_t challenge[32];

static struct signin_passkey_ask
ask_for(bool verified)
{
	return (struct signin_passkey_ask){
		.site = "evidence.example.gov",
		.origin = origins,
		.origins = SP_COUNTOF(origins),
		.challenge = challenge,
		.challenge_len = sizeof(challenge),
		.verified = verified,
	};
}

static void
check_attested(const struct signin_passkey_ask *ask,
    const struct signin_passkey_reply *r, const char *reason)
{
	struct signin_passkey_key key;
	struct sp_err err = { .reason = NULL };
	enum sp_code code;

	memset(&key, 0x5A, sizeof(key));
	code = signin_passkey_attested(ask, r, &key, &err);
	if (reason == NULL) {
		CHECK_OK(code, &err);
		return;
	}
	CHECK(code == SP_E_DENIED || code == SP_E_INVALID);
	if (err.reason == NULL || strcmp(err.reason, reason) != 0)
		tap_fail(__FILE__, __LINE__, reason, err.text);
	CHECK(key.id_len == 0x5A5A5A5A5A5A5A5A); /* untouched */
}

static void
check_asserted(const struct signin_passkey_ask *ask,
    const struct signin_passkey_reply *r, const struct signin_passkey_key *key,
    const char *reason)
{
	struct signin_passkey_proof proof = { .counter = 0x5A5A5A5A };
	struct sp_err err = { .reason = NULL };
	enum sp_code code = signin_passkey_asserted(ask, r, key, &proof, &err);

	if (reason == NULL) {
		CHECK_OK(code, &err);
		return;
	}
	CHECK(code == SP_E_DENIED || code == SP_E_INVALID);
	if (err.reason == NULL || strcmp(err.reason, reason) != 0)
		tap_fail(__FILE__, __LINE__, reason, err.text);
	CHECK(proof.counter == 0x5A5A5A5A);
}

static struct signin_passkey_key
enrolled(const struct authenticator *a)
{
	struct signin_passkey_ask ask = ask_for(false);
	SIGNIN_AUTO_REPLY r =
	    authenticator_create(a, challenge, sizeof(challenge), false);
	struct signin_passkey_key key;
	struct sp_err err;

	CHECK_OK(signin_passkey_attested(&ask, &r, &key, &err), &err);
	return key;
}

static void
every_algorithm(void)
{
	for (int alg = 0; alg < SIGNIN_PASSKEY_ALG_COUNT; alg++)
		for (int packed = 0; packed < 2; packed++) {
			struct authenticator a =
			    authenticator_new((enum signin_passkey_alg)alg);
			struct signin_passkey_ask ask = ask_for(true);
			SIGNIN_AUTO_REPLY made = authenticator_create(
			    &a, challenge, sizeof(challenge), packed != 0);
			SIGNIN_AUTO_REPLY got =
			    authenticator_get(&a, challenge, sizeof(challenge));
			struct signin_passkey_proof proof;
			struct signin_passkey_key key;
			struct sp_err err;

			CHECK_OK(
			    signin_passkey_attested(&ask, &made, &key, &err),
			    &err);
			CHECK(key.alg == a.alg && key.verified && !key.synced);
			CHECK(key.counter == 1 && key.id_len == sizeof(a.id));
			CHECK(memcmp(key.id, a.id, sizeof(a.id)) == 0);
			CHECK_OK(signin_passkey_asserted(
				     &ask, &got, &key, &proof, &err),
			    &err);
			CHECK(proof.counter == 1 && proof.verified);
			authenticator_free(&a);
		}
}

/* Each lie, in a registration and in an assertion. */
static const struct lie {
	const char *name, *reason;
	const char *origin, *site, *type, *more;
	uint8_t flags; /* 0: the usual ones */
	bool verified; /* is asked for */
	bool other_challenge;
} lies[] = {
	{ .name = "nothing", .reason = NULL },
	{ .name = "nothing, verified", .reason = NULL, .verified = true },
	{ .name = "the second origin",
	    .origin = "https://evidence.example.gov:8443" },
	{ .name = "not verified, not asked", .flags = 0x01 },
	{ .name = "backed up", .flags = 0x1D },
	{ .name = "reserved flags", .flags = 0x27 },
	{ .name = "members nobody knows", .more = ",\"new\":[{\"a\":1}]" },
	{ .name = "another's page",
	    .origin = "https://evidence.example.com",
	    .reason = "passkey.origin" },
	{ .name = "without TLS",
	    .origin = "http://evidence.example.gov",
	    .reason = "passkey.origin" },
	{ .name = "another port",
	    .origin = "https://evidence.example.gov:8444",
	    .reason = "passkey.origin" },
	{ .name = "a longer name",
	    .origin = "https://evidence.example.gov.evil.example",
	    .reason = "passkey.origin" },
	{ .name = "a name below",
	    .origin = "https://a.evidence.example.gov",
	    .reason = "passkey.origin" },
	{ .name = "a shorter name",
	    .origin = "https://example.gov",
	    .reason = "passkey.origin" },
	{ .name = "a path",
	    .origin = "https://evidence.example.gov/",
	    .reason = "passkey.origin" },
	{ .name = "no origin", .origin = "", .reason = "passkey.origin" },
	{ .name = "null origin", .origin = "null", .reason = "passkey.origin" },
	{ .name = "inside another's page",
	    .more = ",\"crossOrigin\":true",
	    .reason = "passkey.origin" },
	{ .name = "below another's page",
	    .more = ",\"crossOrigin\":false,\"topOrigin\":\"https://a.b\"",
	    .reason = "passkey.origin" },
	{ .name = "crossOrigin no boolean",
	    .more = ",\"crossOrigin\":\"\"",
	    .reason = "passkey.malformed" },
	{ .name = "a member twice",
	    .more = ",\"origin\":\"https://evidence.example.gov\"",
	    .reason = "passkey.malformed" },
	{ .name = "another type",
	    .type = "payment.get",
	    .reason = "passkey.type" },
	{ .name = "another's site",
	    .site = "evidence.example.com",
	    .reason = "passkey.site" },
	{ .name = "the domain above",
	    .site = "example.gov",
	    .reason = "passkey.site" },
	{ .name = "another question",
	    .other_challenge = true,
	    .reason = "passkey.challenge" },
	{ .name = "nobody there", .flags = 0x04, .reason = "passkey.presence" },
	{ .name = "not verified",
	    .flags = 0x01,
	    .verified = true,
	    .reason = "passkey.verification" },
	{ .name = "backed up what cannot be",
	    .flags = 0x15,
	    .reason = "passkey.malformed" },
};

static void
every_lie(void)
{
	for (size_t i = 0; i < SP_COUNTOF(lies); i++) {
		const struct lie *l = &lies[i];
		struct authenticator a = authenticator_new(SIGNIN_ES256);
		struct signin_passkey_key key = enrolled(&a);
		struct signin_passkey_ask ask = ask_for(l->verified);
		uint8_t other[32] = { 1 };
		const uint8_t *c = l->other_challenge ? other : challenge;

		a.origin = l->origin != NULL ? l->origin : a.origin;
		a.site = l->site != NULL ? l->site : a.site;
		a.flags = l->flags != 0 ? l->flags : a.flags;
		a.type = l->type;
		a.more = l->more;
		for (int packed = 0; packed < 2; packed++) {
			SIGNIN_AUTO_REPLY made =
			    authenticator_create(&a, c, 32, packed != 0);

			check_attested(&ask, &made, l->reason);
		}
		SIGNIN_AUTO_REPLY got = authenticator_get(&a, c, 32);
		check_asserted(&ask, &got, &key, l->reason);
		authenticator_free(&a);
	}
}

/* A registration's answer is none to an assertion's question, nor the other
 * way, and a challenge that is longer or shorter is another. */
static void
wrong_ceremony(void)
{
	struct authenticator a = authenticator_new(SIGNIN_ES256);
	struct signin_passkey_key key = enrolled(&a);
	struct signin_passkey_ask ask = ask_for(false);
	uint8_t longer[33] = { 0 };

	a.type = "webauthn.get";
	SIGNIN_AUTO_REPLY made = authenticator_create(&a, challenge, 32, false);
	check_attested(&ask, &made, "passkey.type");
	a.type = "webauthn.create";
	SIGNIN_AUTO_REPLY got = authenticator_get(&a, challenge, 32);
	check_asserted(&ask, &got, &key, "passkey.type");
	a.type = NULL;
	memcpy(longer, challenge, 32);
	for (size_t n = 0; n < sizeof(longer); n++) {
		SIGNIN_AUTO_REPLY cut = authenticator_get(&a, longer, n);
		SIGNIN_AUTO_REPLY off = authenticator_get(&a, longer, 33);

		if (n == 32)
			continue;
		check_asserted(&ask, &cut, &key, "passkey.challenge");
		check_asserted(&ask, &off, &key, "passkey.challenge");
	}
	authenticator_free(&a);
}

/* UV is asked for and claimed by changing the flag: the signature tells. */
static void
flag_claimed(void)
{
	struct authenticator a = authenticator_new(SIGNIN_ES256);
	struct signin_passkey_key key = enrolled(&a);
	struct signin_passkey_ask ask = ask_for(true);

	a.flags = 0x01;
	SIGNIN_AUTO_REPLY got = authenticator_get(&a, challenge, 32);
	check_asserted(&ask, &got, &key, "passkey.verification");
	got.authenticator.at[32] |= 0x04;
	check_asserted(&ask, &got, &key, "passkey.signature");
	authenticator_free(&a);
}

static void
another_key(void)
{
	static const uint8_t zero[512];

	for (int alg = 0; alg < SIGNIN_PASSKEY_ALG_COUNT; alg++) {
		struct authenticator a =
		    authenticator_new((enum signin_passkey_alg)alg);
		struct authenticator b =
		    authenticator_new((enum signin_passkey_alg)alg);
		struct signin_passkey_key key = enrolled(&a);
		struct signin_passkey_ask ask = ask_for(false);
		SIGNIN_AUTO_REPLY got = authenticator_get(&b, challenge, 32);
		SIGNIN_AUTO_REPLY own = authenticator_get(&a, challenge, 32);

		check_asserted(&ask, &got, &key, "passkey.signature");
		check_asserted(&ask, &own, &key, NULL);
		/* Every bit of what is signed, and of the signature. */
		for (size_t i = 0; i < own.authenticator.len; i++) {
			const char *why =
			    i < 32 ? "passkey.site" : "passkey.signature";

			if (i == 32)
				continue; /* flags: elsewhere */
			own.authenticator.at[i] ^= 1;
			check_asserted(&ask, &own, &key, why);
			own.authenticator.at[i] ^= 1;
		}
		for (size_t i = 0; i < own.signature.len; i++) {
			own.signature.at[i] ^= 1;
			check_asserted(&ask, &own, &key, "passkey.signature");
			own.signature.at[i] ^= 1;
		}
		for (size_t n = 1; n < own.signature.len; n++) {
			SIGNIN_AUTO_REPLY cut =
			    authenticator_get(&a, challenge, 32);

			/* Signatures are not all of one length. */
			if (n >= cut.signature.len)
				continue;
			sp_buf_cut(&cut.signature, n);
			check_asserted(&ask, &cut, &key, "passkey.signature");
		}
		sp_buf_clear(&own.signature);
		sp_buf_add(&own.signature, zero, alg == 2 ? 256 : 64);
		check_asserted(&ask, &own, &key, "passkey.signature");
		authenticator_free(&a);
		authenticator_free(&b);
	}
}

/* The key says one algorithm and is of another; the bytes of a stored key are
 * taken for one of another algorithm; an attestation names another. */
static void
algorithms_confused(void)
{
	static const int numbers[] = { -7, -8, -257, -35, -36, -37, -47, -65535,
		0, 1, 5 };
	struct signin_passkey_ask ask = ask_for(false);

	for (int alg = 0; alg < SIGNIN_PASSKEY_ALG_COUNT; alg++)
		for (size_t i = 0; i < SP_COUNTOF(numbers); i++) {
			static const int true_number[] = { -7, -8, -257 };
			struct authenticator a =
			    authenticator_new((enum signin_passkey_alg)alg);

			a.alg_said = numbers[i] == 0 ? 7 : numbers[i];
			SIGNIN_AUTO_REPLY made =
			    authenticator_create(&a, challenge, 32, false);
			check_attested(&ask, &made,
			    numbers[i] == true_number[alg]
				? NULL
				: "passkey.algorithm");
			authenticator_free(&a);
		}
	for (int alg = 0; alg < SIGNIN_PASSKEY_ALG_COUNT; alg++) {
		struct authenticator a =
		    authenticator_new((enum signin_passkey_alg)alg);
		struct signin_passkey_key key = enrolled(&a);
		SIGNIN_AUTO_REPLY got = authenticator_get(&a, challenge, 32);

		for (int as = 0; as < SIGNIN_PASSKEY_ALG_COUNT; as++) {
			struct signin_passkey_key other = key;
			struct signin_passkey_proof proof;
			struct sp_err err;

			other.alg = (enum signin_passkey_alg)as;
			if (as != alg)
				CHECK(signin_passkey_asserted(&ask, &got,
					  &other, &proof, &err) != SP_OK);
		}
		authenticator_free(&a);
	}
}

static void
attestations(void)
{
	struct authenticator a = authenticator_new(SIGNIN_ES256);
	struct authenticator b = authenticator_new(SIGNIN_ES256);
	struct signin_passkey_ask ask = ask_for(false);
	SP_AUTO_BUF data = sp_buf_new(4096);
	SIGNIN_AUTO_REPLY r = authenticator_create(&a, challenge, 32, true);

	authenticator_data(&a, true, &data);
	authenticator_sign(&b, &data, &r.client, &r.signature);
	authenticator_attest(&data, &r.signature, -7, &r.attestation);
	check_attested(&ask, &r, "passkey.signature");
	authenticator_sign(&a, &data, &r.client, &r.signature);
	authenticator_attest(&data, &r.signature, -8, &r.attestation);
	check_attested(&ask, &r, "passkey.algorithm");
	authenticator_attest(&data, &r.signature, -7, &r.attestation);
	check_attested(&ask, &r, NULL);
	memcpy(strstr((char *)r.attestation.at, "packed"), "pAcked", 6);
	check_attested(&ask, &r, "passkey.attestation");
	/* "none" with something to say */
	sp_buf_clear(&r.attestation);
	cbor_head(&r.attestation, 5, 3);
	cbor_text(&r.attestation, "fmt");
	cbor_text(&r.attestation, "none");
	cbor_text(&r.attestation, "attStmt");
	cbor_head(&r.attestation, 5, 1);
	cbor_text(&r.attestation, "x");
	cbor_int(&r.attestation, 1);
	cbor_text(&r.attestation, "authData");
	cbor_bytes(&r.attestation, data.at, data.len);
	check_attested(&ask, &r, "passkey.malformed");
	/* another id than the browser says */
	authenticator_attest(&data, NULL, 0, &r.attestation);
	check_attested(&ask, &r, NULL);
	r.id.at[3] ^= 1;
	check_attested(&ask, &r, "passkey.malformed");
	authenticator_free(&a);
	authenticator_free(&b);
}

/* Every truncation of everything, and a byte more. */
static void
truncations(void)
{
	for (int alg = 0; alg < SIGNIN_PASSKEY_ALG_COUNT; alg++) {
		struct authenticator a =
		    authenticator_new((enum signin_passkey_alg)alg);
		struct signin_passkey_key key = enrolled(&a);
		struct signin_passkey_ask ask = ask_for(false);
		SP_AUTO_BUF data = sp_buf_new(4096);
		SIGNIN_AUTO_REPLY r =
		    authenticator_create(&a, challenge, 32, false);
		SIGNIN_AUTO_REPLY g = authenticator_get(&a, challenge, 32);

		for (size_t n = 0; n < r.attestation.len; n++) {
			SIGNIN_AUTO_REPLY cut =
			    authenticator_create(&a, challenge, 32, false);

			sp_buf_cut(&cut.attestation, n);
			check_attested(&ask, &cut, "passkey.malformed");
		}
		authenticator_data(&a, true, &data);
		for (size_t n = 0; n < data.len; n++) {
			struct sp_buf cut = data;

			cut.len = n;
			authenticator_attest(&cut, NULL, 0, &r.attestation);
			check_attested(&ask, &r, "passkey.malformed");
		}
		sp_buf_u8(&data, 0);
		authenticator_attest(&data, NULL, 0, &r.attestation);
		check_attested(&ask, &r, "passkey.malformed");
		for (size_t n = 0; n < g.authenticator.len; n++) {
			SIGNIN_AUTO_REPLY cut =
			    authenticator_get(&a, challenge, 32);

			sp_buf_cut(&cut.authenticator, n);
			check_asserted(&ask, &cut, &key, "passkey.malformed");
		}
		for (size_t n = 0; n < g.client.len; n++) {
			SIGNIN_AUTO_REPLY cut =
			    authenticator_get(&a, challenge, 32);

			sp_buf_cut(&cut.client, n);
			check_asserted(&ask, &cut, &key, "passkey.malformed");
		}
		sp_buf_u8(&g.authenticator, 0xA0);
		check_asserted(&ask, &g, &key, "passkey.malformed");
		authenticator_free(&a);
	}
}

/* --- CBOR --- */

static const struct bomb {
	const char *name, *hex;
	bool good;
} bombs[] = {
	{ "an empty map", "a0", true },
	{ "a map of maps, four levels", "a101a101a101a10101", true },
	{ "five levels", "a101a101a101a101a10101", false },
	{ "2^64 - 1 members", "bbffffffffffffffff", false },
	{ "2^63 members", "bb8000000000000000", false },
	{ "2^63 in an array", "a1019b8000000000000000", false },
	{ "2^32 members", "ba00000000", true },
	{ "2^32 - 1 members", "baffffffff0101", false },
	{ "bytes without end", "a1015f4101ff", false },
	{ "a map without end", "bf0101ff", false },
	{ "more bytes than there are", "a1015bffffffffffffffff00", false },
	{ "a tag", "a101c001", false },
	{ "text that is none", "a10161ff", false },
	{ "a float", "a101fb7ff0000000000000", true },
	{ "reserved", "a1011c", false },
	{ "true", "a101f5", true },
	{ "nothing", "", false },
	{ "another behind it", "a0a0", false },
	{ "no map", "80", false },
};

/* Extensions: any map may stand there. */
static void
bombs_of_cbor(void)
{
	for (size_t i = 0; i < SP_COUNTOF(bombs); i++) {
		const char *hex = bombs[i].hex;
		struct signin_authenticator out = { .site = NULL };
		uint8_t data[128] = { 0 };
		size_t n = strlen(hex) / 2;
		bool ok;

		data[32] = 0x81; /* UP, ED */
		CHECK(sp_hex_parse(hex, strlen(hex), data + 37, n));
		ok = signin_authenticator_parse(
		    (struct crypto_piece){ data, 37 + n }, &out);
		if (ok != bombs[i].good)
			tap_fail(__FILE__, __LINE__, bombs[i].name, "");
		CHECK(ok == (out.site != NULL));
	}
}

/* A hundred thousand levels cost nothing. */
static void
deep(void)
{
	static const uint8_t head[] = { 0xA3, 0x67, 'a', 't', 't', 'S', 't',
		'm', 't' };
	static uint8_t data[100000];
	struct signin_attestation att;
	int64_t alg;
	struct crypto_piece sig;

	memset(data, 0xA1, sizeof(data));
	CHECK(!signin_attestation_parse(
	    (struct crypto_piece){ data, sizeof(data) }, &att));
	memset(data, 0x81, sizeof(data));
	memcpy(data, head, sizeof(head));
	CHECK(!signin_attestation_parse(
	    (struct crypto_piece){ data, sizeof(data) }, &att));
	CHECK(!signin_statement_parse(
	    (struct crypto_piece){ data, sizeof(data) }, &alg, &sig));
}

static const struct {
	const char *name, *hex;
	bool ok, known;
} keys[] = {
	{ "Ed25519",
	    "a401010327200621582000000000000000000000000000000000000000000000"
	    "00000000000000000000",
	    true, true },
	{ "x twice",
	    "a50101032720062158200000000000000000000000000000000000000000000000"
	    "0000000000000000002140",
	    false, false },
	{ "a label nobody knows", "a50101032720062140190100f5", false, false },
	{ "no alg",
	    "a30101200621581f"
	    "00000000000000000000000000000000000000000000000000000000000000",
	    false, false },
	{ "alg twice", "a40101032703272006", false, false },
	{ "short x", "a40101032720062143000000", true, false },
	{ "X25519",
	    "a401010327200421582000000000000000000000000000000000000000"
	    "00000000000000000000000000",
	    true, false },
	{ "symmetric (HS256)", "a2010403051a", false, false },
	{ "symmetric",
	    "a301040305205820000000000000000000000000000000000000000"
	    "0000000000000000000000000",
	    true, false },
	{ "trailing", "a0a0", false, false },
	{ "a private key",
	    "a501010327200621582000000000000000000000000000000000"
	    "00000000000000000000000000000000234101",
	    false, false },
};

static void
keys_of_cose(void)
{
	for (size_t i = 0; i < SP_COUNTOF(keys); i++) {
		uint8_t bytes[256];
		size_t n = strlen(keys[i].hex) / 2;
		struct signin_passkey_key k = { .id_len = 0 };
		bool known = false;

		CHECK(sp_hex_parse(keys[i].hex, 2 * n, bytes, n));
		if (signin_cose_parse((struct crypto_piece){ bytes, n }, &k,
			&known) != keys[i].ok ||
		    known != keys[i].known)
			tap_fail(__FILE__, __LINE__, keys[i].name, "");
	}
}

/* A point that is not on the curve; RSA with an exponent of 1. */
static void
no_keys(void)
{
	struct authenticator a = authenticator_new(SIGNIN_ES256);
	struct authenticator b = authenticator_new(SIGNIN_RS256);
	struct signin_passkey_ask ask = ask_for(false);
	SP_AUTO_BUF data = sp_buf_new(4096);
	SIGNIN_AUTO_REPLY r = authenticator_create(&a, challenge, 32, false);
	SIGNIN_AUTO_REPLY s = authenticator_create(&b, challenge, 32, false);

	authenticator_data(&a, true, &data);
	data.at[data.len - 1] ^= 1;
	authenticator_attest(&data, NULL, 0, &r.attestation);
	check_attested(&ask, &r, "passkey.algorithm");
	sp_buf_clear(&data);
	authenticator_data(&b, true, &data);
	memcpy(data.at + data.len - 3, "\0\0\1", 3);
	authenticator_attest(&data, NULL, 0, &s.attestation);
	check_attested(&ask, &s, "passkey.algorithm");
	authenticator_free(&a);
	authenticator_free(&b);
}

/* --- JSON --- */

static void
replies(void)
{
	struct authenticator a = authenticator_new(SIGNIN_ES256);
	struct sp_err err;

	for (int registration = 0; registration < 2; registration++) {
		SIGNIN_AUTO_REPLY r = registration
		    ? authenticator_create(&a, challenge, 32, true)
		    : authenticator_get(&a, challenge, 32);
		SP_AUTO_BUF json = sp_buf_new(1 << 16);
		struct signin_passkey_reply got;

		authenticator_json(&r, registration != 0, &json);
		CHECK_OK(signin_passkey_reply_parse(
			     json.at, json.len, registration != 0, &got, &err),
		    &err);
		CHECK(got.id.len == r.id.len && got.client.len == r.client.len);
		CHECK(got.attestation.len == r.attestation.len);
		CHECK(got.signature.len == r.signature.len);
		CHECK(memcmp(got.client.at, r.client.at, r.client.len) == 0);
		signin_passkey_reply_done(&got);
		for (size_t n = 0; n < json.len; n++)
			CHECK_CODE(signin_passkey_reply_parse(json.at, n,
				       registration != 0, &got, &err),
			    SP_E_INVALID, &err);
		CHECK_CODE(signin_passkey_reply_parse(json.at, json.len,
			       registration == 0, &got, &err),
		    SP_E_INVALID, &err);
	}
	authenticator_free(&a);
}

#define KEY(more) "{\"type\":\"public-key\"" more

static void
bad_replies(void)
{
	static const char *const bad[] = {
		"",
		"null",
		"[]",
		"{}",
		KEY("}"),
		KEY(",\"id\":\"AA\",\"rawId\":\"AQ\"}"),
		KEY(",\"id\":\"AB\",\"rawId\":\"AB\"}"),
		KEY(",\"id\":\"A=\",\"rawId\":\"A=\"}"),
		KEY(",\"id\":1,\"rawId\":\"AA\"}"),
		KEY(",\"id\":\"AA\",\"rawId\":\"AA\",\"response\":"
		    "{\"clientDataJSON\":\"\"}}"),
		KEY(",\"id\":\"AA\",\"rawId\":\"AA\",\"response\":[]}"),
		KEY(",\"type\":\"public-key\"}"),
		"{\"type\":\"password\",\"id\":\"AA\",\"rawId\":\"AA\"}",
	};
	SP_AUTO_BUF big = sp_buf_new(1 << 20);
	struct signin_passkey_reply r = { .id = { .len = 77 } };
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		for (int registration = 0; registration < 2; registration++)
			CHECK_CODE(
			    signin_passkey_reply_parse(bad[i], strlen(bad[i]),
				registration != 0, &r, &err),
			    SP_E_INVALID, &err);
	sp_buf_text(&big, "{\"type\":\"public-key\",\"rawId\":\"");
	for (size_t i = 0; i < 2000; i++)
		sp_buf_text(&big, "A");
	sp_buf_text(&big, "\"}");
	CHECK_CODE(signin_passkey_reply_parse(big.at, big.len, true, &r, &err),
	    SP_E_INVALID, &err);
	CHECK(r.id.len == 77); /* untouched */
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every algorithm, none and packed", every_algorithm },
		{ "every lie is found", every_lie },
		{ "one ceremony is not another", wrong_ceremony },
		{ "a verified user is not claimed by a flag", flag_claimed },
		{ "another's key, and every bit changed", another_key },
		{ "algorithms are not confused", algorithms_confused },
		{ "attestations", attestations },
		{ "every truncation", truncations },
		{ "CBOR that explodes", bombs_of_cbor },
		{ "CBOR that is deep", deep },
		{ "COSE keys", keys_of_cose },
		{ "keys that are none", no_keys },
		{ "replies in JSON", replies },
		{ "replies that are none", bad_replies },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	crypto_random(challenge, sizeof(challenge));
	return tap_run(cases, SP_COUNTOF(cases));
}
