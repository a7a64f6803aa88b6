#include "ledger/writer.h"

#include "ledger/batch.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of what one act may end. */
#define ENDS ((size_t)LEDGER_WRITER_ENTRIES * SP_ID_LEN)

/* One that waits, on the stack of its own thread; after sem_post it may be
 * gone. */
struct waiter {
	struct waiter *next;
	ledger_act act;
	void *arg;
	enum sp_code code;
	struct sp_err err;
	struct sp_buf ends; /* ids that it has ended */
	sem_t answered;
};

/* In order of arrival. */
struct queue {
	struct waiter *first;
	struct waiter **end;
};

struct ledger_tx {
	struct ledger_batch *batch;
	struct sp_buf *ends; /* of the act that runs */
};

struct ledger_writer {
	struct db *db;
	struct ledger_log *log;
	struct ledger_tx tx;
	pthread_t thread;
	void (*ended)(void *arg, const struct sp_id *id);
	void *ended_arg;

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t work;
	struct queue queue;
	bool closing;
	bool stopped;
	char why[128];
	struct ledger_writer_stats stats;
};

/* The writer whose acts this thread runs. */
static _Thread_local const struct ledger_writer *mine;

static void
enqueue(struct queue *q, struct waiter *x)
{
	x->next = NULL;
	*q->end = x;
	q->end = &x->next;
}

static struct waiter *
dequeue(struct queue *q)
{
	struct waiter *x = q->first;

	if (x == NULL)
		return NULL;
	q->first = x->next;
	if (q->first == NULL)
		q->end = &q->first;
	return x;
}

static struct waiter *
next_waiter(struct ledger_writer *w)
{
	struct waiter *x;

	(void)pthread_mutex_lock(&w->lock);
	x = dequeue(&w->queue);
	if (x != NULL)
		w->stats.waiting--;
	(void)pthread_mutex_unlock(&w->lock);
	return x;
}

static enum sp_code
still_writing(struct ledger_writer *w, struct sp_err *err)
{
	enum sp_code code = SP_OK;

	(void)pthread_mutex_lock(&w->lock);
	if (w->stopped)
		code = sp_fail(
		    err, SP_E_STOPPED, "writing has stopped: %s", w->why);
	(void)pthread_mutex_unlock(&w->lock);
	return code;
}

/* A batch: the acts it took, and what became of all of them. */
struct taken {
	struct queue ran;
	uint64_t acts, good;
	enum sp_code code;
	struct sp_err err;
};

static void
run_act(struct ledger_writer *w, struct waiter *x, struct taken *t)
{
	t->code = ledger_batch_mark(w->tx.batch, &t->err);
	if (t->code != SP_OK)
		return;
	sp_buf_clear(&x->ends);
	w->tx.ends = &x->ends;
	x->code = x->act(&w->tx, x->arg, &x->err);
	if (x->code != SP_OK) {
		ledger_batch_undo(w->tx.batch);
		return;
	}
	t->code = ledger_batch_keep(w->tx.batch, &t->err);
	t->good++;
}

/* Run what is queued, and what comes in meanwhile, up to the bounds. */
static void
run_acts(struct ledger_writer *w, struct taken *t)
{
	t->code = still_writing(w, &t->err);
	if (t->code == SP_OK)
		t->code = ledger_batch_begin(w->tx.batch, &t->err);
	while (t->acts < LEDGER_WRITER_ACTS &&
	    ledger_batch_new(w->tx.batch) < LEDGER_WRITER_ENTRIES) {
		struct waiter *x = next_waiter(w);

		if (x == NULL)
			return;
		enqueue(&t->ran, x);
		t->acts++;
		if (t->code == SP_OK)
			run_act(w, x, t);
	}
}

/* One signature and one commit for all that went well. */
static void
finish(struct ledger_writer *w, struct taken *t)
{
	if (t->code == SP_OK && t->good != 0)
		t->code = ledger_batch_seal(w->tx.batch, &t->err);
	if (t->code == SP_OK) /* a file may have failed meanwhile */
		t->code = still_writing(w, &t->err);
	if (t->code == SP_OK && t->good != 0)
		t->code = ledger_batch_commit(w->tx.batch, &t->err);
	else
		ledger_batch_abandon(w->tx.batch);
	if (t->code == SP_E_STOPPED)
		ledger_writer_stop(w, t->err.text);
}

static void
count(struct ledger_writer *w, const struct taken *t, uint64_t entries)
{
	bool done = t->code == SP_OK;

	(void)pthread_mutex_lock(&w->lock);
	w->stats.acts += t->acts;
	w->stats.failed += t->acts - (done ? t->good : 0);
	if (done && t->good != 0) {
		w->stats.batches++;
		w->stats.entries += entries;
	}
	(void)pthread_mutex_unlock(&w->lock);
}

static void
answer(struct taken *t)
{
	struct waiter *x;

	while ((x = dequeue(&t->ran)) != NULL) {
		if (t->code != SP_OK) {
			x->code = t->code;
			x->err = t->err;
		}
		(void)sem_post(&x->answered);
	}
}

static void
run_batch(struct ledger_writer *w)
{
	struct taken t = { .code = SP_OK };
	uint64_t before = ledger_log_size(w->log);

	t.ran.end = &t.ran.first;
	run_acts(w, &t);
	finish(w, &t);
	count(w, &t, ledger_log_size(w->log) - before);
	answer(&t);
	db_tidy(w->db); /* while nobody waits for it */
}

/* False when there is nothing to run any more. */
static bool
wait_for_work(struct ledger_writer *w)
{
	bool any;

	(void)pthread_mutex_lock(&w->lock);
	while (w->queue.first == NULL && !w->closing)
		(void)pthread_cond_wait(&w->work, &w->lock);
	any = w->queue.first != NULL;
	(void)pthread_mutex_unlock(&w->lock);
	return any;
}

static void *
writer_main(void *arg)
{
	struct ledger_writer *w = arg;

	mine = w;
	while (wait_for_work(w))
		run_batch(w);
	return NULL;
}

/* Signals are for other threads to take. */
static enum sp_code
start(struct ledger_writer *w, struct sp_err *err)
{
	sigset_t all, before;
	int rc;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, NULL, writer_main, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return sp_fail(err, SP_E_UNAVAIL, "no thread for a writer: %s",
		    strerrordesc_np(rc));
	(void)pthread_setname_np(w->thread, "ledger-writer");
	return SP_OK;
}

static void
release(struct ledger_writer *w)
{
	ledger_batch_close(w->tx.batch);
	db_close(w->db);
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

enum sp_code
ledger_writer_open(struct ledger_writer **out, struct db *db,
    struct ledger_log *log, struct sp_err *err)
{
	struct ledger_writer *w = calloc(1, sizeof(*w));
	enum sp_code code;

	if (w == NULL) {
		db_close(db);
		return sp_fail(err, SP_E_NOMEM, "writer");
	}
	w->db = db;
	w->log = log;
	w->queue.end = &w->queue.first;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->work, NULL);
	code = ledger_batch_open(&w->tx.batch, db, log, err);
	if (code == SP_OK)
		code = start(w, err);
	if (code != SP_OK) {
		release(w);
		return code;
	}
	*out = w;
	return SP_OK;
}

void
ledger_writer_close(struct ledger_writer *w)
{
	if (w == NULL)
		return;
	SP_REQUIRE(mine != w);
	(void)pthread_mutex_lock(&w->lock);
	w->closing = true;
	(void)pthread_cond_signal(&w->work);
	(void)pthread_mutex_unlock(&w->lock);
	SP_REQUIRE(pthread_join(w->thread, NULL) == 0);
	release(w);
}

void
ledger_writer_ends(struct ledger_writer *w,
    void (*ended)(void *arg, const struct sp_id *id), void *arg)
{
	w->ended = ended;
	w->ended_arg = arg;
}

static void
tell_ends(const struct ledger_writer *w, const struct sp_buf *ends)
{
	for (size_t at = 0; at < ends->len; at += SP_ID_LEN) {
		struct sp_id id;

		memcpy(id.b, ends->at + at, SP_ID_LEN);
		if (w->ended != NULL)
			w->ended(w->ended_arg, &id);
	}
}

enum sp_code
ledger_writer_run(
    struct ledger_writer *w, ledger_act act, void *arg, struct sp_err *err)
{
	struct waiter x = { .act = act, .arg = arg, .ends = sp_buf_new(ENDS) };

	SP_REQUIRE(mine != w);
	(void)sem_init(&x.answered, 0, 0);
	(void)pthread_mutex_lock(&w->lock);
	SP_REQUIRE(!w->closing);
	enqueue(&w->queue, &x);
	w->stats.waiting++;
	(void)pthread_cond_signal(&w->work);
	(void)pthread_mutex_unlock(&w->lock);
	while (sem_wait(&x.answered) != 0)
		continue; /* interrupted by a signal */
	(void)sem_destroy(&x.answered);
	if (x.code == SP_OK)
		tell_ends(w, &x.ends);
	sp_buf_free(&x.ends);
	if (x.code != SP_OK && err != NULL)
		*err = x.err;
	return x.code;
}

struct db *
ledger_tx_db(struct ledger_tx *tx)
{
	return ledger_batch_db(tx->batch);
}

uint64_t
ledger_tx_size(struct ledger_tx *tx)
{
	return ledger_batch_size(tx->batch);
}

enum sp_code
ledger_tx_append(struct ledger_tx *tx, const struct ledger_entry *entry,
    uint64_t *index, struct sp_err *err)
{
	return ledger_batch_append(tx->batch, entry, index, err);
}

enum sp_code
ledger_tx_ends(struct ledger_tx *tx, const struct sp_id *id, struct sp_err *err)
{
	SP_REQUIRE(!sp_id_is_zero(id));
	sp_buf_add(tx->ends, id->b, SP_ID_LEN);
	return sp_buf_check(tx->ends, "what an act ends", err);
}

void
ledger_writer_stop(struct ledger_writer *w, const char *why)
{
	(void)pthread_mutex_lock(&w->lock);
	if (!w->stopped) {
		size_t len = strnlen(why, sizeof(w->why) - 1);

		memcpy(w->why, why, len);
		w->stopped = true;
	}
	(void)pthread_mutex_unlock(&w->lock);
}

bool
ledger_writer_stopped(struct ledger_writer *w)
{
	bool stopped;

	(void)pthread_mutex_lock(&w->lock);
	stopped = w->stopped;
	(void)pthread_mutex_unlock(&w->lock);
	return stopped;
}

void
ledger_writer_stats(struct ledger_writer *w, struct ledger_writer_stats *out)
{
	(void)pthread_mutex_lock(&w->lock);
	*out = w->stats;
	(void)pthread_mutex_unlock(&w->lock);
}
