#ifndef TEST_AUTHORITY_H
#define TEST_AUTHORITY_H

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/secret.h"
#include "crypto/timestamp.h"
#include "tap.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

/*
 * A time authority (RFC 3161) with a CA of its own, made in the test, that can
 * also lie.  It works in libcrypto's default context, and builds the CMS by
 * hand: OpenSSL's own authority refuses to lie.
 */
struct authority {
	X509 *ca, *cert;
	EVP_PKEY *ca_key, *key;
	struct sp_buf ca_pem;
};

struct authority_kind {
	const char *usage; /* of the extension; NULL: none */
	int64_t from, to;  /* seconds from now; 0, 0: good */
	bool weak;         /* an RSA key of 1024 bits */
	bool ca;           /* the certificate says that it is one */
};
#define AUTHORITY_USAGE "critical,timeStamping"

struct authority_lie {
	int status; /* other than granted: a refusal */
	bool imprint, nonce, no_nonce, policy, version, critical, sha1, type;
	bool two, no_attributes, no_cades, no_content, no_token, no_certificate;
	int64_t late;                  /* microseconds added to the time */
	const struct authority *signs; /* somebody else */
};

#define AUTHORITY_POLICY "1.3.6.1.4.1.99999.1"

static inline void
authority_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	CHECK(ext != NULL && X509_add_ext(x, ext, -1) == 1);
	X509_EXTENSION_free(ext);
}

static inline X509 *
authority_cert(const char *name, EVP_PKEY *key, int64_t from, int64_t to)
{
	X509 *x = X509_new();
	uint32_t serial = 0;

	crypto_random(&serial, sizeof(serial));
	CHECK(X509_set_version(x, X509_VERSION_3) == 1);
	CHECK(ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial) == 1);
	CHECK(X509_gmtime_adj(X509_getm_notBefore(x), from) != NULL);
	CHECK(X509_gmtime_adj(X509_getm_notAfter(x), to) != NULL);
	CHECK(X509_set_pubkey(x, key) == 1);
	CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
		  MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1);
	return x;
}

static inline struct authority
authority_new(const struct authority_kind *kind)
{
	int64_t from = kind->from == 0 ? -3600 : kind->from;
	int64_t to = kind->to == 0 ? 3600 : kind->to;
	struct authority a = { .ca_pem = sp_buf_new(8192) };
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;
	char name[40];
	uint32_t n = 0;
	long len;

	crypto_random(&n, sizeof(n));
	(void)snprintf(name, sizeof(name), "Test time root %u", n);

	a.ca_key = EVP_EC_gen("P-256");
	a.key = kind->weak ? EVP_RSA_gen(1024) : EVP_EC_gen("P-256");
	a.ca = authority_cert(name, a.ca_key, -864000, 864000);
	CHECK(X509_set_issuer_name(a.ca, X509_get_subject_name(a.ca)) == 1);
	authority_extend(a.ca, a.ca, NID_basic_constraints, "critical,CA:TRUE");
	authority_extend(a.ca, a.ca, NID_key_usage, "critical,keyCertSign");
	CHECK(X509_sign(a.ca, a.ca_key, EVP_sha256()) > 0);
	a.cert = authority_cert("Test time", a.key, from, to);
	CHECK(X509_set_issuer_name(a.cert, X509_get_subject_name(a.ca)) == 1);
	authority_extend(a.cert, a.ca, NID_basic_constraints,
	    kind->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (kind->usage != NULL)
		authority_extend(a.cert, a.ca, NID_ext_key_usage, kind->usage);
	CHECK(X509_sign(a.cert, a.ca_key, EVP_sha256()) > 0);
	CHECK(PEM_write_bio_X509(bio, a.ca) == 1);
	len = BIO_get_mem_data(bio, &pem);
	sp_buf_add(&a.ca_pem, pem, (size_t)len);
	BIO_free(bio);
	return a;
}

static inline void
authority_free(struct authority *a)
{
	X509_free(a->ca);
	X509_free(a->cert);
	EVP_PKEY_free(a->ca_key);
	EVP_PKEY_free(a->key);
	sp_buf_free(&a->ca_pem);
}
#define AUTHORITY_AUTO SP_CLEANUP(authority_free) struct authority

/* What the request asks for, or not quite. */
static inline TS_TST_INFO *
authority_info(TS_REQ *rq, const struct authority_lie *lie)
{
	TS_TST_INFO *tst = TS_TST_INFO_new();
	TS_MSG_IMPRINT *imprint =
	    TS_MSG_IMPRINT_dup(TS_REQ_get_msg_imprint(rq));
	ASN1_OBJECT *policy = TS_REQ_get_policy_id(rq);
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_INTEGER *nonce = NULL;
	ASN1_GENERALIZEDTIME *time;
	int64_t now = sp_now() + lie->late;
	char text[SP_TIME_TEXT], at[32];

	if (lie->imprint)
		ASN1_STRING_set(TS_MSG_IMPRINT_get_msg(imprint),
		    "01234567890123456789012345678901", 32);
	policy = policy == NULL || lie->policy
	    ? OBJ_txt2obj(lie->policy ? "1.2.3" : AUTHORITY_POLICY, 1)
	    : OBJ_dup(policy);
	if (TS_REQ_get_nonce(rq) != NULL)
		nonce = ASN1_INTEGER_dup(TS_REQ_get_nonce(rq));
	if (lie->nonce)
		CHECK(ASN1_INTEGER_set_uint64(nonce, 4711) == 1);
	sp_time_text(now, text);
	(void)snprintf(at, sizeof(at), "%.4s%.2s%.2s%.2s%.2s%.2s.%.3s1Z", text,
	    text + 5, text + 8, text + 11, text + 14, text + 17, text + 20);
	time = ASN1_GENERALIZEDTIME_new();
	CHECK(ASN1_STRING_set(time, at, -1) == 1);
	CHECK(TS_TST_INFO_set_version(tst, lie->version ? 2 : 1) == 1);
	CHECK(TS_TST_INFO_set_policy_id(tst, policy) == 1);
	CHECK(TS_TST_INFO_set_msg_imprint(tst, imprint) == 1);
	CHECK(ASN1_INTEGER_set_uint64(serial, 7) == 1);
	CHECK(TS_TST_INFO_set_serial(tst, serial) == 1);
	CHECK(TS_TST_INFO_set_time(tst, time) == 1);
	if (nonce != NULL && !lie->no_nonce)
		CHECK(TS_TST_INFO_set_nonce(tst, nonce) == 1);
	if (lie->critical) {
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(
		    NULL, NULL, NID_subject_key_identifier, "critical,0102");

		CHECK(ext != NULL && TS_TST_INFO_add_ext(tst, ext, -1) == 1);
		X509_EXTENSION_free(ext);
	}
	ASN1_OBJECT_free(policy);
	ASN1_INTEGER_free(serial);
	ASN1_INTEGER_free(nonce);
	ASN1_GENERALIZEDTIME_free(time);
	TS_MSG_IMPRINT_free(imprint);
	return tst;
}

static inline void
authority_sign(const struct authority *a, TS_TST_INFO *tst,
    const struct authority_lie *lie, struct sp_buf *token)
{
	const struct authority *by = lie->signs == NULL ? a : lie->signs;
	unsigned flags = CMS_PARTIAL | CMS_BINARY | CMS_NOSMIMECAP |
	    (lie->no_content ? CMS_DETACHED : 0u) |
	    (lie->no_certificate ? CMS_NOCERTS : 0u);
	unsigned how = (lie->no_cades || lie->no_attributes ? 0u : CMS_CADES) |
	    CMS_NOSMIMECAP | (lie->no_attributes ? CMS_NOATTR : 0u) |
	    (lie->no_certificate ? CMS_NOCERTS : 0u);
	const EVP_MD *md = lie->sha1 ? EVP_sha1() : EVP_sha256();
	ASN1_OBJECT *type =
	    OBJ_nid2obj(lie->type ? NID_pkcs7_data : NID_id_smime_ct_TSTInfo);
	unsigned char *der = NULL;
	int len = i2d_TS_TST_INFO(tst, &der);
	BIO *content = BIO_new_mem_buf(der, len);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);

	CHECK(CMS_set1_eContentType(cms, type) == 1);
	CHECK(CMS_add1_signer(cms, by->cert, by->key, md, how) != NULL);
	if (lie->two)
		CHECK(CMS_add1_signer(cms, by->cert, by->key, md,
			  how | CMS_NOCERTS) != NULL);
	CHECK(CMS_final(cms, content, NULL, flags) == 1);
	OPENSSL_free(der);
	der = NULL;
	len = i2d_CMS_ContentInfo(cms, &der);
	CHECK(len > 0);
	sp_buf_add(token, der, (size_t)len);
	OPENSSL_free(der);
	BIO_free(content);
	CMS_ContentInfo_free(cms);
}

/* SEQUENCE { SEQUENCE { status, "busy" } } */
static inline void
authority_refuse(int status, struct sp_buf *reply)
{
	const uint8_t der[] = { 0x30, 13, 0x30, 11, 0x02, 1, (uint8_t)status,
		0x30, 6, 0x0c, 4, 'b', 'u', 's', 'y' };

	sp_buf_add(reply, der, sizeof(der));
}

/* Answer a request as an honest authority would, but for the lie. */
static inline void
authority_answer(const struct authority *a, const void *request, size_t len,
    const struct authority_lie *lie, struct sp_buf *reply)
{
	SP_AUTO_BUF token = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	const unsigned char *p = request;
	TS_REQ *rq = d2i_TS_REQ(NULL, &p, (long)len);
	TS_TST_INFO *tst;

	CHECK(rq != NULL && p == (const unsigned char *)request + len);
	if (lie->status != 0) {
		authority_refuse(lie->status, reply);
	} else {
		tst = authority_info(rq, lie);
		if (!lie->no_token)
			authority_sign(a, tst, lie, &token);
		crypto_timestamp_reply(token.at, token.len, reply);
		TS_TST_INFO_free(tst);
	}
	TS_REQ_free(rq);
}

#endif
