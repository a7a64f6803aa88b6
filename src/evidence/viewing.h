#ifndef EVIDENCE_VIEWING_H
#define EVIDENCE_VIEWING_H

#include "evidence/item.h"

/*
 * Reading content.  A viewing is one caller looking at one item for as long
 * as requests keep coming: one pass and one "content.opened" entry at its
 * start, one "content.closed" with the bytes served at its end, however many
 * ranges a player asks for.
 *
 *   (none) --first request: gate_admit--> OPEN --idle, stop--> CLOSED
 *
 * A range is read through an evidence_reader: one a request, one thread.
 */
struct evidence_reader;

struct evidence_content {
	uint64_t size;
	char etag[67];      /* "\"sha256 hex\"" */
	char media_type[EVIDENCE_MEDIA_MAX + 1];
	char filename[EVIDENCE_FILENAME_MAX + 1];
	sp_time received;
};

/* Joins or opens the caller's viewing; for HEAD nothing is recorded and no
 * reader made: use evidence_content_head. */
enum sp_code evidence_content_head(struct evidence_room *r,
    struct gate_pass *pass /* GATE_SHOW */, const struct sp_id *id,
    struct evidence_content *out, struct sp_err *err) SP_MUST_USE;
enum sp_code evidence_reader_open(struct evidence_reader **out,
    struct evidence_room *r, const struct gate_caller *who,
    const struct sp_id *id, struct evidence_content *content,
    struct sp_err *err) SP_MUST_USE;
/* SP_E_CORRUPT marks the item, writes the alert entry, and stays. */
enum sp_code evidence_reader_read(struct evidence_reader *rd, uint64_t offset,
    void *out, size_t len, struct sp_err *err) SP_MUST_USE;
void evidence_reader_close(struct evidence_reader *rd);

#endif
