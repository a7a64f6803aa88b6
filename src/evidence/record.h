#ifndef EVIDENCE_RECORD_H
#define EVIDENCE_RECORD_H

#include "evidence/item.h"
#include "evidence/object.h"
#include "gate/once.h"

/*
 * The records of uploads in the agency's database, and the acts that change
 * them.  For the other modules of this room only.
 *
 * A record's (offset, sealed tail) are what is acknowledged.  Its `sealing`
 * says whether segments beyond them may have been sealed: the boot id of the
 * process that may have, or NULL when that process rested the upload on its
 * way out.  Bytes go on under the same key only when it is this process or
 * none; else the object is begun anew under a new key (vault/seal.h).
 */
#define EVIDENCE_LENGTH_UNKNOWN UINT64_MAX
#define EVIDENCE_ECHO_MAX       ((size_t)1 << 20)

struct evidence_record {
	struct sp_id id;
	struct sp_id object;
	uint64_t offset;
	uint64_t length;
	sp_time expires;
	bool partial;
	bool final;
	bool whole;   /* a partial that has all its bytes */
	bool resting; /* sealing is NULL */
	bool ours;    /* sealing is this process */
	bool has_declared;
	uint8_t declared[CRYPTO_SHA256_LEN];
	struct sp_buf tail;     /* sealed */
	struct sp_buf metadata; /* Upload-Metadata and Upload-Concat, */
	struct sp_buf concat;   /* as they came */
};
void evidence_record_done(struct evidence_record *rec);
#define EVIDENCE_AUTO_RECORD                                                   \
	SP_CLEANUP(evidence_record_done) struct evidence_record

struct evidence_upload_new {
	uint64_t length; /* or EVIDENCE_LENGTH_UNKNOWN */
	bool partial;
	bool final;                       /* made by concatenation */
	const char *metadata;             /* as it came, "" when absent */
	const struct evidence_meta *meta; /* checked; NULL when partial */
	const char *concat;               /* Upload-Concat to echo, or NULL */
	const struct sp_id *part;         /* what a concatenation joins */
	size_t parts;
	const struct gate_once *once; /* its Idempotency-Key, or NULL */
};
/* SP_E_LIMIT: too long, or too many are open.  *before: nothing was made, *id
 * is what the first request with this Idempotency-Key made. */
enum sp_code evidence_record_create(struct evidence_room *r,
    const struct gate_caller *who, const struct evidence_upload_new *n,
    struct sp_id *id, bool *before, struct sp_err *err) SP_MUST_USE;
/* SP_E_NOTFOUND. */
enum sp_code evidence_record_load(struct evidence_room *r,
    const struct sp_id *id, struct evidence_record *out,
    struct sp_err *err) SP_MUST_USE;
/* The bytes up to `offset` are safe: acknowledge them.  `length` declares a
 * deferred one; `object`, when not NULL, takes the old object's place. */
struct evidence_rest {
	struct sp_id id;
	uint64_t offset;
	uint64_t length;
	const struct sp_buf *tail;
	const struct evidence_object *object;
};
enum sp_code evidence_record_rest(struct evidence_room *r,
    const struct evidence_rest *rest, struct sp_err *err) SP_MUST_USE;
/* Whether segments beyond the record may be sealed from now on (durable). */
enum sp_code evidence_record_sealing(struct evidence_room *r,
    const struct sp_id *id, bool sealing, struct sp_err *err) SP_MUST_USE;
/* The object is kept: the upload becomes evidence, with its ledger entry. */
struct evidence_sealed {
	struct sp_id id;
	uint64_t size;
	uint8_t sha256[CRYPTO_SHA256_LEN];
	struct gate_caller who;
};
enum sp_code evidence_record_seal(struct evidence_room *r,
    const struct evidence_sealed *s, struct sp_err *err) SP_MUST_USE;
/* The record goes, with an entry that says why; then its object. */
#define EVIDENCE_ENDS(X)                                                       \
	X(EVIDENCE_REMOVED, "upload.removed", LEDGER_DONE)                     \
	X(EVIDENCE_EXPIRED, "upload.expired", LEDGER_DONE)                     \
	X(EVIDENCE_REFUSED, "upload.refused", LEDGER_REFUSED)                  \
	X(EVIDENCE_LOST, "upload.lost", LEDGER_FAILED)
enum evidence_end {
#define X(id, act, outcome) id,
	EVIDENCE_ENDS(X)
#undef X
	    EVIDENCE_END_COUNT
};
struct evidence_ended {
	struct sp_id id;
	enum evidence_end why;
	const struct gate_caller *who; /* NULL: the site itself */
	const uint8_t *sha256;         /* refused: what came, or NULL */
};
enum sp_code evidence_record_end(struct evidence_room *r,
    const struct evidence_ended *e, struct sp_err *err) SP_MUST_USE;

/* The site itself as a caller ("site", no address). */
struct gate_caller evidence_site_caller(const struct evidence_room *r);
/* Ids of records, in order, after `after`, that were last touched by then;
 * EVIDENCE_IDS of them: there may be more. */
#define EVIDENCE_IDS 64
struct evidence_ids {
	struct sp_id id[EVIDENCE_IDS];
	size_t n;
};
enum sp_code evidence_record_ids(struct evidence_room *r, sp_time expired_by,
    const struct sp_id *after, struct evidence_ids *out,
    struct sp_err *err) SP_MUST_USE;

#endif
