#include "federation/text.h"

#include "base/encode.h"

#include <string.h>

#define WORD_MAX 100

enum sp_code
federation_text_object(const struct federation_doc *d, const void *bytes,
    size_t len, json_t **out, struct sp_err *err)
{
	json_error_t why;
	json_t *got;

	if (len > d->max)
		return sp_fail_as(err, SP_E_INVALID, d->reason,
		    "%s is longer than %zu bytes", d->what, d->max);
	got = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why);
	if (json_is_object(got)) {
		*out = got;
		return SP_OK;
	}
	json_decref(got);
	return sp_fail_as(err, SP_E_INVALID, d->reason,
	    "%s is no JSON object, or has a member twice", d->what);
}

static bool
has_controls(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return true;
	return false;
}

const char *
federation_text_member(const json_t *object, const char *name, size_t max)
{
	const json_t *m = json_object_get(object, name);
	size_t len = json_string_length(m);

	if (!json_is_string(m) || len == 0 || len > max ||
	    has_controls(json_string_value(m), len))
		return NULL;
	return json_string_value(m);
}

bool
federation_text_listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t n = strcspn(list, " ");

		if (n == len && memcmp(list, word, n) == 0)
			return true;
		list += n;
		list += *list == ' ';
	}
	return false;
}

bool
federation_text_words_ok(const char *list, size_t max)
{
	size_t run = 0;

	if (strnlen(list, max + 1) > max)
		return false;
	for (const char *p = list; *p != '\0'; p++) {
		if (*p == ' ') {
			if (run == 0 || p[1] == '\0')
				return false;
			run = 0;
			continue;
		}
		if (*p < 0x21 || *p > 0x7e || ++run > WORD_MAX)
			return false;
	}
	return true;
}

void
federation_text_percent(struct sp_buf *out, const char *s)
{
	static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *s != '\0'; s++) {
		if (strchr(kept, *s) != NULL)
			sp_buf_u8(out, (uint8_t)*s);
		else
			sp_buf_fmt(out, "%%%02X", (unsigned)(unsigned char)*s);
	}
}

/* ---- URLs ---- */

static bool
visible(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x21 || *s > 0x7e || *s == '\\' || *s == '"' ||
		    *s == '<' || *s == '>')
			return false;
	return true;
}

/* Digits after the last colon, 1 to 65535; true when there is no port. */
static bool
port_ok(const char *host, size_t len, size_t *name)
{
	const char *colon = memrchr(host, ':', len);
	unsigned port = 0;

	*name = len;
	if (colon == NULL || memchr(colon, ']', len - (size_t)(colon - host)))
		return true;
	*name = (size_t)(colon - host);
	if (colon + 1 == host + len || len - *name > 6 || colon[1] == '0')
		return false;
	for (const char *p = colon + 1; p < host + len; p++) {
		if (*p < '0' || *p > '9')
			return false;
		port = port * 10 + (unsigned)(*p - '0');
	}
	return port <= 65535;
}

static bool
name_ok(const char *s, size_t len)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
	static const char six[] = "abcdef0123456789:.";
	bool bracket = len > 2 && s[0] == '[' && s[len - 1] == ']';
	const char *allowed = bracket ? six : name;

	if (len == 0)
		return false;
	for (size_t i = bracket ? 1 : 0; i < len - (bracket ? 1 : 0); i++)
		if (strchr(allowed, s[i]) == NULL)
			return false;
	return true;
}

static bool
is_here(const char *host, size_t len)
{
	static const char *const here[] = { "localhost", "127.0.0.1", "[::1]" };

	for (size_t i = 0; i < SP_COUNTOF(here); i++)
		if (strlen(here[i]) == len && memcmp(host, here[i], len) == 0)
			return true;
	return false;
}

static bool
take_host(const char *s, size_t len, size_t *name, struct federation_url *u)
{
	if (len > FEDERATION_HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		u->host[i] =
		    (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
	u->host[len] = '\0';
	return port_ok(u->host, len, name) && name_ok(u->host, *name);
}

bool
federation_text_url(const char *s, bool local, struct federation_url *out)
{
	struct federation_url u = { .plain = strncmp(s, "http://", 7) == 0 };
	const char *at = s + (u.plain ? 7 : 8);
	size_t name = 0, len;

	if (strnlen(s, FEDERATION_URL_MAX + 1) > FEDERATION_URL_MAX ||
	    !visible(s) || strchr(s, '#') != NULL ||
	    (!u.plain && strncmp(s, "https://", 8) != 0))
		return false;
	len = strcspn(at, "/?");
	if (!take_host(at, len, &name, &u))
		return false;
	if (u.plain && (!local || !is_here(u.host, name)))
		return false;
	u.query = strchr(at, '?') != NULL;
	*out = u;
	return true;
}

bool
federation_text_origin_ok(const char *s, bool local)
{
	struct federation_url u;

	return federation_text_url(s, local, &u) && !u.query &&
	    strchr(s + (u.plain ? 7 : 8), '/') == NULL;
}
