#include "dock/watch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Not IN_ACCESS, IN_OPEN, IN_CLOSE_NOWRITE: those are our own doing. */
#define WANTED                                                                 \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE |            \
	    IN_MODIFY | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF |            \
	    IN_UNMOUNT | IN_ONLYDIR)

struct dock_watch {
	int fd;
	int highest; /* watch descriptor so far: they are counted up */
};

struct dock_watch *
dock_watch_new(void)
{
	struct dock_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd < 0) {
		free(w);
		return NULL;
	}
	return w;
}

void
dock_watch_free(struct dock_watch *w)
{
	if (w == NULL)
		return;
	(void)close(w->fd);
	free(w);
}

void
dock_watch_add(struct dock_watch *w, int folder_fd)
{
	char path[40];

	if (w == NULL || w->highest >= DOCK_WATCH_MAX)
		return;
	/* The folder that is open, wherever its name leads by now. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", folder_fd);
	int wd = inotify_add_watch(w->fd, path, WANTED);

	if (wd > w->highest)
		w->highest = wd;
}

int
dock_watch_fd(const struct dock_watch *w)
{
	return w == NULL ? -1 : w->fd;
}

static enum dock_word
read_events(const char *at, size_t len)
{
	enum dock_word word = DOCK_WORD_NONE;

	while (len >= sizeof(struct inotify_event)) {
		struct inotify_event ev;

		memcpy(&ev, at, sizeof(ev));
		if ((ev.mask & IN_UNMOUNT) != 0)
			return DOCK_WORD_UNMOUNT;
		word = DOCK_WORD_CHANGE;
		at += sizeof(ev) + ev.len;
		len -= sizeof(ev) + ev.len;
	}
	return word;
}

enum dock_word
dock_watch_take(struct dock_watch *w)
{
	char events[4096];
	enum dock_word word = DOCK_WORD_NONE;
	ssize_t n;

	while (w != NULL && (n = read(w->fd, events, sizeof(events))) > 0) {
		enum dock_word more = read_events(events, (size_t)n);

		word = more > word ? more : word;
	}
	return word;
}
