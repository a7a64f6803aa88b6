#include "cmd/site_folder.h"

#include "client/scratch.h"

static struct site_folder
folder(void)
{
	return (struct site_folder){ .making = sp_buf_new(4096) };
}

static bool
exists(const char *name)
{
	struct stat st;

	return lstat(scratch(name), &st) == 0;
}

static enum sp_code
begin(struct site_folder *f, const char *name, struct sp_err *err)
{
	static char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s", scratch(name));
	return cmd_site_folder_begin(f, dir, err);
}

static void
make_some(void)
{
	CHECK(mkdir(scratch("a/.making"), 0700) == 0);
	CHECK(mkdir(scratch("a/.making/keeper"), 0700) == 0);
	scratch_write("a/.making/keeper/root", "root", 0600);
	scratch_write("a/.making/site.db", "db", 0600);
	scratch_write("a/.making/.hidden", "x", 0600);
}

static void
clear(const char *name)
{
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s", scratch(name));
	CHECK(nftw(dir, scratch_remove, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

static void
finished(void)
{
	SITE_AUTO_FOLDER f = folder();
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(begin(&f, "a", &err), &err);
	make_some();
	CHECK_OK(cmd_site_folder_finish(&f, &err), &err);
	cmd_site_folder_done(&f);
	CHECK(scratch_holds("a/keeper/root", "root") &&
	    scratch_holds("a/site.db", "db") && exists("a/.hidden"));
	CHECK(!exists("a/.making"));
	clear("a");
}

static void
failed(void)
{
	struct sp_err err = { .code = SP_OK };
	struct site_folder f = folder();

	CHECK_OK(begin(&f, "a", &err), &err);
	make_some();
	cmd_site_folder_done(&f);
	CHECK(!exists("a"));
	/* A folder that was there stays. */
	CHECK(mkdir(scratch("a"), 0755) == 0);
	f = folder();
	CHECK_OK(begin(&f, "a", &err), &err);
	make_some();
	cmd_site_folder_done(&f);
	CHECK(exists("a") && !exists("a/.making"));
	CHECK(rmdir(scratch("a")) == 0);
}

static void
killed_before(void)
{
	struct sp_err err = { .code = SP_OK };
	SITE_AUTO_FOLDER f = folder();

	CHECK(mkdir(scratch("a"), 0700) == 0);
	make_some();
	CHECK(symlink("/etc", scratch("a/.making/link")) == 0);
	CHECK_OK(begin(&f, "a", &err), &err);
	CHECK(!exists("a/.making") && access("/etc/passwd", F_OK) == 0);
	cmd_site_folder_done(&f);
	clear("a");
}

static void
not_empty(void)
{
	struct sp_err err = { .code = SP_OK };
	struct site_folder f = folder();

	CHECK(mkdir(scratch("a"), 0700) == 0);
	scratch_write("a/notes.txt", "mine", 0600);
	CHECK_CODE(begin(&f, "a", &err), SP_E_CONFLICT, &err);
	CHECK(strstr(err.text, "notes.txt") != NULL);
	cmd_site_folder_done(&f);
	CHECK(scratch_holds("a/notes.txt", "mine"));
	scratch_write("a/site.db", "db", 0600);
	CHECK(unlink(scratch("a/notes.txt")) == 0);
	f = folder();
	CHECK_CODE(begin(&f, "a", &err), SP_E_CONFLICT, &err);
	CHECK(strstr(err.text, "a site already") != NULL);
	cmd_site_folder_done(&f);
	CHECK(scratch_holds("a/site.db", "db"));
	clear("a");
}

static void
no_folder(void)
{
	struct sp_err err = { .code = SP_OK };
	struct site_folder f = folder();

	scratch_write("file", "x", 0600);
	CHECK(begin(&f, "file", &err) != SP_OK);
	cmd_site_folder_done(&f);
	CHECK(scratch_holds("file", "x"));
	f = folder();
	CHECK_CODE(begin(&f, "no/such/parent", &err), SP_E_NOTFOUND, &err);
	cmd_site_folder_done(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "finished: all of it, site.db last", finished },
		{ "failed: as it was", failed },
		{ "what a killed making left", killed_before },
		{ "a folder with something in it", not_empty },
		{ "no folder", no_folder },
	};
	int code;

	scratch_make();
	code = tap_run(cases, SP_COUNTOF(cases));
	scratch_done();
	return code;
}
