#ifndef CRYPTO_TIMESTAMP_H
#define CRYPTO_TIMESTAMP_H

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/digest.h"

/*
 * RFC 3161 timestamps: an authority's signed word that the bytes with this
 * SHA-256 were there at a time.
 *
 *   request  TimeStampReq: version 1, imprint, policy or none, nonce,
 *            certReq TRUE
 *   reply    TimeStampResp: SEQUENCE { PKIStatusInfo, token OPTIONAL }
 *   token    CMS SignedData over a TSTInfo, by one signer, whose certificate
 *            is for timestamping and nothing else (RFC 3161 2.3)
 *
 * A reply comes from the network: every byte of it is checked, and nothing
 * may follow it.  Any thread.
 */
#define CRYPTO_TIMESTAMP_MAX    ((size_t)64 << 10) /* bytes of a reply */
#define CRYPTO_TIMESTAMP_POLICY 128                /* of an OID's text */
#define CRYPTO_TIMESTAMP_CAS    64                 /* certificates in a file */

/* What a timestamp must be about, and whose it must be. */
struct crypto_timestamp_wish {
	uint8_t sha256[CRYPTO_SHA256_LEN];
	uint64_t nonce;     /* what was sent; 0: whatever it is (old tokens) */
	const char *policy; /* "1.2.3.4"; NULL: any */
	const char *ca;     /* PEM: CA certificates, one of them a root */
};

/* SP_E_INVALID when the policy is no OID. */
enum sp_code crypto_timestamp_request(const struct crypto_timestamp_wish *w,
    struct sp_buf *der, struct sp_err *err) SP_MUST_USE;

/*
 * Is the reply what was wished for?  *time is when the authority says the
 * bytes were there, and `token` gets the token's bytes.  Certificates have to
 * be valid at that time: whether it is near enough to now is the caller's to
 * ask.  SP_E_INVALID: malformed; SP_E_DENIED: the authority refused, and its
 * text says why; SP_E_CORRUPT: it is about something else, or not signed by
 * whom the CA vouches for.
 */
enum sp_code crypto_timestamp_check(const void *reply, size_t len,
    const struct crypto_timestamp_wish *w, sp_time *time, struct sp_buf *token,
    struct sp_err *err) SP_MUST_USE;

/* A reply (status granted) around a token that was kept: what `openssl ts`
 * and others read. */
void crypto_timestamp_reply(
    const void *token, size_t len, struct sp_buf *reply);

/* Does the PEM hold certificates, and only whole ones?  SP_E_INVALID. */
enum sp_code crypto_timestamp_ca_ok(
    const char *pem, struct sp_err *err) SP_MUST_USE;

#endif
