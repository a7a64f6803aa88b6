#include "cmd/client.h"

#include "client/fake.h"
#include "said.h"

#define ID "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"

static const struct cmd self = { "thing", "ID", "does a thing", NULL, false };

/* What the site was asked last. */
struct asked {
	char method[8], path[160], body[160];
	const char *answer;
};

static enum sp_code
serve(struct fake *f, const struct site_request *rq, struct site_answer *an,
    struct sp_err *err)
{
	struct asked *a = f->arg;
	size_t got = 0;

	(void)snprintf(a->method, sizeof(a->method), "%s", rq->method);
	(void)snprintf(a->path, sizeof(a->path), "%s", rq->path);
	if (rq->source != NULL)
		SP_TRY(rq->source->read(rq->source->arg, 0, a->body,
		    sizeof(a->body) - 1, &got, err));
	a->body[got] = '\0';
	if (a->answer == NULL)
		return fake_status(an, 204);
	return fake_text(an, a->answer);
}

static void
requests_are_of_the_agency(void)
{
	struct asked a = { .answer = "{\"n\":7}" };
	struct fake f = { .serve = serve, .arg = &a };
	struct client c = { .site = fake_client(&f) };
	json_t *body = json_pack("{s:s}", "a", "b");
	json_t *got = NULL;
	struct sp_err err;

	CHECK_OK(cmd_client_get(&c, &got, &err, "things/%s", ID), &err);
	CHECK(strcmp(a.method, "GET") == 0 && *a.body == '\0');
	CHECK(strcmp(a.path, "/v1/agencies/harbor-pd/things/" ID) == 0);
	CHECK(json_integer_value(json_object_get(got, "n")) == 7);
	json_decref(got);

	CHECK_OK(
	    cmd_client_send(&c, "POST", body, &got, &err, "things/%d%%", 12),
	    &err);
	CHECK(strcmp(a.method, "POST") == 0);
	CHECK(strcmp(a.path, "/v1/agencies/harbor-pd/things/12%") == 0);
	CHECK(strcmp(a.body, "{\"a\":\"b\"}") == 0);
	json_decref(got);

	a.answer = NULL;
	CHECK_OK(
	    cmd_client_send(&c, "DELETE", NULL, &got, &err, "things"), &err);
	CHECK(strcmp(a.method, "DELETE") == 0 && *a.body == '\0');
	CHECK(got == NULL);
	json_decref(body);
	client_site_done(&c.site);
}

/* It is not cut, and nothing is asked. */
static void
a_path_too_long_is_refused(void)
{
	struct asked a = { .answer = "{}" };
	struct fake f = { .serve = serve, .arg = &a };
	struct client c = { .site = fake_client(&f) };
	json_t *got = NULL;
	struct sp_err err;

	CHECK(cmd_client_get(&c, &got, &err, "%2000s", "x") != SP_OK);
	CHECK(cmd_client_send(&c, "PUT", NULL, &got, &err, "%2000s", "x") !=
	    SP_OK);
	CHECK(f.requests == 0 && got == NULL);
	client_site_done(&c.site);
}

/* A site that answers so each time; the last stays. */
struct moods {
	const unsigned *status;
	size_t n;
};

static enum sp_code
serve_moods(struct fake *f, const struct site_request *rq,
    struct site_answer *an, struct sp_err *err)
{
	const struct moods *m = f->arg;

	(void)rq;
	(void)err;
	return fake_status(
	    an, m->status[f->requests < m->n ? f->requests - 1 : m->n - 1]);
}

static void
what_cannot_be_just_now_is_asked_again(void)
{
	static const struct {
		unsigned status[3];
		size_t n;
		unsigned requests; /* 0: as often as patience lasts */
		bool good;
	} rows[] = {
		{ { 200 }, 1, 1, true },
		{ { 503, 429, 200 }, 3, 3, true },
		{ { 403 }, 1, 1, false },
		{ { 503, 404 }, 2, 2, false },
		{ { 503 }, 1, 0, false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct moods m = { rows[i].status, rows[i].n };
		struct fake f = { .serve = serve_moods, .arg = &m };
		struct client c = { .site = fake_client(&f) };
		const struct site_request rq = {
			.method = "GET", .path = "/x", .body_max = 100
		};
		SITE_AUTO_ANSWER an = client_site_answer_new(100);
		struct sp_err err = { .code = SP_OK };

		CHECK((cmd_client_insist(&c, &rq, &an, &err) == SP_OK) ==
		    rows[i].good);
		CHECK(rows[i].requests == 0
			? f.requests > 1 && f.requests <= PATIENCE_TRIES
			: f.requests == rows[i].requests);
		CHECK(f.pauses == f.requests - 1);
		client_site_done(&c.site);
	}
}

static void
what_was_done_is_said(void)
{
	struct client c = { .json = false };
	char said[200];
	struct sp_err err;

	said_begin(STDOUT_FILENO);
	CHECK_OK(cmd_client_say_done(&c, "id", "x", "revoked", &err), &err);
	c.json = true;
	CHECK_OK(cmd_client_say_done(&c, "id", "x", "revoked", &err), &err);
	said_end(said, sizeof(said));
	CHECK(
	    strcmp(said, "x revoked\n{\"id\":\"x\",\"revoked\":true}\n") == 0);
}

static void
one_id_is_one_id(void)
{
	char good[] = ID, bad[] = "0190aaaa";
	static const struct {
		const char *wanted, *said;
		size_t n;
		bool good;
	} rows[] = {
		{ NULL, "", 1, true },
		{ "say which", "", 1, true },
		{ NULL, "one id is wanted", 0, true },
		{ NULL, "one id is wanted", 2, true },
		{ NULL, "'0190aaaa' is no id", 1, false },
		{ "say which", "say which", 0, true },
		{ "say which", "say which", 2, true },
		{ "say which", "say which", 1, false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char *operand[] = { rows[i].good ? good : bad, good, NULL };
		char said[400];
		int code;

		said_begin(STDERR_FILENO);
		code = cmd_client_one_id(
		    &self, rows[i].wanted, operand, rows[i].n);
		said_end(said, sizeof(said));
		CHECK(code == (*rows[i].said == '\0' ? CMD_DONE : CMD_USAGE));
		CHECK(strstr(said, rows[i].said) != NULL);
	}
}

static void
exit_codes_tell_who_it_was(void)
{
	const struct {
		const char *reason;
		int code;
	} rows[] = {
		{ client_site_refused, CMD_REFUSED },
		{ client_site_unreachable, CMD_UNREACHABLE },
		{ client_site_no_tls, CMD_UNREACHABLE },
		{ client_site_interrupted, CMD_CHECK_FAILED },
		{ NULL, CMD_CHECK_FAILED },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_err err;

		(void)sp_fail_as(&err, SP_E_INVALID, rows[i].reason, "x");
		CHECK(cmd_client_exit(&err) == rows[i].code);
	}
}

/* Settings that are missing are a usage error, and nothing is done. */
static enum sp_code
not_called(struct client *c, void *arg, struct sp_err *err)
{
	(void)c;
	(void)arg;
	(void)err;
	CHECK(false);
	return SP_OK;
}

static void
without_settings_nothing_is_done(void)
{
	const struct client_options common = { .agency = "harbor-pd" };
	char said[400];
	int code;

	CHECK(setenv("HOME", "/nonexistent", 1) == 0);
	CHECK(unsetenv("SALLYPORT_SITE") == 0);
	CHECK(unsetenv("XDG_CONFIG_HOME") == 0);
	said_begin(STDERR_FILENO);
	code = cmd_client_with(&self, &common, not_called, NULL);
	said_end(said, sizeof(said));
	CHECK(code == CMD_USAGE);
	CHECK(strstr(said, "sallyport thing: ") == said);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "requests are of the agency", requests_are_of_the_agency },
		{ "a path too long is refused", a_path_too_long_is_refused },
		{ "what cannot be just now is asked again",
		    what_cannot_be_just_now_is_asked_again },
		{ "what was done is said", what_was_done_is_said },
		{ "one id is one id", one_id_is_one_id },
		{ "exit codes tell who it was", exit_codes_tell_who_it_was },
		{ "without settings nothing is done",
		    without_settings_nothing_is_done },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
