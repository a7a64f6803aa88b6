#include "crypto/digest.h"
#include "vectors.h"

#include <pthread.h>
#include <time.h>

/* FIPS 180-4's examples (NIST's "Examples with intermediate values"). */
static const struct {
	const char *message;
	unsigned times;
	const char *want[CRYPTO_DIGEST_COUNT];
} vectors[] = {
	{ "", 1,
	    { "da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852"
		"b855",
		"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36c"
		"e9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327a"
		"f927da3e" } },
	{ "abc", 1,
	    { "a9993e364706816aba3e25717850c26c9cd0d89d",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f200"
		"15ad",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55"
		"d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94f"
		"a54ca49f" } },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	    { "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db"
		"06c1",
		"204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703"
		"c33596fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec6312"
		"38ca3445" } },
	{ "a", 1000000,
	    { "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc711"
		"2cd0",
		"e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa9"
		"73ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217"
		"ad8cc09b" } },
};

static void
fips_180_4_vectors(void)
{
	for (size_t i = 0; i < SP_COUNTOF(vectors); i++) {
		for (unsigned k = 0; k < CRYPTO_DIGEST_COUNT; k++) {
			CRYPTO_AUTO_DIGEST d =
			    crypto_digest_new((enum crypto_digest_kind)k);
			uint8_t out[CRYPTO_DIGEST_MAX];

			CHECK(d != NULL);
			for (unsigned n = 0; n < vectors[i].times; n++)
				crypto_digest_add(d, vectors[i].message,
				    strlen(vectors[i].message));
			crypto_digest_get(d, out);
			CHECK(equals_hex(out,
			    crypto_digest_len((enum crypto_digest_kind)k),
			    vectors[i].want[k]));
		}
	}
}

static void
the_one_shot_is_the_same(void)
{
	uint8_t out[CRYPTO_SHA256_LEN];

	for (size_t i = 0; i < 3; i++) {
		const char *m = vectors[i].message;

		crypto_sha256(m, strlen(m), out);
		CHECK(equals_hex(out, 32, vectors[i].want[CRYPTO_SHA256]));
	}
	crypto_sha256(NULL, 0, out);
	CHECK(equals_hex(out, 32, vectors[0].want[CRYPTO_SHA256]));
	crypto_sha256_of(NULL, 0, out);
	CHECK(equals_hex(out, 32, vectors[0].want[CRYPTO_SHA256]));
}

static void
pieces_are_hashed_in_turn(void)
{
	static const char text[] =
	    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	const size_t len = sizeof(text) - 1;
	uint8_t out[CRYPTO_SHA256_LEN];

	for (size_t a = 0; a <= len; a++) {
		for (size_t b = a; b <= len; b++) {
			struct crypto_piece pieces[] = {
				{ text, a },
				{ text + a, b - a },
				{ text + b, len - b },
			};

			crypto_sha256_of(pieces, 3, out);
			CHECK(equals_hex(
			    out, 32, vectors[2].want[CRYPTO_SHA256]));
		}
	}
}

static void
a_hash_goes_on_after_its_value_is_taken(void)
{
	CRYPTO_AUTO_DIGEST d = crypto_digest_new(CRYPTO_SHA256);
	CRYPTO_AUTO_DIGEST copy = NULL;
	uint8_t out[CRYPTO_SHA256_LEN];

	crypto_digest_get(d, out);
	CHECK(equals_hex(out, 32, vectors[0].want[CRYPTO_SHA256]));
	crypto_digest_add(d, "ab", 2);
	crypto_digest_get(d, out);
	copy = crypto_digest_copy(d);
	CHECK(copy != NULL);
	crypto_digest_add(d, "x", 1);
	crypto_digest_add(copy, "c", 1);
	crypto_digest_get(copy, out);
	CHECK(equals_hex(out, 32, vectors[1].want[CRYPTO_SHA256]));
	crypto_digest_get(copy, out);
	CHECK(equals_hex(out, 32, vectors[1].want[CRYPTO_SHA256]));
	crypto_digest_free(NULL);
}

static void
names_are_known_and_only_those(void)
{
	static const char *const wrong[] = { "", "sha", "SHA1", "sha2566",
		"md5", "sha256 ", "sha-256" };
	enum crypto_digest_kind kind = CRYPTO_SHA512;

	for (unsigned k = 0; k < CRYPTO_DIGEST_COUNT; k++) {
		const char *name =
		    crypto_digest_name((enum crypto_digest_kind)k);

		CHECK(crypto_digest_parse(name, strlen(name), &kind));
		CHECK(kind == (enum crypto_digest_kind)k);
	}
	for (size_t i = 0; i < SP_COUNTOF(wrong); i++)
		CHECK(!crypto_digest_parse(wrong[i], strlen(wrong[i]), &kind));
	CHECK(kind == CRYPTO_SHA512);
	CHECK(crypto_digest_len(CRYPTO_SHA1) == 20);
}

/* Threads come and go with their contexts; the leak checker watches. */
static void *
hash_in_thread(void *arg)
{
	uint8_t out[CRYPTO_SHA256_LEN];
	CRYPTO_AUTO_DIGEST d = crypto_digest_new(CRYPTO_SHA512);
	uint8_t long_out[CRYPTO_DIGEST_MAX];

	(void)arg;
	crypto_digest_add(d, "abc", 3);
	for (int i = 0; i < 200; i++) {
		crypto_sha256("abc", 3, out);
		CHECK(equals_hex(out, 32, vectors[1].want[CRYPTO_SHA256]));
		crypto_digest_get(d, long_out);
		CHECK(equals_hex(long_out, 64, vectors[1].want[CRYPTO_SHA512]));
	}
	return NULL;
}

static void
each_thread_has_its_own(void)
{
	pthread_t t[8];

	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < 8; i++)
			CHECK(pthread_create(
				  &t[i], NULL, hash_in_thread, NULL) == 0);
		for (int i = 0; i < 8; i++)
			CHECK(pthread_join(t[i], NULL) == 0);
	}
}

/* Not a check, which would depend on the machine: the figure of a tree node
 * for whoever reads the log. */
static void
the_price_of_a_tree_node(void)
{
	struct timespec a, b;
	uint8_t node[65] = { 1 };
	uint8_t out[CRYPTO_SHA256_LEN] = { 0 };
	const int rounds = 200000;

	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < rounds; i++) {
		crypto_sha256(node, sizeof(node), out);
		memcpy(node + 1, out, sizeof(out));
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	printf("# %.0f ns for 65 bytes\n",
	    ((double)(b.tv_sec - a.tv_sec) * 1e9 +
		(double)(b.tv_nsec - a.tv_nsec)) /
		rounds);
	CHECK(memcmp(node + 1, out, sizeof(out)) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "FIPS 180-4 vectors", fips_180_4_vectors },
		{ "the one-shot is the same", the_one_shot_is_the_same },
		{ "pieces are hashed in turn", pieces_are_hashed_in_turn },
		{ "a hash goes on after its value is taken",
		    a_hash_goes_on_after_its_value_is_taken },
		{ "names are known, and only those",
		    names_are_known_and_only_those },
		{ "each thread has its own", each_thread_has_its_own },
		{ "the price of a tree node", the_price_of_a_tree_node },
	};
	open_provider();
	return tap_run(cases, SP_COUNTOF(cases));
}
