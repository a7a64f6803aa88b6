#include "machine/service_fixture.h"

static void
a_service_proves_itself(void)
{
	struct agency_fixture a;
	struct service_fixture s, other;
	struct machine_proven p;
	char wrong[GATE_TEXT_MAX];

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "192.0.2.0/24");
	other = service_fixture(&a, "evidence.show", "");
	CHECK(prove(&a, &s, s.secret, NEAR, &p) == SP_OK);
	CHECK(sp_id_equal(&p.id, &s.id) && p.expires == s.new.expires);
	CHECK(p.scope.bits[0] == s.new.scope.bits[0]);

	CHECK(prove(&a, &s, s.secret, FAR, &p) == SP_E_UNKNOWN);
	CHECK(p.refusal == MACHINE_NOT_ADDRESS && sp_id_equal(&p.id, &s.id));
	CHECK(prove(&a, &s, other.secret, NEAR, &p) == SP_E_UNKNOWN);
	CHECK(p.refusal == MACHINE_NO_SECRET);
	memcpy(wrong, s.secret, sizeof(wrong));
	wrong[50] = wrong[50] == 'A' ? 'B' : 'A';
	CHECK(!proven(&a, &s, wrong));
	CHECK(!proven(&a, &s, ""));
	other.id = sp_id_new();
	CHECK(prove(&a, &other, s.secret, NEAR, &p) == SP_E_UNKNOWN);
	CHECK(p.refusal == MACHINE_NO_CLIENT && sp_id_is_zero(&p.id));
	agency_fixture_close(&a);
}

static void
what_is_no_id_is_no_client(void)
{
	static const char *const ids[] = { "", "x", "' OR 1=1 --",
		"00000000-0000-0000-0000-000000000000" };
	struct agency_fixture a;
	struct service_fixture s;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	for (size_t i = 0; i < SP_COUNTOF(ids); i++) {
		struct machine_proof p = { a.id, a.rules, ids[i], s.secret,
			NEAR };
		struct machine_proven out;
		struct sp_err err;

		CHECK_CODE(machine_service_prove(a.reader, &p, &out, &err),
		    SP_E_UNKNOWN, &err);
		CHECK(out.refusal == MACHINE_NO_CLIENT);
	}
	agency_fixture_close(&a);
}

static void
revoked_is_revoked_at_once(void)
{
	struct agency_fixture a;
	struct service_fixture s, kept;
	struct machine_proven p;
	struct issue i, k;
	struct sp_err err = { .reason = NULL };

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	kept = service_fixture(&a, "evidence.list", "");
	i = issue(&a, &s);
	k = issue(&a, &kept);
	CHECK_OK(
	    ledger_writer_run(a.writer, service_revoke_act, &s, &err), &err);
	CHECK(is_refused(&a, i.token.text, "token.revoked"));
	CHECK(is_refused(&a, k.token.text, ""));
	CHECK(prove(&a, &s, s.secret, NEAR, &p) == SP_E_UNKNOWN);
	CHECK(p.refusal == MACHINE_OVER);

	/* It cannot come back, by no way in. */
	CHECK_CODE(ledger_writer_run(a.writer, issue_act, &i, &err),
	    SP_E_UNKNOWN, &err);
	CHECK_CODE(ledger_writer_run(a.writer, service_rotate_act, &s, &err),
	    SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "service.over") == 0);
	CHECK_CODE(ledger_writer_run(a.writer, service_revoke_act, &s, &err),
	    SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "service.revoked") == 0);
	s.id = sp_id_new();
	CHECK_CODE(ledger_writer_run(a.writer, service_revoke_act, &s, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(agency_fixture_count(&a, "\"act\":\"service.revoked\"") == 1);
	agency_fixture_close(&a);
}

static void
a_service_ends(void)
{
	struct agency_fixture a;
	struct service_fixture s;
	struct issue i;
	struct sp_err err;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	clock_ahead = s.new.expires - __real_sp_now() - MINUTE;
	i = issue(&a, &s);
	CHECK(i.token.expires == s.new.expires);
	clock_ahead += MINUTE;
	CHECK(is_refused(&a, i.token.text, "token.expired"));
	CHECK(!proven(&a, &s, s.secret));
	CHECK_CODE(ledger_writer_run(a.writer, service_rotate_act, &s, &err),
	    SP_E_CONFLICT, &err);
	agency_fixture_close(&a);
	clock_ahead = 0;
}

/* What a person had made is their doing: no way round clearance and duty. */
static void
a_service_is_its_issuers_doing(void)
{
	struct agency_fixture a;
	struct agency_fixture_person eve, bob;
	struct service_fixture s;
	struct machine_proven p;
	struct gate_caller who = { .source = "api" };
	enum gate_duty duty = GATE_DUTY_UNKNOWN;
	struct sp_id nobody = { .b = { 0 } };
	struct gate_facts f;
	struct sp_err err;
	struct issue i;

	machine_fixture_open(&a);
	eve = agency_fixture_person(&a);
	bob = agency_fixture_person(&a);
	s = service_fixture_new(&a, "evidence.view training.record", "");
	s.by = agency_fixture_in_session(&eve);
	CHECK_OK(ledger_writer_run(a.writer, service_add_act, &s, &err), &err);
	CHECK(is_issuer(&a, &s, &eve.id));
	CHECK(prove(&a, &s, s.secret, NEAR, &p) == SP_OK);
	i = issue_by(&a, &s, &p);
	CHECK(strcmp(refused(&a, i.token.text, NEAR, &who), "") == 0);
	CHECK(sp_id_equal(&who.issuer, &eve.id) && sp_id_is_zero(&who.person));
	f = gate_caller_facts(&who, GATE_VIEW);
	CHECK(f.identity == GATE_ISSUED);
	CHECK(gate_decide(&f).code == GATE_SCREENING_MISSING);
	for (int n = 0; n < 2; n++) {
		const struct sp_id *whose = n == 0 ? &eve.id : &bob.id;

		CHECK_OK(gate_caller_duty(a.reader, &who, GATE_TRAINING_RECORD,
			     whose, &duty, &err),
		    &err);
		f = gate_caller_facts(&who, GATE_TRAINING_RECORD);
		f.duty = duty;
		CHECK(gate_decide(&f).permit == (n == 1));
	}
	/* A service of the site's is nobody's doing. */
	s = service_fixture(&a, "evidence.view", "");
	CHECK(is_issuer(&a, &s, &nobody) && !look(&a, &s).orphan);
	CHECK(prove(&a, &s, s.secret, NEAR, &p) == SP_OK);
	i = issue_by(&a, &s, &p);
	who = (struct gate_caller){ .source = "api" };
	CHECK(strcmp(refused(&a, i.token.text, NEAR, &who), "") == 0);
	CHECK(gate_caller_facts(&who, GATE_VIEW).identity == GATE_MACHINE);
	agency_fixture_close(&a);
}

static void
what_is_no_service_is_not_added(void)
{
	struct agency_fixture a;
	struct service_fixture s, was;
	struct sp_err err = { .reason = NULL };
	char longest[MACHINE_SERVICE_LABEL + 2];
	const char *const labels[] = { "", "two\nlines", "\xff",
		"\xe2\x80\xaetirw\xe2\x80\xac", longest };

	machine_fixture_open(&a);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	was = service_fixture_new(&a, "evidence.list", "");
	for (size_t n = 0; n < SP_COUNTOF(labels); n++) {
		s = was;
		s.new.label = labels[n];
		CHECK_CODE(
		    ledger_writer_run(a.writer, service_add_act, &s, &err),
		    SP_E_INVALID, &err);
		CHECK(strcmp(err.reason, "service.label") == 0);
		CHECK(s.secret[0] == '\0' && sp_id_is_zero(&s.id));
	}
	for (int n = 0; n < 2; n++) {
		s = was;
		s.new.expires =
		    sp_now() + (n == 0 ? 0 : (MACHINE_SERVICE_DAYS + 1) * DAY);
		CHECK_CODE(
		    ledger_writer_run(a.writer, service_add_act, &s, &err),
		    SP_E_INVALID, &err);
		CHECK(strcmp(err.reason, "service.expires") == 0);
	}
	s = was;
	s.new.scope = (struct gate_acts){ .bits = { 0 } };
	CHECK_CODE(ledger_writer_run(a.writer, service_add_act, &s, &err),
	    SP_E_INVALID, &err);
	CHECK(agency_fixture_count(&a, "service.added") == 0);
	agency_fixture_close(&a);
}

/* Without its entry there is no service, secret, token or revocation. */
static void
nothing_happens_without_its_entry(void)
{
	struct agency_fixture a;
	struct service_fixture s, never, turned;
	struct issue i, no;
	struct sp_err err;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	i = issue(&a, &s);
	atomic_store(&a.refuse, true);
	never = s;
	turned = s;
	no = issue_new(&a, &s);
	CHECK_CODE(ledger_writer_run(a.writer, service_add_act, &never, &err),
	    SP_E_UNAVAIL, &err);
	CHECK_CODE(
	    ledger_writer_run(a.writer, service_rotate_act, &turned, &err),
	    SP_E_UNAVAIL, &err);
	CHECK_CODE(ledger_writer_run(a.writer, service_revoke_act, &s, &err),
	    SP_E_UNAVAIL, &err);
	CHECK_CODE(ledger_writer_run(a.writer, issue_act, &no, &err),
	    SP_E_UNAVAIL, &err);
	atomic_store(&a.refuse, false);
	CHECK(proven(&a, &s, s.secret));
	CHECK(!proven(&a, &s, turned.secret) ||
	    strcmp(turned.secret, s.secret) == 0);
	CHECK(!proven(&a, &never, never.secret));
	CHECK(is_refused(&a, i.token.text, ""));
	CHECK(is_refused(&a, no.token.text, "token.unknown"));
	agency_fixture_close(&a);
}

static enum sp_code
list(void *arg, const struct machine_service *s, struct sp_err *err)
{
	struct sp_json *j = arg;

	(void)err;
	machine_service_json(j, NULL, s);
	return SP_OK;
}

static void
services_are_listed(void)
{
	SP_AUTO_BUF out = sp_buf_new(1 << 16);
	struct sp_json j = sp_json_to(&out);
	struct agency_fixture a;
	struct service_fixture s;
	struct sp_err err;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "10.0.0.0/8 2001:db8::/32");
	rotate(&a, &s, HOUR);
	(void)service_fixture(&a, "evidence.show", "");
	sp_json_array(&j, NULL);
	CHECK_OK(machine_service_each(a.reader, a.rules, list, &j, &err), &err);
	sp_json_end(&j);
	CHECK_OK(sp_buf_check(&out, "list", &err), &err);
	CHECK(strstr(sp_buf_str(&out),
		  "\"ranges\":[\"10.0.0.0/8\",\"2001:db8::/32\"],"
		  "\"revoked_at\":null,\"scope\":[\"evidence.list\"]") != NULL);
	CHECK(strstr(sp_buf_str(&out), "spc_") == NULL);
	CHECK(strstr(sp_buf_str(&out), "\"used_at\":null") != NULL);
	agency_fixture_close(&a);
}

static enum sp_code
come_and_go(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct service_fixture *s = arg;

	for (int n = 0; n <= MACHINE_SERVICES_REVOKED; n++) {
		if (n % GATE_TOKENS_HOUR == GATE_TOKENS_HOUR - 1)
			clock_ahead += HOUR;
		SP_TRY(service_add_act(tx, s, err));
		SP_TRY(service_revoke_act(tx, s, err));
	}
	return SP_OK;
}

struct told {
	int good, revoked;
};

static enum sp_code
tell(void *arg, const struct machine_service *s, struct sp_err *err)
{
	struct told *t = arg;

	(void)err;
	t->good += s->revoked == 0;
	t->revoked += s->revoked != 0;
	return SP_OK;
}

/* However many have come and gone, the list has an end. */
static void
revoked_services_leave_the_list(void)
{
	struct agency_fixture a;
	struct service_fixture s;
	struct told t = { 0, 0 };
	struct sp_err err;

	machine_fixture_open(&a);
	(void)service_fixture(&a, "evidence.show", "");
	s = service_fixture_new(&a, "evidence.list", "");
	CHECK_OK(ledger_writer_run(a.writer, come_and_go, &s, &err), &err);
	CHECK_OK(machine_service_each(a.reader, a.rules, tell, &t, &err), &err);
	CHECK(t.good == 1 && t.revoked == MACHINE_SERVICES_REVOKED);
	agency_fixture_close(&a);
	clock_ahead = 0;
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a service proves itself", a_service_proves_itself },
		{ "what is no id is no client", what_is_no_id_is_no_client },
		{ "revoked is revoked at once", revoked_is_revoked_at_once },
		{ "what is no service is not added",
		    what_is_no_service_is_not_added },
		{ "nothing happens without its entry",
		    nothing_happens_without_its_entry },
		{ "services are listed", services_are_listed },
		{ "a service is its issuer's doing",
		    a_service_is_its_issuers_doing },
		/* The last: a clock that was ahead is believed from then on. */
		{ "revoked services leave the list",
		    revoked_services_leave_the_list },
		{ "a service ends", a_service_ends },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
