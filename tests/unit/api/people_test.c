#include "api_people_fixture.h"

/* The template with `what` in the place of each '$'. */
static void
fill(char path[static 200], const char *template, const char *what)
{
	SP_AUTO_BUF out = sp_buf_new(199);

	for (; *template != '\0'; template ++)
		if (*template == '$')
			sp_buf_text(&out, what);
		else
			sp_buf_u8(&out, (uint8_t) * template);
	CHECK(sp_buf_ok(&out));
	memcpy(path, sp_buf_str(&out), out.len + 1);
}

/* --- Who may --- */

/* Every route of these topics, with every role that an agency's person can
 * have: refused for the role exactly where the table says so. */
static void
every_route_asks_for_its_act(void)
{
	static const struct http_topic *const topics[] = { &api_people_topic,
		&api_people_sealed_topic, &api_people_record_topic,
		&api_people_signature_topic, &api_people_agreement_topic,
		&api_people_policy_topic, &api_people_roster_topic,
		&api_people_explain_topic };
	const char *prefix = HTTP_AGENCY;

	begin();
	add("target", "officer", "");
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++) {
		const char *role = gate_role_name((enum gate_role)r);
		const struct gate_role_row *row =
		    gate_role_row((enum gate_role)r);

		if (!row->person || row->realm == GATE_REALM_PROVIDER)
			continue;
		add(role, role, "");
		clear(role);
		for (size_t t = 0; t < SP_COUNTOF(topics); t++)
			for (size_t i = 0; i < topics[t]->routes; i++) {
				const struct http_route *route =
				    &topics[t]->route[i];
				struct gate_caller who = as(role);
				SP_AUTO_BUF path = sp_buf_new(300);
				enum gate_act act = route->act;
				const char *s = route->path + strlen(prefix);

				/* Signing for another is recording. */
				if (act == GATE_ADDENDUM_SIGN)
					act = GATE_ADDENDUM_RECORD;
				for (; *s != '\0'; s++) {
					if (strncmp(s, "{person}", 8) == 0)
						sp_buf_text(&path, "target");
					else if (strncmp(s, "{id}", 4) == 0)
						sp_buf_text(&path,
						    "017f22e2-79b0-7cc3-98c4-"
						    "dc0c0c07398f");
					else if (strncmp(s, "{field}", 7) == 0)
						sp_buf_text(&path, "ssn");
					else if (*s == '{')
						sp_buf_text(
						    &path, "access-terms");
					else
						sp_buf_u8(&path, (uint8_t)*s);
					if (*s == '{')
						s = strchr(s, '}');
				}
				if (strcmp(route->id, "explain") == 0)
					sp_buf_text(&path,
					    "?person=target&act=evidence.view");
				if (strcmp(route->id, "applyRoster") == 0) {
					sp_buf_text(&path, "?hash=");
					for (int k = 0; k < 64; k++)
						sp_buf_u8(&path, '0');
				}
				/* What would end the target. */
				if (strstr(route->path, "terminate") != NULL ||
				    strstr(route->path, "disable") != NULL)
					continue;
				ask(&who, http_method_name(route->method),
				    sp_buf_str(&path),
				    strcmp(route->id, "putSealed") == 0
					? "{\"value\":\"x\"}"
					: "{}");
				if (gate_role_may((enum gate_role)r, act) !=
				    (strcmp(reason(), "role") != 0))
					tap_fail(__FILE__, __LINE__, role,
					    route->id);
			}
	}
	end();
}

/* Of somebody who is there and of nobody, one hears the same. */
static void
who_may_not_ask_learns_nothing(void)
{
	static const char *const paths[] = { "persons/$", "persons/$/clearance",
		"persons/$/screenings", "persons/$/trainings",
		"persons/$/signatures", "persons/$/sealed",
		"explain?person=$&act=evidence.view" };
	static const char *const whom[] = { "bo", "nobody",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "~~", "-" };
	struct gate_caller ann;

	begin();
	add("ann", "officer", "");
	add("bo", "officer", "");
	ann = as("ann");
	for (size_t i = 0; i < SP_COUNTOF(paths); i++) {
		char path[200], first[512] = "";

		for (size_t k = 0; k < SP_COUNTOF(whom); k++) {
			fill(path, paths[i], whom[k]);
			ask(&ann, "GET", path, NULL);
			CHECK_STATUS(403);
			if (k == 0)
				(void)snprintf(
				    first, sizeof(first), "%.500s", text);
			CHECK(strcmp(first, text) == 0);
		}
		/* Of oneself one may ask, by id, login and "~". */
		fill(path, paths[i], "~");
		ask(&ann, "GET", path, NULL);
		CHECK_STATUS(200);
		fill(path, paths[i], "ANN");
		ask(&ann, "GET", path, NULL);
		CHECK_STATUS(200);
	}
	/* A credential that is no person's is not anybody. */
	ask(&f.who, "GET", "persons/~", NULL);
	CHECK_STATUS(400);
	end();
}

/* Nobody does these about themselves, by whatever account of theirs. */
static void
nobody_lifts_themselves(void)
{
	static const struct {
		const char *method, *path, *body;
	} rows[] = {
		{ "POST", "persons/$/role", "{\"role\":\"laso\"}" },
		{ "POST", "persons/$/transfer",
		    "{\"role\":\"laso\",\"unit\":\"Night\"}" },
		{ "PATCH", "persons/$", "{\"human\":\"somebody else\"}" },
		{ "POST", "persons/$/enable", NULL },
		{ "POST", "persons/$/terminate", "{}" },
		{ "POST", "persons/$/screenings", "{}" },
		{ "POST", "persons/$/trainings", "{}" },
		{ "POST", "persons/$/demands", "{\"course\":\"event\"}" },
	};
	static const char *const whom[] = { "~", "chief", "second" };
	struct gate_caller chief;
	char path[200];

	begin();
	add("chief", "administrator", ",\"human\":\"E-17\"");
	add("second", "officer", ",\"human\":\"E-17\"");
	chief = as("chief");
	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		for (size_t k = 0; k < SP_COUNTOF(whom); k++) {
			fill(path, rows[i].path, whom[k]);
			ask(&chief, rows[i].method, path, rows[i].body);
			CHECK_STATUS(403);
		}
	/* Nor do they make themselves a third account, by hand or by file. */
	ask(&chief, "POST", "persons",
	    "{\"name\":\"C\",\"role\":\"laso\",\"human\":\"E-17\"}");
	CHECK_STATUS(403);
	CHECK(strcmp(reason(), "person.self") == 0);
	ask(&chief, "POST", "roster/report",
	    "human,login,name,role\r\nE-17,chief,N chief,laso\r\n");
	CHECK_STATUS(200);
	(void)snprintf(
	    path, sizeof(path), "roster/apply?hash=%s", member("hash"));
	ask(&chief, "POST", path,
	    "human,login,name,role\r\nE-17,chief,N chief,laso\r\n");
	CHECK_STATUS(403);
	ask(&f.who, "GET", "persons/chief", NULL);
	CHECK(strcmp(member("role"), "administrator") == 0);
	end();
}

/* The provider's roles are nobody's in an agency, whoever asks, in any way. */
static void
no_agency_makes_an_operator(void)
{
	static const char *const roles[] = { "operator", "provider-security" };
	char body[200], path[200];

	begin();
	add("ann", "officer", "");
	for (size_t i = 0; i < SP_COUNTOF(roles); i++) {
		(void)snprintf(body, sizeof(body),
		    "{\"name\":\"X\",\"role\":\"%s\"}", roles[i]);
		ask(&f.who, "POST", "persons", body);
		CHECK_STATUS(400);
		CHECK(strcmp(reason(), "person.role") == 0);
		(void)snprintf(
		    body, sizeof(body), "{\"role\":\"%s\"}", roles[i]);
		ask(&f.who, "POST", "persons/ann/role", body);
		CHECK_STATUS(400);
		(void)snprintf(body, sizeof(body),
		    "{\"role\":\"%s\",\"unit\":\"N\"}", roles[i]);
		ask(&f.who, "POST", "persons/ann/transfer", body);
		CHECK_STATUS(400);
		(void)snprintf(body, sizeof(body),
		    "login,name,role\r\nann,N ann,%s\r\nzoe,Zoe,%s\r\n",
		    roles[i], roles[i]);
		ask(&f.who, "POST", "roster/report", body);
		CHECK_STATUS(200);
		CHECK(
		    json_integer_value(json_object_get(answer, "errors")) == 2);
		(void)snprintf(
		    path, sizeof(path), "roster/apply?hash=%s", member("hash"));
		ask(&f.who, "POST", path, body);
		CHECK_STATUS(409);
	}
	end();
}

static void
accounts_live_through_their_states(void)
{
	begin();
	add("ann", "officer", "");
	ask(&f.who, "PATCH", "persons/ann",
	    "{\"name\":\"Ann Lee\",\"residence\":\"GA\"}");
	CHECK_STATUS(200);
	CHECK(strcmp(member("name"), "Ann Lee") == 0);
	ask(&f.who, "POST", "persons/ann/disable",
	    "{\"reason\":\"risk\",\"discovered_at\":\"2026-01-01T00:00:00Z\"}");
	CHECK_STATUS(200);
	CHECK(strcmp(member("state"), "disabled") == 0);
	CHECK(strcmp(member("reason"), "risk") == 0);
	ask(&f.who, "POST", "persons/ann/disable", "{\"reason\":\"left\"}");
	CHECK_STATUS(400);
	ask(&f.who, "POST", "persons/ann/disable", "{\"reason\":\"bored\"}");
	CHECK_STATUS(400);
	ask(&f.who, "POST", "persons/ann/enable", NULL);
	CHECK_STATUS(200);
	CHECK(strcmp(member("state"), "active") == 0);
	ask(&f.who, "POST", "persons/ann/enable", NULL);
	CHECK_STATUS(409);
	ask(&f.who, "POST", "persons/ann/terminate",
	    "{\"ends_at\":\"2099-01-01T00:00:00Z\"}");
	CHECK_STATUS(200);
	CHECK(strcmp(member("state"), "active") == 0);
	ask(&f.who, "POST", "persons/ann/terminate", "{}");
	CHECK_STATUS(200);
	CHECK(strcmp(member("state"), "terminated") == 0);
	ask(&f.who, "POST", "persons/ann/role", "{\"role\":\"laso\"}");
	CHECK_STATUS(409);
	CHECK(entries("person.disabled") == 1 &&
	    entries("person.enabled") == 1 && entries("person.ending") == 1 &&
	    entries("person.terminated") == 1);
	end();
}

static void
a_list_comes_in_pages(void)
{
	char path[200] = "persons?limit=7", login[20];
	unsigned seen = 0, pages = 0;

	begin();
	for (unsigned i = 0; i < 23; i++) {
		(void)snprintf(login, sizeof(login), "p%u", i);
		add(login, "officer", "");
	}
	for (; path[0] != '\0'; pages++) {
		const json_t *items, *next;

		ask(&f.who, "GET", path, NULL);
		CHECK_STATUS(200);
		items = json_object_get(answer, "items");
		for (size_t i = 0; i < json_array_size(items); i++, seen++) {
			(void)snprintf(login, sizeof(login), "p%u", seen);
			CHECK(strcmp(json_string_value(json_object_get(
					 json_array_get(items, i), "login")),
				  login) == 0);
		}
		next = json_object_get(answer, "next");
		if (json_is_string(next))
			(void)snprintf(path, sizeof(path),
			    "persons?limit=7&cursor=%s",
			    json_string_value(next));
		else
			*path = '\0';
	}
	CHECK(seen == 23 && pages == 4);
	ask(&f.who, "GET", "persons?limit=23", NULL);
	CHECK(json_is_null(json_object_get(answer, "next")));
	ask(&f.who, "GET", "persons?limit=22", NULL);
	CHECK(json_is_string(json_object_get(answer, "next")));
	ask(&f.who, "GET", "persons?limit=8", NULL);
	CHECK(json_array_size(json_object_get(answer, "items")) == 8);
	CHECK(json_is_string(json_object_get(answer, "next")));
	ask(&f.who, "GET", "persons?limit=0", NULL);
	CHECK_STATUS(400);
	ask(&f.who, "GET", "persons?cursor=x", NULL);
	CHECK_STATUS(400);
	end();
}

static void
bodies_are_read_strictly(void)
{
	static const struct {
		const char *method, *path, *body;
	} rows[] = {
		{ "POST", "persons", "" },
		{ "POST", "persons", "[]" },
		{ "POST", "persons", "{}" },
		{ "POST", "persons", "{\"name\":\"A\"}" },
		{ "POST", "persons",
		    "{\"name\":\"A\",\"role\":\"officer\",\"state\":"
		    "\"active\"}" },
		{ "POST", "persons",
		    "{\"name\":\"A\\u0007\",\"role\":\"officer\"}" },
		{ "POST", "persons",
		    "{\"name\":\"A\\u0000\",\"role\":\"officer\"}" },
		{ "POST", "persons",
		    "{\"name\":\"A\\u202eB\",\"role\":\"officer\"}" },
		{ "POST", "persons", "{\"name\":1,\"role\":\"officer\"}" },
		{ "POST", "persons",
		    "{\"name\":\"A\",\"role\":\"officer\",\"login\":"
		    "\"../x\"}" },
		{ "POST", "persons",
		    "{\"name\":\"A\",\"name\":\"B\",\"role\":\"officer\"}" },
		{ "PATCH", "persons/ann", "{\"role\":\"laso\"}" },
		{ "PATCH", "persons/ann", "{\"id\":\"x\"}" },
		{ "POST", "persons/ann/role", "{}" },
		{ "POST", "persons/ann/role", "{\"role\":\"chief\"}" },
		{ "POST", "persons/ann/role",
		    "{\"role\":\"laso\",\"unit\":\"N\"}" },
		{ "POST", "persons/ann/disable",
		    "{\"discovered_at\":\"yesterday\"}" },
		{ "POST", "persons/ann/terminate", "{\"ends_at\":7}" },
		{ "POST", "persons/ann/screenings",
		    "{\"decision\":\"maybe\"}" },
		{ "POST", "persons/ann/screenings", "{\"ssn\":\"x\"}" },
		{ "POST", "persons/ann/screenings",
		    "{\"fingerprinted\":\"2026-02-30\"}" },
		{ "POST", "persons/ann/trainings", "{\"course\":\"level9\"}" },
		{ "POST", "persons/ann/signatures",
		    "{\"method\":\"electronic\"}" },
		{ "POST", "signatures", "{\"company\":\"A\"}" },
		{ "POST", "agreements", "{\"kind\":\"handshake\"}" },
		{ "PUT", "persons/ann/sealed/ssn", "{}" },
		{ "PUT", "persons/ann/sealed/ssn", "{\"value\":5}" },
		{ "PUT", "persons/ann/sealed/ssn",
		    "{\"value\":\"123-45-6789\",\"x\":\"\"}" },
		{ "PUT", "persons/ann/sealed/ssn", "{\"value\":\"12345\"}" },
		{ "PUT", "documents/access-terms", "{\"text\":\"t\"}" },
	};

	begin();
	add("ann", "officer", "");
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		ask(&f.who, rows[i].method, rows[i].path, rows[i].body);
		if (status != 400)
			tap_fail(
			    __FILE__, __LINE__, rows[i].path, rows[i].body);
	}
	ask(&f.who, "PUT", "persons/ann/sealed/shoe-size", "{\"value\":\"1\"}");
	CHECK_STATUS(404);
	end();
}

static void
the_policy_is_told(void)
{
	begin();
	ask(&f.who, "GET", "rules", NULL);
	CHECK_STATUS(200);
	CHECK(strstr(text, "\"logon.failures\"") != NULL);
	ask(&f.who, "GET", "roles", NULL);
	CHECK_STATUS(200);
	CHECK(json_array_size(json_object_get(answer, "roles")) ==
	    GATE_ROLE_COUNT);
	end();
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "every route asks for its act",
		    every_route_asks_for_its_act },
		{ "who may not ask learns nothing",
		    who_may_not_ask_learns_nothing },
		{ "nobody lifts themselves", nobody_lifts_themselves },
		{ "no agency makes an operator", no_agency_makes_an_operator },
		{ "accounts live through their states",
		    accounts_live_through_their_states },
		{ "a list comes in pages", a_list_comes_in_pages },
		{ "bodies are read strictly", bodies_are_read_strictly },
		{ "the policy is told", the_policy_is_told },
	};
	struct sp_err err;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
