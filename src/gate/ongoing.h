#ifndef GATE_ONGOING_H
#define GATE_ONGOING_H

#include "gate/caller.h"

#include <stdatomic.h>

/*
 * What goes on for longer than the moment in which its caller was known: the
 * body of an upload, a reader of content.  When a credential is revoked, or a
 * grant, all that goes on under it ends now:
 *
 *              begin                       end
 *   (none) ------------> GOING ON --cut--> OVER ------> (none)
 *             refused       '---------------------------^
 *             when cut since the caller was known
 *
 * Between knowing a caller and beginning, its credential may have been cut:
 * begin finds that by `known` (gate/caller.h), so nobody slips through.
 *
 * One list for the process: whoever is let in to another agency's room is cut
 * off there when their session at home ends.  An id is one credential's, never
 * two agencies'.  Any thread.
 */

struct gate_ongoing {
	struct gate_ongoing *next, *prev; /* under the list's lock */
	struct sp_id token, via;
	atomic_bool over;
	void (*cut)(void *arg);
	void *arg;
};

/* `cut` wakes it, once, from another thread and under the list's lock: it may
 * not call back; NULL: whoever goes on asks gate_ongoing_over in time.  The
 * struct stays the caller's, at its place until gate_ongoing_end.
 * SP_E_UNKNOWN, reason "token.cut": it was cut since it was known. */
enum sp_code gate_ongoing_begin(struct gate_ongoing *o,
    const struct gate_caller *who, void (*cut)(void *arg), void *arg,
    struct sp_err *err) SP_MUST_USE;
/* From then on `cut` is not called, nor under way.  A no-op on one that is
 * zero or has ended. */
void gate_ongoing_end(struct gate_ongoing *o);
bool gate_ongoing_over(const struct gate_ongoing *o);
/* The refusal of what is over. */
enum sp_code gate_ongoing_refused(struct sp_err *err) SP_MUST_USE;

/* Was the caller's credential or grant cut since it was known? */
enum sp_code gate_ongoing_check(
    const struct gate_caller *who, struct sp_err *err) SP_MUST_USE;
/* End what goes on under this credential (who.token) or grant (who.via.id). */
void gate_ongoing_cut(const struct sp_id *id);

#endif
