#include "gate/gate.h"
#include "gate/token.h"

#define HOUR (3600 * SP_SECOND)

/* Of each issuer those of the last hour, dropped when it has the next one made:
 * never more than GATE_TOKENS_HOUR.  Tokens and services tell less: a secret is
 * gone when it was rotated. */
const char gate_token_pace_schema[] =
    "CREATE TABLE gate_issued("
    " number INTEGER PRIMARY KEY,"
    " issuer BLOB NOT NULL CHECK(length(issuer) = 16),"
    " at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX gate_issued_of ON gate_issued(issuer, at)";

/* Also what a clock that was set back since has in the future. */
static const struct db_sql issued_forget = {
	"DELETE FROM gate_issued WHERE issuer = ?1 AND (at <= ?2 OR at > ?3)",
};
/* The ?2-th latest: they are at their pace until that is an hour old. */
static const struct db_sql issued_at = {
	"SELECT at FROM gate_issued WHERE issuer = ?1"
	" ORDER BY at DESC LIMIT 1 OFFSET ?2 - 1",
};
static const struct db_sql issued_insert = {
	"INSERT INTO gate_issued(issuer, at) VALUES(?1, ?2)",
};

static enum sp_code
forget(
    struct db *db, const struct sp_id *issuer, sp_time now, struct sp_err *err)
{
	DB_STMT st = db_use(db, &issued_forget);

	db_bind_blob(st, 1, issuer->b, SP_ID_LEN);
	db_bind_i64(st, 2, now - HOUR);
	db_bind_i64(st, 3, now);
	return db_run(st, NULL, err);
}

/* *at is 0 while there are fewer. */
static enum sp_code
full_since(
    struct db *db, const struct sp_id *issuer, sp_time *at, struct sp_err *err)
{
	DB_STMT st = db_use(db, &issued_at);
	bool found = false;

	db_bind_blob(st, 1, issuer->b, SP_ID_LEN);
	db_bind_i64(st, 2, GATE_TOKENS_HOUR);
	SP_TRY(db_row(st, &found, err));
	*at = found ? db_col_i64(st, 0) : 0;
	return SP_OK;
}

static enum sp_code
insert(
    struct db *db, const struct sp_id *issuer, sp_time now, struct sp_err *err)
{
	DB_STMT st = db_use(db, &issued_insert);

	db_bind_blob(st, 1, issuer->b, SP_ID_LEN);
	db_bind_i64(st, 2, now);
	return db_run(st, NULL, err);
}

enum sp_code
gate_token_pace(
    struct ledger_tx *tx, const struct gate_caller *by, struct sp_err *err)
{
	const struct people_by who = gate_caller_by(by);
	struct sp_id issuer = people_by_whom(&who);
	struct db *db = ledger_tx_db(tx);
	char again[SP_TIME_TEXT];
	sp_time now = sp_now(), at = 0;

	SP_TRY(forget(db, &issuer, now, err));
	SP_TRY(full_since(db, &issuer, &at, err));
	if (at == 0)
		return insert(db, &issuer, now, err);
	sp_time_text(at + HOUR, again);
	return sp_fail_as(err, SP_E_LIMIT, "token.pace",
	    "you had %d tokens, services and secrets made within this hour, "
	    "which is the most: go on at %s; revoking goes on",
	    GATE_TOKENS_HOUR, again);
}
