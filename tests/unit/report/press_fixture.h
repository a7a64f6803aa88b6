#ifndef PRESS_FIXTURE_H
#define PRESS_FIXTURE_H

#include "base/log.h"
#include "report/press.h"
#include "tap.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A press forked off by a test program that has one thread yet. */
static inline pid_t
press_fixture_spawn(int *sock)
{
	struct sp_err err = { .code = SP_OK };
	enum sp_code code;
	int pair[2];
	pid_t pid;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)close(pair[0]);
		sp_log_setup("press", SP_LOG_INFO);
		code = report_press_main(pair[1], &err);
		if (code != SP_OK)
			(void)fprintf(stderr, "# press: %s\n", err.text);
		_exit(code == SP_OK ? 0 : 1);
	}
	(void)close(pair[1]);
	*sock = pair[0];
	return pid;
}

static inline pid_t
press_fixture_start(struct report_press *press)
{
	int sock = -1;
	pid_t pid = press_fixture_spawn(&sock);

	report_press_attach(press, sock);
	return pid;
}

/* Its socket has been closed: it ends by itself. */
static inline void
press_fixture_await(pid_t pid)
{
	int status = 1;

	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
