#ifndef HTTP_STREAMS_H
#define HTTP_STREAMS_H

#include "base/err.h"

#include <stdatomic.h>

/*
 * How many answers of a server may go on for as long as a client listens, and
 * how many do: the streams of api/events.h share one of these.  Any thread.
 */
struct http_limits;

struct http_streams {
	unsigned most, most_of_agency, most_of_token;
	atomic_uint open;
	atomic_uint_fast64_t opened, refused, told;
};

/* NULL: no memory. */
struct http_streams *http_streams_new(
    const struct http_limits *limits) SP_MUST_USE;
void http_streams_free(struct http_streams *s); /* none open; NULL: no-op */

/* One more, which http_streams_leave ends whatever is answered: `n` is its
 * number of all that ever were.  False: there are as many as may be. */
bool http_streams_enter(struct http_streams *s, uint64_t *n) SP_MUST_USE;
void http_streams_leave(struct http_streams *s);

#endif
