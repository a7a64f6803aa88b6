#include "errand/messenger.h"

#include "base/file.h"
#include "base/process.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONNECT_MS  5000L
#define NAP_MS      1000
#define SEND_MS     5000 /* the server takes an answer, or it is stuck */
#define MOST_ROUNDS 64   /* packets taken up before others are looked after */

/* Looking names up, connecting out, reading what that takes.  No listening,
 * no file written, no process started. */
static const char *const allowed[] = { "read", "write", "readv", "writev",
	"pread64", "openat:read", "close", "lseek", "stat", "fstat", "lstat",
	"newfstatat", "statx", "access", "faccessat", "faccessat2",
	"getdents64", "readlink", "readlinkat", "getcwd", "fcntl", "ioctl",
	"mmap", "munmap", "mprotect", "mremap", "brk", "madvise",
	"memfd_create", "clone:thread", "set_robust_list", "rseq", "futex",
	"sched_yield", "sched_getaffinity", "gettid", "getpid", "getppid",
	"getuid", "geteuid", "getgid", "getegid", "tgkill", "rt_sigprocmask",
	"rt_sigaction", "sigaltstack", "prctl", "prlimit64", "getrusage",
	"sysinfo", "uname", "socket", "socketpair", "connect", "bind",
	"getsockname", "getpeername", "setsockopt", "getsockopt", "sendto",
	"sendmsg", "sendmmsg", "recvfrom", "recvmsg", "shutdown", "poll",
	"ppoll", "select", "pselect6", "pipe2", "eventfd2", "clock_gettime",
	"clock_nanosleep", "nanosleep", "gettimeofday", "time", "getrandom" };

/*
 * What looking names up and checking certificates reads: the system's, never
 * the site's.  resolv.conf is often a link to a file below /run, of which these
 * folders are the usual ones: a folder, since the file is replaced when the
 * network changes.
 */
static const char *const readable[] = { "/etc", "/usr", "/lib", "/lib64",
	"/etc/resolv.conf", "/run/systemd/resolve", "/run/resolvconf",
	"/run/NetworkManager", "/run/connman", "/dev/urandom", "/dev/random",
	"/dev/null", "/sys/devices/system/cpu", "/proc/sys/crypto" };

/* One errand under way. */
struct trip {
	struct errand errand;
	CURL *easy;
	struct curl_slist *headers;
	struct sp_buf url;
	struct sp_buf answer;
	struct sp_buf basic; /* a header line, secret */
	int ca;              /* its file in memory, or -1 */
	bool kept_off; /* from an address that this errand may not go to */
	char why[CURL_ERROR_SIZE];
};

struct messenger {
	int sock;
	CURLM *multi;
	struct trip *trip[ERRAND_TRIPS];
	size_t trips;
	struct sp_buf packet;
	bool over;
};

static void
trip_free(struct trip *t)
{
	if (t == NULL)
		return;
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	errand_free(&t->errand);
	sp_buf_free(&t->url);
	sp_buf_free(&t->answer);
	sp_buf_free(&t->basic);
	sp_file_closep(&t->ca);
	free(t);
}

static void
trip_freep(struct trip **t)
{
	trip_free(*t);
}
#define AUTO_TRIP SP_CLEANUP(trip_freep) struct trip *

static struct trip *
trip_new(void)
{
	struct trip *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->errand = errand_new();
	t->url = sp_buf_new(ERRAND_URL_MAX + 64);
	t->answer = sp_buf_secret(ERRAND_ANSWER_MAX);
	t->basic = sp_buf_secret(ERRAND_BASIC_MAX + 40);
	t->ca = -1;
	return t;
}

/* ---- Answering ---- */

/* The server reads its end all the time; when it does not, it is at its end. */
static void
answer(struct messenger *m, const struct errand_answer *a)
{
	SP_AUTO_BUF packet = sp_buf_secret(ERRAND_PACKET_MAX);
	struct pollfd p = { .fd = m->sock, .events = POLLOUT };
	enum sp_code code;

	errand_answer_write(a, &packet);
	code = errand_packet_send(m->sock, &packet, NULL);
	if (code == SP_E_LOCKED && poll(&p, 1, SEND_MS) == 1)
		code = errand_packet_send(m->sock, &packet, NULL);
	if (code != SP_OK)
		m->over = true;
}

static void
answer_none(struct messenger *m, uint32_t id, const char *why)
{
	struct errand_answer a = { .id = id };

	(void)snprintf(a.problem, sizeof(a.problem), "%s", why);
	answer(m, &a);
}

/* libcurl's codes in words for who runs the site. */
static const struct {
	CURLcode code;
	const char *text;
} reasons[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, "its host name is not known" },
	{ CURLE_COULDNT_CONNECT,
	    "nothing listens there, or it is unreachable" },
	{ CURLE_OPERATION_TIMEDOUT, "it took more than 10 seconds" },
	{ CURLE_PEER_FAILED_VERIFICATION,
	    "its certificate is not under a known CA, or of another host" },
	{ CURLE_SSL_CACERT_BADFILE, "no CA certificates are found" },
	{ CURLE_GOT_NOTHING, "it closed the connection" },
	{ CURLE_WRITE_ERROR, "its answer is too long" },
	{ CURLE_URL_MALFORMAT, "its URL is malformed" },
};

static void
explain(const struct trip *t, CURLcode rc, char *out, size_t room)
{
	static const char slow_name[] = "Resolving timed out"; /* libcurl's */

	if (t->kept_off) {
		(void)snprintf(out, room,
		    "its address is this machine's own, or its link's");
		return;
	}
	if (strncmp(t->why, slow_name, strlen(slow_name)) == 0) {
		(void)snprintf(out, room,
		    "its host name could not be looked up within 5 seconds");
		return;
	}
	for (size_t i = 0; i < SP_COUNTOF(reasons); i++) {
		if (reasons[i].code != rc)
			continue;
		(void)snprintf(out, room, "%s", reasons[i].text);
		return;
	}
	(void)snprintf(out, room, "%.110s",
	    *t->why != '\0' ? t->why : curl_easy_strerror(rc));
}

/* Is this kind for URLs of an agency's naming? */
static bool
is_theirs(const struct trip *t)
{
	return t->errand.kind == ERRAND_DOCUMENT ||
	    t->errand.kind == ERRAND_GRANT;
}

/* What is no JSON is none of those answers, and stays here: this process is
 * no way to read what else can be reached from it. */
static bool
is_json(const struct trip *t)
{
	static const char *const types[] = { "application/json",
		"application/jwk-set+json" };
	char *type = NULL;
	size_t len;

	(void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
	if (type == NULL)
		return false;
	len = strcspn(type, "; \t");
	for (size_t i = 0; i < SP_COUNTOF(types); i++)
		if (len == strlen(types[i]) &&
		    strncasecmp(type, types[i], len) == 0)
			return true;
	return false;
}

static void
arrived(struct messenger *m, struct trip *t, CURLcode rc)
{
	struct errand_answer a = { .id = t->errand.id };
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (rc == CURLE_OK && is_theirs(t) && !is_json(t))
		sp_buf_clear(&t->answer);
	if (rc == CURLE_OK && status >= 100 && status <= 599)
		a.reply = (struct errand_reply){ (unsigned)status,
			sp_buf_str(&t->answer), t->answer.len, NULL };
	else
		explain(t, rc, a.problem, sizeof(a.problem));
	answer(m, &a);
}

/* ---- Going ---- */

static size_t
on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct trip *t = arg;

	sp_buf_add(&t->answer, bytes, size * n);
	return sp_buf_ok(&t->answer) ? size * n : 0;
}

/* libcurl reads CAs from files: one in memory, which has a name in /proc. */
static bool
set_ca(struct trip *t)
{
	const struct sp_buf *pem = &t->errand.tls_ca;
	char path[40];

	if (pem->len == 0)
		return true;
	t->ca = memfd_create("tls-ca", MFD_CLOEXEC);
	if (t->ca < 0 ||
	    sp_file_write_all(t->ca, pem->at, pem->len, NULL) != SP_OK)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", t->ca);
	(void)curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
	return curl_easy_setopt(t->easy, CURLOPT_CAINFO, path) == CURLE_OK;
}

/* The line `text`, added to what t->headers holds. */
static bool
add_header(struct trip *t, const char *text)
{
	struct curl_slist *more = curl_slist_append(t->headers, text);

	if (more == NULL)
		return false;
	t->headers = more;
	return true;
}

static bool
set_headers(struct trip *t)
{
	static const char *const line[] = {
		[ERRAND_WITNESS] = "Content-Type: text/plain; charset=utf-8",
		[ERRAND_AUTHORITY] =
		    "Content-Type: application/timestamp-query",
		[ERRAND_DOCUMENT] = "Accept: application/json",
		[ERRAND_GRANT] =
		    "Content-Type: application/x-www-form-urlencoded",
	};
	const struct sp_buf *basic = &t->errand.basic;

	if (!add_header(t, line[t->errand.kind]) || !add_header(t, "Expect:"))
		return false;
	if (t->errand.kind == ERRAND_GRANT &&
	    !add_header(t, "Accept: application/json"))
		return false;
	if (basic->len > 0) {
		sp_buf_text(&t->basic, "Authorization: Basic ");
		sp_buf_add(&t->basic, basic->at, basic->len);
		if (!sp_buf_ok(&t->basic) ||
		    !add_header(t, sp_buf_str(&t->basic)))
			return false;
	}
	return curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) ==
	    CURLE_OK;
}

/* 127.0.0.0/8, and what a connection to "any" comes to; 169.254.0.0/16, where
 * clouds tell a machine its secrets. */
static void
judge_v4(const uint8_t a[4], bool *loopback, bool *link)
{
	*loopback = a[0] == 127 || a[0] == 0;
	*link = a[0] == 169 && a[1] == 254;
}

static void
judge(const struct sockaddr *to, bool *loopback, bool *link)
{
	const struct in6_addr *six;

	*loopback = *link = false;
	if (to->sa_family == AF_INET) {
		judge_v4((const uint8_t *)&(
			     (const struct sockaddr_in *)(const void *)to)
			     ->sin_addr,
		    loopback, link);
		return;
	}
	six = &((const struct sockaddr_in6 *)(const void *)to)->sin6_addr;
	if (IN6_IS_ADDR_V4MAPPED(six) || IN6_IS_ADDR_V4COMPAT(six))
		judge_v4(six->s6_addr + 12, loopback, link);
	if (IN6_IS_ADDR_LOOPBACK(six) || IN6_IS_ADDR_UNSPECIFIED(six))
		*loopback = true;
	if (IN6_IS_ADDR_LINKLOCAL(six))
		*link = true;
}

/* An address of this machine's is where a way to it begins, too.  The kernel is
 * asked each time, for they come and go; nothing is sent. */
static bool
is_own(const struct curl_sockaddr *to)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} from = { .any.sa_family = AF_UNSPEC }, there = from;
	SP_CLEANUP(sp_file_closep)
	int fd = socket(to->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(from);

	if (fd < 0 || to->addrlen > sizeof(there) ||
	    connect(fd, &to->addr, to->addrlen) != 0 ||
	    getsockname(fd, &from.any, &len) != 0)
		return false;
	memcpy(&there, &to->addr, to->addrlen);
	if (from.any.sa_family != there.any.sa_family)
		return false;
	return to->family == AF_INET
	    ? from.four.sin_addr.s_addr == there.four.sin_addr.s_addr
	    : IN6_ARE_ADDR_EQUAL(&from.six.sin6_addr, &there.six.sin6_addr);
}

/* By the address itself, after names are looked up: a name that leads here is
 * no way in, nor is one that leads elsewhere a moment later. */
static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct trip *t = arg;
	bool plain = strncasecmp(t->errand.url, "http:", 5) == 0;
	bool loopback, link;

	(void)purpose;
	judge(&a->addr, &loopback, &link);
	loopback = loopback || is_own(a);
	if (is_theirs(t) &&
	    (link || (loopback && !t->errand.local) || (plain && !loopback))) {
		t->kept_off = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* How it may be spoken to, and what is said. */
static bool
set_request(struct trip *t)
{
	CURL *e = t->easy;
	const struct sp_buf *body = &t->errand.body;
	bool https = is_theirs(t) && !t->errand.local;

	(void)curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	(void)curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	if (t->errand.kind == ERRAND_DOCUMENT) {
		(void)curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
	} else {
		(void)curl_easy_setopt(e, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(
		    e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
		(void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, sp_buf_str(body));
	}
	/* An address is judged before it is connected to: a proxy's would be
	 * judged in its place. */
	if (is_theirs(t) && curl_easy_setopt(e, CURLOPT_PROXY, "") != CURLE_OK)
		return false;
	return curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR,
		   https ? "https" : "http,https") == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_URL, sp_buf_str(&t->url)) == CURLE_OK;
}

/* Options that take a constant of libcurl's own cannot fail. */
static bool
set_options(struct trip *t)
{
	CURL *e = t->easy;

	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* A look-up that hangs is left to its thread: waiting for that would
	 * hold up all. */
	(void)curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	(void)curl_easy_setopt(
	    e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(
	    e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(
	    e, CURLOPT_TIMEOUT_MS, ERRAND_TRIP_SECONDS * 1000L);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->why);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	(void)curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	return curl_easy_setopt(
		   e, CURLOPT_USERAGENT, "sallyport/" SP_VERSION) == CURLE_OK;
}

static bool
set_out(struct messenger *m, struct trip *t)
{
	sp_buf_fmt(&t->url, "%s%s", t->errand.url,
	    t->errand.kind == ERRAND_WITNESS ? "/add-checkpoint" : "");
	t->easy = curl_easy_init();
	return t->easy != NULL && sp_buf_ok(&t->url) && set_options(t) &&
	    set_request(t) && set_headers(t) && set_ca(t) &&
	    curl_multi_add_handle(m->multi, t->easy) == CURLM_OK;
}

/* ---- Errands in, answers out ---- */

static void
take_up(struct messenger *m)
{
	AUTO_TRIP t = trip_new();

	if (t == NULL ||
	    errand_read(m->packet.at, m->packet.len, &t->errand, NULL) !=
		SP_OK) {
		m->over = true; /* the server is out of its mind */
		return;
	}
	if (!set_out(m, t)) {
		answer_none(m, t->errand.id, "it could not be set out for");
		return;
	}
	m->trip[m->trips++] = SP_STEAL(t);
}

static void
hear(struct messenger *m)
{
	for (int i = 0; i < MOST_ROUNDS && m->trips < ERRAND_TRIPS && !m->over;
	     i++) {
		enum sp_code code =
		    errand_packet_receive(m->sock, &m->packet, NULL);

		if (code == SP_E_LOCKED)
			return;
		if (code == SP_OK)
			take_up(m);
		else
			m->over = true;
	}
}

static void
drop(struct messenger *m, const struct trip *t)
{
	for (size_t i = 0; i < m->trips; i++) {
		if (m->trip[i] != t)
			continue;
		(void)curl_multi_remove_handle(m->multi, t->easy);
		trip_free(m->trip[i]);
		m->trip[i] = m->trip[--m->trips];
		return;
	}
}

static void
collect(struct messenger *m)
{
	CURLMsg *msg;
	int left = 0;

	while ((msg = curl_multi_info_read(m->multi, &left)) != NULL) {
		CURLcode rc = msg->data.result; /* msg goes with its handle */
		char *at = NULL;
		struct trip *t;

		if (msg->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(
			msg->easy_handle, CURLINFO_PRIVATE, &at) != CURLE_OK)
			continue;
		t = (struct trip *)(void *)at;
		arrived(m, t, rc);
		drop(m, t);
	}
}

static enum sp_code
run(struct messenger *m, struct sp_err *err)
{
	while (!m->over) {
		struct curl_waitfd sock = {
			.fd = m->sock,
			.events = CURL_WAIT_POLLIN,
		};
		unsigned n = m->trips < ERRAND_TRIPS ? 1 : 0;
		int running = 0;

		if (curl_multi_perform(m->multi, &running) != CURLM_OK)
			return sp_fail(err, SP_E_INTERNAL, "libcurl failed");
		collect(m);
		if (curl_multi_poll(m->multi, &sock, n, NAP_MS, NULL) !=
		    CURLM_OK)
			return sp_fail(err, SP_E_INTERNAL, "libcurl failed");
		if (n > 0)
			hear(m);
	}
	return SP_OK;
}

enum sp_code
errand_messenger_enter(bool *can_read, struct sp_err *err)
{
	enum sp_code code;

	SP_TRY(sp_process_harden(err));
	code = sp_process_read_only(readable, SP_COUNTOF(readable), err);
	if (code != SP_OK && code != SP_E_UNAVAIL)
		return code;
	SP_TRY(sp_process_sandbox(allowed, SP_COUNTOF(allowed), err));
	*can_read = code == SP_E_UNAVAIL;
	return SP_OK;
}

enum sp_code
errand_messenger_main(int sock, struct sp_err *err)
{
	struct messenger m = {
		.sock = sock,
		.packet = sp_buf_secret(ERRAND_PACKET_MAX),
	};
	enum sp_code code;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return sp_fail(err, SP_E_NOMEM, "libcurl does not start");
	m.multi = curl_multi_init();
	code = m.multi == NULL ? sp_fail(err, SP_E_NOMEM, "no memory")
			       : run(&m, err);
	while (m.trips > 0)
		drop(&m, m.trip[m.trips - 1]);
	(void)curl_multi_cleanup(m.multi);
	sp_buf_free(&m.packet);
	return code;
}
