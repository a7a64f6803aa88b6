#include "cmd/table.h"

#include <stdio.h>
#include <string.h>

/*
 * The script asks `sallyport COMMAND --help` for the options of a command, so
 * that what it offers is what the program takes; the names of the commands
 * are written into it from the table.
 */
static const char script_end[] =
    "\"\n"
    "\tcur=${COMP_WORDS[COMP_CWORD]}\n"
    "\tprev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
    "\t\tCOMPREPLY=($(compgen -W \"$commands\" -- \"$cur\"))\n"
    "\t\treturn\n"
    "\tfi\n"
    "\tcmd=(\"${COMP_WORDS[1]}\")\n"
    "\thelp=$(\"${COMP_WORDS[0]}\" \"${cmd[@]}\" --help 2>/dev/null </dev/null)"
    "\n"
    "\tif [[ $help == *$'\\ncommands:'* ]]; then\n"
    "\t\tif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
    "\t\t\twords=$(sed -n 's/^  \\([a-z][a-z-]*\\) .*/\\1/p' <<<\"$help\")\n"
    "\t\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
    "\t\t\treturn\n"
    "\t\tfi\n"
    "\t\tcmd+=(\"${COMP_WORDS[2]}\")\n"
    "\t\thelp=$(\"${COMP_WORDS[0]}\" \"${cmd[@]}\" --help 2>/dev/null "
    "</dev/null)\n"
    "\tfi\n"
    "\tif [[ $cur == -* && ! ( $prev == -* && $help =~ "
    "\\ $prev\\ [A-Z] ) ]]; then\n"
    "\t\twords=$(grep -o -- '--[a-z][a-z-]*' <<<\"$help\")\n"
    "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
    "\tfi\n"
    "}\n"
    "complete -o default -F _sallyport sallyport\n";

int
cmd_completion_run(const struct cmd *self, int argc, char **argv)
{
	char **operand;
	size_t n;
	int code = cmd_parse(self, NULL, 0, argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 1 || strcmp(operand[0], "bash") != 0)
		return cmd_usage(self, "the shell must be 'bash'");
	(void)fputs("# bash completion for sallyport, made by "
		    "'sallyport completion bash'\n"
		    "_sallyport() {\n"
		    "\tlocal cur prev help words cmd commands=\"",
	    stdout);
	for (size_t i = 0; i < cmd_table_count; i++)
		if (!cmd_table[i].internal)
			(void)printf(
			    "%s%s", i == 0 ? "" : " ", cmd_table[i].name);
	(void)fputs(script_end, stdout);
	return fflush(stdout) == 0 ? CMD_DONE : CMD_CHECK_FAILED;
}
