#include "rig.h"

/* A kept object of the first `len` bytes of the test's plaintext. */
static struct vault_object
kept(struct vault_store *s, size_t len)
{
	struct vault_object o = rig_object(s);
	VAULT_AUTO_SEAL seal = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	CHECK_OK(vault_seal_new(&seal, &o, &err), &err);
	CHECK_OK(vault_seal_write(seal, rig_plain, len, &err), &err);
	CHECK_OK(vault_seal_finish(seal, NULL, sum, &err), &err);
	return o;
}

static void
expect_range(struct vault_read *r, uint64_t at, size_t len, uint8_t *out)
{
	struct sp_err err;

	out[len] = 42;
	CHECK_OK(vault_read_at(r, at, out, len, &err), &err);
	CHECK(memcmp(out, rig_plain + at, len) == 0);
	CHECK(out[len] == 42);
}

static const size_t sizes[] = { 0, 1, 100, RIG_FIRST - 1, RIG_FIRST,
	RIG_FIRST + 1, RIG_FIRST + RIG_REST, RIG_FIRST + 2 * RIG_REST + 12345 };

static void
any_range_is_the_plaintext_s(void)
{
	struct rig_store *s = rig_new(NULL);
	uint8_t *out = malloc(RIG_PLAIN + 1);
	uint64_t seed = 7;
	struct sp_err err;

	CHECK(out != NULL);
	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		struct vault_object o = kept(&s->base, sizes[i]);
		VAULT_AUTO_READ r = NULL;

		CHECK_OK(vault_read_open(&r, &o, sizes[i], &err), &err);
		crypto_secret_free(o.key); /* was only borrowed */
		CHECK(vault_read_size(r) == sizes[i]);
		expect_range(r, 0, sizes[i], out);
		expect_range(r, sizes[i], 0, out);
		for (int k = 0; k < 60; k++) {
			uint64_t at = rig_random(&seed, sizes[i] + 1);
			uint64_t left = sizes[i] - at;
			uint64_t most = k % 2 ? left + 1 : 4097;

			most = most < left + 1 ? most : left + 1;
			expect_range(
			    r, at, (size_t)rig_random(&seed, most), out);
		}
	}
	free(out);
	vault_store_free(&s->base);
}

/* A segment is read once for all the small reads in it. */
static void
small_reads_open_each_segment_once(void)
{
	const size_t size = RIG_FIRST + RIG_REST + 10;
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept(&s->base, size);
	VAULT_AUTO_READ r = NULL;
	struct sp_err err;
	uint8_t out[5001];
	unsigned before;

	CHECK_OK(vault_read_open(&r, &o, size, &err), &err);
	before = s->calls[RIG_read];
	for (size_t at = 0; at < size; at += 5000)
		expect_range(r, at, size - at < 5000 ? size - at : 5000, out);
	CHECK(s->calls[RIG_read] == before + 3);
	crypto_secret_free(o.key);
	vault_read_free(SP_STEAL(r));
	vault_store_free(&s->base);
}

static void
ranges_beyond_the_end_are_refused(void)
{
	static const struct {
		uint64_t at, len;
	} rows[] = { { 0, 101 }, { 100, 1 }, { 101, 0 }, { 50, 51 },
		{ UINT64_MAX, 1 }, { UINT64_MAX, 0 }, { 1, SIZE_MAX },
		{ UINT64_MAX - 5, 10 } };
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept(&s->base, 100);
	VAULT_AUTO_READ r = NULL;
	uint8_t out[200] = { 42 };
	struct sp_err err;

	CHECK_OK(vault_read_open(&r, &o, 100, &err), &err);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK_CODE(vault_read_at(r, rows[i].at, out, rows[i].len, &err),
		    SP_E_INVALID, &err);
		CHECK(out[0] == 42);
	}
	crypto_secret_free(o.key);
	vault_read_free(SP_STEAL(r));
	vault_store_free(&s->base);
}

/* ---- Objects that are not as they were ---- */

static enum sp_code
open_and_read(const struct vault_object *o, uint64_t size, uint64_t at,
    uint8_t *out, size_t len)
{
	VAULT_AUTO_READ r = NULL;
	struct sp_err err;

	SP_TRY(vault_read_open(&r, o, size, &err));
	return vault_read_at(r, at, out, len, &err);
}

static void
any_other_size_is_corrupt(void)
{
	const size_t size = RIG_FIRST + 1000;
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept(&s->base, size);
	size_t len;
	uint8_t *bytes = rig_get(o.store, VAULT_KEPT, &o.id, &len);
	struct vault_read *r = NULL;
	struct sp_err err;
	size_t n;

	/* As the record says, another; */
	for (int64_t off = -2000; off <= 2000; off += 7)
		CHECK_CODE(vault_read_open(
			       &r, &o, (uint64_t)((int64_t)size + off), &err),
		    off == 0 ? SP_OK : SP_E_CORRUPT, &err);
	CHECK_CODE(
	    vault_read_open(&r, &o, UINT64_MAX, &err), SP_E_CORRUPT, &err);
	CHECK(r == NULL);
	/* as the file is, another. */
	for (n = 0; n < len; n += n < 100 || n + 100 > len ? 1 : 9973) {
		rig_put(o.store, VAULT_KEPT, &o.id, bytes, n);
		CHECK_CODE(
		    vault_read_open(&r, &o, size, &err), SP_E_CORRUPT, &err);
	}
	bytes[len] = 0;
	rig_put(o.store, VAULT_KEPT, &o.id, bytes, len + 1);
	CHECK_CODE(vault_read_open(&r, &o, size, &err), SP_E_CORRUPT, &err);
	free(bytes);
	crypto_secret_free(o.key);
	vault_store_free(&s->base);
}

/* A flipped bit: its segment is refused and nothing of it comes out; the
 * others can be read. */
static void
a_flipped_bit_is_corrupt(void)
{
	const size_t size = RIG_FIRST + RIG_REST + 500;
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept(&s->base, size);
	size_t len;
	uint8_t *bytes = rig_get(o.store, VAULT_KEPT, &o.id, &len);
	uint8_t *out = malloc(RIG_PLAIN);

	CHECK(out != NULL);
	for (size_t i = 0; i < len; i += i < 60 || i + 20 > len ? 1 : 77777) {
		uint32_t hurt = (uint32_t)(i / VAULT_SEGMENT);

		bytes[i] ^= (uint8_t)(1U << i % 8);
		rig_put(o.store, VAULT_KEPT, &o.id, bytes, len);
		for (uint32_t k = 0; k < 3; k++) {
			uint64_t at = crypto_stream_start(k);
			bool bad = k == hurt || i < CRYPTO_STREAM_HEADER;
			enum sp_code code;

			memset(out, 42, 1000);
			code = open_and_read(&o, size, at, out, 400);
			CHECK(code == (bad ? SP_E_CORRUPT : SP_OK));
			for (size_t n = 0; bad && n < 1000; n++)
				CHECK(out[n] == 42);
		}
		/* In a read across all, what came before is taken back. */
		memset(out, 42, size);
		CHECK(open_and_read(&o, size, 0, out, size) == SP_E_CORRUPT);
		for (size_t n = 0; n < size; n++)
			CHECK(out[n] == 0 || out[n] == 42);
		bytes[i] ^= (uint8_t)(1U << i % 8);
	}
	rig_put(o.store, VAULT_KEPT, &o.id, bytes, len);
	CHECK(open_and_read(&o, size, 0, out, size) == SP_OK);
	free(out);
	free(bytes);
	crypto_secret_free(o.key);
	vault_store_free(&s->base);
}

static void
an_empty_object_is_checked_when_opened(void)
{
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept(&s->base, 0);
	struct vault_read *r = NULL;
	struct sp_err err;
	size_t len;
	uint8_t *bytes = rig_get(o.store, VAULT_KEPT, &o.id, &len);

	CHECK(len == 56);
	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= 1;
		rig_put(o.store, VAULT_KEPT, &o.id, bytes, len);
		CHECK_CODE(
		    vault_read_open(&r, &o, 0, &err), SP_E_CORRUPT, &err);
		bytes[i] ^= 1;
	}
	CHECK(r == NULL);
	free(bytes);
	crypto_secret_free(o.key);
	vault_store_free(&s->base);
}

/* Segments in each other's place, and objects in each other's. */
static void
swapped_is_corrupt(void)
{
	const size_t size = RIG_FIRST + 3 * RIG_REST;
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept(&s->base, size), p = o;
	VAULT_AUTO_SEAL seal = NULL;
	size_t len;
	uint8_t *a = rig_get(o.store, VAULT_KEPT, &o.id, &len), *b;
	uint8_t *mixed = malloc(len + VAULT_SEGMENT), out[100] = { 42 };
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	/* Another object with the same bytes, the same key even. */
	p.id = sp_id_new();
	CHECK_OK(vault_seal_new(&seal, &p, &err), &err);
	CHECK_OK(vault_seal_write(seal, rig_plain, size, &err), &err);
	CHECK_OK(vault_seal_finish(seal, NULL, sum, &err), &err);
	b = rig_get(p.store, VAULT_KEPT, &p.id, &len);
	CHECK(mixed != NULL);

	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 4; k++) {
			if (k == i)
				continue;
			memcpy(mixed, a, len);
			memcpy(mixed + i * VAULT_SEGMENT, a + k * VAULT_SEGMENT,
			    VAULT_SEGMENT);
			rig_put(o.store, VAULT_KEPT, &o.id, mixed, len);
			CHECK(open_and_read(&o, size,
				  crypto_stream_start((uint32_t)i), out,
				  100) == SP_E_CORRUPT);
		}
		/* The other object's segment, in its own place. */
		memcpy(mixed, a, len);
		memcpy(mixed + i * VAULT_SEGMENT, b + i * VAULT_SEGMENT,
		    VAULT_SEGMENT);
		rig_put(o.store, VAULT_KEPT, &o.id, mixed, len);
		CHECK(open_and_read(&o, size, crypto_stream_start((uint32_t)i),
			  out, 100) == SP_E_CORRUPT);
	}
	/* The whole other object; then our own under another name. */
	rig_put(o.store, VAULT_KEPT, &o.id, b, len);
	CHECK(open_and_read(&o, size, 0, out, 100) == SP_E_CORRUPT);
	rig_put(o.store, VAULT_KEPT, &o.id, a, len);
	p = o;
	p.agency = sp_id_new();
	CHECK(open_and_read(&p, size, 0, out, 100) == SP_E_CORRUPT);
	CHECK(out[0] == 42);
	CHECK(open_and_read(&o, size, 0, out, 100) == SP_OK);
	/* Cut at a segment's end, and said to be shorter. */
	rig_put(o.store, VAULT_KEPT, &o.id, a, 3 * VAULT_SEGMENT);
	CHECK(open_and_read(&o, size - RIG_REST, crypto_stream_start(2), out,
		  100) == SP_E_CORRUPT);
	free(a);
	free(b);
	free(mixed);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(seal));
	vault_store_free(&s->base);
}

static void
a_failed_read_is_not_corrupt(void)
{
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept(&s->base, RIG_FIRST + 10), none = o;
	VAULT_AUTO_READ r = NULL;
	uint8_t out[20] = { 42 };
	struct sp_err err;

	none.id = sp_id_new();
	CHECK_CODE(vault_read_open(&r, &none, 1, &err), SP_E_NOTFOUND, &err);
	for (unsigned nth = 1; nth <= 3; nth++) {
		CHECK(r == NULL);
		rig_order(s, RIG_ANY, nth, SP_E_INTERNAL);
		CHECK_CODE(vault_read_open(&r, &o, RIG_FIRST + 10, &err),
		    SP_E_INTERNAL, &err);
	}
	rig_order(s, RIG_ANY, 0, SP_OK);
	CHECK_OK(vault_read_open(&r, &o, RIG_FIRST + 10, &err), &err);
	expect_range(r, RIG_FIRST, 10, out);
	out[0] = 42;
	rig_order(s, RIG_read, 1, SP_E_INTERNAL);
	CHECK_CODE(vault_read_at(r, 0, out, 10, &err), SP_E_INTERNAL, &err);
	CHECK(out[0] == 42);
	/* Nothing half-read is taken for what was there before. */
	expect_range(r, 0, 10, out);
	expect_range(r, RIG_FIRST, 10, out);
	crypto_secret_free(o.key);
	vault_read_free(SP_STEAL(r));
	vault_store_free(&s->base);
}

/* ---- Unfinished objects ---- */

static void
what_rests_can_be_read(void)
{
	static const size_t at[] = { 0, 1, RIG_FIRST, RIG_FIRST + 1,
		RIG_FIRST + RIG_REST, RIG_FIRST + RIG_REST + 70000 };
	struct rig_store *s = rig_new(NULL);
	uint8_t *out = malloc(RIG_PLAIN);
	struct sp_err err;

	CHECK(out != NULL);
	for (size_t i = 0; i < SP_COUNTOF(at); i++) {
		SP_AUTO_BUF tail = sp_buf_new(VAULT_TAIL_MAX);
		CRYPTO_AUTO_DIGEST hash = NULL;
		struct vault_object o = rig_object(&s->base);
		VAULT_AUTO_SEAL seal = NULL;
		VAULT_AUTO_READ r = NULL;
		const void *t;

		CHECK_OK(vault_seal_new(&seal, &o, &err), &err);
		CHECK_OK(vault_seal_write(seal, rig_plain, at[i], &err), &err);
		CHECK_OK(vault_seal_rest(seal, &tail, &hash, &err), &err);
		/* The seal goes on; the reader does not mind. */
		CHECK_OK(
		    vault_seal_write(seal, rig_plain, 2 << 20, &err), &err);
		vault_seal_free(SP_STEAL(seal));
		t = tail.len > 0 ? tail.at : NULL;
		CHECK_OK(
		    vault_read_open_staged(&r, &o, at[i], t, tail.len, &err),
		    &err);
		if (tail.len > 0)
			explicit_bzero(tail.at, tail.len); /* was copied */
		CHECK(vault_read_size(r) == at[i]);
		expect_range(r, 0, at[i], out);
		for (size_t k = 0; k + 1000 < at[i]; k += 99991)
			expect_range(r, k, 1000, out);
		crypto_secret_free(o.key);
	}
	free(out);
	vault_store_free(&s->base);
}

static void
a_staged_object_that_is_not_as_it_was(void)
{
	const size_t at = RIG_FIRST + 1000;
	struct rig_store *s = rig_new(NULL);
	SP_AUTO_BUF tail = sp_buf_new(VAULT_TAIL_MAX);
	CRYPTO_AUTO_DIGEST hash = NULL;
	struct vault_object o = rig_object(&s->base);
	VAULT_AUTO_SEAL seal = NULL;
	VAULT_AUTO_READ r = NULL;
	uint8_t *bytes, out[10] = { 42 };
	struct sp_err err;
	size_t len;

	CHECK_OK(vault_seal_new(&seal, &o, &err), &err);
	CHECK_OK(vault_seal_write(seal, rig_plain, at, &err), &err);
	CHECK_OK(vault_seal_rest(seal, &tail, &hash, &err), &err);
	bytes = rig_get(o.store, VAULT_STAGED, &o.id, &len);
#define OPEN(size, t, n) vault_read_open_staged(&r, &o, size, t, n, &err)
	CHECK_CODE(OPEN(at - 1, tail.at, tail.len), SP_E_CORRUPT, &err);
	CHECK_CODE(OPEN(at, NULL, 0), SP_E_CORRUPT, &err);
	CHECK_CODE(OPEN(at, tail.at, tail.len - 1), SP_E_CORRUPT, &err);
	CHECK_CODE(OPEN(0, tail.at, tail.len), SP_E_CORRUPT, &err);
	CHECK_CODE(OPEN(UINT64_MAX, tail.at, tail.len), SP_E_CORRUPT, &err);
	tail.at[500] ^= 1;
	CHECK_CODE(OPEN(at, tail.at, tail.len), SP_E_CORRUPT, &err);
	tail.at[500] ^= 1;
	rig_put(o.store, VAULT_STAGED, &o.id, bytes, len - 1);
	CHECK_CODE(OPEN(at, tail.at, tail.len), SP_E_CORRUPT, &err);
	bytes[1000] ^= 1;
	rig_put(o.store, VAULT_STAGED, &o.id, bytes, len);
	CHECK_OK(OPEN(at, tail.at, tail.len), &err);
#undef OPEN
	CHECK_CODE(vault_read_at(r, 5, out, 10, &err), SP_E_CORRUPT, &err);
	CHECK(out[0] == 42);
	expect_range(r, RIG_FIRST, 9, out);
	free(bytes);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(seal));
	vault_read_free(SP_STEAL(r));
	vault_store_free(&s->base);
}

/* ---- One object into another ---- */

static void
objects_join(void)
{
	struct rig_store *s = rig_new(NULL);
	struct vault_object whole = rig_object(&s->base);
	VAULT_AUTO_SEAL seal = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;
	size_t at = 0;

	/* With one buffer to seal with: a reader needs none of them. */
	CHECK_OK(vault_pool_new(&whole.pool, 1, 1, &err), &err);
	CHECK_OK(vault_seal_new(&seal, &whole, &err), &err);
	for (size_t i = 0; i < SP_COUNTOF(sizes) - 1; i++) {
		struct vault_object o = kept(&s->base, sizes[i]);
		VAULT_AUTO_READ r = NULL;

		o.pool = whole.pool;
		CHECK_OK(vault_read_open(&r, &o, sizes[i], &err), &err);
		CHECK_OK(vault_read_into(r, seal, &err), &err);
		at += sizes[i];
		CHECK(vault_seal_offset(seal) == at);
		crypto_secret_free(o.key);
	}
	CHECK_OK(vault_seal_finish(seal, NULL, sum, &err), &err);
	vault_seal_free(SP_STEAL(seal));
	{
		VAULT_AUTO_READ r = NULL;
		uint8_t *out = malloc(RIG_PLAIN + 1);

		CHECK(out != NULL);
		CHECK_OK(vault_read_open(&r, &whole, at, &err), &err);
		at = 0;
		for (size_t i = 0; i < SP_COUNTOF(sizes) - 1; i++) {
			CHECK_OK(
			    vault_read_at(r, at, out, sizes[i], &err), &err);
			CHECK(memcmp(out, rig_plain, sizes[i]) == 0);
			at += sizes[i];
		}
		free(out);
	}
	vault_pool_free(whole.pool);
	crypto_secret_free(whole.key);
	vault_store_free(&s->base);
}

static void
a_corrupt_object_does_not_join(void)
{
	const size_t size = RIG_FIRST + RIG_REST + 5;
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept(&s->base, size);
	struct vault_object to = rig_object(&s->base);
	VAULT_AUTO_SEAL seal = NULL;
	VAULT_AUTO_READ r = NULL;
	struct sp_err err;
	size_t len;
	uint8_t *bytes = rig_get(o.store, VAULT_KEPT, &o.id, &len);

	bytes[VAULT_SEGMENT + 9] ^= 1;
	rig_put(o.store, VAULT_KEPT, &o.id, bytes, len);
	CHECK_OK(vault_read_open(&r, &o, size, &err), &err);
	CHECK_OK(vault_seal_new(&seal, &to, &err), &err);
	CHECK_CODE(vault_read_into(r, seal, &err), SP_E_CORRUPT, &err);
	CHECK(vault_seal_offset(seal) == RIG_FIRST);
	free(bytes);
	crypto_secret_free(o.key);
	crypto_secret_free(to.key);
	vault_seal_free(SP_STEAL(seal));
	vault_read_free(SP_STEAL(r));
	vault_store_free(&s->base);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "any range is the plaintext's",
		    any_range_is_the_plaintext_s },
		{ "small reads open each segment once",
		    small_reads_open_each_segment_once },
		{ "ranges beyond the end are refused",
		    ranges_beyond_the_end_are_refused },
		{ "any other size is corrupt", any_other_size_is_corrupt },
		{ "a flipped bit is corrupt", a_flipped_bit_is_corrupt },
		{ "an empty object is checked when opened",
		    an_empty_object_is_checked_when_opened },
		{ "swapped is corrupt", swapped_is_corrupt },
		{ "a failed read is not corrupt",
		    a_failed_read_is_not_corrupt },
		{ "what rests can be read", what_rests_can_be_read },
		{ "a staged object that is not as it was",
		    a_staged_object_that_is_not_as_it_was },
		{ "objects join", objects_join },
		{ "a corrupt object does not join",
		    a_corrupt_object_does_not_join },
	};

	rig_start();
	(void)tap_run(cases, SP_COUNTOF(cases));
	rig_end();
	return 0;
}
