#include "grants/guest.h"

#include "box_fixture.h"
#include "clock_fixture.h"

static struct box b;

#define VIA "\"via\":{\"agency\":"

/* Every object that is touched is in the agency's ledger under the grant, and
 * in the provider's, before a byte of it is seen. */
static void
what_is_touched_is_written_first(void)
{
	struct sp_id id = box_granted(&b);
	const char *item = box_text(&b.item), *grant = box_text(&id);
	struct gate_caller guest;
	struct evidence_content content;
	struct evidence_reader *rd = NULL;
	uint8_t got[3000];
	struct sp_err err;
	json_t *j;

	CHECK(box_entries(b.h.a, item, grant) == 0);
	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	CHECK(box_acts(b.h.a, "lockbox.used", item) == 1);
	CHECK(box_entries(b.h.a, VIA, grant) == 1);
	CHECK(box_acts(b.h.p, "lockbox.used", item) == 1);
	CHECK(sp_id_equal(&guest.agency, &b.h.f.agency.id));
	CHECK(guest.via.relation == GATE_LOCKBOX);
	CHECK(sp_id_equal(&guest.via.house, &b.h.provider.id));
	/* Content, by the same door as everybody. */
	CHECK_OK(
	    evidence_reader_open(&rd, b.h.a, &guest, &b.item, &content, &err),
	    &err);
	CHECK(box_acts(b.h.a, "evidence.opened", grant) == 1);
	CHECK_OK(evidence_reader_read(rd, 0, got, sizeof(got), &err), &err);
	evidence_reader_close(rd);
	/* Again within ten minutes: asked again, not said again; later it is.
	 */
	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	CHECK(box_acts(b.h.a, "lockbox.used", item) == 1);
	ahead += GRANTS_GUEST_SPAN;
	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	CHECK(box_acts(b.h.a, "lockbox.used", item) == 2);
	CHECK(box_acts(b.h.p, "lockbox.used", item) == 2);
	for (int house = 0; house < 2; house++) {
		j = box_json(&b, house == 0 ? b.h.a : b.h.p, &id);
		CHECK(json_array_size(json_object_get(j, "touched")) == 1);
		CHECK(json_integer_value(json_object_get(
			  json_array_get(json_object_get(j, "touched"), 0),
			  "times")) == 2);
		json_decref(j);
	}
	CHECK_OK(box_complete(&b, &b.op, &id, &err), &err);
}

/* Each thing that must hold at each use, taken away after it was used. */
static void
asked_anew_each_time(void)
{
	struct sp_id id = box_granted(&b), none = sp_id_new();
	struct gate_caller who = b.op, guest = { .address = "x" };
	struct houses_account off = { .id = b.op.person };
	struct sp_err err;
	size_t denied;

	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	memset(&guest, 0x5a, sizeof(guest));
	denied = box_acts(b.h.a, "gate.denied", box_text(&id));
	/* Another item, another person, another place, a machine, no such. */
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &b.other, &guest, &err), "lockbox", &err);
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &none, &guest, &err), "lockbox", &err);
	CHECK_DENIED(
	    box_enter(&b, &b.op2, &id, &b.item, &guest, &err), "lockbox", &err);
	CHECK_DENIED(
	    box_enter(&b, &b.sec, &id, &b.item, &guest, &err), "lockbox", &err);
	CHECK_DENIED(box_enter(&b, &b.admin_p, &id, &b.item, &guest, &err),
	    "other-agency", &err);
	CHECK_DENIED(box_enter(&b, &b.h.by_p, &id, &b.item, &guest, &err),
	    "other-agency", &err);
	(void)snprintf(who.address, sizeof(who.address), "192.0.2.10");
	CHECK_DENIED(
	    box_enter(&b, &who, &id, &b.item, &guest, &err), "lockbox", &err);
	CHECK_CODE(box_enter(&b, &b.op, &none, &b.item, &guest, &err),
	    SP_E_NOTFOUND, &err);
	/* The agency sees who tried; a flood of one is told as one. */
	CHECK(box_acts(b.h.a, "gate.denied", box_text(&id)) >= denied + 4);

	/* The session. */
	who = b.op;
	who.is.idle = 1800 * SP_SECOND;
	CHECK_DENIED(box_enter(&b, &who, &id, &b.item, &guest, &err),
	    "session.stale", &err);
	who = b.op;
	who.is.since_proof = INT64_C(12) * 3600 * SP_SECOND;
	CHECK_DENIED(box_enter(&b, &who, &id, &b.item, &guest, &err),
	    "session.stale", &err);
	/* Begun with a fresh proof, this session goes on without; another one
	 * has to begin. */
	who = b.op;
	who.is.since_proof = 3600 * SP_SECOND;
	CHECK_OK(box_enter(&b, &who, &id, &b.item, &guest, &err), &err);
	memset(&guest, 0x5a, sizeof(guest));
	who.token = sp_id_new();
	CHECK_DENIED(
	    box_enter(&b, &who, &id, &b.item, &guest, &err), "factor", &err);
	who = b.op;
	who.is.factor = GATE_FACTOR_SINGLE;
	CHECK_DENIED(
	    box_enter(&b, &who, &id, &b.item, &guest, &err), "factor", &err);

	/* The account: disabled at home; another role. */
	off.reason = PEOPLE_REQUESTED;
	houses_do(b.h.p, houses_account_fn, &off);
	CHECK_CODE(box_enter(&b, &b.op, &id, &b.item, &guest, &err),
	    SP_E_UNKNOWN, &err);
	off.reason = PEOPLE_NO_REASON;
	houses_do(b.h.p, houses_account_fn, &off);
	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	memset(&guest, 0x5a, sizeof(guest));
	CHECK_OK(box_revoke(&b, &b.cust, &id, &err), &err);
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &b.item, &guest, &err), "lockbox", &err);
	CHECK(guest.address[0] == 0x5a);
}

/* A grant that is not one yet opens nothing. */
static void
nothing_before_the_answer(void)
{
	struct grants_request r = box_wish(&b);
	struct sp_id id = box_request(&b, &r);
	struct gate_caller guest;
	struct sp_err err;

	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &b.item, &guest, &err), "lockbox", &err);
	CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &b.item, &guest, &err), "lockbox", &err);
	CHECK_OK(box_deny(&b, &b.cust, &id, &err), &err);
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &b.item, &guest, &err), "lockbox", &err);
}

static enum sp_code
deny_screening(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct people_screening_new n = { .state = "FL",
		.decision = "pending" };
	struct sp_id id;

	/* Decided against somebody, the account would be disabled, too: here
	 * only the check is to be void, which a demand does. */
	SP_TRY(people_screening_add(a, arg, &n, &id, err));
	return people_training_demand(a, arg, "event", "2020-01-01", &id, err);
}

static enum sp_code
train(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct people_training_new n = { .course = "event" };
	struct sp_id id;

	return people_training_add(a, arg, &n, &id, err);
}

/* The records are looked at with each use, by the agency's rules. */
static void
clearance_lapses(void)
{
	struct sp_id id = box_granted(&b);
	struct gate_caller guest;
	struct sp_err err;

	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	houses_do(b.h.p, deny_screening, &b.op.person);
	CHECK_DENIED(box_enter(&b, &b.op, &id, &b.item, &guest, &err),
	    "training.expired", &err);
	houses_do(b.h.p, train, &b.op.person);
	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	CHECK_OK(box_complete(&b, &b.op, &id, &err), &err);
}

/* Another role at home ends it, though the grant stands. */
static void
another_role(void)
{
	struct sp_id id = box_granted(&b);
	struct gate_caller guest, who;
	struct sp_err err;

	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	who = b.op;
	who.role = GATE_AUDITOR;
	CHECK_DENIED(box_enter(&b, &who, &id, &b.item, &guest, &err),
	    "other-agency", &err);
	CHECK_OK(box_complete(&b, &b.op, &id, &err), &err);
}

/* Revoked in the middle of a download: the next piece is not given. */
static void
revoked_while_reading(void)
{
	struct sp_id id = box_granted(&b);
	struct gate_caller guest, late;
	struct evidence_content content;
	struct evidence_reader *rd = NULL;
	uint8_t got[100];
	struct sp_err err;

	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	late = guest;
	CHECK_OK(
	    evidence_reader_open(&rd, b.h.a, &guest, &b.item, &content, &err),
	    &err);
	CHECK_OK(evidence_reader_read(rd, 0, got, 100, &err), &err);
	CHECK_OK(box_revoke(&b, &b.laso, &id, &err), &err);
	CHECK(evidence_reader_read(rd, 100, got, 100, &err) != SP_OK);
	evidence_reader_close(rd);
	CHECK(box_acts(b.h.a, "evidence.closed", "\"cut\":true") >= 1);
	/* Whoever was let in a moment before, and begins only now. */
	rd = NULL;
	CHECK(evidence_reader_open(
		  &rd, b.h.a, &late, &b.item, &content, &err) != SP_OK);
	CHECK(rd == NULL);
}

/* All of a category: what was there when access began. */
static void
a_category(void)
{
	struct grants_request r = box_wish(&b);
	struct gate_caller guest;
	struct sp_id id, later, none = sp_id_new();
	struct sp_err err;

	r.n = 0;
	(void)snprintf(r.category, sizeof(r.category), "uncategorized");
	id = box_request(&b, &r);
	CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
	CHECK_OK(box_approve(&b, &b.cust, &id, &err), &err);
	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	CHECK_OK(box_enter(&b, &b.op, &id, &b.other, &guest, &err), &err);
	later = box_seal(&b, 3);
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &later, &guest, &err), "lockbox", &err);
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &none, &guest, &err), "lockbox", &err);
	CHECK_OK(box_complete(&b, &b.op, &id, &err), &err);
}

/* A clock before the beginning of access is a clock that was set back. */
static void
the_clock_is_set_back(void)
{
	struct sp_id id = box_granted(&b);
	struct gate_caller guest;
	struct sp_err err;

	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	ahead -= 3600 * SP_SECOND;
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &b.item, &guest, &err), "lockbox", &err);
	ahead += 3600 * SP_SECOND;
	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	/* On the very moment it is over. */
	ahead += 3600 * SP_SECOND;
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &b.item, &guest, &err), "lockbox", &err);
	ahead -= 3600 * SP_SECOND;
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &b.item, &guest, &err), "lockbox", &err);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "what is touched is written first",
		    what_is_touched_is_written_first },
		{ "asked anew each time", asked_anew_each_time },
		{ "nothing before the answer", nothing_before_the_answer },
		{ "clearance lapses", clearance_lapses },
		{ "another role", another_role },
		{ "revoked while reading", revoked_while_reading },
		{ "a category", a_category },
		{ "the clock is set back", the_clock_is_set_back },
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
