#include "crypto/secret.h"
#include "entrance/signin.h"
#include "federation/mapping.h"
#include "federation/source.h"
#include "http/json.h"

#include <string.h>

/* An agency's identity providers, for its administrator. */

struct act {
	const struct http_request *q;
	struct federation_provider provider;
	struct sp_buf sealed;
	const char *name;
};

static void
act_done(struct act *t)
{
	federation_provider_free(&t->provider);
	sp_buf_free(&t->sealed);
}
#define AUTO_ACT SP_CLEANUP(act_done) struct act

static struct act
act_new(const struct http_request *q)
{
	return (struct act){
		.q = q,
		.provider = federation_provider_new(),
		.sealed = sp_buf_new(FEDERATION_SECRET_MAX + 100),
	};
}

/* `by` is borrowed by what is returned. */
static struct people_act
people_act(struct ledger_tx *tx, const struct act *t, struct people_by *by)
{
	*by = gate_caller_by(&t->q->who);
	return (struct people_act){ .tx = tx,
		.by = by,
		.rules = evidence_room_rules(t->q->room),
		.now = sp_now() };
}

static enum sp_code
add_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct act *t = arg;
	struct people_by by;
	struct people_act a = people_act(tx, t, &by);

	t->provider.added = a.now;
	return federation_provider_add(&a, &t->provider, &t->sealed, err);
}

static enum sp_code
remove_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct act *t = arg;
	struct people_by by;
	struct people_act a = people_act(tx, t, &by);

	return federation_provider_remove(&a, t->name, err);
}

static enum sp_code
unlink_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct act *t = arg;
	struct people_by by;
	struct people_act a = people_act(tx, t, &by);

	return federation_mapping_unlink(&a, &t->q->id, err);
}

/* jansson's copy of the secret, which nobody looks at any more. */
static void
forget(json_t **root)
{
	const char *s = json_string_value(json_object_get(*root, "secret"));
	char *bytes = NULL;

	memcpy(&bytes, &s, sizeof(bytes));
	if (bytes != NULL)
		explicit_bzero(bytes, strlen(s));
	json_decref(*root);
}
#define AUTO_BODY SP_CLEANUP(forget) json_t *

static enum sp_code
seal(struct act *t, const struct sp_buf *secret, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET key = NULL;

	if (secret->len == 0)
		return SP_OK;
	SP_TRY(evidence_room_key(t->q->room, &key, err));
	return federation_provider_seal(
	    key, &t->q->who.agency, &t->provider.id, secret, &t->sealed, err);
}

static enum sp_code
answer(const struct act *t, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(16384);
	struct sp_json j = sp_json_to(&out);

	federation_provider_json(&j, NULL, &t->provider);
	a->status = 201;
	http_answer_fmt(a, "Location", "/v1/agencies/%s/providers/%s",
	    evidence_room_agency(t->q->room)->slug, t->provider.name);
	return http_json_answer(a, &out, "provider", err);
}

static enum sp_code
add(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const struct federation_sources *s = q->house->federation;
	AUTO_BODY root = NULL;
	AUTO_ACT t = act_new(q);
	SP_AUTO_BUF secret = sp_buf_secret(FEDERATION_SECRET_MAX + 1);

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	if (!json_is_object(root))
		return sp_fail(err, SP_E_INVALID, "an object is needed");
	SP_TRY(federation_provider_read(root,
	    s != NULL && federation_sources_local(s), &t.provider, &secret,
	    err));
	SP_TRY(seal(&t, &secret, err));
	SP_TRY(
	    ledger_writer_run(evidence_room_writer(q->room), add_act, &t, err));
	return answer(&t, a, err);
}

static enum sp_code
take_away(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	AUTO_ACT t = act_new(q);

	t.name = http_match_param(&q->match, "provider");
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), remove_act, &t, err));
	a->status = 204;
	return SP_OK;
}

static enum sp_code
unlink_person(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	AUTO_ACT t = act_new(q);

	SP_TRY(ledger_writer_run(
	    evidence_room_writer(q->room), unlink_act, &t, err));
	a->status = 204;
	return SP_OK;
}

static enum sp_code
add_one(void *arg, const struct federation_provider *p, struct sp_err *err)
{
	(void)err;
	federation_provider_json(arg, NULL, p);
	return SP_OK;
}

static enum sp_code
list(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	DB_LENT(reader, evidence_room_readers(q->room));

	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	SP_TRY(federation_provider_each(reader.db, add_one, &j, err));
	sp_json_end(&j);
	sp_json_end(&j);
	return http_json_answer(a, &out, "providers", err);
}

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "providers",
	    .id = "listProviders",
	    .summary = "The agency's identity providers, without their secrets",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_POLICY_SHOW,
	    .kind = "provider",
	    .success = { { 200, "All of them", HTTP_JSON, "ProviderList",
		NULL } },
	    .handle = list,
	},
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "providers",
	    .id = "addProvider",
	    .summary = "Configure an identity provider (OpenID Connect)",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_POLICY_CHANGE,
	    .kind = "provider",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "ProviderNew",
	    .success = { { 201, "The provider", HTTP_JSON, "Provider",
		"Location" } },
	    .problems = "409 507",
	    .handle = add,
	},
	{
	    .method = HTTP_DELETE,
	    .path = HTTP_AGENCY "providers/{provider}",
	    .id = "removeProvider",
	    .summary = "Take an identity provider away, with what it began",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_POLICY_CHANGE,
	    .kind = "provider",
	    .success = { { 204, "Removed", NULL, NULL, NULL } },
	    .problems = "507",
	    .handle = take_away,
	},
	{
	    .method = HTTP_DELETE,
	    .path = HTTP_AGENCY "persons/{id}/identities",
	    .id = "unlinkPerson",
	    .summary = "Forget which accounts elsewhere are a person's",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_PERSON_CHANGE,
	    .kind = "person",
	    .success = { { 204, "Forgotten", NULL, NULL, NULL } },
	    .problems = "507",
	    .handle = unlink_person,
	},
};

#define CONFIG "\"acr_to_ask\":" HTTP_STRING ",\"acr_two_factors\":" HTTP_STRING
#define ALGORITHMS                                                             \
	"\"algorithms\":{\"items\":" HTTP_STRING ",\"type\":\"array\"}"
#define AUTH                                                                   \
	"\"amr_two_factors\":" HTTP_STRING                                     \
	",\"auth\":{\"enum\":[\"client_secret_basic\","                        \
	"\"client_secret_post\",\"none\"],\"type\":\"string\"},"               \
	"\"client_id\":" HTTP_STRING ",\"hosts\":" HTTP_STRING                 \
	",\"human_claim\":" HTTP_STRING
#define REST                                                                   \
	"\"issuer\":" HTTP_STRING ",\"login_claim\":" HTTP_STRING              \
	",\"max_age_seconds\":" HTTP_INTEGER ",\"name\":" HTTP_STRING          \
	",\"name_claim\":" HTTP_STRING ",\"origin\":" HTTP_STRING              \
	",\"provision_role\":" HTTP_STRING ",\"scope\":" HTTP_STRING
#define SECRET                                                                 \
	"\"secret\":{\"maxLength\":512,\"type\":\"string\","                   \
	"\"writeOnly\":true},\"title\":" HTTP_STRING                           \
	",\"tls_ca\":" HTTP_STRING

static const struct http_schema schemas[] = {
	{ "Provider",
	    "{\"properties\":{" CONFIG ",\"added_at\":" HTTP_TIME "," ALGORITHMS
	    "," AUTH ",\"id\":" HTTP_ID "," REST ",\"title\":" HTTP_STRING
	    "},\"required\":[\"id\",\"issuer\",\"name\"],\"type\":"
	    "\"object\"}" },
	{ "ProviderList",
	    "{\"properties\":{\"items\":{\"items\":{\"$ref\":"
	    "\"#/components/schemas/Provider\"},\"type\":\"array\"}},"
	    "\"required\":[\"items\"],\"type\":\"object\"}" },
	{ "ProviderNew",
	    "{\"additionalProperties\":false,\"properties\":{" CONFIG
	    "," ALGORITHMS "," AUTH "," REST "," SECRET
	    "},\"required\":[\"client_id\",\"issuer\",\"name\","
	    "\"origin\"],\"type\":\"object\"}" },
};

const struct http_topic entrance_signin_provider_topic = { routes,
	SP_COUNTOF(routes), schemas, SP_COUNTOF(schemas) };
