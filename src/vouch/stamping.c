#include "vouch/stamping.h"

#include "crypto/secret.h"

void
vouch_stamping_done(struct vouch_stamping *s)
{
	vouch_checkpoint_free(&s->c);
}

enum sp_code
vouch_stamping_begin(struct vouch_stamping *out, struct ledger_log *log,
    const struct vouch_voucher *authority, struct sp_buf *body,
    struct sp_err *err)
{
	VOUCH_AUTO_CHECKPOINT c = vouch_checkpoint_new();
	struct vouch_stamping s = {
		.authority = authority,
		.wish = {
			.ca = sp_buf_str(&authority->trust),
			.policy = authority->policy[0] == '\0'
			    ? NULL
			    : authority->policy,
		},
	};

	SP_TRY(vouch_checkpoint_take(&c, log, err));
	crypto_sha256(c.note.at, c.note.len, s.wish.sha256);
	do /* 0 would mean none */
		crypto_random(&s.wish.nonce, sizeof(s.wish.nonce));
	while (s.wish.nonce == 0);
	SP_TRY(crypto_timestamp_request(&s.wish, body, err));
	s.c = c;
	*out = s;
	c = vouch_checkpoint_new(); /* handed on */
	return SP_OK;
}

static enum sp_code
stamped(const struct vouch_stamping *s, const struct errand_reply *reply,
    sp_time now, sp_time *time, struct sp_buf *token, struct sp_err *err)
{
	SP_AUTO_BUF der = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	char when[SP_TIME_TEXT];
	sp_time at = 0;

	SP_TRY(crypto_timestamp_check(
	    reply->body, reply->len, &s->wish, &at, &der, err));
	sp_time_text(at, when);
	if (at > now + VOUCH_CLOCKS || at < now - VOUCH_CLOCKS)
		return sp_fail(err, SP_E_INVALID,
		    "its time is %s: one clock is wrong, its or ours", when);
	sp_buf_add(token, der.at, der.len);
	SP_TRY(sp_buf_check(token, "a timestamp", err));
	*time = at;
	return SP_OK;
}

static enum sp_code
refused(const struct errand_reply *reply, struct sp_err *err)
{
	if (reply->status == 0)
		return sp_fail(err, SP_E_UNAVAIL, "no answer: %s",
		    reply->problem == NULL ? "unknown" : reply->problem);
	return sp_fail(
	    err, SP_E_UNAVAIL, "it answers with status %u", reply->status);
}

enum vouch_outcome
vouch_stamping_answer(const struct vouch_stamping *s,
    const struct errand_reply *reply, sp_time now, sp_time *time,
    struct sp_buf *token, struct sp_err *err)
{
	enum sp_code code = reply->status == 200
	    ? stamped(s, reply, now, time, token, err)
	    : refused(reply, err);

	return code == SP_OK ? VOUCH_DONE : VOUCH_FAILED;
}
