#include "people/record.h"

people_day
people_record_until(people_day from, int64_t months, people_day expires)
{
	people_day rule = PEOPLE_DAY_NEVER;

	if (months > 0)
		rule = people_day_months(from, months);
	return expires != PEOPLE_DAY_NONE && expires < rule ? expires : rule;
}

enum sp_code
people_record_past(
    const char *field, people_day day, people_day latest, struct sp_err *err)
{
	if (day > latest)
		return sp_fail_as(err, SP_E_INVALID, field,
		    "%s: must not be a day to come", field);
	return SP_OK;
}

enum sp_code
people_record_room(struct db *db, const struct people_record_limit *l,
    const struct sp_id *of, struct sp_err *err)
{
	DB_STMT st = db_use(db, l->count);
	bool found = false;

	if (of != NULL)
		db_bind_blob(st, 1, of->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (found && db_col_i64(st, 0) >= l->most)
		return sp_fail_as(err, SP_E_LIMIT, l->reason,
		    "%s at most %d %s", l->who, l->most, l->what);
	return SP_OK;
}

void
people_record_bind_by(struct db_stmt *st, int at, const struct people_act *a)
{
	db_bind_i64(st, at, a->now);
	db_bind_text(st, at + 1, a->by->kind);
	db_bind_blob(st, at + 2, a->by->id.b, SP_ID_LEN);
}

enum sp_code
people_record_list(struct db_stmt *st, const struct people_record_list *l,
    size_t *got, struct sp_err *err)
{
	size_t at = 0;

	for (;; at++) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		if (at == l->n)
			return sp_fail(err, SP_E_LIMIT,
			    "a person has more than %zu %s", l->n, l->what);
		SP_TRY(l->read(st, (char *)l->out + at * l->size, err));
	}
	*got = at;
	return SP_OK;
}

enum sp_code
people_record_array(struct sp_json *j, const char *name, struct db_stmt *st,
    const struct people_rules *rules, people_record_put put, struct sp_err *err)
{
	sp_json_array(j, name);
	for (;;) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(put(j, st, rules, err));
	}
	sp_json_end(j);
	return SP_OK;
}
