#ifndef BAG_PATH_H
#define BAG_PATH_H

#include "base/buf.h"

/*
 * Paths inside a bag, and the place of a lie.
 *
 * A path is relative to the bag's base directory: 1 to BAG_PATH_MAX bytes of
 * UTF-8 without control characters and backslashes, in components parted by
 * '/', none of them empty, "." or "..".  So whatever unpacks a bag puts all of
 * it below one folder, on any system.
 */
#define BAG_PATH_MAX 500

bool bag_path_ok(const char *path, size_t len) SP_MUST_USE;
/* Payload: below data/. */
bool bag_path_is_payload(const char *path);
/* A document for people, which no check reads: certification.pdf, or
 * custody/<36 characters>/report.pdf. */
bool bag_path_is_document(const char *path);

/* The form that manifests use (RFC 8493 2.1.3): CR, LF and '%', and only
 * those, percent-encoded. */
void bag_path_escape(const char *path, struct sp_buf *out);
/* Back; false when it is no such form, or of a path that is not legal. */
bool bag_path_unescape(
    const char *s, size_t len, char out[static BAG_PATH_MAX + 1]) SP_MUST_USE;

/* A file name in a form that may stand in a path: a backslash, which is a
 * separator to some unpackers, becomes '_'; nothing else changes. */
void bag_path_name(const char *name, struct sp_buf *out);

/* Where in a bag a lie was found: a path, "" before there is one. */
struct bag_place {
	char at[BAG_PATH_MAX + 12];
};

/* Note the place: printable, cut to fit. */
void bag_place_set(struct bag_place *place, const char *path);

/* Note the place and return SP_E_CORRUPT; the text says in plain words what
 * is wrong there:
 *
 *	return bag_lie(place, "log/key", err, "line %zu is missing", n);
 */
#define bag_lie(place, path, err, ...)                                         \
	__extension__({                                                        \
		bag_place_set((place), (path));                                \
		sp_fail((err), SP_E_CORRUPT, __VA_ARGS__);                     \
	})

#endif
