#ifndef EVIDENCE_SESSION_H
#define EVIDENCE_SESSION_H

#include "evidence/desk.h"
#include "evidence/upload.h"

/*
 * Taking in bytes: one session is one PATCH (or the body of a creation).
 *
 *   begin --write ... write--> end --> record rests: acknowledged
 *     |                         |----> last byte: finish, evidence
 *     |                         \----> failed: salvaged, or begun anew later
 *     \- claims the upload at the desk: one session at a time
 *
 * When the sender's credential is cut (evidence_room_cut) a session takes no
 * more and ends with SP_E_UNKNOWN "token.cut": what came rests, even when it
 * was all of it; another's credential can have it sealed.
 *
 * With a checksum to be met the bytes go to a spool (a sealed object of its
 * own whose key dies with the session) and join the upload once the checksum
 * fits: nothing is sealed in the upload's object that could be taken back.
 */
struct evidence_session;

struct evidence_patch {
	uint64_t
	    offset; /* must be the upload's: SP_E_CONFLICT "upload.offset" */
	uint64_t length; /* declares a deferred length, or UNKNOWN */
	uint64_t
	    content;  /* Content-Length, or UNKNOWN: checked against length */
	bool checked; /* Upload-Checksum was given: all or nothing */
	enum crypto_digest_kind kind;
	uint8_t sum[CRYPTO_DIGEST_MAX];
	/* Called from another thread to wake a session that waits for bytes
	 * (shut its socket down), perhaps twice; may be NULL. */
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

/* ---- For upload.h ---- */

/* Take the bytes of whole partial uploads, in turn, as a new upload's and
 * finish it.  The claim stays the caller's, here and below. */
enum sp_code evidence_session_join(struct evidence_room *r,
    struct evidence_claim *claim, const struct sp_id *part, size_t parts,
    const struct gate_caller *who, struct sp_err *err) SP_MUST_USE;
/* Finish an upload that has all its bytes but is not evidence: one of length
 * 0, or one whose finishing failed. */
enum sp_code evidence_session_complete(struct evidence_room *r,
    struct evidence_claim *claim, const struct gate_caller *who,
    struct sp_err *err) SP_MUST_USE;

#endif
