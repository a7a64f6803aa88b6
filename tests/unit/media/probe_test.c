#include "media/probe.h"

#include "clips.h"
#include "exif.h"
#include "hostile.h"

static enum media_reason
open_clip(struct clip *c, struct media_facts *f)
{
	struct media_input *in = clip_input(c);
	struct media_probe *p = NULL;
	enum media_reason why = media_probe_open(&p, in);

	if (why == MEDIA_READABLE)
		*f = *media_probe_facts(p);
	media_probe_close(p);
	media_input_free(in);
	return why;
}

/* What is written to the wire is believed by who reads it. */
static void
check_told(const struct media_facts *f)
{
	SP_AUTO_BUF b = sp_buf_new(8192);
	struct media_facts again;
	struct sp_in in;

	media_facts_write(f, &b);
	CHECK(sp_buf_ok(&b));
	in = sp_in_from(b.at, b.len);
	CHECK(media_facts_read(&in, &again) && sp_in_done(&in));
}

static void
check_kind(const struct clip_kind *k, const struct media_facts *f)
{
	const struct media_stream *s = &f->stream[0];

	(void)printf("# %s: %s %s %jd ms %ux%u\n", k->extension, f->format,
	    s->codec, (intmax_t)f->length, s->width, s->height);
	CHECK(strcmp(f->format, k->format) == 0);
	CHECK(strcmp(s->codec, k->codec) == 0);
	if (s->kind != MEDIA_AUDIO)
		CHECK(s->width == 320 && s->height == 180);
	else
		CHECK(s->sample_rate == 44100 && s->channels == 1);
	if (s->kind == MEDIA_VIDEO && strcmp(f->format, "gif") != 0)
		CHECK(f->length > 1900 && f->length < 2100 &&
		    s->frame_rate == 25000);
	if (s->kind == MEDIA_PICTURE)
		CHECK(f->length == MEDIA_UNKNOWN_TIME);
}

static void
every_kind(void)
{
	for (size_t i = 0; i < SP_COUNTOF(clip_kinds); i++) {
		AUTO_CLIP c = clip_of_kind(&clip_kinds[i]);
		struct media_facts f;

		CHECK(open_clip(&c, &f) == MEDIA_READABLE);
		check_told(&f);
		check_kind(&clip_kinds[i], &f);
	}
}

static void
check_place(const struct media_facts *f, int32_t latitude, int32_t longitude)
{
	CHECK(
	    f->placed && f->latitude == latitude && f->longitude == longitude);
}

static void
check_created(const struct media_facts *f, const char *want)
{
	char text[SP_TIME_TEXT];

	CHECK(f->created != MEDIA_UNKNOWN_TIME);
	sp_time_text(f->created, text);
	CHECK(strcmp(text, want) == 0);
}

/* QuickTime's own box (©xyz), its keys, and 3GPP's (loci). */
static void
when_and_where(void)
{
	AUTO_CLIP xyz = clip_make(CLIP_SEEN
	    " -c:v mpeg4 -metadata location=+37.7749-122.4194+010.000/"
	    " -metadata creation_time=2026-11-21T18:45:44Z",
	    "mov");
	AUTO_CLIP keys = clip_make(CLIP_SEEN
	    " -c:v mpeg4 -movflags use_metadata_tags -metadata"
	    " com.apple.quicktime.location.ISO6709=-33.8688+151.2093+058.0/"
	    " -metadata com.apple.quicktime.creationdate="
	    "2026-11-21T14:45:44-0400"
	    " -metadata creation_time=2026-11-22T00:00:00Z",
	    "mov");
	AUTO_CLIP loci = clip_make("-f lavfi -i testsrc2=size=176x144:rate=25"
				   ":duration=1 -c:v h263 -metadata"
				   " location=-33.8688+151.2093+058.0/",
	    "3gp");
	AUTO_CLIP bare = clip_make(CLIP_SEEN " -c:v mpeg4", "mp4");
	struct media_facts f;

	CHECK(open_clip(&loci, &f) == MEDIA_READABLE);
	CHECK(strcmp(f.format, "3gp") == 0);
	CHECK(f.placed && labs(f.latitude + 33868800) < 100 &&
	    labs(f.longitude - 151209300) < 100); /* 16 bits of fraction */
	CHECK(open_clip(&xyz, &f) == MEDIA_READABLE);
	check_place(&f, 37774900, -122419400);
	check_created(&f, "2026-11-21T18:45:44.000000Z");
	CHECK(open_clip(&keys, &f) == MEDIA_READABLE);
	check_place(&f, -33868800, 151209300);
	check_created(&f, "2026-11-21T18:45:44.000000Z");
	CHECK(open_clip(&bare, &f) == MEDIA_READABLE);
	CHECK(!f.placed && f.created == MEDIA_UNKNOWN_TIME);
}

/* The photo with Exif data put in after its first two bytes. */
static struct clip
photo_with(const struct sp_buf *exif)
{
	AUTO_CLIP photo = clip_make(CLIP_SEEN " -frames:v 1", "jpg");
	SP_AUTO_BUF b = sp_buf_new((size_t)4 << 20);

	sp_buf_add(&b, photo.at, 2);
	sp_buf_u16be(&b, 0xffe1);
	sp_buf_u16be(&b, (uint16_t)(exif->len + 8));
	sp_buf_add(&b, "Exif\0", 6);
	sp_buf_add(&b, exif->at, exif->len);
	sp_buf_add(&b, photo.at + 2, photo.len - 2);
	CHECK(sp_buf_ok(&b));
	return clip_copy(b.at, b.len);
}

static void
a_photo_with_exif(void)
{
	SP_AUTO_BUF exif = sp_buf_new(4096);
	struct media_facts f;

	exif_make(&exif_usual, false, &exif);
	AUTO_CLIP c = photo_with(&exif);

	CHECK(open_clip(&c, &f) == MEDIA_READABLE);
	check_place(&f, -37774929, -122419400);
	check_created(&f, "2026-11-22T01:45:44.000000Z");
	CHECK(strcmp(f.local, "2026-11-21T18:45:44") == 0);
	CHECK(f.streams == 1 && f.stream[0].kind == MEDIA_PICTURE &&
	    f.stream[0].rotation == 90);
}

/* Held upright, a phone writes its pictures lying down. */
static void
turned(void)
{
	AUTO_CLIP flat = clip_make(CLIP_SEEN " -c:v mpeg4", "mp4");
	struct media_facts f;

	CHECK(open_clip(&flat, &f) == MEDIA_READABLE);
	CHECK(f.stream[0].rotation == 0);
	for (uint32_t turn = 90; turn < 360; turn += 90) {
		AUTO_CLIP c = clip_copy(flat.at, flat.len);

		hostile_turn(&c, turn);
		CHECK(open_clip(&c, &f) == MEDIA_READABLE);
		CHECK(f.stream[0].rotation == turn);
	}
}

static void
hostile(void)
{
	for (size_t i = 0; i < SP_COUNTOF(hostile_files); i++) {
		const struct hostile_file *h = &hostile_files[i];
		AUTO_CLIP c = h->make();
		struct media_facts f;
		enum media_reason why = open_clip(&c, &f);

		(void)printf("# %s: %s\n", h->name,
		    why == MEDIA_READABLE ? "readable"
					  : media_reason_word(why));
		if (why == MEDIA_READABLE)
			check_told(&f);
		CHECK(why == h->want);
	}
}

static void
cut_at(const struct clip *c, size_t len)
{
	AUTO_CLIP cut = clip_copy(c->at, len < c->len ? len : c->len);
	struct media_facts f;

	if (open_clip(&cut, &f) == MEDIA_READABLE)
		check_told(&f);
}

/* Cut anywhere: an answer, and one that is believed.  All over it, in its
 * first bytes and in its last. */
static void
truncated(void)
{
	for (size_t i = 0; i < SP_COUNTOF(clip_kinds); i++) {
		AUTO_CLIP c = clip_of_kind(&clip_kinds[i]);

		for (size_t n = 0; n < 16; n++)
			cut_at(&c, c.len * n / 16);
		for (size_t n = 0; n < 40; n++)
			cut_at(&c, n);
		for (size_t n = 1; n < 16; n++)
			cut_at(&c, c.len - n);
	}
}

/* At the beginning of each box, in its head, and in its first fields.  How
 * many boxes there were. */
static unsigned /* NOLINTNEXTLINE(misc-no-recursion): boxes are in boxes */
cut_at_boxes(const struct clip *c, size_t from, size_t to)
{
	static const char in[] = "moov trak mdia minf stbl udta edts dinf";

	unsigned n = 0;

	for (size_t len; to - from >= 8; from += len, n++) {
		struct sp_in head = sp_in_from(c->at + from, 8);
		char type[5] = "";

		len = sp_in_u32be(&head);
		memcpy(type, c->at + from + 4, 4);
		for (size_t k = 0; k < 20; k += k < 8 ? 4 : 2)
			cut_at(c, from + k);
		if (len < 8 || len > to - from)
			break; /* QuickTime ends some lists with a zero */
		if (strstr(in, type) != NULL)
			n += cut_at_boxes(c, from + 8, from + len);
	}
	return n;
}

static void
truncated_between_boxes(void)
{
	for (size_t i = 0; i < 2; i++) {
		AUTO_CLIP c = clip_of_kind(&clip_kinds[i]);

		CHECK(memcmp(c.at + 4, "ftyp", 4) == 0);
		CHECK(cut_at_boxes(&c, 0, c.len) > 20);
	}
}

static void
flipped(void)
{
	uint64_t x = 20261121;

	for (size_t i = 0; i < SP_COUNTOF(clip_kinds); i++) {
		AUTO_CLIP c = clip_of_kind(&clip_kinds[i]);

		CHECK(c.len > 0);
		for (size_t n = 0; n < 12; n++) {
			AUTO_CLIP bad = clip_copy(c.at, c.len);
			struct media_facts f;

			/* Most of what tells is at the beginning. */
			for (size_t k = 0; k < 20; k++) {
				size_t most = k % 2 == 0 ? 1000 : bad.len;
				size_t at = clip_random(&x) %
				    (most < bad.len ? most : bad.len);

				bad.at[at] = (uint8_t)clip_random(&x);
			}
			if (open_clip(&bad, &f) == MEDIA_READABLE)
				check_told(&f);
		}
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every kind of media", every_kind },
		{ "when and where", when_and_where },
		{ "a photo with Exif data", a_photo_with_exif },
		{ "pictures that lie on their side", turned },
		{ "hostile files", hostile },
		{ "cut off anywhere", truncated },
		{ "cut off between boxes", truncated_between_boxes },
		{ "bytes changed", flipped },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
