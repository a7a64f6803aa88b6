#include "http/openapi.h"

#include "api/routes.h"
#include "tap.h"

#include <jansson.h>
#include <string.h>

static json_t *
described(void)
{
	SP_AUTO_BUF out = sp_buf_new((size_t)4 << 20);
	json_error_t why;
	json_t *root;

	http_openapi_write(&api_routes, &out);
	CHECK(sp_buf_ok(&out));
	root =
	    json_loadb(sp_buf_str(&out), out.len, JSON_REJECT_DUPLICATES, &why);
	CHECK(root != NULL);
	return root;
}

static const json_t *
at(const json_t *j, const char *name)
{
	const json_t *v = json_object_get(j, name);

	CHECK(v != NULL);
	return v;
}

static const json_t *
operation_of(const json_t *root, const struct http_route *r)
{
	char path[128] = "", method[8] = "";
	size_t n = 0;

	for (const char *s = r->path; *s != '\0'; s++)
		if (*s != '*')
			path[n++] = *s;
	n = 0;
	for (const char *s = http_method_name(r->method); *s != '\0'; s++)
		method[n++] = (char)(*s | 0x20);
	return at(at(at(root, "paths"), path), method);
}

/* The matrix of the console: the gate's own table. */
static void
the_policy_is_told(void)
{
	json_t *root = described();
	const json_t *policy = at(root, "x-sallyport-policy");

	CHECK(json_array_size(at(policy, "acts")) == GATE_ACT_COUNT);
	CHECK(json_array_size(at(policy, "roles")) == GATE_ROLE_COUNT);
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		const json_t *act = json_array_get(at(policy, "acts"), a);
		const json_t *roles = at(act, "roles");
		size_t may = 0;

		CHECK(strcmp(json_string_value(at(act, "name")),
			  gate_act_name((enum gate_act)a)) == 0);
		for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
			may +=
			    gate_role_may((enum gate_role)r, (enum gate_act)a);
		CHECK(json_array_size(roles) == may);
	}
	json_decref(root);
}

static void
every_route_is_described(void)
{
	json_t *root = described();
	size_t operations = 0;
	const char *path;
	json_t *methods;

	CHECK(strncmp(json_string_value(at(root, "openapi")), "3.1", 3) == 0);
	for (size_t i = 0; i < http_routes_count(&api_routes); i++) {
		const struct http_route *r = http_routes_at(&api_routes, i);
		const json_t *op = operation_of(root, r);
		char status[16];

		CHECK(strcmp(json_string_value(at(op, "operationId")), r->id) ==
		    0);
		for (size_t s = 0; s < HTTP_SUCCESSES; s++) {
			if (r->success[s].status == 0)
				continue;
			(void)snprintf(
			    status, sizeof(status), "%u", r->success[s].status);
			CHECK(at(at(op, "responses"), status) != NULL);
		}
		/* What the gate is asked is said, and nothing else. */
		if (r->door == HTTP_DOOR_GATE)
			CHECK(
			    strcmp(json_string_value(at(op, "x-sallyport-act")),
				gate_act_name(r->act)) == 0);
		else
			CHECK(json_object_get(op, "x-sallyport-act") == NULL);
		/* Nothing that needs a token is said not to. */
		CHECK((json_array_size(at(op, "security")) == 1) ==
		    (r->door == HTTP_DOOR_GATE || r->door == HTTP_DOOR_KNOWN));
	}
	json_object_foreach(json_object_get(root, "paths"), path, methods)
	    operations += json_object_size(methods);
	CHECK(operations == http_routes_count(&api_routes));
	json_decref(root);
}

/* Each {parameter} of a path is declared, each "$ref" leads somewhere. */
static void
check_parameters(const char *path, const json_t *op)
{
	for (const char *s = strchr(path, '{'); s != NULL; s = strchr(s, '{')) {
		size_t len = strcspn(++s, "}"), found = 0, i;
		json_t *p;

		json_array_foreach(json_object_get(op, "parameters"), i, p)
		{
			const char *name = json_string_value(at(p, "name"));

			if (strlen(name) == len && strncmp(name, s, len) == 0 &&
			    strcmp(json_string_value(at(p, "in")), "path") == 0)
				found++;
		}
		CHECK(found == 1);
	}
}

static void
check_refs(const json_t *root, json_t *j) /* NOLINT(misc-no-recursion) */
{
	const json_t *ref = json_object_get(j, "$ref");
	const char *name;
	json_t *v;
	size_t i;

	if (ref != NULL) {
		char text[128];
		const json_t *to = at(root, "components");
		const char *s = json_string_value(ref);
		char *slash;

		CHECK(strncmp(s, "#/components/", 13) == 0);
		(void)snprintf(text, sizeof(text), "%s", s + 13);
		slash = strchr(text, '/');
		CHECK(slash != NULL);
		*slash = '\0';
		CHECK(at(at(to, text), slash + 1) != NULL);
	}
	json_object_foreach(j, name, v) check_refs(root, v);
	json_array_foreach(j, i, v) check_refs(root, v);
}

static void
it_holds_together(void)
{
	json_t *root = described();
	const char *path, *method;
	json_t *methods, *op;

	json_object_foreach(json_object_get(root, "paths"), path, methods)
	{
		json_object_foreach(methods, method, op)
		    check_parameters(path, op);
	}
	check_refs(root, root);
	json_decref(root);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every route is described", every_route_is_described },
		{ "the policy is told", the_policy_is_told },
		{ "it holds together", it_holds_together },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
