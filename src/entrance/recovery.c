#include "entrance/recovery.h"

#include "crypto/secret.h"
#include "gate/recovery.h"
#include "http/json.h"

#include <string.h>

/* One act on the agency's writer. */
struct doing {
	const struct http_request *q;
	struct gate_recovery_share share[GATE_RECOVERY_SHARES];
	size_t n;
	const char *text; /* that is handed in */
	struct gate_recovery begun;
	struct gate_recovered done;
};

static enum sp_code
prepare_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct doing *d = arg;

	return gate_recovery_prepare(tx, &d->q->who,
	    evidence_room_rules(d->q->room), d->share, d->n, err);
}

static enum sp_code
begin_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct doing *d = arg;

	return gate_recovery_begin(tx, &d->q->who, d->text, &d->begun, err);
}

static enum sp_code
confirm_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct doing *d = arg;

	return gate_recovery_confirm(
	    tx, &d->q->who, &d->q->id, d->text, &d->done, err);
}

/* Whoever listens hears of each step. */
static void
tell(const struct http_request *q, const struct sp_id *id)
{
	const struct events_event e = {
		.kind = EVENTS_RECOVERY,
		.object = *id,
		.by = q->who.token,
	};

	events_hub_tell(evidence_room_events(q->room), &e);
}

/* --- Made --- */

/* A person by id or login. */
static enum sp_code
find_custodian(
    struct db *db, struct doing *d, const json_t *said, struct sp_err *err)
{
	const char *text = json_string_value(said);
	struct people_person p;
	enum sp_code code = SP_E_NOTFOUND;

	if (text != NULL && strlen(text) == json_string_length(said))
		code =
		    people_person_meant(db, text, &d->q->who.person, &p, err);
	if (code == SP_E_NOTFOUND)
		return sp_fail_as(err, SP_E_INVALID, "recovery.custodians",
		    "custodians: each is the id or login of a person, and "
		    "'%.64s' is nobody's",
		    text == NULL ? "" : text);
	SP_TRY(code);
	d->share[d->n++].custodian = p.id;
	return SP_OK;
}

static enum sp_code
read_custodians(const json_t *root, struct doing *d, struct sp_err *err)
{
	const json_t *list = json_object_get(root, "custodians");
	size_t n = json_array_size(list);

	if (!json_is_object(root) || json_object_size(root) != 1 || n == 0 ||
	    n > SP_COUNTOF(d->share))
		return sp_fail_as(err, SP_E_INVALID, "recovery.custodians",
		    "an object with custodians, a list of %d to %d persons' "
		    "ids or logins",
		    GATE_RECOVERY_NEEDED, GATE_RECOVERY_SHARES);
	DB_LENT(reader, evidence_room_readers(d->q->room));

	for (size_t i = 0; i < n; i++)
		SP_TRY(
		    find_custodian(reader.db, d, json_array_get(list, i), err));
	return SP_OK;
}

static enum sp_code
prepare(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_secret(8192);
	struct sp_json j = sp_json_to(&out);
	json_auto_t *root = NULL;
	struct doing d = { .q = q };
	CRYPTO_WIPE_ON_EXIT(d);
	const struct sp_id all = { .b = { 0 } };

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	SP_TRY(read_custodians(root, &d, err));
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), prepare_act, &d, err));
	tell(q, &all);
	sp_json_object(&j, NULL);
	sp_json_int(&j, "needed", GATE_RECOVERY_NEEDED);
	sp_json_array(&j, "shares");
	for (size_t i = 0; i < d.n; i++) {
		sp_json_object(&j, NULL);
		http_json_id(&j, "custodian", &d.share[i].custodian);
		http_json_id(&j, "id", &d.share[i].id);
		sp_json_str(&j, "share", d.share[i].text);
		sp_json_end(&j);
	}
	sp_json_end(&j);
	sp_json_end(&j);
	a->status = 201;
	return http_json_answer(a, &out, "shares", err);
}

/* --- Handed in --- */

static enum sp_code
read_share(const json_t *root, const char **out, struct sp_err *err)
{
	const char *s = json_string_value(json_object_get(root, "share"));

	if (!json_is_object(root) || json_object_size(root) != 1 || s == NULL)
		return sp_fail(err, SP_E_INVALID,
		    "an object with share, the text of one, and nothing else");
	*out = s;
	return SP_OK;
}

static enum sp_code
begin(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(512);
	struct sp_json j = sp_json_to(&out);
	json_auto_t *root = NULL;
	struct doing d = { .q = q };

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	SP_TRY(read_share(root, &d.text, err));
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), begin_act, &d, err));
	if (d.begun.refused != GATE_RECOVERY_TAKEN)
		return gate_recovery_refused(d.begun.refused, err);
	tell(q, &d.begun.id);
	sp_json_object(&j, NULL);
	http_json_id(&j, "custodian", &d.begun.custodian);
	http_json_time(&j, "expires_at", d.begun.expires);
	http_json_id(&j, "id", &d.begun.id);
	sp_json_end(&j);
	a->status = 201;
	return http_json_answer(a, &out, "recovery", err);
}

/* Who confirms is never who began, by whatever account. */
static enum sp_code
admit_confirm(struct http_request *q, struct sp_err *err)
{
	struct gate_facts facts =
	    gate_caller_facts(&q->who, GATE_RECOVERY_CONFIRM);
	struct gate_request rq = {
		.who = &q->who,
		.act = GATE_RECOVERY_CONFIRM,
		.on = { .kind = "recovery", .id = q->id },
		.facts = &facts,
	};
	GATE_AUTO_PASS pass = NULL;
	struct gate_recovery_state s;

	facts.duty = GATE_DUTY_OTHER; /* nothing was begun: nobody's */
	{
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_TRY(gate_recovery_state(reader.db, &s, err));
		if (sp_id_equal(&s.open.id, &q->id))
			SP_TRY(gate_caller_duty(reader.db, &q->who,
			    GATE_RECOVERY_CONFIRM, &s.open.custodian,
			    &facts.duty, err));
	}
	return gate_admit_with(evidence_room_gate(q->room), &rq, &pass, err);
}

static enum sp_code
confirm(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_secret(1024);
	struct sp_json j = sp_json_to(&out);
	json_auto_t *root = NULL;
	struct doing d = { .q = q };
	CRYPTO_WIPE_ON_EXIT(d);

	SP_TRY(admit_confirm(q, err));
	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	SP_TRY(read_share(root, &d.text, err));
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), confirm_act, &d, err));
	if (d.done.refused != GATE_RECOVERY_TAKEN)
		return gate_recovery_refused(d.done.refused, err);
	tell(q, &q->id);
	sp_json_object(&j, NULL);
	http_json_time(&j, "expires_at", d.done.expires);
	http_json_id(&j, "id", &d.done.token);
	sp_json_str(&j, "token", d.done.text);
	sp_json_end(&j);
	a->status = 201;
	return http_json_answer(a, &out, "token", err);
}

/* --- How it stands --- */

static enum sp_code
show(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(4096);
	struct sp_json j = sp_json_to(&out);
	struct gate_recovery_state s;

	{
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_TRY(gate_recovery_state(reader.db, &s, err));
	}
	sp_json_object(&j, NULL);
	sp_json_array(&j, "custodians");
	for (size_t i = 0; i < s.shares; i++)
		http_json_id(&j, NULL, &s.custodian[i]);
	sp_json_end(&j);
	if (s.shares == 0)
		sp_json_null(&j, "made_at");
	else
		http_json_time(&j, "made_at", s.made);
	sp_json_int(&j, "needed", GATE_RECOVERY_NEEDED);
	if (sp_id_is_zero(&s.open.id)) {
		sp_json_null(&j, "open");
	} else {
		sp_json_object(&j, "open");
		http_json_id(&j, "custodian", &s.open.custodian);
		http_json_time(&j, "expires_at", s.open.expires);
		http_json_id(&j, "id", &s.open.id);
		sp_json_end(&j);
	}
	sp_json_end(&j);
	return http_json_answer(a, &out, "recovery", err);
}

/* --- The routes --- */

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "recovery",
	    .id = "showRecovery",
	    .summary = "Who holds shares for the loss of all administrators",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_RECOVERY_PREPARE,
	    .kind = "agency",
	    .success = { { 200, "How it stands", HTTP_JSON, "Recovery",
		NULL } },
	    .handle = show,
	},
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "recovery/shares",
	    .id = "prepareRecovery",
	    .summary = "New shares, shown this once; those before are void",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_RECOVERY_PREPARE,
	    .kind = "agency",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "RecoveryCustodians",
	    .success = { { 201, "The shares", HTTP_JSON, "RecoveryShares",
		NULL } },
	    .problems = "507",
	    .handle = prepare,
	},
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "recovery",
	    .id = "beginRecovery",
	    .summary = "Begin recovery with one's own share",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_RECOVERY_BEGIN,
	    .kind = "agency",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "RecoveryHanded",
	    .success = { { 201, "It is begun", HTTP_JSON, "RecoveryBegun",
		NULL } },
	    .problems = "507",
	    .handle = begin,
	},
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "recovery/{id}/confirm",
	    .id = "confirmRecovery",
	    .summary = "Finish another's recovery with one's own share: an "
		       "administrator's token, shown this once",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_RECOVERY_CONFIRM,
	    .kind = "recovery",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "RecoveryHanded",
	    .success = { { 201, "The token", HTTP_JSON, "RecoveryDone",
		NULL } },
	    .problems = "409 507",
	    .handle = confirm,
	},
};

static const struct http_schema schemas[] = {
	{ "Recovery",
	    "{\"properties\":{\"custodians\":{\"items\":" HTTP_ID
	    ",\"type\":\"array\"},\"made_at\":" HTTP_NULLABLE
	    ",\"needed\":" HTTP_INTEGER
	    ",\"open\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/"
	    "RecoveryBegun\"},{\"type\":\"null\"}]}},\"required\":["
	    "\"custodians\",\"made_at\",\"needed\",\"open\"],\"type\":"
	    "\"object\"}" },
	{ "RecoveryBegun",
	    "{\"properties\":{\"custodian\":" HTTP_ID
	    ",\"expires_at\":" HTTP_TIME ",\"id\":" HTTP_ID
	    "},\"required\":[\"custodian\",\"expires_at\",\"id\"],\"type\":"
	    "\"object\"}" },
	{ "RecoveryCustodians",
	    "{\"additionalProperties\":false,\"properties\":{\"custodians\":{"
	    "\"items\":" HTTP_STRING ",\"maxItems\":16,\"minItems\":2,\"type\":"
	    "\"array\"}},\"required\":[\"custodians\"],\"type\":\"object\"}" },
	{ "RecoveryDone",
	    "{\"properties\":{\"expires_at\":" HTTP_TIME ",\"id\":" HTTP_ID
	    ",\"token\":{\"description\":\"Shown this once.\",\"type\":"
	    "\"string\"}},\"required\":[\"expires_at\",\"id\",\"token\"],"
	    "\"type\":\"object\"}" },
	{ "RecoveryHanded",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"share\":" HTTP_STRING
	    "},\"required\":[\"share\"],\"type\":\"object\"}" },
	{ "RecoveryShares",
	    "{\"properties\":{\"needed\":" HTTP_INTEGER
	    ",\"shares\":{\"items\":{\"properties\":{\"custodian\":" HTTP_ID
	    ",\"id\":" HTTP_ID
	    ",\"share\":{\"description\":\"Shown this once.\",\"type\":"
	    "\"string\"}},\"required\":[\"custodian\",\"id\",\"share\"],"
	    "\"type\":\"object\"},\"type\":\"array\"}},\"required\":["
	    "\"needed\",\"shares\"],\"type\":\"object\"}" },
};

const struct http_topic entrance_recovery_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
