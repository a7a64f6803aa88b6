#include "base/json.h"

struct sp_json
sp_json_to(struct sp_buf *out)
{
	return (struct sp_json){ .out = out };
}

static void
check_name(const char *name, const char *last, bool any)
{
	size_t n = strlen(name);

	SP_REQUIRE(n < SP_JSON_NAME);
	for (size_t i = 0; i < n; i++)
		SP_REQUIRE(name[i] >= 0x20 && name[i] < 0x7F &&
		    name[i] != '"' && name[i] != '\\');
	SP_REQUIRE(!any || strcmp(last, name) < 0);
}

/* What stands before a value: a comma, and the member's name. */
static void
lead(struct sp_json *j, const char *name)
{
	bool member = j->depth > 0 && !j->level[j->depth].array;
	bool any = j->level[j->depth].any;
	char *last = j->level[j->depth].last;

	SP_REQUIRE((name != NULL) == member);
	SP_REQUIRE(j->depth > 0 || !any); /* one outermost value */
	if (any)
		sp_buf_u8(j->out, ',');
	j->level[j->depth].any = true;
	if (!member)
		return;
	check_name(name, last, any);
	memcpy(last, name, strlen(name) + 1);
	sp_buf_u8(j->out, '"');
	sp_buf_text(j->out, name);
	sp_buf_add(j->out, "\":", 2);
}

static void
open_level(struct sp_json *j, const char *name, bool array)
{
	lead(j, name);
	SP_REQUIRE(j->depth < SP_JSON_DEPTH);
	j->depth++;
	j->level[j->depth].array = array;
	j->level[j->depth].any = false;
	sp_buf_u8(j->out, array ? '[' : '{');
}

void
sp_json_object(struct sp_json *j, const char *name)
{
	open_level(j, name, false);
}

void
sp_json_array(struct sp_json *j, const char *name)
{
	open_level(j, name, true);
}

void
sp_json_end(struct sp_json *j)
{
	SP_REQUIRE(j->depth > 0);
	sp_buf_u8(j->out, j->level[j->depth].array ? ']' : '}');
	j->depth--;
}

/* RFC 8785 3.2.2.2: two-letter forms where JSON has them, \u00xx with small
 * digits for the other controls, everything else as it is. */
static void
add_escape(struct sp_buf *b, uint8_t c)
{
	static const char letters[] = "\bb\tt\nn\ff\rr\"\"\\\\";

	for (const char *p = letters; *p != '\0'; p += 2) {
		if ((uint8_t)*p == c) {
			sp_buf_u8(b, '\\');
			sp_buf_u8(b, (uint8_t)p[1]);
			return;
		}
	}
	sp_buf_fmt(b, "\\u%04x", (unsigned)c);
}

void
sp_json_strn(struct sp_json *j, const char *name, const char *s, size_t len)
{
	const uint8_t *u = (const uint8_t *)s;
	size_t from = 0;

	lead(j, name);
	if (!sp_utf8_ok(s, len)) {
		sp_buf_poison(j->out, SP_E_INVALID);
		return;
	}
	sp_buf_u8(j->out, '"');
	for (size_t i = 0; i < len; i++) {
		if (u[i] >= 0x20 && u[i] != '"' && u[i] != '\\')
			continue;
		sp_buf_add(j->out, u + from, i - from);
		add_escape(j->out, u[i]);
		from = i + 1;
	}
	sp_buf_add(j->out, u + from, len - from);
	sp_buf_u8(j->out, '"');
}

void
sp_json_str(struct sp_json *j, const char *name, const char *s)
{
	sp_json_strn(j, name, s, strlen(s));
}

void
sp_json_int(struct sp_json *j, const char *name, int64_t v)
{
	lead(j, name);
	if (v > SP_JSON_INT_MAX || v < -SP_JSON_INT_MAX)
		sp_buf_poison(j->out, SP_E_INVALID);
	else
		sp_buf_fmt(j->out, "%" PRId64, v);
}

void
sp_json_bool(struct sp_json *j, const char *name, bool v)
{
	lead(j, name);
	sp_buf_text(j->out, v ? "true" : "false");
}

void
sp_json_null(struct sp_json *j, const char *name)
{
	lead(j, name);
	sp_buf_text(j->out, "null");
}

void
sp_json_raw(struct sp_json *j, const char *name, const char *value)
{
	lead(j, name);
	sp_buf_text(j->out, value);
}

void
sp_json_hex(struct sp_json *j, const char *name, const void *bytes, size_t len)
{
	size_t n;
	char *at;

	lead(j, name);
	sp_buf_u8(j->out, '"');
	if (__builtin_mul_overflow(len, (size_t)2, &n)) {
		sp_buf_poison(j->out, SP_E_LIMIT);
		return;
	}
	at = (char *)sp_buf_extend(j->out, n);
	if (at != NULL)
		sp_hex(bytes, len, at);
	sp_buf_u8(j->out, '"');
}

void
sp_json_id(struct sp_json *j, const char *name, const struct sp_id *id)
{
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	sp_json_strn(j, name, text, SP_ID_TEXT - 1);
}

void
sp_json_id_or_null(struct sp_json *j, const char *name, const struct sp_id *id)
{
	if (sp_id_is_zero(id))
		sp_json_null(j, name);
	else
		sp_json_id(j, name, id);
}

void
sp_json_time(struct sp_json *j, const char *name, sp_time t)
{
	char text[SP_TIME_TEXT];

	sp_time_text(t, text);
	sp_json_str(j, name, text);
}

void
sp_json_time_or_null(struct sp_json *j, const char *name, sp_time t)
{
	if (t == 0)
		sp_json_null(j, name);
	else
		sp_json_time(j, name, t);
}
