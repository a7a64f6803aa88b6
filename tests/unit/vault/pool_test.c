#include "tap.h"
#include "vault/pool.h"
#include "vault/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct vault_pool *
pool_of(size_t buffers, size_t workers)
{
	struct vault_pool *p;
	struct sp_err err;

	CHECK_OK(vault_pool_new(&p, buffers, workers, &err), &err);
	return p;
}

static struct vault_pool_stats
stats(struct vault_pool *p)
{
	struct vault_pool_stats st;

	vault_pool_stats(p, &st);
	return st;
}

/* ---- Buffers ---- */

static void
buffers_are_aligned_and_apart(void)
{
	enum { N = 7 };
	struct vault_pool *p = pool_of(N, 1);
	uint8_t *buf[N];

	for (size_t i = 0; i < N; i++) {
		buf[i] = vault_pool_take(p);
		CHECK((uintptr_t)buf[i] % VAULT_ALIGN == 0);
		memset(buf[i], (int)i + 1, VAULT_SEGMENT);
		for (size_t k = 0; k < i; k++)
			CHECK(buf[k][0] == k + 1 &&
			    buf[k][VAULT_SEGMENT - 1] == k + 1);
	}
	CHECK(stats(p).lent == N && stats(p).most_lent == N);
	for (size_t i = 0; i < N; i++)
		vault_pool_give(p, buf[i], VAULT_SEGMENT);
	CHECK(stats(p).lent == 0 && stats(p).most_lent == N);
	CHECK(stats(p).waits == 0);
	vault_pool_free(p);
}

static void
the_last_given_back_is_lent_first_and_wiped(void)
{
	static const size_t dirty[] = { 0, 1, 4095, 1 << 19, VAULT_SEGMENT };
	struct vault_pool *p = pool_of(3, 1);
	uint8_t *other = vault_pool_take(p);

	for (size_t i = 0; i < SP_COUNTOF(dirty); i++) {
		uint8_t *buf = vault_pool_take(p);

		memset(buf, 0x55, VAULT_SEGMENT);
		vault_pool_give(p, buf, dirty[i]);
		CHECK(vault_pool_take(p) == buf);
		for (size_t at = 0; at < VAULT_SEGMENT; at++)
			CHECK(buf[at] == (at < dirty[i] ? 0 : 0x55));
		vault_pool_give(p, buf, VAULT_SEGMENT);
	}
	vault_pool_give(p, other, 0);
	vault_pool_free(p);
}

struct taker {
	pthread_t thread;
	struct vault_pool *pool;
	atomic_int had;
};

static void *
take_and_give(void *arg)
{
	struct taker *t = arg;
	uint8_t *buf = vault_pool_take(t->pool);

	atomic_store(&t->had, 1);
	vault_pool_give(t->pool, buf, 1);
	return NULL;
}

static void
an_empty_pool_makes_wait(void)
{
	struct taker t = { .pool = pool_of(1, 1) };
	uint8_t *buf = vault_pool_take(t.pool);

	CHECK(pthread_create(&t.thread, NULL, take_and_give, &t) == 0);
	while (stats(t.pool).waits == 0)
		(void)usleep(100);
	CHECK(atomic_load(&t.had) == 0);
	vault_pool_give(t.pool, buf, 1);
	CHECK(pthread_join(t.thread, NULL) == 0);
	CHECK(atomic_load(&t.had) == 1 && stats(t.pool).most_lent == 1);
	vault_pool_free(t.pool);
}

static void *
churn(void *arg)
{
	struct taker *t = arg;

	for (int i = 0; i < 2000; i++) {
		uint8_t *buf = vault_pool_take(t->pool);

		CHECK(buf[0] == 0); /* nobody else's, and wiped */
		buf[0] = 1;
		vault_pool_give(t->pool, buf, 1);
	}
	return NULL;
}

static void
many_threads_share_few_buffers(void)
{
	struct vault_pool *p = pool_of(3, 1);
	struct taker t[8];

	for (size_t i = 0; i < SP_COUNTOF(t); i++) {
		t[i].pool = p;
		CHECK(pthread_create(&t[i].thread, NULL, churn, &t[i]) == 0);
	}
	for (size_t i = 0; i < SP_COUNTOF(t); i++)
		CHECK(pthread_join(t[i].thread, NULL) == 0);
	CHECK(stats(p).lent == 0 && stats(p).most_lent <= 3);
	vault_pool_free(p);
}

static void
spare_buffers_never_wait(void)
{
	enum { N = 40 };
	struct vault_pool *p = pool_of(1, 1);
	uint8_t *lent = vault_pool_take(p), *spare[N];

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < N; i++) {
			spare[i] = vault_pool_spare(p);
			CHECK(spare[i] != NULL);
			CHECK((uintptr_t)spare[i] % VAULT_ALIGN == 0);
			CHECK(spare[i][0] == 0);
			CHECK(spare[i][VAULT_SEGMENT - 1] == 0);
			memset(spare[i], 9, VAULT_SEGMENT);
		}
		CHECK(stats(p).spare_lent == N && stats(p).lent == 1);
		for (size_t i = 0; i < N; i++)
			vault_pool_spare_give(p, spare[i], VAULT_SEGMENT);
		vault_pool_spare_give(p, NULL, 0);
		CHECK(stats(p).spare_lent == 0);
	}
	vault_pool_give(p, lent, 0);
	vault_pool_free(p);
}

/* The number in front of *s, which moves behind it. */
static uint64_t
number(const char **s, unsigned base)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;
	uint64_t n = 0;

	while (**s == ' ')
		++*s;
	while (**s != 0 && (at = strchr(digits, **s)) != NULL &&
	    at < digits + base) {
		n = n * base + (uint64_t)(at - digits);
		++*s;
	}
	return n;
}

static uint64_t
kilobytes(const char *s)
{
	return number(&s, 10);
}

/* What the kernel says of the mapping that `at` lies in. */
static void
mapping_of(const void *at, const char *field, char *out, size_t room)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];
	bool here = false;

	CHECK(f != NULL);
	*out = 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		const char *end = line;
		uint64_t from = number(&end, 16);

		if (*end == '-') {
			end++;
			here = (uintptr_t)at >= from &&
			    (uintptr_t)at < number(&end, 16);
		} else if (here && strncmp(line, field, strlen(field)) == 0) {
			(void)snprintf(out, room, "%s", line + strlen(field));
		}
	}
	(void)fclose(f);
	CHECK(*out != 0);
}

static void
plaintext_stays_in_memory(void)
{
	struct vault_pool *p = pool_of(4, 1);
	uint8_t *held[2] = { vault_pool_take(p), vault_pool_spare(p) };
	char flags[256];

	for (size_t i = 0; i < 2; i++) {
		mapping_of(held[i], "VmFlags:", flags, sizeof(flags));
		CHECK(strstr(flags, " dd") != NULL); /* not dumped */
		CHECK(strstr(flags, " dc") != NULL); /* not copied on fork */
	}
	vault_pool_give(p, held[0], 1);
	vault_pool_spare_give(p, held[1], 1);
	vault_pool_free(p);
}

/* Whether a pool made under this limit on locked memory is locked. */
static bool
is_locked(rlim_t limit, bool otherwise)
{
	struct rlimit before, now;
	struct vault_pool *p;
	uint8_t *held[2];
	bool locked[2];
	char flags[256];

	CHECK(getrlimit(RLIMIT_MEMLOCK, &before) == 0);
	now = before;
	now.rlim_cur = limit;
	if (now.rlim_max < limit)
		now.rlim_max = limit;
	if (setrlimit(RLIMIT_MEMLOCK, &now) != 0)
		return otherwise; /* only root may raise it */
	p = pool_of(4, 1);
	held[0] = vault_pool_take(p);
	held[1] = vault_pool_spare(p);
	for (size_t i = 0; i < 2; i++) {
		mapping_of(held[i], "VmFlags:", flags, sizeof(flags));
		locked[i] = strstr(flags, " lo") != NULL;
	}
	CHECK(locked[0] == locked[1]);
	vault_pool_give(p, held[0], 1);
	vault_pool_spare_give(p, held[1], 1);
	vault_pool_free(p);
	CHECK(setrlimit(RLIMIT_MEMLOCK, &before) == 0);
	return locked[0];
}

/* Keys come first: the pool takes none of what little there is. */
static void
memory_is_locked_where_there_is_plenty(void)
{
	CHECK(!is_locked(0, false));
	CHECK(!is_locked(128 << 20, false));
	CHECK(is_locked(256 << 20, true));
}

static void
untouched_buffers_cost_nothing(void)
{
	struct vault_pool *p = pool_of(4096, 1);
	uint8_t *buf = vault_pool_take(p);
	char rss[256];

	buf[0] = 1;
	mapping_of(buf, "Rss:", rss, sizeof(rss));
	CHECK(kilobytes(rss) <= 4096); /* kB: at most a huge page */
	for (int i = 0; i < 1000; i++) {
		vault_pool_give(p, buf, 1);
		buf = vault_pool_take(p);
		buf[0] = 1;
	}
	mapping_of(buf, "Rss:", rss, sizeof(rss));
	CHECK(kilobytes(rss) <= 4096);
	vault_pool_give(p, buf, 1);
	vault_pool_free(p);
}

/* ---- Lanes ---- */

enum { LANES = 9, JOBS = 300 };

struct step {
	struct vault_job job;
	struct track *track;
	int number;
};

struct track {
	struct vault_lane *lane;
	atomic_int running;
	int done; /* only ever touched by the job that runs */
	struct step step[JOBS];
};

static void
run_step(struct vault_job *job)
{
	struct step *s = (struct step *)job;

	CHECK(atomic_fetch_add(&s->track->running, 1) == 0);
	CHECK(s->track->done == s->number);
	s->track->done++;
	CHECK(atomic_fetch_sub(&s->track->running, 1) == 1);
}

static void
a_lane_runs_its_jobs_in_order_one_by_one(void)
{
	static struct track t[LANES];
	struct vault_pool *p = pool_of(1, 4);
	struct sp_err err;

	for (size_t i = 0; i < LANES; i++)
		CHECK_OK(vault_lane_new(&t[i].lane, p, &err), &err);
	for (int k = 0; k < JOBS; k++)
		for (size_t i = 0; i < LANES; i++) {
			struct step *s = &t[i].step[k];

			*s = (struct step){ { .run = run_step }, &t[i], k };
			vault_lane_put(t[i].lane, &s->job);
		}
	for (size_t i = 0; i < LANES; i++) {
		vault_lane_wait(t[i].lane);
		CHECK(t[i].done == JOBS);
		vault_lane_free(t[i].lane);
	}
	vault_lane_free(NULL);
	vault_pool_free(p);
}

struct meeting {
	struct vault_job job;
	pthread_barrier_t *all;
};

static void
run_meeting(struct vault_job *job)
{
	(void)pthread_barrier_wait(((struct meeting *)job)->all);
}

/* Each waits for the others to have begun: a lane that waited for another
 * would never end. */
static void
lanes_run_beside_each_other(void)
{
	enum { N = 3 };
	struct vault_pool *p = pool_of(1, N);
	struct vault_lane *lane[N];
	pthread_barrier_t all;
	struct meeting m[N];
	struct sp_err err;

	CHECK(pthread_barrier_init(&all, NULL, N) == 0);
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < N; i++) {
			CHECK_OK(vault_lane_new(&lane[i], p, &err), &err);
			m[i] = (struct meeting){ { .run = run_meeting }, &all };
			vault_lane_put(lane[i], &m[i].job);
		}
		for (size_t i = 0; i < N; i++)
			vault_lane_free(lane[i]); /* waits */
	}
	CHECK(pthread_barrier_destroy(&all) == 0);
	vault_pool_free(p);
}

/* A worker takes what its job puts into an idle lane; what waits behind that
 * job must not wait for it. */
struct relay {
	struct vault_job job;
	struct vault_lane *next;
	pthread_barrier_t *all;
};

static void
run_second(struct vault_job *job)
{
	(void)pthread_barrier_wait(((struct relay *)job)->all);
}

static void
run_first(struct vault_job *job)
{
	struct relay *r = (struct relay *)job;

	job->run = run_second;
	vault_lane_put(r->next, job);
}

static void
what_waits_behind_a_relay_goes_to_another(void)
{
	struct vault_pool *p = pool_of(1, 2);
	struct vault_lane *first, *second;
	pthread_barrier_t all;
	struct relay r;
	struct meeting behind;
	struct sp_err err;

	CHECK(pthread_barrier_init(&all, NULL, 2) == 0);
	CHECK_OK(vault_lane_new(&first, p, &err), &err);
	CHECK_OK(vault_lane_new(&second, p, &err), &err);
	for (int round = 0; round < 500; round++) {
		r = (struct relay){ { .run = run_first }, second, &all };
		behind = (struct meeting){ { .run = run_meeting }, &all };
		vault_lane_put(first, &r.job);
		vault_lane_put(first, &behind.job);
		vault_lane_wait(first);
		vault_lane_wait(second);
	}
	vault_lane_free(first);
	vault_lane_free(second);
	CHECK(pthread_barrier_destroy(&all) == 0);
	vault_pool_free(p);
}

static void
one_worker_serves_all_lanes(void)
{
	static struct track t[LANES];
	struct vault_pool *p = pool_of(1, 1);
	struct sp_err err;

	for (size_t i = 0; i < LANES; i++) {
		CHECK_OK(vault_lane_new(&t[i].lane, p, &err), &err);
		for (int k = 0; k < 10; k++) {
			t[i].step[k] =
			    (struct step){ { .run = run_step }, &t[i], k };
			vault_lane_put(t[i].lane, &t[i].step[k].job);
		}
	}
	for (size_t i = 0; i < LANES; i++) {
		vault_lane_free(t[i].lane);
		CHECK(t[i].done == 10);
	}
	vault_pool_free(p);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "buffers are aligned and apart",
		    buffers_are_aligned_and_apart },
		{ "the last given back is lent first, and wiped",
		    the_last_given_back_is_lent_first_and_wiped },
		{ "an empty pool makes wait", an_empty_pool_makes_wait },
		{ "many threads share few buffers",
		    many_threads_share_few_buffers },
		{ "spare buffers never wait", spare_buffers_never_wait },
		{ "plaintext stays in memory", plaintext_stays_in_memory },
		{ "memory is locked where there is plenty",
		    memory_is_locked_where_there_is_plenty },
		{ "untouched buffers cost nothing",
		    untouched_buffers_cost_nothing },
		{ "a lane runs its jobs in order, one by one",
		    a_lane_runs_its_jobs_in_order_one_by_one },
		{ "lanes run beside each other", lanes_run_beside_each_other },
		{ "what waits behind a relay goes to another",
		    what_waits_behind_a_relay_goes_to_another },
		{ "one worker serves all lanes", one_worker_serves_all_lanes },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
