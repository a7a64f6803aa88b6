#include "dock/work.h"

#include "base/file.h"
#include "dock/erase.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAUSE_FIRST  SP_SECOND
#define PAUSE_MAX    (60 * SP_SECOND)
#define PAUSE_DISK   (30 * SP_SECOND)
#define PAUSE_REFUSE (600 * SP_SECOND)
/* A file whose medium does not answer, or whose bytes come out differently,
 * is tried this often before a dock with --once calls it failed. */
#define TRIES_MEDIUM 3

const char dock_work_twin[] = "work.twin";

/* ---- The queue ---- */

bool
dock_work_queue(struct dock_engine *e, struct dock_file *f)
{
	if (e->queue_n == e->queue_slots)
		return false;
	e->queue[(e->queue_at + e->queue_n++) % e->queue_slots] = f;
	f->queued = true;
	(void)pthread_cond_signal(&e->more);
	return true;
}

/* It may have changed, or gone, while it stood in the queue. */
static bool
still_due(const struct dock_engine *e, const struct dock_file *f)
{
	if (!f->seen)
		return false;
	if (f->state == DOCK_FOUND || f->state == DOCK_SETTLING)
		return sp_ticks() >= f->quiet + e->o->settle;
	return true;
}

struct dock_file *
dock_work_next(struct dock_engine *e)
{
	while (e->queue_n > 0 && !e->away) {
		struct dock_file *f = e->queue[e->queue_at];

		e->queue_at = (e->queue_at + 1) % e->queue_slots;
		e->queue_n--;
		f->queued = false;
		if (!still_due(e, f))
			continue;
		f->busy = true;
		f->waits = false;
		e->busy++;
		return f;
	}
	return NULL;
}

/* ---- Telling ---- */

static void
tell(struct dock_engine *e, const struct dock_file *f, enum dock_event_kind k)
{
	const struct dock_item *t = *f->sha256 == '\0'
	    ? NULL
	    : dock_book_item(e->book, f->sha256, f->is.size);
	struct dock_event ev = { .kind = k,
		.path = f->path,
		.state = f->state,
		.camera = e->camera,
		.size = f->is.size,
		.done = f->done,
		.sha256 = f->sha256,
		.evidence = f->evidence,
		.why = f->why,
		.entry = t == NULL ? 0 : t->entry };

	e->o->told(e->o->arg, &ev);
}

void
dock_work_tell(struct dock_engine *e, const struct dock_file *f)
{
	tell(e, f, DOCK_TOLD_FILE);
}

void
dock_work_move(struct dock_engine *e, struct dock_file *f, enum dock_state to)
{
	dock_file_move(f, to);
	e->kept += to == DOCK_KEPT;
	e->cleared += to == DOCK_CLEARED;
	*f->why = '\0';
	dock_work_tell(e, f);
}

void
dock_work_camera(struct dock_engine *e, enum dock_camera to, const char *why)
{
	if (e->camera == to)
		return;
	SP_REQUIRE(dock_camera_may(e->camera, to));
	e->camera = to;
	struct dock_event ev = { .kind = DOCK_TOLD_CAMERA,
		.camera = to,
		.path = e->o->dir,
		.sha256 = "",
		.evidence = "",
		.why = why };

	e->o->told(e->o->arg, &ev);
}

/* ---- One file ---- */

struct job {
	struct dock_engine *e;
	struct site_client *c;
	struct dock_file *f;
	struct dock_item *item; /* claimed: busy is ours */
	struct dock_place place;
	int fd;
	struct dock_ident is;
	char sha256[DOCK_HEX];
	bool hashed; /* by this job */
	char metadata[8192];
};

static void
lock(struct job *j)
{
	(void)pthread_mutex_lock(&j->e->lock);
}

static void
unlock(struct job *j)
{
	(void)pthread_mutex_unlock(&j->e->lock);
}

static void
move(struct job *j, enum dock_state to)
{
	lock(j);
	dock_work_move(j->e, j->f, to);
	unlock(j);
}

/* Appends what was done, or is about to be, and knows it from then on. */
static enum sp_code
record_locked(struct job *j, struct dock_line *l, struct sp_err *err)
{
	(void)snprintf(l->path, sizeof(l->path), "%s", j->f->path);
	l->is = j->is;
	memcpy(l->sha256, j->sha256, sizeof(l->sha256));
	if ((dock_act_has(l->act) & DOCK_HAS_EVIDENCE) != 0 &&
	    *l->evidence == '\0')
		memcpy(l->evidence, j->item->evidence, sizeof(l->evidence));
	SP_TRY(dock_journal_add(j->e->journal, l, err));
	return dock_book_apply(j->e->book, l, err);
}

static enum sp_code
record(struct job *j, struct dock_line *l, struct sp_err *err)
{
	lock(j);
	enum sp_code code = record_locked(j, l, err);

	unlock(j);
	return code;
}

static bool
on_go_on(void *arg, uint64_t done, uint64_t of)
{
	struct job *j = arg;

	(void)of;
	lock(j);
	bool go_on = !j->e->stop;

	j->f->done = done;
	tell(j->e, j->f, DOCK_TOLD_PROGRESS);
	unlock(j);
	return go_on && !j->e->o->interrupted();
}

/* The file, opened, and still the one that was found quiet. */
static enum sp_code
open_file(struct job *j, struct sp_err *err)
{
	SP_TRY(dock_place_open(&j->place, j->e->o->dir, err));
	lock(j);
	bool same = dock_place_same(&j->place, &j->e->place);

	unlock(j);
	if (!same)
		return sp_fail_as(err, SP_E_NOTFOUND, dock_place_gone,
		    "another medium is there by now");
	SP_TRY(dock_place_file(&j->place, j->f->path, &j->fd, &j->is, err));
	if (!dock_ident_same(&j->is, &j->f->is))
		return sp_fail_as(err, SP_E_CONFLICT, dock_place_changed,
		    "it changed since it was looked at");
	return dock_place_quiet(j->fd, false, err);
}

static enum sp_code
hash_file(struct job *j, struct sp_err *err)
{
	struct dock_reading reading = { .go_on = on_go_on, .arg = j };
	struct dock_line l = { .act = DOCK_HASHED };

	if (*j->f->sha256 != '\0') { /* known, of a file that is so */
		memcpy(j->sha256, j->f->sha256, sizeof(j->sha256));
		return SP_OK;
	}
	if (j->f->state != DOCK_HASHING)
		move(j, DOCK_HASHING);
	SP_TRY(dock_place_hash(j->fd, &j->is, &reading, j->sha256, err));
	j->hashed = true;
	return record(j, &l, err);
}

/* Another file of the same content may be on its way: wait for that one. */
static enum sp_code
claim(struct job *j, struct sp_err *err)
{
	struct dock_item *t;
	enum sp_code code = SP_OK;

	lock(j);
	t = dock_book_make_item(j->e->book, j->sha256, j->is.size);
	if (t == NULL)
		code = sp_fail(err, SP_E_NOMEM, "no memory");
	else if (t->busy)
		code = sp_fail_as(err, SP_E_LOCKED, dock_work_twin,
		    "the same content is being sent under another name");
	else
		t->busy = true;
	if (code == SP_OK)
		j->item = t;
	unlock(j);
	return code;
}

static enum sp_code
new_key(struct job *j, char key[static DOCK_KEY_TEXT], struct sp_err *err)
{
	struct dock_line l = { .act = DOCK_SENDING };
	struct sp_id id = sp_id_new();

	sp_id_text(&id, l.once);
	dock_send_key(l.once, j->metadata, key);
	return record(j, &l, err);
}

static void
on_lost(void *arg, char key[static DOCK_KEY_TEXT])
{
	struct job *j = arg;
	struct sp_err none;

	/* Unrecorded, the next run makes one of its own: nothing is lost. */
	SP_IGNORE(new_key(j, key, &none));
}

static void
on_made(void *arg, const char *upload)
{
	struct job *j = arg;
	struct dock_line l = { .act = DOCK_UPLOAD };
	struct sp_err none;

	(void)snprintf(l.upload, sizeof(l.upload), "%s", upload);
	/* Unrecorded, the key that was recorded leads to it. */
	SP_IGNORE(record(j, &l, &none));
}

static enum sp_code
describe(struct job *j, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(sizeof(j->metadata) - 1);

	SP_TRY(dock_send_metadata(
	    &j->e->o->describe, j->f->path, &j->is, j->sha256, &text, err));
	memcpy(j->metadata, sp_buf_str(&text), text.len + 1);
	return SP_OK;
}

static enum sp_code
send_file(struct job *j, struct sp_err *err)
{
	struct dock_line l = { .act = DOCK_STORED };
	struct dock_sending s = { .fd = j->fd,
		.is = j->is,
		.metadata = j->metadata,
		.lost = on_lost,
		.made = on_made,
		.go_on = on_go_on,
		.arg = j };

	if (j->f->state != DOCK_UPLOADING)
		move(j, DOCK_UPLOADING);
	SP_TRY(describe(j, err));
	memcpy(s.upload, j->item->upload, sizeof(s.upload));
	if (*j->item->once == '\0')
		SP_TRY(new_key(j, s.key, err));
	else
		dock_send_key(j->item->once, j->metadata, s.key);
	SP_TRY(dock_send(j->c, &s, l.evidence, err));
	return record(j, &l, err);
}

static enum sp_code
prove(struct job *j, struct sp_err *err)
{
	struct dock_line l = { .act = DOCK_PROVED };
	struct dock_proof proof;

	SP_TRY(dock_proofs_take(&j->e->proofs, j->c, j->item->evidence,
	    j->sha256, j->is.size, &proof, err));
	l.entry = proof.entry;
	l.log_size = proof.log_size;
	lock(j);
	enum sp_code code = record_locked(j, &l, err);

	if (code == SP_OK) {
		memcpy(
		    j->f->evidence, j->item->evidence, sizeof(j->f->evidence));
		if (j->f->state != DOCK_PROVEN)
			dock_work_move(j->e, j->f, DOCK_PROVEN);
	}
	unlock(j);
	return code;
}

/* The site has no such item any more: forget it, send it again. */
static enum sp_code
lost(struct job *j, const struct sp_err *why, struct sp_err *err)
{
	struct dock_line l = { .act = DOCK_LOST };

	(void)snprintf(l.why, sizeof(l.why), "%s", why->text);
	return record(j, &l, err);
}

/* From bytes that are known to proof. */
static enum sp_code
bring(struct job *j, struct sp_err *err)
{
	if (*j->item->evidence != '\0') {
		enum sp_code code = prove(j, err);

		if (code != SP_E_NOTFOUND)
			return code;
		SP_TRY(lost(j, err, err));
	}
	SP_TRY(send_file(j, err));
	return prove(j, err);
}

static enum sp_code
keep(struct job *j, struct sp_err *err)
{
	struct dock_line l = { .act = DOCK_LEFT };

	lock(j);
	enum sp_code code = record_locked(j, &l, err);

	if (code == SP_OK && j->f->state != DOCK_PROVEN)
		dock_work_move(j->e, j->f, DOCK_PROVEN);
	if (code == SP_OK)
		dock_work_move(j->e, j->f, DOCK_KEPT);
	unlock(j);
	return code;
}

/* Why an erasure did not happen, as the camera's state. */
static void
blame_camera(struct job *j, const struct sp_err *why)
{
	lock(j);
	if (why->code == SP_E_FULL)
		dock_work_camera(j->e, DOCK_FULL, why->text);
	else if (why->reason == dock_place_barred)
		dock_work_camera(j->e, DOCK_READ_ONLY, why->text);
	unlock(j);
}

static enum sp_code
clear(struct job *j, struct sp_err *err)
{
	struct dock_line before = { .act = DOCK_CLEARING };
	struct dock_line after = { .act = DOCK_ERASED };
	struct dock_reading reading = { .go_on = on_go_on, .arg = j };
	struct dock_erasing what = { .path = j->f->path,
		.is = j->is,
		.fresh = j->hashed,
		.sha256 = j->sha256,
		.reading = &reading };

	if (!j->f->clearing)
		SP_TRY(record(j, &before, err));
	enum sp_code code = dock_erase(&j->place, &what, err);

	if (code != SP_OK) {
		blame_camera(j, err);
		return code;
	}
	lock(j);
	code = record_locked(j, &after, err);
	/* It is gone, whether or not that could be written down. */
	dock_work_move(j->e, j->f, DOCK_CLEARED);
	if (j->e->camera != DOCK_GONE)
		dock_work_camera(j->e, DOCK_PRESENT, "");
	unlock(j);
	return code;
}

static enum sp_code
whole_way(struct job *j, struct sp_err *err)
{
	SP_TRY(open_file(j, err));
	SP_TRY(hash_file(j, err));
	SP_TRY(claim(j, err));
	if (j->item->proven && !j->e->o->clear)
		return keep(j, err);
	SP_TRY(bring(j, err));
	return j->e->o->clear ? clear(j, err) : keep(j, err);
}

/* ---- What becomes of one that could not go on ---- */

enum after {
	AFTER_SETTLE,  /* it is another by now: from the start */
	AFTER_WRITTEN, /* let it become quiet */
	AFTER_WAIT,    /* the same again, later, more and more seldom */
	AFTER_DISK,    /* the same again, in half a minute */
	AFTER_SOON,    /* as soon as something else has happened */
	AFTER_REFUSE,  /* not for a long while */
	AFTER_STOP,    /* as it is: the dock ends */
	AFTER_FATAL,   /* so for all files */
};

static enum after
after_reason(const struct sp_err *why)
{
	static const struct {
		const char *reason;
		enum after after;
	} rows[] = {
		{ dock_place_changed, AFTER_SETTLE },
		{ dock_place_written, AFTER_WRITTEN },
		{ dock_place_gone, AFTER_SOON },
		{ dock_place_broken, AFTER_WAIT },
		{ dock_place_odd, AFTER_REFUSE },
		{ dock_place_barred, AFTER_DISK },
		{ dock_place_stopped, AFTER_STOP },
		{ dock_work_twin, AFTER_SOON },
		{ dock_proof_refused, AFTER_REFUSE },
		{ client_site_refused, AFTER_REFUSE },
		{ client_site_unreachable, AFTER_WAIT },
		{ client_site_no_tls, AFTER_WAIT },
		{ client_site_interrupted, AFTER_STOP },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		if (why->reason == rows[i].reason)
			return rows[i].after;
	return AFTER_WAIT;
}

static enum after
after_code(const struct sp_err *why)
{
	switch (why->code) {
	case SP_E_STOPPED: return AFTER_FATAL;
	case SP_E_MISMATCH: return AFTER_SETTLE;
	case SP_E_FULL: return AFTER_DISK;
	case SP_E_CORRUPT: return AFTER_REFUSE;
	case SP_OK:
	case SP_E_NOMEM:
	case SP_E_INVALID:
	case SP_E_LIMIT:
	case SP_E_NOTFOUND:
	case SP_E_CONFLICT:
	case SP_E_LOCKED:
	case SP_E_UNKNOWN:
	case SP_E_DENIED:
	case SP_E_UNAVAIL:
	case SP_E_INTERNAL:
	case SP_CODE_COUNT: break;
	}
	return after_reason(why);
}

static int64_t
pause_of(unsigned failed)
{
	int64_t pause = PAUSE_FIRST;

	for (unsigned i = 1; i < failed && pause < PAUSE_MAX; i++)
		pause *= 2;
	return pause < PAUSE_MAX ? pause : PAUSE_MAX;
}

/* With --once nothing is waited for that may never come. */
static bool
is_over(enum after after, const struct dock_file *f, const struct sp_err *why)
{
	switch (after) {
	case AFTER_WAIT:
		return why->reason != dock_place_broken ||
		    f->failed >= TRIES_MEDIUM;
	case AFTER_SETTLE: return f->failed >= TRIES_MEDIUM;
	case AFTER_DISK:
	case AFTER_REFUSE: return true;
	case AFTER_WRITTEN:
	case AFTER_SOON:
	case AFTER_STOP:
	case AFTER_FATAL: break;
	}
	return false;
}

static void
settle_again(struct dock_engine *e, struct dock_file *f)
{
	*f->sha256 = '\0';
	*f->evidence = '\0';
	f->clearing = false;
	f->quiet = sp_ticks();
	dock_work_move(e, f, DOCK_SETTLING);
}

static void
wait_for(struct dock_file *f, int64_t pause)
{
	f->waits = true;
	f->again = sp_ticks() + pause;
}

/* Bytes that come out differently again and again will not do so for ever. */
static enum after
temper(enum after after, struct dock_file *f)
{
	f->failed++;
	return after == AFTER_SETTLE && f->failed > 3 * TRIES_MEDIUM
	    ? AFTER_REFUSE
	    : after;
}

static void
refuse(struct dock_engine *e, struct dock_file *f, const struct sp_err *why)
{
	struct dock_line l = { .act = DOCK_REFUSED_FOR, .is = f->is };
	struct sp_err none;

	dock_file_move(f, DOCK_REFUSED);
	(void)snprintf(l.path, sizeof(l.path), "%s", f->path);
	(void)snprintf(l.why, sizeof(l.why), "%s", why->text);
	/* For whoever reads it later, once; nothing depends on it. */
	if (strcmp(f->last.text, why->text) != 0)
		SP_IGNORE(dock_journal_add(e->journal, &l, &none));
	wait_for(f, PAUSE_REFUSE);
}

static void
put_right(struct dock_engine *e, struct dock_file *f, const struct sp_err *why)
{
	enum after after = temper(after_code(why), f);

	switch (after) {
	case AFTER_SETTLE:
	case AFTER_WRITTEN: settle_again(e, f); break;
	case AFTER_WAIT: wait_for(f, pause_of(f->failed)); break;
	case AFTER_DISK: wait_for(f, PAUSE_DISK); break;
	case AFTER_SOON:
		*f->why = '\0';
		wait_for(f, e->o->rescan / 40);
		break;
	case AFTER_REFUSE: refuse(e, f, why); break;
	case AFTER_STOP: return;
	case AFTER_FATAL:
		e->fatal = *why;
		e->stop = true;
		return;
	}
	if (e->o->once && is_over(after, f, why))
		f->once_failed = true;
	if (e->o->once &&
	    (why->reason == client_site_unreachable ||
		why->reason == client_site_no_tls))
		e->away = true;
	if (after != AFTER_SOON) {
		(void)snprintf(f->why, sizeof(f->why), "%s", why->text);
		f->last = *why;
		dock_work_tell(e, f);
	}
}

/* Another medium came, or none is there, while it was at work: no scan could
 * say so of a busy file.  Under the lock. */
static void
unsee_moved(struct job *j)
{
	struct dock_file *f = j->f;

	if (!f->seen || f->state == DOCK_CLEARED ||
	    dock_place_same(&j->place, &j->e->place))
		return;
	f->seen = false;
	dock_work_move(j->e, f, DOCK_VANISHED);
}

static void
job_done(struct job *j)
{
	sp_file_closep(&j->fd);
	dock_place_close(&j->place);
}

void
dock_work_file(
    struct dock_engine *e, struct site_client *c, struct dock_file *f)
{
	struct job j = {
		.e = e, .c = c, .f = f, .fd = -1, .place = { .fd = -1 }
	};
	struct sp_err why = { .code = SP_OK };
	enum sp_code code = whole_way(&j, &why);

	lock(&j);
	if (j.item != NULL)
		j.item->busy = false;
	if (code == SP_OK)
		f->failed = 0;
	else
		put_right(e, f, &why);
	unsee_moved(&j);
	unlock(&j);
	job_done(&j);
}
