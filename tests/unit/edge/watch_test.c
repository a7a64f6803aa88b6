#include "edge/watch.h"

#include "tap.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct edge_patience limits = {
	.idle_seconds = 60,
	.header_seconds = 30,
	.body_rate = 16,
};

/* A connection whose life is told second by second. */
struct life {
	struct edge_gauge gauge;
	struct edge_sample s;
};

static struct life
born(void)
{
	return (struct life){ .gauge = { .opened = 1000 * SP_SECOND },
		.s = { .now = 1000 * SP_SECOND } };
}

static void
enter(struct life *l, enum edge_phase phase)
{
	l->s.phase = phase;
	l->s.turn++;
}

/* Let seconds pass, with so many bytes each way in each; when it is cut, tell
 * after how many, else 0. */
static unsigned
live(struct life *l, unsigned seconds, uint64_t in, uint64_t out)
{
	for (unsigned i = 1; i <= seconds; i++) {
		l->s.now += SP_SECOND;
		l->s.received += in;
		l->s.taken += out;
		if (edge_watch_judge(&l->gauge, &l->s, &limits) != NULL)
			return i;
	}
	return 0;
}

static void
a_silent_newcomer_is_cut(void)
{
	struct life l = born();

	CHECK(live(&l, 100, 0, 0) == 31);
}

static void
a_header_byte_by_byte_is_cut(void)
{
	struct life l = born();

	CHECK(live(&l, 100, 1, 0) == 31);
}

static void
between_requests_one_may_rest_a_while(void)
{
	struct life l = born();

	CHECK(live(&l, 2, 100, 0) == 0);
	enter(&l, EDGE_PHASE_WORK);
	CHECK(live(&l, 500, 0, 0) == 0); /* ours, however long */
	enter(&l, EDGE_PHASE_WAIT);
	CHECK(live(&l, 50, 0, 0) == 0);
	/* The next header has begun: now it has its time. */
	CHECK(live(&l, 1, 10, 0) == 0);
	CHECK(live(&l, 100, 10, 0) == 31);
}

static void
one_who_rests_for_too_long_is_cut(void)
{
	struct life l = born();

	CHECK(live(&l, 2, 100, 0) == 0);
	enter(&l, EDGE_PHASE_WORK);
	CHECK(live(&l, 1, 0, 0) == 0);
	enter(&l, EDGE_PHASE_WAIT);
	/* The first look begins the phase. */
	CHECK(live(&l, 100, 0, 0) == 62);
}

static void
a_body_must_move(void)
{
	struct life l = born();

	enter(&l, EDGE_PHASE_BODY);
	CHECK(live(&l, 3600, 16, 0) == 0);
	CHECK(live(&l, 100, 0, 0) > 0);
	l = born();
	enter(&l, EDGE_PHASE_BODY);
	/* A byte a second keeps it from being idle, not from being slow. */
	CHECK(live(&l, 200, 1, 0) == 61);
	l = born();
	enter(&l, EDGE_PHASE_BODY);
	CHECK(live(&l, 200, 15, 0) == 61);
}

static void
our_own_slowness_is_not_the_clients(void)
{
	struct life l = born();

	enter(&l, EDGE_PHASE_BODY);
	CHECK(live(&l, 5, 1000, 0) == 0);
	l.s.busy = true;
	CHECK(live(&l, 3600, 0, 0) == 0);
	l.s.busy = false;
	CHECK(live(&l, 59, 0, 0) == 0);
	CHECK(live(&l, 5, 0, 0) > 0);
}

static void
an_answer_must_be_taken(void)
{
	struct life l = born();

	enter(&l, EDGE_PHASE_ANSWER);
	l.s.unsent = true;
	CHECK(live(&l, 3600, 0, 100) == 0);
	CHECK(live(&l, 200, 0, 1) > 0);
	l = born();
	enter(&l, EDGE_PHASE_ANSWER);
	l.s.unsent = true;
	CHECK(live(&l, 200, 0, 0) > 0);
	/* Nothing to take: we are making it. */
	l = born();
	enter(&l, EDGE_PHASE_ANSWER);
	CHECK(live(&l, 3600, 0, 0) == 0);
}

/* News may be rare for ever; what there is must be taken, at any pace. */
static void
a_stream_may_be_silent(void)
{
	struct life l = born();

	enter(&l, EDGE_PHASE_STREAM);
	CHECK(live(&l, 100000, 0, 0) == 0);
	l.s.unsent = true;
	CHECK(live(&l, 59, 0, 0) == 0);
	l.s.unsent = false; /* taken at last */
	CHECK(live(&l, 1000, 0, 0) == 0);
	l.s.unsent = true;
	CHECK(live(&l, 3600, 0, 1) == 0);
	CHECK(live(&l, 100, 5, 0) == 61); /* what it sends does not count */
	l = born();
	enter(&l, EDGE_PHASE_STREAM);
	CHECK(live(&l, 5, 0, 0) == 0);
	l.s.left = true;
	CHECK(live(&l, 5, 0, 0) == 1);
	/* Elsewhere that is for those to see who read. */
	l = born();
	enter(&l, EDGE_PHASE_ANSWER);
	l.s.left = true;
	CHECK(live(&l, 5, 0, 0) == 0);
}

/* --- with sockets --- */

struct pair {
	int server, client;
};

static struct pair
connected(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0);
	struct pair p;

	CHECK(bind(l, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHECK(listen(l, 1) == 0);
	CHECK(getsockname(l, (struct sockaddr *)&a, &len) == 0);
	p.client = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(p.client, (struct sockaddr *)&a, sizeof(a)) == 0);
	p.server = accept(l, NULL, NULL);
	CHECK(p.server >= 0);
	(void)close(l);
	return p;
}

static void
part(struct pair *p)
{
	(void)close(p->server);
	if (p->client >= 0)
		(void)close(p->client);
}

/* Does the other side see the end within `ms`? */
static bool
ended(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&p, 1, ms) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

static void
a_slow_connection_is_shut(void)
{
	struct edge_patience quick = {
		.idle_seconds = 1, .header_seconds = 1, .body_rate = 16
	};
	struct edge_watch *w = NULL;
	struct edge_watch_stats stats;
	struct pair slow = connected(), working = connected();
	struct edge_conn *a, *b;
	struct sp_err err;

	CHECK_OK(edge_watch_new(&w, &quick, &err), &err);
	a = edge_watch_open(w, slow.server);
	b = edge_watch_open(w, working.server);
	CHECK(a != NULL && b != NULL);
	edge_conn_phase(b, EDGE_PHASE_WORK);
	CHECK(ended(slow.client, 10000));
	CHECK(!ended(working.client, 0));
	edge_watch_stats(w, &stats);
	CHECK(stats.open == 2 && stats.opened == 2 && stats.cut == 1);
	edge_watch_close(w, a);
	edge_watch_close(w, b);
	edge_watch_free(w);
	part(&slow);
	part(&working);
}

static void
bytes_are_counted(void)
{
	struct edge_watch *w = NULL;
	struct edge_watch_stats stats;
	struct pair p = connected();
	struct edge_conn *c;
	struct sp_err err;
	char bytes[1000] = "";

	CHECK_OK(edge_watch_new(&w, &limits, &err), &err);
	c = edge_watch_open(w, p.server);
	CHECK(send(p.client, bytes, 700, 0) == 700);
	CHECK(recv(p.server, bytes, 700, MSG_WAITALL) == 700);
	CHECK(send(p.server, bytes, 300, 0) == 300);
	CHECK(recv(p.client, bytes, 300, MSG_WAITALL) == 300);
	edge_watch_stats(w, &stats);
	CHECK(stats.bytes_in == 700);
	edge_watch_close(w, c);
	/* Acknowledgements may lag behind; what was counted stays counted. */
	edge_watch_stats(w, &stats);
	CHECK(stats.open == 0 && stats.bytes_in == 700);
	edge_watch_free(w);
	part(&p);
}

struct draining {
	struct edge_watch *w;
	unsigned seconds;
};

static void *
drain(void *arg)
{
	struct draining *d = arg;

	edge_watch_drain(d->w, d->seconds);
	return NULL;
}

/* Stopping: uploads and idlers at once, answers when they are out. */
static void
draining_lets_answers_finish(void)
{
	struct pair idle = connected(), body = connected(),
		    answer = connected(), late = connected();
	struct edge_watch *w = NULL;
	struct edge_conn *a, *b, *c, *d;
	struct draining what;
	pthread_t thread;
	struct sp_err err;

	CHECK_OK(edge_watch_new(&w, &limits, &err), &err);
	a = edge_watch_open(w, idle.server);
	b = edge_watch_open(w, body.server);
	c = edge_watch_open(w, answer.server);
	edge_conn_phase(b, EDGE_PHASE_BODY);
	edge_conn_phase(c, EDGE_PHASE_ANSWER);
	what = (struct draining){ w, 20 };
	CHECK(pthread_create(&thread, NULL, drain, &what) == 0);
	CHECK(ended(idle.client, 10000));
	CHECK(ended(body.client, 10000));
	CHECK(!ended(answer.client, 0));
	d = edge_watch_open(w, late.server);
	CHECK(ended(late.client, 10000));
	edge_conn_phase(c, EDGE_PHASE_WAIT);
	CHECK(ended(answer.client, 10000));
	edge_watch_close(w, a);
	edge_watch_close(w, b);
	edge_watch_close(w, c);
	edge_watch_close(w, d);
	CHECK(pthread_join(thread, NULL) == 0);
	edge_watch_free(w);
	part(&idle);
	part(&body);
	part(&answer);
	part(&late);
}

static void
draining_does_not_wait_for_ever(void)
{
	struct pair p = connected();
	struct edge_watch *w = NULL;
	struct edge_conn *c;
	struct sp_err err;

	CHECK_OK(edge_watch_new(&w, &limits, &err), &err);
	c = edge_watch_open(w, p.server);
	edge_conn_phase(c, EDGE_PHASE_WORK);
	edge_watch_drain(w, 0);
	CHECK(!ended(p.client, 0));
	edge_watch_close(w, c);
	edge_watch_free(w);
	part(&p);
}

/* How a stream's thread is woken. */
static void
note(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void
noted(atomic_int *n, int least)
{
	int64_t until = sp_ticks() + 20 * SP_SECOND;

	while (atomic_load(n) < least)
		CHECK(sp_ticks() < until);
}

static void
a_stream_is_told_that_its_client_is_gone(void)
{
	struct pair gone = connected(), half = connected(), here = connected();
	atomic_int was_gone = 0, was_half = 0, was_here = 0;
	struct edge_watch *w = NULL;
	struct edge_conn *a, *b, *c;
	struct sp_err err;

	CHECK_OK(edge_watch_new(&w, &limits, &err), &err);
	a = edge_watch_open(w, gone.server);
	b = edge_watch_open(w, half.server);
	c = edge_watch_open(w, here.server);
	edge_watch_stream(w, a, note, &was_gone);
	edge_watch_stream(w, b, note, &was_half);
	edge_watch_stream(w, c, note, &was_here);
	CHECK(send(here.client, "x", 1, 0) == 1); /* is there */
	(void)close(gone.client);
	gone.client = -1;
	CHECK(shutdown(half.client, SHUT_WR) == 0);
	noted(&was_gone, 1);
	noted(&was_half, 1);
	CHECK(atomic_load(&was_here) == 0);
	/* One that begins when it is cut already hears at once. */
	edge_watch_stream(w, a, NULL, NULL);
	edge_watch_stream(w, a, note, &was_gone);
	CHECK(atomic_load(&was_gone) == 2);
	/* And one that is over hears nothing. */
	edge_watch_stream(w, c, NULL, NULL);
	(void)close(here.client);
	here.client = -1;
	edge_watch_drain(w, 0);
	CHECK(atomic_load(&was_here) == 0);
	edge_watch_close(w, a);
	edge_watch_close(w, b);
	edge_watch_close(w, c);
	edge_watch_free(w);
	part(&gone);
	part(&half);
	part(&here);
}

/* A client that reads nothing: cut when what there is for it stays. */
static void
a_stream_that_is_not_read_is_cut(void)
{
	struct edge_patience quick = {
		.idle_seconds = 1, .header_seconds = 1, .body_rate = 16
	};
	struct pair p = connected(), idle = connected();
	atomic_int woken = 0, idle_woken = 0;
	struct edge_watch *w = NULL;
	struct edge_conn *c, *d;
	struct sp_err err;
	char bytes[4096] = "";

	CHECK_OK(edge_watch_new(&w, &quick, &err), &err);
	c = edge_watch_open(w, p.server);
	d = edge_watch_open(w, idle.server);
	edge_watch_stream(w, c, note, &woken);
	edge_watch_stream(w, d, note, &idle_woken);
	while (send(p.server, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	noted(&woken, 1);
	CHECK(atomic_load(&idle_woken) == 0);
	edge_watch_close(w, c);
	edge_watch_close(w, d);
	edge_watch_free(w);
	part(&p);
	part(&idle);
}

static void
draining_wakes_streams(void)
{
	struct pair p = connected(), late = connected();
	atomic_int woken = 0, late_woken = 0;
	struct edge_watch *w = NULL;
	struct edge_conn *c, *d;
	struct sp_err err;

	CHECK_OK(edge_watch_new(&w, &limits, &err), &err);
	c = edge_watch_open(w, p.server);
	d = edge_watch_open(w, late.server);
	edge_conn_phase(d, EDGE_PHASE_WORK);
	edge_watch_stream(w, c, note, &woken);
	edge_watch_drain(w, 0);
	CHECK(atomic_load(&woken) == 1);
	CHECK(!ended(p.client, 0)); /* it may say goodbye */
	edge_watch_stream(w, d, note, &late_woken);
	CHECK(atomic_load(&late_woken) == 1);
	edge_watch_close(w, c);
	edge_watch_close(w, d);
	edge_watch_free(w);
	part(&p);
	part(&late);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a silent newcomer is cut", a_silent_newcomer_is_cut },
		{ "a header byte by byte is cut",
		    a_header_byte_by_byte_is_cut },
		{ "between requests one may rest a while",
		    between_requests_one_may_rest_a_while },
		{ "one who rests for too long is cut",
		    one_who_rests_for_too_long_is_cut },
		{ "a body must move", a_body_must_move },
		{ "our own slowness is not the client's",
		    our_own_slowness_is_not_the_clients },
		{ "an answer must be taken", an_answer_must_be_taken },
		{ "a slow connection is shut", a_slow_connection_is_shut },
		{ "bytes are counted", bytes_are_counted },
		{ "draining lets answers finish",
		    draining_lets_answers_finish },
		{ "a stream may be silent", a_stream_may_be_silent },
		{ "a stream is told that its client is gone",
		    a_stream_is_told_that_its_client_is_gone },
		{ "a stream that is not read is cut",
		    a_stream_that_is_not_read_is_cut },
		{ "draining wakes streams", draining_wakes_streams },
		{ "draining does not wait for ever",
		    draining_does_not_wait_for_ever },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
