/* Signing in elsewhere by its handlers: a provider of the test's own stands
 * where the messenger would go. */
#include "entrance/signin.h"

#include "../federation/federation_fixture.h"
#include "api/routes.h"
#include "evidence/room_fixture.h"
#include "federation/source.h"
#include "http/request.h"
#include "http/router.h"

static struct room_fixture f;
static struct idp idp;
static struct federation_sources *sources;
static struct http_house house;
static char token[FEDERATION_JWT_MAX]; /* what a code is redeemed for */
static bool away;

#define LOGIN "/v1/agencies/harbor-pd/signin/oidc/county"

static enum sp_code
run(void *self, struct errand *e, unsigned *status, struct sp_buf *body,
    struct sp_err *err)
{
	char *keys;

	(void)self;
	if (away)
		return sp_fail_as(
		    err, SP_E_UNAVAIL, "errand.problem", "it is away");
	*status = 200;
	if (e->kind == ERRAND_GRANT) {
		sp_buf_fmt(body,
		    "{\"token_type\":\"Bearer\",\"id_token\":\"%s\"}", token);
	} else if (strstr(e->url, "/keys") != NULL) {
		keys = idp_jwks(&idp.rsa, 1, NULL);
		sp_buf_text(body, keys);
		free(keys);
	} else {
		sp_buf_text(body,
		    "{\"issuer\":\"" IDP_ISSUER "\",\"token_endpoint\":"
		    "\"https://id.example.gov/t\",\"jwks_uri\":"
		    "\"https://id.example.gov/keys\","
		    "\"authorization_endpoint\":\"https://id.example.gov/a\"}");
	}
	return SP_OK;
}

/* What one request gets; freed with `done`. */
struct asked {
	struct http_request *q;
	struct sp_err err;
	enum sp_code code;
};

static struct asked
ask(enum http_method method, const char *path, const char *body,
    const struct http_param *query, size_t queries)
{
	struct asked a = { .q = http_request_new(&house) };
	struct http_request *q = a.q;

	CHECK(q != NULL);
	q->room = f.room;
	q->who = f.who;
	(void)snprintf(q->address, sizeof(q->address), "192.0.2.7");
	CHECK_OK(
	    http_router_match(&q->match, &api_routes, method, path, &a.err),
	    &a.err);
	if (queries > 0) {
		q->query = calloc(queries, sizeof(*query));
		memcpy(q->query, query, queries * sizeof(*query));
		q->queries = queries;
	}
	q->body = sp_buf_new(4096);
	sp_buf_text(&q->body, body);
	return a;
}

static void
handle(struct asked *a)
{
	a->code = a->q->match.route->handle(a->q, &a->q->answer, &a->err);
}

static void
done(struct asked *a)
{
	a->q->room = NULL;
	http_request_free(a->q);
}

static const char *
header(const struct asked *a, const char *name)
{
	const char *v = http_answer_get(&a->q->answer, name);

	return v == NULL ? "" : v;
}

#define CONFIG                                                                 \
	"{\"name\":\"county\",\"title\":\"County\",\"issuer\":\"" IDP_ISSUER   \
	"\",\"client_id\":\"" IDP_CLIENT "\",\"secret\":\"hunter2\","          \
	"\"origin\":\"https://e.example.gov\",\"login_claim\":\"upn\"}"

static void
configured(void)
{
	struct asked a =
	    ask(HTTP_POST, "/v1/agencies/harbor-pd/providers", CONFIG, NULL, 0);

	handle(&a);
	CHECK_OK(a.code, &a.err);
	CHECK(a.q->answer.status == 201);
	CHECK(strstr(sp_buf_str(&a.q->answer.body), "hunter2") == NULL);
	CHECK(strcmp(header(&a, "Location"),
		  "/v1/agencies/harbor-pd/providers/county") == 0);
	done(&a);
	a = ask(HTTP_POST, "/v1/agencies/harbor-pd/providers", CONFIG, NULL, 0);
	handle(&a);
	CHECK_CODE(a.code, SP_E_CONFLICT, &a.err);
	done(&a);
	a = ask(HTTP_GET, "/v1/agencies/harbor-pd/signin/oidc", "", NULL, 0);
	handle(&a);
	CHECK(strcmp(sp_buf_str(&a.q->answer.body),
		  "{\"items\":[{\"name\":\"county\",\"title\":\"County\"}]}") ==
	    0);
	done(&a);
	a = ask(HTTP_GET, "/v1/agencies/harbor-pd/providers", "", NULL, 0);
	handle(&a);
	CHECK(strstr(sp_buf_str(&a.q->answer.body), IDP_ISSUER) != NULL &&
	    strstr(sp_buf_str(&a.q->answer.body), "hunter2") == NULL);
	done(&a);
}

static enum sp_code
add_person(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct people_person_new n = {
		.name = "Ann", .login = "ann", .role = "officer"
	};
	struct people_by by = people_by_site(&f.agency.id);
	struct people_act a = { tx, &by, evidence_room_rules(f.room),
		sp_now() };

	return people_person_add(&a, &n, arg, err);
}

/* A parameter of what a browser was sent to. */
static void
param(const char *url, const char *name, char out[static 44])
{
	const char *at = strstr(url, name);

	CHECK(at != NULL);
	(void)snprintf(out, 44, "%.43s", at + strlen(name));
}

struct flow {
	char state[44], nonce[44], cookie[100];
};

static struct flow
begin(void)
{
	struct asked a = ask(HTTP_GET, LOGIN, "", NULL, 0);
	struct flow out = { .cookie = "" };
	const char *set;

	handle(&a);
	CHECK_OK(a.code, &a.err);
	CHECK(a.q->answer.status == 303);
	set = header(&a, "Set-Cookie");
	CHECK(strstr(set, ENTRANCE_SIGNIN_OIDC_COOKIE "=") == set &&
	    strstr(set, "; Secure; HttpOnly; SameSite=Lax; Path=/") != NULL);
	(void)snprintf(out.cookie, sizeof(out.cookie), "%.*s",
	    (int)strcspn(set, ";"), set);
	param(header(&a, "Location"), "&state=", out.state);
	param(header(&a, "Location"), "&nonce=", out.nonce);
	done(&a);
	return out;
}

/* Back with this cookie and state; where it goes then. */
static void
back(const struct flow *flow, const char *cookie, const char *subject,
    char to[static 300])
{
	struct http_param query[2] = { { "code", "c" }, { "state", "" } };
	struct asked a;
	char changes[400];
	char *claims, *text;
	json_int_t now = sp_now() / SP_SECOND;

	(void)snprintf(changes, sizeof(changes),
	    "{\"nonce\":\"%s\",\"iat\":%jd,\"exp\":%jd,\"auth_time\":%jd,"
	    "\"upn\":\"%s\",\"sub\":\"s-%s\"}",
	    flow->nonce, (intmax_t)now, (intmax_t)now + 60, (intmax_t)now,
	    subject, subject);
	claims = idp_claims(changes);
	text =
	    idp_sign(idp.rsa, "{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}", claims);
	(void)snprintf(token, sizeof(token), "%s", text);
	free(text);
	free(claims);
	(void)snprintf(
	    query[1].value, sizeof(query[1].value), "%s", flow->state);
	a = ask(HTTP_GET, LOGIN "/callback", "", query, 2);
	a.q->field[HTTP_F_COOKIE] = cookie;
	handle(&a);
	CHECK_OK(a.code, &a.err);
	CHECK(a.q->answer.status == 303);
	(void)snprintf(to, 300, "%.200s %.90s", header(&a, "Location"),
	    header(&a, "Set-Cookie"));
	done(&a);
}

static void
there_and_back(void)
{
	struct flow flow = begin(), other = begin();
	struct sp_id id;
	struct sp_err err;
	char to[300];

	CHECK_OK(ledger_writer_run(
		     evidence_room_writer(f.room), add_person, &id, &err),
	    &err);
	back(&flow, other.cookie, "ann", to);
	CHECK(strcmp(to, "/signin/harbor-pd?problem=flow.unknown ") == 0);
	back(&flow, NULL, "ann", to);
	CHECK(strcmp(to, "/signin/harbor-pd?problem=flow.unknown ") == 0);
	back(&flow, flow.cookie, "ann", to);
	CHECK(strstr(to, "/signin/harbor-pd " HTTP_COOKIE "=sps_") == to);
	back(&flow, flow.cookie, "ann", to);
	CHECK(strcmp(to, "/signin/harbor-pd?problem=flow.unknown ") == 0);
	back(&other, other.cookie, "nobody", to);
	CHECK(strcmp(to, "/signin/harbor-pd?problem=identity.unknown ") == 0);
}

/* Where it cannot go out, it says so and begins nothing. */
static void
nobody_there(void)
{
	struct asked a;

	house.federation = NULL;
	a = ask(HTTP_GET, LOGIN, "", NULL, 0);
	handle(&a);
	CHECK(strcmp(header(&a, "Location"),
		  "/signin/harbor-pd?problem=source.away") == 0);
	CHECK(header(&a, "Set-Cookie")[0] == '\0');
	done(&a);
	house.federation = sources;
	a = ask(
	    HTTP_GET, "/v1/agencies/harbor-pd/signin/oidc/none", "", NULL, 0);
	handle(&a);
	CHECK_CODE(a.code, SP_E_NOTFOUND, &a.err);
	done(&a);
}

static void
taken_away(void)
{
	struct flow flow = begin();
	struct asked a = ask(HTTP_DELETE,
	    "/v1/agencies/harbor-pd/providers/county", "", NULL, 0);

	CHECK(flow.state[0] != '\0');
	handle(&a);
	CHECK_OK(a.code, &a.err);
	CHECK(a.q->answer.status == 204);
	done(&a);
	a = ask(HTTP_GET, LOGIN "/callback", "", NULL, 0);
	handle(&a);
	CHECK_CODE(a.code, SP_E_NOTFOUND, &a.err);
	done(&a);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "configured", configured },
		{ "there and back", there_and_back },
		{ "nobody there", nobody_there },
		{ "taken away", taken_away },
	};
	const struct federation_sources_options o = { .run = run };
	struct sp_err err;
	int rc;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	idp_open(&idp);
	CHECK_OK(federation_sources_new(&sources, &o, &err), &err);
	house.federation = sources;
	fixture_make(&f);
	fixture_open(&f);
	rc = tap_run(cases, SP_COUNTOF(cases));
	fixture_close(&f);
	fixture_remove(&f);
	federation_sources_free(sources);
	idp_close(&idp);
	return rc;
}
