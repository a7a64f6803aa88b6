#ifndef HTTP_OPS_H
#define HTTP_OPS_H

#include "http/request.h"

#include <stdatomic.h>

/*
 * For those who run the site: is it alive, is it ready, what does it do; and
 * the API's own description.  None of it says anything about evidence, and
 * /metrics, which counts per agency, answers to this machine only.
 */
enum sp_code http_ops_healthz(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_ops_readyz(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_ops_metrics(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_ops_openapi(
    struct http_request *q, struct http_answer *a, struct sp_err *err);

struct edge_watch;

/* Counters of a server; any thread. */
struct http_stats {
	atomic_bool ready; /* rooms are open */
	struct edge_watch *watch;
	sp_time started;
	/* A row for each route and one for none; a column for each class of
	 * status, 1xx to 5xx. */
	atomic_uint_fast64_t (*answers)[5];
};

enum sp_code http_stats_new(struct http_stats **out, struct edge_watch *watch,
    struct sp_err *err) SP_MUST_USE;
void http_stats_free(struct http_stats *s);
/* `route` may be NULL. */
void http_stats_count(
    struct http_stats *s, const struct http_route *route, unsigned status);

#endif
