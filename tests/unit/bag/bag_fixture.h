#ifndef BAG_FIXTURE_H
#define BAG_FIXTURE_H

#include "bag/write.h"
#include "base/file.h"
#include "crypto/provider.h"
#include "tap.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* For tests that make bags and harm them: archives are held in memory. */
#define BAG_FIXTURE_MAX ((size_t)256 << 20)

static inline enum sp_code
bag_fixture_sink(void *arg, const void *bytes, size_t len, struct sp_err *err)
{
	sp_buf_add(arg, bytes, len);
	return sp_buf_check(arg, "archive", err);
}

/* --- archives of any members, as a forger makes them --- */

struct bag_member {
	const char *path;
	const char *bytes; /* of a regular file; NULL: see type */
	unsigned type;     /* AE_IFLNK...; 0: a regular file, or a folder */
	const char *link;  /* target */
	size_t len;        /* 0: strlen(bytes) */
};

static inline struct archive *
bag_fixture_archive(enum bag_format format, struct sp_buf *out)
{
	struct archive *a = archive_write_new();

	CHECK(a != NULL);
	if (format == BAG_ZIP) {
		CHECK(archive_write_set_format_zip(a) == ARCHIVE_OK);
		CHECK(
		    archive_write_set_options(a,
			"compression=deflate,hdrcharset=UTF-8") == ARCHIVE_OK);
	} else {
		CHECK(archive_write_set_format_pax_restricted(a) == ARCHIVE_OK);
	}
	CHECK(archive_write_set_bytes_per_block(a, 0) == ARCHIVE_OK);
	out->len = 0;
	return a;
}

static inline la_ssize_t
bag_fixture_take(struct archive *a, void *arg, const void *bytes, size_t len)
{
	(void)a;
	sp_buf_add(arg, bytes, len);
	return sp_buf_ok(arg) ? (la_ssize_t)len : -1;
}

static inline void
bag_fixture_member(struct archive *a, const struct bag_member *m)
{
	struct archive_entry *e = archive_entry_new();
	size_t len = m->len != 0 ? m->len
	    : m->bytes == NULL   ? 0
				 : strlen(m->bytes);
	unsigned type = m->type != 0 ? m->type
	    : m->bytes == NULL       ? AE_IFDIR
				     : AE_IFREG;

	CHECK(e != NULL);
	archive_entry_set_pathname(e, m->path);
	archive_entry_set_filetype(e, type);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, (la_int64_t)len);
	if (type == AE_IFLNK)
		archive_entry_set_symlink(e, m->link);
	else if (m->link != NULL)
		archive_entry_set_hardlink(e, m->link);
	CHECK(archive_write_header(a, e) >= ARCHIVE_WARN);
	if (len > 0)
		CHECK(archive_write_data(a, m->bytes, len) == (la_ssize_t)len);
	archive_entry_free(e);
}

static inline void
bag_fixture_make(enum bag_format format, const struct bag_member *m, size_t n,
    struct sp_buf *out)
{
	/* libarchive turns names into UTF-8 from the thread's locale. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = uselocale(utf8);
	struct archive *a = bag_fixture_archive(format, out);

	CHECK(utf8 != (locale_t)0);
	CHECK(archive_write_open(a, out, NULL, bag_fixture_take, NULL) ==
	    ARCHIVE_OK);
	for (size_t i = 0; i < n; i++)
		bag_fixture_member(a, &m[i]);
	CHECK(archive_write_close(a) == ARCHIVE_OK);
	CHECK(archive_write_free(a) == ARCHIVE_OK);
	(void)uselocale(before);
	freelocale(utf8);
}

/* --- folders --- */

static inline void
bag_fixture_mkdir(char *dir, size_t len)
{
	CHECK(snprintf(dir, len, "/tmp/sallyport-bag-XXXXXX") < (int)len);
	CHECK(mkdtemp(dir) != NULL);
}

static inline int
bag_fixture_unlink(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
bag_fixture_rmdir(const char *dir)
{
	CHECK(nftw(dir, bag_fixture_unlink, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

static inline void
bag_fixture_file(
    const char *dir, const char *path, const void *bytes, size_t len)
{
	char full[1024];
	SP_AUTO_FD fd = -1;
	struct sp_err err;

	CHECK(snprintf(full, sizeof(full), "%s/%s", dir, path) <
	    (int)sizeof(full));
	for (char *c = full + strlen(dir) + 1; *c != '\0'; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		(void)mkdir(full, 0700);
		*c = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_OK(sp_file_write_all(fd, bytes, len, &err), &err);
}

/* Run a program in a folder, without its output; its exit status. */
static inline int
bag_fixture_run(const char *dir, char *const argv[])
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (null < 0 || chdir(dir) != 0 || dup2(null, 1) != 1 ||
		    dup2(null, 2) != 2)
			_exit(126);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* Unpack with a program that is not this one's: tar, or Python for zip. */
static inline void
bag_fixture_unpack(
    const char *dir, enum bag_format format, const struct sp_buf *archive)
{
	char tar[] = "tar", x[] = "xf", file[] = "bag", python[] = "python3",
	     m[] = "-m", zipfile[] = "zipfile", e[] = "-e", here[] = ".";
	char *const untar[] = { tar, x, file, NULL };
	char *const unzip[] = { python, m, zipfile, e, file, here, NULL };

	bag_fixture_file(dir, "bag", archive->at, archive->len);
	CHECK(bag_fixture_run(dir, format == BAG_ZIP ? unzip : untar) == 0);
}

#endif
