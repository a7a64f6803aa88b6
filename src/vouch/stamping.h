#ifndef VOUCH_STAMPING_H
#define VOUCH_STAMPING_H

#include "vouch/asking.h"

/*
 * One question to a time authority (RFC 3161), without the wire: a timestamp
 * of the bytes of the log's current checkpoint, as signed by the log and
 * nobody else.  One thread; the authority is borrowed.
 */
struct vouch_stamping {
	const struct vouch_voucher *authority;
	struct vouch_checkpoint c;
	struct crypto_timestamp_wish wish;
};
void vouch_stamping_done(struct vouch_stamping *s);
#define VOUCH_AUTO_STAMPING                                                    \
	SP_CLEANUP(vouch_stamping_done) struct vouch_stamping

/* Appends the request's body. */
enum sp_code vouch_stamping_begin(struct vouch_stamping *out,
    struct ledger_log *log, const struct vouch_voucher *authority,
    struct sp_buf *body, struct sp_err *err) SP_MUST_USE;

/* VOUCH_DONE: *time and `token` are there.  VOUCH_FAILED: `err` says why. */
enum vouch_outcome vouch_stamping_answer(const struct vouch_stamping *s,
    const struct errand_reply *reply, sp_time now, sp_time *time,
    struct sp_buf *token, struct sp_err *err) SP_MUST_USE;

#endif
