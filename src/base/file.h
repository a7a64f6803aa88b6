#ifndef SP_FILE_H
#define SP_FILE_H

#include "base/buf.h"

#include <sys/types.h>

/* Files so that they survive: every fd is CLOEXEC, every write may fail, a
 * file is replaced by temporary, fsync, rename, fsync of the folder. */

void sp_file_closep(int *fd); /* closes when >= 0 */
#define SP_AUTO_FD SP_CLEANUP(sp_file_closep) int

/* Hand an fd on; the local becomes -1. */
static inline int
sp_file_steal(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* All of it, from the fd's offset; retries EINTR and short writes. */
enum sp_code sp_file_write_all(
    int fd, const void *bytes, size_t len, struct sp_err *err) SP_MUST_USE;
enum sp_code sp_file_pwrite_all(int fd, const void *bytes, size_t len, off_t at,
    struct sp_err *err) SP_MUST_USE;
/* Up to len bytes; *got < len only at the end of the file. */
enum sp_code sp_file_pread_all(int fd, void *bytes, size_t len, off_t at,
    size_t *got, struct sp_err *err) SP_MUST_USE;

/*
 * All of it through a socket between two of our processes, by `deadline`
 * (sp_ticks(); INT64_MAX: none).  SP_E_UNAVAIL: it is closed or broken, or,
 * with reason sp_file_late, too slow; some of it may have passed then.
 */
extern const char sp_file_late[];
enum sp_code sp_file_send(int sock, const void *bytes, size_t len,
    int64_t deadline, struct sp_err *err) SP_MUST_USE;
enum sp_code sp_file_receive(int sock, void *bytes, size_t len,
    int64_t deadline, struct sp_err *err) SP_MUST_USE;

/* The whole file appended, out->len at most out->max (else SP_E_LIMIT); on
 * failure `out` is as before. */
enum sp_code sp_file_read(int dirfd, const char *path, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
/* Replace atomically and durably, with exactly these permissions.  dirfd may
 * be AT_FDCWD.  Interrupted, it can leave a temporary beside `path`, which
 * sp_file_sweep() removes. */
enum sp_code sp_file_replace(int dirfd, const char *path, const void *bytes,
    size_t len, mode_t mode, struct sp_err *err) SP_MUST_USE;
/* mkdir that is content with an existing folder; the parent is fsynced. */
enum sp_code sp_file_mkdir(
    int dirfd, const char *path, mode_t mode, struct sp_err *err) SP_MUST_USE;
enum sp_code sp_file_sync_dir(
    int dirfd, const char *path, struct sp_err *err) SP_MUST_USE;
/* Remove the temporaries that a killed sp_file_replace() left in a folder.
 * Only while nothing replaces files in it: at start. */
enum sp_code sp_file_sweep(
    int dirfd, const char *path, struct sp_err *err) SP_MUST_USE;
/* Each name in a folder, unordered, without "." and "..".  The visitor may
 * remove what it is told of. */
enum sp_code sp_file_each(const char *path,
    void (*visit)(void *arg, const char *name), void *arg,
    struct sp_err *err) SP_MUST_USE;

#endif
