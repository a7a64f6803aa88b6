#ifndef CRYPTO_TEST_VECTORS_H
#define CRYPTO_TEST_VECTORS_H

#include "base/encode.h"
#include "crypto/provider.h"
#include "crypto/secret.h"
#include "tap.h"

/* What the crypto tests share: bytes written as hex, and the start. */

struct bytes {
	uint8_t at[600];
	size_t len;
};

static inline struct bytes
unhex(const char *text)
{
	struct bytes b = { .len = strlen(text) / 2 };

	CHECK(b.len <= sizeof(b.at));
	CHECK(sp_hex_parse(text, strlen(text), b.at, b.len));
	return b;
}

static inline struct crypto_secret *
secret_of(const char *hex)
{
	struct bytes b = unhex(hex);
	struct crypto_secret *s = crypto_secret_from(b.at, b.len);

	CHECK(s != NULL);
	return s;
}

static inline bool
equals_hex(const void *at, size_t len, const char *hex)
{
	struct bytes b = unhex(hex);

	return b.len == len && memcmp(at, b.at, len) == 0;
}

static inline void
open_provider(void)
{
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
}

#endif
