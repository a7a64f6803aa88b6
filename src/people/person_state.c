#include "people/field.h"
#include "people/person_part.h"

#include <string.h>

/* Accounts disabled, enabled, ended; and in use. */
#define ACTIVE_STEP (3600 * SP_SECOND) /* how exactly `active` is kept */

PEOPLE_NAMES(state, PEOPLE_STATES)
PEOPLE_NAME_OF(state, people_state)
PEOPLE_NAME_PARSE(state, people_state)
PEOPLE_NAMES(reason, PEOPLE_REASONS)
PEOPLE_NAME_OF(reason, people_reason)
PEOPLE_NAME_PARSE(reason, people_reason)

static const struct db_sql person_seen = {
	"UPDATE person SET active = ?2"
	" WHERE id = ?1 AND state = 'active' AND active <= ?3",
};

enum sp_code
people_person_going(const struct people_act *a, const struct sp_id *id,
    struct people_person *p, struct sp_err *err)
{
	struct people_standing now;

	SP_TRY(people_person_by_id(ledger_tx_db(a->tx), id, p, err));
	now = people_person_state(p, a->rules, a->now);
	if (now.state == PEOPLE_TERMINATED)
		return sp_fail_as(err, SP_E_CONFLICT, "person.state",
		    "the account has ended for good: make another");
	return SP_OK;
}

/* {"ends":…,"in_time":…,"reason":…}; ends 0 and in_time -1 are left out. */
static enum sp_code
enter_state(const struct people_act *a, const char *act,
    const struct people_person *p, int in_time, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	bool ending = strcmp(act, "person.ending") == 0;

	sp_json_object(&j, NULL);
	if (ending || p->state == PEOPLE_TERMINATED)
		people_put_time(&j, "ends", p->ends);
	if (in_time >= 0)
		sp_json_bool(&j, "in_time", in_time != 0);
	if (!ending)
		sp_json_str(&j, "reason", people_reason_name(p->reason));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(
	    a, act, "person", &p->id, sp_buf_str(&detail), err);
}

/* How grave a reason is. */
static int
gravity(enum people_reason reason)
{
	static const int of[PEOPLE_REASON_COUNT] = {
		[PEOPLE_LOCKED] = 1,
		[PEOPLE_INACTIVE] = 2,
		[PEOPLE_REQUESTED] = 3,
		[PEOPLE_SCREENING] = 4,
		[PEOPLE_RISK] = 5,
	};

	return of[reason];
}

static enum sp_code
disable_reason(const struct people_act *a, enum people_reason reason,
    sp_time discovered, struct sp_err *err)
{
	if (reason != PEOPLE_REQUESTED && reason != PEOPLE_RISK &&
	    reason != PEOPLE_LOCKED && reason != PEOPLE_SCREENING)
		return sp_fail_as(err, SP_E_INVALID, "person.reason",
		    "person.reason: requested, risk, locked or screening");
	if (discovered < 0 || discovered > a->now ||
	    (discovered != 0 && reason != PEOPLE_RISK))
		return sp_fail_as(err, SP_E_INVALID, "person.discovered",
		    "person.discovered: a past time, with the reason risk "
		    "only");
	return SP_OK;
}

enum sp_code
people_person_disable(const struct people_act *a, const struct sp_id *id,
    enum people_reason reason, sp_time discovered, struct sp_err *err)
{
	struct people_person p;
	struct people_standing was;
	sp_time within = people_rules_time(a->rules, PEOPLE_ACCOUNT_RISK);
	int in_time = -1;

	SP_TRY(disable_reason(a, reason, discovered, err));
	SP_TRY(people_person_going(a, id, &p, err));
	was = people_person_state(&p, a->rules, a->now);
	if (reason == PEOPLE_RISK)
		in_time = discovered == 0 || a->now - discovered <= within;
	p.since = was.state == PEOPLE_ACTIVE ? a->now : p.since;
	p.state = PEOPLE_DISABLED;
	p.reason = gravity(was.reason) > gravity(reason) ? was.reason : reason;
	/* A lock closes the way in, to whoever guesses; what was opened with
	 * the right proofs before is not the guesser's to end. */
	SP_TRY(reason == PEOPLE_LOCKED ? people_person_save(a, &p, err)
				       : people_person_move(a, &p, err));
	p.reason = reason; /* the entry has what was said */
	return enter_state(a, "person.disabled", &p, in_time, err);
}

enum sp_code
people_person_enable(
    const struct people_act *a, const struct sp_id *id, struct sp_err *err)
{
	struct people_person p, made;
	struct people_standing was;

	SP_TRY(people_person_going(a, id, &p, err));
	SP_TRY(people_by_other(ledger_tx_db(a->tx), a->by, id, err));
	was = people_person_state(&p, a->rules, a->now);
	if (was.state == PEOPLE_ACTIVE && p.ends == 0)
		return sp_fail_as(err, SP_E_CONFLICT, "person.state",
		    "the account is active");
	made = p;
	made.state = PEOPLE_ACTIVE;
	made.reason = PEOPLE_NO_REASON;
	made.since = made.active = a->now;
	made.ends = 0;
	SP_TRY(was.reason == PEOPLE_LOCKED ? people_person_save(a, &made, err)
					   : people_person_move(a, &made, err));
	made.reason = was.state == PEOPLE_ACTIVE ? PEOPLE_LEFT : was.reason;
	return enter_state(a, "person.enabled", &made, -1, err);
}

enum sp_code
people_person_terminate(const struct people_act *a, const struct sp_id *id,
    sp_time ends, struct sp_err *err)
{
	sp_time within = people_rules_time(a->rules, PEOPLE_ACCOUNT_TERMINATE);
	struct people_person p;

	if (ends < 0 || ends > SP_TIME_MAX)
		return sp_fail_as(err, SP_E_INVALID, "person.ends",
		    "person.ends: a time of the years 1970 to 9999");
	SP_TRY(people_person_going(a, id, &p, err));
	p.ends = ends == 0 ? a->now : ends;
	if (p.ends > a->now) {
		SP_TRY(people_person_save(a, &p, err));
		return enter_state(a, "person.ending", &p, -1, err);
	}
	p.state = PEOPLE_TERMINATED;
	p.reason = PEOPLE_LEFT;
	p.since = a->now;
	SP_TRY(people_person_move(a, &p, err));
	return enter_state(
	    a, "person.terminated", &p, a->now - p.ends <= within, err);
}

enum sp_code
people_person_seen(struct ledger_tx *tx, const struct sp_id *id, sp_time now,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(tx), &person_seen);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, now);
	db_bind_i64(st, 3, now - ACTIVE_STEP);
	return db_run(st, NULL, err);
}

enum sp_code
people_person_settle(const struct people_act *a, const struct sp_id *id,
    struct people_standing *now, struct sp_err *err)
{
	sp_time within = people_rules_time(a->rules, PEOPLE_ACCOUNT_TERMINATE);
	struct people_standing s;
	struct people_person p;
	int in_time = -1;

	SP_TRY(people_person_by_id(ledger_tx_db(a->tx), id, &p, err));
	s = people_person_state(&p, a->rules, a->now);
	*now = s;
	if (s.state == p.state)
		return SP_OK;
	if (s.state == PEOPLE_TERMINATED) {
		if (s.reason == PEOPLE_TEMPORARY)
			p.ends = p.temporary;
		in_time = a->now - p.ends <= within;
	}
	p.state = s.state;
	p.reason = s.reason;
	p.since = a->now;
	SP_TRY(people_person_move(a, &p, err));
	return enter_state(a,
	    s.state == PEOPLE_TERMINATED ? "person.terminated"
					 : "person.disabled",
	    &p, in_time, err);
}
