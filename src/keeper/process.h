#ifndef KEEPER_PROCESS_H
#define KEEPER_PROCESS_H

#include "base/err.h"

#define KEEPER_SOCK_FD   3 /* where the parent leaves the socket */
#define KEEPER_UNLOCK_FD 4 /* and the pipe with the unlock secret */

/*
 * The keeper process itself: gives up what it does not need (no new
 * privileges, no dumps, a seccomp list), reads the unlock secret to its end
 * and closes that fd, says on the socket whether its keys are open, and
 * answers requests until the socket closes.  Takes both fds.
 *
 * It outlives the signals of a terminal and of a service manager, so that the
 * server can still close its logs: the server's end of the socket ends it.
 */
enum sp_code keeper_main(const char *dir, int sock_fd, int unlock_fd,
    struct sp_err *err) SP_MUST_USE;

#endif
