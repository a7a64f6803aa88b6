#include "grants/share_parts.h"

#define WORK_AT_ONCE 128

/* --- ending --- */

static enum sp_code
end_rows(
    struct ledger_tx *tx, struct grants_share_change *c, struct sp_err *err)
{
	struct grants_share_row r;

	SP_TRY(grants_share_row_load(ledger_tx_db(tx), &c->share, &r, err));
	if (!grants_terms_may(r.state, c->state))
		return grants_share_over(err);
	return grants_share_row_state(
	    ledger_tx_db(tx), &c->share, c->state, sp_now(), err);
}

static enum sp_code
first_party(struct grants_share_change *c, struct sp_err *err)
{
	bool found = false;
	DB_LENT(reader, evidence_room_readers(c->h.room));

	return grants_share_row_first_party(
	    reader.db, &c->share, &c->agency, &found, err);
}

/* In the owner's house; `h->room` is it. */
static enum sp_code
end(const struct grants_house *h, const struct sp_id *share,
    enum grants_state state, struct sp_err *err)
{
	GRANTS_AUTO_CHANGE c = {
		.h = *h,
		.share = *share,
		.rows = end_rows,
		.state = state,
	};

	SP_TRY(first_party(&c, err));
	SP_TRY(grants_share_change_run(&c, err));
	/* With it, all that was made from it: a guest rests on the whole
	 * chain. */
	evidence_room_cut(h->room, share);
	return SP_OK;
}

static enum sp_code
work_of(
    struct evidence_room *room, struct grants_share_work *w, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	return grants_share_row_work(
	    reader.db, grants_twin_house(room), sp_now(), w, err);
}

static enum sp_code
do_work(const struct grants_house *h, const struct grants_share_work *w,
    struct sp_err *err)
{
	GRANTS_AUTO_CHANGE c = {
		.h = *h, .share = w->share, .agency = w->agency
	};

	if (w->what == GRANTS_TO_END)
		return end(h, &w->share, w->state, err);
	return grants_share_change_run(&c, err);
}

void
grants_share_go_on(struct evidence_site *site, struct evidence_room *room)
{
	struct gate_caller who = grants_twin_itself(room);
	const struct grants_house h = { site, room, &who };

	for (int i = 0; i < WORK_AT_ONCE; i++) {
		struct grants_share_work w;

		/* What fails is found again the next time. */
		if (work_of(room, &w, NULL) != SP_OK ||
		    w.what == GRANTS_NO_WORK || do_work(&h, &w, NULL) != SP_OK)
			return;
	}
}

/* One of this house, in the house whose the share is. */
static struct gate_caller
abroad(const struct grants_house *h, const struct sp_id *owner,
    const struct sp_id *share)
{
	struct gate_caller who = *h->who;

	who.agency = *owner;
	who.via = (struct gate_via){
		.relation = GATE_OTHER,
		.kind = "share",
		.id = *share,
		.house = *grants_twin_house(h->room),
	};
	return who;
}

/* Of another's, which this house shared on. */
static enum sp_code
revoke_passed(
    const struct grants_house *h, const struct sp_id *id, struct sp_err *err)
{
	struct grants_known k;
	struct gate_caller who;
	struct grants_house there = { .site = h->site, .who = &who };

	SP_TRY(grants_share_known_of(h, id, &k, err));
	if (!k.by)
		return sp_fail_as(err, SP_E_DENIED, "share.owner",
		    "whoever shared it revokes it: you may decline it");
	SP_TRY(evidence_site_room_of(h->site, &k.owner, &there.room, err));
	who = abroad(h, &k.owner, id);
	SP_TRY(end(&there, id, GRANTS_REVOKED, err));
	grants_share_go_on(h->site, there.room);
	return SP_OK;
}

enum sp_code
grants_share_revoke(
    const struct grants_house *h, const struct sp_id *id, struct sp_err *err)
{
	struct sp_err why = { .code = SP_OK };
	enum sp_code code = end(h, id, GRANTS_REVOKED, &why);

	if (code == SP_E_NOTFOUND)
		return revoke_passed(h, id, err);
	if (code != SP_OK)
		return sp_fail_as(err, code, why.reason, "%s", why.text);
	grants_share_go_on(h->site, h->room);
	return SP_OK;
}

/* --- declining --- */

static enum sp_code
decline_here(
    struct ledger_tx *tx, struct grants_twin_act *io, struct sp_err *err)
{
	struct grants_share_change *c = io->arg;
	struct db *db = ledger_tx_db(tx);
	struct grants_known k;

	SP_TRY(grants_share_row_known(db, &c->share, &k, err));
	if (k.by)
		return sp_fail_as(err, SP_E_DENIED, "share.owner",
		    "it was shared by this agency: you may revoke it");
	if (k.state != GRANTS_ACTIVE || k.declined)
		return grants_share_over(err);
	SP_TRY(grants_share_row_known_decline(db, &c->share, err));
	SP_TRY(grants_share_change_rows(tx, c, err));
	io->detail = sp_buf_str(&c->detail);
	return SP_OK;
}

enum sp_code
grants_share_decline(
    const struct grants_house *h, const struct sp_id *id, struct sp_err *err)
{
	GRANTS_AUTO_CHANGE c = { .h = *h, .share = *id };
	struct grants_twin_act a = {
		.first = h->room,
		.who = h->who,
		.kind = &grants_share_kind,
		.act = grants_share_act(GRANTS_DECLINED),
		.object_kind = "share",
		.object = *id,
		.here = decline_here,
		.arg = &c,
	};
	struct grants_known k;

	grants_share_change_init(&c);
	SP_TRY(grants_share_known_of(h, id, &k, err));
	SP_TRY(evidence_site_room_of(h->site, &k.owner, &a.second, err));
	SP_TRY(grants_twin_run(&a, NULL, err));
	/* Others of a group begin again. */
	evidence_room_cut(a.second, id);
	grants_share_go_on(h->site, a.second);
	return SP_OK;
}
