#include "crypto/cert.h"

#include "base/clock.h"
#include "base/encode.h"
#include "crypto/openssl.h"
#include "crypto/secret.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define HOUR        INT64_C(3600)
#define DAY         (24 * HOUR)
#define CA_DAYS     3653 /* ten years */
#define SERVER_DAYS 397  /* what browsers accept of a public CA */
#define NAME_BYTES  64   /* RFC 5280 appendix A, ub-common-name */
#define HOST_BYTES  253
#define SERIAL_LEN  16

CRYPTO_OPENSSL_CLEANUP(X509, X509_free);
CRYPTO_OPENSSL_CLEANUP(BIO, BIO_free_all);
CRYPTO_OPENSSL_CLEANUP(BIGNUM, BN_free);
CRYPTO_OPENSSL_CLEANUP(GENERAL_NAMES, GENERAL_NAMES_free);
CRYPTO_OPENSSL_CLEANUP(GENERAL_NAME, GENERAL_NAME_free);
CRYPTO_OPENSSL_CLEANUP(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free);
CRYPTO_OPENSSL_CLEANUP(ASN1_BIT_STRING, ASN1_BIT_STRING_free);
CRYPTO_OPENSSL_CLEANUP(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free);
CRYPTO_OPENSSL_CLEANUP(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free);
CRYPTO_OPENSSL_CLEANUP(AUTHORITY_KEYID, AUTHORITY_KEYID_free);
CRYPTO_OPENSSL_CLEANUP(ASN1_TIME, ASN1_TIME_free);

/* What the two kinds of certificate differ in. */
struct profile {
	const char *subject;
	const char *const *hosts;
	size_t host_count;
	int64_t not_after; /* seconds since 1970 */
	bool ca;
};

static enum sp_code
failed(struct sp_err *err)
{
	return crypto_openssl_fail(err, "make a certificate");
}

/* 126 random bits (RFC 5280 4.1.2.2: positive, at most 20 bytes). */
static enum sp_code
set_serial(X509 *x, struct sp_err *err)
{
	uint8_t random[SERIAL_LEN];
	SP_CLEANUP(BN_freep) BIGNUM *n = NULL;

	crypto_random(random, sizeof(random));
	random[0] = (random[0] & 0x7F) | 0x40;
	n = BN_bin2bn(random, sizeof(random), NULL);
	if (n == NULL ||
	    BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) == NULL)
		return failed(err);
	return SP_OK;
}

static enum sp_code
set_fields(X509 *x, const struct profile *p, EVP_PKEY *key, struct sp_err *err)
{
	/* An hour back, for clients whose clock is a little behind. */
	time_t from = (time_t)(sp_now() / SP_SECOND - HOUR);
	X509_NAME *name = X509_get_subject_name(x);

	SP_TRY(set_serial(x, err));
	if (X509_set_version(x, X509_VERSION_3) != 1 ||
	    ASN1_TIME_adj(X509_getm_notBefore(x), from, 0, 0) == NULL ||
	    ASN1_TIME_adj(X509_getm_notAfter(x), (time_t)p->not_after, 0, 0) ==
		NULL ||
	    X509_set_pubkey(x, key) != 1 ||
	    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
		(const unsigned char *)p->subject, -1, -1, 0) != 1)
		return failed(err);
	return SP_OK;
}

/* RFC 7093 2 (1): the leftmost 160 bits of SHA-256 of the public key. */
static enum sp_code
key_id(const X509 *x, ASN1_OCTET_STRING *out, struct sp_err *err)
{
	uint8_t hash[CRYPTO_SHA256_LEN];

	if (X509_pubkey_digest(
		x, crypto_openssl_md(CRYPTO_SHA256), hash, NULL) != 1 ||
	    ASN1_OCTET_STRING_set(out, hash, 20) != 1)
		return failed(err);
	return SP_OK;
}

static enum sp_code
add_extension(X509 *x, int nid, void *value, bool critical, struct sp_err *err)
{
	if (value == NULL ||
	    X509_add1_ext_i2d(x, nid, value, critical, X509V3_ADD_DEFAULT) != 1)
		return failed(err);
	return SP_OK;
}

static enum sp_code
add_key_ids(X509 *x, const X509 *issuer, struct sp_err *err)
{
	SP_CLEANUP(ASN1_OCTET_STRING_freep)
	ASN1_OCTET_STRING *subject = ASN1_OCTET_STRING_new();
	SP_CLEANUP(AUTHORITY_KEYID_freep)
	AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();

	if (subject == NULL || authority == NULL)
		return failed(err);
	authority->keyid = ASN1_OCTET_STRING_new();
	if (authority->keyid == NULL)
		return failed(err);
	SP_TRY(key_id(x, subject, err));
	SP_TRY(key_id(issuer, authority->keyid, err));
	SP_TRY(
	    add_extension(x, NID_subject_key_identifier, subject, false, err));
	return add_extension(
	    x, NID_authority_key_identifier, authority, false, err);
}

static enum sp_code
add_usage(X509 *x, bool ca, struct sp_err *err)
{
	SP_CLEANUP(BASIC_CONSTRAINTS_freep)
	BASIC_CONSTRAINTS *basic = BASIC_CONSTRAINTS_new();
	SP_CLEANUP(ASN1_BIT_STRING_freep)
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	SP_CLEANUP(EXTENDED_KEY_USAGE_freep)
	EXTENDED_KEY_USAGE *extended = EXTENDED_KEY_USAGE_new();
	bool ok;

	if (basic == NULL || usage == NULL || extended == NULL)
		return failed(err);
	basic->ca = ca ? 0xFF : 0;
	if (ca) { /* nothing but end entities below it */
		basic->pathlen = ASN1_INTEGER_new();
		ok = basic->pathlen != NULL &&
		    ASN1_INTEGER_set(basic->pathlen, 0) == 1 &&
		    ASN1_BIT_STRING_set_bit(usage, 5, 1) == 1 && /* certs */
		    ASN1_BIT_STRING_set_bit(usage, 6, 1) == 1;   /* CRLs */
	} else {
		ok = ASN1_BIT_STRING_set_bit(usage, 0, 1) == 1 && /* sign */
		    sk_ASN1_OBJECT_push(
			extended, OBJ_nid2obj(NID_server_auth)) > 0;
	}
	if (!ok)
		return failed(err);
	SP_TRY(add_extension(x, NID_basic_constraints, basic, true, err));
	SP_TRY(add_extension(x, NID_key_usage, usage, true, err));
	if (ca)
		return SP_OK;
	return add_extension(x, NID_ext_key_usage, extended, false, err);
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 1123 2.1: 1 to 63 letters, digits and inner hyphens. */
static bool
label_ok(const char *s, size_t len)
{
	if (len < 1 || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_letter(s[i]) && s[i] != '-' &&
		    (s[i] < '0' || s[i] > '9'))
			return false;
	}
	return true;
}

/* Labels with dots between, the first perhaps "*".  The last begins with a
 * letter, so that no misspelt address passes for a name. */
static bool
dns_name_ok(const char *s)
{
	size_t len;

	if (strlen(s) > HOST_BYTES)
		return false;
	if (s[0] == '*' && s[1] == '.')
		s += 2;
	for (;; s += len + 1) {
		len = strcspn(s, ".");
		if (!label_ok(s, len))
			return false;
		if (s[len] == '\0')
			return is_letter(s[0]);
	}
}

/* One name of `names`, by its kind. */
static enum sp_code
add_host(GENERAL_NAMES *names, const char *host, struct sp_err *err)
{
	SP_CLEANUP(GENERAL_NAME_freep) GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = NULL;
	uint8_t address[16];
	const void *bytes = address;
	int kind = GEN_IPADD;
	int len;

	if (inet_pton(AF_INET, host, address) == 1) {
		len = 4;
	} else if (inet_pton(AF_INET6, host, address) == 1) {
		len = 16;
	} else if (dns_name_ok(host)) {
		kind = GEN_DNS;
		bytes = host;
		len = (int)strlen(host);
	} else {
		return sp_fail(err, SP_E_INVALID,
		    "'%s' is neither a host name nor an IP address", host);
	}
	value = ASN1_STRING_type_new(
	    kind == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
	if (name == NULL || value == NULL ||
	    ASN1_STRING_set(value, bytes, len) != 1) {
		ASN1_STRING_free(value);
		return failed(err);
	}
	GENERAL_NAME_set0_value(name, kind, value);
	if (sk_GENERAL_NAME_push(names, name) < 1)
		return failed(err);
	(void)SP_STEAL(name);
	return SP_OK;
}

static enum sp_code
add_hosts(X509 *x, const struct profile *p, struct sp_err *err)
{
	SP_CLEANUP(GENERAL_NAMES_freep)
	GENERAL_NAMES *names = GENERAL_NAMES_new();

	if (names == NULL)
		return failed(err);
	for (size_t i = 0; i < p->host_count; i++)
		SP_TRY(add_host(names, p->hosts[i], err));
	return add_extension(x, NID_subject_alt_name, names, false, err);
}

static enum sp_code
write_pem(BIO *bio, struct sp_buf *out, struct sp_err *err)
{
	char *at = NULL;
	long len = BIO_get_mem_data(bio, &at);

	if (len <= 0)
		return failed(err);
	sp_buf_add(out, at, (size_t)len);
	return sp_buf_check(out, "a PEM file", err);
}

/* Both or, on failure, neither. */
static enum sp_code
write_pair(X509 *x, EVP_PKEY *key, struct sp_buf *cert_out,
    struct sp_buf *key_out, struct sp_err *err)
{
	SP_CLEANUP(BIO_free_allp) BIO *cert = BIO_new(BIO_s_mem());
	SP_CLEANUP(BIO_free_allp) BIO *secret = BIO_new(BIO_s_secmem());
	size_t cert_before = cert_out->len;
	size_t key_before = key_out->len;
	enum sp_code code;

	if (cert == NULL || secret == NULL ||
	    PEM_write_bio_X509(cert, x) != 1 ||
	    PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) !=
		1)
		return failed(err);
	code = write_pem(cert, cert_out, err);
	if (code == SP_OK)
		code = write_pem(secret, key_out, err);
	if (code != SP_OK) {
		sp_buf_cut(cert_out, cert_before);
		sp_buf_cut(key_out, key_before);
	}
	return code;
}

/* `issuer` and its key are NULL for a certificate that signs itself. */
static enum sp_code
make(const struct profile *p, X509 *issuer, EVP_PKEY *issuer_key,
    struct sp_buf *cert, struct sp_buf *key_out, struct sp_err *err)
{
	SP_CLEANUP(X509_freep)
	X509 *x = X509_new_ex(crypto_openssl_context(), crypto_openssl_query());
	SP_CLEANUP(EVP_PKEY_freep)
	EVP_PKEY *key = EVP_PKEY_Q_keygen(
	    crypto_openssl_context(), crypto_openssl_query(), "EC", "P-256");

	if (x == NULL || key == NULL)
		return failed(err);
	if (issuer == NULL) {
		issuer = x;
		issuer_key = key;
	}
	SP_TRY(set_fields(x, p, key, err));
	if (X509_set_issuer_name(x, X509_get_subject_name(issuer)) != 1)
		return failed(err);
	SP_TRY(add_usage(x, p->ca, err));
	SP_TRY(add_key_ids(x, issuer, err));
	if (p->host_count > 0)
		SP_TRY(add_hosts(x, p, err));
	if (X509_sign(x, issuer_key, crypto_openssl_md(CRYPTO_SHA256)) == 0)
		return failed(err);
	return write_pair(x, key, cert, key_out, err);
}

enum sp_code
crypto_cert_make_ca(const char *name, struct sp_buf *cert, struct sp_buf *key,
    struct sp_err *err)
{
	struct profile p = { .subject = name,
		.not_after = sp_now() / SP_SECOND + CA_DAYS * DAY,
		.ca = true };
	size_t len = strlen(name);

	if (len == 0 || len > NAME_BYTES || !sp_utf8_ok(name, len))
		return sp_fail(err, SP_E_INVALID,
		    "a CA's name has 1 to %d bytes of UTF-8", NAME_BYTES);
	return make(&p, NULL, NULL, cert, key, err);
}

/* An encrypted key is refused; OpenSSL's own callback would ask a terminal. */
static int /* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's */
no_password(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static enum sp_code
read_cert(const char *pem, X509 **out, struct sp_err *err)
{
	SP_CLEANUP(BIO_free_allp) BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x = X509_new_ex(crypto_openssl_context(), crypto_openssl_query());

	if (bio == NULL || x == NULL) {
		X509_free(x);
		return failed(err);
	}
	if (PEM_read_bio_X509(bio, &x, no_password, NULL) == NULL) {
		X509_free(x);
		ERR_clear_error();
		return sp_fail(err, SP_E_INVALID, "no PEM certificate");
	}
	*out = x;
	return SP_OK;
}

static enum sp_code
read_key(const char *pem, EVP_PKEY **out, struct sp_err *err)
{
	SP_CLEANUP(BIO_free_allp) BIO *bio = BIO_new_mem_buf(pem, -1);

	if (bio == NULL)
		return failed(err);
	*out = PEM_read_bio_PrivateKey_ex(bio, NULL, no_password, NULL,
	    crypto_openssl_context(), crypto_openssl_query());
	if (*out == NULL) {
		ERR_clear_error();
		return sp_fail(err, SP_E_INVALID, "no PEM private key");
	}
	return SP_OK;
}

/* Seconds since 1970 of notAfter. */
static enum sp_code
expiry_of(const X509 *x, int64_t *out, struct sp_err *err)
{
	SP_CLEANUP(ASN1_TIME_freep) ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0;
	int seconds = 0;

	if (epoch == NULL)
		return failed(err);
	if (ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(x)) !=
	    1) {
		ERR_clear_error();
		return sp_fail(
		    err, SP_E_INVALID, "a certificate's end date is malformed");
	}
	*out = days * DAY + seconds;
	return SP_OK;
}

/* One parameter too many: a struct of them would say no more. */
enum sp_code /* NOLINTNEXTLINE(readability-function-size) */
crypto_cert_make_server(const char *ca_cert, const char *ca_key,
    const char *const *hosts, size_t n, struct sp_buf *cert, struct sp_buf *key,
    struct sp_err *err)
{
	SP_CLEANUP(X509_freep) X509 *issuer = NULL;
	SP_CLEANUP(EVP_PKEY_freep) EVP_PKEY *issuer_key = NULL;
	struct profile p = { .subject = "sallyport",
		.hosts = hosts,
		.host_count = n,
		.not_after =
		    sp_now() / SP_SECOND - HOUR + SERVER_DAYS * DAY - 1 };
	int64_t ca_end = 0;

	if (n < 1 || n > CRYPTO_CERT_HOSTS_MAX)
		return sp_fail(err, SP_E_INVALID,
		    "a server's certificate names 1 to %d hosts",
		    CRYPTO_CERT_HOSTS_MAX);
	if (strlen(hosts[0]) <= NAME_BYTES && hosts[0][0] != '\0')
		p.subject = hosts[0];
	SP_TRY(read_cert(ca_cert, &issuer, err));
	SP_TRY(read_key(ca_key, &issuer_key, err));
	if (X509_check_private_key(issuer, issuer_key) != 1) {
		ERR_clear_error();
		return sp_fail(
		    err, SP_E_INVALID, "the CA's key is not its certificate's");
	}
	SP_TRY(expiry_of(issuer, &ca_end, err));
	if (ca_end < p.not_after)
		p.not_after = ca_end;
	return make(&p, issuer, issuer_key, cert, key, err);
}

enum sp_code
crypto_cert_expiry(const char *pem, int64_t *out, struct sp_err *err)
{
	SP_CLEANUP(X509_freep) X509 *x = NULL;
	int64_t seconds = 0;

	SP_TRY(read_cert(pem, &x, err));
	SP_TRY(expiry_of(x, &seconds, err));
	*out = seconds * SP_SECOND;
	return SP_OK;
}
