#include "api/lockbox.h"

#include "../grants/box_fixture.h"
#include "api/routes.h"
#include "http/json.h"
#include "http/request.h"

/*
 * The handlers of the lockbox with callers of two houses: what the door, the
 * gates and the room grants make of them together, without a socket.
 */
static struct box b;
static struct http_house house;
static unsigned status;
static json_t *answer; /* of the last request; NULL: no JSON */
static char text[4096];

static void
keep(struct http_request *q)
{
	status = q->answer.status;
	json_decref(answer);
	(void)snprintf(text, sizeof(text), "%s", sp_buf_str(&q->answer.body));
	answer = json_loadb((const char *)q->answer.body.at, q->answer.body.len,
	    JSON_REJECT_DUPLICATES, NULL);
}

/* What the door does: known already, and for some routes admitted. */
static enum sp_code
serve(struct http_request *q, const char *body, struct sp_err *err)
{
	const struct http_route *r = q->match.route;
	struct gate_object on = { .kind = r->kind };
	char *id = NULL;

	if (http_match_has(&q->match, "id")) {
		id = (char *)(uintptr_t)http_match_param(&q->match, "id");
		if (!sp_id_parse(id, strlen(id), &q->id))
			return sp_fail(err, SP_E_NOTFOUND, "no such id");
		on.id = q->id;
	}
	if (body != NULL)
		sp_buf_text(&q->body, body);
	if (r->door == HTTP_DOOR_GATE)
		SP_TRY(gate_admit(evidence_room_gate(q->room), &q->who, r->act,
		    &on, &q->pass, err));
	return r->handle(q, &q->answer, err);
}

static unsigned
ask(const struct gate_caller *who, enum http_method method, const char *path,
    const char *body)
{
	bool home = sp_id_equal(&who->agency, &b.h.provider.id);
	struct http_request *q = http_request_new(&house);
	char whole[300], *query;
	struct sp_err err = { .reason = NULL };

	CHECK(q != NULL);
	q->room = home ? b.h.p : b.h.a;
	q->who = *who;
	q->method = method;
	q->http11 = true;
	(void)snprintf(whole, sizeof(whole), "/v1/agencies/%s/%s",
	    evidence_room_agency(q->room)->slug, path);
	query = strchr(whole, '?');
	if (query != NULL)
		*query++ = '\0';
	CHECK_OK(http_router_match(&q->match, &api_routes, method, whole, &err),
	    &err);
	q->query = calloc(HTTP_QUERY_MAX, sizeof(*q->query));
	CHECK(q->query != NULL);
	if (query != NULL) {
		struct http_param *p = &q->query[q->queries++];
		char *value = strchr(query, '=');

		*value++ = '\0';
		(void)snprintf(p->name, sizeof(p->name), "%s", query);
		(void)snprintf(p->value, sizeof(p->value), "%s", value);
	}
	if (serve(q, body, &err) != SP_OK)
		http_answer_error(&q->answer, &err, "a test");
	keep(q);
	http_request_free(q);
	return status;
}

static unsigned
post(const struct gate_caller *who, const char *id, const char *verb,
    const char *body)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "lockbox/%s/%s", id, verb);
	return ask(who, HTTP_POST, path, body);
}

static bool
says(const char *member, const char *value)
{
	const char *s = json_string_value(json_object_get(answer, member));

	return s != NULL && strcmp(s, value) == 0;
}

static void
request(char id[static SP_ID_TEXT], const char *more)
{
	char body[400];

	(void)snprintf(body, sizeof(body),
	    "{\"agency\":\"harbor-pd\",\"evidence\":[\"%s\"],%s"
	    "\"ticket\":\"T-1\",\"why\":\"a player stops\"}",
	    box_text(&b.item), more);
	if (ask(&b.op, HTTP_POST, "lockbox", body) != 201)
		tap_fail(__FILE__, __LINE__, "asked", text);
	(void)snprintf(id, SP_ID_TEXT, "%s",
	    json_string_value(json_object_get(answer, "id")));
}

static void
one_request_by_both_houses(void)
{
	char id[SP_ID_TEXT], path[200];

	request(id, "");
	CHECK(says("state", "Initializing") && says("agency", "harbor-pd"));
	CHECK(post(&b.cust, id, "approve", NULL) == 404);
	CHECK(post(&b.sec2, id, "approve", NULL) == 403);
	CHECK(says("reason", "role"));
	CHECK(post(&b.sec, id, "approve", NULL) == 200);
	CHECK(says("state", "Pending"));
	CHECK(ask(&b.cust, HTTP_GET, "lockbox?state=Pending", NULL) == 200);
	CHECK(json_array_size(json_object_get(answer, "items")) == 1);
	CHECK(ask(&b.officer, HTTP_GET, "lockbox", NULL) == 403);
	(void)snprintf(path, sizeof(path), "lockbox/%s/evidence/%s", id,
	    box_text(&b.item));
	CHECK(ask(&b.op, HTTP_GET, path, NULL) == 403);
	CHECK(says("reason", "lockbox"));
	CHECK(post(&b.laso, id, "approve", NULL) == 200);
	CHECK(says("state", "Approved"));
	CHECK(ask(&b.op, HTTP_GET, path, NULL) == 200);
	CHECK(says("id", box_text(&b.item)));
	/* In the agency's own house there is no such way. */
	CHECK(ask(&b.cust, HTTP_GET, path, NULL) == 404);
	CHECK(post(&b.cust, id, "revoke", "{\"reason\":\"enough\"}") == 200);
	CHECK(says("state", "Revoked") && says("reason", "enough"));
	CHECK(ask(&b.op, HTTP_GET, path, NULL) == 403);
	CHECK(post(&b.cust, id, "revoke", "{}") == 409);
	(void)snprintf(path, sizeof(path), "lockbox/%s", id);
	CHECK(ask(&b.cust, HTTP_GET, path, NULL) == 200);
	CHECK(json_array_size(json_object_get(answer, "touched")) == 1);
}

static void
glass(void)
{
	char id[SP_ID_TEXT];

	request(id, "\"glass\":true,\"minutes\":5,");
	CHECK(post(&b.op, id, "confirm", NULL) == 403);
	CHECK(post(&b.sec, id, "approve", NULL) == 409);
	CHECK(post(&b.sec, id, "confirm", NULL) == 200);
	CHECK(says("state", "Approved"));
	CHECK(post(&b.cust, id, "review", "{\"finding\":\"fine\"}") == 400);
	CHECK(post(&b.cust, id, "review",
		  "{\"finding\":\"justified\",\"note\":\"well\"}") == 200);
	CHECK(post(&b.op, id, "complete", NULL) == 200);
	CHECK(says("state", "Completed"));
}

static void
nonsense_is_refused(void)
{
	static const struct {
		const char *path, *body;
		unsigned status;
	} rows[] = {
		{ "lockbox", "", 400 },
		{ "lockbox", "[]", 400 },
		{ "lockbox", "{}", 400 },
		{ "lockbox", "{\"agency\":\"harbor-pd\",\"agency\":\"x\"}",
		    400 },
		{ "lockbox/x/approve", NULL, 404 },
		{ "lockbox/01935d3a-0000-7000-8000-000000000001/approve", NULL,
		    404 },
		{ "lockbox/01935d3a-0000-7000-8000-000000000001/deny", "[]",
		    400 },
		{ "lockbox/01935d3a-0000-7000-8000-000000000001/deny",
		    "{\"reason\":7}", 400 },
		{ "lockbox/01935d3a-0000-7000-8000-000000000001/deny",
		    "{\"more\":\"x\"}", 400 },
		{ "lockbox/01935d3a-0000-7000-8000-000000000001/deny",
		    "{\"reason\":\"\"}", 400 },
		{ "lockbox/01935d3a-0000-7000-8000-000000000001/revoke",
		    "{\"reason\":\"\\u0007\"}", 400 },
		{ "lockbox/01935d3a-0000-7000-8000-000000000001/revoke", "{}",
		    404 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		/* Who asks is who may. */
		const struct gate_caller *who =
		    strcmp(rows[i].path, "lockbox") == 0 ? &b.op : &b.sec;

		if (ask(who, HTTP_POST, rows[i].path, rows[i].body) !=
		    rows[i].status)
			tap_fail(__FILE__, __LINE__, rows[i].path, text);
	}
	CHECK(ask(&b.op, HTTP_GET, "lockbox?limit=101", NULL) == 400);
	CHECK(ask(&b.op, HTTP_GET, "lockbox?cursor=x", NULL) == 400);
	CHECK(ask(&b.op, HTTP_GET, "lockbox?state=pending", NULL) == 400);
	CHECK(ask(&b.op, HTTP_GET,
		  "lockbox/x/evidence/01935d3a-0000-7000-8000-000000000001",
		  NULL) == 404);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "one request by both houses", one_request_by_both_houses },
		{ "glass", glass },
		{ "nonsense is refused", nonsense_is_refused },
	};
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	box_make(&b);
	house = (struct http_house){
		.routes = &api_routes,
		.site = b.h.f.site,
		.json_bytes = 1 << 20,
		.header_bytes = 1 << 16,
	};
	rc = tap_run(cases, SP_COUNTOF(cases));
	json_decref(answer);
	box_remove(&b);
	return rc;
}
