#include "client/scratch.h"
#include "cmd/output.h"

#include <dirent.h>

/* Files in the scratch folder, "." and ".." not counted. */
static size_t
files(void)
{
	DIR *d = opendir(scratch_dir);
	size_t n = 0;

	CHECK(d != NULL);
	while (readdir(d) != NULL)
		n++;
	CHECK(closedir(d) == 0);
	return n - 2;
}

static void
a_file_gets_its_name_when_it_is_whole(void)
{
	struct output o;
	struct sp_err err;
	struct stat st;

	CHECK_OK(cmd_output_open(&o, scratch("a"), false, &err), &err);
	CHECK(write(o.fd, "whole", 5) == 5);
	CHECK(access(scratch("a"), F_OK) != 0 && files() == 1);
	CHECK_OK(cmd_output_keep(&o, &err), &err);
	cmd_output_done(&o);
	CHECK(scratch_holds("a", "whole") && files() == 1);
	CHECK(stat(scratch("a"), &st) == 0 && (st.st_mode & 0777) == 0600);

	CHECK_OK(cmd_output_open(&o, scratch("b"), false, &err), &err);
	CHECK(write(o.fd, "half", 4) == 4);
	cmd_output_done(&o);
	cmd_output_done(&o); /* once more does no harm */
	CHECK(files() == 1);
}

static void
nothing_is_overwritten_unasked(void)
{
	struct output o;
	struct sp_err err;

	scratch_write("a", "old", 0644);
	CHECK_CODE(cmd_output_open(&o, scratch("a"), false, &err),
	    SP_E_CONFLICT, &err);
	CHECK(strstr(err.text, "--force") != NULL);

	/* It appears while the new one is being written. */
	CHECK_OK(cmd_output_open(&o, scratch("c"), false, &err), &err);
	CHECK(write(o.fd, "new", 3) == 3);
	scratch_write("c", "other", 0644);
	CHECK_CODE(cmd_output_keep(&o, &err), SP_E_CONFLICT, &err);
	cmd_output_done(&o);
	CHECK(scratch_holds("c", "other") && scratch_holds("a", "old"));

	/* A dangling link is a name that is taken, not a place to write. */
	CHECK(symlink("/nonexistent/x", scratch("link")) == 0);
	CHECK_CODE(cmd_output_open(&o, scratch("link"), false, &err),
	    SP_E_CONFLICT, &err);

	CHECK_OK(cmd_output_open(&o, scratch("a"), true, &err), &err);
	CHECK(write(o.fd, "new", 3) == 3);
	CHECK(scratch_holds("a", "old"));
	CHECK_OK(cmd_output_keep(&o, &err), &err);
	cmd_output_done(&o);
	CHECK(scratch_holds("a", "new"));
	CHECK(files() == 3);
}

static void
what_cannot_be_written_is_told_at_once(void)
{
	struct output sentinel = { .fd = -7 };
	static const char *const bad[] = { "no/such/folder/x", "" };
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		struct output o = sentinel;

		CHECK(
		    cmd_output_open(&o, scratch(bad[i]), false, &err) != SP_OK);
		CHECK(o.fd == -7);
	}
}

static void
names_that_a_site_tells_stay_in_this_folder(void)
{
	static const struct {
		const char *told, *name;
	} rows[] = {
		{ "clip.mp4", "clip.mp4" },
		{ "Zeuge Müller.mp4", "Zeuge Müller.mp4" },
		{ "", "ID" },
		{ ".", "_" },
		{ "..", "_." },
		{ ".bashrc", "_bashrc" },
		{ "../../etc/passwd", "_._.._etc_passwd" },
		{ "/etc/passwd", "_etc_passwd" },
		{ "a\\b", "a_b" },
		{ "-rf", "_rf" },
		{ "a\nb\x1b", "a?b?" },
		/* NOLINTNEXTLINE: what misleads is what is tested */
		{ "\xe2\x80\xae-4pm.exe", "?-4pm.exe" },
	};
	char longer[300];

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF out = sp_buf_new(256);

		cmd_output_safe_name(rows[i].told, "ID", &out);
		CHECK(strcmp(sp_buf_str(&out), rows[i].name) == 0);
		CHECK(strchr(sp_buf_str(&out), '/') == NULL);
	}
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	SP_AUTO_BUF out = sp_buf_new(256);

	cmd_output_safe_name(longer, "ID", &out);
	CHECK(out.len == 200);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a file gets its name when it is whole",
		    a_file_gets_its_name_when_it_is_whole },
		{ "nothing is overwritten unasked",
		    nothing_is_overwritten_unasked },
		{ "what cannot be written is told at once",
		    what_cannot_be_written_is_told_at_once },
		{ "names that a site tells stay in this folder",
		    names_that_a_site_tells_stay_in_this_folder },
	};

	scratch_make();
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
