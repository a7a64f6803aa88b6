#include "rig.h"

#include "base/nth_alloc.h"

/* Where anything might be off by one: around the segments' ends. */
static const uint64_t edges[] = {
	0,
	1,
	RIG_FIRST - 1,
	RIG_FIRST,
	RIG_FIRST + 1,
	RIG_FIRST + RIG_REST - 1,
	RIG_FIRST + RIG_REST,
	RIG_FIRST + RIG_REST + 1,
	RIG_FIRST + 2 * RIG_REST,
};

static void
expect_sum(const uint8_t *plain, size_t len, const uint8_t *sum)
{
	uint8_t want[CRYPTO_SHA256_LEN];

	crypto_sha256(plain, len, want);
	CHECK(memcmp(want, sum, sizeof(want)) == 0);
}

/* Write [s's offset, to) in pieces of `step` bytes. */
static enum sp_code
write_to(struct vault_seal *s, uint64_t to, size_t step, struct sp_err *err)
{
	uint64_t at = vault_seal_offset(s);

	while (at < to) {
		size_t n = to - at < step ? (size_t)(to - at) : step;

		SP_TRY(vault_seal_write(s, rig_plain + at, n, err));
		at += n;
		CHECK(vault_seal_offset(s) == at);
	}
	return SP_OK;
}

/* What a record keeps of an upload at rest. */
struct record {
	uint64_t offset;
	struct sp_buf tail;
	struct crypto_digest *hash;
};

static struct record
record_new(void)
{
	return (struct record){ .tail = sp_buf_new(VAULT_TAIL_MAX) };
}

static void
record_done(struct record *rec)
{
	sp_buf_free(&rec->tail);
	crypto_digest_free(rec->hash);
	rec->hash = NULL;
}

static enum sp_code
rest(struct vault_seal *s, struct record *rec, struct sp_err *err)
{
	struct sp_buf tail = sp_buf_new(VAULT_TAIL_MAX);
	struct crypto_digest *hash = NULL;
	enum sp_code code = vault_seal_rest(s, &tail, &hash, err);

	if (code != SP_OK) {
		CHECK(tail.len == 0 && hash == NULL); /* untouched */
		sp_buf_free(&tail);
		return code;
	}
	record_done(rec);
	*rec = (struct record){ vault_seal_offset(s), tail, hash };
	return SP_OK;
}

static enum sp_code
resume(struct vault_seal **s, const struct vault_object *o,
    const struct record *rec, bool with_hash, struct sp_err *err)
{
	struct vault_seal_state st = {
		.offset = rec->offset,
		.tail = rec->tail.len > 0 ? rec->tail.at : NULL,
		.tail_len = rec->tail.len,
		.hash = with_hash ? rec->hash : NULL,
	};
	struct vault_seal *untouched = *s;
	enum sp_code code = vault_seal_resume(s, o, &st, err);

	if (code != SP_OK)
		CHECK(*s == untouched);
	else
		CHECK(vault_seal_offset(*s) == rec->offset);
	return code;
}

/* ---- One go ---- */

static void
every_size_is_the_format_s_stream(void)
{
	static const size_t steps[] = { 1000003, 65536, RIG_PLAIN };
	struct rig_store *r = rig_new(NULL);

	for (size_t i = 0; i < SP_COUNTOF(edges) * SP_COUNTOF(steps); i++) {
		struct vault_object o = rig_object(&r->base);
		size_t len = edges[i / SP_COUNTOF(steps)];
		VAULT_AUTO_SEAL s = NULL;
		uint8_t sum[CRYPTO_SHA256_LEN], declared[CRYPTO_SHA256_LEN];
		struct sp_err err;

		crypto_sha256(rig_plain, len, declared);
		CHECK_OK(vault_seal_new(&s, &o, &err), &err);
		CHECK_OK(
		    write_to(s, len, steps[i % SP_COUNTOF(steps)], &err), &err);
		CHECK_OK(vault_seal_finish(
			     s, i % 2 == 0 ? declared : NULL, sum, &err),
		    &err);
		expect_sum(rig_plain, len, sum);
		rig_check_kept(&o, rig_plain, len);
		crypto_secret_free(o.key);
	}
	CHECK(rig_count(&r->base, VAULT_STAGED) == 0);
	CHECK(rig_count(&r->base, VAULT_KEPT) ==
	    SP_COUNTOF(edges) * SP_COUNTOF(steps));
	rig_check_writes(r);
	vault_store_free(&r->base);
}

static void
a_byte_at_a_time_is_the_same(void)
{
	struct rig_store *r = rig_new(NULL);
	struct vault_object o = rig_object(&r->base);
	size_t len = RIG_FIRST + 5;
	VAULT_AUTO_SEAL s = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	CHECK_OK(vault_seal_new(&s, &o, &err), &err);
	CHECK_OK(vault_seal_write(s, NULL, 0, &err), &err);
	CHECK_OK(write_to(s, len, 1, &err), &err);
	CHECK_OK(vault_seal_finish(s, NULL, sum, &err), &err);
	rig_check_kept(&o, rig_plain, len);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(s));
	vault_store_free(&r->base);
}

static void
a_declared_digest_that_differs_keeps_nothing(void)
{
	struct rig_store *r = rig_new(NULL);

	for (size_t i = 0; i < SP_COUNTOF(edges); i++) {
		struct vault_object o = rig_object(&r->base);
		VAULT_AUTO_SEAL s = NULL;
		uint8_t sum[CRYPTO_SHA256_LEN];
		uint8_t declared[CRYPTO_SHA256_LEN];
		struct sp_err err;

		crypto_sha256(rig_plain, edges[i], declared);
		declared[i % CRYPTO_SHA256_LEN] ^= 1;
		CHECK_OK(vault_seal_new(&s, &o, &err), &err);
		CHECK_OK(write_to(s, edges[i], 65536, &err), &err);
		CHECK_CODE(vault_seal_finish(s, declared, sum, &err),
		    SP_E_MISMATCH, &err);
		CHECK(strcmp(err.reason, "seal.sha256") == 0);
		expect_sum(rig_plain, edges[i], sum); /* what came */
		CHECK_CODE(
		    vault_seal_write(s, "x", 1, &err), SP_E_MISMATCH, &err);
		crypto_secret_free(o.key);
	}
	CHECK(rig_count(&r->base, VAULT_STAGED) == 0);
	CHECK(rig_count(&r->base, VAULT_KEPT) == 0);
	vault_store_free(&r->base);
}

static void
an_object_is_made_once(void)
{
	struct rig_store *r = rig_new(NULL);
	struct vault_object o = rig_object(&r->base);
	VAULT_AUTO_SEAL s = NULL;
	VAULT_AUTO_SEAL other = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	CHECK_OK(vault_seal_new(&s, &o, &err), &err);
	CHECK_CODE(vault_seal_new(&other, &o, &err), SP_E_CONFLICT, &err);
	CHECK(other == NULL);
	CHECK_OK(vault_seal_finish(s, NULL, sum, &err), &err);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(s));
	vault_store_free(&r->base);
}

/* ---- Rest and resume ---- */

/* The invariant, attacked at each edge: what is sealed before a rest and what
 * is sealed after it never meet in one segment. */
static void
rest_and_resume_at(struct rig_store *r, uint64_t cut, uint64_t end, bool hash)
{
	struct vault_object o = rig_object(&r->base);
	struct record rec = record_new();
	VAULT_AUTO_SEAL s = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	CHECK_OK(vault_seal_new(&s, &o, &err), &err);
	CHECK_OK(write_to(s, cut, RIG_PLAIN, &err), &err);
	CHECK_OK(rest(s, &rec, &err), &err);
	CHECK(rec.tail.len == 0 || cut > 0);
	vault_seal_free(SP_STEAL(s));
	CHECK_OK(resume(&s, &o, &rec, hash, &err), &err);
	CHECK_OK(write_to(s, end, RIG_PLAIN, &err), &err);
	CHECK_OK(vault_seal_finish(s, NULL, sum, &err), &err);
	expect_sum(rig_plain, end, sum);
	rig_check_kept(&o, rig_plain, end);
	CHECK_OK(r->base.ops->remove(&r->base, VAULT_KEPT, &o.id, &err), &err);
	record_done(&rec);
	crypto_secret_free(o.key);
}

static void
any_rest_can_be_resumed(void)
{
	struct rig_store *r = rig_new(NULL);

	for (size_t i = 0; i < SP_COUNTOF(edges); i++)
		for (size_t k = i; k < SP_COUNTOF(edges); k++) {
			rest_and_resume_at(r, edges[i], edges[k], true);
			rest_and_resume_at(r, edges[i], edges[k], false);
		}
	for (size_t i = 0; i < r->writes; i++)
		for (size_t k = 0; k < i; k++)
			CHECK(r->write[i].index != r->write[k].index ||
			    memcmp(r->write[i].header, r->write[k].header,
				CRYPTO_STREAM_HEADER) != 0);
	vault_store_free(&r->base);
}

/* Property: whatever the pieces, rests and resumes, the object is the same
 * stream of the same bytes. */
static void
random_lives(void)
{
	struct rig_store *r = rig_new(NULL);
	uint64_t seed = 20261121;

	for (int life = 0; life < 40; life++) {
		struct vault_object o = rig_object(&r->base);
		struct record rec = record_new();
		uint64_t end = rig_random(&seed, RIG_PLAIN);
		VAULT_AUTO_SEAL s = NULL;
		uint8_t sum[CRYPTO_SHA256_LEN];
		struct sp_err err;

		CHECK_OK(vault_seal_new(&s, &o, &err), &err);
		while (vault_seal_offset(s) < end) {
			uint64_t left = end - vault_seal_offset(s);
			uint64_t n = 1 + rig_random(&seed, 3 << 19);

			n = n < left ? n : left;
			CHECK_OK(write_to(s, vault_seal_offset(s) + n,
				     1 + rig_random(&seed, 100000), &err),
			    &err);
			if (rig_random(&seed, 3) > 0)
				CHECK_OK(rest(s, &rec, &err), &err);
			if (rec.offset == vault_seal_offset(s) &&
			    rig_random(&seed, 2) > 0) {
				vault_seal_free(SP_STEAL(s));
				CHECK_OK(resume(&s, &o, &rec,
					     rig_random(&seed, 2) > 0, &err),
				    &err);
			}
		}
		CHECK_OK(vault_seal_finish(s, NULL, sum, &err), &err);
		expect_sum(rig_plain, end, sum);
		rig_check_kept(&o, rig_plain, end);
		record_done(&rec);
		crypto_secret_free(o.key);
	}
	rig_check_writes(r);
	vault_store_free(&r->base);
}

static void
every_tail_has_a_key_of_its_own(void)
{
	struct rig_store *r = rig_new(NULL);
	struct vault_object o = rig_object(&r->base);
	struct record a = record_new(), b = record_new();
	VAULT_AUTO_SEAL s = NULL;
	struct sp_err err;

	CHECK_OK(vault_seal_new(&s, &o, &err), &err);
	CHECK_OK(write_to(s, 5000, 5000, &err), &err);
	CHECK_OK(rest(s, &a, &err), &err);
	CHECK_OK(rest(s, &b, &err), &err);
	CHECK(a.tail.len == 5000 + CRYPTO_STREAM_HEADER + CRYPTO_STREAM_TAG);
	CHECK(b.tail.len == a.tail.len);
	CHECK(memcmp(a.tail.at + 1, b.tail.at + 1, 32) != 0); /* the salts */
	CHECK(memcmp(a.tail.at + CRYPTO_STREAM_HEADER,
		  b.tail.at + CRYPTO_STREAM_HEADER, 5000) != 0);
	/* None shows what is in it. */
	for (size_t i = 0; i + 16 <= a.tail.len; i++)
		CHECK(memcmp(a.tail.at + i, rig_plain, 16) != 0);
	record_done(&a);
	record_done(&b);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(s));
	vault_store_free(&r->base);
}

/* A record that is not the object's, or an object that is not the record's. */
static void
resume_refuses_what_is_not_as_it_was(void)
{
	const uint64_t at = RIG_FIRST + RIG_REST + 1000;
	struct rig_store *r = rig_new(NULL);
	struct vault_object o = rig_object(&r->base), other = o;
	struct record rec = record_new();
	VAULT_AUTO_SEAL s = NULL;
	uint8_t *bytes;
	size_t len;
	struct sp_err err;

	CHECK_OK(vault_seal_new(&s, &o, &err), &err);
	CHECK_OK(write_to(s, at, RIG_PLAIN, &err), &err);
	CHECK_OK(rest(s, &rec, &err), &err);
	vault_seal_free(SP_STEAL(s));
	for (int hash = 0; hash < 2; hash++) {
		/* Offsets that are not where it rested. */
		static const int64_t off[] = { -1, 1, -1000, RIG_REST };

		for (size_t i = 0; i < SP_COUNTOF(off); i++) {
			rec.offset = (uint64_t)((int64_t)at + off[i]);
			CHECK_CODE(resume(&s, &o, &rec, hash, &err),
			    off[i] == -1000 ? SP_E_CONFLICT : SP_E_CORRUPT,
			    &err);
		}
		rec.offset = UINT64_MAX;
		CHECK_CODE(
		    resume(&s, &o, &rec, hash, &err), SP_E_CORRUPT, &err);
		rec.offset = at;
		/* Each part of the tail, and its length. */
		for (size_t i = 0; i < rec.tail.len; i += 13) {
			rec.tail.at[i] ^= 4;
			CHECK_CODE(resume(&s, &o, &rec, hash, &err),
			    SP_E_CORRUPT, &err);
			rec.tail.at[i] ^= 4;
		}
		rec.tail.len--;
		CHECK_CODE(
		    resume(&s, &o, &rec, hash, &err), SP_E_CORRUPT, &err);
		rec.tail.len++;
		/* Another agency, another object, another key. */
		other = o;
		other.agency = sp_id_new();
		CHECK_CODE(
		    resume(&s, &other, &rec, hash, &err), SP_E_CORRUPT, &err);
		other = o;
		other.key = crypto_secret_random(CRYPTO_STREAM_KEY);
		CHECK_CODE(
		    resume(&s, &other, &rec, hash, &err), SP_E_CORRUPT, &err);
		crypto_secret_free(other.key);
		other = o;
		other.id = sp_id_new();
		CHECK_CODE(
		    resume(&s, &other, &rec, hash, &err), SP_E_NOTFOUND, &err);
	}
	/* The stored bytes: the header and the first segment are always looked
	 * at, the others when they are hashed again. */
	bytes = rig_get(o.store, VAULT_STAGED, &o.id, &len);
	CHECK(len == 2 * VAULT_SEGMENT);
	for (size_t i = 0; i < len; i += 300007) {
		bytes[i] ^= 1;
		rig_put(o.store, VAULT_STAGED, &o.id, bytes, len);
		CHECK_CODE(
		    resume(&s, &o, &rec, false, &err), SP_E_CORRUPT, &err);
		if (i < VAULT_SEGMENT)
			CHECK_CODE(resume(&s, &o, &rec, true, &err),
			    SP_E_CORRUPT, &err);
		bytes[i] ^= 1;
	}
	/* Shorter is corrupt; longer shows that more was sealed. */
	rig_put(o.store, VAULT_STAGED, &o.id, bytes, len - 1);
	CHECK_CODE(resume(&s, &o, &rec, true, &err), SP_E_CORRUPT, &err);
	bytes[len] = 0;
	rig_put(o.store, VAULT_STAGED, &o.id, bytes, len + 1);
	CHECK_CODE(resume(&s, &o, &rec, true, &err), SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "seal.rekey") == 0);
	rig_put(o.store, VAULT_STAGED, &o.id, bytes, len);
	CHECK_OK(resume(&s, &o, &rec, false, &err), &err);
	free(bytes);
	record_done(&rec);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(s));
	vault_store_free(&r->base);
}

/* The process died after more was sealed: the same nonces are never used. */
static void
what_was_sealed_after_a_rest_needs_a_new_key(void)
{
	struct rig_store *r = rig_new(NULL);
	struct vault_object o = rig_object(&r->base);
	struct vault_object anew = rig_object(&r->base);
	struct record rec = record_new(), lost = record_new();
	VAULT_AUTO_SEAL s = NULL;
	VAULT_AUTO_READ old = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	CHECK_OK(vault_seal_new(&s, &o, &err), &err);
	CHECK_OK(write_to(s, RIG_FIRST + 77, RIG_PLAIN, &err), &err);
	CHECK_OK(rest(s, &rec, &err), &err);
	CHECK_OK(write_to(s, RIG_FIRST + 2 * RIG_REST, RIG_PLAIN, &err), &err);
	CHECK_OK(rest(s, &lost, &err), &err); /* never recorded */
	vault_seal_free(SP_STEAL(s));
	for (int hash = 0; hash < 2; hash++) {
		CHECK_CODE(
		    resume(&s, &o, &rec, hash, &err), SP_E_CONFLICT, &err);
		CHECK(strcmp(err.reason, "seal.rekey") == 0);
	}
	CHECK_OK(vault_read_open_staged(
		     &old, &o, rec.offset, rec.tail.at, rec.tail.len, &err),
	    &err);
	CHECK_OK(vault_seal_new(&s, &anew, &err), &err);
	CHECK_OK(vault_read_into(old, s, &err), &err);
	CHECK(vault_seal_offset(s) == rec.offset);
	CHECK_OK(vault_seal_write(s, rig_plain, 5, &err), &err);
	CHECK_OK(vault_seal_finish(s, NULL, sum, &err), &err);
	memcpy(rig_plain + rec.offset, rig_plain, 5);
	rig_check_kept(&anew, rig_plain, rec.offset + 5);
	rig_fill(rig_plain + rec.offset, rec.offset, 5);
	rig_check_writes(r);
	record_done(&rec);
	record_done(&lost);
	crypto_secret_free(o.key);
	crypto_secret_free(anew.key);
	vault_seal_free(SP_STEAL(s));
	vault_read_free(SP_STEAL(old));
	vault_store_free(&r->base);
}

static void
the_limits_of_an_object(void)
{
	struct rig_store *r = rig_new(NULL);
	struct vault_object o = rig_object(&r->base);
	struct record rec = record_new();
	VAULT_AUTO_SEAL s = NULL;
	struct sp_err err;

	CHECK_OK(vault_seal_new(&s, &o, &err), &err);
	CHECK_CODE(
	    vault_seal_write(s, rig_plain, SIZE_MAX, &err), SP_E_LIMIT, &err);
	CHECK(vault_seal_offset(s) == 0);
	CHECK_OK(vault_seal_write(s, rig_plain, 10, &err), &err);
	/* A record that is too small for the tail. */
	rec.tail.max = 10 + CRYPTO_STREAM_HEADER;
	CHECK_CODE(
	    vault_seal_rest(s, &rec.tail, &rec.hash, &err), SP_E_LIMIT, &err);
	CHECK(rec.tail.len == 0 && rec.hash == NULL && sp_buf_ok(&rec.tail));
	record_done(&rec);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(s));
	vault_store_free(&r->base);
}

/* ---- A full disk ---- */

/* The nth claim of space fails: what is salvaged is a segment's boundary, and
 * the upload goes on from there under the same key. */
static void
full_at(struct rig_store *r, unsigned nth, uint64_t end, uint64_t rested)
{
	struct vault_object o = rig_object(&r->base);
	struct record rec = record_new(), at = record_new();
	VAULT_AUTO_SEAL s = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	uint64_t salvaged = 42, goes_on;
	struct sp_err err;
	enum sp_code code;

	CHECK_OK(vault_seal_new(&s, &o, &err), &err);
	CHECK_OK(write_to(s, rested, RIG_PLAIN, &err), &err);
	CHECK_OK(rest(s, &rec, &err), &err);
	rig_order(r, RIG_reserve, nth, SP_E_FULL);
	r->lasting = true;
	code = write_to(s, end, 70001, &err);
	if (code == SP_OK)
		code = vault_seal_finish(s, NULL, sum, &err);
	CHECK_CODE(code, SP_E_FULL, &err);
	CHECK(rig_hits(r) == 1);
	CHECK_CODE(rest(s, &at, &err), SP_E_FULL, &err); /* it stays so */
	CHECK(rig_hits(r) == 1);
	CHECK_OK(vault_seal_salvage(s, &salvaged, &err), &err);
	CHECK_OK(vault_seal_salvage(s, &salvaged, &err), &err);
	vault_seal_free(SP_STEAL(s));
	/* Space is back. */
	rig_order(r, RIG_ANY, 0, SP_OK);
	at.offset = salvaged;
	goes_on = salvaged < rested ? rested : salvaged;
	rig_flip(goes_on);
	CHECK_OK(resume(&s, &o, salvaged < rested ? &rec : &at,
		     salvaged < rested, &err),
	    &err);
	CHECK_OK(write_to(s, end, 70001, &err), &err);
	CHECK_OK(vault_seal_finish(s, NULL, sum, &err), &err);
	expect_sum(rig_plain, end, sum);
	rig_check_kept(&o, rig_plain, end);
	rig_unflip();
	rig_check_writes(r);
	record_done(&rec);
	record_done(&at);
	crypto_secret_free(o.key);
}

static void
a_full_disk_costs_no_segment(void)
{
	static const uint64_t rested[] = { 0, 100, RIG_FIRST, RIG_FIRST + 1 };
	const uint64_t end = RIG_FIRST + 3 * RIG_REST + 9;
	struct rig_store *r = rig_new(NULL);

	for (size_t i = 0; i < SP_COUNTOF(rested); i++)
		for (unsigned nth = 1; nth <= 4; nth++)
			full_at(r, nth, end, rested[i]);
	vault_store_free(&r->base);
}

/* Salvaged and resumed, but nothing comes: the last segment would have to be
 * sealed a second time, as the last. */
static void
no_end_where_a_full_disk_stopped_it(void)
{
	struct rig_store *r = rig_new(NULL);
	struct vault_object o = rig_object(&r->base);
	struct record rec = record_new();
	VAULT_AUTO_SEAL s = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	CHECK_OK(vault_seal_new(&s, &o, &err), &err);
	rig_order(r, RIG_reserve, 2, SP_E_FULL);
	CHECK_CODE(write_to(s, 3 << 20, 1 << 20, &err), SP_E_FULL, &err);
	CHECK_OK(vault_seal_salvage(s, &rec.offset, &err), &err);
	CHECK(rec.offset == RIG_FIRST);
	vault_seal_free(SP_STEAL(s));
	CHECK_OK(resume(&s, &o, &rec, false, &err), &err);
	CHECK_CODE(vault_seal_finish(s, NULL, sum, &err), SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "seal.rekey") == 0);
	vault_seal_free(SP_STEAL(s));
	/* It can rest there, and go on. */
	CHECK_OK(resume(&s, &o, &rec, false, &err), &err);
	CHECK_OK(rest(s, &rec, &err), &err);
	CHECK(rec.tail.len == 0 && rec.offset == RIG_FIRST);
	vault_seal_free(SP_STEAL(s));
	CHECK_OK(resume(&s, &o, &rec, true, &err), &err);
	CHECK_OK(write_to(s, RIG_FIRST + 1, 1, &err), &err);
	CHECK_OK(vault_seal_finish(s, NULL, sum, &err), &err);
	rig_check_kept(&o, rig_plain, RIG_FIRST + 1);
	rig_check_writes(r);
	record_done(&rec);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(s));
	vault_store_free(&r->base);
}

/* Only space that ran out before the sealing is harmless. */
static void
nothing_else_is_salvaged(void)
{
	static const struct {
		enum rig_op op;
		enum sp_code code;
	} rows[] = {
		{ RIG_write, SP_E_FULL },
		{ RIG_write, SP_E_INTERNAL },
		{ RIG_reserve, SP_E_INTERNAL },
		{ RIG_sync, SP_E_STOPPED },
		{ RIG_move, SP_E_FULL },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct rig_store *r = rig_new(NULL);
		struct vault_object o = rig_object(&r->base);
		VAULT_AUTO_SEAL s = NULL;
		uint8_t sum[CRYPTO_SHA256_LEN];
		uint64_t offset = 42;
		struct sp_err err;
		enum sp_code code;

		CHECK_OK(vault_seal_new(&s, &o, &err), &err);
		rig_order(r, rows[i].op, 1, rows[i].code);
		code = write_to(s, 3 << 20, 1 << 16, &err);
		if (code == SP_OK)
			code = vault_seal_finish(s, NULL, sum, &err);
		CHECK_CODE(code, rows[i].code, &err);
		CHECK_CODE(
		    vault_seal_salvage(s, &offset, &err), SP_E_CONFLICT, &err);
		CHECK(strcmp(err.reason, "seal.rekey") == 0 && offset == 42);
		vault_seal_free(SP_STEAL(s));
		crypto_secret_free(o.key);
		vault_store_free(&r->base);
	}
}

/* ---- The nth call fails ---- */

/* A life with every kind of call in it; *rec is what was acknowledged, *s the
 * seal that failed, or NULL when there was none. */
static enum sp_code
life(struct vault_seal **s, const struct vault_object *o, struct record *rec,
    uint64_t end, uint8_t sum[static CRYPTO_SHA256_LEN], struct sp_err *err)
{
	SP_TRY(vault_seal_new(s, o, err));
	SP_TRY(rest(*s, rec, err));
	SP_TRY(write_to(*s, RIG_FIRST + 10, 400000, err));
	SP_TRY(rest(*s, rec, err));
	SP_TRY(write_to(*s, RIG_FIRST + RIG_REST, 400000, err));
	SP_TRY(rest(*s, rec, err));
	vault_seal_free(SP_STEAL(*s));
	SP_TRY(resume(s, o, rec, true, err));
	SP_TRY(write_to(*s, RIG_FIRST + 2 * RIG_REST + 3, 400000, err));
	SP_TRY(rest(*s, rec, err));
	vault_seal_free(SP_STEAL(*s));
	SP_TRY(resume(s, o, rec, false, err));
	SP_TRY(write_to(*s, end, 400000, err));
	return vault_seal_finish(*s, NULL, sum, err);
}

/* Begin anew: under a new key, from what was acknowledged. */
static void
rekey(struct vault_object *o, const struct record *rec, struct vault_seal **s)
{
	struct vault_object anew = rig_object(o->store);
	VAULT_AUTO_READ old = NULL;
	struct sp_err err;

	CHECK_OK(
	    vault_read_open_staged(&old, o, rec->offset,
		rec->tail.len > 0 ? rec->tail.at : NULL, rec->tail.len, &err),
	    &err);
	CHECK_OK(vault_seal_new(s, &anew, &err), &err);
	CHECK_OK(vault_read_into(old, *s, &err), &err);
	CHECK(vault_seal_offset(*s) == rec->offset);
	CHECK_OK(
	    o->store->ops->remove(o->store, VAULT_STAGED, &o->id, &err), &err);
	crypto_secret_free(o->key);
	*o = anew;
}

/* The failed seal says how the object goes on. */
static bool
salvage(struct vault_seal *s, struct record *rec)
{
	struct sp_err err;
	uint64_t offset;

	if (s == NULL)
		return true; /* nothing was sealed since the last rest */
	if (vault_seal_salvage(s, &offset, &err) != SP_OK) {
		CHECK(err.code == SP_E_CONFLICT &&
		    strcmp(err.reason, "seal.rekey") == 0);
		return false;
	}
	if (offset >= rec->offset) {
		record_done(rec);
		*rec = record_new();
		rec->offset = offset;
	}
	return true;
}

/* After any failure the acknowledged bytes are there, and the upload can be
 * brought to its end from them: by a sender who now sends other bytes. */
static void
recover(struct vault_object *o, struct vault_seal *failed, struct record *rec,
    uint64_t end)
{
	VAULT_AUTO_SEAL s = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;
	bool same_key = salvage(failed, rec);
	size_t staged = rig_count(o->store, VAULT_STAGED);

	vault_seal_free(failed);
	if (staged == 0 && rig_count(o->store, VAULT_KEPT) == 1) {
		rig_check_kept(o, rig_plain, end); /* moved, nobody told */
		return;
	}
	rig_flip(rec->offset);
	if (staged == 0) {
		CHECK(rec->offset == 0);
		CHECK_OK(vault_seal_new(&s, o, &err), &err);
	} else if (same_key) {
		CHECK_OK(resume(&s, o, rec, rec->hash != NULL, &err), &err);
	} else {
		rekey(o, rec, &s);
	}
	CHECK_OK(write_to(s, end, 400000, &err), &err);
	CHECK_OK(vault_seal_finish(s, NULL, sum, &err), &err);
	expect_sum(rig_plain, end, sum);
	rig_check_kept(o, rig_plain, end);
	rig_unflip();
}

/* False once there is no nth call. */
static bool
fail_nth(unsigned nth, enum sp_code code, bool done, bool lasting)
{
	const uint64_t end = RIG_FIRST + 3 * RIG_REST + 100;
	struct rig_store *r = rig_new(NULL);
	struct vault_object o = rig_object(&r->base);
	struct record rec = record_new();
	uint8_t sum[CRYPTO_SHA256_LEN] = { 42 };
	struct sp_err err;
	enum sp_code got;
	struct vault_seal *seal = NULL;
	bool hit;

	rig_order(r, RIG_ANY, nth, code);
	r->done = done;
	r->lasting = lasting;
	got = life(&seal, &o, &rec, end, sum, &err);
	hit = rig_hits(r) > 0;
	CHECK((got == SP_OK) == !hit); /* never a false success */
	rig_order(r, RIG_ANY, 0, SP_OK);
	if (hit) {
		CHECK(got == code && sum[0] == 42);
		recover(&o, SP_STEAL(seal), &rec, end);
	}
	vault_seal_free(seal);
	CHECK(rig_count(o.store, VAULT_KEPT) == 1);
	rig_check_writes(r);
	record_done(&rec);
	crypto_secret_free(o.key);
	vault_store_free(&r->base);
	return hit;
}

static void
any_call_may_fail(void)
{
	static const struct {
		enum sp_code code;
		bool done, lasting;
	} rows[] = {
		{ SP_E_INTERNAL, false, false },
		{ SP_E_INTERNAL, true, false },
		{ SP_E_FULL, false, true },
		{ SP_E_STOPPED, true, true },
	};
	unsigned nth;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		for (nth = 1; fail_nth(
			 nth, rows[i].code, rows[i].done, rows[i].lasting);)
			nth++;
		CHECK(nth > 20); /* all of them were there to fail */
	}
}

static void
any_allocation_may_fail(void)
{
	const uint64_t end = RIG_FIRST + 3 * RIG_REST + 100;
	unsigned nth = 1;

	do {
		struct rig_store *r = rig_new(NULL);
		struct vault_object o = rig_object(&r->base);
		struct record rec = record_new();
		uint8_t sum[CRYPTO_SHA256_LEN];
		struct sp_err err;
		struct vault_seal *seal = NULL;
		enum sp_code code;
		bool hit;

		r->room = 64; /* the rig does not take part */
		r->write = calloc(r->room, sizeof(*r->write));
		nth_alloc_arm(nth++);
		code = life(&seal, &o, &rec, end, sum, &err);
		hit = nth_alloc_again();
		CHECK((code == SP_OK) == !hit);
		if (hit) {
			CHECK_CODE(code, SP_E_NOMEM, &err);
			recover(&o, SP_STEAL(seal), &rec, end);
		}
		vault_seal_free(seal);
		rig_check_writes(r);
		record_done(&rec);
		crypto_secret_free(o.key);
		vault_store_free(&r->base);
		nth_alloc_hit = hit;
	} while (nth_alloc_again());
	CHECK(nth > 20);
}

/* ---- Many at once ---- */

struct sender {
	pthread_t thread;
	struct vault_object object;
	uint64_t end;
};

static void *
send_all(void *arg)
{
	struct sender *w = arg;
	struct record rec = record_new();
	VAULT_AUTO_SEAL s = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	CHECK_OK(vault_seal_new(&s, &w->object, &err), &err);
	CHECK_OK(write_to(s, w->end / 2, 50000, &err), &err);
	CHECK_OK(rest(s, &rec, &err), &err);
	vault_seal_free(SP_STEAL(s));
	CHECK_OK(resume(&s, &w->object, &rec, w->end % 2, &err), &err);
	CHECK_OK(write_to(s, w->end, 50000, &err), &err);
	CHECK_OK(vault_seal_finish(s, NULL, sum, &err), &err);
	expect_sum(rig_plain, w->end, sum);
	record_done(&rec);
	return NULL;
}

/* Two buffers and one worker for eight senders: slow, and all arrive. */
static void
few_buffers_hold_up_and_do_not_lock_up(void)
{
	static const size_t sizes[][2] = { { 1, 1 }, { 2, 1 }, { 3, 4 } };
	struct sender w[8];
	struct sp_err err;

	for (size_t k = 0; k < SP_COUNTOF(sizes); k++) {
		struct rig_store *r = rig_new(NULL);
		struct vault_pool_stats st;
		struct vault_pool *pool;

		CHECK_OK(vault_pool_new(&pool, sizes[k][0], sizes[k][1], &err),
		    &err);
		for (size_t i = 0; i < SP_COUNTOF(w); i++) {
			w[i].object = rig_object(&r->base);
			w[i].object.pool = pool;
			w[i].end = (2 << 20) + i * 77777;
			CHECK(pthread_create(
				  &w[i].thread, NULL, send_all, &w[i]) == 0);
		}
		for (size_t i = 0; i < SP_COUNTOF(w); i++) {
			CHECK(pthread_join(w[i].thread, NULL) == 0);
			rig_check_kept(&w[i].object, rig_plain, w[i].end);
			crypto_secret_free(w[i].object.key);
		}
		vault_pool_stats(pool, &st);
		CHECK(st.lent == 0 && st.spare_lent == 0);
		CHECK(st.most_lent <= sizes[k][0]);
		vault_pool_free(pool);
		vault_store_free(&r->base);
	}
}

/* What a caller may hold while it waits for buffers: a resumed seal. */
static void
a_resumed_seal_is_in_nobody_s_way(void)
{
	struct rig_store *r = rig_new(NULL);
	struct vault_object a = rig_object(&r->base), b = rig_object(&r->base);
	struct record rec = record_new();
	VAULT_AUTO_SEAL first = NULL;
	VAULT_AUTO_SEAL other = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	CHECK_OK(vault_pool_new(&a.pool, 1, 1, &err), &err);
	b.pool = a.pool;
	CHECK_OK(vault_seal_new(&first, &a, &err), &err);
	CHECK_OK(write_to(first, RIG_FIRST + 5, 1 << 20, &err), &err);
	CHECK_OK(rest(first, &rec, &err), &err);
	vault_seal_free(SP_STEAL(first));
	CHECK_OK(resume(&first, &a, &rec, true, &err), &err);
	CHECK_OK(write_to(first, RIG_FIRST + 1000, 1 << 20, &err), &err);
	CHECK_OK(vault_seal_new(&other, &b, &err), &err);
	CHECK_OK(write_to(other, 3 << 20, 1 << 20, &err), &err);
	CHECK_OK(vault_seal_finish(other, NULL, sum, &err), &err);
	CHECK_OK(write_to(first, 3 << 20, 1 << 20, &err), &err);
	CHECK_OK(vault_seal_finish(first, NULL, sum, &err), &err);
	rig_check_kept(&a, rig_plain, 3 << 20);
	rig_check_kept(&b, rig_plain, 3 << 20);
	record_done(&rec);
	vault_seal_free(SP_STEAL(first));
	vault_seal_free(SP_STEAL(other));
	vault_pool_free(a.pool);
	crypto_secret_free(a.key);
	crypto_secret_free(b.key);
	vault_store_free(&r->base);
}

/* One fast sender on a stuck disk takes its share of the pool and no more. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t open;
	bool shut;
};
static struct gate gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
	false };
static struct vault_store_ops gated_ops;

static enum sp_code
gated_write(struct vault_file *f, uint64_t at, const struct vault_part *part,
    size_t n, struct sp_err *err)
{
	(void)pthread_mutex_lock(&gate.lock);
	while (gate.shut)
		(void)pthread_cond_wait(&gate.open, &gate.lock);
	(void)pthread_mutex_unlock(&gate.lock);
	return rig_write(f, at, part, n, err);
}

static void *
send_one(void *arg)
{
	struct sender *w = arg;
	VAULT_AUTO_SEAL s = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	CHECK_OK(vault_seal_new(&s, &w->object, &err), &err);
	for (int i = 0; i < 3; i++)
		CHECK_OK(vault_seal_write(s, rig_plain, 4 << 20, &err), &err);
	CHECK_OK(vault_seal_finish(s, NULL, sum, &err), &err);
	return NULL;
}

static void
one_sender_does_not_take_all_buffers(void)
{
	struct rig_store *r = rig_new(NULL);
	struct sender w = { .object = rig_object(&r->base) };
	struct vault_pool_stats st;
	struct sp_err err;

	CHECK_OK(vault_pool_new(&w.object.pool, 64, 2, &err), &err);
	gated_ops = *r->base.ops;
	gated_ops.write = gated_write;
	r->base.ops = &gated_ops;
	gate.shut = true;
	CHECK(pthread_create(&w.thread, NULL, send_one, &w) == 0);
	do
		vault_pool_stats(w.object.pool, &st);
	while (st.lent < VAULT_SEAL_FLYING + 1);
	(void)pthread_mutex_lock(&gate.lock);
	gate.shut = false;
	(void)pthread_cond_broadcast(&gate.open);
	(void)pthread_mutex_unlock(&gate.lock);
	CHECK(pthread_join(w.thread, NULL) == 0);
	vault_pool_stats(w.object.pool, &st);
	CHECK(st.most_lent == VAULT_SEAL_FLYING + 1);
	vault_pool_free(w.object.pool);
	crypto_secret_free(w.object.key);
	vault_store_free(&r->base);
}

/* Any number of fast senders on a stuck disk: beside the one that each fills,
 * no more buffers than the pool lets fly. */
static void
all_senders_together_take_few(void)
{
	enum { N = 12, MOST = N + VAULT_POOL_FLYING };
	struct rig_store *r = rig_new(NULL);
	struct sender w[N];
	struct vault_pool_stats st;
	struct vault_pool *pool = NULL;
	struct sp_err err;

	CHECK_OK(vault_pool_new(&pool, (size_t)2 * MOST, 2, &err), &err);
	gated_ops = *r->base.ops;
	gated_ops.write = gated_write;
	r->base.ops = &gated_ops;
	gate.shut = true;
	for (size_t i = 0; i < N; i++) {
		w[i].object = rig_object(&r->base);
		w[i].object.pool = pool;
		CHECK(pthread_create(&w[i].thread, NULL, send_one, &w[i]) == 0);
	}
	do
		vault_pool_stats(pool, &st);
	while (st.lent < MOST);
	(void)pthread_mutex_lock(&gate.lock);
	gate.shut = false;
	(void)pthread_cond_broadcast(&gate.open);
	(void)pthread_mutex_unlock(&gate.lock);
	for (size_t i = 0; i < N; i++) {
		CHECK(pthread_join(w[i].thread, NULL) == 0);
		crypto_secret_free(w[i].object.key);
	}
	vault_pool_stats(pool, &st);
	CHECK(st.most_lent == MOST && st.waits == 0);
	vault_pool_free(pool);
	vault_store_free(&r->base);
}

/* A thousand open uploads: those that have had no byte hold no buffer. */
static void
slow_senders_hold_one_buffer_each(void)
{
	enum { N = 1000 };
	static struct vault_seal *s[N];
	static struct crypto_secret *key[N];
	struct rig_store *r = rig_new(NULL);
	struct vault_pool_stats st;
	struct vault_pool *pool;
	struct sp_err err;

	CHECK_OK(vault_pool_new(&pool, N, 2, &err), &err);
	for (size_t i = 0; i < N; i++) {
		struct vault_object o = rig_object(&r->base);

		o.pool = pool;
		key[i] = o.key;
		CHECK_OK(vault_seal_new(&s[i], &o, &err), &err);
	}
	vault_pool_stats(pool, &st);
	CHECK(st.lent == 0);
	for (size_t i = 0; i < N / 10; i++)
		CHECK_OK(vault_seal_write(s[i], rig_plain, 100, &err), &err);
	vault_pool_stats(pool, &st);
	CHECK(st.lent == N / 10 && st.waits == 0);
	for (size_t i = 0; i < N; i++) {
		vault_seal_free(s[i]);
		crypto_secret_free(key[i]);
	}
	vault_pool_stats(pool, &st);
	CHECK(st.lent == 0);
	vault_pool_free(pool);
	vault_store_free(&r->base);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every size is the format's stream",
		    every_size_is_the_format_s_stream },
		{ "a byte at a time is the same",
		    a_byte_at_a_time_is_the_same },
		{ "a declared digest that differs keeps nothing",
		    a_declared_digest_that_differs_keeps_nothing },
		{ "an object is made once", an_object_is_made_once },
		{ "any rest can be resumed", any_rest_can_be_resumed },
		{ "random lives", random_lives },
		{ "every tail has a key of its own",
		    every_tail_has_a_key_of_its_own },
		{ "resume refuses what is not as it was",
		    resume_refuses_what_is_not_as_it_was },
		{ "what was sealed after a rest needs a new key",
		    what_was_sealed_after_a_rest_needs_a_new_key },
		{ "the limits of an object", the_limits_of_an_object },
		{ "a full disk costs no segment",
		    a_full_disk_costs_no_segment },
		{ "no end where a full disk stopped it",
		    no_end_where_a_full_disk_stopped_it },
		{ "nothing else is salvaged", nothing_else_is_salvaged },
		{ "any call may fail", any_call_may_fail },
		{ "any allocation may fail", any_allocation_may_fail },
		{ "few buffers hold up and do not lock up",
		    few_buffers_hold_up_and_do_not_lock_up },
		{ "a resumed seal is in nobody's way",
		    a_resumed_seal_is_in_nobody_s_way },
		{ "one sender does not take all buffers",
		    one_sender_does_not_take_all_buffers },
		{ "all senders together take few",
		    all_senders_together_take_few },
		{ "slow senders hold one buffer each",
		    slow_senders_hold_one_buffer_each },
	};

	rig_start();
	(void)tap_run(cases, SP_COUNTOF(cases));
	rig_end();
	return 0;
}
