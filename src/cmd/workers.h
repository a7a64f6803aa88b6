#ifndef CMD_WORKERS_H
#define CMD_WORKERS_H

#include "base/clock.h"

#include <sys/types.h>

/*
 * The supervisor's media workers (media/worker.h): it starts them, so that
 * the process that faces the network need start nothing, and puts down those
 * that outlive their time.  One thread, which is their parent.
 */
#define CMD_WORKERS_MOST 8

struct cmd_workers {
	struct {
		pid_t pid;
		int64_t deadline; /* sp_ticks() */
	} at[CMD_WORKERS_MOST];
	size_t n;
};

/* *sock is connected to the new one.  SP_E_UNAVAIL: as many as may be are
 * there, or it cannot be started. */
enum sp_code cmd_workers_start(struct cmd_workers *w, const char *program,
    int *sock, struct sp_err *err) SP_MUST_USE;
/* Was this process, which has ended, one of them?  Then it is no more. */
bool cmd_workers_ended(struct cmd_workers *w, pid_t pid);
/* When the next one's time is over; INT64_MAX when there is none. */
int64_t cmd_workers_due(const struct cmd_workers *w);
/* SIGKILL to those whose time is over; they are then waited for. */
void cmd_workers_kill_late(struct cmd_workers *w, int64_t now);

#endif
