#include "people/roster.h"
#include "people/roster_table.h"

#include "people/field.h"

#include <string.h>
#include <strings.h>

/*
 * The report: each row is brought together with the person it is about, in
 * three steps.
 *
 *   match    by human, else by login; who the agency has is not asked for more
 *   judge    what the row would change and add, checked as the acts check it
 *   gather   rows of one person belong to the first of them (their leader)
 *            and must say the same of the person; nobody is added twice
 *
 * A row that cannot be done is a conflict (it contradicts the database or
 * another row) or an error (it is wrong in itself), with the field's reason.
 */
#define TEXT_MAX    ((size_t)64 << 20)
#define MISSING_MAX ((size_t)64 << 20)
#define JSON_MAX    ((size_t)128 << 20)
#define HUMANS      8 /* accounts of one human looked at */

static const char *const what_names[] = {
#define X(id, name) [id] = (name),
	ROSTER_WHATS(X)
#undef X
};

static const struct db_sql by_human = {
	"SELECT id, login FROM person WHERE human = ?1"
	" AND state <> 'terminated' ORDER BY id LIMIT ?2",
};
static const struct db_sql screening_there = {
	"SELECT 1 FROM screening WHERE person = ?1 AND state = ?2"
	" AND fingerprinted = ?3 AND decision = ?4",
};
static const struct db_sql training_there = {
	"SELECT 1 FROM training WHERE person = ?1 AND course = ?2"
	" AND completed = ?3",
};

/* What a report is made of. */
struct making {
	struct people_roster *r;
	struct db *db;
	const struct people_rules *rules;
	sp_time now;
	people_day today;
};

static void
wrong(struct making *m, struct roster_row *row, enum roster_what what,
    const struct sp_err *why)
{
	row->what = what;
	row->reason = why->reason;
	row->problem = people_roster_keep(m->r, why->text);
}

static void
conflict(struct making *m, struct roster_row *row, const char *reason,
    const char *text)
{
	row->what = ROW_CONFLICT;
	row->reason = reason;
	row->problem = people_roster_keep(m->r, text);
}

/* Failures of the row are the report's; failures of the site end it. */
static bool
is_the_rows(enum sp_code code)
{
	return code == SP_E_INVALID || code == SP_E_LIMIT;
}

/* --- match --- */

static enum sp_code
match_login(struct making *m, struct roster_row *row, const char *login,
    struct people_person *p, struct sp_err *err)
{
	enum sp_code code = people_person_by_login(m->db, login, p, err);

	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	if (people_person_state(p, m->rules, m->now).state ==
	    PEOPLE_TERMINATED) {
		conflict(m, row, "person.login",
		    "the login was that of an account that has ended");
		return SP_OK;
	}
	row->id = p->id;
	return SP_OK;
}

/* Of the accounts of a human: the one that has the login, or the only one. */
static enum sp_code
match_human(struct making *m, struct roster_row *row, struct sp_err *err)
{
	DB_STMT st = db_use(m->db, &by_human);
	const char *login = people_roster_cell(m->r, row, COL_LOGIN);
	struct sp_id only, id;
	bool exact = false;
	size_t n = 0;

	db_bind_text(st, 1, people_roster_cell(m->r, row, COL_HUMAN));
	db_bind_i64(st, 2, HUMANS);
	for (;; n++) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(db_col_bytes(st, 0, id.b, SP_ID_LEN, err));
		only = id;
		if (strcasecmp(db_col_text(st, 1), login) == 0) {
			row->id = id;
			exact = true;
		}
	}
	if (!exact && n == 1)
		row->id = only;
	else if (!exact && n > 1)
		conflict(m, row, "person.human",
		    "this human has several accounts: say which by its login");
	return SP_OK;
}

/* A login in the file that another human's account has. */
static enum sp_code
login_of_another(struct making *m, struct roster_row *row,
    struct people_person *p, struct sp_err *err)
{
	const char *login = people_roster_given(m->r, row, COL_LOGIN);
	struct people_person other;
	enum sp_code code;

	if (login == NULL)
		return SP_OK;
	code = people_person_by_login(m->db, login, &other, err);
	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	if (!sp_id_is_zero(&row->id)) {
		if (!sp_id_equal(&other.id, &row->id))
			conflict(m, row, "person.login",
			    "the login is or was that of somebody else");
		return SP_OK;
	}
	/* Known so far by a login alone: now the human gets its name. */
	SP_TRY(match_login(m, row, login, p, err));
	if (row->what == ROW_SAME) {
		char own[SP_ID_TEXT];

		sp_id_text(&other.id, own);
		if (strcmp(other.human, own) != 0)
			conflict(m, row, "person.login",
			    "the login is that of another human's account");
	}
	return SP_OK;
}

static enum sp_code
match(struct making *m, struct roster_row *row, struct people_person *p,
    struct sp_err *err)
{
	const char *human = people_roster_given(m->r, row, COL_HUMAN);
	const char *login = people_roster_given(m->r, row, COL_LOGIN);

	if (human == NULL && login == NULL) {
		row->what = ROW_ERROR;
		row->reason = "person.human";
		row->problem = people_roster_keep(
		    m->r, "human or login is needed to know whom it is about");
		return SP_OK;
	}
	if (human == NULL)
		return match_login(m, row, login, p, err);
	SP_TRY(match_human(m, row, err));
	if (row->what == ROW_SAME)
		SP_TRY(login_of_another(m, row, p, err));
	if (row->what == ROW_SAME && !sp_id_is_zero(&row->id))
		SP_TRY(people_person_by_id(m->db, &row->id, p, err));
	return SP_OK;
}

/* --- judge --- */

static void
differs(struct making *m, struct roster_row *row, enum roster_column column,
    const char *before)
{
	const char *s = people_roster_given(m->r, row, column);
	bool same = s == NULL ||
	    (column == COL_LOGIN ? strcasecmp(s, before) == 0
				 : strcmp(s, before) == 0);

	if (same)
		return;
	row->changes |= 1U << column;
	row->from[column] = people_roster_keep(m->r, before);
}

/* Is it the role that they have, however it is written? */
static bool
same_role(
    const struct making *m, const struct roster_row *row, enum people_role has)
{
	const char *s = people_roster_given(m->r, row, COL_ROLE);
	enum people_role role;

	return s != NULL && people_role_read(s, &role) && role == has;
}

static void
compare(struct making *m, struct roster_row *row, const struct people_person *p)
{
	const char *kind = people_roster_given(m->r, row, COL_KIND);

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
		row->from[COL_EMPLOYER] = people_roster_keep(m->r, p->employer);
		if (p->employer_ori[0] != '\0') {
			row->changes |= 1U << COL_EMPLOYER_ORI;
			row->from[COL_EMPLOYER_ORI] =
			    people_roster_keep(m->r, p->employer_ori);
		}
	}
	if (row->changes != 0)
		row->what = ROW_CHANGE;
}

/* The change, as the acts that make it would check it. */
static enum sp_code
check_change(struct making *m, const struct roster_row *row,
    const struct people_person *p, struct sp_err *err)
{
	struct people_person_change c = people_roster_change(m->r, row);
	const char *role = people_roster_given(m->r, row, COL_ROLE);
	const char *unit = people_roster_given(m->r, row, COL_UNIT);
	enum people_role known;

	if (role != NULL)
		SP_TRY(people_person_role_check(m->rules, role, &known, err));
	if (unit != NULL)
		SP_TRY(people_text_check(
		    "person.unit", unit, PEOPLE_PERSON_UNIT, err));
	return people_person_change_check(p, &c, err);
}

/* Is it somebody, or does it make them somebody, who says who is who? */
static bool
leads(const struct making *m, const struct roster_row *row,
    const struct people_person *p)
{
	const char *s = people_roster_given(m->r, row, COL_ROLE);
	enum people_role role;

	if (!sp_id_is_zero(&row->id) && people_role_leads(p->role))
		return true;
	return s != NULL && people_role_read(s, &role) &&
	    people_role_leads(role);
}

static enum sp_code
judge_person(struct making *m, struct roster_row *row,
    const struct people_person *p, struct sp_err *err)
{
	struct sp_err why = { .text = "" };
	enum sp_code code;

	row->leads = leads(m, row, p);
	if (sp_id_is_zero(&row->id)) {
		struct people_person_new n = people_roster_person(m->r, row);

		row->what = ROW_ADD;
		code = people_person_check(m->rules, &n, m->now, &why);
	} else {
		compare(m, row, p);
		code = check_change(m, row, p, &why);
	}
	if (code == SP_OK)
		return SP_OK;
	if (!is_the_rows(code))
		return sp_fail_as(err, code, why.reason, "%s", why.text);
	wrong(m, row, ROW_ERROR, &why);
	return SP_OK;
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
judge_screening(struct making *m, struct roster_row *row, struct sp_err *err)
{
	struct people_screening_new n = people_roster_screening(m->r, row);
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
judge_training(struct making *m, struct roster_row *row, struct sp_err *err)
{
	struct people_training_new n = people_roster_training(m->r, row);
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
judge_sealed(struct making *m, struct roster_row *row, struct sp_err *err)
{
	static const enum roster_column column[PEOPLE_FIELD_COUNT] = {
		[PEOPLE_SSN] = COL_SSN,
		[PEOPLE_DOB] = COL_DOB,
		[PEOPLE_FBI] = COL_FBI,
		[PEOPLE_SID] = COL_SID,
	};

	for (int i = 0; i < PEOPLE_FIELD_COUNT; i++) {
		const char *s = people_roster_given(m->r, row, column[i]);

		if (s == NULL)
			continue;
		SP_TRY(people_sealed_check(
		    (enum people_field)i, s, m->today, err));
		row->sealed |= 1U << i;
	}
	return SP_OK;
}

static enum sp_code
judge_records(struct making *m, struct roster_row *row, struct sp_err *err)
{
	if (says_any(row, COL_S_STATE, COL_S_VARIANCE))
		SP_TRY(judge_screening(m, row, err));
	if (says_any(row, COL_T_COURSE, COL_T_REFERENCE))
		SP_TRY(judge_training(m, row, err));
	return judge_sealed(m, row, err);
}

static enum sp_code
judge(struct making *m, struct roster_row *row, const struct people_person *p,
    struct sp_err *err)
{
	struct sp_err why = { .text = "" };
	enum sp_code code;

	SP_TRY(judge_person(m, row, p, err));
	if (row->what == ROW_ERROR)
		return SP_OK;
	code = judge_records(m, row, &why);
	if (code == SP_OK)
		return SP_OK;
	if (!is_the_rows(code))
		return sp_fail_as(err, code, why.reason, "%s", why.text);
	wrong(m, row, ROW_ERROR, &why);
	return SP_OK;
}

/* --- gather --- */

struct sorting {
	const struct people_roster *r;
	size_t row;
};

/* Whom rows are about: somebody known, else a new human, else a new login. */
static int
whom(const struct sorting *x, const struct sorting *y)
{
	const struct roster_row *p = &x->r->row[x->row];
	const struct roster_row *q = &y->r->row[y->row];
	int c = memcmp(&p->id, &q->id, sizeof(p->id));

	if (c != 0 || !sp_id_is_zero(&p->id))
		return c;
	c = strcmp(people_roster_cell(x->r, p, COL_HUMAN),
	    people_roster_cell(y->r, q, COL_HUMAN));
	if (c != 0 || p->cell[COL_HUMAN] != 0)
		return c;
	return strcasecmp(people_roster_cell(x->r, p, COL_LOGIN),
	    people_roster_cell(y->r, q, COL_LOGIN));
}

/* Equal ones in the order of the file. */
static int
by_whom(const void *a, const void *b)
{
	const struct sorting *x = a, *y = b;
	int c = whom(x, y);

	if (c != 0)
		return c;
	return x->row < y->row ? -1 : x->row > y->row;
}

static int
by_login(const void *a, const void *b)
{
	const struct sorting *x = a, *y = b;
	int c =
	    strcasecmp(people_roster_cell(x->r, &x->r->row[x->row], COL_LOGIN),
		people_roster_cell(y->r, &y->r->row[y->row], COL_LOGIN));

	if (c != 0)
		return c;
	return x->row < y->row ? -1 : x->row > y->row;
}

static bool
same_cells(const struct people_roster *r, const struct roster_row *a,
    const struct roster_row *b, enum roster_column from, enum roster_column to)
{
	for (int c = (int)from; c <= (int)to; c++)
		if (strcmp(people_roster_cell(r, a, (enum roster_column)c),
			people_roster_cell(r, b, (enum roster_column)c)) != 0)
			return false;
	return true;
}

/* A further row of the leader's person: it says the same of them, and what it
 * adds is not added by an earlier one. */
static void
join(struct making *m, const struct sorting *group, size_t n)
{
	struct people_roster *r = m->r;
	struct roster_row *row = &r->row[group[n].row];
	struct roster_row *first = &r->row[group[0].row];

	row->leader = group[0].row;
	if (row->what == ROW_ERROR || row->what == ROW_CONFLICT)
		return;
	if (n >= PEOPLE_ROSTER_SAME) {
		conflict(m, row, "roster.rows", "too many rows of one person");
		return;
	}
	if (!same_cells(r, first, row, COL_HUMAN, COL_UNIT)) {
		conflict(m, row, "roster.rows",
		    "an earlier row says something else of this person");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct roster_row *b = &r->row[group[i].row];

		if (b->screening &&
		    same_cells(r, b, row, COL_S_STATE, COL_S_DECISION))
			row->screening = false;
		if (b->training &&
		    same_cells(r, b, row, COL_T_COURSE, COL_T_COMPLETED))
			row->training = false;
		if (same_cells(r, b, row, COL_SSN, COL_SID))
			row->sealed = 0;
	}
	row->what = ROW_SAME;
	row->changes = 0;
}

/* No login is given to two. */
static void
logins_differ(struct making *m, struct sorting *s, size_t n)
{
	struct people_roster *r = m->r;

	qsort(s, n, sizeof(*s), by_login);
	for (size_t i = 1; i < n; i++) {
		struct roster_row *a = &r->row[s[i - 1].row];
		struct roster_row *b = &r->row[s[i].row];

		if (b->cell[COL_LOGIN] == 0 || b->leader == a->leader ||
		    strcasecmp(people_roster_cell(r, a, COL_LOGIN),
			people_roster_cell(r, b, COL_LOGIN)) != 0)
			continue;
		conflict(m, b, "person.login",
		    "an earlier row gives this login to somebody else");
	}
}

static enum sp_code
gather(struct making *m, struct sp_err *err)
{
	struct people_roster *r = m->r;
	struct sorting *s = calloc(r->rows + 1, sizeof(*s));
	size_t first = 0;

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a roster");
	for (size_t i = 0; i < r->rows; i++)
		s[i] = (struct sorting){ r, i };
	qsort(s, r->rows, sizeof(*s), by_whom);
	for (size_t i = 1; i < r->rows; i++) {
		const struct roster_row *row = &r->row[s[i].row];
		bool nobody =
		    row->cell[COL_HUMAN] == 0 && row->cell[COL_LOGIN] == 0;

		if (!nobody && whom(&s[first], &s[i]) == 0)
			join(m, &s[first], i - first);
		else
			first = i;
	}
	logins_differ(m, s, r->rows);
	free(s);
	return sp_buf_check(&r->note, "roster", err);
}

/* --- whom the file leaves out --- */

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, SP_ID_LEN);
}

struct left_out {
	struct making *m;
	struct sp_id *known; /* sorted */
	size_t n;
	struct sp_json j;
};

static enum sp_code
see_person(void *arg, const struct people_person *p, struct sp_err *err)
{
	struct left_out *l = arg;
	struct people_standing s =
	    people_person_state(p, l->m->rules, l->m->now);

	if (s.state == PEOPLE_TERMINATED ||
	    bsearch(&p->id, l->known, l->n, sizeof(*l->known), by_id) != NULL)
		return SP_OK;
	l->m->r->counts.missing++;
	sp_json_object(&l->j, NULL);
	people_put_id(&l->j, "id", &p->id);
	sp_json_str(&l->j, "login", p->login);
	sp_json_str(&l->j, "name", p->name);
	sp_json_end(&l->j);
	return sp_buf_check(&l->m->r->missing, "roster", err);
}

static enum sp_code
leave_out(struct making *m, struct sp_err *err)
{
	struct people_roster *r = m->r;
	struct left_out l = {
		.m = m,
		.known = calloc(r->rows + 1, sizeof(*l.known)),
		.n = r->rows,
		.j = sp_json_to(&r->missing),
	};
	enum sp_code code;

	if (l.known == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a roster");
	for (size_t i = 0; i < r->rows; i++)
		l.known[i] = r->row[i].id;
	qsort(l.known, l.n, sizeof(*l.known), by_id);
	sp_json_array(&l.j, NULL);
	code = people_person_each(m->db, see_person, &l, err);
	sp_json_end(&l.j);
	free(l.known);
	return code != SP_OK ? code : sp_buf_check(&r->missing, "roster", err);
}

/* --- the report --- */

static void
count(struct people_roster *r)
{
	struct people_roster_counts *c = &r->counts;

	c->rows = r->rows;
	for (size_t i = 0; i < r->rows; i++) {
		const struct roster_row *row = &r->row[i];
		bool bad = row->what == ROW_ERROR || row->what == ROW_CONFLICT;

		c->adds += row->what == ROW_ADD;
		c->changes += row->what == ROW_CHANGE;
		c->same += row->what == ROW_SAME;
		c->conflicts += row->what == ROW_CONFLICT;
		c->errors += row->what == ROW_ERROR;
		if (bad)
			continue;
		c->records += row->screening;
		c->records += row->training;
		for (int f = 0; f < PEOPLE_FIELD_COUNT; f++)
			c->sealed += row->sealed >> f & 1U;
	}
}

/* In the order of their names. */
static const enum roster_column told[] = { COL_EMPLOYER, COL_EMPLOYER_ORI,
	COL_HUMAN, COL_KIND, COL_LOGIN, COL_NAME, COL_RESIDENCE, COL_ROLE,
	COL_UNIT };

static void
put_fields(struct sp_json *j, const struct people_roster *r,
    const struct roster_row *row)
{
	sp_json_array(j, "fields");
	for (size_t i = 0; i < SP_COUNTOF(told); i++) {
		enum roster_column c = told[i];
		const char *before = row->from[c] == 0
		    ? ""
		    : (const char *)r->note.at + row->from[c];
		bool added = row->what == ROW_ADD && row->cell[c] != 0;

		if (!added && (row->changes & 1U << c) == 0)
			continue;
		sp_json_object(j, NULL);
		sp_json_str(j, "field", people_roster_column(c));
		if (!added)
			sp_json_str(j, "from", before);
		sp_json_str(j, "to", people_roster_cell(r, row, c));
		sp_json_end(j);
	}
	sp_json_end(j);
}

static void
put_row(struct sp_json *j, const struct people_roster *r,
    const struct roster_row *row)
{
	bool bad = row->what == ROW_ERROR || row->what == ROW_CONFLICT;

	sp_json_object(j, NULL);
	people_roster_acts_json(j, "acts", people_roster_acts(r, row));
	if (!bad)
		put_fields(j, r, row);
	if (row->leads)
		sp_json_bool(j, "leads", true);
	if (!sp_id_is_zero(&row->id))
		people_put_id(j, "person", &row->id);
	if (bad) {
		sp_json_str(
		    j, "problem", (const char *)r->note.at + row->problem);
		sp_json_str(
		    j, "reason", row->reason == NULL ? "" : row->reason);
	}
	sp_json_array(j, "records");
	if (!bad && row->screening)
		sp_json_str(j, NULL, "screening");
	if (!bad && row->training)
		sp_json_str(j, NULL, "training");
	sp_json_end(j);
	sp_json_int(j, "row", (int64_t)row->number);
	sp_json_array(j, "sealed");
	for (int f = 0; f < PEOPLE_FIELD_COUNT && !bad; f++)
		if ((row->sealed & 1U << f) != 0)
			sp_json_str(
			    j, NULL, people_field_name((enum people_field)f));
	sp_json_end(j);
	sp_json_str(j, "what", what_names[row->what]);
	sp_json_end(j);
}

static unsigned
all_acts(const struct people_roster *r)
{
	unsigned acts = 0;

	for (size_t i = 0; i < r->rows; i++)
		acts |= people_roster_acts(r, &r->row[i]);
	return acts;
}

/* Whether there is anything to tell of a row. */
static bool
is_quiet(const struct roster_row *row)
{
	return row->what == ROW_SAME && !row->screening && !row->training &&
	    row->sealed == 0;
}

static void
put_report(struct sp_json *j, const char *name, const struct people_roster *r,
    const uint8_t *hash)
{
	const struct people_roster_counts *c = &r->counts;

	sp_json_object(j, name);
	people_roster_acts_json(j, "acts", all_acts(r));
	sp_json_int(j, "adds", (int64_t)c->adds);
	sp_json_int(j, "changes", (int64_t)c->changes);
	sp_json_int(j, "conflicts", (int64_t)c->conflicts);
	sp_json_int(j, "errors", (int64_t)c->errors);
	if (hash != NULL)
		sp_json_hex(j, "hash", hash, CRYPTO_SHA256_LEN);
	sp_json_raw(j, "left_out", sp_buf_str(&r->missing));
	sp_json_int(j, "missing", (int64_t)c->missing);
	sp_json_int(j, "records", (int64_t)c->records);
	sp_json_array(j, "report");
	for (size_t i = 0; i < r->rows; i++)
		if (!is_quiet(&r->row[i]))
			put_row(j, r, &r->row[i]);
	sp_json_end(j);
	sp_json_int(j, "rows", (int64_t)c->rows);
	sp_json_int(j, "same", (int64_t)c->same);
	sp_json_int(j, "sealed", (int64_t)c->sealed);
	sp_json_hex(j, "sha256", r->file, CRYPTO_SHA256_LEN);
	sp_json_end(j);
}

void
people_roster_json(
    struct sp_json *j, const char *name, const struct people_roster *r)
{
	put_report(j, name, r, r->hash);
}

static enum sp_code
make_hash(struct people_roster *r, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(JSON_MAX);
	struct sp_json j = sp_json_to(&text);

	put_report(&j, NULL, r, NULL);
	SP_TRY(sp_buf_check(&text, "report", err));
	crypto_sha256(text.at, text.len, r->hash);
	return SP_OK;
}

static enum sp_code
make(struct making *m, struct crypto_piece csv, struct sp_err *err)
{
	struct people_roster *r = m->r;

	SP_TRY(people_roster_parse(r, csv, err));
	for (size_t i = 0; i < r->rows; i++) {
		struct people_person p = { .since = 0 };

		SP_TRY(match(m, &r->row[i], &p, err));
		if (r->row[i].what == ROW_SAME)
			SP_TRY(judge(m, &r->row[i], &p, err));
	}
	SP_TRY(gather(m, err));
	SP_TRY(leave_out(m, err));
	count(r);
	return make_hash(r, err);
}

enum sp_code
people_roster_read(struct people_roster **out, struct db *db,
    const struct people_rules *rules, struct crypto_piece csv, sp_time now,
    struct sp_err *err)
{
	PEOPLE_AUTO_ROSTER r = calloc(1, sizeof(*r));
	struct making m = {
		.r = r,
		.db = db,
		.rules = rules,
		.now = now,
		.today = people_day_of(rules, now),
	};

	if (r == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a roster");
	r->text = sp_buf_secret(TEXT_MAX);
	r->note = sp_buf_new(TEXT_MAX);
	r->missing = sp_buf_new(MISSING_MAX);
	SP_TRY(make(&m, csv, err));
	*out = SP_STEAL(r);
	return SP_OK;
}

void
people_roster_free(struct people_roster *r)
{
	if (r == NULL)
		return;
	sp_buf_free(&r->text);
	sp_buf_free(&r->note);
	sp_buf_free(&r->missing);
	free(r->row);
	free(r);
}

struct people_roster_counts
people_roster_counts(const struct people_roster *r)
{
	return r->counts;
}

bool
people_roster_clean(const struct people_roster *r)
{
	return r->counts.conflicts == 0 && r->counts.errors == 0;
}

void
people_roster_hash(
    const struct people_roster *r, uint8_t out[static CRYPTO_SHA256_LEN])
{
	memcpy(out, r->hash, CRYPTO_SHA256_LEN);
}
