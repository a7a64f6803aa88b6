#include "api/people.h"

#include "api/routes.h"
#include "base/file.h"
#include "evidence/room_fixture.h"
#include "http/json.h"
#include "http/request.h"

#include <fcntl.h>

/*
 * The handlers of people with callers of every kind: what the door, the gate
 * and the room people make of them together, without a socket.
 */
static struct room_fixture f;
static struct http_house house;
static unsigned status;
static json_t *answer; /* of the last request; NULL: no JSON */
static char text[1 << 16];

static void
keep(struct http_request *q)
{
	status = q->answer.status;
	json_decref(answer);
	(void)snprintf(text, sizeof(text), "%s", sp_buf_str(&q->answer.body));
	answer = json_loadb((const char *)q->answer.body.at, q->answer.body.len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

/* "persons?limit=2" */
static void
target(struct http_request *q, enum http_method method, const char *path)
{
	char whole[400], *query, *pair;
	struct sp_err err;

	(void)snprintf(
	    whole, sizeof(whole), "/v1/agencies/%s/%s", f.agency.slug, path);
	query = strchr(whole, '?');
	if (query != NULL)
		*query++ = '\0';
	q->method = method;
	CHECK_OK(http_router_match(&q->match, &api_routes, method, whole, &err),
	    &err);
	q->query = calloc(HTTP_QUERY_MAX, sizeof(*q->query));
	while ((pair = strsep(&query, "&")) != NULL) {
		struct http_param *p = &q->query[q->queries++];
		char *value = strchr(pair, '=');

		*value++ = '\0';
		(void)snprintf(p->name, sizeof(p->name), "%s", pair);
		(void)snprintf(p->value, sizeof(p->value), "%s", value);
	}
}

static enum sp_code
door(struct http_request *q, struct sp_err *err)
{
	const struct http_route *r = q->match.route;
	struct gate_object on = { .kind = r->kind };

	if (http_match_has(&q->match, "id")) {
		const char *s = http_match_param(&q->match, "id");

		CHECK(sp_id_parse(s, strlen(s), &q->id));
	}
	on.id = q->id;
	if (r->door != HTTP_DOOR_GATE)
		return SP_OK;
	return gate_admit(
	    evidence_room_gate(q->room), &q->who, r->act, &on, &q->pass, err);
}

static enum sp_code
serve(struct http_request *q, const char *body, struct sp_err *err)
{
	const struct http_route *r = q->match.route;

	SP_TRY(door(q, err));
	if (r->takes == HTTP_TAKES_JSON)
		sp_buf_text(&q->body, body == NULL ? "{}" : body);
	SP_TRY(r->handle(q, &q->answer, err));
	if (q->sink != NULL) {
		const struct http_sink *sink = q->sink;

		CHECK(body != NULL);
		q->sink = NULL;
		SP_TRY(sink->write(q->sink_self, body, strlen(body), err));
		return sink->end(q->sink_self, true, &q->answer, err);
	}
	return SP_OK;
}

static void
ask(const struct gate_caller *who, const char *method, const char *path,
    const char *body)
{
	struct http_request *q = http_request_new(&house);
	struct sp_err err = { .code = SP_OK };

	CHECK(q != NULL);
	q->room = f.room;
	q->who = *who;
	q->field[HTTP_F_CONTENT_TYPE] =
	    strncmp(path, "roster", 6) == 0 ? "text/csv" : "application/json";
	target(q, http_method_parse(method), path);
	if (serve(q, body, &err) != SP_OK)
		http_answer_error(&q->answer, &err, "test");
	keep(q);
	http_request_free(q);
}

#define CHECK_STATUS(want)                                                     \
	((status == (want))                                                    \
		? (void)0                                                      \
		: tap_fail(__FILE__, __LINE__, "status " #want, text))

static const char *
member(const char *name)
{
	const char *s = json_string_value(json_object_get(answer, name));

	return s == NULL ? "" : s;
}

static const char *
reason(void)
{
	return member("reason");
}

/* --- Callers --- */

/* As the person of this login, signed in just now. */
static struct gate_caller
as(const char *login)
{
	struct gate_caller who = {
		.agency = f.agency.id,
		.token = sp_id_new(),
		.kind = "session",
		.address = "192.0.2.9",
		.source = "api",
		.is = {
			.session = GATE_SESSION_OPEN,
			.factor = GATE_FACTOR_SECOND,
			.limits = { SP_SECOND * 1800, SP_SECOND * 43200,
			    SP_SECOND * 300 },
		},
	};
	struct people_person p;
	struct sp_err err;
	DB_LENT(reader, evidence_room_readers(f.room));

	CHECK_OK(people_person_by_login(reader.db, login, &p, &err), &err);
	CHECK_OK(gate_caller_person(
		     reader.db, evidence_room_rules(f.room), &p.id, &who, &err),
	    &err);
	return who;
}

/* Login and name are the role's but for what is said. */
static void
add(const char *login, const char *role, const char *more)
{
	char body[400];

	(void)snprintf(body, sizeof(body),
	    "{\"name\":\"N %s\",\"login\":\"%s\",\"role\":\"%s\"%s}", login,
	    login, role, more);
	ask(&f.who, "POST", "persons", body);
	CHECK_STATUS(201);
}

static void
clear(const char *login)
{
	static const char *const records[] = { "screenings", "trainings",
		"signatures" };
	char path[200];

	for (size_t i = 0; i < SP_COUNTOF(records); i++) {
		(void)snprintf(
		    path, sizeof(path), "persons/%s/%s", login, records[i]);
		ask(&f.who, "POST", path, "{}");
		CHECK_STATUS(201);
	}
}

static void
begin(void)
{
	fixture_make(&f);
	fixture_open(&f);
	house = (struct http_house){
		.site = f.site,
		.routes = &api_routes,
		.header_bytes = 32768,
		.json_bytes = 65536,
	};
}

static void
end(void)
{
	json_decref(answer);
	answer = NULL;
	fixture_close(&f);
	fixture_remove(&f);
}

/* How many entries of this act are in the ledger? */
static unsigned
entries(const char *act)
{
	struct ledger_log *log = evidence_room_log(f.room);
	SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
	char want[80];
	unsigned n = 0;
	struct sp_err err;
	DB_LENT(reader, evidence_room_readers(f.room));

	(void)snprintf(want, sizeof(want), "\"act\":\"%s\"", act);
	for (uint64_t i = 0; i < ledger_log_size(log); i++) {
		sp_buf_clear(&entry);
		CHECK_OK(
		    ledger_log_entry(log, reader.db, i, &entry, &err), &err);
		n += strstr(sp_buf_str(&entry), want) != NULL;
	}
	return n;
}

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

/* --- Accounts --- */

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

/* --- Records --- */

static void
signing_says_how_it_was(void)
{
	struct gate_caller ann;
	char path[200];

	begin();
	add("ann", "officer", ",\"human\":\"E-1\"");
	add("ann2", "custodian", ",\"human\":\"E-1\"");
	ask(&f.who, "PUT", "documents/access-terms",
	    "{\"text\":\"Be good.\\n\",\"title\":\"Terms\",\"version\":"
	    "\"3\"}");
	CHECK_STATUS(200);
	ann = as("ann");
	ask(&ann, "GET", "documents/access-terms", NULL);
	CHECK_STATUS(200);
	CHECK(strcmp(member("text"), "Be good.\n") == 0);
	/* By oneself: electronically, today, the very words kept. */
	ask(&ann, "POST", "persons/~/signatures",
	    "{\"signed_on\":\"2020-01-01\"}");
	CHECK_STATUS(400);
	ask(&ann, "POST", "persons/~/signatures", "{}");
	CHECK_STATUS(201);
	(void)snprintf(
	    path, sizeof(path), "signatures/%s/statement", member("id"));
	ask(&f.who, "GET", path, NULL);
	CHECK_STATUS(200);
	CHECK(strcmp(member("method"), "electronic") == 0);
	CHECK(strcmp(member("address"), "192.0.2.9") == 0);
	CHECK(strcmp(member("document_version"), "3") == 0);
	CHECK(strlen(member("document_sha256")) == 64);
	CHECK(strlen(member("words")) > 20);
	/* By an administrator: on paper; and it says so. */
	ask(&f.who, "POST", "persons/ann/signatures", "{}");
	CHECK_STATUS(201);
	(void)snprintf(
	    path, sizeof(path), "signatures/%s/statement", member("id"));
	ask(&f.who, "GET", path, NULL);
	CHECK(strcmp(member("method"), "paper") == 0);
	/* Another account of one's own is oneself. */
	ask(&ann, "POST", "persons/ann2/signatures", "{}");
	CHECK_STATUS(201);
	CHECK(entries("addendum.signed") == 3);
	/* A company's signature and a colleague's are not one's to enter. */
	add("bo", "officer", "");
	ask(&ann, "POST", "persons/bo/signatures", "{}");
	CHECK_STATUS(403);
	ask(&ann, "POST", "signatures",
	    "{\"company\":\"Acme\",\"signer\":\"A\"}");
	CHECK_STATUS(403);
	ask(&f.who, "POST", "signatures",
	    "{\"company\":\"Acme\",\"signer\":\"A. Boss\"}");
	CHECK_STATUS(201);
	ask(&f.who, "GET", "signatures", NULL);
	CHECK(strstr(text, "A. Boss") != NULL);
	end();
}

static void
agreements_are_recorded_reviewed_ended(void)
{
	char path[200], id[40];

	begin();
	ask(&f.who, "POST", "agreements", "{\"signed_on\":\"2024-03-01\"}");
	CHECK_STATUS(201);
	(void)snprintf(id, sizeof(id), "%s", member("id"));
	(void)snprintf(path, sizeof(path), "agreements/%s/review", id);
	ask(&f.who, "POST", path, "{\"reviewed\":\"2025-03-01\"}");
	CHECK_STATUS(204);
	(void)snprintf(path, sizeof(path), "agreements/%s/end", id);
	ask(&f.who, "POST", path, "{}");
	CHECK_STATUS(204);
	ask(&f.who, "POST", path, "{}");
	CHECK_STATUS(409);
	ask(&f.who, "GET", "agreements", NULL);
	CHECK(strstr(text, "\"reviewed\":\"2025-03-01\"") != NULL);
	ask(&f.who, "POST",
	    "agreements/017f22e2-79b0-7cc3-98c4-dc0c0c07398f/end", "{}");
	CHECK_STATUS(404);
	end();
}

/* --- What is sealed --- */

/* Is this anywhere in the files of the site? */
static const char *needle;

static int
look_in(const char *path, const struct stat *st, int flag, struct FTW *w)
{
	SP_AUTO_BUF bytes = sp_buf_new((size_t)64 << 20);
	struct sp_err err;

	(void)w;
	if (flag != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	CHECK_OK(sp_file_read(AT_FDCWD, path, &bytes, &err), &err);
	if (memmem(bytes.at, bytes.len, needle, strlen(needle)) != NULL)
		tap_fail(__FILE__, __LINE__, needle, path);
	return 0;
}

static void
sealed_fields_open_for_few_and_leave_a_trace(void)
{
	static const char *const everywhere[] = { "persons", "persons/ann",
		"persons/ann/sealed", "persons/ann/screenings", "roster.csv",
		"roster.json", "persons/ann/clearance",
		"explain?person=ann&act=evidence.view" };
	struct gate_caller laso, officer;

	begin();
	add("ann", "officer", "");
	add("sec", "laso", "");
	clear("sec");
	ask(&f.who, "POST", "agreements", "{}");
	laso = as("sec");
	officer = as("ann");
	ask(&laso, "PUT", "persons/ann/sealed/ssn",
	    "{\"value\":\"123-45-6789\"}");
	CHECK_STATUS(204);
	ask(&f.who, "PUT", "persons/ann/sealed/dob",
	    "{\"value\":\"1980-02-29\"}");
	CHECK_STATUS(204);
	for (size_t i = 0; i < SP_COUNTOF(everywhere); i++) {
		ask(&f.who, "GET", everywhere[i], NULL);
		CHECK_STATUS(200);
		CHECK(strstr(text, "123-45-6789") == NULL);
		CHECK(strstr(text, "123456789") == NULL);
		CHECK(strstr(text, "1980-02-29") == NULL);
	}
	/* Not for the one it is of, nor for an administrator's token. */
	ask(&officer, "POST", "persons/~/sealed/ssn/open", NULL);
	CHECK_STATUS(403);
	ask(&f.who, "POST", "persons/ann/sealed/ssn/open", NULL);
	CHECK_STATUS(403);
	CHECK(entries("sealed.opened") == 0);
	ask(&laso, "POST", "persons/ann/sealed/ssn/open", NULL);
	CHECK_STATUS(200);
	CHECK(strcmp(member("value"), "123-45-6789") == 0 ||
	    strcmp(member("value"), "123456789") == 0);
	CHECK(entries("sealed.opened") == 1 && entries("sealed.shown") == 1);
	ask(&laso, "POST", "persons/ann/sealed/fbi/open", NULL);
	CHECK_STATUS(404);
	/* A LASO whose proof is old shows the factor again first. */
	laso.is.since_proof = laso.is.limits.fresh;
	ask(&laso, "POST", "persons/ann/sealed/ssn/open", NULL);
	CHECK_STATUS(403);
	CHECK(strcmp(reason(), "factor") == 0);
	fixture_close(&f);
	needle = "123-45-6789";
	CHECK(nftw(f.dir, look_in, 16, FTW_PHYS) == 0);
	needle = "123456789";
	CHECK(nftw(f.dir, look_in, 16, FTW_PHYS) == 0);
	needle = "1980-02-29";
	CHECK(nftw(f.dir, look_in, 16, FTW_PHYS) == 0);
	/* The key outlives the server. */
	fixture_open(&f);
	house.site = f.site;
	laso = as("sec");
	ask(&laso, "POST", "persons/ann/sealed/ssn/open", NULL);
	CHECK_STATUS(200);
	end();
}

/* --- The personnel file --- */

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

/* --- Explain --- */

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
		{ "signing says how it was", signing_says_how_it_was },
		{ "agreements are recorded, reviewed, ended",
		    agreements_are_recorded_reviewed_ended },
		{ "sealed fields open for few and leave a trace",
		    sealed_fields_open_for_few_and_leave_a_trace },
		{ "a file is reported, then applied",
		    a_file_is_reported_then_applied },
		{ "explain tells what the gate would",
		    explain_tells_what_the_gate_would },
		{ "explain is asked properly", explain_is_asked_properly },
		{ "the policy is told", the_policy_is_told },
	};
	struct sp_err err;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
