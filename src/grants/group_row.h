#ifndef GRANTS_GROUP_ROW_H
#define GRANTS_GROUP_ROW_H

#include "grants/group.h"

/*
 * For group.c only: the tables joint, joint_member and joint_person
 * (evidence/room_schema.c), and a group as it is told.
 */

/* All of it but `left`, which stays; members are added or changed, never
 * taken out. */
enum sp_code grants_group_row_put(struct db *db, const struct grants_group *g,
    struct sp_err *err) SP_MUST_USE;
enum sp_code grants_group_row_left(struct db *db, const struct sp_id *id,
    sp_time when, struct sp_err *err) SP_MUST_USE;
enum sp_code grants_group_row_told(struct db *db, const struct sp_id *id,
    const struct sp_id *agency, uint64_t version,
    struct sp_err *err) SP_MUST_USE;
/* How many this house leads that have not ended. */
enum sp_code grants_group_row_count(struct db *db, const struct sp_id *lead,
    uint64_t *n, struct sp_err *err) SP_MUST_USE;
/* The next id after `after`; *found false at the end. */
enum sp_code grants_group_row_next(struct db *db, const struct sp_id *after,
    struct sp_id *id, bool *found, struct sp_err *err) SP_MUST_USE;
/* A member of a group led here that is to be told something. */
enum sp_code grants_group_row_untold(struct db *db, const struct sp_id *lead,
    struct sp_id *group, struct sp_id *agency, bool *found,
    struct sp_err *err) SP_MUST_USE;

/* The named persons: taken out, put in, asked for. */
enum sp_code grants_group_row_nobody(
    struct db *db, const struct sp_id *id, struct sp_err *err) SP_MUST_USE;
enum sp_code grants_group_row_person(struct db *db, const struct sp_id *id,
    const struct sp_id *person, struct sp_err *err) SP_MUST_USE;
enum sp_code grants_group_row_named(struct db *db, const struct sp_id *id,
    const struct sp_id *person, bool *any, bool *named,
    struct sp_err *err) SP_MUST_USE;
enum sp_code grants_group_row_persons_json(struct sp_json *j, const char *name,
    struct db *db, const struct sp_id *id, struct sp_err *err) SP_MUST_USE;

/* What a twin tells: {"ended":…,"formed_at":…,"id":…,"lead":…,
 * "members":[{"agency":…,"in":…,"since":…}…],"name":…,"version":…} */
void grants_group_row_tell(const struct grants_group *g, struct sp_buf *out);
enum sp_code grants_group_row_told_read(
    const char *body, struct grants_group *out, struct sp_err *err) SP_MUST_USE;

#endif
