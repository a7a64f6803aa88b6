#ifndef WITNESS_STATE_H
#define WITNESS_STATE_H

#include "crypto/digest.h"
#include "ledger/cosign.h"

/*
 * What a witness has cosigned: of each log the last checkpoint, with the
 * log's signature and the witness's own, as the signed note that monitors are
 * given.  In the witness's folder:
 *
 *	state/<hex SHA-256 of the origin>     the note
 *	forks/<that>-<hex of the root>        signed checkpoints that contradict
 *	                                      each other, as evidence: one that
 *	                                      was cosigned, and each of its size
 *	                                      with another root
 *
 * Losing the state, or an old copy of it, would make the witness cosign what
 * it must not: so a file that is not as this witness signed it, or a missing
 * folder, is SP_E_CORRUPT, and nobody is served.
 *
 * A note is in place, synced, before witness_state_keep returns.  When it
 * fails for any other reason than a full disk, nothing is kept any more
 * (SP_E_STOPPED) until the state is opened again: nobody knows what the disk
 * has.  Reading goes on.
 *
 * Any thread; from witness_state_begin to _end one at a time.
 */
struct witness_state;

struct witness_latest {
	struct ledger_checkpoint checkpoint; /* size 0: none, or empty */
	uint64_t time;                       /* of the cosignature; 0: none */
};

/* New folders.  Doing it twice is no fault; SP_E_CONFLICT when there is
 * already something in them. */
enum sp_code witness_state_make(int dir, struct sp_err *err) SP_MUST_USE;
/* `dir` stays the caller's. */
enum sp_code witness_state_open(struct witness_state **out, int dir,
    const struct ledger_cosigner *self, struct sp_err *err) SP_MUST_USE;
void witness_state_free(struct witness_state *s); /* NULL is a no-op */

/* What was cosigned last for the origin, until witness_state_end. */
struct witness_latest witness_state_begin(
    struct witness_state *s, const char *origin);
enum sp_code witness_state_keep(struct witness_state *s,
    const struct witness_latest *latest, const struct sp_buf *note,
    struct sp_err *err) SP_MUST_USE;
/*
 * Keep evidence of a fork: this note, and before it the one that was cosigned
 * last for its origin, which it contradicts, and which state/ keeps only until
 * the log has grown.  Once for each root, at most WITNESS_FORKS_MAX files a
 * log, the first of which stay.  SP_E_INVALID: nothing was cosigned for it.
 */
#define WITNESS_FORKS_MAX 64
enum sp_code witness_state_keep_fork(struct witness_state *s,
    const struct ledger_checkpoint *c, const char *note, size_t len,
    struct sp_err *err) SP_MUST_USE;
void witness_state_end(struct witness_state *s);

/* The note kept for a log, by the digest of its origin; SP_E_NOTFOUND. */
enum sp_code witness_state_note(struct witness_state *s,
    const uint8_t origin[static CRYPTO_SHA256_LEN], struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
/* Has keeping stopped? */
bool witness_state_stopped(struct witness_state *s);
/* Each log's, in no order; under the lock, so briefly. */
void witness_state_each(struct witness_state *s,
    void (*visit)(void *arg, const struct witness_latest *latest), void *arg);
size_t witness_state_forks(struct witness_state *s);

#endif
