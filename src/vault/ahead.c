#include "vault/ahead.h"

#include <pthread.h>
#include <stdlib.h>

enum ahead_state { QUEUED, RUNNING, DONE, DROPPED };

struct vault_ahead {
	struct vault_job job; /* first: a job is its reading ahead */
	pthread_mutex_t lock; /* over state */
	pthread_cond_t done;
	enum ahead_state state;
	struct vault_file *file;
	const struct crypto_stream *stream;
	struct vault_segment seg;
	uint8_t *buf;

	/* When DONE: */
	enum sp_code code;
	struct sp_err err;
	struct vault_plain plain;
};

static void
ahead_free(struct vault_ahead *a)
{
	SP_REQUIRE(pthread_mutex_destroy(&a->lock) == 0);
	SP_REQUIRE(pthread_cond_destroy(&a->done) == 0);
	free(a);
}

/* False: it was given up before. */
static bool
begin(struct vault_ahead *a)
{
	bool wanted;

	SP_REQUIRE(pthread_mutex_lock(&a->lock) == 0);
	wanted = a->state == QUEUED;
	if (wanted)
		a->state = RUNNING;
	SP_REQUIRE(pthread_mutex_unlock(&a->lock) == 0);
	return wanted;
}

static void
run(struct vault_job *job)
{
	struct vault_ahead *a = (struct vault_ahead *)(void *)job;

	if (!begin(a)) {
		ahead_free(a);
		return;
	}
	a->code = vault_object_load(
	    a->file, a->stream, &a->seg, a->buf, &a->plain, &a->err);
	SP_REQUIRE(pthread_mutex_lock(&a->lock) == 0);
	a->state = DONE;
	SP_REQUIRE(pthread_cond_signal(&a->done) == 0);
	SP_REQUIRE(pthread_mutex_unlock(&a->lock) == 0);
}

struct vault_ahead *
vault_ahead_start(struct vault_pool *p, struct vault_file *f,
    const struct crypto_stream *stream, const struct vault_segment *seg,
    uint8_t *buf)
{
	struct vault_lane *lane = vault_pool_ahead(p);
	struct vault_ahead *a;

	if (lane == NULL)
		return NULL;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return NULL;
	SP_REQUIRE(pthread_mutex_init(&a->lock, NULL) == 0);
	SP_REQUIRE(pthread_cond_init(&a->done, NULL) == 0);
	a->job.run = run;
	a->state = QUEUED;
	a->file = f;
	a->stream = stream;
	a->seg = *seg;
	a->buf = buf;
	vault_lane_put(lane, &a->job);
	return a;
}

/* False: no worker had begun, and the one that comes to it frees it. */
static bool
finished(struct vault_ahead *a)
{
	bool done;

	SP_REQUIRE(pthread_mutex_lock(&a->lock) == 0);
	while (a->state == RUNNING)
		SP_REQUIRE(pthread_cond_wait(&a->done, &a->lock) == 0);
	done = a->state == DONE;
	a->state = done ? DONE : DROPPED;
	SP_REQUIRE(pthread_mutex_unlock(&a->lock) == 0);
	return done;
}

bool
vault_ahead_take(struct vault_ahead *a, enum sp_code *code,
    struct vault_plain *out, struct sp_err *err)
{
	if (!finished(a))
		return false;
	*code = a->code;
	if (a->code == SP_OK)
		*out = a->plain;
	else
		*err = a->err;
	ahead_free(a);
	return true;
}

void
vault_ahead_drop(struct vault_ahead *a)
{
	if (a != NULL && finished(a))
		ahead_free(a);
}
