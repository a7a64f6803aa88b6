#include "roster/making.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Rows of one person, and logins given to two. */
struct sorting {
	const struct roster *r;
	size_t row;
};

/* Whom rows are about: somebody known, else a new human, else a new login. */
static int
whom(const struct sorting *x, const struct sorting *y)
{
	const struct roster_row *p = &x->r->table.row[x->row];
	const struct roster_row *q = &y->r->table.row[y->row];
	int c = memcmp(&p->id, &q->id, sizeof(p->id));

	if (c != 0 || !sp_id_is_zero(&p->id))
		return c;
	c = strcmp(roster_table_cell(&x->r->table, p, COL_HUMAN),
	    roster_table_cell(&y->r->table, q, COL_HUMAN));
	if (c != 0 || p->cell[COL_HUMAN] != 0)
		return c;
	return strcasecmp(roster_table_cell(&x->r->table, p, COL_LOGIN),
	    roster_table_cell(&y->r->table, q, COL_LOGIN));
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
	int c = strcasecmp(roster_table_cell(&x->r->table,
			       &x->r->table.row[x->row], COL_LOGIN),
	    roster_table_cell(
		&y->r->table, &y->r->table.row[y->row], COL_LOGIN));

	if (c != 0)
		return c;
	return x->row < y->row ? -1 : x->row > y->row;
}

static bool
same_cells(const struct roster *r, const struct roster_row *a,
    const struct roster_row *b, enum roster_column from, enum roster_column to)
{
	for (int c = (int)from; c <= (int)to; c++)
		if (strcmp(
			roster_table_cell(&r->table, a, (enum roster_column)c),
			roster_table_cell(
			    &r->table, b, (enum roster_column)c)) != 0)
			return false;
	return true;
}

/* A further row of the leader's person: it says the same of them, and what it
 * adds is not added by an earlier one. */
static void
join(struct roster_making *m, const struct sorting *group, size_t n)
{
	struct roster *r = m->r;
	struct roster_row *row = &r->table.row[group[n].row];
	struct roster_row *first = &r->table.row[group[0].row];

	row->leader = group[0].row;
	if (row->what == ROW_ERROR || row->what == ROW_CONFLICT)
		return;
	if (n >= ROSTER_SAME) {
		roster_making_conflict(
		    m, row, "roster.rows", "too many rows of one person");
		return;
	}
	if (!same_cells(r, first, row, COL_HUMAN, COL_UNIT)) {
		roster_making_conflict(m, row, "roster.rows",
		    "an earlier row says something else of this person");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct roster_row *b = &r->table.row[group[i].row];

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
logins_differ(struct roster_making *m, struct sorting *s, size_t n)
{
	struct roster *r = m->r;

	qsort(s, n, sizeof(*s), by_login);
	for (size_t i = 1; i < n; i++) {
		struct roster_row *a = &r->table.row[s[i - 1].row];
		struct roster_row *b = &r->table.row[s[i].row];

		if (b->cell[COL_LOGIN] == 0 || b->leader == a->leader ||
		    strcasecmp(roster_table_cell(&r->table, a, COL_LOGIN),
			roster_table_cell(&r->table, b, COL_LOGIN)) != 0)
			continue;
		roster_making_conflict(m, b, "person.login",
		    "an earlier row gives this login to somebody else");
	}
}

enum sp_code
roster_making_gather(struct roster_making *m, struct sp_err *err)
{
	struct roster *r = m->r;
	struct sorting *s = calloc(r->table.rows + 1, sizeof(*s));
	size_t first = 0;

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a roster");
	for (size_t i = 0; i < r->table.rows; i++)
		s[i] = (struct sorting){ r, i };
	qsort(s, r->table.rows, sizeof(*s), by_whom);
	for (size_t i = 1; i < r->table.rows; i++) {
		const struct roster_row *row = &r->table.row[s[i].row];
		bool nobody =
		    row->cell[COL_HUMAN] == 0 && row->cell[COL_LOGIN] == 0;

		if (!nobody && whom(&s[first], &s[i]) == 0)
			join(m, &s[first], i - first);
		else
			first = i;
	}
	logins_differ(m, s, r->table.rows);
	free(s);
	return sp_buf_check(&r->note, "roster", err);
}
