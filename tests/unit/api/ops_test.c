#include "api/ops.h"

#include "api/routes.h"
#include "http/openapi.h"
#include "http/request.h"
#include "tap.h"

#include <string.h>

/* What needs no site; the rest is asked of a server (server_test). */
static void
ask(struct http_request *q, const char *target, const char *address)
{
	const struct http_wire w = { .method = "GET",
		.target = target,
		.http11 = true,
		.bytes = 100,
		.address = address };

	CHECK(http_request_begin(q, &w) == HTTP_ANSWERED);
}

static struct http_request *
asking(void)
{
	static const struct http_house house = {
		.routes = &api_routes, .header_bytes = 4096, .json_bytes = 100
	};
	struct http_request *q = http_request_new(&house);

	CHECK(q != NULL);
	return q;
}

static void
health_is_told_to_anyone(void)
{
	struct http_request *q = asking();

	ask(q, "/healthz", "192.0.2.7");
	CHECK(q->answer.status == 200);
	CHECK(strcmp(sp_buf_str(&q->answer.body), "{\"alive\":true}") == 0);
	http_request_free(q);
}

static void
the_description_is_of_all_routes(void)
{
	SP_AUTO_BUF want = sp_buf_new((size_t)4 << 20);

	http_openapi_write(&api_routes, &want);
	/* The second is told from memory. */
	for (size_t i = 0; i < 2; i++) {
		struct http_request *q = asking();

		ask(q, "/v1/openapi.json", "192.0.2.7");
		CHECK(q->answer.status == 200);
		CHECK(q->answer.body.len == want.len &&
		    memcmp(q->answer.body.at, want.at, want.len) == 0);
		http_request_free(q);
	}
}

static void
counters_are_not_for_others(void)
{
	struct http_request *q = asking();

	ask(q, "/metrics", "192.0.2.7");
	CHECK(q->answer.status == 404);
	http_request_free(q);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "health is told to anyone", health_is_told_to_anyone },
		{ "the description is of all routes",
		    the_description_is_of_all_routes },
		{ "counters are not for others", counters_are_not_for_others },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
