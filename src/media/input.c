#include "media/input.h"

#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER     (64 << 10)
#define ALLOC_MOST ((size_t)512 << 20) /* in one piece, by libav */

struct media_input {
	struct media_source source;
	struct AVIOContext *avio;
	uint64_t at;
	uint64_t used; /* of source.most */
	enum media_reason why;
};

/* Whose log it is: libav's callback has no argument.  One in a process is at
 * work at a time (media/worker.h). */
static struct media_input *logging;

/*
 * Two bounds are libav's own, and its error code is the same as for a lack of
 * memory or for damage; only its log tells.  Formats of the log are compared,
 * not texts: they do not hold bytes of the file.
 */
static void
listen_to_log(void *who, int level, const char *fmt, va_list args)
{
	static const struct {
		const char *begins;
		enum media_reason why;
	} rows[] = {
		{ "Number of streams exceeds max_streams", MEDIA_STREAMS },
		{ "Picture size %ux%u is invalid", MEDIA_LARGE },
		{ "Picture size %ux%u exceeds", MEDIA_LARGE },
	};

	(void)who;
	(void)level;
	(void)args;
	for (size_t i = 0; logging != NULL && i < SP_COUNTOF(rows); i++)
		if (strncmp(fmt, rows[i].begins, strlen(rows[i].begins)) == 0 &&
		    logging->why == MEDIA_READABLE)
			logging->why = rows[i].why;
}

static bool
over(struct media_input *in)
{
	if (in->why == MEDIA_BYTES || in->why == MEDIA_TIME)
		return true;
	if (sp_ticks() < in->source.deadline)
		return false;
	in->why = MEDIA_TIME;
	return true;
}

static int
interrupted(void *self)
{
	return over(self) ? 1 : 0;
}

/* Exactly len bytes, within the bounds. */
static bool
fetch(struct media_input *in, uint64_t at, void *out, uint32_t len)
{
	if (over(in))
		return false;
	if (len > in->source.most - in->used) {
		in->why = MEDIA_BYTES;
		return false;
	}
	in->used += len;
	return in->source.read(in->source.self, at, out, len);
}

static int
read_packet(void *self, uint8_t *out, int room)
{
	struct media_input *in = self;
	uint64_t left = in->source.size - in->at;
	uint32_t len = room < 0 ? 0 : (uint32_t)room;

	if (left < len)
		len = (uint32_t)left;
	if (len == 0)
		return AVERROR_EOF;
	if (!fetch(in, in->at, out, len))
		return AVERROR_EXIT;
	in->at += len;
	return (int)len;
}

static int64_t
seek(void *self, int64_t offset, int whence)
{
	struct media_input *in = self;
	int64_t size = (int64_t)in->source.size;
	int64_t base;

	switch (whence & ~AVSEEK_FORCE) {
	case AVSEEK_SIZE: return size;
	case SEEK_SET: base = 0; break;
	case SEEK_CUR: base = (int64_t)in->at; break;
	case SEEK_END: base = size; break;
	default: return AVERROR(EINVAL);
	}
	if (__builtin_add_overflow(base, offset, &base) || base < 0)
		return AVERROR(EINVAL);
	in->at = base < size ? (uint64_t)base : (uint64_t)size;
	return (int64_t)in->at;
}

static int
refuse_to_open(struct AVFormatContext *ctx, struct AVIOContext **out,
    const char *url, int flags, AVDictionary **options)
{
	(void)ctx, (void)out, (void)url, (void)flags, (void)options;
	return AVERROR(EPERM);
}

struct media_input *
media_input_new(const struct media_source *source)
{
	struct media_input *in = calloc(1, sizeof(*in));
	uint8_t *buffer = av_malloc(BUFFER);

	SP_REQUIRE(source->size <= INT64_MAX);
	if (in == NULL || buffer == NULL)
		goto fail;
	in->source = *source;
	in->why = MEDIA_READABLE;
	in->avio =
	    avio_alloc_context(buffer, BUFFER, 0, in, read_packet, NULL, seek);
	if (in->avio == NULL)
		goto fail;
	logging = in;
	av_log_set_callback(listen_to_log);
	av_max_alloc(ALLOC_MOST);
	return in;
fail:
	av_free(buffer);
	free(in);
	return NULL;
}

void
media_input_free(struct media_input *in)
{
	if (in == NULL)
		return;
	if (logging == in)
		logging = NULL;
	av_freep((void *)&in->avio->buffer); /* it may be another by now */
	avio_context_free(&in->avio);
	free(in);
}

struct AVIOContext *
media_input_avio(struct media_input *in)
{
	return in->avio;
}

void
media_input_attach(struct media_input *in, struct AVFormatContext *ctx)
{
	ctx->pb = in->avio;
	ctx->flags |= AVFMT_FLAG_CUSTOM_IO;
	ctx->io_open = refuse_to_open;
	ctx->interrupt_callback =
	    (AVIOInterruptCB){ .callback = interrupted, .opaque = in };
}

size_t
media_input_head(struct media_input *in, void *out, size_t len)
{
	if (len > in->source.size)
		len = (size_t)in->source.size;
	if (len == 0 || !fetch(in, 0, out, (uint32_t)len))
		return 0;
	return len;
}

enum media_reason
media_input_why(const struct media_input *in)
{
	return in->why;
}
