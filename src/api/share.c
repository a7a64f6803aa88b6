#include "api/share.h"

#include "grants/visit.h"
#include "http/json.h"

#include <string.h>

#define LIST_DEFAULT 100
#define LIST_MOST    1000

static struct grants_house
house_of(struct http_request *q)
{
	return (struct grants_house){ q->house->site, q->room, &q->who };
}

/* Outside persons have to do with what is shared with themselves only. */
static const struct sp_id *
only_for(const struct http_request *q)
{
	return gate_role_row(q->who.role)->realm == GATE_REALM_OUTSIDE
	    ? &q->who.person
	    : NULL;
}

/* --- sharing --- */

/* An agency elsewhere is outside the geography. */
static enum gate_place
place_of(struct http_request *q, const struct grants_wish *w)
{
	struct evidence_room *other;

	if (w->terms.to != GRANTS_TO_AGENCY ||
	    evidence_site_room(q->house->site, w->agency, &other, NULL) !=
		SP_OK)
		return GATE_PLACE_INSIDE; /* nothing moves, or nowhere */
	return strcmp(evidence_room_agency(other)->geography,
		   evidence_room_agency(q->room)->geography) == 0
	    ? GATE_PLACE_INSIDE
	    : GATE_PLACE_OUTSIDE;
}

static enum sp_code
admit_grant(
    struct http_request *q, const struct grants_wish *w, struct sp_err *err)
{
	struct gate_facts f = gate_caller_facts(&q->who, GATE_SHARE_GRANT);
	struct gate_request rq = {
		.who = &q->who,
		.act = GATE_SHARE_GRANT,
		.on = { .kind = "share" },
		.facts = &f,
	};

	f.place = place_of(q, w);
	return gate_admit_with(evidence_room_gate(q->room), &rq, &q->pass, err);
}

/* In the owner's room, as whom the parent let in. */
static enum sp_code
admit_reshare(struct http_request *q, const struct sp_id *parent,
    struct grants_guest *g, struct sp_err *err)
{
	const struct grants_visit v = {
		.site = q->house->site,
		.home = q->room,
		.who = &q->who,
		.share = *parent,
		.act = GATE_RESHARE,
	};
	const struct gate_object on = { .kind = "share", .id = *parent };

	SP_TRY(grants_visit_enter(&v, g, err));
	return gate_admit(evidence_room_gate(g->room), &g->who, GATE_RESHARE,
	    &on, &q->pass, err);
}

static enum sp_code
answer_made(struct http_request *q, struct http_answer *a,
    const struct grants_house *there, const struct sp_id *id,
    struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct grants_house h = house_of(q);
	char text[SP_ID_TEXT];

	/* One that was shared on is told of here a moment later. */
	if (grants_share_json(&h, id, NULL, &out, NULL) != SP_OK) {
		sp_buf_clear(&out);
		SP_TRY(grants_share_json(there, id, NULL, &out, err));
	}
	sp_id_text(id, text);
	a->status = 201;
	http_answer_fmt(a, "Location", "/v1/agencies/%s/shares/%s",
	    http_match_param(&q->match, "agency"), text);
	return http_json_answer(a, &out, "share", err);
}

/* Who may give it, and whose it is: the asker's house's own, or, when it is
 * made from another share, that share's owner's. */
static enum sp_code
admit_share(struct http_request *q, const struct grants_wish *w,
    struct grants_guest *g, struct grants_share_new *n, struct sp_err *err)
{
	if (sp_id_is_zero(&w->terms.parent))
		return admit_grant(q, w, err);
	SP_TRY(admit_reshare(q, &w->terms.parent, g, err));
	n->owner = g->room;
	n->guest = &g->who;
	return SP_OK;
}

static enum sp_code
add_share(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *root = NULL;
	GRANTS_AUTO_WISH w = { .timed = false };
	struct gate_once once;
	struct grants_guest g = { .room = NULL };
	struct grants_share_new n = { .wish = &w };
	struct grants_house h = house_of(q), there = h;
	struct sp_id id;

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	SP_TRY(grants_terms_wish(root, sp_now(), &w, err));
	SP_TRY(http_json_once(q, &once, &n.once, err));
	SP_TRY(admit_share(q, &w, &g, &n, err));
	if (g.room != NULL)
		there.room = g.room;
	SP_TRY(grants_share_add(&h, &n, &id, err));
	return answer_made(q, a, &there, &id, err);
}

/* --- what there is --- */

static enum sp_code
list_shares(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	const char *received = http_request_query(q, "received");
	struct grants_house h = house_of(q);
	struct grants_share_list list = {
		.cursor = http_request_query(q, "cursor"),
		.person = only_for(q),
	};
	uint64_t n = LIST_DEFAULT;

	if (received != NULL && strcmp(received, "true") != 0 &&
	    strcmp(received, "false") != 0)
		return sp_fail(err, SP_E_INVALID, "received: true or false");
	list.received = received != NULL && strcmp(received, "true") == 0;
	SP_TRY(http_request_query_u64(q, "limit", 1, LIST_MOST, &n, err));
	list.n = (size_t)n;
	SP_TRY(grants_share_list_json(&h, &list, &out, err));
	return http_json_answer(a, &out, "shares", err);
}

static enum sp_code
show_share(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct grants_house h = house_of(q);

	SP_TRY(grants_share_json(&h, &q->id, only_for(q), &out, err));
	return http_json_answer(a, &out, "share", err);
}

static enum sp_code
prove_share(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF shown = sp_buf_new(HTTP_BODY_MAX);
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct grants_house h = house_of(q);

	/* Who may see it may see its proof. */
	SP_TRY(grants_share_json(&h, &q->id, only_for(q), &shown, err));
	SP_TRY(grants_share_proof_json(&h, &q->id, &out, err));
	return http_json_answer(a, &out, "proof", err);
}

/* --- ending --- */

static enum sp_code
revoke_share(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct grants_house h = house_of(q);

	SP_TRY(grants_share_revoke(&h, &q->id, err));
	return show_share(q, a, err);
}

static enum sp_code
decline_share(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct grants_house h = house_of(q);

	SP_TRY(grants_share_decline(&h, &q->id, err));
	return show_share(q, a, err);
}

/* --- The routes --- */

#define SHARE HTTP_AGENCY "shares/{id}"

static const struct http_input once_input[] = {
	{ "header", "Idempotency-Key", HTTP_STRING, false, HTTP_ONCE },
};
static const struct http_input list_input[] = {
	{ "query", "cursor", HTTP_STRING, false,
	    "\"next\" of the page before." },
	{ "query", "limit",
	    "{\"maximum\":1000,\"minimum\":1,\"type\":\"integer\"}", false,
	    "Shares a page; 100 when absent." },
	{ "query", "received",
	    "{\"enum\":[\"true\",\"false\"],\"type\":\"string\"}", false,
	    "true: those that this agency was given." },
};

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "shares",
	    .id = "listShares",
	    .summary = "What this agency shares, or is shared with it, newest "
		       "first",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHARE_SHOW,
	    .kind = "share",
	    HTTP_INPUT(list_input),
	    .success = { { 200, "A page", HTTP_JSON, "SharePage", NULL } },
	    .handle = list_shares,
	},
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "shares",
	    .id = "addShare",
	    .summary = "Share items, or a category, with another agency, a "
		       "group or an outside person",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_SHARE_GRANT,
	    .kind = "share",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "ShareNew",
	    HTTP_INPUT(once_input),
	    .success = { { 201, "The share", HTTP_JSON, "Share", "Location" } },
	    .problems = "409 507",
	    .handle = add_share,
	},
	{
	    .method = HTTP_GET,
	    .path = SHARE,
	    .id = "showShare",
	    .summary = "One share, with all it covers",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHARE_SHOW,
	    .kind = "share",
	    .success = { { 200, "The share", HTTP_JSON, "Share", NULL } },
	    .handle = show_share,
	},
	{
	    .method = HTTP_GET,
	    .path = SHARE "/proof",
	    .id = "proveShare",
	    .summary = "Its entries in both ledgers, each with the proof that "
		       "it is there",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHARE_SHOW,
	    .kind = "share",
	    .success = { { 200, "The proofs", HTTP_JSON, "TwinProof", NULL } },
	    .handle = prove_share,
	},
	{
	    .method = HTTP_POST,
	    .path = SHARE "/revoke",
	    .id = "revokeShare",
	    .summary = "Take a share back, with all that was made from it, at "
		       "once",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHARE_REVOKE,
	    .kind = "share",
	    .success = { { 200, "The share", HTTP_JSON, "Share", NULL } },
	    .problems = "409 507",
	    .handle = revoke_share,
	},
	{
	    .method = HTTP_POST,
	    .path = SHARE "/decline",
	    .id = "declineShare",
	    .summary = "Not to want what another agency shares",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHARE_REVOKE,
	    .kind = "share",
	    .success = { { 200, "The share", HTTP_JSON, "Share", NULL } },
	    .problems = "409 507",
	    .handle = decline_share,
	},
};

#define STATE                                                                  \
	"{\"enum\":[\"active\",\"revoked\",\"declined\",\"ended\"],"           \
	"\"type\":\"string\"}"
#define ACCESS "{\"enum\":[\"view\",\"download\"],\"type\":\"string\"}"

static const struct http_schema schemas[] = {
	{ "Share",
	    "{\"properties\":{\"access\":" ACCESS ",\"category\":" HTTP_NULLABLE
	    ",\"direction\":{\"enum\":[\"given\",\"received\",\"passed\"],"
	    "\"type\":\"string\"},\"evidence\":{\"items\":" HTTP_ID
	    ",\"type\":[\"array\",\"null\"]},\"granted_at\":" HTTP_TIME
	    ",\"id\":" HTTP_ID ",\"items\":" HTTP_COUNT_OR_NULL
	    ",\"owner\":" HTTP_STRING ",\"parent\":" HTTP_NULLABLE
	    ",\"parties\":{\"items\":{\"properties\":{\"agency\":" HTTP_STRING
	    ",\"side\":{\"enum\":[\"to\",\"by\"],\"type\":\"string\"},"
	    "\"state\":" HTTP_NULLABLE "},\"required\":[\"agency\",\"side\","
	    "\"state\"],\"type\":\"object\"},\"type\":\"array\"},"
	    "\"reason\":" HTTP_STRING ",\"reshare\":" HTTP_BOOLEAN
	    ",\"sharer\":" HTTP_STRING ",\"state\":" STATE
	    ",\"terms_sha256\":" HTTP_STRING
	    ",\"to\":{\"properties\":{\"id\":" HTTP_ID
	    ",\"kind\":{\"enum\":[\"agency\",\"group\",\"person\"],\"type\":"
	    "\"string\"},\"name\":" HTTP_NULLABLE
	    "},\"required\":[\"id\",\"kind\",\"name\"],\"type\":\"object\"},"
	    "\"until\":" HTTP_TIME
	    "},\"required\":[\"access\",\"category\",\"direction\","
	    "\"evidence\",\"granted_at\",\"id\",\"items\",\"owner\","
	    "\"parent\",\"parties\",\"reason\",\"reshare\",\"sharer\","
	    "\"state\",\"terms_sha256\",\"to\",\"until\"],\"type\":"
	    "\"object\"}" },
	{ "ShareNew",
	    "{\"additionalProperties\":false,\"properties\":{\"access\":" ACCESS
	    ",\"category\":" HTTP_STRING
	    ",\"days\":{\"minimum\":1,\"type\":\"integer\"},"
	    "\"evidence\":{\"items\":" HTTP_ID
	    ",\"maxItems\":1000,\"minItems\":1,\"type\":\"array\","
	    "\"uniqueItems\":true},\"parent\":" HTTP_ID
	    ",\"reason\":{\"maxLength\":500,\"minLength\":1,\"type\":"
	    "\"string\"},\"reshare\":" HTTP_BOOLEAN
	    ",\"to\":{\"additionalProperties\":false,\"maxProperties\":1,"
	    "\"minProperties\":1,\"properties\":{\"agency\":" HTTP_STRING
	    ",\"group\":" HTTP_ID ",\"person\":" HTTP_ID
	    "},\"type\":\"object\"},\"until\":" HTTP_TIME
	    "},\"required\":[\"reason\",\"to\"],\"type\":\"object\"}" },
	{ "SharePage",
	    "{\"properties\":{\"items\":{\"items\":{\"$ref\":\"#/components/"
	    "schemas/Share\"},\"type\":\"array\"},\"next\":" HTTP_NULLABLE
	    "},\"required\":[\"items\",\"next\"],\"type\":\"object\"}" },
	{ "TwinProof",
	    "{\"properties\":{\"id\":" HTTP_ID
	    ",\"own\":{\"items\":{\"properties\":{\"body\":" HTTP_STRING
	    ",\"index\":" HTTP_INTEGER ",\"proof\":" HTTP_STRING
	    "},\"required\":[\"body\",\"index\",\"proof\"],\"type\":"
	    "\"object\"},\"type\":\"array\"},\"terms\":" HTTP_NULLABLE
	    ",\"twins\":{\"items\":{\"properties\":{\"act\":" HTTP_STRING
	    ",\"entry\":" HTTP_INTEGER ",\"id\":" HTTP_ID
	    ",\"other\":{\"type\":\"object\"},\"side\":" HTTP_STRING
	    ",\"state\":" HTTP_STRING
	    "},\"required\":[\"act\",\"entry\",\"id\",\"other\",\"side\","
	    "\"state\"],\"type\":\"object\"},\"type\":\"array\"}},"
	    "\"required\":[\"id\",\"own\",\"terms\",\"twins\"],\"type\":"
	    "\"object\"}" },
};

const struct http_topic api_share_topic = { routes, SP_COUNTOF(routes), schemas,
	SP_COUNTOF(schemas) };
