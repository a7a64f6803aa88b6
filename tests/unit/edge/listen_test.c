#include "edge/listen.h"

#include "base/file.h"
#include "base/log.h"

#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
addresses_to_listen_on(void)
{
	static const struct {
		const char *in;
		const char *address; /* NULL: refused */
		uint16_t port;
		bool v6;
	} rows[] = {
		{ "127.0.0.1:8443", "127.0.0.1", 8443, false },
		{ "0.0.0.0:0", "0.0.0.0", 0, false },
		{ "[::1]:65535", "::1", 65535, true },
		{ "[::]:1", "::", 1, true },
		{ "", NULL, 0, false },
		{ "127.0.0.1", NULL, 0, false },
		{ "127.0.0.1:", NULL, 0, false },
		{ "127.0.0.1:65536", NULL, 0, false },
		{ "127.0.0.1:-1", NULL, 0, false },
		{ "127.0.0.1:0443", NULL, 0, false },
		{ ":8443", NULL, 0, false },
		{ "::1:8443", NULL, 0, false },
		{ "[::1]", NULL, 0, false },
		{ "[::1", NULL, 0, false },
		{ "[::1]8443", NULL, 0, false },
		{ "[]:8443", NULL, 0, false },
		{ "[127.0.0.1]:1", NULL, 0, false },
		{ "localhost:8443", NULL, 0, false },
		{ "999.0.0.1:1", NULL, 0, false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct edge_listen l = { .port = 7 };
		struct sp_err err;
		enum sp_code code = edge_listen_parse(rows[i].in, &l, &err);

		CHECK_CODE(
		    code, rows[i].address == NULL ? SP_E_INVALID : SP_OK, &err);
		if (rows[i].address == NULL) {
			CHECK(l.port == 7);
			continue;
		}
		CHECK(strcmp(l.address, rows[i].address) == 0);
		CHECK(l.port == rows[i].port && l.v6 == rows[i].v6);
	}
}

static void
local_is_this_machine_only(void)
{
	static const struct {
		const char *address;
		bool local;
	} rows[] = {
		{ "127.0.0.1", true },
		{ "127.255.0.9", true },
		{ "::1", true },
		{ "", false },
		{ "10.0.0.1", false },
		{ "128.0.0.1", false },
		{ "::2", false },
		{ "fe80::1", false },
		{ "127.0.0.1 ", false },
		{ "localhost", false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK(edge_address_local(rows[i].address) == rows[i].local);
}

/* A port of the kernel's choosing is told, and can be reached. */
static void
listening(void)
{
	static const char *const on[] = { "127.0.0.1:0", "[::1]:0" };

	for (size_t i = 0; i < SP_COUNTOF(on); i++) {
		struct edge_listen l;
		struct sp_err err;
		SP_AUTO_FD fd = -1;
		int second = -1;
		uint16_t port = 0;

		CHECK_OK(edge_listen_parse(on[i], &l, &err), &err);
		if (edge_listen_open(&l, &fd, &port, &err) != SP_OK && l.v6)
			continue; /* a machine without IPv6 */
		CHECK(fd >= 0 && port != 0);
		l.port = port; /* taken */
		port = 7;
		CHECK(edge_listen_open(&l, &second, &port, &err) != SP_OK);
		CHECK(second == -1 && port == 7);
	}
}

static void
addresses_as_text(void)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr other = { .sa_family = AF_UNIX };
	char text[EDGE_ADDRESS_MAX];

	CHECK(inet_pton(AF_INET, "192.0.2.7", &four.sin_addr) == 1);
	edge_address_text((const struct sockaddr *)&four, text);
	CHECK(strcmp(text, "192.0.2.7") == 0);
	CHECK(inet_pton(AF_INET6, "2001:db8::7", &six.sin6_addr) == 1);
	edge_address_text((const struct sockaddr *)&six, text);
	CHECK(strcmp(text, "2001:db8::7") == 0);
	CHECK(inet_pton(AF_INET6, "::ffff:192.0.2.7", &six.sin6_addr) == 1);
	edge_address_text((const struct sockaddr *)&six, text);
	CHECK(strcmp(text, "192.0.2.7") == 0);
	edge_address_text(&other, text);
	CHECK(*text == '\0');
	edge_address_text(NULL, text);
	CHECK(*text == '\0');
}

static void SP_PRINTF(1, 2) say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	edge_listen_said(NULL, fmt, ap);
	va_end(ap);
}

/* Whatever a peer makes the daemon say stays one line, of bounded length. */
static void
what_the_daemon_says_is_one_line(void)
{
	char got[2000] = "", longer[1000];
	int to[2], old = dup(STDERR_FILENO);
	ssize_t n;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	CHECK(old >= 0 && pipe(to) == 0 && dup2(to[1], STDERR_FILENO) >= 0);
	sp_log_setup("test", SP_LOG_INFO);
	say("quiet %d", 1);
	sp_log_setup("test", SP_LOG_DEBUG);
	say("first %d\nsecond\n", 2);
	say("%s", longer);
	CHECK(dup2(old, STDERR_FILENO) >= 0 && close(old) == 0);
	CHECK(close(to[1]) == 0);
	n = read(to[0], got, sizeof(got) - 1);
	CHECK(n > 0 && close(to[0]) == 0);
	CHECK(strstr(got, "quiet") == NULL && strstr(got, "second") == NULL);
	CHECK(strstr(got, "edge.daemon") != NULL);
	CHECK(strstr(got, "first 2") != NULL && n < 1000);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "addresses to listen on", addresses_to_listen_on },
		{ "local is this machine only", local_is_this_machine_only },
		{ "listening", listening },
		{ "addresses as text", addresses_as_text },
		{ "what the daemon says is one line",
		    what_the_daemon_says_is_one_line },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
