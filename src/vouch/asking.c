#include "vouch/asking.h"

#include "base/parse.h"
#include "witness/request.h"

#include <string.h>

void
vouch_asking_done(struct vouch_asking *a)
{
	vouch_checkpoint_free(&a->c);
}

/* Of one parameter more than elsewhere: all of them are the question. */
enum sp_code /* NOLINTNEXTLINE(readability-function-size) */
vouch_asking_begin(struct vouch_asking *out, struct ledger_log *log,
    const struct vouch_voucher *witness, uint64_t old, bool again,
    struct sp_buf *body, struct sp_err *err)
{
	VOUCH_AUTO_CHECKPOINT c = vouch_checkpoint_new();
	struct witness_request rq = { .old = old };

	SP_TRY(vouch_checkpoint_take(&c, log, err));
	/* What we remember may be of a witness begun anew; never the reverse:
	 * a log is not shorter than what was cosigned of it. */
	if (old > 0)
		SP_TRY(ledger_log_consistency(
		    log, old, c.is.size, &rq.proof, err));
	rq.note = sp_buf_str(&c.note);
	rq.note_len = c.note.len;
	witness_request_text(&rq, body);
	SP_TRY(sp_buf_check(body, "a witness's request", err));
	*out = (struct vouch_asking){
		.log = log,
		.witness = witness,
		.c = c,
		.old = old,
		.again = again,
		.asked = sp_now(),
	};
	c = vouch_checkpoint_new(); /* handed on */
	return SP_OK;
}

/* `err` has been told why. */
static enum vouch_outcome
so(enum vouch_outcome outcome, enum sp_code told)
{
	SP_REQUIRE(told != SP_OK);
	return outcome;
}

/* A witness's clock may be off by so much, and it has no fractions. */
static enum sp_code
check_time(const struct vouch_asking *a, const struct ledger_cosignature *sig,
    sp_time now, struct sp_err *err)
{
	char when[SP_TIME_TEXT];
	sp_time time;

	if (sig->time > (uint64_t)(SP_TIME_MAX / SP_SECOND))
		return sp_fail(err, SP_E_INVALID,
		    "its cosignature is of no time that there is");
	time = (sp_time)sig->time * SP_SECOND;
	sp_time_text(time, when);
	if (time > now + VOUCH_CLOCKS)
		return sp_fail(err, SP_E_INVALID,
		    "its cosignature is of the future, %s: see its clock and "
		    "ours",
		    when);
	if (time < a->asked - VOUCH_CLOCKS - SP_SECOND)
		return sp_fail(err, SP_E_INVALID,
		    "it answered with an old cosignature, of %s", when);
	return SP_OK;
}

static enum vouch_outcome
cosigned(const struct vouch_asking *a, const struct errand_reply *reply,
    sp_time now, struct vouch_cosigned *out, struct sp_err *err)
{
	struct ledger_cosignature sig;

	if (ledger_cosign_check(&a->witness->key, sp_buf_str(&a->c.note),
		a->c.text, reply->body, reply->len, &sig, err) != SP_OK ||
	    check_time(a, &sig, now, err) != SP_OK)
		return VOUCH_FAILED;
	ledger_cosign_line(&a->witness->key, &sig, out->line);
	if (sp_buf_check(out->line, "a cosignature", err) != SP_OK)
		return VOUCH_FAILED;
	out->time = (sp_time)sig.time * SP_SECOND;
	return VOUCH_DONE;
}

/* 409: its body is the size that it saw last, and LF. */
static enum vouch_outcome
elsewhere(const struct vouch_asking *a, const struct errand_reply *reply,
    struct vouch_cosigned *out, struct sp_err *err)
{
	uint64_t now = ledger_log_size(a->log);
	uint64_t size = 0;

	if (reply->len < 2 || reply->body[reply->len - 1] != '\n' ||
	    !sp_parse_u64(reply->body, reply->len - 1, 0, INT64_MAX, &size)) {
		return so(VOUCH_FAILED,
		    sp_fail(err, SP_E_INVALID,
			"it saw another size of the log, and does not say "
			"which "
			"(409)"));
	}
	if (size > now) {
		return so(VOUCH_CONTRADICTED,
		    sp_fail(err, SP_E_CORRUPT,
			"it has seen %ju entries of this log, which has %ju: "
			"the "
			"log was cut, or there is another",
			(uintmax_t)size, (uintmax_t)now));
	}
	if (a->again || size == a->old) {
		return so(VOUCH_FAILED,
		    sp_fail(err, SP_E_INVALID,
			"asked from the size that it named, it names %ju (409)",
			(uintmax_t)size));
	}
	out->old = size;
	return VOUCH_AGAIN;
}

static const struct {
	unsigned status;
	const char *text;
} refusals[] = {
	{ 400, "it takes the request for malformed (400)" },
	{ 403,
	    "it does not accept the log's signature: its operator has to "
	    "enter the log's key (403)" },
	{ 404, "it does not know this log: its operator has to add it (404)" },
	{ 429, "it is asked too often (429)" },
};

static enum vouch_outcome
refused(const struct errand_reply *reply, struct sp_err *err)
{
	if (reply->status == 0) {
		return so(VOUCH_FAILED,
		    sp_fail(err, SP_E_UNAVAIL, "no answer: %s",
			reply->problem == NULL ? "unknown" : reply->problem));
	}
	for (size_t i = 0; i < SP_COUNTOF(refusals); i++) {
		if (refusals[i].status == reply->status)
			return so(VOUCH_FAILED,
			    sp_fail(err, SP_E_DENIED, "%s", refusals[i].text));
	}
	return so(VOUCH_FAILED,
	    sp_fail(
		err, SP_E_UNAVAIL, "it answers with status %u", reply->status));
}

enum vouch_outcome
vouch_asking_answer(const struct vouch_asking *a,
    const struct errand_reply *reply, sp_time now, struct vouch_cosigned *out,
    struct sp_err *err)
{
	switch (reply->status) {
	case 200: return cosigned(a, reply, now, out, err);
	case 409: return elsewhere(a, reply, out, err);
	case 422:
		return so(VOUCH_CONTRADICTED,
		    sp_fail(err, SP_E_CORRUPT,
			"it has seen another history of this log: what it is "
			"shown "
			"does not continue it (422)"));
	default: return refused(reply, err);
	}
}
