#include "dock/watch.h"

#include "card.h"

#include <poll.h>

/* Word comes at once when it comes at all: events are queued by the kernel
 * before the call that makes them returns. */
static enum dock_word
word(struct dock_watch *w)
{
	struct pollfd p = { .fd = dock_watch_fd(w), .events = POLLIN };

	(void)poll(&p, 1, 2000);
	return dock_watch_take(w);
}

static void
changes_are_told(void)
{
	struct dock_watch *w = dock_watch_new();

	card_new();
	if (w == NULL) {
		printf("# no inotify here\n");
		return;
	}
	int fd = open(card(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fd >= 0);
	dock_watch_add(w, fd);
	dock_watch_add(w, fd);
	CHECK(dock_watch_take(w) == DOCK_WORD_NONE);
	card_text("clip.mp4", "x");
	CHECK(word(w) == DOCK_WORD_CHANGE);
	CHECK(dock_watch_take(w) == DOCK_WORD_NONE);
	/* Reading is no change: it would be our own. */
	CHECK(close(open(card("clip.mp4"), O_RDONLY | O_CLOEXEC)) == 0);
	CHECK(dock_watch_take(w) == DOCK_WORD_NONE);
	CHECK(rename(card("clip.mp4"), card("b.mp4")) == 0);
	CHECK(word(w) == DOCK_WORD_CHANGE);
	CHECK(unlink(card("b.mp4")) == 0);
	CHECK(word(w) == DOCK_WORD_CHANGE);
	/* Only that folder. */
	CHECK(mkdir(card("sub"), 0755) == 0);
	CHECK(word(w) == DOCK_WORD_CHANGE);
	card_text("sub/clip.mp4", "x");
	CHECK(dock_watch_take(w) == DOCK_WORD_NONE);
	CHECK(close(fd) == 0);
	dock_watch_free(w);
}

static void
without_a_watch_nothing_is_told(void)
{
	dock_watch_add(NULL, 0);
	CHECK(dock_watch_fd(NULL) == -1);
	CHECK(dock_watch_take(NULL) == DOCK_WORD_NONE);
	dock_watch_free(NULL);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "changes are told", changes_are_told },
		{ "without a watch nothing is told",
		    without_a_watch_nothing_is_told },
	};

	scratch_make();
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
