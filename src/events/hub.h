#ifndef EVENTS_HUB_H
#define EVENTS_HUB_H

#include "base/clock.h"
#include "base/id.h"

/*
 * What happens in one agency's evidence room, told to whoever listens now.
 * The hub keeps the last EVENTS_KEPT events in a ring; each listener has a
 * place in it.  Telling never waits and never fails: a listener that is
 * slower than the ring learns that it missed some, and asks the API for the
 * state of things.  Nothing here is durable: the ledger is the record.
 *
 *   tell (any thread) --> ring --> next (a listener's own thread, waits)
 *
 * Ids grow by one from a random start, so that an id of an earlier process is
 * known as such (SSE's Last-Event-ID).
 */
#define EVENTS_KEPT 1024

#define EVENTS_KINDS(X)                                                        \
	X(EVENTS_PROGRESS, "upload.progress")                                  \
	X(EVENTS_SEALED, "evidence.sealed")                                    \
	X(EVENTS_CORRUPT, "evidence.corrupt")                                  \
	X(EVENTS_MEDIA, "media.probed")                                        \
	X(EVENTS_WITNESS, "witness.behind")

enum events_kind {
#define X(id, name) id,
	EVENTS_KINDS(X)
#undef X
	    EVENTS_KIND_COUNT
};

struct events_event {
	uint64_t id;
	sp_time time;
	enum events_kind kind;
	struct sp_id object; /* upload or evidence (the same id); else zero */
	uint64_t at, of;     /* bytes so far, of; or entries behind, of size */
};

const char *events_kind_name(enum events_kind kind);

struct events_hub;
struct events_hub *events_hub_new(void) SP_MUST_USE; /* NULL: no memory */
void events_hub_free(struct events_hub *h);          /* nobody listens */

/* id and time are filled in.  Progress of one object replaces its own last
 * event as long as nobody needs it, at most a few a second. */
void events_hub_tell(struct events_hub *h, const struct events_event *e);

/* Wakes all listeners; next answers EVENTS_OVER from now on. */
void events_hub_end(struct events_hub *h);

enum events_next { EVENTS_NEXT, EVENTS_IDLE, EVENTS_MISSED, EVENTS_OVER };

/* Where a new listener stands: after `last`, where that is known, else at
 * the end of what there is. */
uint64_t events_hub_place(struct events_hub *h, uint64_t last);
/* The event after *place, waiting until `deadline` (sp_ticks) for one.
 * EVENTS_MISSED: some are gone; *place is the oldest there is. */
enum events_next events_hub_next(struct events_hub *h, uint64_t *place,
    int64_t deadline, struct events_event *out);

#endif
