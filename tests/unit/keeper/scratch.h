#ifndef KEEPER_SCRATCH_H
#define KEEPER_SCRATCH_H

#include "base/id.h"
#include "crypto/provider.h"
#include "crypto/secret.h"
#include "keeper/spawn.h"
#include "tap.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A folder for a site that is only a keeper, and the secret that opens it. */
struct scratch {
	char dir[64];
	struct crypto_secret *unlock;
};

static inline int
scratch_remove(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static inline struct scratch
scratch_empty(void)
{
	struct scratch s = { .dir = "/tmp/sallyport-keeper-XXXXXX" };

	CHECK(mkdtemp(s.dir) != NULL);
	s.unlock = crypto_secret_from("correct horse battery", 21);
	CHECK(s.unlock != NULL);
	return s;
}

static inline struct scratch
scratch_new(void)
{
	struct scratch s = scratch_empty();
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(keeper_init(s.dir, s.unlock, &err), &err);
	return s;
}

static inline void
scratch_done(struct scratch *s)
{
	CHECK(nftw(s->dir, scratch_remove, 16, FTW_DEPTH | FTW_PHYS) == 0);
	crypto_secret_free(s->unlock);
}

static inline void
scratch_path(const struct scratch *s, const char *name, char out[static 160])
{
	CHECK(snprintf(out, 160, "%s/keeper/%s", s->dir, name) < 160);
}

static inline void
scratch_keys_path(
    const struct scratch *s, const struct sp_id *agency, char out[static 160])
{
	char id[SP_ID_TEXT];
	char name[SP_ID_TEXT + 8];

	sp_id_text(agency, id);
	CHECK(snprintf(name, sizeof(name), "%s.keys", id) > 0);
	scratch_path(s, name, out);
}

/* Every byte is `b`: what a failing call must leave alone. */
static inline bool
all_bytes(const void *at, size_t len, uint8_t b)
{
	const uint8_t *p = at;

	for (size_t i = 0; i < len; i++)
		if (p[i] != b)
			return false;
	return true;
}

static inline void
scratch_provider(void)
{
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(crypto_provider_open("", &err), &err);
}

#endif
