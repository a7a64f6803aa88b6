#include "entrance/signin.h"

#include "crypto/secret.h"
#include "evidence/room.h"
#include "http/json.h"

#include <string.h>

/* --- what comes in, what goes out --- */

/* jansson gives its strings as const; nobody looks at this one any more. */
static void
wipe(const json_t *text)
{
	const char *s = json_string_value(text);
	char *bytes;

	memcpy(&bytes, &s, sizeof(bytes));
	if (bytes != NULL)
		explicit_bzero(bytes, json_string_length(text));
}

void
entrance_signin_forget(struct json_t **root)
{
	const char *name;
	json_t *member;

	json_object_foreach(*root, name, member) wipe(member);
	json_decref(*root);
	*root = NULL;
}

static enum sp_code
take_member(const json_t *value, const struct entrance_signin_member *m,
    struct sp_err *err)
{
	if (!json_is_string(value) ||
	    json_string_length(value) > ENTRANCE_SIGNIN_TEXT)
		return sp_fail(err, SP_E_INVALID,
		    "%s: text of at most %d bytes", m->name,
		    ENTRANCE_SIGNIN_TEXT);
	*m->out = json_string_value(value);
	return SP_OK;
}

static enum sp_code
take(const char *name, const json_t *value,
    const struct entrance_signin_member *m, size_t n, bool *cookie,
    struct sp_err *err)
{
	if (cookie != NULL && strcmp(name, "cookie") == 0 &&
	    json_is_boolean(value)) {
		*cookie = json_is_true(value);
		return SP_OK;
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, m[i].name) == 0)
			return take_member(value, &m[i], err);
	return sp_fail(err, SP_E_INVALID, "a member that is none here");
}

static enum sp_code
take_all(json_t *root, const struct entrance_signin_member *m, size_t n,
    bool *cookie, struct sp_err *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(root))
		return sp_fail(err, SP_E_INVALID, "an object is needed");
	json_object_foreach(root, name, value)
	    SP_TRY(take(name, value, m, n, cookie, err));
	for (size_t i = 0; i < n; i++)
		if (m[i].needed && *m[i].out == NULL)
			return sp_fail(
			    err, SP_E_INVALID, "%s is needed", m[i].name);
	return SP_OK;
}

enum sp_code
entrance_signin_read(const struct http_request *q,
    const struct entrance_signin_member *m, size_t n, bool *cookie,
    struct json_t **root, struct sp_err *err)
{
	SP_TRY(http_json_read(q->body.at, q->body.len, root, err));
	return take_all(*root, m, n, cookie, err);
}

struct signin_from
entrance_signin_from(const struct http_request *q)
{
	return (struct signin_from){
		.address = q->address,
		.agent = q->field[HTTP_F_USER_AGENT],
		.source = "api",
	};
}

static void
json_step(struct sp_json *j, const struct signin_step *step, bool text)
{
	sp_json_object(j, NULL);
	http_json_time(j, "expires_at", step->expires);
	signin_factor_set_json(j, "factors", step->factors);
	http_json_id(j, "person", &step->person);
	if (text)
		sp_json_str(j, "session", step->text);
	sp_json_str(j, "stage", signin_stage_name(step->stage));
	sp_json_end(j);
}

enum sp_code
entrance_signin_answer(struct http_request *q, struct http_answer *a,
    const struct signin_step *step, bool cookie, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_secret(4096);
	struct sp_json j = sp_json_to(&out);
	bool in_cookie = cookie || q->cookie[0] != '\0';
	bool text = step->text[0] != '\0';

	json_step(&j, step, text && !in_cookie);
	SP_TRY(sp_buf_check(&out, "session", err));
	if (text && in_cookie)
		http_request_set_cookie(a, step->text);
	http_answer_take(a, HTTP_JSON, &out);
	return SP_OK;
}

enum sp_code
entrance_signin_answer_offer(
    struct http_answer *a, const struct signin_offer *offer, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_secret(4096);
	struct sp_json j = sp_json_to(&out);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "secret", offer->secret);
	sp_json_str(&j, "uri", offer->uri);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&out, "secret", err));
	http_answer_take(a, HTTP_JSON, &out);
	return SP_OK;
}

static enum sp_code
secret_of(const char *text, struct crypto_secret **out, struct sp_err *err)
{
	*out = crypto_secret_from(text, strlen(text));
	if (*out == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a password");
	return SP_OK;
}

/* --- the steps --- */

static enum sp_code
sign_in(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const char *login = NULL, *password = NULL;
	const struct entrance_signin_member m[] = {
		{ "login", &login, true },
		{ "password", &password, true },
	};
	struct signin_from from = entrance_signin_from(q);
	ENTRANCE_SIGNIN_AUTO_BODY root = NULL;
	CRYPTO_AUTO_SECRET secret = NULL;
	struct signin_step step;
	CRYPTO_WIPE_ON_EXIT(step);
	bool cookie = false;

	SP_TRY(entrance_signin_read(q, m, SP_COUNTOF(m), &cookie, &root, err));
	if (cookie)
		SP_TRY(http_request_same_site(q, err));
	SP_TRY(secret_of(password, &secret, err));
	SP_TRY(signin_ceremony_password(evidence_room_signin(q->room), &from,
	    &(struct signin_login){ login, secret }, &step, err));
	return entrance_signin_answer(q, a, &step, cookie, err);
}

static enum sp_code
show_code(struct http_request *q, struct http_answer *a, bool recovery,
    struct sp_err *err)
{
	struct signin_code c = { .recovery = recovery };
	const struct entrance_signin_member m[] = { { "code", &c.code, true } };
	struct signin_from from = entrance_signin_from(q);
	ENTRANCE_SIGNIN_AUTO_BODY root = NULL;
	struct signin_step step;
	CRYPTO_WIPE_ON_EXIT(step);

	SP_TRY(http_request_shown(q, &c.text, err));
	SP_TRY(entrance_signin_read(q, m, SP_COUNTOF(m), NULL, &root, err));
	SP_TRY(signin_ceremony_code(
	    evidence_room_signin(q->room), &from, &c, &step, err));
	return entrance_signin_answer(q, a, &step, false, err);
}

static enum sp_code
show_totp(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return show_code(q, a, false, err);
}

static enum sp_code
show_recovery(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return show_code(q, a, true, err);
}

static enum sp_code
show_notice(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const struct signin_notice *n = evidence_room_signin(q->room)->notice;
	SP_AUTO_BUF out = sp_buf_new(4 * SIGNIN_NOTICE_MAX);
	struct sp_json j = sp_json_to(&out);

	sp_json_object(&j, NULL);
	sp_json_hex(&j, "sha256", signin_notice_sha256(n), CRYPTO_SHA256_LEN);
	sp_json_str(&j, "text", signin_notice_text(n));
	sp_json_end(&j);
	return http_json_answer(a, &out, "notice", err);
}

static enum sp_code
acknowledge(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const char *text = NULL, *sha256 = NULL;
	const struct entrance_signin_member m[] = { { "sha256", &sha256,
	    true } };
	struct signin_from from = entrance_signin_from(q);
	ENTRANCE_SIGNIN_AUTO_BODY root = NULL;
	struct signin_step step;
	CRYPTO_WIPE_ON_EXIT(step);

	SP_TRY(http_request_shown(q, &text, err));
	SP_TRY(entrance_signin_read(q, m, SP_COUNTOF(m), NULL, &root, err));
	SP_TRY(signin_ceremony_notice(
	    evidence_room_signin(q->room), &from, text, sha256, &step, err));
	return entrance_signin_answer(q, a, &step, false, err);
}

static enum sp_code
change(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const char *old = NULL, *password = NULL;
	const struct entrance_signin_member m[] = {
		{ "old", &old, true },
		{ "password", &password, true },
	};
	struct signin_from from = entrance_signin_from(q);
	struct signin_change c = { .text = NULL };
	ENTRANCE_SIGNIN_AUTO_BODY root = NULL;
	CRYPTO_AUTO_SECRET before = NULL;
	CRYPTO_AUTO_SECRET after = NULL;
	struct signin_step step;
	CRYPTO_WIPE_ON_EXIT(step);

	SP_TRY(http_request_shown(q, &c.text, err));
	SP_TRY(entrance_signin_read(q, m, SP_COUNTOF(m), NULL, &root, err));
	SP_TRY(secret_of(old, &before, err));
	SP_TRY(secret_of(password, &after, err));
	c.old = before;
	c.password = after;
	SP_TRY(signin_ceremony_change(
	    evidence_room_signin(q->room), &from, &c, &step, err));
	return entrance_signin_answer(q, a, &step, false, err);
}

static enum sp_code
accept_invitation(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const char *invitation = NULL, *password = NULL;
	const struct entrance_signin_member m[] = {
		{ "invitation", &invitation, true },
		{ "password", &password, true },
	};
	struct signin_from from = entrance_signin_from(q);
	ENTRANCE_SIGNIN_AUTO_BODY root = NULL;
	CRYPTO_AUTO_SECRET secret = NULL;
	struct signin_step step;
	CRYPTO_WIPE_ON_EXIT(step);
	bool cookie = false;

	SP_TRY(entrance_signin_read(q, m, SP_COUNTOF(m), &cookie, &root, err));
	if (cookie)
		SP_TRY(http_request_same_site(q, err));
	SP_TRY(secret_of(password, &secret, err));
	SP_TRY(signin_ceremony_accept(evidence_room_signin(q->room), &from,
	    invitation, secret, &step, err));
	return entrance_signin_answer(q, a, &step, cookie, err);
}

/* --- the first factor --- */

/* Whose session is it, that has no factor yet? */
static enum sp_code
enrolling(struct http_request *q, const char **text, struct sp_id *person,
    struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(q->room));
	const struct signin_place *p = evidence_room_signin(q->room);
	struct signin_session s;

	SP_TRY(http_request_shown(q, text, err));
	SP_TRY(signin_session_find(
	    reader.db, &p->agency->id, p->rules, *text, &s, err));
	if (s.stage != SIGNIN_ENROL)
		return sp_fail_as(err, SP_E_CONFLICT, "session.stage",
		    "no first factor is wanted now: %s",
		    signin_stage_name(s.stage));
	*person = s.person;
	return SP_OK;
}

static enum sp_code
enrol(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct signin_from from = entrance_signin_from(q);
	const char *text = NULL;
	struct signin_offer offer;
	CRYPTO_WIPE_ON_EXIT(offer);
	struct sp_id person;

	SP_TRY(enrolling(q, &text, &person, err));
	SP_TRY(signin_ceremony_offer(evidence_room_signin(q->room), &from,
	    &person, CRYPTO_SHA1, &offer, err));
	return entrance_signin_answer_offer(a, &offer, err);
}

static void
json_codes(struct sp_json *j, const struct signin_codes *codes)
{
	sp_json_array(j, "recovery_codes");
	for (size_t i = 0; i < SIGNIN_RECOVERY_CODES; i++)
		sp_json_str(j, NULL, codes->code[i]);
	sp_json_end(j);
}

enum sp_code
entrance_signin_answer_enrolled(struct http_request *q, struct http_answer *a,
    const struct signin_step *step, const struct signin_codes *codes,
    struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_secret(8192);
	struct sp_json j = sp_json_to(&out);
	bool in_cookie = q->cookie[0] != '\0';

	sp_json_object(&j, NULL);
	http_json_time(&j, "expires_at", step->expires);
	signin_factor_set_json(&j, "factors", step->factors);
	http_json_id(&j, "person", &step->person);
	json_codes(&j, codes);
	if (!in_cookie)
		sp_json_str(&j, "session", step->text);
	sp_json_str(&j, "stage", signin_stage_name(step->stage));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&out, "session", err));
	if (in_cookie)
		http_request_set_cookie(a, step->text);
	http_answer_take(a, HTTP_JSON, &out);
	return SP_OK;
}

static enum sp_code
enrol_confirm(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct signin_confirm c = { .text = NULL };
	const struct entrance_signin_member m[] = {
		{ "code", &c.code, true },
		{ "label", &c.label, false },
	};
	struct signin_from from = entrance_signin_from(q);
	ENTRANCE_SIGNIN_AUTO_BODY root = NULL;
	struct signin_step step;
	CRYPTO_WIPE_ON_EXIT(step);
	struct signin_codes codes;
	CRYPTO_WIPE_ON_EXIT(codes);

	SP_TRY(http_request_shown(q, &c.text, err));
	SP_TRY(entrance_signin_read(q, m, SP_COUNTOF(m), NULL, &root, err));
	SP_TRY(signin_ceremony_confirm(
	    evidence_room_signin(q->room), &from, &c, &codes, &step, err));
	return entrance_signin_answer_enrolled(q, a, &step, &codes, err);
}

static enum sp_code
renew(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const char *password = NULL, *code = NULL, *recovery = NULL;
	const struct entrance_signin_member m[] = {
		{ "code", &code, false },
		{ "password", &password, true },
		{ "recovery", &recovery, false },
	};
	struct signin_from from = entrance_signin_from(q);
	struct signin_code c = { .text = NULL };
	ENTRANCE_SIGNIN_AUTO_BODY root = NULL;
	CRYPTO_AUTO_SECRET secret = NULL;
	struct signin_step step;
	CRYPTO_WIPE_ON_EXIT(step);

	SP_TRY(http_request_shown(q, &c.text, err));
	SP_TRY(entrance_signin_read(q, m, SP_COUNTOF(m), NULL, &root, err));
	if ((code == NULL) == (recovery == NULL))
		return sp_fail(
		    err, SP_E_INVALID, "one of code and recovery is needed");
	c.recovery = code == NULL;
	c.code = c.recovery ? recovery : code;
	SP_TRY(secret_of(password, &secret, err));
	SP_TRY(signin_ceremony_renew(
	    evidence_room_signin(q->room), &from, &c, secret, &step, err));
	return entrance_signin_answer(q, a, &step, false, err);
}

/* --- the routes --- */

#define SECRET  "{\"maxLength\":1024,\"type\":\"string\",\"writeOnly\":true}"
#define BOOLEAN "{\"type\":\"boolean\"}"
#define STEP                                                                   \
	{                                                                      \
		200, "What is wanted next", HTTP_JSON, "SigninStep", NULL      \
	}
#define PUBLIC_STEP(where, name, says, body, does)                             \
	{                                                                      \
		.method = HTTP_POST, .path = (where), .id = (name),            \
		.summary = (says), .door = HTTP_DOOR_PUBLIC,                   \
		.takes = HTTP_TAKES_JSON, .takes_schema = (body),              \
		.success = { STEP }, .problems = "401 403 409 429 507",        \
		.handle = (does),                                              \
	}

static const struct http_route routes[] = {
	PUBLIC_STEP(HTTP_AGENCY "signin", "signIn",
	    "Begin to sign in: login and password", "SigninLogin", sign_in),
	PUBLIC_STEP(HTTP_AGENCY "signin/totp", "signInTotp",
	    "The second factor: a code of an authenticator app", "SigninCode",
	    show_totp),
	PUBLIC_STEP(HTTP_AGENCY "signin/recovery", "signInRecovery",
	    "A recovery code in place of the second factor", "SigninCode",
	    show_recovery),
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "signin/notice",
	    .id = "showNotice",
	    .summary = "The notice of use",
	    .door = HTTP_DOOR_PUBLIC,

	    .success = { { 200, "Its text", HTTP_JSON, "Notice", NULL } },
	    .handle = show_notice,
	},
	PUBLIC_STEP(HTTP_AGENCY "signin/notice", "acknowledgeNotice",
	    "Acknowledge the notice of use: the session opens",
	    "NoticeAcknowledged", acknowledge),
	PUBLIC_STEP(HTTP_AGENCY "signin/password", "signInPassword",
	    "Choose another password, where that is wanted", "PasswordChange",
	    change),
	PUBLIC_STEP(HTTP_AGENCY "signin/accept", "acceptInvitation",
	    "Use an invitation: set a password", "InvitationAccepted",
	    accept_invitation),
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "signin/enrol",
	    .id = "enrolTotp",
	    .summary = "A secret for an authenticator app, shown this once",
	    .door = HTTP_DOOR_PUBLIC,

	    .success = { { 200, "The secret", HTTP_JSON, "TotpOffer", NULL } },
	    .problems = "401 403 409 429 507",
	    .handle = enrol,
	},
	PUBLIC_STEP(HTTP_AGENCY "signin/enrol/confirm", "enrolTotpConfirm",
	    "The app's first code; recovery codes are shown this once",
	    "TotpConfirm", enrol_confirm),
	PUBLIC_STEP(HTTP_AGENCY "session/renew", "renewSession",
	    "Show both factors again: the session is open and fresh",
	    "SessionRenewal", renew),
};

static const struct http_schema schemas[] = {
	{ "InvitationAccepted",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"cookie\":" BOOLEAN ",\"invitation\":" SECRET
	    ",\"password\":" SECRET
	    "},\"required\":[\"invitation\",\"password\"],\"type\":"
	    "\"object\"}" },
	{ "Notice",
	    "{\"properties\":{\"sha256\":" HTTP_STRING ",\"text\":" HTTP_STRING
	    "},\"required\":[\"sha256\",\"text\"],\"type\":\"object\"}" },
	{ "NoticeAcknowledged",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"sha256\":" HTTP_STRING
	    "},\"required\":[\"sha256\"],\"type\":\"object\"}" },
	{ "PasswordChange",
	    "{\"additionalProperties\":false,\"properties\":{\"old\":" SECRET
	    ",\"password\":" SECRET
	    "},\"required\":[\"old\",\"password\"],\"type\":\"object\"}" },
	{ "SessionRenewal",
	    "{\"additionalProperties\":false,\"properties\":{\"code\":" SECRET
	    ",\"password\":" SECRET ",\"recovery\":" SECRET
	    "},\"required\":[\"password\"],\"type\":\"object\"}" },
	{ "SigninCode",
	    "{\"additionalProperties\":false,\"properties\":{\"code\":" SECRET
	    "},\"required\":[\"code\"],\"type\":\"object\"}" },
	{ "SigninLogin",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"cookie\":" BOOLEAN ",\"login\":" HTTP_STRING
	    ",\"password\":" SECRET
	    "},\"required\":[\"login\",\"password\"],\"type\":\"object\"}" },
	{ "SigninStep",
	    "{\"properties\":{\"expires_at\":" HTTP_TIME
	    ",\"factors\":{\"items\":" HTTP_STRING
	    ",\"type\":\"array\"},\"person\":" HTTP_ID
	    ",\"recovery_codes\":{\"items\":" HTTP_STRING
	    ",\"type\":\"array\"},\"session\":" HTTP_STRING
	    ",\"stage\":{\"enum\":[\"factor\",\"enrol\",\"change\",\"notice\","
	    "\"open\"],\"type\":\"string\"}},\"required\":[\"expires_at\","
	    "\"factors\",\"person\",\"stage\"],\"type\":\"object\"}" },
	{ "TotpConfirm",
	    "{\"additionalProperties\":false,\"properties\":{\"code\":" SECRET
	    ",\"label\":" HTTP_STRING
	    "},\"required\":[\"code\"],\"type\":\"object\"}" },
	{ "TotpOffer",
	    "{\"properties\":{\"secret\":" HTTP_STRING ",\"uri\":" HTTP_STRING
	    "},\"required\":[\"secret\",\"uri\"],\"type\":\"object\"}" },
};

const struct http_topic entrance_signin_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
