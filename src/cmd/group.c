#include "base/parse.h"
#include "cmd/client.h"
#include "cmd/people.h"
#include "cmd/table.h"

#include <string.h>

/* What a subcommand of `group` wants done. */
struct run {
	char **operand;
	size_t n;
	bool remove, json;
};

static enum sp_code
print_group(const json_t *group, bool json, struct sp_err *err)
{
	const json_t *members = json_object_get(group, "members");
	char cell[PRESENT_CELL_MAX];

	if (json)
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
	json_t *all = json_array();

	for (size_t i = 1; all != NULL && i < r->n; i++) {
		if (json_array_append_new(all, json_string(r->operand[i])) !=
		    0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static enum sp_code
send(struct client *c, const struct run *r, const char *method,
    const char *path, const json_t *body, struct sp_err *err)
{
	SITE_AUTO_JSON group = NULL;

	SP_TRY(
	    client_site_send_json(&c->site, method, path, body, &group, err));
	return print_group(group, r->json, err);
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
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON body =
	    json_pack("{s:s, s:o}", "name", r->operand[0], "members", rest(r));

	if (body == NULL)
		return not_text(err);
	SP_TRY(client_site_path(&c->site, &path, err, "groups"));
	return send(c, r, "POST", sp_buf_str(&path), body, err);
}

/* A page after `cursor`, which becomes that of the next; empty: there is none.
 * A site that tells the same cursor again goes in circles. */
static enum sp_code
list_page(struct client *c, const struct run *r, struct sp_buf *cursor,
    struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(1024);
	SITE_AUTO_JSON page = NULL;
	const json_t *items;
	const char *next;

	SP_TRY(client_site_path(&c->site, &path, err, "groups"));
	if (cursor->len > 0)
		client_site_query(&path, "cursor", sp_buf_str(cursor));
	SP_TRY(sp_buf_check(&path, "path", err));
	SP_TRY(client_site_get_json(&c->site, sp_buf_str(&path), &page, err));
	items = json_object_get(page, "items");
	for (size_t i = 0; i < json_array_size(items); i++)
		SP_TRY(print_group(json_array_get(items, i), r->json, err));
	next = json_string_value(json_object_get(page, "next"));
	if (next != NULL && strcmp(next, sp_buf_str(cursor)) == 0)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site tells the same page again");
	sp_buf_clear(cursor);
	sp_buf_text(cursor, next == NULL ? "" : next);
	return sp_buf_check(cursor, "cursor", err);
}

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	SP_AUTO_BUF cursor = sp_buf_new(256);

	do
		SP_TRY(list_page(c, arg, &cursor, err));
	while (cursor.len > 0);
	return SP_OK;
}

static enum sp_code
show(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON group = NULL;

	SP_TRY(
	    client_site_path(&c->site, &path, err, "groups/%s", r->operand[0]));
	SP_TRY(client_site_get_json(&c->site, sp_buf_str(&path), &group, err));
	return print_group(group, r->json, err);
}

static enum sp_code
member(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON body = json_pack("{s:s}", "agency", r->operand[1]);

	if (body == NULL)
		return not_text(err);
	SP_TRY(client_site_path(&c->site, &path, err, "groups/%s/members%s%s",
	    r->operand[0], r->remove ? "/" : "",
	    r->remove ? r->operand[1] : ""));
	return send(c, r, r->remove ? "DELETE" : "POST", sp_buf_str(&path),
	    r->remove ? NULL : body, err);
}

static enum sp_code
persons(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON body = json_pack("{s:o}", "persons", rest(r));

	if (body == NULL)
		return not_text(err);
	SP_TRY(client_site_path(
	    &c->site, &path, err, "groups/%s/persons", r->operand[0]));
	return send(c, r, "PUT", sp_buf_str(&path), body, err);
}

static enum sp_code
leave(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(512);

	SP_TRY(client_site_path(
	    &c->site, &path, err, "groups/%s/leave", r->operand[0]));
	return send(c, r, "POST", sp_buf_str(&path), NULL, err);
}

static enum sp_code
end_it(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(512);

	SP_TRY(client_site_path(
	    &c->site, &path, err, "groups/%s/end", r->operand[0]));
	return send(c, r, "POST", sp_buf_str(&path), NULL, err);
}

/* A row: what it does, how many operands, whether the first is a group's id,
 * and the second the short name of an agency. */
static const struct {
	const char *name;
	enum sp_code (*act)(struct client *c, void *arg, struct sp_err *err);
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
	struct run r = { .json = false };
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
	r.json = common.json;
	return cmd_people_with(self, &common, calls[i].act, &r);
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
