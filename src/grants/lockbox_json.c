#include "grants/guest.h"
#include "grants/lockbox_parts.h"

#include <string.h>

#define PAGE  100
#define TWINS 50

static void
put_text(struct sp_json *j, const char *name, const char *s)
{
	if (s[0] == '\0')
		sp_json_null(j, name);
	else
		sp_json_str(j, name, s);
}

static enum sp_code
put_approval(
    void *arg, const struct sp_id *person, sp_time at, struct sp_err *err)
{
	struct sp_json *j = arg;

	(void)err;
	sp_json_object(j, NULL);
	sp_json_time(j, "at", at);
	sp_json_id(j, "person", person);
	sp_json_end(j);
	return SP_OK;
}

static void
put_review(struct sp_json *j, const struct grants_lockbox_row *r)
{
	if (r->reviewed == 0) {
		sp_json_null(j, "review");
		return;
	}
	sp_json_object(j, "review");
	sp_json_time_or_null(j, "at", r->reviewed);
	sp_json_str(j, "finding", r->finding);
	put_text(j, "note", r->note);
	sp_json_id_or_null(j, "person", &r->reviewer);
	sp_json_end(j);
}

/* What was found out elsewhere of a request. */
struct beside {
	const char *agency;    /* slug */
	const char *clearance; /* of the requester, now; NULL: not active */
	bool half;
	bool whole; /* with what was touched, and twins */
};

/* The clock has ended it, though nobody has written that down yet. */
static enum grants_request_state
state_now(const struct grants_lockbox_row *r)
{
	if (r->state == GRANTS_APPROVED && !grants_lockbox_row_in_time(r))
		return GRANTS_COMPLETED;
	return r->state;
}

static enum sp_code
put_more(struct sp_json *j, struct db *db, const struct grants_lockbox_row *r,
    const struct beside *b, struct sp_err *err)
{
	if (b->whole) {
		SP_TRY(grants_lockbox_row_touches(
		    j, "touched", db, &r->asked.id, err));
		SP_TRY(
		    grants_twin_json(j, "twins", db, &r->asked.id, TWINS, err));
	}
	sp_json_time_or_null(j, "until", r->until);
	return SP_OK;
}

static enum sp_code
put_row(struct sp_json *j, struct db *db, const struct grants_lockbox_row *r,
    const struct beside *b, struct sp_err *err)
{
	uint8_t sum[CRYPTO_SHA256_LEN];

	grants_lockbox_row_sha256(r, sum);
	sp_json_object(j, NULL);
	sp_json_str(j, "agency", b->agency);
	sp_json_array(j, "approvals");
	SP_TRY(grants_lockbox_row_approvers(
	    db, &r->asked.id, put_approval, j, err));
	sp_json_end(j);
	sp_json_int(j, "approved", r->approvals);
	sp_json_raw(j, "asked", sp_buf_str(&r->text));
	if (b->clearance == NULL)
		sp_json_null(j, "clearance");
	else
		sp_json_str(j, "clearance", b->clearance);
	sp_json_time(j, "due_at", r->due);
	sp_json_time_or_null(j, "ended_at", r->ended);
	put_text(j, "ended_by", r->ended_by);
	sp_json_bool(j, "glass", r->asked.glass);
	sp_json_id(j, "id", &r->asked.id);
	sp_json_int(j, "needed", r->quorum);
	put_text(j, "reason", r->reason);
	put_review(j, r);
	sp_json_id_or_null(j, "security", &r->security);
	sp_json_hex(j, "sha256", sum, sizeof(sum));
	sp_json_time_or_null(j, "started_at", r->started);
	sp_json_str(
	    j, "state", grants_request_state_shown(state_now(r), b->half));
	SP_TRY(put_more(j, db, r, b, err));
	sp_json_end(j);
	return SP_OK;
}

/* What other houses say, before this one's database is lent. */
static enum sp_code
look_beside(struct evidence_site *site, const struct grants_lockbox_row *r,
    struct beside *out, struct sp_err *err)
{
	struct evidence_room *agency = NULL, *home = NULL;
	enum gate_clearance c = GATE_CLEARANCE_UNKNOWN;
	enum sp_code code;

	SP_TRY(evidence_site_room_of(site, &r->asked.agency, &agency, err));
	SP_TRY(evidence_site_room_of(site, &r->asked.house, &home, err));
	out->agency = evidence_room_agency(agency)->slug;
	code =
	    grants_guest_clearance(home, agency, &r->asked.requester, &c, err);
	if (code != SP_OK && code != SP_E_UNKNOWN)
		return code;
	out->clearance = code == SP_OK ? gate_clearance_name(c) : NULL;
	return SP_OK;
}

static enum sp_code
load(struct evidence_room *room, const struct sp_id *id,
    struct grants_lockbox_row *row, struct beside *b, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	SP_TRY(grants_lockbox_row_load(reader.db, id, row, err));
	/* Its quorum is fixed by the approval; until then it is today's. */
	if (row->quorum == 0)
		row->quorum = people_rules_get(
		    evidence_room_rules(room), PEOPLE_LOCKBOX_QUORUM);
	return grants_twin_half(reader.db, id, &b->half, err);
}

static enum sp_code
put_one(struct sp_json *j, struct evidence_site *site,
    struct evidence_room *room, const struct sp_id *id, bool whole,
    struct sp_err *err)
{
	struct beside b = { .whole = whole };
	GRANTS_AUTO_LOCKBOX row;

	grants_lockbox_row_init(&row);
	SP_TRY(load(room, id, &row, &b, err));
	SP_TRY(look_beside(site, &row, &b, err));
	{
		DB_LENT(reader, evidence_room_readers(room));

		return put_row(j, reader.db, &row, &b, err);
	}
}

static enum sp_code
page(struct evidence_room *room, const struct grants_lockbox_list *q,
    struct sp_id id[static PAGE], size_t *got, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	return grants_lockbox_row_ids(reader.db, q, id, got, err);
}

enum sp_code
grants_lockbox_list_json(struct evidence_site *site, struct evidence_room *room,
    const struct grants_lockbox_list *q, struct sp_buf *out, struct sp_err *err)
{
	struct grants_lockbox_list all = *q;
	enum grants_request_state state;
	struct sp_id id[PAGE];
	struct sp_json j = sp_json_to(out);
	size_t got = 0;

	if (q->state != NULL && !grants_request_state_parse(q->state, &state))
		return sp_fail_as(err, SP_E_INVALID, "lockbox.state",
		    "lockbox.state: Initializing, Pending, Approving, "
		    "Approved, Denied, Expired, Revoked or Completed");
	all.n = q->n == 0 || q->n > PAGE ? PAGE : q->n;
	SP_TRY(page(room, &all, id, &got, err));
	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	for (size_t i = 0; i < got; i++)
		SP_TRY(put_one(&j, site, room, &id[i], false, err));
	sp_json_end(&j);
	if (got == all.n)
		sp_json_id(&j, "next", &id[got - 1]);
	else
		sp_json_null(&j, "next");
	sp_json_end(&j);
	return sp_buf_check(out, "lockbox", err);
}

enum sp_code
grants_lockbox_json(struct evidence_site *site, struct evidence_room *room,
    const struct sp_id *id, struct sp_buf *out, struct sp_err *err)
{
	struct sp_json j = sp_json_to(out);

	SP_TRY(put_one(&j, site, room, id, true, err));
	return sp_buf_check(out, "lockbox", err);
}
