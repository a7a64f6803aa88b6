#include "roster/row.h"

#include <stddef.h>
#include <string.h>

struct people_person_new
roster_row_person(const struct roster_table *t, const struct roster_row *row)
{
	return (struct people_person_new){
		.human = roster_table_given(t, row, COL_HUMAN),
		.name = roster_table_given(t, row, COL_NAME),
		.login = roster_table_given(t, row, COL_LOGIN),
		.role = roster_table_given(t, row, COL_ROLE),
		.kind = roster_table_given(t, row, COL_KIND),
		.employer = roster_table_given(t, row, COL_EMPLOYER),
		.employer_ori = roster_table_given(t, row, COL_EMPLOYER_ORI),
		.residence = roster_table_given(t, row, COL_RESIDENCE),
		.unit = roster_table_given(t, row, COL_UNIT),
	};
}

struct people_screening_new
roster_row_screening(const struct roster_table *t, const struct roster_row *row)
{
	return (struct people_screening_new){
		.state = roster_table_given(t, row, COL_S_STATE),
		.fingerprinted =
		    roster_table_given(t, row, COL_S_FINGERPRINTED),
		.adjudicator = roster_table_given(t, row, COL_S_ADJUDICATOR),
		.decision = roster_table_given(t, row, COL_S_DECISION),
		.decided = roster_table_given(t, row, COL_S_DECIDED),
		.variance = roster_table_given(t, row, COL_S_VARIANCE),
		.expires = roster_table_given(t, row, COL_S_EXPIRES),
	};
}

struct people_training_new
roster_row_training(const struct roster_table *t, const struct roster_row *row)
{
	return (struct people_training_new){
		.course = roster_table_given(t, row, COL_T_COURSE),
		.completed = roster_table_given(t, row, COL_T_COMPLETED),
		.expires = roster_table_given(t, row, COL_T_EXPIRES),
		.reference = roster_table_given(t, row, COL_T_REFERENCE),
	};
}

struct people_person_change
roster_row_change(const struct roster_table *t, const struct roster_row *row)
{
	static const struct {
		enum roster_column column;
		size_t at;
	} of[] = {
		{ COL_HUMAN, offsetof(struct people_person_change, human) },
		{ COL_NAME, offsetof(struct people_person_change, name) },
		{ COL_LOGIN, offsetof(struct people_person_change, login) },
		{ COL_KIND, offsetof(struct people_person_change, kind) },
		{ COL_EMPLOYER,
		    offsetof(struct people_person_change, employer) },
		{ COL_EMPLOYER_ORI,
		    offsetof(struct people_person_change, employer_ori) },
		{ COL_RESIDENCE,
		    offsetof(struct people_person_change, residence) },
	};
	struct people_person_change c = { .name = NULL };

	/* An employer may be changed to none: "" then, not NULL. */
	for (size_t i = 0; i < SP_COUNTOF(of); i++) {
		const char *s = roster_table_cell(t, row, of[i].column);

		if ((row->changes & 1U << of[i].column) != 0)
			memcpy((char *)&c + of[i].at, &s, sizeof(s));
	}
	return c;
}
