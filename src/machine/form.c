#include "machine/form.h"

#include "base/encode.h"

#include <string.h>

struct machine_form
machine_form_new(void)
{
	return (
	    struct machine_form){ .text = sp_buf_secret(MACHINE_FORM_BYTES) };
}

void
machine_form_done(struct machine_form *f)
{
	sp_buf_free(&f->text);
	f->n = 0;
}

static bool
decode_byte(const char *s, size_t len, size_t *at, uint8_t *out)
{
	unsigned char c = (unsigned char)s[*at];

	if (c == '%') {
		if (len - *at < 3 || !sp_hex_parse(s + *at + 1, 2, out, 1))
			return false;
		*at += 3;
		return *out != 0;
	}
	*out = c == '+' ? ' ' : c;
	*at += 1;
	return c > ' ' && c < 0x7f;
}

bool
machine_form_decode(const char *s, size_t len, struct sp_buf *out)
{
	size_t start = out->len, at = 0;
	uint8_t byte;

	while (at < len) {
		if (!decode_byte(s, len, &at, &byte))
			return false;
		sp_buf_u8(out, byte);
	}
	if (!sp_buf_ok(out) ||
	    (len > 0 && !sp_utf8_ok(out->at + start, out->len - start)))
		return false;
	sp_buf_u8(out, 0);
	return sp_buf_ok(out);
}

static const char *
text_at(const struct machine_form *f, size_t at)
{
	return (const char *)f->text.at + at;
}

static enum sp_code
read_pair(struct machine_form *f, const char *s, size_t len, struct sp_err *err)
{
	const char *eq = memchr(s, '=', len);
	size_t name_len = eq == NULL ? len : (size_t)(eq - s);
	size_t value_len = eq == NULL ? 0 : len - name_len - 1;
	size_t name = f->text.len, value;

	if (name_len == 0)
		return sp_fail_as(
		    err, SP_E_INVALID, "form", "a parameter has no name");
	if (eq != NULL && memchr(eq + 1, '=', value_len) != NULL)
		return sp_fail_as(err, SP_E_INVALID, "form",
		    "a parameter has two '=': the second is written %%3D");
	if (f->n == MACHINE_FORM_FIELDS)
		return sp_fail_as(err, SP_E_INVALID, "form",
		    "at most %d parameters", MACHINE_FORM_FIELDS);
	if (!machine_form_decode(s, name_len, &f->text))
		return sp_fail_as(err, SP_E_INVALID, "form",
		    "a parameter is not properly encoded");
	value = f->text.len;
	if (!machine_form_decode(eq == NULL ? "" : eq + 1, value_len, &f->text))
		return sp_fail_as(err, SP_E_INVALID, "form",
		    "a parameter is not properly encoded");
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(text_at(f, f->field[i].name), text_at(f, name)) == 0)
			return sp_fail_as(err, SP_E_INVALID, "form",
			    "a parameter comes twice");
	f->field[f->n].name = name;
	f->field[f->n].value = value;
	f->n++;
	return SP_OK;
}

enum sp_code
machine_form_read(
    struct machine_form *f, const void *body, size_t len, struct sp_err *err)
{
	const char *s = body;
	enum sp_code code = SP_OK;
	size_t at = 0;

	f->n = 0;
	sp_buf_clear(&f->text);
	while (code == SP_OK && at < len) {
		const char *end = memchr(s + at, '&', len - at);
		size_t pair = end == NULL ? len - at : (size_t)(end - s) - at;

		code = read_pair(f, s + at, pair, err);
		at += pair + (end != NULL);
		/* A last '&' has an empty pair behind it. */
		if (code == SP_OK && end != NULL && at == len)
			code = read_pair(f, s + at, 0, err);
	}
	if (code != SP_OK)
		machine_form_done(f);
	return code;
}

const char *
machine_form_get(const struct machine_form *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++) {
		const char *value = text_at(f, f->field[i].value);

		if (strcmp(text_at(f, f->field[i].name), name) == 0)
			return *value == '\0' ? NULL : value;
	}
	return NULL;
}
