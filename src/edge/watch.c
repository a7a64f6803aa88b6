#include "edge/watch.h"

#include "base/log.h"

/* Not <netinet/tcp.h>: its tcp_info ends before the counts of bytes. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define LOOK_EVERY  1               /* seconds */
#define LOOK_STREAM 4               /* looks between two at a stream */
#define ESTABLISHED 1               /* tcpi_state: neither side has ended */
#define CUT_GRACE   (2 * SP_SECOND) /* to end in good order */

/* --- The judgement --- */

/* Another phase than at the last look. */
static void
turn_over(struct edge_gauge *g, const struct edge_sample *s)
{
	bool first = !g->fresh;

	g->fresh = true;
	g->turn = s->turn;
	g->since = g->moved = g->window = s->now;
	g->window_bytes = 0;
	g->bytes =
	    s->phase == EDGE_PHASE_ANSWER || s->phase == EDGE_PHASE_STREAM
	    ? s->taken
	    : s->received;
	/* A new connection owes its first request at once; one that is kept
	 * alive may be idle before the next. */
	g->begun = first && s->phase == EDGE_PHASE_WAIT;
	g->begun_at = g->opened;
}

static const char *
judge_wait(struct edge_gauge *g, const struct edge_sample *s,
    const struct edge_patience *limits)
{
	if (!g->begun && s->received != g->bytes) {
		g->begun = true;
		g->begun_at = s->now;
	}
	if (g->begun)
		return s->now - g->begun_at > limits->header_seconds * SP_SECOND
		    ? "slow header"
		    : NULL;
	return s->now - g->since > limits->idle_seconds * SP_SECOND ? "idle"
								    : NULL;
}

/* Bytes must move: some within the idle time, enough within each minute. */
static const char *
judge_flow(struct edge_gauge *g, uint64_t bytes, const struct edge_sample *s,
    const struct edge_patience *limits)
{
	uint64_t least =
	    limits->body_rate * (uint64_t)(EDGE_WATCH_WINDOW / SP_SECOND);

	if (bytes != g->bytes)
		g->moved = s->now;
	g->window_bytes += bytes - g->bytes;
	g->bytes = bytes;
	if (s->now - g->moved > limits->idle_seconds * SP_SECOND)
		return "no byte for too long";
	if (s->now - g->window < EDGE_WATCH_WINDOW)
		return NULL;
	if (g->window_bytes < least)
		return "too slow";
	g->window = s->now;
	g->window_bytes = 0;
	return NULL;
}

/* Time in which the client had nothing to do does not count. */
static void
excuse(struct edge_gauge *g, uint64_t bytes, int64_t now)
{
	g->moved = g->window = now;
	g->window_bytes = 0;
	g->bytes = bytes;
}

/* However slowly: what is not taken in time is overtaken by later news. */
static const char *
judge_stream(struct edge_gauge *g, const struct edge_sample *s,
    const struct edge_patience *limits)
{
	if (s->left)
		return "the client is gone";
	if (!s->unsent || s->taken != g->bytes)
		excuse(g, s->taken, s->now);
	return s->now - g->moved > limits->idle_seconds * SP_SECOND
	    ? "news is not taken"
	    : NULL;
}

const char *
edge_watch_judge(struct edge_gauge *g, const struct edge_sample *s,
    const struct edge_patience *limits)
{
	if (!g->fresh || s->turn != g->turn)
		turn_over(g, s);
	switch (s->phase) {
	case EDGE_PHASE_WAIT: return judge_wait(g, s, limits);
	case EDGE_PHASE_WORK: return NULL;
	case EDGE_PHASE_BODY:
		if (!s->busy)
			return judge_flow(g, s->received, s, limits);
		excuse(g, s->received, s->now);
		return NULL;
	case EDGE_PHASE_ANSWER:
		if (s->unsent)
			return judge_flow(g, s->taken, s, limits);
		excuse(g, s->taken, s->now);
		return NULL;
	case EDGE_PHASE_STREAM: return judge_stream(g, s, limits);
	}
	return NULL;
}

/* --- Connections --- */

struct edge_conn {
	struct edge_conn *next;
	struct edge_conn **link; /* what points to this one */
	int fd;
	_Atomic enum edge_phase phase;
	atomic_uint_fast64_t turn;
	atomic_bool busy;
	atomic_bool draining;
	atomic_bool cut;
	/* Of the watch's thread, under the lock: */
	struct edge_gauge gauge;
	uint64_t received, taken;
	int64_t cut_at;
	unsigned looks;
	void (*stream_wake)(void *arg); /* NULL: not in STREAM */
	void *stream_arg;
};

struct edge_watch {
	struct edge_patience limits;
	pthread_t thread;
	pthread_mutex_t lock; /* over the list, the totals and `stop` */
	pthread_cond_t wake;
	pthread_cond_t empty; /* open is 0 */
	bool stop;
	bool draining;
	struct edge_conn *first;
	uint64_t open, opened, cut;
	uint64_t closed_in, closed_out;
};

/* The kernel's counts; what was known stays when it tells nothing. */
static void
look(struct edge_conn *c, struct edge_sample *s)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	    len >= sizeof(info)) {
		c->received = info.tcpi_bytes_received;
		c->taken = info.tcpi_bytes_acked;
		s->unsent =
		    info.tcpi_notsent_bytes > 0 || info.tcpi_unacked > 0;
		s->left = info.tcpi_state != ESTABLISHED;
	}
	s->received = c->received;
	s->taken = c->taken;
	s->now = sp_ticks();
}

static void
stream_wake(struct edge_conn *c)
{
	if (c->stream_wake != NULL)
		c->stream_wake(c->stream_arg);
}

/*
 * Bodies first lose their receiving side only: their threads wake up, keep
 * what came and close, so that a client that sees the end may rely on what is
 * kept.  Everything else, and a body that does not end then, is shut both
 * ways.
 */
static void
shut(struct edge_watch *w, struct edge_conn *c)
{
	bool body = atomic_load(&c->phase) == EDGE_PHASE_BODY;

	w->cut++;
	c->cut_at = sp_ticks();
	atomic_store(&c->cut, true);
	(void)shutdown(c->fd, body ? SHUT_RD : SHUT_RDWR);
	stream_wake(c);
}

static void
judge(struct edge_watch *w, struct edge_conn *c)
{
	struct edge_sample s = {
		.turn = atomic_load(&c->turn),
		.phase = atomic_load(&c->phase),
		.busy = atomic_load(&c->busy),
	};
	const char *why;

	/* There may be many, and they can wait. */
	if (s.phase == EDGE_PHASE_STREAM && c->looks++ % LOOK_STREAM != 0)
		return;
	look(c, &s);
	why = edge_watch_judge(&c->gauge, &s, &w->limits);
	if (atomic_load(&c->cut)) {
		if (!s.busy && s.now - c->cut_at > CUT_GRACE)
			(void)shutdown(c->fd, SHUT_RDWR);
		return;
	}
	if (why == NULL)
		return;
	sp_log(SP_LOG_DEBUG, "http.cut", "%s", why);
	/* What he did not take is not kept for him when the socket closes. */
	if (s.phase == EDGE_PHASE_ANSWER || s.phase == EDGE_PHASE_STREAM)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER,
		    &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
	shut(w, c);
}

static void *
watch(void *arg)
{
	struct edge_watch *w = arg;

	(void)pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		struct timespec at;

		(void)clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_sec += LOOK_EVERY;
		(void)pthread_cond_timedwait(&w->wake, &w->lock, &at);
		for (struct edge_conn *c = w->first; c != NULL; c = c->next)
			judge(w, c);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void
done(struct edge_watch *w)
{
	(void)pthread_cond_destroy(&w->wake);
	(void)pthread_cond_destroy(&w->empty);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

enum sp_code
edge_watch_new(struct edge_watch **out, const struct edge_patience *limits,
    struct sp_err *err)
{
	struct edge_watch *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (w == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the watch");
	w->limits = *limits;
	SP_REQUIRE(pthread_mutex_init(&w->lock, NULL) == 0);
	SP_REQUIRE(pthread_condattr_init(&attr) == 0);
	SP_REQUIRE(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	SP_REQUIRE(pthread_cond_init(&w->wake, &attr) == 0);
	SP_REQUIRE(pthread_cond_init(&w->empty, &attr) == 0);
	(void)pthread_condattr_destroy(&attr);
	if (pthread_create(&w->thread, NULL, watch, w) != 0) {
		done(w);
		return sp_fail(err, SP_E_NOMEM, "no thread for the watch");
	}
	*out = w;
	return SP_OK;
}

void
edge_watch_free(struct edge_watch *w)
{
	if (w == NULL)
		return;
	SP_REQUIRE(w->first == NULL);
	(void)pthread_mutex_lock(&w->lock);
	w->stop = true;
	(void)pthread_cond_signal(&w->wake);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	done(w);
}

struct edge_conn *
edge_watch_open(struct edge_watch *w, int fd)
{
	struct edge_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->fd = fd;
	c->gauge.opened = sp_ticks();
	(void)pthread_mutex_lock(&w->lock);
	c->next = w->first;
	c->link = &w->first;
	if (c->next != NULL)
		c->next->link = &c->next;
	w->first = c;
	w->open++;
	w->opened++;
	if (w->draining) {
		atomic_store(&c->draining, true);
		shut(w, c);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return c;
}

void
edge_watch_close(struct edge_watch *w, struct edge_conn *c)
{
	struct edge_sample s = { .phase = EDGE_PHASE_WAIT };

	(void)pthread_mutex_lock(&w->lock);
	look(c, &s);
	w->closed_in += c->received;
	w->closed_out += c->taken;
	if (--w->open == 0)
		(void)pthread_cond_broadcast(&w->empty);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	(void)pthread_mutex_unlock(&w->lock);
	free(c);
}

void
edge_conn_phase(struct edge_conn *c, enum edge_phase phase)
{
	atomic_store(&c->phase, phase);
	(void)atomic_fetch_add(&c->turn, 1);
	if (phase == EDGE_PHASE_WAIT && atomic_load(&c->draining))
		(void)shutdown(c->fd, SHUT_RDWR);
}

void
edge_conn_busy(struct edge_conn *c, bool busy)
{
	atomic_store(&c->busy, busy);
}

void
edge_conn_cut(struct edge_conn *c)
{
	(void)shutdown(c->fd, SHUT_RD);
}

void
edge_watch_stream(struct edge_watch *w, struct edge_conn *c,
    void (*wake)(void *arg), void *arg)
{
	if (wake != NULL)
		edge_conn_phase(c, EDGE_PHASE_STREAM);
	(void)pthread_mutex_lock(&w->lock);
	c->stream_wake = wake;
	c->stream_arg = arg;
	if (w->draining || atomic_load(&c->cut))
		stream_wake(c);
	(void)pthread_mutex_unlock(&w->lock);
}

void
edge_watch_drain(struct edge_watch *w, unsigned seconds)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	(void)pthread_mutex_lock(&w->lock);
	w->draining = true;
	for (struct edge_conn *c = w->first; c != NULL; c = c->next) {
		enum edge_phase phase;

		/* First the flag, then the phase: edge_conn_phase does it the
		 * other way round, so that one of the two sees the other. */
		atomic_store(&c->draining, true);
		phase = atomic_load(&c->phase);
		if (phase == EDGE_PHASE_WAIT || phase == EDGE_PHASE_BODY)
			shut(w, c);
		else
			stream_wake(c);
	}
	while (w->open > 0)
		if (pthread_cond_timedwait(&w->empty, &w->lock, &until) != 0)
			break;
	(void)pthread_mutex_unlock(&w->lock);
}

void
edge_watch_stats(struct edge_watch *w, struct edge_watch_stats *out)
{
	(void)pthread_mutex_lock(&w->lock);
	*out = (struct edge_watch_stats){
		.open = w->open,
		.opened = w->opened,
		.cut = w->cut,
		.bytes_in = w->closed_in,
		.bytes_out = w->closed_out,
	};
	for (struct edge_conn *c = w->first; c != NULL; c = c->next) {
		struct edge_sample s = { .phase = EDGE_PHASE_WAIT };

		look(c, &s);
		out->bytes_in += c->received;
		out->bytes_out += c->taken;
	}
	(void)pthread_mutex_unlock(&w->lock);
}
