#ifndef FEDERATION_JWT_H
#define FEDERATION_JWT_H

#include "base/clock.h"
#include "federation/keys.h"

#include <jansson.h>

/*
 * ID tokens: who a provider says somebody is (OpenID Connect Core 1.0, 2 and
 * 3.1.3.7; RFC 7519; RFC 8725).  Pure: the time is an argument.
 *
 * In this order, each step failing closed:
 *   1. size; three parts of canonical base64url; header and claims are JSON
 *      objects in which no member comes twice
 *   2. header: `alg` on the provider's list (never "none", nor a symmetric
 *      one: those are on no list), `kid` there, `typ` absent or "JWT", and none
 *      of jwk jku x5u x5c crit b64 enc zip: no key and no meaning comes out of
 *      the token itself
 *   3. the key of that kid, of the kind that the algorithm takes; signature
 *   4. iss, to the byte; aud holds the client's id; azp, where it is there or
 *      aud holds another, is the client's id; nonce
 *   5. exp, nbf, iat, auth_time, with FEDERATION_SKEW between the two clocks
 *   6. sub
 * No claim is looked at before the signature verified.
 */
#define FEDERATION_JWT_MAX     ((size_t)16 << 10)
#define FEDERATION_SKEW        (60 * SP_SECOND)
#define FEDERATION_SUBJECT_MAX 255

struct federation_expect {
	const char *issuer, *client, *nonce;
	unsigned algorithms; /* FEDERATION_HAS */
	sp_time now;
	sp_time since;   /* no token from before: when it was asked for */
	sp_time max_age; /* of the sign-in there; 0: any */
	sp_time after;   /* the sign-in there is not from before; 0: any */
};

struct federation_claims {
	char subject[FEDERATION_SUBJECT_MAX + 1];
	sp_time issued, expires;
	sp_time proved; /* auth_time; 0: not said */
	json_t *all;    /* owned */
};
void federation_claims_done(struct federation_claims *c);
#define FEDERATION_AUTO_CLAIMS                                                 \
	SP_CLEANUP(federation_claims_done) struct federation_claims

/* SP_E_INVALID, reason "jwt.malformed"; SP_E_NOTFOUND, reason "jwt.kid": the
 * keys may be old; SP_E_UNKNOWN with the reason: jwt.algorithm, jwt.header,
 * jwt.key, jwt.signature, jwt.issuer, jwt.audience, jwt.azp, jwt.nonce,
 * jwt.expired, jwt.early, jwt.issued, jwt.proved, jwt.subject.  Texts repeat
 * nothing of the token. */
enum sp_code federation_jwt_verify(const char *text, size_t len,
    const struct federation_keys *keys, const struct federation_expect *want,
    struct federation_claims *out, struct sp_err *err) SP_MUST_USE;

#endif
