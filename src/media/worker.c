#include "media/worker.h"

#include "base/clock.h"
#include "base/process.h"
#include "media/poster.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE 10

/* Memory, waiting, the socket; the last row for a panic's way out. */
static const char *const allowed[] = { "read", "write", "recvfrom", "sendto",
	"poll", "ppoll", "close", "mmap", "munmap", "mremap", "brk", "madvise",
	"futex", "clock_gettime", "gettimeofday", "getrandom", "gettid",
	"getpid", "tgkill", "rt_sigprocmask", "rt_sigaction" };

/* --- The time is over --- */

/*
 * SIGXCPU: the answer that is then due, ready to be sent.  Not while another
 * message is half out: then the connection just ends.
 */
#define READY_MAX (MEDIA_HEAD + 1)
static struct {
	uint8_t bytes[READY_MAX];
	size_t len;
} late, no_poster;
static volatile sig_atomic_t sending;
static volatile sig_atomic_t told_facts;

static enum sp_code
make_ready(struct sp_err *err)
{
	SP_AUTO_BUF b = sp_buf_new(READY_MAX);

	media_message_start(&b, MEDIA_SAY_POSTER);
	SP_TRY(media_message_finish(&b, err));
	memcpy(no_poster.bytes, b.at, b.len);
	no_poster.len = b.len;
	media_message_start(&b, MEDIA_SAY_UNREADABLE);
	sp_buf_u8(&b, media_reason_number(MEDIA_TIME));
	SP_TRY(media_message_finish(&b, err));
	memcpy(late.bytes, b.at, b.len);
	late.len = b.len;
	return SP_OK;
}

static void
out_of_time(int sig)
{
	ssize_t n = 0;

	(void)sig;
	if (!sending && told_facts)
		n = write(MEDIA_SOCK_FD, no_poster.bytes, no_poster.len);
	else if (!sending)
		n = write(MEDIA_SOCK_FD, late.bytes, late.len);
	_exit(n > 0 ? 0 : 1);
}

/* --- Confinement --- */

/* At most so much; what is less already stays. */
static enum sp_code
limit(
    __rlimit_resource_t what, uint64_t soft, uint64_t hard, struct sp_err *err)
{
	struct rlimit l;

	if (getrlimit(what, &l) != 0)
		return sp_fail_os(err, "read limit %d", (int)what);
	l.rlim_max = l.rlim_max < hard ? l.rlim_max : hard;
	l.rlim_cur = l.rlim_cur < soft ? l.rlim_cur : soft;
	l.rlim_cur = l.rlim_cur < l.rlim_max ? l.rlim_cur : l.rlim_max;
	if (setrlimit(what, &l) != 0)
		return sp_fail_os(err, "set limit %d", (int)what);
	return SP_OK;
}

static enum sp_code
limit_all(struct sp_err *err)
{
	static const struct {
		__rlimit_resource_t what;
		uint64_t soft, hard;
	} rows[] = {
#ifndef SP_SANITIZED /* whose runtimes reserve terabytes, and report */
		{ RLIMIT_AS, MEDIA_WORKER_MEMORY, MEDIA_WORKER_MEMORY },
		{ RLIMIT_FSIZE, 0, 0 },
#endif
		{ RLIMIT_CPU, MEDIA_WORKER_CPU, MEDIA_WORKER_CPU + 2 },
		{ RLIMIT_NOFILE, MEDIA_SOCK_FD + 1, MEDIA_SOCK_FD + 1 },
		{ RLIMIT_NPROC, 0, 0 },
		{ RLIMIT_MEMLOCK, 0, 0 },
		{ RLIMIT_MSGQUEUE, 0, 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		SP_TRY(limit(rows[i].what, rows[i].soft, rows[i].hard, err));
	return SP_OK;
}

enum sp_code
media_worker_confine(struct sp_err *err)
{
	/* Others go first; refused (by systemd, say), it is only in the way. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	SP_TRY(make_ready(err));
	if (signal(SIGXCPU, out_of_time) == SIG_ERR)
		return sp_fail_os(err, "hear of the end of time");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return sp_fail_os(err, "end with the parent");
	SP_TRY(sp_process_harden(err));
	SP_TRY(limit_all(err));
	return sp_process_sandbox(allowed, SP_COUNTOF(allowed), err);
}

/* --- The job --- */

struct worker {
	int sock;
	struct sp_buf out, in;
	uint64_t size;
};

static enum sp_code
say(struct worker *w, struct sp_err *err)
{
	enum sp_code code;

	sending = 1;
	code = media_message_send(w->sock, &w->out, MEDIA_NO_DEADLINE, err);
	sending = 0;
	return code;
}

static enum sp_code
hear(struct worker *w, enum media_message want, struct sp_err *err)
{
	enum media_message m = MEDIA_MESSAGE_COUNT;

	SP_TRY(media_message_receive(
	    w->sock, false, MEDIA_NO_DEADLINE, &m, &w->in, err));
	if (m != want)
		return sp_fail(err, SP_E_INVALID, "not what is due");
	return SP_OK;
}

/* One piece: the host gives all of it or hangs up. */
static bool
read_piece(struct worker *w, uint64_t at, void *out, uint32_t len)
{
	media_message_start(&w->out, MEDIA_SAY_READ);
	sp_buf_u64be(&w->out, at);
	sp_buf_u32be(&w->out, len);
	if (say(w, NULL) != SP_OK || hear(w, MEDIA_SAY_BYTES, NULL) != SP_OK ||
	    w->in.len != len)
		return false;
	memcpy(out, w->in.at, len);
	return true;
}

static bool
read_bytes(void *self, uint64_t at, void *out, uint32_t len)
{
	uint8_t *to = out;

	while (len > 0) {
		uint32_t n = len < MEDIA_PIECE ? len : MEDIA_PIECE;

		if (!read_piece(self, at, to, n))
			return false;
		at += n;
		to += n;
		len -= n;
	}
	return true;
}

static enum sp_code
say_unreadable(struct worker *w, enum media_reason why, struct sp_err *err)
{
	media_message_start(&w->out, MEDIA_SAY_UNREADABLE);
	sp_buf_u8(&w->out, media_reason_number(why));
	return say(w, err);
}

static enum sp_code
say_readable(struct worker *w, struct media_probe *p, struct sp_err *err)
{
	SP_AUTO_BUF poster = sp_buf_new(MEDIA_POSTER_MAX);

	media_message_start(&w->out, MEDIA_SAY_FACTS);
	media_facts_write(media_probe_facts(p), &w->out);
	SP_TRY(say(w, err));
	told_facts = 1;
	if (!media_poster_make(p, &poster))
		sp_buf_clear(&poster);
	media_message_start(&w->out, MEDIA_SAY_POSTER);
	sp_buf_add(&w->out, poster.at, poster.len);
	return say(w, err);
}

static enum sp_code
look(struct worker *w, struct sp_err *err)
{
	const struct media_source source = {
		.read = read_bytes,
		.self = w,
		.size = w->size,
		.most = MEDIA_WORKER_READS,
		.deadline =
		    sp_ticks() + (MEDIA_WORKER_SECONDS - 10) * SP_SECOND,
	};
	struct media_input *in = media_input_new(&source);
	struct media_probe *p = NULL;
	enum media_reason why = MEDIA_MEMORY;
	enum sp_code code;

	if (in != NULL)
		why = media_probe_open(&p, in);
	code = why == MEDIA_READABLE ? say_readable(w, p, err)
				     : say_unreadable(w, why, err);
	media_probe_close(p);
	media_input_free(in);
	return code;
}

static enum sp_code
serve(struct worker *w, struct sp_err *err)
{
	struct sp_in body;

	SP_TRY(hear(w, MEDIA_SAY_JOB, err));
	body = sp_in_from(w->in.at, w->in.len);
	w->size = sp_in_u64be(&body);
	if (!sp_in_done(&body) || w->size > INT64_MAX)
		return sp_fail(err, SP_E_INVALID, "not a size");
	if (w->size == 0)
		return say_unreadable(w, MEDIA_EMPTY, err);
	return look(w, err);
}

enum sp_code
media_worker_serve(int sock, struct sp_err *err)
{
	struct worker w = {
		.sock = sock,
		.out = sp_buf_new(MEDIA_MESSAGE_MAX),
		.in = sp_buf_new(MEDIA_PIECE),
	};
	enum sp_code code;

	told_facts = 0;
	code = serve(&w, err);
	sp_buf_free(&w.out);
	sp_buf_free(&w.in);
	return code;
}

int
media_worker_main(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return 1;
#ifndef SP_SANITIZED /* which have something to say */
	if (dup2(null, 2) < 0)
		return 1;
#endif
	if (null > 2)
		(void)close(null);
	/* Whoever is on the other end sees the end of it: there is nobody else
	 * to be told. */
	if (media_worker_confine(NULL) != SP_OK ||
	    media_worker_serve(MEDIA_SOCK_FD, NULL) != SP_OK)
		return 1;
	return 0;
}
