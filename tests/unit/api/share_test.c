#include "api/share.h"

#include "../grants/shares_fixture.h"
#include "api/routes.h"
#include "http/json.h"
#include "http/request.h"

/*
 * The handlers of shares and groups with callers of two houses: what the door,
 * the gates and the room grants make of them together, without a socket.
 */
static struct shares s;
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

static void
target(struct http_request *q, enum http_method method, const char *path)
{
	char whole[400], *query;
	struct sp_err err;

	(void)snprintf(whole, sizeof(whole), "/v1/agencies/%s/%s",
	    evidence_room_agency(q->room)->slug, path);
	query = strchr(whole, '?');
	if (query != NULL)
		*query++ = '\0';
	q->method = method;
	q->head = method == HTTP_HEAD;
	q->http11 = true;
	CHECK_OK(http_router_match(&q->match, &api_routes, method, whole, &err),
	    &err);
	q->query = calloc(HTTP_QUERY_MAX, sizeof(*q->query));
	if (query != NULL) {
		struct http_param *p = &q->query[q->queries++];
		char *value = strchr(query, '=');

		*value++ = '\0';
		(void)snprintf(p->name, sizeof(p->name), "%s", query);
		(void)snprintf(p->value, sizeof(p->value), "%s", value);
	}
}

static enum sp_code
serve(struct http_request *q, const char *body, struct sp_err *err)
{
	const struct http_route *r = q->match.route;
	struct gate_object on = { .kind = r->kind };

	if (http_match_has(&q->match, "id")) {
		const char *id = http_match_param(&q->match, "id");

		CHECK(sp_id_parse(id, strlen(id), &q->id));
	}
	on.id = q->id;
	if (r->door == HTTP_DOOR_GATE)
		SP_TRY(gate_admit(evidence_room_gate(q->room), &q->who, r->act,
		    &on, &q->pass, err));
	if (r->takes == HTTP_TAKES_JSON)
		sp_buf_text(&q->body, body == NULL ? "{}" : body);
	return r->handle(q, &q->answer, err);
}

static void
ask(struct evidence_room *room, const struct gate_caller *who,
    const char *method, const char *path, const char *body)
{
	struct http_request *q = http_request_new(&house);
	struct sp_err err = { .code = SP_OK };

	CHECK(q != NULL);
	q->room = room;
	q->who = *who;
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
	const char *v = json_string_value(json_object_get(answer, name));

	return v == NULL ? "" : v;
}

static const char *
path_of(const char *before, const char *id, const char *after)
{
	static char path[200];

	(void)snprintf(path, sizeof(path), "%s%s%s", before, id, after);
	return path;
}

static char item_text[SP_ID_TEXT], other_text[SP_ID_TEXT], share[SP_ID_TEXT];
static struct gate_caller b, b_laso;

static void
begin(void)
{
	struct sp_id item, other;

	shares_begin(&s);
	house = (struct http_house){
		.routes = &api_routes,
		.site = s.h.f.site,
		.json_bytes = 1 << 20,
		.header_bytes = 1 << 16,
	};
	item = shares_item(&s);
	other = shares_item(&s);
	sp_id_text(&item, item_text);
	sp_id_text(&other, other_text);
	b = shares_person(s.h.b, "custodian", "agency", "CO FL");
	b_laso = shares_person(s.h.b, "laso", "agency", "CO FL");
}

static void
end(void)
{
	json_decref(answer);
	answer = NULL;
	shares_end(&s);
}

static void
add(bool download)
{
	char body[400];

	(void)snprintf(body, sizeof(body),
	    "{\"evidence\":[\"%s\"],\"to\":{\"agency\":\"summit-so\"},"
	    "\"reason\":\"joint case\",\"access\":\"%s\"}",
	    item_text, download ? "download" : "view");
	ask(s.h.a, &s.h.by_a, "POST", "shares", body);
	CHECK_STATUS(201);
	(void)snprintf(share, sizeof(share), "%s", member("id"));
}

static void
visit(const char *method, const char *item, const char *rest, unsigned want)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "shares/%s/evidence%s%s%s", share,
	    item[0] == '\0' ? "" : "/", item, rest);
	ask(s.h.b, &b, method, path, NULL);
	CHECK_STATUS(want);
}

static void
test_shares(void)
{
	begin();
	add(false);
	CHECK(strcmp(member("state"), "active") == 0);
	ask(s.h.a, &s.h.by_a, "GET", "shares", NULL);
	CHECK_STATUS(200);
	CHECK(json_array_size(json_object_get(answer, "items")) == 1);
	ask(s.h.a, &s.h.by_a, "GET", "shares?received=true", NULL);
	CHECK(json_array_size(json_object_get(answer, "items")) == 0);
	ask(s.h.a, &s.h.by_a, "GET", "shares?received=maybe", NULL);
	CHECK_STATUS(400);
	ask(s.h.b, &b, "GET", "shares?received=true", NULL);
	CHECK(json_array_size(json_object_get(answer, "items")) == 1);
	ask(s.h.b, &b, "GET", path_of("shares/", share, ""), NULL);
	CHECK_STATUS(200);
	CHECK(json_array_size(json_object_get(answer, "evidence")) == 1);
	CHECK(strcmp(member("owner"), "harbor-pd") == 0);
	ask(s.h.b, &b, "GET", path_of("shares/", share, "/proof"), NULL);
	CHECK_STATUS(200);
	CHECK(json_array_size(json_object_get(answer, "twins")) == 1);
	ask(s.c, &s.by_c, "GET", path_of("shares/", share, ""), NULL);
	CHECK_STATUS(404);
	ask(s.c, &s.by_c, "GET", path_of("shares/", share, "/proof"), NULL);
	CHECK_STATUS(404);
	ask(s.h.b, &b, "POST", path_of("shares/", share, "/revoke"), NULL);
	CHECK_STATUS(403);
	ask(s.h.b, &b, "POST", path_of("shares/", share, "/decline"), NULL);
	CHECK_STATUS(200);
	CHECK(strcmp(member("state"), "declined") == 0);
	ask(s.h.a, &s.h.by_a, "POST", path_of("shares/", share, "/revoke"),
	    NULL);
	CHECK_STATUS(409);
	add(false);
	ask(s.h.a, &s.h.by_a, "POST", path_of("shares/", share, "/revoke"),
	    NULL);
	CHECK_STATUS(200);
	CHECK(strcmp(member("state"), "revoked") == 0);
	ask(s.h.a, &s.h.by_a, "POST", "shares", "{}");
	CHECK_STATUS(400);
	ask(s.h.a, &s.h.by_a, "POST", "shares", "[1");
	CHECK_STATUS(400);
	end();
}

static void
test_visits(void)
{
	char body[200];

	begin();
	add(false);
	visit("GET", "", "", 200);
	CHECK(json_array_size(json_object_get(answer, "items")) == 1);
	visit("GET", item_text, "", 200);
	/* The other item has the same bytes; that is not told. */
	CHECK(json_array_size(json_object_get(answer, "same_content")) == 0);
	visit("GET", item_text, "/receipt", 200);
	visit("GET", item_text, "/receipt/entry", 200);
	visit("GET", item_text, "/media", 200);
	visit("HEAD", item_text, "/content", 200);
	CHECK(shares_entries(s.h.b, "\"act\":\"share.used\",\"actor\"") == 0);
	visit("GET", item_text, "/content", 200);
	CHECK(shares_entries(s.h.b, "\"act\":\"share.used\",\"actor\"") == 1);
	/* The same viewing goes on. */
	visit("GET", item_text, "/content", 200);
	CHECK(shares_entries(s.h.b, "\"act\":\"share.used\",\"actor\"") == 1);
	CHECK(shares_entries(s.h.a, "\"act\":\"evidence.opened\",\"actor\"") ==
	    1);
	visit("GET", item_text, "/custody", 200);
	visit("GET", other_text, "", 404);
	visit("GET", other_text, "/content", 404);
	visit("GET", share, "/content", 404);
	(void)snprintf(body, sizeof(body),
	    "{\"items\":[\"%s\"],\"format\":\"zip\"}", item_text);
	ask(s.h.b, &b, "POST", path_of("shares/", share, "/exports"), body);
	CHECK_STATUS(403);
	CHECK(strcmp(member("code"), "") == 0 || status == 403);
	/* A role without content, by the same share. */
	ask(s.h.b, &b_laso, "GET", path_of("shares/", share, "/evidence"),
	    NULL);
	CHECK_STATUS(403);
	/* The agency's own address has nothing of it. */
	ask(s.h.b, &b, "GET", path_of("evidence/", item_text, ""), NULL);
	CHECK_STATUS(404);
	add(true);
	ask(s.h.b, &b, "POST", path_of("shares/", share, "/exports"), body);
	CHECK_STATUS(200);
	(void)snprintf(body, sizeof(body),
	    "{\"items\":[\"%s\",\"%s\"],\"format\":\"zip\"}", item_text,
	    other_text);
	ask(s.h.b, &b, "POST", path_of("shares/", share, "/exports"), body);
	CHECK_STATUS(404);
	end();
}

static void
test_groups(void)
{
	char group[SP_ID_TEXT], body[200], id[SP_ID_TEXT];

	begin();
	ask(s.h.a, &s.h.by_a, "POST", "groups",
	    "{\"name\":\"Bay\",\"members\":[\"summit-so\"]}");
	CHECK_STATUS(201);
	(void)snprintf(group, sizeof(group), "%s", member("id"));
	ask(s.h.b, &s.h.by_b, "GET", "groups", NULL);
	CHECK(json_array_size(json_object_get(answer, "items")) == 1);
	ask(s.h.b, &s.h.by_b, "GET", path_of("groups/", group, "/proof"), NULL);
	CHECK_STATUS(200);
	ask(s.c, &s.by_c, "GET", path_of("groups/", group, ""), NULL);
	CHECK_STATUS(404);
	ask(s.h.a, &s.h.by_a, "POST", path_of("groups/", group, "/members"),
	    "{\"agency\":\"ridge-pd\"}");
	CHECK_STATUS(200);
	ask(s.h.a, &s.h.by_a, "POST", path_of("groups/", group, "/members"),
	    "{\"agency\":\"nowhere\"}");
	CHECK_STATUS(400);
	ask(s.h.a, &s.h.by_a, "POST", path_of("groups/", group, "/members"),
	    "{\"agency\":7}");
	CHECK_STATUS(400);
	sp_id_text(&b.person, id);
	(void)snprintf(body, sizeof(body), "{\"persons\":[\"%s\"]}", id);
	ask(s.h.b, &s.h.by_b, "PUT", path_of("groups/", group, "/persons"),
	    body);
	CHECK_STATUS(200);
	CHECK(json_array_size(json_object_get(answer, "persons")) == 1);
	ask(s.h.b, &s.h.by_b, "PUT", path_of("groups/", group, "/persons"),
	    "{\"persons\":[\"x\"]}");
	CHECK_STATUS(400);
	ask(s.h.a, &s.h.by_a, "DELETE",
	    path_of("groups/", group, "/members/ridge-pd"), NULL);
	CHECK_STATUS(200);
	ask(s.h.b, &s.h.by_b, "POST", path_of("groups/", group, "/end"), NULL);
	CHECK_STATUS(403);
	ask(s.h.b, &s.h.by_b, "POST", path_of("groups/", group, "/leave"),
	    NULL);
	CHECK_STATUS(200);
	ask(s.h.a, &s.h.by_a, "POST", path_of("groups/", group, "/end"), NULL);
	CHECK_STATUS(200);
	CHECK(json_is_true(json_object_get(answer, "ended")));
	ask(s.h.a, &s.h.by_a, "POST", "groups", "{\"name\":\"Bay\"}");
	CHECK_STATUS(400);
	ask(s.h.a, &s.h.by_a, "POST", "groups",
	    "{\"name\":\"Bay\",\"members\":[\"nowhere\"]}");
	CHECK_STATUS(400);
	end();
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "shares, from both sides", test_shares },
		{ "what is shared, by the handlers of one's own", test_visits },
		{ "groups", test_groups },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
