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
			char *nested = json_dumps(value,
			    JSON_COMPACT | JSON_ENSURE_ASCII |
				JSON_REAL_PRECISION(12));

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

/* What a worker found (docs/media.md): the file's own claims, and its streams a
 * line each. */
static enum sp_code
print_media(json_t *media, struct sp_err *err)
{
	SITE_AUTO_JSON facts = json_incref(json_object_get(media, "facts"));
	const json_t *streams = json_object_get(facts, "streams");
	json_t *stream;
	size_t i;

	(void)json_object_del(media, "facts");
	SP_TRY(print_item(media, err));
	json_array_foreach(streams, i, stream)
	{
		char label[32];

		(void)snprintf(label, sizeof(label), "stream %zu", i + 1);
		(void)json_object_set(facts, label, stream);
	}
	(void)json_object_del(facts, "streams");
	return json_is_object(facts) ? print_item(facts, err) : SP_OK;
}

struct wish {
	const char *id;
	bool media;
};

static enum sp_code
show(struct client *c, void *arg, struct sp_err *err)
{
	const struct wish *w = arg;
	SITE_AUTO_JSON found = NULL;

	SP_TRY(cmd_client_get(
	    c, &found, err, "evidence/%s%s", w->id, w->media ? "/media" : ""));
	if (c->json)
		return cmd_present_json(found, err);
	return w->media ? print_media(found, err) : print_item(found, err);
}

int
cmd_show_run(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct wish w = { .id = NULL };
	const struct cmd_option option[] = {
		{ "media", 0, NULL, "what its media says of itself", NULL,
		    &w.media },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_client_parse_id(
	    self, option, SP_COUNTOF(option), argc, argv, &w.id);

	return code == CMD_DONE ? cmd_client_with(self, &common, show, &w)
				: code;
}
