#ifndef CMD_CONTROL_H
#define CMD_CONTROL_H

#include "base/err.h"

/*
 * What the supervisor and the server say to each other, over a pair of
 * SOCK_SEQPACKET sockets: one message a packet of
 *
 *   u8 number || u16be value
 *
 * and, with the connection to another process, its file descriptor
 * (SCM_RIGHTS).  Stop and reload are signals, so that they also work by hand.
 *
 * id, number, carries an fd
 */
#define CONTROL_MESSAGES(X)                                                    \
	X(CONTROL_KEEPER, 1, true)    /* to the server: the keeper's socket */ \
	X(CONTROL_READY, 2, false)    /* from it: serves, on port `value` */   \
	X(CONTROL_RELOADED, 3, false) /* from it: `value` is 1 when it did */  \
	X(CONTROL_HIRE, 4, false)     /* from it: a media worker, please;      \
					 `value` is a ticket */                \
	X(CONTROL_WORKER, 5, true)    /* to it: its socket, for the ticket */  \
	X(CONTROL_NO_WORKER, 6, false) /* to it: none, for the ticket */       \
	X(CONTROL_PRESS, 7, true)      /* to it: the press's socket */         \
	X(CONTROL_CALL, 8, false)      /* from it: a messenger, please;        \
					  `value` says for whom */             \
	X(CONTROL_MESSENGER, 9, true)  /* to it: its socket, for `value` */

enum control_message {
#define X(id, number, fd) id,
	CONTROL_MESSAGES(X)
#undef X
	    CONTROL_MESSAGE_COUNT
};

/* Whose messenger: each has its own (errand/messenger.h). */
enum control_errands {
	CONTROL_FOR_VOUCHING,
	CONTROL_FOR_SIGNIN,
	CONTROL_ERRANDS_COUNT
};

#define CONTROL_FD 3 /* where the server finds its end */
#define LOCK_FD    4 /* and the site's lock, held as long as it lives */

/* `fd` stays the caller's; -1 for messages without.  Never waits: there is
 * room for more messages than a life has, or the other end is stuck. */
enum sp_code cmd_control_send(int sock, enum control_message m, uint16_t value,
    int fd, struct sp_err *err) SP_MUST_USE;
/* Waits.  *fd is the caller's to close, -1 where there is none.  SP_E_UNAVAIL
 * when the other end is closed, SP_E_INVALID for what is no message. */
enum sp_code cmd_control_receive(int sock, enum control_message *m,
    uint16_t *value, int *fd, struct sp_err *err) SP_MUST_USE;

#endif
