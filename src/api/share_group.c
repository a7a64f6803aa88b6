#include "api/share.h"
#include "grants/share.h"
#include "http/json.h"

#include <string.h>

static struct grants_house
house_of(struct http_request *q)
{
	return (struct grants_house){ q->house->site, q->room, &q->who };
}

static enum sp_code
answer_group(struct http_request *q, struct http_answer *a,
    const struct sp_id *id, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct grants_house h = house_of(q);

	SP_TRY(grants_group_json(&h, id, &out, err));
	return http_json_answer(a, &out, "group", err);
}

/* An agency by its short name. */
static enum sp_code
agency_named(struct http_request *q, const char *slug, struct sp_id *out,
    struct sp_err *err)
{
	struct evidence_room *room;
	enum sp_code code = SP_E_NOTFOUND;

	if (slug != NULL)
		code = evidence_site_room(q->house->site, slug, &room, err);
	if (code == SP_E_NOTFOUND)
		return sp_fail_as(err, SP_E_INVALID, "group.member",
		    "there is no such agency on this site");
	SP_TRY(code);
	if (evidence_room_agency(room)->provider)
		return sp_fail_as(err, SP_E_INVALID, "group.member",
		    "the provider is in no group");
	*out = evidence_room_agency(room)->id;
	return SP_OK;
}

/* --- forming --- */

struct wish {
	const char *name;
	struct sp_id member[GRANTS_GROUP_MEMBERS];
	size_t n;
};

static const char *
text_of(const json_t *v)
{
	const char *s = json_string_value(v);

	return s != NULL && strlen(s) == json_string_length(v) ? s : NULL;
}

static enum sp_code
wish_of(struct http_request *q, const json_t *root, struct wish *w,
    struct sp_err *err)
{
	const json_t *members = json_object_get(root, "members");
	size_t n = json_array_size(members);

	w->name = text_of(json_object_get(root, "name"));
	if (!json_is_object(root) || json_object_size(root) != 2 ||
	    w->name == NULL || !json_is_array(members))
		return sp_fail(err, SP_E_INVALID,
		    "an object with name and members, and nothing else");
	if (n >= GRANTS_GROUP_MEMBERS)
		return sp_fail_as(err, SP_E_INVALID, "group.member",
		    "members: at most %d besides the lead",
		    GRANTS_GROUP_MEMBERS - 1);
	for (w->n = 0; w->n < n; w->n++)
		SP_TRY(agency_named(q, text_of(json_array_get(members, w->n)),
		    &w->member[w->n], err));
	return SP_OK;
}

static enum sp_code
form_group(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *root = NULL;
	struct gate_once once;
	struct wish w;
	struct grants_group_new n = { .member = w.member };
	struct grants_house h = house_of(q);
	struct sp_id id;
	char text[SP_ID_TEXT];

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	SP_TRY(wish_of(q, root, &w, err));
	SP_TRY(http_json_once(q, &once, &n.once, err));
	n.name = w.name;
	n.n = w.n;
	SP_TRY(grants_group_form(&h, &n, &id, err));
	sp_id_text(&id, text);
	a->status = 201;
	http_answer_fmt(a, "Location", "/v1/agencies/%s/groups/%s",
	    http_match_param(&q->match, "agency"), text);
	return answer_group(q, a, &id, err);
}

/* --- what there is --- */

#define LIST_MOST 100

static enum sp_code
list_groups(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct grants_house h = house_of(q);
	const char *cursor = http_request_query(q, "cursor");
	struct sp_id after = { .b = { 0 } };
	uint64_t most = LIST_MOST;

	SP_TRY(http_request_query_u64(q, "limit", 1, LIST_MOST, &most, err));
	if (cursor != NULL && !sp_id_parse(cursor, strlen(cursor), &after))
		return sp_fail(
		    err, SP_E_INVALID, "cursor: \"next\" of the page before");
	SP_TRY(grants_group_list_json(&h, &after, most, &out, err));
	return http_json_answer(a, &out, "groups", err);
}

static enum sp_code
show_group(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	return answer_group(q, a, &q->id, err);
}

static enum sp_code
prove_group(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF shown = sp_buf_new(HTTP_BODY_MAX);
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct grants_house h = house_of(q);

	SP_TRY(grants_group_json(&h, &q->id, &shown, err));
	SP_TRY(grants_share_proof_json(&h, &q->id, &out, err));
	return http_json_answer(a, &out, "proof", err);
}

/* --- who is in --- */

static enum sp_code
add_member(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *root = NULL;
	struct grants_house h = house_of(q);
	struct sp_id agency;

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	if (!json_is_object(root) || json_object_size(root) != 1)
		return sp_fail(err, SP_E_INVALID,
		    "an object with agency, and nothing else");
	SP_TRY(agency_named(
	    q, text_of(json_object_get(root, "agency")), &agency, err));
	SP_TRY(grants_group_add(&h, &q->id, &agency, err));
	return answer_group(q, a, &q->id, err);
}

static enum sp_code
remove_member(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct grants_house h = house_of(q);
	struct sp_id agency;

	SP_TRY(agency_named(
	    q, http_match_param(&q->match, "member"), &agency, err));
	SP_TRY(grants_group_remove(&h, &q->id, &agency, err));
	return answer_group(q, a, &q->id, err);
}

static enum sp_code
leave_group(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct grants_house h = house_of(q);

	SP_TRY(grants_group_leave(&h, &q->id, err));
	return answer_group(q, a, &q->id, err);
}

static enum sp_code
end_group(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct grants_house h = house_of(q);

	SP_TRY(grants_group_end(&h, &q->id, err));
	return answer_group(q, a, &q->id, err);
}

static enum sp_code
name_persons(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	json_auto_t *root = NULL;
	const json_t *persons;
	struct grants_house h = house_of(q);
	struct sp_id person[GRANTS_GROUP_PERSONS];
	size_t n;

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	persons = json_object_get(root, "persons");
	n = json_array_size(persons);
	if (!json_is_object(root) || json_object_size(root) != 1 ||
	    !json_is_array(persons) || n > GRANTS_GROUP_PERSONS)
		return sp_fail(err, SP_E_INVALID,
		    "an object with persons, an array of at most %d ids, and "
		    "nothing else",
		    GRANTS_GROUP_PERSONS);
	for (size_t i = 0; i < n; i++) {
		const char *s = text_of(json_array_get(persons, i));

		if (s == NULL || !sp_id_parse(s, strlen(s), &person[i]))
			return sp_fail(err, SP_E_INVALID,
			    "persons: number %zu is not an id", i + 1);
	}
	SP_TRY(grants_group_persons(&h, &q->id, person, n, err));
	return answer_group(q, a, &q->id, err);
}

/* --- The routes --- */

#define GROUP HTTP_AGENCY "groups/{id}"

static const struct http_input once_input[] = {
	{ "header", "Idempotency-Key", HTTP_STRING, false, HTTP_ONCE },
};

static const struct http_input list_input[] = {
	{ "query", "cursor", HTTP_ID, false, "\"next\" of the page before." },
	{ "query", "limit",
	    "{\"maximum\":100,\"minimum\":1,\"type\":\"integer\"}", false,
	    "Groups a page; 100 when absent." },
};

#define ONE(text)                                                              \
	{                                                                      \
		{                                                              \
			200, text, HTTP_JSON, "Group", NULL                    \
		}                                                              \
	}

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "groups",
	    .id = "listGroups",
	    .summary = "Joint task forces that this agency is or was in, a "
		       "page at a time",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_GROUP_SHOW,
	    .kind = "group",
	    HTTP_INPUT(list_input),
	    .success = { { 200, "A page", HTTP_JSON, "GroupList", NULL } },
	    .handle = list_groups,
	},
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "groups",
	    .id = "formGroup",
	    .summary = "Form a joint task force, led by this agency",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_GROUP_MANAGE,
	    .kind = "group",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "GroupNew",
	    HTTP_INPUT(once_input),
	    .success = { { 201, "The group", HTTP_JSON, "Group", "Location" } },
	    .problems = "409 507",
	    .handle = form_group,
	},
	{
	    .method = HTTP_GET,
	    .path = GROUP,
	    .id = "showGroup",
	    .summary = "One group, and who is in it",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_GROUP_SHOW,
	    .kind = "group",
	    .success = ONE("The group"),
	    .handle = show_group,
	},
	{
	    .method = HTTP_GET,
	    .path = GROUP "/proof",
	    .id = "proveGroup",
	    .summary = "Its entries in both ledgers, each with the proof that "
		       "it is there",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_GROUP_SHOW,
	    .kind = "group",
	    .success = { { 200, "The proofs", HTTP_JSON, "TwinProof", NULL } },
	    .handle = prove_group,
	},
	{
	    .method = HTTP_POST,
	    .path = GROUP "/members",
	    .id = "addGroupMember",
	    .summary = "Take an agency in; by the lead",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_GROUP_MANAGE,
	    .kind = "group",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "GroupMember",
	    .success = ONE("The group"),
	    .problems = "409 507",
	    .handle = add_member,
	},
	{
	    .method = HTTP_DELETE,
	    .path = GROUP "/members/{member}",
	    .id = "removeGroupMember",
	    .summary = "Take an agency out, at once; by the lead",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_GROUP_MANAGE,
	    .kind = "group",
	    .success = ONE("The group"),
	    .problems = "409 507",
	    .handle = remove_member,
	},
	{
	    .method = HTTP_POST,
	    .path = GROUP "/leave",
	    .id = "leaveGroup",
	    .summary = "Leave a group, at once; by a member that does not lead",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_GROUP_MANAGE,
	    .kind = "group",
	    .success = ONE("The group"),
	    .problems = "409 507",
	    .handle = leave_group,
	},
	{
	    .method = HTTP_POST,
	    .path = GROUP "/end",
	    .id = "endGroup",
	    .summary = "End a group for all; by the lead",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_GROUP_MANAGE,
	    .kind = "group",
	    .success = ONE("The group"),
	    .problems = "409 507",
	    .handle = end_group,
	},
	{
	    .method = HTTP_PUT,
	    .path = GROUP "/persons",
	    .id = "nameGroupPersons",
	    .summary = "Which persons of this agency come to what is shared "
		       "with the group; none: all whose role may",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_GROUP_MANAGE,
	    .kind = "group",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "GroupPersons",
	    .success = ONE("The group"),
	    .problems = "409 507",
	    .handle = name_persons,
	},
};

static const struct http_schema schemas[] = {
	{ "Group",
	    "{\"properties\":{\"ended\":" HTTP_BOOLEAN
	    ",\"formed_at\":" HTTP_TIME ",\"id\":" HTTP_ID
	    ",\"lead\":" HTTP_STRING
	    ",\"members\":{\"items\":{\"properties\":{\"agency\":" HTTP_STRING
	    ",\"in\":" HTTP_BOOLEAN ",\"since\":" HTTP_TIME
	    "},\"required\":[\"agency\",\"in\",\"since\"],\"type\":"
	    "\"object\"},\"type\":\"array\"},\"name\":" HTTP_STRING
	    ",\"persons\":{\"items\":" HTTP_ID
	    ",\"type\":\"array\"},\"version\":" HTTP_INTEGER
	    "},\"required\":[\"ended\",\"formed_at\",\"id\",\"lead\","
	    "\"members\",\"name\",\"persons\",\"version\"],\"type\":"
	    "\"object\"}" },
	{ "GroupList",
	    "{\"properties\":{\"items\":{\"items\":{\"$ref\":\"#/components/"
	    "schemas/Group\"},\"type\":\"array\"},\"next\":" HTTP_NULLABLE
	    "},\"required\":[\"items\",\"next\"],\"type\":\"object\"}" },
	{ "GroupMember",
	    "{\"additionalProperties\":false,\"properties\":{"
	    "\"agency\":" HTTP_STRING
	    "},\"required\":[\"agency\"],\"type\":\"object\"}" },
	{ "GroupNew",
	    "{\"additionalProperties\":false,\"properties\":{\"members\":{"
	    "\"items\":" HTTP_STRING ",\"maxItems\":63,\"type\":\"array\","
	    "\"uniqueItems\":true},\"name\":{\"maxLength\":100,"
	    "\"minLength\":1,\"type\":\"string\"}},\"required\":[\"members\","
	    "\"name\"],\"type\":\"object\"}" },
	{ "GroupPersons",
	    "{\"additionalProperties\":false,\"properties\":{\"persons\":{"
	    "\"items\":" HTTP_ID ",\"maxItems\":256,\"type\":\"array\","
	    "\"uniqueItems\":true}},\"required\":[\"persons\"],\"type\":"
	    "\"object\"}" },
};

const struct http_topic api_share_group_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
