#include "vouch/errand.h"

#include "crypto/provider.h"
#include "tap.h"

#include <sys/socket.h>
#include <unistd.h>

static void
filled(struct vouch_errand *e)
{
	*e = vouch_errand_new();
	e->id = 0xfedcba98;
	e->kind = VOUCH_AUTHORITY;
	(void)snprintf(e->url, sizeof(e->url), "https://w.example/x");
	sp_buf_text(&e->tls_ca, "PEM");
	sp_buf_add(&e->body, "a\0b", 3);
}

static void
errands(void)
{
	VOUCH_AUTO_ERRAND e = { .id = 0 };
	VOUCH_AUTO_ERRAND got = vouch_errand_new();
	SP_AUTO_BUF packet = sp_buf_new(VOUCH_PACKET_MAX);
	struct sp_err err;

	filled(&e);
	vouch_errand_write(&e, &packet);
	CHECK_OK(vouch_errand_read(packet.at, packet.len, &got, &err), &err);
	CHECK(got.id == e.id && got.kind == e.kind &&
	    strcmp(got.url, e.url) == 0 &&
	    strcmp(sp_buf_str(&got.tls_ca), "PEM") == 0 && got.body.len == 3 &&
	    memcmp(got.body.at, "a\0b", 3) == 0);
	for (size_t n = 0; n < packet.len; n++) {
		VOUCH_AUTO_ERRAND none = vouch_errand_new();

		CHECK_CODE(vouch_errand_read(packet.at, n, &none, &err),
		    SP_E_INVALID, &err);
	}
	sp_buf_u8(&packet, 0);
	VOUCH_AUTO_ERRAND longer = vouch_errand_new();
	CHECK_CODE(vouch_errand_read(packet.at, packet.len, &longer, &err),
	    SP_E_INVALID, &err);
}

static void
errands_that_are_none(void)
{
	VOUCH_AUTO_ERRAND e = { .id = 0 };
	SP_AUTO_BUF packet = sp_buf_new(VOUCH_PACKET_MAX);
	struct sp_err err;

	filled(&e);
	e.kind = VOUCH_KIND_COUNT;
	vouch_errand_write(&e, &packet);
	VOUCH_AUTO_ERRAND kind = vouch_errand_new();
	CHECK_CODE(vouch_errand_read(packet.at, packet.len, &kind, &err),
	    SP_E_INVALID, &err);
	e.kind = VOUCH_WITNESS;
	e.url[0] = '\0';
	sp_buf_clear(&packet);
	vouch_errand_write(&e, &packet);
	VOUCH_AUTO_ERRAND url = vouch_errand_new();
	CHECK_CODE(vouch_errand_read(packet.at, packet.len, &url, &err),
	    SP_E_INVALID, &err);
	/* a NUL in the URL, where 'h' stands */
	e.url[0] = 'h';
	sp_buf_clear(&packet);
	vouch_errand_write(&e, &packet);
	packet.at[9] = '\0';
	VOUCH_AUTO_ERRAND nul = vouch_errand_new();
	CHECK_CODE(vouch_errand_read(packet.at, packet.len, &nul, &err),
	    SP_E_INVALID, &err);
}

static void
answers(void)
{
	struct vouch_answer a = { .id = 7,
		.reply = { .status = 409, .body = "12\n", .len = 3 } };
	struct vouch_answer got;
	SP_AUTO_BUF packet = sp_buf_new(VOUCH_PACKET_MAX);
	struct sp_err err;

	vouch_answer_write(&a, &packet);
	CHECK_OK(vouch_answer_read(packet.at, packet.len, &got, &err), &err);
	CHECK(got.id == 7 && got.reply.status == 409 && got.reply.len == 3 &&
	    memcmp(got.reply.body, "12\n", 3) == 0 && got.problem[0] == '\0');
	for (size_t n = 0; n < packet.len; n++)
		CHECK_CODE(vouch_answer_read(packet.at, n, &got, &err),
		    SP_E_INVALID, &err);
	sp_buf_clear(&packet);
	a.reply = (struct vouch_reply){ .status = 0 };
	(void)snprintf(a.problem, sizeof(a.problem), "gone \x1b[2J away");
	vouch_answer_write(&a, &packet);
	CHECK_OK(vouch_answer_read(packet.at, packet.len, &got, &err), &err);
	CHECK(got.reply.status == 0 && got.reply.problem == got.problem &&
	    strcmp(got.problem, "gone ?[2J away") == 0);
	for (unsigned status = 1; status < 2000; status += 7) {
		sp_buf_clear(&packet);
		a.reply.status = status;
		vouch_answer_write(&a, &packet);
		CHECK_CODE(vouch_answer_read(packet.at, packet.len, &got, &err),
		    status < 100 || status > 599 ? SP_E_INVALID : SP_OK, &err);
	}
}

/* The largest of everything goes through a real pair of sockets. */
static void
through_a_socket(void)
{
	VOUCH_AUTO_ERRAND e = { .id = 0 };
	VOUCH_AUTO_ERRAND got = vouch_errand_new();
	SP_AUTO_BUF packet = sp_buf_new(VOUCH_PACKET_MAX);
	SP_AUTO_BUF back = sp_buf_new(VOUCH_PACKET_MAX);
	int pair[2];
	struct sp_err err;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK_CODE(
	    vouch_packet_receive(pair[1], &back, &err), SP_E_LOCKED, &err);
	filled(&e);
	memset(e.url, 'u', VOUCH_URL_MAX);
	e.url[VOUCH_URL_MAX] = '\0';
	while (e.tls_ca.len < VOUCH_PEM_MAX)
		sp_buf_u8(&e.tls_ca, 'c');
	while (e.body.len < VOUCH_BODY_MAX)
		sp_buf_u8(&e.body, 'b');
	vouch_errand_write(&e, &packet);
	CHECK_OK(vouch_packet_send(pair[0], &packet, &err), &err);
	CHECK_OK(vouch_packet_receive(pair[1], &back, &err), &err);
	CHECK_OK(vouch_errand_read(back.at, back.len, &got, &err), &err);
	CHECK(got.body.len == VOUCH_BODY_MAX);
	/* until it is full: never waiting */
	for (int i = 0;; i++) {
		enum sp_code code = vouch_packet_send(pair[0], &packet, &err);

		CHECK(i < 1000);
		if (code == SP_OK)
			continue;
		CHECK(code == SP_E_LOCKED);
		break;
	}
	CHECK(close(pair[1]) == 0);
	CHECK_CODE(
	    vouch_packet_send(pair[0], &packet, &err), SP_E_UNAVAIL, &err);
	CHECK_CODE(
	    vouch_packet_receive(pair[0], &back, &err), SP_E_UNAVAIL, &err);
	CHECK(close(pair[0]) == 0);
}

static void
a_packet_that_is_too_long(void)
{
	SP_AUTO_BUF back = sp_buf_new(VOUCH_PACKET_MAX);
	char *big = calloc(1, VOUCH_PACKET_MAX + 1);
	int pair[2];
	int room = 4 << 20;
	struct sp_err err;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) ==
	    0);
	CHECK(send(pair[0], big, VOUCH_PACKET_MAX + 1, 0) ==
	    (ssize_t)VOUCH_PACKET_MAX + 1);
	CHECK_CODE(
	    vouch_packet_receive(pair[1], &back, &err), SP_E_INVALID, &err);
	CHECK(close(pair[0]) == 0 && close(pair[1]) == 0);
	free(big);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "errands", errands },
		{ "errands that are none", errands_that_are_none },
		{ "answers", answers },
		{ "through a socket", through_a_socket },
		{ "a packet that is too long", a_packet_that_is_too_long },
	};

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	return tap_run(cases, SP_COUNTOF(cases));
}
