#include "api/people.h"

#include "api/people_part.h"
#include "base/parse.h"
#include "gate/recovery.h"

#include <string.h>

/* Accounts. */
#define LIST_DEFAULT 100
#define LIST_MOST    1000
#define LIST_AT_ONCE 8

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

/* Whoever leads, or holds a recovery share, is shut out only by whoever leads
 * (gate_caller_leads). */
static enum sp_code
may_shut(const struct people_act *a, const struct api_people_act *x,
    struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	struct people_person p;
	bool holds = false;

	SP_TRY(people_person_by_id(db, &x->person, &p, err));
	SP_TRY(gate_recovery_holds(db, &x->person, &holds, err));
	if (holds || people_role_leads(p.role))
		return gate_caller_leads(&x->q->who, false, err);
	return SP_OK;
}

static enum sp_code
disable_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	const struct disabling *d = x->in;

	SP_TRY(may_shut(a, x, err));
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
	struct api_people_act x = {
		.q = q, .in = &d, .keep = true, .run = disable_run
	};

	SP_TRY(api_people_body(q, &in, m, SP_COUNTOF(m), err));
	if (reason != NULL && !people_reason_parse(reason, &d.reason))
		d.reason = PEOPLE_NO_REASON; /* refused, with the list */
	SP_TRY(
	    api_people_time("discovered_at", discovered, &d.discovered, err));
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

/* --- The routes --- */

#define PERSONS HTTP_AGENCY "persons"
#define PERSON  API_PEOPLE_PERSON

static const struct http_input list_input[] = { API_PEOPLE_PAGES };
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
	    API_PEOPLE_TAKES("PersonNew"),
	    HTTP_INPUT(once_input),
	    .success = { { 201, "The person", HTTP_JSON, "Person",
		"Location" } },
	    .handle = add_person,
	},
	{
	    .method = HTTP_GET,
	    .path = PERSON,
	    .id = "showPerson",
	    .summary = "What is known of a person; of oneself always",
	    API_PEOPLE_ABOUT(GATE_PERSON_SHOW),
	    .success = THE_PERSON,
	    .handle = show_person,
	},
	{
	    .method = HTTP_PATCH,
	    .path = PERSON,
	    .id = "changePerson",
	    .summary = "Correct what is known of a person",
	    API_PEOPLE_ABOUT(GATE_PERSON_CHANGE),
	    API_PEOPLE_TAKES("PersonChange"),
	    .success = THE_PERSON,
	    .handle = change_person,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/role",
	    .id = "giveRole",
	    .summary = "Another role, in effect from the next request on",
	    API_PEOPLE_ABOUT(GATE_ROLE_ASSIGN),
	    API_PEOPLE_TAKES("RoleGiven"),
	    .success = THE_PERSON,
	    .handle = give_role,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/transfer",
	    .id = "transferPerson",
	    .summary = "To another unit, with the role said anew",
	    API_PEOPLE_ABOUT(GATE_PERSON_CHANGE),
	    API_PEOPLE_TAKES("Transfer"),
	    .success = THE_PERSON,
	    .handle = transfer_person,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/disable",
	    .id = "disablePerson",
	    .summary = "Disable an account at once",
	    API_PEOPLE_ABOUT(GATE_PERSON_DISABLE),
	    API_PEOPLE_TAKES("Disabling"),
	    .success = THE_PERSON,
	    .handle = disable_person,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/enable",
	    .id = "enablePerson",
	    .summary = "Enable a disabled account, or take back an end",
	    API_PEOPLE_ABOUT(GATE_PERSON_ENABLE),
	    .success = THE_PERSON,
	    .problems = "409 507",
	    .handle = enable_person,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/terminate",
	    .id = "terminatePerson",
	    .summary = "End an account for ever, now or at a time",
	    API_PEOPLE_ABOUT(GATE_PERSON_TERMINATE),
	    API_PEOPLE_TAKES("Ending"),
	    .success = THE_PERSON,
	    .handle = terminate_person,
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
	{ "Transfer",
	    "{\"additionalProperties\":false,\"properties\":{\"role\":" ROLE
	    ",\"unit\":" HTTP_STRING
	    "},\"required\":[\"role\",\"unit\"],\"type\":\"object\"}" },
};

const struct http_topic api_people_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
