#ifndef HTTP_EVENTS_H
#define HTTP_EVENTS_H

#include "events/hub.h"
#include "http/request.h"
#include "http/server.h"

/*
 * GET …/events: what happens in the agency's room, as server-sent events
 * (WHATWG HTML, 9.2; docs/events.md).
 *
 *   follow: limits, a place at the hub, the token looked at once more
 *     |
 *     '--> read, read, ... on the connection's thread, which waits there:
 *          "retry" and "id" --> events, "missed", comments --> "over"
 *
 * A stream is an answer that goes on for as long as the client, the token and
 * the server do.  A revoked token's ends at once (events_hub_cut), an expired
 * one's when its time is over.  While it waits it holds as little memory as
 * it can: its stack below the waiting frame is given back.
 */
struct http_events;

/* What all streams of a server share; NULL: no memory. */
struct http_events *http_events_new(
    const struct http_limits *limits) SP_MUST_USE;
void http_events_free(struct http_events *s); /* none is open; NULL: no-op */

struct http_events_stats {
	uint64_t open, opened, refused, told;
};
void http_events_stats(struct http_events *s, struct http_events_stats *out);

/* The route's handler.  SP_E_LIMIT: reasons "events.site", "events.agency",
 * "events.token". */
enum sp_code http_events_follow(
    struct http_request *q, struct http_answer *a, struct sp_err *err);

/* One event as it is sent, with the empty line that ends it. */
#define HTTP_EVENTS_TEXT 512 /* bytes, at most */
void http_events_text(const struct events_event *e, struct sp_buf *out);

#endif
