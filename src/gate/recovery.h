#ifndef GATE_RECOVERY_H
#define GATE_RECOVERY_H

#include "gate/token.h"

/*
 * Recovery from the loss of the last administrator.  Ahead of time an
 * administrator makes shares ("spr_" texts, gate/text.h), one for each of two
 * or more custodians: persons with role custodian or laso, each a human being
 * of their own.  A share is shown once, printed and put into a sealed envelope;
 * stored is its SHA-256.  Any two of them, handed in by two people, make an
 * administrator's token; nothing less does, and no more is asked.
 *
 *             prepare (new shares: those before are void)
 *   (none) ----------------> READY <----------------------.
 *                              | begin: share of one       | 24 hours over, or
 *                              v                           | another begins
 *                            BEGUN ------------------------'
 *                              | confirm: share of another human
 *                              v
 *                            DONE: all shares are spent; a token, 24 hours
 *
 * A share counts only in the hands of its own custodian, by whatever account of
 * theirs; that two accounts are one human is seen (people/person.h).  Whose
 * account was ended for ever has no share any more.  When nobody can sign in at
 * all, both are handed in on the server (gate_recovery_offline): whoever runs
 * the server has no share, and can do nothing alone.
 *
 * Each step, and each share that is turned away, is an entry in the agency's
 * log.  A share that is turned away is no failure of the act, or its entry
 * would be undone: *refused says so.
 *
 * All but the last two functions run inside an act on the agency's writer.
 *
 * Its routes are entrance/recovery.c; cmd/recovery.c asks them, cmd/recover.c
 * does the last on the server itself.  What is called so besides, the codes
 * that stand in for a person's second factor, is signin/recovery.h.
 */
#define GATE_RECOVERY_NEEDED 2
#define GATE_RECOVERY_SHARES 16 /* at most */
#define GATE_RECOVERY_OPEN   (INT64_C(24) * 3600 * SP_SECOND)
#define GATE_RECOVERY_TOKEN  (INT64_C(24) * 3600 * SP_SECOND)

/* Among the agency's migrations. */
extern const char gate_recovery_schema[], gate_recovery_settled_schema[];

/* Why a share is turned away; words of the ledger's and of reasons. */
#define GATE_RECOVERY_REFUSALS(X)                                              \
	X(GATE_RECOVERY_TAKEN, "")                                             \
	X(GATE_RECOVERY_NO_SHARE, "recovery.share") /* never made, or void */  \
	X(GATE_RECOVERY_NOT_THEIRS, "recovery.custodian")                      \
	X(GATE_RECOVERY_SELF, "recovery.self") /* the same human twice */      \
	X(GATE_RECOVERY_NOT_BEGUN, "recovery.state")

enum gate_recovery_refusal {
#define X(id, name) id,
	GATE_RECOVERY_REFUSALS(X)
#undef X
	    GATE_RECOVERY_REFUSAL_COUNT
};
const char *gate_recovery_refusal_name(enum gate_recovery_refusal r);
/* As a failure, for whoever handed it in: SP_E_DENIED, or SP_E_CONFLICT for
 * GATE_RECOVERY_NOT_BEGUN, with the name as reason. */
enum sp_code gate_recovery_refused(
    enum gate_recovery_refusal r, struct sp_err *err) SP_MUST_USE;

struct gate_recovery_share {
	struct sp_id id;
	struct sp_id custodian; /* a person */
	char text[GATE_TEXT_MAX];
};
/* Fills id and text of each; SP_E_INVALID, reason "recovery.custodians": not
 * 2 to GATE_RECOVERY_SHARES, not active, not of these roles, or one human
 * twice. Entry "recovery.prepared" (custodians, needed). */
enum sp_code gate_recovery_prepare(struct ledger_tx *tx,
    const struct gate_caller *by, const struct people_rules *rules,
    struct gate_recovery_share *share, size_t n,
    struct sp_err *err) SP_MUST_USE;

/* The first share.  Entry "recovery.begun" (custodian, expires), or
 * "recovery.refused". */
struct gate_recovery {
	struct sp_id id;
	struct sp_id custodian; /* who began */
	sp_time begun, expires;
	enum gate_recovery_refusal refused; /* then the rest is not filled in */
};
enum sp_code gate_recovery_begin(struct ledger_tx *tx,
    const struct gate_caller *by, const char *share, struct gate_recovery *out,
    struct sp_err *err) SP_MUST_USE;

/* The second one's: the token of a new administrator, a machine's, with which
 * people are added and given the role.  Entries "recovery.confirmed"
 * (custodian, token) and "token.issued". */
struct gate_recovered {
	struct sp_id token;
	sp_time expires;
	char text[GATE_TEXT_MAX];
	enum gate_recovery_refusal refused;
};
enum sp_code gate_recovery_confirm(struct ledger_tx *tx,
    const struct gate_caller *by, const struct sp_id *id, const char *share,
    struct gate_recovered *out, struct sp_err *err) SP_MUST_USE;

/* Both at once, on the server itself, by nobody who is known: the actor is the
 * site.  The same entries. */
enum sp_code gate_recovery_offline(struct ledger_tx *tx,
    const struct sp_id *agency, const char *const share[static 2],
    struct gate_recovered *out, struct sp_err *err) SP_MUST_USE;

/* Who could do it now: how many shares are good, and the recovery that is open
 * (zero id: none). */
struct gate_recovery_state {
	size_t shares;
	struct sp_id custodian[GATE_RECOVERY_SHARES];
	sp_time made;
	struct gate_recovery open;
};
enum sp_code gate_recovery_state(struct db *db, struct gate_recovery_state *out,
    struct sp_err *err) SP_MUST_USE;

/* Has this person a share that is good?  Then they are not shut out by just
 * anybody (gate_caller_leads). */
enum sp_code gate_recovery_holds(struct db *db, const struct sp_id *person,
    bool *out, struct sp_err *err) SP_MUST_USE;

/* Has an administrator signed in, or enrolled what they sign in with, since a
 * token of the site's was made?  Then the agency is settled for it
 * (GATE_SETTLED), for good, whatever becomes of that administrator: what is
 * made by recovery afterwards is the one way back. */
enum sp_code gate_recovery_settled(
    struct db *db, sp_time made, bool *out, struct sp_err *err) SP_MUST_USE;

/* Who can administer the agency: persons of that role whose account is not
 * about to end.  Counted inside an act before and after whatever may take one
 * away, by whichever way: role, state, a check that is denied, a whole file. */
struct gate_administrators {
	size_t all;  /* active, or only locked */
	size_t able; /* active, and can sign in */
};
/* Can this person sign in, with all that the role's acts ask for?  The room
 * that knows (signin) is above this one. */
typedef enum sp_code (*gate_recovery_able)(
    struct db *db, const struct sp_id *person, bool *able, struct sp_err *err);
enum sp_code gate_recovery_administrators(struct db *db,
    const struct people_rules *rules, gate_recovery_able able,
    struct gate_administrators *out, struct sp_err *err) SP_MUST_USE;
/* Was the last of them taken away since, and are there neither two good shares
 * nor an administrator's token of the site's for which the agency is not
 * settled?  Then the act is not done:
 * SP_E_CONFLICT, reason "person.last". */
enum sp_code gate_recovery_kept(struct db *db, const struct people_rules *rules,
    gate_recovery_able able, const struct gate_administrators *before,
    struct sp_err *err) SP_MUST_USE;

#endif
