#ifndef MACHINE_TOKEN_H
#define MACHINE_TOKEN_H

#include "machine/service.h"

/*
 * Access tokens of service accounts ("spa_" texts, gate/text.h), of which the
 * SHA-256 is kept (table machine_service_token; service.c).  What is judged is
 * the scope of the token as it was issued, and still the service's; from the
 * service's ranges only, with the certificate it is bound to.
 *
 * Functions with a `tx` run inside an act on the agency's writer; those with a
 * `db` read, on any handle of the caller's own.
 */
#define MACHINE_TOKEN_LIFE  (3600 * SP_SECOND)
#define MACHINE_TOKENS_LIVE 100 /* of one service at a time */
#define MACHINE_TOKENS_HOUR 200 /* and issued to one in any 60 minutes */

/* Issue an access token to a service that has proven itself: at most
 * MACHINE_TOKEN_LIFE, never past the end of service or secret.  The scope is
 * within the service's (SP_E_INVALID, reason "oauth.invalid_scope").  The
 * service is looked at again: SP_E_UNKNOWN, reason "oauth.invalid_client", when
 * it was revoked meanwhile; SP_E_LIMIT, reason "service.tokens": too many that
 * are still good.  Entry "service.token" (expires, scope, token). */
struct machine_token_new {
	struct sp_id agency;
	struct sp_id service;
	struct gate_acts scope;
	sp_time until;              /* of the secret it proved itself with */
	struct people_doing doing;  /* likewise */
	const uint8_t *certificate; /* SHA-256 of the client's, to which it is
				     * bound (RFC 8705, 3); NULL: to none */
	const char *address;
};
struct machine_token {
	struct sp_id id;
	sp_time issued, expires;
	char text[GATE_TEXT_MAX];
};
enum sp_code machine_token_issue(struct ledger_tx *tx,
    const struct machine_token_new *n, struct machine_token *out,
    struct sp_err *err) SP_MUST_USE;

/* Who holds this access token?  Fails as gate_token_know does (token.void: the
 * issuer of the secret it was got with), and with reason "token.address" where
 * it is shown from outside the service's ranges, and "token.certificate"
 * without the certificate it is bound to: then *why says so and out->token is
 * the service, so that somebody can tell the ledger of it. On success fills
 * agency, token (the service's id), issuer, made (when the secret was), kind,
 * role, expires and scope; with an issuer, clearance. */
struct machine_shown {
	const struct people_rules *rules;
	const char *text;
	const char *address;
	const uint8_t *certificate; /* SHA-256, or NULL */
};
enum sp_code machine_token_know(struct db *db, const struct sp_id *agency,
    const struct machine_shown *shown, struct gate_caller *out,
    enum machine_refusal *why, struct sp_err *err) SP_MUST_USE;

/* In the act that ends what they were got with: they are good until then, at
 * most. */
enum sp_code machine_token_cut(struct db *db, const struct sp_id *service,
    sp_time until, struct sp_err *err) SP_MUST_USE;

#endif
