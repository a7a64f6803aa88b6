#ifndef PEOPLE_PERSON_H
#define PEOPLE_PERSON_H

#include "base/id.h"
#include "base/json.h"
#include "db/db.h"
#include "ledger/writer.h"
#include "people/rules.h"

/*
 * Persons: the accounts of human beings in one agency's database.  A person
 * has exactly one role.  `human` is the stable name by which other systems
 * know the human being; several accounts of one human share it, which is how
 * "who approves is never who asked" sees through a second account.  Names and
 * logins are rows; entries of the ledger carry ids only.
 *
 *                      disable(reason)
 *            +-------------------------------+
 *            |                               v
 *   add --> active <------ enable ------- disabled
 *            |                               |
 *            +---- terminate, temporary -----+---> terminated (for ever)
 *
 * Some of it happens by itself: see people_person_state and people_person_tick.
 * Nothing is ever deleted, and a login is never used again (IA-4(d)).
 *
 * Every function with a people_act runs inside an act on the agency's writer:
 * it changes rows and appends their entries, and does both or neither.
 * Functions with a `db` read, on any handle of the caller's own.
 */
#define PEOPLE_PERSON_NAME     200
#define PEOPLE_PERSON_LOGIN    64
#define PEOPLE_PERSON_HUMAN    64
#define PEOPLE_PERSON_UNIT     100
#define PEOPLE_PERSON_EMPLOYER 200
#define PEOPLE_PERSONS_MAX     100000 /* in one agency */

/* This room's tables of the agency's database: three migrations in this order
 * (a string literal has its limits). */
extern const char people_person_schema[]; /* persons, what is sealed or told */
extern const char people_record_schema[]; /* screening, training */
extern const char people_paper_schema[];  /* signatures, agreements */
extern const char people_hand_schema[];   /* later: hands in accounts */
extern const char people_look_schema[];   /* later: what to look at again */

/* Roles a person can have (gate/role has what each may do; device and service
 * are no persons').  Operator and provider-security are for people of the
 * provider's own house (people_rules_provider), who are else only
 * administrator, auditor or laso. */
#define PEOPLE_ROLES(X)                                                        \
	X(PEOPLE_OFFICER, "officer")                                           \
	X(PEOPLE_SUPERVISOR, "supervisor")                                     \
	X(PEOPLE_INVESTIGATOR, "investigator")                                 \
	X(PEOPLE_CUSTODIAN, "custodian")                                       \
	X(PEOPLE_RECORDS_CLERK, "records-clerk")                               \
	X(PEOPLE_PROSECUTOR, "prosecutor")                                     \
	X(PEOPLE_AUDITOR, "auditor")                                           \
	X(PEOPLE_LASO, "laso")                                                 \
	X(PEOPLE_ADMINISTRATOR, "administrator")                               \
	X(PEOPLE_CSO, "cso")                                                   \
	X(PEOPLE_OPERATOR, "operator")                                         \
	X(PEOPLE_PROVIDER_SECURITY, "provider-security")

enum people_role {
#define X(id, name) id,
	PEOPLE_ROLES(X)
#undef X
	    PEOPLE_ROLE_COUNT
};
const char *people_role_name(enum people_role role);
bool people_role_parse(const char *s, enum people_role *out) SP_MUST_USE;
/* As people write it: capitals, spaces and _ for -, "agency administrator" and
 * "provider operator" in full, "admin"; what is in parentheses at the end,
 * "CSO (state)", is left aside.  For what comes from outside (the command line,
 * requests, rosters); what is stored is the plain name. */
bool people_role_read(const char *s, enum people_role *out) SP_MUST_USE;

/* Whoever has such a role says who is who, or sees to it that they are right:
 * administrator, LASO, the provider's security.  No machine makes or changes
 * one (gate_caller_leads). */
bool people_role_leads(enum people_role role);
/* Nobody of the agency's own has it: prosecutors.  Who has it is of kind
 * outside or a contractor; outside when nothing is said, and cleared once it is
 * said who employs them. */
bool people_role_outside(enum people_role role);

/* IA-4(4): each person is marked as the agency's own or not. */
#define PEOPLE_KINDS(X)                                                        \
	X(PEOPLE_AGENCY, "agency")   /* employed by the agency */              \
	X(PEOPLE_OUTSIDE, "outside") /* by another public body */              \
	X(PEOPLE_CONTRACTOR, "contractor")

enum people_kind {
#define X(id, name) id,
	PEOPLE_KINDS(X)
#undef X
	    PEOPLE_KIND_COUNT
};
const char *people_kind_name(enum people_kind kind);
bool people_kind_parse(const char *s, enum people_kind *out) SP_MUST_USE;

#define PEOPLE_STATES(X)                                                       \
	X(PEOPLE_ACTIVE, "active")                                             \
	X(PEOPLE_DISABLED, "disabled")                                         \
	X(PEOPLE_TERMINATED, "terminated")

enum people_state {
#define X(id, name) id,
	PEOPLE_STATES(X)
#undef X
	    PEOPLE_STATE_COUNT
};
const char *people_state_name(enum people_state state);
bool people_state_parse(const char *s, enum people_state *out) SP_MUST_USE;

/* Why an account is not active. */
#define PEOPLE_REASONS(X)                                                      \
	X(PEOPLE_NO_REASON, "")                                                \
	X(PEOPLE_REQUESTED, "requested") /* somebody said so */                \
	X(PEOPLE_INACTIVE, "inactive")   /* AC-2(3) */                         \
	X(PEOPLE_RISK, "risk")           /* AC-2(13) */                        \
	X(PEOPLE_LOCKED, "locked")       /* AC-7: too many failed logons */    \
	X(PEOPLE_SCREENING, "screening") /* a check was decided "denied" */    \
	X(PEOPLE_TEMPORARY, "temporary") /* AC-2(2): its time is over */       \
	X(PEOPLE_LEFT, "left")           /* PS-4 */

enum people_reason {
#define X(id, name) id,
	PEOPLE_REASONS(X)
#undef X
	    PEOPLE_REASON_COUNT
};
const char *people_reason_name(enum people_reason reason);
bool people_reason_parse(const char *s, enum people_reason *out) SP_MUST_USE;

struct people_person {
	struct sp_id id;
	char human[PEOPLE_PERSON_HUMAN + 1];
	char name[PEOPLE_PERSON_NAME + 1];
	char login[PEOPLE_PERSON_LOGIN + 1]; /* lower case */
	enum people_role role;
	enum people_kind kind;
	char employer[PEOPLE_PERSON_EMPLOYER + 1]; /* "" : none */
	char employer_ori[10];                     /* "" : none */
	char residence[3];                         /* state */
	char unit[PEOPLE_PERSON_UNIT + 1];         /* "" : none */
	enum people_state state;
	enum people_reason reason;
	sp_time since; /* in this state */
	sp_time created;
	sp_time active;    /* last signed in; else created or enabled */
	sp_time temporary; /* a temporary account's end; 0: not temporary */
	sp_time ends;      /* terminated from then on; 0: not known */
	/* Sessions and grants from before this time are void (IA-11, PS-5):
	 * role, unit or state changed then. */
	sp_time epoch;
};

/* Who acts, as entries say it. */
struct people_by {
	struct sp_id agency;
	const char *kind;    /* static: "token", "person", "site" */
	struct sp_id id;     /* of that; the agency's for "site" */
	struct sp_id person; /* who it is in truth; zero: no person */
	/* Of a machine: whose doing it is, who issued its token; or zero. */
	struct sp_id issuer;
	const char *address; /* numeric; NULL or "": none */
	const char *source;  /* static: "api", "cli", "site" */
};

/* What each act of this room is given.  `now` is what the clock says: one act
 * has one time. */
struct people_act {
	struct ledger_tx *tx;
	const struct people_by *by;
	const struct people_rules *rules;
	sp_time now;
};

/* The site itself, on nobody's behalf. */
struct people_by people_by_site(const struct sp_id *agency);
/* Append an entry of the act's actor about `kind` of object; `detail` is a
 * canonical JSON object or NULL. */
enum sp_code people_act_entry(const struct people_act *a, const char *act,
    const char *kind, const struct sp_id *object, const char *detail,
    struct sp_err *err) SP_MUST_USE;
/* The person whose doing it is: who it is, or who issued the machine's token;
 * zero: nobody's. */
struct sp_id people_by_whom(const struct people_by *by);
/* Separation of duties: SP_E_DENIED, reason "person.self", when that is this
 * very human being, by whatever account. */
enum sp_code people_by_other(struct db *db, const struct people_by *by,
    const struct sp_id *person, struct sp_err *err) SP_MUST_USE;
/* Are these two accounts of one human being? */
enum sp_code people_person_same_human(struct db *db, const struct sp_id *a,
    const struct sp_id *b, bool *same, struct sp_err *err) SP_MUST_USE;

/* Whose doing it was that an account is there, and is what it is: kept, so that
 * nobody decides what they asked for through an account that they made.  Who
 * adds somebody, or invites them to set password and factor, could be behind
 * the account; who names their human, gives their role or records their check
 * vouches for them. */
#define PEOPLE_HANDS(X)                                                        \
	X(PEOPLE_ADDED, "added")                                               \
	X(PEOPLE_INVITED, "invited")                                           \
	X(PEOPLE_NAMED, "named")                                               \
	X(PEOPLE_PLACED, "placed")                                             \
	X(PEOPLE_SCREENED, "screened")

enum people_hand {
#define X(id, name) id,
	PEOPLE_HANDS(X)
#undef X
	    PEOPLE_HAND_COUNT
};
const char *people_hand_name(enum people_hand hand);
/* The act's actor had a hand in this account; a no-op for what is no person's
 * doing.  No entry: the act has its own. */
enum sp_code people_person_hand(const struct people_act *a,
    const struct sp_id *person, enum people_hand how,
    struct sp_err *err) SP_MUST_USE;

/* How two accounts stand to each other, for who decides and who asked:
 * - same: of one human being;
 * - tied: one is behind the other (added or invited it, or whoever did that,
 *   and so on); of the provider's staff also: one named, placed or screened the
 *   other, or some of that staff is behind both;
 * - nameless: of the provider's staff, and one of them has no `human` of its
 *   own but its id, so that nobody can say that they are two.
 * By whatever account of each human. */
enum people_tie { PEOPLE_APART, PEOPLE_SAME, PEOPLE_TIED, PEOPLE_NAMELESS };
enum sp_code people_person_tie(struct db *db, const struct sp_id *a,
    const struct sp_id *b, enum people_tie *out,
    struct sp_err *err) SP_MUST_USE;

/* What a new account is made of.  NULL: not given. */
struct people_person_new {
	const char *human; /* NULL: the new id */
	const char *name;  /* 1 to 200 bytes, no controls */
	const char *login; /* folded to lower case: a-z 0-9 . _ @ - ; NULL: made
			    * of the name, and unique */
	const char *role;
	const char *kind;         /* NULL: by the role, agency or outside */
	const char *employer;     /* needed unless kind is agency, or is
				   * outside by the role */
	const char *employer_ori; /* nine of A-Z 0-9 */
	const char *residence;    /* NULL: the agency's state */
	const char *unit;
	sp_time temporary; /* 0: no; else an end within the rule's hours */
};
/* SP_E_INVALID, reason "person.<field>"; SP_E_CONFLICT, reason "person.login":
 * taken, now or ever; SP_E_DENIED, reason "person.self": the actor's own human,
 * by another account.  Entry "person.added" (kind, role, temporary). */
enum sp_code people_person_add(const struct people_act *a,
    const struct people_person_new *n, struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;
/* A role by its name that somebody of this house may have: SP_E_INVALID,
 * reason "person.role". */
enum sp_code people_person_role_check(const struct people_rules *rules,
    const char *s, enum people_role *out, struct sp_err *err) SP_MUST_USE;
/* The same checks, without effect. */
enum sp_code people_person_check(const struct people_rules *rules,
    const struct people_person_new *n, sp_time now,
    struct sp_err *err) SP_MUST_USE;

/* What is known of a person may be corrected: NULL leaves a field.  Role and
 * unit are not here (see below).  Entry "person.changed" (names of fields). */
struct people_person_change {
	const char *human, *name, *login, *kind, *employer, *employer_ori,
	    *residence;
};
enum sp_code people_person_change(const struct people_act *a,
    const struct sp_id *id, const struct people_person_change *c,
    struct sp_err *err) SP_MUST_USE;

/* The same checks on the person as it is, without effect. */
enum sp_code people_person_change_check(const struct people_person *p,
    const struct people_person_change *c, struct sp_err *err) SP_MUST_USE;

/* Another role, in effect from the next request on: the epoch moves.  Nobody
 * gives one to themselves.  SP_E_CONFLICT, reason "role.same": they have it.
 * Entry "role.given" (role, before). */
enum sp_code people_person_role(const struct people_act *a,
    const struct sp_id *id, const char *role, struct sp_err *err) SP_MUST_USE;
/* To another unit: the role must be said anew, as nothing is carried over
 * (PS-5).  Entry "person.transferred" (role, before). */
enum sp_code people_person_transfer(const struct people_act *a,
    const struct sp_id *id, const char *unit, const char *role,
    struct sp_err *err) SP_MUST_USE;

/* Reasons requested, risk, locked, screening; at once, and the epoch moves, but
 * not for a lock (people_person_live).  SP_E_CONFLICT, reason
 * "person.state", when it is terminated.  A graver reason takes a lighter one's
 * place, so that releasing a lock frees nobody who is a risk; each time is an
 * entry.  `discovered` (risk only; 0: now) is when it was found out: the entry
 * says whether that was within the rule's 30 minutes.  Entry
 * "person.disabled" (reason, and for risk: in_time). */
enum sp_code people_person_disable(const struct people_act *a,
    const struct sp_id *id, enum people_reason reason, sp_time discovered,
    struct sp_err *err) SP_MUST_USE;
/* Nobody enables themselves.  The 90 days begin anew; an end that was set for
 * later is taken back.  SP_E_CONFLICT, reason "person.state", for an account
 * with nothing to take back.  Entry "person.enabled" (reason it had been
 * disabled for). */
enum sp_code people_person_enable(const struct people_act *a,
    const struct sp_id *id, struct sp_err *err) SP_MUST_USE;
/* At `ends`: now when that is past or 0, else the account ends by itself then.
 * Entry "person.terminated" (ends, in_time: within the rule's 24 hours) or
 * "person.ending" (ends). */
enum sp_code people_person_terminate(const struct people_act *a,
    const struct sp_id *id, sp_time ends, struct sp_err *err) SP_MUST_USE;
/* Signed in or at work: the 90 days begin anew.  No entry (the session has
 * one); a row is written at most once an hour. */
enum sp_code people_person_seen(struct ledger_tx *tx, const struct sp_id *id,
    sp_time now, struct sp_err *err) SP_MUST_USE;

/* SP_E_NOTFOUND.  The second folds the login first. */
enum sp_code people_person_by_id(struct db *db, const struct sp_id *id,
    struct people_person *out, struct sp_err *err) SP_MUST_USE;
enum sp_code people_person_by_login(struct db *db, const char *login,
    struct people_person *out, struct sp_err *err) SP_MUST_USE;
/* Whom a text means: an id, a login, a whole name with a space in it (which is
 * SP_E_CONFLICT when two have it), or "~" for oneself (`self`; zero: nobody,
 * which is SP_E_INVALID). */
enum sp_code people_person_meant(struct db *db, const char *text,
    const struct sp_id *self, struct people_person *out,
    struct sp_err *err) SP_MUST_USE;
/* In order of id, after `after` (NULL: from the first); *got < n at the end. */
enum sp_code people_person_list(struct db *db, const struct sp_id *after,
    struct people_person *out, size_t n, size_t *got,
    struct sp_err *err) SP_MUST_USE;

/* Each in order of id; ends at the first failure of `visit`. */
enum sp_code people_person_each(struct db *db,
    enum sp_code (*visit)(
	void *arg, const struct people_person *p, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;

/* What the account is at this moment, whatever the row still says: an end, a
 * temporary account's end and 90 days without use count from when they are
 * reached, not from when the tick has written them.  Pure. */
struct people_standing {
	enum people_state state;
	enum people_reason reason;
};
struct people_standing people_person_state(const struct people_person *p,
    const struct people_rules *rules, sp_time now);

/* May what was opened before go on: sessions, their tokens?  So it may while
 * the account is active, and while nothing is wrong with it but that somebody
 * guessed at its password too often (PEOPLE_LOCKED): a lock refuses passwords
 * and codes, and leaves the epoch alone, or anybody who knows a login could
 * throw its owner out.  Pure. */
bool people_person_live(const struct people_person *p,
    const struct people_rules *rules, sp_time now);

/* Does what this person set going at `since` still stand: an invitation, a
 * code, a service's secret?  So it does while their account may go on
 * (people_person_live) and neither role, unit nor state has changed since (the
 * epoch).  Zero: it is nobody's doing, and stands. */
struct people_doing {
	struct sp_id person;
	sp_time since;
};
enum sp_code people_person_stands(struct db *db,
    const struct people_rules *rules, const struct people_doing *d, sp_time now,
    bool *stands, struct sp_err *err) SP_MUST_USE;

/* Rows that lag behind that: at most q->n ids of accounts whose end has been
 * reached.  Settling writes it: entries "person.disabled" or
 * "person.terminated"; *now is what the account is from here on. */
struct people_overdue {
	const struct people_rules *rules;
	sp_time now;
	size_t n;
};
enum sp_code people_person_overdue(struct db *db,
    const struct people_overdue *q, struct sp_id *id, size_t *got,
    struct sp_err *err) SP_MUST_USE;
enum sp_code people_person_settle(const struct people_act *a,
    const struct sp_id *id, struct people_standing *now,
    struct sp_err *err) SP_MUST_USE;

/* The person as the API tells it: {"active_at":…,"created":…,…}. */
void people_person_json(struct sp_json *j, const char *name,
    const struct people_person *p, const struct people_rules *rules,
    sp_time now);
/* From the API's body: text members of the names above, "temporary_until" an
 * RFC 3339 time.  Points into `in`.  SP_E_INVALID, reason "person.<field>",
 * also for a member that is none. */
struct json_t;
enum sp_code people_person_new_json(struct json_t *in,
    struct people_person_new *out, struct sp_err *err) SP_MUST_USE;
enum sp_code people_person_change_json(struct json_t *in,
    struct people_person_change *out, struct sp_err *err) SP_MUST_USE;

#endif
