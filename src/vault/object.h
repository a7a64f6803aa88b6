#ifndef VAULT_OBJECT_H
#define VAULT_OBJECT_H

#include "base/buf.h"
#include "base/id.h"
#include "crypto/stream.h"
#include "vault/pool.h"
#include "vault/store.h"

/*
 * One sealed object: where it lies, its key, and the names that its bytes are
 * bound to (docs/sealed-object.md).  What sealing and reading share.
 */
struct vault_object {
	struct vault_store *store; /* borrowed, as is pool */
	struct vault_pool *pool;
	struct crypto_secret *key; /* 32 bytes, borrowed for the call */
	struct sp_id agency;
	struct sp_id id;
};

/* Most bytes of a sealed tail: a whole segment's plaintext, sealed again. */
#define VAULT_TAIL_MAX                                                         \
	(VAULT_SEGMENT + CRYPTO_STREAM_HEADER + CRYPTO_STREAM_TAG)

/* "sallyport/object/1\n<agency>\n<object>\n" */
#define VAULT_OBJECT_AD 96
void vault_object_ad(const struct vault_object *o, char out[VAULT_OBJECT_AD]);

/*
 * A tail: the bytes that end at `offset` and began with their segment, sealed
 * as a stream of its own under the object's DEK, with the associated data
 * "sallyport/tail/1\n<agency>\n<object>\n<offset>\n".  Any number may be made
 * at one offset: each has a key of its own.
 */
/* Appends to `out`, which is as it was on failure. */
enum sp_code vault_object_tail_seal(const struct vault_object *o,
    uint64_t offset, const uint8_t *plain, size_t len, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
struct vault_tail {
	uint64_t offset;
	const void *sealed;
	size_t len;
};
/* `out` has room for exactly the `want` bytes that the tail must hold.  A
 * tail of another length, object or offset, or a changed one: SP_E_CORRUPT,
 * and `out` holds nothing of it. */
enum sp_code vault_object_tail_open(const struct vault_object *o,
    const struct vault_tail *tail, uint8_t *out, size_t want,
    struct sp_err *err) SP_MUST_USE;

/*
 * How the plaintext bytes [0, offset) of an unfinished object lie: `full`
 * segments in the staged file, the rest in the tail.  The segment that ends
 * at `offset` is the tail's even when it is full, unless there is no tail
 * (vault_seal_salvage stops between two segments).
 */
struct vault_cut {
	uint32_t full;   /* segments in the file */
	uint64_t stored; /* their bytes in the file */
	size_t tail;     /* plaintext bytes in the tail */
};
/* SP_E_CORRUPT when no seal ever rests so. */
enum sp_code vault_object_cut(uint64_t offset, bool with_tail,
    struct vault_cut *out, struct sp_err *err) SP_MUST_USE;

/* Open the stream of an object by the header in its file. */
enum sp_code vault_object_stream(const struct vault_object *o,
    struct vault_file *f, struct crypto_stream **out,
    struct sp_err *err) SP_MUST_USE;

/*
 * Read a segment into `buf` (VAULT_SEGMENT bytes, aligned) and open it there;
 * on failure `buf` holds no plaintext.
 */
struct vault_segment {
	uint32_t index;
	bool last;
	size_t sealed; /* its bytes in the file; the first's with the header */
};
struct vault_plain {
	const uint8_t *at; /* in buf */
	size_t len;
};
enum sp_code vault_object_load(struct vault_file *f,
    const struct crypto_stream *stream, const struct vault_segment *seg,
    uint8_t *buf, struct vault_plain *out, struct sp_err *err) SP_MUST_USE;

#endif
