#include "machine/service_fixture.h"

static void
two_secrets_are_good_while_they_are_changed(void)
{
	struct agency_fixture a;
	struct service_fixture one, two, three;
	struct machine_service shown;
	struct issue early;
	struct sp_err err;

	machine_fixture_open(&a);
	one = service_fixture(&a, "evidence.list", "");
	two = one;
	rotate(&a, &two, HOUR);
	CHECK(strcmp(one.secret, two.secret) != 0);
	CHECK(proven(&a, &one, one.secret) && proven(&a, &one, two.secret));
	CHECK_OK(machine_service_get(a.reader, a.rules, &one.id, &shown, &err),
	    &err);
	CHECK(shown.secrets == 2);
	CHECK(shown.secret[0].expires == one.new.expires);
	clock_ahead = HOUR;
	CHECK(!proven(&a, &one, one.secret) && proven(&a, &one, two.secret));

	/* A third one: the oldest goes, whatever it was promised. */
	early = issue(&a, &one);
	three = two;
	rotate(&a, &three, DAY);
	two = three;
	rotate(&a, &two, DAY);
	CHECK(proven(&a, &one, three.secret) && proven(&a, &one, two.secret));
	CHECK(is_refused(&a, early.token.text, ""));

	/* At once, with what was got by it. */
	rotate(&a, &one, 0);
	CHECK(!proven(&a, &one, two.secret) && !proven(&a, &one, three.secret));
	CHECK(proven(&a, &one, one.secret));
	CHECK(is_refused(&a, early.token.text, "token.expired"));
	CHECK(agency_fixture_count(&a, "\"act\":\"service.rotated\"") == 4);
	agency_fixture_close(&a);
	clock_ahead = 0;
}

/* Void with whoever had its secret made; another takes it over by rotating it,
 * which does not bring back what the one who left knows. */
static void
a_service_ends_with_its_issuer(void)
{
	for (unsigned n = 0; n < FATE_COUNT; n++) {
		bool stands =
		    agency_fixture_stands((enum agency_fixture_fate)n);
		struct agency_fixture a;
		struct agency_fixture_person eve, bob;
		struct service_fixture s, taken;
		struct machine_proven p;
		struct issue i, later;
		struct sp_err err;

		machine_fixture_open(&a);
		eve = agency_fixture_person(&a);
		bob = agency_fixture_person(&a);
		s = service_fixture_new(&a, "evidence.list", "");
		s.by = agency_fixture_in_session(&eve);
		if (n % 2 == 1) { /* by a token that she issued */
			s.by.issuer = eve.id;
			s.by.person = (struct sp_id){ .b = { 0 } };
			s.by.kind = "token";
		}
		CHECK_OK(ledger_writer_run(a.writer, service_add_act, &s, &err),
		    &err);
		CHECK(prove(&a, &s, s.secret, NEAR, &p) == SP_OK);
		i = issue_by(&a, &s, &p);
		later = issue_new(&a, &s);
		later.new.doing = p.doing;
		agency_fixture_befall(&eve, (enum agency_fixture_fate)n);
		CHECK(is_refused(&a, i.token.text, stands ? "" : "token.void"));
		CHECK(prove(&a, &s, s.secret, NEAR, &p) ==
		    (stands ? SP_OK : SP_E_UNKNOWN));
		CHECK(
		    p.refusal == (stands ? MACHINE_PROVEN : MACHINE_NO_ISSUER));
		CHECK(look(&a, &s).orphan == !stands);
		/* Had she proven herself a moment before she left. */
		CHECK_OK(
		    ledger_writer_run(a.writer, issue_act, &later, &err), &err);
		CHECK(is_refused(
		    &a, later.token.text, stands ? "" : "token.void"));

		taken = s;
		taken.by = agency_fixture_in_session(&bob);
		rotate(&a, &taken, DAY);
		CHECK(is_issuer(&a, &s, &bob.id));
		CHECK(!look(&a, &s).orphan);
		CHECK(proven(&a, &s, taken.secret));
		CHECK(proven(&a, &s, s.secret) == stands);
		CHECK(is_refused(&a, i.token.text, stands ? "" : "token.void"));
		CHECK(prove(&a, &s, taken.secret, NEAR, &p) == SP_OK);
		i = issue_by(&a, &s, &p);
		CHECK(is_refused(&a, i.token.text, ""));
		agency_fixture_close(&a);
	}
}

static void
no_file_holds_a_secret(void)
{
	static const char *const names[] = { "agency.db", "agency.db-wal",
		"agency.db-shm", "hashes" };
	struct agency_fixture a;
	struct service_fixture s;
	struct issue i;
	bool label = false;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	i = issue(&a, &s);
	for (size_t n = 0; n < SP_COUNTOF(names); n++) {
		CHECK(
		    !agency_fixture_file_holds(a.dir, names[n], s.secret + 27));
		CHECK(!agency_fixture_file_holds(
		    a.dir, names[n], i.token.text + 27));
		label |= agency_fixture_file_holds(
		    a.dir, names[n], "the records system");
	}
	CHECK(label); /* the search does find what is there */
	CHECK(agency_fixture_count(&a, "the records system") == 0);
	agency_fixture_close(&a);
}

/* Rotating, and adding and revoking services, as fast as one can: what one
 * person has made together has a pace. */
static void
secrets_have_a_pace(void)
{
	struct agency_fixture a;
	struct agency_fixture_person eve, bob;
	struct service_fixture s, more;
	struct machine_service was;
	struct sp_err err = { .reason = NULL };
	uint64_t size;

	machine_fixture_open(&a);
	eve = agency_fixture_person(&a);
	bob = agency_fixture_person(&a);
	s = service_fixture_new(&a, "evidence.list", "");
	s.by = agency_fixture_in_session(&eve);
	CHECK_OK(ledger_writer_run(a.writer, service_add_act, &s, &err), &err);
	for (int n = 1; n < GATE_TOKENS_HOUR; n += 2) {
		rotate(&a, &s, 0);
		more = s;
		if (n + 1 < GATE_TOKENS_HOUR) {
			CHECK_OK(ledger_writer_run(
				     a.writer, service_add_act, &more, &err),
			    &err);
			CHECK_OK(ledger_writer_run(
				     a.writer, service_revoke_act, &more, &err),
			    &err);
		}
	}
	size = ledger_log_size(a.log);
	was = look(&a, &s);
	more = s;
	more.overlap = HOUR;
	CHECK_CODE(ledger_writer_run(a.writer, service_rotate_act, &more, &err),
	    SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "token.pace") == 0);
	CHECK_CODE(ledger_writer_run(a.writer, service_add_act, &more, &err),
	    SP_E_LIMIT, &err);
	/* Nothing was done: the secret that there was is good. */
	CHECK(ledger_log_size(a.log) == size);
	CHECK(proven(&a, &s, s.secret));
	CHECK(look(&a, &s).secret[0].created == was.secret[0].created);

	/* One that was stolen is replaced all the same, a few times. */
	for (int n = 0; n < 5; n++)
		rotate(&a, &s, 0);
	more = s;
	CHECK_CODE(ledger_writer_run(a.writer, service_rotate_act, &more, &err),
	    SP_E_LIMIT, &err);
	CHECK(strstr(err.text, "this service had 5") != NULL);
	CHECK(proven(&a, &s, s.secret));

	/* Somebody else goes on, and takes a service over; ending goes on. */
	more.by = agency_fixture_in_session(&bob);
	rotate(&a, &more, 0);
	CHECK(is_issuer(&a, &s, &bob.id));
	CHECK_OK(
	    ledger_writer_run(a.writer, service_revoke_act, &s, &err), &err);
	clock_ahead = HOUR;
	CHECK_OK(ledger_writer_run(a.writer, service_add_act, &s, &err), &err);
	agency_fixture_close(&a);
	clock_ahead = 0;
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "two secrets are good while they are changed",
		    two_secrets_are_good_while_they_are_changed },
		{ "a service ends with its issuer",
		    a_service_ends_with_its_issuer },
		{ "no file holds a secret", no_file_holds_a_secret },
		{ "secrets have a pace", secrets_have_a_pace },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
