#include "federation/mapping.h"

#include "federation_room.h"

static struct people_fixture f;

struct map {
	const struct federation_provider *p;
	struct federation_claims c;
	struct sp_id person;
};

static enum sp_code
map_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct map *m = arg;

	return federation_mapping_person(a, m->p, &m->c, &m->person, err);
}

/* Whose account is this subject's with these claims (JSON)? */
static enum sp_code
map(const struct federation_provider *p, const char *subject,
    const char *claims, struct sp_id *person)
{
	struct map m = { .p = p };
	enum sp_code code;

	(void)snprintf(m.c.subject, sizeof(m.c.subject), "%s", subject);
	m.c.all = json_loads(claims, 0, NULL);
	CHECK(m.c.all != NULL);
	code = people_fixture_do(&f, map_fn, &m);
	federation_claims_done(&m.c);
	if (code == SP_OK && person != NULL)
		*person = m.person;
	return code;
}

static struct sp_id
add_person(const char *human, const char *login)
{
	const struct people_person_new n = { .human = human,
		.name = "Somebody",
		.login = login,
		.role = "officer" };
	struct people_fixture_op op = { .n = &n };

	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	return op.id;
}

#define LOGIN(s) "{\"preferred_username\":\"" s "\"}"

static void
by_login_then_by_subject(void)
{
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	struct sp_id ann, bob, got;

	room_open(&f);
	room_provided(&f, NULL, &p);
	ann = add_person("h-ann", "ann");
	bob = add_person("h-bob", "bob");
	CHECK_OK(map(&p, "s-1", LOGIN("Ann"), &got), &f.err);
	CHECK(sp_id_equal(&got, &ann));
	CHECK(people_fixture_count(&f, "identity.linked") == 1);
	/* from now on the subject decides, whatever else it says */
	CHECK_OK(map(&p, "s-1", LOGIN("bob"), &got), &f.err);
	CHECK(sp_id_equal(&got, &ann));
	CHECK_OK(map(&p, "s-1", "{}", &got), &f.err);
	CHECK(sp_id_equal(&got, &ann));
	/* ann's login is somebody else's there now: not hers here */
	CHECK_REASON(map(&p, "s-2", LOGIN("ann"), &got), SP_E_UNKNOWN,
	    "identity.other", &f);
	CHECK_OK(map(&p, "s-2", LOGIN("bob"), &got), &f.err);
	CHECK(sp_id_equal(&got, &bob));
	CHECK(people_fixture_count(&f, "identity.linked") == 2);
	/* neither names nor subjects are in the log */
	CHECK(people_fixture_count(&f, "s-1") == 0 &&
	    people_fixture_count(&f, "ann") == 0);
	people_fixture_close(&f);
}

static void
nobody(void)
{
	static const struct {
		const char *claims, *reason;
	} rows[] = {
		{ LOGIN("nobody"), "identity.unknown" },
		{ LOGIN("an/n"), "identity.unknown" },
		{ "{}", "identity.claim" },
		{ LOGIN(""), "identity.claim" },
		{ "{\"preferred_username\":[\"ann\"]}", "identity.claim" },
		{ "{\"preferred_username\":\"a\\u0001\"}", "identity.claim" },
	};
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();

	room_open(&f);
	room_provided(&f, NULL, &p);
	(void)add_person("h-ann", "ann");
	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK_REASON(map(&p, "s", rows[i].claims, NULL), SP_E_UNKNOWN,
		    rows[i].reason, &f);
	CHECK(people_fixture_count(&f, "identity.linked") == 0 &&
	    people_fixture_count(&f, "person.added") == 1);
	people_fixture_close(&f);
}

static void
by_email(void)
{
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	struct sp_id ann, got;

	room_open(&f);
	room_provided(&f, "{\"login_claim\":\"email\"}", &p);
	ann = add_person("h-ann", "ann@pd.example");
	CHECK_REASON(map(&p, "s", "{\"email\":\"ann@pd.example\"}", NULL),
	    SP_E_UNKNOWN, "identity.claim", &f);
	CHECK_REASON(map(&p, "s",
			 "{\"email\":\"ann@pd.example\","
			 "\"email_verified\":\"true\"}",
			 NULL),
	    SP_E_UNKNOWN, "identity.claim", &f);
	CHECK_OK(
	    map(&p, "s",
		"{\"email\":\"ann@pd.example\",\"email_verified\":true}", &got),
	    &f.err);
	CHECK(sp_id_equal(&got, &ann));
	people_fixture_close(&f);
}

#define BOTH(human, login)                                                     \
	"{\"employee\":\"" human "\",\"preferred_username\":\"" login "\"}"

static void
by_human(void)
{
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	struct sp_id ann, first, second, got;

	room_open(&f);
	room_provided(&f, "{\"human_claim\":\"employee\"}", &p);
	ann = add_person("e-1", "ann");
	first = add_person("e-2", "bob");
	second = add_person("e-2", "bob.admin");
	/* the human decides, the login says which of several accounts */
	CHECK_OK(map(&p, "s-1", BOTH("e-1", "whatever"), &got), &f.err);
	CHECK(sp_id_equal(&got, &ann));
	CHECK_REASON(map(&p, "s-2", BOTH("e-2", "carl"), NULL), SP_E_UNKNOWN,
	    "identity.many", &f);
	/* another's login does not make one that other */
	CHECK_REASON(map(&p, "s-2", BOTH("e-2", "ann"), NULL), SP_E_UNKNOWN,
	    "identity.many", &f);
	CHECK_REASON(map(&p, "s-2", BOTH("e-9", "bob"), NULL), SP_E_UNKNOWN,
	    "identity.unknown", &f);
	CHECK_OK(map(&p, "s-2", BOTH("e-2", "bob.admin"), &got), &f.err);
	CHECK(sp_id_equal(&got, &second) && !sp_id_equal(&got, &first));
	people_fixture_close(&f);
}

static void
provisioning(void)
{
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	struct people_person made;
	struct sp_id got, again;

	room_open(&f);
	room_provided(&f,
	    "{\"human_claim\":\"employee\",\"provision_role\":\"officer\"}",
	    &p);
	(void)add_person("e-1", "ann");
	CHECK_OK(map(&p, "s-7",
		     "{\"employee\":\"e-7\",\"preferred_username\":\"Zoe\","
		     "\"name\":\"Zoe Zimmer\"}",
		     &got),
	    &f.err);
	CHECK_OK(people_person_by_id(f.reader, &got, &made, &f.err), &f.err);
	CHECK(strcmp(made.login, "zoe") == 0 &&
	    strcmp(made.human, "e-7") == 0 &&
	    strcmp(made.name, "Zoe Zimmer") == 0 &&
	    made.role == PEOPLE_OFFICER && made.state == PEOPLE_ACTIVE);
	CHECK_OK(map(&p, "s-7", "{}", &again), &f.err);
	CHECK(sp_id_equal(&got, &again));
	/* a login that is somebody's is not given to another */
	CHECK_REASON(map(&p, "s-8", BOTH("e-8", "ann"), NULL), SP_E_UNKNOWN,
	    "identity.unknown", &f);
	CHECK_REASON(map(&p, "s-8", BOTH("e-8", "not a login!"), NULL),
	    SP_E_UNKNOWN, "identity.unknown", &f);
	CHECK(people_fixture_count(&f, "person.added") == 2);
	people_fixture_close(&f);
}

/* Terminated here, still employed as far as their house knows. */
static void
an_end_here_is_an_end(void)
{
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	struct people_fixture_op op;
	struct sp_id zoe;

	room_open(&f);
	room_provided(&f,
	    "{\"human_claim\":\"employee\",\"provision_role\":\"officer\"}",
	    &p);
	CHECK_OK(map(&p, "s-7", BOTH("e-7", "zoe"), &zoe), &f.err);
	op = (struct people_fixture_op){ .id = zoe };
	CHECK_OK(people_fixture_terminate(&f, &op), &f.err);
	/* another subject, another login: the same human */
	CHECK_REASON(map(&p, "s-8", BOTH("e-7", "zoe2"), NULL), SP_E_UNKNOWN,
	    "identity.ended", &f);
	CHECK(people_fixture_count(&f, "person.added") == 1);
	/* somebody here says so: then they are */
	zoe = add_person("e-7", "zoe3");
	CHECK_OK(map(&p, "s-8", BOTH("e-7", "zoe3"), &op.id), &f.err);
	CHECK(sp_id_equal(&op.id, &zoe));
	people_fixture_close(&f);
}

static enum sp_code
unlink_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	return federation_mapping_unlink(a, arg, err);
}

static void
unlinking(void)
{
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	struct sp_id ann, got;

	room_open(&f);
	room_provided(&f, NULL, &p);
	ann = add_person("h", "ann");
	CHECK_REASON(people_fixture_do(&f, unlink_fn, &ann), SP_E_NOTFOUND,
	    "identity.unknown", &f);
	CHECK_OK(map(&p, "s-1", LOGIN("ann"), &got), &f.err);
	CHECK_OK(people_fixture_do(&f, unlink_fn, &ann), &f.err);
	CHECK(people_fixture_count(&f, "identity.unlinked") == 1);
	CHECK_OK(map(&p, "s-2", LOGIN("ann"), &got), &f.err);
	CHECK_REASON(map(&p, "s-1", LOGIN("ann"), &got), SP_E_UNKNOWN,
	    "identity.other", &f);
	people_fixture_close(&f);
}

static void
factors(void)
{
	static const struct {
		const char *claims;
		enum gate_factor factor;
	} rows[] = {
		{ "{}", GATE_FACTOR_SINGLE },
		{ "{\"acr\":\"high\"}", GATE_FACTOR_SECOND },
		{ "{\"acr\":\"High\"}", GATE_FACTOR_SINGLE },
		{ "{\"acr\":\"high very-high\"}", GATE_FACTOR_SINGLE },
		{ "{\"acr\":[\"high\"]}", GATE_FACTOR_SINGLE },
		{ "{\"acr\":\"\"}", GATE_FACTOR_SINGLE },
		{ "{\"amr\":[\"pwd\"]}", GATE_FACTOR_SINGLE },
		{ "{\"amr\":[\"pwd\",\"mfa\"]}", GATE_FACTOR_SECOND },
		{ "{\"amr\":[\"hwk\"]}", GATE_FACTOR_SECOND },
		{ "{\"amr\":\"mfa\"}", GATE_FACTOR_SINGLE },
		{ "{\"amr\":[7,null,\"\"]}", GATE_FACTOR_SINGLE },
		{ "{\"amr\":[\"mfa hwk\"]}", GATE_FACTOR_SINGLE },
		{ "{\"acr\":\"mfa\",\"amr\":[\"high\"]}", GATE_FACTOR_SINGLE },
	};
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	FEDERATION_AUTO_PROVIDER bare = federation_provider_new();
	SP_AUTO_BUF secret = sp_buf_secret(10);
	struct sp_err err;

	CHECK_OK(room_provider("{\"acr_two_factors\":\"high\","
			       "\"amr_two_factors\":\"mfa hwk\"}",
		     &p, &secret, &err),
	    &err);
	CHECK_OK(room_provider(NULL, &bare, &secret, &err), &err);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		FEDERATION_AUTO_CLAIMS c = { .all = json_loads(
						 rows[i].claims, 0, NULL) };

		CHECK(c.all != NULL);
		if (federation_mapping_factor(&p, &c) != rows[i].factor)
			tap_fail(__FILE__, __LINE__, rows[i].claims, "");
		CHECK(
		    federation_mapping_factor(&bare, &c) == GATE_FACTOR_SINGLE);
	}
}

/* A table of auth_time, in minutes before now; 0 is not said. */
static void
when_proved(void)
{
	static const struct {
		sp_time said, taken; /* minutes ago */
	} rows[] = {
		{ 1, 1 },
		{ -1, 0 }, /* a clock ahead: now at most */
		{ 660, 660 },
		{ 0, 15 },
		{ 720, 15 },
		{ 60000, 15 },
	};
	sp_time now = 1790000000 * SP_SECOND, minute = 60 * SP_SECOND;

	room_open(&f);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct federation_claims c = { .proved = 0 };

		if (rows[i].said != 0)
			c.proved = now - rows[i].said * minute;
		CHECK(federation_mapping_proved(f.rules, &c, now) ==
		    now - rows[i].taken * minute);
	}
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "by login, then by subject", by_login_then_by_subject },
		{ "nobody", nobody },
		{ "by e-mail", by_email },
		{ "by human", by_human },
		{ "provisioning", provisioning },
		{ "an end here is an end", an_end_here_is_an_end },
		{ "unlinking", unlinking },
		{ "factors", factors },
		{ "when it was proved", when_proved },
	};

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	return tap_run(cases, SP_COUNTOF(cases));
}
