#ifndef VOUCH_COURIER_H
#define VOUCH_COURIER_H

#include "evidence/site.h"
#include "vouch/record.h"

/*
 * Keeps the logs of a site vouched for: one thread that asks each voucher of
 * the roster about each agency's log, through a messenger (messenger.h).
 *
 *              grown, and rested             cosigned, stamped: recorded
 *   IDLE ------------------------> ASKED ------------------------> IDLE
 *     ^                             |  |
 *     |  rests, twice as long       |  | the witness names another size
 *     +--- after each failure ------+  +--> asked again from there, once
 *
 * Always about the newest checkpoint: what a log grows by meanwhile is in the
 * next question.  A voucher has at most VOUCH_AT_ONCE questions open, so that
 * one that hangs holds up no other; and no thread waits here for the network.
 * Nothing is in an upload's way: what is learnt goes through the agency's
 * writer like any act, a row at a time.
 *
 * The roster is read again every second, so that it can be changed beside a
 * running site.
 */
#define VOUCH_AT_ONCE 4
#define VOUCH_GAP     (5 * SP_SECOND) /* between questions about one log */

struct vouch_courier;

struct vouch_courier_options {
	struct evidence_site *site;
	const char *dir; /* the site's */
	sp_time gap;     /* 0: VOUCH_GAP */
	/* A messenger is wanted: vouch_courier_attach brings it, sooner or
	 * later.  Called by the courier's thread; does not wait. */
	void (*call)(void *self);
	void *self;
};

enum sp_code vouch_courier_start(struct vouch_courier **out,
    const struct vouch_courier_options *o, struct sp_err *err) SP_MUST_USE;
/* Ends the thread, whatever is under way.  The site's rooms must still be
 * open.  NULL is a no-op. */
void vouch_courier_stop(struct vouch_courier *c);

/* The socket of a messenger, taken; an older one is closed.  Any thread. */
void vouch_courier_attach(struct vouch_courier *c, int sock);
/* Read the roster, and ask whoever rests after a failure, now. */
void vouch_courier_wake(struct vouch_courier *c);

/* How each voucher stands with each agency's log; any thread.  What cannot be
 * read is left out. */
void vouch_courier_each(struct vouch_courier *c,
    void (*visit)(void *arg, const struct people_agency *agency,
	const struct vouch_voucher *v, const struct vouch_standing *s),
    void *arg);

#endif
