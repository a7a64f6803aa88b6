#include "people_fixture.h"

#include "people/roster.h"

#include <signal.h>
#include <sys/wait.h>

static struct people_fixture f;

/* --- shorthand --- */

static struct crypto_piece
piece(const char *text)
{
	return (struct crypto_piece){ text, strlen(text) };
}

static enum sp_code
try_read(const char *csv, struct people_roster **out)
{
	memset(&f.err, 0, sizeof(f.err));
	return people_roster_read(
	    out, f.reader, f.rules, piece(csv), f.now, &f.err);
}

static struct people_roster *
read_roster(const char *csv)
{
	struct people_roster *r = NULL;

	CHECK_OK(try_read(csv, &r), &f.err);
	return r;
}

static json_t *
as_json(const struct people_roster *r)
{
	SP_AUTO_BUF out = sp_buf_new(1 << 24);
	struct sp_json w = sp_json_to(&out);
	json_t *j;

	people_roster_json(&w, NULL, r);
	CHECK(sp_buf_ok(&out));
	j = json_loads(sp_buf_str(&out), JSON_REJECT_DUPLICATES, NULL);
	CHECK(j != NULL);
	return j;
}

static enum sp_code
apply_with(const char *csv, const struct people_roster *r,
    struct crypto_secret *dek, struct people_roster_counts *done)
{
	struct people_roster_apply p = {
		.by = f.by,
		.rules = f.rules,
		.now = f.now,
		.csv = piece(csv),
		.dek = dek,
	};
	enum sp_code code;

	people_roster_hash(r, p.hash);
	memset(&f.err, 0, sizeof(f.err));
	code = ledger_writer_run(f.writer, people_roster_apply, &p, &f.err);
	if (done != NULL)
		*done = p.done;
	return code;
}

static void
import(const char *csv)
{
	PEOPLE_AUTO_ROSTER r = read_roster(csv);

	CHECK(people_roster_clean(r));
	CHECK_OK(apply_with(csv, r, NULL, NULL), &f.err);
}

static struct people_person
by_login(const char *login)
{
	struct people_person p;

	CHECK_OK(people_person_by_login(f.reader, login, &p, &f.err), &f.err);
	return p;
}

#define FEW                                                                    \
	"human,login,name,role\r\n"                                            \
	"E-1,ann,Ann Lee,officer\r\n"                                          \
	"E-2,bob,Bob Ray,custodian\r\n"

/* --- the way of a file --- */

static void
a_report_has_no_effect(void)
{
	PEOPLE_AUTO_ROSTER r = NULL;
	struct people_roster_counts c;
	json_t *j, *row;

	people_fixture_open(&f);
	(void)people_fixture_person(&f, "Cy Old", "laso");
	r = read_roster(FEW);
	c = people_roster_counts(r);
	CHECK(c.rows == 2 && c.adds == 2 && c.missing == 1);
	CHECK(people_roster_clean(r));
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

static void
what_was_looked_at_is_what_happens(void)
{
	struct people_roster_counts done;
	struct people_person p;

	people_fixture_open(&f);
	{
		PEOPLE_AUTO_ROSTER r = read_roster(FEW);

		CHECK_OK(apply_with(FEW, r, NULL, &done), &f.err);
		CHECK(done.adds == 2);
	}
	p = by_login("ann");
	CHECK(strcmp(p.human, "E-1") == 0 && p.role == PEOPLE_OFFICER);
	CHECK(people_fixture_count(&f, "\"act\":\"person.added\"") == 2);
	CHECK(strstr(people_fixture_last(&f), "\"act\":\"roster.applied\"") !=
	    NULL);
	CHECK(people_fixture_count(&f, "Ann") == 0);
	/* Again: nothing. */
	{
		PEOPLE_AUTO_ROSTER r = read_roster(FEW);
		json_t *j = as_json(r);

		CHECK(people_roster_counts(r).same == 2);
		CHECK(json_array_size(json_object_get(j, "report")) == 0);
		json_decref(j);
	}
	people_fixture_close(&f);
}

/* Anything between report and doing it, and nothing is done. */
static void
changes_in_between_are_seen(void)
{
	static const char more[] = FEW "E-3,cy,Cy Old,laso\r\n";
	struct people_person_change c = { .name = "Ann Smith" };
	struct people_fixture_op op = { .n = &c };
	uint64_t size;

	people_fixture_open(&f);
	import(FEW);
	{
		PEOPLE_AUTO_ROSTER r = read_roster(more);

		op.id = by_login("ann").id;
		CHECK_OK(people_fixture_change(&f, &op), &f.err);
		size = ledger_log_size(f.log);
		CHECK_REASON(apply_with(more, r, NULL, NULL), SP_E_CONFLICT,
		    "roster.changed", &f);
		/* Another file under the same report. */
		CHECK_REASON(apply_with(FEW, r, NULL, NULL), SP_E_CONFLICT,
		    "roster.changed", &f);
	}
	{
		/* A new report; somebody is added: it leaves them out. */
		PEOPLE_AUTO_ROSTER r = read_roster(more);

		(void)people_fixture_person(&f, "Di New", "officer");
		CHECK_REASON(apply_with(more, r, NULL, NULL), SP_E_CONFLICT,
		    "roster.changed", &f);
	}
	CHECK(ledger_log_size(f.log) == size + 1);
	people_fixture_close(&f);
}

static void
changes_become_acts(void)
{
	static const char csv[] =
	    "human,login,name,role,kind,employer,unit\n"
	    "E-1,ann,Ann Smith,officer,,,\n"
	    "E-2,bob,Bob Ray,records-clerk,contractor,Acme,Desk 2\n";
	static const char home[] = "human,name,role,kind\n"
				   "E-2,Bob Ray,records-clerk,agency\n";
	static const char said[] = "human,name,role\n"
				   "E-2,Bob Ray,Records Clerk\n";
	struct people_person p;
	json_t *j, *row;

	people_fixture_open(&f);
	import(FEW);
	{
		PEOPLE_AUTO_ROSTER r = read_roster(csv);

		CHECK(people_roster_counts(r).changes == 2);
		j = as_json(r);
		row = json_array_get(json_object_get(j, "report"), 0);
		row = json_array_get(json_object_get(row, "fields"), 0);
		CHECK(strcmp(json_string_value(json_object_get(row, "field")),
			  "name") == 0);
		CHECK(strcmp(json_string_value(json_object_get(row, "from")),
			  "Ann Lee") == 0);
		CHECK(strcmp(json_string_value(json_object_get(row, "to")),
			  "Ann Smith") == 0);
		json_decref(j);
		CHECK_OK(apply_with(csv, r, NULL, NULL), &f.err);
	}
	p = by_login("bob");
	CHECK(p.role == PEOPLE_RECORDS_CLERK && p.kind == PEOPLE_CONTRACTOR);
	CHECK(strcmp(p.employer, "Acme") == 0);
	CHECK(strcmp(p.unit, "Desk 2") == 0);
	CHECK(people_fixture_count(&f, "\"act\":\"person.transferred\"") == 1);
	CHECK(people_fixture_count(&f, "\"act\":\"person.changed\"") == 2);
	/* Taken over by the agency: the employer goes. */
	import(home);
	p = by_login("bob");
	CHECK(p.kind == PEOPLE_AGENCY && p.employer[0] == '\0');
	/* The same role in other words is no change. */
	{
		PEOPLE_AUTO_ROSTER r = read_roster(said);

		CHECK(people_roster_counts(r).changes == 0);
		CHECK(people_roster_counts(r).errors == 0);
	}
	people_fixture_close(&f);
}

static void
records_are_added_once(void)
{
	static const char csv[] =
	    "login,name,role,screening_fingerprinted,screening_decision,"
	    "screening_decided,screening_adjudicator,training_course,"
	    "training_completed\n"
	    "ann,Ann Lee,officer,2026-10-01,cleared,2026-10-09,CSO Tate,"
	    "level2,2026-11-01\n"
	    "ann,Ann Lee,officer,,,,,pii,2026-11-02\n"
	    "ann,Ann Lee,officer,,,,,pii,2026-11-02\n"
	    "bob,Bob Ray,laso,,,,,level4,2026-11-03\n";
	struct sp_id id;

	people_fixture_open(&f);
	{
		PEOPLE_AUTO_ROSTER r = read_roster(csv);
		struct people_roster_counts c = people_roster_counts(r);

		CHECK(c.adds == 2 && c.same == 2 && c.records == 4);
		CHECK_OK(apply_with(csv, r, NULL, NULL), &f.err);
	}
	CHECK(people_fixture_count(&f, "\"act\":\"screening.recorded\"") == 1);
	CHECK(people_fixture_count(&f, "\"act\":\"training.recorded\"") == 3);
	id = by_login("ann").id;
	CHECK(people_fixture_verdict(&f, &id).code == PEOPLE_ADDENDUM_MISSING);
	{
		PEOPLE_AUTO_ROSTER r = read_roster(csv);

		CHECK(people_roster_counts(r).records == 0);
		CHECK(people_roster_counts(r).same == 4);
	}
	people_fixture_close(&f);
}

/* --- what contradicts --- */

struct bad {
	const char *csv, *reason;
	enum { CONFLICT, ERROR } what;
	int64_t row;
};

static void
each_is_refused(const struct bad *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		PEOPLE_AUTO_ROSTER r = read_roster(rows[i].csv);
		struct people_roster_counts c = people_roster_counts(r);
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
		CHECK(!people_roster_clean(r));
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
		struct people_roster *r = NULL;

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
		PEOPLE_AUTO_ROSTER r = read_roster(same[i]);

		CHECK(people_roster_counts(r).same == 1);
	}
	people_fixture_close(&f);
}

static void
large_is_bounded(void)
{
	SP_AUTO_BUF csv = sp_buf_new(PEOPLE_ROSTER_FILE_MAX + 100);
	struct people_roster *r = NULL;

	people_fixture_open(&f);
	/* a cell */
	sp_buf_text(&csv, "human,name\nE,");
	for (size_t i = 0; i < PEOPLE_ROSTER_CELL_MAX + 1; i++)
		sp_buf_u8(&csv, 'x');
	CHECK_REASON(
	    try_read(sp_buf_str(&csv), &r), SP_E_INVALID, "roster.csv", &f);
	CHECK(strstr(f.err.text, "4096") != NULL);
	/* just not */
	sp_buf_cut(&csv, csv.len - 1);
	CHECK_OK(try_read(sp_buf_str(&csv), &r), &f.err);
	CHECK(people_roster_counts(r).errors == 1);
	people_roster_free(r);
	r = NULL;
	/* rows */
	sp_buf_clear(&csv);
	sp_buf_text(&csv, "human\n");
	for (int i = 0; i <= PEOPLE_ROSTER_ROWS_MAX; i++)
		sp_buf_text(&csv, "E\n");
	CHECK_REASON(
	    try_read(sp_buf_str(&csv), &r), SP_E_INVALID, "roster.csv", &f);
	/* rows of one person */
	sp_buf_cut(&csv, 6 + 2 * (PEOPLE_ROSTER_SAME + 1));
	CHECK_OK(try_read(sp_buf_str(&csv), &r), &f.err);
	CHECK(!people_roster_clean(r));
	people_roster_free(r);
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
	while (csv.len <= PEOPLE_ROSTER_FILE_MAX)
		sp_buf_text(&csv, "\n\n\n\n\n\n\n\n");
	CHECK_REASON(
	    try_read(sp_buf_str(&csv), &r), SP_E_LIMIT, "roster.csv", &f);
	people_fixture_close(&f);
}

/* All or nothing: the last row's refusal undoes the first. */
static void
one_refusal_undoes_all(void)
{
	static const char csv[] = "human,login,name,role\n"
				  "E-3,cy,Cy New,officer\n"
				  "E-1,ann,Ann Lee,laso\n";
	struct people_person p;
	uint64_t size;

	people_fixture_open(&f);
	import(FEW);
	{
		PEOPLE_AUTO_ROSTER r = read_roster(csv);
		struct sp_id ann = by_login("ann").id;

		CHECK(people_roster_clean(r));
		f.by.kind = "person";
		f.by.id = f.by.person = ann;
		size = ledger_log_size(f.log);
		CHECK_REASON(apply_with(csv, r, NULL, NULL), SP_E_DENIED,
		    "person.self", &f);
		CHECK(strncmp(f.err.text, "row 3: ", 7) == 0);
	}
	CHECK(ledger_log_size(f.log) == size);
	CHECK_CODE(people_person_by_login(f.reader, "cy", &p, &f.err),
	    SP_E_NOTFOUND, &f.err);
	people_fixture_close(&f);
}

static void
secrets_are_sealed_and_never_told(void)
{
	static const char csv[] = "human,login,name,role,ssn,dob\n"
				  "E-1,ann,Ann Lee,officer,123-45-6789,"
				  "1980-02-29\n";
	CRYPTO_AUTO_SECRET dek = crypto_secret_random(PEOPLE_SEALED_KEY);
	SP_AUTO_BUF out = sp_buf_secret(100);
	struct people_sealed_ask ask;
	json_t *j;

	people_fixture_open(&f);
	{
		PEOPLE_AUTO_ROSTER r = read_roster(csv);
		char *text;

		CHECK(people_roster_counts(r).sealed == 2);
		j = as_json(r);
		text = json_dumps(j, 0);
		CHECK(strstr(text, "123-45-6789") == NULL);
		CHECK(strstr(text, "123456789") == NULL);
		CHECK(strstr(text, "1980-02-29") == NULL);
		CHECK(strstr(text, "\"ssn\"") != NULL);
		free(text);
		json_decref(j);
		CHECK_REASON(apply_with(csv, r, NULL, NULL), SP_E_INVALID,
		    "roster.key", &f);
		CHECK_OK(apply_with(csv, r, dek, NULL), &f.err);
	}
	ask = (struct people_sealed_ask){ f.by, dek, by_login("ann").id,
		PEOPLE_SSN };
	CHECK_OK(people_sealed_open(f.writer, &ask, &out, &f.err), &f.err);
	CHECK(strcmp(sp_buf_str(&out), "123-45-6789") == 0);
	CHECK(people_fixture_count(&f, "123-45-6789") == 0);
	CHECK(people_fixture_count(&f, "123456789") == 0);
	CHECK(people_fixture_count(&f, "1980-02-29") == 0);
	people_fixture_close(&f);
}

/* --- what it takes --- */

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
see_wish(void *arg, const struct people_roster_wish *w, struct sp_err *err)
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
		PEOPLE_AUTO_ROSTER r = NULL;
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
		CHECK_OK(
		    people_roster_each(r, see_wish, &seen, &f.err), &f.err);
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
	PEOPLE_AUTO_ROSTER r = NULL;
	uint8_t hash[CRYPTO_SHA256_LEN];
	char got[200];
	json_t *j;

	people_fixture_open(&f);
	import(FEW);
	r = read_roster(csv);
	CHECK_OK(people_roster_each(r, see_wish, &seen, &f.err), &f.err);
	CHECK(seen.n == 2 && seen.leads == 1);
	CHECK(seen.acts ==
	    (1U << PEOPLE_ROSTER_ADDS | 1U << PEOPLE_ROSTER_PLACES |
		1U << PEOPLE_ROSTER_SEALS));
	j = as_json(r);
	acts_of(j, got);
	CHECK(strcmp(got, "person.add role.assign sealed.record") == 0);
	json_decref(j);
	people_roster_hash(r, hash);
	CHECK_OK(people_roster_agree(r, hash, &f.err), &f.err);
	hash[0] ^= 1;
	CHECK_REASON(people_roster_agree(r, hash, &f.err), SP_E_CONFLICT,
	    "roster.changed", &f);
	people_fixture_close(&f);
}

/* Whoever had a machine's token made does not do by it what they may not. */
static void
an_issuer_is_not_another(void)
{
	static const char own[] = "human,login,name,role\n"
				  "E-1,ann,Ann Lee,custodian\n";
	static const char second[] = "human,login,name,role\n"
				     "E-1,ann2,Ann Two,laso\n";

	people_fixture_open(&f);
	import("human,login,name,role\nE-1,ann,Ann Lee,officer\n");
	f.by.kind = "token";
	f.by.id = sp_id_new();
	f.by.issuer = by_login("ann").id;
	{
		PEOPLE_AUTO_ROSTER r = read_roster(own);
		PEOPLE_AUTO_ROSTER s = read_roster(second);

		CHECK_REASON(apply_with(own, r, NULL, NULL), SP_E_DENIED,
		    "person.self", &f);
		CHECK_REASON(apply_with(second, s, NULL, NULL), SP_E_DENIED,
		    "person.self", &f);
	}
	people_fixture_close(&f);
}

/* --- out --- */

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
		PEOPLE_AUTO_ROSTER r = NULL;
		const char *at;

		CHECK_OK(
		    people_roster_csv(&out, f.reader, f.rules, f.now, &f.err),
		    &f.err);
		/* No cell begins with what runs. */
		for (at = sp_buf_str(&out); *at != '\0'; at++)
			if ((at[0] == ',' || at[0] == '\n') && at[1] == '"')
				CHECK(at[2] == '"' ||
				    strchr("=+-@\t\r", at[2]) == NULL);
		CHECK(
		    strstr(sp_buf_str(&out), "\"'=cmd|'/C calc'!A0\"") != NULL);
		r = read_roster(sp_buf_str(&out));
		CHECK(people_roster_counts(r).same == SP_COUNTOF(names));
		CHECK(people_roster_counts(r).missing == 0);
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
		PEOPLE_AUTO_ROSTER r = NULL;
		struct people_roster_counts c;
		json_t *j;

		CHECK_OK(
		    people_roster_csv(&out, f.reader, f.rules, f.now, &f.err),
		    &f.err);
		CHECK(strstr(sp_buf_str(&out), "Gone") == NULL);
		CHECK(
		    strstr(sp_buf_str(&out), "\"ok\",\"2027-11-21\"") != NULL);
		r = read_roster(sp_buf_str(&out));
		c = people_roster_counts(r);
		CHECK(c.rows == 3 && c.same == 3);
		CHECK(c.records == 0 && c.missing == 0);
		CHECK_OK(people_roster_export_json(
			     &w, NULL, f.reader, f.rules, f.now, &f.err),
		    &f.err);
		CHECK(sp_buf_ok(&json));
		j = json_loads(sp_buf_str(&json), 0, NULL);
		CHECK(json_array_size(json_object_get(j, "persons")) == 3);
		json_decref(j);
	}
	people_fixture_close(&f);
}

/* ---- Death at any moment ---- */

#define LIVES 12
#define TEAM  40

static void
team(int number, struct sp_buf *csv)
{
	sp_buf_clear(csv);
	sp_buf_text(csv, "human,name,role\n");
	for (int i = 0; i < TEAM; i++)
		sp_buf_fmt(csv, "E-%d-%d,Officer %d,officer\n", number, i, i);
}

/* Teams are taken in until this process is killed; each that was acknowledged
 * is told through the pipe. */
_Noreturn static void
live(int life, const uint8_t *seed, int told)
{
	SP_AUTO_BUF csv = sp_buf_new(1 << 20);

	f.seed = crypto_secret_from(seed, CRYPTO_SIGN_SEED);
	people_fixture_begin(&f);
	for (int number = life * 1000;; number++) {
		team(number, &csv);
		import(sp_buf_str(&csv));
		CHECK(write(told, &number, sizeof(number)) ==
		    (ssize_t)sizeof(number));
	}
}

/* How many are there of a team? */
static int64_t
there(int number)
{
	static const struct db_sql count = {
		"SELECT count(*) FROM person WHERE human LIKE ?1",
	};
	DB_STMT st = db_use(f.reader, &count);
	char like[40];
	bool found;

	(void)snprintf(like, sizeof(like), "E-%d-%%", number);
	db_bind_text(st, 1, like);
	CHECK_OK(db_row(st, &found, &f.err), &f.err);
	return db_col_i64(st, 0);
}

static void
death_leaves_all_of_it_or_nothing(void)
{
	uint8_t seed[CRYPTO_SIGN_SEED]; /* the secret is wiped on fork */
	size_t teams = 0;

	people_fixture_open(&f);
	memcpy(seed, crypto_secret_bytes(f.seed), sizeof(seed));
	people_fixture_end(&f);
	for (int life = 1; life <= LIVES; life++) {
		int told[2], last = life * 1000 - 1, number;
		pid_t pid;

		CHECK(pipe(told) == 0);
		(void)fflush(stdout);
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			live(life, seed, told[1]);
		(void)close(told[1]);
		/* After some teams, at a moment of its own. */
		for (int i = 0; i <= life % 3; i++)
			CHECK(read(told[0], &last, sizeof(last)) ==
			    (ssize_t)sizeof(last));
		for (int spin = 0; spin < life * 9000; spin++)
			__asm__ volatile("" ::: "memory");
		CHECK(kill(pid, SIGKILL) == 0);
		CHECK(waitpid(pid, NULL, 0) == pid);
		while (read(told[0], &number, sizeof(number)) > 0)
			last = number;
		(void)close(told[0]);
		people_fixture_begin(&f);
		for (number = life * 1000; number <= last; number++, teams++)
			CHECK(there(number) == TEAM);
		if (there(last + 1) == TEAM)
			teams++; /* committed, and not told any more */
		else
			CHECK(there(last + 1) == 0);
		CHECK(people_fixture_count(&f, "roster.applied") == teams);
		CHECK(people_fixture_count(&f, "\"act\":\"person.added\"") ==
		    teams * TEAM);
		people_fixture_end(&f);
	}
	CHECK(teams > LIVES);
	people_fixture_begin(&f);
	people_fixture_close(&f);
}

/* Twenty thousand rows cost time, not its square. */
static void
a_large_agency_is_read(void)
{
	SP_AUTO_BUF csv = sp_buf_new(PEOPLE_ROSTER_FILE_MAX);

	people_fixture_open(&f);
	sp_buf_text(&csv, "human,name,role\n");
	for (int i = 0; i < PEOPLE_ROSTER_ROWS_MAX; i++)
		sp_buf_fmt(&csv, "E-%d,Officer %d,officer\n", i, i);
	{
		PEOPLE_AUTO_ROSTER r = read_roster(sp_buf_str(&csv));

		CHECK(people_roster_counts(r).adds == PEOPLE_ROSTER_ROWS_MAX);
	}
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a report has no effect", a_report_has_no_effect },
		{ "what was looked at is what happens",
		    what_was_looked_at_is_what_happens },
		{ "changes in between are seen", changes_in_between_are_seen },
		{ "changes become acts", changes_become_acts },
		{ "records are added once", records_are_added_once },
		{ "contradictions are conflicts",
		    contradictions_are_conflicts },
		{ "wrong cells are errors", wrong_cells_are_errors },
		{ "a file that is no table is refused",
		    a_file_that_is_no_table_is_refused },
		{ "forms of CSV are read", forms_of_csv_are_read },
		{ "large is bounded", large_is_bounded },
		{ "one refusal undoes all", one_refusal_undoes_all },
		{ "secrets are sealed and never told",
		    secrets_are_sealed_and_never_told },
		{ "each row says which acts it takes",
		    each_row_says_which_acts_it_takes },
		{ "a file is seen row by row", a_file_is_seen_row_by_row },
		{ "an issuer is not another", an_issuer_is_not_another },
		{ "formulas are neutralised", formulas_are_neutralised },
		{ "the export is the agency", the_export_is_the_agency },
		{ "death leaves all of it or nothing",
		    death_leaves_all_of_it_or_nothing },
		{ "a large agency is read", a_large_agency_is_read },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
