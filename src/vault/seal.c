#include "vault/seal.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Below this a copy past the cache is not worth its fence. */
#define PAST_LEAST 4096

/* The lanes a segment goes through, one after the other. */
enum stage { HASH, CIPHER, WRITE, STAGES };

/* A segment in the lanes. */
struct flight {
	struct vault_job job; /* first: a job is its flight */
	struct vault_seal *seal;
	bool flying;
	bool last;
	bool spare; /* buf is a reader's buffer */
	uint32_t index;
	uint8_t *buf; /* room for the header in segment 0, then plaintext */
	size_t len;   /* of the plaintext, or, once sealed, of all of it */
};

struct vault_seal {
	struct vault_job write;     /* first: that job is its seal */
	struct vault_object object; /* key is a copy */
	struct vault_file *file;
	struct crypto_stream *stream;
	struct crypto_digest *hash; /* the hash lane's while segments fly */
	struct vault_lane *lane[STAGES];

	/* The receiving thread's. */
	uint8_t *buf; /* NULL before the segment's first byte */
	bool spare;   /* buf came with a tail: see take_up_tail() */
	size_t fill;
	uint32_t index;
	uint64_t offset;
	bool unsynced;
	bool finished;

	/* Everybody's, under `lock`. */
	pthread_mutex_t lock;
	pthread_cond_t landed;
	size_t flying;
	struct flight flight[VAULT_SEAL_FLYING];
	struct flight *sealed[VAULT_SEAL_FLYING]; /* to be written, in order */
	size_t sealed_n;
	bool writing;
	struct sp_err failure; /* the first */
	bool torn; /* a segment may be sealed and not (wholly) written */
	atomic_bool failed;
	/* Segments on their way are of no use any more.  Where the disk was
	 * full they are: up to there the object is whole. */
	atomic_bool dropped;
};

static size_t
head_of(uint32_t index)
{
	return index == 0 ? CRYPTO_STREAM_HEADER : 0;
}

/* ---- Failures ---- */

static enum sp_code
latch(struct vault_seal *s, const struct sp_err *why, bool torn)
{
	(void)pthread_mutex_lock(&s->lock);
	if (s->failure.code == SP_OK)
		s->failure = *why;
	s->torn |= torn;
	(void)pthread_mutex_unlock(&s->lock);
	atomic_store(&s->failed, true);
	if (torn)
		atomic_store(&s->dropped, true);
	return why->code;
}

/* The first failure, again. */
static enum sp_code
check(struct vault_seal *s, struct sp_err *err)
{
	enum sp_code code;

	SP_REQUIRE(!s->finished);
	if (!atomic_load(&s->failed))
		return SP_OK;
	(void)pthread_mutex_lock(&s->lock);
	code = s->failure.code;
	if (err != NULL)
		*err = s->failure;
	(void)pthread_mutex_unlock(&s->lock);
	return code;
}

static enum sp_code
fail(struct vault_seal *s, const struct sp_err *why, struct sp_err *err)
{
	if (err != NULL)
		*err = *why;
	return latch(s, why, false);
}

static void
give_back(struct vault_seal *s, uint8_t *buf, bool spare, size_t dirty)
{
	if (spare)
		vault_pool_spare_give(s->object.pool, buf, dirty);
	else
		vault_pool_give(s->object.pool, buf, dirty);
}

/* ---- In the lanes ---- */

/* Segments go to the disk by twos, if others are on their way: half as many
 * writes, each at twice the speed.  With `lock` held. */
static bool
due(const struct vault_seal *s)
{
	return s->sealed_n > 1 || (s->sealed_n > 0 && s->sealed_n == s->flying);
}

/* With `lock` held; true when the write job is to be put into its lane. */
static bool
start_write(struct vault_seal *s)
{
	bool start = !s->writing && due(s);

	s->writing |= start;
	return start;
}

static void
land(struct flight *f, size_t dirty)
{
	struct vault_seal *s = f->seal;
	bool start;

	give_back(s, f->buf, f->spare, dirty);
	vault_pool_land(s->object.pool);
	(void)pthread_mutex_lock(&s->lock);
	f->flying = false;
	s->flying--;
	if (s->flying == 0 || s->flying == VAULT_SEAL_FLYING / 2)
		(void)pthread_cond_signal(&s->landed);
	start = start_write(s);
	(void)pthread_mutex_unlock(&s->lock);
	if (start)
		vault_lane_put(s->lane[WRITE], &s->write);
}

/* Sealed segments wait in order; one job writes several at once. */
static void
queue_write(struct vault_seal *s, struct flight *f)
{
	bool start;

	(void)pthread_mutex_lock(&s->lock);
	s->sealed[s->sealed_n++] = f;
	start = start_write(s);
	(void)pthread_mutex_unlock(&s->lock);
	if (start)
		vault_lane_put(s->lane[WRITE], &s->write);
}

static size_t
next_batch(struct vault_seal *s, struct flight *batch[VAULT_BATCH])
{
	size_t n = 0;

	(void)pthread_mutex_lock(&s->lock);
	if (due(s))
		n = s->sealed_n < VAULT_BATCH ? s->sealed_n : VAULT_BATCH;
	for (size_t i = 0; i < n; i++)
		batch[i] = s->sealed[i];
	for (size_t i = n; i < s->sealed_n; i++)
		s->sealed[i - n] = s->sealed[i];
	s->sealed_n -= n;
	s->writing = n > 0;
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

static void
write_batch(struct vault_seal *s, struct flight *const *batch, size_t n)
{
	struct vault_part part[VAULT_BATCH];
	struct sp_err why;

	for (size_t i = 0; i < n; i++) {
		SP_REQUIRE(batch[i]->index == batch[0]->index + i);
		part[i] = (struct vault_part){ batch[i]->buf, batch[i]->len };
	}
	if (s->file->store->ops->write(s->file,
		(uint64_t)batch[0]->index * VAULT_SEGMENT, part, n,
		&why) != SP_OK)
		(void)latch(s, &why, true);
}

static void
run_write(struct vault_job *job)
{
	struct vault_seal *s = (struct vault_seal *)job;
	struct flight *batch[VAULT_BATCH];
	size_t n;

	while ((n = next_batch(s, batch)) > 0) {
		if (!atomic_load(&s->dropped))
			write_batch(s, batch, n);
		for (size_t i = 0; i < n; i++)
			land(batch[i], 0);
	}
}

/* In place: afterwards there is nothing left to wipe. */
static void
run_cipher(struct vault_job *job)
{
	struct flight *f = (struct flight *)job;
	struct vault_seal *s = f->seal;
	size_t head = head_of(f->index);
	struct sp_err why;

	if (atomic_load(&s->dropped)) {
		land(f, head + f->len);
		return;
	}
	if (crypto_stream_seal(s->stream, f->index, f->last, f->buf + head,
		f->len, f->buf + head, &why) != SP_OK) {
		(void)latch(s, &why, true);
		land(f, head + f->len);
		return;
	}
	if (head > 0)
		crypto_stream_header(s->stream, f->buf);
	f->len += head + CRYPTO_STREAM_TAG;
	queue_write(s, f);
}

static void
run_hash(struct vault_job *job)
{
	struct flight *f = (struct flight *)job;
	struct vault_seal *s = f->seal;

	if (atomic_load(&s->dropped)) {
		land(f, head_of(f->index) + f->len);
		return;
	}
	crypto_digest_add(s->hash, f->buf + head_of(f->index), f->len);
	job->run = run_cipher;
	vault_lane_put(s->lane[CIPHER], job);
}

static void
wait_landed(struct vault_seal *s)
{
	(void)pthread_mutex_lock(&s->lock);
	while (s->flying > 0)
		(void)pthread_cond_wait(&s->landed, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
}

/* When all fly, wait until half have landed: one waking up for several.  After
 * a failure they land out of turn, so any free one will do.  Nobody else takes
 * off, so what is free stays free while we wait for all other seals' too. */
static struct flight *
take_off(struct vault_seal *s)
{
	struct flight *f = s->flight;

	(void)pthread_mutex_lock(&s->lock);
	if (s->flying == VAULT_SEAL_FLYING)
		while (s->flying > VAULT_SEAL_FLYING / 2)
			(void)pthread_cond_wait(&s->landed, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
	vault_pool_fly(s->object.pool);
	(void)pthread_mutex_lock(&s->lock);
	while (f->flying)
		f++;
	f->flying = true;
	s->flying++;
	(void)pthread_mutex_unlock(&s->lock);
	return f;
}

/* The segment in hand goes to the lanes.  Its space is claimed first: once it
 * has been sealed its nonce is spent, and a full disk must not be what stops
 * it. */
static enum sp_code
launch(struct vault_seal *s, bool last, struct sp_err *err)
{
	size_t len = head_of(s->index) + s->fill + CRYPTO_STREAM_TAG;
	struct sp_err why;
	struct flight *f;

	len = (len + VAULT_ALIGN - 1) & ~(VAULT_ALIGN - 1);
	if (s->file->store->ops->reserve(s->file,
		(uint64_t)s->index * VAULT_SEGMENT + len, &why) != SP_OK)
		return fail(s, &why, err);
	f = take_off(s);
	f->job.run = run_hash;
	f->seal = s;
	f->last = last;
	f->index = s->index++;
	f->buf = SP_STEAL(s->buf);
	f->spare = s->spare;
	s->spare = false;
	f->len = s->fill;
	s->fill = 0;
	s->unsynced = true;
	vault_lane_put(s->lane[HASH], &f->job);
	return check(s, err);
}

/* ---- Making one ---- */

static enum sp_code
make(struct vault_seal **out, const struct vault_object *o, struct sp_err *err)
{
	VAULT_AUTO_SEAL s = calloc(1, sizeof(*s));

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a seal");
	SP_REQUIRE(pthread_mutex_init(&s->lock, NULL) == 0);
	SP_REQUIRE(pthread_cond_init(&s->landed, NULL) == 0);
	s->write.run = run_write;
	s->object = *o;
	s->object.key = crypto_secret_from(
	    crypto_secret_bytes(o->key), crypto_secret_len(o->key));
	if (s->object.key == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a key");
	for (size_t i = 0; i < STAGES; i++)
		SP_TRY(vault_lane_new(&s->lane[i], o->pool, err));
	*out = SP_STEAL(s);
	return SP_OK;
}

static enum sp_code
fresh_stream(struct vault_seal *s, struct sp_err *err)
{
	char ad[VAULT_OBJECT_AD];

	vault_object_ad(&s->object, ad);
	return crypto_stream_seal_new(&s->stream, s->object.key, ad, err);
}

static enum sp_code
fresh_hash(struct vault_seal *s, struct sp_err *err)
{
	s->hash = crypto_digest_new(CRYPTO_SHA256);
	if (s->hash == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a hash");
	return SP_OK;
}

enum sp_code
vault_seal_new(
    struct vault_seal **out, const struct vault_object *o, struct sp_err *err)
{
	VAULT_AUTO_SEAL s = NULL;

	SP_TRY(make(&s, o, err));
	SP_TRY(fresh_stream(s, err));
	SP_TRY(fresh_hash(s, err));
	SP_TRY(o->store->ops->create(o->store, &o->id, &s->file, err));
	s->unsynced = true;
	*out = SP_STEAL(s);
	return SP_OK;
}

/* Open the first `n` stored segments; hash them when that is asked for. */
static enum sp_code
reread(struct vault_seal *s, uint32_t n, bool hash, struct sp_err *err)
{
	uint8_t *buf = vault_pool_spare(s->object.pool);
	enum sp_code code = SP_OK;
	struct vault_plain plain;

	if (buf == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a segment");
	for (uint32_t i = 0; i < n && code == SP_OK; i++) {
		struct vault_segment seg = { .index = i,
			.sealed = VAULT_SEGMENT };

		code = vault_object_load(
		    s->file, s->stream, &seg, buf, &plain, err);
		if (code == SP_OK && hash)
			crypto_digest_add(s->hash, plain.at, plain.len);
	}
	vault_pool_spare_give(s->object.pool, buf, VAULT_SEGMENT);
	return code;
}

static enum sp_code
check_size(
    struct vault_seal *s, const struct vault_cut *cut, struct sp_err *err)
{
	uint64_t size;

	SP_TRY(s->file->store->ops->size(s->file, &size, err));
	if (size < cut->stored)
		return sp_fail(err, SP_E_CORRUPT,
		    "the staged object has %" PRIu64 " bytes of %" PRIu64, size,
		    cut->stored);
	if (size > cut->stored)
		return sp_fail_as(err, SP_E_CONFLICT, "seal.rekey",
		    "the staged object goes on beyond where it rested");
	return SP_OK;
}

/* The stream and the hash, as they were. */
static enum sp_code
take_up_state(struct vault_seal *s, const struct vault_seal_state *state,
    uint32_t full, struct sp_err *err)
{
	if (full == 0)
		SP_TRY(fresh_stream(s, err)); /* none was used up */
	else
		SP_TRY(
		    vault_object_stream(&s->object, s->file, &s->stream, err));
	if (state->hash == NULL)
		return fresh_hash(s, err);
	s->hash = crypto_digest_copy(state->hash);
	if (s->hash == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a hash");
	return SP_OK;
}

/* The buffer is not the pool's: the caller may hold this seal while it takes
 * buffers for another, and must not then have one that others wait for. */
static enum sp_code
take_up_tail(struct vault_seal *s, const struct vault_seal_state *state,
    size_t len, struct sp_err *err)
{
	const struct vault_tail tail = { state->offset, state->tail,
		state->tail_len };

	s->buf = vault_pool_spare(s->object.pool);
	if (s->buf == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a segment");
	s->spare = true;
	SP_TRY(vault_object_tail_open(
	    &s->object, &tail, s->buf + head_of(s->index), len, err));
	s->fill = len;
	return SP_OK;
}

static enum sp_code
take_up(struct vault_seal *s, const struct vault_seal_state *state,
    const struct vault_cut *cut, struct sp_err *err)
{
	bool known = state->hash != NULL || cut->full == 0;

	SP_TRY(take_up_state(s, state, cut->full, err));
	if (cut->full > 0)
		SP_TRY(reread(s, known ? 1 : cut->full, !known, err));
	/* At 0 there may not even have been a rest before. */
	s->unsynced = !known || state->offset == 0;
	s->index = cut->full;
	s->offset = state->offset;
	return cut->tail == 0 ? SP_OK : take_up_tail(s, state, cut->tail, err);
}

enum sp_code
vault_seal_resume(struct vault_seal **out, const struct vault_object *o,
    const struct vault_seal_state *state, struct sp_err *err)
{
	VAULT_AUTO_SEAL s = NULL;
	struct vault_cut cut;

	SP_TRY(vault_object_cut(state->offset, state->tail_len > 0, &cut, err));
	SP_TRY(make(&s, o, err));
	SP_TRY(
	    o->store->ops->open(o->store, VAULT_STAGED, &o->id, &s->file, err));
	SP_TRY(check_size(s, &cut, err));
	SP_TRY(take_up(s, state, &cut, err));
	*out = SP_STEAL(s);
	return SP_OK;
}

/* ---- Using one ---- */

/*
 * This core will not look at the copy again: the next to do so is a worker on
 * another, so it goes past the cache.  Through it, each line would first have
 * to be fetched from the core that last sealed in this buffer; that made
 * sealing cost a tenth more.
 */
static void
copy_past(uint8_t *to, const uint8_t *from, size_t len)
{
#ifdef __SSE2__
	size_t skew = -(uintptr_t)to % sizeof(__m128i);

	if (len >= PAST_LEAST) {
		memcpy(to, from, skew);
		to += skew;
		from += skew;
		len -= skew;
		for (; len >= sizeof(__m128i); len -= sizeof(__m128i)) {
			_mm_stream_si128((__m128i *)(void *)to,
			    _mm_loadu_si128(
				(const __m128i *)(const void *)from));
			to += sizeof(__m128i);
			from += sizeof(__m128i);
		}
		_mm_sfence();
	}
#endif
	memcpy(to, from, len);
}

enum sp_code
vault_seal_write(
    struct vault_seal *s, const void *bytes, size_t len, struct sp_err *err)
{
	const uint8_t *from = bytes;

	SP_TRY(check(s, err));
	if (len > CRYPTO_STREAM_MAX - s->offset)
		return sp_fail(err, SP_E_LIMIT, "no object is so long");
	while (len > 0) {
		size_t n;

		/* Here comes what shows that this one is not the last. */
		if (s->fill == crypto_stream_room(s->index))
			SP_TRY(launch(s, false, err));
		if (s->buf == NULL)
			s->buf = vault_pool_take(s->object.pool);
		n = crypto_stream_room(s->index) - s->fill;
		n = n < len ? n : len;
		copy_past(s->buf + head_of(s->index) + s->fill, from, n);
		s->fill += n;
		s->offset += n;
		from += n;
		len -= n;
	}
	return SP_OK;
}

uint64_t
vault_seal_offset(const struct vault_seal *s)
{
	return s->offset;
}

/* Whatever was launched is on the disk, and space claimed beyond it is free. */
static enum sp_code
settle(struct vault_seal *s, struct sp_err *err)
{
	const struct vault_store_ops *ops = s->file->store->ops;

	if (!s->unsynced)
		return SP_OK;
	SP_TRY(ops->truncate(s->file, (uint64_t)s->index * VAULT_SEGMENT, err));
	SP_TRY(ops->sync(s->file, true, err));
	s->unsynced = false;
	return SP_OK;
}

static enum sp_code
rest(struct vault_seal *s, struct sp_buf *tail, struct crypto_digest **hash,
    struct sp_err *err)
{
	CRYPTO_AUTO_DIGEST copy = NULL;

	SP_TRY(settle(s, err));
	copy = crypto_digest_copy(s->hash);
	if (copy == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a hash");
	if (s->fill > 0)
		SP_TRY(vault_object_tail_seal(&s->object, s->offset,
		    s->buf + head_of(s->index), s->fill, tail, err));
	*hash = SP_STEAL(copy);
	return SP_OK;
}

enum sp_code
vault_seal_rest(struct vault_seal *s, struct sp_buf *tail,
    struct crypto_digest **hash, struct sp_err *err)
{
	struct sp_err why;

	wait_landed(s);
	SP_TRY(check(s, err));
	if (rest(s, tail, hash, &why) != SP_OK)
		return fail(s, &why, err);
	return SP_OK;
}

enum sp_code
vault_seal_salvage(struct vault_seal *s, uint64_t *offset, struct sp_err *err)
{
	bool whole;

	SP_REQUIRE(!s->finished);
	wait_landed(s);
	(void)pthread_mutex_lock(&s->lock);
	whole = s->failure.code == SP_E_FULL && !s->torn;
	(void)pthread_mutex_unlock(&s->lock);
	if (!whole)
		return sp_fail_as(err, SP_E_CONFLICT, "seal.rekey",
		    "a segment may be sealed and not written");
	SP_TRY(settle(s, err));
	*offset = crypto_stream_start(s->index);
	return SP_OK;
}

static enum sp_code
launch_last(struct vault_seal *s, struct sp_err *err)
{
	if (s->buf == NULL && s->offset > 0)
		return sp_fail_as(err, SP_E_CONFLICT, "seal.rekey",
		    "the last segment was sealed as one of the others");
	if (s->buf == NULL)
		s->buf = vault_pool_take(s->object.pool); /* an empty object */
	SP_TRY(launch(s, true, err));
	wait_landed(s);
	return check(s, err);
}

static enum sp_code
keep(struct vault_seal *s, const uint8_t *declared, const uint8_t *sha256,
    struct sp_err *err)
{
	const struct vault_object *o = &s->object;
	const struct vault_store_ops *ops = o->store->ops;

	if (declared != NULL &&
	    memcmp(declared, sha256, CRYPTO_SHA256_LEN) != 0) {
		/* What stays behind when this fails has no record: it is
		 * removed at the next start. */
		(void)ops->remove(o->store, VAULT_STAGED, &o->id, NULL);
		return sp_fail_as(err, SP_E_MISMATCH, "seal.sha256",
		    "the bytes are not those of the declared SHA-256");
	}
	SP_TRY(
	    ops->truncate(s->file, crypto_stream_sealed_size(s->offset), err));
	SP_TRY(ops->sync(s->file, false, err));
	return ops->move(o->store, &o->id, VAULT_KEPT, err);
}

enum sp_code
vault_seal_finish(struct vault_seal *s, const uint8_t *declared,
    uint8_t sha256[static CRYPTO_SHA256_LEN], struct sp_err *err)
{
	uint8_t got[CRYPTO_SHA256_LEN];
	struct sp_err why = { 0 };

	SP_TRY(check(s, err));
	if (launch_last(s, &why) != SP_OK)
		return fail(s, &why, err);
	crypto_digest_get(s->hash, got);
	if (keep(s, declared, got, &why) != SP_OK) {
		if (err != NULL)
			*err = why;
		if (why.code == SP_E_MISMATCH)
			memcpy(sha256, got, sizeof(got));
		return latch(s, &why, true); /* the last one's nonce is spent */
	}
	s->finished = true;
	memcpy(sha256, got, sizeof(got));
	return SP_OK;
}

void
vault_seal_free(struct vault_seal *s)
{
	if (s == NULL)
		return;
	atomic_store(&s->dropped, true); /* what still flies is of no use */
	wait_landed(s);
	for (size_t i = 0; i < STAGES; i++)
		vault_lane_free(s->lane[i]);
	if (s->buf != NULL)
		give_back(s, s->buf, s->spare, head_of(s->index) + s->fill);
	if (s->file != NULL)
		s->file->store->ops->close(s->file);
	crypto_digest_free(s->hash);
	crypto_stream_free(s->stream);
	crypto_secret_free(s->object.key);
	(void)pthread_cond_destroy(&s->landed);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
