#include "base/parse.h"
#include "cmd/client.h"
#include "cmd/table.h"
#include "gate/role.h"

#include <inttypes.h>
#include <string.h>

/* What a subcommand of `token` wants done. */
struct run {
	struct client client;
	const char *role;
	const char *person;
	bool own;
	bool ended; /* also those that are good no more */
	const char *label;
	uint64_t days;
	const char *id;
	bool json;
};

#define DAYS_DEFAULT 90
#define DAYS_MOST    366 /* the API's */
#define PAGE_MAX     "1000"

static int
with_client(const struct cmd *self, struct run *r,
    const struct client_options *common,
    enum sp_code (*act)(struct run *r, struct sp_err *err))
{
	struct sp_err err = { .code = SP_OK };
	enum sp_code code;

	r->json = common->json;
	if (cmd_client_open(&r->client, self, common, &err) != SP_OK)
		return cmd_client_fail(self, &err);
	code = act(r, &err);
	cmd_client_done(&r->client);
	return code == SP_OK ? CMD_DONE : cmd_client_fail(self, &err);
}

/* ---- token add ---- */

static enum sp_code
add(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON made = NULL;
	const char *text = NULL;
	char clean[256];
	SITE_AUTO_JSON wish = json_pack("{s:s*, s:s*, s:s, s:I}", "role",
	    r->role, "person", r->person, "label", r->label, "expires_in_days",
	    (json_int_t)r->days);

	if (wish == NULL)
		return sp_fail(
		    err, SP_E_INVALID, "the label is not proper UTF-8");
	SP_TRY(client_site_path(
	    &r->client.site, &path, err, r->own ? "tokens/own" : "tokens"));
	SP_TRY(client_site_send_json(
	    &r->client.site, "POST", sp_buf_str(&path), wish, &made, err));
	SP_TRY(client_site_json_text(made, "token", &text, err));
	if (r->json)
		return cmd_present_json(made, err);
	(void)cmd_present_clean(text, clean, sizeof(clean));
	(void)printf("%s\n", clean);
	(void)fprintf(stderr,
	    "this is the only time it is shown: put it in "
	    "SALLYPORT_TOKEN or ~/.config/sallyport/token\n");
	return cmd_present_flush(err);
}

/* A machine's with a role, a person's, or one's own. */
static int
check_whose(const struct cmd *self, const struct run *r)
{
	enum gate_role role;
	struct sp_err err;

	if ((r->role != NULL) + (r->person != NULL) + r->own != 1)
		return cmd_usage(
		    self, "one of --role, --person and --own is wanted");
	if (r->role != NULL &&
	    (!gate_role_read(r->role, &role) || !gate_role_row(role)->token))
		return cmd_usage(self,
		    "--role is administrator, custodian, "
		    "officer, auditor or device");
	if (r->person != NULL && cmd_client_id(r->person, &err) != SP_OK)
		return cmd_usage(self, "--person is the id of a person");
	return CMD_DONE;
}

static int
run_add(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .days = DAYS_DEFAULT };
	const char *days = NULL;
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "role", 0, "ROLE",
		    "administrator, custodian, officer, auditor or device",
		    &r.role, NULL },
		{ "person", 0, "ID", "or: a person's, with the role they have",
		    &r.person, NULL },
		{ "own", 0, NULL, "or: of whoever asks, a person", NULL,
		    &r.own },
		{ "label", 0, "TEXT", "whose it is, for people", &r.label,
		    NULL },
		{ "days", 0, "N", "valid for N days (default 90)", &days,
		    NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 0)
		return cmd_usage(self, "'%s' is too much", operand[0]);
	code = check_whose(self, &r);
	if (code != CMD_DONE)
		return code;
	if (r.label == NULL)
		return cmd_usage(self, "say whose it is with --label");
	if (days != NULL &&
	    !sp_parse_u64(days, strlen(days), 1, DAYS_MOST, &r.days))
		return cmd_usage(
		    self, "--days is a number, 1 to %d", DAYS_MOST);
	return with_client(self, &r, &common, add);
}

/* ---- token list ---- */

static void
add_row(struct present_table *t, const json_t *token)
{
	static const char *const member[] = { "id", "role", "label",
		"created_at", "expires_at", "revoked_at" };
	char cell[PRESENT_CELL_MAX];

	for (size_t i = 0; i < SP_COUNTOF(member); i++) {
		(void)cmd_present_member(token, member[i], cell, sizeof(cell));
		if (i >= 3 && strlen(cell) > 19)
			cell[19] = '\0'; /* times to the second */
		cmd_present_table_add(t, cell);
	}
}

static enum sp_code
show_page(const struct run *r, const json_t *page, struct present_table *t,
    struct sp_err *err)
{
	const json_t *items = json_object_get(page, "items");
	size_t n = json_array_size(items);

	if (!json_is_array(items))
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has no 'items'");
	for (size_t i = 0; i < n; i++) {
		const json_t *token = json_array_get(items, i);

		if (r->json)
			SP_TRY(cmd_present_json(token, err));
		else
			add_row(t, token);
	}
	return SP_OK;
}

/* What the page says of the next one; empty: there is none.  A site that tells
 * the same cursor again goes in circles. */
static enum sp_code
next_page(const json_t *page, struct sp_buf *cursor, struct sp_err *err)
{
	const char *next = json_string_value(json_object_get(page, "next"));

	if (next != NULL && strcmp(next, sp_buf_str(cursor)) == 0)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site tells the same page again");
	sp_buf_clear(cursor);
	sp_buf_text(cursor, next == NULL ? "" : next);
	return sp_buf_check(cursor, "cursor", err);
}

static enum sp_code
show_pages(struct run *r, struct present_table *t, struct sp_err *err)
{
	SP_AUTO_BUF cursor = sp_buf_new(1024);

	do {
		SP_AUTO_BUF path = sp_buf_new(4096);
		SITE_AUTO_JSON page = NULL;

		SP_TRY(client_site_path(&r->client.site, &path, err,
		    r->own ? "tokens/own" : "tokens"));
		client_site_query(&path, "limit", PAGE_MAX);
		if (r->ended)
			client_site_query(&path, "ended", "true");
		if (cursor.len > 0)
			client_site_query(&path, "cursor", sp_buf_str(&cursor));
		SP_TRY(sp_buf_check(&path, "path", err));
		SP_TRY(client_site_get_json(
		    &r->client.site, sp_buf_str(&path), &page, err));
		SP_TRY(show_page(r, page, t, err));
		SP_TRY(next_page(page, &cursor, err));
	} while (cursor.len > 0);
	return SP_OK;
}

static enum sp_code
list(struct run *r, struct sp_err *err)
{
	static const char *const head[] = { "ID", "ROLE", "LABEL",
		"CREATED (UTC)", "EXPIRES", "REVOKED", NULL };
	PRESENT_AUTO_TABLE t = cmd_present_table_new(head);

	SP_TRY(show_pages(r, &t, err));
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
		{ "own", 0, NULL, "only those of whoever asks, a person", NULL,
		    &r.own },
		{ "all", 0, NULL, "also those revoked or expired", NULL,
		    &r.ended },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 0)
		return cmd_usage(self, "'%s' is too much", operand[0]);
	return with_client(self, &r, &common, list);
}

/* ---- token revoke ---- */

static enum sp_code
revoke(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON answer = NULL;

	SP_TRY(
	    client_site_path(&r->client.site, &path, err, "tokens/%s", r->id));
	SP_TRY(client_site_send_json(
	    &r->client.site, "DELETE", sp_buf_str(&path), NULL, &answer, err));
	if (r->json) {
		SITE_AUTO_JSON j =
		    json_pack("{s:s, s:b}", "id", r->id, "revoked", 1);

		return cmd_present_json(j, err);
	}
	(void)printf("%s revoked\n", r->id);
	return cmd_present_flush(err);
}

static int
run_revoke(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .json = false };
	struct sp_err err;
	char **operand;
	size_t n;
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 1 || cmd_client_id(operand[0], &err) != SP_OK)
		return cmd_usage(
		    self, "one token id is wanted, as 'token list' shows it");
	r.id = operand[0];
	return with_client(self, &r, &common, revoke);
}

int
cmd_token_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "token add", "", "issue a token; it is shown once", run_add,
		    false },
		{ "token list", "", "the agency's tokens", run_list, false },
		{ "token revoke", "ID",
		    "make a token void at once; one's own, or any", run_revoke,
		    false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
