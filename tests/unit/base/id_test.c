#include "base/id.h"
#include "tap.h"

#include <pthread.h>

/* The test's clock stands in for the wall clock: --wrap=sp_now. */
sp_time __real_sp_now(void);
sp_time __wrap_sp_now(void);
static sp_time pretend; /* 0: the real one */

sp_time
__wrap_sp_now(void)
{
	return pretend == 0 ? __real_sp_now() : pretend;
}

static uint64_t
time_of(struct sp_id id)
{
	uint64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id.b[i];
	return ms;
}

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, SP_ID_LEN);
}

static void
an_id_has_the_time_the_version_and_the_variant(void)
{
	struct sp_id id;
	uint8_t any[SP_ID_LEN] = { 0 };
	uint8_t all[SP_ID_LEN];

	memset(all, 0xFF, sizeof(all));
	pretend = INT64_C(1795286744123456);
	for (int i = 0; i < 200; i++) {
		id = sp_id_new();
		CHECK(time_of(id) == 1795286744123);
		CHECK(id.b[6] >> 4 == 7 && id.b[8] >> 6 == 2);
		for (int k = 6; k < SP_ID_LEN; k++) {
			any[k] |= id.b[k];
			all[k] &= id.b[k];
		}
	}
	/* every bit after the counter's was seen both ways: 62 random ones */
	CHECK(any[8] == 0xBF && all[8] == 0x80);
	for (int k = 9; k < SP_ID_LEN; k++)
		CHECK(any[k] == 0xFF && all[k] == 0);
	pretend = 0;
}

/* Rows are put in order by their ids: of two within a millisecond the later
 * one is greater, more of them than the counter holds too. */
static void
ids_of_one_instant_are_in_order(void)
{
	struct sp_id before, id;

	pretend = INT64_C(1795286744123456) + 100 * SP_SECOND;
	before = sp_id_new();
	for (int i = 0; i < 10000; i++) {
		id = sp_id_new();
		CHECK(by_bytes(&before, &id) < 0);
		CHECK(time_of(id) <= time_of(before) + 1);
		before = id;
	}
	CHECK(time_of(id) > 1795286744123 + 100000);
	pretend = 0;
}

static void
the_time_in_ids_never_goes_back(void)
{
	struct sp_id a, b;
	sp_time start = INT64_C(1795286744123456) + 1000 * SP_SECOND;

	pretend = start;
	a = sp_id_new();
	pretend = start - 500 * SP_SECOND; /* someone set the clock back */
	b = sp_id_new();
	CHECK(time_of(b) == time_of(a) && !sp_id_equal(&a, &b));
	pretend = start + SP_SECOND;
	b = sp_id_new();
	CHECK(time_of(b) == time_of(a) + 1000 && by_bytes(&a, &b) < 0);
	pretend = 0;
}

static void
text_round_trips(void)
{
	for (int i = 0; i < 1000; i++) {
		struct sp_id id = sp_id_new();
		struct sp_id back;
		char text[SP_ID_TEXT];

		sp_id_text(&id, text);
		CHECK(strlen(text) == SP_ID_TEXT - 1);
		CHECK(sp_id_parse(text, strlen(text), &back));
		CHECK(sp_id_equal(&id, &back));
	}
}

/* RFC 9562 appendix A.6. */
static void
the_standards_example_is_read(void)
{
	static const uint8_t want[] = { 0x01, 0x7F, 0x22, 0xE2, 0x79, 0xB0,
		0x7C, 0xC3, 0x98, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F };
	struct sp_id id;
	char text[SP_ID_TEXT];

	CHECK(sp_id_parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", 36, &id));
	CHECK(memcmp(id.b, want, sizeof(want)) == 0);
	sp_id_text(&id, text);
	CHECK(strcmp(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f") == 0);
}

static void
all_else_is_refused(void)
{
	static const char *const rows[] = {
		"",
		"017F22E2-79B0-7CC3-98C4-DC0C0C07398F", /* upper case */
		"017f22e279b07cc398c4dc0c0c07398f",
		"017f22e2-79b0-4cc3-98c4-dc0c0c07398f", /* version 4 */
		"017f22e2-79b0-7cc3-c8c4-dc0c0c07398f", /* variant */
		"017f22e2-79b0-7cc3-18c4-dc0c0c07398f",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
		"017f22e2x79b0-7cc3-98c4-dc0c0c07398f",
		"017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
		"{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
		"00000000-0000-0000-0000-000000000000",
		"../../../../../../../../../etc/passw",
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_id id = { { 42 } };

		CHECK(!sp_id_parse(rows[i], strlen(rows[i]), &id));
		CHECK(id.b[0] == 42);
	}
}

#define THREADS  ((size_t)4)
#define A_THREAD 20000
static struct sp_id made[THREADS][A_THREAD];

static void *
make_ids(void *arg)
{
	struct sp_id *mine = arg;

	for (int i = 0; i < A_THREAD; i++) {
		mine[i] = sp_id_new();
		CHECK(i == 0 || by_bytes(&mine[i - 1], &mine[i]) < 0);
	}
	return NULL;
}

static void
threads_never_make_the_same(void)
{
	pthread_t t[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, make_ids, made[i]) == 0);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	qsort(made, THREADS * A_THREAD, SP_ID_LEN, by_bytes);
	for (size_t i = 1; i < THREADS * A_THREAD; i++)
		CHECK(!sp_id_equal(&made[0][0] + i, &made[0][0] + i - 1));
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "an id has the time, the version and the variant",
		    an_id_has_the_time_the_version_and_the_variant },
		{ "ids of one instant are in order",
		    ids_of_one_instant_are_in_order },
		{ "the time in ids never goes back",
		    the_time_in_ids_never_goes_back },
		{ "text round trips", text_round_trips },
		{ "the standard's example is read",
		    the_standards_example_is_read },
		{ "all else is refused", all_else_is_refused },
		{ "threads never make the same", threads_never_make_the_same },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
