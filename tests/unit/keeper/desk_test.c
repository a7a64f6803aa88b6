#include "keeper/desk.h"

#include "base/clock.h"
#include "keeper/request.h"
#include "keeper/scratch.h"

/* Time stands still unless a test moves it (linked with --wrap=sp_ticks). */
static int64_t now = SP_SECOND;

int64_t __wrap_sp_ticks(void);

int64_t
__wrap_sp_ticks(void)
{
	return now;
}

struct office {
	struct keeper_keyring *ring;
	struct keeper_desk *desk;
	struct sp_id agency;
};

static struct office
office_open(void)
{
	struct office o = { .agency = sp_id_new() };
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(keeper_keyring_in_memory(&o.ring, &err), &err);
	o.desk = keeper_desk_new(o.ring);
	CHECK(o.desk != NULL);
	return o;
}

static void
office_close(struct office *o)
{
	keeper_desk_free(o->desk);
	keeper_keyring_close(o->ring);
}

/* Ask with the message in `m`; the answer's fields are left in *in. */
static enum sp_code
ask(struct office *o, const struct sp_buf *m, struct sp_buf *answer,
    struct sp_in *in, struct sp_err *err)
{
	struct sp_buf body = { .at = m->at + KEEPER_HEAD,
		.len = m->len - KEEPER_HEAD };
	struct sp_err why = { .code = SP_OK };
	const char *name = NULL;
	enum sp_code said, told = SP_CODE_COUNT;

	sp_buf_clear(answer);
	said = keeper_desk_answer(o->desk, &body, answer, &name, &why);
	CHECK(name != NULL);
	CHECK(keeper_answer_parse(answer->at + KEEPER_HEAD,
	    answer->len - KEEPER_HEAD, &told, in, err));
	CHECK(told == said);
	return told;
}

static void
start(struct sp_buf *m, const struct office *o, enum keeper_request r)
{
	sp_buf_clear(m);
	keeper_request_start(m, r);
	if (r != KEEPER_PING)
		sp_buf_blob(m, o->agency.b, SP_ID_LEN);
}

static void
create(struct office *o)
{
	SP_AUTO_BUF m = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_err err = { .code = SP_OK };
	struct ledger_vkey vkey;
	struct sp_in in, text;

	start(&m, o, KEEPER_CREATE);
	sp_buf_blob(&m, "example.org/log", 15);
	CHECK_OK(ask(o, &m, &answer, &in, &err), &err);
	text = sp_in_blob(&in, KEEPER_BODY_MAX);
	CHECK(sp_in_done(&in));
	CHECK_OK(
	    ledger_vkey_parse((const char *)text.at, text.left, &vkey, &err),
	    &err);
	CHECK(strcmp(vkey.name, "example.org/log") == 0);
}

static const char checkpoint[] =
    "example.org/log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

static void
put_certify(
    struct sp_buf *m, const void *key, size_t len, sp_time from, sp_time until)
{
	struct sp_id device = sp_id_new();
	SP_AUTO_BUF times = sp_buf_new(16);

	sp_buf_blob(m, device.b, SP_ID_LEN);
	sp_buf_blob(m, key, len);
	sp_buf_u64be(&times, (uint64_t)from);
	sp_buf_u64be(&times, (uint64_t)until);
	sp_buf_blob(m, times.at, times.len);
}

/* A whole message of each kind that the desk says yes to. */
static void
fill(struct sp_buf *m, struct office *o, enum keeper_request r)
{
	SP_AUTO_BUF wrap = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_err err = { .code = SP_OK };
	uint8_t dek[32] = { 7 };
	struct sp_in in, id, wrapped;

	start(m, o, r);
	if (r == KEEPER_CREATE)
		sp_buf_blob(m, "example.org/log", 15);
	if (r == KEEPER_WRAP)
		sp_buf_blob(m, dek, sizeof(dek));
	if (r == KEEPER_SIGN)
		sp_buf_blob(m, checkpoint, strlen(checkpoint));
	if (r == KEEPER_CERTIFY)
		put_certify(
		    m, "\x30\x00", 2, sp_now(), sp_now() + 60 * SP_SECOND);
	if (r != KEEPER_UNWRAP)
		return;
	start(&wrap, o, KEEPER_WRAP);
	sp_buf_blob(&wrap, dek, sizeof(dek));
	CHECK_OK(ask(o, &wrap, &answer, &in, &err), &err);
	id = sp_in_blob(&in, SP_ID_LEN);
	wrapped = sp_in_blob(&in, KEEPER_WRAPPED_MAX);
	CHECK(sp_in_done(&in));
	sp_buf_blob(m, id.at, id.left);
	sp_buf_blob(m, wrapped.at, wrapped.left);
}

static void
each_request(void)
{
	struct office o = office_open();
	SP_AUTO_BUF m = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_err err = { .code = SP_OK };
	struct sp_in in, field;

	create(&o);
	fill(&m, &o, KEEPER_PING);
	CHECK_OK(ask(&o, &m, &answer, &in, &err), &err);
	CHECK(sp_in_done(&in));
	fill(&m, &o, KEEPER_UNWRAP);
	CHECK_OK(ask(&o, &m, &answer, &in, &err), &err);
	field = sp_in_blob(&in, 32);
	CHECK(sp_in_done(&in) && field.left == 32 && field.at[0] == 7);
	fill(&m, &o, KEEPER_SIGN);
	CHECK_OK(ask(&o, &m, &answer, &in, &err), &err);
	field = sp_in_blob(&in, KEEPER_BODY_MAX);
	CHECK(sp_in_done(&in) && field.left > 100);
	fill(&m, &o, KEEPER_CERTIFY);
	CHECK_OK(ask(&o, &m, &answer, &in, &err), &err);
	field = sp_in_blob(&in, KEEPER_BODY_MAX);
	CHECK(sp_in_done(&in) && field.left > 300 && field.at[0] == 0x30);
	fill(&m, &o, KEEPER_CREATE);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_CONFLICT, &err);
	office_close(&o);
}

/* Cut anywhere, or with a byte behind it, a request is malformed. */
static void
truncated(void)
{
	struct office o = office_open();
	SP_AUTO_BUF m = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_err err = { .code = SP_OK };
	struct sp_in in;

	create(&o);
	for (unsigned r = 0; r < KEEPER_REQUEST_COUNT; r++) {
		size_t whole;

		now += 60 * SP_SECOND;
		fill(&m, &o, (enum keeper_request)r);
		whole = m.len;
		for (m.len = KEEPER_HEAD; m.len < whole; m.len++) {
			now += SP_SECOND;
			CHECK_CODE(ask(&o, &m, &answer, &in, &err),
			    SP_E_INVALID, &err);
		}
		sp_buf_u8(&m, 0);
		CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_INVALID, &err);
	}
	office_close(&o);
}

static void
fields_refused(void)
{
	struct office o = office_open();
	SP_AUTO_BUF m = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_err err = { .code = SP_OK };
	static const uint8_t key[65] = { 1 };
	struct sp_in in;

	create(&o);
	keeper_request_start(&m, KEEPER_VKEY); /* an id that is too short */
	sp_buf_blob(&m, o.agency.b, SP_ID_LEN - 1);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_INVALID, &err);
	start(&m, &o, KEEPER_CREATE); /* a NUL inside */
	sp_buf_blob(&m, "a\0b", 3);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_INVALID, &err);
	start(&m, &o, KEEPER_WRAP);
	sp_buf_blob(&m, key, 15);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_INVALID, &err);
	start(&m, &o, KEEPER_WRAP);
	sp_buf_blob(&m, key, 65);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_INVALID, &err);
	start(&m, &o, KEEPER_UNWRAP);
	sp_buf_blob(&m, o.agency.b, SP_ID_LEN);
	sp_buf_blob(&m, key, 40);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_NOTFOUND, &err);
	start(&m, &o, KEEPER_CERTIFY); /* two elements are no key */
	put_certify(&m, "\x30\x00\xa3\x00", 4, sp_now(), sp_now() + SP_SECOND);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_DENIED, &err);
	start(&m, &o, KEEPER_CERTIFY); /* a text to be signed is none */
	put_certify(
	    &m, checkpoint, strlen(checkpoint), sp_now(), sp_now() + SP_SECOND);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_DENIED, &err);
	start(&m, &o, KEEPER_CERTIFY); /* times beyond all time */
	put_certify(&m, "\x30\x00", 2, sp_now(), INT64_MAX);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_DENIED, &err);
	start(&m, &o, KEEPER_CERTIFY);
	put_certify(&m, "\x30\x00", 2, sp_now(), INT64_MIN);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_DENIED, &err);
	start(&m, &o, KEEPER_CERTIFY);
	put_certify(&m, "\x30\x00", 2, INT64_MIN, INT64_MAX);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_DENIED, &err);
	o.agency = sp_id_new();
	start(&m, &o, KEEPER_VKEY);
	CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_NOTFOUND, &err);
	office_close(&o);
}

/* A burst, then none, then as many as the time that passes allows. */
static void
held_to_rate(void)
{
	static const enum keeper_request kinds[] = { KEEPER_PING, KEEPER_VKEY };

	for (size_t k = 0; k < SP_COUNTOF(kinds); k++) {
		struct office o = office_open();
		struct keeper_rate rate = keeper_request_rate(kinds[k]);
		SP_AUTO_BUF m = keeper_message_new();
		SP_AUTO_BUF answer = keeper_message_new();
		struct sp_err err = { .code = SP_OK };
		struct sp_in in;
		unsigned passed = 0;

		create(&o);
		fill(&m, &o, kinds[k]);
		for (unsigned i = 0; i < rate.burst; i++)
			CHECK_OK(ask(&o, &m, &answer, &in, &err), &err);
		CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_UNAVAIL, &err);
		CHECK(strcmp(err.reason, "keeper.busy") == 0);
		/* Half a second in steps no larger than one request. */
		for (int64_t t = 0; t < SP_SECOND / 2; t += 100) {
			now += 100;
			if (ask(&o, &m, &answer, &in, &err) == SP_OK)
				passed++;
		}
		CHECK(passed >= rate.per_second / 2 - 1 &&
		    passed <= rate.per_second / 2 + 1);
		/* However long it rests, a burst is all that is saved. */
		now += INT64_C(1000000) * SP_SECOND;
		for (unsigned i = 0; i < rate.burst; i++)
			CHECK_OK(ask(&o, &m, &answer, &in, &err), &err);
		CHECK_CODE(ask(&o, &m, &answer, &in, &err), SP_E_UNAVAIL, &err);
		office_close(&o);
	}
}

/* One kind's flood holds up no other kind. */
static void
rates_are_apart(void)
{
	struct office o = office_open();
	SP_AUTO_BUF ping = keeper_message_new();
	SP_AUTO_BUF sign = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_err err = { .code = SP_OK };
	struct sp_in in;

	create(&o);
	fill(&ping, &o, KEEPER_PING);
	fill(&sign, &o, KEEPER_SIGN);
	while (ask(&o, &ping, &answer, &in, &err) == SP_OK)
		;
	CHECK_OK(ask(&o, &sign, &answer, &in, &err), &err);
	office_close(&o);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "each request is answered", each_request },
		{ "every truncation is malformed", truncated },
		{ "malformed and unknown fields", fields_refused },
		{ "each kind is held to its rate", held_to_rate },
		{ "a flood of one kind holds up no other", rates_are_apart },
	};

	scratch_provider();
	return tap_run(cases, SP_COUNTOF(cases));
}
