#ifndef MEDIA_JPEG_H
#define MEDIA_JPEG_H

#include "base/base.h"

/*
 * The segments of a JPEG (ITU-T T.81, annex B), without decoding any:
 *
 *   SOI (marker length bytes)* SOS scan EOI
 *
 * The host looks at posters with it, which a worker made that may have been
 * taken over; the worker finds the Exif part of photos.
 */
#define MEDIA_POSTER_SIDE 640U /* the longer one, at most */

struct media_picture {
	uint32_t width, height;
};

/*
 * Is this the plain picture that the worker makes: baseline (SOF0), 8 bits,
 * one or three components, tables, one scan, EOI as its last bytes, nothing
 * else but a JFIF mark, no side longer than MEDIA_POSTER_SIDE?  Metadata,
 * comments, thumbnails and whatever is glued to its end are refused, so that
 * a poster carries nothing but pixels.
 */
bool media_jpeg_plain(
    const uint8_t *bytes, size_t len, struct media_picture *out) SP_MUST_USE;

/* Where in the head of a photo its Exif data lies (a TIFF structure; within
 * the `len` bytes).  False when there is none. */
bool media_jpeg_exif(const uint8_t *bytes, size_t len, const uint8_t **at,
    size_t *size) SP_MUST_USE;

#endif
