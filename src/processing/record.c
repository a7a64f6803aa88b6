#include "processing/record.h"

#include "base/json.h"
#include "evidence/item.h"

#include <string.h>

static const struct db_sql media_waiting = {
	"SELECT evidence FROM media WHERE state = 'queued'"
	" ORDER BY evidence LIMIT ?1",
};
static const struct db_sql media_working = {
	"SELECT evidence FROM media WHERE state = 'working'"
	" ORDER BY evidence LIMIT ?1",
};
static const struct db_sql media_begin = {
	"UPDATE media SET state = 'working', tries = tries + 1, poster = ?2,"
	" entry = ?3 WHERE evidence = ?1 AND state = 'queued'",
};
static const struct db_sql media_at_work = {
	"SELECT poster, entry, tries FROM media"
	" WHERE evidence = ?1 AND state = 'working'",
};
static const struct db_sql media_finish = {
	"UPDATE media SET state = ?2, reason = ?3, facts = ?4, probed = ?5"
	" WHERE evidence = ?1",
};
static const struct db_sql media_poster = {
	"UPDATE media SET poster_size = ?2, poster_sha256 = ?3,"
	" poster_width = ?4, poster_height = ?5 WHERE evidence = ?1",
};
static const struct db_sql media_no_poster = {
	"UPDATE media SET poster = NULL WHERE evidence = ?1",
};

struct gate_caller
processing_record_caller(const struct evidence_room *r)
{
	return (struct gate_caller){
		.agency = evidence_room_agency(r)->id,
		.source = "media",
	};
}

static void
bind_id(struct db_stmt *st, int at, const struct sp_id *id)
{
	db_bind_blob(st, at, id->b, SP_ID_LEN);
}

/* --- Which --- */

static enum sp_code
ids(struct evidence_room *r, const struct db_sql *sql, struct sp_id *id,
    size_t room_for, size_t *got, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, sql);
	size_t n = 0;
	bool found;

	db_bind_u64(st, 1, room_for);
	for (;;) {
		SP_TRY(db_row(st, &found, err));
		if (!found || n == room_for)
			break;
		SP_TRY(db_col_bytes(st, 0, id[n++].b, SP_ID_LEN, err));
	}
	*got = n;
	return SP_OK;
}

enum sp_code
processing_record_waiting(struct evidence_room *r, struct sp_id *id,
    size_t room_for, size_t *got, struct sp_err *err)
{
	return ids(r, &media_waiting, id, room_for, got, err);
}

enum sp_code
processing_record_working(struct evidence_room *r, struct sp_id *id,
    size_t room_for, size_t *got, struct sp_err *err)
{
	return ids(r, &media_working, id, room_for, got, err);
}

/* --- Begin --- */

struct begin_act {
	const struct sp_id *id;
	const struct evidence_object *poster;
};

/* In the transaction of "media.opened": its index is the size before. */
static enum sp_code
begin_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct begin_act *a = arg;
	struct db *db = ledger_tx_db(tx);
	DB_STMT st = db_use(db, &media_begin);
	uint64_t changed;

	bind_id(st, 1, a->id);
	bind_id(st, 2, &a->poster->id);
	db_bind_u64(st, 3, ledger_tx_size(tx) - 1);
	SP_TRY(db_run(st, &changed, err));
	if (changed == 0)
		return sp_fail(err, SP_E_CONFLICT, "it does not wait any more");
	return evidence_object_insert(db, a->poster, err);
}

enum sp_code
processing_record_begin(struct evidence_room *r, const struct sp_id *id,
    const struct evidence_object *poster, struct gate_pass **pass,
    struct sp_err *err)
{
	struct gate_caller site = processing_record_caller(r);
	struct begin_act act = { .id = id, .poster = poster };
	struct gate_request rq = {
		.who = &site,
		.act = GATE_PROBE,
		.on = { .kind = "evidence", .id = *id },
		.also = begin_run,
		.also_arg = &act,
	};

	return gate_admit_with(evidence_room_gate(r), &rq, pass, err);
}

/* --- The end --- */

/* What `begin` wrote. */
struct at_work {
	struct sp_id poster;
	uint64_t entry;
	uint64_t tries;
};

static enum sp_code
load(struct db *db, const struct sp_id *id, struct at_work *out,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &media_at_work);
	bool found;

	bind_id(st, 1, id);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(err, SP_E_CONFLICT, "nobody works on it");
	SP_TRY(db_col_bytes(st, 0, out->poster.b, SP_ID_LEN, err));
	out->entry = (uint64_t)db_col_i64(st, 1);
	out->tries = (uint64_t)db_col_i64(st, 2);
	return SP_OK;
}

/* The row as it ends, and what the ledger says of it. */
struct ending {
	struct sp_id id;
	const char *state;
	const char *word; /* of a reason; NULL: none */
	const char *text;
	const char *facts;
	sp_time probed; /* 0: not */
	enum ledger_outcome outcome;
	const struct processing_done *poster; /* NULL: none */
};

static enum sp_code
write_row(struct db *db, const struct ending *e, struct sp_err *err)
{
	DB_STMT st = db_use(db, &media_finish);

	bind_id(st, 1, &e->id);
	db_bind_text(st, 2, e->state);
	db_bind_text(st, 3, e->text);
	db_bind_text(st, 4, e->facts);
	if (e->probed != 0)
		db_bind_i64(st, 5, e->probed);
	return db_run(st, NULL, err);
}

static enum sp_code
write_poster(struct db *db, const struct processing_done *d, struct sp_err *err)
{
	DB_STMT st = db_use(db, &media_poster);
	const struct media_result *r = d->result;

	bind_id(st, 1, &d->id);
	db_bind_u64(st, 2, r->poster.len);
	db_bind_blob(st, 3, d->poster_sha256, CRYPTO_SHA256_LEN);
	db_bind_u64(st, 4, r->size.width);
	db_bind_u64(st, 5, r->size.height);
	return db_run(st, NULL, err);
}

static enum sp_code
drop_poster(struct db *db, const struct sp_id *id, const struct at_work *w,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &media_no_poster);

	bind_id(st, 1, id);
	SP_TRY(db_run(st, NULL, err));
	return evidence_object_delete(db, &w->poster, err);
}

static void
write_detail(
    const struct ending *e, const struct at_work *w, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	sp_json_int(&j, "opened", (int64_t)w->entry);
	if (e->poster != NULL)
		sp_json_hex(&j, "poster_sha256", e->poster->poster_sha256,
		    CRYPTO_SHA256_LEN);
	if (e->word != NULL)
		sp_json_str(&j, "reason", e->word);
	sp_json_str(&j, "state", e->state);
	sp_json_end(&j);
}

struct end_act {
	struct evidence_room *room;
	const struct ending *ending;
};

static enum sp_code
end_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct end_act *a = arg;
	const struct ending *e = a->ending;
	struct db *db = ledger_tx_db(tx);
	struct gate_caller site = processing_record_caller(a->room);
	struct ledger_entry entry =
	    gate_entry(&site, "media.probed", "evidence", &e->id);
	SP_AUTO_BUF detail = sp_buf_new(1000);
	struct at_work w;

	SP_TRY(load(db, &e->id, &w, err));
	SP_TRY(write_row(db, e, err));
	if (e->poster != NULL)
		SP_TRY(write_poster(db, e->poster, err));
	else
		SP_TRY(drop_poster(db, &e->id, &w, err));
	write_detail(e, &w, &detail);
	SP_TRY(sp_buf_check(&detail, "media.probed", err));
	entry.detail = sp_buf_str(&detail);
	entry.outcome = e->outcome;
	return ledger_tx_append(tx, &entry, NULL, err);
}

static enum sp_code
end(struct evidence_room *r, const struct ending *e, struct sp_err *err)
{
	struct end_act act = { .room = r, .ending = e };

	SP_TRY(ledger_writer_run(evidence_room_writer(r), end_run, &act, err));
	if (e->probed != 0)
		evidence_item_tell(r, EVENTS_MEDIA, &e->id);
	return SP_OK;
}

/* What is no media, and was not said to be, is in order as it is. */
static void
judge(const struct processing_done *d, struct ending *e)
{
	enum media_reason why = d->result->why;

	e->outcome = LEDGER_DONE;
	if (why == MEDIA_READABLE) {
		e->state = "done";
		return;
	}
	if (why == MEDIA_UNKNOWN && !d->expected) {
		e->state = "none";
		return;
	}
	e->state = "unreadable";
	e->outcome = LEDGER_FAILED;
	e->word = media_reason_word(why);
	e->text = media_reason_text(why);
}

enum sp_code
processing_record_finish(struct evidence_room *r,
    const struct processing_done *d, struct sp_err *err)
{
	SP_AUTO_BUF facts = sp_buf_new((size_t)64 << 10);
	struct ending e = {
		.id = d->id,
		.probed = sp_now(),
		.poster = d->poster_sha256 == NULL ? NULL : d,
	};

	judge(d, &e);
	if (d->result->why == MEDIA_READABLE) {
		media_facts_json(&d->result->facts, &facts);
		SP_TRY(sp_buf_check(&facts, "media facts", err));
		e.facts = sp_buf_str(&facts);
	}
	return end(r, &e, err);
}

/* --- Interrupted --- */

static enum sp_code
load_at_work(struct evidence_room *r, const struct sp_id *id,
    struct at_work *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));

	return load(reader.db, id, out, err);
}

enum sp_code
processing_record_release(
    struct evidence_room *r, const struct sp_id *id, struct sp_err *err)
{
	struct vault_store *store = evidence_room_store(r);
	struct ending e = {
		.id = *id,
		.state = "queued",
		.word = "interrupted",
		.outcome = LEDGER_FAILED,
	};
	struct at_work w;

	SP_TRY(load_at_work(r, id, &w, err));
	/* While it is on record: else nobody would know of it. */
	SP_TRY(store->ops->remove(store, VAULT_STAGED, &w.poster, err));
	SP_TRY(store->ops->remove(store, VAULT_KEPT, &w.poster, err));
	if (w.tries >= PROCESSING_TRIES) {
		e.state = "unreadable";
		e.word = media_reason_word(MEDIA_TRIES);
		e.text = media_reason_text(MEDIA_TRIES);
		e.probed = sp_now();
	}
	return end(r, &e, err);
}
