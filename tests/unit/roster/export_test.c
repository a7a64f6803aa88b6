#include "roster_fixture.h"

#include "roster/export.h"

/* A name that would run as a formula: written so that it does not, read back
 * as it was. */
static void
formulas_are_neutralised(void)
{
	static const char *const names[] = { "=cmd|'/C calc'!A0", "+1", "-1",
		"@SUM(A1)", "'=1", "''+x", "'quoted'", "plain", "a=b",
		"\"=1\"" };

	people_fixture_open(&f);
	for (size_t i = 0; i < SP_COUNTOF(names); i++)
		(void)people_fixture_person(&f, names[i], "officer");
	{
		SP_AUTO_BUF out = sp_buf_new(1 << 20);
		ROSTER_AUTO r = NULL;
		const char *at;

		CHECK_OK(
		    roster_csv(&out, f.reader, f.rules, f.now, &f.err), &f.err);
		/* No cell begins with what runs. */
		for (at = sp_buf_str(&out); *at != '\0'; at++)
			if ((at[0] == ',' || at[0] == '\n') && at[1] == '"')
				CHECK(at[2] == '"' ||
				    strchr("=+-@\t\r", at[2]) == NULL);
		CHECK(
		    strstr(sp_buf_str(&out), "\"'=cmd|'/C calc'!A0\"") != NULL);
		r = read_roster(sp_buf_str(&out));
		CHECK(roster_counts(r).same == SP_COUNTOF(names));
		CHECK(roster_counts(r).missing == 0);
	}
	people_fixture_close(&f);
}

/* What goes out comes in without any effect. */
static void
the_export_is_the_agency(void)
{
	struct people_screening_new varied = { .decision = "variance",
		.variance = "A 1998 case, \"minor\"",
		.adjudicator = "Tate, CSO",
		.expires = "2028-01-01" };
	struct people_person_new n = { .name = "Bo",
		.role = "administrator",
		.kind = "contractor",
		.employer = "Acme, Inc.",
		.employer_ori = "FLACME000",
		.residence = "GA",
		.unit = "Night" };
	struct people_fixture_op op = { .n = &n }, gone;
	struct sp_id ann;

	people_fixture_open(&f);
	import(FEW);
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	ann = by_login("ann").id;
	people_fixture_clear(&f, &ann);
	op = (struct people_fixture_op){ .id = ann, .n = &varied };
	CHECK_OK(people_fixture_screen(&f, &op), &f.err);
	gone = (struct people_fixture_op){
		.id = people_fixture_person(&f, "Gone", "officer"),
	};
	CHECK_OK(people_fixture_terminate(&f, &gone), &f.err);
	{
		SP_AUTO_BUF out = sp_buf_new(1 << 20);
		SP_AUTO_BUF json = sp_buf_new(1 << 20);
		struct sp_json w = sp_json_to(&json);
		ROSTER_AUTO r = NULL;
		struct roster_counts c;
		json_t *j;

		CHECK_OK(
		    roster_csv(&out, f.reader, f.rules, f.now, &f.err), &f.err);
		CHECK(strstr(sp_buf_str(&out), "Gone") == NULL);
		CHECK(
		    strstr(sp_buf_str(&out), "\"ok\",\"2027-11-21\"") != NULL);
		/* The days in force, of a rule, too. */
		CHECK(strstr(sp_buf_str(&out),
			  "\"Tate, CSO\",\"2028-01-01\"") != NULL);
		CHECK(strstr(sp_buf_str(&out),
			  "\"2026-11-21\",\"2027-11-21\"") != NULL);
		r = read_roster(sp_buf_str(&out));
		c = roster_counts(r);
		CHECK(c.rows == 3 && c.same == 3);
		CHECK(c.records == 0 && c.missing == 0);
		CHECK_OK(roster_export_json(
			     &w, NULL, f.reader, f.rules, f.now, &f.err),
		    &f.err);
		CHECK(sp_buf_ok(&json));
		j = json_loads(sp_buf_str(&json), 0, NULL);
		CHECK(json_array_size(json_object_get(j, "persons")) == 3);
		json_decref(j);
	}
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "formulas are neutralised", formulas_are_neutralised },
		{ "the export is the agency", the_export_is_the_agency },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
