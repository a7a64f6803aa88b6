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

/* Is an agency's token of the site's, made then, settled? */
static bool
settled(struct signin_fixture *s, sp_time made)
{
	bool out = false;

	CHECK_OK(
	    gate_recovery_settled(s->f.reader, made, &out, &s->err), &s->err);
	return out;
}

static enum sp_code
shut_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	const struct sp_id *id = arg;

	SP_TRY(signin_factor_remove_all(a, id, err));
	return people_person_terminate(a, id, 0, err);
}

static enum sp_code
use_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	return signin_factor_used(a, arg, err);
}

/* The first administrator's factor settles the agency, and nothing that becomes
 * of them undoes it. */
static void
settled_for_good(void)
{
	struct signin_fixture s;
	struct signin_factor_new n = { .kind = SIGNIN_TOTP };
	sp_time before;

	fixture_open(&s);
	before = fixture_now;
	fixture_later(&s, FIXTURE_MINUTES(1));
	/* Whoever is none settles nothing. */
	n.id = sp_id_new();
	n.person = people_fixture_person(&s.f, "Dora Lint", "supervisor");
	CHECK_OK(people_fixture_do(&s.f, add_fn, &n), &s.f.err);
	CHECK(!settled(&s, before));
	/* Nor an account alone. */
	n.id = sp_id_new();
	n.person = people_fixture_person(&s.f, "Ada Quill", "administrator");
	CHECK(!settled(&s, before));
	CHECK_OK(people_fixture_do(&s.f, add_fn, &n), &s.f.err);
	CHECK(settled(&s, before));
	/* Of one that is made later it is said when they sign in again. */
	fixture_later(&s, FIXTURE_MINUTES(1));
	before = fixture_now;
	CHECK(!settled(&s, before));
	fixture_later(&s, FIXTURE_MINUTES(1));
	CHECK_OK(people_fixture_do(&s.f, use_fn, &n.id), &s.f.err);
	CHECK(settled(&s, before));
	/* Their factors and their account gone, it is settled. */
	CHECK_OK(people_fixture_do(&s.f, shut_fn, &n.person), &s.f.err);
	CHECK(settled(&s, before));
	CHECK(!settled(&s, fixture_now + 1));
	fixture_close(&s);
}

static enum sp_code
open_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct signin_step step;

	return signin_session_open(a, arg, &step, err);
}

/* Nor by another house's word alone; whose proof may be as old as it likes. */
static void
settled_by_a_session(void)
{
	struct signin_fixture s;
	struct signin_open o = {
		.proof = { GATE_FACTOR_SINGLE, "oidc", false },
		.from = { "192.0.2.7", NULL, "api" },
	};
	sp_time made;

	fixture_open(&s);
	o.agency = s.agency.id;
	o.person = people_fixture_person(&s.f, "Ada Quill", "administrator");
	fixture_later(&s, FIXTURE_MINUTES(1));
	made = fixture_now;
	fixture_later(&s, FIXTURE_MINUTES(1));
	o.proved = made - FIXTURE_MINUTES(60);
	CHECK_OK(people_fixture_do(&s.f, open_fn, &o), &s.f.err);
	CHECK(!settled(&s, made));
	o.proof.factor = GATE_FACTOR_SECOND;
	CHECK_OK(people_fixture_do(&s.f, open_fn, &o), &s.f.err);
	CHECK(settled(&s, made));
	fixture_close(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the last one stays", the_last_one_stays },
		{ "labels, and how many", labels_and_how_many },
		{ "settled for good", settled_for_good },
		{ "settled by a session", settled_by_a_session },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
