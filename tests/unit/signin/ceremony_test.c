#include "signin/signin_fixture.h"

static void
the_whole_ceremony(void)
{
	struct signin_fixture s;
	struct signin_step open, first, second, third;
	struct gate_caller who;

	fixture_open(&s);
	open = fixture_enrol(&s);
	CHECK_OK(fixture_know(&s, open.text, &who), &s.err);
	CHECK(who.is.session == GATE_SESSION_OPEN);
	CHECK(who.is.factor == GATE_FACTOR_SECOND);
	CHECK(sp_id_equal(&who.person, &s.person));
	CHECK(people_fixture_count(&s.f, "\"session.opened\"") == 1);
	CHECK(people_fixture_count(&s.f, "\"credential.enrolled\"") == 1);

	/* Each step's text is nobody's after the next. */
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &first), &s.err);
	CHECK(first.stage == SIGNIN_FACTOR);
	CHECK((first.factors & SIGNIN_HAS(SIGNIN_TOTP)) != 0);
	CHECK((first.factors & SIGNIN_HAS_RECOVERY) != 0);
	CHECK_OK(fixture_know(&s, first.text, &who), &s.err);
	CHECK(who.is.session == GATE_SESSION_NONE);
	CHECK(who.is.factor == GATE_FACTOR_SINGLE);
	CHECK_OK(
	    fixture_code(&s, first.text, fixture_totp(&s, 0), false, &second),
	    &s.err);
	CHECK_SIGNIN(fixture_know(&s, first.text, &who), SP_E_UNKNOWN,
	    "session.unknown", &s);
	CHECK_OK(fixture_know(&s, second.text, &who), &s.err);
	CHECK(who.is.session == GATE_SESSION_UNREAD);
	/* Steps out of their turn. */
	CHECK_SIGNIN(fixture_code(&s, second.text, "000000", false, &third),
	    SP_E_CONFLICT, "session.stage", &s);
	CHECK_OK(fixture_read(&s, second.text, &third), &s.err);
	CHECK_SIGNIN(fixture_read(&s, third.text, &second), SP_E_CONFLICT,
	    "session.stage", &s);
	CHECK(people_fixture_count(&s.f, FIXTURE_PASSWORD) == 0);
	CHECK(people_fixture_count(&s.f, s.secret) == 0);
	fixture_close(&s);
}

/* Whoever is turned away hears the same, for the same work: one derivation and
 * no fewer rows. */
static void
one_answer_for_the_same_work(void)
{
	struct signin_fixture s;
	struct signin_step step = { .expires = 1 };
	struct people_fixture_op off = { .reason = PEOPLE_REQUESTED };
	struct sp_err first;
	const char *login[4] = { NULL, "nobody.at.all", "not a login!", NULL };

	fixture_open(&s);
	(void)fixture_enrol(&s);
	off.id = people_fixture_person(&s.f, "Dora Lint", "officer");
	CHECK_OK(people_fixture_disable(&s.f, &off), &s.f.err);
	login[0] = s.login;
	login[3] = "dora.lint";
	for (size_t i = 0; i < SP_COUNTOF(login); i++) {
		int before = atomic_load(&fixture_derived);

		CHECK_SIGNIN(
		    fixture_login(&s, login[i], "not the password", &step),
		    SP_E_UNKNOWN, "signin.refused", &s);
		CHECK(atomic_load(&fixture_derived) - before == 1);
		CHECK(step.expires == 1 && step.text[0] == '\0');
		if (i == 0)
			first = s.err;
		CHECK(strcmp(first.text, s.err.text) == 0);
	}
	fixture_close(&s);
}

static void
codes_are_for_once(void)
{
	struct signin_fixture s;
	struct signin_step step, next;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	CHECK_OK(fixture_code(&s, step.text, fixture_totp(&s, 0), false, &next),
	    &s.err);
	/* The same step, and the one before it, are used up. */
	for (int64_t skew = 0; skew >= -1; skew--) {
		CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step),
		    &s.err);
		CHECK_SIGNIN(fixture_code(&s, step.text, fixture_totp(&s, skew),
				 false, &next),
		    SP_E_UNKNOWN, "signin.refused", &s);
	}
	/* A recovery code, too. */
	CHECK_OK(
	    fixture_code(&s, step.text, s.codes.code[3], true, &next), &s.err);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	CHECK_SIGNIN(fixture_code(&s, step.text, s.codes.code[3], true, &next),
	    SP_E_UNKNOWN, "signin.refused", &s);
	CHECK(people_fixture_count(&s.f, "\"left\":9") == 1);
	fixture_close(&s);
}

/* A password alone clears no count: whoever knows it cannot try codes for
 * ever. */
static void
knowing_the_password_gives_five_codes(void)
{
	struct signin_fixture s;
	struct signin_step step, next;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	for (int i = 0; i < 5; i++) {
		CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step),
		    &s.err);
		CHECK_SIGNIN(
		    fixture_code(&s, step.text, "999999x", false, &next),
		    SP_E_UNKNOWN, "signin.refused", &s);
	}
	CHECK_SIGNIN(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step),
	    SP_E_UNKNOWN, "signin.refused", &s);
	CHECK(people_fixture_get(&s.f, &s.person).reason == PEOPLE_LOCKED);
	fixture_close(&s);
}

static void
both_factors_again(void)
{
	struct signin_fixture s;
	struct signin_step open, step;
	struct signin_code c;
	CRYPTO_AUTO_SECRET right = NULL;
	CRYPTO_AUTO_SECRET wrong = NULL;
	struct gate_caller who;

	fixture_open(&s);
	open = fixture_enrol(&s);
	right = crypto_secret_from(FIXTURE_PASSWORD, strlen(FIXTURE_PASSWORD));
	wrong = crypto_secret_from("another one", 11);
	fixture_later(&s, FIXTURE_MINUTES(45));
	CHECK_OK(fixture_know(&s, open.text, &who), &s.err);
	CHECK(who.is.session == GATE_SESSION_LOCKED);
	c = (struct signin_code){ open.text, fixture_totp(&s, 0), false };
	/* A code is not used up by who does not know the password. */
	CHECK_SIGNIN(
	    signin_ceremony_renew(&s.place, &s.from, &c, wrong, &step, &s.err),
	    SP_E_UNKNOWN, "signin.refused", &s);
	CHECK_OK(
	    signin_ceremony_renew(&s.place, &s.from, &c, right, &step, &s.err),
	    &s.err);
	CHECK(step.stage == SIGNIN_OPEN);
	CHECK_SIGNIN(fixture_know(&s, open.text, &who), SP_E_UNKNOWN,
	    "session.unknown", &s);
	CHECK_OK(fixture_know(&s, step.text, &who), &s.err);
	CHECK(who.is.session == GATE_SESSION_OPEN && who.is.since_proof == 0);
	CHECK(people_fixture_count(&s.f, "\"session.renewed\"") == 1);
	fixture_close(&s);
}

/* A year later, or when the list has grown, the password must be another. */
static void
an_old_password_must_change(void)
{
	struct signin_fixture s;
	struct signin_step open, step, next;
	struct signin_change c = { .open = false };
	CRYPTO_AUTO_SECRET old = NULL;
	CRYPTO_AUTO_SECRET fresh = NULL;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	/* In use meanwhile, or the account would end by itself. */
	for (int i = 0; i < 5; i++) {
		fixture_later(&s, FIXTURE_DAYS(80));
		if (i < 4)
			(void)fixture_sign_in(&s);
	}
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	CHECK_OK(fixture_code(&s, step.text, fixture_totp(&s, 0), false, &next),
	    &s.err);
	CHECK(next.stage == SIGNIN_CHANGE);
	old = crypto_secret_from(FIXTURE_PASSWORD, strlen(FIXTURE_PASSWORD));
	fresh = crypto_secret_from("nine narrow bridges", 19);
	c.text = next.text;
	c.old = c.password = old;
	CHECK_SIGNIN(
	    signin_ceremony_change(&s.place, &s.from, &c, &step, &s.err),
	    SP_E_INVALID, "password.same", &s);
	c.password = fresh;
	CHECK_OK(signin_ceremony_change(&s.place, &s.from, &c, &step, &s.err),
	    &s.err);
	CHECK(step.stage == SIGNIN_NOTICE);
	CHECK_OK(fixture_read(&s, step.text, &open), &s.err);
	CHECK_SIGNIN(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step),
	    SP_E_UNKNOWN, "signin.refused", &s);
	fixture_close(&s);
}

/* An invitation takes away whatever opened the account before. */
static void
enrolling_anew(void)
{
	struct signin_fixture s;
	struct signin_step before, after, step;
	struct gate_caller who;

	fixture_open(&s);
	before = fixture_enrol(&s);
	after = fixture_enrol(&s);
	CHECK_SIGNIN(fixture_know(&s, before.text, &who), SP_E_UNKNOWN,
	    "session.ended", &s);
	CHECK_OK(fixture_know(&s, after.text, &who), &s.err);
	CHECK(people_fixture_count(&s.f, "\"credential.removed\"") == 1);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	CHECK(atomic_load(&fixture_cut) > 0);
	fixture_close(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the whole ceremony", the_whole_ceremony },
		{ "one answer, for the same work",
		    one_answer_for_the_same_work },
		{ "codes are for once", codes_are_for_once },
		{ "knowing the password gives five codes",
		    knowing_the_password_gives_five_codes },
		{ "both factors again", both_factors_again },
		{ "an old password must change", an_old_password_must_change },
		{ "enrolling anew", enrolling_anew },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
