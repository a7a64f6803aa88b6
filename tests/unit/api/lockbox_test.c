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
	const char *id;

	if (http_match_has(&q->match, "id")) {
		id = http_match_param(&q->match, "id");
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

/* --- explained --- */

static void
explain(const struct gate_caller *who, const char *item, const char *more)
{
	char path[300];

	(void)snprintf(path, sizeof(path),
	    "explain?person=%s&act=evidence.view&object=%s%s",
	    box_text(&who->person), item, more);
	CHECK(ask(&b.admin_p, HTTP_GET, path, NULL) == 200);
}

static const char *
told(void)
{
	const char *code = json_string_value(json_object_get(answer, "code"));

	return code == NULL ? "permit" : code;
}

/* The request that was looked at; "": none. */
static const char *
told_by(void)
{
	const json_t *path = json_object_get(answer, "path");
	const char *id = json_string_value(json_object_get(
	    json_object_get(json_array_get(path, 2), "via"), "id"));

	return id == NULL ? "" : id;
}

/* The visit and its explanation both say this. */
static void
both_say(const struct gate_caller *who, const char *id, const char *item,
    const char *want)
{
	struct gate_caller now = *who;
	char path[200];

	now.known = sp_ticks();
	(void)snprintf(
	    path, sizeof(path), "lockbox/%s/evidence/%s/content", id, item);
	if (ask(&now, HTTP_GET, path, NULL) == 200
		? strcmp(want, "permit") != 0
		: status != 403 || !says("reason", want))
		tap_fail(__FILE__, __LINE__, want, text);
	explain(who, item, "");
	if (strcmp(told(), want) != 0)
		tap_fail(__FILE__, __LINE__, want, text);
}

static enum sp_code
over_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	static const struct db_sql over = {
		"UPDATE lockbox SET until = 1 WHERE id = ?1"
	};
	DB_STMT st = db_use(ledger_tx_db(tx), &over);
	struct sp_id id;

	CHECK(sp_id_parse(arg, strlen(arg), &id));
	db_bind_blob(st, 1, id.b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

/* What is done to a request, a letter a step. */
static void
goes(char id[static SP_ID_TEXT], const char *steps)
{
	struct sp_err err;

	request(id, strchr(steps, 'g') == NULL ? "" : "\"glass\":true,");
	for (; *steps != '\0'; steps++) {
		if (*steps == 's')
			CHECK(post(&b.sec, id, "approve", NULL) == 200);
		if (*steps == 'b')
			CHECK(post(&b.sec, id, "confirm", NULL) == 200);
		if (*steps == 'a')
			CHECK(post(&b.cust, id, "approve", NULL) == 200);
		if (*steps == 'd')
			CHECK(post(&b.cust, id, "deny", "{}") == 200);
		if (*steps == 'r')
			CHECK(post(&b.cust, id, "revoke", "{}") == 200);
		if (*steps == 'c')
			CHECK(post(&b.op, id, "complete", NULL) == 200);
		if (*steps == 'x')
			CHECK_OK(ledger_writer_run(evidence_room_writer(b.h.a),
				     over_run, id, &err),
			    &err);
	}
}

static void
explained_as_the_visit_is_decided(void)
{
	static const struct {
		const char *steps, *want;
	} rows[] = {
		{ "", "lockbox" },    /* of one's own house only */
		{ "s", "lockbox" },   /* pending */
		{ "sd", "lockbox" },  /* denied */
		{ "sax", "lockbox" }, /* its time is over */
		{ "sar", "lockbox" }, /* revoked */
		{ "sac", "lockbox" }, /* given back */
		{ "gb", "permit" },   /* glass */
		{ "gbr", "lockbox" },
		{ "sa", "permit" },
	};
	char id[SP_ID_TEXT], none[SP_ID_TEXT];
	static char other[sizeof(text)];
	uint64_t size;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		goes(id, rows[i].steps);
		both_say(&b.op, id, box_text(&b.item), rows[i].want);
		CHECK(strcmp(told_by(), id) == 0);
		/* Not the other operator's; not of the other item. */
		both_say(&b.op2, id, box_text(&b.item), "lockbox");
		CHECK(strcmp(told_by(), "") == 0);
		both_say(&b.op, id, box_text(&b.other), "lockbox");
		CHECK(strcmp(told_by(), "") == 0);
		if (strcmp(rows[i].steps, "gb") == 0)
			CHECK(post(&b.cust, id, "revoke", "{}") == 200);
	}
	/* The last is in force: from where it says, and not about to end. */
	size = ledger_log_size(evidence_room_log(b.h.a)) +
	    ledger_log_size(evidence_room_log(b.h.p));
	explain(&b.op, box_text(&b.item), "&address=192.0.2.9");
	CHECK(strcmp(told(), "permit") == 0);
	explain(&b.op, box_text(&b.item), "&address=198.51.100.9");
	CHECK(strcmp(told(), "lockbox") == 0);
	explain(&b.op, box_text(&b.item), "&idle=true");
	CHECK(strcmp(told(), "session.stale") == 0);
	explain(&b.op, box_text(&b.item), "&class=sealed");
	CHECK(strcmp(told(), "class") == 0);
	/* What nobody granted, and what there is not, are told alike. */
	explain(&b.op, box_text(&b.other), "");
	(void)snprintf(other, sizeof(other), "%s", text);
	(void)snprintf(none, sizeof(none), "%s", id);
	memcpy(strstr(other, box_text(&b.other)), none, strlen(none));
	explain(&b.op, none, "");
	CHECK(strcmp(text, other) == 0);
	CHECK(size ==
	    ledger_log_size(evidence_room_log(b.h.a)) +
		ledger_log_size(evidence_room_log(b.h.p)));
	for (int i = 0; i < 3; i++) {
		static const char *const bad[] = { "192.0.2.0/24", "x", "" };
		char path[200];

		(void)snprintf(path, sizeof(path),
		    "explain?person=~&act=evidence.view&address=%s", bad[i]);
		CHECK(ask(&b.op, HTTP_GET, path, NULL) == 400);
	}
}

/* What explain says to `by`'s house of an act with a request. */
static const char *
says_of(const struct gate_caller *by, const struct gate_caller *who,
    const char *act, const char *id)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "explain?person=%s&act=%s&object=%s",
	    box_text(&who->person), act, id);
	CHECK(ask(by, HTTP_GET, path, NULL) == 200);
	return told();
}

/* Who would approve is compared with who asked, as the act itself does. */
static void
explained_with_a_request(void)
{
	static const char internal[] = "lockbox.internal-approve";
	char id[SP_ID_TEXT];
	struct gate_caller same = b.op;

	request(id, "");
	CHECK(strcmp(says_of(&b.admin_p, &b.sec, internal, id), "permit") == 0);
	CHECK(strstr(text, "\"duty\":\"as found\"") != NULL);
	/* The same human by another account. */
	CHECK(strcmp(says_of(&b.admin_p, &b.sec2, internal, id), "role") == 0);
	CHECK(strstr(text, "have another person approve") != NULL);
	CHECK(post(&b.sec2, id, "approve", NULL) == 403 &&
	    says("reason", "role"));
	CHECK(strcmp(says_of(&b.admin_p, &same, internal, id), "role") == 0);
	CHECK(post(&b.sec, id, "approve", NULL) == 200);
	CHECK(strcmp(says_of(&b.admin, &b.cust, "lockbox.approve", id),
		  "permit") == 0);
	CHECK(strcmp(says_of(&b.admin, &b.cust, "lockbox.revoke", id),
		  "permit") == 0);
	CHECK(strcmp(says_of(&b.admin, &b.officer, "lockbox.revoke", id),
		  "role") == 0);
	/* What is in no ledger of the house is another's; that somebody tried
	 * it does not change that. */
	id[0] = id[0] == '0' ? '1' : '0';
	for (int i = 0; i < 2; i++) {
		CHECK(strcmp(says_of(&b.admin, &b.cust, "lockbox.revoke", id),
			  "other-agency") == 0);
		CHECK(post(&b.officer, id, "revoke", "{}") == 403);
	}
	CHECK(strcmp(says_of(&b.admin, &b.cust, "lockbox.revoke", "it"),
		  "other-agency") == 0);
}

static bool
state_says(const char *words)
{
	const char *s = json_string_value(
	    json_object_get(json_object_get(answer, "assumed"), "state"));

	return words == NULL ? s == NULL : s != NULL && strstr(s, words);
}

/* That somebody here tried it before it was asked for does not make it
 * another's for ever. */
static void
tried_before_it_was_there(void)
{
	char id[SP_ID_TEXT];

	request(id, "");
	CHECK(post(&b.officer, id, "revoke", "{}") == 403);
	CHECK(strcmp(says_of(&b.admin, &b.cust, "lockbox.approve", id),
		  "other-agency") == 0);
	CHECK(post(&b.sec, id, "approve", NULL) == 200);
	CHECK(strcmp(says_of(&b.admin, &b.cust, "lockbox.approve", id),
		  "permit") == 0);
	CHECK(post(&b.cust, id, "deny", "{}") == 200);
}

/* What its state does not allow is told beside the gate's decision, in the
 * words of the conflict that the act would be. */
static void
explained_by_its_state(void)
{
	char id[SP_ID_TEXT];

	request(id, "");
	CHECK(
	    strcmp(says_of(&b.admin_p, &b.sec, "lockbox.internal-approve", id),
		"permit") == 0);
	CHECK(state_says(NULL));
	CHECK(post(&b.sec, id, "approve", NULL) == 200);
	CHECK(strcmp(says_of(&b.admin, &b.cust, "lockbox.revoke", id),
		  "permit") == 0);
	CHECK(state_says("the request is Pending: revoke"));
	CHECK(post(&b.cust, id, "approve", NULL) == 200);
	CHECK(post(&b.cust, id, "revoke", "{}") == 200);
	CHECK(strcmp(says_of(&b.admin, &b.laso, "lockbox.approve", id),
		  "permit") == 0);
	CHECK(state_says("the request is Revoked: approve"));
	CHECK(post(&b.laso, id, "approve", NULL) == 409 &&
	    says("reason", "lockbox.state"));
}

/* With more than one to approve: not the same human twice, nor who is behind
 * an earlier one's account. */
static void
explained_with_earlier_approvers(void)
{
	char id[SP_ID_TEXT];

	box_rule(&b, "lockbox.quorum", 2);
	house.site = b.h.f.site;
	goes(id, "sa");
	CHECK(strcmp(says_of(&b.admin, &b.laso, "lockbox.approve", id),
		  "permit") == 0);
	/* By the same account, and by another of the same human. */
	CHECK(strcmp(says_of(&b.admin, &b.cust, "lockbox.approve", id),
		  "role") == 0);
	CHECK(strstr(text, "by this account or another they approved") != NULL);
	CHECK(strcmp(says_of(&b.admin, &b.admin, "lockbox.approve", id),
		  "role") == 0);
	CHECK(post(&b.admin, id, "approve", NULL) == 409);
	CHECK(post(&b.laso, id, "deny", "{}") == 200);
	box_rule(&b, NULL, 0);
	house.site = b.h.f.site;
}

/* Under a grant the agency's verdict decides, and is the one that is told; of
 * what nothing grants there is none. */
static void
explained_by_the_agencys_records(void)
{
	const json_t *c;
	char id[SP_ID_TEXT];

	goes(id, "sa");
	explain(&b.op, box_text(&b.item), "");
	c = json_object_get(answer, "clearance");
	CHECK(strcmp(told(), "permit") == 0);
	CHECK(strcmp(json_string_value(json_object_get(c, "house")),
		  "harbor-pd") == 0);
	CHECK(strcmp(json_string_value(json_object_get(c, "code")), "ok") == 0);
	CHECK(post(&b.op, id, "complete", NULL) == 200);
	explain(&b.op, box_text(&b.other), "");
	CHECK(strcmp(told(), "lockbox") == 0);
	CHECK(json_object_get(answer, "clearance") == NULL);
	CHECK(json_array_size(json_object_get(answer, "changes")) == 1);
	/* What a provider's person lacks is said with whose records it is of.
	 */
	explain(&b.op2, box_text(&b.item), "&factor=single");
	CHECK(json_array_size(json_object_get(answer, "changes")) == 2);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "one request by both houses", one_request_by_both_houses },
		{ "glass", glass },
		{ "nonsense is refused", nonsense_is_refused },
		{ "explained as the visit is decided",
		    explained_as_the_visit_is_decided },
		{ "explained with a request", explained_with_a_request },
		{ "tried before it was there", tried_before_it_was_there },
		{ "explained by its state", explained_by_its_state },
		{ "explained with earlier approvers",
		    explained_with_earlier_approvers },
		{ "explained by the agency's records",
		    explained_by_the_agencys_records },
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
