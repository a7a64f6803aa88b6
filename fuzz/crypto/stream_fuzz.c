#include "crypto/provider.h"
#include "crypto/stream_params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A hostile file in small segments.  The fuzzer has the key (a fixed one), so
 * that it gets past the tags: bytes that do not open are sealed in place, and
 * must then open to the same.
 */
static const struct crypto_stream_params small = { CRYPTO_SHA256, 32, 128 };

static void
one(const struct crypto_stream *s, uint32_t index, bool last,
    const uint8_t *sealed, size_t len)
{
	uint8_t plain[128], again[144];

	memset(plain, 0xEE, sizeof(plain));
	if (crypto_stream_unseal(s, index, last, sealed, len, plain, NULL) ==
	    SP_OK) {
		SP_REQUIRE(crypto_stream_seal(s, index, last, plain,
			       len - CRYPTO_STREAM_TAG, again, NULL) == SP_OK);
		SP_REQUIRE(memcmp(again, sealed, len) == 0);
		return;
	}
	if (len > sizeof(plain) ||
	    crypto_stream_seal(s, index, last, sealed, len, again, NULL) !=
		SP_OK)
		return;
	SP_REQUIRE(crypto_stream_unseal(s, index, last, again,
		       len + CRYPTO_STREAM_TAG, plain, NULL) == SP_OK);
	SP_REQUIRE(memcmp(plain, sealed, len) == 0);
}

static void
in_small_segments(struct crypto_secret *key, const uint8_t *data, size_t size)
{
	CRYPTO_AUTO_STREAM s = NULL;
	struct crypto_piece ad = { "fuzz", 4 };
	size_t at = CRYPTO_STREAM_HEADER;

	if (size < at ||
	    crypto_stream_start_with(&small, &s, key, ad, data, NULL) != SP_OK)
		return;
	for (uint32_t i = 0; at < size; i++) {
		size_t n = size - at < 128 ? size - at : 128;

		one(s, i, at + n == size, data + at, n);
		at += n;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t fixed[CRYPTO_STREAM_KEY] = { 1, 2, 3 };
	static bool open;
	CRYPTO_AUTO_SECRET key = NULL;
	SP_AUTO_BUF out = sp_buf_new(CRYPTO_STREAM_FIRST);

	if (!open)
		SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	open = true;
	key = crypto_secret_from(fixed, sizeof(fixed));
	SP_REQUIRE(key != NULL);
	if (crypto_stream_open_whole(key, "fuzz", data, size, &out, NULL) !=
	    SP_OK)
		SP_REQUIRE(out.len == 0);
	in_small_segments(key, data, size);
	return 0;
}
