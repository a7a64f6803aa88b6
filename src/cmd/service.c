#include "base/parse.h"
#include "cmd/client.h"
#include "cmd/table.h"

#include <inttypes.h>
#include <string.h>

/* What a subcommand of `service` wants done. */
struct run {
	struct client client;
	const char *label, *scope, *from;
	uint64_t days, overlap;
	const char *id;
	bool json;
};

#define DAYS_MOST    366 /* the API's */
#define OVERLAP_MOST 720

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

/* "a,b c" as a list of strings; NULL: an empty one. */
static json_t *
words(const char *s)
{
	json_t *list = json_array();

	while (s != NULL && *s != '\0') {
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

/* Print what is shown this once. */
static enum sp_code
show_secret(struct run *r, const json_t *made, struct sp_err *err)
{
	const char *id = NULL, *secret = NULL;
	char clean[256];

	SP_TRY(client_site_json_text(made, "client_id", &id, err));
	SP_TRY(client_site_json_text(made, "client_secret", &secret, err));
	if (r->json)
		return cmd_present_json(made, err);
	(void)cmd_present_clean(id, clean, sizeof(clean));
	(void)printf("client_id      %s\n", clean);
	(void)cmd_present_clean(secret, clean, sizeof(clean));
	(void)printf("client_secret  %s\n", clean);
	(void)fprintf(stderr, "this is the only time the secret is shown\n");
	return cmd_present_flush(err);
}

/* ---- service add ---- */

static enum sp_code
add(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON made = NULL;
	SITE_AUTO_JSON wish = json_pack("{s:s, s:o, s:o, s:I}", "label",
	    r->label, "scope", words(r->scope), "ranges", words(r->from),
	    "expires_in_days", (json_int_t)r->days);

	if (wish == NULL)
		return sp_fail(
		    err, SP_E_INVALID, "the label is not proper UTF-8");
	SP_TRY(client_site_path(&r->client.site, &path, err, "services"));
	SP_TRY(client_site_send_json(
	    &r->client.site, "POST", sp_buf_str(&path), wish, &made, err));
	return show_secret(r, made, err);
}

static int
run_add(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .days = 365 };
	const char *days = NULL;
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "label", 0, "TEXT", "the same as LABEL", &r.label, NULL },
		{ "scope", 0, "ACTS", "what it may do: evidence.list,...",
		    &r.scope, NULL },
		{ "from", 0, "RANGES",
		    "from where: 192.0.2.0/24,... (default anywhere)", &r.from,
		    NULL },
		{ "days", 0, "N", "good for N days (default 365)", &days,
		    NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n > 0 && r.label == NULL) {
		r.label = operand[0];
		operand++;
		n--;
	}
	if (n != 0)
		return cmd_usage(self, "'%s' is too much", operand[0]);
	if (r.label == NULL)
		return cmd_usage(self, "say which program it is: its LABEL");
	if (r.scope == NULL)
		return cmd_usage(self,
		    "say what it may do with --scope, as "
		    "evidence.list,evidence.show");
	if (days != NULL &&
	    !sp_parse_u64(days, strlen(days), 1, DAYS_MOST, &r.days))
		return cmd_usage(
		    self, "--days is a number, 1 to %d", DAYS_MOST);
	return with_client(self, &r, &common, add);
}

/* ---- service list ---- */

static void
add_list(struct present_table *t, const json_t *list)
{
	SP_AUTO_BUF text = sp_buf_new(4096);
	char cell[PRESENT_CELL_MAX];

	for (size_t i = 0; i < json_array_size(list); i++)
		sp_buf_fmt(&text, "%s%s", i == 0 ? "" : ",",
		    json_string_value(json_array_get(list, i)));
	(void)cmd_present_clean(sp_buf_str(&text), cell, sizeof(cell));
	cmd_present_table_add(t, cell);
}

static void
add_row(struct present_table *t, const json_t *service)
{
	static const char *const member[] = { "id", "label", "used_at",
		"expires_at", "revoked_at" };
	char cell[PRESENT_CELL_MAX];

	for (size_t i = 0; i < SP_COUNTOF(member); i++) {
		(void)cmd_present_member(
		    service, member[i], cell, sizeof(cell));
		if (i >= 2 && strlen(cell) > 19)
			cell[19] = '\0'; /* times to the second */
		cmd_present_table_add(t, cell);
	}
	cmd_present_table_add(t,
	    json_is_true(json_object_get(service, "void")) ? "rotate it" : "-");
	add_list(t, json_object_get(service, "ranges"));
	add_list(t, json_object_get(service, "scope"));
}

static enum sp_code
list(struct run *r, struct sp_err *err)
{
	static const char *const head[] = { "ID", "LABEL", "USED (UTC)",
		"EXPIRES", "REVOKED", "VOID", "FROM", "SCOPE", NULL };
	PRESENT_AUTO_TABLE t = cmd_present_table_new(head);
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON page = NULL;

	SP_TRY(client_site_path(&r->client.site, &path, err, "services"));
	SP_TRY(client_site_get_json(
	    &r->client.site, sp_buf_str(&path), &page, err));
	const json_t *items = json_object_get(page, "items");

	if (!json_is_array(items))
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has no 'items'");
	for (size_t i = 0; i < json_array_size(items); i++) {
		if (r->json)
			SP_TRY(cmd_present_json(json_array_get(items, i), err));
		else
			add_row(&t, json_array_get(items, i));
	}
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
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 0)
		return cmd_usage(self, "'%s' is too much", operand[0]);
	return with_client(self, &r, &common, list);
}

/* ---- service rotate, service revoke ---- */

static enum sp_code
rotate(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON made = NULL;
	SITE_AUTO_JSON wish =
	    json_pack("{s:I}", "overlap_hours", (json_int_t)r->overlap);

	if (wish == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a request");
	SP_TRY(client_site_path(
	    &r->client.site, &path, err, "services/%s/secrets", r->id));
	SP_TRY(client_site_send_json(
	    &r->client.site, "POST", sp_buf_str(&path), wish, &made, err));
	return show_secret(r, made, err);
}

static int
one_id(const struct cmd *self, struct run *r, char **operand, size_t n)
{
	struct sp_err err;

	if (n != 1 || cmd_client_id(operand[0], &err) != SP_OK)
		return cmd_usage(self,
		    "one service id is wanted, as 'service list' shows it");
	r->id = operand[0];
	return CMD_DONE;
}

static int
run_rotate(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .overlap = 24 };
	const char *overlap = NULL;
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "overlap", 0, "HOURS",
		    "how long the old secret is still good (default 24)",
		    &overlap, NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code == CMD_DONE)
		code = one_id(self, &r, operand, n);
	if (code != CMD_DONE)
		return code;
	if (overlap != NULL &&
	    !sp_parse_u64(
		overlap, strlen(overlap), 0, OVERLAP_MOST, &r.overlap))
		return cmd_usage(
		    self, "--overlap is hours, 0 to %d", OVERLAP_MOST);
	return with_client(self, &r, &common, rotate);
}

static enum sp_code
revoke(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON answer = NULL;

	SP_TRY(client_site_path(
	    &r->client.site, &path, err, "services/%s", r->id));
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
	char **operand;
	size_t n;
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code == CMD_DONE)
		code = one_id(self, &r, operand, n);
	if (code != CMD_DONE)
		return code;
	return with_client(self, &r, &common, revoke);
}

int
cmd_service_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "service add", "LABEL",
		    "add a service account; its secret is shown once", run_add,
		    false },
		{ "service list", "", "the agency's service accounts", run_list,
		    false },
		{ "service rotate", "ID", "give a service another secret",
		    run_rotate, false },
		{ "service revoke", "ID",
		    "make a service and its tokens void at once", run_revoke,
		    false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
