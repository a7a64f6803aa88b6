#include "cmd/people.h"
#include "cmd/shares.h"
#include "cmd/table.h"
#include "crypto/secret.h"

#include <string.h>

/* What a subcommand of `recovery` wants done. */
struct run {
	struct client client;
	char **custodian;
	size_t custodians;
	const char *id;
	bool json;
};

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

/* "name  value" of a member of an answer. */
static void
line(const json_t *from, const char *member, const char *name)
{
	char cell[PRESENT_CELL_MAX];

	(void)cmd_present_member(from, member, cell, sizeof(cell));
	(void)printf("%-10s %s\n", name, cell);
}

static enum sp_code
send(struct run *r, const json_t *body, const char *path, json_t **out,
    struct sp_err *err)
{
	SP_AUTO_BUF full = sp_buf_new(512);

	SP_TRY(client_site_path(&r->client.site, &full, err, "%s", path));
	return client_site_send_json(
	    &r->client.site, "POST", sp_buf_str(&full), body, out, err);
}

/* ---- recovery prepare ---- */

static enum sp_code
prepare(struct run *r, struct sp_err *err)
{
	SITE_AUTO_JSON list = json_array();
	SITE_AUTO_JSON made = NULL;

	for (size_t i = 0; i < r->custodians; i++)
		if (json_array_append_new(list, json_string(r->custodian[i])) !=
		    0)
			return sp_fail(err, SP_E_NOMEM, "no memory");
	SITE_AUTO_JSON body = json_pack("{s:O}", "custodians", list);

	SP_TRY(send(r, body, "recovery/shares", &made, err));
	if (r->json)
		return cmd_present_json(made, err);
	const json_t *shares = json_object_get(made, "shares");

	for (size_t i = 0; i < json_array_size(shares); i++) {
		line(json_array_get(shares, i), "custodian", "custodian");
		line(json_array_get(shares, i), "share", "share");
		(void)printf("\n");
	}
	(void)fprintf(stderr,
	    "this is the only time they are shown: print each on a sheet of "
	    "its own, seal it, and hand it to its custodian; any two of them "
	    "make an administrator\n");
	return cmd_present_flush(err);
}

static int
run_prepare(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .json = false };
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_parse(self, option, SP_COUNTOF(option), argc, argv,
	    &r.custodian, &r.custodians);

	if (code != CMD_DONE)
		return code;
	if (r.custodians < 2)
		return cmd_usage(self,
		    "two or more persons are wanted; three are better, "
		    "since two are needed");
	for (size_t i = 0; i < r.custodians; i++)
		if (!cmd_people_ok(r.custodian[i]))
			return cmd_usage(
			    self, "'%s' is no id or login", r.custodian[i]);
	return with_client(self, &r, &common, prepare);
}

/* ---- recovery begin, recovery confirm ---- */

static enum sp_code
hand_in(struct run *r, const char *path, json_t **answer, struct sp_err *err)
{
	char share[1][GATE_TEXT_MAX] = { "" };
	CRYPTO_WIPE_ON_EXIT(share);

	SP_TRY(cmd_shares_read(share, 1, err));
	SITE_AUTO_JSON body = json_pack("{s:s}", "share", share[0]);

	if (body == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory");
	return send(r, body, path, answer, err);
}

static enum sp_code
begin(struct run *r, struct sp_err *err)
{
	SITE_AUTO_JSON answer = NULL;

	SP_TRY(hand_in(r, "recovery", &answer, err));
	if (r->json)
		return cmd_present_json(answer, err);
	line(answer, "id", "recovery");
	line(answer, "expires_at", "until");
	(void)fprintf(
	    stderr, "now another custodian: sallyport recovery confirm ID\n");
	return cmd_present_flush(err);
}

static int
run_begin(const struct cmd *self, int argc, char **argv)
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
		return cmd_usage(self, "the share is read from standard input");
	return with_client(self, &r, &common, begin);
}

static enum sp_code
confirm(struct run *r, struct sp_err *err)
{
	SITE_AUTO_JSON answer = NULL;
	char path[80];

	(void)snprintf(path, sizeof(path), "recovery/%s/confirm", r->id);
	SP_TRY(hand_in(r, path, &answer, err));
	if (r->json)
		return cmd_present_json(answer, err);
	line(answer, "token", "token");
	line(answer, "expires_at", "until");
	(void)fprintf(stderr,
	    "an administrator's, shown this once: add a person with it, and "
	    "make new shares, for these are spent\n");
	return cmd_present_flush(err);
}

static int
run_confirm(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .json = false };
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	struct sp_err err;
	char **operand;
	size_t n;
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 1 || cmd_client_id(operand[0], &err) != SP_OK)
		return cmd_usage(self,
		    "one id is wanted, as 'recovery begin' told it; the share "
		    "is read from standard input");
	r.id = operand[0];
	return with_client(self, &r, &common, confirm);
}

/* ---- recovery show ---- */

static enum sp_code
show(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON state = NULL;

	SP_TRY(client_site_path(&r->client.site, &path, err, "recovery"));
	SP_TRY(client_site_get_json(
	    &r->client.site, sp_buf_str(&path), &state, err));
	if (r->json)
		return cmd_present_json(state, err);
	const json_t *list = json_object_get(state, "custodians");

	line(state, "made_at", "made");
	for (size_t i = 0; i < json_array_size(list); i++) {
		char cell[64];

		(void)cmd_present_clean(
		    json_string_value(json_array_get(list, i)), cell,
		    sizeof(cell));
		(void)printf("custodian  %s\n", cell);
	}
	if (json_is_object(json_object_get(state, "open")))
		line(json_object_get(state, "open"), "id", "open");
	if (json_array_size(list) < 2)
		(void)printf("no two shares: sallyport recovery prepare\n");
	return cmd_present_flush(err);
}

static int
run_show(const struct cmd *self, int argc, char **argv)
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
	return with_client(self, &r, &common, show);
}

int
cmd_recovery_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "recovery prepare", "PERSON...",
		    "make a share for each custodian; two are needed",
		    run_prepare, false },
		{ "recovery begin", "",
		    "hand in one's own share, from standard input", run_begin,
		    false },
		{ "recovery confirm", "ID",
		    "hand in another custodian's: an administrator's token",
		    run_confirm, false },
		{ "recovery show", "", "who holds shares", run_show, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
