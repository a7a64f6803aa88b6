#include "report/text.h"

#include "base/encode.h"

#include <glib.h>

#define MARKS 3 /* on one base */

struct state {
	bool ink;    /* something that can be seen stands before */
	bool base;   /* and can carry marks */
	bool beyond; /* and is beyond ASCII */
	size_t marks;
};

static bool
in(uint32_t c, uint32_t from, uint32_t to)
{
	return c >= from && c <= to;
}

/* Letters and symbols that have no ink, whatever their category says. */
static bool
is_blank(uint32_t c)
{
	static const uint32_t blank[] = { 0x034F, 0x115F, 0x1160, 0x17B4,
		0x17B5, 0x2800, 0x3164, 0xFFA0, 0xFFFC };

	for (size_t i = 0; i < SP_COUNTOF(blank); i++)
		if (c == blank[i])
			return true;
	return in(c, 0x180B, 0x180F) || in(c, 0xFFF0, 0xFFFB) ||
	    in(c, 0xE0000, 0xE0FFF);
}

/* Zero width joiner and non-joiner, variation selectors 1 to 16. */
static bool
is_joiner(uint32_t c)
{
	return c == 0x200C || c == 0x200D || in(c, 0xFE00, 0xFE0F);
}

static bool
is_mark(GUnicodeType type)
{
	return type == G_UNICODE_NON_SPACING_MARK ||
	    type == G_UNICODE_ENCLOSING_MARK || type == G_UNICODE_SPACING_MARK;
}

static bool
is_hidden(GUnicodeType type)
{
	return type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
	    type == G_UNICODE_UNASSIGNED || type == G_UNICODE_PRIVATE_USE ||
	    type == G_UNICODE_SURROGATE || type == G_UNICODE_LINE_SEPARATOR ||
	    type == G_UNICODE_PARAGRAPH_SEPARATOR ||
	    type == G_UNICODE_SPACE_SEPARATOR;
}

/* A space is plain between two characters that are none. */
static bool
is_plain_space(uint32_t c, const struct state *st, const char *after)
{
	return c == ' ' && st->ink && *after != '\0' && *after != ' ';
}

/* May it stand there as it is? */
static bool
shows(const struct report_text_rule *rule, uint32_t c, struct state *st)
{
	GUnicodeType type = g_unichar_type(c);

	if (is_joiner(c))
		return st->beyond;
	if (is_hidden(type) || is_blank(c) || c == 0x2039 /* ‹ */)
		return false;
	if (rule->have != NULL && !rule->have(rule->arg, c))
		return false;
	if (!is_mark(type)) {
		*st = (struct state){ true, true, c > 0x7F, 0 };
		return true;
	}
	st->beyond = true;
	return st->base && ++st->marks <= MARKS;
}

static uint32_t
character(const char *s, size_t n)
{
	const uint8_t *b = (const uint8_t *)s;
	uint32_t c = n == 1 ? b[0] : b[0] & (0x7FU >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (b[i] & 0x3FU);
	return c;
}

void
report_text_show(const struct report_text_rule *rule, const char *s, size_t len,
    struct sp_buf *out)
{
	static const struct state number = { .ink = true };
	struct state st = { .ink = false };
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		uint32_t c;

		n = sp_utf8_next(s + i, len - i);
		if (n == 0) {
			sp_buf_fmt(out, "‹0x%02X›", (unsigned)(uint8_t)s[i]);
			st = number;
			n = 1;
			continue;
		}
		c = character(s + i, n);
		/* The text need not end with a NUL. */
		if (is_plain_space(c, &st, i + n < len ? s + i + n : "")) {
			sp_buf_u8(out, ' ');
			st = (struct state){ .ink = false };
		} else if (shows(rule, c, &st)) {
			sp_buf_add(out, s + i, n);
		} else {
			sp_buf_fmt(out, "‹U+%04X›", c);
			st = number;
		}
	}
}

void
report_text_number(uint64_t n, struct sp_buf *out)
{
	char digits[24];
	size_t len =
	    (size_t)snprintf(digits, sizeof(digits), "%ju", (uintmax_t)n);

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			sp_buf_u8(out, ',');
		sp_buf_u8(out, (uint8_t)digits[i]);
	}
}

void
report_text_size(uint64_t bytes, struct sp_buf *out)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB",
		"EB" };
	uint64_t whole = bytes, rest = 0;
	size_t unit = 0;

	if (bytes < 1000) {
		sp_buf_fmt(out, "%ju bytes", (uintmax_t)bytes);
		return;
	}
	for (; whole >= 1000; unit++) {
		rest = whole % 1000;
		whole /= 1000;
	}
	sp_buf_fmt(out, "%ju.%ju %s", (uintmax_t)whole, (uintmax_t)(rest / 100),
	    units[unit - 1]);
}

void
report_text_groups(const char *s, size_t group, size_t line, struct sp_buf *out)
{
	for (size_t i = 0; s[i] != '\0'; i++) {
		if (i > 0 && line > 0 && i % (group * line) == 0)
			sp_buf_u8(out, '\n');
		else if (i > 0 && i % group == 0)
			sp_buf_u8(out, ' ');
		sp_buf_u8(out, (uint8_t)s[i]);
	}
}
