#ifndef API_EVENTS_H
#define API_EVENTS_H

#include "events/hub.h"
#include "http/router.h"

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
 * the server do.  When what it rests on is taken away it ends at once
 * (gate/ongoing.h), an expired token's when its time is over.  While it waits
 * it holds as little memory as it can: its stack below the waiting frame is
 * given back.
 */
/* SP_E_LIMIT: reasons "events.site", "events.agency", "events.token". */
extern const struct http_topic api_events_topic;

/* One event as it is sent, with the empty line that ends it. */
#define API_EVENTS_TEXT 512 /* bytes, at most */
void api_events_text(const struct events_event *e, struct sp_buf *out);

#endif
