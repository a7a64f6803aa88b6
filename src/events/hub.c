#include "events/hub.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUCKETS 256 /* of each table below; a power of two */
/* Listeners that the herald has called and that have not come back yet: with
 * more, whoever works on something else waits for all of them. */
#define CALLED_MOST     64
#define CALLED_PATIENCE 5000 /* microseconds for those who do not come back */
#define CALLED_AT_ONCE  16   /* under one hold of the lock */

/* A place in one of several rings, whose heads are links, too. */
struct link {
	struct link *before, *after;
};

struct kept {
	struct events_event e;
	struct link order;  /* by id */
	struct kept *chain; /* progress: of the same bucket; else the spare */
};

struct events_listener {
	struct events_hub *hub;
	struct events_wish wish;
	struct link same; /* bucket of the token's */
	struct link wait; /* waits, or is to be called; else by itself */
	bool waiting;
	bool missed;
	bool over;
	uint64_t round; /* of the call that woke it; 0: none */
	uint64_t place;
	pthread_cond_t wake;
};

struct events_hub {
	pthread_mutex_t lock; /* over everything here */
	pthread_t herald;
	pthread_cond_t call; /* somebody is to be called, or the end */
	pthread_cond_t calm; /* those who were called are back */
	bool has_herald, stop, over;
	uint64_t head; /* id of the last event */
	uint64_t lost; /* events up to it are not all here */
	struct kept kept[EVENTS_KEPT];
	size_t used;
	struct kept *spare;
	struct link order; /* oldest first */
	struct kept *progress[BUCKETS];
	struct link token[BUCKETS]; /* all listeners, by their token */
	struct link wish[BUCKETS];  /* waiting for one object's or token's */
	struct link all;            /* waiting for anything */
	struct link ready;          /* to be called */
	size_t listeners;
	size_t called; /* and not back */
	uint64_t round;
};

#define OWNER(link_, type, member)                                             \
	((type *)(void *)((char *)(link_)-offsetof(type, member)))

static const char *const kind_names[] = {
#define X(id, name) [id] = (name),
	EVENTS_KINDS(X)
#undef X
};

const char *
events_kind_name(enum events_kind kind)
{
	SP_REQUIRE((size_t)kind < EVENTS_KIND_COUNT);
	return kind_names[kind];
}

bool
events_kind_people(enum events_kind kind)
{
	switch (kind) {
	case EVENTS_DISABLED:
	case EVENTS_TERMINATED:
	case EVENTS_WARNED:
	case EVENTS_LAPSED: return true;
	case EVENTS_PROGRESS:
	case EVENTS_SEALED:
	case EVENTS_CORRUPT:
	case EVENTS_MEDIA:
	case EVENTS_WITNESS:
	case EVENTS_RECOVERY:
	case EVENTS_LOCKBOX:
	case EVENTS_GLASS:
	case EVENTS_KIND_COUNT: break;
	}
	return false;
}

/* --- Rings --- */

static void
ring_init(struct link *l)
{
	l->before = l->after = l;
}

static bool
ring_empty(const struct link *head)
{
	return head->after == head;
}

static void
ring_leave(struct link *l)
{
	l->before->after = l->after;
	l->after->before = l->before;
	ring_init(l);
}

static void
ring_join(struct link *head, struct link *l)
{
	l->before = head->before;
	l->after = head;
	head->before->after = l;
	head->before = l;
}

/* All of `from` to the end of `to`. */
static void
ring_pour(struct link *to, struct link *from)
{
	if (ring_empty(from))
		return;
	from->after->before = to->before;
	to->before->after = from->after;
	from->before->after = to;
	to->before = from->before;
	ring_init(from);
}

/* An id's last bytes are random (base/id.h). */
static size_t
bucket(const struct sp_id *id)
{
	return (id->b[SP_ID_LEN - 1] | (size_t)id->b[SP_ID_LEN - 2] << 8) %
	    BUCKETS;
}

/* --- The hub --- */

/* Within what JSON's readers take for a whole number, with room to grow. */
static uint64_t
random_start(void)
{
	struct sp_id id = sp_id_new();
	uint64_t n = 1;

	for (size_t i = SP_ID_LEN - 6; i < SP_ID_LEN; i++)
		n = n << 8 | id.b[i];
	return n;
}

static void
cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	SP_REQUIRE(pthread_condattr_init(&attr) == 0);
	SP_REQUIRE(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	SP_REQUIRE(pthread_cond_init(c, &attr) == 0);
	(void)pthread_condattr_destroy(&attr);
}

struct events_hub *
events_hub_new(void)
{
	struct events_hub *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	SP_REQUIRE(pthread_mutex_init(&h->lock, NULL) == 0);
	cond_init(&h->call);
	cond_init(&h->calm);
	h->head = h->lost = random_start();
	h->round = 1;
	ring_init(&h->order);
	ring_init(&h->all);
	ring_init(&h->ready);
	for (size_t i = 0; i < BUCKETS; i++) {
		ring_init(&h->token[i]);
		ring_init(&h->wish[i]);
	}
	return h;
}

static void
lock(struct events_hub *h)
{
	SP_REQUIRE(pthread_mutex_lock(&h->lock) == 0);
}

static void
unlock(struct events_hub *h)
{
	SP_REQUIRE(pthread_mutex_unlock(&h->lock) == 0);
}

void
events_hub_free(struct events_hub *h)
{
	if (h == NULL)
		return;
	lock(h);
	SP_REQUIRE(h->listeners == 0);
	h->stop = true;
	(void)pthread_cond_signal(&h->call);
	unlock(h);
	if (h->has_herald)
		SP_REQUIRE(pthread_join(h->herald, NULL) == 0);
	(void)pthread_cond_destroy(&h->call);
	(void)pthread_cond_destroy(&h->calm);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}

/* Until then, at the latest; false when it is past.  Ticks are what the
 * condition's clock counts. */
static bool
wait_until(struct events_hub *h, pthread_cond_t *c, int64_t ticks)
{
	struct timespec at = {
		.tv_sec = ticks / SP_SECOND,
		.tv_nsec = ticks % SP_SECOND * 1000,
	};

	return pthread_cond_timedwait(c, &h->lock, &at) == 0;
}

/* --- What is kept --- */

static struct kept *
find_progress(struct events_hub *h, const struct sp_id *object)
{
	struct kept *k = h->progress[bucket(object)];

	while (k != NULL && !sp_id_equal(&k->e.object, object))
		k = k->chain;
	return k;
}

static void
drop(struct events_hub *h, struct kept *k)
{
	struct kept **at = &h->progress[bucket(&k->e.object)];

	ring_leave(&k->order);
	if (k->e.kind == EVENTS_PROGRESS) {
		while (*at != k)
			at = &(*at)->chain;
		*at = k->chain;
	}
	k->chain = h->spare;
	h->spare = k;
}

/* Room for one more; the oldest makes it. */
static struct kept *
take(struct events_hub *h)
{
	struct kept *k;

	if (h->spare == NULL && h->used < EVENTS_KEPT)
		return &h->kept[h->used++];
	if (h->spare == NULL) {
		k = OWNER(h->order.after, struct kept, order);
		h->lost = k->e.id;
		drop(h, k);
	}
	k = h->spare;
	h->spare = k->chain;
	return k;
}

static const struct kept *
keep(struct events_hub *h, const struct events_event *e)
{
	struct kept **first = &h->progress[bucket(&e->object)];
	struct kept *k = NULL;

	if (e->kind == EVENTS_PROGRESS || e->kind == EVENTS_SEALED)
		k = find_progress(h, &e->object);
	if (k != NULL)
		drop(h, k);
	k = take(h);
	k->e = *e;
	k->e.id = ++h->head;
	k->e.time = sp_now();
	ring_join(&h->order, &k->order);
	if (e->kind == EVENTS_PROGRESS) {
		k->chain = *first;
		*first = k;
	}
	return k;
}

/* --- Whom it concerns --- */

static bool
wishes(const struct events_listener *l, const struct events_event *e)
{
	const struct events_wish *w = &l->wish;

	return (sp_id_is_zero(&w->object) ||
		   sp_id_equal(&w->object, &e->object)) &&
	    (!w->own || sp_id_equal(&w->as, &e->by)) &&
	    (w->people || !events_kind_people(e->kind));
}

/* Where it waits. */
static struct link *
waits_at(struct events_hub *h, const struct events_listener *l)
{
	if (!sp_id_is_zero(&l->wish.object))
		return &h->wish[bucket(&l->wish.object)];
	return l->wish.own ? &h->wish[bucket(&l->wish.as)] : &h->all;
}

/* Nothing before this event concerned it while it waited. */
static void
call_waiting(struct events_hub *h, const struct sp_id *what,
    const struct events_event *e)
{
	struct link *head = &h->wish[bucket(what)], *next;

	for (struct link *at = head->after; at != head; at = next) {
		struct events_listener *l =
		    OWNER(at, struct events_listener, wait);

		next = at->after;
		if (!wishes(l, e))
			continue;
		l->waiting = false;
		l->place = e->id - 1;
		ring_leave(at);
		ring_join(&h->ready, at);
	}
}

void
events_hub_tell(struct events_hub *h, const struct events_event *e)
{
	const struct kept *k;

	lock(h);
	if (!h->over) {
		k = keep(h, e);
		if (!sp_id_is_zero(&e->object))
			call_waiting(h, &e->object, &k->e);
		if (!sp_id_is_zero(&e->by))
			call_waiting(h, &e->by, &k->e);
		ring_pour(&h->ready, &h->all);
		if (!ring_empty(&h->ready))
			(void)pthread_cond_signal(&h->call);
	}
	unlock(h);
}

/* --- The herald --- */

static void
call_one(struct events_hub *h)
{
	struct events_listener *l =
	    OWNER(h->ready.after, struct events_listener, wait);

	ring_leave(&l->wait);
	l->round = h->round;
	h->called++;
	(void)pthread_cond_signal(&l->wake);
}

/* Those who take long, their clients being slow, are not waited for. */
static void
let_them_come_back(struct events_hub *h)
{
	int64_t until = sp_ticks() + CALLED_PATIENCE;

	while (h->called > 0 && !h->stop && wait_until(h, &h->calm, until))
		;
	if (h->called > 0) {
		h->called = 0;
		h->round++;
	}
}

static void *
herald(void *arg)
{
	struct events_hub *h = arg;

	lock(h);
	while (!h->stop) {
		if (ring_empty(&h->ready)) {
			(void)pthread_cond_wait(&h->call, &h->lock);
			continue;
		}
		for (int i = 0; i < CALLED_AT_ONCE && !ring_empty(&h->ready);
		     i++)
			call_one(h);
		if (h->called >= CALLED_MOST) {
			let_them_come_back(h);
		} else {
			unlock(h); /* somebody may want to tell something */
			lock(h);
		}
	}
	unlock(h);
	return NULL;
}

/* It has come back to us. */
static void
back(struct events_listener *l)
{
	struct events_hub *h = l->hub;

	if (l->round == h->round && --h->called == 0)
		(void)pthread_cond_signal(&h->calm);
	l->round = 0;
}

/* --- Listening --- */

static enum sp_code
check_room(
    struct events_hub *h, const struct events_wish *w, struct sp_err *err)
{
	struct link *head = &h->token[bucket(&w->as)];
	size_t same = 0;

	if (h->over)
		return sp_fail(err, SP_E_UNAVAIL, "no more events are told");
	if (w->most != 0 && h->listeners >= w->most)
		return sp_fail_as(err, SP_E_LIMIT, "events.agency",
		    "the agency has %zu event streams open, its limit",
		    w->most);
	for (struct link *at = head->after; at != head; at = at->after)
		if (sp_id_equal(
			&OWNER(at, struct events_listener, same)->wish.as,
			&w->as))
			same++;
	if (w->most_as != 0 && same >= w->most_as)
		return sp_fail_as(err, SP_E_LIMIT, "events.token",
		    "this token has %zu event streams open, its limit",
		    w->most_as);
	return SP_OK;
}

static enum sp_code
join(struct events_hub *h, struct events_listener *l, struct sp_err *err)
{
	uint64_t last = l->wish.last;

	SP_TRY(check_room(h, &l->wish, err));
	if (!h->has_herald && pthread_create(&h->herald, NULL, herald, h) != 0)
		return sp_fail(err, SP_E_NOMEM, "no thread for events");
	h->has_herald = true;
	l->place = h->head;
	if (last != 0 && last >= h->lost && last <= h->head)
		l->place = last;
	else
		l->missed = last != 0;
	ring_join(&h->token[bucket(&l->wish.as)], &l->same);
	h->listeners++;
	return SP_OK;
}

enum sp_code
events_hub_listen(struct events_listener **out, struct events_hub *h,
    const struct events_wish *w, struct sp_err *err)
{
	struct events_listener *l = calloc(1, sizeof(*l));
	enum sp_code code;

	if (l == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a listener");
	l->hub = h;
	l->wish = *w;
	ring_init(&l->wait);
	cond_init(&l->wake);
	lock(h);
	code = join(h, l, err);
	unlock(h);
	if (code != SP_OK) {
		(void)pthread_cond_destroy(&l->wake);
		free(l);
		return code;
	}
	*out = l;
	return SP_OK;
}

void
events_hub_leave(struct events_listener *l)
{
	struct events_hub *h;

	if (l == NULL)
		return;
	h = l->hub;
	lock(h);
	back(l);
	ring_leave(&l->wait);
	ring_leave(&l->same);
	h->listeners--;
	unlock(h);
	(void)pthread_cond_destroy(&l->wake);
	free(l);
}

/* Those who are over are called, too: one after the other. */
static void
finish(struct events_hub *h, struct events_listener *l)
{
	l->over = true;
	if (!l->waiting)
		return;
	l->waiting = false;
	ring_leave(&l->wait);
	ring_join(&h->ready, &l->wait);
	(void)pthread_cond_signal(&h->call);
}

static void
finish_bucket(struct events_hub *h, struct link *head)
{
	for (struct link *at = head->after; at != head; at = at->after)
		finish(h, OWNER(at, struct events_listener, same));
}

void
events_hub_end(struct events_hub *h)
{
	lock(h);
	h->over = true;
	for (size_t i = 0; i < BUCKETS; i++)
		finish_bucket(h, &h->token[i]);
	unlock(h);
}

void
events_hub_stop(struct events_listener *l)
{
	lock(l->hub);
	finish(l->hub, l);
	unlock(l->hub);
}

/* The first that it has not seen; &h->order when there is none. */
static struct link *
first_after(struct events_hub *h, uint64_t place)
{
	struct link *at = &h->order;

	while (at->before != &h->order &&
	    OWNER(at->before, struct kept, order)->e.id > place)
		at = at->before;
	return at;
}

static size_t
read_kept(struct events_listener *l, struct events_event *out, size_t room)
{
	struct events_hub *h = l->hub;
	struct link *at = first_after(h, l->place);
	size_t n = 0;

	for (; at != &h->order && n < room; at = at->after) {
		const struct events_event *e =
		    &OWNER(at, struct kept, order)->e;

		l->place = e->id;
		if (wishes(l, e))
			out[n++] = *e;
	}
	if (at == &h->order)
		l->place = h->head;
	return n;
}

/* What can be said without waiting; EVENTS_IDLE: nothing. */
static enum events_next
next_now(
    struct events_listener *l, struct events_event *out, size_t room, size_t *n)
{
	struct events_hub *h = l->hub;

	if (l->over)
		return EVENTS_OVER;
	if (l->missed || l->place < h->lost) {
		l->missed = false;
		l->place = h->head;
		return EVENTS_MISSED;
	}
	*n = read_kept(l, out, room);
	return *n > 0 ? EVENTS_NEXT : EVENTS_IDLE;
}

/* Until it is called, or the deadline is past. */
static void
wait_here(struct events_listener *l, int64_t deadline)
{
	struct events_hub *h = l->hub;
	struct link *at = waits_at(h, l);

	back(l);
	l->waiting = true;
	ring_join(at, &l->wait);
	while (l->round == 0 && wait_until(h, &l->wake, deadline))
		;
	/* At the deadline it may be about to be called: then it is not
	 * waiting any more, or (`all`, which is poured) its place tells. */
	if (l->waiting && at != &h->all)
		l->place = h->head;
	ring_leave(&l->wait);
	l->waiting = false;
}

enum events_next
events_hub_next(struct events_listener *l, int64_t deadline,
    struct events_event *out, size_t room, size_t *n)
{
	struct events_hub *h = l->hub;
	enum events_next next;

	SP_REQUIRE(room > 0);
	lock(h);
	back(l);
	next = next_now(l, out, room, n);
	while (next == EVENTS_IDLE && deadline > sp_ticks()) {
		wait_here(l, deadline);
		next = next_now(l, out, room, n);
	}
	unlock(h);
	return next;
}

uint64_t
events_hub_place(const struct events_listener *l)
{
	return l->place;
}

size_t
events_hub_listeners(struct events_hub *h)
{
	size_t n;

	lock(h);
	n = h->listeners;
	unlock(h);
	return n;
}
