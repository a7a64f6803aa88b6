#include "people/field.h"
#include "people/sealed.h"
#include "roster/making.h"
#include "roster/row.h"

#include <string.h>
#include <strings.h>

/* What a row would change and add, checked as the acts check it. */
static const struct db_sql screening_there = {
	"SELECT 1 FROM screening WHERE person = ?1 AND state = ?2"
	" AND fingerprinted = ?3 AND decision = ?4",
};
static const struct db_sql training_there = {
	"SELECT 1 FROM training WHERE person = ?1 AND course = ?2"
	" AND completed = ?3",
};

/* Failures of the row are the report's; failures of the site end it. */
static enum sp_code
blame(struct roster_making *m, struct roster_row *row, enum sp_code code,
    const struct sp_err *why, struct sp_err *err)
{
	if (code == SP_OK)
		return SP_OK;
	if (code != SP_E_INVALID && code != SP_E_LIMIT)
		return sp_fail_as(err, code, why->reason, "%s", why->text);
	row->what = ROW_ERROR;
	row->reason = why->reason;
	row->problem = roster_making_keep(m, why->text);
	return SP_OK;
}

static void
differs(struct roster_making *m, struct roster_row *row,
    enum roster_column column, const char *before)
{
	const char *s = roster_table_given(&m->r->table, row, column);
	bool same = s == NULL ||
	    (column == COL_LOGIN ? strcasecmp(s, before) == 0
				 : strcmp(s, before) == 0);

	if (same)
		return;
	row->changes |= 1U << column;
	row->from[column] = roster_making_keep(m, before);
}

/* Is it the role that they have, however it is written? */
static bool
same_role(const struct roster_making *m, const struct roster_row *row,
    enum people_role has)
{
	const char *s = roster_table_given(&m->r->table, row, COL_ROLE);
	enum people_role role;

	return s != NULL && people_role_read(s, &role) && role == has;
}

static void
compare(struct roster_making *m, struct roster_row *row,
    const struct people_person *p)
{
	const char *kind = roster_table_given(&m->r->table, row, COL_KIND);

	differs(m, row, COL_HUMAN, p->human);
	differs(m, row, COL_LOGIN, p->login);
	differs(m, row, COL_NAME, p->name);
	if (!same_role(m, row, p->role))
		differs(m, row, COL_ROLE, people_role_name(p->role));
	differs(m, row, COL_KIND, people_kind_name(p->kind));
	differs(m, row, COL_EMPLOYER, p->employer);
	differs(m, row, COL_EMPLOYER_ORI, p->employer_ori);
	differs(m, row, COL_RESIDENCE, p->residence);
	differs(m, row, COL_UNIT, p->unit);
	/* Whoever becomes the agency's own leaves an employer. */
	if (kind != NULL && strcmp(kind, "agency") == 0 &&
	    p->kind != PEOPLE_AGENCY && row->cell[COL_EMPLOYER] == 0) {
		row->changes |= 1U << COL_EMPLOYER;
		row->from[COL_EMPLOYER] = roster_making_keep(m, p->employer);
		if (p->employer_ori[0] != '\0') {
			row->changes |= 1U << COL_EMPLOYER_ORI;
			row->from[COL_EMPLOYER_ORI] =
			    roster_making_keep(m, p->employer_ori);
		}
	}
	if (row->changes != 0)
		row->what = ROW_CHANGE;
}

/* The change, as the acts that make it would check it. */
static enum sp_code
check_change(struct roster_making *m, const struct roster_row *row,
    const struct people_person *p, struct sp_err *err)
{
	struct people_person_change c = roster_row_change(&m->r->table, row);
	const char *role = roster_table_given(&m->r->table, row, COL_ROLE);
	const char *unit = roster_table_given(&m->r->table, row, COL_UNIT);
	struct people_person as = *p;

	if (role != NULL)
		SP_TRY(people_person_role_check(m->rules, role, &as.role, err));
	if (unit != NULL)
		SP_TRY(people_text_check(
		    "person.unit", unit, PEOPLE_PERSON_UNIT, err));
	return people_person_change_check(&as, &c, err);
}

/* Is it somebody, or does it make them somebody, who says who is who? */
static bool
leads(const struct roster_making *m, const struct roster_row *row,
    const struct people_person *p)
{
	const char *s = roster_table_given(&m->r->table, row, COL_ROLE);
	enum people_role role;

	if (!sp_id_is_zero(&row->id) && people_role_leads(p->role))
		return true;
	return s != NULL && people_role_read(s, &role) &&
	    people_role_leads(role);
}

static enum sp_code
judge_person(struct roster_making *m, struct roster_row *row,
    const struct people_person *p, struct sp_err *err)
{
	struct sp_err why = { .text = "" };
	enum sp_code code;

	row->leads = leads(m, row, p);
	if (sp_id_is_zero(&row->id)) {
		struct people_person_new n =
		    roster_row_person(&m->r->table, row);

		row->what = ROW_ADD;
		code = people_person_check(m->rules, &n, m->now, &why);
	} else {
		compare(m, row, p);
		code = check_change(m, row, p, &why);
	}
	return blame(m, row, code, &why, err);
}

static bool
says_any(const struct roster_row *row, enum roster_column from,
    enum roster_column to)
{
	for (int c = (int)from; c <= (int)to; c++)
		if (row->cell[c] != 0)
			return true;
	return false;
}

/* A record in a roster says its days itself: "today" would be another one
 * each time that the file is read. */
static enum sp_code
said(const char *field, const char *s, struct sp_err *err)
{
	if (s == NULL)
		return sp_fail_as(err, SP_E_INVALID, field,
		    "%s: needed where a row has a record", field);
	return SP_OK;
}

static enum sp_code
judge_screening(
    struct roster_making *m, struct roster_row *row, struct sp_err *err)
{
	struct people_screening_new n = roster_row_screening(&m->r->table, row);
	DB_STMT st = db_use(m->db, &screening_there);
	struct people_screening s;
	bool there = false;

	SP_TRY(said("screening.fingerprinted", n.fingerprinted, err));
	SP_TRY(said("screening.decision", n.decision, err));
	if (strcmp(n.decision, "pending") != 0)
		SP_TRY(said("screening.decided", n.decided, err));
	SP_TRY(people_screening_check(m->rules, &n, m->now, &s, err));
	db_bind_blob(st, 1, row->id.b, SP_ID_LEN);
	db_bind_text(st, 2, s.state);
	db_bind_i64(st, 3, s.fingerprinted);
	db_bind_text(st, 4, people_decision_name(s.decision));
	SP_TRY(db_row(st, &there, err));
	row->screening = !there;
	return SP_OK;
}

static enum sp_code
judge_training(
    struct roster_making *m, struct roster_row *row, struct sp_err *err)
{
	struct people_training_new n = roster_row_training(&m->r->table, row);
	DB_STMT st = db_use(m->db, &training_there);
	struct people_training t;
	bool there = false;

	SP_TRY(said("training.course", n.course, err));
	SP_TRY(said("training.completed", n.completed, err));
	SP_TRY(people_training_check(
	    m->rules, &n, PEOPLE_OFFICER, m->now, &t, err));
	db_bind_blob(st, 1, row->id.b, SP_ID_LEN);
	db_bind_text(st, 2, people_course_name(t.course));
	db_bind_i64(st, 3, t.completed);
	SP_TRY(db_row(st, &there, err));
	row->training = !there;
	return SP_OK;
}

static enum sp_code
judge_sealed(
    struct roster_making *m, struct roster_row *row, struct sp_err *err)
{
	static const enum roster_column column[PEOPLE_FIELD_COUNT] = {
		[PEOPLE_SSN] = COL_SSN,
		[PEOPLE_DOB] = COL_DOB,
		[PEOPLE_FBI] = COL_FBI,
		[PEOPLE_SID] = COL_SID,
	};

	for (int i = 0; i < PEOPLE_FIELD_COUNT; i++) {
		const char *s =
		    roster_table_given(&m->r->table, row, column[i]);

		if (s == NULL)
			continue;
		SP_TRY(people_sealed_check(
		    (enum people_field)i, s, m->today, err));
		row->sealed |= 1U << i;
	}
	return SP_OK;
}

static enum sp_code
judge_records(
    struct roster_making *m, struct roster_row *row, struct sp_err *err)
{
	if (says_any(row, COL_S_STATE, COL_S_VARIANCE))
		SP_TRY(judge_screening(m, row, err));
	if (says_any(row, COL_T_COURSE, COL_T_REFERENCE))
		SP_TRY(judge_training(m, row, err));
	return judge_sealed(m, row, err);
}

enum sp_code
roster_making_judge(struct roster_making *m, struct roster_row *row,
    const struct people_person *p, struct sp_err *err)
{
	struct sp_err why = { .text = "" };
	enum sp_code code;

	SP_TRY(judge_person(m, row, p, err));
	if (row->what == ROW_ERROR)
		return SP_OK;
	code = judge_records(m, row, &why);
	return blame(m, row, code, &why, err);
}
