#include "base/clock.h"
#include "tap.h"

#include <time.h>

static bool
parse(const char *s, sp_time *out)
{
	return sp_time_parse(s, strlen(s), out);
}

static void
texts_are_read(void)
{
	static const struct {
		const char *in;
		sp_time want;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1985-04-12T23:20:50.52Z", 482196050520000 },
		{ "1996-12-19T16:39:57-08:00", 851042397000000 },
		{ "1990-12-31T23:59:59Z", 662687999000000 },
		{ "1937-01-01T12:00:27.87+00:20", -1 },
		{ "2026-11-21T18:45:44.123456Z", 1795286744123456 },
		{ "2026-11-21t18:45:44.123456z", 1795286744123456 },
		{ "2026-11-21T18:45:44.123456789Z", 1795286744123456 },
		{ "2026-11-21T18:45:44.1Z", 1795286744100000 },
		{ "2026-11-21T18:45:44-00:00", 1795286744000000 },
		{ "2000-02-29T00:00:00Z", 951782400000000 },
		{ "9999-12-31T23:59:59.999999Z", SP_TIME_MAX },
		{ "1969-12-31T23:59:59-00:01", 59000000 },
		{ "1970-01-01T23:59:00+23:59", 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		sp_time got = -1;

		CHECK(parse(rows[i].in, &got) == (rows[i].want >= 0));
		CHECK(got == rows[i].want);
	}
}

static void
all_else_is_refused(void)
{
	static const char *const rows[] = {
		"",
		"2026-11-21",
		"2026-11-21T18:45:44",
		"2026-11-21 18:45:44Z",
		"2026-11-21T18:45Z",
		"2026-11-21T18:45:44.Z",
		"2026-11-21T18:45:44,5Z",
		"2026-11-21T18:45:44.1234567890Z",
		"2026-11-21T18:45:44Zx",
		"2026-11-21T18:45:44ZZ",
		"2026-11-21T18:45:44+0100",
		"2026-11-21T18:45:44+1:00",
		"2026-11-21T18:45:44+24:00",
		"2026-11-21T18:45:44+00:60",
		"2026-11-21T24:00:00Z",
		"2026-11-21T18:60:44Z",
		"2016-12-31T23:59:60Z", /* a leap second */
		"2026-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"2026-00-10T00:00:00Z",
		"2026-13-10T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"2026-01-32T00:00:00Z",
		"1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
		"0000-01-01T00:00:00Z",
		"+2026-11-21T18:45:44Z",
		"12026-11-21T18:45:44Z",
		"-026-11-21T18:45:44Z",
		"2026-1-21T18:45:44Z",
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		sp_time got = 42;

		CHECK(!parse(rows[i], &got) && got == 42);
	}
}

static void
every_truncation_is_refused_or_means_less(void)
{
	static const char full[] = "2026-11-21T18:45:44.123456+05:30";

	for (size_t n = 0; n < sizeof(full) - 1; n++) {
		sp_time got = 42;

		CHECK(!sp_time_parse(full, n, &got) && got == 42);
	}
}

/* The C library's calendar is the other opinion, day by day to 9999. */
static void
every_day_agrees_with_the_c_library(void)
{
	for (int64_t day = 0; day <= SP_TIME_MAX / SP_SECOND / 86400; day++) {
		sp_time t = (day * 86400 + day * 7919 % 86400) * SP_SECOND +
		    day * 999983 % SP_SECOND;
		time_t seconds = (time_t)(t / SP_SECOND);
		char got[SP_TIME_TEXT], want[64], http[30];
		struct tm tm;
		sp_time back;
		size_t n;

		sp_time_text(t, got);
		CHECK(sp_time_parse(got, strlen(got), &back) && back == t);
		if (day > 60000 && day % 97 != 0)
			continue; /* the C library is slow at this */
		CHECK(gmtime_r(&seconds, &tm) != NULL);
		n = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
		(void)snprintf(
		    want + n, sizeof(want) - n, ".%06dZ", (int)(t % SP_SECOND));
		CHECK(strcmp(got, want) == 0);
		sp_time_http(t, http);
		(void)strftime(
		    want, sizeof(want), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		CHECK(strcmp(http, want) == 0);
	}
}

static void
http_dates(void)
{
	char out[30];

	sp_time_http(INT64_C(784111777) * SP_SECOND, out); /* RFC 9110 5.6.7 */
	CHECK(strcmp(out, "Sun, 06 Nov 1994 08:49:37 GMT") == 0);
	sp_time_http(SP_TIME_MAX, out);
	CHECK(strcmp(out, "Fri, 31 Dec 9999 23:59:59 GMT") == 0);
}

static void
the_clocks_run(void)
{
	sp_time now = sp_now();
	int64_t before = sp_ticks();
	int64_t after = before;

	CHECK(llabs(now / SP_SECOND - (int64_t)time(NULL)) <= 1);
	for (int i = 0; i < 1000000 && after == before; i++)
		after = sp_ticks();
	CHECK(after > before);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "texts are read", texts_are_read },
		{ "all else is refused", all_else_is_refused },
		{ "every truncation is refused",
		    every_truncation_is_refused_or_means_less },
		{ "every day agrees with the C library",
		    every_day_agrees_with_the_c_library },
		{ "HTTP dates", http_dates },
		{ "the clocks run", the_clocks_run },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
