#ifndef BAG_READ_H
#define BAG_READ_H

#include "bag/path.h"

/*
 * Walking through a bag that may be hostile: a zip or tar archive (in memory
 * or a file) or an unpacked folder.  Every regular file is given to a visitor
 * once, in the order of the archive; nothing is written anywhere.
 *
 * Refused as a lie, at its path: paths that are not legal, anything that is
 * neither a regular file nor a folder (links, devices), members outside the
 * one base directory, files with holes, an archive that is cut short or fails
 * its own checks.  A zip is read by its central directory, as unpackers do.
 *
 * The base directory of an archive is the first component of its first
 * member, unless that is data, custody or log: then the bag lies at the top.
 */
struct bag_visitor {
	/* A file begins; `path` is relative to the bag, and is borrowed. */
	enum sp_code (*file)(void *self, const char *path, struct sp_err *err);
	enum sp_code (*bytes)(
	    void *self, const void *bytes, size_t len, struct sp_err *err);
	enum sp_code (*end)(void *self, struct sp_err *err);
	void *self;
};

/* An archive may give at most this many times its own size, and 64 MiB. */
#define BAG_RATIO_MAX 200
/* Folders within folders. */
#define BAG_DEPTH_MAX 16

struct bag_source {
	const char *path;  /* of an archive or a folder, or NULL: */
	const void *bytes; /* an archive in memory */
	size_t len;
};

/* Ends at the visitor's first failure.  SP_E_CORRUPT: a lie, at `place`;
 * SP_E_LIMIT: over a maximum, at `place`; SP_E_NOTFOUND: no such path; other
 * codes: it could not be read. */
enum sp_code bag_read(const struct bag_source *from,
    const struct bag_visitor *visitor, struct bag_place *place,
    struct sp_err *err) SP_MUST_USE;

#endif
