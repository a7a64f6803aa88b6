#ifndef EXIF_H
#define EXIF_H

#include "base/buf.h"
#include "tap.h"

#include <string.h>

/* Exif structures as a camera writes them, in either byte order. */
struct exif_entry {
	uint16_t tag, type;
	uint32_t count;
	uint32_t value; /* or where; a text of up to 4 bytes lies here */
};

static inline void
exif_u16(struct sp_buf *b, bool little, uint16_t v)
{
	sp_buf_u8(b, (uint8_t)(little ? v : v >> 8));
	sp_buf_u8(b, (uint8_t)(little ? v >> 8 : v));
}

static inline void
exif_u32(struct sp_buf *b, bool little, uint32_t v)
{
	exif_u16(b, little, (uint16_t)(little ? v : v >> 16));
	exif_u16(b, little, (uint16_t)(little ? v >> 16 : v));
}

static inline void
exif_folder(struct sp_buf *b, bool little, const struct exif_entry *e, size_t n)
{
	exif_u16(b, little, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		exif_u16(b, little, e[i].tag);
		exif_u16(b, little, e[i].type);
		exif_u32(b, little, e[i].count);
		if (e[i].type == 2 && e[i].count <= 4)
			for (unsigned k = 0; k < 4; k++)
				sp_buf_u8(b, (uint8_t)(e[i].value >> 8 * k));
		else if (e[i].type == 3) {
			exif_u16(b, little, (uint16_t)e[i].value);
			exif_u16(b, little, 0);
		} else
			exif_u32(b, little, e[i].value);
	}
	exif_u32(b, little, 0);
}

#define EXIF_ROOT 8
#define EXIF_GPS  (EXIF_ROOT + 2 + 3 * 12 + 4)
#define EXIF_SUB  (EXIF_GPS + 2 + 4 * 12 + 4)
#define EXIF_MORE (EXIF_SUB + 2 + 2 * 12 + 4)

struct exif_sample {
	char ns, ew;
	uint32_t at[12];   /* six rationals: latitude, longitude */
	const char *taken; /* 19 characters */
	const char *zone;  /* 6 */
	uint16_t orientation;
};

/* 37 46' 29.744" S, 122 25' 9.84" W, 2026-11-21 18:45:44 -07:00, turned. */
static const struct exif_sample exif_usual = {
	'S',
	'W',
	{ 37, 1, 46, 1, 29744, 1000, 122, 1, 25, 1, 984, 100 },
	"2026:11:21 18:45:44",
	"-07:00",
	6,
};

static inline void
exif_make(const struct exif_sample *s, bool little, struct sp_buf *b)
{
	const struct exif_entry root[] = {
		{ 0x0112, 3, 1, s->orientation },
		{ 0x8769, 4, 1, EXIF_SUB },
		{ 0x8825, 4, 1, EXIF_GPS },
	};
	const struct exif_entry gps[] = {
		{ 1, 2, 2, (uint8_t)s->ns },
		{ 2, 5, 3, EXIF_MORE },
		{ 3, 2, 2, (uint8_t)s->ew },
		{ 4, 5, 3, EXIF_MORE + 24 },
	};
	const struct exif_entry sub[] = {
		{ 0x9003, 2, 20, EXIF_MORE + 48 },
		{ 0x9011, 2, 7, EXIF_MORE + 68 },
	};

	sp_buf_clear(b);
	sp_buf_text(b, little ? "II" : "MM");
	exif_u16(b, little, 42);
	exif_u32(b, little, EXIF_ROOT);
	exif_folder(b, little, root, 3);
	exif_folder(b, little, gps, 4);
	exif_folder(b, little, sub, 2);
	CHECK(b->len == EXIF_MORE);
	for (size_t i = 0; i < 12; i++)
		exif_u32(b, little, s->at[i]);
	sp_buf_add(b, s->taken, 20);
	sp_buf_add(b, s->zone, 7);
	CHECK(sp_buf_ok(b));
}

#endif
