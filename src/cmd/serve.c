#include "base/clock.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/process.h"
#include "cmd/helper.h"
#include "cmd/serve_args.h"
#include "cmd/supervisor.h"
#include "cmd/table.h"
#include "cmd/unlock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOCK_WAIT   (10 * SP_SECOND) /* for the processes of a dead one */
#define LOCK_PAUSE  (SP_SECOND / 50)
#define STOP_MARGIN (10 * SP_SECOND) /* and uploads be laid to rest */

/* The process whose number is in the lock file, 0 when there is none. */
static pid_t
holder(int lock)
{
	char text[24];
	ssize_t n = pread(lock, text, sizeof(text), 0);
	uint64_t pid = 0;

	if (n <= 1 || text[n - 1] != '\n' ||
	    !sp_parse_u64(text, (size_t)n - 1, 1, INT32_MAX, &pid))
		return 0;
	return (pid_t)pid;
}

/*
 * One `serve` a site: an flock that its server holds as well, so that it is
 * free only when nothing of it runs any more.  When the supervisor was killed
 * the rest follows at once: that is waited for, a living one is not.
 */
static enum sp_code
take_lock(int lock, const char *dir, struct sp_err *err)
{
	int64_t until = sp_ticks() + LOCK_WAIT;

	while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		const struct timespec pause = { 0, LOCK_PAUSE * 1000 };
		pid_t pid = holder(lock);

		if (errno != EWOULDBLOCK && errno != EINTR)
			return sp_fail_os(err, "lock %s", dir);
		if ((pid != 0 && kill(pid, 0) == 0) || sp_ticks() >= until)
			return sp_fail(err, SP_E_CONFLICT,
			    "%s is being served already, by process %d", dir,
			    (int)pid);
		(void)nanosleep(&pause, NULL); /* shorter is as good */
	}
	return SP_OK;
}

static enum sp_code
lock_site(const char *dir, int *out, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(4096);
	SP_AUTO_FD lock = -1;
	char text[24];
	int len = snprintf(text, sizeof(text), "%d\n", getpid());

	sp_buf_fmt(&path, "%s/lock", dir);
	SP_TRY(sp_buf_check(&path, "the lock's path", err));
	lock = open(sp_buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return sp_fail_os(err, "open %s", sp_buf_str(&path));
	SP_TRY(take_lock(lock, dir, err));
	if (ftruncate(lock, 0) != 0)
		return sp_fail_os(err, "write %s", sp_buf_str(&path));
	SP_TRY(sp_file_pwrite_all(lock, text, (size_t)len, 0, err));
	*out = sp_file_steal(&lock);
	return SP_OK;
}

/* The server is told the same words, under its own name. */
static char **
server_words(int argc, char **argv)
{
	static char program[] = "sallyport";
	static char word[] = "server";
	char **words = calloc((size_t)argc + 2, sizeof(char *));

	if (words == NULL)
		return NULL;
	words[0] = program;
	words[1] = word;
	for (int i = 1; i < argc; i++)
		words[i + 1] = argv[i];
	return words;
}

static void
words_free(char ***words)
{
	free(*words);
}

/* What the first start needs. */
struct ready {
	int lock;
	struct crypto_secret *unlock;
	struct sp_buf press;
};

static void
ready_done(struct ready *r)
{
	sp_file_closep(&r->lock);
	crypto_secret_free(r->unlock);
	sp_buf_free(&r->press);
}

static enum sp_code
prepare(const struct serve_args *a, struct ready *r, struct sp_err *err)
{
	SP_TRY(sp_process_harden(err));
	SP_TRY(cmd_helper_path("sallyport-press", &r->press, err));
	SP_TRY(lock_site(a->dir, &r->lock, err));
	return cmd_unlock_read(a->dir, a->unlock, &r->unlock, err);
}

/*
 * Each of thousands of connections is a thread, and glibc keeps what a thread
 * has freed for that thread alone: the leavings of its handshake, for as long
 * as it waits.  Without that cache an idle stream of events costs a seventh
 * less memory, and an allocation some nanoseconds more.  glibc reads this when
 * a program starts: it is for the server, and nothing that was set is
 * changed.
 */
static void
thrifty_threads(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread yet */
	SP_IGNORE(setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 0));
}

int
cmd_serve_run(const struct cmd *self, int argc, char **argv)
{
	/* Before parsing, which moves the words. */
	SP_CLEANUP(words_free) char **words = server_words(argc, argv);
	SERVE_AUTO_ARGS args = { .dir = NULL };
	SP_CLEANUP(ready_done)
	struct ready r = { .lock = -1, .press = sp_buf_new(4096) };
	struct sp_err err = { .code = SP_OK };
	struct supervisor_options o;
	int64_t grace = SERVE_STOP_SECONDS;
	int code = cmd_serve_args_parse(self, argc, argv, &args);

	if (code != CMD_DONE)
		return code;
	sp_log_setup("supervisor", args.log_level);
	if (words == NULL)
		(void)sp_fail(&err, SP_E_NOMEM, "no memory");
	if (words == NULL || prepare(&args, &r, &err) != SP_OK)
		return cmd_fail(self, &err);
	thrifty_threads();
	if (args.limits.stop_seconds != 0)
		grace = args.limits.stop_seconds;
	o = (struct supervisor_options){ .dir = args.dir,
		.unlock = r.unlock,
		.press = sp_buf_str(&r.press),
		.server_argv = words,
		.lock = r.lock,
		.listen = args.listen,
		.stop_within = grace * SP_SECOND + STOP_MARGIN };
	return cmd_supervisor_run(self, &o);
}
