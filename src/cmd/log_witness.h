#ifndef CMD_LOG_WITNESS_H
#define CMD_LOG_WITNESS_H

#include "cmd/cmd.h"

/*
 * sallyport log witness DIR: cosigns the logs of others (docs/witness.md).  One
 * process: the key, the memory and the network, since what it signs is public
 * and it signs nothing else.
 *
 *	DIR/lock     held while it runs
 *	DIR/logs     verifier keys of the logs, one a line; read again on SIGHUP
 *	DIR/key DIR/state/ DIR/forks/    of the room `witness`
 */
int cmd_log_witness_run(const struct cmd *self, int argc, char **argv);

#endif
