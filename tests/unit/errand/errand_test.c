#include "errand/errand.h"

#include "crypto/provider.h"
#include "tap.h"

#include <sys/socket.h>
#include <unistd.h>

static void
filled(struct errand *e)
{
	*e = errand_new();
	e->id = 0xfedcba98;
	e->kind = ERRAND_AUTHORITY;
	(void)snprintf(e->url, sizeof(e->url), "https://w.example/x");
	sp_buf_text(&e->tls_ca, "PEM");
	sp_buf_add(&e->body, "a\0b", 3);
}

static void
errands(void)
{
	ERRAND_AUTO e = { .id = 0 };
	ERRAND_AUTO got = errand_new();
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	struct sp_err err;

	filled(&e);
	errand_write(&e, &packet);
	CHECK_OK(errand_read(packet.at, packet.len, &got, &err), &err);
	CHECK(got.id == e.id && got.kind == e.kind &&
	    strcmp(got.url, e.url) == 0 &&
	    strcmp(sp_buf_str(&got.tls_ca), "PEM") == 0 && got.body.len == 3 &&
	    memcmp(got.body.at, "a\0b", 3) == 0);
	for (size_t n = 0; n < packet.len; n++) {
		ERRAND_AUTO none = errand_new();

		CHECK_CODE(
		    errand_read(packet.at, n, &none, &err), SP_E_INVALID, &err);
	}
	sp_buf_u8(&packet, 0);
	ERRAND_AUTO longer = errand_new();
	CHECK_CODE(errand_read(packet.at, packet.len, &longer, &err),
	    SP_E_INVALID, &err);
}

static void
errands_that_are_none(void)
{
	ERRAND_AUTO e = { .id = 0 };
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	struct sp_err err;

	filled(&e);
	e.kind = ERRAND_KIND_COUNT;
	errand_write(&e, &packet);
	ERRAND_AUTO kind = errand_new();
	CHECK_CODE(errand_read(packet.at, packet.len, &kind, &err),
	    SP_E_INVALID, &err);
	e.kind = ERRAND_WITNESS;
	e.url[0] = '\0';
	sp_buf_clear(&packet);
	errand_write(&e, &packet);
	ERRAND_AUTO url = errand_new();
	CHECK_CODE(
	    errand_read(packet.at, packet.len, &url, &err), SP_E_INVALID, &err);
	/* a NUL in the URL, where 'h' stands */
	e.url[0] = 'h';
	sp_buf_clear(&packet);
	errand_write(&e, &packet);
	packet.at[10] = '\0';
	ERRAND_AUTO nul = errand_new();
	CHECK_CODE(
	    errand_read(packet.at, packet.len, &nul, &err), SP_E_INVALID, &err);
}

/* What each kind may carry; what it may not is no errand. */
static void
what_kinds_carry(void)
{
	static const struct {
		enum errand_kind kind;
		bool local;
		const char *basic, *body;
		enum sp_code code;
	} rows[] = {
		{ ERRAND_WITNESS, false, "", "x", SP_OK },
		{ ERRAND_WITNESS, true, "", "x", SP_E_INVALID },
		{ ERRAND_AUTHORITY, false, "YTpi", "x", SP_E_INVALID },
		{ ERRAND_DOCUMENT, true, "", "", SP_OK },
		{ ERRAND_DOCUMENT, false, "", "", SP_OK },
		{ ERRAND_DOCUMENT, false, "", "x", SP_E_INVALID },
		{ ERRAND_DOCUMENT, false, "YTpi", "", SP_E_INVALID },
		{ ERRAND_GRANT, false, "YTpi+/==", "x", SP_OK },
		{ ERRAND_GRANT, true, "", "x", SP_OK },
		{ ERRAND_GRANT, false, "YTpi", "", SP_E_INVALID },
		{ ERRAND_GRANT, false, "a\r\nHost: x", "x", SP_E_INVALID },
		{ ERRAND_GRANT, false, "a b", "x", SP_E_INVALID },
	};
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		ERRAND_AUTO e = errand_new();
		ERRAND_AUTO got = errand_new();
		SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);

		e.kind = rows[i].kind;
		e.local = rows[i].local;
		(void)snprintf(e.url, sizeof(e.url), "https://x/");
		sp_buf_text(&e.basic, rows[i].basic);
		sp_buf_text(&e.body, rows[i].body);
		errand_write(&e, &packet);
		CHECK_CODE(errand_read(packet.at, packet.len, &got, &err),
		    rows[i].code, &err);
		if (rows[i].code != SP_OK)
			continue;
		CHECK(got.local == rows[i].local && got.kind == rows[i].kind &&
		    strcmp(sp_buf_str(&got.basic), rows[i].basic) == 0 &&
		    strcmp(sp_buf_str(&got.body), rows[i].body) == 0);
	}
}

static void
answers(void)
{
	struct errand_answer a = { .id = 7,
		.reply = { .status = 409, .body = "12\n", .len = 3 } };
	struct errand_answer got;
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	struct sp_err err;

	errand_answer_write(&a, &packet);
	CHECK_OK(errand_answer_read(packet.at, packet.len, &got, &err), &err);
	CHECK(got.id == 7 && got.reply.status == 409 && got.reply.len == 3 &&
	    memcmp(got.reply.body, "12\n", 3) == 0 && got.problem[0] == '\0');
	for (size_t n = 0; n < packet.len; n++)
		CHECK_CODE(errand_answer_read(packet.at, n, &got, &err),
		    SP_E_INVALID, &err);
	sp_buf_clear(&packet);
	a.reply = (struct errand_reply){ .status = 0 };
	(void)snprintf(a.problem, sizeof(a.problem), "gone \x1b[2J away");
	errand_answer_write(&a, &packet);
	CHECK_OK(errand_answer_read(packet.at, packet.len, &got, &err), &err);
	CHECK(got.reply.status == 0 && got.reply.problem == got.problem &&
	    strcmp(got.problem, "gone ?[2J away") == 0);
	for (unsigned status = 1; status < 2000; status += 7) {
		sp_buf_clear(&packet);
		a.reply.status = status;
		errand_answer_write(&a, &packet);
		CHECK_CODE(
		    errand_answer_read(packet.at, packet.len, &got, &err),
		    status < 100 || status > 599 ? SP_E_INVALID : SP_OK, &err);
	}
}

/* The largest of everything goes through a real pair of sockets. */
static void
through_a_socket(void)
{
	ERRAND_AUTO e = { .id = 0 };
	ERRAND_AUTO got = errand_new();
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	SP_AUTO_BUF back = sp_buf_new(ERRAND_PACKET_MAX);
	int pair[2];
	struct sp_err err;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK_CODE(
	    errand_packet_receive(pair[1], &back, &err), SP_E_LOCKED, &err);
	filled(&e);
	memset(e.url, 'u', ERRAND_URL_MAX);
	e.url[ERRAND_URL_MAX] = '\0';
	while (e.tls_ca.len < ERRAND_PEM_MAX)
		sp_buf_u8(&e.tls_ca, 'c');
	while (e.body.len < ERRAND_BODY_MAX)
		sp_buf_u8(&e.body, 'b');
	errand_write(&e, &packet);
	CHECK_OK(errand_packet_send(pair[0], &packet, &err), &err);
	CHECK_OK(errand_packet_receive(pair[1], &back, &err), &err);
	CHECK_OK(errand_read(back.at, back.len, &got, &err), &err);
	CHECK(got.body.len == ERRAND_BODY_MAX);
	/* until it is full: never waiting */
	for (int i = 0;; i++) {
		enum sp_code code = errand_packet_send(pair[0], &packet, &err);

		CHECK(i < 1000);
		if (code == SP_OK)
			continue;
		CHECK(code == SP_E_LOCKED);
		break;
	}
	CHECK(close(pair[1]) == 0);
	CHECK_CODE(
	    errand_packet_send(pair[0], &packet, &err), SP_E_UNAVAIL, &err);
	CHECK_CODE(
	    errand_packet_receive(pair[0], &back, &err), SP_E_UNAVAIL, &err);
	CHECK(close(pair[0]) == 0);
}

static void
a_packet_that_is_too_long(void)
{
	SP_AUTO_BUF back = sp_buf_new(ERRAND_PACKET_MAX);
	char *big = calloc(1, ERRAND_PACKET_MAX + 1);
	int pair[2];
	int room = 4 << 20;
	struct sp_err err;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) ==
	    0);
	CHECK(send(pair[0], big, ERRAND_PACKET_MAX + 1, 0) ==
	    (ssize_t)ERRAND_PACKET_MAX + 1);
	CHECK_CODE(
	    errand_packet_receive(pair[1], &back, &err), SP_E_INVALID, &err);
	CHECK(close(pair[0]) == 0 && close(pair[1]) == 0);
	free(big);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "errands", errands },
		{ "errands that are none", errands_that_are_none },
		{ "what kinds carry", what_kinds_carry },
		{ "answers", answers },
		{ "through a socket", through_a_socket },
		{ "a packet that is too long", a_packet_that_is_too_long },
	};

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	return tap_run(cases, SP_COUNTOF(cases));
}
