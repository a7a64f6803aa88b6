#include "base/clock.h"
#include "base/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Many TLS connections that ask once and then wait, in one thread: the client
 * of `./dev bench idle`.  Each asks for a path with a token, from a file of
 * lines "PATH TOKEN" that are used in turn; it is open once the head of the
 * answer is in.  Then lines on stdin are done and answered with one of JSON:
 *
 *   hear    the next event of each, and how long after its own "time" it came
 *   count   how many are open
 */
#define CONNECTIONS_MAX 20000
#define OPENING_MAX     64 /* at once */
#define SOURCES         16 /* addresses, 127.0.1.1 and on */
#define LINES_MAX       1000
#define PIECE           16384
#define HEAR_SECONDS    30
#define TIME_MARK       "\"time\":\""

enum state { CONNECTING, SHAKING, SENT, OPEN, DEAD };

struct connection {
	gnutls_session_t session;
	int fd;
	enum state state;
	int64_t heard; /* microseconds, or -1 */
};

struct line {
	char path[400];
	char token[400];
};

static struct connection conn[CONNECTIONS_MAX];
static struct line line[LINES_MAX];
static size_t lines, count = 10000, begun, opening, opened, failed, hearing;
static uint64_t port;
static int epoll_fd;
static gnutls_certificate_credentials_t cred;
static int64_t hear_until;

static _Noreturn void
die(const char *what)
{
	(void)fprintf(stderr, "idle_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
kill_connection(struct connection *c)
{
	if (c->state == OPEN)
		opened--;
	else
		opening--;
	failed++;
	c->state = DEAD;
	gnutls_deinit(c->session);
	(void)close(c->fd);
}

static int
connect_from(size_t n)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	from.sin_addr.s_addr = htonl((uint32_t)(0x7f000101 + n % SOURCES));
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0)
		die("socket");
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 &&
	    errno != EINPROGRESS)
		die("connect");
	return fd;
}

static void
begin_one(void)
{
	struct connection *c = &conn[begun];
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT,
		.data.u64 = begun };

	*c = (struct connection){ .fd = connect_from(begun), .heard = -1 };
	begun++;
	opening++;
	SP_REQUIRE(
	    gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK) == 0);
	SP_REQUIRE(gnutls_set_default_priority(c->session) == 0);
	SP_REQUIRE(gnutls_credentials_set(
		       c->session, GNUTLS_CRD_CERTIFICATE, cred) == 0);
	gnutls_transport_set_int(c->session, c->fd);
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e) != 0)
		die("epoll");
}

static void
send_request(struct connection *c)
{
	const struct line *l = &line[(size_t)(c - conn) % lines];
	struct epoll_event e = { .events = EPOLLIN,
		.data.u64 = (uint64_t)(c - conn) };
	char text[1000];
	int len = snprintf(text, sizeof(text),
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Authorization: Bearer %s\r\n\r\n",
	    l->path, l->token);

	if (gnutls_record_send(c->session, text, (size_t)len) != len) {
		kill_connection(c);
		return;
	}
	c->state = SENT;
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

/* An event: how late is it? */
static void
take_event(struct connection *c, const char *text)
{
	const char *at = strstr(text, TIME_MARK);
	sp_time told;

	if (at == NULL || hear_until == 0 || c->heard >= 0)
		return;
	at += strlen(TIME_MARK);
	SP_REQUIRE(sp_time_parse(at, SP_TIME_TEXT - 1, &told));
	c->heard = sp_now() - told;
	hearing--;
}

static void
receive(struct connection *c)
{
	static char text[PIECE + 1];

	for (;;) {
		ssize_t n = gnutls_record_recv(c->session, text, PIECE);

		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return;
		if (n <= 0) {
			kill_connection(c);
			return;
		}
		text[n] = '\0';
		if (c->state == SENT) {
			if (strncmp(text, "HTTP/1.1 200 ", 13) != 0) {
				(void)fprintf(stderr, "%.200s\n", text);
				kill_connection(c);
				return;
			}
			c->state = OPEN;
			opening--;
			opened++;
		}
		take_event(c, text);
	}
}

static void
go_on(struct connection *c)
{
	int rc;

	if (c->state == DEAD)
		return;
	if (c->state == CONNECTING)
		c->state = SHAKING;
	if (c->state == SHAKING) {
		rc = gnutls_handshake(c->session);
		if (rc == 0)
			send_request(c);
		else if (gnutls_error_is_fatal(rc))
			kill_connection(c);
		return;
	}
	receive(c);
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void
tell_heard(void)
{
	static int64_t took[CONNECTIONS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < begun; i++)
		if (conn[i].state == OPEN && conn[i].heard >= 0)
			took[n++] = conn[i].heard;
	qsort(took, n, sizeof(took[0]), by_size);
	(void)printf("{\"heard\":%zu,\"p50\":%jd,\"p99\":%jd,\"max\":%jd}\n", n,
	    n == 0 ? (intmax_t)-1 : (intmax_t)took[n / 2],
	    n == 0 ? (intmax_t)-1 : (intmax_t)took[n * 99 / 100],
	    n == 0 ? (intmax_t)-1 : (intmax_t)took[n - 1]);
	(void)fflush(stdout);
	hear_until = 0;
}

static void
begin_to_hear(void)
{
	for (size_t i = 0; i < begun; i++)
		conn[i].heard = -1;
	hearing = opened;
	hear_until = sp_ticks() + HEAR_SECONDS * SP_SECOND;
	(void)printf("{\"hearing\":%zu}\n", hearing);
	(void)fflush(stdout);
}

static void
command(void)
{
	char text[100];
	ssize_t n = read(STDIN_FILENO, text, sizeof(text) - 1);

	if (n <= 0)
		exit(0);
	text[n] = '\0';
	if (strncmp(text, "hear\n", 5) == 0) {
		begin_to_hear();
	} else {
		(void)printf("{\"open\":%zu}\n", opened);
		(void)fflush(stdout);
	}
}

static void
look(void)
{
	struct epoll_event e[256];
	int n = epoll_wait(epoll_fd, e, SP_COUNTOF(e), 100);

	for (int i = 0; i < n; i++)
		if (e[i].data.u64 == CONNECTIONS_MAX)
			command();
		else
			go_on(&conn[e[i].data.u64]);
}

static void
read_lines(const char *path)
{
	FILE *f = fopen(path, "re");
	char text[400];

	if (f == NULL)
		die(path);
	while (lines < LINES_MAX && fgets(text, sizeof(text), f) != NULL) {
		char *token = strchr(text, ' ');

		SP_REQUIRE(token != NULL);
		*token++ = '\0';
		token[strcspn(token, "\n")] = '\0';
		(void)snprintf(
		    line[lines].path, sizeof(line[0].path), "%s", text);
		(void)snprintf(
		    line[lines].token, sizeof(line[0].token), "%s", token);
		lines++;
	}
	(void)fclose(f);
	SP_REQUIRE(lines > 0);
}

static void
options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "count", required_argument, NULL, 'n' },
		{ "lines", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t n;
	int o;

	while ((o = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (o == 'l') {
			read_lines(optarg);
			continue;
		}
		if (o == '?' ||
		    !sp_parse_u64(optarg, strlen(optarg), 1,
			o == 'p' ? 65535 : CONNECTIONS_MAX, &n))
			exit(2);
		if (o == 'p')
			port = n;
		else
			count = (size_t)n;
	}
	if (lines == 0 || port == 0)
		exit(2);
}

int
main(int argc, char **argv)
{
	struct epoll_event in = { .events = EPOLLIN,
		.data.u64 = CONNECTIONS_MAX };
	struct rlimit files;
	int64_t from;

	options(argc, argv);
	SP_REQUIRE(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = files.rlim_max;
	SP_REQUIRE(setrlimit(RLIMIT_NOFILE, &files) == 0);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	SP_REQUIRE(gnutls_certificate_allocate_credentials(&cred) == 0);
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &in) != 0)
		die("stdin");
	from = sp_ticks();
	while (opened + failed < count) {
		while (begun < count && opening < OPENING_MAX)
			begin_one();
		look();
	}
	(void)printf("{\"open\":%zu,\"failed\":%zu,\"seconds\":%.2f}\n", opened,
	    failed, (double)(sp_ticks() - from) / (double)SP_SECOND);
	(void)fflush(stdout);
	for (;;) {
		look();
		if (hear_until != 0 &&
		    (hearing == 0 || sp_ticks() > hear_until))
			tell_heard();
	}
}
