#ifndef VOUCH_RECORD_H
#define VOUCH_RECORD_H

#include "evidence/room.h"
#include "vouch/roster.h"

/*
 * What the vouchers of a site have said of an agency's log, in the agency's
 * database (docs/database.md):
 *
 *   cosignature  the newest of each witness, by its key
 *   timestamp    every one of each authority
 *   vouching     how the last exchange with a voucher ended, where that is
 *                not well
 *
 * None of it is an entry of the log: each would make a new checkpoint, to be
 * cosigned again.  Writing goes through the agency's writer, in batches with
 * whatever else is written; reading takes any handle.
 */

/* The log's own checkpoint, as others are asked about it. */
struct vouch_checkpoint {
	struct ledger_checkpoint is;
	struct sp_buf note; /* signed by the log, and by nobody else */
	size_t text;        /* length of what is signed */
};
struct vouch_checkpoint vouch_checkpoint_new(void);
void vouch_checkpoint_free(struct vouch_checkpoint *c);
#define VOUCH_AUTO_CHECKPOINT                                                  \
	SP_CLEANUP(vouch_checkpoint_free) struct vouch_checkpoint

/* The log's current one. */
enum sp_code vouch_checkpoint_take(struct vouch_checkpoint *out,
    struct ledger_log *log, struct sp_err *err) SP_MUST_USE;

/* ---- Writing: any thread but the writer's ---- */

/* One signature line over the checkpoint.  An older one than is there changes
 * nothing. */
enum sp_code vouch_record_cosigned(struct evidence_room *r,
    const struct vouch_voucher *witness, const struct vouch_checkpoint *c,
    const char *line, sp_time time, struct sp_err *err) SP_MUST_USE;
enum sp_code vouch_record_stamped(struct evidence_room *r,
    const struct vouch_voucher *authority, const struct vouch_checkpoint *c,
    const struct sp_buf *token, sp_time time, struct sp_err *err) SP_MUST_USE;
/* What is wrong with a voucher from now on; NULL: nothing. */
enum sp_code vouch_record_problem(struct evidence_room *r,
    const struct sp_id *voucher, const char *problem, bool contradicts,
    struct sp_err *err) SP_MUST_USE;

/* ---- Reading ---- */

/* All lines that are there for exactly this checkpoint, at most as many as go
 * with the log's own. */
enum sp_code vouch_record_lines(struct db *db,
    const struct ledger_checkpoint *c, struct sp_buf *lines,
    struct sp_err *err) SP_MUST_USE;
/* The newest checkpoint that a witness cosigned, with all lines for it.
 * SP_E_NOTFOUND: none did yet. */
enum sp_code vouch_record_newest(
    struct db *db, struct sp_buf *note, struct sp_err *err) SP_MUST_USE;

struct vouch_stamp {
	uint64_t number; /* in the order in which they came, from 1 on */
	uint64_t size;
	sp_time time;     /* of the authority */
	sp_time received; /* by the site's clock */
	char authority[VOUCH_NAME_MAX + 1];
	struct sp_buf note;
	struct sp_buf token; /* DER */
};
struct vouch_stamp vouch_stamp_new(void);
void vouch_stamp_free(struct vouch_stamp *s);
#define VOUCH_AUTO_STAMP SP_CLEANUP(vouch_stamp_free) struct vouch_stamp

#define VOUCH_STAMPS_PAGE 100

/* Timestamp `number`; 0: the newest.  SP_E_NOTFOUND. */
enum sp_code vouch_record_stamp(struct db *db, uint64_t number,
    struct vouch_stamp *out, struct sp_err *err) SP_MUST_USE;
/* The newest below number `before` (0: of all), as JSON:
 * {"next":<before, or null>,"timestamps":[{"authority","note","number","size",
 * "time"}]}, newest first, VOUCH_STAMPS_PAGE at most. */
enum sp_code vouch_record_stamps_json(struct db *db, uint64_t before,
    struct sp_buf *json, struct sp_err *err) SP_MUST_USE;

/* How far a voucher has come with this log. */
struct vouch_standing {
	uint64_t size;   /* what it last vouched for; 0: nothing yet */
	sp_time at;      /* when that was received; 0: never */
	uint64_t behind; /* entries */
	sp_time waits;   /* how long the oldest of them has */
	bool failing;    /* the last exchange did not end well */
	bool contradicts;
	sp_time since; /* failing: from then on */
	char problem[sizeof(((struct sp_err *)0)->text)];
};
/* `size` is the log's. */
enum sp_code vouch_record_standing(struct db *db, uint64_t size,
    const struct vouch_voucher *v, struct vouch_standing *out,
    struct sp_err *err) SP_MUST_USE;

#endif
