#ifndef SIGNIN_FACTOR_H
#define SIGNIN_FACTOR_H

#include "people/person.h"

/*
 * The second factors of persons, of every kind, in one list: what they are
 * called, since when, when last used (IA-5 n: a record of each binding with its
 * time).  What a factor is made of has a table of its kind, by the same id.
 * Recovery codes are no factor of their own: they stand in for a lost one
 * (recovery.h).
 *
 * Entries: "credential.enrolled" (kind), "credential.removed" (kind), of the
 * object "credential" (its id).
 */
#define SIGNIN_FACTOR_LABEL 60
#define SIGNIN_FACTORS_MAX  10 /* of one person */

#define SIGNIN_FACTOR_KINDS(X)                                                 \
	X(SIGNIN_TOTP, "totp")                                                 \
	X(SIGNIN_PASSKEY, "passkey")

enum signin_factor_kind {
#define X(id, name) id,
	SIGNIN_FACTOR_KINDS(X)
#undef X
	    SIGNIN_FACTOR_KIND_COUNT
};
const char *signin_factor_kind_name(enum signin_factor_kind kind);

/* A set of what a person can show: kinds, and recovery codes. */
#define SIGNIN_HAS(kind)    (1U << (kind))
#define SIGNIN_HAS_RECOVERY (1U << SIGNIN_FACTOR_KIND_COUNT)

/* Add one that has proved to work.  label: NULL or 1 to 60 bytes.
 * SP_E_INVALID, reason "factor.label"; SP_E_LIMIT, "factor.many".  The table of
 * its kind gets its row in the same act. */
struct signin_factor_new {
	struct sp_id id; /* sp_id_new() */
	struct sp_id person;
	enum signin_factor_kind kind;
	const char *label;
};
enum sp_code signin_factor_add(const struct people_act *a,
    const struct signin_factor_new *n, struct sp_err *err) SP_MUST_USE;
/* Take one of a person's away; rows of its kind go with it (ON DELETE CASCADE).
 * SP_E_NOTFOUND; SP_E_CONFLICT, reason "factor.last": the only one (have
 * another enrolled first, or be invited anew). */
enum sp_code signin_factor_remove(const struct people_act *a,
    const struct sp_id *person, const struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;
/* All of them, for whoever enrols anew. */
enum sp_code signin_factor_remove_all(const struct people_act *a,
    const struct sp_id *person, struct sp_err *err) SP_MUST_USE;
/* Shown now. */
enum sp_code signin_factor_used(const struct people_act *a,
    const struct sp_id *id, struct sp_err *err) SP_MUST_USE;

/* What the person has: a set of SIGNIN_HAS. */
enum sp_code signin_factor_has(struct db *db, const struct sp_id *person,
    unsigned *set, struct sp_err *err) SP_MUST_USE;
/* Can this person show one: have they a factor of this house's, or did they
 * bring another's (federation) to a session that is kept? */
enum sp_code signin_factor_can(struct db *db, const struct sp_id *person,
    bool *out, struct sp_err *err) SP_MUST_USE;
/* Members of an array, oldest first: {"created_at":…,"id":…,"kind":…,
 * "label":…,"used_at":…}. */
enum sp_code signin_factor_list(struct db *db, const struct sp_id *person,
    struct sp_json *j, struct sp_err *err) SP_MUST_USE;
/* ["totp","recovery"] */
void signin_factor_set_json(struct sp_json *j, const char *name, unsigned set);

#endif
