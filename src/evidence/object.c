#include "evidence/object.h"

#include "crypto/stream.h"

#include <string.h>

static const struct db_sql recipient_insert = {
	"INSERT INTO recipient(object, key, wrapped) VALUES(?1, ?2, ?3)",
};
static const struct db_sql recipient_delete = {
	"DELETE FROM recipient WHERE object = ?1",
};
static const struct db_sql recipient_by_object = {
	"SELECT key, wrapped FROM recipient WHERE object = ?1",
};

enum sp_code
evidence_object_new(
    struct evidence_room *r, struct evidence_object *out, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET dek = crypto_secret_random(CRYPTO_STREAM_KEY);
	struct keeper_wrapped wrapped;

	if (dek == NULL)
		return sp_fail(err, SP_E_NOMEM, "no locked memory for a key");
	SP_TRY(keeper_client_wrap(evidence_room_keeper(r),
	    &evidence_room_agency(r)->id, dek, &wrapped, err));
	*out = (struct evidence_object){
		.id = sp_id_new(),
		.wrapped = wrapped,
		.dek = SP_STEAL(dek),
	};
	return SP_OK;
}

void
evidence_object_done(struct evidence_object *o)
{
	crypto_secret_free(o->dek);
	o->dek = NULL;
}

enum sp_code
evidence_object_insert(
    struct db *db, const struct evidence_object *o, struct sp_err *err)
{
	DB_STMT st = db_use(db, &recipient_insert);

	db_bind_blob(st, 1, o->id.b, SP_ID_LEN);
	db_bind_blob(st, 2, o->wrapped.kek.b, SP_ID_LEN);
	db_bind_blob(st, 3, o->wrapped.bytes, o->wrapped.len);
	return db_run(st, NULL, err);
}

enum sp_code
evidence_object_delete(
    struct db *db, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(db, &recipient_delete);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

static enum sp_code
recipient_load(struct db *db, const struct sp_id *id,
    struct keeper_wrapped *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &recipient_by_object);
	const void *wrapped;
	size_t len;
	bool found;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_CORRUPT, "object.key",
		    "the object's key is not in the database");
	SP_TRY(db_col_bytes(st, 0, out->kek.b, SP_ID_LEN, err));
	wrapped = db_col_blob(st, 1, &len);
	if (len == 0 || len > sizeof(out->bytes))
		return sp_fail_as(err, SP_E_CORRUPT, "object.key",
		    "the object's wrapped key has %zu bytes", len);
	memcpy(out->bytes, wrapped, len);
	out->len = len;
	return SP_OK;
}

enum sp_code
evidence_object_key(struct evidence_room *r, const struct sp_id *id,
    struct crypto_secret **dek, struct sp_err *err)
{
	struct keeper_wrapped wrapped;

	{
		DB_LENT(reader, evidence_room_readers(r));
		SP_TRY(recipient_load(reader.db, id, &wrapped, err));
	}
	return keeper_client_unwrap(evidence_room_keeper(r),
	    &evidence_room_agency(r)->id, &wrapped, dek, err);
}

/* --- the agency's own key --- */

struct own_key {
	const struct evidence_object *object;
	bool there; /* somebody else was first */
};

static enum sp_code
has_recipient(
    struct db *db, const struct sp_id *id, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &recipient_by_object);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	return db_row(st, found, err);
}

static enum sp_code
own_key_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct own_key *k = arg;
	struct db *db = ledger_tx_db(tx);

	SP_TRY(has_recipient(db, &k->object->id, &k->there, err));
	if (k->there)
		return SP_OK;
	return evidence_object_insert(db, k->object, err);
}

enum sp_code
evidence_object_agency_key(
    struct evidence_room *r, struct crypto_secret **dek, struct sp_err *err)
{
	const struct sp_id *agency = &evidence_room_agency(r)->id;
	EVIDENCE_AUTO_OBJECT o = { .dek = NULL };
	struct own_key k = { .object = &o };

	{
		DB_LENT(reader, evidence_room_readers(r));
		SP_TRY(has_recipient(reader.db, agency, &k.there, err));
	}
	if (k.there)
		return evidence_object_key(r, agency, dek, err);
	SP_TRY(evidence_object_new(r, &o, err));
	o.id = *agency;
	SP_TRY(
	    ledger_writer_run(evidence_room_writer(r), own_key_run, &k, err));
	if (k.there)
		return evidence_object_key(r, agency, dek, err);
	*dek = SP_STEAL(o.dek);
	return SP_OK;
}

struct vault_object
evidence_object_vault(
    struct evidence_room *r, const struct sp_id *id, struct crypto_secret *dek)
{
	return (struct vault_object){
		.store = evidence_room_store(r),
		.pool = evidence_room_pool(r),
		.key = dek,
		.agency = evidence_room_agency(r)->id,
		.id = *id,
	};
}
