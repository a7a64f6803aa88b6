#include "api/evidence.h"
#include "api/share.h"
#include "evidence/viewing.h"
#include "grants/visit.h"
#include "http/json.h"
#include "transfer/content.h"
#include "transfer/export.h"

#include <stdlib.h>
#include <string.h>

/*
 * Another agency's items, by a share: each route here stands for one of one's
 * own, whose handler does the work in the owner's room, with a guest as its
 * caller.
 */
static const struct {
	const char *guest; /* id of the route here */
	const struct http_topic *topic;
	const char *own;
} stands_for[] = {
	{ "showSharedEvidence", &api_evidence_topic, "showEvidence" },
	{ "showSharedReceipt", &api_evidence_topic, "showReceipt" },
	{ "showSharedReceiptEntry", &api_evidence_topic, "showReceiptEntry" },
	{ "showSharedCustody", &api_evidence_topic, "showCustody" },
	{ "showSharedMedia", &api_evidence_topic, "showMedia" },
	{ "printSharedCustody", &api_evidence_topic, "printCustody" },
	{ "viewSharedEvidence", &transfer_content_topic, "viewEvidence" },
	{ "describeSharedContent", &transfer_content_topic, "describeContent" },
	{ "previewSharedEvidence", &transfer_content_topic, "previewEvidence" },
	{ "exportShared", &transfer_export_topic, "exportEvidence" },
};

static const struct http_route *
find(const struct http_topic *topic, const char *id)
{
	for (size_t i = 0; i < topic->routes; i++)
		if (strcmp(topic->route[i].id, id) == 0)
			return &topic->route[i];
	return NULL;
}

static const struct http_route *
own_route(const struct http_request *q)
{
	const struct http_route *own = NULL;

	for (size_t i = 0; i < SP_COUNTOF(stands_for); i++)
		if (strcmp(stands_for[i].guest, q->match.route->id) == 0)
			own = find(stands_for[i].topic, stands_for[i].own);
	SP_REQUIRE(own != NULL);
	return own;
}

/* A visit of one request: who came, and as whom they are in. */
struct coming {
	struct gate_caller home;
	struct grants_visit visit;
	struct grants_guest guest;
};

static enum sp_code
come(struct http_request *q, enum gate_act act, struct coming *c,
    struct sp_err *err)
{
	const char *share = http_match_param(&q->match, "share");

	c->home = q->who;
	c->visit = (struct grants_visit){
		.site = q->house->site,
		.home = q->room,
		.who = &c->home,
		.act = act,
		.evidence = q->id,
	};
	if (!sp_id_parse(share, strlen(share), &c->visit.share))
		return sp_fail(err, SP_E_NOTFOUND, "no such share");
	return grants_visit_enter(&c->visit, &c->guest, err);
}

/* From here on the request is the guest's, in the owner's room. */
static enum sp_code
hand_over(struct http_request *q, struct http_answer *a, const struct coming *c,
    struct sp_err *err)
{
	const struct http_route *own = own_route(q);
	const struct gate_object on = { .kind = own->kind, .id = q->id };

	q->room = c->guest.room;
	q->who = c->guest.who;
	if (own->door == HTTP_DOOR_GATE)
		SP_TRY(gate_admit(evidence_room_gate(q->room), &q->who,
		    own->act, &on, &q->pass, err));
	return own->handle(q, a, err);
}

static enum sp_code
visit_item(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	enum gate_act act = own_route(q)->act;
	struct sp_id item = q->id;
	struct coming c;
	bool joins;

	SP_TRY(come(q, act, &c, err));
	joins = act == GATE_VIEW &&
	    evidence_viewing_has(c.guest.room, &c.guest.who, &item);
	SP_TRY(hand_over(q, a, &c, err));
	/* Before a byte of it leaves; a viewing that goes on was told. */
	if (!gate_act_recorded(act) || joins || q->head || a->problem ||
	    a->status >= 300)
		return SP_OK;
	return grants_visit_used(&c.visit, &c.guest, &item, 1, err);
}

static enum sp_code
list_shared(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct evidence_list list = {
		.cursor = http_request_query(q, "cursor"),
	};
	uint64_t n = 100;
	struct coming c;

	SP_TRY(
	    http_request_query_u64(q, "limit", 1, EVIDENCE_LIST_MAX, &n, err));
	list.n = (size_t)n;
	SP_TRY(come(q, GATE_LIST, &c, err));
	SP_TRY(grants_visit_list(&c.guest, &list, &out, err));
	return http_json_answer(a, &out, "the list", err);
}

static enum sp_code
export_items(struct http_request *q, struct http_answer *a, struct coming *c,
    const struct transfer_export_wish *w, struct sp_err *err)
{
	SP_TRY(come(q, GATE_EXPORT, c, err));
	for (size_t i = 0; i < w->n; i++)
		SP_TRY(grants_visit_covers(&c->guest, &w->id[i], err));
	SP_TRY(hand_over(q, a, c, err));
	return grants_visit_used(&c->visit, &c->guest, w->id, w->n, err);
}

static enum sp_code
export_shared(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct transfer_export_wish w = { .n = 0 };
	struct coming c;
	enum sp_code code;

	SP_TRY(transfer_export_wish_read(q->body.at, q->body.len, &w, err));
	code = export_items(q, a, &c, &w, err);
	free(w.id);
	return code;
}

/* --- The routes --- */

#define SHARED HTTP_AGENCY "shares/{share}/"
#define ITEM   SHARED "evidence/{id}"

static const struct http_input list_input[] = {
	{ "query", "cursor", HTTP_STRING, false,
	    "\"next\" of the page before." },
	{ "query", "limit",
	    "{\"maximum\":1000,\"minimum\":1,\"type\":\"integer\"}", false,
	    "Items a page; 100 when absent." },
};
static const struct http_input custody_input[] = {
	{ "query", "from", HTTP_INTEGER, false,
	    "\"next\" of the page before." },
};
static const struct http_input paper_input[] = {
	{ "query", "paper",
	    "{\"enum\":[\"letter\",\"a4\"],\"type\":\"string\"}", false,
	    "The sheets' size; when absent, what is usual where the owner "
	    "is." },
};
static const struct http_input content_input[] = { TRANSFER_RANGES };
static const struct http_input condition_input[] = { TRANSFER_CONDITIONS };

#define VISIT(name, at, text, what)                                            \
	.method = HTTP_GET, .path = (at), .id = (name), .summary = (text),     \
	.door = HTTP_DOOR_KNOWN, .act = (what), .kind = "evidence",            \
	.handle = visit_item

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = SHARED "evidence",
	    .id = "listSharedEvidence",
	    .summary = "What a share covers, newest first, a page at a time",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_LIST,
	    .kind = "evidence",
	    HTTP_INPUT(list_input),
	    .success = { { 200, "A page", HTTP_JSON, "EvidencePage", NULL } },
	    .handle = list_shared,
	},
	{
	    VISIT("showSharedEvidence", ITEM,
		"What is known of one item that is shared", GATE_SHOW),
	    .success = { { 200, "The item", HTTP_JSON, "Evidence", NULL } },
	},
	{
	    VISIT("showSharedReceipt", ITEM "/receipt",
		"The proof that its sealing is in the owner's log", GATE_SHOW),
	    .success = { { 200, "The proof", HTTP_TEXT, NULL, NULL } },
	},
	{
	    VISIT("showSharedReceiptEntry", ITEM "/receipt/entry",
		"The exact bytes of the entry that the receipt proves",
		GATE_SHOW),
	    .success = { { 200, "The entry", HTTP_JSON, "Entry", NULL } },
	},
	{
	    VISIT("showSharedCustody", ITEM "/custody",
		"Its story: every entry of the owner's log about it",
		GATE_CUSTODY),
	    HTTP_INPUT(custody_input),
	    .success = { { 200, "A page", HTTP_JSON, "Custody", NULL } },
	},
	{
	    VISIT("printSharedCustody", ITEM "/custody.pdf",
		"Its story as a report made for a court", GATE_CUSTODY),
	    HTTP_INPUT(paper_input),
	    .success = { { 200, "The report", "application/pdf", NULL,
		"Content-Disposition" } },
	},
	{
	    VISIT("showSharedMedia", ITEM "/media",
		"What its media says of itself", GATE_SHOW),
	    .success = { { 200, "What is known so far", HTTP_JSON, "Media",
		NULL } },
	},
	{
	    VISIT("viewSharedEvidence", ITEM "/content",
		"The original's bytes; recorded in both ledgers", GATE_VIEW),
	    HTTP_INPUT(content_input),
	    .success = { { 200, "The whole", "*/*", NULL, TRANSFER_CONTENT },
		{ 206, "The range", "*/*", NULL, TRANSFER_CONTENT },
		{ 304, "Not changed", NULL, NULL, "ETag" } },
	    .problems = "412 416",
	},
	{
	    .method = HTTP_HEAD,
	    .path = ITEM "/content",
	    .id = "describeSharedContent",
	    .summary = "What a GET would answer; nothing is revealed",
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
	    VISIT("previewSharedEvidence", ITEM "/poster.jpg",
		"A frame of it, small; recorded in both ledgers", GATE_PREVIEW),
	    HTTP_INPUT(condition_input),
	    .success = { { 200, "The frame", "image/jpeg", NULL,
			     "ETag Last-Modified Content-Disposition" },
		{ 304, "Not changed", NULL, NULL, "ETag" } },
	    .problems = "412",
	},
	{
	    .method = HTTP_POST,
	    .path = SHARED "exports",
	    .id = "exportShared",
	    .summary = "A BagIt bag of shared items, from the owner's log; "
		       "recorded in both ledgers",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_EXPORT,
	    .kind = "evidence",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "ExportNew",
	    .success = { { 200, "The bag", "*/*", NULL,
		"Content-Disposition" } },
	    .handle = export_shared,
	},
};

const struct http_topic api_share_guest_topic = { routes, SP_COUNTOF(routes),
	NULL, 0 };
