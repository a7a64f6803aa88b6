#include "bag/export.h"
#include "base/file.h"
#include "cmd/client.h"
#include "cmd/output.h"
#include "cmd/table.h"

#include <inttypes.h>
#include <string.h>

#define BODY_MAX 65536

struct run {
	struct client *client;
	const char *path;
	const char *format;
	char **id;
	size_t n;
	bool force;
	struct output output;
	uint64_t at;
	struct cmd_progress bar;
};

static const char *const formats[] = {
#define X(id, name, media) name,
	BAG_FORMATS(X)
#undef X
};

static const char *
format_named(const char *name)
{
	for (size_t i = 0; i < SP_COUNTOF(formats); i++)
		if (strcmp(name, formats[i]) == 0)
			return formats[i];
	return NULL;
}

/* By --format, else by the file's suffix. */
static int
choose_format(const struct cmd *self, struct run *r, const char *said)
{
	const char *dot = strrchr(r->path, '.');

	if (said != NULL)
		r->format = format_named(said);
	else if (dot != NULL)
		r->format = format_named(dot + 1);
	if (r->format != NULL)
		return CMD_DONE;
	return said != NULL
	    ? cmd_usage(self, "--format is 'zip' or 'tar'")
	    : cmd_usage(self, "name a .zip or .tar file, or say --format");
}

static enum sp_code
take(void *arg, const struct site_answer *an, const void *bytes, size_t len,
    struct sp_err *err)
{
	struct run *r = arg;

	(void)an;
	SP_TRY(sp_file_write_all(r->output.fd, bytes, len, err));
	r->at += len;
	cmd_progress_at(&r->bar, r->at);
	return SP_OK;
}

static enum sp_code
read_text(void *arg, uint64_t at, void *out, size_t room, size_t *got,
    struct sp_err *err)
{
	const struct sp_buf *b = arg;

	(void)err;
	*got = b->len - (size_t)at;
	*got = *got < room ? *got : room;
	memcpy(out, b->at + at, *got);
	return SP_OK;
}

/* {"format":"zip","items":["…"]}: ids and format were checked. */
static enum sp_code
write_wish(const struct run *r, struct sp_buf *out, struct sp_err *err)
{
	sp_buf_fmt(out, "{\"format\":\"%s\",\"items\":[", r->format);
	for (size_t i = 0; i < r->n; i++)
		sp_buf_fmt(out, "%s\"%s\"", i == 0 ? "" : ",", r->id[i]);
	sp_buf_text(out, "]}");
	return sp_buf_check(out, "list of items", err);
}

static enum sp_code
fetch(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SP_AUTO_BUF wish = sp_buf_new(65536);
	SITE_AUTO_ANSWER an = client_site_answer_new(BODY_MAX);
	struct site_sink sink = { .write = take, .arg = r };

	SP_TRY(client_site_path(&r->client->site, &path, err, "exports"));
	SP_TRY(write_wish(r, &wish, err));
	struct site_source body = {
		.read = read_text, .arg = &wish, .len = wish.len
	};
	struct site_request rq = { .method = "POST",
		.path = sp_buf_str(&path),
		.header = { "Content-Type: application/json" },
		.source = &body,
		.sink = &sink,
		.body_max = BODY_MAX };

	cmd_progress_start(&r->bar, "export", 0);
	/* An export is an act of its own in each item's custody: one that broke
	 * off is not silently asked for again. */
	enum sp_code code = cmd_client_insist(r->client, &rq, &an, err);

	cmd_progress_end(&r->bar);
	return code;
}

static enum sp_code
say(const struct run *r, struct sp_err *err)
{
	char name[PRESENT_CELL_MAX];
	char size[PRESENT_SIZE];

	if (r->client->json) {
		SITE_AUTO_JSON j = json_pack("{s:s, s:s, s:I, s:I}", "file",
		    r->path, "format", r->format, "items", (json_int_t)r->n,
		    "size", (json_int_t)r->at);

		return j == NULL
		    ? sp_fail(err, SP_E_INVALID, "the file's name is not UTF-8")
		    : cmd_present_json(j, err);
	}
	(void)cmd_present_clean(r->path, name, sizeof(name));
	cmd_present_size(r->at, size);
	(void)printf(
	    "%s  %s  %zu item%s\n", name, size, r->n, r->n == 1 ? "" : "s");
	(void)fprintf(stderr, "check it with: sallyport verify %s\n", name);
	return cmd_present_flush(err);
}

static enum sp_code
write_bag(struct run *r, struct sp_err *err)
{
	SP_TRY(cmd_output_open(&r->output, r->path, r->force, err));
	SP_TRY(fetch(r, err));
	if (r->at == 0)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site sent an empty archive");
	SP_TRY(cmd_output_keep(&r->output, err));
	return say(r, err);
}

static enum sp_code
write_or_leave(struct client *c, void *arg, struct sp_err *err)
{
	struct run *r = arg;
	enum sp_code code;

	r->client = c;
	code = write_bag(r, err);
	cmd_output_done(&r->output);
	return code;
}

static int
check_ids(const struct cmd *self, const struct run *r)
{
	struct sp_err err;

	if (r->n == 0)
		return cmd_usage(self, "no evidence id is named");
	if (r->n > BAG_EXPORT_ITEMS)
		return cmd_usage(
		    self, "a bag holds at most %d items", BAG_EXPORT_ITEMS);
	if (r->path == NULL)
		return cmd_usage(self, "say where to with -o FILE.zip");
	for (size_t i = 0; i < r->n; i++)
		if (cmd_client_id(r->id[i], &err) != SP_OK)
			return cmd_usage(self, "%s", err.text);
	return CMD_DONE;
}

int
cmd_export_run(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .output = { .fd = -1, .dir = -1 } };
	const char *format = NULL;
	const struct cmd_option option[] = {
		{ "output", 'o', "FILE", "the archive to write", &r.path,
		    NULL },
		{ "format", 0, "FORMAT", "zip or tar (default: by the suffix)",
		    &format, NULL },
		{ "force", 0, NULL, "replace FILE when it exists", NULL,
		    &r.force },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &r.id, &r.n);

	if (code == CMD_DONE)
		code = check_ids(self, &r);
	if (code == CMD_DONE)
		code = choose_format(self, &r, format);
	return code == CMD_DONE
	    ? cmd_client_with(self, &common, write_or_leave, &r)
	    : code;
}
