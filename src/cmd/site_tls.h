#ifndef CMD_SITE_TLS_H
#define CMD_SITE_TLS_H

#include "cmd/site_file.h"

/*
 * The certificate of a new site: one of its own making for first use, or one
 * that there is already.
 *
 *   ca.pem          what clients trust
 *   tls/ca.key      the key of a CA of the site's own making
 *   tls/server.pem  certificate of the server (397 days)
 *   tls/server.key  its key
 */
struct site_tls {
	const char *cert; /* of the site's owner, or NULL: made */
	const char *key;
	const char *ca; /* what clients trust, or NULL: `cert` itself */
};

/* Writes the files into `dir` and cert and key into *f.  The made certificate
 * holds for localhost, 127.0.0.1, ::1, the listen address and the public
 * name. */
enum sp_code cmd_site_tls_make(const char *dir, const struct site_tls *t,
    struct site_file *f, struct sp_err *err) SP_MUST_USE;

#endif
