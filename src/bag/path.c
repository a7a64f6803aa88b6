#include "bag/path.h"

#include "base/json.h"

#include <string.h>

static bool
component_ok(const char *s, size_t len)
{
	if (len == 0 || (len == 1 && s[0] == '.'))
		return false;
	return !(len == 2 && s[0] == '.' && s[1] == '.');
}

bool
bag_path_ok(const char *path, size_t len)
{
	size_t from = 0;

	if (len == 0 || len > BAG_PATH_MAX || !sp_utf8_ok(path, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)path[i];

		if (c < 0x20 || c == 0x7f || c == '\\')
			return false;
		if (c != '/')
			continue;
		if (!component_ok(path + from, i - from))
			return false;
		from = i + 1;
	}
	return component_ok(path + from, len - from);
}

bool
bag_path_is_payload(const char *path)
{
	return strncmp(path, "data/", 5) == 0;
}

bool
bag_path_is_document(const char *path)
{
	static const char custody[] = "custody/";
	const size_t folder = strlen(custody) + 36;

	if (strcmp(path, "certification.pdf") == 0)
		return true;
	return strncmp(path, custody, strlen(custody)) == 0 &&
	    strnlen(path, folder) == folder &&
	    strchr(path + strlen(custody), '/') == path + folder &&
	    strcmp(path + folder, "/report.pdf") == 0;
}

void
bag_path_escape(const char *path, struct sp_buf *out)
{
	for (const char *c = path; *c != '\0'; c++) {
		if (*c == '%' || *c == '\r' || *c == '\n')
			sp_buf_fmt(out, "%%%02X", (unsigned)*c);
		else
			sp_buf_add(out, c, 1);
	}
}

static bool
unescape_one(const char *s, size_t left, char *out)
{
	static const struct {
		const char *code;
		char c;
	} codes[] = { { "%25", '%' }, { "%0A", '\n' }, { "%0a", '\n' },
		{ "%0D", '\r' }, { "%0d", '\r' } };

	for (size_t i = 0; i < SP_COUNTOF(codes); i++) {
		if (left >= 3 && memcmp(s, codes[i].code, 3) == 0) {
			*out = codes[i].c;
			return true;
		}
	}
	return false;
}

bool
bag_path_unescape(const char *s, size_t len, char out[static BAG_PATH_MAX + 1])
{
	char path[BAG_PATH_MAX + 1];
	size_t n = 0, at = 0;

	while (at < len) {
		bool escaped = s[at] == '%';

		if (n == BAG_PATH_MAX)
			return false;
		path[n] = s[at];
		if (escaped && !unescape_one(s + at, len - at, &path[n]))
			return false;
		n++;
		at += escaped ? 3 : 1;
	}
	if (!bag_path_ok(path, n))
		return false;
	memcpy(out, path, n);
	out[n] = '\0';
	return true;
}

void
bag_path_name(const char *name, struct sp_buf *out)
{
	for (const char *c = name; *c != '\0'; c++)
		sp_buf_add(out, *c == '\\' ? "_" : c, 1);
}

void
bag_place_set(struct bag_place *place, const char *path)
{
	size_t len = strnlen(path, sizeof(place->at) - 1);
	bool utf8 = sp_utf8_ok(path, len);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)path[i];

		place->at[i] = path[i];
		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
			place->at[i] = '?';
	}
	place->at[len] = '\0';
}
