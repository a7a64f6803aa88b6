#ifndef PEOPLE_RECORD_H
#define PEOPLE_RECORD_H

#include "base/json.h"
#include "people/person.h"

/*
 * For the modules of this room only: what records have in common (screening,
 * training, signatures, agreements).  Rows that are only added, each with who
 * recorded it when; they hold from a day on, for as long as a rule says or
 * until a day of their own.
 */

/* The first day it does not hold: `months` after `from` (0: NEVER), or
 * `expires` (NONE: none), whichever is earlier. */
people_day people_record_until(
    people_day from, int64_t months, people_day expires);

/* SP_E_INVALID with the reason `field` (static) for a day that is to come, by
 * every clock. */
enum sp_code people_record_past(const char *field, people_day day,
    people_day latest, struct sp_err *err) SP_MUST_USE;

/* So many there may be: SP_E_LIMIT with the reason.  `count` is of what has
 * `of` (NULL: nothing is bound). */
struct people_record_limit {
	const struct db_sql *count;
	int most;
	const char *reason;     /* static */
	const char *who, *what; /* "a person has", "screenings" */
};
enum sp_code people_record_room(struct db *db,
    const struct people_record_limit *l, const struct sp_id *of,
    struct sp_err *err) SP_MUST_USE;

/* The columns recorded, by_kind, by_id from `at` on. */
void people_record_bind_by(
    struct db_stmt *st, int at, const struct people_act *a);

/* Rows into an array of structs: SP_E_LIMIT past `n`. */
struct people_record_list {
	void *out;
	size_t size, n; /* of one; how many */
	enum sp_code (*read)(struct db_stmt *st, void *out, struct sp_err *err);
	const char *what; /* "a person has more than 64 …" */
};
enum sp_code people_record_list(struct db_stmt *st,
    const struct people_record_list *l, size_t *got,
    struct sp_err *err) SP_MUST_USE;

/* Rows into an array of JSON, each by `put`. */
typedef enum sp_code (*people_record_put)(struct sp_json *j, struct db_stmt *st,
    const struct people_rules *rules, struct sp_err *err);
enum sp_code people_record_array(struct sp_json *j, const char *name,
    struct db_stmt *st, const struct people_rules *rules, people_record_put put,
    struct sp_err *err) SP_MUST_USE;

#endif
