#include "crypto/leaf.h"

#include "crypto/openssl.h"
#include "crypto/provider.h"
#include "crypto/sign.h"
#include "tap.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#define DAY (INT64_C(86400) * SP_SECOND)

/* ---- Requests as others make them ---- */

static EVP_PKEY *
keygen(const char *type, const char *curve, size_t bits, unsigned e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(
	    crypto_openssl_context(), type, crypto_openssl_query());
	EVP_PKEY *key = NULL;
	BIGNUM *exponent = NULL;

	CHECK(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1);
	if (curve != NULL)
		CHECK(EVP_PKEY_CTX_set_group_name(ctx, curve) == 1);
	if (bits != 0)
		CHECK(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) == 1);
	if (e != 0) {
		exponent = BN_new();
		CHECK(exponent != NULL && BN_set_word(exponent, e) == 1);
		CHECK(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, exponent) == 1);
	}
	CHECK(EVP_PKEY_generate(ctx, &key) == 1);
	EVP_PKEY_CTX_free(ctx);
	BN_free(exponent);
	return key;
}

struct asks {
	EVP_PKEY *names;   /* the key that it asks for */
	EVP_PKEY *signs;   /* the one it is signed with */
	const char *md;    /* NULL: none */
	const char *cn;    /* NULL: no subject */
	int nid;           /* an extension that it asks for, */
	const char *wants; /* in openssl's words; NULL: none */
};

static char *
request(const struct asks *a)
{
	X509_REQ *req =
	    X509_REQ_new_ex(crypto_openssl_context(), crypto_openssl_query());
	EVP_MD *md = a->md == NULL
	    ? NULL
	    : EVP_MD_fetch(crypto_openssl_context(), a->md, NULL);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL, *copy;
	long len;

	CHECK(req != NULL && bio != NULL && X509_REQ_set_version(req, 0) == 1);
	CHECK(X509_REQ_set_pubkey(req, a->names) == 1);
	if (a->cn != NULL)
		CHECK(X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(req),
			  NID_commonName, MBSTRING_UTF8,
			  (const unsigned char *)a->cn, -1, -1, 0) == 1);
	if (a->wants != NULL) {
		STACK_OF(X509_EXTENSION) *list = NULL;
		X509_EXTENSION *x =
		    X509V3_EXT_conf_nid(NULL, NULL, a->nid, a->wants);

		CHECK(x != NULL && X509v3_add_ext(&list, x, -1) != NULL);
		CHECK(X509_REQ_add_extensions(req, list) == 1);
		X509_EXTENSION_free(x);
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	}
	CHECK(X509_REQ_sign(req, a->signs, md) > 0);
	CHECK(PEM_write_bio_X509_REQ(bio, req) == 1);
	len = BIO_get_mem_data(bio, &text);
	copy = strndup(text, (size_t)len);
	CHECK(copy != NULL);
	BIO_free(bio);
	X509_REQ_free(req);
	EVP_MD_free(md);
	return copy;
}

static X509 *
issued(struct crypto_secret *seed, const struct crypto_leaf_key *key,
    sp_time from, sp_time until)
{
	struct crypto_leaf leaf = {
		.owner = "0193a000-0000-7000-8000-000000000001",
		.subject = "0193a000-0000-7000-8000-000000000002",
		.key = key,
		.from = from,
		.until = until,
	};
	SP_AUTO_BUF der = sp_buf_new(CRYPTO_LEAF_MAX);
	const unsigned char *at;
	struct sp_err err;
	X509 *x = X509_new_ex(crypto_openssl_context(), crypto_openssl_query());

	CHECK_OK(crypto_leaf_issue(seed, &leaf, &der, &err), &err);
	at = der.at;
	CHECK(x != NULL && d2i_X509(&x, &at, (long)der.len) != NULL);
	CHECK(at == der.at + der.len);
	return x;
}

static void
check_name(const X509_NAME *name, int nid, const char *want)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	const ASN1_STRING *s;

	CHECK(at >= 0 && X509_NAME_get_index_by_NID(name, nid, at) < 0);
	s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	CHECK((size_t)ASN1_STRING_length(s) == strlen(want) &&
	    memcmp(ASN1_STRING_get0_data(s), want, strlen(want)) == 0);
}

static void
check_times(const X509 *x, sp_time from, sp_time until)
{
	CHECK(X509_cmp_time(X509_get0_notBefore(x),
		  &(time_t){ (time_t)(from / SP_SECOND) }) == -1);
	CHECK(X509_cmp_time(X509_get0_notBefore(x),
		  &(time_t){ (time_t)(from / SP_SECOND) - 1 }) == 1);
	CHECK(X509_cmp_time(X509_get0_notAfter(x),
		  &(time_t){ (time_t)(until / SP_SECOND) }) == -1);
	CHECK(X509_cmp_time(X509_get0_notAfter(x),
		  &(time_t){ (time_t)(until / SP_SECOND) - 1 }) == 1);
}

static void
check_certificate(X509 *x, EVP_PKEY *of, struct crypto_secret *seed)
{
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	struct sp_err err;
	EVP_PKEY *ca;

	CHECK_OK(crypto_sign_public(seed, pub, &err), &err);
	ca = EVP_PKEY_new_raw_public_key_ex(crypto_openssl_context(), "ED25519",
	    crypto_openssl_query(), pub, sizeof(pub));
	CHECK(ca != NULL && X509_verify(x, ca) == 1);
	EVP_PKEY_free(ca);
	CHECK(EVP_PKEY_eq(X509_get0_pubkey(x), of) == 1);
	CHECK(X509_get_version(x) == X509_VERSION_3);
	check_name(X509_get_issuer_name(x), NID_commonName, CRYPTO_LEAF_ISSUER);
	check_name(X509_get_subject_name(x), NID_commonName,
	    "0193a000-0000-7000-8000-000000000002");
	check_name(X509_get_subject_name(x), NID_organizationName,
	    "0193a000-0000-7000-8000-000000000001");
	CHECK(X509_NAME_entry_count(X509_get_subject_name(x)) == 2);
	/* What it is good for: to be a client, nothing else. */
	CHECK(X509_check_purpose(x, X509_PURPOSE_SSL_CLIENT, 0) == 1);
	CHECK(X509_check_purpose(x, X509_PURPOSE_SSL_SERVER, 0) == 0);
	CHECK(X509_check_ca(x) == 0);
	CHECK(X509_get_key_usage(x) == KU_DIGITAL_SIGNATURE);
	CHECK(X509_get_extended_key_usage(x) == XKU_SSL_CLIENT);
	CHECK(X509_get_ext_count(x) == 5);
	CHECK(X509_get0_subject_key_id(x) != NULL &&
	    X509_get0_authority_key_id(x) != NULL);
}

static void
good_keys_are_taken(void)
{
	static const struct {
		const char *type, *curve, *md;
		size_t bits;
	} rows[] = {
		{ "EC", "P-256", "SHA256", 0 },
		{ "EC", "P-256", "SHA512", 0 },
		{ "EC", "P-384", "SHA384", 0 },
		{ "ED25519", NULL, NULL, 0 },
		{ "RSA", NULL, "SHA256", 2048 },
		{ "RSA", NULL, "SHA512", 4096 },
	};
	CRYPTO_AUTO_SECRET seed = crypto_secret_random(CRYPTO_SIGN_SEED);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		EVP_PKEY *key =
		    keygen(rows[i].type, rows[i].curve, rows[i].bits, 0);
		struct asks a = { .names = key,
			.signs = key,
			.md = rows[i].md,
			.cn = "somebody else" };
		char *pem = request(&a);
		struct crypto_leaf_key out = { .len = 0 };
		sp_time now = sp_now();
		struct sp_err err;
		X509 *x;

		CHECK_OK(
		    crypto_leaf_request(pem, strlen(pem), &out, &err), &err);
		x = issued(seed, &out, now, now + 90 * DAY);
		check_certificate(x, key, seed);
		check_times(x, now, now + 90 * DAY);
		X509_free(x);
		free(pem);
		EVP_PKEY_free(key);
	}
}

/* Whatever a request asks for beside its key is not in the certificate. */
static void
wishes_are_not_granted(void)
{
	static const struct {
		int nid;
		const char *wants;
	} rows[] = {
		{ NID_basic_constraints, "critical,CA:TRUE" },
		{ NID_key_usage, "critical,keyCertSign,cRLSign" },
		{ NID_ext_key_usage, "serverAuth,codeSigning" },
		{ NID_subject_alt_name, "DNS:example.org,IP:192.0.2.1" },
		{ NID_netscape_comment, "a wish of some length" },
	};
	CRYPTO_AUTO_SECRET seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	EVP_PKEY *key = keygen("EC", "P-256", 0, 0);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct asks a = { key, key, "SHA256", "root", rows[i].nid,
			rows[i].wants };
		char *pem = request(&a);
		struct crypto_leaf_key out;
		struct sp_err err;
		X509 *x;

		CHECK_OK(
		    crypto_leaf_request(pem, strlen(pem), &out, &err), &err);
		x = issued(seed, &out, DAY, 2 * DAY);
		check_certificate(x, key, seed);
		X509_free(x);
		free(pem);
	}
	EVP_PKEY_free(key);
}

static void
refused(const struct asks *a, enum sp_code want)
{
	char *pem = request(a);
	struct crypto_leaf_key out = { .len = 77 };
	struct sp_err err;

	CHECK_CODE(
	    crypto_leaf_request(pem, strlen(pem), &out, &err), want, &err);
	CHECK(out.len == 77);
	free(pem);
}

static void
weak_keys_are_refused(void)
{
	static const struct {
		const char *type, *curve, *md;
		size_t bits;
		unsigned e;
	} rows[] = {
		{ "RSA", NULL, "SHA256", 1024, 0 },
		{ "RSA", NULL, "SHA256", 2040, 0 },
		{ "RSA", NULL, "SHA256", 2048, 3 },
		{ "RSA", NULL, "SHA1", 2048, 0 },
		{ "RSA-PSS", NULL, "SHA256", 2048, 0 },
		{ "EC", "P-224", "SHA256", 0, 0 },
		{ "EC", "P-521", "SHA256", 0, 0 },
		{ "EC", "secp256k1", "SHA256", 0, 0 },
		{ "EC", "brainpoolP256r1", "SHA256", 0, 0 },
		{ "EC", "P-256", "SHA1", 0, 0 },
		{ "EC", "P-256", "SHA224", 0, 0 },
		{ "ED448", NULL, NULL, 0, 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		EVP_PKEY *key = keygen(
		    rows[i].type, rows[i].curve, rows[i].bits, rows[i].e);
		struct asks a = {
			.names = key, .signs = key, .md = rows[i].md
		};

		refused(&a, SP_E_DENIED);
		EVP_PKEY_free(key);
	}
}

/* A curve told by its numbers, a point in its short form: the same key in
 * another coat, and some coats hide other curves. */
static void
odd_forms_of_a_key_are_refused(void)
{
	static const struct {
		const char *param, *value;
	} rows[] = {
		{ OSSL_PKEY_PARAM_EC_ENCODING, "explicit" },
		{ OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		EVP_PKEY *key = keygen("EC", "P-256", 0, 0);
		struct asks a = { .names = key, .signs = key, .md = "SHA256" };

		CHECK(EVP_PKEY_set_utf8_string_param(
			  key, rows[i].param, rows[i].value) == 1);
		refused(&a, SP_E_DENIED);
		EVP_PKEY_free(key);
	}
}

static void
a_request_proves_its_key(void)
{
	EVP_PKEY *mine = keygen("EC", "P-256", 0, 0);
	EVP_PKEY *theirs = keygen("EC", "P-256", 0, 0);
	EVP_PKEY *rsa = keygen("RSA", NULL, 2048, 0);
	struct asks a = { .names = theirs, .signs = mine, .md = "SHA256" };
	struct asks b = { .names = theirs, .signs = rsa, .md = "SHA256" };

	refused(&a, SP_E_MISMATCH);
	refused(&b, SP_E_MISMATCH);
	EVP_PKEY_free(mine);
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(rsa);
}

static void
text_is_exactly_one_request(void)
{
	EVP_PKEY *key = keygen("EC", "P-256", 0, 0);
	struct asks a = { .names = key, .signs = key, .md = "SHA256" };
	char *pem = request(&a);
	size_t len = strlen(pem);
	char *twice = malloc(2 * len + CRYPTO_LEAF_REQUEST_MAX + 10);
	struct crypto_leaf_key out = { .len = 77 };
	struct sp_err err;

	for (size_t n = 0; n + 1 < len; n++)
		CHECK(crypto_leaf_request(pem, n, &out, &err) != SP_OK);
	CHECK(out.len == 77);
	CHECK(twice != NULL);
	(void)snprintf(twice, 2 * len + 1, "%s%s", pem, pem);
	CHECK_CODE(crypto_leaf_request(twice, 2 * len, &out, &err),
	    SP_E_INVALID, &err);
	(void)snprintf(twice, 2 * len, "x\n%s", pem);
	CHECK_CODE(crypto_leaf_request(twice, len + 2, &out, &err),
	    SP_E_INVALID, &err);
	(void)snprintf(twice, 2 * len, "%sx", pem);
	CHECK_CODE(crypto_leaf_request(twice, len + 1, &out, &err),
	    SP_E_INVALID, &err);
	(void)snprintf(twice, len + 1, "%s", pem);
	memset(twice + len, '\n', CRYPTO_LEAF_REQUEST_MAX);
	CHECK_OK(
	    crypto_leaf_request(twice, CRYPTO_LEAF_REQUEST_MAX, &out, &err),
	    &err);
	CHECK_CODE(
	    crypto_leaf_request(twice, CRYPTO_LEAF_REQUEST_MAX + 1, &out, &err),
	    SP_E_LIMIT, &err);
	/* Any character that is another one.  'A' and 'h' differ in their
	 * highest bit, which counts in a last character before '=' too. */
	for (size_t i = 0; i < len - 35; i++) {
		char was = pem[i];

		pem[i] = was == 'A' ? 'h' : 'A';
		CHECK(crypto_leaf_request(pem, len, &out, &err) != SP_OK);
		pem[i] = was;
	}
	free(twice);
	free(pem);
	EVP_PKEY_free(key);
}

/* What is issued has its form whatever it is asked with: a "key" cannot bring
 * extensions along, a name no second name. */
static void
only_this_form_is_issued(void)
{
	CRYPTO_AUTO_SECRET seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	static const struct {
		const char *owner, *subject;
		sp_time from, until;
		size_t len;
		uint8_t key[12];
	} rows[] = {
		{ "", "s", 0, DAY, 2, { 0x30, 0 } },
		{ "o", "", 0, DAY, 2, { 0x30, 0 } },
		{ "o\n", "s", 0, DAY, 2, { 0x30, 0 } },
		{ "o", "s\x7f", 0, DAY, 2, { 0x30, 0 } },
		{ "o",
		    "1234567890123456789012345678901234567890123456789012345678"
		    "9"
		    "012345",
		    0, DAY, 2, { 0x30, 0 } },
		{ "o", "s", DAY, DAY, 2, { 0x30, 0 } },
		{ "o", "s", -1, DAY, 2, { 0x30, 0 } },
		{ "o", "s", 0, SP_TIME_MAX + 1, 2, { 0x30, 0 } },
		{ "o", "s", 0, DAY, 0, { 0 } },
		{ "o", "s", 0, DAY, 1, { 0x30 } },
		{ "o", "s", 0, DAY, 2, { 0x31, 0 } },
		{ "o", "s", 0, DAY, 3, { 0x30, 0, 0 } },
		{ "o", "s", 0, DAY, 4, { 0x30, 0, 0xa3, 0 } },
		{ "o", "s", 0, DAY, 2, { 0x30, 1 } },
		{ "o", "s", 0, DAY, 2, { 0x30, 0x80 } },
		{ "o", "s", 0, DAY, 3, { 0x30, 0x81, 0 } },
		{ "o", "s", 0, DAY, 4, { 0x30, 0x81, 1, 0 } },
		{ "o", "s", 0, DAY, 4, { 0x30, 0x82, 0, 0 } },
		{ "o", "s", 0, DAY, 5, { 0x30, 0x82, 0, 1, 0 } },
		{ "o", "s", 0, DAY, 5, { 0x30, 0x83, 0, 0, 0 } },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct crypto_leaf_key key = { .len = rows[i].len };
		struct crypto_leaf leaf = { rows[i].owner, rows[i].subject,
			&key, rows[i].from, rows[i].until };
		SP_AUTO_BUF der = sp_buf_new(CRYPTO_LEAF_MAX);
		struct sp_err err;

		memcpy(key.der, rows[i].key, rows[i].len);
		CHECK_CODE(crypto_leaf_issue(seed, &leaf, &der, &err),
		    SP_E_INVALID, &err);
		CHECK(der.len == 0);
	}
}

static void
serials_and_centuries(void)
{
	CRYPTO_AUTO_SECRET seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	/* 2049-12-31T23:59:59Z and a second later: UTCTime has no 2050. */
	sp_time turn = INT64_C(2524607999) * SP_SECOND;
	SP_AUTO_BUF secret = sp_buf_secret(4096), csr = sp_buf_new(4096);
	struct crypto_leaf_key key;
	struct sp_err err;
	X509 *a, *b;

	CHECK_OK(crypto_leaf_ask(&secret, &csr, &err), &err);
	CHECK_OK(
	    crypto_leaf_request(sp_buf_str(&csr), csr.len, &key, &err), &err);
	a = issued(seed, &key, turn, turn + SP_SECOND);
	b = issued(seed, &key, turn, turn + SP_SECOND);
	CHECK(X509_get0_notBefore(a)->type == V_ASN1_UTCTIME);
	CHECK(X509_get0_notAfter(a)->type == V_ASN1_GENERALIZEDTIME);
	check_times(a, turn, turn + SP_SECOND);
	CHECK(ASN1_INTEGER_cmp(
		  X509_get0_serialNumber(a), X509_get0_serialNumber(b)) != 0);
	X509_free(a);
	X509_free(b);
}

static void
a_client_asks_and_checks(void)
{
	CRYPTO_AUTO_SECRET seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	SP_AUTO_BUF key = sp_buf_secret(4096), other = sp_buf_secret(4096);
	SP_AUTO_BUF csr = sp_buf_new(4096), again = sp_buf_new(4096);
	SP_AUTO_BUF der = sp_buf_new(CRYPTO_LEAF_MAX);
	SP_AUTO_BUF pem = sp_buf_new(4096);
	struct crypto_leaf_key asked, asked_again;
	struct crypto_leaf leaf = { "o", "s", &asked, 3 * DAY, 4 * DAY };
	sp_time from = -1, until = -1;
	struct sp_err err;

	CHECK_OK(crypto_leaf_ask(&key, &csr, &err), &err);
	CHECK_OK(crypto_leaf_ask(&other, &again, &err), &err);
	sp_buf_clear(&again);
	CHECK_OK(crypto_leaf_ask_again(sp_buf_str(&key), &again, &err), &err);
	CHECK_OK(
	    crypto_leaf_request(sp_buf_str(&csr), csr.len, &asked, &err), &err);
	CHECK_OK(crypto_leaf_request(
		     sp_buf_str(&again), again.len, &asked_again, &err),
	    &err);
	CHECK(asked.len == asked_again.len &&
	    memcmp(asked.der, asked_again.der, asked.len) == 0);
	CHECK_OK(crypto_leaf_issue(seed, &leaf, &der, &err), &err);
	crypto_leaf_pem(der.at, der.len, &pem);
	CHECK_CODE(crypto_leaf_fits(sp_buf_str(&pem), sp_buf_str(&other), &from,
		       &until, &err),
	    SP_E_MISMATCH, &err);
	CHECK_CODE(
	    crypto_leaf_fits("no", sp_buf_str(&key), &from, &until, &err),
	    SP_E_INVALID, &err);
	CHECK_CODE(
	    crypto_leaf_fits(sp_buf_str(&pem), "no", &from, &until, &err),
	    SP_E_INVALID, &err);
	CHECK(from == -1 && until == -1);
	CHECK_OK(crypto_leaf_fits(
		     sp_buf_str(&pem), sp_buf_str(&key), &from, &until, &err),
	    &err);
	CHECK(from == 3 * DAY && until == 4 * DAY);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "good keys are taken", good_keys_are_taken },
		{ "wishes are not granted", wishes_are_not_granted },
		{ "weak keys are refused", weak_keys_are_refused },
		{ "odd forms of a key are refused",
		    odd_forms_of_a_key_are_refused },
		{ "a request proves its key", a_request_proves_its_key },
		{ "the text is exactly one request",
		    text_is_exactly_one_request },
		{ "only this form is issued", only_this_form_is_issued },
		{ "serials differ, and 2050 comes", serials_and_centuries },
		{ "a client asks and checks", a_client_asks_and_checks },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
