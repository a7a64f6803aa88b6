#include "dock/erase.h"

#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static enum sp_code
changed(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_CONFLICT, dock_place_changed,
	    "there is another file of that name by now");
}

/* Only what was hashed a moment ago, in this folder, and is told apart by a
 * file system that can. */
static bool
surely_same(const struct dock_erasing *what, const struct dock_ident *now)
{
	return what->fresh && now->lasting && now->dev == what->is.dev &&
	    dock_ident_same(now, &what->is);
}

/* It may be another: are its bytes the same? */
static enum sp_code
hash_again(int fd, const struct dock_erasing *what,
    const struct dock_ident *now, struct sp_err *err)
{
	char sha256[DOCK_HEX];

	if (now->size != what->is.size)
		return changed(err);
	SP_TRY(dock_place_hash(fd, now, what->reading, sha256, err));
	return strcmp(sha256, what->sha256) == 0 ? SP_OK : changed(err);
}

static enum sp_code
remove_it(int folder, const char *name, const struct dock_ident *now,
    struct sp_err *err)
{
	struct dock_ident last = { .ino = 0 };
	bool is_folder = false;

	SP_TRY(dock_place_look(folder, name, &last, &is_folder, err));
	if (is_folder || last.dev != now->dev || !dock_ident_same(&last, now))
		return changed(err);
	if (unlinkat(folder, name, 0) != 0)
		return dock_place_fail(err, "it cannot be removed");
	/* Not all file systems can: what they can is done. */
	if (fsync(folder) != 0 && errno != EINVAL && errno != ENOSYS &&
	    errno != EROFS)
		return sp_fail_as(err, SP_E_UNAVAIL, dock_place_broken,
		    "it was removed, but the medium does not answer");
	return SP_OK;
}

enum sp_code
dock_erase(const struct dock_place *p, const struct dock_erasing *what,
    struct sp_err *err)
{
	SP_AUTO_FD folder = -1;
	SP_AUTO_FD fd = -1;
	struct dock_ident now = { .ino = 0 };
	const char *name = "";

	SP_TRY(dock_place_parent(p, what->path, &folder, &name, err));
	SP_TRY(dock_place_file(p, what->path, &fd, &now, err));
	if (!surely_same(what, &now))
		SP_TRY(hash_again(fd, what, &now, err));
	SP_TRY(dock_place_quiet(fd, true, err));
	return remove_it(folder, name, &now, err);
}
