#include "machine/guard.h"

#include "base/parse.h"
#include "machine/machine_fixture.h"

#define WINDOW (15 * MINUTE)

struct rig {
	struct agency_fixture a;
	struct people_rules *rules;
	struct machine_guard *guard;
};

static void
rig_open(struct rig *r)
{
	struct sp_err err;

	clock_ahead = 0;
	machine_fixture_open(&r->a);
	CHECK_OK(people_rules_default(&r->rules, "FL", &err), &err);
	r->guard = machine_guard_new();
	CHECK(r->guard != NULL);
}

static void
rig_close(struct rig *r)
{
	machine_guard_free(r->guard);
	people_rules_free(r->rules);
	agency_fixture_close(&r->a);
	clock_ahead = 0;
}

static bool
may(struct rig *r, const char *client, const char *address)
{
	struct machine_try t = { client, address };
	sp_time wait = 0;
	bool ok = machine_guard_may(r->guard, &t, r->rules, &wait);

	CHECK(ok == (wait == 0));
	CHECK(wait <= WINDOW);
	return ok;
}

static void
fail(struct rig *r, const char *client, const char *address)
{
	struct machine_try t = { client, address };

	machine_guard_failed(r->guard, &t, r->rules);
}

static void
who_fails_too_often_is_not_heard(void)
{
	struct rig r;

	rig_open(&r);
	for (int i = 0; i < 5; i++) {
		CHECK(may(&r, "one", "192.0.2.7"));
		fail(&r, "one", "192.0.2.7");
	}
	CHECK(!may(&r, "one", "192.0.2.7"));
	/* Others are: nobody is shut out by somebody else. */
	CHECK(may(&r, "one", "192.0.2.8"));
	CHECK(may(&r, "two", "192.0.2.7"));
	clock_ahead += WINDOW - MINUTE;
	CHECK(!may(&r, "one", "192.0.2.7"));
	clock_ahead += MINUTE;
	CHECK(may(&r, "one", "192.0.2.7"));
	fail(&r, "one", "192.0.2.7"); /* and begins anew */
	CHECK(may(&r, "one", "192.0.2.7"));
	rig_close(&r);
}

static void
who_is_right_has_no_failures(void)
{
	struct machine_try t = { "one", "2001:db8::1" };
	struct rig r;

	rig_open(&r);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 4; i++)
			fail(&r, "one", "2001:db8::1");
		CHECK(may(&r, "one", "2001:db8::1"));
		machine_guard_passed(r.guard, &t);
	}
	rig_close(&r);
}

static void
a_network_of_ipv6_is_one_place(void)
{
	struct rig r;
	char address[64];

	rig_open(&r);
	for (int i = 0; i < 5; i++) {
		(void)snprintf(
		    address, sizeof(address), "2001:db8:0:7::%x", 0x1000 + i);
		fail(&r, "one", address);
	}
	CHECK(!may(&r, "one", "2001:db8:0:7:ffff::1"));
	CHECK(may(&r, "one", "2001:db8:0:8::1"));
	rig_close(&r);
}

/* However many names are guessed at, memory stays what it is, and the one who
 * is at it now is still watched. */
static void
a_flood_of_names_is_bounded(void)
{
	struct rig r;
	char name[32];

	rig_open(&r);
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "name %d", i);
		fail(&r, name, "192.0.2.7");
		clock_ahead += 1;
	}
	for (int i = 0; i < 5; i++)
		fail(&r, "last", "192.0.2.7");
	CHECK(!may(&r, "last", "192.0.2.7"));
	rig_close(&r);
}

static size_t
entries(struct rig *r, bool all)
{
	machine_guard_write(r->guard, &r->a.id, r->a.writer, all);
	return agency_fixture_count(&r->a, "\"act\":\"service.refused\"");
}

static void
a_flood_is_an_entry_a_minute(void)
{
	struct rig r;
	struct sp_id id = sp_id_new(), none = { .b = { 0 } };

	rig_open(&r);
	CHECK(entries(&r, false) == 0);
	for (int i = 0; i < 40; i++) {
		machine_guard_refused(
		    r.guard, &id, MACHINE_NO_SECRET, "192.0.2.7");
		CHECK(entries(&r, false) == 1);
	}
	machine_guard_refused(r.guard, &id, MACHINE_NOT_ADDRESS, "192.0.2.9");
	machine_guard_refused(r.guard, &none, MACHINE_NO_CLIENT, "::1");
	CHECK(entries(&r, false) == 3);
	clock_ahead += MINUTE;
	CHECK(entries(&r, false) == 4);
	CHECK(agency_fixture_count(&r.a,
		  "\"detail\":{\"code\":\"secret\",\"stands_for\":39}") == 1);
	CHECK(agency_fixture_count(&r.a, "\"address\":\"::1\"") == 1);
	clock_ahead += MINUTE;
	CHECK(entries(&r, false) == 4); /* nothing came */
	machine_guard_refused(r.guard, &id, MACHINE_NO_SECRET, "192.0.2.7");
	machine_guard_refused(r.guard, &id, MACHINE_NO_SECRET, "192.0.2.7");
	CHECK(entries(&r, true) == 5);
	rig_close(&r);
}

static void
nothing_is_lost_while_nothing_can_be_written(void)
{
	struct rig r;
	struct sp_id id = sp_id_new();

	rig_open(&r);
	machine_guard_refused(r.guard, &id, MACHINE_OVER, "192.0.2.7");
	atomic_store(&r.a.refuse, true);
	CHECK(entries(&r, true) == 0);
	machine_guard_refused(r.guard, &id, MACHINE_OVER, "192.0.2.7");
	atomic_store(&r.a.refuse, false);
	CHECK(entries(&r, true) == 1);
	CHECK(agency_fixture_count(&r.a, "\"stands_for\":2") == 1);
	rig_close(&r);
}

static void
more_services_than_rows_are_counted_together(void)
{
	struct rig r;
	SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);
	uint64_t total = 0;

	rig_open(&r);
	for (int i = 0; i < 1000; i++) {
		struct sp_id id = sp_id_new();

		machine_guard_refused(
		    r.guard, &id, MACHINE_NO_SECRET, "192.0.2.7");
	}
	CHECK(entries(&r, true) <= 256);
	for (uint64_t i = 0; i < ledger_log_size(r.a.log); i++) {
		const char *at = strstr(
		    agency_fixture_entry(&r.a, i, &body), "\"stands_for\":");
		uint64_t n = 0;

		if (at == NULL)
			continue;
		at += strlen("\"stands_for\":");
		CHECK(sp_parse_u64(at, strcspn(at, "}"), 1, 1000, &n));
		total += n;
	}
	CHECK(total == 1000);
	rig_close(&r);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "who fails too often is not heard",
		    who_fails_too_often_is_not_heard },
		{ "who is right has no failures",
		    who_is_right_has_no_failures },
		{ "a network of IPv6 is one place",
		    a_network_of_ipv6_is_one_place },
		{ "a flood of names is bounded", a_flood_of_names_is_bounded },
		{ "a flood is an entry a minute",
		    a_flood_is_an_entry_a_minute },
		{ "nothing is lost while nothing can be written",
		    nothing_is_lost_while_nothing_can_be_written },
		{ "more services than rows are counted together",
		    more_services_than_rows_are_counted_together },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
