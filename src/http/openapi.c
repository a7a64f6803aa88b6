#include "http/openapi.h"

#include "base/json.h"
#include "http/answer.h"
#include "http/router.h"

#include <stdlib.h>
#include <string.h>

/*
 * Members stand in the order of RFC 8785, which is what sp_json writes; paths
 * and schemas are sorted for it.  Schemas are kept as text, already canonical.
 */

static const struct http_schema problem = { "Problem",
	"{\"description\":\"RFC 9457.  The type is "
	"stable.\",\"properties\":{\"detail\":" HTTP_STRING
	",\"instance\":" HTTP_STRING ",\"reason\":" HTTP_STRING
	",\"status\":{\"type\":\"integer\"},\"title\":" HTTP_STRING
	",\"type\":" HTTP_STRING
	"},\"required\":[\"status\",\"title\",\"type\"],\"type\":\"object\"}" };

/* --- Parameters --- */

static void
path_param(struct sp_json *j, const char *name, size_t len)
{
	bool rest = name[len - 1] == '*';

	sp_json_object(j, NULL);
	if (rest)
		sp_json_str(j, "description",
		    "One or more segments of the path, as C2SP tlog-tiles "
		    "has them.");
	sp_json_str(j, "in", "path");
	sp_json_strn(j, "name", name, rest ? len - 1 : len);
	sp_json_bool(j, "required", true);
	sp_json_raw(j, "schema",
	    len == 2 && memcmp(name, "id", 2) == 0 ? HTTP_ID : HTTP_STRING);
	sp_json_end(j);
}

static void
path_params(struct sp_json *j, const char *path)
{
	for (const char *at = strchr(path, '{'); at != NULL;
	     at = strchr(at, '{')) {
		size_t len = strcspn(++at, "}");

		path_param(j, at, len);
	}
}

static void
params(struct sp_json *j, const struct http_route *r)
{
	if (strchr(r->path, '{') == NULL && r->inputs == 0)
		return;
	sp_json_array(j, "parameters");
	path_params(j, r->path);
	for (size_t i = 0; i < r->inputs; i++) {
		sp_json_object(j, NULL);
		sp_json_str(j, "description", r->input[i].text);
		sp_json_str(j, "in", r->input[i].in);
		sp_json_str(j, "name", r->input[i].name);
		sp_json_bool(j, "required", r->input[i].required);
		sp_json_raw(j, "schema", r->input[i].schema);
		sp_json_end(j);
	}
	sp_json_end(j);
}

/* --- Bodies and answers --- */

static void
ref(struct sp_json *j, const char *schema)
{
	SP_AUTO_BUF text = sp_buf_new(200);

	sp_buf_fmt(&text, "#/components/schemas/%s", schema);
	sp_json_object(j, "schema");
	sp_json_str(j, "$ref", sp_buf_str(&text));
	sp_json_end(j);
}

static void
content(struct sp_json *j, const char *media, const char *schema)
{
	sp_json_object(j, "content");
	sp_json_object(j, media);
	if (schema != NULL)
		ref(j, schema);
	sp_json_end(j);
	sp_json_end(j);
}

static void
request_body(struct sp_json *j, const struct http_route *r)
{
	if (r->takes == HTTP_TAKES_NOTHING)
		return;
	sp_json_object(j, "requestBody");
	if (r->takes == HTTP_TAKES_JSON)
		content(j, HTTP_JSON, r->takes_schema);
	else if (r->takes == HTTP_TAKES_FORM)
		content(j, HTTP_FORM, r->takes_schema);
	else
		content(j, r->takes_schema, NULL);
	sp_json_bool(j, "required", r->takes != HTTP_TAKES_BYTES);
	sp_json_end(j);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in "A B C", each with a schema. */
static void
headers(struct sp_json *j, const char *names)
{
	char text[256];
	const char *name[16];
	size_t n = 0;

	if (names == NULL)
		return;
	SP_REQUIRE(strlen(names) < sizeof(text));
	memcpy(text, names, strlen(names) + 1);
	for (char *at = text; *at != '\0';) {
		size_t len = strcspn(at, " ");

		SP_REQUIRE(n < SP_COUNTOF(name));
		name[n++] = at;
		at += len;
		if (*at != '\0')
			*at++ = '\0';
	}
	qsort(name, n, sizeof(name[0]), by_name);
	sp_json_object(j, "headers");
	for (size_t i = 0; i < n; i++)
		sp_json_raw(j, name[i], "{\"schema\":" HTTP_STRING "}");
	sp_json_end(j);
}

static void
success(struct sp_json *j, const struct http_success *s)
{
	char status[8];

	(void)snprintf(status, sizeof(status), "%u", s->status);
	sp_json_object(j, status);
	if (s->media != NULL)
		content(j, s->media, s->schema);
	sp_json_str(j, "description", s->text);
	headers(j, s->headers);
	sp_json_end(j);
}

/* The statuses that a route can answer with, as a set. */
struct statuses {
	bool at[600];
};

static void
add_statuses(struct statuses *s, const char *list)
{
	for (; *list != '\0'; list++)
		if (*list >= '4' && *list <= '5') {
			s->at[(list[0] - '0') * 100 + (list[1] - '0') * 10 +
			    (list[2] - '0')] = true;
			list += 2;
		}
}

/* What the route itself says of this status, or NULL. */
static const struct http_success *
told_by(const struct http_route *r, unsigned status)
{
	for (size_t i = 0; i < HTTP_SUCCESSES; i++)
		if (r->success[i].status == status)
			return &r->success[i];
	return NULL;
}

static void
problems(struct sp_json *j, const struct http_route *r)
{
	static const char *const by_door[] = {
		[HTTP_DOOR_OPEN] = "400",
		[HTTP_DOOR_PUBLIC] = "400 404 500 503",
		[HTTP_DOOR_KNOWN] = "400 401 403 404 500 503",
		[HTTP_DOOR_GATE] = "400 401 403 404 500 503",
	};
	struct statuses s = { .at = { false } };
	char status[8];

	add_statuses(&s, by_door[r->door]);
	if (r->takes == HTTP_TAKES_JSON)
		add_statuses(&s, "413 415");
	if (r->takes == HTTP_TAKES_FORM)
		add_statuses(&s, "413");
	if (r->problems != NULL)
		add_statuses(&s, r->problems);
	for (unsigned i = 400; i < SP_COUNTOF(s.at); i++) {
		const struct http_success *own = told_by(r, i);

		if (own != NULL)
			success(j, own);
		if (own != NULL || !s.at[i])
			continue;
		(void)snprintf(status, sizeof(status), "%u", i);
		sp_json_object(j, status);
		sp_json_str(j, "$ref", "#/components/responses/Problem");
		sp_json_end(j);
	}
}

static void
operation(struct sp_json *j, const struct http_route *r)
{
	sp_json_str(j, "operationId", r->id);
	params(j, r);
	request_body(j, r);
	sp_json_object(j, "responses");
	for (size_t i = 0; i < HTTP_SUCCESSES; i++)
		if (r->success[i].status != 0 && r->success[i].status < 400)
			success(j, &r->success[i]);
	problems(j, r);
	sp_json_end(j);
	if (r->door == HTTP_DOOR_KNOWN || r->door == HTTP_DOOR_GATE)
		sp_json_raw(j, "security", "[{\"token\":[]}]");
	else
		sp_json_raw(j, "security", "[]");
	sp_json_str(j, "summary", r->summary);
	if (r->door == HTTP_DOOR_GATE)
		sp_json_str(j, "x-sallyport-act", gate_act_name(r->act));
}

/* --- Paths --- */

static int
by_path_and_method(const void *a, const void *b)
{
	/* OpenAPI has methods in small letters, in the same order. */
	static const char *const order[] = {
		[HTTP_DELETE] = "delete",
		[HTTP_GET] = "get",
		[HTTP_HEAD] = "head",
		[HTTP_OPTIONS] = "options",
		[HTTP_PATCH] = "patch",
		[HTTP_POST] = "post",
		[HTTP_PUT] = "put",
	};
	const struct http_route *x = *(const struct http_route *const *)a;
	const struct http_route *y = *(const struct http_route *const *)b;
	int c = strcmp(x->path, y->path);

	return c != 0 ? c : strcmp(order[x->method], order[y->method]);
}

/* "{name*}" is this program's own: OpenAPI has no such parameter. */
static void
path_name(const char *path, char out[static 96])
{
	size_t n = 0;

	for (; *path != '\0'; path++)
		if (*path != '*') {
			SP_REQUIRE(n < 95);
			out[n++] = *path;
		}
	out[n] = '\0';
}

static void
method_name(enum http_method m, char out[static 8])
{
	const char *s = http_method_name(m);
	size_t n = 0;

	for (; *s != '\0'; s++)
		out[n++] = (char)(*s - 'A' + 'a');
	out[n] = '\0';
}

static void
paths(struct sp_json *j, const struct http_routes *t)
{
	size_t n = http_routes_count(t);
	const struct http_route **sorted = calloc(n, sizeof(void *));
	const char *last = NULL;
	char name[96], method[8];

	SP_REQUIRE(sorted != NULL);
	for (size_t i = 0; i < n; i++)
		sorted[i] = http_routes_at(t, i);
	qsort(sorted, n, sizeof(void *), by_path_and_method);
	sp_json_object(j, "paths");
	for (size_t i = 0; i < n; i++) {
		if (last == NULL || strcmp(last, sorted[i]->path) != 0) {
			if (last != NULL)
				sp_json_end(j);
			path_name(sorted[i]->path, name);
			sp_json_object(j, name);
		}
		last = sorted[i]->path;
		method_name(sorted[i]->method, method);
		sp_json_object(j, method);
		operation(j, sorted[i]);
		sp_json_end(j);
	}
	sp_json_end(j);
	sp_json_end(j);
	free(sorted);
}

/* --- The whole --- */

/* Room for the table of roles and acts. */
#define POLICY_MAX  ((size_t)256 << 10)
#define SCHEMAS_MAX 256

static int
by_schema(const void *a, const void *b)
{
	const struct http_schema *x = *(const struct http_schema *const *)a;
	const struct http_schema *y = *(const struct http_schema *const *)b;

	return strcmp(x->name, y->name);
}

static void
schemas(struct sp_json *j, const struct http_routes *t)
{
	const struct http_schema *sorted[SCHEMAS_MAX] = { &problem };
	size_t n = 1;

	for (size_t k = 0; k < t->topics; k++)
		for (size_t i = 0; i < t->topic[k]->schemas; i++) {
			SP_REQUIRE(n < SCHEMAS_MAX);
			sorted[n++] = &t->topic[k]->schema[i];
		}
	qsort(sorted, n, sizeof(const struct http_schema *), by_schema);
	for (size_t i = 0; i < n; i++)
		sp_json_raw(j, sorted[i]->name, sorted[i]->schema);
}

static void
components(struct sp_json *j, const struct http_routes *t)
{
	sp_json_object(j, "components");
	sp_json_object(j, "responses");
	sp_json_object(j, "Problem");
	content(j, "application/problem+json", "Problem");
	sp_json_str(j, "description", "A problem, as its type says");
	sp_json_end(j);
	sp_json_end(j);
	sp_json_object(j, "schemas");
	schemas(j, t);
	sp_json_end(j);
	sp_json_object(j, "securitySchemes");
	sp_json_object(j, "token");
	sp_json_str(j, "description", "A token of the agency.");
	sp_json_str(j, "scheme", "bearer");
	sp_json_str(j, "type", "http");
	sp_json_end(j);
	sp_json_end(j);
	sp_json_end(j);
}

void
http_openapi_write(const struct http_routes *t, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);
	SP_AUTO_BUF policy = sp_buf_new(POLICY_MAX);

	gate_role_matrix_json(&policy);
	SP_REQUIRE(sp_buf_ok(&policy));
	sp_json_object(&j, NULL);
	components(&j, t);
	sp_json_object(&j, "info");
	sp_json_raw(&j, "license",
	    "{\"identifier\":\"Apache-2.0\",\"name\":\"Apache-2.0\"}");
	sp_json_str(&j, "title", "Sallyport");
	sp_json_str(&j, "version", SP_VERSION);
	sp_json_end(&j);
	sp_json_str(&j, "openapi", "3.1.0");
	paths(&j, t);
	sp_json_raw(&j, "servers", "[{\"url\":\"/\"}]");
	sp_json_raw(&j, "x-sallyport-policy", sp_buf_str(&policy));
	sp_json_end(&j);
}
