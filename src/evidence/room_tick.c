#include "evidence/room_part.h"
#include "evidence/upload.h"
#include "evidence/viewing.h"
#include "people/person.h"
#include "signin/session.h"

#include <stdlib.h>

#define TICK_ACTS     8 /* of people, in one tick: the rest in the next */
#define TICK_SESSIONS 200

/* What the tick did, told to who listens; the ledger has it. */
static void
tell_people(struct evidence_room *r, const struct people_tick *t)
{
	static const enum events_kind kind[PEOPLE_NOTICE_COUNT] = {
		[PEOPLE_NOTICE_DISABLED] = EVENTS_DISABLED,
		[PEOPLE_NOTICE_TERMINATED] = EVENTS_TERMINATED,
		[PEOPLE_NOTICE_WARNED] = EVENTS_WARNED,
		[PEOPLE_NOTICE_LAPSED] = EVENTS_LAPSED,
	};

	for (size_t i = 0; i < t->notices; i++) {
		const struct people_notice *n = &t->notice[i];
		bool check = n->kind == PEOPLE_NOTICE_WARNED ||
		    n->kind == PEOPLE_NOTICE_LAPSED;
		struct events_event e = {
			.kind = kind[n->kind],
			.object = n->object,
			.about = n->object_kind,
			.why = check ? people_check_name(n->check)
				     : people_reason_name(n->reason),
			.days = n->days,
		};

		if (check)
			people_day_text(n->until, e.until);
		events_hub_tell(evidence_room_events(r), &e);
	}
}

/* What happens to people by itself.  What cannot be written now is due again
 * at the next tick; until then the gate computes the same from the rows. */
static void
tick_people(struct evidence_room *r)
{
	struct people_tick *t = calloc(1, sizeof(*t));
	enum sp_code code = SP_OK;
	bool due = true;

	for (int i = 0; t != NULL && i < TICK_ACTS; i++) {
		DB_LENT(reader, evidence_room_readers(r));

		*t = (struct people_tick){
			.agency = evidence_room_agency(r)->id,
			.rules = evidence_room_rules(r),
			.now = sp_now(),
		};
		code = people_clearance_due(
		    reader.db, evidence_room_rules(r), t->now, &due, NULL);
		if (code == SP_OK && due)
			code = ledger_writer_run(evidence_room_writer(r),
			    people_clearance_tick, t, NULL);
		if (code == SP_OK)
			tell_people(r, t);
		if (code != SP_OK || !due)
			break;
	}
	free(t);
}

static enum sp_code
tick_signin_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct evidence_room *r = arg;
	struct people_by by = people_by_site(&evidence_room_agency(r)->id);
	struct people_act a = { tx, &by, evidence_room_rules(r), sp_now() };

	return signin_session_tick(&a, TICK_SESSIONS, err);
}

/* What sessions have become by themselves.  Until it is written down the door
 * computes the same from the rows. */
static void
tick_signin(struct evidence_room *r)
{
	bool due = false;

	{
		DB_LENT(reader, evidence_room_readers(r));

		if (signin_session_due(reader.db, evidence_room_rules(r),
			sp_now(), &due, NULL) != SP_OK)
			return;
	}
	if (due)
		SP_IGNORE(ledger_writer_run(
		    evidence_room_writer(r), tick_signin_act, r, NULL));
}

void
evidence_room_tick(struct evidence_room *r)
{
	gate_tick(evidence_room_gate(r));
	machine_guard_write(evidence_room_guard(r),
	    &evidence_room_agency(r)->id, evidence_room_writer(r), false);
	tick_people(r);
	tick_signin(r);
	evidence_room_review(r, evidence_room_reviewed(r));
	evidence_viewings_close(r, evidence_room_limits(r)->viewing_idle);
	evidence_upload_expire(r);
}
