#include "api/log.h"

#include "base/parse.h"
#include "http/request.h"
#include "vouch/record.h"

#include <string.h>

#define FOREVER "public, max-age=31536000, immutable"

static enum sp_code
show_checkpoint(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(LEDGER_NOTE_MAX);

	ledger_log_checkpoint(evidence_room_log(q->room), &out);
	SP_TRY(sp_buf_check(&out, "checkpoint", err));
	http_answer_take(a, HTTP_TEXT, &out);
	http_answer_set(a, "Cache-Control", "no-cache");
	return SP_OK;
}

static enum sp_code
show_cosigned(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(LEDGER_NOTE_MAX);
	DB_LENT(reader, evidence_room_readers(q->room));

	SP_TRY(vouch_record_newest(reader.db, &out, err));
	http_answer_take(a, HTTP_TEXT, &out);
	http_answer_set(a, "Cache-Control", "no-cache");
	return SP_OK;
}

static enum sp_code
list_timestamps(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	uint64_t before = 0;
	DB_LENT(reader, evidence_room_readers(q->room));

	SP_TRY(http_request_query_u64(q, "before", 1, INT64_MAX, &before, err));
	SP_TRY(vouch_record_stamps_json(reader.db, before, &out, err));
	http_answer_take(a, "application/json", &out);
	http_answer_set(a, "Cache-Control", "no-cache");
	return SP_OK;
}

/* The one that is asked for, or the newest. */
static enum sp_code
timestamp_of(
    const struct http_request *q, struct vouch_stamp *out, struct sp_err *err)
{
	uint64_t number = 0;
	DB_LENT(reader, evidence_room_readers(q->room));

	SP_TRY(http_request_query_u64(q, "number", 1, INT64_MAX, &number, err));
	return vouch_record_stamp(reader.db, number, out, err);
}

static enum sp_code
show_timestamp(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	VOUCH_AUTO_STAMP s = vouch_stamp_new();
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	SP_TRY(timestamp_of(q, &s, err));
	crypto_timestamp_reply(s.token.at, s.token.len, &out);
	SP_TRY(sp_buf_check(&out, "timestamp", err));
	http_answer_take(a, "application/timestamp-reply", &out);
	http_answer_set(a, "Cache-Control", "no-cache");
	return SP_OK;
}

static enum sp_code
show_timestamp_checkpoint(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	VOUCH_AUTO_STAMP s = vouch_stamp_new();

	SP_TRY(timestamp_of(q, &s, err));
	http_answer_take(a, HTTP_TEXT, &s.note);
	http_answer_set(a, "Cache-Control", "no-cache");
	return SP_OK;
}

static enum sp_code
show_log_key(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(4096);

	ledger_vkey_text(ledger_log_vkey(evidence_room_log(q->room)), &out);
	SP_TRY(sp_buf_check(&out, "key", err));
	http_answer_take(a, HTTP_TEXT, &out);
	http_answer_set(a, "Cache-Control", "no-cache");
	return SP_OK;
}

/* Three digits. */
static bool
read_group(const char *s, unsigned *out)
{
	*out = 0;
	for (size_t i = 0; i < 3; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*out = *out * 10 + (unsigned)(s[i] - '0');
	}
	return true;
}

bool
api_log_tile_index(const char *s, uint64_t *index, unsigned *width)
{
	uint64_t n = 0, w = 256;
	bool more = true;

	for (bool first = true; more; first = false) {
		unsigned group;

		more = *s == 'x';
		s += more ? 1 : 0;
		/* No leading groups of zeroes, and nothing above 2^64. */
		if (!read_group(s, &group) || (first && more && group == 0) ||
		    __builtin_mul_overflow(n, UINT64_C(1000), &n) ||
		    __builtin_add_overflow(n, (uint64_t)group, &n))
			return false;
		s += 3;
		if (more && *s++ != '/')
			return false;
	}
	if (*s != '\0' &&
	    (strncmp(s, ".p/", 3) != 0 ||
		!sp_parse_u64(s + 3, strlen(s + 3), 1, 255, &w)))
		return false;
	*index = n;
	*width = (unsigned)w;
	return true;
}

static enum sp_code
no_tile(struct sp_err *err)
{
	return sp_fail(err, SP_E_NOTFOUND, "no such tile");
}

static enum sp_code
show_tile(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new((size_t)256 * LEDGER_HASH_LEN);
	const char *level = http_match_param(&q->match, "level");
	uint64_t l = 0, index = 0;
	unsigned width = 0;

	if (!sp_parse_u64(level, strlen(level), 0, 63, &l) ||
	    !api_log_tile_index(
		http_match_param(&q->match, "index"), &index, &width))
		return no_tile(err);
	SP_TRY(ledger_log_tile(
	    evidence_room_log(q->room), (unsigned)l, index, width, &out, err));
	http_answer_take(a, "application/octet-stream", &out);
	http_answer_set(a, "Cache-Control", FOREVER);
	return SP_OK;
}

static enum sp_code
show_entry_bundle(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	uint64_t index = 0;
	unsigned width = 0;

	if (!api_log_tile_index(
		http_match_param(&q->match, "index"), &index, &width))
		return no_tile(err);
	DB_LENT(reader, evidence_room_readers(q->room));
	SP_TRY(ledger_log_bundle(
	    evidence_room_log(q->room), reader.db, index, width, &out, err));
	http_answer_take(a, "application/octet-stream", &out);
	return SP_OK;
}

/* --- The routes --- */

#define LOG HTTP_AGENCY "log/"

static const struct http_input timestamps_input[] = {
	{ "query", "before", "{\"minimum\":1,\"type\":\"integer\"}", false,
	    "\"next\" of the page before." },
};

static const struct http_input timestamp_input[] = {
	{ "query", "number", "{\"minimum\":1,\"type\":\"integer\"}", false,
	    "Its number in the list; when absent, the newest." },
};

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = LOG "checkpoint",
	    .id = "showCheckpoint",
	    .summary = "The log's signed checkpoint (C2SP tlog-checkpoint)",
	    .door = HTTP_DOOR_PUBLIC,
	    .success = { { 200, "The checkpoint", HTTP_TEXT, NULL, NULL } },
	    .handle = show_checkpoint,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "cosigned",
	    .id = "showCosigned",
	    .summary = "The newest checkpoint that a witness has cosigned, "
		       "with all cosignatures of it (C2SP tlog-cosignature)",
	    .door = HTTP_DOOR_PUBLIC,
	    .success = { { 200, "The checkpoint", HTTP_TEXT, NULL, NULL } },
	    .handle = show_cosigned,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "timestamps",
	    .id = "listTimestamps",
	    .summary = "Timestamps of the log's checkpoints (RFC 3161), newest "
		       "first, a page at a time",
	    .door = HTTP_DOOR_PUBLIC,
	    HTTP_INPUT(timestamps_input),
	    .success = { { 200, "A page", HTTP_JSON, "Timestamps", NULL } },
	    .handle = list_timestamps,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "timestamp",
	    .id = "showTimestamp",
	    .summary = "A timestamp of a checkpoint, as RFC 3161's "
		       "TimeStampResp",
	    .door = HTTP_DOOR_PUBLIC,
	    HTTP_INPUT(timestamp_input),
	    .success = { { 200, "The timestamp", "application/timestamp-reply",
		NULL, NULL } },
	    .handle = show_timestamp,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "timestamp/checkpoint",
	    .id = "showTimestampCheckpoint",
	    .summary = "The signed checkpoint that a timestamp is of, to the "
		       "byte",
	    .door = HTTP_DOOR_PUBLIC,
	    HTTP_INPUT(timestamp_input),
	    .success = { { 200, "The checkpoint", HTTP_TEXT, NULL, NULL } },
	    .handle = show_timestamp_checkpoint,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "key",
	    .id = "showLogKey",
	    .summary = "The log's verifier key (C2SP signed-note)",
	    .door = HTTP_DOOR_PUBLIC,
	    .success = { { 200, "name+hash+base64", HTTP_TEXT, NULL, NULL } },
	    .handle = show_log_key,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "tile/entries/{index*}",
	    .id = "showEntryBundle",
	    .summary = "Entries of the log (C2SP tlog-tiles), for the agency",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_ENTRIES,
	    .kind = "log",
	    .success = { { 200, "The bundle", HTTP_BYTES, NULL, NULL } },
	    .handle = show_entry_bundle,
	},
	{
	    .method = HTTP_GET,
	    .path = LOG "tile/{level}/{index*}",
	    .id = "showTile",
	    .summary = "Hashes of the log (C2SP tlog-tiles)",
	    .door = HTTP_DOOR_PUBLIC,
	    .success = { { 200, "The tile", HTTP_BYTES, NULL, NULL } },
	    .handle = show_tile,
	},
};

static const struct http_schema schemas[] = {
	{ "Timestamps",
	    "{\"properties\":{\"next\":" HTTP_COUNT_OR_NULL
	    ",\"timestamps\":{\"items\":{\"properties\":{"
	    "\"authority\":" HTTP_STRING ",\"note\":" HTTP_STRING
	    ",\"number\":" HTTP_INTEGER ",\"size\":" HTTP_INTEGER
	    ",\"time\":" HTTP_TIME
	    "},\"required\":[\"authority\",\"note\",\"number\",\"size\","
	    "\"time\"],\"type\":\"object\"},\"type\":\"array\"}},\"required\":["
	    "\"next\",\"timestamps\"],\"type\":\"object\"}" },
};

const struct http_topic api_log_topic = { routes, SP_COUNTOF(routes), schemas,
	SP_COUNTOF(schemas) };
