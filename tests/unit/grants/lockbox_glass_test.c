#include "grants/lockbox_parts.h"

#include "box_fixture.h"
#include "runs_fixture.h"

static struct box b;

static void
glass_is_seen_at_once(void)
{
	struct grants_request r = box_wish(&b);
	struct events_wish w = { .as = b.h.by_a.token };
	struct events_listener *l = NULL;
	struct events_event e[4];
	struct grants_lockbox_act laso = box_as(&b, &b.laso);
	struct sp_err err = { .reason = NULL };
	struct sp_id id;
	size_t n = 0;
	json_t *j;

	r.glass = true;
	id = box_request(&b, &r);
	CHECK(box_acts(b.h.p, "glass.requested", box_text(&id)) == 1);
	CHECK(box_entries(b.h.a, box_text(&id), "") == 0);
	CHECK_CODE(box_ask(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
	/* Two humans. */
	CHECK_DENIED(box_break(&b, &b.op, &id, &err), "role", &err);
	CHECK_DENIED(box_break(&b, &b.sec2, &id, &err), "role", &err);
	CHECK_DENIED(box_break(&b, &b.admin_p, &id, &err), "role", &err);
	/* Nothing is open that the agency's ledger does not have. */
	runs_left = 0;
	CHECK_CODE(box_break(&b, &b.sec, &id, &err), SP_E_UNAVAIL, &err);
	runs_left = -1;
	CHECK(box_is(&b, b.h.p, &id, "Initializing"));

	CHECK_OK(
	    events_hub_listen(&l, evidence_room_events(b.h.a), &w, &err), &err);
	CHECK_OK(box_break(&b, &b.sec, &id, &err), &err);
	CHECK(events_hub_next(l, 0, e, 4, &n) == EVENTS_NEXT && n == 1);
	CHECK(e[0].kind == EVENTS_GLASS && sp_id_equal(&e[0].object, &id));
	events_hub_leave(l);
	CHECK(box_both(&b, &id, "Approved"));
	CHECK(box_acts(b.h.a, "glass.broken", box_text(&id)) == 1);
	CHECK(box_entries(b.h.a, "\"confirmed_by\"", box_text(&b.op.person)) ==
	    1);
	CHECK(box_acts(b.h.p, "glass.broken", box_text(&id)) == 1);
	j = box_json(&b, b.h.a, &id);
	CHECK(json_is_true(json_object_get(j, "glass")));
	CHECK(json_is_null(json_object_get(j, "review")));
	json_decref(j);
	CHECK_CODE(box_break(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);

	/* The agency looks into it: once, and by those who may approve. */
	CHECK_CODE(grants_lockbox_review(&laso, &id, "fine", NULL, &err),
	    SP_E_INVALID, &err);
	CHECK_OK(grants_lockbox_review(
		     &laso, &id, "unjustified", "could wait", &err),
	    &err);
	CHECK_CODE(grants_lockbox_review(&laso, &id, "justified", NULL, &err),
	    SP_E_CONFLICT, &err);
	j = box_json(&b, b.h.p, &id);
	CHECK(strcmp(json_string_value(json_object_get(
			 json_object_get(j, "review"), "finding")),
		  "unjustified") == 0);
	json_decref(j);
	CHECK(box_acts(b.h.a, "glass.reviewed", "unjustified") == 1);
	CHECK(box_entries(b.h.a, "could wait", "") == 0);
	/* It ends it, too. */
	CHECK_OK(box_revoke(&b, &b.cust, &id, &err), &err);
	CHECK(box_both(&b, &id, "Revoked"));
}

/* The second writer away: the agency has it, and nothing is open until the
 * house has it too. */
static void
glass_half_broken(void)
{
	struct grants_request r = box_wish(&b);
	struct gate_caller guest;
	struct sp_err err;
	struct sp_id id;

	r.glass = true;
	id = box_request(&b, &r);
	runs_left = 2;
	CHECK_OK(box_break(&b, &b.sec, &id, &err), &err);
	runs_left = -1;
	CHECK(box_is(&b, b.h.a, &id, "Approved"));
	CHECK(box_is(&b, b.h.p, &id, "Initializing"));
	/* Nobody takes back what is broken already. */
	CHECK_CODE(box_deny(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &b.item, &guest, &err), "lockbox", &err);
	CHECK_CODE(box_break(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
	box_tick(&b);
	CHECK(box_both(&b, &id, "Approved"));
	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	CHECK_OK(box_complete(&b, &b.op, &id, &err), &err);
}

static void
glass_may_be_forbidden(void)
{
	struct grants_request r = box_wish(&b);
	struct grants_lockbox_act a;
	struct sp_err err = { .reason = NULL };
	struct sp_id id, before;

	r.glass = true;
	r.minutes = 61;
	a = box_as(&b, &b.op);
	CHECK_CODE(grants_lockbox_request(&a, "harbor-pd", &r, NULL, &id, &err),
	    SP_E_INVALID, &err);
	r.minutes = 0;
	before = box_request(&b, &r);
	box_rule(&b, "lockbox.glass", 0);
	a = box_as(&b, &b.op);
	CHECK_DENIED(
	    grants_lockbox_request(&a, "harbor-pd", &r, NULL, &id, &err),
	    "lockbox", &err);
	/* Also what was asked before the agency forbade it. */
	CHECK_DENIED(box_break(&b, &b.sec, &before, &err), "lockbox", &err);
	box_rule(&b, NULL, 0);
	CHECK_OK(box_deny(&b, &b.sec, &before, &err), &err);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "glass is seen at once", glass_is_seen_at_once },
		{ "glass half broken", glass_half_broken },
		{ "glass may be forbidden", glass_may_be_forbidden },
	};
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	box_make(&b);
	rc = tap_run(cases, SP_COUNTOF(cases));
	box_remove(&b);
	return rc;
}
