#include "grants/guest.h"
#include "grants/lockbox_parts.h"
#include "people/person.h"

#include <stdlib.h>
#include <string.h>

/* What the provider's house does: requesting, asking the agency, giving back.
 */

struct asking {
	const struct grants_lockbox_act *a;
	const struct gate_once *once;
	struct grants_lockbox_row row;
	struct sp_id id; /* what the key's first request made, or this */
};

static enum sp_code
request_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct asking *k = arg;
	const struct grants_lockbox_row *r = &k->row;
	SP_AUTO_BUF detail = sp_buf_new(512);
	struct ledger_entry e;
	bool before = false;
	int64_t open = 0;

	k->id = r->asked.id;
	if (k->once != NULL)
		SP_TRY(gate_once_take(tx, k->once, &k->id, &before, err));
	if (before)
		return SP_OK;
	SP_TRY(grants_lockbox_row_open(ledger_tx_db(tx), &open, err));
	if (open >= GRANTS_LOCKBOX_OPEN)
		return sp_fail_as(err, SP_E_LIMIT, "lockbox.open",
		    "there are %d open requests: end some",
		    GRANTS_LOCKBOX_OPEN);
	SP_TRY(grants_lockbox_row_add(ledger_tx_db(tx), r, err));
	SP_TRY(grants_lockbox_detail(r, &detail, err));
	e = gate_entry(k->a->who,
	    r->asked.glass ? "glass.requested" : "lockbox.requested", "lockbox",
	    &r->asked.id);
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

static enum sp_code
how_long(const struct people_rules *rules, struct grants_request *r,
    struct sp_err *err)
{
	int64_t most = people_rules_get(
	    rules, r->glass ? PEOPLE_LOCKBOX_GLASS : PEOPLE_LOCKBOX_ACCESS);

	if (most == 0)
		return sp_fail_as(err, SP_E_DENIED, "lockbox",
		    "the agency's policy forbids breaking glass "
		    "(lockbox.glass is 0)");
	if (r->minutes == 0)
		r->minutes = most;
	if (r->minutes > most)
		return sp_fail_as(err, SP_E_INVALID, "lockbox.minutes",
		    "lockbox.minutes: at most %jd by the agency's policy",
		    (intmax_t)most);
	return SP_OK;
}

/* Somebody who is not cleared need not be asked for. */
enum sp_code
grants_lockbox_cleared(const struct grants_lockbox_act *a,
    struct evidence_room *agency, const struct sp_id *person,
    struct sp_err *err)
{
	enum gate_clearance c = GATE_CLEARANCE_UNKNOWN;

	SP_TRY(grants_guest_clearance(a->room, agency, person, &c, err));
	if (c != GATE_CLEARANCE_OK)
		return sp_fail_as(err, SP_E_DENIED, gate_clearance_name(c),
		    "the requester is not cleared for %s (%s): %s",
		    evidence_room_agency(agency)->slug,
		    evidence_room_agency(agency)->state,
		    gate_clearance_name(c));
	return SP_OK;
}

static enum sp_code
fill(const struct grants_lockbox_act *a, struct evidence_room *agency,
    struct grants_lockbox_row *row, struct sp_err *err)
{
	const struct people_rules *rules = evidence_room_rules(agency);
	struct grants_request *r = &row->asked;
	struct people_person p;
	struct sp_json j = sp_json_to(&row->text);

	SP_TRY(how_long(rules, r, err));
	SP_TRY(grants_lockbox_person(a->room, &a->who->person, &p, err));
	r->id = sp_id_new();
	r->agency = evidence_room_agency(agency)->id;
	r->house = a->who->agency;
	r->requester = a->who->person;
	r->created = sp_now();
	memcpy(r->name, p.name, sizeof(p.name));
	if (r->from.n == 0)
		SP_TRY(machine_ranges_add(
		    &r->from, a->who->address, strlen(a->who->address), err));
	row->state = GRANTS_INITIALIZING;
	row->due = r->created +
	    (r->glass ? people_rules_time(rules, PEOPLE_LOCKBOX_GLASS)
		      : people_rules_time(rules, PEOPLE_LOCKBOX_PENDING));
	grants_request_put(&j, NULL, r);
	return sp_buf_check(&row->text, "lockbox request", err);
}

static enum sp_code
find_agency(const struct grants_lockbox_act *a, const char *slug,
    struct evidence_room **out, struct sp_err *err)
{
	enum sp_code code = evidence_site_room(a->site, slug, out, err);

	if (code == SP_E_NOTFOUND ||
	    (code == SP_OK && evidence_room_agency(*out)->provider))
		return sp_fail_as(err, SP_E_INVALID, "lockbox.agency",
		    "lockbox.agency: no agency %.64s", slug);
	return code;
}

enum sp_code
grants_lockbox_request(const struct grants_lockbox_act *a, const char *slug,
    const struct grants_request *r, const struct gate_once *once,
    struct sp_id *id, struct sp_err *err)
{
	struct evidence_room *agency = NULL;
	struct asking *k;
	enum sp_code code;

	if (!grants_lockbox_at_home(a))
		return grants_lockbox_not_here(err);
	SP_TRY(grants_lockbox_admit(a,
	    r->glass ? GATE_BREAK_REQUEST : GATE_LOCKBOX_REQUEST, NULL,
	    GATE_DUTY_OTHER, err));
	SP_TRY(find_agency(a, slug, &agency, err));
	SP_TRY(grants_lockbox_cleared(a, agency, &a->who->person, err));
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a request");
	grants_lockbox_row_init(&k->row);
	k->a = a;
	k->once = once;
	k->row.asked = *r;
	code = fill(a, agency, &k->row, err);
	if (code == SP_OK)
		code = ledger_writer_run(
		    evidence_room_writer(a->room), request_run, k, err);
	if (code == SP_OK)
		*id = k->id;
	grants_lockbox_row_done(&k->row);
	free(k);
	return code;
}

enum sp_code
grants_lockbox_ask(const struct grants_lockbox_act *a, const struct sp_id *id,
    struct sp_err *err)
{
	GRANTS_AUTO_STEP s;

	grants_lockbox_step_init(&s, a, id, GRANTS_ASK);
	if (!grants_lockbox_at_home(a))
		return grants_lockbox_not_here(err);
	return grants_lockbox_take(a, &s, GATE_LOCKBOX_INTERNAL, err);
}

/* Only who asked gives it back. */
enum sp_code
grants_lockbox_complete(const struct grants_lockbox_act *a,
    const struct sp_id *id, struct sp_err *err)
{
	GRANTS_AUTO_STEP s;

	grants_lockbox_step_init(&s, a, id, GRANTS_COMPLETE);
	s.own = true;
	if (!grants_lockbox_at_home(a))
		return grants_lockbox_not_here(err);
	return grants_lockbox_take(a, &s, GATE_LOCKBOX_REQUEST, err);
}
