#ifndef PEOPLE_PERSON_PART_H
#define PEOPLE_PERSON_PART_H

#include "people/person.h"

/*
 * For the files behind person.h only:
 *
 *   person.c           rows: written, found, told
 *   person_schema.c    this room's tables
 *   person_act.c       who acts, and on whom
 *   person_said.c      what somebody says of a person, checked
 *   person_login.c     logins: chosen, never used again
 *   person_new.c       new accounts
 *   person_change.c    what is known of a person, corrected
 *   person_role.c      roles: read, whose they may be, given
 *   person_standing.c  what an account is at this moment
 *   person_state.c     accounts disabled, enabled, ended; in use
 *   person_hand.c      who had a hand in whose account
 *   person_field.c     fields from outside (people/field.h)
 */

/* person.c.  A new row; and the one place in which an account changes: where
 * the epoch moves, whatever is under way of theirs, or of what they issued,
 * ends. */
enum sp_code people_person_insert(const struct people_act *a,
    const struct people_person *p, struct sp_err *err) SP_MUST_USE;
enum sp_code people_person_save(const struct people_act *a,
    const struct people_person *p, struct sp_err *err) SP_MUST_USE;

/* person_said.c.  Lay what is said over *p; NULL leaves a field. */
enum sp_code people_person_lay(const struct people_person_change *c,
    struct people_person *p, struct sp_err *err) SP_MUST_USE;
/* Do role, kind and employer go together? */
enum sp_code people_person_kind_check(
    const struct people_person *p, struct sp_err *err) SP_MUST_USE;
enum sp_code people_person_text(const char *field, const char *s, char *out,
    size_t room, struct sp_err *err) SP_MUST_USE;

/* person_login.c.  Lower case; false where it is no login. */
bool people_login_fold(
    const char *s, char out[static PEOPLE_PERSON_LOGIN + 1]) SP_MUST_USE;
/* SP_E_CONFLICT, reason "person.login": it is or was somebody's. */
enum sp_code people_login_free(
    struct db *db, const char *login, struct sp_err *err) SP_MUST_USE;
/* The login that is wished for, or one made of the name. */
enum sp_code people_login_settle(
    struct db *db, struct people_person *io, struct sp_err *err) SP_MUST_USE;

/* person_state.c.  The person, whose account has not ended for good:
 * SP_E_CONFLICT, reason "person.state". */
enum sp_code people_person_going(const struct people_act *a,
    const struct sp_id *id, struct people_person *p,
    struct sp_err *err) SP_MUST_USE;

#endif
