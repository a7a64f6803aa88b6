#include "cmd/client.h"
#include "cmd/table.h"

#include <string.h>

/* "size: 1234": every member in the site's order, nested ones as JSON. */
static enum sp_code
print_item(json_t *item, struct sp_err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(item, name, value)
	{
		char label[64];
		char text[2048];

		(void)cmd_present_clean(name, label, sizeof(label));
		if (json_is_object(value) || json_is_array(value)) {
			char *nested =
			    json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);

			(void)cmd_present_clean(
			    nested == NULL ? "-" : nested, text, sizeof(text));
			free(nested);
		} else {
			(void)cmd_present_member(
			    item, name, text, sizeof(text));
		}
		(void)printf("%-14s  %s\n", label, text);
	}
	return cmd_present_flush(err);
}

static enum sp_code
show(struct client *c, const char *id, bool json, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON item = NULL;

	SP_TRY(client_site_path(&c->site, &path, err, "evidence/%s", id));
	SP_TRY(client_site_get_json(&c->site, sp_buf_str(&path), &item, err));
	return json ? cmd_present_json(item, err) : print_item(item, err);
}

static int
run_show(
    const struct cmd *self, const struct client_options *common, const char *id)
{
	struct sp_err err = { .code = SP_OK };
	struct client c;
	enum sp_code code;

	if (cmd_client_open(&c, self, common, &err) != SP_OK)
		return cmd_client_fail(self, &err);
	code = show(&c, id, common->json, &err);
	cmd_client_done(&c);
	return code == SP_OK ? CMD_DONE : cmd_client_fail(self, &err);
}

int
cmd_show_run(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	const char *id = NULL;
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_client_parse_id(
	    self, option, SP_COUNTOF(option), argc, argv, &id);

	if (code != CMD_DONE)
		return code;
	return run_show(self, &common, id);
}
