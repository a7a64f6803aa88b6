#include "http/request.h"

#include "api/routes.h"
#include "http/stats.h"
#include "tap.h"

#include <string.h>

#define ID "01890a5d-ac96-774b-bcce-b302099a8057"
#define A  "/v1/agencies/harbor-pd/"
#define TOKEN                                                                  \
	"spt_AAAAAAAAAAAAAAAAAAAAAA_"                                          \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* Requests as libmicrohttpd hands them over, to routes that need no site: what
 * is refused before the door, and what every answer carries. */
struct ask {
	struct http_wire w;
	struct http_pair line[HTTP_LINES_MAX + 1];
	struct http_pair query[HTTP_QUERY_MAX + 1];
};

static struct http_house house = {
	.routes = &api_routes,
	.header_bytes = 4096,
	.json_bytes = 100,
	.upload_max = 1000,
};

static void
ask_to(struct ask *a, const char *method, const char *target)
{
	*a = (struct ask){ .w = { .method = method,
			       .target = target,
			       .http11 = true,
			       .bytes = 100,
			       .address = "192.0.2.7" } };
}

static struct http_pair
pair_of(const char *name, const char *value)
{
	return (struct http_pair){ name, strlen(name), value,
		value == NULL ? 0 : strlen(value) };
}

static void
with(struct ask *a, const char *name, const char *value)
{
	CHECK(a->w.lines <= HTTP_LINES_MAX);
	a->line[a->w.lines++] = pair_of(name, value);
}

static void
with_query(struct ask *a, const char *name, const char *value)
{
	CHECK(a->w.queries <= HTTP_QUERY_MAX);
	a->query[a->w.queries++] = pair_of(name, value);
}

static enum http_turn
put(struct http_request *q, struct ask *a)
{
	a->w.line = a->line;
	a->w.query = a->query;
	return http_request_begin(q, &a->w);
}

/* Ask, expect an answer at once, tell its status and (may be NULL) slug. */
static unsigned
answered(struct ask *a, const char *slug)
{
	struct http_request *q = http_request_new(&house);
	unsigned status;

	CHECK(q != NULL);
	CHECK(put(q, a) == HTTP_ANSWERED);
	status = q->answer.status;
	if (slug != NULL) {
		CHECK(q->answer.problem);
		CHECK(strcmp(http_problem_info(q->answer.which)->type +
			      strlen("urn:sallyport:problem:"),
			  slug) == 0);
	}
	http_request_free(q);
	return status;
}

static void
every_answer_is_dressed(void)
{
	static const char *const paths[] = { "/healthz", "/nothing",
		A "evidence" };

	for (size_t i = 0; i < SP_COUNTOF(paths); i++) {
		struct http_request *q = http_request_new(&house);
		struct ask a;

		ask_to(&a, "GET", paths[i]);
		CHECK(put(q, &a) == HTTP_ANSWERED);
		CHECK(http_answer_get(
			  &q->answer, "Strict-Transport-Security") != NULL);
		CHECK(strcmp(
			  http_answer_get(&q->answer, "X-Content-Type-Options"),
			  "nosniff") == 0);
		CHECK(strcmp(http_answer_get(&q->answer, "Cache-Control"),
			  "no-store") == 0);
		CHECK(http_answer_get(&q->answer, "Tus-Resumable") == NULL);
		http_request_free(q);
	}
}

static void
nothing_is_told_without_a_token(void)
{
	static const char *const tokens[] = { NULL, "", "Bearer", "Bearer ",
		"Bearer x", "Basic eDp5", "Bearer  " TOKEN, TOKEN,
		"Bearer " TOKEN "x" };
	static const char *const paths[] = { A "evidence", A "evidence/" ID,
		A "evidence/nonsense", "/v1/agencies/none/evidence",
		A "evidence/" ID "/content", A "evidence/" ID "/media",
		A "evidence/" ID "/poster.jpg", A "log/tile/entries/000" };

	for (size_t i = 0; i < SP_COUNTOF(tokens); i++) {
		for (size_t j = 0; j < SP_COUNTOF(paths); j++) {
			struct ask a;

			ask_to(&a, "GET", paths[j]);
			if (tokens[i] != NULL)
				with(&a, "Authorization", tokens[i]);
			CHECK(answered(&a, "token-needed") == 401);
		}
	}
}

static void
unknown_paths_and_methods(void)
{
	struct http_request *q = http_request_new(&house);
	struct ask a;

	ask_to(&a, "GET", "/v1/nothing");
	CHECK(answered(&a, "not-found") == 404);
	ask_to(&a, "BREW", "/v1/nothing");
	CHECK(answered(&a, "not-found") == 404);
	ask_to(&a, "GET", "/%zz");
	CHECK(answered(&a, "bad-request") == 400);
	ask_to(&a, "DELETE", A "evidence");
	CHECK(put(q, &a) == HTTP_ANSWERED);
	CHECK(q->answer.status == 405);
	CHECK(strcmp(http_answer_get(&q->answer, "Allow"), "GET, HEAD") == 0);
	http_request_free(q);
}

static void
what_comes_twice_is_refused(void)
{
	for (unsigned f = 0; f < HTTP_FIELD_COUNT; f++) {
		struct http_request *q = http_request_new(&house);
		struct ask a;

		ask_to(&a, "GET", "/healthz");
		with(&a, http_field_name((enum http_field)f), "1");
		with(&a, "X-Other", "1");
		with(&a, http_field_name((enum http_field)f), "1");
		CHECK(put(q, &a) == HTTP_ANSWERED);
		if (f == HTTP_F_FORWARDED || f == HTTP_F_X_FORWARDED_FOR) {
			CHECK(q->answer.status == 200);
		} else {
			CHECK(q->answer.status == 400);
			CHECK(q->untrusted);
		}
		http_request_free(q);
	}
	{
		struct ask a;

		ask_to(&a, "GET", "/healthz");
		with(&a, "content-LENGTH", "0");
		with(&a, "Content-Length", "0");
		CHECK(answered(&a, "bad-request") == 400);
		/* What nobody reads may repeat. */
		ask_to(&a, "GET", "/healthz");
		with(&a, "X-Other", "1");
		with(&a, "X-Other", "2");
		CHECK(answered(&a, NULL) == 200);
	}
}

static void
malformed_headers_are_refused(void)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{ "Content-Length ", "5" },
		{ "", "5" },
		{ "Upload Offset", "5" },
		{ "X\tY", "5" },
		{ "X(Y)", "5" },
		{ "X\xc3\xa9", "5" },
		{ "X-A", "a\x01z" },
		{ "X-A", "a\x7fz" },
		{ "X-A", NULL },
		{ "Content-Length", "-5" },
		{ "Content-Length", "+5" },
		{ "Content-Length", "05" },
		{ "Content-Length", "0x5" },
		{ "Content-Length", "5, 5" },
		{ "Content-Length", "" },
		{ "Content-Length", "9223372036854775808" },
		{ "Content-Length5", "" },
		{ "transfer-encodingchunked", "x" },
		{ "Transfer-Encoding", "gzip" },
		{ "Transfer-Encoding", "gzip, chunked" },
		{ "Transfer-Encoding", "chunked, chunked" },
		{ "Transfer-Encoding", "" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct http_request *q = http_request_new(&house);
		struct ask a;

		ask_to(&a, "GET", "/healthz");
		a.line[a.w.lines++] = pair_of(rows[i].name, rows[i].value);
		CHECK(put(q, &a) == HTTP_ANSWERED);
		CHECK(q->answer.status == 400);
		CHECK(q->untrusted); /* the connection is not used on */
		http_request_free(q);
	}
}

static void
two_lengths_are_two_requests(void)
{
	struct http_request *q = http_request_new(&house);
	struct ask a;

	ask_to(&a, "PATCH", A "uploads/" ID);
	with(&a, "Content-Length", "5");
	with(&a, "Transfer-Encoding", "chunked");
	CHECK(put(q, &a) == HTTP_ANSWERED);
	CHECK(q->answer.status == 400 && q->untrusted);
	http_request_free(q);
	/* Before HTTP/1.1 there were no chunks. */
	q = http_request_new(&house);
	ask_to(&a, "PATCH", A "uploads/" ID);
	a.w.http11 = false;
	with(&a, "Transfer-Encoding", "chunked");
	CHECK(put(q, &a) == HTTP_ANSWERED);
	CHECK(q->answer.status == 400 && q->untrusted);
	http_request_free(q);
}

static void
headers_have_limits(void)
{
	struct ask a;

	ask_to(&a, "GET", "/healthz");
	a.w.bytes = house.header_bytes;
	CHECK(answered(&a, NULL) == 200);
	a.w.bytes++;
	CHECK(answered(&a, "headers-too-large") == 431);
	ask_to(&a, "GET", "/healthz");
	while (a.w.lines < HTTP_LINES_MAX)
		with(&a, "X", "y");
	CHECK(answered(&a, NULL) == 200);
	with(&a, "X", "y");
	CHECK(answered(&a, "headers-too-large") == 431);
}

static void
a_body_where_none_is_taken_is_refused(void)
{
	struct ask a;

	ask_to(&a, "GET", "/healthz");
	with(&a, "Content-Length", "1");
	CHECK(answered(&a, "bad-request") == 400);
	ask_to(&a, "GET", "/healthz");
	with(&a, "Content-Length", "0");
	CHECK(answered(&a, NULL) == 200);
	ask_to(&a, "OPTIONS", A "uploads");
	with(&a, "Transfer-Encoding", "chunked");
	CHECK(answered(&a, "bad-request") == 400);
}

static void
unknown_queries_are_refused(void)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{ "x", "1" },
		{ "cursor", "1" }, /* of another route */
		{ "", "" },
		{ "%zz", "" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct ask a;

		ask_to(&a, "GET", "/healthz");
		with_query(&a, rows[i].name, rows[i].value);
		CHECK(answered(&a, "invalid") == 400);
	}
	{
		struct ask a;

		ask_to(&a, "GET", "/healthz");
		for (size_t i = 0; i <= HTTP_QUERY_MAX; i++)
			with_query(&a, "x", "1");
		CHECK(answered(&a, "invalid") == 400);
	}
}

static void
the_override_is_for_posts(void)
{
	static const struct {
		const char *method, *override;
		unsigned status;
	} rows[] = {
		{ "POST", "PATCH", 401 },
		{ "POST", "DELETE", 401 },
		{ "POST", "HEAD", 401 },
		{ "POST", "GET", 400 },
		{ "POST", "POST", 400 },
		{ "POST", "patch", 400 },
		{ "POST", "", 400 },
		{ "GET", "DELETE", 400 },
		{ "PATCH", "PATCH", 400 },
		{ "DELETE", "PATCH", 400 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct ask a;

		ask_to(&a, rows[i].method, A "uploads/" ID);
		with(&a, "X-HTTP-Method-Override", rows[i].override);
		CHECK(answered(&a, NULL) == rows[i].status);
	}
}

static void
options_need_no_token(void)
{
	static const char *const paths[] = { A "uploads",
		"/v1/agencies/none/uploads", A "uploads/" ID,
		A "uploads/nonsense" };

	for (size_t i = 0; i < SP_COUNTOF(paths); i++) {
		struct http_request *q = http_request_new(&house);
		struct ask a;

		ask_to(&a, "OPTIONS", paths[i]);
		CHECK(put(q, &a) == HTTP_ANSWERED);
		CHECK(q->answer.status == 204);
		CHECK(strcmp(http_answer_get(&q->answer, "Tus-Version"),
			  "1.0.0") == 0);
		CHECK(strcmp(http_answer_get(&q->answer, "Tus-Max-Size"),
			  "1000") == 0);
		CHECK(strcmp(
			  http_answer_get(&q->answer, "Tus-Checksum-Algorithm"),
			  "sha1,sha256") == 0);
		/* The one answer without it (tus 1.0.0, core). */
		CHECK(http_answer_get(&q->answer, "Tus-Resumable") == NULL);
		http_request_free(q);
	}
}

static void
tus_answers_carry_the_version(void)
{
	static const struct {
		const char *method, *path;
		unsigned status;
	} rows[] = {
		{ "POST", A "uploads", 401 },
		{ "PATCH", A "uploads/" ID, 401 },
		{ "GET", A "uploads", 405 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct http_request *q = http_request_new(&house);
		struct ask a;

		ask_to(&a, rows[i].method, rows[i].path);
		CHECK(put(q, &a) == HTTP_ANSWERED);
		CHECK(q->answer.status == rows[i].status);
		CHECK(strcmp(http_answer_get(&q->answer, "Tus-Resumable"),
			  "1.0.0") == 0);
		http_request_free(q);
	}
}

static void
numbers_in_headers(void)
{
	struct http_request *q = http_request_new(&house);
	uint64_t n = 7;
	struct sp_err err;

	CHECK_OK(
	    http_request_u64(q, HTTP_F_UPLOAD_OFFSET, 100, &n, &err), &err);
	CHECK(n == 7);
	q->field[HTTP_F_UPLOAD_OFFSET] = "100";
	CHECK_OK(
	    http_request_u64(q, HTTP_F_UPLOAD_OFFSET, 100, &n, &err), &err);
	CHECK(n == 100);
	q->field[HTTP_F_UPLOAD_OFFSET] = "101";
	CHECK_CODE(http_request_u64(q, HTTP_F_UPLOAD_OFFSET, 100, &n, &err),
	    SP_E_INVALID, &err);
	CHECK(n == 100);
	http_request_free(q);
}

static void
media_types_are_compared(void)
{
	static const struct {
		const char *value;
		bool is;
	} rows[] = {
		{ NULL, false },
		{ "", false },
		{ "application/json", true },
		{ "Application/JSON", true },
		{ "application/json; charset=utf-8", true },
		{ "application/json ;x", true },
		{ "application/jsonx", false },
		{ "application/json-patch+json", false },
		{ "text/json", false },
	};
	struct http_request *q = http_request_new(&house);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		q->field[HTTP_F_CONTENT_TYPE] = rows[i].value;
		CHECK(http_request_is(q, "application/json") == rows[i].is);
	}
	http_request_free(q);
}

/* --- sinks --- */

struct drum {
	struct sp_buf got;
	size_t most;
	int ends;
	bool whole;
};

static enum sp_code
drum_write(void *self, const void *bytes, size_t len, struct sp_err *err)
{
	struct drum *d = self;

	if (d->got.len + len > d->most)
		return sp_fail(err, SP_E_FULL, "no more");
	sp_buf_add(&d->got, bytes, len);
	return SP_OK;
}

static enum sp_code
drum_end(void *self, bool whole, struct http_answer *a, struct sp_err *err)
{
	struct drum *d = self;

	d->ends++;
	d->whole = whole;
	if (!whole)
		return sp_fail(err, SP_E_INTERNAL, "must not be told");
	a->status = 204;
	return SP_OK;
}

static const struct http_sink drum_sink = { drum_write, drum_end };
static const struct http_route drum_route = { .door = HTTP_DOOR_OPEN };

static void
a_sink_gets_every_byte_and_one_end(void)
{
	struct drum d = { .got = sp_buf_new(100), .most = 100 };
	struct http_request *q = http_request_new(&house);

	q->match.route = &drum_route;
	q->sink = &drum_sink;
	q->sink_self = &d;
	CHECK(http_request_body(q, "abc", 3) == HTTP_GO_ON);
	CHECK(http_request_body(q, "de", 2) == HTTP_GO_ON);
	http_request_end(q);
	CHECK(q->answer.status == 204);
	CHECK(d.ends == 1 && d.whole);
	CHECK(strcmp(sp_buf_str(&d.got), "abcde") == 0);
	http_request_free(q);
	CHECK(d.ends == 1);
	sp_buf_free(&d.got);
}

static void
a_body_that_breaks_off_ends_its_sink(void)
{
	struct drum d = { .got = sp_buf_new(100), .most = 100 };
	struct http_request *q = http_request_new(&house);

	q->sink = &drum_sink;
	q->sink_self = &d;
	CHECK(http_request_body(q, "abc", 3) == HTTP_GO_ON);
	http_request_free(q);
	CHECK(d.ends == 1 && !d.whole);
	sp_buf_free(&d.got);
}

/* The first failure is the answer, not what follows from it. */
static void
a_sink_that_fails_answers_early(void)
{
	struct drum d = { .got = sp_buf_new(100), .most = 4 };
	struct http_request *q = http_request_new(&house);

	q->sink = &drum_sink;
	q->sink_self = &d;
	CHECK(http_request_body(q, "abc", 3) == HTTP_GO_ON);
	CHECK(http_request_body(q, "de", 2) == HTTP_ANSWERED);
	CHECK(q->answer.status == 507 && q->answer.which == HTTP_FULL);
	CHECK(d.ends == 1 && !d.whole);
	CHECK(http_answer_get(&q->answer, "X-Content-Type-Options") != NULL);
	http_request_free(q);
	CHECK(d.ends == 1);
	sp_buf_free(&d.got);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every answer is dressed", every_answer_is_dressed },
		{ "nothing is told without a token",
		    nothing_is_told_without_a_token },
		{ "unknown paths and methods", unknown_paths_and_methods },
		{ "what comes twice is refused", what_comes_twice_is_refused },
		{ "malformed headers are refused",
		    malformed_headers_are_refused },
		{ "two lengths are two requests",
		    two_lengths_are_two_requests },
		{ "headers have limits", headers_have_limits },
		{ "a body where none is taken is refused",
		    a_body_where_none_is_taken_is_refused },
		{ "unknown queries are refused", unknown_queries_are_refused },
		{ "the override is for posts", the_override_is_for_posts },
		{ "options need no token", options_need_no_token },
		{ "tus answers carry the version",
		    tus_answers_carry_the_version },
		{ "numbers in headers", numbers_in_headers },
		{ "media types are compared", media_types_are_compared },
		{ "a sink gets every byte and one end",
		    a_sink_gets_every_byte_and_one_end },
		{ "a body that breaks off ends its sink",
		    a_body_that_breaks_off_ends_its_sink },
		{ "a sink that fails answers early",
		    a_sink_that_fails_answers_early },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
