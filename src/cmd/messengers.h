#ifndef CMD_MESSENGERS_H
#define CMD_MESSENGERS_H

#include "cmd/child.h"
#include "cmd/control.h"

/*
 * The supervisor's messengers (errand/messenger.h): they go out to others for
 * the server, one at a time for each kind of errand, and only when the server
 * calls for one.
 */
struct cmd_messengers {
	struct child of[CONTROL_ERRANDS_COUNT];
};

struct cmd_messengers cmd_messengers_new(void);
/*
 * The server wants a messenger: it has lost the one before, which is ended and
 * waited for first.  One so young is what was called for, on its way.  So
 * however often it calls, there is one at a time, and none sooner than a
 * second after the last.
 */
void cmd_messengers_call(struct cmd_messengers *m, uint16_t whose);
/* When the next one is to be started; CHILD_NEVER: none is called for. */
int64_t cmd_messengers_due(const struct cmd_messengers *m);
/* Start those that are due; the server gets the connections to them. */
void cmd_messengers_start(struct cmd_messengers *m, int64_t now, int control);
/* Whoever called for one is gone, or soon will be. */
void cmd_messengers_forget(struct cmd_messengers *m);
/* If it was one of them: it has ended. */
void cmd_messengers_ended(struct cmd_messengers *m, pid_t pid, int status);

#endif
