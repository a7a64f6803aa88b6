#include "cmd/table.h"
#include "crypto/provider.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

const struct cmd cmd_table[] = {
#define X(id, operands, summary, internal)                                     \
	{ #id, operands, summary, cmd_##id##_run, internal },
	CMD_TABLE(X)
#undef X
};
const size_t cmd_table_count = SP_COUNTOF(cmd_table);

static const struct cmd program = { "", "COMMAND ...", NULL, NULL, false };

static int
help(void)
{
	(void)puts("usage: sallyport COMMAND ...\n\ncommands:");
	for (size_t i = 0; i < cmd_table_count; i++)
		if (!cmd_table[i].internal)
			(void)printf("  %-10s  %s\n", cmd_table[i].name,
			    cmd_table[i].summary);
	(void)puts("\n'sallyport COMMAND --help' tells more of one.");
	return CMD_DONE;
}

static const struct cmd *
find(const char *name)
{
	for (size_t i = 0; i < cmd_table_count; i++)
		if (strcmp(cmd_table[i].name, name) == 0)
			return &cmd_table[i];
	return NULL;
}

/* SALLYPORT_CRYPTO is OpenSSL's property query ("fips=yes"): an environment
 * variable, so that the processes of serve inherit it. */
static int
run(const struct cmd *c, int argc, char **argv)
{
	struct sp_err err = { .code = SP_OK };
	const char *query = getenv("SALLYPORT_CRYPTO"); // NOLINT: no threads

	if (crypto_provider_open(query == NULL ? "" : query, &err) != SP_OK)
		return cmd_fail(c, &err);
	return c->run(c, argc, argv);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct cmd *c;

	/* Started as /proc/self/exe, serve's processes would be called "exe".
	 */
	(void)prctl(PR_SET_NAME, "sallyport", 0, 0, 0);
	/* A peer that goes away is a failed write, not the end of us. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
	    strcmp(name, "help") == 0)
		return help();
	if (strcmp(name, "--version") == 0) {
		(void)puts("sallyport " SP_VERSION);
		return CMD_DONE;
	}
	c = find(name);
	if (c == NULL)
		return *name == '\0'
		    ? cmd_usage(&program, "a command is missing")
		    : cmd_usage(&program, "there is no command '%s'", name);
	return run(c, argc - 1, argv + 1);
}
