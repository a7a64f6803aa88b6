#include "http/request.h"

#include <string.h>
#include <strings.h>

/*
 * The session's cookie (RFC 6265), and what a browser must say with it so that
 * no page of another site can act for whoever sits there: see request.h.
 */
/* The value of one pair "name=value" of Cookie, when it is of this name. */
static bool
is_named(const char *s, size_t len, const char *name, struct http_pair *out)
{
	size_t n = strlen(name);

	if (len <= n || memcmp(s, name, n) != 0 || s[n] != '=')
		return false;
	out->value = s + n + 1;
	out->value_len = len - n - 1;
	return true;
}

bool
http_request_cookie_named(
    const struct http_request *q, const char *name, struct http_pair *out)
{
	const char *s = q->field[HTTP_F_COOKIE];
	struct http_pair found = { .name = name };
	size_t n = 0;

	while (s != NULL && *s != '\0') {
		size_t len;

		s += strspn(s, " \t;");
		len = strcspn(s, ";");
		while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
			len--;
		n += is_named(s, len, name, &found);
		s += strcspn(s, ";");
	}
	/* With two of them nobody knows which is meant. */
	if (n != 1)
		return false;
	*out = found;
	return true;
}

bool
http_request_cookie(
    const struct http_request *q, char out[static GATE_TEXT_MAX])
{
	struct http_pair ours = { .value = NULL };

	if (!http_request_cookie_named(q, HTTP_COOKIE, &ours) ||
	    ours.value_len >= GATE_TEXT_MAX)
		return false;
	memcpy(out, ours.value, ours.value_len);
	out[ours.value_len] = '\0';
	return true;
}

/* "https://" and the host that was asked for; a port of 443 may be left out on
 * either side. */
static bool
same_origin(const char *origin, const char *host)
{
	size_t o, h;

	if (strncasecmp(origin, "https://", 8) != 0)
		return false;
	origin += 8;
	o = strlen(origin);
	h = strlen(host);
	if (o > 4 && strcmp(origin + o - 4, ":443") == 0)
		o -= 4;
	if (h > 4 && strcmp(host + h - 4, ":443") == 0)
		h -= 4;
	return o == h && o > 0 && strncasecmp(origin, host, o) == 0;
}

enum sp_code
http_request_same_site(const struct http_request *q, struct sp_err *err)
{
	const char *origin = q->field[HTTP_F_ORIGIN];
	const char *host = q->field[HTTP_F_HOST];
	const char *site = q->field[HTTP_F_SEC_FETCH_SITE];
	bool ok;

	if (q->method == HTTP_GET || q->method == HTTP_HEAD)
		return SP_OK;
	if (origin != NULL)
		ok = host != NULL && same_origin(origin, host);
	else
		ok = site != NULL && strcmp(site, "same-origin") == 0;
	if (!ok)
		return sp_fail_as(err, SP_E_DENIED, "csrf",
		    "a request known by its cookie must come from a page of "
		    "this site (Origin)");
	return SP_OK;
}

void
http_request_set_cookie(struct http_answer *a, const char *text)
{
	if (text == NULL)
		http_answer_set(a, "Set-Cookie",
		    HTTP_COOKIE "=; Max-Age=0; Secure; HttpOnly; "
				"SameSite=Strict; Path=/");
	else
		http_answer_fmt(a, "Set-Cookie",
		    HTTP_COOKIE
		    "=%s; Secure; HttpOnly; SameSite=Strict; Path=/",
		    text);
}
