#include "dock/place.h"

#include "base/encode.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 20)

const char dock_place_gone[] = "place.gone";
const char dock_place_broken[] = "place.broken";
const char dock_place_odd[] = "place.odd";
const char dock_place_changed[] = "place.changed";
const char dock_place_written[] = "place.written";
const char dock_place_barred[] = "place.barred";
const char dock_place_stopped[] = "place.stopped";

/* What an errno from a medium means. */
static const struct {
	int os;
	enum sp_code code;
	const char *reason;
} meanings[] = {
	{ ENOENT, SP_E_NOTFOUND, dock_place_gone },
	{ ENOTDIR, SP_E_NOTFOUND, dock_place_gone },
	{ ENODEV, SP_E_NOTFOUND, dock_place_gone },
	{ ENXIO, SP_E_NOTFOUND, dock_place_gone },
	{ ENOMEDIUM, SP_E_NOTFOUND, dock_place_gone },
	{ ESTALE, SP_E_NOTFOUND, dock_place_gone },
	{ ENOTCONN, SP_E_NOTFOUND, dock_place_gone },
	{ EHOSTDOWN, SP_E_NOTFOUND, dock_place_gone },
	{ EIO, SP_E_UNAVAIL, dock_place_broken },
	{ EREMOTEIO, SP_E_UNAVAIL, dock_place_broken },
	{ EUCLEAN, SP_E_UNAVAIL, dock_place_broken },
	{ EBADMSG, SP_E_UNAVAIL, dock_place_broken },
	{ ETIMEDOUT, SP_E_UNAVAIL, dock_place_broken },
	{ ELOOP, SP_E_INVALID, dock_place_odd },
	{ ENAMETOOLONG, SP_E_INVALID, dock_place_odd },
	{ EROFS, SP_E_DENIED, dock_place_barred },
	{ EBUSY, SP_E_DENIED, dock_place_barred },
	{ EACCES, SP_E_DENIED, dock_place_barred },
	{ EPERM, SP_E_DENIED, dock_place_barred },
};

enum sp_code
dock_place_fail(struct sp_err *err, const char *what)
{
	int os = errno;
	char why[80];
	size_t i = 0;

	while (i < SP_COUNTOF(meanings) && meanings[i].os != os)
		i++;
	if (i == SP_COUNTOF(meanings))
		return sp_fail_os(err, "%s", what);
	sp_err_fill(err, meanings[i].code, meanings[i].reason, "%s: %s", what,
	    strerror_r(os, why, sizeof(why)));
	err->os_errno = os;
	return meanings[i].code;
}

bool
dock_ident_same(const struct dock_ident *a, const struct dock_ident *b)
{
	return a->ino == b->ino && a->size == b->size && a->mtime == b->mtime &&
	    a->ctime == b->ctime;
}

void
dock_place_close(struct dock_place *p)
{
	sp_file_closep(&p->fd);
	p->fd = -1;
}

bool
dock_place_same(const struct dock_place *a, const struct dock_place *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->mount == b->mount;
}

static int64_t
nanoseconds(const struct statx_timestamp *t)
{
	int64_t out = 0;

	/* A clock that is 292 years off is as good as any other. */
	if (__builtin_mul_overflow(t->tv_sec, INT64_C(1000000000), &out) ||
	    __builtin_add_overflow(out, (int64_t)t->tv_nsec, &out))
		return t->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return out;
}

/* File systems that keep inode numbers and whose times have nanoseconds. */
bool
dock_place_lasting(int fd)
{
	static const uint32_t lasting[] = {
		0xef53,     /* ext2, ext3, ext4 */
		0x58465342, /* XFS */
		0x9123683e, /* Btrfs */
		0xf2f52010, /* F2FS */
		0x2fc12fc1, /* ZFS */
		0x01021994, /* tmpfs */
		0x794c7630, /* overlayfs */
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return false;
	for (size_t i = 0; i < SP_COUNTOF(lasting); i++)
		if ((uint32_t)fs.f_type == lasting[i])
			return true;
	return false;
}

static void
ident_of(const struct statx *st, struct dock_ident *out)
{
	*out = (struct dock_ident){
		.ino = st->stx_ino,
		.size = st->stx_size,
		.mtime = nanoseconds(&st->stx_mtime),
		.ctime = nanoseconds(&st->stx_ctime),
		.dev = makedev(st->stx_dev_major, st->stx_dev_minor),
	};
}

static int
stat_of(int fd, const char *name, struct statx *st)
{
	/* What a server says now, not what it said a minute ago. */
	unsigned how =
	    AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_FORCE_SYNC;

	if (*name == '\0')
		how |= AT_EMPTY_PATH;
	return statx(fd, name, (int)how, STATX_BASIC_STATS | STATX_MNT_ID, st);
}

enum sp_code
dock_place_open(struct dock_place *out, const char *path, struct sp_err *err)
{
	DOCK_AUTO_PLACE p = { .fd = -1 };
	struct statx st;

	p.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p.fd < 0 || stat_of(p.fd, "", &st) != 0)
		return dock_place_fail(err, "the folder cannot be opened");
	p.dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	p.ino = st.stx_ino;
	p.mount = st.stx_mnt_id;
	*out = p;
	p.fd = -1;
	return SP_OK;
}

bool
dock_place_skips(const char *name)
{
	static const char *const endings[] = { "~", ".tmp", ".temp", ".part",
		".partial", ".filepart", ".crdownload", ".download", ".swp" };
	static const char *const names[] = { "lost+found",
		"System Volume Information", "$RECYCLE.BIN", "Thumbs.db",
		"desktop.ini" };
	size_t len = strlen(name);

	if (len == 0 || *name == '.')
		return true;
	for (size_t i = 0; i < SP_COUNTOF(endings); i++) {
		size_t n = strlen(endings[i]);

		if (len >= n && strcasecmp(name + len - n, endings[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < SP_COUNTOF(names); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool
part_ok(const char *s, size_t len)
{
	return len > 0 && len <= NAME_MAX && !(len == 1 && s[0] == '.') &&
	    !(len == 2 && s[0] == '.' && s[1] == '.');
}

enum sp_code
dock_place_parent(const struct dock_place *p, const char *path, int *fd,
    const char **name, struct sp_err *err)
{
	SP_AUTO_FD at = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
	const char *part = path;

	if (at < 0)
		return sp_fail_os(err, "the folder's descriptor");
	for (;;) {
		size_t len = strcspn(part, "/");
		char text[NAME_MAX + 1];

		if (!part_ok(part, len) || strlen(path) > DOCK_PATH_MAX)
			return sp_fail_as(err, SP_E_INVALID, dock_place_odd,
			    "a path that does not stay in the folder");
		if (part[len] == '\0')
			break;
		memcpy(text, part, len);
		text[len] = '\0';
		int next = openat(
		    at, text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (next < 0)
			return dock_place_fail(err, "its folder");
		sp_file_closep(&at);
		at = next;
		part += len + 1;
	}
	*name = part;
	*fd = sp_file_steal(&at);
	return SP_OK;
}

static enum sp_code
regular(const struct statx *st, struct dock_ident *out, struct sp_err *err)
{
	if (!S_ISREG(st->stx_mode))
		return sp_fail_as(
		    err, SP_E_INVALID, dock_place_odd, "it is no regular file");
	if (st->stx_size > DOCK_SIZE_MAX)
		return sp_fail_as(err, SP_E_LIMIT, dock_place_odd,
		    "it claims to be larger than a terabyte");
	ident_of(st, out);
	return SP_OK;
}

enum sp_code
dock_place_look(int folder_fd, const char *name, struct dock_ident *out,
    bool *folder, struct sp_err *err)
{
	struct statx st;

	if (stat_of(folder_fd, name, &st) != 0)
		return dock_place_fail(err, "it cannot be looked at");
	*folder = S_ISDIR(st.stx_mode);
	if (*folder)
		return SP_OK;
	return regular(&st, out, err);
}

enum sp_code
dock_place_ident(int fd, struct dock_ident *out, struct sp_err *err)
{
	struct dock_ident is;
	struct statx st;

	if (stat_of(fd, "", &st) != 0)
		return dock_place_fail(err, "it cannot be looked at");
	SP_TRY(regular(&st, &is, err));
	is.lasting = dock_place_lasting(fd);
	*out = is;
	return SP_OK;
}

enum sp_code
dock_place_file(const struct dock_place *p, const char *path, int *fd,
    struct dock_ident *out, struct sp_err *err)
{
	SP_AUTO_FD folder = -1;
	const char *name = "";
	char again[40];

	SP_TRY(dock_place_parent(p, path, &folder, &name, err));
	SP_AUTO_FD held = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (held < 0)
		return dock_place_fail(err, "it cannot be opened");
	/* What is held stays what it is: look, then open the same. */
	SP_TRY(dock_place_ident(held, out, err));
	(void)snprintf(again, sizeof(again), "/proc/self/fd/%d", held);
	*fd = open(again, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0)
		return dock_place_fail(err, "it cannot be read");
	return SP_OK;
}

enum sp_code
dock_place_quiet(int fd, bool sure, struct sp_err *err)
{
	/* A lease is refused while another has the file open to write.  It is
	 * given back at once: nobody is kept waiting by it. */
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		(void)fcntl(fd, F_SETLEASE, F_UNLCK); /* or with the fd */
		return SP_OK;
	}
	if (errno == EAGAIN)
		return sp_fail_as(err, SP_E_LOCKED, dock_place_written,
		    "another program is writing it");
	if (!sure)
		return SP_OK;
	return sp_fail_as(err, SP_E_DENIED, dock_place_barred,
	    errno == EACCES
		? "whether another program writes it can be told to its owner "
		  "only: let the dock run as the user whose files these are"
		: "this file system does not tell whether another program "
		  "writes it");
}

enum sp_code
dock_place_read(int fd, uint64_t at, void *out, size_t room, size_t *got,
    struct sp_err *err)
{
	struct sp_err why;

	if (sp_file_pread_all(fd, out, room, (off_t)at, got, &why) == SP_OK)
		return SP_OK;
	errno = why.os_errno;
	return dock_place_fail(err, "it cannot be read");
}

static enum sp_code
hash_bytes(int fd, const struct dock_ident *is,
    const struct dock_reading *reading, struct crypto_digest *hash,
    struct sp_err *err)
{
	uint8_t *piece = malloc(PIECE);
	enum sp_code code = SP_OK;
	uint64_t at = 0;
	size_t got = PIECE;

	if (piece == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory to read a file");
	/* One piece past the size at most: an endless file ends here. */
	while (code == SP_OK && got == PIECE && at <= is->size) {
		code = dock_place_read(fd, at, piece, PIECE, &got, err);
		if (code != SP_OK)
			break;
		crypto_digest_add(hash, piece, got);
		at += got;
		if (!reading->go_on(reading->arg, at, is->size))
			code = sp_fail_as(
			    err, SP_E_UNAVAIL, dock_place_stopped, "stopped");
	}
	free(piece);
	if (code == SP_OK && at != is->size)
		code = sp_fail_as(err, SP_E_CONFLICT, dock_place_changed,
		    "it changed while it was read");
	return code;
}

enum sp_code
dock_place_hash(int fd, const struct dock_ident *is,
    const struct dock_reading *reading, char sha256[static DOCK_HEX],
    struct sp_err *err)
{
	CRYPTO_AUTO_DIGEST hash = crypto_digest_new(CRYPTO_SHA256);
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct dock_ident after = { .ino = 0 };

	if (hash == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a hash");
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a hint */
	SP_TRY(hash_bytes(fd, is, reading, hash, err));
	SP_TRY(dock_place_ident(fd, &after, err));
	if (!dock_ident_same(is, &after))
		return sp_fail_as(err, SP_E_CONFLICT, dock_place_changed,
		    "it changed while it was read");
	crypto_digest_get(hash, sum);
	sp_hex(sum, sizeof(sum), sha256);
	return SP_OK;
}
