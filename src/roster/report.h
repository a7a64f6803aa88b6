#ifndef ROSTER_REPORT_H
#define ROSTER_REPORT_H

#include "base/id.h"
#include "crypto/digest.h"
#include "people/rules.h"

/*
 * What a personnel file would do: its rows reconciled with the people that the
 * agency has.
 *
 *   CSV --> report (no effect; with its hash) --> apply(CSV, hash)
 *
 * A report with an error or a conflict is not applied (roster/apply.h).  Whom
 * the file leaves out is named, and left alone: to end an account is an act of
 * its own.
 *
 * docs/people.md has the columns.  A file with the columns ssn or dob is a
 * secret: the report never shows them.
 */
#define ROSTER_SAME 100 /* rows of one person */

struct db;
struct roster;

/* What a row would do, by the names of the acts that it takes to do it one at
 * a time (gate/role.h): an import is let do nothing that its caller may not.
 * In the order in which they are asked for. */
#define ROSTER_ACTS(X)                                                         \
	X(ROSTER_ADDS, "person.add")                                           \
	X(ROSTER_CHANGES, "person.change")                                     \
	X(ROSTER_PLACES, "role.assign") /* a role given, changed, said anew */ \
	X(ROSTER_SCREENS, "screening.record")                                  \
	X(ROSTER_SHUTS, "person.disable") /* the check was decided "denied" */ \
	X(ROSTER_TRAINS, "training.record")                                    \
	X(ROSTER_SEALS, "sealed.record")

enum roster_act {
#define X(id, name) id,
	ROSTER_ACTS(X)
#undef X
	    ROSTER_ACT_COUNT
};
const char *roster_act_name(enum roster_act act);

/* What the file would do.  `csv` is UTF-8 (a byte order mark is allowed),
 * borrowed for the call.  SP_E_INVALID, reason "roster.csv" or
 * "roster.columns", when it cannot be read as a table at all; faults of single
 * rows are in the report. */
enum sp_code roster_read(struct roster **out, struct db *db,
    const struct people_rules *rules, struct crypto_piece csv, sp_time now,
    struct sp_err *err) SP_MUST_USE;
void roster_free(struct roster *r); /* NULL is a no-op */

static inline void
roster_freep(struct roster **r)
{
	roster_free(*r);
}
#define ROSTER_AUTO SP_CLEANUP(roster_freep) struct roster *

struct roster_counts {
	size_t rows, adds, changes, same, records, sealed, missing, conflicts,
	    errors;
};
struct roster_counts roster_counts(const struct roster *r);
bool roster_clean(const struct roster *r); /* may be applied */
/* Each row that would do something, in the order of the file; ends at the first
 * failure of `visit`. */
struct roster_wish {
	size_t row;          /* as people count */
	struct sp_id person; /* zero: somebody who is added */
	unsigned acts;       /* bits of 1U << enum roster_act */
	/* Of somebody who is an administrator or a LASO (or of the provider's
	 * security), or becomes one (people_role_leads). */
	bool leads;
};
enum sp_code roster_each(const struct roster *r,
    enum sp_code (*visit)(
	void *arg, const struct roster_wish *w, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;
/* Is it the report of this hash, and may it be applied?  Else as
 * roster_apply fails. */
enum sp_code roster_agree(const struct roster *r,
    const uint8_t hash[static CRYPTO_SHA256_LEN],
    struct sp_err *err) SP_MUST_USE;
/* SHA-256 of file and report together. */
void roster_hash(const struct roster *r, uint8_t out[static CRYPTO_SHA256_LEN]);
struct sp_json;
/* {"acts":[…],"adds":…,"changes":…,…,"hash":"…","report":[{"acts":[…],…}]} */
void roster_json(struct sp_json *j, const char *name, const struct roster *r);

#endif
