#ifndef FEDERATION_FLOW_H
#define FEDERATION_FLOW_H

#include "crypto/secret.h"
#include "people/person.h"

/*
 * Sign-ins under way at a provider: from the moment a browser is sent there
 * until it comes back, once, within FEDERATION_FLOW_LIFE.
 *
 *   browser = 32 random bytes      in a __Host- cookie, and nowhere else
 *   state   = 32 random bytes      in the URL, there and back
 *   nonce    = SHA-256("sallyport/oidc/nonce/1\n"    || browser || state)
 *   verifier = SHA-256("sallyport/oidc/verifier/1\n" || browser || state)
 *
 * All are base64url outside.  Stored are SHA-256 of state and of browser: what
 * the code is redeemed with (RFC 7636) is made again from the cookie, so that
 * neither the database nor whoever sees the URL has it.  A browser that did not
 * begin a sign-in cannot end it (RFC 6749 10.12), and a state is gone when it
 * was taken, whatever comes of it.
 */
#define FEDERATION_FLOW_LIFE    (600 * SP_SECOND)
#define FEDERATION_FLOW_RANDOM  32
#define FEDERATION_FLOW_TEXT    44 /* base64url of 32 bytes, and the NUL */
#define FEDERATION_FLOW_NEXT    512
#define FEDERATION_FLOWS_MAX    4096 /* of an agency */
#define FEDERATION_FLOWS_OF_ONE 64   /* of a network */

/* Where a browser may be sent when it is signed in: a path of this site, which
 * no reader takes for another site's URL.  "/", then visible ASCII without
 * backslash; the second character is neither '/' nor '\'. */
bool federation_flow_next_ok(const char *s) SP_MUST_USE;

struct federation_flow {
	struct sp_id provider;
	sp_time began;
	sp_time after; /* a proof of before is not wanted; 0: any is */
	char next[FEDERATION_FLOW_NEXT + 1]; /* "": not said */
	/* Secret: to be wiped. */
	char browser[FEDERATION_FLOW_TEXT]; /* only from _begin */
	char state[FEDERATION_FLOW_TEXT];   /* likewise */
	char nonce[FEDERATION_FLOW_TEXT];
	char verifier[FEDERATION_FLOW_TEXT];  /* only from _take */
	char challenge[FEDERATION_FLOW_TEXT]; /* only from _begin: S256 */
};

/* Begin one; old ones go.  No entry: nothing has happened yet.  SP_E_INVALID,
 * reason "flow.next"; SP_E_UNAVAIL, "flow.many": too many are under way, from
 * this network (signin/throttle.h) or in all. */
struct federation_flow_new {
	struct sp_id provider;
	const char *next; /* NULL: not said */
	bool anew; /* the provider is to ask for a proof, whoever it knows */
};
enum sp_code federation_flow_begin(const struct people_act *a,
    const struct federation_flow_new *n, struct federation_flow *out,
    struct sp_err *err) SP_MUST_USE;

/* Take it: gone, whatever comes of it, if the act succeeds.  SP_E_UNKNOWN,
 * reason "flow.unknown": never begun, over, taken, begun by another browser or
 * at another provider; the text does not say which. */
struct federation_flow_back {
	struct sp_id provider;
	const char *state, *browser; /* as they came; NULL: none did */
};
enum sp_code federation_flow_take(const struct people_act *a,
    const struct federation_flow_back *b, struct federation_flow *out,
    struct sp_err *err) SP_MUST_USE;

#endif
