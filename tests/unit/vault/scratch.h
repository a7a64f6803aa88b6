#ifndef VAULT_SCRATCH_H
#define VAULT_SCRATCH_H

#include "tap.h"

#include <ftw.h>
#include <unistd.h>

/* Folders for a test program's files: on a disk, where direct writes are, and
 * in memory.  scratch_remove() when all went well. */
static char scratch_path[2][64];

static inline int
scratch_remove_one(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
scratch_remove(void)
{
	for (size_t i = 0; i < 2; i++)
		if (*scratch_path[i] != 0)
			(void)nftw(scratch_path[i], scratch_remove_one, 16,
			    FTW_DEPTH | FTW_PHYS);
}

static inline const char *
scratch(bool in_memory)
{
	char *path = scratch_path[in_memory];

	if (*path == 0) {
		(void)snprintf(path, sizeof(scratch_path[0]), "%s",
		    in_memory ? "/dev/shm/sallyport-test-XXXXXX"
			      : "/var/tmp/sallyport-test-XXXXXX");
		CHECK(mkdtemp(path) != NULL);
	}
	return path;
}

#endif
