#ifndef GRANTS_GROUP_PARTS_H
#define GRANTS_GROUP_PARTS_H

#include "grants/group_row.h"

/*
 * For group*.c only:
 *
 *   group.c         formed, ended
 *   group_member.c  who is in it
 *   group_tell.c    members told, and being told
 *   group_row.c     rows
 *   group_json.c    as the API tells it
 */

struct grants_member *grants_group_member_mut(
    struct grants_group *g, const struct sp_id *agency);
/* As this house knows it.  SP_E_NOTFOUND. */
enum sp_code grants_group_of(const struct grants_house *h,
    const struct sp_id *id, struct grants_group *out,
    struct sp_err *err) SP_MUST_USE;
/* SP_E_DENIED "group.lead"; SP_E_CONFLICT "group.ended". */
enum sp_code grants_group_must_lead(const struct grants_group *g,
    const struct sp_id *agency, struct sp_err *err) SP_MUST_USE;
/* Each member but this house is told of it (twin.h). */
enum sp_code grants_group_pace(struct db *db, const struct grants_group *g,
    struct sp_err *err) SP_MUST_USE;
/* What entries say: {"agency":whose membership,"lead":…,"version":…}. */
void grants_group_detail(const struct grants_group *g,
    const struct sp_id *about, struct sp_buf *out);
/* Everything that is under way by shares of this group, or by what was made
 * from them, ends: those who are still in it begin again. */
void grants_group_cut(
    const struct grants_house *h, const struct grants_group *g);

/* A twin of the lead's with one member. */
struct grants_group_telling {
	const struct sp_id *group;
	struct sp_id agency; /* the member */
	/* NULL: only tell what it was not told. */
	enum sp_code (*change)(struct grants_group *g,
	    const struct sp_id *agency, struct sp_err *err);
	struct sp_buf detail, body;
};
void grants_group_telling_done(struct grants_group_telling *t);
#define GRANTS_AUTO_TELLING                                                    \
	SP_CLEANUP(grants_group_telling_done) struct grants_group_telling
/* By the lead. */
enum sp_code grants_group_tell(const struct grants_house *h,
    struct grants_group_telling *t, struct sp_err *err) SP_MUST_USE;

#endif
