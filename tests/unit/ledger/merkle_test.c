#include "ledger/merkle.h"

#include "base/encode.h"
#include "crypto/provider.h"
#include "oracle.h"
#include "tap.h"

/* All stored hashes of a tree, in order, as the file of a log holds them. */
enum { LEAVES = 1100 };
static struct ledger_hash leaves[LEAVES];
static struct ledger_hash stored[2 * LEAVES];
static struct ledger_hash roots[LEAVES + 1];

static enum sp_code
read_stored(void *self, unsigned level, uint64_t index, struct ledger_hash *out,
    struct sp_err *err)
{
	const uint64_t *count = self;
	uint64_t at = ledger_merkle_position(level, index);

	if (at >= *count)
		return sp_fail(err, SP_E_CORRUPT, "past the end");
	*out = stored[at];
	return SP_OK;
}

static void
grow(void)
{
	struct ledger_frontier f = { .size = 0 };
	uint64_t count = 0;

	ledger_frontier_root(&f, &roots[0]);
	for (uint32_t i = 0; i < LEAVES; i++) {
		struct ledger_hash made[65];
		size_t n;

		ledger_merkle_leaf(&i, sizeof(i), &leaves[i]);
		n = ledger_frontier_append(&f, &leaves[i], made);
		CHECK(f.size == i + 1U);
		memcpy(&stored[count], made, n * sizeof(made[0]));
		count += n;
		CHECK(count == ledger_merkle_count(f.size));
		ledger_frontier_root(&f, &roots[i + 1]);
	}
}

/* The test tree of the certificate-transparency reference implementation. */
static void
reference_roots(void)
{
	static const struct {
		const char *leaf, *root;
	} rows[] = {
		{ "",
		    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617"
		    "a"
		    "fa01d" },
		{ "00",
		    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00"
		    "e"
		    "3c125" },
		{ "10",
		    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329"
		    "e"
		    "06e77" },
		{ "2021",
		    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd9520"
		    "9"
		    "614b7" },
		{ "3031",
		    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a8"
		    "6"
		    "264d4" },
		{ "40414243",
		    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f"
		    "2"
		    "087ef" },
		{ "5051525354555657",
		    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594"
		    "a"
		    "74c8c" },
		{ "606162636465666768696a6b6c6d6e6f",
		    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4"
		    "6"
		    "04328" },
	};
	struct ledger_frontier f = { .size = 0 };
	struct ledger_hash made[65], leaf, root, want;

	ledger_frontier_root(&f, &root);
	CHECK(sp_hex_parse("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca49"
			   "5991b7852b855",
	    64, want.b, sizeof(want.b)));
	CHECK(oracle_same(&root, &want));
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		uint8_t data[16];
		size_t len = strlen(rows[i].leaf) / 2;

		CHECK(sp_hex_parse(rows[i].leaf, 2 * len, data, len));
		CHECK(sp_hex_parse(rows[i].root, 64, want.b, sizeof(want.b)));
		ledger_merkle_leaf(data, len, &leaf);
		(void)ledger_frontier_append(&f, &leaf, made);
		ledger_frontier_root(&f, &root);
		CHECK(oracle_same(&root, &want));
	}
}

static void
roots_are_the_recursion(void)
{
	for (uint64_t n = 0; n <= LEAVES; n++) {
		struct ledger_hash want = oracle_mth(leaves, n), got;
		uint64_t count = ledger_merkle_count(n);
		struct ledger_nodes nodes = { read_stored, &count };
		struct sp_err err;

		CHECK(oracle_same(&roots[n], &want));
		CHECK_OK(ledger_merkle_root(&nodes, n, &got, &err), &err);
		CHECK(oracle_same(&got, &want));
	}
}

/* Each stored hash is that of its subtree, and each has a place of its own. */
static void
positions_are_a_bijection(void)
{
	uint64_t count = ledger_merkle_count(LEAVES), seen = 0;
	static bool taken[2 * LEAVES];

	for (unsigned level = 0; LEAVES >> level != 0; level++) {
		for (uint64_t i = 0; i < (uint64_t)LEAVES >> level; i++) {
			uint64_t at = ledger_merkle_position(level, i);
			struct ledger_hash want = oracle_mth(
			    leaves + (i << level), UINT64_C(1) << level);

			CHECK(at < count && !taken[at]);
			taken[at] = true;
			seen++;
			CHECK(oracle_same(&stored[at], &want));
		}
	}
	CHECK(seen == count);
}

/* Proofs read nothing beyond the tree they are about. */
static void
inclusion_is_the_recursion(void)
{
	for (uint64_t n = 1; n <= 200; n++) {
		uint64_t count = ledger_merkle_count(n);
		struct ledger_nodes nodes = { read_stored, &count };

		for (uint64_t i = 0; i < n; i++) {
			struct ledger_path want = { .n = 0 }, got;
			struct sp_err err;

			oracle_path(leaves, i, n, &want);
			CHECK_OK(
			    ledger_merkle_inclusion(&nodes, i, n, &got, &err),
			    &err);
			CHECK(oracle_same_path(&got, &want));
			CHECK(ledger_merkle_check_inclusion(
			    i, n, &leaves[i], &got, &roots[n]));
		}
	}
}

static void
consistency_is_the_recursion(void)
{
	for (uint64_t n = 1; n <= 130; n++) {
		uint64_t count = ledger_merkle_count(n);
		struct ledger_nodes nodes = { read_stored, &count };

		for (uint64_t m = 1; m <= n; m++) {
			struct ledger_path want = { .n = 0 }, got;
			struct sp_err err;

			oracle_subproof(leaves, m, n, true, &want);
			CHECK_OK(
			    ledger_merkle_consistency(&nodes, m, n, &got, &err),
			    &err);
			CHECK(oracle_same_path(&got, &want));
			CHECK(ledger_merkle_check_consistency(
			    m, n, &got, &roots[m], &roots[n]));
		}
	}
}

static void
random_large_ones(void)
{
	uint64_t seed = 7;

	for (int round = 0; round < 300; round++) {
		uint64_t n = 1 + oracle_random(&seed) % LEAVES;
		uint64_t m = 1 + oracle_random(&seed) % n;
		uint64_t i = oracle_random(&seed) % n;
		uint64_t count = ledger_merkle_count(n);
		struct ledger_nodes nodes = { read_stored, &count };
		struct ledger_path want = { .n = 0 }, got;
		struct sp_err err;

		oracle_path(leaves, i, n, &want);
		CHECK_OK(
		    ledger_merkle_inclusion(&nodes, i, n, &got, &err), &err);
		CHECK(oracle_same_path(&got, &want));
		want.n = 0;
		oracle_subproof(leaves, m, n, true, &want);
		CHECK_OK(
		    ledger_merkle_consistency(&nodes, m, n, &got, &err), &err);
		CHECK(oracle_same_path(&got, &want));
		CHECK(ledger_merkle_check_consistency(
		    m, n, &got, &roots[m], &roots[n]));
	}
}

/* Change a path in each way there is: a bit, one less, one more, two swapped;
 * `check` must refuse all. */
static void
refuse_changes(const struct ledger_path *path,
    bool (*check)(const struct ledger_path *path, const void *arg),
    const void *arg)
{
	struct ledger_path p = *path;

	CHECK(check(&p, arg));
	for (size_t i = 0; i < path->n; i++) {
		p.hash[i].b[i % LEDGER_HASH_LEN] ^= 0x10;
		CHECK(!check(&p, arg));
		p = *path;
	}
	for (p.n = 0; p.n < path->n; p.n++)
		CHECK(!check(&p, arg));
	for (p.n = path->n + 1; p.n <= LEDGER_PATH_MAX; p.n++)
		CHECK(!check(&p, arg));
	for (size_t i = 1; i < path->n; i++) {
		p = *path;
		p.hash[i] = path->hash[i - 1];
		p.hash[i - 1] = path->hash[i];
		CHECK(!check(&p, arg));
	}
}

struct claim {
	uint64_t a, n;
	struct ledger_hash old, root;
};

static bool
check_in(const struct ledger_path *path, const void *arg)
{
	const struct claim *c = arg;

	return ledger_merkle_check_inclusion(
	    c->a, c->n, &leaves[c->a], path, &c->root);
}

static bool
check_con(const struct ledger_path *path, const void *arg)
{
	const struct claim *c = arg;

	return ledger_merkle_check_consistency(
	    c->a, c->n, path, &c->old, &c->root);
}

static void
changed_paths_are_refused(void)
{
	for (uint64_t n = 1; n <= 64; n++) {
		uint64_t count = ledger_merkle_count(n);
		struct ledger_nodes nodes = { read_stored, &count };
		struct ledger_path path;
		struct sp_err err;

		for (uint64_t a = 0; a < n; a++) {
			struct claim c = { a, n, roots[0], roots[n] };

			CHECK_OK(
			    ledger_merkle_inclusion(&nodes, a, n, &path, &err),
			    &err);
			refuse_changes(&path, check_in, &c);
		}
		for (uint64_t a = 1; a <= n; a++) {
			struct claim c = { a, n, roots[a], roots[n] };

			CHECK_OK(ledger_merkle_consistency(
				     &nodes, a, n, &path, &err),
			    &err);
			refuse_changes(&path, check_con, &c);
		}
	}
}

/* A good path proves one statement only. */
static void
other_claims_are_refused(void)
{
	enum { N = 40 };
	uint64_t count = ledger_merkle_count(N);
	struct ledger_nodes nodes = { read_stored, &count };
	struct ledger_path path;
	struct sp_err err;

	for (uint64_t i = 0; i < N; i++) {
		CHECK_OK(
		    ledger_merkle_inclusion(&nodes, i, N, &path, &err), &err);
		for (uint64_t j = 0; j < N; j++) {
			CHECK(ledger_merkle_check_inclusion(j, N, &leaves[i],
				  &path, &roots[N]) == (i == j));
			CHECK(ledger_merkle_check_inclusion(i, N, &leaves[j],
				  &path, &roots[N]) == (i == j));
			CHECK(!ledger_merkle_check_inclusion(
			    i, N, &leaves[i], &path, &roots[j]));
		}
		CHECK(!ledger_merkle_check_inclusion(
		    i + N, N, &leaves[i], &path, &roots[N]));
	}
	for (uint64_t m = 1; m < N; m++) {
		CHECK_OK(
		    ledger_merkle_consistency(&nodes, m, N, &path, &err), &err);
		for (uint64_t j = 0; j <= N; j++) {
			CHECK(ledger_merkle_check_consistency(m, N, &path,
				  &roots[j], &roots[N]) == (j == m));
			CHECK(ledger_merkle_check_consistency(m, N, &path,
				  &roots[m], &roots[j]) == (j == N));
		}
		CHECK(!ledger_merkle_check_consistency(
		    0, N, &path, &roots[0], &roots[N]));
		CHECK(!ledger_merkle_check_consistency(
		    N + m, N, &path, &roots[m], &roots[N]));
	}
}

/* Numbers from outside may be any. */
static void
the_largest_numbers(void)
{
	static const uint64_t big[] = {
		UINT64_MAX,
		UINT64_MAX - 1,
		UINT64_C(1) << 63,
		(UINT64_C(1) << 63) - 1,
		(UINT64_C(1) << 63) + 1,
		0,
		1,
		2,
		3,
	};
	struct ledger_path path = { .n = 0 };

	for (path.n = 0; path.n <= LEDGER_PATH_MAX; path.n++)
		for (size_t i = 0; i < SP_COUNTOF(big); i++)
			for (size_t j = 0; j < SP_COUNTOF(big); j++) {
				bool in = ledger_merkle_check_inclusion(big[i],
				    big[j], &leaves[0], &path, &roots[5]);
				bool con =
				    ledger_merkle_check_consistency(big[i],
					big[j], &path, &roots[3], &roots[5]);

				CHECK(!in && !con);
			}
	CHECK(ledger_merkle_count(UINT64_MAX / 2) == UINT64_MAX - 1 - 63);
	CHECK(ledger_merkle_position(0, 0) == 0);
	CHECK(ledger_merkle_position(62, 0) ==
	    ledger_merkle_count(UINT64_C(1) << 62) - 1);
}

static enum sp_code
read_failing(void *self, unsigned level, uint64_t index,
    struct ledger_hash *out, struct sp_err *err)
{
	int *left = self;

	(void)level;
	(void)index;
	if ((*left)-- == 0)
		return sp_fail(err, SP_E_CORRUPT, "no such hash");
	*out = leaves[0];
	return SP_OK;
}

/* Each read may fail; nothing is given out then. */
static void
failed_reads_come_through(void)
{
	enum { I = 37, N = 100 };
	struct ledger_path path;
	struct ledger_hash root;
	struct sp_err err;
	int left;
	struct ledger_nodes nodes = { read_failing, &left };

	memset(&path, 0xee, sizeof(path));
	memset(&root, 0xee, sizeof(root));
	for (int k = 0;; k++) {
		struct ledger_path before = path;

		left = k;
		if (ledger_merkle_inclusion(&nodes, I, N, &path, &err) == SP_OK)
			break;
		CHECK(err.code == SP_E_CORRUPT);
		CHECK(memcmp(&before, &path, sizeof(path)) == 0);
		left = k;
		if (ledger_merkle_consistency(&nodes, I, N, &path, &err) !=
		    SP_OK)
			CHECK(memcmp(&before, &path, sizeof(path)) == 0);
		path = before;
	}
	for (left = 0; left < 3; left++) {
		struct ledger_hash before = root;
		int k = left;

		CHECK_CODE(ledger_merkle_root(&nodes, N + 11, &root, &err),
		    SP_E_CORRUPT, &err);
		CHECK(oracle_same(&root, &before));
		left = k;
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "reference roots", reference_roots },
		{ "roots are the recursion", roots_are_the_recursion },
		{ "positions are a bijection", positions_are_a_bijection },
		{ "inclusion is the recursion", inclusion_is_the_recursion },
		{ "consistency is the recursion",
		    consistency_is_the_recursion },
		{ "random large ones", random_large_ones },
		{ "changed paths are refused", changed_paths_are_refused },
		{ "other claims are refused", other_claims_are_refused },
		{ "the largest numbers", the_largest_numbers },
		{ "failed reads come through", failed_reads_come_through },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	grow();
	return tap_run(cases, SP_COUNTOF(cases));
}
