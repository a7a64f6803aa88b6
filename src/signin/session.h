#ifndef SIGNIN_SESSION_H
#define SIGNIN_SESSION_H

#include "gate/caller.h"
#include "gate/text.h"
#include "gate/token.h"
#include "people/person.h"
#include "signin/factor.h"

/*
 * Sessions: what a person has after having proved who they are.  The text
 * (gate/text.h, "sps_") is all that a client holds; stored is its SHA-256
 * (docs/signin.md).
 *
 *   signin_session_open
 *     |  one factor            two factors
 *     v                             |
 *   factor ---- second factor ----->+
 *   enrol  -- first one enrolled -->+----> change ---new password---.
 *                                   |  password banned or too old   |
 *                                   '------------> notice <---------'
 *                                                    | acknowledged
 *        .------------- both factors again --------> v
 *      locked <---------- 30 min without a request - open
 *        |                                           |
 *        '--- 60 min, or ended, or void ---> ended <-'
 *
 * Each rise to the right gives a new text and forgets the old one, so that a
 * text which somebody knew before (session fixation) is nobody's afterwards.
 * Times are the rules': session.lock, session.reauthenticate,
 * session.disconnect, session.privileged.  They count from the rows whenever a
 * session is shown; the tick only writes down what has become of those that
 * nobody shows any more.
 *
 * A session is void as soon as the person's epoch is later than its beginning
 * (role, unit or state changed): the person signs in anew.  Should the clock
 * have been set back, what seems to come from the future is no use either.
 *
 * Functions with a people_act run inside an act on the agency's writer; its
 * `by` is who acts.  Functions with a `db` read.  Any thread.
 *
 *   session.c            opened, raised, acknowledged, in use, ended
 *   session_read.c       by its text: whose, its stage, lists
 *   session_tick.c       what has become of those that nobody shows
 *   session_challenge.c  what an authenticator is to sign, good once
 *   session_schema.c     this room's tables
 */
#define SIGNIN_METHOD       60 /* "password totp" */
#define SIGNIN_AGENT        200
#define SIGNIN_SESSIONS_MAX 20 /* of one person; the oldest makes room */
/* Of them with one factor shown: never in place of one with two. */
#define SIGNIN_SESSIONS_HALF 5
#define SIGNIN_PENDING       (600 * SP_SECOND)   /* to come to the end of it */
#define SIGNIN_TOUCH         (60 * SP_SECOND)    /* how exactly use is kept */
#define SIGNIN_KEPT          (86400 * SP_SECOND) /* an ended one's row */

/* This room's tables of the agency's database, but the passkeys'. */
extern const char signin_schema[];
extern const char signin_inviter_schema[], signin_settled_schema[]; /* later */

#define SIGNIN_STAGES(X)                                                       \
	X(SIGNIN_FACTOR, "factor") /* a second factor is wanted */             \
	X(SIGNIN_ENROL, "enrol")   /* the person has none yet */               \
	X(SIGNIN_CHANGE, "change") /* the password must be another */          \
	X(SIGNIN_NOTICE, "notice") /* of use: to be acknowledged */            \
	X(SIGNIN_OPEN, "open")                                                 \
	X(SIGNIN_LOCKED, "locked")                                             \
	X(SIGNIN_ENDED, "ended")

enum signin_stage {
#define X(id, name) id,
	SIGNIN_STAGES(X)
#undef X
	    SIGNIN_STAGE_COUNT
};
const char *signin_stage_name(enum signin_stage stage);

/* Whence somebody signs in. */
struct signin_from {
	const char *address; /* numeric */
	const char *agent;   /* what the client calls itself; NULL: nothing.
			      * Kept up to SIGNIN_AGENT bytes, cleaned */
	const char *source;  /* static: "api" */
};

/* What was proved: GATE_FACTOR_SINGLE or GATE_FACTOR_SECOND, and by what:
 * "password", "password totp", "passkey", "oidc", one or more words of a-z. */
struct signin_proof {
	enum gate_factor factor;
	const char *method;
	bool change; /* the password that was shown must be another */
};

struct signin_session {
	struct sp_id id, person;
	enum signin_stage stage; /* as the rules have it at this moment */
	enum gate_factor factor;
	char method[SIGNIN_METHOD + 1];
	sp_time created, proved, used;
	sp_time expires; /* when it ends if nothing is done */
	char address[46];
	char agent[SIGNIN_AGENT + 1];
};

/* A step is done: the new text (secret: wipe it) and what is wanted next. */
struct signin_step {
	struct sp_id session, person;
	char text[GATE_TEXT_MAX];
	enum signin_stage stage;
	unsigned factors; /* SIGNIN_FACTOR, CHANGE on: SIGNIN_HAS(kind) */
	sp_time expires;
};

/* Who has proved themselves acts from now on: for entries. */
struct people_by signin_by(const struct sp_id *agency,
    const struct sp_id *person, const struct signin_from *from);

/* A new session after a first proof.  a->by need not be set: the person acts.
 * For whoever proved by themselves who it is (password, passkey, another's
 * identity provider).  SP_E_UNKNOWN, reason "person.inactive". */
struct signin_open {
	struct sp_id agency, person;
	struct signin_proof proof;
	sp_time proved; /* when, as who vouches says; 0: now.  What lies in
			 * the future is now */
	struct signin_from from;
};
enum sp_code signin_session_open(const struct people_act *a,
    const struct signin_open *o, struct signin_step *out,
    struct sp_err *err) SP_MUST_USE;

/* Another proof in a session, which is found by its text and gets a new one:
 * - factor or enrol: a second factor was shown; on to change or notice, and
 *   `method` is added to the words; failed logons are forgotten, and the
 *   person was seen (people_person_seen);
 * - change: the password is another now; on to notice;
 * - open or locked, with GATE_SECOND: both factors were shown anew, the
 *   session is open and fresh.  Entry "session.renewed".
 * SP_E_UNKNOWN as signin_session_find; SP_E_CONFLICT, reason "session.stage":
 * this proof has no place there. */
enum sp_code signin_session_raise(const struct people_act *a,
    const struct sp_id *agency, const char *text,
    const struct signin_proof *proof, struct signin_step *out,
    struct sp_err *err) SP_MUST_USE;
/* The notice was acknowledged: the session opens.  Entries
 * "notice.acknowledged" (sha256) and "session.opened" (factor, method). */
enum sp_code signin_session_acknowledge(const struct people_act *a,
    const struct sp_id *agency, const char *text, const uint8_t *notice,
    struct signin_step *out, struct sp_err *err) SP_MUST_USE;

/* The session of this text, in whatever stage but ended.  SP_E_NOTFOUND: of
 * another agency; SP_E_UNKNOWN, with the reason: session.unknown,
 * session.ended, session.void (the account has changed, or is not active),
 * session.expired (idle, or a ceremony that took too long). */
enum sp_code signin_session_find(struct db *db, const struct sp_id *agency,
    const struct people_rules *rules, const char *text,
    struct signin_session *out, struct sp_err *err) SP_MUST_USE;
struct signin_shown {
	struct db *db;
	const struct sp_id *agency;
	const struct people_rules *rules;
	const char *text;
};
/* Who shows this?  Fails likewise.  Fills all of *out but `address` and
 * `source`.  A session that is not open is known all the same, and the gate
 * turns it away with session.stale.  *touch: time to note its use. */
enum sp_code signin_session_know(const struct signin_shown *shown,
    struct gate_caller *out, bool *touch, struct sp_err *err) SP_MUST_USE;
/* It was used now: it is not idle.  No entry. */
enum sp_code signin_session_touch(const struct people_act *a,
    const struct sp_id *id, struct sp_err *err) SP_MUST_USE;

/* End one, and what is under way in it.  SP_E_NOTFOUND: none such, or ended.
 * Entry "session.ended" (reason: "signed-out" by the person themselves, else
 * "revoked"). */
enum sp_code signin_session_end(const struct people_act *a,
    const struct sp_id *id, struct sp_err *err) SP_MUST_USE;
/* All of a person, but `but` (NULL: all), each with its entry; and all tokens
 * of their own (gate_token_revoke_of), which are the same door by another key:
 * who ends all sessions, or has a new password, would shut somebody out. */
enum sp_code signin_session_end_all(const struct people_act *a,
    const struct sp_id *person, const struct sp_id *but,
    struct sp_err *err) SP_MUST_USE;
/* Whose is it? */
enum sp_code signin_session_owner(struct db *db, const struct sp_id *id,
    struct sp_id *person, struct sp_err *err) SP_MUST_USE;

/* Lock what is idle, end what is idle for long, void or took too long to open,
 * forget what ended a day ago, and invitations (invite.h) that are over, so
 * that no clock set back revives one: entries "session.locked", "session.ended"
 * (reason "idle" or "void"; none for those that never opened).  At most
 * `most` sessions at once. */
enum sp_code signin_session_due(struct db *db, const struct people_rules *rules,
    sp_time now, bool *due, struct sp_err *err) SP_MUST_USE;
enum sp_code signin_session_tick(
    const struct people_act *a, size_t most, struct sp_err *err) SP_MUST_USE;

/* Those that are not ended, of one person (NULL: of all), newest first, as
 * members of an array: {"address":…,"agent":…,"created_at":…,"current":…,
 * "expires_at":…,"factor":…,"id":…,"method":…,"person":…,"proved_at":…,
 * "stage":…,"used_at":…}.  At most `most`. */
struct signin_listing {
	const struct people_rules *rules;
	const struct sp_id *person;  /* NULL: all */
	const struct sp_id *current; /* NULL: none */
	size_t most;
};
enum sp_code signin_session_list(struct db *db, const struct signin_listing *l,
    struct sp_json *j, struct sp_err *err) SP_MUST_USE;
void signin_session_json(struct sp_json *j, const char *name,
    const struct signin_session *s, bool current);

/*
 * Challenges for authenticators that sign one: 32 random bytes, good once and
 * for five minutes, for one purpose ("passkey.assert") and only together with
 * what they were made for: a session, or an id that the client was given with
 * the challenge.  Stored as SHA-256.
 */
#define SIGNIN_CHALLENGE          32
#define SIGNIN_CHALLENGE_LIFE     (300 * SP_SECOND)
#define SIGNIN_CHALLENGES         16    /* of one bound id */
#define SIGNIN_CHALLENGES_NETWORK 64    /* of one network, of nobody known */
#define SIGNIN_CHALLENGES_MAX     10000 /* of all networks together */
enum sp_code signin_challenge_make(const struct people_act *a,
    const struct sp_id *bound, const char *purpose,
    uint8_t out[static SIGNIN_CHALLENGE], struct sp_err *err) SP_MUST_USE;
/* For whoever has shown nothing yet; `asked` is a new id that the client gets
 * with it.  Anybody can ask for these, so they are counted by network
 * (throttle.h), apart from those of sessions, and make room for each other:
 * the oldest of the same network's goes, so that a flood from one place
 * neither fills the table nor takes anything from anybody elsewhere; only
 * when all are too many, the oldest of all. */
enum sp_code signin_challenge_make_alone(const struct people_act *a,
    const struct sp_id *asked, const char *purpose,
    uint8_t out[static SIGNIN_CHALLENGE], struct sp_err *err) SP_MUST_USE;
/* SP_E_UNKNOWN, reason "challenge.unknown": never made, used, too old, or for
 * another purpose or session.  Taken it is gone, whatever comes of it: an act
 * that fails undoes that, so take it in an act that does not. */
enum sp_code signin_challenge_take(const struct people_act *a,
    const struct sp_id *bound, const char *purpose,
    const uint8_t challenge[static SIGNIN_CHALLENGE],
    struct sp_err *err) SP_MUST_USE;

#endif
