#ifndef ENTRANCE_SIGNIN_H
#define ENTRANCE_SIGNIN_H

#include "http/router.h"

/*
 * Signing in (signin/…, docs/signin.md): the ceremony and the invitations, then
 * what one does with sessions and with one's own password and factors.
 *
 * The steps of the ceremony ask no gate: nobody is known yet, and each is
 * judged by what it shows.  Everything else is admitted like any other act.
 *
 *   signin.c           the steps: password, app, recovery code, notice,
 * enrolling signin_session.c   sessions, invitations, one's own password and
 * factors signin_passkey.c   passkeys, signin_oidc.c a provider elsewhere
 *   signin_provider.c  which providers an agency has
 *   signin_page.c      the page that does all that in a browser
 */
extern const struct http_topic entrance_signin_topic;
extern const struct http_topic entrance_session_topic;

/*
 * Sign-in at an identity provider elsewhere (docs/federation.md): a browser is
 * sent there and comes back, and the session goes on at the sign-in page.
 * However that ends, the browser is sent to that page: with "problem" where it
 * did not end well, which says the reason and nothing else.
 */
extern const struct http_topic entrance_signin_oidc_topic;
/* An agency's providers, for its administrator. */
extern const struct http_topic entrance_signin_provider_topic;

/* The browser that began a sign-in: SameSite=Lax, for it comes back from
 * another site. */
#define ENTRANCE_SIGNIN_OIDC_COOKIE "__Host-sallyport-oidc"

/*
 * Passkeys (signin/passkey.h): what a browser is to ask its authenticator, and
 * what it answered.  To sign in by one alone, to show one in a session, and to
 * enrol one in a session that waits for a first factor or was proved lately.
 * The relying party is the name by which the request came (http/origin.h).
 */
extern const struct http_topic entrance_signin_passkey_topic;

/*
 * The sign-in page: one HTML file with its script and style inside
 * (web/signin), allowed by their hashes in the policy that it is served with.
 * It speaks to this API and to nobody else.
 */
extern const struct http_topic entrance_signin_page_topic;
/* Made by web/signin/build.mjs. */
extern const char entrance_signin_page_policy[];
extern const uint8_t entrance_signin_page[];
extern const size_t entrance_signin_page_len;

/* For the sources of this module: members of a JSON body that are text. */
struct entrance_signin_member {
	const char *name;
	const char **out; /* NULL: absent; into the root */
	bool needed;
};
#define ENTRANCE_SIGNIN_TEXT 1024 /* bytes of one, at most */
struct json_t;
/* An object with these members, "cookie" (true or false; `cookie` NULL: not
 * here) and no other.  *root is the caller's to entrance_signin_forget. */
enum sp_code entrance_signin_read(const struct http_request *q,
    const struct entrance_signin_member *m, size_t n, bool *cookie,
    struct json_t **root, struct sp_err *err) SP_MUST_USE;
/* Wipes the texts of the body, then frees it. */
void entrance_signin_forget(struct json_t **root);
#define ENTRANCE_SIGNIN_AUTO_BODY                                              \
	SP_CLEANUP(entrance_signin_forget) struct json_t *

struct signin_from;
struct signin_step;
struct sp_buf;
struct signin_from entrance_signin_from(const struct http_request *q);
/* {"expires_at":…,"factors":[…],"person":…,"session":…,"stage":…}, the text in
 * the cookie instead when that is how it is known or asked for. */
enum sp_code entrance_signin_answer(struct http_request *q,
    struct http_answer *a, const struct signin_step *step, bool cookie,
    struct sp_err *err) SP_MUST_USE;
/* The same with "recovery_codes". */
struct signin_codes;
enum sp_code entrance_signin_answer_enrolled(struct http_request *q,
    struct http_answer *a, const struct signin_step *step,
    const struct signin_codes *codes, struct sp_err *err) SP_MUST_USE;
/* {"secret":…,"uri":…} of an authenticator app. */
struct signin_offer;
enum sp_code entrance_signin_answer_offer(struct http_answer *a,
    const struct signin_offer *offer, struct sp_err *err) SP_MUST_USE;

#endif
