#include "evidence/upload.h"

#include "evidence/session.h"

#include <string.h>

static const struct db_sql evidence_size = {
	"SELECT size FROM evidence WHERE id = ?1",
};

void
evidence_upload_done(struct evidence_upload *u)
{
	sp_buf_free(&u->metadata);
	sp_buf_free(&u->concat);
}

/* An id without a record may be evidence by now. */
static enum sp_code
load_sealed(struct evidence_room *r, const struct sp_id *id,
    struct evidence_upload *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &evidence_size);
	bool found;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "upload.unknown",
		    "there is no such upload");
	*out = (struct evidence_upload){
		.id = *id,
		.offset = (uint64_t)db_col_i64(st, 0),
		.length = (uint64_t)db_col_i64(st, 0),
		.done = true,
	};
	return SP_OK;
}

enum sp_code
evidence_upload_load(struct evidence_room *r, const struct sp_id *id,
    struct evidence_upload *out, struct sp_err *err)
{
	EVIDENCE_AUTO_RECORD rec = { .offset = 0 };
	enum sp_code code = evidence_record_load(r, id, &rec, err);

	if (code == SP_E_NOTFOUND)
		return load_sealed(r, id, out, err);
	SP_TRY(code);
	*out = (struct evidence_upload){
		.id = *id,
		.offset = rec.offset,
		.length = rec.length,
		.expires = rec.expires,
		.partial = rec.partial,
		.final = rec.final,
		.done = rec.whole,
		.metadata = rec.metadata,
		.concat = rec.concat,
	};
	rec.metadata = sp_buf_new(0);
	rec.concat = sp_buf_new(0);
	return SP_OK;
}

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

/* What an earlier request with the same Idempotency-Key made. */
static enum sp_code
find_before(struct evidence_room *r, const struct gate_caller *who,
    const struct sp_id *id, struct evidence_upload *out, struct sp_err *err)
{
	enum sp_code code = find(r, who, id, out, err);

	if (code == SP_E_NOTFOUND)
		return sp_fail_as(err, SP_E_CONFLICT, "once.gone",
		    "what this Idempotency-Key made is gone: use a new one");
	if (code == SP_OK)
		out->before = true;
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
	const struct gate_caller *who = gate_pass_caller(pass);
	struct sp_id id;
	bool before;

	gate_pass_require(pass, GATE_UPLOAD, NULL);
	SP_REQUIRE(n->partial == (n->meta == NULL));
	SP_TRY(evidence_record_create(r, who, n, &id, &before, err));
	return before ? find_before(r, who, &id, out, err)
		      : find(r, who, &id, out, err);
}

static enum sp_code
part_check(struct evidence_room *r, const struct sp_id *id, uint64_t *total,
    struct sp_err *err)
{
	EVIDENCE_AUTO_RECORD rec = { .offset = 0 };
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

/* Bring the parts in.  A final upload that fails goes again: nobody has
 * learnt of it. */
static enum sp_code
join(struct evidence_claim *claim, const struct sp_id *part, size_t parts,
    const struct gate_caller *who, struct sp_err *err)
{
	struct evidence_ended end = {
		.id = claim->id,
		.why = EVIDENCE_REMOVED,
	};
	enum sp_code code =
	    evidence_session_join(claim->room, claim, part, parts, who, err);

	/* What cannot be undone now expires. */
	if (code != SP_OK && code != SP_E_MISMATCH)
		SP_IGNORE(evidence_record_end(claim->room, &end, NULL));
	evidence_desk_release(claim, true);
	return code;
}

static enum sp_code
parts_check(struct evidence_room *r, const struct sp_id *part, size_t parts,
    uint64_t *total, struct sp_err *err)
{
	if (parts == 0 || parts > EVIDENCE_PARTS_MAX)
		return sp_fail_as(err, SP_E_INVALID, "upload.concat",
		    "Upload-Concat joins 1 to %d uploads", EVIDENCE_PARTS_MAX);
	*total = 0;
	for (size_t i = 0; i < parts; i++)
		SP_TRY(part_check(r, &part[i], total, err));
	return SP_OK;
}

enum sp_code
evidence_upload_concat(struct evidence_room *r, struct gate_pass *pass,
    const struct evidence_upload_new *n, struct evidence_upload *out,
    struct sp_err *err)
{
	const struct gate_caller *who = gate_pass_caller(pass);
	struct evidence_upload_new whole = *n;
	struct evidence_claim *claim;
	struct sp_id id;
	bool before;

	gate_pass_require(pass, GATE_UPLOAD, NULL);
	SP_TRY(parts_check(r, n->part, n->parts, &whole.length, err));
	whole.final = true;
	SP_TRY(evidence_record_create(r, who, &whole, &id, &before, err));
	if (before)
		return find_before(r, who, &id, out, err);
	SP_TRY(evidence_desk_claim(&claim, r, &id, err));
	SP_TRY(join(claim, n->part, n->parts, who, err));
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
	EVIDENCE_AUTO_RECORD rec = { .offset = 0 };
	struct evidence_claim *claim;
	struct sp_err err;
	enum sp_code code;
	bool over;

	/* One that is busy, or cannot be ended now, is met again next time. */
	if (evidence_desk_claim(&claim, r, id, &err) != SP_OK)
		return;
	code = evidence_record_load(r, id, &rec, &err);
	/* Somebody may have gone on with it since it was listed. */
	over = code == SP_OK && rec.expires <= sp_now();
	if (over)
		code = evidence_record_end(r, &end, &err);
	evidence_desk_release(
	    claim, (over && code == SP_OK) || code == SP_E_NOTFOUND);
}

void
evidence_upload_expire(struct evidence_room *r)
{
	sp_time by = sp_now() - evidence_room_limits(r)->upload_expires;
	struct sp_id none = { { 0 } };
	struct evidence_ids ids;

	if (evidence_record_ids(r, by, &none, &ids, NULL) != SP_OK)
		return;
	for (size_t i = 0; i < ids.n; i++)
		expire_one(r, &ids.id[i]);
}
