#include "person_fixture.h"

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

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a person is meant", a_person_is_meant },
		{ "a person comes back as added",
		    a_person_comes_back_as_added },
		{ "defaults are the agency's own",
		    defaults_are_the_agencys_own },
		{ "every field has its rule", every_field_has_its_rule },
		{ "a login is never used again", a_login_is_never_used_again },
		{ "corrections name fields only",
		    corrections_name_fields_only },
		{ "the database holds the rules too",
		    the_database_holds_the_rules_too },
		{ "pages show each once", pages_show_each_once },
		{ "JSON goes both ways", json_goes_both_ways },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
