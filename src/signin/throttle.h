#ifndef SIGNIN_THROTTLE_H
#define SIGNIN_THROTTLE_H

#include "people/person.h"

/*
 * Failed logons, counted in rows that are durable before the answer leaves:
 * neither a restart nor kill -9 gives a guess for nothing.  Guesses sent at the
 * same time are judged one after the other by the agency's writer, so that no
 * more of them are looked at than of guesses sent in turn.
 *
 * Of an account (AC-7): the rules' logon.failures within logon.window lock it,
 * person.disabled with the reason "locked", until an administrator enables it;
 * so do authenticator.failures however slowly they come.  A success is two
 * factors shown: a password alone clears nothing, or whoever knew it could try
 * codes for ever.  What was before the account was last enabled does not count.
 * Of an account that is not active nothing counts: its rows go with the window,
 * however many are tried.
 *
 * Of an address (IPv6: of its /64), across all accounts and logins that nobody
 * has: from SIGNIN_ADDRESS_FAILURES within the window on, one attempt is looked
 * at each SIGNIN_ADDRESS_PACE and the others are told to come back.  An address
 * is never shut out, for a whole station may stand behind one: whoever stuffs
 * passwords there slows their neighbours down, who can go on, and it is seen:
 * entry "session.throttled", once a window.  The price: who has many addresses
 * is slowed by the locks of the accounts only.
 *
 * throttle.c has the rows, throttle_turn.c those that are being looked at.
 */
#define SIGNIN_ADDRESS_FAILURES 30
#define SIGNIN_ADDRESS_PACE     (5 * SP_SECOND)

/* An address as it is counted, wherever something is counted by address: all of
 * IPv4, the /64 of IPv6, which is what one customer has. */
#define SIGNIN_NETWORK 46
void signin_throttle_network(
    const char *address, char out[static SIGNIN_NETWORK]);

/* May an attempt from there be looked at now?  SP_E_LIMIT, reason
 * "signin.pace". */
enum sp_code signin_throttle_ask(struct db *db,
    const struct people_rules *rules, const char *address, sp_time now,
    struct sp_err *err) SP_MUST_USE;

/* The same for an attempt that costs a derivation, or guesses at a code: it is
 * counted from before it is looked at until its outcome is durable, as if it
 * had failed, so that guesses sent at the same time are no more than guesses
 * sent in turn.  Of one network SIGNIN_TURNS_NETWORK are looked at at once, of
 * one agency SIGNIN_TURNS_AGENCY, which together are fewer than the desk of
 * password.h has places: others wait here, so that whoever sends many holds up
 * themselves, and no other agency.  Never inside an act.  The struct stays at
 * its place until signin_throttle_end, a no-op on one that is zero. */
#define SIGNIN_TURNS_NETWORK 4
#define SIGNIN_TURNS_AGENCY  16
struct signin_turn {
	struct signin_turn *next;
	struct sp_id agency;
	char network[SIGNIN_NETWORK];
	bool taken, looked_at;
};
struct signin_turn_of {
	const struct sp_id *agency;
	struct db_pool *readers;
	const struct people_rules *rules;
	const char *address;
};
enum sp_code signin_throttle_begin(struct signin_turn *t,
    const struct signin_turn_of *of, sp_time now,
    struct sp_err *err) SP_MUST_USE;
void signin_throttle_end(struct signin_turn *t);
/* With this many more that are under way; for the above. */
enum sp_code signin_throttle_ask_with(struct db *db,
    const struct people_rules *rules, const char *address, sp_time now,
    int64_t under_way, struct sp_err *err) SP_MUST_USE;

/* An attempt failed.  `person` NULL: nobody has the login.  Locks the account
 * when it is enough.  The entry "session.refused" has the code ("password",
 * "factor", "login", "inactive", "locked") and stands for how many; of an
 * account that is not active, or of logins that nobody has, there is at most
 * one a minute. */
struct signin_failure {
	const struct people_person *person;
	const char *code;
};
enum sp_code signin_throttle_fail(const struct people_act *a,
    const struct signin_failure *f, struct sp_err *err) SP_MUST_USE;
/* Forget this account's. */
enum sp_code signin_throttle_clear(const struct people_act *a,
    const struct sp_id *person, struct sp_err *err) SP_MUST_USE;

/* How many count against the account now. */
struct signin_failures {
	int64_t within; /* the rule's window */
	int64_t all;    /* since the account was last as new */
};
enum sp_code signin_throttle_count(struct db *db,
    const struct people_rules *rules, const struct people_person *p,
    sp_time now, struct signin_failures *out, struct sp_err *err) SP_MUST_USE;

#endif
