#include "evidence/upload.h"

#include "base/json.h"
#include "evidence/session.h"

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
static const struct db_sql evidence_size = {
	"SELECT size FROM evidence WHERE id = ?1",
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
evidence_upload_done(struct evidence_upload *u)
{
	sp_buf_free(&u->metadata);
	sp_buf_free(&u->concat);
}

void
evidence_record_done(struct evidence_record *rec)
{
	sp_buf_free(&rec->tail);
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
	return sp_buf_check(&rec->tail, "the upload's tail", err);
}

enum sp_code
evidence_record_load(struct evidence_room *r, const struct sp_id *id,
    struct evidence_record *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &upload_by_id);
	EVIDENCE_AUTO_RECORD rec = { .id = *id,
		.tail = sp_buf_new(2 * VAULT_SEGMENT) };
	bool found;

	bind_id(st, 1, id);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return no_upload(err);
	SP_TRY(record_read(r, st, &rec, err));
	*out = rec;
	rec.tail = sp_buf_new(0);
	return SP_OK;
}

/* An id without a record may be evidence by now. */
static enum sp_code
upload_sealed(struct db *db, const struct sp_id *id,
    struct evidence_upload *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &evidence_size);
	bool found;

	bind_id(st, 1, id);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return no_upload(err);
	*out = (struct evidence_upload){
		.id = *id,
		.offset = (uint64_t)db_col_i64(st, 0),
		.length = (uint64_t)db_col_i64(st, 0),
		.done = true,
		.metadata = sp_buf_new(0),
		.concat = sp_buf_new(0),
	};
	return SP_OK;
}

enum sp_code
evidence_upload_load(struct evidence_room *r, const struct sp_id *id,
    struct evidence_upload *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &upload_by_id);
	EVIDENCE_AUTO_RECORD rec = { .id = *id,
		.tail = sp_buf_new(2 * VAULT_SEGMENT) };
	bool found;

	bind_id(st, 1, id);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return upload_sealed(reader.db, id, out, err);
	SP_TRY(record_read(r, st, &rec, err));
	*out = (struct evidence_upload){
		.id = *id,
		.offset = rec.offset,
		.length = rec.length,
		.expires = rec.expires,
		.partial = rec.partial,
		.final = rec.final,
		.done = rec.whole,
		.metadata = sp_buf_new(SIZE_MAX / 2),
		.concat = sp_buf_new(SIZE_MAX / 2),
	};
	sp_buf_text(&out->metadata, db_col_text(st, 9));
	sp_buf_text(&out->concat, db_col_text(st, 10));
	return SP_OK;
}

enum sp_code
evidence_record_ids(struct evidence_room *r, sp_time expired_by,
    struct sp_id *id, size_t room_for, const struct sp_id *after, size_t *got,
    struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &upload_ids);
	size_t n = 0;
	bool found;

	db_bind_i64(st, 1, expired_by);
	bind_id(st, 2, after);
	db_bind_u64(st, 3, room_for);
	for (;;) {
		SP_TRY(db_row(st, &found, err));
		if (!found || n == room_for)
			break;
		SP_TRY(db_col_bytes(st, 0, id[n++].b, SP_ID_LEN, err));
	}
	*got = n;
	return SP_OK;
}

/* ---- Writing records: acts on the agency's writer ---- */

struct create_act {
	struct evidence_room *room;
	const struct evidence_upload_new *n;
	const struct evidence_object *object;
	const struct gate_caller *who;
	struct sp_id id;
	bool final;
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
	db_bind_i64(st, 5, a->final);
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
	const struct create_act *a = arg;
	struct db *db = ledger_tx_db(tx);
	struct ledger_entry entry =
	    gate_entry(a->who, "upload.created", "evidence", &a->id);

	SP_TRY(create_room_left(
	    db, evidence_room_limits(a->room)->uploads_open, err));
	SP_TRY(create_row(db, a, err));
	SP_TRY(evidence_object_insert(db, a->object, err));
	return ledger_tx_append(tx, &entry, NULL, err);
}

static enum sp_code
create(struct evidence_room *r, struct gate_pass *pass,
    const struct evidence_upload_new *n, bool final, struct sp_id *id,
    struct sp_err *err)
{
	EVIDENCE_AUTO_OBJECT object = { .dek = NULL };
	struct create_act act = {
		.room = r,
		.n = n,
		.object = &object,
		.who = gate_pass_caller(pass),
		.id = sp_id_new(),
		.final = final,
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
rest_object(struct db *db, const struct rest_act *a, struct sp_err *err)
{
	DB_STMT st = db_use(db, &upload_object);

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
	uint64_t changed;

	bind_id(st, 1, &s->id);
	db_bind_u64(st, 2, s->size);
	db_bind_blob(st, 3, s->sha256, CRYPTO_SHA256_LEN);
	db_bind_i64(st, 4, entry->at);
	db_bind_u64(st, 5, index);
	bind_id(st, 6, &s->who.token);
	SP_TRY(db_run(st, &changed, err));
	return changed == 1 ? SP_OK : no_upload(err);
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
end_object(struct db *db, struct end_act *a, struct sp_err *err)
{
	DB_STMT st = db_use(db, &upload_facts);
	bool found;

	bind_id(st, 1, &a->ended->id);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return no_upload(err);
	return db_col_bytes(st, 3, a->object.b, SP_ID_LEN, err);
}

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
	SP_TRY(end_object(db, a, err));
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
	return store->ops->remove(store, VAULT_STAGED, &act.object, err);
}

/* ---- What callers ask for ---- */

/* An upload that has all its bytes is made evidence before it is shown: its
 * client would take it for finished. */
static enum sp_code
load_whole(struct evidence_claim *claim, const struct gate_caller *who,
    struct evidence_upload *out, struct sp_err *err)
{
	EVIDENCE_AUTO_UPLOAD u = { .done = false };

	SP_TRY(evidence_upload_load(claim->room, &claim->id, &u, err));
	if (!u.done && !u.partial && u.offset == u.length) {
		SP_TRY(evidence_session_complete(claim->room, claim, who, err));
		evidence_upload_done(&u);
		SP_TRY(evidence_upload_load(claim->room, &claim->id, &u, err));
	}
	*out = u;
	u = (struct evidence_upload){ .done = false };
	return SP_OK;
}

static enum sp_code
find(struct evidence_room *r, const struct gate_caller *who,
    const struct sp_id *id, struct evidence_upload *out, struct sp_err *err)
{
	struct evidence_claim *claim;
	enum sp_code code;

	SP_TRY(evidence_desk_claim(&claim, r, id, err));
	code = load_whole(claim, who, out, err);
	evidence_desk_release(claim,
	    code == SP_E_NOTFOUND ||
		(code == SP_OK && out->done && !out->partial));
	return code;
}

enum sp_code
evidence_upload_find(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, struct evidence_upload *out, struct sp_err *err)
{
	gate_pass_require(pass, GATE_UPLOAD, NULL);
	return find(r, gate_pass_caller(pass), id, out, err);
}

enum sp_code
evidence_upload_create(struct evidence_room *r, struct gate_pass *pass,
    const struct evidence_upload_new *n, struct evidence_upload *out,
    struct sp_err *err)
{
	struct sp_id id;

	gate_pass_require(pass, GATE_UPLOAD, NULL);
	SP_REQUIRE(n->partial == (n->meta == NULL));
	SP_TRY(create(r, pass, n, false, &id, err));
	return find(r, gate_pass_caller(pass), &id, out, err);
}

static enum sp_code
part_check(struct evidence_room *r, const struct sp_id *id, uint64_t *total,
    struct sp_err *err)
{
	EVIDENCE_AUTO_RECORD rec = { .tail = sp_buf_new(0) };
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	SP_TRY(evidence_record_load(r, id, &rec, err));
	if (!rec.whole)
		return sp_fail_as(err, SP_E_CONFLICT, "upload.part",
		    "upload %s is not a finished partial upload", text);
	if (__builtin_add_overflow(*total, rec.length, total))
		return sp_fail_as(err, SP_E_LIMIT, "upload.length",
		    "the parts are too large together");
	return SP_OK;
}

enum sp_code
evidence_upload_concat(struct evidence_room *r, struct gate_pass *pass,
    const struct evidence_upload_new *n, const struct sp_id *part, size_t parts,
    struct evidence_upload *out, struct sp_err *err)
{
	const struct gate_caller *who = gate_pass_caller(pass);
	struct evidence_upload_new whole = *n;
	struct evidence_claim *claim;
	struct sp_err undo;
	struct sp_id id;
	enum sp_code code;

	gate_pass_require(pass, GATE_UPLOAD, NULL);
	if (parts == 0 || parts > EVIDENCE_PARTS_MAX)
		return sp_fail_as(err, SP_E_INVALID, "upload.concat",
		    "Upload-Concat joins 1 to %d uploads", EVIDENCE_PARTS_MAX);
	whole.length = 0;
	for (size_t i = 0; i < parts; i++)
		SP_TRY(part_check(r, &part[i], &whole.length, err));
	SP_TRY(create(r, pass, &whole, true, &id, err));
	SP_TRY(evidence_desk_claim(&claim, r, &id, err));
	code = evidence_session_join(r, claim, part, parts, who, err);
	if (code != SP_OK && code != SP_E_MISMATCH) {
		struct evidence_ended end = {
			.id = id,
			.why = EVIDENCE_REMOVED,
		};
		/* What cannot be undone now expires. */
		(void)evidence_record_end(r, &end, &undo);
	}
	evidence_desk_release(claim, true);
	SP_TRY(code);
	return evidence_upload_load(r, &id, out, err);
}

enum sp_code
evidence_upload_remove(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, struct sp_err *err)
{
	struct evidence_ended end = {
		.id = *id,
		.why = EVIDENCE_REMOVED,
		.who = gate_pass_caller(pass),
	};
	struct evidence_claim *claim;
	enum sp_code code;

	gate_pass_require(pass, GATE_UPLOAD, NULL);
	SP_TRY(evidence_desk_claim(&claim, r, id, err));
	code = evidence_record_end(r, &end, err);
	evidence_desk_release(claim, code == SP_OK || code == SP_E_NOTFOUND);
	return code;
}

static void
expire_one(struct evidence_room *r, const struct sp_id *id)
{
	struct evidence_ended end = { .id = *id, .why = EVIDENCE_EXPIRED };
	struct evidence_claim *claim;
	struct sp_err err;
	enum sp_code code;

	/* One that is busy, or cannot be ended now, is met again next time. */
	if (evidence_desk_claim(&claim, r, id, &err) != SP_OK)
		return;
	code = evidence_record_end(r, &end, &err);
	evidence_desk_release(claim, code == SP_OK || code == SP_E_NOTFOUND);
}

void
evidence_upload_expire(struct evidence_room *r)
{
	sp_time by = sp_now() - evidence_room_limits(r)->upload_expires;
	struct sp_id none = { { 0 } }, id[64];
	struct sp_err err;
	size_t n;

	if (evidence_record_ids(r, by, id, SP_COUNTOF(id), &none, &n, &err) !=
	    SP_OK)
		return;
	for (size_t i = 0; i < n; i++)
		expire_one(r, &id[i]);
}
