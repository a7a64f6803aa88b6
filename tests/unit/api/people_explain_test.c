#include "api_people_fixture.h"

static void
explain(const struct gate_caller *who, const char *query, const char *want)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "explain?%s", query);
	ask(who, "GET", path, NULL);
	CHECK_STATUS(200);
	if (strcmp(want, "permit") == 0
		? strcmp(member("decision"), "permit") != 0
		: strcmp(member("code"), want) != 0)
		tap_fail(__FILE__, __LINE__, want, text);
	CHECK(json_is_null(json_object_get(answer, "code")) ==
	    (strcmp(member("decision"), "permit") == 0));
}

static void
explain_tells_what_the_gate_would(void)
{
	static const char *const steps[][3] = {
		{ "screening.missing", "persons/ann/screenings", "{}" },
		{ "training.missing", "persons/ann/trainings", "{}" },
		{ "addendum.missing", "persons/ann/signatures", "{}" },
		{ "agreement.missing", "agreements", "{}" },
	};
	const char *view = "person=ann&act=evidence.view&object=-";
	struct gate_caller ann;

	begin();
	add("ann", "officer", "");
	add("out", "prosecutor", "");
	clear("out");
	for (size_t i = 0; i < SP_COUNTOF(steps); i++) {
		explain(&f.who, view, steps[i][0]);
		ask(&f.who, "POST", steps[i][1], steps[i][2]);
		CHECK_STATUS(201);
	}
	explain(&f.who, view, "permit");
	explain(&f.who, "person=ann&act=evidence.view&factor=single", "factor");
	explain(&f.who, "person=ann&act=evidence.view&factor=none", "factor");
	explain(
	    &f.who, "person=ann&act=evidence.view&idle=true", "session.stale");
	explain(
	    &f.who, "person=ann&act=evidence.view&stale=true", "session.stale");
	explain(&f.who, "person=ann&act=evidence.export", "role");
	explain(&f.who,
	    "person=ann&act=evidence.view&object="
	    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
	    "other-agency");
	explain(&f.who, "person=out&act=evidence.view", "other-agency");
	explain(&f.who, "person=nobody&act=evidence.view", "unknown");
	CHECK(json_is_null(json_object_get(answer, "role")));
	/* What nobody knows is denied, and told so. */
	explain(&f.who, "person=ann&act=evidence.paint", "unknown");
	CHECK(strcmp(member("act"), "evidence.paint") == 0);
	explain(&f.who, "person=ann&act=evidence.view&object=it", "unknown");
	CHECK(strcmp(member("decision"), "deny") == 0);
	/* What is supposed of an item decides, and is told. */
	explain(&f.who, "person=ann&act=evidence.view&class=sealed", "class");
	explain(&f.who, "person=ann&act=evidence.view&class=unknown", "class");
	explain(
	    &f.who, "person=ann&act=evidence.view&place=outside", "geography");
	CHECK(strstr(text, "\"place\":\"outside the agency's geography\"") !=
	    NULL);
	explain(&f.who,
	    "person=ann&act=evidence.view&hold=on&retention=running", "permit");
	CHECK(strstr(text, "\"hold\":\"on\"") != NULL);
	CHECK(strstr(text, "\"retention\":\"running\"") != NULL);
	/* A demand in the past, unmet, has run out. */
	ask(&f.who, "POST", "persons/ann/demands",
	    "{\"course\":\"event\",\"since\":\"2026-01-01\"}");
	explain(&f.who, view, "training.expired");
	ask(&f.who, "POST", "persons/ann/trainings", "{\"course\":\"event\"}");
	explain(&f.who, view, "permit");
	add("old", "officer", "");
	ask(&f.who, "POST", "persons/old/screenings",
	    "{\"fingerprinted\":\"2010-01-01\"}");
	CHECK_STATUS(201);
	explain(&f.who, "person=old&act=evidence.view", "screening.expired");
	/* About themselves, as the gate would judge it. */
	add("chief", "administrator", "");
	explain(&f.who, "person=chief&act=role.assign&object=chief", "role");
	explain(&f.who, "person=chief&act=role.assign&object=ann", "permit");
	explain(&f.who, "person=chief&act=role.assign&object=noone",
	    "other-agency");
	/* One's own account, whatever the role. */
	ann = as("old");
	explain(&ann, "person=~&act=evidence.view", "screening.expired");
	/* Disabled: unknown to the gate, and told why. */
	ask(&f.who, "POST", "persons/ann/disable", "{}");
	explain(&f.who, view, "unknown");
	CHECK(strstr(text, "\"state\":\"disabled\"") != NULL);
	end();
}

static void
explain_is_asked_properly(void)
{
	static const char *const rows[] = { "explain?act=evidence.view",
		"explain?person=ann", "explain?person=ann&act=",
		"explain?person=ann&act=evidence.view&factor=third",
		"explain?person=ann&act=evidence.view&factor=fresh",
		"explain?person=ann&act=evidence.view&idle=yes",
		"explain?person=ann&act=evidence.view&stale=1",
		"explain?person=ann&act=evidence.view&class=secret",
		"explain?person=ann&act=evidence.view&hold=maybe",
		"explain?person=ann&act=evidence.view&retention=",
		"explain?person=ann&act=evidence.view&place=mars",
		"explain?person=&act=evidence.view" };

	begin();
	add("ann", "officer", "");
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		ask(&f.who, "GET", rows[i], NULL);
		CHECK_STATUS(400);
	}
	end();
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "explain tells what the gate would",
		    explain_tells_what_the_gate_would },
		{ "explain is asked properly", explain_is_asked_properly },
	};
	struct sp_err err;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
