#ifndef GRANTS_SHARE_PARTS_H
#define GRANTS_SHARE_PARTS_H

#include "grants/share.h"
#include "grants/share_row.h"

/*
 * For share*.c only: a change of one share in its owner's house, and telling of
 * it.
 *
 *   share.c         ending: revoked, declined, over; what goes on by itself
 *   share_add.c     a new one
 *   share_change.c  the change: rows, entries, who is told first
 *   share_told.c    what the house does that is told
 *   share_row.c     rows
 *   share_json.c    as the API tells it
 */
struct grants_share_change {
	struct grants_house h; /* the owner's */
	struct sp_id share;
	/* Rows; NULL: only tell what was not told. */
	enum sp_code (*rows)(struct ledger_tx *tx,
	    struct grants_share_change *c, struct sp_err *err);
	void *arg;
	enum grants_state state; /* that it comes to */
	struct sp_id agency;     /* who is told first; zero: nobody */
	struct sp_buf detail, terms, body;
};
void grants_share_change_init(struct grants_share_change *c);
void grants_share_change_done(struct grants_share_change *c);
#define GRANTS_AUTO_CHANGE                                                     \
	SP_CLEANUP(grants_share_change_done) struct grants_share_change

/* Its rows, and `terms` and `detail` as they are then. */
enum sp_code grants_share_change_rows(struct ledger_tx *tx,
    struct grants_share_change *c, struct sp_err *err) SP_MUST_USE;
/* Done, and told to the first; initialises *c. */
enum sp_code grants_share_change_run(
    struct grants_share_change *c, struct sp_err *err) SP_MUST_USE;

/* The act by which a share comes to this. */
const char *grants_share_act(enum grants_state state);
/* SP_E_CONFLICT "share.over". */
enum sp_code grants_share_over(struct sp_err *err);
/* Out of their canonical text; *out is done by the caller. */
enum sp_code grants_share_terms(
    const char *text, struct grants_terms *out, struct sp_err *err) SP_MUST_USE;
/* What another told this house of its share.  SP_E_NOTFOUND. */
enum sp_code grants_share_known_of(const struct grants_house *h,
    const struct sp_id *id, struct grants_known *out,
    struct sp_err *err) SP_MUST_USE;

#endif
