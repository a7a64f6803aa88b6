#ifndef PROCESSING_JOB_H
#define PROCESSING_JOB_H

#include "evidence/room.h"

/*
 * One item looked into, from the queue to the record:
 *
 *   begin (pass) -> worker asks, reader answers -> poster sealed -> finish
 *      |                                                              |
 *      '--- anything of ours fails: release, the item waits again <---'
 *
 * A worker that dies, or says nonsense, is an answer: the item is unreadable.
 * One thread a job; it waits for the worker, the keeper and the disk.
 */
struct processing_job {
	struct evidence_room *room;
	struct sp_id id;
	int sock;         /* to a fresh worker; stays the caller's */
	int64_t deadline; /* sp_ticks(), for the worker */
	/* Is this process about to end?  Then a worker that fell silent was
	 * cut off, and the file is not to blame. */
	bool (*stopping)(void *arg);
	void *arg;
};

/* SP_OK: the record says how it went.  Else the item waits again, unless even
 * that could not be recorded: then it is left at work (record.h).
 * SP_E_CONFLICT: it did not wait. */
enum sp_code processing_job_run(
    const struct processing_job *job, struct sp_err *err) SP_MUST_USE;

#endif
