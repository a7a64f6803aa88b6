#ifndef BAG_WRITE_H
#define BAG_WRITE_H

#include "bag/path.h"
#include "base/clock.h"
#include "crypto/digest.h"

/*
 * Writing a BagIt 1.0 bag (RFC 8493) as a zip or tar stream: every member is
 * hashed as it passes, and the manifests follow from that.  Nothing is held
 * but the manifests.
 *
 *   open --> tags and payloads in any order --> finish --> free
 *
 * Members are in one base directory (RFC 8493 4.1.3).  bagit.txt is the first
 * member; the manifests, then the tag manifests, are the last.  Freed before
 * it is finished, the stream just ends: no reader takes it for whole.  One
 * thread.
 */
#define BAG_FORMATS(X)                                                         \
	X(BAG_ZIP, "zip", "application/zip")                                   \
	X(BAG_TAR, "tar", "application/x-tar")

enum bag_format {
#define X(id, name, media) id,
	BAG_FORMATS(X)
#undef X
	    BAG_FORMAT_COUNT
};

/* What a bag may hold, to be writable and readable; the reader's too. */
#define BAG_FILES_MAX    UINT64_C(250000)
#define BAG_MANIFEST_MAX ((size_t)64 << 20)  /* one manifest */
#define BAG_DOCUMENT_MAX ((size_t)16 << 20)  /* a document for people */
#define BAG_TAG_MAX      ((size_t)1 << 20)   /* another tag file */
#define BAG_HELD_MAX     ((size_t)256 << 20) /* tag files but documents */

struct bag_write_options {
	enum bag_format format;
	const char *base; /* one legal component; not data, custody or log */
	sp_time made;     /* of the tag files */
	/* Takes the archive's bytes; the first failure ends everything. */
	enum sp_code (*sink)(
	    void *arg, const void *bytes, size_t len, struct sp_err *err);
	void *sink_arg;
};

struct bag_write;

/* Writes bagit.txt. */
enum sp_code bag_write_open(struct bag_write **out,
    const struct bag_write_options *o, struct sp_err *err) SP_MUST_USE;
void bag_write_free(struct bag_write *w); /* NULL is a no-op */

static inline void
bag_write_freep(struct bag_write **w)
{
	bag_write_free(*w);
}
#define BAG_AUTO_WRITE SP_CLEANUP(bag_write_freep) struct bag_write *

/* Paths are legal (aborts), and each is used once (the caller's duty).
 * SP_E_LIMIT over the maxima above. */
enum sp_code bag_write_tag(struct bag_write *w, const char *path,
    const void *bytes, size_t len, struct sp_err *err) SP_MUST_USE;

/* A payload: begin with its size, add exactly that many bytes, end. */
enum sp_code bag_write_payload(struct bag_write *w, const char *path,
    uint64_t size, sp_time modified, struct sp_err *err) SP_MUST_USE;
enum sp_code bag_write_bytes(struct bag_write *w, const void *bytes, size_t len,
    struct sp_err *err) SP_MUST_USE;
/* The SHA-256 of what went in; before it is in a manifest. */
enum sp_code bag_write_payload_end(struct bag_write *w,
    uint8_t sha256[static CRYPTO_SHA256_LEN], struct sp_err *err) SP_MUST_USE;

/* Manifests, tag manifests, end of the archive. */
enum sp_code bag_write_finish(
    struct bag_write *w, struct sp_err *err) SP_MUST_USE;

#endif
