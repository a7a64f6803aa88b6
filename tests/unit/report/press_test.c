#include "report/press.h"

#include "report/press_fixture.h"
#include "report/report_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static struct report_press *press;
static pid_t process;

/* `request` is without its END, which the client adds. */
static enum sp_code
ask(const struct sp_buf *request, struct sp_buf *pdf, struct sp_err *err)
{
	REPORT_AUTO_JOB j = { .deadline = 0 };

	SP_TRY(report_job_begin(&j, press, err));
	for (size_t at = 0; at < request->len;) {
		size_t n = request->len - at;

		n = n < 70000 ? n : 70000;
		sp_buf_add(&j.out, request->at + at, n);
		SP_TRY(report_job_push(&j, err));
		at += n;
	}
	return report_job_end(&j, pdf, err);
}

static void
life_of(struct report_request *rq, const struct report_told *t, uint64_t n)
{
	request_life(rq, t, REPORT_LETTER, n);
	sp_buf_cut(&rq->bytes, rq->bytes.len - 5);
}

static void
life(struct report_request *rq, uint64_t n)
{
	const struct report_told t = told_plainly();

	life_of(rq, &t, n);
}

static void
it_still_works(void)
{
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	struct sp_err err;

	life(&rq, 3);
	CHECK_OK(ask(&rq.bytes, &pdf, &err), &err);
	CHECK(pdf.len > 5 && memcmp(pdf.at, "%PDF-", 5) == 0);
}

static void
a_job_is_done(void)
{
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	AUTO_FILE f;
	struct sp_err err;

	life(&rq, 300);
	CHECK_OK(ask(&rq.bytes, &pdf, &err), &err);
	file_of(&f, "press", &pdf);
	file_is_valid(&f);
	CHECK(file_pages(&f) > 10);
}

/* No job can open a font: all of them were open before. */
static void
every_script_can_be_set_in_there(void)
{
	static const char *const names[] = { "שלום", "مرحبا", "हिन्दी", "বাংলা",
		"தமிழ்", "ไทย", "한국어", "日本語", "中文", "ქართული", "አማርኛ",
		"😀🚓", "ᚠᚢᚦ", "𝔸𝕓", "Ελλ Рус", "e\xcc\x81" };

	for (size_t i = 0; i < SP_COUNTOF(names); i++) {
		struct report_told t = told_plainly();
		AUTO_REQUEST rq = { .size = 0 };
		SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
		SP_AUTO_BUF text = sp_buf_new(1 << 20);
		AUTO_FILE f;
		struct sp_err err;

		t.filename = t.title = t.agency = names[i];
		life_of(&rq, &t, 3);
		CHECK_OK(ask(&rq.bytes, &pdf, &err), &err);
		file_of(&f, "script", &pdf);
		file_is_valid(&f);
		file_text(&f, &text);
		CHECK(strstr(sp_buf_str(&text), "‹U+0") == NULL ||
		    strstr(sp_buf_str(&text), "‹U+202E›") != NULL);
	}
}

static void
the_same_gives_the_same_bytes(void)
{
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF one = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF two = sp_buf_new(REPORT_PDF_MAX);
	struct sp_err err;

	life(&rq, 50);
	CHECK_OK(ask(&rq.bytes, &one, &err), &err);
	CHECK_OK(ask(&rq.bytes, &two, &err), &err);
	CHECK(one.len == two.len && memcmp(one.at, two.at, one.len) == 0);
}

/* What is no request, and one that contradicts itself, is told so; what was
 * there before stays. */
static void
nonsense_is_refused(void)
{
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF bad = sp_buf_new(1000);
	struct sp_err err;

	sp_buf_text(&pdf, "untouched");
	sp_buf_text(&bad, "what is this?");
	CHECK_CODE(ask(&bad, &pdf, &err), SP_E_INVALID, &err);
	life(&rq, 3);
	memcpy(memmem(rq.bytes.at, rq.bytes.len, "\"size\":84", 9),
	    "\"size\":94", 9);
	CHECK_CODE(ask(&rq.bytes, &pdf, &err), SP_E_CORRUPT, &err);
	CHECK(strstr(err.text, "entry 17") != NULL);
	CHECK(strcmp(sp_buf_str(&pdf), "untouched") == 0);
}

static void
too_much_is_refused(void)
{
	static const char big[60000];
	REPORT_AUTO_JOB j = { .deadline = 0 };
	enum sp_code code = SP_OK;
	struct sp_err err;

	CHECK_OK(report_job_begin(&j, press, &err), &err);
	for (size_t i = 0; i < 1000 && code == SP_OK; i++) {
		report_wire_entry(&j.out, i, big, sizeof(big));
		code = report_job_push(&j, &err);
	}
	CHECK_CODE(code, SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "report.entries") == 0);
}

/* --- jobs that end badly --- */

/* The press's only child, once it is there. */
static pid_t
child_of(pid_t parent)
{
	char path[80];
	const struct timespec moment = { .tv_nsec = 1000000 };

	(void)snprintf(
	    path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	for (unsigned i = 0; i < 20000; i++) {
		SP_AUTO_BUF text = sp_buf_new(1000);
		SP_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
		uint8_t *at = sp_buf_extend(&text, 100);
		ssize_t n = fd < 0 ? -1 : read(fd, at, 99);
		pid_t pid = 0;

		CHECK(n >= 0);
		for (ssize_t k = 0; k < n && isdigit(at[k]); k++)
			pid = pid * 10 + (at[k] - '0');
		if (pid > 0)
			return pid;
		(void)nanosleep(&moment, NULL);
	}
	tap_fail(__FILE__, __LINE__, "no job's process", path);
}

static void
no_child_of(pid_t parent)
{
	char path[80];
	const struct timespec moment = { .tv_nsec = 1000000 };
	ssize_t n = 1;

	(void)snprintf(
	    path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	for (unsigned i = 0; i < 20000 && n > 0; i++) {
		SP_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
		char c;

		n = read(fd, &c, 1);
		if (n > 0)
			(void)nanosleep(&moment, NULL);
	}
	CHECK(n == 0);
}

static void
a_job_that_dies_is_told(void)
{
	static const int signals[] = { SIGKILL, SIGSEGV, SIGALRM, SIGSYS };

	for (size_t i = 0; i < SP_COUNTOF(signals); i++) {
		REPORT_AUTO_JOB j = { .deadline = 0 };
		SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
		struct sp_err err;

		no_child_of(process);
		CHECK_OK(report_job_begin(&j, press, &err), &err);
		CHECK(kill(child_of(process), signals[i]) == 0);
		no_child_of(process);
		CHECK_CODE(report_job_end(&j, &pdf, &err), SP_E_INTERNAL, &err);
		CHECK(strcmp(err.reason, "report.broken") == 0);
	}
	it_still_works();
}

static void
a_job_that_hangs_is_given_up(void)
{
	REPORT_AUTO_JOB j = { .deadline = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	struct sp_err err;
	pid_t pid;

	no_child_of(process);
	CHECK_OK(report_job_begin(&j, press, &err), &err);
	pid = child_of(process);
	CHECK(kill(pid, SIGSTOP) == 0);
	j.deadline = sp_ticks() + SP_SECOND / 5;
	CHECK_CODE(report_job_end(&j, &pdf, &err), SP_E_UNAVAIL, &err);
	CHECK(strcmp(err.reason, "report.late") == 0);
	CHECK(kill(pid, SIGKILL) == 0);
	it_still_works();
}

/* A server that goes away in the middle leaves no process behind. */
static void
a_job_that_nobody_wants_ends(void)
{
	AUTO_REQUEST rq = { .size = 0 };
	struct sp_err err;

	life(&rq, 400);
	for (unsigned i = 0; i < 3; i++) {
		REPORT_AUTO_JOB j = { .deadline = 0 };

		CHECK_OK(report_job_begin(&j, press, &err), &err);
		sp_buf_add(&j.out, rq.bytes.at, rq.bytes.len / (i + 1));
		CHECK_OK(report_job_push(&j, &err), &err);
	}
	no_child_of(process);
	it_still_works();
}

/* --- many at once --- */

struct asker {
	pthread_t thread;
	bool ok;
};

static void *
ask_some(void *arg)
{
	struct asker *a = arg;
	AUTO_REQUEST rq = { .size = 0 };
	struct sp_err err;

	life(&rq, 20);
	a->ok = true;
	for (unsigned i = 0; i < 3; i++) {
		SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);

		if (ask(&rq.bytes, &pdf, &err) != SP_OK)
			a->ok = false;
	}
	return NULL;
}

static void
more_than_there_are_places_wait(void)
{
	struct asker a[3 * REPORT_PRESS_JOBS] = { 0 };

	for (size_t i = 0; i < SP_COUNTOF(a); i++)
		CHECK(pthread_create(&a[i].thread, NULL, ask_some, &a[i]) == 0);
	for (size_t i = 0; i < SP_COUNTOF(a); i++) {
		CHECK(pthread_join(a[i].thread, NULL) == 0);
		CHECK(a[i].ok);
	}
}

/* --- what a job may do --- */

#ifndef SP_SANITIZED
static int
tries(void)
{
	struct rlimit l;
	char *argv[] = { NULL };

	if (report_press_enter(NULL) != SP_OK)
		return 1;
	if (open("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
		O_RDONLY | O_CLOEXEC) >= 0 ||
	    errno != EPERM)
		return 2;
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM)
		return 3;
	if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || errno != EPERM)
		return 4;
	if (fork() >= 0 || errno != EPERM)
		return 5;
	if (kill(getppid(), 0) == 0)
		return 6;
	if (unlink("/tmp/sallyport-none") == 0 || errno != EPERM)
		return 7;
	if (prlimit(0, RLIMIT_AS, NULL, &l) == 0)
		return 8;
	/* The memory has an end, and reaching it is no crash. */
	if (malloc((size_t)4 << 30) != NULL)
		return 9;
	(void)execve("/bin/true", argv, argv);
	return 10; /* it should have been the end */
}

static void
a_job_can_open_nothing(void)
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(tries());
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status))
		(void)printf("# step %d\n", WEXITSTATUS(status));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static int
burns(void)
{
	struct rlimit l;

	if (report_press_enter(NULL) != SP_OK)
		return 1;
	(void)l;
	for (volatile unsigned i = 0;; i++)
		;
}

static void
a_job_has_an_end(void)
{
	const struct rlimit second = { 1, 1 };
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(burns());
	/* Of a job's time, one second is enough to see it end. */
	CHECK(prlimit(pid, RLIMIT_CPU, NULL, NULL) == 0);
	for (struct rlimit now = { 0, 0 };
	     now.rlim_max != REPORT_PRESS_SECONDS / 2;)
		CHECK(prlimit(pid, RLIMIT_CPU, NULL, &now) == 0);
	CHECK(prlimit(pid, RLIMIT_CPU, &second, NULL) == 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status));
}
#endif

/* --- a press that dies --- */

static void *
start_again(void *arg)
{
	const struct timespec moment = { .tv_nsec = 300000000 };

	(void)nanosleep(&moment, NULL);
	report_press_attach(press, *(int *)arg);
	return NULL;
}

/* Handed over as soon as there is one again; what was under way is broken. */
static void
a_new_press_is_waited_for(void)
{
	REPORT_AUTO_JOB j = { .deadline = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	struct sp_err err;
	pthread_t thread;
	pid_t next;
	int sock = -1;

	no_child_of(process);
	CHECK_OK(report_job_begin(&j, press, &err), &err);
	CHECK(child_of(process) > 0);
	next = press_fixture_spawn(&sock);
	CHECK(kill(process, SIGKILL) == 0);
	CHECK(waitpid(process, NULL, 0) == process);
	CHECK_CODE(report_job_end(&j, &pdf, &err), SP_E_INTERNAL, &err);
	process = next;
	CHECK(pthread_create(&thread, NULL, start_again, &sock) == 0);
	it_still_works();
	CHECK(pthread_join(thread, NULL) == 0);
}

static void
without_a_press_nothing_is_set(void)
{
	struct report_press *none = report_press_new();
	REPORT_AUTO_JOB j = { .deadline = 0 };
	struct sp_err err;

	CHECK(none != NULL);
	CHECK_CODE(report_job_begin(&j, none, &err), SP_E_UNAVAIL, &err);
	CHECK(strcmp(err.reason, "report.away") == 0 && j.deadline == 0);
	report_press_free(none);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a job is done", a_job_is_done },
		{ "every script can be set in there",
		    every_script_can_be_set_in_there },
		{ "the same gives the same bytes",
		    the_same_gives_the_same_bytes },
		{ "nonsense is refused", nonsense_is_refused },
		{ "too much is refused", too_much_is_refused },
		{ "a job that dies is told", a_job_that_dies_is_told },
		{ "a job that hangs is given up",
		    a_job_that_hangs_is_given_up },
		{ "a job that nobody wants ends",
		    a_job_that_nobody_wants_ends },
#ifndef SP_SANITIZED
		{ "a job can open nothing", a_job_can_open_nothing },
		{ "a job has an end", a_job_has_an_end },
#endif
		{ "more than there are places wait",
		    more_than_there_are_places_wait },
		{ "a new press is waited for", a_new_press_is_waited_for },
		{ "without a press nothing is set",
		    without_a_press_nothing_is_set },
	};
	struct sp_err err;
	int status;

	CHECK_OK(crypto_provider_open("", &err), &err);
	press = report_press_new();
	CHECK(press != NULL);
	process = press_fixture_start(press);
	status = tap_run(cases, SP_COUNTOF(cases));
	report_press_free(press);
	press_fixture_await(process);
	return status;
}
