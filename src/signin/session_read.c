#include "signin/session_rows.h"

#include "base/json.h"

#include <string.h>

#define SKEW (5 * SP_SECOND)

#define X(id, name) [id] = (name),
static const char *const stage_names[] = { SIGNIN_STAGES(X) };
#undef X

static const struct db_sql session_by_hash = {
	"SELECT " SIGNIN_COLUMNS " FROM signin_session WHERE hash = ?1",
};
static const struct db_sql session_owner = {
	"SELECT person FROM signin_session WHERE id = ?1 AND stage <> 'ended'",
};
static const struct db_sql session_list = {
	"SELECT " SIGNIN_COLUMNS " FROM signin_session"
	" WHERE stage <> 'ended' AND (?1 IS NULL OR person = ?1)"
	" ORDER BY id DESC LIMIT ?2",
};

const char *
signin_stage_name(enum signin_stage stage)
{
	SP_REQUIRE((size_t)stage < SIGNIN_STAGE_COUNT);
	return stage_names[stage];
}

static bool
stage_parse(const char *s, enum signin_stage *out)
{
	for (unsigned i = 0; i < SIGNIN_STAGE_COUNT; i++) {
		if (strcmp(s, stage_names[i]) == 0) {
			*out = (enum signin_stage)i;
			return true;
		}
	}
	return false;
}

/* --- rows --- */

static bool
factor_parse(const char *s, enum gate_factor *out)
{
	for (unsigned i = 0; i < GATE_FACTOR_COUNT; i++) {
		if (strcmp(s, gate_factor_name((enum gate_factor)i)) == 0) {
			*out = (enum gate_factor)i;
			return true;
		}
	}
	return false;
}

static bool
put_text(struct db_stmt *st, int at, char *out, size_t room)
{
	const char *s = db_col_text(st, at);
	size_t len = strlen(s);

	if (len >= room)
		return false;
	memcpy(out, s, len + 1);
	return true;
}

enum sp_code
signin_row_read(struct db_stmt *st, struct signin_row *out, struct sp_err *err)
{
	struct signin_row r = {
		.s = {
			.created = db_col_i64(st, 6),
			.proved = db_col_i64(st, 7),
			.used = db_col_i64(st, 8),
			.epoch = db_col_i64(st, 12),
		},
		.change = db_col_i64(st, 3) != 0,
	};

	SP_TRY(db_col_bytes(st, 0, r.s.id.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 1, r.s.person.b, SP_ID_LEN, err));
	if (!stage_parse(db_col_text(st, 2), &r.s.stage) ||
	    !factor_parse(db_col_text(st, 4), &r.s.factor) ||
	    !put_text(st, 5, r.s.method, sizeof(r.s.method)) ||
	    !put_text(st, 9, r.s.address, sizeof(r.s.address)) ||
	    !put_text(st, 10, r.s.agent, sizeof(r.s.agent)))
		return sp_fail(err, SP_E_CORRUPT,
		    "a session in the database is like none that is written");
	*out = r;
	return SP_OK;
}

static bool
opened(enum signin_stage stage)
{
	return stage == SIGNIN_OPEN || stage == SIGNIN_LOCKED;
}

sp_time
signin_row_expires(
    const struct signin_session *s, const struct people_rules *rules)
{
	sp_time idle =
	    s->used + people_rules_time(rules, PEOPLE_SESSION_DISCONNECT);
	sp_time old =
	    s->proved + people_rules_time(rules, PEOPLE_SESSION_REAUTHENTICATE);

	if (!opened(s->stage))
		return s->used + SIGNIN_PENDING;
	/* One that is too old can be renewed until it is idle for too long. */
	return idle < old || s->used >= old ? idle : old;
}

/* How long ago: what another thread has written while this one read its clock
 * is now.  Below zero: a clock that has been set back. */
static sp_time
ago(sp_time now, sp_time since)
{
	return since > now && since - now <= SKEW ? 0 : now - since;
}

static bool
within(sp_time now, sp_time since, sp_time limit)
{
	sp_time t = ago(now, since);

	return t >= 0 && t < limit;
}

enum signin_stage
signin_row_stage(const struct signin_session *s,
    const struct people_rules *rules, sp_time now)
{
	sp_time lock = people_rules_time(rules, PEOPLE_SESSION_LOCK);
	sp_time disconnect =
	    people_rules_time(rules, PEOPLE_SESSION_DISCONNECT);

	if (s->stage == SIGNIN_ENDED)
		return SIGNIN_ENDED;
	if (!opened(s->stage))
		return within(now, s->used, SIGNIN_PENDING) ? s->stage
							    : SIGNIN_ENDED;
	if (!within(now, s->used, disconnect))
		return SIGNIN_ENDED;
	return within(now, s->used, lock) ? s->stage : SIGNIN_LOCKED;
}

bool
signin_row_void(const struct signin_session *s, const struct people_person *p,
    const struct people_rules *rules, sp_time now)
{
	/* One factor is no more than a guess has come to. */
	return s->epoch != p->epoch || !people_person_live(p, rules, now) ||
	    (s->factor == GATE_FACTOR_SINGLE && p->reason == PEOPLE_LOCKED);
}

static enum sp_code
unknown(const char *reason, struct sp_err *err)
{
	return sp_fail_as(err, SP_E_UNKNOWN, reason,
	    "the session is not known, or over: sign in again");
}

/* The search by hash needs no constant-time compare: see gate/text.h. */
static enum sp_code
by_hash(
    struct db *db, const char *text, struct signin_row *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &session_by_hash);
	uint8_t hash[CRYPTO_SHA256_LEN];
	bool found = false;

	gate_text_hash(text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return unknown("session.unknown", err);
	return signin_row_read(st, out, err);
}

enum sp_code
signin_row_find(const struct signin_shown *shown, sp_time now,
    struct signin_row *out, struct sp_err *err)
{
	const struct people_rules *rules = shown->rules;
	struct people_person p;
	struct signin_row r;
	enum gate_text kind;
	struct sp_id of;

	if (shown->text == NULL || !gate_text_parse(shown->text, &kind, &of) ||
	    kind != GATE_TEXT_SESSION)
		return unknown("session.unknown", err);
	if (!sp_id_equal(&of, shown->agency))
		return sp_fail(err, SP_E_NOTFOUND, "no such agency");
	SP_TRY(by_hash(shown->db, shown->text, &r, err));
	if (r.s.stage == SIGNIN_ENDED)
		return unknown("session.ended", err);
	SP_TRY(people_person_by_id(shown->db, &r.s.person, &p, err));
	if (signin_row_void(&r.s, &p, rules, now))
		return unknown("session.void", err);
	r.s.stage = signin_row_stage(&r.s, rules, now);
	if (r.s.stage == SIGNIN_ENDED)
		return unknown("session.expired", err);
	r.s.expires = signin_row_expires(&r.s, rules);
	*out = r;
	return SP_OK;
}

/* --- who shows this? --- */

enum sp_code
signin_session_find(struct db *db, const struct sp_id *agency,
    const struct people_rules *rules, const char *text,
    struct signin_session *out, struct sp_err *err)
{
	const struct signin_shown shown = { db, agency, rules, text };
	struct signin_row r;

	SP_TRY(signin_row_find(&shown, sp_now(), &r, err));
	*out = r.s;
	return SP_OK;
}

static enum gate_session
standing(enum signin_stage stage)
{
	switch (stage) {
	case SIGNIN_OPEN: return GATE_SESSION_OPEN;
	case SIGNIN_LOCKED: return GATE_SESSION_LOCKED;
	case SIGNIN_NOTICE: return GATE_SESSION_UNREAD;
	case SIGNIN_FACTOR:
	case SIGNIN_ENROL:
	case SIGNIN_CHANGE:
	case SIGNIN_ENDED:
	case SIGNIN_STAGE_COUNT: break;
	}
	return GATE_SESSION_NONE;
}

enum sp_code
signin_session_know(const struct signin_shown *shown, struct gate_caller *out,
    bool *touch, struct sp_err *err)
{
	const struct people_rules *rules = shown->rules;
	struct gate_caller who = *out;
	sp_time now = sp_now();
	struct signin_row r;

	SP_TRY(signin_row_find(shown, now, &r, err));
	who.agency = *shown->agency;
	who.token = r.s.id;
	who.kind = "session";
	who.expires = r.s.expires;
	who.via = (struct gate_via){ 0 };
	who.is = (struct gate_standing){
		.session = standing(r.s.stage),
		.idle = ago(now, r.s.used),
		.since_proof = ago(now, r.s.proved),
		.factor = r.s.factor,
		.limits = {
			.idle = people_rules_time(rules, PEOPLE_SESSION_LOCK),
			.reproof = people_rules_time(
			    rules, PEOPLE_SESSION_REAUTHENTICATE),
			.fresh = people_rules_time(
			    rules, PEOPLE_SESSION_PRIVILEGED),
		},
	};
	SP_TRY(gate_caller_person(shown->db, rules, &r.s.person, &who, err));
	*touch = r.s.stage == SIGNIN_OPEN && now - r.s.used >= SIGNIN_TOUCH;
	*out = who;
	return SP_OK;
}

enum sp_code
signin_session_owner(struct db *db, const struct sp_id *id,
    struct sp_id *person, struct sp_err *err)
{
	DB_STMT st = db_use(db, &session_owner);
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(
		    err, SP_E_NOTFOUND, "session.unknown", "no such session");
	return db_col_bytes(st, 0, person->b, SP_ID_LEN, err);
}

/* --- for people to see --- */

void
signin_session_json(struct sp_json *j, const char *name,
    const struct signin_session *s, bool current)
{
	sp_json_object(j, name);
	sp_json_str(j, "address", s->address);
	sp_json_str(j, "agent", s->agent);
	sp_json_time(j, "created_at", s->created);
	sp_json_bool(j, "current", current);
	sp_json_time(j, "expires_at", s->expires);
	sp_json_str(j, "factor", gate_factor_name(s->factor));
	sp_json_id(j, "id", &s->id);
	sp_json_str(j, "method", s->method);
	sp_json_id(j, "person", &s->person);
	sp_json_time(j, "proved_at", s->proved);
	sp_json_str(j, "stage", signin_stage_name(s->stage));
	sp_json_time(j, "used_at", s->used);
	sp_json_end(j);
}

/* What the tick has not come to yet is not shown either. */
static enum sp_code
list_one(struct db *db, struct db_stmt *st, const struct signin_listing *l,
    struct sp_json *j, struct sp_err *err)
{
	sp_time now = sp_now();
	struct people_person p;
	struct signin_row r;

	SP_TRY(signin_row_read(st, &r, err));
	SP_TRY(people_person_by_id(db, &r.s.person, &p, err));
	r.s.stage = signin_row_stage(&r.s, l->rules, now);
	if (r.s.stage == SIGNIN_ENDED ||
	    signin_row_void(&r.s, &p, l->rules, now))
		return SP_OK;
	r.s.expires = signin_row_expires(&r.s, l->rules);
	signin_session_json(j, NULL, &r.s,
	    l->current != NULL && sp_id_equal(l->current, &r.s.id));
	return SP_OK;
}

enum sp_code
signin_session_list(struct db *db, const struct signin_listing *l,
    struct sp_json *j, struct sp_err *err)
{
	DB_STMT st = db_use(db, &session_list);

	if (l->person == NULL)
		db_bind_null(st, 1);
	else
		db_bind_blob(st, 1, l->person->b, SP_ID_LEN);
	db_bind_u64(st, 2, l->most);
	for (;;) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(list_one(db, st, l, j, err));
	}
}
