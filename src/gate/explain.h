#ifndef GATE_EXPLAIN_H
#define GATE_EXPLAIN_H

#include "gate/decision.h"

/*
 * Why somebody may or may not: the path of a decision, step by step, and what
 * would change it.  Pure like the decision, and made from it: the same tables
 * and the same steps, so that it cannot tell another story.
 *
 * It tells of records (whose training lapsed): whoever asks needs a pass for
 * GATE_POLICY_EXPLAIN, or is the one that it is about.  Any thread.
 */

/* What to do about a step, by whoever has the records: in place of the general
 * sentence, where that step fails. */
struct gate_explain_remedy {
	enum gate_step step;
	const char *code; /* NULL: the one it fails with */
	const char *todo;
};

/* Whom and what it is about, where the caller can say; each may be NULL. */
struct gate_explain_about {
	const char *object; /* id */
	const char *person; /* id */
	/* Canonical JSON values: */
	const char *account;    /* what the person's account is, or "null" */
	const char *assumed;    /* what nobody has found out, but supposed */
	const char *clearance;  /* how it was computed */
	const char *clearances; /* where two decide: of both houses */
	const char *via;        /* by what a guest would come, {…} */
	/* The act that was asked about, when the facts are of another that it
	 * takes first: to come at all.  NULL: the facts'. */
	const char *act;
	const struct gate_explain_remedy *remedy; /* in the order to be told */
	size_t remedies;
};

/*
 * One JSON object, members in canonical order:
 *
 * {"account":…,"act":ACT,"assumed":…,   account, assumed: when given
 *  "changes":[{"code":CODE,"do":TEXT,"step":STEP},…],
 *  "class":"restricted"|null,   the closest kept that would be open
 *  "clearance":…,"clearances":…, when given
 *  "code":CODE|null,            null: permitted
 *  "decision":"permit"|"deny",
 *  "entry":TEXT|null,           how a permit stands in the ledger
 *  "object":…,"person":…,       when given
 *  "path":[{"outcome":"passed"|"failed"|"not asked"|"not reached",
 *           "rule":TEXT,"section":TEXT,"step":STEP,
 *           "via":…},…],        via: of the step "agency", when given
 *  "role":ROLE|null}             null: of somebody unknown
 *
 * "changes" has one for each step that fails, the decisive one first (or as
 * many as there are remedies for it): all of them would have to change; of
 * somebody unknown only that one.  None: permitted.  Of what is not there for
 * them at all (GATE_OTHER) the class is judged without a way to it.
 */
void gate_explain_json(const struct gate_facts *f,
    const struct gate_explain_about *about, struct sp_buf *out);

/* The same of an act, or of something to act on, that nobody knows: a denial,
 * "unknown", with `why` as what to do about it.  `act` is told as it was
 * said (UTF-8). */
void gate_explain_unknown(const char *act, const char *why,
    const struct gate_explain_about *about, struct sp_buf *out);

/* The same as lines of text for people, without what `about` holds. */
void gate_explain_text(const struct gate_facts *f, struct sp_buf *out);

/* What to do about a failed step of these facts, in words. */
const char *gate_explain_change(
    const struct gate_facts *f, enum gate_step step);

#endif
