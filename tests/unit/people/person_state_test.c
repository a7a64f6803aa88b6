#include "person_fixture.h"

static void
ninety_days_idle_is_disabled(void)
{
	struct people_fixture_op op = { .s = NULL };
	struct people_standing s;
	struct people_person p;

	people_fixture_open(&f);
	op.id = people_fixture_person(&f, "A", "officer");
	p = people_fixture_get(&f, &op.id);
	s = people_person_state(&p, f.rules, f.now + 2160 * HOUR - 1);
	CHECK(s.state == PEOPLE_ACTIVE);
	s = people_person_state(&p, f.rules, f.now + 2160 * HOUR);
	CHECK(s.state == PEOPLE_DISABLED && s.reason == PEOPLE_INACTIVE);
	/* Seen on day 60: 90 more. */
	people_fixture_later(&f, 60);
	CHECK_OK(people_fixture_seen(&f, &op), &f.err);
	p = people_fixture_get(&f, &op.id);
	CHECK(p.active == f.now);
	people_fixture_later(&f, 89);
	CHECK(people_person_state(&p, f.rules, f.now).state == PEOPLE_ACTIVE);
	people_fixture_later(&f, 1);
	CHECK(people_person_state(&p, f.rules, f.now).state == PEOPLE_DISABLED);
	/* Enabled: the days begin anew, and sessions from before are void. */
	CHECK_OK(people_fixture_enable(&f, &op), &f.err);
	p = people_fixture_get(&f, &op.id);
	CHECK(people_person_state(&p, f.rules, f.now).state == PEOPLE_ACTIVE);
	CHECK(p.epoch == f.now);
	CHECK(
	    strstr(people_fixture_last(&f), "\"reason\":\"inactive\"") != NULL);
	CHECK_REASON(
	    people_fixture_enable(&f, &op), SP_E_CONFLICT, "person.state", &f);
	/* Seen twice in an hour is one write. */
	f.now += HOUR / 2;
	CHECK_OK(people_fixture_seen(&f, &op), &f.err);
	CHECK(people_fixture_get(&f, &op.id).active == p.active);
	people_fixture_close(&f);
}

static void
temporary_accounts_end(void)
{
	struct people_person_new n = { .name = "A", .role = "officer" };
	struct people_fixture_op op = { .n = &n };
	struct people_standing s;
	struct people_person p;

	people_fixture_open(&f);
	n.temporary = f.now + 72 * HOUR + 1;
	CHECK_REASON(people_fixture_add(&f, &op), SP_E_INVALID,
	    "person.temporary_until", &f);
	CHECK(strstr(f.err.text, "72 hours") != NULL);
	CHECK(strstr(f.err.text, "AC-2(2)") != NULL);
	n.temporary = f.now;
	CHECK_REASON(people_fixture_add(&f, &op), SP_E_INVALID,
	    "person.temporary_until", &f);
	n.temporary = f.now + 72 * HOUR;
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	p = people_fixture_get(&f, &op.id);
	s = people_person_state(&p, f.rules, p.temporary - 1);
	CHECK(s.state == PEOPLE_ACTIVE);
	f.now = p.temporary;
	s = people_person_state(&p, f.rules, f.now);
	CHECK(s.state == PEOPLE_TERMINATED && s.reason == PEOPLE_TEMPORARY);
	/* Nothing prolongs it, whether the tick has been or not. */
	CHECK_REASON(
	    people_fixture_enable(&f, &op), SP_E_CONFLICT, "person.state", &f);
	people_fixture_close(&f);
}

static void
termination_is_for_ever(void)
{
	struct people_fixture_op op = { .s = "officer", .t = "officer" };
	struct people_person p;

	people_fixture_open(&f);
	op.id = people_fixture_person(&f, "A", "officer");
	/* Set for later, taken back, set for later again, reached. */
	op.at = f.now + 48 * HOUR;
	CHECK_OK(people_fixture_terminate(&f, &op), &f.err);
	CHECK(strstr(people_fixture_last(&f), "person.ending") != NULL);
	p = people_fixture_get(&f, &op.id);
	CHECK(people_person_state(&p, f.rules, f.now).state == PEOPLE_ACTIVE);
	CHECK_OK(people_fixture_enable(&f, &op), &f.err);
	CHECK(people_fixture_get(&f, &op.id).ends == 0);
	CHECK_OK(people_fixture_terminate(&f, &op), &f.err);
	f.now = op.at;
	p = people_fixture_get(&f, &op.id);
	CHECK(p.state == PEOPLE_ACTIVE);
	CHECK(
	    people_person_state(&p, f.rules, f.now).state == PEOPLE_TERMINATED);
	CHECK_REASON(
	    people_fixture_role(&f, &op), SP_E_CONFLICT, "person.state", &f);
	CHECK_REASON(people_fixture_transfer(&f, &op), SP_E_CONFLICT,
	    "person.state", &f);
	CHECK_REASON(people_fixture_terminate(&f, &op), SP_E_CONFLICT,
	    "person.state", &f);
	op.reason = PEOPLE_RISK;
	op.at = f.now + 1;
	CHECK_REASON(people_fixture_disable(&f, &op), SP_E_INVALID,
	    "person.discovered", &f);
	op.at = 0;
	CHECK_REASON(
	    people_fixture_disable(&f, &op), SP_E_CONFLICT, "person.state", &f);
	people_fixture_close(&f);
}

static void
late_is_said(void)
{
	struct people_fixture_op op = { .reason = PEOPLE_RISK };

	people_fixture_open(&f);
	op.id = people_fixture_person(&f, "A", "officer");
	op.at = f.now - HOUR / 2;
	CHECK_OK(people_fixture_disable(&f, &op), &f.err);
	CHECK(strstr(people_fixture_last(&f),
		  "{\"in_time\":true,\"reason\":\"risk\"}") != NULL);
	op.at = f.now - HOUR / 2 - 1;
	CHECK_OK(people_fixture_disable(&f, &op), &f.err);
	CHECK(strstr(people_fixture_last(&f), "\"in_time\":false") != NULL);
	op.at = f.now - 24 * HOUR - 1;
	CHECK_OK(people_fixture_terminate(&f, &op), &f.err);
	CHECK(strstr(people_fixture_last(&f), "\"in_time\":false") != NULL);
	op.id = people_fixture_person(&f, "B", "officer");
	op.at = f.now - 24 * HOUR;
	CHECK_OK(people_fixture_terminate(&f, &op), &f.err);
	CHECK(strstr(people_fixture_last(&f), "\"in_time\":true") != NULL);
	people_fixture_close(&f);
}

/* Releasing a lock frees nobody who is a risk. */
static void
graver_reasons_stay(void)
{
	struct people_fixture_op op = { .reason = PEOPLE_RISK };

	people_fixture_open(&f);
	op.id = people_fixture_person(&f, "A", "officer");
	CHECK_OK(people_fixture_disable(&f, &op), &f.err);
	op.reason = PEOPLE_LOCKED;
	CHECK_OK(people_fixture_disable(&f, &op), &f.err);
	CHECK(people_fixture_get(&f, &op.id).reason == PEOPLE_RISK);
	CHECK(strstr(people_fixture_last(&f), "\"reason\":\"locked\"") != NULL);
	op.reason = PEOPLE_INACTIVE;
	CHECK_REASON(
	    people_fixture_disable(&f, &op), SP_E_INVALID, "person.reason", &f);
	people_fixture_close(&f);
}

static struct sp_id ended_id;
static size_t ended_n;

static void
note_end(void *arg, const struct sp_id *id)
{
	(void)arg;
	ended_id = *id;
	ended_n++;
}

static enum sp_code
settle_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct people_fixture_op *op = arg;
	struct people_standing s;

	return people_person_settle(a, &op->id, &s, err);
}

static enum sp_code
do_settle(struct people_fixture *of, struct people_fixture_op *op)
{
	return people_fixture_do(of, settle_fn, op);
}

/* Each way in which an account changes: does it end what is under way?  What
 * is of the epoch is in the table twice: by what is told, and by the row. */
static void
what_ends_is_told(void)
{
	static const struct people_person_change corrected = { .name = "B" };
	static const struct {
		const char *name;
		enum sp_code (*way)(
		    struct people_fixture *of, struct people_fixture_op *op);
		struct people_fixture_op op;
		int64_t later; /* days before */
		bool disabled; /* before */
		bool temporary;
		bool ends;
	} rows[] = {
		{ "role", people_fixture_role, { .s = "custodian" }, 0, false,
		    false, true },
		{ "transfer", people_fixture_transfer,
		    { .s = "Traffic", .t = "officer" }, 0, false, false, true },
		{ "requested", people_fixture_disable,
		    { .reason = PEOPLE_REQUESTED }, 0, false, false, true },
		{ "risk", people_fixture_disable, { .reason = PEOPLE_RISK }, 0,
		    false, false, true },
		{ "screening", people_fixture_disable,
		    { .reason = PEOPLE_SCREENING }, 0, false, false, true },
		{ "locked", people_fixture_disable, { .reason = PEOPLE_LOCKED },
		    0, false, false, false },
		{ "enabled", people_fixture_enable, { .s = NULL }, 0, true,
		    false, true },
		{ "terminated", people_fixture_terminate, { .at = 0 }, 0, false,
		    false, true },
		{ "idle", do_settle, { .s = NULL }, 91, false, false, true },
		{ "not idle", do_settle, { .s = NULL }, 1, false, false,
		    false },
		{ "temporary", do_settle, { .s = NULL }, 4, false, true, true },
		{ "corrected", people_fixture_change, { .n = &corrected }, 0,
		    false, false, false },
		{ "seen", people_fixture_seen, { .s = NULL }, 1, false, false,
		    false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct people_fixture_op op = rows[i].op,
					 add = { .id = { .b = { 0 } } };
		struct people_person_new n = { .name = "Ann",
			.role = "officer" };
		sp_time before;

		people_fixture_open(&f);
		n.temporary =
		    rows[i].temporary ? f.now + INT64_C(86400) * SP_SECOND : 0;
		add.n = &n;
		CHECK_OK(people_fixture_add(&f, &add), &f.err);
		f.now += SP_SECOND;
		op.id = add.id;
		if (rows[i].disabled) {
			add.reason = PEOPLE_REQUESTED;
			CHECK_OK(people_fixture_disable(&f, &add), &f.err);
			f.now += SP_SECOND;
		}
		people_fixture_later(&f, rows[i].later);
		before = people_fixture_get(&f, &op.id).epoch;
		ledger_writer_ends(f.writer, note_end, NULL);
		ended_n = 0;
		CHECK_OK(rows[i].way(&f, &op), &f.err);
		if (ended_n != (rows[i].ends ? 1 : 0))
			tap_fail(__FILE__, __LINE__, rows[i].name, ": ended");
		CHECK(ended_n == 0 || sp_id_equal(&ended_id, &op.id));
		CHECK((people_fixture_get(&f, &op.id).epoch > before) ==
		    rows[i].ends);
		people_fixture_close(&f);
	}
}

/* An end that is set for later ends when it is reached. */
static void
an_end_is_told_when_it_comes(void)
{
	struct people_fixture_op op = { .s = NULL };

	people_fixture_open(&f);
	op.id = people_fixture_person(&f, "Ann", "officer");
	ledger_writer_ends(f.writer, note_end, NULL);
	ended_n = 0;
	op.at = f.now + 3600 * SP_SECOND;
	f.now += SP_SECOND;
	CHECK_OK(people_fixture_terminate(&f, &op), &f.err);
	CHECK(ended_n == 0);
	f.now = op.at;
	CHECK_OK(do_settle(&f, &op), &f.err);
	CHECK(ended_n == 1 && sp_id_equal(&ended_id, &op.id));
	people_fixture_close(&f);
}

static struct people_doing
doing(const struct sp_id *person)
{
	struct people_doing d = { .since = 0 };

	CHECK_OK(
	    people_person_doing(f.reader, person, f.now, &d, &f.err), &f.err);
	CHECK(d.since == f.now && sp_id_equal(&d.person, person));
	return d;
}

static bool
stands(struct people_doing d)
{
	bool out = false;

	CHECK_OK(
	    people_person_stands(f.reader, f.rules, &d, f.now, &out, &f.err),
	    &f.err);
	return out;
}

static void
what_was_set_going_ends_with_its_person(void)
{
	struct people_fixture_op op;
	struct sp_id eve, nobody = { .b = { 0 } }, unknown = sp_id_new();
	struct people_doing since;

	people_fixture_open(&f);
	eve = people_fixture_person(&f, "Eve Poe", "administrator");
	since = doing(&eve);
	CHECK(stands(since) && stands(doing(&nobody)));
	CHECK(doing(&unknown).epoch == 0 && !stands(doing(&unknown)));
	since.epoch--;
	CHECK(!stands(since));
	since.epoch += 2;
	CHECK(!stands(since));
	since = doing(&eve);
	/* A guess at her password takes nothing; another role does, at once
	 * and for good; what she does after it stands. */
	f.now += SP_SECOND;
	op = (struct people_fixture_op){ .id = eve, .reason = PEOPLE_LOCKED };
	CHECK_OK(people_fixture_disable(&f, &op), &f.err);
	CHECK(stands(since));
	CHECK_OK(people_fixture_enable(&f, &op), &f.err);
	f.now += SP_SECOND;
	CHECK(stands(since));
	f.now += SP_SECOND;
	op = (struct people_fixture_op){ .id = eve, .s = "officer" };
	CHECK_OK(people_fixture_role(&f, &op), &f.err);
	CHECK(!stands(since) && stands(doing(&eve)));
	/* Nobody writes it down that 90 days are over; they are all the same.
	 */
	since = doing(&eve);
	people_fixture_later(&f, 89);
	CHECK(stands(since));
	people_fixture_later(&f, 2);
	CHECK(!stands(since));
	people_fixture_close(&f);
}

#define HOUR (3600 * SP_SECOND)

/* With a clock that was fast before the change, is slow from then on, or was
 * fast at the change only: what was before it is void for good, what comes
 * after it stands at once, and what is under way ends with the act. */
static void
a_change_counts_whatever_the_clock_says(void)
{
	static const struct {
		enum sp_code (*way)(
		    struct people_fixture *of, struct people_fixture_op *op);
		struct people_fixture_op op;
		bool enabled; /* again, after it */
	} ways[] = {
		{ people_fixture_role, { .s = "officer" }, false },
		{ people_fixture_transfer, { .s = "Traffic", .t = "officer" },
		    false },
		{ people_fixture_disable, { .reason = PEOPLE_REQUESTED },
		    true },
	};
	static const int hours[][3] = { { 1, 0, 0 }, { 0, -1, -1 },
		{ 0, 1, 0 } };

	for (size_t n = 0; n < SP_COUNTOF(ways) * SP_COUNTOF(hours); n++) {
		const int *hour = hours[n % SP_COUNTOF(hours)];
		size_t way = n / SP_COUNTOF(hours);
		struct people_fixture_op op = ways[way].op;
		struct people_doing before;
		sp_time start;

		people_fixture_open(&f);
		start = f.now;
		op.id = people_fixture_person(&f, "Eve Poe", "administrator");
		f.now = start + hour[0] * HOUR;
		before = doing(&op.id);
		f.now = start + hour[1] * HOUR;
		CHECK(stands(before));
		ledger_writer_ends(f.writer, note_end, NULL);
		ended_n = 0;
		CHECK_OK(ways[way].way(&f, &op), &f.err);
		CHECK(ended_n == 1);
		if (ways[way].enabled)
			CHECK_OK(people_fixture_enable(&f, &op), &f.err);
		f.now = start + hour[2] * HOUR;
		CHECK(!stands(before));
		CHECK(stands(doing(&op.id)));
		f.now = start + 2 * HOUR;
		CHECK(!stands(before));
		people_fixture_close(&f);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "ninety days idle is disabled",
		    ninety_days_idle_is_disabled },
		{ "temporary accounts end", temporary_accounts_end },
		{ "termination is for ever", termination_is_for_ever },
		{ "late is said", late_is_said },
		{ "graver reasons stay", graver_reasons_stay },
		{ "what ends is told", what_ends_is_told },
		{ "an end is told when it comes",
		    an_end_is_told_when_it_comes },
		{ "what was set going ends with its person",
		    what_was_set_going_ends_with_its_person },
		{ "a change counts whatever the clock says",
		    a_change_counts_whatever_the_clock_says },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
