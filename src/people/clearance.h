#ifndef PEOPLE_CLEARANCE_H
#define PEOPLE_CLEARANCE_H

#include "people/addendum.h"
#include "people/agreement.h"
#include "people/screening.h"
#include "people/training.h"

/*
 * cleared(person, agency): whether a person may see criminal justice
 * information of this agency now.  It is computed out of the records at each
 * admission and stored nowhere.
 *
 *   records (plain values) + rules + day  -->  verdict with its path
 *
 * Everything here lasts until the beginning of some day in the agency's zone:
 * on the day that `until` names it does not hold any more.  So a verdict only
 * ever turns from ok to a code by time passing; back only by a new record.
 */

/* Codes, in the order in which they are told when there are several. */
#define PEOPLE_CODES(X)                                                        \
	X(PEOPLE_OK, "ok")                                                     \
	X(PEOPLE_SCREENING_MISSING, "screening.missing")                       \
	X(PEOPLE_SCREENING_EXPIRED, "screening.expired")                       \
	X(PEOPLE_TRAINING_MISSING, "training.missing")                         \
	X(PEOPLE_TRAINING_EXPIRED, "training.expired")                         \
	X(PEOPLE_ADDENDUM_MISSING, "addendum.missing")                         \
	X(PEOPLE_AGREEMENT_MISSING, "agreement.missing")

enum people_code {
#define X(id, name) id,
	PEOPLE_CODES(X)
#undef X
	    PEOPLE_CODE_COUNT
};
const char *people_code_name(enum people_code code);

/* What is looked at, in this order; each is one step of the path. */
#define PEOPLE_CHECKS(X)                                                       \
	X(PEOPLE_CHECK_STATE, "screening.state")                               \
	X(PEOPLE_CHECK_RESIDENCE, "screening.residence")                       \
	X(PEOPLE_CHECK_LEVEL, "training.level")                                \
	X(PEOPLE_CHECK_PII, "training.pii")                                    \
	X(PEOPLE_CHECK_DEMAND, "training.demand")                              \
	X(PEOPLE_CHECK_PERSON, "addendum.person")                              \
	X(PEOPLE_CHECK_COMPANY, "addendum.company")                            \
	X(PEOPLE_CHECK_USER, "agreement.user")                                 \
	X(PEOPLE_CHECK_PARTNER, "agreement.partner")

enum people_check {
#define X(id, name) id,
	PEOPLE_CHECKS(X)
#undef X
	    PEOPLE_CHECK_COUNT
};
const char *people_check_name(enum people_check check);

/* The records, as plain values.  What lasts is [.., until): until NONE means
 * that there is no such record. */
struct people_records {
	enum people_role role;
	enum people_kind kind;
	char residence[3]; /* the agency's state is that of the rules */
	size_t screenings, demands;
	struct people_screening screening[PEOPLE_SCREENINGS_MAX];
	struct people_training training[PEOPLE_COURSE_COUNT]; /* by course */
	struct people_demand demand[PEOPLE_DEMANDS_MAX];
	struct people_signature signature[PEOPLE_DOCUMENT_COUNT];
	bool has_signature[PEOPLE_DOCUMENT_COUNT];
	bool has_company, has_user, has_partner;
	struct people_signature company;
	struct people_agreement user, partner;
};

#define PEOPLE_STEP_STATES(X)                                                  \
	X(PEOPLE_STEP_OK, "ok")                                                \
	X(PEOPLE_STEP_NOT_NEEDED, "not-needed")                                \
	X(PEOPLE_STEP_MISSING, "missing")                                      \
	X(PEOPLE_STEP_EXPIRED, "expired")

enum people_step_state {
#define X(id, name) id,
	PEOPLE_STEP_STATES(X)
#undef X
	    PEOPLE_STEP_STATE_COUNT
};
const char *people_step_state_name(enum people_step_state state);

struct people_step {
	enum people_check check;
	enum people_step_state state;
	enum people_rule rule; /* section and text come from it */
	people_day until;      /* ok, expired: that day; else NONE or NEVER */
	enum people_course course; /* of training.* */
	char place[3];             /* of screening.* and agreement.user */
};

struct people_verdict {
	enum people_code code;
	people_day until; /* ok: the first day it will not be; else NONE */
	enum people_check first; /* ok: what lapses then; else what denies */
	struct people_step step[PEOPLE_CHECK_COUNT];
};

/* Pure. */
struct people_verdict people_clearance_of(const struct people_records *records,
    const struct people_rules *rules, people_day today);
/* What would turn this verdict into ok, or keep it so, in words (at most 200
 * bytes); "" when ok and nothing lapses. */
void people_clearance_change(const struct people_verdict *v,
    const struct people_rules *rules, struct sp_buf *out);

/* Its code: that of the check where it fails, else PEOPLE_OK. */
enum people_code people_step_code(const struct people_step *s);
/* The checks that fail, what decides first; how many. */
size_t people_clearance_failing(const struct people_verdict *v,
    enum people_check out[static PEOPLE_CHECK_COUNT]);
/* Whose a verdict is, so that what to do can be said as it is done. */
struct people_remedy {
	const char *person;   /* login */
	const char *employer; /* "": none */
	const char *house;    /* slug of whose rules judge; NULL: not told */
	bool guest;           /* that is another house than the person's */
	/* Slug of the house that keeps agreement and company's signature; NULL:
	 * the person's. */
	const char *papers;
};
/* What one failing check takes, in words, and the command that records it (at
 * most 1000 bytes): "ann.lee: the course event that was demanded, completed:
 * sallyport training add ann.lee --course event". */
void people_clearance_remedy(const struct people_step *s,
    const struct people_remedy *r, struct sp_buf *out);

/* Read a person's records.  `p` as people_person_by_id gave it. */
enum sp_code people_clearance_gather(struct db *db,
    const struct people_person *p, const struct people_rules *rules,
    struct people_records *out, struct sp_err *err) SP_MUST_USE;
/* Gather and judge. */
enum sp_code people_clearance(struct db *db, const struct people_person *p,
    const struct people_rules *rules, sp_time now, struct people_verdict *out,
    struct sp_err *err) SP_MUST_USE;

/* {"change":…,"code":…,"path":[{…}],"until":…} */
void people_clearance_json(struct sp_json *j, const char *name,
    const struct people_verdict *v, const struct people_rules *rules);
/* The same with "changes":[{"check":…,"code":…,"do":…},…], one for each check
 * that fails, what decides first, and "house" where it is told. */
void people_clearance_json_for(struct sp_json *j,
    const struct people_verdict *v, const struct people_rules *rules,
    const struct people_remedy *r);

/*
 * What happens by itself.  The agency's room calls people_clearance_due every
 * few seconds and, when it says so, the act.  Each does a bounded piece and
 * says whether there is more.
 *
 *   - an account past its end is terminated, a temporary one past its time too
 *   - one unused for 90 days is disabled
 *   - 30, 14, 7 and 1 days (by rule) before something lapses, each once, an
 *     entry "clearance.warned" (check, days, until); on the day, once,
 *     "clearance.lapsed" (check, until)
 *
 * Everybody is looked at once a day of the agency, and whoever something is
 * recorded about soon after that, whatever the day's round has passed.
 *
 * What lapses for everybody (an agreement, a company's signature) is told once,
 * of itself.  Notices are what was done, for whoever tells events after the
 * commit; what does not fit is only in the ledger, which is the record.
 */
#define PEOPLE_TICK_SLICE   64  /* persons looked at in one act, at most */
#define PEOPLE_TICK_NOTICES 128 /* told in one act, at most */

#define PEOPLE_NOTICES(X)                                                      \
	X(PEOPLE_NOTICE_DISABLED, "person.disabled")                           \
	X(PEOPLE_NOTICE_TERMINATED, "person.terminated")                       \
	X(PEOPLE_NOTICE_WARNED, "clearance.warned")                            \
	X(PEOPLE_NOTICE_LAPSED, "clearance.lapsed")

enum people_notice_kind {
#define X(id, name) id,
	PEOPLE_NOTICES(X)
#undef X
	    PEOPLE_NOTICE_COUNT
};
struct people_notice {
	enum people_notice_kind kind;
	const char *object_kind; /* static: person, agreement, addendum */
	struct sp_id object;
	enum people_reason reason; /* disabled, terminated */
	enum people_check check;   /* warned, lapsed */
	people_day until;
	int64_t days; /* warned: this many or fewer are left */
};
struct people_tick {
	/* in */
	struct sp_id agency;
	const struct people_rules *rules;
	sp_time now;
	/* out */
	bool more;
	size_t notices;
	struct people_notice notice[PEOPLE_TICK_NOTICES];
};
enum sp_code people_clearance_due(struct db *db,
    const struct people_rules *rules, sp_time now, bool *due,
    struct sp_err *err) SP_MUST_USE;
/* A ledger_act; `arg` is a struct people_tick. */
enum sp_code people_clearance_tick(
    struct ledger_tx *tx, void *arg, struct sp_err *err) SP_MUST_USE;

#endif
