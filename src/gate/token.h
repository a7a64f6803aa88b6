#ifndef GATE_TOKEN_H
#define GATE_TOKEN_H

#include "base/buf.h"
#include "crypto/digest.h"
#include "db/db.h"
#include "gate/caller.h"
#include "gate/text.h"
#include "ledger/writer.h"

/*
 * Bearer tokens: "spt_" texts (gate/text.h), kept as hashes in the agency's
 * database, with a role and an expiry.  The agency in the text lets a token of
 * another agency be told apart without asking that agency's database.
 */
#define GATE_TOKEN_TEXT  GATE_TEXT_MAX
#define GATE_TOKEN_LABEL 100

extern const char gate_token_schema[]; /* among the agency's migrations */

struct gate_token {
	struct sp_id id;
	enum gate_role role;
	char label[GATE_TOKEN_LABEL + 1];
	sp_time created;
	sp_time expires;
	sp_time revoked; /* 0: not */
};

/* Is this the text of a token, and of which agency?  Says nothing about
 * whether it was ever issued. */
bool gate_token_parse(const char *text, struct sp_id *agency) SP_MUST_USE;

/* Make a token: its row and the entry "token.issued" (detail: expires, role;
 * never the label, which is free text), inside an act.  `by` is NULL for a
 * site's own (init): then the entry's actor is the site.  The text is shown
 * once and never again.  SP_E_INVALID, reason "token.label": not 1 to
 * GATE_TOKEN_LABEL bytes of UTF-8 without control characters; "token.expires":
 * not after now. */
struct gate_token_new {
	struct sp_id agency;
	enum gate_role role;
	const char *label;
	sp_time expires;
	const struct gate_caller *by;
};
enum sp_code gate_token_issue(struct ledger_tx *tx,
    const struct gate_token_new *t, struct sp_id *id,
    char text[static GATE_TOKEN_TEXT], struct sp_err *err) SP_MUST_USE;
/* From the next gate_token_know on it is nobody's.  SP_E_NOTFOUND;
 * SP_E_CONFLICT, reason "token.revoked": it already was.  Entry
 * "token.revoked". */
enum sp_code gate_token_revoke(struct ledger_tx *tx,
    const struct gate_caller *by, const struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;
/* Oldest first. */
enum sp_code gate_token_each(struct db *db,
    enum sp_code (*visit)(
	void *arg, const struct gate_token *t, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;

/* Who holds this bearer text?  SP_E_NOTFOUND: a token of another agency;
 * SP_E_UNKNOWN: none, malformed, never issued, revoked or expired (the reason
 * says which: token.missing, token.unknown, token.revoked, token.expired).
 * Fills agency, token, role and expires of *out.
 *
 * Expiry is judged by the latest time this process has seen here, so a clock
 * that is set back does not revive a token in a running server; after a start
 * the clock is believed again. */
enum sp_code gate_token_know(struct db *db, const struct sp_id *agency,
    const char *text, struct gate_caller *out, struct sp_err *err) SP_MUST_USE;
/* Is this time over, judged in the same way? */
bool gate_token_expired(sp_time expires) SP_MUST_USE;

#endif
