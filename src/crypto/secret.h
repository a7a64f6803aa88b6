#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include "base/err.h"

/*
 * Key material: locked in memory, kept out of core dumps, zero in a child
 * after fork, wiped on free.  Any thread may make and free secrets; the bytes
 * of one are its owner's to guard.  NULL: no memory, or over the maximum.
 */
#define CRYPTO_SECRET_MAX ((size_t)1 << 20)
struct crypto_secret;

struct crypto_secret *crypto_secret_new(size_t len) SP_MUST_USE; /* zeroed */
struct crypto_secret *crypto_secret_from(
    const void *bytes, size_t len) SP_MUST_USE;
struct crypto_secret *crypto_secret_random(size_t len) SP_MUST_USE;
uint8_t *crypto_secret_bytes(struct crypto_secret *s);
size_t crypto_secret_len(const struct crypto_secret *s);
void crypto_secret_free(struct crypto_secret *s); /* NULL is a no-op */
/* Bytes of secrets' memory that the kernel would not lock (RLIMIT_MEMLOCK):
 * worth a warning from the edge; 0 when all is well. */
size_t crypto_secret_unlocked(void);
/* In constant time. */
bool crypto_bytes_equal(const void *a, const void *b, size_t len);
/* From the provider's DRBG; aborts if it has none to give. */
void crypto_random(void *out, size_t len);

static inline void
crypto_secret_freep(struct crypto_secret **s)
{
	crypto_secret_free(*s);
}
#define CRYPTO_AUTO_SECRET                                                     \
	SP_CLEANUP(crypto_secret_freep) struct crypto_secret *

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
