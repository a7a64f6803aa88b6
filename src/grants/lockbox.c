#include "grants/lockbox_parts.h"
#include "people/person.h"

#include <string.h>

/* --- who may --- */

bool
grants_lockbox_at_home(const struct grants_lockbox_act *a)
{
	return evidence_room_agency(a->room)->provider;
}

enum sp_code
grants_lockbox_not_here(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_NOTFOUND, "lockbox.unknown",
	    "there is no such lockbox request");
}

/* The gate of the house that acts, with the duty found out. */
enum sp_code
grants_lockbox_admit(const struct grants_lockbox_act *a, enum gate_act act,
    const struct sp_id *id, enum gate_duty duty, struct sp_err *err)
{
	struct gate_facts f = gate_caller_facts(a->who, act);
	struct gate_request rq = {
		.who = a->who,
		.act = act,
		.on = { .kind = "lockbox" },
		.facts = &f,
	};
	GATE_AUTO_PASS pass = NULL;

	if (id != NULL)
		rq.on.id = *id;
	f.duty = duty;
	return gate_admit_with(evidence_room_gate(a->room), &rq, &pass, err);
}

enum sp_code
grants_lockbox_person(struct evidence_room *room, const struct sp_id *id,
    struct people_person *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	return people_person_by_id(reader.db, id, out, err);
}

/* Who asked, at home; whoever acts in another house is the same human when
 * both houses call them by the same name. */
static enum sp_code
duty_of(const struct grants_lockbox_act *a, const struct grants_lockbox_row *r,
    enum gate_act act, enum gate_duty *out, struct sp_err *err)
{
	struct evidence_room *home = NULL;
	struct people_person asked, acts;

	if (sp_id_is_zero(&a->who->person)) {
		*out = GATE_DUTY_OTHER;
		return SP_OK;
	}
	if (grants_lockbox_at_home(a)) {
		DB_LENT(reader, evidence_room_readers(a->room));

		return gate_caller_duty(
		    reader.db, a->who, act, &r->asked.requester, out, err);
	}
	SP_TRY(evidence_site_room_of(a->site, &r->asked.house, &home, err));
	SP_TRY(grants_lockbox_person(home, &r->asked.requester, &asked, err));
	SP_TRY(grants_lockbox_person(a->room, &a->who->person, &acts, err));
	*out = strcmp(asked.human, acts.human) == 0 ? GATE_DUTY_SAME
						    : GATE_DUTY_OTHER;
	return SP_OK;
}

/* An earlier approver, or one tied to one, does not approve: docs/lockbox.md.
 */
static enum sp_code
duty_of_approver(const struct grants_lockbox_act *a, const struct sp_id *id,
    struct grants_lockbox_seen *io, struct sp_err *err)
{
	struct grants_lockbox_count c = {
		.rules = evidence_room_rules(a->room),
		.person = &a->who->person,
		.now = sp_now(),
	};
	DB_LENT(reader, evidence_room_readers(a->room));

	SP_TRY(grants_lockbox_count(reader.db, id, &c, err));
	if (!c.same && !c.tied)
		return SP_OK;
	io->duty = c.same ? GATE_DUTY_SAME : GATE_DUTY_TIED;
	io->approved = true;
	return SP_OK;
}

/* The state alone, as the step asks it. */
static void
look_at_state(const struct grants_lockbox_act *a, enum gate_act act,
    const struct grants_lockbox_row *r, struct grants_lockbox_seen *io)
{
	static const struct {
		enum gate_act act;
		enum grants_request_event event;
	} events[] = {
		{ GATE_LOCKBOX_INTERNAL, GRANTS_ASK },
		{ GATE_BREAK_CONFIRM, GRANTS_BREAK },
		{ GATE_LOCKBOX_APPROVE, GRANTS_APPROVE },
		{ GATE_LOCKBOX_DENY, GRANTS_DENY },
		{ GATE_LOCKBOX_REVOKE, GRANTS_REVOKE },
	};
	struct sp_err why = { .code = SP_OK };

	for (size_t i = 0; i < SP_COUNTOF(events); i++) {
		enum grants_request_state state = r->state;
		enum grants_request_event event = events[i].event;

		if (events[i].act != act)
			continue;
		if (event == GRANTS_DENY && grants_lockbox_at_home(a))
			event = GRANTS_DROP;
		if (grants_lockbox_over(r, event, &why) != SP_OK ||
		    grants_request_happen(
			&state, r->asked.glass, event, &why) != SP_OK)
			(void)snprintf(
			    io->state, sizeof(io->state), "%s", why.text);
	}
}

enum sp_code
grants_lockbox_look(const struct grants_lockbox_act *a, enum gate_act act,
    const struct sp_id *id, struct grants_lockbox_seen *out, struct sp_err *err)
{
	struct grants_lockbox_seen seen = { .approved = false };
	GRANTS_AUTO_LOCKBOX row;

	grants_lockbox_row_init(&row);
	SP_TRY(grants_lockbox_row_of(a->room, id, &row, err));
	SP_TRY(duty_of(a, &row, act, &seen.duty, err));
	if (seen.duty == GATE_DUTY_OTHER && act == GATE_LOCKBOX_APPROVE &&
	    !sp_id_is_zero(&a->who->person))
		SP_TRY(duty_of_approver(a, id, &seen, err));
	look_at_state(a, act, &row, &seen);
	*out = seen;
	return SP_OK;
}

/* --- one step of a request --- */

enum sp_code
grants_lockbox_enter(const struct grants_lockbox_act *a,
    struct grants_lockbox_step *s, enum gate_act act,
    struct evidence_room **agency, struct sp_err *err)
{
	enum gate_duty duty = GATE_DUTY_UNKNOWN;

	/* Who may not must not learn from the answer what there is. */
	if (!gate_role_may(a->who->role, act)) {
		SP_TRY(
		    grants_lockbox_admit(a, act, &s->id, GATE_DUTY_OTHER, err));
		return grants_lockbox_not_here(err);
	}
	SP_TRY(grants_lockbox_row_of(a->room, &s->id, &s->row, err));
	if (s->own && !sp_id_equal(&s->row.asked.requester, &a->who->person))
		return grants_lockbox_not_here(err);
	SP_TRY(duty_of(a, &s->row, act, &duty, err));
	SP_TRY(grants_lockbox_admit(a, act, &s->id, duty, err));
	return grants_lockbox_step_place(s, &s->row, agency, err);
}

enum sp_code
grants_lockbox_take(const struct grants_lockbox_act *a,
    struct grants_lockbox_step *s, enum gate_act act, struct sp_err *err)
{
	struct evidence_room *agency = NULL;

	SP_TRY(grants_lockbox_enter(a, s, act, &agency, err));
	if (s->event == GRANTS_ASK)
		SP_TRY(grants_lockbox_cleared(
		    a, agency, &s->row.asked.requester, err));
	return grants_lockbox_step_run(s, err);
}

enum sp_code
grants_lockbox_approve(const struct grants_lockbox_act *a,
    const struct sp_id *id, struct sp_err *err)
{
	GRANTS_AUTO_STEP s;

	grants_lockbox_step_init(&s, a, id, GRANTS_APPROVE);
	if (grants_lockbox_at_home(a))
		return grants_lockbox_not_here(err);
	return grants_lockbox_take(a, &s, GATE_LOCKBOX_APPROVE, err);
}

static enum sp_code
reason_check(const char *reason, struct sp_err *err)
{
	return reason == NULL ? SP_OK
			      : grants_request_text_check("lockbox.reason",
				    reason, 1, GRANTS_REQUEST_REASON, err);
}

enum sp_code
grants_lockbox_deny(const struct grants_lockbox_act *a, const struct sp_id *id,
    const char *reason, struct sp_err *err)
{
	GRANTS_AUTO_STEP s;

	grants_lockbox_step_init(
	    &s, a, id, grants_lockbox_at_home(a) ? GRANTS_DROP : GRANTS_DENY);
	SP_TRY(reason_check(reason, err));
	s.reason = reason;
	return grants_lockbox_take(a, &s, GATE_LOCKBOX_DENY, err);
}

enum sp_code
grants_lockbox_revoke(const struct grants_lockbox_act *a,
    const struct sp_id *id, const char *reason, struct sp_err *err)
{
	GRANTS_AUTO_STEP s;

	grants_lockbox_step_init(&s, a, id, GRANTS_REVOKE);
	SP_TRY(reason_check(reason, err));
	s.reason = reason;
	return grants_lockbox_take(a, &s, GATE_LOCKBOX_REVOKE, err);
}

enum sp_code
grants_lockbox_review(const struct grants_lockbox_act *a,
    const struct sp_id *id, const char *finding, const char *note,
    struct sp_err *err)
{
	GRANTS_AUTO_STEP s;

	grants_lockbox_step_init(&s, a, id, GRANTS_BREAK);
	if (grants_lockbox_at_home(a))
		return grants_lockbox_not_here(err);
	if (finding == NULL ||
	    (strcmp(finding, "justified") != 0 &&
		strcmp(finding, "unjustified") != 0))
		return sp_fail_as(err, SP_E_INVALID, "lockbox.finding",
		    "lockbox.finding: justified or unjustified");
	if (note != NULL)
		SP_TRY(grants_request_text_check(
		    "lockbox.note", note, 1, GRANTS_REQUEST_REASON, err));
	s.finding = finding;
	s.reason = note;
	return grants_lockbox_take(a, &s, GATE_LOCKBOX_APPROVE, err);
}
