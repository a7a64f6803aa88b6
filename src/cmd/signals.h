#ifndef CMD_SIGNALS_H
#define CMD_SIGNALS_H

#include "base/err.h"

/* Hear signals on a descriptor (signalfd(2)): blocks them in this thread, and
 * in those it makes later.  *out is the caller's, close-on-exec, non-blocking.
 */
enum sp_code cmd_signals_open(
    const int *heard, size_t n, int *out, struct sp_err *err) SP_MUST_USE;

#endif
