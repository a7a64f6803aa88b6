#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include "base/err.h"

/* Key material: locked, kept out of core dumps, wiped on fork and on free. */
struct crypto_secret;

struct crypto_secret *crypto_secret_new(size_t len) SP_MUST_USE; /* zeroed */
struct crypto_secret *crypto_secret_from(
    const void *bytes, size_t len) SP_MUST_USE;
struct crypto_secret *crypto_secret_random(size_t len) SP_MUST_USE;
uint8_t *crypto_secret_bytes(struct crypto_secret *s);
size_t crypto_secret_len(const struct crypto_secret *s);
void crypto_secret_free(struct crypto_secret *s); /* NULL is a no-op */
/* In constant time. */
bool crypto_bytes_equal(const void *a, const void *b, size_t len);
/* From the provider's DRBG; aborts if it has none to give. */
void crypto_random(void *out, size_t len);

static inline void
crypto_secret_freep(struct crypto_secret **s)
{
	crypto_secret_free(*s);
}
#define CRYPTO_AUTO_SECRET SP_CLEANUP(crypto_secret_freep) struct crypto_secret *

/* Wipe a stack object when its scope ends, on every path out of it. */
struct crypto_wipe {
	void *at;
	size_t len;
};
void crypto_wipe_run(struct crypto_wipe *w);
#define CRYPTO_WIPE_ON_EXIT(obj)                                               \
	SP_CLEANUP(crypto_wipe_run)                                            \
	__attribute__((unused)) struct crypto_wipe wipe_##obj = { &(obj),      \
		sizeof(obj) }

#endif
