#include "people_fixture.h"

static struct people_fixture f;

#define HOUR (3600 * SP_SECOND)

static void
act_as(const struct sp_id *person)
{
	f.by.kind = "person";
	f.by.id = f.by.person = *person;
	f.by.address = "192.0.2.7";
	f.by.source = "api";
}

static void
act_as_site(void)
{
	f.by = people_by_site(&f.by.agency);
}

/* Whom a text means; two of one name are told apart by their logins. */
static void
a_person_is_meant(void)
{
	struct people_person_new ann = { .name = "Ann Lee", .role = "officer" };
	struct people_fixture_op one = { .n = &ann }, two = { .n = &ann };
	struct people_person p;
	char id[SP_ID_TEXT];
	static const struct sp_id nobody;

	people_fixture_open(&f);
	CHECK_OK(people_fixture_add(&f, &one), &f.err);
	sp_id_text(&one.id, id);
	const char *const texts[] = { id, "ann.lee", "ANN.Lee", "Ann Lee",
		"ann lee", "~" };

	for (size_t i = 0; i < SP_COUNTOF(texts); i++) {
		CHECK_OK(people_person_meant(
			     f.reader, texts[i], &one.id, &p, &f.err),
		    &f.err);
		CHECK(sp_id_equal(&p.id, &one.id));
	}
	static const char *const none[] = { "", "Ann", "Ann Le", "Ann  Lee",
		" ", "Ann Lee' OR 1=1 --", "%% %%", "\xff \xff" };

	for (size_t i = 0; i < SP_COUNTOF(none); i++)
		CHECK_CODE(
		    people_person_meant(f.reader, none[i], &one.id, &p, &f.err),
		    SP_E_NOTFOUND, &f.err);
	CHECK_CODE(people_person_meant(f.reader, "~", &nobody, &p, &f.err),
	    SP_E_INVALID, &f.err);
	CHECK_OK(people_fixture_add(&f, &two), &f.err);
	CHECK_CODE(
	    people_person_meant(f.reader, "Ann Lee", &one.id, &p, &f.err),
	    SP_E_CONFLICT, &f.err);
	CHECK(strstr(f.err.text, "ann.lee or ann.lee") != NULL);
	people_fixture_close(&f);
}

static void
a_person_comes_back_as_added(void)
{
	struct people_person_new n = {
		.human = "E-1001",
		.name = "Jos\xc3\xa9 \xc3\x81lvarez",
		.login = "Jose.Alvarez@Harbor",
		.role = "prosecutor",
		.kind = "outside",
		.employer = "State Attorney",
		.employer_ori = "FL013015A",
		.residence = "GA",
		.unit = "Felony",
	};
	struct people_fixture_op op = { .n = &n };
	struct people_person p, again;

	people_fixture_open(&f);
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	p = people_fixture_get(&f, &op.id);
	CHECK(strcmp(p.human, "E-1001") == 0);
	CHECK(strcmp(p.name, n.name) == 0);
	CHECK(strcmp(p.login, "jose.alvarez@harbor") == 0);
	CHECK(p.role == PEOPLE_PROSECUTOR && p.kind == PEOPLE_OUTSIDE);
	CHECK(strcmp(p.employer, "State Attorney") == 0);
	CHECK(strcmp(p.employer_ori, "FL013015A") == 0);
	CHECK(strcmp(p.residence, "GA") == 0 && strcmp(p.unit, "Felony") == 0);
	CHECK(p.state == PEOPLE_ACTIVE && p.reason == PEOPLE_NO_REASON);
	CHECK(p.created == f.now && p.epoch == f.now && p.ends == 0);
	CHECK_OK(people_person_by_login(
		     f.reader, "JOSE.alvarez@harbor", &again, &f.err),
	    &f.err);
	CHECK(sp_id_equal(&again.id, &p.id));
	CHECK(strstr(people_fixture_last(&f), "\"act\":\"person.added\"") !=
	    NULL);
	/* ids only */
	CHECK(people_fixture_count(&f, "lvarez") == 0);
	CHECK(people_fixture_count(&f, "E-1001") == 0);
	people_fixture_close(&f);
}

static void
defaults_are_the_agencys_own(void)
{
	struct people_person p;
	struct sp_id id;
	char text[SP_ID_TEXT];

	people_fixture_open(&f);
	id = people_fixture_person(&f, "Ann O. Lee", "officer");
	p = people_fixture_get(&f, &id);
	sp_id_text(&id, text);
	CHECK(strcmp(p.human, text) == 0);
	CHECK(strcmp(p.login, "ann.o.lee") == 0);
	CHECK(p.kind == PEOPLE_AGENCY && strcmp(p.residence, "FL") == 0);
	/* The same name once more, and a name without letters of ours. */
	id = people_fixture_person(&f, "Ann O. Lee", "officer");
	p = people_fixture_get(&f, &id);
	CHECK(p.login[strlen(p.login) - 1] == '2');
	id = people_fixture_person(&f, "\xe6\x9d\x8e", "officer");
	CHECK(strcmp(people_fixture_get(&f, &id).login, "person") == 0);
	people_fixture_close(&f);
}

static void
every_field_has_its_rule(void)
{
	static const struct {
		struct people_person_new n;
		const char *reason;
	} rows[] = {
		{ { .role = "officer" }, "person.name" },
		{ { .name = "", .role = "officer" }, "person.name" },
		{ { .name = " A", .role = "officer" }, "person.name" },
		{ { .name = "A\nB", .role = "officer" }, "person.name" },
		{ { .name = "A\xe2\x80\xa8", .role = "officer" },
		    "person.name" },
		{ { .name = "A\xff", .role = "officer" }, "person.name" },
		{ { .name = "A" }, "person.role" },
		{ { .name = "A", .role = "wizard" }, "person.role" },
		{ { .name = "A", .role = "device" }, "person.role" },
		{ { .name = "A", .role = "Officer 1" }, "person.role" },
		{ { .name = "A", .role = "officer", .login = "" },
		    "person.login" },
		{ { .name = "A", .role = "officer", .login = "a b" },
		    "person.login" },
		{ { .name = "A", .role = "officer", .login = ".a" },
		    "person.login" },
		{ { .name = "A", .role = "officer", .login = "\xc3\xa4" },
		    "person.login" },
		{ { .name = "A", .role = "officer", .human = "" },
		    "person.human" },
		{ { .name = "A", .role = "officer", .kind = "guest" },
		    "person.kind" },
		{ { .name = "A", .role = "officer", .kind = "contractor" },
		    "person.employer" },
		{ { .name = "A", .role = "officer", .employer = "Acme" },
		    "person.employer" },
		{ { .name = "A",
		      .role = "officer",
		      .kind = "outside",
		      .employer = "X",
		      .employer_ori = "short" },
		    "person.employer_ori" },
		{ { .name = "A",
		      .role = "officer",
		      .employer_ori = "FL0130000" },
		    "person.employer_ori" },
		{ { .name = "A", .role = "officer", .residence = "XX" },
		    "person.residence" },
		{ { .name = "A", .role = "officer", .unit = "" },
		    "person.unit" },
	};
	char longest[PEOPLE_PERSON_NAME + 2];
	struct people_person_new n = { .name = longest, .role = "officer" };

	people_fixture_open(&f);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct people_fixture_op op = { .n = &rows[i].n };

		CHECK_REASON(people_fixture_add(&f, &op), SP_E_INVALID,
		    rows[i].reason, &f);
		CHECK_REASON(
		    people_person_check(f.rules, &rows[i].n, f.now, &f.err),
		    SP_E_INVALID, rows[i].reason, &f);
	}
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	CHECK_REASON(people_person_check(f.rules, &n, f.now, &f.err),
	    SP_E_INVALID, "person.name", &f);
	longest[PEOPLE_PERSON_NAME] = '\0';
	CHECK_OK(people_person_check(f.rules, &n, f.now, &f.err), &f.err);
	CHECK(ledger_log_size(f.log) == 0);
	people_fixture_close(&f);
}

static void
a_login_is_never_used_again(void)
{
	struct people_person_new n = {
		.name = "A", .login = "badge7", .role = "officer"
	};
	struct people_fixture_op op = { .n = &n }, gone;

	people_fixture_open(&f);
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	gone = (struct people_fixture_op){ .id = op.id };
	CHECK_OK(people_fixture_terminate(&f, &gone), &f.err);
	people_fixture_later(&f, 4000);
	n.login = "BADGE7";
	CHECK_REASON(
	    people_fixture_add(&f, &op), SP_E_CONFLICT, "person.login", &f);
	people_fixture_close(&f);
}

/* As people write them; and nothing that is only like one. */
static void
roles_are_read_as_people_write_them(void)
{
	static const struct {
		const char *said;
		enum people_role role;
	} rows[] = {
		{ "records clerk", PEOPLE_RECORDS_CLERK },
		{ "Records Clerk", PEOPLE_RECORDS_CLERK },
		{ "RECORDS_CLERK", PEOPLE_RECORDS_CLERK },
		{ "LASO", PEOPLE_LASO },
		{ "CSO", PEOPLE_CSO },
		{ "Officer", PEOPLE_OFFICER },
		{ "agency administrator", PEOPLE_ADMINISTRATOR },
		{ "agency-administrator", PEOPLE_ADMINISTRATOR },
		{ "provider operator", PEOPLE_OPERATOR },
		{ "Provider-Operator", PEOPLE_OPERATOR },
		{ "provider security", PEOPLE_PROVIDER_SECURITY },
		{ "admin", PEOPLE_ADMINISTRATOR },
		{ "Admin", PEOPLE_ADMINISTRATOR },
		{ "CSO (state)", PEOPLE_CSO },
		{ "prosecutor (outside)", PEOPLE_PROSECUTOR },
		{ "Agency administrator (IT)", PEOPLE_ADMINISTRATOR },
	};
	static const char *const none[] = { "", " ", "-", "officer ",
		" officer", "records  clerk", "recordsclerk", "agency officer",
		"provider administrator", "k\xc3\xb6nig", "officer\n",
		"(officer)", " (officer)", "officer ()", "officer (a) b",
		"officer (a) (b)", "officer ((a))", "officer (a", "officer a)",
		"officer  (a)", "officer(a)", "nobody (officer)", "admins",
		"administratoradministratoradministrator" };
	enum people_role role = PEOPLE_AUDITOR;

	for (int r = 0; r < PEOPLE_ROLE_COUNT; r++) {
		CHECK(people_role_read(
		    people_role_name((enum people_role)r), &role));
		CHECK(role == (enum people_role)r);
	}
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK(people_role_read(rows[i].said, &role));
		CHECK(role == rows[i].role);
	}
	role = PEOPLE_AUDITOR;
	for (size_t i = 0; i < SP_COUNTOF(none); i++)
		CHECK(!people_role_read(none[i], &role));
	CHECK(role == PEOPLE_AUDITOR);
	/* What is stored has one spelling only. */
	CHECK(!people_role_parse("Records Clerk", &role));
}

static void
roles_and_transfers_move_the_epoch(void)
{
	struct people_person p;
	struct people_fixture_op op;

	people_fixture_open(&f);
	op = (struct people_fixture_op){
		.id = people_fixture_person(&f, "A", "administrator"),
		.s = "officer",
	};
	f.now += HOUR;
	CHECK_OK(people_fixture_role(&f, &op), &f.err);
	p = people_fixture_get(&f, &op.id);
	CHECK(p.role == PEOPLE_OFFICER && p.epoch == f.now);
	CHECK(strstr(people_fixture_last(&f),
		  "\"detail\":{\"before\":\"administrator\","
		  "\"role\":\"officer\"}") != NULL);
	f.now += HOUR;
	/* Nothing is carried over: without a role there is no transfer. */
	op.s = "Patrol 3";
	op.t = NULL;
	CHECK_REASON(
	    people_fixture_transfer(&f, &op), SP_E_INVALID, "person.role", &f);
	op.t = "Records Clerk";
	CHECK_OK(people_fixture_transfer(&f, &op), &f.err);
	p = people_fixture_get(&f, &op.id);
	CHECK(p.role == PEOPLE_RECORDS_CLERK && p.epoch == f.now);
	CHECK(strcmp(p.unit, "Patrol 3") == 0);
	op.s = NULL;
	CHECK_REASON(
	    people_fixture_transfer(&f, &op), SP_E_INVALID, "person.unit", &f);
	people_fixture_close(&f);
}

/* Not by another account of the same human being either. */
static void
nobody_does_it_for_themselves(void)
{
	struct people_person_new n = {
		.human = "E-7", .name = "A", .role = "administrator"
	};
	struct people_person_change c = { .human = "E-8" };
	struct people_fixture_op one = { .n = &n }, two = { .n = &n }, op;
	bool same = false;

	people_fixture_open(&f);
	CHECK_OK(people_fixture_add(&f, &one), &f.err);
	CHECK_OK(people_fixture_add(&f, &two), &f.err);
	CHECK_OK(
	    people_person_same_human(f.reader, &one.id, &two.id, &same, &f.err),
	    &f.err);
	CHECK(same);
	act_as(&two.id);
	op = (struct people_fixture_op){ .id = one.id, .s = "laso" };
	CHECK_REASON(
	    people_fixture_role(&f, &op), SP_E_DENIED, "person.self", &f);
	op.n = &c;
	CHECK_REASON(
	    people_fixture_change(&f, &op), SP_E_DENIED, "person.self", &f);
	op.reason = PEOPLE_REQUESTED;
	CHECK_OK(people_fixture_disable(&f, &op), &f.err);
	CHECK_REASON(
	    people_fixture_enable(&f, &op), SP_E_DENIED, "person.self", &f);
	act_as_site();
	CHECK_OK(people_fixture_enable(&f, &op), &f.err);
	people_fixture_close(&f);
}

static void
corrections_name_fields_only(void)
{
	struct people_person_change c = { .name = "Ann Smith",
		.login = "ann.smith" };
	struct people_fixture_op op = { .n = &c };
	struct people_person p;

	people_fixture_open(&f);
	op.id = people_fixture_person(&f, "Ann Lee", "officer");
	(void)people_fixture_person(&f, "Bob", "officer");
	CHECK_OK(people_fixture_change(&f, &op), &f.err);
	p = people_fixture_get(&f, &op.id);
	CHECK(strcmp(p.name, "Ann Smith") == 0);
	CHECK(strcmp(p.login, "ann.smith") == 0);
	CHECK(strstr(people_fixture_last(&f),
		  "{\"fields\":[\"login\",\"name\"]}") != NULL);
	c = (struct people_person_change){ .login = "bob" };
	CHECK_REASON(
	    people_fixture_change(&f, &op), SP_E_CONFLICT, "person.login", &f);
	c = (struct people_person_change){ .kind = "contractor" };
	CHECK_REASON(people_fixture_change(&f, &op), SP_E_INVALID,
	    "person.employer", &f);
	c.employer = "Acme";
	CHECK_OK(people_fixture_change(&f, &op), &f.err);
	c = (struct people_person_change){ .kind = "agency", .employer = "" };
	CHECK_OK(people_fixture_change(&f, &op), &f.err);
	CHECK(people_fixture_get(&f, &op.id).employer[0] == '\0');
	people_fixture_close(&f);
}

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

/* What rows must never do, whoever asks the database. */
static void
the_database_holds_the_rules_too(void)
{
	static const char *const harm[] = {
		"DELETE FROM person",
		"UPDATE person SET state = 'active', reason = ''",
		"UPDATE person SET state = 'gone'",
		"UPDATE person SET state = 'disabled', reason = ''",
		"DELETE FROM screening",
		"UPDATE screening SET decision = 'cleared'",
		"UPDATE training SET completed = completed + 1",
		"DELETE FROM training",
		"DELETE FROM addendum",
		"UPDATE agreement SET review = 99999",
	};
	struct people_screening_new s = { .decision = "denied" };
	struct people_fixture_op op;
	struct sp_id id;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	people_fixture_clear(&f, &id);
	op = (struct people_fixture_op){ .id = id, .n = &s };
	CHECK_OK(people_fixture_screen(&f, &op), &f.err);
	op = (struct people_fixture_op){ .id = id };
	CHECK_OK(people_fixture_terminate(&f, &op), &f.err);
	for (size_t i = 0; i < SP_COUNTOF(harm); i++) {
		DB_AUTO db = NULL;
		struct db_sql sql = { harm[i] };

		CHECK_OK(db_open(&db, f.db_path, DB_WRITE, &f.err), &f.err);
		{
			DB_STMT st = db_use(db, &sql);

			CHECK_CODE(
			    db_run(st, NULL, &f.err), SP_E_CONFLICT, &f.err);
		}
	}
	people_fixture_close(&f);
}

static void
pages_show_each_once(void)
{
	struct people_person page[3];
	struct sp_id after;
	size_t got = 0, all = 0;

	people_fixture_open(&f);
	for (int i = 0; i < 7; i++)
		(void)people_fixture_person(&f, "A", "officer");
	CHECK_OK(
	    people_person_list(f.reader, NULL, page, 3, &got, &f.err), &f.err);
	while (got > 0) {
		all += got;
		for (size_t i = 1; i < got; i++)
			CHECK(memcmp(&page[i - 1].id, &page[i].id, SP_ID_LEN) <
			    0);
		after = page[got - 1].id;
		CHECK_OK(
		    people_person_list(f.reader, &after, page, 3, &got, &f.err),
		    &f.err);
	}
	CHECK(all == 7);
	people_fixture_close(&f);
}

static void
json_goes_both_ways(void)
{
	static const struct {
		const char *text, *reason;
	} bad[] = {
		{ "[]", "json" },
		{ "{\"nmae\":\"A\"}", "json.member" },
		{ "{\"name\":7}", "person.name" },
		{ "{\"name\":\"A\\u0000B\"}", "person.name" },
		{ "{\"temporary_until\":\"soon\"}", "person.temporary_until" },
	};
	json_t *j = json_loads("{\"name\":\"Ann\",\"role\":\"laso\","
			       "\"unit\":null,\"temporary_until\":"
			       "\"2026-11-22T17:00:00Z\"}",
	    JSON_DECODE_ANY, NULL);
	SP_AUTO_BUF out = sp_buf_new(4096);
	struct sp_json w = sp_json_to(&out);
	struct people_person_new n;
	struct people_fixture_op op = { .n = &n };
	struct people_person p;

	people_fixture_open(&f);
	CHECK_OK(people_person_new_json(j, &n, &f.err), &f.err);
	CHECK(strcmp(n.name, "Ann") == 0 && n.unit == NULL);
	CHECK(n.temporary == f.now + 24 * HOUR);
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	json_decref(j);
	p = people_fixture_get(&f, &op.id);
	people_person_json(&w, NULL, &p, f.rules, f.now);
	j = json_loads(sp_buf_str(&out), 0, NULL);
	CHECK(j != NULL);
	CHECK(strcmp(json_string_value(json_object_get(j, "temporary_until")),
		  "2026-11-22T17:00:00.000000Z") == 0);
	CHECK(strcmp(json_string_value(json_object_get(j, "state")),
		  "active") == 0);
	json_decref(j);
	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		j = json_loads(bad[i].text, JSON_ALLOW_NUL, NULL);
		CHECK(j != NULL);
		CHECK_REASON(people_person_new_json(j, &n, &f.err),
		    SP_E_INVALID, bad[i].reason, &f);
		json_decref(j);
	}
	people_fixture_close(&f);
}

/* Operators are the provider's, officers an agency's, and administrators,
 * auditors and security officers of both: by every way to a role. */
static void
roles_are_of_their_house(void)
{
	static const struct people_rules_place keystone = {
		.state = "FL",
		.slug = "keystone",
		.dirfd = -1,
		.provider = true,
	};
	struct people_rules *agency, *provider = NULL;

	people_fixture_open(&f);
	agency = f.rules;
	CHECK(!people_rules_provider(agency));
	CHECK_OK(people_rules_load(&provider, &keystone, &f.err), &f.err);
	CHECK(people_rules_provider(provider));
	for (unsigned i = 0; i < PEOPLE_ROLE_COUNT; i++) {
		enum people_role role = (enum people_role)i;
		bool both = role == PEOPLE_ADMINISTRATOR ||
		    role == PEOPLE_AUDITOR || role == PEOPLE_LASO;
		bool theirs =
		    role == PEOPLE_OPERATOR || role == PEOPLE_PROVIDER_SECURITY;

		for (int house = 0; house < 2; house++) {
			struct people_person_new n = { .name = "A",
				.role = people_role_name(role) };
			struct people_person_new other = { .name = "B",
				.role = "auditor" };
			struct people_fixture_op op = { .n = &n };
			struct people_fixture_op change = { .n = &other };
			bool may = both || theirs == (house == 1);
			enum sp_code want = may ? SP_OK : SP_E_INVALID;

			f.rules = house == 1 ? provider : agency;
			CHECK(people_person_check(f.rules, &n, f.now, NULL) ==
			    want);
			CHECK_CODE(people_fixture_add(&f, &op), want, &f.err);
			CHECK(may || strcmp(f.err.reason, "person.role") == 0);
			CHECK_OK(people_fixture_add(&f, &change), &f.err);
			change.s = n.role;
			CHECK_CODE(
			    people_fixture_role(&f, &change), want, &f.err);
			change.s = "Night";
			change.t = n.role;
			CHECK_CODE(
			    people_fixture_transfer(&f, &change), want, &f.err);
			CHECK(people_fixture_get(&f, &change.id).role ==
			    (may ? role : PEOPLE_AUDITOR));
		}
	}
	f.rules = agency;
	people_rules_free(provider);
	people_fixture_close(&f);
}

/* --- who is behind whose account --- */

/* The provider's house: two of security and an administrator by the site. */
static struct sp_id
staff(const char *by, const char *role, const char *human)
{
	struct people_person_new n = {
		.name = "A", .role = role, .human = human
	};
	struct people_fixture_op op = { .n = &n };
	struct people_person p;

	f.by = people_by_site(&f.by.agency);
	if (by != NULL) {
		CHECK_OK(
		    people_person_by_login(f.reader, by, &p, &f.err), &f.err);
		f.by.kind = "person";
		f.by.id = f.by.person = p.id;
	}
	n.login = human;
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	return op.id;
}

static enum people_tie
tie(const struct sp_id *a, const struct sp_id *b)
{
	enum people_tie one = PEOPLE_APART, two = PEOPLE_APART;

	CHECK_OK(people_person_tie(f.reader, a, b, &one, &f.err), &f.err);
	CHECK_OK(people_person_tie(f.reader, b, a, &two, &f.err), &f.err);
	CHECK(one == two);
	return one;
}

static void
who_is_behind_an_account_is_known(void)
{
	static const struct people_rules_place keystone = {
		.state = "FL",
		.slug = "keystone",
		.dirfd = -1,
		.provider = true,
	};
	struct people_screening_new check = { .state = "FL" };
	struct people_person_new anon = { .name = "No", .role = "operator" };
	struct people_fixture_op op = { .n = &anon };
	struct people_rules *agency, *provider = NULL;
	struct sp_id s1, s2, s3, s4, o1, o2, o3, adm, own;

	people_fixture_open(&f);
	agency = f.rules;
	CHECK_OK(people_rules_load(&provider, &keystone, &f.err), &f.err);
	f.rules = provider;
	s1 = staff(NULL, "provider-security", "s1");
	s2 = staff(NULL, "provider-security", "s2");
	adm = staff(NULL, "administrator", "adm");
	CHECK(tie(&s1, &s2) == PEOPLE_APART);
	/* Who adds an operator leaves the decision to the other. */
	o1 = staff("s1", "operator", "o1");
	CHECK(tie(&s1, &o1) == PEOPLE_TIED);
	CHECK(tie(&s2, &o1) == PEOPLE_APART);
	/* Whoever they put between is theirs, too; and both are. */
	s3 = staff("s1", "provider-security", "s3");
	o2 = staff("s3", "operator", "o2");
	CHECK(tie(&s1, &o2) == PEOPLE_TIED);
	CHECK(tie(&s3, &o1) == PEOPLE_TIED);
	CHECK(tie(&s2, &o2) == PEOPLE_APART);
	/* An administrator makes accounts, and decides nothing. */
	o3 = staff("adm", "operator", "o3");
	s4 = staff("adm", "provider-security", "s4");
	CHECK(tie(&s4, &o3) == PEOPLE_APART);
	CHECK(tie(&adm, &o3) == PEOPLE_TIED);
	/* Who vouches for somebody is tied to them; not to all of theirs. */
	f.by.id = f.by.person = s4;
	op = (struct people_fixture_op){ .id = o3, .n = &check };
	CHECK_OK(people_fixture_screen(&f, &op), &f.err);
	CHECK(tie(&s4, &o3) == PEOPLE_TIED);
	CHECK(tie(&s2, &o3) == PEOPLE_APART);
	f.by.id = f.by.person = s2;
	op = (struct people_fixture_op){ .id = o1, .s = "operator" };
	CHECK_OK(people_fixture_role(&f, &op), &f.err);
	CHECK(tie(&s2, &o1) == PEOPLE_TIED);
	/* By whatever account of theirs. */
	own = staff(NULL, "operator", "o9");
	CHECK(tie(&own, &s2) == PEOPLE_APART);
	f.by = people_by_site(&f.by.agency);
	anon = (struct people_person_new){
		.name = "S", .role = "operator", .human = "s2"
	};
	op = (struct people_fixture_op){ .n = &anon };
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	CHECK(tie(&op.id, &s2) == PEOPLE_SAME);
	CHECK(tie(&op.id, &o1) == PEOPLE_TIED);
	/* Of whom nobody said who it is, nobody can say that they are two. */
	anon = (struct people_person_new){ .name = "N", .role = "operator" };
	op = (struct people_fixture_op){ .n = &anon };
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	CHECK(tie(&op.id, &s2) == PEOPLE_NAMELESS);
	CHECK(tie(&op.id, &op.id) == PEOPLE_SAME);
	f.rules = agency;
	people_rules_free(provider);
	people_fixture_close(&f);
}

/* --- whoever loses the account is cut off --- */

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

static bool
stands(const struct sp_id *person, sp_time since)
{
	struct people_doing d = { *person, since };
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
	sp_time since;

	people_fixture_open(&f);
	eve = people_fixture_person(&f, "Eve Poe", "administrator");
	since = f.now;
	CHECK(stands(&eve, since) && !stands(&eve, since - 1));
	CHECK(stands(&nobody, 0) && !stands(&unknown, since));
	/* A guess at her password takes nothing; another role does, at once
	 * and for good; what she does after it stands. */
	f.now += SP_SECOND;
	op = (struct people_fixture_op){ .id = eve, .reason = PEOPLE_LOCKED };
	CHECK_OK(people_fixture_disable(&f, &op), &f.err);
	CHECK(stands(&eve, since));
	CHECK_OK(people_fixture_enable(&f, &op), &f.err);
	f.now += SP_SECOND;
	since = f.now;
	CHECK(stands(&eve, since));
	f.now += SP_SECOND;
	op = (struct people_fixture_op){ .id = eve, .s = "officer" };
	CHECK_OK(people_fixture_role(&f, &op), &f.err);
	CHECK(!stands(&eve, since) && stands(&eve, f.now));
	/* Nobody writes it down that 90 days are over; they are all the same.
	 */
	since = f.now;
	people_fixture_later(&f, 89);
	CHECK(stands(&eve, since));
	people_fixture_later(&f, 2);
	CHECK(!stands(&eve, since));
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "roles are of their house", roles_are_of_their_house },
		{ "what was set going ends with its person",
		    what_was_set_going_ends_with_its_person },
		{ "who is behind an account is known",
		    who_is_behind_an_account_is_known },
		{ "a person is meant", a_person_is_meant },
		{ "a person comes back as added",
		    a_person_comes_back_as_added },
		{ "defaults are the agency's own",
		    defaults_are_the_agencys_own },
		{ "every field has its rule", every_field_has_its_rule },
		{ "a login is never used again", a_login_is_never_used_again },
		{ "roles are read as people write them",
		    roles_are_read_as_people_write_them },
		{ "roles and transfers move the epoch",
		    roles_and_transfers_move_the_epoch },
		{ "nobody does it for themselves",
		    nobody_does_it_for_themselves },
		{ "corrections name fields only",
		    corrections_name_fields_only },
		{ "ninety days idle is disabled",
		    ninety_days_idle_is_disabled },
		{ "temporary accounts end", temporary_accounts_end },
		{ "termination is for ever", termination_is_for_ever },
		{ "late is said", late_is_said },
		{ "graver reasons stay", graver_reasons_stay },
		{ "the database holds the rules too",
		    the_database_holds_the_rules_too },
		{ "pages show each once", pages_show_each_once },
		{ "JSON goes both ways", json_goes_both_ways },
		{ "what ends is told", what_ends_is_told },
		{ "an end is told when it comes",
		    an_end_is_told_when_it_comes },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
