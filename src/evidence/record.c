#include "evidence/record.h"

#include "base/json.h"

#include <string.h>

/* sealing: NULL rests; else the boot id of the process that may be sealing. */
static const struct db_sql upload_insert = {
	"INSERT INTO upload(id, object, length, bytes, partial, final, "
	"metadata,"
	" concat, filename, media_type, title, category, device, captured_at,"
	" declared, extra, created, touched, sealing)"
	" VALUES(?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
	"?14,"
	" ?15, ?16, ?16, ?17)",
};
static const struct db_sql upload_count = { "SELECT count(*) FROM upload" };
static const struct db_sql upload_by_id = {
	"SELECT u.object, u.length, u.bytes, u.partial, u.final, u.touched,"
	" u.sealing, u.declared, t.sealed, u.metadata, u.concat"
	" FROM upload u LEFT JOIN upload_tail t ON t.upload = u.id"
	" WHERE u.id = ?1",
};
static const struct db_sql upload_rest = {
	"UPDATE upload SET bytes = ?2, length = ?3, touched = ?4 WHERE id = ?1",
};
static const struct db_sql upload_object = {
	"UPDATE upload SET object = ?2, sealing = ?3 WHERE id = ?1",
};
static const struct db_sql upload_sealing = {
	"UPDATE upload SET sealing = ?2 WHERE id = ?1",
};
static const struct db_sql upload_delete = {
	"DELETE FROM upload WHERE id = ?1",
};
static const struct db_sql upload_ids = {
	"SELECT id FROM upload WHERE touched <= ?1 AND id > ?2 ORDER BY id"
	" LIMIT ?3",
};
static const struct db_sql tail_put = {
	"INSERT INTO upload_tail(upload, sealed) VALUES(?1, ?2)"
	" ON CONFLICT(upload) DO UPDATE SET sealed = excluded.sealed",
};
static const struct db_sql tail_delete = {
	"DELETE FROM upload_tail WHERE upload = ?1",
};
static const struct db_sql upload_facts = {
	"SELECT filename, media_type, captured_at, object FROM upload"
	" WHERE id = ?1",
};
static const struct db_sql evidence_from_upload = {
	"INSERT INTO evidence(id, object, size, sha256, filename, media_type,"
	" title, category, device, captured_at, extra, received, entry,"
	" uploaded_by, state)"
	" SELECT id, object, ?2, ?3, filename, media_type, title, category,"
	" device, captured_at, extra, ?4, ?5, ?6, 'sealed'"
	" FROM upload WHERE id = ?1",
};
static const struct db_sql total_add = {
	"UPDATE evidence_total SET items = items + 1, bytes = bytes + ?1",
};
static const struct db_sql media_queue = {
	"INSERT INTO media(evidence, state) VALUES(?1, 'queued')",
};

static void
bind_id(struct db_stmt *st, int at, const struct sp_id *id)
{
	db_bind_blob(st, at, id->b, SP_ID_LEN);
}

static void
bind_length(struct db_stmt *st, int at, uint64_t length)
{
	if (length == EVIDENCE_LENGTH_UNKNOWN)
		db_bind_null(st, at);
	else
		db_bind_u64(st, at, length);
}

static void
bind_optional(struct db_stmt *st, int at, const char *s)
{
	db_bind_text(st, at, s[0] == '\0' ? NULL : s);
}

void
evidence_record_done(struct evidence_record *rec)
{
	sp_buf_free(&rec->tail);
	sp_buf_free(&rec->metadata);
	sp_buf_free(&rec->concat);
}

struct gate_caller
evidence_site_caller(const struct evidence_room *r)
{
	return (struct gate_caller){
		.agency = evidence_room_agency(r)->id,
		.source = "site",
	};
}

static enum sp_code
no_upload(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_NOTFOUND, "upload.unknown", "there is no such upload");
}

/* ---- Reading records ---- */

static enum sp_code
record_read(struct evidence_room *r, struct db_stmt *st,
    struct evidence_record *rec, struct sp_err *err)
{
	const void *blob;
	size_t len;

	SP_TRY(db_col_bytes(st, 0, rec->object.b, SP_ID_LEN, err));
	rec->length = db_col_null(st, 1) ? EVIDENCE_LENGTH_UNKNOWN
					 : (uint64_t)db_col_i64(st, 1);
	rec->offset = (uint64_t)db_col_i64(st, 2);
	rec->partial = db_col_i64(st, 3) != 0;
	rec->final = db_col_i64(st, 4) != 0;
	rec->expires =
	    db_col_i64(st, 5) + evidence_room_limits(r)->upload_expires;
	rec->whole = rec->partial && rec->offset == rec->length;
	rec->resting = db_col_null(st, 6);
	blob = db_col_blob(st, 6, &len);
	rec->ours = len == SP_ID_LEN &&
	    memcmp(blob, evidence_room_boot(r)->b, SP_ID_LEN) == 0;
	rec->has_declared = !db_col_null(st, 7);
	if (rec->has_declared)
		SP_TRY(
		    db_col_bytes(st, 7, rec->declared, CRYPTO_SHA256_LEN, err));
	blob = db_col_blob(st, 8, &len);
	sp_buf_add(&rec->tail, blob, len);
	sp_buf_text(&rec->metadata, db_col_text(st, 9));
	sp_buf_text(&rec->concat, db_col_text(st, 10));
	SP_TRY(sp_buf_check(&rec->metadata, "the upload's metadata", err));
	SP_TRY(sp_buf_check(&rec->concat, "the upload's parts", err));
	return sp_buf_check(&rec->tail, "the upload's tail", err);
}

enum sp_code
evidence_record_load(struct evidence_room *r, const struct sp_id *id,
    struct evidence_record *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &upload_by_id);
	EVIDENCE_AUTO_RECORD rec = {
		.id = *id,
		.tail = sp_buf_new(2 * VAULT_SEGMENT),
		.metadata = sp_buf_new(EVIDENCE_ECHO_MAX),
		.concat = sp_buf_new(EVIDENCE_ECHO_MAX),
	};
	bool found;

	bind_id(st, 1, id);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return no_upload(err);
	SP_TRY(record_read(r, st, &rec, err));
	*out = rec;
	rec = (struct evidence_record){ .offset = 0 };
	return SP_OK;
}

enum sp_code
evidence_record_ids(struct evidence_room *r, sp_time expired_by,
    const struct sp_id *after, struct evidence_ids *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &upload_ids);
	size_t n = 0;
	bool found;

	db_bind_i64(st, 1, expired_by);
	bind_id(st, 2, after);
	db_bind_u64(st, 3, EVIDENCE_IDS);
	for (;;) {
		SP_TRY(db_row(st, &found, err));
		if (!found || n == EVIDENCE_IDS)
			break;
		SP_TRY(db_col_bytes(st, 0, out->id[n++].b, SP_ID_LEN, err));
	}
	out->n = n;
	return SP_OK;
}

/* ---- Writing records: acts on the agency's writer ---- */

struct create_act {
	struct evidence_room *room;
	const struct evidence_upload_new *n;
	const struct evidence_object *object;
	const struct gate_caller *who;
	struct sp_id id;
	bool before; /* made by an earlier request with its key */
};

static void
bind_meta(struct db_stmt *st, const struct evidence_meta *m)
{
	db_bind_text(st, 8, m->filename);
	db_bind_text(st, 9, m->media_type);
	bind_optional(st, 10, m->title);
	db_bind_text(st, 11, m->category);
	bind_optional(st, 12, m->device);
	bind_optional(st, 13, m->captured_at);
	if (m->has_sha256)
		db_bind_blob(st, 14, m->sha256, CRYPTO_SHA256_LEN);
	db_bind_text(st, 15, sp_buf_str(&m->extra));
}

static enum sp_code
create_row(struct db *db, const struct create_act *a, struct sp_err *err)
{
	DB_STMT st = db_use(db, &upload_insert);
	const struct evidence_upload_new *n = a->n;

	bind_id(st, 1, &a->id);
	bind_id(st, 2, &a->object->id);
	bind_length(st, 3, n->length);
	db_bind_i64(st, 4, n->partial);
	db_bind_i64(st, 5, n->final);
	db_bind_text(st, 6, n->metadata);
	db_bind_text(st, 7, n->concat == NULL ? "" : n->concat);
	if (n->meta != NULL)
		bind_meta(st, n->meta);
	db_bind_i64(st, 16, sp_now());
	bind_id(st, 17, evidence_room_boot(a->room));
	return db_run(st, NULL, err);
}

static enum sp_code
create_room_left(struct db *db, size_t most, struct sp_err *err)
{
	DB_STMT st = db_use(db, &upload_count);
	bool found;

	SP_TRY(db_row(st, &found, err));
	if ((uint64_t)db_col_i64(st, 0) >= most)
		return sp_fail_as(err, SP_E_LIMIT, "upload.count",
		    "the agency has %zu unfinished uploads, its limit: finish "
		    "or end some first",
		    most);
	return SP_OK;
}

static enum sp_code
create_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct create_act *a = arg;
	struct db *db = ledger_tx_db(tx);
	struct ledger_entry entry;

	a->before = false;
	if (a->n->once != NULL)
		SP_TRY(gate_once_take(tx, a->n->once, &a->id, &a->before, err));
	if (a->before)
		return SP_OK;
	SP_TRY(create_room_left(
	    db, evidence_room_limits(a->room)->uploads_open, err));
	SP_TRY(create_row(db, a, err));
	SP_TRY(evidence_object_insert(db, a->object, err));
	entry = gate_entry(a->who, "upload.created", "evidence", &a->id);
	return ledger_tx_append(tx, &entry, NULL, err);
}

enum sp_code
evidence_record_create(struct evidence_room *r, const struct gate_caller *who,
    const struct evidence_upload_new *n, struct sp_id *id, bool *before,
    struct sp_err *err)
{
	EVIDENCE_AUTO_OBJECT object = { .dek = NULL };
	struct create_act act = {
		.room = r,
		.n = n,
		.object = &object,
		.who = who,
		.id = sp_id_new(),
	};
	uint64_t max = evidence_room_limits(r)->upload_max;

	if (n->length != EVIDENCE_LENGTH_UNKNOWN && n->length > max)
		return sp_fail_as(err, SP_E_LIMIT, "upload.length",
		    "Upload-Length is over this site's limit of %ju bytes",
		    (uintmax_t)max);
	SP_TRY(evidence_object_new(r, &object, err));
	SP_TRY(
	    ledger_writer_run(evidence_room_writer(r), create_run, &act, err));
	*id = act.id;
	*before = act.before;
	return SP_OK;
}

struct rest_act {
	struct evidence_room *room;
	const struct evidence_rest *rest;
};

static enum sp_code
rest_tail(struct db *db, const struct evidence_rest *rest, struct sp_err *err)
{
	bool none = rest->tail == NULL || rest->tail->len == 0;
	DB_STMT st = db_use(db, none ? &tail_delete : &tail_put);

	bind_id(st, 1, &rest->id);
	if (!none)
		db_bind_blob(st, 2, rest->tail->at, rest->tail->len);
	return db_run(st, NULL, err);
}

static enum sp_code
object_of(struct db *db, const struct sp_id *id, struct sp_id *out,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &upload_facts);
	bool found;

	bind_id(st, 1, id);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return no_upload(err);
	return db_col_bytes(st, 3, out->b, SP_ID_LEN, err);
}

/* The old object's key goes with it. */
static enum sp_code
rest_object(struct db *db, const struct rest_act *a, struct sp_err *err)
{
	DB_STMT st = db_use(db, &upload_object);
	struct sp_id old;

	SP_TRY(object_of(db, &a->rest->id, &old, err));
	SP_TRY(evidence_object_delete(db, &old, err));
	bind_id(st, 1, &a->rest->id);
	bind_id(st, 2, &a->rest->object->id);
	bind_id(st, 3, evidence_room_boot(a->room));
	SP_TRY(db_run(st, NULL, err));
	return evidence_object_insert(db, a->rest->object, err);
}

static enum sp_code
rest_row(struct db *db, const struct evidence_rest *rest, struct sp_err *err)
{
	DB_STMT st = db_use(db, &upload_rest);
	uint64_t changed;

	bind_id(st, 1, &rest->id);
	db_bind_u64(st, 2, rest->offset);
	bind_length(st, 3, rest->length);
	db_bind_i64(st, 4, sp_now());
	SP_TRY(db_run(st, &changed, err));
	return changed == 1 ? SP_OK : no_upload(err);
}

static enum sp_code
rest_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct rest_act *a = arg;
	struct db *db = ledger_tx_db(tx);

	SP_TRY(rest_row(db, a->rest, err));
	if (a->rest->object != NULL)
		SP_TRY(rest_object(db, a, err));
	return rest_tail(db, a->rest, err);
}

enum sp_code
evidence_record_rest(struct evidence_room *r, const struct evidence_rest *rest,
    struct sp_err *err)
{
	struct rest_act act = { .room = r, .rest = rest };

	return ledger_writer_run(evidence_room_writer(r), rest_run, &act, err);
}

struct sealing_act {
	const struct sp_id *id;
	const struct sp_id *boot; /* NULL: rests */
};

static enum sp_code
sealing_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct sealing_act *a = arg;
	DB_STMT st = db_use(ledger_tx_db(tx), &upload_sealing);

	bind_id(st, 1, a->id);
	if (a->boot != NULL)
		bind_id(st, 2, a->boot);
	return db_run(st, NULL, err);
}

enum sp_code
evidence_record_sealing(struct evidence_room *r, const struct sp_id *id,
    bool sealing, struct sp_err *err)
{
	struct sealing_act act = {
		.id = id,
		.boot = sealing ? evidence_room_boot(r) : NULL,
	};

	return ledger_writer_run(
	    evidence_room_writer(r), sealing_run, &act, err);
}

/* ---- The upload becomes evidence ---- */

/* The detail of "evidence.sealed" (docs/ledger.md): the name only as a hash,
 * since names may have to be forgotten and entries never are. */
static enum sp_code
sealed_detail(struct db *db, const struct evidence_sealed *s,
    struct sp_buf *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &upload_facts);
	uint8_t name[CRYPTO_SHA256_LEN];
	struct sp_json j = sp_json_to(out);
	const char *filename;
	bool found;

	bind_id(st, 1, &s->id);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return no_upload(err);
	filename = db_col_text(st, 0);
	crypto_sha256(filename, strlen(filename), name);
	sp_json_object(&j, NULL);
	if (!db_col_null(st, 2))
		sp_json_str(&j, "captured_at", db_col_text(st, 2));
	sp_json_hex(&j, "filename_sha256", name, sizeof(name));
	sp_json_str(&j, "media_type", db_col_text(st, 1));
	sp_json_hex(&j, "sha256", s->sha256, CRYPTO_SHA256_LEN);
	sp_json_int(&j, "size", (int64_t)s->size);
	sp_json_end(&j);
	return sp_buf_check(out, "evidence.sealed", err);
}

static enum sp_code
sealed_row(struct db *db, const struct evidence_sealed *s,
    const struct ledger_entry *entry, uint64_t index, struct sp_err *err)
{
	DB_STMT st = db_use(db, &evidence_from_upload);
	struct sp_id by = gate_caller_actor(&s->who, NULL);
	uint64_t changed;

	bind_id(st, 1, &s->id);
	db_bind_u64(st, 2, s->size);
	db_bind_blob(st, 3, s->sha256, CRYPTO_SHA256_LEN);
	db_bind_i64(st, 4, entry->at);
	db_bind_u64(st, 5, index);
	bind_id(st, 6, &by);
	SP_TRY(db_run(st, &changed, err));
	return changed == 1 ? SP_OK : no_upload(err);
}

static enum sp_code
add_to_total(struct db *db, uint64_t size, struct sp_err *err)
{
	DB_STMT st = db_use(db, &total_add);

	db_bind_u64(st, 1, size);
	return db_run(st, NULL, err);
}

/* Somebody will look into it (src/processing). */
static enum sp_code
queue_media(struct db *db, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(db, &media_queue);

	bind_id(st, 1, id);
	return db_run(st, NULL, err);
}

static enum sp_code
delete_row(struct db *db, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(db, &upload_delete);
	uint64_t changed;

	bind_id(st, 1, id);
	SP_TRY(db_run(st, &changed, err));
	return changed == 1 ? SP_OK : no_upload(err);
}

static enum sp_code
sealed_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct evidence_sealed *s = arg;
	struct db *db = ledger_tx_db(tx);
	SP_AUTO_BUF detail = sp_buf_new(LEDGER_ENTRY_MAX);
	struct ledger_entry entry =
	    gate_entry(&s->who, "evidence.sealed", "evidence", &s->id);
	uint64_t index;

	SP_TRY(sealed_detail(db, s, &detail, err));
	entry.detail = sp_buf_str(&detail);
	SP_TRY(ledger_tx_append(tx, &entry, &index, err));
	SP_TRY(sealed_row(db, s, &entry, index, err));
	SP_TRY(add_to_total(db, s->size, err));
	SP_TRY(queue_media(db, &s->id, err));
	return delete_row(db, &s->id, err);
}

enum sp_code
evidence_record_seal(struct evidence_room *r, const struct evidence_sealed *s,
    struct sp_err *err)
{
	struct evidence_sealed copy = *s;

	SP_TRY(
	    ledger_writer_run(evidence_room_writer(r), sealed_run, &copy, err));
	evidence_room_count_sealed(r, s->size);
	events_hub_tell(evidence_room_events(r),
	    &(struct events_event){
		.kind = EVENTS_SEALED,
		.object = s->id,
		.by = gate_caller_actor(&s->who, NULL),
		.at = s->size,
		.of = s->size,
	    });
	return SP_OK;
}

/* ---- The upload ends without evidence ---- */

static const struct {
	const char *act;
	enum ledger_outcome outcome;
} ends[] = {
#define X(id, act, outcome) [id] = { act, outcome },
	EVIDENCE_ENDS(X)
#undef X
};

struct end_act {
	const struct evidence_ended *ended;
	struct gate_caller who;
	struct sp_id object; /* learnt: whose staged file goes */
};

static enum sp_code
end_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct end_act *a = arg;
	const struct evidence_ended *e = a->ended;
	struct db *db = ledger_tx_db(tx);
	SP_AUTO_BUF detail = sp_buf_new(LEDGER_ENTRY_MAX);
	struct sp_json j = sp_json_to(&detail);
	struct ledger_entry entry =
	    gate_entry(&a->who, ends[e->why].act, "evidence", &e->id);

	entry.outcome = ends[e->why].outcome;
	if (e->sha256 != NULL) {
		sp_json_object(&j, NULL);
		sp_json_hex(&j, "sha256", e->sha256, CRYPTO_SHA256_LEN);
		sp_json_end(&j);
		entry.detail = sp_buf_str(&detail);
	}
	SP_TRY(object_of(db, &e->id, &a->object, err));
	SP_TRY(evidence_object_delete(db, &a->object, err));
	SP_TRY(delete_row(db, &e->id, err));
	return ledger_tx_append(tx, &entry, NULL, err);
}

enum sp_code
evidence_record_end(
    struct evidence_room *r, const struct evidence_ended *e, struct sp_err *err)
{
	struct vault_store *store = evidence_room_store(r);
	struct end_act act = {
		.ended = e,
		.who = e->who == NULL ? evidence_site_caller(r) : *e->who,
	};

	SP_TRY(ledger_writer_run(evidence_room_writer(r), end_run, &act, err));
	/* Kept already where only its record was missing to be evidence. */
	SP_TRY(store->ops->remove(store, VAULT_KEPT, &act.object, err));
	return store->ops->remove(store, VAULT_STAGED, &act.object, err);
}
