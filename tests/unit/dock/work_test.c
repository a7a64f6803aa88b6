#include "dock/work.h"

#include "card.h"
#include "crypto/provider.h"
#include "fake_site.h"

#include <signal.h>

/*
 * The way of one file, with nothing else going on: what each trouble makes
 * of it.  Whole docks are in dock_test.c.
 */
static struct dock_engine engine;
static struct dock_options options;
static struct settings settings;
static struct fake_site site;
static struct site_wire wire;
static struct site_client client;
static unsigned told;
static bool stop;

static void
on_told(void *arg, const struct dock_event *e)
{
	(void)arg;
	CHECK(e->why != NULL && e->sha256 != NULL && e->evidence != NULL);
	told++;
}

static bool
on_interrupted(void)
{
	return stop;
}

static enum sp_code
on_line(void *arg, const struct dock_line *l, struct sp_err *err)
{
	return dock_book_apply(arg, l, err);
}

static void
begin(bool clear, bool once)
{
	static const struct dock_header h = { .agency = "harbor-pd" };
	static char dir[300];
	struct sp_err err;

	card_new();
	site_init(&site);
	(void)unlink(scratch("journal"));
	(void)snprintf(dir, sizeof(dir), "%s", card(""));
	CHECK(setenv("XDG_STATE_HOME", "/proc/nowhere", 1) == 0);
	settings = (struct settings){ .site = sp_buf_new(300) };
	sp_buf_text(&settings.site, "https://site.example");
	options = (struct dock_options){ .dir = dir,
		.settings = &settings,
		.agency = "harbor-pd",
		.clear = clear,
		.once = once,
		.streams = 1,
		.settle = SP_SECOND / 100,
		.rescan = SP_SECOND,
		.interrupted = on_interrupted,
		.told = on_told };
	engine = (struct dock_engine){ .o = &options,
		.book = dock_book_new(false),
		.queue_slots = 4,
		.queue = calloc(4, sizeof(struct dock_file *)),
		.place = { .fd = -1 },
		.camera = DOCK_PRESENT };
	struct dock_replay replay = { .line = on_line, .arg = engine.book };

	CHECK(pthread_mutex_init(&engine.lock, NULL) == 0);
	CHECK(pthread_cond_init(&engine.more, NULL) == 0);
	CHECK_OK(dock_journal_open(
		     &engine.journal, scratch("journal"), &h, &replay, &err),
	    &err);
	CHECK_OK(dock_proofs_open(&engine.proofs, &settings, "harbor-pd", NULL,
		     scratch("receipts"), &err),
	    &err);
	CHECK_OK(dock_place_open(&engine.place, dir, &err), &err);
	site_wire(&site, &wire);
	CHECK_OK(client_site_init(&client, &wire.fake.base, "harbor-pd", &err),
	    &err);
	client.tries = 2;
	stop = false;
}

static void
end(void)
{
	client_site_done(&client);
	dock_place_close(&engine.place);
	dock_proofs_close(&engine.proofs);
	dock_journal_free(engine.journal);
	dock_book_free(engine.book);
	free(engine.queue);
	CHECK(pthread_cond_destroy(&engine.more) == 0);
	CHECK(pthread_mutex_destroy(&engine.lock) == 0);
	sp_buf_free(&settings.site);
	site_done(&site);
}

/* The file as a scan finds it, and due. */
static struct dock_file *
find(const char *name)
{
	struct dock_file *f = dock_book_make(engine.book, name);
	bool folder = false;
	struct sp_err err;

	CHECK(f != NULL);
	CHECK_OK(dock_place_look(engine.place.fd, name, &f->is, &folder, &err),
	    &err);
	f->seen = true;
	f->quiet = 0;
	if (f->state == DOCK_VANISHED)
		dock_file_move(f, DOCK_FOUND);
	return f;
}

static void
one(struct dock_file *f)
{
	CHECK(dock_work_queue(&engine, f));
	CHECK(dock_work_next(&engine) == f && f->busy);
	dock_work_file(&engine, &client, f);
	f->busy = false;
}

static void
the_queue_gives_what_is_due(void)
{
	struct dock_file *f[5];

	begin(false, false);
	for (unsigned i = 0; i < 5; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "%u", i);
		card_text(name, name);
		f[i] = find(name);
		CHECK(dock_work_queue(&engine, f[i]) == (i < 4));
	}
	CHECK(dock_work_next(&engine) == f[0]);
	f[1]->seen = false;                   /* it went meanwhile */
	f[2]->quiet = sp_ticks() + SP_SECOND; /* it changed */
	CHECK(dock_work_next(&engine) == f[3]);
	CHECK(dock_work_next(&engine) == NULL);
	CHECK(!f[1]->queued && !f[2]->queued && engine.busy == 2);
	/* Round and round. */
	for (unsigned i = 0; i < 20; i++) {
		CHECK(dock_work_queue(&engine, f[4]));
		CHECK(dock_work_next(&engine) == f[4]);
	}
	end();
}

static void
each_trouble_has_its_end(void)
{
	static const struct {
		const char *name;
		enum site_lie lie;
		unsigned refuse;
		bool cut;
		enum dock_state state;
		bool waits, failed;
	} rows[] = {
		{ "good", LIE_NONE, 0, false, DOCK_CLEARED, false, false },
		{ "away", LIE_NONE, 0, true, DOCK_UPLOADING, true, true },
		{ "no", LIE_NONE, 403, false, DOCK_REFUSED, true, true },
		{ "full", LIE_NONE, 507, false, DOCK_UPLOADING, true, true },
		{ "large", LIE_NONE, 413, false, DOCK_REFUSED, true, true },
		{ "lie", LIE_OTHER_BYTES, 0, false, DOCK_REFUSED, true, true },
		{ "corrupt", LIE_CORRUPT, 0, false, DOCK_REFUSED, true, true },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		begin(true, true);
		card_text("clip", rows[i].name);
		site.lie = rows[i].lie;
		site.refuse = rows[i].refuse;
		site.cut_all = rows[i].cut;
		struct dock_file *f = find("clip");

		one(f);
		CHECK(f->state == rows[i].state);
		CHECK(f->waits == rows[i].waits);
		CHECK(f->once_failed == rows[i].failed);
		CHECK(card_has("clip") == (f->state != DOCK_CLEARED));
		CHECK((*f->why != '\0') == rows[i].failed);
		end();
	}
}

static void
a_file_that_is_another_settles_again(void)
{
	begin(true, false);
	card_text("clip", "abc");
	struct dock_file *f = find("clip");

	card_text("clip", "abcd");
	one(f);
	CHECK(f->state == DOCK_SETTLING && *f->sha256 == '\0');
	CHECK(site.posts == 0 && card_has("clip"));
	/* Gone by the time it is looked at: left to the next scan. */
	f = find("clip");
	CHECK(unlink(card("clip")) == 0);
	one(f);
	CHECK(f->waits && *f->why == '\0' && site.posts == 0);
	end();
}

static bool
stop_now(void)
{
	return true;
}

static void
asked_to_stop_it_is_left_as_it_is(void)
{
	begin(true, false);
	card_text("clip", "abc");
	struct dock_file *f = find("clip");

	options.interrupted = stop_now;
	one(f);
	CHECK(f->state == DOCK_HASHING && !f->waits && card_has("clip"));
	CHECK(site.posts == 0);
	end();
}

static void
another_medium_is_not_the_one_that_was_scanned(void)
{
	begin(true, false);
	card_text("clip", "abc");
	struct dock_file *f = find("clip");

	engine.place.mount ^= 1;
	one(f);
	CHECK(card_has("clip") && site.posts == 0 && f->waits);
	end();
}

static void
a_twin_waits(void)
{
	begin(true, false);
	card_text("clip", "abc");
	struct dock_file *f = find("clip");
	struct dock_item *t = dock_book_make_item(engine.book,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    3);

	t->busy = true; /* under another name */
	one(f);
	CHECK(f->waits && site.posts == 0 && card_has("clip"));
	t->busy = false;
	one(f);
	CHECK(f->state == DOCK_CLEARED && site.posts == 1 && !t->busy);
	end();
}

static const struct tap_case cases[] = {
	{ "the queue gives what is due", the_queue_gives_what_is_due },
	{ "each trouble has its end", each_trouble_has_its_end },
	{ "a file that is another settles again",
	    a_file_that_is_another_settles_again },
	{ "asked to stop, it is left as it is",
	    asked_to_stop_it_is_left_as_it_is },
	{ "another medium is not the one that was scanned",
	    another_medium_is_not_the_one_that_was_scanned },
	{ "a twin waits", a_twin_waits },
};
CARD_MAIN(cases)
