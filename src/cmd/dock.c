#include "base/encode.h"
#include "base/file.h"
#include "base/parse.h"
#include "client/curl.h"
#include "client/log_memory.h"
#include "cmd/client.h"
#include "cmd/dock_site.h"
#include "cmd/notify.h"
#include "cmd/table.h"
#include "crypto/digest.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTLE_DEFAULT  2
#define RESCAN_DEFAULT  10
#define STREAMS_DEFAULT 2
#define PATIENCE        (60 * SP_SECOND)
#define RENEW_EVERY     (3600 * SP_SECOND)
#define RENEW_NAP       200000 /* microseconds */

/* One run of `dock`. */
struct run {
	const struct cmd *self;
	struct client client;
	struct client_options common;
	struct dock_options dock;
	struct dock_show show;
	struct ledger_vkey key;
	const char *journal_said;
	bool status;
	struct sp_buf dir; /* absolute */
	struct sp_buf journal;
	struct sp_buf receipts;
};

static enum sp_code
on_connect(void *arg, struct site_transport **out, struct sp_err *err)
{
	const struct run *r = arg;

	return client_curl_new(out, &r->client.settings, err);
}

static void
on_told(void *arg, const struct dock_event *e)
{
	struct run *r = arg;

	cmd_dock_show_told(&r->show, e);
}

static void
on_ready(void *arg)
{
	struct sp_err none;

	(void)arg;
	/* Who asked for it finds out by not getting it. */
	SP_IGNORE(cmd_notify_send("READY=1", &none));
}

/* ---- Where things are ---- */

/* The folder's absolute path; it need not be there yet. */
static enum sp_code
find_dir(struct run *r, const char *dir, struct sp_err *err)
{
	char *real = realpath(dir, NULL);
	char *here = NULL;

	if (real != NULL) {
		sp_buf_text(&r->dir, real);
	} else if (*dir == '/') {
		sp_buf_text(&r->dir, dir);
	} else {
		here = getcwd(NULL, 0);
		sp_buf_fmt(&r->dir, "%s/%s", here == NULL ? "." : here, dir);
	}
	free(real);
	free(here);
	while (r->dir.len > 1 && r->dir.at[r->dir.len - 1] == '/')
		sp_buf_cut(&r->dir, r->dir.len - 1);
	SP_TRY(sp_buf_check(&r->dir, "path of the folder", err));
	if (!sp_utf8_ok(sp_buf_str(&r->dir), r->dir.len))
		return sp_fail(err, SP_E_INVALID,
		    "the folder's path is not UTF-8: mount it elsewhere");
	return SP_OK;
}

/* Of site, agency and folder. */
static enum sp_code
default_journal(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF what = sp_buf_new(8192);
	uint8_t sum[CRYPTO_SHA256_LEN];
	char under[80] = "dock/";

	sp_buf_fmt(&what, "%s\n%s\n%s\n", sp_buf_str(&r->client.settings.site),
	    r->dock.agency, sp_buf_str(&r->dir));
	SP_TRY(sp_buf_check(&what, "name of the journal", err));
	crypto_sha256(sp_buf_str(&what), what.len, sum);
	sp_hex(sum, 16, under + strlen(under));
	SP_TRY(client_settings_state_dir(under, &r->journal, err));
	sp_buf_text(&r->journal, "/journal");
	return sp_buf_check(&r->journal, "path of the journal", err);
}

/* It would be evidence that changes with every piece of evidence. */
static enum sp_code
not_inside(const struct run *r, struct sp_err *err)
{
	char *real = realpath(sp_buf_str(&r->journal), NULL);
	size_t len = r->dir.len;
	const char *path = real == NULL ? sp_buf_str(&r->journal) : real;
	bool inside = strncmp(path, sp_buf_str(&r->dir), len) == 0 &&
	    (path[len] == '/' || len == 1);

	free(real);
	return inside ? sp_fail(err, SP_E_INVALID,
			    "the journal must not lie in the folder that is "
			    "docked: name another place with --journal")
		      : SP_OK;
}

static enum sp_code
find_journal(struct run *r, struct sp_err *err)
{
	if (r->journal_said == NULL)
		SP_TRY(default_journal(r, err));
	else
		sp_buf_text(&r->journal, r->journal_said);
	sp_buf_fmt(&r->receipts, "%s.receipts", sp_buf_str(&r->journal));
	SP_TRY(sp_buf_check(&r->receipts, "path of the receipts", err));
	return not_inside(r, err);
}

/* ---- Running ---- */

/* The site's side is shown while the dock goes on, not when it is soon to
 * end. */
static struct dock_site *
follow_site(struct run *r)
{
	struct site_transport *t = NULL;
	struct sp_err none;

	if (r->dock.once ||
	    client_curl_new(&t, &r->client.settings, &none) != SP_OK)
		return NULL;
	return cmd_dock_site_start(t, r->dock.agency, &r->show);
}

/* A dock runs for longer than a certificate holds. */
static void *
renew(void *arg)
{
	struct run *r = arg;
	int64_t next = sp_ticks() + RENEW_EVERY;

	while (!client_curl_interrupted()) {
		(void)usleep(RENEW_NAP);
		if (sp_ticks() < next)
			continue;
		next = sp_ticks() + RENEW_EVERY;
		cmd_client_renew(&r->client.settings, &r->client.site);
	}
	return NULL;
}

static int
dock(struct run *r)
{
	struct sp_err err = { .code = SP_OK };
	struct dock_result result = { .failed = 0 };

	r->dock.dir = sp_buf_str(&r->dir);
	r->dock.journal = sp_buf_str(&r->journal);
	r->dock.receipts = sp_buf_str(&r->receipts);
	r->dock.settings = &r->client.settings;
	r->dock.connect = on_connect;
	r->dock.interrupted = client_curl_interrupted;
	r->dock.told = on_told;
	r->dock.ready = on_ready;
	r->dock.arg = r;
	cmd_dock_show_begin(&r->show, r->common.json);
	/* The lease by which a file is seen to be quiet may be broken. */
	(void)signal(SIGIO, SIG_IGN);
	struct dock_site *site = follow_site(r);
	pthread_t renewer;
	/* Nobody else speaks by r->client.site while the dock runs. */
	bool renews = r->client.settings.device.len > 0 &&
	    pthread_create(&renewer, NULL, renew, r) == 0;
	enum sp_code code = dock_run(&r->dock, &result, &err);

	client_curl_interrupt();
	cmd_dock_site_stop(site);
	if (renews)
		(void)pthread_join(renewer, NULL);
	if (code != SP_OK)
		return cmd_client_fail(r->self, &err);
	cmd_dock_show_end(&r->show, &result);
	if (result.interrupted && !r->dock.once)
		return CMD_DONE;
	if (result.failed == 0 && !result.interrupted)
		return CMD_DONE;
	if (result.first.code == SP_OK)
		return CMD_CHECK_FAILED;
	return cmd_client_fail(r->self, &result.first);
}

static enum sp_code
nothing_yet(const struct run *r, struct sp_err *err)
{
	return sp_fail(err, SP_E_NOTFOUND,
	    "nothing was docked from there to %.40s yet", r->dock.agency);
}

static int
status(struct run *r)
{
	struct sp_err err = { .code = SP_OK };
	enum sp_code code =
	    cmd_dock_show_status(sp_buf_str(&r->journal), r->common.json, &err);

	if (code == SP_E_NOTFOUND) {
		SP_IGNORE(nothing_yet(r, &err));
		(void)cmd_fail(r->self, &err);
		return CMD_CHECK_FAILED;
	}
	return code == SP_OK ? CMD_DONE : cmd_client_fail(r->self, &err);
}

static int
open_and_dock(struct run *r, const char *dir)
{
	struct sp_err err = { .code = SP_OK };

	if (cmd_client_open(&r->client, r->self, &r->common, &err) != SP_OK)
		return cmd_client_fail(r->self, &err);
	r->dock.agency = sp_buf_str(&r->client.site.agency);
	enum sp_code code = find_dir(r, dir, &err);

	if (code == SP_OK)
		code = find_journal(r, &err);
	int exit_code = code != SP_OK ? cmd_client_fail(r->self, &err)
	    : r->status               ? status(r)
				      : dock(r);

	cmd_client_done(&r->client);
	return exit_code;
}

/* ---- Options ---- */

/* Texts of the options that are numbers. */
struct numbers {
	const char *streams;
	const char *settle;
	const char *rescan;
	const char *tries;
	const char *key;
};

static bool
number(const char *s, uint64_t min, uint64_t max, uint64_t otherwise,
    uint64_t *out)
{
	*out = otherwise;
	return s == NULL || sp_parse_u64(s, strlen(s), min, max, out);
}

static int
check_options(struct run *r, const struct numbers *n)
{
	struct sp_err err;
	uint64_t v = 0;

	if (!number(n->streams, 1, DOCK_STREAMS_MAX, STREAMS_DEFAULT, &v))
		return cmd_usage(r->self, "--streams wants a number, 1 to %d",
		    DOCK_STREAMS_MAX);
	r->dock.streams = (unsigned)v;
	if (!number(n->settle, 0, 3600, SETTLE_DEFAULT, &v))
		return cmd_usage(r->self, "--settle wants seconds, 0 to 3600");
	r->dock.settle = (int64_t)v * SP_SECOND;
	if (!number(n->rescan, 1, 3600, RESCAN_DEFAULT, &v))
		return cmd_usage(r->self, "--rescan wants seconds, 1 to 3600");
	r->dock.rescan = (int64_t)v * SP_SECOND;
	if (!number(n->tries, 1, 1000, PATIENCE_TRIES, &v))
		return cmd_usage(
		    r->self, "--retries wants a number, 1 to 1000");
	r->dock.tries = (unsigned)v;
	r->dock.patience = PATIENCE + r->dock.settle;
	if (n->key == NULL)
		return CMD_DONE;
	if (client_log_memory_option(n->key, &r->key, &err) != SP_OK)
		return cmd_usage(r->self, "--key: %s", err.text);
	r->dock.key = &r->key;
	return CMD_DONE;
}

static int
parse_and_run(struct run *r, int argc, char **argv)
{
	struct numbers n = { .key = NULL };
	char **dir;
	size_t dirs;
	const struct cmd_option option[] = {
		{ "clear", 0, NULL, "remove originals once they are proven",
		    NULL, &r->dock.clear },
		{ "once", 0, NULL, "end when all there is is proven", NULL,
		    &r->dock.once },
		{ "status", 0, NULL, "print what the journal knows, and end",
		    NULL, &r->status },
		{ "device", 0, "NAME", "the device that captured it",
		    &r->dock.describe.device, NULL },
		{ "category", 0, "NAME", "category, which drives retention",
		    &r->dock.describe.category, NULL },
		{ "title", 0, "TEXT", "what it shows, for people",
		    &r->dock.describe.title, NULL },
		{ "streams", 0, "N", "files sent at a time (default 2)",
		    &n.streams, NULL },
		{ "settle", 0, "SECONDS",
		    "without a change, a file is quiet (default 2)", &n.settle,
		    NULL },
		{ "rescan", 0, "SECONDS", "between looks (default 10)",
		    &n.rescan, NULL },
		{ "retries", 0, "N", "tries without progress (default 10)",
		    &n.tries, NULL },
		{ "journal", 0, "FILE", "where to write what was done",
		    &r->journal_said, NULL },
		{ "key", 0, "KEY", "the log's key, or a file that holds it",
		    &n.key, NULL },
		CLIENT_OPTIONS(r->common),
	};
	int code = cmd_parse(
	    r->self, option, SP_COUNTOF(option), argc, argv, &dir, &dirs);

	if (code == CMD_DONE && dirs != 1)
		code = cmd_usage(r->self, "one folder is wanted");
	if (code == CMD_DONE)
		code = check_options(r, &n);
	return code == CMD_DONE ? open_and_dock(r, dir[0]) : code;
}

static int
no_memory(const struct cmd *self)
{
	struct sp_err err;

	(void)sp_fail(&err, SP_E_NOMEM, "no memory for a dock");
	return cmd_fail(self, &err);
}

int
cmd_dock_run(const struct cmd *self, int argc, char **argv)
{
	struct run *r = calloc(1, sizeof(*r)); /* large for a stack */

	if (r == NULL)
		return no_memory(self);
	r->self = self;
	r->common.device = true;
	r->dir = sp_buf_new(DOCK_NAME_MAX - 1);
	r->journal = sp_buf_new(DOCK_NAME_MAX);
	r->receipts = sp_buf_new(DOCK_NAME_MAX + 16);
	int code = parse_and_run(r, argc, argv);

	sp_buf_free(&r->dir);
	sp_buf_free(&r->journal);
	sp_buf_free(&r->receipts);
	free(r);
	return code;
}
