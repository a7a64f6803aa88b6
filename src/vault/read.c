#include "vault/read.h"

#include "vault/ahead.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct vault_read {
	struct vault_pool *pool;
	struct vault_file *file;
	struct crypto_stream *stream; /* NULL while no segment is in the file */
	uint64_t size;
	uint64_t stored;   /* bytes of the object in the file */
	uint32_t segments; /* in the file */
	bool whole;        /* the last of them ends the object */

	uint8_t *tail; /* what comes after them, or NULL */
	size_t tail_len;

	uint8_t *buf; /* where a segment is read and opened */
	bool loaded;
	uint32_t index; /* of the segment in buf */
	struct vault_plain plain;

	uint64_t until;            /* reads go on in order up to here */
	uint8_t *other;            /* where one is read ahead, or NULL */
	struct vault_ahead *ahead; /* at it, or NULL */
	uint32_t ahead_index;
};

static enum sp_code
make(struct vault_read **out, const struct vault_object *o,
    enum vault_place place, struct sp_err *err)
{
	VAULT_AUTO_READ r = calloc(1, sizeof(*r));

	if (r == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a reader");
	r->pool = o->pool;
	r->buf = vault_pool_spare(o->pool);
	if (r->buf == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a segment");
	SP_TRY(o->store->ops->open(o->store, place, &o->id, &r->file, err));
	*out = SP_STEAL(r);
	return SP_OK;
}

static struct vault_segment
segment(const struct vault_read *r, uint32_t index)
{
	uint64_t start = (uint64_t)index * VAULT_SEGMENT;

	return (struct vault_segment){
		.index = index,
		.last = r->whole && index == r->segments - 1,
		.sealed = r->stored - start < VAULT_SEGMENT
		    ? (size_t)(r->stored - start)
		    : VAULT_SEGMENT,
	};
}

/* The segment that was read ahead, if it is this one.  False: it has to be
 * read now. */
static bool
taken(struct vault_read *r, uint32_t index, enum sp_code *code,
    struct sp_err *err)
{
	struct vault_ahead *a = SP_STEAL(r->ahead);
	uint8_t *buf = r->buf;

	if (a == NULL || r->ahead_index != index) {
		vault_ahead_drop(a);
		return false;
	}
	if (!vault_ahead_take(a, code, &r->plain, err))
		return false;
	r->buf = r->other;
	r->other = buf;
	return true;
}

static enum sp_code
fetch(struct vault_read *r, uint32_t index, struct sp_err *err)
{
	struct vault_segment seg = segment(r, index);
	enum sp_code code;

	if (taken(r, index, &code, err))
		return code;
	return vault_object_load(
	    r->file, r->stream, &seg, r->buf, &r->plain, err);
}

/* Have the segment after this one read, if it will be asked for. */
static void
look_ahead(struct vault_read *r, uint32_t index)
{
	struct vault_segment seg;

	if (r->ahead != NULL || index + 1 >= r->segments ||
	    crypto_stream_start(index + 1) >= r->until)
		return;
	if (r->other == NULL)
		r->other = vault_pool_spare(r->pool);
	if (r->other == NULL)
		return; /* then it is read when its turn comes */
	seg = segment(r, index + 1);
	r->ahead =
	    vault_ahead_start(r->pool, r->file, r->stream, &seg, r->other);
	r->ahead_index = index + 1;
}

static enum sp_code
load(struct vault_read *r, uint32_t index, struct vault_plain *out,
    struct sp_err *err)
{
	if (index >= r->segments) {
		*out = (struct vault_plain){ r->tail, r->tail_len };
		return SP_OK;
	}
	if (!r->loaded || r->index != index) {
		r->loaded = false;
		SP_TRY(fetch(r, index, err));
		r->loaded = true;
		r->index = index;
	}
	look_ahead(r, index);
	*out = r->plain;
	return SP_OK;
}

enum sp_code
vault_read_open(struct vault_read **out, const struct vault_object *o,
    uint64_t size, struct sp_err *err)
{
	VAULT_AUTO_READ r = NULL;
	struct vault_plain none;
	uint64_t stored;

	if (size > CRYPTO_STREAM_MAX)
		return sp_fail(
		    err, SP_E_CORRUPT, "no object has %" PRIu64 " bytes", size);
	SP_TRY(make(&r, o, VAULT_KEPT, err));
	SP_TRY(o->store->ops->size(r->file, &stored, err));
	r->size = size;
	r->stored = crypto_stream_sealed_size(size);
	r->segments = crypto_stream_segments(size);
	r->whole = true;
	if (stored != r->stored)
		return sp_fail(err, SP_E_CORRUPT,
		    "the object has %" PRIu64 " bytes instead of %" PRIu64,
		    stored, r->stored);
	SP_TRY(vault_object_stream(o, r->file, &r->stream, err));
	if (size == 0) /* no read would ever ask for its tag */
		SP_TRY(load(r, 0, &none, err));
	*out = SP_STEAL(r);
	return SP_OK;
}

static enum sp_code
open_tail(struct vault_read *r, const struct vault_object *o,
    const struct vault_tail *tail, struct sp_err *err)
{
	r->tail = vault_pool_spare(r->pool);
	if (r->tail == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a tail");
	return vault_object_tail_open(o, tail, r->tail, r->tail_len, err);
}

enum sp_code
vault_read_open_staged(struct vault_read **out, const struct vault_object *o,
    uint64_t size, const void *tail, size_t tail_len, struct sp_err *err)
{
	const struct vault_tail t = { size, tail, tail_len };
	VAULT_AUTO_READ r = NULL;
	struct vault_cut cut;
	uint64_t stored;

	SP_TRY(vault_object_cut(size, tail_len > 0, &cut, err));
	SP_TRY(make(&r, o, VAULT_STAGED, err));
	SP_TRY(o->store->ops->size(r->file, &stored, err));
	if (stored < cut.stored)
		return sp_fail(err, SP_E_CORRUPT,
		    "the staged object has %" PRIu64 " bytes of %" PRIu64,
		    stored, cut.stored);
	r->size = size;
	r->stored = cut.stored;
	r->segments = cut.full;
	r->tail_len = cut.tail;
	if (cut.full > 0)
		SP_TRY(vault_object_stream(o, r->file, &r->stream, err));
	if (cut.tail > 0)
		SP_TRY(open_tail(r, o, &t, err));
	*out = SP_STEAL(r);
	return SP_OK;
}

uint64_t
vault_read_size(const struct vault_read *r)
{
	return r->size;
}

void
vault_read_ahead(struct vault_read *r, uint64_t until)
{
	r->until = until;
}

enum sp_code
vault_read_at(struct vault_read *r, uint64_t offset, void *out, size_t len,
    struct sp_err *err)
{
	uint8_t *to = out;
	size_t done = 0;

	if (len > r->size || offset > r->size - len)
		return sp_fail(err, SP_E_INVALID,
		    "a read at %" PRIu64 " goes beyond the end", offset);
	while (done < len) {
		struct vault_plain plain;
		uint64_t within;
		uint32_t index;
		enum sp_code code;
		size_t n;

		crypto_stream_locate(offset + done, &index, &within);
		code = load(r, index, &plain, err);
		if (code != SP_OK) {
			explicit_bzero(out, done);
			return code;
		}
		n = plain.len - (size_t)within;
		n = n < len - done ? n : len - done;
		memcpy(to + done, plain.at + within, n);
		done += n;
	}
	return SP_OK;
}

enum sp_code
vault_read_into(struct vault_read *r, struct vault_seal *s, struct sp_err *err)
{
	uint32_t parts = r->segments + (r->tail_len > 0);

	vault_read_ahead(r, r->size);
	for (uint32_t i = 0; i < parts; i++) {
		struct vault_plain plain;

		SP_TRY(load(r, i, &plain, err));
		SP_TRY(vault_seal_write(s, plain.at, plain.len, err));
	}
	return SP_OK;
}

void
vault_read_free(struct vault_read *r)
{
	if (r == NULL)
		return;
	vault_ahead_drop(r->ahead);
	vault_pool_spare_give(r->pool, r->buf, VAULT_SEGMENT);
	vault_pool_spare_give(r->pool, r->other, VAULT_SEGMENT);
	vault_pool_spare_give(r->pool, r->tail, r->tail_len);
	if (r->file != NULL)
		r->file->store->ops->close(r->file);
	crypto_stream_free(r->stream);
	free(r);
}
