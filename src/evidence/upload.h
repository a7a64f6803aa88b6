#ifndef EVIDENCE_UPLOAD_H
#define EVIDENCE_UPLOAD_H

#include "evidence/record.h"

/*
 * Uploads: what tus talks about, without HTTP.  record.h keeps the records,
 * session.h takes in the bytes.
 *
 *          create             session ... end       (last byte)
 *   (none) -------> OPEN <----------------> OPEN -----------------> evidence
 *                    | \                       \- partial: WHOLE
 *                    |  \- declared sha256 differs: refused, kept nowhere
 *                    \---- remove, expire: gone
 *
 * An upload keeps its id when it becomes evidence.
 */
struct evidence_upload {
	struct sp_id id;
	uint64_t offset;
	uint64_t length;        /* or EVIDENCE_LENGTH_UNKNOWN */
	sp_time expires;        /* 0 when done */
	bool partial;           /* for concatenation only */
	bool final;             /* made by concatenation */
	bool done;              /* a whole partial, or evidence */
	bool before;            /* made before, by the same Idempotency-Key */
	struct sp_buf metadata; /* Upload-Metadata as it came; "" when done */
	struct sp_buf concat;   /* Upload-Concat to echo; "" when neither */
};
void evidence_upload_done(struct evidence_upload *u); /* frees its buffers */
#define EVIDENCE_AUTO_UPLOAD                                                   \
	SP_CLEANUP(evidence_upload_done) struct evidence_upload

/* An upload of length 0 is evidence (or a whole partial) at once. */
enum sp_code evidence_upload_create(struct evidence_room *r,
    struct gate_pass *pass, const struct evidence_upload_new *n,
    struct evidence_upload *out, struct sp_err *err) SP_MUST_USE;
/* Join whole partial uploads, n->part in order, into evidence; n->length is not
 * looked at.  The parts stay until they expire. */
#define EVIDENCE_PARTS_MAX 1000
enum sp_code evidence_upload_concat(struct evidence_room *r,
    struct gate_pass *pass, const struct evidence_upload_new *n,
    struct evidence_upload *out, struct sp_err *err) SP_MUST_USE;
/* SP_E_NOTFOUND; SP_E_LOCKED while a live session writes it.  A session that
 * has had no byte for a few seconds is cut and waited for. */
enum sp_code evidence_upload_find(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id, struct evidence_upload *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code evidence_upload_remove(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;

/* ---- For the other modules of this room ---- */

/* What tus asks of an upload, from its record or its evidence. */
enum sp_code evidence_upload_load(struct evidence_room *r,
    const struct sp_id *id, struct evidence_upload *out,
    struct sp_err *err) SP_MUST_USE;
/* End uploads whose time is over; called by the room's tick. */
void evidence_upload_expire(struct evidence_room *r);

#endif
