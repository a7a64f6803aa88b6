#include "roster_fixture.h"

static void
a_report_has_no_effect(void)
{
	ROSTER_AUTO r = NULL;
	struct roster_counts c;
	json_t *j, *row;

	people_fixture_open(&f);
	(void)people_fixture_person(&f, "Cy Old", "laso");
	r = read_roster(FEW);
	c = roster_counts(r);
	CHECK(c.rows == 2 && c.adds == 2 && c.missing == 1);
	CHECK(roster_clean(r));
	j = as_json(r);
	CHECK(json_array_size(json_object_get(j, "report")) == 2);
	row = json_array_get(json_object_get(j, "report"), 0);
	CHECK(strcmp(json_string_value(json_object_get(row, "what")), "add") ==
	    0);
	CHECK(json_integer_value(json_object_get(row, "row")) == 2);
	row = json_array_get(json_object_get(j, "left_out"), 0);
	CHECK(strcmp(json_string_value(json_object_get(row, "login")),
		  "cy.old") == 0);
	json_decref(j);
	CHECK(ledger_log_size(f.log) == 1); /* Cy's */
	people_fixture_close(&f);
}

struct bad {
	const char *csv, *reason;
	enum { CONFLICT, ERROR } what;
	int64_t row;
};

static void
each_is_refused(const struct bad *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ROSTER_AUTO r = read_roster(rows[i].csv);
		struct roster_counts c = roster_counts(r);
		json_t *j = as_json(r), *row = NULL, *at;
		uint64_t size = ledger_log_size(f.log);
		size_t k;

		if (c.conflicts != (rows[i].what == CONFLICT) ||
		    c.errors != (rows[i].what == ERROR))
			tap_fail(__FILE__, __LINE__, rows[i].csv, " counts");
		json_array_foreach(json_object_get(j, "report"), k, at)
		{
			if (json_object_get(at, "reason") != NULL)
				row = at;
		}
		CHECK(row != NULL);
		if (strcmp(json_string_value(json_object_get(row, "reason")),
			rows[i].reason) != 0)
			tap_fail(__FILE__, __LINE__, rows[i].csv,
			    json_string_value(json_object_get(row, "reason")));
		CHECK(json_integer_value(json_object_get(row, "row")) ==
		    rows[i].row);
		CHECK(json_string_length(json_object_get(row, "problem")) > 9);
		json_decref(j);
		CHECK(!roster_clean(r));
		CHECK_REASON(apply_with(rows[i].csv, r, NULL, NULL),
		    SP_E_CONFLICT, "roster.conflict", &f);
		CHECK(ledger_log_size(f.log) == size);
	}
}

static void
contradictions_are_conflicts(void)
{
	static const struct bad rows[] = {
		/* two rows of one file */
		{ "human,name,role\nE-9,A B,officer\nE-9,A C,officer\n",
		    "roster.rows", CONFLICT, 3 },
		{ "human,login,name,role\nE-8,x,A,officer\n"
		  "E-9,X,B,officer\n",
		    "person.login", CONFLICT, 3 },
		{ "human,login,name,role\nE-9,x,A,officer\n"
		  "E-9,y,A,officer\n",
		    "roster.rows", CONFLICT, 3 },
		/* the file and the agency */
		{ "human,login,name,role\nE-1,bob,Ann Lee,officer\n",
		    "person.login", CONFLICT, 2 },
		{ "human,login,name,role\nE-9,bob,Bob Ray,custodian\n",
		    "person.login", CONFLICT, 2 },
		{ "human,name,role\nE-5,Two Accounts,officer\n", "person.human",
		    CONFLICT, 2 },
		{ "login,name,role\ngone,G,officer\n", "person.login", CONFLICT,
		    2 },
	};
	struct people_person_new twice = {
		.human = "E-5", .name = "Two", .role = "officer"
	};
	struct people_person_new gone = {
		.name = "G", .login = "gone", .role = "officer"
	};
	struct people_fixture_op op = { .n = &twice }, leaver = { .n = &gone };

	people_fixture_open(&f);
	import(FEW);
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	CHECK_OK(people_fixture_add(&f, &leaver), &f.err);
	leaver.n = NULL;
	CHECK_OK(people_fixture_terminate(&f, &leaver), &f.err);
	each_is_refused(rows, SP_COUNTOF(rows));
	people_fixture_close(&f);
}

static void
wrong_cells_are_errors(void)
{
	static const struct bad rows[] = {
		{ "human,name,role\n,A,officer\n", "person.human", ERROR, 2 },
		{ "human,name,role\nE-9,,officer\n", "person.name", ERROR, 2 },
		{ "human,name,role\nE-9,A,wizard\n", "person.role", ERROR, 2 },
		{ "human,name,role\nE-1,Ann Lee,wizard\n", "person.role", ERROR,
		    2 },
		{ "human,name,role,kind\nE-1,Ann Lee,officer,contractor\n",
		    "person.employer", ERROR, 2 },
		{ "human,name,role,residence\nE-1,Ann Lee,officer,Florida\n",
		    "person.residence", ERROR, 2 },
		{ "login,name,role\na b,A,officer\n", "person.login", ERROR,
		    2 },
		{ "human,name,role,training_course\nE-1,Ann Lee,officer,"
		  "level2\n",
		    "training.completed", ERROR, 2 },
		{ "human,name,role,training_course,training_completed\n"
		  "E-1,Ann Lee,officer,level2,11/21/2026\n",
		    "training.completed", ERROR, 2 },
		{ "human,name,role,screening_decision\n"
		  "E-1,Ann Lee,officer,cleared\n",
		    "screening.fingerprinted", ERROR, 2 },
		{ "human,name,role,ssn\nE-1,Ann Lee,officer,000-00-0000\n",
		    "sealed.ssn", ERROR, 2 },
		{ "human,name,role,dob\nE-1,Ann Lee,officer,2030-01-01\n",
		    "sealed.dob", ERROR, 2 },
	};

	people_fixture_open(&f);
	import(FEW);
	each_is_refused(rows, SP_COUNTOF(rows));
	people_fixture_close(&f);
}

/* Each row's acts as the report tells them, joined by blanks, and "!" for
 * somebody with a role that leads. */
static void
acts_of(const json_t *row, char out[static 200])
{
	const json_t *acts = json_object_get(row, "acts");
	size_t len = 0, i;
	json_t *act;

	out[0] = '\0';
	json_array_foreach(acts, i, act) len += (size_t)snprintf(out + len,
	    200 - len, "%s%s", i == 0 ? "" : " ", json_string_value(act));
	if (json_is_true(json_object_get(row, "leads")))
		(void)snprintf(out + len, 200 - len, "!");
}

struct seen {
	size_t n;
	unsigned acts;
	size_t leads;
};

static enum sp_code
see_wish(void *arg, const struct roster_wish *w, struct sp_err *err)
{
	struct seen *s = arg;

	(void)err;
	CHECK(w->acts != 0 && w->row > 1);
	s->n++;
	s->acts |= w->acts;
	s->leads += w->leads;
	return SP_OK;
}

static void
each_row_says_which_acts_it_takes(void)
{
#define HEAD                                                                   \
	"human,login,name,role,unit,screening_fingerprinted,"                  \
	"screening_decision,screening_decided,training_course,"                \
	"training_completed,dob\n"
	static const struct {
		const char *row, *acts;
	} rows[] = {
		{ "E-9,new,New One,officer,,,,,,,", "person.add role.assign" },
		{ "E-9,new,New One,Agency Administrator,,,,,,,",
		    "person.add role.assign!" },
		{ "E-1,ann,Ann Lee,officer,,,,,,,", NULL },
		{ "E-1,ann,Ann May,officer,,,,,,,", "person.change" },
		{ "E-1,ann2,Ann Lee,officer,,,,,,,", "person.change" },
		{ "E-1,ann,Ann Lee,laso,,,,,,,", "role.assign!" },
		{ "E-1,ann,Ann Lee,custodian,,,,,,,", "role.assign" },
		{ "E-1,ann,Ann Lee,officer,Traffic,,,,,,",
		    "person.change role.assign" },
		{ "E-1,ann,,,,2026-01-02,cleared,2026-01-05,,,",
		    "screening.record" },
		{ "E-1,ann,,,,2026-01-02,denied,2026-01-05,,,",
		    "screening.record person.disable" },
		{ "E-1,ann,,,,,,,level4,2026-11-03,", "training.record" },
		{ "E-1,ann,,,,,,,,,1980-02-29", "sealed.record" },
		{ "E-2,bob,Bob Roy,,,,,,,,", "person.change!" },
		{ "E-2,bob,,officer,,,,,,,", "role.assign!" },
		{ "E-2,bob,,,,,,,level4,2026-11-03,", "training.record!" },
		/* Of what cannot be done, nothing is asked. */
		{ "E-1,ann,Ann Lee,king,,,,,,,", "" },
		{ "E-1,bob,Ann Lee,officer,,,,,,,", "" },
	};

	people_fixture_open(&f);
	import("human,login,name,role\r\nE-1,ann,Ann Lee,officer\r\n"
	       "E-2,bob,Bob Ray,administrator\r\n");
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char csv[512], got[200] = "";
		ROSTER_AUTO r = NULL;
		struct seen seen = { .n = 0 };
		json_t *j, *list;

		(void)snprintf(csv, sizeof(csv), HEAD "%s\n", rows[i].row);
		r = read_roster(csv);
		j = as_json(r);
		list = json_object_get(j, "report");
		CHECK(json_array_size(list) == (rows[i].acts != NULL));
		acts_of(json_array_get(list, 0), got);
		if (rows[i].acts != NULL && strcmp(got, rows[i].acts) != 0)
			tap_fail(__FILE__, __LINE__, rows[i].row, got);
		CHECK_OK(roster_each(r, see_wish, &seen, &f.err), &f.err);
		CHECK(seen.n == (got[0] != '\0' && got[0] != '!'));
		acts_of(j, got);
		CHECK((seen.acts == 0) == (got[0] == '\0'));
		json_decref(j);
	}
	people_fixture_close(&f);
#undef HEAD
}

/* The acts that a whole file takes, in the order of the file. */
static void
a_file_is_seen_row_by_row(void)
{
	static const char csv[] = "human,login,name,role,ssn\n"
				  "E-1,ann,Ann Lee,officer,\n"
				  "E-3,cy,Cy New,officer,123-45-6789\n"
				  "E-2,bob,Bob Ray,laso,\n";
	struct seen seen = { .n = 0 };
	ROSTER_AUTO r = NULL;
	uint8_t hash[CRYPTO_SHA256_LEN];
	char got[200];
	json_t *j;

	people_fixture_open(&f);
	import(FEW);
	r = read_roster(csv);
	CHECK_OK(roster_each(r, see_wish, &seen, &f.err), &f.err);
	CHECK(seen.n == 2 && seen.leads == 1);
	CHECK(seen.acts ==
	    (1U << ROSTER_ADDS | 1U << ROSTER_PLACES | 1U << ROSTER_SEALS));
	j = as_json(r);
	acts_of(j, got);
	CHECK(strcmp(got, "person.add role.assign sealed.record") == 0);
	json_decref(j);
	roster_hash(r, hash);
	CHECK_OK(roster_agree(r, hash, &f.err), &f.err);
	hash[0] ^= 1;
	CHECK_REASON(
	    roster_agree(r, hash, &f.err), SP_E_CONFLICT, "roster.changed", &f);
	people_fixture_close(&f);
}

/* Twenty thousand rows cost time, not its square. */
static void
a_large_agency_is_read(void)
{
	SP_AUTO_BUF csv = sp_buf_new(ROSTER_FILE_MAX);

	people_fixture_open(&f);
	sp_buf_text(&csv, "human,name,role\n");
	for (int i = 0; i < ROSTER_ROWS_MAX; i++)
		sp_buf_fmt(&csv, "E-%d,Officer %d,officer\n", i, i);
	{
		ROSTER_AUTO r = read_roster(sp_buf_str(&csv));

		CHECK(roster_counts(r).adds == ROSTER_ROWS_MAX);
	}
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a report has no effect", a_report_has_no_effect },
		{ "contradictions are conflicts",
		    contradictions_are_conflicts },
		{ "wrong cells are errors", wrong_cells_are_errors },
		{ "each row says which acts it takes",
		    each_row_says_which_acts_it_takes },
		{ "a file is seen row by row", a_file_is_seen_row_by_row },
		{ "a large agency is read", a_large_agency_is_read },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
