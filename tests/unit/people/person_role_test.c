#include "person_fixture.h"

/* As people write them; and nothing that is only like one. */
static void
roles_are_read_as_people_write_them(void)
{
	static const struct {
		const char *said;
		enum people_role role;
	} rows[] = {
		{ "records clerk", PEOPLE_RECORDS_CLERK },
		{ "Records Clerk", PEOPLE_RECORDS_CLERK },
		{ "RECORDS_CLERK", PEOPLE_RECORDS_CLERK },
		{ "LASO", PEOPLE_LASO },
		{ "CSO", PEOPLE_CSO },
		{ "Officer", PEOPLE_OFFICER },
		{ "agency administrator", PEOPLE_ADMINISTRATOR },
		{ "agency-administrator", PEOPLE_ADMINISTRATOR },
		{ "provider operator", PEOPLE_OPERATOR },
		{ "Provider-Operator", PEOPLE_OPERATOR },
		{ "provider security", PEOPLE_PROVIDER_SECURITY },
		{ "admin", PEOPLE_ADMINISTRATOR },
		{ "Admin", PEOPLE_ADMINISTRATOR },
		{ "CSO (state)", PEOPLE_CSO },
		{ "prosecutor (outside)", PEOPLE_PROSECUTOR },
		{ "Agency administrator (IT)", PEOPLE_ADMINISTRATOR },
	};
	static const char *const none[] = { "", " ", "-", "officer ",
		" officer", "records  clerk", "recordsclerk", "agency officer",
		"provider administrator", "k\xc3\xb6nig", "officer\n",
		"(officer)", " (officer)", "officer ()", "officer (a) b",
		"officer (a) (b)", "officer ((a))", "officer (a", "officer a)",
		"officer  (a)", "officer(a)", "nobody (officer)", "admins",
		"administratoradministratoradministrator" };
	enum people_role role = PEOPLE_AUDITOR;

	for (int r = 0; r < PEOPLE_ROLE_COUNT; r++) {
		CHECK(people_role_read(
		    people_role_name((enum people_role)r), &role));
		CHECK(role == (enum people_role)r);
	}
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK(people_role_read(rows[i].said, &role));
		CHECK(role == rows[i].role);
	}
	role = PEOPLE_AUDITOR;
	for (size_t i = 0; i < SP_COUNTOF(none); i++)
		CHECK(!people_role_read(none[i], &role));
	CHECK(role == PEOPLE_AUDITOR);
	/* What is stored has one spelling only. */
	CHECK(!people_role_parse("Records Clerk", &role));
}

static void
roles_and_transfers_move_the_epoch(void)
{
	struct people_person p;
	struct people_fixture_op op;

	people_fixture_open(&f);
	op = (struct people_fixture_op){
		.id = people_fixture_person(&f, "A", "administrator"),
		.s = "officer",
	};
	f.now += HOUR;
	CHECK_OK(people_fixture_role(&f, &op), &f.err);
	p = people_fixture_get(&f, &op.id);
	CHECK(p.role == PEOPLE_OFFICER && p.epoch == f.now);
	CHECK(strstr(people_fixture_last(&f),
		  "\"detail\":{\"before\":\"administrator\","
		  "\"role\":\"officer\"}") != NULL);
	f.now += HOUR;
	/* Nothing is carried over: without a role there is no transfer. */
	op.s = "Patrol 3";
	op.t = NULL;
	CHECK_REASON(
	    people_fixture_transfer(&f, &op), SP_E_INVALID, "person.role", &f);
	op.t = "Records Clerk";
	CHECK_OK(people_fixture_transfer(&f, &op), &f.err);
	p = people_fixture_get(&f, &op.id);
	CHECK(p.role == PEOPLE_RECORDS_CLERK && p.epoch == f.now);
	CHECK(strcmp(p.unit, "Patrol 3") == 0);
	op.s = NULL;
	CHECK_REASON(
	    people_fixture_transfer(&f, &op), SP_E_INVALID, "person.unit", &f);
	people_fixture_close(&f);
}

/* Not by another account of the same human being either. */
static void
nobody_does_it_for_themselves(void)
{
	struct people_person_new n = {
		.human = "E-7", .name = "A", .role = "administrator"
	};
	struct people_person_change c = { .human = "E-8" };
	struct people_fixture_op one = { .n = &n }, two = { .n = &n }, op;
	bool same = false;

	people_fixture_open(&f);
	CHECK_OK(people_fixture_add(&f, &one), &f.err);
	CHECK_OK(people_fixture_add(&f, &two), &f.err);
	CHECK_OK(
	    people_person_same_human(f.reader, &one.id, &two.id, &same, &f.err),
	    &f.err);
	CHECK(same);
	act_as(&two.id);
	op = (struct people_fixture_op){ .id = one.id, .s = "laso" };
	CHECK_REASON(
	    people_fixture_role(&f, &op), SP_E_DENIED, "person.self", &f);
	op.n = &c;
	CHECK_REASON(
	    people_fixture_change(&f, &op), SP_E_DENIED, "person.self", &f);
	op.reason = PEOPLE_REQUESTED;
	CHECK_OK(people_fixture_disable(&f, &op), &f.err);
	CHECK_REASON(
	    people_fixture_enable(&f, &op), SP_E_DENIED, "person.self", &f);
	act_as_site();
	CHECK_OK(people_fixture_enable(&f, &op), &f.err);
	people_fixture_close(&f);
}

/* Operators are the provider's, officers an agency's, and administrators,
 * auditors and security officers of both: by every way to a role. */
static void
roles_are_of_their_house(void)
{
	static const struct people_rules_place keystone = {
		.state = "FL",
		.slug = "keystone",
		.dirfd = -1,
		.provider = true,
	};
	struct people_rules *agency, *provider = NULL;

	people_fixture_open(&f);
	agency = f.rules;
	CHECK(!people_rules_provider(agency));
	CHECK_OK(people_rules_load(&provider, &keystone, &f.err), &f.err);
	CHECK(people_rules_provider(provider));
	for (unsigned i = 0; i < PEOPLE_ROLE_COUNT; i++) {
		enum people_role role = (enum people_role)i;
		bool both = role == PEOPLE_ADMINISTRATOR ||
		    role == PEOPLE_AUDITOR || role == PEOPLE_LASO;
		bool theirs =
		    role == PEOPLE_OPERATOR || role == PEOPLE_PROVIDER_SECURITY;

		for (int house = 0; house < 2; house++) {
			struct people_person_new n = { .name = "A",
				.role = people_role_name(role) };
			bool auditor = role == PEOPLE_AUDITOR;
			bool outside = people_role_outside(role);
			struct people_person_new other = { .name = "B",
				.role = auditor ? "laso" : "auditor",
				.kind = outside ? "outside" : NULL,
				.employer = outside ? "Attorney" : NULL };
			struct people_fixture_op op = { .n = &n };
			struct people_fixture_op change = { .n = &other };
			bool may = both || theirs == (house == 1);
			enum sp_code want = may ? SP_OK : SP_E_INVALID;

			f.rules = house == 1 ? provider : agency;
			CHECK(people_person_check(f.rules, &n, f.now, NULL) ==
			    want);
			CHECK_CODE(people_fixture_add(&f, &op), want, &f.err);
			CHECK(may || strcmp(f.err.reason, "person.role") == 0);
			CHECK_OK(people_fixture_add(&f, &change), &f.err);
			change.s = n.role;
			CHECK_CODE(
			    people_fixture_role(&f, &change), want, &f.err);
			change.s = "Night";
			change.t = n.role;
			CHECK_CODE(
			    people_fixture_transfer(&f, &change), want, &f.err);
			CHECK(people_fixture_get(&f, &change.id).role ==
			    (may              ? role
				    : auditor ? PEOPLE_LASO
					      : PEOPLE_AUDITOR));
		}
	}
	f.rules = agency;
	people_rules_free(provider);
	people_fixture_close(&f);
}

/* Nobody's sessions end for a role that they have. */
static void
the_same_role_is_not_given_again(void)
{
	struct people_fixture_op op = { .s = "officer" };
	struct people_person before;

	people_fixture_open(&f);
	op.id = people_fixture_person(&f, "Ann", "officer");
	before = people_fixture_get(&f, &op.id);
	f.now += SP_SECOND;
	CHECK_CODE(people_fixture_role(&f, &op), SP_E_CONFLICT, &f.err);
	CHECK(strcmp(f.err.reason, "role.same") == 0);
	CHECK(strstr(f.err.text, "nothing was changed") != NULL);
	CHECK(people_fixture_get(&f, &op.id).epoch == before.epoch);
	CHECK(strstr(people_fixture_last(&f), "person.added") != NULL);
	op.s = "custodian";
	CHECK_OK(people_fixture_role(&f, &op), &f.err);
	people_fixture_close(&f);
}

/* A prosecutor is outside when nothing is said, is never the agency's own, and
 * is cleared only once it is known whose they are. */
static void
some_roles_are_outside(void)
{
	static const struct {
		const char *role, *kind, *employer, *reason;
	} rows[] = {
		{ "prosecutor", NULL, NULL, NULL },
		{ "prosecutor", "outside", NULL, NULL },
		{ "prosecutor", NULL, "State Attorney", NULL },
		{ "prosecutor", "contractor", "Acme", NULL },
		{ "prosecutor", "contractor", NULL, "person.employer" },
		{ "prosecutor", "agency", NULL, "person.kind" },
		{ "officer", "outside", NULL, "person.employer" },
		{ "officer", NULL, "Acme", "person.employer" },
		{ "officer", NULL, NULL, NULL },
	};
	struct people_fixture_op op;
	struct people_person_change change = { .kind = "agency" };
	struct people_agreement_new city = { .kind = "information-exchange",
		.partner = "City" };
	struct sp_id pat;

	people_fixture_open(&f);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct people_person_new n = { .name = "A",
			.role = rows[i].role,
			.kind = rows[i].kind,
			.employer = rows[i].employer };

		op = (struct people_fixture_op){ .n = &n };
		CHECK_CODE(people_fixture_add(&f, &op),
		    rows[i].reason == NULL ? SP_OK : SP_E_INVALID, &f.err);
		CHECK(rows[i].reason == NULL ||
		    strcmp(f.err.reason, rows[i].reason) == 0);
		if (i == 0)
			CHECK(people_fixture_get(&f, &op.id).kind ==
			    PEOPLE_OUTSIDE);
	}
	/* Nor by another role or kind later. */
	op = (struct people_fixture_op){ .s = "prosecutor" };
	op.id = people_fixture_person(&f, "Own", "officer");
	CHECK_CODE(people_fixture_role(&f, &op), SP_E_INVALID, &f.err);
	CHECK(strcmp(f.err.reason, "person.kind") == 0);
	op = (struct people_fixture_op){ .n = &change };
	op.id = pat = people_fixture_person(&f, "Pat", "prosecutor");
	CHECK_CODE(people_fixture_change(&f, &op), SP_E_INVALID, &f.err);
	people_fixture_clear(&f, &pat);
	CHECK(
	    people_fixture_verdict(&f, &pat).code == PEOPLE_AGREEMENT_MISSING);
	change = (struct people_person_change){ .employer = "City" };
	CHECK_OK(people_fixture_change(&f, &op), &f.err);
	CHECK(
	    people_fixture_verdict(&f, &pat).code == PEOPLE_AGREEMENT_MISSING);
	op.n = &city;
	CHECK_OK(people_fixture_agree(&f, &op), &f.err);
	CHECK(people_fixture_verdict(&f, &pat).code == PEOPLE_OK);
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "roles are read as people write them",
		    roles_are_read_as_people_write_them },
		{ "roles and transfers move the epoch",
		    roles_and_transfers_move_the_epoch },
		{ "nobody does it for themselves",
		    nobody_does_it_for_themselves },
		{ "roles are of their house", roles_are_of_their_house },
		{ "the same role is not given again",
		    the_same_role_is_not_given_again },
		{ "some roles are outside", some_roles_are_outside },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
