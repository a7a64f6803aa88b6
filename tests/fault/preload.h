#ifndef FAULT_PRELOAD_H
#define FAULT_PRELOAD_H

#include "base/base.h"
#include "tap.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * For tests that run under libfault.so, whose path is their first argument:
 * they start themselves again with it loaded, in a scratch folder of their
 * own.  Files to be hurt go below fault_dir().
 */
static inline const char *
fault_scratch(void)
{
	return getenv("FAULT_SCRATCH");
}

static inline const char *
fault_dir(void)
{
	static char dir[128];

	(void)snprintf(dir, sizeof(dir), "%s/data", fault_scratch());
	return dir;
}

static inline void
fault_env(const char *name, const char *dir, const char *file)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	CHECK(setenv(name, path, 1) == 0);
}

static inline void
fault_preload(char **argv)
{
	char dir[] = "/var/tmp/sallyport-fault-XXXXXX";

	if (fault_scratch() != NULL)
		return;
	CHECK(argv[1] != NULL && mkdtemp(dir) != NULL);
	CHECK(setenv("FAULT_SCRATCH", dir, 1) == 0);
	fault_env("FAULT_CONTROL", dir, "control");
	fault_env("FAULT_REPORT", dir, "report");
	CHECK(mkdir(fault_dir(), 0700) == 0);
	CHECK(setenv("LD_PRELOAD", argv[1], 1) == 0);
	/* gcc's sanitizer wants to be the first library. */
	CHECK(setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0) == 0);
	(void)execv("/proc/self/exe", argv);
	abort(); /* exec failed */
}

static inline int
fault_remove_one(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* When all went well. */
static inline void
fault_done(void)
{
	(void)nftw(fault_scratch(), fault_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* From now on these are the faults, and none has been reported. */
static inline void
fault_order(const char *rules)
{
	char temp[128];
	int fd;

	(void)snprintf(temp, sizeof(temp), "%s/new", fault_scratch());
	fd = open(temp, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK(write(fd, rules, strlen(rules)) == (ssize_t)strlen(rules));
	CHECK(close(fd) == 0);
	CHECK(rename(temp, getenv("FAULT_CONTROL")) == 0);
	(void)unlink(getenv("FAULT_REPORT"));
}

/* How often a fault has hit since, by the report's first words. */
static inline unsigned
fault_hits(const char *what)
{
	FILE *f = fopen(getenv("FAULT_REPORT"), "re");
	char line[512];
	unsigned n = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		n += strncmp(line, what, strlen(what)) == 0;
	if (f != NULL)
		(void)fclose(f);
	return n;
}

#endif
