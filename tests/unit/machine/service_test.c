#include "machine/machine_fixture.h"

#include "base/file.h"

#include <fcntl.h>

#define NEAR "192.0.2.7"
#define FAR  "203.0.113.9"

static enum sp_code
prove(struct agency_fixture *a, const struct service_fixture *s,
    const char *secret, const char *address, struct machine_proven *out)
{
	char client[SP_ID_TEXT];
	struct machine_proof p = { a->id, a->rules, client, secret, address };
	struct sp_err err = { .reason = NULL };
	enum sp_code code;

	sp_id_text(&s->id, client);
	code = machine_service_prove(a->reader, &p, out, &err);
	CHECK(code == SP_OK || code == SP_E_UNKNOWN);
	if (code != SP_OK) { /* the same for all */
		CHECK(strcmp(err.reason, "oauth.invalid_client") == 0);
		CHECK(strcmp(err.text, "client authentication failed") == 0);
	}
	return code;
}

static bool
proven(struct agency_fixture *a, const struct service_fixture *s,
    const char *secret)
{
	struct machine_proven out;

	return prove(a, s, secret, NEAR, &out) == SP_OK;
}

struct issue {
	struct machine_token_new new;
	struct machine_token token;
};

static enum sp_code
issue_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct issue *i = arg;

	return machine_token_issue(tx, &i->new, &i->token, err);
}

static struct issue
issue_new(struct agency_fixture *a, const struct service_fixture *s)
{
	return (struct issue){ .new = { .agency = a->id,
				   .service = s->id,
				   .scope = s->new.scope,
				   .until = s->new.expires,
				   .address = NEAR } };
}

static struct issue
issue(struct agency_fixture *a, const struct service_fixture *s)
{
	struct issue i = issue_new(a, s);
	struct sp_err err;

	CHECK_OK(ledger_writer_run(a->writer, issue_act, &i, &err), &err);
	return i;
}

/* The reason it is refused for, or "". */
static const char *
refused(struct agency_fixture *a, const char *text, const char *address,
    struct gate_caller *who)
{
	struct machine_shown shown = { a->rules, text, address, NULL };
	enum machine_refusal why = MACHINE_PROVEN;
	struct sp_err err = { .reason = NULL };
	enum sp_code code =
	    machine_token_know(a->reader, &a->id, &shown, who, &why, &err);

	CHECK(code == SP_OK || code == SP_E_UNKNOWN);
	CHECK((why != MACHINE_PROVEN) ==
	    (code != SP_OK && strcmp(err.reason, "token.address") == 0));
	return code == SP_OK ? "" : err.reason;
}

static bool
is_refused(struct agency_fixture *a, const char *text, const char *reason)
{
	struct gate_caller who = { .source = "api" };

	return strcmp(refused(a, text, NEAR, &who), reason) == 0;
}

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

static void
a_service_proves_itself(void)
{
	struct agency_fixture a;
	struct service_fixture s, other;
	struct machine_proven p;
	char wrong[GATE_TEXT_MAX];

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "192.0.2.0/24");
	other = service_fixture(&a, "evidence.show", "");
	CHECK(prove(&a, &s, s.secret, NEAR, &p) == SP_OK);
	CHECK(sp_id_equal(&p.id, &s.id) && p.expires == s.new.expires);
	CHECK(p.scope.bits[0] == s.new.scope.bits[0]);

	CHECK(prove(&a, &s, s.secret, FAR, &p) == SP_E_UNKNOWN);
	CHECK(p.refusal == MACHINE_NOT_ADDRESS && sp_id_equal(&p.id, &s.id));
	CHECK(prove(&a, &s, other.secret, NEAR, &p) == SP_E_UNKNOWN);
	CHECK(p.refusal == MACHINE_NO_SECRET);
	memcpy(wrong, s.secret, sizeof(wrong));
	wrong[50] = wrong[50] == 'A' ? 'B' : 'A';
	CHECK(!proven(&a, &s, wrong));
	CHECK(!proven(&a, &s, ""));
	other.id = sp_id_new();
	CHECK(prove(&a, &other, s.secret, NEAR, &p) == SP_E_UNKNOWN);
	CHECK(p.refusal == MACHINE_NO_CLIENT && sp_id_is_zero(&p.id));
	agency_fixture_close(&a);
}

static void
what_is_no_id_is_no_client(void)
{
	static const char *const ids[] = { "", "x", "' OR 1=1 --",
		"00000000-0000-0000-0000-000000000000" };
	struct agency_fixture a;
	struct service_fixture s;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	for (size_t i = 0; i < SP_COUNTOF(ids); i++) {
		struct machine_proof p = { a.id, a.rules, ids[i], s.secret,
			NEAR };
		struct machine_proven out;
		struct sp_err err;

		CHECK_CODE(machine_service_prove(a.reader, &p, &out, &err),
		    SP_E_UNKNOWN, &err);
		CHECK(out.refusal == MACHINE_NO_CLIENT);
	}
	agency_fixture_close(&a);
}

static void
rotate(struct agency_fixture *a, struct service_fixture *s, sp_time overlap)
{
	struct sp_err err;

	s->overlap = overlap;
	CHECK_OK(
	    ledger_writer_run(a->writer, service_rotate_act, s, &err), &err);
}

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

static void
a_token_is_the_services_for_an_hour(void)
{
	struct agency_fixture a;
	struct service_fixture s;
	struct gate_caller who = { .source = "api" };
	struct issue i;
	const char *kind;
	struct sp_id actor;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list evidence.show", "192.0.2.0/24");
	i = issue(&a, &s);
	CHECK(i.token.expires - i.token.issued == MACHINE_TOKEN_LIFE);
	CHECK(strcmp(refused(&a, i.token.text, NEAR, &who), "") == 0);
	CHECK(who.role == GATE_SERVICE && sp_id_equal(&who.token, &s.id));
	CHECK(sp_id_equal(&who.agency, &a.id));
	CHECK(who.expires == i.token.expires);
	CHECK(gate_acts_has(&who.is.scope, GATE_SHOW));
	CHECK(!gate_acts_has(&who.is.scope, GATE_VIEW));
	actor = gate_caller_actor(&who, &kind);
	CHECK(strcmp(kind, "service") == 0 && sp_id_equal(&actor, &s.id));

	clock_ahead += MACHINE_TOKEN_LIFE - SP_SECOND * 30;
	CHECK(is_refused(&a, i.token.text, ""));
	clock_ahead += SP_SECOND * 30;
	CHECK(is_refused(&a, i.token.text, "token.expired"));
	clock_ahead -= HOUR; /* set back: it stays over */
	CHECK(is_refused(&a, i.token.text, "token.expired"));
	clock_ahead += HOUR;

	/* Never past the service's end, or the secret's. */
	i = issue_new(&a, &s);
	i.new.until = sp_now() + MINUTE;
	CHECK(ledger_writer_run(a.writer, issue_act, &i, NULL) == SP_OK);
	CHECK(i.token.expires == i.new.until);
	CHECK(agency_fixture_count(&a, "\"act\":\"service.token\"") == 2);
	CHECK(
	    agency_fixture_count(&a, "\"kind\":\"service\"},\"address\"") == 2);
	agency_fixture_close(&a);
	clock_ahead = 0;
}

static void
a_stolen_token_is_worth_nothing_elsewhere(void)
{
	struct agency_fixture a, b;
	struct service_fixture s;
	struct gate_caller who = { .source = "api" }, before;
	uint8_t mine[32] = { 1 }, other[32] = { 2 };
	struct machine_shown shown = { .address = NEAR };
	enum machine_refusal why = MACHINE_PROVEN;
	struct sp_err err = { .reason = NULL };
	struct issue i;

	machine_fixture_open(&a);
	machine_fixture_open(&b);
	s = service_fixture(&a, "evidence.list", "192.0.2.0/24");
	i = issue(&a, &s);
	CHECK(
	    strcmp(refused(&a, i.token.text, FAR, &who), "token.address") == 0);
	CHECK(who.is.scope.bits[0] == 0);

	/* Bound to a certificate. */
	shown.rules = a.rules;
	i = issue_new(&a, &s);
	i.new.certificate = mine;
	CHECK_OK(ledger_writer_run(a.writer, issue_act, &i, &err), &err);
	shown.text = i.token.text;
	before = who;
	for (int n = 0; n < 2; n++) {
		shown.certificate = n == 0 ? NULL : other;
		CHECK_CODE(machine_token_know(
			       a.reader, &a.id, &shown, &who, &why, &err),
		    SP_E_UNKNOWN, &err);
		CHECK(strcmp(err.reason, "token.certificate") == 0);
		CHECK(why == MACHINE_NOT_BOUND);
	}
	shown.certificate = mine;
	CHECK_OK(machine_token_know(a.reader, &a.id, &shown, &who, &why, &err),
	    &err);

	/* Nor in another agency, nor as another kind of text. */
	who = before;
	CHECK_CODE(
	    machine_token_know(b.reader, &b.id, &shown, &who, &why, &err),
	    SP_E_NOTFOUND, &err);
	i.token.text[2] = 't';
	CHECK_CODE(
	    machine_token_know(a.reader, &a.id, &shown, &who, &why, &err),
	    SP_E_UNKNOWN, &err);
	CHECK_CODE(
	    gate_token_know(a.reader, a.rules, &a.id, i.token.text, &who, &err),
	    SP_E_UNKNOWN, &err);
	agency_fixture_close(&b);
	agency_fixture_close(&a);
}

static void
revoked_is_revoked_at_once(void)
{
	struct agency_fixture a;
	struct service_fixture s, kept;
	struct machine_proven p;
	struct issue i, k;
	struct sp_err err = { .reason = NULL };

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	kept = service_fixture(&a, "evidence.list", "");
	i = issue(&a, &s);
	k = issue(&a, &kept);
	CHECK_OK(
	    ledger_writer_run(a.writer, service_revoke_act, &s, &err), &err);
	CHECK(is_refused(&a, i.token.text, "token.revoked"));
	CHECK(is_refused(&a, k.token.text, ""));
	CHECK(prove(&a, &s, s.secret, NEAR, &p) == SP_E_UNKNOWN);
	CHECK(p.refusal == MACHINE_OVER);

	/* It cannot come back, by no way in. */
	CHECK_CODE(ledger_writer_run(a.writer, issue_act, &i, &err),
	    SP_E_UNKNOWN, &err);
	CHECK_CODE(ledger_writer_run(a.writer, service_rotate_act, &s, &err),
	    SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "service.over") == 0);
	CHECK_CODE(ledger_writer_run(a.writer, service_revoke_act, &s, &err),
	    SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "service.revoked") == 0);
	s.id = sp_id_new();
	CHECK_CODE(ledger_writer_run(a.writer, service_revoke_act, &s, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(agency_fixture_count(&a, "\"act\":\"service.revoked\"") == 1);
	agency_fixture_close(&a);
}

static void
a_service_ends(void)
{
	struct agency_fixture a;
	struct service_fixture s;
	struct issue i;
	struct sp_err err;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	clock_ahead = s.new.expires - __real_sp_now() - MINUTE;
	i = issue(&a, &s);
	CHECK(i.token.expires == s.new.expires);
	clock_ahead += MINUTE;
	CHECK(is_refused(&a, i.token.text, "token.expired"));
	CHECK(!proven(&a, &s, s.secret));
	CHECK_CODE(ledger_writer_run(a.writer, service_rotate_act, &s, &err),
	    SP_E_CONFLICT, &err);
	agency_fixture_close(&a);
	clock_ahead = 0;
}

static void
a_token_is_never_wider_than_its_service(void)
{
	struct agency_fixture a;
	struct service_fixture s;
	struct issue i;
	struct sp_err err = { .reason = NULL };

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	i = issue_new(&a, &s);
	gate_acts_add(&i.new.scope, GATE_VIEW);
	CHECK_CODE(ledger_writer_run(a.writer, issue_act, &i, &err),
	    SP_E_INVALID, &err);
	CHECK(strcmp(err.reason, "oauth.invalid_scope") == 0);
	i.new.scope = (struct gate_acts){ .bits = { 0 } };
	CHECK_CODE(ledger_writer_run(a.writer, issue_act, &i, &err),
	    SP_E_INVALID, &err);
	CHECK(agency_fixture_count(&a, "\"act\":\"service.token\"") == 0);
	agency_fixture_close(&a);
}

static void
tokens_are_counted(void)
{
	struct agency_fixture a;
	struct service_fixture s;
	struct sp_err err = { .reason = NULL };
	struct issue i;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	for (int n = 0; n < MACHINE_TOKENS_LIVE; n++)
		(void)issue(&a, &s);
	i = issue_new(&a, &s);
	CHECK_CODE(
	    ledger_writer_run(a.writer, issue_act, &i, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "service.tokens") == 0);
	clock_ahead = MACHINE_TOKEN_LIFE; /* those that are over are gone */
	(void)issue(&a, &s);
	agency_fixture_close(&a);
	clock_ahead = 0;
}

/* A token as the secret gives it: what was proved goes on to it. */
static struct issue
issue_by(struct agency_fixture *a, const struct service_fixture *s,
    const struct machine_proven *p)
{
	struct issue i = issue_new(a, s);
	struct sp_err err;

	i.new.doing = p->doing;
	CHECK_OK(ledger_writer_run(a->writer, issue_act, &i, &err), &err);
	return i;
}

static struct machine_service
look(struct agency_fixture *a, const struct service_fixture *s)
{
	struct machine_service got;
	struct sp_err err;

	CHECK_OK(
	    machine_service_get(a->reader, a->rules, &s->id, &got, &err), &err);
	return got;
}

static bool
is_issuer(struct agency_fixture *a, const struct service_fixture *s,
    const struct sp_id *person)
{
	struct machine_service got = look(a, s);

	return sp_id_equal(&got.issuer, person);
}

/* What a person had made is their doing: no way round clearance and duty. */
static void
a_service_is_its_issuers_doing(void)
{
	struct agency_fixture a;
	struct agency_fixture_person eve, bob;
	struct service_fixture s;
	struct machine_proven p;
	struct gate_caller who = { .source = "api" };
	enum gate_duty duty = GATE_DUTY_UNKNOWN;
	struct sp_id nobody = { .b = { 0 } };
	struct gate_facts f;
	struct sp_err err;
	struct issue i;

	machine_fixture_open(&a);
	eve = agency_fixture_person(&a);
	bob = agency_fixture_person(&a);
	s = service_fixture_new(&a, "evidence.view training.record", "");
	s.by = agency_fixture_in_session(&eve);
	CHECK_OK(ledger_writer_run(a.writer, service_add_act, &s, &err), &err);
	CHECK(is_issuer(&a, &s, &eve.id));
	CHECK(prove(&a, &s, s.secret, NEAR, &p) == SP_OK);
	i = issue_by(&a, &s, &p);
	CHECK(strcmp(refused(&a, i.token.text, NEAR, &who), "") == 0);
	CHECK(sp_id_equal(&who.issuer, &eve.id) && sp_id_is_zero(&who.person));
	f = gate_caller_facts(&who, GATE_VIEW);
	CHECK(f.identity == GATE_ISSUED);
	CHECK(gate_decide(&f).code == GATE_SCREENING_MISSING);
	for (int n = 0; n < 2; n++) {
		const struct sp_id *whose = n == 0 ? &eve.id : &bob.id;

		CHECK_OK(gate_caller_duty(a.reader, &who, GATE_TRAINING_RECORD,
			     whose, &duty, &err),
		    &err);
		f = gate_caller_facts(&who, GATE_TRAINING_RECORD);
		f.duty = duty;
		CHECK(gate_decide(&f).permit == (n == 1));
	}
	/* A service of the site's is nobody's doing. */
	s = service_fixture(&a, "evidence.view", "");
	CHECK(is_issuer(&a, &s, &nobody) && !look(&a, &s).orphan);
	CHECK(prove(&a, &s, s.secret, NEAR, &p) == SP_OK);
	i = issue_by(&a, &s, &p);
	who = (struct gate_caller){ .source = "api" };
	CHECK(strcmp(refused(&a, i.token.text, NEAR, &who), "") == 0);
	CHECK(gate_caller_facts(&who, GATE_VIEW).identity == GATE_MACHINE);
	agency_fixture_close(&a);
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
what_is_no_service_is_not_added(void)
{
	struct agency_fixture a;
	struct service_fixture s, was;
	struct sp_err err = { .reason = NULL };
	char longest[MACHINE_SERVICE_LABEL + 2];
	const char *const labels[] = { "", "two\nlines", "\xff",
		"\xe2\x80\xae"
		"etirw",
		longest };

	machine_fixture_open(&a);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	was = service_fixture_new(&a, "evidence.list", "");
	for (size_t n = 0; n < SP_COUNTOF(labels); n++) {
		s = was;
		s.new.label = labels[n];
		CHECK_CODE(
		    ledger_writer_run(a.writer, service_add_act, &s, &err),
		    SP_E_INVALID, &err);
		CHECK(strcmp(err.reason, "service.label") == 0);
		CHECK(s.secret[0] == '\0' && sp_id_is_zero(&s.id));
	}
	for (int n = 0; n < 2; n++) {
		s = was;
		s.new.expires =
		    sp_now() + (n == 0 ? 0 : (MACHINE_SERVICE_DAYS + 1) * DAY);
		CHECK_CODE(
		    ledger_writer_run(a.writer, service_add_act, &s, &err),
		    SP_E_INVALID, &err);
		CHECK(strcmp(err.reason, "service.expires") == 0);
	}
	s = was;
	s.new.scope = (struct gate_acts){ .bits = { 0 } };
	CHECK_CODE(ledger_writer_run(a.writer, service_add_act, &s, &err),
	    SP_E_INVALID, &err);
	CHECK(agency_fixture_count(&a, "service.added") == 0);
	agency_fixture_close(&a);
}

/* Without its entry there is no service, secret, token or revocation. */
static void
nothing_happens_without_its_entry(void)
{
	struct agency_fixture a;
	struct service_fixture s, never, turned;
	struct issue i, no;
	struct sp_err err;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "");
	i = issue(&a, &s);
	atomic_store(&a.refuse, true);
	never = s;
	turned = s;
	no = issue_new(&a, &s);
	CHECK_CODE(ledger_writer_run(a.writer, service_add_act, &never, &err),
	    SP_E_UNAVAIL, &err);
	CHECK_CODE(
	    ledger_writer_run(a.writer, service_rotate_act, &turned, &err),
	    SP_E_UNAVAIL, &err);
	CHECK_CODE(ledger_writer_run(a.writer, service_revoke_act, &s, &err),
	    SP_E_UNAVAIL, &err);
	CHECK_CODE(ledger_writer_run(a.writer, issue_act, &no, &err),
	    SP_E_UNAVAIL, &err);
	atomic_store(&a.refuse, false);
	CHECK(proven(&a, &s, s.secret));
	CHECK(!proven(&a, &s, turned.secret) ||
	    strcmp(turned.secret, s.secret) == 0);
	CHECK(!proven(&a, &never, never.secret));
	CHECK(is_refused(&a, i.token.text, ""));
	CHECK(is_refused(&a, no.token.text, "token.unknown"));
	agency_fixture_close(&a);
}

static bool
file_holds(const char *dir, const char *name, const char *needle)
{
	SP_AUTO_BUF bytes = sp_buf_new(64 << 20);
	char path[128];
	struct sp_err err;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (access(path, F_OK) != 0)
		return false;
	CHECK_OK(sp_file_read(AT_FDCWD, path, &bytes, &err), &err);
	return memmem(bytes.at, bytes.len, needle, strlen(needle)) != NULL;
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
		CHECK(!file_holds(a.dir, names[n], s.secret + 27));
		CHECK(!file_holds(a.dir, names[n], i.token.text + 27));
		label |= file_holds(a.dir, names[n], "the records system");
	}
	CHECK(label); /* the search does find what is there */
	CHECK(agency_fixture_count(&a, "the records system") == 0);
	agency_fixture_close(&a);
}

static enum sp_code
list(void *arg, const struct machine_service *s, struct sp_err *err)
{
	struct sp_json *j = arg;

	(void)err;
	machine_service_json(j, NULL, s);
	return SP_OK;
}

static void
services_are_listed(void)
{
	SP_AUTO_BUF out = sp_buf_new(1 << 16);
	struct sp_json j = sp_json_to(&out);
	struct agency_fixture a;
	struct service_fixture s;
	struct sp_err err;

	machine_fixture_open(&a);
	s = service_fixture(&a, "evidence.list", "10.0.0.0/8 2001:db8::/32");
	rotate(&a, &s, HOUR);
	(void)service_fixture(&a, "evidence.show", "");
	sp_json_array(&j, NULL);
	CHECK_OK(machine_service_each(a.reader, a.rules, list, &j, &err), &err);
	sp_json_end(&j);
	CHECK_OK(sp_buf_check(&out, "list", &err), &err);
	CHECK(strstr(sp_buf_str(&out),
		  "\"ranges\":[\"10.0.0.0/8\",\"2001:db8::/32\"],"
		  "\"revoked_at\":null,\"scope\":[\"evidence.list\"]") != NULL);
	CHECK(strstr(sp_buf_str(&out), "spc_") == NULL);
	CHECK(strstr(sp_buf_str(&out), "\"used_at\":null") != NULL);
	agency_fixture_close(&a);
}

static enum sp_code
come_and_go(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct service_fixture *s = arg;

	for (int n = 0; n <= MACHINE_SERVICES_REVOKED; n++) {
		SP_TRY(service_add_act(tx, s, err));
		SP_TRY(service_revoke_act(tx, s, err));
	}
	return SP_OK;
}

struct told {
	int good, revoked;
};

static enum sp_code
tell(void *arg, const struct machine_service *s, struct sp_err *err)
{
	struct told *t = arg;

	(void)err;
	t->good += s->revoked == 0;
	t->revoked += s->revoked != 0;
	return SP_OK;
}

/* However many have come and gone, the list has an end. */
static void
revoked_services_leave_the_list(void)
{
	struct agency_fixture a;
	struct service_fixture s;
	struct told t = { 0, 0 };
	struct sp_err err;

	machine_fixture_open(&a);
	(void)service_fixture(&a, "evidence.show", "");
	s = service_fixture_new(&a, "evidence.list", "");
	CHECK_OK(ledger_writer_run(a.writer, come_and_go, &s, &err), &err);
	CHECK_OK(machine_service_each(a.reader, a.rules, tell, &t, &err), &err);
	CHECK(t.good == 1 && t.revoked == MACHINE_SERVICES_REVOKED);
	agency_fixture_close(&a);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a scope is acts that services may do",
		    a_scope_is_acts_that_services_may_do },
		{ "scopes are read and written", scopes_are_read_and_written },
		{ "a service proves itself", a_service_proves_itself },
		{ "what is no id is no client", what_is_no_id_is_no_client },
		{ "two secrets are good while they are changed",
		    two_secrets_are_good_while_they_are_changed },
		{ "a token is the service's for an hour",
		    a_token_is_the_services_for_an_hour },
		{ "a stolen token is worth nothing elsewhere",
		    a_stolen_token_is_worth_nothing_elsewhere },
		{ "revoked is revoked at once", revoked_is_revoked_at_once },
		{ "a token is never wider than its service",
		    a_token_is_never_wider_than_its_service },
		{ "tokens are counted", tokens_are_counted },
		{ "what is no service is not added",
		    what_is_no_service_is_not_added },
		{ "nothing happens without its entry",
		    nothing_happens_without_its_entry },
		{ "no file holds a secret", no_file_holds_a_secret },
		{ "services are listed", services_are_listed },
		{ "revoked services leave the list",
		    revoked_services_leave_the_list },
		{ "a service is its issuer's doing",
		    a_service_is_its_issuers_doing },
		{ "a service ends with its issuer",
		    a_service_ends_with_its_issuer },
		/* The last: a clock that was ahead is believed from then on. */
		{ "a service ends", a_service_ends },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
