#include "report/press.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PUSH_AT     ((size_t)64 << 10)
#define PDF         "%PDF-" /* what a report begins with */
#define AWAY_WITHIN 5       /* seconds that a new press is waited for */

struct report_press {
	pthread_mutex_t lock;
	pthread_cond_t came;
	int sock; /* or -1; with `lock` */
};

struct report_press *
report_press_new(void)
{
	struct report_press *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	if (p == NULL)
		return NULL;
	p->sock = -1;
	SP_REQUIRE(pthread_condattr_init(&attr) == 0);
	SP_REQUIRE(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	SP_REQUIRE(pthread_cond_init(&p->came, &attr) == 0);
	SP_REQUIRE(pthread_condattr_destroy(&attr) == 0);
	SP_REQUIRE(pthread_mutex_init(&p->lock, NULL) == 0);
	return p;
}

void
report_press_free(struct report_press *p)
{
	if (p == NULL)
		return;
	sp_file_closep(&p->sock);
	(void)pthread_cond_destroy(&p->came);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

void
report_press_attach(struct report_press *p, int sock)
{
	SP_REQUIRE(pthread_mutex_lock(&p->lock) == 0);
	sp_file_closep(&p->sock);
	p->sock = sock;
	SP_REQUIRE(pthread_cond_broadcast(&p->came) == 0);
	SP_REQUIRE(pthread_mutex_unlock(&p->lock) == 0);
}

/* Hand the job's socket over, now or when a new press comes soon.  A press
 * that has died is found out by the sending. */
static enum sp_code
hand_over(struct report_press *p, int fd, struct sp_err *err)
{
	struct timespec until;
	enum sp_code code = SP_E_UNAVAIL;
	int rc = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += AWAY_WITHIN;
	SP_REQUIRE(pthread_mutex_lock(&p->lock) == 0);
	while (code != SP_OK && rc == 0) {
		if (p->sock >= 0)
			code = report_wire_send(p->sock, fd, err);
		if (code == SP_OK)
			break;
		sp_file_closep(&p->sock);
		rc = pthread_cond_timedwait(&p->came, &p->lock, &until);
	}
	SP_REQUIRE(pthread_mutex_unlock(&p->lock) == 0);
	if (code == SP_OK)
		return SP_OK;
	return sp_fail_as(err, SP_E_UNAVAIL, "report.away",
	    "the press that sets reports is away");
}

enum sp_code
report_job_begin(
    struct report_job *out, struct report_press *p, struct sp_err *err)
{
	SP_AUTO_FD mine = -1;
	SP_AUTO_FD theirs = -1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return sp_fail_os(err, "make a socket pair");
	mine = pair[0];
	theirs = pair[1];
	SP_TRY(hand_over(p, theirs, err));
	*out = (struct report_job){
		.sock = sp_file_steal(&mine),
		.deadline =
		    sp_ticks() + (int64_t)REPORT_PRESS_SECONDS * SP_SECOND,
		.out = sp_buf_new(REPORT_REQUEST_MAX),
	};
	return SP_OK;
}

void
report_job_done(struct report_job *j)
{
	if (j->deadline == 0)
		return; /* never begun */
	sp_file_closep(&j->sock);
	sp_buf_free(&j->out);
	j->deadline = 0;
}

/* Until the socket can be read or written; SP_E_UNAVAIL when it is too late. */
static enum sp_code
await(const struct report_job *j, short what, struct sp_err *err)
{
	struct pollfd p = { .fd = j->sock, .events = what };
	int64_t left = j->deadline - sp_ticks();

	if (left <= 0 || poll(&p, 1, (int)(left / 1000) + 1) == 0)
		return sp_fail_as(err, SP_E_UNAVAIL, "report.late",
		    "a report takes more than %d seconds",
		    REPORT_PRESS_SECONDS);
	return SP_OK;
}

static enum sp_code
broken(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_INTERNAL, "report.broken", "the press gave a report up");
}

static enum sp_code
flush(struct report_job *j, struct sp_err *err)
{
	size_t at = 0;

	SP_TRY(sp_buf_check(&j->out, "a request to the press", err));
	if (j->sent + j->out.len > REPORT_REQUEST_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "report.entries",
		    "more than a report can hold");
	while (at < j->out.len) {
		ssize_t n = send(j->sock, j->out.at + at, j->out.len - at,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			SP_TRY(await(j, POLLOUT, err));
		else if (n < 0 && errno != EINTR)
			return broken(err);
		at += n > 0 ? (size_t)n : 0;
	}
	j->sent += at;
	sp_buf_clear(&j->out);
	return SP_OK;
}

enum sp_code
report_job_push(struct report_job *j, struct sp_err *err)
{
	return j->out.len >= PUSH_AT || !sp_buf_ok(&j->out) ? flush(j, err)
							    : SP_OK;
}

/* Exactly that many bytes. */
static enum sp_code
take(const struct report_job *j, uint8_t *out, size_t len, struct sp_err *err)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = recv(j->sock, out + at, len - at, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			SP_TRY(await(j, POLLIN, err));
		else if (n == 0 || (n < 0 && errno != EINTR))
			return broken(err);
		at += n > 0 ? (size_t)n : 0;
	}
	return SP_OK;
}

/* What the job says of itself: a code, and why (sp_fail lets no control
 * character through, should the job have been taken over). */
static enum sp_code
failed(const struct report_job *j, uint8_t code, size_t len, struct sp_err *err)
{
	char why[sizeof(err->text)] = "";

	if (code >= SP_CODE_COUNT || len >= sizeof(why))
		return broken(err);
	SP_TRY(take(j, (uint8_t *)why, len, err));
	return sp_fail(err, (enum sp_code)code, "%s", why);
}

static enum sp_code
answer(const struct report_job *j, struct sp_buf *pdf, struct sp_err *err)
{
	uint8_t head[5];
	struct sp_in in = sp_in_from(head, sizeof(head));
	uint8_t code;
	size_t len;
	uint8_t *at;

	SP_TRY(take(j, head, sizeof(head), err));
	code = sp_in_u8(&in);
	len = sp_in_u32be(&in);
	if (code != SP_OK)
		return failed(j, code, len, err);
	if (len == 0)
		return broken(err);
	at = sp_buf_extend(pdf, len);
	SP_TRY(sp_buf_check(pdf, "a report", err));
	SP_TRY(take(j, at, len, err));
	return memmem(at, len, PDF, sizeof(PDF) - 1) == at ? SP_OK
							   : broken(err);
}

enum sp_code
report_job_end(struct report_job *j, struct sp_buf *pdf, struct sp_err *err)
{
	SP_AUTO_BUF got = sp_buf_new(pdf->max);

	report_wire_end(&j->out);
	SP_TRY(flush(j, err));
	if (shutdown(j->sock, SHUT_WR) != 0)
		return broken(err);
	SP_TRY(answer(j, &got, err));
	sp_buf_free(pdf);
	*pdf = got;
	got = sp_buf_new(0);
	return SP_OK;
}
