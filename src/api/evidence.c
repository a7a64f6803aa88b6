#include "api/evidence.h"

#include "evidence/item.h"
#include "http/request.h"
#include "processing/show.h"
#include "report/gather.h"

#define LIST_DEFAULT 100
#define LIST_MOST    1000

static enum sp_code
list_evidence(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct evidence_list list = {
		.cursor = http_request_query(q, "cursor"),
		.sha256 = http_request_query(q, "sha256"),
		.category = http_request_query(q, "category"),
	};
	uint64_t n = LIST_DEFAULT;

	SP_TRY(http_request_query_u64(q, "limit", 1, LIST_MOST, &n, err));
	list.n = (size_t)n;
	SP_TRY(evidence_item_list(q->room, q->pass, &list, &out, err));
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

static enum sp_code
show_evidence(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	SP_TRY(evidence_item_json(q->room, q->pass, &q->id, &out, err));
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

/* What a receipt is read with: whoever brought the item in may, too. */
typedef enum sp_code (*read_receipt)(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id, struct sp_buf *out,
    struct sp_err *err);

static enum sp_code
tell_receipt(struct http_request *q, struct http_answer *a, read_receipt read,
    const char *media, struct sp_err *err)
{
	const struct gate_object on = { .kind = "evidence", .id = q->id };
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	GATE_AUTO_PASS pass = NULL;
	enum gate_act act;

	SP_TRY(evidence_item_receipt_act(q->room, &q->who, &q->id, &act, err));
	SP_TRY(gate_admit(
	    evidence_room_gate(q->room), &q->who, act, &on, &pass, err));
	SP_TRY(read(q->room, pass, &q->id, &out, err));
	http_answer_take(a, media, &out);
	return SP_OK;
}

static enum sp_code
show_receipt(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return tell_receipt(q, a, evidence_item_receipt, HTTP_TEXT, err);
}

static enum sp_code
show_receipt_entry(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return tell_receipt(q, a, evidence_item_receipt_entry, HTTP_JSON, err);
}

static enum sp_code
show_receipt_item(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return tell_receipt(q, a, evidence_item_receipt_json, HTTP_JSON, err);
}

static enum sp_code
show_custody(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	uint64_t from = 0;

	SP_TRY(http_request_query_u64(q, "from", 0, INT64_MAX, &from, err));
	SP_TRY(
	    evidence_item_custody(q->room, q->pass, &q->id, from, &out, err));
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

/* --- Custody on paper --- */

static enum sp_code
query_paper(
    const struct http_request *q, enum report_paper *out, struct sp_err *err)
{
	const char *s = http_request_query(q, "paper");

	*out = report_gather_paper(q->room);
	if (s != NULL && !report_paper_parse(s, out))
		return sp_fail(err, SP_E_INVALID, "paper: letter or a4");
	return SP_OK;
}

/* The checkpoint of now, which the report rests on. */
static enum sp_code
current(struct evidence_room *room, struct sp_buf *note,
    struct ledger_checkpoint *out, struct sp_err *err)
{
	struct ledger_log *log = evidence_room_log(room);

	ledger_log_checkpoint(log, note);
	SP_TRY(sp_buf_check(note, "checkpoint", err));
	return ledger_checkpoint_check(
	    ledger_log_vkey(log), sp_buf_str(note), note->len, out, err);
}

static enum sp_code
print_custody(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const struct gate_object on = { .kind = "evidence", .id = q->id };
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	GATE_AUTO_PASS show = NULL;
	struct ledger_checkpoint c;
	struct report_order o = {
		.room = q->room,
		.press = q->house->press,
		.made = sp_now(),
		.who = &q->who,
	};
	char id[SP_ID_TEXT];

	if (o.press == NULL)
		return sp_fail_as(err, SP_E_UNAVAIL, "report.away",
		    "this server sets no reports");
	SP_TRY(query_paper(q, &o.paper, err));
	SP_TRY(gate_admit(
	    evidence_room_gate(q->room), &q->who, GATE_SHOW, &on, &show, err));
	SP_TRY(current(q->room, &note, &c, err));
	o.note = sp_buf_str(&note);
	o.size = c.size;
	SP_TRY(report_gather_custody(&o, show, &q->id, &pdf, err));
	http_answer_take(a, "application/pdf", &pdf);
	sp_id_text(&q->id, id);
	http_answer_fmt(a, "Content-Disposition",
	    "attachment; filename=\"custody-%s.pdf\"", id);
	return SP_OK;
}

static enum sp_code
show_media(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	SP_TRY(processing_show_media(q->room, q->pass, &q->id, &out, err));
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

/* --- The routes --- */

#define EVIDENCE HTTP_AGENCY "evidence"
#define ITEM     HTTP_AGENCY "evidence/{id}"

#define DIGEST "{\"pattern\":\"^[0-9a-f]{64}$\",\"type\":\"string\"}"

static const struct http_input list_input[] = {
	{ "query", "cursor", HTTP_STRING, false,
	    "\"next\" of the page before." },
	{ "query", "limit",
	    "{\"maximum\":1000,\"minimum\":1,\"type\":\"integer\"}", false,
	    "Items a page; 100 when absent." },
	{ "query", "sha256", DIGEST, false, "Only items of this content." },
	{ "query", "category", HTTP_STRING, false,
	    "Only items of this category." },
};

static const struct http_input custody_input[] = {
	{ "query", "from", HTTP_INTEGER, false,
	    "\"next\" of the page before." },
};

static const struct http_input paper_input[] = {
	{ "query", "paper",
	    "{\"enum\":[\"letter\",\"a4\"],\"type\":\"string\"}", false,
	    "The sheets' size; when absent, what is usual where the agency "
	    "is." },
};

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = EVIDENCE,
	    .id = "listEvidence",
	    .summary = "Evidence, newest first, a page at a time",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_LIST,
	    .kind = "evidence",
	    HTTP_INPUT(list_input),
	    .success = { { 200, "A page", HTTP_JSON, "EvidencePage", NULL } },
	    .handle = list_evidence,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM,
	    .id = "showEvidence",
	    .summary = "What is known of one item",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHOW,
	    .kind = "evidence",
	    .success = { { 200, "The item", HTTP_JSON, "Evidence", NULL } },
	    .handle = show_evidence,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/receipt",
	    .id = "showReceipt",
	    .summary = "The proof that its sealing is in the log "
		       "(C2SP tlog-proof); also for whoever brought it in",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_SHOW,
	    .kind = "evidence",
	    .success = { { 200, "The proof", HTTP_TEXT, NULL, NULL } },
	    .handle = show_receipt,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/receipt/entry",
	    .id = "showReceiptEntry",
	    .summary = "The exact bytes of the entry that the receipt proves",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_SHOW,
	    .kind = "evidence",
	    .success = { { 200, "The entry", HTTP_JSON, "Entry", NULL } },
	    .handle = show_receipt_entry,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/receipt/item",
	    .id = "showReceiptItem",
	    .summary =
		"What the receipt is for, as it stands; also for whoever "
		"brought it in",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_SHOW,
	    .kind = "evidence",
	    .success = { { 200, "The item", HTTP_JSON, "ReceiptItem", NULL } },
	    .handle = show_receipt_item,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/custody",
	    .id = "showCustody",
	    .summary = "Its story: every entry of the log about it",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_CUSTODY,
	    .kind = "evidence",
	    HTTP_INPUT(custody_input),
	    .success = { { 200, "A page", HTTP_JSON, "Custody", NULL } },
	    .handle = show_custody,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/media",
	    .id = "showMedia",
	    .summary = "What its media says of itself: format, streams, when, "
		       "where",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHOW,
	    .kind = "evidence",
	    .success = { { 200, "What is known so far", HTTP_JSON, "Media",
		NULL } },
	    .handle = show_media,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/custody.pdf",
	    .id = "printCustody",
	    .summary = "Its story as a report made for a court, up to the "
		       "log's current checkpoint",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_CUSTODY,
	    .kind = "evidence",
	    HTTP_INPUT(paper_input),
	    .success = { { 200, "The report", "application/pdf", NULL,
		"Content-Disposition" } },
	    .handle = print_custody,
	},
};

static const struct http_schema schemas[] = {
	{ "Custody",
	    "{\"properties\":{\"actors\":{\"type\":\"object\"},\"events\":{"
	    "\"items\":{\"properties\":{\"entry\":"
	    "{\"$ref\":\"#/components/schemas/Entry\"},\"index\":" HTTP_INTEGER
	    "},\"required\":[\"entry\",\"index\"],\"type\":\"object\"},"
	    "\"type\":\"array\"},\"evidence\":" HTTP_ID
	    ",\"next\":{\"type\":[\"integer\",\"null\"]}},\"required\":["
	    "\"events\",\"evidence\",\"next\"],\"type\":\"object\"}" },
	{ "Entry",
	    "{\"description\":\"An entry of the log: canonical JSON (RFC "
	    "8785).\",\"properties\":{\"act\":" HTTP_STRING
	    ",\"actor\":{\"properties\":{\"id\":" HTTP_ID
	    ",\"kind\":" HTTP_STRING
	    "},\"type\":\"object\"},\"address\":" HTTP_STRING
	    ",\"agency\":" HTTP_ID ",\"at\":" HTTP_TIME
	    ",\"detail\":{\"type\":\"object\"},\"object\":{\"properties\":{"
	    "\"id\":" HTTP_ID ",\"kind\":" HTTP_STRING
	    "},\"type\":\"object\"},\"outcome\":{\"enum\":[\"done\","
	    "\"refused\",\"failed\"],\"type\":\"string\"},"
	    "\"source\":" HTTP_STRING ",\"v\":" HTTP_INTEGER
	    "},\"required\":[\"act\",\"actor\",\"agency\",\"at\",\"detail\","
	    "\"object\",\"outcome\",\"source\",\"v\"],\"type\":\"object\"}" },
	{ "Evidence",
	    "{\"properties\":{\"captured_at\":" HTTP_NULLABLE
	    ",\"category\":" HTTP_STRING ",\"device\":" HTTP_NULLABLE
	    ",\"entry\":" HTTP_INTEGER
	    ",\"extra\":{\"additionalProperties\":" HTTP_STRING
	    ",\"type\":\"object\"},\"filename\":" HTTP_STRING ",\"id\":" HTTP_ID
	    ",\"media_state\":" HTTP_STRING ",\"media_type\":" HTTP_STRING
	    ",\"received_at\":" HTTP_TIME
	    ",\"same_content\":{\"items\":" HTTP_ID
	    ",\"type\":\"array\"},\"sha256\":{\"pattern\":\"^[0-9a-f]{64}$\","
	    "\"type\":\"string\"},\"size\":" HTTP_INTEGER
	    ",\"state\":{\"enum\":[\"sealed\",\"corrupt\"],\"type\":\"string\"}"
	    ",\"title\":" HTTP_NULLABLE ",\"uploaded_by\":" HTTP_ID
	    "},\"required\":[\"captured_at\",\"category\",\"device\",\"entry\","
	    "\"extra\",\"filename\",\"id\",\"media_state\",\"media_type\","
	    "\"received_at\",\"same_content\",\"sha256\",\"size\",\"state\","
	    "\"title\",\"uploaded_by\"],\"type\":\"object\"}" },
	{ "EvidencePage",
	    "{\"properties\":{\"items\":{\"items\":{\"$ref\":\"#/components/"
	    "schemas/Evidence\"},\"type\":\"array\"},\"next\":" HTTP_NULLABLE
	    "},\"required\":[\"items\",\"next\"],\"type\":\"object\"}" },
	{ "Media",
	    "{\"properties\":{\"evidence\":" HTTP_ID
	    ",\"facts\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/"
	    "MediaFacts\"},{\"type\":\"null\"}]},\"poster\":{\"oneOf\":[{"
	    "\"properties\":{\"height\":" HTTP_INTEGER
	    ",\"sha256\":" HTTP_STRING ",\"size\":" HTTP_INTEGER
	    ",\"width\":" HTTP_INTEGER
	    "},\"type\":\"object\"},{\"type\":\"null\"}]},\"probed_"
	    "at\":" HTTP_NULLABLE ",\"state\":" HTTP_STRING
	    "},\"required\":[\"evidence\",\"facts\",\"poster\",\"probed_at\","
	    "\"state\"],\"type\":\"object\"}" },
	{ "MediaFacts",
	    "{\"properties\":{\"created_at\":" HTTP_NULLABLE
	    ",\"created_local\":" HTTP_NULLABLE
	    ",\"duration_ms\":" HTTP_COUNT_OR_NULL ",\"format\":" HTTP_STRING
	    ",\"location\":{\"oneOf\":[{\"properties\":{\"latitude\":{\"type\":"
	    "\"number\"},\"longitude\":{\"type\":\"number\"}},\"type\":"
	    "\"object\"},{\"type\":\"null\"}]},\"streams\":{\"items\":{\"$"
	    "ref\":\"#/components/schemas/"
	    "MediaStream\"},\"type\":\"array\"},\"streams_total\":" HTTP_INTEGER
	    "},\"required\":[\"created_at\",\"created_local\",\"duration_ms\","
	    "\"format\",\"location\",\"streams\",\"streams_total\"],\"type\":"
	    "\"object\"}" },
	{ "MediaStream",
	    "{\"properties\":{\"channels\":" HTTP_INTEGER
	    ",\"codec\":" HTTP_STRING ",\"duration_ms\":" HTTP_COUNT_OR_NULL
	    ",\"frame_rate\":{\"type\":[\"number\",\"null\"]},"
	    "\"height\":" HTTP_INTEGER
	    ",\"kind\":{\"enum\":[\"video\",\"audio\",\"picture\",\"subtitle\","
	    "\"data\"],\"type\":\"string\"},\"rotation\":{\"enum\":[0,90,180,"
	    "270],\"type\":\"integer\"},\"sample_rate\":" HTTP_INTEGER
	    ",\"width\":" HTTP_INTEGER "},\"required\":[\"codec\",\"duration_"
	    "ms\",\"kind\"],\"type\":\"object\"}" },
	{ "ReceiptItem",
	    "{\"properties\":{\"entry\":" HTTP_INTEGER ",\"id\":" HTTP_ID
	    ",\"sha256\":" DIGEST ",\"size\":" HTTP_INTEGER
	    ",\"state\":{\"enum\":[\"sealed\",\"corrupt\"],\"type\":"
	    "\"string\"}},\"required\":[\"entry\",\"id\",\"sha256\","
	    "\"size\",\"state\"],\"type\":\"object\"}" },
};

const struct http_topic api_evidence_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
