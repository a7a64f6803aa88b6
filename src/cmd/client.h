#ifndef CMD_CLIENT_H
#define CMD_CLIENT_H

#include "client/settings.h"
#include "client/site.h"
#include "cmd/cmd.h"
#include "cmd/present.h"

/*
 * What every client subcommand begins and ends with: the options they share,
 * a connection as a known agency, and exit codes.
 */
struct client {
	const struct cmd *self;
	bool json; /* wanted in place of text */
	struct settings settings;
	struct site_client site;
};

/* Values of the shared options, and their rows:
 *
 *	struct client_options common = { 0 };
 *	const struct cmd_option option[] = {
 *		{ "chunk", 0, "SIZE", "...", &chunk, NULL },
 *		CLIENT_OPTIONS(common),
 *	};
 */
struct client_options {
	const char *site;
	const char *ca;
	const char *agency;
	bool json;
	bool device; /* settings_options; no option of its own */
};
#define CLIENT_OPTIONS(o)                                                      \
	{ "agency", 0, "SLUG", "agency (SALLYPORT_AGENCY)", &(o).agency,       \
		NULL },                                                        \
	    { "site", 0, "URL", "the site (SALLYPORT_SITE)", &(o).site,        \
		    NULL },                                                    \
	    { "ca", 0, "FILE", "CA certificates to trust (SALLYPORT_CA)",      \
		    &(o).ca, NULL },                                           \
	{                                                                      \
		"json", 0, NULL, "print JSON, one object a line", NULL,        \
		    &(o).json                                                  \
	}

/* Settings, connection, agency: asked of the site by the token when it is
 * said nowhere.  Nothing to end on failure. */
enum sp_code cmd_client_open(struct client *out, const struct cmd *self,
    const struct client_options *o, struct sp_err *err) SP_MUST_USE;
void cmd_client_done(struct client *c);
/* Renew the device's certificate when it is time, and say so when that fails;
 * for a program that runs for long.  cmd_client_open does it once. */
void cmd_client_renew(const struct settings *s, struct site_client *site);
/* Speak with this text from now on: a token's, a session's. */
enum sp_code cmd_client_as(
    struct client *c, const char *text, struct sp_err *err) SP_MUST_USE;

/* Say what failed and give its exit code: 2 for settings that are missing or
 * malformed, 3 when the site said no, 4 when no usable answer came, else 1. */
int cmd_client_fail(const struct cmd *self, const struct sp_err *err);
/* The exit code of `err` alone. */
int cmd_client_exit(const struct sp_err *err);

/* What a subcommand does once it is connected. */
typedef enum sp_code (*cmd_client_act)(
    struct client *c, void *arg, struct sp_err *err);
/* cmd_client_open, act, cmd_client_done, exit code. */
int cmd_client_with(const struct cmd *self, const struct client_options *common,
    cmd_client_act act, void *arg);
/* The whole of a subcommand that has the shared options and no operands; `arg`
 * of the act is NULL. */
int cmd_client_run(
    const struct cmd *self, int argc, char **argv, cmd_client_act act);
/* The same of one with an id as its only operand, which is the act's `arg`. */
int cmd_client_run_id(const struct cmd *self, const char *wanted, int argc,
    char **argv, cmd_client_act act);

/* An id from the command line; SP_E_INVALID names it. */
enum sp_code cmd_client_id(const char *s, struct sp_err *err) SP_MUST_USE;
/* Is there one operand, an id?  Else a usage error that says `wanted`, or what
 * is wrong when that is NULL. */
int cmd_client_one_id(
    const struct cmd *self, const char *wanted, char *const *operand, size_t n);
/* cmd_parse for a subcommand that takes exactly one of them: *id is in argv's
 * storage. */
int cmd_client_parse_id(const struct cmd *self, const struct cmd_option *option,
    size_t options, int argc, char **argv, const char **id);

/* GET a JSON object from the agency; `fmt` is of the path below it. */
enum sp_code cmd_client_get(struct client *c, json_t **out, struct sp_err *err,
    const char *fmt, ...) SP_MUST_USE SP_PRINTF(4, 5);
/* Send one (or NULL) there, and get one, or NULL. */
enum sp_code cmd_client_send(struct client *c, const char *method,
    const json_t *body, json_t **out, struct sp_err *err, const char *fmt,
    ...) SP_MUST_USE SP_PRINTF(6, 7);
/* One exchange, tried again while the site answers that it cannot just now;
 * good only when it answers 200. */
enum sp_code cmd_client_insist(struct client *c, const struct site_request *rq,
    struct site_answer *an, struct sp_err *err) SP_MUST_USE;
/* What was done, and to what: "ID revoked", or {"id":"ID","revoked":true}. */
enum sp_code cmd_client_say_done(const struct client *c, const char *key,
    const char *what, const char *done, struct sp_err *err) SP_MUST_USE;

#endif
