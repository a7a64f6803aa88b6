#include "bag/proof.h"

#include <string.h>

#define TILE_BITS 8
#define TILE      (UINT64_C(1) << TILE_BITS)

enum sp_code
bag_proof_open(
    struct bag_proof *out, struct ledger_log *log, struct sp_err *err)
{
	SP_CLEANUP(bag_proof_done)
	struct bag_proof p = { .log = log,
		.note = sp_buf_new(LEDGER_NOTE_MAX) };

	for (size_t i = 0; i < BAG_PROOF_LEVELS; i++)
		p.tile[i].hashes = sp_buf_new(TILE * LEDGER_HASH_LEN);
	ledger_log_checkpoint(log, &p.note);
	SP_TRY(sp_buf_check(&p.note, "the checkpoint", err));
	SP_TRY(ledger_checkpoint_check(ledger_log_vkey(log),
	    sp_buf_str(&p.note), p.note.len, &p.checkpoint, err));
	*out = p;
	memset(&p, 0, sizeof(p)); /* its buffers are handed on */
	return SP_OK;
}

void
bag_proof_done(struct bag_proof *p)
{
	sp_buf_free(&p->note);
	for (size_t i = 0; i < BAG_PROOF_LEVELS; i++)
		sp_buf_free(&p->tile[i].hashes);
}

/* The tile with as many hashes as the checkpoint's tree fills. */
static enum sp_code
load_tile(
    struct bag_proof *p, unsigned level, uint64_t index, struct sp_err *err)
{
	uint64_t filled = p->checkpoint.size >> (level * TILE_BITS);
	uint64_t width = filled - index * TILE;

	if (p->tile[level].there && p->tile[level].index == index)
		return SP_OK;
	p->tile[level].there = false;
	sp_buf_clear(&p->tile[level].hashes);
	SP_TRY(ledger_log_tile(p->log, level, index,
	    (unsigned)(width < TILE ? width : TILE), &p->tile[level].hashes,
	    err));
	p->tile[level].there = true;
	p->tile[level].index = index;
	return SP_OK;
}

/* A node of the tree: the subtree over 2^(level % 8) hashes of a tile. */
static enum sp_code
read_node(void *self, unsigned level, uint64_t index, struct ledger_hash *out,
    struct sp_err *err)
{
	struct bag_proof *p = self;
	struct ledger_hash hash[TILE];
	unsigned up = level % TILE_BITS;
	uint64_t first = index << up;
	size_t n = (size_t)1 << up;
	const struct sp_buf *tile = &p->tile[level / TILE_BITS].hashes;

	SP_REQUIRE(level / TILE_BITS < BAG_PROOF_LEVELS);
	SP_TRY(load_tile(p, level / TILE_BITS, first / TILE, err));
	if (tile->len < (first % TILE + n) * LEDGER_HASH_LEN)
		return sp_fail(err, SP_E_CORRUPT, "a tile of the log is short");
	memcpy(hash, tile->at + first % TILE * LEDGER_HASH_LEN,
	    n * LEDGER_HASH_LEN);
	for (; n > 1; n /= 2)
		for (size_t i = 0; i < n / 2; i++)
			ledger_merkle_node(
			    &hash[2 * i], &hash[2 * i + 1], &hash[i]);
	*out = hash[0];
	return SP_OK;
}

enum sp_code
bag_proof_of(
    struct bag_proof *p, uint64_t index, struct sp_buf *out, struct sp_err *err)
{
	const struct ledger_nodes nodes = { read_node, p };
	struct ledger_path path;

	if (index >= p->checkpoint.size)
		return sp_fail(
		    err, SP_E_NOTFOUND, "the checkpoint is older than that");
	SP_TRY(ledger_merkle_inclusion(
	    &nodes, index, p->checkpoint.size, &path, err));
	ledger_proof_text(index, &path, sp_buf_str(&p->note), out);
	return sp_buf_check(out, "a proof", err);
}

enum sp_code
bag_proof_since(struct bag_proof *p, uint64_t old, struct ledger_path *out,
    struct sp_err *err)
{
	const struct ledger_nodes nodes = { read_node, p };

	if (old == 0 || old > p->checkpoint.size)
		return sp_fail(
		    err, SP_E_NOTFOUND, "no earlier state of the log");
	return ledger_merkle_consistency(
	    &nodes, old, p->checkpoint.size, out, err);
}
