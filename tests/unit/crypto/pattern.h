#ifndef CRYPTO_TEST_PATTERN_H
#define CRYPTO_TEST_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* Plaintext that no two places of a stream have alike; the independent reader
 * (tests/system/sealed_stream.test.mjs) makes the same. */
static inline void
pattern(uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)((i * 7) ^ (i >> 8) ^ (i >> 16));
}

#endif
