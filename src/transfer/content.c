#include "transfer/content.h"

#include "base/log.h"
#include "evidence/viewing.h"
#include "http/request.h"
#include "processing/show.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- Ranges --- */

/* Digits, at least one; what does not fit is UINT64_MAX. */
static bool
read_digits(const char **s, uint64_t *out)
{
	const char *at = *s;
	uint64_t v = 0;

	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*at - '0'), &v))
			v = UINT64_MAX;
	if (at == *s)
		return false;
	*s = at;
	*out = v;
	return true;
}

/* "-n": the last n bytes. */
static enum transfer_range
suffix(const char *s, uint64_t size, uint64_t *first, uint64_t *len)
{
	uint64_t n = 0;

	if (!read_digits(&s, &n) || *s != '\0')
		return TRANSFER_RANGE_NONE;
	if (n == 0 || size == 0)
		return TRANSFER_RANGE_OUTSIDE;
	*len = n < size ? n : size;
	*first = size - *len;
	return TRANSFER_RANGE_ONE;
}

enum transfer_range
transfer_content_range(
    const char *s, uint64_t size, uint64_t *first, uint64_t *len)
{
	uint64_t from = 0, last = UINT64_MAX;

	if (strncasecmp(s, "bytes=", 6) != 0)
		return TRANSFER_RANGE_NONE;
	s += 6;
	if (*s == '-')
		return suffix(s + 1, size, first, len);
	if (!read_digits(&s, &from) || *s++ != '-')
		return TRANSFER_RANGE_NONE;
	if (*s != '\0' && (!read_digits(&s, &last) || *s != '\0'))
		return TRANSFER_RANGE_NONE;
	if (last < from)
		return TRANSFER_RANGE_NONE;
	if (from >= size)
		return TRANSFER_RANGE_OUTSIDE;
	if (last >= size)
		last = size - 1;
	*first = from;
	*len = last - from + 1;
	return TRANSFER_RANGE_ONE;
}

/* --- Conditions --- */

/* An entity-tag (RFC 9110, 8.8.3) at *s; moves past it. */
static bool
next_etag(const char **s, const char **tag, size_t *len, bool *weak)
{
	const char *at = *s, *end;

	*weak = strncmp(at, "W/", 2) == 0;
	if (*weak)
		at += 2;
	if (*at != '"')
		return false;
	end = strchr(at + 1, '"');
	if (end == NULL)
		return false;
	*tag = at;
	*len = (size_t)(end - at) + 1;
	*s = end + 1;
	return true;
}

bool
transfer_content_etag_in(const char *list, const char *etag, bool weak)
{
	const char *tag;
	size_t len;
	bool is_weak;

	list += strspn(list, " \t");
	if (strcmp(list, "*") == 0)
		return true;
	for (;;) {
		list += strspn(list, " \t,");
		if (!next_etag(&list, &tag, &len, &is_weak))
			return false;
		if ((weak || !is_weak) && strlen(etag) == len &&
		    memcmp(tag, etag, len) == 0)
			return true;
	}
}

bool
transfer_content_date(const char *s, sp_time *out)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[32], back[30], month[4] = "";
	const char *m;
	sp_time t;

	/* "Sun, 06 Nov 1994 08:49:37 GMT" */
	if (strlen(s) != 29)
		return false;
	memcpy(month, s + 8, 3);
	m = strstr(months, month);
	if (m == NULL || (m - months) % 3 != 0)
		return false;
	(void)snprintf(text, sizeof(text), "%.4s-%02u-%.2sT%.8sZ", s + 12,
	    (unsigned)(m - months) / 3 + 1, s + 5, s + 17);
	if (!sp_time_parse(text, strlen(text), &t))
		return false;
	/* Everything else must be as we would write it. */
	sp_time_http(t, back);
	if (strcmp(back, s) != 0)
		return false;
	*out = t;
	return true;
}

/* Whole seconds, as a date in a header has them. */
static sp_time
modified(const struct evidence_content *c)
{
	return c->received - c->received % SP_SECOND;
}

enum verdict { SERVE, NOT_CHANGED };

/* RFC 9110, 13.2.2, in its order. */
static enum sp_code
judge(const struct http_request *q, const struct evidence_content *c,
    enum verdict *out, struct sp_err *err)
{
	const char *match = q->field[HTTP_F_IF_MATCH];
	const char *before = q->field[HTTP_F_IF_UNMODIFIED_SINCE];
	const char *none = q->field[HTTP_F_IF_NONE_MATCH];
	const char *since = q->field[HTTP_F_IF_MODIFIED_SINCE];
	bool met = true;
	sp_time t;

	if (match != NULL)
		met = transfer_content_etag_in(match, c->etag, false);
	else if (before != NULL && transfer_content_date(before, &t))
		met = modified(c) <= t;
	if (!met)
		return sp_fail_as(err, SP_E_CONFLICT, "http.precondition",
		    "the content is another one");
	*out = SERVE;
	if (none != NULL) {
		if (transfer_content_etag_in(none, c->etag, true))
			*out = NOT_CHANGED;
	} else if (since != NULL && transfer_content_date(since, &t)) {
		if (modified(c) <= t)
			*out = NOT_CHANGED;
	}
	return SP_OK;
}

/* If-Range: is the range of what the client has a part of? */
static bool
range_holds(const struct http_request *q, const struct evidence_content *c)
{
	const char *s = q->field[HTTP_F_IF_RANGE];
	sp_time t;

	if (s == NULL || strcmp(s, c->etag) == 0)
		return true;
	return transfer_content_date(s, &t) && t == modified(c);
}

/* --- Header fields --- */

bool
transfer_content_passive(const char *media)
{
	/* Closed: a type that is not here is never shown by a browser. */
	static const char *const passive[] = {
		"video/mp4",
		"video/webm",
		"video/ogg",
		"video/quicktime",
		"video/mpeg",
		"video/mp2t",
		"video/3gpp",
		"audio/mpeg",
		"audio/mp4",
		"audio/aac",
		"audio/ogg",
		"audio/wav",
		"audio/x-wav",
		"audio/webm",
		"audio/flac",
		"image/jpeg",
		"image/png",
		"image/gif",
		"image/webp",
		"image/bmp",
		"image/avif",
	};

	for (size_t i = 0; i < SP_COUNTOF(passive); i++)
		if (strcasecmp(media, passive[i]) == 0)
			return true;
	return false;
}

/* RFC 8187, 3.2.1: attr-char stands for itself. */
static bool
attr_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("!#$&+-.^_`|~", c) != NULL);
}

/* What old clients read: ASCII without what quoting, paths or escapes could
 * be made of. */
static bool
plain_char(unsigned char c)
{
	return c >= ' ' && c < 0x7f && strchr("\"\\/%", c) == NULL;
}

void
transfer_content_disposition(
    const char *filename, const char *media, struct sp_buf *out)
{
	bool plain = true;

	sp_buf_text(out,
	    transfer_content_passive(media) ? "inline; filename=\""
					    : "attachment; filename=\"");
	for (const char *p = filename; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		plain = plain && plain_char(c);
		/* One mark a character, not one a byte. */
		if (plain_char(c))
			sp_buf_u8(out, c);
		else if ((c & 0xc0) != 0x80)
			sp_buf_u8(out, '_');
	}
	sp_buf_u8(out, '"');
	if (plain)
		return;
	sp_buf_text(out, "; filename*=UTF-8''");
	for (const char *p = filename; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (attr_char(c))
			sp_buf_u8(out, c);
		else
			sp_buf_fmt(out, "%%%02X", c);
	}
}

/* What a browser may do with bytes that come from a file. */
static void
set_care(struct http_answer *a, const struct evidence_content *c)
{
	SP_AUTO_BUF disposition = sp_buf_new(4096);
	char date[30];

	transfer_content_disposition(c->filename, c->media_type, &disposition);
	SP_REQUIRE(sp_buf_ok(&disposition));
	sp_time_http(c->received, date);
	http_answer_set(a, "Content-Disposition", sp_buf_str(&disposition));
	http_answer_set(a, "ETag", c->etag);
	http_answer_set(a, "Last-Modified", date);
	http_answer_set(a, "Cache-Control", "private, no-cache");
	http_answer_set(
	    a, "Content-Security-Policy", "sandbox; default-src 'none'");
	http_answer_set(a, "Cross-Origin-Resource-Policy", "same-origin");
}

static void
set_fields(struct http_answer *a, const struct evidence_content *c)
{
	set_care(a, c);
	http_answer_set(a, "Content-Type", c->media_type);
	http_answer_set(a, "Accept-Ranges", "bytes");
}

static void
not_changed(struct http_answer *a, const struct evidence_content *c)
{
	a->status = 304;
	http_answer_set(a, "ETag", c->etag);
	http_answer_set(a, "Cache-Control", "private, no-cache");
}

/* --- One item --- */

struct showing {
	struct evidence_reader *reader;
	uint64_t first, len;
};

static ssize_t
show_read(void *self, uint64_t at, char *out, size_t room)
{
	struct showing *s = self;
	struct sp_err err = { .code = SP_OK };
	uint64_t left = s->len - at;
	uint64_t together = evidence_reader_together(s->first + at);
	size_t n = left < room ? (size_t)left : room;

	if (n == 0)
		return HTTP_STREAM_END;
	if (n > together)
		n = (size_t)together;
	/* The first bytes are on their way: nobody at work beside us delays
	 * them. */
	if (at > 0)
		evidence_reader_ahead(s->reader, s->first + s->len);
	if (evidence_reader_read(s->reader, s->first + at, out, n, &err) ==
	    SP_OK)
		return (ssize_t)n;
	sp_log_err(SP_LOG_ERROR, "http.content", &err,
	    "the answer is cut off at byte %ju", (uintmax_t)(s->first + at));
	return HTTP_STREAM_BROKEN;
}

static void
show_free(void *self)
{
	struct showing *s = self;

	evidence_reader_close(s->reader);
	free(s);
}

static const struct http_stream_ops show_ops = {
	.read = show_read,
	.free = show_free,
};

/* Opens the viewing: from here on it is in the custody. */
static enum sp_code
serve(struct http_request *q, struct http_answer *a, uint64_t first,
    uint64_t len, struct sp_err *err)
{
	struct showing *s = calloc(1, sizeof(*s));
	struct evidence_content c;
	enum sp_code code;

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a reader");
	s->first = first;
	s->len = len;
	code =
	    evidence_reader_open(&s->reader, q->room, &q->who, &q->id, &c, err);
	if (code != SP_OK) {
		free(s);
		return code;
	}
	/* What is found before the first byte leaves can still be told. */
	if (len > 0)
		code = evidence_reader_probe(s->reader, first, err);
	if (code != SP_OK) {
		show_free(s);
		return code;
	}
	set_fields(a, &c);
	if (len > 0)
		http_answer_stream(a, &show_ops, s, len);
	else
		show_free(s);
	return SP_OK;
}

static enum sp_code
serve_range(struct http_request *q, struct http_answer *a,
    const struct evidence_content *c, struct sp_err *err)
{
	const char *range = q->field[HTTP_F_RANGE];
	uint64_t first = 0, len = 0;

	if (range == NULL || !range_holds(q, c))
		return serve(q, a, 0, c->size, err);
	switch (transfer_content_range(range, c->size, &first, &len)) {
	case TRANSFER_RANGE_NONE: return serve(q, a, 0, c->size, err);
	case TRANSFER_RANGE_OUTSIDE:
		http_answer_problem(a, HTTP_RANGE, "http.range",
		    "no byte of the range is in the content", NULL);
		http_answer_fmt(
		    a, "Content-Range", "bytes */%ju", (uintmax_t)c->size);
		return SP_OK;
	case TRANSFER_RANGE_ONE: break;
	}
	SP_TRY(serve(q, a, first, len, err));
	a->status = 206;
	http_answer_fmt(a, "Content-Range", "bytes %ju-%ju/%ju",
	    (uintmax_t)first, (uintmax_t)(first + len - 1), (uintmax_t)c->size);
	return SP_OK;
}

static enum sp_code
describe_content(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct evidence_content c;
	enum verdict verdict = SERVE;

	SP_TRY(evidence_content_head(q->room, q->pass, &q->id, &c, err));
	SP_TRY(judge(q, &c, &verdict, err));
	if (verdict == NOT_CHANGED) {
		not_changed(a, &c);
		return SP_OK;
	}
	set_fields(a, &c);
	a->sized = true;
	a->size = c.size;
	return SP_OK;
}

static enum sp_code
view_evidence(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	GATE_AUTO_PASS show = NULL;
	struct gate_object on = { .kind = "evidence", .id = q->id };
	struct evidence_content c;
	enum verdict verdict = SERVE;

	/* Conditions are judged by what SHOW tells: a viewing begins only when
	 * bytes are to be served. */
	SP_TRY(gate_admit(
	    evidence_room_gate(q->room), &q->who, GATE_SHOW, &on, &show, err));
	SP_TRY(evidence_content_head(q->room, show, &q->id, &c, err));
	SP_TRY(judge(q, &c, &verdict, err));
	if (verdict == NOT_CHANGED) {
		not_changed(a, &c);
		return SP_OK;
	}
	return serve_range(q, a, &c, err);
}

/* --- A frame of one item --- */

/* What a conditional request is judged by, as if it were content. */
static struct evidence_content
poster_content(const struct processing_poster *p)
{
	struct evidence_content c = {
		.size = p->size,
		.media_type = "image/jpeg",
		.filename = "poster.jpg",
		.received = p->probed,
	};

	memcpy(c.etag, p->etag, sizeof(c.etag));
	return c;
}

/* Bytes are given out: that is in the custody, first. */
static enum sp_code
serve_poster(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct gate_object on = { .kind = "evidence", .id = q->id };
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	GATE_AUTO_PASS pass = NULL;

	SP_TRY(gate_admit(evidence_room_gate(q->room), &q->who, GATE_PREVIEW,
	    &on, &pass, err));
	SP_TRY(processing_show_poster(q->room, pass, &q->id, &out, err));
	http_answer_take(a, "image/jpeg", &out);
	return SP_OK;
}

static enum sp_code
preview_evidence(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct gate_object on = { .kind = "evidence", .id = q->id };
	GATE_AUTO_PASS show = NULL;
	struct processing_poster poster;
	struct evidence_content c;
	enum verdict verdict = SERVE;

	SP_TRY(gate_admit(
	    evidence_room_gate(q->room), &q->who, GATE_SHOW, &on, &show, err));
	SP_TRY(
	    processing_show_poster_head(q->room, show, &q->id, &poster, err));
	c = poster_content(&poster);
	SP_TRY(judge(q, &c, &verdict, err));
	if (verdict == NOT_CHANGED) {
		not_changed(a, &c);
		return SP_OK;
	}
	if (q->head) {
		http_answer_set(a, "Content-Type", c.media_type);
		a->sized = true;
		a->size = c.size;
	} else {
		SP_TRY(serve_poster(q, a, err));
	}
	set_care(a, &c);
	return SP_OK;
}

/* --- The routes --- */

#define ITEM HTTP_AGENCY "evidence/{id}"

static const struct http_input content_input[] = { TRANSFER_RANGES };

static const struct http_input condition_input[] = { TRANSFER_CONDITIONS };

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = ITEM "/content",
	    .id = "viewEvidence",
	    .summary = "The original's bytes; recorded in its custody",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_VIEW,
	    .kind = "evidence",
	    HTTP_INPUT(content_input),
	    .success = { { 200, "The whole", "*/*", NULL, TRANSFER_CONTENT },
		{ 206, "The range", "*/*", NULL, TRANSFER_CONTENT },
		{ 304, "Not changed", NULL, NULL, "ETag" } },
	    .problems = "412 416",
	    .handle = view_evidence,
	},
	{
	    .method = HTTP_HEAD,
	    .path = ITEM "/content",
	    .id = "describeContent",
	    .summary = "What a GET would answer; nothing is revealed",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHOW,
	    .kind = "evidence",
	    HTTP_INPUT(content_input),
	    .success = { { 200, "The whole", NULL, NULL, TRANSFER_CONTENT },
		{ 304, "Not changed", NULL, NULL, "ETag" } },
	    .problems = "412",
	    .handle = describe_content,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/poster.jpg",
	    .id = "previewEvidence",
	    .summary = "A frame of it, small; recorded in its custody",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PREVIEW,
	    .kind = "evidence",
	    HTTP_INPUT(condition_input),
	    .success = { { 200, "The frame", "image/jpeg", NULL,
			     "ETag Last-Modified Content-Disposition" },
		{ 304, "Not changed", NULL, NULL, "ETag" } },
	    .problems = "412",
	    .handle = preview_evidence,
	},
};

const struct http_topic transfer_content_topic = { routes, SP_COUNTOF(routes),
	NULL, 0 };
