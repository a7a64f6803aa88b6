#include "keeper/process.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "keeper/desk.h"
#include "keeper/request.h"
#include "keeper/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOG_EVERY SP_SECOND /* refusals are logged no more often */

/* What answering, and reading and writing key files, takes. */
static const char *const allowed[] = { "read", "write", "close", "openat",
	"fstat", "newfstatat", "lseek", "fsync", "fdatasync", "fchmod",
	"renameat", "renameat2", "unlinkat", "mkdirat", "fcntl", "poll",
	"ppoll", "recvfrom", "sendto", "mmap", "munmap", "mprotect", "mremap",
	"brk", "mlock", "munlock", "madvise", "futex", "getrandom",
	"clock_gettime", "getpid", "gettid", "tgkill", "rt_sigprocmask",
	"rt_sigaction", "sched_yield" };

static enum sp_code
settle(struct sp_err *err)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	struct rlimit lock;

	for (size_t i = 0; i < SP_COUNTOF(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return sp_fail_os(err, "end with the parent");
	/* Each key in use is a locked page: as many as may be. */
	if (getrlimit(RLIMIT_MEMLOCK, &lock) == 0) {
		lock.rlim_cur = lock.rlim_max;
		(void)setrlimit(RLIMIT_MEMLOCK, &lock); /* or fewer agencies */
	}
	SP_TRY(sp_process_harden(err));
	return sp_process_sandbox(allowed, SP_COUNTOF(allowed), err);
}

static enum sp_code
read_secret(int fd, struct crypto_secret **out, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_secret(KEEPER_UNLOCK_MAX + 1);
	struct crypto_secret *secret;
	uint8_t *at = sp_buf_extend(&text, KEEPER_UNLOCK_MAX + 1);
	size_t len = 0;
	ssize_t n = 1;

	if (at == NULL)
		return sp_buf_check(&text, "the unlock secret", err);
	while (n != 0 && len < text.len) {
		n = read(fd, at + len, text.len - len);
		if (n < 0 && errno != EINTR)
			return sp_fail_os(err, "read the unlock secret");
		len += n > 0 ? (size_t)n : 0;
	}
	if (len == 0 || len > KEEPER_UNLOCK_MAX)
		return sp_fail(err, SP_E_INVALID,
		    "an unlock secret has 1 to %d bytes", KEEPER_UNLOCK_MAX);
	secret = crypto_secret_from(at, len);
	if (secret == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a key");
	*out = secret;
	return SP_OK;
}

static enum sp_code
open_keys(const char *dir, int unlock_fd, struct keeper_keyring **out,
    struct sp_err *err)
{
	SP_AUTO_FD fd = unlock_fd;
	CRYPTO_AUTO_SECRET unlock = NULL;

	SP_TRY(settle(err));
	SP_TRY(read_secret(fd, &unlock, err));
	return keeper_keyring_open(out, dir, unlock, err);
}

/* The first message: are the keys open? */
static enum sp_code
greet(int sock, enum sp_code code, const struct sp_err *why, struct sp_err *err)
{
	SP_AUTO_BUF hello = keeper_message_new();

	if (code == SP_OK)
		keeper_answer_start(&hello, KEEPER_S_OK);
	else
		keeper_answer_error(&hello, why);
	return keeper_message_send(sock, &hello, KEEPER_NO_DEADLINE, err);
}

/* A flood of refusals is counted, not copied into the log. */
static void
note_refusal(const char *name, const struct sp_err *err)
{
	static int64_t last;
	static uint64_t unsaid;
	int64_t now = sp_ticks();

	if (last != 0 && now - last < LOG_EVERY) {
		unsaid++;
		return;
	}
	sp_log_err(SP_LOG_WARN, "keeper.refused", err,
	    "request '%s' (%ju more since the last line)", name,
	    (uintmax_t)unsaid);
	last = now;
	unsaid = 0;
}

static void
serve(struct keeper_desk *desk, int sock)
{
	SP_AUTO_BUF body = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_err err = { .code = SP_OK };
	const char *name = "?";

	while (keeper_message_receive(sock, &body, KEEPER_NO_DEADLINE, &err) ==
	    SP_OK) {
		sp_buf_clear(&answer);
		if (keeper_desk_answer(desk, &body, &answer, &name, &err) !=
		    SP_OK)
			note_refusal(name, &err);
		if (keeper_message_send(
			sock, &answer, KEEPER_NO_DEADLINE, &err) != SP_OK)
			break;
	}
}

static void
desk_freep(struct keeper_desk **d)
{
	keeper_desk_free(*d);
}

enum sp_code
keeper_main(const char *dir, int sock_fd, int unlock_fd, struct sp_err *err)
{
	SP_AUTO_FD sock = sock_fd;
	KEEPER_AUTO_KEYRING ring = NULL;
	SP_CLEANUP(desk_freep) struct keeper_desk *desk = NULL;
	struct sp_err why = { .code = SP_OK };
	enum sp_code code = open_keys(dir, unlock_fd, &ring, &why);

	if (code == SP_OK) {
		desk = keeper_desk_new(ring);
		if (desk == NULL)
			code = sp_fail(&why, SP_E_NOMEM, "no memory");
	}
	SP_TRY(greet(sock, code, &why, err));
	if (code != SP_OK) {
		if (err != NULL)
			*err = why;
		return code;
	}
	serve(desk, sock);
	return SP_OK;
}
