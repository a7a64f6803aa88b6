#include "signin/session.h"

#include "crypto/secret.h"

#include <string.h>

static const struct db_sql challenge_insert = {
	"INSERT INTO signin_challenge(hash, bound, purpose, expires)"
	" VALUES(?1, ?2, ?3, ?4)",
};
static const struct db_sql challenge_take = {
	"DELETE FROM signin_challenge WHERE hash = ?1 AND bound = ?2"
	" AND purpose = ?3 AND expires > ?4 AND expires <= ?5",
};
static const struct db_sql challenge_old = {
	"DELETE FROM signin_challenge WHERE expires <= ?1",
};
static const struct db_sql challenge_beyond = {
	"DELETE FROM signin_challenge WHERE hash IN (SELECT hash"
	" FROM signin_challenge WHERE bound = ?1"
	" ORDER BY expires DESC, hash LIMIT -1 OFFSET ?2)",
};
static const struct db_sql challenge_count = {
	"SELECT count(*) FROM signin_challenge",
};

static enum sp_code
make_room(
    const struct people_act *a, const struct sp_id *bound, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT old = db_use(db, &challenge_old);
	DB_STMT beyond = db_use(db, &challenge_beyond);
	DB_STMT count = db_use(db, &challenge_count);
	bool found = false;

	db_bind_i64(old, 1, a->now);
	SP_TRY(db_run(old, NULL, err));
	db_bind_blob(beyond, 1, bound->b, SP_ID_LEN);
	db_bind_i64(beyond, 2, SIGNIN_CHALLENGES - 1);
	SP_TRY(db_run(beyond, NULL, err));
	SP_TRY(db_row(count, &found, err));
	if (found && db_col_i64(count, 0) >= SIGNIN_CHALLENGES_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "challenge.many",
		    "too many are about to sign in: try again in a minute");
	return SP_OK;
}

enum sp_code
signin_challenge_make(const struct people_act *a, const struct sp_id *bound,
    const char *purpose, uint8_t out[static SIGNIN_CHALLENGE],
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &challenge_insert);
	uint8_t made[SIGNIN_CHALLENGE], hash[CRYPTO_SHA256_LEN];

	_Static_assert(SIGNIN_CHALLENGE * 8 >= 64, "IA-5(1)(e)");
	SP_TRY(make_room(a, bound, err));
	crypto_random(made, sizeof(made));
	crypto_sha256(made, sizeof(made), hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	db_bind_blob(st, 2, bound->b, SP_ID_LEN);
	db_bind_text(st, 3, purpose);
	db_bind_i64(st, 4, a->now + SIGNIN_CHALLENGE_LIFE);
	SP_TRY(db_run(st, NULL, err));
	memcpy(out, made, sizeof(made));
	return SP_OK;
}

enum sp_code
signin_challenge_take(const struct people_act *a, const struct sp_id *bound,
    const char *purpose, const uint8_t challenge[static SIGNIN_CHALLENGE],
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &challenge_take);
	uint8_t hash[CRYPTO_SHA256_LEN];
	uint64_t taken = 0;

	crypto_sha256(challenge, SIGNIN_CHALLENGE, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	db_bind_blob(st, 2, bound->b, SP_ID_LEN);
	db_bind_text(st, 3, purpose);
	db_bind_i64(st, 4, a->now);
	/* One that lives longer than any was made by a clock set back since. */
	db_bind_i64(st, 5, a->now + SIGNIN_CHALLENGE_LIFE + 5 * SP_SECOND);
	SP_TRY(db_run(st, &taken, err));
	if (taken == 0)
		return sp_fail_as(err, SP_E_UNKNOWN, "challenge.unknown",
		    "the challenge was never made here, is used or too old: "
		    "ask for a new one");
	return SP_OK;
}
