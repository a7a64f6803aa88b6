#include "http/stats.h"

#include "tap.h"

static const struct http_route first[] = { { .id = "a" }, { .id = "b" } };
static const struct http_route second[] = { { .id = "c" } };
static const struct http_topic one = { first, SP_COUNTOF(first), NULL, 0 };
static const struct http_topic two = { second, SP_COUNTOF(second), NULL, 0 };
static const struct http_topic *const topics[] = { &one, &two };
static const struct http_routes routes = { topics, SP_COUNTOF(topics) };

static void
answers_are_counted_by_route_and_class(void)
{
	struct http_stats *s = NULL;
	struct sp_err err;

	CHECK_OK(http_stats_new(&s, &routes, NULL, &err), &err);
	http_stats_count(s, &second[0], 204);
	http_stats_count(s, &second[0], 299);
	http_stats_count(s, &second[0], 507);
	http_stats_count(s, &first[1], 200);
	http_stats_count(s, NULL, 404);
	CHECK(http_routes_count(&routes) == 3);
	CHECK(http_routes_at(&routes, 2) == &second[0]);
	CHECK(atomic_load(&s->answers[2][1]) == 2);
	CHECK(atomic_load(&s->answers[2][4]) == 1);
	CHECK(atomic_load(&s->answers[1][1]) == 1);
	CHECK(atomic_load(&s->answers[3][3]) == 1);
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
