#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "base/buf.h"

#include <sys/types.h>

/*
 * What a handler answers: status, header fields, and a body that is either
 * there (bytes) or made while it is sent (stream).  Nothing of libmicrohttpd
 * is in here, so that handlers are plain functions.
 *
 * Errors are problem documents (RFC 9457).  Their `type` is stable: docs/api.md
 * lists them, and HTTP_PROBLEMS is that list.
 *
 * One thread at a time.
 */
#define HTTP_PROBLEMS(X)                                                       \
	X(HTTP_BAD_REQUEST, 400, "bad-request", "Not a proper HTTP request")   \
	X(HTTP_INVALID, 400, "invalid", "The request is not valid")            \
	X(HTTP_LIMIT, 400, "limit", "A value is over its limit")               \
	X(HTTP_UNKNOWN, 401, "token-needed", "A valid token is needed")        \
	X(HTTP_DENIED, 403, "denied", "Not permitted")                         \
	X(HTTP_NOT_FOUND, 404, "not-found", "Nothing is here")                 \
	X(HTTP_METHOD, 405, "method", "Not a method of this resource")         \
	X(HTTP_CONFLICT, 409, "conflict", "Not possible in the present state") \
	X(HTTP_OFFSET, 409, "upload-offset", "Not the offset of the upload")   \
	X(HTTP_TUS, 412, "tus-version", "Not a supported tus version")         \
	X(HTTP_PRECONDITION, 412, "precondition", "A condition is not met")    \
	X(HTTP_TOO_LARGE, 413, "too-large", "Larger than is accepted")         \
	X(HTTP_URI_LONG, 414, "uri-too-long", "The URI is too long")           \
	X(HTTP_MEDIA, 415, "media-type", "Not a media type accepted here")     \
	X(HTTP_RANGE, 416, "range", "The range is not within the content")     \
	X(HTTP_LOCKED, 423, "locked", "Another request is at work on it")      \
	X(HTTP_TOO_MANY, 429, "too-many", "Too many of these at once")         \
	X(HTTP_HEADERS, 431, "headers-too-large", "The headers are too large") \
	X(HTTP_CHECKSUM, 460, "checksum", "The bytes differ from the digest")  \
	X(HTTP_INTERNAL, 500, "internal", "Something failed in the server")    \
	X(HTTP_CORRUPT, 500, "corrupt", "The stored bytes fail their check")   \
	X(HTTP_UNAVAILABLE, 503, "unavailable", "Not possible just now")       \
	X(HTTP_KEEPER, 503, "keeper-away", "The keeper of the keys is away")   \
	X(HTTP_STOPPED, 503, "stopped", "Writing has stopped")                 \
	X(HTTP_FULL, 507, "full", "No space is left")

enum http_problem {
#define X(id, status, slug, title) id,
	HTTP_PROBLEMS(X)
#undef X
	    HTTP_PROBLEM_COUNT
};

struct http_problem_info {
	unsigned status;
	const char *type; /* "urn:sallyport:problem:<slug>" */
	const char *title;
};
const struct http_problem_info *http_problem_info(enum http_problem p);
/* Which problem a failure is: by its reason where that says more than its
 * code, else by its code. */
enum http_problem http_problem_of(const struct sp_err *err);

/* A body made while it is sent. */
#define HTTP_STREAM_END    ((ssize_t)-1)
#define HTTP_STREAM_BROKEN ((ssize_t)-2)

struct http_stream_ops {
	/* Up to `room` bytes from `at` on (each call goes on where the last
	 * one ended): how many, more than 0; END; or BROKEN, which cuts the
	 * connection so that what was sent never looks complete. */
	ssize_t (*read)(void *self, uint64_t at, char *out, size_t room);
	void (*free)(void *self);
	/* For a stream whose read waits for news; NULL for others.  Any
	 * thread: its read is to end soon.  Such an answer closes its
	 * connection. */
	void (*stop)(void *self);
};

#define HTTP_SIZE_UNKNOWN UINT64_MAX
/* Of an answer in memory: a bundle of 256 entries of 64 KiB and their lengths
 * is the largest. */
#define HTTP_BODY_MAX ((size_t)17 << 20)

struct http_answer {
	unsigned status;
	bool problem;
	enum http_problem which; /* when it is one */
	struct sp_buf head;      /* name NUL value NUL, repeated */
	struct sp_buf body;
	const struct http_stream_ops *stream; /* NULL: body */
	void *stream_self;                    /* owned */
	uint64_t size; /* of the stream; or, for HEAD, of what GET sends */
	bool sized;    /* size is told though there is no stream */
};

void http_answer_init(struct http_answer *a); /* 200, empty */
void http_answer_done(struct http_answer *a);
void http_answer_clear(struct http_answer *a); /* back to 200, empty */

/* One header field.  The value is text without control characters: what
 * comes from outside was checked before. */
void http_answer_set(
    struct http_answer *a, const char *name, const char *value);
void http_answer_fmt(struct http_answer *a, const char *name, const char *fmt,
    ...) SP_PRINTF(3, 4);
/* NULL when it is not set. */
const char *http_answer_get(const struct http_answer *a, const char *name);
/* Each field in turn, from *at = 0 on; false at the end. */
bool http_answer_next(const struct http_answer *a, size_t *at,
    const char **name, const char **value) SP_MUST_USE;

/* Body and Content-Type; the bytes are moved out of `body`. */
void http_answer_take(
    struct http_answer *a, const char *media, struct sp_buf *body);
void http_answer_stream(struct http_answer *a,
    const struct http_stream_ops *ops, void *self, uint64_t size);

/* Put a problem in place of whatever was there.  `detail` and `instance` may
 * be NULL.  404s never have a detail: they must not differ. */
void http_answer_problem(struct http_answer *a, enum http_problem p,
    const char *reason, const char *detail, const char *instance);
/* The same from a failure.  A 5xx gets an id, is logged with it and with
 * `what` was asked, and does not say more than its title to the caller. */
void http_answer_error(
    struct http_answer *a, const struct sp_err *err, const char *what);

/* The head of an HTTP/1.1 answer as bytes, with "Connection: close": for
 * answers that have to leave before the request has been read. */
void http_answer_raw(const struct http_answer *a, struct sp_buf *out);

#endif
