#include "api/people_part.h"
#include "evidence/room.h"
#include "grants/lockbox.h"
#include "ledger/entry.h"

#include <string.h>

/* Whatever an agency has was made by an act, and that act's entry is the first
 * about it.  Somebody's denied act about what is elsewhere is an entry too, but
 * no making. */
static enum sp_code
read_made(
    const struct sp_buf *entry, struct api_people_thing *t, struct sp_err *err)
{
	json_auto_t *in = json_loadb(
	    (const char *)entry->at, entry->len, JSON_REJECT_DUPLICATES, NULL);
	const char *kind = NULL, *outcome = NULL;

	if (json_unpack(in, "{s:s,s:{s:s}}", "outcome", &outcome, "object",
		"kind", &kind) != 0)
		return sp_fail(err, SP_E_CORRUPT, "an entry of the ledger");
	t->there = strcmp(outcome, "refused") != 0;
	(void)snprintf(t->kind, sizeof(t->kind), "%s", t->there ? kind : "");
	return SP_OK;
}

enum sp_code
api_people_thing(struct evidence_room *room, const struct sp_id *id,
    struct api_people_thing *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));
	struct ledger_log *log = evidence_room_log(room);
	SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
	uint64_t first = 0;
	size_t got = 0;

	*out = (struct api_people_thing){ .there = false };
	SP_TRY(ledger_log_about(log, reader.db, id, 0, &first, 1, &got, err));
	if (got == 0)
		return SP_OK;
	SP_TRY(ledger_log_entry(log, reader.db, first, &entry, err));
	return read_made(&entry, out, err);
}

static enum sp_code
duty_of_recovery(
    const struct api_people_duty *d, enum gate_duty *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(d->q->room));
	struct gate_recovery_state s;

	SP_TRY(gate_recovery_state(reader.db, &s, err));
	if (!sp_id_equal(&s.open.id, &d->thing))
		return SP_OK; /* over: nobody's to confirm */
	return gate_caller_duty(
	    reader.db, d->who, d->act, &s.open.custodian, out, err);
}

enum sp_code
api_people_duty(
    const struct api_people_duty *d, enum gate_duty *out, struct sp_err *err)
{
	const struct grants_lockbox_act a = {
		.site = d->q->house->site,
		.room = d->q->room,
		.who = d->who,
	};

	if (strcmp(d->kind, "lockbox") == 0)
		return grants_lockbox_duty(&a, d->act, &d->thing, out, err);
	if (strcmp(d->kind, "recovery") == 0)
		return duty_of_recovery(d, out, err);
	return SP_OK;
}
