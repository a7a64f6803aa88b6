#ifndef CMD_HIRING_H
#define CMD_HIRING_H

#include "base/err.h"

/*
 * The server's side of getting media workers: ask the supervisor over the
 * control socket, wait for the answer that another thread hears there.
 *
 *   cmd_hiring_worker --CONTROL_HIRE--> supervisor
 *        waits                              | starts one, or cannot
 *        <-- cmd_hiring_take <--CONTROL_WORKER / CONTROL_NO_WORKER
 *
 * One question at a time; each has a ticket, so that an answer that came too
 * late is never taken for another's.  Any thread.
 */
struct cmd_hiring;

/* `control` is borrowed. */
struct cmd_hiring *cmd_hiring_new(int control) SP_MUST_USE;
void cmd_hiring_free(struct cmd_hiring *h); /* nobody waits; NULL no-op */

/* *sock is the caller's.  SP_E_UNAVAIL: there is none, no answer in time, or
 * the end is near.  `self` is the struct cmd_hiring: fits processing/crew.h. */
enum sp_code cmd_hiring_worker(
    void *self, int *sock, struct sp_err *err) SP_MUST_USE;
/* The answer for this ticket; sock is taken, -1 when there is no worker. */
void cmd_hiring_take(struct cmd_hiring *h, uint16_t ticket, int sock);
/* From now on nobody waits, and nobody is told of a worker. */
void cmd_hiring_end(struct cmd_hiring *h);

#endif
