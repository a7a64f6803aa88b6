#include "ledger/audit.h"

#include "ledger/rows.h"

#include <stdlib.h>
#include <string.h>

enum { RUN = 4096 }; /* hashes of the file read at once */

struct run {
	const struct ledger_audit *a;
	struct ledger_frontier tree;
	uint64_t in_file; /* hashes the file has; what follows is unwritten */
	uint64_t at;      /* the next hash of the file */
	size_t next, n;   /* in `hash` */
	struct ledger_hash hash[RUN];
};

static bool
same(const struct ledger_hash *a, const struct ledger_hash *b)
{
	return memcmp(a->b, b->b, LEDGER_HASH_LEN) == 0;
}

/* The next hash of the file must be this one. */
static enum sp_code
compare(struct run *r, const struct ledger_hash *made, struct sp_err *err)
{
	if (r->next == r->n) {
		uint64_t left = r->in_file - r->at;

		if (left == 0) /* committed, and on its way into the file */
			return SP_OK;
		r->n = left < RUN ? (size_t)left : RUN;
		r->next = 0;
		SP_TRY(ledger_hashes_read(
		    r->a->hashes, r->at, r->hash, r->n, err));
	}
	if (!same(&r->hash[r->next], made))
		return sp_fail(err, SP_E_CORRUPT,
		    "hashes file: hash %ju is wrong (entry %ju)",
		    (uintmax_t)r->at, (uintmax_t)r->tree.size - 1);
	r->next++;
	r->at++;
	return SP_OK;
}

/* An entry ends with its object, outcome and source, all without quotes in
 * them (entry.c), so the last "object" is the entry's own. */
static bool
files_under(const struct ledger_row *row)
{
	static const char name[] = ",\"object\":{\"id\":\"";
	const size_t len = sizeof(name) - 1;
	const char *body = row->body;
	char id[SP_ID_TEXT];

	sp_id_text(&row->object, id);
	if (row->len < len + sizeof(id))
		return false;
	for (size_t at = row->len - len - sizeof(id);; at--) {
		if (memcmp(body + at, name, len) == 0)
			return memcmp(body + at + len, id, sizeof(id) - 1) == 0;
		if (at == 0)
			return false;
	}
}

static enum sp_code
audit_entry(void *arg, const struct ledger_row *row, struct sp_err *err)
{
	struct ledger_hash leaf, made[65], root;
	struct run *r = arg;
	size_t n;

	ledger_merkle_leaf(row->body, row->len, &leaf);
	if (!same(&leaf, &row->leaf))
		return sp_fail(err, SP_E_CORRUPT,
		    "entry %ju: its bytes are not those that were hashed",
		    (uintmax_t)row->index);
	if (!files_under(row))
		return sp_fail(err, SP_E_CORRUPT,
		    "entry %ju: it is filed under another object",
		    (uintmax_t)row->index);
	n = ledger_frontier_append(&r->tree, &leaf, made);
	for (size_t i = 0; i < n; i++)
		SP_TRY(compare(r, &made[i], err));
	if (r->tree.size != r->a->published.size)
		return SP_OK;
	ledger_frontier_root(&r->tree, &root);
	if (!same(&root, &r->a->published.root))
		return sp_fail(err, SP_E_CORRUPT,
		    "the first %ju entries do not make the root that was "
		    "published for them",
		    (uintmax_t)r->tree.size);
	return SP_OK;
}

/* What the state row says, against what the entries made. */
static enum sp_code
audit_state(struct run *r, const struct ledger_frontier *state,
    const struct sp_buf *note, struct sp_err *err)
{
	struct ledger_checkpoint c;
	struct ledger_hash root, of_state;

	SP_TRY(ledger_checkpoint_check(
	    r->a->vkey, sp_buf_str(note), note->len, &c, err));
	ledger_frontier_root(&r->tree, &root);
	ledger_frontier_root(state, &of_state);
	if (c.size != state->size || !same(&c.root, &root) ||
	    !same(&of_state, &root))
		return sp_fail(err, SP_E_CORRUPT,
		    "the entries do not make the root of the checkpoint of "
		    "size %ju",
		    (uintmax_t)c.size);
	if (c.size < r->a->published.size)
		return sp_fail(err, SP_E_CORRUPT,
		    "the log is shorter than the checkpoint published");
	return SP_OK;
}

static enum sp_code
audit(struct run *r, struct sp_err *err)
{
	struct db *db = r->a->db;
	struct ledger_visitor v = { audit_entry, r };
	struct ledger_frontier state;
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	bool found = false;
	uint64_t end = 0;

	SP_TRY(ledger_rows_state(db, &found, &state, &note, err));
	if (!found)
		return sp_fail(err, SP_E_CORRUPT, "the log has no checkpoint");
	SP_TRY(ledger_rows_end(db, &end, err));
	if (end != state.size)
		return sp_fail(err, SP_E_CORRUPT,
		    "%ju entries under a checkpoint of size %ju",
		    (uintmax_t)end, (uintmax_t)state.size);
	SP_TRY(ledger_rows_each(db, 0, state.size, &v, err));
	return audit_state(r, &state, &note, err);
}

/* An open statement keeps the snapshot in which all the others then read. */
static enum sp_code
audit_in_snapshot(struct run *r, struct sp_err *err)
{
	static const struct db_sql hold = {
		"SELECT one FROM ledger_state UNION ALL SELECT 2",
	};
	DB_STMT st = db_use(r->a->db, &hold);
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	return audit(r, err);
}

enum sp_code
ledger_audit_run(const struct ledger_audit *a, struct sp_err *err)
{
	struct run *r = calloc(1, sizeof(*r));
	enum sp_code code;

	if (r == NULL)
		return sp_fail(err, SP_E_NOMEM, "audit");
	r->a = a;
	r->in_file = ledger_merkle_count(a->published.size);
	code = audit_in_snapshot(r, err);
	free(r);
	return code;
}
