#ifndef CMD_CHILD_H
#define CMD_CHILD_H

#include "base/clock.h"
#include "base/err.h"

#include <sys/types.h>

/*
 * A process of the supervisor's, and when it is started again once it has
 * ended or could not be started: after a tenth of a second at first, and twice
 * as long each time that it fails again, up to `slowest`.  An orderly end, or
 * a life of a second, is no failure to start.
 */
#define CHILD_NEVER INT64_MAX

struct child {
	const char *name; /* for the log */
	pid_t pid;        /* or -1 */
	unsigned failures;
	int64_t started; /* sp_ticks() */
	int64_t due;     /* when to start it, or CHILD_NEVER */
	int64_t slowest; /* to start it again */
};

/* Its pid is there: it was started just now. */
void cmd_child_started(struct child *c);
/* It could not be: it is due when it has waited. */
void cmd_child_failed(struct child *c);
/* It has ended with this status of waitpid's.  That makes it due only with
 * cmd_child_again. */
void cmd_child_ended(struct child *c, int status);
void cmd_child_again(struct child *c);
/* Nothing when it is not there. */
void cmd_child_signal(const struct child *c, int sig);

/* Two ends of a connection (SOCK_SEQPACKET or SOCK_STREAM), of which the
 * child gets one. */
enum sp_code cmd_child_pair(
    int type, int *mine, int *theirs, struct sp_err *err) SP_MUST_USE;

#endif
