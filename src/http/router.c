#include "http/router.h"

#include "http/api.h"
#include "http/content.h"
#include "http/events.h"
#include "http/ops.h"
#include "http/tus.h"

#include <string.h>

#define AGENCY   "/v1/agencies/{agency}/"
#define UPLOADS  AGENCY "uploads"
#define UPLOAD   AGENCY "uploads/{id}"
#define EVIDENCE AGENCY "evidence"
#define ITEM     AGENCY "evidence/{id}"
#define LOG      AGENCY "log/"

#define JSON   "application/json"
#define BYTES  "application/octet-stream"
#define TEXT   "text/plain; charset=utf-8"
#define OFFSET "application/offset+octet-stream"

#define ONCE                                                                   \
	"Of your choice: the same request with the same key within a day "     \
	"makes nothing more."
#define INT64   "{\"minimum\":0,\"type\":\"integer\"}"
#define UUID    "{\"format\":\"uuid\",\"type\":\"string\"}"
#define STRING  "{\"type\":\"string\"}"
#define DIGEST  "{\"pattern\":\"^[0-9a-f]{64}$\",\"type\":\"string\"}"
#define VERSION "{\"const\":\"1.0.0\",\"type\":\"string\"}"

#define TUS_RESUMABLE                                                          \
	{                                                                      \
		"header", "Tus-Resumable", VERSION, true,                      \
		    "The protocol's version."                                  \
	}

static const struct http_input upload_input[] = { TUS_RESUMABLE };

static const struct http_input create_input[] = {
	TUS_RESUMABLE,
	{ "header", "Upload-Length", INT64, false, "Size of the whole." },
	{ "header", "Upload-Defer-Length",
	    "{\"const\":\"1\",\"type\":\"string\"}", false,
	    "The size comes with a later PATCH." },
	{ "header", "Upload-Metadata", STRING, false,
	    "Pairs of key and base64 value: filename, filetype, title, "
	    "category, captured_at, device, sha256, and up to 20 of your "
	    "own." },
	{ "header", "Idempotency-Key", STRING, false, ONCE },
	{ "header", "Upload-Concat", STRING, false,
	    "\"partial\", or \"final;\" and the URLs of the parts." },
	{ "header", "Upload-Checksum", STRING, false,
	    "sha1 or sha256 and the base64 digest of this request's body." },
};

static const struct http_input patch_input[] = {
	TUS_RESUMABLE,
	{ "header", "Upload-Offset", INT64, true,
	    "Where the body goes: the upload's offset." },
	{ "header", "Upload-Length", INT64, false,
	    "Once, when it was deferred." },
	{ "header", "Upload-Checksum", STRING, false,
	    "sha1 or sha256 and the base64 digest of this request's body." },
};

static const struct http_input once_input[] = {
	{ "header", "Idempotency-Key", STRING, false, ONCE },
};

static const struct http_input events_input[] = {
	{ "query", "object", UUID, false, "Only of this upload or item." },
	{ "header", "Last-Event-ID", INT64, false,
	    "The id of the last event that was heard: go on after it." },
};

static const struct http_input list_input[] = {
	{ "query", "cursor", STRING, false, "\"next\" of the page before." },
	{ "query", "limit",
	    "{\"maximum\":1000,\"minimum\":1,\"type\":\"integer\"}", false,
	    "Items a page; 100 when absent." },
	{ "query", "sha256", DIGEST, false, "Only items of this content." },
	{ "query", "category", STRING, false, "Only items of this category." },
};

static const struct http_input custody_input[] = {
	{ "query", "from", INT64, false, "\"next\" of the page before." },
};

static const struct http_input timestamps_input[] = {
	{ "query", "before", "{\"minimum\":1,\"type\":\"integer\"}", false,
	    "\"next\" of the page before." },
};

static const struct http_input timestamp_input[] = {
	{ "query", "number", "{\"minimum\":1,\"type\":\"integer\"}", false,
	    "Its number in the list; when absent, the newest." },
};

static const struct http_input paper_input[] = {
	{ "query", "paper",
	    "{\"enum\":[\"letter\",\"a4\"],\"type\":\"string\"}", false,
	    "The sheets' size; when absent, what is usual where the agency "
	    "is." },
};

static const struct http_input content_input[] = {
	{ "header", "Range", STRING, false, "One range of bytes." },
	{ "header", "If-Range", STRING, false, "An ETag or a date." },
	{ "header", "If-Match", STRING, false, "ETags, or *." },
	{ "header", "If-None-Match", STRING, false, "ETags, or *." },
	{ "header", "If-Modified-Since", STRING, false, "A date." },
	{ "header", "If-Unmodified-Since", STRING, false, "A date." },
};

static const struct http_input condition_input[] = {
	{ "header", "If-Match", STRING, false, "ETags, or *." },
	{ "header", "If-None-Match", STRING, false, "ETags, or *." },
	{ "header", "If-Modified-Since", STRING, false, "A date." },
	{ "header", "If-Unmodified-Since", STRING, false, "A date." },
};

#define INPUT(a) .input = (a), .inputs = SP_COUNTOF(a)
#define UPLOADED "Upload-Offset Upload-Expires Sallyport-Evidence"
#define CONTENT                                                                \
	"Accept-Ranges ETag Last-Modified Content-Disposition Content-Range"

const struct http_route http_routes[] = {
	{
	    .method = HTTP_OPTIONS,
	    .path = UPLOADS,
	    .id = "describeUploads",
	    .summary = "What this server's uploads can do",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 204, "The extensions", NULL, NULL,
		"Tus-Version Tus-Extension Tus-Max-Size "
		"Tus-Checksum-Algorithm" } },
	    .handle = http_tus_options,
	},
	{
	    .method = HTTP_POST,
	    .path = UPLOADS,
	    .id = "createUpload",
	    .summary = "Begin an upload, with its first bytes or without",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_UPLOAD,
	    .kind = "upload",
	    .takes = HTTP_TAKES_BYTES,
	    .takes_schema = OFFSET,
	    .tus = true,
	    INPUT(create_input),
	    .success = { { 201, "Begun, or done with the last byte", NULL, NULL,
		"Location " UPLOADED } },
	    .problems = "409 412 413 415 423 429 460 507",
	    .handle = http_tus_create,
	},
	{
	    .method = HTTP_OPTIONS,
	    .path = UPLOAD,
	    .id = "describeUpload",
	    .summary = "What this server's uploads can do",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 204, "The extensions", NULL, NULL,
		"Tus-Version Tus-Extension Tus-Max-Size "
		"Tus-Checksum-Algorithm" } },
	    .handle = http_tus_options,
	},
	{
	    .method = HTTP_HEAD,
	    .path = UPLOAD,
	    .id = "showUpload",
	    .summary = "How far an upload has come",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_UPLOAD,
	    .kind = "upload",
	    .tus = true,
	    INPUT(upload_input),
	    .success = { { 200, "Its state", NULL, NULL,
		"Upload-Length Upload-Defer-Length Upload-Metadata "
		"Upload-Concat " UPLOADED } },
	    .problems = "412 423",
	    .handle = http_tus_head,
	},
	{
	    .method = HTTP_PATCH,
	    .path = UPLOAD,
	    .id = "continueUpload",
	    .summary = "Send the next bytes; the last one makes evidence",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_UPLOAD,
	    .kind = "upload",
	    .takes = HTTP_TAKES_BYTES,
	    .takes_schema = OFFSET,
	    .tus = true,
	    INPUT(patch_input),
	    .success = { { 204, "Durably stored", NULL, NULL, UPLOADED } },
	    .problems = "409 412 413 415 423 460 507",
	    .handle = http_tus_patch,
	},
	{
	    .method = HTTP_DELETE,
	    .path = UPLOAD,
	    .id = "endUpload",
	    .summary = "Give an unfinished upload up",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_UPLOAD,
	    .kind = "upload",
	    .tus = true,
	    INPUT(upload_input),
	    .success = { { 204, "Gone", NULL, NULL, NULL } },
	    .problems = "409 412 423",
	    .handle = http_tus_delete,
	},
	{
	    .method = HTTP_GET,
	    .path = EVIDENCE,
	    .id = "listEvidence",
	    .summary = "Evidence, newest first, a page at a time",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_LIST,
	    .kind = "evidence",
	    INPUT(list_input),
	    .success = { { 200, "A page", JSON, "EvidencePage", NULL } },
	    .handle = http_api_list,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM,
	    .id = "showEvidence",
	    .summary = "What is known of one item",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHOW,
	    .kind = "evidence",
	    .success = { { 200, "The item", JSON, "Evidence", NULL } },
	    .handle = http_api_show,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/content",
	    .id = "viewEvidence",
	    .summary = "The original's bytes; recorded in its custody",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_VIEW,
	    .kind = "evidence",
	    INPUT(content_input),
	    .success = { { 200, "The whole", "*/*", NULL, CONTENT },
		{ 206, "The range", "*/*", NULL, CONTENT },
		{ 304, "Not changed", NULL, NULL, "ETag" } },
	    .problems = "412 416",
	    .handle = http_content_get,
	},
	{
	    .method = HTTP_HEAD,
	    .path = ITEM "/content",
	    .id = "describeContent",
	    .summary = "What a GET would answer; nothing is revealed",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHOW,
	    .kind = "evidence",
	    INPUT(content_input),
	    .success = { { 200, "The whole", NULL, NULL, CONTENT },
		{ 304, "Not changed", NULL, NULL, "ETag" } },
	    .problems = "412",
	    .handle = http_content_head,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/receipt",
	    .id = "showReceipt",
	    .summary = "The proof that its sealing is in the log "
		       "(C2SP tlog-proof)",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHOW,
	    .kind = "evidence",
	    .success = { { 200, "The proof", TEXT, NULL, NULL } },
	    .handle = http_api_receipt,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/receipt/entry",
	    .id = "showReceiptEntry",
	    .summary = "The exact bytes of the entry that the receipt proves",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SHOW,
	    .kind = "evidence",
	    .success = { { 200, "The entry", JSON, "Entry", NULL } },
	    .handle = http_api_receipt_entry,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/custody",
	    .id = "showCustody",
	    .summary = "Its story: every entry of the log about it",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_CUSTODY,
	    .kind = "evidence",
	    INPUT(custody_input),
	    .success = { { 200, "A page", JSON, "Custody", NULL } },
	    .handle = http_api_custody,
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
	    .success = { { 200, "What is known so far", JSON, "Media", NULL } },
	    .handle = http_api_media,
	},
	{
	    .method = HTTP_GET,
	    .path = ITEM "/poster.jpg",
	    .id = "previewEvidence",
	    .summary = "A frame of it, small; recorded in its custody",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PREVIEW,
	    .kind = "evidence",
	    INPUT(condition_input),
	    .success = { { 200, "The frame", "image/jpeg", NULL,
			     "ETag Last-Modified Content-Disposition" },
		{ 304, "Not changed", NULL, NULL, "ETag" } },
	    .problems = "412",
	    .handle = http_content_poster,
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
	    INPUT(paper_input),
	    .success = { { 200, "The report", "application/pdf", NULL,
		"Content-Disposition" } },
	    .handle = http_api_custody_pdf,
	},
	{
	    .method = HTTP_GET,
	    .path = AGENCY "events",
	    .id = "followEvents",
	    .summary = "What happens from now on, as server-sent events; a "
		       "device hears of what its own token brings in",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_FOLLOW,
	    .kind = "evidence",
	    INPUT(events_input),
	    .success = { { 200, "Events, until either side ends",
		"text/event-stream", "Events", "X-Accel-Buffering" } },
	    .problems = "429",
	    .handle = http_events_follow,
	},
	{
	    .method = HTTP_POST,
	    .path = AGENCY "exports",
	    .id = "exportEvidence",
	    .summary = "A BagIt bag of items that proves itself; recorded in "
		       "the custody of each",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_EXPORT,
	    .kind = "evidence",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "ExportNew",
	    .success = { { 200, "The bag", "*/*", NULL,
		"Content-Disposition" } },
	    .handle = http_content_export,
	},
	{
	    .method = HTTP_GET,
	    .path = AGENCY "tokens",
	    .id = "listTokens",
	    .summary = "The agency's tokens, without their secrets",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_TOKENS,
	    .kind = "token",
	    .success = { { 200, "All tokens", JSON, "TokenList", NULL } },
	    .handle = http_api_tokens,
	},
	{
	    .method = HTTP_POST,
	    .path = AGENCY "tokens",
	    .id = "issueToken",
	    .summary = "A new token; its text is shown this once",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_TOKENS,
	    .kind = "token",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "TokenNew",
	    INPUT(once_input),
	    .success = { { 201, "The token", JSON, "TokenIssued",
		"Location" } },
	    .problems = "409 507",
	    .handle = http_api_token_issue,
	},
	{
	    .method = HTTP_DELETE,
	    .path = AGENCY "tokens/{id}",
	    .id = "revokeToken",
	    .summary = "Revoke a token at once",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_TOKENS,
	    .kind = "token",
	    .success = { { 204, "Revoked", NULL, NULL, NULL } },
	    .problems = "409 507",
	    .handle = http_api_token_revoke,
	},
	{
	    .method = HTTP_GET,
	    .path = "/v1/token",
	    .id = "showOwnToken",
	    .summary = "Whose this token is",
	    .door = HTTP_DOOR_KNOWN,
	    .kind = "token",
	    .success = { { 200, "Its agency and role", JSON, "TokenOwn",
		NULL } },
	    .handle = http_api_token_own,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "checkpoint",
	    .id = "showCheckpoint",
	    .summary = "The log's signed checkpoint (C2SP tlog-checkpoint)",
	    .door = HTTP_DOOR_PUBLIC,
	    .success = { { 200, "The checkpoint", TEXT, NULL, NULL } },
	    .handle = http_api_checkpoint,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "cosigned",
	    .id = "showCosigned",
	    .summary = "The newest checkpoint that a witness has cosigned, "
		       "with all cosignatures of it (C2SP tlog-cosignature)",
	    .door = HTTP_DOOR_PUBLIC,
	    .success = { { 200, "The checkpoint", TEXT, NULL, NULL } },
	    .handle = http_api_cosigned,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "timestamps",
	    .id = "listTimestamps",
	    .summary = "Timestamps of the log's checkpoints (RFC 3161), newest "
		       "first, a page at a time",
	    .door = HTTP_DOOR_PUBLIC,
	    INPUT(timestamps_input),
	    .success = { { 200, "A page", JSON, "Timestamps", NULL } },
	    .handle = http_api_timestamps,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "timestamp",
	    .id = "showTimestamp",
	    .summary = "A timestamp of a checkpoint, as RFC 3161's "
		       "TimeStampResp",
	    .door = HTTP_DOOR_PUBLIC,
	    INPUT(timestamp_input),
	    .success = { { 200, "The timestamp", "application/timestamp-reply",
		NULL, NULL } },
	    .handle = http_api_timestamp,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "timestamp/checkpoint",
	    .id = "showTimestampCheckpoint",
	    .summary = "The signed checkpoint that a timestamp is of, to the "
		       "byte",
	    .door = HTTP_DOOR_PUBLIC,
	    INPUT(timestamp_input),
	    .success = { { 200, "The checkpoint", TEXT, NULL, NULL } },
	    .handle = http_api_timestamp_checkpoint,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "key",
	    .id = "showLogKey",
	    .summary = "The log's verifier key (C2SP signed-note)",
	    .door = HTTP_DOOR_PUBLIC,
	    .success = { { 200, "name+hash+base64", TEXT, NULL, NULL } },
	    .handle = http_api_key,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "tile/entries/{index*}",
	    .id = "showEntryBundle",
	    .summary = "Entries of the log (C2SP tlog-tiles), for the agency",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_ENTRIES,
	    .kind = "log",
	    .success = { { 200, "The bundle", BYTES, NULL, NULL } },
	    .handle = http_api_bundle,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "tile/{level}/{index*}",
	    .id = "showTile",
	    .summary = "Hashes of the log (C2SP tlog-tiles)",
	    .door = HTTP_DOOR_PUBLIC,
	    .success = { { 200, "The tile", BYTES, NULL, NULL } },
	    .handle = http_api_tile,
	},
	{
	    .method = HTTP_GET,
	    .path = "/v1/openapi.json",
	    .id = "showApi",
	    .summary = "This description",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 200, "OpenAPI 3.1", JSON, NULL, NULL } },
	    .handle = http_ops_openapi,
	},
	{
	    .method = HTTP_GET,
	    .path = "/healthz",
	    .id = "showHealth",
	    .summary = "The process answers",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 200, "Alive", JSON, NULL, NULL } },
	    .handle = http_ops_healthz,
	},
	{
	    .method = HTTP_GET,
	    .path = "/readyz",
	    .id = "showReadiness",
	    .summary = "It can take evidence in",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 200, "Ready", JSON, "Readiness", NULL },
		{ 503, "Not ready", JSON, "Readiness", NULL } },
	    .handle = http_ops_readyz,
	},
	{
	    .method = HTTP_GET,
	    .path = "/metrics",
	    .id = "showMetrics",
	    .summary = "Counters in Prometheus' text format, to this machine "
		       "only",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 200, "Counters",
		"text/plain; version=0.0.4; charset=utf-8", NULL, NULL } },
	    .problems = "404",
	    .handle = http_ops_metrics,
	},
};
const size_t http_routes_count = SP_COUNTOF(http_routes);

static const char *const method_names[] = {
#define X(id, name) [id] = (name),
	HTTP_METHODS(X)
#undef X
};

const char *
http_method_name(enum http_method m)
{
	SP_REQUIRE((size_t)m < SP_COUNTOF(method_names));
	return method_names[m];
}

enum http_method
http_method_parse(const char *s)
{
	for (size_t i = 0; i < SP_COUNTOF(method_names); i++)
		if (strcmp(s, method_names[i]) == 0)
			return (enum http_method)i;
	return HTTP_METHOD_COUNT;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
http_percent_decode(const char *s, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)s[i], high, low;

		if (c == '%') {
			if (len - i < 3)
				return false;
			high = hex_digit(s[i + 1]);
			low = hex_digit(s[i + 2]);
			if (high < 0 || low < 0)
				return false;
			c = high << 4 | low;
			i += 2;
		}
		if (c == '\0')
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

/* A request's path: its segments, each decoded. */
#define SEGMENTS_MAX 24

struct path {
	size_t n;
	const char *segment[SEGMENTS_MAX];
	size_t used; /* of the match's text */
};

/* One segment: after the '/' up to the next one or the end. */
static enum sp_code
add_segment(struct http_match *m, struct path *p, const char *s, size_t len,
    struct sp_err *err)
{
	char *at = m->text + p->used;

	if (p->n == SEGMENTS_MAX)
		return sp_fail(err, SP_E_NOTFOUND, "no such path");
	if (!http_percent_decode(s, len, at))
		return sp_fail_as(err, SP_E_INVALID, "http.malformed",
		    "the path is not properly percent-encoded");
	if (strchr(at, '/') != NULL)
		return sp_fail(err, SP_E_NOTFOUND, "no such path");
	p->segment[p->n++] = at;
	p->used += strlen(at) + 1;
	return SP_OK;
}

/* A proxy may send "https://host/path" (RFC 9112, 3.2.2). */
static const char *
origin_form(const char *s)
{
	const char *rest = NULL;

	if (strncmp(s, "https://", 8) == 0)
		rest = strchr(s + 8, '/');
	else if (strncmp(s, "http://", 7) == 0)
		rest = strchr(s + 7, '/');
	return rest == NULL ? s : rest;
}

static enum sp_code
split(struct http_match *m, struct path *p, const char *s, struct sp_err *err)
{
	if (strnlen(s, HTTP_PATH_MAX) == HTTP_PATH_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "http.uri",
		    "a path has less than %zu bytes", HTTP_PATH_MAX);
	s = origin_form(s);
	if (*s != '/')
		return sp_fail(err, SP_E_NOTFOUND, "no such path");
	while (*s == '/') {
		const char *end = strchr(s + 1, '/');
		size_t len =
		    end == NULL ? strlen(s + 1) : (size_t)(end - s) - 1;

		SP_TRY(add_segment(m, p, s + 1, len, err));
		s += 1 + len;
	}
	return SP_OK;
}

/* A template's next segment; moves *at past it. */
static bool
template_next(const char **at, const char **segment, size_t *len)
{
	const char *s = *at;

	if (*s != '/')
		return false;
	*segment = ++s;
	while (*s != '\0' && *s != '/')
		s++;
	*len = (size_t)(s - *segment);
	*at = s;
	return true;
}

static void
add_param(struct http_match *m, const char *name, size_t len, const char *value)
{
	SP_REQUIRE(m->params < HTTP_PARAMS);
	m->param[m->params].name = name;
	m->param[m->params].name_len = len;
	m->param[m->params].value = value;
	m->params++;
}

/* Does the path fit the template?  Then the parameters are in m. */
static bool
fits(struct http_match *m, const struct path *p, const char *template,
    size_t *rest)
{
	const char *name;
	size_t len, i = 0;

	m->params = 0;
	*rest = SEGMENTS_MAX;
	while (template_next(&template, &name, &len)) {
		if (i == p->n)
			return false;
		if (name[0] != '{') {
			if (strlen(p->segment[i]) != len ||
			    memcmp(p->segment[i], name, len) != 0)
				return false;
		} else if (name[len - 2] == '*') {
			add_param(m, name + 1, len - 3, p->segment[i]);
			*rest = i;
			return true;
		} else {
			add_param(m, name + 1, len - 2, p->segment[i]);
		}
		i++;
	}
	return i == p->n;
}

/* The segments from `rest` on lie one after the other: one text again. */
static void
join_rest(const struct path *p, char *text, size_t rest)
{
	for (size_t i = rest; i + 1 < p->n; i++)
		text[(p->segment[i + 1] - text) - 1] = '/';
}

static bool
takes_method(const struct http_route *r, enum http_method method)
{
	return r->method == method ||
	    (r->method == HTTP_GET && method == HTTP_HEAD);
}

static void
note_methods(struct http_match *m, const struct http_route *r)
{
	m->methods |= 1U << r->method;
	if (r->method == HTTP_GET)
		m->methods |= 1U << HTTP_HEAD;
}

enum sp_code
http_router_match(struct http_match *m, enum http_method method,
    const char *path, struct sp_err *err)
{
	struct path p = { .n = 0 };
	const struct http_route *found = NULL;
	size_t rest = SEGMENTS_MAX;

	m->route = m->path = NULL;
	m->methods = 0;
	m->params = 0;
	SP_TRY(split(m, &p, path, err));
	for (size_t i = 0; i < http_routes_count; i++) {
		const struct http_route *r = &http_routes[i];

		/* The first template that fits is the path's. */
		if (m->path != NULL && strcmp(m->path->path, r->path) != 0)
			continue;
		if (m->path == NULL && !fits(m, &p, r->path, &rest))
			continue;
		if (m->path == NULL)
			m->path = r;
		note_methods(m, r);
		/* A route of its own goes before GET's for HEAD. */
		if (takes_method(r, method) &&
		    (found == NULL || r->method == method))
			found = r;
	}
	if (m->path == NULL)
		return sp_fail(err, SP_E_NOTFOUND, "no such path");
	if (rest < SEGMENTS_MAX)
		join_rest(&p, m->text, rest);
	if (found == NULL)
		return sp_fail_as(err, SP_E_INVALID, "http.method",
		    "not a method of this resource");
	m->route = found;
	return SP_OK;
}

bool
http_match_has(const struct http_match *m, const char *name)
{
	for (size_t i = 0; i < m->params; i++)
		if (strlen(name) == m->param[i].name_len &&
		    memcmp(name, m->param[i].name, m->param[i].name_len) == 0)
			return true;
	return false;
}

const char *
http_match_param(const struct http_match *m, const char *name)
{
	for (size_t i = 0; i < m->params; i++)
		if (strlen(name) == m->param[i].name_len &&
		    memcmp(name, m->param[i].name, m->param[i].name_len) == 0)
			return m->param[i].value;
	sp_panic(__FILE__, __LINE__, __func__, name);
}
