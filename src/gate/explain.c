#include "gate/explain.h"

#include "base/json.h"

/* A step in general; the code that it failed with is more precise. */
static const struct {
	const char *section, *rule;
} steps[GATE_STEP_COUNT] = {
	[GATE_STEP_KNOWN] = { "IA-2, AC-2",
	    "who asks is known here, and their account is active" },
	[GATE_STEP_SESSION] = { "AC-8, AC-11, IA-11, SC-10",
	    "the session is open, its notice acknowledged, neither idle nor "
	    "old" },
	[GATE_STEP_AGENCY] = { "AC-3, AC-21",
	    "it is of one's own agency, shared so far, or under a lockbox "
	    "grant" },
	[GATE_STEP_ROLE] = { "AC-5, AC-6", "the act is open to the role" },
	[GATE_STEP_DUTY] = { "AC-5",
	    "who decides is never who asked, nor whom it is about" },
	[GATE_STEP_CLEARANCE] = { "PS-3, AT-2, AT-3, SA-9, CA-3",
	    "screened in the agency's state, trained, addendum signed, "
	    "agreement in force" },
	[GATE_STEP_FACTOR] = { "IA-2(1), IA-2(2), IA-11",
	    "proved who they are as strongly as the act asks" },
	[GATE_STEP_CLASS] = { "AC-3",
	    "the item's class is known, and open to role, act and way" },
	[GATE_STEP_HOLD] = { "SI-12", "no hold is on the item" },
	[GATE_STEP_RETENTION] = { "SI-12",
	    "the item's time of retention is over" },
	[GATE_STEP_GEOGRAPHY] = { "SC-28",
	    "content stays inside the agency's geography" },
};

/* --- what would change it --- */

static const char *
change_session(const struct gate_facts *f)
{
	switch (f->session) {
	case GATE_SESSION_LOCKED:
		return "unlock the session by signing in again";
	case GATE_SESSION_UNREAD: return "acknowledge the notice of use";
	case GATE_SESSION_NONE:
	case GATE_SESSION_OPEN:
	case GATE_SESSION_KEY:
	case GATE_SESSION_COUNT: break;
	}
	return "sign in again";
}

static const char *
change_agency(const struct gate_facts *f)
{
	const struct gate_act_row *row = gate_act_row(f->act);
	unsigned ways = gate_role_ways(f->role, f->act);

	if (gate_decision_step(f, GATE_STEP_AGENCY) == GATE_NO_LOCKBOX)
		return "ask the agency for a lockbox grant for this item";
	if (f->relation == GATE_SHARED_VIEW &&
	    (ways & GATE_WAY(GATE_SHARED_DOWNLOAD)) != 0)
		return "have the agency share it for download";
	if ((ways & GATE_WAY(GATE_SHARED_DOWNLOAD)) != 0)
		return "have the agency that it is of share it";
	if (row->ways == GATE_WAY(GATE_LOCKBOX))
		return "this is done under a lockbox grant only, by the "
		       "provider's staff";
	return "ask somebody of the agency that it is of";
}

static const char *
change_role(const struct gate_facts *f)
{
	const struct gate_role_row *role = gate_role_row(f->role);

	if (f->identity == GATE_SELF || !gate_role_may(f->role, f->act))
		return "ask somebody whose role the act is open to";
	if (f->identity == GATE_PERSON)
		return "this role is a machine's: sign in with a person's";
	if (f->identity == GATE_SETTLED &&
	    (gate_act_row(f->act)->flags & GATE_FOUNDS) != 0)
		return "an administrator can sign in now: do it as one";
	if ((gate_act_row(f->act)->flags & GATE_PERSONS) != 0)
		return "only a person may do this: sign in as one";
	if (role->person && !role->token)
		return "this role is a person's: sign in as one";
	return "give the service the act in its scopes";
}

static const char *
change_duty(const struct gate_facts *f)
{
	if (f->duty == GATE_DUTY_TIED)
		return "have somebody approve who had no hand in the account "
		       "of who asked, nor they in theirs";
	if (f->duty == GATE_DUTY_NAMELESS)
		return "say of both accounts which human being they are: "
		       "sallyport person change --human";
	return (gate_act_row(f->act)->flags & GATE_APPROVES) != 0
	    ? "have another person approve: one's own request is never one's "
	      "own to decide"
	    : "have another person do it: nobody does this about themselves";
}

static const char *
change_clearance(const struct gate_facts *f)
{
	static const char *const change[GATE_CLEARANCE_COUNT] = {
		[GATE_CLEARANCE_UNKNOWN] =
		    "record a screening for the agency's state: "
		    "sallyport screening add",
		[GATE_CLEARANCE_SCREENING_MISSING] =
		    "record a screening for the agency's state: "
		    "sallyport screening add",
		[GATE_CLEARANCE_SCREENING_EXPIRED] =
		    "have the person screened again: sallyport screening add",
		[GATE_CLEARANCE_TRAINING_MISSING] =
		    "have the person trained: sallyport training add (with "
		    "--course, where it is not the role's own)",
		[GATE_CLEARANCE_TRAINING_EXPIRED] =
		    "have the person trained again: sallyport training add "
		    "(with --course, where it is not the role's own)",
		[GATE_CLEARANCE_ADDENDUM_MISSING] =
		    "have the addendum signed, by the person (sallyport "
		    "addendum sign) and a contractor's company (sallyport "
		    "addendum company)",
		[GATE_CLEARANCE_AGREEMENT_MISSING] =
		    "record or review the agreement: sallyport agreement add",
		[GATE_CLEARANCE_OK] = "",
	};

	return change[f->clearance];
}

static const char *
change_factor(const struct gate_facts *f)
{
	if (gate_act_row(f->act)->factor == GATE_FACTOR_FRESH &&
	    f->factor >= GATE_FACTOR_SECOND)
		return "show the second factor again, just before this act";
	if (gate_act_row(f->act)->factor >= GATE_FACTOR_SECOND)
		return "sign in with a second factor";
	return "sign in";
}

static const char *
change_class(const struct gate_facts *f)
{
	if (f->class == GATE_CLASS_UNKNOWN)
		return "its class must be known: today every item is ordinary";
	return "ask somebody whose role comes near this class, in the agency "
	       "that it is of";
}

static const char *
change_hold(const struct gate_facts *f)
{
	return f->hold == GATE_HOLD_UNKNOWN
	    ? "whether a hold is on it must be known; none is on record "
	      "yet, so it is kept"
	    : "have the hold released by who placed it";
}

static const char *
change_retention(const struct gate_facts *f)
{
	return f->retention == GATE_RETENTION_UNKNOWN
	    ? "its time of retention must be known; none is on record yet, "
	      "so it is kept"
	    : "wait until its time of retention is over";
}

const char *
gate_explain_change(const struct gate_facts *f, enum gate_step step)
{
	switch (step) {
	case GATE_STEP_KNOWN:
		return "sign in; if that fails, have the account looked at: "
		       "sallyport person show";
	case GATE_STEP_SESSION: return change_session(f);
	case GATE_STEP_AGENCY: return change_agency(f);
	case GATE_STEP_ROLE: return change_role(f);
	case GATE_STEP_DUTY: return change_duty(f);
	case GATE_STEP_CLEARANCE: return change_clearance(f);
	case GATE_STEP_FACTOR: return change_factor(f);
	case GATE_STEP_CLASS: return change_class(f);
	case GATE_STEP_HOLD: return change_hold(f);
	case GATE_STEP_RETENTION: return change_retention(f);
	case GATE_STEP_GEOGRAPHY:
		return "ask from inside the geography, or have it placed there";
	case GATE_STEP_COUNT: break;
	}
	return "";
}

/* --- the path --- */

enum outcome { PASSED, FAILED, NOT_ASKED, NOT_REACHED };
static const char *const outcome_names[] = {
	[PASSED] = "passed",
	[FAILED] = "failed",
	[NOT_ASKED] = "not asked",
	[NOT_REACHED] = "not reached",
};

static enum outcome
outcome(const struct gate_facts *f, const struct gate_verdict *v,
    enum gate_step step)
{
	if (step == v->step)
		return FAILED;
	if (step > v->step)
		return NOT_REACHED;
	return gate_decision_asks(f, step) ? PASSED : NOT_ASKED;
}

/* Two steps fail in more ways than one: there the code is more precise. */
static bool
by_code(const struct gate_verdict *v, enum gate_step step)
{
	return v->step == step &&
	    (step == GATE_STEP_AGENCY || step == GATE_STEP_CLEARANCE);
}

static const char *
rule(const struct gate_verdict *v, enum gate_step step)
{
	return by_code(v, step) ? gate_code_words(v->code) : steps[step].rule;
}

static const char *
section(const struct gate_verdict *v, enum gate_step step)
{
	return by_code(v, step) ? gate_code_section(v->code)
				: steps[step].section;
}

/* Would this step fail, were it reached?  Of somebody unknown nothing is known
 * that a later one could fail by. */
static bool
fails(const struct gate_facts *given, enum gate_step step)
{
	struct gate_facts like = *given;
	const struct gate_facts *f = &like;

	/* Without a way to it no class is reached: that is the step agency's to
	 * say. */
	if (step == GATE_STEP_CLASS && like.relation == GATE_OTHER)
		like.relation = GATE_OWN;
	if (step > GATE_STEP_KNOWN &&
	    gate_decision_step(f, GATE_STEP_KNOWN) != GATE_PERMIT)
		return false;
	return gate_decision_asks(f, step) &&
	    gate_decision_step(f, step) != GATE_PERMIT;
}

static void
or_null(struct sp_json *j, const char *name, const char *text)
{
	if (text == NULL)
		sp_json_null(j, name);
	else
		sp_json_str(j, name, text);
}

static void
raw_if(struct sp_json *j, const char *name, const char *value)
{
	if (value != NULL)
		sp_json_raw(j, name, value);
}

static void
json_change(
    struct sp_json *j, enum gate_step step, const char *code, const char *todo)
{
	sp_json_object(j, NULL);
	sp_json_str(j, "code", code);
	sp_json_str(j, "do", todo);
	sp_json_str(j, "step", gate_step_name(step));
	sp_json_end(j);
}

static void
json_changes_of(struct sp_json *j, const struct gate_facts *f,
    enum gate_step step, const struct gate_explain_about *about)
{
	const char *code = gate_code_name(gate_decision_step(f, step));
	size_t told = 0;

	for (size_t i = 0; i < about->remedies; i++) {
		const struct gate_explain_remedy *r = &about->remedy[i];

		if (r->step != step)
			continue;
		json_change(j, step, r->code == NULL ? code : r->code, r->todo);
		told++;
	}
	if (told == 0)
		json_change(j, step, code, gate_explain_change(f, step));
}

static void
json_changes(struct sp_json *j, const struct gate_facts *f,
    const struct gate_explain_about *about)
{
	sp_json_array(j, "changes");
	for (unsigned s = 0; s < GATE_STEP_COUNT; s++)
		if (fails(f, (enum gate_step)s))
			json_changes_of(j, f, (enum gate_step)s, about);
	sp_json_end(j);
}

static void
json_path(struct sp_json *j, const struct gate_facts *f,
    const struct gate_verdict *v, const char *via)
{
	sp_json_array(j, "path");
	for (unsigned s = 0; s < GATE_STEP_COUNT; s++) {
		enum gate_step step = (enum gate_step)s;

		sp_json_object(j, NULL);
		sp_json_str(j, "outcome", outcome_names[outcome(f, v, step)]);
		sp_json_str(j, "rule", rule(v, step));
		sp_json_str(j, "section", section(v, step));
		sp_json_str(j, "step", gate_step_name(step));
		if (step == GATE_STEP_AGENCY)
			raw_if(j, "via", via);
		sp_json_end(j);
	}
	sp_json_end(j);
}

void
gate_explain_json(const struct gate_facts *f,
    const struct gate_explain_about *about, struct sp_buf *out)
{
	static const struct gate_explain_about nothing;
	struct gate_verdict v = gate_decide(f);
	enum gate_class class = gate_decision_class(f);
	struct sp_json j = sp_json_to(out);

	if (about == NULL)
		about = &nothing;
	sp_json_object(&j, NULL);
	raw_if(&j, "account", about->account);
	sp_json_str(
	    &j, "act", about->act == NULL ? gate_act_name(f->act) : about->act);
	raw_if(&j, "assumed", about->assumed);
	json_changes(&j, f, about);
	or_null(&j, "class",
	    class == GATE_CLASS_UNKNOWN ? NULL : gate_class_name(class));
	raw_if(&j, "clearance", about->clearance);
	raw_if(&j, "clearances", about->clearances);
	or_null(&j, "code", v.permit ? NULL : gate_code_name(v.code));
	sp_json_str(&j, "decision", v.permit ? "permit" : "deny");
	or_null(&j, "entry", v.entry);
	if (about->object != NULL)
		sp_json_str(&j, "object", about->object);
	json_path(&j, f, &v, about->via);
	if (about->person != NULL)
		sp_json_str(&j, "person", about->person);
	or_null(&j, "role",
	    f->identity == GATE_NOBODY ? NULL : gate_role_name(f->role));
	sp_json_end(&j);
}

void
gate_explain_unknown(const char *act, const char *why,
    const struct gate_explain_about *about, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);
	const char *code = gate_code_name(GATE_UNKNOWN);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "act", act);
	sp_json_array(&j, "changes");
	sp_json_object(&j, NULL);
	sp_json_str(&j, "code", code);
	sp_json_str(&j, "do", why);
	sp_json_str(&j, "step", gate_step_name(GATE_STEP_KNOWN));
	sp_json_end(&j);
	sp_json_end(&j);
	sp_json_null(&j, "class");
	sp_json_str(&j, "code", code);
	sp_json_str(&j, "decision", "deny");
	sp_json_null(&j, "entry");
	if (about->object != NULL)
		sp_json_str(&j, "object", about->object);
	sp_json_array(&j, "path");
	sp_json_end(&j);
	if (about->person != NULL)
		sp_json_str(&j, "person", about->person);
	sp_json_null(&j, "role");
	sp_json_end(&j);
}

/* The roles that an act is open to, for whoever lacks one. */
static void
text_roles(const struct gate_facts *f, struct sp_buf *out)
{
	const char *before = " (open to: ";

	if (gate_role_may(f->role, f->act))
		return;
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++) {
		if (!gate_role_may((enum gate_role)r, f->act))
			continue;
		sp_buf_text(out, before);
		sp_buf_text(out, gate_role_name((enum gate_role)r));
		before = ", ";
	}
	if (before[0] == ',')
		sp_buf_text(out, ")");
}

static void
text_changes(const struct gate_facts *f, struct sp_buf *out)
{
	for (unsigned s = 0; s < GATE_STEP_COUNT; s++) {
		enum gate_step step = (enum gate_step)s;

		if (!fails(f, step))
			continue;
		sp_buf_fmt(out, "  %s: %s",
		    gate_code_name(gate_decision_step(f, step)),
		    gate_explain_change(f, step));
		if (step == GATE_STEP_ROLE)
			text_roles(f, out);
		sp_buf_text(out, "\n");
	}
}

void
gate_explain_text(const struct gate_facts *f, struct sp_buf *out)
{
	struct gate_verdict v = gate_decide(f);

	sp_buf_fmt(out, "%s: %s by %s%s%s\n", v.permit ? "permit" : "deny",
	    gate_act_name(f->act),
	    f->identity == GATE_SELF ? "the site" : gate_role_name(f->role),
	    v.permit ? "" : ", code ", v.permit ? "" : gate_code_name(v.code));
	for (unsigned s = 0; s < GATE_STEP_COUNT; s++) {
		enum gate_step step = (enum gate_step)s;

		sp_buf_fmt(out, "  %-11s  %-9s  %s (%s)\n",
		    outcome_names[outcome(f, &v, step)], gate_step_name(step),
		    rule(&v, step), section(&v, step));
	}
	if (v.entry != NULL)
		sp_buf_fmt(out, "in the ledger as %s\n", v.entry);
	if (v.permit)
		return;
	sp_buf_text(out, "what would change it:\n");
	text_changes(f, out);
}
