#include "base/file.h"
#include "people/rules_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A folder of overlays, laid over the built-in rules: first those of the state,
 * then those of the agency, each in order of file name. */
#define OVERLAYS_MAX 256 /* files in a folder */
#define FILE_NAME    100

struct names {
	size_t n;
	char name[OVERLAYS_MAX][FILE_NAME + 1];
};

static bool
is_overlay(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && len <= FILE_NAME &&
	    strcmp(name + len - 5, ".json") == 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
dir_done(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

static enum sp_code
list_overlays(int fd, struct names *out, struct sp_err *err)
{
	SP_CLEANUP(dir_done) DIR *d = NULL;
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (again < 0)
		return sp_fail_os(err, "open the folder of rules");
	d = fdopendir(again);
	if (d == NULL) {
		(void)close(again);
		return sp_fail(err, SP_E_NOMEM, "no memory for rules");
	}
	for (;;) {
		struct dirent *e;

		errno = 0;
		e = readdir(d); /* One thread has it: NOLINT(*-mt-unsafe) */
		if (e == NULL && errno != 0)
			return sp_fail_os(err, "list the folder of rules");
		if (e == NULL)
			break;
		if (!is_overlay(e->d_name))
			continue;
		if (out->n == OVERLAYS_MAX)
			return sp_fail_as(err, SP_E_LIMIT, "rules.files",
			    "more than %d files of rules", OVERLAYS_MAX);
		(void)snprintf(
		    out->name[out->n++], FILE_NAME + 1, "%s", e->d_name);
	}
	qsort(out->name, out->n, sizeof(out->name[0]), by_name);
	return SP_OK;
}

/* One file on top of *r; `agencies` says which of the two rounds this is. */
static enum sp_code
lay_over(struct people_rules **r, const struct people_rules_place *at, int fd,
    const char *name, bool agencies, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(PEOPLE_RULES_FILE_MAX + 1);
	SP_CLEANUP(people_rules_json_done) json_t *root = NULL;
	PEOPLE_AUTO_RULES made = NULL;
	struct crypto_piece piece;
	bool applies = false;

	SP_TRY(sp_file_read(fd, name, &text, err));
	piece = (struct crypto_piece){ sp_buf_str(&text), text.len };
	SP_TRY(people_rules_json_of(piece, &root, err));
	if (agencies !=
	    (json_object_get(json_object_get(root, "applies"), "agency") !=
		NULL))
		return SP_OK;
	SP_TRY(people_rules_parse(&made, *r, at, piece, &applies, err));
	if (applies) {
		people_rules_free(*r);
		*r = SP_STEAL(made);
	}
	return SP_OK;
}

static enum sp_code
lay_all_over(struct people_rules **r, const struct people_rules_place *at,
    int fd, const struct names *names, struct sp_err *err)
{
	for (size_t i = 0; i < 2 * names->n; i++) {
		bool agencies = i >= names->n; /* states come first */
		const char *name = names->name[agencies ? i - names->n : i];
		struct sp_err why = { .text = "" };
		enum sp_code code = lay_over(r, at, fd, name, agencies, &why);

		if (code != SP_OK)
			return sp_fail_as(err, code, why.reason,
			    "%s/%s: %.120s", at->folder, name, why.text);
	}
	return SP_OK;
}

enum sp_code
people_rules_load(struct people_rules **out,
    const struct people_rules_place *at, struct sp_err *err)
{
	PEOPLE_AUTO_RULES r = NULL;
	SP_AUTO_FD fd = -1;
	struct names *names;
	enum sp_code code;

	SP_TRY(people_rules_default(&r, at->state, err));
	r->provider = at->provider;
	if (at->dirfd != -1)
		fd = openat(
		    at->dirfd, at->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		if (at->dirfd != -1 && errno != ENOENT)
			return sp_fail_os(err, "open %s", at->folder);
		*out = SP_STEAL(r);
		return SP_OK;
	}
	names = calloc(1, sizeof(*names));
	if (names == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for rules");
	code = list_overlays(fd, names, err);
	if (code == SP_OK)
		code = lay_all_over(&r, at, fd, names, err);
	free(names);
	if (code == SP_OK)
		*out = SP_STEAL(r);
	return code;
}
