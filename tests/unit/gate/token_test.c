#include "gate/agency_fixture.h"

#include "base/encode.h"

/* The linker puts this in sp_now's place (meson.build), so that the clock can
 * be set. */
sp_time __real_sp_now(void);
sp_time __wrap_sp_now(void);

static _Atomic sp_time clock_set_to; /* 0: the real one */

sp_time
__wrap_sp_now(void)
{
	sp_time set = clock_set_to;

	return set != 0 ? set : __real_sp_now();
}

#define HOUR (3600 * SP_SECOND)

static enum sp_code
know(struct agency_fixture *a, const char *text, struct gate_caller *who,
    struct sp_err *err)
{
	return gate_token_know(a->reader, a->rules, &a->id, text, who, err);
}

struct revoke {
	struct gate_caller by;
	struct sp_id id;
};

static enum sp_code
revoke_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct revoke *r = arg;

	return gate_token_revoke(tx, &r->by, &r->id, err);
}

static void
a_token_is_known_by_its_role(void)
{
	struct agency_fixture a;
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++) {
		struct agency_fixture_issue i = agency_fixture_issue(
		    &a, (enum gate_role)r, sp_now() + HOUR);
		struct gate_caller who = { .source = "api", .address = "::1" };

		CHECK_OK(know(&a, i.text, &who, &err), &err);
		CHECK(who.role == (enum gate_role)r);
		CHECK(sp_id_equal(&who.token, &i.id));
		CHECK(sp_id_equal(&who.agency, &a.id));
		CHECK(strcmp(who.source, "api") == 0);
		CHECK(strcmp(who.address, "::1") == 0);
	}
	CHECK(agency_fixture_count(&a, "\"act\":\"token.issued\"") ==
	    GATE_ROLE_COUNT);
	CHECK(agency_fixture_count(&a, "\"kind\":\"site\"") == GATE_ROLE_COUNT);
	CHECK(agency_fixture_count(&a, "a test's") == 0); /* label: no */
	agency_fixture_close(&a);
}

static void
each_refusal_has_its_reason(void)
{
	struct agency_fixture a;
	struct agency_fixture_issue i, other;
	struct gate_caller who = { .token = sp_id_new(), .role = GATE_DEVICE };
	struct sp_id sentinel = who.token;
	struct sp_err err = { .reason = NULL };

	agency_fixture_open(&a, "evidence.example/miami");
	i = agency_fixture_issue(&a, GATE_OFFICER, sp_now() + HOUR);

	CHECK_CODE(know(&a, NULL, &who, &err), SP_E_UNKNOWN, &err);
	CHECK(strcmp(err.reason, "token.missing") == 0);
	CHECK_CODE(know(&a, "", &who, &err), SP_E_UNKNOWN, &err);
	CHECK(strcmp(err.reason, "token.missing") == 0);

	/* Well formed, of this agency, never issued. */
	other = i;
	other.text[40] = other.text[40] == 'A' ? 'B' : 'A';
	CHECK_CODE(know(&a, other.text, &who, &err), SP_E_UNKNOWN, &err);
	CHECK(strcmp(err.reason, "token.unknown") == 0);
	CHECK(sp_id_equal(&who.token, &sentinel)); /* untouched */
	CHECK(who.role == GATE_DEVICE);
	agency_fixture_close(&a);
}

/* As if nothing were there: nothing tells it from an agency that is not. */
static void
a_token_of_another_agency_is_not_found(void)
{
	struct agency_fixture a, b;
	struct agency_fixture_issue i;
	struct gate_caller who;
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	agency_fixture_open(&b, "evidence.example/tampa");
	i = agency_fixture_issue(&a, GATE_ADMINISTRATOR, sp_now() + HOUR);
	CHECK_OK(know(&a, i.text, &who, &err), &err);
	CHECK_CODE(know(&b, i.text, &who, &err), SP_E_NOTFOUND, &err);

	/* The same secret under the other agency's name is no token there. */
	sp_base64url(b.id.b, SP_ID_LEN, i.text + 4);
	i.text[26] = '_';
	CHECK_CODE(know(&b, i.text, &who, &err), SP_E_UNKNOWN, &err);
	agency_fixture_close(&b);
	agency_fixture_close(&a);
}

/* Property: no change of length and no other byte makes a token of a token. */
static void
every_other_text_is_refused(void)
{
	struct agency_fixture a;
	struct agency_fixture_issue i;
	struct gate_caller who;
	struct sp_err err;
	char text[GATE_TOKEN_TEXT + 8];
	size_t len;

	agency_fixture_open(&a, "evidence.example/miami");
	i = agency_fixture_issue(&a, GATE_OFFICER, sp_now() + HOUR);
	len = strlen(i.text);
	for (size_t n = 0; n < len; n++) { /* every truncation */
		memcpy(text, i.text, n);
		text[n] = '\0';
		CHECK_CODE(know(&a, text, &who, &err), SP_E_UNKNOWN, &err);
	}
	(void)snprintf(text, sizeof(text), "%sA", i.text);
	CHECK_CODE(know(&a, text, &who, &err), SP_E_UNKNOWN, &err);
	(void)snprintf(text, sizeof(text), " %s", i.text);
	CHECK_CODE(know(&a, text, &who, &err), SP_E_UNKNOWN, &err);
	for (size_t n = 0; n < len; n++) { /* every byte changed */
		enum sp_code code;

		memcpy(text, i.text, len + 1);
		text[n] = text[n] == 'x' ? 'y' : 'x';
		code = know(&a, text, &who, &err);
		CHECK(code == SP_E_UNKNOWN || code == SP_E_NOTFOUND);
	}
	agency_fixture_close(&a);
}

static void
texts_keep_to_their_form(void)
{
	/* 16 and 32 zero bytes. */
	static const char good[] =
	    "spt_AAAAAAAAAAAAAAAAAAAAAA_"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	static const struct {
		size_t at;
		char put;
	} harm[] = {
		{ 0, 'S' },
		{ 3, '-' },
		{ 4, '=' },
		{ 4, '+' },
		{ 10, ' ' },
		{ 25, 'B' }, /* bits left over in the agency's last digit */
		{ 26, '-' },
		{ 26, 'A' },
		{ 30, '/' },
		{ 40, '\n' },
		{ 69, 'B' }, /* and in the secret's */
		{ 69, '=' },
	};
	struct sp_id id, sentinel;

	CHECK(gate_token_parse(good, &id));
	memset(&id, 0x5a, sizeof(id));
	sentinel = id;
	for (size_t i = 0; i < SP_COUNTOF(harm); i++) {
		char text[sizeof(good)];

		memcpy(text, good, sizeof(good));
		text[harm[i].at] = harm[i].put;
		CHECK(!gate_token_parse(text, &id));
	}
	CHECK(sp_id_equal(&id, &sentinel));
}

static void
a_revoked_token_is_nobodys_at_once(void)
{
	struct agency_fixture a;
	struct agency_fixture_issue i, kept;
	struct revoke r;
	struct gate_caller who;
	struct sp_err err = { .reason = NULL };

	agency_fixture_open(&a, "evidence.example/miami");
	i = agency_fixture_issue(&a, GATE_OFFICER, sp_now() + HOUR);
	kept = agency_fixture_issue(&a, GATE_OFFICER, sp_now() + HOUR);
	r = (struct revoke){
		.by = agency_fixture_caller(&a, GATE_ADMINISTRATOR),
		.id = i.id,
	};
	CHECK_OK(know(&a, i.text, &who, &err), &err);
	CHECK_OK(ledger_writer_run(a.writer, revoke_act, &r, &err), &err);
	CHECK_CODE(know(&a, i.text, &who, &err), SP_E_UNKNOWN, &err);
	CHECK(strcmp(err.reason, "token.revoked") == 0);
	CHECK_OK(know(&a, kept.text, &who, &err), &err);
	CHECK(agency_fixture_count(&a, "\"act\":\"token.revoked\"") == 1);

	/* Once is enough; and only one that is there. */
	CHECK_CODE(ledger_writer_run(a.writer, revoke_act, &r, &err),
	    SP_E_CONFLICT, &err);
	r.id = sp_id_new();
	CHECK_CODE(ledger_writer_run(a.writer, revoke_act, &r, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(agency_fixture_count(&a, "\"act\":\"token.revoked\"") == 1);
	agency_fixture_close(&a);
}

/* Without its entry there is neither a token nor a revocation. */
static void
nothing_happens_without_its_entry(void)
{
	struct agency_fixture a;
	struct agency_fixture_issue i, never;
	struct revoke r;
	struct gate_caller who;
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	i = agency_fixture_issue(&a, GATE_OFFICER, sp_now() + HOUR);
	r = (struct revoke){
		.by = agency_fixture_caller(&a, GATE_ADMINISTRATOR),
		.id = i.id,
	};
	atomic_store(&a.refuse, true);
	never = i;
	CHECK_CODE(
	    ledger_writer_run(a.writer, agency_fixture_issue_act, &never, &err),
	    SP_E_UNAVAIL, &err);
	CHECK_CODE(ledger_writer_run(a.writer, revoke_act, &r, &err),
	    SP_E_UNAVAIL, &err);
	atomic_store(&a.refuse, false);
	CHECK_OK(know(&a, i.text, &who, &err), &err);
	CHECK_CODE(know(&a, never.text, &who, &err), SP_E_UNKNOWN, &err);
	agency_fixture_close(&a);
}

static void
an_expired_token_stays_expired(void)
{
	struct agency_fixture a;
	struct agency_fixture_issue i;
	struct gate_caller who;
	struct sp_err err = { .reason = NULL };
	sp_time expires = __real_sp_now() + HOUR;

	agency_fixture_open(&a, "evidence.example/miami");
	i = agency_fixture_issue(&a, GATE_OFFICER, expires);
	clock_set_to = expires - 1;
	CHECK_OK(know(&a, i.text, &who, &err), &err);
	clock_set_to = expires;
	CHECK_CODE(know(&a, i.text, &who, &err), SP_E_UNKNOWN, &err);
	CHECK(strcmp(err.reason, "token.expired") == 0);
	clock_set_to = expires - HOUR; /* the clock is set back */
	CHECK_CODE(know(&a, i.text, &who, &err), SP_E_UNKNOWN, &err);
	CHECK(strcmp(err.reason, "token.expired") == 0);

	/* Nor can one be issued that would be expired already. */
	i.new.expires = expires;
	CHECK_CODE(
	    ledger_writer_run(a.writer, agency_fixture_issue_act, &i, &err),
	    SP_E_INVALID, &err);
	CHECK(strcmp(err.reason, "token.expires") == 0);
	clock_set_to = 0;
	agency_fixture_close(&a);
}

static void
labels_keep_to_their_rule(void)
{
	static const char *const bad[] = { "", "two\nlines", "\x7f", "\xff" };
	struct agency_fixture a;
	struct agency_fixture_issue i = { .text = "untouched" };
	char longest[GATE_TOKEN_LABEL + 2];
	struct sp_err err = { .reason = NULL };

	agency_fixture_open(&a, "evidence.example/miami");
	memset(longest, 'x', sizeof(longest));
	longest[GATE_TOKEN_LABEL + 1] = '\0'; /* one too long */
	i.new = (struct gate_token_new){
		.agency = a.id,
		.role = GATE_DEVICE,
		.expires = __real_sp_now() + 9 * HOUR,
	};
	for (size_t n = 0; n <= SP_COUNTOF(bad); n++) {
		i.new.label = n < SP_COUNTOF(bad) ? bad[n] : longest;
		CHECK_CODE(ledger_writer_run(
			       a.writer, agency_fixture_issue_act, &i, &err),
		    SP_E_INVALID, &err);
		CHECK(strcmp(err.reason, "token.label") == 0);
		CHECK(strcmp(i.text, "untouched") == 0);
	}
	longest[GATE_TOKEN_LABEL] = '\0';
	CHECK_OK(
	    ledger_writer_run(a.writer, agency_fixture_issue_act, &i, &err),
	    &err);
	agency_fixture_close(&a);
}

struct listed {
	size_t n;
	struct gate_token token[4];
};

static enum sp_code
list(void *arg, const struct gate_token *t, struct sp_err *err)
{
	struct listed *l = arg;

	if (l->n == SP_COUNTOF(l->token))
		return sp_fail(err, SP_E_LIMIT, "too many");
	l->token[l->n++] = *t;
	return SP_OK;
}

static void
tokens_are_listed_with_their_state(void)
{
	struct agency_fixture a;
	struct agency_fixture_issue i, j;
	struct revoke r;
	struct listed l = { .n = 0 };
	const struct gate_token_page all = { .most = 9, .ended = true };
	struct sp_err err;
	sp_time later = __real_sp_now() + 9 * HOUR;

	agency_fixture_open(&a, "evidence.example/miami");
	i = agency_fixture_issue(&a, GATE_OFFICER, later);
	j = agency_fixture_issue(&a, GATE_DEVICE, later + 1);
	r = (struct revoke){
		.by = agency_fixture_caller(&a, GATE_ADMINISTRATOR),
		.id = j.id,
	};
	CHECK_OK(ledger_writer_run(a.writer, revoke_act, &r, &err), &err);
	CHECK_OK(gate_token_each(a.reader, &all, list, &l, &err), &err);
	CHECK(l.n == 2);
	CHECK(sp_id_equal(&l.token[0].id, &i.id));
	CHECK(l.token[0].role == GATE_OFFICER && l.token[0].revoked == 0);
	CHECK(l.token[0].expires == later);
	CHECK(strcmp(l.token[0].label, "a test's") == 0);
	CHECK(sp_id_equal(&l.token[1].id, &j.id));
	CHECK(l.token[1].role == GATE_DEVICE && l.token[1].revoked > 0);
	agency_fixture_close(&a);
}

/* Neither the text nor its secret part, in the database or beside it. */
static void
no_file_holds_the_text(void)
{
	struct agency_fixture a;
	struct agency_fixture_issue i;

	agency_fixture_open(&a, "evidence.example/miami");
	i = agency_fixture_issue(&a, GATE_OFFICER, __real_sp_now() + 9 * HOUR);
	for (int closed = 0; closed < 2; closed++) {
		static const char *const names[] = { "agency.db",
			"agency.db-wal", "agency.db-shm", "hashes" };
		bool label = false;

		for (size_t n = 0; n < SP_COUNTOF(names); n++) {
			CHECK(!agency_fixture_file_holds(
			    a.dir, names[n], i.text));
			CHECK(!agency_fixture_file_holds(
			    a.dir, names[n], i.text + 27));
			label |= agency_fixture_file_holds(
			    a.dir, names[n], "a test's");
		}
		CHECK(label); /* the search does find what is there */
		if (closed == 0) {
			db_close(SP_STEAL(a.reader));
			ledger_writer_close(SP_STEAL(a.writer));
		}
	}
	agency_fixture_close(&a);
}

/* --- tokens of persons --- */

struct person_add {
	struct agency_fixture *a;
	const char *role;
	struct sp_id id;
};

static enum sp_code
person_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct person_add *p = arg;
	struct people_by by = people_by_site(&p->a->id);
	struct people_act act = { tx, &by, p->a->rules, sp_now() };
	struct people_person_new n = { .name = "Ann Lee", .role = "custodian" };

	if (sp_id_is_zero(&p->id))
		return people_person_add(&act, &n, &p->id, err);
	if (p->role != NULL)
		return people_person_role(&act, &p->id, p->role, err);
	return people_person_disable(&act, &p->id, PEOPLE_REQUESTED, 0, err);
}

static struct person_add
person(struct agency_fixture *a)
{
	struct person_add p = { .a = a };
	struct sp_err err;

	CHECK_OK(ledger_writer_run(a->writer, person_act, &p, &err), &err);
	return p;
}

static struct agency_fixture_issue
issue_to(struct agency_fixture *a, const struct sp_id *person,
    const struct gate_caller *by)
{
	struct agency_fixture_issue i = {
		.new = { .agency = a->id,
		    .role = GATE_ADMINISTRATOR,
		    .person = person,
		    .rules = a->rules,
		    .label = "drill",
		    .expires = sp_now() + 99 * HOUR,
		    .by = by },
	};
	struct sp_err err;

	CHECK_OK(
	    ledger_writer_run(a->writer, agency_fixture_issue_act, &i, &err),
	    &err);
	return i;
}

/* Whatever was wished: the role is the person's, at each request. */
static void
a_persons_token_is_the_person(void)
{
	struct agency_fixture a;
	struct agency_fixture_issue i;
	struct person_add p;
	struct gate_caller who = { .source = "api" };
	struct sp_err err = { .reason = NULL };
	struct sp_id owner;

	agency_fixture_open(&a, "evidence.example/miami");
	p = person(&a);
	i = issue_to(&a, &p.id, NULL);
	CHECK_OK(know(&a, i.text, &who, &err), &err);
	CHECK(who.role == GATE_CUSTODIAN && sp_id_equal(&who.person, &p.id));
	CHECK(sp_id_equal(&who.token, &i.id));
	CHECK(who.is.session == GATE_SESSION_KEY);
	CHECK(who.is.clearance == GATE_CLEARANCE_SCREENING_MISSING);
	CHECK(gate_caller_facts(&who, GATE_VIEW).identity == GATE_PERSON);
	CHECK_OK(gate_token_owner(a.reader, &i.id, &owner, &err), &err);
	CHECK(sp_id_equal(&owner, &p.id));

	p.role = "officer";
	CHECK_OK(ledger_writer_run(a.writer, person_act, &p, &err), &err);
	CHECK_CODE(know(&a, i.text, &who, &err), SP_E_UNKNOWN, &err);
	CHECK(strcmp(err.reason, "token.void") == 0);
	CHECK(who.role == GATE_CUSTODIAN); /* untouched */
	i = issue_to(&a, &p.id, NULL);
	CHECK_OK(know(&a, i.text, &who, &err), &err);
	CHECK(who.role == GATE_OFFICER);
	p.role = NULL;
	CHECK_OK(ledger_writer_run(a.writer, person_act, &p, &err), &err);
	CHECK_CODE(know(&a, i.text, &who, &err), SP_E_UNKNOWN, &err);
	CHECK(strcmp(err.reason, "token.void") == 0 ||
	    strcmp(err.reason, "person.inactive") == 0);

	/* Nobody's, and not for one who is not active. */
	for (int n = 0; n < 2; n++) {
		struct agency_fixture_issue no = i;

		if (n == 1)
			p.id = sp_id_new();
		CHECK_CODE(ledger_writer_run(
			       a.writer, agency_fixture_issue_act, &no, &err),
		    SP_E_INVALID, &err);
		CHECK(strcmp(err.reason, "token.person") == 0);
	}
	agency_fixture_close(&a);
}

/* A machine's token by `by`, of a role. */
static struct agency_fixture_issue
issue_by(struct agency_fixture *a, const struct gate_caller *by, bool of_site)
{
	struct agency_fixture_issue i = {
		.new = { .agency = a->id,
		    .role = GATE_ADMINISTRATOR,
		    .label = "cron",
		    .expires = sp_now() + 99 * HOUR,
		    .by = by,
		    .of_site = of_site },
	};
	struct sp_err err;

	CHECK_OK(
	    ledger_writer_run(a->writer, agency_fixture_issue_act, &i, &err),
	    &err);
	return i;
}

/* Whatever a person's token makes is the person's doing too, and ends with
 * them: it is no way round duty and clearance, nor does it outlive them. */
static void
a_token_is_its_issuers_doing(void)
{
	struct agency_fixture a;
	struct agency_fixture_issue first, second, site, lent, own;
	struct person_add eve, bob;
	struct gate_caller by, who = { .source = "api" }, next = who;
	struct sp_err err = { .reason = NULL };
	struct gate_facts f;
	enum gate_duty duty = GATE_DUTY_UNKNOWN;
	struct sp_id owner = { .b = { 7 } };

	agency_fixture_open(&a, "evidence.example/miami");
	eve = person(&a);
	bob = person(&a);
	by = agency_fixture_caller(&a, GATE_ADMINISTRATOR);
	by.person = eve.id;
	by.kind = "session";
	first = issue_by(&a, &by, false);
	site = issue_by(&a, &by, true);
	lent = issue_to(&a, &bob.id, &by);
	own = issue_to(&a, &eve.id, &by);
	CHECK_OK(know(&a, first.text, &who, &err), &err);
	CHECK(sp_id_is_zero(&who.person) && sp_id_equal(&who.issuer, &eve.id));
	f = gate_caller_facts(&who, GATE_VIEW);
	CHECK(f.identity == GATE_ISSUED);
	CHECK(f.clearance == GATE_CLEARANCE_SCREENING_MISSING);
	CHECK(gate_decide(&f).code == GATE_SCREENING_MISSING);
	CHECK_OK(gate_caller_duty(
		     a.reader, &who, GATE_ROLE_ASSIGN, &eve.id, &duty, &err),
	    &err);
	CHECK(duty == GATE_DUTY_SAME);
	f = gate_caller_facts(&who, GATE_ROLE_ASSIGN);
	f.duty = duty;
	CHECK(gate_decide(&f).code == GATE_NOT_ROLE);
	CHECK_OK(gate_caller_duty(
		     a.reader, &who, GATE_ROLE_ASSIGN, &bob.id, &duty, &err),
	    &err);
	CHECK(duty == GATE_DUTY_OTHER);
	/* A token made by that token is hers as well. */
	second = issue_by(&a, &who, false);
	CHECK_OK(know(&a, second.text, &next, &err), &err);
	CHECK(sp_id_equal(&next.issuer, &eve.id));
	CHECK_OK(know(&a, site.text, &next, &err), &err);
	CHECK(sp_id_is_zero(&next.issuer));
	CHECK(gate_caller_facts(&next, GATE_VIEW).identity == GATE_MACHINE);
	CHECK_OK(know(&a, lent.text, &next, &err), &err);
	CHECK(sp_id_equal(&next.person, &bob.id));
	CHECK_CODE(gate_token_owner(a.reader, &first.id, &owner, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(owner.b[0] == 7);

	CHECK_OK(ledger_writer_run(a.writer, person_act, &eve, &err), &err);
	for (int n = 0; n < 4; n++) {
		const char *text = n == 0 ? first.text
		    : n == 1              ? second.text
		    : n == 2              ? lent.text
					  : own.text;

		CHECK_CODE(know(&a, text, &next, &err), SP_E_UNKNOWN, &err);
		CHECK(n == 3 || strcmp(err.reason, "token.void") == 0);
	}
	CHECK_OK(know(&a, site.text, &next, &err), &err);
	agency_fixture_close(&a);
}

/* Whatever the clock said when it was made: a token does not outlive a change
 * of its person or issuer, and one that is made after the change is good. */
static void
a_change_counts_whatever_the_clock_says(void)
{
	const int n_fates = FATE_COUNT;

	for (int n = 0; n < 4 * n_fates; n++) {
		enum agency_fixture_fate fate =
		    (enum agency_fixture_fate)(n % n_fates);
		bool stands = agency_fixture_stands(fate);
		bool own = n >= 2 * n_fates, fast = n / n_fates % 2 == 1;
		struct agency_fixture a;
		struct agency_fixture_person eve;
		struct agency_fixture_issue i;
		struct gate_caller by, who = { .source = "api" };
		struct sp_err err = { .reason = NULL };
		sp_time now = sp_now() + HOUR;

		agency_fixture_open(&a, "evidence.example/miami");
		clock_set_to = fast ? now - HOUR / 2 : now;
		eve = agency_fixture_person(&a);
		by = agency_fixture_in_session(&eve);
		/* A fast clock has this, or else the change. */
		clock_set_to = now + 1;
		i = own ? issue_to(&a, &eve.id, NULL)
			: issue_by(&a, &by, false);
		CHECK_OK(know(&a, i.text, &who, &err), &err);
		clock_set_to = fast ? now - HOUR / 2 : now + HOUR / 2;
		agency_fixture_befall(&eve, fate);
		CHECK_CODE(know(&a, i.text, &who, &err),
		    stands ? SP_OK : SP_E_UNKNOWN, &err);
		clock_set_to = now + 2;
		CHECK_CODE(know(&a, i.text, &who, &err),
		    stands ? SP_OK : SP_E_UNKNOWN, &err);
		if (fate != FATE_DISABLED && fate != FATE_TERMINATED &&
		    fate != FATE_LOCKED) {
			i = own ? issue_to(&a, &eve.id, NULL)
				: issue_by(&a, &by, false);
			CHECK_OK(know(&a, i.text, &who, &err), &err);
		}
		agency_fixture_close(&a);
		clock_set_to = 0;
	}
}

/* Of a database from before tokens bore epochs: those that were good are, and
 * those that were void are void. */
static void
older_tokens_stand_or_fall_as_they_did(void)
{
#define EVE "01930000000070008000000000000001"
#define OLD(id, created, whose)                                                \
	"INSERT INTO gate_token(id, hash, role, label, created, expires,"      \
	" " whose ") VALUES(x'0193000000007000800000000000001" id              \
	"', randomblob(32), 'officer', 'old', " created ", 9999, x'" EVE "');"
	static const char rows[] =
	    "INSERT INTO person(id, human, name, login, role, kind, employer,"
	    " employer_ori, residence, unit, state, reason, since, created,"
	    " active, temporary, ends, epoch) VALUES(x'" EVE "', '', 'E', 'e',"
	    " 'officer', 'agency', '', '', '', '', 'active', '', 1, 1, 1, 0, 0,"
	    " 100);" OLD("1", "99", "person") OLD("2", "100", "person")
		OLD("3", "99", "issuer") OLD("4", "100", "issuer");
	static const char *const script[] = { people_person_schema,
		gate_token_schema, gate_token_person_schema,
		gate_token_issuer_schema, rows, gate_token_epoch_schema };
	static const struct db_sql each = {
		"SELECT person_epoch, issuer_epoch FROM gate_token ORDER BY id",
	};
	static const sp_time want[][2] = { { 0, 0 }, { 100, 0 }, { 0, 0 },
		{ 0, 100 } };
	char dir[] = "/tmp/sallyport-test-XXXXXX", path[64];
	DB_AUTO db = NULL;
	struct sp_err err;

	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/agency.db", dir);
	CHECK_OK(db_open(&db, path, DB_CREATE, &err), &err);
	CHECK_OK(db_migrate(db, script, SP_COUNTOF(script), &err), &err);
	{
		DB_STMT st = db_use(db, &each);

		for (size_t n = 0; n < SP_COUNTOF(want); n++) {
			bool found = false;

			CHECK_OK(db_row(st, &found, &err), &err);
			CHECK(found && db_col_i64(st, 0) == want[n][0] &&
			    db_col_i64(st, 1) == want[n][1]);
		}
	}
	agency_fixture_remove(dir);
}

/* Two factors are only those of the person, shown just now, in a session. */
static void
an_administrator_cannot_lend_a_factor(void)
{
	struct agency_fixture a;
	struct person_add p, other;
	struct sp_err err;
	const sp_time fresh = 60 * SP_SECOND;
	struct gate_facts f;
	const struct {
		bool own;
		const char *kind;
		enum gate_session session;
		enum gate_factor factor;
		sp_time since;
		bool second;
	} t[] = {
		{ true, "session", GATE_SESSION_OPEN, GATE_FACTOR_SECOND, 0,
		    true },
		{ true, "session", GATE_SESSION_OPEN, GATE_FACTOR_SECOND,
		    fresh - 1, true },
		{ true, "session", GATE_SESSION_OPEN, GATE_FACTOR_SECOND, fresh,
		    false },
		{ true, "session", GATE_SESSION_OPEN, GATE_FACTOR_SECOND, -1,
		    false },
		{ true, "session", GATE_SESSION_OPEN, GATE_FACTOR_SINGLE, 0,
		    false },
		{ true, "session", GATE_SESSION_LOCKED, GATE_FACTOR_SECOND, 0,
		    false },
		{ true, "token", GATE_SESSION_KEY, GATE_FACTOR_SECOND, 0,
		    false },
		{ false, "session", GATE_SESSION_OPEN, GATE_FACTOR_SECOND, 0,
		    false },
	};

	agency_fixture_open(&a, "evidence.example/miami");
	p = person(&a);
	other = person(&a);
	for (size_t n = 0; n < SP_COUNTOF(t); n++) {
		struct gate_caller by =
		    agency_fixture_caller(&a, GATE_ADMINISTRATOR);
		struct gate_caller who = { .source = "api" };
		struct agency_fixture_issue i;

		by.person = t[n].own ? p.id : other.id;
		by.kind = t[n].kind;
		by.is.session = t[n].session;
		by.is.factor = t[n].factor;
		by.is.since_proof = t[n].since;
		by.is.limits.fresh = fresh;
		i = issue_to(&a, &p.id, &by);
		CHECK_OK(know(&a, i.text, &who, &err), &err);
		CHECK(who.is.factor ==
		    (t[n].second ? GATE_FACTOR_SECOND : GATE_FACTOR_SINGLE));
		CHECK(who.is.since_proof >= 0);
		/* However new it is, it does nothing privileged. */
		who.is.clearance = GATE_CLEARANCE_OK;
		f = gate_caller_facts(&who, GATE_CREDENTIAL_CHANGE);
		CHECK(gate_decide(&f).code == GATE_NO_FACTOR);
		/* After as long as a session, one factor is left of two. */
		clock_set_to = sp_now() + 12 * HOUR;
		CHECK_OK(know(&a, i.text, &who, &err), &err);
		CHECK(who.is.factor == GATE_FACTOR_SINGLE);
		clock_set_to += 1;
	}
	CHECK(agency_fixture_count(&a, "\"factor\":\"second\"") == 2);
	CHECK(agency_fixture_count(&a, "\"factor\":\"single\"") == 6);
	agency_fixture_close(&a);
}

struct revoke_of {
	struct agency_fixture *a;
	struct sp_id person;
};

static enum sp_code
revoke_of_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct revoke_of *r = arg;
	struct people_by by = people_by_site(&r->a->id);
	struct people_act act = { .tx = tx, .by = &by, .now = sp_now() };

	return gate_token_revoke_of(&act, &r->person, err);
}

static struct sp_id ended_ids[8];
static size_t ended_n;

static void
note_end(void *arg, const struct sp_id *id)
{
	(void)arg;
	CHECK(ended_n < SP_COUNTOF(ended_ids));
	ended_ids[ended_n++] = *id;
}

/* All of their own, each with its entry and what is under way; no machine's,
 * though they issued it, nor another's. */
static void
a_persons_tokens_go_together(void)
{
	struct agency_fixture a;
	struct agency_fixture_issue own[3], made, others;
	struct person_add p, other;
	struct gate_caller by, who = { .source = "api" };
	struct revoke_of r = { .a = &a };
	struct sp_err err = { .reason = NULL };

	agency_fixture_open(&a, "evidence.example/miami");
	p = person(&a);
	other = person(&a);
	by = agency_fixture_caller(&a, GATE_ADMINISTRATOR);
	by.person = p.id;
	for (size_t n = 0; n < SP_COUNTOF(own); n++)
		own[n] = issue_to(&a, &p.id, &by);
	made = issue_by(&a, &by, false);
	others = issue_to(&a, &other.id, &by);
	ledger_writer_ends(a.writer, note_end, NULL);
	ended_n = 0;
	r.person = p.id;
	CHECK_OK(ledger_writer_run(a.writer, revoke_of_act, &r, &err), &err);
	CHECK(ended_n == 3);
	for (size_t n = 0; n < SP_COUNTOF(own); n++) {
		bool told = false;

		CHECK_CODE(
		    know(&a, own[n].text, &who, &err), SP_E_UNKNOWN, &err);
		CHECK(strcmp(err.reason, "token.revoked") == 0);
		for (size_t i = 0; i < ended_n; i++)
			told |= sp_id_equal(&ended_ids[i], &own[n].id);
		CHECK(told);
	}
	CHECK_OK(know(&a, made.text, &who, &err), &err);
	CHECK_OK(know(&a, others.text, &who, &err), &err);
	CHECK(agency_fixture_count(&a, "\"token.revoked\"") == 3);
	/* None is left: nothing more to say. */
	CHECK_OK(ledger_writer_run(a.writer, revoke_of_act, &r, &err), &err);
	CHECK(ended_n == 3);
	CHECK(agency_fixture_count(&a, "\"token.revoked\"") == 3);
	agency_fixture_close(&a);
}

static enum sp_code
wish_one(struct agency_fixture *a, const struct sp_id *person,
    const struct gate_caller *by, bool of_site, struct sp_err *err)
{
	struct agency_fixture_issue i = {
		.new = { .agency = a->id,
		    .role = GATE_OFFICER,
		    .person = person,
		    .rules = a->rules,
		    .label = "one more",
		    .expires = sp_now() + HOUR,
		    .by = by,
		    .of_site = of_site },
	};

	return ledger_writer_run(a->writer, agency_fixture_issue_act, &i, err);
}

static size_t many_ended;

static void
count_end(void *arg, const struct sp_id *id)
{
	(void)arg;
	(void)id;
	many_ended++;
}

struct paged {
	size_t n, revoked;
	struct sp_id last;
};

static enum sp_code
turn(void *arg, const struct gate_token *t, struct sp_err *err)
{
	struct paged *p = arg;

	(void)err;
	CHECK(memcmp(p->last.b, t->id.b, SP_ID_LEN) < 0); /* oldest first */
	p->last = t->id;
	p->n++;
	p->revoked += t->revoked != 0;
	return SP_OK;
}

/* All of them, so many a page, each once. */
static struct paged
pages(struct agency_fixture *a, const struct sp_id *person, bool ended,
    size_t most)
{
	struct gate_token_page page = {
		.person = person, .most = most, .ended = ended
	};
	struct paged p = { .n = 0 };
	struct sp_err err;
	size_t before;

	do {
		before = p.n;
		page.after = p.last;
		CHECK_OK(
		    gate_token_each(a->reader, &page, turn, &p, &err), &err);
		CHECK(p.n - before <= most);
	} while (p.n > before);
	return p;
}

/* What one person can have is little enough to be ended in one act, whoever
 * had it made; the site's own are never refused. */
static void
a_person_has_fifty(void)
{
	struct agency_fixture a;
	struct person_add p, other;
	struct gate_caller self, chief;
	struct revoke_of r = { .a = &a };
	struct sp_err err = { .reason = NULL };
	uint64_t size;

	agency_fixture_open(&a, "evidence.example/miami");
	p = person(&a);
	other = person(&a);
	self = chief = agency_fixture_caller(&a, GATE_ADMINISTRATOR);
	self.person = p.id;
	chief.person = other.id;
	for (int n = 0; n < GATE_TOKENS_PERSON; n++)
		CHECK_OK(wish_one(&a, &p.id, n % 2 == 0 ? &self : &chief, false,
			     &err),
		    &err);
	size = ledger_log_size(a.log);
	for (int n = 0; n < 2; n++) {
		CHECK_CODE(
		    wish_one(&a, &p.id, n == 0 ? &self : &chief, false, &err),
		    SP_E_LIMIT, &err);
		CHECK(strcmp(err.reason, "token.many") == 0);
		CHECK(strstr(err.text, "revoke") != NULL);
	}
	CHECK(ledger_log_size(a.log) == size); /* nothing was done */
	/* It is theirs alone that are counted: neither another's nor those
	 * that they issue to machines. */
	CHECK_OK(wish_one(&a, &other.id, &self, false, &err), &err);
	CHECK_OK(wish_one(&a, NULL, &self, false, &err), &err);
	CHECK_OK(wish_one(&a, &p.id, NULL, false, &err), &err);
	CHECK(pages(&a, &p.id, false, 7).n == GATE_TOKENS_PERSON + 1);
	CHECK(pages(&a, NULL, false, 7).n == GATE_TOKENS_PERSON + 3);

	many_ended = 0;
	ledger_writer_ends(a.writer, count_end, NULL);
	r.person = p.id;
	CHECK_OK(ledger_writer_run(a.writer, revoke_of_act, &r, &err), &err);
	CHECK(many_ended == GATE_TOKENS_PERSON + 1);
	CHECK(agency_fixture_count(&a, "\"token.revoked\"") ==
	    GATE_TOKENS_PERSON + 1);
	CHECK(pages(&a, &p.id, false, 7).n == 0);
	CHECK(pages(&a, NULL, false, 1).n == 2);
	CHECK(pages(&a, &p.id, true, 7).revoked == GATE_TOKENS_PERSON + 1);
	CHECK(pages(&a, &other.id, true, 7).n == 1);
	CHECK(pages(&a, NULL, true, 1000).n == GATE_TOKENS_PERSON + 3);
	CHECK_OK(wish_one(&a, &p.id, &self, false, &err), &err);
	/* What has expired counts no more. */
	for (int n = 1; n < GATE_TOKENS_PERSON; n++)
		CHECK_OK(wish_one(&a, &p.id, &self, false, &err), &err);
	CHECK_CODE(wish_one(&a, &p.id, &self, false, &err), SP_E_LIMIT, &err);
	clock_set_to = sp_now() + 2 * HOUR;
	CHECK(pages(&a, &p.id, false, 7).n == 0);
	CHECK_OK(wish_one(&a, &p.id, &self, false, &err), &err);
	clock_set_to += 1;
	agency_fixture_close(&a);
}

struct filling {
	struct agency_fixture *a;
	const struct gate_caller *by;
	int n;
};

static enum sp_code
fill_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct filling *f = arg;
	struct gate_token_new new = {
		.agency = f->a->id,
		.role = GATE_DEVICE,
		.label = "cam",
		.expires = sp_now() + HOUR,
		.by = f->by,
	};
	struct sp_id id;
	char text[GATE_TOKEN_TEXT];

	for (int n = 0; n < f->n; n++)
		SP_TRY(gate_token_issue(tx, &new, &id, text, err));
	return SP_OK;
}

static void
an_agency_has_ten_thousand(void)
{
	struct agency_fixture a;
	struct gate_caller by;
	struct filling f = { .a = &a, .n = 1000 };
	struct revoke r;
	struct agency_fixture_issue one;
	struct sp_err err = { .reason = NULL };

	agency_fixture_open(&a, "evidence.example/miami");
	by = agency_fixture_caller(&a, GATE_ADMINISTRATOR);
	/* The site's own, which nothing holds up, count as well. */
	for (int n = 0; n < GATE_TOKENS_AGENCY - 1; n += f.n) {
		if (n + f.n > GATE_TOKENS_AGENCY - 1)
			f.n = GATE_TOKENS_AGENCY - 1 - n;
		CHECK_OK(ledger_writer_run(a.writer, fill_act, &f, &err), &err);
	}
	one = issue_by(&a, &by, false);
	CHECK_CODE(wish_one(&a, NULL, &by, false, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "token.many") == 0);
	CHECK_OK(wish_one(&a, NULL, &by, true, &err), &err);
	CHECK_CODE(wish_one(&a, NULL, &by, false, &err), SP_E_LIMIT, &err);
	r = (struct revoke){ .by = by, .id = one.id };
	CHECK_OK(ledger_writer_run(a.writer, revoke_act, &r, &err), &err);
	CHECK_CODE(wish_one(&a, NULL, &by, false, &err), SP_E_LIMIT, &err);
	clock_set_to = sp_now() + 2 * HOUR;
	CHECK_OK(wish_one(&a, NULL, &by, false, &err), &err);
	clock_set_to += 1;
	agency_fixture_close(&a);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a token is known by its role",
		    a_token_is_known_by_its_role },
		{ "each refusal has its reason", each_refusal_has_its_reason },
		{ "a token of another agency is not found",
		    a_token_of_another_agency_is_not_found },
		{ "every other text is refused", every_other_text_is_refused },
		{ "texts keep to their form", texts_keep_to_their_form },
		{ "a revoked token is nobody's at once",
		    a_revoked_token_is_nobodys_at_once },
		{ "nothing happens without its entry",
		    nothing_happens_without_its_entry },
		{ "an expired token stays expired",
		    an_expired_token_stays_expired },
		{ "labels keep to their rule", labels_keep_to_their_rule },
		{ "tokens are listed with their state",
		    tokens_are_listed_with_their_state },
		{ "no file holds the text", no_file_holds_the_text },
		{ "a person's token is the person",
		    a_persons_token_is_the_person },
		{ "a change counts whatever the clock says",
		    a_change_counts_whatever_the_clock_says },
		{ "older tokens stand or fall as they did",
		    older_tokens_stand_or_fall_as_they_did },
		{ "an administrator cannot lend a factor",
		    an_administrator_cannot_lend_a_factor },
		{ "a person's tokens go together",
		    a_persons_tokens_go_together },
		{ "a person has fifty", a_person_has_fifty },
		{ "an agency has ten thousand", an_agency_has_ten_thousand },
		{ "a token without a person is its issuer's doing",
		    a_token_is_its_issuers_doing },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
