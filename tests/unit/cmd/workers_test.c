#include "cmd/workers.h"

#include "base/file.h"
#include "media/worker.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is started is this program: an echo, until its host has gone. */
static int
echo(void)
{
	char b[16];
	ssize_t n;

	while ((n = recv(MEDIA_SOCK_FD, b, sizeof(b), 0)) > 0)
		if (send(MEDIA_SOCK_FD, b, (size_t)n, MSG_NOSIGNAL) != n)
			return 1;
	return n == 0 && fcntl(MEDIA_SOCK_FD + 1, F_GETFD) < 0 ? 0 : 1;
}

static const char self[] = "/proc/self/exe";

static void
check_ended(struct cmd_workers *w, int sock, int want)
{
	int status = 0;
	pid_t pid;

	sp_file_closep(&sock);
	pid = waitpid(-1, &status, 0);
	CHECK(pid > 0 && status == want);
	CHECK(cmd_workers_ended(w, pid));
	CHECK(!cmd_workers_ended(w, pid));
}

static void
one(void)
{
	struct cmd_workers w = { .n = 0 };
	struct sp_err err;
	int sock = -1;
	char got[8];

	CHECK(cmd_workers_due(&w) == INT64_MAX);
	CHECK_OK(cmd_workers_start(&w, self, &sock, &err), &err);
	CHECK(w.n == 1 && cmd_workers_due(&w) > sp_ticks());
	CHECK(send(sock, "hello", 5, 0) == 5);
	CHECK(recv(sock, got, sizeof(got), 0) == 5);
	CHECK(!cmd_workers_ended(&w, getpid()) && w.n == 1);
	check_ended(&w, sock, 0);
	CHECK(w.n == 0 && cmd_workers_due(&w) == INT64_MAX);
}

static void
as_many_as_may_be(void)
{
	struct cmd_workers w = { .n = 0 };
	int sock[CMD_WORKERS_MOST], more = -7;
	struct sp_err err;

	for (size_t i = 0; i < CMD_WORKERS_MOST; i++)
		CHECK_OK(cmd_workers_start(&w, self, &sock[i], &err), &err);
	CHECK_CODE(
	    cmd_workers_start(&w, self, &more, &err), SP_E_UNAVAIL, &err);
	CHECK(more == -7);
	for (size_t i = 0; i < CMD_WORKERS_MOST; i++)
		check_ended(&w, sock[i], 0);
	CHECK(w.n == 0);
}

/* One that outlives its time is put down, and no other. */
static void
too_late(void)
{
	struct cmd_workers w = { .n = 0 };
	struct sp_err err;
	int late = -1, fine = -1;

	CHECK_OK(cmd_workers_start(&w, self, &late, &err), &err);
	CHECK_OK(cmd_workers_start(&w, self, &fine, &err), &err);
	w.at[0].deadline = sp_ticks() - 1;
	CHECK(cmd_workers_due(&w) == w.at[0].deadline);
	cmd_workers_kill_late(&w, sp_ticks());
	CHECK(cmd_workers_due(&w) == w.at[1].deadline);
	check_ended(&w, late, SIGKILL);
	check_ended(&w, fine, 0);
}

static void
no_program(void)
{
	struct cmd_workers w = { .n = 0 };
	struct sp_err err;
	int sock = -7, before = dup(0), after;

	CHECK(before >= 0 && close(before) == 0);
	CHECK_CODE(cmd_workers_start(&w, "/nonexistent", &sock, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(strstr(err.text, "/nonexistent") != NULL);
	CHECK(sock == -7 && w.n == 0);
	after = dup(0);
	CHECK(after == before && close(after) == 0);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "one", one },
		{ "as many as may be", as_many_as_may_be },
		{ "too late", too_late },
		{ "no program", no_program },
	};

	if (argc == 2 && strcmp(argv[1], "media") == 0)
		return echo();
	return tap_run(cases, SP_COUNTOF(cases));
}
