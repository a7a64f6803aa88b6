#include "base/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 512

/* Whatever is accepted is the one way to write those bytes. */
static void
base64(const char *s, size_t n)
{
	uint8_t out[MOST];
	char again[SP_BASE64_LEN(MOST) + 1];
	size_t len = sizeof(out);

	if (sp_base64_parse(s, n, out, &len)) {
		sp_base64(out, len, again);
		SP_REQUIRE(strlen(again) == n && memcmp(again, s, n) == 0);
	}
	len = sizeof(out);
	if (sp_base64url_parse(s, n, out, &len)) {
		sp_base64url(out, len, again);
		SP_REQUIRE(strlen(again) == n && memcmp(again, s, n) == 0);
	}
}

static void
hex(const char *s, size_t n)
{
	uint8_t out[MOST];
	char again[2 * MOST + 1];

	if (!sp_hex_parse(s, n, out, n / 2))
		return;
	sp_hex(out, n / 2, again);
	SP_REQUIRE(strncasecmp(again, s, n) == 0);
}

/* Cleaned text is UTF-8, and UTF-8 without controls stays as it is. */
static void
utf8(const uint8_t *data, size_t size)
{
	char text[MOST + 1];
	bool was_ok = sp_utf8_ok(data, size);
	bool control = false;

	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t i = 0, n; was_ok && i < size; i += n) {
		n = sp_utf8_next(data + i, size - i);
		control = control || !sp_utf8_shown(data + i, n);
	}
	sp_utf8_clean(text);
	SP_REQUIRE(sp_utf8_ok(text, strlen(text)));
	if (was_ok && !control)
		SP_REQUIRE(memcmp(text, data, size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > MOST)
		return 0;
	base64((const char *)data, size);
	hex((const char *)data, size);
	utf8(data, size);
	return 0;
}
