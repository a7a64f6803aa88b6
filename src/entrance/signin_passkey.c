#include "entrance/signin.h"

#include "crypto/secret.h"
#include "evidence/room.h"
#include "http/json.h"
#include "signin/passkey.h"

#include <string.h>

#define OPTIONS_MAX ((size_t)64 * 1024)
#define LABEL_MAX   256

/* Where a ceremony takes place: by the name that the browser went to. */
struct desk {
	struct db_lent reader;
	struct http_origin by;
	const char *origin[1];
	struct signin_passkey_desk at;
};

static void
desk_done(struct desk *d)
{
	db_lent_done(&d->reader);
}
#define AUTO_DESK SP_CLEANUP(desk_done) struct desk

static enum sp_code
desk_open(struct http_request *q, struct desk *d, struct sp_err *err)
{
	const struct signin_place *p = evidence_room_signin(q->room);

	SP_TRY(http_origins_find(
	    &q->house->origins, q->field[HTTP_F_HOST], &d->by, err));
	d->origin[0] = d->by.text;
	d->at = (struct signin_passkey_desk){
		.writer = p->writer,
		.db = d->reader.db,
		.rules = p->rules,
		.site = { d->by.host, p->agency->name, d->origin, 1 },
		.agency = p->agency->id,
		.from = entrance_signin_from(q),
	};
	return SP_OK;
}

static struct desk
desk_of(struct http_request *q)
{
	struct db_pool *readers = evidence_room_readers(q->room);

	return (struct desk){ .reader = { readers, db_pool_take(readers) } };
}

/* --- questions --- */

typedef enum sp_code (*asker)(const struct signin_passkey_desk *d,
    const char *text, struct sp_buf *json, struct sp_err *err);

static enum sp_code
ask(struct http_request *q, struct http_answer *a, const char *text, asker asks,
    struct sp_err *err)
{
	AUTO_DESK d = desk_of(q);
	SP_AUTO_BUF out = sp_buf_new(OPTIONS_MAX);

	SP_TRY(desk_open(q, &d, err));
	SP_TRY(asks(&d.at, text, &out, err));
	http_answer_set(a, "Cache-Control", "no-store");
	http_answer_take(a, HTTP_JSON, &out);
	return SP_OK;
}

static enum sp_code
alone_options(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return ask(q, a, NULL, signin_passkey_question, err);
}

static enum sp_code
prove_options(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const char *text = NULL;

	SP_TRY(http_request_shown(q, &text, err));
	return ask(q, a, text, signin_passkey_question, err);
}

static enum sp_code
enrol_options(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const char *text = NULL;

	SP_TRY(http_request_shown(q, &text, err));
	return ask(q, a, text, signin_passkey_offer, err);
}

/* --- answers --- */

struct body {
	json_t *root;
	struct signin_passkey_reply reply;
	bool cookie;
	struct sp_id asked; /* zero: not said */
	const char *label;  /* NULL: none; into the root */
};

static void
body_done(struct body *b)
{
	json_decref(b->root);
	signin_passkey_reply_done(&b->reply);
}
#define AUTO_BODY SP_CLEANUP(body_done) struct body

static enum sp_code
no_member(struct sp_err *err)
{
	return sp_fail(err, SP_E_INVALID, "a member that is none here");
}

/* "cookie" and "for" of one who is alone, "label" of one that is enrolled. */
static enum sp_code
member(struct body *b, const char *name, const json_t *value, bool enrols,
    struct sp_err *err)
{
	const char *s = json_string_value(value);

	if (strcmp(name, "credential") == 0)
		return SP_OK;
	if (strcmp(name, "cookie") == 0 && json_is_boolean(value)) {
		b->cookie = json_is_true(value);
		return SP_OK;
	}
	if (s == NULL)
		return no_member(err);
	if (strcmp(name, "label") == 0 && enrols &&
	    json_string_length(value) <= LABEL_MAX) {
		b->label = s;
		return SP_OK;
	}
	if (strcmp(name, "for") == 0 && !enrols &&
	    sp_id_parse(s, json_string_length(value), &b->asked))
		return SP_OK;
	return no_member(err);
}

static enum sp_code
body_read(const struct http_request *q, bool enrols, struct body *b,
    struct sp_err *err)
{
	const char *name;
	json_t *value;

	SP_TRY(http_json_read(q->body.at, q->body.len, &b->root, err));
	if (!json_is_object(b->root))
		return sp_fail(err, SP_E_INVALID, "an object is needed");
	json_object_foreach(b->root, name, value)
	    SP_TRY(member(b, name, value, enrols, err));
	return signin_passkey_reply_json(
	    json_object_get(b->root, "credential"), enrols, &b->reply, err);
}

static enum sp_code
alone(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	AUTO_DESK d = desk_of(q);
	AUTO_BODY b = { .root = NULL };
	struct signin_passkey_answer n = { .text = NULL };
	struct signin_step step;
	CRYPTO_WIPE_ON_EXIT(step);

	SP_TRY(desk_open(q, &d, err));
	SP_TRY(body_read(q, false, &b, err));
	if (sp_id_is_zero(&b.asked))
		return sp_fail(
		    err, SP_E_INVALID, "for: what the question said of itself");
	if (b.cookie)
		SP_TRY(http_request_same_site(q, err));
	n.asked = b.asked;
	n.reply = &b.reply;
	SP_TRY(signin_passkey_answer(&d.at, &n, &step, err));
	return entrance_signin_answer(q, a, &step, b.cookie, err);
}

static enum sp_code
prove(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	AUTO_DESK d = desk_of(q);
	AUTO_BODY b = { .root = NULL };
	struct signin_passkey_answer n = { .reply = &b.reply };
	struct signin_step step;
	CRYPTO_WIPE_ON_EXIT(step);

	SP_TRY(desk_open(q, &d, err));
	SP_TRY(http_request_shown(q, &n.text, err));
	SP_TRY(body_read(q, false, &b, err));
	SP_TRY(signin_passkey_answer(&d.at, &n, &step, err));
	return entrance_signin_answer(q, a, &step, false, err);
}

static enum sp_code
enrol(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	AUTO_DESK d = desk_of(q);
	AUTO_BODY b = { .root = NULL };
	struct signin_passkey_enrol e = { .reply = &b.reply };
	struct signin_codes codes;
	CRYPTO_WIPE_ON_EXIT(codes);
	struct signin_step step;
	CRYPTO_WIPE_ON_EXIT(step);

	SP_TRY(desk_open(q, &d, err));
	SP_TRY(http_request_shown(q, &e.text, err));
	SP_TRY(body_read(q, true, &b, err));
	e.label = b.label;
	SP_TRY(signin_passkey_enrol(&d.at, &e, &codes, &step, err));
	if (codes.code[0][0] == '\0')
		return entrance_signin_answer(q, a, &step, false, err);
	return entrance_signin_answer_enrolled(q, a, &step, &codes, err);
}

static enum sp_code
list(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(q->room));
	const struct signin_place *p = evidence_room_signin(q->room);
	SP_AUTO_BUF out = sp_buf_new(OPTIONS_MAX);
	struct sp_json j = sp_json_to(&out);
	struct signin_session s;
	const char *text = NULL;

	SP_TRY(http_request_shown(q, &text, err));
	SP_TRY(signin_session_find(
	    reader.db, &p->agency->id, p->rules, text, &s, err));
	if (s.stage != SIGNIN_OPEN)
		return sp_fail_as(err, SP_E_CONFLICT, "session.stage",
		    "the session is not open: %s", signin_stage_name(s.stage));
	sp_json_object(&j, NULL);
	sp_json_array(&j, "passkeys");
	SP_TRY(signin_passkey_list(reader.db, &s.person, &j, err));
	sp_json_end(&j);
	sp_json_end(&j);
	return http_json_answer(a, &out, "passkeys", err);
}

/* --- the routes --- */

#define QUESTION(where, name, says, shape, does)                               \
	{                                                                      \
		.method = HTTP_POST, .path = (where), .id = (name),            \
		.summary = (says), .door = HTTP_DOOR_PUBLIC,                   \
		.success = { { 200, "Options for the browser", HTTP_JSON,      \
		    shape, NULL } },                                           \
		.problems = "401 403 409 429 507", .handle = (does),           \
	}
#define ANSWER(where, name, says, body, does)                                  \
	{                                                                      \
		.method = HTTP_POST, .path = (where), .id = (name),            \
		.summary = (says), .door = HTTP_DOOR_PUBLIC,                   \
		.takes = HTTP_TAKES_JSON, .takes_schema = (body),              \
		.success = { { 200, "What is wanted next", HTTP_JSON,          \
		    "SigninStep", NULL } },                                    \
		.problems = "401 403 409 429 507", .handle = (does),           \
	}

static const struct http_route routes[] = {
	QUESTION(HTTP_AGENCY "signin/passkey/options", "passkeyQuestion",
	    "What to ask the browser, to sign in by a passkey alone",
	    "PasskeyRequest", alone_options),
	ANSWER(HTTP_AGENCY "signin/passkey", "signInPasskey",
	    "Sign in by a passkey alone", "PasskeyAlone", alone),
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "signin/passkey",
	    .id = "listPasskeys",
	    .summary = "One's own passkeys",
	    .door = HTTP_DOOR_PUBLIC,
	    .success = { { 200, "Oldest first", HTTP_JSON, "Passkeys", NULL } },
	    .problems = "401 403 409",
	    .handle = list,
	},
	QUESTION(HTTP_AGENCY "signin/passkey/second/options",
	    "sessionPasskeyQuestion",
	    "What to ask the browser: a passkey of the session's person",
	    "PasskeyRequest", prove_options),
	ANSWER(HTTP_AGENCY "signin/passkey/second", "sessionPasskey",
	    "The second factor, or to renew the session: a passkey",
	    "PasskeyProof", prove),
	QUESTION(HTTP_AGENCY "signin/passkey/new/options", "passkeyOffer",
	    "What to ask the browser, to enrol a passkey", "PasskeyCreation",
	    enrol_options),
	ANSWER(HTTP_AGENCY "signin/passkey/new", "enrolPasskey",
	    "Enrol a passkey; with the first factor, recovery codes are shown "
	    "this once",
	    "PasskeyNew", enrol),
};

#define CREDENTIAL "{\"type\":\"object\"}"
static const struct http_schema schemas[] = {
	{ "PasskeyAlone",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"cookie\":" HTTP_BOOLEAN ",\"credential\":" CREDENTIAL
	    ",\"for\":" HTTP_ID
	    "},\"required\":[\"credential\",\"for\"],\"type\":\"object\"}" },
	{ "PasskeyCreation",
	    "{\"properties\":{\"publicKey\":{\"type\":\"object\"}},"
	    "\"required\":[\"publicKey\"],\"type\":\"object\"}" },
	{ "PasskeyNew",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"credential\":" CREDENTIAL ",\"label\":" HTTP_STRING
	    "},\"required\":[\"credential\"],\"type\":\"object\"}" },
	{ "PasskeyProof",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"credential\":" CREDENTIAL
	    "},\"required\":[\"credential\"],\"type\":\"object\"}" },
	{ "PasskeyRequest",
	    "{\"properties\":{\"for\":" HTTP_ID
	    ",\"publicKey\":{\"type\":\"object\"}},\"required\":["
	    "\"publicKey\"],\"type\":\"object\"}" },
	{ "Passkeys",
	    "{\"properties\":{\"passkeys\":{\"items\":{\"properties\":{"
	    "\"algorithm\":" HTTP_STRING ",\"disabled_at\":" HTTP_TIME
	    ",\"id\":" HTTP_ID ",\"synced\":" HTTP_BOOLEAN
	    ",\"verified\":" HTTP_BOOLEAN
	    "},\"required\":[\"algorithm\",\"id\",\"synced\","
	    "\"verified\"],\"type\":\"object\"},\"type\":\"array\"}},"
	    "\"required\":[\"passkeys\"],\"type\":\"object\"}" },
};

const struct http_topic entrance_signin_passkey_topic = { routes,
	SP_COUNTOF(routes), schemas, SP_COUNTOF(schemas) };
