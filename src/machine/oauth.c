#include "machine/oauth.h"

#include "base/encode.h"
#include "base/json.h"
#include "crypto/secret.h"
#include "machine/token.h"

#include <string.h>
#include <strings.h>

/* Longer ids and secrets are not ours. */
#define BASIC_MAX 1024

struct machine_oauth_answer
machine_oauth_answer_new(void)
{
	return (struct machine_oauth_answer){ .body = sp_buf_secret(8192) };
}

void
machine_oauth_answer_done(struct machine_oauth_answer *a)
{
	sp_buf_free(&a->body);
}

/* --- who they say they are --- */

static enum sp_code
no_client(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_UNKNOWN, "oauth.invalid_client",
	    "client authentication failed");
}

/* base64(id ":" secret), each form-encoded: what it decodes to lies in `out`
 * as two texts. */
static enum sp_code
read_basic(const char *s, struct sp_buf *out, struct machine_claim *claim,
    struct sp_err *err)
{
	char pair[BASIC_MAX];
	CRYPTO_WIPE_ON_EXIT(pair);
	size_t len = sizeof(pair), secret;
	const char *colon;

	if (!sp_base64_parse(s, strlen(s), pair, &len))
		return no_client(err);
	colon = memchr(pair, ':', len);
	if (colon == NULL ||
	    !machine_form_decode(pair, (size_t)(colon - pair), out))
		return no_client(err);
	secret = out->len;
	if (!machine_form_decode(
		colon + 1, len - (size_t)(colon + 1 - pair), out))
		return no_client(err);
	claim->client = (const char *)out->at;
	claim->secret = (const char *)out->at + secret;
	return SP_OK;
}

enum sp_code
machine_oauth_claim(const struct machine_oauth_ask *ask,
    const struct machine_form *form, struct sp_buf *basic,
    struct machine_claim *out, struct sp_err *err)
{
	struct machine_claim claim = {
		.client = machine_form_get(form, "client_id"),
		.secret = machine_form_get(form, "client_secret"),
	};
	const char *id = claim.client;

	if (ask->authorization == NULL) {
		if (claim.client == NULL || claim.secret == NULL)
			return no_client(err);
		*out = claim;
		return SP_OK;
	}
	if (claim.secret != NULL)
		return sp_fail_as(err, SP_E_INVALID, "oauth.invalid_request",
		    "client_secret in the body and Authorization as well");
	if (strncasecmp(ask->authorization, "Basic ", 6) != 0)
		return no_client(err);
	SP_TRY(read_basic(ask->authorization + 6, basic, &claim, err));
	if (id != NULL && strcmp(id, claim.client) != 0)
		return sp_fail_as(err, SP_E_INVALID, "oauth.invalid_request",
		    "client_id in the body is another's than in Authorization");
	*out = claim;
	return SP_OK;
}

/* --- answers --- */

static void
put_error(struct machine_oauth_answer *out, const char *error, const char *text)
{
	struct sp_json j = sp_json_to(&out->body);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "error", error);
	sp_json_str(&j, "error_description", text);
	sp_json_end(&j);
}

static void
put_token(struct machine_oauth_answer *out, const struct gate_acts *scope,
    const struct machine_token *t)
{
	SP_AUTO_BUF names = sp_buf_new(MACHINE_SCOPE_TEXT);
	struct sp_json j = sp_json_to(&out->body);

	machine_scope_text(scope, &names);
	out->status = 200;
	sp_json_object(&j, NULL);
	sp_json_str(&j, "access_token", t->text);
	sp_json_int(&j, "expires_in", (t->expires - t->issued) / SP_SECOND);
	sp_json_str(&j, "scope", sp_buf_str(&names));
	sp_json_str(&j, "token_type", "Bearer");
	sp_json_end(&j);
}

/* Which failures are answers of the protocol's. */
static const struct {
	const char *reason, *error;
	unsigned status;
	bool challenge;
	sp_time wait;
} errors[] = {
	{ "oauth.invalid_request", "invalid_request", 400, false, 0 },
	{ "oauth.unsupported_grant_type", "unsupported_grant_type", 400, false,
	    0 },
	{ "oauth.invalid_scope", "invalid_scope", 400, false, 0 },
	{ "oauth.invalid_client", "invalid_client", 401, true, 0 },
	{ "oauth.throttled", "invalid_client", 429, false, 0 },
	{ "service.tokens", "invalid_request", 429, false, 60 * SP_SECOND },
};

static enum sp_code
answer_error(struct machine_oauth_answer *out, const struct sp_err *failed,
    struct sp_err *err)
{
	const char *reason = failed->reason == NULL ? "" : failed->reason;

	for (size_t i = 0; i < SP_COUNTOF(errors); i++) {
		if (strcmp(errors[i].reason, reason) != 0)
			continue;
		out->status = errors[i].status;
		out->challenge = errors[i].challenge;
		if (errors[i].wait != 0)
			out->wait = errors[i].wait;
		put_error(out, errors[i].error, failed->text);
		return sp_buf_check(&out->body, "answer", err);
	}
	if (err != NULL)
		*err = *failed;
	return failed->code;
}

/* --- the request --- */

static enum sp_code
read_form(const struct machine_oauth_ask *ask, struct machine_form *form,
    struct sp_err *err)
{
	struct sp_err why = { .code = SP_OK };

	if (!ask->form)
		return sp_fail_as(err, SP_E_INVALID, "oauth.invalid_request",
		    "the body is application/x-www-form-urlencoded");
	if (machine_form_read(form, ask->body, ask->len, &why) != SP_OK)
		return sp_fail_as(
		    err, SP_E_INVALID, "oauth.invalid_request", "%s", why.text);
	return SP_OK;
}

static enum sp_code
check_grant(const struct machine_form *form, struct sp_err *err)
{
	const char *type = machine_form_get(form, "grant_type");

	if (type == NULL)
		return sp_fail_as(err, SP_E_INVALID, "oauth.invalid_request",
		    "grant_type is missing");
	if (strcmp(type, "client_credentials") != 0)
		return sp_fail_as(err, SP_E_INVALID,
		    "oauth.unsupported_grant_type",
		    "grant_type can only be client_credentials");
	return SP_OK;
}

static enum sp_code
narrow(
    const struct machine_form *form, struct gate_acts *io, struct sp_err *err)
{
	const char *text = machine_form_get(form, "scope");
	struct gate_acts asked;

	if (text == NULL)
		return SP_OK;
	if (machine_scope_parse(text, &asked, NULL) != SP_OK ||
	    !machine_scope_within(&asked, io))
		return sp_fail_as(err, SP_E_INVALID, "oauth.invalid_scope",
		    "the scope is not within the one that was granted");
	*io = asked;
	return SP_OK;
}

static enum sp_code
prove(const struct machine_oauth *o, const struct machine_oauth_ask *ask,
    const struct machine_claim *claim, struct machine_proven *proven,
    struct sp_err *err)
{
	struct machine_proof proof = { o->agency, o->rules, claim->client,
		claim->secret, ask->address };
	DB_LENT(reader, o->readers);

	return machine_service_prove(reader.db, &proof, proven, err);
}

/* The proof is looked at even when nobody listens to it: an answer that came
 * sooner would be another answer. */
static enum sp_code
authenticate(const struct machine_oauth *o, const struct machine_oauth_ask *ask,
    const struct machine_claim *claim, struct machine_proven *proven,
    struct machine_oauth_answer *out, struct sp_err *err)
{
	struct machine_try t = { claim->client, ask->address };
	bool heard = machine_guard_may(o->guard, &t, o->rules, &out->wait);
	struct sp_err why = { .reason = NULL };
	enum sp_code code = prove(o, ask, claim, proven, &why);

	if (code != SP_OK && proven->refusal == MACHINE_PROVEN) {
		if (err != NULL)
			*err = why;
		return code; /* of the database */
	}
	if (!heard) {
		machine_guard_refused(
		    o->guard, &proven->id, MACHINE_THROTTLED, ask->address);
		return sp_fail_as(err, SP_E_UNKNOWN, "oauth.throttled",
		    "too many failures: wait before the next attempt");
	}
	if (code != SP_OK) {
		machine_guard_failed(o->guard, &t, o->rules);
		machine_guard_refused(
		    o->guard, &proven->id, proven->refusal, ask->address);
		return no_client(err);
	}
	machine_guard_passed(o->guard, &t);
	return SP_OK;
}

struct issuing {
	struct machine_token_new new;
	struct machine_token token;
};

static enum sp_code
issue_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct issuing *i = arg;

	return machine_token_issue(tx, &i->new, &i->token, err);
}

static enum sp_code
serve(const struct machine_oauth *o, const struct machine_oauth_ask *ask,
    struct machine_oauth_answer *out, struct sp_err *err)
{
	MACHINE_AUTO_FORM form = machine_form_new();
	SP_AUTO_BUF basic = sp_buf_secret(BASIC_MAX);
	struct machine_proven proven = { .refusal = MACHINE_PROVEN };
	struct machine_claim claim;
	struct issuing i = { .new = { .agency = o->agency } };
	CRYPTO_WIPE_ON_EXIT(i);

	SP_TRY(read_form(ask, &form, err));
	SP_TRY(machine_oauth_claim(ask, &form, &basic, &claim, err));
	SP_TRY(authenticate(o, ask, &claim, &proven, out, err));
	SP_TRY(check_grant(&form, err));
	SP_TRY(narrow(&form, &proven.scope, err));
	i.new.service = proven.id;
	i.new.scope = proven.scope;
	i.new.until = proven.expires;
	i.new.doing = proven.doing;
	i.new.certificate = ask->certificate;
	i.new.address = ask->address;
	SP_TRY(ledger_writer_run(o->writer, issue_act, &i, err));
	put_token(out, &proven.scope, &i.token);
	return sp_buf_check(&out->body, "answer", err);
}

enum sp_code
machine_oauth_token(const struct machine_oauth *o,
    const struct machine_oauth_ask *ask, struct machine_oauth_answer *out,
    struct sp_err *err)
{
	struct sp_err failed = { .reason = NULL };

	if (serve(o, ask, out, &failed) == SP_OK)
		return SP_OK;
	return answer_error(out, &failed, err);
}
