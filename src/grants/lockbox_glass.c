#include "grants/lockbox_parts.h"

/* Breaking glass: confirmed at home, in force by the agency's entry. */

/* At home, where dropping it or its running out excludes it: whichever comes
 * first there.  Once confirmed it waits for the agency's entry only. */
static enum sp_code
confirm_here(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct grants_lockbox_step *s = arg;
	struct db *db = ledger_tx_db(tx);
	struct grants_lockbox_row *r = &s->row;
	enum grants_request_state state;
	SP_AUTO_BUF detail = sp_buf_new(512);
	struct ledger_entry e;

	SP_TRY(grants_lockbox_row_load(db, &s->id, r, err));
	state = r->state;
	SP_TRY(grants_request_happen(&state, r->asked.glass, s->event, err));
	if (grants_lockbox_late(s))
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "the request has run out: ask for a new one");
	r->security = s->a->who->person;
	SP_TRY(grants_lockbox_row_save(db, r, err));
	SP_TRY(grants_lockbox_detail(r, &detail, err));
	e = gate_entry(s->a->who, "glass.confirmed", "lockbox", &s->id);
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

/* Broken before, and this house not told yet: adding the row again fails in the
 * agency's. */
static enum sp_code
run_break(struct grants_lockbox_step *s, struct sp_err *err)
{
	struct sp_err why;
	enum sp_code code = grants_lockbox_step_run(s, &why);

	if (code == SP_E_CONFLICT && why.reason == NULL)
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "glass is broken already");
	return code == SP_OK
	    ? SP_OK
	    : sp_fail_as(err, code, why.reason, "%s", why.text);
}

/* The agency's ledger is the first: without its entry nothing is open. */
enum sp_code
grants_lockbox_break(const struct grants_lockbox_act *a, const struct sp_id *id,
    struct sp_err *err)
{
	GRANTS_AUTO_STEP s;
	struct evidence_room *agency = NULL;

	grants_lockbox_step_init(&s, a, id, GRANTS_BREAK);
	if (!grants_lockbox_at_home(a))
		return grants_lockbox_not_here(err);
	SP_TRY(grants_lockbox_enter(a, &s, GATE_BREAK_CONFIRM, &agency, err));
	if (people_rules_get(s.rules, PEOPLE_LOCKBOX_GLASS) == 0)
		return sp_fail_as(err, SP_E_DENIED, "lockbox",
		    "the agency's policy forbids breaking glass");
	SP_TRY(grants_lockbox_cleared(a, agency, &s.row.asked.requester, err));
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(a->room), confirm_here, &s, err));
	s.first = agency;
	s.told = a->who->agency;
	return run_break(&s, err);
}
