#include "cmd/people.h"
#include "cmd/table.h"

static const struct listing roles = {
	.column = { { "ROLE", "name", NULL }, { "SIDE", "realm", NULL },
	    { "WHO THAT IS", "words", NULL } },
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

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	SITE_AUTO_JSON table = NULL;

	(void)arg;
	SP_TRY(cmd_client_get(c, &table, err, "roles"));
	if (c->json)
		return cmd_present_json(table, err);
	return cmd_listing_print(&roles, json_object_get(table, "roles"), err);
}

static int
run_list(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run(self, argc, argv, list);
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
