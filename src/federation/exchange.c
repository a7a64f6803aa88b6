#include "federation/exchange.h"

#include "base/encode.h"
#include "federation/jwt.h"

#include <string.h>
#include <strings.h>

static void
add(struct sp_buf *out, const char *name, const char *value)
{
	sp_buf_fmt(out, "&%s=", name);
	federation_text_percent(out, value);
}

void
federation_exchange_url(const struct federation_ask *k, struct sp_buf *out)
{
	const struct federation_provider *p = k->provider;
	const char *at = k->metadata->authorization;

	sp_buf_text(out, at);
	sp_buf_text(out, strchr(at, '?') == NULL ? "?" : "&");
	sp_buf_text(out, "response_type=code");
	add(out, "client_id", p->client);
	add(out, "redirect_uri", k->redirect);
	add(out, "scope", p->scope);
	add(out, "state", k->flow->state);
	add(out, "nonce", k->flow->nonce);
	add(out, "code_challenge", k->flow->challenge);
	sp_buf_text(out, "&code_challenge_method=S256");
	if (p->ask_acr[0] != '\0')
		add(out, "acr_values", p->ask_acr);
	if (k->flow->after != 0)
		sp_buf_text(out, "&prompt=login");
	if (p->max_age > 0)
		sp_buf_fmt(out, "&max_age=%" PRId64, p->max_age / SP_SECOND);
}

enum sp_code
federation_exchange_check(const struct federation_ask *k,
    const struct federation_return *r, struct sp_err *err)
{
	if (r->iss == NULL ? k->metadata->says_issuer
			   : strcmp(r->iss, k->provider->issuer) != 0)
		return sp_fail_as(err, SP_E_UNKNOWN, "exchange.issuer",
		    "the answer is not from the provider that was asked");
	if (r->error != NULL)
		return sp_fail_as(err, SP_E_UNKNOWN, "exchange.denied",
		    "the provider did not sign you in: begin again");
	if (r->code == NULL || r->code[0] == '\0' ||
	    strnlen(r->code, FEDERATION_CODE_MAX + 1) > FEDERATION_CODE_MAX)
		return sp_fail_as(err, SP_E_UNKNOWN, "exchange.code",
		    "the provider sent no code: begin again");
	return SP_OK;
}

/* RFC 6749 2.3.1: both are encoded as in a form before they are joined. */
static void
add_basic(const struct federation_provider *p, const struct sp_buf *secret,
    struct sp_buf *out)
{
	SP_AUTO_BUF joined = sp_buf_secret(
	    3 * (FEDERATION_CLIENT_MAX + FEDERATION_SECRET_MAX) + 1);

	federation_text_percent(&joined, p->client);
	sp_buf_u8(&joined, ':');
	federation_text_percent(&joined, sp_buf_str(secret));
	sp_buf_base64(out, joined.at, joined.len);
}

void
federation_exchange_form(const struct federation_ask *k, const char *code,
    const struct sp_buf *secret, struct sp_buf *form, struct sp_buf *basic)
{
	const struct federation_provider *p = k->provider;

	SP_REQUIRE(form->secret && basic->secret);
	sp_buf_text(form, "grant_type=authorization_code");
	add(form, "code", code);
	add(form, "redirect_uri", k->redirect);
	add(form, "code_verifier", k->flow->verifier);
	if (p->auth == FEDERATION_AUTH_BASIC) {
		add_basic(p, secret, basic);
		return;
	}
	add(form, "client_id", p->client);
	if (p->auth == FEDERATION_AUTH_POST)
		add(form, "client_secret", sp_buf_str(secret));
}

/* ---- The answer ---- */

static enum sp_code
refused(unsigned status, const json_t *doc, struct sp_err *err)
{
	const char *why = federation_text_member(doc, "error", 60);

	if (why != NULL && strcmp(why, "invalid_grant") == 0)
		return sp_fail_as(err, SP_E_UNKNOWN, "exchange.refused",
		    "the provider does not take its code: begin again");
	if (why != NULL || status == 401)
		return sp_fail_as(err, SP_E_UNAVAIL, "exchange.client",
		    "the provider refuses this site (%s): have its "
		    "configuration looked at",
		    why == NULL ? "401" : why);
	return sp_fail_as(err, SP_E_UNAVAIL, "exchange.malformed",
	    "the provider answered with status %u", status);
}

enum sp_code
federation_exchange_answer(unsigned status, const struct sp_buf *body,
    struct sp_buf *id_token, struct sp_err *err)
{
	static const struct federation_doc kind = { "the provider's answer",
		"exchange.malformed", FEDERATION_DISCOVERY_MAX };
	FEDERATION_AUTO_JSON doc = NULL;
	const char *type, *token;

	SP_REQUIRE(id_token->secret);
	if (federation_text_object(&kind, body->at, body->len, &doc, NULL) !=
	    SP_OK)
		return sp_fail_as(err, SP_E_UNAVAIL, "exchange.malformed",
		    "the provider's answer is not understood (status %u)",
		    status);
	if (status != 200)
		return refused(status, doc, err);
	type = federation_text_member(doc, "token_type", 20);
	token = federation_text_member(doc, "id_token", FEDERATION_JWT_MAX);
	if (type == NULL || strcasecmp(type, "Bearer") != 0 || token == NULL)
		return sp_fail_as(err, SP_E_UNAVAIL, "exchange.malformed",
		    "the provider's answer holds no ID token");
	sp_buf_text(id_token, token);
	return sp_buf_check(id_token, "an ID token", err);
}
