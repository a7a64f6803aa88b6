#ifndef MEDIA_PROBE_H
#define MEDIA_PROBE_H

#include "media/input.h"

/*
 * Asking libavformat what a file is: formats and decoders of a closed list
 * each, no streams without number, no pictures without end, nothing opened
 * but the input.  In the worker only; one thread.
 */
#define MEDIA_PROBE_BYTES   (5 << 20) /* to tell formats and streams */
#define MEDIA_PROBE_STREAMS 128
#define MEDIA_PROBE_PIXELS  (64 << 20) /* of a picture that is decoded */

/* The closed lists, as libav's *_whitelist options want them. */
extern const char media_probe_formats[];
extern const char media_probe_codecs[];

struct AVFormatContext;
struct AVStream;
struct media_probe;

/* MEDIA_READABLE, and *out is the file opened (`in` is borrowed until it is
 * closed); else why not. */
enum media_reason media_probe_open(
    struct media_probe **out, struct media_input *in) SP_MUST_USE;
void media_probe_close(struct media_probe *p); /* NULL is a no-op */

const struct media_facts *media_probe_facts(const struct media_probe *p);

/* For the poster: the context, and the stream to take it from (NULL: there is
 * none to see), with its rotation. */
struct AVFormatContext *media_probe_context(struct media_probe *p);
struct AVStream *media_probe_seen(struct media_probe *p, uint32_t *rotation);

#endif
