#include "signin/session_rows.h"

#include "base/json.h"
#include "crypto/secret.h"
#include "signin/throttle.h"

#include <string.h>

static const struct db_sql session_insert = {
	"INSERT INTO signin_session(" SIGNIN_COLUMNS ", hash)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?11, ?7, ?8, ?9, 0, ?12,"
	" ?10)",
};
static const struct db_sql session_update = {
	"UPDATE signin_session SET hash = ?2, stage = ?3, change = ?4,"
	" factor = ?5, method = ?6, proved = ?7, used = ?8 WHERE id = ?1",
};
static const struct db_sql session_touch = {
	"UPDATE signin_session SET used = ?2"
	" WHERE id = ?1 AND stage = 'open' AND used < ?2",
};
static const struct db_sql session_end = {
	"UPDATE signin_session SET stage = 'ended', ended = ?2 WHERE id = ?1",
};
static const struct db_sql session_by_id = {
	"SELECT " SIGNIN_COLUMNS " FROM signin_session"
	" WHERE id = ?1 AND stage <> 'ended'",
};
static const struct db_sql session_of = {
	"SELECT " SIGNIN_COLUMNS " FROM signin_session"
	" WHERE person = ?1 AND stage <> 'ended' ORDER BY id DESC LIMIT ?2",
};
static const struct db_sql session_beyond = {
	"SELECT id FROM signin_session WHERE person = ?1 AND stage <> 'ended'"
	" AND factor = ?3 ORDER BY id DESC LIMIT 1 OFFSET ?2",
};

struct people_by
signin_by(const struct sp_id *agency, const struct sp_id *person,
    const struct signin_from *from)
{
	return (struct people_by){
		.agency = *agency,
		.kind = "person",
		.id = *person,
		.person = *person,
		.address = from->address,
		.source = from->source,
	};
}

static enum sp_code
enter(const struct people_act *a, const char *act, const struct sp_id *id,
    struct sp_buf *detail, struct sp_err *err)
{
	SP_TRY(sp_buf_check(detail, "detail", err));
	return people_act_entry(a, act, "session", id,
	    detail->len == 0 ? NULL : sp_buf_str(detail), err);
}

/* {"factor":…,"method":…} */
static enum sp_code
enter_proof(const struct people_act *a, const char *act,
    const struct signin_session *s, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "factor", gate_factor_name(s->factor));
	sp_json_str(&j, "method", s->method);
	sp_json_end(&j);
	return enter(a, act, &s->id, &detail, err);
}

static enum sp_code
enter_end(const struct people_act *a, const struct signin_session *s,
    const char *reason, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	char person[SP_ID_TEXT];

	sp_id_text(&s->person, person);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "person", person);
	if (reason != NULL)
		sp_json_str(&j, "reason", reason);
	sp_json_end(&j);
	return enter(a, "session.ended", &s->id, &detail, err);
}

/* --- writing --- */

static enum sp_code
insert(const struct people_act *a, const struct signin_row *r, const char *text,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &session_insert);
	uint8_t hash[CRYPTO_SHA256_LEN];

	gate_text_hash(text, hash);
	db_bind_blob(st, 1, r->s.id.b, SP_ID_LEN);
	db_bind_blob(st, 2, r->s.person.b, SP_ID_LEN);
	db_bind_text(st, 3, signin_stage_name(r->s.stage));
	db_bind_i64(st, 4, r->change);
	db_bind_text(st, 5, gate_factor_name(r->s.factor));
	db_bind_text(st, 6, r->s.method);
	db_bind_i64(st, 7, r->s.created);
	db_bind_text(st, 8, r->s.address);
	db_bind_text(st, 9, r->s.agent);
	db_bind_blob(st, 10, hash, sizeof(hash));
	db_bind_i64(st, 11, r->s.proved);
	db_bind_i64(st, 12, r->s.epoch);
	return db_run(st, NULL, err);
}

static enum sp_code
update(const struct people_act *a, const struct signin_row *r, const char *text,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &session_update);
	uint8_t hash[CRYPTO_SHA256_LEN];

	gate_text_hash(text, hash);
	db_bind_blob(st, 1, r->s.id.b, SP_ID_LEN);
	db_bind_blob(st, 2, hash, sizeof(hash));
	db_bind_text(st, 3, signin_stage_name(r->s.stage));
	db_bind_i64(st, 4, r->change);
	db_bind_text(st, 5, gate_factor_name(r->s.factor));
	db_bind_text(st, 6, r->s.method);
	db_bind_i64(st, 7, r->s.proved);
	db_bind_i64(st, 8, r->s.used);
	return db_run(st, NULL, err);
}

/* The step to the session's new text. */
static enum sp_code
step(const struct people_act *a, const struct sp_id *agency,
    struct signin_row *r, struct signin_step *out, struct sp_err *err)
{
	struct signin_step made = {
		.session = r->s.id,
		.person = r->s.person,
		.stage = r->s.stage,
		.expires = signin_row_expires(&r->s, a->rules),
	};

	SP_TRY(signin_factor_has(
	    ledger_tx_db(a->tx), &r->s.person, &made.factors, err));
	gate_text_make(GATE_TEXT_SESSION, agency, made.text);
	*out = made;
	return SP_OK;
}

/* --- ending --- */

static enum sp_code
set_ended(
    const struct people_act *a, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &session_end);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, a->now);
	return db_run(st, NULL, err);
}

static bool
opened(const struct signin_session *s)
{
	return s->stage == SIGNIN_OPEN || s->stage == SIGNIN_LOCKED;
}

static enum sp_code
end_row(const struct people_act *a, const struct signin_session *s,
    struct sp_err *err)
{
	bool self = sp_id_equal(&a->by->person, &s->person);

	SP_TRY(set_ended(a, &s->id, err));
	SP_TRY(ledger_tx_ends(a->tx, &s->id, err));
	if (!opened(s))
		return SP_OK; /* it was none yet */
	return enter_end(a, s, self ? "signed-out" : "revoked", err);
}

enum sp_code
signin_session_end(
    const struct people_act *a, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &session_by_id);
	struct signin_row r;
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(
		    err, SP_E_NOTFOUND, "session.unknown", "no such session");
	SP_TRY(signin_row_read(st, &r, err));
	return end_row(a, &r.s, err);
}

/* The live ones of a person, newest first. */
static enum sp_code
all_of(struct db *db, const struct sp_id *person,
    struct signin_session out[static SIGNIN_SESSIONS_MAX], size_t *n,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &session_of);

	*n = 0;
	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	db_bind_i64(st, 2, SIGNIN_SESSIONS_MAX);
	for (;;) {
		struct signin_row r;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(signin_row_read(st, &r, err));
		out[(*n)++] = r.s;
	}
}

enum sp_code
signin_session_end_all(const struct people_act *a, const struct sp_id *person,
    const struct sp_id *but, struct sp_err *err)
{
	struct signin_session s[SIGNIN_SESSIONS_MAX];
	size_t has = 0;

	SP_TRY(all_of(ledger_tx_db(a->tx), person, s, &has, err));
	for (size_t i = 0; i < has; i++) {
		if (but != NULL && sp_id_equal(but, &s[i].id))
			continue;
		SP_TRY(end_row(a, &s[i], err));
	}
	return gate_token_revoke_of(a, person, err);
}

/* How many of those with so much proved a person may have: together the
 * maximum. */
static int64_t
most_of(enum gate_factor factor)
{
	return factor == GATE_FACTOR_SINGLE
	    ? SIGNIN_SESSIONS_HALF
	    : SIGNIN_SESSIONS_MAX - SIGNIN_SESSIONS_HALF;
}

/* One that there is no room for beside another; *found false: there is. */
static enum sp_code
one_beyond(struct db *db, const struct sp_id *person, enum gate_factor factor,
    struct sp_id *out, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &session_beyond);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	db_bind_i64(st, 2, most_of(factor) - 1);
	db_bind_text(st, 3, gate_factor_name(factor));
	SP_TRY(db_row(st, found, err));
	return *found ? db_col_bytes(st, 0, out->b, SP_ID_LEN, err) : SP_OK;
}

/* Nobody has more than the maximum: the oldest ones end, as if the person had
 * signed out.  Those with one factor are counted apart, or whoever has but the
 * password could push out what was opened with both. */
static enum sp_code
make_room(const struct people_act *a, const struct sp_id *person,
    enum gate_factor factor, struct sp_err *err)
{
	for (;;) {
		struct sp_id id;
		bool found = false;

		SP_TRY(one_beyond(
		    ledger_tx_db(a->tx), person, factor, &id, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(signin_session_end(a, &id, err));
	}
}

/* --- beginning --- */

/* What a client calls itself, as far as it can be shown. */
static void
clean_agent(const char *agent, char out[static SIGNIN_AGENT + 1])
{
	if (agent != NULL)
		(void)sp_utf8_quote(agent, out, SIGNIN_AGENT + 1);
	else
		out[0] = '\0';
}

/* A locked account is closed to passwords and codes, which can be guessed, and
 * to any one factor; not to two that cannot (AC-7(4)), or whoever knows a login
 * could keep its owner out. */
static bool
may_open(const struct people_person *p, const struct people_act *a,
    enum gate_factor factor)
{
	return factor == GATE_FACTOR_SECOND
	    ? people_person_live(p, a->rules, a->now)
	    : people_person_state(p, a->rules, a->now).state == PEOPLE_ACTIVE;
}

static enum sp_code
active(const struct people_act *a, const struct signin_open *o,
    struct people_person *out, struct sp_err *err)
{
	struct people_person p;
	enum sp_code code =
	    people_person_by_id(ledger_tx_db(a->tx), &o->person, &p, err);

	if (code != SP_OK && code != SP_E_NOTFOUND)
		return code;
	if (code == SP_E_NOTFOUND || !may_open(&p, a, o->proof.factor))
		return sp_fail_as(err, SP_E_UNKNOWN, "person.inactive",
		    "the account is not active");
	*out = p;
	return SP_OK;
}

/* Two factors are shown: this is the person. */
static enum sp_code
proved(
    const struct people_act *a, const struct sp_id *person, struct sp_err *err)
{
	SP_TRY(signin_throttle_clear(a, person, err));
	return people_person_seen(a->tx, person, a->now, err);
}

/* Where it begins: with what is wanted next. */
static enum sp_code
begin_stage(struct db *db, struct signin_row *io, struct sp_err *err)
{
	unsigned has = 0;

	if (io->s.factor == GATE_FACTOR_SECOND) {
		io->s.stage = io->change ? SIGNIN_CHANGE : SIGNIN_NOTICE;
		return SP_OK;
	}
	SP_TRY(signin_factor_has(db, &io->s.person, &has, err));
	io->s.stage = has == 0 ? SIGNIN_ENROL : SIGNIN_FACTOR;
	return SP_OK;
}

/* By what, from where and since when. */
static void
describe(const struct signin_open *o, sp_time now, struct signin_session *s)
{
	(void)snprintf(s->method, sizeof(s->method), "%s", o->proof.method);
	(void)snprintf(s->address, sizeof(s->address), "%s", o->from.address);
	clean_agent(o->from.agent, s->agent);
	s->created = s->proved = s->used = now;
	if (o->proved != 0 && o->proved < s->created)
		s->proved = o->proved;
}

/* The row of a new one. */
static enum sp_code
keep(const struct people_act *a, const struct signin_row *r, const char *text,
    struct sp_err *err)
{
	SP_TRY(insert(a, r, text, err));
	return r->s.factor == GATE_FACTOR_SECOND ? proved(a, &r->s.person, err)
						 : SP_OK;
}

enum sp_code
signin_session_open(const struct people_act *a, const struct signin_open *o,
    struct signin_step *out, struct sp_err *err)
{
	struct people_by by = signin_by(&o->agency, &o->person, &o->from);
	struct people_act self = { a->tx, &by, a->rules, a->now };
	struct signin_row r = {
		.s = {
			.id = sp_id_new(),
			.person = o->person,
			.factor = o->proof.factor,
		},
		.change = o->proof.change,
	};
	struct people_person p;
	struct signin_step made;
	CRYPTO_WIPE_ON_EXIT(made);

	SP_REQUIRE(r.s.factor == GATE_FACTOR_SECOND ||
	    r.s.factor == GATE_FACTOR_SINGLE);
	SP_REQUIRE(strlen(o->proof.method) <= SIGNIN_METHOD);
	SP_TRY(active(&self, o, &p, err));
	SP_TRY(make_room(&self, &o->person, o->proof.factor, err));
	SP_TRY(begin_stage(ledger_tx_db(a->tx), &r, err));
	describe(o, a->now, &r.s);
	r.s.epoch = p.epoch;
	SP_TRY(step(&self, &o->agency, &r, &made, err));
	SP_TRY(keep(&self, &r, made.text, err));
	*out = made;
	return SP_OK;
}

/* --- further proofs --- */

static enum sp_code
wrong_stage(enum signin_stage stage, struct sp_err *err)
{
	return sp_fail_as(err, SP_E_CONFLICT, "session.stage",
	    "not what is wanted next in this session: %s",
	    signin_stage_name(stage));
}

static enum sp_code
add_word(struct signin_session *s, const char *word, struct sp_err *err)
{
	size_t len = strlen(s->method);
	int n = snprintf(s->method + len, sizeof(s->method) - len, "%s%s",
	    len == 0 ? "" : " ", word);

	if (n < 0 || (size_t)n >= sizeof(s->method) - len)
		return sp_fail(err, SP_E_INTERNAL, "too many methods");
	return SP_OK;
}

/* From the stage it is in, by this proof, to the next. */
static enum sp_code
advance(
    struct signin_row *r, const struct signin_proof *proof, struct sp_err *err)
{
	bool second = proof->factor == GATE_FACTOR_SECOND;

	switch (r->s.stage) {
	case SIGNIN_FACTOR:
	case SIGNIN_ENROL:
		if (!second)
			break;
		r->s.factor = GATE_FACTOR_SECOND;
		r->s.stage = r->change ? SIGNIN_CHANGE : SIGNIN_NOTICE;
		return add_word(&r->s, proof->method, err);
	case SIGNIN_CHANGE:
		if (second)
			break;
		r->change = false;
		r->s.stage = SIGNIN_NOTICE;
		return SP_OK;
	case SIGNIN_OPEN:
	case SIGNIN_LOCKED:
		if (!second)
			break;
		r->s.factor = GATE_FACTOR_SECOND;
		r->s.stage = SIGNIN_OPEN;
		r->s.method[0] = '\0';
		return add_word(&r->s, proof->method, err);
	case SIGNIN_NOTICE:
	case SIGNIN_ENDED:
	case SIGNIN_STAGE_COUNT: break;
	}
	return wrong_stage(r->s.stage, err);
}

static enum sp_code
find(const struct people_act *a, const struct sp_id *agency, const char *text,
    struct signin_row *out, struct sp_err *err)
{
	const struct signin_shown shown = { ledger_tx_db(a->tx), agency,
		a->rules, text };

	return signin_row_find(&shown, a->now, out, err);
}

/* A proof, and what it makes of the session: nothing of it is written yet. */
static enum sp_code
raise_by(const struct people_act *a, const struct signin_proof *proof,
    struct signin_row *io, struct sp_err *err)
{
	bool second = proof->factor == GATE_FACTOR_SECOND;

	if (second && io->s.factor != GATE_FACTOR_SECOND)
		SP_TRY(make_room(a, &io->s.person, GATE_FACTOR_SECOND, err));
	io->change = io->change || proof->change;
	SP_TRY(advance(io, proof, err));
	if (!second)
		return SP_OK;
	io->s.proved = io->s.used = a->now;
	return proved(a, &io->s.person, err);
}

enum sp_code
signin_session_raise(const struct people_act *a, const struct sp_id *agency,
    const char *text, const struct signin_proof *proof, struct signin_step *out,
    struct sp_err *err)
{
	struct signin_row r;
	struct signin_step made;
	CRYPTO_WIPE_ON_EXIT(made);
	bool renewed;

	SP_TRY(find(a, agency, text, &r, err));
	renewed = opened(&r.s);
	SP_TRY(raise_by(a, proof, &r, err));
	SP_TRY(step(a, agency, &r, &made, err));
	SP_TRY(update(a, &r, made.text, err));
	if (renewed)
		SP_TRY(enter_proof(a, "session.renewed", &r.s, err));
	*out = made;
	return SP_OK;
}

static enum sp_code
enter_notice(const struct people_act *a, const struct sp_id *session,
    const uint8_t *notice, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	sp_json_hex(&j, "sha256", notice, CRYPTO_SHA256_LEN);
	sp_json_end(&j);
	return enter(a, "notice.acknowledged", session, &detail, err);
}

enum sp_code
signin_session_acknowledge(const struct people_act *a,
    const struct sp_id *agency, const char *text, const uint8_t *notice,
    struct signin_step *out, struct sp_err *err)
{
	struct signin_row r;
	struct signin_step made;
	CRYPTO_WIPE_ON_EXIT(made);

	SP_TRY(find(a, agency, text, &r, err));
	if (r.s.stage != SIGNIN_NOTICE)
		return wrong_stage(r.s.stage, err);
	r.s.stage = SIGNIN_OPEN;
	r.s.used = a->now;
	SP_TRY(step(a, agency, &r, &made, err));
	SP_TRY(update(a, &r, made.text, err));
	SP_TRY(enter_notice(a, &r.s.id, notice, err));
	SP_TRY(enter_proof(a, "session.opened", &r.s, err));
	*out = made;
	return SP_OK;
}

enum sp_code
signin_session_touch(
    const struct people_act *a, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &session_touch);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, a->now);
	return db_run(st, NULL, err);
}
