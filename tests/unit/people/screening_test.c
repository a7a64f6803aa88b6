#include "people_fixture.h"

static struct people_fixture f;

static enum sp_code
screen(const struct sp_id *id, const struct people_screening_new *n)
{
	struct people_fixture_op op = { .id = *id, .n = n };

	return people_fixture_screen(&f, &op);
}

static void
every_field_has_its_rule(void)
{
	static const struct {
		struct people_screening_new n;
		const char *reason;
	} rows[] = {
		{ { .state = "XX" }, "screening.state" },
		{ { .state = "f" }, "screening.state" },
		{ { .decision = "maybe" }, "screening.decision" },
		{ { .decision = "CLEARED!" }, "screening.decision" },
		{ { .decision = "pending", .decided = "today" },
		    "screening.decided" },
		{ { .fingerprinted = "to day" }, "screening.fingerprinted" },
		{ { .fingerprinted = "2026-11-22" },
		    "screening.fingerprinted" },
		{ { .fingerprinted = "21.11.2026" },
		    "screening.fingerprinted" },
		{ { .fingerprinted = "2026-11-01", .decided = "2026-10-31" },
		    "screening.decided" },
		{ { .decided = "2026-11-22" }, "screening.decided" },
		{ { .decision = "pending", .decided = "2026-11-21" },
		    "screening.decided" },
		{ { .expires = "2026-11-21" }, "screening.expires" },
		{ { .expires = "2026-02-30" }, "screening.expires" },
		{ { .variance = "none" }, "screening.variance" },
		{ { .decision = "variance", .expires = "2027-01-01" },
		    "screening.variance" },
		{ { .decision = "variance", .variance = "A 1998 case" },
		    "screening.expires" },
		{ { .adjudicator = "" }, "screening.adjudicator" },
		{ { .adjudicator = "A\tB" }, "screening.adjudicator" },
	};
	struct people_screening_new good = { .decision = "variance",
		.variance = "A 1998 case",
		.expires = "2027-01-01" };
	struct sp_id id;
	uint64_t size;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	size = ledger_log_size(f.log);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK_REASON(
		    screen(&id, &rows[i].n), SP_E_INVALID, rows[i].reason, &f);
	CHECK(ledger_log_size(f.log) == size);
	CHECK_OK(screen(&id, &good), &f.err);
	good = (struct people_screening_new){ .decision = "CLEARED",
		.fingerprinted = "today",
		.decided = "Today" };
	CHECK_OK(screen(&id, &good), &f.err);
	CHECK(strstr(people_fixture_last(&f), "\"decision\":\"cleared\"") !=
	    NULL);
	people_fixture_close(&f);
}

static void
a_record_comes_back_and_says_no_name(void)
{
	struct people_screening_new n = {
		.state = "ga",
		.fingerprinted = "2026-10-01",
		.adjudicator = "Major Quincy Tate",
		.decision = "cleared",
		.decided = "2026-10-15",
		.expires = "2028-01-01",
	};
	struct people_screening got[4];
	SP_AUTO_BUF out = sp_buf_new(4096);
	struct sp_json w = sp_json_to(&out);
	struct sp_id id;
	size_t some = 0;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	CHECK_OK(screen(&id, &n), &f.err);
	CHECK_OK(
	    people_screening_of(f.reader, &id, got, 4, &some, &f.err), &f.err);
	CHECK(some == 1 && strcmp(got[0].state, "GA") == 0);
	CHECK(got[0].decision == PEOPLE_CLEARED);
	CHECK(got[0].fingerprinted == people_fixture_day("2026-10-01"));
	CHECK(got[0].decided == people_fixture_day("2026-10-15"));
	CHECK(got[0].expires == people_fixture_day("2028-01-01"));
	CHECK(
	    strstr(people_fixture_last(&f),
		"\"decision\":\"cleared\",\"expires\":\"2028-01-01\"") != NULL);
	CHECK(people_fixture_count(&f, "Quincy") == 0);
	CHECK_OK(
	    people_screening_json(&w, NULL, f.reader, &id, f.rules, &f.err),
	    &f.err);
	CHECK(sp_buf_ok(&out));
	CHECK(strstr(sp_buf_str(&out),
		  "\"adjudicator\":\"Major Quincy Tate\"") != NULL);
	CHECK(strstr(sp_buf_str(&out), "\"expires\":\"2028-01-01\"") != NULL);
	people_fixture_close(&f);
}

/* Somebody answers for each decision: who records it, marked as such, when
 * nobody else is named.  What clears nobody has no day on which it ends. */
static void
somebody_answers_for_each_decision(void)
{
	struct people_screening_new n = { .decision = "cleared" };
	struct people_screening_new denied = { .decision = "denied" };
	struct people_screening_new pending = { .decision = "pending" };
	SP_AUTO_BUF out = sp_buf_new(1 << 20);
	struct sp_json w = sp_json_to(&out);
	struct sp_id id, boss;
	json_t *j;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	boss = people_fixture_person(&f, "Kim Roe", "administrator");
	CHECK_OK(screen(&id, &n), &f.err);
	f.by.kind = "person";
	f.by.id = f.by.person = boss;
	CHECK_OK(screen(&id, &n), &f.err);
	CHECK_OK(screen(&id, &denied), &f.err);
	CHECK_OK(screen(&id, &pending), &f.err);
	CHECK_OK(
	    people_screening_json(&w, NULL, f.reader, &id, f.rules, &f.err),
	    &f.err);
	j = json_loads(sp_buf_str(&out), 0, NULL);
	for (size_t i = 0; i < 4; i++) {
		const json_t *row = json_array_get(j, i);
		const json_t *who = json_object_get(row, "adjudicator");
		const json_t *ends = json_object_get(row, "expires");

		CHECK(json_is_string(ends) == (i < 2));
		CHECK(json_is_string(who) == (i < 3));
		if (i == 0)
			CHECK(strstr(json_string_value(who),
				  " (recorded it)") != NULL);
		else if (i < 3)
			CHECK(strcmp(json_string_value(who),
				  "Kim Roe (recorded it)") == 0);
	}
	json_decref(j);
	people_fixture_close(&f);
}

/* Five years by rule, an earlier day when one is given, never a later one. */
static void
it_holds_until_the_earlier_day(void)
{
	PEOPLE_AUTO_RULES r = NULL;
	struct people_screening s = {
		.fingerprinted = people_fixture_day("2024-02-29"),
		.expires = PEOPLE_DAY_NONE,
	};

	CHECK_OK(people_rules_default(&r, "FL", &f.err), &f.err);
	CHECK(
	    people_screening_until(&s, r) == people_fixture_day("2029-02-28"));
	s.expires = people_fixture_day("2025-01-01");
	CHECK(people_screening_until(&s, r) == s.expires);
	s.expires = people_fixture_day("2035-01-01");
	CHECK(
	    people_screening_until(&s, r) == people_fixture_day("2029-02-28"));
}

/* Fingerprints of today by UTC, of tomorrow by the agency's clock; decided
 * the same day when nobody says. */
static void
todays_date_by_utc_is_no_day_to_come(void)
{
	struct people_screening_new n = { .fingerprinted = "2026-11-22" };
	struct people_screening got[2];
	struct sp_id id;
	size_t some = 0;

	people_fixture_open(&f);
	f.now = people_fixture_time("2026-11-22T01:00:00Z");
	id = people_fixture_person(&f, "A", "officer");
	CHECK_OK(screen(&id, &n), &f.err);
	CHECK_OK(
	    people_screening_of(f.reader, &id, got, 2, &some, &f.err), &f.err);
	CHECK(some == 1 && got[0].decided == people_fixture_day("2026-11-22"));
	n.decided = "2026-11-23";
	CHECK_REASON(screen(&id, &n), SP_E_INVALID, "screening.decided", &f);
	n = (struct people_screening_new){ .fingerprinted = "2026-11-23" };
	CHECK_REASON(
	    screen(&id, &n), SP_E_INVALID, "screening.fingerprinted", &f);
	people_fixture_close(&f);
}

static void
denied_disables_at_once(void)
{
	struct people_screening_new n = { .decision = "denied" };
	struct people_person p;
	struct sp_id id;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	CHECK_OK(screen(&id, &n), &f.err);
	p = people_fixture_get(&f, &id);
	CHECK(p.state == PEOPLE_DISABLED && p.reason == PEOPLE_SCREENING);
	CHECK(people_fixture_count(&f, "screening.recorded") == 1);
	CHECK(people_fixture_count(&f, "person.disabled") == 1);
	people_fixture_close(&f);
}

static void
nobody_clears_themselves(void)
{
	struct people_screening_new n = { .state = NULL };
	struct sp_id id, nobody = sp_id_new();

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "administrator");
	f.by.kind = "person";
	f.by.id = f.by.person = id;
	CHECK_REASON(screen(&id, &n), SP_E_DENIED, "person.self", &f);
	CHECK_REASON(screen(&nobody, &n), SP_E_NOTFOUND, "person.unknown", &f);
	people_fixture_close(&f);
}

static void
there_is_a_limit(void)
{
	struct people_screening_new n = { .decision = "pending" };
	struct people_screening got[PEOPLE_SCREENINGS_MAX];
	struct sp_id id;
	size_t some;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	for (int i = 0; i < PEOPLE_SCREENINGS_MAX; i++)
		CHECK_OK(screen(&id, &n), &f.err);
	CHECK_REASON(screen(&id, &n), SP_E_LIMIT, "screening.limit", &f);
	CHECK_OK(people_screening_of(
		     f.reader, &id, got, PEOPLE_SCREENINGS_MAX, &some, &f.err),
	    &f.err);
	CHECK(some == PEOPLE_SCREENINGS_MAX);
	CHECK_CODE(people_screening_of(f.reader, &id, got, 3, &some, &f.err),
	    SP_E_LIMIT, &f.err);
	people_fixture_close(&f);
}

static void
json_comes_in(void)
{
	json_t *j =
	    json_loads("{\"state\":\"GA\",\"decision\":\"denied\"}", 0, NULL);
	struct people_screening_new n;

	CHECK_OK(people_screening_new_json(j, &n, &f.err), &f.err);
	CHECK(strcmp(n.state, "GA") == 0 && n.expires == NULL);
	json_object_set_new(j, "adjudicator", json_integer(4));
	CHECK_REASON(people_screening_new_json(j, &n, &f.err), SP_E_INVALID,
	    "screening.adjudicator", &f);
	json_decref(j);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every field has its rule", every_field_has_its_rule },
		{ "a record comes back and says no name",
		    a_record_comes_back_and_says_no_name },
		{ "somebody answers for each decision",
		    somebody_answers_for_each_decision },
		{ "it holds until the earlier day",
		    it_holds_until_the_earlier_day },
		{ "today's date by UTC is no day to come",
		    todays_date_by_utc_is_no_day_to_come },
		{ "denied disables at once", denied_disables_at_once },
		{ "nobody clears themselves", nobody_clears_themselves },
		{ "there is a limit", there_is_a_limit },
		{ "JSON comes in", json_comes_in },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
