#include "api/people.h"

#include "api/people_part.h"
#include "people/agreement.h"

/* Agreements: recorded, reviewed, ended.  Rows are only added. */

static enum sp_code
list_agreements(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return api_people_tell_all(
	    q, a, people_agreement_json, "agreements", err);
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

#define PAPER HTTP_AGENCY "agreements"

static const struct http_route routes[] = {
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
	    API_PEOPLE_TAKES("AgreementNew"),
	    .success = { { 201, "Recorded", HTTP_JSON, "Made", NULL } },
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
	    API_PEOPLE_TAKES("AgreementReview"),
	    .success = { { 204, "Recorded", NULL, NULL, NULL } },
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
	    API_PEOPLE_TAKES("AgreementEnd"),
	    .success = { { 204, "Recorded", NULL, NULL, NULL } },
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
};

const struct http_topic api_people_agreement_topic = { routes,
	SP_COUNTOF(routes), schemas, SP_COUNTOF(schemas) };
