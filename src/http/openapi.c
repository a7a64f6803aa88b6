#include "http/openapi.h"

#include "base/json.h"
#include "http/answer.h"
#include "http/router.h"

#include <stdlib.h>
#include <string.h>

/*
 * Members stand in the order of RFC 8785, which is what sp_json writes; the
 * paths are sorted for it.  Schemas are kept as text, already canonical.
 */
#define STRING   "{\"type\":\"string\"}"
#define NULLABLE "{\"type\":[\"string\",\"null\"]}"
#define ID       "{\"format\":\"uuid\",\"type\":\"string\"}"
#define TIME     "{\"format\":\"date-time\",\"type\":\"string\"}"
#define INTEGER  "{\"minimum\":0,\"type\":\"integer\"}"
#define BOOLEAN  "{\"type\":\"boolean\"}"
#define ROLE                                                                   \
	"{\"enum\":[\"administrator\",\"custodian\",\"officer\",\"auditor\","  \
	"\"device\"],\"type\":\"string\"}"
#define REF(name)     "{\"$ref\":\"#/components/schemas/" name "\"}"
#define LIST(of)      "{\"items\":" of ",\"type\":\"array\"}"
#define MAYBE(of)     "{\"oneOf\":[" of ",{\"type\":\"null\"}]}"
#define COUNT_OR_NULL "{\"minimum\":0,\"type\":[\"integer\",\"null\"]}"

static const struct {
	const char *name, *schema;
} schemas[] = {
	{ "Custody",
	    "{\"properties\":{\"events\":" LIST(
		"{\"properties\":{\"entry\":" REF(
		    "Entry") ",\"index\":" INTEGER
			     "},\"required\":[\"entry\",\"index\"],\"type\":"
			     "\"object\"}") ","
					    "\"evidence\":" ID
					    ",\"next\":{\"type\":[\"integer\","
					    "\"null\"]}},"
					    "\"required\":[\"events\","
					    "\"evidence\",\"next\"],"
					    "\"type\":\"object\"}" },
	{ "Entry",
	    "{\"description\":\"An entry of the log: canonical JSON "
	    "(RFC 8785).\",\"properties\":{\"act\":" STRING
	    ",\"actor\":{\"properties\":{\"id\":" ID ",\"kind\":" STRING "},"
	    "\"type\":\"object\"},\"address\":" STRING ",\"agency\":" ID
	    ",\"at\":" TIME ",\"detail\":{\"type\":\"object\"},"
	    "\"object\":{\"properties\":{\"id\":" ID ",\"kind\":" STRING "},"
	    "\"type\":\"object\"},\"outcome\":{\"enum\":[\"done\","
	    "\"refused\",\"failed\"],\"type\":\"string\"},\"source\":" STRING
	    ",\"v\":" INTEGER "},\"required\":[\"act\",\"actor\",\"agency\","
	    "\"at\",\"detail\",\"object\",\"outcome\",\"source\",\"v\"],"
	    "\"type\":\"object\"}" },
	{ "Event",
	    "{\"description\":\"The data of an event, by its kind: "
	    "upload.progress (evidence, length, offset), evidence.sealed "
	    "(evidence, size), evidence.corrupt and media.probed (evidence), "
	    "witness.behind (behind, size); all with time.  missed has no "
	    "member, over has why.\",\"properties\":{\"behind\":" INTEGER
	    ",\"evidence\":" ID ",\"length\":" COUNT_OR_NULL
	    ",\"offset\":" INTEGER ",\"size\":" INTEGER ",\"time\":" TIME
	    ",\"why\":{\"enum\":[\"stop\",\"token\"],\"type\":\"string\"}},"
	    "\"type\":\"object\"}" },
	{ "Events",
	    "{\"contentMediaType\":\"text/event-stream\",\"description\":"
	    "\"Server-sent events (WHATWG HTML, 9.2): id, event, and data "
	    "of one line, an Event.\",\"type\":\"string\"}" },
	{ "Evidence",
	    "{\"properties\":{\"captured_at\":" NULLABLE ",\"category\":" STRING
	    ",\"device\":" NULLABLE ",\"entry\":" INTEGER
	    ",\"extra\":{\"additionalProperties\":" STRING
	    ",\"type\":\"object\"},\"filename\":" STRING ",\"id\":" ID
	    ",\"media_state\":" STRING ",\"media_type\":" STRING
	    ",\"received_at\":" TIME ",\"same_content\":" LIST(
		ID) ",\"sha256\":{\"pattern\":"
		    "\"^[0-9a-f]{64}$\",\"type\":\"string\"},\"size\":" INTEGER
		    ",\"state\":{\"enum\":[\"sealed\",\"corrupt\"],\"type\":"
		    "\"string\"},\"title\":" NULLABLE ",\"uploaded_by\":" ID
		    "},"
		    "\"required\":[\"captured_at\",\"category\",\"device\","
		    "\"entry\","
		    "\"extra\",\"filename\",\"id\",\"media_state\",\"media_"
		    "type\","
		    "\"received_"
		    "at\","
		    "\"same_content\",\"sha256\",\"size\",\"state\",\"title\","
		    "\"uploaded_by\"],\"type\":\"object\"}" },
	{ "EvidencePage",
	    "{\"properties\":{\"items\":" LIST(
		REF("Evidence")) ","
				 "\"next\":" NULLABLE
				 "},\"required\":[\"items\",\"next\"],"
				 "\"type\":\"object\"}" },
	{ "ExportNew",
	    "{\"additionalProperties\":false,\"properties\":{\"format\":"
	    "{\"enum\":[\"zip\",\"tar\"],\"type\":\"string\"},\"items\":"
	    "{\"items\":" ID ",\"maxItems\":1000,\"minItems\":1,\"type\":"
	    "\"array\",\"uniqueItems\":true}},\"required\":[\"format\","
	    "\"items\"],\"type\":\"object\"}" },
	{ "Media",
	    "{\"properties\":{\"evidence\":" ID
	    ",\"facts\":" MAYBE(REF("MediaFacts")) ",\"poster\":" MAYBE(
		"{\"properties\":{"
		"\"height\":" INTEGER ",\"sha256\":" STRING ",\"size\":" INTEGER
		",\"width\":" INTEGER "},\"type\":"
		"\"object\"}") ",\"probed_"
			       "at\":" NULLABLE ",\"state\":" STRING
			       "},\"required\":[\"evidence\",\"facts\","
			       "\"poster\",\"probed_at\",\"state\"],\"type\":"
			       "\"object\"}" },
	{ "MediaFacts",
	    "{\"properties\":{\"created_at\":" NULLABLE
	    ",\"created_local\":" NULLABLE ",\"duration_ms\":" COUNT_OR_NULL
	    ",\"format\":" STRING ",\"location\":" MAYBE(
		"{\"properties\":{\"latitude\":{\"type\":\"number\"},"
		"\"longitude\":{\"type\":\"number\"}},\"type\":"
		"\"object\"}") ",\"streams\":" LIST(REF("MediaStream")) ",\"str"
									"eams_"
									"total"
									"\""
									":" INTEGER
									"},"
									"\"requ"
									"ired\""
									":["
									"\"crea"
									"ted_"
									"at\","
									"\"crea"
									"ted_"
									"local"
									"\","
									"\"dura"
									"tion_"
									"ms\","
									"\"form"
									"at\","
									"\"loca"
									"tion\""
									",\"str"
									"eams\""
									",\"str"
									"eams_"
									"total"
									"\"],"
									"\"type"
									"\":"
									"\"obje"
									"ct\""
									"}" },
	{ "MediaStream",
	    "{\"properties\":{\"channels\":" INTEGER ",\"codec\":" STRING
	    ",\"duration_ms\":" COUNT_OR_NULL
	    ",\"frame_rate\":{\"type\":[\"number\",\"null\"]}"
	    ",\"height\":" INTEGER
	    ",\"kind\":{\"enum\":[\"video\",\"audio\",\"picture\","
	    "\"subtitle\",\"data\"],\"type\":\"string\"},\"rotation\":"
	    "{\"enum\":[0,90,180,270],\"type\":\"integer\"},"
	    "\"sample_rate\":" INTEGER ",\"width\":" INTEGER
	    "},\"required\":[\"codec\",\"duration_ms\",\"kind\"],"
	    "\"type\":\"object\"}" },
	{ "Problem",
	    "{\"description\":\"RFC 9457.  The type is stable.\","
	    "\"properties\":{\"detail\":" STRING ",\"instance\":" STRING
	    ",\"reason\":" STRING ",\"status\":{\"type\":\"integer\"},"
	    "\"title\":" STRING ",\"type\":" STRING "},\"required\":["
	    "\"status\",\"title\",\"type\"],\"type\":\"object\"}" },
	{ "Readiness",
	    "{\"properties\":{\"checks\":{\"properties\":{\"keeper\":" BOOLEAN
	    ",\"rooms\":" BOOLEAN ",\"writing\":" BOOLEAN "},\"required\":["
	    "\"keeper\",\"rooms\",\"writing\"],\"type\":\"object\"},"
	    "\"ready\":" BOOLEAN "},\"required\":[\"checks\",\"ready\"],"
	    "\"type\":\"object\"}" },
	{ "Timestamps",
	    "{\"properties\":{\"next\":" COUNT_OR_NULL ",\"timestamps\":" LIST(
		"{\"properties\":{\"authority\":" STRING ",\"note\":" STRING
		",\"number\":" INTEGER ",\"size\":" INTEGER ",\"time\":" TIME
		"},\"required\":[\"authority\","
		"\"note\",\"number\",\"size\",\"time\"],\"type\":"
		"\"object\"}") "},\"required\":[\"next\",\"timestamps\"],"
			       "\"type\":\"object\"}" },
	{ "Token",
	    "{\"properties\":{\"created_at\":" TIME ",\"expires_at\":" TIME
	    ",\"id\":" ID ",\"label\":" STRING ",\"revoked_at\":" NULLABLE
	    ",\"role\":" ROLE "},\"required\":[\"created_at\",\"expires_at\","
	    "\"id\",\"label\",\"revoked_at\",\"role\"],\"type\":\"object\"}" },
	{ "TokenIssued",
	    "{\"properties\":{\"expires_at\":" TIME ",\"id\":" ID
	    ",\"label\":" STRING ",\"role\":" ROLE ",\"token\":"
	    "{\"description\":\"Shown this once.\",\"type\":\"string\"}},"
	    "\"required\":[\"expires_at\",\"id\",\"label\",\"role\","
	    "\"token\"],\"type\":\"object\"}" },
	{ "TokenList",
	    "{\"properties\":{\"items\":" LIST(
		REF("Token")) "},\"required\":"
			      "[\"items\"],\"type\":\"object\"}" },
	{ "TokenNew",
	    "{\"additionalProperties\":false,\"oneOf\":[{\"required\":["
	    "\"expires_at\"]},{\"required\":[\"expires_in_days\"]}],"
	    "\"properties\":{\"expires_at\":" TIME ",\"expires_in_days\":"
	    "{\"maximum\":366,\"minimum\":1,\"type\":\"integer\"},\"label\":"
	    "{\"maxLength\":100,\"minLength\":1,\"type\":\"string\"},"
	    "\"role\":" ROLE "},\"required\":[\"label\",\"role\"],"
	    "\"type\":\"object\"}" },
	{ "TokenOwn",
	    "{\"properties\":{\"agency\":" STRING ",\"id\":" ID
	    ",\"role\":" ROLE "},\"required\":[\"agency\",\"id\",\"role\"],"
	    "\"type\":\"object\"}" },
};

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
	sp_json_raw(
	    j, "schema", len == 2 && memcmp(name, "id", 2) == 0 ? ID : STRING);
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
		content(j, "application/json", r->takes_schema);
	else
		content(j, r->takes_schema, NULL);
	sp_json_bool(j, "required", r->takes == HTTP_TAKES_JSON);
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
		sp_json_raw(j, name[i], "{\"schema\":" STRING "}");
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
	if (r->problems != NULL)
		add_statuses(&s, r->problems);
	/* Told among the successes. */
	for (size_t i = 0; i < HTTP_SUCCESSES; i++)
		s.at[r->success[i].status] = false;
	for (unsigned i = 400; i < SP_COUNTOF(s.at); i++) {
		if (!s.at[i])
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
	for (size_t i = 0; i < HTTP_SUCCESSES; i++)
		if (r->success[i].status >= 400)
			success(j, &r->success[i]);
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
paths(struct sp_json *j)
{
	const struct http_route **sorted =
	    calloc(http_routes_count, sizeof(void *));
	const char *last = NULL;
	char name[96], method[8];

	SP_REQUIRE(sorted != NULL);
	for (size_t i = 0; i < http_routes_count; i++)
		sorted[i] = &http_routes[i];
	qsort(sorted, http_routes_count, sizeof(void *), by_path_and_method);
	sp_json_object(j, "paths");
	for (size_t i = 0; i < http_routes_count; i++) {
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
#define POLICY_MAX ((size_t)256 << 10)

static void
components(struct sp_json *j)
{
	sp_json_object(j, "components");
	sp_json_object(j, "responses");
	sp_json_object(j, "Problem");
	content(j, "application/problem+json", "Problem");
	sp_json_str(j, "description", "A problem, as its type says");
	sp_json_end(j);
	sp_json_end(j);
	sp_json_object(j, "schemas");
	for (size_t i = 0; i < SP_COUNTOF(schemas); i++)
		sp_json_raw(j, schemas[i].name, schemas[i].schema);
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
http_openapi_write(struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);
	SP_AUTO_BUF policy = sp_buf_new(POLICY_MAX);

	gate_role_matrix_json(&policy);
	SP_REQUIRE(sp_buf_ok(&policy));
	sp_json_object(&j, NULL);
	components(&j);
	sp_json_object(&j, "info");
	sp_json_raw(&j, "license",
	    "{\"identifier\":\"Apache-2.0\",\"name\":\"Apache-2.0\"}");
	sp_json_str(&j, "title", "Sallyport");
	sp_json_str(&j, "version", SP_VERSION);
	sp_json_end(&j);
	sp_json_str(&j, "openapi", "3.1.0");
	paths(&j);
	sp_json_raw(&j, "servers", "[{\"url\":\"/\"}]");
	sp_json_raw(&j, "x-sallyport-policy", sp_buf_str(&policy));
	sp_json_end(&j);
}
