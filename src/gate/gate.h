#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "gate/caller.h"
#include "gate/token.h"

/*
 * The one door (DESIGN 9): whoever wants to act on evidence asks here and
 * gets a pass or a reasoned denial.  What is decided, and in which order, is
 * gate_decide's; for acts that reveal plaintext the entry is durable in the
 * ledger before the pass exists (promise 1).
 *
 * Denials of known callers are entries too: "gate.denied", outcome "refused",
 * detail {"act":"evidence.view","code":"role","stands_for":1}, with the code of
 * the decision.  A flood is counted, not copied: of one token, act and code
 * there is one entry a minute, and it stands for all denials since the one
 * before it.
 *
 * Threads: any, but never inside an act (the gate waits for the writer).
 */
struct gate;
struct gate_pass;

/* One an agency; the writer is borrowed and outlives the gate. */
enum sp_code gate_open(struct gate **out, const struct sp_id *agency,
    struct ledger_writer *writer, struct sp_err *err) SP_MUST_USE;
/* It is the gate of the provider's own house: no evidence is kept behind it, so
 * that acts on evidence are nobody's there (lockbox; to those of other realms
 * other-agency).  To be said before anybody asks. */
void gate_of_provider(struct gate *g);
/* What this gate makes of facts that were gathered for it, for explanations:
 * gate_admit does it by itself. */
void gate_facts_here(const struct gate *g, struct gate_facts *io);
/* Writes what is counted and not yet written. */
void gate_close(struct gate *g);
/* Write entries for floods whose minute is over; to be called every few
 * seconds.  What cannot be written now stays counted. */
void gate_tick(struct gate *g);

struct gate_object {
	const char *kind; /* static: "evidence", "upload", "log", "token" */
	struct sp_id id;  /* zero: all of that kind */
};

/* SP_E_NOTFOUND for a caller of another agency; SP_E_DENIED with the code's
 * name as reason, SP_E_UNAVAIL/SP_E_STOPPED when the entry cannot be written.
 * Recorded acts (gate_act_row: GATE_VIEW is "evidence.opened") are for one
 * object, never for all of a kind.  A caller without a token (zero) is the site
 * itself.  The pass is released by its last gate_pass_unref. */
enum sp_code gate_admit(struct gate *g, const struct gate_caller *who,
    enum gate_act act, const struct gate_object *on, struct gate_pass **out,
    struct sp_err *err) SP_MUST_USE;

/* The same, with what else is to be said:
 * - facts, gathered for this caller and act; NULL: gate_caller_facts, with
 *   nothing more known of the object;
 * - for a recorded act, something that must be durable together with the
 *   entry: `also` runs in the entry's transaction, after it. */
struct gate_request {
	const struct gate_caller *who;
	enum gate_act act;
	struct gate_object on;
	const struct gate_facts *facts; /* borrowed */
	ledger_act also;                /* NULL: nothing */
	void *also_arg;
};
enum sp_code gate_admit_with(struct gate *g, const struct gate_request *rq,
    struct gate_pass **out, struct sp_err *err) SP_MUST_USE;

struct gate_pass *gate_pass_ref(struct gate_pass *p);
void gate_pass_unref(struct gate_pass *p);
const struct gate_caller *gate_pass_caller(const struct gate_pass *p);
enum gate_act gate_pass_act(const struct gate_pass *p);
/* Index of the entry written for it; UINT64_MAX where the act has none. */
uint64_t gate_pass_entry(const struct gate_pass *p);
/* Aborts unless the pass is for this act and this object (or all of its
 * kind; `object` NULL asks for that): what every function that takes a pass
 * does first. */
void gate_pass_require(
    const struct gate_pass *p, enum gate_act act, const struct sp_id *object);

static inline void
gate_pass_unrefp(struct gate_pass **p)
{
	gate_pass_unref(*p);
}
#define GATE_AUTO_PASS SP_CLEANUP(gate_pass_unrefp) struct gate_pass *

/* An entry with who, where, when (now) and outcome "done" from a caller; the
 * writer of the act adds the detail.  An object that is NULL or zero (all of
 * its kind) becomes the agency.  Borrows from `who`. */
struct ledger_entry gate_entry(const struct gate_caller *who, const char *act,
    const char *object_kind, const struct sp_id *object);

#endif
