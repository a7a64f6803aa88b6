#ifndef CMD_SHARES_H
#define CMD_SHARES_H

#include "gate/text.h"

/* Shares of an agency's recovery (gate/recovery.h) from standard input, where
 * no other user of the machine sees them: one a line.  Exactly `n` of them,
 * each of its form; SP_E_INVALID otherwise.  Secret: the caller wipes them. */
enum sp_code cmd_shares_read(
    char (*text)[GATE_TEXT_MAX], size_t n, struct sp_err *err) SP_MUST_USE;

#endif
