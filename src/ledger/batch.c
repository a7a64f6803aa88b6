#include "ledger/batch.h"

#include "ledger/rows.h"

#include <stdlib.h>

struct ledger_batch {
	struct db *db;
	struct ledger_log *log;
	struct ledger_frontier committed;
	struct ledger_frontier now;
	struct ledger_frontier marked;
	size_t marked_made;
	struct sp_buf made;  /* stored hashes since begin */
	struct sp_buf body;  /* of the entry at hand */
	struct sp_buf note;  /* sealed: of `now` */
	uint64_t spent;      /* the largest size that has been signed */
	struct sp_id agency; /* of the entries */
};

enum sp_code
ledger_batch_open(struct ledger_batch **out, struct db *db,
    struct ledger_log *log, struct sp_err *err)
{
	struct ledger_batch *b = calloc(1, sizeof(*b));
	enum sp_code code;
	bool found = false;

	if (b == NULL)
		return sp_fail(err, SP_E_NOMEM, "batch");
	b->db = db;
	b->log = log;
	b->made = sp_buf_new(LEDGER_BATCH_HASHES * LEDGER_HASH_LEN);
	b->body = sp_buf_new(LEDGER_ENTRY_MAX);
	b->note = sp_buf_new(LEDGER_NOTE_MAX);
	code = ledger_rows_state(db, &found, &b->committed, &b->note, err);
	if (code == SP_OK &&
	    (!found || b->committed.size != ledger_log_size(log)))
		code = sp_fail(
		    err, SP_E_CONFLICT, "the log is not that of this database");
	if (code != SP_OK) {
		ledger_batch_close(b);
		return code;
	}
	b->now = b->committed;
	b->spent = b->committed.size;
	*out = b;
	return SP_OK;
}

void
ledger_batch_close(struct ledger_batch *b)
{
	if (b == NULL)
		return;
	db_rollback(b->db);
	sp_buf_free(&b->made);
	sp_buf_free(&b->body);
	sp_buf_free(&b->note);
	free(b);
}

enum sp_code
ledger_batch_begin(struct ledger_batch *b, struct sp_err *err)
{
	b->now = b->committed;
	sp_buf_clear(&b->made);
	return db_begin(b->db, err);
}

enum sp_code
ledger_batch_mark(struct ledger_batch *b, struct sp_err *err)
{
	SP_TRY(db_mark(b->db, err));
	b->marked = b->now;
	b->marked_made = b->made.len;
	return SP_OK;
}

enum sp_code
ledger_batch_keep(struct ledger_batch *b, struct sp_err *err)
{
	return db_mark_keep(b->db, err);
}

void
ledger_batch_undo(struct ledger_batch *b)
{
	db_mark_undo(b->db);
	b->now = b->marked;
	sp_buf_cut(&b->made, b->marked_made);
}

enum sp_code
ledger_batch_append(struct ledger_batch *b, const struct ledger_entry *entry,
    uint64_t *index, struct sp_err *err)
{
	struct ledger_hash made[65];
	struct ledger_row row = {
		.index = b->now.size,
		.object = entry->object,
	};
	size_t n;

	if (b->made.len + sizeof(made) > b->made.max)
		return sp_fail(
		    err, SP_E_LIMIT, "too many entries in one transaction");
	sp_buf_clear(&b->body);
	SP_TRY(ledger_entry_write(entry, &b->body, err));
	row.body = b->body.at;
	row.len = b->body.len;
	ledger_merkle_leaf(row.body, row.len, &row.leaf);
	SP_TRY(ledger_rows_add(b->db, &row, err));
	n = ledger_frontier_append(&b->now, &row.leaf, made);
	sp_buf_add(&b->made, made, n * sizeof(made[0]));
	SP_TRY(sp_buf_check(&b->made, "hashes of a transaction", err));
	b->agency = entry->agency;
	if (index != NULL)
		*index = row.index;
	return SP_OK;
}

/*
 * A commit that failed leaves a signed checkpoint that was never published.
 * Another tree of the same size must not be signed, ever: two roots for one
 * size are what a forked log looks like, and a keeper refuses them.  So the
 * log grows past that size, with entries that say why.
 */
static enum sp_code
grow_past_spent(struct ledger_batch *b, struct sp_err *err)
{
	const struct ledger_entry skipped = {
		.act = "log.skipped",
		.actor_kind = "site",
		.actor = b->agency,
		.agency = b->agency,
		.at = sp_now(),
		.object_kind = "agency",
		.object = b->agency,
		.outcome = LEDGER_FAILED,
		.source = "repair",
	};

	while (b->now.size <= b->spent)
		SP_TRY(ledger_batch_append(b, &skipped, NULL, err));
	return SP_OK;
}

enum sp_code
ledger_batch_seal(struct ledger_batch *b, struct sp_err *err)
{
	if (b->now.size == b->committed.size)
		return SP_OK;
	SP_TRY(grow_past_spent(b, err));
	SP_TRY(
	    db_flush(b->db, err)); /* fail for want of space before signing */
	sp_buf_clear(&b->note);
	SP_TRY(ledger_log_sign(b->log, &b->now, &b->note, err));
	b->spent = b->now.size;
	return ledger_rows_put_state(b->db, &b->now, &b->note, err);
}

enum sp_code
ledger_batch_commit(struct ledger_batch *b, struct sp_err *err)
{
	SP_TRY(db_commit(b->db, err));
	if (b->now.size != b->committed.size)
		ledger_log_publish(b->log, b->db, &b->now, &b->note, &b->made);
	b->committed = b->now;
	return SP_OK;
}

void
ledger_batch_abandon(struct ledger_batch *b)
{
	db_rollback(b->db);
	b->now = b->committed;
}

struct db *
ledger_batch_db(struct ledger_batch *b)
{
	return b->db;
}

uint64_t
ledger_batch_size(const struct ledger_batch *b)
{
	return b->now.size;
}

uint64_t
ledger_batch_new(const struct ledger_batch *b)
{
	return b->now.size - b->committed.size;
}
