#include "entrance/machine.h"

#include "crypto/secret.h"
#include "http/json.h"
#include "machine/oauth.h"

#include <string.h>

#define DAY (INT64_C(86400) * SP_SECOND)

/* --- What is wished --- */

static enum sp_code
only_members(
    const json_t *root, const char *const *names, size_t n, struct sp_err *err)
{
	size_t known = 0;

	for (size_t i = 0; i < n; i++)
		known += json_object_get(root, names[i]) != NULL;
	if (!json_is_object(root) || json_object_size(root) != known)
		return sp_fail(err, SP_E_INVALID,
		    "an object, and no member but those that are told in the "
		    "API's description");
	return SP_OK;
}

static enum sp_code
wish_scope(const json_t *list, struct gate_acts *out, struct sp_err *err)
{
	size_t n = json_array_size(list);

	if (n == 0 || n > GATE_ACT_COUNT)
		return sp_fail_as(err, SP_E_INVALID, "service.scope",
		    "scope: a list of acts, at least one");
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(list, i));
		struct gate_acts act;

		if (s == NULL || strchr(s, ' ') != NULL)
			return sp_fail_as(err, SP_E_INVALID, "service.scope",
			    "scope: each is the name of an act");
		SP_TRY(machine_scope_parse(s, &act, err));
		out->bits[0] |= act.bits[0];
		out->bits[1] |= act.bits[1];
	}
	return SP_OK;
}

static enum sp_code
wish_ranges(const json_t *list, struct machine_ranges *out, struct sp_err *err)
{
	if (list != NULL && !json_is_array(list))
		return sp_fail_as(err, SP_E_INVALID, "range.form",
		    "ranges: a list of address ranges");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *s = json_array_get(list, i);

		if (!json_is_string(s))
			return sp_fail_as(err, SP_E_INVALID, "range.form",
			    "ranges: each is a string");
		SP_TRY(machine_ranges_add(
		    out, json_string_value(s), json_string_length(s), err));
	}
	return SP_OK;
}

static enum sp_code
wish_expiry(const json_t *root, sp_time now, sp_time *out, struct sp_err *err)
{
	const json_t *at = json_object_get(root, "expires_at");
	const json_t *days = json_object_get(root, "expires_in_days");
	json_int_t n = json_integer_value(days);

	if (at != NULL && days != NULL)
		return sp_fail(err, SP_E_INVALID,
		    "one of expires_at and expires_in_days, not both");
	if (at != NULL &&
	    (!json_is_string(at) ||
		!sp_time_parse(
		    json_string_value(at), json_string_length(at), out)))
		return sp_fail(
		    err, SP_E_INVALID, "expires_at: a time as RFC 3339 has it");
	if (days != NULL &&
	    (!json_is_integer(days) || n < 1 || n > MACHINE_SERVICE_DAYS))
		return sp_fail(err, SP_E_INVALID,
		    "expires_in_days: a number from 1 to %d",
		    MACHINE_SERVICE_DAYS);
	if (at == NULL)
		*out = now + (days == NULL ? ENTRANCE_SERVICE_DAYS : n) * DAY;
	return SP_OK;
}

enum sp_code
entrance_machine_wish(const struct json_t *root, sp_time now,
    struct machine_service_new *out, struct sp_err *err)
{
	static const char *const names[] = { "label", "scope", "ranges",
		"expires_at", "expires_in_days" };
	struct machine_service_new n = {
		.label = json_string_value(json_object_get(root, "label")),
	};

	SP_TRY(only_members(root, names, SP_COUNTOF(names), err));
	if (n.label == NULL)
		return sp_fail_as(err, SP_E_INVALID, "service.label",
		    "label: a string of 1 to %d bytes", MACHINE_SERVICE_LABEL);
	SP_TRY(wish_scope(json_object_get(root, "scope"), &n.scope, err));
	SP_TRY(wish_ranges(json_object_get(root, "ranges"), &n.ranges, err));
	SP_TRY(wish_expiry(root, now, &n.expires, err));
	*out = n;
	return SP_OK;
}

/* --- Added, rotated, revoked --- */

struct doing {
	const struct gate_caller *by;
	struct machine_service_new new;
	struct sp_id id;
	sp_time overlap;
	char secret[GATE_TEXT_MAX];
};

static enum sp_code
add_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct doing *d = arg;

	return machine_service_add(tx, d->by, &d->new, &d->id, d->secret, err);
}

static enum sp_code
rotate_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct doing *d = arg;

	return machine_service_rotate(
	    tx, d->by, &d->id, d->overlap, d->secret, err);
}

static enum sp_code
revoke_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct doing *d = arg;

	return machine_service_revoke(tx, d->by, &d->id, err);
}

/* The service with its secret, which is shown this once. */
static enum sp_code
answer_secret(struct http_request *q, const struct doing *d,
    struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_secret(32768);
	struct sp_json j = sp_json_to(&out);
	struct machine_service s;

	{
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_TRY(machine_service_get(
		    reader.db, evidence_room_rules(q->room), &d->id, &s, err));
	}
	sp_json_object(&j, NULL);
	http_json_id(&j, "client_id", &d->id);
	sp_json_str(&j, "client_secret", d->secret);
	machine_service_json(&j, "service", &s);
	sp_json_end(&j);
	a->status = 201;
	return http_json_answer(a, &out, "service", err);
}

static enum sp_code
add_service(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *root = NULL;
	struct doing d = { .by = &q->who };
	CRYPTO_WIPE_ON_EXIT(d);
	char id[SP_ID_TEXT];

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	SP_TRY(entrance_machine_wish(root, sp_now(), &d.new, err));
	SP_TRY(
	    ledger_writer_run(evidence_room_writer(q->room), add_act, &d, err));
	SP_TRY(answer_secret(q, &d, a, err));
	sp_id_text(&d.id, id);
	http_answer_fmt(a, "Location", "/v1/agencies/%s/services/%s",
	    http_match_param(&q->match, "agency"), id);
	return SP_OK;
}

static enum sp_code
wish_overlap(const json_t *root, sp_time *out, struct sp_err *err)
{
	static const char *const names[] = { "overlap_hours" };
	const json_t *hours = json_object_get(root, "overlap_hours");
	json_int_t n = json_integer_value(hours);

	SP_TRY(only_members(root, names, SP_COUNTOF(names), err));
	if (hours != NULL &&
	    (!json_is_integer(hours) || n < 0 || n > ENTRANCE_OVERLAP_HOURS))
		return sp_fail(err, SP_E_INVALID,
		    "overlap_hours: a number from 0 to %d",
		    ENTRANCE_OVERLAP_HOURS);
	*out = (hours == NULL ? 24 : n) * 3600 * SP_SECOND;
	return SP_OK;
}

static enum sp_code
rotate_service(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *root = NULL;
	struct doing d = { .by = &q->who, .id = q->id };
	CRYPTO_WIPE_ON_EXIT(d);

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	SP_TRY(wish_overlap(root, &d.overlap, err));
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), rotate_act, &d, err));
	return answer_secret(q, &d, a, err);
}

static enum sp_code
revoke_service(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct doing d = { .by = &q->who, .id = q->id };

	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), revoke_act, &d, err));
	a->status = 204;
	return SP_OK;
}

/* --- Shown --- */

static enum sp_code
json_service(void *arg, const struct machine_service *s, struct sp_err *err)
{
	(void)err;
	machine_service_json(arg, NULL, s);
	return SP_OK;
}

static enum sp_code
list_services(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	DB_LENT(reader, evidence_room_readers(q->room));

	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	SP_TRY(machine_service_each(
	    reader.db, evidence_room_rules(q->room), json_service, &j, err));
	sp_json_end(&j);
	sp_json_end(&j);
	return http_json_answer(a, &out, "services", err);
}

/* --- The token endpoint --- */

static enum sp_code
oauth_token(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct machine_oauth o = {
		.agency = evidence_room_agency(q->room)->id,
		.readers = evidence_room_readers(q->room),
		.writer = evidence_room_writer(q->room),
		.guard = evidence_room_guard(q->room),
		.rules = evidence_room_rules(q->room),
	};
	struct machine_oauth_ask ask = {
		.authorization = q->field[HTTP_F_AUTHORIZATION],
		.form = http_request_is(q, HTTP_FORM),
		.body = q->body.at,
		.len = q->body.len,
		.address = q->address,
		.certificate = q->certificate,
	};
	struct machine_oauth_answer out = machine_oauth_answer_new();
	enum sp_code code = machine_oauth_token(&o, &ask, &out, err);

	if (code == SP_OK) {
		a->status = out.status;
		http_answer_set(a, "Cache-Control", "no-store");
		http_answer_set(a, "Pragma", "no-cache");
		if (out.challenge)
			http_answer_set(a, "WWW-Authenticate",
			    "Basic realm=\"Sallyport\", charset=\"UTF-8\"");
		if (out.wait > 0)
			http_answer_fmt(a, "Retry-After", "%jd",
			    (intmax_t)((out.wait + SP_SECOND - 1) / SP_SECOND));
		http_answer_take(a, HTTP_JSON, &out.body);
	}
	machine_oauth_answer_done(&out);
	return code;
}

/* --- The routes --- */

static const struct http_route routes[] = {
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "oauth/token",
	    .id = "oauthToken",
	    .summary = "An access token for a service (OAuth 2.0 client "
		       "credentials)",
	    .door = HTTP_DOOR_PUBLIC,
	    .takes = HTTP_TAKES_FORM,
	    .takes_schema = "OAuthAsk",
	    .success = { { 200, "The token", HTTP_JSON, "OAuthToken", NULL },
		{ 400, "As RFC 6749 5.2", HTTP_JSON, "OAuthError", NULL },
		{ 401, "Not proven to be a service", HTTP_JSON, "OAuthError",
		    "WWW-Authenticate" } },
	    .problems = "429 507",
	    .handle = oauth_token,
	},
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "services",
	    .id = "listServices",
	    .summary = "The agency's service accounts, without their secrets",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SERVICE_SHOW,
	    .kind = "service",
	    .success = { { 200, "All services", HTTP_JSON, "ServiceList",
		NULL } },
	    .handle = list_services,
	},
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "services",
	    .id = "addService",
	    .summary = "A new service account; its secret is shown this once",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SERVICE_MANAGE,
	    .kind = "service",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "ServiceNew",
	    .success = { { 201, "The service", HTTP_JSON, "ServiceSecret",
		"Location" } },
	    .problems = "429 507",
	    .handle = add_service,
	},
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "services/{id}/secrets",
	    .id = "rotateService",
	    .summary = "A new secret; the one before it is good for a while",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SERVICE_MANAGE,
	    .kind = "service",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "ServiceRotation",
	    .success = { { 201, "The secret", HTTP_JSON, "ServiceSecret",
		NULL } },
	    .problems = "409 429 507",
	    .handle = rotate_service,
	},
	{
	    .method = HTTP_DELETE,
	    .path = HTTP_AGENCY "services/{id}",
	    .id = "revokeService",
	    .summary = "Revoke a service account at once, and its tokens",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_SERVICE_MANAGE,
	    .kind = "service",
	    .success = { { 204, "Revoked", NULL, NULL, NULL } },
	    .problems = "409 507",
	    .handle = revoke_service,
	},
};

#define STRINGS "{\"items\":" HTTP_STRING ",\"type\":\"array\"}"

static const struct http_schema schemas[] = {
	{ "OAuthAsk",
	    "{\"properties\":{\"client_id\":" HTTP_STRING
	    ",\"client_secret\":" HTTP_STRING
	    ",\"grant_type\":{\"enum\":[\"client_credentials\"],\"type\":"
	    "\"string\"},\"scope\":" HTTP_STRING
	    "},\"required\":[\"grant_type\"],\"type\":\"object\"}" },
	{ "OAuthError",
	    "{\"properties\":{\"error\":{\"enum\":[\"invalid_request\","
	    "\"invalid_client\",\"unsupported_grant_type\",\"invalid_scope\"],"
	    "\"type\":\"string\"},\"error_description\":" HTTP_STRING
	    "},\"required\":[\"error\"],\"type\":\"object\"}" },
	{ "OAuthToken",
	    "{\"properties\":{\"access_token\":" HTTP_STRING
	    ",\"expires_in\":" HTTP_INTEGER ",\"scope\":" HTTP_STRING
	    ",\"token_type\":{\"enum\":[\"Bearer\"],\"type\":\"string\"}},"
	    "\"required\":[\"access_token\",\"expires_in\",\"scope\","
	    "\"token_type\"],\"type\":\"object\"}" },
	{ "Service",
	    "{\"properties\":{\"created_at\":" HTTP_TIME
	    ",\"expires_at\":" HTTP_TIME ",\"id\":" HTTP_ID
	    ",\"issuer\":" HTTP_NULLABLE ",\"label\":" HTTP_STRING
	    ",\"ranges\":" STRINGS ",\"revoked_at\":" HTTP_NULLABLE
	    ",\"scope\":" STRINGS
	    ",\"secrets\":{\"items\":{\"properties\":{\"created_at\":" HTTP_TIME
	    ",\"expires_at\":" HTTP_TIME
	    "},\"type\":\"object\"},\"type\":\"array\"},"
	    "\"used_at\":" HTTP_NULLABLE ",\"void\":{\"description\":\"Whoever "
	    "gave it its secret has gone: rotate it to take it over.\","
	    "\"type\":\"boolean\"}},\"required\":[\"created_at\",\"expires_"
	    "at\","
	    "\"id\",\"issuer\",\"label\",\"ranges\",\"revoked_at\",\"scope\","
	    "\"secrets\",\"used_at\",\"void\"],"
	    "\"type\":\"object\"}" },
	{ "ServiceList",
	    "{\"properties\":{\"items\":{\"items\":{\"$ref\":\"#/components/"
	    "schemas/Service\"},\"type\":\"array\"}},\"required\":[\"items\"],"
	    "\"type\":\"object\"}" },
	{ "ServiceNew",
	    "{\"additionalProperties\":false,\"properties\":{\"expires_"
	    "at\":" HTTP_TIME
	    ",\"expires_in_days\":{\"maximum\":366,\"minimum\":1,"
	    "\"type\":\"integer\"},\"label\":{\"maxLength\":100,\"minLength\":"
	    "1,\"type\":\"string\"},\"ranges\":{\"items\":" HTTP_STRING
	    ",\"maxItems\":32,\"type\":\"array\"},\"scope\":{"
	    "\"items\":" HTTP_STRING
	    ",\"minItems\":1,\"type\":\"array\"}},\"required\":["
	    "\"label\",\"scope\"],\"type\":\"object\"}" },
	{ "ServiceRotation",
	    "{\"additionalProperties\":false,\"properties\":{\"overlap_hours\":"
	    "{\"maximum\":720,\"minimum\":0,\"type\":\"integer\"}},\"type\":"
	    "\"object\"}" },
	{ "ServiceSecret",
	    "{\"properties\":{\"client_id\":" HTTP_ID
	    ",\"client_secret\":{\"description\":\"Shown this once.\","
	    "\"type\":\"string\"},\"service\":{\"$ref\":\"#/components/"
	    "schemas/Service\"}},\"required\":[\"client_id\","
	    "\"client_secret\",\"service\"],\"type\":\"object\"}" },
};

const struct http_topic entrance_machine_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
