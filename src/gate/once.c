#include "gate/once.h"

#include <string.h>

#define KEPT (SP_SECOND * 24 * 3600)

const char gate_once_schema[] =
    "CREATE TABLE once("
    " key BLOB NOT NULL PRIMARY KEY CHECK(length(key) = 32),"
    " request BLOB NOT NULL CHECK(length(request) = 32),"
    " made BLOB NOT NULL CHECK(length(made) = 16),"
    " at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX once_at ON once(at);";

static const struct db_sql once_by_key = {
	"SELECT request, made FROM once WHERE key = ?1",
};
static const struct db_sql once_insert = {
	"INSERT INTO once(key, request, made, at) VALUES(?1, ?2, ?3, ?4)",
};
static const struct db_sql once_forget = { "DELETE FROM once WHERE at < ?1" };

static bool
key_ok(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (key[i] <= ' ' || key[i] >= 0x7f)
			return false;
	return len > 0 && len <= GATE_ONCE_KEY_MAX;
}

enum sp_code
gate_once_of(const struct gate_caller *who, const char *key,
    const struct crypto_piece *request, size_t pieces, struct gate_once *out,
    struct sp_err *err)
{
	struct sp_id by = gate_caller_actor(who, NULL);
	size_t len = strlen(key);
	const struct crypto_piece of_key[] = {
		{ by.b, SP_ID_LEN },
		{ key, len },
	};

	if (!key_ok(key, len))
		return sp_fail_as(err, SP_E_INVALID, "once.key",
		    "Idempotency-Key must be 1 to %d visible ASCII characters",
		    GATE_ONCE_KEY_MAX);
	crypto_sha256_of(of_key, SP_COUNTOF(of_key), out->key);
	crypto_sha256_of(request, pieces, out->request);
	return SP_OK;
}

static enum sp_code
forget_old(struct db *db, struct sp_err *err)
{
	DB_STMT st = db_use(db, &once_forget);

	db_bind_i64(st, 1, sp_now() - KEPT);
	return db_run(st, NULL, err);
}

static enum sp_code
find(struct db *db, const struct gate_once *o, struct sp_id *id, bool *known,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &once_by_key);
	uint8_t request[CRYPTO_SHA256_LEN];
	bool found = false;

	db_bind_blob(st, 1, o->key, sizeof(o->key));
	SP_TRY(db_row(st, &found, err));
	if (!found) {
		*known = false;
		return SP_OK;
	}
	SP_TRY(db_col_bytes(st, 0, request, sizeof(request), err));
	if (memcmp(request, o->request, sizeof(request)) != 0)
		return sp_fail_as(err, SP_E_CONFLICT, "once.differs",
		    "this Idempotency-Key came with another request: use a "
		    "new one");
	SP_TRY(db_col_bytes(st, 1, id->b, SP_ID_LEN, err));
	*known = true;
	return SP_OK;
}

static enum sp_code
insert(struct db *db, const struct gate_once *o, const struct sp_id *id,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &once_insert);

	db_bind_blob(st, 1, o->key, sizeof(o->key));
	db_bind_blob(st, 2, o->request, sizeof(o->request));
	db_bind_blob(st, 3, id->b, SP_ID_LEN);
	db_bind_i64(st, 4, sp_now());
	return db_run(st, NULL, err);
}

enum sp_code
gate_once_known(struct ledger_tx *tx, const struct gate_once *o,
    struct sp_id *id, bool *known, struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);

	SP_TRY(forget_old(db, err));
	return find(db, o, id, known, err);
}

enum sp_code
gate_once_take(struct ledger_tx *tx, const struct gate_once *o,
    struct sp_id *id, bool *before, struct sp_err *err)
{
	bool known = false;

	SP_TRY(gate_once_known(tx, o, id, &known, err));
	if (!known)
		SP_TRY(insert(ledger_tx_db(tx), o, id, err));
	*before = known;
	return SP_OK;
}
