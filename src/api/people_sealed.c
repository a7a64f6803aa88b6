#include "api/people.h"

#include "api/people_part.h"
#include "evidence/object.h"
#include "people/sealed.h"

#include <string.h>

/* What is sealed of a person: put, and opened for few. */

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

/* --- The routes --- */

#define SEALED API_PEOPLE_PERSON "/sealed"

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = SEALED,
	    .id = "listSealed",
	    .summary =
		"Which sealed fields are kept of a person, never a value",
	    API_PEOPLE_ABOUT(GATE_SCREENING_SHOW),
	    .success = { { 200, "Field by field", HTTP_JSON, "SealedFields",
		NULL } },
	    .handle = list_sealed,
	},
	{
	    .method = HTTP_PUT,
	    .path = SEALED "/{field}",
	    .id = "putSealed",
	    .summary = "Seal a value: ssn, dob, fbi or sid",
	    API_PEOPLE_ABOUT(GATE_SEALED_RECORD),
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "SealedValue",
	    .success = { { 204, "Sealed", NULL, NULL, NULL } },
	    .problems = "507",
	    .handle = put_sealed,
	},
	{
	    .method = HTTP_POST,
	    .path = SEALED "/{field}/open",
	    .id = "openSealed",
	    .summary = "Show a sealed value; recorded in the ledger first",
	    API_PEOPLE_ABOUT(GATE_SEALED_OPEN),
	    .success = { { 200, "The value", HTTP_JSON, "SealedValue", NULL } },
	    .problems = "507",
	    .handle = open_sealed,
	},
};

static const struct http_schema schemas[] = {
	{ "SealedFields",
	    "{\"properties\":{\"dob\":" HTTP_BOOLEAN ",\"fbi\":" HTTP_BOOLEAN
	    ",\"sid\":" HTTP_BOOLEAN ",\"ssn\":" HTTP_BOOLEAN
	    "},\"required\":[\"dob\",\"fbi\",\"sid\",\"ssn\"],\"type\":"
	    "\"object\"}" },
	{ "SealedValue",
	    "{\"additionalProperties\":false,\"properties\":{\"value\":{"
	    "\"maxLength\":64,\"type\":\"string\"}},\"required\":[\"value\"],"
	    "\"type\":\"object\"}" },
};

const struct http_topic api_people_sealed_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
