#ifndef SP_LOG_H
#define SP_LOG_H

#include "base/err.h"

/* The program's own log, a JSON object a line on stderr (never evidence of
 * custody: that is the ledger's).  Only edges log: cmd, http, threads' tops.
 * Any thread. */
#define SP_LOG_LEVELS(X)                                                       \
	X(SP_LOG_DEBUG, "debug")                                               \
	X(SP_LOG_INFO, "info")                                                 \
	X(SP_LOG_WARN, "warn")                                                 \
	X(SP_LOG_ERROR, "error")

enum sp_log_level {
#define X(id, name) id,
	SP_LOG_LEVELS(X)
#undef X
	    SP_LOG_LEVEL_COUNT
};

/* `process` ("server", "keeper") is borrowed for the program's life. */
void sp_log_setup(const char *process, enum sp_log_level least);
bool sp_log_level_parse(const char *s, enum sp_log_level *out) SP_MUST_USE;
/* event is a stable dotted word ("keeper.restarted"); fmt explains. */
void sp_log(enum sp_log_level level, const char *event, const char *fmt, ...)
    SP_PRINTF(3, 4);
/* The same, ending with what `err` says. */
void sp_log_err(enum sp_log_level level, const char *event,
    const struct sp_err *err, const char *fmt, ...) SP_PRINTF(4, 5);

#endif
