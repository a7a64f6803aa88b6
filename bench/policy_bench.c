#include "base/clock.h"
#include "base/parse.h"
#include "gate/explain.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * What a decision costs: of facts of all kinds, of the longest path (a permit
 * for which every step is asked), of the shortest (nobody), and an explanation
 * as JSON.  One thread; decisions share nothing, so that threads add up.
 */
#define FACTS  4096  /* of all kinds, made beforehand */
#define BATCH  10000 /* decisions between two looks at the clock */
#define MINUTE (60 * SP_SECOND)

struct options {
	uint64_t seconds;
	bool json;
};

static const struct gate_limits limits = {
	.idle = 30 * MINUTE,
	.reproof = 720 * MINUTE,
	.fresh = 15 * MINUTE,
};

static struct gate_facts all_kinds[FACTS];
static struct gate_facts longest[1];
static struct gate_facts shortest[1];

static uint64_t random_state = 1;

static unsigned
some(unsigned of)
{
	random_state = random_state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)((random_state >> 33) % of);
}

/* One for which nothing is wrong: a disposition asks all but geography. */
static struct gate_facts
good(void)
{
	return (struct gate_facts){
		.identity = GATE_PERSON,
		.role = GATE_CUSTODIAN,
		.act = GATE_DISPOSE_APPROVE,
		.session = GATE_SESSION_OPEN,
		.limits = &limits,
		.factor = GATE_FACTOR_SECOND,
		.relation = GATE_OWN,
		.scope = GATE_SCOPE_IN,
		.duty = GATE_DUTY_OTHER,
		.clearance = GATE_CLEARANCE_OK,
		.class = GATE_CLASS_ORDINARY,
		.hold = GATE_HOLD_NONE,
		.retention = GATE_RETENTION_OVER,
		.place = GATE_PLACE_INSIDE,
	};
}

/* Mostly good, as in life: a quarter of the facts says something else. */
static struct gate_facts
any(void)
{
	struct gate_facts f = good();

	f.role = (enum gate_role)some(GATE_ROLE_COUNT);
	f.act = (enum gate_act)some(GATE_ACT_COUNT);
	if (some(4) == 0)
		f.identity = (enum gate_identity)some(GATE_IDENTITY_COUNT);
	if (some(4) == 0)
		f.session = (enum gate_session)some(GATE_SESSION_COUNT);
	if (some(4) == 0)
		f.relation = (enum gate_relation)some(GATE_RELATION_COUNT);
	if (some(4) == 0)
		f.clearance = (enum gate_clearance)some(GATE_CLEARANCE_COUNT);
	if (some(4) == 0)
		f.factor = (enum gate_factor)some(GATE_FACTOR_COUNT);
	if (some(4) == 0)
		f.class = (enum gate_class)some(GATE_CLASS_COUNT);
	return f;
}

static double
cpu_seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct result {
	double per_second; /* of this thread's processor time */
	double ns;
	double permits; /* share */
};

/* So that no compiler leaves out what is measured. */
static volatile unsigned sink;

static struct result
measure(const struct gate_facts *facts, size_t n, uint64_t seconds)
{
	double from = cpu_seconds(), now;
	uint64_t done = 0, permits = 0;
	size_t at = 0;

	do {
		unsigned sum = 0;

		for (unsigned i = 0; i < BATCH; i++) {
			struct gate_verdict v = gate_decide(&facts[at]);

			sum += v.code;
			permits += v.permit;
			at = at + 1 == n ? 0 : at + 1;
		}
		sink = sum;
		done += BATCH;
		now = cpu_seconds();
	} while (now - from < (double)seconds);
	return (struct result){
		.per_second = (double)done / (now - from),
		.ns = (now - from) * 1e9 / (double)done,
		.permits = (double)permits / (double)done,
	};
}

static struct result
measure_explain(uint64_t seconds)
{
	SP_AUTO_BUF out = sp_buf_new(16384);
	double from = cpu_seconds(), now;
	uint64_t done = 0;

	do {
		sp_buf_clear(&out);
		gate_explain_json(&all_kinds[done % FACTS], NULL, &out);
		SP_REQUIRE(sp_buf_ok(&out));
		done++;
		now = cpu_seconds();
	} while (now - from < (double)seconds);
	return (struct result){
		.per_second = (double)done / (now - from),
		.ns = (now - from) * 1e9 / (double)done,
	};
}

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr, "usage: policy_bench [--seconds N] [--json]\n");
	exit(2);
}

static struct options
parse(int argc, char **argv)
{
	static const struct option all[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	struct options o = { .seconds = 2 };
	int c;

	while ((c = getopt_long(argc, argv, "", all, NULL)) != -1) {
		if (c == 'j')
			o.json = true;
		else if (c != 's' ||
		    !sp_parse_u64(optarg, strlen(optarg), 1, 3600, &o.seconds))
			usage();
	}
	if (optind != argc)
		usage();
	return o;
}

static void
print(const struct options *o, const char *name, const struct result *r)
{
	if (o->json)
		(void)printf("%s\"%s\":{\"ns\":%.1f,\"per_second\":%.0f,"
			     "\"permits\":%.3f}",
		    strcmp(name, "all") == 0 ? "{" : ",", name, r->ns,
		    r->per_second, r->permits);
	else
		(void)printf("%-10s %12.0f/s %9.1f ns  %5.1f %% permitted\n",
		    name, r->per_second, r->ns, 100 * r->permits);
}

int
main(int argc, char **argv)
{
	struct options o = parse(argc, argv);
	struct result r;

	for (size_t i = 0; i < FACTS; i++)
		all_kinds[i] = any();
	longest[0] = good();
	SP_REQUIRE(gate_decide(&longest[0]).permit);
	r = measure(all_kinds, FACTS, o.seconds);
	print(&o, "all", &r);
	r = measure(longest, 1, o.seconds);
	print(&o, "longest", &r);
	r = measure(shortest, 1, o.seconds);
	print(&o, "shortest", &r);
	r = measure_explain(o.seconds);
	print(&o, "explain", &r);
	if (o.json)
		(void)printf("}\n");
	return 0;
}
