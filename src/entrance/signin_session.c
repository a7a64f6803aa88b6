#include "entrance/signin.h"

#include "base/parse.h"
#include "crypto/secret.h"
#include "evidence/room.h"
#include "http/json.h"

#include <string.h>

#define LISTED 1000 /* sessions in one answer */

/* --- admission --- */

static enum sp_code
admit(struct http_request *q, enum gate_act act, const char *kind,
    const struct sp_id *id, struct sp_err *err)
{
	const struct gate_object on = { .kind = kind, .id = *id };

	return gate_admit(
	    evidence_room_gate(q->room), &q->who, act, &on, &q->pass, err);
}

/* One's own needs less than another's. */
static enum sp_code
admit_for(struct http_request *q, const struct sp_id *person,
    enum gate_act other, const struct sp_id *on, const char *kind,
    struct sp_err *err)
{
	bool self = !sp_id_is_zero(&q->who.person) &&
	    sp_id_equal(&q->who.person, person);

	return admit(q, self ? GATE_SESSION_OWN : other, kind, on, err);
}

/* The path's {person} (an id, a login, "~"); zero when nobody is that, which
 * only who may ask is told. */
static enum sp_code
whom(struct http_request *q, struct sp_id *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(q->room));
	struct people_person p;
	enum sp_code code = people_person_meant(reader.db,
	    http_match_param(&q->match, "person"), &q->who.person, &p, err);

	if (code == SP_OK)
		*out = p.id;
	return code == SP_E_NOTFOUND ? SP_OK : code;
}

static enum sp_code
no_such_person(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_NOTFOUND, "person.unknown", "no such person");
}

/* --- sessions --- */

static enum sp_code
find_own(struct http_request *q, struct signin_session *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(q->room));
	const struct signin_place *p = evidence_room_signin(q->room);

	if (strcmp(gate_caller_kind(&q->who), "session") != 0)
		return sp_fail_as(err, SP_E_CONFLICT, "session.none",
		    "this credential is no session: sign in with 'sallyport "
		    "session login'");
	return signin_session_find(reader.db, &p->agency->id, p->rules,
	    http_request_token(q), out, err);
}

/* Also of one that is locked: whoever must renew it has to see that. */
static enum sp_code
show_session(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(8192);
	struct sp_json j = sp_json_to(&out);
	struct signin_session s;
	struct people_person p;
	unsigned has = 0;

	SP_TRY(find_own(q, &s, err));
	{
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_TRY(people_person_by_id(reader.db, &s.person, &p, err));
		SP_TRY(signin_factor_has(reader.db, &s.person, &has, err));
	}
	sp_json_object(&j, NULL);
	sp_json_str(&j, "agency", evidence_room_agency(q->room)->slug);
	sp_json_str(&j, "clearance", gate_clearance_name(q->who.is.clearance));
	signin_factor_set_json(&j, "factors", has);
	sp_json_str(&j, "login", p.login);
	sp_json_str(&j, "name", p.name);
	sp_json_str(&j, "role", gate_role_name(q->who.role));
	signin_session_json(&j, "session", &s, true);
	sp_json_end(&j);
	return http_json_answer(a, &out, "session", err);
}

struct ending {
	const struct http_request *q;
	const struct sp_id *session; /* NULL: all of `person` */
	struct sp_id person;
};

static enum sp_code
end_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct ending *e = arg;
	struct people_by by = gate_caller_by(&e->q->who);
	struct people_act a = { tx, &by, evidence_room_rules(e->q->room),
		sp_now() };

	if (e->session == NULL)
		return signin_session_end_all(&a, &e->person, NULL, err);
	return signin_session_end(&a, e->session, err);
}

static enum sp_code
end(struct http_request *q, struct http_answer *a, struct ending *e,
    struct sp_err *err)
{
	SP_TRY(
	    ledger_writer_run(evidence_room_writer(q->room), end_act, e, err));
	a->status = 204;
	return SP_OK;
}

static enum sp_code
sign_out(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct ending e = { .q = q };
	struct signin_session s;

	SP_TRY(find_own(q, &s, err));
	e.session = &s.id;
	SP_TRY(end(q, a, &e, err));
	if (q->cookie[0] != '\0')
		http_request_set_cookie(a, NULL);
	return SP_OK;
}

static enum sp_code
owner_of(struct http_request *q, struct sp_id *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(q->room));

	return signin_session_owner(reader.db, &q->id, out, err);
}

static enum sp_code
end_session(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct ending e = { .q = q, .session = &q->id };
	struct sp_id owner = { 0 };
	struct sp_err why;
	enum sp_code code = owner_of(q, &owner, &why);

	/* Whoever may not end it does not hear whether it is there. */
	SP_TRY(admit_for(q, &owner, GATE_SESSION_END, &q->id, "session", err));
	if (code != SP_OK)
		return sp_fail_as(err, code, why.reason, "%s", why.text);
	return end(q, a, &e, err);
}

static enum sp_code
end_all(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct ending e = { .q = q };

	SP_TRY(whom(q, &e.person, err));
	SP_TRY(admit_for(
	    q, &e.person, GATE_SESSION_END, &e.person, "person", err));
	if (sp_id_is_zero(&e.person))
		return no_such_person(err);
	return end(q, a, &e, err);
}

/* ?person=ID, ?of=all; without: one's own. */
static enum sp_code
whose(
    struct http_request *q, struct sp_id *person, bool *all, struct sp_err *err)
{
	const char *id = http_request_query(q, "person");
	const char *of = http_request_query(q, "of");

	*person = q->who.person;
	*all = of != NULL && strcmp(of, "all") == 0;
	if (of != NULL && !*all && strcmp(of, "own") != 0)
		return sp_fail(err, SP_E_INVALID, "of: own or all");
	if (id != NULL && !sp_id_parse(id, strlen(id), person))
		return sp_fail(err, SP_E_INVALID, "person: an id");
	if (sp_id_is_zero(person))
		*all = true; /* a token has no sessions of its own */
	return SP_OK;
}

static enum sp_code
list_sessions(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	struct signin_listing l = {
		.rules = evidence_room_rules(q->room),
		.current = &q->who.token,
		.most = LISTED,
	};
	const struct sp_id none = { .b = { 0 } };
	struct sp_id person;
	bool all = false;

	SP_TRY(whose(q, &person, &all, err));
	if (all)
		SP_TRY(admit(q, GATE_SESSION_SHOW, "session", &none, err));
	else
		SP_TRY(admit_for(
		    q, &person, GATE_SESSION_SHOW, &person, "person", err));
	l.person = all ? NULL : &person;
	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	{
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_TRY(signin_session_list(reader.db, &l, &j, err));
	}
	sp_json_end(&j);
	sp_json_end(&j);
	return http_json_answer(a, &out, "sessions", err);
}

/* --- invitations --- */

struct inviting {
	const struct http_request *q;
	struct sp_id person;
	int64_t hours;
	char text[GATE_TEXT_MAX];
	sp_time expires;
};

static enum sp_code
invite_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct inviting *i = arg;
	struct people_by by = gate_caller_by(&i->q->who);
	struct people_act a = { tx, &by, evidence_room_rules(i->q->room),
		sp_now() };

	return signin_invite_make(
	    &a, &i->person, i->hours, i->text, &i->expires, err);
}

/* Never oneself, by whatever account. */
static enum sp_code
admit_reset(
    struct http_request *q, const struct sp_id *person, struct sp_err *err)
{
	struct gate_facts facts =
	    gate_caller_facts(&q->who, GATE_CREDENTIAL_RESET);
	struct gate_request rq = {
		.who = &q->who,
		.act = GATE_CREDENTIAL_RESET,
		.on = { "person", *person },
		.facts = &facts,
	};

	{
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_TRY(gate_caller_duty(reader.db, &q->who,
		    GATE_CREDENTIAL_RESET, person, &facts.duty, err));
	}
	return gate_admit_with(evidence_room_gate(q->room), &rq, &q->pass, err);
}

static enum sp_code
read_hours(const struct http_request *q, int64_t *out, struct sp_err *err)
{
	json_auto_t *root = NULL;
	const json_t *hours;

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	hours = json_object_get(root, "expires_in_hours");
	if (!json_is_object(root) ||
	    json_object_size(root) != (hours == NULL ? 0 : 1) ||
	    (hours != NULL && !json_is_integer(hours)))
		return sp_fail(err, SP_E_INVALID,
		    "an object with expires_in_hours or nothing");
	*out = hours == NULL ? SIGNIN_INVITE_HOURS : json_integer_value(hours);
	return SP_OK;
}

static enum sp_code
invite(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_secret(4096);
	struct sp_json j = sp_json_to(&out);
	struct inviting i = { .q = q };
	CRYPTO_WIPE_ON_EXIT(i);

	SP_TRY(whom(q, &i.person, err));
	SP_TRY(admit_reset(q, &i.person, err));
	if (sp_id_is_zero(&i.person))
		return no_such_person(err);
	SP_TRY(read_hours(q, &i.hours, err));
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), invite_act, &i, err));
	sp_json_object(&j, NULL);
	http_json_time(&j, "expires_at", i.expires);
	sp_json_str(&j, "invitation", i.text);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&out, "invitation", err));
	a->status = 201;
	http_answer_take(a, HTTP_JSON, &out);
	return SP_OK;
}

/* --- one's own password and factors --- */

static enum sp_code
admit_change(struct http_request *q, struct sp_err *err)
{
	return admit(q, GATE_CREDENTIAL_CHANGE, "person", &q->who.person, err);
}

static enum sp_code
change_password(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const char *old = NULL, *password = NULL;
	const struct entrance_signin_member m[] = {
		{ "old", &old, true },
		{ "password", &password, true },
	};
	struct signin_from from = entrance_signin_from(q);
	struct signin_change c = { .open = true };
	ENTRANCE_SIGNIN_AUTO_BODY root = NULL;
	CRYPTO_AUTO_SECRET before = NULL;
	CRYPTO_AUTO_SECRET after = NULL;
	struct signin_step step;
	CRYPTO_WIPE_ON_EXIT(step);

	SP_TRY(admit_change(q, err));
	SP_TRY(entrance_signin_read(q, m, SP_COUNTOF(m), NULL, &root, err));
	before = crypto_secret_from(old, strlen(old));
	after = crypto_secret_from(password, strlen(password));
	if (before == NULL || after == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a password");
	c.text = http_request_token(q);
	c.old = before;
	c.password = after;
	SP_TRY(signin_ceremony_change(
	    evidence_room_signin(q->room), &from, &c, &step, err));
	return entrance_signin_answer(q, a, &step, false, err);
}

static enum sp_code
list_factors(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	unsigned has = 0;

	SP_TRY(admit(q, GATE_SESSION_OWN, "person", &q->who.person, err));
	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	{
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_TRY(signin_factor_list(reader.db, &q->who.person, &j, err));
		SP_TRY(signin_factor_has(reader.db, &q->who.person, &has, err));
	}
	sp_json_end(&j);
	sp_json_bool(&j, "recovery", (has & SIGNIN_HAS_RECOVERY) != 0);
	sp_json_end(&j);
	return http_json_answer(a, &out, "factors", err);
}

static enum sp_code
offer_totp(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct signin_from from = entrance_signin_from(q);
	struct signin_offer offer;
	CRYPTO_WIPE_ON_EXIT(offer);

	SP_TRY(admit_change(q, err));
	SP_TRY(signin_ceremony_offer(evidence_room_signin(q->room), &from,
	    &q->who.person, CRYPTO_SHA1, &offer, err));
	return entrance_signin_answer_offer(a, &offer, err);
}

static enum sp_code
confirm_totp(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct signin_confirm c = { .person = q->who.person };
	const struct entrance_signin_member m[] = {
		{ "code", &c.code, true },
		{ "label", &c.label, false },
	};
	struct signin_from from = entrance_signin_from(q);
	ENTRANCE_SIGNIN_AUTO_BODY root = NULL;
	struct signin_codes codes;
	struct signin_step step;

	SP_TRY(admit_change(q, err));
	SP_TRY(entrance_signin_read(q, m, SP_COUNTOF(m), NULL, &root, err));
	SP_TRY(signin_ceremony_confirm(
	    evidence_room_signin(q->room), &from, &c, &codes, &step, err));
	a->status = 204;
	return SP_OK;
}

/* Two acts on one's own factors. */
struct changing {
	const struct http_request *q;
	struct signin_codes codes;
};

static enum sp_code
codes_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct changing *c = arg;
	struct people_by by = gate_caller_by(&c->q->who);
	struct people_act a = { tx, &by, evidence_room_rules(c->q->room),
		sp_now() };

	return signin_recovery_make(&a, &c->q->who.person, c->codes.code, err);
}

static enum sp_code
remake_codes(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_secret(4096);
	struct sp_json j = sp_json_to(&out);
	struct changing c = { .q = q };
	CRYPTO_WIPE_ON_EXIT(c);

	SP_TRY(admit_change(q, err));
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), codes_act, &c, err));
	sp_json_object(&j, NULL);
	sp_json_array(&j, "recovery_codes");
	for (size_t i = 0; i < SIGNIN_RECOVERY_CODES; i++)
		sp_json_str(&j, NULL, c.codes.code[i]);
	sp_json_end(&j);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&out, "recovery codes", err));
	http_answer_take(a, HTTP_JSON, &out);
	return SP_OK;
}

static enum sp_code
remove_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct changing *c = arg;
	struct people_by by = gate_caller_by(&c->q->who);
	struct people_act a = { tx, &by, evidence_room_rules(c->q->room),
		sp_now() };

	return signin_factor_remove(&a, &c->q->who.person, &c->q->id, err);
}

static enum sp_code
remove_factor(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct changing c = { .q = q };

	SP_TRY(admit_change(q, err));
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), remove_act, &c, err));
	a->status = 204;
	return SP_OK;
}

/* --- the routes --- */

#define KNOWN(verb, where, name, says)                                         \
	.method = (verb), .path = HTTP_AGENCY where, .id = (name),             \
	.summary = (says), .door = HTTP_DOOR_KNOWN, .problems = "409 507"
#define NOTHING(text)                                                          \
	{                                                                      \
		204, text, NULL, NULL, NULL                                    \
	}

static const struct http_input list_input[] = {
	{ "query", "of", "{\"enum\":[\"own\",\"all\"],\"type\":\"string\"}",
	    false, "One's own (default), or all of the agency's." },
	{ "query", "person", HTTP_ID, false, "Of this person only." },
};

static const struct http_route routes[] = {
	{
	    KNOWN(HTTP_GET, "session", "showSession",
		"The session that this is asked in"),
	    .kind = "session",
	    .success = { { 200, "The session", HTTP_JSON, "SessionOwn",
		NULL } },
	    .handle = show_session,
	},
	{
	    KNOWN(HTTP_DELETE, "session", "signOut", "Sign out"),
	    .kind = "session",
	    .success = { NOTHING("It is over") },
	    .handle = sign_out,
	},
	{
	    KNOWN(HTTP_GET, "sessions", "listSessions",
		"Who is signed in, from where"),
	    .kind = "session",
	    .act = GATE_SESSION_SHOW,
	    HTTP_INPUT(list_input),
	    .success = { { 200, "Sessions, newest first", HTTP_JSON,
		"SessionList", NULL } },
	    .handle = list_sessions,
	},
	{
	    KNOWN(HTTP_DELETE, "sessions/{id}", "endSession",
		"End a session at once"),
	    .kind = "session",
	    .act = GATE_SESSION_END,
	    .success = { NOTHING("It is over") },
	    .handle = end_session,
	},
	{
	    KNOWN(HTTP_DELETE, "persons/{person}/sessions", "endSessions",
		"End all sessions of a person at once"),
	    .kind = "person",
	    .act = GATE_SESSION_END,
	    .success = { NOTHING("They are over") },
	    .handle = end_all,
	},
	{
	    KNOWN(HTTP_POST, "persons/{person}/invitations", "invitePerson",
		"A one-time code to set password and second factor"),
	    .kind = "person",
	    .act = GATE_CREDENTIAL_RESET,
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "InvitationNew",
	    .success = { { 201, "The code, shown this once", HTTP_JSON,
		"Invitation", NULL } },
	    .handle = invite,
	},
	{
	    KNOWN(HTTP_POST, "password", "changePassword",
		"Choose another password; other sessions end"),
	    .kind = "person",
	    .act = GATE_CREDENTIAL_CHANGE,
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "PasswordChange",
	    .success = { { 200, "It is changed", HTTP_JSON, "SigninStep",
		NULL } },
	    .handle = change_password,
	},
	{
	    KNOWN(
		HTTP_GET, "factors", "listFactors", "One's own second factors"),
	    .kind = "credential",
	    .act = GATE_SESSION_OWN,
	    .success = { { 200, "Factors, oldest first", HTTP_JSON,
		"FactorList", NULL } },
	    .handle = list_factors,
	},
	{
	    KNOWN(HTTP_DELETE, "factors/{id}", "removeFactor",
		"Remove one of one's own factors"),
	    .kind = "credential",
	    .act = GATE_CREDENTIAL_CHANGE,
	    .success = { NOTHING("It is none any more") },
	    .handle = remove_factor,
	},
	{
	    KNOWN(HTTP_POST, "totp", "offerTotp",
		"A secret for one more authenticator app, shown this once"),
	    .kind = "credential",
	    .act = GATE_CREDENTIAL_CHANGE,
	    .success = { { 200, "The secret", HTTP_JSON, "TotpOffer", NULL } },
	    .handle = offer_totp,
	},
	{
	    KNOWN(HTTP_POST, "totp/confirm", "confirmTotp",
		"The app's first code"),
	    .kind = "credential",
	    .act = GATE_CREDENTIAL_CHANGE,
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "TotpConfirm",
	    .success = { NOTHING("It is a factor") },
	    .handle = confirm_totp,
	},
	{
	    KNOWN(HTTP_POST, "recovery-codes", "remakeRecoveryCodes",
		"New recovery codes in place of the old, shown this once"),
	    .kind = "credential",
	    .act = GATE_CREDENTIAL_CHANGE,
	    .success = { { 200, "The codes", HTTP_JSON, "RecoveryCodes",
		NULL } },
	    .handle = remake_codes,
	},
};

#define LIST(of)                                                               \
	"{\"properties\":{\"items\":{\"items\":{\"$ref\":\"#/components/"      \
	"schemas/" of "\"},\"type\":\"array\"}},\"required\":[\"items\"],"     \
	"\"type\":\"object\"}"

static const struct http_schema schemas[] = {
	{ "Factor",
	    "{\"properties\":{\"created_at\":" HTTP_TIME ",\"id\":" HTTP_ID
	    ",\"kind\":" HTTP_STRING ",\"label\":" HTTP_STRING
	    ",\"used_at\":" HTTP_TIME
	    "},\"required\":[\"created_at\",\"id\",\"kind\",\"label\","
	    "\"used_at\"],\"type\":\"object\"}" },
	{ "FactorList",
	    "{\"properties\":{\"items\":{\"items\":{\"$ref\":\"#/components/"
	    "schemas/Factor\"},\"type\":\"array\"},\"recovery\":{\"type\":"
	    "\"boolean\"}},\"required\":[\"items\",\"recovery\"],\"type\":"
	    "\"object\"}" },
	{ "Invitation",
	    "{\"properties\":{\"expires_at\":" HTTP_TIME
	    ",\"invitation\":{\"description\":\"Shown this once.\",\"type\":"
	    "\"string\"}},\"required\":[\"expires_at\",\"invitation\"],"
	    "\"type\":\"object\"}" },
	{ "InvitationNew",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"expires_in_hours\":{\"maximum\":72,\"minimum\":1,\"type\":"
	    "\"integer\"}},\"type\":\"object\"}" },
	{ "RecoveryCodes",
	    "{\"properties\":{\"recovery_codes\":{\"items\":" HTTP_STRING
	    ",\"type\":\"array\"}},\"required\":[\"recovery_codes\"],"
	    "\"type\":\"object\"}" },
	{ "Session",
	    "{\"properties\":{\"address\":" HTTP_STRING
	    ",\"agent\":" HTTP_STRING ",\"created_at\":" HTTP_TIME
	    ",\"current\":{\"type\":\"boolean\"},\"expires_at\":" HTTP_TIME
	    ",\"factor\":" HTTP_STRING ",\"id\":" HTTP_ID
	    ",\"method\":" HTTP_STRING ",\"person\":" HTTP_ID
	    ",\"proved_at\":" HTTP_TIME ",\"stage\":" HTTP_STRING
	    ",\"used_at\":" HTTP_TIME
	    "},\"required\":[\"address\",\"agent\",\"created_at\","
	    "\"current\",\"expires_at\",\"factor\",\"id\",\"method\","
	    "\"person\",\"proved_at\",\"stage\",\"used_at\"],\"type\":"
	    "\"object\"}" },
	{ "SessionList", LIST("Session") },
	{ "SessionOwn",
	    "{\"properties\":{\"agency\":" HTTP_STRING
	    ",\"clearance\":" HTTP_STRING ",\"factors\":{\"items\":" HTTP_STRING
	    ",\"type\":\"array\"},\"login\":" HTTP_STRING
	    ",\"name\":" HTTP_STRING ",\"role\":" HTTP_STRING
	    ",\"session\":{\"$ref\":\"#/components/schemas/Session\"}},"
	    "\"required\":[\"agency\",\"clearance\",\"factors\",\"login\","
	    "\"name\",\"role\",\"session\"],\"type\":\"object\"}" },
};

const struct http_topic entrance_session_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
