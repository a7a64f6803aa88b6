#include "people_fixture.h"

static struct people_fixture f;

static enum sp_code
train(const struct sp_id *id, const struct people_training_new *n)
{
	struct people_fixture_op op = { .id = *id, .n = n };

	return people_fixture_train(&f, &op);
}

static enum sp_code
demand(const struct sp_id *id, const char *course, const char *since)
{
	struct people_fixture_op op = { .id = *id, .s = course, .t = since };

	return people_fixture_demand(&f, &op);
}

static size_t
open_demands(const struct sp_id *id)
{
	struct people_demand d[PEOPLE_DEMANDS_MAX];
	size_t n = 0;

	CHECK_OK(people_training_demands(
		     f.reader, id, d, PEOPLE_DEMANDS_MAX, &n, &f.err),
	    &f.err);
	return n;
}

static void
every_field_has_its_rule(void)
{
	static const struct {
		struct people_training_new n;
		const char *reason;
	} rows[] = {
		{ { .course = "level5" }, "training.course" },
		{ { .course = "" }, "training.course" },
		{ { .course = "0" }, "training.course" },
		{ { .course = "5" }, "training.course" },
		{ { .course = "22" }, "training.course" },
		{ { .course = "level" }, "training.course" },
		{ { .course = "level--2" }, "training.course" },
		{ { .course = "2 " }, "training.course" },
		{ { .completed = "todays" }, "training.completed" },
		{ { .expires = "today" }, "training.expires" },
		{ { .completed = "2026-11-22" }, "training.completed" },
		{ { .completed = "yesterday" }, "training.completed" },
		{ { .expires = "2026-11-21" }, "training.expires" },
		{ { .reference = "" }, "training.reference" },
	};
	struct sp_id id;
	uint64_t size;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	size = ledger_log_size(f.log);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK_REASON(
		    train(&id, &rows[i].n), SP_E_INVALID, rows[i].reason, &f);
	CHECK_REASON(
	    demand(&id, "level9", NULL), SP_E_INVALID, "training.course", &f);
	CHECK_REASON(
	    demand(&id, NULL, NULL), SP_E_INVALID, "training.course", &f);
	CHECK_REASON(demand(&id, "event", "2026-12-01"), SP_E_INVALID,
	    "training.since", &f);
	CHECK(ledger_log_size(f.log) == size);
	people_fixture_close(&f);
}

/* As people write it; what is stored has one spelling only. */
static void
courses_are_read_as_people_write_them(void)
{
	static const struct {
		const char *said;
		enum people_course course;
	} rows[] = {
		{ "level1", PEOPLE_LEVEL1 },
		{ "2", PEOPLE_LEVEL2 },
		{ "Level 3", PEOPLE_LEVEL3 },
		{ "LEVEL_4", PEOPLE_LEVEL4 },
		{ "PII", PEOPLE_PII },
		{ "Event", PEOPLE_EVENT },
	};
	enum people_course course = PEOPLE_EVENT;
	struct people_training_new n = { .completed = "Today", .course = "2" };
	struct sp_id id;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK(people_course_read(rows[i].said, &course));
		CHECK(course == rows[i].course);
	}
	CHECK(!people_course_parse("2", &course));
	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	CHECK_OK(train(&id, &n), &f.err);
	CHECK(
	    strstr(people_fixture_last(&f),
		"\"completed\":\"2026-11-21\",\"course\":\"level2\"") != NULL);
	CHECK_OK(demand(&id, "Level 3", "today"), &f.err);
	people_fixture_close(&f);
}

/* At one at night by UTC it is yesterday in Florida: both are a today. */
static void
todays_date_by_utc_is_no_day_to_come(void)
{
	static const struct {
		const char *day;
		bool good;
	} rows[] = {
		{ "2026-11-20", true },
		{ "2026-11-21", true },
		{ "2026-11-22", true },
		{ "2026-11-23", false },
	};
	struct sp_id id;

	people_fixture_open(&f);
	f.now = people_fixture_time("2026-11-22T01:00:00Z");
	id = people_fixture_person(&f, "A", "officer");
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct people_training_new n = { .completed = rows[i].day };

		if (rows[i].good)
			CHECK_OK(train(&id, &n), &f.err);
		else
			CHECK_REASON(train(&id, &n), SP_E_INVALID,
			    "training.completed", &f);
	}
	CHECK_OK(demand(&id, "event", "2026-11-22"), &f.err);
	CHECK_REASON(demand(&id, "event", "2026-11-23"), SP_E_INVALID,
	    "training.since", &f);
	people_fixture_close(&f);
}

static void
the_role_says_which_course(void)
{
	static const struct {
		const char *role;
		enum people_course course;
	} rows[] = {
		{ "officer", PEOPLE_LEVEL2 },
		{ "administrator", PEOPLE_LEVEL3 },
		{ "laso", PEOPLE_LEVEL4 },
	};
	struct people_training_new n = { .reference = "Certificate 12" };

	people_fixture_open(&f);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct people_training got[PEOPLE_COURSE_COUNT];
		struct sp_id id = people_fixture_person(&f, "A", rows[i].role);

		CHECK_OK(train(&id, &n), &f.err);
		CHECK_OK(
		    people_training_of(f.reader, &id, f.rules, got, &f.err),
		    &f.err);
		for (int c = 0; c < PEOPLE_COURSE_COUNT; c++)
			CHECK((got[c].completed != PEOPLE_DAY_NONE) ==
			    (c == (int)rows[i].course));
	}
	CHECK(people_fixture_count(&f, "Certificate") == 0);
	people_fixture_close(&f);
}

static void
levels_are_cumulative(void)
{
	for (int done = 0; done < PEOPLE_COURSE_COUNT; done++) {
		for (int asked = 0; asked < PEOPLE_COURSE_COUNT; asked++) {
			bool want = done == asked ||
			    (done < 4 && asked < 4 && done >= asked);

			CHECK(people_course_covers((enum people_course)done,
				  (enum people_course)asked) == want);
		}
	}
}

/* The completion that holds longest counts, in whatever order they came. */
static void
the_longest_counts(void)
{
	struct people_training_new n = { .course = "level2" };
	struct people_training got[PEOPLE_COURSE_COUNT];
	struct sp_id id;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	n.completed = "2026-11-20";
	n.expires = "2026-12-01";
	CHECK_OK(train(&id, &n), &f.err);
	n.completed = "2026-06-01";
	n.expires = NULL;
	CHECK_OK(train(&id, &n), &f.err);
	n.completed = "2025-06-01";
	CHECK_OK(train(&id, &n), &f.err);
	CHECK_OK(
	    people_training_of(f.reader, &id, f.rules, got, &f.err), &f.err);
	CHECK(people_training_until(&got[PEOPLE_LEVEL2], f.rules) ==
	    people_fixture_day("2027-06-01"));
	people_fixture_close(&f);
}

static void
a_demand_is_met_by_what_comes_after(void)
{
	struct people_training_new n = { .course = "level3",
		.completed = "2026-11-01" };
	struct people_demand d[2];
	struct sp_id id;
	size_t got;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	CHECK_OK(train(&id, &n), &f.err);
	CHECK_OK(demand(&id, "level2", "2026-11-02"), &f.err);
	CHECK(
	    strstr(people_fixture_last(&f), "\"due\":\"2026-12-02\"") != NULL);
	CHECK_OK(
	    people_training_demands(f.reader, &id, d, 2, &got, &f.err), &f.err);
	CHECK(got == 1 && d[0].course == PEOPLE_LEVEL2);
	CHECK(d[0].since == people_fixture_day("2026-11-02"));
	CHECK(d[0].due == people_fixture_day("2026-12-02"));
	/* Of another kind, or lower: not met. */
	n = (struct people_training_new){ .course = "level1" };
	CHECK_OK(train(&id, &n), &f.err);
	n.course = "event";
	CHECK_OK(train(&id, &n), &f.err);
	CHECK(open_demands(&id) == 1);
	CHECK_OK(demand(&id, "pii", NULL), &f.err);
	CHECK(open_demands(&id) == 2);
	n.course = "level4";
	CHECK_OK(train(&id, &n), &f.err);
	CHECK(open_demands(&id) == 1);
	n.course = "pii";
	CHECK_OK(train(&id, &n), &f.err);
	CHECK(open_demands(&id) == 0);
	people_fixture_close(&f);
}

static void
open_demands_have_a_limit(void)
{
	struct sp_id id;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	for (int i = 0; i < PEOPLE_DEMANDS_MAX; i++)
		CHECK_OK(demand(&id, "event", NULL), &f.err);
	CHECK_REASON(
	    demand(&id, "event", NULL), SP_E_LIMIT, "training.limit", &f);
	people_fixture_close(&f);
}

static void
nobody_trains_themselves(void)
{
	struct people_training_new n = { .course = NULL };
	struct sp_id id, nobody = sp_id_new();

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "administrator");
	f.by.kind = "person";
	f.by.id = f.by.person = id;
	CHECK_REASON(train(&id, &n), SP_E_DENIED, "person.self", &f);
	CHECK_REASON(train(&nobody, &n), SP_E_NOTFOUND, "person.unknown", &f);
	CHECK_REASON(demand(&nobody, "event", NULL), SP_E_NOTFOUND,
	    "person.unknown", &f);
	people_fixture_close(&f);
}

static void
json_goes_both_ways(void)
{
	json_t *j = json_loads("{\"course\":\"pii\"}", 0, NULL), *back;
	SP_AUTO_BUF out = sp_buf_new(4096);
	struct sp_json w = sp_json_to(&out);
	struct people_training_new n;
	struct sp_id id;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	CHECK_OK(people_training_new_json(j, &n, &f.err), &f.err);
	CHECK_OK(train(&id, &n), &f.err);
	CHECK_OK(demand(&id, "event", NULL), &f.err);
	CHECK_OK(people_training_json(&w, NULL, f.reader, &id, f.rules, &f.err),
	    &f.err);
	back = json_loads(sp_buf_str(&out), 0, NULL);
	CHECK(back != NULL);
	CHECK(json_array_size(json_object_get(back, "records")) == 1);
	CHECK(json_array_size(json_object_get(back, "demands")) == 1);
	json_decref(back);
	json_decref(j);
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every field has its rule", every_field_has_its_rule },
		{ "today's date by UTC is no day to come",
		    todays_date_by_utc_is_no_day_to_come },
		{ "courses are read as people write them",
		    courses_are_read_as_people_write_them },
		{ "the role says which course", the_role_says_which_course },
		{ "levels are cumulative", levels_are_cumulative },
		{ "the longest counts", the_longest_counts },
		{ "a demand is met by what comes after",
		    a_demand_is_met_by_what_comes_after },
		{ "open demands have a limit", open_demands_have_a_limit },
		{ "nobody trains themselves", nobody_trains_themselves },
		{ "JSON goes both ways", json_goes_both_ways },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
