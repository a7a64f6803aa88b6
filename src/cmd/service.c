#include "base/parse.h"
#include "cmd/listing.h"
#include "cmd/table.h"
#include "cmd/wish.h"

#include <inttypes.h>
#include <string.h>

/* What a subcommand of `service` wants done. */
struct run {
	const char *label, *scope, *from;
	uint64_t days, overlap;
	const char *id;
};

#define DAYS_MOST    366 /* the API's */
#define OVERLAP_MOST 720

/* Print what is shown this once. */
static enum sp_code
show_secret(const struct client *c, const json_t *made, struct sp_err *err)
{
	const char *id = NULL, *secret = NULL;
	char clean[256];

	SP_TRY(client_site_json_text(made, "client_id", &id, err));
	SP_TRY(client_site_json_text(made, "client_secret", &secret, err));
	if (c->json)
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
add(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON made = NULL;
	SITE_AUTO_JSON wish = json_pack("{s:s, s:o, s:o, s:I}", "label",
	    r->label, "scope", cmd_wish_words(r->scope), "ranges",
	    cmd_wish_words(r->from), "expires_in_days", (json_int_t)r->days);

	if (wish == NULL)
		return sp_fail(
		    err, SP_E_INVALID, "the label is not proper UTF-8");
	SP_TRY(cmd_client_send(c, "POST", wish, &made, err, "services"));
	return show_secret(c, made, err);
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
	code = cmd_parse_number(self, "days", days, 1, DAYS_MOST, &r.days);
	return code == CMD_DONE ? cmd_client_with(self, &common, add, &r)
				: code;
}

/* ---- service list ---- */

static void
show_void(const json_t *value, char *out, size_t room)
{
	(void)snprintf(
	    out, room, "%s", json_is_true(value) ? "rotate it" : "-");
}

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	static const struct listing services = {
		.column = { { "ID", "id", NULL }, { "LABEL", "label", NULL },
		    { "USED (UTC)", "used_at", cmd_present_time },
		    { "EXPIRES", "expires_at", cmd_present_time },
		    { "REVOKED", "revoked_at", cmd_present_time },
		    { "VOID", "void", show_void },
		    { "FROM", "ranges", cmd_present_texts },
		    { "SCOPE", "scope", cmd_present_texts } },
	};

	(void)arg;
	return cmd_listing_show_at(c, &services, "services", err);
}

static int
run_list(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run(self, argc, argv, list);
}

/* ---- service rotate, service revoke ---- */

static const char one_service[] =
    "one service id is wanted, as 'service list' shows it";

static enum sp_code
rotate(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON made = NULL;
	SITE_AUTO_JSON wish =
	    json_pack("{s:I}", "overlap_hours", (json_int_t)r->overlap);

	if (wish == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a request");
	SP_TRY(cmd_client_send(
	    c, "POST", wish, &made, err, "services/%s/secrets", r->id));
	return show_secret(c, made, err);
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
		code = cmd_client_one_id(self, one_service, operand, n);
	if (code != CMD_DONE)
		return code;
	r.id = operand[0];
	if (overlap != NULL &&
	    !sp_parse_u64(
		overlap, strlen(overlap), 0, OVERLAP_MOST, &r.overlap))
		return cmd_usage(
		    self, "--overlap is hours, 0 to %d", OVERLAP_MOST);
	return cmd_client_with(self, &common, rotate, &r);
}

static enum sp_code
revoke(struct client *c, void *arg, struct sp_err *err)
{
	const char *id = arg;
	SITE_AUTO_JSON none = NULL;

	SP_TRY(
	    cmd_client_send(c, "DELETE", NULL, &none, err, "services/%s", id));
	return cmd_client_say_done(c, "id", id, "revoked", err);
}

static int
run_revoke(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run_id(self, one_service, argc, argv, revoke);
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
