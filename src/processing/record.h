#ifndef PROCESSING_RECORD_H
#define PROCESSING_RECORD_H

#include "evidence/object.h"
#include "media/client.h"

/*
 * What is on record of an item's media, and the acts that change it.  Each is
 * one transaction with its entry:
 *
 *   (sealed)             begin                      finish
 *   --------> QUEUED ----------------> WORKING ----------------> DONE
 *               ^     "media.opened"      | |  "media.probed"    NONE
 *               |                         | '------------------> UNREADABLE
 *               '-------------------------'
 *                 release: interrupted, "media.probed" (failed);
 *                 after PROCESSING_TRIES it is UNREADABLE
 *
 * The object that a poster would be sealed in is on record from `begin` on,
 * so that an interrupted one is always found and removed.
 */
#define PROCESSING_TRIES 5

/* The site itself, looking into media. */
struct gate_caller processing_record_caller(const struct evidence_room *r);

/* Up to `room_for` items that wait, the oldest first. */
enum sp_code processing_record_waiting(struct evidence_room *r,
    struct sp_id *id, size_t room_for, size_t *got,
    struct sp_err *err) SP_MUST_USE;
/* The same for those at work: this process's, or left by a dead one. */
enum sp_code processing_record_working(struct evidence_room *r,
    struct sp_id *id, size_t room_for, size_t *got,
    struct sp_err *err) SP_MUST_USE;

/* Asks the gate: *pass lets the item's content be read.  SP_E_CONFLICT: it
 * does not wait any more. */
enum sp_code processing_record_begin(struct evidence_room *r,
    const struct sp_id *id, const struct evidence_object *poster,
    struct gate_pass **pass, struct sp_err *err) SP_MUST_USE;

struct processing_done {
	struct sp_id id;
	const struct media_result *result;
	bool expected; /* was said to be media: else UNKNOWN is no fault */
	/* The poster is sealed: its digest; NULL: there is none. */
	const uint8_t *poster_sha256;
};
enum sp_code processing_record_finish(struct evidence_room *r,
    const struct processing_done *d, struct sp_err *err) SP_MUST_USE;
/* Also removes what there is of a poster. */
enum sp_code processing_record_release(struct evidence_room *r,
    const struct sp_id *id, struct sp_err *err) SP_MUST_USE;

#endif
