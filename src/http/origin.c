#include "http/origin.h"

#include "base/parse.h"

#include <string.h>

#define HTTPS      "https://"
#define LABEL_MAX  63
#define HTTPS_PORT 443

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters, digits and inner hyphens (RFC 1123, 2.1), in lower case. */
static bool
label_ok(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_digit(s[i]) && !(s[i] >= 'a' && s[i] <= 'z') &&
		    !(s[i] == '-' && i > 0 && i + 1 < len))
			return false;
	return len >= 1 && len <= LABEL_MAX;
}

/* A name whose last label begins with a digit is read as an address by
 * browsers (URL standard, 3.5). */
static bool
name_ok(const char *s)
{
	for (;;) {
		size_t len = strcspn(s, ".");

		if (!label_ok(s, len))
			return false;
		if (s[len] == '\0')
			return !is_digit(s[0]);
		s += len + 1;
	}
}

static void
lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

bool
http_origin_parse(const char *host, struct http_origin *out)
{
	size_t len = strcspn(host, ":");
	struct http_origin o = { .text = "" };
	uint64_t port = HTTPS_PORT;

	if (len >= sizeof(o.host))
		return false;
	memcpy(o.host, host, len);
	lower(o.host);
	if (!name_ok(o.host) ||
	    (host[len] == ':' &&
		!sp_parse_u64(host + len + 1, strlen(host + len + 1), 1,
		    UINT16_MAX, &port)))
		return false;
	if (port == HTTPS_PORT)
		(void)snprintf(o.text, sizeof(o.text), HTTPS "%s", o.host);
	else
		(void)snprintf(o.text, sizeof(o.text), HTTPS "%s:%ju", o.host,
		    (uintmax_t)port);
	*out = o;
	return true;
}

enum sp_code
http_origins_add(struct http_origins *o, const char *text, struct sp_err *err)
{
	struct http_origin made;

	if (strncmp(text, HTTPS, strlen(HTTPS)) != 0 ||
	    !http_origin_parse(text + strlen(HTTPS), &made))
		return sp_fail(err, SP_E_INVALID,
		    "an origin is https://NAME or https://NAME:PORT, with a "
		    "name and no address");
	if (o->n == HTTP_ORIGINS_MAX)
		return sp_fail(err, SP_E_LIMIT, "a site has at most %d origins",
		    HTTP_ORIGINS_MAX);
	o->told[o->n++] = made;
	return SP_OK;
}

/* At the port it listens on, by a name of its certificate. */
static bool
is_certain(const struct http_origins *o, const struct http_origin *by)
{
	char text[HTTP_ORIGIN_TEXT + 8];
	struct http_origin here;

	if (o->port == 0 || o->holds == NULL)
		return false;
	(void)snprintf(
	    text, sizeof(text), "%s:%u", by->host, (unsigned)o->port);
	return http_origin_parse(text, &here) &&
	    strcmp(here.text, by->text) == 0 && o->holds(o->self, by->host);
}

enum sp_code
http_origins_find(const struct http_origins *o, const char *host,
    struct http_origin *out, struct sp_err *err)
{
	struct http_origin by;
	bool ok = host != NULL && http_origin_parse(host, &by);
	bool known = ok && is_certain(o, &by);

	for (size_t i = 0; ok && !known && i < o->n; i++)
		known = strcmp(o->told[i].text, by.text) == 0;
	if (!known)
		return sp_fail_as(err, SP_E_DENIED, "passkey.site",
		    "passkeys do not work at this address: open the site by "
		    "the name that is in its certificate");
	*out = by;
	return SP_OK;
}
