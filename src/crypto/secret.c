#include "crypto/secret.h"

#include "crypto/openssl.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

/*
 * Keys are small and there may be ten thousand at once (one a running
 * upload), while the kernel locks whole pages and grants a plain user 8 MiB
 * of them.  So secrets of up to SLOT bytes share arenas of locked memory,
 * with a page out of bounds on either side; a larger one has a mapping of its
 * own of the same kind.  The handle lies on the heap, because memory that is
 * wiped on fork would lose its own bookkeeping in the child.
 *
 * Where the limit on locked memory is reached, a secret is made all the same,
 * unlocked (it could then reach the swap device, never a core dump), and
 * counted: crypto_secret_unlocked() lets the edge say so.
 */
#define SLOT        64
#define ARENA_SLOTS 1024
#define ARENA_BYTES ((size_t)SLOT * ARENA_SLOTS)
#define GUARD       ((size_t)4096)

struct arena {
	struct arena *next;
	uint8_t *bytes;
	unsigned free_count;
	uint16_t free_slot[ARENA_SLOTS]; /* a stack of free_count numbers */
};

struct crypto_secret {
	struct arena *arena; /* NULL: a mapping of its own */
	uint8_t *bytes;
	size_t len;
};

/* Arenas are kept once made: their number is bounded by the most secrets that
 * were ever alive together. */
static struct arena *arenas;
static pthread_mutex_t arenas_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic size_t unlocked_bytes;

/* Locked, zeroed memory between two guard pages.  `len` is whole pages. */
static uint8_t *
map(size_t len)
{
	size_t whole;
	uint8_t *at;

	if (__builtin_add_overflow(len, 2 * GUARD, &whole))
		return NULL;
	at = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	if (mprotect(at + GUARD, len, PROT_READ | PROT_WRITE) != 0 ||
	    madvise(at + GUARD, len, MADV_DONTDUMP) != 0 ||
	    madvise(at + GUARD, len, MADV_WIPEONFORK) != 0) {
		(void)munmap(at, whole);
		return NULL;
	}
	if (mlock(at + GUARD, len) != 0)
		atomic_fetch_add(&unlocked_bytes, len);
	return at + GUARD;
}

static size_t
whole_pages(size_t len)
{
	return len / GUARD * GUARD + (len % GUARD == 0 ? 0 : GUARD);
}

static struct arena *
arena_new(void)
{
	struct arena *a = malloc(sizeof(*a));

	if (a == NULL)
		return NULL;
	a->bytes = map(ARENA_BYTES);
	if (a->bytes == NULL) {
		free(a);
		return NULL;
	}
	a->next = arenas;
	a->free_count = ARENA_SLOTS;
	for (unsigned i = 0; i < ARENA_SLOTS; i++)
		a->free_slot[i] = (uint16_t)(ARENA_SLOTS - 1 - i);
	arenas = a;
	return a;
}

static bool
take_slot(struct crypto_secret *s)
{
	struct arena *a;

	SP_REQUIRE(pthread_mutex_lock(&arenas_lock) == 0);
	for (a = arenas; a != NULL && a->free_count == 0;)
		a = a->next;
	if (a == NULL)
		a = arena_new();
	if (a != NULL) {
		s->arena = a;
		s->bytes =
		    a->bytes + (size_t)a->free_slot[--a->free_count] * SLOT;
	}
	SP_REQUIRE(pthread_mutex_unlock(&arenas_lock) == 0);
	return a != NULL;
}

static void
give_slot(struct crypto_secret *s)
{
	struct arena *a = s->arena;
	size_t slot = (size_t)(s->bytes - a->bytes) / SLOT;

	explicit_bzero(s->bytes, SLOT);
	SP_REQUIRE(pthread_mutex_lock(&arenas_lock) == 0);
	SP_REQUIRE(a->free_count < ARENA_SLOTS);
	a->free_slot[a->free_count++] = (uint16_t)slot;
	SP_REQUIRE(pthread_mutex_unlock(&arenas_lock) == 0);
}

struct crypto_secret *
crypto_secret_new(size_t len)
{
	struct crypto_secret *s;

	if (len > CRYPTO_SECRET_MAX)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->len = len;
	if (len > SLOT)
		s->bytes = map(whole_pages(len));
	if (len > SLOT ? s->bytes == NULL : !take_slot(s)) {
		free(s);
		return NULL;
	}
	return s;
}

struct crypto_secret *
crypto_secret_from(const void *bytes, size_t len)
{
	struct crypto_secret *s = crypto_secret_new(len);

	if (s != NULL && len > 0)
		memcpy(s->bytes, bytes, len);
	return s;
}

struct crypto_secret *
crypto_secret_random(size_t len)
{
	struct crypto_secret *s = crypto_secret_new(len);

	if (s != NULL)
		SP_REQUIRE(RAND_priv_bytes_ex(crypto_openssl_context(),
			       s->bytes, len, 0) == 1);
	return s;
}

uint8_t *
crypto_secret_bytes(struct crypto_secret *s)
{
	return s->bytes;
}

size_t
crypto_secret_len(const struct crypto_secret *s)
{
	return s->len;
}

void
crypto_secret_free(struct crypto_secret *s)
{
	size_t len;

	if (s == NULL)
		return;
	if (s->arena != NULL) {
		give_slot(s);
	} else {
		len = whole_pages(s->len);
		explicit_bzero(s->bytes, len);
		(void)munmap(s->bytes - GUARD, len + 2 * GUARD);
	}
	free(s);
}

size_t
crypto_secret_unlocked(void)
{
	return atomic_load(&unlocked_bytes);
}

bool
crypto_bytes_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
crypto_random(void *out, size_t len)
{
	SP_REQUIRE(RAND_bytes_ex(crypto_openssl_context(), out, len, 0) == 1);
}

void
crypto_wipe_run(struct crypto_wipe *w)
{
	explicit_bzero(w->at, w->len);
}
