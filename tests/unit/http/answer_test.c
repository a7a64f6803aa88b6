#include "http/answer.h"
#include "tap.h"

#include <jansson.h>
#include <string.h>

/* The table as docs/api.md has it: a change of it breaks clients. */
static void
failures_become_their_problems(void)
{
	static const struct {
		enum sp_code code;
		const char *reason;
		unsigned status;
		const char *slug;
	} rows[] = {
		{ SP_E_NOMEM, NULL, 503, "unavailable" },
		{ SP_E_INVALID, NULL, 400, "invalid" },
		{ SP_E_INVALID, "never.heard.of", 400, "invalid" },
		{ SP_E_INVALID, "http.malformed", 400, "bad-request" },
		{ SP_E_INVALID, "http.method", 405, "method" },
		{ SP_E_INVALID, "http.media", 415, "media-type" },
		{ SP_E_INVALID, "tus.version", 412, "tus-version" },
		{ SP_E_LIMIT, NULL, 400, "limit" },
		{ SP_E_LIMIT, "http.size", 413, "too-large" },
		{ SP_E_LIMIT, "http.uri", 414, "uri-too-long" },
		{ SP_E_LIMIT, "http.headers", 431, "headers-too-large" },
		{ SP_E_LIMIT, "upload.length", 413, "too-large" },
		{ SP_E_LIMIT, "upload.body", 413, "too-large" },
		{ SP_E_LIMIT, "upload.count", 429, "too-many" },
		{ SP_E_NOTFOUND, "upload.unknown", 404, "not-found" },
		{ SP_E_CONFLICT, NULL, 409, "conflict" },
		{ SP_E_CONFLICT, "upload.offset", 409, "upload-offset" },
		{ SP_E_CONFLICT, "upload.length", 400, "invalid" },
		{ SP_E_CONFLICT, "http.precondition", 412, "precondition" },
		{ SP_E_LOCKED, NULL, 423, "locked" },
		{ SP_E_MISMATCH, "upload.checksum", 460, "checksum" },
		{ SP_E_MISMATCH, "upload.sha256", 460, "checksum" },
		{ SP_E_UNKNOWN, "token.expired", 401, "token-needed" },
		{ SP_E_DENIED, "role", 403, "denied" },
		{ SP_E_CORRUPT, NULL, 500, "corrupt" },
		{ SP_E_UNAVAIL, NULL, 503, "unavailable" },
		{ SP_E_UNAVAIL, "keeper.away", 503, "keeper-away" },
		{ SP_E_FULL, NULL, 507, "full" },
		{ SP_E_STOPPED, NULL, 503, "stopped" },
		{ SP_E_INTERNAL, NULL, 500, "internal" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_err err = { .code = rows[i].code,
			.reason = rows[i].reason };
		const struct http_problem_info *p =
		    http_problem_info(http_problem_of(&err));

		CHECK(p->status == rows[i].status);
		CHECK(strncmp(p->type, "urn:sallyport:problem:", 22) == 0);
		CHECK(strcmp(p->type + 22, rows[i].slug) == 0);
	}
}

/* Types are what clients branch on: no two problems share one. */
static void
types_are_unique(void)
{
	for (unsigned i = 0; i < HTTP_PROBLEM_COUNT; i++) {
		const struct http_problem_info *a =
		    http_problem_info((enum http_problem)i);

		CHECK(a->status >= 400 && a->status < 600);
		CHECK(strlen(a->title) > 3);
		for (unsigned j = 0; j < i; j++)
			CHECK(strcmp(a->type,
				  http_problem_info((enum http_problem)j)
				      ->type) != 0);
	}
}

static json_t *
body_of(const struct http_answer *a)
{
	json_t *j = json_loadb(
	    sp_buf_str(&a->body), a->body.len, JSON_REJECT_DUPLICATES, NULL);

	CHECK(j != NULL);
	CHECK(strcmp(http_answer_get(a, "content-type"),
		  "application/problem+json") == 0);
	return j;
}

static const char *
text_of(const json_t *j, const char *name)
{
	return json_string_value(json_object_get(j, name));
}

static void
a_refusal_says_why(void)
{
	struct sp_err err = { .code = SP_OK };
	struct http_answer a;
	json_t *j;

	http_answer_init(&a);
	http_answer_set(&a, "ETag", "\"of what was to be sent\"");
	(void)sp_fail_as(&err, SP_E_CONFLICT, "upload.offset",
	    "Upload-Offset is %d, \"the upload\" is at %d", 1, 2);
	http_answer_error(&a, &err, "PATCH continueUpload");
	CHECK(a.status == 409 && a.problem && a.which == HTTP_OFFSET);
	CHECK(http_answer_get(&a, "ETag") == NULL);
	j = body_of(&a);
	CHECK(json_integer_value(json_object_get(j, "status")) == 409);
	CHECK(strcmp(text_of(j, "reason"), "upload.offset") == 0);
	CHECK(strcmp(text_of(j, "detail"),
		  "Upload-Offset is 1, \"the upload\" is at 2") == 0);
	CHECK(text_of(j, "instance") == NULL);
	json_decref(j);
	http_answer_done(&a);
}

static void
a_failure_of_ours_keeps_its_inside_to_the_log(void)
{
	struct sp_err err = { .code = SP_OK };
	struct http_answer a;
	json_t *j;

	http_answer_init(&a);
	(void)sp_fail(&err, SP_E_INTERNAL, "open /secret/path: I/O error");
	http_answer_error(&a, &err, "GET showEvidence");
	CHECK(a.status == 500);
	CHECK(strstr(sp_buf_str(&a.body), "secret") == NULL);
	j = body_of(&a);
	CHECK(text_of(j, "detail") == NULL);
	CHECK(strncmp(text_of(j, "instance"), "urn:uuid:", 9) == 0);
	CHECK(strlen(text_of(j, "instance")) == 9 + 36);
	json_decref(j);
	http_answer_done(&a);
}

/* Whatever is not there is not there in the same words. */
static void
every_404_is_the_same(void)
{
	static const char *const reasons[] = { NULL, "upload.unknown",
		"evidence.unknown" };
	SP_AUTO_BUF first = sp_buf_new(4096);

	for (size_t i = 0; i < SP_COUNTOF(reasons); i++) {
		struct sp_err err = { .code = SP_OK };
		struct http_answer a;

		http_answer_init(&a);
		(void)sp_fail_as(
		    &err, SP_E_NOTFOUND, reasons[i], "reason %zu", i);
		http_answer_error(&a, &err, "x");
		if (i == 0)
			sp_buf_add(&first, a.body.at, a.body.len);
		CHECK(strcmp(sp_buf_str(&first), sp_buf_str(&a.body)) == 0);
		CHECK(a.head.len ==
		    sizeof("Content-Type") +
			sizeof("application/problem+json"));
		http_answer_done(&a);
	}
}

static void
what_to_do_next_is_in_the_header(void)
{
	struct http_answer a;
	struct sp_err err;

	http_answer_init(&a);
	http_answer_problem(&a, HTTP_UNKNOWN, NULL, NULL, NULL);
	CHECK(
	    strncmp(http_answer_get(&a, "WWW-Authenticate"), "Bearer", 6) == 0);
	http_answer_problem(&a, HTTP_KEEPER, NULL, NULL, NULL);
	CHECK(strcmp(http_answer_get(&a, "Retry-After"), "2") == 0);
	CHECK(http_answer_get(&a, "WWW-Authenticate") == NULL);
	http_answer_problem(&a, HTTP_FULL, NULL, NULL, NULL);
	CHECK(http_answer_get(&a, "Retry-After") == NULL);
	/* Where it is known how long a pace lasts. */
	(void)sp_fail_as(&err, SP_E_LIMIT, "token.pace", "enough");
	http_answer_error(&a, &err, "POST addToken");
	CHECK(a.status == 429 && http_answer_get(&a, "Retry-After") == NULL);
	err.wait = 1234;
	http_answer_error(&a, &err, "POST addToken");
	CHECK(strcmp(http_answer_get(&a, "Retry-After"), "1234") == 0);
	http_answer_done(&a);
}

static int freed;

static void
note_free(void *self)
{
	(void)self;
	freed++;
}

static void
a_stream_is_freed_once(void)
{
	static const struct http_stream_ops ops = { .free = note_free };
	struct http_answer a;

	http_answer_init(&a);
	http_answer_stream(&a, &ops, NULL, 5);
	http_answer_problem(&a, HTTP_FULL, NULL, NULL, NULL);
	CHECK(freed == 1 && a.stream == NULL);
	http_answer_stream(&a, &ops, NULL, 5);
	http_answer_done(&a);
	http_answer_done(&a);
	CHECK(freed == 2);
}

static void
raw_bytes_are_an_http_answer(void)
{
	SP_AUTO_BUF raw = sp_buf_new(4096), body = sp_buf_new(10);
	struct http_answer a;

	http_answer_init(&a);
	a.status = 507;
	sp_buf_text(&body, "ab\n");
	http_answer_take(&a, "text/plain", &body);
	http_answer_fmt(&a, "Upload-Offset", "%d", 7);
	http_answer_raw(&a, &raw);
	CHECK(strcmp(sp_buf_str(&raw),
		  "HTTP/1.1 507 \r\nConnection: close\r\n"
		  "Content-Type: text/plain\r\nUpload-Offset: 7\r\n"
		  "Content-Length: 3\r\n\r\nab\n") == 0);
	http_answer_done(&a);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "failures become their problems",
		    failures_become_their_problems },
		{ "types are unique", types_are_unique },
		{ "a refusal says why", a_refusal_says_why },
		{ "a failure of ours keeps its inside to the log",
		    a_failure_of_ours_keeps_its_inside_to_the_log },
		{ "every 404 is the same", every_404_is_the_same },
		{ "what to do next is in the header",
		    what_to_do_next_is_in_the_header },
		{ "a stream is freed once", a_stream_is_freed_once },
		{ "raw bytes are an HTTP answer",
		    raw_bytes_are_an_http_answer },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
