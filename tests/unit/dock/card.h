#ifndef CARD_H
#define CARD_H

#include "client/scratch.h"
#include "crypto/provider.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

/* A folder that plays the card of a camera, in the test's scratch folder. */
static inline const char *
card(const char *path)
{
	static char full[4][4096];
	static unsigned turn;
	char *out = full[turn++ % 4];

	(void)snprintf(out, sizeof(full[0]), "%s/card%s%s", scratch_dir,
	    *path == '\0' ? "" : "/", path);
	return out;
}

static inline void
card_make(void)
{
	CHECK(mkdir(card(""), 0755) == 0);
}

static inline void
card_remove(void)
{
	if (access(card(""), F_OK) == 0)
		CHECK(nftw(card(""), scratch_remove, 16,
			  FTW_DEPTH | FTW_PHYS) == 0);
}

static inline void
card_new(void)
{
	card_remove();
	card_make();
}

/* Folders on the way are made. */
static inline void
card_write(const char *path, const void *bytes, size_t len)
{
	static char part[4096];

	(void)snprintf(part, sizeof(part), "%s", card(path));
	for (char *s = part + strlen(card("")) + 1;
	     (s = strchr(s, '/')) != NULL; s++) {
		*s = '\0';
		CHECK(mkdir(part, 0755) == 0 || errno == EEXIST);
		*s = '/';
	}
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	CHECK(close(fd) == 0);
}

static inline void
card_text(const char *path, const char *text)
{
	card_write(path, text, strlen(text));
}

static inline bool
card_has(const char *path)
{
	return access(card(path), F_OK) == 0;
}

/* The main of a test of cards: its cases, in a scratch folder of their own.
 * SIGIO, by which a lease is broken, ends nobody. */
#define CARD_MAIN(cases)                                                       \
	int main(void)                                                         \
	{                                                                      \
		struct sp_err err;                                             \
		int code;                                                      \
                                                                               \
		CHECK(signal(SIGIO, SIG_IGN) != SIG_ERR);                      \
		CHECK_OK(crypto_provider_open("", &err), &err);                \
		scratch_make();                                                \
		code = tap_run((cases), SP_COUNTOF(cases));                    \
		scratch_done();                                                \
		return code;                                                   \
	}

#endif
