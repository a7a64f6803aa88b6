#ifndef DOCK_PLACE_H
#define DOCK_PLACE_H

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/digest.h"

/*
 * The folder that is docked, held open, and what lies in it.
 *
 * A card's contents are hostile until shown otherwise: every step of a path is
 * opened below the one before it, by a name that is no "..", and no symbolic
 * link is followed at any step, so that nothing outside of the folder is ever
 * opened or removed.  A file is first held without being opened (O_PATH) and
 * read only when it is a regular file: devices and fifos are never opened.
 *
 * Whoever holds a place keeps its file system from being unmounted: hold it
 * only while there is work.
 *
 * One thread a place.
 */
#define DOCK_PATH_MAX 1024 /* bytes of a path below the folder */
/* Larger files are refused: a card may claim any size. */
#define DOCK_SIZE_MAX ((uint64_t)1 << 40)
#define DOCK_HEX      (2 * CRYPTO_SHA256_LEN + 1)

/* Reasons in struct sp_err: what a failure here means. */
extern const char dock_place_gone[];    /* not there, or not there any more */
extern const char dock_place_broken[];  /* the medium does not answer (EIO) */
extern const char dock_place_odd[];     /* no regular file, or too large */
extern const char dock_place_changed[]; /* not the file it was */
extern const char dock_place_written[]; /* somebody has it open to write */
extern const char dock_place_barred[];  /* permissions, read-only medium */
extern const char dock_place_stopped[]; /* asked to stop */

/* Fails as errno has it: its code and reason; the text says `what`. */
enum sp_code dock_place_fail(struct sp_err *err, const char *what) SP_MUST_USE;

/* Which file, in which state.  What the camera's clock says in mtime is only
 * ever compared with itself. */
struct dock_ident {
	uint64_t ino;
	uint64_t size;
	int64_t mtime; /* nanoseconds */
	int64_t ctime;
	uint64_t dev; /* not comparable across mounts */
	bool lasting; /* of a file system whose numbers outlive its mount */
};

/* All but dev and lasting are equal. */
bool dock_ident_same(const struct dock_ident *a, const struct dock_ident *b);

struct dock_place {
	int fd;
	uint64_t dev, ino, mount; /* which folder this is just now */
};
#define DOCK_AUTO_PLACE SP_CLEANUP(dock_place_close) struct dock_place

/* `path` may pass through links: it is the owner's word.  SP_E_NOTFOUND with
 * dock_place_gone when there is no such folder. */
enum sp_code dock_place_open(
    struct dock_place *out, const char *path, struct sp_err *err) SP_MUST_USE;
void dock_place_close(struct dock_place *p);
bool dock_place_same(const struct dock_place *a, const struct dock_place *b);

/* Files with such names are not evidence: hidden ones, those that other
 * programs are still writing, and what operating systems leave behind. */
bool dock_place_skips(const char *name);

/* The folder `path` is in, opened, and its last part (within `path`).
 * SP_E_INVALID for a path that could lead elsewhere. */
enum sp_code dock_place_parent(const struct dock_place *p, const char *path,
    int *fd, const char **name, struct sp_err *err) SP_MUST_USE;
/* What a name in an open folder is, without opening it: SP_OK for a regular
 * file or, with *folder, a folder.  Reasons gone, broken, odd. */
enum sp_code dock_place_look(int folder_fd, const char *name,
    struct dock_ident *out, bool *folder, struct sp_err *err) SP_MUST_USE;
/* Do numbers on the file system of this outlive its mount? */
bool dock_place_lasting(int fd);
/* Opens a regular file to read. */
enum sp_code dock_place_file(const struct dock_place *p, const char *path,
    int *fd, struct dock_ident *out, struct sp_err *err) SP_MUST_USE;
/* What an open file is now. */
enum sp_code dock_place_ident(
    int fd, struct dock_ident *out, struct sp_err *err) SP_MUST_USE;
/* SP_E_LOCKED (dock_place_written) when some process has it open to write.
 * Where that cannot be told (for files of other users, and on file systems
 * without leases) it is SP_OK, or, for whoever must be `sure`, SP_E_DENIED
 * (dock_place_barred). */
enum sp_code dock_place_quiet(
    int fd, bool sure, struct sp_err *err) SP_MUST_USE;

/* Told while a file is read; false ends it. */
struct dock_reading {
	bool (*go_on)(void *arg, uint64_t done, uint64_t of);
	void *arg;
};
/* The SHA-256 of an open file that was `is` before and still is after; else
 * SP_E_CONFLICT (dock_place_changed). */
enum sp_code dock_place_hash(int fd, const struct dock_ident *is,
    const struct dock_reading *reading, char sha256[static DOCK_HEX],
    struct sp_err *err) SP_MUST_USE;
/* Some of its bytes, as site_source wants them, with our reasons. */
enum sp_code dock_place_read(int fd, uint64_t at, void *out, size_t room,
    size_t *got, struct sp_err *err) SP_MUST_USE;

#endif
