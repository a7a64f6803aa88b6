#include "errand/messenger.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "crypto/provider.h"
#include "tap.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A server that answers by the path: a thread for each connection, of which
 * none is joined; what hangs does so until its connection is closed.
 */
static struct {
	int fd;
	unsigned port;
	atomic_uint asked, hanging;
} stub;

static void
say(int fd, const char *text)
{
	/* who hangs up early is what some of this is about */
	SP_IGNORE(send(fd, text, strlen(text), MSG_NOSIGNAL));
}

static void
until_closed(int fd)
{
	char c[64];

	atomic_fetch_add(&stub.hanging, 1);
	while (recv(fd, c, sizeof(c), 0) > 0)
		continue;
	atomic_fetch_sub(&stub.hanging, 1);
}

static void
drip(int fd)
{
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	for (int i = 0; i < 200; i++) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 100) != 0)
			return;
		say(fd, "x");
	}
}

static void
flood(int fd)
{
	static const char row[] = "0123456789012345678901234567890123456789";

	say(fd, "HTTP/1.1 200 OK\r\n\r\n");
	while (send(fd, row, sizeof(row), MSG_NOSIGNAL) > 0)
		continue;
}

/* 200 with the request itself as the body, of this type. */
static void
echo(int fd, const char *request, size_t len, const char *type)
{
	SP_AUTO_BUF out = sp_buf_new((size_t)200 << 10);

	sp_buf_fmt(&out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n",
	    len, type);
	sp_buf_add(&out, request, len);
	SP_IGNORE(send(fd, out.at, out.len, MSG_NOSIGNAL));
}

static void
answer(int fd, const char *request, size_t len)
{
	const char *path = strchr(request, '/');

	if (strncmp(path, "/hang", 5) == 0)
		until_closed(fd);
	else if (strncmp(path, "/drip", 5) == 0)
		drip(fd);
	else if (strncmp(path, "/flood", 6) == 0)
		flood(fd);
	else if (strncmp(path, "/echo", 5) == 0)
		echo(fd, request, len, "");
	else if (strncmp(path, "/json", 5) == 0)
		echo(fd, request, len,
		    "Content-Type: Application/JSON; charset=utf-8\r\n");
	else if (strncmp(path, "/keys", 5) == 0)
		echo(fd, request, len,
		    "Content-Type: application/jwk-set+json\r\n");
	else if (strncmp(path, "/html", 5) == 0)
		echo(fd, request, len, "Content-Type: text/html\r\n");
	else if (strncmp(path, "/moved", 6) == 0)
		say(fd,
		    "HTTP/1.1 307 No\r\nLocation: /echo\r\n"
		    "Content-Length: 0\r\n\r\n");
	else if (strncmp(path, "/size", 5) == 0)
		say(fd, "HTTP/1.1 409 No\r\nContent-Length: 3\r\n\r\n12\n");
	else if (strncmp(path, "/nonsense", 9) == 0)
		say(fd, "\x16\x03\x01 hello\r\n\r\n");
	/* else: closed without a word */
}

/* The whole request: its header, and as much body as that says. */
static void *
serve(void *arg)
{
	static const char word[] = "Content-Length: ";
	int fd = *(int *)arg;
	char *in = calloc(1, (size_t)128 << 10);
	size_t len = 0, want = 0;

	free(arg);
	for (;;) {
		ssize_t n = recv(fd, in + len, ((size_t)127 << 10) - len, 0);
		const char *end;
		const char *at;

		if (n <= 0)
			break;
		len += (size_t)n;
		end = strstr(in, "\r\n\r\n");
		at = strstr(in, word);
		if (end == NULL || (at == NULL && in[0] != 'G'))
			continue;
		want = 0;
		for (at = at == NULL ? "" : at + sizeof(word) - 1;
		     *at >= '0' && *at <= '9'; at++)
			want = want * 10 + (size_t)(*at - '0');
		if (len < (size_t)(end + 4 - in) + want)
			continue;
		atomic_fetch_add(&stub.asked, 1);
		answer(fd, in, len);
		break;
	}
	free(in);
	(void)close(fd);
	return NULL;
}

static void *
accept_all(void *arg)
{
	pthread_t t;
	int fd;

	(void)arg;
	while ((fd = accept4(stub.fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		int *given = malloc(sizeof(*given));

		*given = fd;
		CHECK(pthread_create(&t, NULL, serve, given) == 0);
		CHECK(pthread_detach(t) == 0);
	}
	return NULL;
}

static void
stub_start(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	pthread_t t;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	stub.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(stub.fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	CHECK(listen(stub.fd, 256) == 0);
	CHECK(getsockname(stub.fd, (struct sockaddr *)&at, &len) == 0);
	stub.port = ntohs(at.sin_port);
	CHECK(pthread_create(&t, NULL, accept_all, NULL) == 0);
	CHECK(pthread_detach(t) == 0);
}

/* ---- Names that are not looked up soon ---- */

#define LOOK_UP_MS 9000 /* beyond what a connection may take */

static atomic_uint looking;

typedef int (*look_up)(const char *name, const char *service,
    const struct addrinfo *hints, struct addrinfo **out);

/* libcurl's look-ups come here, being this program's: the resolver of names
 * that end in ".hangs" takes its time and finds nothing. */
__attribute__((visibility("default"))) int look_names_up(const char *name,
    const char *service, const struct addrinfo *hints,
    struct addrinfo **out) __asm__("getaddrinfo");

int
look_names_up(const char *name, const char *service,
    const struct addrinfo *hints, struct addrinfo **out)
{
	static const char end[] = ".hangs";
	size_t len = name == NULL ? 0 : strlen(name);
	void *real;
	look_up next;

	if (len > sizeof(end) &&
	    strcmp(name + len - (sizeof(end) - 1), end) == 0) {
		atomic_fetch_add(&looking, 1);
		SP_IGNORE(poll(NULL, 0, LOOK_UP_MS));
		atomic_fetch_sub(&looking, 1);
		return EAI_AGAIN;
	}
	real = dlsym(RTLD_NEXT, "getaddrinfo");
	memcpy(&next, &real, sizeof(next));
	return next(name, service, hints, out);
}

/* ---- A messenger in a thread ---- */

static struct {
	pthread_t thread;
	int mine, theirs;
	enum sp_code code;
} post;

static void *
post_main(void *arg)
{
	struct sp_err err;

	(void)arg;
	post.code = errand_messenger_main(post.theirs, &err);
	return NULL;
}

static void
post_start(void)
{
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	post.mine = pair[0];
	post.theirs = pair[1];
	CHECK(pthread_create(&post.thread, NULL, post_main, NULL) == 0);
}

/* Its end: SP_OK. */
static void
post_stop(void)
{
	sp_file_closep(&post.mine);
	CHECK(pthread_join(post.thread, NULL) == 0);
	CHECK(post.code == SP_OK);
	sp_file_closep(&post.theirs);
}

static void
send_out(int sock, uint32_t id, enum errand_kind kind, const char *path)
{
	ERRAND_AUTO e = errand_new();
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	struct sp_err err;

	e.id = id;
	e.kind = kind;
	if (path[0] == '/')
		(void)snprintf(e.url, sizeof(e.url), "http://127.0.0.1:%u%s",
		    stub.port, path);
	else
		(void)snprintf(e.url, sizeof(e.url), "%s", path);
	sp_buf_text(&e.body, "the body");
	errand_write(&e, &packet);
	CHECK_OK(errand_packet_send(sock, &packet, &err), &err);
}

/* The next answer; the packet is the caller's to look into. */
static struct errand_answer *
come_back(int sock, struct sp_buf *packet)
{
	static struct errand_answer a;
	struct pollfd p = { .fd = sock, .events = POLLIN };
	struct sp_err err;

	CHECK(poll(&p, 1, 60000) == 1);
	CHECK_OK(errand_packet_receive(sock, packet, &err), &err);
	CHECK_OK(errand_answer_read(packet->at, packet->len, &a, &err), &err);
	return &a;
}

static void
what_is_sent(void)
{
	static const struct {
		enum errand_kind kind;
		const char *line, *type;
	} rows[] = {
		{ ERRAND_WITNESS, "POST /echo/add-checkpoint HTTP/1.1\r\n",
		    "Content-Type: text/plain; charset=utf-8\r\n" },
		{ ERRAND_AUTHORITY, "POST /echo HTTP/1.1\r\n",
		    "Content-Type: application/timestamp-query\r\n" },
	};
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);

	post_start();
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		const struct errand_answer *a;
		char *text;

		send_out(post.mine, 7 + (uint32_t)i, rows[i].kind, "/echo");
		a = come_back(post.mine, &packet);
		text = strndup(a->reply.body, a->reply.len);
		CHECK(a->id == 7 + i && a->reply.status == 200);
		CHECK(strstr(text, rows[i].line) == text);
		CHECK(strstr(text, rows[i].type) != NULL);
		CHECK(strstr(text, "Content-Length: 8\r\n") != NULL);
		CHECK(strstr(text, "\r\n\r\nthe body") != NULL);
		CHECK(strcasestr(text, "cookie") == NULL &&
		    strcasestr(text, "authorization") == NULL);
		free(text);
	}
	post_stop();
}

static void
what_comes_back(void)
{
	static const struct {
		const char *path;
		unsigned status;
		const char *says;
	} rows[] = {
		{ "/size", 409, "" },
		{ "/moved", 307, "" }, /* not followed */
		{ "/closed", 0, "closed the connection" },
		{ "/flood", 0, "too long" },
		{ "/nonsense", 0, "HTTP/0.9" },
		{ "http://127.0.0.1:1/x", 0, "nothing listens there" },
		{ "file:///etc/hostname", 0, "file" },
		{ "gopher://127.0.0.1/x", 0, "gopher" },
		{ "https://127.0.0.1:99999/", 0, "malformed" },
	};
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);

	post_start();
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		const struct errand_answer *a;

		send_out(post.mine, 1, ERRAND_AUTHORITY, rows[i].path);
		a = come_back(post.mine, &packet);
		CHECK(a->reply.status == rows[i].status);
		if (strstr(a->problem, rows[i].says) == NULL)
			tap_fail(__FILE__, __LINE__, rows[i].says, a->problem);
		CHECK((a->reply.status == 0) == (a->problem[0] != '\0'));
	}
	post_stop();
}

/* An errand for sign-in, to the stub or elsewhere. */
static void
send_theirs(uint32_t id, enum errand_kind kind, bool local, const char *url)
{
	ERRAND_AUTO e = errand_new();
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	struct sp_err err;

	e.id = id;
	e.kind = kind;
	e.local = local;
	if (url[0] == '/')
		(void)snprintf(e.url, sizeof(e.url), "http://127.0.0.1:%u%s",
		    stub.port, url);
	else
		(void)snprintf(e.url, sizeof(e.url), "%s", url);
	if (kind == ERRAND_GRANT) {
		sp_buf_text(&e.basic, "aWQ6c2VjcmV0");
		sp_buf_text(&e.body, "grant_type=authorization_code&code=x");
	}
	errand_write(&e, &packet);
	CHECK_OK(errand_packet_send(post.mine, &packet, &err), &err);
}

static void
what_is_sent_for_sign_in(void)
{
	static const struct {
		const char *path;
		enum errand_kind kind;
		const char *has[4];
	} rows[] = {
		{ "/json", ERRAND_DOCUMENT,
		    { "GET /json HTTP/1.1\r\n", "Accept: application/json\r\n",
			"User-Agent: sallyport/", "\r\n\r\n" } },
		{ "/keys", ERRAND_DOCUMENT,
		    { "GET /keys HTTP/1.1\r\n", "Accept: application/json\r\n",
			"User-Agent: sallyport/", "\r\n\r\n" } },
		{ "/json", ERRAND_GRANT,
		    { "POST /json HTTP/1.1\r\n",
			"Authorization: Basic aWQ6c2VjcmV0\r\n",
			"Content-Type: application/x-www-form-urlencoded\r\n",
			"\r\n\r\ngrant_type=authorization_code&code=x" } },
	};
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);

	post_start();
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		const struct errand_answer *a;
		char *text;

		send_theirs(1, rows[i].kind, true, rows[i].path);
		a = come_back(post.mine, &packet);
		if (a->reply.status != 200)
			tap_fail(__FILE__, __LINE__, rows[i].path, a->problem);
		text = strndup(a->reply.body, a->reply.len);
		for (size_t k = 0; k < 4; k++)
			if (strstr(text, rows[i].has[k]) == NULL)
				tap_fail(
				    __FILE__, __LINE__, rows[i].has[k], text);
		CHECK((strstr(text, "Authorization") != NULL) ==
		    (rows[i].kind == ERRAND_GRANT));
		free(text);
	}
	post_stop();
}

/* Whoever names those URLs reads nothing else through here, and reaches
 * nothing on this machine or its link. */
static void
no_open_proxy(void)
{
	static const struct {
		const char *url;
		bool local;
		unsigned status;
		const char *says;
	} rows[] = {
		{ "/html", true, 200, "" }, /* without its body */
		{ "/echo", true, 200, "" }, /* of no type */
		{ "/moved", true, 307, "" },
		{ "/json", false, 0, "http" }, /* not over plain http */
		{ "http://idp.example/", true, 0, "" },
		{ "https://127.0.0.1:1/", false, 0, "this machine's own" },
		{ "https://127.8.9.10/", false, 0, "this machine's own" },
		{ "https://localhost:1/", false, 0, "this machine's own" },
		{ "https://[::1]/", false, 0, "this machine's own" },
		{ "https://0.0.0.0/", false, 0, "this machine's own" },
		{ "https://[::]/", false, 0, "this machine's own" },
		{ "https://[::ffff:127.0.0.1]/", false, 0,
		    "this machine's own" },
		{ "https://2130706433/", false, 0, "this machine's own" },
		{ "https://169.254.169.254/", true, 0, "link's" },
		{ "https://[::ffff:169.254.169.254]/", true, 0, "link's" },
		{ "https://[fe80::1]/", true, 0, "link's" },
		{ "http://198.51.100.7/", true, 0, "" }, /* plain, not local */
		{ "file:///etc/hostname", true, 0, "file" },
	};
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);

	post_start();
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		const struct errand_answer *a;

		send_theirs(1, ERRAND_DOCUMENT, rows[i].local, rows[i].url);
		a = come_back(post.mine, &packet);
		if (a->reply.status != rows[i].status ||
		    strstr(a->problem, rows[i].says) == NULL)
			tap_fail(__FILE__, __LINE__, rows[i].url, a->problem);
		CHECK(a->reply.len == 0);
	}
	post_stop();
}

/* "https://…:1/" at an address of this machine's that is neither its loopback
 * nor of its link; false: it has none. */
static bool
own_url(int family, char *out, size_t room)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return false;
	for (struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
		char text[64];
		const struct in6_addr *six;

		if (i->ifa_addr == NULL || i->ifa_addr->sa_family != family ||
		    (i->ifa_flags & IFF_LOOPBACK) != 0)
			continue;
		six = &((struct sockaddr_in6 *)(void *)i->ifa_addr)->sin6_addr;
		if (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(six))
			continue;
		if (getnameinfo(i->ifa_addr,
			family == AF_INET ? sizeof(struct sockaddr_in)
					  : sizeof(struct sockaddr_in6),
			text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		found = strncmp(text, "169.254.", 8) != 0;
		(void)snprintf(out, room,
		    family == AF_INET ? "https://%s:1/" : "https://[%s]:1/",
		    text);
	}
	freeifaddrs(all);
	return found;
}

/* By whatever of its addresses: this machine is not reached, but by a site that
 * has its providers on it. */
static void
none_of_its_addresses(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);

	post_start();
	for (size_t i = 0; i < SP_COUNTOF(families); i++) {
		const struct errand_answer *a;
		char url[100];

		if (!own_url(families[i], url, sizeof(url)))
			continue;
		send_theirs(1, ERRAND_DOCUMENT, false, url);
		a = come_back(post.mine, &packet);
		if (strstr(a->problem, "this machine's own") == NULL)
			tap_fail(__FILE__, __LINE__, url, a->problem);
		send_theirs(2, ERRAND_DOCUMENT, true, url);
		a = come_back(post.mine, &packet);
		if (strstr(a->problem, "nothing listens") == NULL)
			tap_fail(__FILE__, __LINE__, url, a->problem);
	}
	post_stop();
}

/* As many as go at once hang: others come and go beside all but the last of
 * them, and then each has its time, from start to end. */
static void
those_that_hang(void)
{
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	int64_t begun = sp_ticks();
	size_t late = 0, quick = 0;

	post_start();
	for (uint32_t i = 1; i < ERRAND_TRIPS; i++)
		send_out(post.mine, i, ERRAND_WITNESS,
		    i % 2 == 0 ? "/hang" : "/drip");
	for (uint32_t i = 0; i < 20; i++) {
		send_out(post.mine, 1000 + i, ERRAND_WITNESS, "/echo");
		CHECK(come_back(post.mine, &packet)->id == 1000 + i);
	}
	send_out(post.mine, ERRAND_TRIPS, ERRAND_WITNESS, "/hang");
	send_out(post.mine, 2000, ERRAND_WITNESS, "/echo");
	while (late + quick < ERRAND_TRIPS + 1) {
		const struct errand_answer *a = come_back(post.mine, &packet);

		if (a->id == 2000) {
			CHECK(a->reply.status == 200 && late > 0);
			quick++;
			continue;
		}
		CHECK(a->reply.status == 0 &&
		    strstr(a->problem, "10 seconds") != NULL);
		late++;
	}
	CHECK(sp_ticks() - begun >= ERRAND_TRIP_SECONDS * SP_SECOND / 2);
	post_stop();
}

/* Ten names hang in the resolver: others are asked all the while, and when the
 * time of those is over, without a pause. */
static void
names_that_hang(void)
{
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	int64_t slowest = 0, begun;
	unsigned late = 0;

	post_start();
	for (uint32_t i = 0; i < 10; i++) {
		char url[64];

		(void)snprintf(url, sizeof(url), "http://witness-%u.hangs", i);
		send_out(post.mine, i, ERRAND_WITNESS, url);
	}
	while (atomic_load(&looking) < 10)
		CHECK(poll(NULL, 0, 5) == 0);
	while (atomic_load(&looking) > 0) {
		bool back = false;

		begun = sp_ticks();
		send_out(post.mine, 1000, ERRAND_WITNESS, "/echo");
		while (!back) {
			const struct errand_answer *a =
			    come_back(post.mine, &packet);

			back = a->id == 1000;
			if (back)
				continue;
			CHECK(strstr(a->problem, "not be looked up") != NULL);
			late++;
		}
		if (sp_ticks() - begun > slowest)
			slowest = sp_ticks() - begun;
		CHECK(poll(NULL, 0, 10) == 0);
	}
	printf("# slowest beside them: %jd us\n", (intmax_t)slowest);
	CHECK(late == 10);
	CHECK(slowest < SP_SECOND);
	/* Nor is its end held up. */
	send_out(post.mine, 1, ERRAND_WITNESS, "http://last.hangs");
	while (atomic_load(&looking) < 1)
		CHECK(poll(NULL, 0, 5) == 0);
	begun = sp_ticks();
	post_stop();
	CHECK(sp_ticks() - begun < LOOK_UP_MS * 1000 / 4);
}

static void
it_ends_with_the_socket(void)
{
	int64_t begun;

	post_start();
	for (uint32_t i = 0; i < 10; i++)
		send_out(post.mine, i, ERRAND_WITNESS, "/hang");
	while (atomic_load(&stub.hanging) < 10)
		CHECK(poll(NULL, 0, 5) == 0);
	begun = sp_ticks();
	post_stop();
	CHECK(sp_ticks() - begun < ERRAND_TRIP_SECONDS * SP_SECOND / 2);
}

static void
it_ends_when_it_is_told_nonsense(void)
{
	post_start();
	CHECK(send(post.mine, "nonsense", 8, MSG_NOSIGNAL) == 8);
	CHECK(pthread_join(post.thread, NULL) == 0);
	CHECK(post.code == SP_OK);
	sp_file_closep(&post.theirs);
	sp_file_closep(&post.mine);
}

#ifndef SP_SANITIZED

static bool
refused(bool did)
{
	return !did && errno == EPERM;
}

/* In a child: what it has given up. */
static int
tries(void)
{
	bool can_read = true;
	static const int to_write[] = { O_WRONLY | O_CREAT, O_RDWR };
	int s;

	if (errand_messenger_enter(&can_read, NULL) != SP_OK)
		return 1;
	for (size_t i = 0; i < SP_COUNTOF(to_write); i++)
		if (!refused(
			open("/tmp/messenger-test", to_write[i], 0600) >= 0))
			return 2;
	if (!refused(unlink("/tmp/messenger-test") == 0) ||
	    !refused(mkdir("/tmp/messenger-test", 0700) == 0) ||
	    !refused(rename("/tmp/a", "/tmp/b") == 0))
		return 3;
	s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || !refused(listen(s, 1) == 0) ||
	    !refused(accept4(s, NULL, NULL, 0) >= 0))
		return 4;
	if (!refused(fork() >= 0) || !refused(kill(getppid(), 0) == 0))
		return 5;
	return 0;
}

/* The site as its user, who is the messenger's too, may read it. */
static char site_dir[] = "/tmp/messenger-site-XXXXXX";
static const char *const site_files[] = { "keeper/root", "keeper/unlock.key",
	"site.db", "agencies/harbor-pd/agency.db" };

static void
site_path(char *out, size_t room, const char *name)
{
	(void)snprintf(out, room, "%s/%s", site_dir, name);
}

static void
make_site(void)
{
	static const char *const folders[] = { "keeper", "agencies",
		"agencies/harbor-pd" };
	char path[96];

	CHECK(mkdtemp(site_dir) != NULL);
	for (size_t i = 0; i < SP_COUNTOF(folders); i++) {
		site_path(path, sizeof(path), folders[i]);
		CHECK(mkdir(path, 0700) == 0);
	}
	for (size_t i = 0; i < SP_COUNTOF(site_files); i++) {
		int fd;

		site_path(path, sizeof(path), site_files[i]);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		CHECK(fd >= 0 && write(fd, "key", 3) == 3 && close(fd) == 0);
	}
}

static void
unmake_site(void)
{
	static const char *const folders[] = { "agencies/harbor-pd", "agencies",
		"keeper", "" };
	char path[96];

	for (size_t i = 0; i < SP_COUNTOF(site_files); i++) {
		site_path(path, sizeof(path), site_files[i]);
		CHECK(unlink(path) == 0);
	}
	for (size_t i = 0; i < SP_COUNTOF(folders); i++) {
		site_path(path, sizeof(path), folders[i]);
		CHECK(rmdir(path) == 0);
	}
}

/* In a child: reads no file of the site's, and what it needs. */
static int
reads(void)
{
	static const char *const needed[] = { "/etc/hosts", "/etc/ssl/certs",
		"/dev/urandom" };
	int lock = open(site_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool can_read = true;
	char path[96];

	if (errand_messenger_enter(&can_read, NULL) != SP_OK || can_read)
		return 1;
	for (size_t i = 0; i < SP_COUNTOF(site_files); i++) {
		site_path(path, sizeof(path), site_files[i]);
		errno = 0;
		if (open(path, O_RDONLY | O_CLOEXEC) != -1 || errno != EACCES)
			return 2;
		if (openat(lock, site_files[i], O_RDONLY | O_CLOEXEC) != -1)
			return 3; /* nor by a folder that was left open */
	}
	if (open(site_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) != -1 ||
	    open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC) != -1)
		return 4;
	for (size_t i = 0; i < SP_COUNTOF(needed); i++)
		if (open(needed[i], O_RDONLY | O_CLOEXEC) < 0)
			return 5;
	return 0;
}

static void
what_it_cannot_read(void)
{
	int status = 0;
	pid_t pid;

	if (!sp_process_can_read_only()) {
		printf("# not looked at: this kernel has no Landlock\n");
		return;
	}
	make_site();
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(reads());
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		printf("# step %d\n", WEXITSTATUS(status));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	unmake_site();
}

static void
what_it_cannot_do(void)
{
	bool can_read = true;
	pid_t pid = fork();
	int status = 0;

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(tries());
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) { /* killed: nobody starts another program from there */
		if (errand_messenger_enter(&can_read, NULL) == SP_OK)
			(void)execl("/bin/true", "true", (char *)NULL);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status));
}

/* With all that given up it still looks names up and goes out. */
static void
what_it_can_do(void)
{
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	char url[64];
	bool can_read = true;
	int pair[2];
	int status = 0;
	pid_t pid;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)close(pair[0]);
		_exit(errand_messenger_enter(&can_read, NULL) == SP_OK &&
			    errand_messenger_main(pair[1], NULL) == SP_OK
			? 0
			: 1);
	}
	(void)close(pair[1]);
	(void)snprintf(url, sizeof(url), "http://localhost:%u/echo", stub.port);
	send_out(pair[0], 1, ERRAND_WITNESS, url);
	CHECK(come_back(pair[0], &packet)->reply.status == 200);
	(void)close(pair[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif

int
main(void)
{
	static const struct tap_case cases[] = {
#ifndef SP_SANITIZED
		{ "what it cannot do", what_it_cannot_do },
		{ "what it cannot read", what_it_cannot_read },
		{ "what it can do", what_it_can_do },
#endif
		{ "what is sent", what_is_sent },
		{ "what is sent for sign-in", what_is_sent_for_sign_in },
		{ "no open proxy", no_open_proxy },
		{ "what comes back", what_comes_back },
		{ "those that hang", those_that_hang },
		{ "names that hang", names_that_hang },
		{ "it ends with the socket", it_ends_with_the_socket },
		{ "it ends when it is told nonsense",
		    it_ends_when_it_is_told_nonsense },
		{ "none of its addresses", none_of_its_addresses },
	};

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	stub_start();
	return tap_run(cases, SP_COUNTOF(cases));
}
