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

/* --- whoever made it may know it --- */

static enum sp_code
stays(struct people_fixture *f, struct people_fixture_op *op)
{
	(void)f;
	(void)op;
	return SP_OK;
}

static enum sp_code
back(struct people_fixture *f, struct people_fixture_op *op)
{
	SP_TRY(people_fixture_disable(f, op));
	return people_fixture_enable(f, op);
}

static enum sp_code
tomorrow(struct people_fixture *f, struct people_fixture_op *op)
{
	op->at = f->now + FIXTURE_HOURS(1);
	return people_fixture_terminate(f, op);
}

static void
it_ends_with_whoever_made_it(void)
{
	static const struct {
		enum sp_code (*fate)(
		    struct people_fixture *f, struct people_fixture_op *op);
		struct people_fixture_op op;
		bool good, later; /* and two hours later */
	} rows[] = {
		{ stays, { .s = NULL }, true, true },
		{ people_fixture_disable, { .reason = PEOPLE_LOCKED }, true,
		    true },
		{ people_fixture_disable, { .reason = PEOPLE_REQUESTED }, false,
		    false },
		{ people_fixture_disable, { .reason = PEOPLE_RISK }, false,
		    false },
		{ back, { .reason = PEOPLE_REQUESTED }, false, false },
		{ people_fixture_role, { .s = "officer" }, false, false },
		{ people_fixture_transfer,
		    { .s = "Traffic", .t = "administrator" }, false, false },
		{ people_fixture_terminate, { .at = 0 }, false, false },
		{ tomorrow, { .at = 0 }, true, false },
	};

	for (size_t n = 0; n < 8 * SP_COUNTOF(rows); n++) {
		size_t i = n / 8;
		/* Made by a fast clock, that is set back before the rest. */
		sp_time fast = n % 8 >= 4 ? FIXTURE_MINUTES(10) : 0;
		bool token = n % 2 == 1, later = n % 4 >= 2;
		bool good = later ? rows[i].later : rows[i].good;
		struct people_fixture_op op = rows[i].op;
		struct signin_fixture s;
		struct signin_step step;
		struct people_by site;
		struct sp_id eve;
		char text[GATE_TEXT_MAX], other[GATE_TEXT_MAX];

		fixture_open(&s);
		eve = people_fixture_person(&s.f, "Eve Poe", "administrator");
		fixture_later(&s, SP_SECOND);
		site = s.f.by;
		s.f.by.kind = token ? "token" : "person";
		s.f.by.id = token ? sp_id_new() : eve;
		if (token)
			s.f.by.issuer = eve;
		else
			s.f.by.person = eve;
		fixture_later(&s, fast);
		fixture_invite(&s, text);
		s.f.by = site;
		fixture_later(&s, SP_SECOND - fast);
		op.id = eve;
		CHECK_OK(rows[i].fate(&s.f, &op), &s.f.err);
		fixture_later(&s, fast + (later ? FIXTURE_HOURS(2) : 1));
		if (good) {
			CHECK_OK(accept(&s, text, &step), &s.err);
		} else {
			CHECK_SIGNIN(accept(&s, text, &step), SP_E_UNKNOWN,
			    "invite.unknown", &s);
			/* Told to nobody apart from what was never made. */
			memcpy(other, s.err.text, sizeof(other));
			CHECK_SIGNIN(accept(&s, "spe_nothing", &step),
			    SP_E_UNKNOWN, "invite.unknown", &s);
			CHECK(memcmp(other, s.err.text, sizeof(other)) == 0);
			/* Another one is needed, and is good. */
			fixture_invite(&s, text);
			CHECK_OK(accept(&s, text, &step), &s.err);
		}
		fixture_close(&s);
	}
}

/* Whoever had linked an account of theirs elsewhere to this one is out, in the
 * same act or not at all. */
static void
links_elsewhere_are_forgotten(void)
{
	struct signin_fixture s;
	struct signin_step step;
	char text[GATE_TEXT_MAX];
	uint64_t size;

	fixture_open(&s);
	fixture_invite(&s, text);
	fixture_unlinked = (struct sp_id){ .b = { 0 } };
	size = ledger_log_size(s.f.log);
	fixture_unlink_fails = true;
	CHECK_CODE(accept(&s, text, &step), SP_E_UNAVAIL, &s.err);
	fixture_unlink_fails = false;
	CHECK(ledger_log_size(s.f.log) == size);
	CHECK_OK(accept(&s, text, &step), &s.err);
	CHECK(sp_id_equal(&fixture_unlinked, &s.person));
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
		{ "it ends with whoever made it",
		    it_ends_with_whoever_made_it },
		{ "links elsewhere are forgotten",
		    links_elsewhere_are_forgotten },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
