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

static void
make_program(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700);

	CHECK(fd >= 0 && close(fd) == 0);
}

/* Beside this program, when it can be run there; else in libexec: that of
 * where it was unpacked, or that which was configured. */
static void
places(void)
{
	char self[4096], path[4200], near[4200], name[64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	CHECK(n > 0);
	self[n] = '\0';
	*(strrchr(self, '/') + 1) = '\0';
	(void)snprintf(name, sizeof(name), "helper-%d", getpid());
	(void)snprintf(path, sizeof(path), "%s%s", self, name);
	(void)snprintf(near, sizeof(near), "%s../libexec", self);
	CHECK(mkdir(near, 0700) == 0 || access(near, F_OK) == 0);
	(void)snprintf(near, sizeof(near), "%s../libexec/%s", self, name);
	make_program(near);
	check_path(name, near);
	make_program(path);
	check_path(name, path);
	CHECK(unlink(near) == 0);
	*strrchr(near, '/') = '\0';
	CHECK(rmdir(near) == 0);
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
