#include "events/hub.h"

#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>

static struct sp_id
id_of(unsigned n)
{
	struct sp_id id = { .b = { 1 } };

	id.b[14] = (uint8_t)(n >> 8);
	id.b[15] = (uint8_t)n;
	return id;
}

static struct events_listener *
listen_as(struct events_hub *h, const struct events_wish *w)
{
	struct events_listener *l = NULL;
	struct sp_err err;

	CHECK_OK(events_hub_listen(&l, h, w, &err), &err);
	return l;
}

static struct events_listener *
listen_all(struct events_hub *h)
{
	return listen_as(h, &(struct events_wish){ .as = id_of(900) });
}

static void
tell(struct events_hub *h, enum events_kind kind, unsigned object, uint64_t at)
{
	events_hub_tell(h,
	    &(struct events_event){
		.kind = kind,
		.object =
		    object == 0 ? (struct sp_id){ .b = { 0 } } : id_of(object),
		.by = id_of(object % 7 + 1000),
		.at = at,
		.of = 100,
	    });
}

/* What is there now; EVENTS_IDLE when nothing. */
static enum events_next
now(struct events_listener *l, struct events_event *e)
{
	size_t n = 0;
	enum events_next next = events_hub_next(l, 0, e, 1, &n);

	CHECK(next != EVENTS_NEXT || n == 1);
	return next;
}

static void
check_next(struct events_listener *l, enum events_kind kind, unsigned object)
{
	struct events_event e = { .id = 0 };
	struct sp_id id = id_of(object);
	uint64_t before = events_hub_place(l);

	CHECK(now(l, &e) == EVENTS_NEXT);
	CHECK(e.kind == kind);
	CHECK(sp_id_equal(&e.object, &id));
	CHECK(e.id > before && e.time > 0);
	CHECK(events_hub_place(l) >= e.id);
}

static void
kinds_have_names(void)
{
	CHECK(
	    strcmp(events_kind_name(EVENTS_PROGRESS), "upload.progress") == 0);
	CHECK(strcmp(events_kind_name(EVENTS_WITNESS), "witness.behind") == 0);
}

static void
in_order_from_now_on(void)
{
	struct events_hub *h = events_hub_new();
	struct events_listener *l;
	struct events_event e = { .id = 77 };
	size_t n = 55;

	CHECK(h != NULL);
	tell(h, EVENTS_SEALED, 1, 100);
	l = listen_all(h);
	CHECK(now(l, &e) == EVENTS_IDLE);
	CHECK(e.id == 77);
	CHECK(events_hub_next(l, sp_ticks() + 1000, &e, 1, &n) == EVENTS_IDLE);
	CHECK(n == 0 || n == 55);
	tell(h, EVENTS_SEALED, 2, 100);
	tell(h, EVENTS_CORRUPT, 1, 0);
	tell(h, EVENTS_MEDIA, 2, 0);
	check_next(l, EVENTS_SEALED, 2);
	check_next(l, EVENTS_CORRUPT, 1);
	check_next(l, EVENTS_MEDIA, 2);
	CHECK(now(l, &e) == EVENTS_IDLE);
	events_hub_leave(l);
	events_hub_leave(NULL);
	events_hub_free(h);
	events_hub_free(NULL);
}

static void
several_at_once(void)
{
	struct events_hub *h = events_hub_new();
	struct events_listener *l = listen_all(h);
	struct events_event e[4];
	size_t n = 0;

	for (unsigned i = 1; i <= 6; i++)
		tell(h, EVENTS_SEALED, i, i);
	CHECK(events_hub_next(l, 0, e, 4, &n) == EVENTS_NEXT);
	CHECK(n == 4 && e[0].at == 1 && e[3].at == 4);
	CHECK(events_hub_place(l) == e[3].id);
	CHECK(events_hub_next(l, 0, e, 4, &n) == EVENTS_NEXT);
	CHECK(n == 2 && e[0].at == 5 && e[1].at == 6);
	events_hub_leave(l);
	events_hub_free(h);
}

/* Progress of one object: the last one only, and none after its sealing. */
static void
progress_gives_way(void)
{
	struct events_hub *h = events_hub_new();
	struct events_listener *l = listen_all(h);
	struct events_event e;

	for (unsigned i = 1; i <= 10; i++)
		tell(h, EVENTS_PROGRESS, 1 + i % 2, i);
	CHECK(now(l, &e) == EVENTS_NEXT && e.at == 9);
	CHECK(now(l, &e) == EVENTS_NEXT && e.at == 10);
	CHECK(now(l, &e) == EVENTS_IDLE);
	tell(h, EVENTS_PROGRESS, 1, 11);
	tell(h, EVENTS_PROGRESS, 2, 12);
	tell(h, EVENTS_SEALED, 1, 100);
	CHECK(now(l, &e) == EVENTS_NEXT && e.at == 12);
	check_next(l, EVENTS_SEALED, 1);
	CHECK(now(l, &e) == EVENTS_IDLE);
	/* However much there is of it, nothing else goes for it. */
	tell(h, EVENTS_CORRUPT, 3, 0);
	for (unsigned i = 0; i < 3 * EVENTS_KEPT; i++)
		tell(h, EVENTS_PROGRESS, 4, i);
	check_next(l, EVENTS_CORRUPT, 3);
	check_next(l, EVENTS_PROGRESS, 4);
	events_hub_leave(l);
	events_hub_free(h);
}

static void
going_on_after_an_id(void)
{
	struct events_hub *h = events_hub_new();
	struct events_listener *l = listen_all(h);
	struct events_event e;
	uint64_t first;

	tell(h, EVENTS_SEALED, 1, 1);
	CHECK(now(l, &e) == EVENTS_NEXT);
	first = e.id;
	tell(h, EVENTS_SEALED, 2, 2);
	events_hub_leave(l);

	l = listen_as(h, &(struct events_wish){ .last = first });
	check_next(l, EVENTS_SEALED, 2);
	events_hub_leave(l);
	/* The last there is: nothing missed, nothing to come. */
	l = listen_as(h, &(struct events_wish){ .last = first + 1 });
	CHECK(now(l, &e) == EVENTS_IDLE);
	events_hub_leave(l);
	/* Before the first: it may be all there is, as it is here. */
	l = listen_as(h, &(struct events_wish){ .last = first - 1 });
	check_next(l, EVENTS_SEALED, 1);
	events_hub_leave(l);
	events_hub_free(h);
}

static void
ids_of_another_process(void)
{
	static const uint64_t offset[] = { 1, 2, 1000, UINT64_C(1) << 20 };
	struct events_hub *h = events_hub_new(), *other = events_hub_new();
	struct events_listener *l = listen_all(h), *m = listen_all(other);
	uint64_t place = events_hub_place(l);
	struct events_event e;

	/* 48 random bits differ. */
	CHECK(place != events_hub_place(m));
	CHECK(place > 0 && place < UINT64_C(1) << 53);
	events_hub_leave(m);
	events_hub_free(other);
	for (size_t i = 0; i < SP_COUNTOF(offset); i++) {
		for (int sign = 0; sign < 2; sign++) {
			struct events_wish w = { .last = sign == 0
				    ? place + offset[i]
				    : place - offset[i] };

			m = listen_as(h, &w);
			CHECK(now(m, &e) == EVENTS_MISSED);
			CHECK(events_hub_place(m) == place);
			CHECK(now(m, &e) == EVENTS_IDLE);
			events_hub_leave(m);
		}
	}
	m = listen_as(h, &(struct events_wish){ .last = UINT64_MAX });
	CHECK(now(m, &e) == EVENTS_MISSED);
	tell(h, EVENTS_SEALED, 1, 1);
	check_next(m, EVENTS_SEALED, 1);
	events_hub_leave(m);
	events_hub_leave(l);
	events_hub_free(h);
}

static void
slower_than_what_is_kept(void)
{
	struct events_hub *h = events_hub_new();
	struct events_listener *l = listen_all(h);
	struct events_event e;
	uint64_t start = events_hub_place(l);

	for (unsigned i = 1; i <= EVENTS_KEPT; i++)
		tell(h, EVENTS_MEDIA, i, i);
	CHECK(now(l, &e) == EVENTS_NEXT && e.at == 1); /* the very last that */
	tell(h, EVENTS_MEDIA, 1, 0);                   /* goes: it was seen */
	CHECK(now(l, &e) == EVENTS_NEXT && e.at == 2);
	for (unsigned i = 0; i < 2; i++)
		tell(h, EVENTS_MEDIA, 1, 0);
	CHECK(now(l, &e) == EVENTS_MISSED);
	CHECK(events_hub_place(l) == start + EVENTS_KEPT + 3);
	CHECK(now(l, &e) == EVENTS_IDLE);
	tell(h, EVENTS_MEDIA, 5, 0);
	check_next(l, EVENTS_MEDIA, 5);
	events_hub_leave(l);
	events_hub_free(h);
}

static void
wishes(void)
{
	struct events_hub *h = events_hub_new();
	struct events_wish one = { .as = id_of(900), .object = id_of(3) };
	struct events_wish own = { .as = id_of(1001), .own = true };
	struct events_wish both = {
		.as = id_of(1001), .own = true, .object = id_of(3)
	};
	struct events_listener *o = listen_as(h, &one);
	struct events_listener *t = listen_as(h, &own);
	struct events_listener *b = listen_as(h, &both);
	struct events_event e;

	for (unsigned i = 0; i <= 10; i++) /* 1 and 8 are the token's */
		tell(h, EVENTS_MEDIA, i, i);
	check_next(o, EVENTS_MEDIA, 3);
	CHECK(now(o, &e) == EVENTS_IDLE);
	check_next(t, EVENTS_MEDIA, 1);
	check_next(t, EVENTS_MEDIA, 8);
	CHECK(now(t, &e) == EVENTS_IDLE);
	CHECK(now(b, &e) == EVENTS_IDLE);
	events_hub_leave(o);
	events_hub_leave(t);
	events_hub_leave(b);
	events_hub_free(h);
}

/* What is about people is for those alone who may see it. */
static void
people_are_not_for_everybody(void)
{
	static const enum events_kind kinds[] = { EVENTS_DISABLED,
		EVENTS_TERMINATED, EVENTS_WARNED, EVENTS_LAPSED };
	struct events_hub *h = events_hub_new();
	struct events_wish may = { .as = id_of(900), .people = true };
	struct events_wish one = { .as = id_of(901), .object = id_of(1) };
	struct events_listener *p = listen_as(h, &may);
	struct events_listener *l = listen_all(h);
	struct events_listener *o = listen_as(h, &one);
	struct events_event e;

	for (size_t i = 0; i < SP_COUNTOF(kinds); i++) {
		tell(h, kinds[i], 1, 0);
		check_next(p, kinds[i], 1);
		CHECK(now(l, &e) == EVENTS_IDLE);
		CHECK(now(o, &e) == EVENTS_IDLE);
	}
	tell(h, EVENTS_MEDIA, 1, 0);
	check_next(p, EVENTS_MEDIA, 1);
	check_next(l, EVENTS_MEDIA, 1);
	check_next(o, EVENTS_MEDIA, 1);
	events_hub_leave(p);
	events_hub_leave(l);
	events_hub_leave(o);
	events_hub_free(h);
}

/* A listener that waits for one thing has missed nothing when all that went
 * was other things. */
struct patient {
	struct events_listener *l;
	enum events_next next;
	struct events_event e;
	atomic_bool began;
};

static void *
wait_long(void *arg)
{
	struct patient *p = arg;
	size_t n;

	atomic_store(&p->began, true);
	p->next =
	    events_hub_next(p->l, sp_ticks() + 30 * SP_SECOND, &p->e, 1, &n);
	return NULL;
}

static void
start_waiting(struct patient *p, pthread_t *thread, struct events_listener *l)
{
	*p = (struct patient){ .l = l };
	CHECK(pthread_create(thread, NULL, wait_long, p) == 0);
	while (!atomic_load(&p->began))
		;
}

static void
patience_misses_nothing(void)
{
	struct events_hub *h = events_hub_new();
	struct events_wish one = { .as = id_of(900), .object = id_of(3) };
	struct events_listener *l = listen_as(h, &one);
	struct patient p;
	pthread_t thread;
	size_t n;

	/* Waited, with nothing coming but what it does not wish. */
	for (int round = 0; round < 3; round++) {
		CHECK(events_hub_next(l, sp_ticks() + 100, &p.e, 1, &n) ==
		    EVENTS_IDLE);
		for (unsigned i = 0; i < EVENTS_KEPT - 1; i++)
			tell(h, EVENTS_MEDIA, 4, i);
	}
	start_waiting(&p, &thread, l);
	for (unsigned i = 0; i < 3 * EVENTS_KEPT; i++)
		tell(h, EVENTS_MEDIA, 4, i);
	tell(h, EVENTS_SEALED, 3, 7);
	CHECK(pthread_join(thread, NULL) == 0);
	/* Unless it had not begun to wait when they came. */
	CHECK(p.next == EVENTS_NEXT || p.next == EVENTS_MISSED);
	CHECK(p.next == EVENTS_MISSED || (p.e.at == 7));
	events_hub_leave(l);
	events_hub_free(h);
}

static void
limits(void)
{
	struct events_hub *h = events_hub_new();
	struct events_listener *l[4], *none = (void *)0x1;
	struct events_wish w = { .as = id_of(1), .most = 3, .most_as = 2 };
	struct sp_err err;

	l[0] = listen_as(h, &w);
	l[1] = listen_as(h, &w);
	CHECK_CODE(events_hub_listen(&none, h, &w, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "events.token") == 0);
	w.as = id_of(257); /* of the same bucket, perhaps, and not the same */
	l[2] = listen_as(h, &w);
	CHECK_CODE(events_hub_listen(&none, h, &w, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "events.agency") == 0);
	CHECK(none == (void *)0x1);
	CHECK(events_hub_listeners(h) == 3);
	events_hub_leave(l[0]);
	w.as = id_of(1);
	l[0] = listen_as(h, &w);
	w.most = w.most_as = 0;
	l[3] = listen_as(h, &w);
	for (size_t i = 0; i < 4; i++)
		events_hub_leave(l[i]);
	CHECK(events_hub_listeners(h) == 0);
	events_hub_free(h);
}

static void
it_ends(void)
{
	enum { END, STOP, HOWS };

	for (int how = 0; how < HOWS; how++) {
		struct events_hub *h = events_hub_new();
		struct events_wish w = { .as = id_of(5) };
		struct events_listener *l = listen_as(h, &w);
		struct events_listener *other = listen_all(h);
		struct events_listener *none = (void *)0x1;
		struct patient p;
		pthread_t thread;
		struct events_event e;
		struct sp_err err;

		start_waiting(&p, &thread, l);
		if (how == END)
			events_hub_end(h);
		else
			events_hub_stop(l);
		CHECK(pthread_join(thread, NULL) == 0);
		CHECK(p.next == EVENTS_OVER);
		CHECK(now(l, &e) == EVENTS_OVER);
		tell(h, EVENTS_MEDIA, 1, 0);
		CHECK(now(l, &e) == EVENTS_OVER);
		CHECK(
		    now(other, &e) == (how == END ? EVENTS_OVER : EVENTS_NEXT));
		CHECK_CODE(events_hub_listen(&none, h, &w, &err),
		    how == END ? SP_E_UNAVAIL : SP_OK, &err);
		if (how != END)
			events_hub_leave(none);
		events_hub_leave(l);
		events_hub_leave(other);
		events_hub_free(h);
	}
}

/* ---- Against a model: random tellings, one listener that reads at times */

enum { MODEL = 4 * EVENTS_KEPT };
static struct {
	unsigned object;
	enum events_kind kind;
	bool gone;
} model[MODEL];

static uint32_t
draw(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void
model_tell(struct events_hub *h, size_t at, uint32_t *seed)
{
	model[at].object = 1 + draw(seed) % 50;
	model[at].kind = (enum events_kind)(draw(seed) % 4);
	model[at].gone = false;
	if (model[at].kind == EVENTS_PROGRESS ||
	    model[at].kind == EVENTS_SEALED)
		for (size_t i = 0; i < at; i++)
			if (model[i].kind == EVENTS_PROGRESS &&
			    model[i].object == model[at].object)
				model[i].gone = true;
	tell(h, model[at].kind, model[at].object, at);
}

/* Reads all there is; what it reads is what the model has from *seen on. */
static void
model_read(struct events_listener *l, size_t *seen, size_t told, unsigned only)
{
	struct events_event e;

	for (; *seen < told; (*seen)++) {
		if (model[*seen].gone ||
		    (only != 0 && model[*seen].object != only))
			continue;
		CHECK(now(l, &e) == EVENTS_NEXT);
		CHECK(e.at == *seen && e.kind == model[*seen].kind);
	}
	CHECK(now(l, &e) == EVENTS_IDLE);
}

static void
as_the_model_has_it(void)
{
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct events_hub *h = events_hub_new();
		struct events_wish one = { .as = id_of(900),
			.object = id_of(seed) };
		struct events_listener *l = listen_all(h);
		struct events_listener *m = listen_as(h, &one);
		size_t l_seen = 0, m_seen = 0, at = 0;
		uint32_t random = seed;

		while (at < MODEL / 8) {
			for (uint32_t n = draw(&random) % 200; n > 0; n--)
				model_tell(h, at++, &random);
			model_read(l, &l_seen, at, 0);
			if (draw(&random) % 3 == 0)
				model_read(m, &m_seen, at, seed);
		}
		model_read(m, &m_seen, at, seed);
		events_hub_leave(l);
		events_hub_leave(m);
		events_hub_free(h);
	}
}

/* ---- Many threads ---- */

enum { TELLERS = 4, LISTENERS = 24, TELLINGS = 400 };

static struct events_hub *shared;
static atomic_uint tellers_left;

static void *
teller(void *arg)
{
	unsigned self = *(unsigned *)arg;

	for (unsigned i = 1; i <= TELLINGS; i++) {
		tell(shared, EVENTS_PROGRESS, self, i);
		tell(shared, EVENTS_MEDIA, self, i);
	}
	if (atomic_fetch_sub(&tellers_left, 1) == 1)
		tell(shared, EVENTS_SEALED, TELLERS + 1, 1);
	return NULL;
}

struct hearing {
	unsigned only; /* 0: all */
	uint64_t last[TELLERS + 2];
	unsigned media[TELLERS + 2];
	bool missed;
	bool over;
};

static void
heard(struct hearing *x, const struct events_event *e)
{
	unsigned object = e->object.b[15];

	CHECK(x->only == 0 || object == x->only || object == TELLERS + 1);
	if (e->kind == EVENTS_MEDIA) {
		x->media[object]++;
		CHECK(e->at > x->last[object]);
		CHECK(x->missed || e->at == x->last[object] + 1);
		x->last[object] = e->at;
	}
	if (e->kind == EVENTS_SEALED)
		x->over = true;
}

static void *
hear(void *arg)
{
	struct hearing *x = arg;
	struct events_wish w = { .as = id_of(900 + x->only) };
	struct events_listener *l;
	struct events_event e[5];
	uint64_t last = 0;

	if (x->only != 0)
		w.object = id_of(x->only);
	l = listen_as(shared, &w);
	while (!x->over) {
		size_t n = 0;
		enum events_next next =
		    events_hub_next(l, sp_ticks() + 60 * SP_SECOND, e, 5, &n);

		if (next == EVENTS_OVER)
			break;
		CHECK(next != EVENTS_IDLE);
		x->missed |= next == EVENTS_MISSED;
		for (size_t i = 0; i < n; i++) {
			CHECK(e[i].id > last);
			last = e[i].id;
			heard(x, &e[i]);
		}
	}
	events_hub_leave(l);
	return NULL;
}

static void
wait_for_listeners(size_t n)
{
	int64_t until = sp_ticks() + 30 * SP_SECOND;

	while (events_hub_listeners(shared) != n)
		CHECK(sp_ticks() < until);
}

static void
many_at_once(void)
{
	static struct hearing x[LISTENERS];
	pthread_t told[TELLERS], listened[LISTENERS];
	unsigned self[TELLERS];

	shared = events_hub_new();
	atomic_store(&tellers_left, TELLERS);
	for (unsigned i = 0; i < LISTENERS; i++) {
		x[i].only = i % 3 == 0 ? i % TELLERS + 1 : 0;
		CHECK(pthread_create(&listened[i], NULL, hear, &x[i]) == 0);
	}
	wait_for_listeners(LISTENERS);
	for (unsigned i = 0; i < TELLERS; i++) {
		self[i] = i + 1;
		CHECK(pthread_create(&told[i], NULL, teller, &self[i]) == 0);
	}
	for (unsigned i = 0; i < TELLERS; i++)
		CHECK(pthread_join(told[i], NULL) == 0);
	/* Those who listen to all have heard the last one and left. */
	wait_for_listeners(LISTENERS / 3);
	events_hub_end(shared);
	for (unsigned i = 0; i < LISTENERS; i++)
		CHECK(pthread_join(listened[i], NULL) == 0);
	for (unsigned i = 0; i < LISTENERS; i++)
		CHECK(x[i].only != 0 || x[i].over);
	events_hub_free(shared);
}

/* Listeners that come and go, and are stopped, while it goes on. */
static atomic_bool quiet;

static void *
come_and_go(void *arg)
{
	uint32_t seed = *(unsigned *)arg;

	while (!atomic_load(&quiet)) {
		struct events_wish w = { .as = id_of(seed % 5 + 900) };
		struct events_listener *l;
		struct events_event e[3];
		size_t n;

		if (draw(&seed) % 2 == 0)
			w.object = id_of(draw(&seed) % 4 + 1);
		w.own = draw(&seed) % 4 == 0;
		l = listen_as(shared, &w);
		for (uint32_t i = draw(&seed) % 5; i > 0; i--) {
			enum events_next next = events_hub_next(
			    l, sp_ticks() + draw(&seed) % 2000, e, 3, &n);

			if (next == EVENTS_OVER)
				break;
		}
		if (draw(&seed) % 8 == 0)
			events_hub_stop(l);
		events_hub_leave(l);
	}
	return NULL;
}

static void
coming_and_going(void)
{
	pthread_t told[TELLERS], other[LISTENERS];
	unsigned self[LISTENERS];

	shared = events_hub_new();
	atomic_store(&tellers_left, TELLERS);
	for (unsigned i = 0; i < LISTENERS; i++) {
		self[i] = i + 1;
		CHECK(pthread_create(&other[i], NULL, come_and_go, &self[i]) ==
		    0);
	}
	for (unsigned i = 0; i < TELLERS; i++)
		CHECK(pthread_create(&told[i], NULL, teller, &self[i]) == 0);
	for (unsigned i = 0; i < TELLERS; i++)
		CHECK(pthread_join(told[i], NULL) == 0);
	atomic_store(&quiet, true);
	for (unsigned i = 0; i < LISTENERS; i++)
		CHECK(pthread_join(other[i], NULL) == 0);
	CHECK(events_hub_listeners(shared) == 0);
	events_hub_free(shared);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "kinds have names", kinds_have_names },
		{ "in order, from now on", in_order_from_now_on },
		{ "several at once", several_at_once },
		{ "progress gives way", progress_gives_way },
		{ "going on after an id", going_on_after_an_id },
		{ "ids of another process", ids_of_another_process },
		{ "slower than what is kept", slower_than_what_is_kept },
		{ "wishes", wishes },
		{ "people are not for everybody",
		    people_are_not_for_everybody },
		{ "patience misses nothing", patience_misses_nothing },
		{ "limits", limits },
		{ "it ends", it_ends },
		{ "as the model has it", as_the_model_has_it },
		{ "many at once", many_at_once },
		{ "coming and going", coming_and_going },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
