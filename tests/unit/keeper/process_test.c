#include "keeper/process.h"

#include "base/clock.h"
#include "base/file.h"
#include "keeper/client.h"
#include "keeper/request.h"
#include "keeper/scratch.h"
#include "keeper_self.h"
#include "quick_kdf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* keeper_main in a process of its own, started by hand. */
struct keeper {
	pid_t pid;
	int sock;
};

static struct keeper
start(const char *dir, const void *secret, size_t len)
{
	char name[] = "sallyport";
	char word[] = "keeper";
	char path[64];
	char *argv[] = { name, word, path, NULL };
	struct keeper k = { .pid = -1 };
	struct sp_err err = { .code = SP_OK };
	int pair[2], end[2];

	(void)snprintf(path, sizeof(path), "%s", dir);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(pipe2(end, O_CLOEXEC) == 0);
	CHECK(write(end[1], secret, len) == (ssize_t)len);
	CHECK(close(end[1]) == 0);
	CHECK_OK(keeper_spawn_self(
		     argv, (const int[]){ pair[1], end[0] }, 2, &k.pid, &err),
	    &err);
	CHECK(close(pair[1]) == 0 && close(end[0]) == 0);
	k.sock = pair[0];
	return k;
}

static int
wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) != pid)
		CHECK(errno == EINTR);
	return status;
}

/* The first message, then the end when the keys did not open. */
static void
greets(const char *dir, const void *secret, size_t len, enum sp_code want)
{
	SP_AUTO_BUF body = keeper_message_new();
	struct keeper k = start(dir, secret, len);
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = SP_CODE_COUNT;
	struct sp_in in;
	int64_t until = sp_ticks() + 60 * SP_SECOND;

	CHECK_OK(keeper_message_receive(k.sock, &body, until, &err), &err);
	CHECK(keeper_answer_parse(body.at, body.len, &code, &in, &err));
	CHECK_CODE(code, want, &err);
	if (want == SP_OK)
		CHECK(shutdown(k.sock, SHUT_RDWR) == 0);
	else
		CHECK_CODE(keeper_message_receive(k.sock, &body, until, &err),
		    SP_E_UNAVAIL, &err);
	CHECK(close(k.sock) == 0);
	CHECK(wait_for(k.pid) == (want == SP_OK ? 0 : 1 << 8));
}

static void
greetings(void)
{
	static const char most[KEEPER_UNLOCK_MAX + 1] = "x";
	struct scratch s = scratch_new();

	greets(s.dir, "correct horse battery", 21, SP_OK);
	greets(s.dir, "correct horse", 13, SP_E_DENIED);
	greets(s.dir, "", 0, SP_E_INVALID);
	greets(s.dir, most, sizeof(most), SP_E_INVALID);
	greets(s.dir, most, sizeof(most) - 1, SP_E_DENIED);
	greets("/nonexistent", "correct horse battery", 21, SP_E_NOTFOUND);
	scratch_done(&s);
}

static void
greeted(const struct keeper *k)
{
	SP_AUTO_BUF body = keeper_message_new();
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(keeper_message_receive(
		     k->sock, &body, sp_ticks() + 60 * SP_SECOND, &err),
	    &err);
}

/* Bytes that are no message end it; a message that is no request does not. */
static void
nonsense(void)
{
	static const uint8_t no_request[] = { 0, 0, 0, 3, 9, 9, 9 };
	static const uint8_t no_message[] = { 255, 255, 255, 255, 1, 1 };
	struct scratch s = scratch_new();
	SP_AUTO_BUF body = keeper_message_new();
	struct keeper k = start(s.dir, "correct horse battery", 21);
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = SP_OK;
	struct sp_in in;
	int64_t until = sp_ticks() + 60 * SP_SECOND;

	greeted(&k);
	CHECK(send(k.sock, no_request, sizeof(no_request), 0) ==
	    (ssize_t)sizeof(no_request));
	CHECK_OK(keeper_message_receive(k.sock, &body, until, &err), &err);
	CHECK(keeper_answer_parse(body.at, body.len, &code, &in, &err));
	CHECK_CODE(code, SP_E_INVALID, &err);
	CHECK(send(k.sock, no_message, sizeof(no_message), 0) ==
	    (ssize_t)sizeof(no_message));
	CHECK_CODE(keeper_message_receive(k.sock, &body, until, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(wait_for(k.pid) == 0 && close(k.sock) == 0);
	scratch_done(&s);
}

/* Closed in the middle of a message: it ends, in good order. */
static void
cut_off(void)
{
	static const uint8_t part[] = { 0, 0, 0, 40, 1, 3, 0, 0 };
	struct scratch s = scratch_new();

	for (size_t len = 0; len <= sizeof(part); len++) {
		struct keeper k = start(s.dir, "correct horse battery", 21);

		greeted(&k);
		CHECK(send(k.sock, part, len, 0) == (ssize_t)len);
		CHECK(close(k.sock) == 0);
		CHECK(wait_for(k.pid) == 0);
	}
	scratch_done(&s);
}

/* The value after "name:\t" in the process's status, to the end of its line. */
static void
status_line(pid_t pid, const char *name, char out[static 32])
{
	SP_AUTO_BUF all = sp_buf_new(65536);
	struct sp_err err = { .code = SP_OK };
	char path[64];
	const char *at;
	size_t len;

	CHECK(snprintf(path, sizeof(path), "/proc/%d/status", pid) > 0);
	CHECK_OK(sp_file_read(AT_FDCWD, path, &all, &err), &err);
	at = strstr(sp_buf_str(&all), name);
	CHECK(at != NULL);
	at += strlen(name) + 2;
	len = strcspn(at, "\n");
	CHECK(len < 32);
	memcpy(out, at, len);
	out[len] = '\0';
}

/* It gave up what it said, and signals of a terminal do not end it. */
static void
hardened(void)
{
	struct scratch s = scratch_new();
	struct keeper_client *c = keeper_client_new();
	struct keeper k = start(s.dir, "correct horse battery", 21);
	struct sp_err err = { .code = SP_OK };
	char value[32];

	greeted(&k);
	CHECK(c != NULL);
	keeper_client_attach(c, k.sock);
	status_line(k.pid, "\nNoNewPrivs", value);
	CHECK(strcmp(value, "1") == 0);
	status_line(k.pid, "\nSeccomp", value);
#ifdef SP_SANITIZED
	CHECK(value[0] != '\0');
#else
	CHECK(strcmp(value, "2") == 0);
#endif
	CHECK(kill(k.pid, SIGTERM) == 0 && kill(k.pid, SIGINT) == 0 &&
	    kill(k.pid, SIGHUP) == 0);
	CHECK_OK(keeper_client_ping(c, &err), &err);
	keeper_client_free(c);
	CHECK(wait_for(k.pid) == 0);
	scratch_done(&s);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "says whether its keys are open", greetings },
		{ "nonsense", nonsense },
		{ "cut off", cut_off },
		{ "hardened, deaf to a terminal", hardened },
	};

	scratch_provider();
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
