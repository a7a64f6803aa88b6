#include "processing/crew.h"

#include "base/file.h"
#include "base/log.h"
#include "media/worker.h"
#include "processing/job.h"
#include "processing/record.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define LOOK_EVERY   (SP_SECOND / 4)
#define ROOM_RESTS   (20 * SP_SECOND) /* after something failed there */
#define HIRE_RESTS   (5 * SP_SECOND)  /* doubled while there is no worker */
#define HIRE_DOUBLED 6
#define LEFT_AT_ONCE 64

/* What the crew knows of a room. */
struct bench {
	struct evidence_room *room;
	uint64_t items;     /* when its queue was last found empty */
	bool empty;         /* it was */
	bool left;          /* items may be left at work by nobody */
	int64_t rests_till; /* sp_ticks() */
};

/* One thread. */
struct hand {
	struct processing_crew *crew;
	pthread_t thread;
	bool busy;
	struct evidence_room *room; /* busy: at which item */
	struct sp_id id;
	int sock; /* or -1 */
};

struct processing_crew {
	struct evidence_site *site;
	struct processing_hire hire;
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t wake;
	bool stop;
	struct bench *bench;
	size_t benches, benches_room;
	size_t next; /* bench: agencies take turns */
	int64_t hire_after;
	unsigned refused; /* hires in a row */
	struct processing_stats stats;
	size_t hands;
	struct hand hand[PROCESSING_CREW_MOST];
};

static void
lock(struct processing_crew *c)
{
	SP_REQUIRE(pthread_mutex_lock(&c->lock) == 0);
}

static void
unlock(struct processing_crew *c)
{
	SP_REQUIRE(pthread_mutex_unlock(&c->lock) == 0);
}

/* --- Which item --- */

static bool
has_bench(const struct processing_crew *c, const struct evidence_room *room)
{
	for (size_t i = 0; i < c->benches; i++)
		if (c->bench[i].room == room)
			return true;
	return false;
}

/* Rooms are only ever added. */
static void
add_bench(void *arg, struct evidence_room *room)
{
	struct processing_crew *c = arg;

	if (has_bench(c, room))
		return;
	if (c->benches == c->benches_room) {
		size_t more = c->benches_room == 0 ? 8 : 2 * c->benches_room;
		struct bench *grown =
		    reallocarray(c->bench, more, sizeof(*grown));

		if (grown == NULL)
			return; /* at the next look */
		c->bench = grown;
		c->benches_room = more;
	}
	c->bench[c->benches++] = (struct bench){ .room = room, .left = true };
}

static bool
taken(const struct processing_crew *c, const struct evidence_room *room,
    const struct sp_id *id)
{
	for (size_t i = 0; i < c->hands; i++)
		if (c->hand[i].busy && c->hand[i].room == room &&
		    sp_id_equal(&c->hand[i].id, id))
			return true;
	return false;
}

/* Something fails there: leave it alone for a while. */
static void
rest(struct bench *b, const struct sp_err *err, const char *what)
{
	b->rests_till = sp_ticks() + ROOM_RESTS;
	sp_log_err(SP_LOG_WARN, "media.waits", err, "%s: %s",
	    evidence_room_agency(b->room)->slug, what);
}

/* What nobody works on any more waits again. */
static bool
release_left(struct processing_crew *c, struct bench *b)
{
	struct sp_id id[LEFT_AT_ONCE];
	struct sp_err err = { .code = SP_OK };
	size_t n = 0;
	enum sp_code code =
	    processing_record_working(b->room, id, LEFT_AT_ONCE, &n, &err);

	for (size_t i = 0; code == SP_OK && i < n; i++)
		if (!taken(c, b->room, &id[i]))
			code = processing_record_release(b->room, &id[i], &err);
	if (code != SP_OK) {
		rest(b, &err, "an interrupted item cannot be released");
		return false;
	}
	b->left = n == LEFT_AT_ONCE;
	b->empty = false;
	return true;
}

/* An item of this room that waits and is nobody's. */
static bool
take_from(struct processing_crew *c, struct bench *b, struct sp_id *out)
{
	struct sp_id id[PROCESSING_CREW_MOST + 1];
	struct sp_err err = { .code = SP_OK };
	uint64_t items = evidence_room_items(b->room);
	size_t n = 0;

	if (sp_ticks() < b->rests_till ||
	    ledger_writer_stopped(evidence_room_writer(b->room)) ||
	    (b->left && !release_left(c, b)) || (b->empty && b->items == items))
		return false;
	if (processing_record_waiting(b->room, id, SP_COUNTOF(id), &n, &err) !=
	    SP_OK) {
		rest(b, &err, "its queue cannot be read");
		return false;
	}
	/* Counted before the queue was read: a later item changes it. */
	b->items = items;
	b->empty = n == 0;
	for (size_t i = 0; i < n; i++)
		if (!taken(c, b->room, &id[i])) {
			*out = id[i];
			return true;
		}
	return false;
}

static bool
take(struct processing_crew *c, struct hand *h)
{
	evidence_site_each_room(c->site, add_bench, c);
	for (size_t i = 0; i < c->benches; i++) {
		struct bench *b = &c->bench[(c->next + i) % c->benches];

		if (!take_from(c, b, &h->id))
			continue;
		c->next = (c->next + i + 1) % c->benches;
		h->room = b->room;
		h->busy = true;
		return true;
	}
	return false;
}

/* --- One item --- */

static bool
is_stopping(void *arg)
{
	struct processing_crew *c = arg;
	bool stop;

	lock(c);
	stop = c->stop;
	unlock(c);
	return stop;
}

static enum sp_code
work(struct hand *h, struct sp_err *err)
{
	struct processing_job job = {
		.room = h->room,
		.id = h->id,
		.sock = h->sock,
		.deadline = sp_ticks() + MEDIA_WORKER_SECONDS * SP_SECOND,
		.stopping = is_stopping,
		.arg = h->crew,
	};

	return processing_job_run(&job, err);
}

/* With the lock held, as is put_down. */
static struct bench *
bench_of(struct processing_crew *c, const struct evidence_room *room)
{
	for (size_t i = 0; i < c->benches; i++)
		if (c->bench[i].room == room)
			return &c->bench[i];
	SP_REQUIRE(false);
	return NULL;
}

static void
put_down(struct hand *h, enum sp_code code, const struct sp_err *err)
{
	struct processing_crew *c = h->crew;
	struct bench *b = bench_of(c, h->room);

	sp_file_closep(&h->sock);
	h->busy = false;
	if (code == SP_OK) {
		c->stats.done++;
		return;
	}
	if (code == SP_E_CONFLICT)
		return; /* somebody was quicker */
	c->stats.failed++;
	b->left = true;
	if (!c->stop)
		rest(b, err, "an item was not looked into");
}

/* Without a worker nothing is begun. */
static bool
hire(struct hand *h)
{
	struct processing_crew *c = h->crew;
	struct sp_err err = { .code = SP_OK };
	int sock = -1;
	enum sp_code code = c->hire.worker(c->hire.self, &sock, &err);

	lock(c);
	if (code == SP_OK) {
		h->sock = sock;
		c->refused = 0;
		if (c->stop)
			(void)shutdown(sock, SHUT_RDWR);
	} else {
		h->busy = false;
		c->hire_after = sp_ticks() + (HIRE_RESTS << c->refused);
		if (c->refused < HIRE_DOUBLED)
			c->refused++;
		if (!c->stop)
			sp_log_err(SP_LOG_WARN, "media.no-worker", &err,
			    "media waits");
	}
	unlock(c);
	return code == SP_OK;
}

/* With the lock held. */
static void
wait_a_little(struct processing_crew *c)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_EVERY * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	(void)pthread_cond_timedwait(&c->wake, &c->lock, &until);
}

static void *
hand_main(void *arg)
{
	struct hand *h = arg;
	struct processing_crew *c = h->crew;

	lock(c);
	while (!c->stop) {
		struct sp_err err = { .code = SP_OK };
		enum sp_code code;

		if (sp_ticks() < c->hire_after || !take(c, h)) {
			wait_a_little(c);
			continue;
		}
		unlock(c);
		if (!hire(h)) {
			lock(c);
			continue;
		}
		code = work(h, &err);
		lock(c);
		put_down(h, code, &err);
	}
	unlock(c);
	return NULL;
}

/* --- All --- */

static struct processing_crew *
crew_new(void)
{
	struct processing_crew *c = calloc(1, sizeof(*c));
	pthread_condattr_t attr;

	if (c == NULL)
		return NULL;
	SP_REQUIRE(pthread_mutex_init(&c->lock, NULL) == 0);
	SP_REQUIRE(pthread_condattr_init(&attr) == 0);
	SP_REQUIRE(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	SP_REQUIRE(pthread_cond_init(&c->wake, &attr) == 0);
	SP_REQUIRE(pthread_condattr_destroy(&attr) == 0);
	return c;
}

enum sp_code
processing_crew_start(struct processing_crew **out, struct evidence_site *site,
    const struct processing_hire *hire, size_t threads, struct sp_err *err)
{
	struct processing_crew *c = crew_new();

	SP_REQUIRE(threads > 0 && threads <= PROCESSING_CREW_MOST);
	if (c == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a crew");
	c->site = site;
	c->hire = *hire;
	lock(c);
	for (; c->hands < threads; c->hands++) {
		struct hand *h = &c->hand[c->hands];

		h->crew = c;
		h->sock = -1;
		if (pthread_create(&h->thread, NULL, hand_main, h) != 0)
			break;
	}
	unlock(c);
	if (c->hands < threads) {
		processing_crew_stop(c);
		return sp_fail(err, SP_E_NOMEM, "no thread for media");
	}
	*out = c;
	return SP_OK;
}

void
processing_crew_stop(struct processing_crew *c)
{
	if (c == NULL)
		return;
	lock(c);
	c->stop = true;
	for (size_t i = 0; i < c->hands; i++)
		if (c->hand[i].sock >= 0)
			(void)shutdown(c->hand[i].sock, SHUT_RDWR);
	SP_REQUIRE(pthread_cond_broadcast(&c->wake) == 0);
	unlock(c);
	for (size_t i = 0; i < c->hands; i++)
		SP_REQUIRE(pthread_join(c->hand[i].thread, NULL) == 0);
	(void)pthread_cond_destroy(&c->wake);
	(void)pthread_mutex_destroy(&c->lock);
	free(c->bench);
	free(c);
}

void
processing_crew_wake(struct processing_crew *c)
{
	lock(c);
	for (size_t i = 0; i < c->benches; i++) {
		c->bench[i].rests_till = 0;
		c->bench[i].empty = false;
	}
	c->hire_after = 0;
	SP_REQUIRE(pthread_cond_broadcast(&c->wake) == 0);
	unlock(c);
}

void
processing_crew_stats(struct processing_crew *c, struct processing_stats *out)
{
	lock(c);
	*out = c->stats;
	unlock(c);
}
