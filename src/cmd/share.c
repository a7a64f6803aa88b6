#include "base/parse.h"
#include "cmd/guest.h"
#include "cmd/listing.h"
#include "cmd/table.h"
#include "cmd/wish.h"

#include <string.h>

/* What a subcommand of `share` wants done. */
struct run {
	/* add */
	const char *agency, *group, *person, *category, *reason, *until,
	    *parent;
	uint64_t days; /* 0: not said */
	bool download, reshare;
	char **item;
	size_t items;
	/* show */
	const char *id;
	bool proof;
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

static json_t *
wish_of(const struct run *r)
{
	json_t *wish = json_pack("{s:s, s:b, s:o}", "access",
	    r->download ? "download" : "view", "reshare", (int)r->reshare, "to",
	    wish_to(r));
	bool good = wish != NULL &&
	    cmd_wish_text(wish, "category", r->category) &&
	    cmd_wish_text(wish, "reason", r->reason) &&
	    cmd_wish_text(wish, "until", r->until) &&
	    cmd_wish_text(wish, "parent", r->parent);

	if (good && r->items > 0)
		good = json_object_set_new(wish, "evidence",
			   cmd_wish_texts(r->item, r->items)) == 0;
	if (good && r->days > 0)
		good = json_object_set_new(wish, "days",
			   json_integer((json_int_t)r->days)) == 0;
	if (!good) {
		json_decref(wish);
		return NULL;
	}
	return wish;
}

static enum sp_code
print_share(const struct client *c, const json_t *share, struct sp_err *err)
{
	char id[PRESENT_CELL_MAX], state[PRESENT_CELL_MAX];

	if (c->json)
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
	SITE_AUTO_JSON wish = wish_of(r);
	SITE_AUTO_JSON made = NULL;

	if (wish == NULL)
		return sp_fail(
		    err, SP_E_INVALID, "what was said is not proper UTF-8");
	SP_TRY(cmd_client_send(c, "POST", wish, &made, err, "shares"));
	return print_share(c, made, err);
}

static int
check_add(const struct cmd *self, struct run *r, const char *days)
{
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
	if (days != NULL && r->until != NULL)
		return cmd_usage(self, "one of --days and --until");
	if (days != NULL &&
	    !sp_parse_u64(days, strlen(days), 1, 3660, &r->days))
		return cmd_usage(self, "--days is a number from 1 on");
	return CMD_DONE;
}

static int
run_add(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .agency = NULL };
	const char *days = NULL;
	const struct cmd_option option[] = {
		{ "to", 0, "SLUG", "with this agency of the site", &r.agency,
		    NULL },
		{ "group", 0, "ID", "with a joint task force", &r.group, NULL },
		{ "person", 0, "ID", "with an outside person of this agency",
		    &r.person, NULL },
		{ "category", 0, "WORD", "all of it, now and later",
		    &r.category, NULL },
		{ "reason", 0, "TEXT", "why", &r.reason, NULL },
		{ "download", 0, NULL,
		    "let it be copied out too (else only looked at: whoever "
		    "looks has the bytes)",
		    NULL, &r.download },
		{ "reshare", 0, NULL, "let it be shared on", NULL, &r.reshare },
		{ "days", 0, "N", "for so long (30)", &days, NULL },
		{ "until", 0, "TIME", "as 2026-12-24T12:00:00Z", &r.until,
		    NULL },
		{ "parent", 0, "ID", "share on what this share gave", &r.parent,
		    NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &r.item, &r.items);

	if (code == CMD_DONE)
		code = check_add(self, &r, days);
	return code == CMD_DONE ? cmd_client_with(self, &common, add, &r)
				: code;
}

/* ---- share list, share items: newest first ---- */

/* With whom: an agency's short name, "group NAME" or "person NAME". */
static void
show_to(const json_t *to, char *out, size_t room)
{
	const char *kind = json_string_value(json_object_get(to, "kind"));
	const char *name = json_string_value(json_object_get(to, "name"));
	char who[PRESENT_CELL_MAX];

	(void)cmd_present_member(
	    to, name == NULL ? "id" : "name", who, sizeof(who));
	if (kind != NULL && strcmp(kind, "agency") != 0)
		(void)snprintf(out, room, "%s %s",
		    strcmp(kind, "group") == 0 ? "group" : "person", who);
	else
		(void)snprintf(out, room, "%s", who);
}

static enum sp_code
list_path(
    struct client *c, bool received, struct sp_buf *path, struct sp_err *err)
{
	SP_TRY(client_site_path(&c->site, path, err, "shares"));
	if (received)
		client_site_query(path, "received", "true");
	return sp_buf_check(path, "path", err);
}

static enum sp_code
count_one(void *arg, json_t *share, struct sp_err *err)
{
	const char *state = json_string_value(json_object_get(share, "state"));
	unsigned *n = arg;

	(void)err;
	*n += state != NULL && strcmp(state, "active") == 0;
	return SP_OK;
}

/* A list of what is given is not taken for all there is. */
static void
tell_received(struct client *c)
{
	unsigned n = 0;
	const struct listing_each each = { NULL, count_one, &n };
	SP_AUTO_BUF path = sp_buf_new(512);
	struct sp_err err = { .code = SP_OK };

	if (list_path(c, true, &path, &err) == SP_OK &&
	    cmd_listing_each(c, sp_buf_str(&path), &each, &err) == SP_OK &&
	    n > 0)
		(void)fprintf(stderr,
		    "%u active received: sallyport share list --received\n", n);
}

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	static const struct listing shares = {
		.column = { { "ID", "id", NULL }, { "STATE", "state", NULL },
		    { "TO", "to", show_to }, { "ACCESS", "access", NULL },
		    { "OWNER", "owner", NULL }, { "ITEMS", "items", NULL },
		    { "CATEGORY", "category", NULL },
		    { "UNTIL (UTC)", "until", cmd_present_time },
		    { "REASON", "reason", NULL } },
	};
	const bool *received = arg;
	SP_AUTO_BUF path = sp_buf_new(512);

	SP_TRY(list_path(c, *received, &path, err));
	SP_TRY(cmd_listing_show(c, &shares, sp_buf_str(&path), err));
	if (!*received && !c->json)
		tell_received(c);
	return SP_OK;
}

static int
run_list(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	bool received = false;
	const struct cmd_option option[] = {
		{ "received", 0, NULL, "those that this agency was given", NULL,
		    &received },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse_none(self, option, SP_COUNTOF(option), argc, argv);

	return code == CMD_DONE
	    ? cmd_client_with(self, &common, list, &received)
	    : code;
}

static enum sp_code
items(struct client *c, void *arg, struct sp_err *err)
{
	static const struct listing covered = {
		.column = { { "ID", "id", NULL }, { "FILE", "filename", NULL },
		    { "SIZE", "size", NULL }, { "CATEGORY", "category", NULL },
		    { "RECEIVED (UTC)", "received_at", cmd_present_time } },
	};
	const char *id = arg;
	SP_AUTO_BUF path = sp_buf_new(512);

	SP_TRY(
	    client_site_path(&c->site, &path, err, "shares/%s/evidence", id));
	return cmd_listing_show(c, &covered, sp_buf_str(&path), err);
}

static int
run_items(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run_id(self, NULL, argc, argv, items);
}

/* ---- share show, revoke, decline ---- */

static void
line(const char *what, const char *value)
{
	(void)printf("%-10s  %s\n", what, value);
}

static void
print_parties(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *side =
		    json_string_value(json_object_get(one, "side"));
		char agency[PRESENT_CELL_MAX], state[64];

		(void)printf("%-10s  %s  %s\n",
		    side != NULL && strcmp(side, "by") == 0 ? "shared by"
							    : "with",
		    cmd_present_member(one, "agency", agency, sizeof(agency)),
		    cmd_present_member(one, "state", state, sizeof(state)));
	}
}

static enum sp_code
print_whole(const json_t *share, struct sp_err *err)
{
	static const struct {
		const char *what, *member;
		void (*cell)(const json_t *value, char *out, size_t room);
	} rows[] = {
		{ "share", "id", NULL },
		{ "state", "state", NULL },
		{ "to", "to", show_to },
		{ "access", "access", NULL },
		{ "until", "until", cmd_present_time },
		{ "given", "granted_at", cmd_present_time },
		{ "owner", "owner", NULL },
		{ "by", "sharer", NULL },
		{ "from share", "parent", NULL },
		{ "reason", "reason", NULL },
		{ "category", "category", NULL },
		{ "items", "items", NULL },
	};
	const json_t *items = json_object_get(share, "evidence");
	char cell[PRESENT_CELL_MAX];

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		const json_t *value = json_object_get(share, rows[i].member);

		if (value == NULL || json_is_null(value))
			continue;
		if (rows[i].cell == NULL)
			cmd_present_value(value, cell, sizeof(cell));
		else
			rows[i].cell(value, cell, sizeof(cell));
		line(rows[i].what, cell);
	}
	line("share on",
	    json_is_true(json_object_get(share, "reshare")) ? "yes" : "no");
	print_parties(json_object_get(share, "parties"));
	for (size_t i = 0; i < json_array_size(items); i++) {
		cmd_present_value(json_array_get(items, i), cell, sizeof(cell));
		line("item", cell);
	}
	return cmd_present_flush(err);
}

static enum sp_code
show(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON share = NULL;

	SP_TRY(cmd_client_get(
	    c, &share, err, "shares/%s%s", r->id, r->proof ? "/proof" : ""));
	/* Proofs are for programs. */
	return r->proof || c->json ? cmd_present_json(share, err)
				   : print_whole(share, err);
}

static int
run_show(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .proof = false };
	const struct cmd_option option[] = {
		{ "proof", 0, NULL, "its entries in both ledgers, proven", NULL,
		    &r.proof },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_client_parse_id(
	    self, option, SP_COUNTOF(option), argc, argv, &r.id);

	return code == CMD_DONE ? cmd_client_with(self, &common, show, &r)
				: code;
}

static enum sp_code
end_it(struct client *c, const char *id, const char *how, struct sp_err *err)
{
	SITE_AUTO_JSON share = NULL;

	SP_TRY(cmd_client_send(
	    c, "POST", NULL, &share, err, "shares/%s/%s", id, how));
	return print_share(c, share, err);
}

static enum sp_code
revoke(struct client *c, void *arg, struct sp_err *err)
{
	return end_it(c, arg, "revoke", err);
}

static int
run_revoke(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run_id(self, NULL, argc, argv, revoke);
}

static enum sp_code
decline(struct client *c, void *arg, struct sp_err *err)
{
	return end_it(c, arg, "decline", err);
}

static int
run_decline(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run_id(self, NULL, argc, argv, decline);
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
		{ "share revoke", "ID", "take a share back, at once",
		    run_revoke, false },
		{ "share decline", "ID", "not to want what others share",
		    run_decline, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
