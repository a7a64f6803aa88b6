#ifndef MACHINE_OAUTH_H
#define MACHINE_OAUTH_H

#include "machine/form.h"
#include "machine/guard.h"

/*
 * The token endpoint: OAuth 2.0 client credentials (RFC 6749 4.4), hardened as
 * RFC 9700 asks.  A client proves itself in one of two ways (2.3.1), never in
 * both at once:
 *
 *   client_secret_basic  Authorization: Basic base64(id ":" secret), each
 *                        form-encoded first
 *   client_secret_post   client_id and client_secret in the body
 *
 * Body (application/x-www-form-urlencoded): grant_type=client_credentials, and
 * scope, names of acts with spaces between them.  Without scope it is all that
 * the service was given; with it, that or less: what was not given is refused
 * (invalid_scope), never left out in silence.
 *
 * Answers are JSON, RFC 6749 5.1 and 5.2: access_token, expires_in, scope,
 * token_type; or error and error_description.
 *
 *   invalid_request 400, unsupported_grant_type 400, invalid_scope 400,
 *   invalid_client 401 with WWW-Authenticate; 429 with Retry-After after too
 *   many failures (invalid_client) or with too many tokens (invalid_request)
 *
 * Whoever is not the service learns nothing: an unknown id, a wrong secret, the
 * right one from a wrong address and one that is over get the same answer,
 * after the same work.
 */

/* What it works with; all borrowed. */
struct machine_oauth {
	struct sp_id agency;
	struct db_pool *readers;
	struct ledger_writer *writer;
	struct machine_guard *guard;
	const struct people_rules *rules;
};

/* What was sent; all borrowed. */
struct machine_oauth_ask {
	const char *authorization; /* the header field, or NULL */
	bool form;                 /* the body says that it is one */
	const void *body;
	size_t len;
	const char *address;
	const uint8_t *certificate; /* SHA-256 of the client's, or NULL */
};

struct machine_oauth_answer {
	unsigned status;
	bool challenge;     /* WWW-Authenticate: Basic */
	sp_time wait;       /* Retry-After; 0: none */
	struct sp_buf body; /* JSON; secret */
};

/* Who they say that they are, out of header and body: SP_E_INVALID, reason
 * "oauth.invalid_request"; SP_E_UNKNOWN, reason "oauth.invalid_client", for a
 * way of proving that is not one of the two.  The texts lie in `form` and
 * `basic` (secret, empty before). */
struct machine_claim {
	const char *client, *secret;
};
enum sp_code machine_oauth_claim(const struct machine_oauth_ask *ask,
    const struct machine_form *form, struct sp_buf *basic,
    struct machine_claim *out, struct sp_err *err) SP_MUST_USE;

/* SP_OK: answered, if only with an error of RFC 6749's.  Else nothing could be
 * written or read, and the failure is told in the caller's own way.  `out`'s
 * body is made by machine_oauth_answer_new. */
enum sp_code machine_oauth_token(const struct machine_oauth *o,
    const struct machine_oauth_ask *ask, struct machine_oauth_answer *out,
    struct sp_err *err) SP_MUST_USE;
struct machine_oauth_answer machine_oauth_answer_new(void);
void machine_oauth_answer_done(struct machine_oauth_answer *a);

#endif
