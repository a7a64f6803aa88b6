#ifndef EVENTS_READING_H
#define EVENTS_READING_H

#include "base/buf.h"

/*
 * Reading server-sent events (WHATWG HTML, 9.2.6), as they come from a site
 * that is not trusted: in pieces of any length, each line and each event
 * within a limit.  "retry" and comments are read over; a NUL is refused.  What
 * an event says is the caller's to check.  One thread.
 */
#define EVENTS_LINE_MAX ((size_t)8 << 10)
#define EVENTS_DATA_MAX ((size_t)16 << 10)
#define EVENTS_NAME_MAX 63 /* bytes of a kind, and of an id */

struct events_reading;

struct events_reading *events_reading_new(void) SP_MUST_USE; /* NULL: memory */
void events_reading_free(struct events_reading *r); /* NULL is a no-op */

struct events_heard {
	const char *kind; /* "message" where none is said */
	const char *data;
	const char *id; /* "" where none was ever said */
};
/* Each event that these bytes complete; what it answers that is not SP_OK
 * ends the reading.  SP_E_LIMIT, SP_E_INVALID. */
enum sp_code events_reading_take(struct events_reading *r, const void *bytes,
    size_t len,
    enum sp_code (*hear)(
	void *arg, const struct events_heard *e, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;
/* What to say as Last-Event-ID; "": nothing. */
const char *events_reading_id(const struct events_reading *r);
/* The stream broke off or ended: what is half there is dropped. */
void events_reading_again(struct events_reading *r);

#endif
