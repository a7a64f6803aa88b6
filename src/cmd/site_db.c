#include "cmd/site_db.h"

#include "cmd/site_file.h"

#include <limits.h>

enum sp_code
cmd_site_db_open(
    struct db **out, const char *dir, enum db_mode mode, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_MAX);
	struct site_file f = { .cert = "" };

	SP_TRY(cmd_site_file_read(dir, &f, err)); /* is it a site at all? */
	sp_buf_fmt(&path, "%s/site.db", dir);
	SP_TRY(sp_buf_check(&path, "the site's path", err));
	return db_open(out, sp_buf_str(&path), mode, err);
}

int
cmd_site_db_list(const struct cmd *self, int argc, char **argv,
    enum sp_code (*list)(const char *dir, bool json, struct sp_err *err))
{
	bool json = false;
	const struct cmd_option option[] = {
		{ "json", 0, NULL, "one JSON object on standard output", NULL,
		    &json },
	};
	struct sp_err err = { .code = SP_OK };
	char **operand;
	size_t n;
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 1)
		return cmd_usage(self, "one DIR is wanted");
	if (list(operand[0], json, &err) != SP_OK)
		return cmd_fail(self, &err);
	return CMD_DONE;
}
