#include "cmd/present.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define TABLE_MAX ((size_t)64 * 1024 * 1024)

/* Decode one character of UTF-8 (RFC 3629): its length, 0 when malformed. */
static size_t
decode(const unsigned char *s, uint32_t *c)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} form[] = {
		{ 0x80, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};
	size_t n = 0;

	while (n < SP_COUNTOF(form) && (s[0] & form[n].mask) != form[n].lead)
		n++;
	if (n == SP_COUNTOF(form))
		return 0;
	*c = s[0] & (unsigned char)~form[n].mask;
	for (size_t i = 1; i <= n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (*c < form[n].least || *c > 0x10ffff ||
	    (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n + 1;
}

static bool
harmless(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} no[] = {
		{ 0x0000, 0x001f }, /* C0 */
		{ 0x007f, 0x009f }, /* DEL, C1 */
		{ 0x061c, 0x061c }, /* Bidi_Control … */
		{ 0x200e, 0x200f },
		{ 0x2028, 0x202e }, /* with line and paragraph separator */
		{ 0x2066, 0x2069 },
	};

	for (size_t i = 0; i < SP_COUNTOF(no); i++)
		if (c >= no[i].first && c <= no[i].last)
			return false;
	return true;
}

size_t
cmd_present_clean(const char *s, char *out, size_t room)
{
	const unsigned char *at = (const unsigned char *)s;
	size_t len = 0;
	size_t characters = 0;

	while (*at != '\0') {
		uint32_t c = 0;
		size_t n = decode(at, &c);
		bool good = n > 0 && harmless(c);
		size_t put = good ? n : 1;

		if (len + put + 1 > room)
			break;
		if (good)
			memcpy(out + len, at, n);
		else
			out[len] = '?';
		len += put;
		characters++;
		at += n > 0 ? n : 1;
	}
	if (room > 0)
		out[len] = '\0';
	return characters;
}

struct present_table
cmd_present_table_new(const char *const *head)
{
	struct present_table t = { .text = sp_buf_new(TABLE_MAX) };

	while (head[t.columns] != NULL)
		t.columns++;
	SP_REQUIRE(t.columns > 0 && t.columns <= PRESENT_COLUMNS);
	for (size_t i = 0; i < t.columns; i++)
		cmd_present_table_add(&t, head[i]);
	return t;
}

void
cmd_present_table_add(struct present_table *t, const char *cell)
{
	char clean[PRESENT_CELL_MAX];
	size_t width = cmd_present_clean(cell, clean, sizeof(clean));
	size_t column = t->cells++ % t->columns;

	if (width > t->width[column])
		t->width[column] = width;
	sp_buf_add(&t->text, clean, strlen(clean) + 1);
}

/* Characters, not bytes: UTF-8's continuation bytes are not counted. */
static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

enum sp_code
cmd_present_table_print(
    const struct present_table *t, FILE *to, struct sp_err *err)
{
	const char *cell = sp_buf_str(&t->text);

	SP_TRY(sp_buf_check(&t->text, "the table", err));
	for (size_t i = 0; i < t->cells; i++) {
		size_t column = i % t->columns;
		bool last = column + 1 == t->columns;
		size_t pad = t->width[column] - characters(cell);

		(void)fprintf(to, "%s%*s%s", cell, last ? 0 : (int)pad, "",
		    last ? "\n" : "  ");
		cell += strlen(cell) + 1;
	}
	return SP_OK;
}

void
cmd_present_table_done(struct present_table *t)
{
	sp_buf_free(&t->text);
}

void
cmd_present_size(uint64_t bytes, char out[static PRESENT_SIZE])
{
	static const char unit[] = " kMGTPE";
	double v = (double)bytes;
	size_t i = 0;

	/* 999.95 would round to 1000.0. */
	while (v >= 999.95 && i + 2 < sizeof(unit)) {
		v /= 1000;
		i++;
	}
	if (bytes < 1000)
		(void)snprintf(out, PRESENT_SIZE, "%" PRIu64 " B", bytes);
	else
		(void)snprintf(out, PRESENT_SIZE, "%.1f %cB", v, unit[i]);
}

enum sp_code
cmd_present_flush(struct sp_err *err)
{
	if (fflush(stdout) != 0 || ferror(stdout) != 0)
		return sp_fail_os(err, "standard output");
	return SP_OK;
}

enum sp_code
cmd_present_json(const json_t *value, struct sp_err *err)
{
	size_t flags = JSON_COMPACT;

	if (isatty(STDOUT_FILENO) == 1)
		flags |= JSON_ENSURE_ASCII;
	if (json_dumpf(value, stdout, flags) != 0 || putchar('\n') == EOF)
		return sp_fail_os(err, "standard output");
	return cmd_present_flush(err);
}

const char *
cmd_present_member(const json_t *o, const char *name, char *out, size_t room)
{
	const json_t *v = json_object_get(o, name);

	if (json_is_string(v) && json_string_length(v) > 0)
		(void)cmd_present_clean(json_string_value(v), out, room);
	else if (json_is_integer(v))
		(void)snprintf(
		    out, room, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else
		(void)snprintf(out, room, "-");
	return out;
}
