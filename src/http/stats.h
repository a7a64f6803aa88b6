#ifndef HTTP_STATS_H
#define HTTP_STATS_H

#include "base/clock.h"
#include "http/router.h"

#include <stdatomic.h>

struct edge_watch;

/* Counters of a server; any thread. */
struct http_stats {
	atomic_bool ready; /* rooms are open */
	const struct http_routes *routes;
	struct edge_watch *watch;
	sp_time started;
	/* A row for each route and one for none; a column for each class of
	 * status, 1xx to 5xx. */
	atomic_uint_fast64_t (*answers)[5];
};

enum sp_code http_stats_new(struct http_stats **out,
    const struct http_routes *routes, struct edge_watch *watch,
    struct sp_err *err) SP_MUST_USE;
void http_stats_free(struct http_stats *s);
/* `route` may be NULL. */
void http_stats_count(
    struct http_stats *s, const struct http_route *route, unsigned status);

#endif
