#ifndef VOUCH_ASKING_H
#define VOUCH_ASKING_H

#include "vouch/record.h"

/*
 * One question to a witness (C2SP tlog-witness, add-checkpoint), without the
 * wire: the body that is sent, and what the answer means.
 *
 *   begin --> 200  its cosignature of exactly this     VOUCH_DONE
 *             409  it last saw another size: begin
 *                  again from there, once              VOUCH_AGAIN
 *             409  beyond all that the log has, or
 *             422  no continuation of what it saw      VOUCH_CONTRADICTED
 *             else                                     VOUCH_FAILED
 *
 * A witness that contradicts has seen another history of this log than there
 * is here: somebody cut or forked it, or a backup was put back.
 *
 * One thread; log and witness are borrowed.
 */
#define VOUCH_CLOCKS (300 * SP_SECOND) /* two clocks may differ by */

enum vouch_outcome {
	VOUCH_DONE,
	VOUCH_AGAIN,
	VOUCH_FAILED,
	VOUCH_CONTRADICTED,
};

struct vouch_asking {
	struct ledger_log *log;
	const struct vouch_voucher *witness;
	struct vouch_checkpoint c; /* asked about */
	uint64_t old;              /* the size that it is asked from */
	bool again;                /* it named that size itself */
	sp_time asked;
};
void vouch_asking_done(struct vouch_asking *a);
#define VOUCH_AUTO_ASKING SP_CLEANUP(vouch_asking_done) struct vouch_asking

/* Ask for the log's current checkpoint.  `old` is what the witness is taken to
 * have seen; `again` when it said so.  Appends the request's body. */
enum sp_code vouch_asking_begin(struct vouch_asking *out,
    struct ledger_log *log, const struct vouch_voucher *witness, uint64_t old,
    bool again, struct sp_buf *body, struct sp_err *err) SP_MUST_USE;

struct vouch_cosigned {
	sp_time time;        /* by the witness's clock */
	struct sp_buf *line; /* gets its signature line */
	uint64_t old;        /* VOUCH_AGAIN: from here */
};
/* `now` is the wall clock.  FAILED and CONTRADICTED: `err` says why, in words
 * for who runs the site; out->time and ->line are only touched when DONE. */
enum vouch_outcome vouch_asking_answer(const struct vouch_asking *a,
    const struct errand_reply *reply, sp_time now, struct vouch_cosigned *out,
    struct sp_err *err) SP_MUST_USE;

#endif
