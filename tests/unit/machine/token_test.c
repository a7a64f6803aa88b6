#include "machine/service_fixture.h"

static void
a_token_is_the_services_for_an_hour(void)
{
	struct agency_fixture a;
	struct service_fixture s;
	struct gate_caller who = { .source = "api" };
	struct issue i;
	const char *kind;
	struct sp_id actor;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list evidence.show", "192.0.2.0/24");
	i = issue(&a, &s);
	CHECK(i.token.expires - i.token.issued == MACHINE_TOKEN_LIFE);
	CHECK(strcmp(refused(&a, i.token.text, NEAR, &who), "") == 0);
	CHECK(who.role == GATE_SERVICE && sp_id_equal(&who.token, &s.id));
	CHECK(sp_id_equal(&who.agency, &a.id));
	CHECK(who.expires == i.token.expires);
	CHECK(gate_acts_has(&who.is.scope, GATE_SHOW));
	CHECK(!gate_acts_has(&who.is.scope, GATE_VIEW));
	actor = gate_caller_actor(&who, &kind);
	CHECK(strcmp(kind, "service") == 0 && sp_id_equal(&actor, &s.id));

	clock_ahead += MACHINE_TOKEN_LIFE - SP_SECOND * 30;
	CHECK(is_refused(&a, i.token.text, ""));
	clock_ahead += SP_SECOND * 30;
	CHECK(is_refused(&a, i.token.text, "token.expired"));
	clock_ahead -= HOUR; /* set back: it stays over */
	CHECK(is_refused(&a, i.token.text, "token.expired"));
	clock_ahead += HOUR;

	/* Never past the service's end, or the secret's. */
	i = issue_new(&a, &s);
	i.new.until = sp_now() + MINUTE;
	CHECK(ledger_writer_run(a.writer, issue_act, &i, NULL) == SP_OK);
	CHECK(i.token.expires == i.new.until);
	CHECK(agency_fixture_count(&a, "\"act\":\"service.token\"") == 2);
	CHECK(
	    agency_fixture_count(&a, "\"kind\":\"service\"},\"address\"") == 2);
	agency_fixture_close(&a);
	clock_ahead = 0;
}

static void
a_stolen_token_is_worth_nothing_elsewhere(void)
{
	struct agency_fixture a, b;
	struct service_fixture s;
	struct gate_caller who = { .source = "api" }, before;
	uint8_t mine[32] = { 1 }, other[32] = { 2 };
	struct machine_shown shown = { .address = NEAR };
	enum machine_refusal why = MACHINE_PROVEN;
	struct sp_err err = { .reason = NULL };
	struct issue i;

	machine_fixture_open(&a);
	machine_fixture_open(&b);
	s = service_fixture(&a, "evidence.list", "192.0.2.0/24");
	i = issue(&a, &s);
	CHECK(
	    strcmp(refused(&a, i.token.text, FAR, &who), "token.address") == 0);
	CHECK(who.is.scope.bits[0] == 0);

	/* Bound to a certificate. */
	shown.rules = a.rules;
	i = issue_new(&a, &s);
	i.new.certificate = mine;
	CHECK_OK(ledger_writer_run(a.writer, issue_act, &i, &err), &err);
	shown.text = i.token.text;
	before = who;
	for (int n = 0; n < 2; n++) {
		shown.certificate = n == 0 ? NULL : other;
		CHECK_CODE(machine_token_know(
			       a.reader, &a.id, &shown, &who, &why, &err),
		    SP_E_UNKNOWN, &err);
		CHECK(strcmp(err.reason, "token.certificate") == 0);
		CHECK(why == MACHINE_NOT_BOUND);
	}
	shown.certificate = mine;
	CHECK_OK(machine_token_know(a.reader, &a.id, &shown, &who, &why, &err),
	    &err);

	/* Nor in another agency, nor as another kind of text. */
	who = before;
	CHECK_CODE(
	    machine_token_know(b.reader, &b.id, &shown, &who, &why, &err),
	    SP_E_NOTFOUND, &err);
	i.token.text[2] = 't';
	CHECK_CODE(
	    machine_token_know(a.reader, &a.id, &shown, &who, &why, &err),
	    SP_E_UNKNOWN, &err);
	CHECK_CODE(
	    gate_token_know(a.reader, a.rules, &a.id, i.token.text, &who, &err),
	    SP_E_UNKNOWN, &err);
	agency_fixture_close(&b);
	agency_fixture_close(&a);
}

static void
a_token_is_never_wider_than_its_service(void)
{
	struct agency_fixture a;
	struct service_fixture s;
	struct issue i;
	struct sp_err err = { .reason = NULL };

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	i = issue_new(&a, &s);
	gate_acts_add(&i.new.scope, GATE_VIEW);
	CHECK_CODE(ledger_writer_run(a.writer, issue_act, &i, &err),
	    SP_E_INVALID, &err);
	CHECK(strcmp(err.reason, "oauth.invalid_scope") == 0);
	i.new.scope = (struct gate_acts){ .bits = { 0 } };
	CHECK_CODE(ledger_writer_run(a.writer, issue_act, &i, &err),
	    SP_E_INVALID, &err);
	CHECK(agency_fixture_count(&a, "\"act\":\"service.token\"") == 0);
	agency_fixture_close(&a);
}

static void
tokens_are_counted(void)
{
	struct agency_fixture a;
	struct service_fixture s;
	struct sp_err err = { .reason = NULL };
	struct issue i;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	for (int n = 0; n < MACHINE_TOKENS_LIVE; n++)
		(void)issue(&a, &s);
	i = issue_new(&a, &s);
	CHECK_CODE(
	    ledger_writer_run(a.writer, issue_act, &i, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "service.tokens") == 0);
	clock_ahead = MACHINE_TOKEN_LIFE; /* those that are over are gone */
	(void)issue(&a, &s);
	agency_fixture_close(&a);
	clock_ahead = 0;
}

/* Rotating makes room for as many again, and not without end. */
static void
tokens_have_a_pace(void)
{
	struct agency_fixture a;
	struct service_fixture s, other;
	struct sp_err err = { .reason = NULL };
	struct issue i;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	other = service_fixture(&a, "evidence.list", "");
	for (int n = 0; n < MACHINE_TOKENS_HOUR; n++) {
		if (n % (MACHINE_TOKENS_LIVE / 2) == 0)
			rotate(&a, &s, 0);
		(void)issue(&a, &s);
	}
	for (int n = 0; n < 3; n++) {
		rotate(&a, &s, 0);
		i = issue_new(&a, &s);
		CHECK_CODE(ledger_writer_run(a.writer, issue_act, &i, &err),
		    SP_E_LIMIT, &err);
		CHECK(strcmp(err.reason, "service.tokens") == 0);
	}
	CHECK(agency_fixture_count(&a, "\"act\":\"service.token\"") ==
	    MACHINE_TOKENS_HOUR);
	(void)issue(&a, &other);
	clock_ahead += HOUR;
	(void)issue(&a, &s);
	agency_fixture_close(&a);
	clock_ahead = 0;
}

/* What was issued while the clock was fast counts for no hour after it was set
 * back, and is good no longer. */
static void
a_clock_set_back_holds_nobody_up(void)
{
	struct agency_fixture a;
	struct service_fixture s;
	struct gate_caller who = { .source = "api" };
	struct issue i, fast;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	for (int full = 0; full < 2; full++) {
		int most = full ? MACHINE_TOKENS_HOUR : MACHINE_TOKENS_LIVE;

		clock_ahead += 48 * HOUR;
		for (int n = 0; n < most; n++) {
			if (full && n % (MACHINE_TOKENS_LIVE / 2) == 0)
				rotate(&a, &s, 0);
			fast = issue(&a, &s);
		}
		clock_ahead -= 48 * HOUR;
		(void)issue(&a, &s);
		CHECK(strcmp(refused(&a, fast.token.text, NEAR, &who),
			  "token.unknown") == 0);
		clock_ahead += 60 * HOUR;
		(void)issue(&a, &s);
	}
	/* A clock that is kept right by a little takes nobody's token. */
	i = issue(&a, &s);
	clock_ahead -= 30 * SP_SECOND;
	(void)issue(&a, &s);
	CHECK(strcmp(refused(&a, i.token.text, NEAR, &who), "") == 0);
	agency_fixture_close(&a);
	clock_ahead = 0;
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a token is the service's for an hour",
		    a_token_is_the_services_for_an_hour },
		{ "a stolen token is worth nothing elsewhere",
		    a_stolen_token_is_worth_nothing_elsewhere },
		{ "a token is never wider than its service",
		    a_token_is_never_wider_than_its_service },
		{ "tokens are counted", tokens_are_counted },
		{ "tokens have a pace", tokens_have_a_pace },
		{ "a clock set back holds nobody up",
		    a_clock_set_back_holds_nobody_up },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
