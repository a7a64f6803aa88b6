#include "evidence/room.h"
#include "evidence/viewing.h"
#include "gate/ongoing.h"
#include "gate/token.h"
#include "machine/device.h"

struct revoking {
	const struct gate_caller *by;
	const struct sp_id *id; /* of a token, a device */
};

static enum sp_code
revoke_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct revoking *a = arg;

	return gate_token_revoke(tx, a->by, a->id, err);
}

static enum sp_code
revoke_device_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct revoking *a = arg;

	return machine_device_revoke(tx, a->by, a->id, err);
}

enum sp_code
evidence_room_revoke(struct evidence_room *r, const struct gate_caller *by,
    const struct sp_id *token, struct sp_err *err)
{
	struct revoking act = { .by = by, .id = token };

	return ledger_writer_run(
	    evidence_room_writer(r), revoke_run, &act, err);
}

enum sp_code
evidence_room_revoke_device(struct evidence_room *r,
    const struct gate_caller *by, const struct sp_id *device,
    struct sp_err *err)
{
	struct revoking act = { .by = by, .id = device };

	return ledger_writer_run(
	    evidence_room_writer(r), revoke_device_run, &act, err);
}

void
evidence_room_cut(struct evidence_room *r, const struct sp_id *id)
{
	gate_ongoing_cut(id);
	evidence_viewings_close(r, evidence_room_limits(r)->viewing_idle);
}
