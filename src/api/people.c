#include "api/people.h"

#include "api/people_part.h"
#include "base/parse.h"
#include "evidence/object.h"
#include "people/sealed.h"
#include "signin/factor.h"

#include <string.h>

#define LIST_DEFAULT 100
#define LIST_MOST    1000
#define LIST_AT_ONCE 8

/* --- Who is meant, and may it be --- */

const struct people_rules *
api_people_rules(const struct http_request *q)
{
	return evidence_room_rules(q->room);
}

enum sp_code
api_people_admit(struct http_request *q, enum gate_act act,
    const struct sp_id *person, struct sp_err *err)
{
	struct gate_facts facts = gate_caller_facts(&q->who, act);
	struct gate_request rq = {
		.who = &q->who,
		.act = act,
		.on = { .kind = "person" },
		.facts = &facts,
	};
	GATE_AUTO_PASS pass = NULL;

	facts.duty = GATE_DUTY_OTHER;
	if (person != NULL) {
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_TRY(gate_caller_duty(
		    reader.db, &q->who, act, person, &facts.duty, err));
		rq.on.id = *person;
	}
	return gate_admit_with(evidence_room_gate(q->room), &rq, &pass, err);
}

static enum sp_code
look_up(struct http_request *q, struct people_person *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(q->room));

	return people_person_meant(reader.db,
	    http_match_param(&q->match, "person"), &q->who.person, out, err);
}

enum sp_code
api_people_enter(struct http_request *q, const struct api_people_wish *w,
    struct people_person *out, struct sp_err *err)
{
	struct people_person p;
	enum gate_act act = w->act;
	struct sp_err why;
	enum sp_code code = look_up(q, &p, &why);

	if (code != SP_OK && code != SP_E_NOTFOUND)
		return sp_fail_as(err, code, why.reason, "%s", why.text);
	if (code == SP_OK && w->own && sp_id_equal(&p.id, &q->who.person))
		act = GATE_POLICY_SHOW;
	SP_TRY(api_people_admit(q, act, code == SP_OK ? &p.id : NULL, err));
	if (code != SP_OK)
		return sp_fail_as(
		    err, SP_E_NOTFOUND, "person.unknown", "no such person");
	*out = p;
	return SP_OK;
}

/* --- Doing it --- */

enum sp_code
api_people_count(struct db *db, const struct people_rules *rules,
    struct gate_administrators *out, struct sp_err *err)
{
	return gate_recovery_administrators(
	    db, rules, signin_factor_can, out, err);
}

enum sp_code
api_people_kept(struct db *db, const struct people_rules *rules,
    const struct gate_administrators *before, struct sp_err *err)
{
	return gate_recovery_kept(db, rules, signin_factor_can, before, err);
}

static enum sp_code
run_kept(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	struct gate_administrators before;

	if (!x->keep)
		return x->run(a, x, err);
	SP_TRY(api_people_count(db, a->rules, &before, err));
	SP_TRY(x->run(a, x, err));
	return api_people_kept(db, a->rules, &before, err);
}

static enum sp_code
act_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct api_people_act *x = arg;
	struct people_by by = gate_caller_by(&x->q->who);
	struct people_act a = {
		.tx = tx,
		.by = &by,
		.rules = api_people_rules(x->q),
		.now = sp_now(),
	};

	bool before = false;

	SP_TRY(run_kept(&a, x, err));
	if (x->once == NULL)
		return SP_OK;
	SP_TRY(gate_once_take(tx, x->once, &x->made, &before, err));
	if (!before)
		return SP_OK;
	/* Failing, the act takes back what was just made. */
	x->before = true;
	return sp_fail_as(err, SP_E_CONFLICT, "once.made", "made before");
}

enum sp_code
api_people_do(struct api_people_act *x, struct sp_err *err)
{
	enum sp_code code = ledger_writer_run(
	    evidence_room_writer(x->q->room), act_run, x, err);

	return x->before ? SP_OK : code;
}

enum sp_code
api_people_object(const struct http_request *q, json_t **in, struct sp_err *err)
{
	json_auto_t *root = NULL;

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	if (!json_is_object(root))
		return sp_fail(err, SP_E_INVALID, "the body is a JSON object");
	*in = SP_STEAL(root);
	return SP_OK;
}

static enum sp_code
take_member(const char *name, json_t *value, const struct api_people_member *m,
    size_t n, struct sp_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(m[i].name, name) != 0)
			continue;
		if (!json_is_string(value) && !json_is_null(value))
			return sp_fail(
			    err, SP_E_INVALID, "%s: text or null", m[i].name);
		*m[i].to = json_string_value(value);
		return SP_OK;
	}
	return sp_fail(err, SP_E_INVALID,
	    "the body has a member that is none of this request's");
}

enum sp_code
api_people_body(const struct http_request *q, json_t **in,
    const struct api_people_member *m, size_t n, struct sp_err *err)
{
	json_auto_t *root = NULL;
	const char *name;
	json_t *value;

	SP_TRY(api_people_object(q, &root, err));
	json_object_foreach(root, name, value)
	    SP_TRY(take_member(name, value, m, n, err));
	*in = SP_STEAL(root);
	return SP_OK;
}

enum sp_code
api_people_time(
    const char *member, const char *text, sp_time *out, struct sp_err *err)
{
	if (text != NULL && !sp_time_parse(text, strlen(text), out))
		return sp_fail(err, SP_E_INVALID,
		    "%s: a time as 2026-11-21T18:45:44Z", member);
	return SP_OK;
}

/* --- Answering --- */

enum sp_code
api_people_made(
    struct http_answer *a, const struct sp_id *id, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(256);
	struct sp_json j = sp_json_to(&out);

	sp_json_object(&j, NULL);
	http_json_id(&j, "id", id);
	sp_json_end(&j);
	a->status = 201;
	return http_json_answer(a, &out, "id", err);
}

enum sp_code
api_people_answer(struct http_request *q, struct http_answer *a,
    const struct sp_id *id, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(16384);
	struct sp_json j = sp_json_to(&out);
	struct people_person p;
	DB_LENT(reader, evidence_room_readers(q->room));

	SP_TRY(people_person_by_id(reader.db, id, &p, err));
	people_person_json(&j, NULL, &p, api_people_rules(q), sp_now());
	return http_json_answer(a, &out, "person", err);
}

/* --- Accounts --- */

struct listing {
	struct http_request *q;
	struct sp_json *j;
	struct sp_id after;
	bool begun;
	size_t left;
};

/* The next ones, up to `left`; *more: there are others after the last told. */
static enum sp_code
list_some(struct listing *l, struct db *db, bool *more, struct sp_err *err)
{
	struct people_person p[LIST_AT_ONCE];
	size_t got;

	SP_TRY(people_person_list(
	    db, l->begun ? &l->after : NULL, p, SP_COUNTOF(p), &got, err));
	for (size_t i = 0; i < got && l->left > 0; i++, l->left--) {
		people_person_json(
		    l->j, NULL, &p[i], api_people_rules(l->q), sp_now());
		l->after = p[i].id;
		l->begun = true;
		*more = i + 1 < got;
	}
	if (got < SP_COUNTOF(p) || *more)
		return SP_OK;
	SP_TRY(people_person_list(db, &l->after, p, 1, &got, err));
	*more = got > 0;
	return SP_OK;
}

/* Up to `left` of them; says whether there are more. */
static enum sp_code
list_rows(struct listing *l, struct db *db, bool *more, struct sp_err *err)
{
	do
		SP_TRY(list_some(l, db, more, err));
	while (*more && l->left > 0);
	return SP_OK;
}

static enum sp_code
list_from(struct http_request *q, struct listing *l, struct sp_err *err)
{
	const char *cursor = http_request_query(q, "cursor");
	const char *limit = http_request_query(q, "limit");
	uint64_t n = LIST_DEFAULT;

	if (cursor != NULL && !sp_id_parse(cursor, strlen(cursor), &l->after))
		return sp_fail(
		    err, SP_E_INVALID, "cursor: \"next\" of the page before");
	if (limit != NULL &&
	    !sp_parse_u64(limit, strlen(limit), 1, LIST_MOST, &n))
		return sp_fail(err, SP_E_INVALID,
		    "limit: a number from 1 to %d", LIST_MOST);
	l->begun = cursor != NULL;
	l->left = (size_t)n;
	return SP_OK;
}

static enum sp_code
list_persons(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	struct listing l = { .q = q, .j = &j };
	bool more = false;

	SP_TRY(list_from(q, &l, err));
	DB_LENT(reader, evidence_room_readers(q->room));
	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	SP_TRY(list_rows(&l, reader.db, &more, err));
	sp_json_end(&j);
	if (more)
		http_json_id(&j, "next", &l.after);
	else
		sp_json_null(&j, "next");
	sp_json_end(&j);
	return http_json_answer(a, &out, "persons", err);
}

static enum sp_code
show_person(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const struct api_people_wish w = { GATE_PERSON_SHOW, true };
	struct people_person p;

	SP_TRY(api_people_enter(q, &w, &p, err));
	return api_people_answer(q, a, &p.id, err);
}

static enum sp_code
add_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	const struct people_person_new *n = x->in;
	enum people_role role;

	SP_TRY(people_person_role_check(a->rules, n->role, &role, err));
	if (people_role_leads(role))
		SP_TRY(gate_caller_leads(&x->q->who, false, err));
	return people_person_add(a, n, &x->made, err);
}

static enum sp_code
add_person(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct people_person_new n;
	struct api_people_act x = { .q = q, .in = &n, .run = add_run };
	struct gate_once once;
	char id[SP_ID_TEXT];

	SP_TRY(api_people_object(q, &in, err));
	SP_TRY(people_person_new_json(in, &n, err));
	SP_TRY(http_json_once(q, &once, &x.once, err));
	SP_TRY(api_people_do(&x, err));
	sp_id_text(&x.made, id);
	a->status = 201;
	http_answer_fmt(a, "Location", "/v1/agencies/%s/persons/%s",
	    http_match_param(&q->match, "agency"), id);
	return api_people_answer(q, a, &x.made, err);
}

/* What changes one account, and answers with it. */
static enum sp_code
change_account(struct api_people_act *x, struct http_answer *a,
    enum gate_act act, struct sp_err *err)
{
	const struct api_people_wish w = { act, false };
	struct people_person p;

	SP_TRY(api_people_enter(x->q, &w, &p, err));
	x->person = p.id;
	SP_TRY(api_people_do(x, err));
	return api_people_answer(x->q, a, &p.id, err);
}

/* An account that does not let in any more: told like what happens by itself.
 * One that ends later is told when it does. */
static enum sp_code
shut_account(struct api_people_act *x, struct http_answer *a, enum gate_act act,
    struct sp_err *err)
{
	struct events_event e = { .about = "person" };
	struct people_person p;
	struct people_standing s;

	SP_TRY(change_account(x, a, act, err));
	{
		DB_LENT(reader, evidence_room_readers(x->q->room));

		SP_TRY(people_person_by_id(reader.db, &x->person, &p, err));
	}
	s = people_person_state(&p, api_people_rules(x->q), sp_now());
	if (s.state == PEOPLE_ACTIVE)
		return SP_OK;
	e.kind =
	    s.state == PEOPLE_DISABLED ? EVENTS_DISABLED : EVENTS_TERMINATED;
	e.object = x->person;
	e.why = people_reason_name(s.reason);
	events_hub_tell(evidence_room_events(x->q->room), &e);
	return SP_OK;
}

static enum sp_code
change_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	return people_person_change(a, &x->person, x->in, err);
}

static enum sp_code
change_person(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct people_person_change c;
	struct api_people_act x = { .q = q, .in = &c, .run = change_run };

	SP_TRY(api_people_object(q, &in, err));
	SP_TRY(people_person_change_json(in, &c, err));
	return change_account(&x, a, GATE_PERSON_CHANGE, err);
}

struct placing {
	const char *role, *unit;
};

/* A role that leads is given and taken by whoever may (gate_caller_leads). */
static enum sp_code
lead(const struct people_act *a, const struct api_people_act *x,
    const char *given, struct sp_err *err)
{
	struct people_person p;
	enum people_role role;

	SP_TRY(people_person_by_id(ledger_tx_db(a->tx), &x->person, &p, err));
	SP_TRY(people_person_role_check(a->rules, given, &role, err));
	if (people_role_leads(p.role) || people_role_leads(role))
		return gate_caller_leads(&x->q->who, false, err);
	return SP_OK;
}

static enum sp_code
role_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	const struct placing *p = x->in;

	SP_TRY(lead(a, x, p->role, err));
	return people_person_role(a, &x->person, p->role, err);
}

static enum sp_code
give_role(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct placing p = { .role = NULL };
	const struct api_people_member m[] = { { "role", &p.role } };
	struct api_people_act x = {
		.q = q, .in = &p, .keep = true, .run = role_run
	};

	SP_TRY(api_people_body(q, &in, m, SP_COUNTOF(m), err));
	return change_account(&x, a, GATE_ROLE_ASSIGN, err);
}

static enum sp_code
transfer_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	const struct placing *p = x->in;

	SP_TRY(lead(a, x, p->role, err));
	return people_person_transfer(a, &x->person, p->unit, p->role, err);
}

/* A role is given anew: both acts are asked for. */
static enum sp_code
transfer_person(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const struct api_people_wish w = { GATE_ROLE_ASSIGN, false };
	json_auto_t *in = NULL;
	struct placing p = { .role = NULL };
	const struct api_people_member m[] = { { "role", &p.role },
		{ "unit", &p.unit } };
	struct api_people_act x = {
		.q = q, .in = &p, .keep = true, .run = transfer_run
	};
	struct people_person whom;

	SP_TRY(api_people_body(q, &in, m, SP_COUNTOF(m), err));
	SP_TRY(api_people_enter(q, &w, &whom, err));
	return change_account(&x, a, GATE_PERSON_CHANGE, err);
}

struct disabling {
	enum people_reason reason;
	sp_time discovered;
};

static enum sp_code
disable_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	const struct disabling *d = x->in;

	return people_person_disable(
	    a, &x->person, d->reason, d->discovered, err);
}

static enum sp_code
disable_person(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	const char *reason = NULL, *discovered = NULL;
	const struct api_people_member m[] = { { "discovered_at", &discovered },
		{ "reason", &reason } };
	struct disabling d = { .reason = PEOPLE_REQUESTED };
	struct api_people_act x = { .q = q, .in = &d, .run = disable_run };

	SP_TRY(api_people_body(q, &in, m, SP_COUNTOF(m), err));
	if (reason != NULL && !people_reason_parse(reason, &d.reason))
		d.reason = PEOPLE_NO_REASON; /* refused, with the list */
	SP_TRY(
	    api_people_time("discovered_at", discovered, &d.discovered, err));
	/* Whoever is a risk is out at once, whatever comes of it. */
	x.keep = d.reason != PEOPLE_RISK;
	return shut_account(&x, a, GATE_PERSON_DISABLE, err);
}

static enum sp_code
enable_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	return people_person_enable(a, &x->person, err);
}

static enum sp_code
enable_person(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct api_people_act x = { .q = q, .run = enable_run };

	return change_account(&x, a, GATE_PERSON_ENABLE, err);
}

static enum sp_code
terminate_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	return people_person_terminate(
	    a, &x->person, *(const sp_time *)x->in, err);
}

static enum sp_code
terminate_person(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	const char *at = NULL;
	const struct api_people_member m[] = { { "ends_at", &at } };
	sp_time ends = 0;
	struct api_people_act x = {
		.q = q, .in = &ends, .keep = true, .run = terminate_run
	};

	SP_TRY(api_people_body(q, &in, m, SP_COUNTOF(m), err));
	SP_TRY(api_people_time("ends_at", at, &ends, err));
	return shut_account(&x, a, GATE_PERSON_TERMINATE, err);
}

/* --- What is sealed --- */

static enum sp_code
path_field(
    const struct http_request *q, enum people_field *out, struct sp_err *err)
{
	if (!people_field_parse(http_match_param(&q->match, "field"), out))
		return sp_fail(err, SP_E_NOTFOUND, "no such field");
	return SP_OK;
}

static enum sp_code
list_sealed(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const struct api_people_wish w = { GATE_SCREENING_SHOW, true };
	SP_AUTO_BUF out = sp_buf_new(256);
	struct sp_json j = sp_json_to(&out);
	struct people_person p;

	SP_TRY(api_people_enter(q, &w, &p, err));
	DB_LENT(reader, evidence_room_readers(q->room));
	SP_TRY(people_sealed_json(&j, NULL, reader.db, &p.id, err));
	return http_json_answer(a, &out, "fields", err);
}

struct sealing {
	struct crypto_secret *dek;
	enum people_field field;
	const char *value;
};

static enum sp_code
seal_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	const struct sealing *s = x->in;

	return people_sealed_put(
	    a, s->dek, &x->person, s->field, s->value, err);
}

/* jansson frees its text as it is, and gives it as const; nobody looks at
 * this one any more. */
static void
forget(json_t **in)
{
	json_t *value = json_object_get(*in, "value");
	struct crypto_wipe wipe = { NULL, 0 };

	if (json_is_string(value)) {
		const char *s = json_string_value(value);

		memcpy(&wipe.at, &s, sizeof(wipe.at));
		wipe.len = json_string_length(value);
		crypto_wipe_run(&wipe);
	}
	json_decref(*in);
}

static enum sp_code
seal(struct http_request *q, enum people_field field, const char *value,
    struct sp_err *err)
{
	const struct api_people_wish w = { GATE_SEALED_RECORD, false };
	CRYPTO_AUTO_SECRET dek = NULL;
	struct sealing s = { .field = field, .value = value };
	struct api_people_act x = { .q = q, .in = &s, .run = seal_run };
	struct people_person p;

	SP_TRY(api_people_enter(q, &w, &p, err));
	SP_TRY(evidence_object_agency_key(q->room, &dek, err));
	s.dek = dek;
	x.person = p.id;
	return api_people_do(&x, err);
}

static enum sp_code
put_sealed(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_CLEANUP(forget) json_t *in = NULL;
	enum people_field field;
	const char *value;

	SP_TRY(path_field(q, &field, err));
	SP_TRY(api_people_object(q, &in, err));
	value = json_string_value(json_object_get(in, "value"));
	if (value == NULL || json_object_size(in) != 1)
		return sp_fail(err, SP_E_INVALID,
		    "an object with value, a text, and nothing else");
	a->status = 204;
	return seal(q, field, value, err);
}

/* The admission is in the ledger ("sealed.opened"), then which field it was
 * ("sealed.shown"), before any of it is in the clear. */
static enum sp_code
open_sealed(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const struct api_people_wish w = { GATE_SEALED_OPEN, false };
	SP_AUTO_BUF value = sp_buf_secret(PEOPLE_SEALED_MAX);
	SP_AUTO_BUF out = sp_buf_secret(256);
	struct sp_json j = sp_json_to(&out);
	CRYPTO_AUTO_SECRET dek = NULL;
	struct people_sealed_ask ask = { .by = gate_caller_by(&q->who) };
	struct people_person p;

	SP_TRY(path_field(q, &ask.field, err));
	SP_TRY(api_people_enter(q, &w, &p, err));
	SP_TRY(evidence_object_agency_key(q->room, &dek, err));
	ask.dek = dek;
	ask.person = p.id;
	SP_TRY(people_sealed_open(
	    evidence_room_writer(q->room), &ask, &value, err));
	sp_json_object(&j, NULL);
	sp_json_str(&j, "value", sp_buf_str(&value));
	sp_json_end(&j);
	return http_json_answer(a, &out, "value", err);
}

/* --- The policy --- */

static enum sp_code
show_rules(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);

	people_rules_json(&j, NULL, api_people_rules(q));
	return http_json_answer(a, &out, "rules", err);
}

static enum sp_code
show_roles(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	(void)q;
	gate_role_matrix_json(&out);
	return http_json_answer(a, &out, "roles", err);
}

/* --- The routes --- */

#define PERSONS HTTP_AGENCY "persons"
#define PERSON  PERSONS "/{person}"

static const struct http_input list_input[] = {
	{ "query", "cursor", HTTP_STRING, false,
	    "\"next\" of the page before." },
	{ "query", "limit",
	    "{\"maximum\":1000,\"minimum\":1,\"type\":\"integer\"}", false,
	    "Persons a page; 100 when absent." },
};
static const struct http_input once_input[] = {
	{ "header", "Idempotency-Key", HTTP_STRING, false, HTTP_ONCE },
};

#define THE_PERSON                                                             \
	{                                                                      \
		{                                                              \
			200, "The person as it is now", HTTP_JSON, "Person",   \
			    NULL                                               \
		}                                                              \
	}

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = PERSONS,
	    .id = "listPersons",
	    .summary = "The agency's people, a page at a time",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_PERSON_SHOW,
	    .kind = "person",
	    HTTP_INPUT(list_input),
	    .success = { { 200, "A page", HTTP_JSON, "PersonPage", NULL } },
	    .handle = list_persons,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSONS,
	    .id = "addPerson",
	    .summary = "A new account",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_PERSON_ADD,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "PersonNew",
	    HTTP_INPUT(once_input),
	    .success = { { 201, "The person", HTTP_JSON, "Person",
		"Location" } },
	    .problems = "409 507",
	    .handle = add_person,
	},
	{
	    .method = HTTP_GET,
	    .path = PERSON,
	    .id = "showPerson",
	    .summary = "What is known of a person; of oneself always",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PERSON_SHOW,
	    .kind = "person",
	    .success = THE_PERSON,
	    .handle = show_person,
	},
	{
	    .method = HTTP_PATCH,
	    .path = PERSON,
	    .id = "changePerson",
	    .summary = "Correct what is known of a person",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PERSON_CHANGE,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "PersonChange",
	    .success = THE_PERSON,
	    .problems = "409 507",
	    .handle = change_person,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/role",
	    .id = "giveRole",
	    .summary = "Another role, in effect from the next request on",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_ROLE_ASSIGN,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "RoleGiven",
	    .success = THE_PERSON,
	    .problems = "409 507",
	    .handle = give_role,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/transfer",
	    .id = "transferPerson",
	    .summary = "To another unit, with the role said anew",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PERSON_CHANGE,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "Transfer",
	    .success = THE_PERSON,
	    .problems = "409 507",
	    .handle = transfer_person,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/disable",
	    .id = "disablePerson",
	    .summary = "Disable an account at once",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PERSON_DISABLE,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "Disabling",
	    .success = THE_PERSON,
	    .problems = "409 507",
	    .handle = disable_person,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/enable",
	    .id = "enablePerson",
	    .summary = "Enable a disabled account, or take back an end",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PERSON_ENABLE,
	    .kind = "person",
	    .success = THE_PERSON,
	    .problems = "409 507",
	    .handle = enable_person,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/terminate",
	    .id = "terminatePerson",
	    .summary = "End an account for ever, now or at a time",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PERSON_TERMINATE,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "Ending",
	    .success = THE_PERSON,
	    .problems = "409 507",
	    .handle = terminate_person,
	},
	{
	    .method = HTTP_GET,
	    .path = PERSON "/sealed",
	    .id = "listSealed",
	    .summary =
		"Which sealed fields are kept of a person, never a value",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_SCREENING_SHOW,
	    .kind = "person",
	    .success = { { 200, "Field by field", HTTP_JSON, "SealedFields",
		NULL } },
	    .handle = list_sealed,
	},
	{
	    .method = HTTP_PUT,
	    .path = PERSON "/sealed/{field}",
	    .id = "putSealed",
	    .summary = "Seal a value: ssn, dob, fbi or sid",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_SEALED_RECORD,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "SealedValue",
	    .success = { { 204, "Sealed", NULL, NULL, NULL } },
	    .problems = "507",
	    .handle = put_sealed,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/sealed/{field}/open",
	    .id = "openSealed",
	    .summary = "Show a sealed value; recorded in the ledger first",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_SEALED_OPEN,
	    .kind = "person",
	    .success = { { 200, "The value", HTTP_JSON, "SealedValue", NULL } },
	    .problems = "507",
	    .handle = open_sealed,
	},
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "rules",
	    .id = "showRules",
	    .summary = "The rules in force, with the section each is from",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_POLICY_SHOW,
	    .kind = "policy",
	    .success = { { 200, "The rules", HTTP_JSON, "Rules", NULL } },
	    .handle = show_rules,
	},
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "roles",
	    .id = "showRoles",
	    .summary = "Roles, acts, and which is open to which",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_POLICY_SHOW,
	    .kind = "policy",
	    .success = { { 200, "The table", HTTP_JSON, "Roles", NULL } },
	    .handle = show_roles,
	},
};

#define KIND                                                                   \
	"{\"enum\":[\"agency\",\"outside\",\"contractor\"],\"type\":"          \
	"\"string\"}"
#define ROLE                                                                   \
	"{\"enum\":[\"officer\",\"supervisor\",\"investigator\","              \
	"\"custodian\",\"records-clerk\",\"prosecutor\",\"auditor\","          \
	"\"laso\",\"administrator\",\"cso\",\"operator\","                     \
	"\"provider-security\"],\"type\":\"string\"}"
#define STATE                                                                  \
	"{\"enum\":[\"active\",\"disabled\",\"terminated\"],\"type\":"         \
	"\"string\"}"

static const struct http_schema schemas[] = {
	{ "Disabling",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"discovered_at\":" HTTP_NULLABLE
	    ",\"reason\":{\"enum\":[\"requested\",\"risk\",\"locked\","
	    "\"screening\"],\"type\":\"string\"}},\"type\":\"object\"}" },
	{ "Ending",
	    "{\"additionalProperties\":false,\"properties\":{\"ends_"
	    "at\":" HTTP_NULLABLE "},\"type\":\"object\"}" },
	{ "Person",
	    "{\"properties\":{\"active_at\":" HTTP_TIME
	    ",\"created\":" HTTP_TIME ",\"employer\":" HTTP_STRING
	    ",\"employer_ori\":" HTTP_STRING ",\"ends\":" HTTP_TIME
	    ",\"human\":" HTTP_STRING ",\"id\":" HTTP_ID ",\"kind\":" KIND
	    ",\"login\":" HTTP_STRING ",\"name\":" HTTP_STRING
	    ",\"reason\":" HTTP_STRING ",\"residence\":" HTTP_STRING
	    ",\"role\":" ROLE ",\"since\":" HTTP_TIME ",\"state\":" STATE
	    ",\"temporary_until\":" HTTP_TIME ",\"unit\":" HTTP_STRING
	    "},\"required\":[\"human\",\"id\",\"kind\",\"login\",\"name\","
	    "\"residence\",\"role\",\"state\"],\"type\":\"object\"}" },
	{ "PersonChange",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"employer\":" HTTP_NULLABLE ",\"employer_ori\":" HTTP_NULLABLE
	    ",\"human\":" HTTP_NULLABLE ",\"kind\":" HTTP_NULLABLE
	    ",\"login\":" HTTP_NULLABLE ",\"name\":" HTTP_NULLABLE
	    ",\"residence\":" HTTP_NULLABLE "},\"type\":\"object\"}" },
	{ "PersonNew",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"employer\":" HTTP_NULLABLE ",\"employer_ori\":" HTTP_NULLABLE
	    ",\"human\":" HTTP_NULLABLE ",\"kind\":" HTTP_NULLABLE
	    ",\"login\":" HTTP_NULLABLE ",\"name\":" HTTP_STRING
	    ",\"residence\":" HTTP_NULLABLE ",\"role\":" ROLE
	    ",\"temporary_until\":" HTTP_NULLABLE ",\"unit\":" HTTP_NULLABLE
	    "},\"required\":[\"name\",\"role\"],\"type\":\"object\"}" },
	{ "PersonPage",
	    "{\"properties\":{\"items\":{\"items\":{\"$ref\":\"#/components/"
	    "schemas/Person\"},\"type\":\"array\"},\"next\":" HTTP_NULLABLE
	    "},\"required\":[\"items\",\"next\"],\"type\":\"object\"}" },
	{ "RoleGiven",
	    "{\"additionalProperties\":false,\"properties\":{\"role\":" ROLE
	    "},\"required\":[\"role\"],\"type\":\"object\"}" },
	{ "Roles", "{\"type\":\"object\"}" },
	{ "Rules", "{\"type\":\"object\"}" },
	{ "SealedFields",
	    "{\"properties\":{\"dob\":" HTTP_BOOLEAN ",\"fbi\":" HTTP_BOOLEAN
	    ",\"sid\":" HTTP_BOOLEAN ",\"ssn\":" HTTP_BOOLEAN
	    "},\"required\":[\"dob\",\"fbi\",\"sid\",\"ssn\"],\"type\":"
	    "\"object\"}" },
	{ "SealedValue",
	    "{\"additionalProperties\":false,\"properties\":{\"value\":{"
	    "\"maxLength\":64,\"type\":\"string\"}},\"required\":[\"value\"],"
	    "\"type\":\"object\"}" },
	{ "Transfer",
	    "{\"additionalProperties\":false,\"properties\":{\"role\":" ROLE
	    ",\"unit\":" HTTP_STRING
	    "},\"required\":[\"role\",\"unit\"],\"type\":\"object\"}" },
};

const struct http_topic api_people_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
