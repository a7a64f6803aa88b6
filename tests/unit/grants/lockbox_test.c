#include "grants/lockbox_parts.h"

#include "box_fixture.h"

#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>

/* --- what can go wrong: the n-th durable step, and the clock --- */

static int runs_left = -1; /* -1: any number */
static bool runs_kill;
static sp_time shift;

enum sp_code __real_ledger_writer_run(
    struct ledger_writer *w, ledger_act act, void *arg, struct sp_err *err);
enum sp_code __wrap_ledger_writer_run(
    struct ledger_writer *w, ledger_act act, void *arg, struct sp_err *err);
enum sp_code
__wrap_ledger_writer_run(
    struct ledger_writer *w, ledger_act act, void *arg, struct sp_err *err)
{
	if (runs_left == 0 && runs_kill)
		(void)raise(SIGKILL);
	if (runs_left == 0)
		return sp_fail(err, SP_E_UNAVAIL, "no writing now");
	if (runs_left > 0)
		runs_left--;
	return __real_ledger_writer_run(w, act, arg, err);
}

sp_time __real_sp_now(void);
sp_time __wrap_sp_now(void);
sp_time
__wrap_sp_now(void)
{
	return __real_sp_now() + shift;
}

#define HOUR (3600 * SP_SECOND)

static struct box b;

static void
tick(void)
{
	grants_lockbox_tick(b.h.f.site, b.h.a);
	grants_lockbox_tick(b.h.f.site, b.h.p);
}

/* A rule of harbor's, from the next opening on; NULL: none. */
static void
rule(const char *name, int value)
{
	char path[200], text[400];
	FILE *out;

	houses_close(&b.h);
	(void)snprintf(path, sizeof(path), "%s/policy", b.h.f.dir);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof(path), "%s/policy/harbor.json", b.h.f.dir);
	(void)unlink(path);
	if (name != NULL) {
		(void)snprintf(text, sizeof(text),
		    "{\"applies\":{\"agency\":\"harbor-pd\",\"state\":\"FL\"},"
		    "\"policy\":\"CJISSECPOL\",\"version\":\"6.1\","
		    "\"rules\":{\"%s\":{\"section\":\"Harbor\",\"text\":"
		    "\"Ours.\",\"unit\":\"%s\",\"value\":%d}}}",
		    name, value > 1 ? "persons" : "minutes", value);
		out = fopen(path, "w");
		CHECK(out != NULL && fputs(text, out) >= 0);
		CHECK(fclose(out) == 0);
	}
	houses_open(&b.h);
}

/* --- a life --- */

static void
a_request_is_lived_through(void)
{
	struct grants_request r = box_wish(&b);
	struct sp_id id = box_request(&b, &r);
	struct sp_err err;
	const char *i = box_text(&id);
	json_t *j;

	CHECK(box_is(&b, b.h.p, &id, "Initializing"));
	/* Of an idea of the provider's the agency hears nothing. */
	CHECK(box_entries(b.h.a, i, "") == 0);
	CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
	CHECK(box_both(&b, &id, "Pending"));
	CHECK(box_acts(b.h.a, "lockbox.asked", i) == 1);
	CHECK(box_acts(b.h.p, "lockbox.asked", i) == 1);
	CHECK(box_acts(b.h.p, "twin.joined", i) == 1);
	CHECK_OK(box_approve(&b, &b.laso, &id, &err), &err);
	CHECK(box_both(&b, &id, "Approved"));
	j = box_json(&b, b.h.a, &id);
	CHECK(json_array_size(json_object_get(j, "approvals")) == 1);
	CHECK(json_array_size(json_object_get(j, "twins")) == 2);
	CHECK(strcmp(json_string_value(json_object_get(j, "clearance")),
		  "ok") == 0);
	CHECK(strcmp(json_string_value(
			 json_object_get(json_object_get(j, "asked"), "why")),
		  r.why) == 0);
	CHECK(strcmp(
		  json_string_value(json_object_get(
		      json_object_get(json_object_get(j, "asked"), "requester"),
		      "name")),
		  "Olga") == 0);
	CHECK(strcmp(
		  json_string_value(json_array_get(
		      json_object_get(json_object_get(j, "asked"), "from"), 0)),
		  "192.0.2.9") == 0);
	json_decref(j);
	CHECK_OK(box_revoke(&b, &b.admin, &id, &err), &err);
	CHECK(box_both(&b, &id, "Revoked"));
	CHECK(box_entries(b.h.a, i, "\"by\":\"agency\"") >= 1);
	/* No word of what was written, only its hash. */
	CHECK(box_entries(b.h.a, "player", "") == 0);
	CHECK(box_entries(b.h.a, "T-77", "") == 0);
	CHECK(box_entries(b.h.p, "not today", "") == 0);
	CHECK(box_entries(b.h.a, "Olga", "") == 0);
}

/* Everybody who must not, in every place. */
static void
who_decides_is_not_who_asked(void)
{
	struct grants_request r = box_wish(&b);
	struct sp_id id = box_request(&b, &r), none = sp_id_new();
	struct gate_caller same =
	    houses_join(b.h.a, "Olga At Harbor", "custodian", "E-1");
	struct gate_caller stale = b.sec, single = b.cust;
	struct sp_err err;

	/* The requester, by whatever account; and whoever has no such role. */
	CHECK_DENIED(box_ask(&b, &b.sec2, &id, &err), "role", &err);
	CHECK_DENIED(box_ask(&b, &b.op, &id, &err), "role", &err);
	CHECK_DENIED(box_ask(&b, &b.admin_p, &id, &err), "role", &err);
	CHECK_DENIED(box_ask(&b, &b.h.by_p, &id, &err), "role", &err);
	stale.is.since_proof = 301 * SP_SECOND;
	CHECK_DENIED(box_ask(&b, &stale, &id, &err), "factor", &err);
	/* The agency cannot answer what it was not asked. */
	CHECK_CODE(box_approve(&b, &b.cust, &id, &err), SP_E_NOTFOUND, &err);
	/* The provider cannot answer for the agency, in its own house. */
	CHECK_CODE(box_approve(&b, &b.admin_p, &id, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(box_ask(&b, &b.cust, &id, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(box_break(&b, &b.cust, &id, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(box_complete(&b, &b.cust, &id, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(box_ask(&b, &b.sec, &none, &err), SP_E_NOTFOUND, &err);
	CHECK(box_is(&b, b.h.p, &id, "Initializing"));
	CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);

	CHECK_DENIED(box_approve(&b, &same, &id, &err), "role", &err);
	CHECK_DENIED(box_approve(&b, &b.officer, &id, &err), "role", &err);
	/* A machine's token is nobody's approval. */
	CHECK_DENIED(box_approve(&b, &b.h.by_a, &id, &err), "role", &err);
	single.is.factor = GATE_FACTOR_SINGLE;
	CHECK_DENIED(box_approve(&b, &single, &id, &err), "factor", &err);
	CHECK_DENIED(box_deny(&b, &b.officer, &id, &err), "role", &err);
	CHECK_DENIED(box_deny(&b, &b.op, &id, &err), "role", &err);
	CHECK_DENIED(box_revoke(&b, &b.op2, &id, &err), "role", &err);
	CHECK_CODE(box_complete(&b, &b.op2, &id, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(box_approve(&b, &b.cust, &none, &err), SP_E_NOTFOUND, &err);
	CHECK(box_both(&b, &id, "Pending"));
	CHECK_OK(box_deny(&b, &b.cust, &id, &err), &err);
	CHECK(box_both(&b, &id, "Denied"));
}

/* Each way to an end, and that nothing happens to what has ended. */
static void
what_has_ended_stays(void)
{
	static const struct {
		bool asked, granted;
		enum sp_code (*end)(struct box *, const struct gate_caller *,
		    const struct sp_id *, struct sp_err *);
		const struct gate_caller *who;
		const char *state;
		bool told;
	} rows[] = {
		{ false, false, box_deny, &b.sec, "Denied", false },
		{ true, false, box_deny, &b.sec, "Denied", true },
		{ true, false, box_deny, &b.admin, "Denied", true },
		{ true, true, box_revoke, &b.laso, "Revoked", true },
		{ true, true, box_revoke, &b.sec, "Revoked", true },
		{ true, true, box_complete, &b.op, "Completed", true },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct grants_request r = box_wish(&b);
		struct sp_id id = box_request(&b, &r);
		struct sp_err err;

		if (rows[i].asked)
			CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
		if (rows[i].granted)
			CHECK_OK(box_approve(&b, &b.cust, &id, &err), &err);
		CHECK_OK(rows[i].end(&b, rows[i].who, &id, &err), &err);
		CHECK(box_is(&b, b.h.p, &id, rows[i].state));
		if (!rows[i].told) {
			CHECK(box_entries(b.h.a, box_text(&id), "") == 0);
			continue;
		}
		CHECK(box_both(&b, &id, rows[i].state));
		CHECK_CODE(box_ask(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_approve(&b, &b.cust, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_deny(&b, &b.cust, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_deny(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_revoke(&b, &b.cust, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_complete(&b, &b.op, &id, &err), SP_E_CONFLICT, &err);
		CHECK_CODE(
		    box_break(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
		CHECK(box_both(&b, &id, rows[i].state));
	}
}

static void
what_may_be_asked(void)
{
	struct grants_lockbox_act a = box_as(&b, &b.op);
	struct grants_lockbox_act sec = box_as(&b, &b.sec);
	struct grants_lockbox_act token = box_as(&b, &b.h.by_p);
	struct grants_lockbox_act cust = box_as(&b, &b.cust);
	struct grants_request r = box_wish(&b);
	struct sp_err err = { .reason = NULL };
	struct sp_id id;

	CHECK_CODE(
	    grants_lockbox_request(&a, "nowhere-pd", &r, NULL, &id, &err),
	    SP_E_INVALID, &err);
	CHECK(strcmp(err.reason, "lockbox.agency") == 0);
	CHECK_CODE(grants_lockbox_request(&a, "keystone", &r, NULL, &id, &err),
	    SP_E_INVALID, &err);
	CHECK_DENIED(
	    grants_lockbox_request(&sec, "harbor-pd", &r, NULL, &id, &err),
	    "role", &err);
	CHECK_DENIED(
	    grants_lockbox_request(&token, "harbor-pd", &r, NULL, &id, &err),
	    "role", &err);
	CHECK_CODE(
	    grants_lockbox_request(&cust, "harbor-pd", &r, NULL, &id, &err),
	    SP_E_NOTFOUND, &err);
	/* Screened in Florida, and not in Colorado. */
	CHECK_DENIED(
	    grants_lockbox_request(&a, "summit-so", &r, NULL, &id, &err),
	    "screening.missing", &err);
	r.minutes = 481;
	CHECK_CODE(grants_lockbox_request(&a, "harbor-pd", &r, NULL, &id, &err),
	    SP_E_INVALID, &err);
	CHECK(strcmp(err.reason, "lockbox.minutes") == 0);
	r.minutes = 0;
	CHECK_OK(
	    grants_lockbox_request(&a, "harbor-pd", &r, NULL, &id, &err), &err);
	{
		json_auto_t *j = box_json(&b, b.h.p, &id);

		CHECK(json_integer_value(json_object_get(
			  json_object_get(j, "asked"), "minutes")) == 480);
	}
	CHECK_CODE(box_break(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
	CHECK_OK(box_deny(&b, &b.sec, &id, &err), &err);
}

/* --- quorum --- */

static void
two_must_approve(void)
{
	static struct grants_request r;
	struct houses_account off = { .reason = PEOPLE_REQUESTED };
	struct sp_err err;
	struct sp_id id;

	rule("lockbox.quorum", 2);
	r = box_wish(&b);
	id = box_request(&b, &r);
	CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
	CHECK_OK(box_approve(&b, &b.cust, &id, &err), &err);
	CHECK(box_both(&b, &id, "Approving"));
	/* The same account, and the same human by another. */
	CHECK_CODE(box_approve(&b, &b.cust, &id, &err), SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "lockbox.approved") == 0);
	CHECK_CODE(box_approve(&b, &b.admin, &id, &err), SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "lockbox.approved") == 0);
	CHECK(box_both(&b, &id, "Approving"));
	CHECK_OK(box_approve(&b, &b.laso, &id, &err), &err);
	CHECK(box_both(&b, &id, "Approved"));
	CHECK_OK(box_complete(&b, &b.op, &id, &err), &err);

	/* Whoever may not any more when the last one does counts no more. */
	id = box_request(&b, &r);
	CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
	CHECK_OK(box_approve(&b, &b.cust, &id, &err), &err);
	off.id = b.cust.person;
	houses_do(b.h.a, houses_account_fn, &off);
	CHECK_OK(box_approve(&b, &b.laso, &id, &err), &err);
	CHECK(box_both(&b, &id, "Approving"));
	off.reason = PEOPLE_NO_REASON;
	houses_do(b.h.a, houses_account_fn, &off);
	CHECK_OK(box_deny(&b, &b.laso, &id, &err), &err);
	rule(NULL, 0);
}

/* --- broken glass --- */

static void
glass_is_seen_at_once(void)
{
	struct grants_request r = box_wish(&b);
	struct events_wish w = { .as = b.h.by_a.token };
	struct events_listener *l = NULL;
	struct events_event e[4];
	struct grants_lockbox_act laso = box_as(&b, &b.laso);
	struct sp_err err = { .reason = NULL };
	struct sp_id id;
	size_t n = 0;
	json_t *j;

	r.glass = true;
	id = box_request(&b, &r);
	CHECK(box_acts(b.h.p, "glass.requested", box_text(&id)) == 1);
	CHECK(box_entries(b.h.a, box_text(&id), "") == 0);
	CHECK_CODE(box_ask(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
	/* Two humans. */
	CHECK_DENIED(box_break(&b, &b.op, &id, &err), "role", &err);
	CHECK_DENIED(box_break(&b, &b.sec2, &id, &err), "role", &err);
	CHECK_DENIED(box_break(&b, &b.admin_p, &id, &err), "role", &err);
	/* Nothing is open that the agency's ledger does not have. */
	runs_left = 0;
	CHECK_CODE(box_break(&b, &b.sec, &id, &err), SP_E_UNAVAIL, &err);
	runs_left = -1;
	CHECK(box_is(&b, b.h.p, &id, "Initializing"));

	CHECK_OK(
	    events_hub_listen(&l, evidence_room_events(b.h.a), &w, &err), &err);
	CHECK_OK(box_break(&b, &b.sec, &id, &err), &err);
	CHECK(events_hub_next(l, 0, e, 4, &n) == EVENTS_NEXT && n == 1);
	CHECK(e[0].kind == EVENTS_GLASS && sp_id_equal(&e[0].object, &id));
	events_hub_leave(l);
	CHECK(box_both(&b, &id, "Approved"));
	CHECK(box_acts(b.h.a, "glass.broken", box_text(&id)) == 1);
	CHECK(box_entries(b.h.a, "\"confirmed_by\"", box_text(&b.op.person)) ==
	    1);
	CHECK(box_acts(b.h.p, "glass.broken", box_text(&id)) == 1);
	j = box_json(&b, b.h.a, &id);
	CHECK(json_is_true(json_object_get(j, "glass")));
	CHECK(json_is_null(json_object_get(j, "review")));
	json_decref(j);
	CHECK_CODE(box_break(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);

	/* The agency looks into it: once, and by those who may approve. */
	CHECK_CODE(grants_lockbox_review(&laso, &id, "fine", NULL, &err),
	    SP_E_INVALID, &err);
	CHECK_OK(grants_lockbox_review(
		     &laso, &id, "unjustified", "could wait", &err),
	    &err);
	CHECK_CODE(grants_lockbox_review(&laso, &id, "justified", NULL, &err),
	    SP_E_CONFLICT, &err);
	j = box_json(&b, b.h.p, &id);
	CHECK(strcmp(json_string_value(json_object_get(
			 json_object_get(j, "review"), "finding")),
		  "unjustified") == 0);
	json_decref(j);
	CHECK(box_acts(b.h.a, "glass.reviewed", "unjustified") == 1);
	CHECK(box_entries(b.h.a, "could wait", "") == 0);
	/* It ends it, too. */
	CHECK_OK(box_revoke(&b, &b.cust, &id, &err), &err);
	CHECK(box_both(&b, &id, "Revoked"));
}

/* The second writer away: the agency has it, and nothing is open until the
 * house has it too. */
static void
glass_half_broken(void)
{
	struct grants_request r = box_wish(&b);
	struct gate_caller guest;
	struct sp_err err;
	struct sp_id id;

	r.glass = true;
	id = box_request(&b, &r);
	runs_left = 2;
	CHECK_OK(box_break(&b, &b.sec, &id, &err), &err);
	runs_left = -1;
	CHECK(box_is(&b, b.h.a, &id, "Approved"));
	CHECK(box_is(&b, b.h.p, &id, "Initializing"));
	/* Nobody takes back what is broken already. */
	CHECK_CODE(box_deny(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
	CHECK_DENIED(
	    box_enter(&b, &b.op, &id, &b.item, &guest, &err), "lockbox", &err);
	CHECK_CODE(box_break(&b, &b.sec, &id, &err), SP_E_CONFLICT, &err);
	tick();
	CHECK(box_both(&b, &id, "Approved"));
	CHECK_OK(box_enter(&b, &b.op, &id, &b.item, &guest, &err), &err);
	CHECK_OK(box_complete(&b, &b.op, &id, &err), &err);
}

static void
glass_may_be_forbidden(void)
{
	struct grants_request r = box_wish(&b);
	struct grants_lockbox_act a;
	struct sp_err err = { .reason = NULL };
	struct sp_id id, before;

	r.glass = true;
	r.minutes = 61;
	a = box_as(&b, &b.op);
	CHECK_CODE(grants_lockbox_request(&a, "harbor-pd", &r, NULL, &id, &err),
	    SP_E_INVALID, &err);
	r.minutes = 0;
	before = box_request(&b, &r);
	rule("lockbox.glass", 0);
	a = box_as(&b, &b.op);
	CHECK_DENIED(
	    grants_lockbox_request(&a, "harbor-pd", &r, NULL, &id, &err),
	    "lockbox", &err);
	/* Also what was asked before the agency forbade it. */
	CHECK_DENIED(box_break(&b, &b.sec, &before, &err), "lockbox", &err);
	rule(NULL, 0);
	CHECK_OK(box_deny(&b, &b.sec, &before, &err), &err);
}

/* --- two houses --- */

/* What one house did is in effect there at once; the other hears of it later,
 * and until then the API says what is under way. */
static void
told_later(void)
{
	static const struct {
		const struct gate_caller *who;
		enum sp_code (*end)(struct box *, const struct gate_caller *,
		    const struct sp_id *, struct sp_err *);
		const char *half, *whole;
	} rows[] = {
		{ &b.cust, box_revoke, "Revoking", "Revoked" },
		{ &b.sec, box_revoke, "Revoking", "Revoked" },
		{ &b.op, box_complete, "Completing", "Completed" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_id id = box_granted(&b);
		bool home = rows[i].who != &b.cust;
		struct gate_caller guest;
		struct sp_err err;

		runs_left = 1;
		CHECK_OK(rows[i].end(&b, rows[i].who, &id, &err), &err);
		runs_left = -1;
		CHECK(box_is(&b, home ? b.h.p : b.h.a, &id, rows[i].half));
		CHECK(box_is(&b, home ? b.h.a : b.h.p, &id, "Approved"));
		CHECK_DENIED(box_enter(&b, &b.op, &id, &b.item, &guest, &err),
		    "lockbox", &err);
		tick();
		CHECK(box_both(&b, &id, rows[i].whole));
	}
}

/* Two ends that cross: nothing is open, both are in the ledgers. */
static void
ends_cross(void)
{
	struct sp_id id = box_granted(&b);
	struct sp_err err;

	runs_left = 1;
	CHECK_OK(box_complete(&b, &b.op, &id, &err), &err);
	runs_left = 1;
	CHECK_OK(box_revoke(&b, &b.cust, &id, &err), &err);
	runs_left = -1;
	tick();
	CHECK(box_is(&b, b.h.a, &id, "Revoked"));
	CHECK(box_is(&b, b.h.p, &id, "Completed"));
	CHECK(box_acts(b.h.a, "lockbox.completed", box_text(&id)) >= 1);
	CHECK(box_acts(b.h.p, "lockbox.revoked", box_text(&id)) >= 1);
}

/* Killed before each durable step of each act: afterwards both houses agree,
 * and whatever is open both ledgers have. */
static void
crash(int which, int n, const struct sp_id *id)
{
	pid_t child = fork();
	int status = 0;
	struct sp_err err;

	CHECK(child >= 0);
	if (child == 0) {
		houses_open(&b.h);
		runs_kill = true;
		runs_left = n;
		switch (which) {
		case 0: SP_IGNORE(box_ask(&b, &b.sec, id, &err)); break;
		case 1: SP_IGNORE(box_approve(&b, &b.cust, id, &err)); break;
		case 2: SP_IGNORE(box_revoke(&b, &b.cust, id, &err)); break;
		default: SP_IGNORE(box_break(&b, &b.sec, id, &err)); break;
		}
		_exit(9);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
killed_at_each_step(void)
{
	/* Durable steps: of glass one more, which confirms it at home. */
	static const struct {
		const char *before, *after;
		int steps, does; /* from `does` on it has happened */
	} rows[] = {
		{ "Initializing", "Pending", 3, 1 },
		{ "Pending", "Approved", 3, 1 },
		{ "Approved", "Revoked", 3, 1 },
		{ "Initializing", "Approved", 4, 2 },
	};

	for (int i = 0; i < 16; i++) {
		struct grants_request r = box_wish(&b);
		int which = i / 4, n = i % 4;
		const char *is = n < rows[which].does ? rows[which].before
						      : rows[which].after;
		struct sp_err err;
		struct sp_id id;

		if (n >= rows[which].steps)
			continue;
		r.glass = which == 3;
		id = box_request(&b, &r);
		if (which == 1 || which == 2)
			CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
		if (which == 2)
			CHECK_OK(box_approve(&b, &b.cust, &id, &err), &err);
		houses_close(&b.h);
		crash(which, n, &id);
		houses_open(&b.h);
		tick();
		CHECK(box_is(&b, b.h.p, &id, is));
		if (n >= rows[which].does || which == 1 || which == 2)
			CHECK(box_is(&b, b.h.a, &id, is));
		else
			CHECK(box_entries(b.h.a, box_text(&id), "") == 0);
		/* What was confirmed and no more is confirmed again. */
		if (which == 3 && n == 1) {
			CHECK_CODE(box_deny(&b, &b.sec, &id, &err),
			    SP_E_CONFLICT, &err);
			CHECK_OK(box_break(&b, &b.sec, &id, &err), &err);
			CHECK(box_both(&b, &id, "Approved"));
		}
		if (n < rows[which].does)
			continue;
		CHECK(box_entries(b.h.a, box_text(&id), "twin") >= 1);
		CHECK(box_entries(b.h.p, box_text(&id), "twin") >= 1);
	}
}

/* --- every step in every state, of both houses' rows --- */

#define NONE GRANTS_REQUEST_STATE_COUNT /* no row there */

/* The arrows as docs/lockbox.md draws them, with what follows from following
 * them: may one become the other? */
static bool
drawn(int from, int to, bool glass)
{
	static const unsigned ordinary[NONE] = {
		[GRANTS_INITIALIZING] = 1U << GRANTS_PENDING |
		    1U << GRANTS_EXPIRED | 1U << GRANTS_DENIED,
		[GRANTS_PENDING] = 1U << GRANTS_APPROVING |
		    1U << GRANTS_APPROVED | 1U << GRANTS_DENIED |
		    1U << GRANTS_EXPIRED,
		[GRANTS_APPROVING] = 1U << GRANTS_APPROVED |
		    1U << GRANTS_DENIED | 1U << GRANTS_EXPIRED,
		[GRANTS_APPROVED] =
		    1U << GRANTS_WITHDRAWN | 1U << GRANTS_COMPLETED,
	};
	static const unsigned broken =
	    1U << GRANTS_APPROVED | 1U << GRANTS_EXPIRED | 1U << GRANTS_DENIED;
	unsigned next;

	if (from == to)
		return true;
	/* A row of the agency's begins where it is told of one. */
	if (from == NONE)
		return drawn(
		    glass ? GRANTS_INITIALIZING : GRANTS_PENDING, to, glass);
	next = glass && from == GRANTS_INITIALIZING ? broken : ordinary[from];
	for (int i = 0; i < NONE; i++)
		if ((next & 1U << i) != 0 && drawn(i, to, glass))
			return true;
	return false;
}

struct pair {
	bool glass, confirmed;
	int home, there;
};

struct placing {
	struct evidence_room *room;
	const struct pair *pair;
	struct grants_lockbox_row row;
	bool late;
};

static enum sp_code
place_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct placing *p = arg;
	struct grants_lockbox_row *r = &p->row;
	bool home = p->room == b.h.p;
	int state = home ? p->pair->home : p->pair->there;

	if (state == NONE)
		return SP_OK;
	r->state = (enum grants_request_state)state;
	r->due = sp_now() + (p->late ? -SP_SECOND : 5000 * HOUR);
	r->quorum = 1;
	r->security = state != GRANTS_INITIALIZING || p->pair->confirmed
	    ? b.sec.person
	    : (struct sp_id){ .b = { 0 } };
	if (state == GRANTS_APPROVED || state >= GRANTS_WITHDRAWN) {
		r->started = sp_now() - 2 * HOUR;
		r->until = sp_now() + (p->late ? -SP_SECOND : 5000 * HOUR);
	}
	if (grants_request_over(r->state)) {
		r->ended = sp_now();
		(void)snprintf(r->ended_by, sizeof(r->ended_by), "provider");
	}
	return home ? grants_lockbox_row_save(ledger_tx_db(tx), r, err)
		    : grants_lockbox_row_add(ledger_tx_db(tx), r, err);
}

static void
row_of(struct evidence_room *room, const struct sp_id *id,
    struct grants_lockbox_row *out)
{
	DB_LENT(reader, evidence_room_readers(room));
	struct sp_err err;
	enum sp_code code = grants_lockbox_row_load(reader.db, id, out, &err);

	CHECK(code == SP_OK || code == SP_E_NOTFOUND);
	if (code != SP_OK)
		out->state = NONE;
}

/* A new request whose rows are so. */
static struct sp_id
place(const struct pair *pair, bool late)
{
	struct grants_request r = box_wish(&b);
	struct evidence_room *const rooms[] = { b.h.p, b.h.a };
	struct sp_err err;
	struct sp_id id;

	r.glass = pair->glass;
	id = box_request(&b, &r);
	for (int i = 0; i < 2; i++) {
		struct placing p = {
			.room = rooms[i],
			.pair = pair,
			.late = late,
		};

		grants_lockbox_row_init(&p.row);
		row_of(b.h.p, &id, &p.row);
		p.row.started = p.row.until = p.row.ended = 0;
		p.row.ended_by[0] = '\0';
		CHECK_OK(ledger_writer_run(evidence_room_writer(rooms[i]),
			     place_run, &p, &err),
		    &err);
		grants_lockbox_row_done(&p.row);
	}
	return id;
}

static enum sp_code
tick_of(struct box *x, const struct gate_caller *who, const struct sp_id *id,
    struct sp_err *err)
{
	(void)id;
	*err = (struct sp_err){ .code = SP_OK };
	grants_lockbox_tick(x->h.f.site, who == &b.sec ? x->h.p : x->h.a);
	return SP_OK;
}

/* What anybody may do, each broken off where the other house would be told. */
static const struct one {
	enum sp_code (*act)(struct box *x, const struct gate_caller *who,
	    const struct sp_id *id, struct sp_err *err);
	const struct gate_caller *who;
	int runs;
	bool late;
} steps[] = {
	{ box_ask, &b.sec, 1, false },
	{ box_break, &b.sec, 1, false }, /* confirmed */
	{ box_break, &b.sec, 2, false }, /* and in the agency's ledger */
	{ box_deny, &b.sec, 1, false },
	{ box_revoke, &b.sec, 1, false },
	{ box_complete, &b.op, 1, false },
	{ tick_of, &b.sec, -1, true },
	{ box_approve, &b.cust, 1, false },
	{ box_deny, &b.cust, 1, false },
	{ box_revoke, &b.cust, 1, false },
	{ tick_of, &b.cust, 1, true },
};

/* Both rows are where an arrow, or more of them, leads from where they were,
 * and say of themselves what belongs to that. */
static void
check_rows(const struct sp_id *id, struct pair *io)
{
	struct evidence_room *const rooms[] = { b.h.p, b.h.a };
	int *const was[] = { &io->home, &io->there };

	for (int i = 0; i < 2; i++) {
		GRANTS_AUTO_LOCKBOX r;
		bool began, over;

		grants_lockbox_row_init(&r);
		row_of(rooms[i], id, &r);
		CHECK(drawn(*was[i], (int)r.state, io->glass));
		*was[i] = (int)r.state;
		if ((int)r.state == NONE)
			continue;
		began = r.state == GRANTS_APPROVED ||
		    r.state == GRANTS_WITHDRAWN || r.state == GRANTS_COMPLETED;
		over = grants_request_over(r.state);
		CHECK((r.started != 0) == began && (r.ended != 0) == over);
		CHECK(!over || r.ended >= r.started);
	}
}

static void
cross(const struct pair *from, const struct one *one, const struct one *two)
{
	const struct one *of[] = { one, two };
	bool late = one->late || (two != NULL && two->late);
	struct sp_id id = place(from, late);
	struct pair now = *from;
	struct sp_err err;

	for (int i = 0; i < 2 && of[i] != NULL; i++) {
		struct pair before = now;
		enum sp_code code;

		runs_left = of[i]->runs;
		code = of[i]->act(&b, of[i]->who, &id, &err);
		runs_left = -1;
		check_rows(&id, &now);
		CHECK(code == SP_OK || code == SP_E_CONFLICT ||
		    code == SP_E_NOTFOUND || code == SP_E_UNAVAIL);
		/* What was refused has changed nothing. */
		if (code == SP_E_CONFLICT || code == SP_E_NOTFOUND)
			CHECK(now.home == before.home &&
			    now.there == before.there);
	}
	tick();
	check_rows(&id, &now);
	/* Told of all, no house has one open that the other ended. */
	if (from->home == from->there || from->home == GRANTS_INITIALIZING)
		CHECK((now.home == GRANTS_APPROVED) ==
			(now.there == GRANTS_APPROVED) ||
		    (from->confirmed && from->there != NONE));
	/* Nothing is left for the clock to end. */
	if (now.there == GRANTS_APPROVED)
		CHECK_OK(box_revoke(&b, &b.cust, &id, &err), &err);
	if (from->glass && from->there == NONE)
		CHECK(box_acts(b.h.a, "glass.broken", box_text(&id)) ==
		    (now.there == NONE ? 0U : 1U));
}

static void
only_drawn_arrows(void)
{
	static const struct pair pairs[] = {
		{ false, false, GRANTS_INITIALIZING, NONE },
		{ false, false, GRANTS_PENDING, GRANTS_PENDING },
		{ false, false, GRANTS_APPROVED, GRANTS_APPROVED },
		{ true, false, GRANTS_INITIALIZING, NONE },
		{ true, true, GRANTS_INITIALIZING, NONE },
		{ true, false, GRANTS_APPROVED, GRANTS_APPROVED },
		/* From here on one house was not told yet, or all is over. */
		{ false, false, GRANTS_PENDING, NONE },
		{ false, false, GRANTS_PENDING, GRANTS_APPROVING },
		{ false, false, GRANTS_APPROVING, GRANTS_APPROVING },
		{ false, false, GRANTS_PENDING, GRANTS_APPROVED },
		{ false, false, GRANTS_DENIED, NONE },
		{ false, false, GRANTS_DENIED, GRANTS_PENDING },
		{ false, false, GRANTS_PENDING, GRANTS_DENIED },
		{ false, false, GRANTS_DENIED, GRANTS_DENIED },
		{ false, false, GRANTS_APPROVED, GRANTS_WITHDRAWN },
		{ false, false, GRANTS_WITHDRAWN, GRANTS_APPROVED },
		{ false, false, GRANTS_COMPLETED, GRANTS_APPROVED },
		{ false, false, GRANTS_COMPLETED, GRANTS_WITHDRAWN },
		{ false, false, GRANTS_EXPIRED, GRANTS_EXPIRED },
		{ true, true, GRANTS_INITIALIZING, GRANTS_APPROVED },
		{ true, true, GRANTS_INITIALIZING, GRANTS_WITHDRAWN },
		{ true, false, GRANTS_DENIED, NONE },
		{ true, false, GRANTS_EXPIRED, NONE },
		{ true, false, GRANTS_WITHDRAWN, GRANTS_WITHDRAWN },
		{ true, false, GRANTS_APPROVED, GRANTS_COMPLETED },
	};
	static const size_t live = 6;

	for (size_t i = 0; i < SP_COUNTOF(pairs); i++)
		for (size_t x = 0; x < SP_COUNTOF(steps); x++) {
			cross(&pairs[i], &steps[x], NULL);
			for (size_t y = 0; i < live && y < SP_COUNTOF(steps);
			     y++)
				cross(&pairs[i], &steps[x], &steps[y]);
		}
}

/* --- the clock; from here on it has been seen later --- */

static void
time_runs_out(void)
{
	static struct grants_request g, r;
	struct sp_id idea, pending;
	struct sp_id open = box_granted(&b), glass;
	struct gate_caller guest;
	struct sp_err err;

	r = box_wish(&b);
	idea = box_request(&b, &r);
	pending = box_request(&b, &r);
	g = r;
	g.glass = true;
	glass = box_request(&b, &g);
	CHECK_OK(box_ask(&b, &b.sec, &pending, &err), &err);
	CHECK_OK(box_enter(&b, &b.op, &open, &b.item, &guest, &err), &err);
	/* 60 minutes were asked for, and the glass waits no longer. */
	shift = HOUR + SP_SECOND;
	CHECK_DENIED(box_enter(&b, &b.op, &open, &b.item, &guest, &err),
	    "lockbox", &err);
	CHECK_CODE(box_break(&b, &b.sec, &glass, &err), SP_E_CONFLICT, &err);
	/* Before anybody has written it down the API says so. */
	CHECK(box_both(&b, &open, "Completed"));
	tick();
	CHECK(box_both(&b, &open, "Completed"));
	CHECK(box_acts(b.h.a, "lockbox.completed", box_text(&open)) == 1);
	CHECK(box_entries(b.h.a, "\"by\":\"time\"", box_text(&open)) == 1);
	CHECK(box_is(&b, b.h.p, &glass, "Expired"));
	CHECK(box_both(&b, &pending, "Pending"));
	/* The clock set back brings nothing back. */
	shift = 0;
	CHECK_DENIED(box_enter(&b, &b.op, &open, &b.item, &guest, &err),
	    "lockbox", &err);
	CHECK_CODE(box_break(&b, &b.sec, &glass, &err), SP_E_CONFLICT, &err);

	shift = 96 * HOUR + SP_SECOND;
	CHECK_CODE(
	    box_approve(&b, &b.cust, &pending, &err), SP_E_CONFLICT, &err);
	shift = 0;
	CHECK_CODE(
	    box_approve(&b, &b.cust, &pending, &err), SP_E_CONFLICT, &err);
	CHECK_CODE(box_ask(&b, &b.sec, &idea, &err), SP_E_CONFLICT, &err);
	CHECK(box_both(&b, &pending, "Pending"));
	shift = 96 * HOUR + SP_SECOND;
	tick();
	CHECK(box_both(&b, &pending, "Expired"));
	CHECK(box_is(&b, b.h.p, &idea, "Expired"));
	CHECK(box_entries(b.h.a, box_text(&idea), "") == 0);
	shift = 0;
	tick();
	CHECK(box_both(&b, &pending, "Expired"));
}

static void
pages(void)
{
	struct grants_lockbox_list q = { .state = "Denied", .n = 2 };
	SP_AUTO_BUF text = sp_buf_new(1 << 22);
	struct sp_err err = { .reason = NULL };
	struct sp_id after;
	json_t *j;
	const char *next;
	size_t n = 0;

	do {
		sp_buf_clear(&text);
		CHECK_OK(grants_lockbox_list_json(
			     b.h.f.site, b.h.p, &q, &text, &err),
		    &err);
		j = json_loads(sp_buf_str(&text), 0, NULL);
		n += json_array_size(json_object_get(j, "items"));
		next = json_string_value(json_object_get(j, "next"));
		CHECK(next == NULL || sp_id_parse(next, strlen(next), &after));
		q.before = next == NULL ? NULL : &after;
		json_decref(j);
	} while (q.before != NULL);
	CHECK(n >= 4);
	q.state = "denied";
	CHECK_CODE(grants_lockbox_list_json(b.h.f.site, b.h.p, &q, &text, &err),
	    SP_E_INVALID, &err);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "a request is lived through", a_request_is_lived_through },
		{ "who decides is not who asked",
		    who_decides_is_not_who_asked },
		{ "what has ended stays", what_has_ended_stays },
		{ "what may be asked", what_may_be_asked },
		{ "two must approve", two_must_approve },
		{ "glass is seen at once", glass_is_seen_at_once },
		{ "glass half broken", glass_half_broken },
		{ "glass may be forbidden", glass_may_be_forbidden },
		{ "told later", told_later },
		{ "ends cross", ends_cross },
		{ "killed at each step", killed_at_each_step },
		{ "only drawn arrows are followed", only_drawn_arrows },
		{ "pages", pages },
		{ "time runs out", time_runs_out },
	};
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	box_make(&b);
	rc = tap_run(cases, SP_COUNTOF(cases));
	box_remove(&b);
	return rc;
}
