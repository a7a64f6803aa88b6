#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include "base/buf.h"

/* One line of a terminal, unseen, after the words `ask`.  `line` is of
 * sp_buf_secret and gets the line end too; sp_buf_check tells whether all of
 * it fitted. */
enum sp_code cmd_terminal_ask(int tty, const char *ask, struct sp_buf *line,
    struct sp_err *err) SP_MUST_USE;

#endif
