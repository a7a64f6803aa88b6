#include "http/ops.h"

#include "edge/watch.h"
#include "tap.h"

static void
answers_are_counted_by_route_and_class(void)
{
	struct http_stats *s = NULL;
	struct sp_err err;

	CHECK_OK(http_stats_new(&s, NULL, &err), &err);
	http_stats_count(s, &http_routes[2], 204);
	http_stats_count(s, &http_routes[2], 299);
	http_stats_count(s, &http_routes[2], 507);
	http_stats_count(s, NULL, 404);
	CHECK(atomic_load(&s->answers[2][1]) == 2);
	CHECK(atomic_load(&s->answers[2][4]) == 1);
	CHECK(atomic_load(&s->answers[http_routes_count][3]) == 1);
	CHECK(atomic_load(&s->answers[0][3]) == 0);
	CHECK(!atomic_load(&s->ready));
	http_stats_free(s);
	http_stats_free(NULL);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "answers are counted by route and class",
		    answers_are_counted_by_route_and_class },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
