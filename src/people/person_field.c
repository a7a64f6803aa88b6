#include "people/field.h"

#include "base/encode.h"
#include "base/json.h"
#include "people/agency.h"

#include <jansson.h>
#include <string.h>

bool
people_text_ok(const char *s, size_t max)
{
	size_t len = strnlen(s, max + 1);

	if (len == 0 || len > max || s[0] == ' ' || s[len - 1] == ' ')
		return false;
	for (size_t i = 0, n; i < len; i += n) {
		n = sp_utf8_next(s + i, len - i);
		if (n == 0 || !sp_utf8_shown(s + i, n))
			return false;
	}
	return true;
}

enum sp_code
people_text_check(
    const char *field, const char *s, size_t max, struct sp_err *err)
{
	if (!people_text_ok(s, max))
		return sp_fail_as(err, SP_E_INVALID, field,
		    "%s: 1 to %zu bytes of UTF-8 without control characters "
		    "or spaces at its ends",
		    field, max);
	return SP_OK;
}

bool
people_fold(const char *s, char out[static PEOPLE_FOLDED])
{
	size_t n = strnlen(s, PEOPLE_FOLDED);

	if (n == PEOPLE_FOLDED)
		return false;
	for (size_t i = 0; i <= n; i++) {
		char c = s[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		else if (c == ' ' || c == '_')
			c = '-';
		out[i] = c;
	}
	return true;
}

enum sp_code
people_day_check(const char *field, const char *s, people_day today,
    people_day otherwise, people_day *out, struct sp_err *err)
{
	if (s == NULL || strcasecmp(s, "today") == 0) {
		*out = s == NULL ? otherwise : today;
		return SP_OK;
	}
	if (!people_day_parse(s, strnlen(s, PEOPLE_DAY_TEXT), out))
		return sp_fail_as(err, SP_E_INVALID, field,
		    "%s: a day as 2026-11-21, or today", field);
	return SP_OK;
}

enum sp_code
people_state_check(
    const char *field, const char *s, char out[static 3], struct sp_err *err)
{
	if (!people_agency_state_read(s, out))
		return sp_fail_as(err, SP_E_INVALID, field,
		    "%s: the two letters of a state, district or territory, "
		    "as FL",
		    field);
	return SP_OK;
}

static const struct people_member *
member_named(const struct people_member *m, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		const char *dot = strchr(m[i].field, '.');

		SP_REQUIRE(dot != NULL);
		if (strcmp(dot + 1, name) == 0)
			return &m[i];
	}
	return NULL;
}

enum sp_code
people_members_read(struct json_t *in, const struct people_member *m, size_t n,
    void *out, struct sp_err *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(in))
		return sp_fail_as(
		    err, SP_E_INVALID, "json", "a JSON object is needed");
	json_object_foreach(in, name, value)
	{
		const struct people_member *at = member_named(m, n, name);
		const char *text = json_string_value(value);

		if (at == NULL)
			return sp_fail_as(err, SP_E_INVALID, "json.member",
			    "%s: no such member here", name);
		if (text == NULL && !json_is_null(value))
			return sp_fail_as(err, SP_E_INVALID, at->field,
			    "%s: must be text", at->field);
		if (text != NULL && strlen(text) != json_string_length(value))
			return sp_fail_as(err, SP_E_INVALID, at->field,
			    "%s: must not hold U+0000", at->field);
		memcpy((char *)out + at->at, &text, sizeof(text));
	}
	return SP_OK;
}

void
people_put_day(struct sp_json *j, const char *name, people_day day)
{
	char text[PEOPLE_DAY_TEXT];

	if (day == PEOPLE_DAY_NONE || day == PEOPLE_DAY_NEVER)
		return;
	people_day_text(day, text);
	sp_json_str(j, name, text);
}

void
people_put_col(struct sp_json *j, const char *name, struct db_stmt *st, int at)
{
	if (!db_col_null(st, at))
		sp_json_str(j, name, db_col_text(st, at));
}

void
people_put_id(struct sp_json *j, const char *name, const struct sp_id *id)
{
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	sp_json_str(j, name, text);
}

void
people_put_time(struct sp_json *j, const char *name, sp_time t)
{
	char text[SP_TIME_TEXT];

	if (t == 0)
		return;
	sp_time_text(t, text);
	sp_json_str(j, name, text);
}

enum sp_code
people_col_ids(struct db_stmt *st, struct sp_id *id, size_t n, size_t *got,
    struct sp_err *err)
{
	size_t at = 0;

	for (; at < n; at++) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(db_col_bytes(st, 0, id[at].b, SP_ID_LEN, err));
	}
	*got = at;
	return SP_OK;
}

enum sp_code
people_col_text(
    struct db_stmt *st, int at, char *out, size_t room, struct sp_err *err)
{
	const char *s = db_col_text(st, at);
	size_t len = strlen(s);

	if (len >= room)
		return sp_fail(err, SP_E_CORRUPT,
		    "a personnel record has a column (%d) that is too long",
		    at);
	memcpy(out, s, len + 1);
	return SP_OK;
}

people_day
people_col_day(struct db_stmt *st, int at)
{
	return db_col_null(st, at) ? PEOPLE_DAY_NONE
				   : (people_day)db_col_i64(st, at);
}

void
people_bind_day(struct db_stmt *st, int at, people_day day)
{
	if (day == PEOPLE_DAY_NONE)
		db_bind_null(st, at);
	else
		db_bind_i64(st, at, day);
}

bool
people_named(const char *const *names, size_t n, const char *s, size_t *out)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], s) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}
