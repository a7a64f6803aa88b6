#include "media/poster.h"

#include "clips.h"
#include "hostile.h"
#include "media/jpeg.h"

static bool
make(struct clip *c, struct sp_buf *out)
{
	struct media_input *in = clip_input(c);
	struct media_probe *p = NULL;
	bool made = media_probe_open(&p, in) == MEDIA_READABLE &&
	    media_poster_make(p, out);

	media_probe_close(p);
	media_input_free(in);
	CHECK(made || out->len == 0);
	return made;
}

static struct media_picture
size_of(const struct sp_buf *jpeg)
{
	struct media_picture p = { 0, 0 };

	CHECK(media_jpeg_plain(jpeg->at, jpeg->len, &p));
	return p;
}

static void
every_kind(void)
{
	for (size_t i = 0; i < SP_COUNTOF(clip_kinds); i++) {
		const struct clip_kind *k = &clip_kinds[i];
		AUTO_CLIP c = clip_of_kind(k);
		SP_AUTO_BUF out = sp_buf_new(MEDIA_POSTER_MAX);
		bool sound = strcmp(k->extension, "wav") == 0 ||
		    strcmp(k->extension, "mp3") == 0;
		struct media_picture p;

		CHECK(make(&c, &out) == !sound);
		(void)printf("# %s: %zu bytes\n", k->extension, out.len);
		if (sound)
			continue;
		p = size_of(&out);
		CHECK(p.width == 320 && p.height == 180);
	}
}

static void
sizes(void)
{
	static const struct {
		const char *words;
		uint32_t width, height;
	} rows[] = {
		{ "testsrc2=size=1920x1080", 640, 360 },
		{ "testsrc2=size=1080x1920", 360, 640 },
		{ "testsrc2=size=2560x16", 640, 4 },
		{ "testsrc2=size=16x2560", 4, 640 },
		{ "testsrc2=size=16x16", 16, 16 },
		{ "testsrc2=size=720x480,setsar=32/27", 640, 360 },
		{ "testsrc2=size=720x480,setsar=8/9", 640, 480 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF words = sp_buf_new(500);
		SP_AUTO_BUF out = sp_buf_new(MEDIA_POSTER_MAX);
		struct media_picture p;

		sp_buf_fmt(&words,
		    "-f lavfi -i %s -frames:v 2 -c:v libx264 -preset ultrafast",
		    rows[i].words);
		AUTO_CLIP c = clip_make(sp_buf_str(&words), "mp4");

		CHECK(make(&c, &out));
		p = size_of(&out);
		(void)printf("# %s: %ux%u\n", rows[i].words, p.width, p.height);
		CHECK(p.width == rows[i].width && p.height == rows[i].height);
	}
}

/* A frame of JPEG bytes, by a program that is not ours: RGB, 3 x 3 pixels. */
static struct clip
nine_pixels(const struct sp_buf *jpeg)
{
	char path[] = "/tmp/sallyport-poster-XXXXXX";
	SP_AUTO_FD fd = mkstemp(path);
	SP_AUTO_BUF words = sp_buf_new(500);
	struct sp_err err = { .code = SP_OK };

	CHECK(fd >= 0);
	CHECK_OK(sp_file_write_all(fd, jpeg->at, jpeg->len, &err), &err);
	sp_buf_fmt(&words,
	    "-f mjpeg -i %s -vf scale=3:3:flags=area -pix_fmt rgb24 -f "
	    "rawvideo",
	    path);
	struct clip c = clip_make(sp_buf_str(&words), "rgb");

	CHECK(unlink(path) == 0);
	CHECK(c.len == 27);
	return c;
}

/* Red above; below blue on the left, green on the right: each way of holding
 * the camera. */
static void
upright(void)
{
	/* The corners, clockwise from the upper left. */
	static const char *const want[] = { "rrgb", "brrg", "gbrr", "rgbr" };
	static const size_t corner[] = { 0, 2, 8, 6 };
	AUTO_CLIP flat =
	    clip_make("-f lavfi -i color=red:size=128x128"
		      " -f lavfi -i color=lime:size=64x64 -f lavfi -i"
		      " color=blue:size=64x64 -filter_complex"
		      " [0][1]overlay=64:64[a];[a][2]overlay=0:64 -frames:v 2"
		      " -c:v mpeg4 -q:v 2",
		"mp4");

	for (uint32_t i = 0; i < 4; i++) {
		AUTO_CLIP c = clip_copy(flat.at, flat.len);
		SP_AUTO_BUF out = sp_buf_new(MEDIA_POSTER_MAX);

		hostile_turn(&c, i * 90);
		CHECK(make(&c, &out));
		AUTO_CLIP nine = nine_pixels(&out);
		char got[5] = "????";

		for (size_t k = 0; k < 4; k++) {
			const uint8_t *p = nine.at + 3 * corner[k];

			got[k] = "rgb"[p[0] > 150 ? 0 : p[1] > 150 ? 1 : 2];
		}
		(void)printf("# turned by %u: %s\n", i * 90, got);
		CHECK(strcmp(got, want[i]) == 0);
	}
}

/* Black at first: the frame is taken some seconds in. */
static void
not_the_first(void)
{
	AUTO_CLIP c = clip_make(
	    "-f lavfi -i color=black:size=64x64:duration=1"
	    " -f lavfi -i color=red:size=64x64:duration=29 -filter_complex"
	    " concat=n=2 -c:v mpeg4 -g 5",
	    "mp4");
	SP_AUTO_BUF out = sp_buf_new(MEDIA_POSTER_MAX);

	CHECK(make(&c, &out));
	AUTO_CLIP nine = nine_pixels(&out);
	CHECK(nine.at[12] > 150);
}

/* Where the middle is noise the beginning will do; where all is, nothing. */
static void
damaged(void)
{
	AUTO_CLIP c = clip_of_kind(&clip_kinds[1]); /* index first */
	SP_AUTO_BUF out = sp_buf_new(MEDIA_POSTER_MAX);
	size_t data =
	    (size_t)((uint8_t *)memmem(c.at, c.len, "mdat", 4) - c.at) + 4;
	uint64_t x = 5;

	for (size_t i = data + (c.len - data) / 2; i < c.len; i++)
		c.at[i] = (uint8_t)clip_random(&x);
	CHECK(make(&c, &out));
	CHECK(size_of(&out).width == 320);
	sp_buf_clear(&out);
	for (size_t i = data; i < c.len; i++)
		c.at[i] = (uint8_t)clip_random(&x);
	CHECK(!make(&c, &out));
}

static void
hostile(void)
{
	uint64_t x = 4711;

	for (size_t i = 0; i < SP_COUNTOF(hostile_files); i++) {
		AUTO_CLIP c = hostile_files[i].make();
		SP_AUTO_BUF out = sp_buf_new(MEDIA_POSTER_MAX);

		if (make(&c, &out))
			(void)size_of(&out);
	}
	for (size_t i = 0; i < SP_COUNTOF(clip_kinds); i++) {
		AUTO_CLIP c = clip_of_kind(&clip_kinds[i]);

		for (size_t n = 0; n < 8; n++) {
			SP_AUTO_BUF out = sp_buf_new(MEDIA_POSTER_MAX);

			for (size_t k = 0; k < 30; k++)
				c.at[clip_random(&x) % c.len] =
				    (uint8_t)clip_random(&x);
			if (make(&c, &out))
				(void)size_of(&out);
		}
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "of every kind of media", every_kind },
		{ "sizes and proportions", sizes },
		{ "upright", upright },
		{ "not the first frame", not_the_first },
		{ "of damaged files", damaged },
		{ "of hostile files", hostile },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
