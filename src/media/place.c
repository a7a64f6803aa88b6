#include "media/place.h"

#include <string.h>

#define DEGREE INT64_C(1000000)

/* --- ISO 6709 --- */

/* Digits before the point, then those after it, as millionths. */
static bool
read_number(const char **s, int64_t *whole, size_t *digits, int64_t *part)
{
	const char *at = *s;
	int64_t weight = DEGREE / 10;

	*whole = *part = 0;
	for (; *at >= '0' && *at <= '9' && at - *s < 8; at++)
		*whole = *whole * 10 + (*at - '0');
	*digits = (size_t)(at - *s);
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++) {
			*part += weight * (*at - '0');
			weight /= 10;
		}
	*s = at;
	return *digits > 0;
}

/*
 * A coordinate of `degrees` digits for whole degrees: D, DMM or DMMSS with a
 * fraction of the last.
 */
static bool
read_angle(const char **s, size_t degrees, int64_t most, int32_t *out)
{
	int64_t whole, part, angle;
	size_t digits;
	bool minus = **s == '-';

	if (**s != '-' && **s != '+')
		return false;
	(*s)++;
	if (!read_number(s, &whole, &digits, &part))
		return false;
	if (digits == degrees) {
		angle = whole * DEGREE + part;
	} else if (digits == degrees + 2 && whole % 100 < 60) {
		angle =
		    whole / 100 * DEGREE + (whole % 100 * DEGREE + part) / 60;
	} else if (digits == degrees + 4 && whole / 100 % 100 < 60 &&
	    whole % 100 < 60) {
		angle = whole / 10000 * DEGREE +
		    (whole / 100 % 100 * 60 * DEGREE + whole % 100 * DEGREE +
			part) /
			3600;
	} else {
		return false;
	}
	if (angle > most * DEGREE)
		return false;
	*out = (int32_t)(minus ? -angle : angle);
	return true;
}

bool
media_place_iso6709(const char *s, struct media_place *out)
{
	struct media_place got = { 0, 0 };

	if (!read_angle(&s, 2, 90, &got.latitude) ||
	    !read_angle(&s, 3, 180, &got.longitude))
		return false;
	*out = got;
	return true;
}

/* --- Exif --- */

/* A TIFF structure: numbers at offsets, each checked. */
struct tiff {
	const uint8_t *at;
	size_t len;
	bool little;
};

enum tag {
	ORIENTATION = 0x0112,
	EXIF_FOLDER = 0x8769,
	GPS_FOLDER = 0x8825,
	TIME_TAKEN = 0x9003,
	TIME_OFFSET = 0x9011,
	LATITUDE_REF = 1,
	LATITUDE = 2,
	LONGITUDE_REF = 3,
	LONGITUDE = 4,
};

enum type { ASCII = 2, SHORT = 3, LONG = 4, RATIONAL = 5 };

static bool
get16(const struct tiff *t, uint64_t at, uint16_t *out)
{
	const uint8_t *p;

	if (t->len < 2 || at > t->len - 2)
		return false;
	p = t->at + at;
	*out = (uint16_t)(t->little ? p[1] << 8 | p[0] : p[0] << 8 | p[1]);
	return true;
}

static bool
get32(const struct tiff *t, uint64_t at, uint32_t *out)
{
	uint16_t a, b;

	if (!get16(t, at, &a) || !get16(t, at + 2, &b))
		return false;
	*out = t->little ? (uint32_t)b << 16 | a : (uint32_t)a << 16 | b;
	return true;
}

static bool
opened(struct tiff *t, uint32_t *first)
{
	uint16_t answer;

	if (t->len < 8 ||
	    (memcmp(t->at, "II", 2) != 0 && memcmp(t->at, "MM", 2) != 0))
		return false;
	t->little = t->at[0] == 'I';
	return get16(t, 2, &answer) && answer == 42 && get32(t, 4, first);
}

/* Where the entry with this tag is in the folder at `folder`. */
static bool
entry(const struct tiff *t, uint32_t folder, uint16_t tag, uint64_t *at)
{
	uint16_t n, found;

	if (!get16(t, folder, &n))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		*at = folder + UINT64_C(2) + 12 * i;
		if (!get16(t, *at, &found))
			return false;
		if (found == tag)
			return true;
	}
	return false;
}

/* Where the entry's values lie; there are `count` of this type. */
static bool
values(const struct tiff *t, uint64_t at, enum type type, uint32_t count,
    uint64_t *where)
{
	static const unsigned size[] = {
		[ASCII] = 1,
		[SHORT] = 2,
		[LONG] = 4,
		[RATIONAL] = 8,
	};
	uint16_t is;
	const uint64_t bytes = (uint64_t)count * size[type];
	uint32_t n, offset;

	if (!get16(t, at + 2, &is) || is != type || !get32(t, at + 4, &n) ||
	    n != count || !get32(t, at + 8, &offset))
		return false;
	*where = bytes <= 4 ? at + 8 : offset;
	return *where <= t->len && bytes <= t->len - *where;
}

static bool
folder_at(const struct tiff *t, uint32_t in, uint16_t tag, uint32_t *out)
{
	uint64_t at, where;

	return entry(t, in, tag, &at) && values(t, at, LONG, 1, &where) &&
	    get32(t, where, out);
}

/* Exactly n bytes of text, the NUL among them. */
static bool
text_at(const struct tiff *t, uint32_t in, uint16_t tag, char *out, uint32_t n)
{
	uint64_t at, where;

	if (!entry(t, in, tag, &at) || !values(t, at, ASCII, n, &where))
		return false;
	memcpy(out, t->at + where, n);
	return out[n - 1] == '\0';
}

/* One of three rationals, added up as billionths of a degree. */
static bool
sixtieths(const struct tiff *t, uint64_t at, unsigned parts, int64_t *sum)
{
	uint32_t above, below;

	if (!get32(t, at, &above) || !get32(t, at + 4, &below))
		return false;
	if (above == 0)
		return true; /* 0/0, too: cameras write it */
	if (below == 0 || above / below > 180)
		return false;
	*sum +=
	    (int64_t)(above * UINT64_C(1000000000) / (below * (uint64_t)parts));
	return true;
}

/* "N" or "S" (signs), and in the next entry three rationals. */
static bool
angle_at(const struct tiff *t, uint32_t gps, uint16_t ref, const char *signs,
    int32_t *out)
{
	int64_t sum = 0, most = signs[0] == 'N' ? 90 : 180;
	uint64_t at, where;
	char sign[2];

	if (!text_at(t, gps, ref, sign, 2) ||
	    (sign[0] != signs[0] && sign[0] != signs[1]) ||
	    !entry(t, gps, (uint16_t)(ref + 1), &at) ||
	    !values(t, at, RATIONAL, 3, &where) ||
	    !sixtieths(t, where, 1, &sum) ||
	    !sixtieths(t, where + 8, 60, &sum) ||
	    !sixtieths(t, where + 16, 3600, &sum))
		return false;
	sum = (sum + 500) / 1000;
	if (sum > most * DEGREE)
		return false;
	*out = (int32_t)(sign[0] == signs[1] ? -sum : sum);
	return true;
}

static void
read_gps(const struct tiff *t, uint32_t first, struct media_exif *out)
{
	struct media_place p = { 0, 0 };
	uint32_t gps;

	if (!folder_at(t, first, GPS_FOLDER, &gps) ||
	    !angle_at(t, gps, LATITUDE_REF, "NS", &p.latitude) ||
	    !angle_at(t, gps, LONGITUDE_REF, "EW", &p.longitude))
		return;
	out->placed = true;
	out->place = p;
}

/* "2026:11:21 18:45:44", and beside it "+01:00". */
static void
read_time(const struct tiff *t, uint32_t first, struct media_exif *out)
{
	char text[MEDIA_LOCAL + 6], zone[7];
	uint32_t exif;

	if (!folder_at(t, first, EXIF_FOLDER, &exif) ||
	    !text_at(t, exif, TIME_TAKEN, text, MEDIA_LOCAL))
		return;
	if (text[4] != ':' || text[7] != ':' || text[10] != ' ')
		return;
	text[4] = text[7] = '-';
	text[10] = 'T';
	if (!media_local_ok(text, MEDIA_LOCAL - 1))
		return;
	memcpy(out->local, text, MEDIA_LOCAL);
	if (!text_at(t, exif, TIME_OFFSET, zone, 7))
		return;
	memcpy(text + MEDIA_LOCAL - 1, zone, 6);
	if (!sp_time_parse(text, MEDIA_LOCAL - 1 + 6, &out->created))
		out->created = MEDIA_UNKNOWN_TIME;
}

static void
read_orientation(const struct tiff *t, uint32_t first, struct media_exif *out)
{
	static const uint32_t turned[] = { [3] = 180, [6] = 90, [8] = 270 };
	uint64_t at, where;
	uint16_t v;

	if (entry(t, first, ORIENTATION, &at) &&
	    values(t, at, SHORT, 1, &where) && get16(t, where, &v) &&
	    v < SP_COUNTOF(turned))
		out->rotation = turned[v];
}

void
media_place_exif(const uint8_t *tiff, size_t len, struct media_exif *out)
{
	struct tiff t = { .at = tiff, .len = len };
	uint32_t first;

	*out = (struct media_exif){ .created = MEDIA_UNKNOWN_TIME };
	if (!opened(&t, &first))
		return;
	read_gps(&t, first, out);
	read_time(&t, first, out);
	read_orientation(&t, first, out);
}
