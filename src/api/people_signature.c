#include "api/people.h"

#include "api/people_part.h"
#include "people/addendum.h"

/*
 * What persons and companies sign, and the documents that are signed.  Rows are
 * only added.
 */

static enum sp_code
list_signatures(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return api_people_tell(
	    q, a, GATE_ADDENDUM_SHOW, people_addendum_json, err);
}

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
		SP_TRY(gate_caller_duty(
		    reader.db, &q->who, GATE_ADDENDUM_SIGN, &p.id, &duty, err));
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
	return api_people_tell_all(
	    q, a, people_addendum_companies_json, "signatures", err);
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

/* --- The routes --- */

#define PERSON API_PEOPLE_PERSON

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = PERSON "/signatures",
	    .id = "listSignatures",
	    .summary = "What a person has signed",
	    API_PEOPLE_ABOUT(GATE_ADDENDUM_SHOW),
	    .success = { { 200, "All of them", HTTP_JSON, "Records", NULL } },
	    .handle = list_signatures,
	},
	{
	    .method = HTTP_POST,
	    .path = PERSON "/signatures",
	    .id = "sign",
	    .summary = "Sign: by oneself electronically; by another, what was "
		       "signed on paper",
	    API_PEOPLE_ABOUT(GATE_ADDENDUM_SIGN),
	    API_PEOPLE_TAKES("SignatureNew"),
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
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
	    API_PEOPLE_TAKES("CompanySignatureNew"),
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
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
	    API_PEOPLE_TAKES("DocumentNew"),
	    .success = { { 200, "As it is kept", HTTP_JSON, "Document",
		NULL } },
	    .handle = put_document,
	},
};

#define NEW  "{\"additionalProperties\":false,\"properties\":{"
#define ENDS "},\"type\":\"object\"}"
#define DAY  "{\"format\":\"date\",\"type\":[\"string\",\"null\"]}"

static const struct http_schema schemas[] = {
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
	{ "SignatureNew", NEW "\"expires\":" DAY ",\"signed_on\":" DAY ENDS },
	{ "Statement", "{\"type\":\"object\"}" },
};

const struct http_topic api_people_signature_topic = { routes,
	SP_COUNTOF(routes), schemas, SP_COUNTOF(schemas) };
