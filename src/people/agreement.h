#ifndef PEOPLE_AGREEMENT_H
#define PEOPLE_AGREEMENT_H

#include "people/person.h"

/*
 * The agency's agreements (CA-3, SA-9): with the state's CSA (without one
 * nobody of the agency sees CJI), with public bodies whose people work for it,
 * with other agencies.  Each has a review date: when that passes without a
 * review, the agreement is not in force.  Rows of reviews are added; an end is
 * an act of its own.
 */
#define PEOPLE_PARTNER 200

#define PEOPLE_AGREEMENTS(X)                                                   \
	X(PEOPLE_USER_AGREEMENT, "user") /* with the CSA */                    \
	X(PEOPLE_MANAGEMENT_CONTROL, "management-control")                     \
	X(PEOPLE_INFORMATION_EXCHANGE, "information-exchange")                 \
	X(PEOPLE_OUTSOURCING, "outsourcing")

enum people_agreement_kind {
#define X(id, name) id,
	PEOPLE_AGREEMENTS(X)
#undef X
	    PEOPLE_AGREEMENT_COUNT
};
const char *people_agreement_name(enum people_agreement_kind agreement);
bool people_agreement_parse(
    const char *s, enum people_agreement_kind *out) SP_MUST_USE;

struct people_agreement {
	struct sp_id id;
	enum people_agreement_kind kind;
	char partner[PEOPLE_PARTNER + 1];
	char state[3];
	people_day signed_on;
	people_day review;   /* first day it is not in force; NONE: by rule */
	people_day reviewed; /* last review; NONE: none */
	people_day ended;    /* NONE: not */
	sp_time recorded;
};

struct people_agreement_new {
	const char *kind;      /* NULL: user */
	const char *partner;   /* NULL: the state's CSA (kind user only) */
	const char *state;     /* NULL: the agency's */
	const char *signed_on; /* NULL: today */
	const char *review;    /* NULL: by rule */
	const char *reference; /* where the paper is; NULL: not said */
};
/* SP_E_INVALID, reason "agreement.<field>".  Object of the entries is the
 * agreement.  Entry "agreement.recorded" (kind, state, review). */
enum sp_code people_agreement_add(const struct people_act *a,
    const struct people_agreement_new *n, struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;
/* Reviewed on that day (NULL: today); the next review by rule or as given.
 * Entry "agreement.reviewed" (review). */
enum sp_code people_agreement_review(const struct people_act *a,
    const struct sp_id *id, const char *on, const char *next,
    struct sp_err *err) SP_MUST_USE;
/* Ended on that day (NULL: today; never a past day before its signing).
 * Entry "agreement.ended" (ended). */
enum sp_code people_agreement_end(const struct people_act *a,
    const struct sp_id *id, const char *on, struct sp_err *err) SP_MUST_USE;

/* All, oldest first. */
#define PEOPLE_AGREEMENTS_MAX 1024
enum sp_code people_agreement_each(struct db *db,
    enum sp_code (*visit)(
	void *arg, const struct people_agreement *a, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;
/* The first day on which it is not in force. */
people_day people_agreement_until(
    const struct people_agreement *a, const struct people_rules *rules);
/* With the CSA of the rules' state: the user agreement that is in force
 * longest.  With a partner: of any kind but user. */
enum sp_code people_agreement_user(struct db *db,
    const struct people_rules *rules, struct people_agreement *out, bool *found,
    struct sp_err *err) SP_MUST_USE;
enum sp_code people_agreement_with(struct db *db,
    const struct people_rules *rules, const char *partner,
    struct people_agreement *out, bool *found, struct sp_err *err) SP_MUST_USE;

enum sp_code people_agreement_json(struct sp_json *j, const char *name,
    struct db *db, const struct people_rules *rules,
    struct sp_err *err) SP_MUST_USE;
enum sp_code people_agreement_new_json(struct json_t *in,
    struct people_agreement_new *out, struct sp_err *err) SP_MUST_USE;

#endif
