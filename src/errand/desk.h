#ifndef ERRAND_DESK_H
#define ERRAND_DESK_H

#include "base/clock.h"
#include "errand/errand.h"

/*
 * Where threads of the server have errands run and wait for what comes back:
 *
 *   errand_desk_run --errand--> messenger
 *        waits                      |
 *        <-- the desk's thread <--answer
 *
 * A messenger is called for when there is none, at most once a second.  One
 * that is lost takes what is under way with it: those errands fail, and the
 * next one calls for another.  However it goes, nobody waits for longer than
 * ERRAND_DESK_SECONDS, and no more than ERRAND_DESK_MOST wait at once.
 */
#define ERRAND_DESK_MOST    32
#define ERRAND_DESK_SECONDS 15

struct errand_desk;

struct errand_desk_options {
	/* A messenger is wanted: errand_desk_attach brings it, sooner or
	 * later.  Called by any thread; does not wait. */
	void (*call)(void *self);
	void *self;
};

enum sp_code errand_desk_open(struct errand_desk **out,
    const struct errand_desk_options *o, struct sp_err *err) SP_MUST_USE;
/* From now on nobody waits: what is under way fails.  Any thread; the desk
 * stays until it is closed. */
void errand_desk_end(struct errand_desk *d);
/* Nobody is at it any more.  NULL is a no-op. */
void errand_desk_close(struct errand_desk *d);

/* The socket of a messenger, taken; an older one is closed.  Any thread. */
void errand_desk_attach(struct errand_desk *d, int sock);

/* Run e (its id is the desk's to give), and wait.  *status is 100 to 599, and
 * the body is appended to `body`.  SP_E_UNAVAIL, reason "errand.problem": there
 * was no answer, and the text says why; "errand.away": there is no messenger,
 * or too much is under way.  Any thread. */
enum sp_code errand_desk_run(struct errand_desk *d, struct errand *e,
    unsigned *status, struct sp_buf *body, struct sp_err *err) SP_MUST_USE;

#endif
