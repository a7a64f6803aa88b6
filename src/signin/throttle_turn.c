#include "signin/throttle.h"

#include <pthread.h>
#include <string.h>

/* Attempts that are looked at in this process, and those that wait to be. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct signin_turn *first;
} turns = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL };

struct counted {
	int64_t network;                /* all of them */
	unsigned of_network, of_agency; /* that are looked at */
};

/* With the lock held: others than `t` of its network and agency. */
static struct counted
count(const struct signin_turn *t)
{
	struct counted c = { 0 };

	for (const struct signin_turn *o = turns.first; o != NULL;
	     o = o->next) {
		if (o == t || !sp_id_equal(&o->agency, &t->agency))
			continue;
		if (o->looked_at)
			c.of_agency++;
		if (strcmp(o->network, t->network) != 0)
			continue;
		c.network++;
		if (o->looked_at)
			c.of_network++;
	}
	return c;
}

/* With the lock held. */
static void
wait_for_turn(struct signin_turn *t)
{
	for (;;) {
		struct counted c = count(t);

		if (c.of_network < SIGNIN_TURNS_NETWORK &&
		    c.of_agency < SIGNIN_TURNS_AGENCY)
			break;
		(void)pthread_cond_wait(&turns.moved, &turns.lock);
	}
	t->looked_at = true;
}

/* With the lock held, so that a failure is either in the rows that are read or
 * still counted among the turns: never in neither. */
static enum sp_code
reserve(struct signin_turn *t, const struct signin_turn_of *of, sp_time now,
    struct sp_err *err)
{
	DB_LENT(reader, of->readers);

	return signin_throttle_ask_with(
	    reader.db, of->rules, of->address, now, count(t).network, err);
}

enum sp_code
signin_throttle_begin(struct signin_turn *t, const struct signin_turn_of *of,
    sp_time now, struct sp_err *err)
{
	enum sp_code code;

	*t = (struct signin_turn){ .agency = *of->agency };
	signin_throttle_network(of->address, t->network);
	(void)pthread_mutex_lock(&turns.lock);
	code = reserve(t, of, now, err);
	if (code == SP_OK) {
		t->taken = true;
		t->next = turns.first;
		turns.first = t;
		wait_for_turn(t);
	}
	(void)pthread_mutex_unlock(&turns.lock);
	return code;
}

void
signin_throttle_end(struct signin_turn *t)
{
	if (!t->taken)
		return;
	(void)pthread_mutex_lock(&turns.lock);
	for (struct signin_turn **at = &turns.first; *at != NULL;
	     at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			break;
		}
	}
	t->taken = false;
	(void)pthread_cond_broadcast(&turns.moved);
	(void)pthread_mutex_unlock(&turns.lock);
}
