#include "dock/scan.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDERS_MAX ((size_t)64 << 20)

/* The folder being read. */
struct reading {
	struct dock_scan *s;
	int fd;
	const char *path; /* "" for the place itself */
	unsigned depth;
	bool lasting;
};

void
dock_scan_done(struct dock_scan *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->found[i].path);
	free(s->found);
	sp_buf_free(&s->folders);
	*s = (struct dock_scan){ .n = 0 };
}

static unsigned
depth_of(const char *path)
{
	unsigned depth = *path != '\0';

	for (; *path != '\0'; path++)
		depth += *path == '/';
	return depth;
}

static char *
path_of(const struct reading *r, const char *name)
{
	SP_AUTO_BUF b = sp_buf_new(DOCK_PATH_MAX);

	if (*r->path != '\0')
		sp_buf_fmt(&b, "%s/", r->path);
	sp_buf_text(&b, name);
	return sp_buf_ok(&b) ? strdup(sp_buf_str(&b)) : NULL;
}

static enum sp_code
add_file(struct reading *r, const char *name, const struct dock_ident *is,
    struct sp_err *err)
{
	struct dock_scan *s = r->s;

	if (s->n == DOCK_FILES_MAX) {
		s->over++;
		return SP_OK;
	}
	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 64 : s->cap * 2;
		struct dock_found *more =
		    reallocarray(s->found, cap, sizeof(*more));

		if (more == NULL)
			return sp_fail(err, SP_E_NOMEM, "no memory for a scan");
		s->found = more;
		s->cap = cap;
	}
	char *path = path_of(r, name);

	if (path == NULL) {
		s->over++; /* or there is no memory, and the next one fails */
		return SP_OK;
	}
	s->found[s->n++] = (struct dock_found){ .path = path, .is = *is };
	return SP_OK;
}

static void
add_folder(struct reading *r, const char *name)
{
	char *path = r->depth + 1 < DOCK_DEPTH_MAX ? path_of(r, name) : NULL;

	if (path == NULL)
		r->s->over++;
	else
		sp_buf_add(&r->s->folders, path, strlen(path) + 1);
	free(path);
}

static void
unread(struct dock_scan *s, const struct sp_err *why)
{
	if (s->unread++ == 0)
		s->why = *why;
}

static enum sp_code
look(struct reading *r, const char *name, struct sp_err *err)
{
	struct dock_ident is;
	struct sp_err why;
	bool folder = false;
	enum sp_code code = dock_place_look(r->fd, name, &is, &folder, &why);

	if (code == SP_OK && folder)
		add_folder(r, name);
	if (code == SP_OK && !folder) {
		is.lasting = r->lasting;
		return add_file(r, name, &is, err);
	}
	if (code == SP_OK)
		return SP_OK;
	if (why.reason == dock_place_odd && code == SP_E_LIMIT)
		r->s->over++;
	else if (why.reason == dock_place_odd)
		r->s->odd++;
	else if (why.reason != dock_place_gone) /* it went: no matter */
		unread(r->s, &why);
	return SP_OK;
}

static void
close_dir(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

static void
unread_rest(struct dock_scan *s)
{
	struct sp_err why;

	SP_IGNORE(dock_place_fail(&why, "a folder cannot be read on"));
	unread(s, &why);
}

static enum sp_code
read_names(struct reading *r, DIR *dir, struct sp_err *err)
{
	const struct dirent *e;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR */
	while ((errno = 0, e = readdir(dir)) != NULL) {
		if (dock_place_skips(e->d_name))
			continue;
		if (++r->s->names > DOCK_NAMES_MAX) {
			r->s->over++;
			return SP_OK;
		}
		SP_TRY(look(r, e->d_name, err));
	}
	if (errno != 0)
		unread_rest(r->s);
	return SP_OK;
}

/* Takes over `fd`. */
static enum sp_code
read_folder(struct dock_scan *s, int fd, const char *path,
    const struct dock_scan_watch *watch, struct sp_err *err)
{
	struct reading r = { .s = s,
		.fd = fd,
		.path = path,
		.depth = depth_of(path),
		.lasting = dock_place_lasting(fd) };
	SP_CLEANUP(close_dir) DIR *dir = fdopendir(fd);

	if (dir == NULL) {
		(void)close(fd);
		return sp_fail(err, SP_E_NOMEM, "no memory to read a folder");
	}
	if (watch->folder != NULL)
		watch->folder(watch->arg, fd, path);
	return read_names(&r, dir, err);
}

/* A folder below the place, by the same rules as files. */
static enum sp_code
open_below(
    const struct dock_place *p, const char *path, int *fd, struct sp_err *err)
{
	SP_AUTO_FD parent = -1;
	const char *name = NULL;

	SP_TRY(dock_place_parent(p, path, &parent, &name, err));
	*fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return sp_fail_os(err, "a folder cannot be opened");
	return SP_OK;
}

static enum sp_code
walk(struct dock_scan *s, const struct dock_place *p,
    const struct dock_scan_watch *watch, struct sp_err *err)
{
	/* A place may be read more than once: not from where it was left. */
	int fd = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return sp_fail_as(err, SP_E_NOTFOUND, dock_place_gone,
		    "the folder cannot be read");
	SP_TRY(read_folder(s, fd, "", watch, err));
	while (s->folders_at < s->folders.len) {
		struct sp_err why;
		/* The list grows while this one is read. */
		char *path =
		    strdup((const char *)s->folders.at + s->folders_at);
		enum sp_code code = SP_OK;

		if (path == NULL)
			return sp_fail(err, SP_E_NOMEM, "no memory for a scan");
		s->folders_at += strlen(path) + 1;
		if (open_below(p, path, &fd, &why) == SP_OK)
			code = read_folder(s, fd, path, watch, err);
		else if (why.os_errno != ENOENT)
			unread(s, &why);
		free(path);
		SP_TRY(code);
	}
	return sp_buf_check(&s->folders, "folders of a scan", err);
}

static int
by_path(const void *a, const void *b)
{
	const struct dock_found *x = a;
	const struct dock_found *y = b;

	return strcmp(x->path, y->path);
}

enum sp_code
dock_scan_run(struct dock_scan *out, const struct dock_place *p,
    const struct dock_scan_watch *watch, struct sp_err *err)
{
	struct dock_scan s = { .folders = sp_buf_new(FOLDERS_MAX) };
	enum sp_code code = walk(&s, p, watch, err);

	if (code != SP_OK) {
		dock_scan_done(&s);
		return code;
	}
	if (s.n > 0)
		qsort(s.found, s.n, sizeof(*s.found), by_path);
	*out = s;
	return SP_OK;
}
