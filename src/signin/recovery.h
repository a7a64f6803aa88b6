#ifndef SIGNIN_RECOVERY_H
#define SIGNIN_RECOVERY_H

#include "people/person.h"

/*
 * Recovery codes (CJISSECPOL IA-5(1)(b)): each stands in for a lost second
 * factor, once.  A code is 25 or more digits of Crockford's base 32 in groups
 * of five, 125 bits or what the rules ask for; below the rules' recovery.plain
 * it would need a slow hash, so none is made shorter than that.  Stored is the
 * SHA-256 of person and code.  Shown once; new ones take all old ones' place.
 */
#define SIGNIN_RECOVERY_CODES 10
#define SIGNIN_RECOVERY_BITS  125
#define SIGNIN_RECOVERY_TEXT  64 /* 52 digits for 256 bits, hyphens, a NUL */

/* Entry "credential.changed" (kind "recovery").  The codes are secrets. */
enum sp_code signin_recovery_make(const struct people_act *a,
    const struct sp_id *person,
    char out[static SIGNIN_RECOVERY_CODES][SIGNIN_RECOVERY_TEXT],
    struct sp_err *err) SP_MUST_USE;
/* Use one up; case, hyphens and spaces do not matter, nor o for 0, i and l for
 * 1.  *ok false: none of the person's.  Entry "credential.recovered" (left). */
enum sp_code signin_recovery_use(const struct people_act *a,
    const struct sp_id *person, const char *code, bool *ok,
    struct sp_err *err) SP_MUST_USE;
/* Forget all of a person's.  No entry: part of enrolling anew. */
enum sp_code signin_recovery_forget(const struct people_act *a,
    const struct sp_id *person, struct sp_err *err) SP_MUST_USE;

#endif
