#include "keeper/request.h"

#include "base/clock.h"
#include "keeper/scratch.h"

#include <pthread.h>
#include <sys/socket.h>

/* Peers of another version rely on these: they never change. */
static void
numbers_stay(void)
{
	static const struct {
		enum keeper_request r;
		uint8_t number;
		const char *name;
	} rows[] = {
		{ KEEPER_PING, 1, "ping" },
		{ KEEPER_CREATE, 2, "create" },
		{ KEEPER_VKEY, 3, "vkey" },
		{ KEEPER_WRAP, 4, "wrap" },
		{ KEEPER_UNWRAP, 5, "unwrap" },
		{ KEEPER_SIGN, 6, "sign" },
		{ KEEPER_CERTIFY, 7, "certify" },
	};

	CHECK(SP_COUNTOF(rows) == KEEPER_REQUEST_COUNT);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF b = keeper_message_new();

		keeper_request_start(&b, rows[i].r);
		CHECK(b.len == 6 && b.at[4] == 1 && b.at[5] == rows[i].number);
		CHECK(
		    strcmp(keeper_request_name(rows[i].r), rows[i].name) == 0);
		CHECK(keeper_request_rate(rows[i].r).per_second > 0);
		CHECK(keeper_request_rate(rows[i].r).burst > 0);
	}
}

static void
request_round_trip(void)
{
	for (unsigned i = 0; i < KEEPER_REQUEST_COUNT; i++) {
		SP_AUTO_BUF b = keeper_message_new();
		enum keeper_request r = KEEPER_REQUEST_COUNT;
		struct sp_err err = { .code = SP_OK };
		struct sp_in in;

		keeper_request_start(&b, (enum keeper_request)i);
		CHECK_OK(keeper_request_parse(b.at + KEEPER_HEAD,
			     b.len - KEEPER_HEAD, &r, &in, &err),
		    &err);
		CHECK((unsigned)r == i && in.left == 0 && sp_in_done(&in));
	}
}

static void
request_refused(void)
{
	static const struct {
		const char *what;
		uint8_t body[4];
		size_t len;
	} rows[] = {
		{ "nothing", { 0 }, 0 },
		{ "no number", { 1 }, 1 },
		{ "version 0", { 0, 1 }, 2 },
		{ "version 2", { 2, 1 }, 2 },
		{ "number 0", { 1, 0 }, 2 },
		{ "number 8", { 1, 8 }, 2 },
		{ "number 255", { 1, 255 }, 2 },
		{ "a ping with more", { 1, 1, 0, 0 }, 4 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		enum keeper_request r = KEEPER_REQUEST_COUNT;
		struct sp_in in = { .left = 77 };
		struct sp_err err = { .code = SP_OK };

		CHECK_CODE(keeper_request_parse(
			       rows[i].body, rows[i].len, &r, &in, &err),
		    SP_E_INVALID, &err);
		CHECK(r == KEEPER_REQUEST_COUNT && in.left == 77);
	}
}

/* A byte over the largest body of its kind. */
static void
request_too_large(void)
{
	static uint8_t body[KEEPER_BODY_MAX + 1] = { 1 };
	static const size_t most[] = {
#define X(id, number, name, max, rate, burst) [id] = (max),
		KEEPER_REQUESTS(X)
#undef X
	};

	for (unsigned i = 0; i < KEEPER_REQUEST_COUNT; i++) {
		enum keeper_request r;
		struct sp_in in;
		struct sp_err err = { .code = SP_OK };

		body[1] = (uint8_t)(i + 1);
		CHECK_OK(
		    keeper_request_parse(body, most[i], &r, &in, &err), &err);
		CHECK_CODE(
		    keeper_request_parse(body, most[i] + 1, &r, &in, &err),
		    SP_E_INVALID, &err);
	}
}

static void
answer_round_trip(void)
{
	SP_AUTO_BUF b = keeper_message_new();
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = SP_E_INTERNAL;
	struct sp_in in;

	keeper_answer_start(&b, KEEPER_S_OK);
	sp_buf_blob(&b, "abc", 3);
	CHECK(keeper_answer_parse(
	    b.at + KEEPER_HEAD, b.len - KEEPER_HEAD, &code, &in, &err));
	CHECK(code == SP_OK);
	CHECK(sp_in_blob(&in, 3).left == 3 && sp_in_done(&in));
}

/* Each code comes out as itself, with its reason, or as a failure. */
static void
refusal_round_trip(void)
{
	static const struct {
		enum sp_code in;
		enum sp_code out;
		const char *reason;
	} rows[] = {
		{ SP_E_INVALID, SP_E_INVALID, "keeper.malformed" },
		{ SP_E_NOTFOUND, SP_E_NOTFOUND, "keeper.unknown" },
		{ SP_E_CONFLICT, SP_E_CONFLICT, "keeper.exists" },
		{ SP_E_DENIED, SP_E_DENIED, "keeper.denied" },
		{ SP_E_CORRUPT, SP_E_CORRUPT, "keeper.corrupt" },
		{ SP_E_UNAVAIL, SP_E_UNAVAIL, "keeper.busy" },
		{ SP_E_FULL, SP_E_FULL, "keeper.full" },
		{ SP_E_LIMIT, SP_E_LIMIT, "keeper.limit" },
		{ SP_E_INTERNAL, SP_E_INTERNAL, "keeper.failed" },
		{ SP_E_NOMEM, SP_E_INTERNAL, "keeper.failed" },
		{ SP_E_STOPPED, SP_E_INTERNAL, "keeper.failed" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF b = keeper_message_new();
		struct sp_err why = { .code = SP_OK };
		struct sp_err err = { .code = SP_OK };
		enum sp_code code = SP_OK;
		struct sp_in in = { .left = 77 };

		(void)sp_fail(&why, rows[i].in, "because");
		sp_buf_text(&b, "left over from before");
		keeper_answer_error(&b, &why);
		CHECK(keeper_answer_parse(
		    b.at + KEEPER_HEAD, b.len - KEEPER_HEAD, &code, &in, &err));
		CHECK(code == rows[i].out && err.code == code);
		CHECK(strcmp(err.reason, rows[i].reason) == 0);
		CHECK(strcmp(err.text, "keeper: because") == 0);
		CHECK(in.left == 77);
	}
}

/* Refusals cut short, with something behind them, of an unknown status. */
static void
answer_refused(void)
{
	SP_AUTO_BUF b = keeper_message_new();
	struct sp_err why = { .code = SP_OK };
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = SP_CODE_COUNT;
	struct sp_in in = { .left = 77 };

	(void)sp_fail(&why, SP_E_DENIED, "because");
	keeper_answer_error(&b, &why);
	for (size_t len = 0; len < b.len - KEEPER_HEAD; len++)
		CHECK(!keeper_answer_parse(
		    b.at + KEEPER_HEAD, len, &code, &in, &err));
	sp_buf_u8(&b, 0);
	CHECK(!keeper_answer_parse(
	    b.at + KEEPER_HEAD, b.len - KEEPER_HEAD, &code, &in, &err));
	b.len--;
	b.at[KEEPER_HEAD + 1] = 10;
	CHECK(!keeper_answer_parse(
	    b.at + KEEPER_HEAD, b.len - KEEPER_HEAD, &code, &in, &err));
	b.at[KEEPER_HEAD + 1] = 4;
	b.at[KEEPER_HEAD] = 2;
	CHECK(!keeper_answer_parse(
	    b.at + KEEPER_HEAD, b.len - KEEPER_HEAD, &code, &in, &err));
	CHECK(code == SP_CODE_COUNT && in.left == 77 && err.code == SP_OK);
}

struct wire {
	int a;
	int b;
};

static struct wire
wire_new(void)
{
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	return (struct wire){ pair[0], pair[1] };
}

static void
wire_done(struct wire *w)
{
	CHECK(close(w->a) == 0 && close(w->b) == 0);
}

static int64_t
soon(void)
{
	return sp_ticks() + 20 * SP_SECOND;
}

static void
sent_is_received(void)
{
	struct wire w = wire_new();
	SP_AUTO_BUF out = keeper_message_new();
	SP_AUTO_BUF in = keeper_message_new();
	struct sp_err err = { .code = SP_OK };

	for (size_t len = 0; len <= KEEPER_BODY_MAX - 2; len += 73) {
		sp_buf_clear(&out);
		keeper_request_start(&out, KEEPER_SIGN);
		for (size_t i = 0; i < len; i++)
			sp_buf_u8(&out, (uint8_t)(i * 7));
		CHECK_OK(keeper_message_send(w.a, &out, soon(), &err), &err);
		CHECK_OK(keeper_message_receive(w.b, &in, soon(), &err), &err);
		CHECK(in.len == len + 2);
		CHECK(memcmp(in.at, out.at + KEEPER_HEAD, in.len) == 0);
	}
	wire_done(&w);
}

static void *
drip(void *arg)
{
	const struct wire *w = arg;
	static const uint8_t bytes[] = { 0, 0, 0, 3, 1, 6, 9 };

	for (size_t i = 0; i < sizeof(bytes); i++)
		CHECK(send(w->a, &bytes[i], 1, MSG_NOSIGNAL) == 1);
	return NULL;
}

static void
received_byte_by_byte(void)
{
	struct wire w = wire_new();
	SP_AUTO_BUF in = keeper_message_new();
	struct sp_err err = { .code = SP_OK };
	pthread_t t;

	CHECK(pthread_create(&t, NULL, drip, &w) == 0);
	CHECK_OK(keeper_message_receive(w.b, &in, soon(), &err), &err);
	CHECK(in.len == 3 && in.at[2] == 9);
	CHECK(pthread_join(t, NULL) == 0);
	wire_done(&w);
}

/* Lengths that lie, and ends in every place: away, without waiting. */
static void
received_nonsense(void)
{
	static const uint8_t whole[] = { 0, 0, 0, 3, 1, 6, 9 };
	static const uint8_t bad[][4] = { { 0, 0, 0, 0 }, { 0, 0, 4, 1 },
		{ 255, 255, 255, 255 }, { 128, 0, 0, 2 } };
	SP_AUTO_BUF in = keeper_message_new();
	struct sp_err err = { .code = SP_OK };

	for (size_t len = 0; len < sizeof(whole); len++) {
		struct wire w = wire_new();

		CHECK(send(w.a, whole, len, 0) == (ssize_t)len);
		CHECK(shutdown(w.a, SHUT_WR) == 0);
		CHECK_CODE(keeper_message_receive(w.b, &in, soon(), &err),
		    SP_E_UNAVAIL, &err);
		CHECK(strcmp(err.reason, "keeper.away") == 0);
		wire_done(&w);
	}
	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		struct wire w = wire_new();

		CHECK(send(w.a, bad[i], 4, 0) == 4);
		CHECK_CODE(keeper_message_receive(w.b, &in, soon(), &err),
		    SP_E_UNAVAIL, &err);
		wire_done(&w);
	}
}

static void
deadline_ends_waiting(void)
{
	struct wire w = wire_new();
	SP_AUTO_BUF b = keeper_message_new();
	struct sp_err err = { .code = SP_OK };
	int64_t from = sp_ticks();
	enum sp_code code = SP_OK;

	CHECK_CODE(keeper_message_receive(w.b, &b, from + SP_SECOND / 20, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(sp_ticks() - from >= SP_SECOND / 20);
	/* A peer that reads nothing: its buffer fills. */
	for (int i = 0; code == SP_OK && i < 100000; i++) {
		sp_buf_clear(&b);
		keeper_request_start(&b, KEEPER_SIGN);
		(void)sp_buf_extend(&b, 1000);
		code = keeper_message_send(
		    w.a, &b, sp_ticks() + SP_SECOND / 20, &err);
	}
	CHECK(code == SP_E_UNAVAIL && strcmp(err.reason, "keeper.away") == 0);
	wire_done(&w);
}

static void
sending_to_nobody(void)
{
	struct wire w = wire_new();
	SP_AUTO_BUF b = keeper_message_new();
	struct sp_err err = { .code = SP_OK };

	CHECK(close(w.b) == 0);
	keeper_request_start(&b, KEEPER_PING);
	CHECK_CODE(
	    keeper_message_send(w.a, &b, soon(), &err), SP_E_UNAVAIL, &err);
	CHECK(close(w.a) == 0);
}

static void
too_large_is_not_sent(void)
{
	SP_AUTO_BUF b = keeper_message_new();
	struct sp_err err = { .code = SP_OK };

	keeper_request_start(&b, KEEPER_SIGN);
	(void)sp_buf_extend(&b, KEEPER_BODY_MAX);
	CHECK_CODE(keeper_message_send(-1, &b, soon(), &err), SP_E_LIMIT, &err);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "numbers never change", numbers_stay },
		{ "each request is read back", request_round_trip },
		{ "what is no request is refused", request_refused },
		{ "each request has a largest body", request_too_large },
		{ "an answer is read back", answer_round_trip },
		{ "each refusal is read back", refusal_round_trip },
		{ "what is no answer is refused", answer_refused },
		{ "what is sent is received", sent_is_received },
		{ "a message may come byte by byte", received_byte_by_byte },
		{ "lies about length and early ends", received_nonsense },
		{ "a deadline ends waiting", deadline_ends_waiting },
		{ "sending to a closed socket", sending_to_nobody },
		{ "a message too large is not sent", too_large_is_not_sent },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
