#include "cmd/helper.h"

#include <string.h>
#include <unistd.h>

#define PATH_ROOM 4096

enum sp_code
cmd_helper_path(const char *name, struct sp_buf *out, struct sp_err *err)
{
	SP_AUTO_BUF beside = sp_buf_new(PATH_ROOM + 100);
	char self[PATH_ROOM];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *slash;

	if (n < 0)
		return sp_fail_os(err, "find this program");
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL)
		sp_buf_add(&beside, self, (size_t)(slash - self) + 1);
	sp_buf_text(&beside, name);
	SP_TRY(sp_buf_check(&beside, "a path", err));
	if (access(sp_buf_str(&beside), X_OK) == 0)
		sp_buf_add(out, beside.at, beside.len);
	else
		sp_buf_fmt(out, "%s/%s", SP_LIBEXEC, name);
	return sp_buf_check(out, "a path", err);
}
