#ifndef ROSTER_ROW_H
#define ROSTER_ROW_H

#include "people/screening.h"
#include "people/training.h"
#include "roster/table.h"

/*
 * What a row of the personnel file says, as the room people takes it.  All of
 * it points into the table.
 */
struct people_person_new roster_row_person(
    const struct roster_table *t, const struct roster_row *row);
struct people_screening_new roster_row_screening(
    const struct roster_table *t, const struct roster_row *row);
struct people_training_new roster_row_training(
    const struct roster_table *t, const struct roster_row *row);
/* What of it differs from the person (`changes` of the row), as a change. */
struct people_person_change roster_row_change(
    const struct roster_table *t, const struct roster_row *row);

#endif
