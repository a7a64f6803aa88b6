#include "client/curl.h"

#include "crypto/provider.h"
#include "scratch.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

/* Somebody who listens on this machine and is no site. */
struct stranger {
	int fd;
	char site[64];
	const char *says; /* to whoever connects, before hanging up */
};

static struct stranger
stranger_new(const char *says)
{
	struct stranger s = { .says = says };
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);

	s.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(s.fd >= 0);
	CHECK(bind(s.fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	CHECK(getsockname(s.fd, (struct sockaddr *)&at, &len) == 0);
	(void)snprintf(s.site, sizeof(s.site), "https://127.0.0.1:%u",
	    (unsigned)ntohs(at.sin_port));
	return s;
}

static void *
speak_once(void *arg)
{
	const struct stranger *s = arg;
	int to = accept(s->fd, NULL, NULL);

	if (to < 0)
		return NULL;
	(void)!write(to, s->says, strlen(s->says));
	(void)close(to);
	return NULL;
}

static struct settings
settings_of(const char *site, const char *ca)
{
	struct settings s = { .site = sp_buf_new(300), .ca = sp_buf_new(300) };

	sp_buf_text(&s.site, site);
	sp_buf_text(&s.ca, ca);
	return s;
}

/* One GET of this site; err has the reason. */
static enum sp_code
ask(const struct settings *s, struct sp_err *err)
{
	struct site_transport *t = NULL;
	SITE_AUTO_ANSWER an = client_site_answer_new(1000);
	struct site_request rq = {
		.method = "GET", .path = "/v1/token", .body_max = 1000
	};

	CHECK_OK(client_curl_new(&t, s, err), err);
	enum sp_code code = t->ops->exchange(t, &rq, &an, err);

	t->ops->free(t);
	return code;
}

static void
nobody_there_is_unreachable(void)
{
	struct stranger nobody = stranger_new(""); /* bound, never listening */
	SETTINGS_AUTO s = settings_of(nobody.site, "");
	struct sp_err err;

	CHECK_CODE(ask(&s, &err), SP_E_UNAVAIL, &err);
	CHECK(err.reason == client_site_unreachable);
	CHECK(strstr(err.text, nobody.site) != NULL);
	(void)close(nobody.fd);
}

static void
a_stranger_without_tls_is_no_site(void)
{
	struct stranger web =
	    stranger_new("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	SETTINGS_AUTO s = settings_of(web.site, "");
	struct sp_err err;
	pthread_t thread;

	CHECK(listen(web.fd, 1) == 0);
	CHECK(pthread_create(&thread, NULL, speak_once, &web) == 0);
	CHECK_CODE(ask(&s, &err), SP_E_UNAVAIL, &err);
	CHECK(err.reason == client_site_unreachable ||
	    err.reason == client_site_no_tls);
	CHECK(pthread_join(thread, NULL) == 0);
	(void)close(web.fd);
}

static void
a_ca_file_that_is_gone_is_named(void)
{
	struct stranger web = stranger_new("");

	SETTINGS_AUTO s = settings_of(web.site, scratch("ca.pem"));
	struct sp_err err;

	CHECK(listen(web.fd, 1) == 0);
	CHECK_CODE(ask(&s, &err), SP_E_UNAVAIL, &err);
	CHECK(err.reason == client_site_no_tls);
	CHECK(strstr(err.text, "ca.pem") != NULL);
	(void)close(web.fd);
}

static void
a_pause_lasts_and_a_signal_ends_it(void)
{
	SETTINGS_AUTO s = settings_of("https://127.0.0.1:1", "");
	struct site_transport *t = NULL;
	struct sp_err err;

	CHECK_OK(client_curl_new(&t, &s, &err), &err);
	int64_t before = sp_ticks();

	CHECK_OK(t->ops->pause(t, SP_SECOND / 20, &err), &err);
	CHECK(sp_ticks() - before >= SP_SECOND / 20);
	CHECK(!client_curl_interrupted());
	CHECK(raise(SIGTERM) == 0);
	CHECK(client_curl_interrupted());
	CHECK_CODE(t->ops->pause(t, 600 * SP_SECOND, &err), SP_E_UNAVAIL, &err);
	CHECK(err.reason == client_site_interrupted);
	t->ops->free(t);
	/* And an exchange under way as well, whatever else is wrong with it. */
	CHECK_CODE(ask(&s, &err), SP_E_UNAVAIL, &err);
	CHECK(err.reason == client_site_interrupted);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "nobody there is unreachable", nobody_there_is_unreachable },
		{ "a stranger without TLS is no site",
		    a_stranger_without_tls_is_no_site },
		{ "a CA file that is gone is named",
		    a_ca_file_that_is_gone_is_named },
		/* the last: the signal is remembered */
		{ "a pause lasts and a signal ends it",
		    a_pause_lasts_and_a_signal_ends_it },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	scratch_make();
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
