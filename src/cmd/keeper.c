#include "base/log.h"
#include "cmd/table.h"
#include "keeper/process.h"

#include <fcntl.h>

int
cmd_keeper_run(const struct cmd *self, int argc, char **argv)
{
	struct sp_err err = { .code = SP_OK };
	char **operand;
	size_t n;
	int code = cmd_parse(self, NULL, 0, argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 1 || fcntl(KEEPER_SOCK_FD, F_GETFD) < 0 ||
	    fcntl(KEEPER_UNLOCK_FD, F_GETFD) < 0)
		return cmd_usage(self, "this process is started by serve");
	sp_log_setup("keeper", SP_LOG_INFO);
	/* Who started it is told on the socket, and says it to people. */
	return keeper_main(
		   operand[0], KEEPER_SOCK_FD, KEEPER_UNLOCK_FD, &err) == SP_OK
	    ? CMD_DONE
	    : CMD_CHECK_FAILED;
}
