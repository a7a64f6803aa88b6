#include "cmd/helper.h"

#include <string.h>
#include <unistd.h>

#define PATH_ROOM 4096

/* Where it may lie, from the folder of this program on. */
static const char *const places[] = { "", "../libexec/" };

/* Appends the first place where it can be run. */
static enum sp_code
look(const char *folder, size_t len, const char *name, struct sp_buf *out,
    struct sp_err *err)
{
	for (size_t i = 0; i < SP_COUNTOF(places); i++) {
		SP_AUTO_BUF path = sp_buf_new(PATH_ROOM + 100);

		sp_buf_add(&path, folder, len);
		sp_buf_text(&path, places[i]);
		sp_buf_text(&path, name);
		SP_TRY(sp_buf_check(&path, "a path", err));
		if (access(sp_buf_str(&path), X_OK) != 0)
			continue;
		sp_buf_add(out, path.at, path.len);
		return SP_OK;
	}
	sp_buf_fmt(out, "%s/%s", SP_LIBEXEC, name);
	return SP_OK;
}

enum sp_code
cmd_helper_path(const char *name, struct sp_buf *out, struct sp_err *err)
{
	char self[PATH_ROOM];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *slash;

	if (n < 0)
		return sp_fail_os(err, "find this program");
	self[n] = '\0';
	slash = strrchr(self, '/');
	SP_REQUIRE(slash != NULL); /* the kernel's are whole */
	SP_TRY(look(self, (size_t)(slash - self) + 1, name, out, err));
	return sp_buf_check(out, "a path", err);
}
