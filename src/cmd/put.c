#include "base/clock.h"
#include "base/file.h"
#include "base/parse.h"
#include "client/curl.h"
#include "client/put_file.h"
#include "cmd/client.h"
#include "cmd/table.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* One run of `put`. */
struct run {
	struct client client;
	struct log_memory log;
	struct put_options options;
	const char *receipts; /* folder, or NULL */
	bool json;
	struct cmd_progress bar;
	const char *bar_what;
	char label[120];
	const char *path; /* of the file under way */
};

/* "512", "64k", "8M", "1G": powers of 1024. */
static bool
parse_size(const char *s, uint64_t *out)
{
	static const char unit[] = "kMG";
	size_t len = strlen(s);
	unsigned shift = 0;
	const char *u = len == 0 ? NULL : strchr(unit, s[len - 1]);

	if (u != NULL) {
		shift = 10 * (unsigned)(u - unit + 1);
		len--;
	}
	if (!sp_parse_u64(s, len, 1, (uint64_t)INT64_MAX >> shift, out))
		return false;
	*out <<= shift;
	return true;
}

static void
on_progress(void *arg, const char *what, uint64_t done, uint64_t of)
{
	struct run *r = arg;
	char name[80];

	if (r->bar_what != what) {
		cmd_progress_end(&r->bar);
		(void)cmd_present_clean(r->path, name, sizeof(name));
		(void)snprintf(r->label, sizeof(r->label), "%s %s", what, name);
		cmd_progress_start(&r->bar, r->label, of);
		r->bar_what = what;
	}
	cmd_progress_at(&r->bar, done);
}

static enum sp_code
say_json(const struct run *r, const struct put_done *d, struct sp_err *err)
{
	SITE_AUTO_JSON j = json_pack("{s:s, s:s, s:s, s:I, s:o, s:I}", "file",
	    r->path, "id", d->result.evidence, "sha256", d->sha256, "size",
	    (json_int_t)d->size, "receipt", client_receipt_json(&d->receipt),
	    "resumed_at", (json_int_t)d->result.resumed);

	if (j == NULL) /* a path that is not UTF-8 */
		return sp_fail(err, SP_E_INVALID,
		    "stored as %s, but its name cannot be written as JSON",
		    d->result.evidence);
	return cmd_present_json(j, err);
}

static enum sp_code
say_text(const struct run *r, const struct put_done *d, struct sp_err *err)
{
	char name[PRESENT_CELL_MAX];
	char size[PRESENT_SIZE];

	(void)cmd_present_clean(r->path, name, sizeof(name));
	cmd_present_size(d->size, size);
	(void)printf("%s  %s  %s  sha256 %s  receipt checked (entry %" PRIu64
		     ")\n",
	    d->result.evidence, name, size, d->sha256, d->receipt.index);
	return cmd_present_flush(err);
}

static enum sp_code
save(const char *folder, const char *id, const char *suffix,
    const struct sp_buf *bytes, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(4096);

	sp_buf_fmt(&path, "%s/%s%s", folder, id, suffix);
	SP_TRY(sp_buf_check(&path, "path of the receipt", err));
	return sp_file_replace(
	    AT_FDCWD, sp_buf_str(&path), bytes->at, bytes->len, 0644, err);
}

static enum sp_code
save_receipt(const struct run *r, const struct put_done *d, struct sp_err *err)
{
	const char *id = d->result.evidence;

	if (r->receipts == NULL)
		return SP_OK;
	SP_TRY(save(r->receipts, id, ".tlog-proof", &d->receipt.proof, err));
	return save(r->receipts, id, ".json", &d->receipt.entry, err);
}

/* One file; its exit code. */
static int
put_one(struct run *r, const char *path)
{
	struct sp_err err = { .code = SP_OK };
	struct put_done d;
	enum sp_code code;

	r->path = path;
	r->bar_what = NULL;
	code = client_put_file(&r->options, path, &d, &err);
	cmd_progress_end(&r->bar);
	if (code == SP_OK) {
		code = save_receipt(r, &d, &err);
		if (code == SP_OK)
			code = r->json ? say_json(r, &d, &err)
				       : say_text(r, &d, &err);
		client_put_done_free(&d);
	}
	if (code == SP_OK)
		return CMD_DONE;
	char name[80];

	(void)cmd_present_clean(path, name, sizeof(name));
	(void)fprintf(stderr, "sallyport %s: %s: %s\n", r->client.self->name,
	    name, err.text);
	if (err.reason == client_site_unreachable ||
	    err.reason == client_site_interrupted)
		(void)fputs("the same command goes on where this one was cut\n",
		    stderr);
	return cmd_client_exit(&err);
}

/* All files; the first failure's code.  When the site cannot be reached, the
 * other files are not tried. */
static int
put_all(struct run *r, char **path, size_t n)
{
	int first = CMD_DONE;

	for (size_t i = 0; i < n; i++) {
		int code = put_one(r, path[i]);

		if (first == CMD_DONE)
			first = code;
		if (code == CMD_UNREACHABLE || client_curl_interrupted())
			break;
	}
	return first;
}

static int
open_and_put(struct run *r, const struct client_options *common,
    const struct cmd *self, char **path, size_t n)
{
	struct sp_err err = { .code = SP_OK };
	unsigned tries = r->client.site.tries;
	int code;

	if (cmd_client_open(&r->client, self, common, &err) != SP_OK)
		return cmd_client_fail(self, &err);
	r->client.site.tries = tries;
	if (client_log_memory_open(&r->log, &r->client.settings,
		sp_buf_str(&r->client.site.agency), &err) != SP_OK) {
		cmd_client_done(&r->client);
		return cmd_client_fail(self, &err);
	}
	r->options.client = &r->client.site;
	r->options.settings = &r->client.settings;
	r->options.log = &r->log;
	r->options.progress = on_progress;
	r->options.progress_arg = r;
	r->options.interrupted = client_curl_interrupted;
	client_upload_memory_tidy();
	code = put_all(r, path, n);
	client_log_memory_tell(&r->log);
	client_log_memory_done(&r->log);
	cmd_client_done(&r->client);
	return code;
}

/* What can be seen to be wrong before anything is sent. */
static int
check_options(
    const struct cmd *self, struct run *r, const char *chunk, const char *tries)
{
	const char *at = r->options.captured_at;
	uint64_t n = PATIENCE_TRIES;
	sp_time when;

	if (chunk != NULL && !parse_size(chunk, &r->options.chunk))
		return cmd_usage(
		    self, "--chunk wants a size such as 512k, 8M or 1G");
	if (tries != NULL && !sp_parse_u64(tries, strlen(tries), 1, 1000, &n))
		return cmd_usage(self, "--retries wants a number, 1 to 1000");
	if (at != NULL && !sp_time_parse(at, strlen(at), &when))
		return cmd_usage(self,
		    "--captured-at wants RFC 3339, such as "
		    "2026-03-01T22:15:00-05:00");
	if (r->receipts != NULL && access(r->receipts, W_OK | X_OK) != 0)
		return cmd_usage(self, "--receipt wants a folder to write to");
	r->client.site.tries = (unsigned)n;
	return CMD_DONE;
}

int
cmd_put_run(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { .device = true };
	struct run r = { .json = false };
	const char *chunk = NULL;
	const char *tries = NULL;
	char **path;
	size_t n;
	const struct cmd_option option[] = {
		{ "title", 0, "TEXT", "what it shows, for people",
		    &r.options.title, NULL },
		{ "category", 0, "NAME", "category, which drives retention",
		    &r.options.category, NULL },
		{ "device", 0, "NAME", "the device that captured it",
		    &r.options.device, NULL },
		{ "captured-at", 0, "TIME", "when, by the device's clock",
		    &r.options.captured_at, NULL },
		{ "type", 0, "TYPE", "media type (default: by the name)",
		    &r.options.type, NULL },
		{ "chunk", 0, "SIZE", "most bytes in one request", &chunk,
		    NULL },
		{ "retries", 0, "N", "tries without progress (default 10)",
		    &tries, NULL },
		{ "receipt", 0, "DIR", "save each receipt and its entry there",
		    &r.receipts, NULL },
		CLIENT_OPTIONS(common),
	};
	int code =
	    cmd_parse(self, option, SP_COUNTOF(option), argc, argv, &path, &n);

	if (code == CMD_DONE && n == 0)
		code = cmd_usage(self, "no file is named");
	if (code == CMD_DONE)
		code = check_options(self, &r, chunk, tries);
	if (code != CMD_DONE)
		return code;
	r.json = common.json;
	return open_and_put(&r, &common, self, path, n);
}
