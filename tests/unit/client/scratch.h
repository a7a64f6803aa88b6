#ifndef SCRATCH_H
#define SCRATCH_H

#include "base/base.h"
#include "tap.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder for one test program, which HOME and the XDG folders point into;
 * removed by scratch_done. */
static char scratch_dir[64];

static inline void
scratch_make(void)
{
	(void)snprintf(
	    scratch_dir, sizeof(scratch_dir), "/tmp/sallyport-cmd-XXXXXX");
	CHECK(mkdtemp(scratch_dir) != NULL);
	CHECK(setenv("HOME", scratch_dir, 1) == 0);
	CHECK(unsetenv("XDG_CONFIG_HOME") == 0);
	CHECK(unsetenv("XDG_STATE_HOME") == 0);
	CHECK(unsetenv("SALLYPORT_SITE") == 0);
	CHECK(unsetenv("SALLYPORT_CA") == 0);
	CHECK(unsetenv("SALLYPORT_AGENCY") == 0);
	CHECK(unsetenv("SALLYPORT_TOKEN") == 0);
}

static int
scratch_remove(
    const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void
scratch_done(void)
{
	CHECK(nftw(scratch_dir, scratch_remove, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

/* scratch_dir/name; good until the fourth call after it. */
static inline const char *
scratch(const char *name)
{
	static char path[4][256];
	static unsigned at;
	char *p = path[at++ % 4];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", scratch_dir, name);
	return p;
}

static inline void
scratch_write(const char *name, const char *text, mode_t mode)
{
	int fd = open(scratch(name), O_WRONLY | O_CREAT | O_TRUNC, mode);

	CHECK(fd >= 0 && fchmod(fd, mode) == 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(close(fd) == 0);
}

static inline bool
scratch_holds(const char *name, const char *text)
{
	char got[512] = "";
	int fd = open(scratch(name), O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);

	if (fd >= 0)
		CHECK(close(fd) == 0);
	return n >= 0 && strcmp(got, text) == 0;
}

#endif
