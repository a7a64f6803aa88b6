#include "crypto/digest.h"

#include "crypto/openssl.h"

#include <pthread.h>

static const struct {
	const char *name;
	size_t len;
} kinds[] = {
#define X(id, text, bytes) [id] = { text, bytes },
	CRYPTO_DIGESTS(X)
#undef X
};

struct crypto_digest {
	enum crypto_digest_kind kind;
	EVP_MD_CTX *ctx;
};

const char *
crypto_digest_name(enum crypto_digest_kind kind)
{
	SP_REQUIRE((size_t)kind < SP_COUNTOF(kinds));
	return kinds[kind].name;
}

size_t
crypto_digest_len(enum crypto_digest_kind kind)
{
	SP_REQUIRE((size_t)kind < SP_COUNTOF(kinds));
	return kinds[kind].len;
}

bool
crypto_digest_parse(const char *s, size_t len, enum crypto_digest_kind *out)
{
	for (unsigned i = 0; i < CRYPTO_DIGEST_COUNT; i++) {
		if (strlen(kinds[i].name) == len &&
		    memcmp(s, kinds[i].name, len) == 0) {
			*out = (enum crypto_digest_kind)i;
			return true;
		}
	}
	return false;
}

/*
 * A thread keeps two contexts: one on SHA-256, begun again for each one-shot
 * hash, because making one costs more than hashing a tree node with it, and
 * one to finish copies in.
 */
struct contexts {
	EVP_MD_CTX *sha256;
	EVP_MD_CTX *copy;
};
static _Thread_local struct contexts *mine;
static pthread_key_t mine_key;
static pthread_once_t mine_once = PTHREAD_ONCE_INIT;

static void
free_contexts(void *p)
{
	struct contexts *c = p;

	EVP_MD_CTX_free(c->sha256);
	EVP_MD_CTX_free(c->copy);
	free(c);
	mine = NULL;
}

static void
make_key(void)
{
	SP_REQUIRE(pthread_key_create(&mine_key, free_contexts) == 0);
}

/* A few hundred bytes a thread, once: without them nothing can be hashed, so
 * that a failure here ends the process as a failed stack would. */
static struct contexts *
contexts(void)
{
	struct contexts *c = mine;

	if (c != NULL)
		return c;
	SP_REQUIRE(pthread_once(&mine_once, make_key) == 0);
	c = calloc(1, sizeof(*c));
	SP_REQUIRE(c != NULL);
	c->sha256 = EVP_MD_CTX_new();
	c->copy = EVP_MD_CTX_new();
	SP_REQUIRE(c->sha256 != NULL && c->copy != NULL);
	SP_REQUIRE(EVP_DigestInit_ex2(
		       c->sha256, crypto_openssl_md(CRYPTO_SHA256), NULL) == 1);
	SP_REQUIRE(pthread_setspecific(mine_key, c) == 0);
	mine = c;
	return c;
}

struct crypto_digest *
crypto_digest_new(enum crypto_digest_kind kind)
{
	struct crypto_digest *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->kind = kind;
	d->ctx = EVP_MD_CTX_new();
	if (d->ctx == NULL ||
	    EVP_DigestInit_ex2(d->ctx, crypto_openssl_md(kind), NULL) != 1) {
		crypto_digest_free(d);
		return NULL;
	}
	return d;
}

struct crypto_digest *
crypto_digest_copy(const struct crypto_digest *d)
{
	struct crypto_digest *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->kind = d->kind;
	c->ctx = EVP_MD_CTX_new();
	if (c->ctx == NULL || EVP_MD_CTX_copy_ex(c->ctx, d->ctx) != 1) {
		crypto_digest_free(c);
		return NULL;
	}
	return c;
}

void
crypto_digest_add(struct crypto_digest *d, const void *bytes, size_t len)
{
	SP_REQUIRE(EVP_DigestUpdate(d->ctx, bytes, len) == 1);
}

void
crypto_digest_get(const struct crypto_digest *d, uint8_t *out)
{
	EVP_MD_CTX *copy = contexts()->copy;

	SP_REQUIRE(EVP_MD_CTX_copy_ex(copy, d->ctx) == 1);
	SP_REQUIRE(EVP_DigestFinal_ex(copy, out, NULL) == 1);
}

void
crypto_digest_free(struct crypto_digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

void
crypto_sha256_of(const struct crypto_piece *piece, size_t n,
    uint8_t out[static CRYPTO_SHA256_LEN])
{
	EVP_MD_CTX *ctx = contexts()->sha256;

	SP_REQUIRE(EVP_DigestInit_ex2(ctx, NULL, NULL) == 1);
	for (size_t i = 0; i < n; i++)
		SP_REQUIRE(
		    EVP_DigestUpdate(ctx, piece[i].at, piece[i].len) == 1);
	SP_REQUIRE(EVP_DigestFinal_ex(ctx, out, NULL) == 1);
}

void
crypto_sha256(
    const void *bytes, size_t len, uint8_t out[static CRYPTO_SHA256_LEN])
{
	struct crypto_piece piece = { bytes, len };

	crypto_sha256_of(&piece, 1, out);
}
