#include "cmd/site_folder.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAKING   ".making"
#define LAST     "site.db"
#define WALK_FDS 16

static void
dirp_close(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d); /* was only read */
}
#define AUTO_DIR SP_CLEANUP(dirp_close) DIR *

static bool
is_name(const char *s)
{
	return strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static bool
remove_tree(const char *path)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
	return nftw(path, remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS) == 0;
}

/* Nothing in it, but for what a killed making left. */
static enum sp_code
check_empty(const char *dir, bool *left, struct sp_err *err)
{
	AUTO_DIR d = opendir(dir);
	const struct dirent *e;

	if (d == NULL)
		return sp_fail_os(err, "open %s", dir);
	if (faccessat(dirfd(d), LAST, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return sp_fail(err, SP_E_CONFLICT, "%s is a site already", dir);
	while ((e = readdir(d)) != NULL) { // NOLINT: our own
		if (strcmp(e->d_name, MAKING) == 0)
			*left = true;
		else if (is_name(e->d_name))
			return sp_fail(err, SP_E_CONFLICT,
			    "%s is not empty: '%s' is in it", dir, e->d_name);
	}
	return SP_OK;
}

enum sp_code
cmd_site_folder_begin(
    struct site_folder *f, const char *dir, struct sp_err *err)
{
	bool left = false;

	f->dir = dir;
	sp_buf_fmt(&f->making, "%s/" MAKING, dir);
	SP_TRY(sp_buf_check(&f->making, "the site's path", err));
	if (mkdir(dir, 0700) == 0)
		f->made = true;
	else if (errno != EEXIST)
		return sp_fail_os(err, "make %s", dir);
	SP_TRY(check_empty(dir, &left, err));
	if (left && !remove_tree(sp_buf_str(&f->making)))
		return sp_fail_os(err, "remove %s", sp_buf_str(&f->making));
	return SP_OK;
}

static enum sp_code
move_up(int from, int to, const char *name, struct sp_err *err)
{
	if (renameat(from, name, to, name) != 0)
		return sp_fail_os(err, "move %s", name);
	return SP_OK;
}

static enum sp_code
move_rest(const char *making, int from, int to, struct sp_err *err)
{
	AUTO_DIR d = opendir(making);
	const struct dirent *e;

	if (d == NULL)
		return sp_fail_os(err, "open %s", making);
	while ((e = readdir(d)) != NULL) // NOLINT: our own
		if (is_name(e->d_name) && strcmp(e->d_name, LAST) != 0)
			SP_TRY(move_up(from, to, e->d_name, err));
	return SP_OK;
}

enum sp_code
cmd_site_folder_finish(struct site_folder *f, struct sp_err *err)
{
	const char *making = sp_buf_str(&f->making);
	SP_AUTO_FD from = open(making, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	SP_AUTO_FD to = open(f->dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

	if (from < 0 || to < 0)
		return sp_fail_os(err, "open %s", f->dir);
	SP_TRY(move_rest(making, from, to, err));
	SP_TRY(sp_file_sync_dir(to, ".", err));
	SP_TRY(move_up(from, to, LAST, err));
	SP_TRY(sp_file_sync_dir(to, ".", err));
	(void)rmdir(making); /* empty; the next reader does not mind it */
	sp_buf_free(&f->making);
	return SP_OK;
}

void
cmd_site_folder_done(struct site_folder *f)
{
	if (f->making.len == 0)
		return;
	(void)remove_tree(sp_buf_str(&f->making)); /* the failure is told */
	if (f->made)
		(void)rmdir(f->dir);
	sp_buf_free(&f->making);
}
