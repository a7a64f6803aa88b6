#include "cmd/client.h"

#include "base/id.h"
#include "client/curl.h"
#include "cmd/device_key.h"
#include "people/agency.h"

#include <stdarg.h>
#include <string.h>

/* Said wrongly, or not said at all: exit code 2. */
static const char said_wrong[] = "settings";

/* Which agency does the token belong to? */
static enum sp_code
ask_agency(struct client *c, struct sp_err *err)
{
	SITE_AUTO_JSON j = NULL;
	const char *slug = NULL;

	if (client_settings_token(&c->settings) == NULL)
		return sp_fail_as(err, SP_E_INVALID, said_wrong,
		    "no agency: give --agency SLUG or set SALLYPORT_AGENCY "
		    "(or SALLYPORT_TOKEN, which tells)");
	SP_TRY(client_site_get_json(&c->site, "/v1/token", &j, err));
	SP_TRY(client_site_json_text(j, "agency", &slug, err));
	if (!sp_slug_ok(slug))
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site names an agency that is none");
	sp_buf_text(&c->site.agency, slug);
	return sp_buf_check(&c->site.agency, "agency", err);
}

static enum sp_code
connect_to(struct client *c, struct sp_err *err)
{
	struct site_transport *t = NULL;

	SP_TRY(client_curl_new(&t, &c->settings, err));
	SP_TRY(client_site_init(
	    &c->site, t, sp_buf_str(&c->settings.agency), err));
	if (c->site.agency.len == 0)
		SP_TRY(ask_agency(c, err));
	cmd_client_renew(&c->settings, &c->site);
	return SP_OK;
}

/* While the old certificate is good, nothing depends on a new one. */
void
cmd_client_renew(const struct settings *s, struct site_client *site)
{
	struct sp_err err = { .code = SP_OK };
	bool renewed = false;

	if (s->device.len == 0)
		return;
	if (cmd_device_key_renew(
		site, sp_buf_str(&s->device), &renewed, &err) != SP_OK)
		(void)fprintf(stderr,
		    "sallyport: this device's certificate ends soon and was "
		    "not "
		    "renewed: %s\n",
		    err.text);
}

enum sp_code
cmd_client_open(struct client *out, const struct cmd *self,
    const struct client_options *o, struct sp_err *err)
{
	struct client c = { .self = self, .json = o->json };
	struct settings_options said = {
		.site = o->site,
		.ca = o->ca,
		.agency = o->agency,
		.device = o->device,
	};
	enum sp_code code;

	err->reason = NULL;
	code = client_settings_load(&c.settings, &said, err);
	if (code == SP_E_INVALID)
		err->reason = said_wrong;
	SP_TRY(code);
	code = connect_to(&c, err);
	if (code != SP_OK) {
		cmd_client_done(&c);
		return code;
	}
	*out = c;
	return SP_OK;
}

enum sp_code
cmd_client_as(struct client *c, const char *text, struct sp_err *err)
{
	SP_AUTO_BUF agency = sp_buf_new(SP_SLUG_MAX + 1);
	struct site_transport *t = NULL;

	sp_buf_text(&agency, sp_buf_str(&c->site.agency));
	SP_TRY(sp_buf_check(&agency, "agency", err));
	SP_TRY(client_settings_speak_as(&c->settings, text, err));
	SP_TRY(client_curl_new(&t, &c->settings, err));
	client_site_done(&c->site);
	return client_site_init(&c->site, t, sp_buf_str(&agency), err);
}

void
cmd_client_done(struct client *c)
{
	client_site_done(&c->site);
	client_settings_done(&c->settings);
}

int
cmd_client_exit(const struct sp_err *err)
{
	if (err->reason == said_wrong)
		return CMD_USAGE;
	if (err->reason == client_site_refused)
		return CMD_REFUSED;
	if (err->reason == client_site_unreachable ||
	    err->reason == client_site_no_tls)
		return CMD_UNREACHABLE;
	return CMD_CHECK_FAILED;
}

int
cmd_client_fail(const struct cmd *self, const struct sp_err *err)
{
	(void)cmd_fail(self, err);
	return cmd_client_exit(err);
}

int
cmd_client_one_id(
    const struct cmd *self, const char *wanted, char *const *operand, size_t n)
{
	struct sp_err err;

	if (n == 1 && cmd_client_id(operand[0], &err) == SP_OK)
		return CMD_DONE;
	if (wanted != NULL)
		return cmd_usage(self, "%s", wanted);
	return n == 1 ? cmd_usage(self, "%s", err.text)
		      : cmd_usage(self, "one id is wanted");
}

int
cmd_client_with(const struct cmd *self, const struct client_options *common,
    cmd_client_act act, void *arg)
{
	struct sp_err err = { .code = SP_OK };
	struct client client;
	enum sp_code code;

	if (cmd_client_open(&client, self, common, &err) != SP_OK)
		return cmd_client_fail(self, &err);
	code = act(&client, arg, &err);
	cmd_client_done(&client);
	return code == SP_OK ? CMD_DONE : cmd_client_fail(self, &err);
}

int
cmd_client_run(
    const struct cmd *self, int argc, char **argv, cmd_client_act act)
{
	struct client_options common = { 0 };
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_parse_none(self, option, SP_COUNTOF(option), argc, argv);

	return code == CMD_DONE ? cmd_client_with(self, &common, act, NULL)
				: code;
}

int
cmd_client_run_id(const struct cmd *self, const char *wanted, int argc,
    char **argv, cmd_client_act act)
{
	struct client_options common = { 0 };
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	char **operand;
	size_t n;
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code == CMD_DONE)
		code = cmd_client_one_id(self, wanted, operand, n);
	return code == CMD_DONE
	    ? cmd_client_with(self, &common, act, operand[0])
	    : code;
}

enum sp_code
cmd_client_id(const char *s, struct sp_err *err)
{
	struct sp_id id;

	if (!sp_id_parse(s, strlen(s), &id))
		return sp_fail(err, SP_E_INVALID,
		    "'%.60s' is no id (36 characters, as a 'list' shows "
		    "them)",
		    s);
	return SP_OK;
}

int
cmd_client_parse_id(const struct cmd *self, const struct cmd_option *option,
    size_t options, int argc, char **argv, const char **id)
{
	char **operand;
	size_t n;
	int code = cmd_parse(self, option, options, argc, argv, &operand, &n);

	if (code == CMD_DONE)
		code = cmd_client_one_id(self, NULL, operand, n);
	if (code == CMD_DONE)
		*id = operand[0];
	return code;
}

/* Most of a path: ids, logins and names of routes. */
#define PATH_BYTES ((size_t)1024)

SP_PRINTF(4, 0)
static enum sp_code
path_from(struct client *c, struct sp_buf *path, struct sp_err *err,
    const char *fmt, va_list ap)
{
	SP_AUTO_BUF below = sp_buf_new(PATH_BYTES);

	sp_buf_vfmt(&below, fmt, ap);
	SP_TRY(sp_buf_check(&below, "path", err));
	return client_site_path(&c->site, path, err, "%s", sp_buf_str(&below));
}

enum sp_code
cmd_client_get(
    struct client *c, json_t **out, struct sp_err *err, const char *fmt, ...)
{
	SP_AUTO_BUF path = sp_buf_new(2 * PATH_BYTES);
	va_list ap;

	va_start(ap, fmt);
	enum sp_code code = path_from(c, &path, err, fmt, ap);
	va_end(ap);
	SP_TRY(code);
	return client_site_get_json(&c->site, sp_buf_str(&path), out, err);
}

enum sp_code
cmd_client_send(struct client *c, const char *method, const json_t *body,
    json_t **out, struct sp_err *err, const char *fmt, ...)
{
	SP_AUTO_BUF path = sp_buf_new(2 * PATH_BYTES);
	va_list ap;

	va_start(ap, fmt);
	enum sp_code code = path_from(c, &path, err, fmt, ap);
	va_end(ap);
	SP_TRY(code);
	return client_site_send_json(
	    &c->site, method, sp_buf_str(&path), body, out, err);
}

enum sp_code
cmd_client_insist(struct client *c, const struct site_request *rq,
    struct site_answer *an, struct sp_err *err)
{
	struct site_patience patience = client_site_patience_new(&c->site);

	for (;;) {
		SP_TRY(client_site_once(&c->site, rq, an, err));
		if (an->status == 200)
			return SP_OK;
		bool again = client_site_passing(SP_OK, an, err);
		enum sp_code code = client_site_answer_fail(an, err);

		if (!again)
			return code;
		SP_TRY(client_site_patience_wait(
		    &patience, &c->site, an, err, err));
	}
}

enum sp_code
cmd_client_say_done(const struct client *c, const char *key, const char *what,
    const char *done, struct sp_err *err)
{
	if (c->json) {
		SITE_AUTO_JSON j = json_pack("{s:s, s:b}", key, what, done, 1);

		return cmd_present_json(j, err);
	}
	(void)printf("%s %s\n", what, done);
	return cmd_present_flush(err);
}
