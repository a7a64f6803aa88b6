#ifndef HTTP_CONTENT_H
#define HTTP_CONTENT_H

#include "bag/export.h"
#include "http/request.h"

/*
 * What leaves: one item's bytes, by range, and bags of many.
 *
 * Content is never executed by a browser that shows it: nosniff, a CSP that
 * allows nothing, and Content-Disposition attachment for all but a closed
 * list of passive media types.
 */
enum sp_code http_content_get(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_content_head(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
/* A frame of an item, made by the site; recorded each time it is given out. */
enum sp_code http_content_poster(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
/* POST exports: {"items":[id...],"format":"zip"|"tar"}; the answer is the bag
 * itself, made while it is sent. */
enum sp_code http_content_export(
    struct http_request *q, struct http_answer *a, struct sp_err *err);

/* Range (RFC 9110, 14.2), one range of bytes.  Anything that this server need
 * not honour (another unit, several ranges, bad syntax) is HTTP_RANGE_NONE:
 * the whole is answered. */
enum http_range { HTTP_RANGE_NONE, HTTP_RANGE_ONE, HTTP_RANGE_OUTSIDE };
enum http_range http_content_range(
    const char *s, uint64_t size, uint64_t *first, uint64_t *len) SP_MUST_USE;

/* Does an If-Match / If-None-Match list hold this strong ETag (or "*")?
 * `weak` compares weakly, as If-None-Match does. */
bool http_content_etag_in(
    const char *list, const char *etag, bool weak) SP_MUST_USE;

/* IMF-fixdate (RFC 9110, 5.6.7), to the second. */
bool http_content_date(const char *s, sp_time *out) SP_MUST_USE;

/* The value of Content-Disposition for any UTF-8 name without control
 * characters (RFC 6266, RFC 8187). */
void http_content_disposition(
    const char *filename, const char *media, struct sp_buf *out);
/* May a browser show this type itself?  Sound, moving and still pictures of
 * types that cannot hold script. */
bool http_content_passive(const char *media) SP_MUST_USE;

struct http_export_wish {
	enum bag_format format;
	size_t n;
	struct sp_id *id; /* owned: free() */
};
enum sp_code http_content_export_wish(const void *json, size_t len,
    struct http_export_wish *out, struct sp_err *err) SP_MUST_USE;

#endif
