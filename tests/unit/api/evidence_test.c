#include "http/http_fixture.h"

#include "http/answer.h"
#include "media/clips.h"
#include "media/worker.h"
#include "processing/job.h"
#include "report/press_fixture.h"

#include <jansson.h>

/*
 * What is made from an item: the facts of its media, its poster, its custody
 * on paper.  A real server, worker and press; the worker is this program
 * again, as `media`.
 */
static struct http_fixture fix;
static char admin[GATE_TOKEN_TEXT];

/* The press forks with threads behind it, which TSan does not survive: there
 * the site is without one. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NO_PRESS 1
#endif
#endif

#define NOWHERE "01890a5d-ac96-774b-bcce-b302099a8057"

static struct reply
ask(const char *token, const char *method, const char *path, const char *more)
{
	struct wire w;
	struct reply r;

	(void)snprintf(fix.room.token, sizeof(fix.room.token), "%s", token);
	wire_open(&fix, &w);
	wire_ask(&fix, &w, method, path, "%s", more);
	r = wire_reply(&w, strcmp(method, "HEAD") == 0);
	CHECK(r.whole);
	wire_close(&w);
	return r;
}

static void
field_is(const struct reply *r, const char *name, const char *want)
{
	char got[300] = "(none)";

	(void)reply_field(r, name, got, sizeof(got));
	if (strcmp(got, want) != 0)
		tap_fail(__FILE__, __LINE__, name, got);
}

static bool
says(const struct reply *r, const char *text)
{
	return memmem(r->body.at, r->body.len, text, strlen(text)) != NULL;
}

/* A problem document of this type, with this reason (NULL: none). */
static void
is_problem(const struct reply *r, enum http_problem p, const char *reason)
{
	const struct http_problem_info *info = http_problem_info(p);
	json_t *doc =
	    json_loadb((const char *)r->body.at, r->body.len, 0, NULL);
	const json_t *told = json_object_get(doc, "reason");

	if (r->status != info->status)
		tap_fail(__FILE__, __LINE__, info->type, sp_buf_str(&r->body));
	field_is(r, "Content-Type", "application/problem+json");
	CHECK(strcmp(json_string_value(json_object_get(doc, "type")),
		  info->type) == 0);
	if ((told != NULL) != (reason != NULL) ||
	    (reason != NULL && strcmp(json_string_value(told), reason) != 0))
		tap_fail(__FILE__, __LINE__, "reason: ", sp_buf_str(&r->body));
	json_decref(doc);
}

/* The token of somebody else. */
static void
token_of(const char *role, char out[static GATE_TOKEN_TEXT])
{
	char head[200], body[100], *at;
	struct wire w;
	AUTO_REPLY r = { .status = 0 };

	(void)snprintf(body, sizeof(body),
	    "{\"role\":\"%s\",\"label\":\"%s\",\"expires_in_days\":1}", role,
	    role);
	(void)snprintf(head, sizeof(head),
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n",
	    strlen(body));
	(void)snprintf(fix.room.token, sizeof(fix.room.token), "%s", admin);
	wire_open(&fix, &w);
	wire_ask(&fix, &w, "POST", "tokens", "%s", head);
	CHECK(wire_send(&w, body, strlen(body)));
	r = wire_reply(&w, false);
	CHECK(r.status == 201);
	wire_close(&w);
	at = strstr(sp_buf_str(&r.body), "\"token\":\"");
	CHECK(at != NULL);
	at += strlen("\"token\":\"");
	CHECK(strcspn(at, "\"") < GATE_TOKEN_TEXT);
	memcpy(out, at, strcspn(at, "\""));
	out[strcspn(at, "\"")] = '\0';
}

/* ---- Items ---- */

struct item {
	struct sp_id id;
	char path[100];
};

static struct item
taken_in(const void *bytes, size_t len, const char *type)
{
	char head[300], id[64];
	struct item it;
	struct wire w;
	AUTO_REPLY r = { .status = 0 };
	SP_AUTO_BUF type64 = sp_buf_new(200);

	sp_buf_base64(&type64, type, strlen(type));
	(void)snprintf(head, sizeof(head),
	    "Upload-Metadata: filetype %s\r\nUpload-Length: %zu\r\n"
	    "Content-Type: application/offset+octet-stream\r\n"
	    "Content-Length: %zu\r\n",
	    sp_buf_str(&type64), len, len);
	(void)snprintf(fix.room.token, sizeof(fix.room.token), "%s", admin);
	wire_open(&fix, &w);
	wire_ask(&fix, &w, "POST", "uploads", "%s", head);
	CHECK(wire_send(&w, bytes, len));
	r = wire_reply(&w, false);
	CHECK(r.status == 201);
	CHECK(reply_field(&r, "Sallyport-Evidence", id, sizeof(id)));
	CHECK(sp_id_parse(id, strlen(id), &it.id));
	(void)snprintf(it.path, sizeof(it.path), "evidence/%s", id);
	wire_close(&w);
	return it;
}

static const char *
below(const struct item *it, const char *what)
{
	static char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", it->path, what);
	return path;
}

static bool
never(void *arg)
{
	(void)arg;
	return false;
}

/* By a worker, as the server has it done. */
static void
look_into(const struct item *it)
{
	char name[] = "sallyport", kind[] = "media";
	char *argv[] = { name, kind, NULL };
	struct processing_job job = {
		.room = fix.room.room,
		.id = it->id,
		.deadline = sp_ticks() + 120 * SP_SECOND,
		.stopping = never,
	};
	struct sp_err err;
	int pair[2];
	pid_t pid;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK_OK(keeper_spawn_self(argv, &pair[1], 1, &pid, &err), &err);
	CHECK(close(pair[1]) == 0);
	job.sock = pair[0];
	CHECK_OK(processing_job_run(&job, &err), &err);
	CHECK(close(pair[0]) == 0);
	CHECK(waitpid(pid, NULL, 0) == pid);
}

static size_t
entries(const struct item *it, const char *act)
{
	AUTO_REPLY r = ask(admin, "GET", below(it, "custody"), "");
	SP_AUTO_BUF want = sp_buf_new(200);
	size_t n = 0;

	CHECK(r.status == 200);
	sp_buf_fmt(&want, "\"act\":\"%s\"", act);
	for (const char *at = sp_buf_str(&r.body);
	     (at = strstr(at, sp_buf_str(&want))) != NULL; at++)
		n++;
	return n;
}

/* ---- Tests ---- */

/* 404s are all the same; who may not is told so, and recorded. */
static void
who_may_what(void)
{
	static const struct {
		const char *what;
		const char *refused[3]; /* roles */
	} rows[] = {
		{ "media", { NULL } },
		{ "poster.jpg", { "auditor", "device" } },
		{ "custody.pdf", { "officer", "device" } },
	};
	AUTO_CLIP clip = clip_of_kind(&clip_kinds[0]);
	struct item it = taken_in(clip.at, clip.len, "video/mp4");
	AUTO_REPLY nothing = ask(admin, "GET", "no/such/path", "");
	const struct item none = { .path = "evidence/" NOWHERE };
	char token[GATE_TOKEN_TEXT];

	look_into(&it);
	is_problem(&nothing, HTTP_NOT_FOUND, NULL);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		AUTO_REPLY bare = ask("x", "GET", below(&it, rows[i].what), "");
		AUTO_REPLY away =
		    ask(admin, "GET", below(&none, rows[i].what), "");
		AUTO_REPLY post = ask(admin, "POST", below(&it, rows[i].what),
		    "Content-Length: 0\r\n");

		is_problem(&bare, HTTP_UNKNOWN, "token.unknown");
		is_problem(&away, HTTP_NOT_FOUND, NULL);
		CHECK(away.body.len == nothing.body.len &&
		    memcmp(away.body.at, nothing.body.at, away.body.len) == 0);
		is_problem(&post, HTTP_METHOD, "http.method");
		for (size_t k = 0; rows[i].refused[k] != NULL; k++) {
			token_of(rows[i].refused[k], token);
			AUTO_REPLY r =
			    ask(token, "GET", below(&it, rows[i].what), "");

			is_problem(&r, HTTP_DENIED, "role");
		}
	}
	CHECK(entries(&it, "gate.denied") == 4);
	CHECK(entries(&it, "evidence.previewed") == 0);
}

static void
media_before_and_after(void)
{
	AUTO_CLIP clip = clip_of_kind(&clip_kinds[0]);
	struct item it = taken_in(clip.at, clip.len, "video/mp4");
	AUTO_REPLY before = ask(admin, "GET", below(&it, "media"), "");
	AUTO_REPLY none = ask(admin, "GET", below(&it, "poster.jpg"), "");

	CHECK(before.status == 200);
	field_is(&before, "Content-Type", "application/json");
	CHECK(says(&before,
	    "\"facts\":null,\"poster\":null,"
	    "\"probed_at\":null,\"state\":\"queued\"}"));
	is_problem(&none, HTTP_NOT_FOUND, NULL);
	look_into(&it);
	AUTO_REPLY after = ask(admin, "GET", below(&it, "media"), "");
	AUTO_REPLY head = ask(admin, "HEAD", below(&it, "media"), "");
	AUTO_REPLY item = ask(admin, "GET", it.path, "");

	CHECK(after.status == 200 && head.status == 200);
	CHECK(says(&after, "\"format\":\"mp4\""));
	CHECK(says(&after, "\"state\":\"done\"}"));
	CHECK(says(&item, "\"media_state\":\"done\""));
}

/* Whatever came, it is evidence; why it is not media is told. */
static void
unreadable(void)
{
	static const struct {
		const char *bytes, *type, *state;
	} rows[] = {
		{ "", "video/mp4", "unreadable: the file is empty" },
		{ "not a film", "video/mp4",
		    "unreadable: not a known media format" },
		{ "Dear judge", "text/plain", "none" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		size_t len = strlen(rows[i].bytes);
		struct item it = taken_in(rows[i].bytes, len, rows[i].type);
		char want[100];

		look_into(&it);
		AUTO_REPLY r = ask(admin, "GET", below(&it, "media"), "");
		AUTO_REPLY poster =
		    ask(admin, "GET", below(&it, "poster.jpg"), "");
		AUTO_REPLY content =
		    ask(admin, "GET", below(&it, "content"), "");

		(void)snprintf(
		    want, sizeof(want), "\"state\":\"%s\"}", rows[i].state);
		CHECK(r.status == 200 && says(&r, want));
		CHECK(says(&r, "\"facts\":null,\"poster\":null"));
		is_problem(&poster, HTTP_NOT_FOUND, NULL);
		CHECK(content.status == 200 && content.body.len == len);
		CHECK(entries(&it, "evidence.previewed") == 0);
	}
}

/* Each time it is given out is an entry; telling of it is none. */
static void
the_poster(void)
{
	AUTO_CLIP clip = clip_of_kind(&clip_kinds[0]);
	struct item it = taken_in(clip.at, clip.len, "video/mp4");
	char etag[100], line[200];

	look_into(&it);
	AUTO_REPLY head = ask(admin, "HEAD", below(&it, "poster.jpg"), "");
	CHECK(head.status == 200);
	CHECK(reply_field(&head, "ETag", etag, sizeof(etag)));
	(void)snprintf(line, sizeof(line), "If-None-Match: %s\r\n", etag);
	AUTO_REPLY same = ask(admin, "GET", below(&it, "poster.jpg"), line);
	AUTO_REPLY other = ask(
	    admin, "GET", below(&it, "poster.jpg"), "If-Match: \"0000\"\r\n");

	CHECK(same.status == 304 && same.body.len == 0);
	is_problem(&other, HTTP_PRECONDITION, "http.precondition");
	CHECK(entries(&it, "evidence.previewed") == 0);
	for (size_t i = 1; i < 3; i++) {
		AUTO_REPLY r = ask(admin, "GET", below(&it, "poster.jpg"), "");
		char length[32];

		CHECK(r.status == 200);
		CHECK(memcmp(r.body.at, "\xff\xd8", 2) == 0);
		field_is(&r, "Content-Type", "image/jpeg");
		field_is(&r, "ETag", etag);
		field_is(&r, "X-Content-Type-Options", "nosniff");
		field_is(&r, "Content-Security-Policy",
		    "sandbox; default-src 'none'");
		(void)snprintf(length, sizeof(length), "%zu", r.body.len);
		field_is(&head, "Content-Length", length);
		CHECK(entries(&it, "evidence.previewed") == i);
	}
}

#ifndef NO_PRESS

static void
on_paper(void)
{
	struct item it = taken_in("x", 1, "text/plain");
	char name[200];

	AUTO_REPLY r = ask(admin, "GET", below(&it, "custody.pdf"), "");
	AUTO_REPLY a4 =
	    ask(admin, "GET", below(&it, "custody.pdf?paper=a4"), "");
	AUTO_REPLY letter =
	    ask(admin, "GET", below(&it, "custody.pdf?paper=letter"), "");
	AUTO_REPLY legal =
	    ask(admin, "GET", below(&it, "custody.pdf?paper=legal"), "");
	AUTO_REPLY odd =
	    ask(admin, "GET", below(&it, "custody.pdf?papre=a4"), "");

	CHECK(r.status == 200 && memcmp(r.body.at, "%PDF-1.", 7) == 0);
	field_is(&r, "Content-Type", "application/pdf");
	(void)snprintf(name, sizeof(name),
	    "attachment; filename=\"custody-%s.pdf\"",
	    it.path + strlen("evidence/"));
	field_is(&r, "Content-Disposition", name);
	CHECK(says(&letter, "/MediaBox [ 0 0 612 792 ]"));
	CHECK(says(&a4, "/MediaBox [ 0 0 595.28"));
	is_problem(&legal, HTTP_INVALID, NULL);
	is_problem(&odd, HTTP_INVALID, NULL);
	CHECK(entries(&it, "evidence.opened") == 0);
}

#endif

/* The press ended and none comes: evidence and its custody are there all the
 * same. */
static pid_t press_pid = -1;

static void
the_press_is_away(void)
{
	struct item it = taken_in("x", 1, "text/plain");

	if (press_pid > 0) {
		CHECK(kill(press_pid, SIGKILL) == 0);
		CHECK(waitpid(press_pid, NULL, 0) == press_pid);
	}
	AUTO_REPLY r = ask(admin, "GET", below(&it, "custody.pdf"), "");
	AUTO_REPLY json = ask(admin, "GET", below(&it, "custody"), "");
	char retry[32];

	is_problem(&r, HTTP_UNAVAILABLE, "report.away");
	CHECK(reply_field(&r, "Retry-After", retry, sizeof(retry)));
	CHECK(json.status == 200);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "who may what", who_may_what },
		{ "media, before and after", media_before_and_after },
		{ "unreadable", unreadable },
		{ "the poster", the_poster },
#ifndef NO_PRESS
		{ "on paper", on_paper },
#endif
		{ "the press is away", the_press_is_away },
	};
	struct sp_err err = { .code = SP_OK };
	int rc;

	if (argc == 2 && strcmp(argv[1], "media") == 0)
		return media_worker_main();
	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	fix.press = report_press_new();
	CHECK(fix.press != NULL);
#ifndef NO_PRESS
	press_pid = press_fixture_start(fix.press);
#endif
	fixture_begin(&fix);
	(void)snprintf(admin, sizeof(admin), "%s", fix.room.token);
	rc = tap_run(cases, SP_COUNTOF(cases));
	fixture_end(&fix);
	report_press_free(fix.press);
	return rc;
}
