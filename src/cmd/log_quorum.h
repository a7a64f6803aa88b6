#ifndef CMD_LOG_QUORUM_H
#define CMD_LOG_QUORUM_H

#include "base/clock.h"
#include "ledger/cosign.h"

/*
 * How many of the witnesses that a monitor trusts have cosigned a checkpoint,
 * lately.  A witness's cosignature says that it saw no other history of this
 * log up to then; so a site that shows a history of its own to one reader must
 * have as many witnesses with it.
 */
enum quorum_state {
	QUORUM_FRESH,
	QUORUM_STALE,  /* older than the user wishes */
	QUORUM_FUTURE, /* by a clock that is ahead of ours */
	QUORUM_WRONG,  /* a cosignature that does not hold */
	QUORUM_NONE,
};
const char *cmd_log_quorum_name(enum quorum_state s);

struct quorum_word {
	enum quorum_state state;
	uint64_t time; /* of the cosignature; 0: none that holds */
};

#define QUORUM_MOST LEDGER_NOTE_SIGS /* no note has more */
struct quorum {
	struct ledger_cosigner witness[QUORUM_MOST];
	struct quorum_word word[QUORUM_MOST]; /* of the last check */
	size_t n;
	size_t wanted;
	int64_t fresh; /* seconds */
};
#define QUORUM_AHEAD 300 /* seconds that clocks may differ */

/* Verifier keys, or files that hold one.  SP_E_INVALID: one is none, one comes
 * twice, there are too many, or more are wanted than there are. */
enum sp_code cmd_log_quorum_init(struct quorum *out, const char *const *keys,
    uint64_t wanted, int64_t fresh, struct sp_err *err) SP_MUST_USE;
/* Over a checkpoint's note whose log's signature was checked.  How many are
 * fresh; true when that is enough. */
bool cmd_log_quorum_check(
    struct quorum *q, const char *note, size_t len, sp_time now, size_t *fresh);

#endif
