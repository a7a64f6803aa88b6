#include "http/request.h"

#include <string.h>
#include <strings.h>

/*
 * The session's cookie (RFC 6265), and what a browser must say with it so that
 * no page of another site can act for whoever sits there: see request.h.
 */
#define NAME_LEN (sizeof(HTTP_COOKIE) - 1)

/* The value of one pair "name=value" of Cookie, when it is ours. */
static bool
is_ours(const char *s, size_t len, struct http_pair *out)
{
	if (len <= NAME_LEN || memcmp(s, HTTP_COOKIE, NAME_LEN) != 0 ||
	    s[NAME_LEN] != '=')
		return false;
	out->value = s + NAME_LEN + 1;
	out->value_len = len - NAME_LEN - 1;
	return true;
}

static void
find(const char *s, struct http_pair *out, size_t *n)
{
	*n = 0;
	while (*s != '\0') {
		size_t len;

		s += strspn(s, " \t;");
		len = strcspn(s, ";");
		while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
			len--;
		*n += is_ours(s, len, out);
		s += strcspn(s, ";");
	}
}

bool
http_request_cookie(
    const struct http_request *q, char out[static GATE_TEXT_MAX])
{
	const char *s = q->field[HTTP_F_COOKIE];
	struct http_pair ours = { .value = NULL };
	size_t n = 0;

	if (s != NULL)
		find(s, &ours, &n);
	/* With two of them nobody knows which is meant. */
	if (n != 1 || ours.value_len >= GATE_TEXT_MAX)
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
