#include "witness/service.h"

#include "base/file.h"
#include "base/parse.h"
#include "crypto/digest.h"
#include "edge/certificate.h"
#include "edge/listen.h"
#include "edge/watch.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER_BYTES      ((size_t)8 << 10)
#define CONNECTION_MEMORY (2 * HEADER_BYTES + ((size_t)32 << 10))
#ifdef SP_SANITIZED
#define THREAD_STACK ((size_t)4 << 20)
#else
#define THREAD_STACK ((size_t)256 << 10)
#endif

/* A body over the maximum is read this far, to be answered in good order. */
#define SWALLOW ((size_t)256 << 10)

#define CONTENT_LENGTH "Content-Length"

struct witness_service {
	struct witness_desk *desk;
	struct edge_certificates *certs; /* NULL: plain HTTP */
	struct edge_watch *watch;
	int listen_fd;
	uint16_t port;
	unsigned connections;
	struct MHD_Daemon *daemon;
};

/* A connection, as libmicrohttpd's socket context. */
struct connection {
	struct witness_service *service;
	struct edge_conn *watched;
	struct edge_certificate *cert;
	char address[EDGE_ADDRESS_MAX];
};

enum way { ADD, CHECKPOINT, HEALTH, METRICS, WRONG_METHOD, NOWHERE };

/* A request under way, as its request context. */
struct exchange {
	struct connection *c;
	enum way way;
	const char *allow; /* WRONG_METHOD */
	char digest[2 * CRYPTO_SHA256_LEN + 1];
	struct sp_buf body;
	bool too_large;
	size_t swallowed;
};

/* --- Answers --- */

static enum MHD_Result
queue(struct MHD_Connection *mc, unsigned status, const char *type,
    const struct sp_buf *body, const char *allow)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): it is copied */
	struct MHD_Response *r = MHD_create_response_from_buffer(
	    body->len, body->at, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result done = MHD_NO;

	if (r == NULL)
		return MHD_NO;
	if (MHD_add_response_header(r, "Content-Type", type) == MHD_YES &&
	    MHD_add_response_header(r, "Cache-Control", "no-store") ==
		MHD_YES &&
	    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff") ==
		MHD_YES &&
	    (allow == NULL ||
		MHD_add_response_header(r, "Allow", allow) == MHD_YES))
		done = MHD_queue_response(mc, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result
say(struct MHD_Connection *mc, unsigned status, const char *text,
    const char *allow)
{
	SP_AUTO_BUF body = sp_buf_new(1024);

	sp_buf_fmt(&body, "%s\n", text);
	return queue(mc, status, "text/plain; charset=utf-8", &body, allow);
}

static enum MHD_Result
answer_add(struct exchange *x, struct MHD_Connection *mc)
{
	struct witness_answer a;
	enum MHD_Result done;

	if (x->too_large)
		return say(mc, MHD_HTTP_CONTENT_TOO_LARGE,
		    "a request has at most 69632 bytes", NULL);
	witness_desk_add_checkpoint(
	    x->c->service->desk, sp_buf_str(&x->body), x->body.len, &a);
	done = sp_buf_ok(&a.body) ? queue(mc, witness_verdict_status(a.verdict),
					a.type, &a.body, NULL)
				  : MHD_NO;
	sp_buf_free(&a.body);
	return done;
}

static enum MHD_Result
answer_checkpoint(struct exchange *x, struct MHD_Connection *mc)
{
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_err err;

	if (witness_desk_checkpoint(x->c->service->desk, x->digest,
		strlen(x->digest), &note, &err) != SP_OK)
		return say(mc, MHD_HTTP_NOT_FOUND, err.text, NULL);
	return queue(mc, MHD_HTTP_OK, "text/plain; charset=utf-8", &note, NULL);
}

/* It names the logs and tells how busy the witness is: for whoever runs the
 * machine, also not through a proxy. */
static enum MHD_Result
answer_metrics(struct exchange *x, struct MHD_Connection *mc)
{
	SP_AUTO_BUF out = sp_buf_new((size_t)4 << 20);

	if (!edge_address_local(x->c->address) ||
	    MHD_lookup_connection_value(mc, MHD_HEADER_KIND, "Forwarded") !=
		NULL ||
	    MHD_lookup_connection_value(
		mc, MHD_HEADER_KIND, "X-Forwarded-For") != NULL)
		return say(mc, MHD_HTTP_NOT_FOUND, "not from outside", NULL);
	witness_desk_metrics(x->c->service->desk, &out);
	return sp_buf_ok(&out)
	    ? queue(mc, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
		  &out, NULL)
	    : MHD_NO;
}

static enum MHD_Result
answer_health(struct exchange *x, struct MHD_Connection *mc)
{
	struct sp_err err = { .code = SP_OK };

	if (witness_desk_health(x->c->service->desk, &err) != SP_OK)
		return say(mc, MHD_HTTP_SERVICE_UNAVAILABLE, err.text, NULL);
	return say(mc, MHD_HTTP_OK, "ok", NULL);
}

static enum MHD_Result
answer(struct exchange *x, struct MHD_Connection *mc)
{
	switch (x->way) {
	case ADD: return answer_add(x, mc);
	case CHECKPOINT: return answer_checkpoint(x, mc);
	case HEALTH: return answer_health(x, mc);
	case METRICS: return answer_metrics(x, mc);
	case WRONG_METHOD:
		return say(mc, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "that is not done here", x->allow);
	case NOWHERE: break;
	}
	return say(mc, MHD_HTTP_NOT_FOUND, "there is nothing here", NULL);
}

/* --- Requests --- */

/* "/<64 digits>/checkpoint" */
static bool
take_digest(struct exchange *x, const char *target)
{
	static const char tail[] = "/checkpoint";
	size_t digits = sizeof(x->digest) - 1;

	if (strlen(target) != 1 + digits + strlen(tail) ||
	    strcmp(target + 1 + digits, tail) != 0)
		return false;
	memcpy(x->digest, target + 1, digits);
	return true;
}

static void
route(struct exchange *x, const char *target, const char *method)
{
	bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	bool right = get;

	x->allow = "GET, HEAD";
	if (strcmp(target, "/add-checkpoint") == 0) {
		x->way = ADD;
		x->allow = "POST";
		right = strcmp(method, "POST") == 0;
	} else if (strcmp(target, "/healthz") == 0) {
		x->way = HEALTH;
	} else if (strcmp(target, "/metrics") == 0) {
		x->way = METRICS;
	} else if (take_digest(x, target)) {
		x->way = CHECKPOINT;
	} else {
		x->way = NOWHERE;
		return;
	}
	if (!right)
		x->way = WRONG_METHOD;
}

static struct exchange *
exchange_new(struct connection *c)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->c = c;
	x->body = sp_buf_new(WITNESS_REQUEST_MAX);
	return x;
}

static bool
says_too_much(struct MHD_Connection *mc)
{
	const char *length =
	    MHD_lookup_connection_value(mc, MHD_HEADER_KIND, CONTENT_LENGTH);
	uint64_t n;

	return length != NULL &&
	    (!sp_parse_u64(length, strlen(length), 0, UINT64_MAX, &n) ||
		n > WITNESS_REQUEST_MAX);
}

/* The header is there, the body is not: what is refused anyhow need not come.
 */
static enum MHD_Result
begin(struct exchange *x, struct MHD_Connection *mc)
{
	edge_conn_phase(x->c->watched, EDGE_PHASE_BODY);
	if (!says_too_much(mc))
		return MHD_YES;
	edge_conn_phase(x->c->watched, EDGE_PHASE_ANSWER);
	x->too_large = true;
	return x->way == ADD ? answer(x, mc)
			     : say(mc, MHD_HTTP_CONTENT_TOO_LARGE,
				   "no body is wanted here", NULL);
}

static enum MHD_Result
take_body(struct exchange *x, const char *bytes, size_t len)
{
	if (x->way == ADD && !x->too_large &&
	    len <= WITNESS_REQUEST_MAX - x->body.len) {
		sp_buf_add(&x->body, bytes, len);
		return sp_buf_ok(&x->body) ? MHD_YES : MHD_NO;
	}
	x->too_large = true;
	x->swallowed += len;
	return x->swallowed > SWALLOW ? MHD_NO : MHD_YES;
}

static struct connection *
connection_of(struct MHD_Connection *mc)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

static enum MHD_Result
end(struct exchange *x, struct MHD_Connection *mc)
{
	enum MHD_Result done;

	edge_conn_phase(x->c->watched, EDGE_PHASE_WORK);
	done = answer(x, mc);
	edge_conn_phase(x->c->watched, EDGE_PHASE_ANSWER);
	return done;
}

static enum MHD_Result /* NOLINTNEXTLINE(readability-function-size): MHD's */
on_request(void *arg, struct MHD_Connection *mc, const char *target,
    const char *method, const char *version, const char *bytes, size_t *len,
    void **context)
{
	struct connection *c = connection_of(mc);
	struct exchange *x = *context;

	(void)arg;
	(void)version;
	if (c == NULL)
		return MHD_NO;
	if (x == NULL) {
		*context = x = exchange_new(c);
		if (x == NULL)
			return MHD_NO;
		route(x, target, method);
		return begin(x, mc);
	}
	if (*len > 0) {
		enum MHD_Result more = take_body(x, bytes, *len);

		*len = 0;
		return more;
	}
	return end(x, mc);
}

static void
on_completed(void *arg, struct MHD_Connection *mc, void **context,
    enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *context;

	(void)arg;
	(void)mc;
	(void)why;
	if (x == NULL)
		return;
	*context = NULL;
	edge_conn_phase(x->c->watched, EDGE_PHASE_WAIT);
	sp_buf_free(&x->body);
	free(x);
}

/* --- Connections --- */

static void
connection_open(
    struct witness_service *s, struct MHD_Connection *mc, void **context)
{
	int fd = MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD)
		     ->connect_fd;
	const union MHD_ConnectionInfo *from =
	    MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct connection *c = calloc(1, sizeof(*c));

	if (c != NULL) {
		c->service = s;
		edge_address_text(
		    from == NULL ? NULL : from->client_addr, c->address);
		c->watched = edge_watch_open(s->watch, fd);
	}
	if (c == NULL || c->watched == NULL) {
		free(c);
		(void)shutdown(fd, SHUT_RDWR);
		return;
	}
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	*context = c;
}

static void
on_connection(void *arg, struct MHD_Connection *mc, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	struct connection *c = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_open(arg, mc, context);
		return;
	}
	if (c == NULL)
		return;
	*context = NULL;
	edge_watch_close(c->service->watch, c->watched);
	if (c->cert != NULL)
		edge_certificate_give(c->service->certs, c->cert);
	free(c);
}

static int /* NOLINTNEXTLINE(readability-function-size): GnuTLS's */
on_certificate(gnutls_session_t session, const gnutls_datum_t *authorities,
    int n, const gnutls_pk_algorithm_t *algorithm, int algorithms,
    gnutls_pcert_st **chain, unsigned *chain_len, gnutls_privkey_t *key)
{
	struct connection *c = connection_of(gnutls_session_get_ptr(session));

	(void)authorities;
	(void)n;
	(void)algorithm;
	(void)algorithms;
	if (c == NULL)
		return -1;
	if (c->cert == NULL)
		c->cert = edge_certificate_take(c->service->certs);
	edge_certificate_use(c->cert, chain, chain_len, key);
	return 0;
}

/* Targets are compared as they came: nothing here needs an escape. */
static size_t
on_unescape(void *arg, struct MHD_Connection *mc, char *s)
{
	(void)arg;
	(void)mc;
	return strlen(s);
}

/* --- The service --- */

static enum sp_code
start_daemon(struct witness_service *s, struct sp_err *err)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD |
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC |
	    MHD_USE_ERROR_LOG;
	static char priority[] = EDGE_TLS_PRIORITY;
	const struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, priority },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

	if (s->certs != NULL)
		flags |= MHD_USE_TLS;
	s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, s,
	    MHD_OPTION_EXTERNAL_LOGGER, edge_listen_said, NULL,
	    MHD_OPTION_LISTEN_SOCKET, s->listen_fd,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
	    MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT,
	    s->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    s->connections - s->connections / 4,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
	    MHD_OPTION_THREAD_STACK_SIZE, THREAD_STACK, MHD_OPTION_ARRAY,
	    s->certs != NULL ? tls : none,
	    s->certs != NULL ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END,
	    on_certificate, MHD_OPTION_END);
	if (s->daemon == NULL)
		return sp_fail_os(err, "libmicrohttpd does not start");
	return SP_OK;
}

static unsigned
or_else(unsigned v, unsigned otherwise)
{
	return v == 0 ? otherwise : v;
}

static enum sp_code
start(struct witness_service *s, const struct witness_service_options *o,
    struct sp_err *err)
{
	const struct edge_patience patience = {
		.idle_seconds = or_else(o->idle_seconds, 30),
		.header_seconds = or_else(o->header_seconds, 15),
		.body_rate = or_else(o->body_rate, 64),
	};

	s->desk = o->desk;
	s->connections = or_else(o->connections, 512);
	if (o->cert_path == NULL && !edge_address_local(o->listen.address))
		return sp_fail(err, SP_E_INVALID,
		    "others reach %s: that takes a certificate (--cert and "
		    "--key), or listen on 127.0.0.1 behind a proxy that has "
		    "one",
		    o->listen.address);
	if (o->cert_path != NULL)
		SP_TRY(edge_certificates_open(
		    &s->certs, o->cert_path, o->key_path, err));
	SP_TRY(edge_watch_new(&s->watch, &patience, err));
	SP_TRY(edge_listen_open(&o->listen, &s->listen_fd, &s->port, err));
	return start_daemon(s, err);
}

enum sp_code
witness_service_start(struct witness_service **out,
    const struct witness_service_options *o, struct sp_err *err)
{
	struct witness_service *s = calloc(1, sizeof(*s));
	enum sp_code code;

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the service");
	s->listen_fd = -1;
	code = start(s, o, err);
	if (code != SP_OK) {
		witness_service_stop(s, 0);
		return code;
	}
	*out = s;
	return SP_OK;
}

uint16_t
witness_service_port(const struct witness_service *s)
{
	return s->port;
}

enum sp_code
witness_service_reload(struct witness_service *s, struct sp_err *err)
{
	return s->certs == NULL ? SP_OK
				: edge_certificates_reload(s->certs, err);
}

void
witness_service_stop(struct witness_service *s, unsigned grace)
{
	if (s == NULL)
		return;
	if (s->daemon != NULL) {
		(void)MHD_quiesce_daemon(s->daemon);
		(void)shutdown(s->listen_fd, SHUT_RDWR);
		edge_watch_drain(s->watch, grace);
		MHD_stop_daemon(s->daemon);
	}
	edge_watch_free(s->watch);
	edge_certificates_free(s->certs);
	sp_file_closep(&s->listen_fd);
	free(s);
}
