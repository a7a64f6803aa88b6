#ifndef CLIENT_SETTINGS_H
#define CLIENT_SETTINGS_H

#include "base/buf.h"
#include "crypto/secret.h"

/*
 * Where a client subcommand finds its site, and as whom it speaks.  For each
 * of site, CA and agency the first of these that says something:
 *
 *   --site URL       SALLYPORT_SITE     ~/.config/sallyport/site
 *   --ca FILE        SALLYPORT_CA       ~/.config/sallyport/ca.pem
 *   --agency SLUG    SALLYPORT_AGENCY   ~/.config/sallyport/agency
 *                    SALLYPORT_TOKEN    ~/.config/sallyport/device.pem
 *                                       ~/.config/sallyport/token
 *
 * The token has no option: arguments are seen by every user of a machine.
 * device.pem is key and certificate of an enrolled device (`sallyport device
 * enrol` writes it): `put` and `dock` speak with it rather than with the file
 * `token`, everything else where there is no such file.
 * $XDG_CONFIG_HOME stands for ~/.config where it is set.  A token file or
 * device.pem that others may read is refused.
 */
#define SETTINGS_TOKEN_MAX 128

struct settings {
	struct sp_buf site;          /* "https://host:port", no slash at end */
	struct sp_buf ca;            /* a path; "": the system's CAs */
	struct sp_buf agency;        /* a slug; "": not said */
	struct crypto_secret *token; /* text with its NUL; NULL: none */
	struct sp_buf device;        /* path of device.pem; "": none */
};

/* What the command line said; NULL where it said nothing. */
struct settings_options {
	const char *site;
	const char *ca;
	const char *agency;
	bool device; /* speak as a device where there is a device.pem, rather
		      * than with the file `token` */
};

/* SP_E_INVALID when a value is malformed or no site is said anywhere.  *out
 * is the caller's, to be ended with client_settings_done. */
enum sp_code client_settings_load(struct settings *out,
    const struct settings_options *o, struct sp_err *err) SP_MUST_USE;
void client_settings_done(struct settings *s);
/* Another token (or a session's text) in place of what was loaded. */
enum sp_code client_settings_speak_as(
    struct settings *s, const char *text, struct sp_err *err) SP_MUST_USE;
/* Keep this text in the token's file, for its owner alone; NULL: forget what is
 * kept there. */
enum sp_code client_settings_keep(
    const char *text, struct sp_err *err) SP_MUST_USE;
/* The token's text, or NULL. */
const char *client_settings_token(const struct settings *s);

/* "https://host[:port]" from what a person writes: the scheme may be left
 * out, one slash may follow.  Anything but https, a user name, a path or a
 * query is SP_E_INVALID. */
enum sp_code client_settings_site_parse(
    const char *s, struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

/* A file of the configuration folder, which is made when missing. */
enum sp_code client_settings_config_path(
    const char *name, struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

/* The folder in which the client remembers things between runs, made when
 * missing: `under` $XDG_STATE_HOME/sallyport or ~/.local/state/sallyport. */
enum sp_code client_settings_state_dir(
    const char *under, struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

#define SETTINGS_AUTO SP_CLEANUP(client_settings_done) struct settings

#endif
