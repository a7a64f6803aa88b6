#include "people/screening.h"
#include "roster/making.h"

#include <string.h>

/* What it takes to do a row: the acts that would do it one at a time. */
const char *
roster_act_name(enum roster_act act)
{
	static const char *const names[] = {
#define X(id, name) [id] = (name),
		ROSTER_ACTS(X)
#undef X
	};

	SP_REQUIRE((size_t)act < SP_COUNTOF(names));
	return names[act];
}

#define DOES(act) (1U << ROSTER_##act)

/* A new unit is a transfer: with it the role is said anew. */
static unsigned
acts_of_person(const struct roster_row *row)
{
	const uint32_t unit = 1U << COL_UNIT, role = 1U << COL_ROLE;
	unsigned acts = 0;

	if (row->what == ROW_ADD)
		return DOES(ADDS) | DOES(PLACES);
	if ((row->changes & ~role) != 0)
		acts |= DOES(CHANGES);
	if ((row->changes & (unit | role)) != 0)
		acts |= DOES(PLACES);
	return acts;
}

unsigned
roster_report_acts(const struct roster *r, const struct roster_row *row)
{
	unsigned acts;

	if (roster_report_bad(row))
		return 0;
	acts = acts_of_person(row);
	if (row->screening)
		acts |= DOES(SCREENS);
	if (row->screening &&
	    strcmp(roster_table_cell(&r->table, row, COL_S_DECISION),
		people_decision_name(PEOPLE_DENIED)) == 0)
		acts |= DOES(SHUTS);
	if (row->training)
		acts |= DOES(TRAINS);
	if (row->sealed != 0)
		acts |= DOES(SEALS);
	return acts;
}

enum sp_code
roster_each(const struct roster *r,
    enum sp_code (*visit)(
	void *arg, const struct roster_wish *w, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	for (size_t i = 0; i < r->table.rows; i++) {
		const struct roster_row *row = &r->table.row[i];
		const struct roster_wish w = {
			.row = row->number,
			.person = row->id,
			.acts = roster_report_acts(r, row),
			.leads = row->leads,
		};

		if (w.acts != 0)
			SP_TRY(visit(arg, &w, err));
	}
	return SP_OK;
}
