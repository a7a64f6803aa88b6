#include "report/press.h"

#include "report/report_fixture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static struct report_press *press;
static pid_t process;

/* A press of its own, forked off: this program has one thread. */
static void
start(void)
{
	struct sp_err err = { .code = SP_OK };
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	(void)fflush(stdout);
	process = fork();
	CHECK(process >= 0);
	if (process == 0) {
		(void)close(pair[0]);
		if (report_press_main(pair[1], &err) != SP_OK)
			(void)fprintf(stderr, "# press: %s\n", err.text);
		_exit(err.code == SP_OK ? 0 : 1);
	}
	(void)close(pair[1]);
	report_press_attach(press, pair[0]);
}

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

/* Without its END, which the client adds. */
static void
life(struct report_request *rq, uint64_t n)
{
	const struct report_told t = told_plainly();

	request_life(rq, &t, REPORT_LETTER, n);
	sp_buf_cut(&rq->bytes, rq->bytes.len - 5);
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
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a job is done", a_job_is_done },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	press = report_press_new();
	CHECK(press != NULL);
	start();
	return tap_run(cases, SP_COUNTOF(cases));
}
