#include "cmd/guest.h"
#include "cmd/listing.h"
#include "cmd/names.h"
#include "cmd/people.h"
#include "cmd/table.h"
#include "cmd/wish.h"

#include <string.h>

#define MINUTES_MOST 43200 /* the API's */

/* What a subcommand of `lockbox` wants done. */
struct run {
	/* request */
	const char *agency, *category, *why, *ticket, *from;
	uint64_t minutes; /* 0: not said */
	bool glass;
	char **item;
	size_t items;
	/* list */
	const char *state;
};

/* ---- lockbox request ---- */

static json_t *
wish_of(const struct run *r)
{
	json_t *wish = json_pack("{s:s, s:b, s:s, s:s}", "agency", r->agency,
	    "glass", (int)r->glass, "ticket", r->ticket, "why", r->why);
	bool good =
	    wish != NULL && cmd_wish_text(wish, "category", r->category);

	if (good && r->category == NULL)
		good = json_object_set_new(wish, "evidence",
			   cmd_wish_texts(r->item, r->items)) == 0;
	if (good && r->from != NULL)
		good = json_object_set_new(
			   wish, "from", cmd_wish_words(r->from)) == 0;
	if (good && r->minutes > 0)
		good = json_object_set_new(wish, "minutes",
			   json_integer((json_int_t)r->minutes)) == 0;
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
	SITE_AUTO_JSON wish = wish_of(r);
	SITE_AUTO_JSON made = NULL;
	char id[PRESENT_CELL_MAX], state[PRESENT_CELL_MAX];
	enum sp_code code;

	if (wish == NULL)
		return sp_fail(
		    err, SP_E_INVALID, "what was said is not proper UTF-8");
	code = cmd_client_send(c, "POST", wish, &made, err, "lockbox");
	if (code == SP_E_NOTFOUND)
		return sp_fail_as(err, code, client_site_refused,
		    "there is no agency '%.50s', or '%.50s' is not the "
		    "provider's house: only that requests (--agency SLUG of "
		    "the provider)",
		    r->agency, sp_buf_str(&c->site.agency));
	SP_TRY(code);
	if (c->json)
		return cmd_present_json(made, err);
	(void)cmd_present_member(made, "id", id, sizeof(id));
	(void)cmd_present_member(made, "state", state, sizeof(state));
	(void)printf("%s %s\n", id, state);
	return cmd_present_flush(err);
}

static int
check_request(const struct cmd *self, struct run *r)
{
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
	return CMD_DONE;
}

static int
run_request(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .ticket = "none" };
	const char *minutes = NULL;
	const struct cmd_option option[] = {
		{ "category", 0, "WORD", "all of it that is there by then",
		    &r.category, NULL },
		{ "reason", 0, "TEXT", "why, for those who decide", &r.why,
		    NULL },
		{ "ticket", 0, "TEXT", "the support case it is for", &r.ticket,
		    NULL },
		{ "minutes", 0, "N", "for so long (what the agency allows)",
		    &minutes, NULL },
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
	if (code == CMD_DONE)
		code = cmd_parse_number(
		    self, "minutes", minutes, 1, MINUTES_MOST, &r.minutes);
	return code == CMD_DONE ? cmd_client_with(self, &common, request, &r)
				: code;
}

/* ---- lockbox list ---- */

static void
show_kind(const json_t *glass, char *out, size_t room)
{
	(void)snprintf(
	    out, room, "%s", json_is_true(glass) ? "glass" : "request");
}

static void
show_requester(const json_t *asked, char *out, size_t room)
{
	(void)cmd_present_member(
	    json_object_get(asked, "requester"), "name", out, room);
}

static bool
is_state(const json_t *request, const char *state)
{
	const char *s = json_string_value(json_object_get(request, "state"));

	return s != NULL && strcmp(s, state) == 0;
}

static const struct listing requests = {
	.column = { { "ID", "id", NULL }, { "STATE", "state", NULL },
	    { "AGENCY", "agency", NULL },
	    { "ANSWER BY (UTC)", "due_at", cmd_present_time },
	    { "ACCESS UNTIL", "until", cmd_present_time },
	    { "KIND", "glass", show_kind },
	    { "WHO", "asked", show_requester } },
};

/* Access has an end only while there is access. */
static enum sp_code
list_row(void *arg, json_t *request, struct sp_err *err)
{
	struct present_table *t = arg;

	(void)err;
	if (!is_state(request, "Approved"))
		(void)json_object_del(request, "until");
	cmd_listing_row(&requests, request, t);
	return SP_OK;
}

/* Newest first. */
static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	PRESENT_AUTO_TABLE t = cmd_listing_table(&requests);
	const struct listing_each each = { NULL, list_row, &t };
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(1024);

	SP_TRY(client_site_path(&c->site, &path, err, "lockbox"));
	client_site_query(&path, "limit", "100");
	if (r->state != NULL)
		client_site_query(&path, "state", r->state);
	SP_TRY(sp_buf_check(&path, "path", err));
	if (c->json)
		return cmd_listing_show(c, &requests, sp_buf_str(&path), err);
	SP_TRY(cmd_listing_each(c, sp_buf_str(&path), &each, err));
	SP_TRY(cmd_present_table_print(&t, stdout, err));
	return cmd_present_flush(err);
}

static int
run_list(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .state = NULL };
	const struct cmd_option option[] = {
		{ "state", 0, "STATE", "only these: Pending, Approved, ...",
		    &r.state, NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse_none(self, option, SP_COUNTOF(option), argc, argv);

	return code == CMD_DONE ? cmd_client_with(self, &common, list, &r)
				: code;
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
	char evidence[PRESENT_CELL_MAX], first[32], last[32];

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		cmd_present_time(
		    json_object_get(one, "first_at"), first, sizeof(first));
		cmd_present_time(
		    json_object_get(one, "last_at"), last, sizeof(last));
		(void)printf("%-12s  %s  %s to %s\n", "touched",
		    cmd_present_member(
			one, "evidence", evidence, sizeof(evidence)),
		    first, last);
	}
}

/* Which person, where the house that is asked knows them. */
static void
person(struct names *names, const char *what, const json_t *id)
{
	char who[NAMES_WHOLE];

	if (json_is_string(id))
		(void)printf("%-12s  %s\n", what,
		    cmd_names_whole(names, json_string_value(id), who));
}

/* Broken glass waits for nobody's approval. */
static void
approvals(const json_t *o, struct names *names)
{
	const json_t *list = json_object_get(o, "approvals");

	if (json_is_true(json_object_get(o, "glass"))) {
		person(names, "confirmed by", json_object_get(o, "security"));
		return;
	}
	person(names, "passed on by", json_object_get(o, "security"));
	line("approved", o, "approved");
	line("needed", o, "needed");
	for (size_t i = 0; i < json_array_size(list); i++)
		person(names, "approved by",
		    json_object_get(json_array_get(list, i), "person"));
}

/* By which side: the agency by its name. */
static void
print_end(const json_t *o)
{
	const char *by = json_string_value(json_object_get(o, "ended_by"));
	char side[64], agency[PRESENT_CELL_MAX];

	line("ended", o, "ended_at");
	if (by == NULL)
		return;
	(void)cmd_present_clean(by, side, sizeof(side));
	if (strcmp(by, "agency") == 0)
		(void)printf("%-12s  agency %s\n", "ended by",
		    cmd_present_member(o, "agency", agency, sizeof(agency)));
	else
		(void)printf("%-12s  %s\n", "ended by", side);
}

static void
review(const json_t *r, struct names *names)
{
	line("review", r, "finding");
	line("review note", r, "note");
	line("reviewed", r, "at");
	person(names, "reviewed by", json_object_get(r, "person"));
}

static void
print_request(const json_t *o, struct names *names)
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
	approvals(o, names);
	line("since", o, "started_at");
	if (is_state(o, "Approved"))
		line("until", o, "until");
	print_end(o);
	line("reason", o, "reason");
	review(json_object_get(o, "review"), names);
	touches(json_object_get(o, "touched"));
}

static enum sp_code
show(struct client *c, void *arg, struct sp_err *err)
{
	const char *id = arg;
	SITE_AUTO_JSON one = NULL;

	SP_TRY(cmd_client_get(c, &one, err, "lockbox/%s", id));
	if (c->json)
		return cmd_present_json(one, err);
	NAMES_AUTO names = cmd_names_new(c);

	print_request(one, &names);
	return cmd_present_flush(err);
}

static int
run_show(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run_id(self, NULL, argc, argv, show);
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
	.least = 1, .now = say_now
#define REASON                                                                 \
	{                                                                      \
		{                                                              \
			"reason", "TEXT", "why, for the others", "reason"      \
		}                                                              \
	}

/* ": Pending, 1 of 2 approvals": what came of it. */
static void
say_now(const json_t *o, char *out, size_t room)
{
	json_int_t got = json_integer_value(json_object_get(o, "approved"));
	json_int_t needed = json_integer_value(json_object_get(o, "needed"));
	char state[64];

	(void)cmd_present_member(o, "state", state, sizeof(state));
	if (is_state(o, "Pending"))
		(void)snprintf(out, room,
		    ": %s, %lld of %lld approvals of the agency", state,
		    (long long)got, (long long)needed);
	else
		(void)snprintf(out, room, ": %s", state);
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
