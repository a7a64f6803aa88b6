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

/* One rule: each of the four ids ends what rests on it, and nothing else; and
 * nobody begins who was known before. */
static void
each_ground_is_cut(void)
{
	enum { TOKEN, VIA, PERSON, ISSUER, ABOVE, TOP, GROUNDS };

	for (int which = 0; which < GROUNDS; which++) {
		struct gate_caller who = caller(), other = caller();
		struct gate_ongoing o, later, still;
		const struct sp_id *of[GROUNDS] = { &who.token, &who.via.id,
			&who.person, &who.issuer, &who.via.above[0],
			&who.via.above[GATE_VIA_ABOVE - 1] };
		int cuts = 0;
		struct sp_err err;

		who.via = (struct gate_via){
			.relation = GATE_SHARED_VIEW,
			.kind = "share",
			.id = sp_id_new(),
			.house = sp_id_new(),
		};
		for (size_t i = 0; i < GATE_VIA_ABOVE; i++)
			who.via.above[i] = sp_id_new();
		who.person = sp_id_new();
		who.issuer = sp_id_new();
		other.person = sp_id_new();
		CHECK_OK(
		    gate_ongoing_begin(&o, &who, count, &cuts, &err), &err);
		CHECK_OK(
		    gate_ongoing_begin(&still, &other, NULL, NULL, &err), &err);
		gate_ongoing_cut(of[which]);
		CHECK(cuts == 1 && gate_ongoing_over(&o));
		CHECK(!gate_ongoing_over(&still));
		CHECK_CODE(gate_ongoing_begin(&later, &who, NULL, NULL, &err),
		    SP_E_UNKNOWN, &err);
		CHECK(strcmp(err.reason, "token.cut") == 0);
		/* Its house is none: what an agency ends is its own. */
		who.known = sp_ticks() + 1;
		gate_ongoing_end(&o);
		CHECK_OK(
		    gate_ongoing_begin(&o, &who, count, &cuts, &err), &err);
		gate_ongoing_cut(&who.via.house);
		CHECK(cuts == 1);
		gate_ongoing_end(&o);
		gate_ongoing_end(&still);
	}
}

static size_t
cleared(const struct sp_id *home, struct gate_cleared *out, size_t most)
{
	SP_AUTO_BUF all = sp_buf_new(1 << 20);
	size_t n;

	gate_ongoing_cleared(home, &all);
	n = all.len / sizeof(*out);
	CHECK(n <= most && all.len % sizeof(*out) == 0);
	if (n > 0)
		memcpy(out, all.at, all.len);
	return n;
}

static void
whoever_was_cleared_is_listed_once(void)
{
	struct sp_id home = sp_id_new(), away = sp_id_new();
	struct gate_caller who[6];
	struct gate_ongoing o[6];
	struct gate_cleared c[8];
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(who); i++) {
		who[i] = caller();
		who[i].agency = home;
		who[i].person = sp_id_new();
		who[i].is.clearance = GATE_CLEARANCE_OK;
	}
	who[1].person = who[0].person; /* the same twice */
	who[2].is.clearance = GATE_CLEARANCE_TRAINING_EXPIRED;
	who[3].agency = away; /* a guest there */
	who[3].via = (struct gate_via){ .relation = GATE_LOCKBOX,
		.kind = "lockbox",
		.id = sp_id_new(),
		.house = home };
	memset(&who[4].person, 0, SP_ID_LEN); /* a machine of somebody's */
	who[4].issuer = sp_id_new();
	memset(&who[5].person, 0, SP_ID_LEN); /* of nobody's */
	for (size_t i = 0; i < SP_COUNTOF(who); i++)
		CHECK_OK(
		    gate_ongoing_begin(&o[i], &who[i], NULL, NULL, &err), &err);
	CHECK(cleared(&away, c, 8) == 0);
	CHECK(cleared(NULL, c, 8) == 3);
	CHECK(cleared(&home, c, 8) == 3);
	for (size_t i = 0; i < 3; i++) {
		CHECK(i == 0 ||
		    memcmp(&c[i - 1].person, &c[i].person, SP_ID_LEN) < 0);
		CHECK(sp_id_equal(&c[i].home, &home));
		if (sp_id_equal(&c[i].person, &who[3].person))
			CHECK(strcmp(c[i].by, "lockbox") == 0 &&
			    sp_id_equal(&c[i].agency, &away));
		else
			CHECK(c[i].by == NULL &&
			    (sp_id_equal(&c[i].person, &who[0].person) ||
				sp_id_equal(&c[i].person, &who[4].issuer)));
	}
	gate_ongoing_cut(&who[4].issuer);
	CHECK(cleared(&home, c, 8) == 2);
	for (size_t i = 0; i < SP_COUNTOF(who); i++)
		gate_ongoing_end(&o[i]);
	CHECK(cleared(&home, c, 8) == 0);
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
		{ "each ground is cut", each_ground_is_cut },
		{ "whoever was cleared is listed once",
		    whoever_was_cleared_is_listed_once },
		{ "what is forgotten refuses", what_is_forgotten_refuses },
		{ "many come and go while cut", many_come_and_go_while_cut },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
