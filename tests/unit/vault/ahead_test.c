#include "rig.h"
#include "vault/ahead.h"

/*
 * Reading ahead changes when segments are read, never what is read, what is
 * refused, or who waits for whom.
 */

#define SIZE (RIG_FIRST + 4 * RIG_REST + 777)

static struct vault_object
kept_in(struct vault_store *s, struct vault_pool *pool)
{
	struct vault_object o = rig_object(s);
	VAULT_AUTO_SEAL seal = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	CHECK_OK(vault_seal_new(&seal, &o, &err), &err);
	CHECK_OK(vault_seal_write(seal, rig_plain, SIZE, &err), &err);
	CHECK_OK(vault_seal_finish(seal, NULL, sum, &err), &err);
	o.pool = pool;
	return o;
}

static struct vault_read *
reader(const struct vault_object *o, uint64_t until)
{
	struct vault_read *r = NULL;
	struct sp_err err;

	CHECK_OK(vault_read_open(&r, o, SIZE, &err), &err);
	vault_read_ahead(r, until);
	return r;
}

static bool
right(struct vault_read *r, uint64_t at, size_t len, uint8_t *out)
{
	struct sp_err err;

	return vault_read_at(r, at, out, len, &err) == SP_OK &&
	    memcmp(out, rig_plain + at, len) == 0;
}

static unsigned
reads(struct rig_store *s)
{
	unsigned n;

	(void)pthread_mutex_lock(&s->lock);
	n = s->calls[RIG_read];
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

static void
in_order_and_with_jumps_all_is_the_plaintext(void)
{
	static const size_t chunk[] = { 1000, 65536, 262144, RIG_FIRST,
		2 * RIG_REST };
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept_in(&s->base, rig_pool());
	uint8_t *out = malloc(SIZE);
	uint64_t seed = 3;

	CHECK(out != NULL);
	for (size_t i = 0; i < SP_COUNTOF(chunk); i++) {
		VAULT_AUTO_READ r = reader(&o, SIZE);

		for (size_t at = 0; at < SIZE; at += chunk[i])
			CHECK(right(r, at,
			    SIZE - at < chunk[i] ? SIZE - at : chunk[i], out));
		for (int k = 0; k < 200; k++) {
			uint64_t at = rig_random(&seed, SIZE);

			vault_read_ahead(r, rig_random(&seed, 2 * SIZE));
			CHECK(right(r, at,
			    (size_t)rig_random(&seed, SIZE - at + 1), out));
		}
	}
	free(out);
	crypto_secret_free(o.key);
	vault_store_free(&s->base);
}

/* Each segment is read once, and none that no read was to come to. */
static void
nothing_is_read_twice_or_in_vain(void)
{
	static const struct {
		uint64_t until;
		unsigned segments;
	} rows[] = { { 0, 1 }, { RIG_FIRST, 1 }, { RIG_FIRST + 1, 2 },
		{ RIG_FIRST + RIG_REST, 2 }, { RIG_FIRST + RIG_REST + 1, 3 },
		{ UINT64_MAX, 6 } };
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept_in(&s->base, rig_pool());
	uint8_t *out = malloc(SIZE);

	CHECK(out != NULL);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct vault_read *r = reader(&o, rows[i].until);
		uint64_t until = rows[i].until < SIZE ? rows[i].until : SIZE;
		unsigned before = reads(s);

		CHECK(right(r, 0, 10, out));
		for (uint64_t at = 10; at < until; at += 50000)
			CHECK(right(r, at, 1, out));
		if (until > 0)
			CHECK(right(r, until - 1, 1, out));
		vault_read_free(r);
		CHECK(reads(s) == before + rows[i].segments);
	}
	free(out);
	crypto_secret_free(o.key);
	vault_store_free(&s->base);
}

/* What fails ahead is told when its turn comes, not before, and gives nothing
 * out; what follows it can be read. */
static void
a_corrupt_segment_is_told_in_its_turn(void)
{
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept_in(&s->base, rig_pool());
	size_t len;
	uint8_t *bytes = rig_get(o.store, VAULT_KEPT, &o.id, &len);
	uint8_t *out = malloc(SIZE);
	struct sp_err err;

	CHECK(out != NULL);
	for (uint32_t hurt = 1; hurt < 6; hurt++) {
		VAULT_AUTO_READ r = NULL;

		bytes[hurt * VAULT_SEGMENT + 500] ^= 1;
		rig_put(o.store, VAULT_KEPT, &o.id, bytes, len);
		bytes[hurt * VAULT_SEGMENT + 500] ^= 1;
		r = reader(&o, SIZE);
		for (uint32_t k = 0; k < 6; k++) {
			memset(out, 42, 600);
			if (k != hurt) {
				CHECK(
				    right(r, crypto_stream_start(k), 600, out));
				continue;
			}
			CHECK_CODE(vault_read_at(r, crypto_stream_start(k), out,
				       600, &err),
			    SP_E_CORRUPT, &err);
			for (size_t n = 0; n < 600; n++)
				CHECK(out[n] == 42);
		}
	}
	free(out);
	free(bytes);
	crypto_secret_free(o.key);
	vault_store_free(&s->base);
}

/* The nth read of the file fails, once: so does one read of ours at most, and
 * the next try is good. */
static void
a_failed_read_is_told_and_tried_again(void)
{
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept_in(&s->base, rig_pool());
	uint8_t *out = malloc(SIZE);
	struct sp_err err;

	CHECK(out != NULL);
	for (unsigned nth = 1; nth <= 6; nth++) {
		VAULT_AUTO_READ r = reader(&o, SIZE);
		unsigned failed = 0;

		rig_order(s, RIG_read, nth, SP_E_INTERNAL);
		for (size_t at = 0; at < SIZE;) {
			size_t n = SIZE - at < 300000 ? SIZE - at : 300000;

			if (vault_read_at(r, at, out, n, &err) != SP_OK) {
				CHECK(err.code == SP_E_INTERNAL);
				failed++;
				continue;
			}
			CHECK(memcmp(out, rig_plain + at, n) == 0);
			at += n;
		}
		CHECK(failed == 1 && rig_hits(s) == 1);
		rig_order(s, RIG_ANY, 0, SP_OK);
	}
	free(out);
	crypto_secret_free(o.key);
	vault_store_free(&s->base);
}

/* A gate that a worker is kept waiting at. */
struct gate {
	struct vault_job job; /* first */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool reached, open;
};

static void
wait_at_gate(struct vault_job *job)
{
	struct gate *g = (struct gate *)(void *)job;

	(void)pthread_mutex_lock(&g->lock);
	g->reached = true;
	(void)pthread_cond_signal(&g->changed);
	while (!g->open)
		(void)pthread_cond_wait(&g->changed, &g->lock);
	(void)pthread_mutex_unlock(&g->lock);
}

static void
nobody_waits_for_a_worker(void)
{
	struct rig_store *s = rig_new(NULL);
	struct gate g = { .job.run = wait_at_gate };
	struct vault_pool *pool = NULL;
	struct vault_lane *lane = NULL;
	struct vault_object o;
	struct vault_read *r;
	uint8_t *out = malloc(SIZE);
	struct sp_err err;

	CHECK(out != NULL);
	CHECK_OK(vault_pool_new(&pool, 2, 1, &err), &err);
	CHECK_OK(vault_lane_new(&lane, pool, &err), &err);
	CHECK(pthread_mutex_init(&g.lock, NULL) == 0);
	CHECK(pthread_cond_init(&g.changed, NULL) == 0);
	o = kept_in(&s->base, pool);
	vault_lane_put(lane, &g.job);
	(void)pthread_mutex_lock(&g.lock);
	while (!g.reached)
		(void)pthread_cond_wait(&g.changed, &g.lock);
	(void)pthread_mutex_unlock(&g.lock);

	/* The only worker is away: all is read all the same, each once. */
	for (int i = 0; i < 3; i++) {
		unsigned before = reads(s);

		r = reader(&o, SIZE);
		for (size_t at = 0; at < SIZE; at += 4096)
			CHECK(right(r, at, 1, out));
		CHECK(reads(s) == before + 1 + 6);
		vault_read_free(r);
		/* and one that goes with its reading ahead not begun. */
		r = reader(&o, SIZE);
		CHECK(right(r, 0, 10, out));
		vault_read_free(r);
	}
	(void)pthread_mutex_lock(&g.lock);
	g.open = true;
	(void)pthread_cond_signal(&g.changed);
	(void)pthread_mutex_unlock(&g.lock);
	vault_lane_free(lane);
	vault_pool_free(pool); /* with what was given up still queued */
	free(out);
	crypto_secret_free(o.key);
	vault_store_free(&s->base);
}

/* Many readers that come and go, some in the middle of a reading ahead. */
static void *
come_and_go(void *arg)
{
	const struct vault_object *o = arg;
	uint8_t *out = malloc(70000);
	uint64_t seed = (uint64_t)(uintptr_t)&seed;

	CHECK(out != NULL);
	for (int i = 0; i < 60; i++) {
		VAULT_AUTO_READ r = reader(o, SIZE);
		uint64_t at = rig_random(&seed, SIZE - 70000);

		for (uint64_t k = rig_random(&seed, 40); k > 0; k--) {
			CHECK(right(r, at, 70000, out));
			at += at + 140000 < SIZE ? 70000 : 0;
		}
	}
	free(out);
	return NULL;
}

static void
readers_beside_each_other(void)
{
	struct rig_store *s = rig_new(NULL);
	struct vault_object o = kept_in(&s->base, rig_pool());
	pthread_t t[6];

	for (size_t i = 0; i < SP_COUNTOF(t); i++)
		CHECK(pthread_create(&t[i], NULL, come_and_go, &o) == 0);
	for (size_t i = 0; i < SP_COUNTOF(t); i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	crypto_secret_free(o.key);
	vault_store_free(&s->base);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "in order and with jumps all is the plaintext",
		    in_order_and_with_jumps_all_is_the_plaintext },
		{ "nothing is read twice or in vain",
		    nothing_is_read_twice_or_in_vain },
		{ "a corrupt segment is told in its turn",
		    a_corrupt_segment_is_told_in_its_turn },
		{ "a failed read is told and tried again",
		    a_failed_read_is_told_and_tried_again },
		{ "nobody waits for a worker", nobody_waits_for_a_worker },
		{ "readers beside each other", readers_beside_each_other },
	};

	rig_start();
	(void)tap_run(cases, SP_COUNTOF(cases));
	rig_end();
	return 0;
}
