#ifndef EVIDENCE_SESSION_H
#define EVIDENCE_SESSION_H

#include "evidence/upload.h"

/*
 * Taking in bytes: one session is one PATCH (or the body of a creation).
 *
 *   begin --write ... write--> end --> record rests: acknowledged
 *     |                         |----> last byte: finish, evidence
 *     |                         \----> failed: salvaged, or begun anew later
 *     \- claims the upload at the desk: one session at a time
 *
 * With a checksum to be met the bytes go to a spool (a sealed object of its
 * own whose key dies with the session) and join the upload once the checksum
 * fits: nothing is sealed in the upload's object that could be taken back.
 *
 * What a session has learnt but could not record (the keeper away, the disk
 * full) stays at the desk and is recorded when the upload is next touched;
 * until then the upload answers with that failure, and if the process dies
 * the record still tells the truth about what was acknowledged.
 */
struct evidence_session;
struct evidence_desk;

struct evidence_patch {
	uint64_t offset;  /* must be the upload's: SP_E_CONFLICT "upload.offset" */
	uint64_t length;  /* declares a deferred length, or UNKNOWN */
	uint64_t content; /* Content-Length, or UNKNOWN: checked against length */
	bool checked;     /* Upload-Checksum was given: all or nothing */
	enum crypto_digest_kind kind;
	uint8_t sum[CRYPTO_DIGEST_MAX];
	/* Called from another thread to wake a session that waits for bytes
	 * (shut its socket down); may be NULL. */
	void (*cut)(void *arg);
	void *cut_arg;
};
enum sp_code evidence_session_begin(struct evidence_session **out,
    struct evidence_room *r, struct gate_pass *pass, const struct sp_id *id,
    const struct evidence_patch *p, struct sp_err *err) SP_MUST_USE;
/* SP_E_LIMIT when the bytes would exceed the length. */
enum sp_code evidence_session_write(struct evidence_session *s,
    const void *bytes, size_t len, struct sp_err *err) SP_MUST_USE;
/* Ends and frees the session.  `whole` is false when the body broke off:
 * what came is kept (unless a checksum was to be met).  The upload's new
 * state goes to *out; SP_E_MISMATCH for a checksum or declared sha256 that
 * differs (reasons upload.checksum, upload.sha256). */
enum sp_code evidence_session_end(struct evidence_session *s, bool whole,
    struct evidence_upload *out, struct sp_err *err) SP_MUST_USE;

/* ---- The desk: who is at which upload.  For upload.h and room.h. ---- */

struct evidence_desk *evidence_desk_new(void) SP_MUST_USE;
void evidence_desk_free(struct evidence_desk *d);

/* Claim an upload: SP_E_LOCKED while another holds it and is alive.  What was
 * left to record is recorded first, or the claim fails with that failure. */
struct evidence_claim;
enum sp_code evidence_desk_claim(struct evidence_claim **out,
    struct evidence_room *r, const struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;
/* `gone`: there is no such upload (any more): forget it. */
void evidence_desk_release(struct evidence_claim *c, bool gone);
/* Cut all live sessions (the server stops). */
void evidence_desk_cut_all(struct evidence_desk *d);
/* Mark as resting every upload that rests, before the process ends. */
void evidence_desk_rest_all(struct evidence_room *r);

/* Take all of `from` (readers in turn) as an upload's bytes and finish it:
 * what concatenation does.  The claim stays the caller's. */
enum sp_code evidence_session_join(struct evidence_room *r,
    struct evidence_claim *claim, const struct sp_id *part, size_t parts,
    const struct gate_caller *who, struct sp_err *err) SP_MUST_USE;
/* Finish an upload of length 0. */
enum sp_code evidence_session_empty(struct evidence_room *r,
    struct evidence_claim *claim, const struct gate_caller *who,
    struct sp_err *err) SP_MUST_USE;

#endif
