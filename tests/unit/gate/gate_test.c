#include "gate/agency_fixture.h"

#include "base/parse.h"

#include <pthread.h>
#include <sys/wait.h>

/* The linker puts this in sp_ticks's place (meson.build): minutes pass when
 * the test says so. */
int64_t __real_sp_ticks(void);
int64_t __wrap_sp_ticks(void);

static _Atomic int64_t ahead;

int64_t
__wrap_sp_ticks(void)
{
	return __real_sp_ticks() + ahead;
}

/* And these, so that this thread has no memory when the test says so. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t m);
void *__real_reallocarray(void *p, size_t n, size_t m);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t m);
void *__wrap_reallocarray(void *p, size_t n, size_t m);

static _Thread_local bool no_memory;

void *
__wrap_malloc(size_t n)
{
	return no_memory ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t m)
{
	return no_memory ? NULL : __real_calloc(n, m);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t m)
{
	return no_memory ? NULL : __real_reallocarray(p, n, m);
}

struct room {
	struct agency_fixture a;
	struct gate *gate;
};

static void
room_open(struct room *r)
{
	struct sp_err err;

	agency_fixture_open(&r->a, "evidence.example/miami");
	CHECK_OK(gate_open(&r->gate, &r->a.id, r->a.writer, &err), &err);
}

static void
room_close(struct room *r)
{
	gate_close(r->gate);
	agency_fixture_close(&r->a);
}

static struct gate_object
item(void)
{
	return (struct gate_object){ "evidence", sp_id_new() };
}

/* Who gets in, and what is left behind in the ledger, for every pair. */
static void
the_gate_keeps_the_policy(void)
{
	struct room r;

	room_open(&r);
	for (unsigned n = 0; n < GATE_ROLE_COUNT * GATE_ACT_COUNT; n++) {
		enum gate_role role = (enum gate_role)(n / GATE_ACT_COUNT);
		enum gate_act act = (enum gate_act)(n % GATE_ACT_COUNT);
		struct gate_caller who = agency_fixture_caller(&r.a, role);
		struct gate_object on = item();
		uint64_t before = ledger_log_size(r.a.log);
		GATE_AUTO_PASS pass = NULL;
		struct gate_facts f = gate_caller_facts(&who, act);
		struct gate_verdict v = gate_decide(&f);
		struct sp_err err = { .reason = NULL };

		CHECK(!v.permit || gate_role_may(role, act));
		if (!v.permit) {
			CHECK_CODE(
			    gate_admit(r.gate, &who, act, &on, &pass, &err),
			    SP_E_DENIED, &err);
			CHECK(strcmp(err.reason, gate_code_name(v.code)) == 0);
			CHECK(pass == NULL);
			CHECK(ledger_log_size(r.a.log) == before + 1);
			continue;
		}
		CHECK_OK(gate_admit(r.gate, &who, act, &on, &pass, &err), &err);
		gate_pass_require(pass, act, &on.id);
		CHECK(sp_id_equal(&gate_pass_caller(pass)->token, &who.token));
		CHECK(gate_pass_entry(pass) ==
		    (gate_act_recorded(act) ? before : UINT64_MAX));
		CHECK(ledger_log_size(r.a.log) ==
		    before + gate_act_recorded(act));
	}
	room_close(&r);
}

/* What tokens could do before there were people, they can; and of the acts that
 * came with people, they can do none that takes one. */
static void
tokens_may_what_they_always_might(void)
{
	static const struct {
		enum gate_role role;
		unsigned may; /* bits of acts[] */
	} rows[] = {
		{ GATE_ADMINISTRATOR, 0x1ff },
		{ GATE_CUSTODIAN, 0x07f },
		{ GATE_OFFICER, 0x02f },
		{ GATE_AUDITOR, 0x0c6 },
		{ GATE_DEVICE, 0x005 },
	};
	static const enum gate_act acts[] = { GATE_UPLOAD, GATE_LIST, GATE_SHOW,
		GATE_VIEW, GATE_EXPORT, GATE_PREVIEW, GATE_CUSTODY,
		GATE_ENTRIES, GATE_TOKENS };
	struct gate_caller who = { .token = sp_id_new() };

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		who.role = rows[i].role;
		for (size_t a = 0; a < SP_COUNTOF(acts); a++) {
			struct gate_facts f = gate_caller_facts(&who, acts[a]);
			struct gate_verdict v = gate_decide(&f);

			CHECK(v.permit == ((rows[i].may >> a & 1) != 0));
			CHECK(v.permit || v.code == GATE_NOT_ROLE);
		}
		for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
			struct gate_facts f =
			    gate_caller_facts(&who, (enum gate_act)a);

			if ((gate_act_row(f.act)->flags & GATE_PERSONS) != 0)
				CHECK(!gate_decide(&f).permit);
		}
	}
}

/* Facts that somebody gathered decide, and their code is in the ledger; what is
 * touched under a grant is, too. */
static void
facts_decide(void)
{
	static const struct gate_limits limits = { 1, 1, 1 };
	static const struct {
		enum gate_clearance clearance;
		const char *code; /* NULL: permitted */
	} rows[] = {
		{ GATE_CLEARANCE_TRAINING_EXPIRED, "training.expired" },
		{ GATE_CLEARANCE_ADDENDUM_MISSING, "addendum.missing" },
		{ GATE_CLEARANCE_OK, NULL },
	};
	struct room r;
	SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);
	struct gate_facts f = {
		.identity = GATE_PERSON,
		.role = GATE_OPERATOR,
		.act = GATE_SHOW,
		.session = GATE_SESSION_OPEN,
		.limits = &limits,
		.factor = GATE_FACTOR_SECOND,
		.relation = GATE_LOCKBOX,
		.class = GATE_CLASS_ORDINARY,
	};
	struct gate_caller who;
	struct gate_request rq = {
		.act = GATE_SHOW, .on = item(), .facts = &f
	};

	room_open(&r);
	who = agency_fixture_caller(&r.a, GATE_OPERATOR);
	rq.who = &who;
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		GATE_AUTO_PASS pass = NULL;
		struct sp_err err = { .reason = NULL };
		enum sp_code code;
		const char *text;
		char want[100];

		f.clearance = rows[i].clearance;
		code = gate_admit_with(r.gate, &rq, &pass, &err);
		/* Two codes of one token and act are two floods. */
		CHECK(ledger_log_size(r.a.log) == i + 1);
		text = agency_fixture_entry(&r.a, i, &body);
		if (rows[i].code == NULL) {
			CHECK_CODE(code, SP_OK, &err);
			CHECK(gate_pass_entry(pass) == i);
			CHECK(strstr(text, "\"act\":\"lockbox.touched\"") !=
			    NULL);
			continue;
		}
		CHECK_CODE(code, SP_E_DENIED, &err);
		CHECK(strcmp(err.reason, rows[i].code) == 0);
		(void)snprintf(want, sizeof(want),
		    "\"detail\":{\"act\":\"evidence.show\",\"code\":\"%s\","
		    "\"stands_for\":1}",
		    rows[i].code);
		CHECK(strstr(text, want) != NULL);
	}
	room_close(&r);
}

/* Behind the provider's gate there is no evidence: no role, token or not, has
 * any act on it.  Other acts are as anywhere. */
static void
the_provider_keeps_no_evidence(void)
{
	struct room r;
	struct gate_object on = item();
	struct sp_err err = { .reason = NULL };

	room_open(&r);
	gate_of_provider(r.gate);
	for (unsigned i = 0; i < GATE_ACT_COUNT * GATE_ROLE_COUNT; i++) {
		enum gate_act act = (enum gate_act)(i / GATE_ROLE_COUNT);
		enum gate_role role = (enum gate_role)(i % GATE_ROLE_COUNT);
		bool evidence = gate_act_row(act)->most != GATE_CLASS_UNKNOWN;
		struct gate_caller who = agency_fixture_caller(&r.a, role);
		struct gate_facts f = gate_caller_facts(&who, act);
		struct gate_verdict v = gate_decide(&f);
		GATE_AUTO_PASS pass = NULL;
		enum sp_code code;

		code = gate_admit(r.gate, &who, act, &on, &pass, &err);
		if (evidence)
			CHECK_CODE(code, SP_E_DENIED, &err);
		else
			CHECK_CODE(code, v.permit ? SP_OK : SP_E_DENIED, &err);
		gate_facts_here(r.gate, &f);
		CHECK(f.relation == (evidence ? GATE_OTHER : GATE_OWN));
	}
	room_close(&r);
}

/* The site itself: one act, recorded as its own. */
static void
the_site_probes(void)
{
	struct room r;
	SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);
	struct gate_object on = item();
	char want[200], agency[SP_ID_TEXT];
	struct sp_err err;

	room_open(&r);
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		enum gate_act act = (enum gate_act)a;
		struct gate_caller site = { .agency = r.a.id,
			.source = "media" };
		uint64_t before = ledger_log_size(r.a.log);
		GATE_AUTO_PASS pass = NULL;
		enum sp_code code =
		    gate_admit(r.gate, &site, act, &on, &pass, &err);

		CHECK((code == SP_OK) == (act == GATE_PROBE));
		if (code != SP_OK) {
			CHECK(code == SP_E_DENIED && pass == NULL);
			continue;
		}
		CHECK(gate_pass_act(pass) == GATE_PROBE);
		CHECK(gate_pass_entry(pass) == before);
		sp_id_text(&r.a.id, agency);
		(void)snprintf(want, sizeof(want),
		    "{\"act\":\"media.opened\",\"actor\":{\"id\":\"%s\","
		    "\"kind\":\"site\"},\"agency\"",
		    agency);
		CHECK(strncmp(agency_fixture_entry(&r.a, before, &body), want,
			  strlen(want)) == 0);
	}
	room_close(&r);
}

static void
entries_say_who_where_and_what(void)
{
	static const struct {
		enum gate_role role;
		enum gate_act act;
		const char *entry;
		const char *outcome;
	} rows[] = {
		{ GATE_OFFICER, GATE_VIEW, "evidence.opened", "done" },
		{ GATE_CUSTODIAN, GATE_EXPORT, "evidence.exported", "done" },
		{ GATE_AUDITOR, GATE_VIEW, "gate.denied", "refused" },
		{ GATE_OFFICER, GATE_PREVIEW, "evidence.previewed", "done" },
	};
	struct room r;
	SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);

	room_open(&r);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct gate_caller who =
		    agency_fixture_caller(&r.a, rows[i].role);
		struct gate_object on = item();
		char token[SP_ID_TEXT], object[SP_ID_TEXT], want[400];
		GATE_AUTO_PASS pass = NULL;
		const char *text;
		struct sp_err err;

		CHECK_CODE(
		    gate_admit(r.gate, &who, rows[i].act, &on, &pass, &err),
		    strcmp(rows[i].outcome, "done") == 0 ? SP_OK : SP_E_DENIED,
		    &err);
		text = agency_fixture_entry(&r.a, i, &body);
		sp_id_text(&who.token, token);
		sp_id_text(&on.id, object);
		(void)snprintf(want, sizeof(want),
		    "{\"act\":\"%s\",\"actor\":{\"id\":\"%s\",\"kind\":"
		    "\"token\"},\"address\":\"192.0.2.7\"",
		    rows[i].entry, token);
		CHECK(strncmp(text, want, strlen(want)) == 0);
		(void)snprintf(want, sizeof(want),
		    "\"object\":{\"id\":\"%s\",\"kind\":\"evidence\"},"
		    "\"outcome\":\"%s\",\"source\":\"api\"",
		    object, rows[i].outcome);
		CHECK(strstr(text, want) != NULL);
	}
	CHECK(strstr(agency_fixture_entry(&r.a, 2, &body),
		  "\"detail\":{\"act\":\"evidence.view\",\"code\":\"role\","
		  "\"stands_for\":1}") != NULL);
	room_close(&r);
}

/* Without a token it was the site itself; without an object, all there is. */
static void
entries_of_the_site_itself(void)
{
	struct gate_caller site = { .agency = sp_id_new(), .source = "repair" };
	struct sp_id none = { { 0 } };
	struct ledger_entry e = gate_entry(&site, "x.y", "evidence", &none);

	CHECK(strcmp(e.actor_kind, "site") == 0);
	CHECK(sp_id_equal(&e.actor, &site.agency));
	CHECK(strcmp(e.object_kind, "agency") == 0);
	CHECK(sp_id_equal(&e.object, &site.agency));
	CHECK(e.address == NULL && strcmp(e.source, "repair") == 0);
}

static void
a_caller_of_another_agency_finds_nothing(void)
{
	struct room r;
	struct gate_caller who;
	struct gate_object on = item();
	GATE_AUTO_PASS pass = NULL;
	struct sp_err err;

	room_open(&r);
	who = agency_fixture_caller(&r.a, GATE_ADMINISTRATOR);
	who.agency = sp_id_new();
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++)
		CHECK_CODE(gate_admit(r.gate, &who, (enum gate_act)a, &on,
			       &pass, &err),
		    SP_E_NOTFOUND, &err);
	CHECK(pass == NULL);
	CHECK(ledger_log_size(r.a.log) == 0);
	room_close(&r);
}

/* Promise 1: as long as the entry cannot be made durable there is no pass. */
static void
no_entry_no_pass(void)
{
	static const enum gate_act acts[] = { GATE_VIEW, GATE_EXPORT };
	struct room r;
	struct gate_caller who;
	struct gate_object on = item();
	struct sp_err err;

	room_open(&r);
	who = agency_fixture_caller(&r.a, GATE_CUSTODIAN);
	for (size_t i = 0; i < SP_COUNTOF(acts); i++) {
		GATE_AUTO_PASS pass = NULL;

		atomic_store(&r.a.refuse, true);
		CHECK_CODE(gate_admit(r.gate, &who, acts[i], &on, &pass, &err),
		    SP_E_UNAVAIL, &err);
		CHECK(pass == NULL);
		CHECK(ledger_log_size(r.a.log) == i);
		atomic_store(&r.a.refuse, false);
		CHECK_OK(
		    gate_admit(r.gate, &who, acts[i], &on, &pass, &err), &err);
		CHECK(gate_pass_entry(pass) == i);
	}
	ledger_writer_stop(r.a.writer, "a test");
	for (size_t i = 0; i < SP_COUNTOF(acts); i++) {
		GATE_AUTO_PASS pass = NULL;

		CHECK_CODE(gate_admit(r.gate, &who, acts[i], &on, &pass, &err),
		    SP_E_STOPPED, &err);
		CHECK(pass == NULL);
	}
	room_close(&r);
}

/* A pass that cannot be given has no entry that says it was; a denial that
 * cannot be counted is still one. */
static void
without_memory_nobody_gets_in(void)
{
	struct room r;
	struct gate_caller who, device;
	struct gate_object on = item();
	GATE_AUTO_PASS pass = NULL;
	struct gate *none = NULL;
	struct sp_err err;

	room_open(&r);
	who = agency_fixture_caller(&r.a, GATE_OFFICER);
	device = agency_fixture_caller(&r.a, GATE_DEVICE);
	no_memory = true;
	CHECK_CODE(
	    gate_open(&none, &r.a.id, r.a.writer, &err), SP_E_NOMEM, &err);
	CHECK_CODE(gate_admit(r.gate, &who, GATE_VIEW, &on, &pass, &err),
	    SP_E_NOMEM, &err);
	CHECK_CODE(gate_admit(r.gate, &who, GATE_SHOW, &on, &pass, &err),
	    SP_E_NOMEM, &err);
	CHECK_CODE(gate_admit(r.gate, &device, GATE_VIEW, &on, &pass, &err),
	    SP_E_DENIED, &err);
	no_memory = false;
	CHECK(none == NULL && pass == NULL);
	CHECK(agency_fixture_count(&r.a, "\"act\":\"evidence.opened\"") == 0);
	CHECK_OK(gate_admit(r.gate, &who, GATE_VIEW, &on, &pass, &err), &err);
	room_close(&r);
}

/* A machine is told that it is none, not that its role may not. */
static void
what_only_persons_do_is_said(void)
{
	static const struct {
		enum gate_role role;
		enum gate_act act;
		const char *says;
	} rows[] = {
		{ GATE_ADMINISTRATOR, GATE_LOCKBOX_APPROVE,
		    "only persons may" },
		{ GATE_ADMINISTRATOR, GATE_DISPOSE_APPROVE,
		    "only persons may" },
		{ GATE_OFFICER, GATE_LOCKBOX_APPROVE,
		    "the role officer may not" },
		{ GATE_AUDITOR, GATE_EXPORT, "the role auditor may not" },
	};
	struct gate_object on = item();
	GATE_AUTO_PASS pass = NULL;
	struct sp_err err;
	struct room r;

	room_open(&r);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct gate_caller who =
		    agency_fixture_caller(&r.a, rows[i].role);

		CHECK_CODE(
		    gate_admit(r.gate, &who, rows[i].act, &on, &pass, &err),
		    SP_E_DENIED, &err);
		CHECK(strcmp(err.reason, "role") == 0);
		CHECK(strstr(err.text, rows[i].says) != NULL);
	}
	room_close(&r);
}

struct also {
	enum sp_code code;
	unsigned runs;
	uint64_t size; /* of the log when it ran */
};

static enum sp_code
also_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct also *a = arg;

	a->runs++;
	a->size = ledger_tx_size(tx);
	if (a->code != SP_OK)
		return sp_fail(err, a->code, "the test's part fails");
	return SP_OK;
}

/* What is to be durable with the entry fails: no entry, no pass. */
static void
entry_and_companion_stand_or_fall_together(void)
{
	struct also also = { .code = SP_E_CONFLICT };
	struct gate_caller who;
	struct gate_request rq = {
		.who = &who,
		.act = GATE_VIEW,
		.on = item(),
		.also = also_act,
		.also_arg = &also,
	};
	GATE_AUTO_PASS pass = NULL;
	struct room r;
	struct sp_err err;

	room_open(&r);
	who = agency_fixture_caller(&r.a, GATE_OFFICER);
	CHECK_CODE(
	    gate_admit_with(r.gate, &rq, &pass, &err), SP_E_CONFLICT, &err);
	CHECK(pass == NULL && also.runs == 1);
	CHECK(ledger_log_size(r.a.log) == 0);
	also.code = SP_OK;
	CHECK_OK(gate_admit_with(r.gate, &rq, &pass, &err), &err);
	CHECK(gate_pass_entry(pass) == 0 && also.runs == 2 && also.size == 1);
	CHECK(agency_fixture_count(&r.a, "\"act\":\"evidence.opened\"") == 1);

	/* Nor does it run for who is denied. */
	who = agency_fixture_caller(&r.a, GATE_DEVICE);
	gate_pass_unref(SP_STEAL(pass));
	CHECK_CODE(
	    gate_admit_with(r.gate, &rq, &pass, &err), SP_E_DENIED, &err);
	CHECK(also.runs == 2);
	room_close(&r);
}

/* Denied stays denied when the denial cannot be written; and it is not lost. */
static void
a_denial_waits_for_its_entry(void)
{
	struct room r;
	struct gate_caller who;
	struct gate_object on = item();
	GATE_AUTO_PASS pass = NULL;
	struct sp_err err;

	room_open(&r);
	who = agency_fixture_caller(&r.a, GATE_DEVICE);
	atomic_store(&r.a.refuse, true);
	CHECK_CODE(gate_admit(r.gate, &who, GATE_VIEW, &on, &pass, &err),
	    SP_E_DENIED, &err);
	CHECK(ledger_log_size(r.a.log) == 0);
	atomic_store(&r.a.refuse, false);
	gate_tick(r.gate);
	CHECK(ledger_log_size(r.a.log) == 0); /* its minute is not over */
	ahead += 61 * SP_SECOND;
	gate_tick(r.gate);
	CHECK(agency_fixture_count(&r.a, "\"stands_for\":1}") == 1);
	gate_tick(r.gate);
	room_close(&r);
}

static void
deny_often(struct room *r, const struct gate_caller *who, enum gate_act act,
    unsigned times)
{
	struct gate_object on = item();
	GATE_AUTO_PASS pass = NULL;
	struct sp_err err;

	for (unsigned i = 0; i < times; i++)
		CHECK_CODE(gate_admit(r->gate, who, act, &on, &pass, &err),
		    SP_E_DENIED, &err);
}

/* The sum of stands_for over all denials, and how many entries hold them. */
static uint64_t
denials(struct room *r, uint64_t *entries)
{
	SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);
	uint64_t sum = 0;

	*entries = 0;
	for (uint64_t i = 0; i < ledger_log_size(r->a.log); i++) {
		const char *text = agency_fixture_entry(&r->a, i, &body);
		const char *at = strstr(text, "\"stands_for\":");
		uint64_t n = 0;

		if (strstr(text, "\"act\":\"gate.denied\"") == NULL)
			continue;
		CHECK(at != NULL);
		at += strlen("\"stands_for\":");
		CHECK(sp_parse_u64(
		    at, strspn(at, "0123456789"), 1, UINT32_MAX, &n));
		sum += n;
		++*entries;
	}
	return sum;
}

static void
floods_are_counted_not_copied(void)
{
	struct room r;
	struct gate_caller who, other;
	uint64_t entries;

	room_open(&r);
	who = agency_fixture_caller(&r.a, GATE_DEVICE);
	other = agency_fixture_caller(&r.a, GATE_DEVICE);
	deny_often(&r, &who, GATE_VIEW, 1000);
	CHECK(denials(&r, &entries) == 1 && entries == 1);
	/* Another act and another token are floods of their own. */
	deny_often(&r, &who, GATE_EXPORT, 10);
	deny_often(&r, &other, GATE_VIEW, 10);
	CHECK(denials(&r, &entries) == 3 && entries == 3);

	/* The first of the next minute stands for those of the one before. */
	ahead += 61 * SP_SECOND;
	deny_often(&r, &who, GATE_VIEW, 5);
	CHECK(denials(&r, &entries) == 3 + 1000 && entries == 4);

	/* A flood that ended is written by the tick. */
	gate_tick(r.gate);
	CHECK(denials(&r, &entries) == 3 + 1000 + 9 + 9 && entries == 6);
	gate_tick(r.gate);
	CHECK(denials(&r, &entries) == 1021 && entries == 6);
	ahead += 61 * SP_SECOND;
	gate_tick(r.gate);
	CHECK(denials(&r, &entries) == 1025 && entries == 7);
	ahead += 61 * SP_SECOND;
	gate_tick(r.gate); /* nothing is said about nothing */
	CHECK(denials(&r, &entries) == 1025 && entries == 7);
	room_close(&r);
}

static void
closing_writes_what_is_counted(void)
{
	struct room r;
	struct gate_caller who;
	uint64_t entries;

	room_open(&r);
	who = agency_fixture_caller(&r.a, GATE_AUDITOR);
	deny_often(&r, &who, GATE_VIEW, 7);
	CHECK(denials(&r, &entries) == 1);
	gate_close(SP_STEAL(r.gate));
	CHECK(denials(&r, &entries) == 7 && entries == 2);
	room_close(&r);
}

/* More floods at once than are followed: none of them is lost. */
static void
many_floods_at_once_lose_nothing(void)
{
	enum { TOKENS = 1024 + 50 };
	struct room r;
	uint64_t entries;

	room_open(&r);
	for (unsigned i = 0; i < TOKENS; i++) {
		struct gate_caller who =
		    agency_fixture_caller(&r.a, GATE_AUDITOR);

		deny_often(&r, &who, GATE_VIEW, 3);
	}
	gate_close(SP_STEAL(r.gate));
	CHECK(denials(&r, &entries) == UINT64_C(3) * TOKENS);
	CHECK(entries <= UINT64_C(2) * TOKENS);
	room_close(&r);
}

struct crowd {
	struct room *room;
	struct gate_caller who;
};

static void *
crowd_run(void *arg)
{
	struct crowd *c = arg;
	struct gate_object on = item();
	struct sp_err err;

	deny_often(c->room, &c->who, GATE_EXPORT, 200);
	for (unsigned i = 0; i < 20; i++) {
		GATE_AUTO_PASS pass = NULL;
		GATE_AUTO_PASS again = NULL;

		CHECK_OK(gate_admit(c->room->gate, &c->who, GATE_VIEW, &on,
			     &pass, &err),
		    &err);
		again = gate_pass_ref(pass);
		gate_pass_unref(SP_STEAL(pass));
		CHECK(gate_pass_entry(again) < ledger_log_size(c->room->a.log));
	}
	return NULL;
}

static void
threads_share_a_gate(void)
{
	struct room r;
	struct crowd crowd[4];
	pthread_t thread[SP_COUNTOF(crowd)];
	uint64_t entries;

	room_open(&r);
	for (size_t i = 0; i < SP_COUNTOF(crowd); i++) {
		crowd[i] = (struct crowd){ &r,
			agency_fixture_caller(&r.a, GATE_OFFICER) };
		crowd[i].who.token = crowd[i / 2 * 2].who.token;
		CHECK(pthread_create(&thread[i], NULL, crowd_run, &crowd[i]) ==
		    0);
	}
	for (size_t i = 0; i < SP_COUNTOF(crowd); i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	CHECK(agency_fixture_count(&r.a, "\"act\":\"evidence.opened\"") == 80);
	gate_close(SP_STEAL(r.gate));
	CHECK(denials(&r, &entries) == 800);
	CHECK(entries <= 4); /* two tokens: the first, and the rest */
	room_close(&r);
}

/* Does this stop the process? */
static bool
aborts(const struct gate_pass *p, enum gate_act act, const struct sp_id *id)
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)close(STDERR_FILENO); /* its panic is wanted */
		gate_pass_require(p, act, id);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

static void
a_pass_opens_only_its_own_door(void)
{
	struct room r;
	struct gate_caller who;
	struct gate_object one = item(), all = { .kind = "evidence" };
	GATE_AUTO_PASS view = NULL;
	GATE_AUTO_PASS list = NULL;
	struct sp_id other = sp_id_new();
	struct sp_err err;

	room_open(&r);
	who = agency_fixture_caller(&r.a, GATE_CUSTODIAN);
	CHECK_OK(gate_admit(r.gate, &who, GATE_VIEW, &one, &view, &err), &err);
	CHECK_OK(gate_admit(r.gate, &who, GATE_LIST, &all, &list, &err), &err);
	gate_pass_require(view, GATE_VIEW, &one.id);
	gate_pass_require(list, GATE_LIST, NULL);
	gate_pass_require(list, GATE_LIST, &other);
	CHECK(!aborts(view, GATE_VIEW, &one.id));
	CHECK(aborts(view, GATE_EXPORT, &one.id));
	CHECK(aborts(view, GATE_SHOW, &one.id));
	CHECK(aborts(view, GATE_VIEW, &other));
	CHECK(aborts(view, GATE_VIEW, NULL));
	CHECK(aborts(list, GATE_VIEW, &one.id));
	room_close(&r);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what only persons do is said",
		    what_only_persons_do_is_said },
		{ "the gate keeps the policy", the_gate_keeps_the_policy },
		{ "tokens may what they always might",
		    tokens_may_what_they_always_might },
		{ "facts decide", facts_decide },
		{ "the site probes", the_site_probes },
		{ "the provider keeps no evidence",
		    the_provider_keeps_no_evidence },
		{ "entries say who, where and what",
		    entries_say_who_where_and_what },
		{ "entries of the site itself", entries_of_the_site_itself },
		{ "a caller of another agency finds nothing",
		    a_caller_of_another_agency_finds_nothing },
		{ "no entry, no pass", no_entry_no_pass },
		{ "entry and companion stand or fall together",
		    entry_and_companion_stand_or_fall_together },
		{ "without memory nobody gets in",
		    without_memory_nobody_gets_in },
		{ "a denial waits for its entry",
		    a_denial_waits_for_its_entry },
		{ "floods are counted, not copied",
		    floods_are_counted_not_copied },
		{ "closing writes what is counted",
		    closing_writes_what_is_counted },
		{ "many floods at once lose nothing",
		    many_floods_at_once_lose_nothing },
		{ "threads share a gate", threads_share_a_gate },
		{ "a pass opens only its own door",
		    a_pass_opens_only_its_own_door },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
