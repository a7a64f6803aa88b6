#ifndef DOCK_ERASE_H
#define DOCK_ERASE_H

#include "dock/place.h"

/*
 * Removing an original, once it is proven.  What is removed is the file that
 * was hashed, or nothing:
 *
 *   open it, by no link, in a folder that is held
 *   was it hashed just now, from this very folder, on a file system that
 *   keeps ctime, and is it as it was (inode, size, mtime, ctime)?
 *                                                         no: hash it again
 *   does anybody have it open to write?      yes, or it cannot be told: not now
 *   look at the name once more: is it this very inode?    no: not now
 *   unlink in the held folder, fsync of the folder
 *
 * Between the last look and the unlink there is a moment that no system call
 * closes; whoever replaces files of that name in that moment, in a folder
 * that a dock clears, loses the new one.  Cameras do not write while they are
 * mounted.
 *
 * One thread a file.
 */
struct dock_erasing {
	const char *path;
	struct dock_ident is; /* as it was hashed */
	bool fresh;           /* the place was held ever since */
	const char *sha256;
	const struct dock_reading *reading;
};

/* SP_OK: it is gone, durably.  Nothing was removed otherwise: reasons
 * dock_place_changed (another content), _written, _gone (already), _barred
 * (read-only medium or no permission: err->os_errno says which), _broken;
 * SP_E_FULL where even removing needs room. */
enum sp_code dock_erase(const struct dock_place *p,
    const struct dock_erasing *what, struct sp_err *err) SP_MUST_USE;

#endif
