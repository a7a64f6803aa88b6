#ifndef MEDIA_PLACE_H
#define MEDIA_PLACE_H

#include "media/facts.h"

/*
 * Where and when, as cameras write it down: ISO 6709 (QuickTime's ©xyz and
 * com.apple.quicktime.location.ISO6709) and Exif (JEITA CP-3451, in a TIFF
 * structure).
 */
struct media_place {
	int32_t latitude, longitude; /* millionths of a degree */
};

/*
 * "+37.7749-122.4194+010.000/": degrees (two and three digits before the
 * point), degrees and minutes (four and five) or with seconds (six and
 * seven), each with any fraction; what follows, a height or a reference
 * system, is not read.  *out untouched on failure.
 */
bool media_place_iso6709(const char *s, struct media_place *out) SP_MUST_USE;

/* What an Exif structure tells; what is malformed is as if absent. */
struct media_exif {
	bool placed;
	struct media_place place;
	char local[MEDIA_LOCAL]; /* DateTimeOriginal; "" when absent */
	sp_time created;         /* with OffsetTimeOriginal, or UNKNOWN_TIME */
	uint32_t rotation;       /* clockwise, from Orientation; mirrored
				    pictures are left as they are */
};
void media_place_exif(const uint8_t *tiff, size_t len, struct media_exif *out);

#endif
