#include "cmd/child.h"

#include "base/log.h"
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Time is what a test says (linked with --wrap=sp_ticks). */
static int64_t now = SP_SECOND;

int64_t __wrap_sp_ticks(void);

int64_t
__wrap_sp_ticks(void)
{
	return now;
}

#define MS (SP_SECOND / 1000)

static struct child
child_new(void)
{
	return (struct child){
		.name = "child", .pid = -1, .slowest = 5 * SP_SECOND
	};
}

/* Of waitpid, for one that exits with `code` or dies of `sig`. */
static int
status_of(int code, int sig)
{
	int status = 0;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		if (sig != 0)
			(void)raise(sig);
		_exit(code);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static void
it_waits_longer_each_time(void)
{
	static const int64_t wait[] = { 100, 200, 400, 800, 1600, 3200, 5000,
		5000, 5000 };
	struct child c = child_new();

	for (size_t i = 0; i < SP_COUNTOF(wait); i++) {
		now += SP_SECOND;
		cmd_child_failed(&c);
		CHECK(c.due == now + wait[i] * MS);
	}
	c.failures = UINT32_MAX; /* for as long as it takes */
	cmd_child_failed(&c);
	CHECK(c.failures == UINT32_MAX && c.due == now + 5000 * MS);
}

static void
a_life_is_no_failure(void)
{
	const struct {
		int status;
		int64_t lived, wait;
	} rows[] = {
		{ status_of(1, 0), SP_SECOND - 1, 800 },
		{ status_of(0, SIGKILL), SP_SECOND - 1, 800 },
		{ status_of(1, 0), SP_SECOND, 100 },
		{ status_of(0, SIGKILL), SP_SECOND, 100 },
		{ status_of(0, 0), 0, 100 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct child c = child_new();

		c.failures = 3;
		c.pid = 4711;
		cmd_child_started(&c);
		CHECK(c.due == CHILD_NEVER && c.started == now);
		now += rows[i].lived;
		cmd_child_ended(&c, rows[i].status);
		CHECK(c.pid == -1 && c.due == CHILD_NEVER);
		cmd_child_again(&c);
		CHECK(c.due == now + rows[i].wait * MS);
	}
}

/* -1 would be everybody. */
static void
who_is_not_there_gets_no_signal(void)
{
	struct child c = child_new();
	int status;

	cmd_child_signal(&c, SIGKILL);
	c.pid = fork();
	CHECK(c.pid >= 0);
	if (c.pid == 0)
		for (;;)
			(void)pause();
	cmd_child_signal(&c, SIGTERM);
	CHECK(waitpid(c.pid, &status, 0) == c.pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void
two_ends(void)
{
	static const int types[] = { SOCK_SEQPACKET, SOCK_STREAM };

	for (size_t i = 0; i < SP_COUNTOF(types); i++) {
		int a = -1, b = -1, type = 0;
		socklen_t len = sizeof(type);
		struct sp_err err;
		char got[4];

		CHECK_OK(cmd_child_pair(types[i], &a, &b, &err), &err);
		CHECK((fcntl(a, F_GETFD) & FD_CLOEXEC) != 0);
		CHECK((fcntl(b, F_GETFD) & FD_CLOEXEC) != 0);
		CHECK(getsockopt(a, SOL_SOCKET, SO_TYPE, &type, &len) == 0);
		CHECK(type == types[i]);
		CHECK(send(a, "abc", 3, 0) == 3);
		CHECK(recv(b, got, sizeof(got), 0) == 3);
		CHECK(close(a) == 0 && recv(b, got, sizeof(got), 0) == 0);
		CHECK(close(b) == 0);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "it waits longer each time", it_waits_longer_each_time },
		{ "a life is no failure", a_life_is_no_failure },
		{ "who is not there gets no signal",
		    who_is_not_there_gets_no_signal },
		{ "two ends", two_ends },
	};

	sp_log_setup("child", SP_LOG_ERROR);
	return tap_run(cases, SP_COUNTOF(cases));
}
