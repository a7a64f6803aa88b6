#include "dock/dock.h"

#include "card.h"
#include "fake_site.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>

/* ---- A disk that is full, a card that cannot be written ---- */

static atomic_int write_fails;
static atomic_int unlink_fails;

ssize_t __real_pwrite64(int fd, const void *b, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *b, size_t n, off_t at);
int __real_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags);

/* Only journals are written so. */
ssize_t
__wrap_pwrite64(int fd, const void *b, size_t n, off_t at)
{
	if (write_fails == 0)
		return __real_pwrite64(fd, b, n, at);
	errno = write_fails;
	return -1;
}

int
__wrap_unlinkat(int fd, const char *name, int flags)
{
	/* Not of the temporaries of receipts. */
	if (unlink_fails == 0 || strstr(name, ".mp4") == NULL)
		return __real_unlinkat(fd, name, flags);
	errno = unlink_fails;
	return -1;
}

/* ---- One run ---- */

static struct fake_site site;
static struct settings settings;

struct run {
	struct dock_options o;
	struct site_wire wire[DOCK_STREAMS_MAX];
	unsigned wires;
	atomic_bool stop;
	struct dock_result result;
	struct sp_err err;
	/* what was told */
	unsigned states[DOCK_STATE_COUNT];
	unsigned cameras[DOCK_CAMERA_COUNT];
	unsigned notes;
	char last_why[DOCK_WHY_MAX];
	/* told as well, may be NULL */
	void (*on_event)(struct run *r, const struct dock_event *e);
};

static enum sp_code
on_connect(void *arg, struct site_transport **out, struct sp_err *err)
{
	struct run *r = arg;

	(void)err;
	site_wire(&site, &r->wire[r->wires]);
	*out = &r->wire[r->wires++].fake.base;
	return SP_OK;
}

static atomic_bool *stopping;

static bool
on_interrupted(void)
{
	return *stopping;
}

static void
on_told(void *arg, const struct dock_event *e)
{
	struct run *r = arg;

	if (e->kind == DOCK_TOLD_FILE)
		r->states[e->state]++;
	if (e->kind == DOCK_TOLD_CAMERA)
		r->cameras[e->camera]++;
	r->notes += e->kind == DOCK_TOLD_NOTE;
	if (e->kind == DOCK_TOLD_FILE && *e->why != '\0')
		(void)snprintf(r->last_why, sizeof(r->last_why), "%s", e->why);
	if (r->on_event != NULL)
		r->on_event(r, e);
}

static void
on_ready(void *arg)
{
	(void)arg;
}

static void
prepare(struct run *r)
{
	static char journal[300];
	static char receipts[300];

	memset(r, 0, sizeof(*r));
	(void)snprintf(journal, sizeof(journal), "%s", scratch("journal"));
	(void)snprintf(receipts, sizeof(receipts), "%s", scratch("receipts"));
	r->o = (struct dock_options){ .dir = card(""),
		.journal = journal,
		.receipts = receipts,
		.settings = &settings,
		.agency = "harbor-pd",
		.once = true,
		.streams = 3,
		.tries = 3,
		.settle = SP_SECOND / 50,
		.rescan = SP_SECOND / 10,
		.patience = 5 * SP_SECOND,
		.connect = on_connect,
		.interrupted = on_interrupted,
		.told = on_told,
		.ready = on_ready,
		.arg = r };
	stopping = &r->stop;
}

static enum sp_code
go(struct run *r)
{
	static char dir[300];

	(void)snprintf(dir, sizeof(dir), "%s", card(""));
	r->o.dir = dir;
	return dock_run(&r->o, &r->result, &r->err);
}

/* A run with `clear` or without that must work. */
static struct run
run_once(bool clear)
{
	static struct run r;

	prepare(&r);
	r.o.clear = clear;
	CHECK_OK(go(&r), &r.err);
	return r;
}

static void
begin(void)
{
	static const char *const left[] = { "state", "receipts" };

	card_new();
	site_init(&site);
	settings = (struct settings){ .site = sp_buf_new(300) };
	sp_buf_text(&settings.site, "https://site.example");
	for (size_t i = 0; i < SP_COUNTOF(left); i++)
		CHECK(access(scratch(left[i]), F_OK) != 0 ||
		    nftw(scratch(left[i]), scratch_remove, 16,
			FTW_DEPTH | FTW_PHYS) == 0);
	(void)unlink(scratch("journal"));
	CHECK(mkdir(scratch("state"), 0700) == 0);
	CHECK(setenv("XDG_STATE_HOME", scratch("state"), 1) == 0);
}

static void
end(void)
{
	sp_buf_free(&settings.site);
	site_done(&site);
}

static unsigned
receipts(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < site.items; i++) {
		char name[100];

		(void)snprintf(name, sizeof(name), "receipts/%s.tlog-proof",
		    site.item[i].id);
		n += access(scratch(name), F_OK) == 0;
	}
	return n;
}

static void
what_is_there_is_proven_and_kept(void)
{
	begin();
	card_text("a.mp4", "aaa");
	card_text("DCIM/100/b.mp4", "bbb");
	card_text("empty.mp4", "");
	card_text(".hidden.mp4", "no");
	struct run r = run_once(false);

	CHECK(r.result.kept == 3 && r.result.failed == 0);
	CHECK(r.result.cleared == 0 && site_sealed(&site) == 3);
	CHECK(site_holds(&site, "aaa", 3) == 1 && receipts() == 3);
	CHECK(site_holds(&site, "", 0) == 1);
	CHECK(card_has("a.mp4") && card_has("DCIM/100/b.mp4"));
	CHECK(r.states[DOCK_KEPT] == 3 && r.states[DOCK_FOUND] == 3);
	/* It is known: nothing is read, and nobody is asked. */
	unsigned before = site.requests;

	r = run_once(false);
	CHECK(r.result.kept == 3 && site.requests == before);
	CHECK(r.states[DOCK_HASHING] == 0);
	end();
}

static void
what_is_proven_is_cleared(void)
{
	begin();
	card_text("a.mp4", "aaa");
	card_text("DCIM/100/b.mp4", "bbb");
	card_text(".hidden.mp4", "no");
	struct run r = run_once(true);

	CHECK(r.result.cleared == 2 && r.result.failed == 0);
	CHECK(!card_has("a.mp4") && !card_has("DCIM/100/b.mp4"));
	CHECK(card_has(".hidden.mp4") && card_has("DCIM/100"));
	CHECK(receipts() == 2 && site_sealed(&site) == 2);
	CHECK(r.states[DOCK_CLEARED] == 2);
	r = run_once(true);
	CHECK(r.result.cleared == 0 && r.result.failed == 0);
	/* What was kept at first is cleared once that is asked for, on a
	 * proof that is fetched and checked again. */
	card_text("c.mp4", "ccc");
	(void)run_once(false);
	CHECK(card_has("c.mp4") && site_sealed(&site) == 3);
	unsigned receipts_before = site.receipts;
	unsigned posts = site.posts;

	(void)run_once(true);
	CHECK(!card_has("c.mp4") && site.posts == posts);
	CHECK(site.receipts > receipts_before);
	end();
}

static void
the_same_content_is_sent_once(void)
{
	begin();
	for (unsigned i = 0; i < 8; i++) {
		char name[40];

		(void)snprintf(name, sizeof(name), "%u/copy.mp4", i);
		card_text(name, "the same");
	}
	struct run r = run_once(true);

	CHECK(r.result.cleared == 8 && site_sealed(&site) == 1);
	CHECK(site.posts == 1);
	/* And when it comes back, by whatever name. */
	card_text("again.mp4", "the same");
	unsigned before = site.receipts;

	r = run_once(true);
	CHECK(r.result.cleared == 1 && site.posts == 1);
	CHECK(site.receipts > before);
	end();
}

static void
a_name_that_is_used_again_is_another_item(void)
{
	begin();
	card_text("MOVI0001.mp4", "first");
	run_once(true);
	card_text("MOVI0001.mp4", "other");
	run_once(true);
	CHECK(site_holds(&site, "first", 5) == 1);
	CHECK(site_holds(&site, "other", 5) == 1);
	/* The same where it was kept: same size, and the clock set back. */
	struct timespec then[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	card_text("MOVI0002.mp4", "aaaaa");
	CHECK(utimensat(AT_FDCWD, card("MOVI0002.mp4"), then, 0) == 0);
	run_once(false);
	card_text("MOVI0002.mp4", "bbbbb");
	CHECK(utimensat(AT_FDCWD, card("MOVI0002.mp4"), then, 0) == 0);
	struct run r = run_once(false);

	CHECK(site_holds(&site, "aaaaa", 5) == 1);
	CHECK(site_holds(&site, "bbbbb", 5) == 1);
	CHECK(r.result.kept == 1 && r.result.failed == 0);
	/* Only touched: read again, and known. */
	CHECK(utimensat(AT_FDCWD, card("MOVI0002.mp4"), NULL, 0) == 0);
	unsigned posts = site.posts;

	r = run_once(false);
	CHECK(r.states[DOCK_HASHING] == 1 && site.posts == posts);
	CHECK(r.result.kept == 1);
	end();
}

/* ---- Lies and troubles ---- */

static void
nothing_is_erased_on_a_lie(void)
{
	for (int lie = LIE_NONE + 1; lie < LIE_COUNT; lie++) {
		static struct run r;

		begin();
		card_text("a.mp4", "aaa");
		run_once(true); /* something was seen before */
		card_text("b.mp4", "bbb");
		card_text("c.mp4", "ccc");
		/* A log can go back only behind what it has shown. */
		if (lie == LIE_REWOUND) {
			run_once(false);
			site_grow(&site.log, "more", 4);
			card_text("d.mp4", "aaa");
			run_once(true);
			CHECK(!card_has("d.mp4") && !card_has("b.mp4"));
			card_text("b.mp4", "bbb");
			card_text("c.mp4", "ccc");
		}
		site.lie = (enum site_lie)lie;
		prepare(&r);
		r.o.clear = true;
		CHECK_OK(go(&r), &r.err);
		if (card_has("b.mp4") + card_has("c.mp4") != 2)
			printf("# lie %d\n", lie);
		CHECK(card_has("b.mp4") && card_has("c.mp4"));
		CHECK(r.result.cleared == 0 && r.result.failed == 2);
		CHECK(r.states[DOCK_REFUSED] == 2 && *r.last_why != '\0');
		site.lie = LIE_NONE;
		r = run_once(true);
		CHECK(r.result.cleared == 2 && site_sealed(&site) == 3);
		CHECK(!card_has("b.mp4") && !card_has("c.mp4"));
		end();
	}
}

static void
what_the_site_lost_is_sent_again(void)
{
	begin();
	card_text("a.mp4", "aaa");
	run_once(false);
	site.item[0].removed = true;
	struct run r = run_once(true);

	CHECK(r.result.cleared == 1 && site_holds(&site, "aaa", 3) == 1);
	CHECK(site.posts == 2);
	end();
}

static void
a_site_that_refuses_or_is_away_is_told(void)
{
	static struct run r;

	begin();
	card_text("a.mp4", "aaa");
	site.refuse = 403;
	prepare(&r);
	r.o.clear = true;
	CHECK_OK(go(&r), &r.err);
	CHECK(r.result.failed == 1 && card_has("a.mp4"));
	CHECK(r.result.first.reason == client_site_refused);
	site.refuse = 0;
	/* Not every file is tried of many, when the site is away. */
	for (unsigned i = 0; i < 30; i++) {
		char name[20];

		(void)snprintf(name, sizeof(name), "%u.mp4", i);
		card_text(name, name);
	}
	site.cut_all = true;
	site.requests = 0;
	prepare(&r);
	r.o.clear = true;
	CHECK_OK(go(&r), &r.err);
	CHECK(r.result.failed == 31 && card_has("a.mp4"));
	CHECK(r.result.first.reason == client_site_unreachable);
	CHECK(site.requests <= 3 * r.o.streams * r.o.tries);
	site.cut_all = false;
	r = run_once(true);
	CHECK(r.result.cleared == 31 && site_sealed(&site) == 31);
	end();
}

static void
no_line_in_the_journal_no_erasure(void)
{
	static struct run r;

	begin();
	card_text("a.mp4", "aaa");
	run_once(false);
	prepare(&r);
	r.o.clear = true;
	write_fails = ENOSPC;
	CHECK_OK(go(&r), &r.err);
	write_fails = 0;
	CHECK(card_has("a.mp4") && r.result.failed == 1);
	CHECK(r.result.first.code == SP_E_FULL);
	r = run_once(true);
	CHECK(!card_has("a.mp4") && r.result.cleared == 1);
	end();
}

static void
a_card_that_cannot_be_written_is_told(void)
{
	static const struct {
		int fails;
		enum dock_camera camera;
	} rows[] = { { EROFS, DOCK_READ_ONLY }, { ENOSPC, DOCK_FULL } };

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		static struct run r;

		begin();
		card_text("a.mp4", "aaa");
		prepare(&r);
		r.o.clear = true;
		unlink_fails = rows[i].fails;
		CHECK_OK(go(&r), &r.err);
		unlink_fails = 0;
		CHECK(card_has("a.mp4") && r.result.failed == 1);
		CHECK(r.cameras[rows[i].camera] == 1);
		CHECK(r.states[DOCK_PROVEN] >= 1);
		r = run_once(true);
		CHECK(r.result.cleared == 1 && site_sealed(&site) == 1);
		end();
	}
}

/* ---- Ended anywhere ---- */

static void
stop_at_request(void *arg, const struct site_request *rq)
{
	struct run *r = arg;

	(void)rq;
	/* The answer to this one, and to whatever is asked meanwhile, does
	 * not come any more. */
	if (site.cut_at == 1)
		r->stop = true;
}

/* Law: ended at whatever request, before it was done or after, the next run
 * goes on, and in the end each content is there once, and proven. */
static void
ended_anywhere_it_goes_on(void)
{
	static const char *const names[] = { "a.mp4", "b.mp4", "c.mp4",
		"d/e.mp4" };
	static const char *const texts[] = { "", "b", "the same", "the same" };

	for (unsigned at = 1;; at++) {
		static struct run r;
		bool after = at % 2 == 0;

		begin();
		for (size_t i = 0; i < SP_COUNTOF(names); i++)
			card_text(names[i], texts[i]);
		prepare(&r);
		r.o.clear = true;
		r.o.tries = 1;
		r.o.streams = 1 + at % 3;
		site.cut_at = at;
		site.cut_after = after;
		site.on_request = stop_at_request;
		site.arg = &r;
		CHECK_OK(go(&r), &r.err);
		bool stopped = r.stop;

		site.cut_at = 0;
		site.on_request = NULL;
		r = run_once(true);
		CHECK(r.result.failed == 0);
		CHECK(site_sealed(&site) == 3 && receipts() == 3);
		for (size_t i = 0; i < SP_COUNTOF(names); i++) {
			CHECK(!card_has(names[i]));
			CHECK(
			    site_holds(&site, texts[i], strlen(texts[i])) == 1);
		}
		end();
		if (!stopped) {
			CHECK(at > 15); /* it was tried at many */
			break;
		}
	}
}

/* ---- While it watches ---- */

static void
lose_card(void *arg, const struct site_request *rq)
{
	struct run *r = arg;

	(void)r;
	if (strcmp(rq->method, "PATCH") == 0 && card_has("a.mp4"))
		CHECK(rename(card(""), scratch("pulled")) == 0);
}

static void
put_back(struct run *r, const struct dock_event *e)
{
	if (e->kind == DOCK_TOLD_CAMERA && e->camera == DOCK_GONE) {
		CHECK(pthread_mutex_lock(&site.lock) == 0);
		site.on_request = NULL;
		CHECK(pthread_mutex_unlock(&site.lock) == 0);
		CHECK(rename(scratch("pulled"), card("")) == 0);
	}
	if (e->kind == DOCK_TOLD_FILE && e->state == DOCK_CLEARED)
		r->stop = true;
}

static void
a_camera_that_vanishes_is_waited_for(void)
{
	static struct run r;

	begin();
	card_text("a.mp4", "aaa");
	prepare(&r);
	r.o.clear = true;
	r.o.once = false;
	r.o.streams = 1;
	r.on_event = put_back;
	site.on_request = lose_card;
	site.arg = &r;
	site.lie = LIE_NONE;
	CHECK_OK(go(&r), &r.err);
	CHECK(r.result.interrupted);
	/* Once at least: it may be pulled again before it is left alone.  What
	 * held the folder all the time may be done before it is seen again. */
	CHECK(r.cameras[DOCK_GONE] >= 1 &&
	    r.cameras[DOCK_PRESENT] >= r.cameras[DOCK_GONE] &&
	    r.cameras[DOCK_PRESENT] <= r.cameras[DOCK_GONE] + 1);
	CHECK(!card_has("a.mp4") && site_sealed(&site) == 1);
	end();
}

static int writer;

static void
write_on(struct run *r, const struct dock_event *e)
{
	if (e->kind != DOCK_TOLD_FILE)
		return;
	CHECK(writer < 0 || e->state <= DOCK_SETTLING);
	if (e->state == DOCK_SETTLING && *e->why != '\0' && writer >= 0) {
		CHECK(write(writer, "end", 3) == 3 && close(writer) == 0);
		writer = -1;
	}
	if (e->state == DOCK_KEPT)
		r->stop = true;
}

static void
what_is_being_written_is_waited_for(void)
{
	static struct run r;

	begin();
	card_text("a.mp4", "begin");
	writer = open(card("a.mp4"), O_WRONLY | O_APPEND | O_CLOEXEC);
	CHECK(writer >= 0);
	prepare(&r);
	r.o.once = false;
	r.on_event = write_on;
	CHECK_OK(go(&r), &r.err);
	CHECK(writer < 0 && site_sealed(&site) == 1);
	CHECK(site_holds(&site, "beginend", 8) == 1);
	end();
}

static void
come_later(struct run *r, const struct dock_event *e)
{
	if (e->kind != DOCK_TOLD_FILE || e->state != DOCK_CLEARED)
		return;
	if (strcmp(e->path, "a.mp4") == 0)
		card_text("DCIM/later.mp4", "later");
	else
		r->stop = true;
}

static void
what_comes_later_is_found(void)
{
	static struct run r;

	begin();
	card_text("a.mp4", "aaa");
	prepare(&r);
	r.o.clear = true;
	r.o.once = false;
	r.on_event = come_later;
	CHECK_OK(go(&r), &r.err);
	CHECK(r.result.cleared == 2 && site_sealed(&site) == 2);
	end();
}

static void
two_docks_do_not_meet(void)
{
	static struct run r;
	int fd;

	begin();
	card_text("a.mp4", "aaa");
	fd = open(card(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0);
	prepare(&r);
	CHECK_CODE(go(&r), SP_E_LOCKED, &r.err);
	CHECK(close(fd) == 0);
	run_once(false);
	fd = open(scratch("journal"), O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0);
	prepare(&r);
	CHECK_CODE(go(&r), SP_E_LOCKED, &r.err);
	CHECK(close(fd) == 0);
	end();
}

static void
what_cannot_be_docked_fails_a_run_that_ends(void)
{
	static struct run r;

	begin();
	card_remove();
	prepare(&r);
	CHECK_CODE(go(&r), SP_E_NOTFOUND, &r.err);
	card_make();
	card_text("a.mp4", "aaa");
	card_text("endless.mp4", "x");
	CHECK(truncate(card("endless.mp4"), (off_t)DOCK_SIZE_MAX + 1) == 0);
	prepare(&r);
	CHECK_OK(go(&r), &r.err);
	CHECK(r.result.failed == 1 && r.result.kept == 1 && r.notes == 1);
	CHECK(truncate(card("endless.mp4"), 0) == 0);
	/* A damaged journal is no new beginning. */
	scratch_write("journal", "something else\n", 0600);
	prepare(&r);
	CHECK_CODE(go(&r), SP_E_CORRUPT, &r.err);
	CHECK(scratch_holds("journal", "something else\n"));
	end();
}

static const struct tap_case cases[] = {
	{ "what is there is proven and kept",
	    what_is_there_is_proven_and_kept },
	{ "what is proven is cleared", what_is_proven_is_cleared },
	{ "the same content is sent once", the_same_content_is_sent_once },
	{ "a name that is used again is another item",
	    a_name_that_is_used_again_is_another_item },
	{ "nothing is erased on a lie", nothing_is_erased_on_a_lie },
	{ "what the site lost is sent again",
	    what_the_site_lost_is_sent_again },
	{ "a site that refuses or is away is told",
	    a_site_that_refuses_or_is_away_is_told },
	{ "no line in the journal, no erasure",
	    no_line_in_the_journal_no_erasure },
	{ "a card that cannot be written is told",
	    a_card_that_cannot_be_written_is_told },
	{ "ended anywhere, it goes on", ended_anywhere_it_goes_on },
	{ "a camera that vanishes is waited for",
	    a_camera_that_vanishes_is_waited_for },
	{ "what is being written is waited for",
	    what_is_being_written_is_waited_for },
	{ "what comes later is found", what_comes_later_is_found },
	{ "two docks do not meet", two_docks_do_not_meet },
	{ "what cannot be docked fails a run that ends",
	    what_cannot_be_docked_fails_a_run_that_ends },
};
CARD_MAIN(cases)
