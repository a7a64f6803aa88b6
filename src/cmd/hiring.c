#include "cmd/hiring.h"

#include "base/file.h"
#include "cmd/control.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define ANSWER_WITHIN 20 /* seconds; a new process on a busy machine */

enum question { NONE, ASKED, ANSWERED };

struct cmd_hiring {
	int control;
	pthread_mutex_t asking; /* one question at a time */
	pthread_mutex_t lock;   /* over all below */
	pthread_cond_t changed;
	enum question question;
	uint16_t ticket; /* of the question */
	int sock;        /* its answer; -1: no */
	bool end;
};

struct cmd_hiring *
cmd_hiring_new(int control)
{
	struct cmd_hiring *h = calloc(1, sizeof(*h));
	pthread_condattr_t attr;

	if (h == NULL)
		return NULL;
	h->control = control;
	h->sock = -1;
	SP_REQUIRE(pthread_mutex_init(&h->asking, NULL) == 0);
	SP_REQUIRE(pthread_mutex_init(&h->lock, NULL) == 0);
	SP_REQUIRE(pthread_condattr_init(&attr) == 0);
	SP_REQUIRE(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	SP_REQUIRE(pthread_cond_init(&h->changed, &attr) == 0);
	SP_REQUIRE(pthread_condattr_destroy(&attr) == 0);
	return h;
}

void
cmd_hiring_free(struct cmd_hiring *h)
{
	if (h == NULL)
		return;
	sp_file_closep(&h->sock);
	(void)pthread_cond_destroy(&h->changed);
	(void)pthread_mutex_destroy(&h->lock);
	(void)pthread_mutex_destroy(&h->asking);
	free(h);
}

static void
lock(pthread_mutex_t *m)
{
	SP_REQUIRE(pthread_mutex_lock(m) == 0);
}

static void
unlock(pthread_mutex_t *m)
{
	SP_REQUIRE(pthread_mutex_unlock(m) == 0);
}

/* With both locks. */
static enum sp_code
wait_for_answer(struct cmd_hiring *h, int *sock, struct sp_err *err)
{
	struct timespec until;
	int rc = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ANSWER_WITHIN;
	while (h->question == ASKED && !h->end && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&h->changed, &h->lock, &until);
	if (h->question == ANSWERED && h->sock >= 0 && !h->end) {
		*sock = sp_file_steal(&h->sock);
		return SP_OK;
	}
	sp_file_closep(&h->sock);
	if (h->end)
		return sp_fail(err, SP_E_UNAVAIL, "the server is stopping");
	return sp_fail(err, SP_E_UNAVAIL,
	    h->question == ASKED ? "no media worker in time"
				 : "there is no media worker");
}

static enum sp_code
ask(struct cmd_hiring *h, int *sock, struct sp_err *err)
{
	enum sp_code code;

	h->ticket++;
	h->question = ASKED;
	code = cmd_control_send(h->control, CONTROL_HIRE, h->ticket, -1, err);
	if (code == SP_OK)
		code = wait_for_answer(h, sock, err);
	h->question = NONE;
	return code;
}

enum sp_code
cmd_hiring_worker(void *self, int *sock, struct sp_err *err)
{
	struct cmd_hiring *h = self;
	enum sp_code code;

	lock(&h->asking);
	lock(&h->lock);
	code = ask(h, sock, err);
	unlock(&h->lock);
	unlock(&h->asking);
	return code;
}

void
cmd_hiring_take(struct cmd_hiring *h, uint16_t ticket, int sock)
{
	SP_AUTO_FD fd = sock;

	lock(&h->lock);
	if (h->question == ASKED && h->ticket == ticket && !h->end) {
		h->question = ANSWERED;
		h->sock = sp_file_steal(&fd);
		SP_REQUIRE(pthread_cond_broadcast(&h->changed) == 0);
	}
	unlock(&h->lock);
}

void
cmd_hiring_end(struct cmd_hiring *h)
{
	lock(&h->lock);
	h->end = true;
	SP_REQUIRE(pthread_cond_broadcast(&h->changed) == 0);
	unlock(&h->lock);
}
