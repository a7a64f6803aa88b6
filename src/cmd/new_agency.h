#ifndef CMD_NEW_AGENCY_H
#define CMD_NEW_AGENCY_H

#include "cmd/cmd.h"
#include "crypto/secret.h"
#include "gate/token.h"
#include "people/agency.h"

/* An agency as `init` and `agency add` make it. */
struct new_agency {
	const char *slug;
	const char *name;
	const char *state;
	const char *ori;
	const char *geography;
	bool json;
	bool provider; /* an option of `agency add` alone */
};

/* Their options: --agency, --name, --state, --ori, --geography, --json. */
enum { NEW_AGENCY_OPTIONS = 6 };
void cmd_new_agency_options(
    struct new_agency *n, struct cmd_option out[static NEW_AGENCY_OPTIONS]);

/* SP_E_INVALID names what is missing or malformed. */
enum sp_code cmd_new_agency_check(const struct new_agency *n,
    struct people_agency *out, struct sp_err *err) SP_MUST_USE;

/* Make it in the site, with a keeper started for it; `host` is the site's
 * public name.  The unlock secret is SP_E_DENIED when it is wrong. */
enum sp_code cmd_new_agency_make(const char *dir, struct crypto_secret *unlock,
    const char *host, struct people_agency *a,
    char token[static GATE_TOKEN_TEXT], struct sp_err *err) SP_MUST_USE;

/* What its first administrator needs, as {"agency","ca","site","token"} or as
 * lines for a shell.  `dir` is the site's. */
enum sp_code cmd_new_agency_print(const struct new_agency *n, const char *dir,
    const char *host, const char *token, struct sp_err *err) SP_MUST_USE;

#endif
