#include "person_fixture.h"

/* The provider's house: two of security and an administrator by the site. */
static struct sp_id
staff(const char *by, const char *role, const char *human)
{
	struct people_person_new n = {
		.name = "A", .role = role, .human = human
	};
	struct people_fixture_op op = { .n = &n };
	struct people_person p;

	f.by = people_by_site(&f.by.agency);
	if (by != NULL) {
		CHECK_OK(
		    people_person_by_login(f.reader, by, &p, &f.err), &f.err);
		f.by.kind = "person";
		f.by.id = f.by.person = p.id;
	}
	n.login = human;
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	return op.id;
}

static enum people_tie
tie(const struct sp_id *a, const struct sp_id *b)
{
	enum people_tie one = PEOPLE_APART, two = PEOPLE_APART;

	CHECK_OK(people_person_tie(f.reader, a, b, &one, &f.err), &f.err);
	CHECK_OK(people_person_tie(f.reader, b, a, &two, &f.err), &f.err);
	CHECK(one == two);
	return one;
}

static void
who_is_behind_an_account_is_known(void)
{
	static const struct people_rules_place keystone = {
		.state = "FL",
		.slug = "keystone",
		.dirfd = -1,
		.provider = true,
	};
	struct people_screening_new check = { .state = "FL" };
	struct people_person_new anon = { .name = "No", .role = "operator" };
	struct people_fixture_op op = { .n = &anon };
	struct people_rules *agency, *provider = NULL;
	struct sp_id s1, s2, s3, s4, o1, o2, o3, adm, own;

	people_fixture_open(&f);
	agency = f.rules;
	CHECK_OK(people_rules_load(&provider, &keystone, &f.err), &f.err);
	f.rules = provider;
	s1 = staff(NULL, "provider-security", "s1");
	s2 = staff(NULL, "provider-security", "s2");
	adm = staff(NULL, "administrator", "adm");
	CHECK(tie(&s1, &s2) == PEOPLE_APART);
	/* Who adds an operator leaves the decision to the other. */
	o1 = staff("s1", "operator", "o1");
	CHECK(tie(&s1, &o1) == PEOPLE_TIED);
	CHECK(tie(&s2, &o1) == PEOPLE_APART);
	/* Whoever they put between is theirs, too; and both are. */
	s3 = staff("s1", "provider-security", "s3");
	o2 = staff("s3", "operator", "o2");
	CHECK(tie(&s1, &o2) == PEOPLE_TIED);
	CHECK(tie(&s3, &o1) == PEOPLE_TIED);
	CHECK(tie(&s2, &o2) == PEOPLE_APART);
	/* An administrator makes accounts, and decides nothing. */
	o3 = staff("adm", "operator", "o3");
	s4 = staff("adm", "provider-security", "s4");
	CHECK(tie(&s4, &o3) == PEOPLE_APART);
	CHECK(tie(&adm, &o3) == PEOPLE_TIED);
	/* Who vouches for somebody is tied to them; not to all of theirs. */
	f.by.id = f.by.person = s4;
	op = (struct people_fixture_op){ .id = o3, .n = &check };
	CHECK_OK(people_fixture_screen(&f, &op), &f.err);
	CHECK(tie(&s4, &o3) == PEOPLE_TIED);
	CHECK(tie(&s2, &o3) == PEOPLE_APART);
	f.by.id = f.by.person = s2;
	op = (struct people_fixture_op){ .id = o1, .s = "provider-security" };
	CHECK_OK(people_fixture_role(&f, &op), &f.err);
	CHECK(tie(&s2, &o1) == PEOPLE_TIED);
	/* By whatever account of theirs. */
	own = staff(NULL, "operator", "o9");
	CHECK(tie(&own, &s2) == PEOPLE_APART);
	f.by = people_by_site(&f.by.agency);
	anon = (struct people_person_new){
		.name = "S", .role = "operator", .human = "s2"
	};
	op = (struct people_fixture_op){ .n = &anon };
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	CHECK(tie(&op.id, &s2) == PEOPLE_SAME);
	CHECK(tie(&op.id, &o1) == PEOPLE_TIED);
	/* Of whom nobody said who it is, nobody can say that they are two. */
	anon = (struct people_person_new){ .name = "N", .role = "operator" };
	op = (struct people_fixture_op){ .n = &anon };
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	CHECK(tie(&op.id, &s2) == PEOPLE_NAMELESS);
	CHECK(tie(&op.id, &op.id) == PEOPLE_SAME);
	f.rules = agency;
	people_rules_free(provider);
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "who is behind an account is known",
		    who_is_behind_an_account_is_known },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
