#include "api/people_part.h"
#include "evidence/room.h"
#include "ledger/entry.h"

#include <string.h>

/* Whatever an agency has was made by an act, and that act's entry is the first
 * about it that was not refused: somebody's denied act about what is elsewhere,
 * or not there yet, is an entry too, but no making.  Denials are counted by the
 * minute (gate/gate.h): of something that was made, there are few before it. */
#define AT_ONCE 64
#define LOOKED  512

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

/* Of a page of entries the first that was not refused. */
static enum sp_code
look(struct ledger_log *log, struct db *db, const uint64_t *at, size_t n,
    struct api_people_thing *out, struct sp_err *err)
{
	for (size_t i = 0; i < n && !out->there; i++) {
		SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);

		SP_TRY(ledger_log_entry(log, db, at[i], &entry, err));
		SP_TRY(read_made(&entry, out, err));
	}
	return SP_OK;
}

enum sp_code
api_people_thing(struct evidence_room *room, const struct sp_id *id,
    struct api_people_thing *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));
	struct ledger_log *log = evidence_room_log(room);
	uint64_t at[AT_ONCE], from = 0;
	size_t got = AT_ONCE;

	*out = (struct api_people_thing){ .there = false };
	for (size_t looked = 0; got == AT_ONCE && looked < LOOKED;
	     looked += got) {
		SP_TRY(ledger_log_about(
		    log, reader.db, id, from, at, AT_ONCE, &got, err));
		SP_TRY(look(log, reader.db, at, got, out, err));
		if (out->there || got == 0)
			break;
		from = at[got - 1] + 1;
	}
	return SP_OK;
}

static enum sp_code
duty_of_recovery(struct api_people_duty *io, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(io->q->room));
	struct gate_recovery_state s;

	SP_TRY(gate_recovery_state(reader.db, &s, err));
	if (!sp_id_equal(&s.open.id, &io->thing))
		return SP_OK; /* over: nobody's to confirm */
	return gate_caller_duty(
	    reader.db, io->who, io->act, &s.open.custodian, &io->duty, err);
}

enum sp_code
api_people_duty(struct api_people_duty *io, struct sp_err *err)
{
	const struct grants_lockbox_act a = {
		.site = io->q->house->site,
		.room = io->q->room,
		.who = io->who,
	};

	if (strcmp(io->kind, "lockbox") == 0) {
		SP_TRY(grants_lockbox_look(
		    &a, io->act, &io->thing, &io->lockbox, err));
		io->duty = io->lockbox.duty;
	}
	if (strcmp(io->kind, "recovery") == 0 &&
	    (gate_act_row(io->act)->flags & GATE_APPROVES) != 0)
		return duty_of_recovery(io, err);
	return SP_OK;
}
