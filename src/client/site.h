#ifndef CLIENT_SITE_H
#define CLIENT_SITE_H

#include "base/buf.h"
#include "base/clock.h"

#include <jansson.h>

/*
 * Talking to a site over HTTPS.  The site is not trusted: bodies and heads
 * have limits, JSON is parsed strictly, redirects are not followed, and text
 * that came from it is cleaned before it reaches a terminal (sp_utf8_quote).
 *
 * The wire itself is a table of functions, curl.h in the program and a
 * script of answers in tests.  One thread.
 */
#define SITE_HEAD_MAX ((size_t)32 << 10)
#define SITE_JSON_MAX ((size_t)8 << 20)

/* Reasons in struct sp_err that decide the exit code (site_fail). */
extern const char client_site_refused[]; /* "site.refused": the site said no */
extern const char client_site_unreachable[]; /* "site.unreachable": no answer */
extern const char client_site_no_tls[]; /* "site.tls": no trusted connection */
extern const char
    client_site_interrupted[]; /* "interrupted": SIGINT, SIGTERM */

/* A request's body: `len` bytes of something that can be read anywhere. */
struct site_source {
	enum sp_code (*read)(void *arg, uint64_t at, void *out, size_t room,
	    size_t *got, struct sp_err *err);
	void *arg;
	uint64_t at; /* where the body begins */
	uint64_t len;
};

/* What a request speaks with. */
enum site_as {
	SITE_AS_NOBODY,
	SITE_AS_TOKEN,
	SITE_AS_SESSION,
	SITE_AS_DEVICE, /* its certificate */
};

struct site_answer {
	unsigned status;
	struct sp_buf head; /* header lines, each ended by LF */
	struct sp_buf body; /* unless a sink took it */
	char asked[160];    /* for what: the path within the agency, to tell */
	enum site_as as;    /* who asked */
};

/* Where the body of a 200 or 206 goes.  `an` has status and head by then. */
struct site_sink {
	enum sp_code (*write)(void *arg, const struct site_answer *an,
	    const void *bytes, size_t len, struct sp_err *err);
	void *arg;
};

#define SITE_HEADERS 8

struct site_request {
	const char *method;
	const char *path;                 /* with its query */
	const char *header[SITE_HEADERS]; /* "Name: value", ended by NULL */
	const struct site_source *source; /* NULL: no body */
	const struct site_sink *sink;     /* NULL: into the answer */
	size_t body_max;                  /* of the answer's body */
};

struct site_transport;
struct site_transport_ops {
	/* One request and its answer.  SP_OK: an HTTP answer came, whatever
	 * its status.  SP_E_UNAVAIL: none did, reason client_site_unreachable,
	 * client_site_no_tls or client_site_interrupted.  Other codes: a
	 * source, a sink or a limit failed.  `an` is empty when called. */
	enum sp_code (*exchange)(struct site_transport *t,
	    const struct site_request *rq, struct site_answer *an,
	    struct sp_err *err);
	/* Sleep; SP_E_UNAVAIL (client_site_interrupted) when a signal came. */
	enum sp_code (*pause)(
	    struct site_transport *t, int64_t micros, struct sp_err *err);
	void (*free)(struct site_transport *t);
};
struct site_transport { /* what implementations embed first */
	const struct site_transport_ops *ops;
	enum site_as as;
};

struct site_answer client_site_answer_new(size_t body_max);
void client_site_answer_done(struct site_answer *an);
#define SITE_AUTO_ANSWER SP_CLEANUP(client_site_answer_done) struct site_answer
/* A header's value (borrowed, trimmed); NULL when it is absent or said twice
 * in different ways. */
const char *client_site_answer_header(
    const struct site_answer *an, const char *name, size_t *len);
/* A header that is a decimal number. */
bool client_site_answer_number(
    const struct site_answer *an, const char *name, uint64_t *out) SP_MUST_USE;
/* What a status other than 2xx says, from its problem+json where it is one:
 * 4xx is reason client_site_refused, 5xx client_site_unreachable.  A denial is
 * told with its code and, where the site's words name the act, with how to ask
 * why; a 401 with what to do about what was spoken with.  Always fails. */
enum sp_code client_site_answer_fail(
    const struct site_answer *an, struct sp_err *err) SP_MUST_USE;

/*
 * Patience: how often to try again, and after how long.  The pause doubles
 * from 1/4 s to 30 s, cut by chance to between half and all of it, so that a
 * fleet that lost its site does not come back as one; a Retry-After up to two
 * minutes is obeyed; with 429 a longer one ends it at once.  Only tries without
 * progress between them are counted. While a site has never answered, three
 * tries are all.
 */
#define PATIENCE_TRIES 10
#define PATIENCE_FIRST 3
struct site_patience {
	unsigned most; /* tries without progress; at least 1 */
	unsigned failed;
};

struct site_client {
	struct site_transport *t; /* owned */
	struct sp_buf agency;     /* its slug */
	unsigned tries;
	bool met; /* the site has answered once */
};

/* Takes over `t`, also on failure. */
enum sp_code client_site_init(struct site_client *c, struct site_transport *t,
    const char *agency, struct sp_err *err) SP_MUST_USE;
void client_site_done(struct site_client *c);

struct site_patience client_site_patience_new(const struct site_client *c);
void client_site_patience_progress(struct site_patience *p);
/* Something failed that may pass: wait and return SP_OK, or, when patience is
 * at its end, `why` again.  `why` may be *err. */
enum sp_code client_site_patience_wait(struct site_patience *p,
    struct site_client *c, const struct site_answer *an,
    const struct sp_err *why, struct sp_err *err) SP_MUST_USE;
/* The pause before try `failed` + 1, before chance and Retry-After. */
int64_t client_site_patience_pause(unsigned failed);
/* May the same request do better later? */
bool client_site_passing(
    enum sp_code code, const struct site_answer *an, const struct sp_err *err);

/* "/v1/agencies/<agency>/" and what `fmt` makes. */
enum sp_code client_site_path(const struct site_client *c, struct sp_buf *out,
    struct sp_err *err, const char *fmt, ...) SP_MUST_USE SP_PRINTF(4, 5);
/* Append a text, percent-encoded (RFC 3986 2.1). */
void client_site_escape(struct sp_buf *out, const char *text);
/* Append "?name=value" or "&name=value", likewise. */
void client_site_query(
    struct sp_buf *path, const char *name, const char *value);

/* One exchange, no second try. */
enum sp_code client_site_once(struct site_client *c,
    const struct site_request *rq, struct site_answer *an,
    struct sp_err *err) SP_MUST_USE;
/* An exchange that may be repeated without harm, with patience.  SP_OK only
 * for 2xx. */
enum sp_code client_site_ask(struct site_client *c,
    const struct site_request *rq, struct site_answer *an,
    struct sp_err *err) SP_MUST_USE;
/* GET into a buffer (its max is the limit). */
enum sp_code client_site_get(struct site_client *c, const char *path,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;
/* GET a JSON object. */
enum sp_code client_site_get_json(struct site_client *c, const char *path,
    json_t **out, struct sp_err *err) SP_MUST_USE;
/* Send a JSON object once (or none) and get one, or NULL for 204. */
enum sp_code client_site_send_json(struct site_client *c, const char *method,
    const char *path, const json_t *send, json_t **out,
    struct sp_err *err) SP_MUST_USE;

/* Strictly one JSON object: no duplicate names, nothing after it. */
enum sp_code client_site_json_parse(
    const struct sp_buf *b, json_t **out, struct sp_err *err) SP_MUST_USE;
/* A member that must be there and of this type; SP_E_INVALID otherwise. */
enum sp_code client_site_json_text(const json_t *o, const char *name,
    const char **out, struct sp_err *err) SP_MUST_USE;
enum sp_code client_site_json_number(const json_t *o, const char *name,
    uint64_t *out, struct sp_err *err) SP_MUST_USE;

void client_site_json_freep(json_t **j);
#define SITE_AUTO_JSON   SP_CLEANUP(client_site_json_freep) json_t *
#define SITE_AUTO_CLIENT SP_CLEANUP(client_site_done) struct site_client

#endif
