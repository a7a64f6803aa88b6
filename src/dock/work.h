#ifndef DOCK_WORK_H
#define DOCK_WORK_H

#include "dock/book.h"
#include "dock/dock.h"
#include "dock/proof.h"

/*
 * What the threads of a dock share, and the way of one file on one of them.
 *
 *   the dock's thread   scans, decides what is due, puts it into the queue
 *   each stream         takes one from the queue, and goes with it as far as
 *                       it can: hash, upload, proof, erasure
 *
 * Everything in the engine is touched under its lock; no lock is held while a
 * file is read or the site is spoken to.  A file that is `busy` belongs to
 * its stream, and stays known until that is done.
 */
struct dock_engine {
	const struct dock_options *o;
	pthread_mutex_t lock;
	pthread_cond_t more; /* the queue is not empty, or it is over */
	struct dock_journal *journal;
	struct dock_book *book;
	struct dock_proofs proofs;
	enum dock_camera camera;
	struct dock_place place; /* this session's folder */
	bool stop;
	struct sp_err fatal;      /* why nothing can go on */
	int wake;                 /* an eventfd: a stream is done with a file */
	struct dock_file **queue; /* a ring */
	size_t queue_slots, queue_at, queue_n;
	size_t busy;
	bool away;  /* with `once`: the site is, no other file is tried */
	bool dirty; /* something was done since the last scan */
	size_t kept, cleared;
};

/* Reason: a file of the same content is on its way. */
extern const char dock_work_twin[];

/* Under the lock: */
bool dock_work_queue(struct dock_engine *e, struct dock_file *f);
struct dock_file *dock_work_next(struct dock_engine *e);
void dock_work_tell(struct dock_engine *e, const struct dock_file *f);
void dock_work_move(
    struct dock_engine *e, struct dock_file *f, enum dock_state to);
void dock_work_camera(
    struct dock_engine *e, enum dock_camera to, const char *why);

/* Without it: one file, which is busy, as far as it goes.  Its state, and
 * when it is to be tried again, are set. */
void dock_work_file(
    struct dock_engine *e, struct site_client *c, struct dock_file *f);

#endif
