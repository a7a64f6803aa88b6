#include "http/streams.h"

#include "http/server.h"
#include "tap.h"

static void
there_are_only_so_many(void)
{
	const struct http_limits limits = {
		.event_streams = 2,
		.event_streams_per_agency = 3,
		.event_streams_per_token = 4,
	};
	struct http_streams *s = http_streams_new(&limits);
	uint64_t n = 9;

	CHECK(s != NULL);
	CHECK(s->most_of_agency == 3 && s->most_of_token == 4);
	CHECK(http_streams_enter(s, &n) && n == 0);
	CHECK(http_streams_enter(s, &n) && n == 1);
	/* One that was refused is left, too. */
	CHECK(!http_streams_enter(s, &n) && n == 2);
	http_streams_leave(s);
	CHECK(!http_streams_enter(s, &n) && n == 3);
	http_streams_leave(s);
	http_streams_leave(s);
	CHECK(http_streams_enter(s, &n) && n == 4);
	http_streams_leave(s);
	http_streams_leave(s);
	CHECK(atomic_load(&s->open) == 0 && atomic_load(&s->opened) == 5);
	http_streams_free(s);
	http_streams_free(NULL);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "there are only so many", there_are_only_so_many },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
