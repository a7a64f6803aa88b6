#include "cmd/output.h"

#include "base/encode.h"
#include "base/file.h"
#include "cmd/present.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define NAME_MAX_BYTES 200

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* The folder that `path` lies in. */
static enum sp_code
open_folder(const char *path, int *out, struct sp_err *err)
{
	SP_AUTO_BUF folder = sp_buf_new(4096);
	size_t len = (size_t)(last_part(path) - path);

	sp_buf_add(&folder, path, len);
	SP_TRY(sp_buf_check(&folder, "path", err));
	int fd = open(len == 0 ? "." : sp_buf_str(&folder),
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return sp_fail_os(err, "folder of %.120s", path);
	*out = fd;
	return SP_OK;
}

static enum sp_code
exists(const char *path, struct sp_err *err)
{
	return sp_fail(err, SP_E_CONFLICT,
	    "%.140s exists: name another file, or say --force", path);
}

static enum sp_code
make_temporary(struct output *o, struct sp_err *err)
{
	uint8_t random[8];
	char hex[2 * sizeof(random) + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return sp_fail_os(err, "random bytes");
	sp_hex(random, sizeof(random), hex);
	(void)snprintf(
	    o->temporary, sizeof(o->temporary), ".sallyport-%s", hex);
	o->fd = openat(o->dir, o->temporary,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (o->fd < 0) {
		*o->temporary = '\0';
		return sp_fail_os(
		    err, "new file beside %.120s", sp_buf_str(&o->path));
	}
	return SP_OK;
}

enum sp_code
cmd_output_open(
    struct output *out, const char *path, bool force, struct sp_err *err)
{
	struct output o = {
		.fd = -1, .dir = -1, .path = sp_buf_new(4096), .force = force
	};
	enum sp_code code;

	if (*last_part(path) == '\0')
		return sp_fail(
		    err, SP_E_INVALID, "'%.120s' names no file", path);
	if (!force && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return exists(path, err);
	sp_buf_text(&o.path, path);
	code = sp_buf_check(&o.path, "path", err);
	if (code == SP_OK)
		code = open_folder(path, &o.dir, err);
	if (code == SP_OK)
		code = make_temporary(&o, err);
	if (code != SP_OK) {
		cmd_output_done(&o);
		return code;
	}
	*out = o;
	return SP_OK;
}

enum sp_code
cmd_output_keep(struct output *o, struct sp_err *err)
{
	const char *path = sp_buf_str(&o->path);
	unsigned how = o->force ? 0 : RENAME_NOREPLACE;

	if (fsync(o->fd) != 0)
		return sp_fail_os(err, "%.140s", path);
	int rc = renameat2(o->dir, o->temporary, o->dir, last_part(path), how);

	/* A file system that has no RENAME_NOREPLACE: link refuses as well. */
	if (rc != 0 && errno == EINVAL && !o->force) {
		rc = linkat(o->dir, o->temporary, o->dir, last_part(path), 0);
		if (rc == 0)
			rc = unlinkat(o->dir, o->temporary, 0);
	}
	if (rc != 0)
		return errno == EEXIST ? exists(path, err)
				       : sp_fail_os(err, "%.140s", path);
	*o->temporary = '\0';
	if (fsync(o->dir) != 0)
		return sp_fail_os(err, "folder of %.120s", path);
	return SP_OK;
}

void
cmd_output_done(struct output *o)
{
	if (*o->temporary != '\0')
		(void)unlinkat(o->dir, o->temporary, 0);
	*o->temporary = '\0';
	sp_file_closep(&o->fd);
	sp_file_closep(&o->dir);
	o->fd = -1;
	o->dir = -1;
	sp_buf_free(&o->path);
}

void
cmd_output_safe_name(
    const char *told, const char *otherwise, struct sp_buf *out)
{
	char clean[NAME_MAX_BYTES + 1];

	(void)cmd_present_clean(told, clean, sizeof(clean));
	for (char *c = clean; *c != '\0'; c++)
		if (strchr("/\\", *c) != NULL)
			*c = '_';
	if (clean[0] == '.' || clean[0] == '-')
		clean[0] = '_';
	sp_buf_text(out, *clean == '\0' ? otherwise : clean);
}
