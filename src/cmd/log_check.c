#include "cmd/log_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Hashes made at one tile level that no tile was compared with yet. */
struct level {
	uint64_t index; /* of the tile they make */
	size_t n;
	struct ledger_hash hash[LOG_TILE_WIDTH];
};

static const char reason_rewritten[] = "log.rewritten";
static const char reason_served[] = "log.served";
static const char reason_unsigned[] = "log.unsigned";
static const char reason_withheld[] = "log.withheld";

struct run {
	const struct log_check_options *o;
	struct log_check *out;
	struct log_tiles tiles;
	struct ledger_frontier frontier;
	struct level *level; /* LOG_TILE_LEVELS of them */
	struct sp_buf bundle;
	struct sp_err *err;
};

static bool
same(const struct ledger_hash *a, const struct ledger_hash *b, size_t n)
{
	return memcmp(a, b, n * sizeof(*a)) == 0;
}

/* This is what was served, and wrong. */
static void
blame(struct run *r, unsigned level, uint64_t index, const void *bytes,
    size_t len)
{
	struct log_check_fault *f = r->o->fault;

	if (f == NULL)
		return;
	sp_buf_clear(&f->part);
	client_log_tiles_name(&f->part, level, index,
	    client_log_tiles_width(
		r->tiles.size, level == LOG_TILE_ENTRIES ? 0 : level, index));
	sp_buf_clear(&f->bytes);
	sp_buf_add(&f->bytes, bytes, len);
}

/* A tile as served against the hashes computed for it. */
static enum sp_code
compare_tile(struct run *r, unsigned level)
{
	struct level *l = &r->level[level];
	const struct log_tile *tile = NULL;

	SP_TRY(client_log_tiles_get(&r->tiles, level, l->index, &tile, r->err));
	if (tile->width != l->n || !same(tile->hash, l->hash, l->n)) {
		SP_AUTO_BUF name = sp_buf_new(128);

		client_log_tiles_name(&name, level, l->index, tile->width);
		blame(r, level, l->index, tile->hash,
		    tile->width * sizeof(tile->hash[0]));
		return sp_fail_as(r->err, SP_E_CORRUPT, reason_served,
		    "log/%.80s does not follow from what is below it",
		    sp_buf_str(&name));
	}
	r->out->tiles++;
	l->index++;
	l->n = 0;
	return SP_OK;
}

/* The tree has reached the size that was remembered. */
static enum sp_code
compare_remembered(struct run *r)
{
	const struct ledger_checkpoint *seen = &r->o->memory->seen;
	struct ledger_hash root;

	if (seen->size == 0 || r->frontier.size != seen->size)
		return SP_OK;
	ledger_frontier_root(&r->frontier, &root);
	if (!same(&root, &seen->root, 1))
		return sp_fail_as(r->err, SP_E_CORRUPT, reason_rewritten,
		    "the log was rewritten: its first %" PRIu64
		    " entries are not those signed before",
		    seen->size);
	return SP_OK;
}

static enum sp_code
add_leaf(struct run *r, const struct ledger_hash *leaf)
{
	struct ledger_hash made[65];
	size_t n = ledger_frontier_append(&r->frontier, leaf, made);

	/* Onward, the tiles above are begun with what was not added here. */
	for (unsigned l = 1;
	     !r->o->onward && l < LOG_TILE_LEVELS && (size_t)8 * l < n; l++) {
		struct level *up = &r->level[l];

		up->hash[up->n++] = made[(size_t)8 * l];
		if (up->n == LOG_TILE_WIDTH)
			SP_TRY(compare_tile(r, l));
	}
	return compare_remembered(r);
}

/* May this token read entries?  Found out once, with the first bundle. */
static enum sp_code
first_bundle(struct run *r, uint64_t index)
{
	enum sp_code code =
	    client_log_tiles_bundle(&r->tiles, index, &r->bundle, r->err);

	r->out->entries_read = code == SP_OK;
	if (code == SP_E_UNKNOWN || code == SP_E_DENIED ||
	    code == SP_E_NOTFOUND)
		return SP_OK;
	return code;
}

/* The leaf hashes of a bundle, computed from its entries. */
static enum sp_code
hash_bundle(struct run *r, uint64_t index, struct level *leaves)
{
	size_t width = client_log_tiles_width(r->tiles.size, 0, index);

	if (index > r->out->from / LOG_TILE_WIDTH)
		SP_TRY(client_log_tiles_bundle(
		    &r->tiles, index, &r->bundle, r->err));
	struct sp_in in = sp_in_from(sp_buf_str(&r->bundle), r->bundle.len);

	for (leaves->n = 0; leaves->n < width; leaves->n++) {
		struct sp_in entry = client_log_tiles_bundle_next(&in);

		ledger_merkle_leaf(
		    entry.at, entry.left, &leaves->hash[leaves->n]);
		r->out->bytes += entry.left;
	}
	/* A whole bundle that came in place of a partial one goes on. */
	bool over = in.left > 0 && width == LOG_TILE_WIDTH;

	if (!in.bad && !over)
		return SP_OK;
	blame(r, LOG_TILE_ENTRIES, index, r->bundle.at, r->bundle.len);
	return sp_fail_as(r->err, SP_E_CORRUPT, reason_served,
	    "entry bundle %" PRIu64 " does not hold %zu entries", index, width);
}

/* Which entry of a tile is the first that differs. */
static enum sp_code
compare_leaves(
    struct run *r, const struct level *leaves, const struct log_tile *tile)
{
	size_t i = 0;

	while (i < leaves->n && same(&leaves->hash[i], &tile->hash[i], 1))
		i++;
	if (i == leaves->n)
		return SP_OK;
	blame(r, LOG_TILE_ENTRIES, leaves->index, r->bundle.at, r->bundle.len);
	return sp_fail_as(r->err, SP_E_CORRUPT, reason_served,
	    "entry %" PRIu64 " is not the one that was logged",
	    leaves->index * LOG_TILE_WIDTH + i);
}

/* The hashes of 256 entries, or of the last few. */
static enum sp_code
read_leaves(struct run *r, uint64_t index, struct level *leaves)
{
	const struct log_tile *tile = NULL;

	SP_TRY(client_log_tiles_get(&r->tiles, 0, index, &tile, r->err));
	leaves->index = index;
	r->out->tiles++;
	if (r->out->entries_read) {
		SP_TRY(hash_bundle(r, index, leaves));
		return compare_leaves(r, leaves, tile);
	}
	leaves->n = tile->width;
	memcpy(leaves->hash, tile->hash, tile->width * sizeof(tile->hash[0]));
	return SP_OK;
}

static enum sp_code
check_leaves(struct run *r, uint64_t index)
{
	struct level *leaves = &r->level[0];

	SP_TRY(read_leaves(r, index, leaves));
	for (size_t i = 0; i < leaves->n; i++)
		if (index * LOG_TILE_WIDTH + i >= r->out->from)
			SP_TRY(add_leaf(r, &leaves->hash[i]));
	if (r->o->progress != NULL)
		r->o->progress(
		    r->o->progress_arg, r->frontier.size, r->out->now.size);
	return SP_OK;
}

static enum sp_code
check_all(struct run *r)
{
	uint64_t size = r->out->now.size;
	uint64_t bundles = size / LOG_TILE_WIDTH + (size % LOG_TILE_WIDTH > 0);
	uint64_t first = r->out->from / LOG_TILE_WIDTH;
	struct ledger_hash root;

	if (size > r->out->from)
		SP_TRY(first_bundle(r, first));
	for (uint64_t i = first; size > r->out->from && i < bundles; i++)
		SP_TRY(check_leaves(r, i));
	for (unsigned l = 1; l < LOG_TILE_LEVELS; l++)
		if (r->level[l].n > 0)
			SP_TRY(compare_tile(r, l));
	ledger_frontier_root(&r->frontier, &root);
	if (!same(&root, &r->out->now.root, 1))
		return sp_fail_as(r->err, SP_E_CORRUPT, reason_served,
		    "the signed root of %" PRIu64
		    " entries is not the root of those served",
		    size);
	return SP_OK;
}

/* The right edge of the tree that was remembered, out of the tiles: it counts
 * only if it has the remembered root. */
static enum sp_code
resume(struct run *r)
{
	uint64_t size = r->o->memory->seen.size;
	struct ledger_nodes nodes = client_log_tiles_nodes(&r->tiles);

	for (unsigned l = 0; l < 64; l++)
		if ((size >> l & 1) != 0)
			SP_TRY(nodes.read(nodes.self, l, (size >> l) - 1,
			    &r->frontier.node[l], r->err));
	r->frontier.size = size;
	r->out->from = size;
	return compare_remembered(r);
}

/* The current checkpoint; of one that is not the log's, what came. */
static enum sp_code
read_head(struct run *r)
{
	enum sp_code code = client_log_prove_head(r->o->client,
	    &r->o->memory->key, &r->out->now, &r->out->note, r->err);

	struct sp_err why = *r->err;

	/* A body that is no note at all is no better than a wrong one. */
	if (r->out->note.len == 0 ||
	    (code != SP_E_CORRUPT && code != SP_E_INVALID))
		return code;
	return sp_fail_as(r->err, SP_E_CORRUPT, reason_unsigned,
	    "what is served as checkpoint is not the log's: %.120s", why.text);
}

static enum sp_code
run_check(struct run *r)
{
	SP_TRY(read_head(r));
	SP_TRY(client_log_memory_compare(r->o->memory, &r->out->now, r->err));
	SP_TRY(client_log_tiles_init(
	    &r->tiles, r->o->client, r->out->now.size, r->err));
	r->level = calloc(LOG_TILE_LEVELS, sizeof(*r->level));
	if (r->level == NULL)
		return sp_fail(r->err, SP_E_NOMEM, "no memory for tiles");
	if (r->o->onward)
		SP_TRY(resume(r));
	return check_all(r);
}

enum sp_code
cmd_log_check_run(const struct log_check_options *o, struct log_check *out,
    struct sp_err *err)
{
	struct log_check check = { .note = sp_buf_new(LEDGER_NOTE_MAX) };
	struct run r = { .o = o,
		.out = &check,
		.bundle = sp_buf_new(LOG_BUNDLE_MAX),
		.err = err };
	enum sp_code code = run_check(&r);

	client_log_tiles_done(&r.tiles);
	free(r.level);
	sp_buf_free(&r.bundle);
	if (code == SP_E_NOTFOUND && check.now.size > 0) {
		struct sp_err why = *err;

		code = sp_fail_as(err, SP_E_NOTFOUND, reason_withheld,
		    "the log does not serve what its checkpoint covers: %.120s",
		    why.text);
	}
	if (code == SP_E_CORRUPT && o->fault != NULL) {
		sp_buf_clear(&o->fault->note);
		sp_buf_add(&o->fault->note, check.note.at, check.note.len);
	}
	if (code != SP_OK) {
		cmd_log_check_done(&check);
		return code;
	}
	*out = check;
	return SP_OK;
}

void
cmd_log_check_done(struct log_check *c)
{
	sp_buf_free(&c->note);
}

/* Two signed checkpoints, the smaller first: does one continue the other? */
static enum sp_code
compare_two(struct site_client *c, const struct ledger_checkpoint *old,
    const struct ledger_checkpoint *now, struct sp_err *err)
{
	LOG_AUTO_TILES tiles = { .cache = NULL };
	struct ledger_path path;
	struct ledger_nodes nodes;

	if (old->size == 0)
		return SP_OK;
	if (old->size == now->size)
		return same(&old->root, &now->root, 1)
		    ? SP_OK
		    : sp_fail_as(err, SP_E_CORRUPT, "log.forked",
			  "witnesses cosigned another root for the first "
			  "%" PRIu64 " entries",
			  old->size);
	SP_TRY(client_log_tiles_init(&tiles, c, now->size, err));
	nodes = client_log_tiles_nodes(&tiles);
	SP_TRY(ledger_merkle_consistency(
	    &nodes, old->size, now->size, &path, err));
	if (!ledger_merkle_check_consistency(
		old->size, now->size, &path, &old->root, &now->root))
		return sp_fail_as(err, SP_E_CORRUPT, reason_rewritten,
		    "what witnesses cosigned (%" PRIu64
		    " entries) is of another history",
		    old->size);
	return SP_OK;
}

enum sp_code
cmd_log_check_cosigned(const struct log_check_options *o,
    const struct ledger_checkpoint *now, struct sp_buf *note,
    struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	struct ledger_checkpoint c = { .size = 0 };
	enum sp_code code;

	SP_TRY(client_site_path(o->client, &path, err, "log/cosigned"));
	SP_TRY(client_site_get(o->client, sp_buf_str(&path), note, err));
	code = ledger_checkpoint_check(
	    &o->memory->key, sp_buf_str(note), note->len, &c, err);
	if (code != SP_OK)
		code = sp_fail_as(err, SP_E_CORRUPT, reason_unsigned,
		    "what is served as cosigned checkpoint is not the log's");
	else if (c.size <= now->size)
		code = compare_two(o->client, &c, now, err);
	else
		code = compare_two(o->client, now, &c, err);
	if (code == SP_E_CORRUPT && o->fault != NULL) {
		sp_buf_clear(&o->fault->note);
		sp_buf_add(&o->fault->note, note->at, note->len);
	}
	return code;
}

struct log_check_fault
cmd_log_check_fault_new(void)
{
	return (struct log_check_fault){
		.note = sp_buf_new(LEDGER_NOTE_MAX),
		.part = sp_buf_new(128),
		.bytes = sp_buf_new(LOG_BUNDLE_MAX),
	};
}

void
cmd_log_check_fault_done(struct log_check_fault *f)
{
	sp_buf_free(&f->note);
	sp_buf_free(&f->part);
	sp_buf_free(&f->bytes);
}
