#ifndef CMD_SERVE_ARGS_H
#define CMD_SERVE_ARGS_H

#include "base/log.h"
#include "cmd/serve_limits.h"
#include "cmd/site_file.h"
#include "http/origin.h"

/* The command line of `serve`, which the server process is given again word
 * for word, joined with what DIR/site.json says. */
struct serve_args {
	const char *dir;
	const char *unlock; /* NULL: the default (unlock.h) */
	char listen[SITE_FILE_TEXT];
	struct sp_buf cert; /* paths */
	struct sp_buf key;
	enum sp_log_level log_level;
	bool no_media;  /* nobody looks into media */
	bool idp_local; /* identity providers on this machine may be asked */
	struct http_origins origins;
	struct serve_limits limits;
};

/* CMD_DONE, or what to exit with; it has been said why. */
int cmd_serve_args_parse(
    const struct cmd *self, int argc, char **argv, struct serve_args *out);
void cmd_serve_args_done(struct serve_args *a);
#define SERVE_AUTO_ARGS SP_CLEANUP(cmd_serve_args_done) struct serve_args

#endif
