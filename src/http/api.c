#include "http/api.h"

#include "base/json.h"
#include "base/parse.h"
#include "gate/once.h"
#include "processing/show.h"
#include "report/gather.h"
#include "vouch/record.h"

#include <jansson.h>
#include <string.h>

#define LIST_DEFAULT 100
#define LIST_MOST    1000

#define TEXT_PLAIN "text/plain; charset=utf-8"
#define FOREVER    "public, max-age=31536000, immutable"

/* --- Evidence --- */

static enum sp_code
query_u64(const struct http_request *q, const char *name, uint64_t least,
    uint64_t most, uint64_t *out, struct sp_err *err)
{
	const char *s = http_request_query(q, name);

	if (s != NULL && !sp_parse_u64(s, strlen(s), least, most, out))
		return sp_fail(err, SP_E_INVALID,
		    "%s: a number from %ju to %ju", name, (uintmax_t)least,
		    (uintmax_t)most);
	return SP_OK;
}

enum sp_code
http_api_list(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct evidence_list list = {
		.cursor = http_request_query(q, "cursor"),
		.sha256 = http_request_query(q, "sha256"),
		.category = http_request_query(q, "category"),
	};
	uint64_t n = LIST_DEFAULT;

	SP_TRY(query_u64(q, "limit", 1, LIST_MOST, &n, err));
	list.n = (size_t)n;
	SP_TRY(evidence_item_list(q->room, q->pass, &list, &out, err));
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

enum sp_code
http_api_show(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	SP_TRY(evidence_item_json(q->room, q->pass, &q->id, &out, err));
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

enum sp_code
http_api_receipt(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	SP_TRY(evidence_item_receipt(q->room, q->pass, &q->id, &out, err));
	http_answer_take(a, TEXT_PLAIN, &out);
	return SP_OK;
}

enum sp_code
http_api_receipt_entry(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	SP_TRY(
	    evidence_item_receipt_entry(q->room, q->pass, &q->id, &out, err));
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

enum sp_code
http_api_custody(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	uint64_t from = 0;

	SP_TRY(query_u64(q, "from", 0, INT64_MAX, &from, err));
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

enum sp_code
http_api_custody_pdf(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
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

enum sp_code
http_api_media(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	SP_TRY(processing_show_media(q->room, q->pass, &q->id, &out, err));
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

/* --- Tokens --- */

static enum sp_code
wish_role(const json_t *root, struct http_token_wish *w, struct sp_err *err)
{
	const char *s = json_string_value(json_object_get(root, "role"));

	if (s == NULL || !gate_role_parse(s, &w->role) ||
	    !gate_role_row(w->role)->token)
		return sp_fail(err, SP_E_INVALID,
		    "role: administrator, custodian, officer, auditor or "
		    "device");
	return SP_OK;
}

static enum sp_code
wish_label(const json_t *root, struct http_token_wish *w, struct sp_err *err)
{
	const json_t *label = json_object_get(root, "label");
	const char *s = json_string_value(label);

	/* The finer rules are the gate's; a NUL would hide from them. */
	if (s == NULL || strlen(s) != json_string_length(label) ||
	    strlen(s) > GATE_TOKEN_LABEL)
		return sp_fail(err, SP_E_INVALID,
		    "label: a string of 1 to %d bytes", GATE_TOKEN_LABEL);
	memcpy(w->label, s, strlen(s) + 1);
	return SP_OK;
}

/* Exactly one of the two says when it ends. */
static enum sp_code
wish_expiry(const json_t *root, sp_time now, struct http_token_wish *w,
    struct sp_err *err)
{
	const json_t *at = json_object_get(root, "expires_at");
	const json_t *days = json_object_get(root, "expires_in_days");
	const sp_time day = INT64_C(86400) * SP_SECOND;
	json_int_t n = json_integer_value(days);

	if ((at == NULL) == (days == NULL))
		return sp_fail(err, SP_E_INVALID,
		    "one of expires_at and expires_in_days is needed");
	if (at != NULL &&
	    (!json_is_string(at) ||
		!sp_time_parse(json_string_value(at), json_string_length(at),
		    &w->expires)))
		return sp_fail(
		    err, SP_E_INVALID, "expires_at: a time as RFC 3339 has it");
	if (days != NULL &&
	    (!json_is_integer(days) || n < 1 || n > HTTP_TOKEN_DAYS))
		return sp_fail(err, SP_E_INVALID,
		    "expires_in_days: a number from 1 to %d", HTTP_TOKEN_DAYS);
	if (days != NULL)
		w->expires = now + n * day;
	if (w->expires > now + HTTP_TOKEN_DAYS * day)
		return sp_fail(err, SP_E_INVALID,
		    "expires_at: at most %d days from now", HTTP_TOKEN_DAYS);
	return SP_OK;
}

static enum sp_code
wish(const json_t *root, sp_time now, struct http_token_wish *w,
    struct sp_err *err)
{
	if (!json_is_object(root) || json_object_size(root) != 3)
		return sp_fail(err, SP_E_INVALID,
		    "an object with role, label and expires_at or "
		    "expires_in_days, and nothing else");
	SP_TRY(wish_role(root, w, err));
	SP_TRY(wish_label(root, w, err));
	return wish_expiry(root, now, w, err);
}

enum sp_code
http_api_token_wish(const void *json, size_t len, sp_time now,
    struct http_token_wish *out, struct sp_err *err)
{
	struct http_token_wish w = { .expires = 0 };
	json_error_t why;
	json_t *root = json_loadb(json == NULL ? "" : json, len,
	    JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
	enum sp_code code;

	if (root == NULL)
		return sp_fail(err, SP_E_INVALID, "not JSON: %s", why.text);
	code = wish(root, now, &w, err);
	json_decref(root);
	if (code == SP_OK)
		*out = w;
	return code;
}

struct issuing {
	const struct http_request *q;
	const struct http_token_wish *wish;
	struct sp_id id;
	char text[GATE_TOKEN_TEXT];
	const struct gate_once *once; /* its Idempotency-Key, or NULL */
};

/* The token's text cannot be shown again: say which token it was. */
static enum sp_code
issued_before(const struct sp_id *id, struct sp_err *err)
{
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	return sp_fail_as(err, SP_E_CONFLICT, "once.made",
	    "token %s was issued for this Idempotency-Key; its text was shown "
	    "then and cannot be shown again",
	    text);
}

static enum sp_code
issue_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct issuing *i = arg;
	struct gate_token_new t = {
		.agency = i->q->who.agency,
		.role = i->wish->role,
		.label = i->wish->label,
		.expires = i->wish->expires,
		.by = &i->q->who,
	};

	struct sp_id before;
	bool known = false;

	SP_TRY(gate_token_issue(tx, &t, &i->id, i->text, err));
	if (i->once == NULL)
		return SP_OK;
	before = i->id;
	SP_TRY(gate_once_take(tx, i->once, &before, &known, err));
	/* Failing, the act takes back the token just made. */
	return known ? issued_before(&before, err) : SP_OK;
}

static void
json_time(struct sp_json *j, const char *name, sp_time t)
{
	char text[SP_TIME_TEXT];

	sp_time_text(t, text);
	sp_json_str(j, name, text);
}

static void
json_id(struct sp_json *j, const char *name, const struct sp_id *id)
{
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	sp_json_str(j, name, text);
}

static void
json_issued(const struct issuing *i, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	json_time(&j, "expires_at", i->wish->expires);
	json_id(&j, "id", &i->id);
	sp_json_str(&j, "label", i->wish->label);
	sp_json_str(&j, "role", gate_role_name(i->wish->role));
	sp_json_str(&j, "token", i->text);
	sp_json_end(&j);
}

enum sp_code
http_api_token_issue(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_secret(4096);
	struct http_token_wish w;
	struct issuing i = { .q = q, .wish = &w };
	CRYPTO_WIPE_ON_EXIT(i);
	struct gate_once once;
	char id[SP_ID_TEXT];

	SP_TRY(http_api_token_wish(q->body.at, q->body.len, sp_now(), &w, err));
	if (q->field[HTTP_F_ONCE] != NULL) {
		const struct crypto_piece body = { q->body.at, q->body.len };

		SP_TRY(gate_once_of(
		    &q->who, q->field[HTTP_F_ONCE], &body, 1, &once, err));
		i.once = &once;
	}
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), issue_act, &i, err));
	json_issued(&i, &out);
	SP_TRY(sp_buf_check(&out, "token", err));
	sp_id_text(&i.id, id);
	a->status = 201;
	http_answer_fmt(a, "Location", "/v1/agencies/%s/tokens/%s",
	    http_match_param(&q->match, "agency"), id);
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

enum sp_code
http_api_token_revoke(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	a->status = 204;
	return evidence_room_revoke(q->room, &q->who, &q->id, err);
}

static enum sp_code
json_token(void *arg, const struct gate_token *t, struct sp_err *err)
{
	struct sp_json *j = arg;

	(void)err;
	sp_json_object(j, NULL);
	json_time(j, "created_at", t->created);
	json_time(j, "expires_at", t->expires);
	json_id(j, "id", &t->id);
	sp_json_str(j, "label", t->label);
	if (t->revoked == 0)
		sp_json_null(j, "revoked_at");
	else
		json_time(j, "revoked_at", t->revoked);
	sp_json_str(j, "role", gate_role_name(t->role));
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
http_api_tokens(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	DB_LENT(reader, evidence_room_readers(q->room));

	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	SP_TRY(gate_token_each(reader.db, json_token, &j, err));
	sp_json_end(&j);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&out, "tokens", err));
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

enum sp_code
http_api_token_own(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(4096);
	struct sp_json j = sp_json_to(&out);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "agency", evidence_room_agency(q->room)->slug);
	json_id(&j, "id", &q->who.token);
	sp_json_str(&j, "role", gate_role_name(q->who.role));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&out, "token", err));
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

/* --- The log --- */

enum sp_code
http_api_checkpoint(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(LEDGER_NOTE_MAX);

	ledger_log_checkpoint(evidence_room_log(q->room), &out);
	SP_TRY(sp_buf_check(&out, "checkpoint", err));
	http_answer_take(a, TEXT_PLAIN, &out);
	http_answer_set(a, "Cache-Control", "no-cache");
	return SP_OK;
}

enum sp_code
http_api_cosigned(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(LEDGER_NOTE_MAX);
	DB_LENT(reader, evidence_room_readers(q->room));

	SP_TRY(vouch_record_newest(reader.db, &out, err));
	http_answer_take(a, TEXT_PLAIN, &out);
	http_answer_set(a, "Cache-Control", "no-cache");
	return SP_OK;
}

enum sp_code
http_api_timestamps(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	uint64_t before = 0;
	DB_LENT(reader, evidence_room_readers(q->room));

	SP_TRY(query_u64(q, "before", 1, INT64_MAX, &before, err));
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

	SP_TRY(query_u64(q, "number", 1, INT64_MAX, &number, err));
	return vouch_record_stamp(reader.db, number, out, err);
}

enum sp_code
http_api_timestamp(
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

enum sp_code
http_api_timestamp_checkpoint(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	VOUCH_AUTO_STAMP s = vouch_stamp_new();

	SP_TRY(timestamp_of(q, &s, err));
	http_answer_take(a, TEXT_PLAIN, &s.note);
	http_answer_set(a, "Cache-Control", "no-cache");
	return SP_OK;
}

enum sp_code
http_api_key(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(4096);

	ledger_vkey_text(ledger_log_vkey(evidence_room_log(q->room)), &out);
	SP_TRY(sp_buf_check(&out, "key", err));
	http_answer_take(a, TEXT_PLAIN, &out);
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
http_api_tile_index(const char *s, uint64_t *index, unsigned *width)
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

enum sp_code
http_api_tile(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new((size_t)256 * LEDGER_HASH_LEN);
	const char *level = http_match_param(&q->match, "level");
	uint64_t l = 0, index = 0;
	unsigned width = 0;

	if (!sp_parse_u64(level, strlen(level), 0, 63, &l) ||
	    !http_api_tile_index(
		http_match_param(&q->match, "index"), &index, &width))
		return no_tile(err);
	SP_TRY(ledger_log_tile(
	    evidence_room_log(q->room), (unsigned)l, index, width, &out, err));
	http_answer_take(a, "application/octet-stream", &out);
	http_answer_set(a, "Cache-Control", FOREVER);
	return SP_OK;
}

enum sp_code
http_api_bundle(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	uint64_t index = 0;
	unsigned width = 0;

	if (!http_api_tile_index(
		http_match_param(&q->match, "index"), &index, &width))
		return no_tile(err);
	DB_LENT(reader, evidence_room_readers(q->room));
	SP_TRY(ledger_log_bundle(
	    evidence_room_log(q->room), reader.db, index, width, &out, err));
	http_answer_take(a, "application/octet-stream", &out);
	return SP_OK;
}
