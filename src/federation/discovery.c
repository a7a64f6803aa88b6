#include "federation/discovery.h"

#include <string.h>

void
federation_discovery_url(const char *issuer, struct sp_buf *out)
{
	size_t len = strlen(issuer);

	while (len > 0 && issuer[len - 1] == '/')
		len--;
	sp_buf_add(out, issuer, len);
	sp_buf_text(out, "/.well-known/openid-configuration");
}

static enum sp_code
no_good(struct sp_err *err, const char *reason, const char *why)
{
	return sp_fail_as(err, SP_E_INVALID, reason,
	    "the provider's discovery document %s", why);
}

/* A list of texts, or what is meant when it is absent. */
static bool
offers(const json_t *doc, const char *member, const char *word, bool otherwise)
{
	const json_t *list = json_object_get(doc, member);

	if (list == NULL)
		return otherwise;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s != NULL && strcmp(s, word) == 0)
			return true;
	}
	return false;
}

static bool
host_ok(const struct federation_provider *p, const struct federation_url *u)
{
	struct federation_url issuer;

	if (!federation_text_url(p->issuer, true, &issuer))
		return false;
	return (strcmp(issuer.host, u->host) == 0 &&
		   issuer.plain == u->plain) ||
	    (!u->plain && federation_text_listed(p->hosts, u->host));
}

static enum sp_code
endpoint(const struct federation_provider *p, bool local, const json_t *doc,
    const char *member, char out[static FEDERATION_URL_MAX + 1],
    struct sp_err *err)
{
	const char *s = federation_text_member(doc, member, FEDERATION_URL_MAX);
	struct federation_url u;

	if (s == NULL || !federation_text_url(s, local, &u))
		return sp_fail_as(err, SP_E_INVALID, "discovery.endpoint",
		    "the provider's %s is no https URL", member);
	if (!host_ok(p, &u))
		return sp_fail_as(err, SP_E_INVALID, "discovery.endpoint",
		    "the provider's %s is on the host %.100s: name it among "
		    "the provider's hosts if that is right",
		    member, u.host);
	memcpy(out, s, strlen(s) + 1);
	return SP_OK;
}

static bool
any_algorithm(const struct federation_provider *p, const json_t *doc)
{
	for (size_t i = 0; i < FEDERATION_ALGORITHM_COUNT; i++)
		if ((p->algorithms & FEDERATION_HAS(i)) != 0 &&
		    offers(doc, "id_token_signing_alg_values_supported",
			federation_algorithm_name((enum federation_algorithm)i),
			true))
			return true;
	return false;
}

static enum sp_code
check_abilities(
    const struct federation_provider *p, const json_t *doc, struct sp_err *err)
{
	if (!offers(doc, "response_types_supported", "code", true) ||
	    !offers(doc, "code_challenge_methods_supported", "S256", true))
		return no_good(err, "discovery.flow",
		    "offers no code flow with PKCE (S256)");
	if (!any_algorithm(p, doc))
		return no_good(err, "discovery.algorithms",
		    "offers no signing algorithm that is allowed here");
	if (!offers(doc, "token_endpoint_auth_methods_supported",
		federation_auth_name(p->auth), true))
		return no_good(err, "discovery.auth",
		    "does not offer the way this site shows who it is");
	return SP_OK;
}

enum sp_code
federation_discovery_read(const struct federation_provider *p, bool local,
    const struct sp_buf *json, struct federation_metadata *out,
    struct sp_err *err)
{
	static const struct federation_doc kind = {
		"the provider's discovery document", "discovery.malformed",
		FEDERATION_DISCOVERY_MAX
	};
	FEDERATION_AUTO_JSON doc = NULL;
	struct federation_metadata m = { .says_issuer = false };
	const char *issuer;

	SP_TRY(federation_text_object(&kind, json->at, json->len, &doc, err));
	issuer = federation_text_member(doc, "issuer", FEDERATION_URL_MAX);
	if (issuer == NULL || strcmp(issuer, p->issuer) != 0)
		return no_good(err, "discovery.issuer",
		    "is of another issuer than is configured");
	SP_TRY(endpoint(
	    p, local, doc, "authorization_endpoint", m.authorization, err));
	SP_TRY(endpoint(p, local, doc, "token_endpoint", m.token, err));
	SP_TRY(endpoint(p, local, doc, "jwks_uri", m.jwks, err));
	SP_TRY(check_abilities(p, doc, err));
	m.says_issuer = json_is_true(json_object_get(
	    doc, "authorization_response_iss_parameter_supported"));
	*out = m;
	return SP_OK;
}
