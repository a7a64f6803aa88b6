#ifndef PEOPLE_FIELD_H
#define PEOPLE_FIELD_H

#include "base/id.h"
#include "db/db.h"
#include "people/rules.h"

#include <stddef.h>

/*
 * For this room and the roster only: fields that come from outside, as text,
 * JSON members or rows.  A field is named by the reason its error carries,
 * "person.name".
 */

/* 1 to `max` bytes of UTF-8 without controls, what does not show, or spaces at
 * its ends. */
bool people_text_ok(const char *s, size_t max) SP_MUST_USE;
/* The same or SP_E_INVALID with the reason `field` (static). */
enum sp_code people_text_check(const char *field, const char *s, size_t max,
    struct sp_err *err) SP_MUST_USE;
/* A day as "2026-11-21", or "today"; NULL gives `otherwise`. */
enum sp_code people_day_check(const char *field, const char *s,
    people_day today, people_day otherwise, people_day *out,
    struct sp_err *err) SP_MUST_USE;
/* A state as people write it, "fl"; SP_E_INVALID with the reason `field`. */
enum sp_code people_state_check(const char *field, const char *s,
    char out[static 3], struct sp_err *err) SP_MUST_USE;
/* A word as people write it, as names are stored: small letters, and - for a
 * space and _.  False: too long to be one. */
#define PEOPLE_FOLDED 64
bool people_fold(const char *s, char out[static PEOPLE_FOLDED]) SP_MUST_USE;

/* Members of a JSON object that are text or null; `at` is the offset of a
 * const char * in *out.  Any other member is refused. */
struct people_member {
	const char
	    *field; /* "person.name": the member is what follows the dot */
	size_t at;
};
/* The member `name` of such a struct, under its own name. */
#define PEOPLE_MEMBER(type, noun, name)                                        \
	{                                                                      \
		noun "." #name, offsetof(type, name)                           \
	}
struct json_t;
enum sp_code people_members_read(struct json_t *in,
    const struct people_member *m, size_t n, void *out,
    struct sp_err *err) SP_MUST_USE;

/* A member that is left out when there is nothing to say: no such day, NULL. */
struct sp_json;
void people_put_day(struct sp_json *j, const char *name, people_day day);
void people_put_col(
    struct sp_json *j, const char *name, struct db_stmt *st, int at);
/* "id" and the like; a time of 0 is left out. */
void people_put_id(struct sp_json *j, const char *name, const struct sp_id *id);
void people_put_time(struct sp_json *j, const char *name, sp_time t);

/* Rows of one id each, at most `n`. */
enum sp_code people_col_ids(struct db_stmt *st, struct sp_id *id, size_t n,
    size_t *got, struct sp_err *err) SP_MUST_USE;
/* SP_E_CORRUPT when the column does not fit. */
enum sp_code people_col_text(struct db_stmt *st, int at, char *out, size_t room,
    struct sp_err *err) SP_MUST_USE;
people_day people_col_day(struct db_stmt *st, int at); /* NULL is NONE */
void people_bind_day(struct db_stmt *st, int at, people_day day);

/* Names of an enum out of its X-list: people_<what>_name and _parse. */
bool people_named(
    const char *const *names, size_t n, const char *s, size_t *out) SP_MUST_USE;
#define PEOPLE_NAME_ROW(id, name) [id] = (name),
#define PEOPLE_NAMES(what, LIST)                                               \
	static const char *const what##_names[] = { LIST(PEOPLE_NAME_ROW) };
/* NOLINTBEGIN(bugprone-macro-parentheses): names and types */
#define PEOPLE_NAME_OF(what, type)                                             \
	const char *people_##what##_name(enum type what)                       \
	{                                                                      \
		SP_REQUIRE((size_t)what < SP_COUNTOF(what##_names));           \
		return what##_names[what];                                     \
	}
#define PEOPLE_NAME_PARSE(what, type)                                          \
	bool people_##what##_parse(const char *s, enum type *out)              \
	{                                                                      \
		size_t at = 0;                                                 \
                                                                               \
		if (!people_named(                                             \
			what##_names, SP_COUNTOF(what##_names), s, &at))       \
			return false;                                          \
		*out = (enum type)at;                                          \
		return true;                                                   \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
