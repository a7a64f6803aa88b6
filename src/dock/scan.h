#ifndef DOCK_SCAN_H
#define DOCK_SCAN_H

#include "dock/place.h"

/*
 * Everything in a place that may be evidence, found by walking it.  What a
 * hostile or broken card can do is bounded: depth, length of paths, number of
 * names.  What was left out is counted, so that it can be told.
 *
 * Nothing is opened but folders.  A file that appears, changes or goes while
 * its folder is read may be missed: the next scan finds it.
 */
#define DOCK_DEPTH_MAX 32
#define DOCK_FILES_MAX ((size_t)100000)
#define DOCK_NAMES_MAX ((size_t)1000000) /* looked at, of every kind */

struct dock_found {
	char *path; /* below the place, owned */
	struct dock_ident is;
};

struct dock_scan {
	struct dock_found *found; /* sorted by path */
	size_t n;
	size_t odd;        /* links, devices, fifos, sockets; not followed */
	size_t over;       /* too deep, too long, too large, too many */
	size_t unread;     /* folders and names that could not be looked at */
	struct sp_err why; /* of the first of those */
	/* inner */
	size_t cap;
	size_t names;
	struct sp_buf folders; /* to be read, each with its NUL */
	size_t folders_at;
};

/* Told of each folder that is read, the place's own first (""). */
struct dock_scan_watch {
	void (*folder)(void *arg, int fd, const char *path);
	void *arg;
};

/* *out is to be ended with dock_scan_done when SP_OK.  Fails only when the
 * place itself cannot be read (reasons of place.h), or there is no memory. */
enum sp_code dock_scan_run(struct dock_scan *out, const struct dock_place *p,
    const struct dock_scan_watch *watch, struct sp_err *err) SP_MUST_USE;
void dock_scan_done(struct dock_scan *s);

#endif
