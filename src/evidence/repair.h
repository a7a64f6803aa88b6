#ifndef EVIDENCE_REPAIR_H
#define EVIDENCE_REPAIR_H

#include "evidence/record.h"

/*
 * What a process that died may have left, put right before the room serves:
 *
 *   kept object whose upload is still on record   moved back to staging (the
 *                                                 record tells the truth)
 *   upload without its staged object              an empty one is made; where
 *                                                 bytes on record were in it
 *                                                 it ends: "upload.lost"
 *   staged object on no record                    removed (a spool, an old
 *                                                 key's object, a removed
 *                                                 upload's)
 *   viewing left open                             closed: "evidence.closed"
 *
 * Each step may be cut short itself and is done again at the next start.
 * The cost grows with the uploads under way, not with the evidence kept.
 */
struct evidence_repaired {
	uint64_t moved_back, lost, removed;
};
enum sp_code evidence_repair(struct evidence_room *r,
    struct evidence_repaired *out, struct sp_err *err) SP_MUST_USE;

#endif
