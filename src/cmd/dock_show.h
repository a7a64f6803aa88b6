#ifndef CMD_DOCK_SHOW_H
#define CMD_DOCK_SHOW_H

#include "dock/dock.h"

#include <pthread.h>

/*
 * What a dock says while it works.
 *
 *   --json        every event as a JSON object a line on standard output
 *                 (docs/dock.md has the members)
 *   a terminal    a bar for each file under way and a line for all, on
 *                 standard error; below what is told as text
 *   else          text: a line for each file sent, proven, removed, refused
 *
 * Any thread.
 */
struct dock_show_bar {
	char path[DOCK_PATH_MAX + 1]; /* "" when the bar is free */
	enum dock_state state;
	uint64_t done, of;
	int64_t told; /* ticks of the last line of JSON about it */
};

struct dock_show {
	pthread_mutex_t lock;
	bool json;
	bool bars;
	bool away;      /* the folder was told to be gone */
	int64_t drawn;  /* ticks */
	unsigned lines; /* of bars on the terminal now */
	struct dock_show_bar bar[DOCK_STREAMS_MAX];
	size_t proven, cleared, refused;
	uint64_t bytes; /* proven */
};

void cmd_dock_show_begin(struct dock_show *s, bool json);
/* struct dock_options.told, with the show as its argument. */
void cmd_dock_show_told(void *arg, const struct dock_event *e);
/* What the site told of its own side (dock_site.h). */
struct dock_show_site {
	const char *kind;     /* of docs/events.md */
	const char *evidence; /* an id, or "" */
	const char *name;     /* of `number`, or NULL */
	uint64_t number;
};
void cmd_dock_show_site(struct dock_show *s, const struct dock_show_site *e);
/* Takes the bars away, and says how it ended.  Nothing is told after. */
void cmd_dock_show_end(struct dock_show *s, const struct dock_result *r);

/* `--status`: what a journal knows.  SP_E_NOTFOUND: there is none. */
enum sp_code cmd_dock_show_status(
    const char *journal, bool json, struct sp_err *err) SP_MUST_USE;

#endif
