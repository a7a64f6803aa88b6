#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include "base/err.h"

/*
 * What this site is called by a browser: its origins (RFC 6454), to which
 * passkeys are bound.  Which of them a request came by is said by its Host
 * field, and counts only where the site goes by that name:
 *
 *   - one of those it was told (serve --origin, the public name of init), or
 *   - a name that its certificate holds, with the very port it listens on.
 *
 * A passkey that was made at one name is none at another.  An address is no
 * name: browsers make no passkeys there.
 *
 * Plain values; any thread.
 */
#define HTTP_ORIGINS_MAX 8
#define HTTP_ORIGIN_HOST 254 /* RFC 1035, and a NUL */
#define HTTP_ORIGIN_TEXT (HTTP_ORIGIN_HOST + 14)

struct http_origin {
	char text[HTTP_ORIGIN_TEXT]; /* "https://host" or "https://host:8443" */
	char host[HTTP_ORIGIN_HOST]; /* lower case */
};

struct http_origins {
	struct http_origin told[HTTP_ORIGINS_MAX];
	size_t n;
	uint16_t port; /* it listens on; 0: none */
	/* Does the certificate hold this name? */
	bool (*holds)(void *self, const char *host);
	void *self;
};

/* "host" or "host:port", as Host fields have it. */
bool http_origin_parse(const char *host, struct http_origin *out) SP_MUST_USE;
/* Add "https://host[:port]".  SP_E_INVALID for what is none (a name, not an
 * address), SP_E_LIMIT for too many. */
enum sp_code http_origins_add(
    struct http_origins *o, const char *text, struct sp_err *err) SP_MUST_USE;
/* By which name did it come?  `host` is the request's Host field.  SP_E_DENIED,
 * reason "passkey.site": by none that this site goes by. */
enum sp_code http_origins_find(const struct http_origins *o, const char *host,
    struct http_origin *out, struct sp_err *err) SP_MUST_USE;

#endif
