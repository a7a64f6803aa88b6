#include "gate/caller.h"

#include "people/people_fixture.h"

/* Who the caller is taken to be, for the gate and in entries. */

static struct people_fixture f;

static void
actors_are_named_by_what_they_are(void)
{
	static const struct {
		const char *credential;
		bool person;
		const char *kind;
		bool by_token; /* the credential's id stands in the entry */
	} rows[] = {
		{ NULL, false, "token", true },
		{ "token", false, "token", true },
		{ "token", true, "token", true },
		{ "session", true, "person", false },
		{ "service", false, "service", true },
		{ "device", false, "device", true },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct gate_caller who = { .agency = sp_id_new(),
			.token = sp_id_new(),
			.kind = rows[i].credential };
		struct gate_caller again;
		const char *kind;
		struct sp_id id;

		if (rows[i].person)
			who.person = sp_id_new();
		id = gate_caller_actor(&who, &kind);
		CHECK(strcmp(kind, rows[i].kind) == 0);
		CHECK(sp_id_equal(
		    &id, rows[i].by_token ? &who.token : &who.person));
		/* Found again after a crash, it is the same actor. */
		CHECK(gate_caller_resume(kind, &id, &again));
		CHECK(strcmp(gate_caller_by(&again).kind, kind) == 0);
		id = gate_caller_actor(&again, &kind);
		CHECK(strcmp(kind, rows[i].kind) == 0);
		CHECK(sp_id_equal(
		    &id, rows[i].by_token ? &who.token : &who.person));
	}
}

static void
the_site_is_nobodys_token(void)
{
	struct gate_caller who = { .agency = sp_id_new() }, again;
	const char *kind;
	struct sp_id id = gate_caller_actor(&who, &kind);

	CHECK(strcmp(kind, "site") == 0 && sp_id_equal(&id, &who.agency));
	CHECK(gate_caller_facts(&who, GATE_VIEW).identity == GATE_SELF);
	CHECK(!gate_caller_resume("site", &id, &again));
	CHECK(!gate_caller_resume("", &id, &again));
	CHECK(!gate_caller_resume("session", &id, &again));
}

static void
facts_come_from_the_standing(void)
{
	struct gate_caller who = {
		.agency = sp_id_new(),
		.token = sp_id_new(),
		.role = GATE_SERVICE,
		.kind = "service",
	};
	struct gate_facts got;

	gate_acts_add(&who.is.scope, GATE_LIST);
	gate_acts_add(&who.is.scope, (enum gate_act)(GATE_ACT_COUNT - 1));
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		enum gate_act act = (enum gate_act)a;

		got = gate_caller_facts(&who, act);
		CHECK(got.identity == GATE_MACHINE && got.act == act);
		CHECK((got.scope == GATE_SCOPE_IN) ==
		    (act == GATE_LIST || a == GATE_ACT_COUNT - 1));
		CHECK(got.relation == GATE_OWN);
	}
	who.via =
	    (struct gate_via){ .relation = GATE_SHARED_VIEW, .kind = "share" };
	CHECK(gate_caller_facts(&who, GATE_VIEW).relation == GATE_SHARED_VIEW);
	/* A guest by nothing is nobody's guest: nothing is its own. */
	who.via.relation = GATE_OTHER;
	CHECK(gate_caller_facts(&who, GATE_VIEW).relation == GATE_OTHER);
}

static void
a_person_is_looked_at_anew(void)
{
	struct gate_caller who = { .token = sp_id_new(), .kind = "session" };
	struct people_fixture_op op = { 0 };
	struct sp_id id;

	people_fixture_open(&f);
	f.now = sp_now();
	id = people_fixture_person(&f, "Ann Lee", "officer");
	CHECK_OK(
	    gate_caller_person(f.reader, f.rules, &id, &who, &f.err), &f.err);
	CHECK(who.role == GATE_OFFICER && sp_id_equal(&who.person, &id));
	CHECK(who.is.clearance == GATE_CLEARANCE_SCREENING_MISSING);
	CHECK(gate_caller_facts(&who, GATE_VIEW).identity == GATE_PERSON);
	op.id = id;
	op.s = "supervisor";
	op.reason = PEOPLE_REQUESTED;
	people_fixture_clear(&f, &id);
	CHECK_OK(
	    gate_caller_person(f.reader, f.rules, &id, &who, &f.err), &f.err);
	CHECK(who.is.clearance == GATE_CLEARANCE_OK);
	CHECK_OK(people_fixture_role(&f, &op), &f.err);
	CHECK_OK(
	    gate_caller_person(f.reader, f.rules, &id, &who, &f.err), &f.err);
	CHECK(who.role == GATE_SUPERVISOR);
	CHECK_OK(people_fixture_disable(&f, &op), &f.err);
	CHECK_REASON(gate_caller_person(f.reader, f.rules, &id, &who, &f.err),
	    SP_E_UNKNOWN, "person.inactive", &f);
	id = sp_id_new();
	CHECK_REASON(gate_caller_person(f.reader, f.rules, &id, &who, &f.err),
	    SP_E_UNKNOWN, "person.inactive", &f);
	people_fixture_close(&f);
}

/* No machine makes an administrator; but for the first one. */
static void
who_leads_is_made_by_persons(void)
{
	static const struct {
		struct gate_caller who;
		bool one, many;
	} rows[] = {
#define SIGNED_IN(as)                                                          \
	{ .kind = "session", .person.b = { 1 }, .token.b = { 2 }, .role = (as) }
		{ SIGNED_IN(GATE_ADMINISTRATOR), true, true },
		{ SIGNED_IN(GATE_LASO), true, true },
		{ SIGNED_IN(GATE_PROVIDER_SECURITY), true, true },
		/* Nobody below them. */
		{ SIGNED_IN(GATE_SUPERVISOR), false, false },
		{ SIGNED_IN(GATE_CUSTODIAN), false, false },
		{ SIGNED_IN(GATE_OFFICER), false, false },
		{ SIGNED_IN(GATE_CSO), false, false },
#undef SIGNED_IN
		{ { .kind = "token",
		      .person.b = { 1 },
		      .token.b = { 2 },
		      .role = GATE_ADMINISTRATOR },
		    true, true },
		{ { .kind = "token", .token.b = { 2 } }, true, false },
		{ { .kind = "token", .token.b = { 2 }, .is.settled = true },
		    false, false },
		{ { .kind = "token", .issuer.b = { 1 }, .token.b = { 2 } },
		    false, false },
		{ { .kind = "service",
		      .issuer.b = { 1 },
		      .token.b = { 2 },
		      .role = GATE_SERVICE },
		    false, false },
		{ { .source = "site" }, true, true },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_err err = { .reason = NULL };

		CHECK((gate_caller_leads(&rows[i].who, false, &err) == SP_OK) ==
		    rows[i].one);
		CHECK((gate_caller_leads(&rows[i].who, true, &err) == SP_OK) ==
		    rows[i].many);
		if (!rows[i].many)
			CHECK(err.code == SP_E_DENIED &&
			    strcmp(err.reason, "role") == 0);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "actors are named by what they are",
		    actors_are_named_by_what_they_are },
		{ "the site is nobody's token", the_site_is_nobodys_token },
		{ "facts come from the standing",
		    facts_come_from_the_standing },
		{ "a person is looked at anew", a_person_is_looked_at_anew },
		{ "who leads is made by persons",
		    who_leads_is_made_by_persons },
	};

	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
