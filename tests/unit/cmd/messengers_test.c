#include "cmd/messengers.h"

#include "base/log.h"
#include "tap.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
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

/* The messenger of the test's own, this program again: it says that it is
 * there, and ends for nobody but its parent. */
static int
fake_messenger(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
	    send(3, "here", 4, 0) != 4)
		return 1;
	for (;;)
		SP_IGNORE(pause());
}

/* The server's end gets the connection to one that lives. */
static void
check_handed_over(int server, uint16_t whose)
{
	enum control_message m = CONTROL_MESSAGE_COUNT;
	uint16_t value = 99;
	struct sp_err err;
	char got[8];
	int fd = -1;

	CHECK_OK(cmd_control_receive(server, &m, &value, &fd, &err), &err);
	CHECK(m == CONTROL_MESSENGER && value == whose && fd >= 0);
	CHECK(recv(fd, got, sizeof(got), 0) == 4);
	CHECK(memcmp(got, "here", 4) == 0 && close(fd) == 0);
}

static void
bury(struct cmd_messengers *m, uint16_t whose, int want)
{
	pid_t pid = m->of[whose].pid;
	int status = 0;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == want);
	cmd_messengers_ended(m, pid, status);
	CHECK(m->of[whose].pid == -1);
}

static void
nobody_goes_out_uncalled(void)
{
	struct cmd_messengers m = cmd_messengers_new();

	CHECK(cmd_messengers_due(&m) == CHILD_NEVER);
	cmd_messengers_start(&m, INT64_MAX - 1, -1);
	for (size_t i = 0; i < CONTROL_ERRANDS_COUNT; i++)
		CHECK(m.of[i].pid == -1 && m.of[i].name != NULL);
}

static void
one_at_a_time_a_second_apart(void)
{
	struct cmd_messengers m = cmd_messengers_new();
	int mine = -1, server = -1;
	struct sp_err err;
	pid_t first;

	CHECK_OK(cmd_child_pair(SOCK_SEQPACKET, &mine, &server, &err), &err);
	for (int i = 0; i < 3; i++)
		cmd_messengers_call(&m, CONTROL_FOR_SIGNIN);
	CHECK(cmd_messengers_due(&m) <= now);
	cmd_messengers_start(&m, now, mine);
	check_handed_over(server, CONTROL_FOR_SIGNIN);
	first = m.of[CONTROL_FOR_SIGNIN].pid;
	CHECK(first > 0 && m.of[CONTROL_FOR_VOUCHING].pid == -1);

	/* So young, it is what is called for. */
	now += SP_SECOND - 1;
	cmd_messengers_call(&m, CONTROL_FOR_SIGNIN);
	CHECK(cmd_messengers_due(&m) == CHILD_NEVER && kill(first, 0) == 0);

	/* The other kind does not wait for it. */
	cmd_messengers_call(&m, CONTROL_FOR_VOUCHING);
	CHECK(cmd_messengers_due(&m) <= now);
	cmd_messengers_start(&m, now, mine);
	check_handed_over(server, CONTROL_FOR_VOUCHING);

	/* Older, it is ended, and waited for. */
	now += 1;
	cmd_messengers_call(&m, CONTROL_FOR_SIGNIN);
	CHECK(cmd_messengers_due(&m) == CHILD_NEVER);
	cmd_messengers_start(&m, now, mine);
	CHECK(m.of[CONTROL_FOR_SIGNIN].pid == first);
	bury(&m, CONTROL_FOR_SIGNIN, SIGKILL);
	CHECK(cmd_messengers_due(&m) <= now);
	cmd_messengers_start(&m, now, mine);
	check_handed_over(server, CONTROL_FOR_SIGNIN);

	/* One that died early is not replaced sooner. */
	CHECK(kill(m.of[CONTROL_FOR_SIGNIN].pid, SIGTERM) == 0);
	bury(&m, CONTROL_FOR_SIGNIN, SIGTERM);
	cmd_messengers_call(&m, CONTROL_FOR_SIGNIN);
	CHECK(cmd_messengers_due(&m) == now + SP_SECOND);
	cmd_messengers_forget(&m);
	CHECK(cmd_messengers_due(&m) == CHILD_NEVER);

	CHECK(kill(m.of[CONTROL_FOR_VOUCHING].pid, SIGKILL) == 0);
	bury(&m, CONTROL_FOR_VOUCHING, SIGKILL);
	CHECK(close(mine) == 0 && close(server) == 0);
}

/* Its value is the server's to choose: none is beyond the table. */
static void
any_number_is_of_some_kind(void)
{
	for (uint32_t whose = 0; whose <= UINT16_MAX; whose++) {
		struct cmd_messengers m = cmd_messengers_new();

		cmd_messengers_call(&m, (uint16_t)whose);
		CHECK(cmd_messengers_due(&m) <= now);
	}
}

/* A server that is gone does not keep it, and it is called for again. */
static void
nobody_takes_it(void)
{
	struct cmd_messengers m = cmd_messengers_new();

	now += SP_SECOND;
	cmd_messengers_call(&m, CONTROL_FOR_VOUCHING);
	cmd_messengers_start(&m, now, -1);
	CHECK(cmd_messengers_due(&m) == CHILD_NEVER);
	now += SP_SECOND;
	cmd_messengers_call(&m, CONTROL_FOR_VOUCHING);
	if (m.of[CONTROL_FOR_VOUCHING].pid > 0) {
		pid_t pid = m.of[CONTROL_FOR_VOUCHING].pid;
		int status;

		CHECK(waitpid(pid, &status, 0) == pid);
		cmd_messengers_ended(&m, pid, status);
	}
	CHECK(cmd_messengers_due(&m) <= now);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "nobody goes out uncalled", nobody_goes_out_uncalled },
		{ "one at a time, a second apart",
		    one_at_a_time_a_second_apart },
		{ "any number is of some kind", any_number_is_of_some_kind },
		{ "nobody takes it", nobody_takes_it },
	};

	if (argc == 2 && strcmp(argv[1], "messenger") == 0)
		return fake_messenger();
	sp_log_setup("messengers", SP_LOG_ERROR);
	return tap_run(cases, SP_COUNTOF(cases));
}
