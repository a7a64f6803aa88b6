#include "entrance/signin.h"

#include "crypto/secret.h"
#include "federation/exchange.h"
#include "federation/mapping.h"
#include "federation/source.h"
#include "http/json.h"

#include <string.h>

#define RETURN_MAX 2200

/* One sign-in, from the route's provider. */
struct ceremony {
	struct http_request *q;
	const struct signin_place *place;
	struct federation_provider provider;
	struct sp_buf sealed;
	struct signin_from from;
};

static void
ceremony_done(struct ceremony *c)
{
	federation_provider_free(&c->provider);
	sp_buf_free(&c->sealed);
}
#define AUTO_CEREMONY SP_CLEANUP(ceremony_done) struct ceremony

static struct ceremony
ceremony_new(struct http_request *q)
{
	return (struct ceremony){
		.q = q,
		.place = evidence_room_signin(q->room),
		.provider = federation_provider_new(),
		.sealed = sp_buf_new(FEDERATION_SECRET_MAX + 100),
		.from = { .address = q->address,
		    .agent = q->field[HTTP_F_USER_AGENT],
		    .source = "api" },
	};
}

static enum sp_code
find_provider(struct ceremony *c, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(c->q->room));

	return federation_provider_get(reader.db,
	    http_match_param(&c->q->match, "provider"), &c->provider,
	    &c->sealed, err);
}

static enum sp_code
sources(const struct http_request *q, struct federation_sources **out,
    struct sp_err *err)
{
	if (q->house->federation == NULL)
		return sp_fail_as(err, SP_E_UNAVAIL, "source.away",
		    "this server goes out to nobody");
	*out = q->house->federation;
	return SP_OK;
}

/* ---- Acts on the agency's writer ---- */

struct act {
	const struct ceremony *c;
	struct people_by by;
	/* beginning */
	struct federation_flow_new begin;
	/* coming back */
	struct federation_flow_back back;
	struct federation_flow flow;
	/* signing in */
	const struct federation_claims *claims;
	struct signin_step step;
};

static struct people_act
people_act(struct ledger_tx *tx, const struct act *t)
{
	return (struct people_act){ .tx = tx,
		.by = &t->by,
		.rules = t->c->place->rules,
		.now = sp_now() };
}

static enum sp_code
begin_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct act *t = arg;
	struct people_act a = people_act(tx, t);

	return federation_flow_begin(&a, &t->begin, &t->flow, err);
}

static enum sp_code
take_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct act *t = arg;
	struct people_act a = people_act(tx, t);

	return federation_flow_take(&a, &t->back, &t->flow, err);
}

/* Whose it is, and a session: both or neither. */
static enum sp_code
open_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct act *t = arg;
	struct people_act a = people_act(tx, t);
	struct signin_open o = {
		.agency = t->c->place->agency->id,
		.proof = { federation_mapping_factor(
			       &t->c->provider, t->claims),
		    "oidc", false },
		.from = t->c->from,
	};

	SP_TRY(federation_mapping_person(
	    &a, &t->c->provider, t->claims, &o.person, err));
	return signin_session_open(&a, &o, &t->step, err);
}

static struct act
act_of(const struct ceremony *c)
{
	return (struct act){
		.c = c,
		.by = signin_by_nobody(c->place, &c->from),
	};
}

/* ---- There ---- */

static void
send_to(struct http_answer *a, const char *url)
{
	a->status = 303;
	http_answer_set(a, "Location", url);
	http_answer_set(a, "Cache-Control", "no-store");
	http_answer_set(a, "Referrer-Policy", "no-referrer");
}

static enum sp_code
set_out(struct ceremony *c, struct act *t, struct http_answer *a,
    struct sp_err *err)
{
	SP_AUTO_BUF url = sp_buf_new(FEDERATION_ASK_MAX);
	SP_AUTO_BUF redirect = sp_buf_new(FEDERATION_REDIRECT_MAX);
	struct federation_sources *s = NULL;
	struct federation_metadata m;
	struct federation_ask ask = { &c->provider, &m, &t->flow, NULL };

	SP_TRY(sources(c->q, &s, err));
	/* A provider that is away costs nobody a row. */
	SP_TRY(federation_source_metadata(s, &c->provider, &m, err));
	SP_TRY(ledger_writer_run(c->place->writer, begin_act, t, err));
	federation_provider_redirect(
	    &c->provider, c->place->agency->slug, &redirect);
	ask.redirect = sp_buf_str(&redirect);
	federation_exchange_url(&ask, &url);
	SP_TRY(sp_buf_check(&redirect, "a URI", err));
	SP_TRY(sp_buf_check(&url, "a URL", err));
	http_answer_fmt(a, "Set-Cookie",
	    ENTRANCE_SIGNIN_OIDC_COOKIE
	    "=%s; Max-Age=600; Secure; HttpOnly; SameSite=Lax; Path=/",
	    t->flow.browser);
	send_to(a, sp_buf_str(&url));
	return SP_OK;
}

/* ---- And back ---- */

/* The values of the one cookie that says which browser this is. */
static bool
browser_of(const struct http_request *q, char out[static FEDERATION_FLOW_TEXT])
{
	struct http_pair ours = { .value = NULL };

	if (!http_request_cookie_named(q, ENTRANCE_SIGNIN_OIDC_COOKIE, &ours) ||
	    ours.value_len >= FEDERATION_FLOW_TEXT)
		return false;
	memcpy(out, ours.value, ours.value_len);
	out[ours.value_len] = '\0';
	return true;
}

static enum sp_code
open_secret(struct ceremony *c, struct sp_buf *out, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET key = NULL;

	if (!federation_auth_takes_secret(c->provider.auth))
		return SP_OK;
	SP_TRY(evidence_room_key(c->q->room, &key, err));
	return federation_provider_open(
	    key, &c->place->agency->id, &c->provider.id, &c->sealed, out, err);
}

/* The code redeemed for an ID token. */
static enum sp_code
redeem(struct ceremony *c, struct federation_sources *s,
    const struct federation_ask *ask, const char *code, struct sp_buf *token,
    struct sp_err *err)
{
	SP_AUTO_BUF secret = sp_buf_secret(FEDERATION_SECRET_MAX + 1);
	SP_AUTO_BUF form = sp_buf_secret(ERRAND_BODY_MAX);
	SP_AUTO_BUF basic = sp_buf_secret((size_t)4 * ERRAND_BASIC_MAX);
	SP_AUTO_BUF body = sp_buf_secret(ERRAND_ANSWER_MAX);
	const struct federation_post post = { ask->metadata->token, &form,
		&basic };
	unsigned status = 0;

	SP_TRY(open_secret(c, &secret, err));
	federation_exchange_form(ask, code, &secret, &form, &basic);
	SP_TRY(federation_source_post(
	    s, &c->provider, &post, &status, &body, err));
	return federation_exchange_answer(status, &body, token, err);
}

static enum sp_code
prove(struct ceremony *c, struct act *t, struct federation_claims *claims,
    struct sp_err *err)
{
	SP_AUTO_BUF token = sp_buf_secret(FEDERATION_JWT_MAX + 1);
	SP_AUTO_BUF redirect = sp_buf_new(FEDERATION_REDIRECT_MAX);
	struct federation_sources *s = NULL;
	struct federation_metadata m;
	const struct federation_return back = {
		.code = http_request_query(c->q, "code"),
		.iss = http_request_query(c->q, "iss"),
		.error = http_request_query(c->q, "error"),
	};
	struct federation_ask ask = { &c->provider, &m, &t->flow, NULL };
	struct federation_expect want = {
		.issuer = c->provider.issuer,
		.client = c->provider.client,
		.nonce = t->flow.nonce,
		.algorithms = c->provider.algorithms,
		.since = t->flow.began,
		.max_age = c->provider.max_age,
	};

	SP_TRY(sources(c->q, &s, err));
	SP_TRY(federation_source_metadata(s, &c->provider, &m, err));
	SP_TRY(federation_exchange_check(&ask, &back, err));
	federation_provider_redirect(
	    &c->provider, c->place->agency->slug, &redirect);
	SP_TRY(sp_buf_check(&redirect, "a URI", err));
	ask.redirect = sp_buf_str(&redirect);
	SP_TRY(redeem(c, s, &ask, back.code, &token, err));
	want.now = sp_now();
	return federation_source_verify(
	    s, &c->provider, &token, &want, claims, err);
}

static enum sp_code
come_back(struct ceremony *c, struct act *t, struct sp_err *err)
{
	FEDERATION_AUTO_CLAIMS claims = { .all = NULL };
	char browser[FEDERATION_FLOW_TEXT];
	CRYPTO_WIPE_ON_EXIT(browser);

	t->back = (struct federation_flow_back){
		.provider = c->provider.id,
		.state = http_request_query(c->q, "state"),
		.browser = browser_of(c->q, browser) ? browser : NULL,
	};
	SP_TRY(ledger_writer_run(c->place->writer, take_act, t, err));
	SP_TRY(prove(c, t, &claims, err));
	t->claims = &claims;
	return ledger_writer_run(c->place->writer, open_act, t, err);
}

/* Where the browser goes: the sign-in page, with where it was going. */
static enum sp_code
go_to_page(struct ceremony *c, const struct act *t, const char *problem,
    struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF url = sp_buf_new(RETURN_MAX);
	const char *sep = "?";

	sp_buf_fmt(&url, "/signin/%s", c->place->agency->slug);
	if (problem != NULL) {
		sp_buf_text(&url, "?problem=");
		federation_text_percent(&url, problem);
		sep = "&";
	}
	if (t->flow.next[0] != '\0') {
		sp_buf_fmt(&url, "%snext=", sep);
		federation_text_percent(&url, t->flow.next);
	}
	SP_TRY(sp_buf_check(&url, "a URL", err));
	send_to(a, sp_buf_str(&url));
	return SP_OK;
}

/* That somebody was turned away is in the ledger, and a flood of it counted,
 * like any other failed sign-in: but for browsers that began nothing, which
 * cost no more than the look at a row. */
static void
leave_entry(const struct ceremony *c, const struct sp_err *why)
{
	struct sp_err err;

	if (why->code != SP_E_UNKNOWN || why->reason == NULL ||
	    strcmp(why->reason, "flow.unknown") == 0)
		return;
	SP_IGNORE(
	    signin_ceremony_failed(c->place, &c->from, NULL, "oidc", &err));
}

/* What is the server's own fault is answered as such. */
static bool
is_told(const struct sp_err *why)
{
	return why->reason != NULL &&
	    (why->code == SP_E_UNKNOWN || why->code == SP_E_UNAVAIL ||
		why->code == SP_E_INVALID || why->code == SP_E_NOTFOUND);
}

static enum sp_code
begin(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	AUTO_CEREMONY c = ceremony_new(q);
	struct act t;
	CRYPTO_WIPE_ON_EXIT(t);
	struct sp_err why = { .code = SP_OK };

	SP_TRY(find_provider(&c, err));
	t = act_of(&c);
	t.begin.provider = c.provider.id;
	t.begin.next = http_request_query(q, "next");
	/* A page of another site is passed over, as by the sign-in page. */
	if (t.begin.next != NULL && !federation_flow_next_ok(t.begin.next))
		t.begin.next = NULL;
	if (set_out(&c, &t, a, &why) == SP_OK)
		return SP_OK;
	if (is_told(&why))
		return go_to_page(&c, &t, why.reason, a, err);
	if (err != NULL)
		*err = why;
	return why.code;
}

static enum sp_code
end(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	AUTO_CEREMONY c = ceremony_new(q);
	struct act t;
	CRYPTO_WIPE_ON_EXIT(t);
	struct sp_err why = { .code = SP_OK };

	SP_TRY(find_provider(&c, err));
	t = act_of(&c);
	if (come_back(&c, &t, &why) == SP_OK) {
		http_request_set_cookie(a, t.step.text);
		return go_to_page(&c, &t, NULL, a, err);
	}
	leave_entry(&c, &why);
	if (is_told(&why))
		return go_to_page(&c, &t, why.reason, a, err);
	if (err != NULL)
		*err = why;
	return why.code;
}

/* ---- Which there are ---- */

static enum sp_code
add_title(void *arg, const struct federation_provider *p, struct sp_err *err)
{
	struct sp_json *j = arg;

	(void)err;
	sp_json_object(j, NULL);
	sp_json_str(j, "name", p->name);
	sp_json_str(j, "title", p->title);
	sp_json_end(j);
	return SP_OK;
}

static enum sp_code
list(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(8192);
	struct sp_json j = sp_json_to(&out);
	DB_LENT(reader, evidence_room_readers(q->room));

	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	SP_TRY(federation_provider_each(reader.db, add_title, &j, err));
	sp_json_end(&j);
	sp_json_end(&j);
	return http_json_answer(a, &out, "providers", err);
}

/* ---- Routes ---- */

static const struct http_input there[] = {
	{ "query", "next", HTTP_STRING, false,
	    "Where to go afterwards: a path of this very site; anything else "
	    "is passed over." },
};
static const struct http_input back[] = {
	{ "query", "code", HTTP_STRING, false, "What the provider gave." },
	{ "query", "error", HTTP_STRING, false, "Why it gave none." },
	{ "query", "iss", HTTP_STRING, false, "Which provider (RFC 9207)." },
	{ "query", "state", HTTP_STRING, false, "Which sign-in this is." },
};

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "signin/oidc",
	    .id = "listSigninProviders",
	    .summary = "Where else one can sign in",
	    .door = HTTP_DOOR_PUBLIC,
	    .success = { { 200, "Names and titles", HTTP_JSON,
		"SigninProviderList", NULL } },
	    .handle = list,
	},
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "signin/oidc/{provider}",
	    .id = "signInThere",
	    .summary = "Sign in at an identity provider (OpenID Connect)",
	    .door = HTTP_DOOR_PUBLIC,
	    HTTP_INPUT(there),
	    .success = { { 303, "To the provider, or the sign-in page", NULL,
		NULL, "Location Set-Cookie" } },
	    .problems = "507",
	    .handle = begin,
	},
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "signin/oidc/{provider}/callback",
	    .id = "signInBack",
	    .summary = "Back from an identity provider",
	    .door = HTTP_DOOR_PUBLIC,
	    .lenient = true,
	    HTTP_INPUT(back),
	    .success = { { 303, "To the sign-in page", NULL, NULL,
		"Location Set-Cookie" } },
	    .problems = "507",
	    .handle = end,
	},
};

static const struct http_schema schemas[] = {
	{ "SigninProviderList",
	    "{\"properties\":{\"items\":{\"items\":{\"properties\":{"
	    "\"name\":" HTTP_STRING ",\"title\":" HTTP_STRING
	    "},\"required\":[\"name\",\"title\"],\"type\":\"object\"},"
	    "\"type\":\"array\"}},\"required\":[\"items\"],\"type\":"
	    "\"object\"}" },
};

const struct http_topic entrance_signin_oidc_topic = { routes,
	SP_COUNTOF(routes), schemas, SP_COUNTOF(schemas) };
