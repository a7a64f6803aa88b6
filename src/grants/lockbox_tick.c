#include "gate/token.h"
#include "grants/lockbox_parts.h"

/* What becomes of a request by itself. */
#define TICK_TURNS 32 /* requests ended in one tick */

static enum sp_code
next_due(struct evidence_room *room, sp_time now, struct sp_id *io, bool *found,
    struct sp_err *err)
{
	struct sp_id after = *io;
	DB_LENT(reader, evidence_room_readers(room));

	return grants_lockbox_row_due(reader.db, now, &after, io, found, err);
}

struct looking {
	const struct sp_id *id;
	bool there;
};

static enum sp_code
look_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct looking *l = arg;
	GRANTS_AUTO_LOCKBOX r;
	enum sp_code code;
	struct sp_err why;

	grants_lockbox_row_init(&r);
	code = grants_lockbox_row_load(ledger_tx_db(tx), l->id, &r, &why);
	l->there = code == SP_OK;
	return code == SP_E_NOTFOUND || code == SP_OK
	    ? SP_OK
	    : sp_fail(err, code, "%s", why.text);
}

/* Glass that was confirmed may be broken in the agency's house though this one
 * was not told.  Once its time is over no break begins any more; one that began
 * before is found by asking the agency's writer, after it. */
static enum sp_code
never_broken(const struct grants_lockbox_step *s, struct evidence_room *agency,
    bool *out, struct sp_err *err)
{
	struct looking l = { .id = &s->id };

	*out = gate_token_expired(s->row.due);
	if (!*out || !grants_lockbox_confirmed(&s->row))
		return SP_OK;
	SP_TRY(
	    ledger_writer_run(evidence_room_writer(agency), look_run, &l, err));
	*out = !l.there;
	return SP_OK;
}

/* What the agency knows of, the agency ends; the provider, what is its own
 * affair yet. */
static bool
ends_here(const struct evidence_room *room, const struct grants_lockbox_row *r)
{
	return !evidence_room_agency(room)->provider ||
	    r->state == GRANTS_INITIALIZING;
}

static enum sp_code
end_one(struct evidence_site *site, struct evidence_room *room,
    const struct sp_id *id, struct sp_err *err)
{
	const struct gate_caller by_itself = {
		.agency = evidence_room_agency(room)->id,
		.source = "site",
	};
	const struct grants_lockbox_act a = { site, room, &by_itself };
	struct evidence_room *agency = NULL;
	bool late = true;
	GRANTS_AUTO_STEP s;

	grants_lockbox_step_init(&s, &a, id, GRANTS_LATE);
	SP_TRY(grants_lockbox_row_of(room, id, &s.row, err));
	if (!ends_here(room, &s.row))
		return SP_OK;
	if (s.row.state == GRANTS_APPROVED)
		s.wish = s.event = GRANTS_END;
	s.by = "time";
	SP_TRY(grants_lockbox_step_place(&s, &s.row, &agency, err));
	if (s.row.state == GRANTS_INITIALIZING)
		SP_TRY(never_broken(&s, agency, &late, err));
	return late ? grants_lockbox_step_run(&s, err) : SP_OK;
}

void
grants_lockbox_tick(struct evidence_site *site, struct evidence_room *room)
{
	static const struct grants_twin_kind *const kind[] = {
		&grants_lockbox_kind
	};
	static const struct grants_twin_kinds kinds = { kind, 1 };
	struct sp_id at = { .b = { 0 } };

	for (int i = 0; i < TICK_TURNS; i++) {
		bool found = false;

		if (next_due(room, sp_now(), &at, &found, NULL) != SP_OK ||
		    !found)
			break;
		/* What cannot be written now is due at the next tick. */
		SP_IGNORE(end_one(site, room, &at, NULL));
	}
	grants_twin_settle(site, room, &kinds);
}
