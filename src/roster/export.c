#include "roster/export.h"

#include "people/clearance.h"
#include "people/field.h"
#include "people/sealed.h"
#include "roster/table.h"

/* The personnel file, out: those whose accounts have not ended. */

static const struct db_sql newest_screening = {
	"SELECT state, fingerprinted, decision, decided, adjudicator, expires,"
	" variance FROM screening WHERE person = ?1 AND state = ?2"
	" ORDER BY id DESC LIMIT 1",
};
static const struct db_sql newest_training = {
	"SELECT course, completed, expires, reference FROM training"
	" WHERE person = ?1 ORDER BY completed DESC, id DESC LIMIT 1",
};

/* What is told of one person, and the texts that are made for it. */
struct line {
	const char *cell[COL_COUNT];
	char id[SP_ID_TEXT], active[SP_TIME_TEXT];
	char day[8][PEOPLE_DAY_TEXT];
	size_t days;
};

static void
set_day(struct line *l, enum roster_column c, people_day day)
{
	char *text;

	if (day == PEOPLE_DAY_NONE || day == PEOPLE_DAY_NEVER)
		return;
	SP_REQUIRE(l->days < SP_COUNTOF(l->day));
	text = l->day[l->days++];
	people_day_text(day, text);
	l->cell[c] = text;
}

static void
set_person(struct line *l, const struct people_person *p,
    const struct people_rules *rules, sp_time now)
{
	struct people_standing s = people_person_state(p, rules, now);

	sp_id_text(&p->id, l->id);
	sp_time_text(p->active, l->active);
	l->cell[COL_ID] = l->id;
	l->cell[COL_HUMAN] = p->human;
	l->cell[COL_LOGIN] = p->login;
	l->cell[COL_NAME] = p->name;
	l->cell[COL_ROLE] = people_role_name(p->role);
	l->cell[COL_KIND] = people_kind_name(p->kind);
	l->cell[COL_EMPLOYER] = p->employer;
	l->cell[COL_EMPLOYER_ORI] = p->employer_ori;
	l->cell[COL_RESIDENCE] = p->residence;
	l->cell[COL_UNIT] = p->unit;
	l->cell[COL_STATE] = people_state_name(s.state);
	l->cell[COL_REASON] = people_reason_name(s.reason);
	l->cell[COL_ACTIVE_AT] = l->active;
}

/* The days on which they end are those in force: of a rule, too. */
static enum sp_code
set_screening(struct line *l, struct db_stmt *st,
    const struct people_rules *rules, struct sp_err *err)
{
	struct people_screening s = {
		.fingerprinted = people_col_day(st, 1),
		.expires = people_col_day(st, 5),
	};

	if (!people_decision_parse(db_col_text(st, 2), &s.decision))
		return sp_fail(err, SP_E_CORRUPT,
		    "a screening in the database has a decision that nobody "
		    "knows");
	l->cell[COL_S_STATE] = db_col_text(st, 0);
	set_day(l, COL_S_FINGERPRINTED, s.fingerprinted);
	l->cell[COL_S_DECISION] = db_col_text(st, 2);
	set_day(l, COL_S_DECIDED, people_col_day(st, 3));
	l->cell[COL_S_ADJUDICATOR] = db_col_text(st, 4);
	set_day(l, COL_S_EXPIRES, people_screening_until(&s, rules));
	l->cell[COL_S_VARIANCE] = db_col_text(st, 6);
	return SP_OK;
}

static void
set_training(
    struct line *l, struct db_stmt *st, const struct people_rules *rules)
{
	const struct people_training t = {
		.completed = people_col_day(st, 1),
		.expires = people_col_day(st, 2),
	};

	l->cell[COL_T_COURSE] = db_col_text(st, 0);
	set_day(l, COL_T_COMPLETED, t.completed);
	set_day(l, COL_T_EXPIRES, people_training_until(&t, rules));
	l->cell[COL_T_REFERENCE] = db_col_text(st, 3);
}

static void
put_line(struct sp_buf *out, const struct line *l)
{
	for (int c = 0; c < (int)COL_SSN; c++)
		roster_table_put(
		    out, l->cell[c] == NULL ? "" : l->cell[c], c == 0);
	sp_buf_text(out, "\r\n");
}

/* Where the people are taken from, and what judges them. */
struct export
{
	struct db *db;
	const struct people_rules *rules;
	sp_time now;
	struct sp_buf *csv;
	struct sp_json *json;
};

static enum sp_code
csv_person(
    const struct export *x, const struct people_person *p, struct sp_err *err)
{
	DB_STMT screening = db_use(x->db, &newest_screening);
	DB_STMT training = db_use(x->db, &newest_training);
	enum people_document document = people_document_for(p->kind, x->rules);
	bool screened = false, trained = false;
	struct people_records r;
	struct people_verdict v;
	struct line l = { .days = 0 };

	db_bind_blob(screening, 1, p->id.b, SP_ID_LEN);
	db_bind_text(screening, 2, people_rules_state(x->rules));
	db_bind_blob(training, 1, p->id.b, SP_ID_LEN);
	SP_TRY(db_row(screening, &screened, err));
	SP_TRY(db_row(training, &trained, err));
	SP_TRY(people_clearance_gather(x->db, p, x->rules, &r, err));
	v = people_clearance_of(&r, x->rules, people_day_of(x->rules, x->now));
	set_person(&l, p, x->rules, x->now);
	if (screened)
		SP_TRY(set_screening(&l, screening, x->rules, err));
	if (trained)
		set_training(&l, training, x->rules);
	if (r.has_signature[document])
		set_day(
		    &l, COL_ADDENDUM_SIGNED, r.signature[document].signed_on);
	l.cell[COL_CLEARANCE] = people_code_name(v.code);
	set_day(&l, COL_CLEARANCE_UNTIL, v.until);
	put_line(x->csv, &l);
	return SP_OK;
}

static enum sp_code
json_person(
    const struct export *x, const struct people_person *p, struct sp_err *err)
{
	struct people_verdict v;

	SP_TRY(people_clearance(x->db, p, x->rules, x->now, &v, err));
	sp_json_object(x->json, NULL);
	SP_TRY(people_addendum_json(
	    x->json, "addendum", x->db, &p->id, x->rules, err));
	people_clearance_json(x->json, "clearance", &v, x->rules);
	people_person_json(x->json, "person", p, x->rules, x->now);
	SP_TRY(people_screening_json(
	    x->json, "screening", x->db, &p->id, x->rules, err));
	SP_TRY(people_sealed_json(x->json, "sealed", x->db, &p->id, err));
	SP_TRY(people_training_json(
	    x->json, "training", x->db, &p->id, x->rules, err));
	sp_json_end(x->json);
	return SP_OK;
}

static enum sp_code
visit(void *arg, const struct people_person *p, struct sp_err *err)
{
	const struct export *x = arg;
	struct people_standing s = people_person_state(p, x->rules, x->now);

	if (s.state == PEOPLE_TERMINATED)
		return SP_OK;
	return x->csv != NULL ? csv_person(x, p, err) : json_person(x, p, err);
}

enum sp_code
roster_csv(struct sp_buf *out, struct db *db, const struct people_rules *rules,
    sp_time now, struct sp_err *err)
{
	struct export x = { .db = db, .rules = rules, .now = now, .csv = out };
	struct line heading = { .days = 0 };

	for (int c = 0; c < (int)COL_SSN; c++)
		heading.cell[c] = roster_table_column((enum roster_column)c);
	put_line(out, &heading);
	SP_TRY(people_person_each(db, visit, &x, err));
	return sp_buf_check(out, "personnel file", err);
}

enum sp_code
roster_export_json(struct sp_json *j, const char *name, struct db *db,
    const struct people_rules *rules, sp_time now, struct sp_err *err)
{
	struct export x = { .db = db, .rules = rules, .now = now, .json = j };

	sp_json_object(j, name);
	SP_TRY(people_agreement_json(j, "agreements", db, rules, err));
	people_put_time(j, "at", now);
	sp_json_array(j, "persons");
	SP_TRY(people_person_each(db, visit, &x, err));
	sp_json_end(j);
	sp_json_str(j, "policy", people_rules_policy(rules));
	sp_json_str(j, "state", people_rules_state(rules));
	sp_json_end(j);
	return SP_OK;
}
