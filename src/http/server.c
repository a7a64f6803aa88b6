#include "http/server.h"

#include "base/file.h"
#include "base/log.h"
#include "edge/certificate.h"
#include "edge/listen.h"
#include "edge/quota.h"
#include "edge/watch.h"
#include "http/request.h"
#include "http/stats.h"
#include "http/streams.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* libmicrohttpd's memory for a connection holds the header, its index, and
 * what is read of the body: a TLS record is 16 KiB, and more than two of them
 * at a time gain nothing. */
#define CONNECTION_MEMORY(header_bytes)                                        \
	(2 * (header_bytes) + ((size_t)32 << 10))
#ifdef SP_SANITIZED
#define THREAD_STACK ((size_t)4 << 20)
#else
#define THREAD_STACK ((size_t)256 << 10)
#endif
#define BLOCK        ((uint64_t)256 << 10) /* of a streamed answer */
#define NEWS_BLOCK   ((uint64_t)512)       /* of one that waits for news */
#define NEWS_SEND    (16 << 10) /* bytes the kernel keeps for its client */
#define CLOSING      64         /* connections that are over and not gone yet */
#define FILES_BESIDE 512        /* databases, logs, pipes */

/* A refused body this small is read to its end, so that the connection lives
 * on; a larger one is not waited for. */
#define SWALLOW ((uint64_t)64 << 10)

/* How long an answer that leaves before its request has come may take, and
 * how long the client then has to stop sending. */
#define EARLY_MS  5000
#define LINGER_MS 3000

struct http_server {
	struct http_limits limits;
	struct http_house house;
	struct edge_watch *watch;
	struct edge_quota *quota; /* of connections that are no streams */
	struct edge_certificates *certs;
	int listen_fd;
	uint16_t port;
	struct MHD_Daemon *daemon;
};

/* A connection, as libmicrohttpd's socket context. */
struct connection {
	struct http_server *server;
	struct edge_conn *watched;
	struct edge_certificate *cert;
	int fd;
	bool counted; /* among the ordinary ones */
	bool looked;  /* for a client's certificate */
	bool shown;   /* there is one: */
	uint8_t certificate[HTTP_CERTIFICATE];
	char address[EDGE_ADDRESS_MAX];
};

/* A request under way, as its request context. */
struct exchange {
	struct connection *c;
	struct http_request *q;
	bool answered; /* the rest of the body is swallowed */
	uint64_t swallowed;
};

/* --- Limits and addresses --- */

struct http_limits
http_limits_filled(const struct http_limits *l)
{
	struct http_limits f = *l;

	f.connections = f.connections == 0 ? 2000 : f.connections;
	/* Whoever is at one address leaves room for the others. */
	if (f.connections_per_address == 0)
		f.connections_per_address = f.connections - f.connections / 4;
	f.idle_seconds = f.idle_seconds == 0 ? 60 : f.idle_seconds;
	f.header_seconds = f.header_seconds == 0 ? 30 : f.header_seconds;
	f.body_rate = f.body_rate == 0 ? 16 : f.body_rate;
	f.header_bytes =
	    f.header_bytes == 0 ? (size_t)32 << 10 : f.header_bytes;
	f.json_bytes = f.json_bytes == 0 ? (size_t)64 << 10 : f.json_bytes;
	f.event_streams = f.event_streams == 0 ? 12000 : f.event_streams;
	/* Whichever agency follows most leaves room for the others. */
	if (f.event_streams_per_agency == 0)
		f.event_streams_per_agency =
		    f.event_streams - f.event_streams / 4;
	if (f.event_streams_per_token == 0)
		f.event_streams_per_token = 500;
	return f;
}

/* --- Connections --- */

static struct connection *
connection_of(struct MHD_Connection *mc)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

/* A handshake asks for the certificate.  libmicrohttpd has its connection as
 * the session's pointer. */
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
		c->cert = edge_certificate_take(c->server->certs);
	edge_certificate_use(c->cert, chain, chain_len, key);
	return 0;
}

/* The certificate that the client showed in this connection's handshake and
 * proved to have the key of (GnuTLS lets no other pass), by its SHA-256.  What
 * it is worth, the agency's database says, at each request. */
static const uint8_t *
client_certificate(struct connection *c, struct MHD_Connection *mc)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mc, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const gnutls_datum_t *chain;
	size_t len = sizeof(c->certificate);
	unsigned n = 0;

	if (!c->looked && info != NULL) {
		chain = gnutls_certificate_get_peers(info->tls_session, &n);
		c->shown = chain != NULL && n > 0 &&
		    gnutls_fingerprint(GNUTLS_DIG_SHA256, &chain[0],
			c->certificate, &len) == GNUTLS_E_SUCCESS;
		c->looked = true;
	}
	return c->shown ? c->certificate : NULL;
}

static void
read_address(struct MHD_Connection *mc, char out[static EDGE_ADDRESS_MAX])
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	edge_address_text(info == NULL ? NULL : info->client_addr, out);
}

/* Before anything is spent on it.  The same thread opens it then. */
static enum MHD_Result
on_accept(void *arg, const struct sockaddr *sa, socklen_t len)
{
	struct http_server *s = arg;
	char address[EDGE_ADDRESS_MAX];

	(void)len;
	edge_address_text(sa, address);
	return edge_quota_has(s->quota, address) ? MHD_YES : MHD_NO;
}

/* It is none of the ordinary ones any more. */
static void
uncount(struct connection *c)
{
	if (c->counted)
		edge_quota_give(c->server->quota, c->address);
	c->counted = false;
}

static void
connection_free(struct connection *c)
{
	uncount(c);
	edge_certificate_give(c->server->certs, c->cert);
	free(c);
}

static void
connection_open(
    struct http_server *s, struct MHD_Connection *mc, void **context)
{
	int fd = MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD)
		     ->connect_fd;
	struct connection *c = calloc(1, sizeof(*c));

	if (c != NULL) {
		c->server = s;
		c->fd = fd;
		read_address(mc, c->address);
		c->counted = edge_quota_take(s->quota, c->address);
		c->watched = c->counted ? edge_watch_open(s->watch, fd) : NULL;
	}
	if (c == NULL || c->watched == NULL) {
		if (c != NULL)
			connection_free(c);
		(void)shutdown(fd, SHUT_RDWR);
		return;
	}
	/* Else the first answer waits for the client's delayed ACK. */
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
	edge_watch_close(c->server->watch, c->watched);
	connection_free(c);
}

static void
cut_connection(void *arg)
{
	struct connection *c = arg;

	edge_conn_cut(c->watched);
}

/* --- Answers --- */

static ssize_t
on_read(void *arg, uint64_t at, char *out, size_t room)
{
	struct http_answer *a = arg;
	ssize_t n = a->stream->read(a->stream_self, at, out, room);

	if (n == HTTP_STREAM_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* Of an answer whose size is told but which is not sent. */
static ssize_t /* NOLINTNEXTLINE(readability-non-const-parameter): MHD's */
on_no_read(void *arg, uint64_t at, char *out, size_t room)
{
	(void)arg;
	(void)at;
	(void)out;
	(void)room;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static bool
waits_for_news(const struct http_answer *a)
{
	return a->stream != NULL && a->stream->stop != NULL;
}

/* Of what GET would send.  In chunks libmicrohttpd ends what is not sent, too,
 * with a chunk of nothing: where no size is told there must be none. */
static struct MHD_Response *
make_head_only(const struct http_answer *a)
{
	bool unknown = a->size == HTTP_SIZE_UNKNOWN;
	struct MHD_Response *r = MHD_create_response_from_callback(
	    unknown ? MHD_SIZE_UNKNOWN : a->size, 1, on_no_read, NULL, NULL);

	if (r != NULL && unknown)
		(void)MHD_set_response_options(
		    r, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	return r;
}

/* The answer's bytes stay the request's, which outlives the response. */
static struct MHD_Response *
make_response(struct exchange *x)
{
	struct http_answer *a = &x->q->answer;
	uint64_t block = waits_for_news(a) ? NEWS_BLOCK : BLOCK;

	if (a->stream != NULL)
		return MHD_create_response_from_callback(
		    a->size == HTTP_SIZE_UNKNOWN ? MHD_SIZE_UNKNOWN : a->size,
		    (size_t)(a->size < block ? a->size : block), on_read, a,
		    NULL);
	if (a->sized && a->size > 0 && x->q->head)
		return make_head_only(a);
	return MHD_create_response_from_buffer(
	    a->body.len, a->body.at, MHD_RESPMEM_PERSISTENT);
}

static void
count(struct exchange *x)
{
	http_stats_count(
	    x->c->server->house.stats, x->q->match.route, x->q->answer.status);
}

/* The connection becomes a stream: it is not counted among the others, and
 * the kernel keeps little for a client that does not read. */
static void
enter_stream(struct connection *c, const struct http_answer *a)
{
	uncount(c);
	(void)setsockopt(
	    c->fd, SOL_SOCKET, SO_SNDBUF, &(int){ NEWS_SEND }, sizeof(int));
	edge_watch_stream(
	    c->server->watch, c->watched, a->stream->stop, a->stream_self);
}

static enum MHD_Result
queue(struct exchange *x, struct MHD_Connection *mc)
{
	struct http_answer *a = &x->q->answer;
	struct MHD_Response *r = make_response(x);
	const char *name, *value;
	enum MHD_Result done;
	size_t at = 0;

	if (r == NULL)
		return MHD_NO;
	while (http_answer_next(a, &at, &name, &value)) {
		if (MHD_add_response_header(r, name, value) != MHD_YES) {
			MHD_destroy_response(r);
			return MHD_NO;
		}
	}
	if (waits_for_news(a))
		enter_stream(x->c, a);
	else
		edge_conn_phase(x->c->watched, EDGE_PHASE_ANSWER);
	count(x);
	done = MHD_queue_response(mc, a->status, r);
	MHD_destroy_response(r);
	return done;
}

/* --- Answers that do not wait for the request --- */

static int
left_ms(int64_t until)
{
	int64_t left = (until - sp_ticks()) / 1000;

	return left < 0 ? 0 : (int)left;
}

static bool
send_all(gnutls_session_t session, int fd, const struct sp_buf *raw)
{
	int64_t until = sp_ticks() + EARLY_MS * INT64_C(1000);
	size_t sent = 0;

	while (sent < raw->len) {
		ssize_t n = gnutls_record_send(
		    session, raw->at + sent, raw->len - sent);
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (n > 0)
			sent += (size_t)n;
		else if ((n != GNUTLS_E_AGAIN && n != GNUTLS_E_INTERRUPTED) ||
		    poll(&p, 1, left_ms(until)) <= 0)
			return false;
	}
	return true;
}

/* Closing a socket with unread bytes resets the connection, and the reset
 * may overtake the answer: let the client finish reading, throw away what it
 * still sends. */
static void
linger(int fd)
{
	int64_t until = sp_ticks() + LINGER_MS * INT64_C(1000);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, left_ms(until)) > 0) {
		ssize_t n =
		    recv(fd, NULL, (size_t)1 << 20, MSG_TRUNC | MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
		if (left_ms(until) == 0)
			return;
	}
}

/* libmicrohttpd answers before a body or after it, never within: there we
 * write to its TLS session ourselves and have it close the connection. */
static enum MHD_Result
answer_early(struct exchange *x, struct MHD_Connection *mc)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mc, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	SP_AUTO_BUF raw = sp_buf_new(HTTP_BODY_MAX);
	gnutls_session_t session;
	char date[30];

	if (info == NULL)
		return MHD_NO;
	session = info->tls_session;
	sp_time_http(sp_now(), date);
	http_answer_set(&x->q->answer, "Date", date);
	http_answer_raw(&x->q->answer, &raw);
	if (!sp_buf_ok(&raw) || !send_all(session, x->c->fd, &raw))
		return MHD_NO;
	count(x);
	(void)gnutls_bye(session, GNUTLS_SHUT_WR);
	(void)shutdown(x->c->fd, SHUT_WR);
	linger(x->c->fd);
	return MHD_NO;
}

/* --- Requests --- */

struct gather {
	struct http_pair *pair;
	size_t n, max;
};

static enum MHD_Result
on_pair(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	struct gather *g = arg;

	(void)kind;
	if (g->n < g->max)
		g->pair[g->n] =
		    (struct http_pair){ name, name_len, value, value_len };
	g->n++; /* too many are refused, not cut short */
	return MHD_YES;
}

static bool
waits_to_send(const struct http_request *q)
{
	return q->field[HTTP_F_EXPECT] != NULL &&
	    strcasecmp(q->field[HTTP_F_EXPECT], "100-continue") == 0;
}

/* The answer is there before the body, if any, has come.  One that is queued
 * now closes the connection; one that is queued after the body does not. */
static enum MHD_Result
answered_first(struct exchange *x, struct MHD_Connection *mc)
{
	const struct http_request *q = x->q;

	if (q->untrusted)
		return answer_early(x, mc);
	if (q->content != 0 && waits_to_send(q))
		return queue(x, mc);
	if (q->content > SWALLOW)
		return answer_early(x, mc);
	x->answered = true;
	edge_conn_phase(
	    x->c->watched, q->content == 0 ? EDGE_PHASE_WORK : EDGE_PHASE_BODY);
	return MHD_YES;
}

static enum MHD_Result
begin(struct exchange *x, struct MHD_Connection *mc, struct http_wire *w)
{
	struct http_pair line[HTTP_LINES_MAX], query[HTTP_QUERY_MAX];
	struct gather lines = { line, 0, HTTP_LINES_MAX };
	struct gather queries = { query, 0, HTTP_QUERY_MAX };
	const union MHD_ConnectionInfo *size = MHD_get_connection_info(
	    mc, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	(void)MHD_get_connection_values_n(mc, MHD_HEADER_KIND, on_pair, &lines);
	(void)MHD_get_connection_values_n(
	    mc, MHD_GET_ARGUMENT_KIND, on_pair, &queries);
	w->line = line;
	w->lines = lines.n;
	w->query = query;
	w->queries = queries.n;
	w->bytes = size == NULL ? 0 : size->header_size;
	w->address = x->c->address;
	w->certificate = client_certificate(x->c, mc);
	x->q->cut = cut_connection;
	x->q->cut_arg = x->c;
	if (http_request_begin(x->q, w) == HTTP_ANSWERED)
		return answered_first(x, mc);
	edge_conn_phase(x->c->watched,
	    x->q->content == 0 ? EDGE_PHASE_WORK : EDGE_PHASE_BODY);
	return MHD_YES;
}

static struct exchange *
exchange_new(struct connection *c)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->c = c;
	x->q = http_request_new(&c->server->house);
	if (x->q != NULL)
		return x;
	free(x);
	return NULL;
}

static enum MHD_Result
body(struct exchange *x, struct MHD_Connection *mc, const char *bytes,
    size_t len)
{
	if (x->answered) {
		x->swallowed += len;
		return x->swallowed > SWALLOW ? answer_early(x, mc) : MHD_YES;
	}
	return http_request_body(x->q, bytes, len) == HTTP_GO_ON
	    ? MHD_YES
	    : answer_early(x, mc);
}

static enum MHD_Result
end(struct exchange *x, struct MHD_Connection *mc)
{
	edge_conn_phase(x->c->watched, EDGE_PHASE_WORK);
	if (!x->answered)
		http_request_end(x->q);
	return queue(x, mc);
}

static enum MHD_Result /* NOLINTNEXTLINE(readability-function-size): MHD's */
on_request(void *arg, struct MHD_Connection *mc, const char *target,
    const char *method, const char *version, const char *bytes, size_t *len,
    void **context)
{
	struct connection *c = connection_of(mc);
	struct exchange *x = *context;
	enum MHD_Result result;

	(void)arg;
	if (c == NULL)
		return MHD_NO;
	edge_conn_busy(c->watched, true);
	if (x == NULL) {
		struct http_wire w = {
			.method = method,
			.target = target,
			.http11 = strcmp(version, "HTTP/1.0") != 0,
		};

		*context = x = exchange_new(c);
		result = x == NULL ? MHD_NO : begin(x, mc, &w);
	} else if (*len > 0) {
		result = body(x, mc, bytes, *len);
		*len = 0;
	} else {
		result = end(x, mc);
	}
	edge_conn_busy(c->watched, false);
	return result;
}

/* The request is over, one way or another; on the connection's thread. */
static void
on_completed(void *arg, struct MHD_Connection *mc, void **context,
    enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *context;
	struct edge_conn *watched;

	(void)arg;
	(void)mc;
	(void)why;
	if (x == NULL)
		return;
	*context = NULL;
	watched = x->c->watched;
	edge_watch_stream(x->c->server->watch, watched, NULL, NULL);
	edge_conn_phase(watched, EDGE_PHASE_WORK);
	http_request_free(x->q); /* ends what was taken in */
	free(x);
	edge_conn_phase(watched, EDGE_PHASE_WAIT);
}

/* Paths and queries are decoded by the router, in their parts. */
static size_t
on_unescape(void *arg, struct MHD_Connection *mc, char *s)
{
	(void)arg;
	(void)mc;
	return strlen(s);
}

/* --- The server --- */

enum sp_code
http_server_reload(struct http_server *s, struct sp_err *err)
{
	return edge_certificates_reload(s->certs, err);
}

static void
server_free(struct http_server *s)
{
	edge_watch_free(s->watch);
	edge_quota_free(s->quota);
	http_streams_free(s->house.streams);
	http_stats_free(s->house.stats);
	edge_certificates_free(s->certs);
	sp_file_closep(&s->listen_fd);
	free(s);
}

static struct http_server *
server_new(const struct http_server_options *o)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->listen_fd = -1;
	s->limits = http_limits_filled(&o->limits);
	s->house = (struct http_house){
		.routes = o->routes,
		.site = o->site,
		.press = o->press,
		.courier = o->courier,
		.federation = o->federation,
		.header_bytes = s->limits.header_bytes,
		.json_bytes = s->limits.json_bytes,
		.upload_max =
		    o->upload_max == 0 ? UINT64_C(1) << 40 : o->upload_max,
	};
	return s;
}

static enum sp_code
start_daemon(struct http_server *s, const char *asks, struct sp_err *err)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD |
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_TLS |
	    MHD_USE_ITC | MHD_USE_ERROR_LOG;

	/* No MHD_OPTION_CONNECTION_TIMEOUT: the watch tells a client that is
	 * slow from one that we keep waiting. */
	s->daemon = MHD_start_daemon(flags, 0, on_accept, s, on_request, s,
	    MHD_OPTION_EXTERNAL_LOGGER, edge_listen_said, NULL,
	    MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_HTTPS_PRIORITIES,
	    EDGE_TLS_PRIORITY, MHD_OPTION_HTTPS_CERT_CALLBACK, on_certificate,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
	    MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT,
	    s->limits.connections + s->limits.event_streams + CLOSING,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    CONNECTION_MEMORY(s->limits.header_bytes),
	    MHD_OPTION_THREAD_STACK_SIZE, THREAD_STACK,
	    asks == NULL ? MHD_OPTION_END : MHD_OPTION_HTTPS_MEM_TRUST, asks,
	    MHD_OPTION_END);
	if (s->daemon == NULL)
		return sp_fail_os(err, "libmicrohttpd does not start");
	return SP_OK;
}

/* Each connection is a file, and so is each object that it writes or reads. */
static void
allow_files(const struct http_limits *l)
{
	rlim_t need =
	    2 * (rlim_t)l->connections + l->event_streams + FILES_BESIDE;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= need)
		return;
	files.rlim_cur = need < files.rlim_max ? need : files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < need)
		sp_log(SP_LOG_WARN, "http.files",
		    "%u connections and %u streams may want %ju open files, "
		    "and the limit is %ju",
		    l->connections, l->event_streams, (uintmax_t)need,
		    (uintmax_t)files.rlim_cur);
}

static bool
certificate_holds(void *self, const char *host)
{
	return edge_certificates_hold(self, host);
}

static enum sp_code
start(struct http_server *s, const struct http_server_options *o,
    struct sp_err *err)
{
	const struct edge_patience patience = {
		.idle_seconds = s->limits.idle_seconds,
		.header_seconds = s->limits.header_seconds,
		.body_rate = s->limits.body_rate,
	};
	struct http_origins *origins = &s->house.origins;
	struct edge_listen listen_on;

	allow_files(&s->limits);
	SP_TRY(edge_watch_new(&s->watch, &patience, err));
	s->quota = edge_quota_new(
	    s->limits.connections, s->limits.connections_per_address);
	s->house.streams = http_streams_new(&s->limits);
	if (s->quota == NULL || s->house.streams == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the server");
	SP_TRY(http_stats_new(&s->house.stats, s->house.routes, s->watch, err));
	atomic_store(&s->house.stats->ready, !o->starting);
	SP_TRY(
	    edge_certificates_open(&s->certs, o->cert_path, o->key_path, err));
	SP_TRY(edge_listen_parse(o->listen, &listen_on, err));
	SP_TRY(edge_listen_open(&listen_on, &s->listen_fd, &s->port, err));
	if (o->origins != NULL)
		*origins = *o->origins;
	origins->port = s->port;
	origins->holds = certificate_holds;
	origins->self = s->certs;
	return start_daemon(s, o->asks, err);
}

enum sp_code
http_server_start(struct http_server **out, const struct http_server_options *o,
    struct sp_err *err)
{
	struct http_server *s = server_new(o);
	enum sp_code code;

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the server");
	code = start(s, o, err);
	if (code != SP_OK) {
		http_server_stop(s, 0);
		return code;
	}
	*out = s;
	return SP_OK;
}

uint16_t
http_server_port(const struct http_server *s)
{
	return s->port;
}

void
http_server_ready(struct http_server *s)
{
	atomic_store(&s->house.stats->ready, true);
}

void
http_server_stop(struct http_server *s, unsigned grace)
{
	if (s == NULL)
		return;
	if (s->daemon != NULL) {
		(void)MHD_quiesce_daemon(s->daemon);
		/* Whoever connects from now on is refused, not kept waiting. */
		(void)shutdown(s->listen_fd, SHUT_RDWR);
		edge_watch_drain(s->watch, grace);
		MHD_stop_daemon(s->daemon);
	}
	server_free(s);
}
