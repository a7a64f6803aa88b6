#ifndef GATE_ONGOING_H
#define GATE_ONGOING_H

#include "base/buf.h"
#include "gate/caller.h"

#include <stdatomic.h>

/*
 * What goes on for longer than the moment in which its caller was known: the
 * body of an upload, a viewing and its readers, a stream of events.  It rests
 * on ids: the credential, the grant and each that the grant itself rests on (a
 * share's whole chain, with its groups), the person whose credential it is, and
 * whoever issued it.  When any of these loses its ground, all that rests on it
 * ends now, however much that is:
 *
 *              begin                       end
 *   (none) ------------> GOING ON --cut--> OVER ------> (none)
 *             refused       '---------------------------^
 *             when cut since the caller was known
 *
 * Nobody who takes something away calls this: the functions that change such a
 * row say so in their act (ledger_tx_ends), and the room of the ledger cuts
 * when the act is durable (evidence_room_cut).
 *
 * Between knowing a caller and beginning, one of its ids may have been cut:
 * begin finds that by `known` (gate/caller.h), so nobody slips through.
 *
 * One list for the process: whoever is let in to another agency's room is cut
 * off there when their session or account at home ends.  An id is one thing's,
 * never two agencies'.  Any thread.
 */

/* What something that goes on rests on; zero where there is none. */
struct gate_grounds {
	struct sp_id token, via, person, issuer;
	struct sp_id above[GATE_VIA_ABOVE];
};

struct gate_ongoing {
	struct gate_ongoing *next, *prev; /* under the list's lock */
	struct gate_grounds on;
	struct sp_id agency, home; /* that is asked; whose person it is */
	const char *by;            /* static: who.via.kind; NULL: at home */
	bool cleared;              /* when the caller was known */
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

/* Was any of what the caller rests on cut since it was known? */
enum sp_code gate_ongoing_check(
    const struct gate_caller *who, struct sp_err *err) SP_MUST_USE;
/* End what goes on under this credential (who.token), grant (who.via.id, or one
 * of who.via.above), person (who.person) or issuer (who.issuer). */
void gate_ongoing_cut(const struct sp_id *id);

/*
 * Time takes clearance away without anybody's act.  These go on and were
 * cleared when they began: whoever looks (evidence_room_tick, grants_tick)
 * judges the person anew.
 */
struct gate_cleared {
	struct sp_id person; /* whose clearance it is: a machine's issuer */
	struct sp_id agency, home;
	const char *by; /* static: "share", "lockbox"; NULL: at home */
};
/* Fills *out with those whose person is of this house (NULL: of any), each but
 * once, in order of person: struct gate_cleared one after the other. */
void gate_ongoing_cleared(const struct sp_id *home, struct sp_buf *out);

#endif
