#ifndef FEDERATION_TEXT_H
#define FEDERATION_TEXT_H

#include "base/buf.h"

#include <jansson.h>

/*
 * What this room reads from providers and browsers: JSON, strictly, and URLs.
 */

static inline void
federation_text_unref(json_t **j)
{
	json_decref(*j);
}
#define FEDERATION_AUTO_JSON SP_CLEANUP(federation_text_unref) json_t *

/* A JSON object of at most `max` bytes: well-formed UTF-8, no member twice in
 * any object (two readers could each see another one), nothing after it.
 * SP_E_INVALID, reason `reason` (static), named `what`. */
struct federation_doc {
	const char *what, *reason;
	size_t max;
};
enum sp_code federation_text_object(const struct federation_doc *d,
    const void *bytes, size_t len, json_t **out,
    struct sp_err *err) SP_MUST_USE;

/* A member that is text of 1 to `max` bytes without control characters; NULL
 * when it is absent or anything else. */
const char *federation_text_member(
    const json_t *object, const char *name, size_t max) SP_MUST_USE;

/* Is this word one of a list of words separated by single spaces? */
bool federation_text_listed(const char *list, const char *word) SP_MUST_USE;
/* Words of 1 to 100 visible ASCII bytes with single spaces between; "" is an
 * empty list. */
bool federation_text_words_ok(const char *list, size_t max) SP_MUST_USE;

/* RFC 3986, 2.3: all but unreserved characters become %XX. */
void federation_text_percent(struct sp_buf *out, const char *s);

/*
 * URLs of providers: "https://host[:port][/path][?query]", visible ASCII, no
 * user, no fragment.  `local`: also http, where the host is localhost,
 * 127.0.0.1 or [::1].
 */
#define FEDERATION_URL_MAX  1024
#define FEDERATION_HOST_MAX 260 /* "host:port" */
struct federation_url {
	bool plain; /* http */
	bool query;
	char host[FEDERATION_HOST_MAX + 1]; /* lower case, with the port */
};
bool federation_text_url(
    const char *s, bool local, struct federation_url *out) SP_MUST_USE;
/* An origin: such a URL with neither path nor query. */
bool federation_text_origin_ok(const char *s, bool local) SP_MUST_USE;

#endif
