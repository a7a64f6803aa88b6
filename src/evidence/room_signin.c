#include "evidence/object.h"
#include "evidence/room.h"

/*
 * Signing in to this room (signin/ceremony.h): the key that peppers passwords
 * and seals seeds is one more object's, wrapped like those of evidence, so that
 * whatever is done to all of them is done to it.
 */
static const struct db_sql key_get = { "SELECT object FROM signin_key" };
static const struct db_sql key_put = {
	"INSERT INTO signin_key(one, object) VALUES(1, ?1)",
};

static enum sp_code
get(struct db *db, struct sp_id *out, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &key_get);

	SP_TRY(db_row(st, found, err));
	return *found ? db_col_bytes(st, 0, out->b, SP_ID_LEN, err) : SP_OK;
}

static enum sp_code
read_id(
    struct evidence_room *r, struct sp_id *out, bool *found, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));

	return get(reader.db, out, found, err);
}

/* The first one to need the key makes it; another one may have been quicker. */
static enum sp_code
make_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);
	const struct evidence_object *made = arg;
	struct sp_id before;
	bool found = false;

	SP_TRY(get(db, &before, &found, err));
	if (found)
		return SP_OK;
	{
		DB_STMT st = db_use(db, &key_put);

		db_bind_blob(st, 1, made->id.b, SP_ID_LEN);
		SP_TRY(db_run(st, NULL, err));
	}
	return evidence_object_insert(db, made, err);
}

enum sp_code
evidence_room_key(
    struct evidence_room *r, struct crypto_secret **out, struct sp_err *err)
{
	struct sp_id id;
	bool found = false;

	SP_TRY(read_id(r, &id, &found, err));
	if (!found) {
		EVIDENCE_AUTO_OBJECT made = { .dek = NULL };

		SP_TRY(evidence_object_new(r, &made, err));
		SP_TRY(ledger_writer_run(
		    evidence_room_writer(r), make_act, &made, err));
		SP_TRY(read_id(r, &id, &found, err));
	}
	return evidence_object_key(r, &id, out, err);
}
