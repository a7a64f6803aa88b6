#include "people_fixture.h"

#include "people/record.h"

static struct people_fixture f;

static void
it_holds_for_the_rule_or_until_its_own_day(void)
{
	static const struct {
		int64_t months;
		const char *expires, *until; /* NULL: none; never */
	} rows[] = {
		{ 0, NULL, NULL },
		{ 0, "2027-01-01", "2027-01-01" },
		{ 12, NULL, "2025-02-28" },
		{ 12, "2025-02-27", "2025-02-27" },
		{ 12, "2025-03-01", "2025-02-28" },
	};
	people_day from = people_fixture_day("2024-02-29");

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		people_day expires = rows[i].expires == NULL
		    ? PEOPLE_DAY_NONE
		    : people_fixture_day(rows[i].expires);
		people_day until = rows[i].until == NULL
		    ? PEOPLE_DAY_NEVER
		    : people_fixture_day(rows[i].until);

		CHECK(people_record_until(from, rows[i].months, expires) ==
		    until);
	}
}

static void
a_day_to_come_is_refused(void)
{
	people_day latest = people_fixture_day("2026-11-21");

	CHECK_OK(
	    people_record_past("a.day", latest - 1, latest, &f.err), &f.err);
	CHECK_OK(people_record_past("a.day", latest, latest, &f.err), &f.err);
	CHECK_REASON(people_record_past("a.day", latest + 1, latest, &f.err),
	    SP_E_INVALID, "a.day", &f);
	CHECK(strcmp(f.err.text, "a.day: must not be a day to come") == 0);
}

/* --- on rows --- */

static const struct db_sql three = {
	"SELECT * FROM (VALUES(7), (8), (9)) WHERE ?1 IS NULL",
};
static const struct db_sql as_many_as = {
	"SELECT CASE WHEN ?1 IS NULL THEN 3 ELSE 1 END",
};

static void
so_many_there_may_be(void)
{
	struct people_record_limit l = {
		.count = &as_many_as,
		.most = 4,
		.reason = "thing.limit",
		.who = "a person has",
		.what = "things",
	};
	struct sp_id id = sp_id_new();

	people_fixture_open(&f);
	CHECK_OK(people_record_room(f.reader, &l, NULL, &f.err), &f.err);
	l.most = 3;
	CHECK_REASON(people_record_room(f.reader, &l, NULL, &f.err), SP_E_LIMIT,
	    "thing.limit", &f);
	CHECK(strcmp(f.err.text, "a person has at most 3 things") == 0);
	/* Of one only. */
	CHECK_OK(people_record_room(f.reader, &l, &id, &f.err), &f.err);
	people_fixture_close(&f);
}

static enum sp_code
read_number(struct db_stmt *st, void *to, struct sp_err *err)
{
	int64_t n = db_col_i64(st, 0);

	if (n == 0)
		return sp_fail(err, SP_E_CORRUPT, "a zero");
	*(int64_t *)to = n;
	return SP_OK;
}

static int64_t numbers[3];

static enum sp_code
list(size_t n, size_t *got)
{
	const struct people_record_list l = {
		.out = numbers,
		.size = sizeof(numbers[0]),
		.n = n,
		.read = read_number,
		.what = "numbers",
	};
	DB_STMT st = db_use(f.reader, &three);

	return people_record_list(st, &l, got, &f.err);
}

static void
rows_are_read_into_an_array(void)
{
	size_t got = 99;

	people_fixture_open(&f);
	CHECK_CODE(list(2, &got), SP_E_LIMIT, &f.err);
	CHECK(strcmp(f.err.text, "a person has more than 2 numbers") == 0);
	CHECK(got == 99 && numbers[2] == 0);
	CHECK_OK(list(3, &got), &f.err);
	CHECK(
	    got == 3 && numbers[0] == 7 && numbers[1] == 8 && numbers[2] == 9);
	people_fixture_close(&f);
}

/* Fails at the row that holds what `rules` is not there for. */
static enum sp_code
put_number(struct sp_json *j, struct db_stmt *st,
    const struct people_rules *rules, struct sp_err *err)
{
	if (rules == NULL && db_col_i64(st, 0) == 9)
		return sp_fail(err, SP_E_CORRUPT, "nine");
	sp_json_int(j, NULL, db_col_i64(st, 0));
	return SP_OK;
}

static enum sp_code
array(const struct people_rules *rules, struct sp_buf *to)
{
	struct sp_json j = sp_json_to(to);
	DB_STMT st = db_use(f.reader, &three);

	return people_record_array(&j, NULL, st, rules, put_number, &f.err);
}

static void
rows_are_told_as_an_array(void)
{
	SP_AUTO_BUF good = sp_buf_new(100);
	SP_AUTO_BUF bad = sp_buf_new(100);

	people_fixture_open(&f);
	CHECK_OK(array(f.rules, &good), &f.err);
	CHECK(strcmp(sp_buf_str(&good), "[7,8,9]") == 0);
	CHECK_CODE(array(NULL, &bad), SP_E_CORRUPT, &f.err);
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "it holds for the rule, or until its own day",
		    it_holds_for_the_rule_or_until_its_own_day },
		{ "a day to come is refused", a_day_to_come_is_refused },
		{ "so many there may be", so_many_there_may_be },
		{ "rows are read into an array", rows_are_read_into_an_array },
		{ "rows are told as an array", rows_are_told_as_an_array },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
