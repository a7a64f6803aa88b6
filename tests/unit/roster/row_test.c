#include "roster_fixture.h"

#include "roster/row.h"

/* A table of one row, read; freed by the caller. */
static struct roster_table
table_of(const char *csv)
{
	struct roster_table t = { .text = sp_buf_secret(1 << 16) };
	struct sp_err err;

	CHECK_OK(roster_table_parse(&t, piece(csv), &err), &err);
	CHECK(t.rows == 1);
	return t;
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
a_row_says_what_its_cells_say(void)
{
	struct roster_table t = table_of(
	    "human,login,name,role,kind,employer,employer_ori,residence,unit,"
	    "screening_state,screening_fingerprinted,screening_decision,"
	    "screening_decided,screening_adjudicator,screening_expires,"
	    "screening_variance,training_course,training_completed,"
	    "training_expires,training_reference\n"
	    "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20\n");
	const struct roster_row *row = &t.row[0];
	struct people_person_new p = roster_row_person(&t, row);
	struct people_screening_new s = roster_row_screening(&t, row);
	struct people_training_new g = roster_row_training(&t, row);

	CHECK(same(p.human, "1") && same(p.login, "2") && same(p.name, "3"));
	CHECK(same(p.role, "4") && same(p.kind, "5") && same(p.unit, "9"));
	CHECK(same(p.employer, "6") && same(p.employer_ori, "7"));
	CHECK(same(p.residence, "8") && p.temporary == 0);
	CHECK(same(s.state, "10") && same(s.fingerprinted, "11"));
	CHECK(same(s.decision, "12") && same(s.decided, "13"));
	CHECK(same(s.adjudicator, "14") && same(s.expires, "15"));
	CHECK(same(s.variance, "16"));
	CHECK(same(g.course, "17") && same(g.completed, "18"));
	CHECK(same(g.expires, "19") && same(g.reference, "20"));
	roster_table_free(&t);
}

static void
an_empty_cell_says_nothing(void)
{
	struct roster_table t = table_of("human,name,employer\nE-1,,\n");
	struct people_person_new p = roster_row_person(&t, &t.row[0]);

	CHECK(same(p.human, "E-1") && p.name == NULL && p.employer == NULL);
	CHECK(p.login == NULL && p.role == NULL);
	roster_table_free(&t);
}

/* Only what differs; an employer may be changed to none. */
static void
a_change_has_what_differs(void)
{
	struct roster_table t =
	    table_of("human,name,employer,unit\nE-1,Ann,,Night\n");
	struct people_person_change c = roster_row_change(&t, &t.row[0]);

	CHECK(c.human == NULL && c.name == NULL && c.employer == NULL);
	t.row[0].changes = 1U << COL_NAME | 1U << COL_EMPLOYER | 1U << COL_UNIT;
	c = roster_row_change(&t, &t.row[0]);
	CHECK(c.human == NULL && same(c.name, "Ann") && same(c.employer, ""));
	CHECK(c.login == NULL && c.kind == NULL && c.residence == NULL);
	roster_table_free(&t);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a row says what its cells say",
		    a_row_says_what_its_cells_say },
		{ "an empty cell says nothing", an_empty_cell_says_nothing },
		{ "a change has what differs", a_change_has_what_differs },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
