#include "gate/ongoing.h"

#include "tap.h"

#include <pthread.h>
#include <string.h>

static struct gate_caller
caller(void)
{
	return (struct gate_caller){
		.token = sp_id_new(),
		.known = sp_ticks(),
	};
}

static void
count(void *arg)
{
	(*(int *)arg)++;
}

static void
what_is_cut_is_over_once(void)
{
	struct gate_caller a = caller(), b = caller(), guest = caller();
	struct gate_ongoing one, two, other, let_in;
	int cuts = 0, others = 0;
	struct sp_err err;

	guest.via.id = sp_id_new();
	CHECK_OK(gate_ongoing_begin(&one, &a, count, &cuts, &err), &err);
	CHECK_OK(gate_ongoing_begin(&two, &a, NULL, NULL, &err), &err);
	CHECK_OK(gate_ongoing_begin(&other, &b, count, &others, &err), &err);
	CHECK_OK(gate_ongoing_begin(&let_in, &guest, NULL, NULL, &err), &err);
	CHECK_OK(gate_ongoing_check(&a, &err), &err);
	gate_ongoing_cut(&a.token);
	gate_ongoing_cut(&a.token);
	CHECK(cuts == 1 && gate_ongoing_over(&one) && gate_ongoing_over(&two));
	CHECK(others == 0 && !gate_ongoing_over(&other));
	CHECK_CODE(gate_ongoing_check(&a, &err), SP_E_UNKNOWN, &err);
	CHECK(strcmp(err.reason, "token.cut") == 0);
	CHECK_OK(gate_ongoing_check(&b, &err), &err);
	/* The grant ends what goes on under it, whoever's session it is. */
	gate_ongoing_cut(&guest.via.id);
	CHECK(gate_ongoing_over(&let_in) && !gate_ongoing_over(&other));
	gate_ongoing_end(&one);
	CHECK(gate_ongoing_over(&one)); /* it still can be asked */
	gate_ongoing_end(&one);
	gate_ongoing_end(&let_in);
	gate_ongoing_end(&two);
	gate_ongoing_end(&other);
	gate_ongoing_cut(&b.token);
	CHECK(others == 0);
}

static void
nobody_begins_who_was_cut_meanwhile(void)
{
	struct gate_caller a = caller(), never = caller();
	struct gate_ongoing o = { .over = false };
	struct sp_err err;

	gate_ongoing_cut(&a.token);
	CHECK_CODE(
	    gate_ongoing_begin(&o, &a, NULL, NULL, &err), SP_E_UNKNOWN, &err);
	gate_ongoing_end(&o);
	/* A session that went on after all, and is known anew. */
	a.known = sp_ticks() + 1;
	CHECK_OK(gate_ongoing_begin(&o, &a, NULL, NULL, &err), &err);
	gate_ongoing_end(&o);
	CHECK_OK(gate_ongoing_begin(&o, &never, NULL, NULL, &err), &err);
	gate_ongoing_end(&o);
}

/* So many cuts that the first is forgotten: whoever was known before it is
 * refused rather than let through. */
static void
what_is_forgotten_refuses(void)
{
	struct gate_caller old = caller(), cut = caller(), site = caller();
	struct gate_caller fresh;
	struct sp_err err;

	memset(&site.token, 0, sizeof(site.token));
	gate_ongoing_cut(&cut.token);
	for (int i = 0; i < 16384; i++) {
		struct sp_id id = sp_id_new();

		gate_ongoing_cut(&id);
	}
	CHECK_CODE(gate_ongoing_check(&cut, &err), SP_E_UNKNOWN, &err);
	CHECK_CODE(gate_ongoing_check(&old, &err), SP_E_UNKNOWN, &err);
	CHECK_OK(gate_ongoing_check(&site, &err), &err);
	fresh = caller();
	fresh.known++;
	CHECK_OK(gate_ongoing_check(&fresh, &err), &err);
}

struct crowd {
	struct gate_caller who;
	atomic_int cuts;
	atomic_bool stop;
};

static void
count_atomic(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void *
come_and_go(void *arg)
{
	struct crowd *c = arg;
	struct gate_caller who = c->who;
	struct sp_err err;

	while (!atomic_load(&c->stop)) {
		atomic_int cuts = 0;
		struct gate_ongoing o;
		enum sp_code code;

		who.known = sp_ticks();
		code = gate_ongoing_begin(&o, &who, count_atomic, &cuts, &err);
		if (code == SP_OK && gate_ongoing_over(&o))
			atomic_fetch_add(&c->cuts, 1);
		gate_ongoing_end(&o);
		/* Nobody calls what has ended: `cuts` goes out of scope. */
		CHECK(atomic_load(&cuts) <= 1);
	}
	return NULL;
}

static void
many_come_and_go_while_cut(void)
{
	struct crowd c = { .who = caller() };
	pthread_t thread[4];

	for (size_t i = 0; i < SP_COUNTOF(thread); i++)
		CHECK(pthread_create(&thread[i], NULL, come_and_go, &c) == 0);
	for (int i = 0; i < 2000; i++)
		gate_ongoing_cut(&c.who.token);
	atomic_store(&c.stop, true);
	for (size_t i = 0; i < SP_COUNTOF(thread); i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what is cut is over, once", what_is_cut_is_over_once },
		{ "nobody begins who was cut meanwhile",
		    nobody_begins_who_was_cut_meanwhile },
		{ "what is forgotten refuses", what_is_forgotten_refuses },
		{ "many come and go while cut", many_come_and_go_while_cut },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
