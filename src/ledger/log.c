#include "ledger/log.h"

#include "ledger/audit.h"
#include "ledger/hashes.h"
#include "ledger/rows.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	NOTE_ROOM = 1024, /* more than a checkpoint of ours takes */
	TILE_BITS = 8,
	TILE_WIDTH = 1 << TILE_BITS,
	TILE_LEVELS = 7, /* a full tile of the next needs more than 2^63 */
};

const char ledger_log_schema[] = LEDGER_ROWS_SCHEMA;

struct ledger_log {
	struct ledger_vkey vkey;
	struct ledger_signer signer;
	char *db_path; /* for mending, which needs a handle of its own */
	struct ledger_hashes *hashes;

	pthread_mutex_t lock; /* for what is published */
	struct ledger_frontier tree;
	struct ledger_hash root;
	struct sp_buf note;
	struct sp_buf lines; /* of others, below the note's own */

	pthread_mutex_t mending;
	atomic_uint mended; /* times; who failed before looks again */
	bool hopeless;      /* the database itself is wrong */
};

/* What one call works from, so that it answers about one checkpoint. */
struct view {
	struct ledger_frontier tree;
	struct ledger_hash root;
	struct sp_buf note;
};

static void
view_done(struct view *v)
{
	sp_buf_free(&v->note);
}
#define VIEW SP_CLEANUP(view_done) struct view

static struct view
look(struct ledger_log *log)
{
	struct view v = { .note = sp_buf_new(LEDGER_NOTE_MAX) };

	(void)pthread_mutex_lock(&log->lock);
	v.tree = log->tree;
	v.root = log->root;
	sp_buf_add(&v.note, log->note.at, log->note.len);
	sp_buf_add(&v.note, log->lines.at, log->lines.len);
	(void)pthread_mutex_unlock(&log->lock);
	return v;
}

static bool
same(const struct ledger_hash *a, const struct ledger_hash *b)
{
	return memcmp(a->b, b->b, LEDGER_HASH_LEN) == 0;
}

/* Signing. */

enum sp_code
ledger_log_sign(struct ledger_log *log, const struct ledger_frontier *tree,
    struct sp_buf *note, struct sp_err *err)
{
	struct ledger_checkpoint c = { .size = tree->size };
	SP_AUTO_BUF text = sp_buf_new(LEDGER_NOTE_MAX);
	size_t text_len = 0;

	memcpy(c.origin, log->vkey.name, sizeof(c.origin));
	ledger_frontier_root(tree, &c.root);
	ledger_checkpoint_text(&c, &text);
	sp_buf_add(note, text.at, text.len);
	sp_buf_u8(note, '\n');
	SP_TRY(sp_buf_check(&text, "checkpoint", err));
	SP_TRY(log->signer.sign(
	    log->signer.self, sp_buf_str(&text), text.len, note, err));
	SP_TRY(sp_buf_check(note, "checkpoint", err));
	/* Committed, a wrong signature would end the log: nobody could open
	 * it again. */
	if (ledger_note_check(&log->vkey, sp_buf_str(note), note->len,
		&text_len, NULL) != SP_OK ||
	    text_len != text.len || memcmp(note->at, text.at, text_len) != 0)
		return sp_fail(err, SP_E_UNAVAIL,
		    "the signer gave a wrong signature for %s", log->vkey.name);
	return SP_OK;
}

/* Opening. */

static enum sp_code
begin_empty(struct ledger_log *log, struct db *db, struct sp_err *err)
{
	struct ledger_frontier none = { .size = 0 };
	enum sp_code code;
	uint64_t end = 0;

	SP_TRY(ledger_rows_end(db, &end, err));
	if (end != 0)
		return sp_fail(err, SP_E_CORRUPT,
		    "ledger: %ju entries and no checkpoint", (uintmax_t)end);
	SP_TRY(ledger_log_sign(log, &none, &log->note, err));
	log->tree = none;
	SP_TRY(db_begin(db, err));
	code = ledger_rows_put_state(db, &none, &log->note, err);
	if (code != SP_OK) {
		db_rollback(db);
		return code;
	}
	return db_commit(db, err);
}

/* Size, frontier, root, signature and the last entry must agree. */
static enum sp_code
check_state(struct ledger_log *log, struct db *db, struct sp_err *err)
{
	struct ledger_checkpoint c;
	struct ledger_hash root;
	uint64_t end = 0;

	if (ledger_checkpoint_check(&log->vkey, sp_buf_str(&log->note),
		log->note.len, &c, err) != SP_OK)
		return sp_fail(err, SP_E_CORRUPT,
		    "ledger: the stored checkpoint is not one of %s",
		    log->vkey.name);
	ledger_frontier_root(&log->tree, &root);
	if (c.size != log->tree.size || !same(&c.root, &root))
		return sp_fail(err, SP_E_CORRUPT,
		    "ledger: the stored tree of size %ju is not that of the "
		    "checkpoint of size %ju",
		    (uintmax_t)log->tree.size, (uintmax_t)c.size);
	SP_TRY(ledger_rows_end(db, &end, err));
	if (end != c.size)
		return sp_fail(err, SP_E_CORRUPT,
		    "ledger: %ju entries under a checkpoint of size %ju",
		    (uintmax_t)end, (uintmax_t)c.size);
	return SP_OK;
}

static enum sp_code
load(struct ledger_log *log, struct db *db, const char *dir, struct sp_err *err)
{
	bool found = false;

	sp_buf_clear(&log->note);
	SP_TRY(ledger_rows_state(db, &found, &log->tree, &log->note, err));
	if (!found)
		SP_TRY(begin_empty(log, db, err));
	else
		SP_TRY(check_state(log, db, err));
	ledger_frontier_root(&log->tree, &log->root);
	SP_TRY(ledger_hashes_open(
	    &log->hashes, dir, ledger_merkle_count(log->tree.size), err));
	if (ledger_hashes_match(log->hashes, &log->tree))
		return SP_OK;
	return ledger_hashes_mend(log->hashes, db, &log->tree, false, err);
}

enum sp_code
ledger_log_open(struct ledger_log **out, struct db *db, const char *dir,
    const struct ledger_vkey *vkey, const struct ledger_signer *signer,
    struct sp_err *err)
{
	struct ledger_log *log = calloc(1, sizeof(*log));
	enum sp_code code;

	if (log == NULL)
		return sp_fail(err, SP_E_NOMEM, "log");
	log->vkey = *vkey;
	log->signer = *signer;
	log->note = sp_buf_new(LEDGER_NOTE_MAX);
	log->lines = sp_buf_new(LEDGER_NOTE_MAX);
	/* So that publishing needs no memory, when it is too late to fail. */
	(void)sp_buf_extend(&log->note, NOTE_ROOM);
	(void)pthread_mutex_init(&log->lock, NULL);
	(void)pthread_mutex_init(&log->mending, NULL);
	log->db_path = strdup(db_path(db));
	if (log->db_path == NULL || !sp_buf_ok(&log->note))
		code = sp_fail(err, SP_E_NOMEM, "log");
	else
		code = load(log, db, dir, err);
	if (code != SP_OK) {
		ledger_log_close(log);
		return code;
	}
	*out = log;
	return SP_OK;
}

void
ledger_log_close(struct ledger_log *log)
{
	if (log == NULL)
		return;
	ledger_hashes_close(log->hashes);
	sp_buf_free(&log->note);
	sp_buf_free(&log->lines);
	free(log->db_path);
	(void)pthread_mutex_destroy(&log->mending);
	(void)pthread_mutex_destroy(&log->lock);
	free(log);
}

void
ledger_log_publish(struct ledger_log *log, struct db *db,
    const struct ledger_frontier *tree, const struct sp_buf *note,
    const struct sp_buf *made)
{
	uint64_t at = ledger_merkle_count(log->tree.size);
	struct ledger_hash root;
	bool kept;

	kept = ledger_hashes_put(log->hashes, at, (const void *)made->at,
		   made->len / LEDGER_HASH_LEN, NULL) == SP_OK ||
	    ledger_hashes_mend(log->hashes, db, tree, false, NULL) == SP_OK;
	/* If it could not follow, the next batch or proof mends it: the rows
	 * are the truth, and they are committed. */
	(void)kept;
	ledger_frontier_root(tree, &root);
	(void)pthread_mutex_lock(&log->lock);
	log->tree = *tree;
	log->root = root;
	sp_buf_clear(&log->note);
	sp_buf_add(&log->note, note->at, note->len);
	sp_buf_clear(&log->lines);
	(void)pthread_mutex_unlock(&log->lock);
}

const struct ledger_vkey *
ledger_log_vkey(const struct ledger_log *log)
{
	return &log->vkey;
}

uint64_t
ledger_log_size(struct ledger_log *log)
{
	uint64_t size;

	(void)pthread_mutex_lock(&log->lock);
	size = log->tree.size;
	(void)pthread_mutex_unlock(&log->lock);
	return size;
}

void
ledger_log_checkpoint(struct ledger_log *log, struct sp_buf *out)
{
	(void)pthread_mutex_lock(&log->lock);
	sp_buf_add(out, log->note.at, log->note.len);
	sp_buf_add(out, log->lines.at, log->lines.len);
	(void)pthread_mutex_unlock(&log->lock);
}

static bool
is_current(const struct ledger_log *log, const struct ledger_checkpoint *c)
{
	return log->tree.size == c->size && same(&log->root, &c->root);
}

enum sp_code
ledger_log_vouched(struct ledger_log *log, const struct ledger_checkpoint *c,
    const struct sp_buf *lines, struct sp_err *err)
{
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_buf fresh = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_buf old;
	size_t text = 0;
	bool current;

	(void)pthread_mutex_lock(&log->lock);
	sp_buf_add(&note, log->note.at, log->note.len);
	(void)pthread_mutex_unlock(&log->lock);
	/* A bad line would make every copy of the checkpoint a bad one. */
	sp_buf_add(&note, lines->at, lines->len);
	if (!sp_buf_ok(&note) ||
	    ledger_note_check(
		&log->vkey, sp_buf_str(&note), note.len, &text, NULL) != SP_OK)
		return sp_fail(err, SP_E_INVALID,
		    "a checkpoint does not take these signature lines");
	sp_buf_add(&fresh, lines->at, lines->len);
	SP_TRY(sp_buf_check(&fresh, "signature lines", err));
	(void)pthread_mutex_lock(&log->lock);
	current = is_current(log, c);
	old = current ? log->lines : fresh;
	if (current)
		log->lines = fresh;
	(void)pthread_mutex_unlock(&log->lock);
	sp_buf_free(&old);
	if (!current)
		return sp_fail(err, SP_E_CONFLICT, "the log has moved on");
	return SP_OK;
}

/* Mending: what is made from the hashes file is checked; when it does not
 * hold, the file is made again, once, and it is tried again, once. */

static enum sp_code
mend(struct ledger_log *log, struct sp_err *err)
{
	DB_AUTO db = NULL;
	enum sp_code code;
	VIEW v = look(log);

	if (log->hopeless)
		return sp_fail(err, SP_E_CORRUPT,
		    "the log's entries do not make its checkpoint");
	SP_TRY(db_open(&db, log->db_path, DB_READ, err));
	code = ledger_hashes_mend(log->hashes, db, &v.tree, true, err);
	log->hopeless = code == SP_E_CORRUPT;
	return code;
}

/* Something that reads the hashes file; SP_E_CORRUPT when it lied. */
struct attempt {
	enum sp_code (*run)(
	    struct ledger_log *log, void *arg, struct sp_err *err);
	void *arg;
};

static enum sp_code
attempt(struct ledger_log *log, struct attempt a, struct sp_err *err)
{
	unsigned before = atomic_load(&log->mended);
	enum sp_code code = a.run(log, a.arg, err);

	if (code != SP_E_CORRUPT)
		return code;
	(void)pthread_mutex_lock(&log->mending);
	code = SP_OK;
	if (atomic_load(&log->mended) == before) {
		code = mend(log, err);
		if (code == SP_OK)
			atomic_fetch_add(&log->mended, 1);
	}
	(void)pthread_mutex_unlock(&log->mending);
	return code == SP_OK ? a.run(log, a.arg, err) : code;
}

/* Proofs. */

struct inclusion {
	const struct view *view;
	uint64_t index;
	struct ledger_path path;
};

static enum sp_code
run_inclusion(struct ledger_log *log, void *arg, struct sp_err *err)
{
	struct ledger_nodes nodes = ledger_hashes_nodes(log->hashes);
	struct inclusion *q = arg;
	uint64_t size = q->view->tree.size;
	struct ledger_hash leaf;

	SP_TRY(nodes.read(nodes.self, 0, q->index, &leaf, err));
	SP_TRY(ledger_merkle_inclusion(&nodes, q->index, size, &q->path, err));
	if (!ledger_merkle_check_inclusion(
		q->index, size, &leaf, &q->path, &q->view->root))
		return sp_fail(err, SP_E_CORRUPT,
		    "hashes file: no proof of entry %ju", (uintmax_t)q->index);
	return SP_OK;
}

enum sp_code
ledger_log_proof(struct ledger_log *log, uint64_t index, struct sp_buf *out,
    struct sp_err *err)
{
	VIEW v = look(log);
	struct inclusion q = { .view = &v, .index = index };

	SP_TRY(sp_buf_check(&v.note, "checkpoint", err));
	if (index >= v.tree.size)
		return sp_fail(err, SP_E_NOTFOUND, "the log has %ju entries",
		    (uintmax_t)v.tree.size);
	SP_TRY(attempt(log, (struct attempt){ run_inclusion, &q }, err));
	ledger_proof_text(index, &q.path, sp_buf_str(&v.note), out);
	return sp_buf_check(out, "proof", err);
}

struct consistency {
	const struct view *view;
	uint64_t old, size;
	struct ledger_path path;
};

/* The path proves old in size; another one proves size in what is published,
 * so that a root read from the file is as good as a signed one. */
static enum sp_code
run_consistency(struct ledger_log *log, void *arg, struct sp_err *err)
{
	struct ledger_nodes nodes = ledger_hashes_nodes(log->hashes);
	struct consistency *q = arg;
	uint64_t now = q->view->tree.size;
	struct ledger_hash old, root;
	struct ledger_path rest;

	SP_TRY(ledger_merkle_root(&nodes, q->old, &old, err));
	SP_TRY(ledger_merkle_root(&nodes, q->size, &root, err));
	SP_TRY(
	    ledger_merkle_consistency(&nodes, q->old, q->size, &q->path, err));
	SP_TRY(ledger_merkle_consistency(&nodes, q->size, now, &rest, err));
	if (!ledger_merkle_check_consistency(
		q->old, q->size, &q->path, &old, &root) ||
	    !ledger_merkle_check_consistency(
		q->size, now, &rest, &root, &q->view->root))
		return sp_fail(err, SP_E_CORRUPT,
		    "hashes file: no proof that %ju grew to %ju",
		    (uintmax_t)q->old, (uintmax_t)q->size);
	return SP_OK;
}

enum sp_code
ledger_log_consistency(struct ledger_log *log, uint64_t old, uint64_t size,
    struct ledger_path *out, struct sp_err *err)
{
	VIEW v = look(log);
	struct consistency q = { .view = &v, .old = old, .size = size };

	if (old == 0 || old > size)
		return sp_fail(err, SP_E_INVALID,
		    "a log cannot grow from %ju to %ju entries", (uintmax_t)old,
		    (uintmax_t)size);
	if (size > v.tree.size)
		return sp_fail(err, SP_E_NOTFOUND, "the log has %ju entries",
		    (uintmax_t)v.tree.size);
	SP_TRY(attempt(log, (struct attempt){ run_consistency, &q }, err));
	*out = q.path;
	return SP_OK;
}

/*
 * Tiles (C2SP tlog-tiles): hash i of tile n at level l covers 256^l leaves
 * from (256 n + i) 256^l on, which is stored hash (8 l, 256 n + i).
 */
struct tile {
	unsigned level;
	uint64_t first;
	unsigned width;
	struct ledger_hash hash[TILE_WIDTH];
};

/* Fold 2^bits hashes of the tile: that must be the stored hash above them. */
static enum sp_code
check_block(const struct tile *t, const struct ledger_nodes *nodes,
    unsigned from, unsigned bits, struct sp_err *err)
{
	struct ledger_hash sum[TILE_WIDTH], above;
	size_t n = (size_t)1 << bits;

	memcpy(sum, t->hash + from, n * sizeof(sum[0]));
	for (; n > 1; n /= 2)
		for (size_t i = 0; i < n / 2; i++)
			ledger_merkle_node(
			    &sum[2 * i], &sum[2 * i + 1], &sum[i]);
	SP_TRY(nodes->read(nodes->self, t->level + bits,
	    (t->first + from) >> bits, &above, err));
	if (!same(&sum[0], &above))
		return sp_fail(err, SP_E_CORRUPT,
		    "hashes file: the tile at hash %ju of level %u does not "
		    "hold",
		    (uintmax_t)t->first, t->level);
	return SP_OK;
}

static enum sp_code
run_tile(struct ledger_log *log, void *arg, struct sp_err *err)
{
	struct ledger_nodes nodes = ledger_hashes_nodes(log->hashes);
	struct tile *t = arg;

	for (unsigned i = 0; i < t->width; i++)
		SP_TRY(nodes.read(
		    nodes.self, t->level, t->first + i, &t->hash[i], err));
	for (unsigned from = 0, bits = TILE_BITS; from < t->width; bits--) {
		if (((t->width - from) >> bits & 1) == 0)
			continue;
		SP_TRY(check_block(t, &nodes, from, bits, err));
		from += 1U << bits;
	}
	return SP_OK;
}

/* Is there a tile of this width in a level of `size` hashes? */
static enum sp_code
tile_there(uint64_t size, uint64_t index, unsigned width, struct sp_err *err)
{
	if (width == 0 || width > TILE_WIDTH)
		return sp_fail(
		    err, SP_E_INVALID, "a tile is 1 to %d wide", TILE_WIDTH);
	if (index > size >> TILE_BITS ||
	    size - (index << TILE_BITS) < (uint64_t)width)
		return sp_fail(err, SP_E_NOTFOUND, "the log is not that long");
	return SP_OK;
}

enum sp_code
ledger_log_tile(struct ledger_log *log, unsigned level, uint64_t index,
    unsigned width, struct sp_buf *out, struct sp_err *err)
{
	uint64_t size = ledger_log_size(log);
	struct tile t = { .width = width };

	if (level >= TILE_LEVELS)
		return sp_fail(err, SP_E_NOTFOUND, "the log is not that long");
	t.level = level * TILE_BITS;
	SP_TRY(tile_there(size >> t.level, index, width, err));
	t.first = index << TILE_BITS;
	SP_TRY(attempt(log, (struct attempt){ run_tile, &t }, err));
	sp_buf_add(out, t.hash, width * sizeof(t.hash[0]));
	return sp_buf_check(out, "tile", err);
}

/* Entries. */

struct bodies {
	struct db *db;
	uint64_t from, to;
	bool lengths; /* two bytes before each */
	struct sp_buf *out;
	const struct ledger_log *log;
};

/* What is given out is what was hashed into the tree. */
static enum sp_code
take_body(void *arg, const struct ledger_row *row, struct sp_err *err)
{
	struct ledger_hash leaf, stored;
	struct bodies *q = arg;

	ledger_merkle_leaf(row->body, row->len, &leaf);
	SP_TRY(ledger_hashes_read(q->log->hashes,
	    ledger_merkle_position(0, row->index), &stored, 1, err));
	if (row->len > LEDGER_ENTRY_MAX || !same(&leaf, &row->leaf) ||
	    !same(&leaf, &stored))
		return sp_fail(err, SP_E_CORRUPT,
		    "entry %ju: its bytes are not those that were hashed",
		    (uintmax_t)row->index);
	if (q->lengths)
		sp_buf_u16be(q->out, (uint16_t)row->len);
	sp_buf_add(q->out, row->body, row->len);
	return SP_OK;
}

static enum sp_code
run_bodies(struct ledger_log *log, void *arg, struct sp_err *err)
{
	struct bodies *q = arg;
	struct ledger_visitor v = { take_body, q };
	size_t before = q->out->len;
	enum sp_code code;

	q->log = log;
	code = ledger_rows_each(q->db, q->from, q->to, &v, err);
	if (code == SP_OK)
		return sp_buf_check(q->out, "entries", err);
	sp_buf_cut(q->out, before);
	return code;
}

enum sp_code
ledger_log_bundle(struct ledger_log *log, struct db *db, uint64_t index,
    unsigned width, struct sp_buf *out, struct sp_err *err)
{
	struct bodies q = { .db = db, .lengths = true, .out = out };

	SP_TRY(tile_there(ledger_log_size(log), index, width, err));
	q.from = index << TILE_BITS;
	q.to = q.from + width;
	return attempt(log, (struct attempt){ run_bodies, &q }, err);
}

enum sp_code
ledger_log_entry(struct ledger_log *log, struct db *db, uint64_t index,
    struct sp_buf *out, struct sp_err *err)
{
	uint64_t size = ledger_log_size(log);
	struct bodies q = { .db = db, .from = index, .out = out };

	if (index >= size)
		return sp_fail(err, SP_E_NOTFOUND, "the log has %ju entries",
		    (uintmax_t)size);
	q.to = index + 1;
	return attempt(log, (struct attempt){ run_bodies, &q }, err);
}

/* One question and its answer, all of them plain values; a struct for them
 * would only be filled in for this. */
enum sp_code
ledger_log_about(/* NOLINT(*-function-size) */
    struct ledger_log *log, struct db *db, const struct sp_id *object,
    uint64_t from, uint64_t *index, size_t n, size_t *got, struct sp_err *err)
{
	struct ledger_about q = {
		.object = object,
		.from = from,
		.to = ledger_log_size(log),
		.n = n,
	};

	return ledger_rows_about(db, &q, index, got, err);
}

enum sp_code
ledger_log_audit(struct ledger_log *log, struct db *db, struct sp_err *err)
{
	VIEW v = look(log);
	struct ledger_audit a = {
		.db = db,
		.hashes = log->hashes,
		.vkey = &log->vkey,
		.published = { .size = v.tree.size, .root = v.root },
	};

	return ledger_audit_run(&a, err);
}
