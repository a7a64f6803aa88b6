#include "keeper/spawn.h"

#include "base/clock.h"
#include "base/file.h"
#include "keeper/keyring.h"
#include "keeper/process.h"
#include "keeper/request.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Deriving the root key takes part of a second on any machine of today. */
#define GREETING_WITHIN (30 * SP_SECOND)
#define FD_FIRST        3 /* of the descriptors that a child is given */
#define SPAWN_FDS       8

_Static_assert(KEEPER_SOCK_FD == FD_FIRST, "in the order of start()");
_Static_assert(KEEPER_UNLOCK_FD == FD_FIRST + 1, "in the order of start()");

enum sp_code
keeper_init(const char *dir, struct crypto_secret *unlock, struct sp_err *err)
{
	return keeper_keyring_make(dir, unlock, err);
}

static void
textp_free(char **s)
{
	free(*s);
}

/* Copies of the child's descriptors, where setting one covers no other. */
struct copies {
	int fd[SPAWN_FDS];
	size_t n;
};

static void
copies_close(struct copies *c)
{
	while (c->n > 0)
		sp_file_closep(&c->fd[--c->n]);
}

static enum sp_code
copies_make(struct copies *c, const int *fd, size_t n, struct sp_err *err)
{
	SP_REQUIRE(n <= SPAWN_FDS);
	for (size_t i = 0; i < n; i++) {
		int copy = fcntl(fd[i], F_DUPFD_CLOEXEC, FD_FIRST + SPAWN_FDS);

		if (copy < 0)
			return sp_fail_os(err, "copy a file descriptor");
		c->fd[c->n++] = copy;
	}
	return SP_OK;
}

/* True when all is set: each call returns an error number or 0. */
static bool
file_actions(posix_spawn_file_actions_t *a, const struct copies *c)
{
	static const char null[] = "/dev/null";
	bool ok =
	    posix_spawn_file_actions_addopen(a, 0, null, O_RDONLY, 0) == 0 &&
	    posix_spawn_file_actions_addopen(a, 1, null, O_WRONLY, 0) == 0;

	for (size_t i = 0; ok && i < c->n; i++)
		ok = posix_spawn_file_actions_adddup2(
			 a, c->fd[i], FD_FIRST + (int)i) == 0;
	return ok &&
	    posix_spawn_file_actions_addclosefrom_np(a, FD_FIRST + (int)c->n) ==
	    0;
}

/* Signals as a fresh program expects them, whatever the parent blocks. */
static bool
signals_clear(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	return sigemptyset(&none) == 0 && sigfillset(&all) == 0 &&
	    posix_spawnattr_setsigmask(attr, &none) == 0 &&
	    posix_spawnattr_setsigdefault(attr, &all) == 0 &&
	    posix_spawnattr_setflags(
		attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0;
}

enum sp_code
keeper_spawn_self(
    char *const *argv, const int *fd, size_t n, pid_t *pid, struct sp_err *err)
{
	return keeper_spawn_program("/proc/self/exe", argv, fd, n, pid, err);
}

enum sp_code
keeper_spawn_program(const char *path, char *const *argv, const int *fd,
    size_t n, pid_t *pid, struct sp_err *err)
{
	SP_CLEANUP(copies_close) struct copies copies = { .n = 0 };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	pid_t child = -1;
	int rc = ENOMEM;

	SP_TRY(copies_make(&copies, fd, n, err));
	if (posix_spawn_file_actions_init(&actions) != 0)
		return sp_fail(err, SP_E_NOMEM, "no memory for a process");
	if (posix_spawnattr_init(&attr) == 0) {
		if (file_actions(&actions, &copies) && signals_clear(&attr))
			rc = posix_spawn(
			    &child, path, &actions, &attr, argv, environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	errno = rc;
	if (rc != 0)
		return sp_fail_os(err, "start '%s'", argv[1]);
	*pid = child;
	return SP_OK;
}

/* A pipe holding the secret: it fits, so nobody need read it meanwhile. */
static enum sp_code
secret_pipe(struct crypto_secret *unlock, int *out, struct sp_err *err)
{
	SP_AUTO_FD to_read = -1;
	SP_AUTO_FD to_write = -1;
	int end[2];

	if (crypto_secret_len(unlock) > KEEPER_UNLOCK_MAX)
		return sp_fail(err, SP_E_LIMIT,
		    "an unlock secret has at most %d bytes", KEEPER_UNLOCK_MAX);
	if (pipe2(end, O_CLOEXEC) != 0)
		return sp_fail_os(err, "make a pipe");
	to_read = end[0];
	to_write = end[1];
	SP_TRY(sp_file_write_all(to_write, crypto_secret_bytes(unlock),
	    crypto_secret_len(unlock), err));
	*out = sp_file_steal(&to_read);
	return SP_OK;
}

/* *sock gets the parent's end; the child's is closed here once it has it. */
static enum sp_code
start(const char *dir, struct crypto_secret *unlock, pid_t *pid, int *sock,
    struct sp_err *err)
{
	char name[] = "sallyport";
	char word[] = "keeper";
	SP_CLEANUP(textp_free) char *path = strdup(dir);
	char *argv[] = { name, word, path, NULL };
	SP_AUTO_FD mine = -1;
	SP_AUTO_FD theirs = -1;
	SP_AUTO_FD secret = -1;
	int pair[2];

	if (path == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a process");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return sp_fail_os(err, "make a socket pair");
	mine = pair[0];
	theirs = pair[1];
	SP_TRY(secret_pipe(unlock, &secret, err));
	SP_TRY(keeper_spawn_self(
	    argv, (const int[]){ theirs, secret }, 2, pid, err));
	*sock = sp_file_steal(&mine);
	return SP_OK;
}

/* Nobody will know of this child: see it out. */
static void
put_down(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static enum sp_code
greeting(int sock, struct sp_err *err)
{
	SP_AUTO_BUF body = keeper_message_new();
	struct sp_in fields;
	enum sp_code code;

	SP_TRY(keeper_message_receive(
	    sock, &body, sp_ticks() + GREETING_WITHIN, err));
	if (!keeper_answer_parse(body.at, body.len, &code, &fields, err))
		return sp_fail_as(err, SP_E_UNAVAIL, "keeper.away",
		    "the keeper's greeting makes no sense");
	return code;
}

enum sp_code
keeper_spawn(const char *dir, struct crypto_secret *unlock, pid_t *pid,
    int *sock, struct sp_err *err)
{
	SP_AUTO_FD mine = -1;
	pid_t child = -1;
	enum sp_code code;

	SP_TRY(start(dir, unlock, &child, &mine, err));
	code = greeting(mine, err);
	if (code != SP_OK) {
		put_down(child);
		return code;
	}
	*pid = child;
	*sock = sp_file_steal(&mine);
	return SP_OK;
}
