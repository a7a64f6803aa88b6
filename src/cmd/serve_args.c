#include "cmd/serve_args.h"

#include "cmd/unlock.h"

#include <string.h>

#define PATH_TEXT   4096
#define OWN_OPTIONS 8

/* What the words said, before they are checked. */
struct words {
	const char *listen;
	const char *unlock;
	const char *cert;
	const char *key;
	const char *log_level;
	const char *origin;
	bool no_media;
	bool idp_local;
	const char *limit[LIMITS_ROWS];
};

static enum sp_code
path_in(
    const char *dir, const char *path, struct sp_buf *out, struct sp_err *err)
{
	*out = sp_buf_new(PATH_TEXT);
	if (path[0] == '/')
		sp_buf_text(out, path);
	else
		sp_buf_fmt(out, "%s/%s", dir, path);
	return sp_buf_check(out, "a path", err);
}

/* A path on the command line is as the shell sees it, one in site.json is
 * relative to the site. */
static enum sp_code
paths(struct serve_args *out, const struct words *w, const struct site_file *f,
    struct sp_err *err)
{
	SP_TRY(path_in(w->cert == NULL ? out->dir : ".",
	    w->cert == NULL ? f->cert : w->cert, &out->cert, err));
	return path_in(w->key == NULL ? out->dir : ".",
	    w->key == NULL ? f->key : w->key, &out->key, err);
}

/* What --origin says; and the public name, where it is a name. */
static enum sp_code
origins(struct http_origins *out, const char *said, const char *public_name,
    struct sp_err *err)
{
	struct http_origin own;

	*out = (struct http_origins){ .n = 0 };
	if (http_origin_parse(public_name, &own))
		out->told[out->n++] = own;
	while (said != NULL) {
		char one[HTTP_ORIGIN_TEXT];
		size_t len = strcspn(said, ",");

		(void)snprintf(one, sizeof(one), "%.*s",
		    len < sizeof(one) ? (int)len : 0, said);
		if (http_origins_add(out, one, err) != SP_OK)
			return sp_fail(err, SP_E_INVALID,
			    "--origin is https://NAME or https://NAME:PORT, at "
			    "most %d, with commas between",
			    HTTP_ORIGINS_MAX - 1);
		said = said[len] == '\0' ? NULL : said + len + 1;
	}
	return SP_OK;
}

static enum sp_code
join(struct serve_args *out, const struct words *w, struct sp_err *err)
{
	struct site_file f = { .cert = "" };
	struct edge_listen listen;

	SP_TRY(cmd_serve_limits_parse(w->limit, &out->limits, err));
	out->log_level = SP_LOG_INFO;
	if (w->log_level != NULL &&
	    !sp_log_level_parse(w->log_level, &out->log_level))
		return sp_fail(err, SP_E_INVALID,
		    "--log-level is debug, info, warn or error");
	SP_TRY(cmd_site_file_read(out->dir, &f, err));
	SP_TRY(cmd_site_file_text(out->listen,
	    w->listen == NULL ? f.listen : w->listen, "--listen", err));
	SP_TRY(edge_listen_parse(out->listen, &listen, err));
	SP_TRY(origins(&out->origins, w->origin, f.public_name, err));
	return paths(out, w, &f, err);
}

int
cmd_serve_args_parse(
    const struct cmd *self, int argc, char **argv, struct serve_args *out)
{
	struct words w = { .listen = NULL };
	struct cmd_option option[OWN_OPTIONS + LIMITS_ROWS] = {
		{ "listen", 0, "ADDRESS:PORT", "as init was told", &w.listen,
		    NULL },
		{ "unlock", 0, "SOURCE", UNLOCK_HELP, &w.unlock, NULL },
		{ "cert", 0, "FILE", "certificate chain (PEM)", &w.cert, NULL },
		{ "key", 0, "FILE", "its private key (PEM)", &w.key, NULL },
		{ "log-level", 0, "LEVEL", "debug, info, warn or error",
		    &w.log_level, NULL },
		{ "origin", 0, "URL[,URL...]", "what browsers call this site",
		    &w.origin, NULL },
		{ "no-media", 0, NULL, "do not look into media", NULL,
		    &w.no_media },
		{ "idp-on-loopback", 0, NULL,
		    "sign-in may be at a provider on this machine, over http",
		    NULL, &w.idp_local },
	};
	struct serve_args a = { .dir = NULL };
	struct sp_err err = { .code = SP_OK };
	char **operand;
	size_t n;
	int code;

	cmd_serve_limits_options(option + OWN_OPTIONS, w.limit);
	code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);
	if (code != CMD_DONE)
		return code;
	if (n != 1)
		return cmd_usage(self, "one DIR is to be served");
	if ((w.cert == NULL) != (w.key == NULL))
		return cmd_usage(self, "--cert and --key go together");
	if (cmd_unlock_check(w.unlock, &err) != SP_OK)
		return cmd_usage(self, "%s", err.text);
	a.dir = operand[0];
	a.unlock = w.unlock;
	a.no_media = w.no_media;
	a.idp_local = w.idp_local;
	if (join(&a, &w, &err) != SP_OK) {
		cmd_serve_args_done(&a);
		return err.code == SP_E_INVALID
		    ? cmd_usage(self, "%s", err.text)
		    : cmd_fail(self, &err);
	}
	*out = a;
	return CMD_DONE;
}

void
cmd_serve_args_done(struct serve_args *a)
{
	sp_buf_free(&a->cert);
	sp_buf_free(&a->key);
}
