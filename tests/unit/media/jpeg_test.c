#include "media/jpeg.h"

#include "base/buf.h"
#include "tap.h"

#include <string.h>

/* A picture of 16 x 8 in one component, segment by segment. */
static const uint8_t soi[] = { 0xff, 0xd8 };
static const uint8_t app0[] = { 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1,
	0, 0, 1, 0, 1, 0, 0 };
static const uint8_t dqt[] = { 0xff, 0xdb, 0, 4, 1, 2 };
static const uint8_t dht[] = { 0xff, 0xc4, 0, 4, 1, 2 };
static const uint8_t sof[] = { 0xff, 0xc0, 0, 11, 8, 0, 8, 0, 16, 1, 1, 0x11,
	0 };
static const uint8_t sos[] = { 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0 };
static const uint8_t scan[] = { 1, 2, 0xff, 0, 3, 0xff, 0xd0, 4, 0xff, 0xd7,
	5 };
static const uint8_t eoi[] = { 0xff, 0xd9 };

#define ADD(b, bytes) sp_buf_add((b), (bytes), sizeof(bytes))

static void
plain(struct sp_buf *b)
{
	sp_buf_clear(b);
	ADD(b, soi);
	ADD(b, app0);
	ADD(b, dqt);
	ADD(b, sof);
	ADD(b, dht);
	ADD(b, sos);
	ADD(b, scan);
	ADD(b, eoi);
	CHECK(sp_buf_ok(b));
}

static bool
check(const struct sp_buf *b)
{
	struct media_picture p = { 7, 7 };
	bool fine = media_jpeg_plain(b->at, b->len, &p);

	CHECK(fine || (p.width == 7 && p.height == 7));
	return fine;
}

static void
a_plain_one(void)
{
	SP_AUTO_BUF b = sp_buf_new(4096);
	struct media_picture p;

	plain(&b);
	CHECK(media_jpeg_plain(b.at, b.len, &p));
	CHECK(p.width == 16 && p.height == 8);
	for (size_t n = 0; n < b.len; n++)
		CHECK(!media_jpeg_plain(b.at, n, &p));
	sp_buf_u8(&b, 0);
	CHECK(!check(&b)); /* glued to its end */
}

static void
put(struct sp_buf *b, size_t at, const void *bytes, size_t len)
{
	SP_AUTO_BUF rest = sp_buf_new(4096);

	sp_buf_add(&rest, b->at + at, b->len - at);
	sp_buf_cut(b, at);
	sp_buf_add(b, bytes, len);
	sp_buf_add(b, rest.at, rest.len);
}

/* Segments that a worker's encoder never writes. */
static void
other_segments(void)
{
	static const uint8_t comment[] = { 0xff, 0xfe, 0, 5, 'a', 'b', 'c' };
	static const uint8_t exif[] = { 0xff, 0xe1, 0, 8, 'E', 'x', 'i', 'f', 0,
		0 };
	static const uint8_t icc[] = { 0xff, 0xe2, 0, 4, 1, 2 };
	static const uint8_t progressive[] = { 0xff, 0xc2, 0, 11, 8, 0, 8, 0,
		16, 1, 1, 0x11, 0 };
	static const uint8_t thumbnail[] = { 0xff, 0xe0, 0, 19, 'J', 'F', 'I',
		'F', 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 1, 2, 3 };
	static const uint8_t no_length[] = { 0xff, 0xdb, 0, 1 };
	static const struct {
		const uint8_t *at;
		size_t len;
	} rows[] = {
		{ comment, sizeof(comment) },
		{ exif, sizeof(exif) },
		{ icc, sizeof(icc) },
		{ progressive, sizeof(progressive) },
		{ thumbnail, sizeof(thumbnail) },
		{ no_length, sizeof(no_length) },
		{ sof, sizeof(sof) }, /* a second one */
		{ eoi, sizeof(eoi) },
		{ soi, sizeof(soi) },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF b = sp_buf_new(4096);

		plain(&b);
		put(&b, sizeof(soi), rows[i].at, rows[i].len);
		CHECK(!check(&b));
	}
}

static void
other_frames(void)
{
	static const struct {
		size_t at; /* in sof */
		uint8_t value;
		bool fine;
	} rows[] = {
		{ 4, 12, false },                   /* bits */
		{ 6, 0, false },                    /* no lines */
		{ 8, 0, false },                    /* no columns */
		{ 5, 2, true },                     /* 520 lines */
		{ 5, 3, false },                    /* 776 */
		{ 7, 2, true },                     /* 528 columns */
		{ 7, 255, false }, { 9, 2, false }, /* components */
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF b = sp_buf_new(4096);

		plain(&b);
		b.at[sizeof(soi) + sizeof(app0) + sizeof(dqt) + rows[i].at] =
		    rows[i].value;
		CHECK(check(&b) == rows[i].fine);
	}
}

/* A marker inside the scan that ends or starts something. */
static void
other_scans(void)
{
	for (unsigned v = 0; v < 256; v++) {
		SP_AUTO_BUF b = sp_buf_new(4096);
		bool fine = v == 0 || (v >= 0xd0 && v <= 0xd7);

		plain(&b);
		b.at[b.len - sizeof(eoi) - sizeof(scan) + 3] = (uint8_t)v;
		CHECK(check(&b) == fine);
	}
}

static void
exif_found(void)
{
	static const uint8_t xmp[] = { 0xff, 0xe1, 0, 9, 'h', 't', 't', 'p',
		':', '/', '/' };
	static const uint8_t exif[] = { 0xff, 0xe1, 0, 11, 'E', 'x', 'i', 'f',
		0, 0, 'M', 'M', '*' };
	SP_AUTO_BUF b = sp_buf_new(4096);
	const uint8_t *at = NULL;
	size_t len = 0;

	plain(&b);
	CHECK(!media_jpeg_exif(b.at, b.len, &at, &len));
	put(&b, sizeof(soi), exif, sizeof(exif));
	put(&b, sizeof(soi), xmp, sizeof(xmp));
	CHECK(media_jpeg_exif(b.at, b.len, &at, &len));
	CHECK(len == 3 && memcmp(at, "MM*", 3) == 0);
	for (size_t n = 0; n < sizeof(soi) + sizeof(xmp) + sizeof(exif); n++)
		CHECK(!media_jpeg_exif(b.at, n, &at, &len));
	CHECK(!media_jpeg_exif((const uint8_t *)"PNG", 3, &at, &len));
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a plain one, every truncation, one byte more", a_plain_one },
		{ "other segments", other_segments },
		{ "other frames", other_frames },
		{ "other scans", other_scans },
		{ "Exif is found", exif_found },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
