#include "gate/agency_fixture.h"

/* The linker puts this in sp_now's place (meson.build). */
sp_time __real_sp_now(void);
sp_time __wrap_sp_now(void);

static _Atomic sp_time clock_ahead;

sp_time
__wrap_sp_now(void)
{
	return __real_sp_now() + clock_ahead;
}

#define HOUR (3600 * SP_SECOND)

/* What happens to people, by the site. */
struct person_act {
	struct agency_fixture *a;
	enum { ADD, DISABLE, TERMINATE } what;
	struct people_person_new new;
	struct sp_id id;
};

static enum sp_code
person_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct person_act *p = arg;
	struct people_by by = people_by_site(&p->a->id);
	struct people_act act = { tx, &by, p->a->rules, sp_now() };

	switch (p->what) {
	case ADD: return people_person_add(&act, &p->new, &p->id, err);
	case DISABLE:
		return people_person_disable(
		    &act, &p->id, PEOPLE_REQUESTED, 0, err);
	case TERMINATE: return people_person_terminate(&act, &p->id, 0, err);
	}
	return SP_E_INTERNAL;
}

static struct sp_id
person(struct agency_fixture *a, const char *role, const char *human)
{
	struct person_act p = { .a = a,
		.what = ADD,
		.new = { .name = "Ann Lee", .role = role, .human = human } };
	struct sp_err err;

	CHECK_OK(ledger_writer_run(a->writer, person_run, &p, &err), &err);
	return p.id;
}

static void
end(struct agency_fixture *a, const struct sp_id *id, bool for_ever)
{
	struct person_act p = {
		.a = a, .what = for_ever ? TERMINATE : DISABLE, .id = *id
	};
	struct sp_err err;

	CHECK_OK(ledger_writer_run(a->writer, person_run, &p, &err), &err);
}

/* One act of recovery. */
struct act {
	struct agency_fixture *a;
	struct gate_caller by;
	enum { PREPARE, BEGIN, CONFIRM, OFFLINE } what;
	struct gate_recovery_share share[GATE_RECOVERY_SHARES + 1];
	size_t n;
	const char *text, *second;
	struct sp_id id;
	struct gate_recovery begun;
	struct gate_recovered done;
};

static enum sp_code
act_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct act *x = arg;
	const char *const both[2] = { x->text, x->second };

	switch (x->what) {
	case PREPARE:
		return gate_recovery_prepare(
		    tx, &x->by, x->a->rules, x->share, x->n, err);
	case BEGIN:
		return gate_recovery_begin(tx, &x->by, x->text, &x->begun, err);
	case CONFIRM:
		return gate_recovery_confirm(
		    tx, &x->by, &x->id, x->text, &x->done, err);
	case OFFLINE:
		return gate_recovery_offline(
		    tx, &x->a->id, both, &x->done, err);
	}
	return SP_E_INTERNAL;
}

static void
run(struct act *x)
{
	struct sp_err err;

	CHECK_OK(ledger_writer_run(x->a->writer, act_run, x, &err), &err);
}

static void
fails(struct act *x, const char *reason)
{
	struct sp_err err = { .reason = NULL };

	CHECK_CODE(ledger_writer_run(x->a->writer, act_run, x, &err),
	    SP_E_INVALID, &err);
	CHECK(strcmp(err.reason, reason) == 0);
}

struct rig {
	struct agency_fixture a;
	struct sp_id custodian, laso, third;
	char share[3][GATE_TEXT_MAX];
};

static void
prepare(struct rig *r)
{
	struct act x = { .a = &r->a,
		.by = agency_fixture_caller(&r->a, GATE_ADMINISTRATOR),
		.what = PREPARE,
		.share = { { .custodian = r->custodian },
		    { .custodian = r->laso }, { .custodian = r->third } },
		.n = 3 };

	run(&x);
	for (size_t i = 0; i < 3; i++)
		memcpy(r->share[i], x.share[i].text, GATE_TEXT_MAX);
}

static void
rig_open(struct rig *r)
{
	clock_ahead = 0;
	agency_fixture_open(&r->a, "evidence.example/miami");
	r->custodian = person(&r->a, "custodian", "h1");
	r->laso = person(&r->a, "laso", "h2");
	r->third = person(&r->a, "custodian", "h3");
	prepare(r);
}

static struct act
by(struct rig *r, const struct sp_id *person)
{
	struct act x = { .a = &r->a,
		.by = agency_fixture_caller(&r->a, GATE_CUSTODIAN) };

	x.by.kind = "session";
	x.by.person = *person;
	return x;
}

static enum gate_recovery_refusal
begin(struct rig *r, const struct sp_id *person, const char *text,
    struct sp_id *id)
{
	struct act x = by(r, person);

	x.what = BEGIN;
	x.text = text;
	run(&x);
	*id = x.begun.id;
	return x.begun.refused;
}

static struct gate_recovered
confirm(struct rig *r, const struct sp_id *person, const char *text,
    const struct sp_id *id)
{
	struct act x = by(r, person);

	x.what = CONFIRM;
	x.text = text;
	x.id = *id;
	run(&x);
	return x.done;
}

static struct gate_recovered
offline(struct rig *r, const char *one, const char *two)
{
	struct act x = {
		.a = &r->a, .what = OFFLINE, .text = one, .second = two
	};

	run(&x);
	return x.done;
}

static bool
administers(struct rig *r, const struct gate_recovered *done)
{
	struct gate_caller who = { .source = "api" };
	struct sp_err err;

	return done->refused == GATE_RECOVERY_TAKEN &&
	    gate_token_know(r->a.reader, r->a.rules, &r->a.id, done->text, &who,
		&err) == SP_OK &&
	    who.role == GATE_ADMINISTRATOR && sp_id_is_zero(&who.person);
}

static size_t
entries(struct rig *r, const char *act)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "\"act\":\"%s\"", act);
	return agency_fixture_count(&r->a, text);
}

static void
two_custodians_make_an_administrator(void)
{
	struct rig r;
	struct sp_id id;
	struct gate_recovered done;
	struct gate_recovery_state s;
	struct sp_err err;

	rig_open(&r);
	CHECK_OK(gate_recovery_state(r.a.reader, &s, &err), &err);
	CHECK(s.shares == 3 && sp_id_is_zero(&s.open.id));
	CHECK(begin(&r, &r.custodian, r.share[0], &id) == GATE_RECOVERY_TAKEN);
	CHECK_OK(gate_recovery_state(r.a.reader, &s, &err), &err);
	CHECK(sp_id_equal(&s.open.id, &id));
	CHECK(sp_id_equal(&s.open.custodian, &r.custodian));
	done = confirm(&r, &r.laso, r.share[1], &id);
	CHECK(administers(&r, &done));
	CHECK(entries(&r, "recovery.prepared") == 1);
	CHECK(entries(&r, "recovery.begun") == 1);
	CHECK(entries(&r, "recovery.confirmed") == 1);
	CHECK(entries(&r, "token.issued") == 1);
	CHECK(entries(&r, "recovery.refused") == 0);
	CHECK(agency_fixture_count(&r.a, "spr_") == 0);

	/* All shares are spent, that of the third too. */
	CHECK_OK(gate_recovery_state(r.a.reader, &s, &err), &err);
	CHECK(s.shares == 0 && sp_id_is_zero(&s.open.id));
	CHECK(begin(&r, &r.third, r.share[2], &id) == GATE_RECOVERY_NO_SHARE);
	done = confirm(&r, &r.third, r.share[2], &id);
	CHECK(done.refused == GATE_RECOVERY_NOT_BEGUN);
	clock_ahead = 24 * HOUR;
	CHECK(!administers(&r, &done));
	agency_fixture_close(&r.a);
}

/* One human being never makes two, by whatever account or envelope. */
static void
one_human_is_not_two(void)
{
	struct rig r;
	struct sp_id id, again, other;
	struct gate_recovered done;

	rig_open(&r);
	other = person(&r.a, "laso", "h1"); /* the custodian's second account */
	CHECK(begin(&r, &r.custodian, r.share[0], &id) == GATE_RECOVERY_TAKEN);
	done = confirm(&r, &r.custodian, r.share[0], &id);
	CHECK(done.refused == GATE_RECOVERY_SELF);
	done = confirm(&r, &other, r.share[0], &id);
	CHECK(done.refused == GATE_RECOVERY_SELF);
	/* With an envelope that is somebody else's. */
	done = confirm(&r, &r.custodian, r.share[1], &id);
	CHECK(done.refused == GATE_RECOVERY_NOT_THEIRS);
	done = confirm(&r, &other, r.share[1], &id);
	CHECK(done.refused == GATE_RECOVERY_NOT_THEIRS);
	CHECK(begin(&r, &r.third, r.share[1], &again) ==
	    GATE_RECOVERY_NOT_THEIRS);
	CHECK(entries(&r, "recovery.refused") == 5);
	CHECK(entries(&r, "recovery.confirmed") == 0);
	/* By another account of their own it counts. */
	CHECK(begin(&r, &other, r.share[0], &again) == GATE_RECOVERY_TAKEN);
	done = confirm(&r, &r.laso, r.share[1], &again);
	CHECK(administers(&r, &done));
	agency_fixture_close(&r.a);
}

static void
wrong_shares_are_turned_away(void)
{
	static const char *const bad[] = { "", "spr_", "x",
		("spr_AAAAAAAAAAAAAAAAAAAAAA_"
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") };
	struct rig r;
	struct sp_id id;
	char harmed[GATE_TEXT_MAX];
	struct gate_recovered done;

	rig_open(&r);
	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK(begin(&r, &r.custodian, bad[i], &id) ==
		    GATE_RECOVERY_NO_SHARE);
	memcpy(harmed, r.share[0], sizeof(harmed));
	harmed[40] = harmed[40] == 'A' ? 'B' : 'A';
	CHECK(begin(&r, &r.custodian, harmed, &id) == GATE_RECOVERY_NO_SHARE);
	memcpy(harmed, r.share[0], sizeof(harmed));
	harmed[2] = 't';
	CHECK(begin(&r, &r.custodian, harmed, &id) == GATE_RECOVERY_NO_SHARE);
	done = offline(&r, r.share[0], harmed);
	CHECK(done.refused == GATE_RECOVERY_NO_SHARE);
	CHECK(entries(&r, "recovery.refused") == 7);
	agency_fixture_close(&r.a);
}

static void
a_day_is_all_there_is(void)
{
	struct rig r;
	struct sp_id id, later;
	struct gate_recovered done;

	rig_open(&r);
	CHECK(begin(&r, &r.custodian, r.share[0], &id) == GATE_RECOVERY_TAKEN);
	clock_ahead = 24 * HOUR;
	done = confirm(&r, &r.laso, r.share[1], &id);
	CHECK(done.refused == GATE_RECOVERY_NOT_BEGUN);
	/* Both shares are good still; whoever begins anew ends what was. */
	CHECK(begin(&r, &r.laso, r.share[1], &id) == GATE_RECOVERY_TAKEN);
	CHECK(begin(&r, &r.third, r.share[2], &later) == GATE_RECOVERY_TAKEN);
	done = confirm(&r, &r.custodian, r.share[0], &id);
	CHECK(done.refused == GATE_RECOVERY_NOT_BEGUN);
	done = confirm(&r, &r.custodian, r.share[0], &later);
	CHECK(administers(&r, &done));
	agency_fixture_close(&r.a);
}

static void
new_shares_make_old_ones_void(void)
{
	struct rig r, old;
	struct sp_id id;
	struct gate_recovered done;

	rig_open(&r);
	old = r;
	CHECK(begin(&r, &r.custodian, r.share[0], &id) == GATE_RECOVERY_TAKEN);
	prepare(&r);
	done = confirm(&r, &r.laso, r.share[1], &id);
	CHECK(done.refused == GATE_RECOVERY_NOT_BEGUN);
	for (size_t i = 0; i < 3; i++)
		CHECK(begin(&r, &r.custodian, old.share[i], &id) ==
		    GATE_RECOVERY_NO_SHARE);
	agency_fixture_close(&r.a);
}

static void
custodians_are_people_of_two_minds(void)
{
	struct rig r;
	struct act x;
	struct sp_id twin, officer, gone;

	rig_open(&r);
	twin = person(&r.a, "laso", "h1");
	officer = person(&r.a, "officer", "h9");
	gone = person(&r.a, "custodian", "h8");
	end(&r.a, &gone, false);
	x = (struct act){ .a = &r.a,
		.by = agency_fixture_caller(&r.a, GATE_ADMINISTRATOR),
		.what = PREPARE,
		.share = { { .custodian = r.custodian } },
		.n = 2 };
	const struct sp_id no[] = { r.custodian, twin, officer, gone,
		sp_id_new() };

	for (size_t i = 0; i < SP_COUNTOF(no); i++) {
		x.share[1].custodian = no[i];
		fails(&x, "recovery.custodians");
	}
	x.share[1].custodian = r.laso;
	x.n = 1;
	fails(&x, "recovery.custodians");
	x.n = GATE_RECOVERY_SHARES + 1;
	fails(&x, "recovery.custodians");
	CHECK(entries(&r, "recovery.prepared") == 1);
	/* What was refused has made nothing void. */
	CHECK(begin(&r, &r.laso, r.share[1], &twin) == GATE_RECOVERY_TAKEN);
	agency_fixture_close(&r.a);
}

/* On the server, when nobody can sign in: two envelopes, and nothing less. */
static void
the_server_alone_can_do_nothing(void)
{
	struct rig r;
	struct gate_recovered done;

	rig_open(&r);
	done = offline(&r, r.share[0], r.share[0]);
	CHECK(done.refused == GATE_RECOVERY_SELF);
	done = offline(&r, r.share[0], "");
	CHECK(done.refused == GATE_RECOVERY_NO_SHARE);
	/* Accounts that are disabled do not hinder; who left has no share. */
	end(&r.a, &r.custodian, false);
	end(&r.a, &r.third, true);
	done = offline(&r, r.share[0], r.share[2]);
	CHECK(done.refused == GATE_RECOVERY_NO_SHARE);
	done = offline(&r, r.share[1], r.share[0]);
	CHECK(administers(&r, &done));
	CHECK(agency_fixture_count(&r.a,
		  "\"act\":\"recovery.confirmed\",\"actor\":{\"id\"") == 1);
	agency_fixture_close(&r.a);
}

/* Nothing is issued or spent without its entry. */
static void
nothing_happens_without_its_entry(void)
{
	struct rig r;
	struct sp_id id;
	struct act x;
	struct sp_err err;
	struct gate_recovered done;

	rig_open(&r);
	CHECK(begin(&r, &r.custodian, r.share[0], &id) == GATE_RECOVERY_TAKEN);
	x = by(&r, &r.laso);
	x.what = CONFIRM;
	x.text = r.share[1];
	x.id = id;
	atomic_store(&r.a.refuse, true);
	CHECK_CODE(ledger_writer_run(r.a.writer, act_run, &x, &err),
	    SP_E_UNAVAIL, &err);
	atomic_store(&r.a.refuse, false);
	CHECK(!administers(&r, &x.done));
	done = confirm(&r, &r.laso, r.share[1], &id);
	CHECK(administers(&r, &done));
	agency_fixture_close(&r.a);
}

/* --- the last administrator --- */

/* Who can sign in: everybody but these. */
static struct sp_id never[2];

static enum sp_code
able(struct db *db, const struct sp_id *id, bool *out, struct sp_err *err)
{
	(void)db;
	(void)err;
	*out = !sp_id_equal(id, &never[0]) && !sp_id_equal(id, &never[1]);
	return SP_OK;
}

/* What an act that takes somebody away would be told; it is undone. */
struct taking {
	struct agency_fixture *a;
	struct sp_id id;
	enum { END, END_LATER, SHUT, LOCK, CLERK, CLERK_HERE } how;
	const char *reason;
};

static enum sp_code
take(const struct people_act *a, const struct taking *t, struct sp_err *err)
{
	switch (t->how) {
	case END: return people_person_terminate(a, &t->id, 0, err);
	case END_LATER:
		return people_person_terminate(a, &t->id, a->now + HOUR, err);
	case SHUT:
		return people_person_disable(
		    a, &t->id, PEOPLE_SCREENING, 0, err);
	case LOCK:
		return people_person_disable(a, &t->id, PEOPLE_LOCKED, 0, err);
	case CLERK: return people_person_role(a, &t->id, "records-clerk", err);
	case CLERK_HERE:
		return people_person_transfer(
		    a, &t->id, "Records", "records-clerk", err);
	}
	return SP_E_INTERNAL;
}

static enum sp_code
taking_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct taking *t = arg;
	struct people_by by = people_by_site(&t->a->id);
	struct people_act act = { tx, &by, t->a->rules, sp_now() };
	struct db *db = ledger_tx_db(tx);
	struct gate_administrators before;

	SP_TRY(
	    gate_recovery_administrators(db, t->a->rules, able, &before, err));
	SP_TRY(take(&act, t, err));
	SP_TRY(gate_recovery_kept(db, t->a->rules, able, &before, err));
	return sp_fail_as(err, SP_E_INTERNAL, "kept", "kept");
}

/* "kept", or "person.last", when this is done to them. */
static const char *
taken(struct agency_fixture *a, const struct sp_id *id, int how)
{
	struct taking t = { .a = a, .id = *id };
	struct sp_err err = { .reason = NULL };

	memcpy(&t.how, &how, sizeof(how));
	CHECK(ledger_writer_run(a->writer, taking_run, &t, &err) != SP_OK);
	return err.reason == NULL ? "no reason" : err.reason;
}

#define CHECK_TAKEN(a, id, how, want)                                          \
	do {                                                                   \
		const char *got = taken(a, id, how);                           \
		if (strcmp(got, want) != 0)                                    \
			tap_fail(__FILE__, __LINE__, want, got);               \
	} while (0)

static enum sp_code
settle_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	static const struct db_sql mark = {
		"INSERT INTO gate_settled(one, at) VALUES(1, ?1)",
	};
	static const struct db_sql undo = { "DELETE FROM gate_settled" };
	static const struct db_sql back = {
		"UPDATE gate_settled SET at = at - 1",
	};
	struct db *db = ledger_tx_db(tx);
	DB_STMT st = db_use(db, &mark);
	DB_STMT gone = db_use(db, &undo);
	DB_STMT less = db_use(db, &back);

	(void)arg;
	db_bind_i64(st, 1, sp_now());
	SP_TRY(db_run(st, NULL, err));
	/* It stays, and grows. */
	CHECK(db_run(gone, NULL, NULL) != SP_OK);
	CHECK(db_run(less, NULL, NULL) != SP_OK);
	return SP_OK;
}

/* An administrator signs in. */
static void
settle(struct agency_fixture *a)
{
	struct sp_err err;

	CHECK_OK(ledger_writer_run(a->writer, settle_run, NULL, &err), &err);
}

static void
the_last_administrator_is_known(void)
{
	struct agency_fixture a;
	struct sp_id one, two, officer;

	clock_ahead = 48 * HOUR; /* later than the tests before */
	memset(never, 0, sizeof(never));
	agency_fixture_open(&a, "evidence.example/miami");
	one = person(&a, "administrator", "h1");
	officer = person(&a, "officer", "h2");
	for (int how = END; how <= CLERK_HERE; how++)
		CHECK_TAKEN(&a, &one, how, "person.last");
	CHECK_TAKEN(&a, &officer, END, "kept");
	/* Another one will do, who is active, stays and can sign in. */
	two = person(&a, "administrator", "h3");
	for (int how = END; how <= CLERK_HERE; how++)
		CHECK_TAKEN(&a, &one, how, "kept");
	never[0] = two;
	CHECK_TAKEN(&a, &one, SHUT, "person.last");
	CHECK_TAKEN(&a, &two, SHUT, "kept");
	/* None of them ever could: whoever is invited is kept. */
	never[1] = one;
	CHECK_TAKEN(&a, &one, SHUT, "kept");
	end(&a, &two, false);
	CHECK_TAKEN(&a, &one, SHUT, "person.last");
	memset(never, 0, sizeof(never));
	CHECK_TAKEN(&a, &one, CLERK, "person.last");
	CHECK_TAKEN(&a, &two, END, "kept");
	/* Or a token of the site's. */
	(void)agency_fixture_issue(&a, GATE_ADMINISTRATOR, sp_now() + HOUR);
	CHECK_TAKEN(&a, &one, END, "kept");
	clock_ahead += HOUR;
	CHECK_TAKEN(&a, &one, END, "person.last");
	/* Not one for which the agency is settled. */
	(void)agency_fixture_issue(&a, GATE_ADMINISTRATOR, sp_now() + HOUR);
	CHECK_TAKEN(&a, &one, END, "kept");
	settle(&a);
	CHECK_TAKEN(&a, &one, END, "person.last");
	agency_fixture_close(&a);
	clock_ahead = 0;
}

/* Or shares, while there are two. */
static void
shares_are_a_way_back(void)
{
	struct sp_id one;
	struct rig r;

	clock_ahead = 96 * HOUR;
	rig_open(&r);
	one = person(&r.a, "administrator", "h9");
	CHECK_TAKEN(&r.a, &one, END, "kept");
	end(&r.a, &r.laso, true);
	CHECK_TAKEN(&r.a, &one, END, "kept");
	end(&r.a, &r.third, true);
	CHECK_TAKEN(&r.a, &one, END, "person.last");
	agency_fixture_close(&r.a);
	clock_ahead = 0;
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "two custodians make an administrator",
		    two_custodians_make_an_administrator },
		{ "one human is not two", one_human_is_not_two },
		{ "wrong shares are turned away",
		    wrong_shares_are_turned_away },
		{ "a day is all there is", a_day_is_all_there_is },
		{ "new shares make old ones void",
		    new_shares_make_old_ones_void },
		{ "custodians are people of two minds",
		    custodians_are_people_of_two_minds },
		{ "the server alone can do nothing",
		    the_server_alone_can_do_nothing },
		{ "nothing happens without its entry",
		    nothing_happens_without_its_entry },
		{ "the last administrator is known",
		    the_last_administrator_is_known },
		{ "shares are a way back", shares_are_a_way_back },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
