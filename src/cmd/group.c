#include "base/parse.h"
#include "cmd/listing.h"
#include "cmd/table.h"
#include "cmd/wish.h"

#include <string.h>

/* What a subcommand of `group` wants done. */
struct run {
	char **operand;
	size_t n;
	bool remove;
};

static enum sp_code
print_group(const struct client *c, const json_t *group, struct sp_err *err)
{
	const json_t *members = json_object_get(group, "members");
	char cell[PRESENT_CELL_MAX];

	if (c->json)
		return cmd_present_json(group, err);
	(void)cmd_present_member(group, "id", cell, sizeof(cell));
	(void)printf("%s", cell);
	(void)cmd_present_member(group, "name", cell, sizeof(cell));
	(void)printf("  %s%s\n", cell,
	    json_is_true(json_object_get(group, "ended")) ? "  (ended)" : "");
	for (size_t i = 0; i < json_array_size(members); i++) {
		const json_t *m = json_array_get(members, i);

		(void)cmd_present_member(m, "agency", cell, sizeof(cell));
		(void)printf("  %s%s\n", cell,
		    json_is_true(json_object_get(m, "in")) ? "" : "  (out)");
	}
	return cmd_present_flush(err);
}

/* Operands from the second on, as an array. */
static json_t *
rest(const struct run *r)
{
	return cmd_wish_texts(r->operand + 1, r->n - 1);
}

static enum sp_code
not_text(struct sp_err *err)
{
	return sp_fail(err, SP_E_INVALID, "what was said is not proper UTF-8");
}

static enum sp_code
form(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON group = NULL;
	SITE_AUTO_JSON body =
	    json_pack("{s:s, s:o}", "name", r->operand[0], "members", rest(r));

	if (body == NULL)
		return not_text(err);
	SP_TRY(cmd_client_send(c, "POST", body, &group, err, "groups"));
	return print_group(c, group, err);
}

static void
show_state(const json_t *ended, char *out, size_t room)
{
	(void)snprintf(
	    out, room, "%s", json_is_true(ended) ? "ended" : "active");
}

/* "harbor-pd, ridge-pd (out)" */
static void
show_members(const json_t *members, char *out, size_t room)
{
	SP_AUTO_BUF text = sp_buf_new(8192);
	char agency[PRESENT_CELL_MAX];

	for (size_t i = 0; i < json_array_size(members); i++) {
		const json_t *m = json_array_get(members, i);

		sp_buf_fmt(&text, "%s%s%s", i == 0 ? "" : ", ",
		    cmd_present_member(m, "agency", agency, sizeof(agency)),
		    json_is_true(json_object_get(m, "in")) ? "" : " (out)");
	}
	(void)cmd_present_clean(sp_buf_str(&text), out, room);
}

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	static const struct listing groups = {
		.column = { { "ID", "id", NULL },
		    { "STATE", "ended", show_state }, { "NAME", "name", NULL },
		    { "LEAD", "lead", NULL },
		    { "MEMBERS", "members", show_members } },
	};

	(void)arg;
	return cmd_listing_show_at(c, &groups, "groups", err);
}

static enum sp_code
show(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON group = NULL;

	SP_TRY(cmd_client_get(c, &group, err, "groups/%s", r->operand[0]));
	return print_group(c, group, err);
}

static enum sp_code
member(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON group = NULL;
	SITE_AUTO_JSON body = json_pack("{s:s}", "agency", r->operand[1]);

	if (body == NULL)
		return not_text(err);
	if (r->remove)
		SP_TRY(cmd_client_send(c, "DELETE", NULL, &group, err,
		    "groups/%s/members/%s", r->operand[0], r->operand[1]));
	else
		SP_TRY(cmd_client_send(c, "POST", body, &group, err,
		    "groups/%s/members", r->operand[0]));
	return print_group(c, group, err);
}

static enum sp_code
persons(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON group = NULL;
	SITE_AUTO_JSON body = json_pack("{s:o}", "persons", rest(r));

	if (body == NULL)
		return not_text(err);
	SP_TRY(cmd_client_send(
	    c, "PUT", body, &group, err, "groups/%s/persons", r->operand[0]));
	return print_group(c, group, err);
}

static enum sp_code
leave(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON group = NULL;

	SP_TRY(cmd_client_send(
	    c, "POST", NULL, &group, err, "groups/%s/leave", r->operand[0]));
	return print_group(c, group, err);
}

static enum sp_code
end_it(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON group = NULL;

	SP_TRY(cmd_client_send(
	    c, "POST", NULL, &group, err, "groups/%s/end", r->operand[0]));
	return print_group(c, group, err);
}

/* A row: what it does, how many operands, whether the first is a group's id,
 * and the second the short name of an agency. */
static const struct {
	const char *name;
	cmd_client_act act;
	size_t least, most;
	bool id, agency;
} calls[] = {
	{ "group add", form, 1, 64, false, false },
	{ "group list", list, 0, 0, false, false },
	{ "group show", show, 1, 1, true, false },
	{ "group member", member, 2, 2, true, true },
	{ "group persons", persons, 1, 257, true, false },
	{ "group leave", leave, 1, 1, true, false },
	{ "group end", end_it, 1, 1, true, false },
};

static int
run_call(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .remove = false };
	struct sp_err err;
	size_t i = 0;
	const struct cmd_option option[] = {
		{ "remove", 0, NULL, "take the member out (group member)", NULL,
		    &r.remove },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &r.operand, &r.n);

	if (code != CMD_DONE)
		return code;
	while (strcmp(calls[i].name, self->name) != 0)
		i++;
	if (r.n < calls[i].least || r.n > calls[i].most)
		return cmd_usage(self, "wanted: %s",
		    self->operands[0] == '\0' ? "nothing" : self->operands);
	if (calls[i].id && cmd_client_id(r.operand[0], &err) != SP_OK)
		return cmd_usage(self, "%s", err.text);
	if (calls[i].agency && !sp_slug_ok(r.operand[1]))
		return cmd_usage(
		    self, "'%s' is no agency's short name", r.operand[1]);
	if (r.remove && !calls[i].agency)
		return cmd_usage(self, "--remove is for 'group member'");
	return cmd_client_with(self, &common, calls[i].act, &r);
}

int
cmd_group_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "group add", "NAME [AGENCY...]",
		    "form a joint task force, led by this agency", run_call,
		    false },
		{ "group list", "", "those that this agency is or was in",
		    run_call, false },
		{ "group show", "ID", "one of them", run_call, false },
		{ "group member", "ID AGENCY", "take an agency in, or out",
		    run_call, false },
		{ "group persons", "ID [PERSON...]",
		    "which of this agency's people come to it; none: all",
		    run_call, false },
		{ "group leave", "ID", "leave it, at once", run_call, false },
		{ "group end", "ID", "end it for all", run_call, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
