#include "base/parse.h"
#include "cmd/client.h"
#include "cmd/table.h"

#include <string.h>

#define PAGE_MAX 1000

struct run {
	struct client *client;
	const char *sha256;
	const char *category;
	uint64_t most; /* items to show */
	struct present_table table;
	uint64_t shown;
	bool more; /* there are others */
};

static void
add_row(struct run *r, const json_t *item)
{
	static const char *const member[] = { "id", "received_at", "size",
		"category", "filename", "title" };
	char cell[PRESENT_CELL_MAX];
	json_int_t size = json_integer_value(json_object_get(item, "size"));

	for (size_t i = 0; i < SP_COUNTOF(member); i++) {
		(void)cmd_present_member(item, member[i], cell, sizeof(cell));
		if (strcmp(member[i], "size") == 0 && size >= 0)
			cmd_present_size((uint64_t)size, cell);
		if (strcmp(member[i], "received_at") == 0 && strlen(cell) > 19)
			cell[19] = '\0'; /* to the second */
		cmd_present_table_add(&r->table, cell);
	}
}

static enum sp_code
page_path(const struct run *r, const char *cursor, struct sp_buf *path,
    struct sp_err *err)
{
	uint64_t left = r->most - r->shown;
	char limit[24];

	(void)snprintf(limit, sizeof(limit), "%u",
	    left < PAGE_MAX ? (unsigned)left : PAGE_MAX);
	SP_TRY(client_site_path(&r->client->site, path, err, "evidence"));
	client_site_query(path, "limit", limit);
	if (cursor != NULL)
		client_site_query(path, "cursor", cursor);
	if (r->sha256 != NULL)
		client_site_query(path, "sha256", r->sha256);
	if (r->category != NULL)
		client_site_query(path, "category", r->category);
	return sp_buf_check(path, "path", err);
}

static enum sp_code
show_items(struct run *r, const json_t *page, struct sp_err *err)
{
	const json_t *items = json_object_get(page, "items");
	size_t n = json_array_size(items);

	if (!json_is_array(items))
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has no 'items'");
	for (size_t i = 0; i < n && r->shown < r->most; i++) {
		const json_t *item = json_array_get(items, i);

		if (r->client->json)
			SP_TRY(cmd_present_json(item, err));
		else
			add_row(r, item);
		r->shown++;
	}
	return SP_OK;
}

/* One page; `cursor` goes on, or r->more is false.  A site that tells the same
 * cursor again goes in circles. */
static enum sp_code
show_page(struct run *r, struct sp_buf *cursor, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(8192);
	SITE_AUTO_JSON page = NULL;

	SP_TRY(page_path(
	    r, cursor->len == 0 ? NULL : sp_buf_str(cursor), &path, err));
	SP_TRY(client_site_get_json(
	    &r->client->site, sp_buf_str(&path), &page, err));
	SP_TRY(show_items(r, page, err));
	const char *next = json_string_value(json_object_get(page, "next"));

	r->more = next != NULL;
	if (next == NULL)
		return SP_OK;
	if (strcmp(next, sp_buf_str(cursor)) == 0)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site tells the same page again");
	sp_buf_clear(cursor);
	sp_buf_text(cursor, next);
	return sp_buf_check(cursor, "cursor", err);
}

static enum sp_code
show_pages(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF cursor = sp_buf_new(1024);

	do
		SP_TRY(show_page(r, &cursor, err));
	while (r->more && r->shown < r->most);
	return SP_OK;
}

static enum sp_code
show_list(struct run *r, struct sp_err *err)
{
	SP_TRY(show_pages(r, err));
	if (r->client->json)
		return SP_OK;
	if (r->shown > 0)
		SP_TRY(cmd_present_table_print(&r->table, stdout, err));
	SP_TRY(cmd_present_flush(err));
	if (r->shown == 0)
		(void)fputs("no evidence\n", stderr);
	else if (r->more)
		(void)fputs("there is more: --all, or --limit N\n", stderr);
	return SP_OK;
}

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	static const char *const head[] = { "ID", "RECEIVED (UTC)", "SIZE",
		"CATEGORY", "FILE", "TITLE", NULL };
	struct run *r = arg;
	enum sp_code code;

	r->client = c;
	r->table = cmd_present_table_new(head);
	code = show_list(r, err);
	cmd_present_table_done(&r->table);
	return code;
}

int
cmd_list_run(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .most = 100 };
	const char *limit = NULL;
	bool all = false;
	const struct cmd_option option[] = {
		{ "sha256", 0, "HEX", "only items of this content", &r.sha256,
		    NULL },
		{ "category", 0, "NAME", "only items of this category",
		    &r.category, NULL },
		{ "limit", 0, "N", "show at most N (default 100)", &limit,
		    NULL },
		{ "all", 0, NULL, "show all", NULL, &all },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse_none(self, option, SP_COUNTOF(option), argc, argv);

	if (code != CMD_DONE)
		return code;
	if (limit != NULL &&
	    !sp_parse_u64(limit, strlen(limit), 1, INT64_MAX, &r.most))
		return cmd_usage(self, "--limit wants a number from 1 on");
	if (all && limit != NULL)
		return cmd_usage(self, "--all and --limit exclude each other");
	if (all)
		r.most = UINT64_MAX;
	return cmd_client_with(self, &common, list, &r);
}
