#include "client/site.h"
#include "fake.h"

static struct site_answer
answer(unsigned status, const char *head, const char *body)
{
	struct site_answer an = client_site_answer_new(65536);

	an.status = status;
	sp_buf_text(&an.head, head);
	sp_buf_text(&an.body, body);
	return an;
}

static void
headers_are_found_strictly(void)
{
	static const struct {
		const char *head, *value; /* of X-Name */
	} rows[] = {
		{ "", NULL },
		{ "HTTP/1.1 200 OK\r\nX-Name: v\r\n\r\n", "v" },
		{ "x-NAME:v\r\n", "v" },
		{ "X-Name: \t v w \t\r\n", "v w" },
		{ "X-Name:\r\n", "" },
		{ "X-Names: v\r\n", NULL },
		{ "X-Nam: v\r\n", NULL },
		{ " X-Name: v\r\n", NULL },
		{ "A: X-Name: v\r\n", NULL },
		{ "X-Name: v\r\nX-Name: v\r\n", "v" },
		{ "X-Name: v\r\nX-Name: w\r\n", NULL },
		{ "X-Name: v\r\nX-Name: vv\r\n", NULL },
		{ "X-Name: v", "v" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct site_answer an = answer(200, rows[i].head, "");
		size_t len = 77;
		const char *got =
		    client_site_answer_header(&an, "X-Name", &len);

		CHECK((got == NULL) == (rows[i].value == NULL));
		if (got != NULL)
			CHECK(len == strlen(rows[i].value) &&
			    memcmp(got, rows[i].value, len) == 0);
		else
			CHECK(len == 77);
		client_site_answer_done(&an);
	}
}

static void
numbers_are_canonical(void)
{
	static const struct {
		const char *head;
		bool ok;
	} rows[] = {
		{ "N: 7\r\n", true },
		{ "N: 07\r\n", false },
		{ "N: -7\r\n", false },
		{ "N: 7 \r\n", true },
		{ "N: 7, 7\r\n", false },
		{ "N: 0x7\r\n", false },
		{ "N: 9223372036854775808\r\n", false },
		{ "", false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct site_answer an = answer(200, rows[i].head, "");
		uint64_t v = 42;

		CHECK(client_site_answer_number(&an, "N", &v) == rows[i].ok);
		CHECK(v == (rows[i].ok ? 7 : 42));
		client_site_answer_done(&an);
	}
}

static void
a_problem_is_told_in_clean_words(void)
{
	static const struct {
		unsigned status;
		const char *body;
		enum sp_code code;
		const char *reason, *says;
	} rows[] = {
		{ 403, "{\"title\":\"Not permitted\"}", SP_E_DENIED,
		    client_site_refused, "403: Not permitted" },
		{ 400, "{\"title\":\"t\",\"detail\":\"why\"}", SP_E_INVALID,
		    client_site_refused, "400: why" },
		{ 401, "", SP_E_UNKNOWN, client_site_refused,
		    "SALLYPORT_TOKEN" },
		{ 401, "{\"detail\":\"Wrong.\",\"reason\":\"token.expired\"}",
		    SP_E_UNKNOWN, client_site_refused,
		    "401: Wrong.: is SALLYPORT_TOKEN set" },
		{ 404, "<html>", SP_E_NOTFOUND, client_site_refused, "404" },
		{ 410, "", SP_E_NOTFOUND, client_site_refused, "410" },
		{ 409, "[]", SP_E_CONFLICT, client_site_refused, "409" },
		{ 413, "", SP_E_LIMIT, client_site_refused, "413" },
		{ 423, "", SP_E_LOCKED, client_site_refused, "423" },
		{ 460, "", SP_E_MISMATCH, client_site_refused, "460" },
		{ 418, "", SP_E_INVALID, client_site_refused, "418" },
		{ 500, "", SP_E_UNAVAIL, client_site_unreachable, "500" },
		{ 503, "", SP_E_UNAVAIL, client_site_unreachable,
		    "again later" },
		{ 507, "", SP_E_FULL, client_site_unreachable, "507" },
		{ 302, "", SP_E_INVALID, client_site_refused, "302" },
		{ 204, "", SP_E_INVALID, client_site_unreachable, "204" },
		{ 400, "{\"detail\":\"a\\u001b[2Jb\\u202ec\"}", SP_E_INVALID,
		    client_site_refused, "a?[2Jb?c" },
		{ 400, "{\"detail\":7}", SP_E_INVALID, client_site_refused,
		    "400" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct site_answer an =
		    answer(rows[i].status, "", rows[i].body);
		struct sp_err err;

		CHECK(client_site_answer_fail(&an, &err) == rows[i].code);
		CHECK(err.code == rows[i].code && err.reason == rows[i].reason);
		CHECK(strstr(err.text, rows[i].says) != NULL);
		CHECK(strchr(err.text, '\033') == NULL);
		client_site_answer_done(&an);
	}
}

/* Whoever mistypes a password hears nothing of tokens. */
static void
advice_is_for_what_was_refused(void)
{
	static const char *const own[] = { "signin.refused", "signin.pace",
		"invite.unknown", "code.unknown", "challenge.unknown" };

	for (size_t i = 0; i < SP_COUNTOF(own); i++) {
		char body[100];
		struct sp_err err;

		(void)snprintf(body, sizeof(body),
		    "{\"detail\":\"It was wrong\",\"reason\":\"%s\"}", own[i]);
		struct site_answer an = answer(401, "", body);

		CHECK(client_site_answer_fail(&an, &err) == SP_E_UNKNOWN);
		CHECK(strcmp(err.text, "the site answered 401: It was wrong") ==
		    0);
		client_site_answer_done(&an);
	}
}

#define ITEM "019aaaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"

/* Its code, and how to ask why: for the act and what it was about. */
static void
a_denial_names_its_code_and_the_next_step(void)
{
	static const struct {
		const char *asked, *body, *says;
	} rows[] = {
		{ "evidence/" ITEM "/custody",
		    "{\"detail\":\"evidence.custody: what it takes: "
		    "screened\",\"reason\":\"screening.missing\"}",
		    "403: evidence.custody: what it takes: screened "
		    "(screening.missing); see: sallyport explain '~' "
		    "evidence.custody " ITEM },
		{ "lockbox/00000000-0000-7000-8000-000000000000/evidence/" ITEM,
		    "{\"detail\":\"lockbox.use: what it takes: a way\","
		    "\"reason\":\"other-agency\"}",
		    "a way (other-agency); see: sallyport explain '~' "
		    "lockbox.use " ITEM },
		{ "persons",
		    "{\"detail\":\"the role auditor may not: "
		    "person.add\",\"reason\":\"role\"}",
		    "may not: person.add (role); see: sallyport explain '~' "
		    "person.add -" },
		{ "recovery",
		    "{\"detail\":\"not this. share\",\"reason\":"
		    "\"recovery.share\"}",
		    "403: not this. share (recovery.share)" },
		{ "x", "{\"detail\":\"a.b no code\"}", "403: a.b no code" },
		{ "x", "{\"detail\":\"a.b\",\"reason\":\"\\u001b[2J\"}",
		    "403: a.b (?[2J); see: sallyport explain '~' a.b -" },
		{ "x", "{\"detail\":\"a.b$(id): c .d e.\",\"reason\":\"r\"}",
		    "403: a.b$(id): c .d e. (r)" },
		{ "x", "{\"detail\":\"\",\"reason\":\"r\"}", "403 (r)" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct site_answer an = answer(403, "", rows[i].body);
		struct sp_err err;
		size_t len;

		(void)snprintf(an.asked, sizeof(an.asked), "%s", rows[i].asked);
		CHECK(client_site_answer_fail(&an, &err) == SP_E_DENIED);
		CHECK(err.reason == client_site_refused);
		len = strlen(err.text);
		CHECK(strstr(err.text, rows[i].says) != NULL);
		CHECK(len >= strlen(rows[i].says) &&
		    (i == SP_COUNTOF(rows) - 1 ||
			strcmp(err.text + len - strlen(rows[i].says),
			    rows[i].says) == 0));
		client_site_answer_done(&an);
	}
}

/* However much a denial says, what to do is told whole. */
static void
the_next_step_is_not_cut(void)
{
	char body[600], words[400];
	struct sp_err err;

	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	(void)snprintf(body, sizeof(body),
	    "{\"detail\":\"evidence.view: %s\",\"reason\":\"role\"}", words);
	struct site_answer an = answer(403, "", body);

	(void)snprintf(an.asked, sizeof(an.asked), "evidence/" ITEM);
	CHECK(client_site_answer_fail(&an, &err) == SP_E_DENIED);
	CHECK(strstr(err.text, "explain '~' evidence.view " ITEM) != NULL);
	client_site_answer_done(&an);
}

/* What to do hangs on what was spoken with. */
static void
advice_is_for_what_was_spoken_with(void)
{
	static const struct {
		enum site_as as;
		const char *why, *says;
	} rows[] = {
		{ SITE_AS_NOBODY, "token.missing", "is SALLYPORT_TOKEN set" },
		{ SITE_AS_TOKEN, "token.expired", "is SALLYPORT_TOKEN set" },
		{ SITE_AS_TOKEN, "person.inactive", "ask an administrator" },
		{ SITE_AS_SESSION, "session.ended", "sallyport session login" },
		{ SITE_AS_SESSION, "session.void", "sallyport session login" },
		{ SITE_AS_SESSION, "token.unknown", "sallyport session login" },
		{ SITE_AS_TOKEN, "session.unknown", "sallyport session login" },
		{ SITE_AS_DEVICE, "certificate.unknown",
		    "sallyport device add" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char body[100];
		struct sp_err err;

		(void)snprintf(body, sizeof(body),
		    "{\"detail\":\"no\",\"reason\":\"%s\"}", rows[i].why);
		struct site_answer an = answer(401, "", body);

		an.as = rows[i].as;
		CHECK(client_site_answer_fail(&an, &err) == SP_E_UNKNOWN);
		CHECK(strstr(err.text, rows[i].says) != NULL);
		CHECK((strstr(err.text, "SALLYPORT_TOKEN") != NULL) ==
		    (strstr(rows[i].says, "SALLYPORT_TOKEN") != NULL));
		client_site_answer_done(&an);
	}
}

/* All of what a site says of 300 bytes is told. */
static void
words_are_not_cut(void)
{
	char body[320], said[280];
	struct sp_err err;

	memset(said, 'w', sizeof(said) - 1);
	said[sizeof(said) - 1] = '\0';
	(void)snprintf(body, sizeof(body), "{\"detail\":\"%s\"}", said);
	struct site_answer an = answer(400, "", body);

	CHECK(client_site_answer_fail(&an, &err) == SP_E_INVALID);
	CHECK(strstr(err.text, said) != NULL);
	client_site_answer_done(&an);
}

static enum sp_code
not_here(struct fake *f, const struct site_request *rq, struct site_answer *an,
    struct sp_err *err)
{
	(void)f;
	(void)rq;
	(void)err;
	sp_buf_text(&an->body, "{\"title\":\"Nothing is here\"}");
	return fake_status(an, 404);
}

/* What was asked for is told, without its query, and nothing that moves a
 * terminal. */
static void
what_is_not_there_is_named(void)
{
	static const struct {
		const char *path, *says;
	} rows[] = {
		{ "/v1/agencies/a/persons/zed?x=y", "'persons/zed' is not" },
		{ "/v1/agencies/a/lockbox/\033[2J/approve",
		    "'lockbox/?[2J/approve' is not" },
		{ "/v1/agencies/a", "'/v1/agencies/a' is not" },
		{ "/v1/token", "'/v1/token' is not" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct fake f = { .serve = not_here };
		struct site_client c = fake_client(&f);
		json_t *out = NULL;
		struct sp_err err;

		CHECK(client_site_get_json(&c, rows[i].path, &out, &err) ==
		    SP_E_NOTFOUND);
		CHECK(strstr(err.text, rows[i].says) != NULL);
		CHECK(err.reason == client_site_refused && out == NULL);
		client_site_done(&c);
	}
}

static void
paths_and_queries_are_encoded(void)
{
	struct fake f = { .requests = 0 };
	struct site_client c = fake_client(&f);
	SP_AUTO_BUF path = sp_buf_new(1024);
	struct sp_err err;

	CHECK_OK(client_site_path(&c, &path, &err, "evidence"), &err);
	client_site_query(&path, "limit", "10");
	client_site_query(&path, "cursor", "a b&c=d#\xc3\xa9/?%+~");
	CHECK(strcmp(sp_buf_str(&path),
		  "/v1/agencies/harbor-pd/evidence?limit=10&cursor="
		  "a%20b%26c%3Dd%23%C3%A9%2F%3F%25%2B~") == 0);
	SP_AUTO_BUF tiny = sp_buf_new(10);

	CHECK(client_site_path(&c, &tiny, &err, "evidence") == SP_E_LIMIT);
	client_site_done(&c);
}

static void
pauses_double_up_to_a_limit(void)
{
	static const int64_t want[] = { 250, 250, 500, 1000, 2000, 4000, 8000,
		16000, 30000, 30000 };

	for (unsigned i = 0; i < SP_COUNTOF(want); i++)
		CHECK(client_site_patience_pause(i) == want[i] * 1000);
	CHECK(client_site_patience_pause(UINT32_MAX) == 30 * SP_SECOND);
}

/* What the next requests answer; the last one stays. */
struct script {
	const unsigned *status; /* 0: the connection breaks */
	size_t n;
	const char *body;
};

static enum sp_code
play(struct fake *f, const struct site_request *rq, struct site_answer *an,
    struct sp_err *err)
{
	const struct script *s = f->arg;
	size_t i = f->requests - 1 < s->n ? f->requests - 1 : s->n - 1;

	(void)rq;
	if (s->status[i] == 0)
		return fake_cut(err);
	sp_buf_text(&an->body, s->body);
	an->status = s->status[i];
	return SP_OK;
}

static void
reading_has_patience_within_limits(void)
{
	static const struct {
		unsigned status[4];
		size_t n;
		enum sp_code code;
		unsigned requests;
	} rows[] = {
		{ { 200 }, 1, SP_OK, 1 },
		{ { 503, 200 }, 2, SP_OK, 2 },
		{ { 0, 0, 200 }, 3, SP_OK, 3 },
		{ { 0, 0, 0, 200 }, 4, SP_E_UNAVAIL, 3 }, /* never met */
		{ { 503, 0, 0, 200 }, 4, SP_OK, 4 },      /* met */
		{ { 503 }, 1, SP_E_UNAVAIL, PATIENCE_TRIES },
		{ { 403 }, 1, SP_E_DENIED, 1 },
		{ { 409 }, 1, SP_E_CONFLICT, 1 },
		{ { 501 }, 1, SP_E_UNAVAIL, 1 },
		{ { 301 }, 1, SP_E_INVALID, 1 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct script s = { rows[i].status, rows[i].n, "body" };
		struct fake f = { .serve = play, .arg = &s };
		struct site_client c = fake_client(&f);
		SP_AUTO_BUF out = sp_buf_new(100);
		struct sp_err err;

		CHECK_CODE(
		    client_site_get(&c, "/x", &out, &err), rows[i].code, &err);
		CHECK(f.requests == rows[i].requests);
		CHECK(f.pauses == f.requests - 1);
		CHECK(strcmp(sp_buf_str(&out),
			  rows[i].code == SP_OK ? "body" : "") == 0);
		client_site_done(&c);
	}
}

/* What will be the same the next time is not asked again. */
static void
what_does_not_pass_is_not_waited_for(void)
{
	static const char *const bodies[] = {
		"{\"type\":\"urn:sallyport:problem:corrupt\"}",
		"{\"type\":\"urn:sallyport:problem:stopped\"}",
	};
	static const unsigned status[] = { 500, 503 };

	for (size_t i = 0; i < SP_COUNTOF(bodies); i++) {
		struct script s = { &status[i], 1, bodies[i] };
		struct fake f = { .serve = play, .arg = &s };
		struct site_client c = fake_client(&f);
		SP_AUTO_BUF out = sp_buf_new(100);
		struct sp_err err;

		CHECK(client_site_get(&c, "/x", &out, &err) != SP_OK);
		CHECK(f.requests == 1);
		client_site_done(&c);
	}
}

static void
bodies_have_a_limit(void)
{
	static const unsigned ok = 200;
	struct script s = { &ok, 1, "0123456789" };
	struct fake f = { .serve = play, .arg = &s };
	struct site_client c = fake_client(&f);
	struct sp_err err;

	for (size_t max = 1; max <= 12; max++) {
		SP_AUTO_BUF out = sp_buf_new(max);
		enum sp_code code = client_site_get(&c, "/x", &out, &err);

		CHECK(code == (max < 10 ? SP_E_LIMIT : SP_OK));
	}
	client_site_done(&c);
}

static void
json_is_taken_strictly(void)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{ "{}", true },
		{ " {\"a\":1} ", true },
		{ "", false },
		{ "[]", false },
		{ "null", false },
		{ "{\"a\":1,\"a\":2}", false },
		{ "{} {}", false },
		{ "{\"a\":1,}", false },
		{ "{'a':1}", false },
		{ "{\"a\":\"\xff\"}", false },
		{ "{\"a\":\"\\u0000\"}", false },
		{ "{\"a\":NaN}", false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF b = sp_buf_new(100);
		json_t *j = NULL;
		struct sp_err err;

		sp_buf_text(&b, rows[i].text);
		enum sp_code code = client_site_json_parse(&b, &j, &err);

		CHECK((code == SP_OK) == rows[i].ok);
		CHECK((j != NULL) == rows[i].ok);
		json_decref(j);
	}
}

static void
members_have_the_right_type_or_fail(void)
{
	json_t *j = json_pack("{s:s, s:i, s:i, s:f}", "text", "x", "n", 7,
	    "negative", -1, "real", 1.5);
	const char *text = "sentinel";
	uint64_t n = 42;
	struct sp_err err;

	CHECK_OK(client_site_json_text(j, "text", &text, &err), &err);
	CHECK(strcmp(text, "x") == 0);
	CHECK(client_site_json_text(j, "n", &text, &err) == SP_E_INVALID);
	CHECK(client_site_json_text(j, "none", &text, &err) == SP_E_INVALID);
	CHECK(client_site_json_number(j, "text", &n, &err) == SP_E_INVALID);
	CHECK(client_site_json_number(j, "negative", &n, &err) == SP_E_INVALID);
	CHECK(client_site_json_number(j, "real", &n, &err) == SP_E_INVALID);
	CHECK(n == 42 && strcmp(text, "x") == 0);
	CHECK_OK(client_site_json_number(j, "n", &n, &err), &err);
	CHECK(n == 7);
	json_decref(j);
}

static enum sp_code
echo(struct fake *f, const struct site_request *rq, struct site_answer *an,
    struct sp_err *err)
{
	char body[64];
	size_t got = 0;

	(void)f;
	if (rq->source == NULL)
		return fake_status(an, 204);
	CHECK(strcmp(fake_header(rq, "Content-Type"), "application/json") == 0);
	SP_TRY(rq->source->read(
	    rq->source->arg, 0, body, sizeof(body), &got, err));
	CHECK(got == rq->source->len);
	an->status = 201;
	sp_buf_add(&an->body, body, got);
	return SP_OK;
}

static void
json_is_sent_once(void)
{
	struct fake f = { .serve = echo };
	struct site_client c = fake_client(&f);
	json_t *send = json_pack("{s:s}", "a", "b");
	json_t *got = NULL;
	struct sp_err err;

	CHECK_OK(
	    client_site_send_json(&c, "POST", "/x", send, &got, &err), &err);
	CHECK(json_equal(send, got));
	json_decref(got);
	CHECK_OK(
	    client_site_send_json(&c, "DELETE", "/x", NULL, &got, &err), &err);
	CHECK(got == NULL);
	json_decref(send);
	client_site_done(&c);

	/* A POST whose answer is lost may have been done: it is not repeated.
	 */
	static const unsigned cut = 0;
	struct script s = { &cut, 1, "" };

	f = (struct fake){ .serve = play, .arg = &s };
	c = fake_client(&f);
	CHECK(client_site_send_json(&c, "POST", "/x", NULL, &got, &err) ==
	    SP_E_UNAVAIL);
	CHECK(f.requests == 1);
	client_site_done(&c);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "headers are found strictly", headers_are_found_strictly },
		{ "numbers are canonical", numbers_are_canonical },
		{ "a problem is told in clean words",
		    a_problem_is_told_in_clean_words },
		{ "paths and queries are encoded",
		    paths_and_queries_are_encoded },
		{ "pauses double up to a limit", pauses_double_up_to_a_limit },
		{ "reading has patience within limits",
		    reading_has_patience_within_limits },
		{ "what does not pass is not waited for",
		    what_does_not_pass_is_not_waited_for },
		{ "bodies have a limit", bodies_have_a_limit },
		{ "JSON is taken strictly", json_is_taken_strictly },
		{ "members have the right type or fail",
		    members_have_the_right_type_or_fail },
		{ "JSON is sent once", json_is_sent_once },
		{ "a denial names its code and the next step",
		    a_denial_names_its_code_and_the_next_step },
		{ "the next step is not cut", the_next_step_is_not_cut },
		{ "advice is for what was spoken with",
		    advice_is_for_what_was_spoken_with },
		{ "advice is for what was refused",
		    advice_is_for_what_was_refused },
		{ "words are not cut", words_are_not_cut },
		{ "what is not there is named", what_is_not_there_is_named },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
