#include "crypto/timestamp.h"

#include "base/encode.h"
#include "crypto/openssl.h"
#include "crypto/secret.h"

#include <openssl/asn1.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

/* OpenSSL's own TS_RESP_verify_response works in its default library context,
 * past our property query: so the token is checked as the CMS that it is. */

#define GRANTED      0
#define GRANTED_MODS 1 /* with modifications; what matters is checked */
#define AUTH_LEVEL   2 /* 112 bits: no SHA-1, no RSA under 2048 bits */
#define TIME_TEXT    40

CRYPTO_OPENSSL_CLEANUP(BIO, BIO_free_all);
CRYPTO_OPENSSL_CLEANUP(CMS_ContentInfo, CMS_ContentInfo_free);
CRYPTO_OPENSSL_CLEANUP(TS_REQ, TS_REQ_free);
CRYPTO_OPENSSL_CLEANUP(TS_MSG_IMPRINT, TS_MSG_IMPRINT_free);
CRYPTO_OPENSSL_CLEANUP(TS_STATUS_INFO, TS_STATUS_INFO_free);
CRYPTO_OPENSSL_CLEANUP(TS_TST_INFO, TS_TST_INFO_free);
CRYPTO_OPENSSL_CLEANUP(X509_ALGOR, X509_ALGOR_free);
CRYPTO_OPENSSL_CLEANUP(X509_STORE, X509_STORE_free);
CRYPTO_OPENSSL_CLEANUP(ASN1_INTEGER, ASN1_INTEGER_free);
CRYPTO_OPENSSL_CLEANUP(ASN1_OBJECT, ASN1_OBJECT_free);

static void
infos_freep(STACK_OF(X509_INFO) * *infos)
{
	sk_X509_INFO_pop_free(*infos, X509_INFO_free);
}

static enum sp_code
failed(struct sp_err *err)
{
	return crypto_openssl_fail(err, "timestamp");
}

/* Not what an authority may answer, or not to us. */
static enum sp_code
malformed(struct sp_err *err, const char *what)
{
	ERR_clear_error();
	return sp_fail(err, SP_E_INVALID, "no timestamp reply: %s", what);
}

static enum sp_code
wrong(struct sp_err *err, const char *what)
{
	ERR_clear_error();
	return sp_fail(err, SP_E_CORRUPT, "the timestamp %s", what);
}

/* ---- Asking ---- */

static enum sp_code
set_imprint(TS_REQ *rq, const uint8_t *sha256, struct sp_err *err)
{
	SP_CLEANUP(TS_MSG_IMPRINT_freep)
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	SP_CLEANUP(X509_ALGOR_freep) X509_ALGOR *algo = X509_ALGOR_new();
	uint8_t sum[CRYPTO_SHA256_LEN];

	memcpy(sum, sha256, sizeof(sum));
	if (imprint == NULL || algo == NULL ||
	    X509_ALGOR_set0(algo, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) !=
		1 ||
	    TS_MSG_IMPRINT_set_algo(imprint, algo) != 1 ||
	    TS_MSG_IMPRINT_set_msg(imprint, sum, sizeof(sum)) != 1 ||
	    TS_REQ_set_msg_imprint(rq, imprint) != 1)
		return failed(err);
	return SP_OK;
}

static enum sp_code
set_policy(TS_REQ *rq, const char *policy, struct sp_err *err)
{
	SP_CLEANUP(ASN1_OBJECT_freep) ASN1_OBJECT *oid = NULL;

	if (policy == NULL)
		return SP_OK;
	if (strlen(policy) < CRYPTO_TIMESTAMP_POLICY)
		oid = OBJ_txt2obj(policy, 1);
	if (oid == NULL) {
		ERR_clear_error();
		return sp_fail(err, SP_E_INVALID,
		    "a policy is an OID as 1.2.3.4, not '%.60s'", policy);
	}
	if (TS_REQ_set_policy_id(rq, oid) != 1)
		return failed(err);
	return SP_OK;
}

static enum sp_code
set_nonce(TS_REQ *rq, uint64_t nonce, struct sp_err *err)
{
	SP_CLEANUP(ASN1_INTEGER_freep) ASN1_INTEGER *n = ASN1_INTEGER_new();

	if (nonce == 0)
		return SP_OK;
	if (n == NULL || ASN1_INTEGER_set_uint64(n, nonce) != 1 ||
	    TS_REQ_set_nonce(rq, n) != 1)
		return failed(err);
	return SP_OK;
}

enum sp_code
crypto_timestamp_request(const struct crypto_timestamp_wish *w,
    struct sp_buf *der, struct sp_err *err)
{
	SP_CLEANUP(TS_REQ_freep) TS_REQ *rq = TS_REQ_new();
	uint8_t *at;
	int len;

	if (rq == NULL || TS_REQ_set_version(rq, 1) != 1 ||
	    TS_REQ_set_cert_req(rq, 1) != 1)
		return failed(err);
	SP_TRY(set_imprint(rq, w->sha256, err));
	SP_TRY(set_policy(rq, w->policy, err));
	SP_TRY(set_nonce(rq, w->nonce, err));
	len = i2d_TS_REQ(rq, NULL);
	if (len <= 0)
		return failed(err);
	at = sp_buf_extend(der, (size_t)len);
	if (at != NULL && i2d_TS_REQ(rq, &at) != len)
		return failed(err);
	return sp_buf_check(der, "timestamp request", err);
}

/* ---- The reply's two parts ---- */

struct piece {
	const unsigned char *at;
	size_t len;
};

/* The header of a definite-length SEQUENCE that fills `in`; *inner gets what
 * is in it. */
static bool
enter(struct piece in, struct piece *inner)
{
	const unsigned char *p = in.at;
	long len = 0;
	int tag = 0, class = 0;
	int how = ASN1_get_object(&p, &len, &tag, &class, (long)in.len);

	if ((how & 0x80) != 0 || how != V_ASN1_CONSTRUCTED ||
	    tag != V_ASN1_SEQUENCE || class != V_ASN1_UNIVERSAL || len < 0 ||
	    (size_t)len != in.len - (size_t)(p - in.at))
		return false;
	*inner = (struct piece){ p, (size_t)len };
	return true;
}

/* Status first; what is left is the token. */
static TS_STATUS_INFO *
split(struct piece reply, struct piece *token)
{
	struct piece in;
	const unsigned char *p;
	TS_STATUS_INFO *status;

	if (reply.len > CRYPTO_TIMESTAMP_MAX || !enter(reply, &in))
		return NULL;
	p = in.at;
	status = d2i_TS_STATUS_INFO(NULL, &p, (long)in.len);
	if (status == NULL)
		return NULL;
	*token = (struct piece){ p, in.len - (size_t)(p - in.at) };
	return status;
}

/* The first of the texts beside a status, so that it can be shown. */
static void
status_text(const TS_STATUS_INFO *status, char *out, size_t room)
{
	const STACK_OF(ASN1_UTF8STRING) *texts =
	    TS_STATUS_INFO_get0_text(status);
	const ASN1_UTF8STRING *first;

	out[0] = '\0';
	if (texts == NULL || sk_ASN1_UTF8STRING_num(texts) < 1)
		return;
	first = sk_ASN1_UTF8STRING_value(texts, 0);
	(void)snprintf(out, room, ": %.*s", ASN1_STRING_length(first),
	    (const char *)ASN1_STRING_get0_data(first));
	sp_utf8_clean(out);
}

static enum sp_code
check_status(const TS_STATUS_INFO *status, struct sp_err *err)
{
	const ASN1_INTEGER *n = TS_STATUS_INFO_get0_status(status);
	int64_t value = -1;
	char text[100];

	if (n == NULL || ASN1_INTEGER_get_int64(&value, n) != 1)
		return malformed(err, "its status is no number");
	if (value == GRANTED || value == GRANTED_MODS)
		return SP_OK;
	status_text(status, text, sizeof(text));
	return sp_fail(err, SP_E_DENIED,
	    "the authority gives no timestamp (status %jd)%s", (intmax_t)value,
	    text);
}

/* ---- What is signed ---- */

static enum sp_code
gen_time(TS_TST_INFO *tst, sp_time *out, struct sp_err *err)
{
	const ASN1_GENERALIZEDTIME *t = TS_TST_INFO_get_time(tst);
	const char *s = t == NULL ? "" : (const char *)ASN1_STRING_get0_data(t);
	int len = t == NULL ? 0 : ASN1_STRING_length(t);
	char text[TIME_TEXT];
	int n;

	/* YYYYMMDDhhmmss[.f]Z, as RFC 3161 2.4.2 wants it */
	if (len < 15 || len > 25)
		return malformed(err, "its time is malformed");
	n = snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s%.*s", s,
	    s + 4, s + 6, s + 8, s + 10, s + 12, len - 14, s + 14);
	if (n != len + 5 || text[n - 1] != 'Z' ||
	    !sp_time_parse(text, (size_t)n, out))
		return malformed(err, "its time is malformed");
	return SP_OK;
}

static bool
imprint_is(TS_TST_INFO *tst, const uint8_t *sha256)
{
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(tst);
	const ASN1_OBJECT *oid = NULL;
	const ASN1_OCTET_STRING *msg;

	if (imprint == NULL)
		return false;
	X509_ALGOR_get0(&oid, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
	msg = TS_MSG_IMPRINT_get_msg(imprint);
	return OBJ_obj2nid(oid) == NID_sha256 &&
	    ASN1_STRING_length(msg) == CRYPTO_SHA256_LEN &&
	    memcmp(ASN1_STRING_get0_data(msg), sha256, CRYPTO_SHA256_LEN) == 0;
}

static bool
nonce_is(const TS_TST_INFO *tst, uint64_t nonce)
{
	const ASN1_INTEGER *n = TS_TST_INFO_get_nonce(tst);
	uint64_t value = 0;

	if (nonce == 0)
		return true;
	return n != NULL && ASN1_INTEGER_get_uint64(&value, n) == 1 &&
	    value == nonce;
}

static bool
policy_is(TS_TST_INFO *tst, const char *policy)
{
	char text[CRYPTO_TIMESTAMP_POLICY];
	int len;

	if (policy == NULL)
		return true;
	len =
	    OBJ_obj2txt(text, sizeof(text), TS_TST_INFO_get_policy_id(tst), 1);
	return len > 0 && (size_t)len < sizeof(text) &&
	    strcmp(text, policy) == 0;
}

static enum sp_code
check_info(TS_TST_INFO *tst, const struct crypto_timestamp_wish *w,
    sp_time *time, struct sp_err *err)
{
	if (TS_TST_INFO_get_version(tst) != 1)
		return malformed(err, "its version is not 1");
	if (!imprint_is(tst, w->sha256))
		return wrong(err, "is of other bytes");
	if (!nonce_is(tst, w->nonce))
		return wrong(err, "answers another request: its nonce differs");
	if (!policy_is(tst, w->policy))
		return wrong(err, "was given under another policy");
	if (TS_TST_INFO_get_ext_by_critical(tst, 1, -1) >= 0)
		return wrong(err, "has a critical extension");
	return gen_time(tst, time, err);
}

/* ---- Who signed ---- */

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
read_cas(const char *pem, STACK_OF(X509_INFO) * *out, struct sp_err *err)
{
	SP_CLEANUP(BIO_free_allp) BIO *bio = BIO_new_mem_buf(pem, -1);

	if (bio == NULL)
		return failed(err);
	*out = PEM_X509_INFO_read_bio_ex(bio, NULL, no_password, NULL,
	    crypto_openssl_context(), crypto_openssl_query());
	if (*out == NULL) {
		ERR_clear_error();
		return sp_fail(
		    err, SP_E_INVALID, "a CA file is not proper PEM");
	}
	return SP_OK;
}

/* Those of the file into the store, which may be NULL. */
static enum sp_code
take_cas(X509_STORE *store, const char *pem, struct sp_err *err)
{
	SP_CLEANUP(infos_freep) STACK_OF(X509_INFO) *infos = NULL;
	int n = 0;

	SP_TRY(read_cas(pem, &infos, err));
	for (int i = 0; i < sk_X509_INFO_num(infos); i++) {
		X509 *x = sk_X509_INFO_value(infos, i)->x509;

		if (x == NULL)
			continue;
		if (++n > CRYPTO_TIMESTAMP_CAS)
			return sp_fail(err, SP_E_LIMIT,
			    "a CA file has at most %d certificates",
			    CRYPTO_TIMESTAMP_CAS);
		if (store != NULL && X509_STORE_add_cert(store, x) != 1)
			return failed(err);
	}
	if (n == 0)
		return sp_fail(
		    err, SP_E_INVALID, "a CA file holds no certificate");
	return SP_OK;
}

enum sp_code
crypto_timestamp_ca_ok(const char *pem, struct sp_err *err)
{
	return take_cas(NULL, pem, err);
}

/* Trusts the CAs of the wish, for timestamping, at the time in question. */
static enum sp_code
store_for(const struct crypto_timestamp_wish *w, sp_time at, X509_STORE **out,
    struct sp_err *err)
{
	SP_CLEANUP(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *param;

	if (store == NULL)
		return failed(err);
	param = X509_STORE_get0_param(store);
	if (X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_TIMESTAMP_SIGN) !=
		1 ||
	    X509_VERIFY_PARAM_set_trust(param, X509_TRUST_TSA) != 1)
		return failed(err);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_time(param, (time_t)(at / SP_SECOND));
	SP_TRY(take_cas(store, w->ca, err));
	*out = SP_STEAL(store);
	return SP_OK;
}

static bool
hash_strong(CMS_SignerInfo *si)
{
	X509_ALGOR *digest = NULL;
	const ASN1_OBJECT *oid = NULL;
	int nid;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, NULL);
	X509_ALGOR_get0(&oid, NULL, NULL, digest);
	nid = OBJ_obj2nid(oid);
	return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

/* One signer, whose attributes are signed: they name its certificate. */
static enum sp_code
check_form(CMS_ContentInfo *cms, struct sp_err *err)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	CMS_SignerInfo *si;

	if (OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_id_smime_ct_TSTInfo)
		return malformed(err, "its token is of something else");
	if (signers == NULL || sk_CMS_SignerInfo_num(signers) != 1)
		return malformed(err, "its token has not one signer");
	si = sk_CMS_SignerInfo_value(signers, 0);
	if (CMS_signed_get_attr_count(si) < 1)
		return malformed(err, "its signer signed no attributes");
	if (!hash_strong(si))
		return wrong(err, "is signed over a hash that is too weak");
	return SP_OK;
}

/* Why OpenSSL does not take the signature, in one line. */
static enum sp_code
untrusted(struct sp_err *err)
{
	const char *data = NULL;
	int flags = 0;
	unsigned long e =
	    ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
	const char *why = ERR_reason_error_string(e);
	enum sp_code code;

	if ((flags & ERR_TXT_STRING) == 0)
		data = NULL;
	code = sp_fail(err, SP_E_CORRUPT,
	    "the timestamp is not signed by an authority under the given CA: "
	    "%.50s%s%.60s",
	    why == NULL ? "unknown" : why,
	    data == NULL || *data == '\0' ? "" : ", ",
	    data == NULL ? "" : data);
	ERR_clear_error();
	return code;
}

static enum sp_code
read_token(struct piece token, CMS_ContentInfo **out, struct sp_err *err)
{
	SP_CLEANUP(CMS_ContentInfo_freep)
	CMS_ContentInfo *cms = CMS_ContentInfo_new_ex(
	    crypto_openssl_context(), crypto_openssl_query());
	const unsigned char *p = token.at;

	if (cms == NULL)
		return failed(err);
	if (token.len == 0)
		return malformed(err, "it is granted and there is no token");
	if (d2i_CMS_ContentInfo(&cms, &p, (long)token.len) == NULL ||
	    p != token.at + token.len)
		return malformed(err, "its token is cut or followed by more");
	*out = SP_STEAL(cms);
	return SP_OK;
}

static enum sp_code
read_info(CMS_ContentInfo *cms, TS_TST_INFO **out, struct sp_err *err)
{
	ASN1_OCTET_STRING **content = CMS_get0_content(cms);
	const unsigned char *p;
	int len;

	if (content == NULL || *content == NULL)
		return malformed(err, "its token has no content");
	p = ASN1_STRING_get0_data(*content);
	len = ASN1_STRING_length(*content);
	*out = d2i_TS_TST_INFO(NULL, &p, len);
	if (*out == NULL || p != ASN1_STRING_get0_data(*content) + len)
		return malformed(err, "its token's content is malformed");
	return SP_OK;
}

static enum sp_code
check_token(struct piece token, const struct crypto_timestamp_wish *w,
    sp_time *time, struct sp_err *err)
{
	SP_CLEANUP(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
	SP_CLEANUP(TS_TST_INFO_freep) TS_TST_INFO *tst = NULL;
	SP_CLEANUP(X509_STORE_freep) X509_STORE *store = NULL;

	SP_TRY(read_token(token, &cms, err));
	SP_TRY(check_form(cms, err));
	SP_TRY(read_info(cms, &tst, err));
	SP_TRY(check_info(tst, w, time, err));
	SP_TRY(store_for(w, *time, &store, err));
	/* CADES: the signed attributes name the certificate (RFC 5816). */
	if (CMS_verify(cms, NULL, store, NULL, NULL, CMS_BINARY | CMS_CADES) !=
	    1)
		return untrusted(err);
	return SP_OK;
}

enum sp_code
crypto_timestamp_check(const void *reply, size_t len,
    const struct crypto_timestamp_wish *w, sp_time *time, struct sp_buf *token,
    struct sp_err *err)
{
	SP_CLEANUP(TS_STATUS_INFO_freep) TS_STATUS_INFO *status = NULL;
	struct piece der = { NULL, 0 };
	sp_time at = 0;

	status = split((struct piece){ reply, len }, &der);
	if (status == NULL)
		return malformed(err, "it is cut, or something else");
	SP_TRY(check_status(status, err));
	SP_TRY(check_token(der, w, &at, err));
	sp_buf_add(token, der.at, der.len);
	SP_TRY(sp_buf_check(token, "timestamp", err));
	*time = at;
	return SP_OK;
}

/* ---- Kept and given out ---- */

/* A definite length (X.690 8.1.3), in as few bytes as it takes. */
static void
add_length(struct sp_buf *out, size_t len)
{
	if (len < 0x80) {
		sp_buf_u8(out, (uint8_t)len);
	} else if (len <= UINT8_MAX) {
		sp_buf_u8(out, 0x81);
		sp_buf_u8(out, (uint8_t)len);
	} else if (len <= UINT16_MAX) {
		sp_buf_u8(out, 0x82);
		sp_buf_u16be(out, (uint16_t)len);
	} else {
		sp_buf_u8(out, 0x84);
		sp_buf_u32be(out, (uint32_t)len);
	}
}

void
crypto_timestamp_reply(const void *token, size_t len, struct sp_buf *reply)
{
	/* PKIStatusInfo { status granted } */
	static const uint8_t granted[] = { 0x30, 3, 0x02, 1, GRANTED };

	SP_REQUIRE(len <= CRYPTO_TIMESTAMP_MAX);
	sp_buf_u8(reply, 0x30);
	add_length(reply, sizeof(granted) + len);
	sp_buf_add(reply, granted, sizeof(granted));
	sp_buf_add(reply, token, len);
}
