#include "roster_fixture.h"

#include <signal.h>
#include <sys/wait.h>

static void
what_was_looked_at_is_what_happens(void)
{
	struct roster_counts done;
	struct people_person p;

	people_fixture_open(&f);
	{
		ROSTER_AUTO r = read_roster(FEW);

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
		ROSTER_AUTO r = read_roster(FEW);
		json_t *j = as_json(r);

		CHECK(roster_counts(r).same == 2);
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
		ROSTER_AUTO r = read_roster(more);

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
		ROSTER_AUTO r = read_roster(more);

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
		ROSTER_AUTO r = read_roster(csv);

		CHECK(roster_counts(r).changes == 2);
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
		ROSTER_AUTO r = read_roster(said);

		CHECK(roster_counts(r).changes == 0);
		CHECK(roster_counts(r).errors == 0);
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
		ROSTER_AUTO r = read_roster(csv);
		struct roster_counts c = roster_counts(r);

		CHECK(c.adds == 2 && c.same == 2 && c.records == 4);
		CHECK_OK(apply_with(csv, r, NULL, NULL), &f.err);
	}
	CHECK(people_fixture_count(&f, "\"act\":\"screening.recorded\"") == 1);
	CHECK(people_fixture_count(&f, "\"act\":\"training.recorded\"") == 3);
	id = by_login("ann").id;
	CHECK(people_fixture_verdict(&f, &id).code == PEOPLE_ADDENDUM_MISSING);
	{
		ROSTER_AUTO r = read_roster(csv);

		CHECK(roster_counts(r).records == 0);
		CHECK(roster_counts(r).same == 4);
	}
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
		ROSTER_AUTO r = read_roster(csv);
		struct sp_id ann = by_login("ann").id;

		CHECK(roster_clean(r));
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
		ROSTER_AUTO r = read_roster(csv);
		char *text;

		CHECK(roster_counts(r).sealed == 2);
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
		ROSTER_AUTO r = read_roster(own);
		ROSTER_AUTO s = read_roster(second);

		CHECK_REASON(apply_with(own, r, NULL, NULL), SP_E_DENIED,
		    "person.self", &f);
		CHECK_REASON(apply_with(second, s, NULL, NULL), SP_E_DENIED,
		    "person.self", &f);
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

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what was looked at is what happens",
		    what_was_looked_at_is_what_happens },
		{ "changes in between are seen", changes_in_between_are_seen },
		{ "changes become acts", changes_become_acts },
		{ "records are added once", records_are_added_once },
		{ "one refusal undoes all", one_refusal_undoes_all },
		{ "secrets are sealed and never told",
		    secrets_are_sealed_and_never_told },
		{ "an issuer is not another", an_issuer_is_not_another },
		{ "death leaves all of it or nothing",
		    death_leaves_all_of_it_or_nothing },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
