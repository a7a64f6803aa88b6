#include "cmd/supervisor.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cmd/child.h"
#include "cmd/control.h"
#include "cmd/helper.h"
#include "cmd/messengers.h"
#include "cmd/notify.h"
#include "cmd/signals.h"
#include "cmd/workers.h"
#include "edge/listen.h"
#include "keeper/spawn.h"
#include "report/press.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOWEST       (5 * SP_SECOND)  /* to start a child again */
#define PRESS_SLOWEST (60 * SP_SECOND) /* where less depends on it */
#define KEEPER_ENDS   (5 * SP_SECOND)  /* once its server is gone */
#define SAME_WISH     SP_SECOND /* timeout(1), npm, sudo may pass one on twice */
#define NEVER         CHILD_NEVER

/*
 *            ready              stop                  server gone
 *  STARTING -------> SERVING ----------> STOPPING ------------------> ENDING
 *   |  |             ^    |              ^   ^  |                     ^   |
 *   |  |             +----+              |   +--+                     |   |
 *   |  |        server or keeper         | late, or stop again:       |   |
 *   |  |      gone: start it again       | kill the server            |   |
 *   |  |                                 |                            |   |
 *   |  +------ stop, or a child ---------+                            |   |
 *   |          cannot be started                                      |   |
 *   +--------- server gone -------------------------------------------+   |
 *                                                                         |
 *                                                 ENDED <-----------------+
 *                                                            keeper gone
 *
 * Keeper and press end by themselves when the server, which holds the other end
 * of their sockets, has gone: so the server can still close its logs.  The
 * press is started again like the keeper while the site starts or serves, and
 * never waited for.
 */
enum state { STARTING, SERVING, STOPPING, ENDING, ENDED };

/* In the order in which those that came together are taken. */
enum event {
	STOP,   /* a signal asked for it */
	FAILED, /* something cannot be started at all */
	READY,  /* the server serves */
	SERVER_GONE,
	KEEPER_GONE,
	PRESS_GONE,
	LATE, /* the deadline of this state has passed */
	EVENT_COUNT
};

struct supervisor {
	const struct cmd *self;
	const struct supervisor_options *o;
	enum state state;
	unsigned raised; /* bit e: event e waits to be taken */
	struct child keeper;
	struct child server;
	struct child press;
	int signals;
	int control;     /* to the server, or -1 */
	int keeper_sock; /* connections that no server has yet, or -1 */
	int press_sock;
	struct cmd_workers workers;
	struct cmd_messengers messengers;
	int64_t asked; /* when to stop was first asked for */
	int64_t deadline;
	int exit_code;
};

static void
raise_event(struct supervisor *s, enum event e)
{
	s->raised |= 1U << e;
}

static void
say(const char *state)
{
	struct sp_err err = { .code = SP_OK };

	if (cmd_notify_send(state, &err) != SP_OK)
		sp_log_err(SP_LOG_WARN, "notify.failed", &err, "%s", state);
}

/* The first start cannot succeed: what to exit with. */
static void
give_up(struct supervisor *s, int exit_code)
{
	if (s->exit_code == CMD_DONE)
		s->exit_code = exit_code;
	raise_event(s, FAILED);
}

/* Starting, and starting again. */

static void
keeper_again(struct supervisor *s)
{
	cmd_child_again(&s->keeper);
}

static void
server_again(struct supervisor *s)
{
	cmd_child_again(&s->server);
}

static void
press_again(struct supervisor *s)
{
	cmd_child_again(&s->press);
}

/* A connection made while there was no server, or a new one: pass it on. */
static void
pass_on(struct supervisor *s, enum control_message m, int *sock)
{
	struct sp_err err = { .code = SP_OK };

	if (*sock < 0)
		return;
	if (cmd_control_send(s->control, m, 0, *sock, &err) != SP_OK)
		sp_log_err(SP_LOG_ERROR, "server.handover", &err,
		    "the server does not take a connection (%d)", (int)m);
	sp_file_closep(sock); /* who is without a server ends */
}

static void
hand_over(struct supervisor *s)
{
	if (s->control < 0)
		return;
	pass_on(s, CONTROL_KEEPER, &s->keeper_sock);
	pass_on(s, CONTROL_PRESS, &s->press_sock);
}

static enum sp_code
spawn_keeper(struct supervisor *s, struct sp_err *err)
{
	sp_file_closep(&s->keeper_sock);
	return keeper_spawn(
	    s->o->dir, s->o->unlock, &s->keeper.pid, &s->keeper_sock, err);
}

static enum sp_code
spawn_server(struct supervisor *s, struct sp_err *err)
{
	SP_AUTO_FD mine = -1;
	SP_AUTO_FD theirs = -1;

	SP_TRY(cmd_child_pair(SOCK_SEQPACKET, &mine, &theirs, err));
	_Static_assert(CONTROL_FD == 3 && LOCK_FD == 4, "the order below");
	SP_TRY(keeper_spawn_self(s->o->server_argv,
	    (const int[]){ theirs, s->o->lock }, 2, &s->server.pid, err));
	sp_file_closep(&s->control);
	s->control = sp_file_steal(&mine);
	return SP_OK;
}

static enum sp_code
spawn_press(struct supervisor *s, struct sp_err *err)
{
	char name[] = "sallyport";
	char word[] = "press";
	char *argv[] = { name, word, NULL };
	SP_AUTO_FD mine = -1;
	SP_AUTO_FD theirs = -1;

	SP_TRY(cmd_child_pair(SOCK_SEQPACKET, &mine, &theirs, err));
	_Static_assert(REPORT_PRESS_FD == 3, "the first that is given");
	SP_TRY(keeper_spawn_program(
	    s->o->press, argv, &theirs, 1, &s->press.pid, err));
	sp_file_closep(&s->press_sock);
	s->press_sock = sp_file_steal(&mine);
	return SP_OK;
}

/* How a child is started, and what is said of that. */
struct start {
	enum sp_code (*spawn)(struct supervisor *s, struct sp_err *err);
	const char *started, *failed; /* events of the log */
	const char *without;          /* what it is not to have it */
	bool vital;                   /* the first time it must succeed */
};

static const struct start keeper_start = {
	.spawn = spawn_keeper,
	.started = "keeper.started",
	.failed = "keeper.failed",
	.without = "it does not start",
	.vital = true,
};
static const struct start server_start = {
	.spawn = spawn_server,
	.started = "server.started",
	.failed = "server.failed",
	.without = "it does not start",
	.vital = true,
};
static const struct start press_start = {
	.spawn = spawn_press,
	.started = "press.started",
	.failed = "press.failed",
	.without = "no reports are set",
};

static void
start(struct supervisor *s, struct child *c, const struct start *how)
{
	struct sp_err err = { .code = SP_OK };

	c->due = NEVER;
	if (how->spawn(s, &err) == SP_OK) {
		cmd_child_started(c);
		sp_log(SP_LOG_INFO, how->started, "process %d", c->pid);
		hand_over(s);
		return;
	}
	if (how->vital && s->state == STARTING) {
		give_up(s, cmd_fail(s->self, &err));
		return;
	}
	sp_log_err(SP_LOG_ERROR, how->failed, &err, "%s", how->without);
	cmd_child_failed(c);
}

/* The keeper first: a wrong unlock secret is said before anything else. */
static void
start_due(struct supervisor *s)
{
	int64_t now = sp_ticks();

	if (s->keeper.due <= now)
		start(s, &s->keeper, &keeper_start);
	if (s->server.due <= now && (s->raised & 1U << FAILED) == 0)
		start(s, &s->server, &server_start);
	if (s->press.due <= now)
		start(s, &s->press, &press_start);
	cmd_messengers_start(&s->messengers, now, s->control);
}

/* Stopping. */

static void
stop_server(struct supervisor *s)
{
	say("STOPPING=1");
	s->server.due = NEVER;
	s->press.due = NEVER; /* the one there is ends with the server */
	cmd_messengers_forget(&s->messengers); /* likewise */
	s->asked = sp_ticks();
	s->deadline = s->asked + s->o->stop_within;
	if (s->server.pid < 0)
		raise_event(s, SERVER_GONE);
	cmd_child_signal(&s->server, SIGTERM);
}

static void
kill_server(struct supervisor *s)
{
	if (s->deadline != NEVER) /* not yet */
		sp_log(
		    SP_LOG_WARN, "server.killed", "it is no longer waited for");
	s->deadline = NEVER;
	cmd_child_signal(&s->server, SIGKILL);
}

static void
stop_at_once(struct supervisor *s)
{
	if (sp_ticks() - s->asked >= SAME_WISH)
		kill_server(s);
}

static void
await_keeper(struct supervisor *s)
{
	s->keeper.due = NEVER;
	s->deadline = sp_ticks() + KEEPER_ENDS;
	sp_file_closep(&s->keeper_sock);
	if (s->keeper.pid < 0)
		raise_event(s, KEEPER_GONE);
}

static void
kill_keeper(struct supervisor *s)
{
	s->deadline = NEVER;
	cmd_child_signal(&s->keeper, SIGKILL);
}

/* Serving. */

static void
announce(struct supervisor *s)
{
	/* The URL went before (hear): this line is what programs wait for. */
	(void)fputs("ready\n", stderr);
	say("READY=1");
	(void)s;
}

static const struct transition {
	enum state from;
	enum event on;
	enum state to;
	void (*act)(struct supervisor *s);
} transitions[] = {
	{ STARTING, READY, SERVING, announce },
	{ STARTING, STOP, STOPPING, stop_server },
	{ STARTING, FAILED, STOPPING, stop_server },
	{ STARTING, SERVER_GONE, ENDING, await_keeper },
	{ STARTING, KEEPER_GONE, STARTING, keeper_again },
	{ STARTING, PRESS_GONE, STARTING, press_again },
	{ SERVING, READY, SERVING, announce }, /* a server started again */
	{ SERVING, STOP, STOPPING, stop_server },
	{ SERVING, SERVER_GONE, SERVING, server_again },
	{ SERVING, KEEPER_GONE, SERVING, keeper_again },
	{ SERVING, PRESS_GONE, SERVING, press_again },
	{ STOPPING, STOP, STOPPING, stop_at_once },
	{ STOPPING, LATE, STOPPING, kill_server },
	{ STOPPING, SERVER_GONE, ENDING, await_keeper },
	{ STOPPING, KEEPER_GONE, STOPPING, keeper_again },
	{ ENDING, STOP, ENDING, kill_keeper },
	{ ENDING, LATE, ENDING, kill_keeper },
	{ ENDING, KEEPER_GONE, ENDED, NULL },
};

/* An event that has no row in a state means nothing there. */
static void
take(struct supervisor *s, enum event e)
{
	for (size_t i = 0; i < SP_COUNTOF(transitions); i++) {
		const struct transition *t = &transitions[i];

		if (t->from != s->state || t->on != e)
			continue;
		s->state = t->to;
		if (t->act != NULL)
			t->act(s);
		return;
	}
}

static void
take_raised(struct supervisor *s)
{
	while (s->raised != 0) {
		enum event e = (enum event)__builtin_ctz(s->raised);

		s->raised &= ~(1U << e);
		take(s, e);
	}
}

/* What comes from outside. */

static void
server_ended(struct supervisor *s, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : CMD_CHECK_FAILED;

	if (s->state == STARTING)
		s->exit_code = code == CMD_DONE ? CMD_CHECK_FAILED : code;
	else if (s->state == STOPPING && s->exit_code == CMD_DONE)
		s->exit_code = code;
	sp_file_closep(&s->control);
	cmd_messengers_forget(&s->messengers);
	cmd_child_ended(&s->server, status);
	raise_event(s, SERVER_GONE);
}

static void
reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (cmd_workers_ended(&s->workers, pid))
			continue; /* its socket tells who needs to know */
		if (pid == s->server.pid)
			server_ended(s, status);
		if (pid == s->keeper.pid) {
			cmd_child_ended(&s->keeper, status);
			raise_event(s, KEEPER_GONE);
		}
		if (pid == s->press.pid) {
			cmd_child_ended(&s->press, status);
			raise_event(s, PRESS_GONE);
		}
		cmd_messengers_ended(&s->messengers, pid, status);
	}
}

static void
reload(struct supervisor *s)
{
	struct sp_err err = { .code = SP_OK };

	if (s->state != SERVING || s->server.pid < 0)
		return;
	if (cmd_notify_reloading(&err) != SP_OK)
		sp_log_err(SP_LOG_WARN, "notify.failed", &err, "RELOADING=1");
	cmd_child_signal(&s->server, SIGHUP);
}

static void
hear_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(s);
		else if (info.ssi_signo == SIGHUP)
			reload(s);
		else
			raise_event(s, STOP);
	}
}

static void
say_where(const struct supervisor *s, uint16_t port)
{
	struct edge_listen l;
	struct sp_err err;

	if (edge_listen_parse(s->o->listen, &l, &err) == SP_OK)
		(void)fprintf(stderr, "Serving %s at https://%s%s%s:%u\n",
		    s->o->dir, l.v6 ? "[" : "", l.address, l.v6 ? "]" : "",
		    port);
}

static enum sp_code
hire(struct supervisor *s, int *sock, struct sp_err *err)
{
	SP_AUTO_BUF program = sp_buf_new(PATH_MAX);

	if (s->state != STARTING && s->state != SERVING)
		return sp_fail(err, SP_E_UNAVAIL, "the site is stopping");
	SP_TRY(cmd_helper_path("sallyport-media", &program, err));
	return cmd_workers_start(&s->workers, sp_buf_str(&program), sock, err);
}

/* The server wants a media worker, and gets the connection to one. */
static void
answer_hire(struct supervisor *s, uint16_t ticket)
{
	struct sp_err err = { .code = SP_OK };
	SP_AUTO_FD sock = -1;
	enum control_message m = CONTROL_WORKER;

	if (hire(s, &sock, &err) != SP_OK) {
		m = CONTROL_NO_WORKER;
		sp_log_err(SP_LOG_WARN, "media.no-worker", &err,
		    "media waits to be looked into");
	}
	/* Unheard, it is asked again; a worker without a host ends. */
	SP_IGNORE(cmd_control_send(s->control, m, ticket, sock, NULL));
}

static void
answer_call(struct supervisor *s, uint16_t whose)
{
	if (s->state == STARTING || s->state == SERVING)
		cmd_messengers_call(&s->messengers, whose);
}

static void
hear_server(struct supervisor *s)
{
	enum control_message m = CONTROL_MESSAGE_COUNT;
	struct sp_err err = { .code = SP_OK };
	SP_AUTO_FD fd = -1;
	uint16_t value = 0;
	enum sp_code code =
	    cmd_control_receive(s->control, &m, &value, &fd, &err);

	if (code != SP_OK) {
		/* It has ended, or is out of its mind and soon will have. */
		sp_file_closep(&s->control);
		if (code != SP_E_UNAVAIL) {
			sp_log_err(SP_LOG_ERROR, "server.control", &err,
			    "the server is killed");
			cmd_child_signal(&s->server, SIGKILL);
		}
		return;
	}
	if (m == CONTROL_READY) {
		say_where(s, value);
		raise_event(s, READY);
	}
	if (m == CONTROL_RELOADED)
		say("READY=1");
	if (m == CONTROL_HIRE)
		answer_hire(s, value);
	if (m == CONTROL_CALL)
		answer_call(s, value);
}

static int
patience(const struct supervisor *s)
{
	int64_t until = cmd_workers_due(&s->workers);
	int64_t left;

	if (s->deadline < until)
		until = s->deadline;
	if (s->keeper.due < until)
		until = s->keeper.due;
	if (s->server.due < until)
		until = s->server.due;
	if (s->press.due < until)
		until = s->press.due;
	if (cmd_messengers_due(&s->messengers) < until)
		until = cmd_messengers_due(&s->messengers);
	if (until == NEVER)
		return -1;
	left = until - sp_ticks();
	return left <= 0 ? 0 : (int)(left / 1000) + 1;
}

static void
hear(struct supervisor *s)
{
	struct pollfd p[] = {
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->control, .events = POLLIN }, /* ignored when -1 */
	};

	if (poll(p, SP_COUNTOF(p), patience(s)) < 0)
		return; /* interrupted: look again */
	/* The server first: what it said before it ended still counts. */
	if (p[1].revents != 0)
		hear_server(s);
	if (p[0].revents != 0)
		hear_signals(s);
	cmd_workers_kill_late(&s->workers, sp_ticks());
	if (sp_ticks() >= s->deadline)
		raise_event(s, LATE);
}

static const int heard[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };

int
cmd_supervisor_run(const struct cmd *self, const struct supervisor_options *o)
{
	struct supervisor s = { .self = self,
		.o = o,
		.state = STARTING,
		.keeper = { .name = "keeper", .pid = -1, .slowest = SLOWEST },
		.server = { .name = "server", .pid = -1, .slowest = SLOWEST },
		.press = { .name = "press",
		    .pid = -1,
		    .due = o->press == NULL ? NEVER : 0,
		    .slowest = PRESS_SLOWEST },
		.messengers = cmd_messengers_new(),
		.signals = -1,
		.control = -1,
		.keeper_sock = -1,
		.press_sock = -1,
		.deadline = NEVER,
		.exit_code = CMD_DONE };
	struct sp_err err = { .code = SP_OK };

	if (cmd_signals_open(heard, SP_COUNTOF(heard), &s.signals, &err) !=
	    SP_OK)
		return cmd_fail(self, &err);
	while (s.state != ENDED) {
		start_due(&s);
		take_raised(&s);
		if (s.state != ENDED)
			hear(&s);
		take_raised(&s);
	}
	sp_file_closep(&s.control);
	sp_file_closep(&s.keeper_sock);
	sp_file_closep(&s.press_sock);
	sp_file_closep(&s.signals);
	return s.exit_code;
}
