#include "cmd/people.h"
#include "cmd/table.h"

#include <string.h>

static const struct cmd_people_list roles = {
	.head = { "ROLE", "SIDE", "WHO THAT IS", NULL },
	.member = { "name", "realm", "words", NULL },
};

static const struct cmd_people_call calls[] = {
	{ .name = "role give",
	    .method = "POST",
	    .before = "persons/",
	    .after = "/role",
	    .operand = { "PERSON", "role", NULL },
	    .least = 2,
	    .said = "has another role" },
};

static int
run_give(const struct cmd *self, int argc, char **argv)
{
	return cmd_people_run(self, calls, SP_COUNTOF(calls), argc, argv);
}

struct listing {
	bool json;
};

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	const struct listing *l = arg;
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON table = NULL;
	PRESENT_AUTO_TABLE t = cmd_present_table_new(roles.head);
	const json_t *row;
	char cell[PRESENT_CELL_MAX];

	SP_TRY(client_site_path(&c->site, &path, err, "roles"));
	SP_TRY(client_site_get_json(&c->site, sp_buf_str(&path), &table, err));
	if (l->json)
		return cmd_present_json(table, err);
	row = json_object_get(table, "roles");
	for (size_t i = 0; i < json_array_size(row); i++)
		for (size_t k = 0; roles.member[k] != NULL; k++)
			cmd_present_table_add(&t,
			    cmd_present_member(json_array_get(row, i),
				roles.member[k], cell, sizeof(cell)));
	SP_TRY(cmd_present_table_print(&t, stdout, err));
	return cmd_present_flush(err);
}

static int
run_list(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct listing l = { .json = false };
	char **operand;
	size_t n;
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 0)
		return cmd_usage(self, "'%s' is too much", operand[0]);
	l.json = common.json;
	return cmd_people_with(self, &common, list, &l);
}

int
cmd_role_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "role list", "", "the roles; with --json the whole table",
		    run_list, false },
		{ "role give", "PERSON ROLE",
		    "another role, from the next request on", run_give, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
