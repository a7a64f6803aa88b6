#ifndef DB_SCRATCH_H
#define DB_SCRATCH_H

#include "tap.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A folder for a test program's files, removed when it ends well. */
static char scratch_path[64];
static pid_t scratch_owner;

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
	if (getpid() == scratch_owner)
		(void)nftw(
		    scratch_path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *
scratch_make(void)
{
	(void)snprintf(scratch_path, sizeof(scratch_path), "%s",
	    "/tmp/sallyport-test-XXXXXX");
	CHECK(mkdtemp(scratch_path) != NULL);
	scratch_owner = getpid();
	CHECK(atexit(scratch_remove) == 0);
	return scratch_path;
}

#endif
