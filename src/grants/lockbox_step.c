#include "gate/token.h"
#include "grants/lockbox_parts.h"
#include "people/person.h"

#include <string.h>

#define MINUTE (60 * SP_SECOND)

void
grants_lockbox_step_init(struct grants_lockbox_step *s,
    const struct grants_lockbox_act *a, const struct sp_id *id,
    enum grants_request_event event)
{
	memset(s, 0, sizeof(*s));
	s->a = a;
	s->id = *id;
	s->wish = s->event = event;
	s->now = sp_now();
	s->first = a->room;
	s->by = grants_lockbox_at_home(a) ? "provider" : "agency";
	s->detail = sp_buf_new(1024);
	s->body = sp_buf_new(GRANTS_TWIN_BODY);
	grants_lockbox_row_init(&s->row);
}

void
grants_lockbox_step_done(struct grants_lockbox_step *s)
{
	sp_buf_free(&s->detail);
	sp_buf_free(&s->body);
	grants_lockbox_row_done(&s->row);
}

static void
put_sha256(struct sp_json *j, const struct grants_lockbox_row *r)
{
	uint8_t sum[CRYPTO_SHA256_LEN];

	grants_lockbox_row_sha256(r, sum);
	sp_json_hex(j, "sha256", sum, sizeof(sum));
}

enum sp_code
grants_lockbox_detail(
    const struct grants_lockbox_row *r, struct sp_buf *out, struct sp_err *err)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	sp_json_id(&j, "agency", &r->asked.agency);
	put_sha256(&j, r);
	sp_json_end(&j);
	return sp_buf_check(out, "detail", err);
}

/* Reviewing broken glass is no event of its life. */
static bool
breaks(const struct grants_lockbox_step *s)
{
	return s->wish == GRANTS_BREAK && s->finding == NULL;
}

/* Members in order; each act has some of them (docs/ledger.md). */
static enum sp_code
say(struct grants_lockbox_step *s, struct sp_err *err)
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
act_of(const struct grants_lockbox_step *s)
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
	struct grants_lockbox_count *c;
};

/* Approvers who may not any more do not count. */
static enum sp_code
count_one(void *arg, const struct sp_id *person, sp_time at, struct sp_err *err)
{
	const struct counting *on = arg;
	struct grants_lockbox_count *c = on->c;
	struct people_person p;
	enum gate_role role;
	enum people_tie tie;

	(void)at;
	SP_TRY(people_person_tie(on->db, person, c->person, &tie, err));
	c->same = c->same || tie == PEOPLE_SAME;
	c->tied = c->tied || tie == PEOPLE_TIED;
	SP_TRY(people_person_by_id(on->db, person, &p, err));
	SP_REQUIRE(gate_role_parse(people_role_name(p.role), &role));
	if (people_person_state(&p, c->rules, c->now).state == PEOPLE_ACTIVE &&
	    gate_role_may(role, GATE_LOCKBOX_APPROVE))
		c->n++;
	return SP_OK;
}

enum sp_code
grants_lockbox_count(struct db *db, const struct sp_id *id,
    struct grants_lockbox_count *io, struct sp_err *err)
{
	struct counting on = { db, io };

	return grants_lockbox_row_approvers(db, id, count_one, &on, err);
}

static enum sp_code
approve_here(
    struct ledger_tx *tx, struct grants_lockbox_step *s, struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);
	struct grants_lockbox_count c = {
		.rules = s->rules,
		.person = &s->a->who->person,
		.now = s->now,
	};

	SP_TRY(grants_lockbox_count(db, &s->id, &c, err));
	if (c.same)
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.approved",
		    "you approved this already, by this account or another");
	if (c.tied)
		return sp_fail_as(err, SP_E_DENIED,
		    gate_code_name(GATE_NOT_ROLE),
		    "an earlier approver added or invited this account, or was "
		    "added or invited by it: another approver is needed");
	SP_TRY(grants_lockbox_row_approve(
	    db, &s->id, &s->a->who->person, s->now, err));
	s->row.approvals = c.n + 1;
	s->row.quorum = people_rules_get(s->rules, PEOPLE_LOCKBOX_QUORUM);
	s->event =
	    s->row.approvals >= s->row.quorum ? GRANTS_LAST : GRANTS_APPROVE;
	return SP_OK;
}

/* --- what an event does to a row --- */

static void
begin_access(struct grants_lockbox_step *s)
{
	struct grants_lockbox_row *r = &s->row;
	int64_t most = people_rules_get(s->rules,
	    r->asked.glass ? PEOPLE_LOCKBOX_GLASS : PEOPLE_LOCKBOX_ACCESS);
	int64_t minutes = r->asked.minutes < most ? r->asked.minutes : most;

	r->started = s->now;
	r->until = s->now + minutes * MINUTE;
}

static void
end_access(struct grants_lockbox_step *s)
{
	struct grants_lockbox_row *r = &s->row;

	r->ended = s->now;
	(void)snprintf(r->ended_by, sizeof(r->ended_by), "%s", s->by);
	(void)snprintf(r->reason, sizeof(r->reason), "%s",
	    s->reason == NULL ? "" : s->reason);
	s->ended = true;
}

static bool
too_late(const struct grants_lockbox_row *r, enum grants_request_event event)
{
	return r->state <= GRANTS_APPROVING && event != GRANTS_LATE &&
	    event != GRANTS_DROP && event != GRANTS_DENY &&
	    gate_token_expired(r->due);
}

bool
grants_lockbox_late(const struct grants_lockbox_step *s)
{
	return too_late(&s->row, s->event);
}

enum sp_code
grants_lockbox_over(const struct grants_lockbox_row *r,
    enum grants_request_event event, struct sp_err *err)
{
	if (too_late(r, event))
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "the request has run out: ask for a new one");
	return SP_OK;
}

/* The tick's own: is it due, in truth? */
static bool
not_due(const struct grants_lockbox_step *s)
{
	return (s->event == GRANTS_LATE && !gate_token_expired(s->row.due)) ||
	    (s->event == GRANTS_END && !gate_token_expired(s->row.until));
}

/* At home: glass is being broken, so that the agency may have it already. */
bool
grants_lockbox_confirmed(const struct grants_lockbox_row *r)
{
	return r->asked.glass && r->state == GRANTS_INITIALIZING &&
	    !sp_id_is_zero(&r->security);
}

static enum sp_code
in_time(const struct grants_lockbox_step *s, struct sp_err *err)
{
	const struct grants_lockbox_row *r = &s->row;

	SP_TRY(grants_lockbox_over(r, s->event, err));
	if (not_due(s))
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "the request's time is not over");
	if (s->event == GRANTS_DROP && grants_lockbox_confirmed(r))
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "glass is being broken: revoke it when it is, or confirm "
		    "again what was interrupted");
	return SP_OK;
}

/* The state that comes of it: whether it may happen at all is looked at before
 * approvals are counted, which may make another event of it. */
static enum sp_code
happen(struct ledger_tx *tx, struct grants_lockbox_step *s, struct sp_err *err)
{
	struct grants_lockbox_row *r = &s->row;
	enum grants_request_state state = r->state;

	SP_TRY(grants_request_happen(&state, r->asked.glass, s->event, err));
	if (s->event == GRANTS_APPROVE) {
		SP_TRY(approve_here(tx, s, err));
		state = r->state;
		SP_REQUIRE(grants_request_happen(&state, r->asked.glass,
			       s->event, NULL) == SP_OK);
	}
	r->state = state;
	return SP_OK;
}

static enum sp_code
change(struct ledger_tx *tx, struct grants_lockbox_step *s, struct sp_err *err)
{
	struct grants_lockbox_row *r = &s->row;

	SP_TRY(in_time(s, err));
	SP_TRY(happen(tx, s, err));
	if (s->event == GRANTS_ASK)
		r->due = s->now +
		    people_rules_time(s->rules, PEOPLE_LOCKBOX_PENDING);
	if (s->event == GRANTS_ASK || s->event == GRANTS_BREAK)
		r->security = s->a->who->person;
	if (r->state == GRANTS_APPROVED)
		begin_access(s);
	if (grants_request_over(r->state))
		end_access(s);
	return SP_OK;
}

static enum sp_code
review(struct grants_lockbox_step *s, struct sp_err *err)
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
step_here(
    struct ledger_tx *tx, struct grants_lockbox_step *s, struct sp_err *err)
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
	struct grants_lockbox_step *s = io->arg;

	SP_TRY(step_here(tx, s, err));
	io->act = act_of(s);
	io->detail = sp_buf_str(&s->detail);
	io->body = sp_buf_str(&s->body);
	return SP_OK;
}

static enum sp_code
step_alone(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct grants_lockbox_step *s = arg;
	struct ledger_entry e;

	SP_TRY(step_here(tx, s, err));
	e = gate_entry(s->a->who, act_of(s), "lockbox", &s->id);
	e.detail = sp_buf_str(&s->detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

/* Those who listen, and what goes on under it. */
static void
tell(struct evidence_room *room, const struct grants_lockbox_step *s)
{
	const struct events_event e = {
		.kind = breaks(s) ? EVENTS_GLASS : EVENTS_LOCKBOX,
		.object = s->id,
	};

	events_hub_tell(evidence_room_events(room), &e);
}

static void
told(struct grants_lockbox_step *s, struct evidence_room *other)
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
enum sp_code
grants_lockbox_step_run(struct grants_lockbox_step *s, struct sp_err *err)
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
enum sp_code
grants_lockbox_step_place(struct grants_lockbox_step *s,
    const struct grants_lockbox_row *r, struct evidence_room **agency,
    struct sp_err *err)
{
	SP_TRY(
	    evidence_site_room_of(s->a->site, &r->asked.agency, agency, err));
	s->rules = evidence_room_rules(*agency);
	if (!grants_lockbox_at_home(s->a))
		s->told = r->asked.house;
	else if (r->state != GRANTS_INITIALIZING || s->event == GRANTS_ASK)
		s->told = r->asked.agency;
	return SP_OK;
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
