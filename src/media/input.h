#ifndef MEDIA_INPUT_H
#define MEDIA_INPUT_H

#include "media/facts.h"

/*
 * The media's bytes as libavformat wants to see them: an AVIOContext over a
 * function that reads at an offset.  It is the only thing that libavformat is
 * given: every attempt to open anything else by a name fails.
 *
 * It also keeps the bounds: how many bytes are read in all, until when; and
 * it remembers which bound ended it.  In the worker only; one thread.
 */
struct AVIOContext;
struct AVFormatContext;
struct media_input;

struct media_source {
	/* All `len` bytes at `at`, which lie within size; false ends it. */
	bool (*read)(void *self, uint64_t at, void *out, uint32_t len);
	void *self;
	uint64_t size;
	uint64_t most;    /* bytes that may be read in all */
	int64_t deadline; /* sp_ticks() */
};

/* Also silences libav, whose log speaks of what the file says, and bounds what
 * it allocates at once.  NULL: no memory.  `source` is copied. */
struct media_input *media_input_new(
    const struct media_source *source) SP_MUST_USE;
void media_input_free(struct media_input *in);

struct AVIOContext *media_input_avio(struct media_input *in);
/* Give it to a context before it is opened: the bytes, the bounds, and no
 * other way to open anything. */
void media_input_attach(struct media_input *in, struct AVFormatContext *ctx);

/* Up to len bytes from the beginning, as far as they can be read. */
size_t media_input_head(struct media_input *in, void *out, size_t len);

/* The bound that was met, or that libav logged to have met:
 * MEDIA_BYTES, MEDIA_TIME, MEDIA_STREAMS, MEDIA_LARGE; else MEDIA_READABLE. */
enum media_reason media_input_why(const struct media_input *in);

#endif
