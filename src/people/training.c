#include "people/training.h"

#include "people/field.h"
#include "people/record.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

#define REFERENCE_MAX 200

PEOPLE_NAMES(course, PEOPLE_COURSES)
PEOPLE_NAME_OF(course, people_course)
PEOPLE_NAME_PARSE(course, people_course)

static const struct db_sql training_insert = {
	"INSERT INTO training(id, person, course, completed, expires,"
	" reference, recorded, by_kind, by_id)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
};
static const struct db_sql training_of = {
	"SELECT id, course, completed, expires, recorded, reference"
	" FROM training WHERE person = ?1 ORDER BY course, completed, id",
};
static const struct db_sql training_count = {
	"SELECT count(*) FROM training WHERE person = ?1",
};
static const struct people_record_limit limit = {
	.count = &training_count,
	.most = PEOPLE_TRAININGS_MAX,
	.reason = "training.limit",
	.who = "a person has",
	.what = "records of training",
};
static const struct db_sql demand_insert = {
	"INSERT INTO training_demand(id, person, course, since, due,"
	" recorded, by_kind, by_id) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
};
/* The names of levels sort as the levels do. */
static const struct db_sql demand_open = {
	"SELECT id, course, since, due, recorded FROM training_demand AS d"
	" WHERE person = ?1 AND NOT EXISTS("
	"  SELECT 1 FROM training AS t WHERE t.person = d.person"
	"  AND t.completed >= d.since AND (t.course = d.course"
	"   OR (t.course LIKE 'level_' AND d.course LIKE 'level_'"
	"    AND t.course > d.course)))"
	" ORDER BY id",
};

bool
people_course_read(const char *s, enum people_course *out)
{
	static const char level[] = "level";
	char said[PEOPLE_FOLDED], name[sizeof(level) + PEOPLE_FOLDED];
	const char *at = said;

	if (!people_fold(s, said))
		return false;
	if (strncmp(at, level, strlen(level)) == 0) {
		at += strlen(level);
		at += *at == '-';
	}
	if (*at < '1' || *at > '9')
		return people_course_parse(said, out);
	(void)snprintf(name, sizeof(name), "%s%s", level, at);
	return people_course_parse(name, out);
}

bool
people_course_covers(enum people_course done, enum people_course asked)
{
	return done == asked ||
	    (done <= PEOPLE_LEVEL4 && asked <= PEOPLE_LEVEL4 && done > asked);
}

/* --- one record --- */

enum sp_code
people_training_check(const struct people_rules *rules,
    const struct people_training_new *n, enum people_role role, sp_time now,
    struct people_training *out, struct sp_err *err)
{
	struct people_training t = {
		.course = (enum people_course)(
		    PEOPLE_LEVEL1 + people_rules_level(rules, role) - 1),
	};
	people_day today = people_day_of(rules, now);

	if (n->course != NULL && !people_course_read(n->course, &t.course))
		return sp_fail_as(err, SP_E_INVALID, "training.course",
		    "training.course: level1 to level4 (or 1 to 4), pii or "
		    "event");
	SP_TRY(people_day_check("training.completed", n->completed, today,
	    today, &t.completed, err));
	SP_TRY(people_day_check("training.expires", n->expires, today,
	    PEOPLE_DAY_NONE, &t.expires, err));
	if (n->reference != NULL)
		SP_TRY(people_text_check(
		    "training.reference", n->reference, REFERENCE_MAX, err));
	SP_TRY(people_record_past("training.completed", t.completed,
	    people_day_latest(rules, now), err));
	if (t.expires != PEOPLE_DAY_NONE && t.expires <= t.completed)
		return sp_fail_as(err, SP_E_INVALID, "training.expires",
		    "training.expires: the first day it does not hold, after "
		    "its completion");
	*out = t;
	return SP_OK;
}

people_day
people_training_until(
    const struct people_training *t, const struct people_rules *rules)
{
	return people_record_until(t->completed,
	    people_rules_get(rules, PEOPLE_TRAINING_RENEWAL), t->expires);
}

/* --- adding --- */

static enum sp_code
insert(const struct people_act *a, const struct sp_id *person,
    const char *reference, const struct people_training *t, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &training_insert);

	db_bind_blob(st, 1, t->id.b, SP_ID_LEN);
	db_bind_blob(st, 2, person->b, SP_ID_LEN);
	db_bind_text(st, 3, people_course_name(t->course));
	db_bind_i64(st, 4, t->completed);
	people_bind_day(st, 5, t->expires);
	db_bind_text(st, 6, reference);
	people_record_bind_by(st, 7, a);
	return db_run(st, NULL, err);
}

/* {"completed" or "due":day,"course":…,"record":…} */
static enum sp_code
enter(const struct people_act *a, const char *act, const struct sp_id *person,
    const struct people_training *t, struct sp_err *err)
{
	bool demand = strcmp(act, "training.demanded") == 0;
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	if (!demand)
		people_put_day(&j, "completed", t->completed);
	sp_json_str(&j, "course", people_course_name(t->course));
	if (demand)
		people_put_day(&j, "due", t->expires);
	people_put_id(&j, "record", &t->id);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(
	    a, act, "person", person, sp_buf_str(&detail), err);
}

enum sp_code
people_training_add(const struct people_act *a, const struct sp_id *person,
    const struct people_training_new *n, struct sp_id *id, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	struct people_training t;
	struct people_person p;

	SP_TRY(people_person_by_id(db, person, &p, err));
	SP_TRY(people_training_check(a->rules, n, p.role, a->now, &t, err));
	SP_TRY(people_by_other(db, a->by, person, err));
	SP_TRY(people_record_room(db, &limit, person, err));
	t.id = sp_id_new();
	SP_TRY(insert(a, person, n->reference, &t, err));
	SP_TRY(enter(a, "training.recorded", person, &t, err));
	*id = t.id;
	return SP_OK;
}

static enum sp_code
insert_demand(const struct people_act *a, const struct sp_id *person,
    const struct people_training *t, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &demand_insert);

	db_bind_blob(st, 1, t->id.b, SP_ID_LEN);
	db_bind_blob(st, 2, person->b, SP_ID_LEN);
	db_bind_text(st, 3, people_course_name(t->course));
	db_bind_i64(st, 4, t->completed);
	db_bind_i64(st, 5, t->expires);
	people_record_bind_by(st, 6, a);
	return db_run(st, NULL, err);
}

/* From `completed` on, until `expires`. */
static enum sp_code
check_demand(const struct people_act *a, const char *course, const char *since,
    struct people_training *t, struct sp_err *err)
{
	people_day today = people_day_of(a->rules, a->now);

	if (course == NULL || !people_course_read(course, &t->course))
		return sp_fail_as(err, SP_E_INVALID, "training.course",
		    "training.course: level1 to level4 (or 1 to 4), pii or "
		    "event");
	SP_TRY(people_day_check(
	    "training.since", since, today, today, &t->completed, err));
	SP_TRY(people_record_past("training.since", t->completed,
	    people_day_latest(a->rules, a->now), err));
	t->expires = t->completed +
	    (people_day)people_rules_get(a->rules, PEOPLE_TRAINING_EVENT);
	return SP_OK;
}

enum sp_code
people_training_demand(const struct people_act *a, const struct sp_id *person,
    const char *course, const char *since, struct sp_id *id, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	struct people_demand open[PEOPLE_DEMANDS_MAX];
	struct people_training t;
	struct people_person p;
	size_t n = 0;

	SP_TRY(check_demand(a, course, since, &t, err));
	SP_TRY(people_person_by_id(db, person, &p, err));
	SP_TRY(people_training_demands(
	    db, person, open, PEOPLE_DEMANDS_MAX, &n, err));
	if (n == PEOPLE_DEMANDS_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "training.limit",
		    "a person has at most %d open demands", PEOPLE_DEMANDS_MAX);
	t.id = sp_id_new();
	SP_TRY(insert_demand(a, person, &t, err));
	SP_TRY(enter(a, "training.demanded", person, &t, err));
	*id = t.id;
	return SP_OK;
}

/* --- reading --- */

static enum sp_code
from_row(struct db_stmt *st, struct people_training *out, struct sp_err *err)
{
	struct people_training t = {
		.completed = (people_day)db_col_i64(st, 2),
		.expires = people_col_day(st, 3),
		.recorded = db_col_i64(st, 4),
	};

	SP_TRY(db_col_bytes(st, 0, t.id.b, SP_ID_LEN, err));
	if (!people_course_parse(db_col_text(st, 1), &t.course))
		return sp_fail(err, SP_E_CORRUPT,
		    "a training in the database has a course that nobody "
		    "knows");
	*out = t;
	return SP_OK;
}

enum sp_code
people_training_of(struct db *db, const struct sp_id *person,
    const struct people_rules *rules,
    struct people_training out[static PEOPLE_COURSE_COUNT], struct sp_err *err)
{
	DB_STMT st = db_use(db, &training_of);
	struct people_training best[PEOPLE_COURSE_COUNT];

	for (size_t i = 0; i < PEOPLE_COURSE_COUNT; i++)
		best[i] = (struct people_training){
			.course = (enum people_course)i,
			.completed = PEOPLE_DAY_NONE,
			.expires = PEOPLE_DAY_NONE,
		};
	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	for (;;) {
		struct people_training t, *b;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(from_row(st, &t, err));
		b = &best[t.course];
		if (b->completed == PEOPLE_DAY_NONE ||
		    people_training_until(&t, rules) >=
			people_training_until(b, rules))
			*b = t;
	}
	memcpy(out, best, sizeof(best));
	return SP_OK;
}

static enum sp_code
demand_from_row(struct db_stmt *st, void *out, struct sp_err *err)
{
	struct people_demand d = {
		.since = (people_day)db_col_i64(st, 2),
		.due = (people_day)db_col_i64(st, 3),
		.recorded = db_col_i64(st, 4),
	};

	SP_TRY(db_col_bytes(st, 0, d.id.b, SP_ID_LEN, err));
	if (!people_course_parse(db_col_text(st, 1), &d.course))
		return sp_fail(err, SP_E_CORRUPT,
		    "a demand in the database has a course that nobody knows");
	*(struct people_demand *)out = d;
	return SP_OK;
}

enum sp_code
people_training_demands(struct db *db, const struct sp_id *person,
    struct people_demand *out, size_t n, size_t *got, struct sp_err *err)
{
	const struct people_record_list l = {
		.out = out,
		.size = sizeof(*out),
		.n = n,
		.read = demand_from_row,
		.what = "open demands",
	};
	DB_STMT st = db_use(db, &demand_open);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	return people_record_list(st, &l, got, err);
}

/* --- JSON --- */

static enum sp_code
put_demand(struct sp_json *j, struct db_stmt *st,
    const struct people_rules *rules, struct sp_err *err)
{
	struct people_demand d;

	(void)rules;
	SP_TRY(demand_from_row(st, &d, err));
	sp_json_object(j, NULL);
	sp_json_str(j, "course", people_course_name(d.course));
	people_put_day(j, "due", d.due);
	people_put_id(j, "id", &d.id);
	people_put_time(j, "recorded", d.recorded);
	people_put_day(j, "since", d.since);
	sp_json_end(j);
	return SP_OK;
}

static enum sp_code
put_record(struct sp_json *j, struct db_stmt *st,
    const struct people_rules *rules, struct sp_err *err)
{
	struct people_training t;

	SP_TRY(from_row(st, &t, err));
	sp_json_object(j, NULL);
	people_put_day(j, "completed", t.completed);
	sp_json_str(j, "course", people_course_name(t.course));
	people_put_day(j, "expires", people_training_until(&t, rules));
	people_put_id(j, "id", &t.id);
	people_put_time(j, "recorded", t.recorded);
	people_put_col(j, "reference", st, 5);
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
people_training_json(struct sp_json *j, const char *name, struct db *db,
    const struct sp_id *person, const struct people_rules *rules,
    struct sp_err *err)
{
	DB_STMT demands = db_use(db, &demand_open);
	DB_STMT records = db_use(db, &training_of);

	db_bind_blob(demands, 1, person->b, SP_ID_LEN);
	db_bind_blob(records, 1, person->b, SP_ID_LEN);
	sp_json_object(j, name);
	SP_TRY(
	    people_record_array(j, "demands", demands, rules, put_demand, err));
	SP_TRY(
	    people_record_array(j, "records", records, rules, put_record, err));
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
people_training_new_json(
    struct json_t *in, struct people_training_new *out, struct sp_err *err)
{
	static const struct people_member members[] = {
		PEOPLE_MEMBER(struct people_training_new, "training", course),
		PEOPLE_MEMBER(
		    struct people_training_new, "training", completed),
		PEOPLE_MEMBER(struct people_training_new, "training", expires),
		PEOPLE_MEMBER(
		    struct people_training_new, "training", reference),
	};
	struct people_training_new n = { .course = NULL };

	SP_TRY(people_members_read(in, members, SP_COUNTOF(members), &n, err));
	*out = n;
	return SP_OK;
}
