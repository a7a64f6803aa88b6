#ifndef PROCESSING_SHOW_H
#define PROCESSING_SHOW_H

#include "evidence/room.h"

/*
 * What is told of an item's media.  The facts stand with what else is known of
 * an item (GATE_SHOW); the poster is a frame of the content, and whoever gets
 * it has seen something: GATE_PREVIEW, an entry each time.
 */

/* {"evidence","facts"|null,"poster"|null,"probed_at"|null,"state"}, as
 * docs/media.md has it.  The pass is for GATE_SHOW of the item. */
enum sp_code processing_show_media(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;

struct processing_poster {
	struct sp_id object;
	uint64_t size;
	sp_time probed;
	char etag[67]; /* "\"sha256 hex\"" */
};
/* Is there a poster, and which?  SP_E_NOTFOUND, reason "media.poster": there
 * is none (yet).  The pass is for GATE_SHOW of the item. */
enum sp_code processing_show_poster_head(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id,
    struct processing_poster *out, struct sp_err *err) SP_MUST_USE;
/* Its bytes.  The pass is for GATE_PREVIEW of the item. */
enum sp_code processing_show_poster(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;

#endif
