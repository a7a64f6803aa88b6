#ifndef EVIDENCE_VIEWING_H
#define EVIDENCE_VIEWING_H

#include "evidence/item.h"

/*
 * Reading content.  A viewing is one caller (token and address) looking at
 * one item for as long as requests keep coming: one pass and one
 * "evidence.opened" entry at its start, one "evidence.closed" with the bytes
 * served at its end, however many ranges a player asks for.
 *
 *   (none) --first request--> OPENING --admitted--> OPEN --idle, stop--> CLOSED
 *                                |  refused                 |
 *                                v                          v crash
 *                             (none)     "evidence.closed", outcome failed,
 *                                        at the next start (row left over)
 *
 * When what the caller rests on is cut (evidence_room_cut) the readers' next
 * segment is refused (SP_E_UNKNOWN, "token.cut"), and the viewing is closed
 * with the last of them; its entry says so.
 *
 * A range is read through a reader: one a request, one thread.
 */
struct evidence_reader;
struct evidence_viewings;

struct evidence_content {
	uint64_t size;
	char etag[67]; /* "\"sha256 hex\"" */
	uint8_t sha256[CRYPTO_SHA256_LEN];
	char media_type[EVIDENCE_MEDIA_MAX + 1];
	char filename[EVIDENCE_FILENAME_MAX + 1];
	sp_time received;
};

/* What a HEAD tells; nothing is recorded.  The pass is for GATE_SHOW. */
enum sp_code evidence_content_head(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id,
    struct evidence_content *out, struct sp_err *err) SP_MUST_USE;
/* Joins the caller's viewing or opens one (this asks the gate). */
enum sp_code evidence_reader_open(struct evidence_reader **out,
    struct evidence_room *r, const struct gate_caller *who,
    const struct sp_id *id, struct evidence_content *content,
    struct sp_err *err) SP_MUST_USE;
/* Is the caller looking at this item already? */
bool evidence_viewing_has(struct evidence_room *r,
    const struct gate_caller *who, const struct sp_id *id);
/* Under a pass for GATE_EXPORT or GATE_PROBE of this item (referenced, not
 * taken). */
enum sp_code evidence_reader_open_for(struct evidence_reader **out,
    struct evidence_room *r, struct gate_pass *pass, const struct sp_id *id,
    struct evidence_content *content, struct sp_err *err) SP_MUST_USE;
/* SP_E_CORRUPT marks the item and writes an alert entry the first time. */
enum sp_code evidence_reader_read(struct evidence_reader *rd, uint64_t offset,
    void *out, size_t len, struct sp_err *err) SP_MUST_USE;
/* Would a read at `offset`, which is below the size, be good?  Nothing is
 * served; the read that follows does not do the work again. */
enum sp_code evidence_reader_probe(struct evidence_reader *rd, uint64_t offset,
    struct sp_err *err) SP_MUST_USE;
/* How many bytes from `offset` on pass or fail their check together: a read
 * of no more loses nothing good to what follows. */
uint64_t evidence_reader_together(uint64_t offset);
/* Reads will go on in order up to `until`: they may be prepared. */
void evidence_reader_ahead(struct evidence_reader *rd, uint64_t until);
void evidence_reader_close(struct evidence_reader *rd); /* NULL is a no-op */

/* ---- For room.h and repair.h ---- */

struct evidence_viewings *evidence_viewings_new(void) SP_MUST_USE;
void evidence_viewings_free(struct evidence_viewings *v);
/* Close what has been idle for `idle` microseconds, and what is cut; 0 closes
 * all.  What cannot be recorded now stays for the next time. */
void evidence_viewings_close(struct evidence_room *r, sp_time idle);
size_t evidence_viewings_count(struct evidence_viewings *v);
/* Close what a process that died left open. */
enum sp_code evidence_viewings_repair(
    struct evidence_room *r, struct sp_err *err) SP_MUST_USE;

#endif
