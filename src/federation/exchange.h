#ifndef FEDERATION_EXCHANGE_H
#define FEDERATION_EXCHANGE_H

#include "federation/discovery.h"
#include "federation/flow.h"

/*
 * What is said to a provider and what it answers, without the wire: the URL
 * that a browser is sent to, what it comes back with, and the code redeemed
 * for an ID token (OpenID Connect Core 1.0, 3.1; RFC 6749 4.1; RFC 7636; RFC
 * 9207).  Pure.
 */
#define FEDERATION_CODE_MAX     ((size_t)2048)
#define FEDERATION_REDIRECT_MAX ((size_t)1400)
#define FEDERATION_ASK_MAX      ((size_t)12 << 10)

struct federation_ask {
	const struct federation_provider *provider;
	const struct federation_metadata *metadata;
	const struct federation_flow *flow;
	const char *redirect; /* the redirect URI */
};
void federation_exchange_url(
    const struct federation_ask *k, struct sp_buf *out);

/* What the browser brings; each NULL when it is not there. */
struct federation_return {
	const char *code, *iss, *error;
};
/* SP_E_UNKNOWN: reason "exchange.issuer", it comes from another provider than
 * it was sent to (or does not say, where that one does): mix-up;
 * "exchange.denied": the provider or the person said no; "exchange.code". */
enum sp_code federation_exchange_check(const struct federation_ask *k,
    const struct federation_return *r, struct sp_err *err) SP_MUST_USE;

/* The form for the token endpoint, and the credential (base64) beside it where
 * that is the way.  Both are secret buffers; `secret` may be empty. */
void federation_exchange_form(const struct federation_ask *k, const char *code,
    const struct sp_buf *secret, struct sp_buf *form, struct sp_buf *basic);

/* The answer; appends the ID token to a secret buffer.  The access token is not
 * kept: nobody here has a use for it.  SP_E_UNKNOWN, reason
 * "exchange.refused": the code is not good (any more); SP_E_UNAVAIL,
 * "exchange.client": we are refused ourselves, have the provider's
 * configuration looked at; "exchange.malformed". */
enum sp_code federation_exchange_answer(unsigned status,
    const struct sp_buf *body, struct sp_buf *id_token,
    struct sp_err *err) SP_MUST_USE;

#endif
