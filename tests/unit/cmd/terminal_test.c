#include "cmd/terminal.h"

#include "tap.h"

#include <fcntl.h>
#include <pty.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Ask on a terminal at which `typed` waits already; what it showed goes to
 * `shown`. */
static enum sp_code
ask(const char *typed, struct sp_buf *line, char *shown, size_t room)
{
	int master = -1, tty = -1, status = 0;
	struct termios before, after;
	struct sp_err err = { .code = SP_OK };
	enum sp_code code;
	ssize_t n;
	pid_t pid;

	CHECK(openpty(&master, &tty, NULL, NULL, NULL) == 0);
	CHECK(tcgetattr(tty, &before) == 0 && (before.c_lflag & ECHO) != 0);
	/* Typed when it is asked: what stands there before is thrown away. */
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		char c = 0;

		while (c != '?')
			if (read(master, &c, 1) != 1)
				_exit(1);
		_exit(write(master, typed, strlen(typed)) ==
			    (ssize_t)strlen(typed)
			? 0
			: 1);
	}
	code = cmd_terminal_ask(tty, "What?", line, &err);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(tcgetattr(tty, &after) == 0);
	CHECK(after.c_lflag == before.c_lflag);
	CHECK(fcntl(master, F_SETFL, O_NONBLOCK) == 0);
	n = read(master, shown, room - 1);
	shown[n < 0 ? 0 : n] = '\0';
	CHECK(close(master) == 0 && close(tty) == 0);
	return code;
}

static void
a_line_is_read_unseen(void)
{
	SP_AUTO_BUF line = sp_buf_secret(64);
	char shown[100];

	CHECK(ask("pass word\nmore\n", &line, shown, sizeof(shown)) == SP_OK);
	CHECK(strcmp(sp_buf_str(&line), "pass word\n") == 0);
	CHECK(strstr(shown, "pass") == NULL);
}

static void
a_line_too_long_is_told(void)
{
	SP_AUTO_BUF line = sp_buf_secret(8);
	char shown[100];

	CHECK(ask("much too long\n", &line, shown, sizeof(shown)) == SP_OK);
	CHECK(sp_buf_check(&line, "it", NULL) != SP_OK);
}

static void
what_is_no_terminal_is_refused(void)
{
	SP_AUTO_BUF line = sp_buf_secret(8);
	struct sp_err err;
	int end[2];

	CHECK(pipe2(end, O_CLOEXEC) == 0);
	CHECK(cmd_terminal_ask(end[1], "What?", &line, &err) != SP_OK);
	CHECK(strstr(err.text, "terminal") != NULL && line.len == 0);
	CHECK(close(end[0]) == 0 && close(end[1]) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a line is read, unseen", a_line_is_read_unseen },
		{ "a line too long is told", a_line_too_long_is_told },
		{ "what is no terminal is refused",
		    what_is_no_terminal_is_refused },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
