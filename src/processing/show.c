#include "processing/show.h"

#include "base/json.h"
#include "evidence/object.h"
#include "media/message.h"

#include <string.h>

static const struct db_sql media_by_id = {
	"SELECT state, reason, facts, probed, poster_size, poster_sha256,"
	" poster_width, poster_height FROM media WHERE evidence = ?1",
};
enum {
	MEDIA_STATE,
	MEDIA_REASON,
	MEDIA_FACTS,
	MEDIA_PROBED,
	MEDIA_POSTER_SIZE,
	MEDIA_POSTER_SHA256,
	MEDIA_POSTER_WIDTH,
	MEDIA_POSTER_HEIGHT,
};

static const struct db_sql poster_by_id = {
	"SELECT poster, poster_size, poster_sha256, probed FROM media"
	" WHERE evidence = ?1 AND poster_sha256 IS NOT NULL",
};

static enum sp_code
no_item(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_NOTFOUND, "evidence.unknown",
	    "there is no such evidence");
}

/* --- Facts --- */

static enum sp_code
json_poster(struct sp_json *j, struct db_stmt *st, struct sp_err *err)
{
	uint8_t sha256[CRYPTO_SHA256_LEN];

	if (db_col_null(st, MEDIA_POSTER_SHA256)) {
		sp_json_null(j, "poster");
		return SP_OK;
	}
	SP_TRY(
	    db_col_bytes(st, MEDIA_POSTER_SHA256, sha256, sizeof(sha256), err));
	sp_json_object(j, "poster");
	sp_json_int(j, "height", db_col_i64(st, MEDIA_POSTER_HEIGHT));
	sp_json_hex(j, "sha256", sha256, sizeof(sha256));
	sp_json_int(j, "size", db_col_i64(st, MEDIA_POSTER_SIZE));
	sp_json_int(j, "width", db_col_i64(st, MEDIA_POSTER_WIDTH));
	sp_json_end(j);
	return SP_OK;
}

static void
json_state(struct sp_json *j, struct db_stmt *st)
{
	SP_AUTO_BUF text = sp_buf_new(300);

	sp_buf_text(&text, db_col_text(st, MEDIA_STATE));
	if (!db_col_null(st, MEDIA_REASON))
		sp_buf_fmt(&text, ": %s", db_col_text(st, MEDIA_REASON));
	sp_json_str(j, "state", sp_buf_str(&text));
}

static enum sp_code
json_media(struct sp_json *j, const struct sp_id *id, struct db_stmt *st,
    struct sp_err *err)
{
	char text[SP_ID_TEXT], probed[SP_TIME_TEXT];

	sp_id_text(id, text);
	sp_json_object(j, NULL);
	sp_json_str(j, "evidence", text);
	if (db_col_null(st, MEDIA_FACTS))
		sp_json_null(j, "facts");
	else
		sp_json_raw(j, "facts", db_col_text(st, MEDIA_FACTS));
	SP_TRY(json_poster(j, st, err));
	if (db_col_null(st, MEDIA_PROBED)) {
		sp_json_null(j, "probed_at");
	} else {
		sp_time_text(db_col_i64(st, MEDIA_PROBED), probed);
		sp_json_str(j, "probed_at", probed);
	}
	json_state(j, st);
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
processing_show_media(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, struct sp_buf *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &media_by_id);
	struct sp_json j = sp_json_to(out);
	bool found;

	gate_pass_require(pass, GATE_SHOW, id);
	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return no_item(err);
	SP_TRY(json_media(&j, id, st, err));
	return sp_buf_check(out, "media", err);
}

/* --- The poster --- */

static enum sp_code
load_poster(struct evidence_room *r, const struct sp_id *id,
    struct processing_poster *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &poster_by_id);
	struct processing_poster p;
	uint8_t sha256[CRYPTO_SHA256_LEN];
	char hex[2 * CRYPTO_SHA256_LEN + 1];
	bool found;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "media.poster",
		    "there is no poster of it");
	SP_TRY(db_col_bytes(st, 0, p.object.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 2, sha256, sizeof(sha256), err));
	p.size = (uint64_t)db_col_i64(st, 1);
	p.probed = db_col_i64(st, 3);
	sp_hex(sha256, sizeof(sha256), hex);
	(void)snprintf(p.etag, sizeof(p.etag), "\"%s\"", hex);
	*out = p;
	return SP_OK;
}

enum sp_code
processing_show_poster_head(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, struct processing_poster *out, struct sp_err *err)
{
	gate_pass_require(pass, GATE_SHOW, id);
	return load_poster(r, id, out, err);
}

static enum sp_code
open_poster(struct evidence_room *r, const struct processing_poster *p,
    struct vault_read **out, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET dek = NULL;
	struct vault_object sealed;
	enum sp_code code;

	if (p->size == 0 || p->size > MEDIA_POSTER_MAX)
		return sp_fail_as(err, SP_E_CORRUPT, "media.poster",
		    "the poster on record has %ju bytes", (uintmax_t)p->size);
	SP_TRY(evidence_object_key(r, &p->object, &dek, err));
	sealed = evidence_object_vault(r, &p->object, dek);
	code = vault_read_open(out, &sealed, p->size, err);
	if (code == SP_E_NOTFOUND) /* what was asked for is there */
		return sp_fail_as(err, SP_E_CORRUPT, "media.poster",
		    "the poster's object is missing");
	return code;
}

enum sp_code
processing_show_poster(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, struct sp_buf *out, struct sp_err *err)
{
	VAULT_AUTO_READ read = NULL;
	struct processing_poster p;
	size_t before = out->len;
	enum sp_code code;
	uint8_t *at;

	gate_pass_require(pass, GATE_PREVIEW, id);
	SP_TRY(load_poster(r, id, &p, err));
	SP_TRY(open_poster(r, &p, &read, err));
	at = sp_buf_extend(out, (size_t)p.size);
	SP_TRY(sp_buf_check(out, "a poster", err));
	code = vault_read_at(read, 0, at, (size_t)p.size, err);
	if (code != SP_OK)
		sp_buf_cut(out, before);
	return code;
}
