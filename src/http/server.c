#include "http/server.h"

#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "http/ops.h"
#include "http/request.h"
#include "http/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
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
#define BACKLOG      1024
#define FILES_BESIDE 512 /* databases, logs, pipes */

/* A refused body this small is read to its end, so that the connection lives
 * on; a larger one is not waited for. */
#define SWALLOW ((uint64_t)64 << 10)

/* How long an answer that leaves before its request has come may take, and
 * how long the client then has to stop sending. */
#define EARLY_MS  5000
#define LINGER_MS 3000

/* TLS 1.3 and 1.2, AEAD only, forward secrecy only (NIST SP 800-52r2). */
#define TLS_PRIORITY                                                           \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:"              \
	"+AES-256-GCM:+AES-128-GCM:-MAC-ALL:+AEAD:-KX-ALL:"                    \
	"+ECDHE-ECDSA:+ECDHE-RSA"

#define CERT_BYTES ((size_t)256 << 10)
#define CHAIN_MAX  8

/* Certificate and key, counted: connections under way keep theirs. */
struct cert {
	unsigned refs; /* under the server's lock */
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned n;
	gnutls_privkey_t key;
};

struct http_server {
	struct http_limits limits;
	struct http_house house;
	struct http_watch *watch;
	char *cert_path, *key_path;
	int listen_fd;
	uint16_t port;
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock; /* over cert */
	struct cert *cert;
};

/* A connection, as libmicrohttpd's socket context. */
struct connection {
	struct http_server *server;
	struct http_conn *watched;
	struct cert *cert;
	int fd;
	char address[46];
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
	return f;
}

enum sp_code
http_listen_parse(const char *s, struct http_listen *out, struct sp_err *err)
{
	struct http_listen l = { .v6 = s[0] == '[' };
	const char *colon = strrchr(s, ':');
	struct in6_addr scratch;
	uint64_t port = 0;
	size_t len = colon == NULL ? 0 : (size_t)(colon - s);

	if (l.v6 && len > 1 && s[len - 1] == ']') {
		s++;
		len -= 2;
	} else if (l.v6) {
		len = 0;
	}
	if (len == 0 || len >= sizeof(l.address) ||
	    !sp_parse_u64(colon + 1, strlen(colon + 1), 0, UINT16_MAX, &port))
		return sp_fail(err, SP_E_INVALID,
		    "listen on ADDRESS:PORT or [ADDRESS]:PORT, not %s", s);
	memcpy(l.address, s, len);
	if (inet_pton(l.v6 ? AF_INET6 : AF_INET, l.address, &scratch) != 1)
		return sp_fail(err, SP_E_INVALID,
		    "%s is not a numeric IP address", l.address);
	l.port = (uint16_t)port;
	*out = l;
	return SP_OK;
}

static enum sp_code
bind_and_listen(int fd, const struct http_listen *l, struct sp_err *err)
{
	struct sockaddr_in6 six = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(l->port),
	};
	struct sockaddr_in four = {
		.sin_family = AF_INET,
		.sin_port = htons(l->port),
	};
	const struct sockaddr *sa = l->v6 ? (const struct sockaddr *)&six
					  : (const struct sockaddr *)&four;
	socklen_t len = l->v6 ? sizeof(six) : sizeof(four);

	SP_REQUIRE(
	    inet_pton(l->v6 ? AF_INET6 : AF_INET, l->address,
		l->v6 ? (void *)&six.sin6_addr : (void *)&four.sin_addr) == 1);
	if (setsockopt(
		fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) != 0 ||
	    bind(fd, sa, len) != 0 || listen(fd, BACKLOG) != 0)
		return sp_fail_os(
		    err, "listen on %s port %u", l->address, l->port);
	return SP_OK;
}

static enum sp_code
open_listener(struct http_server *s, const char *listen_on, struct sp_err *err)
{
	struct http_listen l;
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} bound = { .six = { .sin6_port = 0 } };
	socklen_t len = sizeof(bound);
	SP_AUTO_FD fd = -1;

	SP_TRY(http_listen_parse(listen_on, &l, err));
	fd = socket(l.v6 ? AF_INET6 : AF_INET,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sp_fail_os(err, "socket");
	SP_TRY(bind_and_listen(fd, &l, err));
	if (getsockname(fd, &bound.any, &len) != 0)
		return sp_fail_os(err, "getsockname");
	s->port = ntohs(l.v6 ? bound.six.sin6_port : bound.four.sin_port);
	s->listen_fd = sp_file_steal(&fd);
	return SP_OK;
}

/* --- Certificates --- */

static void
cert_free(struct cert *c)
{
	for (unsigned i = 0; i < c->n; i++)
		gnutls_pcert_deinit(&c->chain[i]);
	gnutls_privkey_deinit(c->key);
	free(c);
}

static void
cert_unref(struct http_server *s, struct cert *c)
{
	bool last;

	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	last = --c->refs == 0;
	(void)pthread_mutex_unlock(&s->lock);
	if (last)
		cert_free(c);
}

/* The key must be the first certificate's. */
static int
check_pair(struct cert *c)
{
	gnutls_pubkey_t of_key;
	unsigned char a[64], b[64];
	size_t a_len = sizeof(a), b_len = sizeof(b);
	int rc = gnutls_pubkey_init(&of_key);

	if (rc < 0)
		return rc;
	rc = gnutls_pubkey_import_privkey(of_key, c->key, 0, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_get_key_id(of_key, 0, a, &a_len);
	if (rc >= 0)
		rc = gnutls_pubkey_get_key_id(c->chain[0].pubkey, 0, b, &b_len);
	if (rc >= 0 && (a_len != b_len || memcmp(a, b, a_len) != 0))
		rc = GNUTLS_E_CERTIFICATE_KEY_MISMATCH;
	gnutls_pubkey_deinit(of_key);
	return rc;
}

static int
cert_import(
    struct cert *c, const struct sp_buf *chain, const struct sp_buf *key)
{
	gnutls_datum_t chain_pem = { chain->at, (unsigned)chain->len };
	gnutls_datum_t key_pem = { key->at, (unsigned)key->len };
	unsigned n = CHAIN_MAX;
	int rc = gnutls_privkey_init(&c->key);

	if (rc >= 0)
		rc = gnutls_pcert_list_import_x509_raw(
		    c->chain, &n, &chain_pem, GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0)
		return rc;
	c->n = n;
	rc = gnutls_privkey_import_x509_raw(
	    c->key, &key_pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	return rc < 0 ? rc : check_pair(c);
}

static enum sp_code
cert_load(const struct http_server *s, struct cert **out, struct sp_err *err)
{
	SP_AUTO_BUF chain = sp_buf_new(CERT_BYTES);
	SP_AUTO_BUF key = sp_buf_secret(CERT_BYTES);
	struct cert *c;
	int rc;

	SP_TRY(sp_file_read(AT_FDCWD, s->cert_path, &chain, err));
	SP_TRY(sp_file_read(AT_FDCWD, s->key_path, &key, err));
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a certificate");
	rc = cert_import(c, &chain, &key);
	if (rc < 0) {
		cert_free(c);
		return sp_fail(err, SP_E_INVALID, "%s and %s: %s", s->cert_path,
		    s->key_path, gnutls_strerror(rc));
	}
	c->refs = 1;
	*out = c;
	return SP_OK;
}

enum sp_code
http_server_reload(struct http_server *s, struct sp_err *err)
{
	struct cert *fresh = NULL, *old;

	SP_TRY(cert_load(s, &fresh, err));
	(void)pthread_mutex_lock(&s->lock);
	old = s->cert;
	s->cert = fresh;
	(void)pthread_mutex_unlock(&s->lock);
	cert_unref(s, old);
	return SP_OK;
}

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
	if (c->cert == NULL) {
		(void)pthread_mutex_lock(&c->server->lock);
		c->cert = c->server->cert;
		c->cert->refs++;
		(void)pthread_mutex_unlock(&c->server->lock);
	}
	*chain = c->cert->chain;
	*chain_len = c->cert->n;
	*key = c->cert->key;
	return 0;
}

/* --- Connections --- */

static void
read_address(struct MHD_Connection *mc, char out[static 46])
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = info == NULL ? NULL : info->client_addr;
	const void *from;

	out[0] = '\0';
	if (sa == NULL ||
	    (sa->sa_family != AF_INET && sa->sa_family != AF_INET6))
		return;
	from = sa->sa_family == AF_INET
	    ? (const void *)&((const struct sockaddr_in *)sa)->sin_addr
	    : (const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr;
	if (inet_ntop(sa->sa_family, from, out, 46) == NULL)
		out[0] = '\0';
	/* IPv4 through an IPv6 socket is IPv4. */
	if (strncmp(out, "::ffff:", 7) == 0 && strchr(out, '.') != NULL)
		memmove(out, out + 7, strlen(out + 7) + 1);
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
		c->watched = http_watch_open(s->watch, fd);
	}
	if (c == NULL || c->watched == NULL) {
		free(c);
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
	http_watch_close(c->server->watch, c->watched);
	cert_unref(c->server, c->cert);
	free(c);
}

static void
cut_connection(void *arg)
{
	struct connection *c = arg;

	http_conn_cut(c->watched);
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

/* The answer's bytes stay the request's, which outlives the response. */
static struct MHD_Response *
make_response(struct exchange *x)
{
	struct http_answer *a = &x->q->answer;

	if (a->stream != NULL)
		return MHD_create_response_from_callback(
		    a->size == HTTP_SIZE_UNKNOWN ? MHD_SIZE_UNKNOWN : a->size,
		    (size_t)(a->size < BLOCK ? a->size : BLOCK), on_read, a,
		    NULL);
	if (a->sized && a->size > 0 && x->q->head)
		return MHD_create_response_from_callback(
		    a->size, 1, on_no_read, a, NULL);
	return MHD_create_response_from_buffer(
	    a->body.len, a->body.at, MHD_RESPMEM_PERSISTENT);
}

static void
count(struct exchange *x)
{
	http_stats_count(
	    x->c->server->house.stats, x->q->match.route, x->q->answer.status);
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
	http_conn_phase(x->c->watched, HTTP_PHASE_ANSWER);
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
	http_conn_phase(
	    x->c->watched, q->content == 0 ? HTTP_PHASE_WORK : HTTP_PHASE_BODY);
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
	x->q->cut = cut_connection;
	x->q->cut_arg = x->c;
	if (http_request_begin(x->q, w) == HTTP_ANSWERED)
		return answered_first(x, mc);
	http_conn_phase(x->c->watched,
	    x->q->content == 0 ? HTTP_PHASE_WORK : HTTP_PHASE_BODY);
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
	http_conn_phase(x->c->watched, HTTP_PHASE_WORK);
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
	http_conn_busy(c->watched, true);
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
	http_conn_busy(c->watched, false);
	return result;
}

/* The request is over, one way or another; on the connection's thread. */
static void
on_completed(void *arg, struct MHD_Connection *mc, void **context,
    enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *context;
	struct http_conn *watched;

	(void)arg;
	(void)mc;
	(void)why;
	if (x == NULL)
		return;
	*context = NULL;
	watched = x->c->watched;
	http_conn_phase(watched, HTTP_PHASE_WORK);
	http_request_free(x->q); /* ends what was taken in */
	free(x);
	http_conn_phase(watched, HTTP_PHASE_WAIT);
}

/* Paths and queries are decoded by the router, in their parts. */
static size_t
on_unescape(void *arg, struct MHD_Connection *mc, char *s)
{
	(void)arg;
	(void)mc;
	return strlen(s);
}

static void SP_PRINTF(2, 0) on_log(void *arg, const char *fmt, va_list ap)
{
	char text[300];

	(void)arg;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	sp_log(SP_LOG_DEBUG, "http.library", "%s", text);
}

/* --- The server --- */

static void
server_free(struct http_server *s)
{
	http_watch_free(s->watch);
	http_stats_free(s->house.stats);
	cert_unref(s, s->cert);
	sp_file_closep(&s->listen_fd);
	(void)pthread_mutex_destroy(&s->lock);
	free(s->cert_path);
	free(s->key_path);
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
		.site = o->site,
		.press = o->press,
		.header_bytes = s->limits.header_bytes,
		.json_bytes = s->limits.json_bytes,
		.upload_max =
		    o->upload_max == 0 ? UINT64_C(1) << 40 : o->upload_max,
	};
	SP_REQUIRE(pthread_mutex_init(&s->lock, NULL) == 0);
	s->cert_path = strdup(o->cert_path);
	s->key_path = strdup(o->key_path);
	if (s->cert_path != NULL && s->key_path != NULL)
		return s;
	server_free(s);
	return NULL;
}

static enum sp_code
start_daemon(struct http_server *s, struct sp_err *err)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD |
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_TLS |
	    MHD_USE_ITC | MHD_USE_ERROR_LOG;

	/* No MHD_OPTION_CONNECTION_TIMEOUT: the watch tells a client that is
	 * slow from one that we keep waiting. */
	s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, s,
	    MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET,
	    s->listen_fd, MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITY,
	    MHD_OPTION_HTTPS_CERT_CALLBACK, on_certificate,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
	    MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT,
	    s->limits.connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    s->limits.connections_per_address,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    CONNECTION_MEMORY(s->limits.header_bytes),
	    MHD_OPTION_THREAD_STACK_SIZE, THREAD_STACK, MHD_OPTION_END);
	if (s->daemon == NULL)
		return sp_fail_os(err, "libmicrohttpd does not start");
	return SP_OK;
}

/* Each connection is a file, and so is each object that it writes or reads. */
static void
allow_files(unsigned connections)
{
	rlim_t need = 2 * (rlim_t)connections + FILES_BESIDE;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= need)
		return;
	files.rlim_cur = need < files.rlim_max ? need : files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < need)
		sp_log(SP_LOG_WARN, "http.files",
		    "%u connections may want %ju open files, and the limit is "
		    "%ju",
		    connections, (uintmax_t)need, (uintmax_t)files.rlim_cur);
}

static enum sp_code
start(struct http_server *s, const struct http_server_options *o,
    struct sp_err *err)
{
	allow_files(s->limits.connections);
	SP_TRY(http_watch_new(&s->watch, &s->limits, err));
	SP_TRY(http_stats_new(&s->house.stats, s->watch, err));
	atomic_store(&s->house.stats->ready, !o->starting);
	SP_TRY(cert_load(s, &s->cert, err));
	SP_TRY(open_listener(s, o->listen, err));
	return start_daemon(s, err);
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
		http_watch_drain(s->watch, grace);
		MHD_stop_daemon(s->daemon);
	}
	server_free(s);
}
