#include "crypto/stream.h"

#include "crypto/kdf.h"
#include "crypto/openssl.h"
#include "crypto/stream_params.h"

#include <openssl/err.h>

#define NONCE       12
#define HEADER_MAX  CRYPTO_STREAM_HEADER
#define FORMAT_SIZE ((size_t)1) /* the header begins with its own length */

/*
 * Why the format holds (docs/sealed-object.md says it at length): K is fresh
 * for each stream, since the salt is random; in one stream the nonce names
 * the segment and whether it is the last, so that a segment moved, swapped,
 * dropped or cut off fails its tag; the associated data is in K, so that a
 * stream put in another's place fails all of them.
 */
struct crypto_stream {
	struct crypto_stream_params params;
	struct crypto_secret *key; /* K */
	uint8_t header[HEADER_MAX];
};

const struct crypto_stream_params crypto_stream_1mb = {
	.hash = CRYPTO_SHA256,
	.derived = CRYPTO_STREAM_KEY,
	.segment = CRYPTO_STREAM_SEGMENT,
};

/* Fresh, or the caller's, whose first byte must be its own length. */
static enum sp_code
take_header(const struct crypto_stream_params *p, const uint8_t *given,
    uint8_t out[static HEADER_MAX], struct sp_err *err)
{
	size_t len = crypto_stream_params_header(p);

	SP_REQUIRE(len <= HEADER_MAX);
	if (given == NULL) {
		out[0] = (uint8_t)len;
		crypto_random(out + FORMAT_SIZE, len - FORMAT_SIZE);
		return SP_OK;
	}
	if (given[0] != len)
		return sp_fail(err, SP_E_CORRUPT,
		    "a sealed stream begins with a wrong byte");
	memcpy(out, given, len);
	return SP_OK;
}

enum sp_code
crypto_stream_start_with(const struct crypto_stream_params *p,
    struct crypto_stream **out, struct crypto_secret *key,
    struct crypto_piece ad, const uint8_t *header, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET stream_key = crypto_secret_new(p->derived);
	struct crypto_stream made = { .params = *p };
	struct crypto_piece salt = { made.header + FORMAT_SIZE, p->derived };
	struct crypto_stream *s;

	if (stream_key == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a key");
	SP_TRY(take_header(p, header, made.header, err));
	SP_TRY(crypto_kdf_hkdf(p->hash, key, salt, ad, stream_key, err));
	s = malloc(sizeof(*s));
	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a stream");
	made.key = SP_STEAL(stream_key);
	*s = made;
	*out = s;
	return SP_OK;
}

static enum sp_code
start_1mb(struct crypto_stream **out, struct crypto_secret *key, const char *ad,
    const uint8_t *header, struct sp_err *err)
{
	size_t len = strlen(ad);

	if (crypto_secret_len(key) != CRYPTO_STREAM_KEY)
		return sp_fail(err, SP_E_INVALID, "a stream's key is %d bytes",
		    CRYPTO_STREAM_KEY);
	if (len > CRYPTO_STREAM_AD_MAX)
		return sp_fail(err, SP_E_LIMIT,
		    "associated data is over %d bytes", CRYPTO_STREAM_AD_MAX);
	return crypto_stream_start_with(&crypto_stream_1mb, out, key,
	    (struct crypto_piece){ ad, len }, header, err);
}

enum sp_code
crypto_stream_seal_new(struct crypto_stream **out, struct crypto_secret *key,
    const char *ad, struct sp_err *err)
{
	return start_1mb(out, key, ad, NULL, err);
}

enum sp_code
crypto_stream_open(struct crypto_stream **out, struct crypto_secret *key,
    const char *ad, const uint8_t header[static CRYPTO_STREAM_HEADER],
    struct sp_err *err)
{
	return start_1mb(out, key, ad, header, err);
}

void
crypto_stream_free(struct crypto_stream *s)
{
	if (s == NULL)
		return;
	crypto_secret_free(s->key);
	free(s);
}

void
crypto_stream_header(
    const struct crypto_stream *s, uint8_t out[static CRYPTO_STREAM_HEADER])
{
	memcpy(out, s->header, crypto_stream_params_header(&s->params));
}

static void
make_nonce(const struct crypto_stream *s, uint32_t index, bool last,
    uint8_t out[static NONCE])
{
	memcpy(out, s->header + FORMAT_SIZE + s->params.derived,
	    CRYPTO_STREAM_PREFIX);
	out[7] = (uint8_t)(index >> 24);
	out[8] = (uint8_t)(index >> 16);
	out[9] = (uint8_t)(index >> 8);
	out[10] = (uint8_t)index;
	out[11] = last ? 1 : 0;
}

/* Each plaintext has one shape: full segments, then one that is not empty,
 * unless it is the only one. */
static bool
shape_ok(const struct crypto_stream *s, uint32_t index, bool last, size_t len)
{
	uint64_t room = crypto_stream_room_with(&s->params, index);

	if (!last)
		return len == room;
	return len <= room && (len > 0 || index == 0);
}

/*
 * A context for one segment of one direction.  Making it costs a microsecond
 * and its end wipes the key schedule; against 300 us for a segment that is
 * cheaper than keeping keys in a pool.
 */
static EVP_CIPHER_CTX *
begin(const struct crypto_stream *s, uint32_t index, bool last, int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *gcm = crypto_openssl_cipher(s->params.derived == 16
		? CRYPTO_FETCH_AES_128_GCM
		: CRYPTO_FETCH_AES_256_GCM);
	uint8_t nonce[NONCE];

	make_nonce(s, index, last, nonce);
	if (ctx == NULL ||
	    EVP_CipherInit_ex2(ctx, gcm, crypto_secret_bytes(s->key), nonce,
		encrypt, NULL) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

/* One parameter too many: a struct of them would say no more. */
enum sp_code /* NOLINTNEXTLINE(readability-function-size) */
crypto_stream_seal(const struct crypto_stream *s, uint32_t index, bool last,
    const void *plain, size_t len, uint8_t *out, struct sp_err *err)
{
	SP_CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = NULL;
	int got = 0;
	int rest = 0;

	if (!shape_ok(s, index, last, len))
		return sp_fail(err, SP_E_INVALID,
		    "%zu bytes do not make segment %" PRIu32, len, index);
	ctx = begin(s, index, last, 1);
	if (ctx == NULL)
		return crypto_openssl_fail(err, "start AES-GCM");
	if ((len > 0 &&
		EVP_EncryptUpdate(ctx, out, &got, plain, (int)len) != 1) ||
	    EVP_EncryptFinal_ex(ctx, out + got, &rest) != 1 ||
	    EVP_CIPHER_CTX_ctrl(
		ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_STREAM_TAG, out + len) != 1)
		return crypto_openssl_fail(err, "seal a segment");
	SP_REQUIRE((size_t)got == len && rest == 0);
	return SP_OK;
}

static bool
open_segment(
    EVP_CIPHER_CTX *ctx, const uint8_t *sealed, size_t len, uint8_t *out)
{
	uint8_t tag[CRYPTO_STREAM_TAG];
	int got = 0;
	int rest = 0;

	memcpy(tag, sealed + len, sizeof(tag)); /* `out` may be `sealed` */
	return EVP_CIPHER_CTX_ctrl(
		   ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) == 1 &&
	    (len == 0 ||
		EVP_DecryptUpdate(ctx, out, &got, sealed, (int)len) == 1) &&
	    EVP_DecryptFinal_ex(ctx, out + got, &rest) == 1;
}

/* One parameter too many: a struct of them would say no more. */
enum sp_code /* NOLINTNEXTLINE(readability-function-size) */
crypto_stream_unseal(const struct crypto_stream *s, uint32_t index, bool last,
    const uint8_t *sealed, size_t len, void *out, struct sp_err *err)
{
	SP_CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = NULL;
	size_t plain;

	if (len < CRYPTO_STREAM_TAG ||
	    !shape_ok(s, index, last, len - CRYPTO_STREAM_TAG))
		return sp_fail(err, SP_E_CORRUPT,
		    "%zu bytes are no segment %" PRIu32, len, index);
	plain = len - CRYPTO_STREAM_TAG;
	ctx = begin(s, index, last, 0);
	if (ctx == NULL)
		return crypto_openssl_fail(err, "start AES-GCM");
	if (!open_segment(ctx, sealed, plain, out)) {
		explicit_bzero(out, plain);
		ERR_clear_error();
		return sp_fail(err, SP_E_CORRUPT,
		    "segment %" PRIu32 " fails its tag", index);
	}
	return SP_OK;
}

uint64_t
crypto_stream_room_with(const struct crypto_stream_params *p, uint32_t index)
{
	uint64_t rest = p->segment - CRYPTO_STREAM_TAG;

	return index == 0 ? rest - crypto_stream_params_header(p) : rest;
}

uint64_t
crypto_stream_room(uint32_t index)
{
	return crypto_stream_room_with(&crypto_stream_1mb, index);
}

void
crypto_stream_locate(uint64_t offset, uint32_t *index, uint64_t *within)
{
	SP_REQUIRE(offset <= CRYPTO_STREAM_MAX);
	if (offset < CRYPTO_STREAM_FIRST) {
		*index = 0;
		*within = offset;
		return;
	}
	offset -= CRYPTO_STREAM_FIRST;
	*index = (uint32_t)(offset / CRYPTO_STREAM_REST) + 1;
	*within = offset % CRYPTO_STREAM_REST;
}

uint64_t
crypto_stream_start(uint32_t index)
{
	if (index == 0)
		return 0;
	return CRYPTO_STREAM_FIRST + (index - 1) * CRYPTO_STREAM_REST;
}

uint32_t
crypto_stream_segments(uint64_t plain)
{
	SP_REQUIRE(plain <= CRYPTO_STREAM_MAX);
	if (plain <= CRYPTO_STREAM_FIRST)
		return 1;
	plain -= CRYPTO_STREAM_FIRST;
	return 1 +
	    (uint32_t)((plain + CRYPTO_STREAM_REST - 1) / CRYPTO_STREAM_REST);
}

uint64_t
crypto_stream_sealed_size(uint64_t plain)
{
	return CRYPTO_STREAM_HEADER + plain +
	    (uint64_t)crypto_stream_segments(plain) * CRYPTO_STREAM_TAG;
}

enum sp_code
crypto_stream_seal_whole(struct crypto_secret *key, const char *ad,
    const void *plain, size_t len, struct sp_buf *out, struct sp_err *err)
{
	CRYPTO_AUTO_STREAM s = NULL;
	size_t before = out->len;
	enum sp_code code;
	uint8_t *at;

	if (len > CRYPTO_STREAM_FIRST)
		return sp_fail(
		    err, SP_E_LIMIT, "%zu bytes are over a small message", len);
	SP_TRY(crypto_stream_seal_new(&s, key, ad, err));
	at = sp_buf_extend(out, CRYPTO_STREAM_HEADER + len + CRYPTO_STREAM_TAG);
	if (at == NULL)
		return sp_buf_check(out, "a sealed message", err);
	crypto_stream_header(s, at);
	code = crypto_stream_seal(
	    s, 0, true, plain, len, at + CRYPTO_STREAM_HEADER, err);
	if (code != SP_OK)
		sp_buf_cut(out, before);
	return code;
}

enum sp_code
crypto_stream_open_whole(struct crypto_secret *key, const char *ad,
    const void *sealed, size_t len, struct sp_buf *out, struct sp_err *err)
{
	const size_t least = CRYPTO_STREAM_HEADER + CRYPTO_STREAM_TAG;
	CRYPTO_AUTO_STREAM s = NULL;
	const uint8_t *in = sealed;
	size_t before = out->len;
	enum sp_code code;
	uint8_t *at;

	if (len < least || len > CRYPTO_STREAM_SEGMENT)
		return sp_fail(
		    err, SP_E_CORRUPT, "%zu bytes are no sealed message", len);
	SP_TRY(crypto_stream_open(&s, key, ad, in, err));
	at = sp_buf_extend(out, len - least);
	if (at == NULL)
		return sp_buf_check(out, "an opened message", err);
	code = crypto_stream_unseal(s, 0, true, in + CRYPTO_STREAM_HEADER,
	    len - CRYPTO_STREAM_HEADER, at, err);
	if (code != SP_OK)
		sp_buf_cut(out, before);
	return code;
}
