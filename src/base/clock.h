#ifndef SP_CLOCK_H
#define SP_CLOCK_H

#include "base/err.h"

/* Times are int64 microseconds since 1970-01-01T00:00:00Z (DESIGN 6). */
typedef int64_t sp_time;

#define SP_SECOND    INT64_C(1000000)
#define SP_TIME_TEXT 28 /* "2026-11-21T18:45:44.123456Z" and a NUL */

/* The wall clock; it may step back. */
sp_time sp_now(void);
/* Microseconds that never go back, for timeouts. */
int64_t sp_ticks(void);

/* The last moment of the year 9999; no text form goes past it. */
#define SP_TIME_MAX INT64_C(253402300799999999)

/* RFC 3339 with exactly six digits and Z; t is within 0..SP_TIME_MAX. */
void sp_time_text(sp_time t, char out[static SP_TIME_TEXT]);
/* RFC 3339: any offset, none to nine digits of a second (cut to six), years
 * 1970..9999 in UTC.  A leap second (:60) is refused: no microsecond of ours
 * stands for it. */
bool sp_time_parse(const char *s, size_t len, sp_time *out) SP_MUST_USE;
/* IMF-fixdate (RFC 9110 5.6.7), for HTTP headers; 30 bytes with the NUL. */
void sp_time_http(sp_time t, char out[static 30]);

#endif
