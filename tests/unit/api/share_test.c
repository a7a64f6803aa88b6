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
	while (query != NULL) {
		struct http_param *p = &q->query[q->queries++];
		char *value = strchr(query, '='), *next = strchr(query, '&');

		if (next != NULL)
			*next++ = '\0';
		*value++ = '\0';
		(void)snprintf(p->name, sizeof(p->name), "%s", query);
		(void)snprintf(p->value, sizeof(p->value), "%s", value);
		query = next;
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

/* --- explained --- */

static const char *
told(void)
{
	const char *code = json_string_value(json_object_get(answer, "code"));

	return code == NULL ? "permit" : code;
}

/* The share that was looked at; "": none. */
static const char *
told_by(void)
{
	const json_t *path = json_object_get(answer, "path");
	const char *id = json_string_value(json_object_get(
	    json_object_get(json_array_get(path, 2), "via"), "id"));

	return id == NULL ? "" : id;
}

static void
explain(struct evidence_room *room, const struct gate_caller *by,
    const struct gate_caller *who, const char *act, const char *item)
{
	char path[300], id[SP_ID_TEXT];

	sp_id_text(&who->person, id);
	(void)snprintf(path, sizeof(path), "explain?person=%s&act=%s&object=%s",
	    id, act, item);
	ask(room, by, "GET", path, NULL);
	CHECK_STATUS(200);
}

/* What the real request is answered: "permit", or the code. */
static void
really(struct evidence_room *room, const struct gate_caller *who,
    const char *act, const char *item, char out[static 64])
{
	char path[200], body[200];
	struct gate_caller now = *who;

	now.known = sp_ticks();
	if (strcmp(act, "evidence.view") == 0) {
		(void)snprintf(path, sizeof(path),
		    "shares/%s/evidence/%s/content", share, item);
		ask(room, &now, "GET", path, NULL);
	} else {
		(void)snprintf(body, sizeof(body),
		    "{\"items\":[\"%s\"],\"format\":\"zip\"}", item);
		ask(room, &now, "POST", path_of("shares/", share, "/exports"),
		    body);
	}
	/* What is not there is not told from what nothing lets one in to. */
	(void)snprintf(out, 64, "%s",
	    status == 200       ? "permit"
		: status == 404 ? "other-agency"
				: member("reason"));
}

static void
both_say(struct evidence_room *room, const struct gate_caller *by,
    const struct gate_caller *who, const char *act, const char *want)
{
	char is[64];

	really(room, who, act, item_text, is);
	if (strcmp(is, want) != 0)
		tap_fail(__FILE__, __LINE__, want, is);
	explain(room, by, who, act, item_text);
	if (strcmp(told(), want) != 0)
		tap_fail(__FILE__, __LINE__, want, text);
}

static enum sp_code
over_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	static const struct db_sql over = {
		"UPDATE share SET until = 1 WHERE id = ?1"
	};
	DB_STMT st = db_use(ledger_tx_db(tx), &over);
	struct sp_id id;

	(void)arg;
	CHECK(sp_id_parse(share, strlen(share), &id));
	db_bind_blob(st, 1, id.b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

static void
becomes(const char *what)
{
	struct sp_err err;

	if (strcmp(what, "expired") == 0)
		CHECK_OK(ledger_writer_run(
			     evidence_room_writer(s.h.a), over_run, NULL, &err),
		    &err);
	if (strcmp(what, "revoked") == 0)
		ask(s.h.a, &s.h.by_a, "POST",
		    path_of("shares/", share, "/revoke"), NULL);
	if (strcmp(what, "declined") == 0)
		ask(s.h.b, &b, "POST", path_of("shares/", share, "/decline"),
		    NULL);
}

static void
give(const struct offer *o)
{
	struct sp_id id = shares_share(&s, o);

	sp_id_text(&id, share);
}

static void
test_explained(void)
{
	static const struct {
		const char *state;
		bool download, category;
		const char *view, *export;
	} rows[] = {
		{ "active", false, false, "permit", "other-agency" },
		{ "active", true, false, "permit", "permit" },
		{ "active", true, true, "permit", "permit" },
		{ "expired", true, false, "other-agency", "other-agency" },
		{ "revoked", true, false, "other-agency", "other-agency" },
		{ "declined", true, false, "other-agency", "other-agency" },
		{ "expired", true, true, "other-agency", "other-agency" },
		{ "revoked", true, true, "other-agency", "other-agency" },
	};
	struct gate_caller local, auditor;
	uint64_t size;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct offer o = { .to = TO_B, .download = rows[i].download };
		bool named;
		struct sp_id item;

		begin();
		CHECK(sp_id_parse(item_text, strlen(item_text), &item));
		o.item = &item;
		o.n = rows[i].category ? 0 : 1;
		o.category = rows[i].category ? "uncategorized" : NULL;
		give(&o);
		becomes(rows[i].state);
		both_say(s.h.b, &s.h.by_b, &b, "evidence.view", rows[i].view);
		/* Of a category that is shared no more nothing is told. */
		named =
		    !rows[i].category || strcmp(rows[i].state, "active") == 0;
		CHECK(strcmp(told_by(), named ? share : "") == 0);
		both_say(
		    s.h.b, &s.h.by_b, &b, "evidence.export", rows[i].export);
		if (i > 0) {
			end();
			continue;
		}
		/* Who is not cleared there, and who has no part in it. */
		local = shares_person(s.h.b, "custodian", "agency", "CO");
		auditor = shares_person(s.h.b, "auditor", "agency", "CO FL");
		both_say(s.h.b, &s.h.by_b, &local, "evidence.view",
		    "screening.missing");
		both_say(s.h.b, &s.h.by_b, &auditor, "evidence.view", "role");
		size = ledger_log_size(evidence_room_log(s.h.a)) +
		    ledger_log_size(evidence_room_log(s.h.b));
		explain(s.h.b, &s.h.by_b, &auditor, "evidence.view", item_text);
		explain(s.h.b, &b, &b, "evidence.view", item_text);
		explain(s.h.b, &b, &b, "evidence.export", item_text);
		CHECK(size ==
		    ledger_log_size(evidence_room_log(s.h.a)) +
			ledger_log_size(evidence_room_log(s.h.b)));
		end();
	}
}

/* Another agency's item that no share covers, and none at all, are told alike:
 * to the house with a share of another item, and to a third. */
static void
test_nothing_told(void)
{
	static char of_other[sizeof(text)];
	char none[SP_ID_TEXT], *at;
	struct gate_caller c;

	begin();
	add(true);
	c = shares_person(s.c, "custodian", "agency", "GA FL");
	(void)snprintf(none, sizeof(none), "%s", share);
	for (int third = 0; third < 2; third++) {
		struct evidence_room *room = third ? s.c : s.h.b;
		const struct gate_caller *who = third ? &c : &b;
		const char *item = third ? item_text : other_text;

		explain(room, third ? &s.by_c : &s.h.by_b, who, "evidence.view",
		    item);
		CHECK(strcmp(told(), "other-agency") == 0);
		CHECK(strcmp(told_by(), "") == 0);
		at = strstr(text, item);
		CHECK(at != NULL);
		memcpy(at, none, strlen(none));
		(void)snprintf(of_other, sizeof(of_other), "%s", text);
		explain(room, third ? &s.by_c : &s.h.by_b, who, "evidence.view",
		    none);
		CHECK(strcmp(text, of_other) == 0);
	}
	end();
}

/* An outside person of the owner's own house. */
static void
test_outside_explained(void)
{
	struct gate_caller one, two;
	char to[100], id[SP_ID_TEXT];
	struct sp_id item;

	begin();
	one = shares_person(s.h.a, "prosecutor", "outside", "FL");
	two = shares_person(s.h.a, "prosecutor", "outside", "FL");
	CHECK(sp_id_parse(item_text, strlen(item_text), &item));
	sp_id_text(&one.person, id);
	(void)snprintf(to, sizeof(to), "{\"person\":\"%s\"}", id);
	give(&(struct offer){ .item = &item, .n = 1, .to = to });
	both_say(s.h.a, &s.h.by_a, &one, "evidence.view", "permit");
	CHECK(strcmp(told_by(), share) == 0);
	both_say(s.h.a, &s.h.by_a, &one, "evidence.export", "other-agency");
	both_say(s.h.a, &s.h.by_a, &two, "evidence.view", "other-agency");
	CHECK(strcmp(told_by(), "") == 0);
	explain(s.h.a, &s.h.by_a, &one, "evidence.view", other_text);
	CHECK(strcmp(told(), "other-agency") == 0);
	becomes("revoked");
	both_say(s.h.a, &s.h.by_a, &one, "evidence.view", "other-agency");
	end();
}

static const json_t *
change(const char *code)
{
	const json_t *all = json_object_get(answer, "changes");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *c = json_array_get(all, i);

		if (strcmp(json_string_value(json_object_get(c, "code")),
			code) == 0)
			return c;
	}
	return NULL;
}

/* The word "download": what a share for it adds, of what one comes to as a
 * guest; of one's own it opens the content. */
static void
test_download_explained(void)
{
	struct gate_caller one;
	struct sp_id item;
	char to[100], id[SP_ID_TEXT];

	for (int download = 0; download < 2; download++) {
		begin();
		CHECK(sp_id_parse(item_text, strlen(item_text), &item));
		give(&(struct offer){
		    .item = &item, .n = 1, .to = TO_B, .download = download });
		explain(s.h.b, &s.h.by_b, &b, "download", item_text);
		CHECK(
		    strcmp(told(), download ? "permit" : "other-agency") == 0);
		CHECK(strcmp(member("act"), "evidence.export") == 0);
		CHECK(download ||
		    strstr(text, "have the agency share it for download"));
		explain(s.h.b, &s.h.by_b, &b, "view", item_text);
		CHECK(strcmp(told(), "permit") == 0);
		/* Outsiders are guests in their own house. */
		one = shares_person(s.h.a, "prosecutor", "outside", "FL");
		sp_id_text(&one.person, id);
		(void)snprintf(to, sizeof(to), "{\"person\":\"%s\"}", id);
		give(&(struct offer){
		    .item = &item, .n = 1, .to = to, .download = download });
		explain(s.h.a, &s.h.by_a, &one, "download", item_text);
		CHECK(strcmp(member("act"), "evidence.export") == 0);
		CHECK(
		    strcmp(told(), download ? "permit" : "other-agency") == 0);
		one = shares_person(s.h.a, "officer", "agency", "FL");
		explain(s.h.a, &s.h.by_a, &one, "download", item_text);
		CHECK(strcmp(member("act"), "evidence.view") == 0);
		CHECK(strcmp(told(), "permit") == 0);
		end();
	}
}

/* Both houses' verdicts decide, and are told by name; what is missing says in
 * which state. */
static void
test_clearance_explained(void)
{
	struct gate_caller local, none;
	const json_t *both;
	struct sp_id item;

	begin();
	CHECK(sp_id_parse(item_text, strlen(item_text), &item));
	give(&(struct offer){ .item = &item, .n = 1, .to = TO_B });
	local = shares_person(s.h.b, "custodian", "agency", "CO");
	explain(s.h.b, &s.h.by_b, &local, "evidence.view", item_text);
	CHECK(strcmp(told(), "screening.missing") == 0);
	CHECK(json_array_size(json_object_get(answer, "changes")) == 1);
	CHECK(strstr(json_string_value(
			 json_object_get(change("screening.missing"), "do")),
		  "check in FL that is decided cleared, for harbor-pd: "
		  "sallyport screening add ") != NULL);
	CHECK(strstr(text, " --state FL\"") != NULL);
	CHECK(strcmp(json_string_value(json_object_get(
			 json_object_get(answer, "clearance"), "house")),
		  "harbor-pd") == 0);
	both = json_object_get(answer, "clearances");
	CHECK(json_array_size(both) == 2);
	CHECK(strcmp(json_string_value(
			 json_object_get(json_array_get(both, 0), "code")),
		  "ok") == 0);
	/* Without either state's: each once, and what both lack only once. */
	none = shares_person(s.h.b, "custodian", "agency", "");
	explain(s.h.b, &s.h.by_b, &none, "evidence.view", item_text);
	CHECK(strcmp(told(), "screening.missing") == 0);
	CHECK(strstr(text, " --state CO\"") != NULL);
	CHECK(strstr(text, " --state FL\"") != NULL);
	CHECK(json_array_size(json_object_get(answer, "changes")) == 2);
	CHECK(strcmp(json_string_value(json_object_get(
			 json_object_get(answer, "clearance"), "house")),
		  "summit-so") == 0);
	end();
}

/* With a group: its members, while they are; and the best way wins. */
static void
test_group_explained(void)
{
	char group[SP_ID_TEXT], to[100], closed[SP_ID_TEXT], id[SP_ID_TEXT];
	struct sp_id item;

	begin();
	CHECK(sp_id_parse(item_text, strlen(item_text), &item));
	ask(s.h.a, &s.h.by_a, "POST", "groups",
	    "{\"name\":\"Bay\",\"members\":[\"summit-so\"]}");
	(void)snprintf(group, sizeof(group), "%s", member("id"));
	(void)snprintf(to, sizeof(to), "{\"group\":\"%s\"}", group);
	give(&(struct offer){ .item = &item, .n = 1, .to = to });
	(void)snprintf(closed, sizeof(closed), "%s", share);
	both_say(s.h.b, &s.h.by_b, &b, "evidence.view", "permit");
	CHECK(strcmp(told_by(), share) == 0);
	sp_id_text(&b_laso.person, id);
	(void)snprintf(to, sizeof(to), "{\"persons\":[\"%s\"]}", id);
	ask(s.h.b, &s.h.by_b, "PUT", path_of("groups/", group, "/persons"), to);
	CHECK_STATUS(200);
	both_say(s.h.b, &s.h.by_b, &b, "evidence.view", "other-agency");
	add(true);
	both_say(s.h.b, &s.h.by_b, &b, "evidence.export", "permit");
	CHECK(strcmp(told_by(), share) == 0);
	becomes("revoked");
	(void)snprintf(share, sizeof(share), "%s", closed);
	ask(s.h.b, &s.h.by_b, "POST", path_of("groups/", group, "/leave"),
	    NULL);
	CHECK_STATUS(200);
	both_say(s.h.b, &s.h.by_b, &b, "evidence.view", "other-agency");
	end();
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "shares, from both sides", test_shares },
		{ "what is shared, by the handlers of one's own", test_visits },
		{ "groups", test_groups },
		{ "explained as the visit is decided", test_explained },
		{ "nothing told of what is not shared", test_nothing_told },
		{ "explained to outside persons", test_outside_explained },
		{ "explained by a group", test_group_explained },
		{ "what download is", test_download_explained },
		{ "whose clearance it is", test_clearance_explained },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
