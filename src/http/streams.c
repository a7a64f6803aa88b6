#include "http/streams.h"

#include "http/server.h"

#include <stdlib.h>

struct http_streams *
http_streams_new(const struct http_limits *limits)
{
	struct http_streams *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->most = limits->event_streams;
	s->most_of_agency = limits->event_streams_per_agency;
	s->most_of_token = limits->event_streams_per_token;
	return s;
}

void
http_streams_free(struct http_streams *s)
{
	if (s == NULL)
		return;
	SP_REQUIRE(atomic_load(&s->open) == 0);
	free(s);
}

bool
http_streams_enter(struct http_streams *s, uint64_t *n)
{
	*n = atomic_fetch_add(&s->opened, 1);
	return atomic_fetch_add(&s->open, 1) < s->most;
}

void
http_streams_leave(struct http_streams *s)
{
	(void)atomic_fetch_sub(&s->open, 1);
}
