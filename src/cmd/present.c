#include "cmd/present.h"

#include "base/encode.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define TABLE_MAX ((size_t)64 * 1024 * 1024)
#define TEXTS_MAX 4096 /* more is not shown */

size_t
cmd_present_clean(const char *s, char *out, size_t room)
{
	return sp_utf8_quote(s, out, room);
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

void
cmd_present_value(const json_t *value, char *out, size_t room)
{
	if (json_is_string(value) && json_string_length(value) > 0)
		(void)cmd_present_clean(json_string_value(value), out, room);
	else if (json_is_integer(value))
		(void)snprintf(out, room, "%" JSON_INTEGER_FORMAT,
		    json_integer_value(value));
	else
		(void)snprintf(out, room, "-");
}

void
cmd_present_time(const json_t *value, char *out, size_t room)
{
	static const char second[] = "2026-11-22T07:43:58";

	cmd_present_value(value, out, room);
	if (strlen(out) >= sizeof(second))
		out[sizeof(second) - 1] = '\0';
}

void
cmd_present_texts(const json_t *value, char *out, size_t room)
{
	SP_AUTO_BUF text = sp_buf_new(TEXTS_MAX);

	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *s = json_string_value(json_array_get(value, i));

		sp_buf_fmt(
		    &text, "%s%s", i == 0 ? "" : ",", s == NULL ? "" : s);
	}
	(void)cmd_present_clean(sp_buf_str(&text), out, room);
}

const char *
cmd_present_member(const json_t *o, const char *name, char *out, size_t room)
{
	cmd_present_value(json_object_get(o, name), out, room);
	return out;
}
