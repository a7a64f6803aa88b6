#ifndef PEOPLE_SCREENING_H
#define PEOPLE_SCREENING_H

#include "people/person.h"

/*
 * Fingerprint-based checks of a person, a row for each and state (PS-3): who
 * decided what, and until when it holds.  Rows are only added; a later
 * decision takes the place of an earlier one of the same state, a check that is
 * pending takes nothing's place.  "denied" disables the account at once.
 */
#define PEOPLE_ADJUDICATOR 200
#define PEOPLE_VARIANCE    500

#define PEOPLE_DECISIONS(X)                                                    \
	X(PEOPLE_CLEARED, "cleared")                                           \
	X(PEOPLE_DENIED, "denied")                                             \
	X(PEOPLE_PENDING, "pending")                                           \
	X(PEOPLE_VARIED, "variance") /* cleared by the CSO's exception */

enum people_decision {
#define X(id, name) id,
	PEOPLE_DECISIONS(X)
#undef X
	    PEOPLE_DECISION_COUNT
};
const char *people_decision_name(enum people_decision decision);
bool people_decision_parse(
    const char *s, enum people_decision *out) SP_MUST_USE;
/* As people write it, in capitals, say. */
bool people_decision_read(const char *s, enum people_decision *out) SP_MUST_USE;

struct people_screening {
	struct sp_id id;
	char state[3];
	people_day fingerprinted;
	enum people_decision decision;
	people_day decided; /* NONE while pending */
	people_day expires; /* first day it does not hold; NONE: by rule */
	sp_time recorded;
};

struct people_screening_new {
	const char *state;         /* NULL: the agency's */
	const char *fingerprinted; /* "2026-11-21"; NULL: today */
	const char *adjudicator;   /* NULL: who records it, and so marked */
	const char *decision;      /* NULL: cleared */
	const char *decided;       /* NULL: today */
	const char *variance;      /* what was excepted; with "variance" only */
	const char *expires;       /* needed with "variance" */
};
/* Nobody records their own.  SP_E_INVALID, reason "screening.<field>".  Entry
 * "screening.recorded" (record, state, decision, expires); with "denied" also
 * "person.disabled". */
enum sp_code people_screening_add(const struct people_act *a,
    const struct sp_id *person, const struct people_screening_new *n,
    struct sp_id *id, struct sp_err *err) SP_MUST_USE;
enum sp_code people_screening_check(const struct people_rules *rules,
    const struct people_screening_new *n, sp_time now,
    struct people_screening *out, struct sp_err *err) SP_MUST_USE;

/* Those of one person, oldest first; SP_E_LIMIT past `n`. */
#define PEOPLE_SCREENINGS_MAX 64
enum sp_code people_screening_of(struct db *db, const struct sp_id *person,
    struct people_screening *out, size_t n, size_t *got,
    struct sp_err *err) SP_MUST_USE;
/* The first day on which this record does not hold; NEVER with a rule of 0,
 * NONE where it clears nobody: denied, pending. */
people_day people_screening_until(
    const struct people_screening *s, const struct people_rules *rules);

/* An array of all that is recorded of the person, with adjudicator. */
enum sp_code people_screening_json(struct sp_json *j, const char *name,
    struct db *db, const struct sp_id *person, const struct people_rules *rules,
    struct sp_err *err) SP_MUST_USE;
enum sp_code people_screening_new_json(struct json_t *in,
    struct people_screening_new *out, struct sp_err *err) SP_MUST_USE;

#endif
