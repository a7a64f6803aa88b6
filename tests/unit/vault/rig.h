#ifndef VAULT_RIG_H
#define VAULT_RIG_H

#include "crypto/provider.h"
#include "tap.h"
#include "vault/read.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/*
 * What the vault's tests stand on: a store around a store that records what
 * is written and fails on order, plaintext that can be checked from any
 * offset, and an object's bytes to look at and to change.
 */

/* ---- Plaintext ---- */

#define RIG_FIRST CRYPTO_STREAM_FIRST
#define RIG_REST  CRYPTO_STREAM_REST

/* Byte i of every test plaintext: long runs differ wherever they begin. */
static inline uint8_t
rig_byte(uint64_t i)
{
	return (uint8_t)(i * 131 + (i >> 8) * 17 + (i >> 16) * 29);
}

static inline void
rig_fill(uint8_t *out, uint64_t from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = rig_byte(from + i);
}

/* Room for the largest plaintext that the tests use, filled once. */
#define RIG_PLAIN ((size_t)6 << 20)
static uint8_t rig_plain[RIG_PLAIN];

/* As if the sender sent something else from there on: what was sealed of the
 * first must not be sealed again.  rig_unflip() makes all as it was. */
static uint8_t rig_first[RIG_PLAIN], rig_second[RIG_PLAIN];

static inline void
rig_flip(uint64_t from)
{
	memcpy(rig_plain + from, rig_second + from, RIG_PLAIN - from);
}

static inline void
rig_unflip(void)
{
	memcpy(rig_plain, rig_first, RIG_PLAIN);
}

/* Numbers that are the same in each run. */
static inline uint64_t
rig_random(uint64_t *state, uint64_t below)
{
	*state = *state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (*state >> 33) % below;
}

/* ---- A store that records and fails ---- */

#define RIG_OPS(X)                                                             \
	X(create)                                                              \
	X(open)                                                                \
	X(reserve)                                                             \
	X(write)                                                               \
	X(read)                                                                \
	X(size)                                                                \
	X(truncate)                                                            \
	X(sync)                                                                \
	X(move)                                                                \
	X(remove)
enum rig_op {
#define X(op) RIG_##op,
	RIG_OPS(X)
#undef X
	    RIG_OP_COUNT,
	RIG_ANY = RIG_OP_COUNT
};

/* A segment as it was written: where, under which stream, and what. */
struct rig_write {
	uint8_t header[CRYPTO_STREAM_HEADER]; /* salt and prefix: which key */
	uint32_t index;
	uint8_t sum[CRYPTO_SHA256_LEN];
};

struct rig_store {
	struct vault_store base;
	struct vault_store *inner; /* owned */

	/* The nth call of `op` from now on fails with `code`, and all after
	 * it when `lasting`; 0: none.  `done`: it does its work all the same,
	 * half of it if it is a write. */
	enum rig_op op;
	enum sp_code code;
	unsigned nth;
	bool lasting;
	bool done;
	unsigned hit; /* calls that were failed */
	unsigned calls[RIG_OP_COUNT];

	struct rig_write *write;
	size_t writes, room;
	pthread_mutex_t lock;
};

struct rig_file {
	struct vault_file base;
	struct vault_file *inner;
};

static inline struct rig_store *
rig_of(struct vault_store *s)
{
	return (struct rig_store *)s;
}

/* SP_OK, or what this call is to fail with. */
static inline enum sp_code
rig_fails(struct rig_store *r, enum rig_op op, bool *done, struct sp_err *err)
{
	bool fails = false;
	enum sp_code code;

	(void)pthread_mutex_lock(&r->lock);
	r->calls[op]++;
	if (r->nth > 0 && (r->op == RIG_ANY || r->op == op)) {
		fails = r->nth == 1;
		if (r->nth > 1 || !r->lasting)
			r->nth--;
	}
	r->hit += fails;
	code = fails ? r->code : SP_OK;
	*done = r->done;
	(void)pthread_mutex_unlock(&r->lock);
	if (fails)
		(void)sp_fail_as(err, code, "rig", "failed on order");
	return code;
}

static inline enum sp_code
rig_wrap(struct vault_store *s, struct vault_file *inner,
    struct vault_file **out, struct sp_err *err)
{
	struct rig_file *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		inner->store->ops->close(inner);
		return sp_fail(err, SP_E_NOMEM, "no memory for a file");
	}
	*f = (struct rig_file){ { s }, inner };
	*out = &f->base;
	return SP_OK;
}

static inline struct vault_file *
rig_inner(struct vault_file *f)
{
	return ((struct rig_file *)f)->inner;
}

static inline const struct vault_store_ops *
rig_ops_of(struct vault_file *f)
{
	return rig_of(f->store)->inner->ops;
}

static inline enum sp_code
rig_create(struct vault_store *s, const struct sp_id *id,
    struct vault_file **out, struct sp_err *err)
{
	struct rig_store *r = rig_of(s);
	struct vault_file *inner;
	bool done;

	SP_TRY(rig_fails(r, RIG_create, &done, err));
	SP_TRY(r->inner->ops->create(r->inner, id, &inner, err));
	return rig_wrap(s, inner, out, err);
}

static inline enum sp_code
rig_open(struct vault_store *s, enum vault_place place, const struct sp_id *id,
    struct vault_file **out, struct sp_err *err)
{
	struct rig_store *r = rig_of(s);
	struct vault_file *inner;
	bool done;

	SP_TRY(rig_fails(r, RIG_open, &done, err));
	SP_TRY(r->inner->ops->open(r->inner, place, id, &inner, err));
	return rig_wrap(s, inner, out, err);
}

static inline void
rig_close(struct vault_file *f)
{
	rig_ops_of(f)->close(rig_inner(f));
	free(f);
}

/* The header that the segments of this write are sealed under. */
static inline void
rig_header(struct rig_file *f, uint64_t at, const struct vault_part *part,
    uint8_t out[CRYPTO_STREAM_HEADER])
{
	uint8_t *block = aligned_alloc(VAULT_ALIGN, VAULT_ALIGN);
	size_t got = 0;

	CHECK(block != NULL);
	if (at > 0)
		CHECK(rig_ops_of(&f->base)->read(f->inner, 0, block,
			  VAULT_ALIGN, &got, NULL) == SP_OK &&
		    got == VAULT_ALIGN);
	memcpy(out, at > 0 ? block : part[0].bytes, CRYPTO_STREAM_HEADER);
	free(block);
}

static inline void
rig_record(
    struct rig_file *f, uint64_t at, const struct vault_part *part, size_t n)
{
	struct rig_store *r = rig_of(f->base.store);
	struct rig_write w;

	rig_header(f, at, part, w.header);
	(void)pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < n; i++) {
		if (r->writes == r->room) {
			r->room = r->room * 2 + 64;
			r->write =
			    realloc(r->write, r->room * sizeof(*r->write));
			CHECK(r->write != NULL);
		}
		w.index = (uint32_t)(at / VAULT_SEGMENT + i);
		crypto_sha256(part[i].bytes, part[i].len, w.sum);
		r->write[r->writes++] = w;
	}
	(void)pthread_mutex_unlock(&r->lock);
}

static inline enum sp_code
rig_write(struct vault_file *f, uint64_t at, const struct vault_part *part,
    size_t n, struct sp_err *err)
{
	struct rig_store *r = rig_of(f->store);
	struct vault_part torn = part[n - 1];
	enum sp_code code;
	bool done;

	rig_record((struct rig_file *)f, at, part, n);
	code = rig_fails(r, RIG_write, &done, err);
	if (code == SP_OK)
		return rig_ops_of(f)->write(rig_inner(f), at, part, n, err);
	torn.len /= 2;
	if (done)
		(void)rig_ops_of(f)->write(
		    rig_inner(f), at + (n - 1) * VAULT_SEGMENT, &torn, 1, NULL);
	return code;
}

/* The others: fail before the work, or after it. */
#define RIG_FILE_OP(op, params, args)                                          \
	static inline enum sp_code rig_##op params                             \
	{                                                                      \
		bool done;                                                     \
		enum sp_code code =                                            \
		    rig_fails(rig_of(f->store), RIG_##op, &done, err);         \
                                                                               \
		if (code != SP_OK) {                                           \
			err = NULL;                                            \
			if (done)                                              \
				(void)rig_ops_of(f)->op args;                  \
			return code;                                           \
		}                                                              \
		return rig_ops_of(f)->op args;                                 \
	}
RIG_FILE_OP(reserve, (struct vault_file * f, uint64_t end, struct sp_err *err),
    (rig_inner(f), end, err))
RIG_FILE_OP(truncate,
    (struct vault_file * f, uint64_t size, struct sp_err *err),
    (rig_inner(f), size, err))
RIG_FILE_OP(sync, (struct vault_file * f, bool named, struct sp_err *err),
    (rig_inner(f), named, err))

static inline enum sp_code
rig_read(struct vault_file *f, uint64_t at, void *bytes, size_t len,
    size_t *got, struct sp_err *err)
{
	bool done;

	SP_TRY(rig_fails(rig_of(f->store), RIG_read, &done, err));
	return rig_ops_of(f)->read(rig_inner(f), at, bytes, len, got, err);
}

static inline enum sp_code
rig_size(struct vault_file *f, uint64_t *out, struct sp_err *err)
{
	bool done;

	SP_TRY(rig_fails(rig_of(f->store), RIG_size, &done, err));
	return rig_ops_of(f)->size(rig_inner(f), out, err);
}

static inline enum sp_code
rig_move(struct vault_store *s, const struct sp_id *id, enum vault_place to,
    struct sp_err *err)
{
	struct rig_store *r = rig_of(s);
	bool done;
	enum sp_code code = rig_fails(r, RIG_move, &done, err);

	if (code == SP_OK)
		return r->inner->ops->move(r->inner, id, to, err);
	if (done)
		(void)r->inner->ops->move(r->inner, id, to, NULL);
	return code;
}

static inline enum sp_code
rig_remove(struct vault_store *s, enum vault_place place,
    const struct sp_id *id, struct sp_err *err)
{
	struct rig_store *r = rig_of(s);
	bool done;

	SP_TRY(rig_fails(r, RIG_remove, &done, err));
	return r->inner->ops->remove(r->inner, place, id, err);
}

static inline enum sp_code
rig_each(struct vault_store *s, enum vault_place place,
    enum sp_code (*visit)(
	void *arg, const struct sp_id *id, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	return rig_of(s)->inner->ops->each(
	    rig_of(s)->inner, place, visit, arg, err);
}

static inline void
rig_free(struct vault_store *s)
{
	struct rig_store *r = rig_of(s);

	vault_store_free(r->inner);
	(void)pthread_mutex_destroy(&r->lock);
	free(r->write);
	free(r);
}

/* Around `inner`, which it takes; NULL: a new store in memory. */
static inline struct rig_store *
rig_new(struct vault_store *inner)
{
	static const struct vault_store_ops ops = {
#define X(op) .op = rig_##op,
		RIG_OPS(X)
#undef X
		    .close = rig_close,
		.each = rig_each,
		.free = rig_free,
	};
	struct rig_store *r = calloc(1, sizeof(*r));

	CHECK(r != NULL);
	r->base.ops = &ops;
	r->inner = inner != NULL ? inner : vault_store_new_mem();
	CHECK(r->inner != NULL);
	CHECK(pthread_mutex_init(&r->lock, NULL) == 0);
	return r;
}

/* Segments of a seal that has failed may still be on their way: hence the
 * lock. */
static inline void
rig_order(struct rig_store *r, enum rig_op op, unsigned nth, enum sp_code code)
{
	(void)pthread_mutex_lock(&r->lock);
	r->op = op;
	r->nth = nth;
	r->code = code;
	r->lasting = r->done = false;
	r->hit = 0;
	(void)pthread_mutex_unlock(&r->lock);
}

static inline unsigned
rig_hits(struct rig_store *r)
{
	unsigned hit;

	(void)pthread_mutex_lock(&r->lock);
	hit = r->hit;
	(void)pthread_mutex_unlock(&r->lock);
	return hit;
}

/* The invariant: whatever else happened, no segment of a stream was sealed to
 * two different ciphertexts. */
static inline void
rig_check_writes(const struct rig_store *r)
{
	for (size_t i = 0; i < r->writes; i++)
		for (size_t k = 0; k < i; k++) {
			const struct rig_write *a = &r->write[i];
			const struct rig_write *b = &r->write[k];

			if (a->index == b->index &&
			    memcmp(a->header, b->header, sizeof(a->header)) ==
				0)
				CHECK(memcmp(a->sum, b->sum, 32) == 0);
		}
}

/* ---- Objects ---- */

static inline struct vault_pool *
rig_pool(void)
{
	static struct vault_pool *pool;
	struct sp_err err;

	if (pool == NULL)
		CHECK_OK(vault_pool_new(&pool, 64, 4, &err), &err);
	return pool;
}

/* A new name and key, to be freed with crypto_secret_free. */
static inline struct vault_object
rig_object(struct vault_store *s)
{
	struct vault_object o = {
		.store = s,
		.pool = rig_pool(),
		.key = crypto_secret_random(CRYPTO_STREAM_KEY),
		.agency = sp_id_new(),
		.id = sp_id_new(),
	};

	CHECK(o.key != NULL);
	return o;
}

/* All bytes of an object; the caller frees. */
static inline uint8_t *
rig_get(struct vault_store *s, enum vault_place place, const struct sp_id *id,
    size_t *len)
{
	struct vault_file *f;
	struct sp_err err;
	uint64_t size;
	uint8_t *all;
	size_t got = 0;

	CHECK_OK(s->ops->open(s, place, id, &f, &err), &err);
	CHECK_OK(s->ops->size(f, &size, &err), &err);
	*len = (size_t)size;
	all = aligned_alloc(
	    VAULT_SEGMENT, *len + 2 * VAULT_SEGMENT - *len % VAULT_SEGMENT);
	CHECK(all != NULL);
	for (size_t at = 0; at < *len; at += VAULT_SEGMENT)
		CHECK_OK(
		    s->ops->read(f, at, all + at, VAULT_SEGMENT, &got, &err),
		    &err);
	s->ops->close(f);
	return all;
}

/* Put other bytes in an object's place: what a thief of disks would do. */
static inline void
rig_put(struct vault_store *s, enum vault_place place, const struct sp_id *id,
    const uint8_t *bytes, size_t len)
{
	struct vault_file *f;
	struct sp_err err;
	uint8_t *part = aligned_alloc(VAULT_SEGMENT, VAULT_SEGMENT);

	CHECK(part != NULL);
	CHECK_OK(s->ops->remove(s, place, id, &err), &err);
	CHECK_OK(s->ops->create(s, id, &f, &err), &err);
	for (size_t at = 0; at < len; at += VAULT_SEGMENT) {
		size_t n = len - at < VAULT_SEGMENT ? len - at : VAULT_SEGMENT;
		struct vault_part one = { part, n };

		memcpy(part, bytes + at, n);
		CHECK_OK(s->ops->write(f, at, &one, 1, &err), &err);
	}
	s->ops->close(f);
	if (place == VAULT_KEPT)
		CHECK_OK(s->ops->move(s, id, VAULT_KEPT, &err), &err);
	free(part);
}

/* Is the kept object exactly the stream that the format makes of the first
 * `size` bytes of plaintext, under its header?  Said without the code under
 * test: only crypto/stream.h is trusted here. */
static inline void
rig_check_kept(const struct vault_object *o, const uint8_t *plain, size_t size)
{
	char agency[SP_ID_TEXT], id[SP_ID_TEXT], ad[128];
	CRYPTO_AUTO_STREAM stream = NULL;
	struct sp_err err;
	uint8_t *want = malloc(VAULT_SEGMENT), *got, *at;
	size_t len, segments = crypto_stream_segments(size);

	CHECK(want != NULL);
	sp_id_text(&o->agency, agency);
	sp_id_text(&o->id, id);
	(void)snprintf(
	    ad, sizeof(ad), "sallyport/object/1\n%s\n%s\n", agency, id);
	at = got = rig_get(o->store, VAULT_KEPT, &o->id, &len);
	CHECK(len == crypto_stream_sealed_size(size));
	CHECK_OK(crypto_stream_open(&stream, o->key, ad, got, &err), &err);
	at += CRYPTO_STREAM_HEADER;
	for (uint32_t i = 0; i < segments; i++) {
		size_t n =
		    i + 1 == segments ? size : (size_t)crypto_stream_room(i);

		CHECK_OK(crypto_stream_seal(stream, i, i + 1 == segments, plain,
			     n, want, &err),
		    &err);
		CHECK(memcmp(at, want, n + CRYPTO_STREAM_TAG) == 0);
		plain += n;
		size -= n;
		at += n + CRYPTO_STREAM_TAG;
	}
	CHECK(at == got + len && size == 0);
	free(got);
	free(want);
}

/* How many objects there are in a place. */
static inline enum sp_code
rig_count_one(void *arg, const struct sp_id *id, struct sp_err *err)
{
	(void)id;
	(void)err;
	++*(size_t *)arg;
	return SP_OK;
}

static inline size_t
rig_count(struct vault_store *s, enum vault_place place)
{
	struct sp_err err;
	size_t n = 0;

	CHECK_OK(s->ops->each(s, place, rig_count_one, &n, &err), &err);
	return n;
}

/* To be called first. */
static inline void
rig_start(void)
{
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	rig_fill(rig_first, 0, RIG_PLAIN);
	rig_fill(rig_second, 12345, RIG_PLAIN);
	rig_unflip();
}

/* To be called last: every buffer is back. */
static inline void
rig_end(void)
{
	struct vault_pool_stats st;

	vault_pool_stats(rig_pool(), &st);
	CHECK(st.lent == 0 && st.spare_lent == 0);
	vault_pool_free(rig_pool());
}

#endif
