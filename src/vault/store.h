#ifndef VAULT_STORE_H
#define VAULT_STORE_H

#include "base/id.h"

#include <sys/types.h>

/*
 * Where sealed objects lie.  An object is written in *staging*, a segment at
 * a time, and *kept* once it is whole.  One store an agency.
 *
 * A backend is a table of functions; `fs` (folders objects/ and staging/,
 * O_DIRECT) is the one that ships, `mem` is the tests'.  Several threads may
 * use one store; one thread at a time one open file.
 */
enum vault_place { VAULT_STAGED, VAULT_KEPT };

#define VAULT_SEGMENT ((size_t)1 << 20)
#define VAULT_ALIGN   ((size_t)4096)
/* Most segments that one write takes. */
#define VAULT_BATCH 4

struct vault_store;

/* What a backend's open files embed first. */
struct vault_file {
	struct vault_store *store; /* the one it was opened by */
};

struct vault_part {
	uint8_t *bytes;
	size_t len;
};

struct vault_store_ops {
	/* Make a new, empty staged object; SP_E_CONFLICT when it exists. */
	enum sp_code (*create)(struct vault_store *s, const struct sp_id *id,
	    struct vault_file **out, struct sp_err *err);
	/* Open an object: staged ones for reading and writing, kept ones for
	 * reading.  SP_E_NOTFOUND. */
	enum sp_code (*open)(struct vault_store *s, enum vault_place place,
	    const struct sp_id *id, struct vault_file **out,
	    struct sp_err *err);
	void (*close)(struct vault_file *f);
	/* Claim space for the file's bytes up to `end`, so that writing them
	 * cannot run out of it; SP_E_FULL when there is none (a file system
	 * that cannot claim answers SP_OK).  Grows in steps of some MiB; what
	 * is too much goes back at truncate and at the short last write.  The
	 * one call that may run beside another thread's write of the same
	 * file. */
	enum sp_code (*reserve)(
	    struct vault_file *f, uint64_t end, struct sp_err *err);
	/* Write up to VAULT_BATCH segments that follow each other, the first at
	 * a multiple of VAULT_SEGMENT.  All but the last are that long.  The
	 * bytes are aligned to VAULT_ALIGN with room to be padded to a multiple
	 * of it; a length that is no such multiple ends the object there. */
	enum sp_code (*write)(struct vault_file *f, uint64_t at,
	    const struct vault_part *part, size_t n, struct sp_err *err);
	/* Read up to len bytes, a multiple of VAULT_ALIGN, at a multiple of
	 * VAULT_SEGMENT into an aligned buffer; *got is less only at the end.
	 */
	enum sp_code (*read)(struct vault_file *f, uint64_t at, void *bytes,
	    size_t len, size_t *got, struct sp_err *err);
	enum sp_code (*size)(
	    struct vault_file *f, uint64_t *out, struct sp_err *err);
	enum sp_code (*truncate)(
	    struct vault_file *f, uint64_t size, struct sp_err *err);
	/* All written bytes are on the disk and, when `named`, the file's name
	 * too (a move takes care of that itself).  A failed sync is
	 * SP_E_STOPPED, reason "store.sync", and is never tried again: from
	 * then on the store reads, and refuses all that changes it. */
	enum sp_code (*sync)(
	    struct vault_file *f, bool named, struct sp_err *err);
	/* Staged to kept (or back: start-up repair), durably. */
	enum sp_code (*move)(struct vault_store *s, const struct sp_id *id,
	    enum vault_place to, struct sp_err *err);
	/* SP_OK also when it is not there. */
	enum sp_code (*remove)(struct vault_store *s, enum vault_place place,
	    const struct sp_id *id, struct sp_err *err);
	/* Each object's id in turn (unordered), for repair; the visitor may
	 * remove or move the object it is told of. */
	enum sp_code (*each)(struct vault_store *s, enum vault_place place,
	    enum sp_code (*visit)(
		void *arg, const struct sp_id *id, struct sp_err *err),
	    void *arg, struct sp_err *err);
	void (*free)(struct vault_store *s);
};

/* What backends embed first. */
struct vault_store {
	const struct vault_store_ops *ops;
};

/*
 * DIR/objects/<last byte of the id, 2 hex digits>/<id> and DIR/staging/<id>;
 * the folders are made when missing.  Everything else in them is left alone.
 */
enum sp_code vault_store_open_fs(
    struct vault_store **out, const char *dir, struct sp_err *err) SP_MUST_USE;
struct vault_store *vault_store_new_mem(void) SP_MUST_USE;
void vault_store_free(struct vault_store *s);

#endif
