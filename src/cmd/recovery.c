#include "cmd/names.h"
#include "cmd/people.h"
#include "cmd/shares.h"
#include "cmd/table.h"
#include "cmd/wish.h"
#include "crypto/secret.h"

#include <string.h>

/* Who is to hold the shares. */
struct run {
	char **custodian;
	size_t custodians;
};

/* "name  value" of a member of an answer. */
static void
line(const json_t *from, const char *member, const char *name)
{
	char cell[PRESENT_CELL_MAX];

	(void)cmd_present_member(from, member, cell, sizeof(cell));
	(void)printf("%-10s %s\n", name, cell);
}

/* Whom a sheet is for: "custodian  ann.lee, Ann Lee, ID". */
static void
print_custodian(struct names *names, const json_t *id)
{
	char who[NAMES_WHOLE];

	(void)printf("%-10s %s\n", "custodian",
	    cmd_names_whole(names, json_string_value(id), who));
}

/* ---- recovery prepare ---- */

static enum sp_code
prepare(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON made = NULL;
	SITE_AUTO_JSON body = json_pack(
	    "{s:o}", "custodians", cmd_wish_texts(r->custodian, r->custodians));

	if (body == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory");
	SP_TRY(cmd_client_send(c, "POST", body, &made, err, "recovery/shares"));
	if (c->json)
		return cmd_present_json(made, err);
	const json_t *shares = json_object_get(made, "shares");
	NAMES_AUTO names = cmd_names_new(c);

	for (size_t i = 0; i < json_array_size(shares); i++) {
		const json_t *one = json_array_get(shares, i);

		print_custodian(&names, json_object_get(one, "custodian"));
		line(one, "share", "share");
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
	struct run r = { .custodians = 0 };
	const char *who = NULL;
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_parse(self, option, SP_COUNTOF(option), argc, argv,
	    &r.custodian, &r.custodians);

	if (code != CMD_DONE)
		return code;
	if (r.custodians < 2)
		return cmd_usage(self,
		    "two or more persons are wanted; three are better, "
		    "since two are needed");
	for (size_t i = 0; i < r.custodians; i++) {
		code = cmd_people_take(self, r.custodian[i], &who);
		if (code != CMD_DONE)
			return code;
		if (strcmp(who, "~") == 0) /* in place of "me", say */
			(void)memcpy(r.custodian[i], "~", 2);
	}
	return cmd_client_with(self, &common, prepare, &r);
}

/* ---- recovery begin, recovery confirm ---- */

static enum sp_code
hand_in(
    struct client *c, const char *where, json_t **answer, struct sp_err *err)
{
	char share[1][GATE_TEXT_MAX] = { "" };
	CRYPTO_WIPE_ON_EXIT(share);

	SP_TRY(cmd_shares_read(share, 1, err));
	SITE_AUTO_JSON body = json_pack("{s:s}", "share", share[0]);

	if (body == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory");
	return cmd_client_send(c, "POST", body, answer, err, "%s", where);
}

static enum sp_code
begin(struct client *c, void *arg, struct sp_err *err)
{
	SITE_AUTO_JSON answer = NULL;

	(void)arg;
	SP_TRY(hand_in(c, "recovery", &answer, err));
	if (c->json)
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
	char **operand;
	size_t n;
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 0)
		return cmd_usage(self, "the share is read from standard input");
	return cmd_client_with(self, &common, begin, NULL);
}

static enum sp_code
confirm(struct client *c, void *arg, struct sp_err *err)
{
	const char *id = arg;
	SITE_AUTO_JSON answer = NULL;
	char path[80];

	(void)snprintf(path, sizeof(path), "recovery/%s/confirm", id);
	SP_TRY(hand_in(c, path, &answer, err));
	if (c->json)
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
	return cmd_client_run_id(self,
	    "one id is wanted, as 'recovery begin' told it; the share is read "
	    "from standard input",
	    argc, argv, confirm);
}

/* ---- recovery show ---- */

static enum sp_code
show(struct client *c, void *arg, struct sp_err *err)
{
	SITE_AUTO_JSON state = NULL;

	(void)arg;
	SP_TRY(cmd_client_get(c, &state, err, "recovery"));
	if (c->json)
		return cmd_present_json(state, err);
	const json_t *list = json_object_get(state, "custodians");
	NAMES_AUTO names = cmd_names_new(c);

	line(state, "made_at", "made");
	for (size_t i = 0; i < json_array_size(list); i++)
		print_custodian(&names, json_array_get(list, i));
	if (json_is_object(json_object_get(state, "open")))
		line(json_object_get(state, "open"), "id", "open");
	if (json_array_size(list) < 2)
		(void)printf("no two shares: sallyport recovery prepare\n");
	return cmd_present_flush(err);
}

static int
run_show(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run(self, argc, argv, show);
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
