#ifndef EVIDENCE_DESK_H
#define EVIDENCE_DESK_H

#include "evidence/record.h"

/*
 * The desk: who is at which upload in this process, and what it has learnt
 * of uploads that their records do not say.
 *
 *           claim                     release
 *   FREE -----------> HELD ------------------------> FREE
 *                      ^ |  claim by another: refused while bytes keep
 *                      | |  coming (SP_E_LOCKED); else the holder is cut,
 *                      \-/  and waited for
 *
 * What a session could not record (the keeper away, the disk full) is left
 * here and recorded at the next claim; until then the claim fails with that
 * failure.  Any thread.
 */
struct evidence_desk;

/* Not yet in the record. */
enum evidence_left {
	EVIDENCE_LEFT_NOTHING,
	EVIDENCE_LEFT_REST,    /* bytes up to rest.offset are safe */
	EVIDENCE_LEFT_SEALED,  /* the object is whole and kept */
	EVIDENCE_LEFT_REFUSED, /* the declared sha256 differs */
};

/* What the holder of a claim may look at and change. */
struct evidence_claim {
	struct evidence_room *room;
	struct sp_id id;
	bool stale; /* a segment beyond the record may be torn: begin anew */
	struct crypto_digest *hash; /* of the bytes up to hash_at, or NULL */
	uint64_t hash_at;
	enum evidence_left left;
	struct evidence_rest rest; /* rest.tail is &tail */
	struct sp_buf tail;
	struct evidence_sealed sealed; /* who and sha256 when refused, too */
	/* sp_ticks() of when listeners last heard how far it is, and of when
	 * they last heard so at the end of a session. */
	int64_t told, told_end;
	uint64_t told_at; /* and how far that was */
};

struct evidence_desk *evidence_desk_new(void) SP_MUST_USE;
void evidence_desk_free(struct evidence_desk *d); /* nothing is held */

/* SP_E_LOCKED; or the failure of recording what was left. */
enum sp_code evidence_desk_claim(struct evidence_claim **out,
    struct evidence_room *r, const struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;
/* `gone`: there is no such upload (any more): forget it. */
void evidence_desk_release(struct evidence_claim *c, bool gone);

/* Record what is left; SP_OK when nothing is. */
enum sp_code evidence_desk_record(
    struct evidence_claim *c, struct sp_err *err) SP_MUST_USE;

/* The holder's bytes keep coming (now), and how to wake it when they do not:
 * `cut` is called from another thread, at most once, and may be NULL. */
void evidence_desk_alive(struct evidence_claim *c);
void evidence_desk_cut_by(
    struct evidence_claim *c, void (*cut)(void *arg), void *arg);

/* Before the process ends, in one act: every upload rests but the stale. */
enum sp_code evidence_desk_rest_all(
    struct evidence_room *r, struct sp_err *err) SP_MUST_USE;

#endif
