#include "machine/scope.h"

#include "gate/decision.h"
#include "tap.h"

#include <string.h>

static void
a_scope_is_acts_that_services_may_do(void)
{
	struct gate_acts scope;
	struct sp_err err;
	size_t may = 0;

	for (unsigned n = 0; n < GATE_ACT_COUNT; n++) {
		enum gate_act act = (enum gate_act)n;
		const char *name = gate_act_name(act);
		bool person = (gate_act_row(act)->flags & GATE_PERSONS) != 0;
		bool ok = gate_role_may(GATE_SERVICE, act) && !person;
		enum sp_code code = machine_scope_parse(name, &scope, &err);
		struct gate_facts facts = {
			.identity = GATE_MACHINE,
			.role = GATE_SERVICE,
			.act = act,
			.relation = GATE_OWN,
			.scope = GATE_SCOPE_IN,
			.duty = GATE_DUTY_OTHER,
			.class = GATE_CLASS_ORDINARY,
			.hold = GATE_HOLD_NONE,
			.retention = GATE_RETENTION_OVER,
			.place = GATE_PLACE_INSIDE,
		};

		CHECK(code == (ok ? SP_OK : SP_E_INVALID));
		CHECK(machine_scope_may(act) == ok);
		if (!ok)
			CHECK(strcmp(err.reason, "service.scope") == 0);
		/* What may not be in a scope is denied to a service all the
		 * same, and what may is not. */
		CHECK(gate_decide(&facts).permit == ok);
		may += ok;
	}
	CHECK(may > 0 && may < GATE_ACT_COUNT);
}

static void
scopes_are_read_and_written(void)
{
	static const char *const bad[] = { "", " ", "evidence.list ",
		" evidence.list", "evidence.list  evidence.show",
		"evidence.list,evidence.show", "EVIDENCE.LIST", "evidence",
		"evidence.*", "*", "lockbox.approve", "recovery.begin",
		"token.manage", "service.manage", "evidence.list\tx",
		("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		 "x"
		 "xxxxxxxxx") };
	SP_AUTO_BUF text = sp_buf_new(MACHINE_SCOPE_TEXT);
	struct gate_acts scope = { .bits = { 7 } }, most;
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK_CODE(machine_scope_parse(bad[i], &scope, &err),
		    SP_E_INVALID, &err);
	CHECK(scope.bits[0] == 7 && scope.bits[1] == 0);
	CHECK_OK(machine_scope_parse(
		     "evidence.show evidence.list evidence.show", &scope, &err),
	    &err);
	machine_scope_text(&scope, &text);
	CHECK(strcmp(sp_buf_str(&text), "evidence.list evidence.show") == 0);
	CHECK_OK(machine_scope_parse("evidence.list", &most, &err), &err);
	CHECK(machine_scope_within(&most, &scope));
	CHECK(!machine_scope_within(&scope, &most));
	CHECK(machine_scope_within(&scope, &scope));
}

#define A16 "aaaaaaaaaaaaaaaa"

/* What is stored may be of an older table, and is no other text. */
static void
stored_scopes_lose_what_services_may_not(void)
{
	static const char *const bad[] = { " ", "evidence.list  evidence.show",
		" evidence.list", (A16 A16 A16 A16) };
	struct gate_acts scope = { .bits = { 7 } };
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK_CODE(machine_scope_stored(bad[i], &scope, &err),
		    SP_E_CORRUPT, &err);
	CHECK(scope.bits[0] == 7 && scope.bits[1] == 0);
	CHECK_OK(machine_scope_stored(
		     "evidence.list gone.act token.manage", &scope, &err),
	    &err);
	CHECK(gate_acts_has(&scope, GATE_LIST));
	CHECK(!gate_acts_has(&scope, GATE_TOKENS));
	CHECK(!machine_scope_empty(&scope));
	CHECK_OK(machine_scope_stored("", &scope, &err), &err);
	CHECK(machine_scope_empty(&scope));
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a scope is acts that services may do",
		    a_scope_is_acts_that_services_may_do },
		{ "scopes are read and written", scopes_are_read_and_written },
		{ "stored scopes lose what services may not",
		    stored_scopes_lose_what_services_may_not },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
