#include "gate/explain.h"

#include "tap.h"

#include <string.h>

#define MINUTE (60 * SP_SECOND)

static const struct gate_limits limits = {
	.idle = 30 * MINUTE,
	.reproof = 720 * MINUTE,
	.fresh = 15 * MINUTE,
};

static struct gate_facts
good(enum gate_role role, enum gate_act act)
{
	return (struct gate_facts){
		.identity = GATE_PERSON,
		.role = role,
		.act = act,
		.session = GATE_SESSION_OPEN,
		.limits = &limits,
		.factor = GATE_FACTOR_SECOND,
		.relation = GATE_OWN,
		.duty = GATE_DUTY_OTHER,
		.clearance = GATE_CLEARANCE_OK,
		.class = GATE_CLASS_ORDINARY,
		.hold = GATE_HOLD_NONE,
		.retention = GATE_RETENTION_OVER,
		.place = GATE_PLACE_INSIDE,
	};
}

static void
check_text(const struct gate_facts *f, const char *want)
{
	SP_AUTO_BUF out = sp_buf_new(8192);

	gate_explain_text(f, &out);
	CHECK(sp_buf_ok(&out));
	if (strcmp(sp_buf_str(&out), want) != 0)
		tap_fail(__FILE__, __LINE__, "text:\n", sp_buf_str(&out));
}

static void
a_denial_in_words(void)
{
	struct gate_facts f = good(GATE_OFFICER, GATE_VIEW);

	f.clearance = GATE_CLEARANCE_TRAINING_EXPIRED;
	check_text(&f,
	    "deny: evidence.view by officer, code training.expired\n"
	    "  passed       known      who asks is known here, and their "
	    "account is active (IA-2, AC-2)\n"
	    "  passed       session    the session is open, its notice "
	    "acknowledged, neither idle nor old (AC-8, AC-11, IA-11, SC-10)\n"
	    "  passed       agency     it is of one's own agency, shared so "
	    "far, or under a lockbox grant (AC-3, AC-21)\n"
	    "  passed       role       the act is open to the role "
	    "(AC-5, AC-6)\n"
	    "  not asked    duty       who decides is never who asked, nor "
	    "whom it is about (AC-5)\n"
	    "  failed       clearance  trained within the year, and after an "
	    "event (AT-2, AT-3)\n"
	    "  not reached  factor     proved who they are as strongly as the "
	    "act asks (IA-2(1), IA-2(2), IA-11)\n"
	    "  not reached  class      the item's class is known, and open to "
	    "role, act and way (AC-3)\n"
	    "  not reached  hold       no hold is on the item (SI-12)\n"
	    "  not reached  retention  the item's time of retention is over "
	    "(SI-12)\n"
	    "  not reached  geography  content stays inside the agency's "
	    "geography (SC-28)\n"
	    "what would change it:\n"
	    "  training.expired: have the person trained again: sallyport "
	    "training add (with --course, where it is not the role's "
	    "own)\n");
}

static void
a_permit_says_how_it_is_recorded(void)
{
	struct gate_facts f = good(GATE_OPERATOR, GATE_SHOW);
	SP_AUTO_BUF out = sp_buf_new(8192);
	const char *text;

	f.relation = GATE_LOCKBOX;
	gate_explain_text(&f, &out);
	text = sp_buf_str(&out);
	CHECK(strncmp(text, "permit: evidence.show by operator\n", 34) == 0);
	CHECK(strstr(text, "\nin the ledger as lockbox.touched\n") != NULL);
	CHECK(strstr(text, "change") == NULL);
	CHECK(strstr(text, "failed") == NULL);
	CHECK(strstr(text, "not reached") == NULL);
	sp_buf_clear(&out);
	f = (struct gate_facts){
		.identity = GATE_SELF, .act = GATE_PROBE, .relation = GATE_OWN
	};
	gate_explain_text(&f, &out);
	CHECK(strncmp(sp_buf_str(&out), "permit: media.probe by the site\n",
		  32) == 0);
}

static void
a_decision_as_json(void)
{
	static const struct gate_explain_about about = {
		.clearance = "{\"until\":null}",
		.object = "o-1",
		.person = "p-1",
	};
	static const char want[] =
	    "{\"act\":\"evidence.export\",\"changes\":["
	    "{\"code\":\"role\",\"do\":\"ask somebody whose role the act is "
	    "open to\",\"step\":\"role\"},"
	    "{\"code\":\"addendum.missing\",\"do\":\"have the addendum signed, "
	    "by the "
	    "person (sallyport addendum sign) and a contractor's company "
	    "(sallyport addendum company)\",\"step\":\"clearance\"},"
	    "{\"code\":\"factor\",\"do\":\"sign in with a second factor\","
	    "\"step\":\"factor\"}],\"class\":\"ordinary\","
	    "\"clearance\":{\"until\":null},\"code\":\"role\","
	    "\"decision\":\"deny\",\"entry\":null,\"object\":\"o-1\",\"path\":["
	    "{\"outcome\":\"passed\",\"rule\":\"who asks is known here, and "
	    "their account is active\",\"section\":\"IA-2, AC-2\",\"step\":"
	    "\"known\"},";
	static const char end[] =
	    "{\"outcome\":\"failed\",\"rule\":\"the act is open to the role\","
	    "\"section\":\"AC-5, AC-6\",\"step\":\"role\"},"
	    "{\"outcome\":\"not reached\",\"rule\":\"who decides is never who "
	    "asked, nor whom it is about\",\"section\":\"AC-5\",\"step\":"
	    "\"duty\"},";
	static const char permit[] =
	    "{\"act\":\"evidence.export\",\"changes\":[],\"class\":"
	    "\"sealed\",\"code\":null,\"decision\":\"permit\",\"entry\":"
	    "\"evidence.exported\",\"path\":[";
	struct gate_facts f = good(GATE_OFFICER, GATE_EXPORT);
	SP_AUTO_BUF out = sp_buf_new(8192);

	f.clearance = GATE_CLEARANCE_ADDENDUM_MISSING;
	f.factor = GATE_FACTOR_SINGLE;
	gate_explain_json(&f, &about, &out);
	CHECK(sp_buf_ok(&out));
	if (strncmp(sp_buf_str(&out), want, strlen(want)) != 0)
		tap_fail(__FILE__, __LINE__, "json: ", sp_buf_str(&out));
	CHECK(strstr(sp_buf_str(&out), end) != NULL);
	CHECK(strstr(sp_buf_str(&out),
		  "],\"person\":\"p-1\",\"role\":\"officer\"}") != NULL);
	sp_buf_clear(&out);
	f = good(GATE_CUSTODIAN, GATE_EXPORT);
	gate_explain_json(&f, NULL, &out);
	CHECK(strncmp(sp_buf_str(&out), permit, strlen(permit)) == 0);
	CHECK(strstr(sp_buf_str(&out), "person\"") == NULL);
	CHECK(strstr(sp_buf_str(&out), "via") == NULL);
}

/* Of a guest: the act that was asked, and in the path by what they come. */
static void
a_guest_by_what(void)
{
	static const struct gate_explain_about about = {
		.act = "evidence.view",
		.via = "{\"act\":\"share.use\",\"id\":\"s-1\"}",
	};
	static const char step[] =
	    "\"step\":\"agency\",\"via\":{\"act\":\"share.use\",\"id\":"
	    "\"s-1\"}},";
	struct gate_facts f = good(GATE_LASO, GATE_SHARE_USE);
	SP_AUTO_BUF out = sp_buf_new(8192);
	const char *at;

	f.relation = GATE_SHARED_VIEW;
	gate_explain_json(&f, &about, &out);
	CHECK(
	    strncmp(sp_buf_str(&out), "{\"act\":\"evidence.view\",", 23) == 0);
	CHECK(strstr(sp_buf_str(&out), "\"decision\":\"deny\"") != NULL);
	at = strstr(sp_buf_str(&out), step);
	CHECK(at != NULL && strstr(at + strlen(step), "\"via\"") == NULL);
}

/* Whoever has the records says what each takes, in place of the general
 * sentence; of steps that do not fail nothing. */
static void
each_record_has_its_remedy(void)
{
	static const struct gate_explain_remedy remedy[] = {
		{ GATE_STEP_CLEARANCE, "training.missing", "train" },
		{ GATE_STEP_DUTY, NULL, "never asked" },
		{ GATE_STEP_CLEARANCE, "addendum.missing", "sign" },
		{ GATE_STEP_FACTOR, NULL, "show it" },
	};
	static const struct gate_explain_about about = {
		.remedy = remedy,
		.remedies = SP_COUNTOF(remedy),
		.clearances = "[]",
	};
	static const char want[] =
	    "{\"act\":\"evidence.view\",\"changes\":["
	    "{\"code\":\"training.missing\",\"do\":\"train\",\"step\":"
	    "\"clearance\"},"
	    "{\"code\":\"addendum.missing\",\"do\":\"sign\",\"step\":"
	    "\"clearance\"},"
	    "{\"code\":\"factor\",\"do\":\"show it\",\"step\":\"factor\"}"
	    "],\"class\":\"ordinary\",\"clearances\":[],\"code\":"
	    "\"training.missing\",";
	struct gate_facts f = good(GATE_OFFICER, GATE_VIEW);
	SP_AUTO_BUF out = sp_buf_new(8192);

	f.clearance = GATE_CLEARANCE_TRAINING_MISSING;
	f.factor = GATE_FACTOR_SINGLE;
	gate_explain_json(&f, &about, &out);
	if (strncmp(sp_buf_str(&out), want, strlen(want)) != 0)
		tap_fail(__FILE__, __LINE__, "json: ", sp_buf_str(&out));
}

/* What is not there for somebody has no class that they could come near; one
 * that is supposed to be closer than their role reaches is told. */
static void
no_class_of_what_is_not_there(void)
{
	static const enum gate_role roles[] = { GATE_OFFICER, GATE_OPERATOR,
		GATE_PROSECUTOR };

	for (size_t i = 0; i < SP_COUNTOF(roles); i++) {
		struct gate_facts f = good(roles[i], GATE_VIEW);

		f.relation = GATE_OTHER;
		for (int sealed = 0; sealed < 2; sealed++) {
			SP_AUTO_BUF out = sp_buf_new(8192);

			if (sealed)
				f.class = GATE_CLASS_SEALED;
			gate_explain_json(&f, NULL, &out);
			CHECK(
			    (strstr(sp_buf_str(&out), "\"step\":\"class\"}]") !=
				NULL) == (sealed == 1));
		}
	}
}

/* What to do depends on what is wrong. */
static void
each_trouble_has_its_remedy(void)
{
	static const struct {
		enum gate_role role;
		enum gate_act act;
		enum gate_identity identity;
		enum gate_relation relation;
		enum gate_step step;
		const char *has;
	} rows[] = {
		{ GATE_OFFICER, GATE_VIEW, GATE_NOBODY, GATE_OWN,
		    GATE_STEP_KNOWN, "sallyport person show" },
		{ GATE_OFFICER, GATE_VIEW, GATE_PERSON, GATE_OTHER,
		    GATE_STEP_AGENCY,
		    "have the agency that it is of share it" },
		{ GATE_CUSTODIAN, GATE_EXPORT, GATE_PERSON, GATE_SHARED_VIEW,
		    GATE_STEP_AGENCY, "share it for download" },
		{ GATE_OPERATOR, GATE_VIEW, GATE_PERSON, GATE_OTHER,
		    GATE_STEP_AGENCY, "lockbox grant for this item" },
		{ GATE_OFFICER, GATE_LOCKBOX_USE, GATE_PERSON, GATE_OWN,
		    GATE_STEP_AGENCY, "under a lockbox grant only" },
		{ GATE_ADMINISTRATOR, GATE_TOKENS, GATE_PERSON, GATE_OTHER,
		    GATE_STEP_AGENCY, "ask somebody of the agency" },
		{ GATE_AUDITOR, GATE_VIEW, GATE_PERSON, GATE_OWN,
		    GATE_STEP_ROLE, "whose role the act is open to" },
		{ GATE_DEVICE, GATE_UPLOAD, GATE_PERSON, GATE_OWN,
		    GATE_STEP_ROLE, "this role is a machine's" },
		{ GATE_ADMINISTRATOR, GATE_LOCKBOX_APPROVE, GATE_MACHINE,
		    GATE_OWN, GATE_STEP_ROLE, "only a person may do this" },
		{ GATE_LASO, GATE_ENTRIES, GATE_MACHINE, GATE_OWN,
		    GATE_STEP_ROLE, "this role is a person's" },
		{ GATE_SERVICE, GATE_UPLOAD, GATE_MACHINE, GATE_OWN,
		    GATE_STEP_ROLE, "in its scopes" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct gate_facts f = good(rows[i].role, rows[i].act);
		struct gate_verdict v;

		f.identity = rows[i].identity;
		f.relation = rows[i].relation;
		v = gate_decide(&f);
		CHECK(!v.permit && v.step == rows[i].step);
		if (strstr(gate_explain_change(&f, v.step), rows[i].has) ==
		    NULL)
			tap_fail(__FILE__, __LINE__, rows[i].has,
			    gate_explain_change(&f, v.step));
	}
}

static void
a_role_that_may_is_named(void)
{
	struct gate_facts f = good(GATE_OFFICER, GATE_SEALED_OPEN);
	SP_AUTO_BUF out = sp_buf_new(8192);

	gate_explain_text(&f, &out);
	CHECK(strstr(sp_buf_str(&out),
		  "  role: ask somebody whose role the act is open to "
		  "(open to: laso, cso)\n") != NULL);
	sp_buf_clear(&out);
	f.act = GATE_PROBE; /* to nobody's */
	gate_explain_text(&f, &out);
	CHECK(strstr(sp_buf_str(&out), "is open to\n") != NULL);
}

/* Each of a step's own troubles: another remedy, and none is empty. */
static void
troubles_of_one_step_differ(void)
{
	struct gate_facts f = good(GATE_CUSTODIAN, GATE_DISPOSE_APPROVE);
	struct gate_facts g = f;

	f.session = GATE_SESSION_LOCKED;
	g.session = GATE_SESSION_UNREAD;
	CHECK(strcmp(gate_explain_change(&f, GATE_STEP_SESSION),
		  gate_explain_change(&g, GATE_STEP_SESSION)) != 0);
	f.hold = GATE_HOLD_ON;
	g.hold = GATE_HOLD_UNKNOWN;
	CHECK(strcmp(gate_explain_change(&f, GATE_STEP_HOLD),
		  gate_explain_change(&g, GATE_STEP_HOLD)) != 0);
	f.retention = GATE_RETENTION_RUNNING;
	g.retention = GATE_RETENTION_UNKNOWN;
	CHECK(strcmp(gate_explain_change(&f, GATE_STEP_RETENTION),
		  gate_explain_change(&g, GATE_STEP_RETENTION)) != 0);
	f.class = GATE_CLASS_SEALED;
	g.class = GATE_CLASS_UNKNOWN;
	CHECK(strcmp(gate_explain_change(&f, GATE_STEP_CLASS),
		  gate_explain_change(&g, GATE_STEP_CLASS)) != 0);
	f.factor = GATE_FACTOR_SECOND;
	g.factor = GATE_FACTOR_SINGLE;
	CHECK(strcmp(gate_explain_change(&f, GATE_STEP_FACTOR),
		  gate_explain_change(&g, GATE_STEP_FACTOR)) != 0);
	g.act = GATE_ROLE_ASSIGN;
	CHECK(strcmp(gate_explain_change(&f, GATE_STEP_DUTY),
		  gate_explain_change(&g, GATE_STEP_DUTY)) != 0);
	for (unsigned c = 0; c < GATE_CLEARANCE_OK; c++) {
		f.clearance = (enum gate_clearance)c;
		CHECK(gate_explain_change(&f, GATE_STEP_CLEARANCE)[0] != '\0');
	}
}

/* For anything at all: the path has every step once, one failed exactly when it
 * is denied, and doing everything under "changes" is what a permit takes. */
static void
the_path_is_the_decision(void)
{
	static const char failed[] = "\"outcome\":\"failed\"";
	uint64_t seed = 1;

	for (unsigned n = 0; n < 20000; n++) {
		struct gate_facts f = { .limits = &limits };
		unsigned *const fact[] = { &f.role, &f.act, &f.identity,
			&f.session, &f.factor, &f.relation, &f.scope, &f.duty,
			&f.clearance, &f.class, &f.hold, &f.retention,
			&f.place };
		static const unsigned count[] = { GATE_ROLE_COUNT,
			GATE_ACT_COUNT, GATE_IDENTITY_COUNT, GATE_SESSION_COUNT,
			GATE_FACTOR_COUNT, GATE_RELATION_COUNT,
			GATE_SCOPE_COUNT, GATE_DUTY_COUNT, GATE_CLEARANCE_COUNT,
			GATE_CLASS_COUNT, GATE_HOLD_COUNT, GATE_RETENTION_COUNT,
			GATE_PLACE_COUNT };
		SP_AUTO_BUF out = sp_buf_new(16384);
		size_t steps = 0, changes = 0, fail = 0;
		struct gate_verdict v;

		for (size_t i = 0; i < SP_COUNTOF(fact); i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695;
			*fact[i] = (unsigned)(seed >> 33) % count[i];
		}
		v = gate_decide(&f);
		gate_explain_json(&f, NULL, &out);
		CHECK(sp_buf_ok(&out));
		for (const char *at = sp_buf_str(&out);
		     (at = strstr(at, "\"outcome\"")) != NULL; at++) {
			steps++;
			fail += strncmp(at, failed, strlen(failed)) == 0;
		}
		for (const char *at = sp_buf_str(&out);
		     (at = strstr(at, "\"do\":")) != NULL; at++)
			changes++;
		CHECK(steps == GATE_STEP_COUNT);
		CHECK(fail == !v.permit);
		CHECK(v.permit == (changes == 0));
		CHECK(strstr(sp_buf_str(&out), "\"do\":\"\"") == NULL);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a denial in words", a_denial_in_words },
		{ "a permit says how it is recorded",
		    a_permit_says_how_it_is_recorded },
		{ "a decision as JSON", a_decision_as_json },
		{ "a guest, by what", a_guest_by_what },
		{ "each record has its remedy", each_record_has_its_remedy },
		{ "no class of what is not there",
		    no_class_of_what_is_not_there },
		{ "each trouble has its remedy", each_trouble_has_its_remedy },
		{ "a role that may is named", a_role_that_may_is_named },
		{ "troubles of one step differ", troubles_of_one_step_differ },
		{ "the path is the decision", the_path_is_the_decision },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
