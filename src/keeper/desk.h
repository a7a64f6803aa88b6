#ifndef KEEPER_DESK_H
#define KEEPER_DESK_H

#include "keeper/keyring.h"

/*
 * The keeper's desk: one request in, one answer out.  It reads the message,
 * holds each kind of request to its rate, and asks the keyring.
 *
 * One thread.  Borrows the keyring.
 */
struct keeper_desk;

struct keeper_desk *keeper_desk_new(struct keeper_keyring *k) SP_MUST_USE;
void keeper_desk_free(struct keeper_desk *d);

/* Answer the body of a request into an empty message.  Whatever came, there
 * is an answer; what the desk said no to is returned as well, for the log,
 * with the name of the request or "?" in *name. */
enum sp_code keeper_desk_answer(struct keeper_desk *d,
    const struct sp_buf *body, struct sp_buf *answer, const char **name,
    struct sp_err *err) SP_MUST_USE;

#endif
