#ifndef PROCESSING_CREW_H
#define PROCESSING_CREW_H

#include "evidence/site.h"

/*
 * Those who look into media: a few threads that take items from the queues of
 * all agencies in turn, each with one worker at a time.  The queues are the
 * databases' (record.h): nothing is lost with the process, and nothing grows
 * in it.
 *
 * What an earlier process left at work is released first.  An agency whose
 * keeper, disk or writer is away is left alone for a while; so is everybody
 * when no worker can be had.
 */
struct processing_crew;

/* Where workers come from: *sock is connected to a fresh one, and the crew's
 * to close.  May wait; called by the crew's threads. */
struct processing_hire {
	enum sp_code (*worker)(void *self, int *sock, struct sp_err *err);
	void *self;
};

#define PROCESSING_CREW_MOST 8

enum sp_code processing_crew_start(struct processing_crew **out,
    struct evidence_site *site, const struct processing_hire *hire,
    size_t threads, struct sp_err *err) SP_MUST_USE;
/* Cuts what is at work (it waits again) and ends the threads.  The site's
 * rooms must still be open.  `hire` must not be waiting any more: whoever
 * provides it lets its callers go first.  NULL is a no-op. */
void processing_crew_stop(struct processing_crew *c);

/* Look again now, rather than within a second. */
void processing_crew_wake(struct processing_crew *c);

struct processing_stats {
	uint64_t done;   /* items with an answer, unreadable ones too */
	uint64_t failed; /* tries that ended without one */
};
void processing_crew_stats(
    struct processing_crew *c, struct processing_stats *out);

#endif
