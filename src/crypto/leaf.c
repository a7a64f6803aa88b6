#include "crypto/leaf.h"

#include "base/encode.h"
#include "crypto/openssl.h"
#include "crypto/sign.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#define SERIAL_LEN 16
#define KEY_ID_LEN 20
#define RSA_LEAST  2048
#define RSA_MOST   4096
#define LINE       48 /* bytes in a line of PEM */

CRYPTO_OPENSSL_CLEANUP(X509, X509_free);
CRYPTO_OPENSSL_CLEANUP(X509_REQ, X509_REQ_free);
CRYPTO_OPENSSL_CLEANUP(BIO, BIO_free_all);
CRYPTO_OPENSSL_CLEANUP(BIGNUM, BN_free);

/* ---- DER (X.690), the little that is written here ---- */

enum tag {
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_UTF8 = 0x0c,
	DER_UTC_TIME = 0x17,
	DER_GENERAL_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_EXPLICIT_0 = 0xa0,
	DER_EXPLICIT_3 = 0xa3,
};

static void
put(struct sp_buf *out, enum tag tag, const void *bytes, size_t len)
{
	sp_buf_u8(out, (uint8_t)tag);
	if (len < 0x80) {
		sp_buf_u8(out, (uint8_t)len);
	} else if (len < 0x100) {
		sp_buf_u8(out, 0x81);
		sp_buf_u8(out, (uint8_t)len);
	} else {
		SP_REQUIRE(len < 0x10000);
		sp_buf_u8(out, 0x82);
		sp_buf_u16be(out, (uint16_t)len);
	}
	sp_buf_add(out, bytes, len);
}

static void
put_buf(struct sp_buf *out, enum tag tag, const struct sp_buf *inner)
{
	if (!sp_buf_ok(inner))
		sp_buf_poison(out, inner->bad);
	else
		put(out, tag, inner->at, inner->len);
}

/* Exactly one SEQUENCE, its length in the shortest form. */
static bool
is_sequence(const uint8_t *der, size_t len)
{
	size_t head = 2, inner;

	if (len < 2 || der[0] != DER_SEQUENCE)
		return false;
	inner = der[1];
	if (inner == 0x81 && len > 2) {
		head = 3;
		inner = der[2] >= 0x80 ? der[2] : SIZE_MAX;
	} else if (inner == 0x82 && len > 3) {
		head = 4;
		inner = (size_t)der[2] << 8 | der[3];
		if (inner < 0x100)
			return false;
	} else if (inner >= 0x80) {
		return false;
	}
	return inner == len - head;
}

/* ---- What a request asks ---- */

static enum sp_code
malformed(struct sp_err *err)
{
	ERR_clear_error();
	return sp_fail_as(err, SP_E_INVALID, "csr.malformed",
	    "this is not exactly one certificate request (PKCS #10) in PEM");
}

static enum sp_code
weak(struct sp_err *err, const char *what)
{
	ERR_clear_error();
	return sp_fail_as(err, SP_E_DENIED, "csr.key",
	    "%s: a key is EC P-256 or P-384, Ed25519, or RSA of 2,048 to 4,096 "
	    "bits, and its request is signed with SHA-256 or stronger",
	    what);
}

/* An encrypted request there is not; OpenSSL's callback would ask a terminal.
 */
static int /* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's */
no_password(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static bool
is_blank(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(" \t\r\n", s[i]) == NULL || s[i] == '\0')
			return false;
	return true;
}

/* The DER within the one PEM block that the text is. */
static bool
pem_body(const char *pem, size_t len, uint8_t **der, long *der_len)
{
	SP_CLEANUP(BIO_free_allp)
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	char *name = NULL, *header = NULL, *rest = NULL;
	uint8_t *body = NULL;
	bool ok = bio != NULL && len > 11 &&
	    memcmp(pem, "-----BEGIN ", 11) == 0 &&
	    PEM_read_bio(bio, &name, &header, &body, der_len) == 1;

	ok = ok && header[0] == '\0' &&
	    (strcmp(name, PEM_STRING_X509_REQ) == 0 ||
		strcmp(name, PEM_STRING_X509_REQ_OLD) == 0);
	if (ok) {
		long left = BIO_get_mem_data(bio, &rest);

		ok = left >= 0 && is_blank(rest, (size_t)left);
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	if (!ok) {
		OPENSSL_free(body);
		return false;
	}
	*der = body;
	return true;
}

static enum sp_code
read_request(const char *pem, size_t len, X509_REQ **out, struct sp_err *err)
{
	SP_CLEANUP(X509_REQ_freep)
	X509_REQ *req =
	    X509_REQ_new_ex(crypto_openssl_context(), crypto_openssl_query());
	uint8_t *der = NULL;
	const unsigned char *at;
	long der_len = 0;
	bool ok;

	if (req == NULL)
		return crypto_openssl_fail(err, "read a certificate request");
	if (len > CRYPTO_LEAF_REQUEST_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "csr.size",
		    "a certificate request has at most %zu bytes",
		    CRYPTO_LEAF_REQUEST_MAX);
	if (!pem_body(pem, len, &der, &der_len))
		return malformed(err);
	at = der;
	ok = d2i_X509_REQ(&req, &at, der_len) != NULL && at == der + der_len;
	OPENSSL_free(der);
	if (!ok)
		return malformed(err);
	*out = SP_STEAL(req);
	return SP_OK;
}

/* Its beginning and length say all of a key but its numbers: which curve, by
 * name, which form of point. */
static const struct {
	uint8_t head[27];
	size_t head_len, len;
} forms[] = {
	/* P-256 */
	{ { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	      0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
	      0x07, 0x03, 0x42, 0x00, 0x04 },
	    27, 91 },
	/* P-384 */
	{ { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	      0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62,
	      0x00, 0x04 },
	    24, 120 },
	/* Ed25519 */
	{ { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21,
	      0x00 },
	    12, 44 },
};

static bool
rsa_ok(EVP_PKEY *pkey)
{
	SP_CLEANUP(BN_freep) BIGNUM *e = NULL;
	int bits = EVP_PKEY_get_bits(pkey);

	if (EVP_PKEY_is_a(pkey, "RSA") != 1 || bits < RSA_LEAST ||
	    bits > RSA_MOST ||
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		return false;
	/* FIPS 186-5 A.1.1 wants it odd and over 2^16; a huge one is only a way
	 * to keep us busy. */
	return BN_is_odd(e) && BN_num_bits(e) > 16 && BN_num_bits(e) <= 32;
}

static bool
key_ok(const struct crypto_leaf_key *key, EVP_PKEY *pkey)
{
	for (size_t i = 0; i < SP_COUNTOF(forms); i++)
		if (key->len == forms[i].len &&
		    memcmp(key->der, forms[i].head, forms[i].head_len) == 0)
			return true;
	return rsa_ok(pkey);
}

static bool
signature_ok(const X509_REQ *req)
{
	static const int taken[] = { NID_ecdsa_with_SHA256,
		NID_ecdsa_with_SHA384, NID_ecdsa_with_SHA512, NID_ED25519,
		NID_sha256WithRSAEncryption, NID_sha384WithRSAEncryption,
		NID_sha512WithRSAEncryption };
	int nid = X509_REQ_get_signature_nid(req);

	for (size_t i = 0; i < SP_COUNTOF(taken); i++)
		if (nid == taken[i])
			return true;
	return false;
}

enum sp_code
crypto_leaf_request(const char *pem, size_t len, struct crypto_leaf_key *out,
    struct sp_err *err)
{
	SP_CLEANUP(X509_REQ_freep) X509_REQ *req = NULL;
	struct crypto_leaf_key key = { .len = 0 };
	unsigned char *to = key.der;
	EVP_PKEY *pkey; /* the request's */
	int der_len;

	SP_TRY(read_request(pem, len, &req, err));
	pkey = X509_REQ_get0_pubkey(req);
	if (pkey == NULL)
		return weak(err, "the key is of an unknown kind, or damaged");
	der_len = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(req), NULL);
	if (der_len <= 0 || der_len > CRYPTO_LEAF_KEY_MAX)
		return weak(err, "the key is too large");
	key.len = (size_t)i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(req), &to);
	if (!is_sequence(key.der, key.len) || !key_ok(&key, pkey))
		return weak(err, "this kind or size of key is not taken");
	if (!signature_ok(req))
		return weak(err, "this kind of signature is not taken");
	if (X509_REQ_verify_ex(req, pkey, crypto_openssl_context(),
		crypto_openssl_query()) != 1) {
		ERR_clear_error();
		return sp_fail_as(err, SP_E_MISMATCH, "csr.signature",
		    "the request is not signed with the key that it names");
	}
	*out = key;
	return SP_OK;
}

/* ---- The certificate ---- */

/* OIDs and extensions that never change, as they stand in it. */
static const uint8_t oid_cn[] = { 0x06, 0x03, 0x55, 0x04, 0x03 };
static const uint8_t oid_o[] = { 0x06, 0x03, 0x55, 0x04, 0x0a };
static const uint8_t ed25519[] = { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 };
static const uint8_t version_3[] = { 0x02, 0x01, 0x02 };
static const uint8_t constraints[] = { 0x30, 0x0c, 0x06, 0x03, 0x55, 0x1d, 0x13,
	0x01, 0x01, 0xff, 0x04, 0x02, 0x30, 0x00 };
static const uint8_t usage[] = { 0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01,
	0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x07, 0x80 };
static const uint8_t client_auth[] = { 0x30, 0x13, 0x06, 0x03, 0x55, 0x1d, 0x25,
	0x04, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
	0x03, 0x02 };
/* ... up to the 20 bytes of the identifier. */
static const uint8_t subject_id[] = { 0x30, 0x1d, 0x06, 0x03, 0x55, 0x1d, 0x0e,
	0x04, 0x16, 0x04, 0x14 };
static const uint8_t authority_id[] = { 0x30, 0x1f, 0x06, 0x03, 0x55, 0x1d,
	0x23, 0x04, 0x18, 0x30, 0x16, 0x80, 0x14 };

static void
put_attribute(
    struct sp_buf *name, const uint8_t oid[static 5], const char *value)
{
	SP_AUTO_BUF pair = sp_buf_new(CRYPTO_LEAF_MAX);
	SP_AUTO_BUF set = sp_buf_new(CRYPTO_LEAF_MAX);

	sp_buf_add(&pair, oid, 5);
	put(&pair, DER_UTF8, value, strlen(value));
	put_buf(&set, DER_SEQUENCE, &pair);
	put_buf(name, DER_SET, &set);
}

static void
put_names(struct sp_buf *out, const char *owner, const char *subject)
{
	SP_AUTO_BUF name = sp_buf_new(CRYPTO_LEAF_MAX);

	if (owner != NULL)
		put_attribute(&name, oid_o, owner);
	put_attribute(&name, oid_cn, subject);
	put_buf(out, DER_SEQUENCE, &name);
}

/* RFC 5280 4.1.2.5: UTCTime up to 2049, then GeneralizedTime.  Not with
 * gmtime: that looks for the machine's time zone, in a file. */
static void
put_time(struct sp_buf *out, sp_time t)
{
	char text[SP_TIME_TEXT], digits[16];
	size_t n = 0;

	sp_time_text(t, text);
	for (const char *p = text; *p != '.'; p++)
		if (*p >= '0' && *p <= '9')
			digits[n++] = *p;
	digits[n++] = 'Z';
	SP_REQUIRE(n == 15);
	if (memcmp(digits, "2050", 4) < 0)
		put(out, DER_UTC_TIME, digits + 2, n - 2);
	else
		put(out, DER_GENERAL_TIME, digits, n);
}

static void
put_validity(struct sp_buf *out, const struct crypto_leaf *leaf)
{
	SP_AUTO_BUF both = sp_buf_new(CRYPTO_LEAF_MAX);

	put_time(&both, leaf->from);
	put_time(&both, leaf->until);
	put_buf(out, DER_SEQUENCE, &both);
}

/* Positive and of full length: RFC 5280 4.1.2.2. */
static void
put_serial(struct sp_buf *out)
{
	uint8_t serial[SERIAL_LEN];

	crypto_random(serial, sizeof(serial));
	serial[0] = (serial[0] & 0x7f) | 0x40;
	put(out, DER_INTEGER, serial, sizeof(serial));
}

/* RFC 7093 2 (4): of the hash of the whole SubjectPublicKeyInfo. */
static void
put_key_id(struct sp_buf *out, const void *spki, size_t len)
{
	uint8_t hash[CRYPTO_SHA256_LEN];

	crypto_sha256(spki, len, hash);
	sp_buf_add(out, hash, KEY_ID_LEN);
}

static void
put_extensions(struct sp_buf *out, const struct crypto_leaf *leaf,
    const uint8_t issuer[static CRYPTO_SIGN_PUBLIC])
{
	SP_AUTO_BUF list = sp_buf_new(CRYPTO_LEAF_MAX);
	SP_AUTO_BUF sequence = sp_buf_new(CRYPTO_LEAF_MAX);
	SP_AUTO_BUF ca = sp_buf_new(CRYPTO_LEAF_KEY_MAX);

	sp_buf_add(&ca, forms[2].head, forms[2].head_len);
	sp_buf_add(&ca, issuer, CRYPTO_SIGN_PUBLIC);
	sp_buf_add(&list, constraints, sizeof(constraints));
	sp_buf_add(&list, usage, sizeof(usage));
	sp_buf_add(&list, client_auth, sizeof(client_auth));
	sp_buf_add(&list, subject_id, sizeof(subject_id));
	put_key_id(&list, leaf->key->der, leaf->key->len);
	sp_buf_add(&list, authority_id, sizeof(authority_id));
	if (sp_buf_ok(&ca))
		put_key_id(&list, ca.at, ca.len);
	else
		sp_buf_poison(&list, ca.bad);
	put_buf(&sequence, DER_SEQUENCE, &list);
	put_buf(out, DER_EXPLICIT_3, &sequence);
}

static void
put_tbs(struct sp_buf *out, const struct crypto_leaf *leaf,
    const uint8_t issuer[static CRYPTO_SIGN_PUBLIC])
{
	SP_AUTO_BUF tbs = sp_buf_new(CRYPTO_LEAF_MAX);

	put(&tbs, DER_EXPLICIT_0, version_3, sizeof(version_3));
	put_serial(&tbs);
	sp_buf_add(&tbs, ed25519, sizeof(ed25519));
	put_names(&tbs, NULL, CRYPTO_LEAF_ISSUER);
	put_validity(&tbs, leaf);
	put_names(&tbs, leaf->owner, leaf->subject);
	sp_buf_add(&tbs, leaf->key->der, leaf->key->len);
	put_extensions(&tbs, leaf, issuer);
	put_buf(out, DER_SEQUENCE, &tbs);
}

static bool
name_ok(const char *s)
{
	size_t len = strnlen(s, CRYPTO_LEAF_NAME_MAX + 1);

	for (size_t i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return len > 0 && len <= CRYPTO_LEAF_NAME_MAX;
}

static enum sp_code
check_leaf(const struct crypto_leaf *leaf, struct sp_err *err)
{
	if (!name_ok(leaf->owner) || !name_ok(leaf->subject))
		return sp_fail(err, SP_E_INVALID,
		    "a name in a certificate is 1 to %d printable characters",
		    CRYPTO_LEAF_NAME_MAX);
	if (leaf->key->len > CRYPTO_LEAF_KEY_MAX ||
	    !is_sequence(leaf->key->der, leaf->key->len))
		return sp_fail(
		    err, SP_E_INVALID, "a public key is one DER sequence");
	if (leaf->from < 0 || leaf->until <= leaf->from ||
	    leaf->until > SP_TIME_MAX)
		return sp_fail(
		    err, SP_E_INVALID, "a certificate ends after it begins");
	return SP_OK;
}

enum sp_code
crypto_leaf_issue(struct crypto_secret *seed, const struct crypto_leaf *leaf,
    struct sp_buf *der, struct sp_err *err)
{
	SP_AUTO_BUF cert = sp_buf_new(CRYPTO_LEAF_MAX);
	uint8_t public[CRYPTO_SIGN_PUBLIC];
	uint8_t signature[1 + CRYPTO_SIGN_LEN] = { 0 }; /* no unused bits */

	SP_TRY(check_leaf(leaf, err));
	SP_TRY(crypto_sign_public(seed, public, err));
	put_tbs(&cert, leaf, public);
	SP_TRY(sp_buf_check(&cert, "a certificate", err));
	SP_TRY(crypto_sign(seed, cert.at, cert.len, signature + 1, err));
	sp_buf_add(&cert, ed25519, sizeof(ed25519));
	put(&cert, DER_BITS, signature, sizeof(signature));
	SP_TRY(sp_buf_check(&cert, "a certificate", err));
	put_buf(der, DER_SEQUENCE, &cert);
	return sp_buf_check(der, "a certificate", err);
}

void
crypto_leaf_pem(const uint8_t *der, size_t len, struct sp_buf *out)
{
	sp_buf_text(out, "-----BEGIN CERTIFICATE-----\n");
	for (size_t at = 0; at < len; at += LINE) {
		sp_buf_base64(out, der + at, len - at < LINE ? len - at : LINE);
		sp_buf_u8(out, '\n');
	}
	sp_buf_text(out, "-----END CERTIFICATE-----\n");
}

/* ---- The client's side ---- */

static enum sp_code
write_bio(BIO *bio, struct sp_buf *out, struct sp_err *err)
{
	char *at = NULL;
	long len = BIO_get_mem_data(bio, &at);

	if (len <= 0)
		return crypto_openssl_fail(err, "write PEM");
	sp_buf_add(out, at, (size_t)len);
	return sp_buf_check(out, "a PEM file", err);
}

/* An empty subject: the server's own comes in its place. */
static enum sp_code
write_request(EVP_PKEY *pkey, struct sp_buf *out, struct sp_err *err)
{
	SP_CLEANUP(X509_REQ_freep)
	X509_REQ *req =
	    X509_REQ_new_ex(crypto_openssl_context(), crypto_openssl_query());
	SP_CLEANUP(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());
	bool ed = EVP_PKEY_is_a(pkey, "ED25519") == 1;

	if (req == NULL || bio == NULL ||
	    X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_pubkey(req, pkey) != 1 ||
	    X509_REQ_sign(
		req, pkey, ed ? NULL : crypto_openssl_md(CRYPTO_SHA256)) == 0 ||
	    PEM_write_bio_X509_REQ(bio, req) != 1)
		return crypto_openssl_fail(err, "make a certificate request");
	return write_bio(bio, out, err);
}

enum sp_code
crypto_leaf_ask(struct sp_buf *key, struct sp_buf *request, struct sp_err *err)
{
	SP_CLEANUP(EVP_PKEY_freep)
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(
	    crypto_openssl_context(), crypto_openssl_query(), "EC", "P-256");
	SP_CLEANUP(BIO_free_allp) BIO *bio = BIO_new(BIO_s_secmem());

	if (pkey == NULL || bio == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(
		bio, pkey, NULL, NULL, 0, NULL, NULL) != 1)
		return crypto_openssl_fail(err, "make a key");
	SP_TRY(write_request(pkey, request, err));
	return write_bio(bio, key, err);
}

static enum sp_code
read_key(const char *pem, EVP_PKEY **out, struct sp_err *err)
{
	SP_CLEANUP(BIO_free_allp) BIO *bio = BIO_new_mem_buf(pem, -1);

	if (bio == NULL)
		return crypto_openssl_fail(err, "read a key");
	*out = PEM_read_bio_PrivateKey_ex(bio, NULL, no_password, NULL,
	    crypto_openssl_context(), crypto_openssl_query());
	if (*out == NULL) {
		ERR_clear_error();
		return sp_fail(err, SP_E_INVALID, "no PEM private key");
	}
	return SP_OK;
}

enum sp_code
crypto_leaf_ask_again(
    const char *key, struct sp_buf *request, struct sp_err *err)
{
	SP_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;

	SP_TRY(read_key(key, &pkey, err));
	return write_request(pkey, request, err);
}

static bool
time_of(const ASN1_TIME *t, sp_time *out)
{
	struct tm tm;
	time_t seconds;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	seconds = timegm(&tm);
	*out = (sp_time)seconds * SP_SECOND;
	return true;
}

enum sp_code
crypto_leaf_fits(const char *cert, const char *key, sp_time *from,
    sp_time *until, struct sp_err *err)
{
	SP_CLEANUP(BIO_free_allp) BIO *bio = BIO_new_mem_buf(cert, -1);
	SP_CLEANUP(X509_freep)
	X509 *x = X509_new_ex(crypto_openssl_context(), crypto_openssl_query());
	SP_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
	sp_time begins, ends;

	if (bio == NULL || x == NULL)
		return crypto_openssl_fail(err, "read a certificate");
	SP_TRY(read_key(key, &pkey, err));
	if (PEM_read_bio_X509(bio, &x, no_password, NULL) == NULL ||
	    !time_of(X509_get0_notBefore(x), &begins) ||
	    !time_of(X509_get0_notAfter(x), &ends)) {
		ERR_clear_error();
		return sp_fail(err, SP_E_INVALID, "no PEM certificate");
	}
	if (X509_check_private_key(x, pkey) != 1) {
		ERR_clear_error();
		return sp_fail(
		    err, SP_E_MISMATCH, "the certificate is not of this key");
	}
	*from = begins;
	*until = ends;
	return SP_OK;
}
