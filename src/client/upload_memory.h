#ifndef CLIENT_UPLOAD_MEMORY_H
#define CLIENT_UPLOAD_MEMORY_H

#include "base/id.h"
#include "client/settings.h"

#include <sys/stat.h>

/*
 * Uploads that were begun, so that `put` of the same file goes on where an
 * earlier one was cut: one small file each in the state folder, named by the
 * SHA-256 of site, agency, path, size, inode and time of last change, with
 *
 *	{"sha256":"<hex>","upload":"<id>"}
 *
 * A file that was changed has another name here and starts afresh.  The
 * SHA-256 saves reading the file again; it is only ever declared to the site,
 * which compares it with what arrives.
 */
#define UPLOAD_MEMORY_DAYS 30

struct upload_memory {
	struct sp_buf path;  /* "" when nothing can be kept */
	char id[SP_ID_TEXT]; /* "" when nothing is known */
	char sha256[65];     /* "" when nothing is known */
};

/* Looks for what is known of the file at `path`; a memory that cannot be read
 * is an empty one. */
struct upload_memory client_upload_memory_open(const struct settings *s,
    const char *agency, const char *path, const struct stat *st);
/* Best effort: an upload that is not remembered is begun anew. */
void client_upload_memory_keep(
    const struct upload_memory *m, const char *id, const char *sha256);
void client_upload_memory_forget(const struct upload_memory *m);
void client_upload_memory_done(struct upload_memory *m);
/* Removes what is older than UPLOAD_MEMORY_DAYS. */
void client_upload_memory_tidy(void);

#define UPLOAD_AUTO_MEMORY                                                     \
	SP_CLEANUP(client_upload_memory_done) struct upload_memory

#endif
