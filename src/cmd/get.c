#include "client/receipt.h"
#include "cmd/client.h"
#include "cmd/download.h"
#include "cmd/output.h"
#include "cmd/table.h"

#include <inttypes.h>
#include <string.h>

struct run {
	struct client *client;
	struct log_memory log;
	const char *id;
	const char *path; /* or NULL: the item's own name */
	bool force;
	struct output output;
	struct receipt receipt;
	char sha256[65];
	uint64_t size;
	struct cmd_progress bar;
};

static void
on_progress(void *arg, uint64_t done)
{
	cmd_progress_at(arg, done);
}

/* What the site says of the item; `name` gets a safe file name. */
static enum sp_code
read_record(struct run *r, struct sp_buf *name, struct sp_err *err)
{
	SITE_AUTO_JSON item = NULL;
	const char *sha256 = NULL;
	const char *filename = NULL;

	SP_TRY(cmd_client_get(r->client, &item, err, "evidence/%s", r->id));
	SP_TRY(client_site_json_text(item, "sha256", &sha256, err));
	SP_TRY(client_site_json_text(item, "filename", &filename, err));
	SP_TRY(client_site_json_number(item, "size", &r->size, err));
	if (strlen(sha256) != 64 || strspn(sha256, "0123456789abcdef") != 64)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has no proper sha256");
	memcpy(r->sha256, sha256, sizeof(r->sha256));
	cmd_output_safe_name(filename, r->id, name);
	return sp_buf_check(name, "file name", err);
}

static enum sp_code
fetch(struct run *r, const char *path, struct sp_err *err)
{
	char label[80];

	SP_TRY(cmd_output_open(&r->output, path, r->force, err));
	(void)cmd_present_clean(path, label, sizeof(label));
	struct download d = { .id = r->id,
		.size = r->size,
		.sha256 = r->sha256,
		.fd = r->output.fd,
		.progress = on_progress,
		.progress_arg = &r->bar };

	cmd_progress_start(&r->bar, label, r->size);
	enum sp_code code = cmd_download_run(&r->client->site, &d, err);

	cmd_progress_end(&r->bar);
	return code;
}

static enum sp_code
say(const struct run *r, const char *path, struct sp_err *err)
{
	char name[PRESENT_CELL_MAX];
	char size[PRESENT_SIZE];

	if (r->client->json) {
		SITE_AUTO_JSON j =
		    json_pack("{s:s, s:s, s:s, s:I, s:o}", "file", path, "id",
			r->id, "sha256", r->sha256, "size", (json_int_t)r->size,
			"receipt", client_receipt_json(&r->receipt));

		return j == NULL
		    ? sp_fail(err, SP_E_INVALID, "the file's name is not UTF-8")
		    : cmd_present_json(j, err);
	}
	(void)cmd_present_clean(path, name, sizeof(name));
	cmd_present_size(r->size, size);
	(void)printf("%s  %s  sha256 %s  as sealed (entry %" PRIu64 ")\n", name,
	    size, r->sha256, r->receipt.index);
	return cmd_present_flush(err);
}

/* The record says what to expect, the bytes must be that, and the receipt
 * must be for them: only then does the file get its name. */
static enum sp_code
get(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF name = sp_buf_new(256);
	const char *path;

	SP_TRY(read_record(r, &name, err));
	SP_TRY(client_receipt_fetch(
	    &r->receipt, &r->client->site, &r->log, r->id, err));
	SP_TRY(client_receipt_covers(&r->receipt, r->sha256, r->size, err));
	path = r->path == NULL ? sp_buf_str(&name) : r->path;
	SP_TRY(fetch(r, path, err));
	SP_TRY(cmd_output_keep(&r->output, err));
	return say(r, path, err);
}

static enum sp_code
get_with_log(struct client *c, void *arg, struct sp_err *err)
{
	struct run *r = arg;
	enum sp_code code;

	r->client = c;
	r->receipt = client_receipt_new();
	code = client_log_memory_open(
	    &r->log, &c->settings, sp_buf_str(&c->site.agency), err);
	if (code == SP_OK)
		code = get(r, err);
	cmd_output_done(&r->output);
	client_receipt_done(&r->receipt);
	client_log_memory_tell(&r->log);
	client_log_memory_done(&r->log);
	return code;
}

int
cmd_get_run(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .output = { .fd = -1, .dir = -1 } };
	const struct cmd_option option[] = {
		{ "output", 'o', "FILE",
		    "write to FILE (default: its own name)", &r.path, NULL },
		{ "force", 0, NULL, "replace FILE when it exists", NULL,
		    &r.force },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_client_parse_id(
	    self, option, SP_COUNTOF(option), argc, argv, &r.id);

	return code == CMD_DONE
	    ? cmd_client_with(self, &common, get_with_log, &r)
	    : code;
}
