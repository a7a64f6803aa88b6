#include "http/content.h"

#include "base/log.h"
#include "evidence/viewing.h"
#include "processing/show.h"

#include <jansson.h>
#include <pthread.h>
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
static enum http_range
suffix(const char *s, uint64_t size, uint64_t *first, uint64_t *len)
{
	uint64_t n = 0;

	if (!read_digits(&s, &n) || *s != '\0')
		return HTTP_RANGE_NONE;
	if (n == 0 || size == 0)
		return HTTP_RANGE_OUTSIDE;
	*len = n < size ? n : size;
	*first = size - *len;
	return HTTP_RANGE_ONE;
}

enum http_range
http_content_range(const char *s, uint64_t size, uint64_t *first, uint64_t *len)
{
	uint64_t from = 0, last = UINT64_MAX;

	if (strncasecmp(s, "bytes=", 6) != 0)
		return HTTP_RANGE_NONE;
	s += 6;
	if (*s == '-')
		return suffix(s + 1, size, first, len);
	if (!read_digits(&s, &from) || *s++ != '-')
		return HTTP_RANGE_NONE;
	if (*s != '\0' && (!read_digits(&s, &last) || *s != '\0'))
		return HTTP_RANGE_NONE;
	if (last < from)
		return HTTP_RANGE_NONE;
	if (from >= size)
		return HTTP_RANGE_OUTSIDE;
	if (last >= size)
		last = size - 1;
	*first = from;
	*len = last - from + 1;
	return HTTP_RANGE_ONE;
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
http_content_etag_in(const char *list, const char *etag, bool weak)
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
http_content_date(const char *s, sp_time *out)
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
		met = http_content_etag_in(match, c->etag, false);
	else if (before != NULL && http_content_date(before, &t))
		met = modified(c) <= t;
	if (!met)
		return sp_fail_as(err, SP_E_CONFLICT, "http.precondition",
		    "the content is another one");
	*out = SERVE;
	if (none != NULL) {
		if (http_content_etag_in(none, c->etag, true))
			*out = NOT_CHANGED;
	} else if (since != NULL && http_content_date(since, &t)) {
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
	return http_content_date(s, &t) && t == modified(c);
}

/* --- Header fields --- */

bool
http_content_passive(const char *media)
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
http_content_disposition(
    const char *filename, const char *media, struct sp_buf *out)
{
	bool plain = true;

	sp_buf_text(out,
	    http_content_passive(media) ? "inline; filename=\""
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

	http_content_disposition(c->filename, c->media_type, &disposition);
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
	switch (http_content_range(range, c->size, &first, &len)) {
	case HTTP_RANGE_NONE: return serve(q, a, 0, c->size, err);
	case HTTP_RANGE_OUTSIDE:
		http_answer_problem(a, HTTP_RANGE, "http.range",
		    "no byte of the range is in the content", NULL);
		http_answer_fmt(
		    a, "Content-Range", "bytes */%ju", (uintmax_t)c->size);
		return SP_OK;
	case HTTP_RANGE_ONE: break;
	}
	SP_TRY(serve(q, a, first, len, err));
	a->status = 206;
	http_answer_fmt(a, "Content-Range", "bytes %ju-%ju/%ju",
	    (uintmax_t)first, (uintmax_t)(first + len - 1), (uintmax_t)c->size);
	return SP_OK;
}

enum sp_code
http_content_head(
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

enum sp_code
http_content_get(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
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

enum sp_code
http_content_poster(
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

/* --- Bags --- */

/*
 * The bag is written by a thread of its own into a ring that the connection's
 * thread reads from:
 *
 *   bag_export_write --> put --> [ring] --> take --> libmicrohttpd
 *
 * The writer waits while the ring is full; when the answer is given up
 * (`gone`), its next put fails.
 */
#define RING ((size_t)1 << 20)

struct bagging {
	struct bag_export *bag;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t head, used; /* of the ring */
	bool done, gone;
	enum sp_code code; /* when done */
	struct sp_err err;
	uint8_t ring[RING];
};

/* As much as fits without wrapping; under the lock. */
static size_t
put_some(struct bagging *b, const uint8_t *bytes, size_t len)
{
	size_t at = (b->head + b->used) % RING;
	size_t n = RING - b->used;

	if (n > RING - at)
		n = RING - at;
	if (n > len)
		n = len;
	memcpy(b->ring + at, bytes, n);
	b->used += n;
	return n;
}

static enum sp_code
put(void *arg, const void *bytes, size_t len, struct sp_err *err)
{
	struct bagging *b = arg;
	const uint8_t *from = bytes;
	bool gone;

	(void)pthread_mutex_lock(&b->lock);
	while (len > 0 && !b->gone) {
		size_t n = put_some(b, from, len);

		from += n;
		len -= n;
		(void)pthread_cond_broadcast(&b->changed);
		if (n == 0)
			(void)pthread_cond_wait(&b->changed, &b->lock);
	}
	gone = b->gone;
	(void)pthread_mutex_unlock(&b->lock);
	if (gone)
		return sp_fail(err, SP_E_UNAVAIL, "the caller has gone");
	return SP_OK;
}

static void *
write_bag(void *arg)
{
	struct bagging *b = arg;
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = bag_export_write(b->bag, put, b, &err);

	if (code == SP_OK && bag_export_unset(b->bag) > 0)
		sp_log(SP_LOG_WARN, "export.documents",
		    "%zu documents of a bag could not be set",
		    bag_export_unset(b->bag));
	(void)pthread_mutex_lock(&b->lock);
	b->code = code;
	b->err = err;
	b->done = true;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
	return NULL;
}

static ssize_t
take(void *self, uint64_t at, char *out, size_t room)
{
	struct bagging *b = self;
	size_t n;

	(void)at;
	(void)pthread_mutex_lock(&b->lock);
	while (b->used == 0 && !b->done)
		(void)pthread_cond_wait(&b->changed, &b->lock);
	n = RING - b->head;
	if (n > b->used)
		n = b->used;
	if (n > room)
		n = room;
	memcpy(out, b->ring + b->head, n);
	b->head = (b->head + n) % RING;
	b->used -= n;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
	if (n > 0)
		return (ssize_t)n;
	if (b->code == SP_OK)
		return HTTP_STREAM_END;
	sp_log_err(SP_LOG_ERROR, "http.export", &b->err, "a bag is cut off");
	return HTTP_STREAM_BROKEN;
}

static void
bagging_free(void *self)
{
	struct bagging *b = self;

	(void)pthread_mutex_lock(&b->lock);
	b->gone = true;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
	(void)pthread_join(b->thread, NULL);
	bag_export_free(b->bag);
	(void)pthread_cond_destroy(&b->changed);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}

static const struct http_stream_ops bag_ops = {
	.read = take,
	.free = bagging_free,
};

static const char *const format_names[] = {
#define X(id, name, media) [id] = (name),
	BAG_FORMATS(X)
#undef X
};

static const char *const format_media[] = {
#define X(id, name, media) [id] = (media),
	BAG_FORMATS(X)
#undef X
};

static enum sp_code
start_bag(struct http_answer *a, struct bag_export *bag, struct sp_err *err)
{
	struct bagging *b = calloc(1, sizeof(*b));

	if (b == NULL) {
		bag_export_free(bag);
		return sp_fail(err, SP_E_NOMEM, "no memory for an export");
	}
	b->bag = bag;
	SP_REQUIRE(pthread_mutex_init(&b->lock, NULL) == 0);
	SP_REQUIRE(pthread_cond_init(&b->changed, NULL) == 0);
	if (pthread_create(&b->thread, NULL, write_bag, b) != 0) {
		bag_export_free(bag);
		(void)pthread_cond_destroy(&b->changed);
		(void)pthread_mutex_destroy(&b->lock);
		free(b);
		return sp_fail(err, SP_E_NOMEM, "no thread for an export");
	}
	http_answer_stream(a, &bag_ops, b, HTTP_SIZE_UNKNOWN);
	return SP_OK;
}

static enum sp_code
wish_format(const json_t *format, enum bag_format *out, struct sp_err *err)
{
	const char *s = json_string_value(format);

	for (size_t i = 0; s != NULL && i < SP_COUNTOF(format_names); i++) {
		if (strcmp(s, format_names[i]) == 0) {
			*out = (enum bag_format)i;
			return SP_OK;
		}
	}
	return sp_fail(err, SP_E_INVALID, "format: \"zip\" or \"tar\"");
}

static enum sp_code
wish_items(const json_t *items, struct sp_id *id, struct sp_err *err)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);
		const char *s = json_string_value(item);

		if (s == NULL ||
		    !sp_id_parse(s, json_string_length(item), &id[i]))
			return sp_fail(err, SP_E_INVALID,
			    "items: number %zu is not an id", i + 1);
		for (size_t j = 0; j < i; j++)
			if (sp_id_equal(&id[i], &id[j]))
				return sp_fail(err, SP_E_INVALID,
				    "items: %s comes twice", s);
	}
	return SP_OK;
}

static enum sp_code
wish(const json_t *root, struct http_export_wish *w, struct sp_err *err)
{
	const json_t *items = json_object_get(root, "items");

	if (!json_is_object(root) || json_object_size(root) != 2)
		return sp_fail(err, SP_E_INVALID,
		    "an object with items and format, and nothing else");
	SP_TRY(wish_format(json_object_get(root, "format"), &w->format, err));
	w->n = json_array_size(items); /* 0 when it is none */
	if (w->n == 0 || w->n > BAG_EXPORT_ITEMS)
		return sp_fail(err, SP_E_INVALID,
		    "items: an array of 1 to %d ids", BAG_EXPORT_ITEMS);
	w->id = calloc(w->n, sizeof(*w->id));
	if (w->id == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the items");
	return wish_items(items, w->id, err);
}

enum sp_code
http_content_export_wish(const void *json, size_t len,
    struct http_export_wish *out, struct sp_err *err)
{
	struct http_export_wish w = { .n = 0 };
	json_error_t why;
	json_t *root = json_loadb(
	    json == NULL ? "" : json, len, JSON_REJECT_DUPLICATES, &why);
	enum sp_code code;

	if (root == NULL)
		return sp_fail(err, SP_E_INVALID, "not JSON: %s", why.text);
	code = wish(root, &w, err);
	json_decref(root);
	if (code != SP_OK) {
		free(w.id);
		return code;
	}
	*out = w;
	return SP_OK;
}

enum sp_code
http_content_export(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct http_export_wish w = { .n = 0 };
	struct bag_export *bag = NULL;
	struct bag_export_wish ask;
	char name[BAG_EXPORT_NAME];
	enum sp_code code;

	/* Without chunks, a bag that breaks off would look complete. */
	if (!q->http11)
		return sp_fail_as(
		    err, SP_E_INVALID, "http.malformed", "needs HTTP/1.1");
	SP_TRY(http_content_export_wish(q->body.at, q->body.len, &w, err));
	ask = (struct bag_export_wish){ &q->who, w.id, w.n, w.format,
		q->house->press };
	code = bag_export_begin(&bag, q->room, &ask, err);
	free(w.id);
	if (code != SP_OK)
		return code;
	(void)snprintf(name, sizeof(name), "%s", bag_export_name(bag));
	SP_TRY(start_bag(a, bag, err));
	http_answer_set(a, "Content-Type", format_media[w.format]);
	http_answer_fmt(a, "Content-Disposition",
	    "attachment; filename=\"%s.%s\"", name, format_names[w.format]);
	return SP_OK;
}
