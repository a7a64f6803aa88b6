#include "api/routes.h"

#include "base/file.h"
#include "http/answer.h"
#include "tap.h"

#include <fcntl.h>
#include <string.h>

#define CHECK_TEXT(cond, what)                                                 \
	((cond) ? (void)0 : tap_fail(__FILE__, __LINE__, #cond, what))

/* What the engine relies on in the table. */
static void
the_table_holds_together(void)
{
	for (size_t i = 0; i < http_routes_count(&api_routes); i++) {
		const struct http_route *r = http_routes_at(&api_routes, i);
		bool agency = strstr(r->path, "{agency}") != NULL;

		CHECK(r->handle != NULL && r->summary != NULL);
		CHECK(r->success[0].status != 0);
		/* A token may ask whose it is without saying so. */
		CHECK(agency == (r->door != HTTP_DOOR_OPEN) ||
		    r->method == HTTP_OPTIONS ||
		    strcmp(r->path, "/v1/token") == 0);
		CHECK((r->kind != NULL) ==
		    (r->door == HTTP_DOOR_KNOWN || r->door == HTTP_DOOR_GATE));
		CHECK((r->takes_schema != NULL) ==
		    (r->takes != HTTP_TAKES_NOTHING));
		/* Templates of one path stand together or never meet. */
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(r->id,
				  http_routes_at(&api_routes, j)->id) != 0);
		/* Nothing but logs and descriptions is public, and where one
		 * proves who one is. */
		if (r->door == HTTP_DOOR_PUBLIC)
			CHECK(strstr(r->path, "/log/") != NULL ||
			    strstr(r->path, "/oauth/") != NULL ||
			    strstr(r->path, "/devices/enrol") != NULL ||
			    strstr(r->path, "/signin") != NULL ||
			    strcmp(r->id, "renewSession") == 0);
	}
}

/* No topic's template hides another one's. */
static void
every_route_is_found_by_its_path(void)
{
	for (size_t i = 0; i < http_routes_count(&api_routes); i++) {
		const struct http_route *r = http_routes_at(&api_routes, i);
		struct http_match m;
		char path[200];
		size_t n = 0;

		/* Each "{name}" is an x, "{name*}" too. */
		for (const char *s = r->path; *s != '\0'; s++) {
			CHECK(n < sizeof(path) - 1);
			path[n++] = (char)(*s == '{' ? 'x' : *s);
			if (*s == '{')
				s = strchr(s, '}');
		}
		path[n] = '\0';
		CHECK_TEXT(http_router_match(
			       &m, &api_routes, r->method, path, NULL) == SP_OK,
		    r->id);
		CHECK_TEXT(m.route == r, r->id);
	}
}

/* A schema is told once. */
static void
schemas_are_told_once(void)
{
	const struct http_schema *seen[256];
	size_t n = 0;

	for (size_t k = 0; k < api_routes.topics; k++)
		for (size_t i = 0; i < api_routes.topic[k]->schemas; i++) {
			CHECK(n < SP_COUNTOF(seen));
			seen[n++] = &api_routes.topic[k]->schema[i];
		}
	for (size_t i = 0; i < n; i++) {
		CHECK(strcmp(seen[i]->name, "Problem") != 0);
		for (size_t j = 0; j < i; j++)
			CHECK_TEXT(strcmp(seen[i]->name, seen[j]->name) != 0,
			    seen[i]->name);
	}
}

/* docs/api.md is for people; it must not forget what there is. */
static void
the_manual_knows_every_path_and_problem(void)
{
	SP_AUTO_BUF text = sp_buf_new((size_t)1 << 20);
	struct sp_err err;

	CHECK_OK(sp_file_read(AT_FDCWD, DOCS "/api.md", &text, &err), &err);
	for (size_t i = 0; i < http_routes_count(&api_routes); i++) {
		const struct http_route *r = http_routes_at(&api_routes, i);
		char line[100] = "";
		const char *path = r->path;
		const char *rest = strstr(path, "{agency}/");

		(void)snprintf(line, sizeof(line), "%s %s%s",
		    http_method_name(r->method),
		    rest == NULL ? "" : "\xe2\x80\xa6/",
		    rest == NULL ? path : rest + strlen("{agency}/"));
		line[strcspn(line, "*")] = '\0'; /* "{index*}" */
		if (r->method == HTTP_HEAD)
			continue; /* told with GET */
		CHECK_TEXT(strstr(sp_buf_str(&text), line) != NULL, line);
	}
	for (unsigned i = 0; i < HTTP_PROBLEM_COUNT; i++) {
		const struct http_problem_info *p =
		    http_problem_info((enum http_problem)i);
		char row[100];

		(void)snprintf(row, sizeof(row), "\n| %u | `%s` |", p->status,
		    p->type + strlen("urn:sallyport:problem:"));
		CHECK_TEXT(strstr(sp_buf_str(&text), row) != NULL, row);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the table holds together", the_table_holds_together },
		{ "every route is found by its path",
		    every_route_is_found_by_its_path },
		{ "schemas are told once", schemas_are_told_once },
		{ "the manual knows every path and problem",
		    the_manual_knows_every_path_and_problem },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
