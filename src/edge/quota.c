#include "edge/quota.h"

#include "edge/listen.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct place {
	struct place *next;
	unsigned taken;
	char address[EDGE_ADDRESS_MAX];
};

struct edge_quota {
	pthread_mutex_t lock;
	unsigned most, most_of_address;
	unsigned taken;
	struct place *place[BUCKETS];
};

struct edge_quota *
edge_quota_new(unsigned most, unsigned most_of_address)
{
	struct edge_quota *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	SP_REQUIRE(pthread_mutex_init(&q->lock, NULL) == 0);
	q->most = most;
	q->most_of_address = most_of_address;
	return q;
}

void
edge_quota_free(struct edge_quota *q)
{
	if (q == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (q->place[i] != NULL) {
			struct place *p = q->place[i];

			q->place[i] = p->next;
			free(p);
		}
	(void)pthread_mutex_destroy(&q->lock);
	free(q);
}

/* FNV-1a.  Whoever picks addresses that meet in a bucket has that many
 * addresses, and gains a walk along them. */
static struct place **
find(struct edge_quota *q, const char *address)
{
	uint32_t hash = 2166136261U;
	struct place **at;

	for (const char *s = address; *s != '\0'; s++)
		hash = (hash ^ (unsigned char)*s) * 16777619U;
	at = &q->place[hash % BUCKETS];
	while (*at != NULL && strcmp((*at)->address, address) != 0)
		at = &(*at)->next;
	return at;
}

bool
edge_quota_has(struct edge_quota *q, const char *address)
{
	const struct place *p;
	bool has;

	SP_REQUIRE(pthread_mutex_lock(&q->lock) == 0);
	p = *find(q, address);
	has =
	    q->taken < q->most && (p == NULL || p->taken < q->most_of_address);
	SP_REQUIRE(pthread_mutex_unlock(&q->lock) == 0);
	return has;
}

/* With the lock held. */
static struct place *
place_of(struct edge_quota *q, const char *address)
{
	struct place **at = find(q, address), *p = *at;
	size_t len = strlen(address);

	if (p != NULL)
		return p;
	SP_REQUIRE(len < sizeof(p->address));
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	memcpy(p->address, address, len + 1);
	*at = p;
	return p;
}

bool
edge_quota_take(struct edge_quota *q, const char *address)
{
	struct place *p;

	SP_REQUIRE(pthread_mutex_lock(&q->lock) == 0);
	p = place_of(q, address);
	if (p != NULL) {
		p->taken++;
		q->taken++;
	}
	SP_REQUIRE(pthread_mutex_unlock(&q->lock) == 0);
	return p != NULL;
}

void
edge_quota_give(struct edge_quota *q, const char *address)
{
	struct place **at, *p;

	SP_REQUIRE(pthread_mutex_lock(&q->lock) == 0);
	at = find(q, address);
	p = *at;
	SP_REQUIRE(p != NULL);
	q->taken--;
	if (--p->taken == 0) {
		*at = p->next;
		free(p);
	}
	SP_REQUIRE(pthread_mutex_unlock(&q->lock) == 0);
}

unsigned
edge_quota_taken(struct edge_quota *q)
{
	unsigned taken;

	SP_REQUIRE(pthread_mutex_lock(&q->lock) == 0);
	taken = q->taken;
	SP_REQUIRE(pthread_mutex_unlock(&q->lock) == 0);
	return taken;
}
