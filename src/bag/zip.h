#ifndef BAG_ZIP_H
#define BAG_ZIP_H

#include "bag/path.h"

/*
 * What a zip archive says twice must be said the same (APPNOTE 4.3): names
 * stand in the central directory, which unpackers go by, and before each
 * member, where libarchive takes them from.  An archive in which the two
 * differ would show one bag to the verifier and another to its user.
 *
 * Accepted is the plain form that archivers write: end record at the very
 * end without a comment, central directory right before it, members in its
 * order, one right after another from the start, not encrypted, on one disk.
 */
struct bag_stored {
	int fd;               /* an open file, or -1: */
	const uint8_t *bytes; /* memory */
	uint64_t size;
};

/* Exactly `len` bytes at `at`; SP_E_CORRUPT when they are not there. */
enum sp_code bag_stored_read(const struct bag_stored *s, uint64_t at, void *out,
    size_t len, struct sp_err *err) SP_MUST_USE;

/* Does it begin as a zip does? */
bool bag_zip_is(const struct bag_stored *s) SP_MUST_USE;
enum sp_code bag_zip_check(const struct bag_stored *s, struct bag_place *place,
    struct sp_err *err) SP_MUST_USE;

#endif
