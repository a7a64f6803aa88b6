#include "witness/judge.h"

#include <string.h>

unsigned
witness_verdict_status(enum witness_verdict v)
{
	static const unsigned status_of[] = {
#define X(id, status, name) [id] = (status),
		WITNESS_VERDICTS(X)
#undef X
	};

	SP_REQUIRE(v < WITNESS_VERDICT_COUNT);
	return status_of[v];
}

const char *
witness_verdict_name(enum witness_verdict v)
{
	static const char *const name_of[] = {
#define X(id, status, name) [id] = (name),
		WITNESS_VERDICTS(X)
#undef X
	};

	SP_REQUIRE(v < WITNESS_VERDICT_COUNT);
	return name_of[v];
}

static bool
reason_is(const struct sp_err *err, const char *reason)
{
	return err->reason != NULL && strcmp(err->reason, reason) == 0;
}

static enum witness_verdict
say(enum witness_verdict v, struct sp_err *why, const char *text)
{
	sp_err_fill(why, SP_E_INVALID, NULL, "%s", text);
	return v;
}

/* One good signature is enough, one bad is too many. */
static enum witness_verdict
check_signatures(const struct ledger_vkey *key, size_t keys,
    const struct witness_request *rq, size_t *text_len, struct sp_err *why)
{
	size_t good = 0;

	for (size_t i = 0; i < keys; i++) {
		enum sp_code code = ledger_note_check(
		    &key[i], rq->note, rq->note_len, text_len, why);

		good += code == SP_OK;
		if (code != SP_OK && code != SP_E_CORRUPT)
			return WITNESS_MALFORMED;
		if (code == SP_E_CORRUPT && !reason_is(why, "note.missing"))
			return WITNESS_UNSIGNED;
	}
	return good > 0 ? WITNESS_COSIGN : WITNESS_UNSIGNED;
}

enum witness_verdict
witness_judge_note(const struct witness_logs *logs,
    const struct witness_request *rq, struct ledger_checkpoint *out,
    size_t *text_len, struct sp_err *why)
{
	const char *end = memchr(rq->note, '\n', rq->note_len);
	const struct ledger_vkey *key;
	enum witness_verdict v;
	size_t keys = 0;

	if (end == NULL || end == rq->note)
		return say(WITNESS_MALFORMED, why, "not a signed note");
	key =
	    witness_logs_find(logs, rq->note, (size_t)(end - rq->note), &keys);
	if (key == NULL)
		return say(WITNESS_UNKNOWN, why,
		    "this witness does not know the log of that origin");
	v = check_signatures(key, keys, rq, text_len, why);
	if (v != WITNESS_COSIGN)
		return v;
	if (ledger_checkpoint_parse(rq->note, *text_len, out, why) == SP_OK)
		return WITNESS_COSIGN;
	return reason_is(why, "checkpoint.empty") ? WITNESS_INCONSISTENT
						  : WITNESS_MALFORMED;
}

static bool
same_root(const struct ledger_checkpoint *a, const struct ledger_checkpoint *b)
{
	return memcmp(&a->root, &b->root, sizeof(a->root)) == 0;
}

enum witness_verdict
witness_judge_growth(const struct witness_request *rq,
    const struct ledger_checkpoint *now, const struct ledger_checkpoint *latest,
    struct sp_err *why)
{
	if (rq->old > now->size)
		return say(WITNESS_MALFORMED, why,
		    "the old size is larger than the checkpoint's");
	if (rq->old != latest->size)
		return say(WITNESS_BEHIND, why,
		    "the old size is not that of the checkpoint cosigned last");
	if (now->size == latest->size && !same_root(now, latest))
		return say(WITNESS_FORK, why,
		    "another root of this size was cosigned before");
	if (rq->old == 0) /* what is empty is continued by anything */
		return rq->proof.n == 0
		    ? WITNESS_COSIGN
		    : say(WITNESS_INCONSISTENT, why,
			  "from size 0 there is nothing to prove");
	if (!ledger_merkle_check_consistency(
		rq->old, now->size, &rq->proof, &latest->root, &now->root))
		return say(WITNESS_INCONSISTENT, why,
		    "the proof does not hold: this checkpoint does not "
		    "continue the one cosigned last");
	return WITNESS_COSIGN;
}
