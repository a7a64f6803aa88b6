#include "vault/store.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MODE_DIR  ((mode_t)0700)
#define MODE_FILE ((mode_t)0600)
/* Space is claimed as much again as there is, up to this. */
#define STEP_MAX ((uint64_t)16 << 20)
/* "ff/" and an id. */
#define PATH_LEN (3 + SP_ID_TEXT)
/* Ids in one folder of objects/, or in staging/. */
#define IDS_MAX ((size_t)1 << 24)

struct fs {
	struct vault_store base;
	int dir[2]; /* by vault_place */
	atomic_bool stopped;
};

struct fs_file {
	struct vault_file base;
	int fd;
	bool direct;
	bool fresh; /* its name is not on the disk yet */
	bool no_claims;
	uint64_t claimed;
};

static const char *const place_name[] = {
	[VAULT_STAGED] = "staging",
	[VAULT_KEPT] = "objects",
};

static struct fs *
fs_of(struct vault_store *s)
{
	return (struct fs *)s;
}

static struct fs_file *
file_of(struct vault_file *f)
{
	return (struct fs_file *)f;
}

static enum sp_code
check_going(struct vault_store *s, struct sp_err *err)
{
	if (atomic_load(&fs_of(s)->stopped))
		return sp_fail_as(err, SP_E_STOPPED, "store.sync",
		    "the store takes no changes since a sync failed");
	return SP_OK;
}

/* What the disk holds after a failed fsync nobody knows, and asking again
 * would be told that all is well. */
static enum sp_code
stop(struct vault_store *s, const char *what, struct sp_err *err)
{
	int why = errno;

	atomic_store(&fs_of(s)->stopped, true);
	return sp_fail_as(err, SP_E_STOPPED, "store.sync", "sync %s: %s", what,
	    strerrordesc_np(why));
}

/* Where an object lies below its place's folder. */
static void
path_of(
    enum vault_place place, const struct sp_id *id, char out[static PATH_LEN])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t last = id->b[SP_ID_LEN - 1];

	if (place == VAULT_KEPT) {
		*out++ = digits[last >> 4];
		*out++ = digits[last & 15];
		*out++ = '/';
	}
	sp_id_text(id, out);
}

/* ---- Files ---- */

static enum sp_code
fs_wrap(
    struct vault_store *s, int *fd, struct vault_file **out, struct sp_err *err)
{
	struct fs_file *f = calloc(1, sizeof(*f));
	int flags = fcntl(*fd, F_GETFL);

	if (f == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a file");
	f->base.store = s;
	f->fd = sp_file_steal(fd);
	/* Not every file system can: EINVAL, and the page cache it is. */
	f->direct = flags >= 0 && fcntl(f->fd, F_SETFL, flags | O_DIRECT) == 0;
	*out = &f->base;
	return SP_OK;
}

static enum sp_code
fs_create(struct vault_store *s, const struct sp_id *id,
    struct vault_file **out, struct sp_err *err)
{
	char path[PATH_LEN];
	SP_AUTO_FD fd = -1;
	struct vault_file *f;

	SP_TRY(check_going(s, err));
	path_of(VAULT_STAGED, id, path);
	fd = openat(fs_of(s)->dir[VAULT_STAGED], path,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE_FILE);
	if (fd < 0 && errno == EEXIST)
		return sp_fail(err, SP_E_CONFLICT, "staging/%s exists", path);
	if (fd < 0)
		return sp_fail_os(err, "create staging/%s", path);
	SP_TRY(fs_wrap(s, &fd, &f, err));
	file_of(f)->fresh = true;
	*out = f;
	return SP_OK;
}

static enum sp_code
fs_open(struct vault_store *s, enum vault_place place, const struct sp_id *id,
    struct vault_file **out, struct sp_err *err)
{
	int access = place == VAULT_STAGED ? O_RDWR : O_RDONLY;
	char path[PATH_LEN];
	struct vault_file *f;
	struct stat st;
	SP_AUTO_FD fd = -1;

	path_of(place, id, path);
	/* O_NONBLOCK: what has been put in an object's place may be a pipe. */
	fd = openat(fs_of(s)->dir[place], path,
	    access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ELOOP)
		return sp_fail(err, SP_E_CORRUPT, "%s/%s is a link",
		    place_name[place], path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return sp_fail_os(err, "open %s/%s", place_name[place], path);
	if (!S_ISREG(st.st_mode))
		return sp_fail(err, SP_E_CORRUPT, "%s/%s is no file",
		    place_name[place], path);
	SP_TRY(fs_wrap(s, &fd, &f, err));
	file_of(f)->claimed = (uint64_t)st.st_size;
	/* Bytes on the disk came with a sync, and that with the name. */
	file_of(f)->fresh = place == VAULT_STAGED && st.st_size == 0;
	*out = f;
	return SP_OK;
}

static void
fs_close(struct vault_file *f)
{
	(void)close(file_of(f)->fd); /* what must be durable was synced */
	free(f);
}

static int
claim(struct fs_file *f, uint64_t end)
{
	int r;

	do
		r = fallocate(f->fd, FALLOC_FL_KEEP_SIZE, (off_t)f->claimed,
		    (off_t)(end - f->claimed));
	while (r != 0 && errno == EINTR);
	if (r == 0)
		f->claimed = end;
	return r;
}

static enum sp_code
fs_reserve(struct vault_file *file, uint64_t end, struct sp_err *err)
{
	struct fs_file *f = file_of(file);
	uint64_t more = end < STEP_MAX ? end : STEP_MAX;

	SP_TRY(check_going(file->store, err));
	if (end <= f->claimed || f->no_claims)
		return SP_OK;
	/* The last segment, when it is short, is not followed by others. */
	if (end % VAULT_SEGMENT == 0 && claim(f, end + more) == 0)
		return SP_OK;
	if (claim(f, end) == 0)
		return SP_OK;
	if (errno != EOPNOTSUPP && errno != ENOSYS)
		return sp_fail_os(err, "claim space");
	f->no_claims = true;
	return SP_OK;
}

static ssize_t
write_some(struct fs_file *f, const struct iovec *iov, int n, off_t at)
{
	ssize_t done = pwritev(f->fd, iov, n, at);
	int flags;

	if (done >= 0 || errno != EINVAL || !f->direct)
		return done;
	/* A file system that took the flag and refuses the write. */
	flags = fcntl(f->fd, F_GETFL);
	if (flags < 0 || fcntl(f->fd, F_SETFL, flags & ~O_DIRECT) != 0)
		return -1;
	f->direct = false;
	return pwritev(f->fd, iov, n, at);
}

/* What is left after `done` bytes; true when anything is. */
static bool
advance(struct iovec **iov, int *n, size_t done)
{
	while (*n > 0 && done >= (*iov)->iov_len) {
		done -= (*iov)->iov_len;
		++*iov;
		--*n;
	}
	if (*n == 0)
		return false;
	(*iov)->iov_base = (uint8_t *)(*iov)->iov_base + done;
	(*iov)->iov_len -= done;
	return true;
}

static enum sp_code
write_all(struct fs_file *f, struct iovec *iov, int n, uint64_t at,
    struct sp_err *err)
{
	size_t done;

	do {
		ssize_t did = write_some(f, iov, n, (off_t)at);

		if (did < 0 && errno != EINTR)
			return sp_fail_os(err, "write an object");
		done = did < 0 ? 0 : (size_t)did;
		/* On from the block that a short write broke off in. */
		if (f->direct)
			done -= done % VAULT_ALIGN;
		if (done == 0 && did >= 0)
			return sp_fail(err, SP_E_INTERNAL,
			    "write an object: nothing is taken");
		at += done;
	} while (advance(&iov, &n, done));
	return SP_OK;
}

/* One part, padded with zeroes to what can be written. */
static struct iovec
padded(const struct vault_part *part, bool last)
{
	size_t pad = -part->len % VAULT_ALIGN;

	SP_REQUIRE((uintptr_t)part->bytes % VAULT_ALIGN == 0);
	SP_REQUIRE(part->len <= VAULT_SEGMENT);
	SP_REQUIRE(last || part->len == VAULT_SEGMENT);
	memset(part->bytes + part->len, 0, pad);
	return (struct iovec){ part->bytes, part->len + pad };
}

static enum sp_code
fs_write(struct vault_file *file, uint64_t at, const struct vault_part *part,
    size_t n, struct sp_err *err)
{
	struct fs_file *f = file_of(file);
	struct iovec iov[VAULT_BATCH] = { 0 };
	uint64_t end = at;

	SP_REQUIRE(at % VAULT_SEGMENT == 0 && n > 0 && n <= VAULT_BATCH);
	SP_TRY(check_going(file->store, err));
	for (size_t i = 0; i < n; i++) {
		iov[i] = padded(&part[i], i == n - 1);
		end += part[i].len;
	}
	SP_TRY(write_all(f, iov, (int)n, at, err));
	if (end % VAULT_ALIGN != 0 && ftruncate(f->fd, (off_t)end) != 0)
		return sp_fail_os(err, "end an object");
	return SP_OK;
}

static enum sp_code
fs_read(struct vault_file *file, uint64_t at, void *bytes, size_t len,
    size_t *got, struct sp_err *err)
{
	struct fs_file *f = file_of(file);
	size_t done = 0;

	SP_REQUIRE(at % VAULT_SEGMENT == 0 && len % VAULT_ALIGN == 0);
	SP_REQUIRE((uintptr_t)bytes % VAULT_ALIGN == 0);
	while (done < len) {
		ssize_t n = pread(f->fd, (uint8_t *)bytes + done, len - done,
		    (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sp_fail_os(err, "read an object");
		done += (size_t)n;
		/* Only the end is out of line, and a direct read from there
		 * would be refused. */
		if (n == 0 || n % (ssize_t)VAULT_ALIGN != 0)
			break;
	}
	*got = done;
	return SP_OK;
}

static enum sp_code
fs_size(struct vault_file *f, uint64_t *out, struct sp_err *err)
{
	struct stat st;

	if (fstat(file_of(f)->fd, &st) != 0)
		return sp_fail_os(err, "size of an object");
	*out = (uint64_t)st.st_size;
	return SP_OK;
}

static enum sp_code
fs_truncate(struct vault_file *file, uint64_t size, struct sp_err *err)
{
	struct fs_file *f = file_of(file);

	SP_TRY(check_going(file->store, err));
	/* Also where it is that long already: the claim goes back. */
	if (ftruncate(f->fd, (off_t)size) != 0)
		return sp_fail_os(err, "end an object");
	f->claimed = size;
	return SP_OK;
}

static enum sp_code
fs_sync(struct vault_file *file, bool named, struct sp_err *err)
{
	struct fs_file *f = file_of(file);

	SP_TRY(check_going(file->store, err));
	if (fdatasync(f->fd) != 0)
		return stop(file->store, "an object", err);
	if (!named || !f->fresh)
		return SP_OK;
	if (fsync(fs_of(file->store)->dir[VAULT_STAGED]) != 0)
		return stop(file->store, "staging/", err);
	f->fresh = false;
	return SP_OK;
}

/* ---- Places ---- */

/* The folder of objects/ that an object is in; staging/ has none. */
static enum sp_code
sync_place(struct vault_store *s, enum vault_place place,
    const struct sp_id *id, struct sp_err *err)
{
	char path[PATH_LEN];
	SP_AUTO_FD fd = -1;

	if (place == VAULT_STAGED) {
		if (fsync(fs_of(s)->dir[VAULT_STAGED]) != 0)
			return stop(s, "staging/", err);
		return SP_OK;
	}
	path_of(place, id, path);
	path[2] = 0;
	fd = openat(fs_of(s)->dir[place], path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return stop(s, "objects/", err);
	return SP_OK;
}

static enum sp_code
make_folder(struct vault_store *s, const struct sp_id *id, struct sp_err *err)
{
	int objects = fs_of(s)->dir[VAULT_KEPT];
	char path[PATH_LEN];

	path_of(VAULT_KEPT, id, path);
	path[2] = 0;
	if (mkdirat(objects, path, MODE_DIR) != 0 && errno != EEXIST)
		return sp_fail_os(err, "make objects/%s", path);
	if (fsync(objects) != 0)
		return stop(s, "objects/", err);
	return SP_OK;
}

static int
rename_to(struct vault_store *s, const struct sp_id *id, enum vault_place to)
{
	enum vault_place from = to == VAULT_KEPT ? VAULT_STAGED : VAULT_KEPT;
	char old[PATH_LEN], new[PATH_LEN];

	path_of(from, id, old);
	path_of(to, id, new);
	return renameat2(
	    fs_of(s)->dir[from], old, fs_of(s)->dir[to], new, RENAME_NOREPLACE);
}

static enum sp_code
fs_move(struct vault_store *s, const struct sp_id *id, enum vault_place to,
    struct sp_err *err)
{
	enum vault_place from = to == VAULT_KEPT ? VAULT_STAGED : VAULT_KEPT;
	char text[SP_ID_TEXT];
	int r;

	SP_TRY(check_going(s, err));
	sp_id_text(id, text);
	r = rename_to(s, id, to);
	if (r != 0 && errno == ENOENT && to == VAULT_KEPT) {
		SP_TRY(make_folder(s, id, err)); /* the first one in it */
		r = rename_to(s, id, to);
	}
	if (r != 0 && errno == EEXIST)
		return sp_fail(err, SP_E_CONFLICT, "object %s is in %s already",
		    text, place_name[to]);
	if (r != 0)
		return sp_fail_os(
		    err, "move object %s to %s", text, place_name[to]);
	/* First where it now is: a crash in between shows it twice at worst. */
	SP_TRY(sync_place(s, to, id, err));
	return sync_place(s, from, id, err);
}

static enum sp_code
fs_remove(struct vault_store *s, enum vault_place place, const struct sp_id *id,
    struct sp_err *err)
{
	char path[PATH_LEN];

	SP_TRY(check_going(s, err));
	path_of(place, id, path);
	if (unlinkat(fs_of(s)->dir[place], path, 0) != 0) {
		if (errno == ENOENT)
			return SP_OK;
		return sp_fail_os(err, "remove %s/%s", place_name[place], path);
	}
	/* A staged one that comes back after a crash is found by repair. */
	return place == VAULT_KEPT ? sync_place(s, place, id, err) : SP_OK;
}

/* ---- Listing ---- */

struct ids {
	struct sp_id *id;
	size_t n, cap;
};

static void
ids_free(struct ids *l)
{
	free(l->id);
}

static void
dir_closep(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

static bool
ids_add(struct ids *l, const struct sp_id *id)
{
	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 64 : l->cap * 2;
		struct sp_id *more = NULL;

		if (cap <= IDS_MAX)
			more = realloc(l->id, cap * sizeof(*more));
		if (more == NULL)
			return false;
		l->id = more;
		l->cap = cap;
	}
	l->id[l->n++] = *id;
	return true;
}

/* The ids of the objects in one folder; a missing folder has none. */
static enum sp_code
list_folder(int at, const char *path, struct ids *out, struct sp_err *err)
{
	SP_AUTO_FD fd =
	    openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	SP_CLEANUP(dir_closep) DIR *d = NULL;
	struct dirent *e;
	struct sp_id id;

	if (fd < 0 && errno == ENOENT)
		return SP_OK;
	d = fd < 0 ? NULL : fdopendir(fd);
	if (d == NULL)
		return sp_fail_os(err, "list the folder %s", path);
	(void)sp_file_steal(&fd); /* d's */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): our own stream */
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0) {
		if (!sp_id_parse(e->d_name, strlen(e->d_name), &id))
			continue;
		if (!ids_add(out, &id))
			return sp_fail(err, SP_E_NOMEM,
			    "no memory for the folder %s", path);
	}
	if (errno != 0)
		return sp_fail_os(err, "list the folder %s", path);
	return SP_OK;
}

/* A folder is read to its end before anyone is told, and may change. */
static enum sp_code
each_in(struct vault_store *s, enum vault_place place, unsigned folder,
    enum sp_code (*visit)(
	void *arg, const struct sp_id *id, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	SP_CLEANUP(ids_free) struct ids l = { 0 };
	struct sp_id any = { 0 };
	char path[PATH_LEN] = ".";

	if (place == VAULT_KEPT) {
		any.b[SP_ID_LEN - 1] = (uint8_t)folder;
		path_of(place, &any, path);
		path[2] = 0;
	}
	SP_TRY(list_folder(fs_of(s)->dir[place], path, &l, err));
	for (size_t i = 0; i < l.n; i++) {
		if (place == VAULT_KEPT && l.id[i].b[SP_ID_LEN - 1] != folder)
			continue; /* nobody would find it there */
		SP_TRY(visit(arg, &l.id[i], err));
	}
	return SP_OK;
}

static enum sp_code
fs_each(struct vault_store *s, enum vault_place place,
    enum sp_code (*visit)(
	void *arg, const struct sp_id *id, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	unsigned folders = place == VAULT_KEPT ? 256 : 1;

	for (unsigned i = 0; i < folders; i++)
		SP_TRY(each_in(s, place, i, visit, arg, err));
	return SP_OK;
}

/* ---- The store ---- */

static void
fs_free(struct vault_store *s)
{
	struct fs *fs = fs_of(s);

	sp_file_closep(&fs->dir[VAULT_STAGED]);
	sp_file_closep(&fs->dir[VAULT_KEPT]);
	free(fs);
}

static const struct vault_store_ops fs_ops = {
	.create = fs_create,
	.open = fs_open,
	.close = fs_close,
	.reserve = fs_reserve,
	.write = fs_write,
	.read = fs_read,
	.size = fs_size,
	.truncate = fs_truncate,
	.sync = fs_sync,
	.move = fs_move,
	.remove = fs_remove,
	.each = fs_each,
	.free = fs_free,
};

static enum sp_code
open_place(struct fs *fs, int dir, enum vault_place place, struct sp_err *err)
{
	const char *name = place_name[place];

	SP_TRY(sp_file_mkdir(dir, name, MODE_DIR, err));
	fs->dir[place] =
	    openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fs->dir[place] < 0)
		return sp_fail_os(err, "open the folder %s", name);
	return SP_OK;
}

enum sp_code
vault_store_open_fs(
    struct vault_store **out, const char *dir, struct sp_err *err)
{
	SP_AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fs *fs;
	enum sp_code code;

	if (fd < 0)
		return sp_fail_os(err, "open the folder %s", dir);
	fs = calloc(1, sizeof(*fs));
	if (fs == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a store");
	*fs = (struct fs){ .base.ops = &fs_ops, .dir = { -1, -1 } };
	code = open_place(fs, fd, VAULT_STAGED, err);
	if (code == SP_OK)
		code = open_place(fs, fd, VAULT_KEPT, err);
	if (code != SP_OK) {
		fs_free(&fs->base);
		return code;
	}
	*out = &fs->base;
	return SP_OK;
}
