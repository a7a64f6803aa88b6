#include "gate/decision.h"

#include <string.h>

#define X(id, name, section, words) [id] = { (name), (section), (words) },
static const struct {
	const char *name, *section, *words;
} codes[] = { GATE_CODES(X) };
#undef X

#define X(id, name) [id] = (name),
static const char *const step_names[] = { GATE_STEPS(X) };
#undef X

#define ASK(step) (1U << GATE_STEP_##step)
#define ASK_ALL   ((1U << GATE_STEP_COUNT) - 1)
#define ASK_ALWAYS                                                             \
	(ASK(KNOWN) | ASK(SESSION) | ASK(AGENCY) | ASK(ROLE) | ASK(FACTOR))
#define ASK_OF_DATA (ASK(CLASS) | ASK(HOLD) | ASK(RETENTION) | ASK(GEOGRAPHY))

/* What is asked of whom.  Rules about persons do not apply to machines, which
 * are who they are by one credential, and nobody's self; but whom a person sent
 * is that person's doing.  The site works on what it keeps itself, where it
 * keeps it. */
static const unsigned asks_identity[GATE_IDENTITY_COUNT] = {
	[GATE_NOBODY] = ASK_ALL,
	[GATE_SELF] = ASK(KNOWN) | ASK(AGENCY) | ASK(ROLE),
	[GATE_MACHINE] = ASK(KNOWN) | ASK(AGENCY) | ASK(ROLE) | ASK_OF_DATA,
	[GATE_PERSON] = ASK_ALL,
	[GATE_ISSUED] = ASK(KNOWN) | ASK(AGENCY) | ASK(ROLE) | ASK(DUTY) |
	    ASK(CLEARANCE) | ASK_OF_DATA,
	[GATE_SETTLED] = ASK(KNOWN) | ASK(AGENCY) | ASK(ROLE) | ASK_OF_DATA,
};

/* What an act's flags ask for, beyond what is always asked. */
static const struct {
	unsigned flag, asks;
} asks_flag[] = {
	{ GATE_APPROVES, ASK(DUTY) },
	{ GATE_NOT_SELF, ASK(DUTY) },
	{ GATE_CLEARED, ASK(CLEARANCE) },
	{ GATE_DESTROYS, ASK(HOLD) | ASK(RETENTION) },
	{ GATE_PLACED, ASK(GEOGRAPHY) },
};

static unsigned
asks(const struct gate_facts *f, const struct gate_act_row *row)
{
	unsigned set = ASK_ALWAYS;

	if (row->most != GATE_CLASS_UNKNOWN)
		set |= ASK(CLASS);
	for (size_t i = 0; i < SP_COUNTOF(asks_flag); i++)
		if ((row->flags & asks_flag[i].flag) != 0)
			set |= asks_flag[i].asks;
	return set & asks_identity[f->identity];
}

static const struct gate_limits *
limits(const struct gate_facts *f)
{
	static const struct gate_limits none;

	return f->limits == NULL ? &none : f->limits;
}

/* Below zero it was measured by a clock that has been set back. */
static bool
within(sp_time t, sp_time limit)
{
	return t >= 0 && t < limit;
}

/* --- the steps; each gives GATE_PERMIT or the code it fails with --- */

static enum gate_code
step_known(const struct gate_facts *f, const struct gate_act_row *row)
{
	(void)row;
	return f->identity == GATE_NOBODY ? GATE_UNKNOWN : GATE_PERMIT;
}

static enum gate_code
step_session(const struct gate_facts *f, const struct gate_act_row *row)
{
	bool fresh = f->session == GATE_SESSION_KEY ||
	    (f->session == GATE_SESSION_OPEN &&
		within(f->idle, limits(f)->idle) &&
		within(f->since_proof, limits(f)->reproof));

	(void)row;
	return fresh ? GATE_PERMIT : GATE_SESSION_STALE;
}

static enum gate_code
step_agency(const struct gate_facts *f, const struct gate_act_row *row)
{
	bool provider = f->identity != GATE_SELF &&
	    gate_role_row(f->role)->realm == GATE_REALM_PROVIDER;
	unsigned ways = f->identity == GATE_SELF
	    ? GATE_WAY(GATE_OWN)
	    : gate_role_ways(f->role, f->act);

	if ((ways & GATE_WAY(f->relation)) != 0)
		return GATE_PERMIT;
	return provider && (row->ways & GATE_WAY(GATE_LOCKBOX)) != 0
	    ? GATE_NO_LOCKBOX
	    : GATE_OTHER_AGENCY;
}

/* The mark in the table; a role that such a caller can have; and what only
 * persons do, or what a service was given to do. */
static bool
role_may(const struct gate_facts *f, const struct gate_act_row *row)
{
	const struct gate_role_row *role = gate_role_row(f->role);

	if (!gate_role_may(f->role, f->act))
		return false;
	if (f->identity == GATE_PERSON)
		return role->person;
	if (f->identity == GATE_SETTLED && (row->flags & GATE_FOUNDS) != 0)
		return false;
	return (role->token || !role->person) &&
	    (row->flags & GATE_PERSONS) == 0 &&
	    (f->role != GATE_SERVICE || f->scope == GATE_SCOPE_IN);
}

static enum gate_code
step_role(const struct gate_facts *f, const struct gate_act_row *row)
{
	bool may =
	    f->identity == GATE_SELF ? gate_site_may(f->act) : role_may(f, row);

	return may ? GATE_PERMIT : GATE_NOT_ROLE;
}

static enum gate_code
step_duty(const struct gate_facts *f, const struct gate_act_row *row)
{
	(void)row;
	return f->duty == GATE_DUTY_OTHER ? GATE_PERMIT : GATE_NOT_ROLE;
}

/* Order: enum gate_clearance. */
static const enum gate_code clearance_code[GATE_CLEARANCE_COUNT] = {
	[GATE_CLEARANCE_UNKNOWN] = GATE_SCREENING_MISSING,
	[GATE_CLEARANCE_SCREENING_MISSING] = GATE_SCREENING_MISSING,
	[GATE_CLEARANCE_SCREENING_EXPIRED] = GATE_SCREENING_EXPIRED,
	[GATE_CLEARANCE_TRAINING_MISSING] = GATE_TRAINING_MISSING,
	[GATE_CLEARANCE_TRAINING_EXPIRED] = GATE_TRAINING_EXPIRED,
	[GATE_CLEARANCE_ADDENDUM_MISSING] = GATE_ADDENDUM_MISSING,
	[GATE_CLEARANCE_AGREEMENT_MISSING] = GATE_AGREEMENT_MISSING,
	[GATE_CLEARANCE_OK] = GATE_PERMIT,
};

static enum gate_code
step_clearance(const struct gate_facts *f, const struct gate_act_row *row)
{
	(void)row;
	return clearance_code[f->clearance];
}

static enum gate_code
step_factor(const struct gate_facts *f, const struct gate_act_row *row)
{
	enum gate_factor have = f->factor;

	/* Fresh is judged here, whatever was said.  A token's text proves
	 * nothing again: only in a session can one show both factors anew. */
	if (have >= GATE_FACTOR_SECOND)
		have = f->session == GATE_SESSION_OPEN &&
			within(f->since_proof, limits(f)->fresh)
		    ? GATE_FACTOR_FRESH
		    : GATE_FACTOR_SECOND;
	return have >= row->factor ? GATE_PERMIT : GATE_NO_FACTOR;
}

/* What may go over a share, or be seen by the provider.  Evidence that a court
 * has sealed goes neither way. */
static const enum gate_class relation_most[GATE_RELATION_COUNT] = {
	[GATE_OTHER] = GATE_CLASS_UNKNOWN,
	[GATE_OWN] = GATE_CLASS_SEALED,
	[GATE_SHARED_VIEW] = GATE_CLASS_RESTRICTED,
	[GATE_SHARED_DOWNLOAD] = GATE_CLASS_RESTRICTED,
	[GATE_LOCKBOX] = GATE_CLASS_RESTRICTED,
};

static enum gate_class
least(enum gate_class a, enum gate_class b)
{
	return a < b ? a : b;
}

static enum gate_code
step_class(const struct gate_facts *f, const struct gate_act_row *row)
{
	(void)row;
	return f->class != GATE_CLASS_UNKNOWN &&
		f->class <= gate_decision_class(f)
	    ? GATE_PERMIT
	    : GATE_NOT_CLASS;
}

static enum gate_code
step_hold(const struct gate_facts *f, const struct gate_act_row *row)
{
	(void)row;
	return f->hold == GATE_HOLD_NONE ? GATE_PERMIT : GATE_HELD;
}

static enum gate_code
step_retention(const struct gate_facts *f, const struct gate_act_row *row)
{
	(void)row;
	return f->retention == GATE_RETENTION_OVER ? GATE_PERMIT
						   : GATE_RETAINED;
}

static enum gate_code
step_geography(const struct gate_facts *f, const struct gate_act_row *row)
{
	(void)row;
	return f->place == GATE_PLACE_INSIDE ? GATE_PERMIT : GATE_NOT_PLACE;
}

typedef enum gate_code (*step_fn)(
    const struct gate_facts *f, const struct gate_act_row *row);

static const step_fn steps[GATE_STEP_COUNT] = {
	[GATE_STEP_KNOWN] = step_known,
	[GATE_STEP_SESSION] = step_session,
	[GATE_STEP_AGENCY] = step_agency,
	[GATE_STEP_ROLE] = step_role,
	[GATE_STEP_DUTY] = step_duty,
	[GATE_STEP_CLEARANCE] = step_clearance,
	[GATE_STEP_FACTOR] = step_factor,
	[GATE_STEP_CLASS] = step_class,
	[GATE_STEP_HOLD] = step_hold,
	[GATE_STEP_RETENTION] = step_retention,
	[GATE_STEP_GEOGRAPHY] = step_geography,
};

/* Facts that are no facts are a bug of whoever gathered them. */
static void
require_in_range(const struct gate_facts *f)
{
	SP_REQUIRE((unsigned)f->identity < GATE_IDENTITY_COUNT);
	SP_REQUIRE((unsigned)f->role < GATE_ROLE_COUNT);
	SP_REQUIRE((unsigned)f->act < GATE_ACT_COUNT);
	SP_REQUIRE((unsigned)f->session < GATE_SESSION_COUNT);
	SP_REQUIRE((unsigned)f->factor < GATE_FACTOR_COUNT);
	SP_REQUIRE((unsigned)f->relation < GATE_RELATION_COUNT);
	SP_REQUIRE((unsigned)f->scope < GATE_SCOPE_COUNT);
	SP_REQUIRE((unsigned)f->duty < GATE_DUTY_COUNT);
	SP_REQUIRE((unsigned)f->clearance < GATE_CLEARANCE_COUNT);
	SP_REQUIRE((unsigned)f->class < GATE_CLASS_COUNT);
	SP_REQUIRE((unsigned)f->hold < GATE_HOLD_COUNT);
	SP_REQUIRE((unsigned)f->retention < GATE_RETENTION_COUNT);
	SP_REQUIRE((unsigned)f->place < GATE_PLACE_COUNT);
}

struct gate_verdict
gate_decide(const struct gate_facts *f)
{
	const struct gate_act_row *row;
	unsigned set;

	require_in_range(f);
	row = gate_act_row(f->act);
	set = asks(f, row);
	for (unsigned i = 0; i < GATE_STEP_COUNT; i++) {
		enum gate_code code = GATE_PERMIT;

		if ((set & (1U << i)) != 0)
			code = steps[i](f, row);
		if (code != GATE_PERMIT)
			return (struct gate_verdict){ .code = code,
				.step = (enum gate_step)i };
	}
	return (struct gate_verdict){
		.permit = true,
		.code = GATE_PERMIT,
		.step = GATE_STEP_COUNT,
		.entry = row->entry == NULL && f->relation == GATE_LOCKBOX
		    ? "lockbox.touched"
		    : row->entry,
	};
}

bool
gate_decision_asks(const struct gate_facts *f, enum gate_step step)
{
	require_in_range(f);
	SP_REQUIRE((unsigned)step < GATE_STEP_COUNT);
	return (asks(f, gate_act_row(f->act)) & (1U << step)) != 0;
}

enum gate_code
gate_decision_step(const struct gate_facts *f, enum gate_step step)
{
	require_in_range(f);
	SP_REQUIRE((unsigned)step < GATE_STEP_COUNT);
	return steps[step](f, gate_act_row(f->act));
}

enum gate_class
gate_decision_class(const struct gate_facts *f)
{
	enum gate_class act = gate_act_row(f->act)->most;
	enum gate_class way = relation_most[f->relation];

	if (f->identity == GATE_NOBODY)
		return GATE_CLASS_UNKNOWN;
	if (f->identity == GATE_SELF)
		return least(act, way);
	return least(gate_role_row(f->role)->most, least(act, way));
}

/* --- names --- */

const char *
gate_code_name(enum gate_code code)
{
	SP_REQUIRE((size_t)code < GATE_CODE_COUNT);
	return codes[code].name;
}

const char *
gate_code_section(enum gate_code code)
{
	SP_REQUIRE((size_t)code < GATE_CODE_COUNT);
	return codes[code].section;
}

const char *
gate_code_words(enum gate_code code)
{
	SP_REQUIRE((size_t)code < GATE_CODE_COUNT);
	return codes[code].words;
}

bool
gate_code_parse(const char *s, enum gate_code *out)
{
	for (unsigned i = 0; i < GATE_CODE_COUNT; i++) {
		if (strcmp(s, codes[i].name) == 0) {
			*out = (enum gate_code)i;
			return true;
		}
	}
	return false;
}

const char *
gate_step_name(enum gate_step step)
{
	SP_REQUIRE((size_t)step < GATE_STEP_COUNT);
	return step_names[step];
}

const char *
gate_clearance_name(enum gate_clearance clearance)
{
	SP_REQUIRE((size_t)clearance < GATE_CLEARANCE_COUNT);
	return clearance == GATE_CLEARANCE_OK
	    ? "ok"
	    : gate_code_name(clearance_code[clearance]);
}

bool
gate_clearance_parse(const char *s, enum gate_clearance *out)
{
	/* The last first: "screening.missing" is not "nobody looked". */
	for (unsigned i = GATE_CLEARANCE_COUNT; i-- > 1;) {
		if (strcmp(s, gate_clearance_name((enum gate_clearance)i)) ==
		    0) {
			*out = (enum gate_clearance)i;
			return true;
		}
	}
	return false;
}
