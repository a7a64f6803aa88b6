#include "signin/signin_fixture.h"

static enum sp_code
add_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	return signin_factor_add(a, arg, err);
}

static enum sp_code
remove_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	const struct signin_factor_new *n = arg;

	return signin_factor_remove(a, &n->person, &n->id, err);
}

static void
the_last_one_stays(void)
{
	struct signin_fixture s;
	struct signin_factor_new one, two, foreign;
	unsigned has = 0;

	fixture_open(&s);
	one = (struct signin_factor_new){ sp_id_new(), s.person, SIGNIN_TOTP,
		NULL };
	two = (struct signin_factor_new){ sp_id_new(), s.person, SIGNIN_PASSKEY,
		"key ring" };
	CHECK_OK(people_fixture_do(&s.f, add_fn, &one), &s.f.err);
	CHECK_REASON(people_fixture_do(&s.f, remove_fn, &one), SP_E_CONFLICT,
	    "factor.last", &s.f);
	CHECK_OK(people_fixture_do(&s.f, add_fn, &two), &s.f.err);
	CHECK_OK(
	    signin_factor_has(s.f.reader, &s.person, &has, &s.err), &s.err);
	CHECK(has == (SIGNIN_HAS(SIGNIN_TOTP) | SIGNIN_HAS(SIGNIN_PASSKEY)));
	/* Another person's is none of one's own. */
	foreign = one;
	foreign.person = people_fixture_person(&s.f, "Dora Lint", "officer");
	CHECK_REASON(people_fixture_do(&s.f, remove_fn, &foreign),
	    SP_E_NOTFOUND, "factor.unknown", &s.f);
	CHECK_OK(people_fixture_do(&s.f, remove_fn, &one), &s.f.err);
	CHECK_REASON(people_fixture_do(&s.f, remove_fn, &two), SP_E_CONFLICT,
	    "factor.last", &s.f);
	fixture_close(&s);
}

static void
labels_and_how_many(void)
{
	struct signin_fixture s;
	static const char *const bad[] = {
		"", "a\nb", "\xff",
		"0123456789012345678901234567890123456789012345678901234567890"
	};
	struct signin_factor_new n = { .kind = SIGNIN_TOTP };

	fixture_open(&s);
	n.person = s.person;
	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		n.id = sp_id_new();
		n.label = bad[i];
		CHECK_REASON(people_fixture_do(&s.f, add_fn, &n), SP_E_INVALID,
		    "factor.label", &s.f);
	}
	n.label = "Schlüssel";
	for (int i = 0; i <= SIGNIN_FACTORS_MAX; i++) {
		n.id = sp_id_new();
		if (i < SIGNIN_FACTORS_MAX)
			CHECK_OK(people_fixture_do(&s.f, add_fn, &n), &s.f.err);
		else
			CHECK_REASON(people_fixture_do(&s.f, add_fn, &n),
			    SP_E_LIMIT, "factor.many", &s.f);
	}
	fixture_close(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the last one stays", the_last_one_stays },
		{ "labels, and how many", labels_and_how_many },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
