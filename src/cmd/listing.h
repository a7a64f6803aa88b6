#ifndef CMD_LISTING_H
#define CMD_LISTING_H

#include "cmd/client.h"

/*
 * Lists of a site's, whatever they are of: pages of items (docs/api.md), shown
 * as a table with a row an item or, with --json, an object a line.
 */
struct listing_column {
	const char *head;
	const char *member; /* of an item */
	/* What its value looks like; NULL: cmd_present_value. */
	void (*cell)(const json_t *value, char *out, size_t room);
};

struct listing {
	struct listing_column column[PRESENT_COLUMNS + 1]; /* last: no head */
	/* NULL: "items" of a page is an array.  Else it is an object, and
	 * these of its members are, one after the other. */
	const char *array[3];
};

/* A row of the table of cmd_listing_table. */
struct present_table cmd_listing_table(const struct listing *l);
void cmd_listing_row(
    const struct listing *l, const json_t *item, struct present_table *t);
/* The table of items that came at once. */
enum sp_code cmd_listing_print(const struct listing *l, const json_t *items,
    struct sp_err *err) SP_MUST_USE;

/* All items of all pages; `path` is the first page's, with its query.  The ids
 * that pages go on from must rise or must fall: a site that tells anything
 * else goes in circles. */
enum sp_code cmd_listing_show(struct client *c, const struct listing *l,
    const char *path, struct sp_err *err) SP_MUST_USE;
/* The same, `below` the agency's path, without a query. */
enum sp_code cmd_listing_show_at(struct client *c, const struct listing *l,
    const char *below, struct sp_err *err) SP_MUST_USE;
/* The same, with what is done for each. */
struct listing_each {
	const char *const *array; /* as above; NULL: none */
	enum sp_code (*item)(void *arg, json_t *item, struct sp_err *err);
	void *arg;
};
enum sp_code cmd_listing_each(struct client *c, const char *path,
    const struct listing_each *each, struct sp_err *err) SP_MUST_USE;

#endif
