#include "signin/session.h"

#include "crypto/secret.h"
#include "signin/throttle.h"

#include <string.h>

struct challenge {
	const struct sp_id *bound;
	const char *purpose;
	const char *network; /* NULL: for somebody who is known */
};

static const struct db_sql challenge_insert = {
	"INSERT INTO signin_challenge(hash, bound, purpose, expires, network)"
	" VALUES(?1, ?2, ?3, ?4, ?5)",
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
/* Those of nobody who is known: of one network, and of all. */
static const struct db_sql challenge_beyond_network = {
	"DELETE FROM signin_challenge WHERE hash IN (SELECT hash"
	" FROM signin_challenge WHERE network = ?1"
	" ORDER BY expires DESC, hash LIMIT -1 OFFSET ?2)",
};
static const struct db_sql challenge_count = {
	"SELECT count(*) FROM signin_challenge WHERE network IS NOT NULL",
};
static const struct db_sql challenge_oldest = {
	"DELETE FROM signin_challenge WHERE hash = (SELECT hash"
	" FROM signin_challenge WHERE network IS NOT NULL"
	" ORDER BY expires, hash LIMIT 1)",
};

static enum sp_code
drop_old(const struct people_act *a, struct sp_err *err)
{
	DB_STMT old = db_use(ledger_tx_db(a->tx), &challenge_old);

	db_bind_i64(old, 1, a->now);
	return db_run(old, NULL, err);
}

static enum sp_code
room_of_bound(
    const struct people_act *a, const struct sp_id *bound, struct sp_err *err)
{
	DB_STMT beyond = db_use(ledger_tx_db(a->tx), &challenge_beyond);

	db_bind_blob(beyond, 1, bound->b, SP_ID_LEN);
	db_bind_i64(beyond, 2, SIGNIN_CHALLENGES - 1);
	return db_run(beyond, NULL, err);
}

static enum sp_code
room_of_network(
    const struct people_act *a, const char *network, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT beyond = db_use(db, &challenge_beyond_network);
	DB_STMT count = db_use(db, &challenge_count);
	DB_STMT oldest = db_use(db, &challenge_oldest);
	bool found = false;

	db_bind_text(beyond, 1, network);
	db_bind_i64(beyond, 2, SIGNIN_CHALLENGES_NETWORK - 1);
	SP_TRY(db_run(beyond, NULL, err));
	SP_TRY(db_row(count, &found, err));
	if (!found || db_col_i64(count, 0) < SIGNIN_CHALLENGES_MAX)
		return SP_OK;
	return db_run(oldest, NULL, err);
}

static enum sp_code
put(const struct people_act *a, const struct challenge *c,
    uint8_t out[static SIGNIN_CHALLENGE], struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &challenge_insert);
	uint8_t made[SIGNIN_CHALLENGE], hash[CRYPTO_SHA256_LEN];

	_Static_assert(SIGNIN_CHALLENGE * 8 >= 64, "IA-5(1)(e)");
	crypto_random(made, sizeof(made));
	crypto_sha256(made, sizeof(made), hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	db_bind_blob(st, 2, c->bound->b, SP_ID_LEN);
	db_bind_text(st, 3, c->purpose);
	db_bind_i64(st, 4, a->now + SIGNIN_CHALLENGE_LIFE);
	if (c->network == NULL)
		db_bind_null(st, 5);
	else
		db_bind_text(st, 5, c->network);
	SP_TRY(db_run(st, NULL, err));
	memcpy(out, made, sizeof(made));
	return SP_OK;
}

enum sp_code
signin_challenge_make(const struct people_act *a, const struct sp_id *bound,
    const char *purpose, uint8_t out[static SIGNIN_CHALLENGE],
    struct sp_err *err)
{
	const struct challenge c = { bound, purpose, NULL };

	SP_TRY(drop_old(a, err));
	SP_TRY(room_of_bound(a, bound, err));
	return put(a, &c, out, err);
}

enum sp_code
signin_challenge_make_alone(const struct people_act *a,
    const struct sp_id *asked, const char *purpose,
    uint8_t out[static SIGNIN_CHALLENGE], struct sp_err *err)
{
	char network[SIGNIN_NETWORK];
	const struct challenge c = { asked, purpose, network };

	signin_throttle_network(
	    a->by->address == NULL ? "" : a->by->address, network);
	SP_TRY(drop_old(a, err));
	SP_TRY(room_of_network(a, network, err));
	return put(a, &c, out, err);
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
