#include "api/people.h"

#include "api/people_part.h"
#include "people/clearance.h"
#include "people/field.h"

#include <string.h>

/*
 * Records of a person: clearance, screening, training.  Rows are only added.
 */

/* --- Reading --- */

static enum sp_code
list_screenings(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return api_people_tell(
	    q, a, GATE_SCREENING_SHOW, people_screening_json, err);
}

static enum sp_code
list_trainings(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return api_people_tell(
	    q, a, GATE_TRAINING_SHOW, people_training_json, err);
}

static enum sp_code
show_clearance(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const struct api_people_wish w = { GATE_CLEARANCE_SHOW, true };
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	struct people_verdict v;
	struct people_person p;
	struct people_remedy r = { .person = p.login, .employer = p.employer };

	SP_TRY(api_people_enter(q, &w, &p, err));
	DB_LENT(reader, evidence_room_readers(q->room));
	SP_TRY(people_clearance(
	    reader.db, &p, api_people_rules(q), sp_now(), &v, err));
	people_clearance_json_for(&j, &v, api_people_rules(q), &r);
	return http_json_answer(a, &out, "clearance", err);
}

/* --- Of everybody --- */

#define LIST_DEFAULT 100
#define LIST_MOST    1000
#define LIST_AT_ONCE 8

struct cleared {
	struct http_request *q;
	struct sp_json *j;
	struct db *db;
	struct sp_id after;
	bool begun;
	size_t left;
};

static enum sp_code
put_cleared(
    struct cleared *l, const struct people_person *p, struct sp_err *err)
{
	const struct people_rules *rules = api_people_rules(l->q);
	SP_AUTO_BUF change = sp_buf_new(512);
	struct people_verdict v;

	SP_TRY(people_clearance(l->db, p, rules, sp_now(), &v, err));
	people_clearance_change(&v, rules, &change);
	sp_json_object(l->j, NULL);
	if (change.len > 0)
		sp_json_str(l->j, "change", sp_buf_str(&change));
	sp_json_str(l->j, "code", people_code_name(v.code));
	http_json_id(l->j, "id", &p->id);
	sp_json_str(l->j, "login", p->login);
	sp_json_str(l->j, "name", p->name);
	sp_json_str(l->j, "role", people_role_name(p->role));
	people_put_day(l->j, "until", v.until);
	sp_json_end(l->j);
	return SP_OK;
}

/* The next few, but for accounts that have ended; *more: there are others. */
static enum sp_code
put_some(struct cleared *l, bool *more, struct sp_err *err)
{
	struct people_person p[LIST_AT_ONCE];
	size_t got;

	SP_TRY(people_person_list(
	    l->db, l->begun ? &l->after : NULL, p, SP_COUNTOF(p), &got, err));
	*more = got == SP_COUNTOF(p);
	for (size_t i = 0; i < got; i++) {
		if (l->left == 0) {
			*more = true;
			return SP_OK;
		}
		l->after = p[i].id;
		l->begun = true;
		if (people_person_state(&p[i], api_people_rules(l->q), sp_now())
			.state == PEOPLE_TERMINATED)
			continue;
		SP_TRY(put_cleared(l, &p[i], err));
		l->left--;
	}
	return SP_OK;
}

static enum sp_code
list_clearances(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	const char *cursor = http_request_query(q, "cursor");
	struct sp_json j = sp_json_to(&out);
	struct cleared l = { .q = q, .j = &j, .begun = cursor != NULL };
	uint64_t n = LIST_DEFAULT;
	bool more = true;

	if (cursor != NULL && !sp_id_parse(cursor, strlen(cursor), &l.after))
		return sp_fail(
		    err, SP_E_INVALID, "cursor: \"next\" of the page before");
	SP_TRY(http_request_query_u64(q, "limit", 1, LIST_MOST, &n, err));
	l.left = (size_t)n;
	DB_LENT(reader, evidence_room_readers(q->room));
	l.db = reader.db;
	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	while (more && l.left > 0)
		SP_TRY(put_some(&l, &more, err));
	sp_json_end(&j);
	if (more)
		http_json_id(&j, "next", &l.after);
	else
		sp_json_null(&j, "next");
	sp_json_end(&j);
	return http_json_answer(a, &out, "clearances", err);
}

/* --- Adding, about a person --- */

static enum sp_code
add(struct api_people_act *x, struct http_answer *a, enum gate_act act,
    struct sp_err *err)
{
	const struct api_people_wish w = { act, false };
	struct people_person p;

	SP_TRY(api_people_enter(x->q, &w, &p, err));
	x->person = p.id;
	SP_TRY(api_people_do(x, err));
	return api_people_made(a, &x->made, err);
}

static enum sp_code
screening_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	return people_screening_add(a, &x->person, x->in, &x->made, err);
}

static enum sp_code
add_screening(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct people_screening_new n;
	struct api_people_act x = { .q = q, .in = &n, .run = screening_run };

	SP_TRY(api_people_object(q, &in, err));
	SP_TRY(people_screening_new_json(in, &n, err));
	/* Denied, it ends what the account can do. */
	x.keep = true;
	return add(&x, a, GATE_SCREENING_RECORD, err);
}

static enum sp_code
training_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	return people_training_add(a, &x->person, x->in, &x->made, err);
}

static enum sp_code
add_training(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct people_training_new n;
	struct api_people_act x = { .q = q, .in = &n, .run = training_run };

	SP_TRY(api_people_object(q, &in, err));
	SP_TRY(people_training_new_json(in, &n, err));
	return add(&x, a, GATE_TRAINING_RECORD, err);
}

struct demanding {
	const char *course, *since;
};

static enum sp_code
demand_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	const struct demanding *d = x->in;

	return people_training_demand(
	    a, &x->person, d->course, d->since, &x->made, err);
}

static enum sp_code
demand_training(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct demanding d = { .course = NULL };
	const struct api_people_member m[] = { { "course", &d.course },
		{ "since", &d.since } };
	struct api_people_act x = { .q = q, .in = &d, .run = demand_run };

	SP_TRY(api_people_body(q, &in, m, SP_COUNTOF(m), err));
	return add(&x, a, GATE_TRAINING_RECORD, err);
}

/* --- The routes --- */

#define PERSON API_PEOPLE_PERSON

static const struct http_input list_input[] = { API_PEOPLE_PAGES };

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "clearances",
	    .id = "listClearances",
	    .summary = "Who may see criminal justice information now, until "
		       "when, and why not: everybody whose account has not "
		       "ended, a page at a time",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_CLEARANCE_SHOW,
	    .kind = "person",
	    HTTP_INPUT(list_input),
	    .success = { { 200, "A page", HTTP_JSON, "ClearancePage", NULL } },
	    .handle = list_clearances,
	},
	{
	    .method = HTTP_GET,
	    .path = PERSON "/clearance",
	    .id = "showClearance",
	    .summary = "May they see criminal justice information now, until "
		       "when, and why not; of oneself always",
	    API_PEOPLE_ABOUT(GATE_CLEARANCE_SHOW),
	    .success = { { 200, "The verdict, with its path", HTTP_JSON,
		"Clearance", NULL } },
	    .handle = show_clearance,
	},
	{
	    .method = HTTP_GET,
	    .path = PERSON "/screenings",
	    .id = "listScreenings",
	    .summary = "Checks by fingerprint, oldest first",
	    API_PEOPLE_ABOUT(GATE_SCREENING_SHOW),
	    .success = { { 200, "All of them", HTTP_JSON, "Records", NULL } },
	    .handle = list_screenings,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/screenings",
	    .id = "addScreening",
	    .summary = "Record a check and its decision",
	    API_PEOPLE_ABOUT(GATE_SCREENING_RECORD),
	    API_PEOPLE_TAKES("ScreeningNew"),
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
	    .handle = add_screening,
	},
	{
	    .method = HTTP_GET,
	    .path = PERSON "/trainings",
	    .id = "listTrainings",
	    .summary = "Training completed, and training demanded",
	    API_PEOPLE_ABOUT(GATE_TRAINING_SHOW),
	    .success = { { 200, "All of it", HTTP_JSON, "Trainings", NULL } },
	    .handle = list_trainings,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/trainings",
	    .id = "addTraining",
	    .summary = "Record a training",
	    API_PEOPLE_ABOUT(GATE_TRAINING_RECORD),
	    API_PEOPLE_TAKES("TrainingNew"),
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
	    .handle = add_training,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/demands",
	    .id = "demandTraining",
	    .summary = "Demand a course again, after an event or a change",
	    API_PEOPLE_ABOUT(GATE_TRAINING_RECORD),
	    API_PEOPLE_TAKES("TrainingDemand"),
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
	    .handle = demand_training,
	},
};

#define NEW  "{\"additionalProperties\":false,\"properties\":{"
#define ENDS "},\"type\":\"object\"}"
#define DAY  "{\"format\":\"date\",\"type\":[\"string\",\"null\"]}"

static const struct http_schema schemas[] = {
	{ "Clearance",
	    "{\"properties\":{\"change\":" HTTP_STRING ",\"code\":" HTTP_STRING
	    ",\"path\":{\"items\":{\"type\":\"object\"},\"type\":\"array\"},"
	    "\"until\":" DAY "},\"required\":[\"code\",\"path\"],\"type\":"
	    "\"object\"}" },
	{ "ClearancePage",
	    "{\"properties\":{\"items\":{\"items\":{\"properties\":{"
	    "\"change\":" HTTP_STRING ",\"code\":" HTTP_STRING
	    ",\"id\":" HTTP_ID ",\"login\":" HTTP_STRING
	    ",\"name\":" HTTP_STRING ",\"role\":" HTTP_STRING ",\"until\":" DAY
	    "},\"required\":[\"code\",\"id\",\"login\",\"name\",\"role\"],"
	    "\"type\":\"object\"},\"type\":\"array\"},\"next\":" HTTP_NULLABLE
	    "},\"required\":[\"items\",\"next\"],\"type\":\"object\"}" },
	{ "Made",
	    "{\"properties\":{\"id\":" HTTP_ID
	    "},\"required\":[\"id\"],\"type\":\"object\"}" },
	{ "Records",
	    "{\"properties\":{\"items\":{\"items\":{\"type\":\"object\"},"
	    "\"type\":\"array\"}},\"required\":[\"items\"],\"type\":"
	    "\"object\"}" },
	{ "ScreeningNew",
	    NEW "\"adjudicator\":" HTTP_NULLABLE ",\"decided\":" DAY
		",\"decision\":" HTTP_NULLABLE ",\"expires\":" DAY
		",\"fingerprinted\":" DAY ",\"state\":" HTTP_NULLABLE
		",\"variance\":" HTTP_NULLABLE ENDS },
	{ "TrainingDemand",
	    NEW "\"course\":" HTTP_STRING ",\"since\":" DAY
		"},\"required\":[\"course\"],\"type\":\"object\"}" },
	{ "TrainingNew",
	    NEW "\"completed\":" DAY ",\"course\":" HTTP_NULLABLE
		",\"expires\":" DAY ",\"reference\":" HTTP_NULLABLE ENDS },
	{ "Trainings",
	    "{\"properties\":{\"items\":{\"properties\":{\"demands\":{"
	    "\"items\":"
	    "{\"type\":\"object\"},\"type\":\"array\"},\"records\":{\"items\":"
	    "{\"type\":\"object\"},\"type\":\"array\"}},\"type\":\"object\"}},"
	    "\"required\":[\"items\"],\"type\":\"object\"}" },
};

const struct http_topic api_people_record_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
