#include "media/input.h"

#include "clips.h"

#include <libavformat/avformat.h>

static uint8_t bytes[300000];
static struct clip clip = { .at = bytes, .len = sizeof(bytes) };

static struct media_input *
bounded(uint64_t most, int64_t within)
{
	struct media_source s = {
		.read = clip_read,
		.self = &clip,
		.size = clip.len,
		.most = most,
		.deadline = sp_ticks() + within,
	};
	struct media_input *in = media_input_new(&s);

	CHECK(in != NULL);
	return in;
}

static void
seeks(void)
{
	struct media_input *in = bounded(UINT64_MAX, 60 * SP_SECOND);
	struct AVIOContext *io = media_input_avio(in);
	uint64_t x = 7;
	uint8_t got[5000];

	CHECK(avio_size(io) == (int64_t)clip.len);
	for (size_t i = 0; i < 500; i++) {
		uint32_t at = clip_random(&x) % (uint32_t)clip.len;
		uint32_t len = clip_random(&x) % sizeof(got);
		uint32_t left = (uint32_t)clip.len - at;

		CHECK(avio_seek(io, at, SEEK_SET) == at);
		CHECK(avio_read(io, got, (int)len) ==
			(int)(len < left ? len : left) ||
		    left == 0);
		CHECK(memcmp(got, clip.at + at, len < left ? len : left) == 0);
	}
	CHECK(avio_seek(io, -1, SEEK_SET) < 0);
	CHECK(media_input_head(in, got, sizeof(got)) == sizeof(got));
	CHECK(memcmp(got, clip.at, sizeof(got)) == 0);
	CHECK(media_input_why(in) == MEDIA_READABLE);
	media_input_free(in);
}

static void
too_much(void)
{
	struct media_input *in = bounded(200000, 60 * SP_SECOND);
	struct AVIOContext *io = media_input_avio(in);
	uint8_t *got = malloc(clip.len);
	int n;

	CHECK(got != NULL);
	n = avio_read(io, got, (int)clip.len);
	CHECK(n <= 200000);
	CHECK(media_input_why(in) == MEDIA_BYTES);
	CHECK(media_input_head(in, got, 1) == 0); /* and nothing any more */
	media_input_free(in);
	free(got);
}

static void
too_late(void)
{
	struct media_input *in = bounded(UINT64_MAX, -1);
	uint8_t got[10];

	CHECK(avio_read(media_input_avio(in), got, sizeof(got)) < 0);
	CHECK(media_input_why(in) == MEDIA_TIME);
	media_input_free(in);
}

static bool
hang_up(void *self, uint64_t at, void *out, uint32_t len)
{
	(void)self, (void)at, (void)out, (void)len;
	return false;
}

static void
nobody_there(void)
{
	struct media_source s = { .read = hang_up,
		.size = 1000,
		.most = 100000,
		.deadline = INT64_MAX };
	struct media_input *in = media_input_new(&s);
	uint8_t got[10];

	CHECK(in != NULL);
	CHECK(avio_read(media_input_avio(in), got, sizeof(got)) < 0);
	CHECK(media_input_head(in, got, 10) == 0);
	CHECK(media_input_why(in) == MEDIA_READABLE);
	media_input_free(in);
	media_input_free(NULL);
}

/* What a playlist or a reference inside a file would make libavformat do. */
static void
nothing_else_is_opened(void)
{
	static const char *const urls[] = { "/etc/passwd", "file:/etc/passwd",
		"http://127.0.0.1/", "concat:/etc/passwd", "data:,x",
		"pipe:0" };
	struct media_input *in = bounded(UINT64_MAX, 60 * SP_SECOND);
	struct AVFormatContext *ctx = avformat_alloc_context();

	CHECK(ctx != NULL);
	media_input_attach(in, ctx);
	CHECK(ctx->pb == media_input_avio(in));
	for (size_t i = 0; i < SP_COUNTOF(urls); i++) {
		struct AVIOContext *io = NULL;

		CHECK(
		    ctx->io_open(ctx, &io, urls[i], AVIO_FLAG_READ, NULL) < 0 &&
		    io == NULL);
	}
	avformat_free_context(ctx);
	media_input_free(in);
}

/* Bounds of libav's that only its log tells. */
static void
log_is_heard(void)
{
	struct media_input *in = bounded(UINT64_MAX, 60 * SP_SECOND);

	av_log(NULL, AV_LOG_ERROR, "Picture size %ux%u\n", 1U, 2U);
	av_log(NULL, AV_LOG_ERROR, "%s\n", "Picture size %ux%u exceeds");
	CHECK(media_input_why(in) == MEDIA_READABLE);
	av_log(NULL, AV_LOG_ERROR,
	    "Number of streams exceeds max_streams parameter (%d)\n", 1);
	CHECK(media_input_why(in) == MEDIA_STREAMS);
	av_log(NULL, AV_LOG_ERROR, "Picture size %ux%u is invalid\n", 1U, 2U);
	CHECK(media_input_why(in) == MEDIA_STREAMS);
	media_input_free(in);
	av_log(NULL, AV_LOG_ERROR, "Picture size %ux%u is invalid\n", 1U, 2U);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "reads anywhere", seeks },
		{ "no more than was allowed", too_much },
		{ "no longer than was allowed", too_late },
		{ "a source that ends", nobody_there },
		{ "nothing else is opened", nothing_else_is_opened },
		{ "the log is heard", log_is_heard },
	};
	uint64_t x = 1;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)clip_random(&x);
	return tap_run(cases, SP_COUNTOF(cases));
}
