#include "media/probe.h"

#include "media/jpeg.h"
#include "media/message.h"
#include "media/place.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/display.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCORE_LEAST (AVPROBE_SCORE_MAX / 4)     /* below: a guess */
#define ANALYZE_FOR ((int64_t)5 * AV_TIME_BASE) /* of the media's own time */
#define HEAD        MEDIA_PIECE /* Exif lies in the first of a JPEG's segments */

const char media_probe_formats[] =
    "mov,matroska,avi,mpegts,mpeg,asf,flv,mp3,wav,w64,aiff,aac,flac,ogg,amr,"
    "jpeg_pipe,png_pipe,gif,bmp_pipe,webp_pipe";

const char media_probe_codecs[] =
    "h264,hevc,mpeg4,mpeg2video,mpeg1video,h263,mjpeg,vp8,vp9,libdav1d,vc1,"
    "wmv1,wmv2,wmv3,msmpeg4v2,msmpeg4,flv,theora,png,gif,bmp,webp,"
    "aac,aac_latm,mp1float,mp2float,mp3float,ac3,eac3,opus,vorbis,flac,alac,"
    "amrnb,amrwb,wmav1,wmav2,pcm_s16le,pcm_s16be,pcm_s24le,pcm_u8,pcm_alaw,"
    "pcm_mulaw,adpcm_ima_wav,adpcm_ms,gsm,gsm_ms,g723_1,g726,g729";

struct media_probe {
	struct media_input *in;
	struct AVFormatContext *ctx;
	bool still; /* a photo: time means nothing */
	struct media_exif exif;
	struct media_facts facts;
};

/* --- Opening --- */

static enum media_reason
reason_of(const struct media_input *in, int code, enum media_reason other)
{
	enum media_reason why = media_input_why(in);

	if (why != MEDIA_READABLE)
		return why;
	return code == AVERROR(ENOMEM) ? MEDIA_MEMORY : other;
}

/* Which format is it?  By what it holds: a name could say anything. */
static enum media_reason
find_format(struct media_input *in, const AVInputFormat **format)
{
	int score = av_probe_input_buffer2(
	    media_input_avio(in), format, "", NULL, 0, 1 << 20);

	if (score < 0)
		return reason_of(in, score, MEDIA_UNKNOWN);
	if (score < SCORE_LEAST ||
	    av_match_list((*format)->name, media_probe_formats, ',') == 0)
		return MEDIA_UNKNOWN;
	return MEDIA_READABLE;
}

static struct AVFormatContext *
new_context(struct media_input *in)
{
	struct AVFormatContext *ctx = avformat_alloc_context();

	if (ctx == NULL)
		return NULL;
	media_input_attach(in, ctx);
	ctx->probesize = MEDIA_PROBE_BYTES;
	ctx->max_analyze_duration = ANALYZE_FOR;
	ctx->max_streams = MEDIA_PROBE_STREAMS;
	ctx->format_whitelist = av_strdup(media_probe_formats);
	ctx->codec_whitelist = av_strdup(media_probe_codecs);
	ctx->protocol_whitelist = av_strdup(""); /* none at all */
	if (ctx->format_whitelist == NULL || ctx->codec_whitelist == NULL ||
	    ctx->protocol_whitelist == NULL) {
		avformat_free_context(ctx);
		return NULL;
	}
	return ctx;
}

/* What every decoder is told that looks into streams for us. */
static void
free_options(AVDictionary **options, unsigned n)
{
	for (unsigned i = 0; options != NULL && i < n; i++)
		av_dict_free(&options[i]);
	free(options);
}

static int
find_streams(struct AVFormatContext *ctx)
{
	unsigned n = ctx->nb_streams;
	AVDictionary **options = calloc(n + 1, sizeof(AVDictionary *));
	int code = options == NULL ? AVERROR(ENOMEM) : 0;

	for (unsigned i = 0; code >= 0 && i < n; i++) {
		code = av_dict_set_int(
		    &options[i], "max_pixels", MEDIA_PROBE_PIXELS, 0);
		if (code >= 0)
			code = av_dict_set_int(&options[i], "threads", 1, 0);
	}
	if (code >= 0)
		code = avformat_find_stream_info(ctx, options);
	free_options(options, n);
	return code;
}

static bool
known(const struct AVStream *st)
{
	const AVCodecParameters *c = st->codecpar;

	switch (c->codec_type) {
	case AVMEDIA_TYPE_VIDEO: return c->width > 0 && c->height > 0;
	case AVMEDIA_TYPE_AUDIO: return c->sample_rate > 0;
	default: return false;
	}
}

/* Something to see or to hear must be in it. */
static bool
has_content(const struct AVFormatContext *ctx)
{
	for (unsigned i = 0; i < ctx->nb_streams; i++)
		if (known(ctx->streams[i]))
			return true;
	return false;
}

static enum media_reason
open_context(struct media_probe *p, const AVInputFormat *format)
{
	int code;

	p->ctx = new_context(p->in);
	if (p->ctx == NULL)
		return MEDIA_MEMORY;
	code = avformat_open_input(&p->ctx, "", format, NULL);
	if (code < 0)
		return reason_of(p->in, code, MEDIA_DAMAGED);
	/* Damage further in does not matter while something is known. */
	code = find_streams(p->ctx);
	if (!has_content(p->ctx))
		return reason_of(p->in, code, MEDIA_DAMAGED);
	return MEDIA_READABLE;
}

/* --- Facts of the file --- */

static const char *
tag(const AVDictionary *d, const char *key)
{
	const AVDictionaryEntry *e = av_dict_get(d, key, NULL, 0);

	return e == NULL ? NULL : e->value;
}

static void
put_word(char out[static MEDIA_WORD_MAX + 1], const char *s, size_t len)
{
	if (!media_word_ok(s, len)) {
		s = "unknown";
		len = 7;
	}
	memcpy(out, s, len);
	out[len] = '\0';
}

/* libav has one reader for all of QuickTime's family: the brand tells. */
static const char *
brand_name(const char *brand)
{
	static const struct {
		const char *begins, *name;
	} rows[] = { { "qt", "mov" }, { "3g", "3gp" }, { "M4A", "m4a" } };

	for (size_t i = 0; brand != NULL && i < SP_COUNTOF(rows); i++)
		if (strncmp(brand, rows[i].begins, strlen(rows[i].begins)) == 0)
			return rows[i].name;
	return brand == NULL ? "mov" : "mp4"; /* old QuickTime has none */
}

static void
put_format(struct media_probe *p)
{
	const char *name = p->ctx->iformat->name;
	size_t len = strcspn(name, ",");

	if (strncmp(name, "mov,", 4) == 0) {
		name = brand_name(tag(p->ctx->metadata, "major_brand"));
		len = strlen(name);
	}
	p->still = len > 5 && memcmp(name + len - 5, "_pipe", 5) == 0;
	put_word(p->facts.format, name, p->still ? len - 5 : len);
}

static int64_t
to_ms(int64_t duration, AVRational base)
{
	int64_t ms;

	if (duration == AV_NOPTS_VALUE || duration <= 0)
		return MEDIA_UNKNOWN_TIME;
	ms = av_rescale_q(duration, base, (AVRational){ 1, 1000 });
	return ms < 0 || ms > MEDIA_LENGTH_MAX ? MEDIA_UNKNOWN_TIME : ms;
}

/* Cameras of one maker write the zone without a colon: "…T14:45:44-0700". */
static bool
read_created(const char *s, sp_time *out)
{
	char text[40];
	size_t len = s == NULL ? 0 : strnlen(s, sizeof(text) - 2);

	if (len < 6)
		return false;
	memcpy(text, s, len);
	if ((s[len - 5] == '+' || s[len - 5] == '-') && s[len - 3] != ':') {
		memmove(text + len - 1, text + len - 2, 2);
		text[len - 2] = ':';
		len++;
	}
	return sp_time_parse(text, len, out);
}

static void
put_created(struct media_probe *p)
{
	static const char *const keys[] = {
		"com.apple.quicktime.creationdate",
		"creation_time",
	};
	struct media_facts *f = &p->facts;

	f->created = p->exif.created;
	memcpy(f->local, p->exif.local, sizeof(f->local));
	for (size_t i = 0;
	     f->created == MEDIA_UNKNOWN_TIME && i < SP_COUNTOF(keys); i++)
		if (!read_created(tag(p->ctx->metadata, keys[i]), &f->created))
			f->created = MEDIA_UNKNOWN_TIME;
}

static void
put_place(struct media_probe *p)
{
	static const char *const keys[] = {
		"com.apple.quicktime.location.ISO6709",
		"location", /* ©xyz, and 3GPP's loci */
	};
	struct media_place at = p->exif.place;

	p->facts.placed = p->exif.placed;
	for (size_t i = 0; !p->facts.placed && i < SP_COUNTOF(keys); i++) {
		const char *s = tag(p->ctx->metadata, keys[i]);

		p->facts.placed = s != NULL && media_place_iso6709(s, &at);
	}
	if (!p->facts.placed)
		return;
	p->facts.latitude = at.latitude;
	p->facts.longitude = at.longitude;
}

/* --- Facts of its streams --- */

/* Clockwise, to the next quarter; 0 for what is none. */
static uint32_t
rotation_of(const struct media_probe *p, const struct AVStream *st)
{
	const uint8_t *m =
	    av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, NULL);
	int32_t matrix[9];
	double turned;

	if (m == NULL)
		return p->still ? p->exif.rotation : 0;
	memcpy(matrix, m, sizeof(matrix));
	turned = -av_display_rotation_get(matrix);
	if (!(fabs(turned) <= 360))
		return 0;
	return (uint32_t)((lround(turned / 90) % 4 + 4) % 4) * 90;
}

static enum media_kind
kind_of(const struct media_probe *p, const struct AVStream *st)
{
	switch (st->codecpar->codec_type) {
	case AVMEDIA_TYPE_VIDEO:
		return p->still ||
			(st->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0
		    ? MEDIA_PICTURE
		    : MEDIA_VIDEO;
	case AVMEDIA_TYPE_AUDIO: return MEDIA_AUDIO;
	case AVMEDIA_TYPE_SUBTITLE: return MEDIA_SUBTITLE;
	default: return MEDIA_DATA;
	}
}

static uint32_t
bounded(int64_t v, uint32_t most)
{
	return v < 0 || v > most ? 0 : (uint32_t)v;
}

static uint32_t
frame_rate(const struct AVStream *st)
{
	AVRational r = st->avg_frame_rate;

	if (r.num <= 0 || r.den <= 0)
		return 0;
	return bounded(
	    (int64_t)r.num * 1000 / r.den, 1000000); /* frames in 1,000 s */
}

static void
put_stream(const struct media_probe *p, const struct AVStream *st,
    struct media_stream *out)
{
	const AVCodecParameters *c = st->codecpar;
	const char *codec = avcodec_get_name(c->codec_id);

	*out = (struct media_stream){ .kind = kind_of(p, st) };
	put_word(out->codec, codec, strlen(codec));
	out->length = p->still || out->kind == MEDIA_PICTURE
	    ? MEDIA_UNKNOWN_TIME
	    : to_ms(st->duration, st->time_base);
	if (c->codec_type == AVMEDIA_TYPE_VIDEO) {
		out->width = bounded(c->width, MEDIA_SIDE_MAX);
		out->height = bounded(c->height, MEDIA_SIDE_MAX);
		out->rotation = rotation_of(p, st);
		if (out->kind == MEDIA_VIDEO)
			out->frame_rate = frame_rate(st);
	}
	if (c->codec_type == AVMEDIA_TYPE_AUDIO) {
		out->sample_rate = bounded(c->sample_rate, 1000000000);
		out->channels =
		    bounded(c->ch_layout.nb_channels, MEDIA_SIDE_MAX);
	}
}

static void
put_facts(struct media_probe *p)
{
	struct media_facts *f = &p->facts;

	put_format(p);
	f->length = p->still
	    ? MEDIA_UNKNOWN_TIME
	    : to_ms(p->ctx->duration, (AVRational){ 1, AV_TIME_BASE });
	put_created(p);
	put_place(p);
	f->all = p->ctx->nb_streams;
	f->streams = f->all < MEDIA_STREAMS_MAX ? f->all : MEDIA_STREAMS_MAX;
	for (size_t i = 0; i < f->streams; i++)
		put_stream(p, p->ctx->streams[i], &f->stream[i]);
}

/* --- The whole --- */

static void
read_exif(struct media_probe *p)
{
	uint8_t *head = malloc(HEAD);
	size_t len = head == NULL ? 0 : media_input_head(p->in, head, HEAD);
	const uint8_t *exif;
	size_t size;

	p->exif.created = MEDIA_UNKNOWN_TIME;
	if (len > 0 && media_jpeg_exif(head, len, &exif, &size))
		media_place_exif(exif, size, &p->exif);
	free(head);
}

static enum media_reason
probe(struct media_probe *p)
{
	const AVInputFormat *format = NULL;
	enum media_reason why = find_format(p->in, &format);

	if (why != MEDIA_READABLE)
		return why;
	read_exif(p);
	why = open_context(p, format);
	if (why == MEDIA_READABLE)
		put_facts(p);
	return why;
}

enum media_reason
media_probe_open(struct media_probe **out, struct media_input *in)
{
	struct media_probe *p = calloc(1, sizeof(*p));
	enum media_reason why;

	if (p == NULL)
		return MEDIA_MEMORY;
	p->in = in;
	why = probe(p);
	if (why != MEDIA_READABLE) {
		media_probe_close(p);
		return why;
	}
	*out = p;
	return MEDIA_READABLE;
}

void
media_probe_close(struct media_probe *p)
{
	if (p == NULL)
		return;
	avformat_close_input(&p->ctx);
	free(p);
}

const struct media_facts *
media_probe_facts(const struct media_probe *p)
{
	return &p->facts;
}

struct AVFormatContext *
media_probe_context(struct media_probe *p)
{
	return p->ctx;
}

struct AVStream *
media_probe_seen(struct media_probe *p, uint32_t *rotation)
{
	int i =
	    av_find_best_stream(p->ctx, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);

	if (i < 0)
		return NULL;
	*rotation = rotation_of(p, p->ctx->streams[i]);
	return p->ctx->streams[i];
}
