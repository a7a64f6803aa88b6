#include "cmd/folder.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

enum sp_code
cmd_folder_each(const char *path, void (*visit)(void *arg, const char *name),
    void *arg, struct sp_err *err)
{
	DIR *d = opendir(path);
	const struct dirent *e;

	if (d == NULL)
		return sp_fail_os(err, "folder %.150s", path);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR */
	while ((errno = 0, e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			visit(arg, e->d_name);
	enum sp_code code = SP_OK;

	if (errno != 0)
		code = sp_fail_os(err, "folder %.150s", path);
	(void)closedir(d);
	return code;
}
