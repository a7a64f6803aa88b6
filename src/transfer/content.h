#ifndef TRANSFER_CONTENT_H
#define TRANSFER_CONTENT_H

#include "base/buf.h"
#include "base/clock.h"
#include "http/router.h"

/*
 * One item's bytes, by range, and the frame of it that the site made; each
 * giving out is recorded.
 *
 * Content is never executed by a browser that shows it: nosniff, a CSP that
 * allows nothing, and Content-Disposition attachment for all but a closed
 * list of passive media types.
 */
extern const struct http_topic transfer_content_topic;

/* Range (RFC 9110, 14.2), one range of bytes.  Anything that this server need
 * not honour (another unit, several ranges, bad syntax) is TRANSFER_RANGE_NONE:
 * the whole is answered. */
enum transfer_range {
	TRANSFER_RANGE_NONE,
	TRANSFER_RANGE_ONE,
	TRANSFER_RANGE_OUTSIDE
};
enum transfer_range transfer_content_range(
    const char *s, uint64_t size, uint64_t *first, uint64_t *len) SP_MUST_USE;

/* Does an If-Match / If-None-Match list hold this strong ETag (or "*")?
 * `weak` compares weakly, as If-None-Match does. */
bool transfer_content_etag_in(
    const char *list, const char *etag, bool weak) SP_MUST_USE;

/* IMF-fixdate (RFC 9110, 5.6.7), to the second. */
bool transfer_content_date(const char *s, sp_time *out) SP_MUST_USE;

/* The value of Content-Disposition for any UTF-8 name without control
 * characters (RFC 6266, RFC 8187). */
void transfer_content_disposition(
    const char *filename, const char *media, struct sp_buf *out);
/* May a browser show this type itself?  Sound, moving and still pictures of
 * types that cannot hold script. */
bool transfer_content_passive(const char *media) SP_MUST_USE;

/* What every route to an item's bytes takes and tells, whoever is let in by it:
 * rows of struct http_input, and names of headers. */
#define TRANSFER_CONDITIONS                                                    \
	{ "header", "If-Match", HTTP_STRING, false, "ETags, or *." },          \
	    { "header", "If-None-Match", HTTP_STRING, false, "ETags, or *." }, \
	    { "header", "If-Modified-Since", HTTP_STRING, false, "A date." },  \
	{                                                                      \
		"header", "If-Unmodified-Since", HTTP_STRING, false, "A date." \
	}
#define TRANSFER_RANGES                                                        \
	{ "header", "Range", HTTP_STRING, false, "One range of bytes." },      \
	    { "header", "If-Range", HTTP_STRING, false,                        \
		    "An ETag or a date." },                                    \
	    TRANSFER_CONDITIONS
#define TRANSFER_CONTENT                                                       \
	"Accept-Ranges ETag Last-Modified Content-Disposition Content-Range"

#endif
