#include "api/people.h"

#include "api/people_part.h"
#include "people/clearance.h"

#include <string.h>

/*
 * Records: clearance, screening, training, signatures, agreements.  Rows are
 * only added.
 */

/* --- Reading --- */

typedef enum sp_code (*json_fn)(struct sp_json *j, const char *name,
    struct db *db, const struct sp_id *person, const struct people_rules *rules,
    struct sp_err *err);

/* {"items":[…]}, or what the reader makes, about one person. */
static enum sp_code
tell(struct http_request *q, struct http_answer *a, enum gate_act act,
    json_fn write, struct sp_err *err)
{
	const struct api_people_wish w = { act, true };
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	struct people_person p;

	SP_TRY(api_people_enter(q, &w, &p, err));
	DB_LENT(reader, evidence_room_readers(q->room));
	sp_json_object(&j, NULL);
	SP_TRY(write(&j, "items", reader.db, &p.id, api_people_rules(q), err));
	sp_json_end(&j);
	return http_json_answer(a, &out, "records", err);
}

static enum sp_code
list_screenings(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return tell(q, a, GATE_SCREENING_SHOW, people_screening_json, err);
}

static enum sp_code
list_trainings(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return tell(q, a, GATE_TRAINING_SHOW, people_training_json, err);
}

static enum sp_code
list_signatures(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return tell(q, a, GATE_ADDENDUM_SHOW, people_addendum_json, err);
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

	SP_TRY(api_people_enter(q, &w, &p, err));
	DB_LENT(reader, evidence_room_readers(q->room));
	SP_TRY(people_clearance(
	    reader.db, &p, api_people_rules(q), sp_now(), &v, err));
	people_clearance_json(&j, NULL, &v, api_people_rules(q));
	return http_json_answer(a, &out, "clearance", err);
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

/* --- Signatures --- */

static enum sp_code
sign_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	return people_addendum_sign(a, x->in, &x->made, err);
}

/* Is the caller this human?  Then they sign for themselves. */
static enum sp_code
is_self(struct http_request *q, bool *self, struct sp_err *err)
{
	enum gate_duty duty = GATE_DUTY_OTHER;
	struct people_person p;
	DB_LENT(reader, evidence_room_readers(q->room));
	enum sp_code code = people_person_meant(reader.db,
	    http_match_param(&q->match, "person"), &q->who.person, &p, NULL);

	if (code == SP_OK)
		SP_TRY(gate_caller_duty(reader.db, &q->who, &p.id, &duty, err));
	*self = duty == GATE_DUTY_SAME;
	return SP_OK;
}

static enum sp_code
sign(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct people_addendum_new n = { .company = NULL };
	const struct api_people_member m[] = { { "expires", &n.expires },
		{ "signed_on", &n.signed_on } };
	struct api_people_act x = { .q = q, .in = &n, .run = sign_run };
	struct api_people_wish w = { GATE_ADDENDUM_RECORD, false };
	struct people_person p;
	bool self = false;

	SP_TRY(api_people_body(q, &in, m, SP_COUNTOF(m), err));
	SP_TRY(is_self(q, &self, err));
	if (self)
		w.act = GATE_ADDENDUM_SIGN;
	SP_TRY(api_people_enter(q, &w, &p, err));
	n.person = &p.id;
	SP_TRY(api_people_do(&x, err));
	return api_people_made(a, &x.made, err);
}

static enum sp_code
sign_company(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct people_addendum_new n = { .company = NULL };
	const struct api_people_member m[] = { { "company", &n.company },
		{ "expires", &n.expires }, { "signed_on", &n.signed_on },
		{ "signer", &n.signer } };
	struct api_people_act x = { .q = q, .in = &n, .run = sign_run };

	SP_TRY(api_people_body(q, &in, m, SP_COUNTOF(m), err));
	SP_TRY(api_people_do(&x, err));
	return api_people_made(a, &x.made, err);
}

static enum sp_code
list_companies(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	DB_LENT(reader, evidence_room_readers(q->room));

	sp_json_object(&j, NULL);
	SP_TRY(people_addendum_companies_json(
	    &j, "items", reader.db, api_people_rules(q), err));
	sp_json_end(&j);
	return http_json_answer(a, &out, "signatures", err);
}

/* The exact bytes whose SHA-256 is in the ledger. */
static enum sp_code
show_statement(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(PEOPLE_STATEMENT_MAX);
	DB_LENT(reader, evidence_room_readers(q->room));

	SP_TRY(people_addendum_statement(reader.db, &q->id, &out, err));
	return http_json_answer(a, &out, "statement", err);
}

static enum sp_code
show_document(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	enum people_document kind;

	if (!people_document_parse(http_match_param(&q->match, "kind"), &kind))
		return sp_fail(err, SP_E_NOTFOUND, "no such document");
	DB_LENT(reader, evidence_room_readers(q->room));
	SP_TRY(people_addendum_document_json(&j, NULL, reader.db, kind, err));
	return http_json_answer(a, &out, "document", err);
}

static enum sp_code
document_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	uint8_t sha256[CRYPTO_SHA256_LEN];

	return people_addendum_document(a, x->in, sha256, err);
}

static enum sp_code
put_document(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct people_document_new n = { .kind = NULL };
	const struct api_people_member m[] = { { "text", &n.text },
		{ "title", &n.title }, { "version", &n.version } };
	struct api_people_act x = { .q = q, .in = &n, .run = document_run };

	SP_TRY(api_people_body(q, &in, m, SP_COUNTOF(m), err));
	n.kind = http_match_param(&q->match, "kind");
	SP_TRY(api_people_do(&x, err));
	return show_document(q, a, err);
}

/* --- Agreements --- */

static enum sp_code
list_agreements(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	DB_LENT(reader, evidence_room_readers(q->room));

	sp_json_object(&j, NULL);
	SP_TRY(people_agreement_json(
	    &j, "items", reader.db, api_people_rules(q), err));
	sp_json_end(&j);
	return http_json_answer(a, &out, "agreements", err);
}

static enum sp_code
agreement_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	return people_agreement_add(a, x->in, &x->made, err);
}

static enum sp_code
add_agreement(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct people_agreement_new n;
	struct api_people_act x = { .q = q, .in = &n, .run = agreement_run };

	SP_TRY(api_people_object(q, &in, err));
	SP_TRY(people_agreement_new_json(in, &n, err));
	SP_TRY(api_people_do(&x, err));
	return api_people_made(a, &x.made, err);
}

struct paper_day {
	const char *on, *next;
};

static enum sp_code
review_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	const struct paper_day *d = x->in;

	return people_agreement_review(a, &x->q->id, d->on, d->next, err);
}

static enum sp_code
review_agreement(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct paper_day d = { .on = NULL };
	const struct api_people_member m[] = { { "review", &d.next },
		{ "reviewed", &d.on } };
	struct api_people_act x = { .q = q, .in = &d, .run = review_run };

	SP_TRY(api_people_body(q, &in, m, SP_COUNTOF(m), err));
	a->status = 204;
	return api_people_do(&x, err);
}

static enum sp_code
end_run(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	const struct paper_day *d = x->in;

	return people_agreement_end(a, &x->q->id, d->on, err);
}

static enum sp_code
end_agreement(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *in = NULL;
	struct paper_day d = { .on = NULL };
	const struct api_people_member m[] = { { "ended", &d.on } };
	struct api_people_act x = { .q = q, .in = &d, .run = end_run };

	SP_TRY(api_people_body(q, &in, m, SP_COUNTOF(m), err));
	a->status = 204;
	return api_people_do(&x, err);
}

/* --- The routes --- */

#define PERSON HTTP_AGENCY "persons/{person}"
#define PAPER  HTTP_AGENCY "agreements"

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = PERSON "/clearance",
	    .id = "showClearance",
	    .summary = "May they see criminal justice information now, until "
		       "when, and why not; of oneself always",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_CLEARANCE_SHOW,
	    .kind = "person",
	    .success = { { 200, "The verdict, with its path", HTTP_JSON,
		"Clearance", NULL } },
	    .handle = show_clearance,
	},
	{
	    .method = HTTP_GET,
	    .path = PERSON "/screenings",
	    .id = "listScreenings",
	    .summary = "Checks by fingerprint, oldest first",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_SCREENING_SHOW,
	    .kind = "person",
	    .success = { { 200, "All of them", HTTP_JSON, "Records", NULL } },
	    .handle = list_screenings,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/screenings",
	    .id = "addScreening",
	    .summary = "Record a check and its decision",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_SCREENING_RECORD,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "ScreeningNew",
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
	    .problems = "409 507",
	    .handle = add_screening,
	},
	{
	    .method = HTTP_GET,
	    .path = PERSON "/trainings",
	    .id = "listTrainings",
	    .summary = "Training completed, and training demanded",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_TRAINING_SHOW,
	    .kind = "person",
	    .success = { { 200, "All of it", HTTP_JSON, "Trainings", NULL } },
	    .handle = list_trainings,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/trainings",
	    .id = "addTraining",
	    .summary = "Record a training",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_TRAINING_RECORD,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "TrainingNew",
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
	    .problems = "409 507",
	    .handle = add_training,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/demands",
	    .id = "demandTraining",
	    .summary = "Demand a course again, after an event or a change",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_TRAINING_RECORD,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "TrainingDemand",
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
	    .problems = "409 507",
	    .handle = demand_training,
	},
	{
	    .method = HTTP_GET,
	    .path = PERSON "/signatures",
	    .id = "listSignatures",
	    .summary = "What a person has signed",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_ADDENDUM_SHOW,
	    .kind = "person",
	    .success = { { 200, "All of them", HTTP_JSON, "Records", NULL } },
	    .handle = list_signatures,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/signatures",
	    .id = "sign",
	    .summary = "Sign: by oneself electronically; by another, what was "
		       "signed on paper",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_ADDENDUM_SIGN,
	    .kind = "person",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "SignatureNew",
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
	    .problems = "409 507",
	    .handle = sign,
	},
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "signatures",
	    .id = "listCompanySignatures",
	    .summary = "What companies have signed",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_ADDENDUM_SHOW,
	    .kind = "addendum",
	    .success = { { 200, "All of them", HTTP_JSON, "Records", NULL } },
	    .handle = list_companies,
	},
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "signatures",
	    .id = "signForCompany",
	    .summary = "Record a company's signature of the Security Addendum",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_ADDENDUM_RECORD,
	    .kind = "addendum",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "CompanySignatureNew",
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
	    .problems = "409 507",
	    .handle = sign_company,
	},
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "signatures/{id}/statement",
	    .id = "showStatement",
	    .summary =
		"The exact bytes that were signed; their SHA-256 is in the log",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_ADDENDUM_SHOW,
	    .kind = "addendum",
	    .success = { { 200, "The statement", HTTP_JSON, "Statement",
		NULL } },
	    .handle = show_statement,
	},
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "documents/{kind}",
	    .id = "showDocument",
	    .summary = "What is signed now: security-addendum or access-terms",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_POLICY_SHOW,
	    .kind = "policy",
	    .success = { { 200,
		"Its words, and its text where the agency keeps it", HTTP_JSON,
		"Document", NULL } },
	    .handle = show_document,
	},
	{
	    .method = HTTP_PUT,
	    .path = HTTP_AGENCY "documents/{kind}",
	    .id = "putDocument",
	    .summary = "Keep a document; it is what is signed from then on",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_ADDENDUM_RECORD,
	    .kind = "addendum",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "DocumentNew",
	    .success = { { 200, "As it is kept", HTTP_JSON, "Document",
		NULL } },
	    .problems = "409 507",
	    .handle = put_document,
	},
	{
	    .method = HTTP_GET,
	    .path = PAPER,
	    .id = "listAgreements",
	    .summary = "Agreements, oldest first",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_AGREEMENT_SHOW,
	    .kind = "agreement",
	    .success = { { 200, "All of them", HTTP_JSON, "Records", NULL } },
	    .handle = list_agreements,
	},
	{
	    .method = HTTP_POST,
	    .path = PAPER,
	    .id = "addAgreement",
	    .summary = "Record an agreement",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_AGREEMENT_RECORD,
	    .kind = "agreement",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "AgreementNew",
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
	    .problems = "409 507",
	    .handle = add_agreement,
	},
	{
	    .method = HTTP_POST,
	    .path = PAPER "/{id}/review",
	    .id = "reviewAgreement",
	    .summary = "It was reviewed",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_AGREEMENT_RECORD,
	    .kind = "agreement",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "AgreementReview",
	    .success = { { 204, "Recorded", NULL, NULL, NULL } },
	    .problems = "409 507",
	    .handle = review_agreement,
	},
	{
	    .method = HTTP_POST,
	    .path = PAPER "/{id}/end",
	    .id = "endAgreement",
	    .summary = "It has ended",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_AGREEMENT_RECORD,
	    .kind = "agreement",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "AgreementEnd",
	    .success = { { 204, "Recorded", NULL, NULL, NULL } },
	    .problems = "409 507",
	    .handle = end_agreement,
	},
};

#define NEW  "{\"additionalProperties\":false,\"properties\":{"
#define ENDS "},\"type\":\"object\"}"
#define DAY  "{\"format\":\"date\",\"type\":[\"string\",\"null\"]}"

static const struct http_schema schemas[] = {
	{ "AgreementEnd", NEW "\"ended\":" DAY ENDS },
	{ "AgreementNew",
	    NEW "\"kind\":" HTTP_NULLABLE ",\"partner\":" HTTP_NULLABLE
		",\"reference\":" HTTP_NULLABLE ",\"review\":" DAY
		",\"signed_on\":" DAY ",\"state\":" HTTP_NULLABLE ENDS },
	{ "AgreementReview", NEW "\"review\":" DAY ",\"reviewed\":" DAY ENDS },
	{ "Clearance",
	    "{\"properties\":{\"change\":" HTTP_STRING ",\"code\":" HTTP_STRING
	    ",\"path\":{\"items\":{\"type\":\"object\"},\"type\":\"array\"},"
	    "\"until\":" DAY "},\"required\":[\"code\",\"path\"],\"type\":"
	    "\"object\"}" },
	{ "CompanySignatureNew",
	    NEW
	    "\"company\":" HTTP_STRING ",\"expires\":" DAY ",\"signed_on\":" DAY
	    ",\"signer\":" HTTP_STRING
	    "},\"required\":[\"company\",\"signer\"],\"type\":\"object\"}" },
	{ "Document",
	    "{\"properties\":{\"kind\":" HTTP_STRING ",\"recorded\":" HTTP_TIME
	    ",\"sha256\":" HTTP_STRING ",\"text\":" HTTP_STRING
	    ",\"title\":" HTTP_STRING ",\"version\":" HTTP_STRING
	    ",\"words\":" HTTP_STRING
	    "},\"required\":[\"kind\",\"words\"],\"type\":\"object\"}" },
	{ "DocumentNew",
	    NEW "\"text\":" HTTP_STRING ",\"title\":" HTTP_STRING
		",\"version\":" HTTP_STRING
		"},\"required\":[\"text\",\"title\",\"version\"],\"type\":"
		"\"object\"}" },
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
	{ "SignatureNew", NEW "\"expires\":" DAY ",\"signed_on\":" DAY ENDS },
	{ "Statement", "{\"type\":\"object\"}" },
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
