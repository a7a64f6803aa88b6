#include "cmd/child.h"

#include "base/log.h"

#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define BACKOFF_FIRST (SP_SECOND / 10)
#define HEALTHY_AFTER SP_SECOND /* who lived so long did not fail to start */

static void
count_failure(struct child *c)
{
	if (c->failures < UINT_MAX)
		c->failures++;
}

void
cmd_child_started(struct child *c)
{
	c->due = CHILD_NEVER;
	c->started = sp_ticks();
}

void
cmd_child_failed(struct child *c)
{
	count_failure(c);
	cmd_child_again(c);
}

void
cmd_child_again(struct child *c)
{
	int64_t wait = BACKOFF_FIRST;

	for (unsigned i = 1; i < c->failures && wait < c->slowest; i++)
		wait *= 2;
	if (wait > c->slowest)
		wait = c->slowest;
	c->due = sp_ticks() + wait;
	sp_log(SP_LOG_INFO, "process.waits", "the %s is started in %jd ms",
	    c->name, (intmax_t)(wait / 1000));
}

static void
log_end(const struct child *c, int status)
{
	if (WIFSIGNALED(status))
		sp_log(SP_LOG_WARN, "process.ended",
		    "the %s (%d) was ended by signal %d", c->name, c->pid,
		    WTERMSIG(status));
	else
		sp_log(WEXITSTATUS(status) == 0 ? SP_LOG_INFO : SP_LOG_WARN,
		    "process.ended", "the %s (%d) ended with code %d", c->name,
		    c->pid, WEXITSTATUS(status));
}

void
cmd_child_ended(struct child *c, int status)
{
	bool orderly = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	log_end(c, status);
	if (orderly || sp_ticks() - c->started >= HEALTHY_AFTER)
		c->failures = 0;
	count_failure(c);
	c->pid = -1;
}

void
cmd_child_signal(const struct child *c, int sig)
{
	if (c->pid > 0)
		(void)kill(c->pid, sig); /* ours and not yet waited for */
}

enum sp_code
cmd_child_pair(int type, int *mine, int *theirs, struct sp_err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) != 0)
		return sp_fail_os(err, "make a socket pair");
	*mine = pair[0];
	*theirs = pair[1];
	return SP_OK;
}
