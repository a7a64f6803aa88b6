#include "signin/signin_fixture.h"

static enum sp_code
accept(struct signin_fixture *s, const char *text, struct signin_step *out)
{
	CRYPTO_AUTO_SECRET password =
	    crypto_secret_from(FIXTURE_PASSWORD, strlen(FIXTURE_PASSWORD));

	return signin_ceremony_accept(
	    &s->place, &s->from, text, password, out, &s->err);
}

static void
good_once_and_for_72_hours(void)
{
	struct signin_fixture s;
	struct signin_step step;
	char first[GATE_TEXT_MAX], second[GATE_TEXT_MAX];

	fixture_open(&s);
	fixture_invite(&s, first);
	fixture_invite(&s, second);
	CHECK_SIGNIN(
	    accept(&s, first, &step), SP_E_UNKNOWN, "invite.unknown", &s);
	fixture_later(&s, FIXTURE_HOURS(72));
	CHECK_SIGNIN(
	    accept(&s, second, &step), SP_E_UNKNOWN, "invite.unknown", &s);
	fixture_later(&s, -1);
	CHECK_OK(accept(&s, second, &step), &s.err);
	CHECK_SIGNIN(
	    accept(&s, second, &step), SP_E_UNKNOWN, "invite.unknown", &s);
	CHECK_SIGNIN(accept(&s, "spe_nothing", &step), SP_E_UNKNOWN,
	    "invite.unknown", &s);
	CHECK(people_fixture_count(&s.f, second) == 0);
	fixture_close(&s);
}

static enum sp_code
make_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	const struct people_fixture_op *op = arg;
	char text[GATE_TEXT_MAX];
	sp_time expires;

	return signin_invite_make(a, &op->id, op->at, text, &expires, err);
}

static void
for_whom_there_is_none(void)
{
	struct signin_fixture s;
	struct signin_step step;
	struct people_fixture_op op;
	char text[GATE_TEXT_MAX];

	fixture_open(&s);
	op = (struct people_fixture_op){ .id = s.person, .at = 73 };
	CHECK_REASON(people_fixture_do(&s.f, make_fn, &op), SP_E_INVALID,
	    "invite.hours", &s.f);
	op.at = 0;
	CHECK_REASON(people_fixture_do(&s.f, make_fn, &op), SP_E_INVALID,
	    "invite.hours", &s.f);
	op = (struct people_fixture_op){ .id = sp_id_new(), .at = 1 };
	CHECK_REASON(people_fixture_do(&s.f, make_fn, &op), SP_E_NOTFOUND,
	    "person.unknown", &s.f);
	/* Disabled meanwhile: it opens nothing. */
	fixture_invite(&s, text);
	op = (struct people_fixture_op){ .id = s.person,
		.reason = PEOPLE_REQUESTED };
	CHECK_OK(people_fixture_disable(&s.f, &op), &s.f.err);
	CHECK_SIGNIN(
	    accept(&s, text, &step), SP_E_UNKNOWN, "person.inactive", &s);
	op = (struct people_fixture_op){ .id = s.person, .at = 1 };
	CHECK_REASON(people_fixture_do(&s.f, make_fn, &op), SP_E_CONFLICT,
	    "person.state", &s.f);
	fixture_close(&s);
}

/* What is over stays over, though the clock be set back. */
static void
a_clock_set_back_revives_none(void)
{
	struct signin_fixture s;
	struct signin_step step;
	char text[GATE_TEXT_MAX];
	bool due = false;

	fixture_open(&s);
	fixture_invite(&s, text);
	CHECK_OK(signin_session_due(
		     s.f.reader, s.f.rules, fixture_now, &due, &s.err),
	    &s.err);
	CHECK(!due);
	fixture_later(&s, FIXTURE_HOURS(72));
	CHECK_OK(signin_session_due(
		     s.f.reader, s.f.rules, fixture_now, &due, &s.err),
	    &s.err);
	CHECK(due);
	CHECK_OK(people_fixture_do(&s.f, fixture_tick_fn, NULL), &s.f.err);
	fixture_later(&s, -FIXTURE_HOURS(71));
	CHECK_SIGNIN(
	    accept(&s, text, &step), SP_E_UNKNOWN, "invite.unknown", &s);
	/* One that is not over outlives the tick. */
	fixture_invite(&s, text);
	CHECK_OK(people_fixture_do(&s.f, fixture_tick_fn, NULL), &s.f.err);
	CHECK_OK(accept(&s, text, &step), &s.err);
	fixture_close(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "good once and for 72 hours", good_once_and_for_72_hours },
		{ "for whom there is none", for_whom_there_is_none },
		{ "a clock set back revives none",
		    a_clock_set_back_revives_none },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
