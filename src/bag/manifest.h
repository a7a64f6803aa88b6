#ifndef BAG_MANIFEST_H
#define BAG_MANIFEST_H

#include "bag/path.h"
#include "crypto/digest.h"

/*
 * A manifest (RFC 8493 2.1.3, 2.2.1), in the one form that bag/write.h writes
 * and sha256sum reads: lines of lower-case hex, two spaces, the path with CR,
 * LF and '%' encoded, LF.  Every path is legal and named once.
 */
struct bag_line {
	char *path;      /* decoded */
	const char *hex; /* in the manifest's text */
};

struct bag_manifest {
	const char *name; /* its own path, borrowed */
	enum crypto_digest_kind kind;
	size_t n;
	struct bag_line *line; /* in byte order of path */
};

/* `name` and `text` are borrowed for the manifest's life.  A lie is one at
 * `name`.  *out is to be freed only when this succeeds. */
enum sp_code bag_manifest_parse(struct bag_manifest *out, const char *name,
    enum crypto_digest_kind kind, const char *text, struct bag_place *place,
    struct sp_err *err) SP_MUST_USE;
void bag_manifest_free(struct bag_manifest *m);
#define BAG_AUTO_MANIFEST SP_CLEANUP(bag_manifest_free) struct bag_manifest

/* NULL when it does not name the path. */
const struct bag_line *bag_manifest_find(
    const struct bag_manifest *m, const char *path);
/* Is this the hash the line gives? */
bool bag_manifest_says(const struct bag_manifest *m,
    const struct bag_line *line, const uint8_t *sum) SP_MUST_USE;

#endif
