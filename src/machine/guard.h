#ifndef MACHINE_GUARD_H
#define MACHINE_GUARD_H

#include "machine/service.h"
#include "people/rules.h"

/*
 * Watches who is turned away at an agency's token endpoint, or with a token.
 *
 * - Guessing is slowed down: whoever fails as often as the rules say
 *   (logon.failures within logon.window, AC-7) for one client from one address
 *   (IPv6: one /64) is not heard for the rest of the window, whether what they
 *   show is right or not, and whether there is such a client or not.
 * - Refusals are counted, and written to the ledger by machine_guard_write,
 *   which somebody calls every few seconds: an answer that took the time of an
 *   entry would tell which clients there are.  "service.refused", one entry a
 *   minute for a service and code, stands for all since the one before it.
 *
 * In memory, of a fixed size: what does not fit is counted for the agency as a
 * whole, and the guess that lies back longest is forgotten first.  Any thread.
 */
struct machine_guard;

struct machine_guard *machine_guard_new(void) SP_MUST_USE; /* NULL: no memory */
void machine_guard_free(struct machine_guard *g);          /* NULL: no-op */

struct machine_try {
	const char *client; /* its text, whatever that is */
	const char *address;
};
/* Is it heard?  If not, *wait is how long it is not. */
bool machine_guard_may(struct machine_guard *g, const struct machine_try *t,
    const struct people_rules *rules, sp_time *wait) SP_MUST_USE;
void machine_guard_failed(struct machine_guard *g, const struct machine_try *t,
    const struct people_rules *rules);
/* It was right: earlier failures are forgotten. */
void machine_guard_passed(struct machine_guard *g, const struct machine_try *t);

/* Count a refusal for the ledger; a zero service is the agency. */
void machine_guard_refused(struct machine_guard *g, const struct sp_id *service,
    enum machine_refusal why, const char *address);
/* Write the entries that are due; with `all`, those whose minute is not over
 * too.  What cannot be written now stays counted.  Not inside an act. */
void machine_guard_write(struct machine_guard *g, const struct sp_id *agency,
    struct ledger_writer *writer, bool all);

#endif
