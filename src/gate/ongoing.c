#include "gate/ongoing.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Cuts that are remembered.  Whoever was known before the oldest of them and
 * begins only now is refused, and asks again. */
#define CUTS 16384

struct cut {
	struct sp_id id;
	int64_t at; /* sp_ticks() */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* All under the lock. */
static struct gate_ongoing *ongoing;
static struct cut cuts[CUTS]; /* a ring */
static uint64_t cut_count;
static int64_t forgotten; /* of the latest cut that is not remembered */

static struct gate_grounds
grounds(const struct gate_caller *who)
{
	struct gate_grounds g = {
		.token = who->token,
		.via = who->via.id,
		.person = who->person,
		.issuer = who->issuer,
	};

	memcpy(g.above, who->via.above, sizeof(g.above));
	return g;
}

static bool
rests_on(const struct gate_grounds *g, const struct sp_id *id)
{
	for (size_t i = 0; i < GATE_VIA_ABOVE; i++)
		if (sp_id_equal(&g->above[i], id))
			return true;
	return sp_id_equal(&g->token, id) || sp_id_equal(&g->via, id) ||
	    sp_id_equal(&g->person, id) || sp_id_equal(&g->issuer, id);
}

/* With the lock held.  Cuts are in the order of time. */
static bool
was_cut(const struct gate_caller *who)
{
	const struct gate_grounds on = grounds(who);
	uint64_t kept = cut_count < CUTS ? cut_count : CUTS;

	for (uint64_t i = 0; i < kept; i++) {
		const struct cut *c = &cuts[(cut_count - 1 - i) % CUTS];

		if (c->at < who->known)
			return false;
		if (rests_on(&on, &c->id))
			return true;
	}
	return cut_count > CUTS && forgotten >= who->known;
}

/* The site itself is nobody whom one could cut off. */
static bool
is_site(const struct gate_caller *who)
{
	return sp_id_is_zero(&who->token) && sp_id_is_zero(&who->via.id) &&
	    sp_id_is_zero(&who->person);
}

enum sp_code
gate_ongoing_refused(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_UNKNOWN, "token.cut",
	    "what let you in was revoked or ended meanwhile");
}

enum sp_code
gate_ongoing_check(const struct gate_caller *who, struct sp_err *err)
{
	bool cut;

	SP_REQUIRE(pthread_mutex_lock(&lock) == 0);
	cut = !is_site(who) && was_cut(who);
	SP_REQUIRE(pthread_mutex_unlock(&lock) == 0);
	return cut ? gate_ongoing_refused(err) : SP_OK;
}

/* With the lock held. */
static void
link_in(struct gate_ongoing *o)
{
	o->next = ongoing;
	o->prev = NULL;
	if (ongoing != NULL)
		ongoing->prev = o;
	ongoing = o;
}

static void
link_out(struct gate_ongoing *o)
{
	if (o->prev != NULL)
		o->prev->next = o->next;
	else
		ongoing = o->next;
	if (o->next != NULL)
		o->next->prev = o->prev;
	o->next = o->prev = NULL;
}

enum sp_code
gate_ongoing_begin(struct gate_ongoing *o, const struct gate_caller *who,
    void (*cut)(void *arg), void *arg, struct sp_err *err)
{
	bool refused = false, guest = who->via.kind != NULL;

	*o = (struct gate_ongoing){
		.on = grounds(who),
		.agency = who->agency,
		.home = guest ? who->via.house : who->agency,
		.by = who->via.kind,
		.cleared = who->is.clearance == GATE_CLEARANCE_OK,
		.cut = cut,
		.arg = arg,
	};
	if (is_site(who))
		return SP_OK;
	SP_REQUIRE(pthread_mutex_lock(&lock) == 0);
	refused = was_cut(who);
	if (!refused)
		link_in(o);
	SP_REQUIRE(pthread_mutex_unlock(&lock) == 0);
	if (!refused)
		return SP_OK;
	*o = (struct gate_ongoing){ .cut = NULL };
	return gate_ongoing_refused(err);
}

void
gate_ongoing_end(struct gate_ongoing *o)
{
	SP_REQUIRE(pthread_mutex_lock(&lock) == 0);
	if (ongoing == o || o->prev != NULL)
		link_out(o);
	o->cut = NULL;
	SP_REQUIRE(pthread_mutex_unlock(&lock) == 0);
}

bool
gate_ongoing_over(const struct gate_ongoing *o)
{
	return atomic_load_explicit(&o->over, memory_order_acquire);
}

/* With the lock held. */
static void
remember(const struct sp_id *id)
{
	struct cut *c = &cuts[cut_count % CUTS];

	if (cut_count >= CUTS)
		forgotten = c->at;
	*c = (struct cut){ .id = *id, .at = sp_ticks() };
	cut_count++;
}

void
gate_ongoing_cut(const struct sp_id *id)
{
	SP_REQUIRE(!sp_id_is_zero(id));
	SP_REQUIRE(pthread_mutex_lock(&lock) == 0);
	remember(id);
	for (struct gate_ongoing *o = ongoing; o != NULL; o = o->next) {
		if (!rests_on(&o->on, id))
			continue;
		if (!atomic_exchange(&o->over, true) && o->cut != NULL)
			o->cut(o->arg);
	}
	SP_REQUIRE(pthread_mutex_unlock(&lock) == 0);
}

/* With the lock held. */
static bool
is_cleared(const struct gate_ongoing *o, const struct sp_id *home)
{
	return o->cleared && !atomic_load(&o->over) &&
	    (home == NULL || sp_id_equal(&o->home, home)) &&
	    !(sp_id_is_zero(&o->on.person) && sp_id_is_zero(&o->on.issuer));
}

static int
by_person(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct gate_cleared));
}

/* Of sorted ones, each but once. */
static size_t
unique(struct gate_cleared *c, size_t n)
{
	size_t end = 0;

	for (size_t i = 0; i < n; i++)
		if (end == 0 || by_person(&c[end - 1], &c[i]) != 0)
			c[end++] = c[i];
	return end;
}

void
gate_ongoing_cleared(const struct sp_id *home, struct sp_buf *out)
{
	const size_t each = sizeof(struct gate_cleared);
	void *all;

	sp_buf_clear(out);
	SP_REQUIRE(pthread_mutex_lock(&lock) == 0);
	for (struct gate_ongoing *o = ongoing; o != NULL; o = o->next) {
		bool own = !sp_id_is_zero(&o->on.person);
		const struct gate_cleared c = {
			.person = own ? o->on.person : o->on.issuer,
			.agency = o->agency,
			.home = o->home,
			.by = o->by,
		};

		if (is_cleared(o, home))
			sp_buf_add(out, &c, each);
	}
	SP_REQUIRE(pthread_mutex_unlock(&lock) == 0);
	if (!sp_buf_ok(out) || out->len == 0)
		return;
	all = out->at;
	qsort(all, out->len / each, each, by_person);
	sp_buf_cut(out, unique(all, out->len / each) * each);
}
