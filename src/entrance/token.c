#include "entrance/token.h"

#include "crypto/secret.h"
#include "http/json.h"

#include <string.h>

/* --- What is wished --- */

static enum sp_code
wish_role(const json_t *root, struct entrance_token_wish *w, struct sp_err *err)
{
	const char *s = json_string_value(json_object_get(root, "role"));

	if (s == NULL || !gate_role_read(s, &w->role) ||
	    !gate_role_row(w->role)->token)
		return sp_fail(err, SP_E_INVALID,
		    "role: administrator, custodian, officer, auditor or "
		    "device");
	return SP_OK;
}

static enum sp_code
wish_label(
    const json_t *root, struct entrance_token_wish *w, struct sp_err *err)
{
	const char *s = json_string_value(json_object_get(root, "label"));

	/* The finer rules are the gate's. */
	if (s == NULL || strlen(s) > GATE_TOKEN_LABEL)
		return sp_fail(err, SP_E_INVALID,
		    "label: a string of 1 to %d bytes", GATE_TOKEN_LABEL);
	memcpy(w->label, s, strlen(s) + 1);
	return SP_OK;
}

/* Exactly one of the two says when it ends. */
static enum sp_code
wish_expiry(const json_t *root, sp_time now, struct entrance_token_wish *w,
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
	    (!json_is_integer(days) || n < 1 || n > ENTRANCE_TOKEN_DAYS))
		return sp_fail(err, SP_E_INVALID,
		    "expires_in_days: a number from 1 to %d",
		    ENTRANCE_TOKEN_DAYS);
	if (days != NULL)
		w->expires = now + n * day;
	if (w->expires > now + ENTRANCE_TOKEN_DAYS * day)
		return sp_fail(err, SP_E_INVALID,
		    "expires_at: at most %d days from now",
		    ENTRANCE_TOKEN_DAYS);
	return SP_OK;
}

/* Whose it is to be, where it is to be a person's. */
static enum sp_code
wish_person(
    const json_t *root, struct entrance_token_wish *w, struct sp_err *err)
{
	const json_t *person = json_object_get(root, "person");

	if (!json_is_string(person) ||
	    !sp_id_parse(json_string_value(person), json_string_length(person),
		&w->person))
		return sp_fail_as(
		    err, SP_E_INVALID, "token.person", "person: the id of one");
	w->of_person = true;
	return SP_OK;
}

static enum sp_code
wish(const json_t *root, sp_time now, struct entrance_token_wish *w,
    struct sp_err *err)
{
	bool person = json_object_get(root, "person") != NULL;

	if (!json_is_object(root) || json_object_size(root) != 3)
		return sp_fail(err, SP_E_INVALID,
		    "an object with role or person, label, and expires_at or "
		    "expires_in_days, and nothing else");
	SP_TRY(person ? wish_person(root, w, err) : wish_role(root, w, err));
	SP_TRY(wish_label(root, w, err));
	return wish_expiry(root, now, w, err);
}

enum sp_code
entrance_token_wish(const void *json, size_t len, sp_time now,
    struct entrance_token_wish *out, struct sp_err *err)
{
	struct entrance_token_wish w = { .expires = 0 };
	json_auto_t *root = NULL;

	SP_TRY(http_json_read(json, len, &root, err));
	SP_TRY(wish(root, now, &w, err));
	*out = w;
	return SP_OK;
}

/* One's own: {"label", "expires_at" | "expires_in_days"}. */
static enum sp_code
wish_own(const struct http_request *q, struct entrance_token_wish *out,
    struct sp_err *err)
{
	struct entrance_token_wish w = { .of_person = true,
		.person = q->who.person };
	json_auto_t *root = NULL;

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	if (!json_is_object(root) || json_object_size(root) != 2)
		return sp_fail(err, SP_E_INVALID,
		    "an object with label, and expires_at or expires_in_days, "
		    "and nothing else");
	SP_TRY(wish_label(root, &w, err));
	SP_TRY(wish_expiry(root, sp_now(), &w, err));
	*out = w;
	return SP_OK;
}

struct issuing {
	const struct http_request *q;
	const struct entrance_token_wish *wish;
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
		.person = i->wish->of_person ? &i->wish->person : NULL,
		.rules = evidence_room_rules(i->q->room),
		.label = i->wish->label,
		.expires = i->wish->expires,
		.by = &i->q->who,
	};
	struct sp_id made;
	bool known = false;

	/* Ahead of every limit: what was issued counts for them itself. */
	if (i->once != NULL)
		SP_TRY(gate_once_known(tx, i->once, &made, &known, err));
	if (known)
		return issued_before(&made, err);
	SP_TRY(gate_token_issue(tx, &t, &i->id, i->text, err));
	if (i->once == NULL)
		return SP_OK;
	made = i->id;
	return gate_once_take(tx, i->once, &made, &known, err);
}

static void
json_issued(const struct issuing *i, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	http_json_time(&j, "expires_at", i->wish->expires);
	http_json_id(&j, "id", &i->id);
	sp_json_str(&j, "label", i->wish->label);
	if (i->wish->of_person) {
		http_json_id(&j, "person", &i->wish->person);
		sp_json_null(&j, "role");
	} else {
		sp_json_null(&j, "person");
		sp_json_str(&j, "role", gate_role_name(i->wish->role));
	}
	sp_json_str(&j, "token", i->text);
	sp_json_end(&j);
}

static enum sp_code
issue(struct http_request *q, const struct entrance_token_wish *w,
    struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_secret(4096);
	struct issuing i = { .q = q, .wish = w };
	CRYPTO_WIPE_ON_EXIT(i);
	struct gate_once once;
	char id[SP_ID_TEXT];

	SP_TRY(http_json_once(q, &once, &i.once, err));
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

static enum sp_code
issue_token(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct entrance_token_wish w;

	SP_TRY(entrance_token_wish(q->body.at, q->body.len, sp_now(), &w, err));
	return issue(q, &w, a, err);
}

static enum sp_code
issue_own_token(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct entrance_token_wish w;

	SP_TRY(wish_own(q, &w, err));
	return issue(q, &w, a, err);
}

/* One's own needs no more than to have come in: who has lost a text must be
 * able to do away with it.  Whoever may not revoke a token does not hear
 * whether it is there. */
static enum sp_code
admit_revoke(struct http_request *q, struct sp_err *err)
{
	const struct gate_object on = { .kind = "token", .id = q->id };
	struct sp_id owner = { .b = { 0 } };
	bool own;

	{
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_IGNORE(gate_token_owner(reader.db, &q->id, &owner, NULL));
	}
	own = !sp_id_is_zero(&owner) && sp_id_equal(&owner, &q->who.person);
	return gate_admit(evidence_room_gate(q->room), &q->who,
	    own ? GATE_SESSION_OWN : GATE_TOKENS, &on, &q->pass, err);
}

static enum sp_code
revoke_token(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_TRY(admit_revoke(q, err));
	a->status = 204;
	return evidence_room_revoke(q->room, &q->who, &q->id, err);
}

/* A page; one more is asked for, which says that there is another. */
#define LIST_DEFAULT 100
#define LIST_MOST    1000
struct listing {
	struct sp_json *j;
	uint64_t left;
	struct sp_id last;
	bool more;
};

static enum sp_code
json_token(void *arg, const struct gate_token *t, struct sp_err *err)
{
	struct listing *l = arg;
	struct sp_json *j = l->j;

	(void)err;
	l->more = l->left == 0;
	if (l->more)
		return SP_OK;
	l->left--;
	l->last = t->id;
	sp_json_object(j, NULL);
	http_json_time(j, "created_at", t->created);
	http_json_time(j, "expires_at", t->expires);
	http_json_id(j, "id", &t->id);
	if (sp_id_is_zero(&t->issuer))
		sp_json_null(j, "issuer");
	else
		http_json_id(j, "issuer", &t->issuer);
	sp_json_str(j, "label", t->label);
	if (sp_id_is_zero(&t->person))
		sp_json_null(j, "person");
	else
		http_json_id(j, "person", &t->person);
	if (t->revoked == 0)
		sp_json_null(j, "revoked_at");
	else
		http_json_time(j, "revoked_at", t->revoked);
	sp_json_str(j, "role", gate_role_name(t->role));
	sp_json_end(j);
	return SP_OK;
}

static enum sp_code
list_from(const struct http_request *q, struct gate_token_page *page,
    struct sp_err *err)
{
	const char *cursor = http_request_query(q, "cursor");
	const char *ended = http_request_query(q, "ended");
	uint64_t most = LIST_DEFAULT;

	SP_TRY(http_request_query_u64(q, "limit", 1, LIST_MOST, &most, err));
	if (cursor != NULL &&
	    !sp_id_parse(cursor, strlen(cursor), &page->after))
		return sp_fail(
		    err, SP_E_INVALID, "cursor: \"next\" of the page before");
	page->ended = ended != NULL && strcmp(ended, "true") == 0;
	if (ended != NULL && !page->ended && strcmp(ended, "false") != 0)
		return sp_fail(err, SP_E_INVALID, "ended: true or false");
	page->most = (size_t)most + 1;
	return SP_OK;
}

static enum sp_code
list(struct http_request *q, const struct sp_id *of, struct http_answer *a,
    struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	struct gate_token_page page = { .person = of };
	struct listing l = { .j = &j };
	DB_LENT(reader, evidence_room_readers(q->room));

	SP_TRY(list_from(q, &page, err));
	l.left = page.most - 1;
	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	SP_TRY(gate_token_each(reader.db, &page, json_token, &l, err));
	sp_json_end(&j);
	if (l.more)
		http_json_id(&j, "next", &l.last);
	else
		sp_json_null(&j, "next");
	sp_json_end(&j);
	return http_json_answer(a, &out, "tokens", err);
}

static enum sp_code
list_tokens(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return list(q, NULL, a, err);
}

static enum sp_code
list_own_tokens(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return list(q, &q->who.person, a, err);
}

static enum sp_code
show_own_token(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(4096);
	struct sp_json j = sp_json_to(&out);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "agency", evidence_room_agency(q->room)->slug);
	http_json_id(&j, "id", &q->who.token);
	sp_json_str(&j, "kind", gate_caller_kind(&q->who));
	if (sp_id_is_zero(&q->who.person))
		sp_json_null(&j, "person");
	else
		http_json_id(&j, "person", &q->who.person);
	sp_json_str(&j, "role", gate_role_name(q->who.role));
	sp_json_end(&j);
	return http_json_answer(a, &out, "token", err);
}

/* --- The routes --- */

#define ROLE                                                                   \
	"{\"enum\":[\"administrator\",\"custodian\",\"officer\",\"auditor\","  \
	"\"device\"],\"type\":\"string\"}"

static const struct http_input once_input[] = {
	{ "header", "Idempotency-Key", HTTP_STRING, false, HTTP_ONCE },
};

static const struct http_input list_input[] = {
	{ "query", "cursor", HTTP_ID, false, "\"next\" of the page before." },
	{ "query", "ended", HTTP_BOOLEAN, false,
	    "Also those that are revoked or expired." },
	{ "query", "limit",
	    "{\"maximum\":1000,\"minimum\":1,\"type\":\"integer\"}", false,
	    "Tokens a page; 100 when absent." },
};

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "tokens",
	    .id = "listTokens",
	    .summary = "The agency's tokens, without their secrets, a page "
		       "at a time",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_TOKENS,
	    .kind = "token",
	    HTTP_INPUT(list_input),
	    .success = { { 200, "A page", HTTP_JSON, "TokenList", NULL } },
	    .handle = list_tokens,
	},
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "tokens",
	    .id = "issueToken",
	    .summary = "A new token; its text is shown this once",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_TOKENS,
	    .kind = "token",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "TokenNew",
	    HTTP_INPUT(once_input),
	    .success = { { 201, "The token", HTTP_JSON, "TokenIssued",
		"Location" } },
	    .problems = "409 429 507",
	    .handle = issue_token,
	},
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "tokens/own",
	    .id = "issueOwnToken",
	    .summary =
		"A token of one's own, for the command line; its text is "
		"shown this once",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_CREDENTIAL_CHANGE,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "TokenOwnNew",
	    HTTP_INPUT(once_input),
	    .success = { { 201, "The token", HTTP_JSON, "TokenIssued",
		"Location" } },
	    .problems = "409 429 507",
	    .handle = issue_own_token,
	},
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "tokens/own",
	    .id = "listOwnTokens",
	    .summary = "One's own tokens, without their secrets, a page at a "
		       "time",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SESSION_OWN,
	    .kind = "token",
	    HTTP_INPUT(list_input),
	    .success = { { 200, "A page", HTTP_JSON, "TokenList", NULL } },
	    .handle = list_own_tokens,
	},
	{
	    .method = HTTP_DELETE,
	    .path = HTTP_AGENCY "tokens/{id}",
	    .id = "revokeToken",
	    .summary = "Revoke a token at once; one's own, or any",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_TOKENS,
	    .kind = "token",
	    .success = { { 204, "Revoked", NULL, NULL, NULL } },
	    .problems = "409 507",
	    .handle = revoke_token,
	},
	{
	    .method = HTTP_GET,
	    .path = "/v1/token",
	    .id = "showOwnToken",
	    .summary = "Whose this token is",
	    .door = HTTP_DOOR_KNOWN,
	    .kind = "token",
	    .success = { { 200, "Its agency and role", HTTP_JSON, "TokenOwn",
		NULL } },
	    .handle = show_own_token,
	},
};

static const struct http_schema schemas[] = {
	{ "Token",
	    "{\"properties\":{\"created_at\":" HTTP_TIME
	    ",\"expires_at\":" HTTP_TIME ",\"id\":" HTTP_ID
	    ",\"issuer\":" HTTP_NULLABLE ",\"label\":" HTTP_STRING
	    ",\"person\":" HTTP_NULLABLE ",\"revoked_at\":" HTTP_NULLABLE
	    ",\"role\":" ROLE
	    "},\"required\":[\"created_at\",\"expires_at\",\"id\",\"label\","
	    "\"revoked_at\",\"role\"],\"type\":\"object\"}" },
	{ "TokenIssued",
	    "{\"properties\":{\"expires_at\":" HTTP_TIME ",\"id\":" HTTP_ID
	    ",\"label\":" HTTP_STRING ",\"person\":" HTTP_NULLABLE
	    ",\"role\":" HTTP_NULLABLE
	    ",\"token\":{\"description\":\"Shown this "
	    "once.\",\"type\":\"string\"}},\"required\":[\"expires_at\",\"id\","
	    "\"label\",\"person\",\"role\",\"token\"],\"type\":\"object\"}" },
	{ "TokenList",
	    "{\"properties\":{\"items\":{\"items\":{\"$ref\":\"#/components/"
	    "schemas/"
	    "Token\"},\"type\":\"array\"},\"next\":" HTTP_NULLABLE
	    "},\"required\":[\"items\",\"next\"],\"type\":\"object\"}" },
	{ "TokenNew",
	    "{\"additionalProperties\":false,\"oneOf\":[{\"required\":["
	    "\"expires_at\"]},{\"required\":[\"expires_in_days\"]}],"
	    "\"properties\":{\"expires_at\":" HTTP_TIME
	    ",\"expires_in_days\":{\"maximum\":366,\"minimum\":1,\"type\":"
	    "\"integer\"},\"label\":{\"maxLength\":100,\"minLength\":1,"
	    "\"type\":\"string\"},\"person\":" HTTP_ID ",\"role\":" ROLE
	    "},\"required\":[\"label\"],\"type\":\"object\"}" },
	{ "TokenOwnNew",
	    "{\"additionalProperties\":false,\"oneOf\":[{\"required\":["
	    "\"expires_at\"]},{\"required\":[\"expires_in_days\"]}],"
	    "\"properties\":{\"expires_at\":" HTTP_TIME
	    ",\"expires_in_days\":{\"maximum\":366,\"minimum\":1,\"type\":"
	    "\"integer\"},\"label\":{\"maxLength\":100,\"minLength\":1,"
	    "\"type\":\"string\"}},\"required\":[\"label\"],\"type\":"
	    "\"object\"}" },
	{ "TokenOwn",
	    "{\"properties\":{\"agency\":" HTTP_STRING ",\"id\":" HTTP_ID
	    ",\"kind\":" HTTP_STRING ",\"person\":" HTTP_NULLABLE
	    ",\"role\":" HTTP_STRING
	    "},\"required\":[\"agency\",\"id\",\"role\"],"
	    "\"type\":\"object\"}" },
};

const struct http_topic entrance_token_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
