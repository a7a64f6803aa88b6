#include "report/press.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "report/document.h"
#include "report/wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REAP_EVERY    200 /* milliseconds, while jobs are under way */
#define SETTLE_WITHIN (10 * SP_SECOND)
#define READ_BLOCK    ((size_t)256 << 10)

/* Waiting, forking, and entering a job's narrower list. */
static const char *const press_calls[] = { "access", "faccessat", "dup2",
	"dup3", "read", "write", "close", "recvmsg", "poll", "ppoll", "clone",
	"wait4", "set_robust_list", "rseq", "mmap", "munmap", "mprotect",
	"mremap", "brk", "madvise", "futex", "getrandom", "clock_gettime",
	"clock_nanosleep", "getpid", "gettid", "getppid", "tgkill",
	"rt_sigprocmask", "rt_sigaction", "prctl", "prlimit64", "seccomp",
	"alarm", "setitimer", "sched_yield", "sched_getaffinity", "sendto",
	"recvfrom", "fcntl" };

/* Setting: memory, and the threads that pango looks fonts up with.  access:
 * cairo asks whether a font's file is there also when it has it open. */
static const char *const job_calls[] = { "access", "faccessat", "read", "write",
	"close", "sendto", "recvfrom", "clone:thread", "set_robust_list",
	"rseq", "mmap", "munmap", "mprotect", "mremap", "brk", "madvise",
	"futex", "getrandom", "clock_gettime", "getpid", "gettid", "tgkill",
	"rt_sigprocmask", "rt_sigaction", "prctl", "sched_yield",
	"sched_getaffinity" };

struct press {
	int sock;
	int null; /* /dev/null */
	struct report_fonts *fonts;
	unsigned jobs; /* under way */
};

/* --- one job --- */

static enum sp_code
limit(__rlimit_resource_t what, uint64_t most, struct sp_err *err)
{
	const struct rlimit both = { most, most };

	return setrlimit(what, &both) == 0
	    ? SP_OK
	    : sp_fail_os(err, "set a limit (%d)", (int)what);
}

enum sp_code
report_press_enter(struct sp_err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return sp_fail_os(err, "end with the press");
	(void)alarm(REPORT_PRESS_SECONDS);
	SP_TRY(limit(RLIMIT_CPU, REPORT_PRESS_SECONDS / 2, err));
	SP_TRY(limit(RLIMIT_FSIZE, 0, err));
#ifndef SP_SANITIZED /* its shadow alone is larger */
	SP_TRY(limit(RLIMIT_AS, REPORT_PRESS_MEMORY, err));
#endif
	return sp_process_sandbox(job_calls, SP_COUNTOF(job_calls), err);
}

static enum sp_code
read_request(int sock, struct sp_buf *out, struct sp_err *err)
{
	for (;;) {
		uint8_t *at = sp_buf_extend(out, READ_BLOCK);
		ssize_t n;

		if (at == NULL)
			return sp_buf_check(out, "a request", err);
		do
			n = read(sock, at, READ_BLOCK);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return sp_fail_os(err, "read a request");
		sp_buf_cut(out, out->len - READ_BLOCK + (size_t)n);
		if (n == 0)
			return SP_OK;
	}
}

static enum sp_code
set(struct report_fonts *fonts, const struct sp_buf *request,
    struct sp_buf *pdf, struct sp_err *err)
{
	REPORT_AUTO_DOSSIER d = { .items = 0 };

	SP_TRY(report_dossier_read(&d, request->at, request->len, err));
	return report_document_set(fonts, &d, pdf, err);
}

/* u8 code || u32be length || PDF or text */
static enum sp_code
answer(int sock, enum sp_code code, const void *bytes, size_t len,
    struct sp_err *err)
{
	SP_AUTO_BUF head = sp_buf_new(16);

	sp_buf_u8(&head, (uint8_t)code);
	sp_buf_u32be(&head, (uint32_t)len);
	SP_TRY(sp_buf_check(&head, "an answer", err));
	SP_TRY(sp_file_write_all(sock, head.at, head.len, err));
	return sp_file_write_all(sock, bytes, len, err);
}

static enum sp_code
job(struct report_fonts *fonts, int sock, struct sp_err *err)
{
	SP_AUTO_BUF request = sp_buf_new(REPORT_REQUEST_MAX + READ_BLOCK);
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	struct sp_err why = { .code = SP_OK };
	enum sp_code code;

	SP_TRY(report_press_enter(err));
	SP_TRY(read_request(sock, &request, err));
	code = set(fonts, &request, &pdf, &why);
	if (code != SP_OK)
		return answer(sock, code, why.text, strlen(why.text), err);
	return answer(sock, SP_OK, pdf.at, pdf.len, err);
}

/* It has nothing to say but its answer: what libraries complain about stays
 * inside. */
static enum sp_code
be_silent(int null, struct sp_err *err)
{
#ifndef SP_SANITIZED
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return sp_fail_os(err, "close what is not needed");
#else
	(void)null;
	(void)err;
#endif
	return SP_OK;
}

_Noreturn static void
run_job(const struct press *p, int sock)
{
	bool done = be_silent(p->null, NULL) == SP_OK &&
	    job(p->fonts, sock, NULL) == SP_OK;

	_exit(done ? 0 : 1);
}

/* --- the press --- */

static size_t
threads(void)
{
	DIR *d = opendir("/proc/self/task");
	size_t n = 0;

	if (d == NULL)
		return 0;
	while (readdir(d) != NULL) // NOLINT(concurrency-mt-unsafe): own stream
		n++;
	(void)closedir(d);
	return n;
}

/* What pango started to look fonts up ends by itself; a fork in between would
 * leave its locks taken for ever. */
static enum sp_code
settle_threads(size_t most, struct sp_err *err)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int64_t until = sp_ticks() + SETTLE_WITHIN;

	while (threads() > most) {
		if (sp_ticks() > until)
			return sp_fail(
			    err, SP_E_UNAVAIL, "the fonts' threads do not end");
		(void)nanosleep(&moment, NULL);
	}
	return SP_OK;
}

/* Its jobs end before anything else does when memory runs out.  Where the
 * kernel does not let us say so, nothing is lost. */
static void
offer_memory(void)
{
	static const char score[] = "800";
	struct sp_err ignored;
	SP_AUTO_FD fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		SP_IGNORE(
		    sp_file_write_all(fd, score, strlen(score), &ignored));
}

/* What libraries would open when they first need it. */
static enum sp_code
open_ahead(struct press *p, struct sp_err *err)
{
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);

	p->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (p->null < 0)
		return sp_fail_os(err, "open /dev/null");
	json_object_seed(0);
	tzset();
	SP_TRY(report_fonts_open(&p->fonts, err));
	return report_sheet_specimen(p->fonts, &pdf, err);
}

static enum sp_code
settle(struct press *p, struct sp_err *err)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	size_t mine = threads();

	for (size_t i = 0; i < SP_COUNTOF(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return sp_fail_os(err, "end with the parent");
	SP_TRY(sp_process_harden(err));
	offer_memory();
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is no thread yet */
	if (clearenv() != 0 || setenv("TZ", "UTC", 1) != 0)
		return sp_fail(err, SP_E_NOMEM, "no memory for a press");
	SP_TRY(open_ahead(p, err));
	SP_TRY(settle_threads(mine, err));
	return sp_process_sandbox(press_calls, SP_COUNTOF(press_calls), err);
}

/* The next job's socket; -1 when a while has passed, or a signal came. */
static enum sp_code
next_job(const struct press *p, int *out, struct sp_err *err)
{
	struct pollfd wait = { .fd = p->sock, .events = POLLIN };
	int n = poll(&wait, 1, p->jobs > 0 ? REAP_EVERY : -1);

	if (n < 0 && errno != EINTR)
		return sp_fail_os(err, "wait for a job");
	*out = -1;
	return n <= 0 ? SP_OK : report_wire_receive(p->sock, out, err);
}

static void
note_end(pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		sp_log(SP_LOG_WARN, "press.job",
		    "process %d was ended by signal %d", pid, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		sp_log(SP_LOG_WARN, "press.job",
		    "process %d did not get its answer through", pid);
}

/* Jobs that have ended; waits for one when all places are taken. */
static void
reap(struct press *p)
{
	int status;
	pid_t pid;

	while (p->jobs > 0 &&
	    (pid = waitpid(
		 -1, &status, p->jobs < REPORT_PRESS_JOBS ? WNOHANG : 0)) > 0) {
		p->jobs--;
		note_end(pid, status);
	}
}

static enum sp_code
serve(struct press *p, struct sp_err *err)
{
	for (;;) {
		SP_AUTO_FD fd = -1;
		pid_t pid;

		reap(p);
		SP_TRY(next_job(p, &fd, err));
		if (fd < 0)
			continue;
		pid = fork();
		if (pid == 0) {
			(void)close(p->sock);
			run_job(p, fd);
		}
		if (pid < 0) /* the server sees its socket close */
			sp_log(SP_LOG_WARN, "press.job",
			    "no process for a report");
		p->jobs += pid > 0 ? 1 : 0;
	}
}

static void
press_done(struct press *p)
{
	sp_file_closep(&p->sock);
	sp_file_closep(&p->null);
	report_fonts_free(p->fonts);
}

enum sp_code
report_press_main(int sock, struct sp_err *err)
{
	SP_CLEANUP(press_done) struct press p = { .sock = sock, .null = -1 };
	enum sp_code code;

	SP_TRY(settle(&p, err));
	code = serve(&p, err);
	return code == SP_E_NOTFOUND ? SP_OK : code; /* the server has gone */
}
