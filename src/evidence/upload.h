#ifndef EVIDENCE_UPLOAD_H
#define EVIDENCE_UPLOAD_H

#include "evidence/item.h"

/*
 * Uploads: what tus talks about, without HTTP.
 *
 *            create                write ... end            (last byte)
 *   (none) ---------> OPEN <---------------------> OPEN ------------------> evidence
 *                      |  \                              \ (partial: PART)
 *                      |   \ declared sha256 differs: REFUSED (kept nowhere)
 *                      \----> remove / expire: gone
 *
 * The record's (offset, sealed tail) are what is acknowledged: durable before
 * evidence_upload_end returns.  Only one session writes an upload at a time.
 * A session that is cut (client gone) rests what it took in.
 */
struct evidence_session;

#define EVIDENCE_LENGTH_UNKNOWN UINT64_MAX

struct evidence_upload {
	struct sp_id id;
	uint64_t offset;
	uint64_t length;   /* or EVIDENCE_LENGTH_UNKNOWN */
	sp_time expires;
	bool partial;      /* for concatenation only */
	bool final;        /* made by concatenation */
	bool done;         /* a whole partial, or evidence */
	struct sp_id evidence; /* set when done and not partial */
	struct sp_buf metadata; /* Upload-Metadata, as it came */
	struct sp_buf concat;   /* Upload-Concat to echo; "" when neither */
};
void evidence_upload_done(struct evidence_upload *u); /* frees its buffers */

struct evidence_upload_new {
	uint64_t length; /* or EVIDENCE_LENGTH_UNKNOWN */
	bool partial;
	const char *metadata;             /* as it came, "" when absent */
	const struct evidence_meta *meta; /* checked; NULL when partial */
};
/* An upload of length 0 is evidence at once (u->done). */
enum sp_code evidence_upload_create(struct evidence_room *r,
    struct gate_pass *pass, const struct evidence_upload_new *n,
    struct evidence_upload *out, struct sp_err *err) SP_MUST_USE;
/* Join whole partial uploads, in order, into evidence. */
enum sp_code evidence_upload_concat(struct evidence_room *r,
    struct gate_pass *pass, const struct evidence_upload_new *n,
    const struct sp_id *part, size_t parts, const char *concat,
    struct evidence_upload *out, struct sp_err *err) SP_MUST_USE;
/* SP_E_NOTFOUND; SP_E_LOCKED while a live session writes it.  A session that
 * has had no byte for a few seconds is cut and waited for. */
enum sp_code evidence_upload_find(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id,
    struct evidence_upload *out, struct sp_err *err) SP_MUST_USE;
enum sp_code evidence_upload_remove(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;

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
 * differs.  May not be called from the ledger's writer. */
enum sp_code evidence_session_end(struct evidence_session *s, bool whole,
    struct evidence_upload *out, struct sp_err *err) SP_MUST_USE;

#endif
