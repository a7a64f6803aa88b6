#include "people/agreement.h"

#include "people/field.h"
#include "people/record.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

#define REFERENCE_MAX 200

PEOPLE_NAMES(agreement, PEOPLE_AGREEMENTS)
PEOPLE_NAME_OF(agreement, people_agreement_kind)
PEOPLE_NAME_PARSE(agreement, people_agreement_kind)

static const struct db_sql agreement_insert = {
	"INSERT INTO agreement(id, kind, partner, state, signed_on, review,"
	" reference, recorded, by_kind, by_id)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
};
static const struct db_sql event_insert = {
	"INSERT INTO agreement_event(id, agreement, what, day, review,"
	" recorded, by_kind, by_id) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
};
static const struct db_sql agreement_count = {
	"SELECT count(*) FROM agreement",
};
static const struct people_record_limit limit = {
	.count = &agreement_count,
	.most = PEOPLE_AGREEMENTS_MAX,
	.reason = "agreement.limit",
	.who = "an agency has",
	.what = "agreements",
};
/* With the last review and the first end. */
#define LAST_REVIEW(column)                                                    \
	"(SELECT e." column " FROM agreement_event AS e"                       \
	" WHERE e.agreement = a.id AND e.what = 'reviewed'"                    \
	" ORDER BY e.id DESC LIMIT 1)"
#define SELECT                                                                 \
	"SELECT a.id, a.kind, a.partner, a.state, a.signed_on, a.review,"      \
	" a.recorded, " LAST_REVIEW("day") ", " LAST_REVIEW(                   \
	    "review") ","                                                      \
		      " (SELECT min(e.day) FROM agreement_event AS e"          \
		      "  WHERE e.agreement = a.id AND e.what = 'ended'), "     \
		      "a.reference"                                            \
		      " FROM agreement AS a"
static const struct db_sql agreement_each = { SELECT " ORDER BY a.id" };
static const struct db_sql agreement_by_id = { SELECT " WHERE a.id = ?1" };
static const struct db_sql agreement_user = {
	SELECT " WHERE a.kind = 'user' AND a.state = ?1 ORDER BY a.id",
};
static const struct db_sql agreement_with = {
	SELECT " WHERE a.kind <> 'user' AND a.partner = ?1 ORDER BY a.id",
};

/* --- rows --- */

static enum sp_code
from_row(struct db_stmt *st, struct people_agreement *out, struct sp_err *err)
{
	struct people_agreement g = {
		.signed_on = (people_day)db_col_i64(st, 4),
		.review = people_col_day(st, 5),
		.recorded = db_col_i64(st, 6),
		.reviewed = people_col_day(st, 7),
		.ended = people_col_day(st, 9),
	};

	if (g.reviewed != PEOPLE_DAY_NONE)
		g.review = people_col_day(st, 8);
	SP_TRY(db_col_bytes(st, 0, g.id.b, SP_ID_LEN, err));
	SP_TRY(people_col_text(st, 2, g.partner, sizeof(g.partner), err));
	SP_TRY(people_col_text(st, 3, g.state, sizeof(g.state), err));
	if (!people_agreement_parse(db_col_text(st, 1), &g.kind))
		return sp_fail(err, SP_E_CORRUPT,
		    "an agreement in the database is of a kind that nobody "
		    "knows");
	*out = g;
	return SP_OK;
}

static enum sp_code
by_id(struct db *db, const struct sp_id *id, struct people_agreement *out,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &agreement_by_id);
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "agreement.unknown",
		    "no such agreement");
	return from_row(st, out, err);
}

enum sp_code
people_agreement_each(struct db *db,
    enum sp_code (*visit)(
	void *arg, const struct people_agreement *a, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	DB_STMT st = db_use(db, &agreement_each);

	for (;;) {
		struct people_agreement g;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(from_row(st, &g, err));
		SP_TRY(visit(arg, &g, err));
	}
}

people_day
people_agreement_until(
    const struct people_agreement *a, const struct people_rules *rules)
{
	people_day from =
	    a->reviewed == PEOPLE_DAY_NONE ? a->signed_on : a->reviewed;
	people_day until = people_record_until(
	    from, people_rules_get(rules, PEOPLE_AGREEMENT_REVIEW), a->review);

	if (a->ended != PEOPLE_DAY_NONE && a->ended < until)
		until = a->ended;
	return until;
}

static enum sp_code
best_of(struct db_stmt *st, const struct people_rules *rules,
    struct people_agreement *out, bool *any, struct sp_err *err)
{
	struct people_agreement best;
	bool have = false;

	for (;;) {
		struct people_agreement g;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(from_row(st, &g, err));
		if (!have ||
		    people_agreement_until(&g, rules) >=
			people_agreement_until(&best, rules))
			best = g;
		have = true;
	}
	*any = have;
	if (have)
		*out = best;
	return SP_OK;
}

enum sp_code
people_agreement_user(struct db *db, const struct people_rules *rules,
    struct people_agreement *out, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &agreement_user);

	db_bind_text(st, 1, people_rules_state(rules));
	return best_of(st, rules, out, found, err);
}

enum sp_code
people_agreement_with(struct db *db, const struct people_rules *rules,
    const char *partner, struct people_agreement *out, bool *found,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &agreement_with);

	db_bind_text(st, 1, partner);
	return best_of(st, rules, out, found, err);
}

/* --- adding --- */

static enum sp_code
check_days(const struct people_act *a, const struct people_agreement_new *n,
    struct people_agreement *g, struct sp_err *err)
{
	people_day today = people_day_of(a->rules, a->now);

	SP_TRY(people_day_check("agreement.signed_on", n->signed_on, today,
	    today, &g->signed_on, err));
	SP_TRY(people_day_check("agreement.review", n->review, today,
	    PEOPLE_DAY_NONE, &g->review, err));
	SP_TRY(people_record_past("agreement.signed_on", g->signed_on,
	    people_day_latest(a->rules, a->now), err));
	if (g->review != PEOPLE_DAY_NONE && g->review <= g->signed_on)
		return sp_fail_as(err, SP_E_INVALID, "agreement.review",
		    "agreement.review: the first day it is not in force "
		    "without a review, after the signing");
	return SP_OK;
}

static enum sp_code
check_partner(const struct people_agreement_new *n, struct people_agreement *g,
    struct sp_err *err)
{
	const char *partner = n->partner == NULL ? "" : n->partner;

	if (n->partner == NULL && g->kind == PEOPLE_USER_AGREEMENT) {
		(void)snprintf(
		    g->partner, sizeof(g->partner), "CSA of %s", g->state);
		return SP_OK;
	}
	SP_TRY(people_text_check(
	    "agreement.partner", partner, PEOPLE_PARTNER, err));
	memcpy(g->partner, partner, strlen(partner) + 1);
	return SP_OK;
}

static enum sp_code
check(const struct people_act *a, const struct people_agreement_new *n,
    struct people_agreement *out, struct sp_err *err)
{
	const char *state =
	    n->state == NULL ? people_rules_state(a->rules) : n->state;
	struct people_agreement g = {
		.kind = PEOPLE_USER_AGREEMENT,
		.reviewed = PEOPLE_DAY_NONE,
		.ended = PEOPLE_DAY_NONE,
	};

	if (n->kind != NULL && !people_agreement_parse(n->kind, &g.kind))
		return sp_fail_as(err, SP_E_INVALID, "agreement.kind",
		    "agreement.kind: user, management-control, "
		    "information-exchange or outsourcing");
	SP_TRY(people_state_check("agreement.state", state, g.state, err));
	SP_TRY(check_partner(n, &g, err));
	if (n->reference != NULL)
		SP_TRY(people_text_check(
		    "agreement.reference", n->reference, REFERENCE_MAX, err));
	SP_TRY(check_days(a, n, &g, err));
	*out = g;
	return SP_OK;
}

static enum sp_code
insert(const struct people_act *a, const struct people_agreement *g,
    const char *reference, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &agreement_insert);

	db_bind_blob(st, 1, g->id.b, SP_ID_LEN);
	db_bind_text(st, 2, people_agreement_name(g->kind));
	db_bind_text(st, 3, g->partner);
	db_bind_text(st, 4, g->state);
	db_bind_i64(st, 5, g->signed_on);
	people_bind_day(st, 6, g->review);
	db_bind_text(st, 7, reference);
	people_record_bind_by(st, 8, a);
	return db_run(st, NULL, err);
}

enum sp_code
people_agreement_add(const struct people_act *a,
    const struct people_agreement_new *n, struct sp_id *id, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	struct people_agreement g;

	SP_TRY(check(a, n, &g, err));
	SP_TRY(people_record_room(ledger_tx_db(a->tx), &limit, NULL, err));
	g.id = sp_id_new();
	SP_TRY(insert(a, &g, n->reference, err));
	sp_json_object(&j, NULL);
	sp_json_str(&j, "kind", people_agreement_name(g.kind));
	people_put_day(&j, "review", g.review);
	sp_json_str(&j, "state", g.state);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	SP_TRY(people_act_entry(a, "agreement.recorded", "agreement", &g.id,
	    sp_buf_str(&detail), err));
	*id = g.id;
	return SP_OK;
}

/* --- reviews and ends --- */

struct event {
	const char *what;
	people_day day, review;
};

static enum sp_code
insert_event(const struct people_act *a, const struct sp_id *agreement,
    const struct event *e, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &event_insert);
	struct sp_id id = sp_id_new();

	db_bind_blob(st, 1, id.b, SP_ID_LEN);
	db_bind_blob(st, 2, agreement->b, SP_ID_LEN);
	db_bind_text(st, 3, e->what);
	db_bind_i64(st, 4, e->day);
	people_bind_day(st, 5, e->review);
	people_record_bind_by(st, 6, a);
	return db_run(st, NULL, err);
}

static enum sp_code
record_event(const struct people_act *a, const struct sp_id *agreement,
    const struct event *e, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	bool ended = strcmp(e->what, "ended") == 0;

	SP_TRY(insert_event(a, agreement, e, err));
	sp_json_object(&j, NULL);
	if (ended)
		people_put_day(&j, "ended", e->day);
	else
		people_put_day(&j, "review", e->review);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(a,
	    ended ? "agreement.ended" : "agreement.reviewed", "agreement",
	    agreement, sp_buf_str(&detail), err);
}

static enum sp_code
not_ended(const struct people_act *a, const struct sp_id *id,
    struct people_agreement *g, struct sp_err *err)
{
	SP_TRY(by_id(ledger_tx_db(a->tx), id, g, err));
	if (g->ended != PEOPLE_DAY_NONE)
		return sp_fail_as(err, SP_E_CONFLICT, "agreement.state",
		    "the agreement has ended: record the new one");
	return SP_OK;
}

enum sp_code
people_agreement_review(const struct people_act *a, const struct sp_id *id,
    const char *on, const char *next, struct sp_err *err)
{
	people_day today = people_day_of(a->rules, a->now);
	struct event e = { .what = "reviewed" };
	struct people_agreement g;
	people_day after;

	SP_TRY(not_ended(a, id, &g, err));
	SP_TRY(people_day_check(
	    "agreement.reviewed", on, today, today, &e.day, err));
	SP_TRY(people_day_check(
	    "agreement.review", next, today, PEOPLE_DAY_NONE, &e.review, err));
	after = g.reviewed == PEOPLE_DAY_NONE ? g.signed_on : g.reviewed;
	if (e.day > people_day_latest(a->rules, a->now) || e.day < after)
		return sp_fail_as(err, SP_E_INVALID, "agreement.reviewed",
		    "agreement.reviewed: from its signing and last review to "
		    "today");
	if (e.review != PEOPLE_DAY_NONE && e.review <= e.day)
		return sp_fail_as(err, SP_E_INVALID, "agreement.review",
		    "agreement.review: the first day it is not in force "
		    "without a review, after this one");
	return record_event(a, id, &e, err);
}

enum sp_code
people_agreement_end(const struct people_act *a, const struct sp_id *id,
    const char *on, struct sp_err *err)
{
	people_day today = people_day_of(a->rules, a->now);
	struct event e = { .what = "ended", .review = PEOPLE_DAY_NONE };
	struct people_agreement g;

	SP_TRY(not_ended(a, id, &g, err));
	SP_TRY(
	    people_day_check("agreement.ended", on, today, today, &e.day, err));
	if (e.day < g.signed_on)
		return sp_fail_as(err, SP_E_INVALID, "agreement.ended",
		    "agreement.ended: not before its signing");
	return record_event(a, id, &e, err);
}

/* --- JSON --- */

static enum sp_code
put_row(struct sp_json *j, struct db_stmt *st, const struct people_rules *rules,
    struct sp_err *err)
{
	struct people_agreement g;

	SP_TRY(from_row(st, &g, err));
	sp_json_object(j, NULL);
	people_put_day(j, "ended", g.ended);
	people_put_id(j, "id", &g.id);
	sp_json_str(j, "kind", people_agreement_name(g.kind));
	sp_json_str(j, "partner", g.partner);
	people_put_time(j, "recorded", g.recorded);
	people_put_col(j, "reference", st, 10);
	people_put_day(j, "reviewed", g.reviewed);
	people_put_day(j, "signed_on", g.signed_on);
	sp_json_str(j, "state", g.state);
	people_put_day(j, "until", people_agreement_until(&g, rules));
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
people_agreement_json(struct sp_json *j, const char *name, struct db *db,
    const struct people_rules *rules, struct sp_err *err)
{
	DB_STMT st = db_use(db, &agreement_each);

	return people_record_array(j, name, st, rules, put_row, err);
}

enum sp_code
people_agreement_new_json(
    struct json_t *in, struct people_agreement_new *out, struct sp_err *err)
{
	static const struct people_member members[] = {
		PEOPLE_MEMBER(struct people_agreement_new, "agreement", kind),
		PEOPLE_MEMBER(
		    struct people_agreement_new, "agreement", partner),
		PEOPLE_MEMBER(struct people_agreement_new, "agreement", state),
		PEOPLE_MEMBER(
		    struct people_agreement_new, "agreement", signed_on),
		PEOPLE_MEMBER(struct people_agreement_new, "agreement", review),
		PEOPLE_MEMBER(
		    struct people_agreement_new, "agreement", reference),
	};
	struct people_agreement_new n = { .kind = NULL };

	SP_TRY(people_members_read(in, members, SP_COUNTOF(members), &n, err));
	*out = n;
	return SP_OK;
}
