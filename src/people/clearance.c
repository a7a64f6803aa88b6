#include "people/clearance.h"

#include "people/field.h"

#include <string.h>

static const char *const code_names[] = { PEOPLE_CODES(PEOPLE_NAME_ROW) };
static const char *const check_names[] = { PEOPLE_CHECKS(PEOPLE_NAME_ROW) };
static const char *const step_names[] = { PEOPLE_STEP_STATES(PEOPLE_NAME_ROW) };

const char *
people_code_name(enum people_code code)
{
	SP_REQUIRE((size_t)code < SP_COUNTOF(code_names));
	return code_names[code];
}

const char *
people_check_name(enum people_check check)
{
	SP_REQUIRE((size_t)check < SP_COUNTOF(check_names));
	return check_names[check];
}

const char *
people_step_state_name(enum people_step_state state)
{
	SP_REQUIRE((size_t)state < SP_COUNTOF(step_names));
	return step_names[state];
}

/* What a check that fails is called, and which rule asks for it. */
static const struct {
	enum people_code missing, expired;
	enum people_rule rule;
} checks[PEOPLE_CHECK_COUNT] = {
	[PEOPLE_CHECK_STATE] = { PEOPLE_SCREENING_MISSING,
	    PEOPLE_SCREENING_EXPIRED, PEOPLE_SCREENING_RENEWAL },
	[PEOPLE_CHECK_RESIDENCE] = { PEOPLE_SCREENING_MISSING,
	    PEOPLE_SCREENING_EXPIRED, PEOPLE_SCREENING_RESIDENCE },
	[PEOPLE_CHECK_LEVEL] = { PEOPLE_TRAINING_MISSING,
	    PEOPLE_TRAINING_EXPIRED, PEOPLE_TRAINING_RENEWAL },
	[PEOPLE_CHECK_PII] = { PEOPLE_TRAINING_MISSING, PEOPLE_TRAINING_EXPIRED,
	    PEOPLE_TRAINING_PII },
	[PEOPLE_CHECK_DEMAND] = { PEOPLE_TRAINING_MISSING,
	    PEOPLE_TRAINING_EXPIRED, PEOPLE_TRAINING_EVENT },
	[PEOPLE_CHECK_PERSON] = { PEOPLE_ADDENDUM_MISSING,
	    PEOPLE_ADDENDUM_MISSING, PEOPLE_ADDENDUM_AGENCY },
	[PEOPLE_CHECK_COMPANY] = { PEOPLE_ADDENDUM_MISSING,
	    PEOPLE_ADDENDUM_MISSING, PEOPLE_ADDENDUM_CONTRACTOR },
	[PEOPLE_CHECK_USER] = { PEOPLE_AGREEMENT_MISSING,
	    PEOPLE_AGREEMENT_MISSING, PEOPLE_AGREEMENT_REVIEW },
	[PEOPLE_CHECK_PARTNER] = { PEOPLE_AGREEMENT_MISSING,
	    PEOPLE_AGREEMENT_MISSING, PEOPLE_AGREEMENT_PARTNER },
};

/* --- the judgement: pure --- */

/* ok or expired by the day on which it ends; NONE: missing. */
static void
set_until(struct people_step *s, people_day until, people_day today)
{
	s->until = until;
	if (until == PEOPLE_DAY_NONE)
		s->state = PEOPLE_STEP_MISSING;
	else
		s->state = today < until ? PEOPLE_STEP_OK : PEOPLE_STEP_EXPIRED;
}

static void
not_needed(struct people_step *s)
{
	s->state = PEOPLE_STEP_NOT_NEEDED;
	s->until = PEOPLE_DAY_NEVER;
}

/* What was recorded before the denial `at`, but decided on a later day. */
static people_day
still_until(
    const struct people_records *r, size_t at, const struct people_rules *rules)
{
	people_day until = PEOPLE_DAY_NONE;

	for (size_t i = 0; i < at; i++) {
		const struct people_screening *s = &r->screening[i];
		people_day holds = people_screening_until(s, rules);

		if ((s->decision == PEOPLE_CLEARED ||
			s->decision == PEOPLE_VARIED) &&
		    strcmp(s->state, r->screening[at].state) == 0 &&
		    s->decided > r->screening[at].decided && holds > until)
			until = holds;
	}
	return until;
}

/*
 * After a denial everything decided before it is void (on the same day: what
 * was recorded before it).  Of what was decided in the person's favour since,
 * the one that holds longest counts.  A check that is pending changes nothing.
 */
static people_day
screened_until(const struct people_records *r, const char *state,
    const struct people_rules *rules)
{
	people_day denied = PEOPLE_DAY_NONE, until = PEOPLE_DAY_NONE;

	for (size_t i = 0; i < r->screenings; i++) {
		const struct people_screening *s = &r->screening[i];
		bool favour = s->decision == PEOPLE_CLEARED ||
		    s->decision == PEOPLE_VARIED;

		if (strcmp(s->state, state) != 0)
			continue;
		if (s->decision == PEOPLE_DENIED && s->decided >= denied) {
			denied = s->decided;
			until = still_until(r, i, rules);
		} else if (favour && s->decided >= denied) {
			people_day holds = people_screening_until(s, rules);

			until = holds > until ? holds : until;
		}
	}
	return until;
}

static void
judge_screening(const struct people_records *r,
    const struct people_rules *rules, people_day today,
    struct people_step step[static PEOPLE_CHECK_COUNT])
{
	struct people_step *at = &step[PEOPLE_CHECK_STATE];
	struct people_step *home = &step[PEOPLE_CHECK_RESIDENCE];

	memcpy(at->place, people_rules_state(rules), sizeof(at->place));
	memcpy(home->place, r->residence, sizeof(home->place));
	set_until(at, screened_until(r, at->place, rules), today);
	if (people_rules_get(rules, PEOPLE_SCREENING_RESIDENCE) == 0 ||
	    strcmp(home->place, at->place) == 0)
		not_needed(home);
	else
		set_until(home, screened_until(r, home->place, rules), today);
}

static people_day
trained_until(const struct people_records *r, enum people_course asked,
    const struct people_rules *rules)
{
	people_day until = PEOPLE_DAY_NONE;

	for (size_t i = 0; i < PEOPLE_COURSE_COUNT; i++) {
		const struct people_training *t = &r->training[i];
		people_day holds;

		if (t->completed == PEOPLE_DAY_NONE ||
		    !people_course_covers((enum people_course)i, asked))
			continue;
		holds = people_training_until(t, rules);
		if (holds > until)
			until = holds;
	}
	return until;
}

static void
judge_training(const struct people_records *r, const struct people_rules *rules,
    people_day today, struct people_step step[static PEOPLE_CHECK_COUNT])
{
	struct people_step *level = &step[PEOPLE_CHECK_LEVEL];
	struct people_step *pii = &step[PEOPLE_CHECK_PII];
	struct people_step *demand = &step[PEOPLE_CHECK_DEMAND];

	level->course = (enum people_course)(
	    PEOPLE_LEVEL1 + people_rules_level(rules, r->role) - 1);
	pii->course = PEOPLE_PII;
	set_until(level, trained_until(r, level->course, rules), today);
	if (people_rules_get(rules, PEOPLE_TRAINING_PII) == 0)
		not_needed(pii);
	else
		set_until(pii, trained_until(r, PEOPLE_PII, rules), today);
	not_needed(demand);
	for (size_t i = 0; i < r->demands; i++) {
		if (r->demand[i].due >= demand->until)
			continue;
		demand->course = r->demand[i].course;
		set_until(demand, r->demand[i].due, today);
	}
}

static void
judge_papers(const struct people_records *r, const struct people_rules *rules,
    people_day today, struct people_step step[static PEOPLE_CHECK_COUNT])
{
	enum people_document document = people_document_for(r->kind, rules);
	bool contractor = r->kind == PEOPLE_CONTRACTOR;
	struct people_step *person = &step[PEOPLE_CHECK_PERSON];
	struct people_step *company = &step[PEOPLE_CHECK_COMPANY];
	struct people_step *user = &step[PEOPLE_CHECK_USER];
	struct people_step *partner = &step[PEOPLE_CHECK_PARTNER];

	if (!contractor && people_rules_get(rules, PEOPLE_ADDENDUM_AGENCY) == 0)
		not_needed(person);
	else
		set_until(person,
		    r->has_signature[document]
			? people_addendum_until(&r->signature[document], rules)
			: PEOPLE_DAY_NONE,
		    today);
	if (!contractor)
		not_needed(company);
	else
		set_until(company,
		    r->has_company ? people_addendum_until(&r->company, rules)
				   : PEOPLE_DAY_NONE,
		    today);
	memcpy(user->place, people_rules_state(rules), sizeof(user->place));
	set_until(user,
	    r->has_user ? people_agreement_until(&r->user, rules)
			: PEOPLE_DAY_NONE,
	    today);
	if (r->kind != PEOPLE_OUTSIDE ||
	    people_rules_get(rules, PEOPLE_AGREEMENT_PARTNER) == 0)
		not_needed(partner);
	else
		set_until(partner,
		    r->has_partner ? people_agreement_until(&r->partner, rules)
				   : PEOPLE_DAY_NONE,
		    today);
	if (contractor)
		person->rule = PEOPLE_ADDENDUM_CONTRACTOR;
}

enum people_code
people_step_code(const struct people_step *s)
{
	switch (s->state) {
	case PEOPLE_STEP_MISSING: return checks[s->check].missing;
	case PEOPLE_STEP_EXPIRED: return checks[s->check].expired;
	case PEOPLE_STEP_OK:
	case PEOPLE_STEP_NOT_NEEDED:
	case PEOPLE_STEP_STATE_COUNT: break;
	}
	return PEOPLE_OK;
}

static void
conclude(struct people_verdict *v)
{
	v->code = PEOPLE_OK;
	v->until = PEOPLE_DAY_NEVER;
	v->first = PEOPLE_CHECK_STATE;
	for (size_t i = 0; i < PEOPLE_CHECK_COUNT; i++) {
		enum people_code code = people_step_code(&v->step[i]);

		if (code != PEOPLE_OK &&
		    (v->code == PEOPLE_OK || code < v->code)) {
			v->code = code;
			v->first = (enum people_check)i;
		}
	}
	if (v->code != PEOPLE_OK) {
		v->until = PEOPLE_DAY_NONE;
		return;
	}
	for (size_t i = 0; i < PEOPLE_CHECK_COUNT; i++) {
		if (v->step[i].state == PEOPLE_STEP_OK &&
		    v->step[i].until < v->until) {
			v->until = v->step[i].until;
			v->first = (enum people_check)i;
		}
	}
}

struct people_verdict
people_clearance_of(const struct people_records *records,
    const struct people_rules *rules, people_day today)
{
	struct people_verdict v;

	memset(&v, 0, sizeof(v));
	for (size_t i = 0; i < PEOPLE_CHECK_COUNT; i++) {
		v.step[i].check = (enum people_check)i;
		v.step[i].rule = checks[i].rule;
	}
	judge_screening(records, rules, today, v.step);
	judge_training(records, rules, today, v.step);
	judge_papers(records, rules, today, v.step);
	conclude(&v);
	return v;
}

/* --- the records --- */

/* What rests on others than the person. */
static enum sp_code
gather_partners(struct db *db, const struct people_person *p,
    const struct people_rules *rules, struct people_records *r,
    struct sp_err *err)
{
	SP_TRY(people_agreement_user(db, rules, &r->user, &r->has_user, err));
	if (p->kind == PEOPLE_CONTRACTOR)
		return people_addendum_of_company(
		    db, p->employer, rules, &r->company, &r->has_company, err);
	if (p->kind == PEOPLE_OUTSIDE && p->employer[0] != '\0')
		return people_agreement_with(
		    db, rules, p->employer, &r->partner, &r->has_partner, err);
	return SP_OK;
}

enum sp_code
people_clearance_gather(struct db *db, const struct people_person *p,
    const struct people_rules *rules, struct people_records *out,
    struct sp_err *err)
{
	struct people_records r;

	memset(&r, 0, sizeof(r));
	r.role = p->role;
	r.kind = p->kind;
	memcpy(r.residence, p->residence, sizeof(r.residence));
	SP_TRY(people_screening_of(db, &p->id, r.screening,
	    PEOPLE_SCREENINGS_MAX, &r.screenings, err));
	SP_TRY(people_training_of(db, &p->id, rules, r.training, err));
	SP_TRY(people_training_demands(
	    db, &p->id, r.demand, PEOPLE_DEMANDS_MAX, &r.demands, err));
	SP_TRY(people_addendum_of(
	    db, &p->id, rules, r.signature, r.has_signature, err));
	SP_TRY(gather_partners(db, p, rules, &r, err));
	*out = r;
	return SP_OK;
}

enum sp_code
people_clearance(struct db *db, const struct people_person *p,
    const struct people_rules *rules, sp_time now, struct people_verdict *out,
    struct sp_err *err)
{
	struct people_records r;

	SP_TRY(people_clearance_gather(db, p, rules, &r, err));
	*out = people_clearance_of(&r, rules, people_day_of(rules, now));
	return SP_OK;
}
