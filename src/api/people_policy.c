#include "api/people.h"

#include "api/people_part.h"

/* The policy: the rules in force, and the table of roles and acts. */

static enum sp_code
show_rules(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);

	people_rules_json(&j, NULL, api_people_rules(q));
	return http_json_answer(a, &out, "rules", err);
}

static enum sp_code
show_roles(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	(void)q;
	gate_role_matrix_json(&out);
	return http_json_answer(a, &out, "roles", err);
}

/* --- The routes --- */

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "rules",
	    .id = "showRules",
	    .summary = "The rules in force, with the section each is from",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_POLICY_SHOW,
	    .kind = "policy",
	    .success = { { 200, "The rules", HTTP_JSON, "Rules", NULL } },
	    .handle = show_rules,
	},
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "roles",
	    .id = "showRoles",
	    .summary = "Roles, acts, and which is open to which",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_POLICY_SHOW,
	    .kind = "policy",
	    .success = { { 200, "The table", HTTP_JSON, "Roles", NULL } },
	    .handle = show_roles,
	},
};

static const struct http_schema schemas[] = {
	{ "Roles", "{\"type\":\"object\"}" },
	{ "Rules", "{\"type\":\"object\"}" },
};

const struct http_topic api_people_policy_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
