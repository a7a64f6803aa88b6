#ifndef HTTP_FIXTURE_H
#define HTTP_FIXTURE_H

#include "api/routes.h"
#include "base/file.h"
#include "base/parse.h"
#include "crypto/cert.h"
#include "evidence/room_fixture.h"
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/time.h>

/*
 * A real server on a real site, and a client that sends over TLS exactly what
 * a test says.
 */
struct http_fixture {
	struct room_fixture room;
	struct http_server *server;
	struct report_press *press; /* NULL: none */
	struct http_limits limits;
	struct sp_buf ca, ca_key;
	char cert_path[100], key_path[100];
};

#define FIXTURE_WAIT 30 /* seconds that anything may take at most */

static inline void
fixture_write(const char *path, const struct sp_buf *bytes)
{
	struct sp_err err;

	CHECK_OK(
	    sp_file_replace(AT_FDCWD, path, bytes->at, bytes->len, 0600, &err),
	    &err);
}

/* A new server certificate under the fixture's CA. */
static inline void
fixture_certify(struct http_fixture *f)
{
	static const char *const hosts[] = { "127.0.0.1" };
	SP_AUTO_BUF cert = sp_buf_new(20000);
	SP_AUTO_BUF key = sp_buf_secret(20000);
	struct sp_err err;

	CHECK_OK(crypto_cert_make_server(sp_buf_str(&f->ca),
		     sp_buf_str(&f->ca_key), hosts, 1, &cert, &key, &err),
	    &err);
	fixture_write(f->cert_path, &cert);
	fixture_write(f->key_path, &key);
}

static inline void
fixture_serve(struct http_fixture *f)
{
	struct http_server_options o = {
		.routes = &api_routes,
		.listen = "127.0.0.1:0",
		.cert_path = f->cert_path,
		.key_path = f->key_path,
		.limits = f->limits,
		.press = f->press,
	};
	struct sp_err err;

	fixture_open(&f->room);
	o.site = f->room.site;
	CHECK_OK(http_server_start(&f->server, &o, &err), &err);
}

static inline void
fixture_halt(struct http_fixture *f)
{
	http_server_stop(f->server, 5);
	fixture_close(&f->room);
}

static inline void
fixture_begin(struct http_fixture *f)
{
	struct sp_err err;

	f->ca = sp_buf_new(20000);
	f->ca_key = sp_buf_secret(20000);
	fixture_make(&f->room);
	CHECK_OK(
	    crypto_cert_make_ca("Test CA", &f->ca, &f->ca_key, &err), &err);
	(void)snprintf(
	    f->cert_path, sizeof(f->cert_path), "%s/cert.pem", f->room.dir);
	(void)snprintf(
	    f->key_path, sizeof(f->key_path), "%s/key.pem", f->room.dir);
	fixture_certify(f);
	fixture_serve(f);
}

static inline void
fixture_end(struct http_fixture *f)
{
	fixture_halt(f);
	fixture_remove(&f->room);
	sp_buf_free(&f->ca);
	sp_buf_free(&f->ca_key);
}

/* --- The client --- */

struct wire {
	int fd;
	gnutls_session_t tls;
	gnutls_certificate_credentials_t trust;
	struct sp_buf got; /* received and not yet taken by an answer */
	bool over;         /* the server has closed */
};

static inline int
wire_connect(const struct http_fixture *f)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(http_server_port(f->server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval most = { .tv_sec = FIXTURE_WAIT };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	CHECK(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHECK(
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most)) == 0);
	CHECK(
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most)) == 0);
	CHECK(setsockopt(
		  fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) == 0);
	return fd;
}

/* Shake hands with the server, which must show a certificate of our CA. */
static inline bool
wire_try(struct http_fixture *f, struct wire *w, const char *priority)
{
	gnutls_datum_t ca = { f->ca.at, (unsigned)f->ca.len };
	int rc;

	*w = (struct wire){ .fd = wire_connect(f),
		.got = sp_buf_new((size_t)64 << 20) };
	CHECK(gnutls_certificate_allocate_credentials(&w->trust) == 0);
	CHECK(gnutls_certificate_set_x509_trust_mem(
		  w->trust, &ca, GNUTLS_X509_FMT_PEM) == 1);
	CHECK(gnutls_init(&w->tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) == 0);
	CHECK(gnutls_priority_set_direct(w->tls, priority, NULL) == 0);
	CHECK(gnutls_credentials_set(
		  w->tls, GNUTLS_CRD_CERTIFICATE, w->trust) == 0);
	gnutls_session_set_verify_cert(w->tls, NULL, 0);
	gnutls_transport_set_int(w->tls, w->fd);
	do
		rc = gnutls_handshake(w->tls);
	while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
	return rc == 0;
}

static inline void
wire_close(struct wire *w)
{
	gnutls_deinit(w->tls);
	gnutls_certificate_free_credentials(w->trust);
	(void)close(w->fd);
	sp_buf_free(&w->got);
}

static inline void
wire_open(struct http_fixture *f, struct wire *w)
{
	CHECK(wire_try(f, w, "NORMAL"));
}

/* False when the server does not listen any more. */
static inline bool
wire_send(struct wire *w, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = gnutls_record_send(w->tls, at, len);

		if (n < 0 && gnutls_error_is_fatal((int)n) == 0)
			continue;
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static inline bool
wire_read(struct wire *w)
{
	char bytes[8192];
	ssize_t n;

	do
		n = gnutls_record_recv(w->tls, bytes, sizeof(bytes));
	while (
	    n < 0 && gnutls_error_is_fatal((int)n) == 0 && n != GNUTLS_E_AGAIN);
	CHECK(n != GNUTLS_E_AGAIN); /* it took FIXTURE_WAIT */
	if (n <= 0) {
		w->over = true;
		return false;
	}
	sp_buf_add(&w->got, bytes, (size_t)n);
	return true;
}

/* An answer, taken off the wire. */
struct reply {
	unsigned status; /* 0: the wire ended before one */
	bool whole;      /* its body is as long as it says */
	struct sp_buf head, body;
};

static inline void
reply_free(struct reply *r)
{
	sp_buf_free(&r->head);
	sp_buf_free(&r->body);
}
#define AUTO_REPLY SP_CLEANUP(reply_free) struct reply

/* A header field's value into out; false when it is absent. */
static inline bool
reply_field(const struct reply *r, const char *name, char *out, size_t room)
{
	char line[80];
	const char *at;

	(void)snprintf(line, sizeof(line), "\r\n%s: ", name);
	at = strcasestr(sp_buf_str(&r->head), line);
	if (at == NULL)
		return false;
	at += strlen(line);
	CHECK(strcspn(at, "\r") < room);
	memcpy(out, at, strcspn(at, "\r"));
	out[strcspn(at, "\r")] = '\0';
	return true;
}

static inline void
wire_drop(struct wire *w, size_t n)
{
	memmove(w->got.at, w->got.at + n, w->got.len - n);
	w->got.len -= n;
	w->got.at[w->got.len] = '\0';
}

/* The head of the next answer. */
static inline bool
wire_head(struct wire *w, struct reply *r)
{
	const char *end;
	size_t len;

	*r = (struct reply){ .head = sp_buf_new(65536),
		.body = sp_buf_new((size_t)64 << 20) };
	while ((end = strstr(sp_buf_str(&w->got), "\r\n\r\n")) == NULL)
		if (!wire_read(w))
			return false;
	len = (size_t)(end - sp_buf_str(&w->got)) + 4;
	sp_buf_add(&r->head, w->got.at, len);
	wire_drop(w, len);
	CHECK(strncmp(sp_buf_str(&r->head), "HTTP/1.1 ", 9) == 0);
	for (size_t i = 9; i < 12; i++)
		r->status = r->status * 10 + (unsigned)(r->head.at[i] - '0');
	return true;
}

static inline struct reply
wire_reply(struct wire *w, bool head)
{
	struct reply r;
	char length[32];
	uint64_t n = 0;

	if (!wire_head(w, &r))
		return r;
	if (reply_field(&r, "Content-Length", length, sizeof(length)))
		CHECK(sp_parse_u64(
		    length, strlen(length), 0, (uint64_t)64 << 20, &n));
	if (head || r.status / 100 == 1 || r.status == 204)
		n = 0;
	while (w->got.len < n)
		if (!wire_read(w))
			break;
	r.whole = w->got.len >= n;
	n = r.whole ? n : w->got.len;
	sp_buf_add(&r.body, w->got.at, (size_t)n);
	if (n > 0)
		wire_drop(w, (size_t)n);
	return r;
}

/* Does the server end the connection without another word? */
static inline bool
wire_ends(struct wire *w)
{
	while (wire_read(w))
		;
	return w->got.len == 0;
}

/* The head of a request with Host, token and tus version; `fmt` gives the
 * other lines, each with its end. */
static inline void SP_PRINTF(5, 6) wire_ask(struct http_fixture *f,
    struct wire *w, const char *method, const char *path, const char *fmt, ...)
{
	SP_AUTO_BUF text = sp_buf_new(65536);
	va_list ap;

	sp_buf_fmt(&text,
	    "%s %s%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
	    "Tus-Resumable: 1.0.0\r\n",
	    method, path[0] == '/' ? "" : "/v1/agencies/harbor-pd/", path,
	    f->room.token);
	va_start(ap, fmt);
	sp_buf_vfmt(&text, fmt, ap);
	va_end(ap);
	sp_buf_text(&text, "\r\n");
	CHECK(sp_buf_ok(&text));
	(void)wire_send(w, text.at, text.len);
}

#endif
