#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/err.h"

/* The command line: one file a subcommand, each a row of the table in
 * main.c, from which --help and shell completion are made. */

/* Exit codes, the same for every subcommand (docs: sallyport(1)). */
enum cmd_exit {
	CMD_DONE = 0,
	CMD_CHECK_FAILED = 1, /* what was to be checked is not so; any failure
				 that has no number of its own */
	CMD_USAGE = 2,
	CMD_REFUSED = 3,      /* the site said no */
	CMD_UNREACHABLE = 4,  /* no answer from the site */
	CMD_CONTRADICTED = 5, /* log monitor: the log contradicts itself */
	CMD_NOT_VOUCHED = 6,  /* log monitor: too few fresh cosignatures, or
				 parts of the log are not served */
};

struct cmd {
	const char *name;
	const char *operands; /* "FILE..." */
	const char *summary;  /* one line */
	int (*run)(const struct cmd *self, int argc, char **argv);
	bool internal; /* not in the help: processes of serve */
};

/* An option writes to where its row points: text for those with a value.  One
 * whose value ends in "..." may be given CMD_REPEATS times: its row points to
 * as many texts and one more, all NULL before. */
#define CMD_REPEATS 64
struct cmd_option {
	const char *name;  /* "agency": --agency */
	char letter;       /* 'o': -o, or 0 */
	const char *value; /* "SLUG" in the help, or NULL: a flag; "KEY..." */
	const char *help;
	const char **text;
	bool *flag;
};

/* Parses argv[1..]; options may stand among operands; "--" ends them.  --help
 * prints the row and the options and exits 0.  A usage error is explained on
 * stderr and CMD_USAGE returned; else CMD_DONE and *operands (NULL-ended, in
 * argv's storage) and *n. */
int cmd_parse(const struct cmd *self, const struct cmd_option *option,
    size_t options, int argc, char **argv, char ***operands, size_t *n);

/* The same for a subcommand without operands. */
int cmd_parse_none(const struct cmd *self, const struct cmd_option *option,
    size_t options, int argc, char **argv);

/* The number that an option was given; without one (NULL) *out stays. */
int cmd_parse_number(const struct cmd *self, const char *option,
    const char *text, uint64_t least, uint64_t most, uint64_t *out);

/* For a subcommand with subcommands of its own: runs the row named by argv[1]
 * ("add" for the row "agency add") with argv from there on. */
int cmd_dispatch(const struct cmd *self, const struct cmd *row, size_t rows,
    int argc, char **argv);

/* Say on stderr "sallyport put: text" and give the exit code of err->code. */
int cmd_fail(const struct cmd *self, const struct sp_err *err);
/* The same for a usage error of the subcommand's own. */
int cmd_usage(const struct cmd *self, const char *fmt, ...) SP_PRINTF(2, 3);

/* A progress bar on stderr when that is a terminal, nothing otherwise. */
struct cmd_progress {
	const char *what; /* file name or verb */
	uint64_t total;   /* 0: unknown */
	int64_t started;
	int64_t shown;
	bool on;
};
void cmd_progress_start(
    struct cmd_progress *p, const char *what, uint64_t total);
void cmd_progress_at(struct cmd_progress *p, uint64_t done);
void cmd_progress_end(struct cmd_progress *p);

#endif
