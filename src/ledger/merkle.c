#include "ledger/merkle.h"

#include "crypto/digest.h"

#include <string.h>

/* RFC 6962 2.1: the first byte of what is hashed tells leaf from node. */
static const uint8_t leaf_mark[1] = { 0x00 };
static const uint8_t node_mark[1] = { 0x01 };

void
ledger_merkle_leaf(const void *entry, size_t len, struct ledger_hash *out)
{
	const struct crypto_piece piece[] = {
		{ leaf_mark, sizeof(leaf_mark) },
		{ entry, len },
	};

	crypto_sha256_of(piece, SP_COUNTOF(piece), out->b);
}

void
ledger_merkle_node(const struct ledger_hash *left,
    const struct ledger_hash *right, struct ledger_hash *out)
{
	uint8_t both[1 + 2 * LEDGER_HASH_LEN];

	both[0] = node_mark[0];
	memcpy(both + 1, left->b, LEDGER_HASH_LEN);
	memcpy(both + 1 + LEDGER_HASH_LEN, right->b, LEDGER_HASH_LEN);
	crypto_sha256(both, sizeof(both), out->b);
}

static unsigned
ones(uint64_t v)
{
	return (unsigned)__builtin_popcountll(v);
}

/* Appending leaf i (from 0) makes one hash and one more for each trailing one
 * bit of i, so n leaves make n + n/2 + n/4 + ... = 2n - ones(n). */
uint64_t
ledger_merkle_count(uint64_t size)
{
	SP_REQUIRE(size <= UINT64_MAX / 2);
	return 2 * size - ones(size);
}

/* The subtree is made by its last leaf, `level` hashes after that leaf's. */
uint64_t
ledger_merkle_position(unsigned level, uint64_t index)
{
	uint64_t last;

	SP_REQUIRE(level < 63 && index < (UINT64_C(1) << (63 - level)));
	last = ((index + 1) << level) - 1;
	return ledger_merkle_count(last) + level;
}

size_t
ledger_frontier_append(struct ledger_frontier *f,
    const struct ledger_hash *leaf, struct ledger_hash *made)
{
	unsigned level = 0;

	SP_REQUIRE(f->size < UINT64_MAX / 2);
	made[0] = *leaf;
	for (; (f->size >> level & 1) != 0; level++)
		ledger_merkle_node(
		    &f->node[level], &made[level], &made[level + 1]);
	f->node[level] = made[level];
	f->size++;
	return level + 1;
}

/* The root over the full subtrees whose bits are set in `bits`, the largest
 * leftmost; bits != 0. */
static enum sp_code
fold(const struct ledger_nodes *nodes, uint64_t size, uint64_t bits,
    struct ledger_hash *out, struct sp_err *err)
{
	struct ledger_hash sum;
	bool any = false;

	for (unsigned level = 0; level < 64 && bits >> level != 0; level++) {
		struct ledger_hash node;

		if ((bits >> level & 1) == 0)
			continue;
		SP_TRY(nodes->read(
		    nodes->self, level, (size >> level) - 1, &node, err));
		if (any)
			ledger_merkle_node(&node, &sum, &sum);
		else
			sum = node;
		any = true;
	}
	SP_REQUIRE(any);
	*out = sum;
	return SP_OK;
}

static enum sp_code
read_frontier(void *self, unsigned level, uint64_t index,
    struct ledger_hash *out, struct sp_err *err)
{
	const struct ledger_frontier *f = self;

	(void)index;
	(void)err;
	*out = f->node[level];
	return SP_OK;
}

static void
empty_root(struct ledger_hash *out)
{
	crypto_sha256("", 0, out->b);
}

void
ledger_frontier_root(const struct ledger_frontier *f, struct ledger_hash *out)
{
	struct ledger_frontier copy = *f;
	struct ledger_nodes nodes = { read_frontier, &copy };

	if (f->size == 0)
		empty_root(out);
	else
		SP_REQUIRE(fold(&nodes, f->size, f->size, out, NULL) == SP_OK);
}

enum sp_code
ledger_merkle_root(const struct ledger_nodes *nodes, uint64_t size,
    struct ledger_hash *out, struct sp_err *err)
{
	if (size == 0) {
		empty_root(out);
		return SP_OK;
	}
	return fold(nodes, size, size, out, err);
}

/* The sibling to the right of node `at` of a level, in a tree of `size`: a
 * full subtree, or what there is of one. */
static enum sp_code
right_sibling(const struct ledger_nodes *nodes, unsigned level, uint64_t at,
    uint64_t size, struct ledger_hash *out, struct sp_err *err)
{
	if (at + 2 <= size >> level)
		return nodes->read(nodes->self, level, at + 1, out, err);
	return fold(nodes, size, size & ((UINT64_C(1) << level) - 1), out, err);
}

/* The hashes beside the way from node (level, at) to the root. */
static enum sp_code
climb(const struct ledger_nodes *nodes, unsigned level, uint64_t at,
    uint64_t size, struct ledger_path *path, struct sp_err *err)
{
	uint64_t last = (size - 1) >> level;

	for (; last > 0; level++, at >>= 1, last >>= 1) {
		struct ledger_hash *out = &path->hash[path->n];

		if ((at & 1) != 0)
			SP_TRY(
			    nodes->read(nodes->self, level, at - 1, out, err));
		else if (at < last)
			SP_TRY(right_sibling(nodes, level, at, size, out, err));
		else
			continue; /* alone on its level: goes up as it is */
		path->n++;
	}
	return SP_OK;
}

enum sp_code
ledger_merkle_inclusion(const struct ledger_nodes *nodes, uint64_t index,
    uint64_t size, struct ledger_path *out, struct sp_err *err)
{
	struct ledger_path path = { .n = 0 };

	SP_REQUIRE(index < size && size <= UINT64_MAX / 2);
	SP_TRY(climb(nodes, 0, index, size, &path, err));
	*out = path;
	return SP_OK;
}

/*
 * The old tree's last full subtree that is also one of the new tree's is where
 * both ways to the root begin.  It is given first, unless it is the whole old
 * tree, whose root the verifier has.
 */
enum sp_code
ledger_merkle_consistency(const struct ledger_nodes *nodes, uint64_t old,
    uint64_t size, struct ledger_path *out, struct sp_err *err)
{
	struct ledger_path path = { .n = 0 };
	uint64_t at = old - 1;
	unsigned level = 0;

	SP_REQUIRE(old > 0 && old <= size && size <= UINT64_MAX / 2);
	if (old == size) {
		out->n = 0;
		return SP_OK;
	}
	for (; (at & 1) != 0; at >>= 1)
		level++;
	if (at != 0)
		SP_TRY(nodes->read(
		    nodes->self, level, at, &path.hash[path.n++], err));
	SP_TRY(climb(nodes, level, at, size, &path, err));
	*out = path;
	return SP_OK;
}

static bool
same(const struct ledger_hash *a, const struct ledger_hash *b)
{
	return memcmp(a->b, b->b, LEDGER_HASH_LEN) == 0;
}

/* The path has a hash for each level below the one where the leaf's way joins
 * the right edge, and above it one for each left turn. */
bool
ledger_merkle_check_inclusion(uint64_t index, uint64_t size,
    const struct ledger_hash *leaf, const struct ledger_path *path,
    const struct ledger_hash *root)
{
	struct ledger_hash sum = *leaf;
	uint64_t apart, above;
	unsigned inner;

	if (index >= size)
		return false;
	apart = index ^ (size - 1);
	inner = apart == 0 ? 0 : 64 - (unsigned)__builtin_clzll(apart);
	above = inner == 64 ? 0 : index >> inner;
	if (path->n != inner + ones(above))
		return false;
	for (unsigned i = 0; i < path->n; i++) {
		const struct ledger_hash *beside = &path->hash[i];

		if (i >= inner || (index >> i & 1) != 0)
			ledger_merkle_node(beside, &sum, &sum);
		else
			ledger_merkle_node(&sum, beside, &sum);
	}
	return same(&sum, root);
}

/* Both roots out of one path (RFC 9162 2.1.4.2, from its step 5 on). */
static bool
climb_both(uint64_t at, uint64_t last, const struct ledger_hash *seed,
    const struct ledger_path *path, size_t from, struct ledger_hash sum[2])
{
	sum[0] = sum[1] = *seed;
	for (size_t i = from; i < path->n; i++) {
		const struct ledger_hash *beside = &path->hash[i];

		if (last == 0)
			return false;
		if ((at & 1) != 0 || at == last) {
			ledger_merkle_node(beside, &sum[0], &sum[0]);
			ledger_merkle_node(beside, &sum[1], &sum[1]);
			for (; (at & 1) == 0 && at != 0; at >>= 1)
				last >>= 1;
		} else {
			ledger_merkle_node(&sum[1], beside, &sum[1]);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0;
}

bool
ledger_merkle_check_consistency(uint64_t old, uint64_t size,
    const struct ledger_path *path, const struct ledger_hash *old_root,
    const struct ledger_hash *root)
{
	struct ledger_hash sum[2];
	uint64_t at, last;
	bool whole;

	if (old == 0 || old > size)
		return false;
	if (old == size)
		return path->n == 0 && same(old_root, root);
	if (path->n == 0)
		return false;
	at = old - 1;
	last = size - 1;
	for (; (at & 1) != 0; at >>= 1)
		last >>= 1;
	whole = at == 0; /* the old tree is one full subtree */
	if (!climb_both(at, last, whole ? old_root : &path->hash[0], path,
		whole ? 0 : 1, sum))
		return false;
	return same(&sum[0], old_root) && same(&sum[1], root);
}
