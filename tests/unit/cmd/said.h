#ifndef SAID_H
#define SAID_H

#include "tap.h"

#include <unistd.h>

/*
 * What is said on standard output or error between said_begin and said_end.
 * One at a time; a failed check in between is seen by its end only.
 */
static int said_before = -1;
static int said_on = -1;

static inline void
said_begin(int fd)
{
	FILE *f = tmpfile();

	CHECK(f != NULL);
	(void)fflush(NULL);
	said_on = fd;
	said_before = dup(fd);
	CHECK(dup2(fileno(f), fd) >= 0 && fclose(f) == 0);
}

static inline void
said_end(char *said, size_t room)
{
	ssize_t n;

	(void)fflush(NULL);
	n = pread(said_on, said, room - 1, 0);
	CHECK(dup2(said_before, said_on) >= 0 && close(said_before) == 0);
	CHECK(n >= 0);
	said[n] = '\0';
}

#endif
