#include "people/screening.h"

#include "base/encode.h"
#include "people/field.h"
#include "people/record.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

PEOPLE_NAMES(decision, PEOPLE_DECISIONS)
PEOPLE_NAME_OF(decision, people_decision)
PEOPLE_NAME_PARSE(decision, people_decision)

bool
people_decision_read(const char *s, enum people_decision *out)
{
	char said[PEOPLE_FOLDED];

	return people_fold(s, said) && people_decision_parse(said, out);
}

static const struct db_sql screening_insert = {
	"INSERT INTO screening(id, person, state, fingerprinted, decision,"
	" adjudicator, decided, variance, expires, recorded, by_kind, by_id)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
};
static const struct db_sql screening_of = {
	"SELECT id, state, fingerprinted, decision, decided, expires,"
	" recorded, adjudicator, variance"
	" FROM screening WHERE person = ?1 ORDER BY id",
};
static const struct db_sql screening_count = {
	"SELECT count(*) FROM screening WHERE person = ?1",
};
static const struct people_record_limit limit = {
	.count = &screening_count,
	.most = PEOPLE_SCREENINGS_MAX,
	.reason = "screening.limit",
	.who = "a person has",
	.what = "screenings",
};

/* --- one record --- */

static enum sp_code
check_decision(const struct people_screening_new *n,
    const struct people_screening *s, struct sp_err *err)
{
	bool varied = s->decision == PEOPLE_VARIED;

	if (varied != (n->variance != NULL))
		return sp_fail_as(err, SP_E_INVALID, "screening.variance",
		    "screening.variance: what was excepted, with the decision "
		    "variance and no other");
	if (n->variance != NULL)
		SP_TRY(people_text_check(
		    "screening.variance", n->variance, PEOPLE_VARIANCE, err));
	if (varied && s->expires == PEOPLE_DAY_NONE)
		return sp_fail_as(err, SP_E_INVALID, "screening.expires",
		    "screening.expires: a variance needs a day on which it "
		    "ends");
	if (s->decision == PEOPLE_PENDING && n->decided != NULL)
		return sp_fail_as(err, SP_E_INVALID, "screening.decided",
		    "screening.decided: nothing is decided while it is "
		    "pending");
	return SP_OK;
}

static enum sp_code
check_days(
    const struct people_screening *s, people_day latest, struct sp_err *err)
{
	SP_TRY(people_record_past(
	    "screening.fingerprinted", s->fingerprinted, latest, err));
	if (s->decided != PEOPLE_DAY_NONE &&
	    (s->decided < s->fingerprinted || s->decided > latest))
		return sp_fail_as(err, SP_E_INVALID, "screening.decided",
		    "screening.decided: from the fingerprints to today");
	if (s->expires != PEOPLE_DAY_NONE && s->expires <= s->fingerprinted)
		return sp_fail_as(err, SP_E_INVALID, "screening.expires",
		    "screening.expires: the first day it does not hold, after "
		    "the fingerprints");
	return SP_OK;
}

static enum sp_code
read_days(const struct people_screening_new *n, people_day today,
    struct people_screening *s, struct sp_err *err)
{
	SP_TRY(people_day_check("screening.fingerprinted", n->fingerprinted,
	    today, today, &s->fingerprinted, err));
	if (s->fingerprinted > today)
		today = s->fingerprinted; /* it is that day already by UTC */
	SP_TRY(people_day_check("screening.decided", n->decided, today,
	    s->decision == PEOPLE_PENDING ? PEOPLE_DAY_NONE : today,
	    &s->decided, err));
	SP_TRY(people_day_check("screening.expires", n->expires, today,
	    PEOPLE_DAY_NONE, &s->expires, err));
	return SP_OK;
}

enum sp_code
people_screening_check(const struct people_rules *rules,
    const struct people_screening_new *n, sp_time now,
    struct people_screening *out, struct sp_err *err)
{
	const char *state =
	    n->state == NULL ? people_rules_state(rules) : n->state;
	struct people_screening s = { .decision = PEOPLE_CLEARED };

	SP_TRY(people_state_check("screening.state", state, s.state, err));
	if (n->decision != NULL &&
	    !people_decision_read(n->decision, &s.decision))
		return sp_fail_as(err, SP_E_INVALID, "screening.decision",
		    "screening.decision: cleared, denied, pending or "
		    "variance");
	SP_TRY(read_days(n, people_day_of(rules, now), &s, err));
	if (n->adjudicator != NULL)
		SP_TRY(people_text_check("screening.adjudicator",
		    n->adjudicator, PEOPLE_ADJUDICATOR, err));
	SP_TRY(check_decision(n, &s, err));
	SP_TRY(check_days(&s, people_day_latest(rules, now), err));
	*out = s;
	return SP_OK;
}

people_day
people_screening_until(
    const struct people_screening *s, const struct people_rules *rules)
{
	if (s->decision == PEOPLE_DENIED || s->decision == PEOPLE_PENDING)
		return PEOPLE_DAY_NONE;
	return people_record_until(s->fingerprinted,
	    people_rules_get(rules, PEOPLE_SCREENING_RENEWAL), s->expires);
}

/* --- adding --- */

/* Who decided, when it is not said: who answers for the record, marked as such.
 */
static enum sp_code
adjudicate(const struct people_act *a, const struct people_screening_new *n,
    const struct people_screening *s, char out[static PEOPLE_ADJUDICATOR + 1],
    struct sp_err *err)
{
	static const char mark[] = " (recorded it)";
	struct sp_id whom = people_by_whom(a->by);
	struct people_person p = { .name = "the site" };
	char id[SP_ID_TEXT];

	out[0] = '\0';
	if (n->adjudicator != NULL || s->decision == PEOPLE_PENDING) {
		(void)snprintf(out, PEOPLE_ADJUDICATOR + 1, "%s",
		    n->adjudicator == NULL ? "" : n->adjudicator);
		return SP_OK;
	}
	if (!sp_id_is_zero(&whom)) {
		SP_TRY(
		    people_person_by_id(ledger_tx_db(a->tx), &whom, &p, err));
	} else if (strcmp(a->by->kind, "site") != 0) {
		sp_id_text(&a->by->id, id);
		(void)snprintf(
		    p.name, sizeof(p.name), "%s %s", a->by->kind, id);
	}
	(void)snprintf(
	    out, PEOPLE_ADJUDICATOR + 1 - strlen(mark), "%s", p.name);
	sp_utf8_clean(out);
	memcpy(out + strlen(out), mark, sizeof(mark));
	return SP_OK;
}

static enum sp_code
insert(const struct people_act *a, const struct sp_id *person,
    const struct people_screening_new *n, const struct people_screening *s,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &screening_insert);
	char adjudicator[PEOPLE_ADJUDICATOR + 1];

	SP_TRY(adjudicate(a, n, s, adjudicator, err));
	db_bind_blob(st, 1, s->id.b, SP_ID_LEN);
	db_bind_blob(st, 2, person->b, SP_ID_LEN);
	db_bind_text(st, 3, s->state);
	db_bind_i64(st, 4, s->fingerprinted);
	db_bind_text(st, 5, people_decision_name(s->decision));
	db_bind_text(st, 6, adjudicator[0] == '\0' ? NULL : adjudicator);
	people_bind_day(st, 7, s->decided);
	db_bind_text(st, 8, n->variance);
	people_bind_day(st, 9, s->expires);
	people_record_bind_by(st, 10, a);
	return db_run(st, NULL, err);
}

static enum sp_code
enter(const struct people_act *a, const struct sp_id *person,
    const struct people_screening *s, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "decision", people_decision_name(s->decision));
	people_put_day(&j, "expires", s->expires);
	people_put_id(&j, "record", &s->id);
	sp_json_str(&j, "state", s->state);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(a, "screening.recorded", "person", person,
	    sp_buf_str(&detail), err);
}

/* Denied: the account is disabled at once, if it has not ended. */
static enum sp_code
shut_out(const struct people_act *a, const struct people_person *p,
    struct sp_err *err)
{
	struct people_standing now = people_person_state(p, a->rules, a->now);

	if (now.state == PEOPLE_TERMINATED)
		return SP_OK;
	return people_person_disable(a, &p->id, PEOPLE_SCREENING, 0, err);
}

static enum sp_code
record(const struct people_act *a, const struct people_person *p,
    const struct people_screening_new *n, const struct people_screening *s,
    struct sp_err *err)
{
	SP_TRY(insert(a, &p->id, n, s, err));
	SP_TRY(enter(a, &p->id, s, err));
	return s->decision == PEOPLE_DENIED ? shut_out(a, p, err) : SP_OK;
}

enum sp_code
people_screening_add(const struct people_act *a, const struct sp_id *person,
    const struct people_screening_new *n, struct sp_id *id, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	struct people_screening s;
	struct people_person p;

	SP_TRY(people_screening_check(a->rules, n, a->now, &s, err));
	SP_TRY(people_person_by_id(db, person, &p, err));
	SP_TRY(people_by_other(db, a->by, person, err));
	SP_TRY(people_record_room(db, &limit, person, err));
	s.id = sp_id_new();
	SP_TRY(record(a, &p, n, &s, err));
	SP_TRY(people_person_hand(a, person, PEOPLE_SCREENED, err));
	*id = s.id;
	return SP_OK;
}

/* --- reading --- */

static enum sp_code
from_row(struct db_stmt *st, void *out, struct sp_err *err)
{
	struct people_screening s = {
		.fingerprinted = (people_day)db_col_i64(st, 2),
		.decided = people_col_day(st, 4),
		.expires = people_col_day(st, 5),
		.recorded = db_col_i64(st, 6),
	};

	SP_TRY(db_col_bytes(st, 0, s.id.b, SP_ID_LEN, err));
	SP_TRY(people_col_text(st, 1, s.state, sizeof(s.state), err));
	if (!people_decision_parse(db_col_text(st, 3), &s.decision))
		return sp_fail(err, SP_E_CORRUPT,
		    "a screening in the database has a decision that nobody "
		    "knows");
	*(struct people_screening *)out = s;
	return SP_OK;
}

enum sp_code
people_screening_of(struct db *db, const struct sp_id *person,
    struct people_screening *out, size_t n, size_t *got, struct sp_err *err)
{
	const struct people_record_list l = {
		.out = out,
		.size = sizeof(*out),
		.n = n,
		.read = from_row,
		.what = "screenings",
	};
	DB_STMT st = db_use(db, &screening_of);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	return people_record_list(st, &l, got, err);
}

/* --- JSON --- */

static enum sp_code
put_row(struct sp_json *j, struct db_stmt *st, const struct people_rules *rules,
    struct sp_err *err)
{
	struct people_screening s;

	SP_TRY(from_row(st, &s, err));
	sp_json_object(j, NULL);
	people_put_col(j, "adjudicator", st, 7);
	people_put_day(j, "decided", s.decided);
	sp_json_str(j, "decision", people_decision_name(s.decision));
	people_put_day(j, "expires", people_screening_until(&s, rules));
	people_put_day(j, "fingerprinted", s.fingerprinted);
	people_put_id(j, "id", &s.id);
	people_put_time(j, "recorded", s.recorded);
	sp_json_str(j, "state", s.state);
	people_put_col(j, "variance", st, 8);
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
people_screening_json(struct sp_json *j, const char *name, struct db *db,
    const struct sp_id *person, const struct people_rules *rules,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &screening_of);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	return people_record_array(j, name, st, rules, put_row, err);
}

enum sp_code
people_screening_new_json(
    struct json_t *in, struct people_screening_new *out, struct sp_err *err)
{
	static const struct people_member members[] = {
		PEOPLE_MEMBER(struct people_screening_new, "screening", state),
		PEOPLE_MEMBER(
		    struct people_screening_new, "screening", fingerprinted),
		PEOPLE_MEMBER(
		    struct people_screening_new, "screening", adjudicator),
		PEOPLE_MEMBER(
		    struct people_screening_new, "screening", decision),
		PEOPLE_MEMBER(
		    struct people_screening_new, "screening", decided),
		PEOPLE_MEMBER(
		    struct people_screening_new, "screening", variance),
		PEOPLE_MEMBER(
		    struct people_screening_new, "screening", expires),
	};
	struct people_screening_new n = { .state = NULL };

	SP_TRY(people_members_read(in, members, SP_COUNTOF(members), &n, err));
	*out = n;
	return SP_OK;
}
