#include "api/lockbox.h"

#include "api/evidence.h"
#include "base/log.h"
#include "grants/guest.h"
#include "http/json.h"
#include "transfer/content.h"

#include <string.h>

#define LIST_DEFAULT 20
#define LIST_MOST    100

static struct grants_lockbox_act
act_of(struct http_request *q)
{
	return (struct grants_lockbox_act){ q->house->site, q->room, &q->who };
}

static enum sp_code
answer_request(struct http_request *q, struct http_answer *a,
    const struct sp_id *id, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	SP_TRY(grants_lockbox_json(q->house->site, q->room, id, &out, err));
	return http_json_answer(a, &out, "lockbox request", err);
}

/* --- asking --- */

static enum sp_code
request_lockbox(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *root = NULL;
	struct grants_lockbox_act act = act_of(q);
	struct grants_request r;
	struct gate_once once;
	const struct gate_once *key = NULL;
	char slug[SP_SLUG_MAX + 1], text[SP_ID_TEXT];
	struct sp_id id;

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	SP_TRY(grants_request_read(root, slug, &r, err));
	SP_TRY(http_json_once(q, &once, &key, err));
	SP_TRY(grants_lockbox_request(&act, slug, &r, key, &id, err));
	sp_id_text(&id, text);
	a->status = 201;
	http_answer_fmt(a, "Location", "/v1/agencies/%s/lockbox/%s",
	    http_match_param(&q->match, "agency"), text);
	return answer_request(q, a, &id, err);
}

static enum sp_code
list_lockbox(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	const char *cursor = http_request_query(q, "cursor");
	struct grants_lockbox_list list = {
		.state = http_request_query(q, "state"),
	};
	struct sp_id before;
	uint64_t n = LIST_DEFAULT;

	SP_TRY(http_request_query_u64(q, "limit", 1, LIST_MOST, &n, err));
	if (cursor != NULL) {
		if (!sp_id_parse(cursor, strlen(cursor), &before))
			return sp_fail(err, SP_E_INVALID,
			    "cursor: \"next\" of the page before");
		list.before = &before;
	}
	list.n = (size_t)n;
	SP_TRY(grants_lockbox_list_json(
	    q->house->site, q->room, &list, &out, err));
	return http_json_answer(a, &out, "the list", err);
}

static enum sp_code
show_lockbox(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return answer_request(q, a, &q->id, err);
}

/* --- answering --- */

/* The provider's security approves within its house, the agency in its own. */
static enum sp_code
approve_lockbox(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct grants_lockbox_act act = act_of(q);

	if (evidence_room_agency(q->room)->provider)
		SP_TRY(grants_lockbox_ask(&act, &q->id, err));
	else
		SP_TRY(grants_lockbox_approve(&act, &q->id, err));
	return answer_request(q, a, &q->id, err);
}

static enum sp_code
break_glass(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct grants_lockbox_act act = act_of(q);
	char text[SP_ID_TEXT];

	SP_TRY(grants_lockbox_break(&act, &q->id, err));
	sp_id_text(&q->id, text);
	sp_log(SP_LOG_WARN, "glass.broken",
	    "the provider broke glass, lockbox request %s: the agency is told",
	    text);
	return answer_request(q, a, &q->id, err);
}

static enum sp_code
complete_lockbox(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct grants_lockbox_act act = act_of(q);

	SP_TRY(grants_lockbox_complete(&act, &q->id, err));
	return answer_request(q, a, &q->id, err);
}

/* An object of these text members and no others; *out points into the object,
 * NULL for one that is not there. */
static enum sp_code
read_texts(struct http_request *q, json_t **root, const char *const *name,
    const char **out, size_t n, struct sp_err *err)
{
	size_t known = 0;

	SP_TRY(http_json_read(q->body.at, q->body.len, root, err));
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_object_get(*root, name[i]);

		out[i] = json_string_value(v);
		if (v != NULL && out[i] == NULL)
			return sp_fail(
			    err, SP_E_INVALID, "%s: must be text", name[i]);
		known += v != NULL;
	}
	if (!json_is_object(*root) || json_object_size(*root) != known)
		return sp_fail(err, SP_E_INVALID,
		    "an object with %s%s%s, and nothing else, is wanted",
		    name[0], n > 1 ? " and " : "", n > 1 ? name[1] : "");
	return SP_OK;
}

/* What ends a request, with a reason if one likes. */
static enum sp_code
end_lockbox(struct http_request *q, struct http_answer *a,
    enum sp_code (*end)(const struct grants_lockbox_act *act,
	const struct sp_id *id, const char *reason, struct sp_err *err),
    struct sp_err *err)
{
	static const char *const name[] = { "reason" };
	struct grants_lockbox_act act = act_of(q);
	json_auto_t *root = NULL;
	const char *reason;

	SP_TRY(read_texts(q, &root, name, &reason, 1, err));
	SP_TRY(end(&act, &q->id, reason, err));
	return answer_request(q, a, &q->id, err);
}

static enum sp_code
deny_lockbox(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return end_lockbox(q, a, grants_lockbox_deny, err);
}

static enum sp_code
revoke_lockbox(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return end_lockbox(q, a, grants_lockbox_revoke, err);
}

static enum sp_code
review_lockbox(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	static const char *const name[] = { "finding", "note" };
	struct grants_lockbox_act act = act_of(q);
	json_auto_t *root = NULL;
	const char *said[2];

	SP_TRY(read_texts(q, &root, name, said, 2, err));
	SP_TRY(grants_lockbox_review(&act, &q->id, said[0], said[1], err));
	return answer_request(q, a, &q->id, err);
}

/* --- an agency's items, under a grant --- */

/* Each route here stands for one of one's own. */
static const struct {
	const char *guest; /* id of the route here */
	const struct http_topic *topic;
	const char *own;
} stands_for[] = {
	{ "showGrantedEvidence", &api_evidence_topic, "showEvidence" },
	{ "showGrantedMedia", &api_evidence_topic, "showMedia" },
	{ "viewGrantedEvidence", &transfer_content_topic, "viewEvidence" },
	{ "describeGrantedContent", &transfer_content_topic,
	    "describeContent" },
	{ "previewGrantedEvidence", &transfer_content_topic,
	    "previewEvidence" },
};

static const struct http_route *
own_route(const struct http_request *q)
{
	const struct http_topic *topic = NULL;
	const char *own = NULL;

	for (size_t i = 0; i < SP_COUNTOF(stands_for); i++) {
		if (strcmp(stands_for[i].guest, q->match.route->id) == 0) {
			topic = stands_for[i].topic;
			own = stands_for[i].own;
		}
	}
	SP_REQUIRE(topic != NULL);
	for (size_t i = 0; i < topic->routes; i++)
		if (strcmp(topic->route[i].id, own) == 0)
			return &topic->route[i];
	sp_panic(__FILE__, __LINE__, __func__, "a route of one's own");
}

/* The grant is asked, and its use is in both ledgers, before anything is found
 * out of the item; then the agency's gate is asked for the act itself. */
static enum sp_code
visit_item(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const struct http_route *own = own_route(q);
	const struct gate_object on = { .kind = own->kind, .id = q->id };
	const struct gate_caller home = q->who;
	const char *request = http_match_param(&q->match, "request");
	struct grants_guest_ask ask = {
		.site = q->house->site,
		.home = q->room,
		.who = &home,
		.evidence = q->id,
	};

	if (!sp_id_parse(request, strlen(request), &ask.request))
		return sp_fail(err, SP_E_NOTFOUND, "no such request");
	SP_TRY(grants_guest_of_lockbox(&ask, &q->room, &q->who, err));
	if (own->door == HTTP_DOOR_GATE)
		SP_TRY(gate_admit(evidence_room_gate(q->room), &q->who,
		    own->act, &on, &q->pass, err));
	return own->handle(q, a, err);
}

/* --- the routes --- */

#define ALL HTTP_AGENCY "lockbox"
#define ONE HTTP_AGENCY "lockbox/{id}"

static const struct http_input once_input[] = {
	{ "header", "Idempotency-Key", HTTP_STRING, false, HTTP_ONCE },
};
static const struct http_input list_input[] = {
	{ "query", "cursor", HTTP_STRING, false,
	    "\"next\" of the page before." },
	{ "query", "limit",
	    "{\"maximum\":100,\"minimum\":1,\"type\":\"integer\"}", false,
	    "Requests a page; 20 when absent." },
	{ "query", "state",
	    "{\"enum\":[\"Initializing\",\"Pending\",\"Approving\","
	    "\"Approved\",\"Denied\",\"Expired\",\"Revoked\",\"Completed\"],"
	    "\"type\":\"string\"}",
	    false, "Only requests in this state." },
};

#define THE_REQUEST                                                            \
	{                                                                      \
		{                                                              \
			200, "The request", HTTP_JSON, "LockboxRequest", NULL  \
		}                                                              \
	}
#define ANSWER(name, at, text, what, fn)                                       \
	.method = HTTP_POST, .path = (at), .id = (name), .summary = (text),    \
	.door = HTTP_DOOR_KNOWN, .act = (what), .kind = "lockbox",             \
	.success = THE_REQUEST, .problems = "409 507", .handle = (fn)

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = ALL,
	    .id = "listLockbox",
	    .summary = "Requests of the provider's staff to see evidence, "
		       "newest first",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_LOCKBOX_SHOW,
	    .kind = "lockbox",
	    HTTP_INPUT(list_input),
	    .success = { { 200, "A page", HTTP_JSON, "LockboxPage", NULL } },
	    .handle = list_lockbox,
	},
	{
	    .method = HTTP_POST,
	    .path = ALL,
	    .id = "requestLockbox",
	    .summary = "Ask to see an agency's evidence (in the provider's "
		       "house)",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_LOCKBOX_REQUEST,
	    .kind = "lockbox",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "LockboxNew",
	    HTTP_INPUT(once_input),
	    .success = { { 201, "The request", HTTP_JSON, "LockboxRequest",
		"Location" } },
	    .problems = "409 507",
	    .handle = request_lockbox,
	},
	{
	    .method = HTTP_GET,
	    .path = ONE,
	    .id = "showLockbox",
	    .summary = "A request, what was touched under it, and the proofs "
		       "of both houses' entries",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_LOCKBOX_SHOW,
	    .kind = "lockbox",
	    .success = THE_REQUEST,
	    .handle = show_lockbox,
	},
	{
	    ANSWER("approveLockbox", ONE "/approve",
		"Approve it: in the provider's house, that the agency be "
		"asked; in the agency's, access",
		GATE_LOCKBOX_APPROVE, approve_lockbox),
	},
	{
	    ANSWER("breakGlass", ONE "/confirm",
		"Confirm as the second person that glass is broken; the agency "
		"is told at once",
		GATE_BREAK_CONFIRM, break_glass),
	},
	{
	    ANSWER("denyLockbox", ONE "/deny",
		"Deny it, or (in the provider's house) take it back",
		GATE_LOCKBOX_DENY, deny_lockbox),
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "LockboxReason",
	},
	{
	    ANSWER("revokeLockbox", ONE "/revoke",
		"End access now; what is under way ends, too",
		GATE_LOCKBOX_REVOKE, revoke_lockbox),
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "LockboxReason",
	},
	{
	    ANSWER("completeLockbox", ONE "/complete",
		"Give access back, as the one who asked for it",
		GATE_LOCKBOX_REQUEST, complete_lockbox),
	},
	{
	    ANSWER("reviewLockbox", ONE "/review",
		"Say what the agency found of broken glass",
		GATE_LOCKBOX_APPROVE, review_lockbox),
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "LockboxReview",
	},
};

#define TIME_OR_NULL "{\"format\":\"date-time\",\"type\":[\"string\",\"null\"]}"
#define ID_OR_NULL   "{\"format\":\"uuid\",\"type\":[\"string\",\"null\"]}"
#define IDS_OR_NULL                                                            \
	"{\"items\":" HTTP_ID ",\"maxItems\":100,\"type\":[\"array\","         \
	"\"null\"]}"

static const struct http_schema schemas[] = {
	{ "LockboxAsked",
	    "{\"description\":\"What is asked; both ledgers have the SHA-256 "
	    "of it in canonical form (RFC 8785).\",\"properties\":{"
	    "\"agency\":" HTTP_ID ",\"category\":" HTTP_NULLABLE
	    ",\"created_at\":" HTTP_TIME ",\"evidence\":" IDS_OR_NULL
	    ",\"from\":{\"items\":" HTTP_STRING
	    ",\"type\":\"array\"},\"glass\":" HTTP_BOOLEAN ",\"house\":" HTTP_ID
	    ",\"id\":" HTTP_ID ",\"minutes\":" HTTP_INTEGER
	    ",\"requester\":{\"properties\":{\"id\":" HTTP_ID
	    ",\"name\":" HTTP_STRING "},\"required\":[\"id\",\"name\"],"
	    "\"type\":\"object\"},\"ticket\":" HTTP_STRING
	    ",\"why\":" HTTP_STRING
	    "},\"required\":[\"agency\",\"category\",\"created_at\","
	    "\"evidence\",\"from\",\"glass\",\"house\",\"id\",\"minutes\","
	    "\"requester\",\"ticket\",\"why\"],\"type\":\"object\"}" },
	{ "LockboxNew",
	    "{\"additionalProperties\":false,\"description\":\"Exactly one of "
	    "category and evidence.\",\"properties\":{\"agency\":" HTTP_STRING
	    ",\"category\":" HTTP_NULLABLE ",\"evidence\":" IDS_OR_NULL
	    ",\"from\":{\"items\":" HTTP_STRING
	    ",\"maxItems\":32,\"type\":[\"array\",\"null\"]},"
	    "\"glass\":" HTTP_BOOLEAN
	    ",\"minutes\":{\"maximum\":43200,\"minimum\":1,\"type\":["
	    "\"integer\",\"null\"]},\"ticket\":{\"maxLength\":100,"
	    "\"minLength\":1,\"type\":\"string\"},\"why\":{\"maxLength\":2000,"
	    "\"minLength\":10,\"type\":\"string\"}},\"required\":[\"agency\","
	    "\"ticket\",\"why\"],\"type\":\"object\"}" },
	{ "LockboxPage",
	    "{\"properties\":{\"items\":{\"items\":{\"$ref\":\"#/components/"
	    "schemas/LockboxRequest\"},\"type\":\"array\"},"
	    "\"next\":" ID_OR_NULL
	    "},\"required\":[\"items\",\"next\"],\"type\":\"object\"}" },
	{ "LockboxReason",
	    "{\"additionalProperties\":false,\"properties\":{\"reason\":{"
	    "\"maxLength\":2000,\"minLength\":1,\"type\":\"string\"}},"
	    "\"type\":\"object\"}" },
	{ "LockboxRequest",
	    "{\"properties\":{\"agency\":" HTTP_STRING
	    ",\"approvals\":{\"items\":{\"properties\":{\"at\":" HTTP_TIME
	    ",\"person\":" HTTP_ID "},\"type\":\"object\"},\"type\":\"array\"},"
	    "\"approved\":" HTTP_INTEGER
	    ",\"asked\":{\"$ref\":\"#/components/schemas/LockboxAsked\"},"
	    "\"clearance\":" HTTP_NULLABLE ",\"due_at\":" TIME_OR_NULL
	    ",\"ended_at\":" TIME_OR_NULL ",\"ended_by\":" HTTP_NULLABLE
	    ",\"glass\":" HTTP_BOOLEAN ",\"id\":" HTTP_ID
	    ",\"needed\":" HTTP_INTEGER ",\"reason\":" HTTP_NULLABLE
	    ",\"review\":{\"properties\":{\"at\":" HTTP_TIME
	    ",\"finding\":" HTTP_STRING ",\"note\":" HTTP_NULLABLE
	    ",\"person\":" HTTP_ID
	    "},\"type\":[\"object\",\"null\"]},\"security\":" ID_OR_NULL
	    ",\"sha256\":" HTTP_STRING ",\"started_at\":" TIME_OR_NULL
	    ",\"state\":{\"enum\":[\"Initializing\",\"Pending\","
	    "\"Approving\",\"Approved\",\"Denying\",\"Denied\",\"Expired\","
	    "\"Revoking\",\"Revoked\",\"Completing\",\"Completed\"],"
	    "\"type\":\"string\"},\"touched\":{\"items\":{\"properties\":{"
	    "\"evidence\":" HTTP_ID ",\"first_at\":" HTTP_TIME
	    ",\"last_at\":" HTTP_TIME ",\"times\":" HTTP_INTEGER
	    "},\"type\":\"object\"},\"type\":\"array\"},\"twins\":{\"items\":{"
	    "\"type\":\"object\"},\"type\":\"array\"},\"until\":" TIME_OR_NULL
	    "},\"required\":[\"agency\",\"approvals\",\"approved\",\"asked\","
	    "\"clearance\",\"due_at\",\"ended_at\",\"ended_by\",\"glass\","
	    "\"id\",\"needed\",\"reason\",\"review\",\"security\",\"sha256\","
	    "\"started_at\",\"state\",\"until\"],\"type\":\"object\"}" },
	{ "LockboxReview",
	    "{\"additionalProperties\":false,\"properties\":{\"finding\":{"
	    "\"enum\":[\"justified\",\"unjustified\"],\"type\":\"string\"},"
	    "\"note\":{\"maxLength\":2000,\"minLength\":1,\"type\":"
	    "\"string\"}},\"required\":[\"finding\"],\"type\":\"object\"}" },
};

const struct http_topic api_lockbox_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };

#define ITEM HTTP_AGENCY "lockbox/{request}/evidence/{id}"

static const struct http_input content_input[] = { TRANSFER_RANGES };
static const struct http_input condition_input[] = { TRANSFER_CONDITIONS };

#define VISIT(name, at, text, what)                                            \
	.method = HTTP_GET, .path = (at), .id = (name), .summary = (text),     \
	.door = HTTP_DOOR_KNOWN, .act = (what), .kind = "evidence",            \
	.handle = visit_item

static const struct http_route guest_routes[] = {
	{
	    VISIT("showGrantedEvidence", ITEM,
		"What is known of an agency's item, under a lockbox grant",
		GATE_SHOW),
	    .success = { { 200, "The item", HTTP_JSON, "Evidence", NULL } },
	},
	{
	    VISIT("showGrantedMedia", ITEM "/media",
		"What its media says of itself", GATE_SHOW),
	    .success = { { 200, "What is known so far", HTTP_JSON, "Media",
		NULL } },
	},
	{
	    VISIT("viewGrantedEvidence", ITEM "/content",
		"The original's bytes; recorded in both ledgers first",
		GATE_VIEW),
	    HTTP_INPUT(content_input),
	    .success = { { 200, "The whole", "*/*", NULL, TRANSFER_CONTENT },
		{ 206, "The range", "*/*", NULL, TRANSFER_CONTENT },
		{ 304, "Not changed", NULL, NULL, "ETag" } },
	    .problems = "412 416",
	},
	{
	    .method = HTTP_HEAD,
	    .path = ITEM "/content",
	    .id = "describeGrantedContent",
	    .summary = "What a GET would answer",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_SHOW,
	    .kind = "evidence",
	    HTTP_INPUT(content_input),
	    .success = { { 200, "The whole", NULL, NULL, TRANSFER_CONTENT },
		{ 304, "Not changed", NULL, NULL, "ETag" } },
	    .problems = "412",
	    .handle = visit_item,
	},
	{
	    VISIT("previewGrantedEvidence", ITEM "/poster.jpg",
		"A frame of it, small; recorded in both ledgers first",
		GATE_PREVIEW),
	    HTTP_INPUT(condition_input),
	    .success = { { 200, "The frame", "image/jpeg", NULL,
			     "ETag Last-Modified Content-Disposition" },
		{ 304, "Not changed", NULL, NULL, "ETag" } },
	    .problems = "412",
	},
};

const struct http_topic api_lockbox_guest_topic = { guest_routes,
	SP_COUNTOF(guest_routes), NULL, 0 };
