#ifndef FEDERATION_PROVIDER_H
#define FEDERATION_PROVIDER_H

#include "crypto/secret.h"
#include "federation/keys.h"
#include "federation/text.h"
#include "people/person.h"

/*
 * An agency's identity providers, as its administrator configured them: rows
 * of the agency's database.  A row never changes: what is to be other is
 * removed and added.  Links of persons to their accounts there (mapping.h) go
 * by the issuer, and outlive both.
 */
#define FEDERATION_PROVIDERS_MAX 8 /* of an agency */
#define FEDERATION_NAME_MAX      40
#define FEDERATION_TITLE_MAX     100
#define FEDERATION_CLIENT_MAX    255
#define FEDERATION_SECRET_MAX    512
#define FEDERATION_CLAIM_MAX     64
#define FEDERATION_WORDS_MAX     400
#define FEDERATION_PEM_MAX       ((size_t)32 << 10)
#define FEDERATION_SECRET_KEY    32 /* bytes of the key a secret is sealed by */

extern const char federation_schema[], federation_flow_schema[]; /* tables */

/* How we show the token endpoint who we are (OpenID Connect Core 9).
 * id, name, takes a secret */
#define FEDERATION_AUTHS(X)                                                    \
	X(FEDERATION_AUTH_BASIC, "client_secret_basic", true)                  \
	X(FEDERATION_AUTH_POST, "client_secret_post", true)                    \
	X(FEDERATION_AUTH_NONE, "none", false) /* PKCE alone */

enum federation_auth {
#define X(id, name, secret) id,
	FEDERATION_AUTHS(X)
#undef X
	    FEDERATION_AUTH_COUNT
};
const char *federation_auth_name(enum federation_auth auth);
bool federation_auth_takes_secret(enum federation_auth auth);

struct federation_provider {
	struct sp_id id;
	char name[FEDERATION_NAME_MAX + 1];   /* in URLs: sp_slug_ok */
	char title[FEDERATION_TITLE_MAX + 1]; /* for people */
	char issuer[FEDERATION_URL_MAX + 1];
	char client[FEDERATION_CLIENT_MAX + 1];
	char origin[FEDERATION_URL_MAX + 1]; /* this site's, as browsers see
						it: the redirect URI's */
	enum federation_auth auth;
	unsigned algorithms; /* FEDERATION_HAS */
	/* Words: of scope; hosts that the provider's endpoints may be on
	 * besides the issuer's own; values of acr and amr that say that two
	 * factors were shown; of acr to ask for. */
	char scope[FEDERATION_WORDS_MAX + 1];
	char hosts[FEDERATION_WORDS_MAX + 1];
	char second_acr[FEDERATION_WORDS_MAX + 1];
	char second_amr[FEDERATION_WORDS_MAX + 1];
	char ask_acr[FEDERATION_WORDS_MAX + 1];
	/* Claims that name the person here: by `human`, by login; and those of
	 * a new person.  "": none does. */
	char human_claim[FEDERATION_CLAIM_MAX + 1];
	char login_claim[FEDERATION_CLAIM_MAX + 1];
	char name_claim[FEDERATION_CLAIM_MAX + 1];
	char provision[24];   /* role of those it adds; "": it adds nobody */
	sp_time max_age;      /* of the sign-in there; 0: any */
	struct sp_buf tls_ca; /* PEM; empty: the system's */
	sp_time added;
};
struct federation_provider federation_provider_new(void);
void federation_provider_free(struct federation_provider *p);
#define FEDERATION_AUTO_PROVIDER                                               \
	SP_CLEANUP(federation_provider_free) struct federation_provider

/* What an administrator sends, an object of the members that
 * federation_provider_json writes, with "secret" and "tls_ca" besides; *out is
 * new, and gets an id.  `secret` (a secret buffer) gets the secret.  `local`:
 * providers on this machine may be spoken to over plain http.  SP_E_INVALID,
 * reason "provider.<member>". */
enum sp_code federation_provider_read(json_t *in, bool local,
    struct federation_provider *out, struct sp_buf *secret,
    struct sp_err *err) SP_MUST_USE;
/* {"added_at":…,…}; whoever signs in sees no more than name and title. */
void federation_provider_json(
    struct sp_json *j, const char *name, const struct federation_provider *p);

/*
 * The client's secret, sealed: AES-256-GCM (the whole stream of
 * crypto/stream.h) under the agency's key for sign-in, which the keeper
 * unwraps.  Associated data is "sallyport/provider/1\n<agency id>\n<provider
 * id>\n": another provider's or agency's does not open.
 */
enum sp_code federation_provider_seal(struct crypto_secret *key,
    const struct sp_id *agency, const struct sp_id *provider,
    const struct sp_buf *secret, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
/* SP_E_CORRUPT: it does not open. */
enum sp_code federation_provider_open(struct crypto_secret *key,
    const struct sp_id *agency, const struct sp_id *provider,
    const struct sp_buf *sealed, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;

/* Entry "provider.added" (config: the SHA-256 of what is configured, without
 * the secret).  `sealed` is empty for one without a secret.  SP_E_CONFLICT,
 * reason "provider.name": it is taken; SP_E_LIMIT, "provider.many". */
enum sp_code federation_provider_add(const struct people_act *a,
    const struct federation_provider *p, const struct sp_buf *sealed,
    struct sp_err *err) SP_MUST_USE;
/* Entry "provider.removed".  SP_E_NOTFOUND.  What it began ends with it. */
enum sp_code federation_provider_remove(const struct people_act *a,
    const char *name, struct sp_err *err) SP_MUST_USE;

/* SP_E_NOTFOUND, reason "provider.unknown".  `sealed` gets the sealed secret,
 * or stays empty; it may be NULL. */
enum sp_code federation_provider_get(struct db *db, const char *name,
    struct federation_provider *out, struct sp_buf *sealed,
    struct sp_err *err) SP_MUST_USE;
/* Each by name. */
enum sp_code federation_provider_each(struct db *db,
    enum sp_code (*visit)(
	void *arg, const struct federation_provider *p, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;

/* ".../v1/agencies/<slug>/signin/oidc/<name>/callback" below its origin: what
 * is registered there, to the byte. */
void federation_provider_redirect(
    const struct federation_provider *p, const char *slug, struct sp_buf *out);

#endif
