#include "api_people_fixture.h"

static void
a_file_is_reported_then_applied(void)
{
	static const char csv[] =
	    "login,name,role,screening_fingerprinted,screening_decision,"
	    "screening_decided,ssn\r\n"
	    "ann,Ann Lee,officer,2026-01-02,cleared,2026-01-05,123-45-6789\r\n"
	    "bo,\"=cmd|' /C calc'!A0\",custodian,,,,\r\n";
	static const char *const bad[] = { "", "login\r\n\"", "login,shoe\r\n",
		"login,login\r\n", "\xff\xfe", "name,role\r\nA,officer\r\n" };
	char path[200], again[200];

	begin();
	ask(&f.who, "POST", "roster/report", csv);
	CHECK_STATUS(200);
	CHECK(json_integer_value(json_object_get(answer, "adds")) == 2);
	CHECK(strstr(text, "123-45-6789") == NULL);
	CHECK(entries("person.added") == 0);
	(void)snprintf(
	    path, sizeof(path), "roster/apply?hash=%s", member("hash"));
	/* Another file under this hash; then the file after a change. */
	ask(&f.who, "POST", path, "login,name,role\r\nzoe,Zoe,laso\r\n");
	CHECK_STATUS(409);
	CHECK(strcmp(reason(), "roster.changed") == 0);
	add("bo", "officer", "");
	ask(&f.who, "POST", path, csv);
	CHECK_STATUS(409);
	ask(&f.who, "POST", "roster/report", csv);
	(void)snprintf(
	    again, sizeof(again), "roster/apply?hash=%s", member("hash"));
	ask(&f.who, "POST", again, csv);
	CHECK_STATUS(200);
	CHECK(json_integer_value(json_object_get(answer, "adds")) == 1);
	CHECK(json_integer_value(json_object_get(answer, "sealed")) == 1);
	CHECK(entries("roster.applied") == 1);
	ask(&f.who, "GET", "persons/ann/sealed", NULL);
	CHECK(json_is_true(json_object_get(answer, "ssn")));
	/* What goes out is neutral, and comes in without effect. */
	ask(&f.who, "GET", "roster.csv", NULL);
	CHECK_STATUS(200);
	CHECK(strstr(text, "\"'=cmd|") != NULL);
	CHECK(entries("personnel.exported") == 1);
	{
		char *out = strdup(text);

		CHECK(out != NULL);
		ask(&f.who, "POST", "roster/report", out);
		CHECK_STATUS(200);
		CHECK(json_integer_value(json_object_get(answer, "changes")) ==
		    0);
		CHECK(json_array_size(json_object_get(answer, "report")) == 0);
		free(out);
	}
	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		ask(&f.who, "POST", "roster/report", bad[i]);
		CHECK_STATUS(400);
	}
	ask(&f.who, "POST", "roster/apply?hash=00", csv);
	CHECK_STATUS(400);
	end();
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "a file is reported, then applied",
		    a_file_is_reported_then_applied },
	};
	struct sp_err err;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
