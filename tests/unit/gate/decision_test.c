#include "gate/decision.h"

#include "base/parse.h"
#include "sentences.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

#define MINUTE (60 * SP_SECOND)

static const struct gate_limits limits = {
	.idle = 30 * MINUTE,
	.reproof = 720 * MINUTE,
	.fresh = 15 * MINUTE,
};

/* --- the rules once more, told by brute force --- */

/* What the sentences say of a role and an act, looked up once for both. */
struct said {
	bool provider, outside, machine, service, token;
	bool may, evidence, clearance, persons, asks_duty, destroys, placed;
	bool founds;
	bool by_own, by_view, by_download, by_lockbox;
	int factor, class;
	const char *entry;
};

/* By which ways anybody at all comes to an act. */
static void
say_ways(struct said *s, const char *act)
{
	s->by_own = true;
	s->by_view = s->by_download = s->by_lockbox = false;
	if (is(act, "evidence.list") || is(act, "evidence.show") ||
	    is(act, "evidence.custody") || is(act, "evidence.view") ||
	    is(act, "evidence.preview"))
		s->by_view = s->by_download = true;
	if (is(act, "evidence.export"))
		s->by_download = true;
	if (is(act, "evidence.show") || is(act, "evidence.view") ||
	    is(act, "evidence.preview"))
		s->by_lockbox = true;
	if (is(act, "share.use") || is(act, "share.reshare")) {
		s->by_own = false;
		s->by_view = s->by_download = true;
	}
	if (is(act, "lockbox.use")) {
		s->by_own = false;
		s->by_lockbox = true;
	}
}

static void
say(struct said *s, enum gate_role r, enum gate_act a)
{
	const char *role = gate_role_name(r), *act = gate_act_name(a);
	int role_class = sentence_role_class(role);
	int act_class = sentence_act_class(act);

	say_ways(s, act);
	s->provider = is(role, "operator") || is(role, "provider-security");
	s->outside = is(role, "prosecutor");
	s->machine = is(role, "device") || is(role, "service");
	s->service = is(role, "service");
	s->token = is(role, "administrator") || is(role, "custodian") ||
	    is(role, "officer") || is(role, "auditor") || is(role, "device");
	s->may = sentence_may(role, act);
	s->evidence = sentence_evidence(act);
	s->clearance = sentence_clearance(act);
	s->persons = sentence_persons(act);
	s->founds = sentence_founds(act);
	s->asks_duty = sentence_after(act) != NULL || sentence_not_self(act);
	s->destroys = begins(act, "disposition.");
	s->placed = sentence_placed(act);
	s->factor = sentence_factor(act);
	s->class = role_class < act_class ? role_class : act_class;
	s->entry = sentence_entry(act);
	if (s->machine || is(role, "cso"))
		s->by_view = s->by_download = false;
}

/* "Same agency, or a share, or a lockbox grant." */
static const char *
brute_agency(const struct said *s, const struct gate_facts *f)
{
	if (!s->evidence)
		return f->relation == GATE_OWN ? NULL : "other-agency";
	if (s->provider) {
		if (!s->by_lockbox)
			return "other-agency";
		return f->relation == GATE_LOCKBOX ? NULL : "lockbox";
	}
	if (f->relation == GATE_OWN && s->by_own && !s->outside)
		return NULL;
	if (f->relation == GATE_SHARED_VIEW && s->by_view)
		return NULL;
	if (f->relation == GATE_SHARED_DOWNLOAD && s->by_download)
		return NULL;
	return "other-agency";
}

/* "Session fresh": open, read, touched within 30 minutes, proved within 12
 * hours; a token has none of that. */
static const char *
brute_session(const struct gate_facts *f)
{
	if (f->session == GATE_SESSION_KEY)
		return NULL;
	if (f->session != GATE_SESSION_OPEN)
		return "session.stale";
	if (f->idle < 0 || f->idle >= 30 * MINUTE)
		return "session.stale";
	if (f->since_proof < 0 || f->since_proof >= 720 * MINUTE)
		return "session.stale";
	return NULL;
}

static const char *
brute_clearance(const struct gate_facts *f)
{
	switch (f->clearance) {
	case GATE_CLEARANCE_OK: return NULL;
	case GATE_CLEARANCE_UNKNOWN:
	case GATE_CLEARANCE_SCREENING_MISSING: return "screening.missing";
	case GATE_CLEARANCE_SCREENING_EXPIRED: return "screening.expired";
	case GATE_CLEARANCE_TRAINING_MISSING: return "training.missing";
	case GATE_CLEARANCE_TRAINING_EXPIRED: return "training.expired";
	case GATE_CLEARANCE_ADDENDUM_MISSING: return "addendum.missing";
	case GATE_CLEARANCE_AGREEMENT_MISSING: return "agreement.missing";
	case GATE_CLEARANCE_COUNT: break;
	}
	return "?";
}

static const char *
brute_factor(const struct said *s, const struct gate_facts *f)
{
	if (f->factor == GATE_FACTOR_NONE)
		return "factor";
	if (s->factor >= 2 && f->factor == GATE_FACTOR_SINGLE)
		return "factor";
	if (s->factor == 3 &&
	    (f->session != GATE_SESSION_OPEN || f->since_proof < 0 ||
		f->since_proof >= 15 * MINUTE))
		return "factor";
	return NULL;
}

static const char *
brute_object(const struct said *s, const struct gate_facts *f)
{
	if (s->evidence) {
		int most = s->class;

		if (f->relation != GATE_OWN && most > 2)
			most = 2;
		if (f->class == GATE_CLASS_UNKNOWN)
			return "class";
		if (f->class == GATE_CLASS_RESTRICTED && most < 2)
			return "class";
		if (f->class == GATE_CLASS_SEALED && most < 3)
			return "class";
	}
	if (s->destroys) {
		if (f->hold != GATE_HOLD_NONE)
			return "hold";
		if (f->retention != GATE_RETENTION_OVER)
			return "retention";
	}
	if (s->placed && f->place != GATE_PLACE_INSIDE)
		return "geography";
	return NULL;
}

#define FIRST(call)                                                            \
	do {                                                                   \
		const char *first_ = (call);                                   \
		if (first_ != NULL)                                            \
			return first_;                                         \
	} while (0)

static const char *
brute_person(const struct said *s, const struct gate_facts *f)
{
	FIRST(brute_session(f));
	FIRST(brute_agency(s, f));
	if (!s->may || s->machine)
		return "role";
	if (s->asks_duty && f->duty != GATE_DUTY_OTHER)
		return "role";
	if (s->clearance)
		FIRST(brute_clearance(f));
	FIRST(brute_factor(s, f));
	return brute_object(s, f);
}

static const char *
brute_machine(const struct said *s, const struct gate_facts *f)
{
	FIRST(brute_agency(s, f));
	if (!s->may || s->persons)
		return "role";
	if (f->identity == GATE_SETTLED && s->founds)
		return "role";
	if (!s->token && !s->machine)
		return "role";
	if (s->service && f->scope != GATE_SCOPE_IN)
		return "role";
	if (f->identity == GATE_ISSUED) {
		if (s->asks_duty && f->duty != GATE_DUTY_OTHER)
			return "role";
		if (s->clearance)
			FIRST(brute_clearance(f));
	}
	return brute_object(s, f);
}

/* NULL: permitted. */
static const char *
brute(const struct said *s, const struct gate_facts *f)
{
	switch (f->identity) {
	case GATE_NOBODY: break;
	case GATE_SELF:
		if (f->relation != GATE_OWN)
			return "other-agency";
		return f->act == GATE_PROBE ? NULL : "role";
	case GATE_ISSUED:
	case GATE_SETTLED:
	case GATE_MACHINE: return brute_machine(s, f);
	case GATE_PERSON: return brute_person(s, f);
	case GATE_IDENTITY_COUNT: break;
	}
	return "unknown";
}

static void
check_same(const struct said *s, const struct gate_facts *f)
{
	struct gate_verdict v = gate_decide(f);
	const char *want = brute(s, f);

	if (want != NULL) {
		if (v.permit || !is(gate_code_name(v.code), want))
			tap_fail(
			    __FILE__, __LINE__, want, gate_act_name(f->act));
		CHECK(v.entry == NULL);
		return;
	}
	if (!v.permit || v.code != GATE_PERMIT || v.step != GATE_STEP_COUNT)
		tap_fail(__FILE__, __LINE__, "permit", gate_act_name(f->act));
	if (s->entry != NULL)
		CHECK(v.entry != NULL && is(v.entry, s->entry));
	else if (f->relation == GATE_LOCKBOX)
		CHECK(v.entry != NULL && is(v.entry, "lockbox.touched"));
	else
		CHECK(v.entry == NULL);
	/* The provider's staff and content: never but under a grant, and
	 * cleared. */
	if (s->provider && s->evidence && f->identity != GATE_SELF)
		CHECK(f->relation == GATE_LOCKBOX &&
		    f->clearance == GATE_CLEARANCE_OK);
}

/* --- going through them all --- */

/* Sanitizers look at a sample: every so many-th, a prime. */
#ifdef SP_SANITIZED
#define STRIDE 101
#else
#define STRIDE 1
#endif

/* A wheel of a counter: what it sets and how many values there are. */
struct wheel {
	unsigned count;
	void (*set)(struct gate_facts *f, unsigned value);
	unsigned at;
};

#define WHEEL(name, field, type)                                               \
	static void set_##name(struct gate_facts *f, unsigned v)               \
	{                                                                      \
		f->field = (type)v;                                            \
	}
WHEEL(role, role, enum gate_role)
WHEEL(act, act, enum gate_act)
WHEEL(identity, identity, enum gate_identity)
WHEEL(factor, factor, enum gate_factor)
WHEEL(relation, relation, enum gate_relation)
WHEEL(scope, scope, enum gate_scope)
WHEEL(duty, duty, enum gate_duty)
WHEEL(clearance, clearance, enum gate_clearance)
WHEEL(class, class, enum gate_class)
WHEEL(hold, hold, enum gate_hold)
WHEEL(retention, retention, enum gate_retention)
WHEEL(place, place, enum gate_place)

/* Sessions, and each side of the line between idle and not. */
static void
set_session(struct gate_facts *f, unsigned v)
{
	static const struct {
		enum gate_session session;
		sp_time idle;
	} all[] = {
		{ GATE_SESSION_NONE, 0 },
		{ GATE_SESSION_LOCKED, 0 },
		{ GATE_SESSION_UNREAD, 0 },
		{ GATE_SESSION_OPEN, 30 * MINUTE - 1 },
		{ GATE_SESSION_OPEN, 30 * MINUTE },
		{ GATE_SESSION_KEY, INT64_MAX },
		{ GATE_SESSION_OPEN, -1 },
	};

	f->session = all[v].session;
	f->idle = all[v].idle;
}

/* Proofs, and each side of the two lines. */
static void
set_proof(struct gate_facts *f, unsigned v)
{
	static const sp_time all[] = { 15 * MINUTE - 1, 720 * MINUTE - 1,
		720 * MINUTE, 15 * MINUTE, -1, 0, INT64_MAX, INT64_MIN };

	f->since_proof = all[v];
}

/* Hold, retention and place in one, for where only one at a time matters. */
static void
set_trouble(struct gate_facts *f, unsigned v)
{
	f->hold = v == 1 ? GATE_HOLD_UNKNOWN : GATE_HOLD_NONE;
	f->retention = v == 2 ? GATE_RETENTION_RUNNING : GATE_RETENTION_OVER;
	f->place = v == 3 ? GATE_PLACE_OUTSIDE : GATE_PLACE_INSIDE;
}

/* Nothing known, or all that clears. */
static void
set_cleared(struct gate_facts *f, unsigned v)
{
	f->clearance = v == 0 ? GATE_CLEARANCE_UNKNOWN : GATE_CLEARANCE_OK;
}

static void
set_strong(struct gate_facts *f, unsigned v)
{
	f->factor = v == 0 ? GATE_FACTOR_SINGLE : GATE_FACTOR_SECOND;
}

/* One on; false when all wheels have come round.  The first is the slowest. */
static bool
turn(struct wheel *w, size_t n, struct gate_facts *f)
{
	for (size_t i = n; i-- > 0;) {
		w[i].at = (w[i].at + 1) % w[i].count;
		w[i].set(f, w[i].at);
		if (w[i].at != 0)
			return true;
	}
	return false;
}

/* Of all runs; docs/policy.md tells it in millions. */
static uint64_t in_all;

/* All combinations that the wheels make; how many were compared. */
static uint64_t
go_through(struct wheel *w, size_t n, struct gate_facts *f)
{
	uint64_t total = 0, compared = 0;
	enum gate_role role = GATE_ROLE_COUNT;
	enum gate_act act = GATE_ACT_COUNT;
	struct said s;

	for (size_t i = 0; i < n; i++)
		w[i].set(f, 0);
	do {
		if (total++ % STRIDE != 0)
			continue;
		if (f->role != role || f->act != act)
			say(&s, f->role, f->act);
		role = f->role;
		act = f->act;
		check_same(&s, f);
		compared++;
	} while (turn(w, n, f));
	in_all += total;
	return compared;
}

/* Everything there is to know of a person. */
static void
every_person(void)
{
	struct wheel w[] = {
		{ GATE_ROLE_COUNT, set_role, 0 },
		{ GATE_ACT_COUNT, set_act, 0 },
		{ GATE_CLEARANCE_COUNT, set_clearance, 0 },
		{ 3, set_proof, 0 },
		{ 6, set_session, 0 },
		{ GATE_FACTOR_SECOND + 1, set_factor, 0 },
		{ GATE_RELATION_COUNT, set_relation, 0 },
		{ GATE_CLASS_COUNT, set_class, 0 },
		{ GATE_HOLD_COUNT, set_hold, 0 },
		{ GATE_RETENTION_COUNT, set_retention, 0 },
		{ GATE_PLACE_COUNT, set_place, 0 },
	};
	struct gate_facts f = {
		.identity = GATE_PERSON,
		.limits = &limits,
		.duty = GATE_DUTY_OTHER,
	};
	uint64_t n = go_through(w, SP_COUNTOF(w), &f);

	(void)printf("# %ju combinations: role, act, clearance, proof, "
		     "session, factor, relation, class, hold, retention, "
		     "geography\n",
	    (uintmax_t)n);
}

/* Everybody: who asked, what scope, what kind of caller. */
static void
every_identity(void)
{
	struct wheel w[] = {
		{ GATE_ROLE_COUNT, set_role, 0 },
		{ GATE_ACT_COUNT, set_act, 0 },
		{ GATE_IDENTITY_COUNT, set_identity, 0 },
		{ GATE_DUTY_COUNT, set_duty, 0 },
		{ GATE_SCOPE_COUNT, set_scope, 0 },
		{ 2, set_cleared, 0 },
		{ 2, set_proof, 0 },
		{ 4, set_session, 0 },
		{ 2, set_strong, 0 },
		{ GATE_RELATION_COUNT, set_relation, 0 },
		{ GATE_CLASS_COUNT, set_class, 0 },
		{ 4, set_trouble, 0 },
	};
	struct gate_facts f = { .limits = &limits };
	uint64_t n = go_through(w, SP_COUNTOF(w), &f);

	(void)printf("# %ju combinations: role, act, identity, who asked, "
		     "scope, …\n",
	    (uintmax_t)n);
}

/* Clocks that were set back or run out, and the exact lines. */
static void
every_clock(void)
{
	struct wheel w[] = {
		{ GATE_ROLE_COUNT, set_role, 0 },
		{ GATE_ACT_COUNT, set_act, 0 },
		{ 8, set_proof, 0 },
		{ 7, set_session, 0 },
		{ GATE_FACTOR_COUNT, set_factor, 0 },
	};
	struct gate_facts f = {
		.identity = GATE_PERSON,
		.limits = &limits,
		.relation = GATE_OWN,
		.duty = GATE_DUTY_OTHER,
		.clearance = GATE_CLEARANCE_OK,
		.class = GATE_CLASS_ORDINARY,
		.hold = GATE_HOLD_NONE,
		.retention = GATE_RETENTION_OVER,
		.place = GATE_PLACE_INSIDE,
	};
	uint64_t n = go_through(w, SP_COUNTOF(w), &f);

	(void)printf(
	    "# %ju combinations: role, act, clocks, factor\n", (uintmax_t)n);
}

/* --- laws --- */

static struct gate_facts
best(enum gate_identity who, enum gate_role role, enum gate_act act)
{
	return (struct gate_facts){
		.identity = who,
		.role = role,
		.act = act,
		.session = GATE_SESSION_OPEN,
		.limits = &limits,
		.factor = GATE_FACTOR_SECOND,
		.relation = GATE_OWN,
		.scope = GATE_SCOPE_IN,
		.duty = GATE_DUTY_OTHER,
		.clearance = GATE_CLEARANCE_OK,
		.class = GATE_CLASS_ORDINARY,
		.hold = GATE_HOLD_NONE,
		.retention = GATE_RETENTION_OVER,
		.place = GATE_PLACE_INSIDE,
	};
}

/* The best relation that a role can have to an act. */
static enum gate_relation
best_relation(enum gate_role role, enum gate_act act)
{
	unsigned ways = gate_role_ways(role, act);

	if ((ways & GATE_WAY(GATE_OWN)) != 0)
		return GATE_OWN;
	if ((ways & GATE_WAY(GATE_SHARED_DOWNLOAD)) != 0)
		return GATE_SHARED_DOWNLOAD;
	return GATE_LOCKBOX;
}

static void
what_is_open_can_be_had(void)
{
	unsigned open = 0;

	for (unsigned n = 0; n < GATE_ROLE_COUNT * GATE_ACT_COUNT; n++) {
		enum gate_role role = (enum gate_role)(n / GATE_ACT_COUNT);
		enum gate_act act = (enum gate_act)(n % GATE_ACT_COUNT);
		bool person = gate_role_row(role)->person;
		struct gate_facts f =
		    best(person ? GATE_PERSON : GATE_MACHINE, role, act);

		f.relation = best_relation(role, act);
		CHECK(gate_decide(&f).permit == gate_role_may(role, act));
		open += gate_decide(&f).permit;
	}
	CHECK(open > 200);
}

static void
nothing_known_denies_everything(void)
{
	for (unsigned n = 0; n < GATE_ROLE_COUNT * GATE_ACT_COUNT; n++) {
		struct gate_facts f = {
			.role = (enum gate_role)(n / GATE_ACT_COUNT),
			.act = (enum gate_act)(n % GATE_ACT_COUNT),
		};

		for (unsigned i = 0; i < GATE_IDENTITY_COUNT; i++) {
			f.identity = (enum gate_identity)i;
			CHECK(!gate_decide(&f).permit);
		}
		f.identity = GATE_NOBODY;
		CHECK(gate_decide(&f).code == GATE_UNKNOWN);
	}
}

/* Each fact back to unknown: denied, or it was not asked. */
static void
each_unknown_denies_where_it_is_asked(void)
{
	static const struct {
		enum gate_step step;
		void (*set)(struct gate_facts *f, unsigned value);
	} facts[] = {
		{ GATE_STEP_KNOWN, set_identity },
		{ GATE_STEP_SESSION, set_session },
		{ GATE_STEP_AGENCY, set_relation },
		{ GATE_STEP_DUTY, set_duty },
		{ GATE_STEP_CLEARANCE, set_clearance },
		{ GATE_STEP_FACTOR, set_factor },
		{ GATE_STEP_CLASS, set_class },
		{ GATE_STEP_HOLD, set_hold },
		{ GATE_STEP_RETENTION, set_retention },
		{ GATE_STEP_GEOGRAPHY, set_place },
	};

	for (unsigned n = 0; n < GATE_ROLE_COUNT * GATE_ACT_COUNT; n++) {
		enum gate_role role = (enum gate_role)(n / GATE_ACT_COUNT);
		enum gate_act act = (enum gate_act)(n % GATE_ACT_COUNT);
		struct gate_facts good = best(GATE_PERSON, role, act);

		good.relation = best_relation(role, act);
		if (!gate_decide(&good).permit)
			continue;
		for (size_t i = 0; i < SP_COUNTOF(facts); i++) {
			struct gate_facts f = good;

			facts[i].set(&f, 0);
			CHECK(gate_decide(&f).permit ==
			    !gate_decision_asks(&good, facts[i].step));
		}
		good.limits = NULL; /* no policy file: nothing is fresh */
		CHECK(gate_decide(&good).code == GATE_SESSION_STALE);
	}
}

static uint64_t seed;

static unsigned
some(unsigned of)
{
	seed = seed * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)((seed >> 33) % of);
}

static struct gate_facts
random_facts(void)
{
	static const struct wheel wheels[] = {
		{ GATE_ROLE_COUNT, set_role, 0 },
		{ GATE_ACT_COUNT, set_act, 0 },
		{ 7, set_session, 0 },
		{ 8, set_proof, 0 },
		{ GATE_FACTOR_COUNT, set_factor, 0 },
		{ GATE_RELATION_COUNT, set_relation, 0 },
		{ GATE_SCOPE_COUNT, set_scope, 0 },
		{ GATE_DUTY_COUNT, set_duty, 0 },
		{ GATE_CLEARANCE_COUNT, set_clearance, 0 },
		{ GATE_CLASS_COUNT, set_class, 0 },
		{ GATE_HOLD_COUNT, set_hold, 0 },
		{ GATE_RETENTION_COUNT, set_retention, 0 },
		{ GATE_PLACE_COUNT, set_place, 0 },
	};
	/* Good for most of it, or next to nothing would be permitted. */
	struct gate_facts f =
	    best((enum gate_identity)some(GATE_IDENTITY_COUNT), GATE_OFFICER,
		GATE_VIEW);

	for (size_t i = 0; i < SP_COUNTOF(wheels); i++)
		if (i < 2 || some(4) == 0)
			wheels[i].set(&f, some(wheels[i].count));
	return f;
}

/* Things getting better for somebody: each alone may open, never shut. */
static void
better(struct gate_facts *f, unsigned which)
{
	switch (which) {
	case 0: /* a token is better than what is locked, not fresh */
		if (f->session != GATE_SESSION_OPEN)
			f->session = GATE_SESSION_KEY;
		break;
	case 1: f->since_proof = 0; break;
	case 2: f->factor = GATE_FACTOR_SECOND; break;
	case 3:
		if (f->relation == GATE_SHARED_VIEW)
			f->relation = GATE_SHARED_DOWNLOAD;
		break;
	case 4: f->scope = GATE_SCOPE_IN; break;
	case 5: f->duty = GATE_DUTY_OTHER; break;
	case 6: f->clearance = GATE_CLEARANCE_OK; break;
	case 7:
		if (f->class > GATE_CLASS_ORDINARY)
			f->class = (enum gate_class)(f->class - 1);
		break;
	case 8: f->hold = GATE_HOLD_NONE; break;
	case 9: f->retention = GATE_RETENTION_OVER; break;
	case 10: f->place = GATE_PLACE_INSIDE; break;
	case 11: f->idle = 0; break;
	default: break;
	}
}

#define BETTER 12

static void
better_facts_never_shut(void)
{
	unsigned permits = 0, opened = 0;

	for (unsigned n = 0; n < 1000000 / STRIDE; n++) {
		struct gate_facts was = random_facts();
		struct gate_verdict before = gate_decide(&was);

		for (unsigned i = 0; i < BETTER; i++) {
			struct gate_facts is_now = was;
			struct gate_verdict after;

			better(&is_now, i);
			after = gate_decide(&is_now);
			CHECK(!before.permit || after.permit);
			/* Nor does it fail earlier than it did. */
			CHECK(after.step >= before.step);
			opened += !before.permit && after.permit;
		}
		permits += before.permit;
	}
	CHECK(permits > 1000 / STRIDE && opened > 1000 / STRIDE);
}

static void
nobody_approves_their_own(void)
{
	unsigned tried = 0;

	for (unsigned n = 0; n < GATE_ROLE_COUNT * GATE_ACT_COUNT; n++) {
		enum gate_role role = (enum gate_role)(n / GATE_ACT_COUNT);
		enum gate_act act = (enum gate_act)(n % GATE_ACT_COUNT);
		enum gate_act asked;
		struct gate_facts f = best(GATE_PERSON, role, act);

		if (!gate_act_after(act, &asked))
			continue;
		f.relation = best_relation(role, act);
		CHECK(gate_decide(&f).permit == gate_role_may(role, act));
		f.duty = GATE_DUTY_SAME;
		CHECK(!gate_decide(&f).permit);
		CHECK(!gate_role_may(role, act) ||
		    (gate_decide(&f).code == GATE_NOT_ROLE &&
			gate_decide(&f).step == GATE_STEP_DUTY));
		f.duty = GATE_DUTY_UNKNOWN;
		CHECK(!gate_decide(&f).permit);
		/* A token is nobody: it cannot be another person. */
		f.duty = GATE_DUTY_OTHER;
		f.identity = GATE_MACHINE;
		CHECK(!gate_decide(&f).permit);
		tried++;
	}
	CHECK(tried == 5 * GATE_ROLE_COUNT);
}

/* What a person's records say matters on the very request. */
static void
the_day_something_lapses(void)
{
	struct gate_facts f = best(GATE_PERSON, GATE_OFFICER, GATE_VIEW);
	struct gate_verdict v;

	CHECK(gate_decide(&f).permit);
	f.clearance = GATE_CLEARANCE_TRAINING_EXPIRED;
	v = gate_decide(&f);
	CHECK(!v.permit && v.step == GATE_STEP_CLEARANCE && v.entry == NULL);
	CHECK(is(gate_code_name(v.code), "training.expired"));
	f.act = GATE_UPLOAD; /* what is in the camera still comes in */
	CHECK(gate_decide(&f).permit);
}

static void
class_says_how_close_one_comes(void)
{
	static const struct {
		enum gate_identity who;
		enum gate_role role;
		enum gate_act act;
		enum gate_relation relation;
		enum gate_class most;
	} rows[] = {
		{ GATE_PERSON, GATE_OFFICER, GATE_LIST, GATE_OWN,
		    GATE_CLASS_ORDINARY },
		{ GATE_PERSON, GATE_CUSTODIAN, GATE_LIST, GATE_OWN,
		    GATE_CLASS_SEALED },
		{ GATE_PERSON, GATE_CUSTODIAN, GATE_LIST, GATE_SHARED_VIEW,
		    GATE_CLASS_RESTRICTED },
		{ GATE_PERSON, GATE_OPERATOR, GATE_SHOW, GATE_LOCKBOX,
		    GATE_CLASS_RESTRICTED },
		{ GATE_PERSON, GATE_CUSTODIAN, GATE_SHARE_GRANT, GATE_OWN,
		    GATE_CLASS_RESTRICTED },
		{ GATE_PERSON, GATE_CUSTODIAN, GATE_LIST, GATE_OTHER,
		    GATE_CLASS_UNKNOWN },
		{ GATE_NOBODY, GATE_CUSTODIAN, GATE_LIST, GATE_OWN,
		    GATE_CLASS_UNKNOWN },
		{ GATE_SELF, GATE_OFFICER, GATE_PROBE, GATE_OWN,
		    GATE_CLASS_SEALED },
		{ GATE_PERSON, GATE_CUSTODIAN, GATE_TOKENS, GATE_OWN,
		    GATE_CLASS_UNKNOWN },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct gate_facts f =
		    best(rows[i].who, rows[i].role, rows[i].act);

		f.relation = rows[i].relation;
		f.class = GATE_CLASS_UNKNOWN;
		CHECK(gate_decision_class(&f) == rows[i].most);
	}
}

/* --- names and the page --- */

static void
names_are_the_stable_ones(void)
{
	/* In the order in which they are asked. */
	static const char stable[] =
	    "permit unknown session.stale other-agency lockbox role "
	    "screening.missing screening.expired training.missing "
	    "training.expired addendum.missing agreement.missing factor class "
	    "hold retention geography ";
	char got[400] = "";
	enum gate_code code = GATE_HELD;
	enum gate_clearance clearance = GATE_CLEARANCE_UNKNOWN;

	for (unsigned i = 0; i < GATE_CODE_COUNT; i++) {
		size_t len = strlen(got);
		const char *name = gate_code_name((enum gate_code)i);

		(void)snprintf(got + len, sizeof(got) - len, "%s ", name);
		CHECK(gate_code_parse(name, &code) && code == i);
		CHECK((i == GATE_PERMIT) ==
		    (gate_code_words((enum gate_code)i)[0] == '\0'));
		CHECK((i == GATE_PERMIT) ==
		    (gate_code_section((enum gate_code)i)[0] == '\0'));
	}
	CHECK(is(got, stable));
	CHECK(!gate_code_parse("", &code) && !gate_code_parse("Role", &code));
	for (unsigned i = 1; i < GATE_CLEARANCE_COUNT; i++) {
		CHECK(gate_clearance_parse(
		    gate_clearance_name((enum gate_clearance)i), &clearance));
		CHECK(clearance == i);
	}
	CHECK(is(
	    gate_clearance_name(GATE_CLEARANCE_UNKNOWN), "screening.missing"));
	clearance = GATE_CLEARANCE_OK;
	CHECK(!gate_clearance_parse("factor", &clearance));
	CHECK(!gate_clearance_parse("", &clearance));
	CHECK(clearance == GATE_CLEARANCE_OK);
}

static const char *page_path;
static char page[1 << 16];

static void
read_page(void)
{
	FILE *f = fopen(page_path, "rbe");

	CHECK(f != NULL);
	page[fread(page, 1, sizeof(page) - 1, f)] = '\0';
	(void)fclose(f);
}

/* So that the page's number is what was gone through. */
static void
the_page_tells_how_many(void)
{
	char many[80];

	(void)printf("# %ju combinations in all, every %u. compared\n",
	    (uintmax_t)in_all, STRIDE);
	(void)snprintf(many, sizeof(many), " %ju million combinations",
	    (uintmax_t)(in_all / 1000000));
	read_page();
	if (strstr(page, many) == NULL)
		tap_fail(__FILE__, __LINE__, page_path, many);
}

/* docs/policy.md has a row for each code and for each step, in their order,
 * with the rule in the program's own words. */
static void
the_page_tells_every_code(void)
{
	const char *at = page;
	char row[400];

	read_page();
	for (unsigned i = 0; i < GATE_STEP_COUNT; i++) {
		(void)snprintf(row, sizeof(row), "\n| %u | **%s** | ", i + 1,
		    gate_step_name((enum gate_step)i));
		at = strstr(at, row);
		if (at == NULL)
			tap_fail(__FILE__, __LINE__, page_path, row);
	}
	for (unsigned i = 1; i < GATE_CODE_COUNT; i++) {
		enum gate_code code = (enum gate_code)i;

		(void)snprintf(row, sizeof(row), "\n| `%s` | %s | %s | ",
		    gate_code_name(code), gate_code_words(code),
		    gate_code_section(code));
		at = strstr(at, row);
		if (at == NULL)
			tap_fail(__FILE__, __LINE__, page_path, row);
	}
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "every combination about a person", every_person },
		{ "every combination about who asks", every_identity },
		{ "every combination of clocks", every_clock },
		{ "what is open can be had, and nothing else",
		    what_is_open_can_be_had },
		{ "nothing known denies everything",
		    nothing_known_denies_everything },
		{ "each unknown denies where it is asked",
		    each_unknown_denies_where_it_is_asked },
		{ "better facts never shut", better_facts_never_shut },
		{ "nobody approves their own", nobody_approves_their_own },
		{ "the day something lapses", the_day_something_lapses },
		{ "class says how close one comes",
		    class_says_how_close_one_comes },
		{ "names are the stable ones", names_are_the_stable_ones },
		{ "docs/policy.md tells how many", the_page_tells_how_many },
		{ "docs/policy.md tells every code",
		    the_page_tells_every_code },
	};
	const char *given = getenv("SALLYPORT_TEST_SEED");

	CHECK(argc == 2);
	page_path = argv[1];
	seed = (uint64_t)sp_now();
	if (given != NULL)
		CHECK(sp_parse_u64(given, strlen(given), 0, UINT64_MAX, &seed));
	(void)printf("# SALLYPORT_TEST_SEED=%ju\n", (uintmax_t)seed);
	return tap_run(cases, SP_COUNTOF(cases));
}
