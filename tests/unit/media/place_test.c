#include "media/place.h"

#include "exif.h"
#include "tap.h"

#include <stdlib.h>

static void
iso6709(void)
{
	static const struct {
		const char *text;
		bool fine;
		int32_t latitude, longitude;
	} rows[] = {
		{ "+37.7749-122.4194/", true, 37774900, -122419400 },
		{ "+37.7749-122.4194+010.000/", true, 37774900, -122419400 },
		{ "+37.774929-122.419416CRSWGS_84/", true, 37774929,
		    -122419416 },
		{ "-00-000/", true, 0, 0 },
		{ "+90+180/", true, 90000000, 180000000 },
		{ "-90-180", true, -90000000, -180000000 },
		{ "+90.000001+180/", false, 0, 0 },
		{ "+91+180/", false, 0, 0 },
		{ "+00+180.000001/", false, 0, 0 },
		/* Degrees and minutes; and seconds. */
		{ "+3746.494-12225.164/", true, 37774900, -122419400 },
		{ "+374629.64-1222509.84/", true, 37774900, -122419400 },
		{ "+3760-12225/", false, 0, 0 },
		{ "+374660-1222509/", false, 0, 0 },
		{ "+376000-1222509/", false, 0, 0 },
		/* More digits than there are: the rest is nothing. */
		{ "+37.12345678901234567890123-122.4194/", true, 37123456,
		    -122419400 },
		{ "+37.7749-22.4194/", false, 0, 0 },
		{ "+7.7749-122.4194/", false, 0, 0 },
		{ "37.7749-122.4194/", false, 0, 0 },
		{ "+37.7749/", false, 0, 0 },
		{ "+37.7749+/", false, 0, 0 },
		{ "+-37.7749-122/", false, 0, 0 },
		{ "+99999999999999999999-122/", false, 0, 0 },
		{ "", false, 0, 0 },
		{ "+", false, 0, 0 },
		{ "nowhere", false, 0, 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct media_place p = { 7, 7 };
		bool fine = media_place_iso6709(rows[i].text, &p);

		if (fine != rows[i].fine)
			tap_fail(__FILE__, __LINE__, rows[i].text, "");
		if (!fine)
			CHECK(p.latitude == 7 && p.longitude == 7);
		else
			CHECK(p.latitude == rows[i].latitude &&
			    p.longitude == rows[i].longitude);
	}
}

/* A copy of exactly the bytes, so that a read past the end is seen. */
static struct media_exif
read_exif(const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	struct media_exif e;

	CHECK(copy != NULL);
	if (len > 0)
		memcpy(copy, bytes, len);
	media_place_exif(copy, len, &e);
	free(copy);
	return e;
}

static void
exif_in_both_orders(void)
{
	for (int little = 0; little < 2; little++) {
		SP_AUTO_BUF b = sp_buf_new(4096);
		struct media_exif e;
		char at[SP_TIME_TEXT];

		exif_make(&exif_usual, little != 0, &b);
		e = read_exif(b.at, b.len);
		CHECK(e.placed && e.place.latitude == -37774929 &&
		    e.place.longitude == -122419400);
		CHECK(strcmp(e.local, "2026-11-21T18:45:44") == 0);
		sp_time_text(e.created, at);
		CHECK(strcmp(at, "2026-11-22T01:45:44.000000Z") == 0);
		CHECK(e.rotation == 90);
		for (size_t n = 0; n < b.len; n++)
			(void)read_exif(b.at, n);
		e = read_exif(b.at, EXIF_MORE + 47);
		CHECK(!e.placed && e.local[0] == '\0');
		e = read_exif(b.at, b.len - 1);
		CHECK(e.placed && e.local[0] != '\0' &&
		    e.created == MEDIA_UNKNOWN_TIME);
	}
}

static void
exif_rows(void)
{
	struct exif_sample s;
	SP_AUTO_BUF b = sp_buf_new(4096);
	struct media_exif e;

#define READ(change)                                                           \
	do {                                                                   \
		s = exif_usual;                                                \
		change;                                                        \
		exif_make(&s, true, &b);                                       \
		e = read_exif(b.at, b.len);                                    \
	} while (0)
	READ(s.ns = 'N');
	CHECK(e.placed && e.place.latitude == 37774929);
	READ(s.ns = 'X');
	CHECK(!e.placed);
	READ(s.at[0] = 91);
	CHECK(!e.placed);
	READ((s.at[0] = 90, s.at[2] = 0, s.at[4] = 0));
	CHECK(e.placed && e.place.latitude == -90000000);
	READ(s.at[1] = 0);
	CHECK(!e.placed);
	READ((s.at[4] = 0, s.at[5] = 0)); /* 0/0 seconds */
	CHECK(e.placed && e.place.latitude == -37766667);
	READ((s.at[0] = 4294967295, s.at[1] = 4294967295));
	CHECK(e.placed && e.place.latitude == -1774929);
	READ((s.at[0] = 4294967295, s.at[1] = 1));
	CHECK(!e.placed);
	READ(s.taken = "2026:13:21 18:45:44");
	CHECK(e.local[0] == '\0' && e.placed);
	READ(s.taken = "    :  :     :  :  ");
	CHECK(e.local[0] == '\0');
	READ(s.taken = "0000:00:00 00:00:00");
	CHECK(e.local[0] == '\0');
	READ(s.zone = "   :  ");
	CHECK(e.local[0] != '\0' && e.created == MEDIA_UNKNOWN_TIME);
	READ(s.orientation = 3);
	CHECK(e.rotation == 180);
	READ(s.orientation = 8);
	CHECK(e.rotation == 270);
	READ(s.orientation = 2);
	CHECK(e.rotation == 0);
	READ(s.orientation = 65535);
	CHECK(e.rotation == 0);
#undef READ
}

/* Each byte changed, to everything it can be: nothing is read outside. */
static void
exif_changed(void)
{
	SP_AUTO_BUF b = sp_buf_new(4096);

	exif_make(&exif_usual, true, &b);
	for (size_t i = 0; i < b.len; i++)
		for (unsigned v = 1; v < 256; v = v * 2 + 1) {
			uint8_t was = b.at[i];
			struct media_exif e;

			b.at[i] ^= (uint8_t)v;
			e = read_exif(b.at, b.len);
			CHECK(!e.placed ||
			    (labs(e.place.latitude) <= 90000000 &&
				labs(e.place.longitude) <= 180000000));
			b.at[i] = was;
		}
	CHECK(!read_exif(NULL, 0).placed);
	CHECK(!read_exif("II", 2).placed);
	CHECK(!read_exif("XX*\0\0\0\0\0", 8).placed);
	CHECK(!read_exif("II\0\0\0\0\0\0", 8).placed);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "ISO 6709", iso6709 },
		{ "Exif in both byte orders, every truncation",
		    exif_in_both_orders },
		{ "Exif: what counts and what does not", exif_rows },
		{ "Exif with each byte changed", exif_changed },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
