#include "media/jpeg.h"

#include "base/parse.h"

#include <string.h>

enum marker {
	SOF0 = 0xc0,
	DHT = 0xc4,
	RST0 = 0xd0,
	RST7 = 0xd7,
	SOI = 0xd8,
	EOI = 0xd9,
	SOS = 0xda,
	DQT = 0xdb,
	DRI = 0xdd,
	APP0 = 0xe0,
	APP1 = 0xe1,
};

/* The next segment: its marker, and its bytes without the length. */
static bool
next(struct sp_in *in, uint8_t *marker, struct sp_in *body)
{
	uint16_t len;
	const uint8_t *at;

	if (sp_in_u8(in) != 0xff)
		return false;
	*marker = sp_in_u8(in);
	len = sp_in_u16be(in);
	if (in->bad || len < 2)
		return false;
	at = sp_in_bytes(in, len - 2U);
	if (at == NULL)
		return false;
	*body = sp_in_from(at, len - 2U);
	return true;
}

static bool
starts(struct sp_in *in)
{
	uint8_t first = sp_in_u8(in), second = sp_in_u8(in);

	return first == 0xff && second == SOI && !in->bad;
}

/* Of SOF0: precision, height, width, components. */
static bool
frame(struct sp_in body, struct media_picture *out)
{
	uint8_t bits = sp_in_u8(&body);
	uint16_t height = sp_in_u16be(&body);
	uint16_t width = sp_in_u16be(&body);
	uint8_t parts = sp_in_u8(&body);

	if (out->width != 0 || bits != 8 || (parts != 1 && parts != 3) ||
	    sp_in_bytes(&body, (size_t)3 * parts) == NULL ||
	    !sp_in_done(&body) || height == 0 || width == 0 ||
	    height > MEDIA_POSTER_SIDE || width > MEDIA_POSTER_SIDE)
		return false;
	*out = (struct media_picture){ .width = width, .height = height };
	return true;
}

/* "JFIF" and its fixed fields, with no thumbnail. */
static bool
jfif(struct sp_in body)
{
	const uint8_t *at = body.at;

	return body.left == 14 && memcmp(at, "JFIF", 5) == 0 && at[12] == 0 &&
	    at[13] == 0;
}

/* Coded bytes up to EOI, which is the end. */
static bool
scan(struct sp_in *in)
{
	while (!in->bad) {
		uint8_t b = sp_in_u8(in);

		if (b != 0xff)
			continue;
		b = sp_in_u8(in);
		if (b == EOI)
			return sp_in_done(in);
		if (b != 0 && (b < RST0 || b > RST7))
			return false;
	}
	return false;
}

bool
media_jpeg_plain(const uint8_t *bytes, size_t len, struct media_picture *out)
{
	struct sp_in in = sp_in_from(bytes, len);
	struct media_picture got = { .width = 0 };
	struct sp_in body;
	uint8_t marker;

	if (!starts(&in))
		return false;
	while (next(&in, &marker, &body)) {
		bool fine = marker == DQT || marker == DHT || marker == DRI ||
		    (marker == APP0 && jfif(body)) ||
		    (marker == SOF0 && frame(body, &got));

		if (marker == SOS) {
			if (got.width == 0 || !scan(&in))
				return false;
			*out = got;
			return true;
		}
		if (!fine)
			return false;
	}
	return false;
}

bool
media_jpeg_exif(
    const uint8_t *bytes, size_t len, const uint8_t **at, size_t *size)
{
	static const char mark[] = "Exif\0"; /* and the NUL of the literal */
	struct sp_in in = sp_in_from(bytes, len);
	struct sp_in body;
	uint8_t marker;

	if (!starts(&in))
		return false;
	while (next(&in, &marker, &body) && marker != SOS) {
		if (marker != APP1 || body.left <= sizeof(mark) ||
		    memcmp(body.at, mark, sizeof(mark)) != 0)
			continue;
		*at = body.at + sizeof(mark);
		*size = body.left - sizeof(mark);
		return true;
	}
	return false;
}
