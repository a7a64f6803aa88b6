#ifndef API_PEOPLE_FIXTURE_H
#define API_PEOPLE_FIXTURE_H

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

static inline void
keep(struct http_request *q)
{
	status = q->answer.status;
	json_decref(answer);
	(void)snprintf(text, sizeof(text), "%s", sp_buf_str(&q->answer.body));
	answer = json_loadb((const char *)q->answer.body.at, q->answer.body.len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

/* "persons?limit=2" */
static inline void
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

static inline enum sp_code
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

static inline enum sp_code
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

static inline void
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

static inline const char *
member(const char *name)
{
	const char *s = json_string_value(json_object_get(answer, name));

	return s == NULL ? "" : s;
}

static inline const char *
reason(void)
{
	return member("reason");
}

/* --- Callers --- */

/* As the person of this login, signed in just now. */
static inline struct gate_caller
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
static inline void
add(const char *login, const char *role, const char *more)
{
	char body[400];

	(void)snprintf(body, sizeof(body),
	    "{\"name\":\"N %s\",\"login\":\"%s\",\"role\":\"%s\"%s}", login,
	    login, role, more);
	ask(&f.who, "POST", "persons", body);
	CHECK_STATUS(201);
}

static inline void
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

static inline void
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

static inline void
end(void)
{
	json_decref(answer);
	answer = NULL;
	fixture_close(&f);
	fixture_remove(&f);
}

/* How many entries of this act are in the ledger? */
static inline unsigned
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

#endif
