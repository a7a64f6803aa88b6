#include "cmd/secret.h"

#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What could be read is told before it is; nothing of it is read. */
static void
what_can_be_read_is_told_before(void)
{
	struct sp_err err;
	char path[] = "/tmp/sallyport-secret-XXXXXX", file[64], fd[16];
	int pipes[2], made = mkstemp(path);
	struct crypto_secret *got = NULL;

	CHECK(made >= 0 && pipe2(pipes, O_CLOEXEC) == 0);
	(void)snprintf(file, sizeof(file), "file:%s", path);
	(void)snprintf(fd, sizeof(fd), "fd:%d", pipes[0]);
	CHECK(write(pipes[1], "abc\n", 4) == 4 && close(pipes[1]) == 0);
	CHECK_OK(cmd_secret_check(file, &err), &err);
	CHECK_OK(cmd_secret_check(fd, &err), &err);
	CHECK_OK(cmd_secret_read(fd, "?", &got, &err), &err);
	CHECK(crypto_secret_len(got) == 3);
	crypto_secret_free(got);
	CHECK(close(pipes[0]) == 0);
	CHECK(cmd_secret_check(fd, &err) != SP_OK);
	CHECK(unlink(path) == 0 && close(made) == 0);
	CHECK(cmd_secret_check(file, &err) != SP_OK);
	CHECK(cmd_secret_check("file:", &err) == SP_E_INVALID);
	CHECK(cmd_secret_check("hunter2", &err) == SP_E_INVALID);
	CHECK(strstr(err.text, "hunter2") == NULL);
}

/* In a session of its own a process has no terminal. */
static void
without_a_terminal_nothing_is_asked(void)
{
	int status = 0;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		struct sp_err err = { .code = SP_OK };

		if (setsid() < 0)
			_exit(2);
		_exit(cmd_secret_check(NULL, &err) == SP_E_INVALID &&
			    cmd_secret_check("prompt", &err) == SP_E_INVALID &&
			    strstr(err.text, "no terminal to ask on") != NULL
			? 0
			: 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what can be read is told before",
		    what_can_be_read_is_told_before },
		{ "without a terminal nothing is asked",
		    without_a_terminal_nothing_is_asked },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
