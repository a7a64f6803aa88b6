#ifndef EVENTS_HUB_H
#define EVENTS_HUB_H

#include "base/clock.h"
#include "base/id.h"

/*
 * What happens in one agency's evidence room, told to whoever listens now.
 * The hub keeps the last EVENTS_KEPT events; each listener has a place among
 * them.  Telling never waits for a listener and never fails: one that is
 * slower than what is kept learns that it missed some, and asks the API for
 * the state of things.  Nothing here is durable: the ledger is the record.
 *
 *   tell (any thread) --> kept --> next (a listener's own thread, waits)
 *          \--> herald (a thread of the hub's): wakes those whom it concerns
 *
 * A listener:
 *
 *   listen --> BEHIND --next reads--> AT THE END --next waits--> WAITING
 *                ^                                                  |
 *                '-------- told: something that it wishes ----------'
 *   (any) --end, stop--> OVER: next answers so from then on
 *
 * The herald wakes a few at a time and waits for those to come back: with ten
 * thousand listeners everybody else's work goes on between them.
 *
 * Ids grow by one from a random start, so that an id of an earlier process is
 * known as such (SSE's Last-Event-ID).  0 is nobody's id.
 */
#define EVENTS_KEPT 2048

#define EVENTS_KINDS(X)                                                        \
	X(EVENTS_PROGRESS, "upload.progress")                                  \
	X(EVENTS_SEALED, "evidence.sealed")                                    \
	X(EVENTS_CORRUPT, "evidence.corrupt")                                  \
	X(EVENTS_MEDIA, "media.probed")                                        \
	X(EVENTS_WITNESS, "witness.behind")                                    \
	X(EVENTS_LOCKBOX, "lockbox.changed")                                   \
	X(EVENTS_GLASS, "glass.broken")                                        \
	X(EVENTS_DISABLED, "person.disabled")                                  \
	X(EVENTS_TERMINATED, "person.terminated")                              \
	X(EVENTS_WARNED, "clearance.warned")                                   \
	X(EVENTS_LAPSED, "clearance.lapsed")                                   \
	X(EVENTS_RECOVERY, "recovery.changed")

enum events_kind {
#define X(id, name) id,
	EVENTS_KINDS(X)
#undef X
	    EVENTS_KIND_COUNT
};

struct events_event {
	uint64_t id;
	sp_time time;
	/* Upload or evidence (the same id), or lockbox request; else zero. */
	struct sp_id object;
	struct sp_id by; /* whose token brings it in, where known */
	uint64_t at, of; /* bytes so far, of; or entries behind, of size */
	/* Of people; all static, NULL where there is none. */
	const char *about; /* "person", "agreement", "addendum" */
	const char *why;   /* a reason, or the check that lapses */
	int64_t days;      /* warned: so many or fewer are left */
	enum events_kind kind;
	char until[11]; /* "2026-11-21" or "" */
};

const char *events_kind_name(enum events_kind kind);
/* Is it about people, and so not for everybody? */
bool events_kind_people(enum events_kind kind);

struct events_hub;
struct events_hub *events_hub_new(void) SP_MUST_USE; /* NULL: no memory */
void events_hub_free(struct events_hub *h);          /* nobody listens */

/* id and time are filled in.  An object has one progress at a time: it goes
 * when the next comes, and with its sealing. */
void events_hub_tell(struct events_hub *h, const struct events_event *e);

/* For all listeners it is over, and for those to come. */
void events_hub_end(struct events_hub *h);

/* ---- Listening: one thread a listener, but for events_hub_stop ---- */

struct events_listener;

struct events_wish {
	struct sp_id as;     /* the token that listens */
	struct sp_id object; /* only of this one; zero: of all */
	bool own;            /* only what the token itself brings in */
	bool people;         /* also what is about people */
	uint64_t last;       /* go on after this id; 0: from now on */
	size_t most;         /* listeners of this hub's; 0: any number */
	size_t most_as;      /* as this token; 0: any number */
};
/* SP_E_LIMIT, reason "events.agency" or "events.token"; SP_E_UNAVAIL when it
 * is over already.  Ids that are not known any more are not refused: the
 * first thing to come is EVENTS_MISSED. */
enum sp_code events_hub_listen(struct events_listener **out,
    struct events_hub *h, const struct events_wish *w,
    struct sp_err *err) SP_MUST_USE;
void events_hub_leave(struct events_listener *l); /* NULL is a no-op */
/* Any thread: for this one it is over. */
void events_hub_stop(struct events_listener *l);

enum events_next {
	EVENTS_NEXT,   /* *n of them */
	EVENTS_IDLE,   /* none till the deadline */
	EVENTS_MISSED, /* some are gone; it goes on from now */
	EVENTS_OVER
};
/* Up to `room` events, in order, waiting until `deadline` (sp_ticks) for the
 * first. */
enum events_next events_hub_next(struct events_listener *l, int64_t deadline,
    struct events_event *out, size_t room, size_t *n) SP_MUST_USE;
/* The id up to which it has heard everything that it wishes. */
uint64_t events_hub_place(const struct events_listener *l);

size_t events_hub_listeners(struct events_hub *h);

#endif
