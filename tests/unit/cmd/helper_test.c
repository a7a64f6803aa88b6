#include "cmd/helper.h"

#include "tap.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
check_path(const char *name, const char *want)
{
	SP_AUTO_BUF got = sp_buf_new(8192);
	struct sp_err err;

	CHECK_OK(cmd_helper_path(name, &got, &err), &err);
	(void)printf("# %s\n", sp_buf_str(&got));
	CHECK(strcmp(sp_buf_str(&got), want) == 0);
}

/* Beside this program, when it can be run there; else in libexec. */
static void
places(void)
{
	char self[4096], path[4200], name[64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int fd;

	CHECK(n > 0);
	self[n] = '\0';
	*(strrchr(self, '/') + 1) = '\0';
	(void)snprintf(name, sizeof(name), "helper-%d", getpid());
	(void)snprintf(path, sizeof(path), "%s%s", self, name);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700);
	CHECK(fd >= 0 && close(fd) == 0);
	check_path(name, path);
	CHECK(chmod(path, 0) == 0);
	if (access(path, X_OK) != 0)
		check_path("no-such-helper", SP_LIBEXEC "/no-such-helper");
	CHECK(unlink(path) == 0);
	(void)snprintf(path, sizeof(path), "%s/%s", SP_LIBEXEC, name);
	check_path(name, path);
}

static void
no_room(void)
{
	SP_AUTO_BUF small = sp_buf_new(3);
	struct sp_err err;

	CHECK_CODE(cmd_helper_path("helper", &small, &err), SP_E_LIMIT, &err);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "beside this program or in libexec", places },
		{ "no room for it", no_room },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
