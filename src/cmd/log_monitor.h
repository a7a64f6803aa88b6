#ifndef CMD_LOG_MONITOR_H
#define CMD_LOG_MONITOR_H

#include "cmd/cmd.h"

/*
 * sallyport log monitor: follows a log for as long as it is told to, with the
 * checks and the memory of `log check`.
 *
 *   first, and once a day   everything (log_check.h)
 *   each round              what came since, up to the signed root; the
 *                           witnesses' cosignatures (log_quorum.h)
 *   a contradiction         evidence (log_evidence.h), and exit 5
 */
int cmd_log_monitor_run(const struct cmd *self, int argc, char **argv);

#endif
