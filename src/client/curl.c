#include "client/curl.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNECT_SECONDS 15L
/* A transfer that moves nothing for this long is broken; the site may be
 * that long about the last fsync of an upload. */
#define IDLE_SECONDS 120L
#define BUFFER_BYTES (512L * 1024)
#define NAP          (SP_SECOND / 5)
#define LIFE_SECONDS (6L * 3600)

struct site_curl {
	struct site_transport base;
	CURL *easy;
	struct sp_buf site;
	struct sp_buf ca;
	struct sp_buf authorization; /* header line; "" without a token */
	struct sp_buf device;        /* path of device.pem, or "" */
	char why[CURL_ERROR_SIZE];
	/* of the exchange under way */
	const struct site_request *rq;
	struct site_answer *an;
	uint64_t at; /* in the source */
	struct sp_err inner;
};

/* Set by a handler, read by every thread: lock-free, so both may. */
static atomic_int interrupted;

static void
on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

bool
client_curl_interrupted(void)
{
	return interrupted != 0;
}

void
client_curl_interrupt(void)
{
	interrupted = 1;
}

static void
watch_signals(void)
{
	/* The second one ends the program as it always did. */
	struct sigaction sa = { .sa_handler = on_signal,
		.sa_flags = (int)SA_RESETHAND };

	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
}

/* libcurl calls this about once a second, and whenever bytes move. */
static int
on_progress(void *arg, curl_off_t dtotal, curl_off_t dnow, curl_off_t utotal,
    curl_off_t unow)
{
	(void)arg;
	(void)dtotal;
	(void)dnow;
	(void)utotal;
	(void)unow;
	return interrupted != 0;
}

static size_t
on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct site_curl *c = arg;
	size_t len = size * n;

	/* A status line begins a new head: what came before was a 1xx. */
	if (len > 5 && memcmp(bytes, "HTTP/", 5) == 0)
		sp_buf_clear(&c->an->head);
	if (memchr(bytes, '\0', len) != NULL)
		return 0;
	sp_buf_add(&c->an->head, bytes, len);
	return sp_buf_check(&c->an->head, "the answer's head", &c->inner) ==
		SP_OK
	    ? len
	    : 0;
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct site_curl *c = arg;
	const struct site_sink *sink = c->rq->sink;
	size_t len = size * n;
	long status = 0;
	enum sp_code code;

	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	c->an->status = (unsigned)status;
	if (sink != NULL && (status == 200 || status == 206)) {
		code = sink->write(sink->arg, c->an, bytes, len, &c->inner);
	} else {
		sp_buf_add(&c->an->body, bytes, len);
		code = sp_buf_check(&c->an->body, "the answer", &c->inner);
	}
	return code == SP_OK ? len : 0;
}

static size_t
on_read(char *out, size_t size, size_t n, void *arg)
{
	struct site_curl *c = arg;
	const struct site_source *src = c->rq->source;
	uint64_t left = src->len - c->at;
	size_t room = size * n;
	size_t got = 0;

	if (room > left)
		room = (size_t)left;
	if (src->read(src->arg, src->at + c->at, out, room, &got, &c->inner) !=
	    SP_OK)
		return CURL_READFUNC_ABORT;
	if (got == 0 && room > 0) {
		(void)sp_fail(&c->inner, SP_E_CONFLICT,
		    "the file became shorter while it was sent");
		return CURL_READFUNC_ABORT;
	}
	c->at += got;
	return got;
}

/* libcurl sends a body again when a kept connection proves dead. */
static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct site_curl *c = arg;

	if (origin != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > c->rq->source->len)
		return CURL_SEEKFUNC_FAIL;
	c->at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* What libcurl's code means to the person in front of it. */
static enum sp_code
explain(struct site_curl *c, CURLcode rc, struct sp_err *err)
{
	const char *site = sp_buf_str(&c->site);
	const char *why = *c->why != '\0' ? c->why : curl_easy_strerror(rc);

	if (c->inner.code != SP_OK) {
		*err = c->inner;
		return c->inner.code;
	}
	if (interrupted != 0)
		return sp_fail_as(
		    err, SP_E_UNAVAIL, client_site_interrupted, "interrupted");
	switch ((int)rc) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return sp_fail_as(err, SP_E_UNAVAIL, client_site_no_tls,
		    "%.60s is not the site it says it is, or its CA is not "
		    "known: give the site's own CA with --ca FILE",
		    site);
	case CURLE_SSL_CACERT_BADFILE:
		return sp_fail_as(err, SP_E_UNAVAIL, client_site_no_tls,
		    "%.120s holds no CA certificate", sp_buf_str(&c->ca));
	case CURLE_OUT_OF_MEMORY: return sp_fail(err, SP_E_NOMEM, "no memory");
	default:
		return sp_fail_as(err, SP_E_UNAVAIL, client_site_unreachable,
		    "no answer from %.60s: %.90s", site, why);
	}
}

static bool
set_headers(struct site_curl *c, struct curl_slist **list)
{
	struct curl_slist *all = NULL;

	for (size_t i = 0; i <= SITE_HEADERS; i++) {
		const char *line = i == SITE_HEADERS
		    ? sp_buf_str(&c->authorization)
		    : c->rq->header[i];

		if (line == NULL || *line == '\0')
			continue;
		struct curl_slist *more = curl_slist_append(all, line);

		if (more == NULL) {
			curl_slist_free_all(all);
			return false;
		}
		all = more;
	}
	*list = all;
	return curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, all) == CURLE_OK;
}

/* What holds for every exchange.  Options that take a constant of libcurl's
 * own cannot fail. */
static bool
set_always(struct site_curl *c)
{
	CURL *e = c->easy;
	CURLcode rc = CURLE_OK;

	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	(void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	(void)curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, IDLE_SECONDS);
	(void)curl_easy_setopt(e, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	(void)curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_BYTES);
	(void)curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->why);
	(void)curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	(void)curl_easy_setopt(
	    e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(
	    e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* Those CAs and no others: not the system's folder beside them. */
	if (c->ca.len > 0)
		(void)curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	if (c->ca.len > 0)
		rc = curl_easy_setopt(e, CURLOPT_CAINFO, sp_buf_str(&c->ca));
	/* Key and certificate of a device, read at each new connection; and no
	 * connection outlives the certificate that it began with. */
	(void)curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, LIFE_SECONDS);
	if (rc == CURLE_OK && c->device.len > 0)
		rc = curl_easy_setopt(
		    e, CURLOPT_SSLCERT, sp_buf_str(&c->device));
	if (rc == CURLE_OK && c->device.len > 0)
		rc =
		    curl_easy_setopt(e, CURLOPT_SSLKEY, sp_buf_str(&c->device));
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(
		    e, CURLOPT_USERAGENT, "sallyport/" SP_VERSION);
	return rc == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK;
}

static bool
set_request(struct site_curl *c, const char *url)
{
	const struct site_source *src = c->rq->source;
	CURL *e = c->easy;
	bool head = strcmp(c->rq->method, "HEAD") == 0;

	if (src != NULL) {
		(void)curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
		(void)curl_easy_setopt(e, CURLOPT_READDATA, c);
		(void)curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
		(void)curl_easy_setopt(e, CURLOPT_SEEKDATA, c);
		(void)curl_easy_setopt(
		    e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)src->len);
	}
	if (head)
		(void)curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	else if (curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, c->rq->method) !=
	    CURLE_OK)
		return false;
	return curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK;
}

static enum sp_code
exchange(struct site_transport *t, const struct site_request *rq,
    struct site_answer *an, struct sp_err *err)
{
	struct site_curl *c = (struct site_curl *)t;
	SP_AUTO_BUF url = sp_buf_new(16384);
	struct curl_slist *headers = NULL;
	long status = 0;

	sp_buf_fmt(&url, "%s%s", sp_buf_str(&c->site), rq->path);
	SP_TRY(sp_buf_check(&url, "URL", err));
	c->rq = rq;
	c->an = an;
	c->at = 0;
	c->inner = (struct sp_err){ .code = SP_OK };
	*c->why = '\0';
	curl_easy_reset(c->easy); /* keeps the connection */
	if (!set_always(c) || !set_request(c, sp_buf_str(&url)) ||
	    !set_headers(c, &headers)) {
		curl_slist_free_all(headers);
		return sp_fail(err, SP_E_INTERNAL, "libcurl took no request");
	}
	CURLcode rc = curl_easy_perform(c->easy);

	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (rc != CURLE_OK)
		return explain(c, rc, err);
	an->status = (unsigned)status;
	return SP_OK;
}

static enum sp_code
pause_for(struct site_transport *t, int64_t micros, struct sp_err *err)
{
	int64_t until = sp_ticks() + micros;

	(void)t;
	while (interrupted == 0) {
		int64_t left = until - sp_ticks();

		if (left <= 0)
			return SP_OK;
		/* Short naps: a signal may come just before one begins. */
		left = left < NAP ? left : NAP;
		struct timespec ts = { .tv_nsec = left * 1000 };

		(void)nanosleep(&ts, NULL);
	}
	return sp_fail_as(
	    err, SP_E_UNAVAIL, client_site_interrupted, "interrupted");
}

static void
free_curl(struct site_transport *t)
{
	struct site_curl *c = (struct site_curl *)t;

	curl_easy_cleanup(c->easy);
	if (c->authorization.at != NULL)
		explicit_bzero(c->authorization.at, c->authorization.cap);
	sp_buf_free(&c->authorization);
	sp_buf_free(&c->site);
	sp_buf_free(&c->ca);
	sp_buf_free(&c->device);
	free(c);
}

static const struct site_transport_ops curl_ops = {
	.exchange = exchange,
	.pause = pause_for,
	.free = free_curl,
};

static enum site_as
speaks_as(const struct settings *s)
{
	const char *token = client_settings_token(s);

	if (token == NULL)
		return s->device.len > 0 ? SITE_AS_DEVICE : SITE_AS_NOBODY;
	return strncmp(token, "sps_", 4) == 0 ? SITE_AS_SESSION : SITE_AS_TOKEN;
}

enum sp_code
client_curl_new(
    struct site_transport **out, const struct settings *s, struct sp_err *err)
{
	struct site_curl *c = calloc(1, sizeof(*c));
	const char *token = client_settings_token(s);

	if (c == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(c);
		return sp_fail(err, SP_E_NOMEM, "no memory for a connection");
	}
	c->base.ops = &curl_ops;
	c->base.as = speaks_as(s);
	c->site = sp_buf_new(512);
	c->ca = sp_buf_new(4096);
	c->authorization = sp_buf_new(SETTINGS_TOKEN_MAX + 64);
	c->device = sp_buf_new(4096);
	sp_buf_text(&c->site, sp_buf_str(&s->site));
	sp_buf_text(&c->ca, sp_buf_str(&s->ca));
	sp_buf_text(&c->device, sp_buf_str(&s->device));
	if (token != NULL)
		sp_buf_fmt(
		    &c->authorization, "Authorization: Bearer %s", token);
	c->easy = curl_easy_init();
	if (c->easy == NULL || !sp_buf_ok(&c->site) || !sp_buf_ok(&c->ca) ||
	    !sp_buf_ok(&c->authorization) || !sp_buf_ok(&c->device)) {
		free_curl(&c->base);
		return sp_fail(err, SP_E_NOMEM, "no memory for a connection");
	}
	watch_signals();
	*out = &c->base;
	return SP_OK;
}
