#ifndef GRANTS_SHARE_ROW_H
#define GRANTS_SHARE_ROW_H

#include "grants/terms.h"

/*
 * For share.c, share_json.c and visit.c only: the tables share, share_item,
 * share_party (the owner's) and share_known (everybody else's), all in
 * evidence/room_schema.c.
 */

struct grants_share_row {
	struct sp_id id, sharer, parent;
	enum grants_to to;
	struct sp_id to_id;
	bool download, reshare;
	sp_time until;
	enum grants_state state;
	char category[EVIDENCE_CATEGORY_MAX + 1];
};
enum sp_code grants_share_row_load(struct db *db, const struct sp_id *id,
    struct grants_share_row *out, struct sp_err *err) SP_MUST_USE;
/* The canonical text of its terms, in either kind of house. */
enum sp_code grants_share_row_terms(struct db *db, const struct sp_id *id,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;
enum sp_code grants_share_row_add(struct db *db, const struct grants_terms *t,
    const char *text, struct sp_err *err) SP_MUST_USE;
enum sp_code grants_share_row_state(struct db *db, const struct sp_id *id,
    enum grants_state state, sp_time now, struct sp_err *err) SP_MUST_USE;
/* How many active ones are of this sharer; with `to` (not NULL) only. */
enum sp_code grants_share_row_count(struct db *db, const struct sp_id *sharer,
    const struct sp_id *to, uint64_t *active, struct sp_err *err) SP_MUST_USE;

/* Is there such an item; of which category? */
enum sp_code grants_share_row_category(struct db *db, const struct sp_id *item,
    char out[static EVIDENCE_CATEGORY_MAX + 1], bool *found,
    struct sp_err *err) SP_MUST_USE;
/* Does the share cover it? */
enum sp_code grants_share_row_covers(struct db *db,
    const struct grants_share_row *r, const struct sp_id *item, bool *covers,
    struct sp_err *err) SP_MUST_USE;

/* Who is to be told: whom it is with ("to"), or who shared it on ("by"). */
struct grants_party {
	struct sp_id share, agency;
	bool by;
	bool declined;
	bool told;              /* anything yet */
	enum grants_state last; /* what, when it was */
	uint64_t version;
};
enum sp_code grants_share_row_party(struct db *db, const struct sp_id *share,
    const struct sp_id *agency, struct grants_party *out, bool *found,
    struct sp_err *err) SP_MUST_USE;
/* Put in or changed; `settled`: there will be nothing more to tell. */
enum sp_code grants_share_row_party_put(struct db *db,
    const struct grants_party *p, bool settled, struct sp_err *err) SP_MUST_USE;
/* Whom it is with, or who shared it on, and who knows it as active. */
enum sp_code grants_share_row_first_party(struct db *db,
    const struct sp_id *share, struct sp_id *agency, bool *found,
    struct sp_err *err) SP_MUST_USE;
/* What it should know: the share's state, or what ended for it alone. */
enum sp_code grants_share_row_due(struct db *db, const struct grants_party *p,
    enum grants_state *out, struct sp_err *err) SP_MUST_USE;

/* The next thing to do by itself, of this owner. */
struct grants_share_work {
	enum { GRANTS_NO_WORK, GRANTS_TO_END, GRANTS_TO_TELL } what;
	struct sp_id share;
	enum grants_state state; /* to end: as what */
	struct sp_id agency;     /* to tell: whom */
};
enum sp_code grants_share_row_work(struct db *db, const struct sp_id *owner,
    sp_time now, struct grants_share_work *out, struct sp_err *err) SP_MUST_USE;

/* What another house told. */
struct grants_known {
	struct sp_id id, owner;
	bool by; /* this house shared it on; else it is with this house */
	bool download;
	bool declined;
	enum grants_to to;
	struct sp_id to_id;
	enum grants_state state;
	uint64_t version;
	sp_time until;
};
enum sp_code grants_share_row_known(struct db *db, const struct sp_id *id,
    struct grants_known *out, struct sp_err *err) SP_MUST_USE;
enum sp_code grants_share_row_known_put(struct db *db,
    const struct grants_known *k, const char *terms,
    struct sp_err *err) SP_MUST_USE;
enum sp_code grants_share_row_known_decline(
    struct db *db, const struct sp_id *id, struct sp_err *err) SP_MUST_USE;

/* By which shares somebody may come to an item (visit.h). */
struct grants_visit_ways;
enum sp_code grants_share_row_ways(struct db *db,
    const struct grants_visit_ways *q, struct sp_id *id, size_t *got,
    struct sp_err *err) SP_MUST_USE;

#endif
