#include "vault/object.h"

#include <inttypes.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

/* "sallyport/tail/1\n", two ids, an offset, and a LF after each. */
#define TAIL_AD 128

void
vault_object_ad(const struct vault_object *o, char out[VAULT_OBJECT_AD])
{
	char agency[SP_ID_TEXT], id[SP_ID_TEXT];

	sp_id_text(&o->agency, agency);
	sp_id_text(&o->id, id);
	(void)snprintf(
	    out, VAULT_OBJECT_AD, "sallyport/object/1\n%s\n%s\n", agency, id);
}

static void
tail_ad(const struct vault_object *o, uint64_t offset, char out[TAIL_AD])
{
	char agency[SP_ID_TEXT], id[SP_ID_TEXT];

	sp_id_text(&o->agency, agency);
	sp_id_text(&o->id, id);
	(void)snprintf(out, TAIL_AD, "sallyport/tail/1\n%s\n%s\n%" PRIu64 "\n",
	    agency, id, offset);
}

/* ---- Tails: a stream of one segment, or two when the tail is a whole
 * segment that is longer than a stream's first may be. ---- */

static enum sp_code
seal_pieces(const struct crypto_stream *stream, const uint8_t *plain,
    size_t len, uint8_t *out, struct sp_err *err)
{
	size_t first = len < CRYPTO_STREAM_FIRST ? len : CRYPTO_STREAM_FIRST;

	crypto_stream_header(stream, out);
	out += CRYPTO_STREAM_HEADER;
	SP_TRY(crypto_stream_seal(
	    stream, 0, first == len, plain, first, out, err));
	if (first == len)
		return SP_OK;
	out += first + CRYPTO_STREAM_TAG;
	return crypto_stream_seal(
	    stream, 1, true, plain + first, len - first, out, err);
}

enum sp_code
vault_object_tail_seal(const struct vault_object *o, uint64_t offset,
    const uint8_t *plain, size_t len, struct sp_buf *out, struct sp_err *err)
{
	CRYPTO_AUTO_STREAM stream = NULL;
	char ad[TAIL_AD];
	size_t before = out->len;
	uint8_t *at;
	enum sp_code code;

	SP_REQUIRE(len > 0 && len <= CRYPTO_STREAM_REST);
	SP_TRY(sp_buf_check(out, "a tail", err));
	if (crypto_stream_sealed_size(len) > out->max - out->len)
		return sp_fail(err, SP_E_LIMIT, "no room for a sealed tail");
	tail_ad(o, offset, ad);
	SP_TRY(crypto_stream_seal_new(&stream, o->key, ad, err));
	at = sp_buf_extend(out, crypto_stream_sealed_size(len));
	if (at == NULL) {
		out->bad = SP_OK;
		return sp_fail(err, SP_E_NOMEM, "no memory for a sealed tail");
	}
	code = seal_pieces(stream, plain, len, at, err);
	if (code != SP_OK)
		sp_buf_cut(out, before);
	return code;
}

static enum sp_code
open_pieces(const struct crypto_stream *stream, const uint8_t *tail,
    uint8_t *out, size_t len, struct sp_err *err)
{
	size_t first = len < CRYPTO_STREAM_FIRST ? len : CRYPTO_STREAM_FIRST;
	enum sp_code code;

	SP_TRY(crypto_stream_unseal(stream, 0, first == len, tail,
	    first + CRYPTO_STREAM_TAG, out, err));
	if (first == len)
		return SP_OK;
	code = crypto_stream_unseal(stream, 1, true,
	    tail + first + CRYPTO_STREAM_TAG, len - first + CRYPTO_STREAM_TAG,
	    out + first, err);
	if (code != SP_OK)
		explicit_bzero(out, first);
	return code;
}

enum sp_code
vault_object_tail_open(const struct vault_object *o,
    const struct vault_tail *tail, uint8_t *out, size_t want,
    struct sp_err *err)
{
	CRYPTO_AUTO_STREAM stream = NULL;
	char ad[TAIL_AD];

	SP_REQUIRE(want > 0 && want <= CRYPTO_STREAM_REST);
	if (tail->len != crypto_stream_sealed_size(want))
		return sp_fail(err, SP_E_CORRUPT,
		    "a tail of %zu bytes where %zu are to be in it", tail->len,
		    want);
	tail_ad(o, tail->offset, ad);
	SP_TRY(crypto_stream_open(&stream, o->key, ad, tail->sealed, err));
	return open_pieces(stream,
	    (const uint8_t *)tail->sealed + CRYPTO_STREAM_HEADER, out, want,
	    err);
}

/* ---- Segments in a file ---- */

enum sp_code
vault_object_cut(
    uint64_t offset, bool with_tail, struct vault_cut *out, struct sp_err *err)
{
	uint64_t within = 0;
	uint32_t full = 0;

	if (offset > CRYPTO_STREAM_MAX)
		return sp_fail(err, SP_E_CORRUPT,
		    "no object has %" PRIu64 " bytes", offset);
	if (with_tail && offset > 0) {
		crypto_stream_locate(offset - 1, &full, &within);
		within++;
	} else if (offset > 0) {
		crypto_stream_locate(offset, &full, &within);
	}
	if ((within > 0) != with_tail)
		return sp_fail(err, SP_E_CORRUPT,
		    with_tail ? "a tail at offset 0"
			      : "no tail at offset %" PRIu64,
		    offset);
	*out = (struct vault_cut){
		.full = full,
		.stored = (uint64_t)full * VAULT_SEGMENT,
		.tail = (size_t)within,
	};
	return SP_OK;
}

enum sp_code
vault_object_stream(const struct vault_object *o, struct vault_file *f,
    struct crypto_stream **out, struct sp_err *err)
{
	alignas(VAULT_ALIGN) uint8_t block[VAULT_ALIGN];
	char ad[VAULT_OBJECT_AD];
	size_t got;

	SP_TRY(o->store->ops->read(f, 0, block, sizeof(block), &got, err));
	if (got < CRYPTO_STREAM_HEADER)
		return sp_fail(err, SP_E_CORRUPT, "the object has no header");
	vault_object_ad(o, ad);
	return crypto_stream_open(out, o->key, ad, block, err);
}

enum sp_code
vault_object_load(struct vault_file *f, const struct crypto_stream *stream,
    const struct vault_segment *seg, uint8_t *buf, struct vault_plain *out,
    struct sp_err *err)
{
	size_t head = seg->index == 0 ? CRYPTO_STREAM_HEADER : 0;
	size_t whole = (seg->sealed + VAULT_ALIGN - 1) & ~(VAULT_ALIGN - 1);
	size_t got;

	SP_REQUIRE(seg->sealed >= head + CRYPTO_STREAM_TAG &&
	    seg->sealed <= VAULT_SEGMENT);
	SP_TRY(f->store->ops->read(
	    f, (uint64_t)seg->index * VAULT_SEGMENT, buf, whole, &got, err));
	if (got < seg->sealed)
		return sp_fail(err, SP_E_CORRUPT,
		    "segment %" PRIu32 " is cut short", seg->index);
	SP_TRY(crypto_stream_unseal(stream, seg->index, seg->last, buf + head,
	    seg->sealed - head, buf + head, err));
	*out = (struct vault_plain){
		.at = buf + head,
		.len = seg->sealed - head - CRYPTO_STREAM_TAG,
	};
	return SP_OK;
}
