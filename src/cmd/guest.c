#include "cmd/guest.h"

#include "cmd/client.h"
#include "cmd/download.h"
#include "cmd/output.h"

#include <limits.h>
#include <string.h>

struct run {
	const struct cmd_guest *by;
	const char *grant, *item;
	const char *path; /* or NULL: the item's own name */
	bool force;
};

static void
on_progress(void *arg, uint64_t done)
{
	cmd_progress_at(arg, done);
}

static enum sp_code
download(struct site_client *site, const struct run *r, struct download *d,
    struct sp_err *err)
{
	struct cmd_progress bar;
	enum sp_code code;

	d->id = r->item;
	d->share = r->grant;
	d->way = r->by->way;
	d->progress = on_progress;
	d->progress_arg = &bar;
	cmd_progress_start(&bar, r->item, d->size);
	code = cmd_download_run(site, d, err);
	cmd_progress_end(&bar);
	return code;
}

/* What the record says to expect; `path` gets where it goes. */
static enum sp_code
read_record(const struct run *r, const json_t *record, struct download *d,
    struct sp_buf *path, struct sp_err *err)
{
	const char *filename = NULL;

	SP_TRY(client_site_json_text(record, "sha256", &d->sha256, err));
	SP_TRY(client_site_json_text(record, "filename", &filename, err));
	SP_TRY(client_site_json_number(record, "size", &d->size, err));
	if (r->path != NULL)
		sp_buf_text(path, r->path);
	else
		cmd_output_safe_name(filename, r->item, path);
	return sp_buf_check(path, "file name", err);
}

static enum sp_code
fetch(struct site_client *site, const struct run *r, const json_t *record,
    struct output *to, struct sp_err *err)
{
	struct download d = { .fd = -1 };
	SP_AUTO_BUF path = sp_buf_new(PATH_MAX);

	SP_TRY(read_record(r, record, &d, &path, err));
	SP_TRY(cmd_output_open(to, sp_buf_str(&path), r->force, err));
	d.fd = to->fd;
	SP_TRY(download(site, r, &d, err));
	SP_TRY(cmd_output_keep(to, err));
	(void)printf("%s  sha256 %s\n", r->item, d.sha256);
	return cmd_present_flush(err);
}

/* A grant that does not let in: how the request stands says which of the
 * reasons it is. */
static enum sp_code
say_state(struct client *c, const struct run *r, const struct sp_err *refused,
    struct sp_err *err)
{
	SITE_AUTO_JSON request = NULL;
	char state[64];

	if (refused->code != SP_E_DENIED || strcmp(r->by->way, "lockbox") != 0)
		return sp_fail_as(
		    err, refused->code, refused->reason, "%s", refused->text);
	SP_TRY(cmd_client_get(c, &request, err, "lockbox/%s", r->grant));
	(void)cmd_present_member(request, "state", state, sizeof(state));
	if (strcmp(state, "Approved") == 0)
		return sp_fail_as(err, SP_E_DENIED, refused->reason,
		    "the request is Approved, for whom, what and from where "
		    "'sallyport lockbox show' tells; %s",
		    refused->text);
	return sp_fail_as(err, SP_E_DENIED, refused->reason,
	    "the request is %s%s; %s", state,
	    strcmp(state, "Pending") == 0 || strcmp(state, "Initializing") == 0
		? ", not approved yet"
		: "",
	    refused->text);
}

static enum sp_code
get(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON record = NULL;
	struct output to = { .fd = -1, .dir = -1 };
	struct sp_err refused = { .code = SP_OK };
	enum sp_code code;

	if (cmd_client_get(c, &record, &refused, "%s/%s/evidence/%s",
		r->by->way, r->grant, r->item) != SP_OK)
		return say_state(c, r, &refused, err);
	code = fetch(&c->site, r, record, &to, err);
	cmd_output_done(&to);
	return code;
}

int
cmd_guest_run(
    const struct cmd *self, const struct cmd_guest *by, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .by = by };
	struct sp_err err;
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "output", 'o', "FILE",
		    "write to FILE (default: its own name)", &r.path, NULL },
		{ "force", 0, NULL, "replace FILE when it exists", NULL,
		    &r.force },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 2 || cmd_client_id(operand[0], &err) != SP_OK ||
	    cmd_client_id(operand[1], &err) != SP_OK)
		return cmd_usage(self, "%s", by->usage);
	r.grant = operand[0];
	r.item = operand[1];
	return cmd_client_with(self, &common, get, &r);
}
