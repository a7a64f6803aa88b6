#ifndef CRYPTO_LEAF_H
#define CRYPTO_LEAF_H

#include "base/clock.h"
#include "crypto/secret.h"

#include "base/buf.h"

/*
 * Certificates of clients: what a request for one says (PKCS #10, RFC 2986),
 * and the certificate that is issued, in one fixed form (RFC 5280):
 *
 *   version 3, a serial of 126 random bits, signed with Ed25519
 *   issuer    CN=CRYPTO_LEAF_ISSUER: of all agencies one name, each its key
 *   subject   O=<owner>, CN=<subject>
 *   key       that of the request, taken over byte for byte
 *   critical  basicConstraints CA:FALSE, keyUsage digitalSignature
 *   besides   extKeyUsage clientAuth, subject and authority key identifier
 *
 * Nothing of a request but its key comes into the certificate.  Whoever issues
 * reads no key: bytes that are one DER SEQUENCE cannot be more than the key's
 * place in what is signed.
 *
 * Keys: EC P-256 and P-384 (named curve, uncompressed), Ed25519, RSA of 2,048
 * to 4,096 bits.  Any thread.
 */
#define CRYPTO_LEAF_ISSUER      "Sallyport device CA"
#define CRYPTO_LEAF_REQUEST_MAX ((size_t)8 << 10)
#define CRYPTO_LEAF_KEY_MAX     560 /* SubjectPublicKeyInfo of RSA 4096: 550 */
#define CRYPTO_LEAF_MAX         ((size_t)1 << 10)
#define CRYPTO_LEAF_NAME_MAX    64

struct crypto_leaf_key {
	uint8_t der[CRYPTO_LEAF_KEY_MAX];
	size_t len;
};

/* The key that a request in PEM asks for, and proves to have.  SP_E_INVALID:
 * not exactly one request; SP_E_DENIED: a kind or size of key, or of signature,
 * that is not taken; SP_E_MISMATCH: it is not signed with that key. */
enum sp_code crypto_leaf_request(const char *pem, size_t len,
    struct crypto_leaf_key *out, struct sp_err *err) SP_MUST_USE;

struct crypto_leaf {
	const char *owner;   /* printable ASCII, 1 to CRYPTO_LEAF_NAME_MAX */
	const char *subject; /* likewise */
	const struct crypto_leaf_key *key;
	sp_time from, until; /* cut to seconds; 1970 to 9999 */
};

/* Append the certificate's DER.  `seed` is the CA's Ed25519 key. */
enum sp_code crypto_leaf_issue(struct crypto_secret *seed,
    const struct crypto_leaf *leaf, struct sp_buf *der,
    struct sp_err *err) SP_MUST_USE;
void crypto_leaf_pem(const uint8_t *der, size_t len, struct sp_buf *out);

/* For a client: a new P-256 key (PKCS #8, into a secret buffer) and the request
 * for its certificate, both PEM. */
enum sp_code crypto_leaf_ask(
    struct sp_buf *key, struct sp_buf *request, struct sp_err *err) SP_MUST_USE;
/* The request again, of a key that was kept. */
enum sp_code crypto_leaf_ask_again(
    const char *key, struct sp_buf *request, struct sp_err *err) SP_MUST_USE;
/* Is this PEM certificate of this PEM key, and when does it begin and end?
 * SP_E_MISMATCH: of another. */
enum sp_code crypto_leaf_fits(const char *cert, const char *key, sp_time *from,
    sp_time *until, struct sp_err *err) SP_MUST_USE;

#endif
