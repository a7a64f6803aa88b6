#ifndef LEDGER_ORACLE_H
#define LEDGER_ORACLE_H

#include "crypto/digest.h"
#include "ledger/merkle.h"

#include <string.h>

/*
 * RFC 6962 2.1, 2.1.1 and 2.1.2 word for word, recursive, over leaf hashes in
 * memory: slow, and independent of everything in ledger/ but the struct types.
 */
static inline uint64_t
oracle_split(uint64_t n)
{
	uint64_t k = 1;

	while (k * 2 < n)
		k *= 2;
	return k; /* the largest power of two smaller than n */
}

static inline struct ledger_hash
oracle_node(const struct ledger_hash *left, const struct ledger_hash *right)
{
	const struct crypto_piece piece[] = {
		{ "\x01", 1 },
		{ left->b, sizeof(left->b) },
		{ right->b, sizeof(right->b) },
	};
	struct ledger_hash out;

	crypto_sha256_of(piece, SP_COUNTOF(piece), out.b);
	return out;
}

/* The RFC defines these by recursion, and so do we, to be plainly it. */
/* NOLINTBEGIN(misc-no-recursion) */
static inline struct ledger_hash
oracle_mth(const struct ledger_hash *leaf, uint64_t n)
{
	struct ledger_hash left, right;
	uint64_t k;

	if (n == 0) {
		crypto_sha256("", 0, left.b);
		return left;
	}
	if (n == 1)
		return leaf[0];
	k = oracle_split(n);
	left = oracle_mth(leaf, k);
	right = oracle_mth(leaf + k, n - k);
	return oracle_node(&left, &right);
}

static inline void
oracle_path(const struct ledger_hash *leaf, uint64_t m, uint64_t n,
    struct ledger_path *out)
{
	uint64_t k;

	if (n == 1)
		return;
	k = oracle_split(n);
	if (m < k) {
		oracle_path(leaf, m, k, out);
		out->hash[out->n++] = oracle_mth(leaf + k, n - k);
	} else {
		oracle_path(leaf + k, m - k, n - k, out);
		out->hash[out->n++] = oracle_mth(leaf, k);
	}
}

static inline void
oracle_subproof(const struct ledger_hash *leaf, uint64_t m, uint64_t n,
    bool whole, struct ledger_path *out)
{
	uint64_t k;

	if (m == n) {
		if (!whole)
			out->hash[out->n++] = oracle_mth(leaf, n);
		return;
	}
	k = oracle_split(n);
	if (m <= k) {
		oracle_subproof(leaf, m, k, whole, out);
		out->hash[out->n++] = oracle_mth(leaf + k, n - k);
	} else {
		oracle_subproof(leaf + k, m - k, n - k, false, out);
		out->hash[out->n++] = oracle_mth(leaf, k);
	}
}
/* NOLINTEND(misc-no-recursion) */

static inline bool
oracle_same(const struct ledger_hash *a, const struct ledger_hash *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static inline bool
oracle_same_path(const struct ledger_path *a, const struct ledger_path *b)
{
	return a->n == b->n &&
	    memcmp(a->hash, b->hash, a->n * sizeof(a->hash[0])) == 0;
}

/* A small generator of numbers, the same in every run. */
static inline uint64_t
oracle_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

#endif
