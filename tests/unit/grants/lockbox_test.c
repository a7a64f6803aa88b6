#include "grants/lockbox_parts.h"

#include "box_fixture.h"
#include "clock_fixture.h"

#define HOUR (3600 * SP_SECOND)

static struct box b;

/* --- a life --- */

static void
a_request_is_lived_through(void)
{
	struct grants_request r = box_wish(&b);
	struct sp_id id = box_request(&b, &r);
	struct sp_err err;
	const char *i = box_text(&id);
	json_t *j;

	CHECK(box_is(&b, b.h.p, &id, "Initializing"));
	/* Of an idea of the provider's the agency hears nothing. */
	CHECK(box_entries(b.h.a, i, "") == 0);
	CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
	CHECK(box_both(&b, &id, "Pending"));
	CHECK(box_acts(b.h.a, "lockbox.asked", i) == 1);
	CHECK(box_acts(b.h.p, "lockbox.asked", i) == 1);
	CHECK(box_acts(b.h.p, "twin.joined", i) == 1);
	CHECK_OK(box_approve(&b, &b.laso, &id, &err), &err);
	CHECK(box_both(&b, &id, "Approved"));
	j = box_json(&b, b.h.a, &id);
	CHECK(json_array_size(json_object_get(j, "approvals")) == 1);
	CHECK(json_array_size(json_object_get(j, "twins")) == 2);
	CHECK(strcmp(json_string_value(json_object_get(j, "clearance")),
		  "ok") == 0);
	CHECK(strcmp(json_string_value(
			 json_object_get(json_object_get(j, "asked"), "why")),
		  r.why) == 0);
	CHECK(strcmp(
		  json_string_value(json_object_get(
		      json_object_get(json_object_get(j, "asked"), "requester"),
		      "name")),
		  "Olga") == 0);
	CHECK(strcmp(
		  json_string_value(json_array_get(
		      json_object_get(json_object_get(j, "asked"), "from"), 0)),
		  "192.0.2.9") == 0);
	json_decref(j);
	CHECK_OK(box_revoke(&b, &b.admin, &id, &err), &err);
	CHECK(box_both(&b, &id, "Revoked"));
	CHECK(box_entries(b.h.a, i, "\"by\":\"agency\"") >= 1);
	/* No word of what was written, only its hash. */
	CHECK(box_entries(b.h.a, "player", "") == 0);
	CHECK(box_entries(b.h.a, "T-77", "") == 0);
	CHECK(box_entries(b.h.p, "not today", "") == 0);
	CHECK(box_entries(b.h.a, "Olga", "") == 0);
}

/* Everybody who must not, in every place. */
static void
who_decides_is_not_who_asked(void)
{
	struct grants_request r = box_wish(&b);
	struct sp_id id = box_request(&b, &r), none = sp_id_new();
	struct gate_caller same =
	    houses_join(b.h.a, "Olga At Harbor", "custodian", "E-1");
	struct gate_caller stale = b.sec, single = b.cust;
	struct sp_err err;

	/* The requester, by whatever account; and whoever has no such role. */
	CHECK_DENIED(box_ask(&b, &b.sec2, &id, &err), "role", &err);
	CHECK_DENIED(box_ask(&b, &b.op, &id, &err), "role", &err);
	CHECK_DENIED(box_ask(&b, &b.admin_p, &id, &err), "role", &err);
	CHECK_DENIED(box_ask(&b, &b.h.by_p, &id, &err), "role", &err);
	stale.is.since_proof = 301 * SP_SECOND;
	CHECK_DENIED(box_ask(&b, &stale, &id, &err), "factor", &err);
	/* The agency cannot answer what it was not asked. */
	CHECK_CODE(box_approve(&b, &b.cust, &id, &err), SP_E_NOTFOUND, &err);
	/* The provider cannot answer for the agency, in its own house. */
	CHECK_CODE(box_approve(&b, &b.admin_p, &id, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(box_ask(&b, &b.cust, &id, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(box_break(&b, &b.cust, &id, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(box_complete(&b, &b.cust, &id, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(box_ask(&b, &b.sec, &none, &err), SP_E_NOTFOUND, &err);
	CHECK(box_is(&b, b.h.p, &id, "Initializing"));
	CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);

	CHECK_DENIED(box_approve(&b, &same, &id, &err), "role", &err);
	CHECK_DENIED(box_approve(&b, &b.officer, &id, &err), "role", &err);
	/* A machine's token is nobody's approval. */
	CHECK_DENIED(box_approve(&b, &b.h.by_a, &id, &err), "role", &err);
	single.is.factor = GATE_FACTOR_SINGLE;
	CHECK_DENIED(box_approve(&b, &single, &id, &err), "factor", &err);
	CHECK_DENIED(box_deny(&b, &b.officer, &id, &err), "role", &err);
	CHECK_DENIED(box_deny(&b, &b.op, &id, &err), "role", &err);
	CHECK_DENIED(box_revoke(&b, &b.op2, &id, &err), "role", &err);
	CHECK_CODE(box_complete(&b, &b.op2, &id, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(box_approve(&b, &b.cust, &none, &err), SP_E_NOTFOUND, &err);
	CHECK(box_both(&b, &id, "Pending"));
	CHECK_OK(box_deny(&b, &b.cust, &id, &err), &err);
	CHECK(box_both(&b, &id, "Denied"));
}

/* Each way to an end, and that nothing happens to what has ended. */
static void
what_has_ended_stays(void)
{
	static const struct {
		bool asked, granted;
		enum sp_code (*end)(struct box *, const struct gate_caller *,
		    const struct sp_id *, struct sp_err *);
		const struct gate_caller *who;
		const char *state;
		bool told;
	} rows[] = {
		{ false, false, box_deny, &b.sec, "Denied", false },
		{ true, false, box_deny, &b.sec, "Denied", true },
		{ true, false, box_deny, &b.admin, "Denied", true },
		{ true, true, box_revoke, &b.laso, "Revoked", true },
		{ true, true, box_revoke, &b.sec, "Revoked", true },
		{ true, true, box_complete, &b.op, "Completed", true },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct grants_request r = box_wish(&b);
		struct sp_id id = box_request(&b, &r);
		struct sp_err err;

		if (rows[i].asked)
			CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
		if (rows[i].granted)
			CHECK_OK(box_approve(&b, &b.cust, &id, &err), &err);
		CHECK_OK(rows[i].end(&b, rows[i].who, &id, &err), &err);
		CHECK(box_is(&b, b.h.p, &id, rows[i].state));
		if (!rows[i].told) {
			CHECK(box_entries(b.h.a, box_text(&id), "") == 0);
			continue;
		}
		CHECK(box_both(&b, &id, rows[i].state));
		CHECK_CODE(box_ask(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_approve(&b, &b.cust, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_deny(&b, &b.cust, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_deny(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_revoke(&b, &b.cust, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_complete(&b, &b.op, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_break(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
		CHECK(box_both(&b, &id, rows[i].state));
	}
}

static void
what_may_be_asked(void)
{
	struct grants_lockbox_act a = box_as(&b, &b.op);
	struct grants_lockbox_act sec = box_as(&b, &b.sec);
	struct grants_lockbox_act token = box_as(&b, &b.h.by_p);
	struct grants_lockbox_act cust = box_as(&b, &b.cust);
	struct grants_request r = box_wish(&b);
	struct sp_err err = { .reason = NULL };
	struct sp_id id;

	CHECK_CODE(
	    grants_lockbox_request(&a, "nowhere-pd", &r, NULL, &id, &err),
	    SP_E_INVALID, &err);
	CHECK(strcmp(err.reason, "lockbox.agency") == 0);
	CHECK_CODE(grants_lockbox_request(&a, "keystone", &r, NULL, &id, &err),
	    SP_E_INVALID, &err);
	CHECK_DENIED(
	    grants_lockbox_request(&sec, "harbor-pd", &r, NULL, &id, &err),
	    "role", &err);
	CHECK_DENIED(
	    grants_lockbox_request(&token, "harbor-pd", &r, NULL, &id, &err),
	    "role", &err);
	CHECK_CODE(
	    grants_lockbox_request(&cust, "harbor-pd", &r, NULL, &id, &err),
	    SP_E_NOTFOUND, &err);
	/* Screened in Florida, and not in Colorado. */
	CHECK_DENIED(
	    grants_lockbox_request(&a, "summit-so", &r, NULL, &id, &err),
	    "screening.missing", &err);
	r.minutes = 481;
	CHECK_CODE(grants_lockbox_request(&a, "harbor-pd", &r, NULL, &id, &err),
	    SP_E_INVALID, &err);
	CHECK(strcmp(err.reason, "lockbox.minutes") == 0);
	r.minutes = 0;
	CHECK_OK(
	    grants_lockbox_request(&a, "harbor-pd", &r, NULL, &id, &err), &err);
	{
		json_auto_t *j = box_json(&b, b.h.p, &id);

		CHECK(json_integer_value(json_object_get(
			  json_object_get(j, "asked"), "minutes")) == 480);
	}
	CHECK_CODE(box_break(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
	CHECK_OK(box_deny(&b, &b.sec, &id, &err), &err);
}

/* --- quorum --- */

static void
two_must_approve(void)
{
	static struct grants_request r;
	struct houses_account off = { .reason = PEOPLE_REQUESTED };
	struct sp_err err;
	struct sp_id id;

	box_rule(&b, "lockbox.quorum", 2);
	r = box_wish(&b);
	id = box_request(&b, &r);
	CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
	CHECK_OK(box_approve(&b, &b.cust, &id, &err), &err);
	CHECK(box_both(&b, &id, "Approving"));
	/* The same account, and the same human by another. */
	CHECK_CODE(box_approve(&b, &b.cust, &id, &err), SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "lockbox.approved") == 0);
	CHECK_CODE(box_approve(&b, &b.admin, &id, &err), SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "lockbox.approved") == 0);
	CHECK(box_both(&b, &id, "Approving"));
	CHECK_OK(box_approve(&b, &b.laso, &id, &err), &err);
	CHECK(box_both(&b, &id, "Approved"));
	CHECK_OK(box_complete(&b, &b.op, &id, &err), &err);

	/* Whoever may not any more when the last one does counts no more. */
	id = box_request(&b, &r);
	CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
	CHECK_OK(box_approve(&b, &b.cust, &id, &err), &err);
	off.id = b.cust.person;
	houses_do(b.h.a, houses_account_fn, &off);
	CHECK_OK(box_approve(&b, &b.laso, &id, &err), &err);
	CHECK(box_both(&b, &id, "Approving"));
	off.reason = PEOPLE_NO_REASON;
	houses_do(b.h.a, houses_account_fn, &off);
	CHECK_OK(box_deny(&b, &b.laso, &id, &err), &err);
	box_rule(&b, NULL, 0);
}

/* --- the clock; from here on it has been seen later --- */

static void
time_runs_out(void)
{
	static struct grants_request g, r;
	struct sp_id idea, pending;
	struct sp_id open = box_granted(&b), glass;
	static struct gate_caller guest; /* frames are bounded */
	struct sp_err err;

	r = box_wish(&b);
	idea = box_request(&b, &r);
	pending = box_request(&b, &r);
	g = r;
	g.glass = true;
	glass = box_request(&b, &g);
	CHECK_OK(box_ask(&b, &b.sec, &pending, &err), &err);
	CHECK_OK(box_enter(&b, &b.op, &open, &b.item, &guest, &err), &err);
	/* 60 minutes were asked for, and the glass waits no longer. */
	ahead = HOUR + SP_SECOND;
	CHECK_DENIED(box_enter(&b, &b.op, &open, &b.item, &guest, &err),
	    "lockbox", &err);
	CHECK_CODE(box_break(&b, &b.sec, &glass, &err), SP_E_CONFLICT, &err);
	/* Before anybody has written it down the API says so. */
	CHECK(box_both(&b, &open, "Completed"));
	box_tick(&b);
	CHECK(box_both(&b, &open, "Completed"));
	CHECK(box_acts(b.h.a, "lockbox.completed", box_text(&open)) == 1);
	CHECK(box_entries(b.h.a, "\"by\":\"time\"", box_text(&open)) == 1);
	CHECK(box_is(&b, b.h.p, &glass, "Expired"));
	CHECK(box_both(&b, &pending, "Pending"));
	/* The clock set back brings nothing back. */
	ahead = 0;
	CHECK_DENIED(box_enter(&b, &b.op, &open, &b.item, &guest, &err),
	    "lockbox", &err);
	CHECK_CODE(box_break(&b, &b.sec, &glass, &err), SP_E_CONFLICT, &err);

	ahead = 96 * HOUR + SP_SECOND;
	CHECK_CODE(
	    box_approve(&b, &b.cust, &pending, &err), SP_E_CONFLICT, &err);
	ahead = 0;
	CHECK_CODE(
	    box_approve(&b, &b.cust, &pending, &err), SP_E_CONFLICT, &err);
	CHECK_CODE(box_ask(&b, &b.sec, &idea, &err), SP_E_CONFLICT, &err);
	CHECK(box_both(&b, &pending, "Pending"));
	ahead = 96 * HOUR + SP_SECOND;
	box_tick(&b);
	CHECK(box_both(&b, &pending, "Expired"));
	CHECK(box_is(&b, b.h.p, &idea, "Expired"));
	CHECK(box_entries(b.h.a, box_text(&idea), "") == 0);
	ahead = 0;
	box_tick(&b);
	CHECK(box_both(&b, &pending, "Expired"));
}

static void
pages(void)
{
	struct grants_lockbox_list q = { .state = "Denied", .n = 2 };
	SP_AUTO_BUF text = sp_buf_new(1 << 22);
	struct sp_err err = { .reason = NULL };
	struct sp_id after;
	json_t *j;
	const char *next;
	size_t n = 0;

	do {
		sp_buf_clear(&text);
		CHECK_OK(grants_lockbox_list_json(
			     b.h.f.site, b.h.p, &q, &text, &err),
		    &err);
		j = json_loads(sp_buf_str(&text), 0, NULL);
		n += json_array_size(json_object_get(j, "items"));
		next = json_string_value(json_object_get(j, "next"));
		CHECK(next == NULL || sp_id_parse(next, strlen(next), &after));
		q.before = next == NULL ? NULL : &after;
		json_decref(j);
	} while (q.before != NULL);
	CHECK(n >= 4);
	q.state = "denied";
	CHECK_CODE(grants_lockbox_list_json(b.h.f.site, b.h.p, &q, &text, &err),
	    SP_E_INVALID, &err);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "a request is lived through", a_request_is_lived_through },
		{ "who decides is not who asked",
		    who_decides_is_not_who_asked },
		{ "what has ended stays", what_has_ended_stays },
		{ "what may be asked", what_may_be_asked },
		{ "two must approve", two_must_approve },
		{ "pages", pages },
		{ "time runs out", time_runs_out },
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
