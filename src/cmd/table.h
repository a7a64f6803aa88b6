#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include "cmd/cmd.h"

/*
 * Every subcommand, in the order of the help: cmd_<id>_run in <id>.c, its
 * operands, what it does, and whether it is internal (a process of serve's).
 * The name is the id.
 */
#define CMD_TABLE(X) X(completion, "bash", "print a completion script", false)

#define X(id, operands, summary, internal)                                     \
	int cmd_##id##_run(const struct cmd *self, int argc, char **argv);
CMD_TABLE(X)
#undef X

extern const struct cmd cmd_table[];
extern const size_t cmd_table_count;

#endif
