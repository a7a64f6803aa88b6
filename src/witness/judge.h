#ifndef WITNESS_JUDGE_H
#define WITNESS_JUDGE_H

#include "witness/logs.h"
#include "witness/request.h"

/*
 * What a witness says to a checkpoint that it is shown (C2SP tlog-witness,
 * "add-checkpoint").  Decisions only: nothing here has state or time, so that
 * every line of the standard is a row of a test.
 *
 *   who signed it?            MALFORMED 400, UNKNOWN 404, UNSIGNED 403
 *   does it continue what     MALFORMED 400 (old over its size)
 *   was cosigned last?        BEHIND 409, INCONSISTENT and FORK 422, COSIGN 200
 */
#define WITNESS_VERDICTS(X)                                                    \
	X(WITNESS_COSIGN, 200, "cosigned")                                     \
	X(WITNESS_MALFORMED, 400, "malformed")                                 \
	X(WITNESS_UNSIGNED, 403, "unsigned")                                   \
	X(WITNESS_UNKNOWN, 404, "unknown")                                     \
	X(WITNESS_BEHIND, 409, "behind") /* of another size than ours */       \
	X(WITNESS_INCONSISTENT, 422, "inconsistent")                           \
	X(WITNESS_FORK, 422, "fork")     /* two signed roots for one size */   \
	X(WITNESS_UNABLE, 503, "unable") /* ours: not to be judged now */

enum witness_verdict {
#define X(id, status, name) id,
	WITNESS_VERDICTS(X)
#undef X
	    WITNESS_VERDICT_COUNT
};

unsigned witness_verdict_status(enum witness_verdict v);
const char *witness_verdict_name(enum witness_verdict v);

/* Is the request's note a checkpoint of a log that we know, signed by a key
 * of it, and by none wrongly?  WITNESS_COSIGN: yes; *out is it and *text_len
 * the length of its text.  Else `why` says what is wrong. */
enum witness_verdict witness_judge_note(const struct witness_logs *logs,
    const struct witness_request *rq, struct ledger_checkpoint *out,
    size_t *text_len, struct sp_err *why);

/* Does it continue the checkpoint of that log that was cosigned last (size 0
 * with the empty tree's root: none was)? */
enum witness_verdict witness_judge_growth(const struct witness_request *rq,
    const struct ledger_checkpoint *now, const struct ledger_checkpoint *latest,
    struct sp_err *why);

#endif
