#include "base/file.h"
#include "client/curl.h"
#include "cmd/device_key.h"
#include "cmd/listing.h"
#include "cmd/table.h"
#include "crypto/secret.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define DAYS_MOST    90 /* the API's */
#define MINUTES_MOST 1440
#define CODE_MAX     128

/* What a subcommand of `device` wants done. */
struct run {
	const char *label;
	uint64_t days, minutes;
};

/* ---- device add ---- */

static enum sp_code
add(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON made = NULL;
	const char *code = NULL;
	char clean[256];
	SITE_AUTO_JSON wish =
	    json_pack("{s:s, s:I, s:I}", "label", r->label, "valid_days",
		(json_int_t)r->days, "code_minutes", (json_int_t)r->minutes);

	if (wish == NULL)
		return sp_fail(
		    err, SP_E_INVALID, "the name is not proper UTF-8");
	SP_TRY(cmd_client_send(c, "POST", wish, &made, err, "devices"));
	SP_TRY(client_site_json_text(made, "code", &code, err));
	if (c->json)
		return cmd_present_json(made, err);
	(void)cmd_present_clean(code, clean, sizeof(clean));
	(void)printf("%s\n", clean);
	bool hours = r->minutes % 60 == 0 && r->minutes > 60;

	(void)fprintf(stderr,
	    "this is the only time it is shown; on the device, within %" PRIu64
	    " %s:\n  sallyport device enrol --site %s --code CODE\n",
	    hours ? r->minutes / 60 : r->minutes, hours ? "hours" : "minutes",
	    sp_buf_str(&c->settings.site));
	return cmd_present_flush(err);
}

static int
run_add(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .days = DAYS_MOST, .minutes = MINUTES_MOST };
	const char *days = NULL, *minutes = NULL;
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "days", 0, "N", "a certificate holds N days (default 90)",
		    &days, NULL },
		{ "minutes", 0, "N", "the code holds N minutes (1440, a day)",
		    &minutes, NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 1)
		return cmd_usage(self, "the device's name is wanted");
	r.label = operand[0];
	code = cmd_parse_number(self, "days", days, 1, DAYS_MOST, &r.days);
	if (code == CMD_DONE)
		code = cmd_parse_number(
		    self, "minutes", minutes, 1, MINUTES_MOST, &r.minutes);
	return code == CMD_DONE ? cmd_client_with(self, &common, add, &r)
				: code;
}

/* ---- device list, show ---- */

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	static const struct listing devices = {
		.column = { { "ID", "id", NULL }, { "NAME", "label", NULL },
		    { "STATE", "state", NULL },
		    { "ENROLLED (UTC)", "enrolled_at", cmd_present_time },
		    { "EXPIRES", "expires_at", cmd_present_time },
		    { "REVOKED", "revoked_at", cmd_present_time } },
	};
	SP_AUTO_BUF path = sp_buf_new(512);

	(void)arg;
	SP_TRY(client_site_path(&c->site, &path, err, "devices"));
	client_site_query(&path, "limit", "500");
	return cmd_listing_show(c, &devices, sp_buf_str(&path), err);
}

static int
run_list(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run(self, argc, argv, list);
}

static enum sp_code
show(struct client *c, void *arg, struct sp_err *err)
{
	static const char *const member[] = { "id", "label", "state",
		"created_at", "code_expires_at", "enrolled_at", "expires_at",
		"revoked_at", "certificate", "valid_days" };
	const char *id = arg;
	SITE_AUTO_JSON device = NULL;
	char cell[PRESENT_CELL_MAX];

	SP_TRY(cmd_client_get(c, &device, err, "devices/%s", id));
	if (c->json)
		return cmd_present_json(device, err);
	for (size_t i = 0; i < SP_COUNTOF(member); i++) {
		(void)cmd_present_member(device, member[i], cell, sizeof(cell));
		(void)printf("%-16s %s\n", member[i], cell);
	}
	return cmd_present_flush(err);
}

static const char one_device[] =
    "one device's id is wanted, as 'device list' shows it";

static int
run_show(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run_id(self, one_device, argc, argv, show);
}

/* ---- device revoke ---- */

static enum sp_code
revoke_device(struct client *c, void *arg, struct sp_err *err)
{
	const char *id = arg;
	SITE_AUTO_JSON device = NULL;

	SP_TRY(cmd_client_send(
	    c, "POST", NULL, &device, err, "devices/%s/revoke", id));
	return cmd_client_say_done(c, "id", id, "revoked", err);
}

static int
run_revoke(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run_id(self, one_device, argc, argv, revoke_device);
}

/* ---- device enrol: on the device ---- */

/* So that `put` and `dock` find the site without being told; what is there
 * already stays. */
static enum sp_code
remember(const char *name, const void *bytes, size_t len, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(4096);

	SP_TRY(client_settings_config_path(name, &path, err));
	if (access(sp_buf_str(&path), F_OK) == 0)
		return SP_OK;
	return sp_file_replace(
	    AT_FDCWD, sp_buf_str(&path), bytes, len, 0600, err);
}

static enum sp_code
remember_all(
    const struct settings *s, const struct device_got *got, struct sp_err *err)
{
	SP_AUTO_BUF ca = sp_buf_new((size_t)1 << 20);

	SP_TRY(remember("site", s->site.at, s->site.len, err));
	SP_TRY(remember("agency", got->agency, strlen(got->agency), err));
	if (s->ca.len == 0)
		return SP_OK;
	SP_TRY(sp_file_read(AT_FDCWD, sp_buf_str(&s->ca), &ca, err));
	return remember("ca.pem", ca.at, ca.len, err);
}

static enum sp_code
say(const struct device_got *got, bool json, struct sp_err *err)
{
	if (json) {
		SITE_AUTO_JSON j = json_pack("{s:s, s:s, s:s}", "agency",
		    got->agency, "id", got->id, "expires_at", got->expires);

		return cmd_present_json(j, err);
	}
	(void)printf("%s, a device of %s, until %s\n", got->id, got->agency,
	    got->expires);
	return cmd_present_flush(err);
}

static enum sp_code
enrol(const struct client_options *common, const char *code, struct sp_err *err)
{
	const struct settings_options said = {
		.site = common->site,
		.ca = common->ca,
		.agency = common->agency,
	};
	SETTINGS_AUTO s = { .token = NULL };
	SITE_AUTO_CLIENT site = { .t = NULL };
	SP_AUTO_BUF path = sp_buf_new(4096);
	struct site_transport *t = NULL;
	struct device_got got;
	enum sp_code done;

	SP_TRY(client_settings_load(&s, &said, err));
	SP_TRY(client_curl_new(&t, &s, err));
	SP_TRY(client_site_init(&site, t, "", err));
	SP_TRY(client_settings_config_path("device.pem", &path, err));
	done = cmd_device_key_enrol(&site, sp_buf_str(&path), code, &got, err);
	SP_TRY(done);
	SP_TRY(remember_all(&s, &got, err));
	return say(&got, common->json, err);
}

/* "-": the first line of standard input, for whom an argument is too public. */
static enum sp_code
read_code(const char *said, char out[static CODE_MAX], struct sp_err *err)
{
	size_t len;

	if (strcmp(said, "-") == 0) {
		if (fgets(out, CODE_MAX, stdin) == NULL)
			return sp_fail(
			    err, SP_E_INVALID, "no code on standard input");
	} else {
		(void)snprintf(out, CODE_MAX, "%s", said);
	}
	len = strlen(out);
	while (len > 0 && isspace((unsigned char)out[len - 1]))
		out[--len] = '\0';
	return SP_OK;
}

static int
run_enrol(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	const char *said = NULL;
	char code[CODE_MAX] = "";
	CRYPTO_WIPE_ON_EXIT(code);
	struct sp_err err = { .code = SP_OK };
	const struct cmd_option option[] = {
		{ "code", 0, "CODE",
		    "the one-time code, or - for standard input", &said, NULL },
		CLIENT_OPTIONS(common),
	};
	int rc = cmd_parse_none(self, option, SP_COUNTOF(option), argc, argv);

	if (rc != CMD_DONE)
		return rc;
	if (said == NULL)
		return cmd_usage(
		    self, "give the code of 'device add' with --code");
	if (read_code(said, code, &err) != SP_OK ||
	    enrol(&common, code, &err) != SP_OK)
		return cmd_client_fail(self, &err);
	return CMD_DONE;
}

/* ---- device rotate: on the device ---- */

static enum sp_code
rotate(struct client *c, void *arg, struct sp_err *err)
{
	struct device_got got;

	(void)arg;
	if (c->settings.device.len == 0)
		return sp_fail(err, SP_E_NOTFOUND,
		    "this is no enrolled device, or SALLYPORT_TOKEN speaks for "
		    "it: see 'device enrol'");
	SP_TRY(cmd_device_key_rotate(
	    &c->site, sp_buf_str(&c->settings.device), &got, err));
	return say(&got, c->json, err);
}

static int
run_rotate(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { .device = true };
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_parse_none(self, option, SP_COUNTOF(option), argc, argv);

	return code == CMD_DONE ? cmd_client_with(self, &common, rotate, NULL)
				: code;
}

int
cmd_device_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "device add", "NAME", "a code by which it enrols once",
		    run_add, false },
		{ "device list", "", "the agency's devices", run_list, false },
		{ "device show", "ID", "one of them", run_show, false },
		{ "device revoke", "ID", "cut one off at once", run_revoke,
		    false },
		{ "device enrol", "", "on the device: get its certificate",
		    run_enrol, false },
		{ "device rotate", "", "on the device: renew its certificate",
		    run_rotate, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
