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
 *
 * A token may be a person's.  Then it carries no role of its own: role, state
 * and clearance are the person's at each request, and all rules about persons
 * apply.  It is void once the person's role, unit or state changes (it is good
 * in the epoch of theirs that it was made in, people/person.h), and revoked
 * with all sessions of theirs: when they end all, set a new password, or accept
 * an invitation.  It counts as proof of two factors only when the person made
 * it for themselves, in a session in which they had shown both a short while
 * before; and only for as long as a session would (session.reauthenticate),
 * then as one.  It is never fresh: a privileged act wants both factors shown
 * again, which a text cannot do.  So an administrator can give somebody a
 * token, but not act as them with it where it matters, nor can whoever finds
 * one.
 *
 * A token keeps who had it made, its issuer: the person, or the issuer of the
 * token by which it was made.  It is void once the issuer's account is not
 * active or their epoch has moved, and where it is no person's, the issuer's
 * clearance and the issuer's human count for it (GATE_ISSUED).  Tokens of the
 * site (init, agency add, recovery) and those made by them have none: they say
 * who is who only until an administrator can sign in (GATE_SETTLED).
 */
#define GATE_TOKEN_TEXT  GATE_TEXT_MAX
#define GATE_TOKEN_LABEL 100

/* So many are good at a time, neither revoked nor expired: of one person, those
 * that are their own, whoever had them made; of an agency, all. */
#define GATE_TOKENS_PERSON 50
#define GATE_TOKENS_AGENCY 10000

/* So many does one issuer have made in any 60 minutes: tokens, service accounts
 * and their secrets together; invitations; enrolment codes of devices, of which
 * a fleet asks for many.  Each stands in the ledger for ever, so that making
 * and revoking in turn must have a pace, too; revoking has none, since there is
 * one at most for each that was made.  What is nobody's doing counts for the
 * credential by which it is done, so that one that leaked holds up no other,
 * and together GATE_PACE_NOBODYS times as many are made, since one such token
 * can make others.  The site itself is not held up. */
#define GATE_PACES(X)                                                          \
	X(GATE_PACE_CREDENTIAL, 200, "token.pace", "credential",               \
	    "tokens, services and secrets")                                    \
	X(GATE_PACE_INVITATION, 500, "invite.pace", "invitation",              \
	    "invitations")                                                     \
	X(GATE_PACE_DEVICE, 2000, "device.pace", "device",                     \
	    "codes for devices")                                               \
	X(GATE_PACE_RESCUE, 5, "token.pace", "rescue",                         \
	    "secrets that ended the one before at once, beyond your pace")

enum gate_pace {
#define X(id, most, reason, name, words) id,
	GATE_PACES(X)
#undef X
	    GATE_PACE_COUNT
};
#define GATE_TOKENS_HOUR  200
#define GATE_PACE_NOBODYS 10

/* Among the agency's migrations, the second after the people's. */
extern const char gate_token_schema[];
extern const char gate_token_person_schema[];
extern const char gate_token_issuer_schema[]; /* a later one */
extern const char gate_token_good_schema[];   /* and a later one */
extern const char gate_token_epoch_schema[];  /* and the last */
extern const char gate_token_pace_schema[];   /* and a later one */
extern const char gate_token_paces_schema[];  /* and a later one */

struct gate_token {
	struct sp_id id;
	enum gate_role role; /* a person's: what they had when it was issued */
	struct sp_id person; /* zero: no person's */
	struct sp_id issuer; /* zero: nobody, or the person themselves */
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
 * not after now; "token.person": no such person, or not active.  SP_E_LIMIT,
 * "token.many": the person or the agency has GATE_TOKENS_PERSON or
 * GATE_TOKENS_AGENCY; "token.pace" (the site's own have neither).  Of a
 * person's, detail has factor and person too. */
struct gate_token_new {
	struct sp_id agency;
	enum gate_role role;              /* of a machine's */
	const struct sp_id *person;       /* NULL: it is no person's */
	const struct people_rules *rules; /* for a person's */
	const char *label;
	sp_time expires;
	const struct gate_caller *by;
	bool of_site; /* whoever asked: it has no issuer (recovery) */
};
enum sp_code gate_token_issue(struct ledger_tx *tx,
    const struct gate_token_new *wish, struct sp_id *id,
    char text[static GATE_TOKEN_TEXT], struct sp_err *err) SP_MUST_USE;
/* One more of a kind is made by these.  SP_E_LIMIT, with the reason of that
 * kind, the time from which on it may be and, in err->wait, how long that is.
 */
enum sp_code gate_token_pace(struct ledger_tx *tx, const struct people_by *by,
    enum gate_pace pace, struct sp_err *err) SP_MUST_USE;
/* The same of a secret that takes the place of this service's at once: a stolen
 * one can be replaced at one's pace, too, GATE_PACE_RESCUE times for each
 * service. */
enum sp_code gate_token_pace_rescue(struct ledger_tx *tx,
    const struct people_by *by, const struct sp_id *service,
    struct sp_err *err) SP_MUST_USE;
/* From the next gate_token_know on it is nobody's, and what is under way with
 * it ends.  SP_E_NOTFOUND; SP_E_CONFLICT, reason "token.revoked": it already
 * was.  Entry "token.revoked". */
enum sp_code gate_token_revoke(struct ledger_tx *tx,
    const struct gate_caller *by, const struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;
/* Likewise all that are this person's own, of whoever lets them in no more:
 * each with its entry, of the act's actor. */
enum sp_code gate_token_revoke_of(const struct people_act *a,
    const struct sp_id *person, struct sp_err *err) SP_MUST_USE;
/* Whose own is it?  SP_E_NOTFOUND: no such token, or no person's. */
enum sp_code gate_token_owner(struct db *db, const struct sp_id *id,
    struct sp_id *person, struct sp_err *err) SP_MUST_USE;
/* A page of them, oldest first. */
struct gate_token_page {
	const struct sp_id *person; /* NULL: of all */
	struct sp_id after;         /* this one; zero: from the first */
	size_t most;
	bool ended; /* also those that are good no more */
};
enum sp_code gate_token_each(struct db *db, const struct gate_token_page *page,
    enum sp_code (*visit)(
	void *arg, const struct gate_token *t, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;

/* Who holds this bearer text?  SP_E_NOTFOUND: a token of another agency;
 * SP_E_UNKNOWN: none, malformed, never issued, revoked or expired (the reason
 * says which: token.missing, token.unknown, token.revoked, token.expired;
 * token.void and person.inactive for a person's, token.void for one that a
 * person issued).  Fills agency, token, issuer, kind, role, made and expires of
 * *out; for a person's also person and how they stand, by these rules; for one
 * of either kind, clearance.
 *
 * Expiry is judged by the latest time this process has seen here, so a clock
 * that is set back does not revive a token in a running server; after a start
 * the clock is believed again. */
enum sp_code gate_token_know(struct db *db, const struct people_rules *rules,
    const struct sp_id *agency, const char *text, struct gate_caller *out,
    struct sp_err *err) SP_MUST_USE;
/* The same of a token by its id, for explanations: nobody has shown it.  Fills
 * *io but for the agency.  SP_E_NOTFOUND: none; SP_E_UNKNOWN as above. */
enum sp_code gate_token_seen(struct db *db, const struct people_rules *rules,
    const struct sp_id *id, struct gate_caller *io,
    struct sp_err *err) SP_MUST_USE;
/* Is this time over, judged in the same way? */
bool gate_token_expired(sp_time expires) SP_MUST_USE;

#endif
