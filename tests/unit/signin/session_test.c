#include "signin/signin_fixture.h"

/* Every time rule of an open session, at its edge. */
static void
times_of_a_session(void)
{
	struct signin_fixture s;
	static const struct {
		sp_time after;
		enum sp_code code;
		enum gate_session session;
		const char *reason;
	} at[] = {
		{ 0, SP_OK, GATE_SESSION_OPEN, NULL },
		{ FIXTURE_MINUTES(30) - 1, SP_OK, GATE_SESSION_OPEN, NULL },
		{ FIXTURE_MINUTES(30), SP_OK, GATE_SESSION_LOCKED, NULL },
		{ FIXTURE_MINUTES(60) - 1, SP_OK, GATE_SESSION_LOCKED, NULL },
		{ FIXTURE_MINUTES(60), SP_E_UNKNOWN, GATE_SESSION_NONE,
		    "session.expired" },
		/* A clock that has been set back makes nothing younger. */
		{ -FIXTURE_SECONDS(4), SP_OK, GATE_SESSION_OPEN, NULL },
		{ -FIXTURE_MINUTES(10), SP_E_UNKNOWN, GATE_SESSION_NONE,
		    "session.expired" },
	};

	fixture_open(&s);
	for (size_t i = 0; i < SP_COUNTOF(at); i++) {
		struct signin_step open;
		struct gate_caller who;
		sp_time began;

		if (i == 0)
			(void)fixture_enrol(&s);
		open = fixture_sign_in(&s);
		began = fixture_now;
		fixture_now += at[i].after;
		CHECK_CODE(
		    fixture_know(&s, open.text, &who), at[i].code, &s.err);
		if (at[i].code == SP_OK)
			CHECK(who.is.session == at[i].session &&
			    who.is.idle >= 0);
		else
			CHECK(strcmp(s.err.reason, at[i].reason) == 0);
		fixture_now = began;
	}
	fixture_close(&s);
}

static enum sp_code
touch_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	return signin_session_touch(a, arg, err);
}

/* A session that another house vouches for. */
struct vouched {
	struct signin_open open;
	struct signin_step step;
};

static enum gate_code
decide(const struct gate_caller *who, enum gate_act act)
{
	struct gate_facts f = gate_caller_facts(who, act);

	return gate_decide(&f).code;
}

/* However busy: after 12 hours both factors; after 15 minutes for what is
 * privileged. */
static void
a_busy_session_grows_old(void)
{
	struct signin_fixture s;
	struct signin_step open;
	struct gate_caller who;

	fixture_open(&s);
	open = fixture_enrol(&s);
	fixture_later(&s, -FIXTURE_SECONDS(90));
	for (int minutes = 0; minutes < 12 * 60; minutes += 5) {
		CHECK_OK(fixture_know(&s, open.text, &who), &s.err);
		CHECK(decide(&who, GATE_SESSION_OWN) == GATE_PERMIT);
		CHECK(decide(&who, GATE_CREDENTIAL_CHANGE) ==
		    (minutes < 15 ? GATE_PERMIT : GATE_NO_FACTOR));
		CHECK_OK(
		    people_fixture_do(&s.f, touch_fn, &open.session), &s.f.err);
		fixture_later(&s, FIXTURE_MINUTES(5));
	}
	CHECK_OK(fixture_know(&s, open.text, &who), &s.err);
	CHECK(decide(&who, GATE_SESSION_OWN) == GATE_SESSION_STALE);
	fixture_close(&s);
}

/* Role, unit, state: felt by the next request; and the tick writes it down. */
static void
a_change_of_the_account_voids(void)
{
	struct signin_fixture s;
	struct signin_step open;
	struct gate_caller who;
	struct people_fixture_op op;

	fixture_open(&s);
	open = fixture_enrol(&s);
	op = (struct people_fixture_op){ .id = s.person, .s = "supervisor" };
	CHECK_OK(people_fixture_role(&s.f, &op), &s.f.err);
	CHECK_SIGNIN(fixture_know(&s, open.text, &who), SP_E_UNKNOWN,
	    "session.void", &s);
	fixture_later(&s, SP_SECOND);
	open = fixture_sign_in(&s);
	op = (struct people_fixture_op){
		.id = s.person, .s = "Patrol", .t = "officer"
	};
	CHECK_OK(people_fixture_transfer(&s.f, &op), &s.f.err);
	CHECK_SIGNIN(fixture_know(&s, open.text, &who), SP_E_UNKNOWN,
	    "session.void", &s);
	CHECK_OK(people_fixture_do(&s.f, fixture_tick_fn, NULL), &s.f.err);
	CHECK(people_fixture_count(&s.f, "\"reason\":\"void\"") == 2);
	/* Set back, the clock revives none; and one can sign in all the same.
	 */
	fixture_later(&s, -FIXTURE_SECONDS(3));
	CHECK(fixture_know(&s, open.text, &who) == SP_E_UNKNOWN);
	fixture_later(&s, FIXTURE_SECONDS(33));
	open = fixture_sign_in(&s);
	CHECK_OK(fixture_know(&s, open.text, &who), &s.err);
	CHECK(who.role == GATE_OFFICER);
	op = (struct people_fixture_op){ .id = s.person };
	CHECK_OK(people_fixture_terminate(&s.f, &op), &s.f.err);
	CHECK_SIGNIN(fixture_know(&s, open.text, &who), SP_E_UNKNOWN,
	    "session.void", &s);
	fixture_close(&s);
}

/* Opened while the clock was fast: what a change voids after it was set back is
 * no session either when the clock comes to that time. */
static void
a_change_counts_whatever_the_clock_says(void)
{
	struct signin_fixture s;
	struct signin_step open;
	struct gate_caller who;
	struct people_fixture_op op;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	fixture_later(&s, FIXTURE_HOURS(1));
	open = fixture_sign_in(&s);
	CHECK_OK(fixture_know(&s, open.text, &who), &s.err);
	fixture_later(&s, -FIXTURE_HOURS(1));
	op = (struct people_fixture_op){
		.id = s.person, .s = "Patrol", .t = "officer"
	};
	CHECK_OK(people_fixture_transfer(&s.f, &op), &s.f.err);
	fixture_later(&s, FIXTURE_HOURS(1));
	CHECK_SIGNIN(fixture_know(&s, open.text, &who), SP_E_UNKNOWN,
	    "session.void", &s);
	CHECK_OK(people_fixture_do(&s.f, fixture_tick_fn, NULL), &s.f.err);
	CHECK(people_fixture_count(&s.f, "\"reason\":\"void\"") > 0);
	/* Whose account was changed by a fast clock can sign in. */
	op.t = "supervisor";
	fixture_later(&s, FIXTURE_DAYS(1));
	CHECK_OK(people_fixture_transfer(&s.f, &op), &s.f.err);
	fixture_later(&s, -FIXTURE_DAYS(1) + FIXTURE_MINUTES(1));
	open = fixture_sign_in(&s);
	CHECK_OK(fixture_know(&s, open.text, &who), &s.err);
	CHECK(who.role == GATE_SUPERVISOR && who.is.since_proof >= 0);
	fixture_close(&s);
}

static void
the_tick_writes_it_down(void)
{
	struct signin_fixture s;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	fixture_later(&s, FIXTURE_MINUTES(31));
	CHECK_OK(people_fixture_do(&s.f, fixture_tick_fn, NULL), &s.f.err);
	CHECK(people_fixture_count(&s.f, "\"session.locked\"") == 1);
	CHECK_OK(people_fixture_do(&s.f, fixture_tick_fn, NULL), &s.f.err);
	CHECK(people_fixture_count(&s.f, "\"session.locked\"") == 1);
	fixture_later(&s, FIXTURE_MINUTES(30));
	CHECK_OK(people_fixture_do(&s.f, fixture_tick_fn, NULL), &s.f.err);
	CHECK(people_fixture_count(&s.f, "\"reason\":\"idle\"") == 1);
	fixture_close(&s);
}

/* A ceremony that takes too long is over. */
static void
a_ceremony_has_ten_minutes(void)
{
	struct signin_fixture s;
	struct signin_step first, next;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &first), &s.err);
	fixture_later(&s, SIGNIN_PENDING);
	CHECK_SIGNIN(
	    fixture_code(&s, first.text, fixture_totp(&s, 0), false, &next),
	    SP_E_UNKNOWN, "session.expired", &s);
	fixture_close(&s);
}

static void
texts_that_are_none(void)
{
	struct signin_fixture s;
	struct signin_step open;
	struct gate_caller who;
	char text[GATE_TEXT_MAX];

	fixture_open(&s);
	open = fixture_enrol(&s);
	for (size_t n = 0; n < strlen(open.text); n++) {
		memcpy(text, open.text, sizeof(text));
		text[n] = '\0';
		CHECK(fixture_know(&s, text, &who) == SP_E_UNKNOWN);
		memcpy(text, open.text, sizeof(text));
		text[n] = text[n] == 'A' ? 'B' : 'A';
		CHECK(fixture_know(&s, text, &who) != SP_OK);
	}
	fixture_close(&s);
}

struct challenge_job {
	struct sp_id bound;
	const char *purpose;
	uint8_t bytes[SIGNIN_CHALLENGE];
};

static enum sp_code
make_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct challenge_job *j = arg;

	return signin_challenge_make(a, &j->bound, j->purpose, j->bytes, err);
}

static enum sp_code
take_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct challenge_job *j = arg;

	return signin_challenge_take(a, &j->bound, j->purpose, j->bytes, err);
}

/* Once, five minutes, for one purpose, bound. */
static void
challenges(void)
{
	struct signin_fixture s;
	struct challenge_job j = { sp_id_new(), "test.assert", { 0 } }, other;

	fixture_open(&s);
	j.bound = sp_id_new();
	CHECK_OK(people_fixture_do(&s.f, make_fn, &j), &s.f.err);
	other = j;
	other.bound = sp_id_new();
	CHECK_REASON(people_fixture_do(&s.f, take_fn, &other), SP_E_UNKNOWN,
	    "challenge.unknown", &s.f);
	other = j;
	other.purpose = "test.create";
	CHECK_REASON(people_fixture_do(&s.f, take_fn, &other), SP_E_UNKNOWN,
	    "challenge.unknown", &s.f);
	CHECK_OK(people_fixture_do(&s.f, take_fn, &j), &s.f.err);
	CHECK_REASON(people_fixture_do(&s.f, take_fn, &j), SP_E_UNKNOWN,
	    "challenge.unknown", &s.f);
	CHECK_OK(people_fixture_do(&s.f, make_fn, &j), &s.f.err);
	fixture_later(&s, SIGNIN_CHALLENGE_LIFE);
	CHECK_REASON(people_fixture_do(&s.f, take_fn, &j), SP_E_UNKNOWN,
	    "challenge.unknown", &s.f);
	fixture_close(&s);
}

static enum sp_code
flood_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	const char *address = arg;
	struct people_by by = *a->by;
	struct people_act from = { a->tx, &by, a->rules, a->now };
	uint8_t bytes[SIGNIN_CHALLENGE];

	by.address = address;
	for (int i = 0; i < 3 * SIGNIN_CHALLENGES_NETWORK; i++) {
		struct sp_id asked = sp_id_new();

		SP_TRY(signin_challenge_make_alone(
		    &from, &asked, "test.assert", bytes, err));
	}
	return SP_OK;
}

static enum sp_code
alone_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct challenge_job *j = arg;
	struct people_by by = *a->by;
	struct people_act from = { a->tx, &by, a->rules, a->now };

	by.address = "2001:db8:0:1::9";
	return signin_challenge_make_alone(
	    &from, &j->bound, j->purpose, j->bytes, err);
}

/* Whoever has shown nothing can ask for challenges without end: it takes
 * nothing from a session, nor from another network; an address of the same /64
 * is the same network. */
static void
a_flood_of_challenges_is_of_its_own_network(void)
{
	static char v4[] = "192.0.2.66", other[] = "2001:db8:0:2::9",
		    same[] = "2001:db8:0:1:ffff::1";
	struct signin_fixture s;
	struct challenge_job known = { sp_id_new(), "test.assert", { 0 } };
	struct challenge_job alone = { sp_id_new(), "test.assert", { 0 } };

	fixture_open(&s);
	CHECK_OK(people_fixture_do(&s.f, make_fn, &known), &s.f.err);
	CHECK_OK(people_fixture_do(&s.f, alone_fn, &alone), &s.f.err);
	fixture_later(&s, SP_SECOND);
	CHECK_OK(people_fixture_do(&s.f, flood_fn, v4), &s.f.err);
	CHECK_OK(people_fixture_do(&s.f, flood_fn, other), &s.f.err);
	CHECK_OK(people_fixture_do(&s.f, take_fn, &known), &s.f.err);
	CHECK_OK(people_fixture_do(&s.f, take_fn, &alone), &s.f.err);
	CHECK_OK(people_fixture_do(&s.f, alone_fn, &alone), &s.f.err);
	fixture_later(&s, SP_SECOND);
	CHECK_OK(people_fixture_do(&s.f, flood_fn, same), &s.f.err);
	CHECK_REASON(people_fixture_do(&s.f, take_fn, &alone), SP_E_UNKNOWN,
	    "challenge.unknown", &s.f);
	fixture_close(&s);
}

/* All networks together: the oldest goes, and nobody is ever refused one. */
static void
challenges_of_many_networks(void)
{
	struct signin_fixture s;
	struct challenge_job alone = { sp_id_new(), "test.assert", { 0 } };

	fixture_open(&s);
	CHECK_OK(people_fixture_do(&s.f, alone_fn, &alone), &s.f.err);
	fixture_later(&s, SP_SECOND);
	for (int i = 0; i <= SIGNIN_CHALLENGES_MAX / SIGNIN_CHALLENGES_NETWORK;
	     i++) {
		char address[40];

		(void)snprintf(
		    address, sizeof(address), "2001:db8:1:%x::1", (unsigned)i);
		CHECK_OK(people_fixture_do(&s.f, flood_fn, address), &s.f.err);
	}
	CHECK_REASON(people_fixture_do(&s.f, take_fn, &alone), SP_E_UNKNOWN,
	    "challenge.unknown", &s.f);
	CHECK_OK(people_fixture_do(&s.f, alone_fn, &alone), &s.f.err);
	CHECK_OK(people_fixture_do(&s.f, take_fn, &alone), &s.f.err);
	fixture_close(&s);
}

/* Nobody has more than the maximum: the oldest makes room; but of those alone
 * that have come as far.  Whoever has only the password pushes nobody out. */
static void
the_oldest_makes_room(void)
{
	struct signin_fixture s;
	struct signin_step open, first, step;
	struct gate_caller who;

	fixture_open(&s);
	open = fixture_enrol(&s);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &first), &s.err);
	for (int i = 0; i < 3 * SIGNIN_SESSIONS_MAX; i++)
		CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step),
		    &s.err);
	CHECK_OK(fixture_know(&s, open.text, &who), &s.err);
	CHECK_SIGNIN(fixture_know(&s, first.text, &who), SP_E_UNKNOWN,
	    "session.ended", &s);
	for (int i = 0; i < SIGNIN_SESSIONS_MAX - SIGNIN_SESSIONS_HALF; i++) {
		CHECK_OK(fixture_know(&s, open.text, &who), &s.err);
		first = fixture_sign_in(&s);
	}
	CHECK_SIGNIN(fixture_know(&s, open.text, &who), SP_E_UNKNOWN,
	    "session.ended", &s);
	CHECK_OK(fixture_know(&s, first.text, &who), &s.err);
	fixture_close(&s);
}

static enum sp_code
open_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct vouched *v = arg;

	return signin_session_open(a, &v->open, &v->step, err);
}

static enum sp_code
agree_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	static const uint8_t notice[CRYPTO_SHA256_LEN];
	struct vouched *v = arg;
	char text[GATE_TEXT_MAX];

	memcpy(text, v->step.text, sizeof(text));
	return signin_session_acknowledge(
	    a, &v->open.agency, text, notice, &v->step, err);
}

/* Who is vouched for proved it when it is said, and is no fresher than that. */
static void
proved_elsewhere(void)
{
	static const struct {
		sp_time proved; /* before now; 0 is not said */
		enum gate_code code;
	} rows[] = {
		{ 0, GATE_PERMIT },
		{ -FIXTURE_MINUTES(1), GATE_PERMIT }, /* a clock ahead */
		{ FIXTURE_MINUTES(1), GATE_PERMIT },
		{ FIXTURE_MINUTES(30), GATE_NO_FACTOR },
		{ FIXTURE_HOURS(11), GATE_NO_FACTOR },
		{ FIXTURE_HOURS(12), GATE_SESSION_STALE },
	};
	struct signin_fixture s;

	fixture_open(&s);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct vouched v = { .open = {
					 .agency = s.agency.id,
					 .person = s.person,
					 .proof = { GATE_FACTOR_SECOND, "oidc",
					     false },
					 .from = { "192.0.2.7", NULL, "api" },
				     } };
		struct gate_caller who;
		char wrong[8];

		fixture_later(&s, FIXTURE_MINUTES(1));
		if (rows[i].proved != 0)
			v.open.proved = fixture_now - rows[i].proved;
		CHECK_OK(people_fixture_do(&s.f, open_fn, &v), &s.f.err);
		/* However old, there is the time to read the notice. */
		fixture_later(&s, FIXTURE_MINUTES(1));
		CHECK_OK(people_fixture_do(&s.f, agree_fn, &v), &s.f.err);
		CHECK_OK(fixture_know(&s, v.step.text, &who), &s.err);
		CHECK(who.is.since_proof >= 0);
		(void)snprintf(wrong, sizeof(wrong), "row %zu", i);
		if (decide(&who, GATE_CREDENTIAL_CHANGE) != rows[i].code)
			tap_fail(__FILE__, __LINE__, wrong,
			    gate_code_name(
				decide(&who, GATE_CREDENTIAL_CHANGE)));
	}
	fixture_close(&s);
}

/* ---- a database from before there were marks and epochs ---- */

/* clang-format off */
#define PERSON(id, role)                                                       \
	"INSERT INTO person VALUES(x'" id "', '', 'N', '" id  \
	"', '" role "', 'agency', '', '', '', '', 'active', '', 1, 1, 1, 0, 0," \
	" 0);"
#define FACTOR(id, person, used)                                               \
	"INSERT INTO signin_factor VALUES(x'" id "', x'" person "', 'totp', '',"\
	" 1, " used ");"
#define SESSION(id, person, factor, used)                                      \
	"INSERT INTO signin_session VALUES(x'" id "', randomblob(32), x'"      \
	person "', 'open', 0, '" factor "', 'totp', 1, 1, " used ", '', '', 0);"
/* clang-format on */
#define ADMIN "01930000000070008000000000000001"
#define ANN   "01930000000070008000000000000002"
#define A     "01930000000070008000000000000011"
#define B     "01930000000070008000000000000012"
#define PEOPLE                                                                 \
	PERSON(ADMIN, "administrator")                                         \
	PERSON(ANN, "officer")

/* The number that `sql` finds when such a database has been brought up to date;
 * 0: none. */
static int64_t
afterwards(const char *path, const char *rows, const struct db_sql *sql)
{
	const size_t old = SP_COUNTOF(fixture_script) - FIXTURE_SETTLED;
	const char *script[SP_COUNTOF(fixture_script) + 1];
	DB_AUTO db = NULL;
	struct sp_err err;
	int64_t got = 0;
	bool found;

	memcpy(script, fixture_script, old * sizeof(*script));
	script[old] = rows;
	memcpy(script + old + 1, fixture_script + old,
	    FIXTURE_SETTLED * sizeof(*script));
	CHECK_OK(db_open(&db, path, DB_CREATE, &err), &err);
	CHECK_OK(db_migrate(db, script, old + 1, &err), &err);
	CHECK_OK(db_migrate(db, script, SP_COUNTOF(script), &err), &err);
	{
		DB_STMT st = db_use(db, sql);

		CHECK_OK(db_row(st, &found, &err), &err);
		if (found)
			got = db_col_i64(st, 0);
	}
	return got;
}

/* It is settled by when its administrators last showed what they have. */
static void
an_older_database_is_settled(void)
{
	static const struct {
		const char *rows;
		sp_time at;
	} rows[] = {
		{ PEOPLE, 0 },
		{ PEOPLE FACTOR(A, ANN, "70") SESSION(B, ANN, "second", "80"),
		    0 },
		{ PEOPLE SESSION(B, ADMIN, "single", "80"), 0 },
		{ PEOPLE FACTOR(A, ADMIN, "70"), 70 },
		{ PEOPLE SESSION(B, ADMIN, "second", "80"), 80 },
		{ PEOPLE FACTOR(A, ADMIN, "90")
			SESSION(B, ADMIN, "second", "80") FACTOR(B, ANN, "99"),
		    90 },
	};
	static const struct db_sql select = { "SELECT at FROM gate_settled" };
	struct signin_fixture s;
	char path[160];

	fixture_open(&s);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		(void)snprintf(path, sizeof(path), "%s.%zu", s.f.db_path, i);
		if (afterwards(path, rows[i].rows, &select) != rows[i].at)
			tap_fail(__FILE__, __LINE__, "settled", rows[i].rows);
	}
	fixture_close(&s);
}

#define MOVED(when) "UPDATE person SET epoch = " when ", since = " when ";"
#define INVITE                                                                 \
	"INSERT INTO signin_invite VALUES(randomblob(32), x'" ANN "', 5, 99,"  \
	" x'" ADMIN "');"
#define FAILURE "INSERT INTO signin_failure VALUES(NULL, x'" ANN "', '', 5);"

/* What was made at 1 (a session) or 5 stands in the epoch in which it was made,
 * and in none when the account has changed since. */
static void
older_rows_get_their_epoch(void)
{
	static const struct db_sql session = {
		"SELECT epoch FROM signin_session"
	};
	static const struct db_sql invite = {
		"SELECT inviter_epoch FROM signin_invite"
	};
	static const struct db_sql failure = {
		"SELECT since FROM signin_failure"
	};
	static const struct {
		const char *rows;
		const struct db_sql *sql;
		int64_t epoch;
	} rows[] = {
		{ PEOPLE MOVED("-3") SESSION(A, ANN, "second", "9"), &session,
		    -3 },
		{ PEOPLE MOVED("1") SESSION(A, ANN, "second", "9"), &session,
		    0 },
		{ PEOPLE MOVED("5") INVITE, &invite, 5 },
		{ PEOPLE MOVED("6") INVITE, &invite, 0 },
		{ PEOPLE MOVED("4") FAILURE, &failure, 4 },
		{ PEOPLE MOVED("5") FAILURE, &failure, 0 },
	};
	struct signin_fixture s;
	char path[160];

	fixture_open(&s);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		(void)snprintf(path, sizeof(path), "%s.%zu", s.f.db_path, i);
		if (afterwards(path, rows[i].rows, rows[i].sql) !=
		    rows[i].epoch)
			tap_fail(__FILE__, __LINE__, "epoch", rows[i].rows);
	}
	fixture_close(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "times of a session", times_of_a_session },
		{ "a busy session grows old", a_busy_session_grows_old },
		{ "a change of the account voids",
		    a_change_of_the_account_voids },
		{ "a change counts whatever the clock says",
		    a_change_counts_whatever_the_clock_says },
		{ "the tick writes it down", the_tick_writes_it_down },
		{ "a ceremony has ten minutes", a_ceremony_has_ten_minutes },
		{ "texts that are none", texts_that_are_none },
		{ "challenges", challenges },
		{ "a flood of challenges is of its own network",
		    a_flood_of_challenges_is_of_its_own_network },
		{ "challenges of many networks", challenges_of_many_networks },
		{ "the oldest makes room", the_oldest_makes_room },
		{ "proved elsewhere", proved_elsewhere },
		{ "an older database is settled",
		    an_older_database_is_settled },
		{ "older rows get their epoch", older_rows_get_their_epoch },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
