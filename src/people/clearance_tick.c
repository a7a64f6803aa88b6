#include "people/clearance.h"

#include "people/field.h"

#include <string.h>

/*
 * What happens by itself.  Three things, each in bounded pieces:
 *
 *   overdue   accounts whose end has been reached, found by index
 *   round     once a day of the agency, past everybody in order of id:
 *
 *     no row, or an earlier day --> agreements and companies
 *                                     --> persons after `after`, a slice an act
 *                                          --> after = '' : done for this day
 *
 *   look      what was recorded since it was last looked at: a person, or what
 *             is for everybody (triggers, person_schema.c)
 *
 * What was told is a row, so that it is told once: (object, check, the day it
 * lapses, days ahead; 0: it has lapsed).  After days without a server only the
 * warning that is due now is told, not those that were missed.
 */
#define AT_ONCE 8 /* persons read at a time */

static const struct db_sql round_get = {
	"SELECT day, after FROM clearance_round WHERE one = 1",
};
static const struct db_sql round_put = {
	"INSERT INTO clearance_round(one, day, after) VALUES(1, ?1, ?2)"
	" ON CONFLICT(one) DO UPDATE SET day = ?1, after = ?2",
};
static const struct db_sql told_put = {
	"INSERT INTO clearance_told(object, what, until, days, told)"
	" VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
};
static const struct db_sql look_get = {
	"SELECT object FROM clearance_look ORDER BY object LIMIT ?1",
};
static const struct db_sql look_done = {
	"DELETE FROM clearance_look WHERE object = ?1",
};
static const struct db_sql companies = {
	"SELECT DISTINCT employer FROM person"
	" WHERE kind = 'contractor' AND state = 'active' ORDER BY employer",
};

static const char *const notice_names[] = { PEOPLE_NOTICES(PEOPLE_NAME_ROW) };

struct round {
	people_day day;
	struct sp_id after;
	bool under_way;
};

static enum sp_code
get_round(struct db *db, struct round *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &round_get);
	struct round r = { .day = PEOPLE_DAY_NONE };
	bool found = false;
	size_t len = 0;

	SP_TRY(db_row(st, &found, err));
	if (found) {
		r.day = (people_day)db_col_i64(st, 0);
		(void)db_col_blob(st, 1, &len);
		r.under_way = len > 0;
		if (r.under_way)
			SP_TRY(db_col_bytes(st, 1, r.after.b, SP_ID_LEN, err));
	}
	*out = r;
	return SP_OK;
}

static enum sp_code
put_round(struct db *db, const struct round *r, struct sp_err *err)
{
	DB_STMT st = db_use(db, &round_put);

	db_bind_i64(st, 1, r->day);
	db_bind_blob(st, 2, r->after.b, r->under_way ? SP_ID_LEN : 0);
	return db_run(st, NULL, err);
}

/* What to look at again, at most n. */
static enum sp_code
get_look(
    struct db *db, struct sp_id *id, size_t n, size_t *got, struct sp_err *err)
{
	DB_STMT st = db_use(db, &look_get);

	db_bind_u64(st, 1, n);
	return people_col_ids(st, id, n, got, err);
}

enum sp_code
people_clearance_due(struct db *db, const struct people_rules *rules,
    sp_time now, bool *due, struct sp_err *err)
{
	struct people_overdue q = { .rules = rules, .now = now, .n = 1 };
	struct sp_id id;
	struct round r;
	size_t got = 0, look = 0;

	SP_TRY(people_person_overdue(db, &q, &id, &got, err));
	SP_TRY(get_look(db, &id, 1, &look, err));
	SP_TRY(get_round(db, &r, err));
	*due = got > 0 || look > 0 || r.under_way ||
	    r.day < people_day_of(rules, now);
	return SP_OK;
}

/* --- telling --- */

static void
tell(struct people_tick *t, const struct people_notice *n)
{
	if (t->notices < PEOPLE_TICK_NOTICES)
		t->notice[t->notices++] = *n;
}

static enum sp_code
mark_told(const struct people_act *a, const struct people_notice *n, bool *new,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &told_put);
	uint64_t changed = 0;

	db_bind_blob(st, 1, n->object.b, SP_ID_LEN);
	db_bind_text(st, 2, people_check_name(n->check));
	db_bind_i64(st, 3, n->until);
	db_bind_i64(st, 4, n->days);
	db_bind_i64(st, 5, a->now);
	SP_TRY(db_run(st, &changed, err));
	*new = changed > 0;
	return SP_OK;
}

static enum sp_code
enter(const struct people_act *a, const struct people_notice *n,
    struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "check", people_check_name(n->check));
	if (n->kind == PEOPLE_NOTICE_WARNED)
		sp_json_int(&j, "days", n->days);
	people_put_day(&j, "until", n->until);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(a, notice_names[n->kind], n->object_kind,
	    &n->object, sp_buf_str(&detail), err);
}

/* The nearest warning that is due with `left` days to go; 0: none yet. */
static int64_t
warning_for(const struct people_rules *rules, int64_t left)
{
	int64_t due = 0;

	for (int i = PEOPLE_WARNING_1; i <= PEOPLE_WARNING_4; i++) {
		int64_t days = people_rules_get(rules, (enum people_rule)i);

		if (left <= days)
			due = days; /* they come in falling order */
	}
	return due;
}

/* Say what is to be said of something that holds until a day. */
static enum sp_code
look_at(const struct people_act *a, struct people_tick *t,
    struct people_notice n, struct sp_err *err)
{
	people_day today = people_day_of(a->rules, a->now);
	bool new = false;

	if (n.until == PEOPLE_DAY_NONE || n.until == PEOPLE_DAY_NEVER)
		return SP_OK;
	n.kind = PEOPLE_NOTICE_LAPSED;
	if (n.until > today) {
		n.kind = PEOPLE_NOTICE_WARNED;
		n.days = warning_for(a->rules, (int64_t)n.until - today);
		if (n.days == 0)
			return SP_OK;
	}
	SP_TRY(mark_told(a, &n, &new, err));
	if (!new)
		return SP_OK;
	SP_TRY(enter(a, &n, err));
	tell(t, &n);
	return SP_OK;
}

/* --- overdue accounts --- */

static enum sp_code
settle(const struct people_act *a, struct people_tick *t, struct sp_err *err)
{
	struct people_overdue q = { a->rules, a->now, PEOPLE_TICK_SLICE };
	struct sp_id id[PEOPLE_TICK_SLICE];
	size_t n = 0;

	SP_TRY(people_person_overdue(ledger_tx_db(a->tx), &q, id, &n, err));
	for (size_t i = 0; i < n; i++) {
		struct people_standing s;
		struct people_notice told = { .object_kind = "person",
			.object = id[i] };

		SP_TRY(people_person_settle(a, &id[i], &s, err));
		told.kind = s.state == PEOPLE_TERMINATED
		    ? PEOPLE_NOTICE_TERMINATED
		    : PEOPLE_NOTICE_DISABLED;
		told.reason = s.reason;
		tell(t, &told);
	}
	t->more = n == PEOPLE_TICK_SLICE;
	return SP_OK;
}

/* --- the day's round --- */

struct each {
	const struct people_act *a;
	struct people_tick *t;
};

static enum sp_code
look_at_agreement(
    void *arg, const struct people_agreement *g, struct sp_err *err)
{
	const struct each *e = arg;
	struct people_notice n = {
		.object_kind = "agreement",
		.object = g->id,
		.check = g->kind == PEOPLE_USER_AGREEMENT
		    ? PEOPLE_CHECK_USER
		    : PEOPLE_CHECK_PARTNER,
		.until = people_agreement_until(g, e->a->rules),
	};

	return look_at(e->a, e->t, n, err);
}

static enum sp_code
look_at_companies(
    const struct people_act *a, struct people_tick *t, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT st = db_use(db, &companies);

	for (;;) {
		struct people_notice n = { .object_kind = "addendum",
			.check = PEOPLE_CHECK_COMPANY };
		struct people_signature s;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(people_addendum_of_company(
		    db, db_col_text(st, 0), a->rules, &s, &found, err));
		if (!found)
			continue;
		n.object = s.id;
		n.until = people_addendum_until(&s, a->rules);
		SP_TRY(look_at(a, t, n, err));
	}
}

static enum sp_code
look_at_person(const struct people_act *a, struct people_tick *t,
    const struct people_person *p, struct sp_err *err)
{
	struct people_verdict v;

	if (people_person_state(p, a->rules, a->now).state != PEOPLE_ACTIVE)
		return SP_OK;
	SP_TRY(people_clearance(
	    ledger_tx_db(a->tx), p, a->rules, a->now, &v, err));
	for (int i = 0; i <= PEOPLE_CHECK_PERSON; i++) {
		struct people_notice n = {
			.object_kind = "person",
			.object = p->id,
			.check = (enum people_check)i,
			.until = v.step[i].until,
		};

		SP_TRY(look_at(a, t, n, err));
	}
	return SP_OK;
}

/* The next few persons; the round is over when there are fewer. */
static enum sp_code
walk_some(const struct people_act *a, struct people_tick *t, struct round *r,
    struct sp_err *err)
{
	struct people_person p[AT_ONCE];
	size_t got = 0;

	SP_TRY(people_person_list(ledger_tx_db(a->tx),
	    r->under_way ? &r->after : NULL, p, AT_ONCE, &got, err));
	for (size_t i = 0; i < got; i++)
		SP_TRY(look_at_person(a, t, &p[i], err));
	if (got > 0)
		r->after = p[got - 1].id;
	r->under_way = got == AT_ONCE;
	return SP_OK;
}

static enum sp_code
walk(const struct people_act *a, struct people_tick *t, struct round *r,
    struct sp_err *err)
{
	size_t done = 0;

	do {
		SP_TRY(walk_some(a, t, r, err));
		done += AT_ONCE;
	} while (r->under_way && done < PEOPLE_TICK_SLICE);
	t->more |= r->under_way;
	return SP_OK;
}

static enum sp_code
look_at_all(
    const struct people_act *a, struct people_tick *t, struct sp_err *err)
{
	struct each e = { a, t };

	SP_TRY(people_agreement_each(
	    ledger_tx_db(a->tx), look_at_agreement, &e, err));
	return look_at_companies(a, t, err);
}

static enum sp_code
go_round(const struct people_act *a, struct people_tick *t, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	people_day today = people_day_of(a->rules, a->now);
	struct round r;

	SP_TRY(get_round(db, &r, err));
	if (!r.under_way && r.day >= today)
		return SP_OK;
	if (!r.under_way) {
		r.day = today;
		SP_TRY(look_at_all(a, t, err));
	}
	SP_TRY(walk(a, t, &r, err));
	return put_round(db, &r, err);
}

/* --- what was recorded --- */

static enum sp_code
look_again_at(const struct people_act *a, struct people_tick *t,
    const struct sp_id *id, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT st = db_use(db, &look_done);
	struct people_person p;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_run(st, NULL, err));
	if (sp_id_is_zero(id))
		return look_at_all(a, t, err);
	SP_TRY(people_person_by_id(db, id, &p, err));
	return look_at_person(a, t, &p, err);
}

static enum sp_code
look_again(
    const struct people_act *a, struct people_tick *t, struct sp_err *err)
{
	struct sp_id id[PEOPLE_TICK_SLICE];
	size_t n = 0;

	SP_TRY(get_look(ledger_tx_db(a->tx), id, PEOPLE_TICK_SLICE, &n, err));
	for (size_t i = 0; i < n; i++)
		SP_TRY(look_again_at(a, t, &id[i], err));
	t->more |= n == PEOPLE_TICK_SLICE;
	return SP_OK;
}

enum sp_code
people_clearance_tick(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct people_tick *t = arg;
	struct people_by by = people_by_site(&t->agency);
	struct people_act a = { tx, &by, t->rules, t->now };

	t->more = false;
	t->notices = 0; /* an act may be run a second time */
	SP_TRY(settle(&a, t, err));
	SP_TRY(go_round(&a, t, err));
	return look_again(&a, t, err);
}
