#ifndef ROSTER_EXPORT_H
#define ROSTER_EXPORT_H

#include "base/json.h"
#include "people/rules.h"

struct db;

/* The personnel file for the CSO: a row for each person, with the newest
 * screening of the agency's state, training, signature and the verdict.  Cells
 * that a spreadsheet would take for a formula are neutralised (docs/people.md);
 * reading them back gives the text.  The caller has been
 * admitted for it ("personnel.exported"). */
enum sp_code roster_csv(struct sp_buf *out, struct db *db,
    const struct people_rules *rules, sp_time now,
    struct sp_err *err) SP_MUST_USE;
enum sp_code roster_export_json(struct sp_json *j, const char *name,
    struct db *db, const struct people_rules *rules, sp_time now,
    struct sp_err *err) SP_MUST_USE;

#endif
