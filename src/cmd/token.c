#include "cmd/listing.h"
#include "cmd/table.h"
#include "gate/role.h"

#include <inttypes.h>
#include <string.h>

/* What a subcommand of `token` wants done. */
struct run {
	const char *role;
	const char *person;
	bool own;
	bool ended; /* also those that are good no more */
	const char *label;
	uint64_t days;
};

#define DAYS_DEFAULT 90
#define DAYS_MOST    366 /* the API's */

static const char *
where(const struct run *r)
{
	return r->own ? "tokens/own" : "tokens";
}

/* ---- token add ---- */

static enum sp_code
add(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON made = NULL;
	const char *text = NULL;
	char clean[256];
	SITE_AUTO_JSON wish = json_pack("{s:s*, s:s*, s:s, s:I}", "role",
	    r->role, "person", r->person, "label", r->label, "expires_in_days",
	    (json_int_t)r->days);

	if (wish == NULL)
		return sp_fail(
		    err, SP_E_INVALID, "the label is not proper UTF-8");
	SP_TRY(cmd_client_send(c, "POST", wish, &made, err, "%s", where(r)));
	SP_TRY(client_site_json_text(made, "token", &text, err));
	if (c->json)
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
	int code = cmd_parse_none(self, option, SP_COUNTOF(option), argc, argv);

	if (code != CMD_DONE)
		return code;
	code = check_whose(self, &r);
	if (code != CMD_DONE)
		return code;
	if (r.label == NULL)
		return cmd_usage(self, "say whose it is with --label");
	code = cmd_parse_number(self, "days", days, 1, DAYS_MOST, &r.days);
	return code == CMD_DONE ? cmd_client_with(self, &common, add, &r)
				: code;
}

/* ---- token list ---- */

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	static const struct listing tokens = {
		.column = { { "ID", "id", NULL }, { "ROLE", "role", NULL },
		    { "LABEL", "label", NULL },
		    { "CREATED (UTC)", "created_at", cmd_present_time },
		    { "EXPIRES", "expires_at", cmd_present_time },
		    { "REVOKED", "revoked_at", cmd_present_time } },
	};
	const struct run *r = arg;
	SP_AUTO_BUF path = sp_buf_new(512);

	SP_TRY(client_site_path(&c->site, &path, err, "%s", where(r)));
	client_site_query(&path, "limit", "1000");
	if (r->ended)
		client_site_query(&path, "ended", "true");
	SP_TRY(sp_buf_check(&path, "path", err));
	return cmd_listing_show(c, &tokens, sp_buf_str(&path), err);
}

static int
run_list(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .own = false };
	const struct cmd_option option[] = {
		{ "own", 0, NULL, "only those of whoever asks, a person", NULL,
		    &r.own },
		{ "all", 0, NULL, "also those revoked or expired", NULL,
		    &r.ended },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse_none(self, option, SP_COUNTOF(option), argc, argv);

	if (code != CMD_DONE)
		return code;
	return cmd_client_with(self, &common, list, &r);
}

/* ---- token revoke ---- */

static enum sp_code
revoke(struct client *c, void *arg, struct sp_err *err)
{
	const char *id = arg;
	SITE_AUTO_JSON none = NULL;

	SP_TRY(cmd_client_send(c, "DELETE", NULL, &none, err, "tokens/%s", id));
	return cmd_client_say_done(c, "id", id, "revoked", err);
}

static int
run_revoke(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run_id(self,
	    "one token id is wanted, as 'token list' shows it", argc, argv,
	    revoke);
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
