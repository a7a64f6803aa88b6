#include "cmd/site_db.h"

#include "client/scratch.h"
#include "cmd/site_file.h"
#include "said.h"

static const struct cmd self = { "thing list", "DIR", "lists things", NULL,
	false };

static void
only_of_a_site(void)
{
	static const struct site_file f = { "a", "b", "127.0.0.1:1", "c" };
	struct db *db = NULL;
	struct sp_err err;

	CHECK_CODE(cmd_site_db_open(&db, scratch_dir, DB_READ, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(strstr(err.text, "sallyport init") != NULL && db == NULL);

	/* A site without its database is none to make one in. */
	CHECK_OK(cmd_site_file_write(scratch_dir, &f, &err), &err);
	CHECK(cmd_site_db_open(&db, scratch_dir, DB_READ, &err) != SP_OK);
	CHECK(db == NULL && access(scratch("site.db"), F_OK) != 0);

	CHECK_OK(db_open(&db, scratch("site.db"), DB_CREATE, &err), &err);
	db_close(db);
	CHECK_OK(cmd_site_db_open(&db, scratch_dir, DB_READ, &err), &err);
	db_close(db);
}

static char seen_dir[100];
static bool seen_json, fails;

static enum sp_code
list(const char *dir, bool json, struct sp_err *err)
{
	(void)snprintf(seen_dir, sizeof(seen_dir), "%s", dir);
	seen_json = json;
	return fails ? sp_fail(err, SP_E_FULL, "no room") : SP_OK;
}

static void
a_list_of_a_folder(void)
{
	static const struct {
		const char *word[3];
		bool fails;
		int code;
		const char *dir, *said;
		bool json;
	} rows[] = {
		{ { "a" }, false, CMD_DONE, "a", "", false },
		{ { "--json", "a" }, false, CMD_DONE, "a", "", true },
		{ { "a", "--json" }, false, CMD_DONE, "a", "", true },
		{ { NULL }, false, CMD_USAGE, "", "one DIR is wanted", false },
		{ { "a", "b" }, false, CMD_USAGE, "", "one DIR is wanted",
		    false },
		{ { "--else" }, false, CMD_USAGE, "", "--else", false },
		{ { "a" }, true, CMD_REFUSED, "a", "no room", false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char text[4][16] = { "list" };
		char *argv[5] = { text[0], NULL };
		char said[600];
		int argc = 1, code;

		for (; argc < 4 && rows[i].word[argc - 1] != NULL; argc++) {
			(void)snprintf(text[argc], sizeof(text[argc]), "%s",
			    rows[i].word[argc - 1]);
			argv[argc] = text[argc];
		}
		*seen_dir = '\0';
		seen_json = false;
		fails = rows[i].fails;
		said_begin(STDERR_FILENO);
		code = cmd_site_db_list(&self, argc, argv, list);
		said_end(said, sizeof(said));
		CHECK(code == rows[i].code && seen_json == rows[i].json);
		CHECK(strcmp(seen_dir, rows[i].dir) == 0);
		CHECK(strstr(said, rows[i].said) != NULL);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "only of a site", only_of_a_site },
		{ "a list of a folder", a_list_of_a_folder },
	};
	int code;

	scratch_make();
	code = tap_run(cases, SP_COUNTOF(cases));
	scratch_done();
	return code;
}
