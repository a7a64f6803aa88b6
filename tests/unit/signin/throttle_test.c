#include "signin/signin_fixture.h"

#include <pthread.h>

static enum people_reason
reason(struct signin_fixture *s)
{
	return people_fixture_get(&s->f, &s->person).reason;
}

static void
fail_once(struct signin_fixture *s)
{
	struct signin_step step;

	CHECK_SIGNIN(fixture_login(s, s->login, "not the password", &step),
	    SP_E_UNKNOWN, "signin.refused", s);
}

/* Five within fifteen minutes lock; the window moves. */
static void
five_in_fifteen_minutes(void)
{
	struct signin_fixture s;
	struct signin_step step;
	struct people_fixture_op op;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	for (int i = 0; i < 4; i++)
		fail_once(&s);
	fixture_later(&s, FIXTURE_MINUTES(15));
	for (int i = 0; i < 4; i++)
		fail_once(&s);
	CHECK(reason(&s) == PEOPLE_NO_REASON);
	fail_once(&s);
	CHECK(reason(&s) == PEOPLE_LOCKED);
	/* The right password is of no use, nor is time. */
	fixture_later(&s, FIXTURE_HOURS(20));
	CHECK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step) ==
	    SP_E_UNKNOWN);
	op = (struct people_fixture_op){ .id = s.person };
	CHECK_OK(people_fixture_enable(&s.f, &op), &s.f.err);
	fixture_later(&s, SP_SECOND);
	/* And what was before does not count any more. */
	for (int i = 0; i < 4; i++)
		fail_once(&s);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	fixture_close(&s);
}

/* Whoever knows a login can have its password refused, and no more: the owner's
 * session goes on, but what wants the password in it is closed as well, and
 * what somebody opened with one factor is worth nothing. */
static void
a_lock_ends_nothing(void)
{
	struct signin_fixture s;
	struct signin_step open, half, step;
	struct people_fixture_op op;
	struct gate_caller who;
	CRYPTO_AUTO_SECRET right =
	    crypto_secret_from(FIXTURE_PASSWORD, strlen(FIXTURE_PASSWORD));
	struct signin_code c;

	fixture_open(&s);
	open = fixture_enrol(&s);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &half), &s.err);
	for (int i = 0; i < 5; i++)
		fail_once(&s);
	CHECK(reason(&s) == PEOPLE_LOCKED);
	CHECK_OK(fixture_know(&s, open.text, &who), &s.err);
	CHECK(sp_id_equal(&who.person, &s.person));
	CHECK(who.is.session == GATE_SESSION_OPEN);
	CHECK_SIGNIN(
	    fixture_code(&s, half.text, fixture_totp(&s, 0), false, &step),
	    SP_E_UNKNOWN, "session.void", &s);
	c = (struct signin_code){ open.text, fixture_totp(&s, 0), false };
	CHECK_SIGNIN(
	    signin_ceremony_renew(&s.place, &s.from, &c, right, &step, &s.err),
	    SP_E_UNKNOWN, "signin.refused", &s);
	/* Released, it is still the same session. */
	op = (struct people_fixture_op){ .id = s.person };
	CHECK_OK(people_fixture_enable(&s.f, &op), &s.f.err);
	CHECK_OK(fixture_know(&s, open.text, &who), &s.err);
	/* A graver reason ends it all the same. */
	fixture_later(&s, SP_SECOND);
	for (int i = 0; i < 5; i++)
		fail_once(&s);
	CHECK(reason(&s) == PEOPLE_LOCKED);
	op.reason = PEOPLE_REQUESTED;
	CHECK_OK(people_fixture_disable(&s.f, &op), &s.f.err);
	CHECK_SIGNIN(fixture_know(&s, open.text, &who), SP_E_UNKNOWN,
	    "session.void", &s);
	fixture_close(&s);
}

/* Slow guessing ends too. */
static void
a_hundred_in_a_row(void)
{
	struct signin_fixture s;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	for (int i = 0; i < 100; i++) {
		CHECK(reason(&s) == PEOPLE_NO_REASON);
		fail_once(&s);
		fixture_later(&s, FIXTURE_MINUTES(16));
	}
	CHECK(reason(&s) == PEOPLE_LOCKED);
	fixture_close(&s);
}

static int64_t
rows(struct signin_fixture *s)
{
	static const struct db_sql count = {
		"SELECT count(*) FROM signin_failure WHERE person = ?1",
	};
	DB_LENT(reader, s->readers);
	DB_STMT st = db_use(reader.db, &count);
	bool found = false;

	db_bind_blob(st, 1, s->person.b, SP_ID_LEN);
	CHECK_OK(db_row(st, &found, &s->err), &s->err);
	return db_col_i64(st, 0);
}

/* However long somebody tries an account that is shut, no more rows are kept
 * than the window has; once it is open again those that count are. */
static void
what_counts_no_more_goes(void)
{
	struct signin_fixture s;
	struct people_fixture_op op;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	for (int i = 0; i < 5; i++)
		fail_once(&s);
	CHECK(reason(&s) == PEOPLE_LOCKED);
	for (int i = 0; i < 40; i++) {
		fixture_later(&s, FIXTURE_MINUTES(1));
		fail_once(&s);
		CHECK(rows(&s) <= 5 + 16);
	}
	CHECK(rows(&s) >= 14 && rows(&s) <= 16);
	op = (struct people_fixture_op){ .id = s.person };
	CHECK_OK(people_fixture_enable(&s.f, &op), &s.f.err);
	fixture_later(&s, FIXTURE_MINUTES(16));
	for (int i = 0; i < 3; i++) {
		fail_once(&s);
		CHECK(rows(&s) == i + 1);
		fixture_later(&s, FIXTURE_HOURS(2));
	}
	CHECK(reason(&s) == PEOPLE_NO_REASON);
	fixture_close(&s);
}

static void
two_factors_clear_it(void)
{
	struct signin_fixture s;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 4; i++)
			fail_once(&s);
		(void)fixture_sign_in(&s);
	}
	CHECK(reason(&s) == PEOPLE_NO_REASON);
	fixture_close(&s);
}

/* What failed is durable before it is said: another process, which sees only
 * what is on disk, counts it. */
static void
a_restart_forgets_nothing(void)
{
	struct signin_fixture s;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	for (int i = 0; i < 4; i++) {
		DB_AUTO other = NULL;
		struct people_person p;
		struct signin_failures n = { .all = 0 };

		fail_once(&s);
		CHECK_OK(db_open(&other, s.f.db_path, DB_READ, &s.err), &s.err);
		p = people_fixture_get(&s.f, &s.person);
		CHECK_OK(signin_throttle_count(
			     other, s.f.rules, &p, fixture_now, &n, &s.err),
		    &s.err);
		CHECK(n.within == i + 1 && n.all == i + 1);
	}
	fixture_close(&s);
}

/* Stuffing across accounts from one place is slowed, not shut out, and seen;
 * others go on. */
static void
an_address_is_slowed(void)
{
	struct signin_fixture s;
	struct signin_step step;
	struct signin_from here;
	int looked = 0;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	here = s.from;
	s.from.address = "2001:db8::1";
	for (int i = 0; i < 200; i++) {
		char login[32];

		(void)snprintf(login, sizeof(login), "user%d", i);
		/* The whole /64 is one. */
		s.from.address =
		    i % 2 == 0 ? "2001:db8::1" : "2001:db8::ffff:2";
		if (fixture_login(&s, login, "a password", &step) ==
		    SP_E_UNKNOWN)
			looked++;
		else
			CHECK(s.err.code == SP_E_LIMIT &&
			    strcmp(s.err.reason, "signin.pace") == 0);
		fixture_later(&s, SP_SECOND);
	}
	CHECK(looked >= SIGNIN_ADDRESS_FAILURES && looked < 70);
	CHECK(people_fixture_count(&s.f, "\"session.throttled\"") == 1);
	/* Of logins that nobody has, an entry a minute. */
	CHECK(people_fixture_count(&s.f, "\"session.refused\"") <= 5);
	/* A neighbour there waits for their turn. */
	fixture_later(&s, SIGNIN_ADDRESS_PACE);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	s.from = here;
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	fixture_close(&s);
}

/* However fast the clock was when the account was added: every guess counts. */
static void
a_clock_set_back_lets_nobody_guess(void)
{
	struct signin_fixture s;
	struct people_fixture_op op;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	fixture_later(&s, -FIXTURE_HOURS(1));
	for (int i = 0; i < 5; i++) {
		CHECK(reason(&s) == PEOPLE_NO_REASON);
		fail_once(&s);
	}
	CHECK(reason(&s) == PEOPLE_LOCKED);
	/* And was it fast when it was enabled. */
	fixture_later(&s, FIXTURE_HOURS(1));
	op = (struct people_fixture_op){ .id = s.person };
	CHECK_OK(people_fixture_enable(&s.f, &op), &s.f.err);
	fixture_later(&s, -FIXTURE_HOURS(1));
	for (int i = 0; i < 5; i++) {
		CHECK(reason(&s) == PEOPLE_NO_REASON);
		fail_once(&s);
	}
	CHECK(reason(&s) == PEOPLE_LOCKED);
	fixture_close(&s);
}

/* What was before an account was enabled does not count, though its time says
 * that it was later. */
static void
a_clock_set_back_counts_nothing_again(void)
{
	struct signin_fixture s;
	struct people_fixture_op op;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	fixture_later(&s, FIXTURE_HOURS(1));
	for (int i = 0; i < 5; i++)
		fail_once(&s);
	CHECK(reason(&s) == PEOPLE_LOCKED);
	fixture_later(&s, -FIXTURE_HOURS(1));
	op = (struct people_fixture_op){ .id = s.person };
	CHECK_OK(people_fixture_enable(&s.f, &op), &s.f.err);
	for (int i = 0; i < 4; i++)
		fail_once(&s);
	CHECK(reason(&s) == PEOPLE_NO_REASON);
	fail_once(&s);
	CHECK(reason(&s) == PEOPLE_LOCKED);
	fixture_close(&s);
}

/* Nor is a place shut out until the time that the clock had shown. */
static void
a_clock_set_back_shuts_no_place_out(void)
{
	struct signin_fixture s;
	struct signin_step step;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	fixture_later(&s, FIXTURE_HOURS(2));
	for (int i = 0; i < SIGNIN_ADDRESS_FAILURES; i++) {
		char login[32];

		(void)snprintf(login, sizeof(login), "user%d", i);
		CHECK(fixture_login(&s, login, "a password", &step) ==
		    SP_E_UNKNOWN);
	}
	CHECK_SIGNIN(fixture_login(&s, "user", "a password", &step), SP_E_LIMIT,
	    "signin.pace", &s);
	fixture_later(&s, -FIXTURE_HOURS(2));
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	/* Slowed it is all the same. */
	CHECK(fixture_login(&s, "user", "a password", &step) == SP_E_UNKNOWN);
	CHECK_SIGNIN(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step),
	    SP_E_LIMIT, "signin.pace", &s);
	fixture_later(&s, SIGNIN_ADDRESS_PACE);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	fixture_close(&s);
}

/* Guesses at the same time: no more of them count than in turn. */
static void *
guess(void *arg)
{
	struct signin_fixture *s = arg;
	struct signin_step step;
	struct sp_err err;
	CRYPTO_AUTO_SECRET secret = crypto_secret_from("wrong one here", 14);
	struct signin_login l = { s->login, secret };

	CHECK(signin_ceremony_password(&s->place, &s->from, &l, &step, &err) !=
	    SP_OK);
	return NULL;
}

static void
at_the_same_time(void)
{
	struct signin_fixture s;
	struct signin_step step;
	pthread_t thread[20];

	fixture_open(&s);
	(void)fixture_enrol(&s);
	for (size_t i = 0; i < SP_COUNTOF(thread); i++)
		CHECK(pthread_create(&thread[i], NULL, guess, &s) == 0);
	for (size_t i = 0; i < SP_COUNTOF(thread); i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	CHECK(reason(&s) == PEOPLE_LOCKED);
	CHECK(people_fixture_count(&s.f, "\"code\":\"password\"") == 5);
	CHECK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step) ==
	    SP_E_UNKNOWN);
	fixture_close(&s);
}

struct flooding {
	struct signin_fixture *s;
	int number;
	enum sp_code code;
};

static void *
flood(void *arg)
{
	struct flooding *f = arg;
	struct signin_step step;
	struct sp_err err;
	char login[32];
	CRYPTO_AUTO_SECRET secret = crypto_secret_from("wrong one here", 14);
	struct signin_login l = { login, secret };

	(void)snprintf(login, sizeof(login), "nobody%d", f->number);
	f->code = signin_ceremony_password(
	    &f->s->place, &f->s->from, &l, &step, &err);
	return NULL;
}

/* A hundred at the same time, each of another login: no more are looked at than
 * in turn, and no more are derived; afterwards the next one waits its turn, and
 * elsewhere nobody does. */
static void
a_flood_is_paced_as_a_trickle_is(void)
{
	struct signin_fixture s;
	struct flooding f[100];
	pthread_t thread[SP_COUNTOF(f)];
	struct signin_step step;
	int looked = 0, before;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	before = atomic_load(&fixture_derived);
	for (size_t i = 0; i < SP_COUNTOF(f); i++) {
		f[i] = (struct flooding){ .s = &s, .number = (int)i };
		CHECK(pthread_create(&thread[i], NULL, flood, &f[i]) == 0);
	}
	for (size_t i = 0; i < SP_COUNTOF(f); i++) {
		CHECK(pthread_join(thread[i], NULL) == 0);
		CHECK(f[i].code == SP_E_UNKNOWN || f[i].code == SP_E_LIMIT);
		looked += f[i].code == SP_E_UNKNOWN;
	}
	CHECK(looked > 0 && looked <= SIGNIN_ADDRESS_FAILURES);
	CHECK(atomic_load(&fixture_derived) - before == looked);
	s.from.address = "192.0.2.8";
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	fixture_close(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "five in fifteen minutes", five_in_fifteen_minutes },
		{ "a lock ends nothing", a_lock_ends_nothing },
		{ "a hundred in a row", a_hundred_in_a_row },
		{ "what counts no more goes", what_counts_no_more_goes },
		{ "two factors clear it", two_factors_clear_it },
		{ "a restart forgets nothing", a_restart_forgets_nothing },
		{ "an address is slowed", an_address_is_slowed },
		{ "a clock set back lets nobody guess",
		    a_clock_set_back_lets_nobody_guess },
		{ "a clock set back counts nothing again",
		    a_clock_set_back_counts_nothing_again },
		{ "a clock set back shuts no place out",
		    a_clock_set_back_shuts_no_place_out },
		{ "at the same time", at_the_same_time },
		{ "a flood is paced as a trickle is",
		    a_flood_is_paced_as_a_trickle_is },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
