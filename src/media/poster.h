#ifndef MEDIA_POSTER_H
#define MEDIA_POSTER_H

#include "media/message.h"
#include "media/probe.h"

/*
 * One frame of a file as a small JPEG: some seconds in, where there is more
 * than black to see; scaled so that its longer side is at most
 * MEDIA_POSTER_SIDE; upright; in its right proportions; without metadata.
 * A rendition, never the original.  In the worker only; one thread.
 */
#define MEDIA_POSTER_PACKETS 400 /* read, of the stream that is seen */

/* False where none can be made: no pictures, no decoder on the list, all
 * damaged, a bound met.  `out` (max at least MEDIA_POSTER_MAX more) is then as
 * it was. */
bool media_poster_make(struct media_probe *p, struct sp_buf *out) SP_MUST_USE;

#endif
