#include "cmd/supervisor.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "client/scratch.h"
#include "cmd/control.h"
#include "crypto/provider.h"
#include "keeper/client.h"
#include "keeper/spawn.h"
#include "keeper_self.h"
#include "quick_kdf.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

/*
 * The supervisor with real keepers and a server of the test's own: this
 * program again, as `server MODE`, which writes a line to the diary for each
 * thing that happens to it.
 */
#define WITHIN (30 * SP_SECOND)

static int64_t stop_within = SP_SECOND; /* of the next site */
static const char *press_program;       /* likewise; NULL: none */

/* ---- The server of the test's own ---- */

static void
diary_of(const char *dir, const char *word, pid_t pid)
{
	char line[64];
	char path[256];
	int len = snprintf(line, sizeof(line), "%s %d\n", word, pid);
	int fd;

	(void)snprintf(path, sizeof(path), "%s/diary", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, line, (size_t)len) == len);
	CHECK(close(fd) == 0);
}

static void
diary(const char *dir, const char *word)
{
	diary_of(dir, word, getpid());
}

/* A press's connection came: it says who it is, and is kept.  One that ended at
 * once says nothing. */
static void
use_press(const char *dir, int fd)
{
	static int kept = -1;
	pid_t pid = -1;

	if (recv(fd, &pid, sizeof(pid), 0) == (ssize_t)sizeof(pid))
		diary_of(dir, "press", pid);
	else
		diary(dir, "no-press");
	sp_file_closep(&kept);
	kept = fd;
}

/* The press of the test's own: this program again. */
static int
fake_press(void)
{
	pid_t pid = getpid();
	char byte;

	if (send(3, &pid, sizeof(pid), 0) != (ssize_t)sizeof(pid))
		return 1;
	return recv(3, &byte, 1, 0) == 0 ? 0 : 1;
}

/* A messenger's connection came, after many calls: who is it, and does the one
 * before live? */
#define CALLS 10
#define APART 20 /* ms, between these */

static void
call_often(void)
{
	struct sp_err err = { .code = SP_OK };

	for (int i = 0; i < CALLS; i++)
		CHECK_OK(
		    cmd_control_send(CONTROL_FD, CONTROL_CALL, 0, -1, &err),
		    &err);
}

static void
use_messenger(const char *dir, int fd)
{
	static pid_t before;
	pid_t pid = -1;

	if (before > 0 && kill(before, 0) == 0)
		diary_of(dir, "two-messengers", before);
	if (recv(fd, &pid, sizeof(pid), 0) == (ssize_t)sizeof(pid))
		diary_of(dir, "messenger", pid);
	before = pid;
	sp_file_closep(&fd);
}

/* The messenger of the test's own: this program again; it ends for nobody. */
static int
fake_messenger(void)
{
	pid_t pid = getpid();

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
	    send(3, &pid, sizeof(pid), 0) != (ssize_t)sizeof(pid))
		return 1;
	for (;;)
		SP_IGNORE(pause());
}

/* A keeper's connection came: use it once. */
static void
use_keeper(const char *dir, struct keeper_client *c, int fd)
{
	struct sp_err err = { .code = SP_OK };

	keeper_client_attach(c, fd);
	diary(
	    dir, keeper_client_ping(c, &err) == SP_OK ? "keeper" : "no-keeper");
}

static int
open_signals(void)
{
	sigset_t set;
	int fd;

	CHECK(sigemptyset(&set) == 0 && sigaddset(&set, SIGTERM) == 0 &&
	    sigaddset(&set, SIGHUP) == 0);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

/* True when it is to stop. */
static bool
hear_signal(int signals, const char *mode, const char *dir)
{
	struct signalfd_siginfo info;
	struct sp_err err = { .code = SP_OK };

	CHECK(read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info));
	if (info.ssi_signo == SIGTERM && strcmp(mode, "stubborn") != 0)
		return true;
	if (info.ssi_signo == SIGTERM) {
		diary(dir, "will-not");
		return false;
	}
	diary(dir, "reload");
	CHECK_OK(
	    cmd_control_send(CONTROL_FD, CONTROL_RELOADED, 1, -1, &err), &err);
	return false;
}

/* False when the supervisor is gone. */
static bool
hear_control(struct keeper_client *c, const char *mode, const char *dir)
{
	static bool ready;
	enum control_message m = CONTROL_MESSAGE_COUNT;
	struct sp_err err = { .code = SP_OK };
	uint16_t value;
	int fd = -1;

	if (cmd_control_receive(CONTROL_FD, &m, &value, &fd, &err) != SP_OK)
		return false;
	if (m == CONTROL_PRESS) {
		use_press(dir, fd);
		return true;
	}
	if (m == CONTROL_MESSENGER) {
		use_messenger(dir, fd);
		return true;
	}
	use_keeper(dir, c, fd);
	if (!ready && strcmp(mode, "raves") == 0)
		CHECK(write(CONTROL_FD, "?", 1) == 1);
	else if (!ready)
		CHECK_OK(
		    cmd_control_send(CONTROL_FD, CONTROL_READY, 4711, -1, &err),
		    &err);
	ready = true;
	return true;
}

static void
fake_server(const char *mode, const char *dir)
{
	struct keeper_client *c = keeper_client_new();
	struct pollfd p[] = { { .fd = open_signals(), .events = POLLIN },
		{ .fd = CONTROL_FD, .events = POLLIN } };

	diary(dir, "server");
	if (strcmp(mode, "fails") == 0)
		exit(17);
	for (;;) {
		int n = poll(p, 2, strcmp(mode, "calls") == 0 ? APART : -1);

		CHECK(n >= 0);
		if (n == 0)
			call_often();
		if (p[0].revents != 0 && hear_signal(p[0].fd, mode, dir))
			break;
		if (p[1].revents != 0 && !hear_control(c, mode, dir))
			break;
	}
	diary(dir, "stop");
	keeper_client_free(c);
	exit(0);
}

/* ---- A site and its supervisor ---- */

struct site {
	char dir[64];
	struct crypto_secret *unlock;
	pid_t pid; /* of the supervisor */
};

static struct site
site_new(void)
{
	struct site s = { .pid = -1 };
	struct sp_err err = { .code = SP_OK };

	(void)unlink(scratch("diary"));
	(void)unlink(scratch("said"));
	(void)snprintf(s.dir, sizeof(s.dir), "%s", scratch_dir);
	s.unlock = crypto_secret_from("correct horse battery", 21);
	CHECK(s.unlock != NULL);
	if (access(scratch("keeper/root"), F_OK) != 0)
		CHECK_OK(keeper_init(s.dir, s.unlock, &err), &err);
	return s;
}

static int
supervise(const struct site *s, const char *mode, const char *secret)
{
	static const struct cmd self = { "serve", "DIR", "serve", NULL, false };
	char name[] = "sallyport";
	char word[] = "server";
	char mode_text[16];
	char dir[64];
	char *argv[] = { name, word, mode_text, dir, NULL };
	CRYPTO_AUTO_SECRET unlock = crypto_secret_from(secret, strlen(secret));
	SP_AUTO_FD lock = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct supervisor_options o = { .dir = s->dir,
		.unlock = unlock,
		.server_argv = argv,
		.lock = lock,
		.listen = "127.0.0.1:0",
		.press = press_program,
		.stop_within = stop_within };

	(void)snprintf(mode_text, sizeof(mode_text), "%s", mode);
	(void)snprintf(dir, sizeof(dir), "%s", s->dir);
	sp_log_setup("supervisor", SP_LOG_INFO);
	return cmd_supervisor_run(&self, &o);
}

/* What it says on standard error goes to the file `said`. */
static void
start_with(struct site *s, const char *mode, const char *secret)
{
	(void)fflush(stdout);
	s->pid = fork();
	CHECK(s->pid >= 0);
	if (s->pid == 0) {
		int fd = open(scratch("said"),
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
			_exit(99);
		exit(supervise(s, mode, secret));
	}
}

static void
start(struct site *s, const char *mode)
{
	start_with(s, mode, "correct horse battery");
}

static int
ended(struct site *s)
{
	int status = 0;

	while (waitpid(s->pid, &status, 0) != s->pid)
		CHECK(errno == EINTR);
	crypto_secret_free(s->unlock);
	return status;
}

/* How often a line of the file begins with `word`; the number after the last
 * such one goes to *pid. */
static int
count(const char *file, const char *word, pid_t *pid)
{
	SP_AUTO_BUF text = sp_buf_new(1 << 20);
	struct sp_err err = { .code = SP_OK };
	size_t len = strlen(word);
	int n = 0;

	if (sp_file_read(AT_FDCWD, scratch(file), &text, &err) != SP_OK)
		return 0;
	for (const char *at = sp_buf_str(&text); *at != '\0';) {
		const char *end = strchr(at, '\n');

		if (end == NULL)
			break;
		if (strncmp(at, word, len) == 0) {
			n++;
			*pid = 0;
			for (const char *d = at + len + 1;
			     d < end && *d >= '0' && *d <= '9'; d++)
				*pid = *pid * 10 + (*d - '0');
		}
		at = end + 1;
	}
	return n;
}

static pid_t
await(const char *file, const char *word, int n)
{
	int64_t until = sp_ticks() + WITHIN;
	pid_t pid = 0;

	while (count(file, word, &pid) < n) {
		CHECK(sp_ticks() < until);
		CHECK(usleep(2000) == 0);
	}
	return pid;
}

/* The keeper: the supervisor's child that is not `server`. */
static pid_t
keeper_of(const struct site *s, pid_t server)
{
	SP_AUTO_BUF text = sp_buf_new(4096);
	struct sp_err err = { .code = SP_OK };
	char path[96];
	pid_t pid = 0;

	(void)snprintf(
	    path, sizeof(path), "/proc/%d/task/%d/children", s->pid, s->pid);
	CHECK_OK(sp_file_read(AT_FDCWD, path, &text, &err), &err);
	/* Numbers with a space behind each; the keeper's is the other one. */
	for (const char *at = sp_buf_str(&text); *at != '\0'; at++) {
		if (*at != ' ')
			pid = pid * 10 + (*at - '0');
		else if (pid == server)
			pid = 0;
		else
			break;
	}
	CHECK(pid > 0);
	return pid;
}

static void
await_end_of(pid_t pid)
{
	int64_t until = sp_ticks() + WITHIN;

	while (kill(pid, 0) == 0) {
		CHECK(sp_ticks() < until);
		CHECK(usleep(2000) == 0);
	}
}

/* ---- The cases ---- */

static void
starts_and_stops(void)
{
	struct site s = site_new();
	pid_t server, keeper, n;

	start(&s, "serves");
	server = await("diary", "keeper", 1);
	(void)await("said", "ready", 1);
	CHECK(count("said", "Serving ", &n) == 1);
	keeper = keeper_of(&s, server);
	CHECK(kill(s.pid, SIGTERM) == 0);
	CHECK(ended(&s) == 0);
	CHECK(count("diary", "stop", &n) == 1);
	CHECK(kill(server, 0) != 0 && kill(keeper, 0) != 0);
}

static void
keeper_killed(void)
{
	struct site s = site_new();
	pid_t server;

	start(&s, "serves");
	server = await("diary", "keeper", 1);
	for (int i = 2; i < 5; i++) {
		CHECK(kill(keeper_of(&s, server), SIGKILL) == 0);
		CHECK(await("diary", "keeper", i) == server);
	}
	CHECK(kill(s.pid, SIGINT) == 0);
	CHECK(ended(&s) == 0);
}

static void
server_killed(void)
{
	struct site s = site_new();
	pid_t first, second;

	start(&s, "serves");
	first = await("diary", "keeper", 1);
	(void)await("said", "ready", 1);
	CHECK(kill(first, SIGKILL) == 0);
	second = await("diary", "keeper", 2);
	CHECK(second != first);
	(void)await("said", "ready", 2);
	CHECK(kill(s.pid, SIGTERM) == 0);
	CHECK(ended(&s) == 0);
}

static void
server_fails_to_start(void)
{
	struct site s = site_new();
	int status;
	pid_t n;

	start(&s, "fails");
	status = ended(&s);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 17);
	CHECK(count("diary", "server", &n) == 1); /* not tried again */
	CHECK(count("said", "ready", &n) == 0);
}

static void
secret_is_wrong(void)
{
	struct site s = site_new();
	int status;
	pid_t n;

	start_with(&s, "serves", "wrong");
	status = ended(&s);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == CMD_REFUSED);
	CHECK(count("diary", "server", &n) == 0);
	CHECK(count("said", "sallyport serve: keeper: the unlock secret", &n) ==
	    1);
}

/* Asked a second time, a server that does not stop is killed. */
static void
server_will_not_stop(void)
{
	const struct timespec nap = { .tv_sec = 1, .tv_nsec = 1000 };
	struct site s = site_new();
	int64_t from;
	int status;
	pid_t n;

	stop_within = WITHIN;
	start(&s, "stubborn");
	stop_within = SP_SECOND;
	(void)await("diary", "keeper", 1);
	(void)await("said", "ready", 1);
	CHECK(kill(s.pid, SIGTERM) == 0);
	(void)await("diary", "will-not", 1);
	(void)nanosleep(&nap, NULL);
	from = sp_ticks();
	CHECK(kill(s.pid, SIGTERM) == 0);
	status = ended(&s);
	CHECK(sp_ticks() - from < WITHIN);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == CMD_CHECK_FAILED);
	CHECK(count("diary", "stop", &n) == 0);
}

/* Who passes signals on may pass one on twice: it is one wish. */
static void
one_wish_told_twice(void)
{
	struct site s = site_new();
	int64_t from;
	int status;

	start(&s, "stubborn");
	(void)await("diary", "keeper", 1);
	(void)await("said", "ready", 1);
	from = sp_ticks();
	CHECK(kill(s.pid, SIGTERM) == 0);
	(void)await("diary", "will-not", 1);
	CHECK(kill(s.pid, SIGTERM) == 0);
	status = ended(&s);
	CHECK(sp_ticks() - from >= SP_SECOND);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == CMD_CHECK_FAILED);
}

/* Left alone it is killed as well, when its time is over. */
static void
server_is_late(void)
{
	struct site s = site_new();
	int64_t from;
	int status;

	start(&s, "stubborn");
	(void)await("diary", "keeper", 1);
	(void)await("said", "ready", 1);
	from = sp_ticks();
	CHECK(kill(s.pid, SIGTERM) == 0);
	status = ended(&s);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == CMD_CHECK_FAILED);
	CHECK(sp_ticks() - from >= SP_SECOND);
}

/* A server that says what is no message is killed and replaced; here before
 * it ever served, so serve ends. */
static void
server_raves(void)
{
	struct site s = site_new();
	int status;

	start(&s, "raves");
	status = ended(&s);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == CMD_CHECK_FAILED);
}

static void
supervisor_killed(void)
{
	struct site s = site_new();
	pid_t server, keeper;
	int status;

	start(&s, "serves");
	server = await("diary", "keeper", 1);
	keeper = keeper_of(&s, server);
	CHECK(kill(s.pid, SIGKILL) == 0);
	status = ended(&s);
	CHECK(WIFSIGNALED(status));
	await_end_of(server); /* its control socket closed */
	await_end_of(keeper);
}

static void
told_the_manager(void)
{
	struct site s = site_new();
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static const char *const want[] = { "READY=1", "RELOADING=1\nMONO",
		"READY=1", "STOPPING=1" };

	(void)snprintf(
	    at.sun_path, sizeof(at.sun_path), "%s", scratch("notify"));
	CHECK(sock >= 0 &&
	    bind(sock, (const struct sockaddr *)&at, sizeof(at)) == 0);
	CHECK(setenv("NOTIFY_SOCKET", at.sun_path, 1) == 0);
	start(&s, "serves");
	CHECK(unsetenv("NOTIFY_SOCKET") == 0);
	for (size_t i = 0; i < SP_COUNTOF(want); i++) {
		char said[256] = "";

		CHECK(recv(sock, said, sizeof(said) - 1, 0) > 0);
		CHECK(strncmp(said, want[i], strlen(want[i])) == 0);
		if (i == 0)
			CHECK(kill(s.pid, SIGHUP) == 0);
		if (i == 2)
			CHECK(kill(s.pid, SIGTERM) == 0);
	}
	(void)await("diary", "reload", 1);
	CHECK(ended(&s) == 0);
	CHECK(close(sock) == 0);
}

/* Handed to the server, again when it died, and again to a new server; it ends
 * with the site. */
static void
press_is_started_again(void)
{
	struct site s = site_new();
	pid_t server, press, next;

	press_program = "/proc/self/exe";
	start(&s, "serves");
	press = await("diary", "press", 1);
	server = await("diary", "keeper", 1);
	for (int i = 2; i < 4; i++) {
		CHECK(kill(press, SIGKILL) == 0);
		next = await("diary", "press", i);
		CHECK(next != press);
		press = next;
	}
	CHECK(await("diary", "server", 1) == server);
	CHECK(kill(server, SIGKILL) == 0);
	CHECK(await("diary", "server", 2) != server);
	next = await("diary", "press", 4);
	await_end_of(press);
	CHECK(kill(s.pid, SIGTERM) == 0);
	CHECK(ended(&s) == 0);
	await_end_of(next);
	press_program = NULL;
}

/* A site without fonts, or without the program, serves. */
static void
press_cannot_be_started(void)
{
	struct site s = site_new();
	pid_t n;

	press_program = "/nonexistent/press";
	start(&s, "serves");
	(void)await("diary", "keeper", 1);
	(void)await("said", "ready", 1);
	CHECK(count("diary", "press", &n) == 0);
	CHECK(kill(s.pid, SIGTERM) == 0);
	CHECK(ended(&s) == 0);
	press_program = "/bin/false";
	s = site_new();
	start(&s, "serves");
	(void)await("said", "ready", 1);
	(void)await("diary", "no-press", 1);
	CHECK(count("diary", "server", &n) == 1);
	CHECK(kill(s.pid, SIGTERM) == 0);
	CHECK(ended(&s) == 0);
	press_program = NULL;
}

/* A server that calls without end has one messenger at a time, a second apart;
 * and one that hangs does not outlive the site. */
static void
messengers_are_bounded(void)
{
	struct site s = site_new();
	int64_t from = sp_ticks();
	pid_t last, n;

	start(&s, "calls");
	for (int i = 1; i < 4; i++)
		(void)await("diary", "messenger", i);
	CHECK(sp_ticks() - from >= 2 * SP_SECOND);
	CHECK(count("diary", "two-messengers", &n) == 0);
	last = await("diary", "messenger", 3);
	CHECK(kill(s.pid, SIGTERM) == 0);
	CHECK(ended(&s) == 0);
	await_end_of(last);
	CHECK(sp_ticks() - from >=
	    (count("diary", "messenger", &n) - 1) * SP_SECOND);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "starts, says ready, stops", starts_and_stops },
		{ "a keeper killed, again and again", keeper_killed },
		{ "a server killed", server_killed },
		{ "a server that does not start", server_fails_to_start },
		{ "a wrong unlock secret", secret_is_wrong },
		{ "a server that will not stop", server_will_not_stop },
		{ "one wish told twice", one_wish_told_twice },
		{ "a server that is late", server_is_late },
		{ "a server that raves", server_raves },
		{ "the supervisor killed", supervisor_killed },
		{ "what a service manager hears", told_the_manager },
		{ "a press killed, and a server with a press",
		    press_is_started_again },
		{ "a press that cannot be started", press_cannot_be_started },
		{ "messengers are bounded", messengers_are_bounded },
	};
	struct sp_err err = { .code = SP_OK };
	int code;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	if (argc == 4 && strcmp(argv[1], "server") == 0)
		fake_server(argv[2], argv[3]);
	if (argc == 2 && strcmp(argv[1], "press") == 0)
		return fake_press();
	if (argc == 2 && strcmp(argv[1], "messenger") == 0)
		return fake_messenger();
	scratch_make();
	code = tap_run(cases, SP_COUNTOF(cases));
	scratch_done();
	return code;
}
