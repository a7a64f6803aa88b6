#include "bag/read.h"

#include "bag/write.h"
#include "bag/zip.h"
#include "base/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK       (256 << 10)
#define RATIO_FLOOR (UINT64_C(64) << 20)

struct walk {
	const struct bag_visitor *visitor;
	struct bag_place *place;
	uint64_t members; /* files and folders seen */
	uint64_t bytes;   /* of file content so far */
	uint64_t most;    /* bytes allowed */
};

static enum sp_code
lie(const struct walk *w, const char *path, struct sp_err *err,
    const char *what)
{
	return bag_lie(w->place, path, err, "%s", what);
}

static enum sp_code
one_more(struct walk *w, const char *path, struct sp_err *err)
{
	if (w->members == 2 * BAG_FILES_MAX) {
		bag_place_set(w->place, path);
		return sp_fail(err, SP_E_LIMIT,
		    "more than %ju files and folders",
		    (uintmax_t)(2 * BAG_FILES_MAX));
	}
	w->members++;
	return SP_OK;
}

static enum sp_code
give_bytes(struct walk *w, const char *path, const void *bytes, size_t len,
    struct sp_err *err)
{
	w->bytes += len;
	if (w->bytes > w->most) {
		bag_place_set(w->place, path);
		return sp_fail(err, SP_E_LIMIT,
		    "the archive unpacks to more than %d times its size: "
		    "unpack it yourself and check the folder",
		    BAG_RATIO_MAX);
	}
	return w->visitor->bytes(w->visitor->self, bytes, len, err);
}

/* --- archives --- */

struct unpack {
	struct walk w;
	struct archive *archive;
	char base[BAG_PATH_MAX + 2]; /* with its '/'; "" at the top */
	bool based;                  /* base is decided */
};

/* The archive, or what was reading it, failed. */
static enum sp_code
archive_lies(struct unpack *u, const char *path, struct sp_err *err)
{
	const char *text = archive_error_string(u->archive);
	int why = archive_errno(u->archive);

	if (why == ENOMEM)
		return sp_fail(err, SP_E_NOMEM, "no memory for an archive");
	if (why == EIO)
		return sp_fail(
		    err, SP_E_INTERNAL, "the archive could not be read");
	return bag_lie(u->w.place, path, err, "the archive is damaged: %s",
	    text == NULL ? "it does not say how" : text);
}

/* Decide from the first member, a legal path, where the bag begins. */
static void
find_base(struct unpack *u, const char *path, bool folder)
{
	static const char *const inside[] = { "data", "custody", "log" };
	size_t first = strcspn(path, "/");

	u->based = true;
	if (path[first] == '\0' && !folder)
		return;
	for (size_t i = 0; i < SP_COUNTOF(inside); i++)
		if (strlen(inside[i]) == first &&
		    memcmp(path, inside[i], first) == 0)
			return;
	memcpy(u->base, path, first);
	memcpy(u->base + first, "/", 2);
}

/* The member's path inside the bag; "" for the base directory itself. */
static enum sp_code
member_path(struct unpack *u, struct archive_entry *e,
    char out[static BAG_PATH_MAX + 1], struct sp_err *err)
{
	const char *path = archive_entry_pathname(e);
	bool folder = archive_entry_filetype(e) == AE_IFDIR;
	size_t len = path == NULL ? 0 : strlen(path), base;

	if (path != NULL && strncmp(path, "./", 2) == 0) {
		path += 2;
		len -= 2;
		if (len == 0 && folder) {
			out[0] = '\0';
			return SP_OK;
		}
	}
	if (folder && len > 0 && path[len - 1] == '/')
		len--;
	if (path == NULL || !bag_path_ok(path, len))
		return lie(&u->w, path == NULL ? "" : path, err,
		    "a path that could lead out of the bag, or is not "
		    "plain UTF-8");
	memcpy(out, path, len);
	out[len] = '\0';
	if (!u->based)
		find_base(u, out, folder);
	base = strlen(u->base);
	if (folder && len + 1 == base && memcmp(out, u->base, len) == 0) {
		out[0] = '\0';
		return SP_OK;
	}
	if (strncmp(out, u->base, base) != 0)
		return bag_lie(u->w.place, out, err,
		    "not in the bag's folder %s", u->base);
	memmove(out, out + base, len - base + 1);
	return SP_OK;
}

/* A hole is content that no byte stands for: unpacked it would be there. */
static bool
is_all(struct archive_entry *e, la_int64_t done)
{
	return !archive_entry_size_is_set(e) || archive_entry_size(e) == done;
}

static enum sp_code
member_bytes(struct unpack *u, struct archive_entry *e, const char *path,
    struct sp_err *err)
{
	la_int64_t done = 0;

	for (;;) {
		const void *bytes;
		size_t len;
		la_int64_t at;
		int rc = archive_read_data_block(u->archive, &bytes, &len, &at);

		if (rc == ARCHIVE_EOF && is_all(e, done))
			return SP_OK;
		if (rc != ARCHIVE_OK && rc != ARCHIVE_EOF)
			return archive_lies(u, path, err);
		if (rc == ARCHIVE_EOF || at != done)
			return lie(&u->w, path, err, "a file with holes");
		done += (la_int64_t)len;
		SP_TRY(give_bytes(&u->w, path, bytes, len, err));
	}
}

static enum sp_code
read_member(struct unpack *u, struct archive_entry *e, struct sp_err *err)
{
	const struct bag_visitor *v = u->w.visitor;
	char path[BAG_PATH_MAX + 1];

	SP_TRY(member_path(u, e, path, err));
	SP_TRY(one_more(&u->w, path, err));
	if (archive_entry_hardlink(e) != NULL)
		return lie(&u->w, path, err, "a link");
	if (archive_entry_filetype(e) == AE_IFDIR)
		return SP_OK;
	if (archive_entry_filetype(e) != AE_IFREG)
		return lie(
		    &u->w, path, err, "neither a regular file nor a folder");
	SP_TRY(v->file(v->self, path, err));
	SP_TRY(member_bytes(u, e, path, err));
	return v->end(v->self, err);
}

static enum sp_code
read_members(struct unpack *u, struct sp_err *err)
{
	for (;;) {
		struct archive_entry *e;
		int rc = archive_read_next_header(u->archive, &e);

		if (rc == ARCHIVE_EOF)
			return SP_OK;
		if (rc != ARCHIVE_OK)
			return archive_lies(u, "", err);
		SP_TRY(read_member(u, e, err));
	}
}

/* A tar ends with zeros (POSIX pax, "two logical records of zeros"): other
 * bytes there could be another archive, for another unpacker to find. */
static enum sp_code
check_tar_end(struct unpack *u, const struct bag_stored *s, struct sp_err *err)
{
	la_int64_t at = archive_filter_bytes(u->archive, -1);
	uint8_t block[4096];

	while (at >= 0 && (uint64_t)at < s->size) {
		uint64_t left = s->size - (uint64_t)at;
		size_t len = left < sizeof(block) ? left : sizeof(block);

		SP_TRY(bag_stored_read(s, (uint64_t)at, block, len, err));
		for (size_t i = 0; i < len; i++)
			if (block[i] != 0)
				return lie(&u->w, "", err,
				    "something else follows the tar archive");
		at += (la_int64_t)len;
	}
	return SP_OK;
}

static int
open_archive(struct archive *a, const struct bag_stored *s, bool zip)
{
	int rc = zip ? archive_read_support_format_zip_seekable(a)
		     : archive_read_support_format_tar(a);

	if (rc != ARCHIVE_OK)
		return rc;
	if (s->fd >= 0)
		return archive_read_open_fd(a, s->fd, BLOCK);
	return archive_read_open_memory(a, s->bytes, (size_t)s->size);
}

static enum sp_code
unpack(struct unpack *u, const struct bag_stored *s, struct sp_err *err)
{
	bool zip = bag_zip_is(s);

	if (zip)
		SP_TRY(bag_zip_check(s, u->w.place, err));
	if (open_archive(u->archive, s, zip) != ARCHIVE_OK)
		return lie(&u->w, "", err,
		    "neither a whole zip archive nor a tar archive");
	SP_TRY(read_members(u, err));
	return zip ? SP_OK : check_tar_end(u, s, err);
}

static enum sp_code
read_archive(
    const struct walk *w, const struct bag_stored *s, struct sp_err *err)
{
	struct unpack u = { .w = *w, .archive = archive_read_new() };
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before;
	enum sp_code code;

	if (__builtin_mul_overflow(s->size, BAG_RATIO_MAX, &u.w.most) ||
	    __builtin_add_overflow(u.w.most, RATIO_FLOOR, &u.w.most))
		u.w.most = UINT64_MAX;
	if (u.archive != NULL && utf8 != (locale_t)0) {
		/* libarchive gives names in the thread's locale. */
		before = uselocale(utf8);
		code = unpack(&u, s, err);
		(void)archive_read_free(u.archive);
		(void)uselocale(before);
	} else {
		(void)archive_read_free(u.archive);
		code = sp_fail(err, SP_E_NOMEM, "no memory for an archive");
	}
	if (utf8 != (locale_t)0)
		freelocale(utf8);
	return code;
}

/* --- folders --- */

struct level {
	DIR *dir;
	size_t path_len; /* of the folder's own path, with its '/' */
};

struct climb {
	struct walk w;
	struct level level[BAG_DEPTH_MAX];
	size_t depth;
	char path[BAG_PATH_MAX + 1];
	uint8_t block[BLOCK];
};

static enum sp_code
enter(struct climb *c, int fd, size_t path_len, struct sp_err *err)
{
	DIR *dir;

	if (c->depth == BAG_DEPTH_MAX) {
		(void)close(fd);
		bag_place_set(c->w.place, c->path);
		return sp_fail(err, SP_E_LIMIT,
		    "folders within folders, more than %d", BAG_DEPTH_MAX);
	}
	dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd);
		return sp_fail_os(err, "%s", c->path);
	}
	c->level[c->depth++] = (struct level){ dir, path_len };
	return SP_OK;
}

static enum sp_code
file_bytes(struct climb *c, int fd, struct sp_err *err)
{
	const struct bag_visitor *v = c->w.visitor;

	SP_TRY(v->file(v->self, c->path, err));
	for (;;) {
		ssize_t n = read(fd, c->block, sizeof(c->block));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sp_fail_os(err, "%s", c->path);
		if (n == 0)
			return v->end(v->self, err);
		SP_TRY(give_bytes(&c->w, c->path, c->block, (size_t)n, err));
	}
}

/* What c->path names, in the innermost folder, as `name`. */
static enum sp_code
climb_one(struct climb *c, const char *name, struct sp_err *err)
{
	int dir = dirfd(c->level[c->depth - 1].dir);
	SP_AUTO_FD fd = -1;
	struct stat st;
	size_t len = strlen(c->path);

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return sp_fail_os(err, "%s", c->path);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return lie(
		    &c->w, c->path, err, "neither a regular file nor a folder");
	/* It may have changed by now: no link is followed, no pipe waited
	 * for, and what was opened decides. */
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return sp_fail_os(err, "%s", c->path);
	if (S_ISREG(st.st_mode))
		return file_bytes(c, fd, err);
	if (!S_ISDIR(st.st_mode) || len + 1 > BAG_PATH_MAX)
		return lie(
		    &c->w, c->path, err, "neither a regular file nor a folder");
	c->path[len] = '/';
	c->path[len + 1] = '\0';
	return enter(c, sp_file_steal(&fd), len + 1, err);
}

static enum sp_code
climb_next(struct climb *c, struct sp_err *err)
{
	struct level *l = &c->level[c->depth - 1];
	const struct dirent *entry;
	size_t len;

	errno = 0;
	entry = readdir(l->dir); /* NOLINT(concurrency-mt-unsafe): our own */
	c->path[l->path_len] = '\0';
	if (entry == NULL && errno != 0)
		return sp_fail_os(err, "%s", c->path);
	if (entry == NULL) {
		(void)closedir(l->dir);
		c->depth--;
		return SP_OK;
	}
	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return SP_OK;
	len = strlen(entry->d_name);
	if (len > BAG_PATH_MAX - l->path_len ||
	    !bag_path_ok(entry->d_name, len))
		return lie(&c->w, entry->d_name, err,
		    "a name that is too long or is not plain UTF-8");
	memcpy(c->path + l->path_len, entry->d_name, len + 1);
	SP_TRY(one_more(&c->w, c->path, err));
	return climb_one(c, entry->d_name, err);
}

static enum sp_code
read_folder(const struct walk *w, int fd, struct sp_err *err)
{
	struct climb *c = calloc(1, sizeof(*c));
	enum sp_code code;

	if (c == NULL) {
		(void)close(fd);
		return sp_fail(err, SP_E_NOMEM, "no memory for a folder");
	}
	c->w = *w;
	c->w.most = UINT64_MAX;
	code = enter(c, fd, 0, err);
	while (code == SP_OK && c->depth > 0)
		code = climb_next(c, err);
	while (c->depth > 0)
		(void)closedir(c->level[--c->depth].dir);
	free(c);
	return code;
}

enum sp_code
bag_read(const struct bag_source *from, const struct bag_visitor *visitor,
    struct bag_place *place, struct sp_err *err)
{
	struct walk w = { .visitor = visitor, .place = place };
	struct bag_stored s = { -1, from->bytes, from->len };
	SP_AUTO_FD fd = -1;
	struct stat st;

	bag_place_set(place, "");
	if (from->path == NULL)
		return read_archive(&w, &s, err);
	fd = open(from->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return sp_fail_os(err, "%s", from->path);
	if (S_ISDIR(st.st_mode))
		return read_folder(&w, sp_file_steal(&fd), err);
	if (!S_ISREG(st.st_mode))
		return sp_fail(err, SP_E_INVALID,
		    "%s is neither a file nor a folder", from->path);
	s = (struct bag_stored){ fd, NULL, (uint64_t)st.st_size };
	return read_archive(&w, &s, err);
}
