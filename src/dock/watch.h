#ifndef DOCK_WATCH_H
#define DOCK_WATCH_H

#include "base/err.h"

/*
 * Word from the kernel that something in a folder has changed (inotify).  It
 * only ever makes a scan come sooner: mounted cameras, FAT and network file
 * systems may tell nothing, a queue may overflow, folders may be too many.
 * Nothing is read from the events but that there were some, and that a file
 * system went: what comes back under that name may be another.
 *
 * A watch keeps no file system mounted.  One thread.
 */
#define DOCK_WATCH_MAX 4096 /* folders */

struct dock_watch;

/* NULL when the kernel gives none: then there are only scans. */
struct dock_watch *dock_watch_new(void) SP_MUST_USE;
void dock_watch_free(struct dock_watch *w);
/* Also this folder; again and again does no harm. */
void dock_watch_add(struct dock_watch *w, int folder_fd);
/* To be polled for reading; -1 of NULL. */
int dock_watch_fd(const struct dock_watch *w);
/* What happened since: nothing, something, or that a file system that was
 * watched is no longer mounted. */
enum dock_word { DOCK_WORD_NONE, DOCK_WORD_CHANGE, DOCK_WORD_UNMOUNT };
enum dock_word dock_watch_take(struct dock_watch *w);

#endif
