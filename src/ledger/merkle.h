#ifndef LEDGER_MERKLE_H
#define LEDGER_MERKLE_H

#include "base/err.h"

/*
 * The Merkle tree of RFC 6962 2.1 (= RFC 9162 2.1) over SHA-256.
 *
 * A *stored hash* is the hash of a full subtree: node (level, index) covers
 * the leaves [index << level, (index + 1) << level).  Stored hashes are kept
 * in the order in which appending makes them (each leaf, then the subtrees it
 * completes, small to large), so that a tree of n leaves is the first
 * ledger_merkle_count(n) of them and appending only appends.
 */
#define LEDGER_HASH_LEN 32
#define LEDGER_PATH_MAX 64

struct ledger_hash {
	uint8_t b[LEDGER_HASH_LEN];
};

void ledger_merkle_leaf(const void *entry, size_t len, struct ledger_hash *out);
void ledger_merkle_node(const struct ledger_hash *left,
    const struct ledger_hash *right, struct ledger_hash *out);

uint64_t ledger_merkle_count(uint64_t size);
uint64_t ledger_merkle_position(unsigned level, uint64_t index);

/* The right edge of a tree: what appending and the root need. */
struct ledger_frontier {
	uint64_t size;
	struct ledger_hash node[64]; /* node[l] is set when bit l of size is */
};

/* Append a leaf; `made` receives the stored hashes it makes, in order (at
 * most 65: give room for that); returns how many. */
size_t ledger_frontier_append(struct ledger_frontier *f,
    const struct ledger_hash *leaf, struct ledger_hash *made);
/* SHA-256 of nothing for the empty tree. */
void ledger_frontier_root(
    const struct ledger_frontier *f, struct ledger_hash *out);

/* Where proofs get stored hashes from. */
struct ledger_nodes {
	enum sp_code (*read)(void *self, unsigned level, uint64_t index,
	    struct ledger_hash *out, struct sp_err *err);
	void *self;
};

struct ledger_path {
	size_t n;
	struct ledger_hash hash[LEDGER_PATH_MAX];
};

/* The root of the first `size` leaves. */
enum sp_code ledger_merkle_root(const struct ledger_nodes *nodes, uint64_t size,
    struct ledger_hash *out, struct sp_err *err) SP_MUST_USE;
/* RFC 6962 2.1.1, for index < size. */
enum sp_code ledger_merkle_inclusion(const struct ledger_nodes *nodes,
    uint64_t index, uint64_t size, struct ledger_path *out,
    struct sp_err *err) SP_MUST_USE;
/* RFC 6962 2.1.2, for 0 < old <= size (empty when equal). */
enum sp_code ledger_merkle_consistency(const struct ledger_nodes *nodes,
    uint64_t old, uint64_t size, struct ledger_path *out,
    struct sp_err *err) SP_MUST_USE;

bool ledger_merkle_check_inclusion(uint64_t index, uint64_t size,
    const struct ledger_hash *leaf, const struct ledger_path *path,
    const struct ledger_hash *root) SP_MUST_USE;
bool ledger_merkle_check_consistency(uint64_t old, uint64_t size,
    const struct ledger_path *path, const struct ledger_hash *old_root,
    const struct ledger_hash *root) SP_MUST_USE;

#endif
