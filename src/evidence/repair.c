#include "evidence/repair.h"

#include "evidence/viewing.h"

#include <string.h>

static const struct db_sql object_on_record = {
	"SELECT 1 FROM upload WHERE object = ?1"
	" UNION ALL SELECT 1 FROM evidence WHERE object = ?1",
};

static enum sp_code
is_there(struct vault_store *store, enum vault_place place,
    const struct sp_id *object, bool *out, struct sp_err *err)
{
	struct vault_file *f;
	enum sp_code code = store->ops->open(store, place, object, &f, err);

	if (code != SP_OK && code != SP_E_NOTFOUND)
		return code;
	*out = code == SP_OK;
	if (code == SP_OK)
		store->ops->close(f);
	return SP_OK;
}

/* No staged object.  Where all bytes on record are in the tail an empty one
 * does; else acknowledged bytes are lost, and the ledger says so. */
static enum sp_code
repair_missing(struct evidence_room *r, const struct evidence_record *rec,
    struct evidence_repaired *did, struct sp_err *err)
{
	struct vault_store *store = evidence_room_store(r);
	struct evidence_ended lost = { .id = rec->id, .why = EVIDENCE_LOST };
	struct vault_file *f;
	struct vault_cut cut;

	SP_TRY(vault_object_cut(rec->offset, rec->tail.len > 0, &cut, err));
	if (cut.full > 0) {
		did->lost++;
		return evidence_record_end(r, &lost, err);
	}
	SP_TRY(store->ops->create(store, &rec->object, &f, err));
	store->ops->close(f);
	return SP_OK;
}

static enum sp_code
repair_upload(struct evidence_room *r, const struct sp_id *id,
    struct evidence_repaired *did, struct sp_err *err)
{
	struct vault_store *store = evidence_room_store(r);
	EVIDENCE_AUTO_RECORD rec = { .offset = 0 };
	bool staged, kept;

	SP_TRY(evidence_record_load(r, id, &rec, err));
	SP_TRY(is_there(store, VAULT_STAGED, &rec.object, &staged, err));
	SP_TRY(is_there(store, VAULT_KEPT, &rec.object, &kept, err));
	if (kept && !staged) {
		SP_TRY(store->ops->move(store, &rec.object, VAULT_STAGED, err));
		did->moved_back++;
		return SP_OK;
	}
	if (staged || rec.offset == 0)
		return SP_OK;
	return repair_missing(r, &rec, did, err);
}

static enum sp_code
repair_uploads(
    struct evidence_room *r, struct evidence_repaired *did, struct sp_err *err)
{
	struct sp_id after = { { 0 } };
	struct evidence_ids ids;

	do {
		SP_TRY(evidence_record_ids(r, INT64_MAX, &after, &ids, err));
		for (size_t i = 0; i < ids.n; i++)
			SP_TRY(repair_upload(r, &ids.id[i], did, err));
		if (ids.n > 0)
			after = ids.id[ids.n - 1];
	} while (ids.n == EVIDENCE_IDS);
	return SP_OK;
}

struct stray {
	struct evidence_room *room;
	struct evidence_repaired *did;
};

static enum sp_code
on_record(struct evidence_room *r, const struct sp_id *object, bool *out,
    struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &object_on_record);

	db_bind_blob(st, 1, object->b, SP_ID_LEN);
	return db_row(st, out, err);
}

static enum sp_code
remove_stray(void *arg, const struct sp_id *object, struct sp_err *err)
{
	struct stray *s = arg;
	struct vault_store *store = evidence_room_store(s->room);
	bool known;

	SP_TRY(on_record(s->room, object, &known, err));
	if (known)
		return SP_OK;
	s->did->removed++;
	return store->ops->remove(store, VAULT_STAGED, object, err);
}

enum sp_code
evidence_repair(
    struct evidence_room *r, struct evidence_repaired *out, struct sp_err *err)
{
	struct vault_store *store = evidence_room_store(r);
	struct evidence_repaired did = { .moved_back = 0 };
	struct stray stray = { .room = r, .did = &did };

	SP_TRY(repair_uploads(r, &did, err));
	SP_TRY(
	    store->ops->each(store, VAULT_STAGED, remove_stray, &stray, err));
	SP_TRY(evidence_viewings_repair(r, err));
	*out = did;
	return SP_OK;
}
