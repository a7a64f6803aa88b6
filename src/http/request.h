#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/buf.h"
#include "evidence/site.h"
#include "gate/text.h"
#include "http/answer.h"
#include "http/origin.h"
#include "http/router.h"

/*
 * One request, from its header fields to its answer:
 *
 *   new -> begin --answered---------------------------.
 *            | go on                                  v
 *            '---> body ... body -> end ---------> q->answer
 *                    | answered early ----------------^
 *                    '-> abort (the body broke off)
 *
 * begin checks framing, finds the route, passes the door (room, token, gate)
 * and, for a body of bytes, has the handler take up a sink.  All of it runs
 * on the connection's thread.
 */

/* The header fields that this server reads.  One that comes twice is refused,
 * for two readers could each see another one; but for the last two, of which
 * only the presence matters. */
#define HTTP_FIELDS(X)                                                         \
	X(HTTP_F_HOST, "Host")                                                 \
	X(HTTP_F_CONTENT_LENGTH, "Content-Length")                             \
	X(HTTP_F_TRANSFER_ENCODING, "Transfer-Encoding")                       \
	X(HTTP_F_CONTENT_TYPE, "Content-Type")                                 \
	X(HTTP_F_AUTHORIZATION, "Authorization")                               \
	X(HTTP_F_EXPECT, "Expect")                                             \
	X(HTTP_F_RANGE, "Range")                                               \
	X(HTTP_F_IF_RANGE, "If-Range")                                         \
	X(HTTP_F_IF_MATCH, "If-Match")                                         \
	X(HTTP_F_IF_NONE_MATCH, "If-None-Match")                               \
	X(HTTP_F_IF_MODIFIED_SINCE, "If-Modified-Since")                       \
	X(HTTP_F_IF_UNMODIFIED_SINCE, "If-Unmodified-Since")                   \
	X(HTTP_F_USER_AGENT, "User-Agent")                                     \
	X(HTTP_F_COOKIE, "Cookie")                                             \
	X(HTTP_F_ORIGIN, "Origin")                                             \
	X(HTTP_F_SEC_FETCH_SITE, "Sec-Fetch-Site")                             \
	X(HTTP_F_METHOD_OVERRIDE, "X-HTTP-Method-Override")                    \
	X(HTTP_F_TUS_RESUMABLE, "Tus-Resumable")                               \
	X(HTTP_F_UPLOAD_OFFSET, "Upload-Offset")                               \
	X(HTTP_F_UPLOAD_LENGTH, "Upload-Length")                               \
	X(HTTP_F_UPLOAD_DEFER, "Upload-Defer-Length")                          \
	X(HTTP_F_UPLOAD_METADATA, "Upload-Metadata")                           \
	X(HTTP_F_UPLOAD_CHECKSUM, "Upload-Checksum")                           \
	X(HTTP_F_UPLOAD_CONCAT, "Upload-Concat")                               \
	X(HTTP_F_ONCE, "Idempotency-Key")                                      \
	X(HTTP_F_LAST_EVENT_ID, "Last-Event-ID")                               \
	X(HTTP_F_FORWARDED, "Forwarded")                                       \
	X(HTTP_F_X_FORWARDED_FOR, "X-Forwarded-For")

enum http_field {
#define X(id, name) id,
	HTTP_FIELDS(X)
#undef X
	    HTTP_FIELD_COUNT
};
const char *http_field_name(enum http_field f);

#define HTTP_LINES_MAX  100 /* header lines of a request */
#define HTTP_QUERY_MAX  8
#define HTTP_QUERY_TEXT 2048 /* of one value: codes of OAuth are long */

#define HTTP_CERTIFICATE 32

struct http_pair {
	const char *name;
	size_t name_len;
	const char *value; /* NULL: none (a query without '=') */
	size_t value_len;
};

/* A request as the transport hands it over; all of it is borrowed and lives
 * as long as the request. */
struct http_wire {
	const char *method;
	const char *target; /* undecoded, without the query */
	bool http11;
	const struct http_pair *line; /* header lines */
	size_t lines;
	size_t bytes; /* of the whole header */
	const struct http_pair
	    *query; /* '+' is a space already, else undecoded */
	size_t queries;
	const char *address; /* numeric */
	/* SHA-256 of the client's certificate (HTTP_CERTIFICATE bytes), whose
	 * key it has proved to have, and nothing else; or NULL. */
	const uint8_t *certificate;
};

/* Where the body's bytes go. */
struct http_sink {
	enum sp_code (*write)(
	    void *self, const void *bytes, size_t len, struct sp_err *err);
	/* Ends and frees self.  `whole`: all of the body has come; then the
	 * answer is filled in. */
	enum sp_code (*end)(
	    void *self, bool whole, struct http_answer *a, struct sp_err *err);
};

struct http_stats;
struct http_streams;
struct report_press;
struct vouch_courier;
struct federation_sources;

/* What all requests of a server share. */
struct http_house {
	const struct http_routes *routes;
	struct evidence_site *site;
	struct report_press *press;            /* or NULL */
	struct vouch_courier *courier;         /* or NULL */
	struct federation_sources *federation; /* or NULL */
	struct http_stats *stats;
	struct http_streams *streams;
	struct http_origins origins; /* what the site is called */
	size_t header_bytes;
	size_t json_bytes;
	uint64_t upload_max; /* what OPTIONS of uploads tells */
};

/* A query parameter, decoded. */
struct http_param {
	char name[32];
	char value[HTTP_QUERY_TEXT + 1];
};

struct http_request {
	const struct http_house *house;
	enum http_method method; /* after X-HTTP-Method-Override */
	bool head;               /* the method on the wire is HEAD */
	bool http11;
	const char *target;
	const char *field[HTTP_FIELD_COUNT]; /* NULL: absent */
	struct http_param *query;            /* NULL while there are none */
	size_t queries;
	uint64_t content; /* Content-Length; HTTP_SIZE_UNKNOWN when chunked */
	bool untrusted;   /* where the request ends is in doubt: close */
	char address[46];
	const uint8_t *certificate; /* of http_wire */
	char cookie[GATE_TEXT_MAX]; /* "": it does not count */

	struct http_match match;
	struct sp_id id;            /* the path's {id}; zero without */
	struct evidence_room *room; /* borrowed from the site */
	struct gate_caller who;
	struct gate_pass *pass;

	struct sp_buf body; /* of a JSON request */
	const struct http_sink *sink;
	void *sink_self;
	/* Wakes this request's thread when it waits for bytes, by shutting its
	 * socket down; callable from any thread until the request is over. */
	void (*cut)(void *arg);
	void *cut_arg;

	struct http_answer answer;
};

enum http_turn { HTTP_GO_ON, HTTP_ANSWERED };

/* Never NULL but for want of memory. */
struct http_request *http_request_new(
    const struct http_house *house) SP_MUST_USE;
/* The header is in. */
enum http_turn http_request_begin(
    struct http_request *q, const struct http_wire *w) SP_MUST_USE;
enum http_turn http_request_body(
    struct http_request *q, const void *bytes, size_t len) SP_MUST_USE;
/* The body is in: q->answer holds the answer afterwards.  Who asks is known
 * anew, and the gate asked again where the door does that: a credential that
 * was revoked, or a role that was changed, while the body came does nothing
 * any more.  A sink ends as if its body had broken off then. */
void http_request_end(struct http_request *q);
/* The body broke off: what came is kept.  A no-op without a body. */
void http_request_abort(struct http_request *q);
void http_request_free(struct http_request *q);

/* The route's id, or "none". */
const char *http_request_route(const struct http_request *q);
/* A query parameter, or NULL. */
const char *http_request_query(const struct http_request *q, const char *name);
/* A query parameter that is a number of this range; *out is untouched when it
 * is absent.  SP_E_INVALID otherwise. */
enum sp_code http_request_query_u64(const struct http_request *q,
    const char *name, uint64_t least, uint64_t most, uint64_t *out,
    struct sp_err *err) SP_MUST_USE;
/* What the caller is known by, out of Authorization or the cookie; for requests
 * that the door let in with one. */
const char *http_request_token(const struct http_request *q);
/* The same for requests that the door let in without asking: the text, which
 * the caller judges.  SP_E_UNKNOWN: there is none; SP_E_DENIED as
 * http_request_same_site. */
enum sp_code http_request_shown(
    struct http_request *q, const char **text, struct sp_err *err) SP_MUST_USE;

/*
 * The session's cookie.  A browser sends it by itself, so that whoever is known
 * by it must also be on a page of this site: for any method but GET and HEAD,
 * Origin must be "https://" and the request's Host or, where there is none,
 * Sec-Fetch-Site "same-origin"; else SP_E_DENIED, reason "csrf".  With a bearer
 * the cookie counts for nothing.  The prefix "__Host-" has browsers refuse one
 * that another host, or plain HTTP, would set.
 */
#define HTTP_COOKIE "__Host-sallyport"
bool http_request_cookie(
    const struct http_request *q, char out[static GATE_TEXT_MAX]) SP_MUST_USE;
/* Any cookie of this name: false when it is not there just once.  Points into
 * the header field. */
bool http_request_cookie_named(const struct http_request *q, const char *name,
    struct http_pair *out) SP_MUST_USE;
enum sp_code http_request_same_site(
    const struct http_request *q, struct sp_err *err) SP_MUST_USE;
/* text NULL: forget it. */
void http_request_set_cookie(struct http_answer *a, const char *text);
/* A header field that holds a decimal number; *out is untouched when it is
 * absent.  SP_E_INVALID otherwise. */
enum sp_code http_request_u64(const struct http_request *q, enum http_field f,
    uint64_t max, uint64_t *out, struct sp_err *err) SP_MUST_USE;
/* Compare a media type with what Content-Type says, parameters aside. */
bool http_request_is(const struct http_request *q, const char *media);

#endif
