#include "signin/invite.h"

#include "base/json.h"
#include "gate/token.h"

static const struct db_sql invite_put = {
	"INSERT INTO signin_invite(hash, person, created, expires, inviter,"
	" inviter_epoch) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
	" ON CONFLICT(person) DO UPDATE SET hash = ?1, created = ?3,"
	" expires = ?4, inviter = ?5, inviter_epoch = ?6",
};
static const struct db_sql invite_get = {
	"SELECT person, inviter, created, inviter_epoch"
	" FROM signin_invite WHERE hash = ?1 AND created <= ?2 AND expires > "
	"?2",
};
static const struct db_sql invite_drop = {
	"DELETE FROM signin_invite WHERE hash = ?1",
};

static enum sp_code
enter(const struct people_act *a, const struct sp_id *person, sp_time expires,
    struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(128);
	struct sp_json j = sp_json_to(&detail);
	char text[SP_TIME_TEXT];

	sp_time_text(expires, text);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "expires", text);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(a, "credential.invited", "person", person,
	    sp_buf_str(&detail), err);
}

/* The row, with whose doing it is. */
static enum sp_code
put(const struct people_act *a, const struct sp_id *person, const char *text,
    sp_time until, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &invite_put);
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct sp_id inviter = people_by_whom(a->by);
	struct people_doing by;

	SP_TRY(people_person_doing(
	    ledger_tx_db(a->tx), &inviter, a->now, &by, err));
	gate_text_hash(text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	db_bind_blob(st, 2, person->b, SP_ID_LEN);
	db_bind_i64(st, 3, by.since);
	db_bind_i64(st, 4, until);
	db_bind_blob(
	    st, 5, sp_id_is_zero(&by.person) ? NULL : by.person.b, SP_ID_LEN);
	db_bind_i64(st, 6, by.epoch);
	return db_run(st, NULL, err);
}

enum sp_code
signin_invite_make(const struct people_act *a, const struct sp_id *person,
    int64_t hours, char text[static GATE_TEXT_MAX], sp_time *expires,
    struct sp_err *err)
{
	struct people_person p;
	sp_time until;

	if (hours < 1 || hours > SIGNIN_INVITE_HOURS)
		return sp_fail_as(err, SP_E_INVALID, "invite.hours",
		    "expires_in_hours: a number from 1 to %d",
		    SIGNIN_INVITE_HOURS);
	SP_TRY(people_person_by_id(ledger_tx_db(a->tx), person, &p, err));
	if (people_person_state(&p, a->rules, a->now).state != PEOPLE_ACTIVE)
		return sp_fail_as(err, SP_E_CONFLICT, "person.state",
		    "the account is not active: enable it first");
	SP_TRY(gate_token_pace(a->tx, a->by, GATE_PACE_INVITATION, err));
	until = a->now + hours * 3600 * SP_SECOND;
	SP_TRY(enter(a, person, until, err));
	SP_TRY(people_person_hand(a, person, PEOPLE_INVITED, err));
	gate_text_make(GATE_TEXT_ENROLMENT, &a->by->agency, text);
	SP_TRY(put(a, person, text, until, err));
	*expires = until;
	return SP_OK;
}

/* *person, where the row is there, and its inviter. */
static enum sp_code
look_up(struct db *db, const struct signin_invite_ask *ask,
    struct sp_id *person, struct people_doing *by, bool *found,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &invite_get);
	uint8_t hash[CRYPTO_SHA256_LEN];

	*found = false;
	if (!gate_text_is(ask->text, GATE_TEXT_ENROLMENT, &ask->agency))
		return SP_OK;
	gate_text_hash(ask->text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	db_bind_i64(st, 2, ask->now);
	SP_TRY(db_row(st, found, err));
	if (!*found)
		return SP_OK;
	if (!db_col_null(st, 1))
		SP_TRY(db_col_bytes(st, 1, by->person.b, SP_ID_LEN, err));
	by->since = db_col_i64(st, 2);
	by->epoch = db_col_i64(st, 3);
	return db_col_bytes(st, 0, person->b, SP_ID_LEN, err);
}

enum sp_code
signin_invite_find(struct db *db, const struct signin_invite_ask *ask,
    struct sp_id *person, struct sp_err *err)
{
	struct people_doing by = { .since = 0 };
	struct sp_id whose = { .b = { 0 } };
	bool good = false;

	SP_TRY(look_up(db, ask, &whose, &by, &good, err));
	if (good)
		SP_TRY(people_person_stands(
		    db, ask->rules, &by, ask->now, &good, err));
	if (!good)
		return sp_fail_as(err, SP_E_UNKNOWN, "invite.unknown",
		    "the invitation is not known, was used, or is over: ask "
		    "for a new one");
	*person = whose;
	return SP_OK;
}

enum sp_code
signin_invite_take(const struct people_act *a, const struct sp_id *agency,
    const char *text, struct sp_id *person, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	struct signin_invite_ask ask = { *agency, a->rules, text, a->now };
	DB_STMT st = db_use(db, &invite_drop);
	uint8_t hash[CRYPTO_SHA256_LEN];

	SP_TRY(signin_invite_find(db, &ask, person, err));
	gate_text_hash(text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	return db_run(st, NULL, err);
}
