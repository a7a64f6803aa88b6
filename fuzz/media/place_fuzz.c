#include "media/jpeg.h"
#include "media/place.h"

#include <stdlib.h>
#include <string.h>

/* Exif by itself, in a photo, and the same bytes as a written place. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_place(const struct media_place *p)
{
	SP_REQUIRE(labs(p->latitude) <= 90000000);
	SP_REQUIRE(labs(p->longitude) <= 180000000);
}

static void
check_exif(const uint8_t *at, size_t len)
{
	struct media_exif e;

	media_place_exif(at, len, &e);
	if (e.placed)
		check_place(&e.place);
	SP_REQUIRE(e.local[0] == '\0' || media_local_ok(e.local, 19));
	SP_REQUIRE(e.rotation % 90 == 0 && e.rotation < 360);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct media_picture picture;
	struct media_place place;
	const uint8_t *exif;
	size_t len;
	char text[64];

	check_exif(data, size);
	if (media_jpeg_exif(data, size, &exif, &len)) {
		SP_REQUIRE(exif >= data && exif + len <= data + size);
		check_exif(exif, len);
	}
	if (media_jpeg_plain(data, size, &picture))
		SP_REQUIRE(picture.width <= MEDIA_POSTER_SIDE &&
		    picture.height <= MEDIA_POSTER_SIDE);
	if (size < sizeof(text)) {
		memcpy(text, data, size);
		text[size] = '\0';
		if (media_place_iso6709(text, &place))
			check_place(&place);
	}
	return 0;
}
