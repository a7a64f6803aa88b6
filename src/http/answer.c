#include "http/answer.h"

#include "base/id.h"
#include "base/json.h"
#include "base/log.h"

#include <string.h>
#include <strings.h>

#define HEAD_MAX   ((size_t)64 << 10)
#define DETAIL_MAX 4096

static const struct http_problem_info problems[] = {
#define X(id, status, slug, title)                                             \
	[id] = { status, "urn:sallyport:problem:" slug, title },
	HTTP_PROBLEMS(X)
#undef X
};

/* What a code is when its reason says nothing finer. */
static const enum http_problem by_code[SP_CODE_COUNT] = {
	[SP_OK] = HTTP_INTERNAL,
	[SP_E_NOMEM] = HTTP_UNAVAILABLE,
	[SP_E_INVALID] = HTTP_INVALID,
	[SP_E_LIMIT] = HTTP_LIMIT,
	[SP_E_NOTFOUND] = HTTP_NOT_FOUND,
	[SP_E_CONFLICT] = HTTP_CONFLICT,
	[SP_E_LOCKED] = HTTP_LOCKED,
	[SP_E_MISMATCH] = HTTP_CHECKSUM,
	[SP_E_UNKNOWN] = HTTP_UNKNOWN,
	[SP_E_DENIED] = HTTP_DENIED,
	[SP_E_CORRUPT] = HTTP_CORRUPT,
	[SP_E_UNAVAIL] = HTTP_UNAVAILABLE,
	[SP_E_FULL] = HTTP_FULL,
	[SP_E_STOPPED] = HTTP_STOPPED,
	[SP_E_INTERNAL] = HTTP_INTERNAL,
};
_Static_assert(SP_COUNTOF(by_code) == SP_CODE_COUNT, "map every code");

/* Reasons that stand for a problem of their own. */
static const struct {
	const char *reason;
	enum sp_code code;
	enum http_problem problem;
} by_reason[] = {
	{ "http.malformed", SP_E_INVALID, HTTP_BAD_REQUEST },
	{ "http.method", SP_E_INVALID, HTTP_METHOD },
	{ "http.media", SP_E_INVALID, HTTP_MEDIA },
	{ "http.size", SP_E_LIMIT, HTTP_TOO_LARGE },
	{ "http.uri", SP_E_LIMIT, HTTP_URI_LONG },
	{ "http.headers", SP_E_LIMIT, HTTP_HEADERS },
	{ "http.range", SP_E_INVALID, HTTP_RANGE },
	{ "http.precondition", SP_E_CONFLICT, HTTP_PRECONDITION },
	{ "tus.version", SP_E_INVALID, HTTP_TUS },
	{ "upload.offset", SP_E_CONFLICT, HTTP_OFFSET },
	{ "upload.length", SP_E_LIMIT, HTTP_TOO_LARGE },
	{ "upload.length", SP_E_CONFLICT, HTTP_INVALID },
	{ "upload.body", SP_E_LIMIT, HTTP_TOO_LARGE },
	{ "upload.count", SP_E_LIMIT, HTTP_TOO_MANY },
	{ "signin.pace", SP_E_LIMIT, HTTP_TOO_MANY },
	{ "events.site", SP_E_LIMIT, HTTP_TOO_MANY },
	{ "events.agency", SP_E_LIMIT, HTTP_TOO_MANY },
	{ "events.token", SP_E_LIMIT, HTTP_TOO_MANY },
	{ "code.pace", SP_E_LIMIT, HTTP_TOO_MANY },
	{ "share.pace", SP_E_LIMIT, HTTP_TOO_MANY },
	{ "token.pace", SP_E_LIMIT, HTTP_TOO_MANY },
	{ "invite.pace", SP_E_LIMIT, HTTP_TOO_MANY },
	{ "device.pace", SP_E_LIMIT, HTTP_TOO_MANY },
	{ "csr.signature", SP_E_MISMATCH, HTTP_INVALID },
	{ "keeper.away", SP_E_UNAVAIL, HTTP_KEEPER },
};

const struct http_problem_info *
http_problem_info(enum http_problem p)
{
	SP_REQUIRE((size_t)p < SP_COUNTOF(problems));
	return &problems[p];
}

enum http_problem
http_problem_of(const struct sp_err *err)
{
	SP_REQUIRE((size_t)err->code < SP_COUNTOF(by_code));
	for (size_t i = 0; err->reason != NULL && i < SP_COUNTOF(by_reason);
	     i++)
		if (err->code == by_reason[i].code &&
		    strcmp(err->reason, by_reason[i].reason) == 0)
			return by_reason[i].problem;
	return by_code[err->code];
}

void
http_answer_init(struct http_answer *a)
{
	*a = (struct http_answer){
		.status = 200,
		.head = sp_buf_new(HEAD_MAX),
		.body = sp_buf_new(HTTP_BODY_MAX),
	};
}

void
http_answer_done(struct http_answer *a)
{
	if (a->stream != NULL)
		a->stream->free(a->stream_self);
	a->stream = NULL;
	sp_buf_free(&a->head);
	sp_buf_free(&a->body);
}

void
http_answer_clear(struct http_answer *a)
{
	http_answer_done(a);
	http_answer_init(a);
}

static void
append(struct http_answer *a, const char *name, const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
		SP_REQUIRE((unsigned char)*c >= ' ' && *c != 0x7f);
	sp_buf_add(&a->head, name, strlen(name) + 1);
	sp_buf_add(&a->head, value, strlen(value) + 1);
	SP_REQUIRE(sp_buf_ok(&a->head));
}

void
http_answer_set(struct http_answer *a, const char *name, const char *value)
{
	SP_REQUIRE(http_answer_get(a, name) == NULL);
	append(a, name, value);
}

void
http_answer_fmt(struct http_answer *a, const char *name, const char *fmt, ...)
{
	SP_AUTO_BUF value = sp_buf_new(HEAD_MAX);
	va_list ap;

	va_start(ap, fmt);
	sp_buf_vfmt(&value, fmt, ap);
	va_end(ap);
	SP_REQUIRE(sp_buf_ok(&value));
	http_answer_set(a, name, sp_buf_str(&value));
}

bool
http_answer_next(const struct http_answer *a, size_t *at, const char **name,
    const char **value)
{
	const char *head = sp_buf_str(&a->head);

	if (*at >= a->head.len)
		return false;
	*name = head + *at;
	*at += strlen(*name) + 1;
	*value = head + *at;
	*at += strlen(*value) + 1;
	return true;
}

const char *
http_answer_get(const struct http_answer *a, const char *name)
{
	const char *n, *v;
	size_t at = 0;

	while (http_answer_next(a, &at, &n, &v))
		if (strcasecmp(n, name) == 0)
			return v;
	return NULL;
}

void
http_answer_take(struct http_answer *a, const char *media, struct sp_buf *body)
{
	sp_buf_free(&a->body);
	a->body = *body;
	*body = sp_buf_new(body->max);
	http_answer_set(a, "Content-Type", media);
}

void
http_answer_stream(struct http_answer *a, const struct http_stream_ops *ops,
    void *self, uint64_t size)
{
	SP_REQUIRE(a->stream == NULL);
	a->stream = ops;
	a->stream_self = self;
	a->size = size;
}

static void
problem_json(struct sp_buf *out, enum http_problem p, const char *reason,
    const char *detail, const char *instance)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	if (detail != NULL)
		sp_json_str(&j, "detail", detail);
	if (instance != NULL)
		sp_json_str(&j, "instance", instance);
	if (reason != NULL)
		sp_json_str(&j, "reason", reason);
	sp_json_int(&j, "status", problems[p].status);
	sp_json_str(&j, "title", problems[p].title);
	sp_json_str(&j, "type", problems[p].type);
	sp_json_end(&j);
}

void
http_answer_problem(struct http_answer *a, enum http_problem p,
    const char *reason, const char *detail, const char *instance)
{
	SP_REQUIRE((size_t)p < SP_COUNTOF(problems));
	http_answer_clear(a);
	a->status = problems[p].status;
	a->problem = true;
	a->which = p;
	a->body.max = DETAIL_MAX;
	if (p == HTTP_NOT_FOUND)
		reason = detail = NULL;
	/* A detail may quote what the caller sent. */
	if (detail != NULL && !sp_utf8_ok(detail, strlen(detail)))
		detail = NULL;
	problem_json(&a->body, p, reason, detail, instance);
	SP_REQUIRE(sp_buf_ok(&a->body));
	http_answer_set(a, "Content-Type", "application/problem+json");
	if (p == HTTP_UNKNOWN)
		http_answer_set(
		    a, "WWW-Authenticate", "Bearer realm=\"sallyport\"");
	if (problems[p].status == 503)
		http_answer_set(
		    a, "Retry-After", p == HTTP_STOPPED ? "60" : "2");
}

void
http_answer_error(
    struct http_answer *a, const struct sp_err *err, const char *what)
{
	enum http_problem p = http_problem_of(err);
	char instance[9 + SP_ID_TEXT] = "urn:uuid:";
	struct sp_id id;

	if (problems[p].status < 500) {
		http_answer_problem(a, p, err->reason, err->text, NULL);
		if (err->wait > 0)
			http_answer_fmt(a, "Retry-After", "%u", err->wait);
		return;
	}
	id = sp_id_new();
	sp_id_text(&id, instance + 9);
	sp_log_err(problems[p].status == 503 ? SP_LOG_WARN : SP_LOG_ERROR,
	    "http.failed", err, "%s %s", instance, what);
	http_answer_problem(a, p, err->reason, NULL, instance);
}

void
http_answer_raw(const struct http_answer *a, struct sp_buf *out)
{
	const char *name, *value;
	size_t at = 0;

	/* The reason phrase is optional (RFC 9112, 4). */
	sp_buf_fmt(out, "HTTP/1.1 %u \r\nConnection: close\r\n", a->status);
	while (http_answer_next(a, &at, &name, &value))
		sp_buf_fmt(out, "%s: %s\r\n", name, value);
	if (a->status != 204)
		sp_buf_fmt(out, "Content-Length: %zu\r\n", a->body.len);
	sp_buf_text(out, "\r\n");
	sp_buf_add(out, a->body.at, a->body.len);
}
