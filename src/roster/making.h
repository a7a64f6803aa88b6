#ifndef ROSTER_MAKING_H
#define ROSTER_MAKING_H

#include "people/person.h"
#include "roster/report.h"
#include "roster/table.h"

/*
 * For the files behind report.h only: a report, and what it is made of.  Each
 * row is brought together with the person it is about, in three steps.
 *
 *   match    by human, else by login; who the agency has is not asked for more
 *            (report_match.c)
 *   judge    what the row would change and add, checked as the acts check it
 *            (report_judge.c)
 *   gather   rows of one person belong to the first of them (their leader)
 *            and must say the same of the person; nobody is added twice
 *            (report_gather.c)
 *
 * A row that cannot be done is a conflict (it contradicts the database or
 * another row) or an error (it is wrong in itself), with the field's reason.
 */
struct roster {
	struct roster_table table;
	struct sp_buf note; /* what was there before, what is wrong */
	struct roster_counts counts;
	struct sp_buf missing; /* a canonical JSON array */
	uint8_t hash[CRYPTO_SHA256_LEN];
};

struct roster_making {
	struct roster *r;
	struct db *db;
	const struct people_rules *rules;
	sp_time now;
	people_day today;
};

/* The three steps.  Failures of the row are the report's; failures of the site
 * end it. */
enum sp_code roster_making_match(struct roster_making *m,
    struct roster_row *row, struct people_person *p,
    struct sp_err *err) SP_MUST_USE;
enum sp_code roster_making_judge(struct roster_making *m,
    struct roster_row *row, const struct people_person *p,
    struct sp_err *err) SP_MUST_USE;
enum sp_code roster_making_gather(
    struct roster_making *m, struct sp_err *err) SP_MUST_USE;
/* Whom the file leaves out: `missing`, and its count. */
enum sp_code roster_making_leave_out(
    struct roster_making *m, struct sp_err *err) SP_MUST_USE;

/* A note's offset. */
uint32_t roster_making_keep(struct roster_making *m, const char *s);
void roster_making_conflict(struct roster_making *m, struct roster_row *row,
    const char *reason, const char *text);

/* An error or a conflict: of such a row nothing is done. */
bool roster_report_bad(const struct roster_row *row);
/* Bits of 1U << enum roster_act (report_acts.c). */
unsigned roster_report_acts(
    const struct roster *r, const struct roster_row *row);
/* The report; `hash` NULL: without (report_json.c). */
void roster_report_put(struct sp_json *j, const char *name,
    const struct roster *r, const uint8_t *hash);

#endif
