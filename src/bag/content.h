#ifndef BAG_CONTENT_H
#define BAG_CONTENT_H

#include "bag/read.h"
#include "bag/write.h"
#include "crypto/digest.h"

/*
 * The content of a bag, read through once and found to be a whole and valid
 * BagIt 1.0 bag (RFC 8493 3) with nothing in it that is not accounted for.
 * In this order, the first lie ends it:
 *
 *   every path legal, every file there once (read.h)
 *   bagit.txt says BagIt 1.0, UTF-8
 *   every tag file in both tag manifests, and no other; hashes
 *   every payload file in both manifests, and no other; hashes
 *   Payload-Oxum in bag-info.txt
 *
 * When a file's hashes differ from both manifests the lie is the file's; from
 * one only, that manifest's.  Tag files are kept in memory, payloads and
 * documents for people (path.h) not.
 */
#define BAG_SHA512_LEN 64

struct bag_file {
	char *path;
	uint64_t size;
	uint8_t sha256[CRYPTO_SHA256_LEN];
	uint8_t sha512[BAG_SHA512_LEN];
	uint8_t *at; /* what is kept, a NUL behind it; else NULL */
};

struct bag_content;

struct bag_content_options {
	struct bag_source from;
	/* Hears of each run of bytes read; may be NULL. */
	void (*progress)(void *arg, uint64_t bytes);
	void *progress_arg;
};

enum sp_code bag_content_read(struct bag_content **out,
    const struct bag_content_options *o, struct bag_place *place,
    struct sp_err *err) SP_MUST_USE;
void bag_content_free(struct bag_content *c); /* NULL is a no-op */

static inline void
bag_content_freep(struct bag_content **c)
{
	bag_content_free(*c);
}
#define BAG_AUTO_CONTENT SP_CLEANUP(bag_content_freep) struct bag_content *

/* All files, in byte order of their paths. */
const struct bag_file *bag_content_files(
    const struct bag_content *c, size_t *n);
/* NULL when there is none. */
const struct bag_file *bag_content_find(
    const struct bag_content *c, const char *path);
/* The index of the first file whose path is not less than `path`. */
size_t bag_content_from(const struct bag_content *c, const char *path);

#endif
