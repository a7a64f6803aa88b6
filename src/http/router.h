#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "base/err.h"
#include "gate/role.h"

/*
 * What a route is, and how a request finds its own: what is served, who may
 * ask, what goes in and what comes out.  This room serves any table of routes
 * (the API's own is api/routes.h); the OpenAPI document is made from it.
 *
 * Paths are matched segment by segment: a request's path is split at '/',
 * then each segment is percent-decoded, so that an encoded '/' never makes a
 * new segment.  "{name}" takes one segment, "{name*}" (last) one or more.
 */
#define HTTP_METHODS(X)                                                        \
	X(HTTP_GET, "GET")                                                     \
	X(HTTP_HEAD, "HEAD")                                                   \
	X(HTTP_POST, "POST")                                                   \
	X(HTTP_PUT, "PUT")                                                     \
	X(HTTP_PATCH, "PATCH")                                                 \
	X(HTTP_DELETE, "DELETE")                                               \
	X(HTTP_OPTIONS, "OPTIONS")

enum http_method {
#define X(id, name) id,
	HTTP_METHODS(X)
#undef X
	    HTTP_METHOD_COUNT /* also: any other */
};
const char *http_method_name(enum http_method m);
/* HTTP_METHOD_COUNT for one that no route has.  Methods are case-sensitive. */
enum http_method http_method_parse(const char *s);

/* Who may ask. */
enum http_door {
	HTTP_DOOR_OPEN,   /* anyone; not about an agency */
	HTTP_DOOR_PUBLIC, /* anyone, about an agency */
	HTTP_DOOR_KNOWN,  /* a token; the handler asks the gate for `act` */
	HTTP_DOOR_GATE,   /* a token; the gate admits `act` on `kind` {id} */
};

enum http_takes {
	HTTP_TAKES_NOTHING,
	HTTP_TAKES_JSON,
	HTTP_TAKES_FORM, /* collected as JSON is; the handler asks for its media
			  * type, and answers in the form's own way */
	HTTP_TAKES_BYTES
};

/* A query parameter or header field of a route. */
struct http_input {
	const char *in; /* "query", "header" */
	const char *name;
	const char *schema; /* JSON schema, as text */
	bool required;
	const char *text;
};

struct http_success {
	unsigned status;
	const char *text;
	const char *media;   /* NULL: no body */
	const char *schema;  /* of components/schemas; NULL: bytes or text */
	const char *headers; /* names, separated by spaces; NULL: none */
};
#define HTTP_SUCCESSES 3

/* Tus-Resumable: what a path's first route says holds for errors, too. */
#define HTTP_TUS_VERSION "1.0.0"
enum http_tus {
	HTTP_TUS_NOT,
	HTTP_TUS_TOLD,  /* answered */
	HTTP_TUS_ASKED, /* asked for and answered */
};

struct http_request;
struct http_answer;

struct http_route {
	const char *path;
	const char *id; /* OpenAPI's operationId, and the metrics' label */
	const char *summary;
	const char *kind; /* of the object that `act` is about */
	const char *takes_schema;
	const struct http_input *input;
	size_t inputs;
	struct http_success success[HTTP_SUCCESSES];
	const char *problems; /* statuses beyond those the door gives */
	enum sp_code (*handle)(
	    struct http_request *q, struct http_answer *a, struct sp_err *err);
	enum http_method method;
	enum http_door door;
	enum gate_act act;
	enum http_takes takes;
	enum http_tus tus;
	bool lenient; /* query parameters that are none are passed over */
};

/* A JSON schema of components/schemas, as canonical text (RFC 8785). */
struct http_schema {
	const char *name;
	const char *schema;
};

/* What a module of handlers exports: its routes, and the schemas that they
 * name. */
struct http_topic {
	const struct http_route *route;
	size_t routes;
	const struct http_schema *schema; /* NULL: none */
	size_t schemas;
};

/* All that a server serves.  Where two templates fit a path, the first one's
 * routes are the path's; templates of one path stand together or never meet. */
struct http_routes {
	const struct http_topic *const *topic;
	size_t topics;
};
size_t http_routes_count(const struct http_routes *t);
/* The i-th of all, topic after topic; i < count. */
const struct http_route *http_routes_at(const struct http_routes *t, size_t i);

/* ---- Words for tables of routes ---- */

#define HTTP_AGENCY "/v1/agencies/{agency}/"
#define HTTP_JSON   "application/json"
#define HTTP_FORM   "application/x-www-form-urlencoded"
#define HTTP_BYTES  "application/octet-stream"
#define HTTP_TEXT   "text/plain; charset=utf-8"

#define HTTP_INPUT(a) .input = (a), .inputs = SP_COUNTOF(a)
/* What Idempotency-Key is said to do. */
#define HTTP_ONCE                                                              \
	"Of your choice: the same request with the same key within a day "     \
	"makes nothing more."

/* Schemas of values. */
#define HTTP_STRING        "{\"type\":\"string\"}"
#define HTTP_NULLABLE      "{\"type\":[\"string\",\"null\"]}"
#define HTTP_ID            "{\"format\":\"uuid\",\"type\":\"string\"}"
#define HTTP_TIME          "{\"format\":\"date-time\",\"type\":\"string\"}"
#define HTTP_INTEGER       "{\"minimum\":0,\"type\":\"integer\"}"
#define HTTP_COUNT_OR_NULL "{\"minimum\":0,\"type\":[\"integer\",\"null\"]}"
#define HTTP_BOOLEAN       "{\"type\":\"boolean\"}"

/* ---- Matching ---- */

#define HTTP_PATH_MAX ((size_t)2048)
#define HTTP_PARAMS   4

struct http_match {
	const struct http_route *route; /* NULL: path or method unknown */
	const struct http_route *path;  /* any route of this path */
	unsigned methods;               /* bits: 1 << enum http_method */
	size_t params;
	struct {
		const char *name; /* in the template */
		size_t name_len;
		const char *value; /* in `text`, decoded */
	} param[HTTP_PARAMS];
	char text[HTTP_PATH_MAX + 1];
};

/* Find the route.  HEAD finds GET's where it has none of its own.  Failures:
 * reasons "http.uri", "http.malformed", "http.method"; SP_E_NOTFOUND. */
enum sp_code http_router_match(struct http_match *m,
    const struct http_routes *t, enum http_method method, const char *path,
    struct sp_err *err) SP_MUST_USE;
/* A parameter of the route's path; aborts when it has none of this name. */
const char *http_match_param(const struct http_match *m, const char *name);
bool http_match_has(const struct http_match *m, const char *name);

/* Percent-decode (RFC 3986, 2.1) into `out`, which has room for len bytes and
 * the NUL.  False for a broken escape and for a NUL. */
bool http_percent_decode(const char *s, size_t len, char *out) SP_MUST_USE;

#endif
