#include "errand/desk.h"

#include "base/file.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define CALLS_APART SP_SECOND

/* An errand under way, on the stack of whoever waits for it. */
struct trip {
	uint32_t id; /* 0: still waits for a messenger */
	bool back;   /* how: below */
	unsigned status;
	enum sp_code taken; /* did `body` take it all? */
	struct sp_buf *body;
	char problem[ERRAND_PROBLEM_MAX + 1];
	struct trip *next;
};

struct errand_desk {
	struct errand_desk_options o;
	pthread_t thread;
	int wake;

	pthread_mutex_t lock; /* over all below */
	pthread_cond_t moved; /* a trip is back, or a messenger has come */
	struct trip *first;
	size_t trips;
	uint32_t last_id;
	int sock;    /* replaced and closed by the thread alone */
	int brought; /* -1: none */
	int64_t call_after;
	bool end;

	struct sp_buf packet; /* the thread's own */
};

static void
lock(struct errand_desk *d)
{
	SP_REQUIRE(pthread_mutex_lock(&d->lock) == 0);
}

static void
unlock(struct errand_desk *d)
{
	SP_REQUIRE(pthread_mutex_unlock(&d->lock) == 0);
}

static void
tell_all(struct errand_desk *d)
{
	SP_REQUIRE(pthread_cond_broadcast(&d->moved) == 0);
}

static void
poke(struct errand_desk *d)
{
	/* full: it is awake already */
	SP_IGNORE(eventfd_write(d->wake, 1));
}

/* ---- The thread ---- */

/* Under the lock. */
static void
lose_messenger(struct errand_desk *d, const char *why)
{
	sp_file_closep(&d->sock);
	d->sock = -1;
	for (struct trip *t = d->first; t != NULL; t = t->next) {
		if (t->back || t->id == 0)
			continue;
		t->back = true;
		(void)snprintf(t->problem, sizeof(t->problem), "%s", why);
	}
	tell_all(d);
}

static void
take_answer(struct errand_desk *d, const struct errand_answer *a)
{
	for (struct trip *t = d->first; t != NULL; t = t->next) {
		if (t->id != a->id || t->back)
			continue;
		t->back = true;
		t->status = a->reply.status;
		memcpy(t->problem, a->problem, sizeof(t->problem));
		sp_buf_add(t->body, a->reply.body, a->reply.len);
		t->taken = sp_buf_check(t->body, "an answer", NULL);
		tell_all(d);
		return;
	}
}

static void
hear(struct errand_desk *d)
{
	while (d->sock >= 0) {
		struct errand_answer a;
		enum sp_code code =
		    errand_packet_receive(d->sock, &d->packet, NULL);

		if (code == SP_E_LOCKED)
			return;
		if (code == SP_OK)
			code = errand_answer_read(
			    d->packet.at, d->packet.len, &a, NULL);
		if (code == SP_OK)
			take_answer(d, &a);
		else
			lose_messenger(d, "the messenger is gone");
	}
}

static void
take_brought(struct errand_desk *d)
{
	if (d->brought < 0)
		return;
	lose_messenger(d, "the messenger was replaced");
	d->sock = d->brought;
	d->brought = -1;
	tell_all(d);
}

static void *
desk_main(void *arg)
{
	struct errand_desk *d = arg;
	bool end = false;

	while (!end) {
		struct pollfd p[] = {
			{ .fd = d->wake, .events = POLLIN },
			{ .fd = d->sock, .events = POLLIN }, /* or -1 */
		};
		eventfd_t n;

		if (poll(p, SP_COUNTOF(p), -1) > 0 && p[0].revents != 0)
			SP_IGNORE(eventfd_read(d->wake, &n));
		lock(d);
		take_brought(d);
		hear(d);
		end = d->end;
		if (end)
			lose_messenger(d, "the site is stopping");
		unlock(d);
	}
	return NULL;
}

/* ---- Whoever waits; under the lock ---- */

static struct timespec
until(int64_t ticks)
{
	return (struct timespec){
		.tv_sec = ticks / SP_SECOND,
		.tv_nsec = ticks % SP_SECOND * 1000,
	};
}

/* False: the deadline has come. */
static bool
wait_till(struct errand_desk *d, int64_t deadline)
{
	struct timespec at = until(deadline);

	return pthread_cond_clockwait(
		   &d->moved, &d->lock, CLOCK_MONOTONIC, &at) != ETIMEDOUT;
}

static void
call(struct errand_desk *d)
{
	int64_t now = sp_ticks();

	if (now < d->call_after || d->brought >= 0)
		return;
	d->call_after = now + CALLS_APART;
	d->o.call(d->o.self);
}

/* Wait for a messenger; it is called for as long as there is none. */
static enum sp_code
find_messenger(struct errand_desk *d, int64_t deadline, struct sp_err *err)
{
	while (d->sock < 0 && !d->end && sp_ticks() < deadline) {
		int64_t again = sp_ticks() + CALLS_APART;

		call(d);
		(void)wait_till(d, again < deadline ? again : deadline);
	}
	if (d->sock < 0 || d->end)
		return sp_fail_as(err, SP_E_UNAVAIL, "errand.away",
		    "no messenger is there to go out: try again");
	return SP_OK;
}

static enum sp_code
send_out(struct errand_desk *d, struct errand *e, struct sp_err *err)
{
	SP_AUTO_BUF packet = sp_buf_secret(ERRAND_PACKET_MAX);
	enum sp_code code;

	d->last_id += d->last_id == UINT32_MAX ? 2 : 1;
	e->id = d->last_id;
	errand_write(e, &packet);
	code = errand_packet_send(d->sock, &packet, err);
	if (code == SP_E_LOCKED || code == SP_E_UNAVAIL)
		return sp_fail_as(err, SP_E_UNAVAIL, "errand.away",
		    "the messenger takes nothing now: try again");
	return code;
}

static void
leave(struct errand_desk *d, const struct trip *t)
{
	struct trip **at = &d->first;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	d->trips--;
}

static enum sp_code
come_back(const struct trip *t, unsigned *status, struct sp_err *err)
{
	if (!t->back)
		return sp_fail_as(err, SP_E_UNAVAIL, "errand.problem",
		    "there was no answer in time");
	if (t->taken != SP_OK)
		return sp_fail_as(
		    err, t->taken, "errand.problem", "the answer is too long");
	if (t->status == 0)
		return sp_fail_as(
		    err, SP_E_UNAVAIL, "errand.problem", "%s", t->problem);
	*status = t->status;
	return SP_OK;
}

static enum sp_code
run(struct errand_desk *d, struct errand *e, struct trip *t, struct sp_err *err)
{
	int64_t deadline = sp_ticks() + ERRAND_DESK_SECONDS * SP_SECOND;
	enum sp_code code = find_messenger(d, deadline, err);

	if (code == SP_OK)
		code = send_out(d, e, err);
	if (code != SP_OK)
		return code;
	t->id = e->id;
	while (!t->back && wait_till(d, deadline))
		continue;
	return SP_OK;
}

enum sp_code
errand_desk_run(struct errand_desk *d, struct errand *e, unsigned *status,
    struct sp_buf *body, struct sp_err *err)
{
	struct trip t = { .body = body, .taken = SP_OK };
	enum sp_code code;

	lock(d);
	if (d->trips == ERRAND_DESK_MOST || d->end) {
		unlock(d);
		return sp_fail_as(err, SP_E_UNAVAIL, "errand.away",
		    "too much is under way: try again in a moment");
	}
	t.next = d->first;
	d->first = &t;
	d->trips++;
	code = run(d, e, &t, err);
	leave(d, &t);
	unlock(d);
	return code == SP_OK ? come_back(&t, status, err) : code;
}

/* ---- Its life ---- */

void
errand_desk_attach(struct errand_desk *d, int sock)
{
	int old;

	lock(d);
	old = d->brought;
	d->brought = sock;
	unlock(d);
	sp_file_closep(&old);
	poke(d);
}

void
errand_desk_end(struct errand_desk *d)
{
	lock(d);
	d->end = true;
	tell_all(d);
	unlock(d);
	poke(d);
}

static void
desk_free(struct errand_desk *d)
{
	SP_REQUIRE(d->trips == 0);
	sp_file_closep(&d->sock);
	sp_file_closep(&d->brought);
	sp_file_closep(&d->wake);
	sp_buf_free(&d->packet);
	(void)pthread_cond_destroy(&d->moved);
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
}

void
errand_desk_close(struct errand_desk *d)
{
	if (d == NULL)
		return;
	errand_desk_end(d);
	SP_REQUIRE(pthread_join(d->thread, NULL) == 0);
	desk_free(d);
}

enum sp_code
errand_desk_open(struct errand_desk **out, const struct errand_desk_options *o,
    struct sp_err *err)
{
	struct errand_desk *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a desk");
	SP_REQUIRE(pthread_mutex_init(&d->lock, NULL) == 0);
	SP_REQUIRE(pthread_cond_init(&d->moved, NULL) == 0);
	d->o = *o;
	d->sock = d->brought = -1;
	d->packet = sp_buf_secret(ERRAND_PACKET_MAX);
	d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->wake < 0 ||
	    pthread_create(&d->thread, NULL, desk_main, d) != 0) {
		desk_free(d);
		return sp_fail(err, SP_E_NOMEM, "no thread for a desk");
	}
	*out = d;
	return SP_OK;
}
