#ifndef GRANTS_GROUP_H
#define GRANTS_GROUP_H

#include "grants/twin.h"

/*
 * Joint task forces: groups of agencies of this site.  A group owns nothing:
 * what one shares with it (share.h) is shared with each other member for as
 * long as both are in it.  One member leads: the group's row in the lead's
 * house is the truth, the others have copies, told through twins.
 *
 *   form (lead) --> STANDING --end (lead)--> ENDED (for ever)
 *
 *   a member:  (none) --add (lead), form--> IN --remove (lead), leave--> OUT
 *                                           ^---------add again----------'
 *
 * Each change gives the group its next version, which commits with it; whoever
 * has not been told of it is told later (grants_group_go_on).  Access asks the
 * truth, so that leaving is felt at once: grants_group_has.
 *
 * A member may name persons of its own: then only they come to what is shared
 * with the group, until the list is empty again.
 *
 * Any thread, never inside an act.
 */
#define GRANTS_GROUP_NAME    100 /* bytes */
#define GRANTS_GROUP_MEMBERS 64
#define GRANTS_GROUP_PERSONS 256
#define GRANTS_GROUPS        256 /* that one house leads */

/* Who does something, in which house. */
struct grants_house {
	struct evidence_site *site;
	struct evidence_room *room;
	const struct gate_caller *who;
};

struct grants_member {
	struct sp_id agency;
	bool in;
	sp_time since; /* in or out */
	uint64_t told; /* in the lead's house: the last version it knows */
};

struct grants_group {
	struct sp_id id, lead;
	char name[GRANTS_GROUP_NAME + 1];
	uint64_t version;
	bool ended;
	sp_time formed;
	sp_time left; /* in a member's house: when it left by itself; 0 */
	size_t n;
	struct grants_member member[GRANTS_GROUP_MEMBERS];
};
/* The lead's members are tried first; NULL: it was never a member. */
const struct grants_member *grants_group_member(
    const struct grants_group *g, const struct sp_id *agency);

/* With members (agencies of this site, besides the lead itself).  SP_E_INVALID
 * "group.name", "group.member".  Entry "group.formed". */
struct grants_group_new {
	const char *name;
	const struct sp_id *member;
	size_t n;
	const struct gate_once *once; /* or NULL */
};
enum sp_code grants_group_form(const struct grants_house *h,
    const struct grants_group_new *n, struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;
/* By the lead.  SP_E_NOTFOUND; SP_E_DENIED "group.lead": another leads it;
 * SP_E_CONFLICT "group.member" (in already, not in), "group.ended".  Entries
 * "group.joined", "group.left" in both, "group.changed" with the others. */
enum sp_code grants_group_add(const struct grants_house *h,
    const struct sp_id *group, const struct sp_id *agency,
    struct sp_err *err) SP_MUST_USE;
enum sp_code grants_group_remove(const struct grants_house *h,
    const struct sp_id *group, const struct sp_id *agency,
    struct sp_err *err) SP_MUST_USE;
/* By a member that does not lead. */
enum sp_code grants_group_leave(const struct grants_house *h,
    const struct sp_id *group, struct sp_err *err) SP_MUST_USE;
/* By the lead, for all.  Entry "group.ended" everywhere. */
enum sp_code grants_group_end(const struct grants_house *h,
    const struct sp_id *group, struct sp_err *err) SP_MUST_USE;
/* Which persons of this house; none: all whose role may.  SP_E_INVALID
 * "group.person".  Entry "group.persons". */
enum sp_code grants_group_persons(const struct grants_house *h,
    const struct sp_id *group, const struct sp_id *person, size_t n,
    struct sp_err *err) SP_MUST_USE;

/* Is `agency` a member now, and (when not NULL) may this person of it come?
 * `room` is of any house that knows the group; one that does not: false. */
struct grants_group_ask {
	struct evidence_site *site;
	struct evidence_room *room;
	struct sp_id group, agency;
	const struct sp_id *person;
};
enum sp_code grants_group_has(const struct grants_group_ask *a, bool *has,
    struct sp_err *err) SP_MUST_USE;

/* As this house knows it.  SP_E_NOTFOUND. */
enum sp_code grants_group_load(struct db *db, const struct sp_id *id,
    struct grants_group *out, struct sp_err *err) SP_MUST_USE;
/* Those that this house knows, ended ones too, oldest first, at most so many
 * after the one of this id (zero: from the first): {"items":[…],"next":…}; one:
 * {"ended":…,"formed_at":…,"id":…,"lead":SLUG,"members":[{"agency":SLUG,
 * "in":…,"since":…}…],"name":…,"persons":[…],"version":…} */
enum sp_code grants_group_list_json(const struct grants_house *h,
    const struct sp_id *after, uint64_t most, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code grants_group_json(const struct grants_house *h,
    const struct sp_id *id, struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

/* Tell members what they were not told yet. */
void grants_group_go_on(struct evidence_site *site, struct evidence_room *room);
extern const struct grants_twin_kind grants_group_kind;

#endif
