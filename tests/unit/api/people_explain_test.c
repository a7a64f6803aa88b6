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
	CHECK(json_array_size(json_object_get(answer, "changes")) == 1);
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

/* The codes of what would change it, in order: "a b c". */
static void
check_changes(const char *want)
{
	const json_t *all = json_object_get(answer, "changes");
	char got[400] = "";

	for (size_t i = 0; i < json_array_size(all); i++)
		(void)snprintf(got + strlen(got), sizeof(got) - strlen(got),
		    "%s%s", i == 0 ? "" : " ",
		    json_string_value(
			json_object_get(json_array_get(all, i), "code")));
	if (strcmp(got, want) != 0)
		tap_fail(__FILE__, __LINE__, want, text);
}

static void
check_does(size_t n, const char *want)
{
	const char *todo = json_string_value(json_object_get(
	    json_array_get(json_object_get(answer, "changes"), n), "do"));

	if (todo == NULL || strcmp(todo, want) != 0)
		tap_fail(__FILE__, __LINE__, want, todo == NULL ? "" : todo);
}

/* Everything that is missing at once, each with the command that records it,
 * and the same of the clearance alone. */
static void
every_record_is_told_at_once(void)
{
	static const char *const paths[] = {
		"explain?person=con&act=evidence.view",
		"persons/con/clearance",
	};

	begin();
	add("con", "officer",
	    ",\"kind\":\"contractor\",\"employer\":\"O'Neil Ltd\","
	    "\"residence\":\"GA\"");
	for (size_t i = 0; i < SP_COUNTOF(paths); i++) {
		ask(&f.who, "GET", paths[i], NULL);
		CHECK_STATUS(200);
		check_changes("screening.missing screening.missing "
			      "training.missing "
			      "addendum.missing addendum.missing "
			      "agreement.missing");
		check_does(0,
		    "con: a fingerprint-based check in FL that is decided "
		    "cleared: sallyport screening add con --state FL");
		check_does(1,
		    "con: a check by fingerprint in GA, where they live, "
		    "decided cleared: sallyport screening add con --state "
		    "GA");
		check_does(2,
		    "con: training of level2 or higher, completed: sallyport "
		    "training add con --course level2");
		check_does(3,
		    "con: the Security Addendum, signed by the person: "
		    "sallyport addendum sign con");
		check_does(4,
		    "O'Neil Ltd: the Security Addendum, signed by the "
		    "person's employer: sallyport addendum company "
		    "'O'\\''Neil Ltd' --signer NAME");
		check_does(5,
		    "a user agreement with the CSA of FL, in force and "
		    "reviewed: sallyport agreement add FL");
	}
	/* All of that done, as it says. */
	clear("con");
	ask(&f.who, "POST", "persons/con/screenings", "{\"state\":\"GA\"}");
	ask(&f.who, "POST", "agreements", "{}");
	explain(&f.who, "person=con&act=evidence.view", "addendum.missing");
	check_changes("addendum.missing");
	ask(&f.who, "POST", "signatures",
	    "{\"company\":\"O'Neil Ltd\",\"signer\":\"C\"}");
	CHECK_STATUS(201);
	explain(&f.who, "person=con&act=evidence.view", "permit");
	CHECK(strcmp(json_string_value(json_object_get(
			 json_object_get(answer, "clearance"), "house")),
		  f.agency.slug) == 0);
	CHECK(json_object_get(answer, "clearances") == NULL);
	ask(&f.who, "POST", "persons/con/demands",
	    "{\"course\":\"event\",\"since\":\"2026-01-01\"}");
	explain(&f.who, "person=con&act=evidence.view&factor=single",
	    "training.expired");
	check_changes("training.expired factor");
	check_does(0,
	    "con: the course event that was demanded, completed: sallyport "
	    "training add con --course event");
	end();
}

/* --- who is nobody, and why --- */

static void
the_unknown_are_told_what_to_do(void)
{
	static const struct {
		const char *path, *body, *does;
	} rows[] = {
		{ "persons/ann/disable", "{\"reason\":\"risk\"}",
		    "the account is disabled, because of a risk: sallyport "
		    "person enable ann" },
		{ "persons/ann/terminate", "{}",
		    "the account was ended for good, because they have left: "
		    "as a new one, by another login: sallyport person add" },
	};
	struct sp_id id = sp_id_new();
	char query[200], id_text[SP_ID_TEXT];

	begin();
	add("ann", "officer", "");
	explain(&f.who, "person=anne&act=evidence.view", "unknown");
	check_changes("unknown");
	check_does(0,
	    "no such person: sallyport person list (a device, service or "
	    "token by its id)");
	sp_id_text(&id, id_text);
	(void)snprintf(
	    query, sizeof(query), "person=%s&act=evidence.view", id_text);
	explain(&f.who, query, "unknown");
	CHECK(json_object_get(answer, "person") == NULL);
	/* A lock shuts passwords out, and nobody who is in. */
	clear("ann");
	ask(&f.who, "POST", "agreements", "{}");
	ask(&f.who, "POST", "persons/ann/disable", "{\"reason\":\"locked\"}");
	CHECK_STATUS(200);
	explain(&f.who, "person=ann&act=evidence.view", "permit");
	CHECK(strstr(json_string_value(json_object_get(
			 json_object_get(answer, "account"), "note")),
		  "locked until an administrator releases them: sallyport "
		  "person enable ann") != NULL);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		ask(&f.who, "POST", rows[i].path, rows[i].body);
		CHECK_STATUS(200);
		explain(&f.who, "person=ann&act=evidence.view", "unknown");
		check_changes("unknown");
		check_does(0, rows[i].does);
		CHECK(json_object_get(
			  json_object_get(answer, "account"), "note") == NULL);
	}
	end();
}

/* --- machines --- */

static void
explain_of(const char *id, const char *act, const char *want)
{
	char query[200];

	(void)snprintf(query, sizeof(query), "person=%s&act=%s", id, act);
	explain(&f.who, query, want);
}

static void
make(const struct gate_caller *by, const char *what, const char *body,
    char id[static SP_ID_TEXT])
{
	const char *s;

	ask(by, "POST", what, body);
	CHECK_STATUS(201);
	s = member("id")[0] == '\0'
	    ? json_string_value(
		  json_object_get(json_object_get(answer, "service"), "id"))
	    : member("id");
	CHECK(s != NULL);
	(void)snprintf(id, SP_ID_TEXT, "%s", s);
}

/* As the gate knows them by what they show. */
static void
machines_are_explained(void)
{
	char device[SP_ID_TEXT], service[SP_ID_TEXT], token[SP_ID_TEXT],
	    own[SP_ID_TEXT], path[100], body[200];
	struct gate_caller chief;

	begin();
	add("chief", "administrator", "");
	chief = as("chief");
	make(&chief, "devices", "{\"label\":\"cam\"}", device);
	make(&chief, "services",
	    "{\"label\":\"cad\",\"scope\":[\"evidence.upload\","
	    "\"evidence.list\"]}",
	    service);
	make(&chief, "tokens",
	    "{\"role\":\"auditor\",\"label\":\"x\","
	    "\"expires_in_days\":1}",
	    token);
	sp_id_text(&chief.person, own);
	(void)snprintf(body, sizeof(body),
	    "{\"person\":\"%s\",\"label\":\"y\",\"expires_in_days\":1}", own);
	make(&chief, "tokens", body, own);

	explain_of(device, "evidence.upload", "unknown");
	check_does(
	    0, "the device has not used its code yet: sallyport device enrol");
	CHECK(strstr(text,
		  "\"account\":{\"kind\":\"device\",\"reason\":\"\","
		  "\"state\":\"enrolling\"}") != NULL);
	(void)snprintf(path, sizeof(path), "devices/%s/revoke", device);
	ask(&chief, "POST", path, NULL);
	explain_of(device, "evidence.upload", "unknown");
	CHECK(strstr(text, "cut off for good") != NULL);

	/* The clearance is its issuer's; its acts are its scope's. */
	explain_of(service, "evidence.upload", "permit");
	CHECK(strcmp(member("role"), "service") == 0);
	CHECK(strcmp(member("person"), service) == 0);
	explain_of(service, "evidence.export", "role");
	CHECK(strstr(text, "in its scopes") != NULL);
	explain_of(service, "evidence.list", "screening.missing");
	CHECK(strstr(text, "sallyport screening add chief") != NULL);
	explain_of(token, "evidence.list", "screening.missing");
	CHECK(strcmp(member("role"), "auditor") == 0);
	explain_of(own, "policy.show", "permit");
	CHECK(strcmp(member("role"), "administrator") == 0);
	explain_of(own, "role.assign", "factor");
	clear("chief");
	ask(&f.who, "POST", "agreements", "{}");
	explain_of(service, "evidence.list", "permit");
	explain_of(token, "evidence.list", "permit");
	explain_of(own, "evidence.list", "permit");
	/* What they issued ends with them. */
	ask(&f.who, "POST", "persons/chief/disable", "{}");
	CHECK_STATUS(200);
	explain_of(service, "evidence.list", "unknown");
	CHECK(strstr(text, "sallyport service rotate") != NULL);
	explain_of(token, "evidence.list", "unknown");
	CHECK(strstr(text, "another token is needed") != NULL);
	explain_of(own, "evidence.list", "unknown");
	/* Of others by who may ask about others. */
	add("ann", "officer", "");
	chief = as("ann");
	(void)snprintf(
	    path, sizeof(path), "explain?person=%s&act=evidence.list", token);
	ask(&chief, "GET", path, NULL);
	CHECK_STATUS(403);
	end();
}

/* --- what an answer must not tell --- */

static void
same_but_for(const struct gate_caller *who, const char *act, const char *there,
    const char *none)
{
	static char first[sizeof(text)];
	const char *const object[] = { there, none };

	for (size_t i = 0; i < 2; i++) {
		char path[300], *at;

		(void)snprintf(path, sizeof(path),
		    "explain?person=~&act=%s&object=%s", act, object[i]);
		ask(who, "GET", path, NULL);
		CHECK_STATUS(200);
		CHECK(strcmp(member("code"), "role") == 0);
		at = strstr(text, object[i]);
		CHECK(at != NULL);
		memmove(at, at + strlen(object[i]),
		    strlen(at + strlen(object[i])) + 1);
		if (i == 0)
			(void)snprintf(first, sizeof(first), "%s", text);
		else if (strcmp(first, text) != 0)
			tap_fail(__FILE__, __LINE__, act, text);
	}
}

/* Anybody may ask about themselves; whom an act is not open to learns of no
 * object whether it is there. */
static void
no_object_is_told_to_whom_the_act_is_shut(void)
{
	static const char none[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
	char id[3][SP_ID_TEXT];
	struct gate_caller officer, cso, chief;

	begin();
	add("chief", "administrator", "");
	add("ann", "officer", "");
	add("two", "auditor", "");
	add("cso", "cso", "");
	chief = as("chief");
	officer = as("ann");
	cso = as("cso");
	make(&chief, "devices", "{\"label\":\"cam\"}", id[0]);
	make(&chief, "services",
	    "{\"label\":\"cad\",\"scope\":[\"evidence.upload\"]}", id[1]);
	make(&chief, "tokens",
	    "{\"role\":\"auditor\",\"label\":\"x\",\"expires_in_days\":1}",
	    id[2]);
	for (size_t i = 0; i < SP_COUNTOF(id); i++) {
		same_but_for(&officer, "device.show", id[i], none);
		same_but_for(&officer, "token.manage", id[i], none);
		same_but_for(&officer, "lockbox.approve", id[i], none);
		same_but_for(&officer, "recovery.confirm", id[i], none);
	}
	same_but_for(&officer, "person.show", "chief", "thief");
	same_but_for(&officer, "role.assign", "chief", "thief");
	/* A name that two have is nobody's either. */
	ask(&f.who, "POST", "persons",
	    "{\"name\":\"N two\",\"role\":\"officer\"}");
	CHECK_STATUS(201);
	same_but_for(&officer, "person.show", "N two", "N ten");
	ask(&officer, "GET", "explain?person=N two&act=evidence.view", NULL);
	CHECK_STATUS(403);
	ask(&f.who, "GET", "explain?person=N two&act=evidence.view", NULL);
	CHECK_STATUS(409);
	/* Who may explain others may see it. */
	explain(&cso, "person=~&act=role.assign&object=chief", "role");
	explain(&cso, "person=~&act=role.assign&object=thief", "other-agency");
	end();
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "explain tells what the gate would",
		    explain_tells_what_the_gate_would },
		{ "explain is asked properly", explain_is_asked_properly },
		{ "every record is told at once",
		    every_record_is_told_at_once },
		{ "the unknown are told what to do",
		    the_unknown_are_told_what_to_do },
		{ "machines are explained", machines_are_explained },
		{ "no object is told to whom the act is shut",
		    no_object_is_told_to_whom_the_act_is_shut },
	};
	struct sp_err err;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
