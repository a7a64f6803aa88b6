#include "entrance/device.h"

#include "base/encode.h"
#include "http/json.h"

#include <string.h>

#define LIST_DEFAULT 100
#define LIST_MOST    500
#define MINUTE       (60 * SP_SECOND)
/* What the guard knows of whoever tries codes: it is one door. */
#define GUARD_NAME "devices/enrol"

/* --- What is wished --- */

static enum sp_code
wish_number(const json_t *root, const char *name, json_int_t most,
    json_int_t *io, struct sp_err *err)
{
	const json_t *n = json_object_get(root, name);

	if (n == NULL)
		return SP_OK;
	if (!json_is_integer(n) || json_integer_value(n) < 1 ||
	    json_integer_value(n) > most)
		return sp_fail(err, SP_E_INVALID, "%s: a number from 1 to %d",
		    name, (int)most);
	*io = json_integer_value(n);
	return SP_OK;
}

static enum sp_code
wish(const json_t *root, struct entrance_device_wish *w, struct sp_err *err)
{
	const char *label = json_string_value(json_object_get(root, "label"));
	json_int_t days = MACHINE_DEVICE_DAYS;
	json_int_t minutes = MACHINE_CODE_TIME / MINUTE;
	size_t known = label != NULL;

	known += json_object_get(root, "valid_days") != NULL;
	known += json_object_get(root, "code_minutes") != NULL;
	if (!json_is_object(root) || json_object_size(root) != known)
		return sp_fail(err, SP_E_INVALID,
		    "an object with label and, if wished, valid_days and "
		    "code_minutes, and nothing else");
	/* The finer rules are the room's. */
	if (label == NULL || strlen(label) > MACHINE_DEVICE_LABEL)
		return sp_fail_as(err, SP_E_INVALID, "device.label",
		    "label: a string of 1 to %d bytes", MACHINE_DEVICE_LABEL);
	SP_TRY(wish_number(root, "valid_days", days, &days, err));
	SP_TRY(wish_number(root, "code_minutes", minutes, &minutes, err));
	memcpy(w->label, label, strlen(label) + 1);
	w->days = (unsigned)days;
	w->code_time = minutes * MINUTE;
	return SP_OK;
}

enum sp_code
entrance_device_wish(const void *json, size_t len,
    struct entrance_device_wish *out, struct sp_err *err)
{
	struct entrance_device_wish w = { .days = 0 };
	json_auto_t *root = NULL;

	SP_TRY(http_json_read(json, len, &root, err));
	SP_TRY(wish(root, &w, err));
	*out = w;
	return SP_OK;
}

static enum sp_code
ask(const json_t *root, bool with_code, struct entrance_device_ask *a,
    struct sp_err *err)
{
	const char *code = json_string_value(json_object_get(root, "code"));
	const char *csr = json_string_value(json_object_get(root, "csr"));

	if (csr == NULL || (code != NULL) != with_code ||
	    json_object_size(root) != (with_code ? 2 : 1))
		return sp_fail(err, SP_E_INVALID,
		    with_code ? "an object with code and csr (PEM), and "
				"nothing else"
			      : "an object with csr (PEM), and nothing else");
	if (strlen(csr) > ENTRANCE_DEVICE_REQUEST_MAX)
		return sp_fail_as(err, SP_E_INVALID, "csr.size",
		    "csr: at most %zu bytes", ENTRANCE_DEVICE_REQUEST_MAX);
	if (with_code && strlen(code) >= sizeof(a->code))
		return sp_fail_as(err, SP_E_UNKNOWN, "code.unknown",
		    "this is not the text of a device's code");
	if (with_code)
		memcpy(a->code, code, strlen(code) + 1);
	memcpy(a->csr, csr, strlen(csr) + 1);
	return SP_OK;
}

enum sp_code
entrance_device_ask(const void *json, size_t len, bool with_code,
    struct entrance_device_ask *out, struct sp_err *err)
{
	json_auto_t *root = NULL;

	SP_TRY(http_json_read(json, len, &root, err));
	return ask(root, with_code, out, err);
}

/* --- The agency's side --- */

struct adding {
	const struct http_request *q;
	const struct entrance_device_wish *wish;
	struct sp_id id;
	char code[GATE_TEXT_MAX];
	const struct gate_once *once; /* its Idempotency-Key, or NULL */
};

static enum sp_code
added_before(const struct sp_id *id, struct sp_err *err)
{
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	return sp_fail_as(err, SP_E_CONFLICT, "once.made",
	    "device %s was added for this Idempotency-Key; its code was shown "
	    "then and cannot be shown again",
	    text);
}

static enum sp_code
add_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct adding *a = arg;
	struct machine_device_new n = {
		.by = &a->q->who,
		.label = a->wish->label,
		.days = a->wish->days,
		.code_time = a->wish->code_time,
	};
	struct sp_id made;
	bool known = false;

	/* Ahead of every limit: what was added counts for them itself. */
	if (a->once != NULL)
		SP_TRY(gate_once_known(tx, a->once, &made, &known, err));
	if (known)
		return added_before(&made, err);
	SP_TRY(machine_device_add(tx, &n, &a->id, a->code, err));
	if (a->once == NULL)
		return SP_OK;
	made = a->id;
	return gate_once_take(tx, a->once, &made, &known, err);
}

static enum sp_code
add_device(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_secret(4096);
	struct sp_json j = sp_json_to(&out);
	struct entrance_device_wish w;
	struct adding act = { .q = q, .wish = &w };
	CRYPTO_WIPE_ON_EXIT(act);
	struct gate_once once;
	char id[SP_ID_TEXT];

	SP_TRY(entrance_device_wish(q->body.at, q->body.len, &w, err));
	SP_TRY(http_json_once(q, &once, &act.once, err));
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), add_act, &act, err));
	sp_id_text(&act.id, id);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "code", act.code);
	http_json_time(&j, "code_expires_at", sp_now() + w.code_time);
	sp_json_str(&j, "id", id);
	sp_json_str(&j, "label", w.label);
	sp_json_end(&j);
	a->status = 201;
	http_answer_fmt(a, "Location", "/v1/agencies/%s/devices/%s",
	    http_match_param(&q->match, "agency"), id);
	return http_json_answer(a, &out, "device", err);
}

static enum sp_code
list_devices(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	const char *cursor = http_request_query(q, "cursor");
	DB_LENT(reader, evidence_room_readers(q->room));
	struct sp_id after = { { 0 } };
	struct machine_device *d;
	uint64_t most = LIST_DEFAULT;
	enum sp_code code;
	size_t n = 0;

	SP_TRY(http_request_query_u64(q, "limit", 1, LIST_MOST, &most, err));
	if (cursor != NULL && !sp_id_parse(cursor, strlen(cursor), &after))
		return sp_fail(
		    err, SP_E_INVALID, "cursor: \"next\" of the page before");
	d = calloc((size_t)most, sizeof(*d));
	if (d == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a list");
	code = machine_device_list(reader.db, &after, d, (size_t)most, &n, err);
	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	for (size_t i = 0; i < n; i++)
		machine_device_json(&d[i], &j);
	sp_json_end(&j);
	if (n == most)
		http_json_id(&j, "next", &d[n - 1].id);
	else
		sp_json_null(&j, "next");
	sp_json_end(&j);
	free(d);
	SP_TRY(code);
	return http_json_answer(a, &out, "devices", err);
}

static enum sp_code
show_device(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(4096);
	struct sp_json j = sp_json_to(&out);
	DB_LENT(reader, evidence_room_readers(q->room));
	struct machine_device d;

	SP_TRY(machine_device_find(reader.db, &q->id, &d, err));
	machine_device_json(&d, &j);
	return http_json_answer(a, &out, "device", err);
}

static enum sp_code
revoke_device(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	a->status = 204;
	return evidence_room_revoke_device(q->room, &q->who, &q->id, err);
}

/* --- The device's side --- */

static struct machine_office
office(const struct http_request *q)
{
	return (struct machine_office){
		.agency = evidence_room_agency(q->room)->id,
		.readers = evidence_room_readers(q->room),
		.writer = evidence_room_writer(q->room),
		.keeper = evidence_room_keeper(q->room),
		.rules = evidence_room_rules(q->room),
	};
}

static enum sp_code
answer_certificate(const struct http_request *q, struct http_answer *a,
    const struct machine_certificate *c, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(8192), pem = sp_buf_new(4096);
	struct sp_json j = sp_json_to(&out);
	char hex[2 * MACHINE_PIN_LEN + 1];

	crypto_leaf_pem(c->der, c->len, &pem);
	SP_TRY(sp_buf_check(&pem, "a certificate", err));
	sp_hex(c->pin, MACHINE_PIN_LEN, hex);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "agency", evidence_room_agency(q->room)->slug);
	sp_json_str(&j, "certificate", sp_buf_str(&pem));
	http_json_time(&j, "expires_at", c->until);
	http_json_id(&j, "id", &c->device);
	sp_json_str(&j, "sha256", hex);
	sp_json_end(&j);
	return http_json_answer(a, &out, "certificate", err);
}

/* Guessing is hopeless, and slowed down all the same. */
static enum sp_code
may_try(const struct http_request *q, const struct machine_try *t,
    struct http_answer *a, struct sp_err *err)
{
	sp_time wait = 0;

	if (machine_guard_may(evidence_room_guard(q->room), t,
		evidence_room_rules(q->room), &wait))
		return SP_OK;
	http_answer_fmt(
	    a, "Retry-After", "%jd", (intmax_t)(wait / SP_SECOND + 1));
	return sp_fail_as(err, SP_E_LIMIT, "code.pace",
	    "too many codes that were not good came from there: try again "
	    "later");
}

/* A camera knows its code and need not know whose it is: the code says. */
static enum sp_code
enter_by_code(struct http_request *q, const struct entrance_device_ask *in,
    struct sp_err *err)
{
	struct sp_id agency;
	enum gate_text kind;
	enum sp_code code = SP_E_NOTFOUND;

	if (q->room != NULL)
		return SP_OK;
	if (gate_text_parse(in->code, &kind, &agency) &&
	    kind == GATE_TEXT_DEVICE)
		code = evidence_site_room_of(
		    q->house->site, &agency, &q->room, err);
	return code != SP_E_NOTFOUND
	    ? code
	    : sp_fail_as(err, SP_E_UNKNOWN, "code.unknown",
		  "this is not the text of a device's "
		  "code, or not of this site's");
}

static enum sp_code
enrol_device(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const struct machine_try t = { GUARD_NAME, q->address };
	struct machine_guard *guard;
	struct machine_office o;
	struct machine_certificate c;
	struct entrance_device_ask in = { .code = "" };
	CRYPTO_WIPE_ON_EXIT(in);
	struct machine_ask ask = { in.csr, 0, q->address, "api" };
	enum sp_code code;

	SP_TRY(entrance_device_ask(q->body.at, q->body.len, true, &in, err));
	SP_TRY(enter_by_code(q, &in, err));
	SP_TRY(may_try(q, &t, a, err));
	guard = evidence_room_guard(q->room);
	o = office(q);
	ask.len = strlen(in.csr);
	code = machine_device_enrol(&o, in.code, &ask, &c, err);
	if (code == SP_E_UNKNOWN)
		machine_guard_failed(guard, &t, evidence_room_rules(q->room));
	SP_TRY(code);
	machine_guard_passed(guard, &t);
	a->status = 201;
	return answer_certificate(q, a, &c, err);
}

static enum sp_code
rotate_device(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct machine_office o = office(q);
	struct machine_certificate c;
	struct entrance_device_ask in = { .code = "" };
	struct machine_ask ask = { in.csr, 0, q->address, "api" };

	/* Its own, with the one that it holds: nobody else's. */
	if (strcmp(gate_caller_kind(&q->who), "device") != 0 ||
	    q->certificate == NULL)
		return sp_fail_as(err, SP_E_DENIED, "device.only",
		    "a device renews its own certificate, and shows it");
	SP_TRY(entrance_device_ask(q->body.at, q->body.len, false, &in, err));
	ask.len = strlen(in.csr);
	SP_TRY(
	    machine_device_rotate(&o, &q->who, q->certificate, &ask, &c, err));
	a->status = 201;
	return answer_certificate(q, a, &c, err);
}

/* --- The routes --- */

#define DEVICES HTTP_AGENCY "devices"

static const struct http_input once_input[] = {
	{ "header", "Idempotency-Key", HTTP_STRING, false, HTTP_ONCE },
};

static const struct http_input list_input[] = {
	{ "query", "cursor", HTTP_ID, false, "\"next\" of the page before." },
	{ "query", "limit",
	    "{\"maximum\":500,\"minimum\":1,\"type\":\"integer\"}", false,
	    "Devices a page; 100 when absent." },
};

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = DEVICES,
	    .id = "listDevices",
	    .summary = "The agency's devices, by age",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_DEVICE_SHOW,
	    .kind = "device",
	    HTTP_INPUT(list_input),
	    .success = { { 200, "A page of devices", HTTP_JSON, "DeviceList",
		NULL } },
	    .handle = list_devices,
	},
	{
	    .method = HTTP_POST,
	    .path = DEVICES,
	    .id = "addDevice",
	    .summary = "A device that may enrol; its code is shown this once",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_DEVICE_ENROL,
	    .kind = "device",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "DeviceNew",
	    HTTP_INPUT(once_input),
	    .success = { { 201, "The device and its code", HTTP_JSON,
		"DeviceAdded", "Location" } },
	    .problems = "409 507",
	    .handle = add_device,
	},
	/* Before devices/{id}: these are no ids. */
	{
	    .method = HTTP_POST,
	    .path = DEVICES "/enrol",
	    .id = "enrolDevice",
	    .summary = "A certificate for a device, with its one-time code",
	    .door = HTTP_DOOR_PUBLIC,
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "DeviceEnrol",
	    .success = { { 201, "Its certificate", HTTP_JSON,
		"DeviceCertificate", NULL } },
	    .problems = "401 403 409 429 507",
	    .handle = enrol_device,
	},
	{
	    .method = HTTP_POST,
	    .path = "/v1/devices/enrol",
	    .id = "enrolDeviceByCode",
	    .summary = "The same, where the code says which agency's it is",
	    .door = HTTP_DOOR_OPEN,
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "DeviceEnrol",
	    .success = { { 201, "Its certificate", HTTP_JSON,
		"DeviceCertificate", NULL } },
	    .problems = "401 403 409 429 500 503 507",
	    .handle = enrol_device,
	},
	{
	    .method = HTTP_POST,
	    .path = DEVICES "/rotate",
	    .id = "rotateDevice",
	    .summary = "A new certificate for the device that asks",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_DEVICE_ROTATE,
	    .kind = "device",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "DeviceRotate",
	    .success = { { 201, "Its certificate; the old one has a day left",
		HTTP_JSON, "DeviceCertificate", NULL } },
	    .problems = "409 507",
	    .handle = rotate_device,
	},
	{
	    .method = HTTP_GET,
	    .path = DEVICES "/{id}",
	    .id = "showDevice",
	    .summary = "One device",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_DEVICE_SHOW,
	    .kind = "device",
	    .success = { { 200, "The device", HTTP_JSON, "Device", NULL } },
	    .handle = show_device,
	},
	{
	    .method = HTTP_POST,
	    .path = DEVICES "/{id}/revoke",
	    .id = "revokeDevice",
	    .summary = "Cut a device off, and what it is doing",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_DEVICE_REVOKE,
	    .kind = "device",
	    .success = { { 204, "Revoked", NULL, NULL, NULL } },
	    .problems = "409 507",
	    .handle = revoke_device,
	},
};

static const struct http_schema schemas[] = {
	{ "Device",
	    "{\"properties\":{\"certificate\":" HTTP_NULLABLE
	    ",\"code_expires_at\":" HTTP_NULLABLE ",\"created_at\":" HTTP_TIME
	    ",\"enrolled_at\":" HTTP_NULLABLE ",\"expires_at\":" HTTP_NULLABLE
	    ",\"id\":" HTTP_ID ",\"label\":" HTTP_STRING
	    ",\"revoked_at\":" HTTP_NULLABLE
	    ",\"state\":{\"enum\":[\"enrolling\",\"active\",\"expired\","
	    "\"revoked\"],\"type\":\"string\"},\"valid_days\":" HTTP_INTEGER
	    "},\"required\":[\"certificate\",\"code_expires_at\","
	    "\"created_at\",\"enrolled_at\",\"expires_at\",\"id\",\"label\","
	    "\"revoked_at\",\"state\",\"valid_days\"],\"type\":\"object\"}" },
	{ "DeviceAdded",
	    "{\"properties\":{\"code\":{\"description\":\"Shown this "
	    "once.\",\"type\":\"string\"},\"code_expires_at\":" HTTP_TIME
	    ",\"id\":" HTTP_ID ",\"label\":" HTTP_STRING
	    "},\"required\":[\"code\",\"code_expires_at\",\"id\",\"label\"],"
	    "\"type\":\"object\"}" },
	{ "DeviceCertificate",
	    "{\"properties\":{\"agency\":" HTTP_STRING
	    ",\"certificate\":{\"description\":\"PEM.\",\"type\":\"string\"},"
	    "\"expires_at\":" HTTP_TIME ",\"id\":" HTTP_ID
	    ",\"sha256\":" HTTP_STRING
	    "},\"required\":[\"agency\",\"certificate\",\"expires_at\",\"id\","
	    "\"sha256\"],\"type\":\"object\"}" },
	{ "DeviceEnrol",
	    "{\"additionalProperties\":false,\"properties\":{\"code\":" //
	    HTTP_STRING
	    ",\"csr\":{\"description\":\"PKCS #10, PEM.\",\"maxLength\":8192,"
	    "\"type\":\"string\"}},\"required\":[\"code\",\"csr\"],\"type\":"
	    "\"object\"}" },
	{ "DeviceList",
	    "{\"properties\":{\"items\":{\"items\":{\"$ref\":\"#/components/"
	    "schemas/Device\"},\"type\":\"array\"},\"next\":" HTTP_NULLABLE
	    "},\"required\":[\"items\",\"next\"],\"type\":\"object\"}" },
	{ "DeviceNew",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"code_minutes\":{\"maximum\":1440,\"minimum\":1,\"type\":"
	    "\"integer\"},\"label\":{\"maxLength\":100,\"minLength\":1,"
	    "\"type\":\"string\"},\"valid_days\":{\"maximum\":90,\"minimum\":1,"
	    "\"type\":\"integer\"}},\"required\":[\"label\"],\"type\":"
	    "\"object\"}" },
	{ "DeviceRotate",
	    "{\"additionalProperties\":false,\"properties\":{\"csr\":{"
	    "\"description\":\"PKCS #10, PEM.\",\"maxLength\":8192,\"type\":"
	    "\"string\"}},\"required\":[\"csr\"],\"type\":\"object\"}" },
};

const struct http_topic entrance_device_topic = {
	.route = routes,
	.routes = SP_COUNTOF(routes),
	.schema = schemas,
	.schemas = SP_COUNTOF(schemas),
};
