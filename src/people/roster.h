#ifndef PEOPLE_ROSTER_H
#define PEOPLE_ROSTER_H

#include "crypto/digest.h"
#include "crypto/secret.h"
#include "people/clearance.h"

/*
 * The personnel file as CSV (RFC 4180): in, by reconciliation, and out.
 *
 *   CSV --> report (no effect; with its hash) --> apply(CSV, hash)
 *
 * Applying computes the report again, in the transaction that makes the
 * changes, and goes on only when the hash is the same: what happens is what was
 * looked at.  A report with an error or a conflict is not applied; all of it
 * happens or nothing.  Whom the file leaves out is named, and left alone: to
 * end an account is an act of its own.
 *
 * docs/people.md has the columns.  A file with the columns ssn or dob is a
 * secret: the report never shows them, and applying needs the agency's DEK.
 */
#define PEOPLE_ROSTER_FILE_MAX ((size_t)16 << 20)
#define PEOPLE_ROSTER_CELL_MAX ((size_t)4096)
#define PEOPLE_ROSTER_ROWS_MAX 20000
#define PEOPLE_ROSTER_SAME     100 /* rows of one person */

struct people_roster;

/* What a row would do, by the names of the acts that it takes to do it one at
 * a time (gate/role.h): an import is let do nothing that its caller may not.
 * In the order in which they are asked for. */
#define PEOPLE_ROSTER_ACTS(X)                                                  \
	X(ROSTER_ADDS, "person.add")                                           \
	X(ROSTER_CHANGES, "person.change")                                     \
	X(ROSTER_PLACES, "role.assign") /* a role given, changed, said anew */ \
	X(ROSTER_SCREENS, "screening.record")                                  \
	X(ROSTER_SHUTS, "person.disable") /* the check was decided "denied" */ \
	X(ROSTER_TRAINS, "training.record")                                    \
	X(ROSTER_SEALS, "sealed.record")

enum people_roster_act {
#define X(id, name) PEOPLE_##id,
	PEOPLE_ROSTER_ACTS(X)
#undef X
	    PEOPLE_ROSTER_ACT_COUNT
};
const char *people_roster_act_name(enum people_roster_act act);

/* What the file would do.  `csv` is UTF-8 (a byte order mark is allowed),
 * borrowed for the call.  SP_E_INVALID, reason "roster.csv" or
 * "roster.columns", when it cannot be read as a table at all; faults of single
 * rows are in the report. */
enum sp_code people_roster_read(struct people_roster **out, struct db *db,
    const struct people_rules *rules, struct crypto_piece csv, sp_time now,
    struct sp_err *err) SP_MUST_USE;
void people_roster_free(struct people_roster *r); /* NULL is a no-op */

static inline void
people_roster_freep(struct people_roster **r)
{
	people_roster_free(*r);
}
#define PEOPLE_AUTO_ROSTER                                                     \
	SP_CLEANUP(people_roster_freep) struct people_roster *

struct people_roster_counts {
	size_t rows, adds, changes, same, records, sealed, missing, conflicts,
	    errors;
};
struct people_roster_counts people_roster_counts(const struct people_roster *r);
bool people_roster_clean(const struct people_roster *r); /* may be applied */
/* Each row that would do something, in the order of the file; ends at the first
 * failure of `visit`. */
struct people_roster_wish {
	size_t row;          /* as people count */
	struct sp_id person; /* zero: somebody who is added */
	unsigned acts;       /* bits of 1U << enum people_roster_act */
	/* Of somebody who is an administrator or a LASO (or of the provider's
	 * security), or becomes one (people_role_leads). */
	bool leads;
};
enum sp_code people_roster_each(const struct people_roster *r,
    enum sp_code (*visit)(
	void *arg, const struct people_roster_wish *w, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;
/* Is it the report of this hash, and may it be applied?  Else as
 * people_roster_apply fails. */
enum sp_code people_roster_agree(const struct people_roster *r,
    const uint8_t hash[static CRYPTO_SHA256_LEN],
    struct sp_err *err) SP_MUST_USE;
/* SHA-256 of file and report together. */
void people_roster_hash(
    const struct people_roster *r, uint8_t out[static CRYPTO_SHA256_LEN]);
/* {"acts":[…],"adds":…,"changes":…,…,"hash":"…","report":[{"acts":[…],…}]} */
void people_roster_json(
    struct sp_json *j, const char *name, const struct people_roster *r);

/* A ledger_act; `arg` is a struct people_roster_apply.  SP_E_CONFLICT, reason
 * "roster.changed": the report is another one now; "roster.conflict": it may
 * not be applied.  SP_E_INVALID, reason "roster.key": sealed columns and no
 * DEK.  Entry "roster.applied" on the agency (sha256 of the file, counts), and
 * the entries of all that it does. */
struct people_roster_apply {
	struct people_by by;
	const struct people_rules *rules;
	sp_time now;
	struct crypto_piece csv;
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct crypto_secret *dek;        /* or NULL */
	struct people_roster_counts done; /* out */
};
enum sp_code people_roster_apply(
    struct ledger_tx *tx, void *arg, struct sp_err *err) SP_MUST_USE;

/* The personnel file for the CSO: a row for each person, with the newest
 * screening of the agency's state, training, signature and the verdict.  Cells
 * that a spreadsheet would take for a formula are neutralised (docs/people.md);
 * reading them back gives the text.  The caller has been
 * admitted for it ("personnel.exported"). */
enum sp_code people_roster_csv(struct sp_buf *out, struct db *db,
    const struct people_rules *rules, sp_time now,
    struct sp_err *err) SP_MUST_USE;
enum sp_code people_roster_export_json(struct sp_json *j, const char *name,
    struct db *db, const struct people_rules *rules, sp_time now,
    struct sp_err *err) SP_MUST_USE;
#endif
