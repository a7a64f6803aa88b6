#include "errand/messenger.h"
#include "base/log.h"
#include "cmd/table.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

static int
failed(const struct sp_err *err)
{
	sp_log_err(
	    SP_LOG_ERROR, "messenger.failed", err, "nobody is asked to vouch");
	return CMD_CHECK_FAILED;
}

int
cmd_messenger_run(const struct cmd *self, int argc, char **argv)
{
	struct sp_err err = { .code = SP_OK };
	bool can_read = false;
	char **operand;
	size_t n;
	int code = cmd_parse(self, NULL, 0, argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 0 || fcntl(ERRAND_MESSENGER_FD, F_SETFD, FD_CLOEXEC) != 0)
		return cmd_usage(self, "this process is started by serve");
	sp_log_setup("messenger", SP_LOG_INFO);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
	    errand_messenger_enter(&can_read, &err) != SP_OK)
		return failed(&err);
	if (can_read)
		sp_log(SP_LOG_WARN, "messenger.can-read",
		    "this kernel has no Landlock: this process, which reads "
		    "what witnesses answer, could read the site's files");
	return errand_messenger_main(ERRAND_MESSENGER_FD, &err) == SP_OK
	    ? CMD_DONE
	    : failed(&err);
}
