#include "base/parse.h"
#include "cmd/client.h"
#include "cmd/guest.h"
#include "cmd/people.h"
#include "cmd/table.h"

#include <inttypes.h>
#include <string.h>

/* What a subcommand of `share` wants done. */
struct run {
	/* add */
	const char *agency, *group, *person, *category, *reason, *days, *until,
	    *parent;
	bool download, reshare;
	char **item;
	size_t items;
	/* the others */
	const char *id, *verb;
	bool received, proof, json;
};

/* ---- share add ---- */

static json_t *
wish_to(const struct run *r)
{
	if (r->agency != NULL)
		return json_pack("{s:s}", "agency", r->agency);
	return r->group != NULL ? json_pack("{s:s}", "group", r->group)
				: json_pack("{s:s}", "person", r->person);
}

static bool
set(json_t *wish, const char *name, const char *value)
{
	return value == NULL ||
	    json_object_set_new(wish, name, json_string(value)) == 0;
}

static bool
set_items(json_t *wish, const struct run *r)
{
	json_t *all = json_array();
	bool good = all != NULL;

	for (size_t i = 0; good && i < r->items; i++)
		good = json_array_append_new(all, json_string(r->item[i])) == 0;
	if (good && r->items > 0)
		return json_object_set_new(wish, "evidence", all) == 0;
	json_decref(all);
	return good;
}

static json_t *
wish_of(const struct run *r)
{
	uint64_t days = 0;
	json_t *wish = json_pack("{s:s, s:b, s:o}", "access",
	    r->download ? "download" : "view", "reshare", (int)r->reshare, "to",
	    wish_to(r));
	bool good = wish != NULL && set(wish, "category", r->category) &&
	    set(wish, "reason", r->reason) && set(wish, "until", r->until) &&
	    set(wish, "parent", r->parent) && set_items(wish, r);

	if (good && r->days != NULL &&
	    sp_parse_u64(r->days, strlen(r->days), 1, 3660, &days))
		good = json_object_set_new(
			   wish, "days", json_integer((json_int_t)days)) == 0;
	if (!good) {
		json_decref(wish);
		return NULL;
	}
	return wish;
}

static enum sp_code
print_share(const json_t *share, bool json, struct sp_err *err)
{
	char id[PRESENT_CELL_MAX], state[PRESENT_CELL_MAX];

	if (json)
		return cmd_present_json(share, err);
	(void)cmd_present_member(share, "id", id, sizeof(id));
	(void)cmd_present_member(share, "state", state, sizeof(state));
	(void)printf("%s %s\n", id, state);
	return cmd_present_flush(err);
}

static enum sp_code
add(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON wish = wish_of(r);
	SITE_AUTO_JSON made = NULL;

	if (wish == NULL)
		return sp_fail(
		    err, SP_E_INVALID, "what was said is not proper UTF-8");
	SP_TRY(client_site_path(&c->site, &path, err, "shares"));
	SP_TRY(client_site_send_json(
	    &c->site, "POST", sp_buf_str(&path), wish, &made, err));
	return print_share(made, r->json, err);
}

static int
check_add(const struct cmd *self, const struct run *r)
{
	uint64_t days;
	struct sp_err err;

	if ((r->agency != NULL) + (r->group != NULL) + (r->person != NULL) != 1)
		return cmd_usage(
		    self, "say with whom: one of --to, --group and --person");
	if ((r->items > 0) == (r->category != NULL))
		return cmd_usage(self, "say what: ids of items, or --category");
	for (size_t i = 0; i < r->items; i++)
		if (cmd_client_id(r->item[i], &err) != SP_OK)
			return cmd_usage(self, "%s", err.text);
	if (r->reason == NULL)
		return cmd_usage(self, "say why with --reason");
	if (r->days != NULL && r->until != NULL)
		return cmd_usage(self, "one of --days and --until");
	if (r->days != NULL &&
	    !sp_parse_u64(r->days, strlen(r->days), 1, 3660, &days))
		return cmd_usage(self, "--days is a number from 1 on");
	return CMD_DONE;
}

static int
run_add(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .json = false };
	const struct cmd_option option[] = {
		{ "to", 0, "SLUG", "with this agency of the site", &r.agency,
		    NULL },
		{ "group", 0, "ID", "with a joint task force", &r.group, NULL },
		{ "person", 0, "ID", "with an outside person of this agency",
		    &r.person, NULL },
		{ "category", 0, "WORD", "all of it, now and later",
		    &r.category, NULL },
		{ "reason", 0, "TEXT", "why", &r.reason, NULL },
		{ "download", 0, NULL, "let it be copied out too", NULL,
		    &r.download },
		{ "reshare", 0, NULL, "let it be shared on", NULL, &r.reshare },
		{ "days", 0, "N", "for so long (30)", &r.days, NULL },
		{ "until", 0, "TIME", "as 2026-12-24T12:00:00Z", &r.until,
		    NULL },
		{ "parent", 0, "ID", "share on what this share gave", &r.parent,
		    NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &r.item, &r.items);

	if (code == CMD_DONE)
		code = check_add(self, &r);
	r.json = common.json;
	return code == CMD_DONE ? cmd_people_with(self, &common, add, &r)
				: code;
}

/* ---- share list, share items ---- */

static enum sp_code
show_items(const json_t *page, struct present_table *t,
    const char *const *member, bool json, struct sp_err *err)
{
	const json_t *items = json_object_get(page, "items");
	char cell[PRESENT_CELL_MAX];

	if (!json_is_array(items))
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has no list");
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *one = json_array_get(items, i);

		if (json)
			SP_TRY(cmd_present_json(one, err));
		for (size_t m = 0; !json && member[m] != NULL; m++) {
			(void)cmd_present_member(
			    one, member[m], cell, sizeof(cell));
			if (strlen(cell) == 27 && cell[10] == 'T')
				cell[19] = '\0'; /* to the second */
			cmd_present_table_add(t, cell);
		}
	}
	return SP_OK;
}

struct listing {
	const char *below; /* of the agency */
	const char *const *head, *const *member;
};

static enum sp_code
get_page(struct client *c, const struct run *r, const struct listing *l,
    const char *cursor, json_t **page, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(1024);

	SP_TRY(client_site_path(&c->site, &path, err, "%s", l->below));
	if (r->received)
		client_site_query(&path, "received", "true");
	if (cursor[0] != '\0')
		client_site_query(&path, "cursor", cursor);
	SP_TRY(sp_buf_check(&path, "path", err));
	return client_site_get_json(&c->site, sp_buf_str(&path), page, err);
}

/* Newest first, page after page. */
static enum sp_code
list_all(struct client *c, const struct run *r, const struct listing *l,
    struct sp_err *err)
{
	PRESENT_AUTO_TABLE t = cmd_present_table_new(l->head);
	char cursor[64] = "";

	do {
		SITE_AUTO_JSON page = NULL;
		const char *next;

		SP_TRY(get_page(c, r, l, cursor, &page, err));
		SP_TRY(show_items(page, &t, l->member, r->json, err));
		next = json_string_value(json_object_get(page, "next"));
		/* Each page is older than the one before. */
		if (next != NULL && cursor[0] != '\0' &&
		    strcmp(next, cursor) >= 0)
			return sp_fail_as(err, SP_E_INVALID,
			    client_site_unreachable,
			    "the site's pages do not go on");
		(void)snprintf(
		    cursor, sizeof(cursor), "%s", next == NULL ? "" : next);
	} while (cursor[0] != '\0');
	if (!r->json)
		SP_TRY(cmd_present_table_print(&t, stdout, err));
	return cmd_present_flush(err);
}

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	static const char *const head[] = { "ID", "STATE", "ACCESS", "OWNER",
		"ITEMS", "CATEGORY", "UNTIL (UTC)", "REASON", NULL };
	static const char *const member[] = { "id", "state", "access", "owner",
		"items", "category", "until", "reason", NULL };
	const struct listing l = { "shares", head, member };

	return list_all(c, arg, &l, err);
}

static enum sp_code
items(struct client *c, void *arg, struct sp_err *err)
{
	static const char *const head[] = { "ID", "FILE", "SIZE", "CATEGORY",
		"RECEIVED (UTC)", NULL };
	static const char *const member[] = { "id", "filename", "size",
		"category", "received_at", NULL };
	const struct run *r = arg;
	char below[100];
	const struct listing l = { below, head, member };

	(void)snprintf(below, sizeof(below), "shares/%s/evidence", r->id);
	return list_all(c, r, &l, err);
}

static int
run_list(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .json = false };
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "received", 0, NULL, "those that this agency was given", NULL,
		    &r.received },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 0)
		return cmd_usage(self, "'%s' is too much", operand[0]);
	r.json = common.json;
	return cmd_people_with(self, &common, list, &r);
}

static int
run_items(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .json = false };
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_client_parse_id(
	    self, option, SP_COUNTOF(option), argc, argv, &r.id);

	r.json = common.json;
	return code == CMD_DONE ? cmd_people_with(self, &common, items, &r)
				: code;
}

/* ---- share show, revoke, decline ---- */

static enum sp_code
show(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON share = NULL;

	SP_TRY(client_site_path(&c->site, &path, err, "shares/%s%s", r->id,
	    r->proof ? "/proof" : ""));
	SP_TRY(client_site_get_json(&c->site, sp_buf_str(&path), &share, err));
	/* Proofs are for programs. */
	return r->proof ? cmd_present_json(share, err)
			: print_share(share, r->json, err);
}

static int
run_show(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .json = false };
	const struct cmd_option option[] = {
		{ "proof", 0, NULL, "its entries in both ledgers, proven", NULL,
		    &r.proof },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_client_parse_id(
	    self, option, SP_COUNTOF(option), argc, argv, &r.id);

	r.json = common.json;
	return code == CMD_DONE ? cmd_people_with(self, &common, show, &r)
				: code;
}

static enum sp_code
end_it(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON share = NULL;

	SP_TRY(client_site_path(
	    &c->site, &path, err, "shares/%s/%s", r->id, r->verb));
	SP_TRY(client_site_send_json(
	    &c->site, "POST", sp_buf_str(&path), NULL, &share, err));
	return print_share(share, r->json, err);
}

static int
run_end(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .verb = strcmp(self->name, "share revoke") == 0
		    ? "revoke"
		    : "decline" };
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_client_parse_id(
	    self, option, SP_COUNTOF(option), argc, argv, &r.id);

	r.json = common.json;
	return code == CMD_DONE ? cmd_people_with(self, &common, end_it, &r)
				: code;
}

/* ---- share get ---- */

static int
run_get(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd_guest by = { "shares",
		"the share's id and the item's" };

	return cmd_guest_run(self, &by, argc, argv);
}

int
cmd_share_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "share add", "[ITEM...]",
		    "share items or a category with others", run_add, false },
		{ "share list", "", "what is shared, newest first", run_list,
		    false },
		{ "share show", "ID", "one share", run_show, false },
		{ "share items", "ID", "what a share covers", run_items,
		    false },
		{ "share get", "ID ITEM", "fetch an original that is shared",
		    run_get, false },
		{ "share revoke", "ID", "take a share back, at once", run_end,
		    false },
		{ "share decline", "ID", "not to want what others share",
		    run_end, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
