#include "base/parse.h"
#include "cmd/client.h"
#include "cmd/guest.h"
#include "cmd/people.h"
#include "cmd/table.h"

#include <inttypes.h>
#include <string.h>

/* What a subcommand of `lockbox` wants done. */
struct run {
	/* request */
	const char *agency, *category, *why, *ticket, *minutes, *from;
	bool glass;
	char **item;
	size_t items;
	/* the others */
	const char *id, *state;
	bool json;
};

/* ---- lockbox request ---- */

/* "a,b c" as a list of strings; NULL: no memory or not proper UTF-8. */
static json_t *
words(const char *s)
{
	json_t *list = json_array();

	while (list != NULL && *s != '\0') {
		size_t len = strcspn(s, ", ");

		if (len > 0 &&
		    json_array_append_new(list, json_stringn(s, len)) != 0) {
			json_decref(list);
			return NULL;
		}
		s += len;
		s += *s != '\0';
	}
	return list;
}

static bool
set_new(json_t *o, const char *name, json_t *value)
{
	return json_object_set_new(o, name, value) == 0;
}

static bool
set_what(json_t *wish, const struct run *r)
{
	json_t *ids;

	if (r->category != NULL)
		return set_new(wish, "category", json_string(r->category));
	ids = json_array();
	for (size_t i = 0; i < r->items; i++)
		if (json_array_append_new(ids, json_string(r->item[i])) != 0) {
			json_decref(ids);
			return false;
		}
	return set_new(wish, "evidence", ids);
}

static json_t *
wish_of(const struct run *r)
{
	json_t *wish = json_pack("{s:s, s:b, s:s, s:s}", "agency", r->agency,
	    "glass", (int)r->glass, "ticket", r->ticket, "why", r->why);
	uint64_t minutes = 0;
	bool good = wish != NULL && set_what(wish, r);

	if (good && r->from != NULL)
		good = set_new(wish, "from", words(r->from));
	if (good && r->minutes != NULL &&
	    sp_parse_u64(r->minutes, strlen(r->minutes), 1, 43200, &minutes))
		good =
		    set_new(wish, "minutes", json_integer((json_int_t)minutes));
	if (!good) {
		json_decref(wish);
		return NULL;
	}
	return wish;
}

static enum sp_code
request(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON wish = wish_of(r);
	SITE_AUTO_JSON made = NULL;
	char id[PRESENT_CELL_MAX], state[PRESENT_CELL_MAX];

	if (wish == NULL)
		return sp_fail(
		    err, SP_E_INVALID, "what was said is not proper UTF-8");
	SP_TRY(client_site_path(&c->site, &path, err, "lockbox"));
	SP_TRY(client_site_send_json(
	    &c->site, "POST", sp_buf_str(&path), wish, &made, err));
	if (r->json)
		return cmd_present_json(made, err);
	(void)cmd_present_member(made, "id", id, sizeof(id));
	(void)cmd_present_member(made, "state", state, sizeof(state));
	(void)printf("%s %s\n", id, state);
	return cmd_present_flush(err);
}

static int
check_request(const struct cmd *self, struct run *r)
{
	uint64_t minutes;
	struct sp_err err;

	if (r->items < 1)
		return cmd_usage(self, "say of which agency: its SLUG");
	r->agency = r->item[0];
	r->item++;
	r->items--;
	if ((r->items > 0) == (r->category != NULL))
		return cmd_usage(self, "say what: ids of items, or --category");
	for (size_t i = 0; i < r->items; i++)
		if (cmd_client_id(r->item[i], &err) != SP_OK)
			return cmd_usage(self, "%s", err.text);
	if (r->why == NULL)
		return cmd_usage(self, "say why with --reason");
	if (r->minutes != NULL &&
	    !sp_parse_u64(r->minutes, strlen(r->minutes), 1, 43200, &minutes))
		return cmd_usage(self, "--minutes is a number, 1 to 43200");
	return CMD_DONE;
}

static int
run_request(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .ticket = "none" };
	const struct cmd_option option[] = {
		{ "category", 0, "WORD", "all of it that is there by then",
		    &r.category, NULL },
		{ "reason", 0, "TEXT", "why, for those who decide", &r.why,
		    NULL },
		{ "ticket", 0, "TEXT", "the support case it is for", &r.ticket,
		    NULL },
		{ "minutes", 0, "N", "for so long (what the agency allows)",
		    &r.minutes, NULL },
		{ "from", 0, "RANGES",
		    "from where: 192.0.2.0/24,... (this address)", &r.from,
		    NULL },
		{ "glass", 0, NULL,
		    "break glass: do not wait for the agency's answer", NULL,
		    &r.glass },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &r.item, &r.items);

	if (code == CMD_DONE)
		code = check_request(self, &r);
	r.json = common.json;
	return code == CMD_DONE ? cmd_people_with(self, &common, request, &r)
				: code;
}

/* ---- lockbox list ---- */

static void
show_item(const json_t *one, struct present_table *t)
{
	static const char *const member[] = { "id", "state", "agency", "due_at",
		"until" };
	const json_t *asked = json_object_get(one, "asked");
	char cell[PRESENT_CELL_MAX];

	for (size_t m = 0; m < SP_COUNTOF(member); m++) {
		(void)cmd_present_member(one, member[m], cell, sizeof(cell));
		if (m >= 3 && strlen(cell) > 19)
			cell[19] = '\0'; /* to the second */
		cmd_present_table_add(t, cell);
	}
	cmd_present_table_add(t,
	    json_is_true(json_object_get(one, "glass")) ? "glass" : "request");
	(void)cmd_present_member(
	    json_object_get(asked, "requester"), "name", cell, sizeof(cell));
	cmd_present_table_add(t, cell);
}

static enum sp_code
show_items(
    const json_t *page, struct present_table *t, bool json, struct sp_err *err)
{
	const json_t *items = json_object_get(page, "items");

	if (!json_is_array(items))
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has no list");
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *one = json_array_get(items, i);

		if (json)
			SP_TRY(cmd_present_json(one, err));
		else
			show_item(one, t);
	}
	return SP_OK;
}

static enum sp_code
get_page(struct client *c, const struct run *r, const char *cursor,
    json_t **page, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(1024);

	SP_TRY(client_site_path(&c->site, &path, err, "lockbox"));
	client_site_query(&path, "limit", "100");
	if (r->state != NULL)
		client_site_query(&path, "state", r->state);
	if (cursor[0] != '\0')
		client_site_query(&path, "cursor", cursor);
	SP_TRY(sp_buf_check(&path, "path", err));
	return client_site_get_json(&c->site, sp_buf_str(&path), page, err);
}

/* Newest first, page after page. */
static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	static const char *const head[] = { "ID", "STATE", "AGENCY",
		"ANSWER BY (UTC)", "ACCESS UNTIL", "KIND", "WHO", NULL };
	const struct run *r = arg;
	PRESENT_AUTO_TABLE t = cmd_present_table_new(head);
	char cursor[64] = "";

	do {
		SITE_AUTO_JSON page = NULL;
		const char *next;

		SP_TRY(get_page(c, r, cursor, &page, err));
		SP_TRY(show_items(page, &t, r->json, err));
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

static int
run_list(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .json = false };
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "state", 0, "STATE", "only these: Pending, Approved, ...",
		    &r.state, NULL },
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

/* ---- lockbox show ---- */

static void
line(const char *what, const json_t *of, const char *member)
{
	char cell[PRESENT_CELL_MAX];

	if (json_object_get(of, member) == NULL ||
	    json_is_null(json_object_get(of, member)))
		return;
	(void)cmd_present_member(of, member, cell, sizeof(cell));
	(void)printf("%-12s  %s\n", what, cell);
}

static void
lines(const char *what, const json_t *list, const char *member)
{
	char clean[PRESENT_CELL_MAX];

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		const char *s = json_string_value(
		    member == NULL ? v : json_object_get(v, member));

		(void)cmd_present_clean(
		    s == NULL ? "" : s, clean, sizeof(clean));
		(void)printf("%-12s  %s\n", what, clean);
	}
}

/* What was touched, when for the first time and for the last. */
static void
touches(const json_t *list)
{
	static const char *const member[] = { "evidence", "first_at",
		"last_at" };
	char cell[SP_COUNTOF(member)][PRESENT_CELL_MAX];

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		for (size_t m = 0; m < SP_COUNTOF(member); m++) {
			(void)cmd_present_member(
			    one, member[m], cell[m], sizeof(cell[m]));
			if (m > 0 && strlen(cell[m]) > 19)
				cell[m][19] = '\0'; /* to the second */
		}
		(void)printf("%-12s  %s  %s to %s\n", "touched", cell[0],
		    cell[1], cell[2]);
	}
}

static void
print_request(const json_t *o)
{
	const json_t *asked = json_object_get(o, "asked");

	line("request", o, "id");
	line("state", o, "state");
	(void)printf("%-12s  %s\n", "glass",
	    json_is_true(json_object_get(o, "glass")) ? "yes" : "no");
	line("agency", o, "agency");
	line("who", json_object_get(asked, "requester"), "name");
	line("cleared", o, "clearance");
	line("why", asked, "why");
	line("ticket", asked, "ticket");
	line("category", asked, "category");
	lines("evidence", json_object_get(asked, "evidence"), NULL);
	lines("from", json_object_get(asked, "from"), NULL);
	line("minutes", asked, "minutes");
	line("answer by", o, "due_at");
	line("approved", o, "approved");
	line("needed", o, "needed");
	line("since", o, "started_at");
	line("until", o, "until");
	line("ended", o, "ended_at");
	line("ended by", o, "ended_by");
	line("reason", o, "reason");
	line("review", json_object_get(o, "review"), "finding");
	touches(json_object_get(o, "touched"));
}

static enum sp_code
show(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON one = NULL;

	SP_TRY(client_site_path(&c->site, &path, err, "lockbox/%s", r->id));
	SP_TRY(client_site_get_json(&c->site, sp_buf_str(&path), &one, err));
	if (r->json)
		return cmd_present_json(one, err);
	print_request(one);
	return cmd_present_flush(err);
}

static int
run_show(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .json = false };
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_client_parse_id(
	    self, option, SP_COUNTOF(option), argc, argv, &r.id);

	r.json = common.json;
	return code == CMD_DONE ? cmd_people_with(self, &common, show, &r)
				: code;
}

/* ---- lockbox get ---- */

static int
run_get(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd_guest by = { "lockbox",
		"the request's id and the item's" };

	return cmd_guest_run(self, &by, argc, argv);
}

/* ---- the rest: one request each ---- */

#define ONE                                                                    \
	.method = "POST", .before = "lockbox/", .operand = { "ID", NULL },     \
	.least = 1
#define REASON                                                                 \
	{                                                                      \
		{                                                              \
			"reason", "TEXT", "why, for the others", "reason"      \
		}                                                              \
	}

static const struct cmd_people_call calls[] = {
	{ .name = "lockbox approve",
	    ONE,
	    .after = "/approve",
	    .said = "approved" },
	{ .name = "lockbox confirm",
	    ONE,
	    .after = "/confirm",
	    .said = "confirmed" },
	{ .name = "lockbox deny",
	    ONE,
	    .after = "/deny",
	    .said = "denied",
	    .option = REASON },
	{ .name = "lockbox revoke",
	    ONE,
	    .after = "/revoke",
	    .said = "revoked",
	    .option = REASON },
	{ .name = "lockbox complete",
	    ONE,
	    .after = "/complete",
	    .said = "completed" },
	{ .name = "lockbox review",
	    ONE,
	    .after = "/review",
	    .said = "reviewed",
	    .option = { { "finding", "WHAT", "justified or unjustified",
			    "finding" },
		{ "note", "TEXT", "what was found", "note" } },
	    .needed = "finding" },
};

static int
run_call(const struct cmd *self, int argc, char **argv)
{
	return cmd_people_run(self, calls, SP_COUNTOF(calls), argc, argv);
}

int
cmd_lockbox_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "lockbox request", "SLUG [ITEM...]",
		    "ask to see items of an agency", run_request, false },
		{ "lockbox list", "", "requests, newest first", run_list,
		    false },
		{ "lockbox show", "ID", "one request, and what was touched",
		    run_show, false },
		{ "lockbox approve", "ID",
		    "approve it, for the provider or for the agency", run_call,
		    false },
		{ "lockbox deny", "ID", "deny it, or take it back", run_call,
		    false },
		{ "lockbox revoke", "ID", "end access now", run_call, false },
		{ "lockbox complete", "ID", "give access back", run_call,
		    false },
		{ "lockbox confirm", "ID", "break glass, as the second person",
		    run_call, false },
		{ "lockbox review", "ID", "say what broken glass was worth",
		    run_call, false },
		{ "lockbox get", "ID ITEM", "fetch an item under a grant",
		    run_get, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
