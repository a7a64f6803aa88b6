#ifndef GATE_DECISION_H
#define GATE_DECISION_H

#include "base/clock.h"
#include "gate/role.h"

/*
 * The decision: from what is known about who asks, what for and on what, to a
 * permit or a denial with its code.  A pure function over plain values: it
 * reads no clock, no database and no global, so that it can be enumerated
 * (decision_test.c) and explained (gate/explain.h).  Any thread.
 *
 * Whoever gathers the facts leaves what they could not find out at zero.  Zero
 * is the unknown of each, and denies wherever it is asked about.
 */

/* Why not.  One list: stable names, the section of the CJIS Security Policy
 * that the rule is from (v6.x ids), the rule in words. */
#define GATE_CODES(X)                                                          \
	X(GATE_PERMIT, "permit", "", "")                                       \
	X(GATE_UNKNOWN, "unknown", "IA-2, AC-2",                               \
	    "who asks is known here, and their account is active")             \
	X(GATE_SESSION_STALE, "session.stale", "AC-8, AC-11, IA-11, SC-10",    \
	    "the session is open, its notice acknowledged, neither idle nor "  \
	    "old")                                                             \
	X(GATE_OTHER_AGENCY, "other-agency", "AC-3, AC-21",                    \
	    "it is of one's own agency, or shared so far")                     \
	X(GATE_NO_LOCKBOX, "lockbox", "MA-4, SC-12",                           \
	    "the provider's staff act on evidence under a lockbox grant only") \
	X(GATE_NOT_ROLE, "role", "AC-5, AC-6", "the act is open to the role")  \
	X(GATE_SCREENING_MISSING, "screening.missing", "PS-3",                 \
	    "screened by fingerprint in the agency's state, and cleared")      \
	X(GATE_SCREENING_EXPIRED, "screening.expired", "PS-3",                 \
	    "the screening has not run out")                                   \
	X(GATE_TRAINING_MISSING, "training.missing", "AT-2, AT-3",             \
	    "trained for the role before access")                              \
	X(GATE_TRAINING_EXPIRED, "training.expired", "AT-2, AT-3",             \
	    "trained within the year, and after an event")                     \
	X(GATE_ADDENDUM_MISSING, "addendum.missing", "SA-9, Appendix H",       \
	    "the Security Addendum is signed, by company and person")          \
	X(GATE_AGREEMENT_MISSING, "agreement.missing", "CA-3, SA-9",           \
	    "the agreement is in force")                                       \
	X(GATE_NO_FACTOR, "factor", "IA-2(1), IA-2(2), IA-11",                 \
	    "proved who they are as strongly as the act asks")                 \
	X(GATE_NOT_CLASS, "class", "AC-3",                                     \
	    "the item's class is known, and open to role, act and way")        \
	X(GATE_HELD, "hold", "SI-12", "no hold is on the item")                \
	X(GATE_RETAINED, "retention", "SI-12",                                 \
	    "the item's time of retention is over")                            \
	X(GATE_NOT_PLACE, "geography", "SC-28",                                \
	    "content stays inside the agency's geography")

enum gate_code {
#define X(id, name, section, words) id,
	GATE_CODES(X)
#undef X
	    GATE_CODE_COUNT
};

/* What is asked, in this order; the first that fails decides. */
#define GATE_STEPS(X)                                                          \
	X(GATE_STEP_KNOWN, "known")                                            \
	X(GATE_STEP_SESSION, "session")                                        \
	X(GATE_STEP_AGENCY, "agency")                                          \
	X(GATE_STEP_ROLE, "role")                                              \
	X(GATE_STEP_DUTY, "duty")                                              \
	X(GATE_STEP_CLEARANCE, "clearance")                                    \
	X(GATE_STEP_FACTOR, "factor")                                          \
	X(GATE_STEP_CLASS, "class")                                            \
	X(GATE_STEP_HOLD, "hold")                                              \
	X(GATE_STEP_RETENTION, "retention")                                    \
	X(GATE_STEP_GEOGRAPHY, "geography")

enum gate_step {
#define X(id, name) id,
	GATE_STEPS(X)
#undef X
	    GATE_STEP_COUNT
};

enum gate_identity {
	GATE_NOBODY,  /* no credential, or one of an account that is not active
		       */
	GATE_SELF,    /* the site itself, when nobody asks */
	GATE_MACHINE, /* a token or service of the site's, a device */
	GATE_PERSON,
	GATE_ISSUED,  /* a token or service that a person issued, and is not
		       * theirs: duty and clearance are its issuer's */
	GATE_SETTLED, /* a token of the site's, now that an administrator can
		       * sign in: who is who is their business */
	GATE_IDENTITY_COUNT
};

enum gate_session {
	GATE_SESSION_NONE,   /* none, ended, disconnected */
	GATE_SESSION_LOCKED, /* the device lock is on */
	GATE_SESSION_UNREAD, /* the notice of use was not acknowledged */
	GATE_SESSION_OPEN,   /* idle and since_proof say how fresh */
	GATE_SESSION_KEY, /* a token of the person's: no session to grow old */
	GATE_SESSION_COUNT
};

/* May a service do this act? */
enum gate_scope {
	GATE_SCOPE_UNKNOWN,
	GATE_SCOPE_OUT,
	GATE_SCOPE_IN,
	GATE_SCOPE_COUNT
};

/* Is this human the one who asked for it, or whom it is about?  The same human
 * by another account is the same. */
enum gate_duty {
	GATE_DUTY_UNKNOWN,
	GATE_DUTY_SAME,
	GATE_DUTY_TIED, /* another account, but one may be behind the other */
	GATE_DUTY_NAMELESS, /* provider's staff of whom nobody said who it is */
	GATE_DUTY_OTHER,
	GATE_DUTY_COUNT
};

/* What the records say of the person in the state of the agency whose evidence
 * it is; with a share, in both agencies' states. */
enum gate_clearance {
	GATE_CLEARANCE_UNKNOWN, /* nobody looked: as if there were no records */
	GATE_CLEARANCE_SCREENING_MISSING,
	GATE_CLEARANCE_SCREENING_EXPIRED,
	GATE_CLEARANCE_TRAINING_MISSING,
	GATE_CLEARANCE_TRAINING_EXPIRED,
	GATE_CLEARANCE_ADDENDUM_MISSING,
	GATE_CLEARANCE_AGREEMENT_MISSING,
	GATE_CLEARANCE_OK,
	GATE_CLEARANCE_COUNT
};

enum gate_hold {
	GATE_HOLD_UNKNOWN,
	GATE_HOLD_ON,
	GATE_HOLD_NONE,
	GATE_HOLD_COUNT
};

enum gate_retention {
	GATE_RETENTION_UNKNOWN, /* keeps */
	GATE_RETENTION_RUNNING,
	GATE_RETENTION_OVER,
	GATE_RETENTION_COUNT
};

enum gate_place {
	GATE_PLACE_UNKNOWN,
	GATE_PLACE_OUTSIDE,
	GATE_PLACE_INSIDE,
	GATE_PLACE_COUNT
};

/* Times from the policy file in force.  An idle time or a proof exactly this
 * old is too old.  Zero: none is fresh. */
struct gate_limits {
	sp_time idle;    /* device lock (AC-11): 30 minutes */
	sp_time reproof; /* re-authentication (IA-11): 12 hours */
	sp_time fresh;   /* before a privileged act */
};

struct gate_facts {
	enum gate_identity identity;
	enum gate_role role; /* of a machine or person */
	enum gate_act act;
	enum gate_session session;
	sp_time idle; /* since the last request; below 0: a clock erred */
	sp_time since_proof; /* since the factors were last shown; likewise */
	const struct gate_limits *limits; /* borrowed; NULL: all zero */
	enum gate_factor factor; /* shown: none, single or second (or more) */
	enum gate_relation relation;
	enum gate_scope scope;
	enum gate_duty duty;
	enum gate_clearance clearance;
	enum gate_class class; /* of all of a kind: ordinary, and what comes of
				* it is filtered by gate_decision_class */
	enum gate_hold hold;
	enum gate_retention retention;
	enum gate_place place;
};

struct gate_verdict {
	bool permit;
	enum gate_code code; /* GATE_PERMIT, or why not */
	enum gate_step step; /* where it failed; GATE_STEP_COUNT: nowhere */
	/* How the admission stands in the ledger, before the pass exists; NULL:
	 * it need not.  Under a lockbox grant whatever is touched does. */
	const char *entry;
};

struct gate_verdict gate_decide(const struct gate_facts *f);

/* Does the act ask this step of such a caller at all? */
bool gate_decision_asks(const struct gate_facts *f, enum gate_step step);
/* This step alone, whether it is asked or not. */
enum gate_code gate_decision_step(
    const struct gate_facts *f, enum gate_step step);
/* The closest kept class of evidence that these facts come near, whatever
 * f->class says; GATE_CLASS_UNKNOWN: none. */
enum gate_class gate_decision_class(const struct gate_facts *f);

const char *gate_code_name(enum gate_code code);
const char *gate_code_section(enum gate_code code);
const char *gate_code_words(enum gate_code code);
bool gate_code_parse(const char *s, enum gate_code *out) SP_MUST_USE;
const char *gate_step_name(enum gate_step step);
/* "ok", or the code that such a clearance denies with. */
const char *gate_clearance_name(enum gate_clearance clearance);
bool gate_clearance_parse(const char *s, enum gate_clearance *out) SP_MUST_USE;

#endif
