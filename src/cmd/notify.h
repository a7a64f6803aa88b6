#ifndef CMD_NOTIFY_H
#define CMD_NOTIFY_H

#include "base/err.h"

/* sd_notify(3) without its library: one datagram to $NOTIFY_SOCKET.  Nothing
 * happens, successfully, when no service manager listens. */
enum sp_code cmd_notify_send(const char *state, struct sp_err *err) SP_MUST_USE;
/* RELOADING=1 with the time that Type=notify-reload wants. */
enum sp_code cmd_notify_reloading(struct sp_err *err) SP_MUST_USE;

#endif
