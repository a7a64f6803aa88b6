#include "gate/token.h"
#include "grants/guest.h"
#include "grants/lockbox_parts.h"
#include "people/person.h"

#include <string.h>

#define MINUTE     (60 * SP_SECOND)
#define TICK_TURNS 32 /* requests ended in one tick */

/* --- who may --- */

static bool
at_home(const struct grants_lockbox_act *a)
{
	return evidence_room_agency(a->room)->provider;
}

static enum sp_code
not_here(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_NOTFOUND, "lockbox.unknown",
	    "there is no such lockbox request");
}

/* The gate of the house that acts, with the duty found out. */
static enum sp_code
admit(const struct grants_lockbox_act *a, enum gate_act act,
    const struct sp_id *id, enum gate_duty duty, struct sp_err *err)
{
	struct gate_facts f = gate_caller_facts(a->who, act);
	struct gate_request rq = {
		.who = a->who,
		.act = act,
		.on = { .kind = "lockbox" },
		.facts = &f,
	};
	GATE_AUTO_PASS pass = NULL;

	if (id != NULL)
		rq.on.id = *id;
	f.duty = duty;
	return gate_admit_with(evidence_room_gate(a->room), &rq, &pass, err);
}

static enum sp_code
load(struct evidence_room *room, const struct sp_id *id,
    struct grants_lockbox_row *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	return grants_lockbox_row_load(reader.db, id, out, err);
}

static enum sp_code
person_of(struct evidence_room *room, const struct sp_id *id,
    struct people_person *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	return people_person_by_id(reader.db, id, out, err);
}

/* Who asked, at home; whoever acts in another house is the same human when
 * both houses call them by the same name. */
static enum sp_code
duty_of(const struct grants_lockbox_act *a, const struct grants_lockbox_row *r,
    enum gate_act act, enum gate_duty *out, struct sp_err *err)
{
	struct evidence_room *home = NULL;
	struct people_person asked, acts;

	if (sp_id_is_zero(&a->who->person)) {
		*out = GATE_DUTY_OTHER;
		return SP_OK;
	}
	if (at_home(a)) {
		DB_LENT(reader, evidence_room_readers(a->room));

		return gate_caller_duty(
		    reader.db, a->who, act, &r->asked.requester, out, err);
	}
	SP_TRY(evidence_site_room_of(a->site, &r->asked.house, &home, err));
	SP_TRY(person_of(home, &r->asked.requester, &asked, err));
	SP_TRY(person_of(a->room, &a->who->person, &acts, err));
	*out = strcmp(asked.human, acts.human) == 0 ? GATE_DUTY_SAME
						    : GATE_DUTY_OTHER;
	return SP_OK;
}

/* --- one step of a request --- */

struct step {
	const struct grants_lockbox_act *a;
	struct sp_id id;
	enum grants_request_event wish;   /* what is to happen */
	enum grants_request_event event;  /* and what did */
	const char *reason;               /* or NULL */
	const char *finding;              /* of a review */
	const char *by;                   /* "agency", "provider", "time" */
	const struct people_rules *rules; /* the agency's */
	sp_time now;
	struct evidence_room *first; /* in whose transaction it happens */
	/* What entries say, and what the other house is told. */
	struct sp_buf detail, body;
	struct sp_id told; /* zero: nobody; else the other house */
	bool own, ended;
	struct grants_lockbox_row row; /* as it is afterwards */
};

static void
step_init(struct step *s, const struct grants_lockbox_act *a,
    const struct sp_id *id, enum grants_request_event event)
{
	memset(s, 0, sizeof(*s));
	s->a = a;
	s->id = *id;
	s->wish = s->event = event;
	s->now = sp_now();
	s->first = a->room;
	s->by = at_home(a) ? "provider" : "agency";
	s->detail = sp_buf_new(1024);
	s->body = sp_buf_new(GRANTS_TWIN_BODY);
	grants_lockbox_row_init(&s->row);
}

static void
step_done(struct step *s)
{
	sp_buf_free(&s->detail);
	sp_buf_free(&s->body);
	grants_lockbox_row_done(&s->row);
}
#define AUTO_STEP SP_CLEANUP(step_done) struct step

static void
put_sha256(struct sp_json *j, const struct grants_lockbox_row *r)
{
	uint8_t sum[CRYPTO_SHA256_LEN];

	grants_lockbox_row_sha256(r, sum);
	sp_json_hex(j, "sha256", sum, sizeof(sum));
}

/* Reviewing broken glass is no event of its life. */
static bool
breaks(const struct step *s)
{
	return s->wish == GRANTS_BREAK && s->finding == NULL;
}

/* Members in order; each act has some of them (docs/ledger.md). */
static enum sp_code
say(struct step *s, struct sp_err *err)
{
	const struct grants_lockbox_row *r = &s->row;
	bool approved = s->event == GRANTS_APPROVE || s->event == GRANTS_LAST;
	bool broken = breaks(s);
	struct sp_json j;

	sp_buf_clear(&s->detail);
	sp_buf_clear(&s->body);
	j = sp_json_to(&s->detail);
	sp_json_object(&j, NULL);
	if (approved)
		sp_json_int(&j, "approvals", r->approvals);
	if (grants_request_over(r->state) && s->finding == NULL)
		sp_json_str(&j, "by", s->by);
	if (broken)
		sp_json_id(&j, "confirmed_by", &r->security);
	if (s->event == GRANTS_ASK)
		sp_json_time(&j, "due", r->due);
	if (s->finding != NULL)
		sp_json_str(&j, "finding", s->finding);
	if (approved)
		sp_json_int(&j, "quorum", r->quorum);
	if (s->event == GRANTS_ASK || broken)
		sp_json_id(&j, "requester", &r->asked.requester);
	put_sha256(&j, r);
	if (s->event == GRANTS_LAST || broken)
		sp_json_time(&j, "until", r->until);
	sp_json_end(&j);
	grants_lockbox_row_tell(r, &s->body);
	SP_TRY(sp_buf_check(&s->detail, "detail", err));
	return sp_buf_check(&s->body, "what the other house is told", err);
}

static const char *
act_of(const struct step *s)
{
	static const char *const acts[GRANTS_REQUEST_EVENT_COUNT] = {
		[GRANTS_ASK] = "lockbox.asked",
		[GRANTS_BREAK] = "glass.broken",
		[GRANTS_DROP] = "lockbox.denied",
		[GRANTS_APPROVE] = "lockbox.approved",
		[GRANTS_LAST] = "lockbox.approved",
		[GRANTS_DENY] = "lockbox.denied",
		[GRANTS_LATE] = "lockbox.expired",
		[GRANTS_REVOKE] = "lockbox.revoked",
		[GRANTS_COMPLETE] = "lockbox.completed",
		[GRANTS_END] = "lockbox.completed",
	};

	return s->finding != NULL ? "glass.reviewed" : acts[s->event];
}

/* --- approvals --- */

struct counting {
	struct db *db;
	const struct people_rules *rules;
	const struct sp_id *person; /* who approves now */
	sp_time now;
	int64_t n;
	bool same; /* this human did already */
	bool tied; /* one behind whose account they are, or who is behind it */
};

/* Approvers who may not any more do not count. */
static enum sp_code
count_one(void *arg, const struct sp_id *person, sp_time at, struct sp_err *err)
{
	struct counting *c = arg;
	struct people_person p;
	enum gate_role role;
	enum people_tie tie;

	(void)at;
	SP_TRY(people_person_tie(c->db, person, c->person, &tie, err));
	c->same = c->same || tie == PEOPLE_SAME;
	c->tied = c->tied || tie == PEOPLE_TIED;
	SP_TRY(people_person_by_id(c->db, person, &p, err));
	SP_REQUIRE(gate_role_parse(people_role_name(p.role), &role));
	if (people_person_state(&p, c->rules, c->now).state == PEOPLE_ACTIVE &&
	    gate_role_may(role, GATE_LOCKBOX_APPROVE))
		c->n++;
	return SP_OK;
}

static enum sp_code
approve_here(struct ledger_tx *tx, struct step *s, struct sp_err *err)
{
	struct counting c = {
		.db = ledger_tx_db(tx),
		.rules = s->rules,
		.person = &s->a->who->person,
		.now = s->now,
	};

	SP_TRY(grants_lockbox_row_approvers(c.db, &s->id, count_one, &c, err));
	if (c.same)
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.approved",
		    "you approved this already, by this account or another");
	if (c.tied)
		return sp_fail_as(err, SP_E_DENIED,
		    gate_code_name(GATE_NOT_ROLE),
		    "an earlier approver added or invited this account, or was "
		    "added or invited by it: another approver is needed");
	SP_TRY(grants_lockbox_row_approve(
	    c.db, &s->id, &s->a->who->person, s->now, err));
	s->row.approvals = c.n + 1;
	s->row.quorum = people_rules_get(s->rules, PEOPLE_LOCKBOX_QUORUM);
	s->event =
	    s->row.approvals >= s->row.quorum ? GRANTS_LAST : GRANTS_APPROVE;
	return SP_OK;
}

/* --- what an event does to a row --- */

static void
begin_access(struct step *s)
{
	struct grants_lockbox_row *r = &s->row;
	int64_t most = people_rules_get(s->rules,
	    r->asked.glass ? PEOPLE_LOCKBOX_GLASS : PEOPLE_LOCKBOX_ACCESS);
	int64_t minutes = r->asked.minutes < most ? r->asked.minutes : most;

	r->started = s->now;
	r->until = s->now + minutes * MINUTE;
}

static void
end_access(struct step *s)
{
	struct grants_lockbox_row *r = &s->row;

	r->ended = s->now;
	(void)snprintf(r->ended_by, sizeof(r->ended_by), "%s", s->by);
	(void)snprintf(r->reason, sizeof(r->reason), "%s",
	    s->reason == NULL ? "" : s->reason);
	s->ended = true;
}

/* An answer that comes too late, though the tick has not said so yet. */
static bool
answered_late(const struct step *s)
{
	return s->row.state <= GRANTS_APPROVING && s->event != GRANTS_LATE &&
	    s->event != GRANTS_DROP && s->event != GRANTS_DENY &&
	    gate_token_expired(s->row.due);
}

/* The tick's own: is it due, in truth? */
static bool
not_due(const struct step *s)
{
	return (s->event == GRANTS_LATE && !gate_token_expired(s->row.due)) ||
	    (s->event == GRANTS_END && !gate_token_expired(s->row.until));
}

/* At home: glass is being broken, so that the agency may have it already. */
static bool
confirmed(const struct grants_lockbox_row *r)
{
	return r->asked.glass && r->state == GRANTS_INITIALIZING &&
	    !sp_id_is_zero(&r->security);
}

static enum sp_code
change(struct ledger_tx *tx, struct step *s, struct sp_err *err)
{
	struct grants_lockbox_row *r = &s->row;
	enum grants_request_state state = r->state;
	struct sp_err why;

	if (answered_late(s))
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "the request has run out: ask for a new one");
	if (not_due(s))
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "the request's time is not over");
	if (s->event == GRANTS_DROP && confirmed(r))
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "glass is being broken: revoke it when it is, or confirm "
		    "again what was interrupted");
	/* Whether it may happen at all, before approvals are counted. */
	SP_TRY(grants_request_happen(&state, r->asked.glass, s->event, err));
	if (s->event == GRANTS_APPROVE) {
		SP_TRY(approve_here(tx, s, err));
		state = r->state;
		SP_REQUIRE(grants_request_happen(&state, r->asked.glass,
			       s->event, &why) == SP_OK);
	}
	r->state = state;
	if (s->event == GRANTS_ASK)
		r->due = s->now +
		    people_rules_time(s->rules, PEOPLE_LOCKBOX_PENDING);
	if (s->event == GRANTS_ASK || s->event == GRANTS_BREAK)
		r->security = s->a->who->person;
	if (state == GRANTS_APPROVED)
		begin_access(s);
	if (grants_request_over(state))
		end_access(s);
	return SP_OK;
}

static enum sp_code
review(struct step *s, struct sp_err *err)
{
	struct grants_lockbox_row *r = &s->row;

	if (!r->asked.glass || r->reviewed != 0)
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state", "%s",
		    r->asked.glass ? "it has been reviewed"
				   : "no glass was broken");
	r->reviewed = s->now;
	r->reviewer = s->a->who->person;
	(void)snprintf(r->finding, sizeof(r->finding), "%s", s->finding);
	(void)snprintf(
	    r->note, sizeof(r->note), "%s", s->reason == NULL ? "" : s->reason);
	return SP_OK;
}

/* In the first house's transaction, which may be run a second time.  A break
 * is new there, of a request that is confirmed at home, where nothing else can
 * happen to it meanwhile; everything else changes what is. */
static enum sp_code
step_here(struct ledger_tx *tx, struct step *s, struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);

	s->event = s->wish;
	if (breaks(s))
		s->row.state = GRANTS_INITIALIZING;
	else
		SP_TRY(grants_lockbox_row_load(db, &s->id, &s->row, err));
	/* Asked meanwhile: the agency has to be told of it now. */
	if (sp_id_is_zero(&s->told) && s->row.state != GRANTS_INITIALIZING)
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "the request has just changed: try again");
	if (s->finding != NULL)
		SP_TRY(review(s, err));
	else
		SP_TRY(change(tx, s, err));
	SP_TRY(say(s, err));
	return breaks(s) ? grants_lockbox_row_add(db, &s->row, err)
			 : grants_lockbox_row_save(db, &s->row, err);
}

static enum sp_code
step_twin(struct ledger_tx *tx, struct grants_twin_act *io, struct sp_err *err)
{
	struct step *s = io->arg;

	SP_TRY(step_here(tx, s, err));
	io->act = act_of(s);
	io->detail = sp_buf_str(&s->detail);
	io->body = sp_buf_str(&s->body);
	return SP_OK;
}

static enum sp_code
step_alone(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct step *s = arg;
	struct ledger_entry e;

	SP_TRY(step_here(tx, s, err));
	e = gate_entry(s->a->who, act_of(s), "lockbox", &s->id);
	e.detail = sp_buf_str(&s->detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

/* Those who listen, and what goes on under it. */
static void
tell(struct evidence_room *room, const struct step *s)
{
	const struct events_event e = {
		.kind = breaks(s) ? EVENTS_GLASS : EVENTS_LOCKBOX,
		.object = s->id,
	};

	events_hub_tell(evidence_room_events(room), &e);
}

static void
told(struct step *s, struct evidence_room *other)
{
	if (s->ended)
		evidence_room_cut(s->first, &s->id);
	if (s->ended && other != NULL)
		evidence_room_cut(other, &s->id);
	tell(s->first, s);
	if (other != NULL)
		tell(other, s);
}

/* The agency knows of a request once it was asked or glass was broken: until
 * then what becomes of it is the provider's affair. */
static enum sp_code
step_run(struct step *s, struct sp_err *err)
{
	struct grants_twin_act t = {
		.first = s->first,
		.who = s->a->who,
		.kind = &grants_lockbox_kind,
		.act = act_of(s),
		.object_kind = "lockbox",
		.object = s->id,
		.here = step_twin,
		.arg = s,
	};

	if (sp_id_is_zero(&s->told)) {
		SP_TRY(ledger_writer_run(
		    evidence_room_writer(s->first), step_alone, s, err));
	} else {
		SP_TRY(evidence_site_room_of(
		    s->a->site, &s->told, &t.second, err));
		SP_TRY(grants_twin_run(&t, NULL, err));
	}
	told(s, t.second);
	return SP_OK;
}

/* The agency whose request it is, and its rules. */
static enum sp_code
step_place(struct step *s, const struct grants_lockbox_row *r,
    struct evidence_room **agency, struct sp_err *err)
{
	SP_TRY(
	    evidence_site_room_of(s->a->site, &r->asked.agency, agency, err));
	s->rules = evidence_room_rules(*agency);
	if (!at_home(s->a))
		s->told = r->asked.house;
	else if (r->state != GRANTS_INITIALIZING || s->event == GRANTS_ASK)
		s->told = r->asked.agency;
	return SP_OK;
}

/* --- asking --- */

struct asking {
	const struct grants_lockbox_act *a;
	const struct gate_once *once;
	struct grants_lockbox_row row;
	struct sp_id id; /* what the key's first request made, or this */
};

static enum sp_code
asked_detail(
    const struct grants_lockbox_row *r, struct sp_buf *out, struct sp_err *err)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	sp_json_id(&j, "agency", &r->asked.agency);
	put_sha256(&j, r);
	sp_json_end(&j);
	return sp_buf_check(out, "detail", err);
}

static enum sp_code
request_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct asking *k = arg;
	const struct grants_lockbox_row *r = &k->row;
	SP_AUTO_BUF detail = sp_buf_new(512);
	struct ledger_entry e;
	bool before = false;
	int64_t open = 0;

	k->id = r->asked.id;
	if (k->once != NULL)
		SP_TRY(gate_once_take(tx, k->once, &k->id, &before, err));
	if (before)
		return SP_OK;
	SP_TRY(grants_lockbox_row_open(ledger_tx_db(tx), &open, err));
	if (open >= GRANTS_LOCKBOX_OPEN)
		return sp_fail_as(err, SP_E_LIMIT, "lockbox.open",
		    "there are %d open requests: end some",
		    GRANTS_LOCKBOX_OPEN);
	SP_TRY(grants_lockbox_row_add(ledger_tx_db(tx), r, err));
	SP_TRY(asked_detail(r, &detail, err));
	e = gate_entry(k->a->who,
	    r->asked.glass ? "glass.requested" : "lockbox.requested", "lockbox",
	    &r->asked.id);
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

static enum sp_code
how_long(const struct people_rules *rules, struct grants_request *r,
    struct sp_err *err)
{
	int64_t most = people_rules_get(
	    rules, r->glass ? PEOPLE_LOCKBOX_GLASS : PEOPLE_LOCKBOX_ACCESS);

	if (most == 0)
		return sp_fail_as(err, SP_E_DENIED, "lockbox",
		    "the agency's policy forbids breaking glass "
		    "(lockbox.glass is 0)");
	if (r->minutes == 0)
		r->minutes = most;
	if (r->minutes > most)
		return sp_fail_as(err, SP_E_INVALID, "lockbox.minutes",
		    "lockbox.minutes: at most %jd by the agency's policy",
		    (intmax_t)most);
	return SP_OK;
}

/* Somebody who is not cleared need not be asked for. */
static enum sp_code
cleared(const struct grants_lockbox_act *a, struct evidence_room *agency,
    const struct sp_id *person, struct sp_err *err)
{
	enum gate_clearance c = GATE_CLEARANCE_UNKNOWN;

	SP_TRY(grants_guest_clearance(a->room, agency, person, &c, err));
	if (c != GATE_CLEARANCE_OK)
		return sp_fail_as(err, SP_E_DENIED, gate_clearance_name(c),
		    "the requester is not cleared for %s (%s): %s",
		    evidence_room_agency(agency)->slug,
		    evidence_room_agency(agency)->state,
		    gate_clearance_name(c));
	return SP_OK;
}

static enum sp_code
fill(const struct grants_lockbox_act *a, struct evidence_room *agency,
    struct grants_lockbox_row *row, struct sp_err *err)
{
	const struct people_rules *rules = evidence_room_rules(agency);
	struct grants_request *r = &row->asked;
	struct people_person p;
	struct sp_json j = sp_json_to(&row->text);

	SP_TRY(how_long(rules, r, err));
	SP_TRY(person_of(a->room, &a->who->person, &p, err));
	r->id = sp_id_new();
	r->agency = evidence_room_agency(agency)->id;
	r->house = a->who->agency;
	r->requester = a->who->person;
	r->created = sp_now();
	memcpy(r->name, p.name, sizeof(p.name));
	if (r->from.n == 0)
		SP_TRY(machine_ranges_add(
		    &r->from, a->who->address, strlen(a->who->address), err));
	row->state = GRANTS_INITIALIZING;
	row->due = r->created +
	    (r->glass ? people_rules_time(rules, PEOPLE_LOCKBOX_GLASS)
		      : people_rules_time(rules, PEOPLE_LOCKBOX_PENDING));
	grants_request_put(&j, NULL, r);
	return sp_buf_check(&row->text, "lockbox request", err);
}

static enum sp_code
find_agency(const struct grants_lockbox_act *a, const char *slug,
    struct evidence_room **out, struct sp_err *err)
{
	enum sp_code code = evidence_site_room(a->site, slug, out, err);

	if (code == SP_E_NOTFOUND ||
	    (code == SP_OK && evidence_room_agency(*out)->provider))
		return sp_fail_as(err, SP_E_INVALID, "lockbox.agency",
		    "lockbox.agency: no agency %.64s", slug);
	return code;
}

enum sp_code
grants_lockbox_request(const struct grants_lockbox_act *a, const char *slug,
    const struct grants_request *r, const struct gate_once *once,
    struct sp_id *id, struct sp_err *err)
{
	struct evidence_room *agency = NULL;
	struct asking *k;
	enum sp_code code;

	if (!at_home(a))
		return not_here(err);
	SP_TRY(admit(a, r->glass ? GATE_BREAK_REQUEST : GATE_LOCKBOX_REQUEST,
	    NULL, GATE_DUTY_OTHER, err));
	SP_TRY(find_agency(a, slug, &agency, err));
	SP_TRY(cleared(a, agency, &a->who->person, err));
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a request");
	grants_lockbox_row_init(&k->row);
	k->a = a;
	k->once = once;
	k->row.asked = *r;
	code = fill(a, agency, &k->row, err);
	if (code == SP_OK)
		code = ledger_writer_run(
		    evidence_room_writer(a->room), request_run, k, err);
	if (code == SP_OK)
		*id = k->id;
	grants_lockbox_row_done(&k->row);
	free(k);
	return code;
}

/* --- answering --- */

/* A step that somebody takes, after the gate has let them.  `own`: only whoever
 * asked for it. */
static enum sp_code
take(const struct grants_lockbox_act *a, struct step *s, enum gate_act act,
    struct sp_err *err)
{
	struct evidence_room *agency = NULL;
	enum gate_duty duty = GATE_DUTY_UNKNOWN;

	/* Who may not must not learn from the answer what there is. */
	if (!gate_role_may(a->who->role, act))
		return admit(a, act, &s->id, GATE_DUTY_OTHER, err);
	SP_TRY(load(a->room, &s->id, &s->row, err));
	if (s->own && !sp_id_equal(&s->row.asked.requester, &a->who->person))
		return not_here(err);
	SP_TRY(duty_of(a, &s->row, act, &duty, err));
	SP_TRY(admit(a, act, &s->id, duty, err));
	SP_TRY(step_place(s, &s->row, &agency, err));
	if (s->event == GRANTS_ASK)
		SP_TRY(cleared(a, agency, &s->row.asked.requester, err));
	return step_run(s, err);
}

enum sp_code
grants_lockbox_ask(const struct grants_lockbox_act *a, const struct sp_id *id,
    struct sp_err *err)
{
	AUTO_STEP s;

	step_init(&s, a, id, GRANTS_ASK);
	if (!at_home(a))
		return not_here(err);
	return take(a, &s, GATE_LOCKBOX_INTERNAL, err);
}

enum sp_code
grants_lockbox_approve(const struct grants_lockbox_act *a,
    const struct sp_id *id, struct sp_err *err)
{
	AUTO_STEP s;

	step_init(&s, a, id, GRANTS_APPROVE);
	if (at_home(a))
		return not_here(err);
	return take(a, &s, GATE_LOCKBOX_APPROVE, err);
}

static enum sp_code
reason_check(const char *reason, struct sp_err *err)
{
	return reason == NULL ? SP_OK
			      : grants_request_text_check("lockbox.reason",
				    reason, 1, GRANTS_REQUEST_REASON, err);
}

enum sp_code
grants_lockbox_deny(const struct grants_lockbox_act *a, const struct sp_id *id,
    const char *reason, struct sp_err *err)
{
	AUTO_STEP s;

	step_init(&s, a, id, at_home(a) ? GRANTS_DROP : GRANTS_DENY);
	SP_TRY(reason_check(reason, err));
	s.reason = reason;
	return take(a, &s, GATE_LOCKBOX_DENY, err);
}

enum sp_code
grants_lockbox_revoke(const struct grants_lockbox_act *a,
    const struct sp_id *id, const char *reason, struct sp_err *err)
{
	AUTO_STEP s;

	step_init(&s, a, id, GRANTS_REVOKE);
	SP_TRY(reason_check(reason, err));
	s.reason = reason;
	return take(a, &s, GATE_LOCKBOX_REVOKE, err);
}

enum sp_code
grants_lockbox_review(const struct grants_lockbox_act *a,
    const struct sp_id *id, const char *finding, const char *note,
    struct sp_err *err)
{
	AUTO_STEP s;

	step_init(&s, a, id, GRANTS_BREAK);
	if (at_home(a))
		return not_here(err);
	if (finding == NULL ||
	    (strcmp(finding, "justified") != 0 &&
		strcmp(finding, "unjustified") != 0))
		return sp_fail_as(err, SP_E_INVALID, "lockbox.finding",
		    "lockbox.finding: justified or unjustified");
	if (note != NULL)
		SP_TRY(grants_request_text_check(
		    "lockbox.note", note, 1, GRANTS_REQUEST_REASON, err));
	s.finding = finding;
	s.reason = note;
	return take(a, &s, GATE_LOCKBOX_APPROVE, err);
}

/* Only who asked gives it back. */
enum sp_code
grants_lockbox_complete(const struct grants_lockbox_act *a,
    const struct sp_id *id, struct sp_err *err)
{
	AUTO_STEP s;

	step_init(&s, a, id, GRANTS_COMPLETE);
	s.own = true;
	if (!at_home(a))
		return not_here(err);
	return take(a, &s, GATE_LOCKBOX_REQUEST, err);
}

/* --- breaking glass --- */

/* At home, where dropping it or its running out excludes it: whichever comes
 * first there.  Once confirmed it waits for the agency's entry only. */
static enum sp_code
confirm_here(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct step *s = arg;
	struct db *db = ledger_tx_db(tx);
	struct grants_lockbox_row *r = &s->row;
	enum grants_request_state state;
	SP_AUTO_BUF detail = sp_buf_new(512);
	struct ledger_entry e;

	SP_TRY(grants_lockbox_row_load(db, &s->id, r, err));
	state = r->state;
	SP_TRY(grants_request_happen(&state, r->asked.glass, s->event, err));
	if (answered_late(s))
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "the request has run out: ask for a new one");
	r->security = s->a->who->person;
	SP_TRY(grants_lockbox_row_save(db, r, err));
	SP_TRY(asked_detail(r, &detail, err));
	e = gate_entry(s->a->who, "glass.confirmed", "lockbox", &s->id);
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

/* Broken before, and this house not told yet: adding the row again fails in the
 * agency's. */
static enum sp_code
run_break(struct step *s, struct sp_err *err)
{
	struct sp_err why;
	enum sp_code code = step_run(s, &why);

	if (code == SP_E_CONFLICT && why.reason == NULL)
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "glass is broken already");
	return code == SP_OK
	    ? SP_OK
	    : sp_fail_as(err, code, why.reason, "%s", why.text);
}

/* The agency's ledger is the first: without its entry nothing is open. */
enum sp_code
grants_lockbox_break(const struct grants_lockbox_act *a, const struct sp_id *id,
    struct sp_err *err)
{
	AUTO_STEP s;
	struct evidence_room *agency = NULL;
	enum gate_duty duty = GATE_DUTY_UNKNOWN;

	step_init(&s, a, id, GRANTS_BREAK);
	if (!at_home(a))
		return not_here(err);
	if (!gate_role_may(a->who->role, GATE_BREAK_CONFIRM))
		return admit(a, GATE_BREAK_CONFIRM, id, GATE_DUTY_OTHER, err);
	SP_TRY(load(a->room, id, &s.row, err));
	SP_TRY(duty_of(a, &s.row, GATE_BREAK_CONFIRM, &duty, err));
	SP_TRY(admit(a, GATE_BREAK_CONFIRM, id, duty, err));
	SP_TRY(step_place(&s, &s.row, &agency, err));
	if (people_rules_get(s.rules, PEOPLE_LOCKBOX_GLASS) == 0)
		return sp_fail_as(err, SP_E_DENIED, "lockbox",
		    "the agency's policy forbids breaking glass");
	SP_TRY(cleared(a, agency, &s.row.asked.requester, err));
	SP_TRY(ledger_writer_run(
	    evidence_room_writer(a->room), confirm_here, &s, err));
	s.first = agency;
	s.told = a->who->agency;
	return run_break(&s, err);
}

/* --- the other house --- */

static enum sp_code
apply(struct ledger_tx *tx, const struct grants_twin_told *told_of,
    struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);
	GRANTS_AUTO_LOCKBOX r;
	enum sp_code code;
	struct sp_err why;

	grants_lockbox_row_init(&r);
	code = grants_lockbox_row_load(db, &told_of->object, &r, &why);
	if (code != SP_OK && code != SP_E_NOTFOUND)
		return sp_fail(err, code, "%s", why.text);
	SP_TRY(grants_lockbox_row_told(told_of->body, code == SP_OK, &r, err));
	return code == SP_OK ? grants_lockbox_row_save(db, &r, err)
			     : grants_lockbox_row_add(db, &r, err);
}

const struct grants_twin_kind grants_lockbox_kind = {
	.name = "lockbox",
	.apply = apply,
};

/* --- what happens by itself --- */

static enum sp_code
next_due(struct evidence_room *room, sp_time now, struct sp_id *io, bool *found,
    struct sp_err *err)
{
	struct sp_id after = *io;
	DB_LENT(reader, evidence_room_readers(room));

	return grants_lockbox_row_due(reader.db, now, &after, io, found, err);
}

struct looking {
	const struct sp_id *id;
	bool there;
};

static enum sp_code
look_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct looking *l = arg;
	GRANTS_AUTO_LOCKBOX r;
	enum sp_code code;
	struct sp_err why;

	grants_lockbox_row_init(&r);
	code = grants_lockbox_row_load(ledger_tx_db(tx), l->id, &r, &why);
	l->there = code == SP_OK;
	return code == SP_E_NOTFOUND || code == SP_OK
	    ? SP_OK
	    : sp_fail(err, code, "%s", why.text);
}

/* Glass that was confirmed may be broken in the agency's house though this one
 * was not told.  Once its time is over no break begins any more; one that began
 * before is found by asking the agency's writer, after it. */
static enum sp_code
never_broken(const struct step *s, struct evidence_room *agency, bool *out,
    struct sp_err *err)
{
	struct looking l = { .id = &s->id };

	*out = gate_token_expired(s->row.due);
	if (!*out || !confirmed(&s->row))
		return SP_OK;
	SP_TRY(
	    ledger_writer_run(evidence_room_writer(agency), look_run, &l, err));
	*out = !l.there;
	return SP_OK;
}

/* What the agency knows of, the agency ends; the provider, what is its own
 * affair yet. */
static bool
ends_here(const struct evidence_room *room, const struct grants_lockbox_row *r)
{
	return !evidence_room_agency(room)->provider ||
	    r->state == GRANTS_INITIALIZING;
}

static enum sp_code
end_one(struct evidence_site *site, struct evidence_room *room,
    const struct sp_id *id, struct sp_err *err)
{
	const struct gate_caller by_itself = {
		.agency = evidence_room_agency(room)->id,
		.source = "site",
	};
	const struct grants_lockbox_act a = { site, room, &by_itself };
	struct evidence_room *agency = NULL;
	bool late = true;
	AUTO_STEP s;

	step_init(&s, &a, id, GRANTS_LATE);
	SP_TRY(load(room, id, &s.row, err));
	if (!ends_here(room, &s.row))
		return SP_OK;
	if (s.row.state == GRANTS_APPROVED)
		s.wish = s.event = GRANTS_END;
	s.by = "time";
	SP_TRY(step_place(&s, &s.row, &agency, err));
	if (s.row.state == GRANTS_INITIALIZING)
		SP_TRY(never_broken(&s, agency, &late, err));
	return late ? step_run(&s, err) : SP_OK;
}

void
grants_lockbox_tick(struct evidence_site *site, struct evidence_room *room)
{
	static const struct grants_twin_kind *const kind[] = {
		&grants_lockbox_kind
	};
	static const struct grants_twin_kinds kinds = { kind, 1 };
	struct sp_id at = { .b = { 0 } };

	for (int i = 0; i < TICK_TURNS; i++) {
		bool found = false;

		if (next_due(room, sp_now(), &at, &found, NULL) != SP_OK ||
		    !found)
			break;
		/* What cannot be written now is due at the next tick. */
		SP_IGNORE(end_one(site, room, &at, NULL));
	}
	grants_twin_settle(site, room, &kinds);
}
