#include "report/press.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "report/document.h"
#include "report/wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
static const char *const press_calls[] = { "read", "write", "close", "recvmsg",
	"poll", "ppoll", "clone", "wait4", "set_robust_list", "rseq", "mmap",
	"munmap", "mprotect", "mremap", "brk", "madvise", "futex", "getrandom",
	"clock_gettime", "clock_nanosleep", "getpid", "gettid", "getppid",
	"tgkill", "rt_sigprocmask", "rt_sigaction", "prctl", "prlimit64",
	"seccomp", "alarm", "setitimer", "sched_yield", "sched_getaffinity",
	"sendto", "recvfrom", "fcntl" };

/* Setting: memory, and the threads that pango looks fonts up with. */
static const char *const job_calls[] = { "read", "write", "close", "sendto",
	"recvfrom", "clone:thread", "set_robust_list", "rseq", "mmap", "munmap",
	"mprotect", "mremap", "brk", "madvise", "futex", "getrandom",
	"clock_gettime", "getpid", "gettid", "tgkill", "rt_sigprocmask",
	"rt_sigaction", "prctl", "sched_yield", "sched_getaffinity" };

/* --- one job --- */

static enum sp_code
limit(int what, uint64_t most, struct sp_err *err)
{
	const struct rlimit both = { most, most };

	return setrlimit(what, &both) == 0
	    ? SP_OK
	    : sp_fail_os(err, "set a limit (%d)", what);
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

_Noreturn static void
run_job(struct report_fonts *fonts, int sock)
{
	struct sp_err err = { .code = SP_OK };

	if (job(fonts, sock, &err) != SP_OK)
		sp_log_err(SP_LOG_WARN, "press.job", &err, "a report failed");
	_exit(err.code == SP_OK ? 0 : 1);
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

static enum sp_code
settle(struct report_fonts **fonts, struct sp_err *err)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	size_t mine = threads();

	for (size_t i = 0; i < SP_COUNTOF(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return sp_fail_os(err, "end with the parent");
	SP_TRY(sp_process_harden(err));
	offer_memory();
	(void)clearenv(); // NOLINT(concurrency-mt-unsafe): no thread yet
	SP_TRY(report_fonts_open(fonts, err));
	/* Through all that reports are made of: jobs find it open. */
	SP_TRY(report_sheet_specimen(*fonts, &pdf, err));
	SP_TRY(settle_threads(mine, err));
	return sp_process_sandbox(press_calls, SP_COUNTOF(press_calls), err);
}

/* The next job's socket; -1 when `wait` milliseconds have passed. */
static enum sp_code
next_job(int sock, int wait, int *out, struct sp_err *err)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int n = poll(&p, 1, wait);

	if (n < 0 && errno != EINTR)
		return sp_fail_os(err, "wait for a job");
	*out = -1;
	return n <= 0 ? SP_OK : report_wire_receive(sock, out, err);
}

/* Jobs that have ended; waits for one when all places are taken. */
static void
reap(unsigned *jobs)
{
	int status;
	pid_t pid;

	while (*jobs > 0 &&
	    (pid = waitpid(
		 -1, &status, *jobs < REPORT_PRESS_JOBS ? WNOHANG : 0)) > 0) {
		--*jobs;
		if (WIFSIGNALED(status))
			sp_log(SP_LOG_WARN, "press.job",
			    "process %d was ended by signal %d", pid,
			    WTERMSIG(status));
	}
}

static enum sp_code
serve(struct report_fonts *fonts, int sock, struct sp_err *err)
{
	unsigned jobs = 0;

	for (;;) {
		SP_AUTO_FD fd = -1;
		pid_t pid;

		reap(&jobs);
		SP_TRY(next_job(sock, jobs > 0 ? REAP_EVERY : -1, &fd, err));
		if (fd < 0)
			continue;
		pid = fork();
		if (pid == 0) {
			(void)close(sock);
			run_job(fonts, fd);
		}
		if (pid < 0) /* the server sees its socket close */
			sp_log(SP_LOG_WARN, "press.job",
			    "no process for a report");
		jobs += pid > 0 ? 1 : 0;
	}
}

enum sp_code
report_press_main(int sock_fd, struct sp_err *err)
{
	SP_AUTO_FD sock = sock_fd;
	REPORT_AUTO_FONTS fonts = NULL;
	enum sp_code code;

	SP_TRY(settle(&fonts, err));
	code = serve(fonts, sock, err);
	return code == SP_E_NOTFOUND ? SP_OK : code; /* the server has gone */
}
