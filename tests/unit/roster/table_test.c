#include "roster_fixture.h"

static void
a_file_that_is_no_table_is_refused(void)
{
	static const struct {
		const char *csv, *reason;
	} rows[] = {
		{ "", "roster.columns" },
		{ "\r\n\r\n", "roster.columns" },
		{ "name,role\nA,officer\n", "roster.columns" },
		{ "human,nmae\nE,A\n", "roster.columns" },
		{ "human,human\nE,E\n", "roster.columns" },
		{ "human,\nE,\n", "roster.columns" },
		{ "human;name\nE;A\n", "roster.columns" },
		{ "human,name\nE\n", "roster.csv" },
		{ "human,name\nE,A,B\n", "roster.csv" },
		{ "human,name\nE,\"A\n", "roster.csv" },
		{ "human,name\nE,\"A\"B\n", "roster.csv" },
		{ "human,name\nE,A\"B\n", "roster.csv" },
		{ "human,name\nE,\xff\n", "roster.csv" },
		{ "human,name\nE,\xed\xa0\x80\n", "roster.csv" },
	};

	people_fixture_open(&f);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct roster *r = NULL;

		CHECK_REASON(try_read(rows[i].csv, &r), SP_E_INVALID,
		    rows[i].reason, &f);
		CHECK(r == NULL);
	}
	CHECK(strstr(f.err.text, "UTF-8") != NULL);
	people_fixture_close(&f);
}

static void
forms_of_csv_are_read(void)
{
	static const char *const same[] = {
		"human,login,name,role\nE-1,ann,\"Lee, Ann\",officer\n",
		"\xef\xbb\xbfhuman,login,name,role\r\nE-1,ann,\"Lee, "
		"Ann\",officer\r\n",
		"HUMAN , Login,name,role\r\rE-1 , ann,\"Lee, Ann\",officer",
		"role,name,login,human\n\n\nofficer,\"Lee, Ann\",\"ann\","
		"\"E-1\"\n\n",
	};

	people_fixture_open(&f);
	import(same[0]);
	CHECK(strcmp(by_login("ann").name, "Lee, Ann") == 0);
	for (size_t i = 0; i < SP_COUNTOF(same); i++) {
		ROSTER_AUTO r = read_roster(same[i]);

		CHECK(roster_counts(r).same == 1);
	}
	people_fixture_close(&f);
}

static void
large_is_bounded(void)
{
	SP_AUTO_BUF csv = sp_buf_new(ROSTER_FILE_MAX + 100);
	struct roster *r = NULL;

	people_fixture_open(&f);
	/* a cell */
	sp_buf_text(&csv, "human,name\nE,");
	for (size_t i = 0; i < ROSTER_CELL_MAX + 1; i++)
		sp_buf_u8(&csv, 'x');
	CHECK_REASON(
	    try_read(sp_buf_str(&csv), &r), SP_E_INVALID, "roster.csv", &f);
	CHECK(strstr(f.err.text, "4096") != NULL);
	/* just not */
	sp_buf_cut(&csv, csv.len - 1);
	CHECK_OK(try_read(sp_buf_str(&csv), &r), &f.err);
	CHECK(roster_counts(r).errors == 1);
	roster_free(r);
	r = NULL;
	/* rows */
	sp_buf_clear(&csv);
	sp_buf_text(&csv, "human\n");
	for (int i = 0; i <= ROSTER_ROWS_MAX; i++)
		sp_buf_text(&csv, "E\n");
	CHECK_REASON(
	    try_read(sp_buf_str(&csv), &r), SP_E_INVALID, "roster.csv", &f);
	/* rows of one person */
	sp_buf_cut(&csv, 6 + 2 * (ROSTER_SAME + 1));
	CHECK_OK(try_read(sp_buf_str(&csv), &r), &f.err);
	CHECK(!roster_clean(r));
	roster_free(r);
	r = NULL;
	/* columns */
	sp_buf_clear(&csv);
	for (int i = 0; i < 500; i++)
		sp_buf_text(&csv, "human,");
	CHECK_REASON(
	    try_read(sp_buf_str(&csv), &r), SP_E_INVALID, "roster.columns", &f);
	/* the file */
	sp_buf_clear(&csv);
	sp_buf_text(&csv, "human\n");
	while (csv.len <= ROSTER_FILE_MAX)
		sp_buf_text(&csv, "\n\n\n\n\n\n\n\n");
	CHECK_REASON(
	    try_read(sp_buf_str(&csv), &r), SP_E_LIMIT, "roster.csv", &f);
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a file that is no table is refused",
		    a_file_that_is_no_table_is_refused },
		{ "forms of CSV are read", forms_of_csv_are_read },
		{ "large is bounded", large_is_bounded },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
