#ifndef MEDIA_MESSAGE_H
#define MEDIA_MESSAGE_H

#include "base/buf.h"
#include "base/parse.h"
#include "media/facts.h"

/*
 * What a worker and whoever gave it a job say to each other, over one
 * connected stream (docs/media.md):
 *
 *   message = u32be length of the rest || u8 version || u8 what || body
 *
 *   host                                worker
 *     job: u64 size               ->
 *                                 <-    read: u64 offset || u32 length
 *     bytes: what was asked for   ->      ... any number of times ...
 *                                 <-    unreadable: u8 reason        (the end)
 *                              or <-    facts: see facts.h
 *                                 <-      reads as above
 *                                 <-    poster: a JPEG, or nothing   (the end)
 *
 * The facts go first, so that a frame that costs the worker its life does not
 * cost the item its facts.  Whoever breaks the rules is not talked to again.
 *
 * Numbers are for ever.  id, number, from the worker, least and most of a body
 */
#define MEDIA_VERSION    1
#define MEDIA_PIECE      ((uint32_t)256 << 10) /* most of one read */
#define MEDIA_POSTER_MAX ((uint32_t)512 << 10)
#define MEDIA_FACTS_MAX  ((uint32_t)8 << 10)

#define MEDIA_MESSAGES(X)                                                      \
	X(MEDIA_SAY_JOB, 1, false, 8, 8)                                       \
	X(MEDIA_SAY_READ, 2, true, 12, 12)                                     \
	X(MEDIA_SAY_BYTES, 3, false, 1, MEDIA_PIECE)                           \
	X(MEDIA_SAY_UNREADABLE, 4, true, 1, 1)                                 \
	X(MEDIA_SAY_FACTS, 5, true, 1, MEDIA_FACTS_MAX)                        \
	X(MEDIA_SAY_POSTER, 6, true, 0, MEDIA_POSTER_MAX)

enum media_message {
#define X(id, number, worker, least, most) id,
	MEDIA_MESSAGES(X)
#undef X
	    MEDIA_MESSAGE_COUNT
};

#define MEDIA_HEAD        6 /* length, version, what */
#define MEDIA_MESSAGE_MAX (MEDIA_HEAD + MEDIA_POSTER_MAX)

/* Start a message in a buffer, which is cleared; its body follows by
 * sp_buf_…(). */
void media_message_start(struct sp_buf *b, enum media_message m);
/* Fill in its length.  media_message_send does it. */
enum sp_code media_message_finish(
    struct sp_buf *b, struct sp_err *err) SP_MUST_USE;
/* The head of a message: *m, and in *len how long its body is.  False for
 * another version, a number that none has or that only the other side may
 * say, and a length out of its bounds. */
bool media_message_head(const uint8_t head[static MEDIA_HEAD], bool worker,
    enum media_message *m, size_t *len) SP_MUST_USE;

struct media_range {
	uint64_t at;
	uint32_t len; /* 1 to MEDIA_PIECE */
};
/* The body of a read within `size` bytes. */
bool media_message_range(
    struct sp_in body, uint64_t size, struct media_range *out) SP_MUST_USE;

/*
 * Over a socket; `deadline` in sp_ticks(), or MEDIA_NO_DEADLINE.  Sending
 * fills in the length.  Receiving gives the body; `worker` is who must have
 * said it.  SP_E_UNAVAIL: closed, or reason sp_file_late for too late;
 * SP_E_INVALID: no message.
 */
#define MEDIA_NO_DEADLINE INT64_MAX
enum sp_code media_message_send(int sock, struct sp_buf *b, int64_t deadline,
    struct sp_err *err) SP_MUST_USE;
enum sp_code media_message_receive(int sock, bool worker, int64_t deadline,
    enum media_message *m, struct sp_buf *body, struct sp_err *err) SP_MUST_USE;

#endif
