#include "dock/dock.h"

#include "base/file.h"
#include "dock/watch.h"
#include "dock/work.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* After word of a change, so that one scan serves many: 1/50 of the time
 * between scans, a fifth of a second when that is ten. */
#define DEBOUNCE(d) ((d)->e.o->rescan / 50)
/* A lost camera is looked for more often than a present one is scanned. */
#define LOOK_AGAIN(d) ((d)->e.o->rescan / 10)

struct stream {
	struct dock_engine *e;
	struct site_client client;
	pthread_t thread;
	bool started;
};

struct dock {
	struct dock_engine e;
	struct dock_watch *watch;
	struct stream stream[DOCK_STREAMS_MAX];
	size_t streams;
	uint64_t scans;
	int64_t next_scan; /* ticks */
	int64_t next_due;  /* of a file */
	size_t pending;    /* files that may still be done */
	size_t unread;     /* of the last scan */
	size_t over;
	struct sp_err unread_why;
	bool whole;    /* what this scan did not find is not there */
	bool complete; /* the last scan was done */
	struct dock_result *result;
	sigset_t outside; /* the signals of whoever called */
};

static void
lock(struct dock *d)
{
	(void)pthread_mutex_lock(&d->e.lock);
}

static void
unlock(struct dock *d)
{
	(void)pthread_mutex_unlock(&d->e.lock);
}

/* ---- Streams ---- */

static void
run_stream(struct stream *s)
{
	struct dock_engine *e = s->e;
	uint64_t one = 1;

	(void)pthread_mutex_lock(&e->lock);
	while (!e->stop) {
		struct dock_file *f = dock_work_next(e);

		if (f == NULL) {
			(void)pthread_cond_wait(&e->more, &e->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&e->lock);
		dock_work_file(e, &s->client, f);
		(void)pthread_mutex_lock(&e->lock);
		f->busy = false;
		e->busy--;
		e->dirty = true;
		(void)!write(e->wake, &one, sizeof(one)); /* it never fills */
	}
	(void)pthread_mutex_unlock(&e->lock);
}

static void *
stream_main(void *arg)
{
	run_stream(arg);
	return NULL;
}

static enum sp_code
start_streams(struct dock *d, struct sp_err *err)
{
	const struct dock_options *o = d->e.o;

	SP_REQUIRE(o->streams > 0 && o->streams <= DOCK_STREAMS_MAX);
	while (d->streams < o->streams) {
		struct stream *s = &d->stream[d->streams];
		struct site_transport *t = NULL;

		s->e = &d->e;
		SP_TRY(o->connect(o->arg, &t, err));
		SP_TRY(client_site_init(&s->client, t, o->agency, err));
		s->client.tries = o->tries;
		d->streams++;
	}
	for (size_t i = 0; i < d->streams; i++) {
		struct stream *s = &d->stream[i];

		if (pthread_create(&s->thread, NULL, stream_main, s) != 0)
			return sp_fail(err, SP_E_NOMEM, "no more threads");
		s->started = true;
	}
	return SP_OK;
}

static void
stop_streams(struct dock *d)
{
	lock(d);
	d->e.stop = true;
	(void)pthread_cond_broadcast(&d->e.more);
	unlock(d);
	for (size_t i = 0; i < d->streams; i++) {
		if (d->stream[i].started)
			(void)pthread_join(d->stream[i].thread, NULL);
		client_site_done(&d->stream[i].client);
	}
}

/* ---- What a scan found ---- */

static void
note(struct dock *d, const char *text)
{
	struct dock_event ev = { .kind = DOCK_TOLD_NOTE,
		.path = "",
		.sha256 = "",
		.evidence = "",
		.camera = d->e.camera,
		.why = text };

	d->e.o->told(d->e.o->arg, &ev);
}

/* What is kept of a file whose bytes were known: nothing, unless it is surely
 * the same (book.h). */
static void
forget_bytes(struct dock_file *f)
{
	*f->sha256 = '\0';
	*f->evidence = '\0';
	f->clearing = false;
}

/* For the first time in this session. */
static void
see_first(struct dock *d, struct dock_file *f, const struct dock_ident *is)
{
	bool same = dock_ident_same(&f->is, is) && is->lasting;
	int64_t now = sp_ticks();

	f->is = *is;
	f->seen = true;
	f->first = now;
	f->quiet = now;
	f->failed = 0;
	f->waits = false;
	f->once_failed = false;
	if (!same)
		forget_bytes(f);
	dock_file_move(f, DOCK_FOUND);
	*f->why = '\0';
	const struct dock_item *t = *f->sha256 == '\0'
	    ? NULL
	    : dock_book_item(d->e.book, f->sha256, is->size);

	if (t != NULL && t->proven && *f->evidence != '\0' && !d->e.o->clear)
		dock_work_move(&d->e, f, DOCK_KEPT);
	else
		dock_work_tell(&d->e, f);
}

static void
see_changed(struct dock *d, struct dock_file *f, const struct dock_ident *is)
{
	int64_t now = sp_ticks();

	/* Another file of this name, or the same that grows? */
	if (f->state != DOCK_FOUND && f->state != DOCK_SETTLING)
		f->first = now;
	f->is = *is;
	f->quiet = now;
	f->failed = 0;
	f->waits = false;
	f->once_failed = false;
	forget_bytes(f);
	if (f->state == DOCK_SETTLING)
		return;
	dock_work_move(&d->e, f, DOCK_SETTLING);
}

static enum sp_code
see(struct dock *d, const struct dock_found *found, struct sp_err *err)
{
	struct dock_file *f = dock_book_make(d->e.book, found->path);

	if (f == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for what is found");
	f->scan = d->scans;
	if (f->busy) /* its stream looks for itself */
		return SP_OK;
	if (!f->seen || f->state == DOCK_CLEARED)
		see_first(d, f, &found->is);
	else if (!dock_ident_same(&f->is, &found->is))
		see_changed(d, f, &found->is);
	return SP_OK;
}

/* The journal said that it would be removed, and then no more.  A dock that
 * was killed may have removed it; or somebody took the card away. */
static void
account(struct dock *d, struct dock_file *f)
{
	struct dock_line l = { .act = DOCK_MISSING, .is = f->is };
	struct sp_err none;

	(void)snprintf(l.path, sizeof(l.path), "%s", f->path);
	memcpy(l.sha256, f->sha256, sizeof(l.sha256));
	memcpy(l.evidence, f->evidence, sizeof(l.evidence));
	f->clearing = false;
	/* If it cannot be said now, it can at the next start. */
	SP_IGNORE(dock_journal_add(d->e.journal, &l, &none));
}

static void
see_none(void *arg, struct dock_file *f)
{
	struct dock *d = arg;

	if (f->busy || f->scan == d->scans)
		return;
	if (f->clearing && d->e.camera != DOCK_GONE && d->whole)
		account(d, f);
	if (!f->seen)
		return;
	f->seen = false;
	if (f->state == DOCK_CLEARED) {
		dock_book_forget(d->e.book, f);
		return;
	}
	bool quietly = f->state == DOCK_KEPT || f->state == DOCK_REFUSED;

	dock_file_move(f, DOCK_VANISHED);
	*f->why = '\0';
	if (!quietly)
		dock_work_tell(&d->e, f);
}

static enum sp_code
merge(struct dock *d, const struct dock_scan *s, struct sp_err *err)
{
	for (size_t i = 0; i < s->n; i++)
		SP_TRY(see(d, &s->found[i], err));
	d->whole = s->unread == 0 && s->over == 0;
	dock_book_each(d->e.book, see_none, d);
	if (s->over > d->over)
		note(d,
		    "some names were left out: too deep, too long, too "
		    "large, or too many");
	d->over = s->over;
	d->unread = s->unread;
	if (s->unread > 0)
		d->unread_why = s->why;
	return SP_OK;
}

/* ---- The folder ---- */

static void
on_folder(void *arg, int fd, const char *path)
{
	struct dock *d = arg;

	(void)path;
	dock_watch_add(d->watch, fd);
}

/* Its files are not there; what is known of them is kept. */
static void
lose_place(struct dock *d, const struct sp_err *why)
{
	d->scans++;
	dock_place_close(&d->e.place);
	d->e.place = (struct dock_place){ .fd = -1 };
	if (d->e.camera != DOCK_GONE)
		dock_work_camera(&d->e, DOCK_GONE, why->text);
	d->whole = false;
	dock_book_each(d->e.book, see_none, d);
	dock_watch_free(d->watch);
	d->watch = NULL;
	d->complete = false;
}

/* A folder that is another than before: nothing that was seen is sure. */
static void
unsee(void *arg, struct dock_file *f)
{
	(void)arg;
	if (f->busy || !f->seen || f->state == DOCK_CLEARED)
		return;
	f->seen = false;
	dock_file_move(f, DOCK_VANISHED);
}

static enum sp_code
take_place(struct dock *d, struct dock_place *p, struct sp_err *err)
{
	if (flock(p->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return sp_fail(
		    err, SP_E_LOCKED, "another dock is at work on this folder");
	/* Where folders cannot be locked, the journal is still this one's. */
	dock_place_close(&d->e.place);
	if (!dock_place_same(p, &d->e.place)) {
		dock_book_each(d->e.book, unsee, d);
		dock_watch_free(d->watch);
		d->watch = dock_watch_new();
	}
	d->e.place = *p;
	p->fd = -1;
	if (d->e.camera == DOCK_GONE)
		dock_work_camera(&d->e, DOCK_PRESENT, "");
	return SP_OK;
}

static enum sp_code
hold_place(struct dock *d, struct sp_err *err)
{
	DOCK_AUTO_PLACE now = { .fd = -1 };

	SP_TRY(dock_place_open(&now, d->e.o->dir, err));
	if (d->e.place.fd >= 0 && dock_place_same(&now, &d->e.place))
		return SP_OK;
	return take_place(d, &now, err);
}

static enum sp_code
scan_place(struct dock *d, struct sp_err *err)
{
	struct dock_scan_watch watch = { .folder = on_folder, .arg = d };
	struct dock_scan s;

	lock(d);
	d->e.dirty = false;
	unlock(d);
	SP_TRY(dock_scan_run(&s, &d->e.place, &watch, err));
	lock(d);
	d->scans++;
	enum sp_code code = merge(d, &s, err);

	unlock(d);
	dock_scan_done(&s);
	d->complete = code == SP_OK;
	return code;
}

/* One look at the folder.  Only what ends the dock is a failure. */
static enum sp_code
look(struct dock *d, struct sp_err *err)
{
	int64_t began = sp_ticks();

	lock(d);
	enum sp_code code = hold_place(d, err);

	unlock(d);
	if (code == SP_OK)
		code = scan_place(d, err);
	if (code == SP_OK) {
		int64_t took = sp_ticks() - began;

		d->next_scan = sp_ticks() + d->e.o->rescan + took;
		return SP_OK;
	}
	d->next_scan = sp_ticks() + LOOK_AGAIN(d);
	if (code == SP_E_LOCKED && d->scans == 0)
		return code;
	if (code == SP_E_NOMEM)
		return code;
	lock(d);
	lose_place(d, err);
	unlock(d);
	return SP_OK;
}

/* ---- What is due ---- */

static int64_t
due_of(const struct dock *d, const struct dock_file *f)
{
	const struct dock_options *o = d->e.o;

	if (f->once_failed && o->once)
		return INT64_MAX;
	switch (f->state) {
	case DOCK_FOUND:
	case DOCK_SETTLING:
		return f->waits && f->again > f->quiet + o->settle
		    ? f->again
		    : f->quiet + o->settle;
	case DOCK_HASHING:
	case DOCK_UPLOADING:
	case DOCK_PROVEN:
	case DOCK_REFUSED: return f->waits ? f->again : 0;
	case DOCK_CLEARED:
	case DOCK_KEPT:
	case DOCK_VANISHED:
	case DOCK_STATE_COUNT: break;
	}
	return INT64_MAX;
}

static enum sp_code
still_written(struct sp_err *err)
{
	return sp_fail(err, SP_E_CONFLICT, "it is still being written");
}

/* With `once`, a file that never becomes quiet is not waited for. */
static void
lose_patience(struct dock *d, struct dock_file *f)
{
	bool settles = f->state == DOCK_FOUND || f->state == DOCK_SETTLING;

	if (!d->e.o->once || f->once_failed || !settles ||
	    sp_ticks() - f->first <= d->e.o->patience)
		return;
	f->once_failed = true;
	SP_IGNORE(still_written(&f->last));
	(void)snprintf(f->why, sizeof(f->why), "%s", f->last.text);
	dock_work_tell(&d->e, f);
}

static void
schedule_one(void *arg, struct dock_file *f)
{
	struct dock *d = arg;
	int64_t now = sp_ticks();

	if (!f->seen || f->busy || f->queued)
		return;
	int64_t due = due_of(d, f);

	if (due != INT64_MAX && f->state != DOCK_REFUSED)
		d->pending++;
	if (due <= now && d->e.place.fd < 0) {
		d->next_scan = now; /* only while the folder is held */
		return;
	}
	if (due <= now && dock_work_queue(&d->e, f))
		return;
	due = due <= now ? now + DEBOUNCE(d) : due; /* the queue is full */
	d->next_due = due < d->next_due ? due : d->next_due;
	lose_patience(d, f);
}

/* With `once`: is there nothing left to do? */
static void
count_one(void *arg, struct dock_file *f)
{
	bool *left = arg;

	if (f->busy || f->queued)
		*left = true;
	if (!f->seen || f->once_failed)
		return;
	if (f->state != DOCK_KEPT && f->state != DOCK_CLEARED &&
	    f->state != DOCK_VANISHED)
		*left = true;
}

static bool
is_over(struct dock *d)
{
	bool left = false;

	if (d->e.stop)
		return true;
	if (!d->e.o->once)
		return false;
	if (d->e.camera == DOCK_GONE || d->e.away)
		return d->e.busy == 0;
	dock_book_each(d->e.book, count_one, &left);
	return !left && !d->e.dirty && d->complete;
}

/* Queues what is due; true when it is over. */
static bool
schedule(struct dock *d)
{
	lock(d);
	d->next_due = INT64_MAX;
	d->pending = 0;
	dock_book_each(d->e.book, schedule_one, d);
	bool over = is_over(d);

	/* Nothing to do: whoever wants to may unmount it. */
	if (d->e.busy == 0 && d->e.queue_n == 0 && d->pending == 0)
		dock_place_close(&d->e.place);
	if (d->e.dirty && d->next_scan > sp_ticks() + DEBOUNCE(d))
		d->next_scan = sp_ticks() + DEBOUNCE(d);
	unlock(d);
	return over;
}

static void
wait_for_something(struct dock *d)
{
	struct pollfd fd[2] = { { .fd = d->e.wake, .events = POLLIN },
		{ .fd = dock_watch_fd(d->watch), .events = POLLIN } };
	int64_t until = d->next_due < d->next_scan ? d->next_due : d->next_scan;
	int64_t left = until - sp_ticks();
	uint64_t many;

	left = left < 0 ? 0 : left;
	struct timespec ts = { .tv_sec = left / SP_SECOND,
		.tv_nsec = left % SP_SECOND * 1000 };

	/* Signals come here and nowhere else. */
	(void)ppoll(fd, 2, &ts, &d->outside);
	(void)!read(d->e.wake, &many, sizeof(many)); /* empty: no matter */
	enum dock_word word = dock_watch_take(d->watch);

	if (word != DOCK_WORD_NONE && d->next_scan > sp_ticks() + DEBOUNCE(d))
		d->next_scan = sp_ticks() + DEBOUNCE(d);
	if (word == DOCK_WORD_UNMOUNT) {
		lock(d);
		d->e.place.mount = 0; /* another, even if it looks the same */
		unlock(d);
	}
}

static enum sp_code
go_round(struct dock *d, struct sp_err *err)
{
	bool ready = false;

	for (;;) {
		if (sp_ticks() >= d->next_scan)
			SP_TRY(look(d, err));
		if (d->e.o->once && d->scans > 0 && d->e.camera == DOCK_GONE &&
		    !d->complete && !ready)
			return sp_fail_as(err, SP_E_NOTFOUND, dock_place_gone,
			    "the folder %.120s is not there", d->e.o->dir);
		if (!ready)
			d->e.o->ready(d->e.o->arg);
		ready = true;
		if (schedule(d))
			return SP_OK;
		wait_for_something(d);
		if (d->e.o->interrupted()) {
			d->result->interrupted = true;
			return SP_OK;
		}
	}
}

/* ---- All of it ---- */

static void
sum_one(void *arg, struct dock_file *f)
{
	struct dock *d = arg;
	struct dock_result *r = d->result;

	if (!f->seen || f->state == DOCK_KEPT || f->state == DOCK_CLEARED)
		return;
	r->failed++;
	if (r->first.code == SP_OK)
		r->first = f->last;
}

static enum sp_code
camera_gone(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_NOTFOUND, dock_place_gone, "the camera is gone");
}

static void
sum_up(struct dock *d)
{
	struct dock_result *r = d->result;

	r->kept = d->e.kept;
	r->cleared = d->e.cleared;
	if (d->e.book != NULL)
		dock_book_each(d->e.book, sum_one, d);
	r->failed += d->over; /* told in a note */
	r->failed += d->unread;
	r->failed += d->e.camera == DOCK_GONE;
	if (r->first.code == SP_OK && d->unread > 0)
		r->first = d->unread_why;
	if (r->first.code == SP_OK && d->e.camera == DOCK_GONE)
		SP_IGNORE(camera_gone(&r->first));
}

static enum sp_code
on_line(void *arg, const struct dock_line *line, struct sp_err *err)
{
	return dock_book_apply(arg, line, err);
}

static enum sp_code
open_journal(struct dock *d, struct sp_err *err)
{
	const struct dock_options *o = d->e.o;
	struct dock_replay replay = { .line = on_line, .arg = d->e.book };
	struct dock_header h;

	if (strlen(o->dir) >= sizeof(h.dir))
		return sp_fail(
		    err, SP_E_LIMIT, "the folder's path is too long");
	(void)snprintf(h.agency, sizeof(h.agency), "%s", o->agency);
	(void)snprintf(
	    h.site, sizeof(h.site), "%s", sp_buf_str(&o->settings->site));
	(void)snprintf(h.dir, sizeof(h.dir), "%s", o->dir);
	return dock_journal_open(&d->e.journal, o->journal, &h, &replay, err);
}

static enum sp_code
prepare(struct dock *d, struct sp_err *err)
{
	const struct dock_options *o = d->e.o;

	d->e.queue_slots = 4096;
	d->e.queue = calloc(d->e.queue_slots, sizeof(struct dock_file *));
	d->e.book = dock_book_new(false);
	d->e.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->e.queue == NULL || d->e.book == NULL || d->e.wake < 0)
		return sp_fail(err, SP_E_NOMEM, "no memory for a dock");
	SP_TRY(open_journal(d, err));
	return dock_proofs_open(
	    &d->e.proofs, o->settings, o->agency, o->key, o->receipts, err);
}

static void
put_away(struct dock *d)
{
	stop_streams(d);
	sum_up(d);
	if (d->e.proofs.settings != NULL) {
		client_log_memory_tell(&d->e.proofs.memory);
		dock_proofs_close(&d->e.proofs);
	}
	dock_journal_free(d->e.journal);
	dock_book_free(d->e.book);
	dock_watch_free(d->watch);
	dock_place_close(&d->e.place);
	sp_file_closep(&d->e.wake);
	free(d->e.queue);
	(void)pthread_cond_destroy(&d->e.more);
	(void)pthread_mutex_destroy(&d->e.lock);
}

static enum sp_code
run(struct dock *d, struct sp_err *err)
{
	SP_TRY(prepare(d, err));
	SP_TRY(start_streams(d, err));
	SP_TRY(go_round(d, err));
	lock(d);
	struct sp_err fatal = d->e.fatal;

	unlock(d);
	if (fatal.code != SP_OK) {
		*err = fatal;
		return fatal.code;
	}
	return SP_OK;
}

enum sp_code
dock_run(
    const struct dock_options *o, struct dock_result *out, struct sp_err *err)
{
	struct dock *d = calloc(1, sizeof(*d));
	struct dock_result result = { .failed = 0 };
	sigset_t ours;

	if (d == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a dock");
	d->e.o = o;
	d->e.wake = -1;
	d->e.place.fd = -1;
	d->e.camera = DOCK_GONE; /* until it is seen */
	d->result = &result;
	SP_REQUIRE(pthread_mutex_init(&d->e.lock, NULL) == 0);
	SP_REQUIRE(pthread_cond_init(&d->e.more, NULL) == 0);
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &ours, &d->outside);
	enum sp_code code = run(d, err);

	put_away(d);
	(void)pthread_sigmask(SIG_SETMASK, &d->outside, NULL);
	free(d);
	if (code == SP_OK)
		*out = result;
	return code;
}
