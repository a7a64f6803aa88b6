#include "machine/oauth.h"
#include "machine/token.h"

#include "base/encode.h"
#include "machine/machine_fixture.h"

#define NEAR "192.0.2.7"
#define FAR  "203.0.113.9"

struct rig {
	struct agency_fixture a;
	struct people_rules *rules;
	struct db_pool *readers;
	struct machine_oauth oauth;
	struct service_fixture s;
	char client[SP_ID_TEXT];
};

static void
rig_open(struct rig *r)
{
	struct sp_err err;

	clock_ahead = 0;
	machine_fixture_open(&r->a);
	CHECK_OK(people_rules_default(&r->rules, "FL", &err), &err);
	CHECK_OK(db_pool_open(&r->readers, r->a.db_path, 2, &err), &err);
	r->oauth = (struct machine_oauth){
		.agency = r->a.id,
		.readers = r->readers,
		.writer = r->a.writer,
		.guard = machine_guard_new(),
		.rules = r->rules,
	};
	CHECK(r->oauth.guard != NULL);
	r->s = service_fixture(
	    &r->a, "evidence.list evidence.show", "192.0.2.0/24");
	sp_id_text(&r->s.id, r->client);
}

static void
rig_close(struct rig *r)
{
	machine_guard_free(r->oauth.guard);
	db_pool_close(r->readers);
	people_rules_free(r->rules);
	agency_fixture_close(&r->a);
	clock_ahead = 0;
}

struct reply {
	unsigned status;
	bool challenge;
	sp_time wait;
	char body[2048];
};

static struct reply
ask(struct rig *r, const char *authorization, const char *body,
    const char *address)
{
	struct machine_oauth_ask q = { .authorization = authorization,
		.form = true,
		.body = body,
		.len = strlen(body),
		.address = address };
	struct machine_oauth_answer a = machine_oauth_answer_new();
	struct reply out;
	struct sp_err err;

	CHECK_OK(machine_oauth_token(&r->oauth, &q, &a, &err), &err);
	out = (struct reply){ a.status, a.challenge, a.wait, "" };
	(void)snprintf(out.body, sizeof(out.body), "%s", sp_buf_str(&a.body));
	machine_oauth_answer_done(&a);
	return out;
}

/* Ask by the body, with `more` behind it. */
static struct reply
post(struct rig *r, const char *secret, const char *address, const char *more)
{
	char body[1024];

	(void)snprintf(body, sizeof(body),
	    "grant_type=client_credentials&client_id=%s&client_secret=%s%s",
	    r->client, secret, more);
	return ask(r, NULL, body, address);
}

static struct reply
basic(struct rig *r, const char *pair, const char *body)
{
	char header[2048] = "Basic ";

	sp_base64(pair, strlen(pair), header + 6);
	return ask(r, header, body, NEAR);
}

static bool
says(const struct reply *r, unsigned status, const char *error)
{
	char want[64];

	(void)snprintf(want, sizeof(want), "{\"error\":\"%s\",", error);
	return r->status == status &&
	    strncmp(r->body, want, strlen(want)) == 0 &&
	    r->challenge == (status == 401);
}

static void
both_ways_of_proving_work(void)
{
	struct rig r;
	struct reply a;
	char pair[256];
	struct gate_caller who = { .source = "api" };
	struct machine_shown shown = { .rules = NULL, .address = NEAR };
	enum machine_refusal why;
	char *text;

	rig_open(&r);
	shown.rules = r.rules;
	a = post(&r, r.s.secret, NEAR, "");
	CHECK(a.status == 200 && !a.challenge);
	CHECK(strstr(a.body,
		  "\"expires_in\":3600,\"scope\":\"evidence.list "
		  "evidence.show\",\"token_type\":\"Bearer\"}") != NULL);
	text = strstr(a.body, "spa_");
	CHECK(text != NULL);
	*strchr(text, '"') = '\0';
	shown.text = text;
	CHECK(machine_token_know(
		  r.a.reader, &r.a.id, &shown, &who, &why, NULL) == SP_OK);

	(void)snprintf(pair, sizeof(pair), "%s:%s", r.client, r.s.secret);
	a = basic(&r, pair, "grant_type=client_credentials");
	CHECK(a.status == 200);
	/* Form-encoded inside (RFC 6749 2.3.1), and named in the body too. */
	(void)snprintf(pair, sizeof(pair), "%%%02x%s:%s", r.client[0],
	    r.client + 1, r.s.secret);
	a = basic(&r, pair, "grant_type=client_credentials");
	CHECK(a.status == 200);
	(void)snprintf(a.body, sizeof(a.body),
	    "grant_type=client_credentials&client_id=%s", r.client);
	a = basic(&r, pair, a.body);
	CHECK(a.status == 200);
	rig_close(&r);
}

/* What each of these lets through depends on who reads it: nobody does. */
static void
what_can_be_read_in_two_ways_is_refused(void)
{
	struct rig r;
	struct reply a;
	char pair[256], body[512];
	struct machine_oauth_ask q = { .address = NEAR };
	struct machine_oauth_answer plain = machine_oauth_answer_new();

	rig_open(&r);
	a = post(&r, r.s.secret, NEAR, "&grant_type=client_credentials");
	CHECK(says(&a, 400, "invalid_request"));
	a = post(&r, r.s.secret, NEAR, "&client_secret=x");
	CHECK(says(&a, 400, "invalid_request"));
	a = post(&r, r.s.secret, NEAR, "&scope=evidence.list&sc%6fpe=x");
	CHECK(says(&a, 400, "invalid_request"));
	a = post(&r, r.s.secret, NEAR, "&");
	CHECK(says(&a, 400, "invalid_request"));

	/* Both ways at once; another's id in the body. */
	(void)snprintf(pair, sizeof(pair), "%s:%s", r.client, r.s.secret);
	(void)snprintf(body, sizeof(body),
	    "grant_type=client_credentials&client_secret=%s", r.s.secret);
	a = basic(&r, pair, body);
	CHECK(says(&a, 400, "invalid_request"));
	a = basic(&r, pair, "grant_type=client_credentials&client_id=other");
	CHECK(says(&a, 400, "invalid_request"));

	/* A body that does not say it is a form. */
	CHECK(machine_oauth_token(&r.oauth, &q, &plain, NULL) == SP_OK);
	CHECK(plain.status == 400);
	CHECK(strstr(sp_buf_str(&plain.body), "invalid_request") != NULL);
	machine_oauth_answer_done(&plain);
	CHECK(agency_fixture_count(&r.a, "service.token") == 0);
	rig_close(&r);
}

static void
other_grants_are_refused(void)
{
	static const char *const types[] = { "password", "authorization_code",
		"refresh_token", "CLIENT_CREDENTIALS",
		"urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer" };
	struct rig r;
	struct reply a;
	char pair[256], body[256];

	rig_open(&r);
	(void)snprintf(pair, sizeof(pair), "%s:%s", r.client, r.s.secret);
	for (size_t i = 0; i < SP_COUNTOF(types); i++) {
		(void)snprintf(body, sizeof(body), "grant_type=%s", types[i]);
		a = basic(&r, pair, body);
		CHECK(says(&a, 400, "unsupported_grant_type"));
	}
	a = basic(&r, pair, "");
	CHECK(says(&a, 400, "invalid_request"));
	rig_close(&r);
}

static void
a_scope_only_narrows(void)
{
	static const char *const wider[] = { "evidence.view",
		"evidence.list+evidence.view", "evidence.list++evidence.show",
		"token.manage", "*", "evidence.list%00", "nonsense",
		"evidence.list%20" };
	struct rig r;
	struct reply a;
	char more[128];

	rig_open(&r);
	a = post(&r, r.s.secret, NEAR, "&scope=evidence.show");
	CHECK(a.status == 200);
	CHECK(strstr(a.body, "\"scope\":\"evidence.show\"") != NULL);
	a = post(&r, r.s.secret, NEAR, "&scope=evidence.show+evidence.list");
	CHECK(a.status == 200);
	a = post(&r, r.s.secret, NEAR, "&scope="); /* as if not there */
	CHECK(a.status == 200);
	for (size_t i = 0; i < SP_COUNTOF(wider); i++) {
		(void)snprintf(more, sizeof(more), "&scope=%s", wider[i]);
		a = post(&r, r.s.secret, NEAR, more);
		CHECK(a.status == 400);
		CHECK(strstr(a.body, "access_token") == NULL);
		CHECK(says(&a, 400, "invalid_scope") ||
		    strstr(wider[i], "%00") != NULL);
	}
	rig_close(&r);
}

/* Nothing tells an unknown id from a wrong secret, a wrong address, or one
 * that is over; not even being not heard any more. */
static void
who_is_refused_learns_nothing(void)
{
	struct rig r;
	struct reply unknown, secret, far, over;
	char was[SP_ID_TEXT];
	struct sp_id id = sp_id_new();
	struct sp_err err;

	rig_open(&r);
	memcpy(was, r.client, sizeof(was));
	for (int i = 0; i < 7; i++) {
		secret = post(&r, "wrong", NEAR, "");
		far = post(&r, r.s.secret, FAR, "");
		sp_id_text(&id, r.client);
		unknown = post(&r, r.s.secret, NEAR, "");
		memcpy(r.client, was, sizeof(was));
		CHECK(says(&secret, i < 5 ? 401 : 429, "invalid_client"));
		CHECK(strcmp(secret.body, unknown.body) == 0);
		CHECK(strcmp(secret.body, far.body) == 0);
		CHECK(secret.status == unknown.status);
		CHECK(secret.status == far.status);
		CHECK((secret.wait > 0) == (i >= 5));
		CHECK((unknown.wait > 0) == (i >= 5));
	}
	/* Now the right secret is not heard either; later it is. */
	over = post(&r, r.s.secret, NEAR, "");
	CHECK(over.status == 429);
	clock_ahead += 15 * MINUTE;
	over = post(&r, r.s.secret, NEAR, "");
	CHECK(over.status == 200);
	CHECK_OK(ledger_writer_run(r.a.writer, service_revoke_act, &r.s, &err),
	    &err);
	over = post(&r, r.s.secret, NEAR, "");
	CHECK(says(&over, 401, "invalid_client"));

	machine_guard_write(r.oauth.guard, &r.a.id, r.a.writer, true);
	CHECK(agency_fixture_count(&r.a, "\"code\":\"client\"") == 1);
	CHECK(agency_fixture_count(&r.a, "\"code\":\"secret\"") == 1);
	CHECK(agency_fixture_count(&r.a, "\"code\":\"address\"") == 1);
	CHECK(agency_fixture_count(&r.a, "\"code\":\"over\"") == 1);
	CHECK(agency_fixture_count(&r.a, "\"code\":\"throttled\"") == 2);
	rig_close(&r);
}

static void
broken_headers_are_refused(void)
{
	static const char *const bad[] = { "Basic", "Basic ", "Basic  ",
		"Basic !!!!", "Basic YQ", "Basic YQ==", "Basic YTo", "Bearer x",
		"Digest username=x", "Basic OmI=" /* ":b" */,
		"Basic YTo=" /* "a:" */, "Basic JTAwOmI=" /* "%00:b" */,
		"Basic AGE6Yg==" /* NUL a:b */, "Basic YTpiIA==", "", " " };
	static char many[8192] = "Basic ";
	struct rig r;
	struct reply a;

	rig_open(&r);
	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		a = ask(&r, bad[i], "grant_type=client_credentials", NEAR);
		/* Some are well formed, and wrong again and again. */
		CHECK(says(&a, 401, "invalid_client"));
	}
	memset(many + 6, 'A', 8000);
	a = ask(&r, many, "grant_type=client_credentials", NEAR);
	CHECK(says(&a, 401, "invalid_client"));
	a = ask(&r, NULL, "grant_type=client_credentials", NEAR);
	CHECK(says(&a, 401, "invalid_client"));
	rig_close(&r);
}

static void
no_answer_without_the_entry(void)
{
	struct rig r;
	struct machine_oauth_answer a = machine_oauth_answer_new();
	struct machine_oauth_ask q = { .form = true, .address = NEAR };
	struct sp_err err;
	char body[512];

	rig_open(&r);
	(void)snprintf(body, sizeof(body),
	    "grant_type=client_credentials&client_id=%s&client_secret=%s",
	    r.client, r.s.secret);
	q.body = body;
	q.len = strlen(body);
	atomic_store(&r.a.refuse, true);
	CHECK_CODE(
	    machine_oauth_token(&r.oauth, &q, &a, &err), SP_E_UNAVAIL, &err);
	atomic_store(&r.a.refuse, false);
	CHECK(a.body.len == 0);
	machine_oauth_answer_done(&a);
	rig_close(&r);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "both ways of proving work", both_ways_of_proving_work },
		{ "what can be read in two ways is refused",
		    what_can_be_read_in_two_ways_is_refused },
		{ "other grants are refused", other_grants_are_refused },
		{ "a scope only narrows", a_scope_only_narrows },
		{ "who is refused learns nothing",
		    who_is_refused_learns_nothing },
		{ "broken headers are refused", broken_headers_are_refused },
		{ "no answer without the entry", no_answer_without_the_entry },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
