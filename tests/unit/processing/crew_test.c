#include "processing/crew.h"

#include "crew_fixture.h"

static const struct processing_hire hire = { .worker = worker_hire };

static struct processing_crew *
start(size_t threads, const char *kind)
{
	struct processing_crew *c = NULL;
	struct sp_err err;

	worker_kind = kind;
	CHECK_OK(processing_crew_start(&c, f.site, &hire, threads, &err), &err);
	return c;
}

static bool
is_done(void *arg)
{
	return item_says(arg, "\"state\":\"done\"");
}

static bool
is_working(void *arg)
{
	return item_says(arg, "\"state\":\"working\"");
}

static bool
is_queued(void *arg)
{
	return item_says(arg, "\"state\":\"queued\"");
}

/* Those that wait from before, those that come, by one thread and by many. */
static void
all_are_looked_into(void)
{
	for (size_t threads = 1; threads <= 3; threads += 2) {
		struct sp_id id[6];
		struct processing_crew *c;
		struct processing_stats stats;

		for (size_t i = 0; i < 3; i++)
			id[i] = item_clip();
		c = start(threads, "media");
		for (size_t i = 0; i < 3; i++)
			await(is_done, &id[i]);
		for (size_t i = 3; i < 6; i++)
			id[i] = item_clip();
		for (size_t i = 3; i < 6; i++)
			await(is_done, &id[i]);
		processing_crew_stats(c, &stats);
		CHECK(stats.failed == 0);
		processing_crew_stop(c);
		for (size_t i = 0; i < 6; i++)
			CHECK(item_entries(&id[i], "\"media.opened\"", NULL) ==
				1 &&
			    item_entries(&id[i], "\"media.probed\"", NULL) ==
				1);
	}
}

/* Stopped in the middle: it waits again, and the next crew does it. */
static void
stopped_and_started(void)
{
	struct sp_id id = item_clip();
	struct processing_crew *c = start(1, "media-hang");
	int64_t began;

	await(is_working, &id);
	began = sp_ticks();
	processing_crew_stop(c);
	CHECK(sp_ticks() - began < 20 * SP_SECOND);
	CHECK(is_queued(&id));
	c = start(1, "media");
	await(is_done, &id);
	processing_crew_stop(c);
	CHECK(item_entries(&id, "\"reason\":\"interrupted\"", NULL) == 1);
}

/* What a process that died left at work. */
static void
left_at_work(void)
{
	struct sp_id id = item_clip();
	EVIDENCE_AUTO_OBJECT poster = { .dek = NULL };
	struct gate_pass *pass = NULL;
	struct processing_crew *c;
	struct sp_err err;

	CHECK_OK(evidence_object_new(f.room, &poster, &err), &err);
	CHECK_OK(
	    processing_record_begin(f.room, &id, &poster, &pass, &err), &err);
	gate_pass_unref(pass);
	fixture_close(&f);
	fixture_open(&f);
	CHECK(is_working(&id));
	c = start(2, "media");
	await(is_done, &id);
	processing_crew_stop(c);
	CHECK(item_entries(&id, "\"media.opened\"", NULL) == 2);
}

static bool
has_failed(void *arg)
{
	struct processing_stats stats;

	processing_crew_stats(arg, &stats);
	return stats.failed > 0;
}

static bool
was_asked(void *arg)
{
	return atomic_load(&worker_hired) > *(unsigned *)arg;
}

/* No worker, then no keeper: nothing is lost and nothing is blamed. */
static void
others_away(void)
{
	struct sp_id id = item_clip();
	unsigned before = atomic_load(&worker_hired);
	struct processing_crew *c = start(1, "none");

	await(was_asked, &before);
	CHECK(is_queued(&id));
	CHECK(item_entries(&id, "\"media.opened\"", NULL) == 0);
	fixture_keeper_kill(&f);
	worker_kind = "media";
	processing_crew_wake(c);
	await(has_failed, c);
	CHECK(is_queued(&id));
	fixture_keeper_start(&f, evidence_site_keeper(f.site));
	processing_crew_wake(c);
	await(is_done, &id);
	processing_crew_stop(c);
	processing_crew_stop(NULL);
}

static const struct tap_case cases[] = {
	{ "all are looked into", all_are_looked_into },
	{ "stopped and started", stopped_and_started },
	{ "left at work by one that died", left_at_work },
	{ "others are away", others_away },
};
FIXTURE_MAIN(cases)
