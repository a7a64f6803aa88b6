#ifndef SIGNIN_INVITE_H
#define SIGNIN_INVITE_H

#include "gate/text.h"
#include "people/person.h"

/*
 * Invitations: a one-time code ("spe_", gate/text.h) by which a person sets
 * password and second factor, the first time or anew (GATE_CREDENTIAL_RESET:
 * never for oneself).  Good for 72 hours at most, once; a new one takes the old
 * one's place.  Stored is its SHA-256.  Whoever uses it loses what they had
 * before: password, factors, recovery codes, sessions, links to accounts
 * elsewhere (ceremony.h).
 *
 * It is its inviter's doing, and ends with their account or another role of
 * theirs: whoever made it may know the code (people_person_stands).
 */
#define SIGNIN_INVITE_HOURS 72

/* SP_E_NOTFOUND: no such person; SP_E_CONFLICT, reason "person.state": not
 * active; SP_E_INVALID, "invite.hours"; SP_E_LIMIT, "invite.pace"
 * (gate/token.h).  Entry "credential.invited" (expires).
 */
enum sp_code signin_invite_make(const struct people_act *a,
    const struct sp_id *person, int64_t hours, char text[static GATE_TEXT_MAX],
    sp_time *expires, struct sp_err *err) SP_MUST_USE;
/* Whom is it for?  SP_E_UNKNOWN, reason "invite.unknown": never made, used,
 * over, of another agency, or of an inviter who has gone. */
struct signin_invite_ask {
	struct sp_id agency;
	const struct people_rules *rules;
	const char *text;
	sp_time now;
};
enum sp_code signin_invite_find(struct db *db,
    const struct signin_invite_ask *ask, struct sp_id *person,
    struct sp_err *err) SP_MUST_USE;
/* Use it up. */
enum sp_code signin_invite_take(const struct people_act *a,
    const struct sp_id *agency, const char *text, struct sp_id *person,
    struct sp_err *err) SP_MUST_USE;

#endif
