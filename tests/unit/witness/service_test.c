#include "witness/service.h"

#include "base/clock.h"
#include "base/parse.h"
#include "log_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#define ORIGIN "evidence.example.gov/springfield"
#define WAIT   20 /* seconds that anything may take */

static struct test_log *book;
static struct scratch dir;
static struct witness_desk *desk;
static struct witness_service *service;

static void
serve(struct witness_service_options o)
{
	struct sp_err err;

	o.desk = desk;
	CHECK_OK(edge_listen_parse("127.0.0.1:0", &o.listen, &err), &err);
	CHECK_OK(witness_service_start(&service, &o, &err), &err);
}

static int
dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(witness_service_port(service)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(fd >= 0);
	CHECK(connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0);
	return fd;
}

/* Until the other side ends; what came. */
static void
listen_to(int fd, struct sp_buf *out)
{
	int64_t until = sp_ticks() + WAIT * SP_SECOND;
	char piece[4096];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		CHECK(sp_ticks() < until);
		if (poll(&p, 1, 1000) <= 0)
			continue;
		n = recv(fd, piece, sizeof(piece), 0);
		if (n <= 0)
			return;
		sp_buf_add(out, piece, (size_t)n);
	}
}

/* What may be cut while it is sent: a refused body. */
static void
tell(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

/* One request on a connection of its own; the status, 0 for none. */
static unsigned
ask_bytes(const char *head, const char *body, size_t len, struct sp_buf *out)
{
	SP_AUTO_FD fd = dial();
	SP_AUTO_BUF first = sp_buf_new(8192);
	uint64_t status = 0;

	sp_buf_fmt(&first, "%s\r\nHost: w\r\nConnection: close\r\n", head);
	if (body != NULL)
		sp_buf_fmt(&first, "Content-Length: %zu\r\n", len);
	sp_buf_text(&first, "\r\n");
	tell(fd, sp_buf_str(&first), first.len);
	if (body != NULL)
		tell(fd, body, len);
	sp_buf_clear(out);
	listen_to(fd, out);
	if (out->len > 12 && memcmp(out->at, "HTTP/1.1 ", 9) == 0)
		CHECK(sp_parse_u64(sp_buf_str(out) + 9, 3, 100, 599, &status));
	return (unsigned)status;
}

static unsigned
ask(const char *head, const char *body, struct sp_buf *out)
{
	return ask_bytes(head, body, body == NULL ? 0 : strlen(body), out);
}

static bool
says(const struct sp_buf *answer, const char *what)
{
	return memmem(answer->at, answer->len, what, strlen(what)) != NULL;
}

static void
the_paths(void)
{
	static const struct {
		const char *head;
		const char *body;
		unsigned status;
		const char *says;
	} rows[] = {
		{ "GET /healthz HTTP/1.1", NULL, 200, "ok\n" },
		{ "HEAD /healthz HTTP/1.1", NULL, 200, "Content-Length: 3" },
		{ "GET /metrics HTTP/1.1", NULL, 200,
		    "witness_requests_total" },
		{ "GET /metrics HTTP/1.1\r\nX-Forwarded-For: ::2", NULL, 404,
		    "not from outside" },
		{ "GET / HTTP/1.1", NULL, 404, NULL },
		{ "GET /checkpoint HTTP/1.1", NULL, 404, NULL },
		{ "GET /../key HTTP/1.1", NULL, 404, NULL },
		{ "GET /%2e%2e/key HTTP/1.1", NULL, 404, NULL },
		{ "GET /0123456789abcdef0123456789abcdef0123456789abcdef"
		  "0123456789abcdef/checkpoint HTTP/1.1",
		    NULL, 404, "no checkpoint" },
		{ "GET /0123456789ABCDEF0123456789abcdef0123456789abcdef"
		  "0123456789abcdef/checkpoint HTTP/1.1",
		    NULL, 404, "lower case" },
		{ "GET /add-checkpoint HTTP/1.1", NULL, 405, "Allow: POST" },
		{ "PUT /add-checkpoint HTTP/1.1", "x", 405, "Allow: POST" },
		{ "POST /healthz HTTP/1.1", "x", 405, "Allow: GET, HEAD" },
		{ "DELETE /metrics HTTP/1.1", NULL, 405, NULL },
		{ "POST /add-checkpoint HTTP/1.1", "", 400, "line 1" },
		{ "POST /add-checkpoint HTTP/1.1", "garbage", 400, "line 1" },
		{ "POST /add-checkpoint HTTP/1.1", "old 0\n\nx\n1\n\n", 404,
		    "origin" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF out = sp_buf_new((size_t)1 << 20);
		unsigned status = ask(rows[i].head, rows[i].body, &out);

		if (status != rows[i].status ||
		    (rows[i].says != NULL && !says(&out, rows[i].says)))
			tap_fail(
			    __FILE__, __LINE__, rows[i].head, sp_buf_str(&out));
	}
}

static void
a_checkpoint_on_the_wire(void)
{
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	SP_AUTO_BUF out = sp_buf_new((size_t)1 << 20);

	log_request(book, 0, 5, &body);
	CHECK(ask("POST /add-checkpoint HTTP/1.1", sp_buf_str(&body), &out) ==
	    200);
	CHECK(says(&out, "\r\n\r\n\xe2\x80\x94 w.example "));
	CHECK(ask("POST /add-checkpoint HTTP/1.1", sp_buf_str(&body), &out) ==
	    409);
	CHECK(says(&out, "Content-Type: text/x.tlog.size\r\n"));
	CHECK(says(&out, "\r\n\r\n5\n"));
}

/* Bodies over the maximum, said and not said. */
static void
huge_bodies(void)
{
	static char huge[1 << 20];
	SP_AUTO_BUF out = sp_buf_new((size_t)1 << 20);
	SP_AUTO_BUF body = sp_buf_new((size_t)2 << 20);

	memset(huge, 'x', sizeof(huge));
	CHECK(ask_bytes("POST /add-checkpoint HTTP/1.1", huge,
		  WITNESS_REQUEST_MAX, &out) == 400);
	/* Refused by its length: the answer may be lost with the rest of what
	 * is sent, but it is no other. */
	for (int i = 0; i < 3; i++) {
		unsigned status =
		    ask_bytes("POST /add-checkpoint HTTP/1.1", huge,
			i == 0 ? WITNESS_REQUEST_MAX + 1 : sizeof(huge), &out);

		CHECK(status == 413 || status == 0);
	}
	/* In chunks, a little over: read to the end and answered. */
	sp_buf_fmt(&body, "%zx\r\n", WITNESS_REQUEST_MAX + 1);
	sp_buf_add(&body, huge, WITNESS_REQUEST_MAX + 1);
	sp_buf_text(&body, "\r\n0\r\n\r\n");
	SP_AUTO_FD fd = dial();

	tell(fd,
	    "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n"
	    "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
	    strlen("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n"
		   "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"));
	tell(fd, sp_buf_str(&body), body.len);
	sp_buf_clear(&out);
	listen_to(fd, &out);
	CHECK(says(&out, "HTTP/1.1 413 "));
	CHECK(ask("GET /healthz HTTP/1.1", NULL, &out) == 200);
}

/* Who never ends its header, or its body, is cut; others are served. */
static void
slow_clients_are_cut(void)
{
	static const char *const half[] = { "POST /add-ch",
		"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n"
		"Content-Length: 100\r\n\r\nold " };
	SP_AUTO_BUF out = sp_buf_new((size_t)1 << 20);

	witness_service_stop(service, 0);
	serve((struct witness_service_options){
	    .idle_seconds = 1, .header_seconds = 1 });
	for (size_t i = 0; i < SP_COUNTOF(half); i++) {
		SP_AUTO_FD fd = dial();

		tell(fd, half[i], strlen(half[i]));
		CHECK(ask("GET /healthz HTTP/1.1", NULL, &out) == 200);
		sp_buf_clear(&out);
		listen_to(fd, &out); /* ends, or the test fails */
		CHECK(!says(&out, " 200 "));
	}
}

static void
plain_http_stays_on_this_machine(void)
{
	static const char *const others[] = { "0.0.0.0:0", "[::]:0",
		"192.0.2.1:0" };

	for (size_t i = 0; i < SP_COUNTOF(others); i++) {
		struct witness_service_options o = { .desk = desk };
		struct witness_service *s = NULL;
		struct sp_err err;

		CHECK_OK(edge_listen_parse(others[i], &o.listen, &err), &err);
		CHECK_CODE(
		    witness_service_start(&s, &o, &err), SP_E_INVALID, &err);
		CHECK(s == NULL);
	}
}

static void
know_the_log(void)
{
	WITNESS_AUTO_LOGS logs = { .n = 0 };
	SP_AUTO_BUF text = sp_buf_new(1000);
	struct sp_err err;

	ledger_vkey_text(&book->key, &text);
	CHECK_OK(
	    witness_logs_add(&logs, sp_buf_str(&text), text.len, &err), &err);
	witness_desk_set_logs(desk, &logs);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the paths", the_paths },
		{ "a checkpoint on the wire", a_checkpoint_on_the_wire },
		{ "huge bodies", huge_bodies },
		{ "slow clients are cut", slow_clients_are_cut },
		{ "plain HTTP stays on this machine",
		    plain_http_stays_on_this_machine },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	book = log_new(ORIGIN, 1);
	dir = scratch_new();
	CHECK_OK(witness_desk_make(dir.fd, "w.example", &err), &err);
	CHECK_OK(witness_desk_open(&desk, dir.fd, &err), &err);
	know_the_log();
	serve((struct witness_service_options){ .connections = 0 });
	(void)tap_run(cases, SP_COUNTOF(cases));
	witness_service_stop(service, 1);
	witness_desk_free(desk);
	scratch_done(&dir);
	log_free(book);
	return 0;
}
