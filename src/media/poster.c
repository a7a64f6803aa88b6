#include "media/poster.h"

#include "media/jpeg.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

/* In libav's time; or a tenth, what is less. */
#define SECONDS_IN ((int64_t)10 * AV_TIME_BASE)
#define QUALITY    5 /* of mjpeg's 2 (best) to 31 */

/* --- A frame --- */

static void
codec_free(AVCodecContext **c)
{
	avcodec_free_context(c);
}

static void
frame_free(AVFrame **f)
{
	av_frame_free(f);
}

static void
packet_free(AVPacket **p)
{
	av_packet_free(p);
}

#define AUTO_CODEC  SP_CLEANUP(codec_free) AVCodecContext *
#define AUTO_FRAME  SP_CLEANUP(frame_free) AVFrame *
#define AUTO_PACKET SP_CLEANUP(packet_free) AVPacket *

static AVCodecContext *
open_decoder(const struct AVStream *st)
{
	const AVCodec *codec = avcodec_find_decoder(st->codecpar->codec_id);
	AUTO_CODEC c = codec == NULL ? NULL : avcodec_alloc_context3(codec);

	if (c == NULL || avcodec_parameters_to_context(c, st->codecpar) < 0)
		return NULL;
	c->thread_count = 1;
	c->max_pixels = MEDIA_PROBE_PIXELS;
	c->pkt_timebase = st->time_base;
	c->codec_whitelist = av_strdup(media_probe_codecs);
	if (c->codec_whitelist == NULL || avcodec_open2(c, codec, NULL) < 0)
		return NULL;
	return SP_STEAL(c);
}

/* A frame that the decoder itself does not call damaged. */
static bool
take_frame(AVCodecContext *c, AVFrame *frame)
{
	while (avcodec_receive_frame(c, frame) >= 0) {
		if (frame->width > 0 && frame->height > 0 &&
		    (frame->flags & AV_FRAME_FLAG_CORRUPT) == 0)
			return true;
		av_frame_unref(frame);
	}
	return false;
}

/* The next frame from where the file stands. */
static bool
next_frame(struct AVFormatContext *ctx, const struct AVStream *st,
    AVCodecContext *c, AVFrame *frame)
{
	AUTO_PACKET packet = av_packet_alloc();

	for (size_t n = 0; packet != NULL && n < MEDIA_POSTER_PACKETS; n++) {
		bool ours;

		if (av_read_frame(ctx, packet) < 0)
			break;
		ours = packet->stream_index == st->index;
		/* A damaged packet need not be the last one. */
		if (ours)
			SP_IGNORE(avcodec_send_packet(c, packet));
		av_packet_unref(packet);
		if (ours && take_frame(c, frame))
			return true;
	}
	/* What the decoder has kept back for reordering. */
	return avcodec_send_packet(c, NULL) >= 0 && take_frame(c, frame);
}

static int64_t
some_seconds_in(const struct AVFormatContext *ctx)
{
	int64_t in = ctx->duration / 10;

	if (ctx->duration == AV_NOPTS_VALUE || in <= 0)
		return 0;
	if (in > SECONDS_IN)
		in = SECONDS_IN;
	if (ctx->start_time != AV_NOPTS_VALUE &&
	    __builtin_add_overflow(in, ctx->start_time, &in))
		return 0;
	return in;
}

/* A cover lies ready; else where a key frame is some seconds in; else, when
 * that place is damaged or not to be found, from the beginning. */
static bool
find_frame(struct AVFormatContext *ctx, const struct AVStream *st,
    AVCodecContext *c, AVFrame *frame)
{
	int64_t at = some_seconds_in(ctx);

	if ((st->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0)
		return avcodec_send_packet(c, &st->attached_pic) >= 0 &&
		    take_frame(c, frame);
	if (at > 0 && av_seek_frame(ctx, -1, at, AVSEEK_FLAG_BACKWARD) >= 0 &&
	    next_frame(ctx, st, c, frame))
		return true;
	avcodec_flush_buffers(c);
	if (at > 0 && av_seek_frame(ctx, -1, 0, AVSEEK_FLAG_BACKWARD) < 0)
		return false;
	return next_frame(ctx, st, c, frame);
}

/* --- Its size --- */

/* Pixels need not be square. */
static struct media_picture
scaled_size(const AVFrame *f)
{
	AVRational sar = f->sample_aspect_ratio;
	double w = f->width, h = f->height, by = 1;
	struct media_picture p;

	if (sar.num > 0 && sar.den > 0 && sar.num / sar.den < 10 &&
	    sar.den / sar.num < 10)
		w = w * sar.num / sar.den;
	if (w > MEDIA_POSTER_SIDE || h > MEDIA_POSTER_SIDE)
		by = MEDIA_POSTER_SIDE / (w > h ? w : h);
	/* Even, so that the colour planes can be turned. */
	p.width = (uint32_t)(w * by) & ~1U;
	p.height = (uint32_t)(h * by) & ~1U;
	p.width = p.width < 2 ? 2 : p.width;
	p.height = p.height < 2 ? 2 : p.height;
	return p;
}

static AVFrame *
new_frame(uint32_t width, uint32_t height)
{
	AUTO_FRAME f = av_frame_alloc();

	if (f == NULL)
		return NULL;
	f->format = AV_PIX_FMT_YUVJ420P;
	f->width = (int)width;
	f->height = (int)height;
	if (av_frame_get_buffer(f, 0) < 0)
		return NULL;
	return SP_STEAL(f);
}

static AVFrame *
scale(const AVFrame *from)
{
	struct media_picture size = scaled_size(from);
	AUTO_FRAME to = new_frame(size.width, size.height);
	struct SwsContext *s;
	int lines = -1;

	if (to == NULL ||
	    sws_isSupportedInput((enum AVPixelFormat)from->format) == 0)
		return NULL;
	s = sws_getContext(from->width, from->height,
	    (enum AVPixelFormat)from->format, to->width, to->height,
	    AV_PIX_FMT_YUVJ420P, SWS_AREA, NULL, NULL, NULL);
	if (s != NULL)
		lines = sws_scale(s, (const uint8_t *const *)from->data,
		    from->linesize, 0, from->height, to->data, to->linesize);
	sws_freeContext(s);
	return lines == to->height ? SP_STEAL(to) : NULL;
}

/* One plane of w x h, turned clockwise by a quarter, a half, three. */
static void
turn_plane(const AVFrame *from, AVFrame *to, int plane, uint32_t rotation)
{
	int half = plane == 0 ? 0 : 1;
	int w = from->width >> half, h = from->height >> half;

	for (int y = 0; y < h; y++) {
		const uint8_t *row =
		    from->data[plane] + (ptrdiff_t)y * from->linesize[plane];

		for (int x = 0; x < w; x++) {
			int tx = rotation == 90 ? h - 1 - y
			    : rotation == 180   ? w - 1 - x
						: y;
			int ty = rotation == 90 ? x
			    : rotation == 180   ? h - 1 - y
						: w - 1 - x;

			to->data[plane][(ptrdiff_t)ty * to->linesize[plane] +
			    tx] = row[x];
		}
	}
}

static AVFrame *
turn(const AVFrame *from, uint32_t rotation)
{
	bool swap = rotation == 90 || rotation == 270;
	AUTO_FRAME to = new_frame((uint32_t)(swap ? from->height : from->width),
	    (uint32_t)(swap ? from->width : from->height));

	if (to == NULL)
		return NULL;
	for (int plane = 0; plane < 3; plane++)
		turn_plane(from, to, plane, rotation);
	return SP_STEAL(to);
}

/* --- JPEG --- */

static AVCodecContext *
open_encoder(const AVFrame *f)
{
	const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
	AUTO_CODEC c = codec == NULL ? NULL : avcodec_alloc_context3(codec);

	if (c == NULL)
		return NULL;
	c->width = f->width;
	c->height = f->height;
	c->pix_fmt = AV_PIX_FMT_YUVJ420P;
	c->time_base = (AVRational){ 1, 1 };
	c->thread_count = 1;
	c->flags = AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT; /* no name */
	c->global_quality = QUALITY * FF_QP2LAMBDA;
	if (avcodec_open2(c, codec, NULL) < 0)
		return NULL;
	return SP_STEAL(c);
}

static bool
encode(AVFrame *f, struct sp_buf *out)
{
	AUTO_CODEC c = open_encoder(f);
	AUTO_PACKET packet = av_packet_alloc();
	struct media_picture size;

	if (c == NULL || packet == NULL)
		return false;
	f->quality = c->global_quality;
	f->pts = 0;
	f->pict_type = AV_PICTURE_TYPE_NONE;
	if (avcodec_send_frame(c, f) < 0 ||
	    avcodec_receive_packet(c, packet) < 0)
		return false;
	/* The host will look, too. */
	if (packet->size <= 0 || packet->size > (int)MEDIA_POSTER_MAX ||
	    !media_jpeg_plain(packet->data, (size_t)packet->size, &size))
		return false;
	sp_buf_add(out, packet->data, (size_t)packet->size);
	return true;
}

bool
media_poster_make(struct media_probe *p, struct sp_buf *out)
{
	struct AVFormatContext *ctx = media_probe_context(p);
	uint32_t rotation = 0;
	struct AVStream *st = media_probe_seen(p, &rotation);
	AUTO_CODEC decoder = st == NULL ? NULL : open_decoder(st);
	AUTO_FRAME seen = av_frame_alloc();
	AUTO_FRAME small = NULL;
	AUTO_FRAME upright = NULL;

	if (decoder == NULL || seen == NULL)
		return false;
	for (unsigned i = 0; i < ctx->nb_streams; i++)
		if (ctx->streams[i] != st)
			ctx->streams[i]->discard = AVDISCARD_ALL;
	if (!find_frame(ctx, st, decoder, seen))
		return false;
	small = scale(seen);
	if (small == NULL || rotation == 0)
		return small != NULL && encode(small, out);
	upright = turn(small, rotation);
	return upright != NULL && encode(upright, out);
}
