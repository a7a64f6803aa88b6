#include "cmd/listing.h"

#include <string.h>

#define CURSOR_MAX 64
#define PATH_BYTES 4096

/* Where a page begins, and which way the pages go. */
struct place {
	char cursor[CURSOR_MAX]; /* "": the first page */
	int way;                 /* of strcmp; 0: not known yet */
};

static enum sp_code
goes_nowhere(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
	    "the site's pages do not go on");
}

/* On to the next page; at "" when there is none. */
static enum sp_code
go_on(struct place *at, const json_t *page, struct sp_err *err)
{
	const char *next = json_string_value(json_object_get(page, "next"));
	int way;

	if (next == NULL || *next == '\0') {
		at->cursor[0] = '\0';
		return SP_OK;
	}
	way = strcmp(next, at->cursor) < 0 ? -1 : 1;
	if (strlen(next) >= CURSOR_MAX || strcmp(next, at->cursor) == 0 ||
	    (at->way != 0 && way != at->way))
		return goes_nowhere(err);
	if (at->cursor[0] != '\0')
		at->way = way;
	(void)snprintf(at->cursor, CURSOR_MAX, "%s", next);
	return SP_OK;
}

static enum sp_code
each_of(
    const json_t *items, const struct listing_each *each, struct sp_err *err)
{
	if (!json_is_array(items))
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has no list");
	for (size_t i = 0; i < json_array_size(items); i++)
		SP_TRY(each->item(each->arg, json_array_get(items, i), err));
	return SP_OK;
}

static enum sp_code
each_of_page(
    const json_t *page, const struct listing_each *each, struct sp_err *err)
{
	const json_t *items = json_object_get(page, "items");

	if (each->array == NULL || each->array[0] == NULL)
		return each_of(items, each, err);
	for (size_t i = 0; each->array[i] != NULL; i++)
		SP_TRY(
		    each_of(json_object_get(items, each->array[i]), each, err));
	return SP_OK;
}

static enum sp_code
get_page(struct site_client *site, const char *path, const char *cursor,
    json_t **page, struct sp_err *err)
{
	SP_AUTO_BUF whole = sp_buf_new(PATH_BYTES);

	sp_buf_text(&whole, path);
	if (cursor[0] != '\0')
		client_site_query(&whole, "cursor", cursor);
	SP_TRY(sp_buf_check(&whole, "path", err));
	return client_site_get_json(site, sp_buf_str(&whole), page, err);
}

enum sp_code
cmd_listing_each(struct client *c, const char *path,
    const struct listing_each *each, struct sp_err *err)
{
	struct place at = { .way = 0 };

	do {
		SITE_AUTO_JSON page = NULL;

		SP_TRY(get_page(&c->site, path, at.cursor, &page, err));
		SP_TRY(each_of_page(page, each, err));
		SP_TRY(go_on(&at, page, err));
	} while (at.cursor[0] != '\0');
	return SP_OK;
}

struct present_table
cmd_listing_table(const struct listing *l)
{
	const char *head[PRESENT_COLUMNS + 1] = { NULL };

	for (size_t i = 0; i < PRESENT_COLUMNS; i++)
		head[i] = l->column[i].head;
	return cmd_present_table_new(head);
}

void
cmd_listing_row(
    const struct listing *l, const json_t *item, struct present_table *t)
{
	char cell[PRESENT_CELL_MAX];

	for (const struct listing_column *c = l->column; c->head != NULL; c++) {
		const json_t *value = json_object_get(item, c->member);

		if (c->cell == NULL)
			cmd_present_value(value, cell, sizeof(cell));
		else
			c->cell(value, cell, sizeof(cell));
		cmd_present_table_add(t, cell);
	}
}

enum sp_code
cmd_listing_print(
    const struct listing *l, const json_t *items, struct sp_err *err)
{
	PRESENT_AUTO_TABLE t = cmd_listing_table(l);

	for (size_t i = 0; i < json_array_size(items); i++)
		cmd_listing_row(l, json_array_get(items, i), &t);
	SP_TRY(cmd_present_table_print(&t, stdout, err));
	return cmd_present_flush(err);
}

struct showing {
	const struct listing *l;
	struct present_table *t;
};

static enum sp_code
show_row(void *arg, json_t *item, struct sp_err *err)
{
	const struct showing *s = arg;

	(void)err;
	cmd_listing_row(s->l, item, s->t);
	return SP_OK;
}

static enum sp_code
show_json(void *arg, json_t *item, struct sp_err *err)
{
	(void)arg;
	return cmd_present_json(item, err);
}

enum sp_code
cmd_listing_show(struct client *c, const struct listing *l, const char *path,
    struct sp_err *err)
{
	PRESENT_AUTO_TABLE t = cmd_listing_table(l);
	struct showing s = { l, &t };
	const struct listing_each each = { l->array,
		c->json ? show_json : show_row, &s };

	SP_TRY(cmd_listing_each(c, path, &each, err));
	if (!c->json)
		SP_TRY(cmd_present_table_print(&t, stdout, err));
	return cmd_present_flush(err);
}

enum sp_code
cmd_listing_show_at(struct client *c, const struct listing *l,
    const char *below, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_BYTES);

	SP_TRY(client_site_path(&c->site, &path, err, "%s", below));
	return cmd_listing_show(c, l, sp_buf_str(&path), err);
}
