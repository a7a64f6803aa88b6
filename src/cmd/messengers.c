#include "cmd/messengers.h"

#include "base/file.h"
#include "base/log.h"
#include "errand/messenger.h"
#include "keeper/spawn.h"

#include <signal.h>
#include <sys/socket.h>

#define CALLS_APART SP_SECOND /* between two of a kind */

struct cmd_messengers
cmd_messengers_new(void)
{
	static const char *const names[] = {
		[CONTROL_FOR_VOUCHING] = "those who vouch",
		[CONTROL_FOR_SIGNIN] = "sign-in",
	};
	struct cmd_messengers m;

	_Static_assert(SP_COUNTOF(names) == CONTROL_ERRANDS_COUNT, "each");
	for (size_t i = 0; i < CONTROL_ERRANDS_COUNT; i++)
		m.of[i] = (struct child){ .name = names[i],
			.pid = -1,
			.started = -CALLS_APART,
			.due = CHILD_NEVER };
	return m;
}

void
cmd_messengers_call(struct cmd_messengers *m, uint16_t whose)
{
	struct child *c = &m->of[whose % CONTROL_ERRANDS_COUNT];
	int64_t rested = c->started + CALLS_APART;

	if (c->pid > 0 && sp_ticks() < rested)
		return;
	c->due = rested;
	cmd_child_signal(c, SIGKILL);
}

/* One that is called for while another is there waits for that one's end. */
static int64_t
due(const struct child *c)
{
	return c->pid > 0 ? CHILD_NEVER : c->due;
}

int64_t
cmd_messengers_due(const struct cmd_messengers *m)
{
	int64_t first = CHILD_NEVER;

	for (size_t i = 0; i < CONTROL_ERRANDS_COUNT; i++)
		if (due(&m->of[i]) < first)
			first = due(&m->of[i]);
	return first;
}

static enum sp_code
spawn(struct child *c, int *sock, struct sp_err *err)
{
	char name[] = "sallyport";
	char word[] = "messenger";
	char *argv[] = { name, word, NULL };
	SP_AUTO_FD mine = -1;
	SP_AUTO_FD theirs = -1;

	_Static_assert(ERRAND_MESSENGER_FD == 3, "the first that is given");
	SP_TRY(cmd_child_pair(SOCK_SEQPACKET, &mine, &theirs, err));
	SP_TRY(keeper_spawn_self(argv, &theirs, 1, &c->pid, err));
	*sock = sp_file_steal(&mine);
	return SP_OK;
}

/* Unanswered or unheard, it is called for again. */
static void
start(struct child *c, uint16_t whose, int control)
{
	struct sp_err err = { .code = SP_OK };
	SP_AUTO_FD sock = -1;

	cmd_child_started(c); /* or not: the next is as long after */
	if (spawn(c, &sock, &err) != SP_OK ||
	    cmd_control_send(control, CONTROL_MESSENGER, whose, sock, &err) !=
		SP_OK)
		sp_log_err(SP_LOG_WARN, "messenger.none", &err,
		    "nobody goes out for %s", c->name);
}

void
cmd_messengers_start(struct cmd_messengers *m, int64_t now, int control)
{
	for (size_t i = 0; i < CONTROL_ERRANDS_COUNT; i++)
		if (due(&m->of[i]) <= now)
			start(&m->of[i], (uint16_t)i, control);
}

void
cmd_messengers_forget(struct cmd_messengers *m)
{
	for (size_t i = 0; i < CONTROL_ERRANDS_COUNT; i++)
		m->of[i].due = CHILD_NEVER;
}

void
cmd_messengers_ended(struct cmd_messengers *m, pid_t pid, int status)
{
	for (size_t i = 0; i < CONTROL_ERRANDS_COUNT; i++)
		if (pid == m->of[i].pid)
			cmd_child_ended(&m->of[i], status);
}
