#include "evidence/room.h"
#include "gate/recovery.h"
#include "machine/device.h"
#include "machine/token.h"
#include "signin/session.h"

#include <stdio.h>

/* Who shows this?  By the kind of what is shown; what its use changes is noted
 * here. */

/* Its use is noted now and then; what cannot be noted makes it seem idle. */
static enum sp_code
touch_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct gate_caller *who = arg;
	struct people_act a = { .tx = tx, .now = sp_now() };

	return signin_session_touch(&a, &who->token, err);
}

static enum sp_code
know_session(struct evidence_room *r, const char *text, struct gate_caller *out,
    struct sp_err *err)
{
	bool touch = false;

	{
		DB_LENT(reader, evidence_room_readers(r));
		const struct signin_shown shown = { reader.db,
			&evidence_room_agency(r)->id, evidence_room_rules(r),
			text };

		SP_TRY(signin_session_know(&shown, out, &touch, err));
	}
	if (touch)
		SP_IGNORE(ledger_writer_run(
		    evidence_room_writer(r), touch_run, out, NULL));
	return SP_OK;
}

/* That somebody shows a stolen one is told to the guard. */
static enum sp_code
know_service(struct evidence_room *r, const struct evidence_shown *shown,
    struct gate_caller *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	struct machine_shown service = { evidence_room_rules(r), shown->bearer,
		shown->address, shown->certificate };
	struct gate_caller who = *out;
	enum machine_refusal why = MACHINE_PROVEN;
	enum sp_code code = machine_token_know(
	    reader.db, &evidence_room_agency(r)->id, &service, &who, &why, err);

	if (code == SP_OK && sp_id_is_zero(&who.issuer))
		code = gate_recovery_settled(
		    reader.db, who.made, &who.is.settled, err);
	if (code == SP_OK)
		*out = who;
	else if (why != MACHINE_PROVEN)
		machine_guard_refused(
		    evidence_room_guard(r), &who.token, why, shown->address);
	return code;
}

static enum sp_code
know_token(struct evidence_room *r, const char *text, struct gate_caller *out,
    struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));

	SP_TRY(gate_token_know(reader.db, evidence_room_rules(r),
	    &evidence_room_agency(r)->id, text, out, err));
	if (out->role != GATE_ADMINISTRATOR || !sp_id_is_zero(&out->person) ||
	    !sp_id_is_zero(&out->issuer))
		return SP_OK;
	return gate_recovery_settled(
	    reader.db, out->made, &out->is.settled, err);
}

static enum sp_code
know_device(struct evidence_room *r, const uint8_t *pin,
    struct gate_caller *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));

	return machine_device_know(
	    reader.db, &evidence_room_agency(r)->id, pin, out, err);
}

/* A text says by its first letters whose it is. */
static enum sp_code
know_bearer(struct evidence_room *r, const struct evidence_shown *shown,
    struct gate_caller *out, struct sp_err *err)
{
	enum gate_text kind = GATE_TEXT_TOKEN;
	struct sp_id agency;

	if (shown->bearer != NULL)
		SP_IGNORE(gate_text_parse(shown->bearer, &kind, &agency));
	if (kind == GATE_TEXT_SESSION)
		return know_session(r, shown->bearer, out, err);
	if (kind == GATE_TEXT_ACCESS)
		return know_service(r, shown, out, err);
	return know_token(r, shown->bearer, out, err);
}

enum sp_code
evidence_room_know(struct evidence_room *r, const struct evidence_shown *shown,
    struct gate_caller *out, struct sp_err *err)
{
	int64_t before = sp_ticks();

	/* A bearer that comes with a cookie counts alone. */
	if (shown->bearer == NULL && shown->cookie != NULL)
		SP_TRY(know_session(r, shown->cookie, out, err));
	else if (shown->bearer == NULL && shown->certificate != NULL)
		SP_TRY(know_device(r, shown->certificate, out, err));
	else
		SP_TRY(know_bearer(r, shown, out, err));
	(void)snprintf(
	    out->address, sizeof(out->address), "%s", shown->address);
	out->known = before;
	return SP_OK;
}
