#include "signin/session_rows.h"

#include "base/json.h"

#include <string.h>

/*
 * What becomes of sessions that nobody shows any more.  Those whose use is the
 * longest ago come first; a person who has changed is looked for by their
 * epoch.
 */
static const struct db_sql tick_idle = {
	"SELECT " SIGNIN_COLUMNS " FROM signin_session"
	" WHERE (stage = 'open' AND used <= ?1)"
	" OR (stage = 'locked' AND used <= ?2)"
	" OR (stage NOT IN ('open', 'locked', 'ended') AND used <= ?3)"
	" LIMIT ?4",
};
static const struct db_sql tick_void = {
	"SELECT " SIGNIN_COLUMNS " FROM signin_session s"
	" WHERE stage <> 'ended' AND EXISTS(SELECT 1 FROM person p"
	"  WHERE p.id = s.person"
	"  AND (p.epoch <> s.epoch OR (p.state <> 'active'"
	"   AND (p.reason <> 'locked' OR s.factor = 'single'))))"
	" LIMIT ?1",
};
static const struct db_sql tick_set = {
	"UPDATE signin_session SET stage = ?2, ended = ?3 WHERE id = ?1",
};
static const struct db_sql tick_past = {
	"SELECT 1 FROM signin_session WHERE stage = 'ended' AND ended < ?1"
	" LIMIT 1",
};
static const struct db_sql tick_forget = {
	"DELETE FROM signin_session WHERE stage = 'ended' AND ended < ?1",
};

/* One that is over is gone: a clock that is set back revives nothing. */
static const struct db_sql tick_invited = {
	"SELECT 1 FROM signin_invite WHERE expires <= ?1 LIMIT 1",
};
static const struct db_sql tick_uninvite = {
	"DELETE FROM signin_invite WHERE expires <= ?1",
};

static void
bind_idle(struct db_stmt *st, const struct people_rules *rules, sp_time now,
    size_t most)
{
	db_bind_i64(st, 1, now - people_rules_time(rules, PEOPLE_SESSION_LOCK));
	db_bind_i64(
	    st, 2, now - people_rules_time(rules, PEOPLE_SESSION_DISCONNECT));
	db_bind_i64(st, 3, now - SIGNIN_PENDING);
	db_bind_u64(st, 4, most);
}

static enum sp_code
any(struct db_stmt *st, bool *due, struct sp_err *err)
{
	bool found = false;

	if (*due)
		return SP_OK;
	SP_TRY(db_row(st, &found, err));
	*due = found;
	return SP_OK;
}

enum sp_code
signin_session_due(struct db *db, const struct people_rules *rules, sp_time now,
    bool *due, struct sp_err *err)
{
	DB_STMT idle = db_use(db, &tick_idle);
	DB_STMT gone = db_use(db, &tick_void);
	DB_STMT past = db_use(db, &tick_past);
	DB_STMT invited = db_use(db, &tick_invited);
	bool is = false;

	bind_idle(idle, rules, now, 1);
	db_bind_i64(gone, 1, 1);
	db_bind_i64(past, 1, now - SIGNIN_KEPT);
	SP_TRY(any(idle, &is, err));
	SP_TRY(any(gone, &is, err));
	SP_TRY(any(past, &is, err));
	db_bind_i64(invited, 1, now);
	SP_TRY(any(invited, &is, err));
	*due = is;
	return SP_OK;
}

static enum sp_code
enter(const struct people_act *a, const struct signin_session *s,
    const char *act, const char *reason, struct sp_err *err)
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
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(
	    a, act, "session", &s->id, sp_buf_str(&detail), err);
}

/* Write down what it is by now, with its entry.  What time has ended does not
 * end a transfer that was begun in time and still goes on; of whoever has lost
 * the account, the act that took it has ended everything already. */
static enum sp_code
settle(const struct people_act *a, const struct signin_session *s,
    enum signin_stage is, const char *reason, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &tick_set);
	bool opened = s->stage == SIGNIN_OPEN || s->stage == SIGNIN_LOCKED;

	db_bind_blob(st, 1, s->id.b, SP_ID_LEN);
	db_bind_text(st, 2, signin_stage_name(is));
	db_bind_i64(st, 3, is == SIGNIN_ENDED ? a->now : 0);
	SP_TRY(db_run(st, NULL, err));
	if (is == SIGNIN_LOCKED)
		return enter(a, s, "session.locked", NULL, err);
	return opened ? enter(a, s, "session.ended", reason, err) : SP_OK;
}

/* What it is by now, and that this is written down. */
static enum sp_code
tick_one(const struct people_act *a, const struct signin_session *s, bool gone,
    struct sp_err *err)
{
	enum signin_stage is =
	    gone ? SIGNIN_ENDED : signin_row_stage(s, a->rules, a->now);

	if (is == s->stage)
		return SP_OK;
	return settle(a, s, is, gone ? "void" : "idle", err);
}

static enum sp_code
tick_each(const struct people_act *a, struct db_stmt *st, bool gone,
    struct sp_err *err)
{
	for (;;) {
		struct signin_row r;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(signin_row_read(st, &r, err));
		SP_TRY(tick_one(a, &r.s, gone, err));
	}
}

enum sp_code
signin_session_tick(const struct people_act *a, size_t most, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT forget = db_use(db, &tick_forget);
	DB_STMT uninvite = db_use(db, &tick_uninvite);

	{
		DB_STMT st = db_use(db, &tick_void);

		db_bind_u64(st, 1, most);
		SP_TRY(tick_each(a, st, true, err));
	}
	{
		DB_STMT st = db_use(db, &tick_idle);

		bind_idle(st, a->rules, a->now, most);
		SP_TRY(tick_each(a, st, false, err));
	}
	db_bind_i64(uninvite, 1, a->now);
	SP_TRY(db_run(uninvite, NULL, err));
	db_bind_i64(forget, 1, a->now - SIGNIN_KEPT);
	return db_run(forget, NULL, err);
}
