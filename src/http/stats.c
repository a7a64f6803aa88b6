#include "http/stats.h"

#include <stdlib.h>

enum sp_code
http_stats_new(struct http_stats **out, const struct http_routes *routes,
    struct edge_watch *watch, struct sp_err *err)
{
	struct http_stats *s = calloc(1, sizeof(*s));

	if (s != NULL)
		s->answers =
		    calloc(http_routes_count(routes) + 1, sizeof(*s->answers));
	if (s == NULL || s->answers == NULL) {
		free(s);
		return sp_fail(err, SP_E_NOMEM, "no memory for counters");
	}
	s->routes = routes;
	s->watch = watch;
	s->started = sp_now();
	*out = s;
	return SP_OK;
}

void
http_stats_free(struct http_stats *s)
{
	if (s == NULL)
		return;
	free(s->answers);
	free(s);
}

/* Topics lie apart: a route's row is found by going through them. */
static size_t
row_of(const struct http_routes *t, const struct http_route *route)
{
	size_t row = 0;

	for (size_t k = 0; k < t->topics; k++)
		for (size_t i = 0; i < t->topic[k]->routes; i++, row++)
			if (&t->topic[k]->route[i] == route)
				return row;
	SP_REQUIRE(route == NULL);
	return row;
}

void
http_stats_count(
    struct http_stats *s, const struct http_route *route, unsigned status)
{
	SP_REQUIRE(status >= 100 && status < 600);
	(void)atomic_fetch_add(
	    &s->answers[row_of(s->routes, route)][status / 100 - 1], 1);
}
